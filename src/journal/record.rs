//! A record's bytes: one line of ASCII JSON that ends in its own hash. Pure; opens no file.
//!
//! `hash` is the SHA-256, lower-case hex, of the line's bytes as they read without the final `,"hash":"..."` member
//! (the closing brace stays). `prev` is the `hash` of the record before in the same file, 64 zeros for the first.

use super::hlc::Hlc;
use crate::core::act::plan::Ticket;
use crate::core::entry::{Entry, Kind};
use crate::core::id::TargetId;
use crate::core::seal::sha256_hex;
use crate::core::time::Stamp;
use serde::Serialize;
use serde_json::ser::{CompactFormatter, Formatter};
use serde_json::{Map, Value};
use std::borrow::Cow;
use std::io::{self, Write};

/// The schema version this program writes.
pub const VERSION: u32 = 1;
/// The largest record, newline included. Bytes.
pub const MAX_RECORD: usize = 64 * 1024;
/// `prev` of the first record.
pub const ZEROS: &str = "0000000000000000000000000000000000000000000000000000000000000000";
/// What stands before and after the hash at the end of a line.
pub const HASH_OPENS: &[u8] = b",\"hash\":\"";
pub const HASH_CLOSES: &[u8] = b"\"}";
/// Bytes of the whole hash member with the closing brace.
pub const HASH_MEMBER: usize = HASH_OPENS.len() + 64 + HASH_CLOSES.len();
/// Names from outside longer than this are cut, in characters; Kubernetes allows 253.
const MAX_NAME: usize = 512;

/// The unix user, and what the SSH certificate of this login says, where there is one. Serialises as the name alone.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct User {
    pub name: String,
    /// The certificate's principals, joined by `,`.
    pub principal: Option<String>,
    /// The certificate's key id: whom it was made for, in its authority's words.
    pub key_id: Option<String>,
}

impl From<&str> for User {
    fn from(name: &str) -> User {
        User { name: name.to_owned(), ..User::default() }
    }
}

impl From<String> for User {
    fn from(name: String) -> User {
        User { name, ..User::default() }
    }
}

impl std::ops::Deref for User {
    type Target = str;
    fn deref(&self) -> &str {
        &self.name
    }
}

impl Serialize for User {
    fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(&self.name)
    }
}

/// Who writes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Actor {
    pub user: User,
    /// Who the person says they are (`--as`, or the answer to the question); [`NOT_GIVEN`] under a shared account until
    /// it is answered.
    pub claimed: Option<String>,
}

/// `claimed` of records that nobody has put a name to yet.
pub const NOT_GIVEN: &str = "not given";

impl Serialize for Actor {
    fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        use serde::ser::SerializeMap;
        let mut map = to.serialize_map(None)?;
        map.serialize_entry("user", &self.user)?;
        for (name, said) in
            [("principal", &self.user.principal), ("key_id", &self.user.key_id), ("claimed", &self.claimed)]
        {
            if let Some(said) = said {
                map.serialize_entry(name, said)?;
            }
        }
        map.end()
    }
}

/// What is the same in every record of a session.
#[derive(Clone, Debug)]
pub struct Who {
    /// The file's name without `.jsonl`.
    pub session: String,
    pub actor: Actor,
    pub host: String,
}

/// Where a record stands in its file.
#[derive(Clone, Copy, Debug)]
pub struct Place<'a> {
    /// From 1.
    pub seq: u64,
    pub hlc: Hlc,
    pub prev: &'a str,
    /// When it is appended.
    pub stamp: Stamp,
    /// Observations dropped since the record before, because the disk did not follow.
    pub missed: u64,
}

/// A finished line, its newline included.
#[derive(Clone, Debug)]
pub struct Line {
    pub bytes: Vec<u8>,
    pub hash: String,
}

#[derive(Serialize)]
struct Body<'a> {
    v: u32,
    session: &'a str,
    seq: u64,
    hlc: Hlc,
    utc: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    at: Option<String>,
    mono: i64,
    actor: &'a Actor,
    host: &'a str,
    kind: Kind,
    #[serde(skip_serializing_if = "Option::is_none")]
    incident: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    target: Option<Cow<'a, TargetId>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ticket: Option<Ticket>,
    #[serde(skip_serializing_if = "Option::is_none")]
    missed: Option<u64>,
    data: &'a Value,
    prev: &'a str,
}

