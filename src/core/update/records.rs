//! The log entries update emits, and how they read on the log strip. Member names are those of docs/log-format.md.

use crate::core::act::flight::Act;
use crate::core::act::plan::{Outcome, RefusedBy};
use crate::core::entry::{Entry, Kind};
use crate::core::id::{Hash, TargetId};
use crate::core::time::Utc;
use crate::core::words::on_word;
use crate::core::world::target::{Strategy, TargetState};
use serde_json::{Value, json};

/// A record about an act, with what ties it to its intent.
pub(super) fn of(act: &Act, kind: Kind, at: Utc, mut data: Value) -> Entry {
    if let Some(map) = data.as_object_mut() {
        map.insert("act".into(), json!(act.id.0));
        map.insert("ticket".into(), json!(act.ticket.0));
        map.insert("verb".into(), json!(act.plan.operation.verb.word()));
        map.insert("step".into(), json!(act.step + 1));
        map.insert("of".into(), json!(act.plan.steps.len()));
        if let Some(v) = &act.plan.to {
            map.insert("to_version".into(), json!(act.seen.version_of(v)));
        }
        if act.plan.operation.cord {
            map.insert("cord".into(), json!(true));
            map.insert("candidate".into(), json!(act.seen.candidate));
        }
    }
    Entry { kind, at, incident: None, target: Some(act.target().clone()), data }
}

/// What is asked, and what the actor saw when asking.
pub(super) fn intent(act: &Act, at: Utc) -> Entry {
    let step = act.current();
    let version = |h: &Option<crate::core::id::Hash>| h.as_ref().map(|h| act.seen.version_of(h));
    let data = json!({
        "primitive": act.plan.primitive.word(),
        "why": act.plan.why,
        "sentence": act.plan.sentence,
        "from": act.plan.from,
        "from_version": version(&act.plan.from),
        "to": act.plan.to,
        "request": step.map(|s| json!({
            "title": s.title,
            "method": s.request.method,
            "path": s.request.path,
            "body": s.request.shown,
            "body_sha256": s.request.body.sha256(),
            "guards": s.guards,
            "settled_when": s.done_words,
        })),
        "seen": act.figures,
        "look_only": act.look_only,
        "name_typed": !act.named.is_empty(),
        "named_because": act.named,
        "not_undone": act.plan.not_undone,
    });
    of(act, Kind::Intent, at, data)
}

/// A request on its way; with a name typed after the intent was written, that and why.
pub(super) fn sent(named: &[std::sync::Arc<str>]) -> Value {
    if named.is_empty() { json!({}) } else { json!({"name_typed": true, "named_because": named}) }
}

pub(super) fn kind_of(outcome: &Outcome) -> Kind {
    match outcome {
        Outcome::Accepted { .. } => Kind::Accepted,
        Outcome::Refused(_) => Kind::Refused,
        Outcome::Unknown { .. } => Kind::Unknown,
    }
}

pub(super) fn outcome(outcome: &Outcome) -> Value {
    match outcome {
        Outcome::Accepted { generation, version, took_ms } => {
            json!({"generation": generation, "resource_version": version, "took_ms": took_ms})
        }
        Outcome::Refused(r) => {
            let by = match r.kind {
                RefusedBy::NotSent => "not sent",
                RefusedBy::Guard => "guard",
                RefusedBy::Auth => "auth",
                RefusedBy::Forbidden => "forbidden",
                RefusedBy::Gone => "gone",
                RefusedBy::Throttled => "throttled",
                RefusedBy::Policy => "policy",
                RefusedBy::Controller => "controller",
                RefusedBy::Other => "other",
            };
            json!({"by": by, "status": r.status, "why": r.why, "retry_after_ms": r.retry_after_ms})
        }
        Outcome::Unknown { why } => json!({"why": why}),
    }
}

