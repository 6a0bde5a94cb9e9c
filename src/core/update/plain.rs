//! `--plain`: typed words in, one line for each event out. A line is parsed and then means the same intent, the same
//! dialog and the same guards as a key; there is no rule here that a key would not meet.

mod tell;

use super::{bump, confirm, drill, keys, many, pick, sheet, steps, this_runbook, who, writing};
use crate::core::act::dialog::REASON_MOST;
use crate::core::act::flight::State;
use crate::core::act::plan::Verb;
use crate::core::act::sheet::{Field, TEXT_MOST};
use crate::core::board;
use crate::core::effect::{Choice, Effect};
use crate::core::id::{ServiceId, TargetId};
use crate::core::intent::Intent;
use crate::core::model::{Model, Place};
use crate::core::nav::{Overlay, Screen};
use crate::core::plain::ask::{self, Due};
use crate::core::plain::grammar::{self, Command, Step};
use crate::core::plain::{self, alerts, incident, show, why};
use crate::core::time::Person;

pub(super) use tell::{next_wake, tell};

/// The only way a line gets out: through the gate.
fn say(out: &mut Vec<Effect>, text: &str) {
    out.push(Effect::Say(plain::line(text)));
}

fn say_all(out: &mut Vec<Effect>, lines: impl IntoIterator<Item = String>) {
    for l in lines {
        say(out, &l);
    }
}

/// A typed line.
pub(super) fn line(model: &mut Model, line: &str, out: &mut Vec<Effect>) {
    let now = model.now.person;
    let last = model.nav.came(now);
    if model.ending {
        return;
    }
    bump(model);
    let typed = line.trim();
    // Nothing typed is no answer: it closes nothing and confirms nothing.
    if typed.is_empty() {
        return;
    }
    let long = line.chars().count() > grammar::LINE_MOST;
    if model.nav.screen == Screen::Waking {
        keys::wake(model);
    }
    if who::line(model, typed, out) {
        return;
    }
    if model.dialog.is_some() {
        answer(model, typed, long, last, out);
        return;
    }
    if long {
        say(out, &format!("Line refused, nothing was done: it has more than {} characters.", grammar::LINE_MOST));
        return;
    }
    match grammar::parse(typed) {
        Ok(command) => {
            if command != Command::Quit {
                model.quit_asked = None;
            }
            // A list is answered by the next line, or it is closed.
            if !matches!(command, Command::To(_))
                && matches!(model.nav.overlay, Some(Overlay::Pick(_) | Overlay::Answer { .. }))
            {
                model.nav.overlay = None;
            }
            run(model, command, out);
        }
        Err(wrong) => {
            model.quit_asked = None;
            say(out, &wrong);
        }
    }
}

/// A line while a dialog is open: its own words, or it closes.
fn answer(model: &mut Model, typed: &str, long: bool, quiet_since: Person, out: &mut Vec<Effect>) {
    let Some(dialog) = &mut model.dialog else { return };
    // The quiet counts from the last line of any kind, the one that opened the dialog included.
    dialog.last_key = Person(dialog.last_key.0.max(quiet_since.0));
    dialog.again = false;
    let Some(dialog) = &model.dialog else { return };
    match typed {
        "requests" | "copy" if dialog.act().is_some_and(|d| d.plan().is_some()) => {
            say_all(out, dialog.act().and_then(|d| d.plan()).map(ask::requests).unwrap_or_default());
            say_all(out, ask::prompt(model, dialog));
            return;
        }
        "requests" | "copy" if dialog.many().is_some() => {
            say_all(out, dialog.many().map(ask::all_requests).unwrap_or_default());
            say_all(out, ask::prompt(model, dialog));
            return;
        }
        "requests" | "copy" if dialog.sheet().is_some() => {
            say_all(out, dialog.sheet().map(|s| s.copied()).unwrap_or_default().lines().map(str::to_owned));
            say_all(out, ask::prompt(model, dialog));
            return;
        }
        "repeat" => {
            say_all(out, ask::lines(model, dialog));
            say_all(out, ask::prompt(model, dialog));
            return;
        }
        _ => {}
    }
    if because(model, typed, long, out) {
        return;
    }
    if let Some(took) = set(model, typed, long, out) {
        if !took {
            confirm::close(model, "closed; nothing was started", out);
        }
        return;
    }
    if let Some(n) = typed.strip_prefix("tick ").and_then(|n| n.trim().parse::<usize>().ok())
        && model.dialog.as_ref().is_some_and(|d| d.many().is_some())
    {
        if !many::tick_number(model, n, out) {
            say(out, &format!("There is no line {n}, nothing was changed."));
        }
        return;
    }
    let Some(dialog) = &model.dialog else { return };
    let took = match ask::due(model, dialog) {
        Some(Due::Yes(words)) => typed == words && !long && confirm::yes(model, out),
        Some(Due::Name(_)) => !long && confirm::name(model, typed, out),
        Some(Due::Reason) => false,
        // Being made: what may be an early confirmation neither confirms nor closes.
        None => typed.starts_with("yes ") && !long && confirm::yes(model, out),
    };
    if !took {
        match model.dialog.as_ref().and_then(|d| d.sheet()) {
            Some(_) => sheet::close(model, out),
            None => confirm::close(model, "closed; nothing was started", out),
        }
        return;
    }
    if let Some(d) = model.dialog.as_ref().filter(|d| d.again) {
        let prompt = ask::prompt(model, d).unwrap_or_else(|| "wait for the line that asks".into());
        say(out, &format!("Again: that came too early, nothing was started. Wait a second, then {prompt}"));
    }
}

