//! What changes by time alone: an arming ends, a deadline passes, a figure grows old, a name falls due.

use super::{alerts, bump, errand, facts, incident, keys, looked, lookups, plain, settle, side, together, writing};
use crate::core::act::flight::{OnDisk, ReadBack, State};
use crate::core::effect::Effect;
use crate::core::model::Model;
use crate::core::nav::Screen;
use crate::core::time::{Person, Stamp, World};

/// `by_hand`: a key or a line came; what is asked of sources by time alone then waits for the next tick.
pub(super) fn by_time_alone(model: &mut Model, by_hand: bool, out: &mut Vec<Effect>) {
    let now = model.now;
    if model.armed_until.is_some_and(|t| t <= now.person) {
        keys::disarm(model, "the time is up", out);
    }
    if model.notice.as_ref().is_some_and(|(_, until)| *until <= now.person) {
        model.notice = None;
        bump(model);
    }
    if model.nav.resting.as_ref().is_some_and(|(_, until)| *until <= now.person) {
        model.nav.resting = None;
        bump(model);
    }
    if model.nav.screen == Screen::Waking && now.person.0 - model.started.person.0 >= model.limits.waking {
        keys::wake(model);
    }
    // The log tells what became of it; nothing is judged anew and no deadline of ours counts.
    if model.replay.is_some() {
        return;
    }
    settle::deadlines(model, out);
    side::deadlines(model, out);
    alerts::tick(model, out);
    together::nobody_else(model);
    facts::loose_ends(model, out);
    facts::grow_old(model, out);
    looked::tick(model, by_hand, out);
    lookups::tick(model, by_hand, out);
}

/// The next moment at which something changes by time alone, on either clock; the engine wakes then.
/// Ages on screen are not in here: they are drawn, not decided.
pub fn next_wake(model: &Model) -> (Option<Person>, Option<World>) {
    let now: Stamp = model.now;
    let mut person: Vec<i64> = Vec::new();
    let mut world: Vec<i64> = Vec::new();
    person.extend(model.armed_until.map(|t| t.0));
    person.extend(incident::lapses_in(model).map(|ms| now.person.0 + ms));
    person.extend(writing::draft_due(model).map(|t| t.0));
    person.extend(model.notice.as_ref().map(|n| n.1.0));
    person.extend(model.nav.resting.as_ref().map(|r| r.1.0));
    if model.nav.screen == Screen::Waking {
        person.push(model.started.person.0 + model.limits.waking);
    }
    person.extend(model.loose.iter().filter(|l| l.found.is_none()).filter_map(|l| l.next).map(|t| t.0));
    person.extend(together::next(model).map(|t| t.0));
    person.extend(errand::next_wake(model).map(|t| t.0));
    if model.replay.is_none() {
        person.extend(looked::next(model).map(|t| t.0));
        person.extend(lookups::next(model).map(|t| t.0));
    }
    if let Some(d) = &model.dialog {
        // The hint "Y" appears when it would count.
        if let Some(ms) = d.ready_in(now.person, model.limits.confirm_delay, model.limits.quiet).filter(|ms| *ms > 0) {
            person.push(now.person.0 + ms);
        }
    }
    if model.replay.is_some() {
        return (person.into_iter().filter(|t| *t > now.person.0).min().map(Person), None);
    }
    world.extend(lookups::wait_over(model).map(|t| t.0));
    if model.settings.plain {
        world.extend(plain::next_wake(model).map(|t| t.0));
    }
    let (p, w) = side::next_wake(model);
    person.extend(p);
    world.extend(w);
    // Drills tell world time by stamps of UTC.
    world.extend(alerts::next_wake(model).map(|ms| now.world.0 + ms));
    for a in model.acts.values().filter(|a| !a.is_over()) {
        match &a.state {
            State::Preparing | State::Logging => {
                if let OnDisk::Waiting(t) = a.on_disk {
                    person.push(t.0 + model.limits.durable);
                }
                if let ReadBack::Waiting(t) = a.read_back {
                    person.push(t.0 + model.limits.reread_of(a));
                }
            }
            State::Accepted | State::Seen | State::Waiting => {
                world.extend(a.stuck_at().map(|t| t.0));
                world.extend(a.taken_back_from().map(|t| t.0));
                person.extend(a.next_read.map(|t| t.0));
            }
            State::Unknown(_) | State::Stuck(_) => person.extend(a.next_read.map(|t| t.0)),
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
    (
        person.into_iter().filter(|t| *t > now.person.0).min().map(Person),
        world.into_iter().filter(|t| *t > now.world.0).min().map(World),
    )
}
