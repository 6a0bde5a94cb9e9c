//! A key: the keymap, half-typed chords, bursts, and what each intent does. No act starts here; its dialog does.

use super::{
    alerts, browse, bump, checks, choose, confirm, drill, filter, incident, link, looked, many, moved, palette, panes,
    past, pick, records, replay, sheets, sides, steps, watch, who, writing,
};
use crate::core::act::dialog::{Dialog, DialogKind};
use crate::core::act::many::Whole;
use crate::core::act::plan::{Operation, Verb};
use crate::core::alarm;
use crate::core::board;
use crate::core::case::note::Draft;
use crate::core::effect::{Choice, Effect};
use crate::core::entry::Kind;
use crate::core::frozen;
use crate::core::here;
use crate::core::id::{ServiceId, TargetId};
use crate::core::intent::{Context, Intent};
use crate::core::key::{Code, Key};
use crate::core::keymap::Found;
use crate::core::listing;
use crate::core::model::{Model, Place};
use crate::core::nav::{Listing, Overlay, Pane, Screen};
use crate::core::statement;
use crate::core::time::Person;
use serde_json::json;

/// After waking, keys within this many milliseconds only choose a screen.
const DEAF_MS: i64 = 300;

/// The Board's detail follows the selection after this many milliseconds without another move: a key in a list then
/// costs its rows alone (limits.md section 5).
const REST_MS: i64 = 150;

pub(super) fn key(model: &mut Model, key: Key, out: &mut Vec<Effect>) {
    let asked = model.quit_asked;
    let chosen = model.nav.selected.clone();
    let before = (is_open(model), model.notice.clone());
    pressed(model, key, out);
    // Whoever does anything else than move sees what is chosen at once.
    if model.nav.selected == chosen {
        model.nav.resting = None;
    }
    // What opens tells its own keys in the row where an older notice stood.
    if !before.0 && is_open(model) && model.notice == before.1 {
        model.notice = None;
    }
    // Two of them with nothing between leave an armed console; half a chord is not nothing, and not another key yet.
    if model.quit_asked == asked && model.nav.pending.is_empty() {
        model.quit_asked = None;
    }
}

/// A dialog, a page, a field or a menu lies over the screen.
fn is_open(model: &Model) -> bool {
    model.dialog.is_some() || model.nav.overlay.is_some() || !model.nav.pending.is_empty()
}

fn pressed(model: &mut Model, key: Key, out: &mut Vec<Effect>) {
    let now = model.now.person;
    let last = model.nav.came(now);
    if model.ending {
        return;
    }
    bump(model);
    if model.nav.screen == Screen::Waking {
        wake(model);
        model.nav.choice_open = !answered(model);
        waking_key(model, key, out);
        return;
    }
    if now < model.nav.deaf_until {
        waking_key(model, key, out);
        return;
    }
    if who::key(model, key, out) {
        return;
    }
    if model.dialog.is_some() {
        confirm::key(model, key, last, out);
        return;
    }
    if filter::key(model, key) {
        return;
    }
    if model.nav.overlay.is_some() && writing::overlay_key(model, key, out) {
        filter::leave_help(model);
        return;
    }
    filter::leave_help(model);
    if model.nav.screen == Screen::Choose && choose::digit(model, key, out) {
        return;
    }
    let mut keys = std::mem::take(&mut model.nav.pending);
    keys.push(key);
    match here::lookup(model, &keys) {
        Found::Intent(i) => {
            // The strip has the keys until one does something else than open it.
            let stays = matches!(i, Intent::PaneNext | Intent::PanePrevious | Intent::Open | Intent::Help);
            model.nav.strip &= stays;
            let target = model.nav.menu_target.take();
            chosen(model, i, target, out);
        }
        Found::Prefix if model.replay.is_some() && here::begins_act(model, &keys) => model.tell(replay::NO_ACT),
        Found::Prefix => {
            if here::begins_act(model, &keys) {
                past::act_key(model);
            }
            // Pinned now: rows may move while the menu is read.
            let target = here::begins_act(model, &keys).then(|| board::selected_target(model)).flatten();
            model.nav.menu_target = target.map(|t| t.id.clone());
            model.nav.pending = keys;
        }
        Found::Nothing => {
            model.nav.menu_target = None;
            let Some((_, before)) = keys.split_last().filter(|(_, before)| !before.is_empty()) else { return };
            if key.code != Code::Esc {
                let act = here::begins_act(model, before);
                model.tell(if act { "no such act; the menu is closed" } else { "no such keys; nothing was done" });
            }
        }
    }
}

