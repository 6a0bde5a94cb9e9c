//! Events of one target's objects: which of them matter, folded, newest first; and what they say of probes.

use super::argo::phase::utc;
use super::client::Clients;
use super::dto::{Listed, Meta, dto};
use super::kin::{Kin, hash_of};
use super::lenient::{int, maybe, object, text};
use super::watch::encoded;
use crate::core::id::TargetId;
use crate::core::redact;
use crate::core::time::Utc;
use crate::core::world::evidence::{Event, Instance, Track};
use crate::core::world::source::SourceError;
use crate::core::world::target::Trouble;
use serde::Deserialize;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

/// Events of one question to the server.
const PAGE: usize = 500;
/// Objects asked for one by one where a namespace has more events than a page.
const ONE_BY_ONE: usize = 10;
/// Events that are told.
const TOLD: usize = 40;

dto!(EventDto {
    metadata: Meta = "object",
    involved_object: Involved = "object",
    reason: Option<Arc<str>> = "text",
    message: Option<Arc<str>> = "text",
    r#type: Option<Arc<str>> = "text",
    count: Option<i64> = "int",
    series: Option<Series> = "maybe",
    event_time: Option<Arc<str>> = "text",
    first_timestamp: Option<Arc<str>> = "text",
    last_timestamp: Option<Arc<str>> = "text",
});
dto!(Involved {
    kind: Option<Arc<str>> = "text",
    name: Option<Arc<str>> = "text",
    uid: Option<Arc<str>> = "text",
});
dto!(Series {
    count: Option<i64> = "int",
    last_observed_time: Option<Arc<str>> = "text",
});

impl EventDto {
    /// When it was last seen. Written by the newer API it has no timestamps but its own.
    pub fn at(&self) -> Option<Utc> {
        let series = self.series.as_ref().and_then(|s| utc(s.last_observed_time.as_ref()));
        series
            .or_else(|| utc(self.last_timestamp.as_ref()))
            .or_else(|| utc(self.event_time.as_ref()))
            .or_else(|| utc(self.first_timestamp.as_ref()))
            .or_else(|| utc(self.metadata.creation_timestamp.as_ref()))
    }

    fn times(&self) -> u32 {
        let n = self.series.as_ref().and_then(|s| s.count).or(self.count).unwrap_or(1);
        u32::try_from(n.max(1)).unwrap_or(u32::MAX)
    }

    fn is_warning(&self) -> bool {
        self.r#type.as_deref() == Some("Warning")
    }
}

/// The events of the target, its sets and its pods. Errors: they may not be read.
pub async fn read(c: &Clients, id: &TargetId, kin: &Kin, deadline: Duration) -> Result<Vec<EventDto>, SourceError> {
    let what = format!("read the events of {}", id.name);
    let base = format!("/api/v1/namespaces/{}/events?limit={PAGE}", id.namespace);
    let all: Listed<EventDto> = c.get(&c.watch, &base, deadline, &what).await?;
    let own = uids(id, kin);
    if all.metadata.r#continue.as_deref().is_none_or(str::is_empty) {
        return Ok(all.items.into_iter().filter(|e| is_own(e, &own)).collect());
    }
    // More than a page in this namespace: those that count are asked for by name.
    let of = |uid: &str| format!("{base}&fieldSelector={}", encoded(&format!("involvedObject.uid={uid}")));
    let mut asked: Vec<&str> = vec![&id.uid];
    let hashes: Vec<&str> = kin.candidate.iter().chain(&kin.stable).map(|h| &**h).collect();
    asked.extend(hashes.iter().filter_map(|h| kin.set(h)?.pointer("/metadata/uid")?.as_str()));
    let bad = kin.pods.iter().filter(|p| p.trouble.is_some());
    asked.extend(bad.filter_map(|p| p.pod.metadata.uid.as_deref()));
    let paths: Vec<String> = asked.into_iter().take(ONE_BY_ONE).map(of).collect();
    let answers =
        futures::future::join_all(paths.iter().map(|p| c.get::<Listed<EventDto>>(&c.watch, p, deadline, &what)));
    let mut out = Vec::new();
    for a in answers.await {
        out.extend(a?.items);
    }
    Ok(out)
}

fn uids(id: &TargetId, kin: &Kin) -> BTreeSet<Arc<str>> {
    let sets = kin.sets.iter().filter_map(|s| s.pointer("/metadata/uid")?.as_str()).map(Arc::from);
    let pods = kin.pods.iter().filter_map(|p| p.pod.metadata.uid.clone());
    std::iter::once(id.uid.clone()).chain(sets).chain(pods).collect()
}

fn is_own(e: &EventDto, own: &BTreeSet<Arc<str>>) -> bool {
    e.involved_object.uid.as_ref().is_some_and(|u| own.contains(u))
}

