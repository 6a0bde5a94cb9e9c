//! An act that has left: what the target says of it, what its deadlines say, until every replica agrees or it says why not.

use super::{acts, closing, records};
use crate::core::act::flight::{OnDisk, ReadBack, SEEN, State, Step1};
use crate::core::act::hand;
use crate::core::act::plan::{Direction, Outcome, Refused, RefusedBy, Way};
use crate::core::act::stuck;
use crate::core::effect::{Effect, Question};
use crate::core::entry::Kind;
use crate::core::id::ActId;
use crate::core::id::TargetId;
use crate::core::model::{Model, Purpose};
use crate::core::time::Person;
use crate::core::world::target::TargetState;
use serde_json::json;
use std::sync::Arc;

/// Answers of reads after which an unknown outcome without an effect is called not done: the server ends its own
/// requests after 34 s (kubernetes-rollouts 6.2), so by then nothing is on its way any more.
pub(super) const UNKNOWN_FOR_MS: i64 = 40_000;

/// What is known of a disk that took no intent in `Limits::durable`.
const HUNG: &str = "the disk does not answer";

/// The target said something: what does it mean for its acts?
pub(super) fn target_changed(model: &mut Model, target: &TargetId, out: &mut Vec<Effect>) {
    let ids: Vec<ActId> = model.acts.values().filter(|a| a.target() == target).map(|a| a.id).collect();
    for id in ids {
        observe(model, id, out);
        still_stuck(model, id, out);
        undone(model, id, out);
    }
}

pub(super) fn observe(model: &mut Model, id: ActId, out: &mut Vec<Effect>) {
    look(model, id, false, out);
}

/// `fresh`: what is known was asked for after the request left.
fn look(model: &mut Model, id: ActId, fresh: bool, out: &mut Vec<Effect>) {
    let now = model.now;
    // One that ended and only closes what it opened: no look at the target tells whether that is closed.
    let Some(act) = model.acts.get_mut(&id).filter(|a| a.cut.is_none()) else { return };
    let state = model.world.targets.get(act.target());
    // A later step waits for its condition before its intent is written.
    if act.awaits() {
        let holds = act.current().is_some_and(|s| s.wait_first.as_ref().is_none_or(|w| w.holds(state, act.generation)));
        if holds {
            log_step(model, id, out);
        }
        return;
    }
    let found = act.observe(state, now, fresh);
    if found != Step1::Old && matches!(act.state, State::Accepted | State::Seen | State::Stuck(_)) {
        act.next_read = None;
    }
    match found {
        Step1::Nothing => {}
        Step1::Old => {
            if act.next_read.is_none() {
                act.next_read = Some(now.person);
            }
        }
        // It reacts after all, but past the last deadline: it stays stuck, perhaps for another reason. Calling it seen
        // would have it called stuck again at once, with two records for every fact that comes.
        Step1::Seen
            if matches!(act.state, State::Stuck(_)) && act.settled_by().is_some_and(|late| now.world >= late) =>
        {
            if !act.reacted() {
                let words = state.map(words_of).unwrap_or_else(|| "gone".into());
                act.note(now.utc, format!("{SEEN}{words}"));
            }
        }
        Step1::TakenBack => {
            let why: Arc<str> = stuck::took_back(act, state).into();
            let r = Refused { kind: RefusedBy::Controller, status: None, why: why.clone(), retry_after_ms: None };
            act.note(now.utc, format!("REFUSED: {why}"));
            let data = records::outcome(&Outcome::Refused(r.clone()));
            out.push(Effect::Append { entry: records::of(act, Kind::Refused, now.utc, data), ticket: None });
            closing::end(model, id, State::Refused(r), true, out);
        }
        Step1::Seen => {
            let words = state.map(words_of).unwrap_or_else(|| "gone".into());
            act.note(now.utc, format!("{SEEN}{words}"));
            let was_unknown = matches!(act.state, State::Unknown(_));
            if was_unknown {
                act.answered = Some(now.world);
            }
            act.state = State::Seen;
            let kind = if was_unknown { Kind::Resolved } else { Kind::Seen };
            let data = json!({"found": words, "how": if was_unknown { "read back: it was done" } else { "watched" },
                "weight": state.and_then(|s| s.weight_real)});
            out.push(Effect::Append { entry: records::of(act, kind, now.utc, data), ticket: None });
            acts::changed(model);
        }
        Step1::Next => {
            let title = act.current().map(|s| s.title.clone()).unwrap_or_default();
            act.note(now.utc, format!("done: {title}"));
            let data = json!({"found": state.map(words_of).unwrap_or_default(), "how": "watched", "step_done": true});
            out.push(Effect::Append { entry: records::of(act, Kind::Seen, now.utc, data), ticket: None });
            act.step += 1;
            act.state = State::Waiting;
            act.waits = Some(now.world);
            acts::changed(model);
            observe(model, id, out);
        }
        Step1::Settled => {
            let was_unknown = matches!(act.state, State::Unknown(_));
            act.state = State::Settled;
            act.ended = Some(now);
            let took = now.utc.since(act.begun.utc);
            act.note(now.utc, format!("settled after {}", crate::core::age::span(took)));
            if was_unknown {
                out.push(Effect::Append {
                    entry: records::of(act, Kind::Resolved, now.utc, json!({"how": "read back: it was done"})),
                    ticket: None,
                });
            }
            let ready = state.and_then(|s| Some([s.revision(act.plan.to.as_ref()?)?.replicas.ready, s.wanted]));
            let data = json!({
                "weight": state.and_then(|s| s.weight_real),
                "ready": ready,
                "took_ms": took,
                "bad_to_settled_ms": act.bad_since.map(|b| now.utc.since(b)),
                "service": act.seen.service,
            });
            let entry = records::of(act, Kind::Settled, now.utc, data);
            out.push(Effect::Append { entry, ticket: None });
            // The next expected time knows this one already.
            if act.plan.operation.verb == crate::core::act::plan::Verb::RollBack {
                let service = act.seen.service.clone();
                if let Some(s) = model.world.services.get_mut(&service) {
                    s.history_ms.push(took);
                }
            }
            acts::changed(model);
        }
    }
}

