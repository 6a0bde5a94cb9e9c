//! What the records say of incidents: a fold, the same for the console, the report and every other reader. Records come
//! from the own session after their sync and from others as they are found, so that all consoles on a log agree and
//! nothing is lost with one of them. In whatever order they come, the casebook is the same, and a record taken twice
//! changes nothing. Knows no screen and no journal.

use super::followup::Tasks;
use super::incident::Incident;
use super::signal::{self, Signals};
use crate::core::entry::Kind;
use crate::core::record::Record;
use crate::core::time::Utc;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

pub use super::known::{Known, Rests};

/// Past incidents shown.
pub const PAST: usize = 20;

/// Everything that is known of incidents, leads, decisions, follow-ups and debts.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Casebook {
    /// Records taken.
    pub taken: u64,
    /// By id. Also those of which only later records have come; [`Incident::opened`] tells.
    pub incidents: BTreeMap<String, Incident>,
    pub follow_ups: Tasks,
    pub debts: Tasks,
    /// Bad signals and their ends, with or without an incident.
    pub signals: Signals,
    /// When each session last wrote, for a lead whose console is gone.
    pub heard: BTreeMap<String, Utc>,
}

impl Casebook {
    /// Takes a record; in any order.
    pub fn take(&mut self, r: &Record) {
        self.taken += 1;
        let at = super::known::when(r);
        if let Some(heard) = self.heard.get_mut(&r.session) {
            *heard = at.max(*heard);
        } else {
            self.heard.insert(r.session.clone(), at);
        }
        let Some(kind) = signal::kind(r) else { return };
        self.signals.take(kind, r);
        if kind == Kind::FollowUp {
            self.follow_ups.take(r);
        } else if kind == Kind::Debt {
            self.debts.take(r);
        }
        if let Some(id) = of(kind, r) {
            let incident = self.incidents.entry(id.to_owned()).or_default();
            if incident.id.is_empty() {
                incident.id = id.to_owned();
            }
            incident.take(kind, r);
        }
    }

    /// The open ones, the earliest opened first.
    pub fn open(&self) -> Vec<&Incident> {
        let mut open: Vec<&Incident> = self.incidents.values().filter(|i| i.is_open()).collect();
        open.sort_by(|a, b| a.opened.as_ref().map(Known::key).cmp(&b.opened.as_ref().map(Known::key)));
        open
    }

    /// The one that is worked on: of several open ones the one opened first.
    pub fn current(&self) -> Option<&Incident> {
        let open = self.incidents.values().filter(|i| i.is_open());
        open.min_by(|a, b| a.opened.as_ref().map(Known::key).cmp(&b.opened.as_ref().map(Known::key)))
    }

    /// Open ones that another one was opened before: to be closed as duplicates.
    pub fn duplicates(&self) -> Vec<&Incident> {
        self.open().into_iter().skip(1).collect()
    }

    /// Closed ones, the newest first, at most [`PAST`].
    pub fn past(&self) -> Vec<&Incident> {
        let mut past: Vec<&Incident> =
            self.incidents.values().filter(|i| i.opened.is_some() && i.closed.is_some()).collect();
        past.sort_by(|a, b| b.closed.as_ref().map(Known::key).cmp(&a.closed.as_ref().map(Known::key)));
        past.truncate(PAST);
        past
    }
}

/// The incident a record belongs to: the one it speaks of, else the one that was open.
fn of(kind: Kind, r: &Record) -> Option<&str> {
    let named = names_one(kind).then(|| r.data["id"].as_str()).flatten();
    named.or(r.incident.as_deref()).filter(|id| !id.is_empty())
}

/// Records of this kind say in their data which incident they speak of.
pub fn names_one(kind: Kind) -> bool {
    matches!(kind, Kind::IncidentOpened | Kind::IncidentChanged | Kind::IncidentClosed | Kind::Lead | Kind::Ticked)
}
