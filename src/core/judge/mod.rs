//! The judgement: counts in, words and intervals out. Pure; no clock, no source, no operator.
//!
//! Everything is a function of what was counted and when the rollout began, never of when somebody looked,
//! so that two consoles over the same data say the same.

pub mod burn;
pub mod freshness;
pub mod judged;
pub mod limit;
pub mod readiness;
pub mod stats;
pub mod verdict;
pub mod words;

pub use burn::Burn;
pub use freshness::Age;
pub use limit::Limit;
pub use verdict::{BLOCK_SECS, Block, Judge, Verdict, Word};
