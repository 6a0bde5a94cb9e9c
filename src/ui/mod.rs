//! The model turned into cells. No clock, no I/O, no stored state: the same model and look give the same cells.

// No clock, file, network or hash order here: see clippy.toml.
#![deny(clippy::disallowed_methods, clippy::disallowed_types)]

pub mod colour;
pub mod copied;
pub mod frame;
pub mod hints;
pub mod look;
pub mod motion;
pub mod overlays;
pub mod parts;
pub mod screens;
pub mod title;
#[cfg(test)]
mod walk_tests;

pub use look::{Colours, Glyphs, Look};

use crate::core::act::dialog::DialogKind;
use crate::core::id::DialogId;
use crate::core::intent::Intent;
use crate::core::model::Model;
use crate::core::msg::Picked;
use crate::core::nav::{Field, Overlay, Screen};
use parts::line::Line;
use parts::rows::{Marks, Rows};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

/// Below this, words only (limits.md section 6).
pub const LEAST: (u16, u16) = crate::core::here::LEAST;
// How far a page scrolls is counted without drawing it.
const _: () = assert!(frame::TOP + frame::BOTTOM == crate::core::here::FRAME_ROWS);

/// Lines of text and tables are no wider than this: an eye that comes back from further right misses its row. The
/// frame and panes have the whole width.
pub const READ: u16 = 120;

/// The part of an area that is read.
pub fn reading(area: Rect) -> Rect {
    Rect { width: area.width.min(READ), ..area }
}

/// What the frame holds that others must know.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Drawn {
    /// Where the terminal's cursor belongs: in a text field, else on the chosen row. `None`: neither is on screen.
    pub cursor: Option<(u16, u16)>,
    /// The dialog that was really drawn. Once these cells are written, its confirm delay begins.
    pub dialog: Option<DialogId>,
    /// Where a click chooses what, the nearest first. Empty while something lies over the screen.
    pub hits: Vec<(Rect, Picked)>,
}

/// A digest of a frame in the shipped look: what a replay must show again, whatever theme it was seen in.
pub fn digest(model: &Model) -> String {
    let area = Rect::new(0, 0, model.width, model.height);
    let mut buffer = Buffer::empty(area);
    draw(model, &Look::shipped(), area, &mut buffer);
    let mut text = String::new();
    for cell in &buffer.content {
        text.push_str(cell.symbol());
        text.push_str(&format!("{:?}{:?}{:?};", cell.fg, cell.bg, cell.modifier));
    }
    crate::core::seal::sha256_hex(text.as_bytes())
}

/// Draws the whole screen. Total for every size; nothing outside `area` is touched.
pub fn draw(model: &Model, look: &Look, area: Rect, buf: &mut Buffer) -> Drawn {
    let area = area.intersection(buf.area);
    let drawn = cells(model, look, area, buf);
    look.fill(area, buf);
    drawn
}

fn cells(model: &Model, look: &Look, area: Rect, buf: &mut Buffer) -> Drawn {
    if area.width < LEAST.0 || area.height < LEAST.1 {
        too_small(model, look, area, buf);
        return Drawn::default();
    }
    frame::draw(model, look, area, buf);
    let body = Rect { y: area.y + frame::TOP, height: area.height - frame::TOP - frame::BOTTOM, ..area };
    let row = screen(model, look, area, body, buf);
    let over = over(model, look, body, buf);
    // What lies over the screen may cover the chosen row: then the cursor is its own or nowhere, and nothing is picked.
    let open = model.dialog.is_some() || model.nav.overlay.is_some() || overlays::menu::is_open(model);
    let row = if open { Marks::default() } else { row };
    let mut above = hints::notice(model, usize::from(area.width));
    // The last of them stands in the row of the hints.
    above.pop();
    if !above.is_empty() {
        let mut rows = Rows::new();
        above.into_iter().for_each(|l| rows.keep(l));
        overlays::foot(rows, look, body, buf);
    }
    Drawn { cursor: over.cursor.or(row.cursor), hits: row.hits, ..over }
}

