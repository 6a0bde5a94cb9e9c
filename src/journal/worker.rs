//! What the journal's thread does with entries: write, sync, report. A full disk keeps what has room, any other error
//! ends the log for this session; the keeper has what it did not take.

use super::anchor::{Anchor, Head};
use super::append::Chain;
use super::ballast::{self, Ballast};
use super::keeper::Keeper;
use super::live::Live;
use super::thread::{BATCH, Durability, Ended, OnReport, Report};
use super::{heads, kill, redact, side, who};
use crate::core::act::plan::Ticket;
use crate::core::entry::{Entry, Kind};
use crate::core::record::Record;
use crate::core::time::Stamp;
use serde_json::{Value, json};
use std::borrow::Cow;
use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender};
use std::time::{Duration, Instant};

/// Records written before a sync that somebody waits for.
const ROUND: usize = 256;
/// A full disk is looked at again this often.
const AGAIN: Duration = if cfg!(test) { Duration::from_millis(20) } else { Duration::from_secs(5) };

/// What the handle sends.
pub enum Command {
    Append(Box<Appended>),
    /// What one turn of the loop has to say: written together and synced once.
    Together(Vec<Appended>),
    /// Records of ended sessions; answered with whether they are on disk.
    Adopt(Stamp, Vec<Entry>, Sender<bool>),
    Close(Stamp, Sender<Ended>),
    /// The handle was dropped.
    Gone,
}

