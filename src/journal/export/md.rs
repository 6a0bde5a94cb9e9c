//! Markdown: what it rests on, a table of what happened, and in full what people wrote. Text from outside is text in it,
//! never a heading, a link or a column.

use super::{Given, Made, Which, each, full, heads, is_written, short};
use crate::core::record::Record;
use crate::core::shown::shown_line;
use std::io::{self, Write};

/// The longest text of one line, in bytes.
const WIDTH: usize = 1 << 18;

pub(super) fn write(
    given: &Given,
    which: &Which,
    made: &Made,
    out: &mut impl Write,
    told: &mut dyn FnMut(u64, u64),
) -> io::Result<u64> {
    writeln!(out, "# Incident log\n\nExported {} by andon {}.", text(&made.at.rfc3339()), text(&made.build))?;
    let only = which.words();
    if !only.is_empty() {
        let only: Vec<String> = only.iter().map(|(k, v)| format!("{k} {}", text(v))).collect();
        writeln!(out, "Only a part of the log: {}.", only.join(", "))?;
    }
    writeln!(out, "\n## What happened\n\nTimes are UTC. `andon log show SEQ@SESSION` tells a record in full.")?;
    let mut day = String::new();
    let n = each(given, which, told, |r, _| {
        let this = r.when().get(..10).unwrap_or("no date").to_owned();
        if this != day {
            writeln!(out, "\n### {}\n\n| time | what | record |\n|---|---|---|", text(&this))?;
            day = this;
        }
        writeln!(out, "| {} | {} | {} |", text(r.hms()), text(&full::what(r)), text(&short(r)))
    })?;
    if n == 0 {
        writeln!(out, "\nNo record.")?;
    }
    let mut any = false;
    each(given, which, told, |r, _| written(r, out, &mut any))?;
    writeln!(out, "\n## What it rests on\n\n| file | | head |\n|---|---|---|")?;
    for ((file, what), s) in heads(given).iter().zip(&given.sources) {
        let head = if s.head.is_empty() { "none".into() } else { format!("`{}`", hex(&s.head)) };
        writeln!(out, "| {} | {} | {head} |", text(file), text(what))?;
    }
    writeln!(out, "\n{}", text(super::super::chain::SHOWS))?;
    Ok(n)
}

fn written(r: &Record, out: &mut impl Write, any: &mut bool) -> io::Result<()> {
    if !is_written(r) {
        return Ok(());
    }
    if !std::mem::replace(any, true) {
        writeln!(out, "\n## What people wrote, in full")?;
    }
    writeln!(out, "\n**{} {}**, {}:\n", text(r.hms()), text(r.who()), text(&r.kind))?;
    let words = ["title", "text", "reason"].iter().filter_map(|m| r.data[*m].as_str()).filter(|s| !s.is_empty());
    for (i, part) in words.enumerate() {
        if i > 0 {
            writeln!(out, ">")?;
        }
        for l in part.split('\n') {
            // Two blanks at its end: a line of its own.
            writeln!(out, "> {}  ", text(l))?;
        }
    }
    writeln!(out, "\n{}", text(&short(r)))
}

/// Only what a hash is made of; a file could state anything.
fn hex(s: &str) -> String {
    s.chars().filter(char::is_ascii_hexdigit).take(64).collect()
}

/// Foreign text as plain text: through the gate, then everything that Markdown reads as a sign is escaped.
fn text(s: &str) -> String {
    let s = shown_line(s, WIDTH).into_string();
    let mut out = String::with_capacity(s.len() + 8);
    for c in s.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '\\' | '`' | '*' | '_' | '[' | ']' | '#' | '|' | '~' | '$' => {
                out.push('\\');
                out.push(c);
            }
            // At its start it would be a list, a heading's line or a rule.
            '-' | '+' | '=' if out.trim().is_empty() => {
                out.push('\\');
                out.push(c);
            }
            // `1. one` too.
            '.' | ')' if !out.is_empty() && out.trim().chars().all(|c| c.is_ascii_digit()) => {
                out.push('\\');
                out.push(c);
            }
            _ => out.push(c),
        }
    }
    // A bare address becomes a link by itself.
    out.replace("://", "\\://").replace("www.", "www\\.")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn foreign_text_is_text() {
        assert_eq!(text("a|b"), "a\\|b");
        assert_eq!(text("<script>alert(1)</script>"), "&lt;script&gt;alert(1)&lt;/script&gt;");
        assert_eq!(text("- item"), "\\- item");
        assert_eq!(text("1. one"), "1\\. one");
        assert_eq!(text("v2.14-rc"), "v2.14-rc");
        assert_eq!(text("2026-11-21 03:14:07.250"), "2026-11-21 03:14:07.250");
        assert_eq!(text("=cmd"), "\\=cmd");
        assert_eq!(text("http://x [y](z)"), "http\\://x \\[y\\](z)");
        assert_eq!(text("a\u{1b}[2J\u{202e}"), "a^\\[\\[2J&lt;U+202E&gt;");
        assert_eq!(hex("`|<9f"), "9f");
    }
}
