//! Once more, or no more: retry an aborted change, ask an inconclusive analysis again, end one, restart pods. Pure.

use super::forward::ready;
use super::plan::{ARGO, Done, Read, Story, not_now};
use crate::core::act::plan::{CannotBecause, Expect, Operation, Plan, Primitive, Step};
use crate::core::id::Hash;
use crate::core::time::Utc;
use crate::core::world::detail::{Analysis, Role};
use crate::core::world::target::Phase;
use serde_json::{Value, json};
use std::sync::Arc;

/// Reason of the gate that an undecided experiment leaves.
pub const EXPERIMENT: &str = "InconclusiveExperiment";

fn same(r: &Read<'_>) -> Expect {
    Expect::CandidateIs(r.candidate.clone())
}

fn other(r: &Read<'_>) -> Expect {
    Expect::Not(Box::new(same(r)))
}

/// From step 0, with new analysis.
pub fn retry(op: &Operation, r: &Read<'_>) -> Result<Plan, CannotBecause> {
    let s = r.seen;
    if let Some(why) = &s.invalid {
        return Err(CannotBecause::NotNow(format!("the controller refuses this object as it stands: {why}").into()));
    }
    if !r.aborting() {
        return match &s.gate {
            Some(g) if g.reason.starts_with("Inconclusive") => {
                not_now("not aborted; its analysis decided nothing: re-run it, or promote to accept it")
            }
            _ => not_now("not aborted: there is nothing to try again"),
        };
    }
    if !s.is_moving() {
        return not_now("nothing moves: this version is already everywhere");
    }
    if s.promoting_full {
        return not_now("a full promotion is asked for: retry would do nothing to it");
    }
    if !s.observed {
        return not_now("the controller has not seen the newest spec yet");
    }
    if !s.aborted {
        // To take it back would show in nothing that is watched: nobody could say whether it was done.
        return not_now("an abort is stored and the controller has not acted on it: retry when it has");
    }
    let mut ops = r.forward();
    ops.push(r.test("/status/abort"));
    ops.push(r.test("/status/promoteFull"));
    // Removed, not set to false: nothing is left behind.
    ops.push(json!({"op": "remove", "path": "/status/abort"}));
    let (name, v) = (&s.id.name, r.v(&r.candidate));
    // The flag is our own writing; the phase is the controller's.
    let when = Expect::All(vec![
        same(r),
        Expect::AbortedIs(false),
        Expect::Not(Box::new(Expect::PhaseIn(vec![Phase::Degraded]))),
    ]);
    let words = format!("the controller rolls {v} out again");
    let step = r.step("retry".into(), "/status", &ops, when.clone(), Done { wait_first: None, when, words });
    let mut cautions: Vec<Arc<str>> =
        vec!["nothing was repaired by the abort: what failed before may fail again".into()];
    let failed = s.detail.conditions.iter().find(|c| &*c.reason == "RolloutAborted" && !c.message.is_empty());
    cautions.extend(failed.map(|c| format!("it was aborted: {}", c.message).into()));
    if s.held {
        cautions.push("held: it starts only when the hold ends".into());
    }
    let story = Story {
        primitive: Primitive::Retry,
        why: "it was aborted".into(),
        sentence: format!("{name} starts to roll {v} out again, from its first step."),
        not_undone: Vec::new(),
        cautions,
    };
    Ok(r.plan(op, &r.candidate, story, vec![Step { refused_when: Some(other(r)), ..step }]))
}

/// The gate alone goes: the controller then asks the same analysis anew (2.2).
pub fn rerun(op: &Operation, r: &Read<'_>) -> Result<Plan, CannotBecause> {
    let s = r.seen;
    ready(r, "aborted: retry starts it again, with new analysis")?;
    let Some(gate) = s.gate.as_ref().filter(|g| g.reason.starts_with("Inconclusive")) else {
        return match s.detail.checks.iter().find(|c| !c.is_over()) {
            Some(c) => Err(CannotBecause::NotNow(format!("{} is still running", c.name).into())),
            None => not_now("no analysis waits for a decision"),
        };
    };
    if s.held {
        return not_now("held: resume first");
    }
    if let Some(Value::Array(all)) = r.rollout.pointer("/status/pauseConditions")
        && all.len() > 1
    {
        return not_now("a gate of its own stands as well: promote releases both, and the analysis is run again");
    }
    if &*gate.reason == EXPERIMENT {
        return wait_for_it(op, r);
    }
    let old = s.detail.checks.iter().find(|c| &*c.phase == "Inconclusive");
    let ops = open_the_gate(r);
    let gone = Expect::All(vec![same(r), Expect::GateIs(false)]);
    let (seen, when, words, what) = match old {
        Some(c) => {
            let again = Expect::All(vec![same(r), Expect::CheckOtherThan(c.name.clone())]);
            let seen = Expect::Any(vec![again.clone(), gone]);
            (seen, again, format!("another run than {} is under way or done", c.name), c.name.clone())
        }
        None => (gone.clone(), gone, "the gate is gone".into(), "the analysis".into()),
    };
    let step = r.step("re-run".into(), "/status", &ops, seen, Done { wait_first: None, when, words });
    let refused = Expect::Any(vec![other(r), Expect::AbortedIs(true)]);
    let story = Story {
        primitive: Primitive::Rerun,
        why: format!("a gate stands ({})", gate.reason),
        sentence: format!("{} stays where it is and asks {what} again.", s.id.name),
        not_undone: Vec::new(),
        cautions: vec![
            "a new run that fails aborts; one that passes goes on by itself".into(),
            "to go past it without asking again: promote".into(),
        ],
    };
    Ok(r.plan(op, &r.candidate, story, vec![Step { refused_when: Some(refused), ..step }]))
}

