//! Flagger's Canary objects (kubernetes-rollouts 4). Pure, but for `read`.

pub mod dto;
pub mod plan;
pub mod wire;
