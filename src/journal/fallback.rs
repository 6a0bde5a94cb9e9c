//! Records that the log did not take, in a file elsewhere: `fallback-<session>.jsonl`, one entry a line, with its own
//! time. Written by the keeper; found by a later session, which takes them over into its own log. Knows no chain.

use super::append::{create_new, make_dir, open_to_read, sync_dir};
use super::fault::{self, Op, Says};
use super::kill;
use super::lines::{Forwards, Piece};
use super::live::LIVE_FOR;
use super::lock::Locked;
use super::record::{VERSION, ascii};
use crate::core::act::plan::Ticket;
use crate::core::entry::Entry;
use rustix::fs::{FlockOperation, flock};
use serde::{Deserialize, Serialize};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Whose records they are, and where they go.
#[derive(Clone, Debug)]
pub struct About {
    /// Not the log's own directory: what ails that one must not ail this.
    pub dir: PathBuf,
    pub session: String,
    /// Records go back into a log of the same environment only.
    pub environment: String,
}

/// A line as it is written.
#[derive(Serialize)]
struct Line<'a> {
    v: u32,
    /// From 1, over all fallback files of a session.
    n: u64,
    session: &'a str,
    environment: &'a str,
    at: String,
    ticket: Option<Ticket>,
    entry: &'a Entry,
}

/// The same as it is read.
#[derive(Deserialize)]
struct Read {
    #[serde(default)]
    n: u64,
    session: String,
    #[serde(default)]
    environment: String,
    ticket: Option<Ticket>,
    entry: Entry,
}

/// Where a user's fallback files lie.
pub fn dir(state: &Path) -> PathBuf {
    state.join("andon")
}

/// The file of one session, and the next ones where it could not be written on.
pub struct Fallback {
    about: About,
    file: Option<(Locked, PathBuf)>,
    made: Vec<PathBuf>,
    n: u64,
}

impl Fallback {
    /// Touches no disk yet.
    pub fn new(about: About) -> Fallback {
        Fallback { about, file: None, made: Vec::new(), n: 0 }
    }

    /// All of them are on disk when this returns Ok. After an error none may be; they are to be given again, and go to
    /// another file.
    pub fn add<'a>(&mut self, entries: impl Iterator<Item = (&'a Entry, Option<Ticket>)>) -> io::Result<()> {
        kill::point("before-fallback");
        let added = self.try_add(entries);
        if added.is_err() {
            self.file = None;
        }
        kill::point("after-fallback");
        added
    }

    fn try_add<'a>(&mut self, entries: impl Iterator<Item = (&'a Entry, Option<Ticket>)>) -> io::Result<()> {
        let mut lines = Vec::new();
        for (entry, ticket) in entries {
            self.n += 1;
            let (session, environment) = (self.about.session.as_str(), self.about.environment.as_str());
            let at = entry.at.rfc3339();
            let entry = &*super::redact::entry(entry);
            let mut line = ascii(&Line { v: VERSION, n: self.n, session, environment, at, ticket, entry })?;
            line.push(b'\n');
            lines.push(line);
        }
        if self.file.is_none() {
            self.file = Some(self.make()?);
        }
        let Some((file, path)) = &mut self.file else { return Ok(()) };
        for line in lines {
            let part = match fault::ask(Op::Write, path) {
                Ok(Says::Go) => &line[..],
                Ok(Says::Half) => &line[..line.len() / 2],
                Err(e) if e.kind() == io::ErrorKind::Interrupted => &line[..],
                Err(e) => return Err(e),
            };
            file.write_all(part)?;
            if part.len() < line.len() {
                return Err(io::ErrorKind::StorageFull.into());
            }
        }
        fault::ask(Op::Sync, path)?;
        file.sync_data()
    }

    fn make(&mut self) -> io::Result<(Locked, PathBuf)> {
        make_dir(&self.about.dir)?;
        let mut k = self.made.len();
        loop {
            let more = if k == 0 { String::new() } else { format!(".{k}") };
            let path = self.about.dir.join(format!("fallback-{}{more}.jsonl", self.about.session));
            match create_new(&path, 0o600) {
                Ok(file) => {
                    // Held as long as this session runs, so that no finder takes it meanwhile. Without locks: by its age.
                    let _ = flock(&file, FlockOperation::NonBlockingLockExclusive);
                    self.made.push(path.clone());
                    sync_dir(&self.about.dir)?;
                    return Ok((Locked::new(file), path));
                }
                Err(e) if e.kind() == io::ErrorKind::AlreadyExists && k < 1000 => k += 1,
                Err(e) => return Err(e),
            }
        }
    }

    /// Everything in it is in the log.
    pub fn remove(self) {
        for path in self.made {
            // What stays is found to be in the log by whoever finds it.
            let _ = fault::ask(Op::Remove, &path).and_then(|_| std::fs::remove_file(&path));
        }
    }
}

/// One record of an ended session that its log did not take.
#[derive(Clone, Debug, PartialEq)]
pub struct Kept {
    pub session: String,
    /// Its place among that session's.
    pub n: u64,
    pub ticket: Option<Ticket>,
    pub entry: Entry,
}

/// The fallback file of an ended session. Held, so that no second finder takes it too.
#[derive(Debug)]
pub struct LeftOver {
    pub path: PathBuf,
    /// In the order they were kept.
    pub entries: Vec<Kept>,
    /// Lines that cannot be read; the file keeps them.
    pub unread: usize,
    _held: Locked,
}

