//! An act asked for by a command line, carried through the same dialog, guards and records as one by keys. Looks after
//! every message whether it can go on; ends the session with the exit code.

use super::{acts, confirm, records};
use crate::core::act::dialog::{PlanState, REASON_MOST};
use crate::core::act::flight::{Act, OnDisk, State};
use crate::core::act::plan::{Direction, Operation, RefusedBy, Verb};
use crate::core::effect::Effect;
use crate::core::entry::Kind;
use crate::core::errand::{Errand, Selector, Stage, Until, code};
use crate::core::id::{ActId, Hash, SourceId};
use crate::core::model::{Model, Purpose};
use crate::core::plain::{self, ask, show};
use crate::core::statement;
use crate::core::time::Person;
use crate::core::world::source::{Link, Trouble};
use crate::core::world::target::TargetState;
use serde_json::json;

/// How long a source may take to say its first word: what holds the target, and what decides gates.
const PATIENCE_MS: i64 = 10_000;
/// How long a first list may take.
const READING_MS: i64 = 60_000;
/// An outcome that stays unknown longer than this is the answer.
const UNKNOWN_MS: i64 = 60_000;

pub(super) fn follow(model: &mut Model, out: &mut Vec<Effect>) {
    let Some(mut errand) = model.errand.take() else { return };
    if !model.ending {
        match errand.stage {
            Stage::Looking => look(model, &mut errand, out),
            Stage::Planning => planning(model, &mut errand, out),
            Stage::UnderWay(id) => under_way(model, &mut errand, id, out),
            Stage::Over => {}
        }
    }
    model.errand = Some(errand);
}

/// The next moment at which patience ends.
pub(super) fn next_wake(model: &Model) -> Option<Person> {
    let e = model.errand.as_ref()?;
    match e.stage {
        Stage::Looking => {
            let at = |ms| Person(model.started.person.0 + ms);
            [at(PATIENCE_MS), at(READING_MS)].into_iter().find(|t| *t > model.now.person)
        }
        Stage::UnderWay(id) => {
            let a = model.acts.get(&id)?;
            let unknown = a.sent.map(|s| s.person.0 + UNKNOWN_MS);
            let at = unwritten(a).map(|since| since.0 + PATIENCE_MS).into_iter().chain(unknown);
            at.filter(|t| *t > model.now.person.0).min().map(Person)
        }
        Stage::Planning | Stage::Over => None,
    }
}

fn say(out: &mut Vec<Effect>, text: &str) {
    out.extend(plain::whole(text).into_iter().map(Effect::Say));
}

fn end(errand: &mut Errand, with: u8, words: &str, out: &mut Vec<Effect>) {
    errand.stage = Stage::Over;
    if !words.is_empty() {
        say(out, words);
    }
    out.push(Effect::Quit(with));
}

fn look(model: &mut Model, e: &mut Errand, out: &mut Vec<Effect>) {
    // Where its own sources have not been read to the end, another target of that name may still come.
    let fits = |id: &SourceId| e.target.source.as_ref().is_none_or(|s| **s == *id.as_str());
    // One that failed before it could say what it is may be the one.
    let mut holding = model.world.sources.iter().filter(|(id, s)| {
        let roles = s.abilities.roles;
        (roles.rollouts || !roles.telemetry) && fits(id)
    });
    let waited = model.now.person.0 - model.started.person.0;
    let late = |l: &Link| match l {
        Link::Connecting => waited >= PATIENCE_MS,
        Link::Reading { .. } => waited >= READING_MS,
        Link::Watching | Link::Polling | Link::Failed(_) => false,
    };
    if let Some((id, _)) = holding.clone().find(|(_, s)| late(&s.link)) {
        let what = format!("{id} has not answered in {} s", waited / 1000);
        return end(e, code::UNREACHABLE, &what, out);
    }
    if holding.clone().any(|(_, s)| !s.link.has_answered()) {
        return;
    }
    let forward = e.verb.direction() == Direction::Forward;
    if forward && !e.dry_run && !statement::is_whole(model) && waited < PATIENCE_MS {
        return;
    }
    let found: Vec<&TargetState> = model.world.targets.values().filter(|t| e.target.fits(t)).collect();
    let target = match found.as_slice() {
        [one] => (*one).clone(),
        [] => {
            let failed = holding.find_map(|(id, s)| match &s.link {
                Link::Failed(error) => Some((id.clone(), error.clone())),
                Link::Watching | Link::Polling | Link::Connecting | Link::Reading { .. } => None,
            });
            return match failed {
                Some((id, error)) => {
                    let with = if error.trouble == Trouble::Auth { code::AUTH } else { code::UNREACHABLE };
                    end(e, with, &format!("{id} does not answer: {error}"), out);
                }
                None => {
                    let what = format!("there is no {} in {}", e.target, model.environment.name);
                    end(e, code::NOT_FOUND, &what, out);
                }
            };
        }
        several => {
            let names: Vec<String> = several.iter().map(|t| Selector::exact(t)).collect();
            let what = format!("{} is more than one target: {}", e.target, names.join(", "));
            return end(e, code::USAGE, &what, out);
        }
    };
    open(model, e, &target, out);
}

