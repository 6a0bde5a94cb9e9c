//! Which guarded requests carry an operation on a Canary out (kubernetes-rollouts 4.4). Pure.

use crate::core::act::plan::{CannotBecause, Operation, Plan};
use crate::core::world::target::TargetState;

/// See `Backend::plan`.
pub fn plan(_op: &Operation, _seen: &TargetState) -> Result<Plan, CannotBecause> {
    Err(CannotBecause::ReadOnly)
}