/// A short account of a target for the timeline and the record.
fn words_of(s: &TargetState) -> String {
    let mut w = s.phase.word().to_string();
    if s.aborted {
        w.push_str(", aborted");
    }
    if s.held {
        w.push_str(", held");
    }
    match s.weight_real {
        Some(real) if real != s.weight_wanted => w.push_str(&format!(", weight {real}% -> {}%", s.weight_wanted)),
        Some(real) => w.push_str(&format!(", weight {real}%")),
        None => {}
    }
    w
}

/// The intent of a later step, before its request.
pub(super) fn log_step(model: &mut Model, id: ActId, out: &mut Vec<Effect>) {
    let ticket = model.next_ticket();
    let now = model.now;
    let trouble = model.log.trouble();
    let Some(act) = model.acts.get_mut(&id) else { return };
    act.ticket = ticket;
    act.state = State::Logging;
    act.waits = None;
    // A forward act waits for its intent as long as it takes; the way back does not wait for what is known, nor does what
    // closes.
    act.on_disk = match trouble.filter(|_| act.direction() == Direction::Backward || act.is_closing()) {
        Some(why) => OnDisk::No(why),
        None => OnDisk::Waiting(now.person),
    };
    act.read_back = ReadBack::Fine;
    let known = matches!(act.on_disk, OnDisk::No(_));
    model.tickets.insert(ticket, id);
    out.push(Effect::Append { entry: records::intent(act, now.utc), ticket: Some(ticket) });
    if known {
        acts::go_on(model, id, out);
    }
}

