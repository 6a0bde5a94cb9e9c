//! A dialog over several targets at once: the cord, its release, a service in several clusters. Each line is pinned,
//! planned, sent and settled on its own.

use super::dialog::{NameField, PlanState};
use super::plan::{Direction, Operation, Plan, Verb};
use crate::core::id::{ActId, DialogId, ServiceId};
use crate::core::world::target::TargetState;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// What all lines of the dialog are about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Whole {
    Freeze,
    Thaw,
    RollBack,
    Hold,
}

impl Whole {
    /// As a person says it: `roll back`.
    pub fn word(self) -> &'static str {
        match self {
            Whole::Freeze => "freeze",
            Whole::Thaw => "thaw",
            Whole::RollBack => Verb::RollBack.word(),
            Whole::Hold => Verb::Hold.word(),
        }
    }

    /// What a line does unless it is ticked for something else.
    pub fn verb(self) -> Verb {
        match self {
            Whole::Freeze | Whole::Hold => Verb::Hold,
            Whole::Thaw => Verb::Resume,
            Whole::RollBack => Verb::RollBack,
        }
    }

    pub fn direction(self) -> Direction {
        self.verb().direction()
    }

    /// All of the environment, as against one service.
    pub fn is_cord(self) -> bool {
        matches!(self, Whole::Freeze | Whole::Thaw)
    }

    /// What has come of a line that settled: `held`.
    pub fn done(self) -> &'static str {
        match self {
            Whole::Freeze | Whole::Hold => "held",
            Whole::Thaw => "released",
            Whole::RollBack => "rolled back",
        }
    }
}

/// Where a line stands in the dialog, in the order of the lists.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Group {
    /// Goes out with `Y`; in a service's dialog while ticked.
    Will,
    /// Going back already: left alone.
    GoingBack,
    /// Held before: not ours, left alone.
    Held,
    Cannot,
    /// Worse, and a hold would switch off its own rollback: left alone, or rolled back when ticked.
    WorseHere,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Line {
    pub operation: Operation,
    /// The target as pinned.
    pub seen: Box<TargetState>,
    /// The figures as shown, for the record.
    pub figures: serde_json::Value,
    pub plan: PlanState,
    /// The question for the plan that is awaited: an answer to an older one is not for this line as it is now.
    pub asked: DialogId,
    pub group: Group,
    /// In the cord: rolled back instead. In a service's dialog: it goes.
    pub ticked: bool,
    /// Why it stands where it stands.
    pub why: Vec<Arc<str>>,
    /// What makes the name due.
    pub due: Vec<Arc<str>>,
    /// Its act, once confirmed.
    pub act: Option<ActId>,
}

impl Line {
    /// Does `Y` send something for it?
    pub fn goes(&self, whole: Whole) -> bool {
        match whole {
            Whole::Freeze => self.group != Group::GoingBack && (self.group == Group::Will || self.ticked),
            Whole::Thaw | Whole::RollBack | Whole::Hold => self.group == Group::Will && self.ticked,
        }
    }

    /// Can it be ticked or dropped?
    pub fn ticks(&self, whole: Whole) -> bool {
        match whole {
            Whole::Freeze => self.group != Group::GoingBack,
            Whole::RollBack | Whole::Hold => self.group == Group::Will,
            // Exactly that list.
            Whole::Thaw => false,
        }
    }

    pub fn plan(&self) -> Option<&Plan> {
        match &self.plan {
            PlanState::Ready(p) => Some(p),
            PlanState::Reading | PlanState::Cannot(_) => None,
        }
    }
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Many {
    pub whole: Whole,
    /// Whose targets they are; `None`: the environment's.
    pub service: Option<ServiceId>,
    /// In a steady order: a line that goes to another list keeps its number.
    pub lines: Vec<Line>,
    /// The number of the line that `space` ticks.
    pub chosen: usize,
    pub name: Option<NameField>,
    pub refused: Option<Arc<str>>,
    /// `Y` has counted; the acts exist.
    pub sent: bool,
}

impl Many {
    /// The numbers of the lines in the order of the lists.
    pub fn order(&self) -> Vec<usize> {
        let mut order: Vec<usize> = (0..self.lines.len()).collect();
        order.sort_by_key(|n| (self.lines[*n].group, *n));
        order
    }

    /// The lines for which `Y` sends something.
    pub fn going(&self) -> impl Iterator<Item = &Line> {
        self.lines.iter().filter(|l| l.goes(self.whole))
    }

    /// A plan of what goes is still being made.
    pub fn is_reading(&self) -> bool {
        self.going().any(|l| l.plan == PlanState::Reading)
    }

    /// Could a `Y` count?
    pub fn is_ready(&self) -> bool {
        !self.sent && self.refused.is_none() && !self.is_reading()
    }

    /// The line of this act.
    pub fn line_of(&mut self, act: ActId) -> Option<&mut Line> {
        self.lines.iter_mut().find(|l| l.act == Some(act))
    }
}

/// Ties the acts of one `Y` to each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Together {
    pub whole: Whole,
    /// The dialog that was confirmed.
    pub dialog: DialogId,
}
