//! Two people at once: what a dialog with fields records is what stood there when it was opened, and what is taken for a
//! roll-back of the incident is one of its service.

use crate::incident::{kinds, notice, open, opened, worse};
use andon::core::case::casebook::Casebook;
use andon::core::case::checklist::{Item, holes};
use andon::core::case::incident::State;
use andon::core::entry::Kind;
use andon::core::id::Hash;
use andon::core::judge::verdict::Word;
use andon::core::msg::Msg;
use andon::core::record::{Hlc, Record};
use andon::core::time::Utc;
use andon::testkit::drill::Run;
use serde_json::{Value, json};

/// A record of ito's, on the other console, of this moment.
fn itos(run: &Run, seq: u64, kind: &str, data: Value) -> Record {
    Record {
        session: "another".into(),
        seq,
        hlc: Hlc(run.model.utc().0 + 1, 0),
        utc: run.model.utc().rfc3339(),
        user: "ito".into(),
        kind: kind.into(),
        data,
        ..Record::default()
    }
}

fn current(run: &Run) -> String {
    run.model.casebook.current().expect("one is open").id.clone()
}

fn value(run: &Run, key: &str) -> String {
    let sheet = run.model.dialog.as_ref().and_then(|d| d.sheet()).expect("a sheet");
    sheet.value(key).to_owned()
}

#[test]
fn an_incident_that_somebody_opened_meanwhile_is_not_opened_twice() {
    let mut run = worse();
    run.keys("a i");
    let r = itos(&run, 1, "incident-opened", json!({"id": "i-77", "title": "checkout fails", "lead": "ito"}));
    run.apply(Msg::Records(vec![r]));
    assert!(open(&run));
    run.act("");
    assert!(!open(&run) && kinds(&run, Kind::IncidentOpened).is_empty());
    assert_eq!(run.model.casebook.open().len(), 1);
    assert!(notice(&run).contains("ito opened i-77 meanwhile; nothing was recorded"), "{}", notice(&run));
    assert!(run.model.desk.opening.is_none());
}

#[test]
fn what_somebody_else_changed_meanwhile_is_not_written_back() {
    let mut run = opened();
    let id = current(&run);
    run.keys("a i");
    let data = json!({"id": id, "severity": 1, "state": "mitigated", "title": "all payments fail"});
    let r = itos(&run, 1, "incident-changed", data);
    run.apply(Msg::Records(vec![r]));
    // Only a line is ticked here.
    run.keys("j j j space j enter by space phone enter");
    run.act("");
    assert_eq!((kinds(&run, Kind::IncidentChanged).len(), kinds(&run, Kind::Ticked).len()), (0, 1));
    let i = run.model.casebook.current().unwrap();
    assert_eq!((i.severity(), i.state(), i.title()), (1, State::Mitigated, "all payments fail"));
}

#[test]
fn a_lead_that_somebody_took_meanwhile_is_asked_for_again() {
    let mut run = opened();
    let id = current(&run);
    let r = itos(&run, 1, "lead", json!({"id": id, "what": "lapsed", "from": "mira"}));
    run.apply(Msg::Records(vec![r]));
    run.keys("a l");
    let r = itos(&run, 2, "lead", json!({"id": id, "what": "taken", "lead": "ito"}));
    run.apply(Msg::Records(vec![r]));
    run.act("");
    assert!(kinds(&run, Kind::Lead).is_empty(), "it was asked who takes it from NOBODY");
    let said = run.model.dialog.as_ref().and_then(|d| d.sheet()).expect("asked again").said[0].to_string();
    assert!(said.starts_with("ito leads since"), "{said}");
    assert!(notice(&run).contains("ito leads by now; nothing was recorded"), "{}", notice(&run));
    run.act("");
    let led = kinds(&run, Kind::Lead);
    assert_eq!((led.len(), &led[0].data["lead"], &led[0].data["from"]), (1, &"mira".into(), &"ito".into()));
}

#[test]
fn what_is_recorded_belongs_to_the_incident_the_sheet_was_opened_on() {
    for (keys, kind) in [
        ("a n", Kind::Told),
        ("a d j enter why enter j enter ito enter", Kind::FollowUp),
        ("d enter wait enter j enter few enter", Kind::Decision),
    ] {
        let mut run = opened();
        let mine = current(&run);
        run.keys(keys);
        let r = itos(&run, 1, "incident-opened", json!({"id": "i-77", "title": "logins fail", "lead": "ito"}));
        run.apply(Msg::Records(vec![Record { hlc: Hlc(1, 0), ..r }]));
        assert_eq!(current(&run), "i-77");
        run.act("");
        let made = kinds(&run, kind);
        assert_eq!(made.len(), 1, "{keys}");
        assert_eq!(made[0].incident.as_deref(), Some(&*mine), "{keys}");
    }
}

#[test]
fn only_what_a_person_set_comes_back() {
    let mut run = opened();
    let id = current(&run);
    run.keys("a n k enter space now enter");
    let (to, before) = (value(&run, "audience"), value(&run, "conditions"));
    assert!(to.ends_with(" now") && before.contains("users are still affected"), "{to}: {before}");
    run.keys("esc");
    let data = json!({"act": 9, "verb": "roll back", "service": "checkout", "took_ms": 5});
    let r = itos(&run, 1, "settled", data);
    run.apply(Msg::Records(vec![Record { incident: Some(id), ..r }]));
    run.wait(1_500);
    run.keys("a n");
    assert_eq!(value(&run, "audience"), to);
    let now = value(&run, "conditions");
    assert!(now.contains("rolled back and settled"), "{now}");
}

