//! A note being written. Editing itself is a function handed in from outside: the core holds text and cursor only.

use crate::core::id::TargetId;
use crate::core::key::Key;
use crate::core::time::Utc;
use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Draft {
    pub lines: Vec<String>,
    /// Row and column, in characters.
    pub row: usize,
    pub col: usize,
    /// The moment the note speaks of.
    pub about: Option<Utc>,
    /// What was chosen when it was begun: the note is about that, whatever is chosen when it is kept.
    #[serde(default)]
    pub target: Option<TargetId>,
}

/// What one key makes of a draft. Must be pure: replay calls it again.
pub type Editor = fn(&Draft, Input<'_>) -> Draft;

#[derive(Clone, Copy, Debug)]
pub enum Input<'a> {
    Key(Key),
    Paste(&'a str),
}

/// Used where nobody writes notes (headless runs).
pub fn no_editor() -> Editor {
    |draft, _| draft.clone()
}

impl Draft {
    pub fn text(&self) -> String {
        self.lines.join("\n").trim().to_string()
    }
}
