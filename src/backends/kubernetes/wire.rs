//! A Rollout, its ReplicaSets and its pods' troubles turned into one `TargetState`. Pure: no clock, no connection.
//! Roles are told by hash, never by revision number (numbers are rewritten on rollback).

use super::argo::about::{Known, detail};
use super::argo::phase;
use super::around::Around;
use super::dto::{Container, DEPLOYMENT_HASH_LABEL, HASH_LABEL, Meta, Pod, ReplicaSet, Rollout};
use super::hands::{Field, Hand, last, writers};
use super::lenient::Notes;
use crate::core::id::{Hash, ServiceId, SourceId, TargetId};
use crate::core::time::Utc;
use crate::core::world::detail::Written;
use crate::core::world::target::{GitOwner, Replicas, Revision, Strategy, TargetState, Trouble};
use std::sync::Arc;

/// What andon calls the kind of its targets.
pub const KIND: &str = "Rollout";

/// Identity of a Rollout; `None` without name or uid (such an object cannot be acted on and is not shown).
pub fn target_id(source: &SourceId, m: &Meta) -> Option<TargetId> {
    Some(TargetId {
        source: source.clone(),
        namespace: m.namespace.clone().unwrap_or_default(),
        kind: KIND.into(),
        name: m.name.clone()?,
        uid: m.uid.clone()?,
    })
}

/// (container, image), in the template's order.
pub type Images = Vec<(Arc<str>, Arc<str>)>;

/// A ReplicaSet as rows keep it.
#[derive(Clone, Debug, PartialEq)]
pub struct SetRow {
    pub uid: Arc<str>,
    pub owner: Arc<str>,
    pub hash: Hash,
    pub number: Option<u64>,
    pub created: Option<Utc>,
    /// (container, image), in the template's order.
    pub images: Images,
    pub replicas: Replicas,
    /// Reason of a ReplicaFailure condition: quota, admission.
    pub failure: Option<Arc<str>>,
    pub cause: Option<Arc<str>>,
    /// Belongs to an experiment: no revision to go back to.
    pub experiment: bool,
}

