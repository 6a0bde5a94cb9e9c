//! A workload and what stands around it turned into one `TargetState`, judged as `kubectl rollout status` judges it
//! (kubernetes-rollouts 5.1, 5.5). Pure.

use super::dto::{Work, WorkKind, hash_of};
use super::partition;
use super::status::{self, Known};
use super::tracks::{self, Tracks};
use crate::backends::kubernetes::argo::phase::{percent, utc};
use crate::backends::kubernetes::around::{Around, PodRow};
use crate::backends::kubernetes::dto::Meta;
use crate::backends::kubernetes::hands::{Field, writers};
use crate::backends::kubernetes::wire::{git_owner, service_of};
use crate::core::id::{Hash, ServiceId, SourceId, TargetId};
use crate::core::time::Utc;
use crate::core::world::detail::{Condition, Detail, Written};
use crate::core::world::target::{Gate, GitOwner, Phase, Revision, Strategy, TargetState, called};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Every rollout's restart, as kubectl writes it into the template.
pub const RESTARTED_AT: &str = "kubectl.kubernetes.io/restartedAt";
/// Our word for a StatefulSet's partition that keeps pods on the old version.
pub const PARTITION_GATE: &str = "partition";

/// `None`: no name or uid, or another object drives it and is the one to act on (a Rollout, a Flagger Canary). Whether a
/// Rollout's workloadRef or a Canary's targetRef names it, the object itself does not say: the store knows.
pub fn target_state(
    source: &SourceId,
    kind: WorkKind,
    w: &Work,
    around: &Around<'_>,
    read_at: Utc,
) -> Option<TargetState> {
    let m = &w.metadata;
    if m.owner_references.iter().any(|o| o.controller && matches!(o.kind.as_deref(), Some("Rollout" | "Canary"))) {
        return None;
    }
    let id = TargetId {
        source: source.clone(),
        namespace: m.namespace.clone().unwrap_or_default(),
        kind: kind.word().into(),
        name: m.name.clone()?,
        uid: m.uid.clone()?,
    };
    let service = service_of([&m.labels, &w.spec.template.metadata.labels], &id.name);
    let names = [&*id.name, &*service];
    let t = match kind {
        WorkKind::Deployment => tracks::of_sets(w, around, &names),
        WorkKind::StatefulSet | WorkKind::DaemonSet => tracks::of_revisions(kind, w, around, &names),
    };
    let held = match kind {
        WorkKind::Deployment => w.spec.paused,
        WorkKind::StatefulSet => partition::before_hold(w).is_some(),
        WorkKind::DaemonSet => false,
    };
    let pods = own_pods(kind, w, around);
    let known = Known {
        moving: t.moving(),
        deadline_is_old: t.deadline_is_old,
        waits: waits(kind, &pods, t.candidate.as_ref()),
        held,
    };
    let (phase, message) = status::judge(kind, w, &known);
    let (weight_wanted, weight_real) = weights(kind, w, &t, held);
    let writers = hands(w);
    let pauses = |w: &&Written| held && matches!(&*w.what, "spec.paused" | "partition");
    let held_by = writers.iter().find(pauses).map(|w| w.by.clone());
    Some(TargetState {
        service: ServiceId(service),
        strategy: match kind {
            WorkKind::Deployment => match w.spec.strategy.r#type.as_deref() {
                None | Some("RollingUpdate") => Strategy::Rolling,
                Some(other) => Strategy::Other(other.into()),
            },
            WorkKind::StatefulSet => Strategy::Ordered,
            WorkKind::DaemonSet => Strategy::PerNode,
        },
        gate: gate(kind, w, &t, &phase, held),
        phase,
        message,
        since: match w.condition("Progressing") {
            Some(c) => utc(c.last_update_time.as_ref()),
            // Of the other kinds no time is kept but that of the new template.
            None => tracks::started(&t).filter(|_| t.moving()),
        },
        steps: Vec::new(),
        step: None,
        weight_wanted,
        weight_real,
        wanted: w.wanted(kind),
        started: tracks::started(&t),
        detail: Detail { writers, ..detail(kind, w, around, &t, &pods, &known) },
        candidate: t.candidate,
        stable: t.stable,
        revisions: t.revisions,
        held,
        held_by,
        releasing: false,
        aborted: false,
        aborted_at: None,
        aborted_by: None,
        promoting_full: false,
        invalid: None,
        generation: m.generation.unwrap_or(0),
        observed: w.observed(),
        version: m.resource_version.clone().unwrap_or_default(),
        git: git_owner(m).or_else(|| operator(m)),
        read_at,
        raw: None,
        id,
    })
}

