//! What the records say of incidents: a fold, the same for the console, the report and every other reader. Records come
//! from the own session after their sync and from others as they are found, so that all consoles on a log agree and
//! nothing is lost with one of them. In whatever order they come, the casebook is the same; a record taken twice
//! changes its counts and nothing else. Knows no screen and no journal.

use super::followup::Tasks;
use super::incident::{Action, Incident};
use super::signal::Signals;
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
    /// What was done while no incident was open: one that is opened afterwards may be about it.
    #[serde(default)]
    pub outside: Incident,
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
        let Some(kind) = Kind::from_word(&r.kind) else { return };
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
        } else if is_deed(kind) {
            self.outside.take(kind, r);
        }
    }

    /// What was done about it, in log order: also between its first bad signal and its opening.
    pub fn actions<'a>(&'a self, i: &'a Incident) -> Vec<&'a Known<Action>> {
        let mut all: Vec<&Known<Action>> = i.early(&self.outside).chain(&i.actions).collect();
        all.sort_by(|a, b| a.key().cmp(&b.key()));
        all
    }

    /// When users were no longer hurt: also by a roll back that settled before anybody opened the incident.
    pub fn mitigated(&self, i: &Incident) -> Option<Known<String>> {
        let both = [i.early_back(&self.outside), i.mitigated()];
        both.into_iter().flatten().min_by(|a, b| a.key().cmp(&b.key()))
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

/// Something was done, and not only seen or said.
fn is_deed(kind: Kind) -> bool {
    let act = matches!(kind, Kind::Sent | Kind::Refused | Kind::Unknown | Kind::Stuck | Kind::Settled | Kind::Undone);
    act || matches!(kind, Kind::Silenced | Kind::Woken | Kind::Flagged | Kind::Revoked)
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

#[cfg(test)]
mod tests {
    use super::super::checklist::{Item, checklist, holes};
    use super::super::incident::State;
    use super::*;
    use crate::core::record::Hlc;
    use serde_json::{Value, json};

    fn record(session: &str, seq: u64, ms: i64, kind: &str, incident: Option<&str>, data: Value) -> Record {
        Record {
            session: session.into(),
            seq,
            hlc: Hlc(ms, 0),
            utc: Utc(1_795_230_000_000 + ms).rfc3339(),
            user: session.into(),
            kind: kind.into(),
            incident: incident.map(str::to_owned),
            data,
            ..Record::default()
        }
    }

    struct Dice(u64);
    impl Dice {
        fn below(&mut self, n: usize) -> usize {
            self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            ((self.0 >> 33) as usize) % n
        }
    }

    /// A session's records, of every kind a casebook reads, about a few incidents, acts and numbers.
    fn session(name: &str, dice: &mut Dice) -> Vec<Record> {
        let mut ms = dice.below(50) as i64;
        (1..40)
            .map(|seq| {
                ms += dice.below(60) as i64;
                let id = ["i-0001", "i-0002", "i-0003"][dice.below(3)];
                let n = dice.below(4) as u64 + 1;
                let (kind, data) = match dice.below(17) {
                    0 => {
                        ("incident-opened", json!({"id": id, "title": format!("t{seq}"), "severity": n, "lead": name}))
                    }
                    1 => ("incident-changed", json!({"id": id, "severity": n, "title": format!("c{seq}")})),
                    2 => (
                        "incident-changed",
                        json!({"id": id, "state": (["open", "mitigated", "resolved"][dice.below(3)])}),
                    ),
                    3 => ("incident-closed", json!({"id": id, "state": "resolved", "holes": ["x"], "reason": "r"})),
                    4 => (
                        "lead",
                        json!({"id": id, "what": (["taken", "given", "lapsed", "left"][dice.below(4)]), "lead": "ito"}),
                    ),
                    5 => ("decision", json!({"text": format!("d{seq}"), "reason": "because"})),
                    6 => ("told", json!({"audience": "all", "text": format!("s{seq}")})),
                    7 => ("ticked", json!({"id": id, "item": "told", "how": "by phone"})),
                    8 => ("follow-up", json!({"number": n, "text": "f", "owner": "ito", "what": "postmortem"})),
                    9 => ("follow-up", json!({"number": n, "done": true, "of": {"session": "a", "seq": n}})),
                    10 => ("debt", json!({"number": n, "text": "d", "state": "open"})),
                    11 => ("debt", json!({"number": n, "state": "paid", "of": {"session": "b", "seq": n}})),
                    12 => ("settled", json!({"act": n, "verb": "roll back", "took_ms": 5})),
                    13 => ("undone", json!({"act": n, "verb": "roll back", "by": "argo"})),
                    14 => ("verdict", json!({"word": (["WORSE", "SAME"][dice.below(2)]), "words": "w"})),
                    15 => (
                        "burn",
                        json!({"service": "checkout", "word": (["burning", "calm"][dice.below(2)]), "words": "b"}),
                    ),
                    _ => ("intent", json!({"act": n, "verb": "roll back", "seen": {"x": 1}})),
                };
                let target =
                    json!({"source": "eu-1", "namespace": "shop", "kind": "Rollout", "name": "checkout", "uid": "u"});
                Record { target: Some(target), ..record(name, seq, ms, kind, Some(id), data) }
            })
            .collect()
    }

    fn fold(records: &[Record]) -> Casebook {
        let mut book = Casebook::default();
        records.iter().for_each(|r| book.take(r));
        book
    }

    #[test]
    fn any_order_of_several_sessions_gives_the_same_casebook() {
        let mut dice = Dice(7);
        for _ in 0..12 {
            let all = ["a", "b", "c"].map(|s| session(s, &mut dice));
            let mut merged: Vec<Record> = all.iter().flatten().cloned().collect();
            merged.sort_by(Record::order);
            let want = fold(&merged);
            assert!(!want.incidents.is_empty() && want.taken == merged.len() as u64);
            for _ in 0..6 {
                let mut left: Vec<&[Record]> = all.iter().map(Vec::as_slice).collect();
                let mut came = Vec::new();
                while !left.is_empty() {
                    let n = dice.below(left.len());
                    match left[n].split_first() {
                        Some((first, rest)) => {
                            came.push(first.clone());
                            left[n] = rest;
                        }
                        None => {
                            left.remove(n);
                        }
                    }
                }
                assert_eq!(fold(&came), want);
                // Not even the order within a session matters, and a record that comes again says nothing new.
                came.reverse();
                let mut book = fold(&came);
                assert_eq!(book, want);
                let current = book.current().cloned();
                book.take(&merged[0]);
                assert_eq!(
                    book.current().map(|i| (&i.id, &i.titled, &i.led)),
                    current.as_ref().map(|i| (&i.id, &i.titled, &i.led))
                );
            }
            // And it survives a checkpoint.
            let text = serde_json::to_string(&want).unwrap();
            assert_eq!(serde_json::from_str::<Casebook>(&text).unwrap(), want);
        }
    }

    #[test]
    fn of_two_opened_at_once_the_earlier_is_current_and_the_later_a_duplicate() {
        let a = record("a", 1, 20, "incident-opened", None, json!({"id": "i-1", "title": "mine"}));
        let b = record("b", 1, 10, "incident-opened", None, json!({"id": "i-2", "title": "yours"}));
        for order in [[&a, &b], [&b, &a]] {
            let book = fold(&order.map(Clone::clone));
            assert_eq!(book.current().unwrap().id, "i-2");
            assert_eq!(book.duplicates().iter().map(|i| &*i.id).collect::<Vec<_>>(), ["i-1"]);
        }
        let closed =
            record("a", 2, 30, "incident-closed", None, json!({"id": "i-1", "holes": [], "reason": "duplicate"}));
        let book = fold(&[a, b, closed]);
        assert!(book.duplicates().is_empty());
        assert_eq!(book.past().iter().map(|i| &*i.id).collect::<Vec<_>>(), ["i-1"]);
    }

    #[test]
    fn two_of_one_number_are_told_apart_and_each_is_paid_by_its_record() {
        let a = record("a", 7, 20, "debt", None, json!({"number": 14, "text": "tests", "state": "open"}));
        let b =
            record("b", 3, 10, "debt", None, json!({"number": 14, "text": "revert", "state": "open", "owner": "ito"}));
        let mut book = fold(&[a, b]);
        let labels = |book: &Casebook| book.debts.open().iter().map(|t| book.debts.label(t)).collect::<Vec<_>>();
        assert_eq!(labels(&book), ["14", "14b"]);
        assert_eq!(book.debts.next_number(), 15);
        book.take(&record(
            "c",
            1,
            30,
            "debt",
            None,
            json!({"number": 14, "state": "paid", "of": {"session": "b", "seq": 3}}),
        ));
        assert_eq!(labels(&book), ["14b"]);
        assert_eq!(book.debts.open()[0].words().unwrap().text, "tests");
    }

    #[test]
    fn the_checklist_names_the_record_of_each_tick_and_unticks_what_was_undone() {
        let id = Some("i-1");
        let mut book = fold(&[
            record("a", 1, 1, "verdict", None, json!({"word": "WORSE", "words": "WORSE, errors"})),
            record(
                "a",
                2,
                2,
                "incident-opened",
                None,
                json!({
                "id": "i-1", "title": "t", "why": "first WORSE", "first_bad": "2026-11-21T03:09:00Z",
                "first_bad_rests": {"session": "a", "seq": 1}}),
            ),
        ]);
        let ticks = |book: &Casebook| -> Vec<(Item, u64)> {
            let lines = checklist(book, &book.incidents["i-1"]);
            lines.into_iter().filter_map(|l| Some((l.item, l.tick?.rests.seq))).collect()
        };
        assert_eq!(ticks(&book), [(Item::Thresholds, 1)]);
        book.take(&record("a", 3, 3, "intent", id, json!({"act": 1, "verb": "roll back", "seen": {"figures": 1}})));
        book.take(&record("a", 4, 4, "settled", id, json!({"act": 1, "verb": "hold"})));
        assert_eq!(ticks(&book), [(Item::Thresholds, 1), (Item::Metadata, 3)], "to hold is not to mitigate");
        book.take(&record("a", 5, 5, "settled", id, json!({"act": 2, "verb": "roll back"})));
        assert_eq!(ticks(&book)[2], (Item::BackOrMitigated, 5));
        book.take(&record("a", 6, 6, "undone", id, json!({"act": 2, "verb": "roll back", "by": "argo cd"})));
        assert_eq!(ticks(&book).len(), 2, "what somebody took back is not done");
        book.take(&record("b", 1, 7, "incident-changed", None, json!({"id": "i-1", "state": "mitigated"})));
        assert_eq!(ticks(&book)[2], (Item::BackOrMitigated, 1));
        assert_eq!(book.incidents["i-1"].state(), State::Mitigated);
        book.take(&record(
            "a",
            7,
            8,
            "follow-up",
            id,
            json!({"number": 1, "text": "postmortem", "what": "postmortem"}),
        ));
        assert_eq!(
            holes(&book, &book.incidents["i-1"]),
            [Item::Told, Item::Postmortem],
            "a postmortem without an owner"
        );
        book.take(&record(
            "a",
            8,
            9,
            "follow-up",
            id,
            json!({"number": 2, "text": "p", "what": "postmortem", "owner": "ito"}),
        ));
        book.take(&record("a", 9, 10, "ticked", None, json!({"id": "i-1", "item": "thresholds", "how": "I say so"})));
        book.take(&record("a", 10, 11, "ticked", None, json!({"id": "i-1", "item": "told", "how": "by telephone"})));
        assert_eq!(
            ticks(&book),
            [
                (Item::Thresholds, 1),
                (Item::Metadata, 3),
                (Item::BackOrMitigated, 1),
                (Item::Told, 10),
                (Item::Postmortem, 8),
            ]
        );
    }

    #[test]
    fn the_status_is_drafted_from_the_records() {
        use super::super::status::draft;
        let id = Some("i-1");
        let mut book = fold(&[record(
            "a",
            2,
            2,
            "incident-opened",
            None,
            json!({
            "id": "i-1", "title": "checkout errors", "severity": 2, "service": "checkout"}),
        )]);
        let now = Utc(1_795_230_000_000 + 300_002);
        let s = draft(&book, book.current().unwrap(), now);
        assert_eq!(s.conditions, "i-1 checkout errors, SEV2, open since 03:00Z (5m); users are still affected");
        assert_eq!((&*s.actions, &*s.needs), ("none yet", "somebody to lead, a decision how to mitigate"));
        book.take(&record("a", 3, 60_000, "lead", None, json!({"id": "i-1", "what": "taken", "lead": "mira"})));
        book.take(&record("a", 4, 61_000, "sent", id, json!({"act": 1, "verb": "roll back", "to_version": "v2.14.0"})));
        let s = draft(&book, book.current().unwrap(), now);
        assert_eq!(s.actions, "03:01Z roll back  to v2.14.0: sent");
        book.take(&record(
            "a",
            5,
            121_000,
            "settled",
            id,
            json!({
            "act": 1, "verb": "roll back", "to_version": "v2.14.0", "took_ms": 60_000}),
        ));
        let s = draft(&book, book.current().unwrap(), now);
        assert_eq!(s.actions, "03:02Z roll back  to v2.14.0: settled after 1m00", "what came of it, once");
        assert!(s.conditions.contains("rolled back and settled at 03:02Z"), "{}", s.conditions);
        assert_eq!(s.needs, "nothing now");
    }

    #[test]
    fn a_roll_back_before_anybody_opened_the_incident_is_part_of_it_in_any_order() {
        use super::super::status::draft;
        let of = |target: &str, r: Record| Record { target: Some(json!({"source": "eu-1", "name": target})), ..r };
        let back = json!({"act": 1, "verb": "roll back", "to_version": "v1", "took_ms": 60_000});
        let opened = json!({"id": "i-1", "title": "checkout errors", "severity": 2, "service": "checkout",
            "first_bad": Utc(1_795_230_000_000 + 20_000).rfc3339(), "lead": "mira"});
        let mut all = vec![
            // Before it was bad, and of another service: not about it.
            of("checkout", record("a", 1, 10_000, "settled", None, json!({"act": 9, "verb": "roll back"}))),
            of("search", record("a", 2, 30_000, "settled", None, json!({"act": 8, "verb": "roll back"}))),
            of("checkout", record("a", 3, 40_000, "sent", None, back.clone())),
            of("checkout", record("a", 4, 100_000, "settled", None, back)),
            of("checkout", record("a", 5, 120_000, "incident-opened", None, opened)),
        ];
        let now = Utc(1_795_230_000_000 + 130_000);
        let told = |book: &Casebook| draft(book, book.current().expect("open"), now);
        for _ in 0..all.len() {
            all.rotate_left(1);
            let book = fold(&all);
            let s = told(&book);
            assert_eq!(s.actions, "03:01Z roll back checkout@eu-1 to v1: settled after 1m00");
            assert!(s.conditions.contains("rolled back and settled at 03:01Z"), "{}", s.conditions);
            assert_eq!(s.needs, "nothing now");
            let i = book.current().expect("open");
            assert!(!holes(&book, i).contains(&Item::BackOrMitigated));
        }
        // Taken back by somebody after it was opened: then it is not over.
        all.push(record("a", 6, 125_000, "undone", Some("i-1"), json!({"act": 1, "verb": "roll back", "by": "argo"})));
        assert!(told(&fold(&all)).conditions.contains("users are still affected"));
    }
}
