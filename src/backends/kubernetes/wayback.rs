//! The answer to `Query::WayBack`: would the old version come up if somebody went back now? Read before it is needed. It
//! informs and refuses nothing. Names, times and sizes only: of a Secret nothing but its metadata is ever asked for.

use super::client::{Clients, get_request, parse};
use super::kin::{self, Kin, hash_of, number_of, unread};
use super::room::{Kept, quota};
use crate::core::age;
use crate::core::id::{Hash, TargetId};
use crate::core::time::Utc;
use crate::core::world::fact::Fact;
use crate::core::world::source::{SourceError, Trouble};
use crate::core::world::wayback::{Check, CheckState, WayBack};
use serde_json::Value;
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

/// ConfigMaps and Secrets of one template that are looked up; with the lists it makes twelve requests (limits.md section 5).
const LOOKED_UP: usize = 6;
/// Metadata of an object, never what it holds.
const METADATA: &str = "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1";

/// One `Fact::WayBack`. Errors: the object itself cannot be read.
pub async fn read(
    c: &Clients,
    id: &TargetId,
    kinds: &[String],
    kept: &Kept,
    now: Utc,
    deadline: Duration,
) -> Result<Fact, SourceError> {
    let kin = kin::of(c, id, kinds, deadline).await?;
    let back = Back::of(id, &kin);
    let mut checks = vec![old_revision(&kin, &back)];
    let Some(spec) = back.set.and_then(template) else {
        // Without its template nothing else can be said.
        return Ok(Fact::WayBack(WayBack { target: id.clone(), to: None, at: now, checks }));
    };
    let ns = &id.namespace;
    let get = async |path: String, what: &str| c.get::<Value>(&c.watch, &path, deadline, what).await;
    let (quotas, budgets, scalers) = futures::join!(
        get(format!("/api/v1/namespaces/{ns}/resourcequotas?limit=100"), "read the quotas"),
        get(format!("/apis/policy/v1/namespaces/{ns}/poddisruptionbudgets?limit=500"), "read the disruption budgets"),
        get(format!("/apis/autoscaling/v2/namespaces/{ns}/horizontalpodautoscalers?limit=500"), "read the autoscalers"),
    );
    checks.push(room(c, id, &kin, &back, spec, quotas, kept, deadline).await);
    let named = Named::of(spec);
    checks.push(pull_secret(c, ns, &named, deadline).await);
    checks.push(config(c, ns, &named, &back, now, deadline).await);
    checks.push(budget(ns, &kin, budgets));
    checks.push(autoscaler(id, &kin, &back, scalers));
    Ok(Fact::WayBack(WayBack { target: id.clone(), to: back.to.map(Hash), at: now, checks }))
}

fn check(name: &str, state: CheckState, how: impl Into<Arc<str>>) -> Check {
    Check { name: name.into(), state, how: how.into() }
}

/// What was refused or did not answer is not known, and says what it takes.
fn unknown(name: &str, what: &str, verb: &str, ns: &str, e: &SourceError) -> Check {
    check(name, CheckState::Unknown, unread(what, verb, ns, e))
}

/// Where going back goes, and what runs of it.
struct Back<'k> {
    set: Option<&'k Value>,
    /// Said only where the object itself names it: elsewhere the console knows as well.
    to: Option<Arc<str>>,
    ready: u32,
    wanted: u32,
    /// Pods of it that no node takes.
    unschedulable: u32,
    /// When it last got what it runs with: its newest pod, else the moment the next version took over.
    used: Option<Utc>,
}

fn created(v: &Value) -> Option<Utc> {
    v.pointer("/metadata/creationTimestamp")?.as_str().and_then(Utc::read)
}

