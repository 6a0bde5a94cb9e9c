//! The runbook of the chosen service: its steps, what was found, done, skipped and why; the chosen step in full.

use super::super::parts::line::{Line, Rows, gate, width, wrap};
use super::super::parts::rows::Window;
use super::super::parts::strips;
use crate::config::theme::Role;
use crate::core::case::runbook::{Check, Piece, Progress, RunStep, StepKind, StepState};
use crate::core::intent::Intent;
use crate::core::judge::words;
use crate::core::model::Model;
use crate::core::msg::Picked;

/// What the Runbook gives up when there is no room, the last first.
#[derive(Clone, Copy)]
enum Keep {
    /// Which runbook, the chosen step, what it found and what can be done with it.
    Never = 0,
    Step = 1,
    /// Steps that are not chosen.
    Others = 2,
    Result = 3,
    Expects = 5,
    Asks = 6,
    Title = 9,
    /// What a person is to read and to do.
    Text = 10,
    Contacts = 20,
    Rule = 30,
    Log = 60,
}

use Keep as K;

/// `checkout-5xx  2 of 6, 1 skipped`
pub fn count(model: &Model) -> Option<String> {
    let book = model.runbooks.get(&crate::core::update::this_runbook(model)?)?;
    let (done, skipped) = model.progress.get(&book.name).map_or((0, 0), Progress::counts);
    let skipped = if skipped > 0 { format!(", {skipped} skipped") } else { String::new() };
    Some(format!("{}  {done} of {}{skipped}", book.name, book.steps.len()))
}

/// `alone`: with its title and the newest lines of the log below; in a pane both stand elsewhere.
pub fn rows(model: &Model, wide: usize, tall: usize, alone: bool) -> Rows {
    let mut out = Rows::new();
    let book = crate::core::update::this_runbook(model).and_then(|n| model.runbooks.get(&n));
    let Some(book) = book else {
        none(model, wide, &mut out);
        return out;
    };
    let empty = Progress::default();
    let progress = model.progress.get(&book.name).unwrap_or(&empty);
    let owner = book.owner.as_ref().map(|o| format!("owner {o}")).unwrap_or_default();
    if alone {
        let head = Line::of(Role::Title, "RUNBOOK").text(format!("  {}", count(model).unwrap_or_default()));
        out.keep(head.end(Role::Text, &owner));
        out.may(K::Title as u8, Line::new().text(format!(" {}", book.title)));
    } else {
        out.may(K::Title as u8, Line::new().text(format!(" {}", book.title)).end(Role::Text, &owner));
    }
    // Half of the room for the list, more when it is all that is left.
    let told = book.steps.iter().any(|s| *progress.state(s.number) != StepState::Open);
    let c = StepColumns::of(book.steps.iter().map(|s| &*s.title), told, wide);
    let room = (tall.saturating_sub(out.len()) / 2).max(3).max(tall.saturating_sub(out.len() + 9));
    let listed = crate::core::listing::steps(model);
    let at = listed.iter().position(|i| *i == model.nav.step_row).unwrap_or(0);
    let w = Window::counted(listed.len(), at, room);
    for s in listed.iter().skip(w.first).take(w.shown).filter_map(|i| book.steps.get(*i)) {
        let chosen = s.number as usize == model.nav.step_row + 1;
        let line = step(s, progress.state(s.number), chosen, &c);
        let line = line.pick(Picked::Step(s.number.saturating_sub(1) as usize));
        out.may(if chosen { K::Never } else { K::Others } as u8, line);
    }
    if let Some(words) = w.words() {
        out.may(K::Others as u8, Line::new().text(format!("    {words}")));
    }
    out.may(K::Rule as u8, Line::rule());
    if let Some(s) = book.steps.get(model.nav.step_row) {
        chosen_step(model, s, progress.state(s.number), wide, &mut out);
    }
    let mut more = |head: &str, text: &str| para(&mut out, K::Contacts as u8, head, text, wide);
    if !book.contacts.is_empty() {
        more("contacts  ", &book.contacts.join(", "));
    }
    if let Some(e) = &book.escalation {
        more("escalate  ", e);
    }
    let spare = tall.saturating_sub(out.len()).clamp(1, 6);
    for line in strips::log(model, spare).into_iter().filter(|_| alone) {
        out.may(K::Log as u8, line);
    }
    out
}

