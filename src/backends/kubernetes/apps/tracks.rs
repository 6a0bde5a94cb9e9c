//! Which version is new and which is good, told from ReplicaSets or from ControllerRevisions and pods. By hash and by
//! what serves, never by number alone: numbers are rewritten on undo. Pure.

use super::dto::{RevisionRow, Work, WorkKind, count, hash_of};
use crate::backends::kubernetes::around::{Around, PodRow};
use crate::backends::kubernetes::wire::Images;
use crate::backends::kubernetes::wire::{SetRow, main_image, revision, tag};
use crate::core::id::Hash;
use crate::core::time::Utc;
use crate::core::world::target::{Replicas, Revision, Trouble};
use std::collections::BTreeMap;
use std::sync::Arc;

/// The versions of a workload and their roles.
#[derive(Debug, Default)]
pub struct Tracks {
    /// Newest first.
    pub revisions: Vec<Revision>,
    pub candidate: Option<Hash>,
    pub stable: Option<Hash>,
    /// (container, image) by hash: to tell a restart from a new version.
    pub images: BTreeMap<Hash, Images>,
    /// The deadline in the conditions names another version.
    pub deadline_is_old: bool,
}

impl Tracks {
    pub fn moving(&self) -> bool {
        self.candidate.is_some() && self.candidate != self.stable
    }
}

/// Of two or more versions the one that was good: what a Deployment or DaemonSet keeps no field for.
///
/// `others`: all but the candidate. The one with most ready pods serves; but a version none of whose pods is ready, and
/// which is newer than a candidate that serves, was never good: the candidate is on its way back from it.
fn good(candidate: &Revision, others: &[&Revision], complete: bool) -> Option<Hash> {
    let serving = others
        .iter()
        .filter(|r| r.replicas.existing > 0)
        .max_by_key(|r| (r.replicas.ready, r.replicas.existing, r.number));
    match serving {
        Some(old) => {
            let back = old.replicas.ready == 0 && candidate.replicas.ready > 0 && candidate.created < old.created;
            Some(if back { &candidate.hash } else { &old.hash }.clone())
        }
        None if complete => Some(candidate.hash.clone()),
        None => others.iter().max_by_key(|r| (r.number, r.created)).map(|r| r.hash.clone()),
    }
}

/// A Deployment: its ReplicaSet by the revision it carries itself.
pub fn of_sets(w: &Work, around: &Around<'_>, names: &[&str]) -> Tracks {
    let uid = w.metadata.uid.as_ref();
    let mut own: Vec<&SetRow> =
        around.sets.iter().filter(|s| Some(&s.owner) == uid && !s.experiment).copied().collect();
    own.sort_by(|a, b| (b.number, b.created, &b.hash).cmp(&(a.number, a.created, &a.hash)));
    let mut tracks = Tracks {
        revisions: own
            .iter()
            .map(|s| {
                let mut r = revision(s, names, around.troubles.get(&s.uid).map_or(&[], Vec::as_slice));
                digests(&mut r, around.pods.iter().filter(|p| p.owner == s.uid).copied());
                r
            })
            .collect(),
        images: own.iter().map(|s| (s.hash.clone(), s.images.clone())).collect(),
        ..Tracks::default()
    };
    let asked: Option<u64> =
        w.metadata.annotations.get("deployment.kubernetes.io/revision").and_then(|n| n.parse().ok());
    // The same revision twice happens when a write was cut: the older one is the controller's choice.
    let current = own
        .iter()
        .filter(|s| asked.is_some() && s.number == asked)
        .min_by_key(|s| s.created)
        .or_else(|| own.first())
        .map(|s| s.hash.clone());
    let Some(current) = current else { return tracks };
    let s = &w.status;
    let updated = count(s.updated_replicas);
    let Some(now) = tracks.revisions.iter().find(|r| r.hash == current) else { return tracks };
    // Paused with a template that no ReplicaSet has yet: the count of updated pods vanishes.
    if w.spec.paused && w.observed() && updated == 0 && now.replicas.existing > 0 {
        let pending = pending(w, names);
        tracks.images.insert(pending.hash.clone(), w.images());
        tracks.candidate = Some(pending.hash.clone());
        tracks.stable = Some(current);
        tracks.revisions.insert(0, pending);
        return tracks;
    }
    let others: Vec<&Revision> = tracks.revisions.iter().filter(|r| r.hash != current).collect();
    let progressing = w.condition("Progressing");
    let said = progressing.and_then(|c| c.message.as_deref()).unwrap_or("");
    // `ReplicaSet "cart-6c5b9f8d47" has timed out progressing.`
    let old_words = others.iter().any(|r| said.contains(r.hash.as_str())) && !said.contains(current.as_str());
    let wanted = w.wanted(WorkKind::Deployment);
    let complete = match progressing.and_then(|c| c.reason.as_deref()) {
        // Stays when pods fail later, and when it is scaled: neither is a change of version.
        Some("NewReplicaSetAvailable") if !old_words => true,
        // Switched off, or of another version, or only paused: the counts tell.
        None => updated >= wanted,
        Some("DeploymentPaused" | "DeploymentResumed") => updated >= wanted && count(s.available_replicas) >= updated,
        Some(_) if old_words => updated >= wanted && count(s.available_replicas) >= updated,
        Some(_) => wanted == 0,
    };
    tracks.stable = good(now, &others, complete);
    tracks.deadline_is_old = old_words;
    tracks.candidate = Some(current);
    tracks
}

