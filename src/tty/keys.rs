//! Characters, controls and finished escape sequences turned into keys: a table, no state, no time.
//!
//! What is not a key of ours gives `None` and is thereby dropped: terminal replies, focus, mouse, private modes.

use vte::{Params, Perform};

use super::decode::Event;
use crate::core::key::{Code, Key};

/// A complete CSI sequence: its first two parameters, whether it carried a private marker or intermediates, its final.
#[derive(Clone, Copy, Debug)]
pub struct Csi {
    pub first: u16,
    pub second: u16,
    /// How many parameters were sent; an absent one counts as one parameter of 0.
    pub count: usize,
    /// `?`, `>`, `<`, `=`, `$`...: never a key, always a reply or a mouse.
    pub marked: bool,
    pub last: char,
    /// `ESC [ < b ; x ; y M`: a mouse report in the SGR form (xterm's mode 1006).
    pub mouse: Option<Mouse>,
}

/// What the mouse did, as far as andon listens: nothing of it acts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mouse {
    /// The left button went down on this cell, from 0.
    Press { x: u16, y: u16 },
    /// One notch: 1 down, -1 up.
    Wheel(i16),
}

/// xterm's button number: 0 to 2 the buttons, 3 none, 64 and 65 the wheel; 4, 8, 16 are modifiers and 32 is motion.
fn mouse(button: u16, x: u16, y: u16, last: char) -> Option<Mouse> {
    match (button & !0b1_1100, last) {
        (0, 'M') => Some(Mouse::Press { x: x.checked_sub(1)?, y: y.checked_sub(1)? }),
        (64, 'M') => Some(Mouse::Wheel(-1)),
        (65, 'M') => Some(Mouse::Wheel(1)),
        _ => None,
    }
}

/// xterm's modifier parameter: 1 + shift 1 + alt 2 + ctrl 4 + meta 8.
fn with_mods(code: Code, mods: u16) -> Key {
    let bits = mods.saturating_sub(1);
    Key { code, shift: bits & 1 != 0, alt: bits & 0b1010 != 0, ctrl: bits & 4 != 0 }
}

/// The key of a CSI sequence, if it is one.
pub fn of_csi(csi: Csi) -> Option<Key> {
    if csi.marked {
        return None;
    }
    if csi.last == '~' {
        return tilde(csi.first).map(|code| with_mods(code, csi.second));
    }
    // `ESC [ 12;40R` is a cursor report and looks like a modified F3, so F3 is taken only from SS3.
    if csi.last == 'Z' {
        return Some(Key::plain(Code::BackTab));
    }
    if csi.last == 'R' || (csi.count > 1 && csi.first != 1) {
        return None;
    }
    letter(csi.last).map(|code| with_mods(code, csi.second))
}

/// The key of `ESC O <last>`; `mods` as in CSI, 0 when absent.
pub fn of_ss3(last: u8, mods: u16) -> Option<Key> {
    let code = match last {
        b'R' => Code::F(3),
        b'M' => Code::Enter,
        b'I' => Code::Tab,
        b' ' => Code::Char(' '),
        b'X' => Code::Char('='),
        // The keypad in application mode: `j` is `*`, ... `p` to `y` the digits.
        b'j'..=b'y' => Code::Char(char::from(b"*+,-./0123456789"[usize::from(last - b'j')])),
        _ => letter(char::from(last))?,
    };
    Some(with_mods(code, mods))
}

/// F1 to F5 of the Linux console: `ESC [ [ A` to `E`.
pub fn of_linux(last: u8) -> Option<Key> {
    matches!(last, b'A'..=b'E').then(|| Key::plain(Code::F(last - b'A' + 1)))
}

/// A control character. NUL is Ctrl-Space; BS counts as Backspace because many terminals send it for that key.
pub fn of_control(byte: u8) -> Option<Key> {
    Some(match byte {
        0 => Key::ctrl(' '),
        0x08 | 0x7f => Key::plain(Code::Backspace),
        0x09 => Key::plain(Code::Tab),
        0x0d => Key::plain(Code::Enter),
        0x1b => Key::plain(Code::Esc),
        1..=0x1a => Key::ctrl(char::from(byte + 0x60)),
        0x1c..=0x1f => Key::ctrl(char::from(byte + 0x40)),
        _ => return None,
    })
}

fn letter(last: char) -> Option<Code> {
    Some(match last {
        'A' => Code::Up,
        'B' => Code::Down,
        'C' => Code::Right,
        'D' => Code::Left,
        'F' => Code::End,
        'H' => Code::Home,
        'P' => Code::F(1),
        'Q' => Code::F(2),
        'S' => Code::F(4),
        _ => return None,
    })
}

