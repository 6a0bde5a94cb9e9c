//! The pure middle: facts come in as messages, effects go out as data, nothing else happens.
//!
//! Imports only downwards in this order: `key`/`time`/`id`, `world`, `judge`, `act`, `case`, `nav`, `model`,
//! `msg`, `effect`, `update`.

// No clock, file, network or hash order here: see clippy.toml.
#![deny(clippy::disallowed_methods, clippy::disallowed_types)]

pub mod act;
pub mod case;
pub mod entry;
pub mod id;
pub mod intent;
pub mod judge;
pub mod key;
pub mod keymap;
pub mod seal;
pub mod time;
pub mod world;
