//! The runbook of the chosen service: its steps, what was found, done, skipped and why; the chosen step in full.

use super::super::parts::line::{Line, Rows, gate, width, wrap};
use super::super::parts::strips;
use crate::config::theme::Role;
use crate::core::case::runbook::{Check, Piece, Progress, RunStep, StepKind, StepState};
use crate::core::intent::Intent;
use crate::core::judge::words;
use crate::core::model::Model;

/// `strip`: with the newest lines of the log below.
pub fn rows(model: &Model, wide: usize, tall: usize, strip: bool) -> Rows {
    let mut out = Rows::new();
    let book = crate::core::update::this_runbook(model).and_then(|n| model.runbooks.get(&n));
    let Some(book) = book else {
        none(model, &mut out);
        return out;
    };
    let empty = Progress::default();
    let progress = model.progress.get(&book.name).unwrap_or(&empty);
    let (done, skipped) = progress.counts();
    let skipped_words = if skipped > 0 { format!(", {skipped} skipped") } else { String::new() };
    let head = Line::of(Role::Title, "RUNBOOK").text(format!(
        "  {}  {done} of {}{skipped_words}",
        book.name,
        book.steps.len()
    ));
    let owner = book.owner.as_ref().map(|o| format!("owner {o}")).unwrap_or_default();
    out.keep(head.end(Role::Text, owner));
    out.may(9, Line::new().text(format!(" {}", book.title)));
    let listed = crate::core::listing::steps(model);
    for (_, s) in book.steps.iter().enumerate().filter(|(i, _)| listed.contains(i)) {
        let chosen = s.number as usize == model.nav.step_row + 1;
        out.may(if chosen { 0 } else { 2 }, step(s, progress.state(s.number), chosen, wide));
    }
    out.may(30, Line::rule());
    if let Some(s) = book.steps.get(model.nav.step_row) {
        chosen_step(model, s, progress.state(s.number), wide, &mut out);
    }
    if !book.contacts.is_empty() {
        out.may(20, Line::new().text(format!("contacts  {}", book.contacts.join(", "))));
    }
    if let Some(e) = &book.escalation {
        out.may(20, Line::new().text(format!("escalate  {e}")));
    }
    let spare = tall.saturating_sub(out.len()).clamp(1, 6);
    for line in strips::log(model, spare).into_iter().filter(|_| strip) {
        out.may(60, line);
    }
    out
}

fn none(model: &Model, out: &mut Rows) {
    let service =
        model.nav.selected.as_ref().map_or_else(|| "no service is chosen".into(), |s| format!("none for {s}"));
    out.keep(Line::of(Role::Title, "NO RUNBOOK").text(format!("  {service}")));
    out.may(1, Line::new().text(" A Markdown file in the runbooks folder is found by `service: NAME` in its head."));
    if !model.runbooks.is_empty() {
        let names: Vec<&str> = model.runbooks.keys().map(|n| &**n).collect();
        out.may(2, Line::new().text(format!(" found: {}", names.join(", "))));
    }
}

fn kind(s: &RunStep) -> &'static str {
    match s.kind {
        StepKind::Manual => "manual",
        StepKind::Check(_) => "check",
    }
}

fn number(x: f64) -> String {
    let s = words::decimal(x, 4);
    if s.contains('.') { s.trim_end_matches('0').trim_end_matches('.').to_owned() } else { s }
}

/// Mark, role of the word, the word and what belongs to it.
fn state(s: &StepState) -> (&'static str, Role, &'static str, String) {
    match s {
        StepState::Open => (" ", Role::Text, "", String::new()),
        StepState::Running => ("~", Role::Moving, "asking", String::new()),
        StepState::Done { at, found } => {
            let found = found.map(|f| format!("found {} ", number(f))).unwrap_or_default();
            let word = if found.is_empty() { "done" } else { "pass" };
            ("x", Role::Fine, word, format!("{found}at {}", at.hms()))
        }
        StepState::Failed { at, why } => ("!", Role::Bad, "FAILED", format!("{why}, {}", at.hms())),
        StepState::Skipped { at, reason } => ("-", Role::Moving, "skipped", format!("{reason}, {}", at.hms())),
    }
}

fn step(s: &RunStep, st: &StepState, chosen: bool, wide: usize) -> Line {
    let (mark, role, word, rest) = state(st);
    let title = (wide / 2).saturating_sub(6).max(20);
    let line = Line::new().text(if chosen { ">" } else { " " }).text(format!("{mark} {:>2} ", s.number));
    let text = gate(&s.title).into_owned();
    let text = super::super::parts::line::cut(&text, title - 1).into_owned();
    let pad = title.saturating_sub(width(&text));
    let line = line.add(if chosen { Role::Selected } else { Role::Text }, text).text(" ".repeat(pad));
    let line = line.left(Role::Text, kind(s), 8);
    if word.is_empty() { line } else { line.add(role, word).text(format!(" {rest}")) }
}

fn para(out: &mut Rows, drop: u8, head: &str, text: &str, wide: usize) {
    for (i, part) in wrap(&gate(text), wide.saturating_sub(head.len() + 1)).into_iter().enumerate() {
        let lead = if i == 0 { head.to_owned() } else { " ".repeat(head.len()) };
        out.may(drop, Line::new().text(lead).text(part));
    }
}

fn chosen_step(model: &Model, s: &RunStep, st: &StepState, wide: usize, out: &mut Rows) {
    out.may(3, Line::of(Role::Moving, format!("{} {}", s.number, s.title)));
    for piece in &s.body {
        match piece {
            Piece::Text(t) => {
                for part in t.lines() {
                    para(out, 10, " ", part, wide);
                }
            }
            Piece::Commands(c) => {
                out.may(11, Line::new().text(" for a person to run, not run from here:"));
                for part in c.lines() {
                    para(out, 11, "   ", part, wide);
                }
            }
        }
    }
    if let StepKind::Check(Check { query, expect, source }) = &s.kind {
        para(out, 6, " asks     ", query, wide);
        let from = source.as_ref().map(|s| format!(", from {s}")).unwrap_or_default();
        out.may(5, Line::new().text(format!(" expects  {expect}{from}")));
    }
    let (_, role, word, rest) = state(st);
    if !word.is_empty() {
        for (i, part) in wrap(&gate(&rest), wide.saturating_sub(10 + word.len())).into_iter().enumerate() {
            let line = if i == 0 { Line::new().text(" ").add(role, word) } else { Line::new().text("  ") };
            out.may(4, line.text(format!(" {part}")));
        }
    }
    let key = |i| model.keymap.shown(i).unwrap_or_default();
    let (open, failed) = (matches!(st, StepState::Open), matches!(st, StepState::Failed { .. }));
    let line = match s.kind {
        StepKind::Check(_) if *st != StepState::Running => {
            let again = if open { " runs this check" } else { " runs it again" };
            Line::new().text(" ").add(Role::Key, key(Intent::StepRun)).text(again)
        }
        StepKind::Manual if open || failed => {
            Line::new().text(" ").add(Role::Key, key(Intent::StepTick)).text(" ticks it as done")
        }
        StepKind::Check(_) | StepKind::Manual => Line::new(),
    };
    if !line.is_empty() {
        let line = if matches!(st, StepState::Done { .. } | StepState::Skipped { .. }) {
            line
        } else {
            line.text("   ").add(Role::Key, key(Intent::StepSkip)).text(" skips it, with a reason")
        };
        out.flow(3, 4, line, wide, 2);
    }
}