/// `ESC [ <n> ~`: the VT220 editing and function keys, in xterm's and rxvt's numbering.
fn tilde(n: u16) -> Option<Code> {
    let f = |base: u16| u8::try_from(n - base).ok().map(Code::F);
    match n {
        1 | 7 => Some(Code::Home),
        2 => Some(Code::Insert),
        3 => Some(Code::Delete),
        4 | 8 => Some(Code::End),
        5 => Some(Code::PageUp),
        6 => Some(Code::PageDown),
        11..=15 => f(10),
        17..=21 => f(11),
        23 | 24 => f(12),
        _ => None,
    }
}

/// What vte tells; one CSI is kept for the caller because it may change the mode.
pub(super) struct Sink<'a> {
    pub out: &'a mut Vec<Event>,
    /// ESC came before the character: Alt.
    pub alt: &'a mut bool,
    pub csi: Option<Csi>,
}

impl Sink<'_> {
    fn key(&mut self, key: Option<Key>) {
        let alt = std::mem::take(self.alt);
        self.out.extend(key.map(|key| Event::Key(Key { alt, ..key })));
    }
}

impl Perform for Sink<'_> {
    fn print(&mut self, c: char) {
        // vte's word for bytes that are not UTF-8; DEL comes this way too.
        let key = match c {
            char::REPLACEMENT_CHARACTER => None,
            '\x7f' => of_control(0x7f),
            c if c.is_control() => None,
            c => Some(Key::char(c)),
        };
        self.key(key);
    }

    fn execute(&mut self, byte: u8) {
        self.key(of_control(byte));
    }

    fn csi_dispatch(&mut self, params: &Params, intermediates: &[u8], ignore: bool, last: char) {
        let nth = |n: usize| params.iter().nth(n).and_then(|p| p.first().copied()).unwrap_or(0);
        self.csi = Some(Csi {
            first: nth(0),
            second: nth(1),
            count: params.len(),
            marked: ignore || !intermediates.is_empty(),
            last,
            mouse: if intermediates == b"<" && params.len() == 3 { mouse(nth(0), nth(1), nth(2), last) } else { None },
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn csi(first: u16, second: u16, count: usize, last: char) -> Option<Key> {
        of_csi(Csi { first, second, count, marked: false, last, mouse: None })
    }

    #[test]
    fn function_keys_keep_their_gaps() {
        assert_eq!(csi(15, 0, 1, '~'), Some(Key::plain(Code::F(5))));
        assert_eq!(csi(16, 0, 1, '~'), None);
        assert_eq!(csi(17, 0, 1, '~'), Some(Key::plain(Code::F(6))));
        assert_eq!(csi(24, 0, 1, '~'), Some(Key::plain(Code::F(12))));
    }

    #[test]
    fn modifiers_are_bits_above_one() {
        let ctrl_right = csi(1, 5, 2, 'C').unwrap();
        assert_eq!(
            (ctrl_right.code, ctrl_right.ctrl, ctrl_right.alt, ctrl_right.shift),
            (Code::Right, true, false, false)
        );
        let shift_delete = csi(3, 2, 2, '~').unwrap();
        assert!(shift_delete.shift && !shift_delete.ctrl);
    }

    #[test]
    fn replies_that_end_like_keys_are_none() {
        assert_eq!(csi(12, 40, 2, 'R'), None);
        assert_eq!(csi(12, 40, 2, 'H'), None);
        assert_eq!(of_csi(Csi { first: 1, second: 2, count: 2, marked: true, last: 'A', mouse: None }), None);
        assert_eq!(csi(0, 0, 1, 'I'), None);
    }

    #[test]
    fn of_the_mouse_only_the_left_button_and_the_wheel_are_heard() {
        assert_eq!(mouse(0, 3, 5, 'M'), Some(Mouse::Press { x: 2, y: 4 }));
        assert_eq!(mouse(0, 3, 5, 'm'), None, "letting go is nothing");
        assert_eq!(mouse(64 + 16, 1, 1, 'M'), Some(Mouse::Wheel(-1)));
        assert_eq!(mouse(65, 1, 1, 'M'), Some(Mouse::Wheel(1)));
        for button in [1, 2, 3, 32, 35, 66, 67, 128, 129] {
            assert_eq!(mouse(button, 1, 1, 'M'), None, "{button}");
        }
        assert_eq!(mouse(0, 0, 1, 'M'), None, "cells are counted from 1");
    }

    #[test]
    fn the_keypad_counts_from_p() {
        assert_eq!(of_ss3(b'j', 0), Some(Key::char('*')));
        assert_eq!(of_ss3(b'p', 0), Some(Key::char('0')));
        assert_eq!(of_ss3(b'y', 0), Some(Key::char('9')));
    }
}
