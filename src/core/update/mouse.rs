//! The mouse, opt-in: the wheel moves rows or scrolls, a click selects. It never acts, never opens or closes a dialog and
//! never confirms; while a dialog, the act menu or a text field has the keys it does nothing at all.

use super::{browse, bump, choose, keys, looked, steps};
use crate::core::here;
use crate::core::model::Model;
use crate::core::msg::Picked;
use crate::core::nav::{Overlay, Screen};

/// Lines of text that one notch of the wheel scrolls.
const NOTCH: i64 = 3;

/// Is something open that a stray touch must not disturb?
fn is_deaf(model: &Model) -> bool {
    let early = model.now.person < model.nav.deaf_until || model.nav.screen == Screen::Waking;
    let typing = model.nav.filter.as_ref().is_some_and(|f| f.typing);
    !model.settings.mouse || model.ending || early || typing || model.dialog.is_some() || !model.nav.pending.is_empty()
}

pub(super) fn wheel(model: &mut Model, by: i16) {
    if is_deaf(model) {
        return;
    }
    let by = i64::from(by);
    let scrolled = |scroll: u16, most: u16| {
        let to = (i64::from(scroll) + by * NOTCH).clamp(0, i64::from(most));
        u16::try_from(to).unwrap_or(most)
    };
    match &model.nav.overlay {
        Some(Overlay::Help { scroll }) => {
            model.nav.overlay = Some(Overlay::Help { scroll: scrolled(*scroll, here::help_most(model)) });
        }
        Some(Overlay::Explain { scroll }) => {
            model.nav.overlay = Some(Overlay::Explain { scroll: scrolled(*scroll, u16::MAX) });
        }
        Some(Overlay::Log(b)) if b.open.is_none() => browse::go(model, by),
        Some(Overlay::Log(b)) => {
            let mut b = b.clone();
            b.open = b.open.map(|scroll| scrolled(scroll, 2_000));
            model.nav.overlay = Some(Overlay::Log(b));
        }
        Some(Overlay::Lines(l)) => {
            let mut l = l.clone();
            looked::scroll(model, &mut l, -by * NOTCH);
            model.nav.overlay = Some(Overlay::Lines(l));
        }
        Some(Overlay::Raw { target, scroll }) => {
            let (target, scroll) = (target.clone(), scrolled(*scroll, u16::MAX));
            model.nav.overlay = Some(Overlay::Raw { target, scroll });
        }
        Some(Overlay::Pick(_) | Overlay::Answer { .. }) => return,
        Some(Overlay::Note(_) | Overlay::Palette(_) | Overlay::SkipReason { .. } | Overlay::Who { .. }) => return,
        None => match model.nav.screen {
            Screen::Runbook => steps::step_row(model, by),
            Screen::Choose => choose::row(model, by),
            Screen::Waking
            | Screen::Verdict
            | Screen::Board
            | Screen::Sources
            | Screen::Evidence
            | Screen::Incident
            | Screen::Watch
            | Screen::Alerts
            | Screen::Timeline => keys::rows(model, by),
        },
    }
    bump(model);
}

pub(super) fn picked(model: &mut Model, what: Picked) {
    if is_deaf(model) || model.nav.overlay.is_some() {
        return;
    }
    match what {
        // What is gone since it was drawn is not chosen, and nothing else in its place.
        Picked::Service(s) => {
            if model.rows.iter().any(|r| r.service == s) {
                model.nav.selected = Some(s);
                model.nav.by_hand = true;
            }
        }
        Picked::Source(row) => {
            if row < model.world.sources.len() {
                model.nav.source_row = row;
            }
        }
        Picked::Step(row) => {
            model.nav.step_row = row;
            steps::step_row(model, 0);
        }
        Picked::Record(key) => {
            if model.chronicle.find(&key).is_some() {
                browse::choose(model, Some(key));
            }
        }
        Picked::Pane(pane) => model.nav.look_at(pane),
    }
    bump(model);
}
