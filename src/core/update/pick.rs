//! The lists that stand before a dialog: kept versions (`a b`), and retry or re-run where one key means both (`a t`).
//! A key moves, Enter opens the act's dialog, everything else is no.

use super::{bump, confirm};
use crate::core::act::able;
use crate::core::act::pick::Pick;
use crate::core::act::plan::{Operation, Verb};
use crate::core::effect::Effect;
use crate::core::id::TargetId;
use crate::core::intent::{Context, Intent};
use crate::core::key::Key;
use crate::core::keymap::Found;
use crate::core::model::Model;
use crate::core::nav::Overlay;

/// `a b`: the list of kept versions of the pinned target.
pub(super) fn versions(model: &mut Model, target: Option<&TargetId>) {
    let Some(t) = target.and_then(|t| model.world.targets.get(t)) else {
        model.tell("nothing is chosen to act on");
        return;
    };
    let pick = Pick::version(t);
    match confirm::may_open(model, Verb::RollBack) {
        Err(why) => model.tell(why),
        Ok(()) => open(model, pick),
    }
}

/// `a t`: the one that applies, or the question which.
pub(super) fn again(model: &mut Model, target: Option<TargetId>, out: &mut Vec<Effect>) {
    let Some(t) = target.as_ref().and_then(|t| model.world.targets.get(t)) else {
        model.tell("nothing is chosen to act on");
        return;
    };
    let (verbs, target) = (able::again(t), t.id.clone());
    let [verb, more @ ..] = verbs else { return };
    match confirm::may_open(model, *verb) {
        Err(why) => model.tell(why),
        Ok(()) if more.is_empty() => confirm::open(model, Operation::new(*verb, target), None, out),
        Ok(()) => open(model, Pick::Again { target, verb: *verb }),
    }
}

fn open(model: &mut Model, pick: Pick) {
    model.nav.under = None;
    model.nav.overlay = Some(Overlay::Pick(pick));
    bump(model);
}

/// A key over the list, which has been taken off the screen. True: it was the list's.
pub(super) fn key(model: &mut Model, mut pick: Pick, key: Key, out: &mut Vec<Effect>) -> bool {
    let Some(t) = model.world.targets.get(pick.target()).cloned() else {
        model.tell(format!("{} is gone", pick.target().at()));
        return true;
    };
    let found = match model.keymap.find(Context::List, &[key]) {
        Found::Nothing => model.keymap.find(Context::Global, &[key]),
        found => found,
    };
    let by = match found {
        Found::Intent(Intent::NextRow) => 1,
        Found::Intent(Intent::PreviousRow) => -1,
        Found::Intent(Intent::HalfPageDown) => 5,
        Found::Intent(Intent::HalfPageUp) => -5,
        Found::Intent(Intent::FirstRow) => i64::MIN / 2,
        Found::Intent(Intent::LastRow) => i64::MAX / 2,
        Found::Intent(Intent::Open) => {
            take(model, pick, out);
            return true;
        }
        Found::Intent(_) | Found::Prefix | Found::Nothing => {
            model.tell("closed; nothing was started");
            return true;
        }
    };
    pick.by(&t, by);
    model.nav.overlay = Some(Overlay::Pick(pick));
    true
}

/// Enter, or the words that stand for it: the dialog of what is chosen.
pub(super) fn take(model: &mut Model, pick: Pick, out: &mut Vec<Effect>) {
    let Some(t) = model.world.targets.get(pick.target()) else { return };
    if model.nav.is_burst() {
        model.tell("keys came too fast for a hand; nothing was opened");
        return;
    }
    match pick.taken(t) {
        Ok(operation) => match confirm::may_open(model, operation.verb) {
            Err(why) => model.tell(why),
            Ok(()) => confirm::open(model, operation, None, out),
        },
        Err(why) => {
            model.tell(why);
            model.nav.overlay = Some(Overlay::Pick(pick));
        }
    }
}
