//! One-line strips that several screens carry: runbook, the rest of the fleet, the log.

use super::figures;
use super::line::{Line, width};
use crate::config::theme::Role;
use crate::core::act::flight::Trouble;
use crate::core::alerts::One;
use crate::core::board::{Glyph, Row, quiet_words};
use crate::core::cell::Cell;
use crate::core::id::ServiceId;
use crate::core::intent::Intent;
use crate::core::judge::burn;
use crate::core::model::Model;
use crate::core::strip;
use crate::core::world::alert::Tier;
use crate::core::world::target::Phase;

/// What is wrong with a row, or what it does, in a word or two, with the role of that word.
pub fn row_words(model: &Model, row: &Row) -> (Role, String, String) {
    let target = row.target.as_ref().and_then(|t| model.world.targets.get(t));
    if let Some(act) = row.target.as_ref().and_then(|t| model.last_act(t)) {
        match act.trouble() {
            Some(Trouble::Stuck(_)) => return (Role::Bad, "STUCK".into(), String::new()),
            Some(Trouble::Unknown(_)) => return (Role::Bad, "UNKNOWN".into(), "outcome".into()),
            Some(Trouble::Undone(_)) => return (Role::Bad, "UNDONE".into(), String::new()),
            Some(Trouble::TakenBack(_)) => return (Role::Bad, "REFUSED".into(), String::new()),
            None if !act.is_over() => return (Role::Moving, act.doing().to_lowercase(), String::new()),
            None => {}
        }
    }
    if let Some(e) = row.target.as_ref().and_then(|t| model.others.on(t).next()) {
        // Somebody is at it: the verdict stands on its own screen.
        return (Role::Moving, e.state().into(), e.who.to_string());
    }
    if let Some(t) = target.filter(|t| t.is_moving()) {
        let told = model.replay.as_ref().is_none_or(|r| r.verdicts.contains_key(&t.id));
        return match model.judged.get(&t.id).filter(|_| told) {
            None if model.replay.is_some() => (Role::Blind, "not recorded".into(), String::new()),
            Some(j) => {
                let w = &j.verdict.word;
                let detail = match w {
                    crate::core::judge::verdict::Word::NotJudged => String::new(),
                    other => other.detail(),
                };
                (figures::word_role(w), w.word().into(), detail)
            }
            None => (Role::Blind, "NOT JUDGED".into(), String::new()),
        };
    }
    if let Some(b) = model.burn(&row.service).filter(|b| b.word != burn::Word::Calm) {
        let word = b.word.word();
        return match figures::burn_role(b.word) {
            Role::Fine => (Role::Fine, word.into(), String::new()),
            role => (role, word.to_uppercase(), String::new()),
        };
    }
    match target.map(|t| &t.phase) {
        Some(Phase::Degraded) => (Role::Bad, "DEGRADED".into(), String::new()),
        Some(Phase::Other(w)) => (Role::Blind, w.to_string(), String::new()),
        Some(p @ (Phase::Progressing | Phase::Paused)) => (Role::Moving, p.word().into(), String::new()),
        Some(Phase::Healthy) | None => match row.glyph {
            Glyph::Blind => (Role::Blind, "OLD".into(), "figures".into()),
            Glyph::Unjudged => (Role::Muted, "not judged".into(), String::new()),
            Glyph::Bad | Glyph::Moving | Glyph::Fine => (Role::Fine, "fine".into(), String::new()),
        },
    }
}

/// `ALSO  search NO DATA   payments UNSURE 640 more   15 fine`: the other rows, worst first, none uncounted.
pub fn also(model: &Model, wide: usize) -> Line {
    let others: Vec<&Row> = model.rows.iter().filter(|r| Some(&r.service) != model.nav.selected.as_ref()).collect();
    // Whom an alert fires for is not fine, whatever the figures say.
    let of = |o: &One, s: &ServiceId| o.alert.tier != Tier::Note && o.alert.service.as_ref() == Some(s);
    let alerted = |r: &Row| model.alerts.of(&r.service).any(|f| f.firing().any(|o| of(o, &r.service)));
    let (told, calm): (Vec<&Row>, Vec<&Row>) = others.iter().partition(|r| !r.is_quiet() || alerted(r));
    let mut line = Line::new().text("ALSO  ");
    if others.is_empty() {
        return line.text("no other service is known");
    }
    let quiet = quiet_words(calm.iter().copied());
    let mut left = told.len();
    for r in &told {
        let (role, word, detail) = match r.is_quiet() {
            true => (Role::Warn, "an alert".to_owned(), "fires".to_owned()),
            false => row_words(model, r),
        };
        let mut one = Line::new().text(format!("{} ", r.service)).figure(Cell::Elsewhere, role, word);
        if !detail.is_empty() {
            one = one.figure(Cell::Elsewhere, Role::Text, format!(" {detail}"));
        }
        one = one.text("   ");
        let rest = if left > 1 { width(&format!("+{} not fine   ", left - 1)) } else { 0 };
        if line.width() + one.width() + rest + width(&quiet) > wide {
            break;
        }
        line = line.append(one);
        left -= 1;
    }
    if left > 0 {
        line = line.figure(Cell::Fleet, Role::Moving, format!("+{left} not fine   "));
    }
    line.figure(Cell::Fleet, Role::Text, quiet)
}

/// `RUNBOOK checkout-5xx 2/7  the old version is fine            r open`
pub fn runbook(model: &Model, service: &ServiceId) -> Option<Line> {
    let name = crate::core::listing::runbook_of(model, service)?;
    let book = model.runbooks.get(&name)?;
    let empty = crate::core::case::runbook::Progress::default();
    let progress = model.progress.get(&name).unwrap_or(&empty);
    let (done, skipped) = progress.counts();
    let count = format!("{}/{}", done + skipped, book.steps.len());
    let next = progress.current(book).and_then(|n| book.step(n));
    let line = Line::new().text(format!("RUNBOOK {name} {count}  "));
    let line = match next {
        Some(step) => line.text(format!("next: {} {}", step.number, step.title)),
        None => line.text("every step is done or skipped"),
    };
    Some(match model.keymap.shown(Intent::ScreenRunbook) {
        Some(key) => line.end(Role::Key, key).end(Role::Text, " open"),
        None => line,
    })
}

/// The newest lines of the log, ours and others', newest first, `n` at most; one line that says so when there is none.
pub fn log(model: &Model, n: usize) -> Vec<Line> {
    let unwritten = model.log.late.len();
    let late = if unwritten > 0 { format!("  {unwritten} not on disk") } else { String::new() };
    let focused = crate::core::update::strip_focused(model);
    let head = |i: usize| match (i, focused) {
        (0, true) => Line::new().choice(true).add(Role::Focus, "LOG").text("  "),
        (0, false) => Line::new().text("LOG   "),
        (_, _) => Line::new().text("      "),
    };
    let mut out: Vec<Line> = strip::lines(model)
        .into_iter()
        .take(n.max(1))
        .enumerate()
        .map(|(i, l)| {
            let line = head(i).text(format!("{} {}", l.at.hms(), strip::text(l)));
            if i == 0 && unwritten > 0 { line.end(Role::Bad, late.trim()) } else { line }
        })
        .collect();
    if out.is_empty() {
        out.push(head(0).text(format!("nothing yet{late}")));
    }
    out
}
