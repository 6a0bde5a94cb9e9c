//! What the records say of runbooks: a fold, the same for every console on a log, so that ticks are seen by all and survive
//! a restart. In whatever order records come the result is the same. Of two records about one step the later one holds.
//! Knows no screen; what a console has under way and not yet written is its own affair.

use super::known::{Known, latest, when};
use super::runbook::{Progress, Runbook, StepState};
use crate::core::id::{Hash, ServiceId};
use crate::core::record::Record;
use crate::core::time::Utc;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// A run in which nobody did a step for this long is over: the next step begins a new one. Milliseconds.
pub const RUN_MS: i64 = 12 * 3_600_000;

/// Everything that is known of runbooks from the log.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Runs {
    books: BTreeMap<String, BTreeMap<u32, Slot>>,
    /// Smoke checks: service, then runbook and step.
    smokes: BTreeMap<String, BTreeMap<String, Known<Smoke>>>,
    /// Incidents end runs: when each was closed.
    closed: BTreeMap<String, Utc>,
}

/// What the records say of one step.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
struct Slot {
    last: Option<Known<Mark>>,
    /// The last answer that led elsewhere, for a step that asks.
    jump: Option<Known<Option<u32>>>,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
struct Mark {
    title: String,
    hash: String,
    what: What,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
enum What {
    /// A word this version does not know: nothing is done by it.
    #[default]
    Other,
    Running {
        until: Option<Utc>,
    },
    Done {
        found: Option<f64>,
        words: String,
    },
    Failed {
        why: String,
    },
    Skipped {
        reason: String,
    },
}

/// The last result of a smoke check.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Smoke {
    pub runbook: String,
    pub step: u32,
    pub title: String,
    pub pass: bool,
    /// What was found, or why not.
    pub words: String,
    /// The candidate it was about, where one moved.
    pub candidate: Option<Hash>,
}

impl Runs {
    /// Takes a record; in any order. Only what speaks of runbooks and of closed incidents matters.
    pub fn take(&mut self, r: &Record) {
        match r.kind.as_str() {
            "incident-closed" => {
                if let Some(id) = r.data["id"].as_str().or(r.incident.as_deref()) {
                    let at = self.closed.entry(id.to_owned()).or_default();
                    *at = when(r).max(*at);
                }
            }
            "runbook" => self.step(r),
            _ => {}
        }
    }

    fn step(&mut self, r: &Record) {
        let d = &r.data;
        let text = |name: &str| d[name].as_str().unwrap_or_default().to_owned();
        let (Some(book), Some(number)) =
            (d["runbook"].as_str(), d["step"].as_u64().and_then(|n| u32::try_from(n).ok()))
        else {
            return;
        };
        let what = what(r);
        if d["smoke"] == true && matches!(what, What::Done { .. } | What::Failed { .. }) {
            let pass = matches!(what, What::Done { .. });
            let words = match &what {
                What::Done { words, .. } => words.clone(),
                What::Failed { why } => why.clone(),
                What::Other | What::Running { .. } | What::Skipped { .. } => String::new(),
            };
            let candidate = d["candidate"].as_str().map(Hash::from);
            let smoke = Smoke { runbook: book.to_owned(), step: number, title: text("title"), pass, words, candidate };
            let of = self.smokes.entry(text("service")).or_default();
            let mut slot = of.remove(&format!("{book} {number}"));
            latest(&mut slot, Known::by(r, smoke));
            of.extend(slot.map(|s| (format!("{book} {number}"), s)));
        }
        let slot = self.books.entry(book.to_owned()).or_default().entry(number).or_default();
        if matches!(what, What::Done { .. }) {
            let goto = d["goto"].as_u64().and_then(|n| u32::try_from(n).ok());
            latest(&mut slot.jump, Known::by(r, goto));
        }
        latest(&mut slot.last, Known::by(r, Mark { title: text("title"), hash: text("hash"), what }));
    }

    /// Where the steps of this runbook stand now. `gone`: sessions that have ended; what they had running is over.
    pub fn progress(&self, book: &Runbook, now: Utc, gone: impl Fn(&str) -> bool) -> Progress {
        let mut out = Progress::default();
        let Some(slots) = self.books.get(&*book.name) else { return out };
        let Some(begun) = self.began(slots, now) else { return out };
        out.begun = Some(begun);
        let mut taken = BTreeSet::new();
        for (number, slot) in slots {
            let Some(mark) = slot.last.as_ref().filter(|m| m.at >= begun) else { continue };
            out.stale |= !mark.value.hash.is_empty() && !book.hash.is_empty() && mark.value.hash != *book.hash;
            let Some(step) = book.meant(*number, &mark.value.title).filter(|s| taken.insert(*s)) else { continue };
            if reset(slots, mark, *number) {
                continue;
            }
            if let Some(state) = state(mark, now, gone(&mark.rests.session)) {
                out.set(step, state);
            }
        }
        // An answer that leads further down passes over what lies between.
        for (number, slot) in slots {
            let Some(jump) = slot.jump.as_ref().filter(|j| j.at >= begun && !reset_jump(slots, j, *number)) else {
                continue;
            };
            let answered = matches!(out.state(*number), StepState::Done { .. });
            let Some(to) = jump.value.filter(|to| answered && *to > number + 1) else { continue };
            for between in number + 1..to.min(number + 1_000) {
                if book.step(between).is_some() && *out.state(between) == StepState::Open {
                    let reason = format!("step {number} leads to step {to}").into();
                    let (at, by) = (jump.at, jump.who.as_str().into());
                    out.set(between, StepState::Skipped { at, reason, by });
                }
            }
        }
        out
    }

