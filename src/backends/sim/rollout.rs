//! One simulated Rollout: its object and its pods, and how a client sees them. What moves it is `controller`.
//! Knows no requests, no telemetry, no JSON. All times are milliseconds of world time.

use super::rng::Rng;
use super::scenario::{Fault, Scenario, ScenarioService};
use crate::core::id::{Hash, ServiceId, TargetId};
use crate::core::seal::sha256_hex;
use crate::core::time::Utc;
use crate::core::world::detail::Detail;
use crate::core::world::target::{Gate, Manager, Phase, Replicas, Revision, StepDef, Strategy, TargetState, Trouble};
use std::sync::Arc;

#[derive(Clone, Debug)]
pub(super) struct Pod {
    pub ready_at: i64,
    /// Set once it drains; it serves nobody from then on.
    pub gone_at: Option<i64>,
}

#[derive(Clone, Debug)]
pub(super) struct ReplicaSet {
    pub hash: Hash,
    pub version: Arc<str>,
    pub image: Arc<str>,
    pub number: u64,
    pub created: Utc,
    pub cause: Option<Arc<str>>,
    pub desired: u32,
    pub pods: Vec<Pod>,
    pub delete_at: Option<i64>,
}

impl Pod {
    /// Ready by then, so made before: nothing is ready at once.
    pub(super) fn made_before(&self, at: i64) -> bool {
        self.ready_at <= at
    }
}

impl StuckPods {
    pub(super) fn is_quota(&self) -> bool {
        self.reason.contains("quota")
    }
}

impl ReplicaSet {
    pub(super) fn live(&self) -> u32 {
        self.pods.iter().filter(|p| p.gone_at.is_none()).count() as u32
    }
    pub(super) fn ready(&self, now: i64) -> u32 {
        let ready = |p: &&Pod| p.gone_at.is_none() && p.ready_at <= now;
        self.pods.iter().filter(ready).count() as u32
    }
}

#[derive(Clone, Debug)]
pub(super) struct Rollout {
    pub id: TargetId,
    pub service: ServiceId,
    pub replicas: u32,
    pub steps: Vec<StepDef>,
    pub routed: bool,
    // spec
    pub generation: i64,
    pub template: Hash,
    /// `Some(false)` is what an unpause leaves behind until the controller drops it.
    pub paused: Option<bool>,
    // status
    pub observed_generation: i64,
    pub current: Hash,
    pub stable: Hash,
    pub step: u32,
    pub gate: Option<i64>,
    pub controller_pause: bool,
    pub abort: Option<bool>,
    pub aborted_at: Option<Utc>,
    pub promote_full: Option<bool>,
    pub phase: Phase,
    pub message: Arc<str>,
    pub since: Utc,
    pub started: Option<Utc>,
    /// Percent the router sends to the current version while it moves.
    pub weight: u8,
    pub sets: Vec<ReplicaSet>,
    /// Since when its pods are to be new ones.
    pub restart_at: Option<i64>,
    /// Versions whose pods do not start.
    pub stuck: Vec<StuckPods>,
    pub held_by: Option<Manager>,
    pub aborted_by: Option<Manager>,
    pub resource_version: u64,
    /// The next reconcile.
    pub wake: Option<i64>,
    /// Up to here pods, gates and deadlines have been looked at.
    pub seen_to: i64,
    pub due: Option<i64>,
    pub rng: Rng,
}

/// Pods of a version made in this time do not become ready.
#[derive(Clone, Debug)]
pub(super) struct StuckPods {
    pub hash: Hash,
    pub reason: Arc<str>,
    pub from: i64,
    pub until: i64,
}

/// A time that does not come.
pub(super) const NEVER: i64 = i64::MAX / 4;

fn stuck_pods(scenario: &Scenario, s: &ScenarioService, start: i64) -> Vec<StuckPods> {
    let one = |f: &Fault| match f {
        Fault::PodsStuck { service, version, reason, at, until } if *service == s.name => Some(StuckPods {
            hash: hash_of(s.name.as_str(), version),
            reason: reason.clone(),
            from: start + at * 1000,
            until: until.map_or(NEVER, |u| start + u * 1000),
        }),
        Fault::PodsStuck { .. } | Fault::Failures { .. } | Fault::Silent { .. } | Fault::ControllerStops { .. } => None,
    };
    scenario.faults.iter().filter_map(one).collect()
}

pub(super) fn hash_of(service: &str, version: &str) -> Hash {
    let sha = sha256_hex(format!("{service}:{version}").as_bytes());
    Hash::new(sha.get(..10).unwrap_or(&sha))
}

