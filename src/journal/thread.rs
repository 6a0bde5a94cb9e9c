//! The journal's thread: entries in, durable records out, reports back. No caller ever waits for the disk here, and no
//! error of the disk ends more than the log.

use super::append::{Chain, LogFile, MineOnly, OnDisk, make_dir, session_name};
use super::live::Live;
use super::record::{Actor, User, Who, ascii};
use super::recovery::{self, Recovery};
use super::worker::{Appended, Command, Opening, Worker};
use crate::core::act::plan::Ticket;
use crate::core::entry::Entry;
use crate::core::record::Record;
use crate::core::time::Stamp;
use serde_json::json;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Sender, channel};
use std::time::Duration;

/// Observations are on disk this long after they were given, at most (limits.md section 4).
pub const BATCH: Duration = Duration::from_secs(1);
/// While more entries than this wait for the disk, observations are dropped and counted in the next record.
pub const WAITING: u64 = 20_000;

/// How soon a record must be on disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Durability {
    /// Acts, notes: synced before it is reported.
    Sync,
    /// Observations: with the next sync, at most [`BATCH`] later.
    Batched,
}

/// What the thread tells.
#[derive(Clone, Debug, PartialEq)]
pub enum Report {
    /// The record of this ticket is on disk. Also when that took long.
    Durable(Ticket),
    /// The log has ended for this session; so will every later append. `ticket`: whose record it was.
    Failed { ticket: Option<Ticket>, why: String },
    /// Records of this session that are on disk, in their order.
    Written(Vec<Record>),
    /// What ended sessions left undone. Once, some time after the opening.
    Recovered(Recovery),
}

/// Takes reports, on the journal's threads. Must not block.
pub type OnReport = Arc<dyn Fn(Report) + Send + Sync>;

/// A session's log.
#[derive(Clone, Debug)]
pub struct Settings {
    /// From [`super::append::log_dir`], or a drill run's own.
    pub dir: PathBuf,
    pub mine_only: MineOnly,
    pub environment: String,
    pub user: User,
    /// [`super::record::NOT_GIVEN`] under a shared account, until the question is answered.
    pub claimed: Option<String>,
    pub host: String,
    /// This program's version.
    pub build: String,
    /// Four hex digits that tell sessions of the same second apart.
    pub suffix: String,
    /// The drill's name and seed: `f1 seed 7`.
    pub drill: Option<String>,
}

/// How it ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ended {
    /// The hash of the last record, where the disk took it; printed at exit.
    pub head: Option<String>,
    /// Why there is none.
    pub why: Option<String>,
}

/// The handle. Appending is a message; dropping it without [`Journal::close`] writes no `closed` record.
pub struct Journal {
    to: Sender<Command>,
    waiting: Arc<AtomicU64>,
    missed: Arc<AtomicU64>,
    path: PathBuf,
    session: String,
}

impl Journal {
    /// Makes the session's files and starts its thread, which writes `opened` first. Blocks for a few file operations;
    /// everything slow (other sessions' heads, recovery) is done on threads.
    pub fn open(settings: &Settings, stamp: Stamp, report: OnReport) -> io::Result<Journal> {
        make_dir(&settings.dir)?;
        let file_mode = if settings.mine_only.0 { 0o600 } else { 0o640 };
        let mut tried = 0;
        let (session, path, live, file) = loop {
            let suffix = match tried {
                0 => settings.suffix.clone(),
                n => format!("{}.{n}", settings.suffix),
            };
            let session = session_name(stamp.utc, &settings.user, &settings.host, &suffix);
            let says = ascii(&json!({ "v": 1, "session": session, "user": settings.user }))?;
            let path = settings.dir.join(format!("{session}.jsonl"));
            let made = Live::begin(&settings.dir, &session, file_mode, &says).and_then(|live| {
                match OnDisk::create(&path, file_mode) {
                    Ok(file) => Ok((live, file)),
                    Err(e) => {
                        live.end();
                        Err(e)
                    }
                }
            });
            match made {
                Ok((live, file)) => break (session, path, live, file),
                Err(e) if e.kind() == io::ErrorKind::AlreadyExists && tried < 9 => tried += 1,
                Err(e) => return Err(e),
            }
        };
        let journal =
            Journal::start(settings, session.clone(), path, Box::new(file), Some(live), stamp, report.clone())?;
        let dir = settings.dir.clone();
        std::thread::Builder::new().name("andon-recovery".into()).spawn(move || {
            let found = recovery::look(&dir, &session).unwrap_or_else(|e| Recovery {
                unread: vec![(dir.display().to_string(), e.to_string())],
                ..Recovery::default()
            });
            report(Report::Recovered(found));
        })?;
        Ok(journal)
    }

    /// The thread, on a file that is there already.
    pub(super) fn start(
        settings: &Settings,
        session: String,
        path: PathBuf,
        file: Box<dyn LogFile>,
        live: Option<Live>,
        stamp: Stamp,
        report: OnReport,
    ) -> io::Result<Journal> {
        let who = Who {
            session: session.clone(),
            actor: Actor { user: settings.user.clone(), claimed: settings.claimed.clone() },
            host: settings.host.clone(),
        };
        let (to, from) = channel();
        let (waiting, missed) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicU64::new(0)));
        let mut worker = Worker::new(Chain::new(who, file), report, waiting.clone(), missed.clone());
        let opened = Opening {
            dir: settings.dir.clone(),
            session: session.clone(),
            data: json!({
                "build": settings.build,
                "environment": settings.environment,
                "mine_only": settings.mine_only.0,
                "drill": settings.drill,
            }),
        };
        std::thread::Builder::new().name("andon-journal".into()).spawn(move || {
            worker.opened(opened, stamp);
            worker.run(&from, live);
        })?;
        Ok(Journal { to, waiting, missed, path, session })
    }

    /// Never blocks. A report follows for every ticket, and for the first failure of all.
    pub fn append(&self, entry: Entry, stamp: Stamp, ticket: Option<Ticket>, durability: Durability) {
        let full = self.waiting.load(Ordering::Relaxed) >= WAITING;
        if full && durability == Durability::Batched && ticket.is_none() {
            self.missed.fetch_add(1, Ordering::Relaxed);
            return;
        }
        self.send(Appended { entry, stamp, ticket, durability, late: false });
    }

    /// What went out before it was on disk, again: written only if no record of this ticket was, so that a disk that
    /// was merely slow holds it once. The record keeps `entry.at` as its true time.
    pub fn append_late(&self, entry: Entry, now: Stamp, ticket: Option<Ticket>) {
        self.send(Appended { entry, stamp: now, ticket, durability: Durability::Sync, late: true });
    }

    fn send(&self, appended: Appended) {
        self.waiting.fetch_add(1, Ordering::Relaxed);
        // The thread only ends after `close` or with the last handle.
        let _ = self.to.send(Command::Append(Box::new(appended)));
    }

    /// Writes `closed` and waits for it, `at_most` that long (a hung disk does not keep the terminal).
    pub fn close(self, stamp: Stamp, at_most: Duration) -> Ended {
        let none = |why: &str| Ended { head: None, why: Some(why.to_owned()) };
        let (done, ended) = channel();
        if self.to.send(Command::Close(stamp, done)).is_err() {
            return none("the journal's thread is gone");
        }
        ended.recv_timeout(at_most).unwrap_or_else(|_| none("the disk does not answer"))
    }

    /// This session's file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The session's name.
    pub fn session(&self) -> &str {
        &self.session
    }
}