/// The line of `entry`. Without a `ticket` of its own it takes the one its data name: outcomes are tied to their intent.
/// Data that would make it longer than [`MAX_RECORD`] is cut, and the cut is named in the data.
pub fn line(who: &Who, place: Place<'_>, entry: &Entry, ticket: Option<Ticket>) -> io::Result<Line> {
    let clean = super::redact::data(&entry.data);
    let body = |data: &Value| {
        ascii(&Body {
            v: VERSION,
            session: &who.session,
            seq: place.seq,
            hlc: place.hlc,
            utc: place.stamp.utc.rfc3339(),
            at: (entry.at != place.stamp.utc).then(|| entry.at.rfc3339()),
            mono: place.stamp.person.0,
            actor: &who.actor,
            host: &who.host,
            kind: entry.kind,
            incident: entry.incident.as_deref(),
            target: entry.target.as_ref().map(bounded),
            ticket: ticket.or_else(|| entry.data["ticket"].as_u64().map(Ticket)),
            missed: (place.missed > 0).then_some(place.missed),
            data,
            prev: place.prev,
        })
    };
    let mut bytes = body(&clean)?;
    if bytes.len() + HASH_MEMBER > MAX_RECORD {
        let around = body(&Value::Null)?.len() + HASH_MEMBER;
        bytes = body(&cut(&clean, MAX_RECORD.saturating_sub(around))?)?;
    }
    let hash = sha256_hex(&bytes);
    bytes.pop();
    bytes.extend_from_slice(HASH_OPENS);
    bytes.extend_from_slice(hash.as_bytes());
    bytes.extend_from_slice(HASH_CLOSES);
    bytes.push(b'\n');
    Ok(Line { bytes, hash })
}

/// JSON with everything outside printable ASCII escaped.
pub fn ascii(value: &impl Serialize) -> io::Result<Vec<u8>> {
    let mut out = Vec::with_capacity(512);
    let mut to = serde_json::Serializer::with_formatter(&mut out, Ascii(CompactFormatter));
    value.serialize(&mut to)?;
    Ok(out)
}

/// serde_json escapes what JSON must; this escapes the rest, so that no terminal or tool is surprised.
struct Ascii(CompactFormatter);

impl Formatter for Ascii {
    fn write_string_fragment<W: ?Sized + Write>(&mut self, to: &mut W, text: &str) -> io::Result<()> {
        if text.is_ascii() && !text.contains('\u{7f}') {
            return self.0.write_string_fragment(to, text);
        }
        let mut plain = 0;
        for (i, c) in text.char_indices() {
            if c.is_ascii() && c != '\u{7f}' {
                continue;
            }
            self.0.write_string_fragment(to, &text[plain..i])?;
            for unit in c.encode_utf16(&mut [0; 2]) {
                write!(to, "\\u{unit:04x}")?;
            }
            plain = i + c.len_utf8();
        }
        self.0.write_string_fragment(to, &text[plain..])
    }
}

/// `data` in at most `room` bytes: long strings first, everything at last. Names the size it had and its SHA-256.
fn cut(data: &Value, room: usize) -> io::Result<Value> {
    let full = ascii(data)?;
    let name = |mut m: Map<String, Value>| {
        m.insert("cut".into(), full.len().into());
        m.insert("cut_sha256".into(), sha256_hex(&full).into());
        Value::Object(m)
    };
    let mut limit = room / 2;
    while limit >= 64 {
        let short = name(match shortened(data, limit) {
            Value::Object(members) => members,
            other => Map::from_iter([("value".to_owned(), other)]),
        });
        if ascii(&short)?.len() <= room {
            return Ok(short);
        }
        limit /= 2;
    }
    // Too many members: those that tell what was done, by whom and why; then the beginning of the text, quotes escaped
    // once more.
    let mut kept = match data {
        Value::Object(members) => foremost(members, (room / 2).saturating_sub(4096))?,
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => Map::new(),
    };
    let head = String::from_utf8_lossy(&full[..full.len().min(room / 8)]).into_owned();
    kept.insert("value".to_owned(), head.into());
    Ok(name(kept))
}

