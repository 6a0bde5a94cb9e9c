//! What is chosen, as text for the clipboard: the same words as on screen, when they were true, and the link. Only text
//! that has passed the gate.

use super::overlays::explain;
use super::parts::figures;
use super::parts::line::Line;
use super::screens::{board, sources};
use crate::config::theme::Role;
use crate::core::board as rows;
use crate::core::case::runbook::{Piece, StepKind};
use crate::core::link;
use crate::core::listing;
use crate::core::members;
use crate::core::model::Model;
use crate::core::nav::{Overlay, Screen};
use crate::core::record::Key;
use crate::core::shown::{TEXT_MAX, shown_line, shown_text};
use crate::core::words;

/// Wide enough that nothing is cut or wrapped early.
const WIDE: usize = 160;

/// Empty: nothing is chosen.
pub fn text(model: &Model) -> String {
    let explained = matches!(model.nav.overlay, Some(Overlay::Explain { .. }));
    if let Some(Overlay::Log(b)) = &model.nav.overlay {
        return record(model, b.chosen.as_ref());
    }
    let raw = matches!(model.nav.overlay, Some(Overlay::Raw { .. }));
    let page = match &model.nav.overlay {
        Some(Overlay::Lines(l)) => Some(super::overlays::lines::copied(model, l)),
        Some(Overlay::Raw { target, .. }) => Some(super::overlays::raw::lines(model, target, WIDE)),
        Some(_) | None => None,
    };
    let mut lines = if let Some(page) = page {
        page
    } else if explained {
        explain::lines(model, WIDE)
    } else {
        match model.nav.screen {
            Screen::Waking | Screen::Choose => return String::new(),
            Screen::Verdict | Screen::Board => service(model),
            Screen::Runbook => step(model),
            Screen::Sources => source(model),
            Screen::Evidence => super::screens::evidence::rows(model, WIDE, 1_000).fit(usize::MAX),
            Screen::Watch => super::screens::watch::rows(model, WIDE, 1_000).fit(usize::MAX),
            Screen::Alerts => super::screens::alerts::rows(model, WIDE, 1_000).fit(usize::MAX),
            Screen::Timeline => super::screens::timeline::rows(model, WIDE, 1_000).fit(usize::MAX),
            Screen::Incident => super::screens::incident::head(model, WIDE).fit(usize::MAX),
        }
    };
    if lines.is_empty() {
        return String::new();
    }
    let (_, arming) = super::frame::arming(model);
    let e = &model.environment;
    lines.push(Line::new().text(format!(
        "seen {} in {} {}, {}, by {}",
        model.utc().rfc3339(),
        super::frame::place(model),
        e.name,
        arming.to_lowercase(),
        e.who
    )));
    // An explanation has its link inside.
    lines.extend(link::here(model).filter(|_| !explained).map(|l| Line::new().text(l)));
    let mut out = String::new();
    for l in lines {
        // What is indented means something in an object.
        out.push_str(if raw { l.plain().trim_end().to_owned() } else { l.plain().trim().to_owned() }.as_str());
        out.push('\n');
    }
    out
}

/// A record with all its members, one a line.
fn record(model: &Model, key: Option<&Key>) -> String {
    let Some(r) = key.and_then(|k| model.chronicle.find(k)) else { return String::new() };
    let mut out = format!("{}\n", words::line(r));
    for m in members::of(r) {
        out.push_str(&format!(
            "  {}: {}\n",
            shown_line(&m.name, TEXT_MAX).as_str(),
            shown_text(&m.value, TEXT_MAX).as_str()
        ));
    }
    out
}

fn service(model: &Model) -> Vec<Line> {
    let Some(row) = rows::selected(model) else { return Vec::new() };
    let Some(t) = rows::selected_target(model) else {
        return vec![Line::of(Role::Moving, row.service.as_str()).text(": no rollout is known")];
    };
    let (role, age) = figures::figures_age(model, t);
    let judged = model.judged.get(&t.id);
    let mut out = vec![
        board::heading(model, t, WIDE).text(format!("  {}, namespace {}", t.id.at(), t.id.namespace)),
        Line::new().text("verdict  ").append(figures::verdict(model, t)),
        Line::new().text("errors   ").append(figures::errors(t, judged, WIDE)).text("  ").add(role, age),
        Line::new().text("budget   ").append(figures::budget_of(model, &t.service)),
    ];
    if t.is_moving() {
        out.push(Line::new().text("reach    ").append(figures::reach(t)));
    }
    out.push(Line::new().text(format!("way back {}", figures::way_back(model, t).0)));
    out
}

fn step(model: &Model) -> Vec<Line> {
    let Some(book) = listing::this_runbook(model).and_then(|n| model.runbooks.get(&n)) else { return Vec::new() };
    let Some(step) = book.steps.get(model.nav.step_row) else { return Vec::new() };
    let mut out = vec![Line::new().text(format!("{} step {}: {}", book.name, step.number, step.title))];
    for piece in &step.body {
        let (Piece::Text(text) | Piece::Commands(text)) = piece;
        out.extend(text.lines().map(|l| Line::new().text(l)));
    }
    match &step.kind {
        StepKind::Manual => {}
        StepKind::Check(check) => {
            let (asks, expects) = check.words();
            out.push(Line::new().text(format!("asks {asks}, expects {expects}")));
        }
        StepKind::Act(i) => out.push(Line::new().text(format!("act {}", i.name()))),
        StepKind::Command(c) => out.extend(c.lines().into_iter().map(|l| Line::new().text(l))),
        StepKind::Wait { ms } => {
            out.push(Line::new().text(format!("waits {}", crate::core::case::runbook::short(*ms))));
        }
        StepKind::Choose(c) => {
            out.push(Line::new().text(&*c.ask));
            out.extend(c.answers.iter().map(|a| Line::new().text(format!("- {}", a.words))));
        }
    }
    out
}

fn source(model: &Model) -> Vec<Line> {
    let Some((id, s)) = model.world.sources.iter().nth(model.nav.source_row) else { return Vec::new() };
    let (role, age) = super::frame::source_age(model, s);
    let (_, word) = sources::link(&s.link);
    let head = Line::new().text(format!("{id} {} {word} ", s.kind)).add(role, age);
    let mut out = vec![head.text(format!(", holds {}", s.holds))];
    match &s.last_error {
        Some((at, e)) => out.push(Line::new().text(format!("last error {}: {}", at.rfc3339(), e.sentence))),
        None => out.push(Line::new().text("no error in this session")),
    }
    out
}
