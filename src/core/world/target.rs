//! One rollout-able object as a source saw it: a state, never a delta. Knows nothing of backends or screens.

use super::detail::Detail;
use crate::core::id::{Hash, ServiceId, TargetId};
use crate::core::seal::Sealed;
use crate::core::time::Utc;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Strategy {
    Canary,
    BlueGreen,
    /// Deployment: pods of the new version replace the old ones.
    Rolling,
    /// StatefulSet: one ordinal after the other, the highest first.
    Ordered,
    /// DaemonSet: node by node.
    PerNode,
    /// Flagger's A/B testing: by headers and cookies, no weight.
    AbTest,
    /// An operator's own resource: it is reconciled, not rolled out.
    Reconciled,
    /// Kept as the server said it.
    Other(Arc<str>),
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Phase {
    Healthy,
    Progressing,
    Paused,
    Degraded,
    /// A word this version does not know; shown, never taken for fine.
    Other(Arc<str>),
}

impl Phase {
    pub fn word(&self) -> &str {
        match self {
            Phase::Healthy => "healthy",
            Phase::Progressing => "progressing",
            Phase::Paused => "paused",
            Phase::Degraded => "degraded",
            Phase::Other(w) => w,
        }
    }
}

/// Replica counts of one revision.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Replicas {
    pub wanted: u32,
    pub existing: u32,
    pub ready: u32,
    pub available: u32,
}

/// Why replicas are not ready, by kind: (`ImagePullBackOff`, 3).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Trouble {
    pub reason: Arc<str>,
    pub count: u32,
}

/// One version of the target that the source still keeps.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Revision {
    pub hash: Hash,
    /// What people call it: the tag of the main image, else the short hash.
    pub version: Arc<str>,
    pub image: Arc<str>,
    pub digest: Option<Arc<str>>,
    /// The server's own number. Shown only: numbers are rewritten on rollback.
    pub number: Option<u64>,
    pub created: Option<Utc>,
    pub replicas: Replicas,
    pub trouble: Vec<Trouble>,
    pub cause: Option<Arc<str>>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StepDef {
    /// As the field writes it: `setWeight: 20`, `pause: 10m`, `analysis`.
    pub label: Arc<str>,
    /// Percent of traffic this step asks for.
    pub weight: Option<u8>,
    pub pause: Option<PauseDef>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum PauseDef {
    UntilPromoted,
    /// Seconds.
    For(u64),
}

/// The controller waits here.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Gate {
    /// The server's reason: `CanaryPauseStep`, `BlueGreenPause`, `InconclusiveAnalysisRun`.
    pub reason: Arc<str>,
    pub since: Option<Utc>,
    /// When it opens by itself; `None`: only a person opens it.
    pub until: Option<Utc>,
}

/// Who owns the desired state, when it is not the cluster alone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GitOwner {
    /// `argo cd`, `flux`, `helm`.
    pub tool: Arc<str>,
    pub what: Arc<str>,
}

/// Who last wrote a field an act is about, from the server's own bookkeeping: a program, never a person.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manager {
    pub name: Arc<str>,
    pub at: Option<Utc>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TargetState {
    pub id: TargetId,
    pub service: ServiceId,
    pub strategy: Strategy,
    pub phase: Phase,
    pub message: Arc<str>,
    pub since: Option<Utc>,
    pub steps: Vec<StepDef>,
    /// Steps done, of `steps.len()`; `None` when the strategy has no steps.
    pub step: Option<u32>,
    /// Percent of traffic the candidate should have, and has (`None`: not known).
    pub weight_wanted: u8,
    pub weight_real: Option<u8>,
    /// Replicas the target as a whole asks for.
    pub wanted: u32,
    /// The version asked for. Equal to `stable`: nothing moves.
    pub candidate: Option<Hash>,
    /// The version last fully promoted; `None` on a first deploy.
    pub stable: Option<Hash>,
    /// Everything kept, newest first.
    pub revisions: Vec<Revision>,
    pub gate: Option<Gate>,
    /// A person's pause (`spec.paused`), which freezes the controller.
    pub held: bool,
    pub held_by: Option<Manager>,
    /// Somebody released the gate and the controller has not reacted yet.
    pub releasing: bool,
    pub aborted: bool,
    pub aborted_at: Option<Utc>,
    pub aborted_by: Option<Manager>,
    /// Full promotion asked for and not finished.
    pub promoting_full: bool,
    /// The controller refuses the object as it stands.
    pub invalid: Option<Arc<str>>,
    pub generation: i64,
    /// The controller has seen `generation`.
    pub observed: bool,
    /// The server's opaque version of the object; equality only.
    pub version: Arc<str>,
    pub git: Option<GitOwner>,
    /// What only some kinds have.
    #[serde(default)]
    pub detail: Detail,
    /// When the candidate was created: the start of the verdict.
    pub started: Option<Utc>,
    /// When the source last said this (own UTC).
    pub read_at: Utc,
    /// The object as `plan` needs it; only on a read made for a dialog or an act, never on the tape.
    pub raw: Option<Sealed>,
}

