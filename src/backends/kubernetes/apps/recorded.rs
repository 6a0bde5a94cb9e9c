//! Recorded workloads made into states as `read` makes them, for the tests beside this file.

use super::dto::WorkKind;
use super::read::state;
use crate::backends::kubernetes::fixture;
use crate::core::id::TargetId;
use crate::core::time::Utc;
use crate::core::world::target::TargetState;
use serde_json::{Value, json};

/// JSON pointer and value; null removes. Missing parents are made.
pub type Changes<'a> = &'a [(&'a str, Value)];

pub fn change(v: &mut Value, changes: Changes<'_>) {
    for (path, new) in changes {
        let (parent, key) = path.rsplit_once('/').expect("pointer");
        let key = key.replace("~1", "/");
        let mut at = &mut *v;
        for part in parent.split('/').skip(1) {
            let map = at.as_object_mut().expect(path);
            at = map.entry(part.to_owned()).or_insert_with(|| json!({}));
        }
        let map = at.as_object_mut().expect(path);
        if new.is_null() {
            map.remove(&key);
        } else {
            map.insert(key, new.clone());
        }
    }
}

pub fn items(name: &str) -> Vec<Value> {
    let list: Value = fixture(name);
    list["items"].as_array().expect("list").clone()
}

/// As `read` makes it.
pub fn seen(kind: WorkKind, object: &str, kept: &str, pods: &str, changes: Changes<'_>) -> TargetState {
    let mut o: Value = fixture(object);
    change(&mut o, changes);
    let mut pods = if pods.is_empty() { Vec::new() } else { items(pods) };
    let id = TargetId {
        source: "eu-1".into(),
        namespace: o["metadata"]["namespace"].as_str().expect("ns").into(),
        kind: kind.word().into(),
        name: o["metadata"]["name"].as_str().expect("name").into(),
        uid: o["metadata"]["uid"].as_str().expect("uid").into(),
    };
    let mut kept = if kept.is_empty() { Vec::new() } else { items(kept) };
    let now = Utc::from_secs(1_795_280_000);
    let once = state(&id, kind, o.clone(), kept.clone(), &pods, &[], now).expect("a state");
    kept.reverse();
    pods.reverse();
    let again = state(&id, kind, o, kept, &pods, &[], now).expect("a state");
    assert_eq!(once, again, "the server's order changes nothing");
    once
}

pub fn deployment(changes: Changes<'_>) -> TargetState {
    seen(
        WorkKind::Deployment,
        "live-k8s-deployment-progress-deadline-exceeded",
        "live-k8s-replicasets-of-deployment",
        "live-k8s-pods-one-crashing",
        changes,
    )
}

pub fn stateful(changes: Changes<'_>) -> TargetState {
    seen(
        WorkKind::StatefulSet,
        "live-k8s-statefulset-ordered-stuck",
        "live-k8s-revisions-of-statefulset",
        "live-k8s-pods-of-statefulset-stuck",
        changes,
    )
}

pub fn daemon(changes: Changes<'_>) -> TargetState {
    seen(
        WorkKind::DaemonSet,
        "live-k8s-daemonset-stuck",
        "live-k8s-revisions-of-daemonset",
        "live-k8s-pods-of-daemonset-stuck",
        changes,
    )
}
