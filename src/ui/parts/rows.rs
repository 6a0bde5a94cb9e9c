//! A stack of lines that gives up its least important ones when there is no room, and the part of a long list that is
//! in sight. Which lines matter how much is said beside each screen.

use super::line::Line;
use crate::core::cell::Cell;
use crate::core::msg::Picked;
use crate::ui::look::Look;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

#[derive(Clone, Debug)]
struct Row {
    /// 0 never goes, larger numbers go first.
    drop: u8,
    line: Line,
    /// The next row goes on with this one; this one goes on with the row before.
    goes_on: bool,
    continues: bool,
}

/// Lines from top to bottom, each with how soon it may go: 0 never, larger numbers first.
#[derive(Clone, Debug, Default)]
pub struct Rows {
    rows: Vec<Row>,
}

impl Rows {
    pub fn new() -> Rows {
        Rows::default()
    }

    /// Stays whatever happens.
    pub fn keep(&mut self, line: Line) {
        self.may(0, line);
    }

    pub fn may(&mut self, drop: u8, line: Line) {
        self.rows.push(Row { drop, line, goes_on: false, continues: false });
    }

    /// A line over as many rows as it needs: the first stays, the rest may go, and then a mark says so.
    pub fn flow(&mut self, drop: u8, rest: u8, line: Line, wide: usize, indent: usize) {
        let lines = line.flow(wide, indent);
        let n = lines.len();
        for (i, line) in lines.into_iter().enumerate() {
            let drop = if i == 0 { drop } else { rest };
            self.rows.push(Row { drop, line, goes_on: i + 1 < n, continues: i > 0 });
        }
    }

    /// Whatever in these rows is no figure yet is part of this one.
    pub fn about(mut self, cell: Cell) -> Rows {
        for r in &mut self.rows {
            r.line = std::mem::take(&mut r.line).about(cell);
        }
        self
    }

    /// A blank row, the first to go.
    pub fn gap(&mut self) {
        self.may(u8::MAX, Line::new());
    }

    pub fn len(&self) -> usize {
        self.rows.len()
    }

    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    pub fn extend(&mut self, other: Rows) {
        self.rows.extend(other.rows);
    }

    /// The lines that fit: the least important go first, of equal ones the lowest.
    pub fn fit(mut self, height: usize) -> Vec<Line> {
        while self.rows.len() > height {
            let worst = self.rows.iter().map(|r| r.drop).max().unwrap_or(0);
            let at = if worst == 0 {
                // Only rows that should stay: the top of the screen answers the question.
                self.rows.len() - 1
            } else {
                self.rows.iter().rposition(|r| r.drop == worst).unwrap_or(0)
            };
            self.rows.remove(at);
        }
        let continued: Vec<bool> = self.rows.iter().skip(1).map(|r| r.continues).chain([false]).collect();
        let cut = |(r, next): (Row, bool)| if r.goes_on && !next { r.line.cut_short() } else { r.line };
        self.rows.into_iter().zip(continued).map(cut).collect()
    }

    /// Draws what fits.
    pub fn draw(self, look: &Look, area: Rect, buf: &mut Buffer) -> Marks {
        let mut marks = Marks::default();
        for (line, y) in self.fit(usize::from(area.height)).into_iter().zip(area.y..area.bottom()) {
            marks.cursor = line.draw(look, area, y, buf).or(marks.cursor);
            marks.hits.extend(line.picked.map(|p| (Rect { y, height: 1, ..area }, p)));
        }
        marks
    }
}

/// What lines that were drawn say of their places.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Marks {
    /// Where the terminal's cursor belongs, if one of them is chosen.
    pub cursor: Option<(u16, u16)>,
    /// What the mouse would choose where.
    pub hits: Vec<(Rect, Picked)>,
}

/// The part of a list that is in sight, and how much is not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    pub first: usize,
    pub shown: usize,
    pub below: usize,
}

impl Window {
    /// `room` rows for a list of `len`: the chosen one is in sight, and the top is left only when it must be.
    pub fn of(len: usize, chosen: usize, room: usize) -> Window {
        let shown = room.max(1).min(len);
        let first = (chosen + 1).saturating_sub(shown).min(len - shown);
        Window { first, shown, below: len - first - shown }
    }

    /// `3 above, 12 below`; nothing when all is in sight.
    pub fn words(&self) -> Option<String> {
        let above = (self.first > 0).then(|| format!("{} above", self.first));
        let below = (self.below > 0).then(|| format!("{} below", self.below));
        let both: Vec<String> = above.into_iter().chain(below).collect();
        (!both.is_empty()).then(|| both.join(", "))
    }

    /// As [`Window::of`], one row kept back for the words when not all fit.
    pub fn counted(len: usize, chosen: usize, room: usize) -> Window {
        if len <= room { Window::of(len, chosen, room) } else { Window::of(len, chosen, room.saturating_sub(1)) }
    }
}

/// Blank, so that what is drawn below does not shine through.
pub fn clear(area: Rect, buf: &mut Buffer) {
    let area = area.intersection(buf.area);
    for y in area.top()..area.bottom() {
        for x in area.left()..area.right() {
            buf[(x, y)].reset();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_least_important_rows_go_first() {
        let mut rows = Rows::new();
        rows.keep(Line::new().text("verdict"));
        rows.may(3, Line::new().text("log"));
        rows.may(1, Line::new().text("budget"));
        let texts = |lines: Vec<Line>| lines.iter().map(Line::plain).collect::<Vec<_>>();
        assert_eq!(texts(rows.clone().fit(2)), ["verdict", "budget"]);
        assert_eq!(texts(rows.fit(1)), ["verdict"]);
    }

    #[test]
    fn what_goes_on_in_a_row_that_went_says_so() {
        let mut rows = Rows::new();
        rows.flow(0, 5, Line::new().text("one two three four"), 9, 1);
        rows.may(1, Line::new().text("budget"));
        let texts = |lines: Vec<Line>| lines.iter().map(Line::plain).collect::<Vec<_>>();
        assert_eq!(texts(rows.clone().fit(4)), ["one two", " three", " four", "budget"]);
        assert_eq!(texts(rows.clone().fit(3)), ["one two", " three ..", "budget"]);
        assert_eq!(texts(rows.fit(2)), ["one two ..", "budget"]);
    }

    #[test]
    fn the_chosen_row_is_in_sight_and_what_is_not_is_counted() {
        assert_eq!(Window::of(5, 4, 10), Window { first: 0, shown: 5, below: 0 });
        assert_eq!(Window::of(100, 0, 10), Window { first: 0, shown: 10, below: 90 });
        assert_eq!(Window::of(100, 10, 10), Window { first: 1, shown: 10, below: 89 });
        assert_eq!(Window::of(100, 99, 10).words().as_deref(), Some("90 above"));
        assert_eq!(Window::of(0, 0, 0), Window { first: 0, shown: 0, below: 0 });
        assert_eq!(Window::counted(11, 0, 10).words().as_deref(), Some("2 below"));
        assert_eq!(Window::of(3, 0, 3).words(), None);
    }
}
