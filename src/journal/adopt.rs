//! Records that an ended session's log did not take, out of its fallback file into the finder's own log. Done twice it
//! writes them once; killed in between, nothing is lost. Knows where they are kept, not how they are written.

use super::fallback::{Kept, left_over};
use super::heads::{logs, session_of};
use super::lines::{Forwards, Piece};
use super::{append, live};
use crate::core::entry::{Entry, Kind};
use crate::core::record::Record;
use crate::core::seal::sha256_hex;
use serde_json::{Map, Value, json};
use std::collections::BTreeSet;
use std::io;
use std::path::Path;

/// What makes a record the same one: an intent by its ticket, any other by its kind, time and data.
type Key = (String, String, String);

/// Takes over what lies in `from` (see [`super::fallback::dir`]) for the log in `log`. `write` writes the entries and says
/// whether they are on disk. How many records were written.
pub fn adopt(
    from: &Path,
    environment: &str,
    log: &Path,
    mut write: impl FnMut(Vec<Entry>) -> bool,
) -> io::Result<usize> {
    let mut taken = 0;
    for left in left_over(from, environment)? {
        let sessions: BTreeSet<&str> = left.entries.iter().map(|k| k.session.as_str()).collect();
        // On a file system without locks only its live file tells: it goes on writing there.
        if sessions.iter().any(|s| live::runs(log, s)) {
            continue;
        }
        let known = known(log, &sessions)?;
        let entries = new_ones(&left.entries, &known);
        let n = entries.len();
        if n > 0 && !write(entries) {
            // They stay where they are; the next session tries.
            return Ok(taken);
        }
        taken += n;
        left.taken()?;
    }
    Ok(taken)
}

#[derive(Default)]
struct Known {
    keys: BTreeSet<Key>,
    /// Taken over already: session, n.
    taken: BTreeSet<(String, u64)>,
}

/// Fallback files are taken over at the next opening; what was taken is looked for in so many of the newest files.
const LOOKED_AT: usize = 256;

/// What the logs hold of these sessions: in their own files, and taken over into others.
fn known(log: &Path, sessions: &BTreeSet<&str>) -> io::Result<Known> {
    let mut known = Known::default();
    let all = logs(log)?;
    let newest = all.len().saturating_sub(LOOKED_AT);
    for (i, path) in all.iter().enumerate() {
        let session = session_of(path);
        let own = sessions.contains(session.as_str());
        if i < newest && !own {
            continue;
        }
        // One that cannot be read only makes a record stand there twice.
        let Ok(file) = append::open_to_read(path) else { continue };
        let mut lines = Forwards::new(file);
        while let Ok(Some(Piece::Line(line))) = lines.next_piece() {
            let marked = |l: &str| l.contains("\"original\":{");
            if !own && !std::str::from_utf8(line).is_ok_and(marked) {
                continue;
            }
            let r = Record::read(&session, line);
            let (owner, ticket) = r.owner();
            if !sessions.contains(owner) {
                continue;
            }
            if let Some(n) = r.data["original"]["n"].as_u64() {
                known.taken.insert((owner.to_owned(), n));
                if r.kind == "intent"
                    && let Some(t) = ticket
                {
                    known.keys.insert((owner.to_owned(), r.kind.clone(), t.to_string()));
                }
            } else {
                known.keys.insert(key(owner, &r.kind, r.when(), ticket, &r.data));
            }
        }
    }
    Ok(known)
}

fn key(session: &str, kind: &str, when: &str, ticket: Option<u64>, data: &Value) -> Key {
    let what = match ticket {
        Some(t) if kind == "intent" => t.to_string(),
        _ => format!("{when} {}", sha256_hex(data.to_string().as_bytes())),
    };
    (session.to_owned(), kind.to_owned(), what)
}

fn new_ones(kept: &[Kept], known: &Known) -> Vec<Entry> {
    let mut seen = BTreeSet::new();
    let mut out = Vec::new();
    for k in kept {
        let ticket = k.ticket.map(|t| t.0).or_else(|| k.entry.data["ticket"].as_u64());
        let key = key(&k.session, k.entry.kind.word(), &k.entry.at.rfc3339(), ticket, &k.entry.data);
        let there = known.keys.contains(&key) || known.taken.contains(&(k.session.clone(), k.n));
        if !there && seen.insert(key) {
            out.push(taken_over(k, ticket));
        }
    }
    out
}

