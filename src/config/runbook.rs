//! A runbook's Markdown turned into steps (docs/runbooks.md says how it is written). Runs nothing.

mod block;
mod check;
mod front;
pub mod lint;
mod marks;

use crate::config::problem::{Problem, Told};
use crate::config::suggest;
use crate::core::case::runbook::{Command, Piece, RunStep, Runbook, StepKind};
use crate::core::seal::sha256_hex;
use marks::{Mark, What, without_number};
use std::ops::Range;
use std::sync::Arc;

macro_rules! shipped {
    ($($name:literal),* $(,)?) => {
        /// The shipped runbooks: name and text.
        pub const SHIPPED: &[(&str, &str)] =
            &[$(($name, include_str!(concat!("../../runbooks/", $name, ".md")))),*];
    };
}

shipped!(
    "checkout-5xx",
    "f1-canary-regression",
    "f2-rollback-incomplete",
    "f3-migration-locks",
    "f4-config-drift",
    "f5-artifact-compromise",
    "f6-blind-spot",
    "f7-permission-failure",
    "f8-slow-rollback",
);

/// A title longer than this goes on in the step's text. Characters.
const TITLE_MOST: usize = 160;
/// Words of blocks in which other programs' runbooks hold shell commands.
const SHELLS: [&str; 6] = ["sh", "shell", "bash", "zsh", "console", "shell-session"];

