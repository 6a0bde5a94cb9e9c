//! A session killed at random instants, and readers fed with anything.

use super::chain::verify;
use super::scratch::{Scratch, at, entry, settings};
use super::tape_read::TapeReader;
use super::thread::{Durability, Journal, Report};
use super::{heads, recovery, tail, words};
use crate::core::act::plan::Ticket;
use crate::core::entry::Kind;
use crate::core::record::Record;
use proptest::prelude::*;
use serde_json::{Value, json};
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;

/// Set for the process that is to be killed: the directory it writes to.
const CHILD: &str = "ANDON_TEST_KILLED_IN";

/// Not a test of its own: what the killed process does.
#[test]
fn child_of_the_kill_test() {
    let Some(dir) = std::env::var_os(CHILD) else {
        return;
    };
    let settings = settings(Path::new(&dir), &std::process::id().to_string());
    let report = Arc::new(|r| {
        if let Report::Durable(Ticket(n)) = r {
            // One write, so that a kill never shows half a number.
            let _ = std::io::stdout().write_all(format!("\ndurable {n}\n").as_bytes());
        }
    });
    let journal = Journal::open(&settings, at(0), report).expect("opened");
    for n in 1..100_000 {
        let kind = if n % 2 == 0 { Kind::Accepted } else { Kind::Intent };
        // Some near the bound: large writes are the ones that tear.
        let size = if n % 7 == 3 { 60_000 } else { n % 100 };
        let data = json!({"verb": "hold", "text": "x".repeat(size)});
        let ticket = Ticket(n as u64);
        journal.append(entry(kind, n as i64, data), at(n as i64), Some(ticket), Durability::Sync);
        std::thread::sleep(std::time::Duration::from_millis(1));
    }
}

#[test]
fn killed_at_any_instant_no_acknowledged_record_is_lost() {
    let dir = Scratch::new();
    let me = std::env::current_exe().expect("this test's binary");
    let mut acknowledged = 0;
    for round in 0..6 {
        let mut child = Command::new(&me)
            .args(["--exact", "journal::rough_tests::child_of_the_kill_test", "--nocapture"])
            .env(CHILD, dir.path())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("started");
        let out = BufReader::new(child.stdout.take().expect("piped"));
        let mut told = Vec::new();
        for line in out.lines().map_while(Result::ok) {
            if let Some(n) = line.strip_prefix("durable ") {
                told.push(n.parse::<u64>().expect("a number"));
                if told.len() == 1 + round * 7 % 23 {
                    child.kill().expect("killed");
                }
            }
        }
        child.wait().expect("ended");
        let newest = heads::logs(dir.path()).expect("read");
        let path = newest.iter().find(|p| heads::session_of(p).ends_with(&child.id().to_string())).expect("its log");
        let bytes = std::fs::read(path).expect("read");
        let found = verify(&bytes[..], |_| {}).expect("read");
        assert_eq!(found.first_bad, None);
        let kept = tickets(path);
        assert!(told.iter().all(|t| kept.contains(t)), "round {round}: {told:?} in {kept:?}");
        acknowledged += told.len();
    }
    assert!(acknowledged >= 6);
    // Their locks are free: what they left open is found.
    let found = recovery::look(dir.path(), "me").expect("read");
    assert_eq!((found.running.len(), found.unread.len()), (0, 0));
}

fn tickets(path: &Path) -> Vec<u64> {
    let text = std::fs::read(path).expect("read");
    text.split(|b| *b == b'\n').filter_map(|l| Record::read("s", l).ticket).collect()
}

fn json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        ".{0,12}".prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 24, 6, |inner| {
        let name = prop_oneof![
            ".{0,6}",
            Just("from".to_owned()),
            Just("verb".to_owned()),
            Just("of".to_owned()),
            Just("step".to_owned())
        ];
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            prop::collection::btree_map(name, inner, 0..6).prop_map(|m| m.into_iter().collect()),
        ]
    })
}

fn any_record() -> impl Strategy<Value = Vec<u8>> {
    let names = ["session", "seq", "hlc", "utc", "at", "actor", "host", "kind", "target", "ticket", "data", "hash"];
    let record = (prop::collection::vec(json(), names.len()), 0..22_usize).prop_map(move |(values, kind)| {
        let mut m: serde_json::Map<_, _> = names.map(str::to_owned).into_iter().zip(values).collect();
        let kinds = ["opened", "intent", "sent", "resolved", "note", "verdict", "phase", "runbook", "settled"];
        if let Some(k) = kinds.get(kind) {
            m.insert("kind".into(), (*k).into());
        }
        Value::Object(m).to_string().into_bytes()
    });
    prop_oneof![4 => record, 1 => prop::collection::vec(any::<u8>(), 0..200)]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn readers_take_anything(records in prop::collection::vec(any_record(), 0..6)) {
        let bytes = records.join(&b'\n');
        for line in &records {
            let said = words::line(&Record::read("s", line));
            prop_assert!(said.chars().all(|c| !c.is_control()), "{said:?}");
        }
        let found = verify(&bytes[..], |_| {}).expect("no i/o here");
        prop_assert_eq!(found.records, 0);
        for line in TapeReader::<Value, _>::new(&bytes[..]) {
            prop_assert!(line.is_err());
        }
        let dir = Scratch::new();
        std::fs::write(dir.path().join("a.jsonl"), &bytes).expect("written");
        std::fs::write(dir.path().join("b.jsonl"), &bytes).expect("written");
        let whole = bytes.iter().filter(|b| **b == b'\n').count();
        prop_assert_eq!(tail::tail(dir.path(), 99).expect("read").records.len(), 2 * whole);
        recovery::look(dir.path(), "a").expect("read");
        heads::heads(dir.path(), "a").expect("read");
    }
}
