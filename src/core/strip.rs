//! The log strip and the log pane as a reading of the model: what this console wrote, at the moment it was written, and
//! what others did, as it was found; by their times, newest first. Draws nothing.

use crate::core::model::{LogLine, Model};

/// `mira: acked #8812`: with who did it, where a person did.
pub fn text(line: &LogLine) -> String {
    if line.who.is_empty() { line.text.to_string() } else { format!("{}: {}", line.who, line.text) }
}

/// Newest first. Others' lines are found up to a second late: they stand where they belong. Of one moment the one that
/// was shown first stays below.
pub fn lines(model: &Model) -> Vec<&LogLine> {
    let mut all: Vec<&LogLine> = model.log.lines.iter().collect();
    all.sort_by_key(|l| l.at);
    all.reverse();
    all
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::time::Utc;
    use crate::testkit::stories;

    #[test]
    fn lines_of_all_consoles_stand_by_their_times_with_who_did_it() {
        let mut m = stories::worse().model;
        let now = m.utc().0;
        let line = |ago: i64, text: &str, who: &str| LogLine { at: Utc(now - ago), text: text.into(), who: who.into() };
        m.log.lines = [
            line(9_000, "first", ""),
            line(1_000, "armed", "mira"),
            line(5_000, "ito: note: hello", ""),
            line(1_000, "after", ""),
        ]
        .into();
        let told: Vec<String> = lines(&m).into_iter().map(text).collect();
        assert_eq!(told, ["after", "mira: armed", "ito: note: hello", "first"]);
    }
}
