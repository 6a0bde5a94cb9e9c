//! The pure middle: facts come in as messages, effects go out as data, nothing else happens.
//!
//! Imports only downwards in this order: names and time, `world`, `judge`, `act`, `case`, `nav`, `model`, what is
//! read off the model (`board`, `listing`, `gates`, `menu`, `alarm`, `link`, `palette`, `plain`), `msg`, `effect`, `update`
//! with `here`.

// No clock, file, network or hash order here: see clippy.toml.
#![deny(clippy::disallowed_methods, clippy::disallowed_types)]

pub mod act;
pub mod age;
pub mod alarm;
pub mod alerts;
pub mod aside;
pub mod board;
pub mod budget;
pub mod case;
pub mod casework;
pub mod cell;
pub mod checks;
pub mod chronicle;
pub mod decide;
pub mod effect;
pub mod entry;
pub mod errand;
pub mod failure;
pub mod find;
pub mod finish;
pub mod frozen;
pub mod gates;
pub mod here;
pub mod id;
pub mod intent;
pub mod judge;
pub mod key;
pub mod keymap;
pub mod link;
pub mod listing;
pub mod looked;
pub mod members;
pub mod menu;
pub mod model;
pub mod msg;
pub mod nav;
pub mod pairs;
pub mod palette;
pub mod plain;
pub mod provenance;
pub mod record;
pub mod redact;
pub mod replayed;
pub mod row;
pub mod runbooks;
pub mod said;
pub mod seal;
pub mod shown;
pub mod statement;
pub mod strip;
pub mod time;
pub mod timeline;
pub mod update;
pub mod watch;
pub mod words;
pub mod world;
