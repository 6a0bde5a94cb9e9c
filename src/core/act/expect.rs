//! What a step waits for: a closed vocabulary of conditions on a target. Plain data, evaluated only in core.

use crate::core::id::Hash;
use crate::core::time::Utc;
use crate::core::world::detail::Analysis;
use crate::core::world::target::{Phase, TargetState};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// A condition on a target, evaluated only in core, on facts newer than the answer. A closed vocabulary: plain data.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Expect {
    All(Vec<Expect>),
    Any(Vec<Expect>),
    Not(Box<Expect>),
    CandidateIs(Hash),
    StableIs(Hash),
    PhaseIn(Vec<Phase>),
    HeldIs(bool),
    AbortedIs(bool),
    /// A gate stands (somebody must promote), or none does and no release is waiting for the controller.
    GateIs(bool),
    /// At least this many steps done.
    StepAtLeast(u32),
    /// The controller has observed the generation of the answer (or a later one).
    Observed,
    /// At least `n` replicas of `hash` are ready.
    ReadyOf {
        hash: Hash,
        n: u32,
    },
    /// As many replicas of it are ready as the target asks for now: a scaler may have changed that meanwhile.
    AllReadyOf(Hash),
    /// No replica of any other version exists.
    OnlyServing(Hash),
    /// No replica of `hash` exists.
    NoneServing(Hash),
    /// What users get is called so: all wanted replicas of it are ready, and no other version has any.
    StableServes(Arc<str>),
    WeightIs(u8),
    /// Blue/green: the live service selects it.
    ActiveIs(Hash),
    PromotingFullIs(bool),
    /// No restart is under way.
    Restarted,
    /// A restart asked for at this moment or later has ended.
    RestartedSince(Utc),
    /// This analysis run or experiment is completed, or is not there any more.
    CheckOver(Arc<str>),
    /// Another analysis run of the same role, begun later than this one, is under way or done.
    CheckOtherThan(Arc<str>),
    PartitionAtMost(u32),
    /// The server's own word for a phase that ours does not tell: Flagger's.
    RawPhaseIn(Vec<Arc<str>>),
    /// Flagger: its name for what it looks at, or looked at last.
    AppliedIs(Arc<str>),
    Gone,
}

impl Expect {
    /// Does `state` fulfil it? `generation` is that of the answer, where the server gave one.
    /// `None` state: the target is gone.
    pub fn holds(&self, state: Option<&TargetState>, generation: Option<i64>) -> bool {
        let Some(s) = state else {
            return match self {
                Expect::Gone => true,
                Expect::All(v) => !v.is_empty() && v.iter().all(|e| e.holds(None, generation)),
                Expect::Any(v) => v.iter().any(|e| e.holds(None, generation)),
                // A vanished target proves nothing else, not even a negation.
                _ => false,
            };
        };
        match self {
            Expect::All(v) => v.iter().all(|e| e.holds(state, generation)),
            Expect::Any(v) => v.iter().any(|e| e.holds(state, generation)),
            Expect::Not(e) => !e.holds(state, generation),
            Expect::CandidateIs(h) => s.candidate.as_ref() == Some(h),
            Expect::StableIs(h) => s.stable.as_ref() == Some(h),
            Expect::PhaseIn(p) => p.contains(&s.phase),
            Expect::HeldIs(b) => s.held == *b,
            Expect::AbortedIs(b) => s.aborted == *b,
            Expect::GateIs(true) => s.gate.is_some(),
            Expect::GateIs(false) => s.gate.is_none() && !s.releasing,
            Expect::StepAtLeast(n) => s.step.is_some_and(|i| i >= *n),
            Expect::Observed => s.observed && generation.is_none_or(|g| s.generation >= g),
            Expect::ReadyOf { hash, n } => s.revision(hash).is_some_and(|r| r.replicas.ready >= *n),
            Expect::AllReadyOf(h) => s.revision(h).is_some_and(|r| r.replicas.ready >= s.wanted),
            // Where no version is known, nothing is known of what serves.
            Expect::OnlyServing(h) => known(s) && s.revisions.iter().all(|r| r.hash == *h || r.replicas.existing == 0),
            Expect::NoneServing(h) => known(s) && s.existing_of(h) == 0,
            Expect::StableServes(version) => s.stable_revision().is_some_and(|r| {
                let alone = s.revisions.iter().all(|o| o.hash == r.hash || o.replicas.existing == 0);
                r.version == *version && r.replicas.ready >= s.wanted && alone
            }),
            Expect::WeightIs(w) => s.weight_real == Some(*w),
            Expect::ActiveIs(h) => s.detail.colours.as_ref().is_some_and(|c| c.active.as_ref() == Some(h)),
            Expect::PromotingFullIs(b) => s.promoting_full == *b,
            Expect::Restarted => !s.detail.restarting,
            Expect::RestartedSince(at) => s.detail.restarted.is_some_and(|done| done >= *at),
            Expect::CheckOver(name) => s.detail.checks.iter().all(|c| c.name != *name || c.is_over()),
            Expect::CheckOtherThan(name) => {
                let checks = &s.detail.checks;
                let old = checks.iter().position(|c| c.name == *name);
                // Servers stamp whole seconds: in the same one the current run is the one that stands first.
                let later = |(n, c): (usize, &Analysis)| {
                    old.is_none_or(|o| {
                        let then = &checks[o];
                        c.role == then.role && (c.started > then.started || (c.started == then.started && n < o))
                    })
                };
                checks.iter().enumerate().any(|(n, c)| c.name != *name && later((n, c)))
            }
            Expect::PartitionAtMost(n) => s.detail.partition.is_none_or(|p| p <= *n),
            Expect::RawPhaseIn(all) => s.detail.flagger.as_ref().is_some_and(|f| all.contains(&f.phase)),
            Expect::AppliedIs(name) => s.detail.flagger.as_ref().is_some_and(|f| f.last_applied == *name),
            Expect::Gone => false,
        }
    }
}

