//! Plain workloads of `apps/v1`: Deployment, StatefulSet, DaemonSet. Pure, but for `read`.

pub mod dto;
pub mod plan;
pub mod wire;
