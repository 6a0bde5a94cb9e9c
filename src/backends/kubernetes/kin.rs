//! What belongs to one target, read afresh for somebody who looks: its object, its sets or revisions, its pods. Says which
//! version a pod is of as far as the object itself tells. What may not be read is named and left out; judges nothing.

use super::client::{Clients, get_request, parse};
use super::dto::{self, HASH_LABEL, Listed, Meta, dto};
use super::lenient::{flag, int, list, maybe, object, text};
use super::watch::encoded;
use super::wire::pod_trouble;
use crate::core::id::TargetId;
use crate::core::world::evidence::Track;
use crate::core::world::source::{SourceError, Trouble};
use serde::Deserialize;
use serde_json::Value;
use std::sync::Arc;
use std::time::Duration;

/// Pods of one target that are looked at.
pub const PODS: usize = 500;
/// Template hash label of Deployments' sets and pods.
const APPS_HASH: &str = "pod-template-hash";
/// The same of StatefulSets and DaemonSets: the name of a ControllerRevision, or its hash.
const REVISION_HASH: &str = "controller-revision-hash";

dto!(Pod { metadata: Meta = "object", spec: Spec = "object", status: Status = "object" });
dto!(Spec {
    node_name: Option<Arc<str>> = "text",
    containers: Vec<Named> = "list",
});
dto!(Named {
    name: Option<Arc<str>> = "text",
});
dto!(Status {
    phase: Option<Arc<str>> = "text",
    reason: Option<Arc<str>> = "text",
    init_container_statuses: Vec<Container> = "list",
    container_statuses: Vec<Container> = "list",
});
dto!(Container {
    name: Option<Arc<str>> = "text",
    ready: bool = "flag",
    restart_count: Option<i64> = "int",
    state: State = "object",
    last_state: State = "object",
});
dto!(State {
    waiting: Option<Waiting> = "maybe",
    running: Option<Waiting> = "maybe",
    terminated: Option<Ended> = "maybe",
});
dto!(Waiting {
    reason: Option<Arc<str>> = "text",
});
dto!(Ended {
    reason: Option<Arc<str>> = "text",
    exit_code: Option<i64> = "int",
    signal: Option<i64> = "int",
    finished_at: Option<Arc<str>> = "text",
});

impl Pod {
    pub fn name(&self) -> Arc<str> {
        self.metadata.name.clone().unwrap_or_default()
    }

    /// Template hash, by whichever label its owner writes.
    pub fn hash(&self) -> Option<&Arc<str>> {
        [HASH_LABEL, APPS_HASH, REVISION_HASH].iter().find_map(|l| self.metadata.labels.get(l))
    }
}

/// One pod of the target with what was made of it.
#[derive(Debug)]
pub struct OwnPod {
    pub pod: Pod,
    /// Why it is not ready, as rows say it.
    pub trouble: Option<Arc<str>>,
    pub track: Track,
}

/// All of it.
#[derive(Debug, Default)]
pub struct Kin {
    pub object: Value,
    /// ReplicaSets or ControllerRevisions it owns (of Flagger: of the workload and of its primary), as the server wrote them.
    pub sets: Vec<Value>,
    pub pods: Vec<OwnPod>,
    /// What could not be read, with the right it needs.
    pub unread: Vec<Arc<str>>,
    /// Template hashes, as far as the object tells.
    pub stable: Option<Arc<str>>,
    pub candidate: Option<Arc<str>>,
}

/// The collection an object of this kind lies in; `None`: a kind nobody named. `kinds`: configured ones, as
/// `databases.example.org/v1`.
pub fn path_of(id: &TargetId, kinds: &[String]) -> Option<String> {
    let of = |group: &str, plural: &str| format!("/apis/{group}/namespaces/{}/{plural}/{}", id.namespace, id.name);
    Some(match &*id.kind {
        "Rollout" => of("argoproj.io/v1alpha1", "rollouts"),
        "Canary" => of("flagger.app/v1beta1", "canaries"),
        "Deployment" => of("apps/v1", "deployments"),
        "StatefulSet" => of("apps/v1", "statefulsets"),
        "DaemonSet" => of("apps/v1", "daemonsets"),
        other => {
            let word = other.to_lowercase();
            let stem = word.strip_suffix('y').unwrap_or(&word);
            let (plural, rest) = kinds.iter().filter_map(|k| k.split_once('.')).find(|(p, _)| p.starts_with(stem))?;
            of(rest, plural)
        }
    })
}

