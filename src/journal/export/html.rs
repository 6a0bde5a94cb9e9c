//! One HTML file that anybody can open: no script, no network, nothing that is not in it. Text from outside is escaped for
//! text and for attributes alike.

use super::{Given, Made, Which, each, full, heads, short};
use crate::core::record::Record;
use crate::core::shown::shown_line;
use std::io::{self, Write};

/// The longest text of one line, in bytes.
const WIDTH: usize = 1 << 18;

const HEAD: &str = r#"<!doctype html>
<html lang="en"><head><meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="referrer" content="no-referrer">
<title>Incident log</title>
<style>
:root { color-scheme: light dark }
body { font: 15px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 76rem; padding: 0 1rem }
table { border-collapse: collapse; width: 100% }
th, td { text-align: left; vertical-align: top; padding: .2rem .8rem .2rem 0; border-bottom: 1px solid #8884 }
td.t, td.h { white-space: nowrap; font-variant-numeric: tabular-nums }
td.h, pre { font-family: ui-monospace, monospace; font-size: 13px }
td.h { word-break: break-all; white-space: normal }
pre { white-space: pre-wrap; overflow-wrap: anywhere; margin: .3rem 0 .6rem }
summary { cursor: pointer; overflow-wrap: anywhere }
tr.act summary { font-weight: 600 }
tr.saw { opacity: .75 }
tr.bad { color: #b00020 }
@media (prefers-color-scheme: dark) { tr.bad { color: #ff8a80 } }
@media print { body { margin: 0; max-width: none } }
</style></head><body>
"#;

pub(super) fn write(
    given: &Given,
    which: &Which,
    made: &Made,
    out: &mut impl Write,
    told: &mut dyn FnMut(u64, u64),
) -> io::Result<u64> {
    out.write_all(HEAD.as_bytes())?;
    writeln!(out, "<h1>Incident log</h1>\n<p>Exported {} by andon {}.", text(&made.at.rfc3339()), text(&made.build))?;
    let only: Vec<String> = which.words().iter().map(|(k, v)| format!("{k} {}", text(v))).collect();
    if !only.is_empty() {
        writeln!(out, "<strong>Only a part of the log:</strong> {}.", only.join(", "))?;
    }
    writeln!(out, "Times are UTC. A line opens to its whole record.</p>")?;
    let mut day = String::new();
    let n = each(given, which, told, |r, line| {
        let this = r.when().get(..10).unwrap_or("no date").to_owned();
        if this != day {
            if !day.is_empty() {
                writeln!(out, "</table>")?;
            }
            writeln!(out, "<h2>{}</h2>\n<table>", text(&this))?;
            day = this;
        }
        row(r, line, out)
    })?;
    writeln!(out, "{}", if n == 0 { "<p>No record.</p>" } else { "</table>" })?;
    writeln!(out, "<h2>What it rests on</h2>\n<table><tr><th>file</th><th></th><th>head</th></tr>")?;
    for ((file, what), s) in heads(given).iter().zip(&given.sources) {
        let bad = if s.unread.is_some() || s.found.first_bad.is_some() { " class=\"bad\"" } else { "" };
        let head = if s.head.is_empty() { "none".to_owned() } else { text(&s.head) };
        writeln!(out, "<tr{bad}><td>{}</td><td>{}</td><td class=\"h\">{head}</td></tr>", text(file), text(what))?;
    }
    writeln!(out, "</table>\n<p>{}</p>\n</body></html>", text(super::super::chain::SHOWS))?;
    Ok(n)
}

fn row(r: &Record, line: &[u8], out: &mut impl Write) -> io::Result<()> {
    let holds = super::holds_alone(line);
    let class = match r.kind.as_str() {
        _ if !holds => "bad",
        "intent" | "sent" | "accepted" | "refused" | "unknown" | "seen" | "settled" | "stuck" | "undone"
        | "resolved" => "act",
        "phase" | "verdict" | "source" | "burn" | "figures" => "saw",
        _ => "other",
    };
    writeln!(
        out,
        "<tr class=\"{class}\"><td class=\"t\">{}</td><td><details><summary>{}</summary><pre>",
        text(r.hms()),
        text(&full::what(r))
    )?;
    for l in full::lines(r, holds) {
        writeln!(out, "{}", text(&l))?;
    }
    writeln!(out, "</pre></details></td><td class=\"t\">{}</td></tr>", text(&short(r)))
}

fn text(s: &str) -> String {
    shown_line(s, WIDTH).html()
}
