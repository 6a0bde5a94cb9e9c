//! Forward through the steps: release a gate, accept an inconclusive analysis, skip a step, promote fully. Pure.
//! Every one tests all that was seen; none is planned where the controller would lose it (kubernetes-rollouts 2.2, 2.3).

use super::again::EXPERIMENT;
use super::phase;
use super::plan::{Done, Read, Story, not_now};
use crate::core::act::plan::{CannotBecause, Expect, Operation, Plan, Primitive, Step};
use crate::core::world::target::{PauseDef, Strategy};
use serde_json::{Value, json};
use std::sync::Arc;

/// What stands in the way of every act on a change under way. `aborted`: what this act would do to an aborted one.
pub fn ready(r: &Read<'_>, aborted: &str) -> Result<(), CannotBecause> {
    let s = r.seen;
    if let Some(why) = &s.invalid {
        return Err(CannotBecause::NotNow(format!("the controller refuses this object as it stands: {why}").into()));
    }
    if r.aborting() {
        return not_now(aborted);
    }
    if s.releasing {
        return not_now("somebody released this gate; the controller has not reacted yet");
    }
    if !s.is_moving() {
        return not_now("nothing moves: this version is already everywhere");
    }
    if s.stable.is_none() {
        return not_now("a first deploy: it passes no steps and no gates");
    }
    if !s.observed {
        return not_now("the controller has not seen the newest spec yet");
    }
    Ok(())
}

/// The wish is void once another version is asked for or the change was aborted.
fn void(r: &Read<'_>) -> Expect {
    Expect::Any(vec![Expect::Not(Box::new(Expect::CandidateIs(r.candidate.clone()))), Expect::AbortedIs(true)])
}

pub fn promote(op: &Operation, r: &Read<'_>) -> Result<Plan, CannotBecause> {
    let s = r.seen;
    ready(r, "aborted: a promote would be accepted and do nothing; retry starts it again")?;
    if s.promoting_full {
        return not_now("a full promotion is under way: no gate stands in its way");
    }
    let at = s.step.and_then(|i| s.steps.get(i as usize));
    let reason = match &s.gate {
        Some(g) if s.held && g.until.is_some() => {
            return not_now("held at a timed pause: resume first, then it goes on by itself");
        }
        Some(g) => g.reason.clone(),
        // Under a hold the controller closes no gate: this one closes when the hold ends.
        None if s.held && at.is_some_and(|d| d.pause == Some(PauseDef::UntilPromoted)) => "CanaryPauseStep".into(),
        None if s.held => return not_now("held, and no gate stands: resume it"),
        None => return not_now("no gate stands: it goes on by itself"),
    };
    match &*reason {
        "CanaryPauseStep" | "BlueGreenPause" => Ok(release(op, r, &reason)),
        "InconclusiveAnalysisRun" | EXPERIMENT => accept(op, r, &reason),
        other => {
            Err(CannotBecause::NotNow(format!("it waits for something this version does not know: {other}").into()))
        }
    }
}

