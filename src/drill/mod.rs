//! Drills played without a terminal, and what a run is worth. Knows the core and the simulated world; no clock, file or
//! real source.

/// What a person did, read off records.
pub mod deeds;
/// A file of keys with both clocks.
pub mod keys;
/// Operators to compare a person with.
pub mod operators;
/// A whole run and its score.
pub mod play;
/// The headless player: both clocks simulated.
pub mod run;
/// What a run is worth, line by line.
pub mod score;
/// The best play there is.
pub mod search;
