//! Dialogs over several targets: the cord, its release, a service in several clusters. Opened on pinned targets, each
//! line filled by its own plan, ticked, confirmed by one `Y`.

mod after;
mod keys;
mod shift;

pub(super) use after::{dropped, give_up, look, needs_name, owns};
pub(super) use keys::{key, tick_number, yes};
pub(super) use shift::{log_troubled, others_changed, regate, target_changed};

use super::{bump, confirm, replay, sheet};
use crate::core::act::cord::Held;
use crate::core::act::dialog::{Dialog, DialogKind, NameField, PlanState};
use crate::core::act::flight::Act;
use crate::core::act::hand;
use crate::core::act::many::{Group, Line, Many, Together, Whole};
use crate::core::act::plan::{CannotBecause, Direction, Operation, Plan, Verb};
use crate::core::effect::Effect;
use crate::core::id::{ActId, DialogId, ServiceId};
use crate::core::model::Model;
use crate::core::world::source::SourceError;
use crate::core::world::target::TargetState;
use crate::core::{frozen, gates};
use std::sync::Arc;

/// The cord: everything that moves in the environment.
pub(super) fn freeze(model: &mut Model, out: &mut Vec<Effect>) {
    if let Err(why) = confirm::may_open(model, Verb::Hold) {
        model.tell(why);
        return;
    }
    if frozen::moving(model).next().is_none() {
        model.tell(format!("nothing moves in {}: there is nothing to hold", frozen::place(model)));
        return;
    }
    let seen: Vec<TargetState> = frozen::moving(model).cloned().collect();
    open(model, Whole::Freeze, None, seen, out);
}

/// Lets go exactly what the cord holds.
pub(super) fn thaw(model: &mut Model, out: &mut Vec<Effect>) {
    let held = frozen::holds(model);
    let unseen = |h: &Held| !frozen::answers(model, &h.target.source);
    if !held.iter().any(|(h, t)| unseen(h) || t.is_some_and(|t| t.held)) && !model.cord.is_pulled() {
        model.tell("the cord is not pulled: there is nothing to release");
        return;
    }
    if let Err(why) = confirm::may_open(model, Verb::Resume) {
        model.tell(why);
        return;
    }
    // What was held in a cluster that cannot be seen is listed as it was when it was held.
    let last = |h: Held| TargetState { candidate: h.candidate, held: true, ..replay::blank(h.target) };
    let seen = held.into_iter().filter_map(|(h, t)| t.cloned().or_else(|| unseen(&h).then(|| last(h)))).collect();
    open(model, Whole::Thaw, None, seen, out);
}

/// All moving targets of one service; `whole` says what is done to them.
pub(super) fn service(model: &mut Model, whole: Whole, service: &ServiceId, out: &mut Vec<Effect>) {
    let seen = frozen::moving_of(model, service).cloned().collect();
    open(model, whole, Some(service.clone()), seen, out);
}

fn open(model: &mut Model, whole: Whole, service: Option<ServiceId>, seen: Vec<TargetState>, out: &mut Vec<Effect>) {
    let id = model.next_dialog();
    let mut lines: Vec<Line> = seen.into_iter().map(|t| line(model, whole, t)).collect();
    for l in &mut lines {
        ask(model, l, whole, out);
    }
    let many = Many { whole, service, lines, chosen: 0, name: None, refused: None, sent: false };
    let order = many.order();
    let chosen = order.iter().find(|n| many.lines[**n].ticks(whole)).or(order.first()).copied().unwrap_or(0);
    let dialog = Dialog::new(id, DialogKind::Many(Box::new(Many { chosen, ..many })), model.now.person);
    sheet::put_by(model);
    model.dialog = Some(dialog);
    judge(model);
    bump(model);
}

