//! Argo Rollouts: the Rollout object, its analysis, what is planned for it. Pure, but for `read`.

mod abort;
pub mod about;
#[cfg(test)]
mod acts_tests;
mod again;
mod asked;
pub mod beside;
mod forward;
mod home;
pub mod phase;
pub mod plan;
#[cfg(test)]
mod plan_tests;
pub mod runs;
mod undo;
