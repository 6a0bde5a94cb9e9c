//! Dialogs: opened on a pinned target, filled by a plan, confirmed by a late `Y`, reopened when the world moved.

use super::{acts, bump, dry, emergency, many, moved, program, records, sheet};
use crate::core::act::able::always_named;
use crate::core::act::dialog::{ActDialog, Dialog, DialogKind, Emergency, NameField, PlanState, Press, REASON_MOST};
use crate::core::act::flight::{Act, State};
use crate::core::act::gate::{self, GateState};
use crate::core::act::plan::{CannotBecause, Direction, Operation, Plan, Verb};
use crate::core::effect::Effect;
use crate::core::entry::Kind;
use crate::core::id::TargetId;
use crate::core::id::{ActId, DialogId};
use crate::core::key::{Code, Key};
use crate::core::model::Model;
use crate::core::time::Person;
use crate::core::world::source::SourceError;
use crate::core::world::target::TargetState;
use crate::core::{finish, gates, judge::readiness};
use serde_json::json;
use std::sync::Arc;

/// Open an act's dialog on exactly this target. `notice` says why it opens by itself.
pub(super) fn open(model: &mut Model, mut operation: Operation, notice: Option<Arc<str>>, out: &mut Vec<Effect>) {
    if let Some(id) = waiting_for_name(model, &operation) {
        let why = vec!["the step before it has gone out; this one waits".into()];
        sheet::put_by(model);
        model.dialog = None;
        moved::ask_name(model, id, why);
        return;
    }
    let Some(seen) = model.world.targets.get(&operation.target).cloned() else {
        model.tell(format!("{} is gone", operation.target.at()));
        return;
    };
    let now = model.now;
    let mut going = None;
    // What was begun, here or elsewhere, is finished, not turned round: that takes a version chosen by name.
    if operation.back_to.is_none() && operation.verb == Verb::RollBack {
        operation.back_to = finish::back_to(model, &operation.target, operation.verb);
        let cut = finish::cut(model, &operation.target, operation.verb).is_some();
        let under_way = finish::under_way(model, &seen).filter(|_| !cut);
        going = under_way.map(|b| finish::going(&seen, &b, now.utc).into());
    }
    let forward = operation.verb.direction() == Direction::Forward;
    let gates = if forward { gates::gates(model, &seen, operation.verb) } else { Vec::new() };
    let readiness = readiness::of_version(&model.world, &seen, operation.by_hand(), now.utc);
    let repeated = model
        .acts
        .values()
        .rev()
        .find(|a| a.has_left() && a.plan.operation.verb == operation.verb && *a.target() == operation.target)
        .and_then(|a| a.sent)
        .map(|s| now.person.0 - s.person.0)
        .filter(|ms| *ms < model.limits.same_act);
    let figures = gates::figures(model, &seen);
    let id = model.next_dialog();
    let mut dialog = Dialog::new(
        id,
        DialogKind::Act(Box::new(ActDialog {
            operation: operation.clone(),
            seen: Box::new(seen),
            figures,
            plan: PlanState::Reading,
            gates,
            readiness,
            name: None,
            emergency: operation.emergency.then(Emergency::default),
            refused: None,
            act: None,
            repeated,
            going,
            tried: None,
        })),
        now.person,
    );
    dialog.changed.extend(notice);
    judge_gates(&mut dialog, &name_due(model, &operation.target));
    if let (Some(why), Some(d)) = (model.pinned.refuses(&operation.target.source), dialog.act_mut()) {
        d.refused = Some(why);
    }
    sheet::put_by(model);
    model.dialog = Some(dialog);
    out.push(Effect::Plan { dialog: id, operation });
    bump(model);
}

/// What the gates ask for: nothing, the name, or a refusal.
pub(super) fn judge_gates(dialog: &mut Dialog, must: &str) {
    let Some(d) = dialog.act_mut() else { return };
    if d.emergency.is_some() {
        judge_emergency(d, must);
        return;
    }
    if let Some(block) = d.gates.iter().find(|g| g.state.blocks()) {
        d.refused = Some(format!("{}: {}", block.gate.word(), block.words).into());
    }
    let warns = d.gates.iter().filter(|g| g.state.warns());
    let warns = warns.map(|g| Arc::from(format!("{}: {}", g.gate.word(), g.words)));
    let due: Vec<Arc<str>> = always_named(&d.operation).into_iter().chain(warns).collect();
    if !due.is_empty() && d.refused.is_none() {
        d.name = Some(NameField::new(must, due));
    }
}

