//! What one window tells: counts, or a ratio that somebody recorded and whose count nobody knows.

use super::super::stats::{Interval, burn};
use crate::core::world::figures::Counts;
use serde::{Deserialize, Serialize};

/// The figure of one window.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub enum Measured {
    Counts(Counts),
    /// An error ratio out of a recording rule: "n unknown". `None`: it was 0/0, nobody asked for anything.
    Ratio(Option<f64>),
}

impl From<Counts> for Measured {
    fn from(c: Counts) -> Measured {
        Measured::Counts(c)
    }
}

impl Measured {
    /// The burn rate against `slo`; `None` without traffic. Without end it is `f64::MAX`.
    pub fn rate(self, slo: f64) -> Option<f64> {
        let (bad, total) = match self {
            Measured::Counts(c) => (c.failed, c.total),
            Measured::Ratio(r) => (r.filter(|r| !r.is_nan())?, 1.0),
        };
        burn::burn_rate(bad, total, slo).map(|b| b.min(f64::MAX))
    }

    pub fn counts(self) -> Option<Counts> {
        match self {
            Measured::Counts(c) => Some(c),
            Measured::Ratio(_) => None,
        }
    }

    /// Did anybody ask for anything?
    pub fn is_idle(self) -> bool {
        match self {
            Measured::Counts(c) => c.total.is_nan() || c.total <= 0.0,
            Measured::Ratio(r) => r.is_none_or(f64::is_nan),
        }
    }

    /// What the burn rate surely lies in. `None` where the count is not known, or there is no budget.
    pub fn range(self, slo: f64) -> Option<Interval> {
        let c = self.counts().filter(|c| c.total > 0.0)?;
        burn::burn_interval(c.failed.clamp(0.0, c.total), c.total, slo)
    }

    /// The guard before a page. A ratio without a count cannot be guarded: the rules of the team page on it as well.
    pub fn guarded(self, slo: f64) -> bool {
        self.counts().is_none_or(|c| burn::guard(c.failed, c.total, slo))
    }

    /// More failures than requests: the two halves of the query do not fit each other.
    pub fn is_inconsistent(self) -> bool {
        // A hair over is what extrapolation of two counters does.
        match self {
            Measured::Counts(c) => c.failed > c.total * 1.001 + 1e-9,
            Measured::Ratio(r) => r.is_some_and(|r| r > 1.001),
        }
    }
}
