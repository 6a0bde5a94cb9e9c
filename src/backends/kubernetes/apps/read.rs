//! One plain workload as it is now, past every cache: itself, its ReplicaSets or ControllerRevisions, its pods and what
//! scales it, with the objects a plan needs, sealed.

use super::dto::{ControllerRevision, RevisionRow, Work, WorkKind, revision_row};
use super::wire::target_state;
use crate::backends::kubernetes::around::{Around, PodRow, ScalerRow};
use crate::backends::kubernetes::client::Clients;
use crate::backends::kubernetes::dto::{Pod, ReplicaSet};
use crate::backends::kubernetes::hands::without_hands;
use crate::backends::kubernetes::watch::encoded;
use crate::backends::kubernetes::wire::{SetRow, pod_trouble, set_row};
use crate::core::id::TargetId;
use crate::core::seal::Sealed;
use crate::core::time::Utc;
use crate::core::world::detail::Scaler;
use crate::core::world::fact::Fact;
use crate::core::world::source::{SourceError, Trouble};
use crate::core::world::target::{self, TargetState};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

/// One `Fact::Target` with `raw`, or `Fact::Gone` when the name is free or belongs to another uid.
pub async fn read(
    c: &Clients,
    id: &TargetId,
    kind: WorkKind,
    now: Utc,
    deadline: Duration,
) -> Result<Fact, SourceError> {
    let what = format!("read {}", id.name);
    let ns = &id.namespace;
    let path = format!("/apis/apps/v1/namespaces/{ns}/{}/{}", kind.resource(), id.name);
    let object: Value = match c.get(&c.acts, &path, deadline, &what).await {
        Ok(v) => v,
        Err(e) if e.trouble == Trouble::NotFound => return Ok(Fact::Gone(id.clone())),
        Err(e) => return Err(e),
    };
    let Some(uid) = object.pointer("/metadata/uid").and_then(Value::as_str) else {
        return Err(SourceError::new(Trouble::Shape, format!("to {what}: the answer is not a {}", kind.word())));
    };
    if uid != &*id.uid {
        return Ok(Fact::Gone(id.clone()));
    }
    let chosen = encoded(&selector(&object));
    let kept = match kind {
        WorkKind::Deployment => "replicasets",
        WorkKind::StatefulSet | WorkKind::DaemonSet => "controllerrevisions",
    };
    let kept_path = format!("/apis/apps/v1/namespaces/{ns}/{kept}?labelSelector={chosen}");
    let pods_path = format!("/api/v1/namespaces/{ns}/pods?labelSelector={chosen}");
    let hpa_path = format!("/apis/autoscaling/v2/namespaces/{ns}/horizontalpodautoscalers");
    let (kept_what, pods_what) = (format!("read the {kept} of {}", id.name), format!("read the pods of {}", id.name));
    let (kept, pods, hpas) = futures::join!(
        c.get::<Value>(&c.acts, &kept_path, deadline, &kept_what),
        c.get::<Value>(&c.acts, &pods_path, deadline, &pods_what),
        c.get::<Value>(&c.acts, &hpa_path, deadline, "read what scales it"),
    );
    let kept = items(kept?);
    // Without the right to list pods or autoscalers the way back still stands.
    let (pods, hpas) = (pods.map(items).unwrap_or_default(), hpas.map(items).unwrap_or_default());
    match state(id, kind, object, kept, &pods, &hpas, now) {
        Some(state) => Ok(Fact::Target(Box::new(state))),
        None => Err(SourceError::new(Trouble::Shape, format!("to {what}: another object drives it"))),
    }
}

fn items(mut list: Value) -> Vec<Value> {
    match list.get_mut("items").map(Value::take) {
        Some(Value::Array(a)) => a,
        _ => Vec::new(),
    }
}

/// The state from what was read. Pure: the same objects in any order give the same bytes.
pub fn state(
    id: &TargetId,
    kind: WorkKind,
    mut object: Value,
    kept: Vec<Value>,
    pods: &[Value],
    hpas: &[Value],
    now: Utc,
) -> Option<TargetState> {
    let work: Work = serde_json::from_value(object.clone()).ok()?;
    let mut sets: Vec<(SetRow, Value)> = Vec::new();
    let mut revisions: Vec<(RevisionRow, Value)> = Vec::new();
    for v in kept {
        match kind {
            WorkKind::Deployment => {
                let row = serde_json::from_value::<ReplicaSet>(v.clone()).ok().and_then(|s| set_row(&s));
                sets.extend(row.filter(|r| r.owner == id.uid).map(|r| (r, without_hands(v))));
            }
            WorkKind::StatefulSet | WorkKind::DaemonSet => {
                let row = serde_json::from_value::<ControllerRevision>(v.clone()).ok().and_then(|r| revision_row(&r));
                revisions.extend(row.filter(|r| r.owner == id.uid).map(|r| (r, without_hands(v))));
            }
        }
    }
    sets.sort_by(|a, b| a.0.hash.cmp(&b.0.hash));
    revisions.sort_by(|a, b| a.0.hash.cmp(&b.0.hash));
    let owners: Vec<&Arc<str>> = sets.iter().map(|(r, _)| &r.uid).chain([&id.uid]).collect();
    let mut pods: Vec<(PodRow, Value)> = pods
        .iter()
        .filter_map(|p| {
            let row = pod_row(p)?;
            let cut =
                json!({"name": row.name, "uid": p.pointer("/metadata/uid"), "hash": row.hash, "ready": row.ready});
            Some((row, cut))
        })
        .filter(|(row, _)| owners.contains(&&row.owner))
        .collect();
    pods.sort_by(|a, b| a.0.name.cmp(&b.0.name));
    let scalers: Vec<ScalerRow> = hpas.iter().filter_map(scaler_row).collect();
    let around = Around {
        sets: sets.iter().map(|(r, _)| r).collect(),
        troubles: troubles(pods.iter().map(|(p, _)| p)),
        pods: pods.iter().map(|(p, _)| p).collect(),
        revisions: revisions.iter().map(|(r, _)| r).collect(),
        scalers: scalers.iter().collect(),
        ..Around::default()
    };
    let mut state = target_state(&id.source, kind, &work, &around, now)?;
    object = without_hands(object);
    let raw = json!({
        "object": object,
        "sets": sets.into_iter().map(|(_, v)| v).collect::<Vec<_>>(),
        "revisions": revisions.into_iter().map(|(_, v)| v).collect::<Vec<_>>(),
        "pods": pods.into_iter().map(|(_, v)| v).collect::<Vec<_>>(),
    });
    state.raw = Some(Sealed::new(raw.to_string()));
    Some(state)
}

