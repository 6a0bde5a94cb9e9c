//! The journal's thread: entries in, durable records out, reports back. No caller ever waits for the disk here, and no
//! error of the disk ends more than the log.

use super::anchor::{Anchor, Outcome};
use super::append::{Chain, LogFile, MineOnly, OnDisk, make_dir, session_name};
use super::ballast::{self, Ballast};
use super::hlc::Heard;
use super::keeper::Keeper;
use super::live::{self, Live, LiveFile, Me};
use super::months;
use super::record::{Actor, User, Who};
use super::recovery::{self, Recovery};
pub use super::worker::Appended;
use super::worker::{Around, Command, Opening, Worker};
use super::{adopt, kill};
use crate::core::act::plan::Ticket;
use crate::core::entry::{Entry, Kind};
use crate::core::record::Record;
use crate::core::time::{Person, Stamp, Utc, World};
use serde_json::json;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Sender, channel};
use std::time::{Duration, Instant};

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
    /// The log does not take it. It may again: see `Works`. `ticket`: whose record it was.
    Failed { ticket: Option<Ticket>, why: String },
    /// The disk does not answer. From the keeper.
    Hangs { why: String },
    /// It answers again, or has room again.
    Works,
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

impl Settings {
    /// The session's name, as long as nobody else has it.
    pub fn session(&self, stamp: Stamp) -> String {
        session_name(stamp.utc, &self.user, &self.host, &self.suffix)
    }
}

/// What a log has besides its file.
#[derive(Default)]
pub struct Beside {
    /// Keeps what is not on disk.
    pub keeper: Option<Keeper>,
    /// Where ended sessions' fallback files are looked for (see [`super::fallback::dir`]); `None`: nowhere.
    pub fallback: Option<PathBuf>,
    /// The program and its words that the head is handed to; empty: none.
    pub anchor: Vec<String>,
}

/// A recovery waits this long for the disk to take over what it found.
const TAKEN_IN: Duration = Duration::from_secs(10);

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
    keeper: Option<Keeper>,
    heard: Heard,
    live: Option<LiveFile>,
}

impl Journal {
    /// Makes the session's files and starts its thread, which writes `opened` first. Blocks for a few file operations;
    /// everything slow (other sessions' heads, recovery) is done on threads.
    pub fn open(settings: &Settings, stamp: Stamp, report: OnReport) -> io::Result<Journal> {
        Journal::open_with(settings, stamp, report, Beside::default())
    }

