//! Recorded workloads against what the screen must be told: every row of `kubectl rollout status` and what it leaves out.

use super::dto::WorkKind;
use super::read::state;
use super::recorded::{Changes, change, daemon, deployment, items, seen, stateful};
use crate::backends::kubernetes::fixture;
use crate::core::id::Hash;
use crate::core::time::Utc;
use crate::core::world::target::TargetState;
use serde_json::{Value, json};

/// One line a person would compare.
fn line(t: &TargetState) -> String {
    let v = |h: &Option<Hash>| h.as_ref().map_or("-".to_owned(), |h| t.version_of(h).to_string());
    let moves = if t.is_moving() { format!("{}>{}", v(&t.stable), v(&t.candidate)) } else { v(&t.candidate) };
    let real = t.weight_real.map_or("?".into(), |w| w.to_string());
    let mut s = format!("{} {moves} w {}/{real} {:?}", t.phase.word(), t.weight_wanted, &*t.message);
    for (on, word) in [(t.gate.is_some(), " gate"), (t.held, " held"), (!t.observed, " unobserved")] {
        s.push_str(if on { word } else { "" });
    }
    s
}

/// Old sets or pods do not matter here: only the object's own words.
const DONE: [(&str, i64); 4] = [
    ("/status/replicas", 3),
    ("/status/updatedReplicas", 3),
    ("/status/readyReplicas", 3),
    ("/status/availableReplicas", 3),
];

fn with(base: &[(&'static str, i64)], more: &[(&'static str, Value)]) -> Vec<(&'static str, Value)> {
    base.iter().map(|(p, n)| (*p, json!(n))).chain(more.iter().cloned()).collect()
}

fn progressing(reason: &str, of: &str) -> (&'static str, Value) {
    let text = format!("ReplicaSet \"{of}\" says so.");
    (
        "/status/conditions",
        json!([{"type": "Progressing", "status": "True", "reason": reason, "message": text,
        "lastUpdateTime": "2026-11-21T06:16:38Z"}]),
    )
}

#[test]
fn a_deployment_is_judged_row_by_row_as_kubectl_does() {
    let (old, new) = ("j1-dc6d869f", "j1-57d85f48c7");
    let rows = [
        // The recorded one: past the deadline.
        (vec![], "degraded 1.0>1.1 w 100/0 \"past its deadline: j1-57d85f48c7-dmcg8: CrashLoopBackOff\""),
        // The spec is newer than what the controller looked at: nothing else is believed.
        (
            vec![("/metadata/generation", json!(3))],
            "progressing 1.0>1.1 w 100/0 \"waiting for the controller to see the new spec\" unobserved",
        ),
        // The same condition, left from another version: an undo's first moments.
        (
            vec![progressing("ProgressDeadlineExceeded", old)],
            "progressing 1.0>1.1 w 100/0 \"1 of 3 have the new version; j1-57d85f48c7-dmcg8: CrashLoopBackOff\"",
        ),
        // The same condition while all is well.
        (with(&DONE, &[progressing("ProgressDeadlineExceeded", new)]), "healthy 1.0>1.1 w 100/0 \"\""),
        (
            vec![progressing("ReplicaSetUpdated", new)],
            "progressing 1.0>1.1 w 100/0 \"1 of 3 have the new version; j1-57d85f48c7-dmcg8: CrashLoopBackOff\"",
        ),
        (
            with(&DONE, &[("/status/replicas", json!(4)), progressing("ReplicaSetUpdated", new)]),
            "progressing 1.0>1.1 w 100/0 \"1 of the old version have still to end; j1-57d85f48c7-dmcg8: CrashLoopBackOff\"",
        ),
        (
            with(&DONE, &[("/status/availableReplicas", json!(2)), progressing("ReplicaSetUpdated", new)]),
            "progressing 1.0>1.1 w 100/0 \"2 of 3 are available; j1-57d85f48c7-dmcg8: CrashLoopBackOff\"",
        ),
        (
            vec![("/spec/paused", json!(true)), progressing("DeploymentPaused", new)],
            "paused 1.0>1.1 w 0/0 \"paused at 1 of 3; j1-57d85f48c7-dmcg8: CrashLoopBackOff\" held",
        ),
    ];
    for (changes, want) in rows {
        assert_eq!(line(&deployment(&changes)), want);
    }
}

