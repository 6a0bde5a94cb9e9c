//! What stands behind a target's state, read when somebody looks: its instances, events, log lines, the object itself.
//! Knows nothing of backends or screens.

use super::target::Trouble;
use crate::core::id::{Hash, TargetId};
use crate::core::time::Utc;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Track {
    Candidate,
    Stable,
    /// A version that is neither.
    Old,
}

/// Instances and events of one target, worst instance first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Evidence {
    pub target: TargetId,
    pub at: Utc,
    pub instances: Vec<Instance>,
    /// Newest first, the ones that matter.
    pub events: Vec<Event>,
    /// What is worth knowing of probes: failures by kind, a probe changed inside this rollout.
    pub probes: Vec<Arc<str>>,
    /// What could not be read, with the reason.
    pub unread: Vec<Arc<str>>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Instance {
    pub name: Arc<str>,
    pub track: Track,
    pub hash: Option<Hash>,
    /// As `kubectl get pods` says it: `Running`, `CrashLoopBackOff`, `Terminating`.
    pub status: Arc<str>,
    /// Containers ready, of all.
    pub ready: (u32, u32),
    pub restarts: u32,
    /// Why it is not ready, by kind; `None`: it is, or it is starting normally.
    pub why: Option<Arc<str>>,
    /// How a container last ended: `exit 137 (OOMKilled)`.
    pub last_end: Option<Arc<str>>,
    pub last_end_at: Option<Utc>,
    pub node: Arc<str>,
    pub created: Option<Utc>,
    pub containers: Vec<Arc<str>>,
    /// Failing probes by kind, where the events say so: (`Liveness`, 12).
    pub probes: Vec<Trouble>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Event {
    pub at: Option<Utc>,
    pub warning: bool,
    pub reason: Arc<str>,
    /// `Pod checkout-7d9c5b8f6d-x2kq8`
    pub object: Arc<str>,
    pub note: Arc<str>,
    pub count: u32,
}

/// Whose log lines are looked at.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Whose {
    Instance(Arc<str>),
    /// Candidate and stable, side by side.
    Tracks,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct LogsOf {
    pub target: TargetId,
    pub whose: Whose,
    /// Of the container before the last restart.
    pub previous: bool,
    /// From the start of the change on; else the last lines.
    pub since_deploy: bool,
}

/// Log lines of one instance. The oldest are dropped first, and counted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogChunk {
    pub of: LogsOf,
    pub instance: Arc<str>,
    pub track: Track,
    /// Number of the first line in this stream, from 0.
    pub first_seq: u64,
    pub lines: Vec<LogText>,
    pub dropped: u64,
    /// Why no more come, where none do.
    pub ended: Option<Arc<str>>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogText {
    pub at: Option<Utc>,
    pub text: Arc<str>,
}

/// The object as the server has it, without bookkeeping and secrets.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Raw {
    pub target: TargetId,
    pub at: Utc,
    /// Indented JSON, at most 64 kB.
    pub text: Arc<str>,
    /// Who wrote which fields, folded: one line a manager.
    pub managers: Vec<Arc<str>>,
}