    /// The same with a keeper, an anchor, and a place for fallback files.
    pub fn open_with(settings: &Settings, stamp: Stamp, report: OnReport, beside: Beside) -> io::Result<Journal> {
        let begun = Instant::now();
        make_dir(&settings.dir)?;
        let file_mode = if settings.mine_only.0 { 0o600 } else { 0o640 };
        let mut tried = 0;
        let (session, path, live, file) = loop {
            let suffix = match tried {
                0 => settings.suffix.clone(),
                n => format!("{}.{n}", settings.suffix),
            };
            let session = session_name(stamp.utc, &settings.user, &settings.host, &suffix);
            let me = Me {
                session: session.clone(),
                user: settings.user.name.clone(),
                claimed: settings.claimed.clone(),
                host: settings.host.clone(),
                since: stamp.utc,
            };
            let path = settings.dir.join(format!("{session}.jsonl"));
            let made = Live::begin(&settings.dir, me, file_mode).and_then(|live| {
                kill::point("after-live-before-log");
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
        let ballast = Ballast::of(&settings.dir, &session);
        let around = Around {
            keeper: beside.keeper,
            ballast: Some(ballast.clone()),
            side: Some((settings.dir.clone(), file_mode)),
            anchor: None,
        };
        let file = Box::new(file);
        let journal = Journal::start_with(
            settings,
            (session.clone(), path),
            file,
            Some(live),
            stamp,
            report.clone(),
            around,
            beside.anchor,
        )?;
        let (dir, environment, to) = (settings.dir.clone(), settings.environment.clone(), journal.to.clone());
        let heard = journal.heard.clone();
        let (user, shared) = (settings.user.clone(), !settings.mine_only.0);
        std::thread::Builder::new().name("andon-recovery".into()).spawn(move || {
            if let Some(from) = beside.fallback {
                let taken = adopt::adopt(&from, &environment, &dir, |entries| {
                    let (done, written) = channel();
                    let now = later(stamp, begun.elapsed());
                    to.send(Command::Adopt(now, entries, done)).is_ok()
                        && written.recv_timeout(TAKEN_IN).unwrap_or(false)
                });
                if let Err(e) = taken {
                    tracing::warn!(error = %e, "fallback files of ended sessions");
                }
            }
            drop(to);
            let found = recovery::look(&dir, &session).unwrap_or_else(|e| Recovery {
                unread: vec![(dir.display().to_string(), e.to_string())],
                ..Recovery::default()
            });
            let now = later(stamp, begun.elapsed()).utc;
            for r in &found.records {
                heard.saw(r.hlc, now);
            }
            report(Report::Recovered(found));
            // Last, because it waits for the disk and nothing waits for it.
            if let Err(e) = ballast.make() {
                tracing::warn!(error = %e, "no ballast");
            }
            // The session was so short that its end came first.
            if !live::runs(&dir, &session) {
                ballast.release();
            }
            ballast::sweep(&dir, &session);
            for (file, why) in months::tidy(&dir, &session, &user.name, shared) {
                tracing::warn!(file, why, "a month of the log");
            }
        })?;
        Ok(journal)
    }

    /// The thread, on a file that is there already.
    #[cfg(test)]
    pub(super) fn start(
        settings: &Settings,
        session: String,
        path: PathBuf,
        file: Box<dyn LogFile>,
        live: Option<Live>,
        stamp: Stamp,
        report: OnReport,
    ) -> io::Result<Journal> {
        let around = Around::default();
        Journal::start_with(settings, (session, path), file, live, stamp, report, around, Vec::new())
    }

    #[expect(clippy::too_many_arguments, reason = "one caller, and the tests'")]
    pub(super) fn start_with(
        settings: &Settings,
        (session, path): (String, PathBuf),
        file: Box<dyn LogFile>,
        live: Option<Live>,
        stamp: Stamp,
        report: OnReport,
        mut around: Around,
        anchor: Vec<String>,
    ) -> io::Result<Journal> {
        let who = Who {
            session: session.clone(),
            actor: Actor { user: settings.user.clone(), claimed: settings.claimed.clone() },
            host: settings.host.clone(),
        };
        let (to, from) = channel();
        let (waiting, missed) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicU64::new(0)));
        let keeper = around.keeper.clone();
        if !anchor.is_empty() {
            let (to, waiting) = (to.clone(), waiting.clone());
            around.anchor = Some(Anchor::start(anchor, session.clone(), move |o| anchored(&to, &waiting, &o))?);
        }
        let mut chain = Chain::new(who, file);
        let heard = chain.clock().heard();
        let says = live.as_ref().map(Live::file);
        let mut worker = Worker::new(chain, report, around, waiting.clone(), missed.clone());
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
        Ok(Journal { to, waiting, missed, path, session, keeper, heard, live: says })
    }

    /// Never blocks. A report follows for every ticket, and for the first failure of all.
    pub fn append(&self, entry: Entry, stamp: Stamp, ticket: Option<Ticket>, durability: Durability) {
        let full = self.waiting.load(Ordering::Relaxed) >= WAITING;
        if full && durability == Durability::Batched && ticket.is_none() {
            self.missed.fetch_add(1, Ordering::Relaxed);
            return;
        }
        let entry = Arc::new(entry);
        let urgent = durability == Durability::Sync;
        let id = self.keeper.as_ref().map_or(0, |k| k.give(entry.clone(), ticket, urgent));
        self.send(Appended { id, entry, stamp, ticket, durability, late: false });
    }

    /// What went out before it was on disk, again: written only if no record of this ticket was, so that a disk that
    /// was merely slow holds it once. The record keeps `entry.at` as its true time.
    pub fn append_late(&self, entry: Entry, now: Stamp, ticket: Option<Ticket>) {
        let entry = Arc::new(entry);
        let id = match (&self.keeper, ticket) {
            (Some(k), Some(t)) => k.late(entry.clone(), t),
            (Some(k), None) => k.give(entry.clone(), None, true),
            (None, _) => 0,
        };
        self.send(Appended { id, entry, stamp: now, ticket, durability: Durability::Sync, late: true });
    }

    /// Several that the keeper knows, in their order: they are synced together.
    pub fn append_together(&self, all: Vec<Appended>) {
        self.waiting.fetch_add(all.len() as u64, Ordering::Relaxed);
        // The thread only ends after `close` or with the last handle.
        let _ = self.to.send(Command::Together(all));
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

    /// Where the clocks of other sessions' records are told.
    pub fn heard(&self) -> Heard {
        self.heard.clone()
    }

    /// The live file, for whoever keeps it up to date.
    pub fn live(&self) -> Option<LiveFile> {
        self.live.clone()
    }

    /// The session's name.
    pub fn session(&self) -> &str {
        &self.session
    }
}

impl Drop for Journal {
    fn drop(&mut self) {
        // After `close` nobody hears it.
        let _ = self.to.send(Command::Gone);
    }
}

/// The record of a call of the anchor's command.
fn anchored(to: &Sender<Command>, waiting: &AtomicU64, outcome: &Outcome) {
    let stamp = outcome.stamp;
    let entry =
        Arc::new(Entry { kind: Kind::Anchored, at: stamp.utc, incident: None, target: None, data: outcome.data() });
    waiting.fetch_add(1, Ordering::Relaxed);
    // Closed meanwhile: the last call has its own record.
    let (ticket, durability) = (None, Durability::Sync);
    let _ = to.send(Command::Append(Box::new(Appended { id: 0, entry, stamp, ticket, durability, late: false })));
}

fn later(stamp: Stamp, by: Duration) -> Stamp {
    let ms = i64::try_from(by.as_millis()).unwrap_or(0);
    Stamp { utc: Utc(stamp.utc.0 + ms), world: World(stamp.world.0 + ms), person: Person(stamp.person.0 + ms) }
}
