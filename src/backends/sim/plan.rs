//! Plans for the simulated cluster: the four verbs as guarded requests, made purely from what was read. The same traps
//! as with the real controller are avoided here, because the world plays them (reference sections 2.2 to 2.8).

use super::object::template_of;
use super::patch::Patch;
use super::{flagger, forward};
use crate::core::act::plan::{CannotBecause, Expect, Operation, Plan, Primitive, Step, Verb};
use crate::core::id::Hash;
use crate::core::seal::Sealed;
use crate::core::world::target::{Phase, Revision, Strategy, TargetState};
use serde_json::{Value, json};
use std::sync::Arc;

/// What `op` takes, from `seen` alone (a read with `raw`).
pub(super) fn plan(op: &Operation, seen: &TargetState) -> Result<Plan, CannotBecause> {
    if op.target.uid != seen.id.uid {
        return Err(CannotBecause::Different(format!("another {} has its name now", seen.id.name).into()));
    }
    let (Some(candidate), Some(stable)) = (&seen.candidate, &seen.stable) else {
        return not_now("its first version is still being deployed");
    };
    if let Some(f) = &seen.detail.flagger {
        return flagger::plan(op, seen, f, candidate, stable);
    }
    match op.verb {
        Verb::Promote => promote(op, seen, candidate, stable),
        Verb::Hold => hold(op, seen, candidate),
        Verb::Resume => resume(op, seen, candidate),
        Verb::RollBack => roll_back(op, seen, candidate, stable),
        Verb::PromoteFull => forward::promote_full(op, seen, candidate, stable),
        Verb::SkipStep => forward::skip_step(op, seen, candidate, stable),
        Verb::Retry => forward::retry(op, seen, candidate, stable),
        Verb::Restart => forward::restart(op, seen, candidate),
        Verb::Rerun | Verb::Terminate => not_now("the drill has no analysis"),
    }
}

pub(super) fn not_now<T>(why: &str) -> Result<T, CannotBecause> {
    Err(CannotBecause::NotNow(why.into()))
}

/// What a plan says around its requests.
pub(super) struct Said {
    pub primitive: Primitive,
    pub why: &'static str,
    pub sentence: String,
    pub from: Hash,
    pub to: Hash,
    pub cautions: Vec<Arc<str>>,
}

pub(super) fn made(op: &Operation, said: Said, steps: Vec<Step>) -> Plan {
    Plan {
        operation: op.clone(),
        primitive: said.primitive,
        why: said.why.into(),
        sentence: said.sentence.into(),
        from: Some(said.from),
        to: Some(said.to),
        not_undone: Vec::new(),
        cautions: said.cautions,
        steps,
    }
}

/// A plan that goes back, from what is bad to a version that is kept.
pub(super) fn goes_back(op: &Operation, seen: &TargetState, said: Said, steps: Vec<Step>) -> Plan {
    let operation = Operation { back_to: Some(said.to.clone()), ..op.clone() };
    Plan { not_undone: vec![stays(&seen.called(&said.from))], ..made(&operation, said, steps) }
}

fn stays(bad: &str) -> Arc<str> {
    format!("Sessions issued and rows written by {bad} stay as they are.").into()
}

/// Guarded by the step it stands at, where it has steps.
pub(super) fn at_step<'a>(patch: Patch<'a>, seen: &TargetState) -> Patch<'a> {
    match seen.strategy {
        Strategy::BlueGreen => patch,
        _ => patch.test("/status/currentStepIndex", "currentStepIndex", json!(seen.step.unwrap_or(0))),
    }
}

/// It has gone on: so many steps are done, or, without steps, its gate is open or everyone has it.
pub(super) fn stepped(seen: &TargetState, n: u32, candidate: &Hash) -> Expect {
    match seen.strategy {
        Strategy::BlueGreen => Expect::Any(vec![
            Expect::StableIs(candidate.clone()),
            Expect::All(vec![Expect::CandidateIs(candidate.clone()), Expect::GateIs(false)]),
        ]),
        _ => Expect::StepAtLeast(n),
    }
}