/// `because WORDS` in the dialog of an emergency, before the name. False: it is not that.
fn because(model: &mut Model, typed: &str, long: bool, out: &mut Vec<Effect>) -> bool {
    let Some(words) = typed.strip_prefix("because ").filter(|_| !long) else { return false };
    let now = model.now.person;
    let Some(dialog) = &mut model.dialog else { return false };
    let Some(e) = dialog.act_mut().filter(|d| d.refused.is_none()).and_then(|d| d.emergency.as_mut()) else {
        return false;
    };
    e.reason = words.chars().filter(|c| !c.is_control()).take(REASON_MOST).collect();
    e.taken = e.is_said();
    let taken = e.taken;
    dialog.last_key = now;
    if !taken {
        say(out, "A sentence is asked for: three words at least. Nothing was started.");
    }
    let prompt = model.dialog.as_ref().and_then(|d| ask::prompt(model, d));
    say_all(out, prompt);
    true
}

/// `set 1 WORDS` in a dialog with rows. `None`: it is not that.
fn set(model: &mut Model, typed: &str, long: bool, out: &mut Vec<Effect>) -> Option<bool> {
    let sheet = model.dialog.as_mut()?.sheet_mut()?;
    let Ok(Command::Set(number, words)) = grammar::parse(typed) else { return None };
    if long {
        return Some(false);
    }
    let Some(row) = sheet.rows.get_mut(number - 1) else {
        let most = sheet.rows.len();
        say(out, &format!("There is no row {number}, nothing was changed. This dialog has {most}."));
        return Some(true);
    };
    let said = match &mut row.field {
        Field::Text(text) => {
            *text = words.chars().filter(|c| !c.is_control()).take(TEXT_MOST).collect();
            None
        }
        // Its words, or its place among them: conditions and names are long to type.
        Field::Choice { options, at } => match options.iter().position(|o| **o == *words).or_else(|| {
            let place = words.parse::<usize>().ok()?.checked_sub(1)?;
            (place < options.len()).then_some(place)
        }) {
            Some(to) => {
                *at = to;
                None
            }
            None => {
                let all: Vec<&str> = options.iter().map(|o| &**o).collect();
                Some(format!("Nothing was changed: row {number} takes one of: {}.", all.join(", ")))
            }
        },
    };
    row.by_hand |= said.is_none();
    sheet.touched |= said.is_none();
    match said {
        Some(wrong) => say(out, &wrong),
        None => sheet::shown_anew(model, out),
    }
    Some(true)
}

