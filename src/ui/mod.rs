pub mod overlays;
pub mod parts;
pub mod screens;
