//! A runbook's question: its answers, and beside each what speaks for it now.

use crate::config::theme::Role;
use crate::core::case::runbook::{Asks, Check, Evidence, Progress, Runbook, StepKind};
use crate::core::intent::Intent;
use crate::core::judge::words::figure;
use crate::core::model::Model;
use crate::core::runbooks;
use crate::ui::parts::line::{Line, Rows};

pub fn rows(model: &Model, name: &str, step: u32, row: usize, wide: usize) -> Rows {
    let mut rows = Rows::new();
    let Some(book) = model.runbooks.get(name) else { return rows };
    let Some(StepKind::Choose(c)) = book.step(step).map(|s| &s.kind) else {
        rows.keep(Line::of(Role::Title, "GONE").text("  the runbook has no such question any more"));
        return rows;
    };
    rows.flow(0, 0, Line::of(Role::Title, "WHICH").text(format!("  {}", c.ask)), wide, 7);
    for (n, a) in c.answers.iter().enumerate() {
        let chosen = n == row;
        let line = Line::new().choice(chosen).text(format!(" {} ", n + 1));
        let role = if chosen { Role::Selected } else { Role::Text };
        let leads = a.goto.map(|g| format!("  on to step {g}")).unwrap_or_default();
        rows.flow(0, 0, line.add(role, &*a.words).text(leads), wide, 4);
        for e in &a.evidence {
            rows.flow(2, 2, Line::new().text("     ").append(evidence(model, book, e)), wide, 7);
        }
    }
    let key = model.keymap.shown(Intent::Open).unwrap_or_default();
    rows.keep(Line::new().text(" ").add(Role::Key, key).text(" answers; it stands in the log with your name"));
    rows
}

/// A figure as it is now, and whether it speaks for the answer. No figure is said as such.
fn evidence(model: &Model, book: &Runbook, e: &Evidence) -> Line {
    let none = || Line::of(Role::Blind, "NO FIGURE");
    let (text, expect, source) = match e {
        Evidence::Figure { text, expect, source } => (text, *expect, source),
        Evidence::Step(n) => {
            let Some(s) = book.step(*n) else { return none().text(format!(" there is no step {n}")) };
            match &s.kind {
                StepKind::Check(Check { asks: Asks::Query { text, expect, source }, .. }) => {
                    (text, Some(*expect), source)
                }
                _ => {
                    let empty = Progress::default();
                    let state = model.progress.get(&book.name).unwrap_or(&empty).state(*n);
                    let words = crate::core::plain::show::state(state);
                    return Line::new().text(format!("step {n} {}: {words}", s.title));
                }
            }
        }
    };
    let asked = runbooks::asked(model, text);
    let from = source.as_ref().map(|s| format!(" from {s}")).unwrap_or_default();
    let found = model.world.checked.get(&asked).and_then(|c| Some((c.value.filter(|v| v.is_finite())?, c.sample)));
    let Some((value, sample)) = found else { return none().text(format!("  {asked}{from}")) };
    let age = sample.map(|at| crate::core::age::coarse(model.utc().since(at).max(0)));
    let age = age.map(|a| format!(" {a} old")).unwrap_or_default();
    let line = match expect.map(|e| (e, e.holds(value))) {
        Some((e, true)) => Line::of(Role::Moving, "yes").text(format!("  {} is {e}", figure(value))),
        Some((e, false)) => Line::new().text(format!("no   {} is not {e}", figure(value))),
        None => Line::new().text(figure(value)),
    };
    line.text(format!("{age}  {asked}{from}"))
}
