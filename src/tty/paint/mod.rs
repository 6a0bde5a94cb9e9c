//! Frames turned into bytes, against what the terminal shows already. Pure: no terminal, no time, nothing asked.
//!
//! The pen and the cursor's place are remembered from frame to frame, so there are no resets at a frame's end. They
//! are unknown after [`Painter::forget`], which is called whenever somebody else wrote: the terminal was set up or
//! taken back, or a write was cut. The next frame then resets, clears and draws everything. What the shell gets back
//! is the guard's matter, which resets attributes by itself.

mod cells;
mod moves;
mod pen;

use super::output::Frame;
use cells::{Cells, Dot, Glyph};
use moves::Place;
use pen::Pen;

/// From so many bytes on a frame is worth the 16 bytes of a synchronised update and the 12 of hiding a shown cursor.
const LARGE: usize = 200;
/// Up to so many changed rows are tried in both directions.
const FEW_ROWS: usize = 6;
/// From so many changed columns on a row is also tried erased first.
const MANY: usize = 12;

const SYNC: (&[u8], &[u8]) = (b"\x1b[?2026h", b"\x1b[?2026l");
const SHOW: &[u8] = b"\x1b[?25h";
const HIDE: &[u8] = b"\x1b[?25l";
/// Plain pen, home, everything erased.
const CLEAR: &[u8] = b"\x1b[m\x1b[H\x1b[2J";
/// EL, to the end of the row, in the pen's background.
const ERASE: &[u8] = b"\x1b[K";

/// Turns frames into bytes and remembers what the terminal shows.
pub struct Painter {
    /// What was last written; `None`: unknown, the next frame clears.
    shown: Option<Cells>,
    hand: Hand,
    /// Whether the cursor is shown; `None`: unknown.
    visible: Option<bool>,
    sync: bool,
}

/// The terminal's pen and where it stands.
#[derive(Clone, Copy, Debug, Default)]
struct Hand {
    /// `None`: unknown.
    pen: Option<Pen>,
    at: Place,
}

impl Painter {
    /// `sync`: large frames are wrapped in synchronised updates (DEC 2026).
    pub fn new(sync: bool) -> Painter {
        Painter { shown: None, hand: Hand::default(), visible: None, sync }
    }

    /// Nothing is known of the terminal any more: the next frame clears it.
    pub fn forget(&mut self) {
        self.shown = None;
        self.hand = Hand::default();
        self.visible = None;
    }

    /// What brings the terminal from the last frame to this one; empty when they look the same.
    pub fn paint(&mut self, frame: &Frame) -> Vec<u8> {
        let new = Cells::of(&frame.buffer);
        let known = self.shown.take().filter(|old| (old.width, old.height) == (new.width, new.height));
        let mut body = Vec::new();
        let old = known.unwrap_or_else(|| {
            // Another size: where the terminal put the cursor is its own affair.
            self.hand = Hand { pen: Some(Pen::PLAIN), at: Place::at(0, 0) };
            body.extend_from_slice(CLEAR);
            Cells::blank(new.width, new.height)
        });
        self.rows(&old, &new, &mut body);
        let large = body.len() > LARGE;
        let hidden_first = large && self.visible != Some(false);
        if hidden_first {
            self.visible = Some(false);
        }
        let cursor = frame.cursor.map(|(x, y)| (usize::from(x), usize::from(y)));
        match cursor.filter(|(x, y)| *x < new.width && *y < new.height) {
            Some((x, y)) => {
                moves::go(self.hand.at, x, y, new.row(y), self.hand.pen, &mut body);
                self.hand.at = Place::at(x, y);
                if self.visible != Some(true) {
                    body.extend_from_slice(SHOW);
                }
                self.visible = Some(true);
            }
            None => {
                if self.visible != Some(false) {
                    body.extend_from_slice(HIDE);
                }
                self.visible = Some(false);
            }
        }
        self.shown = Some(new);
        let (begin, end) = if large && self.sync { SYNC } else { (&b""[..], &b""[..]) };
        let hide: &[u8] = if hidden_first { HIDE } else { b"" };
        [begin, hide, &body, end].concat()
    }
}

impl Painter {
    /// All rows, from above or, where few change and that is shorter, from below: the pen may be the one it ended with.
    fn rows(&mut self, old: &Cells, new: &Cells, out: &mut Vec<u8>) {
        let moved: Vec<usize> = (0..new.height).filter(|y| old.row(*y) != new.row(*y)).collect();
        let draw = |hand: &mut Hand, ys: &mut dyn Iterator<Item = usize>| {
            let mut bytes = Vec::new();
            for y in ys {
                hand.row(old.row(y), new.row(y), y, &mut bytes);
            }
            bytes
        };
        let mut down = self.hand;
        let mut bytes = draw(&mut down, &mut moved.iter().copied());
        if (2..=FEW_ROWS).contains(&moved.len()) {
            let mut up = self.hand;
            let other = draw(&mut up, &mut moved.iter().rev().copied());
            if other.len() < bytes.len() {
                (down, bytes) = (up, other);
            }
        }
        self.hand = down;
        out.extend_from_slice(&bytes);
    }
}

