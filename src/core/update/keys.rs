//! A key: the keymap, half-typed chords, bursts, and what each intent does. No act starts here; its dialog does.

use super::{bump, confirm, records};
use crate::core::act::dialog::{Dialog, DialogKind};
use crate::core::act::plan::{Operation, Verb};
use crate::core::board;
use crate::core::case::note::{Draft, Input};
use crate::core::case::runbook::StepState;
use crate::core::effect::{Choice, Effect, Question};
use crate::core::entry::Kind;
use crate::core::id::TargetId;
use crate::core::intent::{Context, Intent};
use crate::core::judge::verdict::Word;
use crate::core::key::{Code, Key};
use crate::core::keymap::Found;
use crate::core::model::{Model, Place, Purpose};
use crate::core::nav::{Overlay, Screen};
use crate::core::time::Person;
use crate::core::world::source::Link;
use serde_json::json;
use std::sync::Arc;

/// After waking, keys within this many milliseconds only choose a screen.
const DEAF_MS: i64 = 300;

pub(super) fn key(model: &mut Model, key: Key, out: &mut Vec<Effect>) {
    let now = model.now.person;
    let last = model.nav.keys_at[2];
    model.nav.keys_at = [model.nav.keys_at[1], last, now];
    if model.ending {
        return;
    }
    bump(model);
    if model.nav.screen == Screen::Waking {
        wake(model);
        waking_key(model, key, out);
        return;
    }
    if now < model.nav.deaf_until {
        waking_key(model, key, out);
        return;
    }
    if model.dialog.is_some() {
        confirm::key(model, key, last, out);
        return;
    }
    if model.nav.overlay.is_some() && overlay_key(model, key, out) {
        return;
    }
    let mut keys = std::mem::take(&mut model.nav.pending);
    keys.push(key);
    match lookup(model, &keys) {
        Found::Intent(i) => {
            let target = model.nav.menu_target.take();
            // Three keys in ten milliseconds are not fingers: no act opens from them.
            if i.is_act() && model.nav.is_burst() {
                model.tell("keys came too fast for a hand; nothing was opened");
                return;
            }
            intent(model, i, target, out);
        }
        Found::Prefix => {
            model.nav.menu_target = board::selected_target(model).map(|t| t.id.clone());
            model.nav.pending = keys;
        }
        Found::Nothing => {
            let in_menu = keys.len() > 1;
            model.nav.menu_target = None;
            if in_menu && key.code != Code::Esc {
                model.tell("no such act; the menu is closed");
            }
        }
    }
}

fn lookup(model: &Model, keys: &[Key]) -> Found {
    let contexts: &[Context] = match model.nav.screen {
        Screen::Choose => &[Context::Choose, Context::Global],
        Screen::Runbook => &[Context::Runbook, Context::Global],
        Screen::Waking | Screen::Verdict | Screen::Board | Screen::Sources => &[Context::List, Context::Global],
    };
    // The first list has no targets: nothing but choosing, help and leaving.
    for c in contexts {
        match model.keymap.find(*c, keys) {
            Found::Nothing => {}
            Found::Prefix if model.nav.screen == Screen::Choose => {}
            Found::Intent(i) if model.nav.screen == Screen::Choose && *c == Context::Global && !on_first_list(i) => {}
            found => return found,
        }
    }
    Found::Nothing
}

/// Of the keys that mean something everywhere, those that mean something where there is no environment yet.
fn on_first_list(i: Intent) -> bool {
    matches!(i, Intent::Help | Intent::Quit | Intent::Repaint | Intent::Suspend)
}

/// While waking, and just after: screens, help and leaving only.
fn waking_key(model: &mut Model, key: Key, out: &mut Vec<Effect>) {
    if let Found::Intent(i) = model.keymap.find(Context::Global, &[key]) {
        match i {
            Intent::ScreenVerdict
            | Intent::ScreenBoard
            | Intent::ScreenRunbook
            | Intent::ScreenSources
            | Intent::Help
            | Intent::Quit => {
                intent(model, i, None, out);
            }
            _ => {}
        }
    }
}

/// Leave the waking screen: Verdict if something is worse, blind or burning, else Board. Once.
pub(super) fn wake(model: &mut Model) {
    if model.nav.screen != Screen::Waking {
        return;
    }
    model.rows = board::rows(model);
    let first = model.rows.first().cloned();
    let bad = first.as_ref().is_some_and(|r| r.rank <= 2);
    if model.nav.selected.is_none() {
        model.nav.selected = first.map(|r| r.service);
    }
    model.nav.screen = if bad { Screen::Verdict } else { Screen::Board };
    model.nav.deaf_until = Person(model.now.person.0 + DEAF_MS);
    bump(model);
}