/// While waking, and just after: screens, help and leaving only.
fn waking_key(model: &mut Model, key: Key, out: &mut Vec<Effect>) {
    if let Found::Intent(i) = model.keymap.find(Context::Global, &[key]) {
        match i {
            Intent::ScreenVerdict
            | Intent::ScreenBoard
            | Intent::ScreenRunbook
            | Intent::ScreenSources
            | Intent::ScreenIncident
            | Intent::ScreenWatch
            | Intent::ScreenAlerts
            | Intent::ScreenTimeline
            | Intent::Help
            | Intent::Palette
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
    link::open_at(model);
    // What a drill is about stood on the waking screen for a moment only: nobody has read it.
    if let Some(goal) = model.environment.goal.clone().filter(|_| model.environment.place == Place::Drill) {
        let palette = model.keymap.shown(Intent::Palette).unwrap_or_default();
        let hint = if model.hints.is_empty() { String::new() } else { format!(" Stuck: {palette}drill-hint.") };
        model.tell(format!("DRILL {goal}{hint}"));
    }
    // What hurts at the opening is no news afterwards.
    model.nav.known_trouble =
        model.rows.iter().take_while(|r| alarm::is_trouble(r)).map(|r| r.service.clone()).collect();
    bump(model);
}

/// All sources have answered (or failed): choose, without waiting for the three seconds.
pub(super) fn leave_waking_when_answered(model: &mut Model) {
    if model.nav.screen != Screen::Waking || model.world.sources.is_empty() {
        if model.nav.selected.is_none() && !matches!(model.nav.screen, Screen::Waking | Screen::Choose) {
            model.nav.selected = model.rows.first().map(|r| r.service.clone());
        }
        choose_late(model);
        return;
    }
    if answered(model) {
        wake(model);
        // Nobody pressed a key: nobody's second key has to be kept from acting.
        model.nav.deaf_until = Person(0);
    }
}

/// A key left the waking screen before anything was judged, so the first row was only the first by name. Once all is
/// there, within the time of waking, the worst is chosen; unless a hand chose meanwhile or something lies open.
fn choose_late(model: &mut Model) {
    if !model.nav.choice_open {
        return;
    }
    let now = model.now.person;
    if model.nav.by_hand || now.0 - model.started.person.0 >= model.limits.waking {
        model.nav.choice_open = false;
    } else if answered(model) && !is_open(model) {
        model.nav.choice_open = false;
        let before = model.nav.selected.clone();
        to_worst(model);
        if model.nav.selected != before {
            // A key that was already on its way meant the row before.
            model.nav.deaf_until = Person(now.0 + DEAF_MS);
            bump(model);
        }
    }
}

/// Every source has said something, and what it was asked has come.
fn answered(model: &Model) -> bool {
    !model.world.sources.is_empty() && statement::is_whole(model)
}

/// An intent that a hand chose, by keys or by words.
pub(super) fn chosen(model: &mut Model, i: Intent, target: Option<TargetId>, out: &mut Vec<Effect>) {
    // Three keys in ten milliseconds are not fingers: no act opens from them.
    if (i.is_act() || i == Intent::Decide) && model.nav.is_burst() {
        model.tell("keys came too fast for a hand; nothing was opened");
        return;
    }
    intent(model, i, target, out);
}

pub(super) fn intent(model: &mut Model, i: Intent, menu_target: Option<TargetId>, out: &mut Vec<Effect>) {
    if model.replay.is_some() && replay::writes(i) {
        model.tell(replay::NO_ACT);
        return;
    }
    // However it was asked for: by keys, by a name in the palette, by a step.
    if i.is_act() {
        past::act_key(model);
    }
    match i {
        Intent::RollBack => act(model, Verb::RollBack, menu_target, out),
        Intent::Hold => act(model, Verb::Hold, menu_target, out),
        Intent::Resume => act(model, Verb::Resume, menu_target, out),
        Intent::Promote => act(model, Verb::Promote, menu_target, out),
        Intent::PromoteFull => act(model, Verb::PromoteFull, menu_target, out),
        Intent::Emergency => emergency(model, menu_target, out),
        Intent::Checklists => checks::open(model, menu_target),
        Intent::SkipStep => act(model, Verb::SkipStep, menu_target, out),
        Intent::Retry => pick::again(model, menu_target, out),
        Intent::RollBackTo => pick::versions(model, menu_target.as_ref()),
        Intent::TerminateAnalysis => act(model, Verb::Terminate, menu_target, out),
        Intent::Restart => act(model, Verb::Restart, menu_target, out),
        Intent::Freeze => many::freeze(model, out),
        Intent::Thaw => many::thaw(model, out),
        Intent::Logs => looked::open_logs(model),
        Intent::Raw => looked::open_raw(model),
        Intent::Login => super::login::begin(model, None, out),
        Intent::ScreenEvidence => model.nav.go(Screen::Evidence),
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
        Intent::Acknowledge => sides::acknowledge(model, menu_target, out),
        Intent::Silence => sides::silence(model, out),
        Intent::FlagOff => sides::flag(model, false, out),
        Intent::FlagOn => sides::flag(model, true, out),
        Intent::Wake => sides::wake(model, out),
        Intent::Revoke => sides::revoke(model, out),
        Intent::OpenIncident => sheets::incident(model),
        Intent::CloseIncident => sheets::close(model),
        Intent::TakeLead => sheets::take_lead(model),
        Intent::GiveLead => sheets::give_lead(model),
        Intent::Debts => sheets::tasks(model),
        Intent::Tell => sheets::tell(model, out),
        Intent::Decide => sheets::decide(model),
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
            model.nav.step_row = steps::first_open(model);
        }
        Intent::ScreenSources => {
            if model.nav.screen != Screen::Sources {
                model.nav.source_row = choose::worst_source(model);
            }
            model.nav.go(Screen::Sources);
        }
        Intent::ScreenIncident => model.nav.go(Screen::Incident),
        Intent::ScreenWatch => model.nav.go(Screen::Watch),
        Intent::ScreenAlerts => model.nav.go(Screen::Alerts),
        Intent::ScreenTimeline => model.nav.go(Screen::Timeline),
        Intent::NextRow => rows(model, 1),
        Intent::PreviousRow => rows(model, -1),
        Intent::FirstRow => rows(model, i64::MIN / 2),
        Intent::LastRow => rows(model, i64::MAX / 2),
        Intent::HalfPageDown => rows(model, i64::from(model.height / 2)),
        Intent::HalfPageUp => rows(model, -i64::from(model.height / 2)),
        // What is folded is not in sight elsewhere.
        Intent::ShowRest => match model.nav.screen {
            Screen::Verdict | Screen::Board | Screen::Alerts | Screen::Timeline => {
                model.nav.show_rest = !model.nav.show_rest;
            }
            Screen::Evidence => model.looked.unfolded = !model.looked.unfolded,
            Screen::Waking | Screen::Choose | Screen::Runbook | Screen::Sources | Screen::Incident | Screen::Watch => {}
        },
        Intent::Open => open(model, out),
        Intent::Back => back(model),
        Intent::Note => {
            let now = model.now.utc;
            let target = board::selected_target(model).map(|t| t.id.clone());
            let empty = || Draft { lines: vec![String::new()], about: Some(now), target, ..Draft::default() };
            model.nav.overlay = Some(Overlay::Note(model.draft.take().unwrap_or_else(empty)));
        }
        Intent::Help => {
            model.nav.under = None;
            model.nav.overlay = Some(Overlay::Help { scroll: 0 });
        }
        Intent::Repaint => out.push(Effect::Repaint),
        Intent::Suspend => suspend(model, out),
        Intent::Quit => quit(model, out),
        Intent::DrillFaster
        | Intent::DrillSlower
        | Intent::DrillPause
        | Intent::DrillStep
        | Intent::DrillReset
        | Intent::DrillHint => drill::key(model, i, out),
        Intent::StepNext => steps::step_row(model, 1),
        Intent::StepPrevious => steps::step_row(model, -1),
        Intent::StepRun => steps::step_run(model, out),
        Intent::StepTick => steps::step_tick(model, out),
        Intent::StepSkip => steps::ask_skip(model, out),
        Intent::ChooseNext => choose::row(model, 1),
        Intent::ChoosePrevious => choose::row(model, -1),
        Intent::ChooseOpen => {
            if let Some(c) = model.contexts.get(model.nav.choose_row) {
                out.push(Effect::Choose(Choice::Context(c.name.clone())));
            } else {
                out.push(Effect::Choose(Choice::Drill));
            }
        }
        Intent::ChooseDrill => out.push(Effect::Choose(Choice::Drill)),
        Intent::Palette => palette::open(model, None),
        Intent::Filter => filter::open(model),
        Intent::MatchNext => filter::next(model, 1),
        Intent::MatchPrevious => filter::next(model, -1),
        Intent::BookNext => steps::other_book(model, 1),
        Intent::BookPrevious => steps::other_book(model, -1),
        Intent::FigureNext => panes::figure(model, 1),
        Intent::FigurePrevious => panes::figure(model, -1),
        Intent::PaneNext => panes::next(model, 1),
        Intent::PanePrevious => panes::next(model, -1),
        Intent::Zoom => panes::zoom(model),
        Intent::Alarm => link::alarm(model),
        Intent::Copy => link::copy(model, out),
        Intent::ReplayPause | Intent::ReplayStep | Intent::ReplayAct => replay::key(model, i, out),
        // Only meaningful where they are handled: a dialog, the note, a field.
        Intent::Confirm
        | Intent::CopyRequests
        | Intent::NoteKeep
        | Intent::NoteLeave
        | Intent::FieldTake
        | Intent::FieldLeave
        | Intent::FieldNext
        | Intent::FieldPrevious
        | Intent::FieldComplete
        | Intent::SheetNext
        | Intent::SheetPrevious
        | Intent::SheetEdit
        | Intent::SheetCycle
        | Intent::LinesBoth
        | Intent::LinesPrevious
        | Intent::LinesSince => {}
    }
}

/// What hurts most, as long as nobody chose anything by hand. Only at a key: nothing moves under a finger.
fn to_worst(model: &mut Model) {
    // Under a filter the worst may be hidden; what is chosen stays.
    if !model.nav.by_hand
        && listing::words(model, Listing::Services).is_none()
        && let Some(worst) = model.rows.first()
    {
        let worst = worst.service.clone();
        if model.nav.selected.as_ref() != Some(&worst) {
            model.nav.selected = Some(worst);
            panes::chosen(model);
        }
    }
}

pub(super) fn dialog(model: &mut Model, kind: DialogKind) {
    let id = model.next_dialog();
    model.dialog = Some(Dialog::new(id, kind, model.now.person));
}

fn act(model: &mut Model, verb: Verb, target: Option<TargetId>, out: &mut Vec<Effect>) {
    // Pinned when the menu opened: rows may have moved since.
    let Some(target) = target else {
        model.tell("nothing is chosen to act on");
        return;
    };
    if let Err(why) = confirm::may_open(model, verb) {
        model.tell(why);
        return;
    }
    match several(model, verb, &target) {
        Some((whole, service)) => many::service(model, whole, &service, out),
        None => confirm::open(model, Operation::new(verb, target), None, out),
    }
}

/// The emergency path: a promote that passes what blocks.
fn emergency(model: &mut Model, target: Option<TargetId>, out: &mut Vec<Effect>) {
    let Some(target) = target else {
        model.tell("nothing is chosen to act on");
        return;
    };
    match confirm::may_open(model, Verb::Promote) {
        Err(why) => model.tell(why),
        Ok(()) => {
            let operation = Operation { emergency: true, ..Operation::new(Verb::Promote, target) };
            confirm::open(model, operation, None, out);
        }
    }
}

/// Going back with a service that moves in several places: all of them, in one dialog. One that waits for its name goes
/// on as it was begun.
fn several(model: &Model, verb: Verb, target: &TargetId) -> Option<(Whole, ServiceId)> {
    let whole = match verb {
        Verb::RollBack => Whole::RollBack,
        Verb::Hold => Whole::Hold,
        Verb::Promote
        | Verb::PromoteFull
        | Verb::Resume
        | Verb::SkipStep
        | Verb::Retry
        | Verb::Rerun
        | Verb::Terminate
        | Verb::Restart => return None,
    };
    let t = model.world.targets.get(target).filter(|t| t.is_moving())?;
    let waits = confirm::waiting_for_name(model, &Operation::new(verb, target.clone())).is_some();
    let cut = crate::core::finish::cut(model, target, verb).is_some();
    // What goes back already has its own next lever, and its own dialog.
    let n = frozen::moving_of(model, &t.service).filter(|t| frozen::going_back(model, t).is_none()).count();
    (n > 1 && !waits && !cut && frozen::going_back(model, t).is_none()).then(|| (whole, t.service.clone()))
}

/// Exactly this target, whatever else moves: it was named in full.
pub(super) fn one(model: &mut Model, verb: Verb, target: TargetId, out: &mut Vec<Effect>) {
    match confirm::may_open(model, verb) {
        Err(why) => model.tell(why),
        Ok(()) => confirm::open(model, Operation::new(verb, target), None, out),
    }
}

pub(super) fn rows(model: &mut Model, by: i64) {
    if model.nav.screen == Screen::Sources {
        let listed = listing::sources(model);
        let Some(last) = listed.len().checked_sub(1) else { return };
        let at = listed.iter().position(|i| *i == model.nav.source_row).unwrap_or(0);
        model.nav.source_row = listed[(at as i64).saturating_add(by).clamp(0, last as i64) as usize];
        return;
    }
    if model.nav.screen == Screen::Alerts {
        alerts::go(model, by);
        return;
    }
    if model.nav.screen == Screen::Timeline {
        past::go(model, by);
        return;
    }
    if model.nav.screen == Screen::Incident {
        browse::go(model, by);
        return;
    }
    if model.nav.screen == Screen::Evidence {
        model.looked.go(by);
        return;
    }
    if model.nav.screen == Screen::Watch {
        watch::rows(model, by);
        return;
    }
    if panes::moved(model, by) {
        return;
    }
    let Some(last) = board::listed(model).count().checked_sub(1) else { return };
    let at = panes::place(model).unwrap_or(0);
    let to = (at as i64).saturating_add(by).clamp(0, last as i64) as usize;
    let to = board::listed(model).nth(to).map(|r| r.service.clone());
    if to != model.nav.selected {
        // The one still shown stays until the selection rests.
        let shown = model.nav.resting.take().map(|r| r.0).or_else(|| model.nav.selected.clone());
        model.nav.resting = shown.map(|s| (s, Person(model.now.person.0 + REST_MS)));
        model.nav.selected = to;
        panes::chosen(model);
    }
    model.nav.by_hand = true;
}

fn open(model: &mut Model, out: &mut Vec<Effect>) {
    if panes::focus(model) == Some(Pane::Log) || panes::strip(model) {
        browse::open(model, None, out);
        return;
    }
    match model.nav.screen {
        Screen::Incident => {
            let chosen = model.nav.record.clone().or_else(|| listing::records(model).first().map(|r| r.key()));
            if chosen.is_some() {
                browse::open(model, chosen, out);
            }
        }
        Screen::Verdict | Screen::Board => model.nav.overlay = Some(Overlay::Explain { scroll: 0 }),
        Screen::Runbook => steps::step_run(model, out),
        Screen::Evidence => looked::open_logs(model),
        Screen::Watch => watch::open(model),
        Screen::Alerts => model.nav.alert_open = !model.nav.alert_open,
        Screen::Timeline => past::enter(model),
        Screen::Sources | Screen::Waking | Screen::Choose => {}
    }
}

fn back(model: &mut Model) {
    if past::leave(model) {
        return;
    }
    // A kept filter goes first: what it hides must not be forgotten.
    if filter::clear(model) {
        return;
    }
    if std::mem::take(&mut model.nav.strip) || model.nav.figure.take().is_some() {
        return;
    }
    let Some(spot) = model.nav.back.pop() else {
        incident::not_now(model);
        return;
    };
    model.nav.screen = spot.screen;
    model.nav.pane = Pane::of(spot.screen).unwrap_or(model.nav.pane);
    if let Some((Some(before), to)) = spot.chose
        && model.nav.selected.as_ref() == Some(&to)
        && model.rows.iter().any(|r| r.service == before)
    {
        filter::uncover(model, &before);
        model.nav.selected = Some(before);
    }
}

fn quit(model: &mut Model, out: &mut Vec<Effect>) {
    let now = model.now.person;
    let incident = model.casebook.current().is_some() || model.desk.opening.is_some();
    let runs = !model.bench.commands.is_empty();
    let busy =
        model.replay.is_none() && (model.is_armed() || model.acts_in_flight().next().is_some() || incident || runs);
    let asked = model.quit_asked.is_some_and(|t| now.0 - t.0 <= model.limits.quit_again);
    if busy && !asked {
        model.quit_asked = Some(now);
        let why = match (model.is_armed(), model.acts_in_flight().next().is_some()) {
            (true, _) => "this console is armed",
            (false, true) => "an act is in flight",
            (false, false) if runs => "a command runs and would be stopped",
            (false, false) => "an incident is open",
        };
        let how = model.how(Intent::Quit);
        let secs = model.limits.quit_again / 1_000;
        model.tell(format!("{why}: {how} again within {secs} s leaves"));
    } else {
        incident::leave(model, out);
        out.push(Effect::Quit(0));
    }
}

pub(super) fn suspend(model: &mut Model, out: &mut Vec<Effect>) {
    disarm(model, "suspended", out);
    out.push(Effect::Suspend);
}

pub(super) fn disarm(model: &mut Model, why: &str, out: &mut Vec<Effect>) {
    if model.armed_until.take().is_some() {
        moved::disarmed(model);
        super::side::disarmed(model);
        out.push(Effect::Append {
            entry: records::plain(Kind::Disarmed, model.now.utc, None, json!({"why": why})),
            ticket: None,
        });
        bump(model);
    }
}
