//! Readings of the cord: how each moving target stands to a freeze, what is loose, what is no longer held, and what came
//! of a `Y` over several targets.

use crate::core::act::cord::Held;
use crate::core::act::flight::{Act, State};
use crate::core::act::many::{Group, Together, Whole};
use crate::core::act::plan::Verb;
use crate::core::case::others::Elsewhere;
use crate::core::finish;
use crate::core::id::{ServiceId, SourceId, TargetId};
use crate::core::judge::verdict::Word;
use crate::core::model::{Loose, Model, Place};
use crate::core::world::source::Link;
use crate::core::world::target::TargetState;
use std::sync::Arc;

/// `PROD`, `DRILL`, `STAGING`: the environment in a sentence.
pub fn place(model: &Model) -> String {
    let e = &model.environment;
    match e.place {
        Place::Prod => "PROD".into(),
        Place::Drill => "DRILL".into(),
        Place::Replay => "REPLAY".into(),
        Place::Other => e.name.to_uppercase(),
    }
}

/// In a steady order.
pub fn moving(model: &Model) -> impl Iterator<Item = &TargetState> {
    model.world.targets.values().filter(|t| t.is_moving())
}

/// Moving targets of one service.
pub fn moving_of<'a>(model: &'a Model, service: &'a ServiceId) -> impl Iterator<Item = &'a TargetState> {
    moving(model).filter(move |t| t.service == *service)
}

/// Why it is on its way back already; `None`: it is not.
pub fn going_back(model: &Model, t: &TargetState) -> Option<Arc<str>> {
    if t.aborted {
        let by = t.aborted_by.as_ref().map(|m| format!(" by {}", m.name)).unwrap_or_default();
        return Some(format!("aborted{by}").into());
    }
    let ours = |a: &&Act| a.plan.operation.verb == Verb::RollBack && *a.target() == t.id;
    let under_way = |a: &Act| {
        // One that is stuck goes nowhere: what still moves forward must be held.
        let nothing = matches!(a.state, State::Refused(_) | State::NotDone(_) | State::Undone(_) | State::Stuck(_));
        let left = a.has_left() && !nothing;
        // Settled, it still may be what is asked for; anything else that moves now began after it.
        left && (!a.is_over() || a.plan.to == t.candidate)
    };
    if model.acts.values().filter(ours).any(under_way) {
        return Some("our roll back is under way".into());
    }
    if let Some(a) = model.others.on(&t.id).find(|a| *a.plan == *Verb::RollBack.word()) {
        return Some(format!("{} rolls it back", a.who).into());
    }
    // An undo asks for a version that was made before the one it leaves.
    let made = |r: Option<&crate::core::world::target::Revision>| r.and_then(|r| r.created);
    let (candidate, stable) = (t.candidate_revision(), t.stable_revision());
    match (made(candidate), made(stable)) {
        (Some(c), Some(s)) if c < s => {
            Some(format!("to {}, older than {}", t.called(&candidate?.hash), t.called(&stable?.hash)).into())
        }
        // Begun by a session that has ended.
        _ => finish::under_way(model, t).map(|b| finish::going(t, &b, model.utc()).into()),
    }
}

/// Worse, and a hold would switch off its own rollback: Flagger does nothing at all while it is suspended.
pub fn worse_here(model: &Model, t: &TargetState) -> Option<Arc<str>> {
    let f = t.detail.flagger.as_ref().filter(|f| !f.suspended && !f.skip_analysis && f.threshold > 0)?;
    let worse = model.judged.get(&t.id).is_some_and(|j| j.verdict.word == Word::Worse);
    match (f.failed_checks, worse) {
        (0, false) => None,
        (0, true) => Some("flagger, WORSE".into()),
        (n, _) => Some(format!("flagger, {n} of {} failed", f.threshold).into()),
    }
}

/// In which of the freeze's lists a moving target stands, before a plan is asked for, and why.
pub fn list_of(model: &Model, t: &TargetState) -> (Group, Option<Arc<str>>) {
    if let Some(why) = going_back(model, t) {
        return (Group::GoingBack, Some(why));
    }
    if t.held {
        let by = match (model.cord.has(&t.id), &t.held_by) {
            (true, _) => "by the cord".into(),
            (false, Some(m)) => format!("by {}", m.name),
            (false, None) => "held before".into(),
        };
        return (Group::Held, Some(by.into()));
    }
    match worse_here(model, t) {
        Some(why) => (Group::WorseHere, Some(why)),
        None => (Group::Will, None),
    }
}

/// It started while the cord was pulled, and nobody holds it.
pub fn is_loose(model: &Model, t: &TargetState) -> bool {
    model.cord.is_pulled()
        && t.is_moving()
        && !t.held
        && !model.cord.knew(&t.id, t.candidate.as_ref())
        && going_back(model, t).is_none()
}

pub fn loose(model: &Model) -> Vec<&TargetState> {
    if !model.cord.is_pulled() {
        return Vec::new();
    }
    moving(model).filter(|t| is_loose(model, t)).collect()
}