/// With only one version left there is no pod of another: rows as the store gives them after the rollout.
fn alone(changes: Changes<'_>) -> TargetState {
    let mut list = items("live-k8s-replicasets-of-deployment");
    list[0]["spec"]["replicas"] = json!(3);
    for field in ["replicas", "readyReplicas", "availableReplicas"] {
        list[0]["status"][field] = json!(3);
        list[1]["status"][field] = json!(0);
    }
    list[1]["spec"]["replicas"] = json!(0);
    let mut o: Value = fixture("live-k8s-deployment-progress-deadline-exceeded");
    change(&mut o, &with(&DONE, &[progressing("NewReplicaSetAvailable", "j1-57d85f48c7")]));
    change(&mut o, changes);
    let id = deployment(&[]).id;
    state(&id, WorkKind::Deployment, o, list, &[], &[], Utc(0)).expect("a state")
}

#[test]
fn when_it_is_everywhere_the_candidate_is_stable_and_a_pod_that_fails_later_is_no_rollout() {
    assert_eq!(line(&alone(&[])), "healthy 1.1 w 100/100 \"\"");
    let fails = [("/status/availableReplicas", json!(2))];
    assert_eq!(line(&alone(&fails)), "progressing 1.1 w 100/100 \"2 of 3 are available\"");
    let mut down = fails.to_vec();
    down.push((
        "/status/conditions",
        json!([{"type": "Progressing", "status": "True", "reason": "NewReplicaSetAvailable"},
               {"type": "Available", "status": "False", "reason": "MinimumReplicasUnavailable", "message": "no"}]),
    ));
    let t = alone(&down);
    assert_eq!(line(&t), "degraded 1.1 w 100/100 \"2 of 3 are available\"");
    assert_eq!(&*t.detail.conditions[0].reason, "MinimumReplicasUnavailable");
    // Scaled up: the counts are behind, the version is not.
    assert_eq!(
        line(&alone(&[("/spec/replicas", json!(9))])),
        "progressing 1.1 w 100/100 \"3 of 9 have the new version\""
    );
    let zero: Vec<_> = ["/spec/replicas", "/status/replicas", "/status/updatedReplicas", "/status/availableReplicas"]
        .map(|p| (p, json!(0)))
        .to_vec();
    assert_eq!(line(&alone(&zero)), "healthy 1.1 w 100/100 \"scaled down: no replica is asked for\"");
    let paused = [("/spec/paused", json!(true)), progressing("DeploymentPaused", "")];
    assert_eq!(line(&alone(&paused)), "paused 1.1 w 100/100 \"paused\" held");
    // Without a deadline there is no such condition.
    assert!(!alone(&[("/status/conditions", json!([]))]).is_moving());
}

#[test]
fn an_old_version_used_again_is_on_its_way_back_from_one_that_never_served() {
    // The undo of the recorded rollout, observed: the old set got the next number; the bad pod has still to end.
    let mut list = items("live-k8s-replicasets-of-deployment");
    list[1]["metadata"]["annotations"]["deployment.kubernetes.io/revision"] = json!("3");
    let mut o: Value = fixture("live-k8s-deployment-progress-deadline-exceeded");
    let revision = ("/metadata/annotations/deployment.kubernetes.io~1revision", json!("3"));
    change(&mut o, &[revision, ("/status/updatedReplicas", json!(3))]);
    let id = deployment(&[]).id;
    let t = state(&id, WorkKind::Deployment, o.clone(), list.clone(), &[], &[], Utc(0)).expect("a state");
    assert_eq!(line(&t), "progressing 1.0 w 100/100 \"1 of the old version have still to end\"");
    assert!(t.detail.drift[0].contains("1.0 on 3") && t.detail.drift[0].contains("1.1 on 1"), "{:?}", t.detail.drift);
    // Had the newer one served, it would be the good one until it is gone.
    list[0]["status"]["readyReplicas"] = json!(1);
    let t = state(&id, WorkKind::Deployment, o, list, &[], &[], Utc(0)).expect("a state");
    assert!(line(&t).starts_with("progressing 1.1>1.0"), "{}", line(&t));
    let (candidate, other) = (t.candidate_revision().expect("kept"), t.stable_revision().expect("kept"));
    assert_eq!(t.started, other.created, "an old set was created long ago");
    assert!(candidate.created < other.created);
}

