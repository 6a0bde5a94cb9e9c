//! A frame's cells as a terminal holds them: which glyph covers which columns, and whose width is beyond doubt.
//!
//! Knows no bytes. Total: what cannot stand in a cell (a control character, half a glyph) becomes `?` or a blank.

use ratatui::buffer::Buffer;
use unicode_width::{UnicodeWidthChar as _, UnicodeWidthStr as _};

use super::pen::Pen;

/// What stands in one column.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Glyph {
    /// One column, in every terminal.
    One(char),
    /// Two columns, in every terminal.
    Two(char),
    /// Terminals may disagree how many columns this takes; we say so many.
    Doubtful(Box<str>, u8),
    /// Covered by the glyph on its left.
    Cover,
}

/// One column of one row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Dot {
    pub glyph: Glyph,
    pub pen: Pen,
}

impl Dot {
    pub const BLANK: Dot = Dot { glyph: Glyph::One(' '), pen: Pen::PLAIN };

    pub fn is_blank(&self) -> bool {
        self.glyph == Glyph::One(' ')
    }

    pub fn is_cover(&self) -> bool {
        self.glyph == Glyph::Cover
    }

    /// Columns that a terminal might touch when it draws this, at most.
    pub fn reach(&self) -> usize {
        match &self.glyph {
            Glyph::One(_) | Glyph::Cover => 1,
            Glyph::Two(_) => 2,
            Glyph::Doubtful(text, width) => text.chars().map(most).sum::<usize>().max(usize::from(*width)),
        }
    }
}

impl Dot {
    /// What of it one column can hold: a letter without its marks, else a blank.
    fn within_one(self) -> Dot {
        let first = match &self.glyph {
            Glyph::One(c) => Some(*c),
            Glyph::Doubtful(text, _) => text.chars().next().filter(|c| c.is_ascii() || surely_one(*c)),
            Glyph::Two(_) | Glyph::Cover => None,
        };
        Dot { glyph: Glyph::One(first.unwrap_or(' ')), pen: self.pen }
    }
}

/// Columns a terminal may give this character within a cluster; a mark that is not combined gets one of its own.
fn most(c: char) -> usize {
    if c.is_ascii() || surely_one(c) || c.width() == Some(0) { 1 } else { 2 }
}

/// All columns of all rows.
#[derive(Clone, Debug)]
pub(super) struct Cells {
    pub width: usize,
    pub height: usize,
    dots: Vec<Dot>,
}

impl Cells {
    pub fn blank(width: usize, height: usize) -> Cells {
        Cells { width, height, dots: vec![Dot::BLANK; width * height] }
    }

    pub fn of(buffer: &Buffer) -> Cells {
        let (width, height) = (usize::from(buffer.area.width), usize::from(buffer.area.height));
        let mut dots = Vec::with_capacity(width * height);
        if width > 0 {
            for row in buffer.content.chunks(width) {
                let mut x = 0;
                while x < width {
                    let pen = Pen::of(&row[x]);
                    let (glyph, columns) = glyph(row[x].symbol());
                    let dot = Dot { glyph, pen };
                    // What might wrap would land in the next row, or scroll the screen.
                    let fits = x + dot.reach() <= width;
                    let dot = if fits { dot } else { dot.within_one() };
                    let blank = dot.is_blank();
                    dots.push(if blank { Dot { pen: pen.blank(), ..dot } } else { dot });
                    let columns = columns.min(width - x);
                    let cover =
                        if fits { Dot { glyph: Glyph::Cover, pen } } else { Dot { pen: pen.blank(), ..Dot::BLANK } };
                    dots.extend(std::iter::repeat_n(cover, columns - 1));
                    x += columns;
                }
            }
        }
        Cells { width, height, dots }
    }

    pub fn row(&self, y: usize) -> &[Dot] {
        &self.dots[y * self.width..(y + 1) * self.width]
    }
}

