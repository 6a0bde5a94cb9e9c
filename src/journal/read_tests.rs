//! Several sessions in one directory: tail, heads, recovery.

use super::append::{Chain, OnDisk};
use super::heads;
use super::live::{Live, Me};
use super::record::{Actor, Who};
use super::recovery::look;
use super::scratch::{Scratch, at, entry, target};
use super::tail::tail;
use crate::core::act::plan::Ticket;
use crate::core::entry::Kind;
use serde_json::{Value, json};
use std::io::Write;
use std::path::Path;

/// A log with these (kind, ms, ticket, data); returns its head.
fn log(dir: &Path, session: &str, records: &[(Kind, i64, Option<u64>, Value)]) -> String {
    let who = Who { session: session.into(), actor: Actor { user: session.into(), claimed: None }, host: "h".into() };
    let file = OnDisk::create(&dir.join(format!("{session}.jsonl")), 0o600).expect("created");
    let mut chain = Chain::new(who, Box::new(file));
    for (kind, ms, ticket, data) in records {
        let mut e = entry(*kind, *ms, data.clone());
        e.target = Some(target());
        chain.append(&e, at(*ms), ticket.map(Ticket), 0).expect("written");
    }
    chain.head().to_owned()
}

fn note(ms: i64) -> (Kind, i64, Option<u64>, Value) {
    (Kind::Note, ms, None, json!({ "text": ms.to_string() }))
}

fn tear(dir: &Path, session: &str) {
    let path = dir.join(format!("{session}.jsonl"));
    let mut f = std::fs::OpenOptions::new().append(true).open(path).expect("open");
    f.write_all(b"{\"v\":1,\"sess").expect("torn");
}

#[test]
fn the_tail_merges_the_ends_of_all_files() {
    let dir = Scratch::new();
    log(dir.path(), "a", &(0..500).map(|i| note(i * 2)).collect::<Vec<_>>());
    log(dir.path(), "b", &(0..500).map(|i| note(i * 2 + 1)).collect::<Vec<_>>());
    log(dir.path(), "c", &[note(5)]);
    log(dir.path(), "d", &[]);
    tear(dir.path(), "b");
    let texts = |n| -> Vec<String> {
        let t = tail(dir.path(), n).expect("read");
        assert_eq!(t.unread, []);
        t.records.iter().map(|r| r.data["text"].as_str().expect("text").to_owned()).collect()
    };
    assert_eq!(texts(3), ["997", "998", "999"]);
    let all = texts(5000);
    assert_eq!(all.len(), 1001);
    assert_eq!(all[..8], ["0", "1", "2", "3", "4", "5", "5", "6"]);
    assert_eq!(tail(&dir.path().join("none"), 3).expect("read").records, []);
}

#[test]
fn a_file_is_never_reordered_and_an_unreadable_line_stays_in_its_place() {
    let dir = Scratch::new();
    let hand = "{\"hlc\":[9,0],\"kind\":\"note\",\"data\":1}\nwhat?\n{\"hlc\":[3,0],\"kind\":\"note\",\"data\":2}\n";
    std::fs::write(dir.path().join("x.jsonl"), hand).expect("written");
    std::fs::write(dir.path().join("y.jsonl"), "{\"hlc\":[5,0],\"kind\":\"note\",\"data\":3}\n").expect("written");
    let t = tail(dir.path(), 9).expect("read");
    let data: Vec<_> = t.records.iter().map(|r| r.data.clone()).collect();
    assert_eq!(data, [json!(1), json!("what?"), json!(2), json!(3)]);
}

#[test]
fn heads_name_every_other_file_and_the_torn_tails_of_ended_ones() {
    let dir = Scratch::new();
    let a = log(dir.path(), "a", &[note(1), note(2)]);
    let b = log(dir.path(), "b", &[note(1)]);
    log(dir.path(), "c", &[note(1)]);
    tear(dir.path(), "a");
    tear(dir.path(), "b");
    let _b_runs = Live::begin(dir.path(), Me::named("b"), 0o600).expect("live");
    let h = heads::heads(dir.path(), "c").expect("read");
    assert_eq!(h.all, [("a.jsonl".to_owned(), a.clone()), ("b.jsonl".to_owned(), b.clone())]);
    assert_eq!(h.torn.len(), 1);
    let torn = &h.torn[0];
    assert_eq!((torn.0.as_str(), torn.1.bytes), ("a.jsonl", 12));
    assert_eq!(torn.1.sha256, crate::core::seal::sha256_hex(b"{\"v\":1,\"sess"));
    let m = h.members();
    let pairs = format!("a.jsonl {a}\nb.jsonl {b}\n");
    assert_eq!(m["all"], crate::core::seal::sha256_hex(pairs.as_bytes()));
    assert_eq!((&m["files"], &m["heads"][1]), (&json!(2), &json!(["b.jsonl", b])));
}