/// The target as a line of its own, in the list where it belongs now.
fn line(model: &Model, whole: Whole, seen: TargetState) -> Line {
    let (group, why) = match whole {
        Whole::Freeze => frozen::list_of(model, &seen),
        Whole::RollBack => match frozen::going_back(model, &seen) {
            Some(why) => (Group::GoingBack, Some(why)),
            None => (Group::Will, None),
        },
        Whole::Hold => match frozen::list_of(model, &seen) {
            // Chosen by name: that it is worse is seen, and a person may hold it all the same.
            (Group::WorseHere, why) => (Group::Will, why),
            other => other,
        },
        Whole::Thaw => thaws(model, &seen),
    };
    let verb = if whole == Whole::Freeze && group == Group::WorseHere { Verb::RollBack } else { whole.verb() };
    let operation = Operation { cord: whole.is_cord(), ..Operation::new(verb, seen.id.clone()) };
    let plan = match (group, &why) {
        (Group::Will | Group::WorseHere, _) => PlanState::Reading,
        (_, why) => PlanState::Cannot(why.clone().unwrap_or_else(|| "left alone".into())),
    };
    Line {
        operation,
        figures: gates::figures(model, &seen),
        seen: Box::new(seen),
        plan,
        asked: DialogId(0),
        group,
        ticked: whole != Whole::Freeze && group == Group::Will,
        why: why.into_iter().collect(),
        due: Vec::new(),
        act: None,
    }
}

/// May the cord's hold on it be released? A blocking gate keeps it, and what others hold is theirs.
fn thaws(model: &Model, t: &TargetState) -> (Group, Option<Arc<str>>) {
    if !frozen::answers(model, &t.id.source) {
        return (Group::Cannot, Some("its source does not answer".into()));
    }
    if !t.held && frozen::is_unknown(model, &t.id) {
        return (Group::Cannot, Some("not held, and whether it will be is not known yet: being read back".into()));
    }
    if !t.held {
        let why = if t.is_moving() { "no longer held" } else { "no longer held, and nothing moves" };
        return (Group::Cannot, Some(why.into()));
    }
    if let Some(was) = model.cord.hold_of(&t.id).filter(|h| h.candidate != t.candidate) {
        let was = was.candidate.as_ref().map_or_else(|| "none".into(), |h| t.called(h));
        let why = format!("stays held: the cord held {was}, this is {}", version(t));
        return (Group::Cannot, Some(why.into()));
    }
    if let Some(by) = t.held_by.as_ref().filter(|m| *m.name != *hand::OURS) {
        return (Group::Cannot, Some(format!("stays held: by {}, not by the cord", hand::named(&by.name)).into()));
    }
    let lines = gates::of_thaw(model, t);
    match lines.iter().find(|g| g.state.blocks()) {
        Some(g) => (Group::Cannot, Some(format!("stays held: {}: {}", g.gate.word(), g.words).into())),
        None => (Group::Will, None),
    }
}

/// Asks for the line's plan, where it has a use for one.
fn ask(model: &mut Model, l: &mut Line, whole: Whole, out: &mut Vec<Effect>) {
    if l.plan != PlanState::Reading || !(l.goes(whole) || l.group == Group::WorseHere) {
        return;
    }
    l.asked = model.next_dialog();
    out.push(Effect::Plan { dialog: l.asked, operation: l.operation.clone() });
}

/// The line anew, on its target as it is now; what was said about it before no longer holds.
fn anew(model: &mut Model, n: usize, seen: TargetState, out: &mut Vec<Effect>) {
    let Some(whole) = model.dialog.as_ref().and_then(|d| d.many()).map(|m| m.whole) else { return };
    let mut fresh = line(model, whole, seen);
    ask(model, &mut fresh, whole, out);
    if let Some(l) = model.dialog.as_mut().and_then(|d| d.many_mut()).and_then(|m| m.lines.get_mut(n)) {
        *l = fresh;
    }
    shown_anew(model);
}

/// What is shown changed: the delay counts from the next frame that shows it.
fn shown_anew(model: &mut Model) {
    let id = model.next_dialog();
    if let Some(d) = &mut model.dialog {
        d.id = id;
        d.flushed = None;
    }
    judge(model);
    bump(model);
}

fn said(model: &mut Model, what: impl Into<Arc<str>>) {
    let what = what.into();
    if let Some(d) = model.dialog.as_mut().filter(|d| !d.changed.contains(&what)) {
        d.changed.push(what);
    }
}