/// The object itself. Errors: it is gone, has another uid, or may not be read.
pub async fn object_of(c: &Clients, id: &TargetId, kinds: &[String], deadline: Duration) -> Result<Value, SourceError> {
    let Some(path) = path_of(id, kinds) else {
        let why = format!("objects of kind {} are not read by this source", id.kind);
        return Err(SourceError::new(Trouble::NotInThisVersion, why));
    };
    let v: Value = c.get(&c.watch, &path, deadline, &format!("read {}", id.name)).await?;
    match v.pointer("/metadata/uid").and_then(Value::as_str) {
        Some(uid) if *uid == *id.uid => Ok(v),
        _ => Err(SourceError::new(Trouble::NotFound, format!("{} is gone: another object has its name", id.name))),
    }
}

/// A failed part in one line: the right it needs where that is the reason.
pub fn unread(what: &str, verb: &str, namespace: &str, e: &SourceError) -> Arc<str> {
    match e.trouble {
        Trouble::Forbidden => format!("{what}: needs the right `{verb}` in {namespace}").into(),
        _ => format!("{what}: {}", e.sentence).into(),
    }
}

/// `a=b,c in (d,e)`: a label selector as a query writes it.
pub fn selector(object: &Value, at: &str) -> Option<String> {
    let s = object.pointer(at)?;
    let mut parts: Vec<String> = Vec::new();
    for (k, v) in s.get("matchLabels").and_then(Value::as_object).into_iter().flatten() {
        parts.push(format!("{k}={}", v.as_str()?));
    }
    for e in s.get("matchExpressions").and_then(Value::as_array).into_iter().flatten() {
        let key = e.get("key")?.as_str()?;
        let values: Vec<&str> =
            e.get("values").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str).collect();
        parts.push(match e.get("operator")?.as_str()? {
            "In" => format!("{key} in ({})", values.join(",")),
            "NotIn" => format!("{key} notin ({})", values.join(",")),
            "Exists" => key.to_owned(),
            "DoesNotExist" => format!("!{key}"),
            _ => return None,
        });
    }
    (!parts.is_empty()).then(|| parts.join(","))
}

/// What runs pods for the target: itself, or what Flagger drives.
struct Worker {
    kind: Arc<str>,
    uid: Arc<str>,
    selector: String,
    /// Flagger's primary serves, its target is the candidate.
    track: Option<Track>,
}

async fn workers(c: &Clients, id: &TargetId, object: &Value, deadline: Duration) -> Result<Vec<Worker>, SourceError> {
    let at = |p: &str| object.pointer(p).and_then(Value::as_str);
    if &*id.kind != "Canary" {
        let own = selector(object, "/spec/selector").or_else(|| {
            // With a workloadRef only the status has it; of blue/green it holds one version's hash, which goes.
            let all = at("/status/selector")?.split(',').filter(|p| !p.contains(HASH_LABEL));
            Some(all.collect::<Vec<_>>().join(",")).filter(|s| !s.is_empty())
        });
        let one = own.map(|selector| Worker { kind: id.kind.clone(), uid: id.uid.clone(), selector, track: None });
        return Ok(one.into_iter().collect());
    }
    let (kind, name) =
        (at("/spec/targetRef/kind").unwrap_or("Deployment"), at("/spec/targetRef/name").unwrap_or(&id.name));
    let plural = if kind == "DaemonSet" { "daemonsets" } else { "deployments" };
    let mut out = Vec::new();
    for (name, track) in [(name.to_owned(), Track::Candidate), (format!("{name}-primary"), Track::Stable)] {
        let path = format!("/apis/apps/v1/namespaces/{}/{plural}/{name}", id.namespace);
        match c.get::<Value>(&c.watch, &path, deadline, &format!("read {name}")).await {
            Ok(w) => {
                let uid = w.pointer("/metadata/uid").and_then(Value::as_str).unwrap_or_default();
                if let Some(selector) = selector(&w, "/spec/selector") {
                    out.push(Worker { kind: kind.into(), uid: uid.into(), selector, track: Some(track) });
                }
            }
            // Before Flagger made it, or after: nothing runs under that name.
            Err(e) if e.trouble == Trouble::NotFound => {}
            Err(e) => return Err(e),
        }
    }
    Ok(out)
}

fn owner(v: &Value) -> Option<&str> {
    let all = v.pointer("/metadata/ownerReferences")?.as_array()?;
    all.iter().find(|o| o.get("controller") == Some(&Value::Bool(true)))?.get("uid")?.as_str()
}

/// A set's template hash.
pub fn hash_of(set: &Value) -> Option<&str> {
    let labels = set.pointer("/metadata/labels")?;
    let label = [HASH_LABEL, APPS_HASH, REVISION_HASH].iter().find_map(|l| labels.get(*l)?.as_str());
    // A ControllerRevision of a StatefulSet: its pods carry its name.
    label.or_else(|| set.pointer("/metadata/name").and_then(Value::as_str))
}