/// A settled act that somebody took back.
fn undone(model: &mut Model, id: ActId, out: &mut Vec<Effect>) {
    let now = model.now;
    let Some(act) = model.acts.get(&id).filter(|a| a.state == State::Settled) else { return };
    let Some(s) = model.world.targets.get(act.target()) else { return };
    let bad = act.plan.from.as_ref();
    let back = match act.plan.primitive.way() {
        Way::Abort => s.candidate.as_ref() == bad && s.is_moving() && !s.aborted,
        Way::Undo => s.candidate.as_ref() == bad && act.plan.from != act.plan.to,
        Way::Pause => !s.held && s.is_moving() && s.candidate.as_ref() == bad,
        // Going on is what a forward act is for.
        Way::Forward => false,
    };
    // Our own later act on the same target is no "undone by".
    let ours = model.acts.values().any(|a| a.id > id && a.target() == act.target() && a.has_left());
    if !back || ours {
        return;
    }
    let since = act.sent.map(|s| s.utc);
    let hand = match act.plan.primitive.way() {
        Way::Pause => hand::of_pause(s, since),
        Way::Abort => hand::of_abort(s, since),
        Way::Undo => hand::of_template(s, since).or(s.aborted_by.as_ref()),
        Way::Forward => None,
    };
    // What was written under our name is another console's: our own later act would have been found.
    let by: Arc<str> = match (hand.filter(|m| &*m.name != hand::OURS), model.others.on(act.target()).next()) {
        (Some(m), _) => hand::named(&m.name).into(),
        (None, Some(other)) => other.who.clone(),
        (None, None) => "somebody else".into(),
    };
    let found = words_of(s);
    if let Some(a) = model.acts.get_mut(&id) {
        a.note(now.utc, format!("UNDONE by {by}: {found}"));
        out.push(Effect::Append {
            entry: records::of(a, Kind::Undone, now.utc, json!({"by": by, "found": found})),
            ticket: None,
        });
        a.state = State::Undone(by);
    }
    acts::changed(model);
}

/// What hinders a stuck act may become something else, and the words follow. A record is written where the kind changes.
fn still_stuck(model: &mut Model, id: ActId, out: &mut Vec<Effect>) {
    let Some(act) = model.acts.get(&id) else { return };
    let State::Stuck(was) = &act.state else { return };
    let now = stuck::of(act, &model.world, model.now.utc);
    if now.words == *was {
        return;
    }
    if model.hindered.get(&id) == Some(&now.reason) {
        // The same with other figures.
        if let Some(a) = model.acts.get_mut(&id) {
            a.state = State::Stuck(now.words);
        }
        acts::changed(model);
    } else {
        is_stuck(model, id, now, out);
    }
}

fn is_stuck(model: &mut Model, id: ActId, found: stuck::Stuck, out: &mut Vec<Effect>) {
    let now = model.now.utc;
    let Some(act) = model.acts.get_mut(&id) else { return };
    act.note(now, format!("STUCK: {}", found.words));
    let data = json!({"why": found.words, "reason": found.reason.word()});
    out.push(Effect::Append { entry: records::of(act, Kind::Stuck, now, data), ticket: None });
    act.state = State::Stuck(found.words);
    model.hindered.insert(id, found.reason);
    acts::changed(model);
}

/// An answer of reading back an unknown outcome, or its failure.
pub(super) fn read_back(model: &mut Model, id: ActId, reached: bool, out: &mut Vec<Effect>) {
    let now = model.now;
    // A read for an earlier step of it may come late.
    let fresh = reached && model.acts.get(&id).is_some_and(|a| a.reads > 0);
    look(model, id, fresh, out);
    let Some(act) = model.acts.get_mut(&id) else { return };
    if !matches!(act.state, State::Unknown(_)) {
        return;
    }
    let sent = act.sent.map_or(now.person.0, |s| s.person.0);
    // A wish that is stored is carried out when its controller comes back: until then it is not known.
    let wish = model.world.targets.get(act.target()).is_some_and(TargetState::holds_a_wish);
    if reached && !wish && now.person.0 - sent >= UNKNOWN_FOR_MS {
        act.note(now.utc, "read back: it did not happen");
        out.push(Effect::Append {
            entry: records::of(act, Kind::Resolved, now.utc, json!({"how": "read back: it was not done"})),
            ticket: None,
        });
        closing::end(model, id, State::NotDone("read back: it did not happen".into()), true, out);
    }
}

