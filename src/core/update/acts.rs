//! An act from `Y` to its end: intent on disk and a fresh read side by side, then one request at a time.

use super::closing::{self, left_open};
use super::{confirm, conflict, emergency, many, marks, moved, records, settle, side};
use crate::core::act::compare::{self, Fit};
use crate::core::act::flight::{Act, OnDisk, ReadBack, State};
use crate::core::act::plan::{Direction, Outcome, RefusedBy, Ticket};
use crate::core::effect::Effect;
use crate::core::entry::Kind;
use crate::core::id::ActId;
use crate::core::model::Model;
use crate::core::time::Person;
use crate::core::world::source::SourceError;
use crate::core::world::target::TargetState;
use serde_json::json;
use std::sync::Arc;

pub(super) fn reread(
    model: &mut Model,
    id: ActId,
    read: Result<Option<Box<TargetState>>, SourceError>,
    out: &mut Vec<Effect>,
) {
    let now = model.now;
    let Some(act) = model.acts.get_mut(&id).filter(|a| a.state == State::Preparing) else { return };
    bump_field(&mut model.revision);
    match read {
        Err(e) => act.read_back = ReadBack::Failed(format!("it could not be read back: {e}").into()),
        Ok(state) => match act.direction() {
            Direction::Forward => {
                let gone = state.is_none();
                let diff = state.as_deref().map(|s| compare::differences(&act.seen, s)).unwrap_or_default();
                if gone || !diff.is_empty() {
                    let what = if gone { "it is gone".to_string() } else { diff.join("; ") };
                    let why: Arc<str> = format!("changed before it went out: {what}").into();
                    drop_act(model, id, why.clone(), out);
                    moved::refuse_open(model, id, why);
                    return;
                }
                act.read_back = ReadBack::Fine;
            }
            Direction::Backward => match compare::fit(&act.plan, &act.seen, state.as_deref()) {
                Fit::Goes(changes) => {
                    for c in changes {
                        act.note(now.utc, format!("changed meanwhile, goes out all the same: {c}"));
                    }
                    act.read_back = ReadBack::Fine;
                }
                Fit::Replan(what) => {
                    drop_act(model, id, what.clone(), out);
                    if many::owns(model, id) {
                        // One of several: the others go on.
                        many::dropped(model, id, &what, true);
                        return;
                    }
                    if owns(model, id) {
                        moved::replan(model, what, out);
                    } else {
                        again(model, id, false, what, out);
                    }
                    return;
                }
                Fit::NewCandidate(what) => {
                    drop_act(model, id, what.clone(), out);
                    if many::owns(model, id) {
                        many::dropped(model, id, &what, true);
                        return;
                    }
                    if owns(model, id) {
                        moved::reopen(model, what, out);
                    } else {
                        again(model, id, true, what, out);
                    }
                    return;
                }
                Fit::OtherTarget(what) | Fit::Done(what) => {
                    drop_act(model, id, what.clone(), out);
                    moved::refuse_open(model, id, what);
                    return;
                }
            },
        },
    }
    go_on(model, id, out);
}

/// The open dialog is this act's.
fn owns(model: &Model, id: ActId) -> bool {
    model.dialog.as_ref().and_then(|d| d.act()).is_some_and(|d| d.act == Some(id))
}

/// The act's operation once more, in a dialog of its own. One that stands open, with keys on their way to it, is not
/// taken away: then it is told.
fn again(model: &mut Model, id: ActId, other: bool, what: Arc<str>, out: &mut Vec<Effect>) {
    let Some(operation) = model.acts.get(&id).map(|a| a.plan.operation.clone()) else { return };
    // Another candidate is another target: its version is chosen anew, unless a person did.
    let operation = if other { moved::anew(&operation) } else { operation };
    let stands = model.dialog.as_ref().is_some_and(|d| match d.act() {
        Some(open) => open.operation.target != operation.target || open.act.is_some_and(|a| a != id),
        None => d.sheet().is_none(),
    });
    if stands {
        model.tell(format!("{} of {}: {what}", operation.verb.word(), operation.target.at()));
    } else {
        confirm::open(model, operation, Some(what), out);
    }
}

