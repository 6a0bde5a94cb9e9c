//! From the `Y` of a dialog over several targets on: what leaves, what does not and why, one name for all that was found
//! after it, and what came of them in one line.

use super::said;
use crate::core::act::cord::{Held, NAMED};
use crate::core::act::dialog::NameField;
use crate::core::act::flight::{Act, State};
use crate::core::act::many::{Group, Line, Many, Whole};
use crate::core::effect::Effect;
use crate::core::entry::Kind;
use crate::core::frozen;
use crate::core::id::{ActId, TargetId};
use crate::core::model::Model;
use crate::core::update::{acts, bump, records};
use crate::core::world::target::TargetState;
use serde_json::{Value, json};
use std::sync::Arc;

/// The record of the pull or of the release, before the intents of its acts and on disk with them.
pub(super) fn pulled(model: &Model, many: &Many, out: &mut Vec<Effect>) {
    let at = model.now.utc;
    let held = |t: &TargetState| Held { target: t.id.clone(), candidate: t.candidate.clone() }.data();
    let targets: Vec<Value> = many.going().map(|l| held(&l.seen)).collect();
    let id = format!("{}-{}", model.log.session, at.0);
    match many.whole {
        Whole::Freeze => {
            let moved: Vec<Value> = frozen::moving(model).map(held).collect();
            let parts = targets.len().max(moved.len()).div_ceil(NAMED).max(1);
            let part =
                |all: &[Value], n: usize| -> Vec<Value> { all.iter().skip(n * NAMED).take(NAMED).cloned().collect() };
            for n in 0..parts {
                let data = json!({"id": id, "targets": part(&targets, n), "moved": part(&moved, n),
                    "part": n + 1, "parts": parts});
                out.push(Effect::Append { entry: records::plain(Kind::Frozen, at, None, data), ticket: None });
            }
        }
        Whole::Thaw => {
            let stays = |l: &&Line| l.group == Group::Cannot && l.seen.held;
            let kept: Vec<Value> = many
                .lines
                .iter()
                .filter(stays)
                .take(NAMED)
                .map(|l| json!({"target": l.seen.id, "why": l.why.first()}))
                .collect();
            let targets: Vec<Value> = targets.into_iter().take(NAMED).collect();
            let over: Vec<TargetId> = frozen::over(model).into_iter().take(NAMED).collect();
            let data = json!({"id": id, "pulls": model.cord.pulls(), "targets": targets, "kept": kept, "over": over});
            out.push(Effect::Append { entry: records::plain(Kind::Thawed, at, None, data), ticket: None });
        }
        Whole::RollBack | Whole::Hold => {}
    }
}

/// Is the act one of the open dialog's?
pub(in crate::core::update) fn owns(model: &Model, act: ActId) -> bool {
    let many = model.dialog.as_ref().and_then(|d| d.many());
    many.is_some_and(|m| m.lines.iter().any(|l| l.act == Some(act)))
}

/// Its act does not go out. `again`: the target can still be acted on, after another look.
pub(in crate::core::update) fn dropped(model: &mut Model, act: ActId, why: &Arc<str>, again: bool) {
    let Some(l) = model.dialog.as_mut().and_then(|d| d.many_mut()).and_then(|m| m.line_of(act)) else { return };
    l.why = vec![why.clone()];
    // The line waits until all others are on their way; then it is looked at anew.
    l.ticked = again;
    let what = format!("{}: {why}", l.seen.id.at());
    said(model, what);
    bump(model);
}

/// Something was found after `Y`. All that is found asks for one name, once every act has both its answers.
pub(in crate::core::update) fn needs_name(model: &mut Model, act: ActId, why: Vec<Arc<str>>) {
    if let Some(l) = model.dialog.as_mut().and_then(|d| d.many_mut()).and_then(|m| m.line_of(act)) {
        l.due = why;
    }
    bump(model);
}