fn open_the_gate(r: &Read<'_>) -> Vec<Value> {
    let mut ops = r.forward();
    ops.push(r.test("/status/currentStepIndex"));
    ops.push(r.test("/status/pauseConditions/0/reason"));
    ops.push(r.test("/status/controllerPause"));
    ops.push(r.test("/spec/paused"));
    ops.push(json!({"op": "remove", "path": "/status/pauseConditions"}));
    ops
}

/// An undecided experiment is begun again by the controller itself, about once a second, while its gate goes on standing
/// (seen on Argo Rollouts 1.10.1). There is nothing to ask for before one of them lasts; then the gate alone is in its way.
fn wait_for_it(op: &Operation, r: &Read<'_>) -> Result<Plan, CannotBecause> {
    let s = r.seen;
    let runs = |c: &&Analysis| &*c.kind == "Experiment" && &*c.phase == "Running";
    let Some(now) = s.detail.checks.iter().find(runs) else {
        return not_now("the controller begins an undecided experiment again by itself; promote goes past it");
    };
    let gone = Expect::All(vec![same(r), Expect::GateIs(false)]);
    let words = format!("no gate stands and {} decides", now.name);
    let done = Done { wait_first: None, when: gone.clone(), words };
    let step = r.step("open the gate".into(), "/status", &open_the_gate(r), gone, done);
    let refused = Expect::Any(vec![other(r), Expect::AbortedIs(true)]);
    let story = Story {
        primitive: Primitive::Rerun,
        why: format!("a gate stands ({EXPERIMENT}), and {} runs again already", now.name),
        sentence: format!("{} stays where it is and waits for {}.", s.id.name, now.name),
        not_undone: Vec::new(),
        cautions: vec![
            "an experiment that decides nothing again puts the gate back".into(),
            "to go past it without waiting: promote".into(),
        ],
    };
    Ok(r.plan(op, &r.candidate, story, vec![Step { refused_when: Some(refused), ..step }]))
}

/// Ending a run that has not failed makes it pass (3.2): the dialog says so.
pub fn terminate(op: &Operation, r: &Read<'_>) -> Result<Plan, CannotBecause> {
    let s = r.seen;
    let running: Vec<&Analysis> = s.detail.checks.iter().filter(|c| !c.is_over() && c.role != Role::Other).collect();
    let Some(check) = running.first() else {
        return not_now("no analysis runs");
    };
    let kind = &*check.kind;
    let object = r.runs.iter().find(|o| {
        o.pointer("/metadata/name").and_then(Value::as_str) == Some(&check.name)
            && o.get("kind").and_then(Value::as_str).is_none_or(|k| k == kind)
    });
    let Some((object, uid)) = object.and_then(|o| Some((o, o.pointer("/metadata/uid")?.as_str()?))) else {
        return Err(CannotBecause::NotNow(format!("{} could not be read", check.name).into()));
    };
    if object.pointer("/spec/terminate") == Some(&Value::Bool(true)) {
        return Err(CannotBecause::NotNow(
            format!("the end of {} is asked for already; the controller has not reacted yet", check.name).into(),
        ));
    }
    let mut ops = vec![json!({"op": "test", "path": "/metadata/uid", "value": uid})];
    // Status is an ordinary part of these objects; before their first look it is not there at all.
    ops.push(match object.get("status") {
        Some(status) => {
            let phase = status.get("phase").cloned().unwrap_or(Value::Null);
            json!({"op": "test", "path": "/status/phase", "value": phase})
        }
        None => json!({"op": "test", "path": "/status", "value": null}),
    });
    ops.push(json!({"op": "add", "path": "/spec/terminate", "value": true}));
    let plural = if kind == "Experiment" { "experiments" } else { "analysisruns" };
    let when = Expect::CheckOver(check.name.clone());
    let words = format!("{} is over", check.name);
    let step = r.step_at(
        "terminate".into(),
        &r.path(ARGO, plural, &check.name),
        &ops,
        when.clone(),
        Done { wait_first: None, when, words },
    );
    let (what, effect) = match check.role {
        Role::Step => ("the analysis of its step", "the step counts as passed and the rollout goes on"),
        Role::Background => ("the analysis beside its steps", "nothing watches the rest of the rollout"),
        Role::PrePromotion => ("the analysis before promotion", "it counts as passed and the promotion goes on"),
        Role::PostPromotion => ("the analysis after promotion", "it counts as passed and the version becomes stable"),
        Role::Experiment => ("the experiment", "an experiment that has not failed counts as passed"),
        Role::Other => ("an analysis", "it counts as passed"),
    };
    let mut cautions: Vec<Arc<str>> = vec![format!("a run that has not failed ends as Successful: {effect}").into()];
    cautions.push("to stop the rollout itself: hold, or roll back".into());
    let others: Vec<&str> = running.iter().skip(1).map(|c| &*c.name).collect();
    if !others.is_empty() {
        cautions.push(format!("goes on: {}", others.join(", ")).into());
    }
    let failed: u32 = check.metrics.iter().filter(|m| !m.dry_run).map(|m| m.failed + m.error).sum();
    if failed > 0 {
        cautions.push(format!("{failed} of its measurements failed so far").into());
    }
    let story = Story {
        primitive: Primitive::Terminate,
        why: format!("{} runs", check.name),
        sentence: format!("{} of {} ends now.", capital(what), s.id.name),
        not_undone: vec!["An ended run does not go on: a retry starts another one.".into()],
        cautions,
    };
    Ok(r.plan(op, &r.candidate, story, vec![step]))
}

