pub mod screens;
pub mod overlays;
pub mod parts;
