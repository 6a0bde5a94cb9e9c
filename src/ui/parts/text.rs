//! Text before it becomes cells: the gate, widths, cuts and wraps. Knows nothing of roles, lines and buffers.
//!
//! One function says how wide a character is, and drawing puts every character exactly as wide, so that no name from
//! outside can move a column. A cut always shows as `..`.

use crate::core::shown::{LINE_MAX, Shown, shown_line};
use std::borrow::Cow;
use unicode_width::UnicodeWidthChar;

/// Text that may be drawn: printable ASCII as it is, everything else through the gate, marked when it was changed. It
/// never begins with a character that rides on another one: that would ride on a neighbour's text.
/// For those who must cut or wrap before they make a line of it; a line gates by itself.
pub fn gate(s: &str) -> Cow<'_, str> {
    if s.len() <= LINE_MAX && s.bytes().all(|b| (0x20..0x7f).contains(&b)) {
        return Cow::Borrowed(s);
    }
    Cow::Owned(shown(s).into_string())
}

/// The same as what a line is made of.
pub(super) fn shown(s: &str) -> Shown {
    let text = shown_line(s, LINE_MAX);
    match text.as_str().chars().next() {
        Some(c) if cells(c) == 0 => shown_line(&format!(" {s}"), LINE_MAX).marked(),
        _ => text.marked(),
    }
}

/// Cells one character takes: 0 (rides on the one before it), 1 or 2.
pub fn cells(c: char) -> usize {
    UnicodeWidthChar::width(c).unwrap_or(0)
}

/// Cells a text takes.
pub fn width(s: &str) -> usize {
    if s.is_ascii() { s.len() } else { s.chars().map(cells).sum() }
}

/// As many leading bytes of `s` as take at most `max` cells, and the cells they take.
pub(super) fn head(s: &str, max: usize) -> (&str, usize) {
    let mut used = 0;
    for (at, c) in s.char_indices() {
        let w = cells(c);
        if used + w > max {
            return (&s[..at], used);
        }
        used += w;
    }
    (s, used)
}

/// As many trailing bytes of `s` as take at most `max` cells, from a character with a cell of its own on.
fn tail(s: &str, max: usize) -> &str {
    let mut used = 0;
    let mut from = s.len();
    for (at, c) in s.char_indices().rev() {
        let w = cells(c);
        if used + w > max {
            break;
        }
        used += w;
        if w > 0 {
            from = at;
        }
    }
    &s[from..]
}

/// At most `max` columns; a cut shows as `..`.
pub fn cut(s: &str, max: usize) -> Cow<'_, str> {
    if width(s) <= max {
        return Cow::Borrowed(s);
    }
    let mark = if max >= 3 { 2 } else { max.min(1) };
    Cow::Owned(format!("{}{}", head(s, max - mark).0, &".."[..mark]))
}

/// At most `max` columns, both ends kept: what tells versions apart often stands at their ends.
pub fn cut_middle(s: &str, max: usize) -> Cow<'_, str> {
    if width(s) <= max {
        return Cow::Borrowed(s);
    }
    if max < 6 {
        return cut(s, max);
    }
    let behind = tail(s, (max - 2) * 2 / 5);
    let before = head(s, max - 2 - width(behind)).0;
    Cow::Owned(format!("{before}..{behind}"))
}

/// Two versions in at most `max` columns each, cut so that it stays in sight where they differ.
pub fn cut_versions(a: &str, b: &str, max: usize) -> [String; 2] {
    let cut_alike = [cut_middle(a, max), cut_middle(b, max)].map(Cow::into_owned);
    if a == b || cut_alike[0] != cut_alike[1] || max < 6 {
        return cut_alike;
    }
    // Both ends are the same: from a little before the first difference on.
    let same = a.chars().zip(b.chars()).take_while(|(x, y)| x == y).count();
    [a, b].map(|s| {
        let rest: String = s.chars().skip(same.saturating_sub(2)).skip_while(|c| cells(*c) == 0).collect();
        format!("..{}", cut(&rest, max - 2))
    })
}

/// Words over lines of at most `max` columns; a word that is wider is broken.
pub fn wrap(text: &str, max: usize) -> Vec<String> {
    let max = max.max(1);
    let mut out = Vec::new();
    let mut line = String::new();
    let mut used = 0;
    for word in text.split(' ') {
        let gap = usize::from(!line.is_empty());
        let w = width(word);
        if used + gap + w <= max {
            if gap == 1 {
                line.push(' ');
            }
            line.push_str(word);
            used += gap + w;
            continue;
        }
        if !line.is_empty() {
            out.push(std::mem::take(&mut line));
            used = 0;
        }
        for c in word.chars() {
            let w = cells(c);
            if used + w > max && !line.is_empty() {
                out.push(std::mem::take(&mut line));
                used = 0;
            }
            line.push(c);
            used += w;
        }
    }
    if !line.is_empty() || out.is_empty() {
        out.push(line);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_wrap_and_long_ones_break() {
        assert_eq!(wrap("one two three", 7), ["one two", "three"]);
        assert_eq!(wrap("abcdefgh", 3), ["abc", "def", "gh"]);
        assert_eq!(wrap("", 3), [""]);
    }

    #[test]
    fn a_cut_is_always_seen() {
        assert_eq!(cut("checkout", 8), "checkout");
        assert_eq!(
            [7, 4, 3, 2, 1, 0].map(|n| cut("checkout", n).into_owned()),
            ["check..", "ch..", "c..", "c.", ".", ""]
        );
        // Two cells a character: the one that would be half is left out.
        assert_eq!(cut("\u{4f60}\u{597d}\u{4f60}", 5), "\u{4f60}..");
    }

    #[test]
    fn a_version_keeps_both_ends() {
        assert_eq!(cut_middle("v2.14.1-rc.1+build.20261121.abcdef017", 16), "v2.14.1-r..ef017");
        assert_eq!(cut_middle("v2.14.1", 16), "v2.14.1");
        assert_eq!(cut_middle("v2.14.1-rc.1", 6), "v2...1");
        assert_eq!(cut_middle("v2.14.1-rc.1", 5), "v2...");
        assert!(width(&cut_middle("\u{4f60}\u{597d}\u{4f60}\u{597d}\u{4f60}\u{597d}e\u{301}\u{301}", 9)) <= 9);
    }

    #[test]
    fn what_differs_between_two_versions_stays_in_sight() {
        let (a, b) = ("release-2026-11-20-build-x86_64-linux", "release-2026-11-21-build-x86_64-linux");
        let [x, y] = cut_versions(a, b, 14);
        assert_ne!(x, y);
        assert_eq!([x.as_str(), y.as_str()], ["..-20-build-..", "..-21-build-.."]);
        assert_eq!(cut_versions("v1", "v2", 14), ["v1", "v2"]);
        assert_eq!(cut_versions(a, a, 14)[0], cut_versions(a, a, 14)[1]);
    }

    #[test]
    fn an_accent_without_a_letter_gets_a_cell_of_its_own() {
        assert_eq!(gate("\u{338}a"), " \u{338}a");
        assert_eq!(width(&gate("\u{338}a")), 2);
    }
}
