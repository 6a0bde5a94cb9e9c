//! What stands beside a rollout: what else changed, flags, artifacts, who is on call. Each list is told whole, each time
//! anew, by the source that has it.

use crate::core::id::ServiceId;
use crate::core::time::Utc;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum ChangeKind {
    Deploy,
    Flag,
    Config,
    /// Network, machines, clusters: what a plan applied.
    Infra,
    /// A secret or certificate was renewed, or ran out.
    Secret,
    /// A schema or an index.
    Migration,
    /// A word this version does not know; shown.
    Other(Arc<str>),
}

impl ChangeKind {
    pub fn word(&self) -> &str {
        match self {
            ChangeKind::Deploy => "deploy",
            ChangeKind::Flag => "flag",
            ChangeKind::Config => "config",
            ChangeKind::Infra => "infra",
            ChangeKind::Secret => "secret",
            ChangeKind::Migration => "migration",
            ChangeKind::Other(w) => w,
        }
    }
}

/// Something that somebody changed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Changed {
    pub id: Arc<str>,
    pub at: Utc,
    pub kind: ChangeKind,
    /// `None`: it belongs to no service that is known.
    pub service: Option<ServiceId>,
    /// `new-tax 5% -> 20%`, without who and when.
    pub what: Arc<str>,
    /// A person, or the machine that did it for one.
    pub by: Arc<str>,
    pub link: Option<Arc<str>>,
    /// It went to everybody at once, without steps.
    pub at_once: bool,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Flag {
    pub key: Arc<str>,
    pub service: Option<ServiceId>,
    pub on: bool,
    /// Of users who get it, 0..=1; `None`: its source does not tell.
    pub share: Option<f64>,
    pub changed: Option<Utc>,
    pub by: Option<Arc<str>>,
    pub says: Arc<str>,
}

/// What somebody says of an artifact. A source that does not know a thing leaves it out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Signature {
    Good {
        by: Arc<str>,
    },
    Absent,
    /// Signed by somebody else, or over other bytes.
    Mismatch {
        says: Arc<str>,
    },
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Build {
    Passed,
    Failed { says: Arc<str> },
    Running,
}

/// The artifact of one version of one service. `None` everywhere: its source does not tell.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Artifact {
    pub service: ServiceId,
    pub version: Arc<str>,
    pub digest: Option<Arc<str>>,
    pub signature: Option<Signature>,
    pub build: Option<Build>,
    /// `ci/4471`
    pub run: Option<Arc<str>>,
    pub commit: Option<Arc<str>>,
    pub ticket: Option<Arc<str>>,
    /// A bill of materials is there.
    pub sbom: Option<bool>,
    /// Criticals that a scan found, and when it looked.
    pub scan: Option<(u32, Utc)>,
    /// Still served by its registry under the same digest.
    pub served: Option<bool>,
    /// On a list of what must not run.
    pub revoked: Option<Arc<str>>,
    /// Schema or data are changed by it: going back leaves them so.
    pub schema: Option<Arc<str>>,
}

impl Artifact {
    /// One of which nobody has told anything.
    pub fn untold(service: ServiceId, version: impl Into<Arc<str>>) -> Artifact {
        Artifact {
            service,
            version: version.into(),
            digest: None,
            signature: None,
            build: None,
            run: None,
            commit: None,
            ticket: None,
            sbom: None,
            scan: None,
            served: None,
            revoked: None,
            schema: None,
        }
    }
}

/// Who can be woken for a team, the first first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OnCall {
    pub team: Arc<str>,
    pub levels: Vec<Level>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Level {
    pub person: Arc<str>,
    /// Seconds without an answer before the next one is called.
    pub after_secs: u32,
}

/// A call that went out, and what came of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Call {
    pub team: Arc<str>,
    pub person: Arc<str>,
    pub at: Utc,
    /// When the person answered.
    pub answered: Option<Utc>,
    pub why: Arc<str>,
}
