//! What a target says of itself beyond version, step and weight: analysis, colours, hooks, who scales it, who wrote to it.
//! Each part is there only for the kinds that have it. Knows nothing of backends or screens.

use super::target::Manager;
use crate::core::id::Hash;
use crate::core::time::Utc;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Detail {
    /// Analysis runs and experiments of the change under way, the current ones first.
    pub checks: Vec<Analysis>,
    /// Blue/green: which version each service selects.
    pub colours: Option<Colours>,
    pub flagger: Option<Flagger>,
    /// StatefulSet: pods below this ordinal keep the old version.
    pub partition: Option<u32>,
    /// The object that holds the template, or is analysed: `workloadRef`, `targetRef`.
    pub workload: Option<Workload>,
    /// What else changes its replicas.
    pub scalers: Vec<Scaler>,
    /// Who wrote the fields acts are about, newest first.
    pub writers: Vec<Written>,
    /// Conditions worth a look: of a custom resource all of them, else those that explain.
    pub conditions: Vec<Condition>,
    /// Versions that should not be there any more, or equal tags with different digests; one sentence each.
    pub drift: Vec<Arc<str>>,
    /// Container restarts of its pods that are there now.
    pub restarts: u32,
    /// A restart of its pods was asked for and has not ended.
    pub restarting: bool,
    /// The moment the last restart that ended was asked for, where the source says it.
    pub restarted: Option<Utc>,
    /// An abort, or the end of one, is stored and its controller has not taken it up.
    pub abort_pending: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Role {
    Step,
    Background,
    PrePromotion,
    PostPromotion,
    Experiment,
    Other,
}

impl Role {
    pub fn word(self) -> &'static str {
        match self {
            Role::Step => "step",
            Role::Background => "background",
            Role::PrePromotion => "before promotion",
            Role::PostPromotion => "after promotion",
            Role::Experiment => "experiment",
            Role::Other => "other",
        }
    }
}

/// One AnalysisRun or Experiment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Analysis {
    /// `AnalysisRun`, `Experiment`.
    pub kind: Arc<str>,
    pub name: Arc<str>,
    pub uid: Arc<str>,
    pub role: Role,
    /// The server's word: `Running`, `Failed`, `Error`, `Inconclusive`, `Successful`, `Pending`.
    pub phase: Arc<str>,
    pub message: Arc<str>,
    pub started: Option<Utc>,
    /// It was ended by hand or by an abort: its `Successful` means nothing.
    pub terminated: bool,
    pub metrics: Vec<Metric>,
}

impl Analysis {
    /// Completed, whatever came of it.
    pub fn is_over(&self) -> bool {
        matches!(&*self.phase, "Successful" | "Failed" | "Error" | "Inconclusive")
    }
}

/// One metric of an analysis run. Counts are cumulative.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Metric {
    pub name: Arc<str>,
    pub phase: Arc<str>,
    pub message: Arc<str>,
    /// Measured, but decides nothing.
    pub dry_run: bool,
    pub successful: u32,
    pub failed: u32,
    pub inconclusive: u32,
    pub error: u32,
    /// More failures than this fail the run. Default 0; negative: never.
    pub failure_limit: Option<i64>,
    /// Its conditions, verbatim; never evaluated by us.
    pub condition: Arc<str>,
    /// The query, resolved, where the provider has one.
    pub query: Option<Arc<str>>,
    /// The last values as the server wrote them, oldest first, at most 10.
    pub values: Vec<Arc<str>>,
    /// Ended because another metric decided: neither passed nor failed.
    pub stopped: bool,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Colours {
    /// What users get.
    pub active: Option<Hash>,
    pub preview: Option<Hash>,
    /// Promotes by itself, after so many seconds where set.
    pub auto: bool,
    pub auto_after: Option<u64>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Flagger {
    /// The server's word: `Progressing`, `WaitingPromotion`.
    pub phase: Arc<str>,
    pub failed_checks: u32,
    /// Failed checks that make it roll back by itself.
    pub threshold: u32,
    pub max_weight: u8,
    pub iteration: Option<u32>,
    pub iterations: Option<u32>,
    /// Nothing happens before the next tick. Seconds.
    pub interval: u64,
    pub suspended: bool,
    pub skip_analysis: bool,
    pub gates: Vec<HookGate>,
    pub last_applied: Arc<str>,
    pub last_promoted: Arc<str>,
}

/// A webhook that lets it go on, or back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HookGate {
    /// `confirm-rollout`, `confirm-promotion`, `confirm-traffic-increase`, `rollback`.
    pub kind: Arc<str>,
    pub name: Arc<str>,
    /// Without user and query.
    pub url: Arc<str>,
    /// A load tester in the cluster, so that it can be opened from here.
    pub ours: bool,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Workload {
    pub kind: Arc<str>,
    pub name: Arc<str>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Scaler {
    /// `HPA`, `KEDA`.
    pub tool: Arc<str>,
    pub name: Arc<str>,
    pub min: Option<u32>,
    pub max: Option<u32>,
    pub wants: Option<u32>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Written {
    /// `spec.paused`, `status.abort`, `spec.template`.
    pub what: Arc<str>,
    pub by: Manager,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Condition {
    pub kind: Arc<str>,
    /// `True`, `False`, `Unknown`.
    pub status: Arc<str>,
    pub reason: Arc<str>,
    pub message: Arc<str>,
    pub since: Option<Utc>,
}
