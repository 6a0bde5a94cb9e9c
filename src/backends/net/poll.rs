//! The grid a poll keeps to: every so many seconds of UTC, shifted. A round that runs long skips grid points
//! instead of overlapping itself. It must not know what is polled.

use crate::backends::UtcClock;
use crate::core::time::Utc;
use std::time::Duration;

/// Points at `k * every_ms + offset_ms` of UTC, so that consoles ask the same questions and servers can cache.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Grid {
    pub every_ms: i64,
    pub offset_ms: i64,
}

impl Grid {
    /// The last point at or before `now`.
    pub fn at_or_before(self, now: Utc) -> Utc {
        let every = self.every_ms.max(1);
        let shifted = now.0.saturating_sub(self.offset_ms);
        Utc(shifted.div_euclid(every).saturating_mul(every).saturating_add(self.offset_ms))
    }

    /// The first point after `now`.
    pub fn after(self, now: Utc) -> Utc {
        Utc(self.at_or_before(now).0.saturating_add(self.every_ms.max(1)))
    }

    /// Waits for the next point after now. A clock that is set back or forward while we sleep costs at most one
    /// interval: the sleep is never longer than that.
    pub async fn next(self, clock: &UtcClock, skew_ms: i64) {
        let now = Utc(clock().0.saturating_add(skew_ms));
        let wait = self.after(now).since(now).clamp(1, self.every_ms.max(1));
        tokio::time::sleep(Duration::from_millis(wait.unsigned_abs())).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_grid_is_the_same_for_every_console_and_never_stands_still() {
        let g = Grid { every_ms: 15_000, offset_ms: 5_000 };
        assert_eq!(g.at_or_before(Utc(20_000)), Utc(20_000));
        assert_eq!(g.at_or_before(Utc(19_999)), Utc(5_000));
        assert_eq!(g.after(Utc(20_000)), Utc(35_000));
        assert_eq!(g.after(Utc(-1)), Utc(5_000));
        // A round that took 40 s does not queue up what it missed.
        assert_eq!(g.after(Utc(60_000)), Utc(65_000));
    }
}
