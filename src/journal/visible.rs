//! Strings from outside, drawn so that nobody is fooled: control, bidi and zero-width characters become `<U+202E>`.
//! For plain output only; knows no cells and no colours.

use std::fmt::Write;

/// May this character change how its neighbours look, or hide itself?
fn hides(c: char) -> bool {
    c.is_control()
        || matches!(u32::from(c),
            0xad | 0x34f | 0x61c | 0x115f..=0x1160 | 0x17b4..=0x17b5 | 0x180b..=0x180f
            | 0x200b..=0x200f | 0x2028..=0x202e | 0x2060..=0x206f | 0x3164 | 0xfe00..=0xfe0f
            | 0xfeff | 0xffa0 | 0xfff0..=0xfffb | 0x1d173..=0x1d17a | 0xe0000..=0xe0fff)
}

/// One line of at most `max` characters (as they stand in the result, the ending `...` included).
pub fn visible(text: &str, max: usize) -> String {
    let mut out = String::new();
    let mut n = 0;
    // Where the text is cut if it turns out too long: the last place that leaves room for the dots.
    let mut cut = 0;
    for c in text.chars() {
        let before = out.len();
        if hides(c) {
            // Writing to a String cannot fail.
            let _ = write!(out, "<U+{:04X}>", u32::from(c));
        } else {
            out.push(c);
        }
        n += out[before..].chars().count();
        if n > max {
            out.truncate(cut);
            out.push_str(&"..."[..max.min(3)]);
            return out;
        }
        if n + 3 <= max {
            cut = out.len();
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_hides_is_shown() {
        assert_eq!(visible("a\u{1b}[2J\u{202e}b\u{200b}", 99), "a<U+001B>[2J<U+202E>b<U+200B>");
        assert_eq!(visible("grün 東京", 99), "grün 東京");
    }

    #[test]
    fn what_is_too_long_is_cut_between_characters() {
        assert_eq!(visible("abcdefgh", 8), "abcdefgh");
        assert_eq!(visible("abcdefghi", 8), "abcde...");
        assert_eq!(visible("abc\u{7}\u{7}", 9), "abc...");
        assert_eq!(visible("abc", 2), "..");
    }
}
