//! A runbook's Markdown turned into steps (docs/runbooks.md says how it is written). Runs nothing.

mod check;

use crate::config::problem::{Problem, Severity, Told};
use crate::config::suggest;
use crate::core::case::runbook::{Check, Piece, RunStep, Runbook, StepKind};
use crate::core::id::ServiceId;
use check::check;
use pulldown_cmark::{CodeBlockKind, Event, HeadingLevel, Parser, Tag, TagEnd};
use std::ops::Range;
use std::sync::Arc;

/// The shipped runbooks: name and text.
pub const SHIPPED: [(&str, &str); 1] = [("checkout-5xx", include_str!("../../runbooks/checkout-5xx.md"))];

const FRONT: [&str; 5] = ["service", "alerts", "owner", "contacts", "escalation"];
/// Step kinds of the product that this version shows as text.
const LATER: [&str; 6] = ["act", "command", "wait", "choose", "get", "smoke"];

/// Reads one runbook. A part with a fault is told; its step is then a manual one, so that nothing passes by itself.
pub fn runbook(name: &str, file: &str, text: &str) -> (Runbook, Vec<Problem>) {
    let mut told = Told::new(file, text);
    let mut book = Runbook { name: Arc::from(name), title: Arc::from(name), ..Runbook::default() };
    let start = front_matter(text, &mut book, &mut told);
    let marks = marks(text, start);
    if let Some(title) = marks.iter().find(|m| matches!(m.what, What::Title)) {
        book.title = Arc::from(title.text.as_str());
    }
    // Numbered headings are the steps; a runbook without any may be one numbered list.
    let headings = marks.iter().any(|m| matches!(m.what, What::NumberedHeading));
    let mut open: Option<Draft> = None;
    for mark in marks {
        match mark.what {
            What::NumberedHeading => begin(&mut open, &mark, &mut book),
            What::Item if !headings => begin(&mut open, &mark, &mut book),
            What::Title | What::Heading => end(&mut open, &mut book),
            What::Item => {}
            What::Fence(word) => {
                if let Some(draft) = &mut open {
                    draft.fences.push((word, mark.text, mark.span));
                }
            }
            What::Paragraph => {
                if let Some(draft) = &mut open {
                    draft.body.push(Piece::Text(Arc::from(mark.text.as_str())));
                }
            }
        }
        if let Some(draft) = &mut open {
            draft.take_fences(&mut told);
        }
    }
    end(&mut open, &mut book);
    if book.steps.is_empty() {
        let hint = Some("a step is a heading such as \"## 1. look at the errors\"".to_owned());
        told.error(&(start..start), "the runbook has no steps", hint);
    }
    (book, told.into_problems())
}

/// The shipped runbooks, read. A test holds them free of problems.
pub fn shipped() -> Vec<Runbook> {
    SHIPPED.iter().map(|(name, text)| runbook(name, &format!("runbooks/{name}.md"), text).0).collect()
}

/// What stands at a place, in the order of the text.
struct Mark {
    what: What,
    text: String,
    span: Range<usize>,
}

enum What {
    /// `# ...`
    Title,
    Heading,
    /// `## 2. ...`
    NumberedHeading,
    /// An item of an ordered list that is in no other list.
    Item,
    /// With its first word.
    Fence(String),
    /// Anything else that is read as text.
    Paragraph,
}

/// A step being read.
struct Draft {
    title: String,
    body: Vec<Piece>,
    check: Option<Check>,
    fences: Vec<(String, String, Range<usize>)>,
}

impl Draft {
    fn take_fences(&mut self, told: &mut Told<'_>) {
        for (word, text, span) in std::mem::take(&mut self.fences) {
            let text = text.trim_end();
            match word.as_str() {
                "check" => match check(text, &span, told) {
                    Some(_) if self.check.is_some() => {
                        let hint = Some("make it a step of its own".to_owned());
                        told.error(&span, "a step has one check", hint);
                    }
                    Some(found) => self.check = Some(found),
                    None => self.body.push(Piece::Text(Arc::from(text))),
                },
                "sh" | "shell" | "bash" | "console" => {
                    let what = "commands are shown, not run";
                    told.add(Severity::NotInThisVersion, &span, what, None);
                    self.body.push(Piece::Commands(Arc::from(text)));
                }
                later if LATER.contains(&later) => {
                    let what = format!("a step of kind \"{later}\"; it is shown as text");
                    told.add(Severity::NotInThisVersion, &span, what, None);
                    self.body.push(Piece::Text(Arc::from(text)));
                }
                other => {
                    if suggest::nearest(other, ["check"]).is_some() {
                        let hint = Some("did you mean \"check\"?".to_owned());
                        told.error(&span, format!("unknown block \"{other}\""), hint);
                    }
                    self.body.push(Piece::Text(Arc::from(text)));
                }
            }
        }
    }
}