/// All sources have answered (or failed): choose, without waiting for the three seconds.
pub(super) fn leave_waking_when_answered(model: &mut Model) {
    if model.nav.screen != Screen::Waking || model.world.sources.is_empty() {
        if model.nav.selected.is_none() && !matches!(model.nav.screen, Screen::Waking | Screen::Choose) {
            model.nav.selected = model.rows.first().map(|r| r.service.clone());
        }
        return;
    }
    let answered = model.world.sources.values().all(|s| match s.link {
        Link::Watching | Link::Polling | Link::Failed(_) => true,
        Link::Connecting | Link::Reading { .. } => false,
    });
    let read = model.judged.values().all(|j| j.asked.is_empty() && j.verdict.progress.reading().is_none());
    if answered && read {
        wake(model);
        // Nobody pressed a key: nobody's second key has to be kept from acting.
        model.nav.deaf_until = Person(0);
    }
}

fn intent(model: &mut Model, i: Intent, menu_target: Option<TargetId>, out: &mut Vec<Effect>) {
    match i {
        Intent::RollBack => act(model, Verb::RollBack, menu_target, out),
        Intent::Hold => act(model, Verb::Hold, menu_target, out),
        Intent::Resume => act(model, Verb::Resume, menu_target, out),
        Intent::Promote => act(model, Verb::Promote, menu_target, out),
        Intent::Arm => {
            if model.environment.read_only {
                model.tell("read-only for this session: it cannot be armed");
            } else {
                dialog(model, DialogKind::Arm);
            }
        }
        Intent::Disarm => {
            if model.is_armed() {
                dialog(model, DialogKind::Disarm);
            } else {
                model.tell("LOOK-ONLY already");
            }
        }
        Intent::Acknowledge => match menu_target {
            Some(t)
                if model.judged.get(&t).is_some_and(|j| j.verdict.word == Word::Worse)
                    && !model.environment.read_only =>
            {
                dialog(model, DialogKind::Acknowledge(t));
            }
            Some(_) | None => model.tell("there is no WORSE verdict here to acknowledge"),
        },
        Intent::ScreenVerdict => {
            to_worst(model);
            model.nav.go(Screen::Verdict);
        }
        Intent::ScreenBoard => {
            to_worst(model);
            model.nav.go(Screen::Board);
        }
        Intent::ScreenRunbook => {
            model.nav.go(Screen::Runbook);
            model.nav.step_row = first_open(model);
        }
        Intent::ScreenSources => model.nav.go(Screen::Sources),
        Intent::NextRow => rows(model, 1),
        Intent::PreviousRow => rows(model, -1),
        Intent::FirstRow => rows(model, i64::MIN / 2),
        Intent::LastRow => rows(model, i64::MAX / 2),
        Intent::HalfPageDown => rows(model, i64::from(model.height / 2)),
        Intent::HalfPageUp => rows(model, -i64::from(model.height / 2)),
        Intent::ShowRest => model.nav.show_rest = !model.nav.show_rest,
        Intent::Open => open(model, out),
        Intent::Back => back(model),
        Intent::Note => {
            let draft = model.draft.take().unwrap_or_else(|| Draft {
                lines: vec![String::new()],
                about: Some(model.now.utc),
                ..Draft::default()
            });
            model.nav.overlay = Some(Overlay::Note(draft));
        }
        Intent::Help => model.nav.overlay = Some(Overlay::Help { scroll: 0 }),
        Intent::Repaint => out.push(Effect::Repaint),
        Intent::Suspend => suspend(model, out),
        Intent::Quit => quit(model, out),
        Intent::DrillFaster => speed(model, true, out),
        Intent::DrillSlower => speed(model, false, out),
        Intent::StepNext => step_row(model, 1),
        Intent::StepPrevious => step_row(model, -1),
        Intent::StepRun => step_run(model, out),
        Intent::StepTick => step_tick(model, out),
        Intent::StepSkip => {
            if this_runbook(model).is_some() {
                model.nav.overlay = Some(Overlay::SkipReason { step: model.nav.step_row, typed: String::new() });
            }
        }
        Intent::ChooseNext => choose_row(model, 1),
        Intent::ChoosePrevious => choose_row(model, -1),
        Intent::ChooseOpen => {
            if let Some(c) = model.contexts.get(model.nav.choose_row) {
                out.push(Effect::Choose(Choice::Context(c.name.clone())));
            } else {
                out.push(Effect::Choose(Choice::Drill));
            }
        }
        Intent::ChooseDrill => out.push(Effect::Choose(Choice::Drill)),
        // Only meaningful where they are handled: a dialog, the note.
        Intent::Confirm | Intent::CopyRequests | Intent::NoteKeep | Intent::NoteLeave => {}
    }
}