pub(super) fn weight_after(seen: &TargetState) -> u8 {
    let done = seen.step.unwrap_or(0) as usize + 1;
    seen.steps.get(done).map_or(100, |s| s.weight.unwrap_or(seen.weight_wanted))
}

fn promote(op: &Operation, seen: &TargetState, candidate: &Hash, stable: &Hash) -> Result<Plan, CannotBecause> {
    if seen.aborted {
        return not_now("it was aborted");
    }
    let Some(gate) = &seen.gate else {
        return not_now(if !seen.is_moving() {
            "nothing moves"
        } else if seen.releasing {
            "its gate was just released; the controller has not reacted yet"
        } else {
            "no gate stands; it goes on by itself"
        });
    };
    if seen.held {
        return not_now("held by a person: resume first, a promote would be lost");
    }
    let index = seen.step.unwrap_or(0);
    let version = seen.called(candidate);
    let to = weight_after(seen);
    let on = stepped(seen, index + 1, candidate);
    let next = Expect::Any(vec![Expect::GateIs(true), Expect::StableIs(candidate.clone())]);
    let step = at_step(Patch::of(seen, candidate), seen)
        .test("/status/pauseConditions/0/reason", "gate", json!(&*gate.reason))
        .change("remove", "/status/pauseConditions", Value::Null)
        .step(
            "release the gate".into(),
            true,
            on.clone(),
            Expect::All(vec![on, next]),
            format!("it stands at its next gate, or {version} is stable"),
        );
    let said = Said {
        primitive: Primitive::ReleaseGate,
        why: "it waits at a gate: releasing it lets the next step begin",
        sentence: format!("About {to}% of users get {version}."),
        from: stable.clone(),
        to: candidate.clone(),
        cautions: Vec::new(),
    };
    Ok(made(op, said, vec![step]))
}

fn hold(op: &Operation, seen: &TargetState, candidate: &Hash) -> Result<Plan, CannotBecause> {
    if !seen.is_moving() || seen.held || seen.aborted {
        return not_now(if !seen.is_moving() {
            "nothing moves"
        } else if seen.held {
            "already held"
        } else {
            "it is going back already"
        });
    }
    let held = Expect::All(vec![Expect::HeldIs(true), Expect::Observed]);
    let step = Patch::of(seen, candidate).change("add", "/spec/paused", json!(true)).step(
        "pause".into(),
        false,
        held.clone(),
        Expect::All(vec![held, Expect::PhaseIn(vec![Phase::Paused])]),
        "the controller has seen the pause".into(),
    );
    let weight = seen.weight_real.unwrap_or(seen.weight_wanted);
    let said = Said {
        primitive: Primitive::Pause,
        why: "a pause in the spec freezes the controller",
        sentence: format!("About {weight}% of users stay on {}.", seen.called(candidate)),
        from: candidate.clone(),
        to: candidate.clone(),
        cautions: vec!["a promote is lost while it is held".into()],
    };
    Ok(made(op, said, vec![step]))
}

fn resume(op: &Operation, seen: &TargetState, candidate: &Hash) -> Result<Plan, CannotBecause> {
    if !seen.held {
        return not_now("not held");
    }
    let free = Expect::All(vec![Expect::HeldIs(false), Expect::Observed]);
    let step = at_step(Patch::of(seen, candidate).test("/spec/paused", "paused", json!(true)), seen)
        .change("replace", "/spec/paused", json!(false))
        .step("unpause".into(), false, free.clone(), free, "the controller has seen it".into());
    let sentence = if seen.gate.is_some() {
        "The rollout goes on when its gate opens; users stay as they are.".to_owned()
    } else {
        format!("The rollout of {} goes on by itself.", seen.called(candidate))
    };
    let said = Said {
        primitive: Primitive::Unpause,
        why: "the pause in the spec is lifted",
        sentence,
        from: candidate.clone(),
        to: candidate.clone(),
        cautions: Vec::new(),
    };
    Ok(made(op, said, vec![step]))
}