/// Reads one runbook. A part with a fault is told; its step is then a manual one, so that nothing passes by itself.
pub fn runbook(name: &str, file: &str, text: &str) -> (Runbook, Vec<Problem>) {
    let hash = sha256_hex(text.as_bytes());
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut told = Told::new(file, text);
    let mut book = Runbook { name: Arc::from(name), title: Arc::from(name), hash: hash.into(), ..Runbook::default() };
    let start = front::read(text, &mut book, &mut told);
    let marks = marks::marks(text, start);
    if let Some(title) = marks.iter().find(|m| matches!(m.what, What::Title) && !m.text.trim().is_empty()) {
        book.title = Arc::from(title.text.as_str());
    }
    // A slip of the pen in a block's word marks it as well, and is told.
    let nearly = |w: &str| !w.is_empty() && !SHELLS.contains(&w) && suggest::nearest(w, block::WORDS).is_some();
    book.marked |= marks.iter().any(|m| matches!(&m.what, What::Fence(w) if nearly(w)));
    if book.marked {
        ours(marks, &mut book, &mut told);
    }
    if book.steps.is_empty() {
        // Not ours, or ours without anything that we take for a step.
        foreign(marks::marks(text, start), &mut book);
    }
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

/// Numbered headings are the steps; a runbook without any may be one numbered list, and without that its headings are.
fn ours(marks: Vec<Mark>, book: &mut Runbook, told: &mut Told<'_>) {
    let headings = marks.iter().any(|m| matches!(m.what, What::NumberedHeading));
    let bare = !headings && !marks.iter().any(|m| matches!(m.what, What::Item(true)));
    let mut open: Option<Draft> = None;
    for mark in marks {
        match mark.what {
            What::NumberedHeading => begin(&mut open, &mark.text, book),
            What::Item(true) if !headings => begin(&mut open, &mark.text, book),
            What::Heading if bare => begin(&mut open, &mark.text, book),
            What::Title | What::Heading => end(&mut open, book),
            What::Item(_) | What::Paragraph => {
                let text = if matches!(mark.what, What::Item(_)) { format!("- {}", mark.text) } else { mark.text };
                if let Some(draft) = &mut open {
                    draft.body.push(Piece::Text(Arc::from(text)));
                }
            }
            What::Fence(word) => {
                if let Some(draft) = &mut open {
                    draft.fence(&word, &mark.text, &mark.span, told);
                }
            }
        }
    }
    end(&mut open, book);
}

/// A file that knows nothing of us: every heading and every item of an outer list is a step for a person; a shell block is
/// a command of its own, which runs no sooner than any other.
fn foreign(marks: Vec<Mark>, book: &mut Runbook) {
    let title = book.title.clone();
    let mut titled = false;
    let mut intro: Vec<Piece> = Vec::new();
    let mut open: Option<Draft> = None;
    for mark in marks {
        let text = mark.text.trim();
        match mark.what {
            // The first one names the book.
            What::Title if !titled && *text == *title => titled = true,
            What::Title | What::Heading | What::NumberedHeading | What::Item(_) => {
                let text = ["[ ]", "[x]", "[X]"].iter().find_map(|b| text.strip_prefix(b)).unwrap_or(text).trim();
                match text.is_empty() {
                    true => end(&mut open, book),
                    false => begin(&mut open, text, book),
                }
            }
            What::Fence(word) if SHELLS.contains(&word.as_str()) && !text.is_empty() => {
                let text =
                    if matches!(word.as_str(), "console" | "shell-session") { prompts(text) } else { text.into() };
                end(&mut open, book);
                let first = text.lines().map(str::trim).find(|l| !l.is_empty() && !l.starts_with('#'));
                begin(&mut open, &format!("run: {}", first.unwrap_or("a shell block")), book);
                if let Some(draft) = &mut open {
                    draft.kind = Some(StepKind::Command(Command { unmarked: true, ..Command::of_shell(&text) }));
                }
                end(&mut open, book);
            }
            What::Fence(_) | What::Paragraph => match &mut open {
                Some(draft) => draft.body.push(Piece::Text(Arc::from(text))),
                None if book.steps.is_empty() => intro.push(Piece::Text(Arc::from(text))),
                None => {
                    // Behind a command: more to read.
                    if let Some(step) = book.steps.last_mut() {
                        step.body.push(Piece::Text(Arc::from(text)));
                    }
                }
            },
        }
    }
    end(&mut open, book);
    match book.steps.first_mut() {
        Some(step) => step.body.splice(0..0, intro).for_each(drop),
        None if !intro.is_empty() => {
            book.steps.push(RunStep {
                number: 1,
                title: format!("read: {title}").into(),
                body: intro,
                kind: StepKind::Manual,
            });
        }
        None => {}
    }
}

/// A session as it was copied from a screen: lines behind a prompt are what was typed, the others what was answered.
fn prompts(text: &str) -> String {
    let typed: Vec<&str> = text
        .lines()
        .filter_map(|l| l.trim_start().strip_prefix("$ ").or_else(|| l.trim_start().strip_prefix("# ")))
        .collect();
    if typed.is_empty() { text.to_owned() } else { typed.join("\n") }
}

/// A step being read.
struct Draft {
    title: String,
    body: Vec<Piece>,
    kind: Option<StepKind>,
}

impl Draft {
    fn fence(&mut self, word: &str, text: &str, span: &Range<usize>, told: &mut Told<'_>) {
        let text = text.trim_end();
        if block::WORDS.contains(&word) {
            match block::block(word, text, span, told) {
                Some(_) if self.kind.is_some() => {
                    let hint = Some("make it a step of its own".to_owned());
                    told.error(span, format!("a step has one block, and this {word} is the second"), hint);
                }
                Some(kind) => self.kind = Some(kind),
                None => self.body.push(Piece::Text(Arc::from(text))),
            }
        } else if SHELLS.contains(&word) {
            self.body.push(Piece::Commands(Arc::from(text)));
        } else {
            if let Some(near) = suggest::nearest(word, block::WORDS) {
                let hint = Some(format!("did you mean \"{near}\"?"));
                told.error(span, format!("unknown block \"{word}\""), hint);
            }
            self.body.push(Piece::Text(Arc::from(text)));
        }
    }
}

fn begin(open: &mut Option<Draft>, title: &str, book: &mut Runbook) {
    end(open, book);
    let title = without_number(title.trim());
    let mut draft = Draft { title: title.to_owned(), body: Vec::new(), kind: None };
    if title.chars().count() > TITLE_MOST {
        draft.title = title.chars().take(TITLE_MOST).collect::<String>() + "...";
        draft.body.push(Piece::Text(Arc::from(title)));
    }
    *open = Some(draft);
}

fn end(open: &mut Option<Draft>, book: &mut Runbook) {
    let Some(draft) = open.take() else { return };
    book.steps.push(RunStep {
        number: u32::try_from(book.steps.len()).unwrap_or(u32::MAX).saturating_add(1),
        title: Arc::from(draft.title),
        body: draft.body,
        kind: draft.kind.unwrap_or(StepKind::Manual),
    });
}

#[cfg(test)]
mod tests;
