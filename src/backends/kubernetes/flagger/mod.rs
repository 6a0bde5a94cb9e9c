//! Flagger's Canary objects (kubernetes-rollouts 4). Pure, but for `read`.

pub mod dto;
mod gates;
pub mod plan;
#[cfg(test)]
mod plan_tests;
pub mod read;
mod undo;
mod versions;
pub mod wire;
#[cfg(test)]
mod wire_tests;
