//! Where each step of a runbook stands, and what may be done with it. A view: what is true is in the records
//! (`core::case::runs`), and what this console has under way.

use super::{Asks, Runbook, StepKind};
use crate::core::time::Utc;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

/// Where a step stands. `by` is who brought it there; empty: this console just now.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub enum StepState {
    #[default]
    Open,
    Running {
        since: Utc,
        /// When a wait is over.
        until: Option<Utc>,
        by: Arc<str>,
    },
    Done {
        at: Utc,
        /// What a check found.
        found: Option<f64>,
        /// What else there is to say: the answer chosen, an exit code.
        words: Arc<str>,
        by: Arc<str>,
    },
    Failed {
        at: Utc,
        why: Arc<str>,
        by: Arc<str>,
    },
    Skipped {
        at: Utc,
        reason: Arc<str>,
        by: Arc<str>,
    },
}

impl StepState {
    pub fn by(&self) -> &str {
        match self {
            StepState::Open => "",
            StepState::Running { by, .. }
            | StepState::Done { by, .. }
            | StepState::Failed { by, .. }
            | StepState::Skipped { by, .. } => by,
        }
    }

    pub fn is_running(&self) -> bool {
        matches!(self, StepState::Running { .. })
    }
}

/// Why a step cannot do that now; a sentence for the person asking.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotNow {
    NoSuchStep,
    AlreadyDone,
    Running,
    /// Ticking a check would put a person's word where a figure is asked for.
    IsACheck,
    IsACommand,
    IsAQuestion,
    NotACheck,
    NoReason,
}

impl fmt::Display for NotNow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            NotNow::NoSuchStep => "there is no such step",
            NotNow::AlreadyDone => "this step is done",
            NotNow::Running => "this step is running",
            NotNow::IsACheck => "a check is run, not ticked",
            NotNow::IsACommand => "a command is run, or skipped with a reason; it is not ticked",
            NotNow::IsAQuestion => "a question is answered, not ticked",
            NotNow::NotACheck => "a manual step is ticked, not run",
            NotNow::NoReason => "a skipped step needs a reason",
        })
    }
}

/// Where the steps of one runbook stand. Steps nobody touched are not in it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Progress {
    states: BTreeMap<u32, StepState>,
    /// When the first step of this run was touched; the ladder of escalation counts from here.
    #[serde(default)]
    pub begun: Option<Utc>,
    /// Records of this run speak of another text of the file.
    #[serde(default)]
    pub stale: bool,
}

impl Progress {
    pub fn set(&mut self, step: u32, state: StepState) {
        self.states.insert(step, state);
    }

    pub fn state(&self, step: u32) -> &StepState {
        const OPEN: &StepState = &StepState::Open;
        self.states.get(&step).unwrap_or(OPEN)
    }

    /// Steps done, and steps skipped with a reason.
    pub fn counts(&self) -> (usize, usize) {
        let count = |f: fn(&StepState) -> bool| self.states.values().filter(|s| f(s)).count();
        (count(|s| matches!(s, StepState::Done { .. })), count(|s| matches!(s, StepState::Skipped { .. })))
    }

    /// The first step that asks for something.
    pub fn current(&self, runbook: &Runbook) -> Option<u32> {
        runbook.steps.iter().map(|s| s.number).find(|n| match self.state(*n) {
            StepState::Open | StepState::Running { .. } | StepState::Failed { .. } => true,
            StepState::Done { .. } | StepState::Skipped { .. } => false,
        })
    }

    /// May a person say that it is done? A skipped or failed one may be ticked after all; a wait may be cut short.
    pub fn may_tick(&self, runbook: &Runbook, step: u32) -> Result<(), NotNow> {
        match &runbook.step(step).ok_or(NotNow::NoSuchStep)?.kind {
            StepKind::Check(c) if matches!(c.asks, Asks::Command(_)) => return Err(NotNow::IsACommand),
            StepKind::Check(_) => return Err(NotNow::IsACheck),
            StepKind::Command(_) => return Err(NotNow::IsACommand),
            StepKind::Choose(_) => return Err(NotNow::IsAQuestion),
            // An act may have been done elsewhere.
            StepKind::Manual | StepKind::Act(_) | StepKind::Wait { .. } => {}
        }
        match self.state(step) {
            StepState::Done { .. } => Err(NotNow::AlreadyDone),
            StepState::Running { until: None, .. } => Err(NotNow::Running),
            StepState::Running { .. } | StepState::Open | StepState::Failed { .. } | StepState::Skipped { .. } => {
                Ok(())
            }
        }
    }

    pub fn may_skip(&self, runbook: &Runbook, step: u32, reason: &str) -> Result<(), NotNow> {
        runbook.step(step).ok_or(NotNow::NoSuchStep)?;
        if reason.trim().is_empty() {
            return Err(NotNow::NoReason);
        }
        match self.state(step) {
            StepState::Done { .. } => Err(NotNow::AlreadyDone),
            StepState::Open | StepState::Running { .. } | StepState::Failed { .. } | StepState::Skipped { .. } => {
                Ok(())
            }
        }
    }

    /// May it be run? Again at any time, but not while it runs.
    pub fn may_run<'r>(&self, runbook: &'r Runbook, step: u32) -> Result<&'r StepKind, NotNow> {
        let kind = &runbook.step(step).ok_or(NotNow::NoSuchStep)?.kind;
        if *kind == StepKind::Manual {
            return Err(NotNow::NotACheck);
        }
        if self.state(step).is_running() { Err(NotNow::Running) } else { Ok(kind) }
    }
}
