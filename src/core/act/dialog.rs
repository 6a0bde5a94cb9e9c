//! The dialog of an act: the target as pinned, the plan as it will be sent, what is not ok, and what still has to be pressed.

use super::gate::GateLine;
use super::many::Many;
use super::plan::{Direction, Operation, Plan};
use super::sheet::Sheet;
use crate::core::id::TargetId;
use crate::core::id::{ActId, DialogId};
use crate::core::judge::readiness::Readiness;
use crate::core::time::Person;
use crate::core::world::target::TargetState;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// At most this many characters are asked to be typed (product.md section 4).
pub const NAME_MOST: usize = 30;

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Dialog {
    pub id: DialogId,
    /// When the terminal had shown it; the confirm delay counts from here.
    pub flushed: Option<Person>,
    /// When the last key came; the quiet counts from here.
    pub last_key: Person,
    /// An early `Y` came: "again".
    pub again: bool,
    pub kind: DialogKind,
    /// What changed since it was opened, newest last.
    pub changed: Vec<Arc<str>>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum DialogKind {
    Act(Box<ActDialog>),
    Arm,
    Disarm,
    Acknowledge(TargetId),
    /// Fields to fill in; it makes records and sends nothing.
    Sheet(Box<Sheet>),
    /// Several targets at once.
    Many(Box<Many>),
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ActDialog {
    pub operation: Operation,
    /// The target as pinned. Forward: all of it must still be true; backward: uid and candidate.
    pub seen: Box<TargetState>,
    /// The figures as shown, for the record.
    pub figures: serde_json::Value,
    pub plan: PlanState,
    pub gates: Vec<GateLine>,
    pub readiness: Readiness,
    /// Set when a typed name is due.
    pub name: Option<NameField>,
    /// Why this cannot go out at all (a blocking gate, a plan that cannot be).
    pub refused: Option<Arc<str>>,
    /// The act that waits for its intent and its re-read.
    pub act: Option<ActId>,
    /// The same act was sent this many milliseconds ago.
    pub repeated: Option<i64>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum PlanState {
    Reading,
    Ready(Box<Plan>),
    Cannot(Arc<str>),
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NameField {
    /// What has to be typed.
    pub must: Arc<str>,
    pub typed: String,
    pub why: Vec<Arc<str>>,
}

impl NameField {
    pub fn new(must: &str, why: Vec<Arc<str>>) -> NameField {
        NameField { must: must.chars().take(NAME_MOST).collect::<String>().into(), typed: String::new(), why }
    }

    pub fn matches(&self) -> bool {
        *self.must == *self.typed
    }
}

impl ActDialog {
    pub fn direction(&self) -> Direction {
        self.operation.verb.direction()
    }

    pub fn plan(&self) -> Option<&Plan> {
        match &self.plan {
            PlanState::Ready(p) => Some(p),
            PlanState::Reading | PlanState::Cannot(_) => None,
        }
    }
}

/// How far a `Y` pressed now would get.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Press {
    /// It counts.
    Counts,
    /// Too early: shows "again", keeps the dialog, starts the quiet anew.
    Early,
}

impl Dialog {
    pub fn new(id: DialogId, kind: DialogKind, now: Person) -> Dialog {
        Dialog { id, flushed: None, last_key: now, again: false, kind, changed: Vec::new() }
    }

    /// `confirm_delay` and `quiet` in milliseconds (limits.md section 4).
    pub fn press(&self, now: Person, confirm_delay: i64, quiet: i64) -> Press {
        match self.flushed {
            Some(shown) if now.0 - shown.0 >= confirm_delay && now.0 - self.last_key.0 >= quiet => Press::Counts,
            Some(_) | None => Press::Early,
        }
    }

    /// Milliseconds until a `Y` could count, for a hint; `None` until it has been shown.
    pub fn ready_in(&self, now: Person, confirm_delay: i64, quiet: i64) -> Option<i64> {
        let shown = self.flushed?;
        Some((confirm_delay - (now.0 - shown.0)).max(quiet - (now.0 - self.last_key.0)).max(0))
    }

    pub fn act(&self) -> Option<&ActDialog> {
        match &self.kind {
            DialogKind::Act(a) => Some(a),
            DialogKind::Arm
            | DialogKind::Disarm
            | DialogKind::Acknowledge(_)
            | DialogKind::Sheet(_)
            | DialogKind::Many(_) => None,
        }
    }

    pub fn many(&self) -> Option<&Many> {
        match &self.kind {
            DialogKind::Many(m) => Some(m),
            DialogKind::Arm
            | DialogKind::Disarm
            | DialogKind::Acknowledge(_)
            | DialogKind::Sheet(_)
            | DialogKind::Act(_) => None,
        }
    }

    pub fn many_mut(&mut self) -> Option<&mut Many> {
        match &mut self.kind {
            DialogKind::Many(m) => Some(m),
            DialogKind::Arm
            | DialogKind::Disarm
            | DialogKind::Acknowledge(_)
            | DialogKind::Sheet(_)
            | DialogKind::Act(_) => None,
        }
    }

    pub fn sheet(&self) -> Option<&Sheet> {
        match &self.kind {
            DialogKind::Sheet(s) => Some(s),
            DialogKind::Arm
            | DialogKind::Disarm
            | DialogKind::Acknowledge(_)
            | DialogKind::Act(_)
            | DialogKind::Many(_) => None,
        }
    }

    pub fn sheet_mut(&mut self) -> Option<&mut Sheet> {
        match &mut self.kind {
            DialogKind::Sheet(s) => Some(s),
            DialogKind::Arm
            | DialogKind::Disarm
            | DialogKind::Acknowledge(_)
            | DialogKind::Act(_)
            | DialogKind::Many(_) => None,
        }
    }

    pub fn act_mut(&mut self) -> Option<&mut ActDialog> {
        match &mut self.kind {
            DialogKind::Act(a) => Some(a),
            DialogKind::Arm
            | DialogKind::Disarm
            | DialogKind::Acknowledge(_)
            | DialogKind::Sheet(_)
            | DialogKind::Many(_) => None,
        }
    }
}
