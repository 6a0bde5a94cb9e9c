//! What the other sessions' files hold for one that opens: acts left open, by ended sessions and by running ones, the
//! records of incidents, files that are gone or damaged. Read only; whoever finds an open act of an ended session
//! resolves it by reading the target back and says so in their own file.

use super::live;
use super::places::{self, file_name, session_of};
use super::scan::{CASE, Open, Scan, scan};
use super::verify::heads_named;
use super::{hlc::Hlc, index};
use crate::core::case::ledger::watch::WATCH_MS;
use crate::core::record::Record;
use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::{Path, PathBuf};

pub use super::scan::{Resolved, Unfinished};

/// The heads that so many of the newest files name of others are looked for.
const WITNESSES: usize = 16;
/// Verdicts, burns and acts of incidents beyond this many, the older ones, are left out; what tells of incidents,
/// follow-ups and debts never is.
pub const RECORDS: usize = 20_000;
/// Of so many closed incidents everything is told, of older ones only that they were.
const CLOSED: usize = 20;

/// What was found in the other files.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Recovery {
    /// Of ended sessions. Oldest file first, then by seq.
    pub unfinished: Vec<Unfinished>,
    /// Of sessions that still run: theirs to close.
    pub in_flight: Vec<Unfinished>,
    /// Sessions that still run.
    pub running: Vec<String>,
    /// Files that are gone, damaged, or could not be read to their end, with the reason.
    pub unread: Vec<(String, String)>,
    /// Records of incidents, follow-ups and debts, merged by (hlc, session, seq).
    pub records: Vec<Record>,
    /// Past roll-backs that settled: service, milliseconds; oldest file first.
    pub settled: Vec<(String, i64)>,
}

/// Looks through all logs of `dir` but `own` (a session name), those of its months too; a moved file is only opened where
/// its index does not say that nothing in it matters.
///
/// # Errors
/// The directory cannot be listed. A file that cannot be read is told in `unread`.
pub fn look(dir: &Path, own: &str) -> io::Result<Recovery> {
    let files = places::files(dir)?;
    let known = index::known(&files.months);
    let mut found = Recovery { unread: files.unread, ..Recovery::default() };
    let mut wanted = witnessed(dir, &files.logs, own, &mut found.unread);
    let mut resolved = Vec::new();
    let mut case = Vec::new();
    let mut open = Open::new();
    for path in &files.logs {
        let session = session_of(path);
        let mine = session == own;
        if known.row(path).is_some_and(|row| !row.matters()) {
            continue;
        }
        // Asked before the file is read: what a session that ends meanwhile still writes is its own affair.
        if !mine && live::runs(dir, &session) {
            found.running.push(session.clone());
        }
        let mut want = wanted.remove(file_name(path)).unwrap_or_default();
        match scan(path, &session, &mut open, |hash| _ = want.remove(hash)) {
            Ok(Scan { resolved: said, case: records, settled, places, .. }) => {
                resolved.extend(said);
                if let Some(line) = places.broken {
                    found.unread.push((
                        file_name(path).to_owned(),
                        format!("line {line} does not follow the one before it; see andon log verify"),
                    ));
                } else if let Some(by) = want.values().next() {
                    found.unread.push((file_name(path).to_owned(), format!("its end is not the one {by} saw")));
                }
                if !mine {
                    found.settled.extend(settled);
                    case.push(records);
                }
            }
            Err(e) => {
                open.retain(|_, u| u.file != file_name(path));
                let why = match e.kind() {
                    io::ErrorKind::NotFound => "it was removed while it was read".to_owned(),
                    _ => e.to_string(),
                };
                found.unread.push((file_name(path).to_owned(), why));
            }
        }
    }
    let mut open: Vec<Unfinished> =
        open.into_values().filter(|u| u.session != own && !resolved.iter().any(|r: &Resolved| r.covers(u))).collect();
    open.sort_by(|a, b| (&a.file, a.seq).cmp(&(&b.file, b.seq)));
    (found.in_flight, found.unfinished) = open.into_iter().partition(|u| found.running.contains(&u.session));
    found.records = needed(merged(case));
    Ok(found)
}