/// The entry as the finder writes it. Ticket and act are numbers of its own session: they move into `original`, so that
/// nobody takes them for the finder's.
fn taken_over(k: &Kept, ticket: Option<u64>) -> Entry {
    let mut members = match &k.entry.data {
        Value::Object(m) => m.clone(),
        other @ (Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_)) => {
            Map::from_iter([("value".to_owned(), other.clone())])
        }
    };
    members.remove("ticket");
    let mut original = json!({ "session": k.session, "n": k.n });
    if let Some(t) = ticket {
        original["ticket"] = t.into();
    }
    // Of an act's records only: elsewhere it may mean something else.
    if let Some(act) = members.get("act").filter(|_| ticket.is_some() && k.entry.kind != Kind::Note).cloned() {
        original["act"] = act;
        members.remove("act");
    }
    members.insert("original".into(), original);
    Entry { data: Value::Object(members), ..k.entry.clone() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::act::plan::Ticket;
    use crate::journal::fallback::{About, Fallback, dir};
    use crate::journal::scratch::{Scratch, at, entry, settings, target};
    use crate::journal::thread::{Beside, Durability, Journal, Report};
    use std::path::PathBuf;
    use std::sync::Arc;
    use std::sync::mpsc::channel;
    use std::time::Duration;

    const LONG: Duration = Duration::from_secs(60);

    fn act(kind: Kind, ms: i64, ticket: u64) -> Entry {
        let data = json!({"act": 7, "ticket": ticket, "verb": "roll back", "step": 1, "of": 1});
        Entry { target: Some(target()), ..entry(kind, ms, data) }
    }

    /// Opens a log beside the fallback files, waits for what it found, closes it.
    fn finder(state: &Path, suffix: &str, ms: i64) -> (PathBuf, crate::journal::recovery::Recovery) {
        let (tell, told) = channel();
        let report = Arc::new(move |r| {
            if let Report::Recovered(r) = r {
                let _ = tell.send(r);
            }
        });
        let beside = Beside { fallback: Some(dir(state)), ..Beside::default() };
        let j = Journal::open_with(&settings(&state.join("log"), suffix), at(ms), report, beside).expect("opened");
        let found = told.recv_timeout(LONG).expect("looked");
        let path = j.path().to_owned();
        j.close(at(ms + 50), LONG).head.expect("on disk");
        (path, found)
    }

    fn originals(path: &Path) -> Vec<(String, u64)> {
        let text = std::fs::read(path).expect("read");
        let records = text.split(|b| *b == b'\n').map(|l| Record::read("f", l));
        records.filter_map(|r| Some((r.kind.clone(), r.data["original"]["n"].as_u64()?))).collect()
    }

    #[test]
    fn an_ended_sessions_fallback_goes_into_the_finders_log_once() {
        let state = Scratch::new();
        // A session that wrote one intent, and whose log then failed.
        let (tell, told) = channel();
        let report = Arc::new(move |r| {
            let _ = tell.send(matches!(r, Report::Durable(_)));
        });
        let j = Journal::open(&settings(&state.path().join("log"), "a"), at(0), report).expect("opened");
        let session = j.session().to_owned();
        j.append(act(Kind::Intent, 5, 1), at(5), Some(Ticket(1)), Durability::Sync);
        while !told.recv_timeout(LONG).expect("durable") {}
        drop(j);
        let about = About { dir: dir(state.path()), session: session.clone(), environment: "prod".into() };
        let mut f = Fallback::new(about);
        let note = entry(Kind::Note, 30, json!({"text": "what I saw"}));
        let (one, two) = (act(Kind::Intent, 5, 1), act(Kind::Intent, 20, 2));
        let entries =
            [(&one, Some(Ticket(1))), (&act(Kind::Settled, 9, 1), None), (&two, Some(Ticket(2))), (&note, None)];
        f.add(entries.into_iter()).expect("written");
        drop(f);

        let (path, found) = finder(state.path(), "b", 1000);
        // The intent that its own log has is not written again.
        let all = [("settled".to_owned(), 2), ("intent".to_owned(), 3), ("note".to_owned(), 4)];
        assert_eq!(originals(&path), all);
        let text = std::fs::read_to_string(&path).expect("read");
        let line = text.lines().find(|l| l.contains("what I saw")).expect("the note");
        let r = Record::read("f", line.as_bytes());
        assert_eq!((r.when(), r.owner()), (note.at.rfc3339().as_str(), (session.as_str(), None)));
        // What it began and nobody ended is found as its act: the first one has settled.
        let open: Vec<_> = found.unfinished.iter().map(|u| (u.session.as_str(), u.ticket)).collect();
        assert_eq!(open, [(session.as_str(), 2)]);
        assert_eq!(crate::journal::chain::verify(text.as_bytes(), |_| {}).expect("read").first_bad, None);

        // Killed before the file got its other name: the next one finds it and writes nothing a second time.
        let fallback = dir(state.path()).join(format!("fallback-{session}.jsonl"));
        let mut name = fallback.clone().into_os_string();
        name.push(".taken");
        std::fs::rename(&name, &fallback).expect("back");
        let (path, found) = finder(state.path(), "c", 2000);
        assert_eq!(originals(&path), []);
        assert_eq!(found.unfinished.len(), 1, "still open, and found in the other finder's log");
        assert!(!fallback.exists());
    }
}
