//! Each reason from what the world says, and the lever it gives.

use super::*;
use crate::core::world::detail::{Condition, Written};
use crate::core::world::target::{Manager, Trouble};
use crate::testkit::stories;
use crate::testkit::world::World as Told;

/// A roll back by abort that has shown, then what hinders it.
fn hindered(f: impl FnOnce(&mut TargetState)) -> Stuck {
    let mut w = stories::rolling_back();
    w.target_with("checkout", f);
    found(&w)
}

fn found(w: &Told) -> Stuck {
    let act = w.model.acts.values().next_back().expect("an act");
    of(act, &w.model.world, w.now())
}

fn pods(reason: &'static str) -> Stuck {
    hindered(|t| t.revisions[1].trouble = vec![Trouble { reason: reason.into(), count: 2 }])
}

#[test]
fn pods_of_the_version_gone_back_to_say_why_they_do_not_start() {
    for (said, reason) in [
        ("ImagePullBackOff", Reason::ImagePull),
        ("ErrImagePull", Reason::ImagePull),
        ("CrashLoopBackOff", Reason::CrashLoop),
        ("OOMKilled", Reason::CrashLoop),
        ("NotReady", Reason::Probe),
        ("Unschedulable", Reason::Unschedulable),
        ("pods \"checkout-1\" is forbidden: exceeded quota: pods", Reason::Quota),
        ("admission webhook \"policy.example\" denied the request", Reason::Policy),
        ("Wonky", Reason::Other),
    ] {
        let s = pods(said);
        assert_eq!(s.reason, reason, "{said}");
        assert!(s.words.starts_with("2 pods of v2.14.0 ") && s.words.contains(said), "{}", s.words);
        assert!(s.lever.is_some() || s.helps.is_some(), "{said}: what to do is said");
    }
    let lever = pods("ImagePullBackOff").lever.expect("a lever");
    assert_eq!((lever.intent, &*lever.words), (Intent::RollBackTo, "another version than v2.14.0"));
    assert!(pods("exceeded quota").lever.is_none(), "no version helps against a quota");
}

#[test]
fn a_broken_candidate_does_not_hide_what_is_waited_for() {
    let s = hindered(|t| t.revisions[0].trouble = vec![Trouble { reason: "CrashLoopBackOff".into(), count: 2 }]);
    assert_eq!((s.reason, &*s.words), (Reason::PodsLeft, "2 pods of v2.14.1 still run"));
    // Ordinals go one after the other: there the broken one is what blocks.
    let s = hindered(|t| {
        t.strategy = Strategy::Ordered;
        t.revisions[0].trouble = vec![Trouble { reason: "CrashLoopBackOff".into(), count: 1 }];
    });
    assert_eq!(s.reason, Reason::CrashLoop);
    assert!(s.lever.is_some_and(|l| l.intent == Intent::RollBack && l.words.contains("blocks")));
}

#[test]
fn what_the_api_server_refuses_is_named_by_it_and_not_by_the_word_of_its_pods() {
    for (message, reason) in [
        ("pods \"checkout-1\" is forbidden: exceeded quota: full, used: pods=20", Reason::Quota),
        (
            "pods \"checkout-1\" is forbidden: ValidatingAdmissionPolicy 'signed' denied request: not signed",
            Reason::Policy,
        ),
        ("cannot say why", Reason::Other),
    ] {
        let s = hindered(|t| {
            t.revisions[1].trouble = vec![Trouble { reason: "FailedCreate".into(), count: 1 }];
            t.detail.conditions = vec![Condition {
                kind: "ReplicaFailure".into(),
                status: "True".into(),
                reason: "FailedCreate".into(),
                message: message.into(),
                since: None,
            }];
        });
        assert_eq!(s.reason, reason, "{}", s.words);
        assert!(s.words.contains(message), "{}", s.words);
    }
}

