//! A runbook as data: who it is for, whom to call, and its steps. Pure; knows no Markdown, no source and no screen. What an
//! answer is compared with is in `want`, where each step stands in `state`, what a command is and how it ended in `order`.

pub mod order;
pub mod state;
pub mod want;

use crate::core::id::{ServiceId, SourceId};
use crate::core::intent::Intent;
use crate::core::time::Utc;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::sync::Arc;

pub use order::Command;
pub use state::{NotNow, Progress, StepState};
pub use want::{Expectation, Op, Want, judge};

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Runbook {
    /// The file's name without `.md`: `checkout-5xx`.
    pub name: Arc<str>,
    pub title: Arc<str>,
    pub service: Option<ServiceId>,
    pub alerts: Vec<Arc<str>>,
    /// Failure modes it is for, upper case: `F1`.
    #[serde(default)]
    pub failure: Vec<Arc<str>>,
    pub owner: Option<Arc<str>>,
    pub contacts: Vec<Arc<str>>,
    /// Whom to call, in order.
    #[serde(default)]
    pub escalation: Vec<Rung>,
    /// The day it was last played through.
    #[serde(default)]
    pub rehearsed: Option<Utc>,
    /// Where it was read. `None`: shipped in the program, so it cannot change under a dialog.
    #[serde(default)]
    pub file: Option<Arc<str>>,
    /// Lower-case hex SHA-256 of the file's bytes.
    #[serde(default)]
    pub hash: Arc<str>,
    /// Written for andon. Else its steps were made of headings, list items and shell blocks.
    #[serde(default)]
    pub marked: bool,
    /// In order; a step's number is its place from 1.
    pub steps: Vec<RunStep>,
}

/// One rung of the ladder: who, and how long after the beginning.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rung {
    pub who: Arc<str>,
    /// Milliseconds. `None`: the file does not say when.
    pub after_ms: Option<i64>,
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
    /// Commands for a person to read: never run from here.
    Commands(Arc<str>),
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum StepKind {
    /// A person does it and ticks it.
    Manual,
    /// Something is asked, and the answer is compared.
    Check(Check),
    /// One of the console's own acts: opens the very dialog its key opens.
    Act(Intent),
    /// A program, shown in full and confirmed before it runs.
    Command(Command),
    Wait {
        /// Above 0.
        ms: i64,
    },
    /// A question for a person, with the evidence for each answer.
    Choose(Choose),
}

impl StepKind {
    /// One word for lists.
    pub fn word(&self) -> &'static str {
        match self {
            StepKind::Manual => "manual",
            StepKind::Check(c) if c.smoke => "smoke",
            StepKind::Check(_) => "check",
            StepKind::Act(_) => "act",
            StepKind::Command(_) => "command",
            StepKind::Wait { .. } => "wait",
            StepKind::Choose(_) => "choose",
        }
    }

    /// The program it would start, where it starts one.
    pub fn command(&self) -> Option<&Command> {
        match self {
            StepKind::Command(c) | StepKind::Check(Check { asks: Asks::Command(c), .. }) => Some(c),
            StepKind::Manual | StepKind::Check(_) | StepKind::Act(_) | StepKind::Wait { .. } | StepKind::Choose(_) => {
                None
            }
        }
    }
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Check {
    pub asks: Asks,
    /// Its result is a gate of promote and a line of the timeline.
    pub smoke: bool,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Asks {
    Query {
        /// In the source's own language; `$service` and its like are filled in, quoted (see [`filled`]).
        text: Arc<str>,
        expect: Expectation,
        /// `None`: the service's telemetry.
        source: Option<SourceId>,
    },
    /// HTTP GET.
    Get { url: Arc<str>, wants: Vec<Want> },
    /// Has the friction of a command step; never run by itself.
    Command(Command),
}

impl Check {
    /// What is asked and what is expected, one line each; for screens and copies.
    pub fn words(&self) -> (String, String) {
        match &self.asks {
            Asks::Query { text, expect, source } => {
                let from = source.as_ref().map(|s| format!(", from {s}")).unwrap_or_default();
                (text.to_string(), format!("{expect}{from}"))
            }
            Asks::Get { url, wants } => (format!("GET {url}"), want::words(wants)),
            Asks::Command(c) => (c.words(), want::words(&c.wants)),
        }
    }
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Choose {
    pub ask: Arc<str>,
    /// At least one.
    pub answers: Vec<Answer>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Answer {
    pub words: Arc<str>,
    /// The step that comes next. Steps between are skipped; one further up begins again from there.
    pub goto: Option<u32>,
    pub evidence: Vec<Evidence>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Evidence {
    /// What that step found.
    Step(u32),
    /// A figure, read while the question is looked at.
    Figure { text: Arc<str>, source: Option<SourceId>, expect: Option<Expectation> },
}

impl Runbook {
    pub fn step(&self, number: u32) -> Option<&RunStep> {
        self.steps.iter().find(|s| s.number == number)
    }

    /// `payments lead after 15m, platform after 30m`; empty without any.
    pub fn escalation_words(&self) -> String {
        let rung = |r: &Rung| match r.after_ms {
            Some(ms) => format!("{} after {}", r.who, short(ms)),
            None => r.who.to_string(),
        };
        self.escalation.iter().map(rung).collect::<Vec<_>>().join(", ")
    }

    /// Is it for this failure mode? Case does not matter.
    pub fn is_for(&self, failure: &str) -> bool {
        self.failure.iter().any(|f| f.eq_ignore_ascii_case(failure))
    }

    /// The step with this title that a record of step `number` means; the file may have changed since.
    pub fn meant(&self, number: u32, title: &str) -> Option<u32> {
        if self.step(number).is_some_and(|s| *s.title == *title) {
            return Some(number);
        }
        let mut same = self.steps.iter().filter(|s| *s.title == *title);
        same.next().filter(|_| same.next().is_none()).map(|s| s.number)
    }
}

/// `15m`, `1h`, `90s`: as files write it.
pub fn short(ms: i64) -> String {
    let secs = ms / 1_000;
    match secs {
        s if s != 0 && s % 3_600 == 0 => format!("{}h", s / 3_600),
        s if s != 0 && s % 60 == 0 => format!("{}m", s / 60),
        s => format!("{s}s"),
    }
}

/// A query with its facts in place: `$service` becomes `"checkout"`, quoted and escaped as the query languages do, so that
/// no name can end its string. Longer names go first; what is not known stays as it is written, and finds nothing.
pub fn filled(query: &str, facts: &BTreeMap<String, String>) -> String {
    let mut out = String::with_capacity(query.len());
    let mut rest = query;
    while let Some(at) = rest.find('$') {
        out.push_str(&rest[..at]);
        let name: String = rest[at + 1..].chars().take_while(|c| c.is_ascii_lowercase() || *c == '_').collect();
        match facts.get(&name) {
            Some(value) => {
                out.push('"');
                for c in value.chars() {
                    match c {
                        '"' | '\\' => out.extend(['\\', c]),
                        '\n' => out.push_str("\\n"),
                        c => out.push(c),
                    }
                }
                out.push('"');
            }
            None => {
                out.push('$');
                out.push_str(&name);
            }
        }
        rest = &rest[at + 1 + name.len()..];
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests;