/// Heads that the newest files name of others: file name, hash, who saw it. Files that are not there are told.
fn witnessed(
    dir: &Path,
    logs: &[PathBuf],
    own: &str,
    unread: &mut Vec<(String, String)>,
) -> BTreeMap<String, BTreeMap<String, String>> {
    let mut wanted: BTreeMap<String, BTreeMap<String, String>> = BTreeMap::new();
    let there: BTreeSet<&str> = logs.iter().map(|p| file_name(p)).collect();
    let newest: Vec<PathBuf> = logs.iter().rev().filter(|p| session_of(p) != own).take(WITNESSES).cloned().collect();
    let mut gone = BTreeMap::new();
    for (path, heads) in newest.iter().zip(heads_named(&newest)) {
        for (name, head) in heads {
            // A name from a record is never a path.
            if name.contains('/') || head.is_empty() {
                continue;
            }
            if there.contains(name.as_str()) {
                wanted.entry(name).or_default().insert(head, session_of(path));
            } else if places::find(dir, &name).is_none() {
                gone.insert(name, session_of(path));
            }
        }
    }
    unread.extend(gone.into_iter().map(|(name, by)| (name, format!("it is gone; {by} saw it"))));
    wanted
}

/// Records of several files in one order, those of a file never changing theirs.
fn merged(files: Vec<Vec<Record>>) -> Vec<Record> {
    let mut all: Vec<(Hlc, usize, Record)> = Vec::new();
    for (n, records) in files.into_iter().enumerate() {
        let mut latest = Hlc::default();
        for r in records {
            latest = latest.max(r.hlc);
            all.push((latest, n, r));
        }
    }
    // The files come by name, which is the session; stable, so that a file keeps its order.
    all.sort_by_key(|(hlc, file, _)| (*hlc, *file));
    all.into_iter().map(|(_, _, r)| r).collect()
}

/// When each service last had a change that is watched, by its name and that of its target.
fn promoted(records: &[Record]) -> BTreeMap<String, Vec<i64>> {
    let mut of: BTreeMap<String, Vec<i64>> = BTreeMap::new();
    for r in records.iter().filter(|r| r.kind == "promoted") {
        let name = r.target.as_ref().and_then(|t| t["name"].as_str());
        let names: BTreeSet<&str> = r.data["service"].as_str().into_iter().chain(name).collect();
        for name in names {
            of.entry(name.to_owned()).or_default().push(r.hlc.0);
        }
    }
    of
}

/// Inside the 72 hours of a promoted change of the same service.
fn came_after(r: &Record, promoted: &BTreeMap<String, Vec<i64>>) -> bool {
    let name = || r.target.as_ref().and_then(|t| t["name"].as_str());
    let of = r.data["service"].as_str().or_else(name).and_then(|n| promoted.get(n));
    of.into_iter().flatten().any(|at| (0..=WATCH_MS).contains(&(r.hlc.0 - at)))
}

/// Without what belongs to incidents long closed, and at most [`RECORDS`] besides those that tell of incidents themselves.
fn needed(mut records: Vec<Record>) -> Vec<Record> {
    let id = |r: &Record| r.data["id"].as_str().or(r.incident.as_deref()).map(str::to_owned);
    let closed: Vec<String> = records.iter().filter(|r| r.kind == "incident-closed").filter_map(id).collect();
    let old: BTreeSet<&String> = closed.iter().rev().skip(CLOSED).collect();
    // What the cord holds must be known however long ago it was pulled.
    let promoted = promoted(&records);
    let kept = |r: &Record| {
        CASE.contains(&r.kind.as_str()) || r.data["cord"] == true || r.data["smoke"] == true || came_after(r, &promoted)
    };
    // What came after no promoted change, and belongs to no incident, is not needed.
    records.retain(|r| kept(r) || r.incident.is_some());
    records.retain(|r| kept(r) || !r.incident.as_ref().is_some_and(|i| old.contains(i)));
    let mut surplus = records.iter().filter(|r| !kept(r)).count().saturating_sub(RECORDS);
    records.retain(|r| {
        let drop = surplus > 0 && !kept(r);
        surplus -= usize::from(drop);
        !drop
    });
    records
}