fn capital(text: &str) -> String {
    let mut c = text.chars();
    c.next().map_or_else(String::new, |f| f.to_uppercase().chain(c).collect())
}

/// Pods born before the moment it was read are evicted, a few at a time (2.9).
pub fn restart(op: &Operation, r: &Read<'_>) -> Result<Plan, CannotBecause> {
    let s = r.seen;
    if let Some(why) = &s.invalid {
        return Err(CannotBecause::NotNow(format!("the controller refuses this object as it stands: {why}").into()));
    }
    if s.detail.restarting {
        return not_now("a restart is under way already");
    }
    if !s.observed {
        return not_now("the controller has not seen the newest spec yet");
    }
    // Whole seconds: the server keeps no more, and compares what it kept.
    let Ok(at) = jiff::Timestamp::from_second(s.read_at.0.div_euclid(1000)) else {
        return not_now("this host's clock tells no usable time");
    };
    let mut ops = r.guards(&r.candidate);
    ops.push(r.test("/spec/restartAt"));
    ops.push(json!({"op": "add", "path": "/spec/restartAt", "value": at.to_string()}));
    let done = Expect::RestartedSince(Utc(at.as_millisecond()));
    let taken_up = Expect::All(vec![Expect::Observed, Expect::Not(Box::new(Expect::Restarted))]);
    let mut when = vec![Expect::Observed, done.clone()];
    // The last pod may still be starting when the controller calls it done.
    // Pods of versions that are on their way out do not come back.
    let stays = |h: &Hash| s.candidate.as_ref() == Some(h) || s.stable.as_ref() == Some(h);
    let serving: Vec<_> = s.revisions.iter().filter(|v| v.replicas.ready > 0 && stays(&v.hash)).collect();
    when.extend(serving.iter().map(|v| Expect::ReadyOf { hash: v.hash.clone(), n: v.replicas.ready.min(s.wanted) }));
    let ready: u32 = serving.iter().map(|v| v.replicas.ready).sum();
    let words = format!("every older pod was replaced and {ready} are ready again");
    let seen = Expect::Any(vec![taken_up, done]);
    let step = r.step("restart".into(), "", &ops, seen, Done { wait_first: None, when: Expect::All(when), words });
    let mut cautions: Vec<Arc<str>> = vec![
        "pods are evicted a few at a time: a disruption budget may hold it up".into(),
        "the same version starts again: this takes nothing back".into(),
    ];
    if s.is_moving() {
        cautions.push("a change is under way: its pods restart too, and its steps wait meanwhile".into());
    }
    if s.revisions.iter().any(|v| v.replicas.existing > v.replicas.ready) {
        cautions.push("some pods are not ready: with too few left it makes no progress".into());
    }
    let story = Story {
        primitive: Primitive::Restart,
        why: format!("pods older than {at} are replaced"),
        sentence: format!("Every pod of {} that is there now is replaced, a few at a time.", s.id.name),
        not_undone: vec!["What its pods keep in memory is lost.".into()],
        cautions,
    };
    Ok(r.plan(op, &r.candidate, story, vec![step]))
}
