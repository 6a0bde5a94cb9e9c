//! Keeps every record in memory until it is on disk. Notices a disk that does not answer, and writes what the log does
//! not take to the fallback file. Its own thread, so that neither the loop nor the journal's thread waits for it.

use super::fallback::{About, Fallback, Shared as SharedEntry};
use super::thread::{OnReport, Report, WAITING};
use crate::core::act::plan::Ticket;
use crate::core::entry::Kind;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// A record that somebody waits for and that is not on disk after this long: the disk hangs (product.md section 9).
pub const HANG: Duration = Duration::from_millis(500);
/// After the fallback file could not be written it is tried again this much later.
const AGAIN: Duration = Duration::from_secs(2);
/// What is said of a disk that does not answer.
pub const HUNG: &str = "the disk has not answered for half a second";

/// A handle; the thread ends with [`Keeper::end`] or with the last handle.
pub struct Keeper {
    shared: Arc<Shared>,
}

struct Shared {
    inner: Mutex<Inner>,
    /// For the thread.
    bell: Condvar,
    /// For who waits until something is saved, or the end is reached.
    done: Condvar,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Health {
    Works,
    Hangs,
    /// Final.
    Failed,
}

struct Item {
    entry: SharedEntry,
    ticket: Option<Ticket>,
    given: Instant,
    /// Somebody waits for it; observations may take their second.
    urgent: bool,
    /// The log has no room for it, or its request goes out before it is there: to the fallback file at once.
    now: bool,
    /// The disk answered, and had no room: nothing hangs.
    refused: bool,
    saved: bool,
}

struct Inner {
    /// Not on disk, in the order they were given.
    items: BTreeMap<u64, Item>,
    next: u64,
    health: Health,
    /// In the fallback file and not in the log.
    only_there: BTreeSet<u64>,
    /// Tickets of intents that were saved there and forgotten here.
    saved: BTreeSet<Ticket>,
    next_try: Option<Instant>,
    ending: bool,
    over: bool,
    handles: usize,
}

impl Clone for Keeper {
    fn clone(&self) -> Keeper {
        self.lock().handles += 1;
        Keeper { shared: self.shared.clone() }
    }
}

impl Drop for Keeper {
    fn drop(&mut self) {
        let mut inner = self.lock();
        inner.handles -= 1;
        if inner.handles == 0 {
            inner.ending = true;
            self.shared.bell.notify_all();
        }
    }
}

impl Keeper {
    /// `about`: where the fallback file goes; `None`: nowhere, records are kept in memory only. `tell` hears
    /// [`Report::Hangs`] and [`Report::Works`].
    pub fn start(about: Option<About>, tell: OnReport) -> Keeper {
        let inner = Inner {
            items: BTreeMap::new(),
            next: 0,
            health: Health::Works,
            only_there: BTreeSet::new(),
            saved: BTreeSet::new(),
            next_try: None,
            ending: false,
            over: false,
            handles: 1,
        };
        let shared = Arc::new(Shared { inner: Mutex::new(inner), bell: Condvar::new(), done: Condvar::new() });
        let (of_thread, fallback) = (shared.clone(), about.map(Fallback::new));
        let spawned = std::thread::Builder::new()
            .name("andon-keeper".into())
            .spawn(move || Thread { shared: of_thread, fallback, tell }.run());
        if spawned.is_err() {
            // Memory is all there is then.
            shared.lock().over = true;
        }
        Keeper { shared }
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.shared.lock()
    }

    /// A record on its way to the log. The number names it here.
    pub fn give(&self, entry: SharedEntry, ticket: Option<Ticket>, urgent: bool) -> u64 {
        self.put(entry, ticket, urgent, false)
    }

