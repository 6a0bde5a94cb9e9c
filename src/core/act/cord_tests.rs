//! The fold over records of the cord: in any order, twice, from two consoles with clocks of their own.

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

/// Every order of them gives the same; that.
fn folded(all: &[Record]) -> Cord {
    let mut want = Cord::default();
    all.iter().for_each(|r| want.take(r));
    for turn in 0..all.len() {
        let mut other = Cord::default();
        let (a, b) = all.split_at(turn);
        b.iter().chain(a).rev().chain(all).for_each(|r| other.take(r));
        assert_eq!(other, want, "turned by {turn}");
    }
    want
}

fn of(session: &str, mut r: Record) -> Record {
    r.session = session.into();
    r.ticket = Some(4);
    r
}

#[test]
fn two_that_pull_at_the_same_moment_know_of_both_and_hold_both_lists() {
    let moved = |n: &str| json!([Held { target: target(n), candidate: Some(Hash::new("c1")) }.data()]);
    let all = [
        of("one", record(1_000, "frozen", None, json!({"id": "one-1", "moved": moved("a")}))),
        of("two", record(1_000, "frozen", None, json!({"id": "two-1", "moved": moved("b")}))),
        of("one", record(1_010, "accepted", Some("a"), cord("hold"))),
        of("two", record(1_010, "accepted", Some("a"), cord("hold"))),
        of("two", record(1_011, "accepted", Some("b"), cord("hold"))),
    ];
    let c = folded(&all);
    assert_eq!((names(&c), c.pulls()), (vec!["a".to_owned(), "b".to_owned()], vec!["one-1", "two-1"]));
    assert!(c.knew(&target("a"), Some(&Hash::new("c1"))) && c.knew(&target("b"), Some(&Hash::new("c1"))));
    // Its own entry, foreseen with another time, is the same pull.
    let mut c = Cord::default();
    let data = json!({"id": "one-1", "moved": []});
    c.foresee(&Entry { kind: Kind::Frozen, at: Utc(900), incident: None, target: None, data }, "one", "mira");
    c.take(&all[0]);
    assert_eq!(c.pulls(), ["one-1"]);
}

#[test]
fn a_thaw_lets_go_the_pulls_it_names_and_no_other_whatever_the_clocks_say() {
    // The clock of the second is five seconds behind, and neither had read the other when it acted.
    let mut all = vec![
        of("one", record(100_000, "frozen", None, json!({"id": "one-1", "moved": []}))),
        of("one", record(100_010, "accepted", Some("a"), cord("hold"))),
        of("two", record(96_200, "frozen", None, json!({"id": "two-1", "moved": []}))),
        of("two", record(96_210, "accepted", Some("a"), cord("hold"))),
        of("one", record(101_000, "thawed", None, json!({"id": "one-2", "pulls": ["one-1"], "over": []}))),
        of("one", record(101_010, "accepted", Some("a"), cord("resume"))),
    ];
    let c = folded(&all);
    assert_eq!(c.pulls(), ["two-1"], "it pulled, and nobody who knew of that has let go");
    // It saw its hold after the release: by then it had read the other's time.
    all.push(of("two", record(101_500, "settled", Some("a"), cord("hold"))));
    assert_eq!(names(&folded(&all)), ["a"]);
    all.push(of("two", record(102_000, "thawed", None, json!({"id": "two-2", "pulls": ["two-1"], "over": []}))));
    all.push(of("two", record(102_010, "accepted", Some("a"), cord("resume"))));
    let c = folded(&all);
    assert!(!c.is_pulled() && names(&c).is_empty());
}

#[test]
fn what_a_console_watched_of_its_own_hold_does_not_come_after_its_own_release() {
    let all = [
        of("one", record(1_000, "accepted", Some("a"), cord("hold"))),
        of("one", record(1_100, "accepted", Some("a"), json!({"verb": "roll back"}))),
        of("one", record(1_200, "settled", Some("a"), cord("hold"))),
    ];
    assert_eq!(names(&folded(&all)), [""; 0]);
}

#[test]
fn what_was_found_of_a_hold_whose_session_had_ended_is_said_of_that_request() {
    for (how, held) in [("it was done", vec!["a"]), ("it was not done", vec![])] {
        let mut data = cord("hold");
        data["how"] = json!(format!("read back after the session ended: {how}"));
        data["of"] = json!({"session": "gone", "ticket": 4});
        let found = of("finder", record(50_000, "resolved", Some("a"), data));
        let sent = of("gone", record(1_000, "sent", Some("a"), cord("hold")));
        assert_eq!(names(&folded(&[sent, found.clone()])), held, "{how}");
        // The record that it was sent may have been lost with its console.
        assert_eq!(names(&folded(&[found])), held, "{how}");
    }
}
