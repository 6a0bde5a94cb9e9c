//! What the burn is judged under: the target, its period, the lines. Numbers only; who wrote them down is not known here.

use crate::core::world::service::Slo;
use serde::{Deserialize, Serialize};

pub(super) const DAY: u32 = 86_400;
/// The factors are written for a period of this length, and scaled with the period.
const WRITTEN_FOR: f64 = 30.0 * DAY as f64;

/// The lines a team may move: burn rates, for a period of 30 days (maths page 1.1).
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Lines {
    /// The line that is always drawn, on 1 h and 5 m. It is not scaled: 3x is 3x in any period.
    pub line: f64,
    /// 1 h with 5 m, and 6 h with 30 m: these page.
    pub page: [f64; 2],
    /// 1 d with 2 h, and 3 d with 6 h: these are tickets.
    pub ticket: [f64; 2],
}

impl Default for Lines {
    fn default() -> Lines {
        Lines { line: 3.0, page: [14.4, 6.0], ticket: [3.0, 1.0] }
    }
}

/// Which kind of period the budget is for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Period {
    /// The last so many days, moving along.
    #[default]
    Rolling,
    /// Since a fixed day: this many seconds of it are over.
    Calendar { elapsed_secs: u32 },
}

/// What the burn is judged under.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Rules {
    /// Target as a fraction in (0, 1].
    pub slo: f64,
    /// The period the budget is for, in seconds: 30 days unless the team says otherwise; of a calendar period its
    /// whole length.
    pub period_secs: u32,
    pub period: Period,
    pub lines: Lines,
    /// Hold back pages made of a handful of requests. Off for probes, where each one is a decision.
    pub guard: bool,
}

impl Rules {
    pub fn new(slo: f64) -> Rules {
        let (period_secs, period, lines) = (30 * DAY, Period::Rolling, Lines::default());
        Rules { slo, period_secs, period, lines, guard: true }
    }

    /// Of a target as somebody wrote it down, at this moment (epoch seconds).
    pub fn of(slo: &Slo, lines: Lines, now: i64) -> Rules {
        let mut rules = Rules { lines, guard: !slo.probes, ..Rules::new(slo.objective) };
        rules.period_secs = slo.period_days.saturating_mul(DAY);
        if let Some((start, end)) = slo.calendar.map(|c| c.around(now)) {
            rules.period_secs = u32::try_from(end - start).unwrap_or(u32::MAX);
            rules.period = Period::Calendar { elapsed_secs: u32::try_from(now - start).unwrap_or(0) };
        }
        rules
    }

    /// A factor written for 30 days, for this period.
    pub(super) fn scaled(&self, factor: f64) -> f64 {
        factor * f64::from(self.period_secs) / WRITTEN_FOR
    }

    /// The window to ask a source for so that the budget left can be told: the period, or of a calendar period the
    /// whole hours since it began. `None` in the first hour of a calendar period.
    pub fn period_window(&self) -> Option<u32> {
        match self.period {
            Period::Rolling => Some(self.period_secs),
            Period::Calendar { elapsed_secs } => Some(elapsed_secs / 3_600 * 3_600).filter(|s| *s > 0),
        }
    }

    /// `30d`, `this calendar month`: which kind of window is always said.
    pub fn period_words(&self) -> String {
        match self.period {
            Period::Rolling => format!("rolling {}", crate::core::judge::words::window(self.period_secs)),
            Period::Calendar { .. } if self.period_secs <= 7 * DAY => "this calendar week".to_owned(),
            Period::Calendar { .. } if self.period_secs <= 31 * DAY => "this calendar month".to_owned(),
            Period::Calendar { .. } if self.period_secs <= 92 * DAY => "this quarter".to_owned(),
            Period::Calendar { .. } => "this year".to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::world::service::Calendar;

    #[test]
    fn a_calendar_period_knows_its_length_and_how_much_of_it_is_over() {
        // 2026-11-21T03:02:00Z
        let now = 1_795_230_120;
        let slo = Slo { calendar: Some(Calendar::Month), ..Slo::rolling(0.999, 30) };
        let r = Rules::of(&slo, Lines::default(), now);
        assert_eq!(r.period_secs, 30 * DAY);
        assert_eq!(r.period, Period::Calendar { elapsed_secs: 20 * DAY + 3 * 3_600 + 120 });
        assert_eq!(r.period_window(), Some(20 * DAY + 3 * 3_600));
        assert_eq!(r.period_words(), "this calendar month");
        let quarter = Slo { calendar: Some(Calendar::Quarter), ..slo };
        assert_eq!(Rules::of(&quarter, Lines::default(), now).period_secs, 92 * DAY);
        let first = Rules::of(&slo, Lines::default(), now - 20 * 86_400 - 3 * 3_600 - 60);
        assert_eq!(first.period_window(), None, "the first minute of the month");
        assert_eq!(Rules::new(0.9).period_words(), "rolling 30d");
    }

    #[test]
    fn factors_follow_the_length_of_the_period() {
        let week = Rules { period_secs: 7 * DAY, ..Rules::new(0.999) };
        assert!((week.scaled(14.4) - 3.36).abs() < 1e-12);
        let four = Rules { period_secs: 28 * DAY, ..Rules::new(0.999) };
        assert!((four.scaled(6.0) - 5.6).abs() < 1e-12);
    }
}
