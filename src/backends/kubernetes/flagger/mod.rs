//! Flagger's Canary objects (kubernetes-rollouts 4). Pure, but for `read`.

mod again;
pub mod dto;
#[cfg(test)]
mod forward_tests;
mod gates;
mod pause;
pub mod plan;
#[cfg(test)]
mod plan_tests;
pub mod read;
mod undo;
mod versions;
pub mod wire;
#[cfg(test)]
mod wire_tests;
