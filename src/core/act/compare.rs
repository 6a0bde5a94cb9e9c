//! What must still be true when an act goes out. Forward: everything the operator saw. Backward: uid and candidate only.

use super::hand;
use super::plan::{Plan, Way};
use crate::core::id::Hash;
use crate::core::world::target::{Manager, TargetState};
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
        let to = now.candidate.as_ref().map_or_else(|| "nothing".into(), |h| now.called(h));
        // Somebody undid it in the spec: the version gone back to is what is asked for now.
        if plan.primitive.way() != Way::Pause && now.candidate == plan.to {
            return Fit::Done(format!("{} already asks for {to} again", seen.id.at()).into());
        }
        return Fit::NewCandidate(format!("a new candidate, {to}, is on its way").into());
    }
    match plan.primitive.way() {
        // What never seemed to move, a change of configuration alone, has not been promoted meanwhile either.
        Way::Abort if seen.is_moving() && !now.is_moving() => {
            return Fit::Replan("it was fully promoted meanwhile: abort no longer works, undo does".into());
        }
        Way::Abort if now.aborted && !seen.aborted => {
            return Fit::Replan("somebody aborted it meanwhile: what is left is to undo the spec".into());
        }
        // Users have the candidate by now, or no longer have it: another way back may be the quick one.
        Way::Abort | Way::Undo if active(now) != active(seen) && active(now).is_some() => {
            return Fit::Replan("blue/green switched meanwhile: the way back is made anew".into());
        }
        Way::Undo if seen.aborted && !now.aborted && now.is_moving() => {
            return Fit::Replan("it moves again: abort is the quick way now".into());
        }
        Way::Undo if !seen.is_moving() && now.is_moving() => {
            return Fit::Replan("it moves again: abort is the quick way now".into());
        }
        Way::Pause if now.held && !seen.held => return Fit::Done("it is held already".into()),
        Way::Pause if now.aborted => {
            return Fit::Done("it is going back already: a hold would stop the way back".into());
        }
        Way::Pause if seen.is_moving() && !now.is_moving() => {
            return Fit::Done("it was fully promoted meanwhile: nothing moves".into());
        }
        Way::Abort | Way::Undo | Way::Pause | Way::Forward => {}
    }
    Fit::Goes(differences(seen, now))
}

/// Blue/green: what users get.
fn active(s: &TargetState) -> Option<&Hash> {
    s.detail.colours.as_ref()?.active.as_ref()
}