impl<'k> Back<'k> {
    fn of(id: &TargetId, kin: &'k Kin) -> Back<'k> {
        let moving = kin.stable != kin.candidate && kin.stable.is_some();
        let stable = kin.stable.as_deref().and_then(|h| kin.set(h));
        let flagger = &*id.kind == "Canary";
        let set = if flagger {
            primary(kin)
        } else if moving {
            stable
        } else {
            // The newest of those made before the one that runs; of those of the same second, the lower number.
            let now = stable.or_else(|| kin.sets.iter().max_by_key(|s| number_of(s)));
            let key = |s: &Value| (created(s), number_of(s));
            let older = |s: &&Value| now.is_none_or(|n| key(s) < key(n));
            kin.sets.iter().filter(older).max_by_key(|s| key(s))
        };
        let hash = set.and_then(hash_of);
        let own = || kin.pods.iter().filter(move |p| p.pod.hash().map(|h| &**h) == hash);
        let is_ready = |p: &&kin::OwnPod| {
            let all = &p.pod.status.container_statuses;
            !all.is_empty() && all.iter().all(|c| c.ready) && p.pod.metadata.deletion_timestamp.is_none()
        };
        let count = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
        let newest_pod = own().filter_map(|p| p.pod.metadata.creation_timestamp.as_deref().and_then(Utc::read)).max();
        let next = kin.sets.iter().filter(|s| hash_of(s) != hash).filter_map(created).max();
        let replicas = kin.object.pointer("/spec/replicas").and_then(Value::as_u64);
        let per_node = kin.object.pointer("/status/desiredNumberScheduled").and_then(Value::as_u64);
        let wanted = per_node.or(replicas).and_then(|n| u32::try_from(n).ok());
        Back {
            set,
            to: (&*id.kind == "Rollout" && moving).then(|| hash.map(Arc::from)).flatten(),
            ready: count(own().filter(is_ready).count()),
            wanted: wanted.unwrap_or(if flagger { 0 } else { 1 }),
            unschedulable: count(own().filter(|p| p.trouble.as_deref() == Some("Unschedulable")).count()),
            used: newest_pod.or(next),
        }
    }

    /// Pods that would have to start.
    fn missing(&self) -> u32 {
        self.wanted.saturating_sub(self.ready)
    }
}

/// Flagger's primary: its newest set.
fn primary(kin: &Kin) -> Option<&Value> {
    let name =
        |s: &&Value| s.pointer("/metadata/name").and_then(Value::as_str).is_some_and(|n| n.contains("-primary-"));
    kin.sets.iter().filter(name).max_by_key(|s| number_of(s))
}

/// A pod spec of a set, or of a ControllerRevision, which holds it under data.
fn template(set: &Value) -> Option<&Value> {
    ["/spec/template/spec", "/data/spec/template/spec"].iter().find_map(|p| set.pointer(p)).filter(|s| s.is_object())
}

fn old_revision(kin: &Kin, back: &Back<'_>) -> Check {
    const NAME: &str = "old revision";
    if let Some(why) = kin.unread.iter().find(|u| u.starts_with("versions") || u.contains("does not say")) {
        return check(NAME, CheckState::Unknown, why.clone());
    }
    let limit = kin.object.pointer("/spec/revisionHistoryLimit").and_then(Value::as_u64).unwrap_or(10);
    let Some(set) = back.set else {
        return check(
            NAME,
            CheckState::Blocked,
            format!("no older revision is kept (limit {limit}): nothing to go back to"),
        );
    };
    let name = set.pointer("/metadata/name").and_then(Value::as_str).unwrap_or("unnamed");
    let pods = match (back.ready, back.wanted) {
        (0, 0) => "no pods wanted".into(),
        (0, n) => format!("none of {n} pods runs: they start anew"),
        (r, n) if r >= n => format!("{r} pods ready"),
        (r, n) => format!("{r} of {n} pods ready"),
    };
    let kept = if limit == 0 {
        ", but no old revision outlives its change (limit 0)".into()
    } else {
        format!(", limit {limit}")
    };
    let state = if limit == 0 { CheckState::Warn } else { CheckState::Ok };
    check(NAME, state, format!("kept in {name}, {pods}{kept}"))
}

#[expect(clippy::too_many_arguments, reason = "what it looks at was read side by side")]
async fn room(
    c: &Clients,
    id: &TargetId,
    kin: &Kin,
    back: &Back<'_>,
    spec: &Value,
    quotas: Result<Value, SourceError>,
    kept: &Kept,
    deadline: Duration,
) -> Check {
    const NAME: &str = "room";
    if kin.unread.iter().any(|u| u.starts_with("pods")) {
        return check(NAME, CheckState::Unknown, "its pods could not be read: not known how many would have to start");
    }
    let need = back.missing();
    if need == 0 {
        return check(
            NAME,
            CheckState::Ok,
            match back.ready {
                1 => "its one pod runs: none has to start".to_owned(),
                n => format!("its {n} pods run: none has to start"),
            },
        );
    }
    if back.unschedulable > 0 {
        let how = format!("no room: {} of its pods wait now and no node takes them", back.unschedulable);
        return check(NAME, CheckState::Warn, how);
    }
    let tight = match &quotas {
        Ok(q) => quota(q, spec).filter(|(n, _)| *n < need),
        Err(_) => None,
    };
    if let Some((n, which)) = tight {
        return check(NAME, CheckState::Warn, format!("{which} lets {n} of {need} pods start"));
    }
    match kept.room(c, deadline).await {
        Ok(room) => {
            let fits = room.fits(spec);
            if fits < need {
                return check(
                    NAME,
                    CheckState::Warn,
                    format!("no room: nodes have room for {fits} of {need} pods that must start"),
                );
            }
            if let Err(e) = &quotas {
                return unknown(
                    NAME,
                    &format!("nodes have room for {need} pods; quotas"),
                    "list resourcequotas",
                    &id.namespace,
                    e,
                );
            }
            check(
                NAME,
                CheckState::Ok,
                format!("{need} pods must start, nodes and quotas have room (affinity not looked at)"),
            )
        }
        Err(why) => check(NAME, CheckState::Unknown, format!("{need} pods must start; {why}")),
    }
}

/// What a template names.
#[derive(Debug, Default, PartialEq)]
struct Named {
    pull: BTreeSet<String>,
    /// (`configmaps` or `secrets`, name); optional ones are not in it: a pod starts without.
    config: BTreeSet<(&'static str, String)>,
}

impl Named {
    fn of(spec: &Value) -> Named {
        let mut out = Named::default();
        let text = |v: &Value, p: &str| v.pointer(p).and_then(Value::as_str).map(str::to_owned);
        let optional = |v: &Value, p: &str| v.pointer(p).and_then(|r| r.get("optional")) == Some(&Value::Bool(true));
        for s in spec.get("imagePullSecrets").and_then(Value::as_array).into_iter().flatten() {
            out.pull.extend(text(s, "/name"));
        }
        let mut take = |v: &Value, plural: &'static str, part: &str, name: &str| {
            if !optional(v, part) {
                out.config.extend(text(v, &format!("{part}/{name}")).map(|n| (plural, n)));
            }
        };
        for v in spec.get("volumes").and_then(Value::as_array).into_iter().flatten() {
            take(v, "configmaps", "/configMap", "name");
            take(v, "secrets", "/secret", "secretName");
            for s in v.pointer("/projected/sources").and_then(Value::as_array).into_iter().flatten() {
                take(s, "configmaps", "/configMap", "name");
                take(s, "secrets", "/secret", "name");
            }
        }
        for part in ["containers", "initContainers"] {
            for c in spec.get(part).and_then(Value::as_array).into_iter().flatten() {
                for e in c.get("env").and_then(Value::as_array).into_iter().flatten() {
                    take(e, "configmaps", "/valueFrom/configMapKeyRef", "name");
                    take(e, "secrets", "/valueFrom/secretKeyRef", "name");
                }
                for e in c.get("envFrom").and_then(Value::as_array).into_iter().flatten() {
                    take(e, "configmaps", "/configMapRef", "name");
                    take(e, "secrets", "/secretRef", "name");
                }
            }
        }
        // Every namespace has it; the server puts it in.
        out.config.remove(&("configmaps", "kube-root-ca.crt".to_owned()));
        out
    }
}

fn singular(plural: &str) -> &'static str {
    if plural == "secrets" { "Secret" } else { "ConfigMap" }
}

