//! The terminal's pen: colours and emphasis, and the fewest bytes from one to another (SGR, ECMA-48 8.3.117).
//!
//! Knows no cells' places and no screen. What a blank does not show of its style is not sent.

use ratatui::buffer::Cell;
use ratatui::style::{Color, Modifier};

/// What is seen on a blank besides its background.
const ON_BLANKS: Modifier = Modifier::REVERSED.union(Modifier::UNDERLINED).union(Modifier::CROSSED_OUT);

/// How the next character will look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Pen {
    fg: Color,
    bg: Color,
    mods: Modifier,
}

impl Pen {
    /// As after a reset.
    pub const PLAIN: Pen = Pen { fg: Color::Reset, bg: Color::Reset, mods: Modifier::empty() };

    /// The pen that draws this cell.
    pub fn of(cell: &Cell) -> Pen {
        Pen { fg: cell.fg, bg: cell.bg, mods: cell.modifier }
    }

    /// The same for a blank: only what is seen of it is left.
    pub fn blank(self) -> Pen {
        if self.mods.intersects(ON_BLANKS) { self } else { Pen { bg: self.bg, ..Pen::PLAIN } }
    }

    /// Whether a blank of pen `wanted` (of [`Pen::blank`]) drawn or erased with this pen looks as it should.
    pub fn draws_blank(self, wanted: Pen) -> bool {
        self == wanted || (!wanted.mods.intersects(ON_BLANKS) && self.blank() == wanted)
    }

    /// The nearest pen that draws such a blank.
    fn for_blank(self, wanted: Pen) -> Pen {
        if wanted.mods.intersects(ON_BLANKS) {
            wanted
        } else {
            Pen { fg: self.fg, bg: wanted.bg, mods: self.mods - ON_BLANKS }
        }
    }
}

/// Writes what turns `from` (`None`: unknown) into a pen that draws `wanted`, `blank` telling that only a blank is to
/// be drawn, and returns that pen. Nothing when it fits already.
pub(super) fn turn(from: Option<Pen>, wanted: Pen, blank: bool, out: &mut Vec<u8>) -> Pen {
    let Some(from) = from else {
        sgr(&from_reset(wanted), out);
        return wanted;
    };
    if from == wanted || (blank && from.draws_blank(wanted)) {
        return from;
    }
    let anew = from_reset(wanted);
    let mut best = (changes(from, wanted), wanted);
    if blank {
        let near = from.for_blank(wanted);
        let less = changes(from, near);
        if less.len() < best.0.len() {
            best = (less, near);
        }
    }
    // Of equally long ones the reset: what follows is plain more often than not.
    if anew.len() <= best.0.len() {
        best = (anew, wanted);
    }
    sgr(&best.0, out);
    best.1
}

fn sgr(codes: &str, out: &mut Vec<u8>) {
    out.extend_from_slice(b"\x1b[");
    out.extend_from_slice(codes.as_bytes());
    out.push(b'm');
}

/// Reset, and everything set that is wanted. An empty parameter is 0, the reset.
fn from_reset(wanted: Pen) -> String {
    let set = changes(Pen::PLAIN, wanted);
    if set.is_empty() { set } else { format!(";{set}") }
}

/// Each emphasis with what sets and what ends it; the first two end together.
const EMPHASIS: [(Modifier, &str, &str); 9] = [
    (Modifier::BOLD, "1", "22"),
    (Modifier::DIM, "2", "22"),
    (Modifier::ITALIC, "3", "23"),
    (Modifier::UNDERLINED, "4", "24"),
    (Modifier::SLOW_BLINK, "5", "25"),
    (Modifier::RAPID_BLINK, "6", "25"),
    (Modifier::REVERSED, "7", "27"),
    (Modifier::HIDDEN, "8", "28"),
    (Modifier::CROSSED_OUT, "9", "29"),
];

