//! The hybrid logical clock: an order of records across sessions that never falls within a file.
//! Reads no clock itself; own UTC comes in with each call.

pub use crate::core::record::Hlc;
use crate::core::time::Utc;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Records further ahead of own UTC than this are read and marked, never adopted. Milliseconds (product.md section 9).
pub const ADOPT_WITHIN: i64 = 60_000;

/// The latest hlc that was read from others, as the thread that reads tells the one that writes; nobody is woken by it.
#[derive(Clone, Debug, Default)]
pub struct Heard(Arc<Mutex<Option<Hlc>>>);

impl Heard {
    /// A record of another session was read. Returns false when it lies too far ahead to be adopted.
    pub fn saw(&self, read: Hlc, now: Utc) -> bool {
        let near = read.0 <= now.0.saturating_add(ADOPT_WITHIN);
        if near {
            let mut latest = self.lock();
            *latest = Some(latest.map_or(read, |l| l.max(read)));
        }
        near
    }

    fn lock(&self) -> MutexGuard<'_, Option<Hlc>> {
        // A number is whole whoever panicked.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// This session's clock.
#[derive(Clone, Debug, Default)]
pub struct HlcClock {
    last: Option<Hlc>,
    heard: Heard,
}

impl HlcClock {
    /// Where others' clocks are told.
    pub fn heard(&self) -> Heard {
        self.heard.clone()
    }

    /// The hlc of a record appended now: ms = max(own UTC, last, heard), counter + 1 when the ms is the same.
    pub fn tick(&mut self, now: Utc) -> Hlc {
        let heard = self.heard.lock().take();
        if heard > self.last {
            self.last = heard;
        }
        let next = match self.last {
            Some(last) if now.0 <= last.0 => match last.1.checked_add(1) {
                Some(counter) => Hlc(last.0, counter),
                // A counter that is full borrows the next millisecond, so that the order holds.
                None => Hlc(last.0.saturating_add(1), 0),
            },
            _ => Hlc(now.0, 0),
        };
        self.last = Some(next);
        next
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_rises_when_the_clock_stands_falls_or_its_counter_is_full() {
        let mut c = HlcClock::default();
        assert_eq!(c.tick(Utc(100)), Hlc(100, 0));
        assert_eq!(c.tick(Utc(100)), Hlc(100, 1));
        assert_eq!(c.tick(Utc(40)), Hlc(100, 2));
        assert_eq!(c.tick(Utc(101)), Hlc(101, 0));
        c.last = Some(Hlc(101, u32::MAX));
        assert_eq!(c.tick(Utc(101)), Hlc(102, 0));
    }

    #[test]
    fn a_record_at_most_a_minute_ahead_is_adopted() {
        let mut c = HlcClock::default();
        assert!(c.heard().saw(Hlc(60_100, 7), Utc(100)));
        assert_eq!(c.tick(Utc(100)), Hlc(60_100, 8));
        assert!(!c.heard().saw(Hlc(60_102, 0), Utc(101)));
        assert_eq!(c.tick(Utc(101)), Hlc(60_100, 9));
    }
}
