//! Would going back work, and how long would it take? Measured all the time, before it is needed. It informs; it never refuses.

use super::freshness::{Age, of_source};
use crate::core::age;
use crate::core::id::Hash;
use crate::core::time::Utc;
use crate::core::world::World;
use crate::core::world::service::Service;
use crate::core::world::source::SourceState;
use crate::core::world::target::{Revision, TargetState, pods};
use serde::{Deserialize, Serialize};

pub use crate::core::world::wayback::{Check, CheckState};

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Readiness {
    pub checks: Vec<Check>,
    /// Median of this service's own history in milliseconds, and how many it rests on. Stands beside the count, not in it.
    pub expected: Option<(i64, usize)>,
}

impl Readiness {
    /// (ok, of all configured).
    pub fn count(&self) -> (usize, usize) {
        let all = self.checks.iter().filter(|c| c.state != CheckState::NotConfigured);
        (all.clone().filter(|c| c.state == CheckState::Ok).count(), all.count())
    }

    pub fn worst(&self) -> Option<&Check> {
        let rank = |s: CheckState| match s {
            CheckState::Blocked => 3,
            CheckState::Warn => 2,
            CheckState::Unknown => 1,
            CheckState::Ok | CheckState::NotConfigured => 0,
        };
        let told = |c: &&Check| !matches!(c.state, CheckState::Ok | CheckState::NotConfigured);
        self.checks.iter().filter(told).max_by_key(|c| rank(c.state))
    }
}

/// The right a roll-back of this target needs now, in the server's words.
pub fn right_to_go_back(t: &TargetState) -> &'static str {
    match &*t.id.kind {
        "Deployment" => "patch deployments",
        "StatefulSet" => "patch statefulsets",
        "DaemonSet" => "patch daemonsets",
        "Canary" => canary(t),
        _ if t.is_moving() && !t.aborted => "patch rollouts/status",
        _ if t.detail.workload.is_some() => "patch deployments",
        _ => "patch rollouts",
    }
}

/// In flight its hook or its own count; at rest its target's template.
fn canary(t: &TargetState) -> &'static str {
    match &t.detail.flagger {
        Some(f) if matches!(&*f.phase, "Progressing" | "WaitingPromotion") => {
            let hook = f.gates.iter().any(|g| &*g.kind == "rollback" && g.ours);
            if hook { "create services/proxy" } else { "patch canaries/status" }
        }
        Some(_) | None => "patch deployments",
    }
}

/// What the review said of a right in a namespace; `None`: it did not answer or nobody asked.
pub fn allowed(source: Option<&SourceState>, namespace: &str, verb: &str) -> Option<bool> {
    source?
        .abilities
        .rights
        .iter()
        .find(|r| *r.verb == *verb && r.namespace.as_deref().is_none_or(|n| n == namespace))
        .and_then(|r| r.allowed)
}

/// Milliseconds between two looks of a source at one way back, and so many of them until what it found counts for nothing.
pub const EVERY_MS: i64 = 60_000;
const STALE: i64 = 3;
/// How long the answer about one way back holds when so many are asked for in turn. Milliseconds.
pub fn holds_ms(ways_back: usize) -> i64 {
    EVERY_MS.max(PACE_MS * i64::try_from(ways_back).unwrap_or(i64::MAX / PACE_MS)) * STALE
}
/// Milliseconds between two such questions, whichever they are about.
pub const PACE_MS: i64 = 5_000;

/// What no source of this version could tell: listed, and left out of both numbers.
const NOT_CONFIGURED: [(&str, &str); 4] = [
    ("image", "no registry is a source: whether the old image is still served under its digest is not known"),
    ("signature", "no source checks signatures"),
    ("schema", "no source knows whether the database changed between the two versions"),
    ("shared fate", "no source knows whether the way back runs through what this change touches"),
];

/// Where going back goes now.
pub fn back_to(t: &TargetState) -> Option<&Revision> {
    if t.is_moving() { t.stable_revision() } else { t.previous() }
}

/// All checks of going back: the console's own, those its source made, and what nobody could tell.
pub fn of(world: &World, t: &TargetState, now: Utc) -> Readiness {
    of_version(world, t, None, now)
}

/// The same where a person chose the version. What was found out about the one that is next says nothing of it, in no
/// direction.
pub fn of_version(world: &World, t: &TargetState, chosen: Option<&Hash>, now: Utc) -> Readiness {
    let source = world.sources.get(&t.id.source);
    let version = chosen.map_or_else(|| back_to(t), |h| t.revision(h));
    let mut checks = own(t, source, version);
    // What the rollout's source said too long ago is no answer any more: it stays as what it was.
    let silent = source.filter(|s| of_source(s, now) == Some(Age::Withdrawn)).and_then(|s| s.confirmed);
    for c in checks.iter_mut().filter(|c| silent.is_some() && c.state == CheckState::Ok) {
        c.state = CheckState::Unknown;
        c.how = format!("was: {}, at {}", c.how, silent.map(Utc::hms).unwrap_or_default()).into();
    }
    let to = version.map(|r| &r.hash);
    // What was found out about another version says nothing of this one.
    let found = world.ways_back.get(&t.id);
    let found = found.filter(|w| (w.to.is_none() && chosen.is_none()) || w.to.as_ref() == to);
    let age = found.map_or(0, |w| now.since(w.at));
    let old = age > holds_ms(world.ways_back.len());
    // Of one that stands still nobody asks again: what was found for a dialog long ago is no longer listed.
    for c in found.filter(|_| !old || t.is_moving()).into_iter().flat_map(|w| &w.checks) {
        let mut c = c.clone();
        if old && c.state != CheckState::NotConfigured {
            c.state = CheckState::Unknown;
            c.how = format!("{}; found out {} ago, too old to count", c.how, age::age(age)).into();
        }
        match checks.iter_mut().find(|own| own.name == c.name) {
            Some(own) => *own = c,
            None => {
                let at = checks.iter().position(|own| *own.name == *"my right").unwrap_or(checks.len());
                checks.insert(at, c);
            }
        }
    }
    for (name, how) in NOT_CONFIGURED {
        if !checks.iter().any(|c| *c.name == *name) {
            checks.push(Check { name: name.into(), state: CheckState::NotConfigured, how: how.into() });
        }
    }
    let expected = world.services.get(&t.service).and_then(Service::expected_ms);
    Readiness { checks, expected }
}