pub(super) fn durable(model: &mut Model, ticket: Ticket, out: &mut Vec<Effect>) {
    // The disk answers.
    if model.log.hung.take().is_some() {
        bump_field(&mut model.revision);
    }
    // Its act may be at a later step by now, with another ticket.
    if model.log.late.remove(&ticket) {
        bump_field(&mut model.revision);
    }
    let Some(id) = model.tickets.get(&ticket).copied() else {
        side::durable(model, ticket, out);
        return;
    };
    let now = model.now.utc;
    let Some(act) = model.acts.get_mut(&id).filter(|a| a.ticket == ticket) else { return };
    match act.on_disk {
        OnDisk::Waiting(_) => {
            act.on_disk = OnDisk::Yes;
            act.note(now, "intent on disk");
        }
        // It came late, but before the request: it need not be written a second time. A later step, whose dialog was
        // confirmed long ago, needs no name any more.
        OnDisk::No(_) if act.state == State::NeedsName => {
            act.on_disk = OnDisk::Yes;
            if act.step > 0 {
                act.state = State::Logging;
                if model.dialog.as_ref().and_then(|d| d.act()).is_some_and(|d| d.act == Some(id)) {
                    model.dialog = None;
                }
            }
        }
        // The request went first; now its intent is there as well.
        OnDisk::No(_) if act.has_left() => {
            act.on_disk = OnDisk::Yes;
            act.note(now, "intent on disk, after the request");
        }
        // It was known that the log hangs, and it came after all.
        OnDisk::No(_) if act.state == State::Preparing => {
            act.on_disk = OnDisk::Yes;
            act.note(now, "intent on disk");
        }
        OnDisk::No(_) | OnDisk::Yes => {}
    }
    bump_field(&mut model.revision);
    go_on(model, id, out);
}

pub(super) fn not_durable(model: &mut Model, ticket: Ticket, why: &Arc<str>, out: &mut Vec<Effect>) {
    let Some(id) = model.tickets.get(&ticket).copied() else {
        side::not_durable(model, ticket, why, out);
        return;
    };
    if let Some(act) = model.acts.get_mut(&id).filter(|a| a.ticket == ticket) {
        act.on_disk = OnDisk::No(format!("the log does not take it: {why}").into());
        bump_field(&mut model.revision);
        go_on(model, id, out);
    }
}

/// Both answers are in (or timed out): send, ask for one name, or give up.
pub(super) fn go_on(model: &mut Model, id: ActId, out: &mut Vec<Effect>) {
    let Some(act) = model.acts.get(&id) else { return };
    if !matches!(act.state, State::Preparing | State::Logging) {
        return;
    }
    let mut reasons: Vec<Arc<str>> = Vec::new();
    match &act.on_disk {
        OnDisk::Waiting(_) => return,
        OnDisk::Yes => {}
        OnDisk::No(why) => reasons.push(why.clone()),
    }
    match &act.read_back {
        ReadBack::Waiting(_) => return,
        ReadBack::Fine => {}
        ReadBack::Failed(why) => reasons.push(why.clone()),
    }
    reasons.retain(|r| !act.named.contains(r));
    // Another cluster is another target, in both directions.
    if let Some(why) = model.pinned.refuses(&act.target().source) {
        drop_act(model, id, why.clone(), out);
        moved::refuse_open(model, id, why);
        return;
    }
    // Between `Y` and now the arming may have ended and the figures may have turned: a slow disk lends no time.
    // What was opened is closed whatever they say.
    if act.direction() == Direction::Forward
        && !act.is_closing()
        && reasons.is_empty()
        && let Some(why) = moved::no_longer(model, act)
    {
        drop_act(model, id, why.clone(), out);
        moved::refuse_open(model, id, why);
        return;
    }
    if act.step > 0 && act.is_closing() && !reasons.is_empty() {
        // Nobody may be there to type a name, and what is open lets everything pass: its intent follows it.
        let why = reasons.join("; ");
        if let Some(a) = model.acts.get_mut(&id) {
            a.note(model.now.utc, format!("goes out all the same, because it closes: {why}"));
        }
        perform(model, id, &[], out);
        return;
    }
    match (act.direction(), reasons.is_empty(), act.named.is_empty()) {
        (_, true, _) | (Direction::Backward, false, false) => perform(model, id, &[], out),
        (Direction::Backward, false, true) => {
            // A later step's dialog is long closed: it is opened again for the name.
            if let Some(a) = model.acts.get_mut(&id) {
                a.state = State::NeedsName;
            }
            moved::ask_name(model, id, reasons);
        }
        (Direction::Forward, false, _) => {
            let why: Arc<str> = reasons.join("; ").into();
            drop_act(model, id, why.clone(), out);
            moved::refuse_open(model, id, why);
        }
    }
}

