//! Hold and resume of a Canary: `spec.suspend`, and what that costs. Pure.

use super::plan::{Read, Story, not_now};
use crate::core::act::plan::{CannotBecause, Expect, Operation, Plan, Primitive, Step};
use serde_json::json;
use std::sync::Arc;

pub fn hold(op: &Operation, r: &Read<'_>) -> Result<Plan, CannotBecause> {
    let s = r.seen;
    if s.held {
        return not_now("held already");
    }
    if s.aborted {
        return not_now("it was rolled back already: nothing moves");
    }
    if !s.is_moving() && s.gate.is_none() {
        return not_now("nothing moves");
    }
    let mut ops = r.identity();
    ops.push(json!({"op": "add", "path": "/spec/suspend", "value": true}));
    let when = (Expect::All(vec![Expect::HeldIs(true), Expect::Observed]), "it is suspended".to_owned());
    let weight = s.weight_real.unwrap_or(s.weight_wanted);
    let story = Story {
        primitive: Primitive::Pause,
        why: "spec.suspend makes flagger skip it at each tick".into(),
        sentence: format!("{} stops where it is, at {weight}% of {}.", s.id.name, r.candidate()),
        not_undone: Vec::new(),
        cautions: vec![
            "its automatic roll back is off while it is held: a failing canary keeps its traffic".into(),
            "a tick that runs now still ends".into(),
        ],
    };
    Ok(r.plan(op, s.candidate.clone(), story, vec![r.patch("suspend", "", &ops, when)]))
}

/// The end of a hold, as read.
pub fn unsuspend(r: &Read<'_>, when: (Expect, String)) -> Step {
    let mut ops = r.identity();
    ops.push(json!({"op": "add", "path": "/spec/suspend", "value": false}));
    r.patch("end the hold", "", &ops, when)
}

pub fn resume(op: &Operation, r: &Read<'_>) -> Result<Plan, CannotBecause> {
    let s = r.seen;
    if !s.held {
        return not_now("not held: there is nothing to resume");
    }
    let mut ops = r.identity();
    ops.push(r.test("/status/phase"));
    ops.push(r.test("/spec/suspend"));
    ops.push(json!({"op": "replace", "path": "/spec/suspend", "value": false}));
    let when = (Expect::All(vec![Expect::HeldIs(false), Expect::Observed]), "it is no longer suspended".to_owned());
    let mut cautions: Vec<Arc<str>> = Vec::new();
    if r.flagger.failed_checks >= r.flagger.threshold {
        cautions.push("its failed checks are at the threshold: it rolls back at the next tick".into());
    } else if r.flagger.failed_checks > 0 {
        let f = r.flagger;
        cautions.push(
            format!("{} of {} failed checks stand: more of them roll it back", f.failed_checks, f.threshold).into(),
        );
    }
    if s.gate.is_some() {
        cautions.push("its own gate still stands: this does not promote".into());
    }
    if r.flagger.skip_analysis && s.is_moving() {
        cautions.push("skipAnalysis is on: it promotes without a check at the next tick".into());
    }
    let story = Story {
        primitive: Primitive::Unpause,
        why: "spec.suspend is true".into(),
        sentence: format!("{} goes on from where it was held, within {} s.", s.id.name, r.flagger.interval),
        not_undone: Vec::new(),
        cautions,
    };
    Ok(r.plan(op, s.candidate.clone(), story, vec![r.patch("end the hold", "", &ops, when)]))
}
