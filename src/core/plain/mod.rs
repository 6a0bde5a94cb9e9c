//! `--plain` as a reading of the model: the grammar of typed lines, and the facts of every screen as lines to be
//! listened to. Most important word first, no columns, no signs that only an eye understands.
//! It must not change anything: what a line does is `update`'s business.

pub mod alerts;
pub mod ask;
pub mod grammar;
pub mod incident;
pub mod show;
pub mod why;
pub mod words;

use crate::core::shown;

/// Characters of one line; what is longer is cut, but requests, which are continued.
pub const LONG: usize = 200;

/// One line through the gate, cut to [`LONG`] characters.
pub fn line(text: &str) -> String {
    let text = shown::shown_line(text, shown::LINE_MAX).into_string();
    if text.chars().count() <= LONG {
        return text;
    }
    let mut cut: String = text.chars().take(LONG - 3).collect();
    cut.push_str("...");
    cut
}

/// Text that must be whole, through the gate: broken into lines of at most [`LONG`] characters, nothing left out.
pub fn whole(text: &str) -> Vec<String> {
    let text = shown::shown_text(text, shown::TEXT_MAX).into_string();
    let mut out = Vec::new();
    for l in text.lines() {
        let chars: Vec<char> = l.chars().collect();
        out.extend(chars.chunks(LONG).map(|c| c.iter().collect::<String>()));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_one_line_and_a_request_is_whole() {
        assert_eq!(line("a\nb\u{1b}[31m"), "a / b^[[31m");
        assert_eq!(line(&"x".repeat(500)).len(), LONG);
        let long = "y".repeat(450);
        assert_eq!(whole(&long).concat(), long);
        assert!(whole(&long).iter().all(|l| l.len() <= LONG));
    }
}
