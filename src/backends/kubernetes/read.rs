//! One target as it is now, past every cache: the answer to `Query::Read`, with the objects a plan needs, sealed.

use super::apps::{self, dto::WorkKind};
use super::around::Around;
use super::client::Clients;
use super::dto::{HASH_LABEL, ReplicaSet, Rollout};
use super::store::Store;
use super::watch::encoded;
use super::wire::{SetRow, managers, set_row, target_state};
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
    if let Some(kind) = WorkKind::from_word(&id.kind) {
        return apps::read::read(c, id, kind, now, deadline).await;
    }
    if &*id.kind == super::flagger::wire::KIND {
        return super::flagger::read::read(c, id, store, now, deadline).await;
    }
    let what = format!("read {}", id.name);
    let path = format!("/apis/argoproj.io/v1alpha1/namespaces/{}/rollouts/{}", id.namespace, id.name);
    let mut rollout: Value = match c.get(&c.acts, &path, deadline, &what).await {
        Ok(v) => v,
        Err(e) if e.trouble == Trouble::NotFound => return Ok(Fact::Gone(id.clone())),
        Err(e) => return Err(e),
    };
    let uid = rollout.pointer("/metadata/uid").and_then(Value::as_str);
    if uid.is_none() {
        return Err(SourceError::new(Trouble::Shape, format!("to {what}: the answer is not a Rollout")));
    }
    if uid != Some(&id.uid) {
        return Ok(Fact::Gone(id.clone()));
    }
    let what = format!("read the replicasets of {}", id.name);
    let path =
        format!("/apis/apps/v1/namespaces/{}/replicasets?labelSelector={}", id.namespace, encoded(&selector(&rollout)));
    let list: Value = c.get(&c.acts, &path, deadline, &what).await?;
    let Some(Value::Array(items)) = list.get("items") else {
        return Err(SourceError::new(Trouble::Shape, format!("to {what}: the answer is not a list")));
    };
    let mut own: Vec<(SetRow, Value)> = items
        .iter()
        .filter_map(|v| {
            let dto: ReplicaSet = serde_json::from_value(v.clone()).ok()?;
            let row = set_row(&dto)?;
            (row.owner == id.uid).then(|| (row, without_fields(v.clone())))
        })
        .collect();
    // The same read gives the same bytes, whatever order the server has.
    own.sort_by(|a, b| a.0.hash.cmp(&b.0.hash));
    let dto: Rollout = serde_json::from_value(rollout.clone()).unwrap_or_default();
    let troubles = store.lock().unwrap_or_else(PoisonError::into_inner).troubles();
    let around = Around { sets: own.iter().map(|(r, _)| r).collect(), troubles, ..Around::default() };
    let Some(mut state) = target_state(&id.source, &dto, &around, now) else {
        return Err(SourceError::new(Trouble::Shape, format!("to read {}: it has no name", id.name)));
    };
    (state.held_by, state.aborted_by) = managers(&rollout);
    state.held_by = state.held_by.filter(|_| state.held);
    state.aborted_by = state.aborted_by.filter(|_| state.aborted);
    rollout = without_fields(rollout);
    let sets: Vec<Value> = own.into_iter().map(|(_, v)| v).collect();
    state.raw = Some(Sealed::new(json!({"rollout": rollout, "sets": sets}).to_string()));
    Ok(Fact::Target(Box::new(state)))
}

/// The object without what only the server's bookkeeping needs; often half of it.
fn without_fields(mut v: Value) -> Value {
    if let Some(m) = v.get_mut("metadata").and_then(Value::as_object_mut) {
        m.remove("managedFields");
    }
    v
}

/// The Rollout's own label selector, so that no other workload's ReplicaSets are read; only sets of rollouts.
fn selector(rollout: &Value) -> String {
    let labels = rollout.pointer("/spec/selector/matchLabels").and_then(Value::as_object);
    let mut parts: Vec<String> =
        labels.into_iter().flatten().filter_map(|(k, v)| Some(format!("{k}={}", v.as_str()?))).collect();
    parts.push(HASH_LABEL.to_owned());
    parts.join(",")
}