/// A promote under a manual pause is swallowed with a 200: so the pause ends first, and the gate is seen again.
fn release(op: &Operation, r: &Read<'_>, reason: &Arc<str>) -> Plan {
    let (s, c) = (r.seen, &r.candidate);
    let mut cautions: Vec<Arc<str>> = Vec::new();
    let mut steps: Vec<Step> = Vec::new();
    let mut wait_first = None;
    if s.held {
        let mut ops = r.forward();
        ops.push(r.test("/status/currentStepIndex"));
        ops.push(r.test("/spec/paused"));
        // Removed, not set to false: the second request tests that it is not there.
        ops.push(json!({"op": "remove", "path": "/spec/paused"}));
        steps.push(r.unpause(&ops));
        wait_first = Some(Expect::All(vec![Expect::HeldIs(false), Expect::Observed, Expect::GateIs(true)]));
        cautions.push(
            "held: the hold ends first, then the gate is released (a promote under a hold is accepted and lost)".into(),
        );
    }
    let mut ops = r.forward();
    ops.push(r.test("/status/currentStepIndex"));
    ops.push(json!({"op": "test", "path": "/status/pauseConditions/0/reason", "value": &**reason}));
    ops.push(if s.held {
        json!({"op": "test", "path": "/spec/paused", "value": null})
    } else {
        r.test("/spec/paused")
    });
    ops.push(json!({"op": "remove", "path": "/status/pauseConditions"}));
    let (name, v) = (&s.id.name, r.v(c));
    let candidate = Expect::CandidateIs(c.clone());
    let open = Expect::All(vec![candidate.clone(), Expect::GateIs(false)]);
    let (seen, when, words, sentence) = match s.step {
        Some(i) => {
            let next = s.steps.get(i as usize + 1);
            let what = next.map_or_else(|| "the end".to_owned(), |n| n.label.to_string());
            let past = Expect::All(vec![candidate, Expect::StepAtLeast(i + 1)]);
            let words = format!("step {} of {} is done", i + 1, s.steps.len());
            (past.clone(), past, words, format!("{name} leaves its gate and goes on with {v}: {what}."))
        }
        None if s.strategy == Strategy::BlueGreen => (
            open,
            Expect::All(vec![candidate, Expect::ActiveIs(c.clone())]),
            format!("the active service selects {v}"),
            format!("{name} leaves its gate: {v} takes the traffic."),
        ),
        None => (
            open.clone(),
            open,
            "the gate is gone".to_owned(),
            format!("{name} leaves its gate: {v} takes the traffic."),
        ),
    };
    // Swallowed: held again, no gate and no release waiting, and the step is the same.
    let mut lost = vec![Expect::HeldIs(true), Expect::GateIs(false)];
    lost.push(Expect::Not(Box::new(when.clone())));
    let step = r.step("release the gate".into(), "/status", &ops, seen, Done { wait_first, when, words });
    steps.push(Step { refused_when: Some(Expect::Any(vec![void(r), Expect::All(lost)])), ..step });
    if let Some(Value::Array(all)) = r.rollout.pointer("/status/pauseConditions") {
        for other in all.iter().skip(1).filter_map(|p| p.get("reason")?.as_str()) {
            cautions.push(format!("it also waits for {other}: that is released with it").into());
        }
    }
    let story = Story {
        primitive: Primitive::ReleaseGate,
        why: format!("a gate stands ({reason})"),
        sentence,
        not_undone: Vec::new(),
        cautions,
    };
    r.plan(op, c, story, steps)
}

/// Past a step whose analysis decided nothing: gate, the controller's pause and the index in one request (2.2).
fn accept(op: &Operation, r: &Read<'_>, reason: &Arc<str>) -> Result<Plan, CannotBecause> {
    let (s, c) = (r.seen, &r.candidate);
    if s.held {
        return not_now("held: resume first");
    }
    let Some(i) = s.step.filter(|i| s.strategy == Strategy::Canary && (*i as usize) < s.steps.len()) else {
        return not_now("blue/green goes past no inconclusive analysis: re-run it");
    };
    let status = "/status/canary/currentStepAnalysisRunStatus/status";
    let of_step = r.rollout.pointer(status).and_then(Value::as_str) == Some("Inconclusive");
    if &**reason == "InconclusiveAnalysisRun" && !of_step {
        return not_now("its background analysis is inconclusive, and no promote gets past that: re-run it");
    }
    let mut ops = r.forward();
    ops.push(r.test("/status/currentStepIndex"));
    ops.push(r.test("/status/pauseConditions/0/reason"));
    ops.push(r.test("/status/controllerPause"));
    if of_step {
        ops.push(r.test(status));
    }
    ops.push(r.test("/spec/paused"));
    ops.push(json!({"op": "remove", "path": "/status/pauseConditions"}));
    ops.push(json!({"op": "add", "path": "/status/controllerPause", "value": false}));
    ops.push(json!({"op": "add", "path": "/status/currentStepIndex", "value": i + 1}));
    let (next, step) = past(r, "accept and go on", &ops, i);
    let v = r.v(c);
    let (what, instead) = if &**reason == EXPERIMENT {
        let again = "the controller begins the experiment again by itself while it decides nothing; this takes it as good enough";
        ("experiment", again)
    } else {
        ("analysis", "re-running the analysis instead asks it again; this takes it as good enough")
    };
    let mut cautions: Vec<Arc<str>> = vec![instead.into()];
    cautions.extend(s.detail.checks.iter().filter(|k| &*k.phase == "Inconclusive").take(1).map(|k| {
        let said = if k.message.is_empty() { "no reason given" } else { &*k.message };
        Arc::from(format!("{} decided nothing: {said}", k.name))
    }));
    let story = Story {
        primitive: Primitive::ReleaseGate,
        why: format!("a gate stands ({reason}): accepted, the step counts as done"),
        sentence: format!("{} takes the inconclusive {what} as good enough: {v} goes on with {next}.", s.id.name),
        not_undone: Vec::new(),
        cautions,
    };
    Ok(r.plan(op, c, story, vec![step]))
}

