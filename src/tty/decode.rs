//! Bytes from the terminal turned into keys and pastes. Pure: time is an argument, nothing is read or asked.
//!
//! vte finds characters, controls and CSI parameters; the modes below decide what vte cannot know: whether an ESC
//! was a key, where a paste ends, and which strings are late answers to be dropped. Bytes are taken one by one, so
//! where a read was cut never matters. Rules: terminal-and-safety 2.1 and 2.2.

use vte::Parser;

use super::keys::{self, Sink};
use super::paste::Paste;
use crate::core::key::{Code, Key};

/// A lone ESC is the Esc key after this many ms; the longer one over ssh, where a sequence may arrive in two parts.
pub const ESC_MS: i64 = 50;
pub const ESC_SSH_MS: i64 = 100;
/// A `[` or `O` this soon after an ESC that was already reported still belongs to it.
const LATE_MS: i64 = 1_000;
/// Half sequences, strings and pastes are given up after this. Nothing of a string is kept, so it needs no other bound.
const OPEN_MS: i64 = 2_000;
/// A paste past `OPEN_MS` whose bytes still come is waited for until it pauses this long, so that the rest of a slow
/// paste does not turn into keys; `HARD_MS` ends it whatever comes.
const PAUSE_MS: i64 = 500;
const HARD_MS: i64 = 10_000;

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    Key(Key),
    /// Bracketed paste, line ends as LF, at most [`PASTE_BYTES`](super::paste::PASTE_BYTES). Control characters are still in it.
    Paste(String),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mode {
    Ground,
    /// ESC seen, nothing known yet.
    Esc {
        at: i64,
    },
    /// That ESC was reported as a key.
    Decided {
        at: i64,
    },
    Csi {
        at: i64,
    },
    Ss3 {
        at: i64,
        mods: u16,
    },
    /// `ESC [ [`: the Linux console's function keys.
    Linux {
        at: i64,
    },
    /// `ESC [ M`: three bytes of an old mouse report that nobody asked for.
    Mouse {
        at: i64,
        left: u8,
    },
    /// `]`, `P`, `X`, `^` or `_` after a decided ESC: a late string if more follows at once, else a typed key.
    Opener {
        at: i64,
        byte: u8,
    },
    /// OSC, DCS, APC, PM or SOS: dropped up to BEL or ST.
    Text {
        at: i64,
        esc: bool,
    },
    Paste {
        at: i64,
        last: i64,
    },
}

pub struct Decoder {
    vte: Parser,
    mode: Mode,
    esc_ms: i64,
    /// ESC came directly before the character that vte is collecting.
    alt: bool,
    paste: Paste,
}

impl Decoder {
    /// `ssh`: SSH_CONNECTION is set.
    pub fn new(ssh: bool) -> Decoder {
        Decoder {
            vte: Parser::new(),
            mode: Mode::Ground,
            esc_ms: if ssh { ESC_SSH_MS } else { ESC_MS },
            alt: false,
            paste: Paste::default(),
        }
    }

    /// Takes what was read at `now` (person ms) and appends what it meant.
    pub fn feed(&mut self, bytes: &[u8], now: i64, out: &mut Vec<Event>) {
        self.give_up(now, out);
        for &byte in bytes {
            self.byte(byte, now, out);
        }
    }

    /// To be called when nothing came until [`deadline`](Self::deadline): a lone ESC becomes a key, an open paste ends.
    pub fn timeout(&mut self, now: i64, out: &mut Vec<Event>) {
        if let Mode::Esc { at } = self.mode
            && now - at >= self.esc_ms
        {
            self.mode = Mode::Decided { at };
            out.push(Event::Key(Key::plain(Code::Esc)));
        } else if let Mode::Opener { at, byte } = self.mode
            && now - at >= self.esc_ms
        {
            self.mode = Mode::Ground;
            out.push(Event::Key(Key::char(char::from(byte))));
        } else {
            self.give_up(now, out);
        }
    }

    /// When [`timeout`](Self::timeout) has something to say, in person ms; `None`: wait for bytes only.
    pub fn deadline(&self) -> Option<i64> {
        match self.mode {
            Mode::Esc { at } | Mode::Opener { at, .. } => Some(at + self.esc_ms),
            Mode::Paste { at, last } => Some(open_until(at, last)),
            // These end without an event, which the next byte can notice.
            Mode::Ground
            | Mode::Decided { .. }
            | Mode::Csi { .. }
            | Mode::Ss3 { .. }
            | Mode::Linux { .. }
            | Mode::Mouse { .. }
            | Mode::Text { .. } => None,
        }
    }

    /// Forgets a half sequence or an open paste, as when the terminal was lent to someone else.
    pub fn reset(&mut self) {
        self.mode = Mode::Ground;
        self.vte = Parser::new();
        self.alt = false;
        self.paste = Paste::default();
    }

    /// Ends what has been open for too long.
    fn give_up(&mut self, now: i64, out: &mut Vec<Event>) {
        match self.mode {
            Mode::Ground | Mode::Esc { .. } | Mode::Opener { .. } => {}
            Mode::Decided { at } => {
                if now - at >= LATE_MS {
                    self.mode = Mode::Ground;
                }
            }
            Mode::Csi { at }
            | Mode::Ss3 { at, .. }
            | Mode::Linux { at }
            | Mode::Mouse { at, .. }
            | Mode::Text { at, .. } => {
                if now - at >= OPEN_MS {
                    self.mode = Mode::Ground;
                    self.vte = Parser::new();
                }
            }
            Mode::Paste { at, last } => {
                if now >= open_until(at, last) {
                    self.end_paste(out);
                }
            }
        }
    }

