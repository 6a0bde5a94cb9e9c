//! The journal as the loop uses it: reports become messages, late records find their way.

use super::inbox::Inbox;
use crate::core::act::plan::Ticket;
use crate::core::case::people::Here;
use crate::core::entry::Entry;
use crate::core::id::ServiceId;
use crate::core::msg::{Msg, Recovered, Unfinished};
use crate::core::time::{Stamp, Utc};
use crate::journal::fallback::fallback_aside;
use crate::journal::recovery::Recovery;
use crate::journal::thread::{Durability, Journal, Report, Settings};
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, TryRecvError, channel};
use std::time::Duration;

/// Opened on a thread of its own: a directory that hangs must not keep the way back.
pub struct Logbook {
    journal: Opening,
    state: PathBuf,
    inbox: Inbox,
}

enum Opening {
    Waiting { from: Receiver<std::io::Result<Journal>>, queue: Vec<Queued> },
    Open(Journal),
    Failed(Arc<str>),
}

struct Queued {
    entry: Entry,
    at: Stamp,
    ticket: Option<Ticket>,
    late: bool,
}

impl Logbook {
    /// Begins to open the session's file; what is appended meanwhile waits in memory. `state`: where the fallback file
    /// goes. `also`: a directory made beside it. Errors of the disk become `Msg::LogFailed`.
    pub fn open(settings: Settings, state: PathBuf, also: Option<PathBuf>, at: Stamp, inbox: Inbox) -> Logbook {
        let (to, from) = channel();
        let nudge = inbox.clone();
        let spawned = std::thread::Builder::new().name("andon-log-open".into()).spawn(move || {
            let opened = open(&settings, also.as_deref(), at, &nudge);
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
                Opening::Failed(why)
            }
        };
        Logbook { journal, state, inbox }
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
            Ok(j) => Opening::Open(j),
            Err(e) => Opening::Failed(e.to_string().into()),
        };
        for q in queue {
            self.put(q);
        }
    }

    /// The session's name, once it is open.
    pub fn session(&mut self) -> Option<&str> {
        self.poll();
        match &self.journal {
            Opening::Open(j) => Some(j.session()),
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
            Opening::Open(j) if q.late => j.append_late(q.entry, q.at, q.ticket),
            Opening::Open(j) => {
                let sync = q.ticket.is_some() || !q.entry.kind.is_observation();
                let durability = if sync { Durability::Sync } else { Durability::Batched };
                j.append(q.entry, q.at, q.ticket, durability);
            }
        }
    }

    pub fn append(&mut self, entry: Entry, at: Stamp, ticket: Option<Ticket>) {
        self.poll();
        self.put(Queued { entry, at, ticket, late: false });
    }

    /// A backward act went out before its intent was on disk: into the fallback file now, into the log when it can.
    pub fn append_late(&mut self, entry: Entry, at: Stamp, ticket: Ticket) {
        let session = self.session().unwrap_or("not-open").to_owned();
        let aside = fallback_aside(&self.state, &session, Some(ticket), entry.clone(), |done| {
            if let Err(e) = done {
                // Nothing is left to fall back to; the entry is in memory and in the log's queue.
                tracing::error!(error = %e, "fallback file");
            }
        });
        if let Err(e) = aside {
            tracing::error!(error = %e, "fallback thread");
        }
        self.put(Queued { entry, at, ticket: Some(ticket), late: true });
    }

    /// What our live file says.
    pub fn here(&mut self, _here: &Here) {}

    pub fn close(mut self, at: Stamp) -> Option<String> {
        self.poll();
        match self.journal {
            Opening::Open(j) => j.close(at, Duration::from_secs(2)).head,
            Opening::Waiting { .. } | Opening::Failed(_) => None,
        }
    }
}

fn open(settings: &Settings, also: Option<&Path>, at: Stamp, inbox: &Inbox) -> std::io::Result<Journal> {
    if let Some(dir) = also {
        crate::journal::append::make_dir(dir)?;
    }
    let mine_only = settings.mine_only.0;
    let file: Arc<str> = settings.dir.display().to_string().into();
    let history = past(&settings.dir);
    let inbox = inbox.clone();
    let report = Arc::new(move |r: Report| {
        let msg = match r {
            Report::Durable(t) => Msg::Durable(t),
            Report::Failed { ticket: Some(ticket), why } => {
                inbox.answer(Msg::LogFailed { why: why.as_str().into() });
                Msg::NotDurable { ticket, why: why.into() }
            }
            Report::Failed { ticket: None, why } => Msg::LogFailed { why: why.into() },
            Report::Written(records) => Msg::Records(records),
            Report::Recovered(r) => Msg::Recovered(Box::new(recovered(r, history.clone(), mine_only, file.clone()))),
        };
        inbox.answer(msg);
    });
    Journal::open(settings, at, report)
}

/// Milliseconds that roll-backs of the past took until settled, by service: the expected time.
fn past(dir: &std::path::Path) -> Vec<(ServiceId, i64)> {
    let Ok(tail) = crate::journal::tail::tail(dir, 20_000) else { return Vec::new() };
    tail.records
        .iter()
        .filter(|r| r.kind == "settled" && r.data.get("verb").and_then(Value::as_str) == Some("roll back"))
        .filter_map(|r| {
            let service = r.data.get("service")?.as_str()?;
            Some((ServiceId::new(service), r.data.get("took_ms")?.as_i64()?))
        })
        .collect()
}

fn recovered(r: Recovery, settled: Vec<(ServiceId, i64)>, mine_only: bool, file: Arc<str>) -> Recovered {
    let unfinished = r
        .unfinished
        .into_iter()
        .map(|u| {
            let verb = u.data.get("verb").and_then(Value::as_str).unwrap_or("an act").to_string();
            let at = u.target.as_ref().map(crate::core::id::TargetId::at).unwrap_or_default();
            let (step, of) = (number(&u.data, "step"), number(&u.data, "of"));
            let cut = match u.last.as_str() {
                "accepted" | "seen" => format!(", stopped after {step} of {of}"),
                _ if of > 1 => format!(" (step {step} of {of})"),
                _ => String::new(),
            };
            Unfinished {
                session: u.session.as_str().into(),
                ticket: u.ticket,
                at: u.at.parse::<jiff::Timestamp>().map_or(Utc(0), |t| Utc(t.as_millisecond())),
                words: format!("{verb} {at}{cut} by {}", u.user).into(),
                target: u.target,
            }
        })
        .collect();
    Recovered { settled, unfinished, records: Vec::new(), session: "".into(), mine_only, file }
}

fn number(v: &Value, key: &str) -> u64 {
    v.get(key).and_then(Value::as_u64).unwrap_or(0)
}