/// Its versions were read. One that is not among them then is gone: a source lists every version it keeps.
fn known(s: &TargetState) -> bool {
    !s.revisions.is_empty()
}

#[cfg(test)]
mod tests {
    use super::Expect;
    use crate::core::time::Utc;
    use crate::core::world::detail::{Analysis, Role};
    use crate::core::world::target::TargetState;
    use crate::testkit::stories;

    #[test]
    fn a_run_that_began_in_the_same_second_is_another_one_when_it_stands_first() {
        let run = |name: &str, at: i64| Analysis {
            kind: "AnalysisRun".into(),
            name: name.into(),
            uid: name.into(),
            role: Role::Step,
            phase: "Inconclusive".into(),
            message: "".into(),
            started: Some(Utc(at)),
            terminated: false,
            metrics: Vec::new(),
        };
        let w = stories::worse();
        let mut t = w.model.world.targets[&w.target_id("checkout")].clone();
        let other = Expect::CheckOtherThan("a".into());
        let mut holds = |checks: Vec<Analysis>| {
            t.detail.checks = checks;
            other.holds(Some(&t), None)
        };
        assert!(holds(vec![run("a.1", 5_000), run("a", 5_000)]), "the newer one is the current one");
        assert!(!holds(vec![run("a", 5_000), run("z", 5_000)]), "one of before is not");
        assert!(!holds(vec![run("a", 5_000)]) && holds(vec![run("a", 5_000), run("b", 6_000)]));
    }

    #[test]
    fn a_version_nothing_is_known_of_is_not_taken_for_gone() {
        let w = stories::worse();
        let mut t = w.model.world.targets[&w.target_id("checkout")].clone();
        let (bad, good) = (t.candidate.clone().expect("moves"), t.stable.clone().expect("kept"));
        let (none, only) = (Expect::NoneServing(bad.clone()), Expect::OnlyServing(good));
        let both = |t: &TargetState| (none.holds(Some(t), None), only.holds(Some(t), None));
        assert_eq!(both(&t), (false, false));
        let all = std::mem::take(&mut t.revisions);
        assert_eq!(both(&t), (false, false), "no list was read");
        t.revisions = all.into_iter().filter(|r| r.hash != bad).collect();
        assert_eq!(both(&t), (true, true), "its set was removed");
    }

    #[test]
    fn the_stable_version_serves_by_its_name_and_alone() {
        let w = stories::worse();
        let mut t = w.model.world.targets[&w.target_id("checkout")].clone();
        let name = t.version_of(&t.stable.clone().expect("kept"));
        let serves = |t: &TargetState, v: &str| Expect::StableServes(v.into()).holds(Some(t), None);
        assert!(!serves(&t, &name), "another one serves beside it");
        let (good, wanted) = (t.stable.clone(), t.wanted);
        for r in &mut t.revisions {
            let n = if Some(&r.hash) == good.as_ref() { wanted } else { 0 };
            (r.replicas.existing, r.replicas.ready) = (n, n);
        }
        assert!(serves(&t, &name) && !serves(&t, "another"));
        t.wanted += 1;
        assert!(!serves(&t, &name), "not all of it is ready");
    }
}
