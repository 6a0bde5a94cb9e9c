//! A record of the incident log as a reader sees it: every field may be missing or of a later version, nothing is lost.
//! Checks no hash and opens no file. What the console, the report and the exports know of the past is read off these.

use crate::core::entry::Entry;
use crate::core::id::TargetId;
use crate::core::time::Utc;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::cmp::Ordering;

/// (milliseconds, counter): the hybrid logical clock. In a record: `[1795231647250,0]`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Hlc(pub i64, pub u32);

/// Which record is meant, whatever stands around it now. The hash tells two apart that claim the same place in a damaged
/// file.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Key {
    pub session: String,
    pub seq: u64,
    pub hash: String,
}

/// The kind of a line that is no JSON object.
pub const UNREADABLE: &str = "unreadable";

/// One record, leniently read.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Record {
    /// As the record says it, else the file's name.
    pub session: String,
    pub seq: u64,
    pub hlc: Hlc,
    /// When it was appended (RFC 3339), as written.
    pub utc: String,
    /// When it was true, where that differs.
    pub at: Option<String>,
    pub user: String,
    /// Principals and key id of the SSH certificate the person came with.
    #[serde(default)]
    pub principal: Option<String>,
    #[serde(default)]
    pub key_id: Option<String>,
    pub claimed: Option<String>,
    pub host: String,
    /// The kind's word; also one this version does not know.
    pub kind: String,
    /// The incident's id.
    pub incident: Option<String>,
    /// As written: source, namespace, kind, name, uid.
    pub target: Option<Value>,
    pub ticket: Option<u64>,
    pub data: Value,
    pub hash: String,
    /// Members this version does not know, and known ones of a wrong type.
    pub rest: Map<String, Value>,
}

impl Record {
    /// Reads a line without its newline. Never fails: a line that is no object has the kind [`UNREADABLE`].
    pub fn read(session: &str, line: &[u8]) -> Record {
        let Ok(Value::Object(mut m)) = serde_json::from_slice::<Value>(line) else {
            return Record {
                session: session.to_owned(),
                kind: UNREADABLE.to_owned(),
                data: String::from_utf8_lossy(line).chars().take(200).collect::<String>().into(),
                ..Record::default()
            };
        };
        let mut actor = match m.get("actor") {
            Some(Value::Object(_)) => m.remove("actor").unwrap_or_default(),
            _ => Value::Null,
        };
        let mut inner = |name: &str| match actor.get_mut(name).map(Value::take) {
            Some(Value::String(s)) => Some(s),
            _ => None,
        };
        let (user, claimed) = (inner("user"), inner("claimed"));
        let (principal, key_id) = (inner("principal"), inner("key_id"));
        Record {
            session: text(&mut m, "session").unwrap_or_else(|| session.to_owned()),
            seq: number(&mut m, "seq").unwrap_or_default(),
            hlc: m
                .get("hlc")
                .and_then(|h| Some(Hlc(h[0].as_i64()?, u32::try_from(h[1].as_u64()?).ok()?)))
                .inspect(|_| {
                    m.remove("hlc");
                })
                .unwrap_or_default(),
            utc: text(&mut m, "utc").unwrap_or_default(),
            at: text(&mut m, "at"),
            user: user.unwrap_or_default(),
            principal,
            key_id,
            claimed,
            host: text(&mut m, "host").unwrap_or_default(),
            kind: text(&mut m, "kind").unwrap_or_default(),
            incident: text(&mut m, "incident"),
            target: m.remove("target"),
            ticket: number(&mut m, "ticket"),
            data: m.remove("data").unwrap_or_default(),
            hash: text(&mut m, "hash").unwrap_or_default(),
            rest: m,
        }
    }