/// The version to go back to: the chosen one; while it moves the stable one, at rest the one before that.
pub(super) fn wanted<'t>(op: &Operation, seen: &'t TargetState) -> Result<&'t Revision, CannotBecause> {
    let to = match &op.back_to {
        Some(h) => seen.revision(h),
        None if seen.is_moving() => seen.stable_revision(),
        None => older(seen),
    };
    to.ok_or(CannotBecause::NothingKept)
}

fn roll_back(op: &Operation, seen: &TargetState, candidate: &Hash, stable: &Hash) -> Result<Plan, CannotBecause> {
    let to = wanted(op, seen)?;
    // Asked for already and still rolling out, after an undo whose second step never left: only that step is missing.
    if to.hash == *candidate && op.back_to.is_some() && to.hash != *stable && seen.is_moving() && !seen.aborted {
        return Ok(finish(op, seen, candidate, to));
    }
    if to.hash == *candidate {
        return not_now(&format!("{} is what it already asks for", to.version));
    }
    let (primitive, why, steps) = if to.hash == *stable && !seen.aborted {
        let why = "in flight: abort sends traffic back to stable";
        (Primitive::Abort, why, abort(seen, candidate, to))
    } else if to.hash == *stable {
        let why = "already aborted: the spec still asks for the candidate, undo ends that";
        (Primitive::Undo, why, vec![undo(seen, candidate, to, true)?])
    } else {
        let why = "promoted: the spec must ask for the old version, and skip its steps";
        let full = promote_full(seen, to);
        let steps = vec![undo(seen, candidate, to, false)?, full];
        if seen.strategy == Strategy::BlueGreen && to.replicas.ready >= seen.wanted {
            let why = "blue/green: the pods of the old version still stand, so that users are switched back at once";
            (Primitive::SwitchBack, why, steps)
        } else {
            (Primitive::Undo, why, steps)
        }
    };
    let said = Said {
        primitive,
        why,
        sentence: format!("Users on {} get {} again.", seen.called(candidate), to.version),
        from: candidate.clone(),
        to: to.hash.clone(),
        cautions: Vec::new(),
    };
    Ok(goes_back(op, seen, said, steps))
}

/// The rest of an undo that was cut half-way: the old version takes all traffic without waiting at the steps.
fn finish(op: &Operation, seen: &TargetState, candidate: &Hash, to: &Revision) -> Plan {
    let bad = seen.stable.as_ref().map(|s| seen.called(s)).unwrap_or_default();
    let mut step = promote_full(seen, to);
    step.wait_first = None;
    let mut steps = vec![step];
    if seen.held {
        let free = Expect::All(vec![Expect::HeldIs(false), Expect::Observed]);
        let unpause = Patch::of(seen, candidate).change("add", "/spec/paused", json!(false));
        steps.insert(0, unpause.step("release the hold".into(), false, free.clone(), free, "the hold is gone".into()));
        steps[1].wait_first = Some(Expect::HeldIs(false));
    }
    Plan {
        operation: Operation { back_to: Some(to.hash.clone()), ..op.clone() },
        primitive: Primitive::Undo,
        why: format!("the spec asks for {} already; what is missing is that no step waits", to.version).into(),
        sentence: format!("Users on {bad} get {} again.", to.version).into(),
        from: seen.stable.clone(),
        to: Some(to.hash.clone()),
        not_undone: vec![stays(&bad)],
        cautions: Vec::new(),
        steps,
    }
}

/// The version before the stable one: the newest made earlier than it. Not the second-highest number, which may be a
/// version that was aborted.
fn older(seen: &TargetState) -> Option<&Revision> {
    let stable = seen.stable_revision()?;
    let before = seen.revisions.iter().filter(|r| r.hash != stable.hash && r.created < stable.created);
    before.max_by_key(|r| r.created)
}

