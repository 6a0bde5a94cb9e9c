//! A simulated Rollout as the API server would show it, and a guarded JSON Patch carried out on it.
//! The patch is really applied to the object and really tested; what it changed is then taken over by the model.

use super::flagger;
use super::rollout::{ReplicaSet, Rollout};
use crate::core::act::plan::{Refused, RefusedBy};
use crate::core::id::Hash;
use crate::core::time::Utc;
use crate::core::world::target::Manager;
use serde_json::{Map, Value, json};

/// Which part of the object a request may change: a patch of one leaves the other as it is, without an error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part {
    Main,
    Status,
}

/// The pod template of a version, the same each time.
pub(super) fn template(r: &Rollout, s: &ReplicaSet) -> Value {
    json!({
        "metadata": {"labels": {"app": &*r.service.0}},
        "spec": {"containers": [{"name": &*r.service.0, "image": &*s.image}]},
    })
}

/// The Rollout alone.
pub(super) fn rollout(r: &Rollout) -> Value {
    let mut spec = Map::new();
    spec.insert("replicas".into(), r.replicas.into());
    if let Some(p) = r.paused {
        spec.insert("paused".into(), p.into());
    }
    if let Some(at) = r.restart_at {
        spec.insert("restartAt".into(), Utc(at).rfc3339().into());
    }
    let steps: Vec<Value> = r.steps.iter().map(|s| s.label.as_ref().into()).collect();
    let strategy = if r.blue_green {
        json!({"blueGreen": {"autoPromotionEnabled": false}})
    } else {
        json!({"canary": {"steps": steps}})
    };
    spec.insert("strategy".into(), strategy);
    if let Some(s) = r.set(&r.template) {
        spec.insert("template".into(), template(r, s));
    }
    let mut status = json!({
        "phase": r.phase.word(),
        "message": &*r.message,
        "observedGeneration": r.observed_generation.to_string(),
        "currentPodHash": r.current.as_str(),
        "stableRS": r.stable.as_str(),
    });
    let mut put = |key: &str, value: Option<Value>| {
        if let (Some(map), Some(value)) = (status.as_object_mut(), value) {
            map.insert(key.into(), value);
        }
    };
    put("currentStepIndex", (!r.blue_green).then(|| r.step.into()));
    let gate = |at: i64| json!([{"reason": r.gate_reason(), "startTime": Utc(at).rfc3339()}]);
    put("pauseConditions", r.gate.map(gate));
    put("controllerPause", r.controller_pause.then_some(Value::Bool(true)));
    put("abort", r.abort.map(Value::Bool));
    put("abortedAt", r.aborted_at.map(|at| at.rfc3339().into()));
    put("promoteFull", r.promote_full.map(Value::Bool));
    json!({
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "Rollout",
        "metadata": metadata(r),
        "spec": spec,
        "status": status,
    })
}

/// Of whichever object its controller goes by.
pub(super) fn metadata(r: &Rollout) -> Value {
    json!({
        "name": &*r.id.name,
        "namespace": &*r.id.namespace,
        "uid": &*r.id.uid,
        "generation": r.generation,
        "resourceVersion": r.resource_version.to_string(),
    })
}

/// The object that its controller goes by.
pub(super) fn whole(r: &Rollout) -> Value {
    if r.flagger.is_some() { flagger::canary(r) } else { rollout(r) }
}

/// What a read for an act carries: the Rollout, and each kept version's template by hash.
pub(super) fn raw(r: &Rollout) -> Value {
    let sets = r.sets.iter().map(|s| (s.hash.as_str().to_owned(), template(r, s)));
    json!({"rollout": whole(r), "templates": sets.collect::<Map<_, _>>()})
}

