//! Twelve faults in a random order over many acts: 100, or 1,000 under `ANDON_LONG=1`.

use super::cuts::{ACTS, Scene, long};
use super::door::Break;
use std::collections::BTreeMap;

/// A generator of its own, so that a failure comes again.
struct Dice(u64);

impl Dice {
    fn below(&mut self, n: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % n
    }
}

fn fault(n: usize, dice: &mut Dice) -> (&'static str, Break) {
    match n {
        0 => ("cut before", Break::Request(0)),
        1 => ("cut during", Break::Request(1 + dice.below(500))),
        2 => ("cut after", Break::Answer(dice.below(2_000))),
        3 => ("no answer", Break::Silence),
        4 => ("reset", Break::Reset),
        5 => ("half a body", Break::HalfBody),
        6 => ("409", Break::Status(409, false)),
        7 => ("422", Break::Status(422, false)),
        8 => ("500", Break::Status(500, dice.below(2) == 0)),
        9 => ("slow", Break::Slow),
        10 => ("wrong certificate", Break::WrongCertificate),
        _ => ("connection refused", Break::Refused),
    }
}

#[tokio::test]
async fn whatever_breaks_the_record_is_the_truth_and_nothing_is_done_twice() {
    let scene = Scene::new().await;
    let mut dice = Dice(20_261_121);
    let mut seen: BTreeMap<&str, (usize, usize)> = BTreeMap::new();
    let acts = if long() { 1_000 } else { 60 };
    for n in 0..acts {
        // Each at least five times, in no order that an act could lean on.
        let which = if n < 60 { (n * 7) % 12 } else { dice.below(12) };
        let (name, how) = fault(which, &mut dice);
        let keys = ACTS[dice.below(ACTS.len())];
        let played = scene.play(keys, Some(how)).await;
        played.is_true(&format!("act {n}, {keys}, {name} {how:?}"));
        let of = seen.entry(name).or_default();
        of.0 += 1;
        of.1 += played.done;
    }
    assert_eq!(seen.len(), 12, "{seen:?}");
    // What a fault does to the request, not to the answer, is known for certain.
    for never in ["cut before", "cut during", "reset", "409", "422", "wrong certificate", "connection refused"] {
        assert_eq!(seen[never].1, 0, "{never}: {seen:?}");
    }
    for always in ["cut after", "no answer", "half a body", "slow"] {
        assert_eq!(seen[always].0, seen[always].1, "{always}: {seen:?}");
    }
}