/// `1 pod`, `7 pods`.
pub fn pods(n: u32) -> String {
    format!("{n} pod{}", if n == 1 { "" } else { "s" })
}

/// A version with its hash where another that is kept has the same name.
pub fn called(kept: &[Revision], hash: &Hash) -> Arc<str> {
    let Some(r) = kept.iter().find(|r| r.hash == *hash) else { return hash.0.clone() };
    let twin = kept.iter().any(|o| o.version == r.version && o.hash != *hash);
    let own = own_part(hash);
    let short = own.char_indices().nth(SHORT_HASH).map_or(own, |(end, _)| &own[..end]);
    if twin && *r.version != *hash.0 { format!("{} ({short})", r.version).into() } else { r.version.clone() }
}

/// A ControllerRevision's hash comes behind the name of its workload.
fn own_part(hash: &Hash) -> &str {
    hash.0.rsplit('-').next().unwrap_or_default()
}

/// As much of a hash as tells two versions apart; a person finds it in the names of the pods.
const SHORT_HASH: usize = 6;

impl TargetState {
    pub fn revision(&self, hash: &Hash) -> Option<&Revision> {
        self.revisions.iter().find(|r| r.hash == *hash)
    }

    pub fn candidate_revision(&self) -> Option<&Revision> {
        self.revision(self.candidate.as_ref()?)
    }

    pub fn stable_revision(&self) -> Option<&Revision> {
        self.revision(self.stable.as_ref()?)
    }

    /// A change is under way: candidate and stable differ (also after an abort: the spec still asks for it).
    pub fn is_moving(&self) -> bool {
        self.candidate.is_some() && self.candidate != self.stable
    }

    /// Something stands in the object that its controller has not carried out: what was asked for may still happen, so
    /// nobody can say that it was not done.
    pub fn holds_a_wish(&self) -> bool {
        let d = &self.detail;
        let failing = d.flagger.as_ref().is_some_and(|f| f.threshold > 0 && f.failed_checks >= f.threshold);
        !self.observed || self.releasing || self.promoting_full || d.restarting || d.abort_pending || failing
    }

    /// Replicas of `hash` that exist.
    pub fn existing_of(&self, hash: &Hash) -> u32 {
        self.revision(hash).map_or(0, |r| r.replicas.existing)
    }

    /// A version of this target as a person must read it: one that has the name of another that is asked for or serves
    /// (a setting changed, the image did not; a tag that moves) is told from it by its hash. Flagger keeps one version
    /// under two hashes, the target's and the primary's: no hash tells anything there.
    pub fn called(&self, hash: &Hash) -> Arc<str> {
        let version = self.version_of(hash);
        let same = |h: &&Hash| *h != hash && self.version_of(h) == version;
        let twin = self.detail.flagger.is_none() && self.candidate.iter().chain(&self.stable).any(|h| same(&h));
        if twin { called(&self.revisions, hash) } else { version }
    }

    /// Is `hash` what a person wrote: the version, the version as it is shown, the hash or the beginning of one? More than
    /// one may be.
    pub fn is_named(&self, hash: &Hash, said: &str) -> bool {
        let starts = said.len() >= SHORT_HASH && (hash.0.starts_with(said) || own_part(hash).starts_with(said));
        [&self.version_of(hash), &called(&self.revisions, hash), &hash.0].iter().any(|n| ***n == *said) || starts
    }

    /// Pods that have trouble, by version and reason: `2 of v2.14.1 CrashLoopBackOff`.
    pub fn troubles(&self) -> Vec<String> {
        let of = |r: &Revision, x: &Trouble| format!("{} of {} {}", x.count, self.called(&r.hash), x.reason);
        self.revisions.iter().flat_map(|r| r.trouble.iter().map(move |x| of(r, x))).collect()
    }

    /// What people call a version of this target; the hash itself when nothing better is known. For what is compared with
    /// other sources' words; a person reads `called`.
    pub fn version_of(&self, hash: &Hash) -> Arc<str> {
        self.revision(hash).map_or_else(|| hash.0.clone(), |r| r.version.clone())
    }

    /// Where an undo after full promotion goes: of the other revisions created before stable the one asked for last. The
    /// newest of all may itself be a version that was taken back. Numbers are rewritten whenever a version is asked for
    /// again, so their order is that of what ran; creation alone would name a bad version that an undo has passed.
    pub fn previous(&self) -> Option<&Revision> {
        let stable = self.stable_revision();
        let before = |r: &&Revision| match (r.created, stable.and_then(|s| s.created)) {
            (Some(at), Some(s)) if at == s => {
                // Servers stamp whole seconds: in the same one the server's own numbers tell.
                r.number.zip(stable.and_then(|s| s.number)).is_none_or(|(r, s)| r < s)
            }
            (Some(r), Some(s)) => r < s,
            (_, None) | (None, Some(_)) => true,
        };
        self.revisions
            .iter()
            .filter(|r| Some(&r.hash) != self.candidate.as_ref() && Some(&r.hash) != self.stable.as_ref())
            .filter(before)
            .max_by_key(|r| (r.number, r.created))
    }
}
