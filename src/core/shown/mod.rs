//! The one gate for text from outside: labels, names, events, log lines, runbooks, error texts, file names, our own
//! log on re-read. Every exit uses it: screen, stdout, stderr, panic text, clipboard.
//! Inside the console foreign text stays as it came: names are compared and written to the log unchanged. It is gated
//! where it leaves. Knows no widths: cells are the terminal's business. Nothing is ever parsed out of foreign text here.

mod class;
mod evidence;
mod marks;

pub use evidence::evidence;

use class::{Class, class};
use std::borrow::Cow;
use std::fmt;

/// Bytes a one-line field may have (limits.md section 4: body cap, per field).
pub const LINE_MAX: usize = 2_000;
/// Bytes a detail field may have.
pub const TEXT_MAX: usize = 64_000;
/// Combining marks left on one base character.
const MARKS_MAX: u32 = 4;
/// Bytes of one base character with its marks: what one cell may cost.
pub const CLUSTER_MAX: usize = 16;
/// Stands before a text that is not shown as it came. What it was is in the detail view.
pub const MARK: &str = "(^)";
/// Columns of a tab stop.
const TAB: usize = 4;

/// Text that is safe to put on a terminal: no control, bidi, invisible or private character is left in it.
/// It can only be made here.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Shown {
    text: String,
    escaped: u32,
    dropped: u32,
    cut: usize,
}

impl Shown {
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The text itself, for widgets that take a `String`.
    pub fn into_string(self) -> String {
        self.text
    }

    /// The text for a list: one that is not shown as it came carries [`MARK`] in front (behind the blanks it begins
    /// with), where no column cuts it off.
    pub fn marked(mut self) -> Shown {
        if self.is_altered() {
            let at = self.text.len() - self.text.trim_start_matches(' ').len();
            self.text.insert_str(at, MARK);
        }
        self
    }

    /// The first `end` bytes, or fewer where a character would be broken. A part of what is safe is safe.
    pub fn head(&self, end: usize) -> Shown {
        let mut end = end.min(self.text.len());
        while !self.text.is_char_boundary(end) {
            end -= 1;
        }
        Shown { text: self.text[..end].to_owned(), escaped: self.escaped, dropped: self.dropped, cut: self.cut }
    }

    /// The words, each with the blank behind it.
    pub fn words(&self) -> impl Iterator<Item = Shown> {
        self.text.split_inclusive(' ').map(|w| Shown {
            text: w.to_owned(),
            escaped: self.escaped,
            dropped: self.dropped,
            cut: self.cut,
        })
    }

    /// `other` behind this one.
    pub fn push(&mut self, other: &Shown) {
        self.text.push_str(&other.text);
        self.escaped = self.escaped.saturating_add(other.escaped);
        self.dropped = self.dropped.saturating_add(other.dropped);
        self.cut = self.cut.saturating_add(other.cut);
    }

    /// Was anything escaped, dropped or cut? Then lists carry a mark, and the detail view has the whole original escaped:
    /// in an incident it is evidence.
    pub fn is_altered(&self) -> bool {
        self.escaped > 0 || self.dropped > 0 || self.cut > 0
    }

    /// Characters written as `<U+202E>`, `^[` and their like.
    pub fn escaped(&self) -> u32 {
        self.escaped
    }

    /// Marks and escape sequences left out.
    pub fn dropped(&self) -> u32 {
        self.dropped
    }

    /// Characters of the original past the limit.
    pub fn cut(&self) -> usize {
        self.cut
    }
}

impl Shown {
    /// Nothing in it is markup: fit for the text of an HTML page and for a quoted attribute.
    pub fn html(&self) -> String {
        let mut out = String::with_capacity(self.text.len() + 8);
        for c in self.text.chars() {
            match c {
                '&' => out.push_str("&amp;"),
                '<' => out.push_str("&lt;"),
                '>' => out.push_str("&gt;"),
                '"' => out.push_str("&quot;"),
                '\'' => out.push_str("&#39;"),
                c => out.push(c),
            }
        }
        out
    }
}

impl fmt::Display for Shown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl AsRef<str> for Shown {
    fn as_ref(&self) -> &str {
        &self.text
    }
}

/// A one-line field: a line break becomes ` / `. `max` is in bytes of the result, the mark of the cut not counted.
pub fn shown_line(s: &str, max: usize) -> Shown {
    gate(s, max, false)
}

/// A detail of several lines: LF and CRLF stay line breaks.
pub fn shown_text(s: &str, max: usize) -> Shown {
    gate(s, max, true)
}

/// Log lines of programs: whole ANSI sequences are left out and counted, then as [`shown_text`].
pub fn shown_log(s: &str, max: usize) -> Shown {
    let (plain, sequences) = without_ansi(s);
    let mut shown = gate(&plain, max, true);
    shown.dropped = shown.dropped.saturating_add(sequences);
    shown
}

