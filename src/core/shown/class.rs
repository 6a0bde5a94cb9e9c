//! What the gate does with one character (terminal rules, table 1.2). Knows nothing of fields and their lengths.

use super::marks::is_mark;
use std::fmt::Write;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    Plain,
    /// Rides on the character before it.
    Mark,
    Tab,
    /// LF.
    Break,
    /// C0 but TAB and LF, DEL, C1.
    Control,
    /// ZWJ and the variation selectors: silent inside an emoji, shown elsewhere.
    Joiner,
    /// Bidi, invisible, private use, noncharacter.
    Hidden,
}

pub fn class(c: char) -> Class {
    match c {
        ' '..='~' => Class::Plain,
        '\t' => Class::Tab,
        '\n' => Class::Break,
        '\u{0}'..='\u{1f}' | '\u{7f}'..='\u{9f}' => Class::Control,
        '\u{200d}' | '\u{fe00}'..='\u{fe0f}' => Class::Joiner,
        // Bidi.
        '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => Class::Hidden,
        // Invisible. U+2065 and U+FFF0-FFF8 are unassigned but ignorable by default, so they are drawn as nothing too.
        '\u{ad}'
        | '\u{34f}'
        | '\u{115f}'
        | '\u{1160}'
        | '\u{17b4}'
        | '\u{17b5}'
        | '\u{180b}'..='\u{180f}'
        | '\u{200b}'..='\u{200c}'
        | '\u{2028}'
        | '\u{2029}'
        | '\u{2060}'..='\u{2065}'
        | '\u{206a}'..='\u{206f}'
        | '\u{3164}'
        | '\u{feff}'
        | '\u{ffa0}'
        | '\u{fff0}'..='\u{fffb}'
        | '\u{1bca0}'..='\u{1bca3}'
        | '\u{1d173}'..='\u{1d17a}'
        | '\u{e0000}'..='\u{e0fff}' => Class::Hidden,
        // Marks that stand before what they belong to (numbers, Arabic and the like): a run of them is one grapheme.
        '\u{600}'..='\u{605}'
        | '\u{6dd}'
        | '\u{70f}'
        | '\u{890}'..='\u{891}'
        | '\u{8e2}'
        | '\u{d4e}'
        | '\u{110bd}'
        | '\u{110cd}'
        | '\u{111c2}'..='\u{111c3}'
        | '\u{1193f}'
        | '\u{11941}'
        | '\u{11a3a}'
        | '\u{11a84}'..='\u{11a89}'
        | '\u{11d46}'
        | '\u{11f02}' => Class::Hidden,
        // Skin tones ride on an emoji, and on each other.
        '\u{1f3fb}'..='\u{1f3ff}' => Class::Mark,
        // Private use, and the noncharacters: the last two of every plane and U+FDD0-FDEF.
        '\u{e000}'..='\u{f8ff}' | '\u{f0000}'..='\u{10ffff}' | '\u{fdd0}'..='\u{fdef}' => Class::Hidden,
        c if (c as u32) & 0xfffe == 0xfffe => Class::Hidden,
        c if is_mark(c) => Class::Mark,
        _ => Class::Plain,
    }
}

/// Does this ZWJ or selector only shape an emoji? Then it goes silently: the parts are drawn side by side.
pub fn joins_emoji(previous: Option<char>, c: char, next: Option<char>) -> bool {
    let Some(before) = previous else { return false };
    if c == '\u{200d}' {
        return is_emoji(before) && next.is_some_and(is_emoji);
    }
    if c != '\u{fe0e}' && c != '\u{fe0f}' {
        return false;
    }
    is_emoji(before) || (matches!(before, '0'..='9' | '#' | '*') && next == Some('\u{20e3}'))
}

/// Blocks that hold emoji: wide on purpose, a symbol with a selector is harmless.
fn is_emoji(c: char) -> bool {
    matches!(c,
        '\u{a9}' | '\u{ae}' | '\u{203c}' | '\u{2049}' | '\u{2122}' | '\u{2139}'
        | '\u{2190}'..='\u{21ff}' | '\u{2300}'..='\u{23ff}' | '\u{24c2}' | '\u{25a0}'..='\u{27bf}'
        | '\u{2900}'..='\u{297f}' | '\u{2b00}'..='\u{2bff}' | '\u{3030}' | '\u{303d}' | '\u{3297}' | '\u{3299}'
        | '\u{1f000}'..='\u{1faff}')
}

/// `^[`, `^?`, `\x9b` for controls, `<U+202E>` for the rest.
pub fn escape(c: char, into: &mut String) {
    let n = c as u32;
    let wrote = match n {
        0x7f => into.write_str("^?"),
        // 0x40 more is the letter of the key that makes it; n < 0x20, so this is ASCII.
        0..0x20 => write!(into, "^{}", char::from((n as u8) + 0x40)),
        0x80..0xa0 => write!(into, "\\x{n:02x}"),
        _ => write!(into, "<U+{n:04X}>"),
    };
    debug_assert!(wrote.is_ok(), "a String takes what is written");
}
