//! A record with every member, in lines that a person reads. Everything from outside is made visible; nothing is left out.

use super::name;
use crate::core::record::Record;
use crate::core::shown::shown_line;
use crate::journal::words;
use serde_json::Value;

/// The longest line, in bytes: more than a record can hold.
const WIDTH: usize = 1 << 18;
/// Columns of a member's name.
const NAMES: usize = 14;
/// Text longer than this stands below its name.
const BESIDE: usize = 400;

fn gate(text: &str) -> String {
    shown_line(text, WIDTH).into_string()
}

/// The one line of a record without its time, who wrote it and about what.
pub fn what(r: &Record) -> String {
    let line = words::line(r);
    let text = line.get(r.hms().len() + 1..).unwrap_or(&line);
    text.to_owned()
}

/// The lines, the first one naming the record. `holds`: whether its hash is that of its line.
pub fn lines(r: &Record, holds: bool) -> Vec<String> {
    let mut out = vec![gate(&format!("{}  {}  {}", name(r), r.when(), r.kind)), format!("  {}", what(r))];
    let mut put = |name: &str, value: &Value| member(&mut out, 2, name, value);
    let text = |s: &str| Value::String(s.to_owned());
    if r.at.is_some() {
        put("written", &text(&r.utc));
    }
    put(
        "who",
        &text(&match &r.claimed {
            Some(claimed) => format!("{claimed} (unix user {}) on {}", r.user, r.host),
            None => format!("{} on {}", r.user, r.host),
        }),
    );
    if let Some(id) = &r.incident {
        put("incident", &text(id));
    }
    if let Some(t) = &r.target {
        put("target", t);
    }
    if let Some(t) = r.ticket {
        put("ticket", &t.into());
    }
    match &r.data {
        Value::Object(members) => members.iter().for_each(|(name, value)| put(name, value)),
        Value::Null => {}
        other => put("data", other),
    }
    put("hlc", &text(&format!("{} {}", r.hlc.0, r.hlc.1)));
    r.rest.iter().for_each(|(name, value)| put(name, value));
    if !r.hash.is_empty() {
        let word = if holds { "its bytes have this hash" } else { "NOT THE HASH OF ITS BYTES" };
        put("hash", &text(&format!("{}  {word}", r.hash)));
    }
    out
}

fn member(out: &mut Vec<String>, indent: usize, name: &str, value: &Value) {
    let pad = " ".repeat(indent);
    let name = gate(name);
    match value {
        Value::Null => {}
        Value::Object(m) if m.is_empty() => {}
        Value::Object(members) => {
            out.push(format!("{pad}{name}"));
            members.iter().for_each(|(n, v)| member(out, indent + 2, n, v));
        }
        Value::Array(items) if items.iter().any(|i| i.is_object() || i.as_str().is_some_and(long)) => {
            out.push(format!("{pad}{name}"));
            items.iter().for_each(|v| member(out, indent + 2, "-", v));
        }
        Value::String(s) if long(s) => {
            out.push(format!("{pad}{name}"));
            out.extend(s.split('\n').map(|part| format!("{pad}  | {}", gate(part))));
        }
        other => out.push(format!("{pad}{name:<NAMES$} {}", gate(&scalar(other)))),
    }
}

fn long(s: &str) -> bool {
    s.contains('\n') || s.len() > BESIDE
}

fn scalar(v: &Value) -> String {
    match v {
        Value::Null => "none".into(),
        Value::Bool(true) => "yes".into(),
        Value::Bool(false) => "no".into(),
        Value::Number(n) => n.to_string(),
        Value::String(s) => s.clone(),
        Value::Array(items) => items.iter().map(scalar).collect::<Vec<_>>().join(", "),
        Value::Object(_) => v.to_string(),
    }
}
