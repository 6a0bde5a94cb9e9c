//! The shared call budget: so many requests in any 60 s, over all sources. Refreshes wait or are declined; acts
//! never wait. It must not know what the calls are for.

use crate::backends::Lane;
use crate::core::id::SourceId;
use crate::core::world::source::{SourceError, Trouble};
use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

const MINUTE: Duration = Duration::from_secs(60);

/// Cheap to clone; all clones share one count.
#[derive(Clone)]
pub struct Budget(Arc<Mutex<Calls>>);

struct Calls {
    per_minute: usize,
    /// Oldest first.
    at: VecDeque<(Instant, SourceId)>,
}

impl Budget {
    /// `per_minute`: calls allowed in any 60 s; at least one (limits.md section 5: 120).
    pub fn new(per_minute: u32) -> Budget {
        Budget(Arc::new(Mutex::new(Calls { per_minute: per_minute.max(1) as usize, at: VecDeque::new() })))
    }

    /// Waits for room, `patience` at most, and counts the call. The act lane is counted and never waits.
    ///
    /// # Errors
    /// `Throttled`, with the time until there is room, when that is longer than `patience`.
    pub async fn take(&self, source: &SourceId, lane: Lane, patience: Duration) -> Result<(), SourceError> {
        let until = Instant::now() + patience;
        loop {
            let now = Instant::now();
            let wait = match self.lock().try_take(source, lane, now) {
                Ok(()) => return Ok(()),
                Err(wait) => wait,
            };
            if now + wait > until {
                return Err(declined(source, wait));
            }
            tokio::time::sleep(wait).await;
        }
    }

    /// Calls of one source in the last 60 s, acts included.
    pub fn used(&self, source: &SourceId) -> u32 {
        let mut calls = self.lock();
        calls.forget(Instant::now());
        let n = calls.at.iter().filter(|(_, s)| s == source).count();
        u32::try_from(n).unwrap_or(u32::MAX)
    }

    fn lock(&self) -> MutexGuard<'_, Calls> {
        // The count stays usable after a panic elsewhere: every change to it is one push or pop.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn declined(source: &SourceId, wait: Duration) -> SourceError {
    SourceError {
        retry_after_ms: Some(u64::try_from(wait.as_millis()).unwrap_or(u64::MAX)),
        ..SourceError::new(
            Trouble::Throttled,
            format!("{source}: our own call budget for this minute is used up; next call in {} s", wait.as_secs() + 1),
        )
    }
}

impl Calls {
    fn forget(&mut self, now: Instant) {
        while self.at.front().is_some_and(|(t, _)| now.duration_since(*t) >= MINUTE) {
            self.at.pop_front();
        }
    }

    /// `Err`: how long until the oldest call leaves the window.
    fn try_take(&mut self, source: &SourceId, lane: Lane, now: Instant) -> Result<(), Duration> {
        self.forget(now);
        let full = self.at.len() >= self.per_minute;
        match (lane, self.at.get(self.at.len().saturating_sub(self.per_minute))) {
            (Lane::Refresh, Some((blocking, _))) if full => Err(MINUTE.saturating_sub(now.duration_since(*blocking))),
            (Lane::Act | Lane::Refresh, _) => {
                self.at.push_back((now, source.clone()));
                Ok(())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_window_slides_and_acts_pass_a_full_budget() {
        let (a, b) = (SourceId::new("a"), SourceId::new("b"));
        let budget = Budget::new(3);
        let t0 = Instant::now();
        let at = |s: u64| t0 + Duration::from_secs(s);
        let take = |s: &SourceId, lane, secs| budget.lock().try_take(s, lane, at(secs));
        assert_eq!(take(&a, Lane::Refresh, 0), Ok(()));
        assert_eq!(take(&b, Lane::Refresh, 10), Ok(()));
        assert_eq!(take(&a, Lane::Refresh, 20), Ok(()));
        assert_eq!(take(&a, Lane::Refresh, 30), Err(Duration::from_secs(30)));
        assert_eq!(take(&a, Lane::Act, 30), Ok(()));
        // Four calls stand in a window of three: room comes when the second of them leaves.
        assert_eq!(take(&b, Lane::Refresh, 30), Err(Duration::from_secs(40)));
        assert_eq!(budget.used(&a), 3);
        assert_eq!(take(&b, Lane::Refresh, 70), Ok(()));
    }

    #[tokio::test]
    async fn a_refresh_is_declined_rather_than_kept_past_its_patience() {
        let (budget, s) = (Budget::new(1), SourceId::new("metrics"));
        let short = Duration::from_millis(20);
        budget.take(&s, Lane::Refresh, short).await.expect("room");
        let e = budget.clone().take(&s, Lane::Refresh, short).await.expect_err("full");
        assert_eq!(e.trouble, Trouble::Throttled);
        assert!(e.retry_after_ms.is_some_and(|ms| ms > 50_000));
        budget.take(&s, Lane::Act, Duration::ZERO).await.expect("acts pass");
        assert_eq!(budget.used(&s), 2);
    }
}
