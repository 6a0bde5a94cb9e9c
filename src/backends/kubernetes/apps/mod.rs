//! Plain workloads of `apps/v1`: Deployment, StatefulSet, DaemonSet. Pure, but for `read`.

pub mod dto;
#[cfg(test)]
mod junk_tests;
mod partition;
pub mod plan;
#[cfg(test)]
mod plan_tests;
pub mod read;
#[cfg(test)]
mod recorded;
pub mod status;
mod tracks;
mod undo;
pub mod wire;
#[cfg(test)]
mod wire_tests;