/// Targets that the cord holds, with what is known of them now.
pub fn holds(model: &Model) -> Vec<(Held, Option<&TargetState>)> {
    model.cord.holds().map(|h| (model.world.targets.get(&h.target), h)).map(|(t, h)| (h, t)).collect()
}

/// Does the source say how its targets are now? What is known from one that does not is only what it last was.
pub fn answers(model: &Model, source: &SourceId) -> bool {
    model.world.sources.get(source).is_some_and(|s| matches!(s.link, Link::Watching | Link::Polling))
}

/// Is what came of the cord's hold of it still to be found out? Its console is gone, or has not heard itself yet.
pub fn is_unknown(model: &Model, target: &TargetId) -> bool {
    let left = |l: &Loose| l.cord.is_some() && l.found.is_none() && !l.closed && l.target.as_ref() == Some(target);
    let theirs = |a: &Elsewhere| a.cord.is_some() && a.target.as_ref() == Some(target);
    model.loose.iter().any(left) || model.others.acts.iter().any(theirs)
}

/// Targets that the cord held and that are seen to be gone or no longer held, none of our acts on them being open.
pub fn over(model: &Model) -> Vec<TargetId> {
    let ended = |(h, t): (Held, Option<&TargetState>)| {
        let ours = model.acts.values().any(|a| *a.target() == h.target && !a.is_over());
        let seen = answers(model, &h.target.source) && t.is_none_or(|t| !t.held);
        (seen && !ours && !is_unknown(model, &h.target)).then_some(h.target)
    };
    holds(model).into_iter().filter_map(ended).collect()
}

/// Targets whose pause is gone while the cord is pulled, though nobody here has released them. Those of acts of this
/// session are told by the act.
pub fn unheld(model: &Model) -> Vec<TargetId> {
    if !model.cord.is_pulled() {
        return Vec::new();
    }
    let gone = |(h, t): (Held, Option<&TargetState>)| {
        let t = t?;
        let moves = t.is_moving() && !t.held && t.candidate == h.candidate && going_back(model, t).is_none();
        let ours = model.acts.values().any(|a| {
            *a.target() == h.target && (!a.is_over() || matches!(a.state, State::Undone(_) | State::Refused(_)))
        });
        (moves && !ours && !is_unknown(model, &h.target)).then_some(h.target)
    };
    holds(model).into_iter().filter_map(gone).collect()
}

/// Who is told to freeze or thaw: what is typed for it.
pub fn name_of(model: &Model, service: Option<&ServiceId>) -> String {
    service.map_or_else(|| model.environment.name.to_string(), ToString::to_string)
}

/// Nothing more is expected of these acts without somebody.
pub fn is_decided(model: &Model, of: Together) -> bool {
    acts(model, of).all(|a| a.is_over() || matches!(a.state, State::Stuck(_)))
}

fn acts(model: &Model, of: Together) -> impl Iterator<Item = &Act> {
    model.acts.values().filter(move |a| a.together == Some(of))
}

/// `FREEZE 3 of 4 held, payments@us-1 STUCK because 2 pods do not start`; `None`: its acts are forgotten.
pub fn summary(model: &Model, of: Together) -> Option<String> {
    let all: Vec<&Act> = acts(model, of).collect();
    if all.is_empty() {
        return None;
    }
    let (mut done, mut back, mut flying) = (0, 0, 0);
    let mut not: Vec<String> = Vec::new();
    for a in &all {
        let at = a.target().at();
        match &a.state {
            State::Settled if a.plan.operation.verb == of.whole.verb() => done += 1,
            State::Settled => back += 1,
            State::Stuck(why) => not.push(format!("{at} STUCK because {why}")),
            State::Refused(r) => not.push(format!("{at} REFUSED: {}", r.why)),
            State::Unknown(why) => not.push(format!("{at} outcome unknown: {why}")),
            State::NotDone(_) => not.push(format!("{at} not done")),
            State::Undone(by) => not.push(format!("{at} UNDONE by {by}")),
            State::Dropped(why) => not.push(format!("{at} not sent: {why}")),
            State::Overtaken => not.push(format!("{at} overtaken")),
            State::NeedsName => not.push(format!("{at} waits for the name")),
            State::Preparing | State::Waiting | State::Logging | State::Sending | State::Accepted | State::Seen => {
                flying += 1;
            }
        }
    }
    let n = all.iter().filter(|a| a.plan.operation.verb == of.whole.verb()).count();
    let mut said = vec![format!("{} {done} of {n} {}", of.whole.word().to_uppercase(), of.whole.done())];
    if of.whole == Whole::Freeze && all.len() > n {
        said.push(format!("{back} of {} rolled back", all.len() - n));
    }
    if flying > 0 {
        said.push(format!("{flying} under way"));
    }
    let more = not.len().saturating_sub(1);
    said.extend(not.into_iter().next());
    if more > 0 {
        said.push(format!("and {more} more not as asked"));
    }
    Some(said.join(", "))
}
