//! A plan that an ended session left half done: when it is over, whoever finished it, a record of ours says so.

use super::{bump, records};
use crate::core::act::cord::Hold;
use crate::core::act::flight::State;
use crate::core::act::plan::Verb;
use crate::core::act::side::Left;
use crate::core::effect::Effect;
use crate::core::entry::Kind;
use crate::core::id::Hash;
use crate::core::model::{Loose, Model};
use crate::core::msg::Unfinished;
use crate::core::record::Record;
use crate::core::world::target::{Phase, TargetState};
use serde_json::json;
use std::sync::Arc;

/// After each message: is one of them over?
pub(super) fn look(model: &mut Model, out: &mut Vec<Effect>) {
    if !model.loose.iter().any(|l| l.is_cut() && l.found.is_some()) {
        return;
    }
    for n in 0..model.loose.len() {
        let Some(how) = model.loose.get(n).and_then(|l| over(model, l)) else { continue };
        close(model, n, &how, out);
    }
}

/// How it came to its end; `None`: it stands half done.
fn over(model: &Model, l: &Loose) -> Option<String> {
    if !l.is_cut() || l.found.is_none() {
        return None;
    }
    let target = l.target.as_ref()?;
    let act = model.acts.values().rev().find(|a| {
        let verb = a.plan.operation.verb;
        // What had settled before the plan was begun finished none of it.
        let since = a.begun.utc >= l.at;
        let fits = *verb.word() == *l.verb || verb == Verb::RollBack;
        since && fits && a.target() == target && a.state == State::Settled
    });
    if let Some(a) = act {
        return Some(format!("finished by act {} of this session", a.id.0));
    }
    // One that is under way says itself when it is over.
    if model.acts.values().any(|a| a.target() == target && !a.is_over()) {
        return None;
    }
    match model.world.targets.get(target) {
        Some(t) if is_steady(t) => Some("it came to its end without the rest of the plan".into()),
        Some(_) | None => None,
    }
}

/// Nothing moves and nothing is wrong: there is nothing left to finish.
fn is_steady(t: &TargetState) -> bool {
    !t.is_moving() && !t.aborted && t.phase == Phase::Healthy
}

/// Closed in our own file, as the reader of its session's file would look for it.
pub(super) fn close(model: &mut Model, n: usize, how: &str, out: &mut Vec<Effect>) {
    let now = model.now.utc;
    let Some(l) = model.loose.get_mut(n) else { return };
    l.closed = true;
    let mut data = json!({
        "how": how,
        "session": l.session,
        "of": {"session": l.session, "ticket": l.ticket},
        "found": l.found,
        "verb": l.words,
    });
    // What became of a hold of the cord is said as its own session would have said it: else it is held for ever.
    if let Some(hold) = &l.cord {
        data["verb"] = json!(l.verb);
        data["cord"] = json!(true);
        data["candidate"] = json!(hold.candidate);
    }
    if let Some(side) = &l.side {
        (data["verb"], data["subject"], data["source"]) = (json!(side.verb), json!(side.subject), json!(side.source));
    }
    let target = l.target.clone();
    out.push(Effect::Append { entry: records::plain(Kind::Resolved, now, target.as_ref(), data), ticket: None });
    bump(model);
}

/// Another console found out how one of them ended.
pub(super) fn resolved_elsewhere(model: &mut Model, r: &Record) {
    let session = r.data["of"]["session"].as_str().or_else(|| r.data["session"].as_str());
    let (Some(session), true) = (session, r.kind == "resolved") else { return };
    let ticket = r.data["of"]["ticket"].as_u64();
    let target = r.target_id();
    let covered = |l: &Loose| {
        *l.session == *session && ticket.map_or_else(|| l.target.is_some() && l.target == target, |t| t == l.ticket)
    };
    for l in model.loose.iter_mut().filter(|l| !l.closed && covered(l)) {
        l.closed = true;
        l.next = None;
        let how = r.data["found"].as_str().or_else(|| r.data["how"].as_str()).unwrap_or("closed");
        let how: Arc<str> = format!("{how}, read back by {}", r.who()).into();
        l.found.get_or_insert(how);
    }
}