/// Everything a forward act must not find changed, in words. Empty: as seen.
pub fn differences(seen: &TargetState, now: &TargetState) -> Vec<Arc<str>> {
    let mut out: Vec<Arc<str>> = Vec::new();
    if now.id != seen.id {
        out.push(format!("uid {} is now {}", seen.id.uid, now.id.uid).into());
    }
    let name = |s: &TargetState, h: &Option<crate::core::id::Hash>| {
        h.as_ref().map_or_else(|| Arc::from("none"), |h| s.called(h))
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
    match (&seen.gate, &now.gate) {
        (None, Some(_)) => out.push("a gate closed".into()),
        (Some(_), None) => out.push("the gate opened".into()),
        (Some(a), Some(b)) if a.reason != b.reason => {
            out.push(format!("gate {} is now {}", a.reason, b.reason).into());
        }
        (None, None) | (Some(_), Some(_)) => {}
    }
    if now.releasing && !seen.releasing {
        out.push("somebody released the gate".into());
    }
    if now.promoting_full != seen.promoting_full {
        let to = if now.promoting_full { "a full promotion began" } else { "the full promotion ended" };
        out.push(to.into());
    }
    detail(seen, now, &mut out);
    out
}

/// What only some kinds have. Counts that grow by themselves are not in here.
fn detail(seen: &TargetState, now: &TargetState, out: &mut Vec<Arc<str>>) {
    let word = |s: &TargetState, h: Option<&Hash>| h.map_or_else(|| Arc::from("none"), |h| s.called(h));
    let (was, is) = (seen.detail.colours.as_ref(), now.detail.colours.as_ref());
    if active(seen) != active(now) {
        out.push(format!("users had {} and now have {}", word(seen, active(seen)), word(now, active(now))).into());
    }
    let preview = |c: Option<&crate::core::world::detail::Colours>| c.and_then(|c| c.preview.clone());
    let (before, after) = (preview(was), preview(is));
    if before != after {
        let (a, b) = (word(seen, before.as_ref()), word(now, after.as_ref()));
        out.push(format!("preview {a} is now {b}").into());
    }
    if seen.detail.partition != now.detail.partition {
        let at = |p: Option<u32>| p.map_or_else(|| "none".to_owned(), |p| p.to_string());
        out.push(format!("partition {} is now {}", at(seen.detail.partition), at(now.detail.partition)).into());
    }
    if let (Some(a), Some(b)) = (&seen.detail.flagger, &now.detail.flagger) {
        if a.phase != b.phase {
            out.push(format!("{} is now {}", a.phase, b.phase).into());
        }
        if a.suspended != b.suspended {
            out.push(if b.suspended { "it was suspended".into() } else { "it is no longer suspended".into() });
        }
        if a.skip_analysis != b.skip_analysis {
            out.push("skipAnalysis was changed".into());
        }
        if a.last_applied != b.last_applied {
            out.push("another spec is being rolled out".into());
        }
    }
    if !seen.detail.restarting && now.detail.restarting {
        out.push("somebody restarted it".into());
    }
}

/// What changed under an act whose guards the server found broken, in one sentence: steps, gates, weights, and which
/// program wrote the fields. `own`: requests of this act were carried out meanwhile, so our own hand explains nothing.
pub fn under_us(seen: &TargetState, now: Option<&TargetState>, own: bool) -> Arc<str> {
    let Some(now) = now else { return "it is gone".into() };
    let mut what = differences(seen, now);
    if now.weight_wanted != seen.weight_wanted {
        what.push(format!("weight {}% is now {}%", seen.weight_wanted, now.weight_wanted).into());
    }
    let by = writers(seen, now, own);
    if !by.is_empty() {
        what.push(format!("written: {}", by.join(", ")).into());
    }
    if what.is_empty() {
        return if now.version == seen.version {
            "it reads as it did before".into()
        } else {
            format!("nothing that andon compares; version {} is now {}", seen.version, now.version).into()
        };
    }
    what.join("; ").into()
}

/// `spec.paused by kubectl-patch`, newest first: fields written since the target was seen, at most three.
fn writers(seen: &TargetState, now: &TargetState, own: bool) -> Vec<String> {
    let known = |what: &str, by: &Manager| seen.detail.writers.iter().any(|w| *w.what == *what && w.by == *by);
    // Servers stamp whole seconds: a write of the same second counts.
    let late = |by: &Manager| by.at.is_some_and(|at| at.secs() >= seen.read_at.secs());
    let new = now.detail.writers.iter().filter(|w| late(&w.by) && !known(&w.what, &w.by));
    let others = new.filter(|w| !own || *w.by.name != *hand::OURS);
    let name = |by: &Manager| if *by.name == *hand::OURS { "another andon".to_owned() } else { hand::named(&by.name) };
    others.take(3).map(|w| format!("{} by {}", w.what, name(&w.by))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::time::Utc;
    use crate::core::world::detail::{Colours, Flagger, Written};
    use crate::core::world::target::Gate;
    use crate::testkit::canary::Canary;

    fn canary() -> TargetState {
        Canary::new("checkout", "eu-1").state(Utc(1_000_000), 1)
    }

    #[test]
    fn a_forward_act_finds_every_change_of_what_its_kind_has() {
        let seen = canary();
        assert_eq!(differences(&seen, &seen), Vec::<Arc<str>>::new());
        let changed = |f: &dyn Fn(&mut TargetState)| {
            let mut now = canary();
            f(&mut now);
            differences(&seen, &now).join("; ")
        };
        assert_eq!(changed(&|t| t.releasing = true), "somebody released the gate");
        assert_eq!(changed(&|t| t.promoting_full = true), "a full promotion began");
        assert_eq!(changed(&|t| t.detail.partition = Some(2)), "partition none is now 2");
        assert_eq!(changed(&|t| t.detail.restarting = true), "somebody restarted it");
        let gate = |t: &mut TargetState| {
            t.gate = Some(Gate { reason: "InconclusiveAnalysisRun".into(), since: None, until: None });
        };
        assert_eq!(changed(&gate), "gate CanaryPauseStep is now InconclusiveAnalysisRun");
        let switched = |t: &mut TargetState| {
            t.detail.colours = Some(Colours { active: t.candidate.clone(), ..Colours::default() });
        };
        assert_eq!(changed(&switched), "users had none and now have v2.14.1");
    }

    #[test]
    fn what_changed_under_a_refused_act_is_said_with_the_hand_that_did_it() {
        let mut seen = canary();
        let wrote = |what: &str, name: &str, at: i64| Written {
            what: what.into(),
            by: Manager { name: name.into(), at: Some(Utc(at)) },
        };
        seen.detail.writers = vec![wrote("spec.template", "argocd-controller", 400_000)];
        assert_eq!(&*under_us(&seen, Some(&seen), false), "it reads as it did before");
        assert_eq!(&*under_us(&seen, None, false), "it is gone");
        let mut now = seen.clone();
        now.version = "2".into();
        let said = under_us(&seen, Some(&now), false);
        assert_eq!(*said, *format!("nothing that andon compares; version {} is now 2", seen.version));
        let late = seen.read_at.0 + 1_000;
        (now.held, now.weight_wanted) = (true, 50);
        now.detail.writers.insert(0, wrote("spec.paused", "kubectl-patch", late));
        now.detail.writers.insert(0, wrote("status.pauseConditions", hand::OURS, late));
        let weight = format!("weight {}% is now 50%", seen.weight_wanted);
        assert_eq!(
            *under_us(&seen, Some(&now), false),
            *format!(
                "it is held now; {weight}; written: status.pauseConditions by another andon, spec.paused by kubectl-patch"
            )
        );
        // What our own earlier request wrote is no news.
        assert_eq!(
            *under_us(&seen, Some(&now), true),
            *format!("it is held now; {weight}; written: spec.paused by kubectl-patch")
        );
    }

    #[test]
    fn flagger_says_in_its_own_words_what_changed() {
        let flagger = |phase: &str, suspended| {
            let mut t = canary();
            t.detail.flagger = Some(Flagger { phase: phase.into(), suspended, failed_checks: 1, ..Flagger::default() });
            t
        };
        let seen = flagger("Progressing", false);
        assert_eq!(
            differences(&seen, &flagger("WaitingPromotion", false)).join("; "),
            "Progressing is now WaitingPromotion"
        );
        assert_eq!(differences(&seen, &flagger("Progressing", true)).join("; "), "it was suspended");
        // A tick is no change: a count that grows must not refuse an act for ever.
        let mut ticked = flagger("Progressing", false);
        if let Some(f) = &mut ticked.detail.flagger {
            f.failed_checks = 4;
        }
        assert_eq!(differences(&seen, &ticked), Vec::<Arc<str>>::new());
    }
}
