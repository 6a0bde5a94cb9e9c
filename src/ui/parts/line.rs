//! One line of cells.
//!
//! Every text passes the gate here, own words included: pieces are [`Shown`], and this is the only file of `ui` that
//! writes cells (`tests/it/gate.rs` holds that). A text that is not shown as it came carries a mark in front. A text
//! that is too wide for its column ends in `..` and never moves its neighbours.

use crate::config::theme::Role;
use crate::core::cell::Cell;
use crate::core::msg::Picked;
use crate::core::shown::{LINE_MAX, Shown, shown_line};
use crate::ui::look::{Glyphs, Look};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::text::{self, shown};

/// A part of what has passed the gate.
fn again(part: &str) -> Shown {
    shown_line(part, LINE_MAX)
}

pub use super::rows::{Rows, clear};
pub use super::text::{cells, cut, cut_middle, cut_versions, gate, width, wrap};

/// A text in one role.
#[derive(Clone, Debug, PartialEq)]
struct Piece {
    text: Shown,
    role: Role,
    /// The figure it shows, so that it can be explained.
    cell: Option<Cell>,
    /// The same with finer characters, for terminals that have them; as wide as `text`.
    finer: Option<Box<Finer>>,
}

#[derive(Clone, Debug, PartialEq)]
struct Finer {
    blocks: Shown,
    braille: Shown,
}

impl Piece {
    fn plain(text: Shown, role: Role) -> Piece {
        Piece { text, role, cell: None, finer: None }
    }

    /// Another text in its place: a part of it.
    fn with(&self, text: Shown) -> Piece {
        Piece { text, role: self.role, cell: self.cell, finer: None }
    }

    fn in_glyphs(&self, glyphs: Glyphs) -> &Shown {
        match (glyphs, &self.finer) {
            (Glyphs::Blocks, Some(f)) => &f.blocks,
            (Glyphs::Braille, Some(f)) => &f.braille,
            (Glyphs::Ascii, _) | (_, None) => &self.text,
        }
    }
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct Line {
    pieces: Vec<Piece>,
    /// Flush right; what stands left of it is cut for it.
    tail: Vec<Piece>,
    rule: bool,
    /// What the mouse chooses here.
    pub(in crate::ui) picked: Option<Picked>,
    /// The column at which the terminal's cursor belongs.
    here: Option<usize>,
}

impl Line {
    pub fn new() -> Line {
        Line::default()
    }

    pub fn of(role: Role, text: impl AsRef<str>) -> Line {
        Line::new().add(role, text)
    }

    /// A rule over the whole width.
    pub fn rule() -> Line {
        Line { rule: true, ..Line::default() }
    }

    pub fn add(mut self, role: Role, text: impl AsRef<str>) -> Line {
        let text = shown(text.as_ref());
        if !text.as_str().is_empty() {
            self.pieces.push(Piece::plain(text, role));
        }
        self
    }

    /// A figure, which can be explained. The chosen one stands out.
    pub fn figure(self, cell: Cell, role: Role, text: impl AsRef<str>) -> Line {
        let before = self.pieces.len();
        let mut line = self.add(role, text);
        line.pieces.iter_mut().skip(before).for_each(|p| p.cell = Some(cell));
        line
    }

    /// Whatever of it is no figure yet is part of this one.
    pub fn about(mut self, cell: Cell) -> Line {
        for p in self.pieces.iter_mut().chain(&mut self.tail).filter(|p| p.cell.is_none()) {
            p.cell = Some(cell);
        }
        self
    }

    /// The same drawn in three ways, each as wide: what the terminal has is taken.
    pub fn drawn(mut self, role: Role, ascii: &str, blocks: &str, braille: &str) -> Line {
        if !ascii.is_empty() {
            let finer = Finer { blocks: shown(blocks), braille: shown(braille) };
            self.pieces.push(Piece { finer: Some(Box::new(finer)), ..Piece::plain(shown(ascii), role) });
        }
        self
    }