/// A controller that is no part of Kubernetes writes this object: it may take a change back.
fn operator(m: &Meta) -> Option<GitOwner> {
    let o = m.owner_references.iter().find(|o| o.controller)?;
    let word = |s: &Option<Arc<str>>| s.clone().unwrap_or_else(|| "?".into());
    Some(GitOwner { tool: "its operator".into(), what: format!("{} {}", word(&o.kind), word(&o.name)).into() })
}

fn own_pods<'a>(kind: WorkKind, w: &Work, around: &Around<'a>) -> Vec<&'a PodRow> {
    let uid = w.metadata.uid.as_ref();
    let mut owners: Vec<&Arc<str>> = uid.into_iter().collect();
    if kind == WorkKind::Deployment {
        owners = around.sets.iter().filter(|s| Some(&s.owner) == uid).map(|s| &s.uid).collect();
    }
    around.pods.iter().filter(|p| owners.contains(&&p.owner)).copied().collect()
}

/// The pod everything waits for, with its own reason; the bool: it will not become ready by itself. A StatefulSet goes on
/// only when it is ready; of the others the first of the new version is named.
fn waits(kind: WorkKind, pods: &[&PodRow], candidate: Option<&Hash>) -> Option<(String, bool)> {
    let of_candidate = |p: &PodRow| candidate.is_some() && p.hash.as_deref().map(hash_of).as_ref() == candidate;
    let pod = pods
        .iter()
        .filter(|p| !p.ready && (p.trouble.is_some() || kind == WorkKind::StatefulSet))
        .min_by_key(|p| (p.trouble.is_none(), !of_candidate(p), ordinal(&p.name), &p.name))?;
    let why = pod.trouble.as_deref();
    let stuck = why.is_some_and(|w| w != "NotReady");
    Some(match (kind, why) {
        (WorkKind::StatefulSet, Some(why)) => (format!("waits for {}: {why}", pod.name), stuck),
        (WorkKind::StatefulSet, None) => (format!("waits for {}", pod.name), false),
        (WorkKind::Deployment | WorkKind::DaemonSet, _) => {
            (format!("{}: {}", pod.name, why.unwrap_or("not ready")), stuck)
        }
    })
}

/// The number at the end of a StatefulSet's pod; of other pods none.
pub fn ordinal(pod: &str) -> Option<u32> {
    pod.rsplit('-').next()?.parse().ok()
}

/// Percent of replicas: nothing but their number splits the traffic of a plain workload. Wanted is all of them, or what a
/// partition or a pause leaves.
fn weights(kind: WorkKind, w: &Work, t: &Tracks, held: bool) -> (u8, Option<u8>) {
    if !t.moving() {
        return (100, Some(100));
    }
    let (mut new, mut all) = (0, 0);
    for r in &t.revisions {
        all += i64::from(r.replicas.available);
        new += if Some(&r.hash) == t.candidate.as_ref() { i64::from(r.replicas.available) } else { 0 };
    }
    let real = percent(new, all);
    let wanted = i64::from(w.wanted(kind));
    let due = match kind {
        WorkKind::StatefulSet => percent(wanted - i64::from(w.partition()).min(wanted), wanted),
        WorkKind::Deployment if held => real,
        WorkKind::Deployment | WorkKind::DaemonSet => 100,
    };
    (due, Some(real))
}

