//! What a console that plays a log again remembers besides the model: how far it is, what comes, and which of its own
//! numbers stand for those of the records. Knows no file and no clock.

use crate::core::case::casebook::Rests;
use crate::core::id::{ActId, TargetId};
use crate::core::time::Utc;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What the player is asked to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Play {
    /// The log's time stands.
    Pause,
    Go,
    /// The next record at once, then stand.
    Step,
    /// All records up to the next intent at once, that one included, then stand.
    NextAct,
}

/// What follows after a record.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ahead {
    pub records: u64,
    /// Intents among them.
    pub acts: u64,
    /// When the next one was appended.
    pub next: Option<Utc>,
}

/// A verdict or figures as a record told them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Told {
    pub rests: Rests,
    pub at: Utc,
}

/// Where a replay stands.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Replayed {
    pub paused: bool,
    /// Records played.
    pub taken: u64,
    pub ahead: Ahead,
    /// Sessions that opened and have not closed, with user and host.
    pub open: BTreeMap<String, (String, String)>,
    /// Sessions seen at all.
    pub sessions: BTreeMap<String, u64>,
    /// (session, act in it): the number it has here. Two sessions both have an act 1.
    #[serde(with = "crate::core::pairs")]
    pub acts: BTreeMap<(String, u64), ActId>,
    /// The record each verdict on screen rests on.
    #[serde(with = "crate::core::pairs")]
    pub verdicts: BTreeMap<TargetId, Told>,
    /// The record the counts on screen rest on, where figures came after the verdict.
    #[serde(with = "crate::core::pairs")]
    pub figures: BTreeMap<TargetId, Told>,
    /// The word of the burn was recorded, by service; else only its rates were.
    pub burns: BTreeMap<String, Told>,
}

impl Replayed {
    /// Before the first record.
    pub fn new(ahead: Ahead) -> Replayed {
        Replayed { ahead, ..Replayed::default() }
    }

    /// Nothing follows.
    pub fn is_over(&self) -> bool {
        self.ahead.records == 0
    }

    /// When the counts on screen were recorded.
    pub fn counted(&self, target: &TargetId) -> Option<&Told> {
        let (verdict, figures) = (self.verdicts.get(target), self.figures.get(target));
        match (verdict, figures) {
            (Some(v), Some(f)) if f.at >= v.at => Some(f),
            (Some(v), _) => Some(v),
            (None, f) => f,
        }
    }
}