#[test]
fn only_ended_sessions_intents_without_outcome_are_found() {
    let dir = Scratch::new();
    let intent = |t| (Kind::Intent, 10, Some(t), json!({"verb": "roll back"}));
    // As the core ties them: the ticket stands in the data.
    let of = |k, t: u64| (k, 20, None, json!({"ticket": t}));
    let unfinished = [
        note(1),
        intent(1),
        of(Kind::Sent, 1),
        of(Kind::Accepted, 1),
        intent(2),
        of(Kind::Sent, 2),
        of(Kind::Unknown, 2),
        intent(3),
        of(Kind::Refused, 3),
        intent(4),
        intent(5),
    ];
    log(dir.path(), "ended", &unfinished);
    log(dir.path(), "running", &unfinished);
    log(dir.path(), "own", &unfinished);
    tear(dir.path(), "ended");
    // Somebody else has read the last one back already.
    let resolved = json!({"outcome": "did not", "of": {"session": "ended", "ticket": 5}});
    log(dir.path(), "finder", &[(Kind::Resolved, 30, None, resolved)]);
    let _lock = Live::begin(dir.path(), Me::named("running"), 0o600).expect("live");
    let found = look(dir.path(), "own").expect("read");
    let seen: Vec<_> =
        found.unfinished.iter().map(|u| (u.session.as_str(), u.seq, u.ticket, u.last.as_str())).collect();
    assert_eq!(seen, [("ended", 2, 1, "accepted"), ("ended", 5, 2, "unknown"), ("ended", 10, 4, "intent")]);
    assert_eq!(found.unfinished[0].target, Some(target()));
    assert_eq!(found.running, ["running"]);
    let flying: Vec<_> = found.in_flight.iter().map(|u| (u.session.as_str(), u.user.as_str(), u.ticket)).collect();
    assert_eq!(flying, [1, 2, 4, 5].map(|t| ("running", "running", t)));
    // Without a ticket: what that session left open on the target that was read back.
    let of_session = json!({"how": "read back after the session ended", "session": "ended"});
    log(dir.path(), "finder2", &[(Kind::Resolved, 40, None, of_session)]);
    assert_eq!(look(dir.path(), "own").expect("read").unfinished, []);
    assert_eq!(found.unread, []);
}

#[test]
fn an_act_is_open_until_it_has_settled_and_a_plan_at_its_last_step() {
    let dir = Scratch::new();
    let intent = |t: u64, act: u64| (Kind::Intent, 10, Some(t), json!({"verb": "roll back", "act": act}));
    let of = |k, t: u64| (k, 20, None, json!({"ticket": t}));
    // Cut between its two steps; settled at the second; and cut after the second was accepted.
    log(dir.path(), "cut", &[intent(1, 1), of(Kind::Accepted, 1), of(Kind::Seen, 1)]);
    let plan = [intent(1, 1), of(Kind::Accepted, 1), of(Kind::Seen, 1), intent(2, 1), of(Kind::Accepted, 2)];
    log(dir.path(), "half", &plan);
    log(dir.path(), "whole", &[&plan[..], &[of(Kind::Stuck, 2), of(Kind::Settled, 2)]].concat());
    // Two acts side by side: the second ends nothing of the first.
    log(dir.path(), "two", &[intent(1, 1), of(Kind::Accepted, 1), intent(2, 2), of(Kind::Settled, 2)]);
    let found = look(dir.path(), "own").expect("read").unfinished;
    let seen: Vec<_> = found.iter().map(|u| (u.session.as_str(), u.ticket, u.last.as_str())).collect();
    assert_eq!(seen, [("cut", 1, "seen"), ("half", 2, "accepted"), ("two", 1, "accepted")]);
}

#[test]
fn what_was_promised_comes_back_however_old_and_merged() {
    let dir = Scratch::new();
    let of = |kind, ms, data| (kind, ms, None, data);
    log(dir.path(), "s000", &[note(1), of(Kind::Debt, 2, json!({"number": 1})), of(Kind::Lead, 9, json!({"id": "i"}))]);
    for n in 1..300 {
        log(dir.path(), &format!("s{n:03}"), &[note(n)]);
    }
    log(
        dir.path(),
        "s300",
        &[of(Kind::FollowUp, 4, json!({"number": 2})), of(Kind::IncidentOpened, 8, json!({"id": "i"}))],
    );
    log(dir.path(), "own", &[of(Kind::Debt, 5, json!({"number": 3}))]);
    let old = [(Kind::Intent, 3, Some(1), json!({"verb": "hold"}))];
    log(dir.path(), "a-very-old-one", &old);
    let found = look(dir.path(), "own").expect("read");
    let kinds: Vec<_> = found.records.iter().map(|r| (r.session.as_str(), r.kind.as_str())).collect();
    let expected = [("s000", "debt"), ("s300", "follow-up"), ("s300", "incident-opened"), ("s000", "lead")];
    assert_eq!(kinds, expected);
    assert_eq!(found.unfinished.len(), 1, "no file is too old");
}