/// What a record must still say when nothing else has room, most important first.
const FOREMOST: [&str; 26] = [
    "act",
    "ticket",
    "original",
    "verb",
    "step",
    "of",
    "session",
    "id",
    "number",
    "state",
    "word",
    "how",
    "by",
    "status",
    "primitive",
    "name_typed",
    "look_only",
    "from_version",
    "to_version",
    "from",
    "to",
    "why",
    "request",
    "sentence",
    "title",
    "text",
];
/// And of a request.
const OF_REQUEST: [&str; 4] = ["method", "path", "body_sha256", "title"];
/// Names of members left out that are told.
const LEFT_OUT: usize = 32;

/// As many members as have `room` bytes, [`FOREMOST`] first, then the smallest; the others' names in `cut_members`.
fn foremost(all: &Map<String, Value>, room: usize) -> io::Result<Map<String, Value>> {
    let mut rest: Vec<(usize, &String)> = Vec::new();
    for (name, v) in all.iter().filter(|(n, _)| !FOREMOST.contains(&n.as_str())) {
        rest.push((ascii(v)?.len(), name));
    }
    rest.sort();
    let named = FOREMOST.iter().filter_map(|n| all.get_key_value(*n).map(|(n, _)| n));
    let (mut kept, mut out, mut used) = (Map::new(), Vec::new(), 0);
    for name in named.chain(rest.into_iter().map(|(_, n)| n)) {
        let mut v = shortened(&all[name], 1024);
        let mut size = ascii(&v)?.len() + ascii(name)?.len() + 2;
        if used + size > room && name == "request" {
            let only = OF_REQUEST.iter().filter_map(|n| Some(((*n).to_owned(), shortened(all[name].get(*n)?, 1024))));
            v = Value::Object(only.collect());
            size = ascii(&v)?.len() + 12;
        }
        if used + size <= room {
            used += size;
            kept.insert(name.clone(), v);
        } else if out.len() < LEFT_OUT {
            out.push(Value::from(name.chars().take(64).collect::<String>()));
        }
    }
    if !out.is_empty() {
        kept.insert("cut_members".into(), out.into());
    }
    Ok(kept)
}

/// The same with every string cut to `limit` bytes of JSON.
fn shortened(v: &Value, limit: usize) -> Value {
    match v {
        Value::String(s) => {
            let mut room = limit;
            let kept: String = s
                .chars()
                .take_while(|c| {
                    let cost = match c {
                        ' '..='~' => 2,
                        '\u{10000}'.. => 12,
                        _ => 6,
                    };
                    room.checked_sub(cost).map(|r| room = r).is_some()
                })
                .collect();
            Value::String(if kept.len() < s.len() { kept + "[cut]" } else { kept })
        }
        Value::Array(a) => a.iter().map(|v| shortened(v, limit)).collect(),
        Value::Object(m) => m.iter().map(|(k, v)| (k.clone(), shortened(v, limit))).collect(),
        Value::Null | Value::Bool(_) | Value::Number(_) => v.clone(),
    }
}

