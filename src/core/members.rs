//! A record in full: every member by its path, nested ones flattened, nothing left out. Texts are as they stand in the
//! record; whoever draws them passes them through the gate. Knows no kind: records of other versions read the same.

use crate::core::record::{Record, UNREADABLE};
use serde_json::Value;

/// One member: its path, `seen.errors.candidate`, and its value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    pub name: String,
    pub value: String,
}

/// All members in reading order: what, when, who, on what; then what is said; then what proves it.
pub fn of(r: &Record) -> Vec<Member> {
    let mut out = Vec::new();
    let mut add = |name: &str, value: String| {
        if !value.is_empty() {
            out.push(Member { name: name.to_owned(), value });
        }
    };
    if r.kind == UNREADABLE {
        add("line", "is not readable as a record".into());
        add("file", r.session.clone());
        add("begins", r.data.as_str().unwrap_or_default().to_owned());
        return out;
    }
    add("kind", r.kind.clone());
    match &r.at {
        Some(at) => {
            add("at", at.clone());
            add("recorded", format!("{} (later than it was true)", r.utc));
        }
        None => add("at", r.utc.clone()),
    }
    add(
        "who",
        match r.claimed.as_deref() {
            Some("not given") => format!("{} (unix user; who the person is was not given)", r.user),
            Some(name) => format!("{name} (unix user {})", r.user),
            None => r.user.clone(),
        },
    );
    add("host", r.host.clone());
    add("incident", r.incident.clone().unwrap_or_default());
    if let Some(t) = &r.target {
        let part = |k: &str| t[k].as_str().unwrap_or("?");
        let known = t.as_object().is_some_and(|m| m.len() == 5);
        if known {
            add("target", format!("{} {}", r.target_at().unwrap_or_default(), part("kind").to_lowercase()));
            add("namespace", part("namespace").to_owned());
            add("uid", part("uid").to_owned());
        } else {
            flat("target", t, &mut out);
        }
    }
    match &r.data {
        Value::Object(m) => m.iter().for_each(|(k, v)| flat(k, v, &mut out)),
        Value::Null => {}
        other => flat("data", other, &mut out),
    }
    let mut add = |name: &str, value: String| out.push(Member { name: name.to_owned(), value });
    add("session", format!("{}, record {}", r.session, r.seq));
    add("hlc", format!("{} {}", r.hlc.0, r.hlc.1));
    if let Some(t) = r.ticket.filter(|_| r.data["ticket"].is_null()) {
        add("ticket", t.to_string());
    }
    r.rest.iter().for_each(|(k, v)| flat(k, v, &mut out));
    if !r.hash.is_empty() {
        out.push(Member { name: "hash".into(), value: r.hash.clone() });
    }
    out
}

fn flat(name: &str, value: &Value, out: &mut Vec<Member>) {
    let mut add = |value: String| out.push(Member { name: name.to_owned(), value });
    match value {
        // Missing is not zero; said to be nothing is not missing.
        Value::Null => add("none".into()),
        Value::Bool(b) => add(if *b { "yes" } else { "no" }.into()),
        Value::Number(n) => add(n.to_string()),
        Value::String(s) => add(s.clone()),
        Value::Array(a) if a.iter().all(|v| !v.is_array() && !v.is_object()) => {
            let word = |v: &Value| v.as_str().map_or_else(|| v.to_string(), str::to_owned);
            add(if a.is_empty() { "none".into() } else { a.iter().map(word).collect::<Vec<_>>().join(", ") });
        }
        Value::Array(a) => a.iter().zip(1..).for_each(|(v, n)| flat(&format!("{name}.{n}"), v, out)),
        Value::Object(m) if m.is_empty() => add("none".into()),
        Value::Object(m) => m.iter().for_each(|(k, v)| flat(&format!("{name}.{k}"), v, out)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Vec<String> {
        of(&Record::read("file", text.as_bytes())).into_iter().map(|m| format!("{} = {}", m.name, m.value)).collect()
    }

    #[test]
    fn every_member_is_there_whatever_wrote_the_record() {
        let all = read(
            r#"{"v":9,"session":"s","seq":4,"hlc":[7,1],"utc":"2026-11-21T03:14:07.000Z","kind":"page-out","new":{"a":[1,{"b":null}]},
            "actor":{"user":"mira","claimed":"not given"},"host":"h","target":{"source":"eu-1","odd":1},"ticket":3,
            "data":{"seen":{"gates":[],"ok":true},"words":["x","y"]},"prev":"00","hash":"ff"}"#,
        );
        assert_eq!(
            all,
            [
                "kind = page-out",
                "at = 2026-11-21T03:14:07.000Z",
                "who = mira (unix user; who the person is was not given)",
                "host = h",
                "target.odd = 1",
                "target.source = eu-1",
                "seen.gates = none",
                "seen.ok = yes",
                "words = x, y",
                "session = s, record 4",
                "hlc = 7 1",
                "ticket = 3",
                "new.a.1 = 1",
                "new.a.2.b = none",
                "prev = 00",
                "v = 9",
                "hash = ff",
            ]
        );
    }

    #[test]
    fn a_line_that_is_no_record_says_so_and_late_ones_say_when_it_was_true() {
        assert_eq!(read("[1"), ["line = is not readable as a record", "file = file", "begins = [1"]);
        let late = read(r#"{"utc":"B","at":"A","kind":"note","actor":{"user":"u","claimed":"Mira"}}"#);
        assert_eq!(late[1..4], ["at = A", "recorded = B (later than it was true)", "who = Mira (unix user u)"]);
    }
}
