//! Pieces that screens and overlays share: lines of cells, and figures in words.

pub mod act;
pub mod budget;
pub mod evidence;
pub mod figures;
pub mod line;
pub mod picture;
pub mod pictures;
pub mod rows;
pub mod sides;
pub mod spark;
pub mod strips;
pub mod text;
