//! The cord: whether it is pulled, what it holds, what moved when it was. A fold over records, in any order, so that a
//! restart and another console know the same. Knows no target's state: what is still held is a reading of the model.

use super::plan::Verb;
use crate::core::entry::{Entry, Kind};
use crate::core::id::{Hash, TargetId};
use crate::core::record::{Hlc, Record};
use crate::core::time::Utc;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::collections::BTreeMap;
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

/// One pull of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pulled {
    pub at: Utc,
    pub by: Arc<str>,
    /// Everything that moved then, whether it was to be held or not.
    pub moved: Vec<Held>,
}

/// What was last heard of one request of the cord to hold a target.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Wish {
    key: Hlc,
    held: bool,
    candidate: Option<Hash>,
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
    #[serde(with = "crate::core::pairs")]
    pulls: BTreeMap<Hlc, Pulled>,
    thawed: Option<Hlc>,
    /// When what held a target was last ended: it was let go or rolled back, by whomever, or a thaw found it gone or no
    /// longer held.
    #[serde(with = "crate::core::pairs")]
    ended: BTreeMap<TargetId, Hlc>,
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
            self.fold(Heard {
                kind,
                key: r.hlc,
                at,
                by: r.who(),
                session: &r.session,
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
                self.pulls.insert(key, Pulled { at, by: by.into(), moved });
            }
            Kind::Thawed => {
                self.thawed = self.thawed.max(Some(key));
                for v in data["over"].as_array().into_iter().flatten() {
                    if let Ok(t) = TargetId::deserialize(v) {
                        self.end(t, key);
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
                self.end(target, key);
            }
            Kind::Sent | Kind::Accepted | Kind::Unknown | Kind::Refused | Kind::Resolved if data["cord"] == true => {
                let Some(held) = holds(kind, data) else { return };
                let Some(target) = target else { return };
                let candidate = data["candidate"].as_str().map(Hash::new);
                if self.ended.get(&target).is_none_or(|e| *e < key) {
                    let of = (target, session.to_owned(), ticket);
                    let wish = self.wishes.entry(of).or_insert(Wish { key, held, candidate: candidate.clone() });
                    if wish.key < key {
                        *wish = Wish { key, held, candidate };
                    }
                }
            }
            _ => return,
        }
        self.newest = self.newest.max(key);
        let thawed = self.thawed;
        self.pulls.retain(|k, _| Some(*k) > thawed);
    }

    /// When it was first pulled since it was last let go, and by whom. `None`: it is not pulled.
    pub fn pulled(&self) -> Option<&Pulled> {
        self.pulls.values().next()
    }

    pub fn is_pulled(&self) -> bool {
        !self.pulls.is_empty()
    }

    /// Nothing that was asked of the target before this holds it any more.
    fn end(&mut self, target: TargetId, key: Hlc) {
        let at = self.ended.entry(target.clone()).or_default();
        let last = key.max(*at);
        *at = last;
        self.wishes.retain(|(t, ..), w| *t != target || w.key > last);
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
        let moved = self.pulls.values().flat_map(|p| &p.moved);
        moved.into_iter().any(|h| h.target == *target && h.candidate.as_ref() == candidate)
    }

    /// Is it on record as loose?
    pub fn told(&self, target: &TargetId, candidate: Option<&Hash>) -> bool {
        self.loose.get(target).is_some_and(|c| c.as_ref() == candidate)
    }
}

