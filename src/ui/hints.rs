//! The two last rows: what can be pressed here, and on what an act would act. Generated from the loaded keymap and
//! from what works now, so that they cannot lie.

use super::overlays::filter;
use super::parts::line::Line;
use crate::config::theme::Role;
use crate::core::act::dialog::{DialogKind, PlanState};
use crate::core::board;
use crate::core::intent::Intent;
use crate::core::judge::verdict::Word;
use crate::core::keymap::key_name;
use crate::core::menu::{self, Ready};
use crate::core::model::{Model, Place};
use crate::core::nav::{Overlay, Screen};

/// The chord as it is typed: `a r`.
pub fn key(model: &Model, intent: Intent) -> Option<String> {
    model.keymap.shown(intent)
}

/// `j/k choose  enter why`: keys underlined, words plain. Unbound intents are left out, and what has no room whole.
pub fn list(model: &Model, wide: usize, wanted: &[(&[Intent], &str)]) -> Line {
    let mut line = Line::new();
    for (intents, word) in wanted {
        let keys: Vec<String> = intents.iter().filter_map(|i| key(model, *i)).collect();
        if keys.is_empty() {
            continue;
        }
        let mut one = Line::new();
        if !line.is_empty() {
            one = one.text("  ");
        }
        one = one.add(Role::Key, keys.join("/"));
        if !word.is_empty() {
            one = one.text(format!(" {word}"));
        }
        if line.width() + one.width() <= wide {
            line = line.append(one);
        }
    }
    line
}

pub fn last_rows(model: &Model, wide: usize) -> (Line, Line) {
    let (mut upper, lower) = rows(model, wide);
    let filter = model.dialog.is_none().then(|| filter::line(model, wide)).flatten();
    let typing = filter.as_ref().is_some_and(|f| f.typing);
    // A notice stands here for its five seconds: hints are what one can do without. A filter is not.
    match (&model.notice, filter) {
        (Some((text, _)), Some(f)) if !typing => upper = Line::of(Role::Moving, text).end(Role::Warn, f.words),
        (_, Some(f)) => upper = f.line,
        (Some((text, _)), None) => upper = Line::of(Role::Moving, text),
        (None, None) => {}
    }
    (upper, lower)
}

const MOVE: &[Intent] = &[Intent::NextRow, Intent::PreviousRow];

fn rows(model: &Model, wide: usize) -> (Line, Line) {
    use Intent as I;
    if let Some(d) = &model.dialog {
        return (dialog(model, wide, &d.kind), Line::new());
    }
    match &model.nav.overlay {
        Some(Overlay::Explain { .. } | Overlay::Help { .. }) => {
            return (list(model, wide, &[(MOVE, "scroll"), (&[I::Back], "back")]), acts_on(model, wide));
        }
        Some(Overlay::Note(_)) => {
            let keys = list(model, wide, &[(&[I::NoteKeep], "keep it in the log"), (&[I::NoteLeave], "leave a draft")]);
            return (keys, Line::new());
        }
        Some(Overlay::Palette(_)) => {
            let keys = [
                (&[I::FieldNext, I::FieldPrevious][..], "choose"),
                (&[I::FieldComplete], "complete"),
                (&[I::FieldTake], "take it"),
                (&[I::FieldLeave], "leave"),
            ];
            return (list(model, wide, &keys), Line::new());
        }
        Some(Overlay::SkipReason { .. }) => {
            let line = Line::of(Role::Key, "enter").text(" skip the step  ").add(Role::Key, "esc").text(" do not");
            return (line, Line::new());
        }
        None => {}
    }
    if !model.nav.pending.is_empty() {
        return (Line::of(Role::Key, "esc").text(" nothing; any other key closes the menu"), Line::new());
    }
    let drill: (&[I], &str) = match model.environment.place {
        Place::Drill => (&[I::DrillSlower, I::DrillFaster], "speed"),
        Place::Prod | Place::Other | Place::Replay => (&[], ""),
    };
    let book: (&[I], &str) = match crate::core::update::this_runbook(model) {
        Some(_) => (&[I::ScreenRunbook], "runbook"),
        None => (&[], ""),
    };
    let upper = match model.nav.screen {
        Screen::Waking => list(model, wide, &[(&[I::Help], "help"), (&[I::Quit], "leave")]),
        Screen::Choose => list(
            model,
            wide,
            &[
                (&[I::ChooseNext, I::ChoosePrevious], "choose"),
                (&[I::ChooseOpen], "look at it, look-only"),
                (&[I::ChooseDrill], "drill"),
                (&[I::Help], "help"),
                (&[I::Quit], "leave"),
            ],
        ),
        Screen::Verdict => list(
            model,
            wide,
            &[
                (MOVE, "other"),
                (&[I::Open], "why"),
                (&[I::ScreenBoard], "board"),
                book,
                (&[I::ScreenSources], "sources"),
                (&[I::Note], "note"),
                drill,
                (&[I::Help], "help"),
                (&[I::Quit], "leave"),
            ],
        ),
        Screen::Board => list(
            model,
            wide,
            &[
                (MOVE, "choose"),
                (&[I::Open], "why"),
                (&[I::ScreenVerdict], "verdict"),
                book,
                (&[I::ScreenSources], "sources"),
                (&[I::Note], "note"),
                drill,
                (&[I::Help], "help"),
                (&[I::Quit], "leave"),
            ],
        ),
        Screen::Runbook if book.0.is_empty() => list(
            model,
            wide,
            &[
                (&[I::ScreenVerdict], "verdict"),
                (&[I::ScreenBoard], "board"),
                (&[I::Back], "back"),
                (&[I::Help], "help"),
            ],
        ),
        Screen::Runbook => list(
            model,
            wide,
            &[
                (&[I::StepNext, I::StepPrevious], "choose"),
                (&[I::StepRun], "run check"),
                (&[I::StepTick], "tick"),
                (&[I::StepSkip], "skip"),
                (&[I::ScreenVerdict], "verdict"),
                (&[I::Back], "back"),
                (&[I::Note], "note"),
                (&[I::Help], "help"),
            ],
        ),
        Screen::Sources => list(
            model,
            wide,
            &[
                (MOVE, "choose"),
                (&[I::ScreenVerdict], "verdict"),
                (&[I::ScreenBoard], "board"),
                (&[I::Back], "back"),
                (&[I::Note], "note"),
                drill,
                (&[I::Help], "help"),
            ],
        ),
    };
    (upper, acts_on(model, wide))
}