impl Rollout {
    pub fn new(scenario: &Scenario, s: &ScenarioService, seed: u64, index: u64) -> Rollout {
        let start = scenario.start.0;
        let days = |d: u32| Utc(start - i64::from(d) * 86_400_000 - 1_234_000 * (index as i64 + 1));
        let set = |version: &Arc<str>, number, created, cause, n: u32| ReplicaSet {
            hash: hash_of(s.name.as_str(), version),
            version: version.clone(),
            image: format!("registry.example/{}/{}:{version}", scenario.namespace, s.name).into(),
            number,
            created,
            cause,
            desired: n,
            pods: vec![Pod { ready_at: start - 60_000, gone_at: None }; n as usize],
            delete_at: None,
        };
        let weight = s.rollout.as_ref().and_then(|m| m.past.last()).map_or(0, |p| p.weight);
        let canary = if s.rollout.is_some() { share(s.replicas, weight) } else { 0 };
        let stable_pods = if s.routed { s.replicas } else { s.replicas - canary };
        let mut sets = vec![
            set(&s.version, 41, days(s.served_days), None, stable_pods),
            set(&s.previous, 40, days(s.served_days + 9), None, 0),
        ];
        let stable = hash_of(s.name.as_str(), &s.version);
        let sha = sha256_hex(format!("uid {seed} {}", s.name).as_bytes());
        let part = |a: usize, b: usize| sha.get(a..b).unwrap_or_default();
        let uid = format!("{}-{}-4{}-8{}-{}", part(0, 8), part(8, 12), part(13, 16), part(17, 20), part(20, 32));
        let mut begun = sets[0].created;
        if let Some(m) = &s.rollout {
            begun = Utc(start - m.past.first().map_or(0, |p| p.ago) * 1000);
            sets.insert(0, set(&m.version, 42, begun, m.cause.clone(), canary));
        }
        let template = sets[0].hash.clone();
        let steps: Vec<StepDef> = s.steps.as_ref().unwrap_or(&scenario.steps).iter().map(|x| x.0.clone()).collect();
        let mut r = Rollout {
            id: TargetId {
                source: crate::core::id::SourceId(scenario.cluster.clone()),
                namespace: scenario.namespace.clone(),
                kind: "Rollout".into(),
                name: s.name.0.clone(),
                uid: uid.into(),
            },
            service: s.name.clone(),
            replicas: s.replicas,
            step: s.rollout.as_ref().map_or(steps.len(), |m| m.step) as u32,
            steps,
            routed: s.routed,
            generation: 42,
            template: template.clone(),
            paused: None,
            observed_generation: 42,
            current: template,
            stable,
            gate: None,
            controller_pause: false,
            abort: None,
            aborted_at: None,
            promote_full: None,
            phase: Phase::Healthy,
            message: "".into(),
            since: begun,
            started: s.rollout.as_ref().map(|_| begun),
            weight,
            sets,
            restart_at: None,
            stuck: stuck_pods(scenario, s, start),
            held_by: None,
            aborted_by: None,
            resource_version: 80_000 + index,
            wake: None,
            seen_to: start,
            due: None,
            rng: Rng::of(&[seed, 0x706f_6473, index]),
        };
        if r.moving() {
            r.gate = Some(start - s.rollout.as_ref().and_then(|m| m.past.last()).map_or(0, |p| p.ago) * 1000);
            r.controller_pause = true;
        }
        r.tell(Utc(start));
        r.since = r.gate.map_or(begun, Utc);
        if r.gate_until().is_some_and(|t| t <= start) {
            r.stir(start);
        }
        r.plan_due();
        r
    }

    pub fn moving(&self) -> bool {
        self.current != self.stable
    }

    pub fn held(&self) -> bool {
        self.paused == Some(true)
    }

    /// Percent the steps ask for now (`GetCurrentSetWeight`).
    pub fn set_weight(&self) -> u8 {
        if self.abort == Some(true) && self.moving() {
            return 0;
        }
        if self.step as usize >= self.steps.len() {
            return 100;
        }
        let past = self.steps.iter().take(self.step as usize + 1);
        past.filter_map(|s| s.weight).next_back().unwrap_or(0)
    }

    pub fn set(&self, hash: &Hash) -> Option<&ReplicaSet> {
        self.sets.iter().find(|s| s.hash == *hash)
    }

    pub(super) fn ready_of(&self, hash: &Hash, now: i64) -> u32 {
        self.set(hash).map_or(0, |s| s.ready(now))
    }

    /// What keeps pods of this version from starting now.
    pub(super) fn stuck_now(&self, hash: &Hash, now: i64) -> Option<&StuckPods> {
        self.stuck.iter().find(|s| s.hash == *hash && s.from <= now && now < s.until)
    }