fn begin(open: &mut Option<Draft>, mark: &Mark, book: &mut Runbook) {
    end(open, book);
    *open =
        Some(Draft { title: without_number(&mark.text).to_owned(), body: Vec::new(), check: None, fences: Vec::new() });
}

fn end(open: &mut Option<Draft>, book: &mut Runbook) {
    let Some(draft) = open.take() else { return };
    book.steps.push(RunStep {
        number: u32::try_from(book.steps.len()).unwrap_or(u32::MAX).saturating_add(1),
        title: Arc::from(draft.title),
        body: draft.body,
        kind: draft.check.map_or(StepKind::Manual, StepKind::Check),
    });
}

/// `2. compare` has a number, `2 of them` has not.
fn without_number(title: &str) -> &str {
    let rest = title.trim_start_matches(|c: char| c.is_ascii_digit());
    match rest.strip_prefix(['.', ')']) {
        Some(after) if rest.len() < title.len() => after.trim_start(),
        _ => title,
    }
}

fn marks(text: &str, start: usize) -> Vec<Mark> {
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
            Event::Start(Tag::Item) if lists == [true] => Some(What::Item),
            // Items of inner lists are lines of the step's text.
            Event::Start(Tag::Item) => Some(What::Paragraph),
            Event::Start(Tag::Paragraph) if !in_item(&marks, writing) => Some(What::Paragraph),
            _ => None,
        };
        if let Some(what) = what {
            writing = Some(marks.len());
            let text = match (&what, lists.len()) {
                (What::Paragraph, 1..) => "- ".to_owned(),
                _ => String::new(),
            };
            marks.push(Mark { what, text, span });
            continue;
        }
        match event {
            Event::Text(t) | Event::Code(t) => push(&mut marks, writing, &t),
            Event::SoftBreak | Event::HardBreak => push(&mut marks, writing, " "),
            Event::End(TagEnd::List(_)) => {
                lists.pop();
            }
            Event::End(TagEnd::Heading(_) | TagEnd::CodeBlock | TagEnd::Paragraph | TagEnd::Item) => writing = None,
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
    marks.retain(|m| !matches!(m.what, What::Paragraph) || !m.text.trim().is_empty());
    marks
}

/// Is text being written to an item that has none yet? Then its first paragraph is the item.
fn in_item(marks: &[Mark], writing: Option<usize>) -> bool {
    writing.and_then(|w| marks.get(w)).is_some_and(|m| match m.what {
        What::Item => m.text.is_empty(),
        What::Paragraph => m.text == "- ",
        What::Title | What::Heading | What::NumberedHeading | What::Fence(_) => false,
    })
}

fn push(marks: &mut [Mark], writing: Option<usize>, text: &str) {
    if let Some(mark) = writing.and_then(|w| marks.get_mut(w)) {
        mark.text.push_str(text);
    }
}

/// Reads the lines between two `---` at the very start; the offset behind them.
fn front_matter(text: &str, book: &mut Runbook, told: &mut Told<'_>) -> usize {
    let mut at = 0;
    let mut inside = false;
    for line in text.split_inclusive('\n') {
        let here = at;
        at += line.len();
        let line = line.trim_end();
        match (inside, line) {
            (false, "---") => inside = true,
            (false, _) => return 0,
            (true, "---") => return at,
            (true, "") => {}
            (true, line) if line.starts_with('#') => {}
            (true, line) => front_line(line, here, book, told),
        }
    }
    if inside {
        let hint = Some("close it with a line \"---\"".to_owned());
        told.error(&(0..3), "the front matter does not end", hint);
    }
    at
}

fn front_line(line: &str, at: usize, book: &mut Runbook, told: &mut Told<'_>) {
    let span = at..at + line.len();
    let Some((key, value)) = line.split_once(':') else {
        told.error(&span, format!("\"{line}\" is not a setting"), Some("write key: value".to_owned()));
        return;
    };
    let value = value.trim();
    let one = || (!value.is_empty()).then(|| Arc::from(unquoted(value)));
    let many = || -> Vec<Arc<str>> {
        let inner = value.strip_prefix('[').and_then(|v| v.strip_suffix(']')).unwrap_or(value);
        let items = inner.split(',').map(|v| unquoted(v.trim()));
        items.filter(|v| !v.is_empty()).map(Arc::from).collect()
    };
    match key.trim() {
        "service" => book.service = one().map(ServiceId),
        "alerts" => book.alerts = many(),
        "owner" => book.owner = one(),
        "contacts" => book.contacts = many(),
        "escalation" => book.escalation = one(),
        other => {
            let hint = suggest::hint(other, FRONT);
            told.error(&span, format!("unknown key \"{other}\""), hint);
        }
    }
}

fn unquoted(s: &str) -> &str {
    s.strip_prefix('"').and_then(|s| s.strip_suffix('"')).unwrap_or(s)
}

#[cfg(test)]
mod tests;
