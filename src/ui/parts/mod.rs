//! Pieces that screens and overlays share: lines of cells, and figures in words.

pub mod act;
pub mod evidence;
pub mod figures;
pub mod line;
pub mod rows;
pub mod strips;
pub mod text;