/// Bytes of unknown encoding, as one line: U+FFFD for every bad sequence.
pub fn shown_bytes(bytes: &[u8], max: usize) -> Shown {
    let text = String::from_utf8_lossy(bytes);
    let repaired = matches!(text, Cow::Owned(_));
    let mut shown = gate(&text, max, false);
    shown.escaped = shown.escaped.saturating_add(u32::from(repaired));
    shown
}

fn gate(s: &str, max: usize, lines: bool) -> Shown {
    // Nearly everything: printable ASCII.
    if s.len() <= max && s.bytes().all(|b| (0x20..0x7f).contains(&b)) {
        return Shown { text: s.to_owned(), ..Shown::default() };
    }
    let mut shown = Shown { text: String::with_capacity(s.len().min(max) + 8), ..Shown::default() };
    let mut unit = String::new();
    let (mut marks, mut cluster, mut column) = (0u32, 0usize, 0usize);
    let mut previous: Option<char> = None;
    let mut chars = s.char_indices().peekable();
    while let Some((at, c)) = chars.next() {
        let next = chars.peek().map(|&(_, n)| n);
        unit.clear();
        let mut escaped = false;
        match class(c) {
            Class::Plain => {
                (marks, cluster) = (0, 0);
                unit.push(c);
            }
            Class::Mark if marks == MARKS_MAX || cluster + c.len_utf8() > CLUSTER_MAX => {
                shown.dropped = shown.dropped.saturating_add(1);
                continue;
            }
            Class::Mark => {
                marks += 1;
                unit.push(c);
            }
            Class::Tab => {
                (marks, cluster) = (0, 0);
                unit.push_str(&"    "[..TAB - column % TAB]);
            }
            Class::Break => {
                (marks, cluster) = (0, 0);
                unit.push_str(if lines { "\n" } else { " / " });
            }
            Class::Control if c == '\r' && next == Some('\n') => continue,
            Class::Joiner if class::joins_emoji(previous, c, next) => continue,
            Class::Control | Class::Joiner | Class::Hidden => {
                (marks, cluster) = (0, 0);
                escaped = true;
                class::escape(c, &mut unit);
            }
        }
        if shown.text.len() + unit.len() > max {
            shown.cut = s[at..].chars().count();
            shown.text.push_str(&format!("... (+{})", shown.cut));
            break;
        }
        shown.escaped = shown.escaped.saturating_add(u32::from(escaped));
        cluster += unit.len();
        column = if unit == "\n" { 0 } else { column + unit.chars().count() };
        shown.text.push_str(&unit);
        previous = Some(c);
    }
    shown
}

/// Leaves out CSI ... final and OSC/DCS/APC/PM/SOS ... ST or BEL, in their 7-bit and C1 forms. A sequence that does not
/// end is kept, so that the gate shows it: leaving out to the end of the text could hide what matters.
fn without_ansi(s: &str) -> (Cow<'_, str>, u32) {
    if !s.bytes().any(|b| b == 0x1b || b == 0xc2 /* first byte of a C1 */) {
        return (Cow::Borrowed(s), 0);
    }
    let mut out = String::with_capacity(s.len());
    let (mut rest, mut count) = (s, 0u32);
    while let Some(c) = rest.chars().next() {
        if let Some(len) = sequence(rest) {
            rest = &rest[len..];
            count = count.saturating_add(1);
        } else {
            out.push(c);
            rest = &rest[c.len_utf8()..];
        }
    }
    (Cow::Owned(out), count)
}

/// The length of the whole sequence `s` starts with.
fn sequence(s: &str) -> Option<usize> {
    let mut chars = s.char_indices();
    let (_, first) = chars.next()?;
    let kind = match first {
        '\u{1b}' => chars.next()?.1,
        '\u{9b}' => '[',
        '\u{9d}' => ']',
        '\u{90}' => 'P',
        '\u{98}' => 'X',
        '\u{9e}' => '^',
        '\u{9f}' => '_',
        _ => return None,
    };
    match kind {
        '[' => {
            for (at, c) in chars {
                match c {
                    '@'..='~' => return Some(at + 1),
                    ' '..='?' => {}
                    _ => return None,
                }
            }
            None
        }
        ']' | 'P' | 'X' | '^' | '_' => {
            let mut escape = false;
            for (at, c) in chars {
                match c {
                    '\u{7}' | '\u{9c}' => return Some(at + c.len_utf8()),
                    '\\' if escape => return Some(at + 1),
                    '\u{1b}' => escape = true,
                    // A string ends with its line, and at any other control of its own kind: an open one must not
                    // swallow what follows, nor make us look to the end of the text again and again.
                    '\n' | '\u{80}'..='\u{9f}' => return None,
                    _ if escape => return None,
                    _ => {}
                }
            }
            None
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests;