#[test]
fn a_replica_failure_and_a_deadline_are_read_from_conditions() {
    let condition = |kind: &str, status: &str, reason: &str, message: &str| Condition {
        kind: kind.into(),
        status: status.into(),
        reason: reason.into(),
        message: message.into(),
        since: None,
    };
    let quota = condition("ReplicaFailure", "True", "FailedCreate", "exceeded quota: compute, requested: pods=1");
    assert_eq!(hindered(|t| t.detail.conditions = vec![quota]).reason, Reason::Quota);
    let denied = condition("ReplicaFailure", "True", "FailedCreate", "admission webhook denied the request");
    assert_eq!(hindered(|t| t.detail.conditions = vec![denied]).reason, Reason::Policy);
    let late = condition("Progressing", "False", "ProgressDeadlineExceeded", "timed out");
    let s = hindered(|t| t.detail.conditions = vec![late]);
    assert_eq!((s.reason, &*s.words), (Reason::Deadline, "its progress deadline is over: timed out"));
}

#[test]
fn a_pause_a_full_promotion_and_an_invalid_object_have_their_own_levers() {
    let s = hindered(|t| {
        t.held = true;
        t.held_by = Some(Manager { name: "kubectl-patch".into(), at: None });
    });
    assert_eq!((s.reason, &*s.words), (Reason::Held, "it is held by kubectl-patch: a pause freezes it half-way"));
    assert!(s.lever.is_some_and(|l| l.intent == Intent::RollBack));
    let s = hindered(|t| (t.promoting_full, t.aborted) = (true, false));
    assert_eq!(s.reason, Reason::PromotingFull);
    let s = hindered(|t| t.invalid = Some("spec.strategy: no".into()));
    assert_eq!(s.reason, Reason::Invalid);
}

#[test]
fn a_lease_that_is_over_says_that_nobody_carries_it_out() {
    let mut w = stories::rolling_back();
    let now = w.now();
    let controller =
        |name: &str, ago: i64| Controller { name: name.into(), renewed: Some(Utc(now.0 - ago)), lasts_ms: 15_000 };
    let flagger = controller("flagger", 600_000);
    w.source_with("eu-1", |s| s.abilities.controllers = vec![flagger]);
    assert_ne!(found(&w).reason, Reason::ControllerAbsent, "it is another one's lease");
    let old = controller("argo-rollouts-controller-lock", 240_000);
    w.source_with("eu-1", |s| s.abilities.controllers = vec![old]);
    let s = found(&w);
    assert_eq!(s.reason, Reason::ControllerAbsent);
    assert!(s.words.contains("for 4m") && s.lever.is_none() && s.helps.is_some(), "{s:?}");
    let held = controller("argo-rollouts-controller-lock", 3_000);
    w.source_with("eu-1", |s| s.abilities.controllers.push(held));
    assert_ne!(found(&w).reason, Reason::ControllerAbsent, "one of two holds it");
}

#[test]
fn what_git_overwrites_is_said_while_it_is_still_under_way() {
    let mut w = stories::worse();
    w.target_with("checkout", |t| t.aborted = true);
    w.keys("a r").planned().confirm();
    w.wait(100).accepted();
    let before = w.model.world.targets[&w.target_id("checkout")].clone();
    w.wait(300).target_with("checkout", |t| t.candidate = t.stable.clone());
    let now = w.now();
    w.wait(2_000).target_with("checkout", |t| {
        t.candidate = before.candidate.clone();
        t.aborted = false;
        let by = Manager { name: "argocd-controller".into(), at: Some(Utc(now.0 + 1_000)) };
        t.detail.writers = vec![Written { what: "spec.template".into(), by }];
    });
    let s = found(&w);
    assert_eq!(s.reason, Reason::RevertedByGit, "{s:?}");
    assert!(s.lever.is_some_and(|l| l.words.contains("abort")));
}

#[test]
fn what_goes_forward_is_turned_back_by_its_lever() {
    let mut w = stories::armed();
    w.wait(500).keys("a p").planned().confirm();
    w.wait(100).accepted();
    let s = found(&w);
    assert_eq!(s.reason, Reason::NoReaction);
    assert!(s.lever.is_some_and(|l| l.intent == Intent::RollBack));
}

#[test]
fn every_kind_has_its_own_word() {
    let words: std::collections::BTreeSet<&str> = Reason::ALL.iter().map(|r| r.word()).collect();
    assert_eq!(words.len(), Reason::ALL.len());
}
