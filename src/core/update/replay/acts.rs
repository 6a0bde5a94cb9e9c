//! Acts out of their records: the same states, lines and times an act had while it ran. An act of a session is told from
//! that of another by both names.

use super::{follow, seen};
use crate::core::act::flight::{Act, Line, OnDisk, ReadBack, State};
use crate::core::act::plan::{Expect, Operation, Plan, Primitive, Refused, RefusedBy, Request, Step, Ticket, Verb};
use crate::core::age;
use crate::core::entry::Kind;
use crate::core::id::{ActId, Hash};
use crate::core::model::Model;
use crate::core::record::Record;
use crate::core::seal::Sealed;
use crate::core::time::{Stamp, Utc, World};
use crate::core::world::target::{Replicas, Revision};
use serde_json::Value;
use std::sync::Arc;

/// Steps of one plan that are believed.
const MOST_STEPS: u64 = 20;

fn text(v: &Value) -> Arc<str> {
    v.as_str().unwrap_or_default().into()
}

pub(super) fn record(model: &mut Model, kind: Kind, r: &Record, at: Utc) {
    if kind == Kind::Intent {
        intent(model, r, at);
        return;
    }
    let elsewhere = r.data["of"]["session"].as_str().or(r.data["session"].as_str());
    if let (Kind::Resolved, Some(session)) = (kind, elsewhere) {
        found(model, session, r, at);
        return;
    }
    let Some(id) = number(model, r) else { return };
    outcome(model, id, kind, r, at);
}

fn number(model: &Model, r: &Record) -> Option<ActId> {
    let act = r.data["act"].as_u64()?;
    model.replay.as_ref()?.acts.get(&(r.session.clone(), act)).copied()
}

fn stamp(model: &Model, at: Utc) -> Stamp {
    Stamp { utc: at, world: World(at.0), person: model.now.person }
}

/// One step as its intent told it.
fn step(d: &Value, number: u64) -> Step {
    let q = &d["request"];
    let title = q["title"].as_str().map_or_else(|| format!("step {number}").into(), Arc::from);
    let list = |v: &Value| v.as_array().into_iter().flatten().map(text).collect();
    Step {
        title,
        request: Request {
            method: text(&q["method"]),
            path: text(&q["path"]),
            content_type: "".into(),
            shown: text(&q["body"]),
            // Never sent: there is nothing to send it with.
            body: Sealed::new(""),
        },
        guards: list(&q["guards"]),
        wait_first: None,
        seen_when: Expect::Any(Vec::new()),
        done_when: Expect::Any(Vec::new()),
        refused_when: None,
        done_words: q["settled_when"].as_str().unwrap_or("not recorded").into(),
        seen_by: 0,
        closes: false,
        settled_by: 0,
    }
}

fn unrecorded(number: u64) -> Step {
    step(&Value::Null, number)
}

fn intent(model: &mut Model, r: &Record, at: Utc) {
    let d = &r.data;
    let Some(verb) = d["verb"].as_str().and_then(Verb::from_word) else { return };
    let (nth, of) = (d["step"].as_u64().unwrap_or(1).clamp(1, MOST_STEPS), d["of"].as_u64().unwrap_or(1));
    let at_step = usize::try_from(nth - 1).unwrap_or(0);
    if let Some(id) = number(model, r)
        && let Some(act) = model.acts.get_mut(&id)
    {
        // A later step of the same plan.
        act.step = at_step.min(act.plan.steps.len().saturating_sub(1));
        if let Some(slot) = act.plan.steps.get_mut(act.step) {
            *slot = step(d, nth);
        }
        act.ticket = r.ticket.map_or(act.ticket, Ticket);
        act.state = State::Logging;
        act.note(at, "intent on disk");
        return;
    }
    seen::as_acted(model, r, at);
    let Some(t) = seen::target(model, r, at) else { return };
    let from = seen::version(&d["from_version"], &d["from"], (&d["to_version"], &d["to"]));
    let to = seen::version(&d["to_version"], &d["to"], (&d["from_version"], &d["from"]));
    let state = t.clone();
    let service = t.service.clone();
    let steps: Vec<Step> =
        (1..=of.clamp(nth, MOST_STEPS)).map(|n| if n == nth { step(d, n) } else { unrecorded(n) }).collect();
    let primitive = match d["primitive"].as_str() {
        Some(word) => Primitive::from_word(word).unwrap_or(Primitive::Abort),
        None => Primitive::Abort,
    };
    let plan = Plan {
        operation: Operation::new(verb, state.id.clone()),
        primitive,
        why: text(&d["why"]),
        sentence: text(&d["sentence"]),
        from,
        to,
        not_undone: d["not_undone"].as_array().into_iter().flatten().map(text).collect(),
        cautions: Vec::new(),
        steps,
    };
    let id = model.next_act();
    let ticket = r.ticket.map_or(Ticket(0), Ticket);
    let act = Act {
        figures: d["seen"].clone(),
        step: at_step,
        ticket,
        on_disk: OnDisk::Yes,
        read_back: ReadBack::Fine,
        named: d["named_because"].as_array().into_iter().flatten().map(text).collect(),
        look_only: d["look_only"] == true,
        timeline: vec![Line { at, text: "intent on disk".into() }],
        ..Act::confirmed(id, plan, Box::new(state), stamp(model, at))
    };
    model.acts.insert(id, act);
    if let (Some(replay), Some(n)) = (&mut model.replay, d["act"].as_u64()) {
        replay.acts.insert((r.session.clone(), n), id);
    }
    while model.acts.len() > 200 {
        model.acts.pop_first();
    }
    follow(model, &service);
}

