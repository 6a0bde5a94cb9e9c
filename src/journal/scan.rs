//! One pass over one file for what a console that opens must know: acts left open, what is said of others' acts, the
//! records of incidents, and whether the lines follow each other. Checks no hash: that is `verify`'s.

use super::chain::hash_of;
use super::hlc::Hlc;
use super::lines::{Forwards, Piece};
use super::link;
use super::places;
use super::record::{HASH_MEMBER, ZEROS};
use crate::core::id::TargetId;
use crate::core::record::{Record, UNREADABLE};
use serde_json::Value;
use std::collections::BTreeMap;
use std::io;
use std::path::Path;

/// Kinds that tell of incidents, follow-ups and debts, of the cord, of changes, of runbooks, and who people are.
pub const CASE: [&str; 17] = [
    "incident-opened",
    "incident-changed",
    "incident-closed",
    "lead",
    "decision",
    "follow-up",
    "debt",
    "ticked",
    "told",
    "who",
    "frozen",
    "thawed",
    "loose",
    // Where the steps of runbooks stand.
    "runbook",
    "emergency",
    "checklist",
    "promoted",
];
/// Kinds that tell what came after a promoted change; kept of the services that have one.
const AFTER: [&str; 3] = ["burn", "settled", "undone"];
/// Kinds that tell more of an incident where they name one.
const OF_INCIDENT: [&str; 10] =
    ["intent", "note", "verdict", "burn", "sent", "refused", "unknown", "stuck", "settled", "undone"];

/// Kinds that tell of an act; taken over from another session they have no ticket of their own.
const ACT: [&str; 10] =
    ["intent", "sent", "accepted", "refused", "unknown", "seen", "settled", "stuck", "undone", "resolved"];

/// An act that was begun and of which nothing tells how it ended.
#[derive(Clone, Debug, PartialEq)]
pub struct Unfinished {
    /// File name, and the place in it.
    pub file: String,
    pub session: String,
    pub seq: u64,
    pub ticket: u64,
    /// When it was meant, as the record says it (RFC 3339).
    pub at: String,
    pub user: String,
    /// `None`: the record names no whole target.
    pub target: Option<TargetId>,
    /// The intent's data.
    pub data: Value,
    /// The last kind recorded for it: `intent` (it may never have left), `sent`, `unknown`, `accepted`, `seen`, `stuck`.
    pub last: String,
}

/// A `resolved` record about another session's act.
#[derive(Clone, Debug, PartialEq)]
pub struct Resolved {
    session: String,
    /// `None`: whatever that session left open on this target, which has been read back.
    ticket: Option<u64>,
    target: Option<TargetId>,
}

impl Resolved {
    fn read(r: &Record) -> Option<Resolved> {
        let of = &r.data["of"];
        let session = of["session"].as_str().or_else(|| r.data["session"].as_str())?;
        Some(Resolved { session: session.to_owned(), ticket: of["ticket"].as_u64(), target: r.target_id() })
    }

    /// Does it say how this act ended?
    pub fn covers(&self, u: &Unfinished) -> bool {
        self.session == u.session
            && match self.ticket {
                Some(t) => t == u.ticket,
                None => self.target == u.target,
            }
    }
}

/// Where a file begins and ends, and whether its lines follow each other.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Places {
    /// Whole lines.
    pub records: u64,
    /// Of the first and the last line that tell one.
    pub first: Option<Hlc>,
    pub last: Option<Hlc>,
    /// The hash that the last whole line states; empty: none.
    pub head: String,
    /// The first line, from 1, that is no record or does not name the hash of the one before it.
    pub broken: Option<u64>,
    /// Offset and bytes of an unfinished last line.
    pub torn: Option<(u64, u64)>,
}

/// Acts without an end, by the session whose they are and its ticket there. The records of one act may stand in two
/// files, where its session's log failed and another one took them over.
pub type Open = BTreeMap<(String, u64), Unfinished>;

/// What a file holds.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Scan {
    /// It tells of an act of another session, whose records were taken over.
    pub foreign: bool,
    pub resolved: Vec<Resolved>,
    /// In their order.
    pub case: Vec<Record>,
    /// Roll-backs that settled: service, milliseconds.
    pub settled: Vec<(String, i64)>,
    pub places: Places,
    /// Bytes read.
    pub size: u64,
}

/// Reads a file. The acts it begins are added to `open`, those it ends taken from there, so that files must come oldest
/// first. `each` gets the hash that every line states.
///
/// # Errors
/// It cannot be read to its end.
pub fn scan(path: &Path, session: &str, open: &mut Open, mut each: impl FnMut(&str)) -> io::Result<Scan> {
    let mut found = Scan::default();
    let mut lines = Forwards::new(places::open(path)?);
    while let Some(piece) = lines.next_piece()? {
        let line = match piece {
            Piece::Line(line) => line,
            Piece::Unfinished(rest) => {
                found.places.torn = Some((found.size, rest.len() as u64));
                found.size += rest.len() as u64;
                break;
            }
            Piece::TooLong => return Err(io::Error::new(io::ErrorKind::InvalidData, "a line longer than 1 MiB")),
        };
        found.size += line.len() as u64 + 1;
        let (hlc, wanted) = match link::head(line) {
            Some(h) => (
                Some(h.hlc),
                h.ticket
                    || ACT.contains(&h.kind)
                    || AFTER.contains(&h.kind)
                    || h.kind == "runbook"
                    || worth(h.kind, h.incident),
            ),
            // Not as we write it: read whole.
            None => (None, true),
        };
        let record = wanted.then(|| Record::read(session, line));
        let hlc = hlc.or(record.as_ref().filter(|r| r.kind != UNREADABLE).map(|r| r.hlc));
        found.places.add(line, hlc);
        each(&found.places.head);
        if let Some(record) = record {
            found.take(record, session, open);
        }
    }
    Ok(found)
}

