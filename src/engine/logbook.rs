//! The journal as the loop uses it: reports become messages, late records find their way.

use super::inbox::Inbox;
use crate::core::act::cord::Hold;
use crate::core::act::plan::Ticket;
use crate::core::act::side::Left;
use crate::core::case::others;
use crate::core::case::people::{Follows, Here};
use crate::core::entry::Entry;
use crate::core::id::{Hash, ServiceId};
use crate::core::msg::{LogPage, Msg, Recovered, Unfinished};
use crate::core::record::Hlc;
use crate::core::time::{Stamp, Utc};
use crate::journal::fallback::{self, About};
use crate::journal::follow::{self, Before, Follower, Found, Go};
use crate::journal::keeper::Keeper;
use crate::journal::recovery::Recovery;
use crate::journal::thread::{Appended, Beside, Durability, Journal, Report, Settings};
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, TryRecvError, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// Opened on a thread of its own: a directory that hangs must not keep the way back.
pub struct Logbook {
    journal: Opening,
    /// Where the log's files are, for reading back.
    dir: PathBuf,
    /// Everything that is not on disk, and the fallback file.
    keeper: Keeper,
    anchored: bool,
    /// What this turn of the loop has to say: it goes to the disk together, so that the intents of many acts cost one sync.
    turn: Vec<Appended>,
    inbox: Inbox,
}

/// Records of one page of the browser.
const PAGE: usize = 200;

/// Where the fallback file goes and what the head is handed to.
#[derive(Clone, Debug)]
pub struct Elsewhere {
    /// The user's state directory.
    pub state: PathBuf,
    /// The program and its words; empty: none.
    pub anchor: Vec<String>,
}

/// A request that goes out before its intent is in the log waits this long for the fallback file. limits.md: the way back
/// is out 100 ms after the name.
const FALLBACK_FIRST: Duration = Duration::from_millis(60);
/// At the end nobody waits longer for a disk that does not answer.
const AT_END: Duration = Duration::from_secs(2);
/// And so long for the fallback file then.
const FALLBACK_AT_END: Duration = Duration::from_millis(500);

enum Opening {
    Waiting { from: Receiver<std::io::Result<(Journal, Option<Follower>)>>, queue: Vec<Queued> },
    Open(Journal, Option<Follower>),
    Failed(Arc<str>),
}

struct Queued {
    /// The keeper's number.
    id: u64,
    entry: Arc<Entry>,
    at: Stamp,
    ticket: Option<Ticket>,
    late: bool,
}

impl Logbook {
    /// Begins to open the session's file; what is appended meanwhile waits in memory. `also`: a directory made beside it.
    /// Errors of the disk become `Msg::LogFailed`.
    pub fn open(settings: Settings, elsewhere: Elsewhere, also: Option<PathBuf>, at: Stamp, inbox: Inbox) -> Logbook {
        let dir = settings.dir.clone();
        let (to, from) = channel();
        let nudge = inbox.clone();
        // A drill reads no other session's records and leaves none to others.
        let drill = settings.drill.is_some().then(|| settings.dir.parent().map(Path::to_path_buf)).flatten();
        let common = drill.is_none().then(|| fallback::dir(&elsewhere.state));
        let about = About {
            dir: drill.or_else(|| common.clone()).unwrap_or_else(|| fallback::dir(&elsewhere.state)),
            session: settings.session(at),
            environment: settings.environment.clone(),
        };
        let tell = inbox.clone();
        let keeper = Keeper::start(Some(about), Arc::new(move |r| answer(&tell, r)));
        let beside = Beside { keeper: Some(keeper.clone()), fallback: common, anchor: elsewhere.anchor };
        let anchored = !beside.anchor.is_empty();
        let spawned = std::thread::Builder::new().name("andon-log-open".into()).spawn(move || {
            let opened = open(&settings, beside, also.as_deref(), at, &nudge);
            let failed = opened.as_ref().err().map(|e| format!("{}: {e}", settings.dir.display()));
            // Gone only when the session ended before its log was open.
            let _ = to.send(opened);
            nudge.answer(match failed {
                Some(why) => Msg::LogFailed { why: why.into() },
                None => Msg::Tick,
            });
        });
        let journal = match spawned {
            Ok(_) => Opening::Waiting { from, queue: Vec::new() },
            Err(e) => {
                let why: Arc<str> = format!("no thread for the log: {e}").into();
                inbox.answer(Msg::LogFailed { why: why.clone() });
                keeper.failed();
                Opening::Failed(why)
            }
        };
        Logbook { journal, dir, keeper, anchored, turn: Vec::new(), inbox }
    }

