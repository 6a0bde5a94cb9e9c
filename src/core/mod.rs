//! The pure middle: facts come in as messages, effects go out as data, nothing else happens.
//!
//! Imports only downwards in this order: `key`/`time`/`id`, `world`, `judge`, `act`, `case`, `nav`, `model`,
//! `msg`, `effect`, `update`.

pub mod act;
pub mod case;
pub mod id;
pub mod judge;
pub mod key;
pub mod time;
pub mod world;
