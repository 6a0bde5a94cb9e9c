//! What follows from the windows of one signal together: what is left of the period's budget, when it is empty, what one
//! failure costs. Seconds and fractions.

use super::super::stats::burn;
use super::{D1, Empty, H1, M5, Measured, Period, Rules, Word};
use crate::core::world::figures::Counts;

/// Windows as they were answered.
pub(super) struct Windows<'a>(pub &'a [(u32, Measured)]);

/// A window that a source answers as "the calendar period so far" may be this much shorter than it really is, in seconds:
/// sources count whole hours, and the longest windows are asked for every few minutes only.
const SHORTER: u32 = 2 * H1;

impl Windows<'_> {
    pub fn get(&self, secs: u32) -> Option<Measured> {
        self.0.iter().find(|r| r.0 == secs).map(|r| r.1)
    }

    fn rate(&self, secs: u32, slo: f64) -> Option<f64> {
        self.get(secs).and_then(|m| m.rate(slo))
    }

    /// The row that tells of the period so far, with its seconds.
    fn of_period(&self, rules: &Rules) -> Option<(u32, Measured)> {
        match rules.period {
            Period::Rolling => self.get(rules.period_secs).map(|m| (rules.period_secs, m)),
            Period::Calendar { elapsed_secs } => {
                // In its first hour no window of whole hours lies inside it.
                let fits = |secs: u32| secs >= H1 && secs <= elapsed_secs && secs + SHORTER > elapsed_secs;
                self.0.iter().filter(|r| fits(r.0)).max_by_key(|r| r.0).copied()
            }
        }
    }

    /// `1 - e(P)/B`; of a calendar period `1 - BR*f`, as if the rest had the same traffic.
    pub fn left(&self, rules: &Rules) -> Option<f64> {
        if rules.slo >= 1.0 {
            return None;
        }
        let (_, m) = self.of_period(rules)?;
        let burn = m.rate(rules.slo)?;
        let over = match rules.period {
            Period::Rolling => 1.0,
            Period::Calendar { elapsed_secs } => f64::from(elapsed_secs) / f64::from(rules.period_secs),
        };
        Some(1.0 - burn * over)
    }

    /// Requests of the whole period: as counted, else as the longest window of a day or more lets expect. With the
    /// seconds that were counted.
    pub fn in_period(&self, rules: &Rules) -> Option<(f64, u32)> {
        let counted = |secs: u32, m: Measured| m.counts().filter(|c| c.total > 0.0).map(|c| (secs, c.total));
        let exact = self.of_period(rules).and_then(|(s, m)| counted(s, m));
        let longest = || {
            let long = self.0.iter().filter(|r| r.0 >= D1 && r.0 <= rules.period_secs);
            long.filter_map(|r| counted(r.0, r.1)).max_by_key(|r| r.0)
        };
        let (secs, n) = exact.or_else(longest)?;
        Some((n * f64::from(rules.period_secs) / f64::from(secs), secs))
    }

    /// Reckoned by the 5 m window while the burn rises (the hour still hides it), else by the hour.
    fn reckoned_by(word: Word) -> Option<u32> {
        match word {
            Word::Rising => Some(M5),
            Word::Calm | Word::Burning | Word::Easing | Word::NoTraffic => Some(H1),
            Word::NoData => None,
        }
    }

    pub fn empty(&self, left: f64, rules: &Rules, word: Word) -> Option<Empty> {
        if left <= 0.0 {
            return Some(Empty::Already);
        }
        let window_secs = Self::reckoned_by(word)?;
        let b = self.rate(window_secs, rules.slo)?;
        let secs = burn::time_to_exhaustion(left, b, f64::from(rules.period_secs));
        let ends_first = match rules.period {
            Period::Rolling => false,
            Period::Calendar { elapsed_secs } => secs > f64::from(rules.period_secs.saturating_sub(elapsed_secs)),
        };
        let in_time = secs.is_finite() && !ends_first;
        Some(if in_time { Empty::In { secs, window_secs } } else { Empty::NotAtThisRate { window_secs } })
    }

    /// With the errors that leave a rolling period meanwhile. The hour about to leave is what the period has more than
    /// the same window an hour shorter, where a source answers that one too.
    pub fn rolling(&self, left: f64, rules: &Rules, word: Word) -> Option<f64> {
        if rules.period != Period::Rolling {
            return None;
        }
        let whole = self.get(rules.period_secs)?.counts()?;
        let without = self.get(rules.period_secs.checked_sub(H1)?)?.counts()?;
        let hour = Counts { total: whole.total - without.total, failed: whole.failed - without.failed };
        // Extrapolation of two long windows can cross; then nothing is known of their difference.
        if hour.total <= 0.0 || hour.failed < 0.0 || hour.failed > hour.total {
            return None;
        }
        let leaving = burn::burn_rate(hour.failed, hour.total, rules.slo)?;
        let now = self.rate(Self::reckoned_by(word)?, rules.slo)?;
        let secs = burn::rolling_time_to_exhaustion(left, now, leaving, f64::from(rules.period_secs));
        Some(secs.min(f64::MAX))
    }
}

/// Part of the period's budget that one failure costs: `1 / (B * n)`. `None` for a 100 % target.
pub(super) fn cost_of_one(in_period: f64, slo: f64) -> Option<f64> {
    (slo > 0.0 && slo < 1.0 && in_period > 0.0).then(|| 1.0 / ((1.0 - slo) * in_period))
}