/// Metadata of one object. Errors: as the server says.
async fn metadata(c: &Clients, ns: &str, plural: &str, name: &str, deadline: Duration) -> Result<Value, SourceError> {
    let mut request = get_request(&format!("/api/v1/namespaces/{ns}/{plural}/{name}"))?;
    request.headers_mut().insert(http::header::ACCEPT, http::HeaderValue::from_static(METADATA));
    let what = format!("look for {} {name}", singular(plural));
    parse(&c.call(&c.watch, request, deadline, &what).await?, &what)
}

async fn pull_secret(c: &Clients, ns: &str, named: &Named, deadline: Duration) -> Check {
    const NAME: &str = "pull secret";
    if named.pull.is_empty() {
        return check(NAME, CheckState::Ok, "the old version names none");
    }
    let all = named.pull.iter().take(2);
    for name in all {
        match metadata(c, ns, "secrets", name, deadline).await {
            Ok(_) => {}
            Err(e) if e.trouble == Trouble::NotFound => {
                let how = format!("Secret {name} is gone: a node without the image cannot pull it");
                return check(NAME, CheckState::Warn, how);
            }
            Err(e) => return unknown(NAME, &format!("Secret {name}"), "get secrets", ns, &e),
        }
    }
    let names: Vec<&str> = named.pull.iter().map(String::as_str).collect();
    check(NAME, CheckState::Ok, format!("{} is there (whether it still works, only a pull tells)", names.join(", ")))
}

