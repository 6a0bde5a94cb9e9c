//! The two checklists of a change: before production, and production ready. Ticks are per target and candidate: another
//! candidate has none. What can be known without a person is read elsewhere.

use super::super::known::{Known, latest};
use crate::core::entry::Kind;
use crate::core::record::Record;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A line of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Item {
    Tests,
    Provenance,
    Rollback,
    Staging,
    Ticket,
    Canary,
    Probes,
    Thresholds,
    OnCall,
    Window,
}

impl Item {
    /// Before production.
    pub const BEFORE: [Item; 5] = [Item::Tests, Item::Provenance, Item::Rollback, Item::Staging, Item::Ticket];
    /// Production ready.
    pub const READY: [Item; 5] = [Item::Canary, Item::Probes, Item::Thresholds, Item::OnCall, Item::Window];

    pub fn all() -> impl Iterator<Item = Item> {
        Item::BEFORE.into_iter().chain(Item::READY)
    }

    /// As records spell it.
    pub fn word(self) -> &'static str {
        match self {
            Item::Tests => "tests",
            Item::Provenance => "sbom-signature",
            Item::Rollback => "rollback-documented",
            Item::Staging => "staging-validated",
            Item::Ticket => "runbook-in-ticket",
            Item::Canary => "canary-health-checks",
            Item::Probes => "probes",
            Item::Thresholds => "thresholds",
            Item::OnCall => "on-call-told",
            Item::Window => "window-or-policy",
        }
    }

    /// As a person reads it.
    pub fn text(self) -> &'static str {
        match self {
            Item::Tests => "tests passed",
            Item::Provenance => "SBOM and signature",
            Item::Rollback => "rollback documented",
            Item::Staging => "staging validated",
            Item::Ticket => "runbook in ticket",
            Item::Canary => "canary health checks",
            Item::Probes => "probes",
            Item::Thresholds => "thresholds",
            Item::OnCall => "on-call told",
            Item::Window => "window or policy",
        }
    }

    pub fn read(word: &str) -> Option<Item> {
        Item::all().find(|i| i.word() == word)
    }
}

/// A person's word on one line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tick {
    pub on: bool,
    /// How it is known; empty where nobody said.
    pub how: String,
}

/// The newest word on each line, by target (its uid) and candidate.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Ticks(BTreeMap<String, BTreeMap<Item, Known<Tick>>>);

fn key(uid: &str, candidate: &str) -> String {
    format!("{uid} {candidate}")
}

impl Ticks {
    pub(super) fn take(&mut self, kind: Kind, r: &Record) {
        if kind != Kind::Checklist {
            return;
        }
        let uid = r.target.as_ref().and_then(|t| t["uid"].as_str());
        let candidate = r.data["candidate"].as_str();
        let item = r.data["item"].as_str().and_then(Item::read);
        let (Some(uid), Some(candidate), Some(item)) = (uid, candidate, item) else { return };
        let how = r.data["how"].as_str().unwrap_or_default().to_owned();
        let tick = Tick { on: r.data["ticked"] == true, how };
        let lines = self.0.entry(key(uid, candidate)).or_default();
        let mut slot = lines.remove(&item);
        latest(&mut slot, Known::by(r, tick));
        if let Some(known) = slot {
            lines.insert(item, known);
        }
    }

    /// Whoever ticked this line, if it is ticked now.
    pub fn of(&self, uid: &str, candidate: &str, item: Item) -> Option<&Known<Tick>> {
        self.0.get(&key(uid, candidate))?.get(&item).filter(|t| t.value.on)
    }

    /// Everybody who ticked a line of this change.
    pub fn people(&self, uid: &str, candidate: &str) -> Vec<&str> {
        let lines = self.0.get(&key(uid, candidate)).into_iter().flat_map(|l| l.values());
        let mut who: Vec<&str> = lines.filter(|t| t.value.on).map(|t| t.who.as_str()).collect();
        who.sort_unstable();
        who.dedup();
        who
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{fold, record};
    use super::*;
    use serde_json::json;

    #[test]
    fn another_candidate_has_no_ticks_and_the_newest_word_counts() {
        let tick = |on: bool, candidate: &str| json!({"candidate": candidate, "item": "probes", "ticked": on});
        let l = fold(&[record("mira", 1, 10, Kind::Checklist, tick(true, "c1"))]);
        assert_eq!(l.ticks.of("u1", "c1", Item::Probes).map(|t| t.who.as_str()), Some("mira"));
        assert!(l.ticks.of("u1", "c2", Item::Probes).is_none() && l.ticks.of("u2", "c1", Item::Probes).is_none());
        assert_eq!(l.ticks.people("u1", "c1"), ["mira"]);
        let l = fold(&[
            record("ito", 1, 20, Kind::Checklist, tick(false, "c1")),
            record("mira", 1, 10, Kind::Checklist, tick(true, "c1")),
        ]);
        assert!(l.ticks.of("u1", "c1", Item::Probes).is_none() && l.ticks.people("u1", "c1").is_empty());
        for i in Item::all() {
            assert_eq!(Item::read(i.word()), Some(i));
        }
    }
}