fn none(model: &Model, wide: usize, out: &mut Rows) {
    let service =
        model.nav.selected.as_ref().map_or_else(|| "no service is chosen".into(), |s| format!("none for {s}"));
    out.keep(Line::of(Role::Title, "NO RUNBOOK").text(format!("  {service}")));
    let how = "A Markdown file in the runbooks folder is found by `service: NAME` in its head.";
    para(out, K::Step as u8, " ", how, wide);
    if !model.runbooks.is_empty() {
        let names: Vec<&str> = model.runbooks.keys().map(|n| &**n).collect();
        para(out, K::Others as u8, " found: ", &names.join(", "), wide);
    }
}

fn kind(s: &RunStep) -> &'static str {
    match s.kind {
        StepKind::Manual => "manual",
        StepKind::Check(_) => "check",
    }
}

/// Mark, role of the word, the word and what belongs to it.
fn state(s: &StepState) -> (&'static str, Role, &'static str, String) {
    match s {
        StepState::Open => (" ", Role::Text, "", String::new()),
        StepState::Running => ("~", Role::Moving, "asking", String::new()),
        StepState::Done { at, found } => {
            let found = found.map(|f| format!("found {} ", words::figure(f))).unwrap_or_default();
            let word = if found.is_empty() { "done" } else { "pass" };
            ("x", Role::Fine, word, format!("{found}at {}", at.hms()))
        }
        StepState::Failed { at, why } => ("!", Role::Bad, "FAILED", format!("{why}, {}", at.hms())),
        StepState::Skipped { at, reason } => ("-", Role::Moving, "skipped", format!("{reason}, {}", at.hms())),
    }
}

/// Widths of the list: the title as wide as it is, as far as what was found has its room.
struct StepColumns {
    title: usize,
    /// Kind, then what was found; else whichever of the two says more.
    both: bool,
}

impl StepColumns {
    fn of<'t>(titles: impl Iterator<Item = &'t str>, told: bool, wide: usize) -> StepColumns {
        let longest = titles.map(|t| width(&gate(t)) + 1).max().unwrap_or(1);
        // Mark and number take 5, the kind 8.
        let both = wide >= 60;
        let rest = if both && told { 30 } else { 0 };
        StepColumns { title: longest.min(wide.saturating_sub(5 + 8 + rest)).max(12), both }
    }
}

fn step(s: &RunStep, st: &StepState, chosen: bool, c: &StepColumns) -> Line {
    let (mark, role, word, rest) = state(st);
    let line = Line::new().choice(chosen).text(format!("{mark} {:>2} ", s.number));
    let line = line.left(if chosen { Role::Selected } else { Role::Text }, &s.title, c.title);
    match (c.both, word.is_empty()) {
        (false, true) => line.text(kind(s)),
        (false, false) => line.add(role, word),
        (true, true) => line.left(Role::Text, kind(s), 8),
        (true, false) => line.left(Role::Text, kind(s), 8).add(role, word).text(format!(" {rest}")),
    }
}

fn para(out: &mut Rows, drop: u8, head: &str, text: &str, wide: usize) {
    out.flow(drop, drop, Line::new().text(head).text(text), wide, head.len());
}

fn chosen_step(model: &Model, s: &RunStep, st: &StepState, wide: usize, out: &mut Rows) {
    let title = Line::of(Role::Moving, format!("{} ", s.number));
    for (i, part) in wrap(&gate(&s.title), wide.saturating_sub(title.width())).into_iter().enumerate() {
        let lead = if i == 0 { title.clone() } else { Line::new().text(" ".repeat(title.width())) };
        out.may(K::Result as u8, lead.add(Role::Moving, part));
    }
    for piece in &s.body {
        match piece {
            Piece::Text(t) => {
                for part in t.lines() {
                    para(out, K::Text as u8, " ", part, wide);
                }
            }
            Piece::Commands(c) => {
                out.may(K::Text as u8, Line::new().text(" for a person to run, not run from here:"));
                for part in c.lines() {
                    para(out, K::Text as u8, "   ", part, wide);
                }
            }
        }
    }
    if let StepKind::Check(Check { query, expect, source }) = &s.kind {
        para(out, K::Asks as u8, " asks     ", query, wide);
        let from = source.as_ref().map(|s| format!(", from {s}")).unwrap_or_default();
        para(out, K::Expects as u8, " expects  ", &format!("{expect}{from}"), wide);
    }
    let (_, role, word, rest) = state(st);
    if !word.is_empty() {
        for (i, part) in wrap(&gate(&rest), wide.saturating_sub(10 + word.len())).into_iter().enumerate() {
            let line = if i == 0 { Line::new().text(" ").add(role, word) } else { Line::new().text("  ") };
            out.may(K::Result as u8, line.text(format!(" {part}")));
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
        out.flow(K::Step as u8, K::Result as u8, line, wide, 2);
    }
}
