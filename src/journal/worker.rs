//! What the journal's thread does with entries: write, sync, report; and end the log at the first error.

use super::append::Chain;
use super::heads;
use super::live::Live;
use super::thread::{BATCH, Durability, Ended, OnReport, Report};
use super::who;
use crate::core::act::plan::Ticket;
use crate::core::entry::{Entry, Kind};
use crate::core::record::Record;
use crate::core::time::Stamp;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender};
use std::time::Instant;

/// Records written before a sync that somebody waits for.
const ROUND: usize = 256;

/// What the handle sends.
pub enum Command {
    Append(Box<Appended>),
    Close(Stamp, Sender<Ended>),
}

/// One entry on its way.
pub struct Appended {
    pub entry: Entry,
    pub stamp: Stamp,
    pub ticket: Option<Ticket>,
    pub durability: Durability,
    /// Written only if no record with this ticket was.
    pub late: bool,
}

/// What `opened` tells, but for the heads.
pub struct Opening {
    pub dir: PathBuf,
    pub session: String,
    pub data: Value,
}

/// The log and who waits for it.
pub struct Worker {
    chain: Chain,
    report: OnReport,
    /// Tickets written and not yet synced.
    unsynced: Vec<Ticket>,
    /// Records written and not yet synced.
    unreported: Vec<Record>,
    /// Tickets written in this session.
    written: BTreeSet<Ticket>,
    /// Since when something written is not synced.
    dirty: Option<Instant>,
    failed: Option<String>,
    waiting: Arc<AtomicU64>,
    missed: Arc<AtomicU64>,
    /// Records of a person's acts that nobody has put a name to.
    nameless: Vec<u64>,
}

impl Worker {
    /// `waiting` and `missed` are shared with the handle.
    pub fn new(chain: Chain, report: OnReport, waiting: Arc<AtomicU64>, missed: Arc<AtomicU64>) -> Worker {
        Worker {
            chain,
            report,
            unsynced: Vec::new(),
            unreported: Vec::new(),
            written: BTreeSet::new(),
            dirty: None,
            failed: None,
            waiting,
            missed,
            nameless: Vec::new(),
        }
    }

    /// The first record.
    pub fn opened(&mut self, opening: Opening, stamp: Stamp) {
        let mut data = opening.data;
        match heads::heads(&opening.dir, &opening.session) {
            Ok(found) => {
                if let (Some(to), Value::Object(from)) = (data.as_object_mut(), found.members()) {
                    to.extend(from);
                }
            }
            Err(e) => data["heads_unread"] = e.to_string().into(),
        }
        self.write(&own(Kind::Opened, stamp, data), stamp, None);
        self.sync();
    }

    /// Until it is closed or every handle is gone.
    pub fn run(&mut self, from: &Receiver<Command>, mut live: Option<Live>) {
        loop {
            let first = match self.dirty {
                None => from.recv().ok(),
                Some(since) => match from.recv_timeout(BATCH.saturating_sub(since.elapsed())) {
                    Ok(c) => Some(c),
                    Err(RecvTimeoutError::Timeout) => {
                        self.sync();
                        continue;
                    }
                    Err(RecvTimeoutError::Disconnected) => None,
                },
            };
            let Some(mut command) = first else {
                self.sync();
                return;
            };
            let mut urgent = false;
            for _ in 0..ROUND {
                match command {
                    Command::Append(a) => {
                        self.waiting.fetch_sub(1, Ordering::Relaxed);
                        urgent |= a.durability == Durability::Sync;
                        if !(a.late && a.ticket.is_some_and(|t| self.written.contains(&t))) {
                            self.write(&a.entry, a.stamp, a.ticket);
                        }
                    }
                    Command::Close(stamp, done) => {
                        let ended = self.close(stamp);
                        if let Some(live) = live.take() {
                            live.end();
                        }
                        // Nobody waits any more: the caller's time was up.
                        let _ = done.send(ended);
                        return;
                    }
                }
                match from.try_recv() {
                    Ok(next) => command = next,
                    Err(_) => break,
                }
            }
            if urgent || self.dirty.is_some_and(|since| since.elapsed() >= BATCH) {
                self.sync();
            }
        }
    }

    fn write(&mut self, entry: &Entry, stamp: Stamp, ticket: Option<Ticket>) {
        if let Some(why) = self.failed.clone() {
            if ticket.is_some() {
                (self.report)(Report::Failed { ticket, why });
            }
            return;
        }
        let missed = self.missed.swap(0, Ordering::Relaxed);
        let named = who::named(entry, &mut self.nameless, &mut self.chain);
        match self.chain.append(named.as_ref().unwrap_or(entry), stamp, ticket, missed) {
            Ok(record) => {
                who::nameless(entry.kind, &record, &mut self.nameless);
                self.unreported.push(record);
                self.dirty.get_or_insert_with(Instant::now);
                self.unsynced.extend(ticket);
                self.written.extend(ticket);
            }
            Err(e) => {
                // What was written whole before may still become durable; its own sync decides.
                self.sync();
                self.fail(ticket, &format!("the log could not be written: {e}"));
            }
        }
    }

    fn sync(&mut self) {
        if self.dirty.take().is_none() || self.failed.is_some() {
            return;
        }
        match self.chain.sync() {
            Ok(()) => {
                for t in self.unsynced.drain(..) {
                    (self.report)(Report::Durable(t));
                }
                (self.report)(Report::Written(std::mem::take(&mut self.unreported)));
            }
            Err(e) => self.fail(None, &format!("the log could not be synced: {e}")),
        }
    }

    /// Final: a second sync may answer ok while the data are lost.
    fn fail(&mut self, ticket: Option<Ticket>, why: &str) {
        let why = self.failed.get_or_insert_with(|| why.to_owned()).clone();
        let tickets: Vec<_> = self.unsynced.drain(..).chain(ticket).collect();
        if tickets.is_empty() {
            (self.report)(Report::Failed { ticket: None, why: why.clone() });
        }
        for t in tickets {
            (self.report)(Report::Failed { ticket: Some(t), why: why.clone() });
        }
    }

    fn close(&mut self, stamp: Stamp) -> Ended {
        let data = json!({ "head": self.chain.head(), "records": self.chain.records() + 1 });
        self.write(&own(Kind::Closed, stamp, data), stamp, None);
        self.sync();
        Ended { head: self.failed.is_none().then(|| self.chain.head().to_owned()), why: self.failed.clone() }
    }
}

fn own(kind: Kind, stamp: Stamp, data: Value) -> Entry {
    Entry { kind, at: stamp.utc, incident: None, target: None, data }
}
