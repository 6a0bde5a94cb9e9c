//! Runbooks at work: what the records say of them, and what this console has under way and has not written yet.

use super::runbook::order::Order;
use super::runbook::want::Judged;
use super::runs::Runs;
use crate::core::act::plan::Ticket;
use crate::core::id::ActId;
use crate::core::intent::Intent;
use crate::core::time::{Person, Utc};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Bench {
    pub runs: Runs,
    /// Checks that were asked and have no answer yet: runbook and step.
    pub asking: BTreeSet<(Arc<str>, u32)>,
    pub commands: Vec<Running>,
    /// The last lines of commands that ended here: runbook, step, lines.
    pub said: Vec<(Arc<str>, u32, Vec<Arc<str>>)>,
    /// The act a step opened the dialog of.
    pub act: Option<Pending>,
    /// What addresses last answered: when, and what was made of it.
    pub probed: BTreeMap<Arc<str>, (Utc, Judged)>,
    /// When each figure on screen was last asked for, by its text.
    pub looked: BTreeMap<Arc<str>, Person>,
    /// Nothing more is asked for before this.
    pub rests: Option<Person>,
}

/// A program on its way.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Running {
    pub order: Order,
    pub since: Utc,
    pub phase: Phase,
    /// Its last lines.
    pub tail: Vec<Arc<str>>,
    /// What it wrote by now.
    pub bytes: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Phase {
    /// Its intent is on its way to disk; nothing has started.
    Writing,
    Running,
    /// It was told to end.
    Stopping,
}

/// A step that opened an act's dialog and waits for what comes of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Pending {
    pub runbook: Arc<str>,
    pub step: u32,
    pub intent: Intent,
    /// Acts up to this number are older.
    pub after: u64,
    /// The act, once it has left.
    pub act: Option<ActId>,
}

impl Bench {
    pub fn command(&self, runbook: &str, step: u32) -> Option<&Running> {
        self.commands.iter().find(|r| *r.order.runbook == *runbook && r.order.step == step)
    }

    pub fn by_ticket(&mut self, ticket: Ticket) -> Option<&mut Running> {
        self.commands.iter_mut().find(|r| r.order.ticket == ticket)
    }

    /// The last lines of a step's command, running or ended here.
    pub fn tail(&self, runbook: &str, step: u32) -> &[Arc<str>] {
        match self.command(runbook, step) {
            Some(r) => &r.tail,
            None => self
                .said
                .iter()
                .rev()
                .find(|(b, s, _)| **b == *runbook && *s == step)
                .map_or(&[], |(_, _, lines)| lines.as_slice()),
        }
    }
}