/// The template as it stands in the spec, before any ReplicaSet has it. Its hash is ours, and is no longer used once the
/// controller has made one.
fn pending(w: &Work, names: &[&str]) -> Revision {
    let images = w.images();
    let image = main_image(&images, names).cloned().unwrap_or_default();
    let (version, digest) = tag(&image);
    Revision {
        hash: Hash(format!("spec-{}", w.metadata.generation.unwrap_or(0)).into()),
        version: version.unwrap_or_else(|| "the template in the spec".into()),
        image,
        digest,
        number: None,
        created: None,
        replicas: Replicas::default(),
        trouble: Vec::new(),
        cause: None,
    }
}

/// One digest known of its pods is the version's; several are drift (see `wire`).
fn digests<'a>(r: &mut Revision, pods: impl Iterator<Item = &'a PodRow>) {
    let mut all: Vec<&Arc<str>> = pods.filter_map(|p| p.digest.as_ref()).collect();
    all.sort();
    all.dedup();
    if let ([one], None) = (&all[..], &r.digest) {
        r.digest = Some((*one).clone());
    }
}

/// A StatefulSet or DaemonSet: templates are ControllerRevisions, and only pods say who runs which.
pub fn of_revisions(kind: WorkKind, w: &Work, around: &Around<'_>, names: &[&str]) -> Tracks {
    let Some(uid) = &w.metadata.uid else { return Tracks::default() };
    let mut own: Vec<&RevisionRow> = around.revisions.iter().filter(|r| r.owner == *uid).copied().collect();
    own.sort_by(|a, b| (b.number, b.created, &b.hash).cmp(&(a.number, a.created, &a.hash)));
    let pods: Vec<&PodRow> = around.pods.iter().filter(|p| p.owner == *uid).copied().collect();
    let s = &w.status;
    let named = |name: &Option<Arc<str>>| name.as_deref().filter(|n| !n.is_empty()).map(hash_of);
    let (all, candidate) = match kind {
        WorkKind::StatefulSet => (count(s.replicas), named(&s.update_revision)),
        WorkKind::DaemonSet | WorkKind::Deployment => {
            (count(s.current_number_scheduled), own.first().map(|r| r.hash.clone()))
        }
    };
    let current = named(&s.current_revision).filter(|_| kind == WorkKind::StatefulSet);
    let Some(candidate) = candidate else { return Tracks::default() };
    // Pods are believed when all of them are known; the status tells of two versions only.
    let by_pod = u32::try_from(pods.len()).is_ok_and(|n| n >= all);
    let counted = |hash: &Hash| -> Replicas {
        if by_pod {
            let of: Vec<&&PodRow> =
                pods.iter().filter(|p| p.hash.as_deref().map(hash_of).as_ref() == Some(hash)).collect();
            let n = |ready: bool| u32::try_from(of.iter().filter(|p| !ready || p.ready).count()).unwrap_or(u32::MAX);
            return Replicas { wanted: n(false), existing: n(false), ready: n(true), available: n(true) };
        }
        by_status(kind, w, *hash == candidate, current.as_ref() == Some(hash))
    };
    let troubles = |hash: &Hash| -> Vec<Trouble> {
        let mut by: BTreeMap<&Arc<str>, u32> = BTreeMap::new();
        for p in &pods {
            if p.hash.as_deref().map(hash_of).as_ref() == Some(hash)
                && let Some(why) = &p.trouble
            {
                *by.entry(why).or_default() += 1;
            }
        }
        let mut list: Vec<Trouble> =
            by.into_iter().map(|(reason, count)| Trouble { reason: reason.clone(), count }).collect();
        if list.is_empty() && pods.is_empty() && *hash == candidate {
            list = around.troubles.get(uid).cloned().unwrap_or_default();
        }
        list.sort_by(|a, b| (b.count, &a.reason).cmp(&(a.count, &b.reason)));
        list
    };
    let mut tracks =
        Tracks { images: own.iter().map(|r| (r.hash.clone(), r.images.clone())).collect(), ..Tracks::default() };
    for r in &own {
        let mut v = revision(&as_set(r, counted(&r.hash)), names, &troubles(&r.hash));
        digests(&mut v, pods.iter().filter(|p| p.hash.as_deref().map(hash_of).as_ref() == Some(&r.hash)).copied());
        tracks.revisions.push(v);
    }
    if tracks.revisions.iter().all(|r| r.hash != candidate) {
        // The revisions may not be listed, or not yet: the template in the spec is the candidate's once observed.
        let mut v = pending(w, names);
        (v.hash, v.replicas, v.trouble) = (candidate.clone(), counted(&candidate), troubles(&candidate));
        tracks.images.insert(candidate.clone(), w.images());
        tracks.revisions.insert(0, v);
    }
    tracks.stable = match (kind, current) {
        // OnDelete never moves currentRevision.
        (WorkKind::StatefulSet, current) if !w.on_delete() => current,
        _ => {
            let updated = match kind {
                WorkKind::StatefulSet => s.updated_replicas,
                WorkKind::DaemonSet | WorkKind::Deployment => s.updated_number_scheduled,
            };
            let complete = count(updated) >= w.wanted(kind);
            let others: Vec<&Revision> = tracks.revisions.iter().filter(|r| r.hash != candidate).collect();
            tracks.revisions.iter().find(|r| r.hash == candidate).and_then(|now| good(now, &others, complete))
        }
    };
    tracks.candidate = Some(candidate);
    tracks
}

