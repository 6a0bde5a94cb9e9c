//! The two last rows: what can be pressed here, and on what an act would act. Generated from the loaded keymap and
//! from what works now, so that they cannot lie.

use super::overlays::filter;
use super::parts::line::{Line, cut_middle, gate, width, wrap};
use crate::config::theme::Role;
use crate::core::act::dialog::{DialogKind, PlanState};
use crate::core::act::many::{Many, Whole};
use crate::core::act::sheet::{Field, Sheet, What};
use crate::core::board;
use crate::core::intent::Intent;
use crate::core::judge::verdict::Word;
use crate::core::keymap::key_name;
use crate::core::menu::{self, Ready};
use crate::core::model::{Model, Place};
use crate::core::nav::{Overlay, Pane, Screen};
use crate::core::world::evidence::Whose;

/// The chord as it is typed: `a r`.
pub fn key(model: &Model, intent: Intent) -> Option<String> {
    model.keymap.shown(intent)
}

/// `j/k choose  enter why  ? help`: keys underlined, words plain. Unbound intents are left out, and from the first that
/// has no room on all the rest, help excepted, which is always kept room for: what stands here is always the same few.
pub fn list(model: &Model, wide: usize, wanted: &[(&[Intent], &str)]) -> Line {
    let ones: Vec<(bool, Line)> = wanted
        .iter()
        .filter_map(|(intents, word)| Some((intents.contains(&Intent::Help), one(model, intents, word)?)))
        .collect();
    let kept = ones.iter().find(|(help, _)| *help).map_or(0, |(_, l)| l.width() + 2);
    let mut line = Line::new();
    let mut full = false;
    let mut left = kept;
    for (help, one) in ones {
        let gap = if line.is_empty() { 0 } else { 2 };
        left = if help { 0 } else { left };
        full |= !help && line.width() + gap + one.width() + left > wide;
        if (!full || help) && line.width() + gap + one.width() <= wide {
            line = line.text(" ".repeat(gap)).append(one);
        }
    }
    line
}

/// `j/k choose`; `None`: none of them has a key.
fn one(model: &Model, intents: &[Intent], word: &str) -> Option<Line> {
    let keys: Vec<String> = intents.iter().filter_map(|i| key(model, *i)).collect();
    if keys.is_empty() {
        return None;
    }
    let mut line = Line::new();
    for (n, k) in keys.iter().enumerate() {
        line = line.text(if n == 0 { "" } else { "/" }).add(Role::Key, k);
    }
    Some(if word.is_empty() { line } else { line.text(format!(" {word}")) })
}

pub fn last_rows(model: &Model, wide: usize) -> (Line, Line) {
    let (mut upper, lower) = rows(model, wide);
    if model.asks_who() {
        let account = model.claim.shared.as_deref().unwrap_or_default();
        let said = Line::of(Role::Warn, "WHO ARE YOU?").text(format!(" {account} is shared   "));
        upper = said.add(Role::Key, "enter").text(" give your name  ").add(Role::Key, "esc").text(" not now");
    }
    let filter = model.dialog.is_none().then(|| filter::line(model, wide)).flatten();
    let typing = filter.as_ref().is_some_and(|f| f.typing);
    // A notice stands here for its five seconds: hints are what one can do without. A filter is not.
    match (&model.notice, filter) {
        (Some((text, _)), Some(f)) if !typing => upper = Line::of(Role::Moving, text).end(Role::Warn, f.words),
        (_, Some(f)) => upper = f.line,
        (Some(_), None) => upper = notice(model, wide).pop().unwrap_or_default(),
        (None, None) => {}
    }
    (upper, lower)
}

/// Rows a notice may have.
const NOTICE_MOST: usize = 4;