fn run(model: &mut Model, command: Command, out: &mut Vec<Effect>) {
    if model.nav.screen == Screen::Choose {
        choose(model, command, out);
        return;
    }
    match command {
        Command::Help => say_all(out, show::help()),
        Command::Status { all } => {
            // Just woken: the first status follows by itself.
            if model.said.awake {
                status(model, all, out);
            }
        }
        Command::Show(what) => {
            if let Some(t) = target(model, what.as_deref(), out) {
                let book = this_runbook(model);
                let lines = model.world.targets.get(&t).map(|t| show::show(model, t, book.as_ref()));
                say_all(out, lines.unwrap_or_default());
            }
        }
        Command::Why(what) => {
            if let Some(t) = target(model, what.as_deref(), out) {
                say_all(out, model.world.targets.get(&t).map(|t| why::lines(model, t)).unwrap_or_default());
            }
        }
        Command::At(what) => {
            if let Some((service, _)) = find(model, &what, out) {
                choose_service(model, service);
                say(out, &show::chosen(model));
            }
        }
        Command::Acts => {
            let lines = match board::selected_target(model) {
                Some(t) => show::acts(model, t),
                None => show::console(model),
            };
            say_all(out, lines);
        }
        Command::Act(intent, what) => {
            act(model, intent, what.as_deref(), out);
            say_all(out, show::picked(model));
        }
        Command::To(what) => to(model, &what, out),
        Command::Repeat | Command::Requests | Command::Yes => say(out, "Nothing is asked: no dialog is open."),
        Command::Sources => say_all(out, show::sources(model)),
        Command::Runbook(what) => {
            if let Some(what) = what {
                let Some((service, _)) = find(model, &what, out) else { return };
                choose_service(model, service);
            }
            match this_runbook(model) {
                Some(name) => say_all(out, show::runbook(model, &name)),
                None => say(out, "No runbook is found for the chosen service."),
            }
        }
        Command::Step(k, what) => step(model, k, what, out),
        Command::As(name) => who::said(model, &name, out),
        Command::Note(text) => {
            let about = writing::about(&text, Some(model.now.utc), model.now.utc);
            let target = board::selected_target(model).map(|t| t.id.clone());
            if let Err(why) = writing::keep(model, &text, about, target, out) {
                say(out, &why);
            } else {
                say(out, "Kept in the log.");
            }
        }
        Command::Decide(what, why) => {
            keys::chosen(model, Intent::Decide, None, out);
            if let Some(s) = model.dialog.as_mut().and_then(|d| d.sheet_mut()) {
                for (row, words) in s.rows.iter_mut().zip([what, why]) {
                    if !words.is_empty() {
                        row.field = Field::Text(words);
                        row.by_hand = true;
                    }
                }
            }
        }
        Command::Set(..) => say(out, "Nothing is asked: no dialog is open."),
        Command::Log(n) => say_all(out, show::log(model, n)),
        Command::Incident => say_all(out, incident::incident(model)),
        Command::Watch => say_all(out, incident::watch(model)),
        Command::Alerts(None) => {
            let (lines, listed) = alerts::list(model);
            model.said.folds = listed;
            say_all(out, lines);
        }
        Command::Alerts(Some(n)) => match n.checked_sub(1).and_then(|n| model.said.folds.get(n)).cloned() {
            Some(key) => {
                super::alerts::choose(model, key);
                say_all(out, alerts::chosen(model));
            }
            None => say(out, &format!("There is no fold {n}, nothing was done. alerts lists them.")),
        },
        Command::Timeline(None) => {
            let (lines, listed) = alerts::timeline(model);
            model.said.moments = listed;
            say_all(out, lines);
        }
        Command::Timeline(Some(n)) => match n.checked_sub(1).and_then(|n| model.said.moments.get(n)).cloned() {
            Some(key) => say_all(out, alerts::then(model, &key)),
            None => say(out, &format!("There is no line {n}, nothing was done. timeline lists them.")),
        },
        Command::Because => say(out, "Nothing is asked: no dialog is open."),
        Command::Record(n) => say_all(out, incident::record(model, n)),
        Command::Speed(n) => {
            if model.environment.place == Place::Drill {
                drill::set_speed(model, n, out);
            } else {
                say(out, "Only a drill has a speed.");
            }
        }
        Command::Open(_) | Command::Drill => say(out, "That is a word of the first list; this is an environment."),
        Command::Quit => quit(model, out),
    }
}

fn quit(model: &mut Model, out: &mut Vec<Effect>) {
    keys::intent(model, Intent::Quit, None, out);
    if out.iter().any(|e| matches!(e, Effect::Quit(_))) {
        say(out, "Leaving.");
    }
}