/// The step of an act that writes the index, from `i` to `i + 1`, and what comes after it, in words.
fn past(r: &Read<'_>, title: &str, ops: &[Value], i: u32) -> (String, Step) {
    let s = r.seen;
    let next = s.steps.get(i as usize + 1);
    let when = Expect::All(vec![Expect::CandidateIs(r.candidate.clone()), Expect::StepAtLeast(i + 1), reaction(r, i)]);
    let words = format!("step {} of {} is passed and the controller works on what follows", i + 1, s.steps.len());
    let step = r.step(title.into(), "/status", ops, when.clone(), Done { wait_first: None, when, words });
    let step = Step { refused_when: Some(void(r)), ..step };
    (next.map_or_else(|| "the end".to_owned(), |n| n.label.to_string()), step)
}

/// The index is our own writing: only what the controller does next shows that it has looked.
fn reaction(r: &Read<'_>, i: u32) -> Expect {
    let (s, c) = (r.seen, &r.candidate);
    let dto = serde_json::from_value(r.rollout.clone()).unwrap_or_default();
    let mut any = vec![Expect::StepAtLeast(i + 2), Expect::StableIs(c.clone())];
    // The analysis of the step that is left is ended by the controller.
    let of_step = [
        r.rollout.pointer("/status/canary/currentStepAnalysisRunStatus/name"),
        r.rollout.pointer("/status/canary/currentExperiment"),
    ];
    for name in of_step.into_iter().flatten().filter_map(Value::as_str) {
        if s.detail.checks.iter().any(|k| &*k.name == name && !k.is_over()) {
            any.push(Expect::CheckOver(name.into()));
        }
    }
    // More of it gets ready, or the router gives it the next weight.
    let ready = s.revision(c).map_or(0, |v| v.replicas.ready);
    any.push(Expect::ReadyOf { hash: c.clone(), n: ready + 1 });
    let next = s.steps.get(i as usize + 1);
    let weight = if next.is_none() { Some(100) } else { next.and_then(|n| n.weight) };
    if let Some(w) = weight.filter(|w| phase::routed(&dto) && s.weight_real != Some(*w)) {
        any.push(Expect::WeightIs(w));
    }
    if next.is_some_and(|n| n.pause.is_some()) {
        any.push(Expect::GateIs(true));
    }
    // A run of the next step, by the name the controller gives it (3.3), the first time or after a retry.
    let revision = r.rollout.pointer("/metadata/annotations/rollout.argoproj.io~1revision").and_then(Value::as_str);
    if let Some(revision) = revision.filter(|_| next.is_some_and(|n| matches!(&*n.label, "analysis" | "experiment"))) {
        let name = format!("{}-{}-{revision}-{}", s.id.name, c.as_str(), i + 1);
        for again in ["", ".1", ".2"] {
            any.push(Expect::Not(Box::new(Expect::CheckOver(format!("{name}{again}").into()))));
        }
    }
    Expect::Any(any)
}

pub fn skip_step(op: &Operation, r: &Read<'_>) -> Result<Plan, CannotBecause> {
    let (s, c) = (r.seen, &r.candidate);
    if s.strategy != Strategy::Canary || s.steps.is_empty() {
        return not_now("it has no steps");
    }
    ready(r, "aborted: the controller puts the step back to 0 each time; retry starts it again")?;
    if s.held {
        return not_now("held: resume first");
    }
    if s.promoting_full {
        return not_now("a full promotion is under way: it passes every step");
    }
    if s.gate.is_some() {
        return not_now("it waits at a gate: promote leaves it");
    }
    let Some((i, def)) = s.step.and_then(|i| Some((i, s.steps.get(i as usize)?))) else {
        return not_now("all its steps are done");
    };
    if def.pause.is_some() {
        return not_now("it is about to wait at a gate: promote leaves it");
    }
    let mut ops = r.forward();
    ops.push(r.test("/status/currentStepIndex"));
    ops.push(r.test("/status/pauseConditions"));
    ops.push(r.test("/status/controllerPause"));
    ops.push(r.test("/status/abort"));
    ops.push(r.test("/spec/paused"));
    ops.push(json!({"op": "add", "path": "/status/currentStepIndex", "value": i + 1}));
    let (next, step) = past(r, "skip the step", &ops, i);
    let mut cautions: Vec<Arc<str>> = vec![match &*def.label {
        "analysis" | "experiment" => "what it measures is ended and decides nothing".into(),
        _ if def.weight.is_some() => {
            format!("the weight of {} applies all the same: it follows the last setWeight passed", def.label).into()
        }
        _ => format!("{} does not finish", def.label).into(),
    }];
    if i as usize + 1 == s.steps.len() {
        cautions.push("it is the last step: the version becomes stable next".into());
    }
    let story = Story {
        primitive: Primitive::SkipStep,
        why: format!("step {} of {} runs: {}", i + 1, s.steps.len(), def.label),
        sentence: format!("{} does not wait for {}: {} goes on with {next}.", s.id.name, def.label, r.v(c)),
        not_undone: Vec::new(),
        cautions,
    };
    Ok(r.plan(op, c, story, vec![step]))
}

