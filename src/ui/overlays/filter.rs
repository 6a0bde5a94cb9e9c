//! The filter's line, typed or kept, with its counts: what is hidden is always said, the worst of it by name.

use crate::config::theme::Role;
use crate::core::find::holds;
use crate::core::intent::Intent;
use crate::core::listing;
use crate::core::model::Model;
use crate::core::nav::Listing;
use crate::ui::parts::line::{Line, cut, gate, width};

/// The row above the last one while a filter holds here.
pub struct Shown {
    pub line: Line,
    /// `/che`
    pub words: String,
    pub typing: bool,
}

/// Columns the words have: counts must stand beside them.
fn room(wide: usize) -> usize {
    (wide / 3).max(12)
}

/// The words as they are drawn: of a long line, its end.
fn words(model: &Model, wide: usize) -> Option<(String, bool)> {
    let filter = listing::filter_here(model)?;
    let text = gate(&filter.words).into_owned();
    let mut tail = text.as_str();
    while width(tail) > room(wide) {
        let mut rest = tail.chars();
        rest.next();
        tail = rest.as_str();
    }
    Some((format!("/{tail}"), filter.typing))
}

/// Where the text cursor stands while the filter is typed.
pub fn cursor(model: &Model, wide: usize) -> Option<usize> {
    if model.dialog.is_some() {
        return None;
    }
    words(model, wide).filter(|(_, typing)| *typing).map(|(w, _)| width(&w))
}

pub fn line(model: &Model, wide: usize) -> Option<Shown> {
    let (words, typing) = words(model, wide)?;
    let of = listing::filter_here(model)?.of;
    let mut line = Line::of(if typing { Role::Moving } else { Role::Warn }, &words);
    let empty = words == "/";
    match listing::count(model, of) {
        Some(c) if !empty => {
            line = line.text(format!("  {} of {} {}", c.found, c.of, c.what));
            if c.hidden > 0 {
                line = line.text(format!("  {} hidden", c.hidden));
            }
            if !c.worst.is_empty() {
                line = line.text(": ").add(Role::Warn, &c.worst);
            }
        }
        Some(c) => line = line.text(format!("  {} {}", c.of, c.what)),
        None => {}
    }
    let key = |i| model.keymap.shown(i).unwrap_or_default();
    let keys: &[(String, &str)] = if of == Listing::Help && !typing {
        &[(key(Intent::Back), " show all")]
    } else if typing {
        &[(key(Intent::FieldTake), " keep"), (key(Intent::FieldLeave), " as before")]
    } else {
        &[
            (format!("{}/{}", key(Intent::MatchPrevious), key(Intent::MatchNext)), " match"),
            (key(Intent::Back), " show all"),
        ]
    };
    let mut hints = Line::new();
    // The way out stays longest.
    for (k, what) in keys.iter().rev() {
        let one = Line::new().text("  ").add(Role::Key, k).text(*what);
        if line.width() + hints.width() + one.width() <= wide {
            hints = one.append(hints);
        }
    }
    Some(Shown { line: line.append(hints), words: cut(&words, 20).into_owned(), typing })
}

/// `16 hidden by /che: 1 WORSE`, for the foot of the list itself.
pub fn hidden(model: &Model, of: Listing) -> Option<String> {
    let count = listing::count(model, of)?;
    let words = listing::words(model, of)?;
    let worst = if count.worst.is_empty() { String::new() } else { format!(": {}", count.worst) };
    let words = gate(words).into_owned();
    Some(format!("{} hidden by /{}{worst}", count.hidden, cut(&words, 20)))
}

/// Lines of help that hold the words, with their count in the first line.
pub fn of_help(model: &Model, lines: Vec<Line>) -> Vec<Line> {
    let Some(words) = listing::words(model, Listing::Help) else { return lines };
    let all = lines.len().saturating_sub(1);
    let mut kept: Vec<Line> = lines.into_iter().skip(1).filter(|l| holds(&l.plain(), words)).collect();
    let head = Line::of(Role::Title, "HELP").text(format!("  {} of {all} lines hold /{words}", kept.len()));
    kept.insert(0, head);
    kept
}
