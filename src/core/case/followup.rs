//! Promises that outlive an incident: follow-ups and debts. Numbered by the console that made them, one above the highest
//! it knew; where two chose the same number the later one has a letter behind it.

use super::known::{Known, Rests, earliest, latest};
use crate::core::record::Record;
use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Words {
    pub number: u64,
    pub text: String,
    pub owner: Option<String>,
    /// A date as typed, `2026-11-23`.
    pub due: Option<String>,
    pub service: Option<String>,
    /// `postmortem` for the one the checklist asks for.
    pub what: Option<String>,
    pub why: Option<String>,
    /// The incident it came out of.
    pub incident: Option<String>,
}

/// A follow-up or a debt.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Task {
    /// The record that made it: what it is known by.
    pub rests: Rests,
    pub made: Option<Known<Words>>,
    /// Done or paid: when, by whom.
    pub ended: Option<Known<()>>,
}

impl Task {
    pub fn is_open(&self) -> bool {
        self.made.is_some() && self.ended.is_none()
    }

    pub fn words(&self) -> Option<&Words> {
        self.made.as_ref().map(|m| &m.value)
    }
}

/// All of one kind, in log order.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Tasks(Vec<Task>);

impl Tasks {
    pub(super) fn take(&mut self, r: &Record) {
        let d = &r.data;
        let text = |k: &str| d[k].as_str().map(str::trim).filter(|t| !t.is_empty()).map(str::to_owned);
        let ends = d["done"].as_bool() == Some(true) || d["state"].as_str() == Some("paid");
        let of = Rests::read(&d["of"]);
        let at = self.place(of.clone().unwrap_or_else(|| Rests::on(r)));
        let task = &mut self.0[at];
        // A record that names another one only ends it.
        if of.is_none() {
            let words = Words {
                number: d["number"].as_u64().unwrap_or(0),
                text: text("text").unwrap_or_default(),
                owner: text("owner"),
                due: text("due"),
                service: text("service"),
                what: text("what"),
                why: text("why"),
                incident: r.incident.clone(),
            };
            latest(&mut task.made, Known::by(r, words));
        }
        if ends {
            earliest(&mut task.ended, Known::by(r, ()));
        }
    }

    fn place(&mut self, rests: Rests) -> usize {
        match self.0.binary_search_by(|t| t.rests.cmp(&rests)) {
            Ok(at) => at,
            Err(at) => {
                self.0.insert(at, Task { rests, ..Task::default() });
                at
            }
        }
    }

    /// In log order.
    pub fn all(&self) -> Vec<&Task> {
        let mut all: Vec<&Task> = self.0.iter().filter(|t| t.made.is_some()).collect();
        all.sort_by(|a, b| a.made.as_ref().map(Known::key).cmp(&b.made.as_ref().map(Known::key)));
        all
    }

    pub fn open(&self) -> Vec<&Task> {
        self.all().into_iter().filter(|t| t.is_open()).collect()
    }

    pub fn get(&self, rests: &Rests) -> Option<&Task> {
        self.0.binary_search_by(|t| t.rests.cmp(rests)).ok().map(|at| &self.0[at]).filter(|t| t.made.is_some())
    }

    /// `14`, or `14b` for the second one of that number.
    pub fn label(&self, task: &Task) -> String {
        let number = task.words().map_or(0, |w| w.number);
        let same = self.all().into_iter().filter(|t| t.words().is_some_and(|w| w.number == number));
        let before = same.take_while(|t| t.rests != task.rests).count();
        match u32::try_from(before).ok().and_then(|n| char::from_u32(u32::from('a') + n)).filter(|_| before > 0) {
            Some(letter) => format!("{number}{letter}"),
            None => number.to_string(),
        }
    }

    /// One above the highest known.
    pub fn next_number(&self) -> u64 {
        self.0.iter().filter_map(|t| t.words()).map(|w| w.number).max().unwrap_or(0) + 1
    }
}
