//! What is asked before an act's dialog can open: to which kept version, or which of two acts one key stands for. By
//! identity, never by row: revisions may come and go while the list is read.

use super::able;
use super::plan::{Operation, Verb};
use crate::core::id::{Hash, TargetId};
use crate::core::world::target::{Revision, TargetState, called};
use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Pick {
    /// `None` chosen: nothing that can be gone back to is kept.
    Version { target: TargetId, chosen: Option<Hash> },
    /// Retry or re-run.
    Again { target: TargetId, verb: Verb },
}

impl Pick {
    /// The list of versions, on the one the quick way back would take.
    pub fn version(t: &TargetState) -> Pick {
        let quick = if t.is_moving() { t.stable_revision() } else { t.previous() };
        let first = || revisions(t).find(|r| !is_asked_for(t, &r.hash));
        Pick::Version { target: t.id.clone(), chosen: quick.or_else(first).map(|r| r.hash.clone()) }
    }

    pub fn target(&self) -> &TargetId {
        match self {
            Pick::Version { target, .. } | Pick::Again { target, .. } => target,
        }
    }

    /// Rows down, or up when negative. What is not there any more stays chosen until a key moves it.
    pub fn by(&mut self, t: &TargetState, rows: i64) {
        let step = |len: usize, at: Option<usize>| {
            let last = i64::try_from(len).unwrap_or(i64::MAX) - 1;
            let at = at.map_or(0, |at| i64::try_from(at).unwrap_or(i64::MAX));
            usize::try_from(at.saturating_add(rows).clamp(0, last.max(0))).unwrap_or(0)
        };
        match self {
            Pick::Version { chosen, .. } => {
                let all: Vec<&Hash> = revisions(t).map(|r| &r.hash).collect();
                let at = all.iter().position(|h| Some(*h) == chosen.as_ref());
                *chosen = all.get(step(all.len(), at)).map(|h| (*h).clone());
            }
            Pick::Again { verb, .. } => {
                let all = able::again(t);
                let at = all.iter().position(|v| v == verb);
                *verb = all.get(step(all.len(), at)).copied().unwrap_or(*verb);
            }
        }
    }

    /// Choose by a number from 1 as listed, else by a name: a version, or an act. False: there is no such line.
    pub fn set(&mut self, t: &TargetState, what: &str) -> bool {
        let number = what.parse::<usize>().ok().and_then(|n| n.checked_sub(1));
        match self {
            Pick::Version { chosen, .. } => {
                // A name that two of them have is nobody's.
                let named = || {
                    let mut all = revisions(t).filter(|r| t.is_named(&r.hash, what));
                    all.next().filter(|_| all.next().is_none())
                };
                let found = number.and_then(|n| revisions(t).nth(n)).or_else(named);
                if let Some(r) = found {
                    *chosen = Some(r.hash.clone());
                }
                found.is_some()
            }
            Pick::Again { verb, .. } => {
                let all = able::again(t);
                let found = number.and_then(|n| all.get(n)).or_else(|| all.iter().find(|v| v.word() == what));
                if let Some(v) = found {
                    *verb = *v;
                }
                found.is_some()
            }
        }
    }

    /// What Enter opens, or why it opens nothing.
    pub fn taken(&self, t: &TargetState) -> Result<Operation, String> {
        match self {
            Pick::Again { target, verb } => Ok(Operation::new(*verb, target.clone())),
            Pick::Version { chosen: None, .. } => Err("no other version is kept".into()),
            Pick::Version { target, chosen: Some(h) } => {
                let Some(r) = t.revision(h) else {
                    return Err("that version is no longer kept".into());
                };
                if is_asked_for(t, h) {
                    return Err(format!("{} is what it asks for now", called(&t.revisions, &r.hash)));
                }
                Ok(Operation { chosen: true, ..Operation::back_to(target.clone(), h.clone()) })
            }
        }
    }
}

/// Every kept version, newest first as the source tells them.
pub fn revisions(t: &TargetState) -> impl Iterator<Item = &Revision> {
    t.revisions.iter()
}

