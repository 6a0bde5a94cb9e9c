//! The alarm row: the one worst thing that must not be overlooked, and how many more there are.

use crate::core::act::flight::{Act, State};
use crate::core::act::plan::Verb;
use crate::core::intent::Intent;
use crate::core::model::Model;
use crate::core::nav::Screen;

/// In this order on the row, worst first.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Alarm {
    pub rank: u8,
    pub text: String,
}

pub fn alarms(model: &Model) -> Vec<Alarm> {
    let mut out = Vec::new();
    let mut push = |rank: u8, text: String| out.push(Alarm { rank, text });
    // A later act of the same kind, or a roll back, took its place: what that one says counts now.
    let past = |a: &Act| {
        model.acts.values().any(|b| {
            let verb = b.plan.operation.verb;
            let over = matches!(b.state, State::Refused(_) | State::NotDone(_) | State::Dropped(_));
            let instead = verb == a.plan.operation.verb || verb == Verb::RollBack;
            b.id > a.id && b.target() == a.target() && b.has_left() && !over && instead
        })
    };
    for a in model.acts.values() {
        let verb = a.plan.operation.verb.word();
        let at = a.target().at();
        match &a.state {
            State::Unknown(_) => push(0, format!("outcome unknown: {verb} {at}, reading it back")),
            State::Stuck(why) if !past(a) => push(1, format!("STUCK: {verb} {at}: {why}")),
            State::NeedsName if model.dialog.is_none() => {
                push(1, format!("{verb} {at} waits: not everything is as it should be"))
            }
            State::Undone(by) if !past(a) => push(1, format!("UNDONE by {by}: {verb} {at}")),
            State::Preparing
            | State::NeedsName
            | State::Waiting
            | State::Logging
            | State::Sending
            | State::Accepted
            | State::Seen
            | State::Settled
            | State::Stuck(_)
            | State::Undone(_)
            | State::Refused(_)
            | State::NotDone(_)
            | State::Overtaken
            | State::Dropped(_) => {}
        }
    }
    for l in model.loose.iter().filter(|l| l.found.is_none()) {
        push(2, format!("an ended session left an act without an outcome: {}, reading it back", l.words));
    }
    if let Some(why) = &model.log.failed {
        push(3, format!("the log cannot be written: {why}; nothing forward goes out"));
    } else if model.log.late > 0 {
        push(3, format!("{} records are not on disk yet", model.log.late));
    }
    for (id, s) in &model.world.sources {
        if let Some(skew) = s.abilities.skew_ms.filter(|k| k.abs() >= 5_000) {
            push(4, format!("clock of {id} is off by {} s", skew / 1000));
        }
        if s.abilities.insecure {
            push(6, format!("INSECURE: certificate checks are off for {id}"));
        }
    }
    // New page-tier trouble elsewhere: worse than a person would want to find by chance.
    for r in model.rows.iter().filter(|r| r.rank == 0 || r.rank == 2) {
        if Some(&r.service) != model.nav.selected.as_ref() {
            let word = r
                .target
                .as_ref()
                .and_then(|t| model.judged.get(t))
                .filter(|_| r.rank == 0)
                .map_or("burning", |j| j.verdict.word.word());
            let b = model.keymap.shown(Intent::ScreenBoard).filter(|_| model.nav.screen != Screen::Board);
            let hint = b.map_or_else(String::new, |b| format!(" ({b}: Board)"));
            push(7, format!("{} is {word}{hint}", r.service));
        }
    }
    for p in &model.problems {
        push(8, p.to_string());
    }
    out.sort();
    out
}