pub fn set_row(s: &ReplicaSet) -> Option<SetRow> {
    let m = &s.metadata;
    let count = |n: Option<i64>| n.and_then(|n| u32::try_from(n).ok()).unwrap_or(0);
    Some(SetRow {
        uid: m.uid.clone()?,
        owner: m.owner()?.clone(),
        hash: Hash(m.labels.get(HASH_LABEL).or_else(|| m.labels.get(DEPLOYMENT_HASH_LABEL))?.clone()),
        number: ["rollout.argoproj.io/revision", "deployment.kubernetes.io/revision"]
            .iter()
            .find_map(|k| m.annotations.get(k)?.parse().ok()),
        created: phase::utc(m.creation_timestamp.as_ref()),
        images: s
            .spec
            .template
            .spec
            .containers
            .iter()
            .map(|c| (c.name.clone().unwrap_or_default(), c.image.clone().unwrap_or_default()))
            .collect(),
        replicas: Replicas {
            wanted: count(s.spec.replicas),
            existing: count(s.status.replicas),
            ready: count(s.status.ready_replicas),
            available: count(s.status.available_replicas),
        },
        failure: s
            .status
            .conditions
            .iter()
            .find(|c| c.r#type.as_deref() == Some("ReplicaFailure") && c.status.as_deref() == Some("True"))
            .map(|c| c.reason.clone().unwrap_or_else(|| "ReplicaFailure".into())),
        cause: m.annotations.get("kubernetes.io/change-cause").filter(|c| !c.is_empty()).cloned(),
        experiment: m.annotations.get("experiment.argoproj.io/name").is_some(),
    })
}

/// Why a pod is not ready, as `kubectl get pods` says it; `None`: ready, starting normally, or going away.
pub fn pod_trouble(p: &Pod) -> Option<Arc<str>> {
    if p.metadata.deletion_timestamp.is_some() || p.status.phase.as_deref() == Some("Succeeded") {
        return None;
    }
    let mut waiting_for_ready = false;
    let both = p.status.init_container_statuses.iter().map(|c| (c, true));
    for (c, init) in both.chain(p.status.container_statuses.iter().map(|c| (c, false))) {
        if let Some(w) = c.state.waiting.as_ref().and_then(|w| w.reason.as_ref()) {
            if !matches!(&**w, "ContainerCreating" | "PodInitializing") {
                return Some(w.clone());
            }
        } else if let Some(t) = &c.state.terminated {
            match (t.exit_code, &t.reason) {
                (Some(0), _) if init => {}
                (_, Some(r)) if !r.is_empty() => return Some(r.clone()),
                (Some(code), _) => return Some(format!("ExitCode:{code}").into()),
                (None, _) => {}
            }
        } else if !init && !c.ready {
            waiting_for_ready = true;
        }
    }
    if let Some(r) = p.status.reason.as_ref().filter(|r| !r.is_empty()) {
        return Some(r.clone());
    }
    if let Some(c) = p
        .status
        .conditions
        .iter()
        .find(|c| c.r#type.as_deref() == Some("PodScheduled") && c.status.as_deref() == Some("False"))
    {
        return c.reason.clone();
    }
    (waiting_for_ready && p.status.phase.as_deref() == Some("Running")).then(|| "NotReady".into())
}

/// (tag, digest) of an image; the tag is `None` when only a digest pins it.
pub fn tag(image: &str) -> (Option<Arc<str>>, Option<Arc<str>>) {
    let (name, digest) = match image.split_once('@') {
        Some((n, d)) => (n, Some(Arc::from(d))),
        None => (image, None),
    };
    let last = name.rsplit('/').next().unwrap_or(name);
    (last.split_once(':').map(|(_, t)| Arc::from(t)).filter(|t: &Arc<str>| !t.is_empty()), digest)
}

pub fn main_image<'a>(images: &'a [(Arc<str>, Arc<str>)], names: &[&str]) -> Option<&'a Arc<str>> {
    names
        .iter()
        .find_map(|n| images.iter().find(|(c, _)| **c == **n))
        .or_else(|| images.first())
        .map(|(_, image)| image)
}

/// What is shown of a set; `names`: containers to look for first.
pub fn revision(s: &SetRow, names: &[&str], troubles: &[Trouble]) -> Revision {
    let image = main_image(&s.images, names).cloned().unwrap_or_default();
    let (version, digest) = tag(&image);
    let mut trouble = troubles.to_vec();
    if let Some(f) = &s.failure {
        trouble
            .push(Trouble { reason: f.clone(), count: s.replicas.wanted.saturating_sub(s.replicas.existing).max(1) });
    }
    Revision {
        hash: s.hash.clone(),
        version: version.unwrap_or_else(|| s.hash.0.clone()),
        image,
        digest,
        number: s.number,
        created: s.created,
        replicas: s.replicas,
        trouble,
        cause: s.cause.clone(),
    }
}

/// Markers of a tool that owns the desired state.
pub fn git_owner(m: &Meta) -> Option<GitOwner> {
    let label = |k: &str| m.labels.get(k).cloned();
    let owner = |tool: &str, what: Arc<str>| Some(GitOwner { tool: tool.into(), what });
    if let Some(id) = m.annotations.get("argocd.argoproj.io/tracking-id") {
        return owner("argo cd", id.split(':').next().unwrap_or(id).into());
    }
    if let Some(n) = label("kustomize.toolkit.fluxcd.io/name") {
        return owner("flux", n);
    }
    if let Some(n) = label("helm.toolkit.fluxcd.io/name") {
        return owner("flux", n);
    }
    if let Some(n) = label("argocd.argoproj.io/instance") {
        return owner("argo cd", n);
    }
    m.annotations.get("meta.helm.sh/release-name").and_then(|n| owner("helm", n.clone()))
}