pub fn promote_full(op: &Operation, r: &Read<'_>) -> Result<Plan, CannotBecause> {
    let (s, c) = (r.seen, &r.candidate);
    ready(r, "aborted: promote full would ship the version that was aborted; retry starts it again")?;
    if s.promoting_full && !s.held {
        return not_now("a full promotion is under way already");
    }
    if s.promoting_full {
        return not_now("a full promotion waits for the end of the hold: resume");
    }
    let mut steps: Vec<Step> = Vec::new();
    let mut wait_first = None;
    if s.held {
        let mut ops = r.forward();
        ops.push(r.test("/status/abort"));
        ops.push(r.test("/spec/paused"));
        ops.push(json!({"op": "remove", "path": "/spec/paused"}));
        steps.push(r.unpause(&ops));
        wait_first = Some(Expect::All(vec![Expect::HeldIs(false), Expect::Observed]));
    }
    let mut ops = r.forward();
    ops.push(r.test("/status/abort"));
    ops.push(r.test("/status/promoteFull"));
    ops.push(if s.held {
        json!({"op": "test", "path": "/spec/paused", "value": null})
    } else {
        r.test("/spec/paused")
    });
    ops.push(json!({"op": "add", "path": "/status/promoteFull", "value": true}));
    let (seen, early) = taken_up(r, c.clone());
    let when =
        Expect::All(vec![Expect::CandidateIs(c.clone()), Expect::StableIs(c.clone()), Expect::PromotingFullIs(false)]);
    let words = format!("{} is stable", r.v(c));
    let step = r.step("promote fully".into(), "/status", &ops, seen, Done { wait_first, when, words });
    let seen_by = if early { step.seen_by } else { step.settled_by };
    steps.push(Step { refused_when: Some(void(r)), seen_by, ..step });
    let mut cautions: Vec<Arc<str>> = vec!["no pause, no weight and no analysis that is left is waited for".into()];
    let lacking = s.revision(c).map_or(s.wanted, |v| s.wanted.saturating_sub(v.replicas.ready));
    if lacking > 0 {
        let text = format!("{lacking} more pods of {} must get ready first: until then it stays asked for", r.v(c));
        cautions.push(text.into());
    }
    if s.held {
        cautions.push("held: the hold ends first".into());
    }
    let story = Story {
        primitive: Primitive::PromoteFull,
        why: "past every step that is left".into(),
        sentence: format!("{} gives all of its traffic to {}, without waiting at any step.", s.id.name, r.v(c)),
        not_undone: Vec::new(),
        cautions,
    };
    Ok(r.plan(op, c, story, steps))
}

/// What shows that the controller has taken a full promotion up, and whether anything does before it is done.
pub fn taken_up(r: &Read<'_>, to: crate::core::id::Hash) -> (Expect, bool) {
    let s = r.seen;
    let mut any = vec![Expect::StableIs(to.clone())];
    let mut early = false;
    let now = s.candidate.as_ref() == Some(&to);
    // The steps jump to their end, unless they are there already.
    if let Ok(n @ 1..) = u32::try_from(s.steps.len())
        && s.strategy == Strategy::Canary
        && !(now && s.step.is_some_and(|i| i >= n))
    {
        any.push(Expect::StepAtLeast(n));
        early = true;
    }
    if s.strategy == Strategy::BlueGreen {
        if s.detail.colours.as_ref().and_then(|c| c.active.as_ref()) != Some(&to) {
            any.push(Expect::ActiveIs(to));
        }
        if now && s.gate.is_some() {
            any.push(Expect::GateIs(false));
            early = true;
        }
    }
    (Expect::Any(any), early)
}