#[test]
fn what_came_after_a_promoted_change_comes_back_and_nothing_else_of_its_kind() {
    const HOUR: i64 = 3_600_000;
    let dir = Scratch::new();
    let burn = |service: &str, ms| (Kind::Burn, ms, None, json!({"service": service, "word": "burning"}));
    let promoted = (Kind::Promoted, 10, None, json!({"service": "cart", "version": "v2", "hash": "h"}));
    let smoke = (Kind::Runbook, 30, None, json!({"service": "cart", "smoke": true, "state": "done"}));
    let step = (Kind::Runbook, 31, None, json!({"service": "cart", "state": "done"}));
    log(dir.path(), "a", &[burn("cart", 5), promoted, burn("search", 15), smoke, step]);
    log(dir.path(), "b", &[burn("cart", 20), burn("cart", 80 * HOUR)]);
    let found = look(dir.path(), "own").expect("read");
    let kinds: Vec<_> = found.records.iter().map(|r| (r.session.as_str(), r.kind.as_str())).collect();
    // Steps of runbooks come back by themselves: where they stand is read off them.
    assert_eq!(kinds, [("a", "promoted"), ("b", "burn"), ("a", "runbook"), ("a", "runbook")]);
}

#[test]
fn of_long_closed_incidents_only_what_is_owed_comes_back() {
    let dir = Scratch::new();
    let mut all = Vec::new();
    for n in 0..30_i64 {
        let id = format!("i{n}");
        for kind in [Kind::IncidentOpened, Kind::Note, Kind::FollowUp, Kind::IncidentClosed] {
            let mut e = entry(kind, n, json!({"id": id, "number": n}));
            e.incident = Some(id.as_str().into());
            all.push(e);
        }
    }
    let who = Who { session: "s".into(), actor: Actor { user: "u".into(), claimed: None }, host: "h".into() };
    let file = OnDisk::create(&dir.path().join("s.jsonl"), 0o600).expect("created");
    let mut chain = Chain::new(who, Box::new(file));
    for (n, e) in (0..).zip(&all) {
        chain.append(e, at(n), None, 0).expect("written");
    }
    let found = look(dir.path(), "own").expect("read").records;
    let count = |kind: &str| found.iter().filter(|r| r.kind == kind).count();
    assert_eq!((count("follow-up"), count("incident-closed"), count("note")), (30, 30, 20));
    let notes: Vec<_> = found.iter().filter(|r| r.kind == "note").map(|r| r.data["number"].clone()).collect();
    assert_eq!(notes[0], 10, "the newest are whole");
}

#[test]
fn files_that_are_gone_cut_or_damaged_are_told_and_the_rest_is_read() {
    let dir = Scratch::new();
    let d = dir.path();
    let intent = (Kind::Intent, 10, Some(7), json!({"verb": "hold"}));
    for s in ["a", "b", "c"] {
        log(d, s, &[note(1), note(2), note(3), intent.clone()]);
    }
    let heads = heads::heads(d, "d").expect("read").members();
    log(d, "d", &[(Kind::Opened, 20, None, heads)]);
    assert_eq!(look(d, "own").expect("read").unread, []);
    let lines = |s: &str| -> Vec<String> {
        let text = std::fs::read_to_string(d.join(format!("{s}.jsonl"))).expect("read");
        text.lines().map(|l| format!("{l}\n")).collect()
    };
    std::fs::remove_file(d.join("a.jsonl")).expect("removed");
    std::fs::write(d.join("b.jsonl"), lines("b")[..2].concat()).expect("written");
    let mut c = lines("c");
    c[2] = "{}\n".into();
    std::fs::write(d.join("c.jsonl"), c.concat()).expect("written");
    std::os::unix::fs::symlink("nowhere", d.join("e.jsonl")).expect("link");
    let found = look(d, "own").expect("read");
    let unread: Vec<_> =
        found.unread.iter().map(|(f, why)| (f.as_str(), why.split(';').next().expect("words"))).collect();
    assert_eq!(
        unread[..3],
        [
            ("a.jsonl", "it is gone"),
            ("b.jsonl", "its end is not the one d saw"),
            ("c.jsonl", "line 3 does not follow the one before it"),
        ]
    );
    assert_eq!((unread.len(), unread[3].0), (4, "e.jsonl"));
    // What stands behind the damage is read all the same.
    assert_eq!(found.unfinished.iter().map(|u| u.session.as_str()).collect::<Vec<_>>(), ["c"]);
}

#[test]
fn a_plan_cut_half_way_tells_its_step() {
    let dir = Scratch::new();
    let step = |n: u64| (Kind::Intent, 10, Some(n), json!({"verb": "roll back", "act": 1, "step": n, "of": 2}));
    let of = |k, t: u64| (k, 20, None, json!({"ticket": t}));
    log(dir.path(), "half", &[step(1), of(Kind::Accepted, 1), of(Kind::Seen, 1)]);
    log(dir.path(), "last", &[step(1), of(Kind::Accepted, 1), of(Kind::Seen, 1), step(2), of(Kind::Seen, 2)]);
    let found = look(dir.path(), "own").expect("read");
    let at: Vec<_> =
        found.unfinished.iter().map(|u| (&*u.last, u.data["step"].as_u64(), u.data["of"].as_u64())).collect();
    assert_eq!(at, [("seen", Some(1), Some(2)), ("seen", Some(2), Some(2))]);
}
