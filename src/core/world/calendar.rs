//! When an environment may be changed and who is there: windows, freezes and shifts as plain UTC intervals. Time zones,
//! weekdays and files are the config's matter; nothing here reads a clock.

use crate::core::time::Utc;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// A shift that changes within this is worth a word before something is begun. Milliseconds.
pub const SHIFT_SOON_MS: i64 = 60 * 60_000;

/// From one moment to another, the second not included.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Span {
    pub from: Utc,
    pub until: Utc,
    /// The reason of a freeze; empty for a window.
    pub says: Arc<str>,
}

/// Somebody else is on from then.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shift {
    pub at: Utc,
    pub who: Arc<str>,
}

/// A calendar as far ahead as it was worked out.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Calendar {
    /// `None`: any time is a time to change things, freezes apart. In order, none touches the next.
    pub windows: Option<Vec<Span>>,
    /// In order of their beginning.
    pub freezes: Vec<Span>,
    /// In order. Empty: nobody wrote shifts down.
    pub shifts: Vec<Shift>,
    /// Nothing is known from here on: the file must be read again.
    pub until: Utc,
    /// Where it stands: `calendar.toml`.
    pub file: Arc<str>,
}

/// May it be changed now?
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing<'c> {
    /// It says nothing of windows or freezes.
    Silent,
    /// `None`: no window ends it, only a later freeze could.
    Open {
        until: Option<Utc>,
    },
    /// `None`: no next one is known.
    Closed {
        opens: Option<Utc>,
    },
    Frozen(&'c Span),
    /// Now lies behind what was worked out.
    Unknown,
}

impl Calendar {
    pub fn standing(&self, now: Utc) -> Standing<'_> {
        if self.windows.is_none() && self.freezes.is_empty() {
            return Standing::Silent;
        }
        if now >= self.until {
            return Standing::Unknown;
        }
        if let Some(f) = self.freezes.iter().find(|f| f.from <= now && now < f.until) {
            return Standing::Frozen(f);
        }
        let freeze = self.freezes.iter().map(|f| f.from).filter(|f| *f > now).min();
        let Some(windows) = &self.windows else { return Standing::Open { until: freeze } };
        match windows.iter().find(|w| w.until > now) {
            Some(w) if w.from <= now => Standing::Open { until: Some(freeze.map_or(w.until, |f| f.min(w.until))) },
            Some(w) => Standing::Closed { opens: Some(w.from) },
            None => Standing::Closed { opens: None },
        }
    }

    /// The next change of shift. `None`: none is written down, or none is known any more.
    pub fn next_shift(&self, now: Utc) -> Option<&Shift> {
        self.shifts.iter().find(|s| s.at > now)
    }

    /// Who is on now, where a past change says so.
    pub fn on_now(&self, now: Utc) -> Option<&Shift> {
        self.shifts.iter().rev().find(|s| s.at <= now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn span(from: i64, until: i64, says: &str) -> Span {
        Span { from: Utc(from), until: Utc(until), says: says.into() }
    }

    #[test]
    fn a_freeze_goes_before_a_window_and_cuts_it() {
        let c = Calendar {
            windows: Some(vec![span(100, 200, ""), span(300, 400, "")]),
            freezes: vec![span(150, 160, "audit"), span(350, 900, "year's end")],
            shifts: vec![Shift { at: Utc(50), who: "mira".into() }, Shift { at: Utc(180), who: "ito".into() }],
            until: Utc(1_000),
            file: "calendar.toml".into(),
        };
        let at = |t| c.standing(Utc(t));
        assert_eq!(at(99), Standing::Closed { opens: Some(Utc(100)) });
        assert_eq!(at(100), Standing::Open { until: Some(Utc(150)) }, "a freeze ends it sooner");
        assert!(matches!(at(150), Standing::Frozen(f) if &*f.says == "audit"));
        assert_eq!(at(160), Standing::Open { until: Some(Utc(200)) });
        assert_eq!(at(200), Standing::Closed { opens: Some(Utc(300)) }, "the end is not part of it");
        assert!(matches!(at(899), Standing::Frozen(_)));
        assert_eq!(at(950), Standing::Closed { opens: None });
        assert_eq!(at(1_000), Standing::Unknown);
        assert_eq!(c.next_shift(Utc(100)).map(|s| &*s.who), Some("ito"));
        assert_eq!(c.on_now(Utc(100)).map(|s| &*s.who), Some("mira"));
        assert!(c.next_shift(Utc(180)).is_none());
        assert_eq!(Calendar::default().standing(Utc(5)), Standing::Silent);
        let only = Calendar { windows: None, ..c.clone() };
        assert_eq!(only.standing(Utc(0)), Standing::Open { until: Some(Utc(150)) });
    }
}
