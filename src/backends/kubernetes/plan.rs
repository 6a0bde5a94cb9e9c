//! Which family of objects plans an operation: told by the target's kind. Pure.

use super::{apps, argo, flagger};
use crate::core::act::plan::{CannotBecause, Operation, Plan};
use crate::core::world::target::TargetState;

/// See `Backend::plan`.
pub fn plan(op: &Operation, seen: &TargetState) -> Result<Plan, CannotBecause> {
    if op.target != seen.id {
        return Err(CannotBecause::Gone);
    }
    match &*seen.id.kind {
        "Rollout" => argo::plan::plan(op, seen),
        "Canary" => flagger::plan::plan(op, seen),
        "Deployment" | "StatefulSet" | "DaemonSet" => apps::plan::plan(op, seen),
        // An operator's own resource: looked at, never acted on.
        _ => Err(CannotBecause::ReadOnly),
    }
}