#[test]
fn a_sheet_left_for_one_candidate_says_nothing_of_the_next() {
    let mut run = worse();
    run.keys("a i j space");
    let (title, severity) = (value(&run, "title"), value(&run, "severity"));
    run.keys("esc");
    run.wait(1_500);
    run.keys("a i");
    assert_eq!((value(&run, "title"), value(&run, "severity")), (title.clone(), severity.clone()), "the same one");
    run.keys("esc");
    run.wait(1_500);
    let id = run.target("checkout").id.clone();
    run.model.world.targets.get_mut(&id).unwrap().candidate = Some(Hash::new("77nextone77"));
    run.keys("a i");
    let new = value(&run, "title");
    assert!(new.starts_with("checkout errors") && new != title, "{new}");
    assert_ne!(value(&run, "severity"), severity);
}

#[test]
fn a_first_bad_signal_of_yesterday_stays_where_nobody_touched_it() {
    let mut run = worse();
    let verdicts = kinds(&run, Kind::Verdict).into_iter();
    let worse_at = verdicts.filter(|e| e.data["word"] == Word::Worse.word()).map(|e| e.at).next().expect("WORSE");
    let old = Utc(run.model.utc().0 - 25 * 3_600_000);
    let target = serde_json::to_value(&run.target("checkout").id).unwrap();
    let r = itos(&run, 1, "verdict", json!({"word": "WORSE", "words": "WORSE, errors"}));
    let r = Record { hlc: Hlc(worse_at.0 - 1, 0), utc: old.rfc3339(), target: Some(target), ..r };
    run.apply(Msg::Records(vec![r]));
    run.keys("a i");
    assert_eq!(value(&run, "began"), old.hms());
    run.act("");
    let made = kinds(&run, Kind::IncidentOpened);
    assert_eq!(made[0].data["first_bad"], old.rfc3339());
    assert_eq!(made[0].data["first_bad_rests"]["session"], "another");
}

fn record(seq: u64, kind: &str, name: Option<&str>, data: Value) -> Record {
    let target = |n: &str| json!({"source": "eu-1", "namespace": "shop", "kind": "Rollout", "name": n, "uid": "u"});
    Record {
        session: "a".into(),
        seq,
        hlc: Hlc(seq as i64, 0),
        utc: Utc(1_795_230_000_000 + seq as i64).rfc3339(),
        user: "mira".into(),
        kind: kind.into(),
        incident: Some("i-1".into()),
        target: name.map(target),
        data,
        ..Record::default()
    }
}

#[test]
fn a_roll_back_of_another_service_is_not_the_end_of_this_incident() {
    let back = |act: u64, service: Option<&str>| match service {
        Some(s) => json!({"act": act, "verb": "roll back", "took_ms": 5, "service": s}),
        None => json!({"act": act, "verb": "roll back", "took_ms": 5}),
    };
    let opening = |service: Option<&str>| {
        record(1, "incident-opened", Some("checkout"), json!({"id": "i-1", "title": "t", "service": service}))
    };
    let others = [
        record(2, "settled", Some("search"), back(1, Some("search"))),
        record(3, "settled", Some("search"), back(2, None)),
        record(4, "verdict", Some("payments"), json!({"word": "WORSE", "words": "w", "service": "payments"})),
    ];
    let fold = |records: &[Record]| {
        let mut book = Casebook::default();
        records.iter().for_each(|r| book.take(r));
        let mut back = Casebook::default();
        records.iter().rev().for_each(|r| back.take(r));
        assert_eq!(book, back, "in any order");
        book
    };
    let with = |service: Option<&str>, more: &[Record]| {
        let all: Vec<Record> = [opening(service)].into_iter().chain(others.iter().chain(more).cloned()).collect();
        fold(&all)
    };
    let ends = |book: &Casebook| book.incidents["i-1"].mitigated().map(|m| m.rests.seq);
    let book = with(Some("checkout"), &[]);
    assert_eq!(ends(&book), None);
    let i = &book.incidents["i-1"];
    assert!(holes(&book, i).contains(&Item::BackOrMitigated) && holes(&book, i).contains(&Item::Thresholds));
    // Its own counts: by its service, by the target's name where no service stands there, by a person's word.
    for more in [
        record(5, "settled", Some("checkout-canary"), back(3, Some("checkout"))),
        record(5, "settled", Some("checkout"), back(3, None)),
        record(5, "incident-changed", None, json!({"id": "i-1", "state": "mitigated"})),
    ] {
        assert_eq!(ends(&with(Some("checkout"), &[more])), Some(5));
    }
    let own = record(5, "verdict", Some("checkout"), json!({"word": "WORSE", "words": "w", "service": "checkout"}));
    assert_eq!(with(Some("checkout"), &[own]).incidents["i-1"].signal().map(|s| s.rests.seq), Some(5));
    // Opened for no service: whatever was rolled back.
    assert_eq!(ends(&with(None, &[])), Some(2));
}
