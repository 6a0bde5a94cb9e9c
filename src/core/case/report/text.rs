//! The hand-over as lines for a terminal, at most 78 wide. Reads as Markdown as well.

use super::Report;
use super::doc::{Block, Part, Piece, Rest, Sentence};
use crate::core::shown::shown_line;
use std::fmt::Write as _;

const WIDTH: usize = 78;
/// The longest value from outside, bytes.
const GIVEN: usize = 300;

fn plain(s: &Sentence) -> String {
    let piece = |p: &Piece| match p {
        Piece::Words(w) => (*w).to_owned(),
        Piece::Given(g) => shown_line(g, GIVEN).into_string(),
        Piece::Cell => "  ".to_owned(),
    };
    s.pieces().iter().map(piece).collect()
}

fn label(part: Part) -> &'static str {
    match part {
        Part::Summary => "SHIFT",
        Part::Incidents => "INCIDENT",
        Part::OpenActs => "OPEN ACTS",
        Part::Held => "HELD",
        Part::Debts => "DEBTS",
        Part::FollowUps => "FOLLOW-UPS",
        Part::In => "IN",
        other => other.title(),
    }
}

/// Lines, each ended. Gated: nothing in it can steer a terminal.
pub fn text(r: &Report) -> String {
    let place = match (r.drill, r.environment.as_str()) {
        (true, "drill") => "DRILL".to_owned(),
        (true, env) => format!("DRILL {env}"),
        (false, env) => env.to_owned(),
    };
    let made = r.made.rfc3339();
    let day = made.get(..16).unwrap_or_default().replace('T', " ");
    let cited = |rests: &[Rest]| format!("[{}]", shown_line(&r.cited(rests), GIVEN));
    let mut out = format!("# {} {}, {day}Z\n\n", r.kind, shown_line(&place, GIVEN));
    wrap("", &format!("{} {}", plain(&r.title), cited(r.title.rests())), &mut out);
    out.push('\n');
    for s in &r.sections {
        for (i, b) in s.blocks.iter().enumerate() {
            let Block::Item(said) = b else { continue };
            let name = if i == 0 { label(s.part) } else { "" };
            let words = format!("{} {}", plain(said), cited(said.rests()));
            let first = format!("- {name:<11}");
            wrap(&first, &words, &mut out);
        }
    }
    out
}

/// `words` behind `first`, further lines below them.
fn wrap(first: &str, words: &str, out: &mut String) {
    let indent = first.chars().count();
    let mut line = first.to_owned();
    let mut used = indent;
    for w in words.split(' ').filter(|w| !w.is_empty()) {
        let n = w.chars().count();
        if used > indent && used + 1 + n > WIDTH {
            let _ = writeln!(out, "{}", line.trim_end());
            line = " ".repeat(indent);
            used = indent;
        }
        if used > indent {
            line.push(' ');
            used += 1;
        }
        line.push_str(w);
        used += n;
    }
    let _ = writeln!(out, "{}", line.trim_end());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_lines_go_on_below_their_words() {
        let mut out = String::new();
        wrap("- IN         ", &"word ".repeat(30), &mut out);
        assert!(out.lines().all(|l| l.len() <= WIDTH));
        assert!(out.lines().skip(1).all(|l| l.starts_with("             word")), "{out}");
    }
}
