//! Plans of the simulated cluster for the rarer acts that go on: past all steps, past one, once more, new pods. Each is
//! guarded by all that was seen, as the real controller asks for (reference sections 2.2, 2.3, 2.6, 2.9).

use super::patch::Patch;
use super::plan::{Said, at_step, made, not_now, settled, stepped, weight_after};
use crate::core::act::plan::{CannotBecause, Expect, Operation, Plan, Primitive};
use crate::core::id::Hash;
use crate::core::world::target::{Phase, Strategy, TargetState};
use serde_json::json;

/// What no act that goes on to a moving target may find.
fn moves(seen: &TargetState) -> Result<(), CannotBecause> {
    if !seen.is_moving() {
        return not_now("nothing moves");
    }
    if seen.aborted {
        return not_now("it was aborted: retry begins it anew");
    }
    if seen.held {
        return not_now("held by a person: resume first");
    }
    if seen.promoting_full {
        return not_now("a full promotion is under way");
    }
    Ok(())
}

pub(super) fn promote_full(
    op: &Operation,
    seen: &TargetState,
    candidate: &Hash,
    stable: &Hash,
) -> Result<Plan, CannotBecause> {
    moves(seen)?;
    let revision = seen.revision(candidate).ok_or(CannotBecause::Gone)?;
    let (done, words) = settled(seen, revision);
    let len = seen.steps.len() as u32;
    let asked = Expect::All(vec![Expect::CandidateIs(candidate.clone()), stepped(seen, len, candidate)]);
    let step = at_step(Patch::of(seen, candidate), seen).change("add", "/status/promoteFull", json!(true)).step(
        "promote full".into(),
        true,
        asked,
        done,
        words,
    );
    let left = len.saturating_sub(seen.step.unwrap_or(0));
    let said = Said {
        primitive: Primitive::PromoteFull,
        why: "every step that is left is passed over, gates and analysis with them",
        sentence: format!("Everyone gets {}, without the {left} steps that are left.", revision.version),
        from: stable.clone(),
        to: candidate.clone(),
        cautions: vec!["until it is through an abort is dropped; going back ends it first".into()],
    };
    Ok(made(op, said, vec![step]))
}

pub(super) fn skip_step(
    op: &Operation,
    seen: &TargetState,
    candidate: &Hash,
    stable: &Hash,
) -> Result<Plan, CannotBecause> {
    moves(seen)?;
    if seen.strategy == Strategy::BlueGreen {
        return not_now("blue/green has no steps: promote switches users");
    }
    if seen.gate.is_some() || seen.releasing {
        return not_now("a gate stands: that is a promote");
    }
    let index = seen.step.unwrap_or(0);
    let Some(running) = seen.steps.get(index as usize) else {
        return not_now("all steps are done");
    };
    let version = seen.called(candidate);
    let on = Expect::StepAtLeast(index + 1);
    let step = Patch::of(seen, candidate)
        .test("/status/currentStepIndex", "currentStepIndex", json!(index))
        .change("add", "/status/currentStepIndex", json!(index + 1))
        .step(
            "skip the step".into(),
            true,
            on.clone(),
            on,
            format!("step {} of {} is done", index + 1, seen.steps.len()),
        );
    let said = Said {
        primitive: Primitive::SkipStep,
        why: "the running step is not waited for",
        sentence: format!("{} is not waited for: about {}% of users get {version}.", running.label, weight_after(seen)),
        from: stable.clone(),
        to: candidate.clone(),
        cautions: vec!["what the step was to prove stays unproven".into()],
    };
    Ok(made(op, said, vec![step]))
}

pub(super) fn retry(
    op: &Operation,
    seen: &TargetState,
    candidate: &Hash,
    stable: &Hash,
) -> Result<Plan, CannotBecause> {
    if !seen.is_moving() || !seen.aborted {
        return not_now("it is not aborted");
    }
    if seen.held {
        return not_now("held by a person: resume first");
    }
    let version = seen.called(candidate);
    let anew = Expect::All(vec![Expect::AbortedIs(false), Expect::CandidateIs(candidate.clone())]);
    let moving = Expect::PhaseIn(vec![Phase::Progressing, Phase::Paused]);
    let step = Patch::of(seen, candidate)
        .test("/status/abort", "abort", json!(true))
        .change("add", "/status/abort", json!(false))
        .step(
            "retry".into(),
            true,
            anew.clone(),
            Expect::All(vec![anew, moving]),
            format!("{version} moves again, from its first step"),
        );
    let first = seen.steps.iter().find_map(|s| s.weight).unwrap_or(100);
    let said = Said {
        primitive: Primitive::Retry,
        why: "the abort is taken back: the change begins anew",
        sentence: format!("{version} begins anew: about {first}% of users get it again."),
        from: stable.clone(),
        to: candidate.clone(),
        cautions: Vec::new(),
    };
    Ok(made(op, said, vec![step]))
}

pub(super) fn restart(op: &Operation, seen: &TargetState, candidate: &Hash) -> Result<Plan, CannotBecause> {
    if seen.detail.restarting {
        return not_now("it restarts already");
    }
    if seen.held {
        return not_now("held by a person: nothing is replaced under a pause");
    }
    let version = seen.called(candidate);
    let all = vec![Expect::Restarted, Expect::Observed, Expect::CandidateIs(candidate.clone())];
    let step = Patch::of(seen, candidate).change("add", "/spec/restartAt", json!(seen.read_at.rfc3339())).step(
        "restart".into(),
        false,
        Expect::Observed,
        Expect::All(all),
        "every pod is a new one and ready".into(),
    );
    let said = Said {
        primitive: Primitive::Restart,
        why: "pods from before now are replaced, some at a time",
        sentence: format!("Every pod of {version} is replaced by a new one; users stay on it."),
        from: candidate.clone(),
        to: candidate.clone(),
        cautions: Vec::new(),
    };
    Ok(made(op, said, vec![step]))
}
