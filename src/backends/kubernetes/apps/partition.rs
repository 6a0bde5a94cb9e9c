//! A StatefulSet's partition: the native canary, and the only way to hold one. Pods below that ordinal keep the old
//! version, so raising it to the lowest pod that has the new one stops the rest and takes nothing back.
//!
//! A hold writes what stood there before into an annotation of the StatefulSet itself (never of its template: that would be
//! a new version), so that it is told from a canary and resumed to exactly that, by another console too.

use super::dto::Work;
use super::plan::{Done, Read, Story, not_now};
use crate::core::act::plan::{CannotBecause, Expect, Operation, Plan, Primitive};
use serde_json::{Value, json};
use std::sync::Arc;

const BEFORE_HOLD: &str = "andon/partition-before-hold";
const BEFORE_HOLD_AT: &str = "/metadata/annotations/andon~1partition-before-hold";
const PARTITION: &str = "/spec/updateStrategy/rollingUpdate/partition";

/// The partition before a hold of ours; `None`: it is not held. A partition lowered by hand ends the hold.
pub fn before_hold(w: &Work) -> Option<u32> {
    let before = w.metadata.annotations.get(BEFORE_HOLD)?.parse().ok()?;
    (w.partition() > before).then_some(before)
}

/// The same from the object as read.
fn before(r: &Read<'_>) -> u32 {
    let text = r.object.pointer(BEFORE_HOLD_AT).and_then(Value::as_str);
    text.and_then(|t| t.parse().ok()).unwrap_or(0)
}

/// Operations that end a hold, for the patch of a way back.
pub fn release(r: &Read<'_>) -> Vec<Value> {
    vec![json!({"op": "add", "path": PARTITION, "value": before(r)}), json!({"op": "remove", "path": BEFORE_HOLD_AT})]
}

pub fn hold(op: &Operation, r: &Read<'_>) -> Result<Plan, CannotBecause> {
    let s = r.seen;
    if r.object.pointer("/spec/updateStrategy/type").and_then(Value::as_str) == Some("OnDelete") {
        return not_now("its updateStrategy is OnDelete: no pod changes until somebody deletes it");
    }
    let new = s.existing_of(&r.candidate);
    let at = s.wanted.saturating_sub(new);
    let now = s.detail.partition.unwrap_or(0);
    if at == 0 {
        return not_now("every pod has the new version already: there is nothing left to hold");
    }
    if at <= now {
        return not_now(format!("its partition {now} keeps the others already: nothing more will move"));
    }
    let mut ops = r.guards();
    ops.push(if r.object.is_null() || r.object.pointer("/spec/updateStrategy/rollingUpdate").is_some() {
        json!({"op": "add", "path": PARTITION, "value": at})
    } else {
        json!({"op": "add", "path": "/spec/updateStrategy/rollingUpdate", "value": {"partition": at}})
    });
    let mut cautions: Vec<Arc<str>> = vec!["the new pods stay and serve: a hold takes nothing back".into()];
    if r.object.pointer("/metadata/annotations").is_some_and(Value::is_object) {
        ops.push(json!({"op": "add", "path": BEFORE_HOLD_AT, "value": now.to_string()}));
    } else if r.object.is_object() {
        ops.push(r.test("/metadata/annotations"));
        ops.push(json!({"op": "add", "path": "/metadata/annotations", "value": {BEFORE_HOLD: now.to_string()}}));
    } else {
        cautions
            .push("it could not be read: a resume will not know this partition for a hold, promote lowers it".into());
    }
    let when = Expect::All(vec![Expect::Not(Box::new(Expect::PartitionAtMost(at - 1))), Expect::Observed]);
    let words = format!("the controller has seen partition {at}");
    let step = r.step("raise the partition".into(), &ops, when.clone(), Done { wait_first: None, when, words });
    let v = r.v(&r.candidate);
    let story = Story {
        primitive: Primitive::Pause,
        why: format!("a StatefulSet has no pause: partition {at} keeps the pods below ordinal {at} as they are"),
        sentence: format!("{} stops where it is, with {new} of {} pods on {v}.", s.id.name, s.wanted),
        not_undone: Vec::new(),
        cautions,
    };
    Ok(r.plan(op, &r.candidate, story, vec![step]))
}