impl Hand {
    /// Brings one row from `old` to `new`, by whichever of two ways is shorter: cell by cell, or erased from the
    /// first change on and then only what is not blank.
    fn row(&mut self, old: &[Dot], new: &[Dot], y: usize, out: &mut Vec<u8>) {
        let changed = changed(old, new);
        let mut direct = (*self, Vec::new());
        direct.0.cells(&changed, new, y, &mut direct.1);
        let first = changed.iter().position(|c| *c).unwrap_or(0);
        let many = changed.iter().filter(|c| **c).count() >= MANY;
        // Erasing from within a glyph would take its other half along.
        if many && !old[first].is_cover() && !new[first].is_cover() {
            let mut erased = (*self, Vec::new());
            erased.0.step(first, y, new, Pen::PLAIN, true, &mut erased.1);
            erased.1.extend_from_slice(ERASE);
            let left: Vec<bool> = new.iter().enumerate().map(|(x, d)| x >= first && *d != Dot::BLANK).collect();
            erased.0.cells(&left, new, y, &mut erased.1);
            if erased.1.len() < direct.1.len() {
                direct = erased;
            }
        }
        *self = direct.0;
        out.extend_from_slice(&direct.1);
    }

    /// Draws the cells that are marked; a blank end of the row is erased where that is shorter.
    fn cells(&mut self, marked: &[bool], new: &[Dot], y: usize, out: &mut Vec<u8>) {
        let Some(last) = marked.iter().rposition(|m| *m) else { return };
        let tail = new.iter().rposition(|d| *d != Dot::BLANK).map_or(0, |x| x + 1);
        for x in 0..=last {
            if !marked[x] || new[x].is_cover() {
                continue;
            }
            if x >= tail && (last - x >= ERASE.len() || last + 1 == new.len()) {
                self.step(x, y, new, Pen::PLAIN, true, out);
                out.extend_from_slice(ERASE);
                return;
            }
            self.step(x, y, new, new[x].pen, new[x].is_blank(), out);
            self.print(x, y, new, out);
        }
    }

    /// Goes to a cell with the pen that draws it. Cells on the way may be printed again, with the pen before or after.
    fn step(&mut self, x: usize, y: usize, row: &[Dot], pen: Pen, blank: bool, out: &mut Vec<u8>) {
        let mut turned = Vec::new();
        let after = pen::turn(self.pen, pen, blank, &mut turned);
        let (mut with_old, mut with_new) = (Vec::new(), Vec::new());
        moves::go(self.at, x, y, row, self.pen, &mut with_old);
        moves::go(self.at, x, y, row, Some(after), &mut with_new);
        if with_new.len() < with_old.len() {
            out.extend_from_slice(&turned);
            out.extend_from_slice(&with_new);
        } else {
            out.extend_from_slice(&with_old);
            out.extend_from_slice(&turned);
        }
        *self = Hand { pen: Some(after), at: Place::at(x, y) };
    }

    /// Prints the cell it stands on. After one in the last column, or of doubtful width, the place is not known.
    fn print(&mut self, x: usize, y: usize, row: &[Dot], out: &mut Vec<u8>) {
        let mut put = |c: char| out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
        let end = match &row[x].glyph {
            Glyph::Cover => return,
            Glyph::One(c) => {
                put(*c);
                x + 1
            }
            Glyph::Two(c) => {
                put(*c);
                x + 2
            }
            Glyph::Doubtful(text, width) => {
                let end = x + usize::from(*width);
                // Should the terminal think it narrower, no old half must be left beside it.
                if *width > 1 {
                    (x..end).for_each(|_| put(' '));
                    self.at = if end < row.len() { Place::at(end, y) } else { Place::default() };
                    moves::go(self.at, x, y, row, None, out);
                }
                out.extend_from_slice(text.as_bytes());
                let same_row = x + row[x].reach() < row.len();
                self.at = Place { row: same_row.then_some(y), col: None };
                return;
            }
        };
        self.at = if end < row.len() { Place::at(end, y) } else { Place::default() };
    }
}

/// Which columns must be drawn: those that differ, and those a glyph of doubtful width may have touched.
fn changed(old: &[Dot], new: &[Dot]) -> Vec<bool> {
    let mut marked: Vec<bool> = old.iter().zip(new).map(|(a, b)| a != b).collect();
    // To the right only, so what a marked neighbour may touch in turn is seen as well.
    for x in 0..new.len() {
        if !marked[x] {
            continue;
        }
        for dot in [&old[x], &new[x]] {
            if let Glyph::Doubtful(..) = dot.glyph {
                for m in marked.iter_mut().take(x + dot.reach()).skip(x + 1) {
                    *m = true;
                }
            }
        }
        // Half a glyph cannot be drawn. Its left neighbours are marked too; they were looked at as they are.
        let mut lead = x;
        while new[lead].is_cover() && lead > 0 {
            lead -= 1;
            marked[lead] = true;
        }
    }
    marked
}