/// A partition is a native canary: all above it have the new version, and somebody must lower it.
fn gate(kind: WorkKind, w: &Work, t: &Tracks, phase: &Phase, held: bool) -> Option<Gate> {
    let stands = kind == WorkKind::StatefulSet
        && !held
        && t.moving()
        && !w.on_delete()
        && w.partition() > 0
        && *phase == Phase::Paused;
    stands.then(|| Gate { reason: PARTITION_GATE.into(), since: None, until: None })
}

/// Who last wrote what an act is about, newest first.
fn hands(w: &Work) -> Vec<Written> {
    let told = [
        ("spec.template", Field::Template),
        ("spec.paused", Field::Paused),
        ("spec.replicas", Field::Replicas),
        ("partition", Field::Partition),
    ];
    writers(told.map(|(what, f)| (what, w.metadata.managed_fields.as_slice(), f)))
}

fn detail(kind: WorkKind, w: &Work, around: &Around<'_>, t: &Tracks, pods: &[&PodRow], known: &Known) -> Detail {
    let name = w.metadata.name.as_deref().unwrap_or("");
    let images = |h: &Option<Hash>| h.as_ref().and_then(|h| t.images.get(h));
    let same = images(&t.candidate).is_some() && images(&t.candidate) == images(&t.stable);
    Detail {
        partition: (kind == WorkKind::StatefulSet && w.partition() > 0).then(|| w.partition()),
        scalers: around
            .scalers
            .iter()
            .filter(|s| *s.kind == *kind.word() && *s.target == *name)
            .map(|s| s.scaler.clone())
            .collect(),
        conditions: w.status.conditions.iter().filter_map(explaining).collect(),
        drift: drift(w, t, pods, known),
        restarts: pods.iter().fold(0, |n, p| n.saturating_add(p.restarts)),
        restarting: t.moving() && same && w.spec.template.metadata.annotations.get(RESTARTED_AT).is_some(),
        ..Detail::default()
    }
}

/// Conditions that say something is wrong; those that say all is well explain nothing.
fn explaining(c: &crate::backends::kubernetes::dto::Condition) -> Option<Condition> {
    let kind = c.r#type.clone()?;
    let status = c.status.clone().unwrap_or_default();
    let fine = if &*kind == "ReplicaFailure" { "False" } else { "True" };
    let paused = c.reason.as_deref() == Some("DeploymentPaused");
    (&*status != fine && !paused).then(|| Condition {
        kind,
        status,
        reason: c.reason.clone().unwrap_or_default(),
        message: c.message.clone().unwrap_or_default(),
        since: utc(c.last_transition_time.as_ref()),
    })
}

/// Versions beside each other where that is no longer a rollout, and one tag that is several images.
fn drift(w: &Work, t: &Tracks, pods: &[&PodRow], known: &Known) -> Vec<Arc<str>> {
    let mut all: Vec<Arc<str>> = Vec::new();
    let mixed: Vec<&Revision> = t.revisions.iter().filter(|r| r.replicas.existing > 0).collect();
    let why = if status::deadline_passed(w, known) {
        Some("past the deadline")
    } else if known.held {
        Some("under a hold")
    } else if !t.moving() {
        Some("and nothing moves")
    } else {
        None
    };
    if let (Some(why), 2..) = (why, mixed.len()) {
        let each: Vec<String> =
            mixed.iter().map(|r| format!("{} on {}", called(&t.revisions, &r.hash), r.replicas.existing)).collect();
        all.push(format!("versions beside each other {why}: {}", each.join(", ")).into());
    }
    let mut by: BTreeMap<Hash, Vec<&Arc<str>>> = BTreeMap::new();
    for p in pods {
        if let (Some(h), Some(d)) = (&p.hash, &p.digest) {
            by.entry(hash_of(h)).or_default().push(d);
        }
    }
    for (hash, mut digests) in by {
        digests.sort();
        digests.dedup();
        if digests.len() > 1 {
            let version = called(&t.revisions, &hash);
            all.push(format!("{version} is {} different images: its tag was moved", digests.len()).into());
        }
    }
    all
}