/// The first list has no targets: choosing, help and leaving.
fn choose(model: &mut Model, command: Command, out: &mut Vec<Effect>) {
    match command {
        Command::Help => say_all(out, show::help()),
        Command::Status { .. } => say_all(out, show::choices(model)),
        Command::Drill => out.push(Effect::Choose(Choice::Drill)),
        Command::Quit => quit(model, out),
        Command::Open(what) => {
            let by_number = what.parse::<usize>().ok().and_then(|n| model.contexts.get(n.checked_sub(1)?));
            match by_number.or_else(|| model.contexts.iter().find(|c| *c.name == *what)) {
                Some(c) => out.push(Effect::Choose(Choice::Context(c.name.clone()))),
                None => say(out, "There is no such line in the list; nothing was opened. Type status for the list."),
            }
        }
        Command::Show(_)
        | Command::Why(_)
        | Command::At(_)
        | Command::Acts
        | Command::Act(..)
        | Command::To(_)
        | Command::Repeat
        | Command::Requests
        | Command::Sources
        | Command::Runbook(_)
        | Command::Step(..)
        | Command::As(_)
        | Command::Note(_)
        | Command::Decide(..)
        | Command::Set(..)
        | Command::Log(_)
        | Command::Incident
        | Command::Watch
        | Command::Alerts(_)
        | Command::Timeline(_)
        | Command::Because
        | Command::Record(_)
        | Command::Speed(_)
        | Command::Yes => say(out, "Nothing is open yet. Say open and a number, or drill."),
    }
}

fn status(model: &mut Model, all: bool, out: &mut Vec<Effect>) {
    // Rows are rebuilt after a message; a number must mean what is said now.
    model.rows = board::rows(model);
    let (lines, listed) = show::status(model, all);
    say_all(out, lines);
    model.said.rows = listed;
}

fn choose_service(model: &mut Model, service: ServiceId) {
    model.nav.selected = Some(service);
    model.nav.by_hand = true;
    model.nav.alert = None;
}

/// What `N`, `SERVICE` or `SERVICE@SOURCE` means. Says why it means nothing.
fn find(model: &Model, what: &str, out: &mut Vec<Effect>) -> Option<(ServiceId, Option<TargetId>)> {
    if let Ok(n) = what.parse::<usize>() {
        let listed = n.checked_sub(1).and_then(|n| model.said.rows.get(n));
        if listed.is_none() {
            let most = model.said.rows.len();
            say(out, &format!("There is no number {n}, nothing was done. The last status has {most} numbers."));
        }
        return listed.map(|l| (l.service.clone(), l.target.clone()));
    }
    let targets = &model.world.targets;
    let named: Vec<&TargetId> = match what.rsplit_once('@') {
        Some((name, source)) => {
            let it = targets.values().filter(|t| t.id.source.as_str() == source);
            it.filter(|t| *t.id.name == *name || t.service.as_str() == name).map(|t| &t.id).collect()
        }
        None => {
            let service = ServiceId::new(what);
            if model.world.services.contains_key(&service) {
                let worst = model.rows.iter().find(|r| r.service == service).and_then(|r| r.target.clone());
                return Some((service, worst));
            }
            targets.values().filter(|t| *t.id.name == *what).map(|t| &t.id).collect()
        }
    };
    match named.as_slice() {
        [one] => targets.get(one).map(|t| (t.service.clone(), Some((*one).clone()))),
        [] => {
            let near = grammar::nearest(what, model.world.services.keys().map(ServiceId::as_str));
            let near = near.map(|n| format!(" Did you mean {n}?")).unwrap_or_default();
            say(out, &format!("There is no service of that name, nothing was done.{near}"));
            None
        }
        several => {
            let at: Vec<String> = several.iter().map(|t| format!("{} in namespace {}", t.at(), t.namespace)).collect();
            say(out, &format!("That name means {}, nothing was done: {}.", several.len(), at.join(", ")));
            None
        }
    }
}

/// The target that is read about; it is the chosen one from then on.
fn target(model: &mut Model, what: Option<&str>, out: &mut Vec<Effect>) -> Option<TargetId> {
    if let Some(what) = what {
        let (service, target) = find(model, what, out)?;
        let name = service.to_string();
        choose_service(model, service);
        if target.is_none() {
            say(out, &format!("{name} is known by its figures only: no rollout of it is seen."));
        }
        return target;
    }
    let found = board::selected_target(model).map(|t| t.id.clone());
    if found.is_none() {
        say(out, "Nothing is chosen: name a service, or a number of the last status.");
    }
    found
}

