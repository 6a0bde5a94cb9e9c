//! How long to wait before trying a source again: doubling from 1 to 60 s, jittered, Retry-After honoured.
//! Deterministic from its seed; it must not know a clock.

use std::time::Duration;

const FIRST_MS: u64 = 1_000;
const LAST_MS: u64 = 60_000;
/// A server that asks for more than this is asking for nonsense; a person can retry by hand.
const RETRY_AFTER_CAP_MS: u64 = 3_600_000;

/// One per source. Different seeds keep many consoles from returning to a server in the same second.
#[derive(Clone, Debug)]
pub struct Backoff {
    failures: u32,
    state: u64,
}

impl Backoff {
    pub fn new(seed: u64) -> Backoff {
        Backoff { failures: 0, state: seed }
    }

    /// The wait after one more failure: between 1 and 60 s, in the upper half of the doubled step, and never less
    /// than what the server asked for.
    pub fn next(&mut self, retry_after_ms: Option<u64>) -> Duration {
        let step = FIRST_MS.saturating_mul(1 << self.failures.min(16)).min(LAST_MS);
        self.failures = self.failures.saturating_add(1);
        let jittered = (step / 2 + self.random() % (step / 2 + 1)).max(FIRST_MS);
        let asked = retry_after_ms.unwrap_or(0).min(RETRY_AFTER_CAP_MS);
        Duration::from_millis(jittered.max(asked))
    }

    /// After a success the next failure starts at one second again.
    pub fn reset(&mut self) {
        self.failures = 0;
    }

    /// SplitMix64 (Steele, Lea, Flood 2014): spreads consecutive seeds well, needs no crate.
    fn random(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.state;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_from_one_to_sixty_seconds_and_start_again_after_a_success() {
        for seed in 0..50 {
            let mut b = Backoff::new(seed);
            let waits: Vec<u64> = (0..12).map(|_| b.next(None).as_millis() as u64).collect();
            assert!(waits.iter().all(|w| (1_000..=60_000).contains(w)), "{waits:?}");
            assert!(waits[11] >= 30_000, "{waits:?}");
            b.reset();
            assert_eq!(b.next(None).as_millis(), 1_000);
        }
    }

    #[test]
    fn the_same_seed_waits_the_same_and_another_seed_differs() {
        let run = |seed| {
            let mut b = Backoff::new(seed);
            (0..8).map(|_| b.next(None)).collect::<Vec<_>>()
        };
        assert_eq!(run(7), run(7));
        assert_ne!(run(7), run(8));
    }

    #[test]
    fn retry_after_is_a_floor_within_reason() {
        let mut b = Backoff::new(1);
        assert!(b.next(Some(20_000)).as_millis() >= 20_000);
        assert!(b.next(Some(u64::MAX)).as_millis() <= 3_600_000);
    }
}
