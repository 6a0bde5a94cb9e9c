//! The world as facts, folded. Knows nothing of backends, keys or colours.

pub mod fact;
pub mod figures;
pub mod source;
pub mod target;