/// Open an act's dialog, by the same intent as its keys.
fn act(model: &mut Model, intent: Intent, what: Option<&str>, out: &mut Vec<Effect>) {
    if model.now.person < model.nav.deaf_until {
        say(out, "This console has only just woken, nothing was opened. Hear the status first.");
        return;
    }
    let aimed = match what {
        None => board::selected_target(model).map(|t| t.id.clone()),
        Some(what) => {
            let Some((service, target)) = find(model, what, out) else { return };
            // A bare name must not choose between two rollouts of one service.
            let all: Vec<String> = model.world.targets_of(&service).map(|t| t.id.at()).collect();
            let bare = what.parse::<usize>().is_err() && !what.contains('@');
            let moving = model.world.targets_of(&service).filter(|t| t.is_moving()).count();
            let back = matches!(intent, Intent::RollBack | Intent::Hold);
            if bare && all.len() > 1 && !(back && moving > 1) {
                say(
                    out,
                    &format!(
                        "{service} has {} rollouts, nothing was opened. Say one of: {}.",
                        all.len(),
                        all.join(", ")
                    ),
                );
                return;
            }
            choose_service(model, service);
            // Named in full: that one alone, whatever else of its service moves.
            let verb = match intent {
                Intent::RollBack => Some(Verb::RollBack),
                Intent::Hold => Some(Verb::Hold),
                _ => None,
            };
            if let (Some(verb), Some(target), true) = (verb, &target, what.contains('@')) {
                keys::one(model, verb, target.clone(), out);
                return;
            }
            target
        }
    };
    keys::chosen(model, intent, aimed, out);
}

/// The answer to a list: by its number as said, else by its name.
fn to(model: &mut Model, what: &str, out: &mut Vec<Effect>) {
    if let Some(Overlay::Answer { runbook, step, .. }) = &model.nav.overlay {
        let (name, step) = (runbook.clone(), *step);
        model.nav.overlay = None;
        match what.trim().parse::<usize>().ok().and_then(|n| n.checked_sub(1)) {
            Some(row) => steps::answer(model, &name, step, row, out),
            None => say(out, "Say the number of an answer; nothing was answered."),
        }
        return;
    }
    let Some(Overlay::Pick(mut chosen)) = model.nav.overlay.take() else {
        say(out, "Nothing is asked: say act roll-back-to first.");
        return;
    };
    let Some(t) = model.world.targets.get(chosen.target()) else {
        say(out, "It is gone, nothing was done.");
        return;
    };
    if !chosen.set(t, what) {
        say(out, "There is no such line in the list, nothing was done.");
        say_all(out, show::pick(t, &chosen));
        model.nav.overlay = Some(Overlay::Pick(chosen));
        return;
    }
    pick::take(model, chosen, out);
    // What cannot be taken says why, and the list stays.
}

fn step(model: &mut Model, k: u32, what: Step, out: &mut Vec<Effect>) {
    let Some(book) = this_runbook(model).and_then(|name| model.runbooks.get(&name)) else {
        say(out, "No runbook is found for the chosen service.");
        return;
    };
    if book.step(k).is_none() {
        say(out, &format!("There is no step {k}, nothing was done. The runbook has {} steps.", book.steps.len()));
        return;
    }
    model.nav.step_row = k.saturating_sub(1) as usize;
    match what {
        Step::Run => keys::intent(model, Intent::StepRun, None, out),
        Step::Tick => keys::intent(model, Intent::StepTick, None, out),
        Step::Skip(reason) => steps::step_skip(model, model.nav.step_row, &reason, out),
    }
}

/// Standard input has ended: like a hang-up, nothing new is started. The exit code tells what was still under way.
pub(super) fn ended(model: &mut Model, out: &mut Vec<Effect>) {
    let stuck = model.acts.values().any(|a| matches!(a.state, State::Stuck(_)));
    let code = match (stuck, model.acts_in_flight().next().is_some()) {
        (true, _) => 8,
        (false, true) => 7,
        (false, false) => 0,
    };
    super::ending(model, code, out);
}
