//! One line of the Board, as data: which service, which of its targets, how bad.

use crate::core::id::{ServiceId, TargetId};

/// Glyph and word always stand together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Glyph {
    Bad,
    Blind,
    Moving,
    Fine,
    /// At rest and healthy by its cluster's word, and nothing measures it against anything: not known, which is not fine.
    Unjudged,
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
    /// At rest, healthy, and judged so.
    pub fn is_fine(&self) -> bool {
        self.glyph == Glyph::Fine
    }

    /// Nothing is to be seen in it: it is folded away, and counted.
    pub fn is_quiet(&self) -> bool {
        matches!(self.glyph, Glyph::Fine | Glyph::Unjudged)
    }
}

/// `14 fine`, `14 fine, 5 not judged`: how many rows are quiet, each kind by its own word. Empty: none.
pub fn quiet_words<'r>(rows: impl Iterator<Item = &'r Row>) -> String {
    let (mut fine, mut unjudged) = (0, 0);
    for r in rows.filter(|r| r.is_quiet()) {
        *(if r.is_fine() { &mut fine } else { &mut unjudged }) += 1;
    }
    let said = [(fine, "fine"), (unjudged, "not judged")];
    let said: Vec<String> = said.iter().filter(|(n, _)| *n > 0).map(|(n, word)| format!("{n} {word}")).collect();
    said.join(", ")
}