/// Adds which change of which service a record is about, so that a reader of the log needs no other record for it.
pub(super) fn change(t: &TargetState, mut data: Value) -> Value {
    let version = |h: &Option<Hash>| h.as_ref().map(|h| t.version_of(h));
    let strategy = match &t.strategy {
        Strategy::Canary => "canary",
        Strategy::BlueGreen => "blue-green",
        Strategy::Rolling => "rolling",
        Strategy::Ordered => "ordered",
        Strategy::PerNode => "per node",
        Strategy::AbTest => "A/B test",
        Strategy::Reconciled => "reconciled",
        Strategy::Other(word) => word,
    };
    let more = json!({
        "service": t.service,
        "strategy": strategy,
        "candidate_version": version(&t.candidate),
        "candidate_hash": t.candidate,
        "stable_version": version(&t.stable),
        "stable_hash": t.stable,
        "started": t.started.map(Utc::rfc3339),
    });
    if let (Value::Object(to), Value::Object(from)) = (&mut data, more) {
        to.extend(from.into_iter().filter(|(_, v)| !v.is_null()));
    }
    data
}

pub(super) fn plain(kind: Kind, at: Utc, target: Option<&TargetId>, data: Value) -> Entry {
    Entry { kind, at, incident: None, target: target.cloned(), data }
}

/// Does the strip say who? Where a person did it; LOOK-ONLY returns by itself too.
pub(super) fn by_hand(kind: Kind) -> bool {
    kind.is_persons() && kind != Kind::Disarmed
}