/// Does this request of the cord hold the target after this? `None`: it says nothing of that.
fn holds(kind: Kind, data: &Value) -> Option<bool> {
    if data["verb"] != Verb::Hold.word() {
        return None;
    }
    match kind {
        // On its way without an answer is an outcome that is not known: its console may be gone.
        Kind::Sent | Kind::Accepted | Kind::Unknown => Some(true),
        Kind::Refused => Some(false),
        // Read back, and it did not happen.
        Kind::Resolved if data["how"].as_str().is_some_and(|h| h.contains("not done")) => Some(false),
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
mod tests {
    use super::*;

    fn target(name: &str) -> TargetId {
        TargetId {
            source: "eu-1".into(),
            namespace: "shop".into(),
            kind: "Rollout".into(),
            name: name.into(),
            uid: format!("uid-{name}").into(),
        }
    }

    fn record(ms: i64, kind: &str, name: Option<&str>, data: Value) -> Record {
        Record {
            session: "s".into(),
            hlc: Hlc(ms, 0),
            utc: Utc(ms).rfc3339(),
            user: "mira".into(),
            kind: kind.into(),
            target: name.map(|n| serde_json::to_value(target(n)).unwrap()),
            data,
            ..Record::default()
        }
    }

    fn cord(verb: &str) -> Value {
        json!({"cord": true, "verb": verb, "candidate": "c1"})
    }

    fn names(c: &Cord) -> Vec<String> {
        c.holds().map(|h| h.target.name.to_string()).collect()
    }

    fn story() -> Vec<Record> {
        let moved = |n: &str| Held { target: target(n), candidate: Some(Hash::new("c1")) }.data();
        let all: Vec<Value> = ["a", "b", "c", "d"].map(moved).into();
        vec![
            record(1_000, "frozen", None, json!({"moved": all})),
            record(1_010, "accepted", Some("a"), cord("hold")),
            record(1_011, "unknown", Some("b"), cord("hold")),
            record(1_012, "sent", Some("c"), cord("hold")),
            record(1_013, "accepted", Some("d"), cord("hold")),
            record(1_014, "refused", Some("c"), cord("hold")),
            // Somebody's own hold is not the cord's.
            record(1_014, "accepted", Some("e"), json!({"verb": "hold"})),
            record(
                1_500,
                "resolved",
                Some("b"),
                json!({"cord": true, "verb": "hold", "how": "read back: it was not done"}),
            ),
            record(2_000, "thawed", None, json!({"over": [target("b")]})),
            record(2_010, "accepted", Some("a"), cord("resume")),
            record(2_011, "refused", Some("d"), cord("resume")),
        ]
    }

    #[test]
    fn what_was_accepted_or_is_not_known_is_held_until_it_is_released() {
        let mut c = Cord::default();
        for (n, held) in [
            (1, vec![]),
            (2, vec!["a"]),
            (3, vec!["a", "b"]),
            (4, vec!["a", "b", "c"]),
            (5, vec!["a", "b", "c", "d"]),
            (6, vec!["a", "b", "d"]),
            (7, vec!["a", "b", "d"]),
            (8, vec!["a", "d"]),
        ] {
            c.take(&story()[n - 1]);
            assert_eq!(names(&c), held, "after {n}");
            assert!(c.is_pulled());
        }
        let p = c.pulled().unwrap();
        assert_eq!((p.at, &*p.by, p.moved.len()), (Utc(1_000), "mira", 4));
        assert!(c.knew(&target("d"), Some(&Hash::new("c1"))) && !c.knew(&target("d"), Some(&Hash::new("c2"))));
        for r in &story()[8..] {
            c.take(r);
        }
        assert!(!c.is_pulled());
        assert_eq!(names(&c), ["d"], "its release was refused");
        // What was gone is not the cord's any more, until it holds it anew.
        let over = |ms| record(ms, "thawed", None, json!({"over": [target("d")]}));
        c.take(&over(3_000));
        assert_eq!(names(&c), [""; 0]);
        c.take(&record(3_500, "accepted", Some("d"), cord("hold")));
        assert_eq!(names(&c), ["d"]);
    }

    #[test]
    fn any_order_gives_the_same_and_so_do_records_that_come_twice() {
        let mut want = Cord::default();
        story().iter().for_each(|r| want.take(r));
        let mut n = 7_u64;
        for _ in 0..50 {
            let mut left = story();
            left.extend(story());
            let mut c = Cord::default();
            while !left.is_empty() {
                n = n.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                c.take(&left.swap_remove((n >> 33) as usize % left.len()));
            }
            assert_eq!(c, want);
        }
        let text = serde_json::to_string(&want).unwrap();
        assert_eq!(serde_json::from_str::<Cord>(&text).unwrap(), want);
    }

    #[test]
    fn what_we_did_ourselves_counts_before_it_is_on_disk_and_the_record_changes_nothing() {
        let mut c = Cord::default();
        let e = |kind, at, name: Option<&str>, data| Entry {
            kind,
            at: Utc(at),
            incident: None,
            target: name.map(target),
            data,
        };
        c.foresee(&e(Kind::Frozen, 1_000, None, json!({"moved": []})), "s", "mira");
        c.foresee(&e(Kind::Accepted, 1_000, Some("a"), cord("hold")), "s", "mira");
        assert!(c.is_pulled());
        assert_eq!(names(&c), ["a"]);
        c.take(&record(1_002, "frozen", None, json!({"moved": []})));
        c.take(&record(1_003, "accepted", Some("a"), cord("hold")));
        assert_eq!((names(&c), c.pulled().unwrap().at), (vec!["a".to_owned()], Utc(1_000)));
        // Another console's clock is behind, its record is not.
        c.foresee(&e(Kind::Thawed, 900, None, json!({})), "s", "mira");
        assert!(!c.is_pulled());
    }

    #[test]
    fn a_hold_that_anybody_ended_is_not_the_cords_whatever_holds_the_target_after_it() {
        for (kind, data, held) in [
            ("accepted", json!({"verb": "resume"}), false),
            ("accepted", json!({"verb": "roll back"}), false),
            ("resolved", json!({"verb": "roll back", "how": "read back: it was done"}), false),
            ("accepted", json!({"verb": "promote"}), true),
            ("refused", json!({"verb": "resume"}), true),
            ("resolved", json!({"verb": "resume", "how": "read back: it was not done"}), true),
        ] {
            let all = [
                record(1_000, "accepted", Some("a"), cord("hold")),
                record(2_000, kind, Some("a"), data.clone()),
                // Somebody's own.
                record(3_000, "accepted", Some("a"), json!({"verb": "hold"})),
            ];
            let (mut there, mut back) = (Cord::default(), Cord::default());
            all.iter().for_each(|r| there.take(r));
            all.iter().rev().for_each(|r| back.take(r));
            assert_eq!(there.has(&target("a")), held, "{kind} {data}");
            assert_eq!((names(&there), &there), (names(&back), &back));
        }
    }

    #[test]
    fn a_refusal_undoes_its_own_request_and_not_the_hold_of_another_console() {
        let of = |mut r: Record, session: &str, ticket| {
            (r.session, r.ticket) = (session.into(), Some(ticket));
            r
        };
        let all = [
            of(record(1_000, "accepted", Some("a"), cord("hold")), "one", 4),
            of(record(1_001, "sent", Some("a"), cord("hold")), "two", 4),
            of(record(1_002, "refused", Some("a"), cord("hold")), "two", 4),
        ];
        let mut c = Cord::default();
        all.iter().for_each(|r| c.take(r));
        assert_eq!(names(&c), ["a"]);
        c.take(&of(
            record(
                1_003,
                "resolved",
                Some("a"),
                json!({"cord": true, "verb": "hold",
            "how": "read back: it was not done"}),
            ),
            "one",
            4,
        ));
        assert_eq!(names(&c), [""; 0]);
    }
}