/// A server's names are short; a lying one must not fill the record.
fn bounded(t: &TargetId) -> Cow<'_, TargetId> {
    let parts = [t.source.as_str(), &t.namespace, &t.kind, &t.name, &t.uid];
    if parts.iter().all(|p| p.len() <= MAX_NAME) {
        return Cow::Borrowed(t);
    }
    let [source, namespace, kind, name, uid] = parts.map(|p| p.chars().take(MAX_NAME).collect::<String>());
    Cow::Owned(TargetId {
        source: source.as_str().into(),
        namespace: namespace.into(),
        kind: kind.into(),
        name: name.into(),
        uid: uid.into(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::journal::scratch::{at, entry, target};
    use serde_json::json;

    fn who() -> Who {
        Who { session: "s".into(), actor: Actor { user: "mira".into(), claimed: None }, host: "bastion2".into() }
    }

    fn place() -> Place<'static> {
        Place { seq: 1, hlc: Hlc(5, 0), prev: ZEROS, stamp: at(0), missed: 0 }
    }

    #[test]
    fn the_line_reads_as_the_page_says() {
        let mut e = entry(Kind::Note, -250, json!({"text": "a\u{7f}\u{e9}\u{1F525}\n\"b"}));
        e.target = Some(target());
        let l = line(&who(), place(), &e, Some(Ticket(7))).expect("line");
        let body = concat!(
            r#"{"v":1,"session":"s","seq":1,"hlc":[5,0],"utc":"2026-11-21T03:14:07.000Z","#,
            r#""at":"2026-11-21T03:14:06.750Z","mono":0,"actor":{"user":"mira"},"host":"bastion2","kind":"note","#,
            r#""target":{"source":"eu-1","namespace":"shop","kind":"Rollout","name":"checkout","uid":"f3c1"},"#,
            r#""ticket":7,"data":{"text":"a\u007f\u00e9\ud83d\udd25\n\"b"},"#,
            r#""prev":"0000000000000000000000000000000000000000000000000000000000000000""#,
        );
        assert_eq!(l.hash, sha256_hex(format!("{body}}}").as_bytes()));
        assert_eq!(String::from_utf8(l.bytes).expect("ascii"), format!("{body},\"hash\":\"{}\"}}\n", l.hash));
    }

    #[test]
    fn whatever_is_put_in_the_line_stays_in_its_bound_and_the_cut_is_named() {
        let many: Vec<Value> = (0..40_000).map(Value::from).collect();
        for data in [
            json!({"verb": "roll back", "request": {"shown": "x".repeat(90_000)}}),
            json!({"text": "\u{1F525}".repeat(30_000), "verb": "hold"}),
            json!("\"".repeat(70_000)),
            json!({"many": many.clone()}),
        ] {
            let mut e = entry(Kind::Note, 0, data);
            e.target = Some(TargetId { name: "\u{1F525}".repeat(9000).into(), ..target() });
            let l = line(&who(), place(), &e, None).expect("line");
            assert!(l.bytes.len() <= MAX_RECORD, "{}", l.bytes.len());
            let v: Value = serde_json::from_slice(&l.bytes).expect("json");
            assert_eq!(v["data"]["cut"], ascii(&e.data).expect("json").len());
        }
        // Whatever else is in it, what was asked and why stays.
        let mut data: Map<String, Value> = (0..4000).map(|n| (format!("figure_{n}"), json!("z".repeat(60)))).collect();
        for (name, v) in [
            ("act", json!(3)),
            ("ticket", json!(7)),
            ("verb", json!("roll back")),
            ("why", json!("WORSE")),
            ("request", json!({"method": "PATCH", "path": "/apis/x", "body_sha256": "9f3a", "guards": many})),
        ] {
            data.insert(name.into(), v);
        }
        let l = line(&who(), place(), &entry(Kind::Intent, 0, Value::Object(data)), None).expect("line");
        assert!(l.bytes.len() <= MAX_RECORD, "{}", l.bytes.len());
        let v: Value = serde_json::from_slice(&l.bytes).expect("json");
        let d = &v["data"];
        assert_eq!(
            (&v["ticket"], &d["act"], &d["verb"], &d["why"]),
            (&json!(7), &json!(3), &json!("roll back"), &json!("WORSE"))
        );
        assert_eq!(d["request"], json!({"method": "PATCH", "path": "/apis/x", "body_sha256": "9f3a"}));
        assert_eq!(d["cut_members"].as_array().map(Vec::len), Some(LEFT_OUT));

        let e = entry(Kind::Note, 0, json!({"verb": "hold", "text": "y".repeat(70_000)}));
        let l = line(&who(), place(), &e, None).expect("line");
        let v: Value = serde_json::from_slice(&l.bytes).expect("json");
        assert_eq!(v["data"]["verb"], "hold");
        assert!(v["data"]["text"].as_str().expect("text").starts_with("yyyy"));
    }
}