/// What is said for a few seconds, in as many rows as it takes; the last of them is the row of the hints. One row while
/// something lies over the screen: nothing of that is covered.
pub fn notice(model: &Model, wide: usize) -> Vec<Line> {
    let Some((text, _)) = &model.notice else { return Vec::new() };
    let covered = model.dialog.is_some() || model.nav.overlay.is_some() || super::overlays::menu::is_open(model);
    if covered || filter::line(model, wide).is_some() {
        return vec![Line::of(Role::Moving, text)];
    }
    let mut parts = wrap(&gate(text), wide);
    if parts.len() > NOTICE_MOST {
        let rest = parts.split_off(NOTICE_MOST - 1).join(" ");
        parts.push(rest);
    }
    parts.into_iter().map(|p| Line::of(Role::Moving, p)).collect()
}

const MOVE: &[Intent] = &[Intent::NextRow, Intent::PreviousRow];
const FIGURE: &[Intent] = &[Intent::FigurePrevious, Intent::FigureNext];

fn rows(model: &Model, wide: usize) -> (Line, Line) {
    use Intent as I;
    if matches!(model.nav.overlay, Some(Overlay::Who { .. })) {
        let line = Line::of(Role::Key, "enter").text(" that is me  ").add(Role::Key, "esc").text(" not now, go on");
        return (line, Line::new());
    }
    if let Some(d) = &model.dialog {
        return (dialog(model, wide, &d.kind), Line::new());
    }
    match &model.nav.overlay {
        // Half a key over a page.
        Some(Overlay::Explain { .. } | Overlay::Help { .. }) if !model.nav.pending.is_empty() => {}
        Some(Overlay::Explain { .. }) => {
            return (
                list(
                    model,
                    wide,
                    &[
                        (MOVE, "scroll"),
                        if crate::core::update::figures_here(model) { (FIGURE, "next figure") } else { (&[], "") },
                        (&[I::Copy], "copy"),
                        (&[I::Back], "back"),
                        (&[I::Help], "help"),
                    ],
                ),
                acts_on(model, wide),
            );
        }
        Some(Overlay::Lines(_) | Overlay::Raw { .. }) if !model.nav.pending.is_empty() => {}
        Some(Overlay::Lines(l)) => {
            let alone = matches!(l.of.whose, Whose::Instance(_));
            let both: (&[I], &str) = match (alone, &l.instance) {
                (true, _) => (&[I::LinesBoth], "beside stable"),
                (false, Some(_)) => (&[I::LinesBoth], "one pod"),
                (false, None) => (&[], ""),
            };
            let wanted = [
                (MOVE, "scroll"),
                both,
                (&[I::LinesPrevious][..], if l.of.previous { "running one" } else { "before restart" }),
                (&[I::LinesSince][..], if l.of.since_deploy { "last lines" } else { "since deploy" }),
                (&[I::Copy], "copy"),
                (&[I::Back], "back"),
                (&[I::Help], "help"),
            ];
            return (list(model, wide, &wanted), acts_on(model, wide));
        }
        Some(Overlay::Raw { .. }) => {
            let wanted = [(MOVE, "scroll"), (&[I::Copy][..], "copy"), (&[I::Back], "back"), (&[I::Help], "help")];
            return (list(model, wide, &wanted), acts_on(model, wide));
        }
        Some(Overlay::Pick(_)) => {
            return (
                list(model, wide, &[(MOVE, "choose"), (&[I::Open], "its dialog"), (&[I::Back], "nothing")]),
                Line::new(),
            );
        }
        Some(Overlay::Answer { .. }) => {
            return (
                list(model, wide, &[(MOVE, "choose"), (&[I::Open], "answers"), (&[I::Back], "nothing")]),
                Line::new(),
            );
        }
        Some(Overlay::Help { .. }) => {
            return (list(model, wide, &[(MOVE, "scroll"), (&[I::Back], "back")]), acts_on(model, wide));
        }
        Some(Overlay::Log(_)) if !model.nav.pending.is_empty() => {}
        Some(Overlay::Log(b)) => {
            let held = b.chosen.as_ref().and_then(|k| model.chronicle.find(k));
            let scrolls = b.chosen.as_ref().is_some_and(|k| crate::core::update::record_rows(model, k) > 0);
            let begun =
                held.and_then(|r| model.chronicle.intent(r)).is_some_and(|i| held.is_some_and(|r| !r.is(&i.key())));
            let wanted: &[(&[I], &str)] = if b.open.is_some() {
                &[
                    if scrolls { (MOVE, "scroll") } else { (&[], "") },
                    (&[I::MatchPrevious, I::MatchNext], "along"),
                    if begun { (&[I::Open], "its intent") } else { (&[], "") },
                    (&[I::Copy], "copy"),
                    (&[I::Back], "back"),
                    (&[I::Help], "help"),
                ]
            } else {
                &[
                    (MOVE, "choose"),
                    (&[I::Open], "in full"),
                    (&[I::Filter], "filter"),
                    (&[I::Copy], "copy"),
                    (&[I::Back], "back"),
                    (&[I::Help], "help"),
                ]
            };
            return (list(model, wide, wanted), acts_on(model, wide));
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
        Some(Overlay::Who { .. }) => {}
        Some(Overlay::SkipReason { .. }) => {
            let line = Line::of(Role::Key, "enter").text(" skip the step  ").add(Role::Key, "esc").text(" do not");
            return (line, Line::new());
        }
        None => {}
    }
    if !model.nav.pending.is_empty() {
        let closes = if crate::core::here::begins_act(model, &model.nav.pending) {
            " nothing; any other key closes the menu"
        } else {
            " nothing; so does any other key"
        };
        return (Line::of(Role::Key, "esc").text(closes), Line::new());
    }
    if let Some(replay) = &model.replay {
        return (
            replayed(model, wide, replay.paused),
            Line::new().text("REPLAY of the log: nothing is asked, done or written"),
        );
    }
    let drill: (&[I], &str) = match model.environment.place {
        Place::Drill => (&[I::DrillSlower, I::DrillFaster], "speed"),
        Place::Prod | Place::Other | Place::Replay => (&[], ""),
    };
    let book: (&[I], &str) =
        match board::detailed(model).and_then(|r| crate::core::listing::runbook_of(model, &r.service)) {
            Some(_) => (&[I::ScreenRunbook], "runbook"),
            None => (&[], ""),
        };
    let figures = crate::core::update::figures_here(model);
    let figure: (&[I], &str) = if figures { (&[I::FigureNext], "figure") } else { (&[], "") };
    let back: (&[I], &str) = if model.nav.back.is_empty() { (&[], "") } else { (&[I::Back], "back") };
    let records = model.nav.screen == Screen::Incident && !crate::core::listing::records(model).is_empty();
    let upper = match model.nav.screen {
        _ if crate::core::update::focus(model).is_some() => beside(model, wide, book, drill),
        Screen::Waking => list(model, wide, &[(&[I::Help], "help"), (&[I::Quit], "leave")]),
        Screen::Choose => list(
            model,
            wide,
            &[
                (&[I::ChooseNext, I::ChoosePrevious], "choose"),
                (&[I::ChooseOpen], "or its digit: look at it, look-only"),
                (&[I::ChooseDrill], "drill"),
                (&[I::Help], "help"),
                (&[I::Quit], "leave"),
            ],
        ),
        Screen::Verdict | Screen::Board if crate::core::update::strip_focused(model) => list(
            model,
            wide,
            &[
                (&[I::Open], "browse the log"),
                (&[I::PaneNext], "leave the log"),
                (&[I::Help], "help"),
                (&[I::Quit], "leave"),
            ],
        ),
        Screen::Evidence => list(
            model,
            wide,
            &[
                if crate::core::here::works(model, I::NextRow) { (MOVE, "choose") } else { (&[], "") },
                (&[I::Logs], "logs"),
                (&[I::Raw], "raw"),
                (&[I::ScreenVerdict], "verdict"),
                back,
                (&[I::Help], "help"),
                (&[I::Quit], "leave"),
            ],
        ),
        Screen::Alerts => list(
            model,
            wide,
            &[
                (MOVE, "choose"),
                (&[I::Open], if model.nav.alert_open { "fold" } else { "each" }),
                (&[I::Filter], "filter"),
                (&[I::ScreenTimeline], "timeline"),
                (&[I::ScreenVerdict], "verdict"),
                back,
                (&[I::ScreenBoard], "board"),
                (&[I::Help], "help"),
                (&[I::Palette], "cmd"),
                drill,
                (&[I::Quit], "leave"),
            ],
        ),
        Screen::Timeline => list(
            model,
            wide,
            &[
                (MOVE, "choose"),
                (&[I::Open], "verdict as of then"),
                (&[I::ScreenAlerts], "alerts"),
                (&[I::ScreenVerdict], "verdict"),
                back,
                (&[I::Help], "help"),
                (&[I::Palette], "cmd"),
                drill,
                (&[I::Quit], "leave"),
            ],
        ),
        Screen::Incident => list(
            model,
            wide,
            &[
                if records { (MOVE, "choose") } else { (&[], "") },
                if records { (&[I::Open], "in full") } else { (&[], "") },
                if records { (&[I::Filter], "filter") } else { (&[], "") },
                (&[I::ScreenVerdict], "verdict"),
                (&[I::ScreenBoard], "board"),
                back,
                (&[I::Note], "note"),
                (&[I::Help], "help"),
                (&[I::Palette], "cmd"),
                drill,
                (&[I::Quit], "leave"),
            ],
        ),
        Screen::Watch => list(
            model,
            wide,
            &[
                if crate::core::here::works(model, I::NextRow) { (MOVE, "choose") } else { (&[], "") },
                if crate::core::here::works(model, I::Open) { (&[I::Open], "go there") } else { (&[], "") },
                (&[I::ScreenVerdict], "verdict"),
                (&[I::ScreenBoard], "board"),
                (&[I::ScreenIncident], "incident"),
                back,
                (&[I::Note], "note"),
                (&[I::Help], "help"),
                (&[I::Palette], "cmd"),
                drill,
                (&[I::Quit], "leave"),
            ],
        ),
        Screen::Verdict => list(
            model,
            wide,
            &[
                (MOVE, "other"),
                (&[I::Open], "why"),
                figure,
                (&[I::ScreenBoard], "board"),
                book,
                (&[I::Note], "note"),
                (&[I::Filter], "filter"),
                (&[I::Palette], "cmd"),
                (&[I::Help], "help"),
                (&[I::ScreenIncident], "incident"),
                (&[I::ScreenSources], "sources"),
                drill,
                (&[I::Quit], "leave"),
            ],
        ),
        Screen::Board => list(
            model,
            wide,
            &[
                (MOVE, "choose"),
                (&[I::Open], "why"),
                figure,
                (&[I::ScreenVerdict], "verdict"),
                book,
                (&[I::Note], "note"),
                (&[I::Filter], "filter"),
                (&[I::Palette], "cmd"),
                (&[I::Help], "help"),
                (&[I::ScreenIncident], "incident"),
                (&[I::ScreenSources], "sources"),
                drill,
                (&[I::Quit], "leave"),
            ],
        ),
        Screen::Runbook if book.0.is_empty() => list(
            model,
            wide,
            &[
                (&[I::ScreenVerdict], "verdict"),
                (&[I::ScreenBoard], "board"),
                back,
                (&[I::Palette], "cmd"),
                (&[I::Help], "help"),
                (&[I::Quit], "leave"),
            ],
        ),
        Screen::Runbook => list(
            model,
            wide,
            &[
                (&[I::StepNext, I::StepPrevious], "choose"),
                (&[I::StepRun], run_word(model)),
                (&[I::StepTick], "tick"),
                (&[I::StepSkip], "skip"),
                (&[I::ScreenVerdict], "verdict"),
                back,
                (&[I::Help], "help"),
                (&[I::Note], "note"),
                (&[I::Palette], "cmd"),
                (&[I::Quit], "leave"),
            ],
        ),
        Screen::Sources => list(
            model,
            wide,
            &[
                (MOVE, "choose"),
                (&[I::ScreenVerdict], "verdict"),
                (&[I::ScreenBoard], "board"),
                back,
                (&[I::Palette], "cmd"),
                (&[I::Help], "help"),
                (&[I::Note], "note"),
                drill,
                (&[I::Quit], "leave"),
            ],
        ),
    };
    (upper, acts_on(model, wide))
}

/// While a log is played: its own keys first, they are the same on every screen.
fn replayed(model: &Model, wide: usize, paused: bool) -> Line {
    use Intent as I;
    let rows: &[I] = if model.nav.screen == Screen::Runbook { &[] } else { MOVE };
    list(
        model,
        wide,
        &[
            (&[I::ReplayPause], if paused { "go on" } else { "pause" }),
            (&[I::ReplayStep], "next record"),
            (&[I::ReplayAct], "next act"),
            (&[I::DrillSlower, I::DrillFaster], "speed"),
            (&[I::Help], "help"),
            (&[I::Quit], "leave"),
            (rows, "choose"),
            (&[I::ScreenVerdict], "verdict"),
            (&[I::ScreenBoard], "board"),
            (&[I::Open], "why"),
        ],
    )
}

/// Panes side by side: what the keys mean in the one that has them.
fn beside(model: &Model, wide: usize, book: (&[Intent], &str), drill: (&[Intent], &str)) -> Line {
    use Intent as I;
    let here: &[(&[I], &str)] = match model.nav.focus() {
        Pane::Board => &[(MOVE, "choose"), (&[I::Open], "why"), (&[I::Filter], "filter")],
        Pane::Verdict => &[(MOVE, "scroll"), (&[I::Open], "why")],
        Pane::Runbook => &[
            (&[I::StepNext, I::StepPrevious], "choose"),
            (&[I::StepRun], "run check"),
            (&[I::StepTick], "tick"),
            (&[I::StepSkip], "skip"),
        ],
        Pane::Log => &[(MOVE, "scroll"), (&[I::Open], "browse the log")],
    };
    let zoom = if model.nav.zoomed { "side by side" } else { "this pane alone" };
    let all = [
        (&[I::PaneNext][..], "next pane"),
        (&[I::Zoom], zoom),
        (&[I::ScreenBoard], "board"),
        (&[I::ScreenVerdict], "verdict"),
        book,
        (&[I::ScreenIncident], "incident"),
        (&[I::ScreenSources], "sources"),
        (&[I::Note], "note"),
        drill,
        (&[I::Help], "help"),
        (&[I::Quit], "leave"),
    ];
    let wanted: Vec<(&[I], &str)> = here.iter().copied().chain(all).collect();
    list(model, wide, &wanted)
}

/// The keys of a dialog with fields.
fn sheet(model: &Model, wide: usize, s: &Sheet) -> Line {
    use Intent as I;
    if s.typing.is_some() && !s.types_name() {
        return list(model, wide, &[(&[I::FieldTake], "keep this row"), (&[I::FieldLeave], "leave it as it was")]);
    }
    let text: (&[I], &str) = match s.rows.get(s.at).map(|r| &r.field) {
        Some(Field::Text(_)) => (&[I::SheetEdit], "type this row"),
        // What is known by itself has one state.
        Some(Field::Choice { options, .. }) if options.len() < 2 => (&[], ""),
        Some(Field::Choice { .. }) if s.what == What::Checklists => (&[I::SheetCycle], "ticks it"),
        Some(Field::Choice { .. }) => (&[I::SheetCycle], "next choice"),
        None => (&[], ""),
    };
    let rows: (&[I], &str) = if s.rows.len() > 1 { (&[I::SheetNext, I::SheetPrevious], "choose") } else { (&[], "") };
    if s.types_name() {
        return Line::of(Role::Key, "enter")
            .text(" counts once the name matches  ")
            .add(Role::Key, "esc")
            .text(" nothing");
    }
    let copy: (&[I], &str) = if s.what == What::Tell { (&[I::CopyRequests], "copy the text") } else { (&[], "") };
    let line = list(model, wide, &[rows, text, copy]);
    let gap = if line.is_empty() { "" } else { "  " };
    let nothing = if s.sends.is_some() { "sends" } else { "records" };
    line.text(format!("{gap}any other key closes this and {nothing} nothing"))
}

fn dialog(model: &Model, wide: usize, kind: &DialogKind) -> Line {
    if let DialogKind::Sheet(s) = kind {
        return sheet(model, wide, s);
    }
    if let DialogKind::Many(m) = kind {
        return many(model, wide, m);
    }
    let can_copy = matches!(kind, DialogKind::Act(a) if matches!(a.plan, PlanState::Ready(_)) && a.name.is_none());
    let copy: (&[Intent], &str) = if can_copy { (&[Intent::CopyRequests], "copy the requests") } else { (&[], "") };
    let runs = matches!(kind, DialogKind::Run(r) if r.name.is_some());
    // An emergency asks for its reason before the name.
    let reason = |a: &crate::core::act::dialog::ActDialog| a.emergency.as_ref().is_some_and(|e| !e.taken);
    if matches!(kind, DialogKind::Act(a) if reason(a) && a.act.is_none() && a.refused.is_none()) {
        return Line::of(Role::Key, "enter")
            .text(" goes on once it is a sentence, then the name  ")
            .add(Role::Key, "esc")
            .text(" nothing");
    }
    if runs || matches!(kind, DialogKind::Act(a) if a.name.is_some() && a.refused.is_none()) {
        return Line::of(Role::Key, "enter")
            .text(" counts once the name matches  ")
            .add(Role::Key, "esc")
            .text(" nothing");
    }
    let line = list(model, wide, &[copy]);
    let gap = if line.is_empty() { "" } else { "  " };
    line.text(format!("{gap}any other key closes this and starts nothing"))
}

/// Over several targets: how a line is chosen and ticked.
fn many(model: &Model, wide: usize, m: &Many) -> Line {
    let tick: (&[Intent], &str) = match m.whole {
        Whole::Freeze => (&[Intent::SheetCycle], "roll back instead"),
        Whole::RollBack | Whole::Hold => (&[Intent::SheetCycle], "drop one"),
        Whole::Thaw => (&[], ""),
    };
    if m.name.is_some() && m.refused.is_none() {
        let enter = Line::of(Role::Key, "enter").text(" counts once the name matches  ");
        return enter.add(Role::Key, "esc").text(" nothing");
    }
    let copy: (&[Intent], &str) = if m.is_ready() { (&[Intent::CopyRequests], "copy") } else { (&[], "") };
    let line = list(model, wide, &[(MOVE, "choose"), tick, copy]);
    line.text("  any other key closes this")
}

/// What the key that runs a step does to the chosen one.
fn run_word(model: &Model) -> &'static str {
    use crate::core::case::runbook::StepKind;
    let book = crate::core::listing::this_runbook(model).and_then(|n| model.runbooks.get(&n));
    match book.and_then(|b| b.steps.get(model.nav.step_row)).map(|s| &s.kind) {
        Some(k) if k.command().is_some() => "its dialog",
        Some(StepKind::Check(_)) => "run check",
        Some(StepKind::Act(_) | StepKind::Command(_)) => "its dialog",
        Some(StepKind::Wait { .. }) => "wait",
        Some(StepKind::Choose(_)) => "answer",
        Some(StepKind::Manual) | None => "run check",
    }
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
                Some(t) => {
                    // Names without end leave room for the first acts.
                    let acts = if wide < 60 { 12 } else { 24 };
                    let room = wide.saturating_sub("a acts on  : ".len() + acts).max(14);
                    let name = gate(&t.id.name.to_uppercase()).into_owned();
                    let source = gate(t.id.source.as_str());
                    let source = cut_middle(&source, (room - width(&name).min(room)).max(room / 3)).into_owned();
                    let name = cut_middle(&name, room - width(&source)).into_owned();
                    line.text(format!(" acts on {name} {source}: "))
                }
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
        Intent::OpenIncident => "incident",
        Intent::TakeLead => "take the lead",
        Intent::RollBackTo => "roll back to",
        Intent::SkipStep => "skip step",
        Intent::Retry => "retry",
        Intent::Freeze => "freeze",
        Intent::Thaw => "thaw",
        Intent::FlagOff => "flag off",
        Intent::FlagOn => "flag on",
        other => other.name(),
    }
}
