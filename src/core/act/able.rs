//! Would a verb do anything to this target now? Generic reasons, from what the target says of itself; the backend's plan
//! has the last word. For the menu and for choosing between two verbs under one key. Knows no screen.

use super::plan::{Operation, Verb};
use crate::core::world::target::{Phase, Strategy, TargetState};
use std::sync::Arc;

/// Why it would do nothing, in a few words for a column. `None`: a plan may be asked for. A way back is only ever called
/// impossible where there is nothing to go back to: whatever else stands in its way is the dialog's to say.
pub fn why_not(t: &TargetState, verb: Verb) -> Option<&'static str> {
    match verb {
        Verb::RollBack => match t.is_moving() {
            true if t.stable_revision().is_none() => Some("nothing older is kept"),
            false if t.previous().is_none() => Some("nothing older is kept"),
            true | false => None,
        },
        Verb::Hold => hold(t),
        Verb::Resume => (!t.held).then_some("not held"),
        Verb::Promote => promote(t),
        Verb::PromoteFull => promote_full(t),
        Verb::SkipStep => skip_step(t),
        Verb::Retry => (!retries(t)).then_some("not aborted"),
        Verb::Rerun => (!reruns(t)).then_some("none inconclusive"),
        Verb::Terminate => t.detail.checks.iter().all(|c| c.is_over()).then_some("none runs"),
        Verb::Restart => t.detail.restarting.then_some("restarts already"),
    }
}

fn hold(t: &TargetState) -> Option<&'static str> {
    if t.held {
        return Some("held already");
    }
    if !t.is_moving() {
        return Some("nothing moves");
    }
    if t.aborted {
        return Some("aborted already");
    }
    match t.strategy {
        Strategy::Ordered | Strategy::PerNode => Some("it has no pause"),
        Strategy::Canary
        | Strategy::BlueGreen
        | Strategy::Rolling
        | Strategy::AbTest
        | Strategy::Reconciled
        | Strategy::Other(_) => None,
    }
}

/// What stands in the way of every act that goes on.
fn going_on(t: &TargetState) -> Option<&'static str> {
    if !t.is_moving() {
        return Some("nothing moves");
    }
    if t.aborted {
        return Some("aborted");
    }
    if t.held {
        return Some("resume first");
    }
    if t.promoting_full {
        return Some("promoting full");
    }
    match t.strategy {
        Strategy::Rolling | Strategy::PerNode => Some("it has no gate"),
        Strategy::Canary
        | Strategy::BlueGreen
        | Strategy::Ordered
        | Strategy::AbTest
        | Strategy::Reconciled
        | Strategy::Other(_) => None,
    }
}

fn promote(t: &TargetState) -> Option<&'static str> {
    going_on(t).or_else(|| match t.strategy {
        // A partition is a gate that no controller calls one.
        Strategy::Ordered if t.detail.partition.unwrap_or(0) == 0 => Some("no partition"),
        Strategy::Ordered => None,
        _ if t.releasing => Some("on its way"),
        _ if t.gate.is_none() && t.detail.flagger.is_none() => Some("no gate stands"),
        Strategy::Canary
        | Strategy::BlueGreen
        | Strategy::Rolling
        | Strategy::PerNode
        | Strategy::AbTest
        | Strategy::Reconciled
        | Strategy::Other(_) => None,
    })
}

fn promote_full(t: &TargetState) -> Option<&'static str> {
    going_on(t).or_else(|| match t.strategy {
        Strategy::Ordered if t.detail.partition.unwrap_or(0) == 0 => Some("no partition"),
        Strategy::Canary
        | Strategy::BlueGreen
        | Strategy::Rolling
        | Strategy::Ordered
        | Strategy::PerNode
        | Strategy::AbTest
        | Strategy::Reconciled
        | Strategy::Other(_) => None,
    })
}

fn skip_step(t: &TargetState) -> Option<&'static str> {
    if t.is_moving() && t.steps.is_empty() {
        return Some("it has no steps");
    }
    going_on(t).or_else(|| {
        if t.releasing {
            Some("on its way")
        } else if t.gate.is_some() {
            Some("a gate: promote")
        } else if t.step.is_some_and(|i| i as usize >= t.steps.len()) {
            Some("all steps are done")
        } else {
            None
        }
    })
}

/// An aborted or failed change can begin anew.
pub fn retries(t: &TargetState) -> bool {
    let failed = t.detail.flagger.as_ref().is_some_and(|f| &*f.phase == "Failed");
    t.aborted
        || failed
        || (t.is_moving() && t.phase == Phase::Degraded && t.detail.flagger.is_none() && t.gate.is_none())
}

/// An analysis ended without an answer, and the controller waits for a person.
pub fn reruns(t: &TargetState) -> bool {
    let gate = t.gate.as_ref().is_some_and(|g| &*g.reason == "InconclusiveAnalysisRun");
    gate || (!t.aborted && t.detail.checks.first().is_some_and(|c| &*c.phase == "Inconclusive"))
}

