//! Failure modes F1 to F8 (requirements): which of them a service shows, by what is known of it. They lead to runbooks that
//! name no service. F3 (locks) and a drift of configuration that no image shows are known by their alerts alone: no source of
//! this version sees a lock or a mounted ConfigMap.

use crate::core::act::flight::{Act, State};
use crate::core::act::plan::{RefusedBy, Verb};
use crate::core::gates;
use crate::core::id::ServiceId;
use crate::core::judge::readiness;
use crate::core::judge::verdict::Word;
use crate::core::model::Model;
use crate::core::world::beside::Signature;
use crate::core::world::target::TargetState;
use std::collections::BTreeSet;

/// A way back takes too long beyond this: M4 of the requirements. Milliseconds.
const SLOW_MS: i64 = 5 * 60_000;
/// A refusal that is older says nothing of now. Milliseconds.
const REFUSED_MS: i64 = 60 * 60_000;

/// In the order they are seen to: what must not run before all, then what stands in the way of going back, then what hurts,
/// then what is not known.
const ORDER: [&str; 7] = ["F5", "F7", "F2", "F8", "F1", "F4", "F6"];

/// What the service shows of them, the one to see to first first.
pub fn modes(model: &Model, service: &ServiceId) -> Vec<&'static str> {
    let found: BTreeSet<&str> = model.world.targets_of(service).flat_map(|t| of(model, t)).collect();
    ORDER.into_iter().filter(|m| found.contains(m)).collect()
}

fn of(model: &Model, t: &TargetState) -> Vec<&'static str> {
    let act = model.last_act(&t.id);
    let word = model.judged.get(&t.id).map(|j| j.verdict.word);
    let source = model.world.sources.get(&t.id.source);
    let barred = readiness::allowed(source, &t.id.namespace, readiness::right_to_go_back(t)) == Some(false);
    let worse = word == Some(Word::Worse);
    [
        ("F5", must_not_run(model, t).is_some()),
        ("F7", act.is_some_and(|a| denied(model, a)) || (worse && barred)),
        ("F2", act.is_some_and(|a| matches!(a.state, State::Stuck(_)))),
        ("F8", act.is_some_and(|a| slow(model, a))),
        ("F1", worse),
        ("F4", !t.is_moving() && !t.detail.drift.is_empty()),
        ("F6", word == Some(Word::NoData)),
    ]
    .into_iter()
    .filter_map(|(mode, shown)| shown.then_some(mode))
    .collect()
}

/// What is asked for is signed over other bytes, or is on a list of what must not run: which of the two.
pub fn must_not_run(model: &Model, t: &TargetState) -> Option<&'static str> {
    let told = gates::artifact(model, t)?;
    match (&told.artifact.revoked, &told.artifact.signature) {
        (Some(_), _) => Some("revoked"),
        (None, Some(Signature::Mismatch { .. })) => Some("not what was signed"),
        (None, Some(Signature::Good { .. } | Signature::Absent) | None) => None,
    }
}

fn denied(model: &Model, act: &Act) -> bool {
    let State::Refused(why) = &act.state else { return false };
    let lately = act.ended.is_some_and(|at| model.utc().since(at.utc) <= REFUSED_MS);
    lately && matches!(why.kind, RefusedBy::Auth | RefusedBy::Forbidden)
}

/// It is on its way back, and that takes longer than it may or is known to.
fn slow(model: &Model, act: &Act) -> bool {
    let back = act.plan.operation.verb == Verb::RollBack && act.has_left() && !act.state.is_over();
    back && act.expected_ms.unwrap_or(0).max(model.utc().since(act.begun.utc)) > SLOW_MS
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::world::beside::Artifact;
    use crate::testkit::stories;
    use crate::testkit::world::World;

    fn shown(w: &World) -> Vec<&'static str> {
        modes(&w.model, &"checkout".into())
    }

    /// The runbook that `r` opens.
    fn first(w: &World) -> String {
        let all = crate::core::runbooks::fitting(&w.model, &"checkout".into());
        all.iter().find(|n| n.starts_with('f')).map(|n| n[..2].to_uppercase()).unwrap_or_default()
    }

    #[test]
    fn a_canary_that_is_worse_is_f1_and_f7_stands_before_it_where_one_may_not_go_back() {
        let mut w = stories::worse();
        assert_eq!(shown(&w), ["F1"]);
        w.source_with("eu-1", |s| s.abilities.rights.iter_mut().for_each(|r| r.allowed = Some(false)));
        assert_eq!(shown(&w), ["F7", "F1"]);
        assert_eq!(first(&w), "F7");
        // Where nothing is wrong, a right one does not have is no failure.
        let mut w = stories::calm();
        w.source_with("eu-1", |s| s.abilities.rights.iter_mut().for_each(|r| r.allowed = Some(false)));
        assert_eq!(shown(&w), [""; 0]);
    }

    #[test]
    fn a_refusal_of_a_right_is_f7_for_an_hour_and_no_other_refusal_is() {
        let mut w = stories::worse();
        w.keys("a r").planned().confirm().refused("rollouts.argoproj.io is forbidden");
        assert_eq!(shown(&w), ["F7", "F1"]);
        w.wait(REFUSED_MS + 60_000);
        assert!(!shown(&w).contains(&"F7"), "{:?}", shown(&w));
    }

    #[test]
    fn a_way_back_is_f8_when_it_takes_longer_than_five_minutes_or_is_known_to() {
        let mut w = stories::rolling_back();
        assert!(!shown(&w).contains(&"F8"));
        w.model.acts.values_mut().for_each(|a| a.expected_ms = Some(SLOW_MS + 1));
        assert!(shown(&w).contains(&"F8"));
        let mut w = stories::rolled_back();
        assert!(!shown(&w).contains(&"F8"), "it is over");
        w = stories::rolling_back();
        w.wait(SLOW_MS);
        assert_eq!((shown(&w), first(&w)), (vec!["F8", "F1"], "F8".into()));
        // Once it is stuck, that is what is seen to first.
        w.wait(2 * SLOW_MS);
        assert_eq!(shown(&w), ["F2", "F8", "F1"]);
    }

    #[test]
    fn an_artifact_that_must_not_run_is_f5_before_all_else() {
        let mut w = stories::worse();
        let t = w.model.world.targets[&w.target_id("checkout")].clone();
        let of = |version: &str, says: &str| Artifact {
            signature: Some(Signature::Mismatch { says: says.into() }),
            ..Artifact::untold(t.service.clone(), version)
        };
        w.model.world.artifacts.insert("desk".into(), vec![of("v0", "another version")]);
        assert_eq!(shown(&w), ["F1"]);
        let candidate = t.version_of(t.candidate.as_ref().expect("it moves"));
        w.model.world.artifacts.insert("desk".into(), vec![of(&candidate, "other bytes")]);
        assert_eq!((shown(&w), first(&w)), (vec!["F5", "F1"], "F5".into()));
    }

    #[test]
    fn instances_that_differ_at_rest_are_f4_and_figures_that_do_not_come_are_f6() {
        let mut w = stories::worse();
        w.target_with("checkout", |t| t.detail.drift = vec!["one tag is 2 different images".into()]);
        assert_eq!(shown(&w), ["F1"], "while it moves they differ anyway");
        w.target_with("checkout", |t| t.candidate = t.stable.clone());
        assert_eq!(shown(&w).last(), Some(&"F4"), "{:?}", shown(&w));
        let w = stories::gone_quiet(stories::worse(), 180_000);
        assert!(shown(&w).iter().all(|m| *m == "F1"), "WORSE never fades");
    }
}
