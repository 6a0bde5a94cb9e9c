//! Argo Rollouts: the Rollout object, its analysis, what is planned for it. Pure, but for `read`.

pub mod about;
pub mod phase;
pub mod plan;
#[cfg(test)]
mod plan_tests;
pub mod runs;
mod undo;
pub mod writers;