fn screen(model: &Model, look: &Look, area: Rect, body: Rect, buf: &mut Buffer) -> Marks {
    if crate::core::update::side_by_side(model, area.width, area.height) {
        return screens::wide::draw(model, look, body, buf);
    }
    let mut body = reading(body);
    if let Some(act) = act_strip(model) {
        act.draw(look, body, body.bottom() - 1, buf);
        body.height -= 1;
    }
    let (wide, tall) = (usize::from(body.width), usize::from(body.height));
    let rows = match model.nav.screen {
        Screen::Waking => screens::waking::rows(model, wide),
        Screen::Choose => screens::waking::choose(model, wide, tall),
        Screen::Verdict => screens::verdict::rows(model, wide, tall),
        Screen::Board => screens::board::rows(model, wide, tall),
        Screen::Runbook => screens::runbook::rows(model, wide, tall, true),
        Screen::Sources => screens::sources::rows(model, wide, tall),
        Screen::Evidence => screens::evidence::rows(model, wide, tall),
        Screen::Incident => screens::incident::rows(model, wide, tall),
        Screen::Watch => screens::watch::rows(model, wide, tall),
        Screen::Alerts => screens::alerts::rows(model, wide, tall),
        Screen::Timeline => screens::timeline::rows(model, wide, tall),
    };
    rows.draw(look, body, buf)
}

/// What is under way, where the screen itself does not tell it: whoever sent an act sees that it goes on.
fn act_strip(model: &Model) -> Option<Line> {
    match model.nav.screen {
        Screen::Waking | Screen::Choose | Screen::Verdict | Screen::Board => None,
        Screen::Runbook
        | Screen::Sources
        | Screen::Evidence
        | Screen::Incident
        | Screen::Watch
        | Screen::Alerts
        | Screen::Timeline => parts::act::strip(model),
    }
}

/// What lies over the screen; at most one thing, a dialog first.
fn over(model: &Model, look: &Look, body: Rect, buf: &mut Buffer) -> Drawn {
    let (wide, tall) = (usize::from(reading(body).width), usize::from(body.height));
    let in_last = |area: Rect, column: usize| {
        let x = area.x + u16::try_from(column).unwrap_or(u16::MAX).min(area.width - 1);
        Some((x, area.bottom() - 1))
    };
    if let Some(d) = &model.dialog {
        let (rows, column) = match &d.kind {
            DialogKind::Act(act) => overlays::act::rows(model, d, act, wide, tall),
            DialogKind::Sheet(sheet) => {
                let rows = overlays::sheet::rows(model, d, sheet, wide);
                let (_, marks) = overlays::below_marked(rows, look, body, buf);
                if let Some(Overlay::Who { typed, .. }) = &model.nav.overlay {
                    let (rows, column) = overlays::who::rows(model, typed);
                    let area = overlays::below(rows, look, body, buf);
                    return Drawn { cursor: in_last(area, column), ..Drawn::default() };
                }
                let cursor = marks.cursor;
                return Drawn { cursor, dialog: Some(d.id), ..Drawn::default() };
            }
            DialogKind::Many(many) => overlays::many::rows(model, d, many, wide, tall),
            DialogKind::Run(run) => overlays::run::rows(model, d, run, wide),
            DialogKind::Arm | DialogKind::Disarm | DialogKind::Acknowledge(_) => {
                (overlays::small::rows(model, d, wide), None)
            }
        };
        let area = overlays::below(rows, look, body, buf);
        if let Some(Overlay::Who { typed, .. }) = &model.nav.overlay {
            // The dialog is not counted as seen while the question covers a part of it.
            let (rows, column) = overlays::who::rows(model, typed);
            let area = overlays::below(rows, look, body, buf);
            return Drawn { cursor: in_last(area, column), ..Drawn::default() };
        }
        return Drawn { cursor: column.and_then(|c| in_last(area, c)), dialog: Some(d.id), ..Drawn::default() };
    }
    let cursor = match &model.nav.overlay {
        Some(Overlay::Explain { scroll }) => {
            overlays::page(&overlays::explain::lines(model, wide), *scroll, look, body, buf);
            None
        }
        Some(Overlay::Help { scroll }) => {
            let lines = overlays::filter::of_help(model, overlays::help::lines(model, wide));
            overlays::page(&lines, *scroll, look, body, buf);
            None
        }
        Some(Overlay::Log(b)) => overlays::log::draw(model, b, look, body, buf),
        Some(Overlay::Lines(l)) => {
            overlays::lines::draw(model, l, look, body, buf);
            None
        }
        Some(Overlay::Raw { target, scroll }) => {
            overlays::page(&overlays::raw::lines(model, target, wide), *scroll, look, body, buf);
            None
        }
        Some(Overlay::Pick(p)) => {
            overlays::below(overlays::pick::rows(model, p, wide, tall), look, body, buf);
            None
        }
        Some(Overlay::Answer { runbook, step, row }) => {
            overlays::below(overlays::answer::rows(model, runbook, *step, *row, wide), look, body, buf);
            None
        }
        Some(Overlay::Note(draft)) => overlays::note::draw(model, draft, look, body, buf),
        Some(Overlay::Palette(field)) => {
            under(model, field, look, body, buf);
            let (rows, column) = overlays::palette::rows(model, field, wide, tall);
            in_last(overlays::below(rows, look, body, buf), column)
        }
        Some(Overlay::SkipReason { step, typed }) => {
            let (rows, column) = overlays::reason::rows(model, *step, typed);
            in_last(overlays::below(rows, look, body, buf), column)
        }
        Some(Overlay::Who { typed, .. }) => {
            let (rows, column) = overlays::who::rows(model, typed);
            in_last(overlays::below(rows, look, body, buf), column)
        }
        None if overlays::menu::is_open(model) => {
            overlays::below(overlays::menu::rows(model, wide, tall.saturating_sub(1)), look, body, buf);
            None
        }
        None => None,
    };
    if model.nav.overlay.is_some() && overlays::menu::is_open(model) {
        // Half a key over a page: what it can go on to.
        overlays::below(overlays::menu::rows(model, wide, tall.saturating_sub(1)), look, body, buf);
    }
    // The filter's line is the row below the body.
    let filter = overlays::filter::cursor(model, wide).map(|c| {
        let x = body.x + u16::try_from(c).unwrap_or(u16::MAX).min(body.width - 1);
        (x, body.bottom().min(buf.area.bottom() - 1))
    });
    Drawn { cursor: filter.or(cursor), ..Drawn::default() }
}

