//! From 160x40 on: Board, Verdict, Runbook and log side by side. What is chosen on the Board is what the others show.

use super::super::look::Look;
use super::super::parts::line::{Line, Rows};
use super::super::parts::strips;
use super::{board, runbook, verdict};
use crate::config::theme::Role;
use crate::core::model::Model;
use crate::core::msg::Picked;
use crate::core::nav::{Pane, Screen};
use crate::ui::overlays::explain;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

/// Columns and rows from which panes stand side by side.
pub const LEAST: (u16, u16) = (160, 40);

/// Where the mouse would choose what.
pub fn draw(model: &Model, look: &Look, whole: Rect, buf: &mut Buffer) -> Vec<(Rect, Picked)> {
    let left = if whole.width < 190 { 60 } else { 82 };
    let right = (whole.width / 4).max(42);
    let middle = whole.width - left - right;
    let pane = |x: u16, width: u16| Rect { x: whole.x + x, width: width - 2, ..whole };
    let (a, b, c) = (pane(0, left), pane(left, middle), pane(left + middle, right + 2));
    heading(model, "BOARD", Screen::Board, look, a, buf);
    heading(model, "VERDICT", Screen::Verdict, look, b, buf);
    heading(model, "RUNBOOK", Screen::Runbook, look, c, buf);
    let inner = |r: Rect| Rect { y: r.y + 1, height: r.height - 1, ..r };
    let size = |r: Rect| (usize::from(r.width), usize::from(r.height));
    let (w, h) = size(inner(a));
    let mut rows = Rows::new();
    if let Some(line) = board::calm(model) {
        rows.keep(line);
    }
    for (i, line) in board::list(model, w, h - rows.len()).into_iter().enumerate() {
        rows.may(if i == 0 { 0 } else { 1 }, line);
    }
    let mut hits = rows.draw(look, inner(a), buf);
    let (w, h) = size(inner(b));
    let mut rows = Rows::new();
    verdict::card(model, w, h, &mut rows);
    rows.gap();
    rows.may(10, strips::also(model, w));
    // Room is for how it was computed.
    if rows.len() + 3 < h {
        rows.may(60, Line::rule());
        for line in explain::lines(model, w) {
            rows.may(61, line);
        }
    }
    rows.draw(look, inner(b), buf);
    let (w, h) = size(inner(c));
    let half = h / 2;
    let mut rows = runbook::rows(model, w, half, false);
    while rows.len() < half {
        rows.keep(Line::new());
    }
    let top = Rect { height: u16::try_from(half).unwrap_or(1), ..inner(c) };
    hits.extend(rows.draw(look, top, buf));
    let below = Rect { y: top.bottom(), height: inner(c).height - top.height, ..inner(c) };
    let mut rows = Rows::new();
    rows.keep(Line::rule());
    for line in strips::log(model, usize::from(below.height.saturating_sub(1))) {
        rows.keep(line);
    }
    rows.draw(look, below, buf);
    // A row first, else its pane.
    hits.extend(
        [(a, Pane::Board), (b, Pane::Verdict), (top, Pane::Runbook), (below, Pane::Log)]
            .map(|(r, p)| (r, Picked::Pane(p))),
    );
    hits
}

/// The pane whose keys are on is marked by its heading.
fn heading(model: &Model, word: &str, screen: Screen, look: &Look, area: Rect, buf: &mut Buffer) {
    let line = if model.nav.screen == screen {
        Line::new().text(">").add(Role::Focus, word)
    } else {
        Line::new().text(" ").text(word)
    };
    line.draw(look, area, area.y, buf);
}