pub fn resume(op: &Operation, r: &Read<'_>) -> Result<Plan, CannotBecause> {
    let s = r.seen;
    let before = before(r);
    let mut ops = r.guards();
    ops.push(r.test("/spec/template"));
    ops.push(r.test(PARTITION));
    ops.push(r.test(BEFORE_HOLD_AT));
    ops.extend(release(r));
    let when = Expect::All(vec![Expect::HeldIs(false), Expect::PartitionAtMost(before), Expect::Observed]);
    let words = format!("the controller has seen partition {before}");
    let step = r.step("lower the partition again".into(), &ops, when.clone(), Done { wait_first: None, when, words });
    let mut cautions: Vec<Arc<str>> = Vec::new();
    if before > 0 {
        cautions.push(format!("its own partition {before} stands again: this does not promote").into());
    }
    let story = Story {
        primitive: Primitive::Unpause,
        why: format!("andon raised the partition from {before} to hold it"),
        sentence: format!("{} goes on with {} from where it was held.", s.id.name, r.v(&r.candidate)),
        not_undone: Vec::new(),
        cautions,
    };
    Ok(r.plan(op, &r.candidate, story, vec![step]))
}

/// One ordinal more, or all of them.
pub fn promote(op: &Operation, r: &Read<'_>, full: bool) -> Result<Plan, CannotBecause> {
    use super::dto::WorkKind;
    let s = r.seen;
    match r.kind {
        WorkKind::StatefulSet => {}
        WorkKind::Deployment | WorkKind::DaemonSet if s.held => {
            return not_now("held: resume it, that is all it needs");
        }
        WorkKind::Deployment | WorkKind::DaemonSet => {
            return not_now(format!("a {} has no gate: it goes on by itself", r.kind.word()));
        }
    }
    if s.held {
        return not_now("held: resume first");
    }
    if !s.is_moving() {
        return not_now("nothing moves: this version is already everywhere");
    }
    if !s.observed {
        return not_now("the controller has not seen the newest spec yet");
    }
    let now = s.detail.partition.unwrap_or(0).min(s.wanted);
    if now == 0 {
        return not_now("no partition stands: it goes on by itself");
    }
    if s.gate.is_none() && !full {
        return not_now(format!(
            "the pods above partition {now} are not all ready on the new version yet: {}",
            s.message
        ));
    }
    let to = if full { 0 } else { now - 1 };
    let c = &r.candidate;
    let mut ops = r.guards();
    ops.push(r.test("/status/currentRevision"));
    ops.push(r.test("/spec/template"));
    ops.push(r.test(PARTITION));
    ops.push(json!({"op": "replace", "path": PARTITION, "value": to}));
    let v = r.v(c);
    let seen = Expect::All(vec![Expect::CandidateIs(c.clone()), Expect::PartitionAtMost(to), Expect::Observed]);
    let n = s.wanted - to;
    let mut done = vec![Expect::CandidateIs(c.clone()), Expect::ReadyOf { hash: c.clone(), n }];
    if to == 0 {
        done.extend([Expect::StableIs(c.clone()), Expect::OnlyServing(c.clone())]);
    }
    let words = format!("{n} of {} pods are ready on {v}", s.wanted);
    let title = format!("lower the partition to {to}");
    let step = r.step(title, &ops, seen, Done { wait_first: None, when: Expect::All(done), words });
    let mut cautions: Vec<Arc<str>> = Vec::new();
    if full && s.gate.is_none() {
        cautions.push(format!("the pods above partition {now} are not all ready yet: {}", s.message).into());
    }
    let story = Story {
        primitive: Primitive::LowerPartition,
        why: format!("partition {now} keeps the pods below it on the old version"),
        sentence: if full {
            format!("{} goes on with {v} to all {} pods, the highest ordinal first.", s.id.name, s.wanted)
        } else {
            format!("{}-{to} gets {v} too: {n} of {} pods.", s.id.name, s.wanted)
        },
        not_undone: Vec::new(),
        cautions,
    };
    Ok(r.plan(op, c, story, vec![step]))
}
