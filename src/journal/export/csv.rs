//! RFC 4180: every field quoted, lines ending in CR LF. What a spreadsheet would run gets a quote mark in front, and
//! nothing that could steer a terminal is in it.

use super::super::record::ascii;
use super::{Given, Which, each, full, heads};
use crate::core::record::Record;
use crate::core::shown::shown_line;
use std::io::{self, Write};

const COLUMNS: [&str; 17] = [
    "time",
    "written",
    "session",
    "seq",
    "kind",
    "who",
    "user",
    "host",
    "incident",
    "source",
    "namespace",
    "target",
    "act",
    "verb",
    "what",
    "data",
    "hash",
];
/// The longest field, in bytes: a record has at most 64 kB, escapes make it longer.
const FIELD: usize = 1 << 20;

pub(super) fn write(
    given: &Given,
    which: &Which,
    out: &mut impl Write,
    told: &mut dyn FnMut(u64, u64),
) -> io::Result<u64> {
    line(out, &COLUMNS.map(str::to_owned))?;
    let n = each(given, which, told, |r, _| line(out, &fields(r)?))?;
    // The table has no other place for them: one row for each file at its end.
    for ((file, what), s) in heads(given).into_iter().zip(&given.sources) {
        let mut row = [const { String::new() }; COLUMNS.len()];
        row[2].clone_from(&s.session);
        row[3] = s.found.records.to_string();
        row[4] = "export-head".into();
        row[14] = format!("{file}: {what}");
        row[16].clone_from(&s.head);
        line(out, &row)?;
    }
    Ok(n)
}

fn fields(r: &Record) -> io::Result<[String; COLUMNS.len()]> {
    let of = |member: &str| r.target.as_ref().and_then(|t| t[member].as_str()).unwrap_or_default().to_owned();
    let data = String::from_utf8(ascii(&r.data)?).unwrap_or_default();
    Ok([
        r.when().to_owned(),
        r.at.as_ref().map(|_| r.utc.clone()).unwrap_or_default(),
        r.session.clone(),
        r.seq.to_string(),
        r.kind.clone(),
        r.who().to_owned(),
        r.user.clone(),
        r.host.clone(),
        r.incident.clone().unwrap_or_default(),
        of("source"),
        of("namespace"),
        of("name"),
        r.data["act"].as_u64().map(|n| n.to_string()).unwrap_or_default(),
        r.data["verb"].as_str().unwrap_or_default().to_owned(),
        full::what(r),
        data,
        r.hash.clone(),
    ])
}

fn line(out: &mut impl Write, fields: &[String]) -> io::Result<()> {
    for (i, f) in fields.iter().enumerate() {
        write!(out, "{}\"{}\"", if i == 0 { "" } else { "," }, field(f))?;
    }
    out.write_all(b"\r\n")
}

/// One field's text: through the gate, quotes doubled, no formula at its start.
fn field(text: &str) -> String {
    let text = shown_line(text, FIELD).into_string();
    // The wide forms are taken for the narrow ones by some programs.
    let formula = |c: char| matches!(c, '=' | '+' | '-' | '@' | '\u{ff1d}' | '\u{ff0b}' | '\u{ff0d}' | '\u{ff20}');
    let guard = if text.trim_start().starts_with(formula) { "'" } else { "" };
    format!("{guard}{}", text.replace('"', "\"\""))
}