/// The emergency path passes what blocks, but for the few that stand in any case. The name is typed whatever they say.
fn judge_emergency(d: &mut ActDialog, must: &str) {
    if let Some(block) = d.gates.iter().find(|g| g.state == GateState::Block && g.gate.stands_in_an_emergency()) {
        d.refused = Some(format!("{} stands in an emergency too: {}", block.gate.word(), block.words).into());
        return;
    }
    if d.refused.is_some() || d.name.is_some() {
        return;
    }
    let passed = d.gates.iter().filter(|g| g.state.blocks());
    let mut due: Vec<Arc<str>> = passed.map(|g| format!("passes {}: {}", g.gate.word(), g.words).into()).collect();
    if due.is_empty() {
        due.push("no gate blocks: a plain promote would do".into());
    }
    d.name = Some(NameField::new(must, due));
}

pub(super) fn planned(
    model: &mut Model,
    id: DialogId,
    read: Result<Option<Box<TargetState>>, SourceError>,
    plan: Option<Result<Plan, CannotBecause>>,
    out: &mut Vec<Effect>,
) {
    if model.dialog.as_ref().is_some_and(|d| d.many().is_some()) {
        many::planned(model, id, read, plan, out);
        return;
    }
    let rights = plan.as_ref().and_then(|p| p.as_ref().ok()).map(|p| missing_rights(model, p)).unwrap_or_default();
    let must = model.dialog.as_ref().and_then(|d| d.act()).map(|d| name_due(model, &d.operation.target));
    let against = plan.as_ref().and_then(|p| p.as_ref().ok()).and_then(|p| against(model, p));
    let trouble = model.log.trouble();
    let source = model.dialog.as_ref().and_then(|d| d.act()).map(|d| d.operation.target.source.clone());
    let refuses = source.as_ref().and_then(|s| model.pinned.refuses(s));
    let moved = source.as_ref().and_then(|s| model.pinned.asks(s));
    let shown_anew = DialogId(model.counters.dialog + 1);
    let Some(dialog) = model.dialog.as_mut().filter(|d| d.id == id) else { return };
    let Some(d) = dialog.act_mut() else { return };
    model.revision += 1;
    let mut due: Vec<Arc<str>> = Vec::new();
    match read {
        Ok(None) => {
            d.plan = PlanState::Cannot("it is gone".into());
            d.name = None;
            return;
        }
        Ok(Some(fresh)) => {
            let mut fresh = *fresh;
            fresh.raw = None;
            // The candidate the person chose is the one this dialog is about; another one opens its own.
            if fresh.candidate != d.seen.candidate {
                let operation = moved::anew(&d.operation);
                let what = format!("a new candidate came: {}", version(&fresh)).into();
                model.world.targets.insert(fresh.id.clone(), fresh);
                open(model, operation, Some(what), out);
                return;
            }
            *d.seen = fresh;
        }
        Err(e) => due.push(format!("it could not be read: {e}").into()),
    }
    match plan {
        Some(Ok(plan)) => {
            // Once shown, the version gone back to stays the one first shown.
            d.operation.back_to = d.operation.back_to.clone().or_else(|| plan.to.clone());
            d.plan = PlanState::Ready(Box::new(plan));
        }
        Some(Err(why)) => {
            // Where the target could not be read, that is the reason, not what the plan lacks because of it.
            d.plan = PlanState::Cannot(due.first().cloned().unwrap_or_else(|| why.to_string().into()));
            // Nothing can be confirmed, so no name is asked for: any key closes.
            d.name = None;
            return;
        }
        None => {
            let why = due.first().cloned().unwrap_or_else(|| "no answer".into());
            d.plan = PlanState::Cannot(why);
            d.name = None;
            return;
        }
    }
    due.extend(rights);
    due.extend(against);
    // Known already: the name is asked for at once, not half a second after `Y`.
    due.extend(trouble);
    if let Some(why) = refuses {
        d.refused = Some(why);
    }
    if d.direction() == Direction::Backward {
        due.extend(moved);
    } else if let Some(why) = moved {
        // Seen and judged as ever: one more thing the name is typed for.
        let must = must.clone().unwrap_or_else(|| d.operation.target.at());
        match &mut d.name {
            Some(name) if name.why.contains(&why) => {}
            Some(name) => name.why.push(why),
            None => d.name = Some(NameField::new(&must, vec![why])),
        }
    }
    let backward = d.direction() == Direction::Backward;
    let always = always_named(&d.operation).filter(|_| backward);
    if backward && (always.is_some() || !due.is_empty()) {
        let due = always.into_iter().chain(due).collect();
        let must = must.unwrap_or_else(|| d.operation.target.at());
        d.name = Some(NameField::new(&must, due));
    } else if let Some(why) = due.first() {
        // Forward: what was seen must be what is changed.
        d.refused = Some(why.clone());
    }
    // What is shown changed: the delay counts from the next frame. A frame without the plan may still be on its way to a
    // slow terminal, and what is said of it must not count for this one.
    dialog.id = shown_anew;
    dialog.flushed = None;
    model.counters.dialog = shown_anew.0;
    dry::ask(model, out);
}

