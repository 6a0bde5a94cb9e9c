//! What a text was, to the last character: for the detail view and for reports. The gate's short forms (`^[`, four
//! marks, a tab as blanks) read better and lose something; this form loses nothing and can be read back by hand.

use super::class::{Class, class};
use super::{Shown, TEXT_MAX};
use std::fmt::Write;

/// One line: what is printable as it is, everything else (line breaks and every mark too) as `<U+202E>`. A run of one
/// escaped character is counted, `<U+0301 x10000>`. A `<U+` that was in the text itself begins with `<U+003C>`, so the
/// form has one meaning only. Cut past [`TEXT_MAX`] bytes, with the number of characters left out.
pub fn evidence(s: &str) -> Shown {
    let mut out = Shown::default();
    let mut rest = s;
    while let Some(c) = rest.chars().next() {
        if out.text.len() > TEXT_MAX {
            let left = rest.chars().count();
            out.cut = left;
            out.put(format_args!("... (+{left})"));
            break;
        }
        let plain = class(c) == Class::Plain && !rest.starts_with("<U+");
        if plain {
            out.text.push(c);
            rest = &rest[c.len_utf8()..];
            continue;
        }
        let run = rest.chars().take_while(|n| *n == c).count();
        let count = if c == '<' { 1 } else { run };
        out.escaped = out.escaped.saturating_add(u32::try_from(count).unwrap_or(u32::MAX));
        let code = u32::from(c);
        match count {
            1 => out.put(format_args!("<U+{code:04X}>")),
            n => out.put(format_args!("<U+{code:04X} x{n}>")),
        }
        rest = &rest[count * c.len_utf8()..];
    }
    out
}

impl Shown {
    fn put(&mut self, what: std::fmt::Arguments<'_>) {
        let wrote = self.text.write_fmt(what);
        debug_assert!(wrote.is_ok(), "a String takes what is written");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// The form read back by hand.
    fn read_back(s: &str) -> String {
        let mut out = String::new();
        let mut rest = s;
        while let Some(at) = rest.find("<U+") {
            out.push_str(&rest[..at]);
            let (inside, after) = rest[at + 3..].split_once('>').expect("closed");
            let (code, n) = inside.split_once(" x").unwrap_or((inside, "1"));
            let c = u32::from_str_radix(code, 16).ok().and_then(char::from_u32).expect("a character");
            let n = n.parse().expect("a number");
            out.extend(std::iter::repeat_n(c, n));
            rest = after;
        }
        out + rest
    }

    #[test]
    fn evidence_names_every_character_that_is_not_printed() {
        assert_eq!(evidence("a\u{1b}[31m\r\n\tb").as_str(), "a<U+001B>[31m<U+000D><U+000A><U+0009>b");
        assert_eq!(evidence(&format!("e{}x", "\u{301}".repeat(10_000))).as_str(), "e<U+0301 x10000>x");
        assert_eq!(evidence("<U+202E>").as_str(), "<U+003C>U+202E>");
        assert_eq!(evidence("\u{1f468}\u{200d}\u{1f469}").as_str(), "\u{1f468}<U+200D>\u{1f469}");
        assert!(!evidence("checkout").is_altered() && evidence("a\tb").is_altered());
        let long = evidence(&"\u{202e}a".repeat(50_000));
        assert!(long.as_str().len() < TEXT_MAX + 40 && long.cut() > 0);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(128))]
        #[test]
        fn evidence_loses_nothing(s in "[a-z<U+> x0-9\u{0}-\u{1f}\u{200b}-\u{200f}\u{301}]{0,40}|\\PC{0,20}") {
            let form = evidence(&s);
            prop_assert_eq!(read_back(form.as_str()), s);
        }
    }
}