#[cfg(test)]
mod tests {
    use super::*;
    use ratatui::buffer::Buffer;
    use ratatui::style::{Color, Modifier, Style};

    fn frame(lines: &[&str]) -> Frame {
        Frame { buffer: Buffer::with_lines(lines.iter().copied()), cursor: None, tag: None }
    }

    fn text(bytes: Vec<u8>) -> String {
        String::from_utf8(bytes).unwrap()
    }

    #[test]
    fn an_unchanged_screen_costs_nothing_and_a_changed_cell_little() {
        let mut p = Painter::new(false);
        assert!(!p.paint(&frame(&["one two"])).is_empty());
        assert_eq!(p.paint(&frame(&["one two"])), b"");
        assert_eq!(text(p.paint(&frame(&["one tWo"]))), "\x1b[;6HW");
        // The clock's last digit: back, and the digit.
        assert_eq!(text(p.paint(&frame(&["one tVo"]))), "\x08V");
    }

    #[test]
    fn a_new_size_and_a_repaint_clear_without_asking() {
        let mut p = Painter::new(true);
        p.paint(&frame(&["ab"]));
        assert_eq!(text(p.paint(&frame(&["abc"]))), "\x1b[m\x1b[H\x1b[2Jabc");
        p.forget();
        assert_eq!(text(p.paint(&frame(&["abc"]))), "\x1b[m\x1b[H\x1b[2Jabc\x1b[?25l");
    }

    #[test]
    fn the_pen_is_remembered_and_never_put_away() {
        let mut p = Painter::new(false);
        let red = |s: &str| {
            let mut f = frame(&[s]);
            f.buffer.set_style(f.buffer.area, Style::new().fg(Color::Red).add_modifier(Modifier::BOLD));
            f
        };
        assert_eq!(text(p.paint(&red("abc "))), "\x1b[m\x1b[H\x1b[2J\x1b[1;31mabc\x1b[?25l");
        assert_eq!(text(p.paint(&red("abd "))), "\x08d");
    }

    #[test]
    fn a_blank_end_is_erased_and_a_last_column_never_relied_on() {
        let mut p = Painter::new(false);
        p.paint(&frame(&["0123456789", "x         "]));
        assert_eq!(text(p.paint(&frame(&["01        ", "x         "]))), "\x1b[A1\x1b[K");
        assert_eq!(text(p.paint(&frame(&["01       9", "y         "]))), "\x1b[7C9\x1b[2Hy");
    }

    #[test]
    fn erasing_with_a_coloured_ground_is_not_done() {
        let mut p = Painter::new(false);
        let mut f = frame(&["0123456789"]);
        p.paint(&f);
        f = frame(&["          "]);
        f.buffer.set_style(f.buffer.area, Style::new().bg(Color::Blue));
        assert!(!text(p.paint(&f)).contains("\x1b[K"));
        // Back to default: erased only after the ground was given up.
        assert!(text(p.paint(&frame(&["          "]))).ends_with("\x1b[m\x1b[K"));
    }

    #[test]
    fn a_shown_cursor_is_cheap_and_hidden_only_for_large_frames() {
        let at = |f: Frame, x| Frame { cursor: Some((x, 0)), ..f };
        let mut p = Painter::new(false);
        p.paint(&at(frame(&["abc", "def"]), 1));
        assert_eq!(text(p.paint(&at(frame(&["abc", "def"]), 2))), "b");
        assert_eq!(text(p.paint(&at(frame(&["abc", "dxf"]), 2))), "\r\ndx\x1b[A");
        assert_eq!(text(p.paint(&frame(&["abc", "dxf"]))), "\x1b[?25l");
        let mut p = Painter::new(true);
        let (long, other) = ("x".repeat(300), "y".repeat(300));
        p.paint(&at(frame(&[&long]), 1));
        let bytes = text(p.paint(&at(frame(&[&other]), 1)));
        assert!(bytes.starts_with("\x1b[?2026h\x1b[?25l") && bytes.ends_with("\x1b[?25h\x1b[?2026l"), "{bytes:?}");
    }

    #[test]
    fn after_a_doubtful_width_the_place_is_said_anew() {
        let mut p = Painter::new(false);
        p.paint(&frame(&["                    "]));
        let bytes = text(p.paint(&frame(&["ab\u{1f680}cd e\u{301}fg          "])));
        assert!(bytes.contains("\u{1f680}\x1b[5Gcd e\u{301}\x1b[9Gfg"), "{bytes:?}");
    }
}