/// Who wrote what acts are about. Of a template that lives elsewhere nothing here says it.
fn hands(r: &Rollout) -> Vec<Written> {
    let all: &[Hand] = &r.metadata.managed_fields;
    let told = [
        ("spec.paused", Field::Paused),
        ("spec.template", Field::Template),
        ("spec.restartAt", Field::RestartAt),
        ("status.abort", Field::Abort),
        ("status.promoteFull", Field::PromoteFull),
    ];
    let here = |f: &Field| *f != Field::Template || r.spec.workload_ref.is_none();
    writers(told.into_iter().filter(|(_, f)| here(f)).map(|(what, f)| (what, all, f)))
}

/// The state as of `read_at`, from the ReplicaSets this Rollout controls and their pods' troubles, by ReplicaSet uid.
/// `None` without name or uid.
pub fn target_state(source: &SourceId, r: &Rollout, around: &Around<'_>, read_at: Utc) -> Option<TargetState> {
    let id = target_id(source, &r.metadata)?;
    let service = service_name(r, &id.name);
    let names = [&*id.name, &*service];
    let mut revisions: Vec<Revision> = around
        .sets
        .iter()
        .filter(|s| !s.experiment)
        .map(|s| revision(s, &names, around.troubles.get(&s.uid).map_or(&[], Vec::as_slice)))
        .collect();
    revisions.sort_by(|a, b| (b.number, b.created, &b.hash).cmp(&(a.number, a.created, &a.hash)));
    let hash = |h: &Option<Arc<str>>| h.clone().filter(|h| !h.is_empty()).map(Hash);
    let candidate = hash(&r.status.current_pod_hash);
    let stable = hash(&r.status.stable_rs);
    ensure_candidate(r, candidate.as_ref(), &names, &mut revisions);
    let promoted = phase::promoted(r);
    let (weight_wanted, weight_real) = weights(r, candidate.as_ref(), &revisions);
    let (phase_now, message) = phase::phase(r);
    let max = phase::max_weight(r);
    let strategy = match (&r.spec.strategy.canary, &r.spec.strategy.blue_green) {
        (Some(_), None) => Strategy::Canary,
        (None, Some(_)) => Strategy::BlueGreen,
        (None, None) => Strategy::Other("none".into()),
        (Some(_), Some(_)) => Strategy::Other("canary and blueGreen".into()),
    };
    let started = candidate
        .as_ref()
        .and_then(|c| revisions.iter().find(|v| v.hash == *c))
        .and_then(|v| v.created)
        // An old ReplicaSet that is used again was created long ago: this change began when the last one ended.
        .map(|born| if promoted { born } else { begun(r).map_or(born, |b| b.max(born)) });
    let since = since(r);
    let mut detail = detail(
        &Known {
            rollout: r,
            uid: &id.uid,
            name: &id.name,
            candidate: candidate.as_ref(),
            stable: stable.as_ref(),
            revisions: &revisions,
            since: if promoted { since } else { started },
            read_at,
        },
        around,
    );
    detail.writers = hands(r);
    Some(TargetState {
        service: ServiceId(service),
        strategy,
        phase: phase_now,
        message,
        since,
        steps: phase::steps(r).iter().map(|s| phase::step_def(s, max)).collect(),
        step: phase::step_index(r).and_then(|i| u32::try_from(i).ok()),
        weight_wanted,
        weight_real,
        wanted: r.spec.replicas.and_then(|n| u32::try_from(n).ok()).unwrap_or(1),
        candidate,
        stable,
        revisions,
        gate: phase::gate(r),
        held: r.spec.paused,
        held_by: last(&r.metadata.managed_fields, Field::Paused).filter(|_| r.spec.paused),
        releasing: phase::releasing(r),
        aborted: phase::aborted(r),
        aborted_at: phase::utc(r.status.aborted_at.as_ref()),
        aborted_by: last(&r.metadata.managed_fields, Field::Abort).filter(|_| phase::aborted(r)),
        promoting_full: r.status.promote_full,
        invalid: phase::invalid(r),
        generation: r.metadata.generation.unwrap_or(0),
        observed: phase::observed(r),
        version: r.metadata.resource_version.clone().unwrap_or_default(),
        git: git_owner(&r.metadata),
        detail,
        started,
        read_at,
        raw: None,
        id,
    })
}

