//! The answer to `Query::Evidence`: pods as `kubectl get pods` says them, their events, and what is worth knowing of probes.
//! Each part that may not be read is named; the rest is told.

use super::argo::phase::utc;
use super::client::Clients;
use super::events;
use super::kin::{self, Container, Ended, OwnPod, Pod};
use crate::core::id::{Hash, TargetId};
use crate::core::time::Utc;
use crate::core::world::evidence::{Evidence, Instance};
use crate::core::world::fact::Fact;
use crate::core::world::source::SourceError;
use std::sync::Arc;
use std::time::Duration;

/// One `Fact::Evidence`. Errors: the object itself cannot be read.
pub async fn read(
    c: &Clients,
    id: &TargetId,
    kinds: &[String],
    now: Utc,
    deadline: Duration,
) -> Result<Fact, SourceError> {
    let kin = kin::of(c, id, kinds, deadline).await?;
    let mut instances: Vec<Instance> = kin.pods.iter().map(instance).collect();
    let mut unread = kin.unread.clone();
    if kin.pods.len() >= kin::PODS {
        unread.push(format!("pods: only the first {} are looked at", kin::PODS).into());
    }
    let (mut told, mut probes) = (Vec::new(), events::changed_probes(&kin));
    match events::read(c, id, &kin, deadline).await {
        Ok(all) => {
            told = events::told(&all, &kin);
            probes.extend(events::probes(&all, &mut instances));
        }
        Err(e) => unread.push(kin::unread("events", "list events", &id.namespace, &e)),
    }
    let mut e = Evidence { target: id.clone(), at: now, instances, events: told, probes, unread };
    e.sort();
    Ok(Fact::Evidence(Box::new(e)))
}

fn instance(p: &OwnPod) -> Instance {
    let s = &p.pod.status;
    let count = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
    let restarts = |c: &Container| u32::try_from(c.restart_count.unwrap_or(0)).unwrap_or(0);
    let initialising =
        s.container_statuses.iter().all(|c| c.state.running.is_none() && c.restart_count.unwrap_or(0) == 0);
    let of = p.pod.spec.containers.len().max(s.container_statuses.len());
    let end = last_end(&p.pod);
    Instance {
        name: p.pod.name(),
        track: p.track,
        hash: p.pod.hash().map(|h| Hash(h.clone())),
        status: status(&p.pod),
        ready: (count(s.container_statuses.iter().filter(|c| c.ready).count()), count(of)),
        restarts: s
            .container_statuses
            .iter()
            .chain(s.init_container_statuses.iter().filter(|_| initialising))
            .map(restarts)
            .fold(0, u32::saturating_add),
        why: p.trouble.clone(),
        last_end: end.map(|(_, t)| ended(t)),
        last_end_at: end.and_then(|(at, _)| at),
        node: p.pod.spec.node_name.clone().unwrap_or_default(),
        created: utc(p.pod.metadata.creation_timestamp.as_ref()),
        containers: p.pod.spec.containers.iter().filter_map(|c| c.name.clone()).collect(),
        probes: Vec::new(),
    }
}

/// The newest end of any of its containers.
fn last_end(pod: &Pod) -> Option<(Option<Utc>, &Ended)> {
    let s = &pod.status;
    let both = s.container_statuses.iter().chain(&s.init_container_statuses);
    both.flat_map(|c| [&c.state.terminated, &c.last_state.terminated])
        .flatten()
        // An init container that did its work is no news.
        .filter(|t| t.exit_code != Some(0) || t.reason.as_deref() != Some("Completed"))
        .map(|t| (utc(t.finished_at.as_ref()), t))
        .max_by_key(|(at, _)| *at)
}

/// `OOMKilled (137)`, `exit 1`, `signal 9`.
fn ended(t: &Ended) -> Arc<str> {
    let code = t.exit_code.unwrap_or(-1);
    match t.reason.as_deref().filter(|r| !matches!(*r, "" | "Error" | "Completed")) {
        Some(reason) => format!("{reason} ({code})").into(),
        None => match t.signal.filter(|s| *s != 0) {
            Some(signal) => format!("signal {signal}").into(),
            None => format!("exit {code}").into(),
        },
    }
}

