//! The model turned into cells. No clock, no I/O, no stored state: the same model and look give the same cells.

// No clock, file, network or hash order here: see clippy.toml.
#![deny(clippy::disallowed_methods, clippy::disallowed_types)]

pub mod frame;
pub mod hints;
pub mod look;
pub mod overlays;
pub mod parts;
pub mod screens;

pub use look::{Colours, Look};

use crate::core::id::DialogId;
use crate::core::intent::Intent;
use crate::core::model::Model;
use crate::core::nav::Screen;
use parts::line::{Line, Rows};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

/// Below this, words only (limits.md section 6).
pub const LEAST: (u16, u16) = (40, 10);

/// What the frame holds that others must know.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Drawn {
    /// Where the terminal's cursor belongs: a text field, else the chosen row.
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
    if area.width < LEAST.0 || area.height < LEAST.1 {
        too_small(model, look, area, buf);
        return Drawn::default();
    }
    frame::draw(model, look, area, buf);
    let body = Rect { y: area.y + frame::TOP, height: area.height - frame::TOP - frame::BOTTOM, ..area };
    screen(model, look, body, buf);
    Drawn::default()
}

fn screen(model: &Model, look: &Look, body: Rect, buf: &mut Buffer) {
    let (wide, tall) = (usize::from(body.width), usize::from(body.height));
    let rows = match model.nav.screen {
        Screen::Verdict => screens::verdict::rows(model, wide, tall),
        Screen::Board => screens::board::rows(model, wide, tall),
        Screen::Waking | Screen::Choose | Screen::Runbook | Screen::Sources => Rows::new(),
    };
    rows.draw(look, body, buf);
}

/// Words only; `q` and `?` work.
fn too_small(model: &Model, look: &Look, area: Rect, buf: &mut Buffer) {
    let mut rows = Rows::new();
    let need = format!("andon needs {}x{}", LEAST.0, LEAST.1);
    let have = format!("this is {}x{}", area.width, area.height);
    let quit = model.keymap.shown(Intent::Quit).unwrap_or_default();
    for text in [need, have, format!("{quit} leaves")] {
        for part in parts::line::wrap(&text, usize::from(area.width)) {
            rows.keep(Line::new().text(part));
        }
    }
    rows.draw(look, area, buf);
}