/// Label `app.kubernetes.io/name`, else `app`, on the object or its template, else the name.
fn service_name(r: &Rollout, name: &Arc<str>) -> Arc<str> {
    service_of([&r.metadata.labels, &r.spec.template.metadata.labels], name)
}

/// The same of any object: its labels, then its template's.
pub fn service_of(labels: [&Notes; 2], name: &Arc<str>) -> Arc<str> {
    ["app.kubernetes.io/name", "app"]
        .iter()
        .find_map(|k| labels.iter().find_map(|l| l.get(k)))
        .filter(|n| !n.is_empty())
        .unwrap_or(name)
        .clone()
}

/// The candidate is known by its template before its ReplicaSet exists.
fn ensure_candidate(r: &Rollout, candidate: Option<&Hash>, names: &[&str], revisions: &mut Vec<Revision>) {
    let Some(hash) = candidate.filter(|c| revisions.iter().all(|v| v.hash != **c)) else {
        return;
    };
    let images: Vec<_> = r
        .spec
        .template
        .spec
        .containers
        .iter()
        .map(|c: &Container| (c.name.clone().unwrap_or_default(), c.image.clone().unwrap_or_default()))
        .collect();
    let Some(image) = main_image(&images, names).filter(|_| phase::observed(r)) else {
        return;
    };
    let (version, digest) = tag(image);
    revisions.insert(
        0,
        Revision {
            hash: hash.clone(),
            version: version.unwrap_or_else(|| hash.0.clone()),
            image: image.clone(),
            digest,
            number: None,
            created: None,
            replicas: Replicas::default(),
            trouble: Vec::new(),
            cause: None,
        },
    );
}

/// When the change under way began, by the condition that ends the one before.
fn begun(r: &Rollout) -> Option<Utc> {
    let c = r
        .status
        .conditions
        .iter()
        .find(|c| c.r#type.as_deref() == Some("Completed") && c.status.as_deref() == Some("False"))?;
    phase::utc(c.last_transition_time.as_ref())
}

fn since(r: &Rollout) -> Option<Utc> {
    let paused = r.status.pause_conditions.first();
    phase::utc(paused.and_then(|p| p.start_time.as_ref())).or_else(|| phase::utc(r.status.aborted_at.as_ref())).or_else(
        || {
            let c = r.status.conditions.iter().find(|c| c.r#type.as_deref() == Some("Progressing"))?;
            phase::utc(c.last_update_time.as_ref())
        },
    )
}

/// Percent of traffic the candidate should have and has.
fn weights(r: &Rollout, candidate: Option<&Hash>, revisions: &[Revision]) -> (u8, Option<u8>) {
    if phase::promoted(r) {
        // The weights of the canary track say 0 then: the new version is the stable one.
        return (100, Some(100));
    }
    if r.spec.strategy.blue_green.is_some() {
        let active = r.status.blue_green.active_selector.as_ref();
        let at = if active.is_some() && active == r.status.current_pod_hash.as_ref() { 100 } else { 0 };
        return (at, active.map(|_| at));
    }
    let max = phase::max_weight(r);
    let share = candidate.and_then(|c| revisions.iter().find(|v| v.hash == *c)).and_then(|v| {
        let all = r.status.available_replicas.filter(|n| *n > 0)?;
        Some(phase::percent(i64::from(v.replicas.available), all))
    });
    let wanted = if phase::step_index(r).is_some() {
        phase::set_weight(r)
    } else if r.status.abort {
        0
    } else {
        // Without steps the field's tool says 100 at once; the replica share is nearer to the truth.
        share.unwrap_or(100)
    };
    let real = if phase::routed(r) {
        r.status
            .canary
            .weights
            .as_ref()
            .and_then(|w| w.canary.as_ref())
            .and_then(|c| c.weight)
            .map(|w| phase::percent(w, max))
    } else if r.status.available_replicas == Some(0) {
        Some(0)
    } else {
        share
    };
    (wanted, real)
}
