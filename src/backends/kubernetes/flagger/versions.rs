//! Which version a Canary tests and which one users are on. Pure.
//!
//! A version is named by the `pod-template-hash` its pods carry, so that pods, logs and metrics of it are found by it:
//! the candidate by that of the target's newest ReplicaSet, the stable one by that of the primary's. The two never agree,
//! even for one template (the primary has other labels), so while nothing is tested both are the primary's. Flagger's own
//! hashes (`lastAppliedSpec`, `lastPromotedSpec`) are on no pod; they guard requests, and are the identities where the
//! target has no ReplicaSets (a DaemonSet, a Service) or they may not be read.

use super::dto::Canary;
use crate::backends::kubernetes::around::Around;
use crate::backends::kubernetes::wire::{SetRow, revision};
use crate::core::id::Hash;
use crate::core::world::target::Revision;

#[derive(Debug, Default)]
pub struct Versions {
    pub candidate: Option<Hash>,
    pub stable: Option<Hash>,
    /// Newest first: what serves or is tested, and the target's own kept templates of versions that were promoted.
    pub revisions: Vec<Revision>,
    /// Replicas the primary asks for.
    pub wanted: u32,
}

/// The ReplicaSets of the target and of its primary, newest first.
struct Sets<'a> {
    target: Vec<&'a SetRow>,
    primary: Vec<&'a SetRow>,
}

/// Uids of the target and its primary, where they are known.
fn uids<'a>(c: &Canary, around: &Around<'a>) -> [Option<&'a str>; 2] {
    let name = c.spec.target_ref.name.as_deref().unwrap_or("");
    let primary = format!("{name}-primary");
    let uid = |n: &str| {
        let one = around.works.iter().find(|w| w.metadata.name.as_deref() == Some(n))?;
        one.metadata.uid.as_deref()
    };
    [uid(name), uid(&primary)]
}

fn sets<'a>(c: &Canary, around: &Around<'a>) -> Sets<'a> {
    let of = |uid: Option<&str>| {
        let mut all: Vec<&SetRow> =
            around.sets.iter().copied().filter(|s| !s.experiment && Some(&*s.owner) == uid).collect();
        // The server numbers the one in use the highest, also when an old one is used again.
        all.sort_by(|a, b| (b.number, b.created, &b.hash).cmp(&(a.number, a.created, &a.hash)));
        all
    };
    let [target, primary] = uids(c, around);
    Sets { target: of(target), primary: of(primary) }
}

/// Is `p`, a set of the primary, the copy of `t`? Flagger copies the template as it is but for names of the primary's
/// own, and always into a new set, so the original is never younger. A template that differs in more than its images
/// (settings, a retry's annotation) is younger than the copy made before it.
fn copied(t: &SetRow, p: &SetRow) -> bool {
    t.images == p.images && t.created.zip(p.created).is_none_or(|(t, p)| t <= p)
}

/// A version is under test, whatever its template: a changed ConfigMap is enough.
pub fn testing(phase: &str) -> bool {
    matches!(phase, "Waiting" | "Progressing" | "WaitingPromotion")
}

/// The primary gets the new template, or all users went to the candidate because it could not run it.
fn copying(c: &Canary) -> bool {
    matches!(c.phase(), "Promoting" | "Finalising") || stranded(c)
}

/// Failed, and not rolled back: the primary broke while it was promoted, and all traffic was sent to the candidate.
pub fn stranded(c: &Canary) -> bool {
    c.phase() == "Failed" && c.status.canary_weight.is_some_and(|w| w > 0)
}

pub fn versions(c: &Canary, around: &Around<'_>) -> Versions {
    let s = sets(c, around);
    let (Some(t), Some(newest)) = (s.target.first(), s.primary.first()) else {
        return by_spec(c, &s, around);
    };
    // Until it has succeeded, the version promoted before is the stable one.
    let before = s.primary.get(1).copied();
    let p = match before {
        Some(before) if copying(c) && (stranded(c) || copied(t, newest)) => before,
        _ => newest,
    };
    let moving = testing(c.phase()) || copying(c) || !copied(t, newest);
    let first = matches!(c.phase(), "" | "Initializing");
    let stable = (!first).then(|| p.hash.clone());
    let candidate = Some(if moving || first { t.hash.clone() } else { p.hash.clone() });
    let kept = |set: &&&SetRow| {
        let promoted = s.primary.iter().any(|p| copied(set, p));
        let shown = if set.hash == t.hash { moving || first } else { promoted && !copied(set, p) };
        shown || set.replicas.existing > 0
    };
    let serving = |set: &&&SetRow| set.hash == p.hash || set.hash == newest.hash || set.replicas.existing > 0;
    let mut all: Vec<&SetRow> = s.target.iter().filter(kept).copied().collect();
    all.extend(s.primary.iter().filter(serving));
    all.sort_by(|a, b| (b.created, &b.hash).cmp(&(a.created, &a.hash)));
    Versions { candidate, stable, revisions: shown(c, &all, around), wanted: newest.replicas.wanted.max(1) }
}

/// Without ReplicaSets to go by.
fn by_spec(c: &Canary, s: &Sets<'_>, around: &Around<'_>) -> Versions {
    let hash = |h: &Option<std::sync::Arc<str>>| h.clone().filter(|h| !h.is_empty()).map(Hash);
    let (applied, promoted) = (hash(&c.status.last_applied_spec), hash(&c.status.last_promoted_spec));
    // Flagger names the new version only when its analysis begins.
    let candidate = if c.phase() == "Waiting" && applied == promoted { None } else { applied };
    let all: Vec<&SetRow> = s.target.iter().chain(&s.primary).copied().filter(|s| s.replicas.existing > 0).collect();
    Versions { candidate, stable: promoted, revisions: shown(c, &all, around), wanted: 1 }
}

fn shown(c: &Canary, sets: &[&SetRow], around: &Around<'_>) -> Vec<Revision> {
    let name = c.spec.target_ref.name.as_deref().unwrap_or("");
    sets.iter().map(|s| revision(s, &[name], around.troubles.get(&s.uid).map_or(&[], Vec::as_slice))).collect()
}

/// The target's own template of what is promoted: where "as before" leads. `None`: not kept.
pub fn original(stable: &Hash, target: &[SetRow], primary: &[SetRow]) -> Option<Hash> {
    let p = primary.iter().find(|p| p.hash == *stable)?;
    target.iter().filter(|t| copied(t, p)).max_by_key(|t| (t.created, t.number)).map(|t| t.hash.clone())
}

/// Container restarts of the pods of both that are there now.
pub fn restarts(c: &Canary, around: &Around<'_>) -> u32 {
    let s = sets(c, around);
    let own = |uid: &str| s.target.iter().chain(&s.primary).any(|s| *s.uid == *uid);
    around.pods.iter().filter(|p| own(&p.owner)).map(|p| p.restarts).sum()
}
