//! A report as Markdown. What is given is gated and escaped: text from outside stays text.

use super::Report;
use super::doc::{Block, Piece, Sentence};
use crate::core::shown::shown_line;
use std::fmt::Write as _;

/// The longest value from outside, bytes.
pub const GIVEN: usize = 2_000;

/// What stands at the head of every report.
pub const HOW_TO_READ: &str = "A draft, made from the incident log alone. Every sentence names the records it rests on, \
as [number] or [who number]; `andon log show` has each whole. Lines that begin with \"To fill\" are what no record \
tells. It says what was seen and done, and looks for what to change in the system, not for who is to blame.";

/// Everything that Markdown or an extension of it could read as more than text gets a backslash, so that a title,
/// a note or an error can neither break a table nor bring a link, an image, a heading or HTML.
pub fn escape(given: &str) -> String {
    let shown = shown_line(given, GIVEN);
    let s = shown.as_str();
    let mut out = String::with_capacity(s.len() + 8);
    let mut before = None;
    for (i, c) in s.char_indices() {
        let after = s[i + c.len_utf8()..].chars().next();
        let inner = |c: Option<char>| c.is_some_and(char::is_alphanumeric);
        let special = match c {
            '\\' | '`' | '*' | '[' | ']' | '<' | '>' | '|' | '~' | '&' | '$' | '{' | '}' => true,
            '!' => after == Some('['),
            // Inside a word they are letters.
            '_' => !(inner(before) && inner(after)),
            // What begins a block, where the value begins a line.
            '#' | '=' | '+' | '-' => i == 0 && !inner(after),
            // A list of numbers; an address that becomes a link by itself.
            '.' | ')' => {
                let list = i > 0 && s[..i].bytes().all(|b| b.is_ascii_digit()) && after.is_none_or(|c| c == ' ');
                list || s[..i].to_ascii_lowercase().ends_with("www")
            }
            '/' => before == Some(':'),
            '@' => !(inner(before) && inner(after)),
            _ => false,
        };
        if special {
            out.push('\\');
        }
        out.push(c);
        before = Some(c);
    }
    out
}

fn cells(s: &Sentence) -> Vec<String> {
    let mut out = vec![String::new()];
    for p in s.pieces() {
        match (p, out.last_mut()) {
            // The program's own words are no markup, but for the boxes of the checklist, which are meant as such.
            (Piece::Words(w), Some(cell)) => cell.push_str(w),
            (Piece::Given(g), Some(cell)) => cell.push_str(&escape(g)),
            (Piece::Cell, _) | (_, None) => out.push(String::new()),
        }
    }
    out
}

fn cite(r: &Report, s: &Sentence) -> String {
    // Brackets alone are no link: nothing can define one, since no bracket from outside stays unescaped.
    format!("[{}]", escape(&r.cited(s.rests())))
}

fn sentence(r: &Report, s: &Sentence) -> String {
    format!("{} {}", cells(s).join(" "), cite(r, s))
}

pub fn md(r: &Report) -> String {
    let mut out = String::new();
    let _ = writeln!(out, "# {}: {}\n", r.kind, sentence(r, &r.title));
    let place = escape(&r.environment);
    let drill = if r.drill { " **DRILL: nothing real was reached.**" } else { "" };
    let made = r.made.rfc3339();
    let _ = writeln!(out, "Environment {place}. Made {}Z.{drill}\n", made.get(..19).unwrap_or_default());
    let _ = writeln!(out, "{HOW_TO_READ}");
    for s in &r.sections {
        let _ = writeln!(out, "\n## {}\n", s.part.title());
        let mut in_list = false;
        for (i, b) in s.blocks.iter().enumerate() {
            let list = matches!(b, Block::Item(_) | Block::Blank(_));
            let nothing = matches!(b, Block::Pictures);
            let goes_on = list && in_list;
            if i > 0 && !nothing && !goes_on && !out.ends_with("\n\n") {
                out.push('\n');
            }
            in_list = list;
            match b {
                Block::Said(s) => _ = writeln!(out, "{}", sentence(r, s)),
                Block::Item(s) => _ = writeln!(out, "- {}", sentence(r, s)),
                Block::Head(s) => _ = writeln!(out, "### {}", sentence(r, s)),
                Block::Question(q) => _ = writeln!(out, "### {q}"),
                Block::Plain(p) => _ = writeln!(out, "{p}"),
                Block::Blank(b) => _ = writeln!(out, "- **To fill:** {b} ________"),
                Block::Table(head, rows) => {
                    let _ = writeln!(out, "| {} | records |", head.join(" | "));
                    let _ = writeln!(out, "|{}", "---|".repeat(head.len() + 1));
                    for row in rows {
                        let _ = writeln!(out, "| {} | {} |", cells(row).join(" | "), cite(r, row));
                    }
                }
                Block::Pictures => {}
            }
        }
    }
    files(r, &mut out);
    out
}

fn files(r: &Report, out: &mut String) {
    if r.files.is_empty() {
        return;
    }
    let _ = writeln!(out, "\n## Files it was made from\n");
    let _ =
        writeln!(out, "Keep the heads elsewhere: `andon log verify` compares them with the files of a later day.\n");
    let _ = writeln!(out, "| file | records | head | state |\n|---|---|---|---|");
    for f in &r.files {
        let head = if f.head.is_empty() { "-" } else { &f.head };
        let _ = writeln!(out, "| {} | {} | {} | {} |", escape(&f.name), f.records, escape(head), escape(&state(f)));
    }
}

/// `closed`, `still running`, `not read: ..`
pub fn state(f: &super::File) -> String {
    let mut all = Vec::new();
    if let Some(why) = &f.unread {
        all.push(format!("not read: {why}"));
    }
    if f.torn > 0 {
        all.push(format!("ends in {} bytes of an unfinished line", f.torn));
    }
    if f.runs {
        all.push("still running: more will follow".to_owned());
    }
    if all.is_empty() { "read to its end".to_owned() } else { all.join("; ") }
}

#[cfg(test)]
mod tests {
    use super::escape;

    #[test]
    fn what_comes_from_outside_stays_text() {
        assert_eq!(escape("a|b"), "a\\|b");
        assert_eq!(escape("![x](http://e.example)"), "\\!\\[x\\](http:\\//e.example)");
        assert_eq!(escape("<script>"), "\\<script\\>");
        assert_eq!(escape("# head"), "\\# head");
        assert_eq!(escape("1. one"), "1\\. one");
        assert_eq!(escape("- one"), "\\- one");
        assert_eq!(escape("www.e.example"), "www\\.e.example");
        assert_eq!(escape("@team look"), "\\@team look");
        assert_eq!(escape("line\n\n# two"), "line /  / # two");
        assert_eq!(escape("---"), "\\---");
        // Names stay readable.
        assert_eq!(escape("checkout@eu-1 v2.14.1 by_name 0.5%"), "checkout@eu-1 v2.14.1 by_name 0.5%");
        assert_eq!(escape("+1m49"), "+1m49");
    }
}