/// What hurts most, as long as nobody chose anything by hand. Only at a key: nothing moves under a finger.
fn to_worst(model: &mut Model) {
    if !model.nav.by_hand
        && let Some(worst) = model.rows.first()
    {
        model.nav.selected = Some(worst.service.clone());
    }
}

fn dialog(model: &mut Model, kind: DialogKind) {
    let id = model.next_dialog();
    model.dialog = Some(Dialog::new(id, kind, model.now.person));
}

fn act(model: &mut Model, verb: Verb, target: Option<TargetId>, out: &mut Vec<Effect>) {
    // Pinned when the menu opened: rows may have moved since.
    let Some(target) = target else {
        model.tell("nothing is chosen to act on");
        return;
    };
    match confirm::may_open(model, verb) {
        Err(why) => model.tell(why),
        Ok(()) => confirm::open(model, Operation { verb, target, back_to: None }, None, out),
    }
}

fn rows(model: &mut Model, by: i64) {
    if model.nav.screen == Screen::Sources {
        let last = model.world.sources.len().saturating_sub(1) as i64;
        model.nav.source_row = (model.nav.source_row as i64).saturating_add(by).clamp(0, last.max(0)) as usize;
        return;
    }
    let listed: Vec<_> = board::listed(model).map(|r| r.service.clone()).collect();
    let Some(last) = listed.len().checked_sub(1) else { return };
    let at = model.nav.selected.as_ref().and_then(|s| listed.iter().position(|l| l == s)).unwrap_or(0);
    let to = (at as i64).saturating_add(by).clamp(0, last as i64) as usize;
    model.nav.selected = listed.get(to).cloned();
    model.nav.by_hand = true;
}

fn open(model: &mut Model, out: &mut Vec<Effect>) {
    match model.nav.screen {
        Screen::Verdict | Screen::Board => model.nav.overlay = Some(Overlay::Explain { scroll: 0 }),
        Screen::Runbook => step_run(model, out),
        Screen::Sources | Screen::Waking | Screen::Choose => {}
    }
}

fn back(model: &mut Model) {
    if let Some(s) = model.nav.back.pop() {
        model.nav.screen = s;
    }
}

fn quit(model: &mut Model, out: &mut Vec<Effect>) {
    let now = model.now.person;
    let busy = model.is_armed() || model.acts_in_flight().next().is_some();
    let asked = model.quit_asked.is_some_and(|t| now.0 - t.0 <= model.limits.quit_again);
    if busy && !asked {
        model.quit_asked = Some(now);
        let why = if model.is_armed() { "this console is armed" } else { "an act is in flight" };
        model.tell(format!("{why}: q again within 3 s leaves"));
    } else {
        out.push(Effect::Quit(0));
    }
}

fn speed(model: &mut Model, faster: bool, out: &mut Vec<Effect>) {
    if model.environment.place != Place::Drill {
        return;
    }
    const SPEEDS: [u32; 6] = [1, 2, 5, 10, 30, 60];
    let at = SPEEDS.iter().position(|s| *s == model.speed).unwrap_or(0);
    let to = if faster { (at + 1).min(SPEEDS.len() - 1) } else { at.saturating_sub(1) };
    model.speed = SPEEDS[to];
    model.tell(format!("drill time runs {}x", model.speed));
    out.push(Effect::Speed(model.speed));
}

pub(super) fn suspend(model: &mut Model, out: &mut Vec<Effect>) {
    disarm(model, "suspended", out);
    out.push(Effect::Suspend);
}

pub(super) fn disarm(model: &mut Model, why: &str, out: &mut Vec<Effect>) {
    if model.armed_until.take().is_some() {
        confirm::disarmed(model);
        out.push(Effect::Append {
            entry: records::plain(Kind::Disarmed, model.now.utc, None, json!({"why": why})),
            ticket: None,
        });
        bump(model);
    }
}

// ---- overlays ----------------------------------------------------------------------------------------------

