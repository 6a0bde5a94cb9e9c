//! The loop: keys first, then a frame if one is due, then a bounded bite of the inbox; one update for each message.
//! Generic over the clock and the front; there is no terminal in here.

pub mod clock;
pub mod command;
pub mod drafts;
pub mod effects;
pub mod inbox;
pub mod logbook;
mod login;
mod pace;
pub mod probe;
/// A log played again: its clock and its records.
pub mod replay;
mod run;
pub mod tape;
pub mod turns;

pub use run::{End, Engine, Front};