    /// Has it been opened meanwhile? What waited is written then.
    fn poll(&mut self) {
        let Opening::Waiting { from, queue } = &mut self.journal else { return };
        let opened = match from.try_recv() {
            Ok(opened) => opened,
            Err(TryRecvError::Empty) => return,
            Err(TryRecvError::Disconnected) => Err(std::io::Error::other("the opening thread ended")),
        };
        let queue = std::mem::take(queue);
        self.journal = match opened {
            Ok((j, follower)) => Opening::Open(j, follower),
            Err(e) => {
                self.keeper.failed();
                Opening::Failed(e.to_string().into())
            }
        };
        for q in queue {
            self.put(q);
        }
        self.flush();
    }

    /// The end of a turn: what it has to say goes to the disk.
    pub fn flush(&mut self) {
        if let Opening::Open(j, _) = &self.journal
            && !self.turn.is_empty()
        {
            j.append_together(std::mem::take(&mut self.turn));
        }
    }

    /// The session's name, once it is open.
    pub fn session(&mut self) -> Option<&str> {
        self.poll();
        match &self.journal {
            Opening::Open(j, _) => Some(j.session()),
            Opening::Waiting { .. } | Opening::Failed(_) => None,
        }
    }

    fn put(&mut self, q: Queued) {
        match &mut self.journal {
            Opening::Waiting { queue, .. } => queue.push(q),
            Opening::Failed(why) => {
                if let Some(ticket) = q.ticket.filter(|_| !q.late) {
                    self.inbox.answer(Msg::NotDurable { ticket, why: why.clone() });
                }
            }
            Opening::Open(..) => {
                let durability = if q.is_urgent() { Durability::Sync } else { Durability::Batched };
                let Queued { id, entry, at: stamp, ticket, late } = q;
                self.turn.push(Appended { id, entry, stamp, ticket, durability, late });
            }
        }
    }

    pub fn append(&mut self, entry: Entry, at: Stamp, ticket: Option<Ticket>) {
        self.poll();
        match &self.journal {
            // It drops and counts observations where the disk does not follow.
            Opening::Open(j, _) if ticket.is_none() && entry.kind.is_observation() => {
                // In its order behind what the turn has said already.
                if !self.turn.is_empty() {
                    j.append_together(std::mem::take(&mut self.turn));
                }
                j.append(entry, at, None, Durability::Batched);
            }
            Opening::Open(..) | Opening::Waiting { .. } | Opening::Failed(_) => {
                let mut q = Queued { id: 0, entry: Arc::new(entry), at, ticket, late: false };
                q.id = self.keeper.give(q.entry.clone(), ticket, q.is_urgent());
                self.put(q);
            }
        }
    }

    /// A backward act goes out before its intent is in the log: into the fallback file first, into the log when it can.
    /// Waits for the file, since the request leaves next; not for long.
    pub fn append_late(&mut self, entry: Entry, at: Stamp, ticket: Ticket) {
        self.poll();
        let entry = Arc::new(entry);
        let id = self.keeper.late(entry.clone(), ticket);
        self.put(Queued { id, entry, at, ticket: Some(ticket), late: true });
        // The request leaves next, and its disk may be slow: nothing waits for the end of the turn.
        self.flush();
        if !self.keeper.is_safe(ticket, FALLBACK_FIRST) {
            // The way back does not wait for a second disk either. The entry is in memory.
            tracing::error!(ticket = ticket.0, "neither log nor fallback file took the intent in time");
        }
    }