/// A plan came. False: it is for no line of this dialog.
pub(super) fn planned(
    model: &mut Model,
    asked: DialogId,
    read: Result<Option<Box<TargetState>>, SourceError>,
    plan: Option<Result<Plan, CannotBecause>>,
    out: &mut Vec<Effect>,
) -> bool {
    let Some(many) = model.dialog.as_ref().and_then(|d| d.many()) else { return false };
    let whole = many.whole;
    let Some(n) = many.lines.iter().position(|l| l.asked == asked && l.act.is_none()) else { return false };
    if many.sent || many.lines[n].plan != PlanState::Reading {
        return true;
    }
    let was = many.lines[n].clone();
    let mut due: Vec<Arc<str>> = Vec::new();
    let mut l = was.clone();
    match read {
        Ok(None) => return cannot(model, n, "it is gone".into(), out),
        Ok(Some(mut fresh)) => {
            fresh.raw = None;
            if fresh.candidate != was.seen.candidate {
                let what = format!("{}: a new candidate came, {}", was.seen.id.at(), version(&fresh));
                model.world.targets.insert(fresh.id.clone(), (*fresh).clone());
                said(model, what);
                anew(model, n, *fresh, out);
                untick(model, n);
                return true;
            }
            // It turned since the facts: the same lists, on what was just read.
            let again = line(model, whole, (*fresh).clone());
            if again.group != was.group && !(whole == Whole::Freeze && was.ticked) {
                model.world.targets.insert(fresh.id.clone(), (*fresh).clone());
                anew(model, n, *fresh, out);
                return true;
            }
            l.seen = fresh;
        }
        Err(e) => due.push(format!("it could not be read: {e}").into()),
    }
    match plan {
        Some(Ok(plan)) => {
            due.extend(confirm::missing_rights(model, &plan));
            due.extend(confirm::against(model, &plan));
            l.operation.back_to = l.operation.back_to.clone().or_else(|| plan.to.clone());
            l.plan = PlanState::Ready(Box::new(plan));
        }
        Some(Err(why)) => {
            let why = due.first().cloned().unwrap_or_else(|| why.to_string().into());
            return cannot(model, n, why, out);
        }
        None => {
            let why = due.first().cloned().unwrap_or_else(|| "no answer".into());
            return cannot(model, n, why, out);
        }
    }
    if whole.direction() == Direction::Forward
        && let Some(why) = due.first()
    {
        // What was seen must be what is changed.
        let why = format!("stays held: {why}").into();
        return cannot(model, n, why, out);
    }
    // Known already: the cluster answers elsewhere than it was pinned.
    due.extend(model.pinned.asks(&was.seen.id.source));
    l.due = due;
    if let Some(slot) = model.dialog.as_mut().and_then(|d| d.many_mut()).and_then(|m| m.lines.get_mut(n)) {
        *slot = l;
    }
    shown_anew(model);
    true
}

/// There is no plan for it: a hold that cannot be stands in its list, a roll back that cannot be is unticked.
fn cannot(model: &mut Model, n: usize, why: Arc<str>, out: &mut Vec<Effect>) -> bool {
    let Some(many) = model.dialog.as_mut().and_then(|d| d.many_mut()) else { return false };
    let whole = many.whole;
    let Some(l) = many.lines.get_mut(n) else { return false };
    let back = whole == Whole::Freeze && l.operation.verb == Verb::RollBack;
    if back && l.ticked {
        let (at, seen) = (l.seen.id.at(), (*l.seen).clone());
        said(model, format!("{at} cannot be rolled back: {why}"));
        anew(model, n, seen, out);
        return true;
    }
    l.plan = PlanState::Cannot(why.clone());
    l.ticked = false;
    if !back {
        l.group = Group::Cannot;
    }
    l.why = vec![why];
    shown_anew(model);
    true
}