pub(super) fn deadlines(model: &mut Model, out: &mut Vec<Effect>) {
    let now = model.now;
    let limits = model.limits.clone();
    let ids: Vec<ActId> = model.acts.values().filter(|a| !a.is_over()).map(|a| a.id).collect();
    for id in ids {
        let Some(act) = model.acts.get_mut(&id) else { continue };
        match &act.state {
            State::Preparing | State::Logging => {
                let mut due = false;
                if let OnDisk::Waiting(t) = act.on_disk {
                    // A forward act waits for its intent as long as it takes.
                    let waits = act.direction() == Direction::Forward && !act.is_closing();
                    if !waits && now.person.0 - t.0 >= limits.durable {
                        act.on_disk = OnDisk::No("the intent is not on disk yet".into());
                        // The next one need not find it out again.
                        model.log.hung.get_or_insert_with(|| HUNG.into());
                        due = true;
                    }
                }
                if let ReadBack::Waiting(t) = act.read_back
                    && now.person.0 - t.0 >= limits.reread_of(act)
                {
                    let waited = limits.reread_of(act) / 1_000;
                    act.read_back = ReadBack::Failed(format!("it could not be read back in {waited} s").into());
                    due = true;
                }
                if due {
                    acts::bump_field(&mut model.revision);
                    acts::go_on(model, id, out);
                }
            }
            State::Accepted | State::Seen => {
                read_anew(model, id, out);
                let Some(act) = model.acts.get_mut(&id) else { continue };
                let late = act.stuck_at().is_some_and(|t| now.world >= t);
                let due = act.taken_back_from().is_some_and(|t| now.world >= t);
                if due {
                    observe(model, id, out);
                }
                let Some(act) = model.acts.get(&id) else { continue };
                if late && act.stuck_at().is_some_and(|t| now.world >= t) {
                    let found = stuck::of(act, &model.world, now.utc);
                    is_stuck(model, id, found, out);
                }
            }
            State::Unknown(_) | State::Stuck(_) => read_anew(model, id, out),
            State::Waiting => {
                observe(model, id, out);
                let Some(act) = model.acts.get(&id) else { continue };
                // Late, it still goes on when its condition comes; until then somebody has to know.
                if act.state == State::Waiting && act.stuck_at().is_some_and(|t| now.world >= t) {
                    let found = stuck::of(act, &model.world, now.utc);
                    is_stuck(model, id, found, out);
                }
            }
            State::NeedsName
            | State::Sending
            | State::Settled
            | State::Refused(_)
            | State::NotDone(_)
            | State::Undone(_)
            | State::Overtaken
            | State::Dropped(_) => {}
        }
    }
}

/// Asks for the target as it is now, when that is due: what is known does not tell what became of the act.
fn read_anew(model: &mut Model, id: ActId, out: &mut Vec<Effect>) {
    let now = model.now;
    let Some(act) = model.acts.get_mut(&id).filter(|a| a.next_read.is_some_and(|t| now.person >= t)) else { return };
    act.reads += 1;
    // 1, 2, 4, then every 5 s.
    let wait = (1_000_i64 << act.reads.min(3)).min(5_000);
    act.next_read = Some(Person(now.person.0 + wait));
    let target = act.target().clone();
    let ask = model.next_ask(Purpose::Unknown(id));
    out.push(Effect::Ask { id: ask, source: target.source.clone(), question: Question::Read(target) });
}

#[cfg(test)]
mod tests {
    use crate::core::act::flight::State;
    use crate::core::act::plan::Outcome;
    use crate::core::id::AskId;
    use crate::core::model::Purpose;
    use crate::core::msg::Msg;
    use crate::core::world::fact::Fact;
    use crate::testkit::stories;

    #[test]
    fn an_abort_that_is_stored_is_never_called_not_done_while_its_controller_is_away() {
        for (pending, called) in [(true, false), (false, true)] {
            let mut w = stories::worse();
            w.keys("a r").planned().confirm();
            w.answered(Outcome::Unknown { why: "the answer was cut".into() });
            let target = w.target_id("checkout");
            for _ in 0..20 {
                w.wait(5_000);
                let mut t = w.model.world.targets[&target].clone();
                t.detail.abort_pending = pending;
                let asked = w.model.asks.iter().filter(|(_, p)| matches!(p, Purpose::Unknown(_)));
                let asked: Vec<AskId> = asked.map(|(id, _)| *id).collect();
                for id in asked {
                    w.send(Msg::Asked { id, answer: Ok(vec![Fact::Target(Box::new(t.clone()))]) });
                }
            }
            let state = &w.model.acts.values().next_back().expect("an act").state;
            assert_eq!(matches!(state, State::NotDone(_)), called, "{state:?}");
        }
    }
}
