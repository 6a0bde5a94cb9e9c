
pub mod trials;
