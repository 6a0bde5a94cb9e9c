//! What ended sessions left undone: intents without an outcome, in other sessions' files. Read only; whoever finds
//! them resolves them by reading the target back and says so in their own file.

use super::heads::{logs, session_of};
use super::lines::{Forwards, Piece};
use super::{append, live};
use crate::core::id::TargetId;
use crate::core::record::Record;
use serde_json::Value;
use std::collections::BTreeMap;
use std::io;
use std::path::Path;

/// Only the newest files are read back. An act older than so many sessions has long been seen by someone.
pub const LOOKED_AT: usize = 256;

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

/// What was found in the other files.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Recovery {
    /// Oldest file first, then by seq.
    pub unfinished: Vec<Unfinished>,
    /// Sessions that still run: their acts are in flight, theirs to close.
    pub running: Vec<String>,
    /// Files that could not be read to their end, with the reason.
    pub unread: Vec<(String, String)>,
}

/// Looks through the newest [`LOOKED_AT`] files of `dir` but `own` (a session name).
pub fn look(dir: &Path, own: &str) -> io::Result<Recovery> {
    let mut found = Recovery::default();
    let mut resolved = Vec::new();
    let mut open = Open::new();
    let all = logs(dir)?;
    for path in &all[all.len().saturating_sub(LOOKED_AT)..] {
        let session = session_of(path);
        let file = format!("{session}.jsonl");
        if let Err(e) = read(path, &session, &mut open, &mut resolved) {
            open.retain(|_, u| u.file != file);
            found.unread.push((file, e.to_string()));
        }
        if session != own && live::runs(dir, &session) {
            found.running.push(session);
        }
    }
    found.unfinished = open.into_values().filter(|u| u.session != own && !found.running.contains(&u.session)).collect();
    found.unfinished.sort_by(|a, b| (&a.file, a.seq).cmp(&(&b.file, b.seq)));
    found.unfinished.retain(|u| !resolved.iter().any(|r: &Resolved| r.covers(u)));
    Ok(found)
}

/// By the session whose act it is and its ticket there. The records of one act may stand in two files, where its session's
/// log failed and another one took them over.
type Open = BTreeMap<(String, u64), Unfinished>;

/// A session's `resolved` record about another session's act.
struct Resolved {
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

    fn covers(&self, u: &Unfinished) -> bool {
        self.session == u.session
            && match self.ticket {
                Some(t) => t == u.ticket,
                None => self.target == u.target,
            }
    }
}

/// The act's number in its own session.
fn act_of(data: &Value) -> &Value {
    let own = &data["act"];
    if own.is_null() { &data["original"]["act"] } else { own }
}

/// The intents of one file go to `open`, what it says of others' intents to `resolved`.
fn read(path: &Path, session: &str, open: &mut Open, resolved: &mut Vec<Resolved>) -> io::Result<()> {
    let mut lines = Forwards::new(append::open_to_read(path)?);
    while let Some(piece) = lines.next_piece()? {
        let Piece::Line(line) = piece else {
            break;
        };
        // Most lines are observations: told apart without parsing them.
        let acts = |l: &str| l.contains("\"ticket\":") || l.contains("\"kind\":\"resolved\"");
        if !std::str::from_utf8(line).is_ok_and(acts) {
            continue;
        }
        let record = Record::read(session, line);
        if record.kind == "resolved" {
            resolved.extend(Resolved::read(&record));
        }
        let (owner, Some(ticket)) = record.owner() else {
            continue;
        };
        let key = (owner.to_owned(), ticket);
        match record.kind.as_str() {
            "intent" => {
                // The next step of a plan begins where the one before has had its effect.
                let act = act_of(&record.data);
                open.retain(|_, u| u.session != owner || act.is_null() || act_of(&u.data) != act);
                open.insert(
                    key,
                    Unfinished {
                        file: format!("{session}.jsonl"),
                        session: owner.to_owned(),
                        seq: record.seq,
                        ticket,
                        at: record.when().to_owned(),
                        target: record.target_id(),
                        user: record.user,
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
    Ok(())
}
