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

pub use look::{Colours, Look};

use crate::core::act::dialog::DialogKind;
use crate::core::id::DialogId;
use crate::core::intent::Intent;
use crate::core::model::Model;
use crate::core::nav::{Field, Overlay, Screen};
use parts::line::{Line, Rows};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

/// Below this, words only (limits.md section 6).
pub const LEAST: (u16, u16) = (40, 10);

/// What the frame holds that others must know.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Drawn {
    /// Where the terminal's cursor belongs: in a text field. `None`: nobody types.
    pub cursor: Option<(u16, u16)>,
    /// The dialog that was really drawn. Once these cells are written, its confirm delay begins.
    pub dialog: Option<DialogId>,
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
    screen(model, look, body, buf);
    over(model, look, body, buf)
}

fn screen(model: &Model, look: &Look, body: Rect, buf: &mut Buffer) {
    let (wide, tall) = (usize::from(body.width), usize::from(body.height));
    let side_by_side = buf.area.width >= screens::wide::LEAST.0
        && body.height + frame::TOP + frame::BOTTOM >= screens::wide::LEAST.1
        && matches!(model.nav.screen, Screen::Verdict | Screen::Board | Screen::Runbook)
        && !model.rows.is_empty();
    if side_by_side {
        screens::wide::draw(model, look, body, buf);
        return;
    }
    let rows = match model.nav.screen {
        Screen::Waking => screens::waking::rows(model),
        Screen::Choose => screens::waking::choose(model),
        Screen::Verdict => screens::verdict::rows(model, wide, tall),
        Screen::Board => screens::board::rows(model, wide, tall),
        Screen::Runbook => screens::runbook::rows(model, wide, tall, true),
        Screen::Sources => screens::sources::rows(model, wide),
    };
    rows.draw(look, body, buf);
}

/// What lies over the screen; at most one thing, a dialog first.
fn over(model: &Model, look: &Look, body: Rect, buf: &mut Buffer) -> Drawn {
    let (wide, tall) = (usize::from(body.width), usize::from(body.height));
    let in_last = |area: Rect, column: usize| {
        let x = area.x + u16::try_from(column).unwrap_or(u16::MAX).min(area.width - 1);
        Some((x, area.bottom() - 1))
    };
    if let Some(d) = &model.dialog {
        let (rows, column) = match &d.kind {
            DialogKind::Act(act) => overlays::act::rows(model, d, act, wide, tall),
            DialogKind::Arm | DialogKind::Disarm | DialogKind::Acknowledge(_) => {
                (overlays::small::rows(model, d, wide), None)
            }
        };
        let area = overlays::below(rows, look, body, buf);
        return Drawn { cursor: column.and_then(|c| in_last(area, c)), dialog: Some(d.id) };
    }
    let cursor = match &model.nav.overlay {
        Some(Overlay::Explain { scroll }) => {
            overlays::page(&overlays::explain::lines(model, wide), *scroll, look, body, buf);
            None
        }
        Some(Overlay::Help { scroll }) => {
            let lines = overlays::filter::of_help(model, overlays::help::lines(model));
            overlays::page(&lines, *scroll, look, body, buf);
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
        None if overlays::menu::is_open(model) => {
            overlays::below(overlays::menu::rows(model, wide), look, body, buf);
            None
        }
        None => None,
    };
    // The filter's line is the row below the body.
    let filter = overlays::filter::cursor(model, wide).map(|c| {
        let x = body.x + u16::try_from(c).unwrap_or(u16::MAX).min(body.width - 1);
        (x, body.bottom().min(buf.area.bottom() - 1))
    });
    Drawn { cursor: filter.or(cursor), dialog: None }
}

/// What the palette lies over: it comes back when the palette is left.
fn under(model: &Model, field: &Field, look: &Look, body: Rect, buf: &mut Buffer) {
    let lines = match field.under.as_deref() {
        Some(Overlay::Explain { scroll }) => (overlays::explain::lines(model, usize::from(body.width)), *scroll),
        Some(Overlay::Help { scroll }) => (overlays::help::lines(model), *scroll),
        Some(Overlay::Note(_) | Overlay::Palette(_) | Overlay::SkipReason { .. }) | None => return,
    };
    overlays::page(&lines.0, lines.1, look, body, buf);
}

/// Words only; `q` and `?` work.
fn too_small(model: &Model, look: &Look, area: Rect, buf: &mut Buffer) {
    if let Some(Overlay::Help { scroll }) = &model.nav.overlay {
        overlays::page(&overlays::help::lines(model), *scroll, look, area, buf);
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