/// Reasons of pods by their owner's uid.
fn troubles<'a>(pods: impl Iterator<Item = &'a PodRow>) -> BTreeMap<Arc<str>, Vec<target::Trouble>> {
    let mut all: BTreeMap<Arc<str>, Vec<target::Trouble>> = BTreeMap::new();
    for p in pods {
        let Some(why) = &p.trouble else { continue };
        let of = all.entry(p.owner.clone()).or_default();
        match of.iter_mut().find(|t| t.reason == *why) {
            Some(t) => t.count += 1,
            None => of.push(target::Trouble { reason: why.clone(), count: 1 }),
        }
    }
    for of in all.values_mut() {
        of.sort_by(|a, b| (b.count, &a.reason).cmp(&(a.count, &b.reason)));
    }
    all
}

/// A pod that is not on its way out, as rows keep it.
fn pod_row(v: &Value) -> Option<PodRow> {
    let pod: Pod = serde_json::from_value(v.clone()).ok()?;
    let m = &pod.metadata;
    if m.deletion_timestamp.is_some() {
        return None;
    }
    let statuses = v.pointer("/status/containerStatuses").and_then(Value::as_array);
    let restarts: u64 = statuses.into_iter().flatten().filter_map(|c| c.get("restartCount")?.as_u64()).sum();
    let digest = statuses.and_then(|all| all.first()?.get("imageID")?.as_str()).filter(|d| d.contains("sha256:"));
    Some(PodRow {
        name: m.name.clone()?,
        owner: m.owner()?.clone(),
        hash: ["pod-template-hash", "controller-revision-hash"].iter().find_map(|k| m.labels.get(k)).cloned(),
        ready: pod
            .status
            .conditions
            .iter()
            .any(|c| c.r#type.as_deref() == Some("Ready") && c.status.as_deref() == Some("True")),
        restarts: u32::try_from(restarts).unwrap_or(u32::MAX),
        trouble: pod_trouble(&pod),
        digest: digest.map(|d| d.rsplit('@').next().unwrap_or(d).into()),
    })
}

/// A HorizontalPodAutoscaler; one that KEDA made for a ScaledObject says so in a label.
fn scaler_row(v: &Value) -> Option<ScalerRow> {
    let text = |p: &str| v.pointer(p).and_then(Value::as_str).map(Arc::<str>::from);
    let number = |p: &str| v.pointer(p).and_then(Value::as_u64).and_then(|n| u32::try_from(n).ok());
    let keda = text("/metadata/labels/scaledobject.keda.sh~1name");
    Some(ScalerRow {
        kind: text("/spec/scaleTargetRef/kind")?,
        target: text("/spec/scaleTargetRef/name")?,
        scaler: Scaler {
            tool: if keda.is_some() { "KEDA" } else { "HPA" }.into(),
            name: keda.or_else(|| text("/metadata/name"))?,
            min: number("/spec/minReplicas"),
            max: number("/spec/maxReplicas"),
            wants: number("/status/desiredReplicas"),
        },
    })
}

/// Its own selector in the form of a query. Pods and kept templates of another workload that match it too are told apart
/// by their owner.
fn selector(object: &Value) -> String {
    let labels = object.pointer("/spec/selector/matchLabels").and_then(Value::as_object);
    let mut parts: Vec<String> =
        labels.into_iter().flatten().filter_map(|(k, v)| Some(format!("{k}={}", v.as_str()?))).collect();
    let more = object.pointer("/spec/selector/matchExpressions").and_then(Value::as_array);
    parts.extend(more.into_iter().flatten().filter_map(|e| {
        let key = e.get("key")?.as_str()?;
        let values: Vec<&str> =
            e.get("values").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str).collect();
        Some(match e.get("operator")?.as_str()? {
            "In" => format!("{key} in ({})", values.join(",")),
            "NotIn" => format!("{key} notin ({})", values.join(",")),
            "Exists" => key.to_owned(),
            "DoesNotExist" => format!("!{key}"),
            _ => return None,
        })
    }));
    parts.join(",")
}
