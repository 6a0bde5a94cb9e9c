//! A configured source as it stands: connected or not, how old, how slow, what we may do there.

use crate::core::time::Utc;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Roles {
    pub rollouts: bool,
    pub telemetry: bool,
    #[serde(default)]
    pub alerts: bool,
    /// What else changed: deploys, flags, config.
    #[serde(default)]
    pub changes: bool,
    #[serde(default)]
    pub flags: bool,
    /// Signatures, builds, scans.
    #[serde(default)]
    pub artifacts: bool,
    /// Who is on call; wakes people.
    #[serde(default)]
    pub pages: bool,
    /// Takes status texts for stakeholders.
    #[serde(default)]
    pub tells: bool,
}

/// Where the connection stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Link {
    Connecting,
    /// A first or repeated full read; what is known from before looks old until it ends.
    Reading {
        what: Arc<str>,
        done: u32,
        of: Option<u32>,
    },
    Watching,
    Polling,
    Failed(SourceError),
}

impl Link {
    /// It has said something whole, or that it cannot.
    pub fn has_answered(&self) -> bool {
        match self {
            Link::Watching | Link::Polling | Link::Failed(_) => true,
            Link::Connecting | Link::Reading { .. } => false,
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Trouble {
    Auth,
    Forbidden,
    Unreachable,
    Timeout,
    Throttled,
    /// The answer was not what it should be: HTML, junk JSON, too deep.
    Shape,
    /// The decoded body passed the cap of limits.md.
    TooBig,
    NotFound,
    Server,
    /// The type or preset is known but this version does not have it.
    NotInThisVersion,
    /// The task itself failed; a bug of ours.
    Panicked,
}

/// What went wrong, for the person reading it: what happened, where, what to do. Carries no URL query and no secret.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SourceError {
    pub trouble: Trouble,
    pub sentence: Arc<str>,
    pub retry_after_ms: Option<u64>,
}

impl SourceError {
    /// What looks like a secret is taken out of the sentence here, whoever wrote it.
    pub fn new(trouble: Trouble, sentence: impl Into<Arc<str>>) -> SourceError {
        let sentence = sentence.into();
        let clean = crate::core::redact::text(&sentence);
        let sentence = if clean.count > 0 { clean.text.into() } else { sentence };
        SourceError { trouble, sentence, retry_after_ms: None }
    }
}

impl std::fmt::Display for SourceError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.sentence)
    }
}

/// One right, as the server's review says it. Reviews are advisory.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Right {
    /// Namespace it holds in; `None`: everywhere.
    pub namespace: Option<Arc<str>>,
    /// The field's own words: `patch rollouts/status`.
    pub verb: Arc<str>,
    /// `None`: the review did not answer.
    pub allowed: Option<bool>,
}

/// What a probe found.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Abilities {
    pub roles: Roles,
    pub version: Option<Arc<str>>,
    pub rights: Vec<Right>,
    /// Server clock minus ours, milliseconds.
    pub skew_ms: Option<i64>,
    /// Who the server says we are.
    pub identity: Option<Arc<str>>,
    /// The groups it puts us into, in its order.
    #[serde(default)]
    pub groups: Vec<Arc<str>>,
    /// Certificate checks are off.
    pub insecure: bool,
    /// Which cluster it is. Pinned by the first answer: another one is another target.
    #[serde(default)]
    pub cluster: Option<Cluster>,
    /// Kinds of targets it serves: `Rollout`, `Canary`, `Deployment`.
    #[serde(default)]
    pub kinds: Vec<Arc<str>>,
    /// Who acts are sent as, where that is not who looks.
    #[serde(default)]
    pub acts_as: Option<Arc<str>>,
    /// Controllers whose lease can be read.
    #[serde(default)]
    pub controllers: Vec<Controller>,
}

/// A cluster by what cannot change under its name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cluster {
    /// Uid of the namespace `kube-system`.
    pub id: Arc<str>,
    /// The address asked, without user and path.
    pub server: Arc<str>,
    /// SHA-256 of the certificate authority's bytes as the kubeconfig names them, in hex; empty where there is none.
    pub authority: Arc<str>,
}

/// Is anybody there to carry a wish out? Grey information, never a precondition.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Controller {
    /// `argo-rollouts`
    pub name: Arc<str>,
    pub renewed: Option<Utc>,
    /// Milliseconds after `renewed` from which nobody holds it.
    pub lasts_ms: i64,
}

/// The last word of a source about itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SourceState {
    /// The adapter's type: `kubernetes`, `prometheus`, `simulated`.
    pub kind: Arc<str>,
    pub link: Link,
    pub abilities: Abilities,
    /// The newest moment it was known to be right: an event, a bookmark, a clean answer (own UTC).
    pub confirmed: Option<Utc>,
    /// Milliseconds after `confirmed` at which what it says counts as old (limits.md section 3).
    pub old_after_ms: i64,
    pub latency_ms: Option<u32>,
    /// Requests of the last minute, of the shared budget.
    pub calls_per_min: u32,
    /// The last trouble, kept after it ended.
    pub last_error: Option<(Utc, SourceError)>,
    /// What it holds, in words: `41 rollouts, 5 moving`.
    pub holds: Arc<str>,
}

impl SourceState {
    /// One that has not said anything yet.
    pub fn connecting(kind: &str, roles: Roles) -> SourceState {
        SourceState {
            kind: kind.into(),
            link: Link::Connecting,
            abilities: Abilities { roles, ..Abilities::default() },
            confirmed: None,
            old_after_ms: 90_000,
            latency_ms: None,
            calls_per_min: 0,
            last_error: None,
            holds: "".into(),
        }
    }
}