/// The name for what was found after `Y` was typed.
pub(super) fn named(model: &mut Model, all: &[ActId], why: &[Arc<str>], out: &mut Vec<Effect>) {
    for id in all {
        if model.acts.get(id).is_some_and(|a| a.state == State::NeedsName) {
            let many = model.dialog.as_mut().and_then(|d| d.many_mut());
            let own = many.and_then(|m| m.line_of(*id)).map(|l| l.due.clone()).filter(|d| !d.is_empty());
            acts::named(model, *id, own.unwrap_or_else(|| why.to_vec()), out);
        }
    }
    bump(model);
}

/// The dialog was closed: what has not left does not leave. A sentence where something had.
pub(in crate::core::update) fn give_up(model: &mut Model, many: &Many, out: &mut Vec<Effect>) -> Option<String> {
    let (gone, left): (Vec<&Act>, Vec<&Act>) =
        many.lines.iter().filter_map(|l| model.acts.get(&l.act?)).partition(|a| a.has_left());
    let have = if gone.len() == 1 { "has" } else { "have" };
    let said = (!gone.is_empty()).then(|| format!("{} {have} gone out, {} will not go", gone.len(), left.len()));
    for id in many.lines.iter().filter_map(|l| l.act) {
        acts::give_up(model, id, out);
    }
    said
}

/// After each message: has everything left, is a name due, is there something to say?
pub(in crate::core::update) fn look(model: &mut Model, out: &mut Vec<Effect>) {
    sending(model, out);
    let Some(of) = model.batch.filter(|of| frozen::is_decided(model, *of)) else { return };
    // Its dialog still stands and says it itself.
    if model.dialog.as_ref().and_then(|d| d.many()).is_some_and(|m| m.sent) {
        return;
    }
    model.batch = None;
    if let Some(said) = frozen::summary(model, of) {
        model.tell(said);
        bump(model);
    }
}

fn sending(model: &mut Model, out: &mut Vec<Effect>) {
    let Some(many) = model.dialog.as_ref().and_then(|d| d.many()).filter(|m| m.sent) else { return };
    let state = |l: &Line| l.act.and_then(|id| model.acts.get(&id)).map(|a| &a.state);
    if many.lines.iter().any(|l| state(l) == Some(&State::Preparing)) {
        return;
    }
    let waits = |l: &&Line| state(l) == Some(&State::NeedsName);
    let why: Vec<Arc<str>> = many
        .lines
        .iter()
        .filter(waits)
        .flat_map(|l| l.due.iter().map(|d| format!("{}: {d}", l.seen.id.at()).into()))
        .collect();
    if many.lines.iter().any(|l| waits(&l)) {
        if many.name.is_none() {
            let must = frozen::name_of(model, many.service.as_ref());
            let id = model.next_dialog();
            let now = model.now.person;
            if let Some(d) = &mut model.dialog {
                d.id = id;
                d.flushed = None;
                d.last_key = now;
                if let Some(m) = d.many_mut() {
                    m.name = Some(NameField::new(&must, why));
                }
            }
            bump(model);
        }
        return;
    }
    // What was dropped because the world moved is looked at anew; the rest is on its way.
    let again: Vec<Line> =
        many.lines.iter().filter(|l| l.ticked && matches!(state(l), Some(State::Dropped(_)))).cloned().collect();
    let (changed, whole, service) =
        (model.dialog.as_ref().map(|d| d.changed.clone()).unwrap_or_default(), many.whole, many.service.clone());
    model.dialog = None;
    bump(model);
    if again.is_empty() {
        return;
    }
    let seen: Vec<TargetState> =
        again.iter().filter_map(|l| model.world.targets.get(&l.seen.id).cloned()).filter(|t| t.is_moving()).collect();
    if seen.is_empty() {
        return;
    }
    super::open(model, whole, service, seen, out);
    if let Some(d) = &mut model.dialog {
        d.changed = changed;
        if let Some(m) = d.many_mut().filter(|m| !m.whole.is_cord()) {
            // A new candidate is a different target: it is not chosen until somebody does.
            m.lines.iter_mut().for_each(|l| l.ticked = false);
        }
    }
}
