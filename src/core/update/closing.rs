//! Acts that end before they settle: refused, overtaken, with the session. What they opened and have not closed yet is closed
//! all the same, or said.

use super::{acts, records, settle};
use crate::core::act::flight::{Act, State};
use crate::core::act::plan::{Direction, Outcome, RefusedBy};
use crate::core::act::stuck::Reason;
use crate::core::effect::Effect;
use crate::core::entry::Kind;
use crate::core::id::{ActId, TargetId};
use crate::core::model::Model;
use serde_json::json;

/// What stays open when the act goes no further. `None`: it opened nothing.
pub(super) fn left_open(act: &Act) -> Option<String> {
    let step = act.to_close()?;
    Some(format!("NOT CLOSED: \"{}\" was not sent ({} {})", step.title, step.request.method, step.request.path))
}

/// The act ends as `how`. What a request before the current one opened is closed first; `this`: the current one may have
/// opened it, too.
pub(super) fn end(model: &mut Model, id: ActId, how: State, this: bool, out: &mut Vec<Effect>) {
    let now = model.now;
    let Some(act) = model.acts.get_mut(&id) else { return };
    let due = if act.is_closing() { None } else { act.closing_after(act.step + usize::from(this)) };
    if let Some(at) = due {
        act.cut = Some(how);
        act.step = at;
        let title = act.current().map(|s| s.title.clone()).unwrap_or_default();
        act.note(now.utc, format!("what is open is closed: {title}"));
        settle::log_step(model, id, out);
        acts::changed(model);
        return;
    }
    // The controller's own no comes after the request was stored: it is closed.
    let stored = matches!(&how, State::Refused(r) if r.kind == RefusedBy::Controller);
    let open = act
        .current()
        .filter(|s| s.closes && act.step > 0 && !stored)
        .map(|s| format!("NOT CLOSED: {} {} of {} was not done", s.request.method, s.request.path, act.target().at()));
    act.state = act.cut.take().unwrap_or(how);
    act.ended = Some(now);
    if let Some(open) = open {
        act.note(now.utc, open.clone());
        model.tell(open);
    }
    acts::changed(model);
}

/// The request that closes was accepted, of an act that had come to its end before. False: it is not one of those.
pub(super) fn closed(model: &mut Model, id: ActId, out: &mut Vec<Effect>) -> bool {
    let now = model.now;
    let Some(act) = model.acts.get_mut(&id) else { return false };
    let Some(how) = act.cut.take() else { return false };
    act.note(now.utc, "closed again");
    act.ended = Some(now);
    // A log read to its end tells what became of the act, not only of this request.
    let (kind, data) = match &how {
        State::Refused(r) => (Kind::Refused, records::outcome(&Outcome::Refused(r.clone()))),
        _ => (Kind::Resolved, json!({"how": "read back: it was not done"})),
    };
    out.push(Effect::Append { entry: records::of(act, kind, now.utc, data), ticket: None });
    act.state = how;
    acts::changed(model);
    true
}

/// One that has still to close what it opened goes on beside the way back: else that stays open.
pub(super) fn overtake(model: &mut Model, by: ActId, target: &TargetId, out: &mut Vec<Effect>) {
    let now = model.now;
    for a in model.acts.values_mut() {
        let closes = a.is_closing() || a.to_close().is_some();
        if a.id != by && a.target() == target && a.direction() == Direction::Forward && !a.is_over() && !closes {
            a.state = State::Overtaken;
            a.ended = Some(now);
            a.note(now.utc, "overtaken by a backward act");
            out.push(Effect::Append {
                entry: records::of(a, Kind::Resolved, now.utc, json!({"how": "overtaken by a backward act"})),
                ticket: None,
            });
        }
    }
}

/// The session ends: nothing forward leaves any more, and its record says so. A backward act may still go out, and so may
/// the closing of what was opened; what is not closed yet is told, and the next session finds it unfinished.
pub(super) fn ending(model: &mut Model, out: &mut Vec<Effect>) {
    let waits = |a: &&Act| {
        let unsent = a.awaits() || matches!(a.state, State::Preparing | State::NeedsName | State::Logging);
        unsent && (a.direction() == Direction::Forward && !a.is_closing() || a.state == State::NeedsName)
    };
    let ids: Vec<ActId> = model.acts.values().filter(waits).map(|a| a.id).collect();
    for id in ids {
        acts::drop_act(model, id, "the session ended".into(), out);
    }
    let now = model.now.utc;
    for a in model.acts.values_mut() {
        let goes = a.is_closing() && a.state == State::Logging;
        let Some(open) = left_open(a).filter(|_| !goes) else { continue };
        let why = format!("the session ended; {open}");
        a.note(now, why.clone());
        let data = json!({"why": why, "reason": Reason::Other.word()});
        out.push(Effect::Append { entry: records::of(a, Kind::Stuck, now, data), ticket: None });
    }
}