fn version(t: &TargetState) -> Arc<str> {
    t.candidate.as_ref().map_or_else(|| "none".into(), |h| t.called(h))
}

/// While an undo rolls out, the old version is the candidate, and going back from it means the version just left. Three
/// keys out of habit must not do that.
pub(super) fn against(model: &Model, plan: &Plan) -> Option<Arc<str>> {
    let back = |a: &&Act| {
        let other = &a.plan;
        other.operation.verb == Verb::RollBack && other.operation.target == plan.operation.target && a.has_left()
    };
    let under_way = model.acts.values().rev().filter(back).find(|a| !a.is_over())?;
    let turned =
        plan.operation.verb == Verb::RollBack && plan.from == under_way.plan.to && plan.to == under_way.plan.from;
    let v = |h: &Option<crate::core::id::Hash>| h.as_ref().map(|h| under_way.seen.called(h)).unwrap_or_default();
    turned.then(|| {
        format!("a roll back to {} is under way; this one goes to {} again", v(&plan.from), v(&plan.to)).into()
    })
}

/// `checkout`, or `checkout@us-1` where the environment has the name more than once.
pub(super) fn name_due(model: &Model, target: &TargetId) -> String {
    let same = model.world.targets.keys().filter(|t| t.name == target.name).count();
    if same > 1 { target.at() } else { target.name.to_string() }
}

/// Rights of the plan that the review denies, in the server's own words.
pub(super) fn missing_rights(model: &Model, plan: &Plan) -> Vec<Arc<str>> {
    let target = &plan.operation.target;
    let source = model.world.sources.get(&target.source);
    let mut out: Vec<Arc<str>> = Vec::new();
    for s in &plan.steps {
        let Some(verb) = gate::right_of(&s.request.method, &s.request.path) else { continue };
        if readiness::allowed(source, &target.namespace, &verb) == Some(false) {
            let why: Arc<str> = format!("missing {verb}: the review says no").into();
            if !out.contains(&why) {
                out.push(why);
            }
        }
    }
    out
}

/// In the dialog of a promote: past every step that is left.
pub const FULL: char = 'f';

fn promote_full(model: &mut Model, out: &mut Vec<Effect>) {
    let Some(target) = model.dialog.as_ref().and_then(|d| d.act()).map(|d| d.operation.target.clone()) else { return };
    match may_open(model, Verb::PromoteFull) {
        Err(why) => close(model, &why, out),
        Ok(()) => open(model, Operation::new(Verb::PromoteFull, target), None, out),
    }
}

/// What a key does to a name that is being typed.
enum Typed {
    Letter,
    /// Enter: does it match exactly?
    Ended(bool),
    /// Not the dialog's own.
    Other,
}

fn type_name(name: &mut NameField, key: Key) -> Typed {
    match key.code {
        Code::Char(c) if !key.ctrl && !key.alt => {
            name.letter(c);
            Typed::Letter
        }
        Code::Backspace => {
            name.typed.pop();
            Typed::Letter
        }
        Code::Enter => Typed::Ended(name.matches()),
        _ => Typed::Other,
    }
}

/// Enter does nothing until the name matches exactly, nor as the end of a burst: that is a paste from a terminal that does
/// not bracket it.
fn named(model: &mut Model, typed: Typed, out: &mut Vec<Effect>) {
    let (now, delay, burst) = (model.now.person, model.limits.confirm_delay, model.nav.is_burst());
    let Some(dialog) = &mut model.dialog else { return };
    match typed {
        Typed::Letter => dialog.last_key = now,
        Typed::Ended(matches) => {
            if matches && !burst && dialog.flushed.is_some_and(|t| now.0 - t.0 >= delay) {
                submit(model, out);
            }
        }
        Typed::Other => close(model, "closed; nothing was started", out),
    }
}

