//! Where merged records show that clocks differ. Told at the seam, so that nobody reads a wrong order into times.

use super::people::{SKEW_TOLD, skew_words};
use crate::core::record::Record;
use crate::core::time::Utc;
use std::collections::BTreeMap;

/// A difference that changes by less than this is not told again. Milliseconds.
const AGAIN: i64 = 1_000;

struct Seam {
    before: usize,
    ms: i64,
    /// Whose clock is ahead; empty: one that `by` had seen.
    ahead: String,
    by: String,
}

/// Where, in records as merged, a clock is found ahead: (index of the record the seam stands before, milliseconds).
///
/// Two signs: times fall from one session to another, or a record's hlc lies ahead of its own time, so its session had
/// seen such a clock. Each difference is told once for a session, and again when it changes.
pub fn seams(records: &[Record]) -> Vec<(usize, i64)> {
    find(records).into_iter().map(|s| (s.before, s.ms)).collect()
}

/// The same in words: `(ito's clock is 3.2 s ahead)`.
pub fn seam_words(records: &[Record]) -> Vec<(usize, String)> {
    let words = |s: Seam| {
        let long = skew_words(s.ms)?;
        let said = if s.ahead.is_empty() {
            format!("({} had seen a clock {long})", s.by)
        } else {
            format!("({}'s clock is {long})", s.ahead)
        };
        Some((s.before, said))
    };
    find(records).into_iter().filter_map(words).collect()
}

fn find(records: &[Record]) -> Vec<Seam> {
    let mut out = Vec::new();
    let mut told: BTreeMap<&str, i64> = BTreeMap::new();
    // Of the record before, and what was told of a clock ahead in its run.
    let mut last: Option<(&Record, Utc)> = None;
    let mut ahead = 0_i64;
    for (i, r) in records.iter().enumerate() {
        let Some(utc) = Utc::read(&r.utc) else { continue };
        let fell = last.filter(|(l, _)| l.session != r.session).map(|(l, at)| (l, at.since(utc)));
        if let Some((l, ms)) = fell.filter(|(_, ms)| *ms > SKEW_TOLD) {
            ahead = ms;
            if told.insert(&l.session, ms).is_none_or(|before| (before - ms).abs() > AGAIN) {
                out.push(Seam { before: i, ms, ahead: l.who().to_owned(), by: r.who().to_owned() });
            }
        } else {
            let saw = r.hlc.0.saturating_sub(utc.0);
            let same = saw <= ahead + AGAIN;
            if r.hlc.0 > 0 && saw > SKEW_TOLD && !same {
                ahead = saw;
                if told.insert(&r.session, saw).is_none_or(|before| (before - saw).abs() > AGAIN) {
                    out.push(Seam { before: i, ms: saw, ahead: String::new(), by: r.who().to_owned() });
                }
            }
        }
        last = Some((r, utc));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::record::Hlc;

    fn record(session: &str, hlc: i64, utc: i64) -> Record {
        Record {
            session: session.into(),
            user: session.into(),
            hlc: Hlc(hlc, 0),
            utc: Utc(utc).rfc3339(),
            ..Record::default()
        }
    }

    #[test]
    fn a_clock_ahead_is_told_once_where_times_fall() {
        let records = [
            record("mira", 10_000, 10_000),
            record("ito", 13_200, 13_200),
            record("mira", 13_201, 10_100),
            record("ito", 13_400, 13_400),
            record("mira", 13_401, 10_300),
            record("ito", 30_000, 30_000),
            record("mira", 30_001, 20_000),
        ];
        assert_eq!(seams(&records), [(2, 3_100), (6, 10_000)]);
        assert_eq!(seam_words(&records)[0], (2, "(ito's clock is 3.1 s ahead)".to_owned()));
    }

    #[test]
    fn a_clock_that_was_only_seen_is_told_and_small_differences_are_not() {
        let records = [record("a", 10_000, 10_000), record("b", 10_001, 8_500), record("b", 40_000, 9_000)];
        assert_eq!(seams(&records), [(2, 31_000)]);
        assert_eq!(seam_words(&records)[0].1, "(b had seen a clock 31.0 s ahead)");
        assert_eq!(seams(&[]), []);
        // No time, no seam.
        assert_eq!(seams(&[Record::default(), record("b", 1, 1)]), []);
    }
}