/// Only what differs.
fn changes(from: Pen, to: Pen) -> String {
    let mut codes: Vec<String> = Vec::new();
    let mut have = from.mods;
    for (m, _, off) in EMPHASIS {
        if have.contains(m) && !to.mods.contains(m) {
            codes.push(off.to_owned());
            for (other, _, same) in EMPHASIS {
                if same == off {
                    have.remove(other);
                }
            }
        }
    }
    for (m, on, _) in EMPHASIS {
        if to.mods.contains(m) && !have.contains(m) {
            codes.push(on.to_owned());
        }
    }
    if from.fg != to.fg {
        codes.push(colour(to.fg, 30));
    }
    if from.bg != to.bg {
        codes.push(colour(to.bg, 40));
    }
    codes.join(";")
}

/// `base`: 30 for letters, 40 for the ground. The bright eight are 60 higher (aixterm's, as xterm, linux, screen, tmux).
fn colour(c: Color, base: u8) -> String {
    let plain = |n: u8| (base + n).to_string();
    match c {
        Color::Reset => plain(9),
        Color::Black => plain(0),
        Color::Red => plain(1),
        Color::Green => plain(2),
        Color::Yellow => plain(3),
        Color::Blue => plain(4),
        Color::Magenta => plain(5),
        Color::Cyan => plain(6),
        Color::Gray => plain(7),
        Color::DarkGray => plain(60),
        Color::LightRed => plain(61),
        Color::LightGreen => plain(62),
        Color::LightYellow => plain(63),
        Color::LightBlue => plain(64),
        Color::LightMagenta => plain(65),
        Color::LightCyan => plain(66),
        Color::White => plain(67),
        Color::Indexed(n) => format!("{};5;{n}", base + 8),
        Color::Rgb(r, g, b) => format!("{};2;{r};{g};{b}", base + 8),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pen(fg: Color, bg: Color, mods: Modifier) -> Pen {
        Pen { fg, bg, mods }
    }

    fn turned(from: Option<Pen>, to: Pen, blank: bool) -> (String, Pen) {
        let mut out = Vec::new();
        let pen = turn(from, to, blank, &mut out);
        (String::from_utf8(out).unwrap(), pen)
    }

    #[test]
    fn only_what_differs_is_sent_and_a_reset_where_that_is_shorter() {
        let red = pen(Color::Red, Color::Reset, Modifier::empty());
        let loud = pen(Color::Red, Color::Reset, Modifier::BOLD);
        let ground = pen(Color::Red, Color::Indexed(236), Modifier::BOLD);
        assert_eq!(turned(Some(red), red, false).0, "");
        assert_eq!(turned(Some(Pen::PLAIN), red, false).0, "\x1b[31m");
        assert_eq!(turned(Some(red), loud, false).0, "\x1b[1m");
        assert_eq!(turned(Some(loud), ground, false).0, "\x1b[48;5;236m");
        assert_eq!(turned(Some(ground), loud, false).0, "\x1b[49m");
        assert_eq!(turned(Some(ground), Pen::PLAIN, false).0, "\x1b[m");
        assert_eq!(turned(None, loud, false).0, "\x1b[;1;31m");
        assert_eq!(turned(None, Pen::PLAIN, false).0, "\x1b[m");
    }

    #[test]
    fn bold_and_dim_end_together_so_the_other_is_set_again() {
        let both = pen(Color::Indexed(99), Color::Indexed(100), Modifier::BOLD | Modifier::DIM);
        let dim = pen(Color::Indexed(99), Color::Indexed(100), Modifier::DIM);
        assert_eq!(turned(Some(both), dim, false).0, "\x1b[22;2m");
    }

    #[test]
    fn a_blank_asks_for_no_more_than_is_seen_of_it() {
        let loud = pen(Color::LightRed, Color::Reset, Modifier::BOLD);
        let reversed = pen(Color::Red, Color::Reset, Modifier::REVERSED);
        assert_eq!(turned(Some(loud), Pen::PLAIN, true), (String::new(), loud));
        assert_eq!(turned(Some(reversed), Pen::PLAIN, true).0, "\x1b[m");
        assert_eq!(turned(Some(Pen::PLAIN), reversed.blank(), true).0, "\x1b[7;31m");
        let ground = pen(Color::Reset, Color::Blue, Modifier::empty());
        assert_eq!(turned(Some(loud), ground, true).0, "\x1b[44m");
    }
}