/// A key while a dialog is open. Any key that is not the dialog's own closes it and starts nothing.
pub(super) fn key(model: &mut Model, key: Key, quiet_since: Person, out: &mut Vec<Effect>) {
    let now = model.now.person;
    let confirm_key = model.keymap.chord(crate::core::intent::Intent::Confirm).is_some_and(|c| c == &[key]);
    let copy_key = model.keymap.chord(crate::core::intent::Intent::CopyRequests).is_some_and(|c| c == &[key]);
    let burst = model.nav.is_burst();
    let Some(dialog) = &mut model.dialog else { return };
    model.revision += 1;
    // The quiet counts from the last key of any kind, the one that opened the dialog included.
    dialog.last_key = Person(dialog.last_key.0.max(quiet_since.0));
    if dialog.sheet().is_some() {
        sheet::key(model, key, out);
        return;
    }
    if dialog.many().is_some() {
        many::key(model, key, out);
        return;
    }
    if let DialogKind::Act(d) = &mut dialog.kind {
        let asks = d.refused.is_none() && d.act.is_none() && d.plan().is_some();
        if let Some(e) = d.emergency.as_mut().filter(|e| asks && !e.taken) {
            dialog.last_key = now;
            match key.code {
                Code::Char(c) if !key.ctrl && !key.alt => {
                    if e.reason.chars().count() < REASON_MOST && !c.is_control() {
                        e.reason.push(c);
                    }
                }
                Code::Backspace => {
                    e.reason.pop();
                }
                Code::Enter if e.is_said() && !burst => e.taken = true,
                Code::Enter => {}
                _ => close(model, "closed; nothing was started", out),
            }
            return;
        }
        if let Some(name) =
            d.name.as_mut().filter(|_| d.refused.is_none() && (d.emergency.is_none() || d.plan.is_ready()))
        {
            let typed = type_name(name, key);
            named(model, typed, out);
            return;
        }
        // The same gate, past all that follow: its own dialog, its own delay.
        if d.operation.verb == Verb::Promote && !d.operation.emergency && d.act.is_none() && key == Key::char(FULL) {
            promote_full(model, out);
            return;
        }
        if copy_key && d.plan().is_some() {
            dialog.last_key = now;
            let text = d.plan().map(requests).unwrap_or_default();
            out.push(Effect::Copy(text));
            return;
        }
    }
    if let DialogKind::Run(r) = &mut dialog.kind
        && let Some(name) = &mut r.name
    {
        let typed = type_name(name, key);
        named(model, typed, out);
        return;
    }
    if confirm_key && yes(model, out) {
        return;
    }
    close(model, "closed; nothing was started", out);
}

/// `Y`, or the words that stand for it: it counts late enough after the dialog was shown, else "again". False when there
/// is nothing here that it could confirm.
pub(super) fn yes(model: &mut Model, out: &mut Vec<Effect>) -> bool {
    if model.dialog.as_ref().is_some_and(|d| d.sheet().is_some()) {
        sheet::yes(model, out);
        return true;
    }
    if model.dialog.as_ref().is_some_and(|d| d.many().is_some()) {
        return many::yes(model, out);
    }
    let now = model.now.person;
    let (delay, quiet) = (model.limits.confirm_delay, model.limits.quiet);
    let Some(dialog) = &mut model.dialog else { return false };
    if let DialogKind::Act(d) = &dialog.kind {
        let can = d.plan().is_some() && d.refused.is_none() && d.act.is_none() && d.name.is_none();
        if !can {
            let (under_way, busy) = (d.act.is_some(), matches!(d.plan, PlanState::Reading) || d.act.is_some());
            if busy {
                dialog.again = !under_way;
                dialog.last_key = now;
            }
            return busy;
        }
    }
    if dialog.run().is_some_and(|r| r.name.is_some()) {
        return false;
    }
    match dialog.press(now, delay, quiet) {
        Press::Counts => submit(model, out),
        Press::Early => {
            dialog.again = true;
            dialog.last_key = now;
        }
    }
    true
}

/// The name as one line, all of it at once: so the quiet counts as well as the delay. False when no name is asked for or
/// it is not this one.
pub(super) fn name(model: &mut Model, typed: &str, out: &mut Vec<Effect>) -> bool {
    let now = model.now.person;
    let (delay, quiet) = (model.limits.confirm_delay, model.limits.quiet);
    let burst = model.nav.is_burst();
    if model.dialog.as_ref().and_then(Dialog::sheet).is_some_and(|s| s.sends.is_some()) {
        return sheet::name_line(model, typed, out);
    }
    let Some(dialog) = &mut model.dialog else { return false };
    let press = dialog.press(now, delay, quiet);
    if dialog.act().is_some_and(|d| d.emergency.as_ref().is_some_and(|e| !e.taken)) {
        return false;
    }
    let Some(name) = dialog.name_mut() else { return false };
    if *name.must != *typed {
        return false;
    }
    if press == Press::Counts && !burst {
        name.typed = typed.to_owned();
        submit(model, out);
    } else {
        dialog.again = true;
        dialog.last_key = now;
    }
    true
}