#[test]
fn reasons_are_named_quota_pods_change_cause_and_the_first_deploy() {
    let t = seen(
        WorkKind::Deployment,
        "live-k8s-deployment-stuck-on-quota",
        "live-k8s-replicasets-stuck-on-quota",
        "",
        &[],
    );
    assert!(line(&t).starts_with("progressing 1.0>1.1 w 100/100 \"3 of 4 have the new version: pods"), "{}", line(&t));
    assert!(t.message.contains("exceeded quota: q, requested: pods=1, used: pods=9"), "{}", t.message);
    let c = t.candidate_revision().expect("kept");
    assert_eq!((&*c.trouble[0].reason, c.trouble[0].count), ("FailedCreate", 1));
    assert_eq!(t.detail.conditions.len(), 1);
    assert_eq!(&*t.detail.conditions[0].kind, "ReplicaFailure");
    let what: Vec<&str> = t.detail.writers.iter().map(|w| &*w.what).collect();
    assert!(what.contains(&"spec.template") && what.contains(&"spec.replicas"), "{what:?}");
    let t = deployment(&[]);
    let c = t.candidate_revision().expect("kept");
    assert_eq!((&*c.trouble[0].reason, c.trouble[0].count, c.replicas.existing), ("CrashLoopBackOff", 1, 1));
    assert_eq!((t.detail.restarts, c.cause.as_deref(), c.number), (3, Some("first"), Some(2)));
    assert_eq!(t.detail.drift.len(), 1, "past the deadline: {:?}", t.detail.drift);
    // Nothing was ever good.
    let mut one = items("live-k8s-replicasets-of-deployment");
    one.truncate(1);
    let o: Value = fixture("live-k8s-deployment-progress-deadline-exceeded");
    let first = state(&t.id, WorkKind::Deployment, o, one, &[], &[], Utc(0)).expect("a state");
    assert!(first.is_moving() && first.stable.is_none());
}

#[test]
fn a_template_no_replica_set_has_yet_is_a_version_of_its_own_while_paused() {
    let t = seen(
        WorkKind::Deployment,
        "live-k8s-deployment-paused-with-new-template",
        "live-k8s-replicasets-of-paused-deployment",
        "",
        &[],
    );
    assert_eq!(line(&t), "paused 1.0>1.1 w 0/0 \"paused at 0 of 4\" held");
    assert_eq!(t.held_by.as_ref().map(|m| &*m.name), Some("kubectl-patch"));
    assert!(t.candidate.as_ref().expect("made").as_str().starts_with("spec-"));
}

#[test]
fn a_stateful_set_says_which_ordinal_it_waits_for() {
    let rows = [
        (vec![], "degraded 1.0>1.1 w 100/0 \"1 of 3 have the new version; waits for ledger-2: CrashLoopBackOff\""),
        (
            vec![("/metadata/generation", json!(9))],
            "progressing 1.0>1.1 w 100/0 \"waiting for the controller to see the new spec\" unobserved",
        ),
        (
            vec![("/status/observedGeneration", json!(0))],
            "progressing 1.0>1.1 w 100/0 \"waiting for the controller to see the new spec\" unobserved",
        ),
        (vec![("/spec/replicas", json!(0))], "healthy 1.0>1.1 w 0/0 \"scaled down: no replica is asked for\""),
        (
            vec![("/spec/updateStrategy", json!({"type": "OnDelete"})), ("/status/readyReplicas", json!(3))],
            "paused 1.0>1.1 w 100/0 \"OnDelete: 1 of 3 have the new version, the others take it when somebody deletes them\"",
        ),
    ];
    for (changes, want) in rows {
        assert_eq!(line(&stateful(&changes)), want);
    }
    let c = stateful(&[]);
    let bad = c.candidate_revision().expect("kept");
    assert_eq!((bad.replicas.existing, bad.replicas.ready, &*bad.trouble[0].reason), (1, 0, "CrashLoopBackOff"));
    assert_eq!(c.existing_of(c.stable.as_ref().expect("known")), 2);
}

