//! Deep links (`andon --at checkout@eu-1`), copying what is chosen, and going to what the alarm row says.

use super::{Touched, bump, filter, steps};
use crate::core::alarm::{self, Place};
use crate::core::effect::Effect;
use crate::core::id::{ServiceId, SourceId};
use crate::core::link;
use crate::core::model::Model;
use crate::core::nav::{At, Screen, Spot};
use crate::core::shown::{TEXT_MAX, shown_text};
use crate::core::world::target::TargetState;
use std::collections::BTreeSet;

/// What is chosen, as text, with its link.
pub(super) fn copy(model: &mut Model, out: &mut Vec<Effect>) {
    let text = (model.copier)(model);
    if text.trim().is_empty() {
        model.tell("nothing is chosen that could be copied");
        return;
    }
    // The clipboard is an exit like any other: no control character leaves by it.
    out.push(Effect::Copy(shown_text(&text, TEXT_MAX).into_string()));
}

/// Only the link of what is chosen.
pub(super) fn copy_link(model: &mut Model, out: &mut Vec<Effect>) {
    match link::here(model) {
        Some(link) => out.push(Effect::Copy(link)),
        None => model.tell("nothing is chosen that has a link"),
    }
}

/// To a service's screen; `Esc` comes back. A filter that would hide it goes.
pub(super) fn jump(model: &mut Model, screen: Screen, service: &ServiceId) {
    filter::uncover(model, service);
    model.nav.jump(screen, service);
    if screen == Screen::Runbook {
        model.nav.step_row = steps::first_open(model);
    }
    bump(model);
}

/// To the Sources screen, on this source.
pub(super) fn to_source(model: &mut Model, source: Option<&SourceId>) {
    model.nav.go(Screen::Sources);
    if let Some(at) = source.and_then(|s| model.world.sources.keys().position(|k| k == s)) {
        model.nav.source_row = at;
    }
    bump(model);
}

/// `!`: to what the alarm row says; from there to the next alarm that is somewhere else.
pub(super) fn alarm(model: &mut Model) {
    let alarms = alarm::alarms(model);
    let place = alarms.iter().map(|a| &a.place).find(|p| !alarm::is_here(model, p)).cloned();
    match place {
        Some(Place::Service(s)) => jump(model, Screen::Verdict, &s),
        Some(Place::Source(s)) => to_source(model, Some(&s)),
        Some(Place::Sources) => to_source(model, None),
        Some(Place::Incident) => model.nav.go(Screen::Incident),
        Some(Place::Alerts(fold)) => {
            model.nav.go(Screen::Alerts);
            super::alerts::choose(model, fold);
        }
        None if alarms.is_empty() => model.tell("no alarm stands"),
        None => model.tell("this is what the alarm row speaks of"),
    }
}

/// Trouble is news until it was looked at; over and come again, it is news again. Only what a message touched is looked
/// at: when everything is in trouble, messages come fast.
pub(super) fn known_trouble(model: &mut Model, touched: &Touched) {
    if matches!(model.nav.screen, Screen::Waking | Screen::Choose) {
        return;
    }
    let known = &mut model.nav.known_trouble;
    let mut now = model.rows.iter().take_while(|r| alarm::is_trouble(r)).map(|r| &r.service);
    match touched {
        Touched::Service(s) if known.contains(s) && !now.clone().any(|n| n == s) => {
            known.remove(s);
        }
        Touched::All if !known.is_empty() => {
            let now: BTreeSet<&ServiceId> = now.clone().collect();
            known.retain(|s| now.contains(s));
        }
        Touched::Nothing | Touched::Service(_) | Touched::All => {}
    }
    if let Some(s) = model.nav.selected.as_ref().filter(|s| !known.contains(*s) && now.any(|n| n == *s)) {
        known.insert(s.clone());
    }
}

/// `--at`, once, when the waking screen is left: there if there is such a place, else where the console would open, and
/// said. `Esc` goes to the Board.
pub(super) fn open_at(model: &mut Model) {
    let Some(at) = model.nav.at.take() else { return };
    let asked = at.to_string();
    let back = |model: &mut Model, screen: Screen| {
        model.nav.screen = screen;
        if screen != Screen::Board {
            model.nav.back.push(Spot { screen: Screen::Board, chose: None });
        }
    };
    if let (None, Some(source)) = (&at.service, &at.source) {
        match model.world.sources.keys().position(|s| s == source) {
            Some(row) => {
                back(model, Screen::Sources);
                model.nav.source_row = row;
            }
            None => model.tell(format!("--at {asked}: there is no source {source}")),
        }
        return;
    }
    if at.service.is_none() && matches!(at.screen, Screen::Incident | Screen::Watch | Screen::Alerts | Screen::Timeline)
    {
        back(model, at.screen);
        return;
    }
    let Some(service) = found(model, &at) else {
        let worst = model.nav.selected.as_ref().map_or_else(String::new, |s| format!("; this is the worst, {s}"));
        model.tell(format!("--at {asked}: there is no such service{worst}"));
        return;
    };
    let row = model.rows.iter().find(|r| r.service == service);
    let shown = row.and_then(|r| r.target.as_ref()).map(|t| t.source.clone());
    model.nav.selected = Some(service);
    model.nav.by_hand = true;
    back(model, at.screen);
    if at.screen == Screen::Runbook {
        let step = at.step.map_or_else(|| steps::first_open(model), |n| n.saturating_sub(1) as usize);
        model.nav.step_row = 0;
        steps::step_row(model, i64::try_from(step).unwrap_or(0));
    }
    match (&at.source, shown) {
        // One row stands for all targets of a service: where another one is worse, that is what is shown.
        (Some(wanted), Some(shown)) if *wanted != shown => {
            let there = model
                .world
                .targets
                .values()
                .any(|t| t.id.source == *wanted && Some(&t.service) == model.nav.selected.as_ref());
            let why = if there { "its worst target is" } else { "nothing of it is known there; it is" };
            model.tell(format!("--at {asked}: {why} at {shown}"));
        }
        (Some(_), None) => model.tell(format!("--at {asked}: no target of it is known yet")),
        (Some(_) | None, _) => {}
    }
}

/// The service that is meant: by its own name, or by that of one of its targets. At the source that is named, where it
/// is there.
fn found(model: &Model, at: &At) -> Option<ServiceId> {
    let name = at.service.as_ref()?;
    let named = |t: &&TargetState| *t.id.name == *name.as_str() && at.source.as_ref().is_none_or(|s| *s == t.id.source);
    if model.rows.iter().any(|r| r.service == *name) {
        return Some(name.clone());
    }
    model.world.targets.values().find(named).map(|t| t.service.clone())
}
