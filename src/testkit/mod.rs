pub mod trials;
