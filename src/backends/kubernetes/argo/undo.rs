//! The ways back: abort while in flight (with the end of a hold), undo to a kept template otherwise. Pure.

use super::plan::{Done, Read, Story, back_on, not_now};
use crate::backends::kubernetes::template::stripped;
use crate::core::act::plan::{CannotBecause, Expect, Operation, Plan, Primitive, Step};
use crate::core::id::Hash;
use crate::core::world::target::Strategy;
use serde_json::{Value, json};
use std::sync::Arc;

pub fn roll_back(op: &Operation, r: &Read<'_>) -> Result<Plan, CannotBecause> {
    let s = r.seen;
    let to = match (&op.back_to, &s.stable) {
        (Some(pinned), _) => pinned.clone(),
        (None, Some(stable)) if s.is_moving() => stable.clone(),
        (None, Some(_)) => s.previous().map(|p| p.hash.clone()).ok_or(CannotBecause::NothingKept)?,
        // A first deploy: nothing was ever good.
        (None, None) => return Err(CannotBecause::NothingKept),
    };
    // Asked for already and still rolling out, after an undo whose second step never left: only that step is missing.
    if to == r.candidate && op.back_to.is_some() && s.stable.as_ref() != Some(&to) && s.is_moving() && !s.aborted {
        return Ok(finish(op, r, &to));
    }
    if to == r.candidate {
        return Err(CannotBecause::NotNow(format!("{} is what is asked for already", r.v(&to)).into()));
    }
    if s.stable.as_ref() == Some(&to) && !s.aborted {
        return Ok(abort(op, r, &to));
    }
    undo(op, r, &to)
}

/// In flight: the controller sends traffic back to stable; the spec still asks for the candidate.
fn abort(op: &Operation, r: &Read<'_>, stable: &Hash) -> Plan {
    let s = r.seen;
    let mut ops = r.guards(&r.candidate);
    if s.promoting_full {
        // While the flag stands the controller drops every abort.
        ops.push(json!({"op": "add", "path": "/status/promoteFull", "value": false}));
    }
    ops.push(json!({"op": "add", "path": "/status/abort", "value": true}));
    let aborted = Expect::Any(vec![Expect::AbortedIs(true), Expect::CandidateIs(stable.clone())]);
    let (settled, words) = back_on(r, stable);
    let first = if s.held {
        (aborted.clone(), "the controller has aborted".to_owned())
    } else {
        (settled.clone(), words.clone())
    };
    let mut steps = vec![r.step(
        "abort".into(),
        "/status",
        &ops,
        aborted.clone(),
        Done { wait_first: None, when: first.0, words: first.1 },
    )];
    if s.held {
        // In this order: the abort is already set when the unpause is seen, so the steps never run on.
        let mut ops = r.guards(&r.candidate);
        ops.push(json!({"op": "add", "path": "/spec/paused", "value": false}));
        steps.push(r.step(
            "end the hold".into(),
            "",
            &ops,
            Expect::All(vec![Expect::HeldIs(false), Expect::Observed]),
            Done { wait_first: Some(aborted), when: settled, words },
        ));
    }
    let (from, to) = (r.v(&r.candidate), r.v(stable));
    let mut cautions: Vec<Arc<str>> = Vec::new();
    if r.rollout.pointer("/status/abort") == Some(&Value::Bool(true)) {
        cautions.push("an abort is stored already; the controller has not reacted to it".into());
    }
    if s.strategy == Strategy::BlueGreen && s.weight_real == Some(100) {
        cautions.push(
            "the active service was switched already: with one unready new pod the controller does not switch back"
                .into(),
        );
    }
    if let Some(git) = &s.git {
        cautions.push(format!("{} ({}) still asks for {from}: revert it there too", git.tool, git.what).into());
    }
    let story = Story {
        primitive: Primitive::Abort,
        why: if s.held {
            "in flight and held: abort sends traffic back to stable, then the hold ends so that pods can follow"
        } else {
            "in flight: abort sends traffic back to stable"
        }
        .into(),
        sentence: format!("Users of {} get {to} again; {from} goes away.", s.id.name),
        not_undone: vec![
            format!("The spec still asks for {from}: a retry or a new commit starts again.").into(),
            stays(&from),
        ],
        cautions,
    };
    r.plan(op, stable, story, steps)
}

