//! Rollouts of every strategy, told as changes of a canary in the words of a test.

use super::World;
use super::stories;
use crate::core::id::Hash;
use crate::core::world::detail::{Analysis, Colours, Flagger, HookGate, Role};
use crate::core::world::target::{Gate, Phase, Replicas, Strategy, TargetState, Trouble};

fn pods(t: &mut TargetState, new: u32, ready: u32) {
    let of = t.wanted;
    for r in &mut t.revisions {
        let n = if Some(&r.hash) == t.candidate.as_ref() { new } else { 0 };
        r.replicas = Replicas { wanted: n, existing: n, ready: ready.min(n), available: ready.min(n) };
        if Some(&r.hash) == t.stable.as_ref() {
            let left = of - new.min(of);
            r.replicas = Replicas { wanted: left, existing: left, ready: left, available: left };
        }
    }
}

/// Takes away what only Argo's canary has.
fn bare(t: &mut TargetState, kind: &str, strategy: Strategy) {
    (t.strategy, t.steps, t.step, t.gate) = (strategy, Vec::new(), None, None);
    (t.weight_wanted, t.weight_real, t.phase) = (0, None, Phase::Progressing);
    t.id.kind = kind.into();
}

/// A Deployment of which 7 of 12 pods run the new version.
pub fn rolling(t: &mut TargetState) {
    bare(t, "Deployment", Strategy::Rolling);
    t.wanted = 12;
    pods(t, 7, 7);
}

/// A StatefulSet that stops above its second ordinal.
pub fn ordered(t: &mut TargetState) {
    bare(t, "StatefulSet", Strategy::Ordered);
    t.wanted = 5;
    pods(t, 3, 3);
    t.detail.partition = Some(2);
}

/// A DaemonSet on 40 nodes.
pub fn per_node(t: &mut TargetState) {
    bare(t, "DaemonSet", Strategy::PerNode);
    t.wanted = 40;
    pods(t, 13, 12);
}

/// Blue/green: the preview is there and waits for a person.
pub fn blue_green(t: &mut TargetState) {
    bare(t, "Rollout", Strategy::BlueGreen);
    t.phase = Phase::Paused;
    t.wanted = 10;
    pods(t, 10, 10);
    for r in &mut t.revisions {
        if Some(&r.hash) == t.stable.as_ref() {
            r.replicas = Replicas { wanted: 10, existing: 10, ready: 10, available: 10 };
        }
    }
    t.gate = Some(Gate { reason: "BlueGreenPause".into(), since: t.started, until: None });
    let (active, preview) = (t.stable.clone(), t.candidate.clone());
    t.detail.colours = Some(Colours { active, preview, auto: false, auto_after: None });
}

/// Flagger waits for its `confirm-promotion` gate; the status says weight 0, which is not so.
pub fn flagger(t: &mut TargetState) {
    bare(t, "Canary", Strategy::Canary);
    t.phase = Phase::Paused;
    t.gate = Some(Gate { reason: "confirm-promotion".into(), since: t.started, until: None });
    t.detail.flagger = Some(Flagger {
        phase: "WaitingPromotion".into(),
        threshold: 5,
        failed_checks: 1,
        max_weight: 50,
        interval: 10,
        gates: vec![HookGate {
            kind: "confirm-promotion".into(),
            name: "ask a person".into(),
            url: "http://flagger-loadtester.test/gate/check".into(),
            ours: true,
        }],
        ..Flagger::default()
    });
}

/// Flagger's A/B testing, the third of ten looks.
pub fn ab_test(t: &mut TargetState) {
    bare(t, "Canary", Strategy::AbTest);
    t.detail.flagger = Some(Flagger {
        phase: "Progressing".into(),
        threshold: 5,
        iteration: Some(3),
        iterations: Some(10),
        interval: 10,
        ..Flagger::default()
    });
}

/// An analysis step that ended without an answer.
pub fn inconclusive(t: &mut TargetState) {
    t.gate = Some(Gate { reason: "InconclusiveAnalysisRun".into(), since: t.started, until: None });
    t.detail.checks = vec![Analysis {
        kind: "AnalysisRun".into(),
        name: "checkout-7f9c-2".into(),
        uid: "run-1".into(),
        role: Role::Step,
        phase: "Inconclusive".into(),
        message: "Metric \"errors\" assessed Inconclusive due to inconclusive (1) > inconclusiveLimit (0)".into(),
        started: t.started,
        terminated: false,
        metrics: Vec::new(),
    }];
}

/// Checkout of this strategy, judged as good as stable, told on Verdict.
pub fn judged(change: fn(&mut TargetState)) -> World {
    let mut w = stories::judged(1_200, (900.0, 0.2), (2_700.0, 0.6));
    become_of(&mut w, change);
    w
}

/// The same object under another kind is another target to the world: the old one is gone first.
fn become_of(w: &mut World, change: fn(&mut TargetState)) {
    let id = w.target_id("checkout");
    let Some(mut t) = w.model.world.targets.get(&id).cloned() else { return };
    change(&mut t);
    if t.id == id {
        w.target_with("checkout", change);
        return;
    }
    w.fact("eu-1", crate::core::world::fact::Fact::Gone(id));
    w.fact("eu-1", crate::core::world::fact::Fact::Target(Box::new(t)));
    w.figures("checkout", 1_200, (900.0, 0.2), (2_700.0, 0.6));
    w.wait(400);
    w.keys("b");
    stories::select(w, "checkout");
    w.keys("v");
}

/// A roll back under way whose deadline passes while this hinders it.
pub fn stuck(change: impl FnOnce(&mut TargetState)) -> World {
    let mut w = stories::rolling_back();
    w.target_with("checkout", change);
    w.wait(400_000);
    w
}

/// Pods of the version gone back to do not start.
pub fn stuck_pods(reason: &'static str) -> World {
    stuck(move |t| {
        let to: Option<Hash> = t.stable.clone();
        for r in t.revisions.iter_mut().filter(|r| Some(&r.hash) == to.as_ref()) {
            r.trouble = vec![Trouble { reason: reason.into(), count: 2 }];
            r.replicas.ready = r.replicas.ready.saturating_sub(2);
        }
    })
}