/// What the target itself and the review of rights say.
fn own(t: &TargetState, source: Option<&SourceState>, version: Option<&Revision>) -> Vec<Check> {
    let kept = match version {
        Some(r) if r.replicas.ready > 0 => {
            (CheckState::Ok, format!("{} kept, {} ready", t.called(&r.hash), pods(r.replicas.ready)))
        }
        Some(r) => (CheckState::Ok, format!("{} kept, scaled to 0: pods start anew", t.called(&r.hash))),
        None => (CheckState::Blocked, "no older revision is kept".to_string()),
    };
    let verb = right_to_go_back(t);
    let right = match allowed(source, &t.id.namespace, verb) {
        Some(true) => (CheckState::Ok, format!("{verb}: review says yes")),
        Some(false) => (CheckState::Warn, format!("missing {verb}: review says no, it may be tried")),
        None => (CheckState::Unknown, format!("{verb}: the review did not answer")),
    };
    let git = match &t.git {
        None => (CheckState::Ok, "nothing else owns the desired state".to_string()),
        Some(g) => {
            (CheckState::Warn, format!("{} ({}) asks for the new version: its sync brings it back", g.tool, g.what))
        }
    };
    let line = |name: &str, (state, how): (CheckState, String)| Check { name: name.into(), state, how: how.into() };
    vec![line("old revision", kept), line("my right", right), line("git owner", git)]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::world::wayback::WayBack;
    use crate::testkit::world::world;
    use crate::testkit::{Canary, stories};

    fn found(w: &crate::testkit::world::World, state: CheckState) -> WayBack {
        let t = &w.model.world.targets[&w.target_id("checkout")];
        let check = |name: &str, state| Check { name: name.into(), state, how: "found".into() };
        WayBack {
            target: t.id.clone(),
            to: back_to(t).map(|r| r.hash.clone()),
            at: w.now(),
            checks: vec![check("old revision", CheckState::Ok), check("room", state)],
        }
    }

    fn of_checkout(w: &crate::testkit::world::World) -> Readiness {
        of(&w.model.world, &w.model.world.targets[&w.target_id("checkout")], w.now())
    }

    #[test]
    fn what_a_source_found_stands_in_place_of_our_own_and_what_nobody_can_tell_counts_for_nothing() {
        let mut w = stories::worse();
        assert_eq!(of_checkout(&w).count(), (2, 3), "git owns the desired state");
        let back = found(&w, CheckState::Warn);
        w.model.world.ways_back.insert(back.target.clone(), back);
        let r = of_checkout(&w);
        assert_eq!(r.count(), (2, 4));
        let names: Vec<&str> = r.checks.iter().map(|c| &*c.name).collect();
        let all = ["old revision", "room", "my right", "git owner", "image", "signature", "schema", "shared fate"];
        assert_eq!(names, all);
        assert_eq!(&*r.checks[0].how, "found");
    }

    #[test]
    fn what_was_found_long_ago_or_of_another_version_does_not_count() {
        let mut w = world();
        w.canary(&Canary::new("checkout", "eu-1"));
        let back = found(&w, CheckState::Ok);
        w.model.world.ways_back.insert(back.target.clone(), back.clone());
        assert_eq!(of_checkout(&w).count().1, 4);
        w.wait(EVERY_MS * STALE + 1_000);
        let r = of_checkout(&w);
        let room = r.checks.iter().find(|c| *c.name == *"room").expect("listed");
        assert_eq!(room.state, CheckState::Unknown);
        assert!(room.how.contains("3m ago"), "{}", room.how);
        let other = WayBack { to: Some("other".into()), at: w.now(), ..back };
        w.model.world.ways_back.insert(other.target.clone(), other);
        assert_eq!(of_checkout(&w).count().1, 3);
    }

    #[test]
    fn a_version_chosen_by_hand_is_not_told_what_was_found_of_the_next_one() {
        let mut w = world();
        w.canary(&Canary::new("checkout", "eu-1"));
        let back = found(&w, CheckState::Blocked);
        w.model.world.ways_back.insert(back.target.clone(), back.clone());
        let t = &w.model.world.targets[&w.target_id("checkout")];
        let of = |h: &Hash| of_version(&w.model.world, t, Some(h), w.now());
        let room = |h: &Hash| of(h).checks.iter().any(|c| *c.name == *"room");
        assert!(room(&back.to.expect("a way back")), "the next one, chosen from the list");
        assert!(!room(t.candidate.as_ref().expect("a candidate")));
    }
}