    /// The chosen figure stands out and carries the cursor: its first piece in this line.
    pub fn chosen(mut self, cell: Option<Cell>) -> Line {
        let Some(cell) = cell else { return self };
        // A sign in front of it says so without colour: it takes the place of a blank.
        let at = self.pieces.iter().position(|p| p.cell == Some(cell));
        if let Some(at) = at {
            let own = self.pieces[at].text.as_str().to_owned();
            let before = at.checked_sub(1).map(|b| self.pieces[b].text.as_str().to_owned()).unwrap_or_default();
            if let Some(head) = before.strip_suffix(' ') {
                self.pieces[at - 1].text = shown(&format!("{head}>"));
            } else if let Some(rest) = own.strip_prefix(' ') {
                self.pieces[at].text = shown(&format!(">{rest}"));
            }
        }
        let mut x = 0;
        for p in &mut self.pieces {
            if p.cell == Some(cell) {
                // A badge keeps its colours: the sign in front says it.
                if matches!(p.role, Role::Text | Role::Muted | Role::Moving | Role::Fine) {
                    p.role = Role::Selected;
                }
                self.here = self.here.or(Some(x));
            }
            x += width(p.text.as_str());
        }
        for p in self.tail.iter_mut().filter(|p| p.cell == Some(cell)) {
            p.role = Role::Selected;
        }
        self
    }

    /// What each piece says and which figure it is.
    pub fn cells(&self) -> impl Iterator<Item = (&str, Option<Cell>)> {
        self.pieces.iter().chain(&self.tail).map(|p| (p.text.as_str(), p.cell))
    }

    /// A sign right behind what was added last, so that no line begins with it.
    pub fn then(mut self, sign: &str) -> Line {
        match self.pieces.last_mut() {
            Some(p) if p.role == Role::Text => {
                p.text.push(&shown(sign));
                self.text(" ")
            }
            Some(_) | None => self.text(format!("{sign} ")),
        }
    }

    /// A click on this line chooses that.
    pub fn pick(mut self, what: Picked) -> Line {
        self.picked = Some(what);
        self
    }

    pub fn text(self, text: impl AsRef<str>) -> Line {
        self.add(Role::Text, text)
    }

    /// Flush right, one after the other.
    pub fn end(mut self, role: Role, text: impl AsRef<str>) -> Line {
        let text = shown(text.as_ref());
        if !text.as_str().is_empty() {
            self.tail.push(Piece::plain(text, role));
        }
        self
    }

    /// A figure flush right.
    pub fn end_figure(self, cell: Cell, role: Role, text: impl AsRef<str>) -> Line {
        let before = self.tail.len();
        let mut line = self.end(role, text);
        line.tail.iter_mut().skip(before).for_each(|p| p.cell = Some(cell));
        line
    }

    /// The terminal's cursor belongs here, behind what was added so far: the focused row, for those who read by ear.
    pub fn here(mut self) -> Line {
        self.here = Some(self.width());
        self
    }

    /// `>` and the cursor on the chosen row of a list, a blank on the others.
    pub fn choice(self, chosen: bool) -> Line {
        if chosen { self.here().text(">") } else { self.text(" ") }
    }

    pub fn append(mut self, other: Line) -> Line {
        self.here = self.here.or(other.here.map(|h| h + self.width()));
        self.pieces.extend(other.pieces);
        self.tail.extend(other.tail);
        self
    }

    pub fn width(&self) -> usize {
        columns(&self.pieces)
    }

    pub fn is_empty(&self) -> bool {
        self.pieces.is_empty() && self.tail.is_empty() && !self.rule
    }

    /// Its text without roles, what is flush right behind the rest. It has passed the gate.
    pub fn plain(&self) -> String {
        let texts = |all: &[Piece]| all.iter().map(|p| p.text.as_str()).collect::<String>();
        let (head, tail) = (texts(&self.pieces), texts(&self.tail));
        let gap = if head.is_empty() || tail.is_empty() { "" } else { "   " };
        format!("{}{gap}{tail}", head.trim_end()).trim_end().to_owned()
    }

    /// Its text without what is flush right: ages stand there, and whatever else moves by time alone.
    pub fn head(&self) -> String {
        self.pieces.iter().map(|p| p.text.as_str()).collect::<String>().trim_end().to_owned()
    }

    /// A cell of `max` columns, its text on the left. The last column stays blank.
    pub fn left(self, role: Role, text: impl AsRef<str>, max: usize) -> Line {
        let text = gate(text.as_ref());
        let text = cut(&text, max.saturating_sub(1)).into_owned();
        let pad = max.saturating_sub(width(&text));
        self.add(role, text).text(" ".repeat(pad))
    }

    /// A cell of `max` columns for a name: both of its ends are kept, because names of one family differ there.
    pub fn name(self, role: Role, text: impl AsRef<str>, max: usize) -> Line {
        let text = gate(text.as_ref());
        let text = cut_middle(&text, max.saturating_sub(1)).into_owned();
        self.left(role, text, max)
    }