/// Counts of one version by the status alone.
fn by_status(kind: WorkKind, w: &Work, candidate: bool, current: bool) -> Replicas {
    let s = &w.status;
    let (updated, all, ready) = match kind {
        WorkKind::StatefulSet => (s.updated_replicas, s.replicas, s.ready_replicas),
        WorkKind::DaemonSet | WorkKind::Deployment => {
            (s.updated_number_scheduled, s.current_number_scheduled, s.number_ready)
        }
    };
    let (updated, all, ready) = (count(updated), count(all), count(ready));
    let existing = match (candidate, current) {
        (true, _) => updated,
        (false, true) => all.saturating_sub(updated),
        (false, false) => 0,
    };
    // Who of them is ready is not said: the old ones first, so that a new version is never called ready too early.
    let old_ready = ready.min(all.saturating_sub(updated));
    let ready = if candidate { ready - old_ready } else { old_ready.min(existing) };
    Replicas { wanted: existing, existing, ready, available: ready }
}

fn as_set(r: &RevisionRow, replicas: Replicas) -> SetRow {
    SetRow {
        uid: r.uid.clone(),
        owner: r.owner.clone(),
        hash: r.hash.clone(),
        number: u64::try_from(r.number).ok(),
        created: r.created,
        images: r.images.clone(),
        replicas,
        failure: None,
        cause: r.cause.clone(),
        experiment: false,
    }
}

/// When the candidate began: its creation; of an old version used again no record is kept, so at the earliest when the
/// newest of the others was made.
pub fn started(t: &Tracks) -> Option<Utc> {
    let c = t.candidate.as_ref()?;
    let born = t.revisions.iter().find(|r| r.hash == *c)?.created?;
    let newest = t.revisions.iter().filter(|r| r.hash != *c).filter_map(|r| r.created).max();
    Some(if t.moving() { newest.map_or(born, |n| n.max(born)) } else { born })
}