/// The newest write the server remembers of an object.
fn written(v: &Value) -> Option<Utc> {
    let all = v.pointer("/metadata/managedFields").and_then(Value::as_array);
    let times = all.into_iter().flatten().filter_map(|m| m.get("time")?.as_str().and_then(Utc::read));
    times.max().or_else(|| created(v))
}

async fn config(c: &Clients, ns: &str, named: &Named, back: &Back<'_>, now: Utc, deadline: Duration) -> Check {
    const NAME: &str = "config and secrets";
    if named.config.is_empty() {
        return check(NAME, CheckState::Ok, "the old version names no ConfigMap and no Secret");
    }
    let asked: Vec<&(&'static str, String)> = named.config.iter().take(LOOKED_UP).collect();
    let answers = asked.iter().map(|(plural, name)| metadata(c, ns, plural, name, deadline));
    let answers = futures::future::join_all(answers).await;
    let (mut gone, mut changed, mut dark) = (Vec::new(), Vec::new(), Vec::new());
    for ((plural, name), answer) in asked.iter().zip(answers) {
        let what = format!("{} {name}", singular(plural));
        match answer {
            Ok(v) => {
                // Newer than what the old version runs with: it would start with something else than it knew.
                if let (Some(at), Some(used)) = (written(&v), back.used)
                    && at > used
                {
                    changed.push(format!("{what} changed {} ago", age::age(now.since(at))));
                }
            }
            Err(e) if e.trouble == Trouble::NotFound => gone.push(what),
            Err(e) => dark.push(unread(&what, &format!("get {plural}"), ns, &e).to_string()),
        }
    }
    let more = named.config.len().saturating_sub(LOOKED_UP);
    if !gone.is_empty() {
        // Pods that run have read it; those that must start cannot.
        let state = if back.missing() > 0 { CheckState::Blocked } else { CheckState::Warn };
        return check(NAME, state, format!("gone: {}; pods that start need it", gone.join(", ")));
    }
    if !changed.is_empty() {
        return check(NAME, CheckState::Warn, format!("{}, after the old version last started", changed.join(", ")));
    }
    if !dark.is_empty() {
        return check(NAME, CheckState::Unknown, dark.join("; "));
    }
    if more > 0 {
        return check(
            NAME,
            CheckState::Unknown,
            format!("{LOOKED_UP} are as they were, {more} more were not looked at"),
        );
    }
    check(NAME, CheckState::Ok, format!("all {} are there, unchanged since the old version last started", asked.len()))
}

/// Does a selector fit these labels? An empty one fits everything (policy/v1).
fn fits(selector: Option<&Value>, labels: &Value) -> bool {
    let Some(s) = selector else { return false };
    let pairs = s.get("matchLabels").and_then(Value::as_object).into_iter().flatten();
    let all = pairs.into_iter().all(|(k, v)| labels.get(k) == Some(v));
    let each = s.get("matchExpressions").and_then(Value::as_array).into_iter().flatten().all(|e| {
        let key = e.get("key").and_then(Value::as_str).unwrap_or_default();
        let (have, values) = (labels.get(key), e.get("values").and_then(Value::as_array));
        let within = have.is_some_and(|h| values.is_some_and(|v| v.contains(h)));
        match e.get("operator").and_then(Value::as_str).unwrap_or_default() {
            "In" => within,
            "NotIn" => !within,
            "Exists" => have.is_some(),
            "DoesNotExist" => have.is_none(),
            _ => false,
        }
    });
    all && each
}

fn budget(ns: &str, kin: &Kin, budgets: Result<Value, SourceError>) -> Check {
    const NAME: &str = "disruption budget";
    let budgets = match budgets {
        Ok(b) => b,
        Err(e) => return unknown(NAME, "budgets", "list poddisruptionbudgets", ns, &e),
    };
    let null = Value::Null;
    let labels = kin.object.pointer("/spec/template/metadata/labels").unwrap_or(&null);
    let all = budgets.get("items").and_then(Value::as_array);
    let own: Vec<&Value> = all.into_iter().flatten().filter(|b| fits(b.pointer("/spec/selector"), labels)).collect();
    let name = |b: &Value| b.pointer("/metadata/name").and_then(Value::as_str).unwrap_or("unnamed").to_owned();
    let allowed = |b: &Value| b.pointer("/status/disruptionsAllowed").and_then(Value::as_i64).unwrap_or(0);
    if let Some(b) = own.iter().find(|b| allowed(b) <= 0) {
        let how = format!("{} allows no disruption now: no pod can be moved to make room", name(b));
        return check(NAME, CheckState::Warn, how);
    }
    match own.first() {
        Some(b) => check(NAME, CheckState::Ok, format!("{} allows {} disruptions now", name(b), allowed(b))),
        None => check(NAME, CheckState::Ok, "none is about its pods"),
    }
}

fn autoscaler(id: &TargetId, kin: &Kin, back: &Back<'_>, scalers: Result<Value, SourceError>) -> Check {
    const NAME: &str = "autoscaler";
    let scalers = match scalers {
        Ok(s) => s,
        Err(e) => return unknown(NAME, "autoscalers", "list horizontalpodautoscalers", &id.namespace, &e),
    };
    let at = |v: &Value, p: &str| v.pointer(p).and_then(Value::as_str).map(str::to_owned);
    // Flagger's workload and a Rollout's reference are scaled under their own names.
    let mut names = vec![(id.kind.to_string(), id.name.to_string())];
    for part in ["/spec/targetRef", "/spec/workloadRef"] {
        let (kind, name) = (at(&kin.object, &format!("{part}/kind")), at(&kin.object, &format!("{part}/name")));
        names.extend(kind.zip(name));
    }
    let own = scalers.get("items").and_then(Value::as_array).into_iter().flatten().find(|s| {
        let (kind, name) = (at(s, "/spec/scaleTargetRef/kind"), at(s, "/spec/scaleTargetRef/name"));
        kind.zip(name).is_some_and(|n| names.contains(&n))
    });
    let Some(s) = own else { return check(NAME, CheckState::Ok, "none scales it") };
    let name = at(s, "/metadata/name").unwrap_or_default();
    let number = |p: &str| s.pointer(p).and_then(Value::as_u64);
    let (min, max) = (number("/spec/minReplicas").unwrap_or(1), number("/spec/maxReplicas").unwrap_or(0));
    if max < u64::from(back.wanted) {
        let how =
            format!("{name} keeps at most {max} pods, {} are wanted: it scales down while you go back", back.wanted);
        return check(NAME, CheckState::Warn, how);
    }
    check(NAME, CheckState::Ok, format!("{name} keeps {min} to {max} pods of whichever version is asked for"))
}

#[cfg(test)]
#[path = "wayback_tests.rs"]
mod tests;