/// As the column STATUS of `kubectl get pods` says it (its printer, `printPod`).
fn status(p: &Pod) -> Arc<str> {
    let s = &p.status;
    if p.metadata.deletion_timestamp.is_some() {
        return if s.reason.as_deref() == Some("NodeLost") { "Unknown" } else { "Terminating" }.into();
    }
    let reason = |c: &Container| {
        if let Some(w) = c.state.waiting.as_ref().and_then(|w| w.reason.clone()).filter(|r| !r.is_empty()) {
            return Some(w);
        }
        let t = c.state.terminated.as_ref()?;
        Some(match (t.reason.clone().filter(|r| !r.is_empty()), t.signal.unwrap_or(0)) {
            (Some(r), _) => r,
            (None, 0) => format!("ExitCode:{}", t.exit_code.unwrap_or(0)).into(),
            (None, n) => format!("Signal:{n}").into(),
        })
    };
    let n = s.init_container_statuses.len();
    for (i, c) in s.init_container_statuses.iter().enumerate() {
        let done = c.state.terminated.as_ref().is_some_and(|t| t.exit_code == Some(0));
        // A sidecar is an init container that goes on running.
        if done || (c.state.running.is_some() && c.ready) {
            continue;
        }
        return match reason(c).filter(|r| &**r != "PodInitializing") {
            Some(r) => format!("Init:{r}").into(),
            None => format!("Init:{i}/{n}").into(),
        };
    }
    if let Some(r) = s.container_statuses.iter().find_map(reason) {
        let runs = s.container_statuses.iter().any(|c| c.state.running.is_some());
        return if &*r == "Completed" && runs { "Running".into() } else { r };
    }
    s.reason.clone().or_else(|| s.phase.clone()).unwrap_or_else(|| "Unknown".into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::backends::kubernetes::dto::{self, Listed};
    use crate::backends::kubernetes::{fixture, wire};
    use crate::core::world::evidence::Track;
    use serde_json::json;

    fn pods(name: &str) -> Vec<Instance> {
        let all: Listed<Pod> = fixture(name);
        let rows: Listed<dto::Pod> = fixture(name);
        let one = |(pod, row): (Pod, &dto::Pod)| {
            instance(&OwnPod { pod, trouble: wire::pod_trouble(row), track: Track::Candidate })
        };
        all.items.into_iter().zip(&rows.items).map(one).collect()
    }

    #[test]
    fn a_recorded_crashing_pod_says_why_how_it_ended_and_where() {
        let all = pods("live-k8s-pods-one-crashing");
        let bad = all.iter().find(|i| i.why.is_some()).expect("one crashes");
        assert_eq!((bad.why.as_deref(), &*bad.status), (Some("CrashLoopBackOff"), "CrashLoopBackOff"));
        assert_eq!((bad.restarts, bad.ready, bad.last_end.as_deref()), (3, (0, 1), Some("exit 1")));
        assert_eq!((&*bad.node, bad.containers.len()), ("lab-2", 1));
        assert!(bad.last_end_at.is_some() && bad.created.is_some() && bad.hash.is_some());
        let fine = all.iter().find(|i| i.is_healthy()).expect("one runs");
        assert_eq!((&*fine.status, fine.ready, fine.last_end.as_deref()), ("Running", (1, 1), None));
    }

    #[test]
    fn pods_of_a_recorded_canary_are_read_whole() {
        let all = pods("live-argo-pods-of-canary-rollout");
        assert!(!all.is_empty() && all.iter().all(|i| i.hash.is_some() && i.ready.1 == 1), "{all:#?}");
        let built = pods("argo-pods-of-canary-rollout");
        assert!(built.iter().any(|i| i.restarts > 0 && i.why.is_some()), "{built:#?}");
    }

    #[test]
    fn the_words_are_kubectls() {
        let of = |status: serde_json::Value| {
            let p: Pod = serde_json::from_value(json!({"status": status})).expect("lenient");
            (status_of(&p), last_end(&p).map(|(_, t)| ended(t).to_string()))
        };
        fn status_of(p: &Pod) -> String {
            status(p).to_string()
        }
        let oom = json!({"phase": "Running", "containerStatuses": [{"name": "a", "state": {"running": {}}, "lastState":
            {"terminated": {"exitCode": 137, "reason": "OOMKilled", "signal": 9}}}]});
        assert_eq!(of(oom), ("Running".into(), Some("OOMKilled (137)".into())));
        let init = json!({"phase": "Pending", "initContainerStatuses": [
            {"state": {"terminated": {"exitCode": 0, "reason": "Completed"}}},
            {"state": {"waiting": {"reason": "CrashLoopBackOff"}}}]});
        assert_eq!(of(init).0, "Init:CrashLoopBackOff");
        let second = json!({"phase": "Pending", "initContainerStatuses": [
            {"state": {"terminated": {"exitCode": 0}}}, {"state": {"waiting": {"reason": "PodInitializing"}}}]});
        assert_eq!(of(second).0, "Init:1/2");
        let code = json!({"phase": "Failed", "containerStatuses": [{"state": {"terminated": {"exitCode": 3}}}]});
        assert_eq!(of(code), ("ExitCode:3".into(), Some("exit 3".into())));
        assert_eq!(of(json!({"phase": "Pending"})).0, "Pending");
    }
}
