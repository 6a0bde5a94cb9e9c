//! What stands around one target when its state is made: borrowed rows, from the store or from one read. Pure.

use super::apps::dto::{RevisionRow, Work};
use super::argo::runs::RunRow;
use super::flagger::dto::Canary;
use super::wire::SetRow;
use crate::core::world::detail::Scaler;
use crate::core::world::target::Trouble;
use std::collections::BTreeMap;
use std::sync::Arc;

/// A pod as rows keep it: enough to count it, to say why it is not ready, and to see which version it runs.
#[derive(Clone, Debug, PartialEq)]
pub struct PodRow {
    pub name: Arc<str>,
    /// Uid of the ReplicaSet, StatefulSet or DaemonSet.
    pub owner: Arc<str>,
    /// `rollouts-pod-template-hash`, `pod-template-hash` or `controller-revision-hash`.
    pub hash: Option<Arc<str>>,
    pub ready: bool,
    pub restarts: u32,
    /// Why it is not ready; `None`: it is, or it is starting normally, or going away.
    pub trouble: Option<Arc<str>>,
    /// Digest the first container runs, where the kubelet says it.
    pub digest: Option<Arc<str>>,
}

/// A HorizontalPodAutoscaler or ScaledObject as rows keep it.
#[derive(Clone, Debug, PartialEq)]
pub struct ScalerRow {
    /// Kind and name of what it scales.
    pub kind: Arc<str>,
    pub target: Arc<str>,
    pub scaler: Scaler,
}

/// All of it within the target's namespace; whoever makes a state picks by owner uid or name.
#[derive(Clone, Debug, Default)]
pub struct Around<'a> {
    /// ReplicaSets of the target (and, for Flagger, of its workload and primary).
    pub sets: Vec<&'a SetRow>,
    /// Why pods are not ready, by uid of their ReplicaSet, StatefulSet or DaemonSet.
    pub troubles: BTreeMap<Arc<str>, Vec<Trouble>>,
    /// Pods of the target's sets, or of itself.
    pub pods: Vec<&'a PodRow>,
    pub runs: Vec<&'a RunRow>,
    /// ControllerRevisions it owns.
    pub revisions: Vec<&'a RevisionRow>,
    /// Deployments and DaemonSets by name that it drives or is driven by.
    pub works: Vec<&'a Work>,
    pub scalers: Vec<&'a ScalerRow>,
    /// Flagger Canaries of its namespace, it may be among them: two with one target corrupt each other.
    pub canaries: Vec<&'a Canary>,
}