/// All pods ready: counts of the status, as after the crash is gone.
const READY: (&str, i64) = ("/status/readyReplicas", 3);

/// The pods of the fixture are those of a stuck rollout: these rows go by the status alone.
fn by_status(changes: Changes<'_>) -> TargetState {
    seen(WorkKind::StatefulSet, "live-k8s-statefulset-ordered-stuck", "live-k8s-revisions-of-statefulset", "", changes)
}

#[test]
fn a_partition_is_a_native_canary_with_a_gate_and_a_held_one_is_told_from_it() {
    let partition = "/spec/updateStrategy/rollingUpdate/partition";
    let before = "/metadata/annotations/andon~1partition-before-hold";
    let current = "/status/currentRevision";
    let rows = [
        (
            with(&[READY, (partition, 2)], &[]),
            "paused 1.0>1.1 w 33/33 \"partition 2: ordinals 0 to 1 keep the old version\" gate",
        ),
        (
            with(&[READY, (partition, 1)], &[]),
            "progressing 1.0>1.1 w 66/33 \"1 of 2 above partition 1 have the new version\"",
        ),
        (
            with(&[READY, (partition, 2)], &[(before, json!("0"))]),
            "paused 1.0>1.1 w 33/33 \"held by partition 2: ordinals 0 to 1 keep the old version, 1 of 3 have the new one\" held",
        ),
        // Lowered by hand since: no hold any more.
        (
            with(&[READY, (partition, 0)], &[(before, json!("0"))]),
            "progressing 1.0>1.1 w 100/33 \"1 of 3 have the new version\"",
        ),
        (with(&[READY], &[]), "progressing 1.0>1.1 w 100/33 \"1 of 3 have the new version\""),
        (
            with(&[READY, ("/status/updatedReplicas", 3)], &[(current, json!("ledger-576cb74f7"))]),
            "healthy 1.1 w 100/100 \"\"",
        ),
        // After an undo the revisions agree again, and a pod of the bad one is still there.
        (
            with(&[("/status/updatedReplicas", 2)], &[(current, json!("ledger-576cb74f7"))]),
            "progressing 1.1 w 100/100 \"2 of 3 are ready\"",
        ),
    ];
    for (changes, want) in rows {
        assert_eq!(line(&by_status(&changes)), want);
    }
    assert_eq!(by_status(&with(&[READY, (partition, 2)], &[])).detail.partition, Some(2));
}

#[test]
fn a_daemon_set_goes_node_by_node() {
    let rows = [
        (vec![], "degraded 1.0>1.1 w 100/0 \"1 of 2 nodes have the new version; agent-26mjw: CrashLoopBackOff\""),
        (
            vec![("/metadata/generation", json!(9))],
            "progressing 1.0>1.1 w 100/0 \"waiting for the controller to see the new spec\" unobserved",
        ),
        (
            vec![("/status/updatedNumberScheduled", json!(2))],
            "degraded 1.0>1.1 w 100/0 \"1 of 2 nodes have it available; agent-26mjw: CrashLoopBackOff\"",
        ),
        (
            vec![("/status/updatedNumberScheduled", json!(2)), ("/status/numberAvailable", json!(2))],
            "healthy 1.0>1.1 w 100/0 \"\"",
        ),
        (vec![("/status/desiredNumberScheduled", json!(0))], "healthy 1.0>1.1 w 100/0 \"no node matches it\""),
        (
            vec![("/spec/updateStrategy", json!({"type": "OnDelete"})), ("/status/numberAvailable", json!(2))],
            "paused 1.0>1.1 w 100/0 \"OnDelete: 1 of 2 have the new version, the others take it when somebody deletes them\"",
        ),
    ];
    for (changes, want) in rows {
        assert_eq!(line(&daemon(&changes)), want);
    }
    // Who may not list revisions sees the rest.
    let t = seen(WorkKind::DaemonSet, "live-k8s-daemonset-stuck", "", "live-k8s-pods-of-daemonset-stuck", &[]);
    assert_eq!((t.candidate, &*t.message), (None, "1 of 2 nodes have the new version; agent-26mjw: CrashLoopBackOff"));
}