/// Carries out `patch` (a JSON Patch) at `now`. Returns whether the spec changed.
pub(super) fn apply(r: &mut Rollout, part: Part, patch: &str, manager: &str, now: Utc) -> Result<bool, Refused> {
    let Ok(Value::Array(ops)) = serde_json::from_str(patch) else {
        return Err(refused(RefusedBy::Other, 400, "the body is no JSON Patch"));
    };
    let mut object = whole(r);
    for op in &ops {
        // The server does not say which test failed; neither does this one.
        let unfit = "the server rejected our request due to an error in our request";
        step(&mut object, op).ok_or_else(|| refused(RefusedBy::Guard, 422, unfit))?;
    }
    let by = || Some(Manager { name: manager.into(), at: Some(now) });
    let flag = |at: &str| object.pointer(at).and_then(Value::as_bool);
    match part {
        Part::Main => {
            let wanted = object.pointer("/spec/template");
            let set = r.sets.iter().find(|s| Some(&template(r, s)) == wanted);
            let Some(hash) = set.map(|s| s.hash.clone()) else {
                return Err(refused(RefusedBy::Other, 422, "the drill has no version with this template"));
            };
            let paused = flag(if r.flagger.is_some() { "/spec/suspend" } else { "/spec/paused" });
            let restart = object.pointer("/spec/restartAt").and_then(Value::as_str).and_then(Utc::read).map(|at| at.0);
            let skips = r.flagger.as_mut().is_some_and(|f| f.skip_is(flag("/spec/skipAnalysis") == Some(true)));
            let changed = skips || paused != r.paused || hash != r.template || restart != r.restart_at;
            // Whatever time was asked for: what is there now is what is replaced.
            if restart != r.restart_at {
                r.restart_at = Some(now.0);
            }
            if paused != r.paused && paused == Some(true) {
                r.held_by = by();
            }
            (r.paused, r.template) = (paused, hash);
            r.generation += i64::from(changed);
            Ok(changed)
        }
        Part::Status if r.flagger.is_some() => {
            flagger::stored(r, &object);
            Ok(false)
        }
        Part::Status => {
            let abort = flag("/status/abort");
            if abort == Some(true) && r.abort != abort {
                r.aborted_by = by();
            }
            (r.abort, r.promote_full) = (abort, flag("/status/promoteFull"));
            if object.pointer("/status/pauseConditions/0").is_none() {
                r.gate = None;
            }
            if !r.blue_green {
                let index = object.pointer("/status/currentStepIndex").and_then(Value::as_u64);
                r.step = index.unwrap_or(0).min(r.steps.len() as u64) as u32;
            }
            Ok(false)
        }
    }
}

/// `status` 0: no answer of a server.
pub(super) fn refused(kind: RefusedBy, status: u16, why: &str) -> Refused {
    Refused { kind, status: (status > 0).then_some(status), why: why.into(), retry_after_ms: None }
}

/// One operation with the API server's reading: `test` of null passes where the key is absent and its parent there;
/// `replace` of a missing key works like `add`; `remove` of a missing key fails. `None`: it does not fit.
fn step(object: &mut Value, op: &Value) -> Option<()> {
    let path = op.get("path")?.as_str()?;
    let value = op.get("value").cloned().unwrap_or(Value::Null);
    let (parent, key) = path.rsplit_once('/')?;
    let parent = object.pointer_mut(parent)?;
    match op.get("op")?.as_str()? {
        "test" => {
            let there = match parent {
                Value::Array(a) => a.get(key.parse::<usize>().ok()?),
                Value::Object(m) => m.get(key),
                Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => return None,
            };
            (*there.unwrap_or(&Value::Null) == value).then_some(())
        }
        "add" | "replace" => {
            parent.as_object_mut()?.insert(key.into(), value);
            Some(())
        }
        "remove" => parent.as_object_mut()?.remove(key).map(|_| ()),
        _ => None,
    }
}

/// The template of a version as a read carried it.
pub(super) fn template_of(raw: &Value, hash: &Hash) -> Option<Value> {
    raw.get("templates")?.get(hash.as_str()).cloned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn operations_read_as_the_server_reads_them() {
        let fits = |op: Value| step(&mut json!({"a": {"n": 1, "no": false}, "l": [1]}), &op).is_some();
        assert!(fits(json!({"op": "test", "path": "/a/n", "value": 1})));
        assert!(!fits(json!({"op": "test", "path": "/a/n", "value": 2})));
        assert!(!fits(json!({"op": "test", "path": "/a/no", "value": null})), "absent is not false");
        assert!(fits(json!({"op": "test", "path": "/a/gone", "value": null})));
        assert!(!fits(json!({"op": "test", "path": "/gone/x", "value": null})));
        assert!(fits(json!({"op": "test", "path": "/l/0", "value": 1})));
        assert!(fits(json!({"op": "replace", "path": "/a/new", "value": 1})));
        assert!(!fits(json!({"op": "remove", "path": "/a/new"})));
        assert!(!fits(json!({"op": "frob", "path": "/a/n"})));
        assert!(!fits(json!({"path": "/a/n"})));
    }
}
