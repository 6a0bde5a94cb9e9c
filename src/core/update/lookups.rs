//! Figures of the runbook on screen, asked because somebody looks: one question at a time, each again after a while.
//! Nothing is judged by them and nothing is recorded. Programs are never among them.

use super::{bump, panes, steps};
use crate::core::case::runbook::want::Judged;
use crate::core::case::runbook::{Asks, Check, StepKind};
use crate::core::effect::{Effect, Question};
use crate::core::model::{Model, Purpose};
use crate::core::nav::{Pane, Screen};
use crate::core::runbooks::{self, Wish};
use crate::core::time::Person;
use std::sync::Arc;

/// A figure on screen is asked for again after this long. Milliseconds.
const AGAIN_MS: i64 = 15_000;
/// Between two questions.
const REST_MS: i64 = 1_000;

/// What is due, once the one before has been answered.
pub(super) fn tick(model: &mut Model, by_hand: bool, out: &mut Vec<Effect>) {
    let now = model.now.person;
    waits(model);
    if by_hand || !is_looked_at(model) || model.bench.rests.is_some_and(|t| t > now) {
        return;
    }
    if model.asks.values().any(|p| matches!(p, Purpose::Look { .. })) {
        return;
    }
    let Some((wish, text, _)) = due(model).filter(|(_, _, at)| *at <= now) else { return };
    model.bench.looked.insert(text.clone(), now);
    model.bench.rests = Some(Person(now.0 + REST_MS));
    match wish {
        Wish::Query(query, source) => {
            let source = source.or_else(|| runbooks::telemetry(model));
            if let Some(source) = source.filter(|s| model.world.sources.contains_key(s)) {
                let id = model.next_ask(Purpose::Look { text });
                out.push(Effect::Ask { id, source, question: Question::Check(query) });
            }
        }
        Wish::Get(url) => {
            let wants = wants(model, &url);
            let id = model.next_ask(Purpose::Look { text });
            out.push(Effect::Probe { id, url, wants });
        }
    }
}

fn is_looked_at(model: &Model) -> bool {
    model.replay.is_none()
        && model.nav.overlay.as_ref().is_none_or(|o| matches!(o, crate::core::nav::Overlay::Answer { .. }))
        && (model.nav.screen == Screen::Runbook || panes::focus(model) == Some(Pane::Runbook))
}

fn wants(model: &Model, url: &str) -> Vec<crate::core::case::runbook::Want> {
    let steps = model.runbooks.values().flat_map(|b| &b.steps);
    steps
        .filter_map(|s| match &s.kind {
            StepKind::Check(Check { asks: Asks::Get { url: u, wants }, .. }) if **u == *url => Some(wants.clone()),
            _ => None,
        })
        .next()
        .unwrap_or_default()
}

/// The figure that waits longest, its text, and when its turn is.
fn due(model: &Model) -> Option<(Wish, Arc<str>, Person)> {
    let book = steps::this_runbook(model).and_then(|n| model.runbooks.get(&n))?;
    let wishes = runbooks::wishes(model, book).into_iter().map(|w| {
        let text = match &w {
            Wish::Query(q, _) => q.clone(),
            Wish::Get(u) => u.clone(),
        };
        let at = model.bench.looked.get(&text).map_or(Person(i64::MIN), |t| Person(t.0 + AGAIN_MS));
        (w, text, at)
    });
    wishes.min_by_key(|(_, _, at)| *at)
}

/// When the next question is due.
pub(super) fn next(model: &Model) -> Option<Person> {
    if !is_looked_at(model) || model.asks.values().any(|p| matches!(p, Purpose::Look { .. })) {
        return None;
    }
    let (_, _, at) = due(model)?;
    Some(Person(at.0.max(model.bench.rests.map_or(i64::MIN, |t| t.0)).max(model.now.person.0 + 1)))
}

/// An address answered: a step waits for it, or somebody looks.
pub(super) fn probed(model: &mut Model, id: crate::core::id::AskId, found: &Judged, out: &mut Vec<Effect>) {
    match model.asks.remove(&id) {
        Some(Purpose::Check { runbook, step, query }) => {
            model.bench.probed.insert(query, (model.now.utc, found.clone()));
            steps::answered(model, &runbook, step, found, out);
        }
        Some(Purpose::Look { text }) => {
            model.bench.probed.insert(text, (model.now.utc, found.clone()));
            bump(model);
        }
        Some(_) | None => {}
    }
}

/// A wait whose time has come is done.
fn waits(model: &mut Model) {
    let now = model.now.utc;
    let over = model.progress.iter().any(|(name, p)| {
        let steps = model.runbooks.get(name).map(|b| b.steps.as_slice()).unwrap_or_default();
        steps.iter().any(|s| {
            matches!(p.state(s.number), crate::core::case::runbook::StepState::Running { until: Some(u), .. } if *u <= now)
        })
    });
    if over {
        steps::refresh_all(model);
    }
}

/// When the next wait is over, in world time.
pub(super) fn wait_over(model: &Model) -> Option<crate::core::time::World> {
    let now = model.now;
    let mut first: Option<i64> = None;
    for (name, p) in &model.progress {
        for s in model.runbooks.get(name).map(|b| b.steps.as_slice()).unwrap_or_default() {
            if let crate::core::case::runbook::StepState::Running { until: Some(u), .. } = p.state(s.number) {
                let at = now.world.0 + (u.0 - now.utc.0);
                first = Some(first.map_or(at, |f| f.min(at)));
            }
        }
    }
    first.map(crate::core::time::World)
}