/// The name has been typed for everything that was not as it should be.
pub(super) fn named(model: &mut Model, id: ActId, why: Vec<Arc<str>>, out: &mut Vec<Effect>) {
    let Some(act) = model.acts.get_mut(&id) else { return };
    act.named.extend(why.iter().cloned());
    perform(model, id, &why, out);
}

/// `named`: the name was typed for these after the intent was written, so the intent does not tell of it.
fn perform(model: &mut Model, id: ActId, named: &[Arc<str>], out: &mut Vec<Effect>) {
    let now = model.now;
    let Some(act) = model.acts.get_mut(&id) else { return };
    let Some(step) = act.current().cloned() else { return };
    if let OnDisk::No(_) = act.on_disk {
        model.log.late.insert(act.ticket);
        out.push(Effect::AppendLate { entry: records::intent(act, now.utc), ticket: act.ticket });
    }
    act.state = State::Sending;
    act.sent = Some(now);
    act.answered = None;
    act.generation = None;
    (act.reads, act.next_read) = (0, None);
    act.note(now.utc, format!("sent {}", step.title));
    out.push(Effect::Append { entry: records::of(act, Kind::Sent, now.utc, records::sent(named)), ticket: None });
    out.push(Effect::Perform { ticket: act.ticket, target: act.target().clone(), step: Box::new(step) });
    let owes = (act.plan.operation.emergency && act.step == 0).then(|| act.clone());
    // Going back overtakes going forward, in any state.
    let (target, backward) = (act.target().clone(), act.direction() == Direction::Backward);
    if backward {
        closing::overtake(model, id, &target, out);
    }
    if model.dialog.as_ref().and_then(|d| d.act()).is_some_and(|d| d.act == Some(id)) {
        model.dialog = None;
    }
    if let Some(act) = owes {
        emergency::owe(model, &act, out);
    }
    // A sent act renews the arming; it never grants one.
    if model.is_armed() {
        model.armed_until = Some(Person(now.person.0 + model.limits.arm));
    }
    changed(model);
}

/// Nothing was sent and nothing will be.
pub(super) fn drop_act(model: &mut Model, id: ActId, why: Arc<str>, out: &mut Vec<Effect>) {
    let now = model.now;
    let open = model.acts.get(&id).and_then(left_open);
    if let Some(open) = &open {
        model.tell(open.as_str());
    }
    if let Some(a) = model.acts.get_mut(&id) {
        let why = open.map_or_else(|| why.clone(), |open| format!("{why}; {open}").into());
        a.note(now.utc, format!("not sent: {why}"));
        a.ended = Some(now);
        out.push(Effect::Append {
            entry: records::of(a, Kind::Resolved, now.utc, json!({"how": "not sent", "why": why})),
            ticket: None,
        });
        a.state = State::Dropped(why);
    }
    changed(model);
}

/// The dialog was closed while the act was still being prepared: nothing goes out.
pub(super) fn give_up(model: &mut Model, id: ActId, out: &mut Vec<Effect>) {
    let still =
        model.acts.get(&id).is_some_and(|a| matches!(a.state, State::Preparing | State::NeedsName) && a.step == 0);
    if still {
        drop_act(model, id, "closed by the operator".into(), out);
    }
}

