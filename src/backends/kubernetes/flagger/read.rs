//! One Canary as it is now, with its target, its primary and their ReplicaSets: what `plan` is made from.
//! A workload that may not be read is left out; any other failure is the read's own.

use super::dto::Canary;
use super::wire::target_state;
use crate::backends::kubernetes::apps::dto::Work;
use crate::backends::kubernetes::around::Around;
use crate::backends::kubernetes::client::Clients;
use crate::backends::kubernetes::dto::{Listed, ReplicaSet};
use crate::backends::kubernetes::hands::without_hands;
use crate::backends::kubernetes::store::Store;
use crate::backends::kubernetes::watch::encoded;
use crate::backends::kubernetes::wire::{SetRow, set_row};
use crate::core::id::TargetId;
use crate::core::seal::Sealed;
use crate::core::time::Utc;
use crate::core::world::fact::Fact;
use crate::core::world::source::{SourceError, Trouble};
use serde_json::{Value, json};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// One `Fact::Target` with `raw`, or `Fact::Gone` when the name is free or belongs to another uid.
pub async fn read(
    c: &Clients,
    id: &TargetId,
    store: &Mutex<Store>,
    now: Utc,
    deadline: Duration,
) -> Result<Fact, SourceError> {
    let ns = &id.namespace;
    let what = format!("read {}", id.name);
    let all = format!("/apis/flagger.app/v1beta1/namespaces/{ns}/canaries");
    let object: Value = match c.get(&c.acts, &format!("{all}/{}", id.name), deadline, &what).await {
        Ok(v) => v,
        Err(e) if e.trouble == Trouble::NotFound => return Ok(Fact::Gone(id.clone())),
        Err(e) => return Err(e),
    };
    match object.pointer("/metadata/uid").and_then(Value::as_str) {
        None => return Err(SourceError::new(Trouble::Shape, format!("to {what}: the answer is not a Canary"))),
        Some(uid) if *uid != *id.uid => return Ok(Fact::Gone(id.clone())),
        Some(_) => {}
    }
    let dto: Canary = serde_json::from_value(object.clone()).unwrap_or_default();
    let name = dto.spec.target_ref.name.clone().unwrap_or_default();
    let plural = match dto.spec.target_ref.kind.as_deref() {
        Some("DaemonSet") => Some("daemonsets"),
        Some("Deployment") | None => Some("deployments"),
        Some(_) => None,
    };
    let work = async |name: String| -> Result<Option<Value>, SourceError> {
        let Some(plural) = plural else { return Ok(None) };
        let path = format!("/apis/apps/v1/namespaces/{ns}/{plural}/{name}");
        absent(c.get(&c.acts, &path, deadline, &format!("read {name}")).await)
    };
    let rivals = async {
        // Advisory: a list that fails takes nothing from the read.
        c.get::<Listed<Canary>>(&c.acts, &all, deadline, "read the canaries beside it").await.map(|l| l.items)
    };
    let (target, primary, rivals) = futures::join!(work(name.to_string()), work(format!("{name}-primary")), rivals);
    let works: Vec<Value> = [target?, primary?].into_iter().flatten().collect();
    let lists = futures::future::join_all(works.iter().map(|w| sets(c, ns, w, deadline))).await;
    let mut own: Vec<(SetRow, Value)> = Vec::new();
    for list in lists {
        own.extend(list?);
    }
    // The same read gives the same bytes, whatever order the server has.
    own.sort_by(|a, b| (&a.0.owner, &a.0.hash).cmp(&(&b.0.owner, &b.0.hash)));
    let dtos: Vec<Work> = works.iter().filter_map(|w| serde_json::from_value(w.clone()).ok()).collect();
    let rivals = rivals.unwrap_or_default();
    let state = {
        let store = store.lock().unwrap_or_else(PoisonError::into_inner);
        let fresh = |kept: &Around<'_>| {
            // Pods and what scales them are the watched ones: left out, they would seem gone until the next event.
            let around = Around {
                sets: own.iter().map(|(row, _)| row).collect(),
                troubles: store.troubles(),
                works: dtos.iter().collect(),
                canaries: rivals.iter().collect(),
                pods: kept.pods.clone(),
                scalers: kept.scalers.clone(),
                ..Around::default()
            };
            target_state(&id.source, &dto, &around, now)
        };
        store.with_around(&id.uid, fresh).unwrap_or_else(|| fresh(&Around::default()))
    };
    let Some(mut state) = state else {
        return Err(SourceError::new(Trouble::Shape, format!("to read {}: it has no name", id.name)));
    };
    let works: Vec<Value> = works.into_iter().map(without_hands).collect();
    let sets: Vec<Value> = own.into_iter().map(|(_, v)| v).collect();
    state.raw = Some(Sealed::new(json!({"object": without_hands(object), "sets": sets, "works": works}).to_string()));
    Ok(Fact::Target(Box::new(state)))
}

/// What is not there, or not for us to see, is absent.
fn absent(read: Result<Value, SourceError>) -> Result<Option<Value>, SourceError> {
    match read {
        Ok(v) => Ok(Some(v)),
        Err(e) if matches!(e.trouble, Trouble::NotFound | Trouble::Forbidden) => Ok(None),
        Err(e) => Err(e),
    }
}

/// The ReplicaSets a workload controls.
async fn sets(c: &Clients, ns: &str, work: &Value, deadline: Duration) -> Result<Vec<(SetRow, Value)>, SourceError> {
    let uid = work.pointer("/metadata/uid").and_then(Value::as_str).unwrap_or("");
    let labels = work.pointer("/spec/selector/matchLabels").and_then(Value::as_object);
    let parts: Vec<String> =
        labels.into_iter().flatten().filter_map(|(k, v)| Some(format!("{k}={}", v.as_str()?))).collect();
    let path = format!("/apis/apps/v1/namespaces/{ns}/replicasets?labelSelector={}", encoded(&parts.join(",")));
    let list = absent(c.get(&c.acts, &path, deadline, "read the replicasets of its target").await)?;
    let Some(Value::Array(items)) = list.and_then(|mut l| l.get_mut("items").map(Value::take)) else {
        return Ok(Vec::new());
    };
    let row = |v: Value| {
        let row = set_row(&serde_json::from_value::<ReplicaSet>(v.clone()).ok()?)?;
        (*row.owner == *uid).then(|| (row, without_hands(v)))
    };
    Ok(items.into_iter().filter_map(row).collect())
}