/// The words a running act says of itself, with the state each record brings.
fn outcome(model: &mut Model, id: ActId, kind: Kind, r: &Record, at: Utc) {
    let now = stamp(model, at);
    let d = &r.data;
    let weight = d.get("weight").map(seen::percent);
    let Some(act) = model.acts.get_mut(&id) else { return };
    let why = text(&d["why"]);
    match kind {
        Kind::Sent => {
            let title = act.current().map(|s| s.title.clone()).unwrap_or_default();
            act.sent = Some(now);
            act.note(at, format!("sent {title}"));
            act.state = State::Sending;
        }
        Kind::Accepted => {
            let took = d["took_ms"].as_u64().map(|ms| format!(" after {ms} ms")).unwrap_or_default();
            let rv = d["resource_version"].as_str().map(|v| format!(" (rv {v})")).unwrap_or_default();
            act.note(at, format!("accepted{rv}{took}"));
            act.state = State::Accepted;
        }
        Kind::Refused => {
            act.note(at, format!("REFUSED: {why}"));
            act.ended = Some(now);
            let status = d["status"].as_u64().and_then(|s| u16::try_from(s).ok());
            act.state = State::Refused(Refused { kind: RefusedBy::Other, status, why, retry_after_ms: None });
        }
        Kind::Unknown => {
            act.note(at, format!("outcome unknown: {why}; reading it back"));
            act.state = State::Unknown(why);
        }
        Kind::Seen if d["step_done"] == true => {
            let title = act.current().map(|s| s.title.clone()).unwrap_or_default();
            act.note(at, format!("done: {title}"));
            act.step = (act.step + 1).min(act.plan.steps.len().saturating_sub(1));
            act.state = State::Waiting;
        }
        Kind::Seen => {
            act.note(at, format!("seen: {}", text(&d["found"])));
            act.state = State::Seen;
        }
        Kind::Settled => {
            let took = d["took_ms"].as_i64().unwrap_or_else(|| at.since(act.begun.utc));
            act.note(at, format!("settled after {}", age::span(took)));
            act.bad_since = d["bad_to_settled_ms"].as_i64().map(|ms| Utc(at.0.saturating_sub(ms)));
            act.ended = Some(now);
            act.state = State::Settled;
        }
        Kind::Stuck => {
            act.note(at, format!("STUCK: {why}"));
            act.state = State::Stuck(why);
        }
        Kind::Undone => {
            let by = text(&d["by"]);
            act.note(at, format!("UNDONE by {by}: {}", text(&d["found"])));
            act.state = State::Undone(by);
        }
        Kind::Resolved => resolved(act, d, now),
        _ => return,
    }
    let (target, to) = (act.target().clone(), act.plan.to.clone());
    let ended = matches!(act.state, State::Settled);
    let Some(t) = model.world.targets.get_mut(&target) else { return };
    if let Some(weight) = weight {
        t.weight_real = weight;
    } else if ended {
        // Written before records told it: what was true at an earlier record is true no more.
        (t.weight_real, t.weight_wanted) = (None, 0);
    }
    if let (true, Some(to), Some(ready)) = (ended, to, d["ready"].as_array()) {
        counted(t, &to, ready);
    }
}

/// How an act ended that never had an answer of its own.
fn resolved(act: &mut Act, d: &Value, now: Stamp) {
    let (how, why) = (text(&d["how"]), text(&d["why"]));
    let at = now.utc;
    match &*how {
        "read back: it was done" => {
            act.note(at, format!("seen: {}", text(&d["found"])));
            act.state = State::Seen;
            return;
        }
        "read back: it was not done" => {
            act.note(at, "read back: it did not happen");
            act.state = State::NotDone("read back: it did not happen".into());
        }
        "overtaken by a backward act" => {
            act.note(at, "overtaken by a backward act");
            act.state = State::Overtaken;
        }
        _ => {
            let why = if why.is_empty() { how } else { why };
            act.note(at, format!("not sent: {why}"));
            act.state = State::Dropped(why);
        }
    }
    act.ended = Some(now);
}

/// Pods as the record of an act's end counted them.
fn counted(t: &mut crate::core::world::target::TargetState, to: &Hash, ready: &[Value]) {
    let number = |n: usize| ready.get(n).and_then(Value::as_u64).and_then(|n| u32::try_from(n).ok());
    let (Some(ready), Some(wanted)) = (number(0), number(1)) else { return };
    t.wanted = wanted;
    t.revisions = vec![Revision {
        hash: to.clone(),
        version: to.0.clone(),
        image: "".into(),
        digest: None,
        number: None,
        created: None,
        replicas: Replicas { wanted, existing: ready, ready, available: ready },
        trouble: Vec::new(),
        cause: None,
    }];
}

/// Another session found out what became of it. What it found is told by the log's line; here the act is over.
fn found(model: &mut Model, session: &str, r: &Record, at: Utc) {
    let now = stamp(model, at);
    let ticket = r.data["of"]["ticket"].as_u64();
    let Some(target) = r.target_id() else { return };
    let of: Vec<ActId> = model
        .replay
        .iter()
        .flat_map(|replay| replay.acts.iter())
        .filter(|((s, _), _)| s == session)
        .map(|(_, id)| *id)
        .collect();
    let how = format!("{}: {}", text(&r.data["how"]), text(&r.data["found"]));
    for id in of {
        let Some(act) = model.acts.get_mut(&id).filter(|a| !a.is_over() && *a.target() == target) else { continue };
        if ticket.is_none_or(|t| act.ticket == Ticket(t)) {
            act.note(at, how.clone());
            act.ended = Some(now);
            act.state = State::Overtaken;
        }
    }
}
