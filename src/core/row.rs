//! One line of the Board, as data: which service, which of its targets, how bad.

use crate::core::id::{ServiceId, TargetId};

/// Glyph and word always stand together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Glyph {
    Bad,
    Blind,
    Moving,
    Fine,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    pub service: ServiceId,
    /// Its worst target; acts on the row act on this one.
    pub target: Option<TargetId>,
    /// How many targets of the service move, of how many.
    pub moving: usize,
    pub targets: usize,
    pub glyph: Glyph,
    /// 0 is worst.
    pub rank: u8,
    /// Within a rank, larger first.
    pub weight: f64,
}

impl Row {
    pub fn is_fine(&self) -> bool {
        self.glyph == Glyph::Fine
    }
}