    /// A cell of `max` columns, its text on the right. The first column stays blank.
    pub fn right(self, role: Role, text: impl AsRef<str>, max: usize) -> Line {
        let text = gate(text.as_ref());
        let text = cut(&text, max.saturating_sub(1)).into_owned();
        let pad = max.saturating_sub(width(&text));
        self.text(" ".repeat(pad)).add(role, text)
    }

    /// A cell of `max` columns with a word on the left and a figure on the right, which share what room there is. The
    /// figure is never cut for the word.
    pub fn both(self, role: Role, word: impl AsRef<str>, figure: impl AsRef<str>, max: usize) -> Line {
        let figure = gate(figure.as_ref());
        let figure = cut(&figure, max);
        let word = gate(word.as_ref());
        let word = cut(&word, max.saturating_sub(width(&figure) + 1)).into_owned();
        let pad = max.saturating_sub(width(&word) + width(&figure));
        self.add(role, word).text(" ".repeat(pad)).text(figure)
    }

    /// The same of two figures.
    pub fn both_figures(self, word: (Cell, Role, &str), figure: (Cell, &str), max: usize) -> Line {
        let n = self.pieces.len();
        let mut line = self.both(word.1, word.2, figure.1, max);
        let last = line.pieces.len().saturating_sub(1);
        for (i, p) in line.pieces.iter_mut().enumerate().skip(n) {
            let blank = p.text.as_str().trim().is_empty();
            p.cell = match i {
                _ if blank => None,
                i if i == n => Some(word.0),
                i if i == last => Some(figure.0),
                _ => None,
            };
        }
        line
    }

    /// Goes on at this column; what is past it was cut.
    pub fn to(mut self, column: usize) -> Line {
        let w = self.width();
        if w >= column {
            self.pieces = fitted(&self.pieces, column.saturating_sub(1));
        }
        let pad = column.saturating_sub(self.width());
        self.text(" ".repeat(pad))
    }

    /// Over as many lines as it needs; the following ones begin at `indent`. Badges are not broken, and of words only
    /// those that are wider than a line.
    pub fn flow(self, wide: usize, indent: usize) -> Vec<Line> {
        let tail_width = columns(&self.tail);
        let first = wide.saturating_sub(if tail_width > 0 { tail_width + 1 } else { 0 });
        if self.rule || self.width() <= first {
            return vec![self];
        }
        let indent = indent.min(wide / 2);
        let mut out = vec![Line { tail: self.tail, here: self.here, ..Line::default() }];
        let mut used = 0;
        for piece in self.pieces {
            let whole = piece.role != Role::Text;
            let parts: Vec<Shown> = if whole { vec![piece.text.clone()] } else { piece.text.words().collect() };
            for part in parts {
                let mut part = part.as_str();
                loop {
                    let room = if out.len() == 1 { first } else { wide };
                    let w = width(part.trim_end());
                    let last = out.len() - 1;
                    let (fits, begun) = (used + w <= room, used > indent);
                    // What would not fit on a line of its own either is broken here.
                    let broken = if fits || begun { part } else { text::head(part, room.saturating_sub(used)).0 };
                    if fits || (!begun && !broken.is_empty()) {
                        used += width(broken);
                        match out[last].pieces.last_mut() {
                            Some(p) if p.role == piece.role && p.cell == piece.cell => p.text.push(&again(broken)),
                            _ => out[last].pieces.push(piece.with(again(broken))),
                        }
                        part = &part[broken.len()..];
                        if part.trim_end().is_empty() {
                            break;
                        }
                    } else if !begun && used <= indent && out.len() > 1 {
                        // Not even one character fits: a cut says so.
                        out[last].pieces.push(piece.with(again(part)));
                        break;
                    }
                    out.push(Line::new().text(" ".repeat(indent)));
                    used = indent;
                }
            }
        }
        out
    }

    /// Something followed that has no room.
    pub fn cut_short(mut self) -> Line {
        if let Some(p) = self.pieces.last_mut() {
            p.text = p.text.head(p.text.as_str().trim_end().len());
        }
        self.text(" ..")
    }