/// The version the spec asks for: going there is no way back.
pub fn is_asked_for(t: &TargetState, h: &Hash) -> bool {
    t.candidate.as_ref() == Some(h)
}

/// What a kept version is now: `asked for`, `stable`, `kept`.
pub fn standing(t: &TargetState, h: &Hash) -> &'static str {
    match (is_asked_for(t, h), t.stable.as_ref() == Some(h)) {
        (true, true) => "runs now",
        (true, false) => "asked for now",
        (false, true) => "stable",
        (false, false) => "kept",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::time::Utc;
    use crate::core::world::target::called;
    use crate::testkit::canary::Canary;

    #[test]
    fn the_quick_way_back_is_chosen_first_and_what_is_asked_for_cannot_be_taken() {
        let t = Canary::new("checkout", "eu-1").state(Utc(1_000_000), 1);
        let mut pick = Pick::version(&t);
        let op = pick.taken(&t).expect("stable can be gone back to");
        assert_eq!((op.verb, op.back_to, op.chosen), (Verb::RollBack, t.stable.clone(), true));
        pick.by(&t, 1);
        assert_eq!(pick.taken(&t).map(|o| o.back_to), Ok(Some(t.revisions[2].hash.clone())));
        pick.by(&t, -9);
        assert_eq!(pick.taken(&t), Err("v2.14.1 is what it asks for now".into()));
    }

    #[test]
    fn the_choice_stays_on_its_version_when_revisions_come_and_go() {
        let mut t = Canary::new("checkout", "eu-1").state(Utc(1_000_000), 1);
        let pick = Pick::version(&t);
        t.revisions.remove(0);
        assert_eq!(pick.taken(&t).map(|o| o.back_to), Ok(t.stable.clone()));
        t.revisions.clear();
        assert_eq!(pick.taken(&t), Err("that version is no longer kept".into()));
        assert_eq!(Pick::version(&t).taken(&t), Err("no other version is kept".into()));
    }

    #[test]
    fn a_name_that_two_versions_have_chooses_neither_and_each_has_one_of_its_own() {
        let mut t = Canary::new("checkout", "eu-1").state(Utc(1_000_000), 1);
        assert_eq!(&*t.called(&t.revisions[1].hash), "v2.14.0", "nothing to tell apart: nothing is added");
        t.revisions[1].hash = Hash::new("web-6bdbf8f5c9");
        t.revisions[2].hash = Hash::new("5d8f77b9c4");
        t.revisions[2].version = t.revisions[1].version.clone();
        t.stable = Some(t.revisions[1].hash.clone());
        assert_eq!(&*t.called(&t.revisions[1].hash), "v2.14.0", "the other one is only kept");
        let names = [1, 2].map(|n: usize| called(&t.revisions, &t.revisions[n].hash));
        assert_eq!(t.called(&t.revisions[2].hash), names[1], "told from what serves");
        assert_eq!(names.each_ref().map(|n| &**n), ["v2.14.0 (6bdbf8)", "v2.14.0 (5d8f77)"]);

        let mut pick = Pick::version(&t);
        assert!(!pick.set(&t, "v2.14.0"), "which of the two?");
        for said in [&*names[1], "5d8f77b9c4", "5d8f77"] {
            assert!(pick.set(&t, &names[0]) && pick.set(&t, said), "{said}");
            assert_eq!(pick.taken(&t).map(|o| o.back_to), Ok(Some(t.revisions[2].hash.clone())), "{said}");
        }
        assert!(!pick.set(&t, "5d8f"), "too little of a hash");
        // Its own hash is all the name it has.
        t.candidate = Some(t.revisions[2].hash.clone());
        assert_eq!(t.called(&t.revisions[1].hash), names[0], "both are in play");
        t.revisions[1].version = t.revisions[1].hash.0.clone();
        assert_eq!(&*t.called(&t.revisions[1].hash), "web-6bdbf8f5c9");
    }
}
