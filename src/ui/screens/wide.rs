//! From 160x40 on: Board, Verdict, Runbook and log side by side, or one of them alone. What is chosen on the Board is
//! what the others show. The pane that has the keys is marked by its heading, reversed and with a `>`.

use super::super::look::Look;
use super::super::parts::line::Line;
use super::super::parts::pictures;
use super::super::parts::rows::{Marks, Rows};
use super::{board, log, runbook, verdict};
use crate::config::theme::Role;
use crate::core::board::selected_target;
use crate::core::cell::Cell;
use crate::core::intent::Intent;
use crate::core::model::Model;
use crate::core::msg::Picked;
use crate::core::nav::Pane;
use crate::ui::overlays::{self, explain};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

/// Where the panes stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Panes {
    pub board: Rect,
    pub verdict: Rect,
    pub runbook: Rect,
    pub log: Rect,
}

/// 60, 55 and 45 columns at 160; what is over goes to the Verdict first, and the Board gets all its columns at 190, courses beside them at 200.
pub fn panes(model: &Model, whole: Rect) -> Panes {
    let left = match whole.width {
        0..190 => 60,
        190..200 => 82,
        _ => 92,
    };
    let right = (whole.width / 4).max(45);
    let middle = whole.width.saturating_sub(left + right);
    // Two blank columns keep them apart: a drawn line costs bytes.
    let pane = |x: u16, width: u16| Rect { x: whole.x + x, width: width.saturating_sub(2), ..whole };
    let column = pane(left + middle, right + 2);
    // The runbook takes what it needs, and the log what is left, a third at least.
    let wanted = runbook_rows(model, usize::from(column.width), usize::from(column.height)).len() + 2;
    let most = column.height - column.height / 3;
    let height = u16::try_from(wanted).unwrap_or(u16::MAX).min(most);
    Panes {
        board: pane(0, left),
        verdict: pane(left, middle),
        runbook: Rect { height, ..column },
        log: Rect { y: column.y + height, height: column.height - height, ..column },
    }
}

/// The cursor is the focused pane's; the mouse chooses a row first, else its pane.
pub fn draw(model: &Model, look: &Look, whole: Rect, buf: &mut Buffer) -> Marks {
    let focus = model.nav.focus();
    if model.nav.zoomed {
        return pane(model, look, focus, crate::ui::reading(whole), buf);
    }
    let at = panes(model, whole);
    let all = [(Pane::Board, at.board), (Pane::Verdict, at.verdict), (Pane::Runbook, at.runbook), (Pane::Log, at.log)];
    let mut marks = Marks::default();
    for (which, area) in all {
        let own = pane(model, look, which, area, buf);
        marks.hits.extend(own.hits);
        if which == focus {
            marks.cursor = own.cursor;
        }
    }
    marks.hits.extend(all.map(|(which, area)| (area, Picked::Pane(which))));
    marks
}

/// Its heading and what stands below. The cursor is on the chosen row, else on the heading.
fn pane(model: &Model, look: &Look, which: Pane, area: Rect, buf: &mut Buffer) -> Marks {
    let head = heading(model, which).draw(look, area, area.y, buf);
    let inner = Rect { y: area.y + 1, height: area.height.saturating_sub(1), ..area };
    let (w, h) = (usize::from(inner.width), usize::from(inner.height));
    let mut marks = match which {
        Pane::Board if model.nav.zoomed => board::rows(model, w, h).draw(look, inner, buf),
        Pane::Board => {
            let mut rows = Rows::new();
            if let Some(line) = board::calm(model).or_else(|| board::fires(model)) {
                rows.flow(0, 1, line, w, 1);
            }
            let list = board::list(model, w, h.saturating_sub(rows.len()));
            rows.extend(list);
            rows.draw(look, inner, buf)
        }
        Pane::Verdict => {
            let lines = verdict_lines(model, w, h);
            let scroll = u16::try_from(model.nav.verdict_row).unwrap_or(u16::MAX);
            overlays::page(&lines, scroll, look, inner, buf);
            Marks::default()
        }
        Pane::Runbook => runbook_rows(model, w, h).draw(look, inner, buf),
        Pane::Log => {
            for (line, y) in log::lines(model, w, h).iter().zip(inner.y..inner.bottom()) {
                line.draw(look, inner, y, buf);
            }
            Marks::default()
        }
    };
    marks.cursor = marks.cursor.or(head);
    marks
}

fn heading(model: &Model, which: Pane) -> Line {
    let focused = model.nav.focus() == which;
    let (word, rest) = match which {
        Pane::Board => {
            let moving = model.rows.iter().filter(|r| r.moving > 0).count();
            ("BOARD", format!("  {} services, {moving} moving", model.rows.len()))
        }
        Pane::Verdict => ("VERDICT", selected_target(model).map(|t| format!("  {}", t.id.at())).unwrap_or_default()),
        Pane::Runbook => ("RUNBOOK", runbook::count(model).map(|c| format!("  {c}")).unwrap_or_default()),
        Pane::Log => ("LOG", format!("  {} records of ours, newest first", model.log.records)),
    };
    let line = Line::new().choice(focused).add(if focused { Role::Focus } else { Role::Title }, word).text(rest);
    if which == Pane::Log && !model.log.late.is_empty() {
        return line.end(Role::Bad, format!("{} not on disk", model.log.late.len()));
    }
    match model.keymap.shown(Intent::Zoom).filter(|_| focused && model.nav.zoomed) {
        Some(key) => line.end(Role::Key, key).end(Role::Text, " side by side"),
        None => line,
    }
}

/// The card, the pictures that have room, then how it was computed.
fn verdict_lines(model: &Model, wide: usize, tall: usize) -> Vec<Line> {
    let mut rows = Rows::new();
    verdict::card(model, wide, tall, &mut rows);
    rows.keep(Line::rule());
    let mut lines = rows.fit(usize::MAX);
    // What stands on the card goes before any picture, and a picture is whole or not there.
    let mut room = tall.saturating_sub(lines.len());
    for which in [Cell::Verdict, Cell::BurnWord] {
        let rows = PICTURE.min(room.saturating_sub(1));
        if rows < LEAST_PICTURE || model.replay.is_some() {
            break;
        }
        let picture = pictures::of(model, which, wide, rows);
        // A picture that nobody tells of takes no room from what is known.
        if picture.len() > 2 {
            room = room.saturating_sub(picture.len() + 1);
            lines.extend(picture);
            lines.push(Line::rule());
        }
    }
    lines.extend(explain::whole(model, wide));
    lines
}

/// Rows of a picture beside the other panes, and the fewest that show anything.
const PICTURE: usize = 10;
const LEAST_PICTURE: usize = 7;

fn runbook_rows(model: &Model, wide: usize, tall: usize) -> Rows {
    let mut rows = runbook::rows(model, wide, tall, false);
    rows.gap();
    rows
}