fn dialog(model: &Model, wide: usize, kind: &DialogKind) -> Line {
    let can_copy = matches!(kind, DialogKind::Act(a) if matches!(a.plan, PlanState::Ready(_)) && a.name.is_none());
    let copy: (&[Intent], &str) = if can_copy { (&[Intent::CopyRequests], "copy the requests") } else { (&[], "") };
    if matches!(kind, DialogKind::Act(a) if a.name.is_some() && a.refused.is_none()) {
        return Line::of(Role::Key, "enter")
            .text(" counts once the name matches  ")
            .add(Role::Key, "esc")
            .text(" nothing");
    }
    let line = list(model, wide, &[copy]);
    let gap = if line.is_empty() { "" } else { "  " };
    line.text(format!("{gap}any other key closes this and starts nothing"))
}

/// `a acts on CHECKOUT eu-1: r roll back  h hold`: only what would open a dialog that can go out.
fn acts_on(model: &Model, wide: usize) -> Line {
    if matches!(model.nav.screen, Screen::Waking | Screen::Choose) {
        return Line::new();
    }
    let arm = if model.environment.read_only || !model.environment.production {
        None
    } else if model.is_armed() {
        Some((Intent::Disarm, "disarm"))
    } else {
        Some((Intent::Arm, "arm"))
    };
    let target = board::selected_target(model);
    let mut wanted: Vec<(Intent, &str)> = Vec::new();
    if let Some(t) = target {
        for item in menu::items(model, t).iter().filter(|i| !matches!(i.ready, Ready::No(_))) {
            wanted.push((item.intent, word(item.intent)));
        }
        let worse = model.judged.get(&t.id).is_some_and(|j| j.verdict.word == Word::Worse);
        if worse && !model.environment.read_only {
            wanted.push((Intent::Acknowledge, "acknowledge"));
        }
    }
    wanted.extend(arm);
    let mut line = Line::new();
    for (intent, words) in wanted {
        let Some(chord) = model.keymap.chord(intent) else { continue };
        if line.is_empty() {
            let leader = chord.first().map(key_name).unwrap_or_default();
            line = line.add(Role::Key, leader);
            line = match target {
                Some(t) => line.text(format!(" acts on {} {}: ", t.id.name.to_uppercase(), t.id.source)),
                None => line.text(" acts: "),
            };
        } else {
            line = line.text("  ");
        }
        let rest: Vec<String> = chord.iter().skip(1).map(key_name).collect();
        let one = Line::of(Role::Key, rest.join(" ")).text(format!(" {words}"));
        if line.width() + one.width() > wide {
            break;
        }
        line = line.append(one);
    }
    match (line.is_empty(), model.environment.read_only) {
        (false, _) => line,
        (true, true) => Line::new().text("read-only: no act goes out from here"),
        (true, false) => Line::new().text("nothing to act on here"),
    }
}

/// An act in one or two words.
pub fn word(intent: Intent) -> &'static str {
    match intent {
        Intent::RollBack => "roll back",
        Intent::Hold => "hold",
        Intent::Resume => "resume",
        Intent::Promote => "promote",
        Intent::Arm => "arm",
        Intent::Disarm => "disarm",
        Intent::Acknowledge => "acknowledge",
        other => other.name(),
    }
}