/// The glyph of a cell's text and its columns, at least 1.
fn glyph(text: &str) -> (Glyph, usize) {
    if let [b @ 0x20..0x7f] = text.as_bytes() {
        return (Glyph::One(char::from(*b)), 1);
    }
    // The gate lets none through; a cell written past it must not steer the terminal.
    if text.chars().any(char::is_control) {
        return (Glyph::One('?'), 1);
    }
    let mut chars = text.chars();
    if let (Some(c), None) = (chars.next(), chars.next()) {
        match c.width() {
            Some(1) if surely_one(c) => return (Glyph::One(c), 1),
            Some(2) if surely_two(c) => return (Glyph::Two(c), 2),
            Some(_) | None => {}
        }
    }
    match text.width() {
        0 => (Glyph::One(' '), 1),
        // A cell holds one grapheme; what is wider than a few columns is none and was cut before.
        w => (Glyph::Doubtful(text.into(), u8::try_from(w).unwrap_or(u8::MAX)), w.min(usize::from(u8::MAX))),
    }
}

/// Letters of Europe, quotes and dashes, arrows, lines and blocks. Not emoji-capable signs, nothing that combines.
fn surely_one(c: char) -> bool {
    matches!(c, '\u{a1}'..='\u{ac}' | '\u{ae}'..='\u{24f}' | '\u{391}'..='\u{3a9}' | '\u{3b1}'..='\u{3c9}')
        || matches!(c, '\u{410}'..='\u{44f}' | '\u{2010}'..='\u{2027}' | '\u{2190}'..='\u{2193}' | '\u{2500}'..='\u{259f}' | '\u{2800}'..='\u{28ff}')
}

/// Kana, ideographs, Hangul syllables, full-width forms: two columns even on the Linux console.
fn surely_two(c: char) -> bool {
    matches!(c, '\u{3001}'..='\u{3003}' | '\u{3041}'..='\u{3096}' | '\u{30a1}'..='\u{30fa}' | '\u{3400}'..='\u{4dbf}')
        || matches!(c, '\u{4e00}'..='\u{9fff}' | '\u{ac00}'..='\u{d7a3}' | '\u{ff01}'..='\u{ff60}')
}

#[cfg(test)]
mod tests {
    use super::*;
    use ratatui::layout::Rect;

    fn glyphs(cells: &[&str]) -> Vec<Glyph> {
        let mut b = Buffer::empty(Rect::new(0, 0, u16::try_from(cells.len()).unwrap(), 1));
        for (cell, text) in b.content.iter_mut().zip(cells) {
            cell.set_symbol(text);
        }
        Cells::of(&b).row(0).iter().map(|d| d.glyph.clone()).collect()
    }

    #[test]
    fn a_wide_glyph_covers_its_neighbour_and_half_of_one_is_blank() {
        use Glyph::{Cover, One, Two};
        assert_eq!(glyphs(&["漢", "x", "y"]), [Two('漢'), Cover, One('y')]);
        assert_eq!(glyphs(&["x", "漢"]), [One('x'), One(' ')]);
        // A terminal that thinks them wider would wrap them into the next row.
        assert_eq!(glyphs(&["x", "\u{26a0}"]), [One('x'), One(' ')]);
        assert_eq!(glyphs(&["x", "e\u{301}"]), [One('x'), One('e')]);
    }

    #[test]
    fn widths_that_terminals_argue_about_are_marked() {
        let doubtful = |s: &str| matches!(glyphs(&[s, " ", " ", " ", " "])[0], Glyph::Doubtful(..));
        for s in ["e\u{301}", "\u{1f680}", "\u{26a0}", "\u{25b6}", "\u{2764}\u{fe0f}", "\u{5d0}", "\u{e01}"] {
            assert!(doubtful(s), "{s:?}");
        }
        for s in ["a", "é", "Ж", "│", "█", "漢", "한"] {
            assert!(!doubtful(s), "{s:?}");
        }
    }

    #[test]
    fn nothing_that_steers_a_terminal_leaves_here() {
        assert_eq!(glyphs(&["\u{1b}", "\u{9b}", "\u{301}", "\u{7f}"]), ['?', '?', ' ', '?'].map(Glyph::One));
    }
}