/// What the palette lies over: it comes back when the palette is left.
fn under(model: &Model, field: &Field, look: &Look, body: Rect, buf: &mut Buffer) {
    match field.under.as_deref() {
        Some(Overlay::Log(b)) => {
            overlays::log::draw(model, b, look, body, buf);
            return;
        }
        Some(Overlay::Lines(l)) => return overlays::lines::draw(model, l, look, body, buf),
        Some(_) | None => {}
    }
    let lines = match field.under.as_deref() {
        Some(Overlay::Explain { scroll }) => (overlays::explain::lines(model, usize::from(body.width)), *scroll),
        Some(Overlay::Help { scroll }) => (overlays::help::lines(model, usize::from(body.width)), *scroll),
        Some(Overlay::Raw { target, scroll }) => {
            (overlays::raw::lines(model, target, usize::from(body.width)), *scroll)
        }
        Some(
            Overlay::Log(_)
            | Overlay::Lines(_)
            | Overlay::Pick(_)
            | Overlay::Answer { .. }
            | Overlay::Note(_)
            | Overlay::Palette(_)
            | Overlay::SkipReason { .. }
            | Overlay::Who { .. },
        )
        | None => return,
    };
    overlays::page(&lines.0, lines.1, look, body, buf);
}

/// Words only; `q` and `?` work.
fn too_small(model: &Model, look: &Look, area: Rect, buf: &mut Buffer) {
    if let Some(Overlay::Help { scroll }) = &model.nav.overlay {
        overlays::page(&overlays::help::lines(model, usize::from(area.width)), *scroll, look, area, buf);
        return;
    }
    let mut rows = Rows::new();
    let need = format!("andon needs {}x{}", LEAST.0, LEAST.1);
    let have = format!("this is {}x{}", area.width, area.height);
    let keys = |i| model.keymap.shown(i).unwrap_or_default();
    let keys = format!("{} leaves, {} help", keys(Intent::Quit), keys(Intent::Help));
    for text in [need, have, keys] {
        for part in parts::line::wrap(&text, usize::from(area.width)) {
            rows.keep(Line::new().text(part));
        }
    }
    rows.draw(look, area, buf);
}
