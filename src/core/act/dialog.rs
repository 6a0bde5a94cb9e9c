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
    /// A program of a runbook's step.
    Run(Box<RunDialog>),
}

/// A command step as it is shown before it runs. What runs is looked up by runbook and step and must have this hash.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct RunDialog {
    pub runbook: Arc<str>,
    /// From 1.
    pub step: u32,
    pub title: Arc<str>,
    /// Where the runbook was read; shipped ones say so.
    pub file: Arc<str>,
    /// Of the file, lower-case hex SHA-256.
    pub file_hash: Arc<str>,
    /// Of all that decides what runs.
    pub command_hash: Arc<str>,
    /// The words, line by line.
    pub lines: Vec<String>,
    /// `at most 1m, in /srv`
    pub limits: String,
    /// Variables it gets, with their values; of our own environment the names alone.
    pub vars: Vec<(Arc<str>, Arc<str>)>,
    pub passed: Vec<Arc<str>>,
    /// A shell reads the text.
    pub shell: bool,
    /// It comes from a block that nobody wrote for this console.
    pub unmarked: bool,
    /// Set when a typed name is due.
    pub name: Option<NameField>,
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
    /// The emergency path: the reason is typed before the name.
    #[serde(default)]
    pub emergency: Option<Emergency>,
    /// Why this cannot go out at all (a blocking gate, a plan that cannot be).
    pub refused: Option<Arc<str>>,
    /// The act that waits for its intent and its re-read.
    pub act: Option<ActId>,
    /// The same act was sent this many milliseconds ago.
    pub repeated: Option<i64>,
    /// It goes back already, in words: to what it asks for now, begun by whom and when.
    #[serde(default)]
    pub going: Option<Arc<str>>,
    /// The server was shown the first request without storing it, and says no. It may say otherwise after `Y`.
    #[serde(default)]
    pub tried: Option<Arc<str>>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum PlanState {
    Reading,
    Ready(Box<Plan>),
    Cannot(Arc<str>),
}

impl PlanState {
    pub fn is_ready(&self) -> bool {
        matches!(self, PlanState::Ready(_))
    }
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

    /// A letter more, as far as there is room.
    pub fn letter(&mut self, c: char) {
        if self.typed.chars().count() < NAME_MOST {
            self.typed.push(c);
        }
    }
}

/// The reason of an emergency, as far as it is typed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Emergency {
    pub reason: String,
    /// It was taken with Enter; the name comes next.
    pub taken: bool,
}

/// Characters a reason may have.
pub const REASON_MOST: usize = 200;

impl Emergency {
    /// A sentence, not a letter: three words at least.
    pub fn is_said(&self) -> bool {
        self.reason.split_whitespace().count() >= 3
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

    /// Is it this act's, alone or as one line of several?
    pub fn is_of(&self, act: ActId) -> bool {
        let line = || self.many().is_some_and(|m| m.lines.iter().any(|l| l.act == Some(act)));
        self.act().is_some_and(|d| d.act == Some(act)) || line()
    }

    pub fn act(&self) -> Option<&ActDialog> {
        if let DialogKind::Act(a) = &self.kind { Some(a) } else { None }
    }

    pub fn act_mut(&mut self) -> Option<&mut ActDialog> {
        if let DialogKind::Act(a) = &mut self.kind { Some(a) } else { None }
    }

    pub fn many(&self) -> Option<&Many> {
        if let DialogKind::Many(m) = &self.kind { Some(m) } else { None }
    }

    pub fn many_mut(&mut self) -> Option<&mut Many> {
        if let DialogKind::Many(m) = &mut self.kind { Some(m) } else { None }
    }

    /// The name that is asked for and could be given now.
    pub fn name_mut(&mut self) -> Option<&mut NameField> {
        match &mut self.kind {
            DialogKind::Act(d) => d.name.as_mut().filter(|_| d.refused.is_none()),
            DialogKind::Many(m) if m.refused.is_none() && (m.sent || !m.is_reading()) => m.name.as_mut(),
            DialogKind::Run(r) => r.name.as_mut(),
            DialogKind::Many(_)
            | DialogKind::Arm
            | DialogKind::Disarm
            | DialogKind::Acknowledge(_)
            | DialogKind::Sheet(_) => None,
        }
    }

    pub fn run(&self) -> Option<&RunDialog> {
        if let DialogKind::Run(r) = &self.kind { Some(r) } else { None }
    }

    pub fn sheet(&self) -> Option<&Sheet> {
        if let DialogKind::Sheet(s) = &self.kind { Some(s) } else { None }
    }

    pub fn sheet_mut(&mut self) -> Option<&mut Sheet> {
        if let DialogKind::Sheet(s) = &mut self.kind { Some(s) } else { None }
    }
}