    fn put(&self, entry: SharedEntry, ticket: Option<Ticket>, urgent: bool, now: bool) -> u64 {
        let mut inner = self.lock();
        inner.next += 1;
        let id = inner.next;
        // A disk that does not follow must not fill the memory with what was only seen.
        if !urgent && ticket.is_none() && (inner.health != Health::Works || inner.items.len() as u64 >= WAITING) {
            return id;
        }
        inner
            .items
            .insert(id, Item { entry, ticket, given: Instant::now(), urgent, now, refused: false, saved: false });
        if urgent {
            self.shared.bell.notify_all();
        }
        id
    }

    /// A request goes out before its intent is in the log: into the fallback file at once, where it is not there yet.
    pub fn late(&self, entry: SharedEntry, ticket: Ticket) -> u64 {
        let mut inner = self.lock();
        let same = |i: &Item| i.ticket == Some(ticket) && i.entry.kind == Kind::Intent;
        if let Some((id, item)) = inner.items.iter_mut().find(|(_, i)| same(i)) {
            item.now = true;
            self.shared.bell.notify_all();
            return *id;
        }
        if inner.saved.contains(&ticket) {
            inner.next += 1;
            return inner.next;
        }
        drop(inner);
        self.put(entry, Some(ticket), true, true)
    }

    /// Waits until the record of this ticket is on disk, here or there; at most so long. False: it is in memory only.
    pub fn is_safe(&self, ticket: Ticket, at_most: Duration) -> bool {
        let inner = self.lock();
        let waits = |i: &mut Inner| !i.over && i.items.values().any(|i| i.ticket == Some(ticket) && !i.saved);
        match self.shared.done.wait_timeout_while(inner, at_most, waits) {
            Ok((_, timeout)) => !timeout.timed_out(),
            Err(_) => false,
        }
    }

    /// These are in the log and synced.
    pub fn durable(&self, ids: impl Iterator<Item = u64>) {
        let mut inner = self.lock();
        for id in ids {
            inner.items.remove(&id);
            inner.only_there.remove(&id);
        }
        // Whether it hangs on is seen by what is still waiting. The thread tells, so that there is one order of it.
        if inner.health == Health::Hangs {
            self.shared.bell.notify_all();
        }
        self.shared.done.notify_all();
    }

    /// The log has no room for this one now; it is tried again there.
    pub fn refused(&self, id: u64) {
        let mut inner = self.lock();
        if let Some(item) = inner.items.get_mut(&id) {
            item.now = true;
            item.refused = true;
            self.shared.bell.notify_all();
        }
    }

    /// The log has ended: what it did not take goes to the fallback file, now and from now on.
    pub fn failed(&self) {
        self.lock().health = Health::Failed;
        self.shared.bell.notify_all();
    }