    /// The beginning of the run that is under way: after the last closed incident, and after the last long silence.
    fn began(&self, slots: &BTreeMap<u32, Slot>, now: Utc) -> Option<Utc> {
        let cut = self.closed.values().copied().filter(|at| *at <= now).max().unwrap_or(Utc(i64::MIN));
        let marks = slots.values().filter_map(|s| s.last.as_ref());
        let mut times: Vec<Utc> = marks.map(|m| m.at).filter(|at| *at > cut).collect();
        times.sort();
        let mut begun = None;
        let mut before = now;
        for at in times.into_iter().rev() {
            if before.since(at) > RUN_MS {
                break;
            }
            begun = Some(at);
            before = at;
        }
        begun
    }

    /// The latest results of a service's smoke checks: failed ones first, then the oldest first.
    pub fn smokes(&self, service: &ServiceId) -> Vec<&Known<Smoke>> {
        let mut all: Vec<&Known<Smoke>> =
            self.smokes.get(service.as_str()).map(|of| of.values().collect()).unwrap_or_default();
        all.sort_by_key(|s| (s.value.pass, s.at));
        all
    }
}

/// An answer further down that leads up to this step or above it, later than the mark: the step is open again.
fn reset(slots: &BTreeMap<u32, Slot>, mark: &Known<Mark>, number: u32) -> bool {
    slots.iter().any(|(n, s)| {
        s.jump.as_ref().is_some_and(|j| j.value.is_some_and(|to| to <= number && number <= *n) && j.key() >= mark.key())
    })
}

fn reset_jump(slots: &BTreeMap<u32, Slot>, jump: &Known<Option<u32>>, number: u32) -> bool {
    slots.iter().any(|(n, s)| {
        s.jump.as_ref().is_some_and(|j| j.value.is_some_and(|to| to <= number && number <= *n) && j.key() >= jump.key())
    })
}

fn state(mark: &Known<Mark>, now: Utc, gone: bool) -> Option<StepState> {
    let (at, by): (Utc, Arc<str>) = (mark.at, mark.who.as_str().into());
    Some(match &mark.value.what {
        What::Other => return None,
        What::Running { until: Some(until) } if *until <= now => {
            StepState::Done { at: *until, found: None, words: "waited".into(), by }
        }
        What::Running { until: Some(until) } => StepState::Running { since: at, until: Some(*until), by },
        What::Running { until: None } if gone => {
            let why = "its console ended while it ran: what it did is not known".into();
            StepState::Failed { at, why, by }
        }
        What::Running { until: None } => StepState::Running { since: at, until: None, by },
        What::Done { found, words } => StepState::Done { at, found: *found, words: words.as_str().into(), by },
        What::Failed { why } => StepState::Failed { at, why: why.as_str().into(), by },
        What::Skipped { reason } => StepState::Skipped { at, reason: reason.as_str().into(), by },
    })
}

/// Records of before had a sentence only.
fn what(r: &Record) -> What {
    let d = &r.data;
    let text = |name: &str| d[name].as_str().unwrap_or_default().to_owned();
    let said = d["state"].as_str().unwrap_or_default();
    match d["stands"].as_str() {
        Some("running") => What::Running { until: d["until"].as_str().and_then(Utc::read) },
        Some("done") => What::Done { found: d["found"].as_f64(), words: text("words") },
        Some("failed") => What::Failed { why: text("why") },
        Some("skipped") => What::Skipped { reason: text("reason") },
        Some(_) => What::Other,
        None if said == "done" => What::Done { found: None, words: String::new() },
        None if said.starts_with("pass") => {
            let found = said.rsplit(' ').next().and_then(|n| n.parse().ok());
            What::Done { found, words: String::new() }
        }
        None => match (said.strip_prefix("FAILED, "), said.strip_prefix("skipped: ")) {
            (Some(why), _) => What::Failed { why: why.to_owned() },
            (_, Some(reason)) => What::Skipped { reason: reason.to_owned() },
            (None, None) => What::Other,
        },
    }
}

#[cfg(test)]
mod tests;
