//! Drill f1 as a log: what the console recorded while it was played, and what people wrote beside it, as records of two
//! sessions.

use andon::core::case::report::File;
use andon::core::entry::{Entry, Kind};
use andon::core::id::TargetId;
use andon::core::judge::verdict::Word;
use andon::core::msg::Msg;
use andon::core::record::{Hlc, Record};
use andon::core::seal::sha256_hex;
use andon::core::time::Utc;
use andon::testkit::drill::Run;
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// 2026-11-21T03:02:00Z, when the drill begins.
pub const DAY: i64 = 1_795_230_120_000;
const MIRA: &str = "20261121T030200Z-mira-bastion2-7f3a";
const ITO: &str = "20261121T030441Z-ito-bastion2-91c4";
const ID: &str = "i-0412";

struct Played {
    run: Run,
    /// What ito's console wrote.
    ito: Vec<Entry>,
}

fn entry(kind: Kind, at: Utc, target: Option<TargetId>, data: Value) -> Entry {
    Entry { kind, at, incident: None, target, data }
}

impl Played {
    /// mira writes something: into the log, and into what the console knows.
    fn mira(&mut self, kind: Kind, data: Value) {
        let at = self.run.world.now();
        self.run.wait(250);
        let seq = self.run.records.len() as u64 + 1;
        let target = (kind == Kind::IncidentOpened).then(|| self.run.target("checkout").id.clone());
        let mut e = entry(kind, at, target, data);
        e.incident = Some(ID.into());
        self.run.apply(Msg::Records(vec![Record::of(&e, "drill", seq, Hlc(at.0, 0), at)]));
        self.run.records.push(e);
    }

    fn ito(&mut self, kind: Kind, data: Value) {
        let mut e = entry(kind, self.run.world.now(), None, data);
        e.incident = (!matches!(kind, Kind::Opened | Kind::Closed)).then(|| ID.into());
        self.ito.push(e);
    }
}

fn opened() -> Value {
    json!({"build": "0.1.0", "environment": "drill", "drill": "f1 seed 1", "mine_only": true, "files": 0, "heads": []})
}

fn begin() -> Played {
    let mut run = Run::new("f1", 1);
    run.records.insert(0, entry(Kind::Opened, Utc(DAY), None, opened()));
    run.choose("checkout");
    Played { run, ito: Vec::new() }
}

/// Records of one session.
fn records(entries: &[Entry], session: &str, user: &str) -> Vec<Record> {
    let one = |(i, e): (usize, &Entry)| {
        let seq = i as u64 + 1;
        let mut r = Record::of(e, session, seq, Hlc(e.at.0, seq as u32), e.at);
        (r.user, r.host) = (user.to_owned(), "bastion-2".to_owned());
        r
    };
    entries.iter().enumerate().map(one).collect()
}

/// WORSE, an incident, a rollback that settles, told, resolved, closed.
pub fn f1() -> Vec<Record> {
    let mut p = begin();
    for _ in 0..40 {
        let id = p.run.target("checkout").id.clone();
        if p.run.model.judged.get(&id).is_some_and(|j| j.verdict.word == Word::Worse) {
            break;
        }
        p.run.wait(5_000);
    }
    let worse =
        p.run.records.iter().rposition(|e| e.kind == Kind::Verdict && e.data["word"] == "WORSE").expect("WORSE");
    let bad = p.run.records[worse].at;
    p.run.wait(8_000);
    p.mira(
        Kind::IncidentOpened,
        json!({"id": ID, "title": "checkout errors, canary v2.14.1", "severity": 2, "service": "checkout", "why": "first WORSE",
            "first_bad": bad.rfc3339(), "first_bad_rests": {"session": MIRA, "seq": worse + 1}}),
    );
    p.run.wait(4_000);
    p.mira(Kind::Lead, json!({"id": ID, "what": "taken", "lead": "mira"}));
    p.mira(Kind::Note, json!({"text": "failures are logins only;\nstable beside it is fine", "about": bad.rfc3339()}));
    p.run.wait(6_000);
    p.ito(
        Kind::Opened,
        json!({"build": "0.1.0", "environment": "drill", "drill": "f1 seed 1", "mine_only": true, "files": 1}),
    );
    p.mira(
        Kind::Decision,
        json!({"text": "roll the canary back", "reason": "only the canary fails, and the budget burns"}),
    );
    p.run.act("a r");
    p.run.wait(20_000);
    p.ito(Kind::Note, json!({"text": "support sees the same since 03:03"}));
    p.mira(
        Kind::Told,
        json!({"audience": "support and payments", "text": "checkout logins fail for a part; going back to v2.14.0"}),
    );
    p.run.wait(150_000);
    p.mira(Kind::IncidentChanged, json!({"id": ID, "state": "mitigated"}));
    p.mira(
        Kind::FollowUp,
        json!({"number": 31, "text": "postmortem", "what": "postmortem", "owner": "ito", "due": "2026-11-24"}),
    );
    p.mira(Kind::FollowUp, json!({"number": 32, "text": "a login test with the new token claim in staging", "owner": "mira", "due": "2026-11-21"}));
    p.mira(Kind::Debt, json!({"number": 14, "text": "argo cd still asks for v2.14.1", "service": "checkout", "owner": "ito", "state": "open"}));
    p.mira(Kind::Lead, json!({"id": ID, "what": "given", "lead": "ito", "from": "mira", "why": "end of shift"}));
    p.run.wait(120_000);
    p.ito(Kind::IncidentChanged, json!({"id": ID, "state": "resolved"}));
    p.ito(Kind::IncidentClosed, json!({"id": ID, "state": "resolved", "holes": []}));
    let last = p.run.world.now();
    p.run.records.push(entry(Kind::Closed, last, None, json!({"records": p.run.records.len() + 1})));
    let mut all = records(&p.run.records, MIRA, "mira");
    all.extend(records(&p.ito, ITO, "ito"));
    all.sort_by(Record::order);
    all
}

/// Eight minutes in which nobody does anything.
pub fn quiet() -> Vec<Record> {
    let mut p = begin();
    p.run.wait(8 * 60_000);
    records(&p.run.records, MIRA, "mira")
}

/// As files would be found: the heads are of what stands in the records.
pub fn files(records: &[Record]) -> Vec<File> {
    let mut by: BTreeMap<&str, Vec<&Record>> = BTreeMap::new();
    for r in records {
        by.entry(&r.session).or_default().push(r);
    }
    let one = |(session, all): (&str, Vec<&Record>)| File {
        name: format!("{session}.jsonl"),
        session: session.to_owned(),
        records: all.len() as u64,
        head: sha256_hex(format!("{all:?}").as_bytes()),
        runs: all.iter().all(|r| r.kind != "closed"),
        ..File::default()
    };
    by.into_iter().map(one).collect()
}