    /// Draws at most `area.width` columns in row `y`; nothing outside the buffer. Says where the cursor belongs, if it
    /// belongs to this line.
    pub fn draw(&self, look: &Look, area: Rect, y: u16, buf: &mut Buffer) -> Option<(u16, u16)> {
        let area = area.intersection(buf.area);
        if y < area.y || y >= area.bottom() || area.width == 0 {
            return None;
        }
        let room = usize::from(area.width);
        if self.rule {
            put(look, Role::Muted, &shown(&"-".repeat(room)), area, 0, y, buf);
            return None;
        }
        let tail = fitted(&self.tail, room);
        let tail_width = columns(&tail);
        let head_room = if tail.is_empty() { room } else { room.saturating_sub(tail_width + 1) };
        let head = fitted(&self.pieces, head_room);
        // One badge that shouts is read; two are wallpaper. The words of the others say the same.
        let (mut shouted, mut before) = (false, Role::Text);
        for (pieces, start) in [(&head, 0), (&tail, room - tail_width)] {
            let mut x = start;
            for p in pieces {
                let quiet = p.role == Role::Bad && shouted && before != Role::Bad;
                shouted |= p.role == Role::Bad;
                before = if quiet { Role::Moving } else { p.role };
                put(look, before, p.in_glyphs(look.glyphs), area, x, y, buf);
                x += width(p.text.as_str());
            }
        }
        let column = u16::try_from(self.here?).unwrap_or(u16::MAX).min(area.width - 1);
        Some((area.x + column, y))
    }
}

fn columns(pieces: &[Piece]) -> usize {
    pieces.iter().map(|p| width(p.text.as_str())).sum()
}

/// As many pieces as have room, the last one cut.
fn fitted(pieces: &[Piece], max: usize) -> Vec<Piece> {
    if columns(pieces) <= max {
        return pieces.to_vec();
    }
    let mut out: Vec<Piece> = Vec::new();
    let mut left = max;
    for (i, p) in pieces.iter().enumerate() {
        let w = width(p.text.as_str());
        // Something follows that will not fit: the mark of the cut goes here.
        let more_after = pieces[i + 1..].iter().any(|p| !p.text.as_str().trim().is_empty());
        if w <= left && (!more_after || w + 2 <= left) {
            out.push(p.clone());
            left -= w;
            continue;
        }
        let padded = format!("{}{}", p.text.as_str().trim_end(), if more_after { "   " } else { "" });
        let kept = shown_line(&cut(&padded, left), LINE_MAX);
        if !kept.as_str().is_empty() {
            out.push(p.with(kept));
        }
        break;
    }
    out
}

/// The only way into the buffer. Every character takes as many cells as [`cells`] says: a wide one two, the second left empty; one that rides on
/// another takes none. A wide one that would be cut in half is left out.
fn put(look: &Look, role: Role, text: &Shown, area: Rect, from: usize, y: u16, buf: &mut Buffer) {
    let style = look.style(role);
    let at = |x: usize| (area.x + u16::try_from(x).unwrap_or(u16::MAX), y);
    let room = usize::from(area.width);
    let mut x = from;
    let mut last = None;
    for c in text.as_str().chars() {
        // Without UTF-8 the width stays, so that columns do.
        let (c, w) = if look.utf8 || c.is_ascii() { (c, cells(c)) } else { ('?', cells(c)) };
        if w == 0 {
            if let Some(x) = last.filter(|_| c != '?') {
                let cell = &mut buf[at(x)];
                let symbol = format!("{}{c}", cell.symbol());
                cell.set_symbol(&symbol);
            }
            continue;
        }
        if x + w > room {
            return;
        }
        buf[at(x)].set_char(c).set_style(style);
        if w == 2 {
            let second = if c == '?' { "?" } else { " " };
            buf[at(x + 1)].set_symbol(second).set_style(style);
        }
        last = Some(x);
        x += w;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn drawn(line: &Line, w: u16) -> String {
        let area = Rect::new(0, 0, w, 1);
        let mut buf = Buffer::empty(area);
        line.draw(&Look::shipped(), area, 0, &mut buf);
        buf.content.iter().map(|c| c.symbol()).collect()
    }

    #[test]
    fn a_wide_text_never_moves_its_neighbours() {
        let line = |v: &str| Line::new().left(Role::Text, v, 8).right(Role::Text, "9s", 4);
        assert_eq!(drawn(&line("v1"), 12), "v1        9s");
        assert_eq!(drawn(&line("v2.14.1-rc.7+build"), 12), "v2.14..   9s");
        // Two columns a character; the half that does not fit is left blank.
        assert!(drawn(&line("\u{4f60}\u{597d}\u{4f60}\u{597d}"), 12).ends_with("  9s"));
    }

    #[test]
    fn the_tail_stays_and_the_head_is_cut() {
        let line = Line::of(Role::Title, "CHECKOUT IS FAILING").end(Role::Text, "5m00");
        assert_eq!(drawn(&line, 30), "CHECKOUT IS FAILING       5m00");
        assert_eq!(drawn(&line, 16), "CHECKOUT .. 5m00");
    }

    #[test]
    fn nothing_foreign_reaches_the_cells_unescaped() {
        let line = Line::new().text("a\u{1b}[31mb\u{202e}c\nd");
        let s = drawn(&line, 60);
        assert!(!s.contains('\u{1b}') && !s.contains('\u{202e}'), "{s}");
        assert!(s.starts_with("(^)a^[[31mb<U+202E>c / d "), "{s}");
        // The mark is what is left when the column has no room for the rest.
        assert_eq!(drawn(&Line::new().left(Role::Text, "\u{202e}tuokcehc", 8).text("|"), 9), "(^)<U.. |");
        assert_eq!(drawn(&Line::new().end(Role::Text, "a\u{7}"), 8), "  (^)a^G");
    }

    #[test]
    fn a_line_flows_and_only_what_is_wider_than_a_line_is_broken() {
        let flowed = |line: Line, wide| line.flow(wide, 3).iter().map(Line::plain).collect::<Vec<_>>();
        let line = Line::new().text(" a  one two three");
        assert_eq!(flowed(line, 11), [" a  one two", "   three"]);
        let line = Line::new().text(" q ").text("sum(rate(x[5m]))");
        assert_eq!(flowed(line, 10), [" q sum(rat", "   e(x[5m]", "   ))"]);
        let line = Line::new().text("it is ").add(Role::Bad, "NOT KNOWN").text(" yet");
        assert_eq!(flowed(line, 12), ["it is", "   NOT KNOWN", "   yet"]);
    }

    #[test]
    fn one_badge_on_a_line_shouts() {
        let line = Line::of(Role::Bad, "WORSE").text(" and ").add(Role::Bad, "STUCK");
        let area = Rect::new(0, 0, 20, 1);
        let mut buf = Buffer::empty(area);
        let look = Look::shipped();
        line.draw(&look, area, 0, &mut buf);
        assert_eq!(buf[(0, 0)].bg, look.style(Role::Bad).bg.unwrap_or_default());
        assert_eq!(buf[(10, 0)].bg, look.style(Role::Moving).bg.unwrap_or_default());
    }

    #[test]
    fn a_word_and_a_figure_share_their_room() {
        let cell = |word: &str, figure: &str| drawn(&Line::new().both(Role::Text, word, figure, 14), 14);
        assert_eq!(cell("SAME", "+0.0"), "SAME      +0.0");
        assert_eq!(cell("rolling back", "+0.0"), "rolling.. +0.0");
        assert_eq!(cell("UNSURE", "123,456 more"), " 123,456 more".replacen(' ', ". ", 1));
    }

    #[test]
    fn wide_characters_take_two_cells_and_are_never_halved() {
        let line = Line::new().text("a\u{4f60}e\u{301}\u{597d}");
        assert_eq!(drawn(&line, 8), "a\u{4f60} e\u{301}\u{597d}   ");
        assert_eq!(drawn(&line, 5), "a\u{4f60} ..".to_owned());
        let ascii = Look::new(crate::config::theme::default_theme(), crate::ui::Colours::Sixteen, false);
        let area = Rect::new(0, 0, 8, 1);
        let mut buf = Buffer::empty(area);
        line.draw(&ascii, area, 0, &mut buf);
        assert_eq!(buf.content.iter().map(|c| c.symbol()).collect::<String>(), "a??e??  ");
    }

    #[test]
    fn the_cursor_stands_on_the_chosen_row() {
        let area = Rect::new(3, 1, 10, 2);
        let mut buf = Buffer::empty(Rect::new(0, 0, 20, 5));
        let mut rows = Rows::new();
        rows.keep(Line::new().choice(false).text("a"));
        rows.keep(Line::new().text(" ").choice(true).text("b"));
        assert_eq!(rows.draw(&Look::shipped(), area, &mut buf).cursor, Some((4, 2)));
    }
}