/// What the log says of an act that is left to us, where whoever found it did not say.
pub(super) fn told_by_log(model: &Model, u: &mut Unfinished) {
    let intent = |r: &&Record| r.kind == "intent" && r.ticket == Some(u.ticket) && r.session == *u.session;
    let Some(intent) = model.chronicle.newest_first().find(intent) else { return };
    let d = &intent.data;
    if u.verb.is_empty() {
        u.verb = d["verb"].as_str().unwrap_or_default().into();
    }
    if u.by.is_empty() {
        u.by = intent.who().into();
    }
    u.side = u.side.take().or_else(|| Left::read(d).map(Box::new));
    u.cord = u.cord.take().or_else(|| Hold::read(d));
    u.to = u.to.take().or_else(|| d["to"].as_str().map(Hash::new));
    let (step, of) = (d["step"].as_u64().unwrap_or(0), d["of"].as_u64().unwrap_or(0));
    let left = |r: &&Record| r.ticket == Some(u.ticket) && matches!(r.kind.as_str(), "accepted" | "seen");
    let done = if model.chronicle.story(intent).iter().any(left) { step } else { step.saturating_sub(1) };
    u.cut = u.cut.or_else(|| (done > 0 && done < of).then_some((done, of)));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::alarm;
    use crate::core::msg::{Msg, Recovered};
    use crate::core::time::Utc;
    use crate::testkit::stories;
    use crate::testkit::world::World;

    /// Two steps to `to`, of which one was done, begun then; read back.
    fn leave(w: &mut World, at: Utc, to: Option<Hash>) {
        let left = Unfinished {
            session: "20261121T021407Z-ito-bastion2-11aa".into(),
            ticket: 5,
            at,
            target: Some(w.target_id("checkout")),
            cut: Some((1, 2)),
            verb: "roll back".into(),
            by: "ito".into(),
            to,
            ..Unfinished::default()
        };
        w.effects.clear();
        w.send(Msg::Recovered(Box::new(Recovered { unfinished: vec![left], ..Recovered::default() })));
        let id = w.effects.iter().find_map(|e| if let Effect::Ask { id, .. } = e { Some(*id) } else { None });
        w.send(Msg::Asked { id: id.expect("it is read back"), answer: Ok(Vec::new()) });
    }

    #[test]
    fn an_act_that_settled_before_the_plan_was_begun_finishes_none_of_it() {
        let settled = || {
            let w = stories::rolled_back();
            let a = w.model.acts.values().next_back().expect("an act");
            assert_eq!(a.state, State::Settled);
            let begun = a.begun.utc;
            (w, begun)
        };
        let (mut w, begun) = settled();
        leave(&mut w, Utc(begun.0 + 1), None);
        assert!(w.model.loose[0].is_cut(), "{:?}", w.effects);
        let (mut w, begun) = settled();
        leave(&mut w, begun, None);
        assert!(!w.model.loose[0].is_cut(), "one begun after it finished it");
    }

    #[test]
    fn a_roll_back_to_another_version_finishes_nothing_and_says_nothing_of_it() {
        for (other, fits) in [(true, false), (false, true)] {
            let mut w = stories::worse();
            let stable = w.model.world.targets.get(&w.target_id("checkout")).and_then(|t| t.stable.clone());
            let to = if other { Some(Hash::new("0000000001")) } else { stable };
            let at = w.now();
            leave(&mut w, at, to);
            let said: Vec<String> = alarm::alarms(&w.model).into_iter().map(|a| a.text).collect();
            let cut = said.iter().find(|t| t.contains("stopped after 1 of 2")).expect("it is still said");
            assert_eq!(cut.contains("finish?"), fits, "{cut}");
            w.keys("a r").planned().flush().wait(1_100);
            let b = w.draw(100, 30);
            let drawn: String = b.content().iter().map(|c| c.symbol()).collect();
            assert_eq!(drawn.contains("FINISHES"), fits, "{drawn}");
            w.keys("esc i");
            let b = w.draw(200, 50);
            let drawn: String = b.content().iter().map(|c| c.symbol()).collect();
            assert_eq!(drawn.contains("to finish it"), fits, "{drawn}");
        }
    }
}
