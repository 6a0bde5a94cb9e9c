//! Times of records, as a report writes them. Knows no clock.

use crate::core::case::known;
use crate::core::record::Record;
use crate::core::time::Utc;

/// When it was true.
pub fn of(r: &Record) -> Utc {
    known::when(r)
}

/// `2026-11-21`
pub fn date(t: Utc) -> String {
    let whole = t.rfc3339();
    whole.split('T').next().unwrap_or_default().to_owned()
}

/// How times are written in one report: with the day where it spans several.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Clock {
    pub days: bool,
}

impl Clock {
    pub fn over(from: Utc, to: Utc) -> Clock {
        Clock { days: date(from) != date(to) }
    }

    /// `03:14:07`, or `2026-11-21 03:14:07`.
    pub fn say(self, t: Utc) -> String {
        if self.days { format!("{} {}", date(t), t.hms()) } else { t.hms() }
    }
}
