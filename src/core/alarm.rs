//! The alarm row: the one worst thing that must not be overlooked, how many more there are, and where each is.

use crate::core::act::flight::{Act, State, Trouble};
use crate::core::act::identity::Standing;
use crate::core::act::plan::{RefusedBy, Verb};
use crate::core::alerts::{Fold, One};
use crate::core::budget;
use crate::core::casework;
use crate::core::finish;
use crate::core::frozen;
use crate::core::id::{ServiceId, SourceId, TargetId};
use crate::core::intent::Intent;
use crate::core::model::Model;
use crate::core::nav::Screen;
use crate::core::row::Row;
use std::sync::Arc;

/// Where an alarm can be looked at.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Place {
    /// Its Verdict.
    Service(ServiceId),
    /// The Sources screen, on this one.
    Source(SourceId),
    /// The Sources screen, which tells every alarm in full.
    Sources,
    /// The Incident screen, which tells the log.
    Incident,
    /// The Alerts screen, on this fold.
    Alerts(Arc<str>),
}

/// Rank of what is said of incidents: after all that is wrong by itself.
pub const INCIDENT: u8 = 11;

/// A page nobody has acknowledged: beside trouble elsewhere that is new.
pub const PAGE: u8 = 7;
/// So many folds are looked at for one whose service has no other alarm.
const PAGES_MOST: usize = 64;
/// A rollout that started while the cord is pulled.
pub const LOOSE: u8 = 5;
/// The environment is frozen: after all that hurts, before what is only worth knowing.
pub const FROZEN: u8 = 9;
/// Gates passed by the emergency path.
pub const EMERGENCY: u8 = 8;
/// How long that stands there. Milliseconds.
const LOUD_MS: i64 = 3_600_000;

/// In this order on the row, worst first.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Alarm {
    pub rank: u8,
    pub text: String,
    pub place: Place,
}