fn untick(model: &mut Model, n: usize) {
    let Some(many) = model.dialog.as_mut().and_then(|d| d.many_mut()) else { return };
    // In the cord a new candidate is held, as the one before was to be; what was chosen by a tick is chosen no more.
    if let Some(l) = many.lines.get_mut(n) {
        l.ticked = false;
    }
}

fn version(t: &TargetState) -> Arc<str> {
    t.candidate.as_ref().map_or_else(|| "none".into(), |h| t.called(h))
}

/// Is a name due, and for what? What was typed stays while it is the same name.
fn judge(model: &mut Model) {
    let trouble = model.log.trouble();
    let Some(many) = model.dialog.as_ref().and_then(|d| d.many()) else { return };
    if many.sent {
        return;
    }
    let must = frozen::name_of(model, many.service.as_ref());
    let mut due: Vec<Arc<str>> = Vec::new();
    if many.whole == Whole::Thaw {
        due.push("a thaw asks for the environment's name".into());
    }
    for l in many.going() {
        due.extend(l.due.iter().map(|w| Arc::from(format!("{}: {w}", l.seen.id.at()))));
    }
    if many.whole != Whole::Thaw {
        due.extend(trouble.filter(|_| many.going().next().is_some()));
    }
    let Some(many) = model.dialog.as_mut().and_then(|d| d.many_mut()) else { return };
    let typed = many.name.take().map(|n| n.typed).unwrap_or_default();
    many.name = (!due.is_empty()).then(|| NameField { typed, ..NameField::new(&must, due) });
}

/// `Y` counted, or the name matched.
pub(super) fn submit(model: &mut Model, out: &mut Vec<Effect>) {
    let Some(dialog) = &mut model.dialog else { return };
    let together = dialog.id;
    let Some(many) = dialog.many_mut() else { return };
    let named = many.name.take().map(|n| n.why).unwrap_or_default();
    // Asked for after `Y`: the acts exist and wait.
    if many.sent {
        let waiting: Vec<ActId> = many.lines.iter().filter_map(|l| l.act).collect();
        after::named(model, &waiting, &named, out);
        return;
    }
    let whole = many.whole;
    let together = Together { whole, dialog: together };
    many.sent = true;
    let many = (*many).clone();
    after::pulled(model, &many, out);
    let now = model.now;
    // What made the name due for no line of its own made it due for all: the log, a thaw.
    let own = |w: &&Arc<str>| many.going().any(|l| l.due.iter().any(|d| ***w == *format!("{}: {d}", l.seen.id.at())));
    let general: Vec<Arc<str>> = named.iter().filter(|w| !own(w)).cloned().collect();
    for (n, l) in many.lines.iter().enumerate().filter(|(_, l)| l.goes(whole)) {
        let Some(mut plan) = l.plan().cloned() else { continue };
        for step in &mut plan.steps {
            step.seen_by = model.limits.seen_by(step.seen_by);
        }
        let mut why = if named.is_empty() { Vec::new() } else { l.due.clone() };
        why.extend(general.iter().cloned());
        let expected =
            model.world.services.get(&l.seen.service).and_then(crate::core::world::service::Service::expected_ms);
        let act = Act {
            figures: l.figures.clone(),
            named: why,
            look_only: model.armed_until.is_none_or(|t| t <= now.person),
            expected_ms: expected.map(|e| e.0).filter(|_| l.operation.verb == Verb::RollBack),
            bad_since: gates::bad_since(&model.judged, &l.operation.target),
            together: Some(together),
            ..Act::confirmed(model.next_act(), plan, l.seen.clone(), now)
        };
        if let Some(l) = model.dialog.as_mut().and_then(|d| d.many_mut()).and_then(|m| m.lines.get_mut(n)) {
            l.act = Some(act.id);
        }
        model.batch = Some(together);
        super::acts::start(model, act, out);
    }
    bump(model);
}

/// All requests of what goes, as text for the clipboard.
pub(super) fn requests(many: &Many) -> String {
    let all = many.going().filter_map(|l| Some(format!("{}\n{}", l.seen.id.at(), confirm::requests(l.plan()?))));
    all.collect::<Vec<_>>().join("\n")
}
