//! The cord: whether it is pulled, what it holds, what moved when it was. A fold over records, in any order, so that a
//! restart and another console know the same. Knows no target's state: what is still held is a reading of the model.

use super::plan::Verb;
use crate::core::entry::{Entry, Kind};
use crate::core::id::{Hash, TargetId};
use crate::core::record::{Hlc, Record};
use crate::core::time::Utc;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Targets named by one record; more go into the next one, so that no record is cut (docs/log-format.md).
pub const NAMED: usize = 100;

/// One target as the cord froze it, or found it moving.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Held {
    pub target: TargetId,
    pub candidate: Option<Hash>,
}

impl Held {
    /// As records say it.
    pub fn data(&self) -> Value {
        json!({"target": self.target, "candidate": self.candidate})
    }

    fn read(v: &Value) -> Option<Held> {
        let target = TargetId::deserialize(&v["target"]).ok()?;
        Some(Held { target, candidate: v["candidate"].as_str().map(Hash::new) })
    }
}

/// What a request of the cord is about, where its session did not live to see its end.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hold {
    pub candidate: Option<Hash>,
}

impl Hold {
    /// Out of the data of an intent. `None`: it is no request of the cord.
    pub fn read(data: &Value) -> Option<Hold> {
        (data["cord"] == true).then(|| Hold { candidate: data["candidate"].as_str().map(Hash::new) })
    }
}

/// One pull of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pulled {
    pub at: Utc,
    pub by: Arc<str>,
    /// Everything that moved then, whether it was to be held or not.
    pub moved: Vec<Held>,
}

/// One record of a pull.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Part {
    key: Hlc,
    of: Pulled,
}

/// What was last heard of one request of the cord to hold a target.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Wish {
    key: Hlc,
    held: bool,
    candidate: Option<Hash>,
    /// It was watched having its effect, which may be told after what has ended it since.
    watched: bool,
}

impl Wish {
    /// Is it newer than what ended holds of its target? What its own session watched before it ended it does not count;
    /// what another one saw held after that does, whatever its clock had said when it asked for it.
    fn outlasts(&self, session: &str, (ended, by): &(Hlc, String)) -> bool {
        self.key > *ended && !(self.watched && session == by)
    }
}

/// A record, or what will be one.
struct Heard<'a> {
    kind: Kind,
    key: Hlc,
    at: Utc,
    by: &'a str,
    session: &'a str,
    /// Unique within its session.
    ticket: u64,
    target: Option<TargetId>,
    data: &'a Value,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Cord {
    /// By what a pull calls itself and the part of it that a record tells: two consoles may pull at the same moment, with
    /// clocks that differ.
    #[serde(with = "crate::core::pairs")]
    parts: BTreeMap<(String, u64), Part>,
    /// Pulls that a thaw knew of and let go.
    let_go: BTreeSet<String>,
    /// The last thaw that did not say which.
    thawed: Option<Hlc>,
    /// When what held a target was last ended: it was let go or rolled back, by whomever, or a thaw found it gone or no
    /// longer held.
    #[serde(with = "crate::core::pairs")]
    ended: BTreeMap<TargetId, (Hlc, String)>,
    /// By target, session and ticket: a request that was refused undoes itself and no other.
    #[serde(with = "crate::core::pairs")]
    wishes: BTreeMap<(TargetId, String, u64), Wish>,
    /// Rollouts already recorded as loose, by their candidate.
    #[serde(with = "crate::core::pairs")]
    loose: BTreeMap<TargetId, Option<Hash>>,
    newest: Hlc,
}

impl Cord {
    /// Takes a record; one that comes twice changes nothing.
    pub fn take(&mut self, r: &Record) {
        if let Some(kind) = Kind::from_word(&r.kind) {
            let at = Utc::read(r.when()).unwrap_or(Utc(r.hlc.0));
            let ticket = r.ticket.or(r.data["ticket"].as_u64()).unwrap_or_default();
            let (session, ticket) = whose(&r.data).unwrap_or((&r.session, ticket));
            self.fold(Heard {
                kind,
                key: r.hlc,
                at,
                by: r.who(),
                session,
                ticket,
                target: r.target_id(),
                data: &r.data,
            });
        }
    }

    /// An entry of our own that is on its way into the log of `session`. A log that does not take it must not make the
    /// console forget what it holds; the record itself comes later and says the same.
    pub fn foresee(&mut self, e: &Entry, session: &str, by: &str) {
        let next = Hlc(self.newest.0, self.newest.1.saturating_add(1));
        let key = if e.at.0 > self.newest.0 { Hlc(e.at.0, 0) } else { next };
        let ticket = e.data["ticket"].as_u64().unwrap_or_default();
        let (session, ticket) = whose(&e.data).unwrap_or((session, ticket));
        self.fold(Heard { kind: e.kind, key, at: e.at, by, session, ticket, target: e.target.clone(), data: &e.data });
    }

    /// Does this entry say something of the cord?
    pub fn concerns(e: &Entry) -> bool {
        matches!(e.kind, Kind::Frozen | Kind::Thawed) || e.data["cord"] == true || ends(e.kind, &e.data)
    }