/// The fallback files of ended sessions of this environment, below `dir` (see [`dir`]). Errors: the directory cannot be
/// read. A file that cannot be is left for later.
pub fn left_over(dir: &Path, environment: &str) -> io::Result<Vec<LeftOver>> {
    let entries = match std::fs::read_dir(dir) {
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        other => other?,
    };
    let is_one = |p: &PathBuf| {
        let name = p.file_name().map(|n| n.to_string_lossy()).unwrap_or_default();
        name.starts_with("fallback-") && name.ends_with(".jsonl")
    };
    let mut paths: Vec<PathBuf> = entries.flatten().map(|e| e.path()).filter(is_one).collect();
    paths.sort();
    Ok(paths.into_iter().filter_map(|p| read(p, environment).ok().flatten()).collect())
}

/// `None`: its session runs, or it is another environment's.
fn read(path: PathBuf, environment: &str) -> io::Result<Option<LeftOver>> {
    let held = Locked::new(open_to_read(&path)?);
    match flock(&*held, FlockOperation::NonBlockingLockExclusive) {
        Ok(()) => {}
        Err(rustix::io::Errno::WOULDBLOCK) => return Ok(None),
        Err(_) => {
            let written = held.metadata()?.modified()?;
            if written.elapsed().is_ok_and(|age| age < LIVE_FOR) {
                return Ok(None);
            }
        }
    }
    let mut found = LeftOver { path, entries: Vec::new(), unread: 0, _held: held };
    let mut other = false;
    let mut lines = Forwards::new(open_to_read(&found.path)?);
    while let Some(piece) = lines.next_piece()? {
        // An unfinished line was never said to be on disk.
        let Piece::Line(line) = piece else { break };
        match serde_json::from_slice::<Read>(line) {
            Ok(r) if r.environment == environment => {
                found.entries.push(Kept { session: r.session, n: r.n, ticket: r.ticket, entry: r.entry });
            }
            Ok(_) => other = true,
            Err(_) => found.unread += 1,
        }
    }
    Ok((!other).then_some(found))
}

impl LeftOver {
    /// Its records are in a log: nobody need look at it again. It stays, as `<name>.taken`, to be looked at by hand.
    pub fn taken(self) -> io::Result<()> {
        kill::point("before-taken");
        let mut to = self.path.clone().into_os_string();
        to.push(".taken");
        fault::ask(Op::Rename, &self.path)?;
        std::fs::rename(&self.path, PathBuf::from(to))?;
        self.path.parent().map_or(Ok(()), sync_dir)
    }
}

/// An entry shared between who writes it and who keeps it.
pub type Shared = Arc<Entry>;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::entry::Kind;
    use crate::journal::scratch::{Scratch, entry};
    use serde_json::json;

    fn about(dir: &Path, session: &str, environment: &str) -> About {
        About { dir: dir.to_owned(), session: session.into(), environment: environment.into() }
    }

    #[test]
    fn entries_are_kept_one_a_line_with_their_original_time_and_found_when_the_session_has_ended() {
        let dir = Scratch::new();
        let one = entry(Kind::Intent, 5, json!({"verb": "roll back", "why": "\u{e9}"}));
        let two = entry(Kind::Accepted, 9, json!({}));
        let mut f = Fallback::new(about(dir.path(), "s", "prod"));
        assert_eq!(std::fs::read_dir(dir.path()).expect("read").count(), 0, "no file before there is something in it");
        f.add([(&one, Some(Ticket(3)))].into_iter()).expect("written");
        f.add([(&two, None)].into_iter()).expect("written");
        assert!(left_over(dir.path(), "prod").expect("read").is_empty(), "its session runs");
        let path = dir.path().join("fallback-s.jsonl");
        assert!(std::fs::read_to_string(&path).expect("there").is_ascii());
        drop(f);
        assert!(left_over(dir.path(), "test").expect("read").is_empty(), "another environment's");
        let mut found = left_over(dir.path(), "prod").expect("read");
        let left = found.pop().expect("one");
        assert!(left_over(dir.path(), "prod").expect("read").is_empty(), "one finder holds it");
        let kept = |n, ticket, entry: &Entry| Kept { session: "s".into(), n, ticket, entry: entry.clone() };
        assert_eq!(left.entries, [kept(1, Some(Ticket(3)), &one), kept(2, None, &two)]);
        left.taken().expect("renamed");
        assert!(!path.exists() && dir.path().join("fallback-s.jsonl.taken").exists());
        assert!(left_over(dir.path(), "prod").expect("read").is_empty());
    }

    #[test]
    fn after_an_error_it_goes_on_in_another_file_and_no_whole_line_is_lost() {
        for how in [fault::How::Full, fault::How::Short, fault::How::Io] {
            for nth in 1..=12 {
                let dir = Scratch::new();
                let plan = fault::Plan::new(dir.path(), how, None, nth, false);
                let mut f = Fallback::new(about(dir.path(), "s", "prod"));
                let entries: Vec<Entry> = (0..4).map(|n| entry(Kind::Note, n, json!({ "n": n }))).collect();
                for (n, e) in entries.iter().enumerate() {
                    let one = || [(e, Some(Ticket(n as u64)))].into_iter();
                    if f.add(one()).is_err() {
                        f.add(one()).expect("the second time");
                    }
                }
                drop(f);
                drop(plan);
                let found = left_over(dir.path(), "prod").expect("read");
                for e in &entries {
                    let there = found.iter().flat_map(|l| &l.entries).any(|k| k.entry == *e);
                    assert!(there, "{how:?} {nth}: {found:?}");
                }
            }
        }
    }
}