    /// The record that `entry` becomes, as far as it needs no journal: without hashes.
    pub fn of(entry: &Entry, session: &str, seq: u64, hlc: Hlc, utc: Utc) -> Record {
        Record {
            session: session.to_owned(),
            seq,
            hlc,
            utc: utc.rfc3339(),
            at: (entry.at != utc).then(|| entry.at.rfc3339()),
            kind: entry.kind.word().to_owned(),
            incident: entry.incident.as_deref().map(str::to_owned),
            target: entry.target.as_ref().and_then(|t| serde_json::to_value(t).ok()),
            ticket: entry.data["ticket"].as_u64(),
            data: entry.data.clone(),
            ..Record::default()
        }
    }

    pub fn key(&self) -> Key {
        Key { session: self.session.clone(), seq: self.seq, hash: self.hash.clone() }
    }

    /// Is this the record that is meant?
    pub fn is(&self, key: &Key) -> bool {
        self.seq == key.seq && self.session == key.session && self.hash == key.hash
    }

    /// When it was true (RFC 3339).
    pub fn when(&self) -> &str {
        self.at.as_deref().unwrap_or(&self.utc)
    }

    /// `03:14:07`, or `--:--:--` where the record has no time.
    pub fn hms(&self) -> &str {
        let t = self.when();
        match t.as_bytes().get(10) {
            Some(b'T') => t.get(11..19).unwrap_or("--:--:--"),
            _ => "--:--:--",
        }
    }

    /// The claimed name, else the unix user.
    pub fn who(&self) -> &str {
        match self.claimed.as_deref() {
            Some(name) if name != "not given" => name,
            _ => &self.user,
        }
    }

    /// `checkout@eu-1`.
    pub fn target_at(&self) -> Option<String> {
        let t = self.target.as_ref()?;
        Some(format!("{}@{}", t["name"].as_str()?, t["source"].as_str()?))
    }

    /// The whole target, where the record names one.
    pub fn target_id(&self) -> Option<TargetId> {
        serde_json::from_value(self.target.clone()?).ok()
    }

    /// Whose record it is, and the ticket it belongs to there. A record that its own session could not write was taken over
    /// from the fallback file by another: `data.original` then says `session`, `ticket`, `act` and `n`.
    pub fn owner(&self) -> (&str, Option<u64>) {
        let original = &self.data["original"];
        match original["session"].as_str() {
            Some(session) => (session, original["ticket"].as_u64()),
            None => (&self.session, self.ticket),
        }
    }

    /// The order in which records of several sessions are read.
    pub fn order(&self, other: &Record) -> Ordering {
        self.hlc.cmp(&other.hlc).then_with(|| self.session.cmp(&other.session)).then(self.seq.cmp(&other.seq))
    }
}

fn text(m: &mut Map<String, Value>, name: &str) -> Option<String> {
    match m.remove(name)? {
        Value::String(s) => Some(s),
        other => {
            m.insert(name.to_owned(), other);
            None
        }
    }
}

fn number(m: &mut Map<String, Value>, name: &str) -> Option<u64> {
    let n = m.get(name)?.as_u64()?;
    m.remove(name);
    Some(n)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unknown_kinds_members_and_types_are_kept() {
        let r = Record::read(
            "file",
            br#"{"v":9,"seq":"4","hlc":[7,1],"utc":"2026-11-21T03:14:07.000Z","kind":"page-out","new":[1],"data":3,"actor":{"user":"mira","claimed":"Mira K"}}"#,
        );
        assert_eq!((r.session.as_str(), r.seq, r.hlc), ("file", 0, Hlc(7, 1)));
        assert_eq!((r.kind.as_str(), r.who(), r.hms()), ("page-out", "Mira K", "03:14:07"));
        assert_eq!(r.rest["seq"], "4");
        assert_eq!(r.rest["new"][0], 1);
        assert_eq!(Record::read("f", b"\xff[").kind, UNREADABLE);
        assert_eq!(Record::read("f", b"{\"utc\":\"2026\"}").hms(), "--:--:--");
    }
}
