//! One line of cells, and a stack of lines that gives up its least important ones when there is no room.
//!
//! Every text passes the gate here, own words included: pieces are [`Shown`], and this is the only file of `ui` that
//! writes cells (`tests/it/gate.rs` holds that). A text that is not shown as it came carries a mark in front. Widths are
//! those of unicode-width; a text that is too wide for its column ends in `..` and never moves its neighbours.

use crate::config::theme::Role;
use crate::core::shown::{LINE_MAX, Shown, shown_line};
use crate::ui::look::Look;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use std::borrow::Cow;
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// Text that may be drawn: printable ASCII as it is, everything else through the gate, marked when it was changed.
/// For those who must cut or wrap before they make a line of it; a line gates by itself.
pub fn gate(s: &str) -> Cow<'_, str> {
    if s.len() <= LINE_MAX && s.bytes().all(|b| (0x20..0x7f).contains(&b)) {
        return Cow::Borrowed(s);
    }
    Cow::Owned(shown(s).into_string())
}

fn shown(s: &str) -> Shown {
    shown_line(s, LINE_MAX).marked()
}

pub fn width(s: &str) -> usize {
    UnicodeWidthStr::width(s)
}

/// At most `max` columns; a cut shows as `..`.
pub fn cut(s: &str, max: usize) -> Cow<'_, str> {
    if width(s) <= max {
        return Cow::Borrowed(s);
    }
    let (room, mark) = if max >= 4 { (max - 2, "..") } else { (max, "") };
    let mut out = String::new();
    for c in s.chars() {
        let before = out.len();
        out.push(c);
        if width(&out) > room {
            out.truncate(before);
            break;
        }
    }
    out.push_str(mark);
    Cow::Owned(out)
}

/// Words over lines of at most `max` columns; a word that is wider is broken.
pub fn wrap(text: &str, max: usize) -> Vec<String> {
    let max = max.max(1);
    let mut out = Vec::new();
    let mut line = String::new();
    for word in text.split(' ') {
        let gap = usize::from(!line.is_empty());
        if width(&line) + gap + width(word) <= max {
            if gap == 1 {
                line.push(' ');
            }
            line.push_str(word);
            continue;
        }
        if !line.is_empty() {
            out.push(std::mem::take(&mut line));
        }
        for c in word.chars() {
            let before = line.len();
            line.push(c);
            if width(&line) > max && before > 0 {
                line.truncate(before);
                out.push(std::mem::take(&mut line));
                line.push(c);
            }
        }
    }
    if !line.is_empty() || out.is_empty() {
        out.push(line);
    }
    out
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct Line {
    pieces: Vec<(Shown, Role)>,
    /// Flush right; what stands left of it is cut for it.
    tail: Vec<(Shown, Role)>,
    rule: bool,
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
            self.pieces.push((text, role));
        }
        self
    }

    pub fn text(self, text: impl AsRef<str>) -> Line {
        self.add(Role::Text, text)
    }

    /// Flush right, one after the other.
    pub fn end(mut self, role: Role, text: impl AsRef<str>) -> Line {
        let text = shown(text.as_ref());
        if !text.as_str().is_empty() {
            self.tail.push((text, role));
        }
        self
    }

    pub fn append(mut self, other: Line) -> Line {
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
        let texts = |all: &[(Shown, Role)]| all.iter().map(|(t, _)| t.as_str()).collect::<String>();
        let (head, tail) = (texts(&self.pieces), texts(&self.tail));
        let gap = if head.is_empty() || tail.is_empty() { "" } else { "   " };
        format!("{}{gap}{tail}", head.trim_end()).trim_end().to_owned()
    }

    /// A cell of `max` columns, its text on the left. The last column stays blank.
    pub fn left(self, role: Role, text: impl AsRef<str>, max: usize) -> Line {
        let text = gate(text.as_ref());
        let text = cut(&text, max.saturating_sub(1)).into_owned();
        let pad = max.saturating_sub(width(&text));
        self.add(role, text).text(" ".repeat(pad))
    }

    /// A cell of `max` columns, its text on the right. The first column stays blank.
    pub fn right(self, role: Role, text: impl AsRef<str>, max: usize) -> Line {
        let text = gate(text.as_ref());
        let text = cut(&text, max.saturating_sub(1)).into_owned();
        let pad = max.saturating_sub(width(&text));
        self.text(" ".repeat(pad)).add(role, text)
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

    /// Over as many lines as it needs; the following ones begin at `indent`. Badges are not broken.
    pub fn flow(self, wide: usize, indent: usize) -> Vec<Line> {
        let tail_width = columns(&self.tail);
        let first = wide.saturating_sub(if tail_width > 0 { tail_width + 1 } else { 0 });
        if self.rule || self.width() <= first {
            return vec![self];
        }
        let mut out = vec![Line { tail: self.tail, ..Line::default() }];
        let mut used = 0;
        for (text, role) in self.pieces {
            let whole = role != Role::Text;
            let parts: Vec<Shown> = if whole { vec![text] } else { text.words().collect() };
            for part in parts {
                let room = if out.len() == 1 { first } else { wide };
                if used + width(part.as_str().trim_end()) > room && used > indent {
                    out.push(Line::new().text(" ".repeat(indent)));
                    used = indent;
                }
                let last = out.len() - 1;
                used += width(part.as_str());
                match out[last].pieces.last_mut() {
                    Some((t, r)) if *r == role => t.push(&part),
                    _ => out[last].pieces.push((part, role)),
                }
            }
        }
        out
    }

    /// Draws at most `area.width` columns in row `y`; nothing outside the buffer.
    pub fn draw(&self, look: &Look, area: Rect, y: u16, buf: &mut Buffer) {
        let area = area.intersection(buf.area);
        if y < area.y || y >= area.bottom() || area.width == 0 {
            return;
        }
        let room = usize::from(area.width);
        if self.rule {
            put(look, Role::Muted, &shown(&"-".repeat(room)), area.x, y, room, buf);
            return;
        }
        let tail = fitted(&self.tail, room);
        let tail_width = columns(&tail);
        let head_room = if tail.is_empty() { room } else { room.saturating_sub(tail_width + 1) };
        let head = fitted(&self.pieces, head_room);
        for (pieces, start) in [(&head, 0), (&tail, room - tail_width)] {
            let mut x = start;
            for (text, role) in pieces {
                let at = area.x + u16::try_from(x).unwrap_or(u16::MAX);
                put(look, *role, text, at, y, room - x.min(room), buf);
                x += width(text.as_str());
            }
        }
    }
}

