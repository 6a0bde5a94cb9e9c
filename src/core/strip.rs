//! The log strip and the log pane as a reading of the model: what this console wrote, at the moment it was written, and
//! what other consoles wrote, as it is found; in the order of their times, newest first. Draws nothing.

use crate::core::model::{LogLine, Model};
use crate::core::record::Record;
use crate::core::time::Utc;
use crate::core::words;

/// Lines of others that are older say nothing without their date. Milliseconds.
const OLD_MS: i64 = 12 * 3_600_000;

/// One line of the strip.
#[derive(Clone, Debug, PartialEq)]
pub enum Line<'m> {
    Own(&'m LogLine),
    Other(&'m Record),
}

impl Line<'_> {
    pub fn at(&self) -> Utc {
        match self {
            Line::Own(l) => l.at,
            Line::Other(r) => Utc(r.hlc.0),
        }
    }

    /// `03:13:02`
    pub fn hms(&self) -> String {
        match self {
            Line::Own(l) => l.at.hms(),
            Line::Other(r) => r.hms().to_owned(),
        }
    }

    /// `mira acked #8812`: with who did it, where a person did.
    pub fn text(&self, model: &Model) -> String {
        match self {
            Line::Own(l) if l.by_hand => format!("{} {}", me(model), l.text),
            Line::Own(l) => l.text.to_string(),
            Line::Other(r) => words::told(r),
        }
    }
}

/// This console's person as the strip names them: `mira`.
pub fn me(model: &Model) -> &str {
    let who = &*model.environment.who;
    who.split_once('@').map_or(who, |(user, _)| user)
}

/// Is a record another console's, and for the eyes of somebody here? What both saw by themselves is told once.
pub fn is_shown(model: &Model, r: &Record) -> bool {
    r.session != *model.log.session && words::is_told(&r.kind) && !words::is_observation(&r.kind)
}

/// Newest first.
pub fn lines(model: &Model) -> impl Iterator<Item = Line<'_>> {
    let now = model.utc();
    let mut own = model.log.lines.iter().rev().map(Line::Own).peekable();
    let others = model.chronicle.newest_first();
    let others = others.filter(move |r| is_shown(model, r) && now.since(Utc(r.hlc.0)) < OLD_MS);
    let mut others = others.map(Line::Other).peekable();
    std::iter::from_fn(move || match (own.peek(), others.peek()) {
        // At the same moment the own line stands first: it was shown first.
        (Some(a), Some(b)) if b.at() > a.at() => others.next(),
        (None, _) => others.next(),
        (Some(_), _) => own.next(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testkit::stories;
    use serde_json::json;

    fn other(model: &Model, ago: i64, kind: &str) -> Record {
        let text = json!({"session": "b", "seq": 1, "hlc": [model.utc().0 - ago, 0], "kind": kind,
            "utc": Utc(model.utc().0 - ago).rfc3339(), "actor": {"user": "ito"}, "data": {"text": "hello"}});
        Record::read("b", text.to_string().as_bytes())
    }

    #[test]
    fn lines_of_all_consoles_stand_by_their_times_and_own_ones_once() {
        let mut m = stories::worse().model;
        m.log.session = "a".into();
        let at = |ago: i64| Utc(m.utc().0 - ago);
        let line = |ago, text: &str, by_hand| LogLine { at: at(ago), text: text.into(), by_hand };
        m.log.lines = [line(9_000, "first", false), line(1_000, "armed", true)].into();
        let records = [(13 * 3_600_000, "note"), (5_000, "note"), (4_000, "verdict"), (3_000, "sent")];
        for (ago, kind) in records {
            let r = other(&m, ago, kind);
            m.chronicle.take(&r);
        }
        // What we wrote ourselves comes back from the disk and is not told again.
        let own = Record { session: "a".into(), ..other(&m, 1_000, "armed") };
        m.chronicle.take(&own);
        let told: Vec<String> = lines(&m).map(|l| l.text(&m)).collect();
        assert_eq!(told, ["mira armed", "ito note: hello", "first"]);
    }
}