/// One line for the strip; `None` for what a person need not see go by.
pub(super) fn strip(e: &Entry) -> Option<String> {
    // What was there already when this console opened is told for readers of the log, not as news.
    if e.data["first"] == true {
        return None;
    }
    let at = e.target.as_ref().map(TargetId::at).unwrap_or_default();
    let s = |k: &str| e.data.get(k).and_then(Value::as_str).unwrap_or_default();
    Some(match e.kind {
        Kind::Sent | Kind::Opened | Kind::Closed | Kind::Figures | Kind::Who | Kind::Identity | Kind::Anchored => {
            return None;
        }
        Kind::Burn => format!("{} burn {}", s("service"), s("words")),
        Kind::IncidentOpened => {
            let sev = e.data.get("severity").and_then(Value::as_u64).unwrap_or(0);
            format!("{} OPENED, SEV{sev}: {}", s("id"), s("title"))
        }
        Kind::IncidentChanged => {
            let mut said = vec![s("state").to_owned(), s("title").to_owned()];
            said.extend(e.data.get("severity").and_then(Value::as_u64).map(|n| format!("SEV{n}")));
            said.retain(|w| !w.is_empty());
            format!("{} changed: {}", s("id"), said.join(", "))
        }
        Kind::IncidentClosed => {
            let why = s("reason");
            format!("{} CLOSED{}{why}", s("id"), if why.is_empty() { "" } else { ": " })
        }
        Kind::Lead => lead(&s),
        Kind::Decision => format!("decided: {}, because {}", s("text"), s("reason")),
        Kind::FollowUp => task(e, "follow-up", "done"),
        Kind::Debt => task(e, "debt", "paid"),
        Kind::Ticked => format!("ticked {}: {}", s("item"), s("how")),
        Kind::Emergency => {
            format!("EMERGENCY {} {at}: passed {}, because {}", s("verb"), passed(e).join(", "), s("reason"))
        }
        Kind::Checklist => {
            let word = if e.data["ticked"] == true { "ticked" } else { "took back" };
            format!("checklist {at} {}: {word} {}", s("version"), s("words"))
        }
        Kind::Promoted => format!("{at} {} runs everywhere: on watch for 72 h", s("version")),
        Kind::Told => format!("told {}: {}", s("audience"), s("text").lines().next().unwrap_or_default()),
        Kind::Armed => "armed".into(),
        Kind::Disarmed => format!("LOOK-ONLY again: {}", s("why")),
        // Of a side act the record of its own kind says what was done.
        Kind::Intent | Kind::Accepted | Kind::Settled if e.data["subject"].is_string() => return None,
        Kind::Refused | Kind::Unknown | Kind::Stuck | Kind::Resolved if e.data["subject"].is_string() => {
            let what = match e.kind {
                Kind::Refused => "REFUSED",
                Kind::Unknown => "outcome unknown",
                Kind::Stuck => "STUCK",
                _ => s("how"),
            };
            let why = s("why");
            format!("{} {}: {what}{}{why}", s("verb"), s("subject"), if why.is_empty() { "" } else { ", " })
        }
        Kind::Intent => format!("{} {at}: intent ({})", s("verb"), s("primitive")),
        Kind::Accepted => format!("{} {at}: accepted", s("verb")),
        Kind::Refused => format!("{} {at}: REFUSED, {}", s("verb"), s("why")),
        Kind::Unknown => format!("{} {at}: outcome unknown, {}", s("verb"), s("why")),
        Kind::Seen => format!("{} {at}: seen, {}", s("verb"), s("found")),
        Kind::Settled => {
            let took = e.data.get("took_ms").and_then(Value::as_i64).unwrap_or(0);
            format!("{} {at}: settled after {}", s("verb"), crate::core::age::span(took))
        }
        Kind::Stuck => format!("{} {at}: STUCK, {}", s("verb"), s("why")),
        Kind::Undone => format!("{} {at}: UNDONE by {}", s("verb"), s("by")),
        Kind::Resolved => format!("{} {at}: {}", s("verb"), s("how")),
        // The words of the phase say it already.
        Kind::Changed if e.data["told"] == true => return None,
        Kind::Changed => format!("{at}: {}", s("what")),
        Kind::Note => format!("note: {}", s("text").lines().next().unwrap_or_default()),
        Kind::Phase => format!("{at} {}", s("words")),
        Kind::Verdict => format!("{at} verdict {}", crate::core::words::found(s("words"))),
        Kind::Source => format!("source {} {}", s("source"), s("words")),
        Kind::Runbook => format!(
            "runbook {} step {}: {}",
            s("runbook"),
            e.data.get("step").and_then(Value::as_u64).unwrap_or(0),
            s("state")
        ),
        Kind::Acknowledged if s("what") == "alerts" => {
            let names: Vec<&str> = e.data["names"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
            format!("acked {}", names.join(", "))
        }
        Kind::Acknowledged => format!("acknowledged: {at} verdict"),
        Kind::Alert => s("words").to_owned(),
        Kind::Silenced if e.data["ended"] == true => format!("ended silence {}", s("silence")),
        Kind::Silenced => format!("silenced {} until {}: {}", s("matchers"), s("until"), s("why")),
        Kind::Woken => format!("called {} of {}: {}", s("person"), s("team"), s("why")),
        Kind::Flagged => format!("flag {} {}", s("flag"), on_word(e.data["on"] == true)),
        Kind::Revoked => format!("REVOKED {} {}: {}", s("service"), s("version"), s("reason")),
        Kind::Frozen => format!("FREEZE: the cord is pulled, {} to be held", many(e, "targets")),
        Kind::Thawed => {
            let stay = e.data["kept"].as_array().map_or(0, Vec::len);
            let stay = if stay == 0 { String::new() } else { format!(", {stay} stay held") };
            format!("THAW: the cord is let go, {} to be released{stay}", many(e, "targets"))
        }
        Kind::Loose => format!("{at} LOOSE: {} started while the cord is pulled", s("version")),
    })
}

/// The gates that an emergency passed, by their words.
fn passed(e: &Entry) -> Vec<&str> {
    let all = e.data["passed"].as_array().map(Vec::as_slice).unwrap_or_default();
    all.iter().filter_map(|g| g["gate"].as_str()).collect()
}

/// How many of them a record names.
fn many(e: &Entry, member: &str) -> usize {
    e.data[member].as_array().map_or(0, Vec::len)
}

/// The hand-over as one sentence.
fn lead<'e>(s: &dyn Fn(&str) -> &'e str) -> String {
    let (lead, from, why) = (s("lead"), s("from"), s("why"));
    let of = if from.is_empty() { String::new() } else { format!(" from {from}") };
    let said = match s("what") {
        "taken" => format!("{lead} takes the lead{of}"),
        "given" => format!("the lead goes{of} to {lead}"),
        "lapsed" => format!("the lead of {from} lapsed"),
        "left" => format!("{from} left the lead"),
        other => format!("lead {other} {lead}"),
    };
    if why.is_empty() { said } else { format!("{said}: {why}") }
}

fn task(e: &Entry, what: &str, end: &str) -> String {
    let number = e.data.get("number").and_then(Value::as_u64).unwrap_or(0);
    let s = |k: &str| e.data.get(k).and_then(Value::as_str).unwrap_or_default();
    if e.data.get("done").and_then(Value::as_bool) == Some(true) || s("state") == "paid" {
        return format!("{what} #{number} {end}");
    }
    let owner = if s("owner").is_empty() { String::new() } else { format!(", {}", s("owner")) };
    format!("{what} #{number}: {}{owner}", s("text"))
}