fn stays(version: &str) -> Arc<str> {
    format!("Sessions issued and rows written by {version} stay as they are.").into()
}

/// The spec asks for the old version again; promoted fully once observed, unless the controller is fast by itself.
fn undo(op: &Operation, r: &Read<'_>, to: &Hash) -> Result<Plan, CannotBecause> {
    let s = r.seen;
    if let Some(kind) = r.rollout.pointer("/spec/workloadRef/kind") {
        let name = r.rollout.pointer("/spec/workloadRef/name");
        let word = |v: Option<&Value>| v.and_then(Value::as_str).unwrap_or("?").to_owned();
        return Err(CannotBecause::NotNow(
            format!(
                "its template lives in {} {}: undo it there (andon aborts such a rollout while it is in flight)",
                word(Some(kind)),
                word(name)
            )
            .into(),
        ));
    }
    let label = "/metadata/labels/rollouts-pod-template-hash";
    let set = r.sets.iter().find(|v| {
        v.pointer(label).and_then(Value::as_str) == Some(to.as_str())
            && v.pointer("/metadata/annotations/experiment.argoproj.io~1name").is_none()
    });
    let Some(template) = set.and_then(stripped) else {
        return Err(CannotBecause::NothingKept);
    };
    let mut ops = r.guards(&r.candidate);
    ops.push(json!({"op": "replace", "path": "/spec/template", "value": template}));
    if s.held {
        ops.push(json!({"op": "add", "path": "/spec/paused", "value": false}));
    }
    let asked = Expect::All(vec![Expect::CandidateIs(to.clone()), Expect::Observed]);
    let (from_name, to_name) = (r.v(&r.candidate), r.v(to));
    let (settled, words) = everywhere(r, to);
    let (fast, why) = fast(r, to, set);
    let mut steps = vec![r.step(
        format!("undo to {to_name}"),
        "",
        &ops,
        asked.clone(),
        Done {
            wait_first: None,
            when: if fast { settled.clone() } else { asked.clone() },
            words: if fast { words.clone() } else { format!("the controller asks for {to_name}") },
        },
    )];
    if !fast {
        steps.push(promote_fully(r, to, Done { wait_first: Some(asked), when: settled, words }));
    }
    let mut cautions: Vec<Arc<str>> = Vec::new();
    if s.stable.as_ref() != Some(to) {
        cautions.push(
            format!("{to_name} is the previous version kept; whether it was good, the server does not say").into(),
        );
    }
    if let Some(git) = &s.git {
        cautions.push(
            format!(
                "{} ({}) still asks for {from_name} and may take this back: revert it there too",
                git.tool, git.what
            )
            .into(),
        );
    }
    cautions.push("the whole old template goes back: ConfigMaps and Secrets it names may have changed".into());
    let story = Story {
        primitive: Primitive::Undo,
        why,
        sentence: format!(
            "{} asks for {to_name} again; {from_name} goes away{}.",
            s.id.name,
            if fast { "" } else { ", without waiting at the steps" }
        ),
        not_undone: vec![stays(&from_name)],
        cautions,
    };
    if steps.is_empty() {
        return not_now("nothing to send");
    }
    Ok(r.plan(op, to, story, steps))
}

/// One version is stable and no pod of another one is left.
fn everywhere(r: &Read<'_>, to: &Hash) -> (Expect, String) {
    let s = r.seen;
    let settled = Expect::All(vec![
        Expect::CandidateIs(to.clone()),
        Expect::StableIs(to.clone()),
        Expect::OnlyServing(to.clone()),
        Expect::ReadyOf { hash: to.clone(), n: s.wanted },
    ]);
    (settled, format!("{} is stable, {} of it are ready and no pod of another version exists", r.v(to), s.wanted))
}