fn worth(kind: &str, incident: bool) -> bool {
    CASE.contains(&kind) || (incident && OF_INCIDENT.contains(&kind))
}

/// Of incidents, changes or the cord, however long ago. What the cord holds is a fold over its acts as well.
pub fn tells(r: &Record) -> bool {
    worth(&r.kind, r.incident.is_some()) || r.data["cord"] == true
}

/// A runbook's step tells of a change where it says that it was a smoke check, a phase where its pods started again or it
/// went bad.
fn after(r: &Record) -> bool {
    match r.kind.as_str() {
        "runbook" => r.data["smoke"] == true,
        "phase" => r.data["restarts"].is_u64() || r.data["words"].as_str().is_some_and(|w| w.contains("degraded")),
        kind => AFTER.contains(&kind),
    }
}

/// The act's number in its own session.
fn act_of(data: &Value) -> &Value {
    let own = &data["act"];
    if own.is_null() { &data["original"]["act"] } else { own }
}

impl Places {
    fn add(&mut self, line: &[u8], hlc: Option<Hlc>) {
        self.records += 1;
        self.first = self.first.or(hlc);
        self.last = hlc.or(self.last);
        let before = if self.records == 1 { ZEROS } else { &self.head };
        if self.broken.is_none() && prev_of(line) != Some(before.as_bytes()) {
            self.broken = Some(self.records);
        }
        self.head.clear();
        self.head.push_str(hash_of(line).unwrap_or_default());
    }
}

/// What a line's last but one member says, where that is `prev`.
fn prev_of(line: &[u8]) -> Option<&[u8]> {
    hash_of(line)?;
    let body = line.get(..line.len().checked_sub(HASH_MEMBER)?)?.strip_suffix(b"\"")?;
    let (before, prev) = body.split_at_checked(body.len().checked_sub(64)?)?;
    before.ends_with(b",\"prev\":\"").then_some(prev)
}

impl Scan {
    fn take(&mut self, record: Record, session: &str, open: &mut Open) {
        if tells(&record) || after(&record) {
            self.case.push(record.clone());
        }
        if record.kind == "resolved" {
            self.resolved.extend(Resolved::read(&record));
        }
        if record.kind == "settled"
            && record.data["verb"] == "roll back"
            && let (Some(service), Some(ms)) = (record.data["service"].as_str(), record.data["took_ms"].as_i64())
        {
            self.settled.push((service.to_owned(), ms));
        }
        let (owner, Some(ticket)) = record.owner() else {
            return;
        };
        self.foreign |= owner != record.session;
        let owner = owner.to_owned();
        let key = (owner.clone(), ticket);
        match record.kind.as_str() {
            "intent" => {
                // The next step of a plan begins where the one before has had its effect.
                let act = act_of(&record.data);
                open.retain(|_, u| u.session != owner || act.is_null() || act_of(&u.data) != act);
                open.insert(
                    key,
                    Unfinished {
                        file: format!("{session}.jsonl"),
                        session: owner,
                        seq: record.seq,
                        ticket,
                        at: record.when().to_owned(),
                        target: record.target_id(),
                        user: record.who().to_owned(),
                        data: record.data,
                        last: record.kind,
                    },
                );
            }
            // Accepted is a wish, seen is on its way, and stuck may yet be carried out: none of them is an end.
            "sent" | "unknown" | "accepted" | "seen" | "stuck" => {
                if let Some(u) = open.get_mut(&key) {
                    u.last = record.kind;
                }
            }
            "refused" | "resolved" | "settled" | "undone" => {
                open.remove(&key);
            }
            // A kind of a later version, or one that ends nothing.
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::journal::chain_tests::written;
    use crate::journal::scratch::Scratch;

    fn of(bytes: &[u8]) -> Scan {
        let dir = Scratch::new();
        let path = dir.path().join("s.jsonl");
        std::fs::write(&path, bytes).expect("written");
        scan(&path, "s", &mut Open::new(), |_| {}).expect("read")
    }

    #[test]
    fn a_file_that_is_whole_is_not_called_broken_and_a_changed_order_is() {
        let bytes = written("s", 12);
        let found = of(&bytes);
        assert_eq!((found.places.broken, found.places.records, found.size), (None, 12, bytes.len() as u64));
        let head = super::super::chain::verify(&bytes[..], |_| {}).expect("read").head;
        assert_eq!(found.places.head, head);
        let lines: Vec<&[u8]> = bytes.split_inclusive(|b| *b == b'\n').collect();
        for i in 0..lines.len() - 1 {
            let mut l = lines.clone();
            l.remove(i);
            assert_eq!(of(&l.concat()).places.broken, Some(i as u64 + 1), "{i} removed");
            let mut l = lines.clone();
            l.swap(i, i + 1);
            assert_eq!(of(&l.concat()).places.broken, Some(i as u64 + 1), "{i} swapped");
            let mut l = lines.clone();
            l.insert(i, b"what?\n");
            assert_eq!(of(&l.concat()).places.broken, Some(i as u64 + 1), "rubbish at {i}");
        }
        let torn = of(&bytes[..bytes.len() - 9]);
        let last = lines[11].len() as u64;
        assert_eq!(torn.places.torn, Some((bytes.len() as u64 - last, last - 9)));
        assert_eq!((torn.places.broken, torn.places.records), (None, 11));
    }
}