    fn trouble(&self, s: &ReplicaSet, now: i64) -> Vec<Trouble> {
        let Some(stuck) = self.stuck_now(&s.hash, now) else { return Vec::new() };
        // Pods that are still starting as any other do are no trouble.
        let waits = s.pods.iter().filter(|p| p.gone_at.is_none() && p.ready_at >= stuck.until).count() as u32;
        let missing = if stuck.is_quota() { s.desired.saturating_sub(s.live()) } else { 0 };
        match waits + missing {
            0 => Vec::new(),
            count => vec![Trouble { reason: stuck.reason.clone(), count }],
        }
    }

    /// Pods from before the restart are there.
    pub(super) fn restarting(&self, now: i64) -> bool {
        let Some(at) = self.restart_at else { return false };
        let old = |p: &Pod| p.gone_at.is_none() && p.made_before(at);
        let set = self.set(&self.current);
        set.is_some_and(|s| s.pods.iter().any(old) || s.ready(now) < s.desired)
    }

    /// Share of the requests each version gets now, by its place in `sets`; 1 in all while anything is ready.
    pub fn shares(&self, now: i64) -> Vec<f64> {
        let ready: Vec<f64> = self.sets.iter().map(|s| f64::from(s.ready(now))).collect();
        if self.routed {
            let w = if self.moving() { f64::from(self.weight) / 100.0 } else { 0.0 };
            let of = |s: &ReplicaSet| {
                if s.hash == self.stable {
                    1.0 - w
                } else if s.hash == self.current {
                    w
                } else {
                    0.0
                }
            };
            return self.sets.iter().map(of).collect();
        }
        let all: f64 = ready.iter().sum();
        ready.iter().map(|r| if all > 0.0 { r / all } else { 0.0 }).collect()
    }

    /// The versions that have a series, and their share.
    pub fn serving(&self, now: i64) -> Vec<(Hash, f64)> {
        let all = self.sets.iter().zip(self.shares(now));
        all.filter(|(s, share)| *share > 0.0 || s.ready(now) > 0).map(|(s, share)| (s.hash.clone(), share)).collect()
    }

    /// Percent of traffic the current version has.
    fn real_weight(&self, now: i64) -> Option<u8> {
        if !self.moving() {
            return Some(100);
        }
        let at = self.sets.iter().position(|s| s.hash == self.current)?;
        self.shares(now).get(at).map(|s| (s * 100.0 + 1e-6) as u8)
    }

    /// The object in our words, as a client computes it (the first two rules of the reference's section 1.5 included).
    pub fn state(&self, now: Utc) -> TargetState {
        let observed = self.observed_generation >= self.generation;
        let releasing = self.controller_pause && self.gate.is_none();
        let (phase, message) = if !observed {
            (Phase::Progressing, "waiting for rollout spec update to be observed".into())
        } else if releasing {
            (Phase::Progressing, "waiting for rollout to unpause".into())
        } else {
            (self.phase.clone(), self.message.clone())
        };
        let revision = |s: &ReplicaSet| Revision {
            hash: s.hash.clone(),
            version: s.version.clone(),
            image: s.image.clone(),
            digest: Some(format!("sha256:{}", sha256_hex(s.image.as_bytes())).into()),
            number: Some(s.number),
            created: Some(s.created),
            replicas: Replicas {
                wanted: s.desired,
                existing: s.pods.len() as u32,
                ready: s.ready(now.0),
                available: s.ready(now.0),
            },
            trouble: self.trouble(s, now.0),
            cause: s.cause.clone(),
        };
        TargetState {
            id: self.id.clone(),
            service: self.service.clone(),
            strategy: Strategy::Canary,
            phase,
            message,
            since: Some(self.since),
            steps: self.steps.clone(),
            step: Some(self.step),
            weight_wanted: if self.moving() { self.set_weight() } else { 100 },
            weight_real: self.real_weight(now.0),
            wanted: self.replicas,
            candidate: Some(self.current.clone()),
            stable: Some(self.stable.clone()),
            revisions: self.sets.iter().map(revision).collect(),
            gate: self.gate.map(|since| Gate {
                reason: "CanaryPauseStep".into(),
                since: Some(Utc(since)),
                until: self.gate_until().map(Utc),
            }),
            held: self.held(),
            held_by: self.held_by.clone().filter(|_| self.held()),
            releasing,
            aborted: self.abort == Some(true),
            aborted_at: self.aborted_at,
            aborted_by: self.aborted_by.clone(),
            promoting_full: self.promote_full == Some(true),
            invalid: None,
            generation: self.generation,
            observed,
            version: self.resource_version.to_string().into(),
            detail: Detail { restarting: self.restarting(now.0), ..Detail::default() },
            git: None,
            started: self.started,
            read_at: now,
            raw: None,
        }
    }
}

/// Pods for a weight, rounded up as the controller does.
pub(super) fn share(replicas: u32, weight: u8) -> u32 {
    (replicas * u32::from(weight)).div_ceil(100)
}
