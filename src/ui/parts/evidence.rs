//! What a changed text was: the full original, escaped, once for each different one. In an incident it is evidence.

use super::line::{Line, wrap};
use crate::config::theme::Role;
use crate::core::shown::{LINE_MAX, MARK, evidence, shown_line};
use crate::core::world::foreign::Text;

/// Lines for the texts that a list could not show as they came; none when there is no such text.
pub fn lines(texts: &[Text<'_>], wide: usize) -> Vec<Line> {
    let mut out = Vec::new();
    let mut told: Vec<&Text<'_>> = Vec::new();
    for text in texts {
        if told.contains(&text) || !shown_line(text.1, LINE_MAX).is_altered() {
            continue;
        }
        told.push(text);
        if out.is_empty() {
            out.push(Line::of(Role::Warn, MARK).text(" not shown as it came; in full:"));
        }
        let head = format!("   {}  ", text.0);
        let original = evidence(text.1);
        for (i, part) in wrap(original.as_str(), wide.saturating_sub(head.len() + 1)).into_iter().enumerate() {
            let lead = if i == 0 { head.clone() } else { " ".repeat(head.len()) };
            out.push(Line::new().text(lead).text(part));
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ui::Look;
    use ratatui::buffer::Buffer;
    use ratatui::layout::Rect;

    fn drawn(texts: &[Text<'_>]) -> Vec<String> {
        let area = Rect::new(0, 0, 60, 1);
        let one = |l: &Line| {
            let mut buf = Buffer::empty(area);
            l.draw(&Look::shipped(), area, 0, &mut buf);
            buf.content.iter().map(|c| c.symbol()).collect::<String>().trim_end().to_owned()
        };
        lines(texts, 60).iter().map(one).collect()
    }

    #[test]
    fn the_whole_original_stands_there_once_and_clean_texts_do_not() {
        let said = drawn(&[
            ("name", "checkout"),
            ("message", "a\u{1b}]52;c;aGk=\u{7}"),
            ("image", "pay\u{200b}ments"),
            ("image", "pay\u{200b}ments"),
        ]);
        assert_eq!(
            said,
            [
                "(^) not shown as it came; in full:",
                "   message  a<U+001B>]52;c;aGk=<U+0007>",
                "   image  pay<U+200B>ments",
            ]
        );
        assert!(drawn(&[("name", "checkout")]).is_empty());
    }
}
