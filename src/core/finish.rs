//! Plans that an ended session left half done: which one an act on a target would finish, and how it is said. The act
//! itself is an ordinary one: it is planned anew against the world as it is now.

use crate::core::act::plan::Verb;
use crate::core::id::{Hash, TargetId};
use crate::core::intent::Intent;
use crate::core::model::{Loose, Model};

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
    let verb = Verb::ALL.into_iter().find(|v| *v.word() == *l.verb).filter(|_| fits(model, l))?;
    Some(model.how(intent(verb))).filter(|how| !how.is_empty())
}

/// The version that finishing goes to. Where the old version is asked for already and only rolls out, going back from
/// what is asked for would be going back to what was left.
pub fn back_to(model: &Model, target: &TargetId, verb: Verb) -> Option<Hash> {
    let to = cut(model, target, verb)?.to.as_ref()?;
    let t = model.world.targets.get(target)?;
    (verb == Verb::RollBack && t.is_moving() && t.candidate.as_ref() == Some(to)).then(|| to.clone())
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
