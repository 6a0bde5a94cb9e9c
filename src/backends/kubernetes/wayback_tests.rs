//! What each check says of objects built here.

use super::*;
use crate::backends::kubernetes::kin::{OwnPod, Pod};
use crate::core::world::evidence::Track;
use serde_json::json;

fn id() -> TargetId {
    TargetId {
        source: "eu-1".into(),
        namespace: "shop".into(),
        kind: "Rollout".into(),
        name: "checkout".into(),
        uid: "u".into(),
    }
}

fn set(hash: &str, n: u64, made: &str) -> Value {
    json!({"metadata": {"name": format!("checkout-{hash}"), "creationTimestamp": made, "labels": {"rollouts-pod-template-hash": hash},
               "annotations": {"rollout.argoproj.io/revision": n.to_string()}},
           "spec": {"template": {"spec": {"containers": [{"name": "main"}]}}}})
}

fn pod(hash: &str, ready: bool, trouble: Option<&str>) -> OwnPod {
    let pod = json!({"metadata": {"name": "p", "creationTimestamp": "2026-11-21T02:00:00Z",
        "labels": {"rollouts-pod-template-hash": hash}}, "status": {"containerStatuses": [{"ready": ready}]}});
    let pod: Pod = serde_json::from_value(pod).expect("lenient");
    OwnPod { pod, trouble: trouble.map(Arc::from), track: Track::Stable }
}

fn kin(stable: &str, candidate: &str) -> Kin {
    Kin {
        object: json!({"spec": {"replicas": 2, "template": {"metadata": {"labels": {"app": "checkout"}}}}}),
        sets: vec![set("old", 1, "2026-11-20T01:00:00Z"), set("new", 2, "2026-11-21T03:00:00Z")],
        stable: Some(stable.into()),
        candidate: Some(candidate.into()),
        ..Kin::default()
    }
}

#[test]
fn going_back_goes_to_stable_while_it_moves_and_to_the_one_before_afterwards() {
    let moving = kin("old", "new");
    let b = Back::of(&id(), &moving);
    assert_eq!((b.set.and_then(hash_of), b.to.as_deref()), (Some("old"), Some("old")));
    let done = kin("new", "new");
    let b = Back::of(&id(), &done);
    assert_eq!((b.set.and_then(hash_of), b.to.as_deref()), (Some("old"), None));
    let first = kin("old", "old");
    assert!(Back::of(&id(), &first).set.is_none(), "what was made later is nothing to go back to");
    assert_eq!(old_revision(&first, &Back::of(&id(), &first)).state, CheckState::Blocked);
}

#[test]
fn what_runs_and_what_would_have_to_start_is_counted() {
    let mut k = kin("old", "new");
    k.pods = vec![pod("old", true, None), pod("old", false, Some("Unschedulable")), pod("new", true, None)];
    let b = Back::of(&id(), &k);
    assert_eq!((b.ready, b.missing(), b.unschedulable), (1, 1, 1));
    let c = old_revision(&k, &b);
    assert_eq!((c.state, &*c.how), (CheckState::Ok, "kept in checkout-old, 1 of 2 pods ready, limit 10"));
    k.unread.push("versions: needs the right `list replicasets` in shop".into());
    assert_eq!(old_revision(&k, &b_of(&k)).state, CheckState::Unknown);
}

fn b_of(k: &Kin) -> Back<'_> {
    Back::of(&id(), k)
}

#[test]
fn every_name_in_a_template_is_found_and_optional_ones_are_not_needed() {
    let spec = json!({
        "imagePullSecrets": [{"name": "regcred"}],
        "volumes": [{"configMap": {"name": "files"}}, {"secret": {"secretName": "tls"}},
            {"projected": {"sources": [{"configMap": {"name": "kube-root-ca.crt"}}, {"secret": {"name": "token"}}]}},
            {"configMap": {"name": "maybe", "optional": true}}],
        "initContainers": [{"envFrom": [{"secretRef": {"name": "init"}}]}],
        "containers": [{"env": [{"name": "A", "value": "x"},
            {"name": "B", "valueFrom": {"configMapKeyRef": {"name": "app", "key": "b"}}}],
            "envFrom": [{"configMapRef": {"name": "more"}}]}]});
    let named = Named::of(&spec);
    let all: Vec<String> = named.config.iter().map(|(k, n)| format!("{k}/{n}")).collect();
    let want =
        ["configmaps/app", "configmaps/files", "configmaps/more", "secrets/init", "secrets/tls", "secrets/token"];
    assert_eq!(all, want);
    assert_eq!(named.pull.iter().collect::<Vec<_>>(), ["regcred"]);
}

#[test]
fn budgets_and_autoscalers_are_those_of_its_pods() {
    let k = kin("old", "new");
    let pdb = |app: &str, n: i64| {
        json!({"metadata": {"name": app}, "spec": {"selector": {"matchLabels": {"app": app}}},
                                         "status": {"disruptionsAllowed": n}})
    };
    let of = |items: Value| budget("shop", &k, Ok(json!({"items": items}))).state;
    assert_eq!(of(json!([pdb("other", 0)])), CheckState::Ok);
    assert_eq!(of(json!([pdb("checkout", 1)])), CheckState::Ok);
    assert_eq!(of(json!([pdb("checkout", 0)])), CheckState::Warn);
    let hpa = |max: u64| {
        json!({"metadata": {"name": "web"}, "spec": {"minReplicas": 1, "maxReplicas": max,
                                "scaleTargetRef": {"kind": "Rollout", "name": "checkout"}}})
    };
    let of = |items: Value| autoscaler(&id(), &k, &b_of(&k), Ok(json!({"items": items}))).state;
    assert_eq!(
        (of(json!([])), of(json!([hpa(4)])), of(json!([hpa(1)]))),
        (CheckState::Ok, CheckState::Ok, CheckState::Warn)
    );
    let no = SourceError::new(Trouble::Forbidden, "to read the disruption budgets: no");
    let c = budget("shop", &k, Err(no));
    assert_eq!(
        (c.state, &*c.how),
        (CheckState::Unknown, "budgets: needs the right `list poddisruptionbudgets` in shop")
    );
}

#[test]
fn the_newest_write_counts_not_the_birth() {
    let v = json!({"metadata": {"creationTimestamp": "2026-11-01T00:00:00Z", "managedFields": [
        {"time": "2026-11-21T03:00:00Z"}, {"time": "2026-11-02T00:00:00Z"}]}});
    assert_eq!(written(&v), Utc::read("2026-11-21T03:00:00Z"));
    assert_eq!(
        written(&json!({"metadata": {"creationTimestamp": "2026-11-01T00:00:00Z"}})),
        Utc::read("2026-11-01T00:00:00Z")
    );
}
