//! A dialog over several targets at once: the cord, its release, a service in several clusters. Each line is pinned,
//! planned, sent and settled on its own.

use super::dialog::{NameField, PlanState};
use super::plan::Operation;
use crate::core::id::ActId;
use crate::core::world::target::TargetState;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// What all lines of the dialog are about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Whole {
    Freeze,
    Thaw,
    RollBack,
}

/// Where a line stands in the dialog.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Group {
    /// Goes out with `Y` while ticked.
    Will,
    /// Going back already: left alone.
    GoingBack,
    Cannot,
    /// Worse, and a hold would switch off its own rollback: left alone, or rolled back when ticked.
    WorseHere,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Line {
    pub operation: Operation,
    pub seen: Box<TargetState>,
    pub plan: PlanState,
    pub group: Group,
    pub ticked: bool,
    /// Why it stands where it stands, or what makes the name due.
    pub why: Vec<Arc<str>>,
    /// Its act, once confirmed.
    pub act: Option<ActId>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Many {
    pub whole: Whole,
    pub lines: Vec<Line>,
    pub chosen: usize,
    pub name: Option<NameField>,
    pub refused: Option<Arc<str>>,
}