/// All requests of a plan as text, for the clipboard.
pub fn requests(plan: &Plan) -> String {
    plan.steps
        .iter()
        .map(|s| {
            format!("{} {}\n{}\n\n{}\n", s.request.method, s.request.path, s.request.content_type, s.request.shown)
        })
        .collect::<Vec<_>>()
        .join("\n")
}

pub(super) fn close(model: &mut Model, say: &str, out: &mut Vec<Effect>) {
    let mut say = say.to_string();
    let closed = model.dialog.take();
    if let Some(m) = closed.as_ref().and_then(Dialog::many) {
        say = many::give_up(model, m, out).unwrap_or(say);
    }
    if let Some(id) = closed.and_then(|d| d.act().and_then(|a| a.act)) {
        // A later step waits on: what is before it has gone out.
        if let Some(a) = model.acts.get(&id).filter(|a| a.step > 0 && !a.is_over()) {
            let how = if model.settings.plain { "words" } else { "keys" };
            say = format!("step {} of {} waits; the same {how} open it again", a.step + 1, a.plan.steps.len());
        }
        acts::give_up(model, id, out);
    }
    model.tell(say);
    bump(model);
}

/// The act of this target that waits for a name: the same keys go on with it.
pub(super) fn waiting_for_name(model: &Model, operation: &Operation) -> Option<ActId> {
    let waits = |a: &&Act| {
        a.state == State::NeedsName && *a.target() == operation.target && a.plan.operation.verb == operation.verb
    };
    model.acts.values().find(waits).map(|a| a.id)
}

/// `Y` counted, or the name matched.
pub(super) fn submit(model: &mut Model, out: &mut Vec<Effect>) {
    let Some(dialog) = &mut model.dialog else { return };
    let now = model.now;
    match &mut dialog.kind {
        DialogKind::Arm => {
            model.armed_until = Some(Person(now.person.0 + model.limits.arm));
            model.dialog = None;
            let data = json!({"minutes": model.limits.arm / 60_000, "environment": model.environment.name});
            out.push(Effect::Append { entry: records::plain(Kind::Armed, now.utc, None, data), ticket: None });
        }
        DialogKind::Disarm => {
            model.dialog = None;
            super::keys::disarm(model, "disarmed by hand", out);
        }
        DialogKind::Many(_) => many::submit(model, out),
        DialogKind::Acknowledge(target) => {
            let target = target.clone();
            model.dialog = None;
            super::facts::acknowledge(model, &target, out);
        }
        // A sheet is confirmed where its keys are.
        DialogKind::Sheet(_) => {}
        DialogKind::Run(_) => program::submit(model, out),
        DialogKind::Act(d) => {
            let named = d.name.as_ref().map(|n| n.why.clone()).unwrap_or_default();
            // A name asked for after `Y`: the act exists and waits.
            if let Some(id) = d.act {
                d.name = None;
                acts::named(model, id, named, out);
                return;
            }
            let Some(mut plan) = d.plan().cloned() else { return };
            let mut figures = d.figures.clone();
            if let Some(e) = &d.emergency {
                if !e.taken {
                    return;
                }
                figures["emergency"] = emergency::told(e, &d.gates);
            }
            for step in &mut plan.steps {
                step.seen_by = model.limits.seen_by(step.seen_by);
            }
            let act = Act {
                figures,
                named,
                look_only: model.armed_until.is_none_or(|t| t <= now.person),
                // The history is that of going back; a hold must not borrow its deadline.
                expected_ms: d.readiness.expected.map(|e| e.0).filter(|_| d.operation.verb == Verb::RollBack),
                bad_since: gates::bad_since(&model.judged, &d.operation.target),
                ..Act::confirmed(ActId(model.counters.act + 1), plan, d.seen.clone(), now)
            };
            model.counters.act += 1;
            d.act = Some(act.id);
            d.name = None;
            emergency::loud(&act, now.utc, out);
            acts::start(model, act, out);
        }
    }
    bump(model);
}

/// Is this verb possible at all now, before a plan is asked for? A sentence when not.
pub(super) fn may_open(model: &Model, verb: Verb) -> Result<(), String> {
    if model.environment.read_only {
        return Err("read-only for this session: no act goes out".into());
    }
    if verb.direction() == Direction::Forward && model.environment.production && !model.is_armed() {
        let keys = model.how(crate::core::intent::Intent::Arm);
        return Err(format!("LOOK-ONLY: {keys} arms this console first"));
    }
    if verb.direction() == Direction::Forward && model.log.trouble().is_some() {
        return Err("the log cannot be written: nothing forward goes out".into());
    }
    Ok(())
}