#[test]
fn what_another_object_drives_is_left_to_it_and_an_operator_is_named() {
    let mut o: Value = fixture("live-k8s-deployment-progress-deadline-exceeded");
    let id = deployment(&[]).id;
    let owner = |kind: &str| json!([{"kind": kind, "name": "shop", "uid": "u", "controller": true}]);
    o["metadata"]["ownerReferences"] = owner("Canary");
    assert_eq!(state(&id, WorkKind::Deployment, o.clone(), Vec::new(), &[], &[], Utc(0)), None);
    o["metadata"]["ownerReferences"] = owner("Shop");
    let t = state(&id, WorkKind::Deployment, o, Vec::new(), &[], &[], Utc(0)).expect("shown");
    assert_eq!(
        t.git.map(|g| (g.tool.to_string(), g.what.to_string())),
        Some(("its operator".into(), "Shop shop".into()))
    );
}

#[test]
fn an_autoscaler_and_a_moved_tag_are_found() {
    let hpa = |name: &str, target: &str| {
        json!({"metadata": {"name": name, "labels": {"scaledobject.keda.sh/name": "j1-scaled"}},
               "spec": {"scaleTargetRef": {"kind": "Deployment", "name": target}, "minReplicas": 2, "maxReplicas": 9},
               "status": {"desiredReplicas": 5}})
    };
    let o: Value = fixture("live-k8s-deployment-progress-deadline-exceeded");
    let sets = items("live-k8s-replicasets-of-deployment");
    let mut pods = items("live-k8s-pods-one-crashing");
    let good = pods.iter().find(|p| p["metadata"]["labels"]["pod-template-hash"] == "dc6d869f").expect("there").clone();
    pods.push(good);
    for (i, p) in pods.iter_mut().enumerate() {
        p["metadata"]["name"] = json!(format!("pod-{i}"));
        p["status"]["containerStatuses"][0]["imageID"] = json!(format!("registry.example.org/shop/j1@sha256:{i}"));
    }
    let id = deployment(&[]).id;
    let t = state(&id, WorkKind::Deployment, o, sets, &pods, &[hpa("a", "j1"), hpa("b", "other")], Utc(0)).expect("t");
    let s = &t.detail.scalers[..];
    assert_eq!((s.len(), &*s[0].tool, &*s[0].name, s[0].min, s[0].max), (1, "KEDA", "j1-scaled", Some(2), Some(9)));
    assert!(
        t.detail.drift.iter().any(|d| &**d == "1.0 is 2 different images: its tag was moved"),
        "{:?}",
        t.detail.drift
    );
    assert_eq!(t.candidate_revision().expect("kept").digest.as_deref(), Some("sha256:0"));
}

#[test]
fn the_version_before_is_the_one_that_ran_before_not_the_newest_made() {
    // 1.0, then 1.1 which was bad, back to 1.0, then 1.2 everywhere: the numbers tell, creation would say 1.1.
    let mut t = deployment(&[]);
    let at = |s: i64| Some(Utc::from_secs(s));
    let mut made = t.revisions[0].clone();
    (made.hash, made.number, made.created) = (Hash::new("third"), Some(4), at(300));
    for r in &mut t.revisions {
        let bad = &*r.version == "1.1";
        (r.number, r.created) = if bad { (Some(2), at(200)) } else { (Some(3), at(100)) };
    }
    t.revisions.insert(0, made);
    (t.candidate, t.stable) = (Some(Hash::new("third")), Some(Hash::new("third")));
    assert_eq!(t.previous().map(|r| &*r.version), Some("1.0"));
    // And after a way back there is nothing older: never round in a circle.
    let old = t.revisions.iter().find(|r| &*r.version == "1.0").expect("kept").hash.clone();
    (t.candidate, t.stable) = (Some(old.clone()), Some(old));
    assert_eq!(t.previous(), None);
}