fn open(model: &mut Model, e: &mut Errand, t: &TargetState, out: &mut Vec<Effect>) {
    let named = |h: &Option<Hash>| h.as_ref().map_or_else(|| "none".into(), |h| format!("{} ({h})", t.version_of(h)));
    if let Some(expected) = &e.expect
        && !t.candidate.as_ref().is_some_and(|c| t.is_named(c, expected))
    {
        let what = format!("expected the candidate {expected}, it is {}: nothing was sent", named(&t.candidate));
        return end(e, code::REFUSED, &what, out);
    }
    let mut operation = Operation::new(e.verb, t.id.clone());
    if let Some(to) = &e.back_to {
        let fits: Vec<&Hash> = t.revisions.iter().map(|r| &r.hash).filter(|h| t.is_named(h, to)).collect();
        match fits.as_slice() {
            [one] => operation = Operation { chosen: true, ..Operation::back_to(t.id.clone(), (*one).clone()) },
            several => {
                let kept: Vec<String> = t.revisions.iter().map(|r| format!("{} ({})", r.version, r.hash)).collect();
                let what = if several.is_empty() { "is not kept" } else { "is more than one version" };
                let what = format!("{to} {what}; kept are: {}", kept.join(", "));
                return end(e, code::NOT_FOUND, &what, out);
            }
        }
    }
    if e.emergency && e.verb != Verb::Promote {
        return end(e, code::USAGE, "--emergency is a way to promote", out);
    }
    operation.emergency = e.emergency;
    let forward = e.verb.direction() == Direction::Forward;
    let shared = model.claim.shared.is_some() && model.claim.name.is_none();
    if forward && shared && !e.dry_run {
        return end(e, code::USAGE, "this account is shared: --as NAME says who acts", out);
    }
    if forward && e.armed && !e.dry_run && !model.environment.read_only {
        model.armed_until = Some(Person(model.now.person.0 + model.limits.arm));
        let data =
            json!({"minutes": model.limits.arm / 60_000, "environment": model.environment.name, "how": "--armed"});
        out.push(Effect::Append { entry: records::plain(Kind::Armed, model.utc(), None, data), ticket: None });
    }
    if !e.dry_run
        && let Err(why) = confirm::may_open(model, e.verb)
    {
        let written = model.log.trouble().is_none();
        let armed = model.is_armed() || !model.environment.production || model.environment.read_only;
        let hint = if forward && !armed { " (--armed)" } else { "" };
        return end(e, if written { code::REFUSED } else { code::NOT_WRITABLE }, &format!("{why}{hint}"), out);
    }
    e.stage = Stage::Planning;
    confirm::open(model, operation, None, out);
}

fn planning(model: &mut Model, e: &mut Errand, out: &mut Vec<Effect>) {
    let Some(dialog) = &model.dialog else {
        return end(e, code::REFUSED, "it was closed; nothing was sent", out);
    };
    let Some(d) = dialog.act() else { return };
    let plan = match &d.plan {
        PlanState::Reading => return,
        PlanState::Cannot(why) => {
            let why = d.going.as_ref().map_or_else(|| why.to_string(), |g| format!("{g}; {why}"));
            let with = if *why == *"it is gone" { code::NOT_FOUND } else { code::REFUSED };
            let what = format!("{} {}: {why}", e.verb.word(), e.target);
            return end(e, with, &what, out);
        }
        PlanState::Ready(plan) => plan.clone(),
    };
    let to = (plan.from != plan.to).then_some(plan.to.as_ref()).flatten();
    let to = to.map(|h| format!(" to {}", d.seen.called(h))).unwrap_or_default();
    let at = (d.seen.id.at(), &d.seen.id.namespace, show::place(model));
    say(out, &format!("{} {}{to}, namespace {}, {}.", e.verb.word().to_uppercase(), at.0, at.1, at.2));
    for l in d.going.iter().map(|g| format!("{g}.")).chain(ask::story(model, d)) {
        say(out, &l);
    }
    if e.dry_run {
        if let Some(n) = &d.name {
            say(out, &format!("the name is due: --name {} ({})", n.must, n.why.join("; ")));
        }
        return match &d.refused {
            Some(why) => end(e, code::REFUSED, &format!("would be refused: {why}"), out),
            None => end(e, code::OK, "dry run: nothing was sent", out),
        };
    }
    if let Some(why) = &d.refused {
        return end(e, code::REFUSED, &format!("refused: {why}"), out);
    }
    if let Err(why) = name(model, e) {
        return end(e, code::REFUSED, &why, out);
    }
    let said = e.reason.clone().unwrap_or_default();
    if let Some(em) = model.dialog.as_mut().and_then(|d| d.act_mut()).and_then(|d| d.emergency.as_mut()) {
        em.reason = said.chars().filter(|c| !c.is_control()).take(REASON_MOST).collect();
        em.taken = em.is_said();
        if !em.taken {
            return end(e, code::REFUSED, "an emergency asks for a sentence in --reason; nothing was sent", out);
        }
    }
    if let Some(reason) = e.reason.take() {
        let target = model.dialog.as_ref().and_then(|d| d.act()).map(|d| d.operation.target.clone());
        let data = json!({"text": reason, "about": null});
        let entry = records::plain(Kind::Note, model.utc(), target.as_ref(), data);
        out.push(Effect::Append { entry, ticket: None });
    }
    confirm::submit(model, out);
    match model.dialog.as_ref().and_then(|d| d.act()).and_then(|d| d.act) {
        Some(id) => e.stage = Stage::UnderWay(id),
        None => end(e, code::REFUSED, "it did not go out", out),
    }
}

