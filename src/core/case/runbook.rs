//! A runbook as data, and where each of its steps stands. Pure rules: what may be ticked, skipped, run and judged.
//! Knows no Markdown, no source and no screen.

use crate::core::id::{ServiceId, SourceId};
use crate::core::judge::words::figure;
use crate::core::time::Utc;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Runbook {
    /// The file's name without `.md`: `checkout-5xx`.
    pub name: Arc<str>,
    pub title: Arc<str>,
    pub service: Option<ServiceId>,
    pub alerts: Vec<Arc<str>>,
    pub owner: Option<Arc<str>>,
    pub contacts: Vec<Arc<str>>,
    pub escalation: Option<Arc<str>>,
    /// In order; a step's number is its place from 1.
    pub steps: Vec<RunStep>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RunStep {
    /// From 1.
    pub number: u32,
    pub title: Arc<str>,
    /// What stands below the title, in order.
    pub body: Vec<Piece>,
    pub kind: StepKind,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Piece {
    Text(Arc<str>),
    /// Commands for a person to read: not run in this version.
    Commands(Arc<str>),
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum StepKind {
    /// A person does it and ticks it.
    Manual,
    /// A query whose answer is compared.
    Check(Check),
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Check {
    /// In the source's own language, sent as it is.
    pub query: Arc<str>,
    pub expect: Expectation,
    /// `None`: the service's telemetry.
    pub source: Option<SourceId>,
}

#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Expectation {
    pub op: Op,
    /// Finite.
    pub value: f64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Op {
    Less,
    AtMost,
    More,
    AtLeast,
    Equal,
    NotEqual,
}

impl Op {
    pub const ALL: [Op; 6] = [Op::AtMost, Op::AtLeast, Op::NotEqual, Op::Less, Op::More, Op::Equal];

    pub fn sign(self) -> &'static str {
        match self {
            Op::Less => "<",
            Op::AtMost => "<=",
            Op::More => ">",
            Op::AtLeast => ">=",
            Op::Equal => "=",
            Op::NotEqual => "!=",
        }
    }
}

impl Expectation {
    pub fn holds(self, found: f64) -> bool {
        match self.op {
            Op::Less => found < self.value,
            Op::AtMost => found <= self.value,
            Op::More => found > self.value,
            Op::AtLeast => found >= self.value,
            Op::Equal => found == self.value,
            // Total: NaN never comes here (see `judge`).
            Op::NotEqual => found != self.value,
        }
    }
}

/// `< 0.01`
impl fmt::Display for Expectation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.op.sign(), self.value)
    }
}

/// Where a step stands.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub enum StepState {
    #[default]
    Open,
    /// A check is asked.
    Running,
    Done {
        at: Utc,
        /// What the check found.
        found: Option<f64>,
    },
    Failed {
        at: Utc,
        why: Arc<str>,
    },
    Skipped {
        at: Utc,
        reason: Arc<str>,
    },
}

/// Why a step cannot do that now; a sentence for the person asking.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotNow {
    NoSuchStep,
    AlreadyDone,
    Running,
    /// Ticking a check would put a person's word where a figure is asked for.
    IsACheck,
    NotACheck,
    NoReason,
}

impl fmt::Display for NotNow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            NotNow::NoSuchStep => "there is no such step",
            NotNow::AlreadyDone => "this step is done",
            NotNow::Running => "this check is running",
            NotNow::IsACheck => "a check is run, not ticked",
            NotNow::NotACheck => "a manual step is ticked, not run",
            NotNow::NoReason => "a skipped step needs a reason",
        })
    }
}

/// Where the steps of one runbook stand. Steps nobody touched are not in it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Progress {
    states: BTreeMap<u32, StepState>,
}

impl Progress {
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
            StepState::Open | StepState::Running | StepState::Failed { .. } => true,
            StepState::Done { .. } | StepState::Skipped { .. } => false,
        })
    }

    /// A manual step is done. A skipped or failed one may be ticked after all.
    pub fn tick(&mut self, runbook: &Runbook, step: u32, at: Utc) -> Result<(), NotNow> {
        match &runbook.step(step).ok_or(NotNow::NoSuchStep)?.kind {
            StepKind::Check(_) => return Err(NotNow::IsACheck),
            StepKind::Manual => {}
        }
        match self.state(step) {
            StepState::Done { .. } => Err(NotNow::AlreadyDone),
            StepState::Running => Err(NotNow::Running),
            StepState::Open | StepState::Failed { .. } | StepState::Skipped { .. } => {
                self.states.insert(step, StepState::Done { at, found: None });
                Ok(())
            }
        }
    }

    /// A step is passed over, in words. The answer of a check that was asked before is then ignored.
    pub fn skip(&mut self, runbook: &Runbook, step: u32, reason: &str, at: Utc) -> Result<(), NotNow> {
        runbook.step(step).ok_or(NotNow::NoSuchStep)?;
        if reason.trim().is_empty() {
            return Err(NotNow::NoReason);
        }
        if let StepState::Done { .. } = self.state(step) {
            return Err(NotNow::AlreadyDone);
        }
        let reason = Arc::from(reason.trim());
        self.states.insert(step, StepState::Skipped { at, reason });
        Ok(())
    }

    /// A check is asked: the caller sends its query. May be asked again at any time but while it runs.
    pub fn start<'r>(&mut self, runbook: &'r Runbook, step: u32) -> Result<&'r Check, NotNow> {
        let check = match &runbook.step(step).ok_or(NotNow::NoSuchStep)?.kind {
            StepKind::Check(check) => check,
            StepKind::Manual => return Err(NotNow::NotACheck),
        };
        if *self.state(step) == StepState::Running {
            return Err(NotNow::Running);
        }
        self.states.insert(step, StepState::Running);
        Ok(check)
    }

    /// The answer to a check. Ignored (false) unless the step is running.
    pub fn answer(&mut self, runbook: &Runbook, step: u32, found: Result<Option<f64>, &str>, at: Utc) -> bool {
        let Some(StepKind::Check(check)) = runbook.step(step).map(|s| &s.kind) else {
            return false;
        };
        if *self.state(step) != StepState::Running {
            return false;
        }
        self.states.insert(step, judge(check.expect, found, at));
        true
    }
}

/// Compares an answer with what is expected. No answer, no number, an error: never a pass.
pub fn judge(expect: Expectation, found: Result<Option<f64>, &str>, at: Utc) -> StepState {
    let why = match found {
        Ok(Some(found)) if found.is_finite() && expect.holds(found) => {
            return StepState::Done { at, found: Some(found) };
        }
        Ok(Some(found)) if found.is_finite() => format!("found {}, expected {expect}", figure(found)),
        Ok(Some(_)) => "the query answered with no number".to_owned(),
        Ok(None) => "the query answered nothing".to_owned(),
        Err(why) => why.to_owned(),
    };
    StepState::Failed { at, why: Arc::from(why) }
}

impl Runbook {
    pub fn step(&self, number: u32) -> Option<&RunStep> {
        self.steps.iter().find(|s| s.number == number)
    }
}

/// The runbook of a service: the first of the names its config lists, else the first that names the service.
pub fn find<'r>(runbooks: &'r [Arc<Runbook>], service: &ServiceId, listed: &[Arc<str>]) -> Option<&'r Arc<Runbook>> {
    listed
        .iter()
        .find_map(|name| runbooks.iter().find(|r| r.name == *name))
        .or_else(|| runbooks.iter().find(|r| r.service.as_ref() == Some(service)))
}

#[cfg(test)]
mod tests;