    /// The end: what is not in the log is saved, waited for at most so long. Where everything is in the log the fallback
    /// file goes. How many records are in the fallback file only, or nowhere.
    pub fn end(&self, at_most: Duration) -> usize {
        let mut inner = self.lock();
        inner.ending = true;
        self.shared.bell.notify_all();
        let inner = match self.shared.done.wait_timeout_while(inner, at_most, |i| !i.over) {
            Ok((inner, _)) => inner,
            Err(poisoned) => poisoned.into_inner().0,
        };
        let unsaved = inner.items.iter().filter(|(id, i)| i.urgent && !inner.only_there.contains(id));
        inner.only_there.len() + unsaved.count()
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

struct Thread {
    shared: Arc<Shared>,
    fallback: Option<Fallback>,
    tell: OnReport,
}

/// What is to be done outside the lock.
enum Due {
    Tell(Report),
    Save(Vec<(u64, SharedEntry, Option<Ticket>)>),
    End,
}

impl Thread {
    fn run(mut self) {
        loop {
            match self.wait() {
                Due::Tell(report) => (self.tell)(report),
                Due::Save(items) => self.save(items),
                Due::End => break,
            }
        }
        let fallback = self.fallback.take();
        let all = {
            let inner = self.shared.lock();
            inner.only_there.is_empty() && inner.items.is_empty()
        };
        // Closed before the end is told: whoever waits for that may look for what is left.
        if let Some(f) = fallback {
            if all { f.remove() } else { drop(f) }
        }
        let mut inner = self.shared.lock();
        inner.over = true;
        self.shared.done.notify_all();
    }

    fn wait(&self) -> Due {
        let mut inner = self.shared.lock();
        loop {
            let now = Instant::now();
            let oldest = inner.items.values().filter(|i| i.urgent && !i.refused).map(|i| i.given).min();
            let hangs = oldest.is_some_and(|given| now.duration_since(given) >= HANG);
            match inner.health {
                Health::Works if hangs => {
                    inner.health = Health::Hangs;
                    return Due::Tell(Report::Hangs { why: HUNG.to_owned() });
                }
                Health::Hangs if !hangs => {
                    inner.health = Health::Works;
                    // A full disk is no disk that hangs, and no better: its own end is told by the log.
                    if !inner.items.values().any(|i| i.refused) {
                        return Due::Tell(Report::Works);
                    }
                }
                Health::Works | Health::Hangs | Health::Failed => {}
            }
            let all = inner.health != Health::Works || inner.ending;
            let due = |i: &Item| !i.saved && (all || i.now);
            let any = inner.items.values().any(due);
            let waits = inner.next_try.filter(|t| *t > now);
            if any && (waits.is_none() || inner.ending) {
                let due = inner.items.iter().filter(|(_, i)| due(i));
                return Due::Save(due.map(|(id, i)| (*id, i.entry.clone(), i.ticket)).collect());
            }
            if inner.ending {
                return Due::End;
            }
            let hang = oldest.filter(|_| inner.health == Health::Works).map(|given| given + HANG);
            let next = [waits.filter(|_| any), hang].into_iter().flatten().min();
            inner = match next {
                None => self.shared.bell.wait(inner).unwrap_or_else(PoisonError::into_inner),
                Some(until) => {
                    let left = until.saturating_duration_since(now);
                    self.shared.bell.wait_timeout(inner, left).unwrap_or_else(PoisonError::into_inner).0
                }
            };
        }
    }

    fn save(&mut self, batch: Vec<(u64, SharedEntry, Option<Ticket>)>) {
        let written = match &mut self.fallback {
            Some(f) => f.add(batch.iter().map(|(_, e, t)| (&**e, *t))),
            None => Ok(()),
        };
        let mut inner = self.shared.lock();
        match written {
            Ok(()) => {
                inner.next_try = None;
                for (id, entry, ticket) in batch {
                    // It came to the log meanwhile.
                    let Some(item) = inner.items.get_mut(&id) else { continue };
                    item.saved = true;
                    if inner.health == Health::Failed {
                        inner.items.remove(&id);
                        inner.saved.extend(ticket.filter(|_| entry.kind == Kind::Intent));
                    }
                    inner.only_there.insert(id);
                }
            }
            Err(e) => {
                tracing::error!(error = %e, records = batch.len(), "fallback file");
                inner.next_try = Some(Instant::now() + AGAIN);
                if inner.ending {
                    // Nothing is left to try: they are counted as not in the log.
                    for (id, _, _) in batch {
                        if let Some(item) = inner.items.get_mut(&id) {
                            item.saved = true;
                            inner.only_there.insert(id);
                        }
                    }
                }
            }
        }
        self.shared.done.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::journal::fallback::left_over;
    use crate::journal::scratch::{Scratch, entry};
    use serde_json::json;
    use std::path::Path;
    use std::sync::mpsc::{Receiver, channel};

    const LONG: Duration = Duration::from_secs(60);

    fn keeper(dir: &Path) -> (Keeper, Receiver<Report>) {
        let (tell, told) = channel();
        let about = About { dir: dir.to_owned(), session: "s".into(), environment: "prod".into() };
        let tell: OnReport = Arc::new(move |r| {
            let _ = tell.send(r);
        });
        (Keeper::start(Some(about), tell), told)
    }

    fn note(n: i64) -> SharedEntry {
        Arc::new(entry(Kind::Note, n, json!({ "n": n })))
    }

    fn there(dir: &Path) -> Vec<i64> {
        let found = left_over(dir, "prod").expect("read");
        found.iter().flat_map(|l| &l.entries).map(|k| k.entry.data["n"].as_i64().expect("n")).collect()
    }

    #[test]
    fn what_the_log_took_in_time_leaves_no_trace() {
        let dir = Scratch::new();
        let (k, told) = keeper(dir.path());
        let begun = Instant::now();
        let ids: Vec<u64> = (0..5).map(|n| k.give(note(n), Some(Ticket(n as u64)), true)).collect();
        k.durable(ids.into_iter());
        assert!(k.is_safe(Ticket(1), Duration::ZERO));
        let in_time = begun.elapsed() < HANG;
        assert_eq!(k.end(LONG), 0);
        // Else it was not in time: the machine stood still.
        assert!(!in_time || told.try_recv().is_err());
        assert!(!in_time || std::fs::read_dir(dir.path()).expect("read").count() == 0);
    }

    #[test]
    fn a_disk_that_does_not_answer_is_told_once_and_everything_is_saved_until_it_answers() {
        let dir = Scratch::new();
        let (k, told) = keeper(dir.path());
        let begun = Instant::now();
        let first = k.give(note(1), Some(Ticket(1)), true);
        let seen = k.give(note(2), None, false);
        assert_eq!(told.recv_timeout(LONG), Ok(Report::Hangs { why: HUNG.to_owned() }));
        println!("noticed after {} ms", begun.elapsed().as_millis());
        assert!(begun.elapsed() >= HANG);
        let later = k.give(note(3), Some(Ticket(3)), true);
        assert!(k.is_safe(Ticket(3), LONG), "at once, now that it is known");
        assert!(k.is_safe(Ticket(1), LONG));
        k.durable([first, seen, later].into_iter());
        assert_eq!(told.recv_timeout(LONG), Ok(Report::Works));
        assert_eq!(k.end(LONG), 0);
        assert_eq!(there(dir.path()), Vec::<i64>::new(), "all of it is in the log: the file is gone");
    }

    #[test]
    fn what_a_failed_log_did_not_take_stays_for_a_finder() {
        let dir = Scratch::new();
        let (k, _told) = keeper(dir.path());
        let one = k.give(note(1), Some(Ticket(1)), true);
        k.durable([one].into_iter());
        k.give(note(2), Some(Ticket(2)), true);
        k.failed();
        k.give(note(3), None, true);
        assert_eq!(k.end(LONG), 2);
        drop(k);
        assert_eq!(there(dir.path()), [2, 3]);
    }

    #[test]
    fn a_request_that_goes_out_first_has_its_intent_on_disk_before_it() {
        let dir = Scratch::new();
        let (k, told) = keeper(dir.path());
        let intent = |n| Arc::new(entry(Kind::Intent, n, json!({ "n": n })));
        // Given already, and hanging since a moment ago: the same record, not a second one.
        k.give(intent(1), Some(Ticket(1)), true);
        k.late(intent(1), Ticket(1));
        assert!(k.is_safe(Ticket(1), LONG));
        // That it is safe elsewhere does not make the disk answer.
        assert_eq!(told.recv_timeout(LONG), Ok(Report::Hangs { why: HUNG.to_owned() }));
        k.late(intent(1), Ticket(1));
        assert!(told.recv_timeout(Duration::from_millis(50)).is_err());
        k.failed();
        k.late(intent(2), Ticket(2));
        assert!(k.is_safe(Ticket(2), LONG));
        k.late(intent(2), Ticket(2));
        assert_eq!(k.end(LONG), 2);
        drop(k);
        assert_eq!(there(dir.path()), [1, 2]);
    }
}
