//! The named states of each strategy, of each reason for which an act is stuck, and of the rarer acts.

use super::kinds::{self, judged, stuck, stuck_pods};
use super::picture::Picture;
use super::states::at;
use super::stories::{self, select, worse};
use super::world::World;
use crate::core::act::plan::Expect;
use crate::core::time::Utc;
use crate::core::world::detail::{Condition, Written};
use crate::core::world::source::Controller;
use crate::core::world::target::{Manager, TargetState};

pub(super) fn strategies() -> Vec<Picture> {
    vec![
        at("strategy/board", "One service of each strategy: WHAT says how far it is in its own words.", board),
        at("strategy/rolling", "A Deployment: pods replaced, no gate and no steps.", || judged(kinds::rolling)),
        at("strategy/ordered", "A StatefulSet stopped by its partition: a gate that no controller calls one.", || {
            judged(kinds::ordered)
        }),
        at("strategy/per-node", "A DaemonSet, node by node.", || judged(kinds::per_node)),
        at("strategy/blue-green", "The preview is ready and a person decides.", || judged(kinds::blue_green)),
        at("strategy/flagger", "Flagger waits at its gate; it says weight 0, which is not so.", || {
            judged(kinds::flagger)
        }),
        at("strategy/ab-test", "Flagger's A/B testing: looks done, no weight.", || judged(kinds::ab_test)),
        at("strategy/inconclusive", "An analysis ended without an answer: the menu offers to re-run it.", || {
            let mut w = armed_as(kinds::inconclusive);
            w.keys("a");
            w
        }),
        at("strategy/rolling-menu", "What a Deployment can do, and why it cannot do the rest.", || {
            let mut w = armed_as(kinds::rolling);
            w.keys("a");
            w
        }),
    ]
}

fn armed_as(change: fn(&mut TargetState)) -> World {
    let mut w = judged(change);
    w.keys("a a").flush().wait(1_100).keys("Y").wait(500);
    w
}

fn board() -> World {
    let mut w = worse();
    type Change = fn(&mut TargetState);
    let all: [(&str, Change); 3] =
        [("search", kinds::rolling), ("payments", kinds::blue_green), ("auth", kinds::flagger)];
    for (name, change) in all {
        w.target_with(name, |t| {
            let id = t.id.clone();
            change(t);
            t.id = id;
        });
    }
    w.keys("b");
    w
}

pub(super) fn dialogs() -> Vec<Picture> {
    vec![
        at("dialog/versions", "`a b`: every kept version, the quick way back chosen first.", || {
            let mut w = worse();
            w.target_with("checkout", |t| t.revisions[2].cause = Some("ci/4455".into()));
            w.keys("a b j");
            w
        }),
        at("dialog/roll-back-to", "A chosen version asks for the name, and says why.", || {
            let mut w = worse();
            w.keys("a b j enter").planned().flush().wait(1_100).type_text("check");
            w
        }),
        at("dialog/again", "`a t` where both apply: the question which.", || {
            let mut w = armed_as(|t| {
                kinds::inconclusive(t);
                t.aborted = true;
            });
            w.keys("a t");
            w
        }),
        at("dialog/retry", "An aborted change begins anew: by its name every time.", || {
            let mut w = armed_as(|t| t.aborted = true);
            w.keys("a t").planned().flush().wait(1_100);
            w
        }),
        at("dialog/promote-full", "`f` in the dialog of a promote: its own dialog, its own delay, its name.", || {
            let mut w = stories::armed();
            w.wait(500).keys("a p").planned().flush().wait(400).keys("f").planned().flush().wait(1_100);
            w
        }),
    ]
}