/// The server's own number of a set: by annotation, of a ControllerRevision by its field.
pub fn number_of(set: &Value) -> u64 {
    let notes = set.pointer("/metadata/annotations");
    let noted = ["rollout.argoproj.io/revision", "deployment.kubernetes.io/revision"]
        .iter()
        .find_map(|k| notes?.get(*k)?.as_str()?.parse().ok());
    noted.or_else(|| set.get("revision").and_then(Value::as_u64)).unwrap_or(0)
}

/// Everything of one target. Errors: the object itself cannot be read.
pub async fn of(c: &Clients, id: &TargetId, kinds: &[String], deadline: Duration) -> Result<Kin, SourceError> {
    let object = object_of(c, id, kinds, deadline).await?;
    let mut kin = Kin { object, ..Kin::default() };
    let workers = match workers(c, id, &kin.object, deadline).await {
        Ok(w) => w,
        Err(e) => {
            kin.unread.push(unread("pods", "get deployments", &id.namespace, &e));
            return Ok(kin);
        }
    };
    if workers.is_empty() {
        kin.unread.push("pods: this object does not say which are its own".into());
        return Ok(kin);
    }
    for w in &workers {
        let (sets, pods) = futures::join!(sets(c, id, w, deadline), pods(c, id, w, deadline));
        match sets {
            Ok(all) => kin.sets.extend(all),
            Err((verb, e)) => kin.unread.push(unread("versions", verb, &id.namespace, &e)),
        }
        match pods {
            Ok(all) => kin.pods.extend(all.into_iter().map(|(pod, trouble)| (pod, trouble, w)).filter_map(
                |(pod, trouble, w)| {
                    let mine = pod.metadata.owner().is_some_and(|o| {
                        *o == w.uid
                            || kin.sets.iter().any(|s| s.pointer("/metadata/uid").and_then(Value::as_str) == Some(o))
                    });
                    // Without the sets nobody can say whose a pod is but its labels.
                    let mine = mine || kin.sets.is_empty();
                    mine.then(|| OwnPod { pod, trouble, track: w.track.unwrap_or(Track::Old) })
                },
            )),
            Err(e) => kin.unread.push(unread("pods", "list pods", &id.namespace, &e)),
        }
    }
    versions(id, &mut kin);
    let flagger = &*id.kind == "Canary";
    for p in kin.pods.iter_mut().filter(|_| !flagger) {
        let hash = p.pod.hash();
        p.track = match hash {
            Some(h) if kin.stable.as_ref() == Some(h) => Track::Stable,
            Some(h) if kin.candidate.as_ref() == Some(h) => Track::Candidate,
            // Nobody knows the versions: what runs is what serves.
            _ if kin.stable.is_none() => Track::Stable,
            _ => Track::Old,
        };
    }
    Ok(kin)
}

async fn sets(
    c: &Clients,
    id: &TargetId,
    w: &Worker,
    deadline: Duration,
) -> Result<Vec<Value>, (&'static str, SourceError)> {
    let (plural, verb) = match &*w.kind {
        "StatefulSet" | "DaemonSet" => ("controllerrevisions", "list controllerrevisions"),
        _ => ("replicasets", "list replicasets"),
    };
    let path = format!(
        "/apis/apps/v1/namespaces/{}/{plural}?labelSelector={}&limit={PODS}",
        id.namespace,
        encoded(&w.selector)
    );
    let what = format!("read the {plural} of {}", id.name);
    let mut list: Value = c.get(&c.watch, &path, deadline, &what).await.map_err(|e| (verb, e))?;
    let Some(Value::Array(items)) = list.get_mut("items").map(Value::take) else {
        return Err((verb, SourceError::new(Trouble::Shape, format!("to {what}: the answer is not a list"))));
    };
    Ok(items.into_iter().filter(|v| owner(v) == Some(&w.uid)).collect())
}

async fn pods(
    c: &Clients,
    id: &TargetId,
    w: &Worker,
    deadline: Duration,
) -> Result<Vec<(Pod, Option<Arc<str>>)>, SourceError> {
    let path = format!("/api/v1/namespaces/{}/pods?labelSelector={}&limit={PODS}", id.namespace, encoded(&w.selector));
    let what = format!("read the pods of {}", id.name);
    let bytes = c.call(&c.watch, get_request(&path)?, deadline, &what).await?;
    let all: Listed<Pod> = parse(&bytes, &what)?;
    // Why one is not ready is said by the same words as everywhere.
    let rows: Listed<dto::Pod> = parse(&bytes, &what)?;
    Ok(all.items.into_iter().zip(rows.items.iter().map(pod_trouble)).collect())
}