    /// Reads a page of records on a thread of its own: a disk that hangs must hold nobody up.
    pub fn page(&self, before: Option<Hlc>) {
        let (dir, inbox) = (self.dir.clone(), self.inbox.clone());
        let read = move || {
            let page = match crate::journal::page::tail_before(&dir, before, PAGE) {
                Ok(p) => LogPage {
                    before,
                    records: p.records,
                    start: p.start,
                    unread: p.unread.into_iter().map(|(f, why)| (f.into(), why.into())).collect(),
                },
                // Nothing older will come: the place of the log itself is what is told.
                Err(e) => LogPage {
                    before,
                    start: true,
                    unread: vec![(dir.display().to_string().into(), e.to_string().into())],
                    ..LogPage::default()
                },
            };
            inbox.answer(Msg::LogPage(Box::new(page)));
        };
        if let Err(e) = std::thread::Builder::new().name("andon-log-page".into()).spawn(read) {
            tracing::error!(error = %e, "log page");
        }
    }

    /// What our live file says.
    pub fn here(&mut self, here: &Here) {
        self.poll();
        match &self.journal {
            Opening::Open(_, Some(follower)) => follower.say(here.clone()),
            Opening::Open(_, None) | Opening::Waiting { .. } | Opening::Failed(_) => {}
        }
    }

    /// Ends the log; its head, where the disk took it. Bounded, whatever the disk does.
    pub fn close(mut self, at: Stamp) -> Option<String> {
        self.poll();
        self.flush();
        let at_most = if self.anchored { AT_END + crate::journal::anchor::AT_EXIT } else { AT_END };
        let head = match self.journal {
            Opening::Open(j, follower) => {
                // It holds the lock as well: whoever looks after the end must find it free.
                drop(follower);
                j.close(at, at_most).head
            }
            Opening::Waiting { .. } | Opening::Failed(_) => None,
        };
        let left = self.keeper.end(FALLBACK_AT_END);
        if left > 0 {
            tracing::warn!(records = left, "not in the log; the next session takes them over from the fallback file");
        }
        head
    }
}

impl Queued {
    fn is_urgent(&self) -> bool {
        self.ticket.is_some() || !self.entry.kind.is_observation()
    }
}

/// What the keeper says, to the loop.
fn answer(inbox: &Inbox, r: Report) {
    match r {
        Report::Hangs { why } => inbox.answer(Msg::LogHangs { why: why.into() }),
        Report::Works => inbox.answer(Msg::LogWorks),
        Report::Durable(t) => inbox.answer(Msg::Durable(t)),
        Report::Failed { ticket, why } => {
            let why: Arc<str> = why.into();
            inbox.answer(Msg::LogFailed { why: why.clone() });
            if let Some(ticket) = ticket {
                inbox.answer(Msg::NotDurable { ticket, why });
            }
        }
        Report::Written(records) => inbox.answer(Msg::Records(records)),
        // Needs what the opening knows.
        Report::Recovered(_) => {}
    }
}

type Opened = (Journal, Option<Follower>);

fn open(settings: &Settings, beside: Beside, also: Option<&Path>, at: Stamp, inbox: &Inbox) -> std::io::Result<Opened> {
    if let Some(dir) = also {
        crate::journal::append::make_dir(dir)?;
    }
    let mine_only = settings.mine_only.0;
    let file: Arc<str> = settings.dir.display().to_string().into();
    // Before our own log: nothing that others write from here on is missed. A drill reads no other's log.
    let before = if settings.drill.is_none() { look(&settings.dir) } else { None };
    if let Some(people) = before.as_ref().map(Before::people).filter(|p| !p.is_empty()) {
        inbox.answer(Msg::People(people));
    }
    let go = before.as_ref().map(Before::go);
    // What was left open is told after whose console this is: who reads it back depends on that.
    let named = Arc::new(Mutex::new(()));
    let order = named.clone();
    let naming = named.lock().unwrap_or_else(PoisonError::into_inner);
    let nudge = inbox.clone();
    let report = Arc::new(move |r: Report| match r {
        Report::Recovered(r) => {
            drop(order.lock().unwrap_or_else(PoisonError::into_inner));
            let told = recovered(r, mine_only, file.clone());
            nudge.answer(Msg::Recovered(Box::new(told)));
            // The past first; then what comes.
            if let Some(go) = &go {
                Go::go(go);
            }
        }
        r
        @ (Report::Durable(_) | Report::Failed { .. } | Report::Hangs { .. } | Report::Works | Report::Written(_)) => {
            answer(&nudge, r);
        }
    });
    let journal = Journal::open_with(settings, at, report, beside)?;
    inbox.answer(Msg::LogOpened { session: journal.session().into() });
    let follower = match (before, journal.live()) {
        (Some(before), live) => {
            Follower::start(before, journal.session(), follow::Settings::default(), journal.heard(), live, found(inbox))
        }
        (None, Some(live)) => Follower::alone(follow::Settings::default(), live),
        (None, None) => Err(std::io::Error::other("there is no live file")),
    };
    drop(naming);
    let follower = follower.inspect_err(|e| tracing::warn!(error = %e, "other consoles are not followed")).ok();
    Ok((journal, follower))
}

