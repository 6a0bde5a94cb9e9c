//! What must still be true when an act goes out. Forward: everything the operator saw. Backward: uid and candidate only.

use super::plan::{Plan, Way};
use crate::core::world::target::TargetState;
use std::sync::Arc;

/// How the target now compares with the plan of a backward act.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fit {
    /// It goes out; what else changed is shown.
    Goes(Vec<Arc<str>>),
    /// Same candidate, but the primitive no longer fits: a new plan and one more confirmation.
    Replan(Arc<str>),
    /// Another candidate is a different target: its dialog opens anew.
    NewCandidate(Arc<str>),
    /// Another object has the name, or it is gone: nothing goes out.
    OtherTarget(Arc<str>),
    /// It already is as asked for.
    Done(Arc<str>),
}

/// `seen` is the target as pinned when the dialog opened.
pub fn fit(plan: &Plan, seen: &TargetState, now: Option<&TargetState>) -> Fit {
    let Some(now) = now else {
        return Fit::OtherTarget(format!("{} is gone", seen.id.at()).into());
    };
    if now.id != seen.id {
        return Fit::OtherTarget(format!("{} is another object now (uid {})", seen.id.at(), now.id.uid).into());
    }
    if now.candidate != seen.candidate {
        let to = now.candidate.as_ref().map_or_else(|| "nothing".into(), |h| now.version_of(h));
        // Somebody undid it in the spec: the version gone back to is what is asked for now.
        if plan.primitive.way() != Way::Pause && now.candidate == plan.to {
            return Fit::Done(format!("{} already asks for {to} again", seen.id.at()).into());
        }
        return Fit::NewCandidate(format!("a new candidate, {to}, is on its way").into());
    }
    match plan.primitive.way() {
        Way::Abort if !now.is_moving() => {
            return Fit::Replan("it was fully promoted meanwhile: abort no longer works, undo does".into());
        }
        Way::Abort if now.aborted && !seen.aborted => {
            return Fit::Replan("somebody aborted it meanwhile: what is left is to undo the spec".into());
        }
        Way::Undo if seen.aborted && !now.aborted && now.is_moving() => {
            return Fit::Replan("it moves again: abort is the quick way now".into());
        }
        Way::Undo if !seen.is_moving() && now.is_moving() => {
            return Fit::Replan("it moves again: abort is the quick way now".into());
        }
        Way::Pause if now.held && !seen.held => return Fit::Done("it is held already".into()),
        Way::Pause if !now.is_moving() => {
            return Fit::Done("it was fully promoted meanwhile: nothing moves".into());
        }
        Way::Abort | Way::Undo | Way::Pause | Way::Forward => {}
    }
    Fit::Goes(differences(seen, now))
}

/// Everything a forward act must not find changed, in words. Empty: as seen.
pub fn differences(seen: &TargetState, now: &TargetState) -> Vec<Arc<str>> {
    let mut out: Vec<Arc<str>> = Vec::new();
    if now.id != seen.id {
        out.push(format!("uid {} is now {}", seen.id.uid, now.id.uid).into());
    }
    let name = |s: &TargetState, h: &Option<crate::core::id::Hash>| {
        h.as_ref().map_or_else(|| Arc::from("none"), |h| s.version_of(h))
    };
    if now.candidate != seen.candidate {
        out.push(format!("candidate {} is now {}", name(seen, &seen.candidate), name(now, &now.candidate)).into());
    }
    if now.stable != seen.stable {
        out.push(format!("stable {} is now {}", name(seen, &seen.stable), name(now, &now.stable)).into());
    }
    if now.step != seen.step {
        let at = |s: Option<u32>| s.map_or_else(|| "none".to_string(), |i| i.to_string());
        out.push(format!("step {} is now {} of {}", at(seen.step), at(now.step), now.steps.len()).into());
    }
    if now.phase != seen.phase {
        out.push(format!("{} is now {}", seen.phase.word(), now.phase.word()).into());
    }
    if now.held != seen.held {
        out.push(if now.held { "it is held now".into() } else { "it is no longer held".into() });
    }
    if now.aborted != seen.aborted {
        out.push(if now.aborted { "it was aborted".into() } else { "it is no longer aborted".into() });
    }
    if now.gate.is_some() != seen.gate.is_some() {
        out.push(if now.gate.is_some() { "a gate closed".into() } else { "the gate opened".into() });
    }
    out
}