pub fn alarms(model: &Model) -> Vec<Alarm> {
    let mut out = Vec::new();
    let mut push = |rank: u8, text: String, place: Place| out.push(Alarm { rank, text, place });
    let of = |t: &TargetId| model.world.targets.get(t).map_or(Place::Sources, |t| Place::Service(t.service.clone()));
    // A later act of the same kind, or a roll back, took its place: what that one says counts now.
    let past = |a: &Act| {
        model.acts.values().any(|b| {
            let verb = b.plan.operation.verb;
            let over = matches!(b.state, State::Refused(_) | State::NotDone(_) | State::Dropped(_));
            let instead = verb == a.plan.operation.verb || verb == Verb::RollBack;
            b.id > a.id && b.target() == a.target() && b.has_left() && !over && instead
        })
    };
    for a in model.acts.values() {
        let verb = a.plan.operation.verb.word();
        let at = a.target().at();
        let asked = || model.dialog.as_ref().is_some_and(|d| d.is_of(a.id));
        match a.trouble() {
            Some(Trouble::Unknown(_)) => {
                push(0, format!("outcome unknown: {verb} {at}, reading it back"), of(a.target()))
            }
            Some(Trouble::Stuck(why)) if !past(a) => push(1, format!("STUCK: {verb} {at}: {why}"), of(a.target())),
            Some(Trouble::Undone(by)) if !past(a) => push(1, format!("UNDONE by {by}: {verb} {at}"), of(a.target())),
            Some(Trouble::TakenBack(why)) if !past(a) => push(1, format!("{verb} {at}: {why}"), of(a.target())),
            None if a.state == State::NeedsName && !asked() => {
                push(1, format!("{verb} {at} waits: not everything is as it should be"), of(a.target()))
            }
            Some(Trouble::Stuck(_) | Trouble::Undone(_) | Trouble::TakenBack(_)) | None => {}
        }
    }
    for s in model.sides.values() {
        match &s.state {
            State::Unknown(_) => push(0, format!("outcome unknown: {}, reading it back", s.words()), Place::Sources),
            State::Stuck(why) => push(1, format!("STUCK: {}: {why}", s.words()), Place::Sources),
            _ => {}
        }
    }
    for l in model.loose.iter().filter(|l| l.found.is_none()) {
        let place = l.target.as_ref().map_or(Place::Sources, of);
        push(2, format!("an ended session left an act without an outcome: {}, reading it back", l.words), place);
    }
    for l in model.loose.iter().filter(|l| l.is_cut() && l.found.is_some()) {
        let place = l.target.as_ref().map_or(Place::Incident, of);
        let how = finish::how(model, l).map(|how| format!(": finish? press {how}")).unwrap_or_default();
        push(2, format!("{}{how}", finish::words(l)), place);
    }
    for t in frozen::unheld(model) {
        let place = of(&t);
        push(1, format!("UNDONE: the cord's hold of {} is gone", t.at()), place);
    }
    let how = model.how(Intent::Freeze);
    for t in frozen::loose(model) {
        let version = t.candidate.as_ref().map(|h| t.called(h)).unwrap_or_default();
        let text = format!("LOOSE: {} {version} started while the cord is pulled; {how} holds it", t.id.at());
        push(LOOSE, text, Place::Service(t.service.clone()));
    }
    if let Some(p) = model.cord.pulled() {
        let held = frozen::holds(model).iter().filter(|(_, t)| t.is_some_and(|t| t.held)).count();
        let how = model.how(Intent::Thaw);
        push(FROZEN, format!("FROZEN by {} since {}: {held} held; {how} thaws", p.by, p.at.hms()), Place::Sources);
    }
    match model.log.unread.as_slice() {
        [] => {}
        [(file, why)] => push(5, format!("a log file could not be read: {file}, {why}"), Place::Incident),
        [(file, why), ..] => {
            let n = model.log.unread.len();
            push(5, format!("{n} log files could not be read: {file}, {why}, .."), Place::Incident);
        }
    }
    if let Some(why) = &model.log.failed {
        push(3, format!("the log cannot be written: {why}; nothing forward goes out"), Place::Sources);
    } else if let Some(why) = &model.log.hung {
        push(3, format!("the log is not written: {why}; nothing forward goes out"), Place::Sources);
    }
    if model.log.failed.is_none() && !model.log.late.is_empty() {
        push(3, format!("{} records are not on disk yet", model.log.late.len()), Place::Sources);
    }
    for (id, s) in &model.world.sources {
        if let Some(skew) = s.abilities.skew_ms.filter(|k| k.abs() >= 5_000) {
            push(4, format!("clock of {id} is off by {} s", skew / 1000), Place::Source(id.clone()));
        }
        match model.pinned.standing(id) {
            Standing::Same => {}
            Standing::Moved(why) => push(6, why.to_string(), Place::Source(id.clone())),
            Standing::Other(why) => push(1, why.to_string(), Place::Source(id.clone())),
        }
        if s.abilities.insecure {
            push(6, format!("INSECURE: certificate checks are off for {id}"), Place::Source(id.clone()));
        }
    }
    for (rank, text, service) in elsewhere(model) {
        push(rank, text, Place::Service(service));
    }
    pages(model, &mut push);
    incident(model, &mut push);
    emergency(model, &mut push);
    for p in &model.problems {
        push(10, p.to_string(), Place::Sources);
    }
    out.sort();
    out
}

/// A page that nobody has acknowledged, about something that is not in trouble by its figures: whose figures are bad has an
/// alarm of its own, and its detail tells the alerts.
fn pages(model: &Model, push: &mut impl FnMut(u8, String, Place)) {
    let list = &model.alerts;
    if list.open_pages() == 0 || model.replay.is_some() {
        return;
    }
    let seen = |s: &ServiceId| model.rows.iter().take_while(|r| is_trouble(r)).any(|r| r.service == *s && r.rank != 1);
    // Folds stand worst first: those with an open page before all others that fire.
    let untold = |o: &&One| o.is_open_page() && !o.alert.service.as_ref().is_some_and(seen);
    let open = |f| -> Option<(&Fold, &One)> { Some((f, Fold::firing(f).find(untold)?)) };
    let Some((first, one)) = list.folds.iter().take(PAGES_MOST).find_map(open) else { return };
    let a = &one.alert;
    let on = a.service.as_ref().map(|s| format!(" on {s}")).unwrap_or_default();
    let more = match list.open_pages() - 1 {
        0 => String::new(),
        n => format!(", {n} more open"),
    };
    let text = format!("PAGE{on} since {}{more}: {}", a.since.hms(), a.name);
    push(PAGE, text, Place::Alerts(first.key()));
}

