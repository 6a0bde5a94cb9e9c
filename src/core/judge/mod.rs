//! The judgement: counts in, words and intervals out. Pure; no clock, no source, no operator.
//!
//! Everything is a function of what was counted and when the rollout began, never of when somebody looked,
//! so that two consoles over the same data say the same.

pub mod burn;
pub mod forward;
pub mod freshness;
pub mod judged;
#[cfg(test)]
mod judged_tests;
pub mod limit;
pub mod measured;
pub mod policy;
pub mod readiness;
pub mod representative;
pub mod ripple;
pub mod spent;
pub mod starting;
pub mod stats;
pub mod tracks;
pub mod verdict;
pub mod words;

pub use burn::{Burn, Burns};
pub use forward::Forward;
pub use freshness::Age;
pub use limit::Limit;
pub use measured::Measured;
pub use policy::Policy;
pub use representative::Representative;
pub use ripple::Ripple;
pub use spent::Spent;
pub use tracks::{Tracks, tracks};
pub use verdict::{BLOCK_SECS, Block, Judge, Verdict, Word};
