//! Markdown as a row of marks: titles, headings, list items, blocks, text. Knows nothing of steps.

use pulldown_cmark::{CodeBlockKind, Event, HeadingLevel, Parser, Tag, TagEnd};
use std::ops::Range;

/// What stands at a place, in the order of the text.
pub(super) struct Mark {
    pub what: What,
    pub text: String,
    pub span: Range<usize>,
}

pub(super) enum What {
    /// `# ...`
    Title,
    Heading,
    /// `## 2. ...`
    NumberedHeading,
    /// An item of a list that is in no other list; is the list a numbered one?
    Item(bool),
    /// With its first word.
    Fence(String),
    /// Anything else that is read as text.
    Paragraph,
}

/// `2. compare` has a number, `2 of them` has not.
pub(super) fn without_number(title: &str) -> &str {
    let rest = title.trim_start_matches(|c: char| c.is_ascii_digit());
    match rest.strip_prefix(['.', ')']) {
        Some(after) if rest.len() < title.len() => after.trim_start(),
        _ => title,
    }
}

/// Reads `text` from the offset `start`.
pub(super) fn marks(text: &str, start: usize) -> Vec<Mark> {
    let mut marks: Vec<Mark> = Vec::new();
    // Depth of lists, and whether each is ordered; the mark that text goes to.
    let mut lists: Vec<bool> = Vec::new();
    let mut writing: Option<usize> = None;
    for (event, at) in Parser::new(&text[start..]).into_offset_iter() {
        let span = at.start + start..at.end + start;
        let what = match &event {
            Event::Start(Tag::Heading { level, .. }) => Some(match level {
                HeadingLevel::H1 => What::Title,
                _ => What::Heading,
            }),
            Event::Start(Tag::CodeBlock(kind)) => Some(What::Fence(match kind {
                CodeBlockKind::Fenced(info) => info.split_whitespace().next().unwrap_or_default().to_owned(),
                CodeBlockKind::Indented => String::new(),
            })),
            Event::Start(Tag::List(first)) => {
                lists.push(first.is_some());
                None
            }
            Event::Start(Tag::Item) if lists.len() == 1 => Some(What::Item(lists == [true])),
            // Items of inner lists are lines of the step's text.
            Event::Start(Tag::Item | Tag::HtmlBlock) => Some(What::Paragraph),
            Event::Start(Tag::Paragraph) if !in_item(&marks, writing) => Some(What::Paragraph),
            _ => None,
        };
        if let Some(what) = what {
            writing = Some(marks.len());
            let text = match (&what, &event) {
                (What::Paragraph, Event::Start(Tag::Item)) => "- ".to_owned(),
                _ => String::new(),
            };
            marks.push(Mark { what, text, span });
            continue;
        }
        match event {
            Event::Text(t) | Event::Code(t) => push(&mut marks, writing, &t),
            // What stands between tags is text; the tags themselves say nothing to a reader.
            Event::Html(t) => push(&mut marks, writing, &without_tags(&t)),
            Event::SoftBreak | Event::HardBreak => push(&mut marks, writing, " "),
            Event::End(TagEnd::List(_)) => {
                lists.pop();
            }
            Event::End(
                TagEnd::Heading(_) | TagEnd::CodeBlock | TagEnd::Paragraph | TagEnd::Item | TagEnd::HtmlBlock,
            ) => writing = None,
            // A link is read by a person: its address must be on the screen.
            Event::Start(Tag::Link { dest_url, .. }) => {
                push(&mut marks, writing, &format!("<{dest_url}> "));
            }
            _ => {}
        }
    }
    for mark in &mut marks {
        if matches!(mark.what, What::Heading) && without_number(&mark.text) != mark.text {
            mark.what = What::NumberedHeading;
        }
    }
    marks.retain(|m| !matches!(m.what, What::Paragraph) || !m.text.trim_matches([' ', '-', '\n']).is_empty());
    marks
}

fn without_tags(html: &str) -> String {
    let mut out = String::new();
    let mut inside = false;
    for c in html.chars() {
        match c {
            '<' => inside = true,
            '>' if inside => inside = false,
            c if !inside => out.push(c),
            _ => {}
        }
    }
    out
}

/// Is text being written to an item that has none yet? Then its first paragraph is the item.
fn in_item(marks: &[Mark], writing: Option<usize>) -> bool {
    writing.and_then(|w| marks.get(w)).is_some_and(|m| match m.what {
        What::Item(_) => m.text.is_empty(),
        What::Paragraph => m.text == "- ",
        What::Title | What::Heading | What::NumberedHeading | What::Fence(_) => false,
    })
}

fn push(marks: &mut [Mark], writing: Option<usize>, text: &str) {
    if let Some(mark) = writing.and_then(|w| marks.get_mut(w)) {
        mark.text.push_str(text);
    }
}