/// One entry on its way.
pub struct Appended {
    /// The keeper's number; 0: not kept.
    pub id: u64,
    pub entry: Arc<Entry>,
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

/// What lies beside the log.
#[derive(Default)]
pub struct Around {
    pub keeper: Option<Keeper>,
    pub ballast: Option<Ballast>,
    /// Where side files go, and their mode.
    pub side: Option<(PathBuf, u32)>,
    pub anchor: Option<Anchor>,
}

enum State {
    Works,
    /// No room; the chain is whole. Outcomes are still tried.
    Full(String),
    /// Final.
    Failed(String),
}

/// The log and who waits for it.
pub struct Worker {
    chain: Chain,
    report: OnReport,
    around: Around,
    state: State,
    /// Written and not yet synced.
    unsynced: Vec<(Box<Appended>, Record)>,
    /// There was no room for these.
    #[expect(clippy::vec_box, reason = "they come boxed and go boxed; a Vec of large entries would move them")]
    refused: Vec<Box<Appended>>,
    /// Tickets written in this session.
    written: BTreeSet<Ticket>,
    /// Since when something written is not synced.
    dirty: Option<Instant>,
    /// When a full disk was last looked at.
    tried: Instant,
    waiting: Arc<AtomicU64>,
    missed: Arc<AtomicU64>,
    /// Records of a person's acts that nobody has put a name to.
    nameless: Vec<u64>,
}

impl Worker {
    /// `waiting` and `missed` are shared with the handle.
    pub fn new(
        chain: Chain,
        report: OnReport,
        around: Around,
        waiting: Arc<AtomicU64>,
        missed: Arc<AtomicU64>,
    ) -> Worker {
        Worker {
            chain,
            report,
            around,
            state: State::Works,
            unsynced: Vec::new(),
            refused: Vec::new(),
            written: BTreeSet::new(),
            dirty: None,
            tried: Instant::now(),
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
        self.write(own(Kind::Opened, stamp, data));
        self.sync();
    }

    /// Until it is closed or the handle is gone.
    pub fn run(&mut self, from: &Receiver<Command>, mut live: Option<Live>) {
        loop {
            let batch = self.dirty.map(|since| BATCH.saturating_sub(since.elapsed()));
            let again = matches!(self.state, State::Full(_)).then(|| AGAIN.saturating_sub(self.tried.elapsed()));
            let first = match [batch, again].into_iter().flatten().min() {
                None => from.recv().ok(),
                Some(left) => match from.recv_timeout(left) {
                    Ok(c) => Some(c),
                    Err(RecvTimeoutError::Timeout) => {
                        self.sync();
                        self.try_again();
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
            for n in 1_usize.. {
                match command {
                    Command::Append(a) => urgent |= self.appended(a),
                    Command::Together(all) => {
                        for a in all {
                            urgent |= self.appended(Box::new(a));
                        }
                    }
                    Command::Adopt(stamp, entries, done) => {
                        for entry in entries {
                            let entry = Arc::new(entry);
                            let (ticket, durability) = (None, Durability::Sync);
                            self.write(Box::new(Appended { id: 0, entry, stamp, ticket, durability, late: false }));
                        }
                        self.sync();
                        // Nobody waits any more: it took too long, and is found to be done the next time.
                        let _ = done.send(matches!(self.state, State::Works));
                    }
                    Command::Close(stamp, done) => {
                        let ended = self.close(stamp);
                        kill::point("before-live-end");
                        if let Some(live) = live.take() {
                            live.end();
                        }
                        // Nobody waits any more: the caller's time was up.
                        let _ = done.send(ended);
                        return;
                    }
                    Command::Gone => {
                        self.sync();
                        return;
                    }
                }
                // What is taken is written: nothing may be taken that this round has no place for.
                if n >= ROUND {
                    break;
                }
                match from.try_recv() {
                    Ok(next) => command = next,
                    Err(_) => break,
                }
            }
            if urgent || self.dirty.is_some_and(|since| since.elapsed() >= BATCH) {
                self.sync();
            }
            if self.tried.elapsed() >= AGAIN {
                self.try_again();
            }
        }
    }

    /// Writes it; does somebody wait for the disk?
    fn appended(&mut self, a: Box<Appended>) -> bool {
        self.waiting.fetch_sub(1, Ordering::Relaxed);
        let urgent = a.durability == Durability::Sync;
        if a.late && a.ticket.is_some_and(|t| self.written.contains(&t)) {
            // The first one is on disk, or its own sync decides.
            if !self.unsynced.iter().any(|(u, _)| u.id == a.id) {
                self.kept_no_more(std::iter::once(a.id));
            }
        } else {
            self.write(a);
        }
        urgent
    }

    fn write(&mut self, a: Box<Appended>) {
        match &self.state {
            State::Works => self.put(a),
            State::Full(_) if self.goes_when_full(&a) => self.put(a),
            State::Full(_) => self.refuse(a),
            State::Failed(why) => {
                if a.ticket.is_some() {
                    (self.report)(Report::Failed { ticket: a.ticket, why: why.clone() });
                }
            }
        }
    }

    /// Outcomes, and an intent that comes late: it has left already and is no new one. Nothing goes before the file's
    /// first record, without which it is no chain, nor before an intent of its own that had no room.
    fn goes_when_full(&self, a: &Appended) -> bool {
        if a.entry.kind == Kind::Opened {
            return true;
        }
        let ticket = a.ticket.or_else(|| a.entry.data["ticket"].as_u64().map(Ticket));
        let waits = ticket.filter(|t| !self.written.contains(t));
        let before_its_intent = waits.is_some_and(|t| self.refused.iter().any(|r| r.ticket == Some(t)));
        self.chain.records() > 0 && (a.late || (ballast::takes(a.entry.kind) && !before_its_intent))
    }

    fn put(&mut self, a: Box<Appended>) {
        let missed = self.missed.swap(0, Ordering::Relaxed);
        let entry = redact::entry(&a.entry);
        let nameless = (entry.kind == Kind::Who).then(|| self.nameless.clone());
        let entry = who::named(&entry, &mut self.nameless, &mut self.chain).map_or(entry, Cow::Owned);
        let aside = match &self.around.side {
            Some((dir, mode)) => side::put_aside(dir, *mode, &entry.data).unwrap_or_else(|e| {
                // The record's own bound cuts it then.
                tracing::warn!(error = %e, "side file");
                None
            }),
            None => None,
        };
        let entry = match aside {
            Some(data) => Cow::Owned(Entry { data, ..entry.into_owned() }),
            None => entry,
        };
        let written = self.chain.append(&entry, a.stamp, a.ticket, missed);
        if let (Err(_), Some(nameless)) = (&written, nameless) {
            self.nameless = nameless;
        }
        match written {
            Ok(record) => {
                who::nameless(entry.kind, &record, &mut self.nameless);
                drop(entry);
                self.dirty.get_or_insert_with(Instant::now);
                self.written.extend(a.ticket);
                self.unsynced.push((a, record));
            }
            Err(e) => {
                self.missed.fetch_add(missed, Ordering::Relaxed);
                // What was written whole before may still become durable; its own sync decides.
                self.sync();
                let why = format!("the log could not be written: {e}");
                if self.chain.is_whole() && !matches!(self.state, State::Failed(_)) {
                    self.full(why, a);
                } else {
                    self.fail(&why, Some(a));
                }
            }
        }
    }

    /// No room for `a`.
    fn full(&mut self, why: String, a: Box<Appended>) {
        if matches!(self.state, State::Full(_)) {
            return self.refuse(a);
        }
        self.state = State::Full(why.clone());
        self.tried = Instant::now();
        (self.report)(Report::Failed { ticket: None, why });
        let room = self.around.ballast.as_ref().is_some_and(Ballast::release);
        kill::point("after-ballast");
        if room { self.write(a) } else { self.refuse(a) }
    }

    /// Kept until there is room again.
    fn refuse(&mut self, a: Box<Appended>) {
        if let (State::Full(why), Some(_)) = (&self.state, a.ticket) {
            (self.report)(Report::Failed { ticket: a.ticket, why: why.clone() });
        }
        // Observations are dropped and counted, as where the disk does not follow.
        if a.durability == Durability::Batched && a.ticket.is_none() {
            self.missed.fetch_add(1, Ordering::Relaxed);
            self.kept_no_more(std::iter::once(a.id));
            return;
        }
        if let Some(keeper) = &self.around.keeper {
            keeper.refused(a.id);
        }
        self.refused.push(a);
    }

    /// Is there room again? The ballast comes first, then what was refused, in its order.
    fn try_again(&mut self) {
        if !matches!(self.state, State::Full(_)) {
            return;
        }
        self.tried = Instant::now();
        if self.around.ballast.as_ref().is_some_and(|b| b.make().is_err()) {
            return;
        }
        self.state = State::Works;
        for a in std::mem::take(&mut self.refused) {
            let there = a.ticket.is_some_and(|t| self.written.contains(&t));
            if there {
                // As with one that comes late: its twin may not be on disk yet.
                if !self.unsynced.iter().any(|(u, _)| u.id == a.id) {
                    self.kept_no_more(std::iter::once(a.id));
                }
            } else {
                self.write(a);
            }
        }
        self.sync();
        if matches!(self.state, State::Works) {
            (self.report)(Report::Works);
        }
    }

    fn kept_no_more(&self, ids: impl Iterator<Item = u64>) {
        if let Some(keeper) = &self.around.keeper {
            keeper.durable(ids);
        }
    }

    fn sync(&mut self) {
        if self.dirty.take().is_none() || matches!(self.state, State::Failed(_)) {
            return;
        }
        match self.chain.sync() {
            Ok(()) => {
                kill::point("after-sync-before-report");
                let synced = std::mem::take(&mut self.unsynced);
                self.kept_no_more(synced.iter().map(|(a, _)| a.id));
                if let (Some((a, last)), Some(anchor)) = (synced.last(), &self.around.anchor) {
                    let head = Head { seq: last.seq, hash: last.hash.clone(), stamp: a.stamp };
                    let any = |f: &dyn Fn(Kind) -> bool| synced.iter().any(|(a, _)| f(a.entry.kind));
                    anchor.head(head, any(&|k| k != Kind::Anchored), any(&|k| k == Kind::IncidentClosed));
                }
                let mut records = Vec::with_capacity(synced.len());
                for (a, record) in synced {
                    if let Some(t) = a.ticket {
                        (self.report)(Report::Durable(t));
                    }
                    records.push(record);
                }
                (self.report)(Report::Written(records));
            }
            Err(e) => self.fail(&format!("the log could not be synced: {e}"), None),
        }
    }

    /// Final: a second sync may answer ok while the data are lost.
    fn fail(&mut self, why: &str, a: Option<Box<Appended>>) {
        let why = match &self.state {
            State::Failed(first) => first.clone(),
            State::Works | State::Full(_) => why.to_owned(),
        };
        self.state = State::Failed(why.clone());
        // The keeper has all that is not on disk: it goes to the fallback file now.
        if let Some(keeper) = &self.around.keeper {
            keeper.failed();
        }
        self.refused.clear();
        let unsynced = std::mem::take(&mut self.unsynced).into_iter().map(|(a, _)| a);
        let tickets: Vec<_> = unsynced.chain(a).filter_map(|a| a.ticket).collect();
        if tickets.is_empty() {
            (self.report)(Report::Failed { ticket: None, why: why.clone() });
        }
        for t in tickets {
            (self.report)(Report::Failed { ticket: Some(t), why: why.clone() });
        }
    }

    fn close(&mut self, stamp: Stamp) -> Ended {
        self.sync();
        self.try_again();
        if let Some(anchor) = self.around.anchor.take().filter(|_| matches!(self.state, State::Works)) {
            let head = Head { seq: self.chain.records(), hash: self.chain.head().to_owned(), stamp };
            let outcome = anchor.last(head);
            self.write(own(Kind::Anchored, outcome.stamp, outcome.data()));
        }
        kill::point("before-closed");
        let data = json!({ "head": self.chain.head(), "records": self.chain.records() + 1 });
        self.write(own(Kind::Closed, stamp, data));
        self.sync();
        kill::point("after-closed");
        if let Some(ballast) = &self.around.ballast {
            ballast.release();
        }
        let head = (self.chain.records() > 0).then(|| self.chain.head().to_owned());
        match &self.state {
            State::Works => Ended { head, why: None },
            // What was written has its head; that something was not is said as well.
            State::Full(why) => Ended { head, why: Some(why.clone()) },
            State::Failed(why) => Ended { head: None, why: Some(why.clone()) },
        }
    }
}

fn own(kind: Kind, stamp: Stamp, data: Value) -> Box<Appended> {
    let entry = Arc::new(Entry { kind, at: stamp.utc, incident: None, target: None, data });
    Box::new(Appended { id: 0, entry, stamp, ticket: None, durability: Durability::Sync, late: false })
}
