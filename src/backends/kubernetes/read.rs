//! One target as it is now, past every cache: the answer to `Query::Read`, with the objects a plan needs, sealed.

use super::apps::{self, dto::WorkKind};
use super::argo::beside::beside;
use super::around::Around;
use super::client::Clients;
use super::dto::{HASH_LABEL, Meta, ReplicaSet, Rollout};
use super::hands::{Field, last, without_hands};
use super::store::Store;
use super::watch::encoded;
use super::wire::{SetRow, set_row, target_state};
use crate::core::id::TargetId;
use crate::core::seal::Sealed;
use crate::core::time::Utc;
use crate::core::world::detail::Written;
use crate::core::world::fact::Fact;
use crate::core::world::source::{SourceError, Trouble};
use serde::Deserialize;
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
        let mut fact = apps::read::read(c, id, kind, now, deadline).await?;
        if let Fact::Target(t) = &mut fact {
            // Only the autoscalers are read: a paused ScaledObject has none.
            let store = store.lock().unwrap_or_else(PoisonError::into_inner);
            let keda = |kept: &Around<'_>| {
                let all = kept.scalers.iter().map(|s| s.scaler.clone());
                all.filter(|s| &*s.tool == "KEDA").collect::<Vec<_>>()
            };
            let read = &mut t.detail.scalers;
            for s in store.with_around(&id.uid, keda).unwrap_or_default() {
                if !read.iter().any(|r| r.tool == s.tool && r.name == s.name) {
                    read.push(s);
                }
            }
        }
        return Ok(fact);
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
    let (list, beside) =
        tokio::join!(c.get::<Value>(&c.acts, &path, deadline, &what), beside(c, &id.namespace, &rollout, deadline));
    let list = list?;
    let Some(Value::Array(items)) = list.get("items") else {
        return Err(SourceError::new(Trouble::Shape, format!("to {what}: the answer is not a list")));
    };
    let mut own: Vec<(SetRow, Value)> = items
        .iter()
        .filter_map(|v| {
            let dto: ReplicaSet = serde_json::from_value(v.clone()).ok()?;
            let row = set_row(&dto)?;
            (row.owner == id.uid).then(|| (row, without_hands(v.clone())))
        })
        .collect();
    // The same read gives the same bytes, whatever order the server has.
    own.sort_by(|a, b| a.0.hash.cmp(&b.0.hash));
    let dto: Rollout = serde_json::from_value(rollout.clone()).unwrap_or_default();
    let runs = beside.rows();
    let state = {
        let store = store.lock().unwrap_or_else(PoisonError::into_inner);
        let fresh = |kept: &Around<'_>| {
            // Its pods and what scales it are the watched ones: left out, they would seem gone until the next event.
            let around = Around {
                sets: own.iter().map(|(r, _)| r).collect(),
                troubles: store.troubles(),
                runs: runs.iter().collect(),
                pods: kept.pods.clone(),
                works: kept.works.clone(),
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
    // The object its template lives in, if it is another one.
    let home = beside.work.get("metadata").and_then(|m| Meta::deserialize(m).ok());
    if let Some(by) = home.and_then(|m| last(&m.managed_fields, Field::Template)) {
        let all = &mut state.detail.writers;
        all.push(Written { what: "spec.template".into(), by });
        all.sort_by_key(|w| std::cmp::Reverse(w.by.at));
    }
    rollout = without_hands(rollout);
    let work = without_hands(beside.work);
    let sets: Vec<Value> = own.into_iter().map(|(_, v)| v).collect();
    state.raw =
        Some(Sealed::new(json!({"rollout": rollout, "sets": sets, "runs": beside.runs, "work": work}).to_string()));
    Ok(Fact::Target(Box::new(state)))
}

/// The Rollout's own label selector, so that no other workload's ReplicaSets are read; only sets of rollouts.
fn selector(rollout: &Value) -> String {
    let labels = rollout.pointer("/spec/selector/matchLabels").and_then(Value::as_object);
    let mut parts: Vec<String> =
        labels.into_iter().flatten().filter_map(|(k, v)| Some(format!("{k}={}", v.as_str()?))).collect();
    parts.push(HASH_LABEL.to_owned());
    parts.join(",")
}