/// `None`: the others cannot be followed. The log works all the same.
fn look(dir: &Path) -> Option<Before> {
    Before::look(dir).inspect_err(|e| tracing::warn!(error = %e, "other consoles are not followed")).ok()
}

fn found(inbox: &Inbox) -> follow::OnFound {
    let inbox = inbox.clone();
    let follows = Mutex::new(Follows { on: true, ..Follows::default() });
    let tell = move |change: &dyn Fn(&mut Follows)| {
        let mut f = follows.lock().unwrap_or_else(PoisonError::into_inner);
        change(&mut f);
        Msg::Follows(f.clone())
    };
    Arc::new(move |f: Found| {
        inbox.answer(match f {
            Found::People(people) => Msg::People(people),
            Found::Records(records) => Msg::Records(records),
            Found::Skipped(n) => tell(&|f| f.skipped = n),
            Found::Polled(why) => tell(&|f| f.polled = why.as_deref().map(Arc::from)),
        });
    })
}

fn recovered(r: Recovery, mine_only: bool, file: Arc<str>) -> Recovered {
    let settled = r.settled.iter().map(|(service, ms)| (ServiceId::new(service.as_str()), *ms)).collect();
    let unfinished = r
        .unfinished
        .into_iter()
        .map(|u| {
            let verb = u.data.get("verb").and_then(Value::as_str).unwrap_or("an act").to_string();
            let side = Left::read(&u.data).map(Box::new);
            let at = u.target.as_ref().map(crate::core::id::TargetId::at).unwrap_or_default();
            let what = side.as_ref().map_or_else(|| format!("{verb} {at}"), |s| s.words());
            let (step, of) = (number(&u.data, "step"), number(&u.data, "of"));
            let cut = match u.last.as_str() {
                "accepted" | "seen" => format!(", stopped after {step} of {of}"),
                _ if of > 1 => format!(" (step {step} of {of})"),
                _ => String::new(),
            };
            Unfinished {
                cut: others::half_done(&u.last, (step, of)),
                verb: verb.as_str().into(),
                to: u.data["to"].as_str().map(Hash::new),
                by: u.user.as_str().into(),
                cord: Hold::read(&u.data),
                session: u.session.as_str().into(),
                ticket: u.ticket,
                at: u.at.parse::<jiff::Timestamp>().map_or(Utc(0), |t| Utc(t.as_millisecond())),
                words: format!("{what}{cut} by {}", u.user).into(),
                target: u.target,
                side,
            }
        })
        .collect();
    let unread = r.unread.into_iter().map(|(f, why)| (f.into(), why.into())).collect();
    let in_flight = r.in_flight.into_iter().map(elsewhere).collect();
    Recovered { settled, unfinished, records: r.records, in_flight, mine_only, file, unread }
}

fn elsewhere(u: crate::journal::recovery::Unfinished) -> others::Elsewhere {
    others::Elsewhere {
        session: u.session.into(),
        ticket: u.ticket,
        act: u.data.get("act").and_then(Value::as_u64),
        cut: None,
        cord: Hold::read(&u.data),
        side: Left::read(&u.data).map(Box::new),
        plan: u.data.get("verb").and_then(Value::as_str).unwrap_or_default().into(),
        to: u.data["to"].as_str().map(Hash::new),
        by: u.user.as_str().into(),
        who: u.user.into(),
        verb: u.data.get("verb").and_then(Value::as_str).unwrap_or("an act").into(),
        target: u.target,
        since: Utc::read(&u.at).unwrap_or_default(),
        last: u.last.into(),
        step: (number(&u.data, "step"), number(&u.data, "of")),
        ended: None,
    }
}

fn number(v: &Value, key: &str) -> u64 {
    v.get(key).and_then(Value::as_u64).unwrap_or(0)
}
