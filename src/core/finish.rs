//! Ways back that were begun before: plans that an ended session left half done, and versions gone back to that still roll
//! out. Which one an act on a target would finish, and how it is said. The act itself is an ordinary one: it is planned
//! anew against the world as it is now.

use crate::core::act::flight::{Act, State};
use crate::core::act::plan::Verb;
use crate::core::age;
use crate::core::id::{Hash, TargetId};
use crate::core::intent::Intent;
use crate::core::model::{Loose, Model};
use crate::core::record::Record;
use crate::core::time::Utc;
use crate::core::world::target::TargetState;
use std::sync::Arc;

/// Would acting now still go where the plan was going? Its version is asked for or is the stable one; with another
/// candidate since, the same keys do something else. True where one of the two is not known.
fn fits(model: &Model, l: &Loose) -> bool {
    let target = l.target.as_ref().and_then(|t| model.world.targets.get(t));
    let (Some(to), Some(t)) = (&l.to, target) else { return true };
    (t.candidate.is_none() && t.stable.is_none()) || t.candidate.as_ref() == Some(to) || t.stable.as_ref() == Some(to)
}

/// The newest plan of this verb that was cut on the target, still stands open and can still be finished.
pub fn cut<'m>(model: &'m Model, target: &TargetId, verb: Verb) -> Option<&'m Loose> {
    let of = |l: &&Loose| l.is_cut() && l.target.as_ref() == Some(target) && *l.verb == *verb.word() && fits(model, l);
    model.loose.iter().rev().find(of)
}

/// The key of an act.
pub fn intent(verb: Verb) -> Intent {
    match verb {
        Verb::RollBack => Intent::RollBack,
        Verb::Hold => Intent::Hold,
        Verb::Resume => Intent::Resume,
        Verb::Promote => Intent::Promote,
        Verb::PromoteFull => Intent::PromoteFull,
        Verb::SkipStep => Intent::SkipStep,
        Verb::Retry | Verb::Rerun => Intent::Retry,
        Verb::Terminate => Intent::TerminateAnalysis,
        Verb::Restart => Intent::Restart,
    }
}

/// How it is asked for: the keys of its act, or its words in `--plain`. `None`: it can no longer be finished.
pub fn how(model: &Model, l: &Loose) -> Option<String> {
    let verb = Verb::from_word(&l.verb).filter(|_| fits(model, l))?;
    Some(model.how(intent(verb))).filter(|how| !how.is_empty())
}

/// A version gone back to that still rolls out: the spec asks for it already.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Back {
    pub to: Hash,
    /// Who began it; empty where nobody says.
    pub by: Arc<str>,
    pub at: Utc,
}

/// The way back to what the target asks for now, whoever began it. While an undo rolls out the version just left is the
/// stable one, or the one before: going back without a word of where to would mean that one.
pub fn under_way(model: &Model, t: &TargetState) -> Option<Back> {
    let to = t.candidate.as_ref()?;
    let word = Verb::RollBack.word();
    let back = |by: &str, at: Utc| Some(Back { to: to.clone(), by: by.into(), at });
    let own = |a: &&Act| {
        let plan = &a.plan;
        let came_to_nothing =
            matches!(a.state, State::Settled | State::Refused(_) | State::NotDone(_) | State::Undone(_));
        plan.operation.verb == Verb::RollBack && *a.target() == t.id && plan.to.as_ref() == Some(to) && {
            a.has_left() && !came_to_nothing
        }
    };
    if let Some(a) = model.acts.values().rev().find(own) {
        return back(model.claim.name.as_deref().unwrap_or_else(|| model.environment.user()), a.begun.utc);
    }
    let elsewhere = model.others.acts.iter().rev();
    let on = |a: &&crate::core::case::others::Elsewhere| {
        *a.plan == *word && a.target.as_ref() == Some(&t.id) && a.to.as_ref() == Some(to)
    };
    if let Some(a) = elsewhere.clone().find(on) {
        return back(if a.who.is_empty() { &a.by } else { &a.who }, a.since);
    }
    // Those of sessions that have ended: nobody watches them any more, and nothing says that they came to their end.
    if !t.is_moving() {
        return None;
    }
    let left = |l: &&Loose| *l.verb == *word && l.target.as_ref() == Some(&t.id) && l.to.as_ref() == Some(to);
    if let Some(l) = model.loose.iter().rev().find(left) {
        return back(&l.by, l.at);
    }
    let r = model.chronicle.newest_first().find(|r| r.kind == "intent" && is_back(r, t, to))?;
    let story = model.chronicle.story(r);
    let any = |of: &dyn Fn(&Record) -> bool| story.iter().any(|r| of(r));
    let left = any(&|r| matches!(r.kind.as_str(), "sent" | "accepted" | "unknown" | "seen" | "stuck"));
    let nothing = |r: &Record| r.data["how"].as_str().is_some_and(|h| h.contains("not done"));
    let over = any(&|r| matches!(r.kind.as_str(), "settled" | "undone") || (r.kind == "resolved" && nothing(r)));
    if left && !over { back(r.who(), Utc::read(r.when()).unwrap_or_default()) } else { None }
}

/// The intent of a way back from what is stable now to what is asked for now.
fn is_back(r: &Record, t: &TargetState, to: &Hash) -> bool {
    let d = &r.data;
    let left = d["from"].as_str().zip(t.stable.as_ref()).is_none_or(|(from, stable)| from == stable.as_str());
    d["verb"] == Verb::RollBack.word() && d["to"] == to.as_str() && left && r.target_id().as_ref() == Some(&t.id)
}

/// `already going back to v2.14.0, begun by mira 20s ago`
pub fn going(t: &TargetState, b: &Back, now: Utc) -> String {
    let by = if b.by.is_empty() { "an ended session" } else { &b.by };
    format!("already going back to {}, begun by {by} {} ago", t.called(&b.to), age::age(now.since(b.at)))
}

/// The version that going back finishes. Where the old version is asked for already and only rolls out, going back from
/// what is asked for would be going back to what was left.
pub fn back_to(model: &Model, target: &TargetId, verb: Verb) -> Option<Hash> {
    if verb != Verb::RollBack {
        return None;
    }
    let t = model.world.targets.get(target)?;
    let asked = |to: &&Hash| t.is_moving() && t.candidate.as_ref() == Some(*to);
    let half = cut(model, target, verb).and_then(|l| l.to.as_ref()).filter(asked).cloned();
    half.or_else(|| under_way(model, t).map(|b| b.to))
}

/// `roll back checkout@eu-1 stopped after 1 of 2`
pub fn words(l: &Loose) -> String {
    match l.cut {
        Some((done, of)) => {
            let at = l.target.as_ref().map(TargetId::at).unwrap_or_default();
            format!("{} {at} stopped after {done} of {of}", l.verb)
        }
        None => l.words.to_string(),
    }
}

/// What the dialog that finishes it says.
pub fn notice(l: &Loose) -> String {
    let (done, of) = l.cut.unwrap_or_default();
    format!(
        "what {} began and left after {done} of {of} steps",
        if l.by.is_empty() { "an ended session" } else { &l.by }
    )
}