/// True when the overlay took the key.
fn overlay_key(model: &mut Model, key: Key, out: &mut Vec<Effect>) -> bool {
    let Some(overlay) = model.nav.overlay.take() else { return false };
    match overlay {
        Overlay::Note(draft) => {
            note_key(model, draft, key, out);
            true
        }
        Overlay::SkipReason { step, mut typed } => {
            match key.code {
                Code::Esc => {}
                Code::Enter if !typed.trim().is_empty() => step_skip(model, step, typed.trim(), out),
                Code::Enter => model.nav.overlay = Some(Overlay::SkipReason { step, typed }),
                Code::Backspace => {
                    typed.pop();
                    model.nav.overlay = Some(Overlay::SkipReason { step, typed });
                }
                Code::Char(c) if !key.ctrl && !key.alt && typed.chars().count() < 200 => {
                    typed.push(c);
                    model.nav.overlay = Some(Overlay::SkipReason { step, typed });
                }
                _ => model.nav.overlay = Some(Overlay::SkipReason { step, typed }),
            }
            true
        }
        Overlay::Explain { scroll } => scrolled(model, key, scroll, |scroll| Overlay::Explain { scroll }),
        Overlay::Help { scroll } => scrolled(model, key, scroll, |scroll| Overlay::Help { scroll }),
    }
}

/// Reading: rows move, Esc and Enter close; any other key closes and then does what it means.
fn scrolled(model: &mut Model, key: Key, scroll: u16, make: impl Fn(u16) -> Overlay) -> bool {
    let half = model.height / 2;
    match model.keymap.find(Context::List, &[key]) {
        Found::Intent(Intent::NextRow) => model.nav.overlay = Some(make(scroll.saturating_add(1))),
        Found::Intent(Intent::PreviousRow) => model.nav.overlay = Some(make(scroll.saturating_sub(1))),
        Found::Intent(Intent::HalfPageDown) => model.nav.overlay = Some(make(scroll.saturating_add(half))),
        Found::Intent(Intent::HalfPageUp) => model.nav.overlay = Some(make(scroll.saturating_sub(half))),
        Found::Intent(Intent::FirstRow) => model.nav.overlay = Some(make(0)),
        _ => {
            return matches!(
                model.keymap.find(Context::Global, &[key]),
                Found::Intent(Intent::Back | Intent::Open | Intent::Help)
            );
        }
    }
    true
}

fn note_key(model: &mut Model, draft: Draft, key: Key, out: &mut Vec<Effect>) {
    match model.keymap.find(Context::Note, &[key]) {
        Found::Intent(Intent::NoteKeep) => {
            let text = draft.text();
            if text.is_empty() {
                return;
            }
            if let Some(why) = &model.log.failed {
                let say = format!("not kept, the log cannot be written ({why}); the draft is offered again");
                model.draft = Some(draft);
                model.tell(say);
                return;
            }
            let target = board::selected_target(model).map(|t| t.id.clone());
            let data = json!({"text": text, "about": draft.about.map(|a| a.rfc3339())});
            out.push(Effect::Append {
                entry: records::plain(Kind::Note, model.now.utc, target.as_ref(), data),
                ticket: None,
            });
            model.tell("kept in the log");
        }
        Found::Intent(Intent::NoteLeave) => {
            if !draft.text().is_empty() {
                model.tell("the draft is kept and offered again");
                model.draft = Some(draft);
            }
        }
        _ => model.nav.overlay = Some(Overlay::Note((model.editor)(&draft, Input::Key(key)))),
    }
}

pub(super) fn paste(model: &mut Model, text: &str) {
    if model.ending {
        return;
    }
    bump(model);
    let first = text.lines().next().unwrap_or_default();
    if model.dialog.is_some() {
        // Pasted text never confirms and is never typed into a name.
        model.tell("pasted text is not taken here");
        return;
    }
    match model.nav.overlay.take() {
        Some(Overlay::Note(draft)) => {
            model.nav.overlay = Some(Overlay::Note((model.editor)(&draft, Input::Paste(text))))
        }
        Some(Overlay::SkipReason { step, mut typed }) => {
            typed.extend(first.chars().filter(|c| !c.is_control()).take(200));
            model.nav.overlay = Some(Overlay::SkipReason { step, typed });
        }
        other => {
            model.nav.overlay = other;
            model.tell("pasted text was ignored");
        }
    }
}

// ---- the runbook -------------------------------------------------------------------------------------------

/// The runbook of the chosen service: the first that is named for it and exists, else one that names the service.
pub fn this_runbook(model: &Model) -> Option<Arc<str>> {
    let service = model.nav.selected.as_ref()?;
    let named = model
        .world
        .services
        .get(service)
        .into_iter()
        .flat_map(|s| s.runbooks.iter())
        .find(|n| model.runbooks.contains_key(*n));
    named
        .cloned()
        .or_else(|| model.runbooks.iter().find(|(_, r)| r.service.as_ref() == Some(service)).map(|(n, _)| n.clone()))
}

