//! What a team owns: found from labels, enriched by config or a scenario.

use super::figures::Signal;
use crate::core::id::ServiceId;
use crate::core::time::Utc;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::sync::Arc;

#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Slo {
    /// Fraction, in (0, 1].
    pub objective: f64,
    /// Of a calendar period only about: the calendar says how many.
    pub period_days: u32,
    /// The budget is for a calendar period, and not for the last so many days.
    #[serde(default)]
    pub calendar: Option<Calendar>,
    /// Requests are probes: each one is a decision, a single failure may page.
    #[serde(default)]
    pub probes: bool,
}

impl Slo {
    /// For the last `period_days` days, moving along.
    pub fn rolling(objective: f64, period_days: u32) -> Slo {
        Slo { objective, period_days, calendar: None, probes: false }
    }
}

/// Periods of the calendar, in UTC. A week begins on Monday.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Calendar {
    Week,
    Month,
    Quarter,
    Year,
}

impl Calendar {
    /// Start and end of the period that this moment lies in, epoch seconds.
    pub fn around(self, now: i64) -> (i64, i64) {
        if self == Calendar::Week {
            const DAY: i64 = 86_400;
            let day = now.div_euclid(DAY);
            // Day 0 of the epoch was a Thursday.
            let monday = day - (day + 3).rem_euclid(7);
            return (monday * DAY, (monday + 7) * DAY);
        }
        let (year, month, ..) = Utc::from_secs(now).civil();
        let month = i64::from(month) - 1;
        let (first, months) = match self {
            Calendar::Week | Calendar::Month => (month, 1),
            Calendar::Quarter => (month / 3 * 3, 3),
            Calendar::Year => (0, 12),
        };
        let begin = |n: i64| Utc::midnight(year + n.div_euclid(12), n.rem_euclid(12) + 1, 1).secs();
        (begin(first), begin(first + months))
    }
}

/// How its candidates are judged, where somebody wrote it down.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Judging {
    /// The signals that decide, the first first. Empty: errors, latency, correctness.
    pub signals: Vec<Signal>,
    /// All of them decide, each with its part of the error budget of the test; else the first alone.
    pub split: bool,
    /// How much worse than stable a candidate may be, fractions in `[0, 1]`.
    pub limits: BTreeMap<Signal, f64>,
    /// Seconds from the candidate's first request on that are not judged by.
    pub warm_up_secs: u32,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Service {
    pub name: ServiceId,
    pub owner: Option<Arc<str>>,
    /// 1 is the most important; the default is 2 (limits.md section 2).
    pub tier: u8,
    /// Of availability.
    pub slo: Option<Slo>,
    #[serde(default)]
    pub judging: Judging,
    /// Of latency and correctness.
    #[serde(default)]
    pub more: BTreeMap<Signal, Slo>,
    /// Names of runbooks, first is the one `r` opens.
    pub runbooks: Vec<Arc<str>>,
    /// Milliseconds that past roll-backs of this service took until settled.
    pub history_ms: Vec<i64>,
}

impl Service {
    /// A service nobody configured: named by a label only.
    pub fn found(name: &ServiceId) -> Service {
        Service {
            name: name.clone(),
            owner: None,
            tier: 2,
            slo: None,
            more: BTreeMap::new(),
            judging: Judging::default(),
            runbooks: Vec::new(),
            history_ms: Vec::new(),
        }
    }

    /// The target somebody configured for this signal.
    pub fn target(&self, signal: Signal) -> Option<Slo> {
        if signal == Signal::Errors { self.slo } else { self.more.get(&signal).copied() }
    }

    /// Nobody configured it and nothing is remembered of it: without a target it is nothing to look at.
    pub fn is_bare(&self) -> bool {
        self.owner.is_none() && self.slo.is_none() && self.runbooks.is_empty() && self.history_ms.is_empty()
    }

    /// Median of the service's own history, in milliseconds, with how many it rests on.
    pub fn expected_ms(&self) -> Option<(i64, usize)> {
        let mut v = self.history_ms.clone();
        v.sort_unstable();
        let n = v.len();
        let mid = *v.get(n / 2)?;
        let ms = if n % 2 == 1 { mid } else { (mid + v[n / 2 - 1]) / 2 };
        Some((ms, n))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::time::Utc;

    #[test]
    fn a_calendar_period_begins_and_ends_where_a_person_would_say() {
        let at = |text: &str| Utc::read(text).expect("a time").secs();
        let around = |c: Calendar, t: &str| {
            let (a, b) = c.around(at(t));
            let day = |s: i64| Utc::from_secs(s).rfc3339().get(..10).unwrap_or_default().to_owned();
            (day(a), day(b))
        };
        let s = |a: &str, b: &str| (a.to_owned(), b.to_owned());
        assert_eq!(around(Calendar::Month, "2026-11-21T03:02:00Z"), s("2026-11-01", "2026-12-01"));
        assert_eq!(around(Calendar::Month, "2026-12-31T23:59:59Z"), s("2026-12-01", "2027-01-01"));
        assert_eq!(around(Calendar::Month, "2024-02-29T12:00:00Z"), s("2024-02-01", "2024-03-01"));
        assert_eq!(around(Calendar::Quarter, "2026-01-01T00:00:00Z"), s("2026-01-01", "2026-04-01"));
        assert_eq!(around(Calendar::Quarter, "2026-11-21T03:02:00Z"), s("2026-10-01", "2027-01-01"));
        assert_eq!(around(Calendar::Year, "2027-03-01T00:00:00Z"), s("2027-01-01", "2028-01-01"));
        assert_eq!(around(Calendar::Week, "2026-11-21T03:02:00Z"), s("2026-11-16", "2026-11-23"));
        assert_eq!(around(Calendar::Week, "2026-11-16T00:00:00Z"), s("2026-11-16", "2026-11-23"));
    }
}
