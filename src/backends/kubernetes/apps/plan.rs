//! Which guarded requests carry an operation on a plain workload out (kubernetes-rollouts 5.2 to 5.5). Pure.

use crate::core::act::plan::{CannotBecause, Operation, Plan};
use crate::core::world::target::TargetState;

/// See `Backend::plan`.
pub fn plan(_op: &Operation, _seen: &TargetState) -> Result<Plan, CannotBecause> {
    Err(CannotBecause::ReadOnly)
}