/// Which version is asked for and which is the last good one.
fn versions(id: &TargetId, kin: &mut Kin) {
    let at = |p: &str| kin.object.pointer(p).and_then(Value::as_str).filter(|s| !s.is_empty()).map(Arc::from);
    let (stable, candidate) = match &*id.kind {
        "Rollout" => (at("/status/stableRS"), at("/status/currentPodHash")),
        "StatefulSet" => (at("/status/currentRevision"), at("/status/updateRevision")),
        "Canary" => (None, None),
        _ => {
            // The newest is asked for; an older one that still has pods serves until it is gone.
            let mut all: Vec<&Value> = kin.sets.iter().collect();
            all.sort_by_key(|s| std::cmp::Reverse(number_of(s)));
            let newest = all.first().and_then(|s| hash_of(s)).map(Arc::from);
            let has_pods = |s: &&&Value| {
                let hash = hash_of(s);
                kin.pods.iter().any(|p| p.pod.hash().map(|h| &**h) == hash)
            };
            let older = all.iter().skip(1).find(has_pods).and_then(|s| hash_of(s)).map(Arc::from);
            (older.or_else(|| newest.clone()), newest)
        }
    };
    (kin.stable, kin.candidate) = (stable, candidate);
}

impl Kin {
    /// The set with this template hash.
    pub fn set(&self, hash: &str) -> Option<&Value> {
        self.sets.iter().find(|s| hash_of(s) == Some(hash))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn id(kind: &str) -> TargetId {
        TargetId {
            source: "eu-1".into(),
            namespace: "shop".into(),
            kind: kind.into(),
            name: "x".into(),
            uid: "u".into(),
        }
    }

    #[test]
    fn every_kind_has_its_collection_and_configured_ones_theirs() {
        let kinds = ["databases.example.org/v1".to_owned(), "policies.example.org/v2".to_owned()];
        let path = |kind: &str| path_of(&id(kind), &kinds);
        assert_eq!(path("Rollout").as_deref(), Some("/apis/argoproj.io/v1alpha1/namespaces/shop/rollouts/x"));
        assert_eq!(path("Canary").as_deref(), Some("/apis/flagger.app/v1beta1/namespaces/shop/canaries/x"));
        assert_eq!(path("Database").as_deref(), Some("/apis/example.org/v1/namespaces/shop/databases/x"));
        assert_eq!(path("Policy").as_deref(), Some("/apis/example.org/v2/namespaces/shop/policies/x"));
        assert_eq!(path("Secret"), None, "what nobody named is not read");
    }

    #[test]
    fn a_selector_is_written_as_a_query_reads_it() {
        let of = |v: Value| selector(&json!({"spec": {"selector": v}}), "/spec/selector");
        let both = json!({"matchLabels": {"app": "x"}, "matchExpressions": [
            {"key": "tier", "operator": "In", "values": ["a", "b"]}, {"key": "old", "operator": "DoesNotExist"}]});
        assert_eq!(of(both).as_deref(), Some("app=x,tier in (a,b),!old"));
        assert_eq!(of(json!({})), None, "no selector selects nothing here, not everything");
    }

    #[test]
    fn versions_are_told_by_the_object_and_of_a_deployment_by_its_sets() {
        let set = |hash: &str, n: &str| {
            json!({"metadata": {"labels": {"pod-template-hash": hash},
                                "annotations": {"deployment.kubernetes.io/revision": n}}})
        };
        let pod = |hash: &str| {
            let pod =
                serde_json::from_value(json!({"metadata": {"labels": {"pod-template-hash": hash}}})).expect("lenient");
            OwnPod { pod, trouble: None, track: Track::Old }
        };
        let mut kin = Kin { sets: vec![set("a", "1"), set("c", "3"), set("b", "2")], ..Kin::default() };
        kin.pods = vec![pod("c"), pod("a")];
        versions(&id("Deployment"), &mut kin);
        assert_eq!((kin.stable.as_deref(), kin.candidate.as_deref()), (Some("a"), Some("c")));
        kin.pods = vec![pod("c")];
        versions(&id("Deployment"), &mut kin);
        assert_eq!((kin.stable.as_deref(), kin.candidate.as_deref()), (Some("c"), Some("c")));
        kin.object = json!({"status": {"currentRevision": "x-1", "updateRevision": "x-2"}});
        versions(&id("StatefulSet"), &mut kin);
        assert_eq!(kin.candidate.as_deref(), Some("x-2"));
    }
}
