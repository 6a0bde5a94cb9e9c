//! What a side act reads: the flag once more before it goes out, by the rules of every guarded request (product.md section
//! 5: forward compares everything that was seen, backward only what it is about), and what became of one that an ended
//! session left without an outcome. Sends nothing.

use super::{facts, finish, settle, side};
use crate::core::act::flight::{ReadBack, State};
use crate::core::act::plan::Direction;
use crate::core::act::side::{Left, Side, SideAct, flag_differs};
use crate::core::effect::{Effect, Question};
use crate::core::id::ActId;
use crate::core::model::{Model, Purpose};
use crate::core::time::Person;
use crate::core::words::on_word;
use crate::core::world::beside::Flag;
use std::sync::Arc;

/// Confirmed: what it is about is asked for while its intent goes to disk.
pub(super) fn begin(model: &mut Model, side: &mut Side, out: &mut Vec<Effect>) {
    if side.plan.act.flag().is_none() {
        return;
    }
    side.read_back = ReadBack::Waiting(model.now.person);
    let ask = model.next_ask(Purpose::SideAgain(side.id));
    out.push(Effect::Ask { id: ask, source: side.plan.source.clone(), question: Question::Beside });
}

/// The source has answered; what it said of its flags is in the world.
pub(super) fn again(model: &mut Model, id: ActId, answer: Result<(), Arc<str>>, out: &mut Vec<Effect>) {
    let now = model.now.utc;
    let Some(s) = model.sides.get(&id).filter(|s| waits(s)) else { return };
    let found = answer.map(|()| meanwhile(model, s));
    let Some(s) = model.sides.get_mut(&id) else { return };
    match found {
        Err(why) => s.read_back = ReadBack::Failed(format!("it could not be read back: {why}").into()),
        Ok(Meanwhile::Goes(changes)) => {
            for c in changes {
                s.note(now, format!("changed meanwhile, goes out all the same: {c}"));
            }
            s.read_back = ReadBack::Fine;
        }
        Ok(Meanwhile::No(why)) => return side::drop_side(model, id, why, out),
    }
    side::go_on(model, id, out);
}

/// No answer in time is no answer: the way back does not wait for one.
pub(super) fn late(model: &mut Model, id: ActId, out: &mut Vec<Effect>) {
    let (now, limit) = (model.now.person, model.limits.reread);
    let Some(s) = model.sides.get_mut(&id).filter(|s| s.state == State::Preparing) else { return };
    if matches!(s.read_back, ReadBack::Waiting(t) if now.0 - t.0 >= limit) {
        s.read_back = ReadBack::Failed(format!("it could not be read back: no answer in {} s", limit / 1_000).into());
        side::go_on(model, id, out);
    }
}

fn waits(s: &Side) -> bool {
    s.state == State::Preparing && matches!(s.read_back, ReadBack::Waiting(_))
}

/// The world moved between the read and now: a slow disk lends no time.
pub(super) fn no_longer(model: &Model, side: &Side) -> Option<Arc<str>> {
    // What could not be read is another matter: its reason is told.
    if side.plan.act.flag().is_none() || side.read_back != ReadBack::Fine {
        return None;
    }
    match meanwhile(model, side) {
        Meanwhile::Goes(_) => None,
        Meanwhile::No(why) => Some(why),
    }
}

enum Meanwhile {
    /// With what changed that does not matter to it.
    Goes(Vec<String>),
    No(Arc<str>),
}

fn meanwhile(model: &Model, side: &Side) -> Meanwhile {
    let act = &side.plan.act;
    let Some(key) = act.flag() else { return Meanwhile::Goes(Vec::new()) };
    let Some(now) = flag(model, side, key) else {
        return Meanwhile::No(format!("changed before it went out: {key} is gone").into());
    };
    let asks = matches!(act, SideAct::FlagOn { .. });
    let changes = side.flag.as_ref().map(|seen| flag_differs(seen, now)).unwrap_or_default();
    if now.on == asks {
        let word = on_word(asks);
        return Meanwhile::No(format!("changed before it went out: {key} is {word} already").into());
    }
    if act.direction() == Some(Direction::Forward) && !changes.is_empty() {
        return Meanwhile::No(format!("changed before it went out: {}", changes.join("; ")).into());
    }
    Meanwhile::Goes(changes)
}

fn flag<'m>(model: &'m Model, side: &Side, key: &str) -> Option<&'m Flag> {
    model.world.flags.get(&side.plan.source)?.iter().find(|f| *f.key == *key)
}

/// One of an ended session: its source is asked, where anything could show it.
pub(super) fn left(model: &mut Model, n: usize, left: &Left, out: &mut Vec<Effect>) {
    if let Some(why) = unreadable(left) {
        let Some(l) = model.loose.get_mut(n) else { return };
        l.found = Some(why.into());
        finish::close(model, n, why, out);
        return;
    }
    let id = model.next_ask(Purpose::Unfinished(n));
    out.push(Effect::Ask { id, source: left.source.clone(), question: Question::Beside });
}

fn unreadable(left: &Left) -> Option<&'static str> {
    match &left.act {
        None => Some("its record does not say what to look for: look whether it was done"),
        Some(SideAct::Tell { .. }) => Some("nothing tells whether it arrived: ask those it was for"),
        Some(_) => None,
    }
}

/// Its source has answered, or has not.
pub(super) fn found(model: &mut Model, n: usize, left: &Left, reached: bool, out: &mut Vec<Effect>) {
    let (now, person) = (model.now.utc, model.now.person);
    let Some(l) = model.loose.get(n) else { return };
    let shows = left.act.as_ref().and_then(|act| act.shows(&model.world, &left.source, l.at));
    // A request may be on its way for a while after its session has ended.
    let early = shows != Some(true) && now.since(l.at) < settle::UNKNOWN_FOR_MS;
    let Some(l) = model.loose.get_mut(n) else { return };
    if !reached || early {
        l.next = Some(Person(person.0 + facts::READ_AGAIN_MS));
        return;
    }
    let (found, how) = match shows {
        Some(true) => ("it shows as asked", "read back after the session ended: it shows as asked"),
        Some(false) => ("it does not show", "read back after the session ended: it was not done"),
        None => ("its source says nothing of it", "read back after the session ended: its source says nothing of it"),
    };
    l.found = Some(found.into());
    finish::close(model, n, how, out);
}
