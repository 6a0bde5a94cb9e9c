// No clock, file, network or hash order here: see clippy.toml.
#![deny(clippy::disallowed_methods, clippy::disallowed_types)]

pub mod overlays;
pub mod parts;
pub mod screens;