    fn fold(&mut self, h: Heard<'_>) {
        let Heard { kind, key, at, by, session, ticket, target, data } = h;
        match kind {
            Kind::Frozen => {
                let moved = data["moved"].as_array().into_iter().flatten().filter_map(Held::read).collect();
                let id = data["id"].as_str().map_or_else(|| format!("{session} {} {}", key.0, key.1), str::to_owned);
                let part = Part { key, of: Pulled { at, by: by.into(), moved } };
                // Foreseen by its own console, then read from the log: the first time it was told of counts.
                let known = self.parts.entry((id, data["part"].as_u64().unwrap_or(1))).or_insert_with(|| part.clone());
                if known.key > part.key {
                    *known = part;
                }
            }
            Kind::Thawed => {
                match data["pulls"].as_array() {
                    Some(ids) => self.let_go.extend(ids.iter().filter_map(Value::as_str).map(str::to_owned)),
                    None => self.thawed = self.thawed.max(Some(key)),
                }
                for v in data["over"].as_array().into_iter().flatten() {
                    if let Ok(t) = TargetId::deserialize(v) {
                        self.end(t, key, session);
                    }
                }
            }
            Kind::Loose => {
                if let Some(t) = target {
                    self.loose.insert(t, data["candidate"].as_str().map(Hash::new));
                }
            }
            _ if ends(kind, data) => {
                let Some(target) = target else { return };
                self.end(target, key, session);
            }
            _ if data["cord"] == true => {
                let Some(held) = holds(kind, data) else { return };
                let Some(target) = target else { return };
                let candidate = data["candidate"].as_str().map(Hash::new);
                let watched = matches!(kind, Kind::Seen | Kind::Settled);
                let new = Wish { key, held, candidate, watched };
                if self.ended.get(&target).is_none_or(|e| new.outlasts(session, e)) {
                    let wish = self.wishes.entry((target, session.to_owned(), ticket)).or_insert_with(|| new.clone());
                    if wish.key < key {
                        *wish = new;
                    }
                }
            }
            _ => return,
        }
        self.newest = self.newest.max(key);
        let (thawed, let_go) = (self.thawed, &self.let_go);
        self.parts.retain(|(id, _), p| Some(p.key) > thawed && !let_go.contains(id));
    }

    /// When it was first pulled since it was last let go, and by whom. `None`: it is not pulled.
    pub fn pulled(&self) -> Option<&Pulled> {
        self.parts.values().min_by_key(|p| p.key).map(|p| &p.of)
    }

    pub fn is_pulled(&self) -> bool {
        !self.parts.is_empty()
    }

    /// Every pull that stands, as a thaw names what it lets go. One that it does not know of stays.
    pub fn pulls(&self) -> Vec<&str> {
        let mut ids: Vec<&str> = self.parts.keys().map(|(id, _)| id.as_str()).collect();
        ids.dedup();
        ids
    }

    /// Nothing that was asked of the target before this holds it any more.
    fn end(&mut self, target: TargetId, key: Hlc, session: &str) {
        let at = self.ended.entry(target.clone()).or_default();
        let last = (key, session.to_owned()).max(at.clone());
        at.clone_from(&last);
        self.wishes.retain(|(t, s, _), w| *t != target || w.outlasts(s, &last));
    }

    /// What it holds: holds that were accepted or whose outcome is not known, and that nobody has ended. Also after a
    /// thaw that left some of them.
    pub fn holds(&self) -> impl Iterator<Item = Held> {
        let mut newest: BTreeMap<&TargetId, &Wish> = BTreeMap::new();
        for ((t, ..), w) in self.wishes.iter().filter(|(_, w)| w.held) {
            let best = newest.entry(t).or_insert(w);
            if best.key < w.key {
                *best = w;
            }
        }
        newest.into_iter().map(|(t, w)| Held { target: t.clone(), candidate: w.candidate.clone() })
    }

    pub fn has(&self, target: &TargetId) -> bool {
        self.wishes.iter().any(|((t, ..), w)| w.held && t == target)
    }

    /// The hold of this target.
    pub fn hold_of(&self, target: &TargetId) -> Option<Held> {
        self.holds().find(|h| h.target == *target)
    }

    /// Did this version already move when it was pulled?
    pub fn knew(&self, target: &TargetId, candidate: Option<&Hash>) -> bool {
        let moved = self.parts.values().flat_map(|p| &p.of.moved);
        moved.into_iter().any(|h| h.target == *target && h.candidate.as_ref() == candidate)
    }

    /// Is it on record as loose?
    pub fn told(&self, target: &TargetId, candidate: Option<&Hash>) -> bool {
        self.loose.get(target).is_some_and(|c| c.as_ref() == candidate)
    }
}

/// The request that a record tells of, where it is another session's: what was found of one that had ended.
fn whose(data: &Value) -> Option<(&str, u64)> {
    Some((data["of"]["session"].as_str()?, data["of"]["ticket"].as_u64()?))
}

/// Does this request of the cord hold the target after this? `None`: it says nothing of that.
fn holds(kind: Kind, data: &Value) -> Option<bool> {
    if data["verb"] != Verb::Hold.word() {
        return None;
    }
    match kind {
        // On its way without an answer is an outcome that is not known: its console may be gone.
        Kind::Sent | Kind::Accepted | Kind::Unknown | Kind::Seen | Kind::Settled => Some(true),
        Kind::Refused => Some(false),
        // Read back, and it did not happen.
        Kind::Resolved if data["how"].as_str().is_some_and(|h| h.contains("not done")) => Some(false),
        // Its console may have been gone before it could say that it was sent.
        Kind::Resolved if data["how"].as_str().is_some_and(|h| h.contains("was done")) => Some(true),
        _ => None,
    }
}

/// A hold that somebody ends is no longer the cord's, whether the cord ended it or not: what holds the target after that
/// is somebody else's.
fn ends(kind: Kind, data: &Value) -> bool {
    let verb = &data["verb"];
    let happened = match kind {
        Kind::Accepted => true,
        Kind::Resolved => data["how"].as_str().is_some_and(|h| h.contains("was done")),
        _ => false,
    };
    happened && (*verb == Verb::Resume.word() || *verb == Verb::RollBack.word())
}

#[cfg(test)]
#[path = "cord_tests.rs"]
mod tests;
