//! The journal as the loop uses it: reports become messages, late records find their way.

use super::inbox::Inbox;
use crate::core::act::plan::Ticket;
use crate::core::entry::{Entry, Kind};
use crate::core::id::ServiceId;
use crate::core::msg::{Msg, Recovered, Unfinished};
use crate::core::time::{Stamp, Utc};
use crate::journal::fallback::fallback_aside;
use crate::journal::recovery::Recovery;
use crate::journal::thread::{Durability, Journal, Report, Settings};
use serde_json::Value;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

pub struct Logbook {
    journal: Journal,
    state: PathBuf,
}

/// Records that somebody waits for, or would miss first.
fn synced(kind: Kind) -> bool {
    match kind {
        Kind::Phase | Kind::Verdict | Kind::Source => false,
        Kind::Opened
        | Kind::Closed
        | Kind::Armed
        | Kind::Disarmed
        | Kind::Intent
        | Kind::Sent
        | Kind::Accepted
        | Kind::Refused
        | Kind::Unknown
        | Kind::Seen
        | Kind::Settled
        | Kind::Stuck
        | Kind::Undone
        | Kind::Resolved
        | Kind::Changed
        | Kind::Note
        | Kind::Runbook
        | Kind::Acknowledged => true,
    }
}

impl Logbook {
    /// Opens the session's file. `state`: where the fallback file goes. Errors are the disk's, for the alarm row.
    pub fn open(settings: &Settings, state: PathBuf, at: Stamp, inbox: Inbox) -> std::io::Result<Logbook> {
        let mine_only = settings.mine_only.0;
        let file: Arc<str> = settings.dir.display().to_string().into();
        let history = past(&settings.dir);
        let report = Arc::new(move |r: Report| {
            let msg = match r {
                Report::Durable(t) => Msg::Durable(t),
                Report::Failed { ticket: Some(ticket), why } => {
                    inbox.answer(Msg::LogFailed { why: why.as_str().into() });
                    Msg::NotDurable { ticket, why: why.into() }
                }
                Report::Failed { ticket: None, why } => Msg::LogFailed { why: why.into() },
                Report::Recovered(r) => {
                    Msg::Recovered(Box::new(recovered(r, history.clone(), mine_only, file.clone())))
                }
            };
            inbox.answer(msg);
        });
        Ok(Logbook { journal: Journal::open(settings, at, report)?, state })
    }

    pub fn session(&self) -> &str {
        self.journal.session()
    }

    pub fn append(&mut self, entry: Entry, at: Stamp, ticket: Option<Ticket>) {
        let durability = if ticket.is_some() || synced(entry.kind) { Durability::Sync } else { Durability::Batched };
        self.journal.append(entry, at, ticket, durability);
    }

    /// A backward act went out before its intent was on disk: into the fallback file now, into the log when it can.
    pub fn append_late(&mut self, entry: Entry, at: Stamp, ticket: Ticket) {
        let aside = fallback_aside(&self.state, self.journal.session(), Some(ticket), entry.clone(), |done| {
            if let Err(e) = done {
                // Nothing is left to fall back to; the entry is in memory and in the log's queue.
                tracing::error!(error = %e, "fallback file");
            }
        });
        if let Err(e) = aside {
            tracing::error!(error = %e, "fallback thread");
        }
        self.journal.append_late(entry, at, Some(ticket));
    }

    pub fn close(self, at: Stamp) -> Option<String> {
        self.journal.close(at, Duration::from_secs(2)).head
    }
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
    Recovered { settled, unfinished, mine_only, file }
}

fn number(v: &Value, key: &str) -> u64 {
    v.get(key).and_then(Value::as_u64).unwrap_or(0)
}