/// Worth a look in an incident: warnings, and what the controllers did to the rollout. Ordinary lives of pods are not.
fn matters(e: &EventDto) -> bool {
    let reason = e.reason.as_deref().unwrap_or_default();
    if e.is_warning() {
        return true;
    }
    match e.involved_object.kind.as_deref().unwrap_or_default() {
        // A kubelet that restarts a container says so as an ordinary event.
        "Pod" => matches!(reason, "Killing" | "Preempting" | "Preempted" | "Evicted" | "TaintManagerEviction"),
        "ReplicaSet" | "ControllerRevision" => false,
        _ => {
            let noise = ["RolloutAddedToInformer", "CreatingCanaryIngress", "PatchingCanaryIngress", "SwitchService"];
            !noise.contains(&reason)
        }
    }
}

/// What an event is about, to fold by: three words.
type What = (Arc<str>, Arc<str>, Arc<str>);

/// What matters of them, newest first. The same trouble of several pods of one version is one line.
pub fn told(events: &[EventDto], kin: &Kin) -> Vec<Event> {
    let version = |name: &str| {
        let pod = kin.pods.iter().find(|p| p.pod.metadata.name.as_deref() == Some(name))?;
        pod.pod.hash().cloned()
    };
    let mut folded: BTreeMap<What, (Event, BTreeSet<Arc<str>>)> = BTreeMap::new();
    for e in events.iter().filter(|e| matters(e)) {
        let kind = e.involved_object.kind.clone().unwrap_or_default();
        let name = e.involved_object.name.clone().unwrap_or_default();
        let reason = e.reason.clone().unwrap_or_default();
        let hash = if &*kind == "Pod" { version(&name) } else { None };
        // Pods of one version that say the same; anything else stands by itself.
        let key = match &hash {
            Some(h) => (kind.clone(), reason.clone(), h.clone()),
            None => {
                (kind.clone(), reason.clone(), format!("{name} {}", e.message.as_deref().unwrap_or_default()).into())
            }
        };
        let note: Arc<str> = redact::clean(e.message.as_deref().unwrap_or_default()).into_owned().into();
        let one = Event {
            at: e.at(),
            warning: e.is_warning(),
            reason,
            object: format!("{kind} {name}").into(),
            note,
            count: e.times(),
        };
        match folded.get_mut(&key) {
            None => {
                folded.insert(key, (one, BTreeSet::from([name])));
            }
            Some((held, names)) => {
                names.insert(name);
                held.count = held.count.saturating_add(one.count);
                if one.at > held.at {
                    (held.at, held.note, held.object) = (one.at, one.note, one.object);
                }
            }
        }
    }
    let many = |(mut e, names): (Event, BTreeSet<Arc<str>>)| {
        if names.len() > 1 {
            e.object = format!("{} pods, last {}", names.len(), e.object.trim_start_matches("Pod ")).into();
        }
        e
    };
    let mut all: Vec<Event> = folded.into_values().map(many).collect();
    all.sort_by(|a, b| (b.at, &a.reason, &a.object).cmp(&(a.at, &b.reason, &b.object)));
    all.truncate(TOLD);
    all
}

const KINDS: [&str; 3] = ["Liveness", "Readiness", "Startup"];

/// How often, on which pods, when last, and in which words.
type Failing = (u32, BTreeSet<Arc<str>>, Option<Utc>, Arc<str>);

/// Failing probes of each pod, by kind, into the instances; and in a sentence for each kind and track.
pub fn probes(events: &[EventDto], instances: &mut [Instance]) -> Vec<Arc<str>> {
    let mut said: BTreeMap<(Track, &str), Failing> = BTreeMap::new();
    for e in events.iter().filter(|e| e.reason.as_deref() == Some("Unhealthy")) {
        let message = e.message.as_deref().unwrap_or_default();
        let Some(kind) = KINDS.into_iter().find(|k| message.starts_with(k)) else { continue };
        let name = e.involved_object.name.as_deref().unwrap_or_default();
        let Some(i) = instances.iter_mut().find(|i| *i.name == *name) else { continue };
        match i.probes.iter_mut().find(|t| *t.reason == *kind) {
            Some(t) => t.count = t.count.saturating_add(e.times()),
            None => i.probes.push(Trouble { reason: kind.into(), count: e.times() }),
        }
        let (count, names, at, note) = said.entry((i.track, kind)).or_default();
        *count = count.saturating_add(e.times());
        names.insert(i.name.clone());
        if e.at() >= *at {
            *at = e.at();
            let why = message.split_once(": ").map_or(message, |(_, why)| why);
            *note = redact::clean(why.trim()).chars().take(120).collect::<String>().into();
        }
    }
    for i in instances.iter_mut() {
        // Running and not ready: its readiness probe is why, where it says so.
        if i.why.as_deref() == Some("NotReady") && i.probes.iter().any(|t| &*t.reason == "Readiness") {
            i.why = Some("Readiness probe".into());
        }
    }
    let pods = |n: usize| if n == 1 { "1 pod".to_owned() } else { format!("{n} pods") };
    said.into_iter()
        .map(|((track, kind), (count, names, _, note))| {
            format!("{kind} failed {count}x on {} of {}: {note}", pods(names.len()), track.word()).into()
        })
        .collect()
}