/// What `a t` means here: one of the two where one applies, both where a person must say.
pub fn again(t: &TargetState) -> &'static [Verb] {
    match (retries(t), reruns(t)) {
        (true, true) => &[Verb::Retry, Verb::Rerun],
        (false, true) => &[Verb::Rerun],
        // The plan says why not.
        (true, false) | (false, false) => &[Verb::Retry],
    }
}

/// Why the name is typed whatever the gates say (limits.md section 1).
pub fn always_named(operation: &Operation) -> Option<Arc<str>> {
    let verb = operation.verb;
    if verb.always_named() {
        return Some(format!("{} asks for the name every time", verb.word()).into());
    }
    (operation.chosen && verb == Verb::RollBack).then(|| "a chosen version asks for the name every time".into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::time::Utc;
    use crate::core::world::detail::{Analysis, Role};
    use crate::core::world::target::Gate;
    use crate::testkit::canary::Canary;

    fn canary() -> TargetState {
        Canary::new("checkout", "eu-1").state(Utc(1_000_000), 1)
    }

    fn analysis(phase: &str) -> Analysis {
        Analysis {
            kind: "AnalysisRun".into(),
            name: "checkout-7f9c-2".into(),
            uid: "u".into(),
            role: Role::Step,
            phase: phase.into(),
            message: "".into(),
            started: None,
            terminated: false,
            metrics: Vec::new(),
        }
    }

    #[test]
    fn reasons_follow_what_the_target_says() {
        let t = canary();
        assert_eq!(why_not(&t, Verb::Promote), None);
        assert_eq!(why_not(&t, Verb::SkipStep), Some("a gate: promote"));
        assert_eq!(why_not(&t, Verb::Resume), Some("not held"));
        assert_eq!(why_not(&t, Verb::Retry), Some("not aborted"));
        assert_eq!(why_not(&t, Verb::Terminate), Some("none runs"));
        let held = TargetState { held: true, ..canary() };
        assert_eq!(why_not(&held, Verb::Promote), Some("resume first"));
        assert_eq!(why_not(&held, Verb::Hold), Some("held already"));
        assert_eq!(why_not(&held, Verb::RollBack), None);
        let aborted = TargetState { aborted: true, ..canary() };
        assert_eq!(why_not(&aborted, Verb::Promote), Some("aborted"));
        assert_eq!(why_not(&aborted, Verb::Retry), None);
        let steady = Canary::steady("checkout", "eu-1").state(Utc(1_000_000), 1);
        for verb in [Verb::Promote, Verb::PromoteFull, Verb::SkipStep, Verb::Hold] {
            assert_eq!(why_not(&steady, verb), Some("nothing moves"), "{verb:?}");
        }
        assert_eq!(why_not(&steady, Verb::Restart), None);
    }

    #[test]
    fn a_strategy_has_only_its_own_acts() {
        let of = |strategy| TargetState { strategy, gate: None, steps: Vec::new(), step: None, ..canary() };
        assert_eq!(why_not(&of(Strategy::Rolling), Verb::Promote), Some("it has no gate"));
        assert_eq!(why_not(&of(Strategy::Rolling), Verb::SkipStep), Some("it has no steps"));
        assert_eq!(why_not(&of(Strategy::Rolling), Verb::Hold), None);
        assert_eq!(why_not(&of(Strategy::PerNode), Verb::Hold), Some("it has no pause"));
        let mut sets = of(Strategy::Ordered);
        assert_eq!(why_not(&sets, Verb::Promote), Some("no partition"));
        sets.detail.partition = Some(2);
        assert_eq!(why_not(&sets, Verb::Promote), None);
        // Whatever it is, the way back is there as long as a version is kept.
        for s in [Strategy::Rolling, Strategy::Ordered, Strategy::PerNode, Strategy::AbTest, Strategy::Reconciled] {
            assert_eq!(why_not(&of(s), Verb::RollBack), None);
        }
        let none = TargetState { revisions: Vec::new(), ..canary() };
        assert_eq!(why_not(&none, Verb::RollBack), Some("nothing older is kept"));
    }

    #[test]
    fn retry_or_re_run_is_told_by_what_happened_and_asked_for_when_both_did() {
        let mut t = canary();
        assert_eq!(again(&t), [Verb::Retry]);
        t.gate = Some(Gate { reason: "InconclusiveAnalysisRun".into(), since: None, until: None });
        assert_eq!(again(&t), [Verb::Rerun]);
        t.detail.checks = vec![analysis("Inconclusive")];
        t.gate = None;
        assert_eq!(again(&t), [Verb::Rerun]);
        t.detail.checks = vec![analysis("Running")];
        assert_eq!(why_not(&t, Verb::Terminate), None);
        assert_eq!(why_not(&t, Verb::Rerun), Some("none inconclusive"));
        t.aborted = true;
        assert_eq!(again(&t), [Verb::Retry]);
        t.gate = Some(Gate { reason: "InconclusiveAnalysisRun".into(), since: None, until: None });
        assert_eq!(again(&t), [Verb::Retry, Verb::Rerun]);
    }
}
