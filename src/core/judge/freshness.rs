//! How old a figure may be before it is drawn old, and before the judgement made from it goes.
//!
//! Ages come from the sample's own time, never from when the answer arrived; that is the caller's part.

use crate::core::time::Utc;
use crate::core::world::source::SourceState;
use serde::{Deserialize, Serialize};

/// A source whose clock is off by more than this counts as old, in milliseconds.
pub const SKEW_OLD_MS: i64 = 30_000;
/// Skew to a source is shown from here, and between sessions from [`SKEW_SHOWN_SESSION_MS`].
pub const SKEW_SHOWN_SOURCE_MS: i64 = 5_000;
pub const SKEW_SHOWN_SESSION_MS: i64 = 2_000;

/// What became of a figure with time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Age {
    Fresh,
    /// Drawn old; judgements stand.
    Old,
    /// SAME, BETTER, calm and ok become NO DATA; the figure stays as "was ... at ...".
    Withdrawn,
}

/// Where a figure comes from, with what decides its limits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Kind {
    /// Scraped metrics; seconds between scrapes.
    Metrics { scrape_secs: u32 },
    /// A watch: age since its last event, bookmark or clean re-watch.
    Watch,
    /// A polled list; seconds between polls.
    Polled { interval_secs: u32 },
    /// Files, scanners, registries.
    Slow,
}

impl Kind {
    /// Old after, and judgement withdrawn after, in milliseconds.
    pub fn limits(self) -> (i64, i64) {
        const HOUR: i64 = 3_600_000;
        let old = match self {
            Kind::Metrics { scrape_secs } => (2_000 * i64::from(scrape_secs)).max(60_000),
            Kind::Watch => 90_000,
            Kind::Polled { interval_secs } => 3_000 * i64::from(interval_secs),
            Kind::Slow => return (24 * HOUR, 72 * HOUR),
        };
        (old, 2 * old)
    }

    /// The state of a figure of this kind. A figure from the future is fresh, unless `skew_ms` (the source's
    /// clock against ours, either sign) says that its times cannot be believed: then it is old at least.
    pub fn age(self, age_ms: i64, skew_ms: i64) -> Age {
        let (old, gone) = self.limits();
        if age_ms > gone {
            Age::Withdrawn
        } else if age_ms > old || skew_ms.saturating_abs() > SKEW_OLD_MS {
            Age::Old
        } else {
            Age::Fresh
        }
    }
}

/// The age of what a source said of itself and of its objects; `None`: it never said anything. A source's clock that
/// is off by too much makes it old, as everything else it tells.
pub fn of_source(s: &SourceState, now: Utc) -> Option<Age> {
    let age = now.since(s.confirmed?);
    let skewed = s.abilities.skew_ms.is_some_and(|k| k.saturating_abs() > SKEW_OLD_MS);
    Some(if age > s.old_after_ms.saturating_mul(2) {
        Age::Withdrawn
    } else if age > s.old_after_ms || skewed {
        Age::Old
    } else {
        Age::Fresh
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kind_grows_old_at_its_limit_and_loses_its_judgement_at_twice_that() {
        let hour = 3_600_000;
        for (kind, old, gone) in [
            (Kind::Metrics { scrape_secs: 15 }, 60_000, 120_000),
            (Kind::Metrics { scrape_secs: 60 }, 120_000, 240_000),
            (Kind::Watch, 90_000, 180_000),
            (Kind::Polled { interval_secs: 10 }, 30_000, 60_000),
            (Kind::Slow, 24 * hour, 72 * hour),
        ] {
            assert_eq!(kind.age(old, 0), Age::Fresh, "{kind:?}");
            assert_eq!(kind.age(old + 1, 0), Age::Old, "{kind:?}");
            assert_eq!(kind.age(gone, 0), Age::Old, "{kind:?}");
            assert_eq!(kind.age(gone + 1, 0), Age::Withdrawn, "{kind:?}");
        }
    }

    #[test]
    fn a_source_with_a_wrong_clock_is_old_however_young_its_samples_look() {
        let metrics = Kind::Metrics { scrape_secs: 15 };
        assert_eq!(metrics.age(-40_000, 0), Age::Fresh);
        assert_eq!(metrics.age(0, 30_000), Age::Fresh);
        assert_eq!(metrics.age(0, -30_001), Age::Old);
        assert_eq!(metrics.age(0, i64::MIN), Age::Old);
    }
}