/// Probes that differ between the two versions' templates: a change of the probe is easily taken for a change of the program.
pub fn changed_probes(kin: &Kin) -> Vec<Arc<str>> {
    let (Some(new), Some(old)) = (kin.candidate.as_deref(), kin.stable.as_deref()) else { return Vec::new() };
    if new == old {
        return Vec::new();
    }
    let containers = |hash: &str| {
        let set = kin.sets.iter().find(|s| hash_of(s) == Some(hash))?;
        // A ControllerRevision holds its template under data.
        let at = ["/spec/template/spec/containers", "/data/spec/template/spec/containers"];
        at.iter().find_map(|p| set.pointer(p)?.as_array())
    };
    let (Some(new), Some(old)) = (containers(new), containers(old)) else { return Vec::new() };
    let mut out = Vec::new();
    for n in new {
        let name = n.get("name").and_then(Value::as_str).unwrap_or_default();
        let Some(o) = old.iter().find(|o| o.get("name") == n.get("name")) else { continue };
        for kind in ["livenessProbe", "readinessProbe", "startupProbe"] {
            let (was, is) = (o.get(kind), n.get(kind));
            if was != is {
                let words =
                    format!("{kind} of {name} changed in this rollout: {} -> {}", probe(was, is), probe(is, was));
                out.push(redact::clean(&words).into_owned().into());
            }
        }
    }
    out
}

/// What differs of a probe from the other one: `path /healthz, period 10`.
fn probe(p: Option<&Value>, other: Option<&Value>) -> String {
    let Some(p) = p else { return "none".into() };
    let Some(o) = other else { return "there".into() };
    let mut out = Vec::new();
    let keys = p.as_object().into_iter().flatten();
    for (k, v) in keys.filter(|(k, v)| o.get(k.as_str()) != Some(v)) {
        match v.as_object() {
            Some(inner) => {
                let fits = |(n, x): &(&String, &Value)| o.get(k).and_then(|o| o.get(n.as_str())) != Some(x);
                out.extend(inner.iter().filter(fits).map(|(n, x)| format!("{n} {}", plain(x))));
            }
            None => out.push(format!("{k} {}", plain(v))),
        }
    }
    if out.is_empty() { "without that".into() } else { out.join(", ") }
}

fn plain(v: &Value) -> String {
    v.as_str().map_or_else(|| v.to_string(), str::to_owned).chars().take(80).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::backends::kubernetes::fixture;
    use serde_json::json;

    #[test]
    fn recorded_events_are_told_newest_first_without_noise() {
        let list: Listed<EventDto> = fixture("live-argo-events-of-canary-rollout");
        let told = told(&list.items, &Kin::default());
        assert!(told.len() > 5 && told.len() < list.items.len(), "{told:#?}");
        assert!(told.windows(2).all(|w| w[0].at >= w[1].at));
        let reasons: Vec<&str> = told.iter().map(|e| &*e.reason).collect();
        assert!(reasons.contains(&"RolloutPaused") && !reasons.contains(&"RolloutAddedToInformer"), "{reasons:?}");
        assert!(told.iter().all(|e| e.object.starts_with("Rollout checkout")));
    }

    #[test]
    fn an_event_of_the_newer_api_has_its_own_time_and_a_series_counts() {
        let e: EventDto =
            serde_json::from_value(json!({"eventTime": "2026-03-14T10:12:06.483920Z", "firstTimestamp": null,
            "series": {"count": 7, "lastObservedTime": "2026-03-14T10:15:00.000000Z"}}))
            .expect("lenient");
        assert_eq!(e.at().map(|t| t.rfc3339()), Some("2026-03-14T10:15:00.000Z".into()));
        assert_eq!(e.times(), 7);
    }

    #[test]
    fn a_probe_that_changed_says_what() {
        let set = |hash: &str, path: &str, period: u32| {
            json!({"metadata": {"labels": {"rollouts-pod-template-hash": hash}}, "spec": {"template": {"spec": {"containers": [
                {"name": "main", "readinessProbe": {"httpGet": {"path": path, "port": 8080}, "periodSeconds": period}}]}}}})
        };
        let kin = Kin {
            sets: vec![set("new", "/ready", 2), set("old", "/healthz", 10)],
            stable: Some("old".into()),
            candidate: Some("new".into()),
            ..Kin::default()
        };
        let said = changed_probes(&kin);
        assert_eq!(said.len(), 1);
        let want = "readinessProbe of main changed in this rollout: path /healthz, periodSeconds 10 -> path /ready, periodSeconds 2";
        assert_eq!(&*said[0], want);
    }
}