pub(super) fn answered(model: &mut Model, ticket: Ticket, outcome: Outcome, out: &mut Vec<Effect>) {
    let now = model.now;
    let Some(id) = model.tickets.get(&ticket).copied() else {
        side::answered(model, ticket, outcome, out);
        return;
    };
    let Some(act) = model.acts.get_mut(&id).filter(|a| a.ticket == ticket) else { return };
    bump_field(&mut model.revision);
    if act.state == State::Overtaken {
        // Its answer is still recorded: what was asked may have been done.
        out.push(Effect::Append {
            entry: records::of(act, records::kind_of(&outcome), now.utc, records::outcome(&outcome)),
            ticket: None,
        });
        return;
    }
    if act.state != State::Sending {
        return;
    }
    act.answered = Some(now.world);
    out.push(Effect::Append {
        entry: records::of(act, records::kind_of(&outcome), now.utc, records::outcome(&outcome)),
        ticket: None,
    });
    match outcome {
        Outcome::Accepted { generation, version, took_ms } => {
            act.generation = generation;
            let rv = version.map_or_else(String::new, |v| format!(" (rv {v})"));
            act.note(now.utc, format!("accepted{rv} after {took_ms} ms"));
            if closing::closed(model, id, out) {
                return;
            }
            let Some(act) = model.acts.get_mut(&id) else { return };
            act.state = State::Accepted;
            if let Some(act) = model.acts.get(&id) {
                marks::leave(model, act, out);
            }
            settle::observe(model, id, out);
        }
        Outcome::Refused(r) => {
            act.note(now.utc, format!("REFUSED: {}", r.why));
            let backward = act.direction() == Direction::Backward;
            // Of several the others go on, and what became of each stands in one line: no dialog for each.
            let opens = backward
                && act.cut.is_none()
                && act.together.is_none()
                && matches!(r.kind, RefusedBy::Guard | RefusedBy::Throttled | RefusedBy::NotSent);
            let why: Arc<str> = format!("refused: {}", r.why).into();
            let guard = r.kind == RefusedBy::Guard;
            closing::end(model, id, State::Refused(r), false, out);
            if guard {
                conflict::ask(model, id, out);
            }
            if opens {
                // The way back stays open: a fresh dialog, one more Y, a new recorded step.
                again(model, id, false, why, out);
            }
        }
        Outcome::Unknown { why } => {
            act.note(now.utc, format!("outcome unknown: {why}; reading it back"));
            act.state = State::Unknown(why);
            if act.plan.operation.cord {
                // It may have waited for its turn: it cannot have left later than this.
                act.sent = Some(now);
            }
            act.reads = 0;
            act.next_read = Some(now.person);
        }
    }
}

/// Start a confirmed act: intent to disk and a fresh read, side by side.
pub(super) fn start(model: &mut Model, mut act: Act, out: &mut Vec<Effect>) {
    let ticket = model.next_ticket();
    act.ticket = ticket;
    let entry = records::intent(&act, model.now.utc);
    let (id, target) = (act.id, act.target().clone());
    if let Some(why) = model.log.trouble() {
        act.on_disk = OnDisk::No(why);
    }
    // Given to the log all the same: what it does not take goes to the fallback file, before the request leaves.
    out.push(Effect::Append { entry, ticket: Some(ticket) });
    out.push(Effect::Reread { act: id, target });
    model.tickets.insert(ticket, id);
    model.acts.insert(id, act);
    // A long session keeps the acts that matter for the screen; the log keeps all.
    while model.acts.len() > 200 {
        let Some(oldest) = model.acts.values().find(|a| a.is_over()).map(|a| a.id) else { break };
        model.acts.remove(&oldest);
    }
    changed(model);
}

/// An act in trouble ranks its service: rows are looked at anew.
pub(super) fn changed(model: &mut Model) {
    model.rows_dirty = true;
    super::bump(model);
}

pub(super) fn bump_field(revision: &mut u64) {
    *revision += 1;
}

#[cfg(test)]
#[path = "acts_tests.rs"]
mod tests;