fn abort(seen: &TargetState, candidate: &Hash, to: &Revision) -> Vec<Step> {
    let mut patch = Patch::of(seen, candidate);
    if seen.promoting_full {
        // A full promotion under way makes the controller drop an abort.
        patch = patch.change("add", "/status/promoteFull", json!(false));
    }
    let aborted = Expect::AbortedIs(true);
    let gone = Expect::All(vec![
        aborted.clone(),
        Expect::HeldIs(false),
        Expect::NoneServing(candidate.clone()),
        Expect::ReadyOf { hash: to.hash.clone(), n: seen.wanted },
    ]);
    let words = format!("no pod of {candidate} is left and {} of {} are ready", seen.wanted, to.version);
    let reacted = Expect::All(vec![aborted.clone(), Expect::PhaseIn(vec![Phase::Degraded])]);
    let patch = patch.change("add", "/status/abort", json!(true));
    // Dropped by the controller, as during a full promotion: the flag is gone and nothing happened.
    let dropped = Expect::All(vec![Expect::AbortedIs(false), Expect::CandidateIs(candidate.clone())]);
    if !seen.held {
        let mut step = patch.step("abort".into(), true, reacted, gone, words);
        step.refused_when = Some(dropped);
        return vec![step];
    }
    // Under a person's pause the pods would stay. Abort first: it is set when the unpause is seen.
    let first = patch.step("abort".into(), true, reacted.clone(), reacted, "the controller has aborted".into());
    let free = Expect::All(vec![Expect::HeldIs(false), Expect::Observed]);
    let mut second = Patch::of(seen, candidate).change("add", "/spec/paused", json!(false)).step(
        "release the hold".into(),
        false,
        free,
        gone,
        words,
    );
    second.wait_first = Some(aborted);
    vec![first, second]
}

/// The read object with each kept version's template.
pub(super) fn templates(seen: &TargetState) -> Option<Value> {
    serde_json::from_str(seen.raw.as_ref().and_then(Sealed::unseal)?).ok()
}

fn undo(seen: &TargetState, candidate: &Hash, to: &Revision, settles: bool) -> Result<Step, CannotBecause> {
    let template = templates(seen).and_then(|r| template_of(&r, &to.hash)).ok_or(CannotBecause::NothingKept)?;
    let mut patch = Patch::of(seen, candidate).change("replace", "/spec/template", template);
    if seen.held {
        // One resource: both in one request, or the undo is only half done.
        patch = patch.change("add", "/spec/paused", json!(false));
    }
    let asked = Expect::All(vec![Expect::CandidateIs(to.hash.clone()), Expect::Observed]);
    let (done, words) = if settles {
        settled(seen, to)
    } else {
        (asked.clone(), format!("the controller has seen that {} is asked for", to.version))
    };
    Ok(patch.step(format!("undo to {}", to.version), false, asked, done, words))
}

fn promote_full(seen: &TargetState, to: &Revision) -> Step {
    let (done, words) = settled(seen, to);
    let len = seen.steps.len() as u32;
    let mut step = Patch::of(seen, &to.hash).change("add", "/status/promoteFull", json!(true)).step(
        "promote full".into(),
        true,
        Expect::All(vec![Expect::CandidateIs(to.hash.clone()), stepped(seen, len, &to.hash)]),
        done,
        words,
    );
    // Sent earlier, the change of template would drop it, or it would be about the bad version.
    step.wait_first = Some(Expect::All(vec![Expect::CandidateIs(to.hash.clone()), Expect::Observed]));
    step
}

pub(super) fn settled(seen: &TargetState, to: &Revision) -> (Expect, String) {
    // After an abort the rest already holds before the undo is seen: what is asked for must be part of it.
    let done = Expect::All(vec![
        Expect::CandidateIs(to.hash.clone()),
        Expect::Observed,
        Expect::StableIs(to.hash.clone()),
        Expect::OnlyServing(to.hash.clone()),
        Expect::ReadyOf { hash: to.hash.clone(), n: seen.wanted },
    ]);
    (done, format!("{} of {} are ready and no other pod is left", seen.wanted, to.version))
}