/// No step waits for it any more.
fn promote_fully(r: &Read<'_>, to: &Hash, done: Done) -> Step {
    let mut ops = r.guards(to);
    ops.push(json!({"op": "add", "path": "/status/promoteFull", "value": true}));
    let mut seen = vec![Expect::StableIs(to.clone())];
    if let Ok(n @ 1..) = u32::try_from(r.seen.steps.len()) {
        seen.push(Expect::StepAtLeast(n));
    }
    r.step(format!("promote {} fully", r.v(to)), "/status", &ops, Expect::Any(seen), done)
}

/// The rest of an undo that was cut half-way.
fn finish(op: &Operation, r: &Read<'_>, to: &Hash) -> Plan {
    let s = r.seen;
    let (settled, words) = everywhere(r, to);
    let mut steps = Vec::new();
    let mut wait_first = None;
    if s.held {
        let mut ops = r.guards(to);
        ops.push(json!({"op": "add", "path": "/spec/paused", "value": false}));
        let free = Expect::All(vec![Expect::HeldIs(false), Expect::Observed]);
        let done = Done { wait_first: None, when: free.clone(), words: "the hold is gone".into() };
        steps.push(r.step("end the hold".into(), "", &ops, free.clone(), done));
        wait_first = Some(free);
    }
    steps.push(promote_fully(r, to, Done { wait_first, when: settled, words }));
    let (bad, good) = (s.stable.as_ref().map(|h| r.v(h)).unwrap_or_default(), r.v(to));
    let mut cautions: Vec<Arc<str>> = Vec::new();
    if let Some(git) = &s.git {
        let text =
            format!("{} ({}) may still ask for {bad} and take this back: revert it there too", git.tool, git.what);
        cautions.push(text.into());
    }
    let story = Story {
        primitive: Primitive::Undo,
        why: format!("{good} is asked for already; what is missing is that no step waits"),
        sentence: format!("{} goes to {good} without waiting at the steps; {bad} goes away.", s.id.name),
        not_undone: vec![stays(&bad)],
        cautions,
    };
    Plan { from: s.stable.clone(), ..r.plan(op, to, story, steps) }
}

/// Does the controller skip the steps by itself? And why this way, for the dialog.
fn fast(r: &Read<'_>, to: &Hash, set: Option<&Value>) -> (bool, String) {
    let s = r.seen;
    if s.stable.as_ref() == Some(to) {
        return (true, "aborted: the stable template settles it at once".into());
    }
    if s.steps.is_empty() && s.strategy == Strategy::Canary {
        return (true, "promoted: undo; there are no steps to run".into());
    }
    let at = |v: Option<&Value>, path: &str| super::phase::utc(v?.pointer(path)?.as_str().map(Arc::from).as_ref());
    let deadline = at(set, "/metadata/annotations/scale-down-deadline");
    if s.strategy == Strategy::BlueGreen && deadline.is_some_and(|d| d > s.read_at) {
        return (true, "promoted, and the old pods are still warm: undo switches back".into());
    }
    let window = r.rollout.pointer("/spec/rollbackWindow/revisions").and_then(Value::as_i64);
    let born = at(set, "/metadata/creationTimestamp");
    let stable_born = s.stable_revision().and_then(|v| v.created);
    if let (Some(window), Some(born), Some(stable)) = (window, born, stable_born) {
        let between = s.revisions.iter().filter(|v| v.created.is_some_and(|c| c > born && c < stable)).count();
        if born < stable && i64::try_from(between).is_ok_and(|n| n < window) {
            return (true, "promoted, inside the rollback window: undo skips the steps".into());
        }
    }
    (false, "promoted: undo to the kept template, then promote it fully so that no step waits".into())
}
