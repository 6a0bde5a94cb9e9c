//! What lies over a screen: the act menu, dialogs, explanations, help, text fields.

pub mod act;
pub mod answer;
pub mod explain;
pub mod filter;
pub mod help;
pub mod lines;
pub mod log;
pub mod many;
pub mod menu;
pub mod note;
pub mod palette;
pub mod pick;
pub mod raw;
pub mod reason;
pub mod run;
pub mod sheet;
pub mod small;
pub mod standing;
pub mod who;

use super::look::Look;
use super::parts::line::{Line, Rows, clear};
use super::parts::rows::Marks;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

/// Rows at the lower end of the body, under a rule; what does not fit goes by importance. The rows' own area.
pub fn below(rows: Rows, look: &Look, body: Rect, buf: &mut Buffer) -> Rect {
    below_marked(rows, look, body, buf).0
}

/// The same, with where the cursor belongs.
pub fn below_marked(rows: Rows, look: &Look, body: Rect, buf: &mut Buffer) -> (Rect, Marks) {
    let mut all = Rows::new();
    all.may(200, Line::rule());
    all.extend(rows);
    let height = u16::try_from(all.len()).unwrap_or(u16::MAX).min(body.height);
    let area = Rect { y: body.bottom() - height, height, ..body };
    clear(area, buf);
    let area = super::reading(area);
    let marks = all.draw(look, area, buf);
    (area, marks)
}

/// Rows at the lower end of the body, without a rule.
pub fn foot(rows: Rows, look: &Look, body: Rect, buf: &mut Buffer) {
    let height = u16::try_from(rows.len()).unwrap_or(u16::MAX).min(body.height);
    let area = Rect { y: body.bottom() - height, height, ..body };
    clear(area, buf);
    rows.draw(look, area, buf);
}

/// Lines from a scroll position on, over the whole body, with how many are above and below. The scroll is held in.
pub fn page(lines: &[Line], scroll: u16, look: &Look, body: Rect, buf: &mut Buffer) {
    clear(body, buf);
    let body = super::reading(body);
    let room = usize::from(body.height).max(1);
    if lines.len() <= room {
        for (line, y) in lines.iter().zip(body.y..) {
            line.draw(look, body, y, buf);
        }
        return;
    }
    // The last row counts what is not in sight.
    let shown = room - 1;
    let first = usize::from(scroll).min(lines.len() - shown.max(1).min(lines.len()));
    for (line, y) in lines.iter().skip(first).take(shown).zip(body.y..) {
        line.draw(look, body, y, buf);
    }
    let below = lines.len().saturating_sub(first + shown);
    let words = super::parts::rows::Window { first, shown, below }.words().unwrap_or_default();
    Line::new().text(format!("-- {words} --")).draw(look, body, body.bottom() - 1, buf);
}