    fn byte(&mut self, byte: u8, now: i64, out: &mut Vec<Event>) {
        match self.mode {
            Mode::Ground => self.ground(byte, now, out),
            Mode::Esc { at } => self.after_esc(byte, at, now, out),
            Mode::Decided { .. } => match byte {
                b'[' | b'O' => self.introduce(byte, now),
                b']' | b'P' | b'X' | b'^' | b'_' => self.mode = Mode::Opener { at: now, byte },
                _ => self.ground(byte, now, out),
            },
            Mode::Csi { .. } => self.csi(byte, now, out),
            Mode::Ss3 { at, mods } => match byte {
                0x1b => self.mode = Mode::Esc { at: now },
                b'0'..=b'9' => self.mode = Mode::Ss3 { at, mods: (mods * 10 + u16::from(byte - b'0')).min(99) },
                _ => {
                    self.mode = Mode::Ground;
                    out.extend(keys::of_ss3(byte, mods).map(Event::Key));
                }
            },
            Mode::Linux { .. } => {
                self.mode = Mode::Ground;
                if byte == 0x1b {
                    self.mode = Mode::Esc { at: now };
                }
                out.extend(keys::of_linux(byte).map(Event::Key));
            }
            Mode::Mouse { at, left } => {
                self.mode = if left > 1 { Mode::Mouse { at, left: left - 1 } } else { Mode::Ground };
            }
            Mode::Opener { at, byte: opener } => {
                if now - at < self.esc_ms {
                    self.mode = Mode::Text { at: now, esc: false };
                } else {
                    self.mode = Mode::Ground;
                    out.push(Event::Key(Key::char(char::from(opener))));
                }
                self.byte(byte, now, out);
            }
            Mode::Text { at, esc } => match byte {
                0x07 | 0x18 | 0x1a => self.mode = Mode::Ground,
                b'\\' if esc => self.mode = Mode::Ground,
                // An ESC that was not half of ST ended the string and begins something new.
                _ if esc => {
                    self.mode = Mode::Esc { at: now };
                    self.byte(byte, now, out);
                }
                _ => self.mode = Mode::Text { at, esc: byte == 0x1b },
            },
            Mode::Paste { at, .. } => {
                self.mode = Mode::Paste { at, last: now };
                if self.paste.push(byte) {
                    self.end_paste(out);
                }
            }
        }
    }

    fn ground(&mut self, byte: u8, now: i64, out: &mut Vec<Event>) {
        if byte == 0x1b {
            self.mode = Mode::Esc { at: now };
            return;
        }
        self.mode = Mode::Ground;
        let mut sink = Sink { out, alt: &mut self.alt, csi: None };
        self.vte.advance(&mut sink, &[byte]);
    }

    fn after_esc(&mut self, byte: u8, at: i64, now: i64, out: &mut Vec<Event>) {
        // No timeout came in between, so the reader was held up: what continues a sequence is believed.
        let late = now - at >= self.esc_ms;
        match byte {
            b'[' | b'O' => self.introduce(byte, now),
            _ if late => {
                out.push(Event::Key(Key::plain(Code::Esc)));
                self.mode = Mode::Decided { at };
                self.give_up(now, out);
                self.byte(byte, now, out);
            }
            0x1b => {
                out.push(Event::Key(Key::plain(Code::Esc)));
                self.mode = Mode::Esc { at: now };
            }
            b']' | b'P' | b'X' | b'^' | b'_' => self.mode = Mode::Text { at: now, esc: false },
            // The rest of a string that was given up, not Alt-backslash.
            b'\\' => self.mode = Mode::Ground,
            _ => {
                self.vte = Parser::new();
                self.alt = true;
                self.ground(byte, now, out);
            }
        }
    }

    fn introduce(&mut self, byte: u8, now: i64) {
        self.alt = false;
        if byte == b'O' {
            self.mode = Mode::Ss3 { at: now, mods: 0 };
            return;
        }
        self.mode = Mode::Csi { at: now };
        self.vte = Parser::new();
        self.vte.advance(&mut Sink { out: &mut Vec::new(), alt: &mut false, csi: None }, b"\x1b[");
    }

    fn csi(&mut self, byte: u8, now: i64, out: &mut Vec<Event>) {
        if byte == 0x1b {
            self.mode = Mode::Esc { at: now };
            self.vte = Parser::new();
            return;
        }
        // Controls inside a sequence are dropped with it: whatever sent them was no finger.
        let mut dropped = Vec::new();
        let mut sink = Sink { out: &mut dropped, alt: &mut false, csi: None };
        self.vte.advance(&mut sink, &[byte]);
        let found = sink.csi;
        // vte reports no end for sequences it ignores, so the final byte decides here.
        if !matches!(byte, 0x40..=0x7e | 0x18 | 0x1a) {
            return;
        }
        self.mode = Mode::Ground;
        let Some(csi) = found else { return };
        match (csi.last, csi.first, csi.marked) {
            ('~', 200, false) => {
                self.paste = Paste::default();
                self.mode = Mode::Paste { at: now, last: now };
            }
            ('[', _, false) => self.mode = Mode::Linux { at: now },
            ('M', 0, false) if csi.count <= 1 => self.mode = Mode::Mouse { at: now, left: 3 },
            _ => out.extend(keys::of_csi(csi).map(Event::Key)),
        }
    }

    fn end_paste(&mut self, out: &mut Vec<Event>) {
        self.mode = Mode::Ground;
        out.push(Event::Paste(std::mem::take(&mut self.paste).text()));
    }
}

/// When a paste that began at `at` and last grew at `last` is over without its end mark.
fn open_until(at: i64, last: i64) -> i64 {
    (at + OPEN_MS).max(last + PAUSE_MS).min(at + HARD_MS)
}

#[cfg(test)]
#[path = "decode_tests.rs"]
mod tests;
