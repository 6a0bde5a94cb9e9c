//! One JSON object in ASCII: the heads first, then the records verbatim, one to a line, so that each can be hashed as it
//! stands.

use super::super::record::ascii;
use super::{Given, Made, SCHEMA, Which, each};
use serde_json::{Map, Value, json};
use std::io::{self, Write};

pub(super) fn write(
    given: &Given,
    which: &Which,
    made: &Made,
    out: &mut impl Write,
    told: &mut dyn FnMut(u64, u64),
) -> io::Result<u64> {
    let files: Vec<Value> = given
        .sources
        .iter()
        .map(|s| {
            let mut file = json!({
                "file": s.file,
                "session": s.found.session.as_ref().unwrap_or(&s.session),
                "records": s.found.records,
                "head": s.head,
                "closed": s.found.closed,
                "chain_holds": s.unread.is_none() && s.found.first_bad.is_none(),
            });
            if let Some(b) = &s.found.first_bad {
                file["first_bad"] = json!({"line": b.line, "seq": b.seq, "why": b.why});
            }
            if let Some(t) = &s.found.torn {
                file["unfinished"] = json!({"offset": t.offset, "bytes": t.bytes, "sha256": t.sha256});
            }
            if let Some(why) = &s.unread {
                file["not_read"] = json!(why);
            }
            file
        })
        .collect();
    let filter: Map<String, Value> = which.words().into_iter().map(|(k, v)| (k.to_owned(), v.into())).collect();
    member(out, "{", "schema", &json!(SCHEMA))?;
    member(out, ",", "exported", &json!(made.at.rfc3339()))?;
    member(out, ",", "build", &json!(made.build))?;
    member(out, ",", "filter", &Value::Object(filter))?;
    member(out, ",", "files", &Value::Array(files))?;
    out.write_all(b",\n\"records\":[")?;
    let mut first = true;
    let n = each(given, which, told, |record, line| {
        out.write_all(if first { b"\n" } else { b",\n" })?;
        first = false;
        let printable = line.iter().all(|b| matches!(b, b' '..=b'~'));
        match serde_json::from_slice::<Value>(line) {
            Ok(Value::Object(_)) if printable => out.write_all(line),
            // Not as this program writes it: its chain says so. Nothing in it is lost.
            Ok(object @ Value::Object(_)) => out.write_all(&ascii(&object)?),
            _ => {
                let text = String::from_utf8_lossy(line);
                out.write_all(&ascii(&json!({"session": record.session, "kind": record.kind, "line": text}))?)
            }
        }
    })?;
    out.write_all(b"\n]")?;
    member(out, ",", "count", &json!(n))?;
    out.write_all(b"}\n")?;
    Ok(n)
}

fn member(out: &mut impl Write, before: &str, name: &str, value: &Value) -> io::Result<()> {
    write!(out, "{before}{}\"{name}\":", if before == "{" { "" } else { "\n" })?;
    out.write_all(&ascii(value)?)
}