pub(super) fn hindrances() -> Vec<Picture> {
    let refused = || {
        let mut w = worse();
        let dropped = Expect::AbortedIs(false);
        w.keys("a r").planned_with(|p| p.steps[0].refused_when = Some(dropped)).confirm();
        w.wait(171).accepted().wait(200).target_with("checkout", |t| t.aborted = true);
        w.wait(1_500).target_with("checkout", |t| (t.aborted, t.promoting_full) = (false, true));
        w
    };
    vec![
        at("stuck/no-reaction", "Accepted and nothing shows: a stored wish.", || {
            let mut w = worse();
            w.keys("a r").planned().confirm();
            w.wait(171).accepted().wait(20_000);
            w
        }),
        at("stuck/controller-absent", "Nobody holds the controller's lease.", || {
            let mut w = worse();
            let renewed = Some(Utc(w.now().0 - 240_000));
            let lease = Controller { name: "argo-rollouts-controller-lock".into(), renewed, lasts_ms: 15_000 };
            w.source_with("eu-1", |s| s.abilities.controllers = vec![lease]);
            w.keys("a r").planned().confirm();
            w.wait(171).accepted().wait(20_000);
            w
        }),
        at("stuck/controller-refused", "The flag vanished without effect: the controller took the wish back.", refused),
        at("stuck/image-pull", "The old version's image cannot be pulled: another version.", || {
            stuck_pods("ImagePullBackOff")
        }),
        at("stuck/crash-loop", "The old version crashes too.", || stuck_pods("CrashLoopBackOff")),
        at("stuck/probe", "Its pods run and are not ready.", || stuck_pods("NotReady")),
        at("stuck/unschedulable", "No node has room for them.", || stuck_pods("Unschedulable")),
        at("stuck/quota", "They are not made: the quota is used up.", || failed("exceeded quota: compute-resources")),
        at("stuck/policy", "They are not made: an admission webhook says no.", || {
            failed("admission webhook \"images.example\" denied the request: unsigned image")
        }),
        at("stuck/held", "Somebody paused it half-way.", || {
            stuck(|t| {
                t.held = true;
                let by = Manager { name: "kubectl-patch".into(), at: None };
                t.detail.writers = vec![Written { what: "spec.paused".into(), by }];
            })
        }),
        at("stuck/disruption-budget", "A restart waits for evictions that a budget blocks.", || {
            let mut w = stories::armed();
            w.target_with("checkout", |t| {
                t.stable = t.candidate.clone();
                (t.gate, t.phase) = (None, crate::core::world::target::Phase::Healthy);
            });
            w.wait(1_500).keys(":").type_text("restart").keys("enter");
            // Any state shows that the controller has looked.
            w.planned_with(|p| p.steps[0].seen_when = Expect::HeldIs(false));
            w.flush().wait(1_100).type_text("checkout").keys("enter").durable().wait(30).reread();
            w.wait(120).target_with("checkout", |t| t.detail.restarting = true);
            w.accepted().wait(300);
            w.target_with("checkout", |t| t.message = "rollout is restarting".into());
            w.wait(900_000);
            w
        }),
        at("stuck/deadline", "The progress deadline is over.", || {
            stuck(|t| t.message = "ProgressDeadlineExceeded: ReplicaSet has timed out progressing.".into())
        }),
        at("stuck/invalid", "The controller refuses the object as it stands.", || {
            stuck(|t| t.invalid = Some("spec.strategy.canary.steps[3]: too many keys".into()))
        }),
        at("stuck/reverted-by-git", "An undo that Git has overwritten while it was under way.", reverted),
    ]
}

fn failed(message: &'static str) -> World {
    stuck(move |t| {
        t.detail.conditions = vec![Condition {
            kind: "ReplicaFailure".into(),
            status: "True".into(),
            reason: "FailedCreate".into(),
            message: message.into(),
            since: None,
        }];
    })
}

fn reverted() -> World {
    let mut w = worse();
    w.target_with("checkout", |t| t.aborted = true);
    w.keys("a r").planned_with(|p| {
        if let Some(to) = p.to.clone() {
            p.steps[0].done_when = Expect::All(vec![Expect::CandidateIs(to.clone()), Expect::OnlyServing(to)]);
        }
    });
    w.confirm();
    w.wait(100).accepted();
    let id = w.target_id("checkout");
    let candidate = w.model.world.targets.get(&id).and_then(|t| t.candidate.clone());
    w.wait(300).target_with("checkout", |t| t.candidate = t.stable.clone());
    w.wait(2_000);
    let at = Some(w.now());
    w.target_with("checkout", |t| {
        (t.candidate, t.aborted) = (candidate, false);
        let by = Manager { name: "argocd-controller".into(), at };
        t.detail.writers = vec![Written { what: "spec.template".into(), by }];
    });
    w.wait(400_000);
    w
}

/// Acts that did not begin here.
pub(super) fn elsewhere() -> Vec<Picture> {
    vec![at("strategy/held-elsewhere", "A pause that another tool set: by whom, on Verdict and in the log.", || {
        let mut w = worse();
        w.wait(2_000);
        let at = Some(w.now());
        w.target_with("checkout", |t| {
            t.held = true;
            let by = Manager { name: "kubectl-patch".into(), at };
            t.detail.writers = vec![Written { what: "spec.paused".into(), by }];
        });
        select(&mut w, "checkout");
        w
    })]
}