fn first_open(model: &Model) -> usize {
    let Some(name) = this_runbook(model) else { return 0 };
    let Some(r) = model.runbooks.get(&name) else { return 0 };
    let current = match model.progress.get(&name) {
        Some(p) => p.current(r),
        None => r.steps.first().map(|s| s.number),
    };
    current.map_or(0, |n| n.saturating_sub(1) as usize)
}

fn step_row(model: &mut Model, by: i64) {
    let n = this_runbook(model).and_then(|r| model.runbooks.get(&r)).map_or(0, |r| r.steps.len());
    let last = n.saturating_sub(1) as i64;
    model.nav.step_row = (model.nav.step_row as i64 + by).clamp(0, last) as usize;
}

fn choose_row(model: &mut Model, by: i64) {
    let last = model.contexts.len() as i64;
    model.nav.choose_row = (model.nav.choose_row as i64 + by).clamp(0, last) as usize;
}

fn step_run(model: &mut Model, out: &mut Vec<Effect>) {
    let Some(name) = this_runbook(model) else { return };
    let number = model.nav.step_row as u32 + 1;
    let Some(book) = model.runbooks.get(&name) else { return };
    let telemetry = model.world.sources.iter().find(|(_, s)| s.abilities.roles.telemetry).map(|(n, _)| n.clone());
    match model.progress.entry(name.clone()).or_default().start(book, number) {
        Err(why) => model.tell(why.to_string()),
        Ok(check) => {
            let query = check.query.clone();
            let asked = check.source.clone();
            match asked.or(telemetry).filter(|s| model.world.sources.contains_key(s)) {
                Some(source) => {
                    let id = model.next_ask(Purpose::Check { runbook: name, step: number });
                    out.push(Effect::Ask { id, source, question: Question::Check(query) });
                }
                None => check_answered(model, &name, number, Err("there is no such source to ask"), out),
            }
        }
    }
}

/// The answer of a check's query, or why there is none.
pub(super) fn check_answered(
    model: &mut Model,
    name: &Arc<str>,
    step: u32,
    found: Result<Option<f64>, &str>,
    out: &mut Vec<Effect>,
) {
    let now = model.now.utc;
    let Some(book) = model.runbooks.get(name) else { return };
    if model.progress.entry(name.clone()).or_default().answer(book, step, found, now) {
        runbook_line(model, name, step, out);
    }
}

fn step_tick(model: &mut Model, out: &mut Vec<Effect>) {
    let Some(name) = this_runbook(model) else { return };
    let number = model.nav.step_row as u32 + 1;
    let now = model.now.utc;
    let Some(book) = model.runbooks.get(&name) else { return };
    match model.progress.entry(name.clone()).or_default().tick(book, number, now) {
        Err(why) => model.tell(why.to_string()),
        Ok(()) => {
            runbook_line(model, &name, number, out);
            step_row(model, 1);
        }
    }
}

fn step_skip(model: &mut Model, step: usize, reason: &str, out: &mut Vec<Effect>) {
    let Some(name) = this_runbook(model) else { return };
    let number = step as u32 + 1;
    let now = model.now.utc;
    let Some(book) = model.runbooks.get(&name) else { return };
    match model.progress.entry(name.clone()).or_default().skip(book, number, reason, now) {
        Err(why) => model.tell(why.to_string()),
        Ok(()) => {
            runbook_line(model, &name, number, out);
            step_row(model, 1);
        }
    }
}

fn runbook_line(model: &mut Model, name: &Arc<str>, step: u32, out: &mut Vec<Effect>) {
    let title = model.runbooks.get(name).and_then(|r| r.step(step)).map(|s| s.title.clone());
    let state = model.progress.get(name).map(|p| words(p.state(step)));
    let data = json!({"runbook": name, "step": step, "title": title, "state": state});
    out.push(Effect::Append { entry: records::plain(Kind::Runbook, model.now.utc, None, data), ticket: None });
    bump(model);
}

fn words(state: &StepState) -> String {
    match state {
        StepState::Open => "open".into(),
        StepState::Running => "running".into(),
        StepState::Done { found: Some(v), .. } => format!("pass, found {v}"),
        StepState::Done { found: None, .. } => "done".into(),
        StepState::Failed { why, .. } => format!("FAILED, {why}"),
        StepState::Skipped { reason, .. } => format!("skipped: {reason}"),
    }
}
