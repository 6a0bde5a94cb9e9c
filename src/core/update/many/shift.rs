//! The world moved under a dialog over several targets: the line it concerns is made anew, the others stand as they are.

use super::{anew, cannot, judge, line, said, shown_anew, thaws, untick, version};
use crate::core::act::compare::{self, Fit};
use crate::core::act::many::{Group, Whole};
use crate::core::act::plan::Direction;
use crate::core::effect::Effect;
use crate::core::frozen;
use crate::core::id::TargetId;
use crate::core::model::Model;
use crate::core::update::confirm;

/// A target said something new.
pub(in crate::core::update) fn target_changed(model: &mut Model, target: &TargetId, out: &mut Vec<Effect>) {
    let Some(many) = model.dialog.as_ref().and_then(|d| d.many()).filter(|m| !m.sent && m.refused.is_none()) else {
        return;
    };
    let whole = many.whole;
    let Some(n) = many.lines.iter().position(|l| l.operation.target == *target) else {
        joins(model, target, out);
        return;
    };
    let l = &many.lines[n];
    let at = l.seen.id.at();
    let Some(now) = model.world.targets.get(target).cloned() else {
        said(model, format!("{at} is gone"));
        cannot(model, n, "it is gone".into(), out);
        return;
    };
    if now.candidate != l.seen.candidate {
        said(model, format!("{at}: a new candidate came, {}", version(&now)));
        anew(model, n, now, out);
        untick(model, n);
        return;
    }
    // Would it stand in another list now?
    let list = line(model, whole, now.clone());
    let ticked = whole == Whole::Freeze && l.ticked;
    let left = list.group == Group::GoingBack || !now.is_moving();
    if list.group != l.group && l.group != Group::Cannot && (!ticked || left) {
        let why = list.why.first().map(|w| format!(": {w}")).unwrap_or_default();
        said(model, format!("{at} changed its list{why}"));
        anew(model, n, now, out);
        return;
    }
    let Some(plan) = l.plan().filter(|_| l.goes(whole)) else { return };
    match whole.direction() {
        Direction::Backward => match compare::fit(plan, &l.seen, Some(&now)) {
            // It goes out all the same.
            Fit::Goes(_) => {}
            Fit::Replan(what) | Fit::NewCandidate(what) => {
                said(model, format!("{at}: {what}"));
                anew(model, n, now, out);
            }
            Fit::OtherTarget(what) | Fit::Done(what) => {
                said(model, format!("{at}: {what}"));
                cannot(model, n, what, out);
            }
        },
        Direction::Forward => {
            let diff = compare::differences(&l.seen, &now);
            if !diff.is_empty() {
                said(model, format!("{at}: {}", diff.join("; ")));
                anew(model, n, now, out);
            }
        }
    }
}

/// One that began to move while the dialog is open: the cord holds it too, a service's dialog offers it.
fn joins(model: &mut Model, target: &TargetId, out: &mut Vec<Effect>) {
    let Some(many) = model.dialog.as_ref().and_then(|d| d.many()) else { return };
    let Some(now) = model.world.targets.get(target).filter(|t| t.is_moving()) else { return };
    let ours = match (&many.service, many.whole) {
        (_, Whole::Thaw) => false,
        (Some(s), _) => now.service == *s,
        (None, _) => true,
    };
    if !ours {
        return;
    }
    let whole = many.whole;
    let now = now.clone();
    let at = now.id.at();
    let fresh = line(model, whole, now.clone());
    let Some(many) = model.dialog.as_mut().and_then(|d| d.many_mut()) else { return };
    many.lines.push(fresh);
    let n = many.lines.len() - 1;
    said(model, format!("{at} began to move"));
    anew(model, n, now, out);
    if !whole.is_cord() {
        untick(model, n);
        shown_anew(model);
    }
}

/// The gates of a thaw are read again while it is open; one that closed keeps its target held.
pub(in crate::core::update) fn regate(model: &mut Model) {
    let Some(many) = model.dialog.as_ref().and_then(|d| d.many()).filter(|m| m.whole == Whole::Thaw && !m.sent) else {
        return;
    };
    let closed = many.lines.iter().enumerate().filter(|(_, l)| l.goes(Whole::Thaw)).filter_map(|(n, l)| {
        let t = model.world.targets.get(&l.seen.id)?;
        match thaws(model, t) {
            (Group::Cannot, why) => Some((n, why?)),
            _ => None,
        }
    });
    for (n, why) in closed.collect::<Vec<_>>() {
        // It asks for no plan: nothing to be done for it.
        cannot(model, n, why, &mut Vec::new());
    }
}

/// The log went wrong, or the arming ended, under an open dialog.
pub(in crate::core::update) fn log_troubled(model: &mut Model) {
    let Some(many) = model.dialog.as_ref().and_then(|d| d.many()).filter(|m| !m.sent) else { return };
    if let Err(why) = confirm::may_open(model, many.whole.verb()) {
        if let Some(m) = model.dialog.as_mut().and_then(|d| d.many_mut()) {
            m.refused = Some(why.into());
        }
        return;
    }
    let before = many.name.is_some();
    judge(model);
    let after = model.dialog.as_ref().and_then(|d| d.many()).is_some_and(|m| m.name.is_some());
    if before != after {
        let now = model.now.person;
        shown_anew(model);
        if let Some(d) = &mut model.dialog {
            d.last_key = now;
        }
    }
}

/// What others do to a target of the dialog is told by their records.
pub(in crate::core::update) fn others_changed(model: &mut Model, out: &mut Vec<Effect>) {
    let Some(many) = model.dialog.as_ref().and_then(|d| d.many()).filter(|m| !m.sent && m.whole == Whole::Freeze)
    else {
        return;
    };
    let turned =
        many.lines.iter().enumerate().filter(|(_, l)| l.goes(Whole::Freeze) && !l.ticked).filter_map(|(n, l)| {
            let t = model.world.targets.get(&l.seen.id)?;
            frozen::going_back(model, t).map(|why| (n, t.clone(), why))
        });
    // A line keeps its number when it is made anew.
    for (n, t, why) in turned.collect::<Vec<_>>() {
        said(model, format!("{}: {why}", t.id.at()));
        anew(model, n, t, out);
    }
}