fn columns(pieces: &[(Shown, Role)]) -> usize {
    pieces.iter().map(|(t, _)| width(t.as_str())).sum()
}

/// As many pieces as have room, the last one cut.
fn fitted(pieces: &[(Shown, Role)], max: usize) -> Vec<(Shown, Role)> {
    if columns(pieces) <= max {
        return pieces.to_vec();
    }
    let mut out: Vec<(Shown, Role)> = Vec::new();
    let mut left = max;
    for (i, (text, role)) in pieces.iter().enumerate() {
        let w = width(text.as_str());
        // Something follows that will not fit: the mark of the cut goes here.
        let more_after = pieces[i + 1..].iter().any(|(t, _)| !t.as_str().trim().is_empty());
        if w <= left && (!more_after || w + 2 <= left) {
            out.push((text.clone(), *role));
            left -= w;
            continue;
        }
        let padded = format!("{}{}", text.as_str().trim_end(), if more_after { "   " } else { "" });
        let kept = shown_line(&cut(&padded, left), LINE_MAX);
        if !kept.as_str().is_empty() {
            out.push((kept, *role));
        }
        break;
    }
    out
}

/// The only way into the buffer.
fn put(look: &Look, role: Role, text: &Shown, x: u16, y: u16, max: usize, buf: &mut Buffer) {
    if look.utf8 || text.as_str().is_ascii() {
        buf.set_stringn(x, y, text.as_str(), max, look.style(role));
    } else {
        // As many as the columns it would take, so that what stands right of it stays where it is.
        let mut plain = String::new();
        for c in text.as_str().chars() {
            match c {
                c if c.is_ascii() => plain.push(c),
                c => plain.extend(std::iter::repeat_n('?', UnicodeWidthChar::width(c).unwrap_or(0))),
            }
        }
        buf.set_stringn(x, y, plain, max, look.style(role));
    }
}

/// Lines from top to bottom, each with how soon it may go: 0 never, larger numbers first.
#[derive(Clone, Debug, Default)]
pub struct Rows {
    rows: Vec<(u8, Line)>,
}

impl Rows {
    pub fn new() -> Rows {
        Rows::default()
    }

    /// Stays whatever happens.
    pub fn keep(&mut self, line: Line) {
        self.rows.push((0, line));
    }

    pub fn may(&mut self, drop: u8, line: Line) {
        self.rows.push((drop, line));
    }

    /// A line over as many rows as it needs: the first stays, the rest may go.
    pub fn flow(&mut self, drop: u8, rest: u8, line: Line, wide: usize, indent: usize) {
        for (i, l) in line.flow(wide, indent).into_iter().enumerate() {
            self.rows.push((if i == 0 { drop } else { rest }, l));
        }
    }

    /// A blank row, the first to go.
    pub fn gap(&mut self) {
        self.rows.push((u8::MAX, Line::new()));
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
            let worst = self.rows.iter().map(|(d, _)| *d).max().unwrap_or(0);
            let at = if worst == 0 {
                // Only rows that should stay: the top of the screen answers the question.
                self.rows.len() - 1
            } else {
                self.rows.iter().rposition(|(d, _)| *d == worst).unwrap_or(0)
            };
            self.rows.remove(at);
        }
        self.rows.into_iter().map(|(_, l)| l).collect()
    }

    pub fn draw(self, look: &Look, area: Rect, buf: &mut Buffer) {
        for (line, y) in self.fit(usize::from(area.height)).iter().zip(area.y..area.bottom()) {
            line.draw(look, area, y, buf);
        }
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
    fn the_least_important_rows_go_first() {
        let mut rows = Rows::new();
        rows.keep(Line::new().text("verdict"));
        rows.may(3, Line::new().text("log"));
        rows.may(1, Line::new().text("budget"));
        let texts = |lines: Vec<Line>| lines.iter().map(|l| l.pieces[0].0.to_string()).collect::<Vec<_>>();
        assert_eq!(texts(rows.clone().fit(2)), ["verdict", "budget"]);
        assert_eq!(texts(rows.fit(1)), ["verdict"]);
    }

    #[test]
    fn words_wrap_and_long_ones_break() {
        assert_eq!(wrap("one two three", 7), ["one two", "three"]);
        assert_eq!(wrap("abcdefgh", 3), ["abc", "def", "gh"]);
        assert_eq!(wrap("", 3), [""]);
    }
}
