//! The runbook under the cursor: run a check, tick a step, skip it with a reason.

use super::{bump, records};
use crate::core::case::runbook::StepState;
use crate::core::effect::{Effect, Question};
use crate::core::entry::Kind;
use crate::core::judge::words::figure;
use crate::core::listing;
use crate::core::model::{Model, Purpose};
use serde_json::json;
use std::sync::Arc;

pub use crate::core::listing::this_runbook;

pub(super) fn first_open(model: &Model) -> usize {
    let Some(name) = this_runbook(model) else { return 0 };
    let Some(r) = model.runbooks.get(&name) else { return 0 };
    let current = match model.progress.get(&name) {
        Some(p) => p.current(r),
        None => r.steps.first().map(|s| s.number),
    };
    current.map_or(0, |n| n.saturating_sub(1) as usize)
}

pub(super) fn step_row(model: &mut Model, by: i64) {
    let listed = listing::steps(model);
    let Some(last) = listed.len().checked_sub(1) else { return };
    let at = listed.iter().position(|i| *i == model.nav.step_row).unwrap_or(0);
    model.nav.step_row = listed[(at as i64).saturating_add(by).clamp(0, last as i64) as usize];
}

pub(super) fn step_run(model: &mut Model, out: &mut Vec<Effect>) {
    let Some(name) = this_runbook(model) else { return };
    let number = model.nav.step_row as u32 + 1;
    let Some(book) = model.runbooks.get(&name) else { return };
    let telemetry = model.world.sources.iter().find(|(_, s)| s.abilities.roles.telemetry).map(|(n, _)| n.clone());
    match model.progress.entry(name.clone()).or_default().start(book, number) {
        Err(why) => model.tell(why.to_string()),
        Ok(check) => {
            let query = check.query.clone();
            let asked = check.source.clone();
            match asked.or(telemetry).filter(|s| model.world.sources.contains_key(s)) {
                Some(source) => {
                    let id = model.next_ask(Purpose::Check { runbook: name, step: number });
                    out.push(Effect::Ask { id, source, question: Question::Check(query) });
                }
                None => check_answered(model, &name, number, Err("there is no such source to ask"), out),
            }
        }
    }
}

/// The answer of a check's query, or why there is none.
pub(super) fn check_answered(
    model: &mut Model,
    name: &Arc<str>,
    step: u32,
    found: Result<Option<f64>, &str>,
    out: &mut Vec<Effect>,
) {
    let now = model.now.utc;
    let Some(book) = model.runbooks.get(name) else { return };
    if model.progress.entry(name.clone()).or_default().answer(book, step, found, now) {
        runbook_line(model, name, step, out);
    }
}

pub(super) fn step_tick(model: &mut Model, out: &mut Vec<Effect>) {
    let Some(name) = this_runbook(model) else { return };
    let number = model.nav.step_row as u32 + 1;
    let now = model.now.utc;
    let Some(book) = model.runbooks.get(&name) else { return };
    match model.progress.entry(name.clone()).or_default().tick(book, number, now) {
        Err(why) => model.tell(why.to_string()),
        Ok(()) => {
            runbook_line(model, &name, number, out);
            step_row(model, 1);
        }
    }
}

pub(super) fn step_skip(model: &mut Model, step: usize, reason: &str, out: &mut Vec<Effect>) {
    let Some(name) = this_runbook(model) else { return };
    let number = step as u32 + 1;
    let now = model.now.utc;
    let Some(book) = model.runbooks.get(&name) else { return };
    match model.progress.entry(name.clone()).or_default().skip(book, number, reason, now) {
        Err(why) => model.tell(why.to_string()),
        Ok(()) => {
            runbook_line(model, &name, number, out);
            step_row(model, 1);
        }
    }
}

fn runbook_line(model: &mut Model, name: &Arc<str>, step: u32, out: &mut Vec<Effect>) {
    let title = model.runbooks.get(name).and_then(|r| r.step(step)).map(|s| s.title.clone());
    let state = model.progress.get(name).map(|p| words(p.state(step)));
    let data = json!({"runbook": name, "step": step, "title": title, "state": state});
    out.push(Effect::Append { entry: records::plain(Kind::Runbook, model.now.utc, None, data), ticket: None });
    bump(model);
}

fn words(state: &StepState) -> String {
    match state {
        StepState::Open => "open".into(),
        StepState::Running => "running".into(),
        StepState::Done { found: Some(v), .. } => format!("pass, found {}", figure(*v)),
        StepState::Done { found: None, .. } => "done".into(),
        StepState::Failed { why, .. } => format!("FAILED, {why}"),
        StepState::Skipped { reason, .. } => format!("skipped: {reason}"),
    }
}