/// Types the name where one is due. Errors: it was not given, or is another one.
fn name(model: &mut Model, e: &Errand) -> Result<(), String> {
    let Some(n) = model.dialog.as_mut().and_then(|d| d.act_mut()).and_then(|d| d.name.as_mut()) else { return Ok(()) };
    if e.name.as_ref().is_some_and(|said| *said == n.must) {
        n.typed = n.must.to_string();
        return Ok(());
    }
    Err(format!("the name is due: --name {} ({}); nothing was sent", n.must, n.why.join("; ")))
}

fn under_way(model: &mut Model, e: &mut Errand, id: ActId, out: &mut Vec<Effect>) {
    let Some(act) = model.acts.get(&id) else { return };
    for l in act.timeline.iter().skip(e.said) {
        say(out, &format!("{} {}", l.at.hms(), l.text));
    }
    e.said = act.timeline.len();
    if act.state == State::NeedsName {
        match name(model, e) {
            Ok(()) => confirm::submit(model, out),
            Err(why) => {
                confirm::close(model, "closed; nothing was sent", out);
                end(e, code::REFUSED, &why, out);
            }
        }
        return;
    }
    // A console waits for its disk as long as it takes; a script is told.
    if unwritten(act).is_some_and(|since| model.now.person.0 - since.0 >= PATIENCE_MS) {
        let why = format!("the log has not taken the intent in {} s", PATIENCE_MS / 1_000);
        acts::drop_act(model, id, why.clone().into(), out);
        return end(e, code::NOT_WRITABLE, &format!("not sent: {why}"), out);
    }
    let reached = |u: Until| e.until == u;
    let (with, words) = match &act.state {
        State::Settled => (code::OK, format!("{} {}", act.done_word(), act.target().at())),
        State::Accepted | State::Seen if reached(Until::Accepted) && last(act) => (code::OK, "accepted".to_owned()),
        State::Seen if reached(Until::Seen) && last(act) => (code::OK, "seen".to_owned()),
        // What changed under it is being read.
        State::Refused(_) if model.asks.values().any(|p| *p == Purpose::Differs(id)) => return,
        State::Refused(r) => {
            let with = match r.kind {
                RefusedBy::Auth => code::AUTH,
                RefusedBy::Gone => code::NOT_FOUND,
                RefusedBy::NotSent => code::UNREACHABLE,
                RefusedBy::Guard
                | RefusedBy::Forbidden
                | RefusedBy::Controller
                | RefusedBy::Throttled
                | RefusedBy::Policy
                | RefusedBy::Other => code::REFUSED,
            };
            (with, format!("REFUSED: {}", r.why))
        }
        State::Stuck(why) => (code::STUCK, format!("STUCK: {why}")),
        State::NotDone(why) => (code::ERROR, format!("NOT DONE: {why}")),
        State::Undone(by) => (code::ERROR, format!("UNDONE by {by}")),
        State::Overtaken => (code::REFUSED, "overtaken by a backward act".to_owned()),
        State::Dropped(why) => {
            let unwritten = matches!(act.on_disk, OnDisk::No(_)) && model.log.trouble().is_some();
            (if unwritten { code::NOT_WRITABLE } else { code::REFUSED }, format!("not sent: {why}"))
        }
        State::Unknown(why) if act.sent.is_some_and(|s| model.now.person.0 - s.person.0 >= UNKNOWN_MS) => {
            (code::UNKNOWN, format!("OUTCOME UNKNOWN: {why}"))
        }
        State::Preparing
        | State::NeedsName
        | State::Waiting
        | State::Logging
        | State::Sending
        | State::Accepted
        | State::Seen
        | State::Unknown(_) => return,
    };
    end(e, with, &words, out);
}

/// Since when its intent is on its way to the disk.
fn unwritten(act: &Act) -> Option<Person> {
    match (&act.state, &act.on_disk) {
        (State::Preparing | State::Logging, OnDisk::Waiting(since)) => Some(*since),
        _ => None,
    }
}

/// Nothing of its plan is left to send.
fn last(act: &Act) -> bool {
    act.step + 1 >= act.plan.steps.len()
}