/// Gates were passed within the hour: everybody on this log sees it, with what is owed for it.
fn emergency(model: &Model, push: &mut impl FnMut(u8, String, Place)) {
    let Some(e) = model.ledger.emergencies.last().filter(|e| model.utc().since(e.at) < LOUD_MS) else { return };
    let owed = model.casebook.debts.open();
    let owed =
        owed.iter().filter(|d| d.words().is_some_and(|w| w.service.as_deref() == Some(&*e.value.service))).count();
    let passed = if e.value.passed.is_empty() { "no gate".into() } else { e.value.passed.join(", ") };
    // What is still to be done stands first: it must not be what is cut.
    let owed = match owed {
        0 => String::new(),
        1 => format!("1 debt, {} pays; ", model.how(Intent::Debts)),
        n => format!("{n} debts, {} pays; ", model.how(Intent::Debts)),
    };
    let (what, at) = (&e.value, e.at.hms());
    let text = format!("EMERGENCY by {}: {owed}{} {} past {passed} at {at}", e.who, what.target, what.version);
    push(EMERGENCY, text, Place::Incident);
}

/// An incident that could be opened, or that was opened twice. What it says is what to press.
fn incident(model: &Model, push: &mut impl FnMut(u8, String, Place)) {
    // Nothing can be opened or closed in a log that is played again.
    if model.replay.is_some() {
        return;
    }
    if let Some(o) = casework::offer(model) {
        let how = model.how(Intent::OpenIncident);
        let since = o.since.hms();
        let text = format!("{} since {since}: {how} opens an incident for {}", o.why, o.service);
        push(INCIDENT, text, Place::Service(o.service.clone()));
    }
    if let Some((later, first)) = casework::duplicate(&model.casebook) {
        let how = model.how(Intent::CloseIncident);
        push(
            INCIDENT,
            format!("two incidents are open: {how} closes {later} as a duplicate of {first}"),
            Place::Sources,
        );
    }
}

/// Page-tier trouble at services that are not looked at: worse than a person would want to find by chance. What came
/// after the opening goes first and says so; a service that only went blind is told while it is new.
fn elsewhere(model: &Model) -> Vec<(u8, String, ServiceId)> {
    let mut out = Vec::new();
    let mut blind: Vec<&Row> = Vec::new();
    let chosen = model.nav.selected.as_ref();
    for r in model.rows.iter().take_while(|r| is_trouble(r)).filter(|r| Some(&r.service) != chosen) {
        let new = !model.nav.known_trouble.contains(&r.service);
        if r.rank == 1 {
            if new {
                blind.push(r);
            }
            continue;
        }
        let word = if r.rank == 0 { word(model, r).to_owned() } else { burning(model, r) };
        let text = if new { format!("NEW: {} is {word}", r.service) } else { format!("{} is {word}", r.service) };
        out.push((if new { 7 } else { 8 }, text, r.service.clone()));
    }
    match blind.as_slice() {
        [] => {}
        [one] => out.push((9, format!("NEW: {} is {}", one.service, word(model, one)), one.service.clone())),
        // One source that fell silent takes many with it: one line.
        [first, ..] => {
            let n = blind.len();
            out.push((9, format!("NEW: {} and {} more are blind", first.service, n - 1), first.service.clone()));
        }
    }
    out
}

/// `burning since checkout's deploy`, `burning while it moves`. No key stands here: a hold is for what is chosen, and this
/// is another service.
fn burning(model: &Model, r: &Row) -> String {
    let target = r.target.as_ref().and_then(|t| model.world.targets.get(t));
    if target.is_some_and(|t| budget::proposes_hold(model, t)) {
        return "burning while it moves".to_owned();
    }
    match budget::followed(model, &r.service) {
        Some(t) => format!("burning since {}'s deploy", t.service),
        None => "burning".to_owned(),
    }
}

/// Ranks a person would be woken for.
pub fn is_trouble(row: &Row) -> bool {
    row.rank <= 2
}

fn word(model: &Model, row: &Row) -> &'static str {
    let target = row.target.as_ref();
    match target.and_then(|t| model.last_act(t)).map(|a| &a.state) {
        Some(State::Stuck(_)) => return "STUCK",
        Some(State::Unknown(_)) => return "of unknown outcome",
        Some(State::Undone(_)) => return "UNDONE",
        Some(State::Refused(r)) if r.kind == RefusedBy::Controller => return "REFUSED by its controller",
        Some(_) | None => {}
    }
    target.and_then(|t| model.judged.get(t)).map_or("in trouble", |j| j.verdict.word.word())
}

/// Is this what the screen shows already?
pub fn is_here(model: &Model, place: &Place) -> bool {
    match place {
        Place::Service(s) => model.nav.screen == Screen::Verdict && model.nav.selected.as_ref() == Some(s),
        Place::Source(_) | Place::Sources => model.nav.screen == Screen::Sources,
        Place::Incident => model.nav.screen == Screen::Incident,
        Place::Alerts(_) => model.nav.screen == Screen::Alerts,
    }
}
