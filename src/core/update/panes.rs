//! Panes of the wide layout: which has the focus, whether it stands alone, and where the keys of movement go. And the
//! selection, which stays on its service while rows move.

use super::{bump, steps};
use crate::core::board;
use crate::core::cell::Cell;
use crate::core::model::Model;
use crate::core::nav::{Overlay, Pane, Screen};
use crate::core::provenance;

/// Columns and rows from which panes stand side by side (product.md section 3).
pub const SIDE_BY_SIDE: (u16, u16) = (160, 40);

/// The order in which Tab goes round, and that on screen from left to right.
const ROUND: [Pane; 4] = [Pane::Board, Pane::Verdict, Pane::Runbook, Pane::Log];

/// How far the Verdict pane scrolls at most: it holds no more than two pages.
const VERDICT_MOST: usize = 40;

/// Do panes stand side by side on a terminal of this size?
pub fn side_by_side(model: &Model, width: u16, height: u16) -> bool {
    width >= SIDE_BY_SIDE.0
        && height >= SIDE_BY_SIDE.1
        && matches!(model.nav.screen, Screen::Verdict | Screen::Board | Screen::Runbook)
        && !model.rows.is_empty()
}

/// The pane that has the keys; `None` where one screen stands alone.
pub fn focus(model: &Model) -> Option<Pane> {
    side_by_side(model, model.width, model.height).then(|| model.nav.focus())
}

pub(super) fn next(model: &mut Model, by: i64) {
    let Some(now) = focus(model) else {
        // One pane here; below it the log strip can have the keys.
        if has_strip(model) {
            model.nav.strip = !model.nav.strip;
        } else {
            model.tell(format!("one pane here; from {}x{} on there are four", SIDE_BY_SIDE.0, SIDE_BY_SIDE.1));
        }
        return;
    };
    let at = ROUND.iter().position(|p| *p == now).unwrap_or(0) as i64;
    let to = (at + by).rem_euclid(ROUND.len() as i64) as usize;
    model.nav.look_at(ROUND[to]);
}

pub(super) fn zoom(model: &mut Model) {
    if focus(model).is_some() {
        model.nav.zoomed = !model.nav.zoomed;
    } else if figures_here(model) {
        model.nav.figure = Some(Cell::Pictures);
        model.nav.overlay = Some(Overlay::Explain { scroll: 0 });
    } else {
        model.tell("one pane here: it has the whole screen already");
    }
}

/// Can the figures of what is chosen be walked through here?
pub fn figures_here(model: &Model) -> bool {
    matches!(model.nav.screen, Screen::Verdict | Screen::Board)
        && matches!(focus(model), None | Some(Pane::Board | Pane::Verdict))
        && model.replay.is_none()
        && board::selected(model).is_some()
}

/// Another figure of what is chosen is the chosen one.
pub(super) fn figure(model: &mut Model, by: i64) {
    if figures_here(model) {
        let board = model.nav.screen == Screen::Board;
        model.nav.figure = provenance::beside(model, model.nav.figure, by, board);
    }
}

/// Does this screen carry the log strip?
pub fn has_strip(model: &Model) -> bool {
    focus(model).is_none() && matches!(model.nav.screen, Screen::Verdict | Screen::Board)
}

/// The log strip has the keys.
pub fn strip(model: &Model) -> bool {
    model.nav.strip && has_strip(model)
}

/// Movement in the focused pane; `true` when it was not the Board's.
pub(super) fn moved(model: &mut Model, by: i64) -> bool {
    let go = |at: usize, last: usize| (at as i64).saturating_add(by).clamp(0, last as i64) as usize;
    match focus(model) {
        Some(Pane::Verdict) => model.nav.verdict_row = go(model.nav.verdict_row, VERDICT_MOST),
        Some(Pane::Log) => model.nav.log_back = go(model.nav.log_back, model.log.lines.len().saturating_sub(1)),
        Some(Pane::Runbook) => steps::step_row(model, by),
        Some(Pane::Board) | None => return false,
    }
    true
}

/// Another service is chosen: what the other panes show begins anew.
pub(super) fn chosen(model: &mut Model) {
    model.nav.figure = None;
    model.nav.verdict_row = 0;
    model.nav.step_row = steps::first_open(model);
}

/// A line came into the log: who reads further back stays where he reads.
pub(super) fn logged(model: &mut Model) {
    if model.nav.log_back > 0 {
        model.nav.log_back = (model.nav.log_back + 1).min(model.log.lines.len().saturating_sub(1));
    }
}

/// Where the chosen service stands in the list as it was drawn last.
pub(super) fn place(model: &Model) -> Option<usize> {
    let chosen = model.nav.selected.as_ref()?;
    board::listed(model).position(|r| r.service == *chosen)
}

/// The chosen service went: its neighbour is chosen, and a notice says so. `place`: where it stood.
pub(super) fn selection_stays(model: &mut Model, place: Option<usize>) {
    let (Some(place), Some(gone)) = (place, &model.nav.selected) else { return };
    if model.rows.iter().any(|r| r.service == *gone) {
        return;
    }
    let gone = gone.clone();
    model.nav.selected = None;
    let listed: Vec<_> = board::listed(model).map(|r| r.service.clone()).collect();
    let neighbour = listed.get(place.min(listed.len().saturating_sub(1))).cloned();
    match &neighbour {
        Some(n) => model.tell(format!("{gone} is gone; {n} is chosen now")),
        None => model.tell(format!("{gone} is gone")),
    }
    model.nav.selected = neighbour;
    // An act menu was opened on what is gone: its letters must not mean the neighbour.
    model.nav.pending.clear();
    model.nav.menu_target = None;
    chosen(model);
    bump(model);
}
