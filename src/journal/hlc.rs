//! The hybrid logical clock: an order of records across sessions that never falls within a file.
//! Reads no clock itself; own UTC comes in with each call.

pub use crate::core::record::Hlc;
use crate::core::time::Utc;

/// Records further ahead of own UTC than this are read and marked, never adopted. Milliseconds (product.md section 9).
pub const ADOPT_WITHIN: i64 = 60_000;

/// This session's clock.
#[derive(Clone, Copy, Debug, Default)]
pub struct HlcClock {
    last: Option<Hlc>,
}

impl HlcClock {
    /// The hlc of a record appended now: ms = max(own UTC, last), counter + 1 when the ms is the same.
    pub fn tick(&mut self, now: Utc) -> Hlc {
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

    /// A record of another session was read. Returns false when it lies too far ahead to be adopted.
    pub fn saw(&mut self, read: Hlc, now: Utc) -> bool {
        let near = read.0 <= now.0.saturating_add(ADOPT_WITHIN);
        if near {
            self.last = Some(self.last.map_or(read, |last| last.max(read)));
        }
        near
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
        assert!(c.saw(Hlc(60_100, 7), Utc(100)));
        assert_eq!(c.tick(Utc(100)), Hlc(60_100, 8));
        assert!(!c.saw(Hlc(60_102, 0), Utc(101)));
        assert_eq!(c.tick(Utc(101)), Hlc(60_100, 9));
    }
}
