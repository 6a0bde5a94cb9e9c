//! The cord: whether it is pulled, what it holds, what moved when it was. A fold over records, in any order, so that a
//! restart and another console know the same. Knows no target's state: what is still held is a reading of the model.

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

/// What was last heard of a target from the cord.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Last {
    key: Hlc,
    held: bool,
    candidate: Option<Hash>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Cord {
    #[serde(with = "crate::core::pairs")]
    pulls: BTreeMap<Hlc, Pulled>,
    thawed: Option<Hlc>,
    /// Targets that a thaw found gone or no longer held, and when: they are not the cord's any more.
    #[serde(with = "crate::core::pairs")]
    over: BTreeMap<TargetId, Hlc>,
    #[serde(with = "crate::core::pairs")]
    last: BTreeMap<TargetId, Last>,
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
            self.fold(kind, r.hlc, at, r.who(), r.target_id(), &r.data);
        }
    }

    /// An entry of our own that is on its way into the log. A log that does not take it must not make the console forget
    /// what it holds; the record itself comes later and says the same.
    pub fn foresee(&mut self, e: &Entry, by: &str) {
        let next = Hlc(self.newest.0, self.newest.1.saturating_add(1));
        let key = if e.at.0 > self.newest.0 { Hlc(e.at.0, 0) } else { next };
        self.fold(e.kind, key, e.at, by, e.target.clone(), &e.data);
    }

    fn fold(&mut self, kind: Kind, key: Hlc, at: Utc, by: &str, target: Option<TargetId>, data: &Value) {
        match kind {
            Kind::Frozen => {
                let moved = data["moved"].as_array().into_iter().flatten().filter_map(Held::read).collect();
                self.pulls.insert(key, Pulled { at, by: by.into(), moved });
            }
            Kind::Thawed => {
                self.thawed = self.thawed.max(Some(key));
                for v in data["over"].as_array().into_iter().flatten() {
                    if let Ok(t) = TargetId::deserialize(v) {
                        let at = self.over.entry(t).or_default();
                        *at = key.max(*at);
                    }
                }
            }
            Kind::Loose => {
                if let Some(t) = target {
                    self.loose.insert(t, data["candidate"].as_str().map(Hash::new));
                }
            }
            Kind::Sent | Kind::Accepted | Kind::Unknown | Kind::Refused | Kind::Resolved if data["cord"] == true => {
                let Some(held) = holds(kind, data) else { return };
                let Some(target) = target else { return };
                let candidate = data["candidate"].as_str().map(Hash::new);
                let last = Last { key, held, candidate };
                if self.last.get(&target).is_none_or(|l| l.key < key) {
                    self.last.insert(target, last);
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

    /// What it holds: holds that were accepted or whose outcome is not known, and that it has not released. Also after a
    /// thaw that left some of them.
    pub fn holds(&self) -> impl Iterator<Item = Held> {
        let held = self.last.iter().filter(|(t, l)| l.held && self.over.get(*t).is_none_or(|k| l.key > *k));
        held.map(|(t, l)| Held { target: t.clone(), candidate: l.candidate.clone() })
    }

    pub fn has(&self, target: &TargetId) -> bool {
        self.holds().any(|h| h.target == *target)
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

/// Does the target stand under the cord's hold after this? `None`: it says nothing of that.
fn holds(kind: Kind, data: &Value) -> Option<bool> {
    match (data["verb"].as_str()?, kind) {
        // On its way without an answer is an outcome that is not known: its console may be gone.
        ("hold", Kind::Sent | Kind::Accepted | Kind::Unknown) => Some(true),
        ("hold", Kind::Refused) => Some(false),
        // Read back, and it did not happen.
        ("hold", Kind::Resolved) if data["how"].as_str().is_some_and(|h| h.contains("not done")) => Some(false),
        ("resume", Kind::Accepted) => Some(false),
        ("resume", Kind::Resolved) if data["how"].as_str().is_some_and(|h| h.contains("was done")) => Some(false),
        _ => None,
    }
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
        c.foresee(&e(Kind::Frozen, 1_000, None, json!({"moved": []})), "mira");
        c.foresee(&e(Kind::Accepted, 1_000, Some("a"), cord("hold")), "mira");
        assert!(c.is_pulled());
        assert_eq!(names(&c), ["a"]);
        c.take(&record(1_002, "frozen", None, json!({"moved": []})));
        c.take(&record(1_003, "accepted", Some("a"), cord("hold")));
        assert_eq!((names(&c), c.pulled().unwrap().at), (vec!["a".to_owned()], Utc(1_000)));
        // Another console's clock is behind, its record is not.
        c.foresee(&e(Kind::Thawed, 900, None, json!({})), "mira");
        assert!(!c.is_pulled());
    }
}
