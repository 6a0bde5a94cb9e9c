//! What the records say of changes: who ticked what of a change's checklists, which gates an emergency passed, what was
//! promoted and what came after it, how the newest smoke check went, how often one service was hotfixed. A fold like the
//! casebook's: in whatever order the records come, the ledger is the same. Knows no screen and no journal.

pub mod ticks;
pub mod watch;

use super::known::{Known, insert};
use crate::core::entry::Kind;
use crate::core::record::Record;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use ticks::Ticks;
use watch::Watches;

/// Emergencies, hotfixes and smoke checks kept.
const KEPT: usize = 60;
/// Decisions of this path count as hotfixes.
pub const HOTFIX: &str = "emergency canary";

/// Gates that were passed for a reason.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Emergency {
    pub service: String,
    /// `checkout@eu-1`
    pub target: String,
    pub version: String,
    pub reason: String,
    /// The gates, by their words.
    pub passed: Vec<String>,
    /// Of the session that wrote it.
    pub act: Option<u64>,
}

/// How a smoke check ended.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Smoke {
    pub passed: bool,
    /// `0 of 40 failed`
    pub figure: String,
    pub runbook: String,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Ledger {
    pub ticks: Ticks,
    pub watches: Watches,
    /// In log order.
    pub emergencies: Vec<Known<Emergency>>,
    /// The newest of each service, else of each runbook that names no service.
    pub smokes: BTreeMap<String, Vec<Known<Smoke>>>,
    /// Emergency promotes and decisions for one, by service, in log order.
    pub hotfixes: BTreeMap<String, Vec<Known<String>>>,
}

impl Ledger {
    /// Takes a record; in any order, also twice.
    pub fn take(&mut self, r: &Record) {
        let Some(kind) = Kind::from_word(&r.kind) else { return };
        self.ticks.take(kind, r);
        self.watches.take(kind, r);
        let text = |k: &str| r.data[k].as_str().map(str::trim).unwrap_or_default().to_owned();
        if kind == Kind::Emergency {
            let passed = r.data["passed"].as_array().map(Vec::as_slice).unwrap_or_default();
            let passed = passed.iter().filter_map(|g| g["gate"].as_str()).map(str::to_owned).collect();
            let emergency = Emergency {
                service: text("service"),
                target: r.target_at().unwrap_or_default(),
                version: text("version"),
                reason: text("reason"),
                passed,
                act: r.data["act"].as_u64(),
            };
            self.hotfix(r, emergency.service.clone(), format!("emergency promote of {}", emergency.version));
            insert(&mut self.emergencies, Known::by(r, emergency), KEPT);
        } else if kind == Kind::Decision && r.data["path"].as_str() == Some(HOTFIX) {
            self.hotfix(r, text("service"), format!("decided: {}", text("text")));
        } else if kind == Kind::Runbook && r.data["smoke"] == true {
            let state = text("state");
            // A step that runs, or was skipped, says nothing of the change.
            let passed = match state.split(|c: char| !c.is_alphabetic()).next().unwrap_or_default() {
                "done" | "pass" | "passed" => true,
                "failed" | "FAILED" => false,
                _ => return,
            };
            let service = text("service");
            let of = if service.is_empty() { text("runbook") } else { service };
            let smoke = Smoke { passed, figure: text("figure"), runbook: text("runbook") };
            insert(self.smokes.entry(of).or_default(), Known::by(r, smoke), KEPT);
        }
    }

    fn hotfix(&mut self, r: &Record, service: String, words: String) {
        if !service.is_empty() {
            insert(self.hotfixes.entry(service).or_default(), Known::by(r, words), KEPT);
        }
    }

    /// The newest smoke check of a service or of one of its runbooks.
    pub fn smoke<'a>(&'a self, service: &str, runbooks: impl Iterator<Item = &'a str>) -> Option<&'a Known<Smoke>> {
        let of = std::iter::once(self.smokes.get(service)).chain(runbooks.map(|r| self.smokes.get(r)));
        of.flatten().filter_map(|all| all.last()).max_by(|a, b| a.key().cmp(&b.key()))
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::core::record::Hlc;
    use crate::core::time::Utc;
    use serde_json::{Value, json};

    pub fn record(session: &str, seq: u64, ms: i64, kind: Kind, data: Value) -> Record {
        let target = json!({"source": "eu-1", "namespace": "shop", "kind": "Rollout", "name": "checkout", "uid": "u1"});
        Record {
            session: session.into(),
            seq,
            hlc: Hlc(ms, 0),
            utc: Utc(1_795_230_000_000 + ms).rfc3339(),
            user: session.into(),
            kind: kind.word().into(),
            target: Some(target),
            data,
            ..Record::default()
        }
    }

    pub fn fold(records: &[Record]) -> Ledger {
        let mut l = Ledger::default();
        records.iter().for_each(|r| l.take(r));
        l
    }

    #[test]
    fn any_order_gives_the_same_ledger_and_twice_is_once() {
        let tick = |on: bool| json!({"candidate": "c1", "version": "v2", "item": "tests", "ticked": on, "how": "ci"});
        let all = vec![
            record("a", 1, 10, Kind::Checklist, tick(true)),
            record("b", 1, 20, Kind::Checklist, tick(false)),
            record("a", 2, 30, Kind::Checklist, tick(true)),
            record("a", 3, 40, Kind::Emergency, json!({"service": "checkout", "version": "v2", "reason": "r"})),
            record("a", 4, 50, Kind::Promoted, json!({"service": "checkout", "version": "v2", "hash": "c1"})),
            record("b", 2, 55, Kind::Promoted, json!({"service": "checkout", "version": "v2", "hash": "c1"})),
            record("a", 5, 60, Kind::Burn, json!({"service": "checkout", "word": "burning", "words": "burning 9x"})),
            record("a", 6, 70, Kind::Runbook, json!({"smoke": true, "state": "done", "service": "checkout"})),
            record("b", 3, 80, Kind::Runbook, json!({"smoke": true, "state": "failed", "service": "checkout"})),
        ];
        let want = fold(&all);
        let mut back = all.clone();
        back.reverse();
        assert_eq!(fold(&back), want);
        let twice: Vec<Record> = all.iter().chain(&back).cloned().collect();
        assert_eq!(fold(&twice), want);
        assert_eq!(want.watches.all().count(), 1, "two consoles saw the same end");
        assert_eq!(
            want.smoke("checkout", std::iter::empty()).map(|s| s.value.passed),
            Some(false),
            "the newest counts"
        );
        assert_eq!(want.hotfixes["checkout"].len(), 1);
        let text = serde_json::to_string(&want).unwrap();
        assert_eq!(serde_json::from_str::<Ledger>(&text).unwrap(), want);
    }

    #[test]
    fn a_smoke_step_that_runs_or_was_skipped_says_nothing() {
        let of = |state: &str| {
            let data = json!({"smoke": true, "state": state, "runbook": "deploy", "figure": "0 of 40"});
            fold(&[record("a", 1, 1, Kind::Runbook, data)])
                .smoke("x", std::iter::once("deploy"))
                .map(|s| s.value.passed)
        };
        assert_eq!((of("done"), of("pass, found 0"), of("FAILED, found 3")), (Some(true), Some(true), Some(false)));
        assert_eq!((of("running"), of("skipped: no time"), of("open")), (None, None, None));
    }
}
