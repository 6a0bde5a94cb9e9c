//! One simulated Rollout: its object and its pods, and how a client sees them. What moves it is `controller`.
//! Knows no requests, no telemetry, no JSON. All times are milliseconds of world time.

use super::flagger::Flags;
use super::rng::Rng;
use super::scenario::{Fault, FaultKind, Scenario, ScenarioService, StrategyWord};
use crate::core::id::{Hash, ServiceId, TargetId};
use crate::core::seal::sha256_hex;
use crate::core::time::Utc;
use crate::core::world::detail::{Colours, Detail};
use crate::core::world::target::{
    Gate, Manager, PauseDef, Phase, Replicas, Revision, StepDef, Strategy, TargetState, Trouble,
};
use std::sync::Arc;

#[derive(Clone, Debug)]
pub(super) struct Pod {
    pub ready_at: i64,
    /// Set once it drains; it serves nobody from then on.
    pub gone_at: Option<i64>,
    /// It drains, does not end, and goes on answering.
    pub stays: bool,
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

impl ReplicaSet {
    pub(super) fn live(&self) -> u32 {
        self.pods.iter().filter(|p| p.gone_at.is_none()).count() as u32
    }
    pub(super) fn ready(&self, now: i64) -> u32 {
        let ready = |p: &&Pod| p.gone_at.is_none() && p.ready_at <= now;
        self.pods.iter().filter(ready).count() as u32
    }
    /// Pods that answer: the ready ones, and those that should be gone and are not.
    fn answering(&self, now: i64) -> u32 {
        self.ready(now) + self.pods.iter().filter(|p| p.stays && p.gone_at.is_some_and(|g| g > now)).count() as u32
    }
}

#[derive(Clone, Debug)]
pub(super) struct Rollout {
    pub id: TargetId,
    pub service: ServiceId,
    pub replicas: u32,
    pub steps: Vec<StepDef>,
    pub routed: bool,
    pub blue_green: bool,
    /// Flagger's controller, where it is that one.
    pub flagger: Option<Flags>,
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
    pub stuck: Vec<PodTrouble>,
    /// Versions whose pods start late, and whose pods do not end.
    pub slow: Vec<PodTrouble>,
    pub linger: Vec<PodTrouble>,
    /// What Git asks for.
    pub in_git: Hash,
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

/// Pods of a version (or of any) made in this time do not become ready, or late; or those that should end do not.
#[derive(Clone, Debug)]
pub(super) struct PodTrouble {
    pub fault: usize,
    pub hash: Option<Hash>,
    pub reason: Arc<str>,
    /// Milliseconds more until ready.
    pub more: i64,
    /// So many stay.
    pub count: u32,
    pub from: i64,
    pub until: i64,
}

impl PodTrouble {
    /// New pods of this version are refused, because somebody revoked its image.
    pub(super) fn revoked(hash: Hash, now: i64) -> PodTrouble {
        let reason = "ImageRevoked".into();
        PodTrouble { fault: usize::MAX, hash: Some(hash), reason, more: 0, count: 0, from: now, until: NEVER }
    }

    pub(super) fn is_revoked(&self) -> bool {
        self.fault == usize::MAX
    }

    pub(super) fn is_quota(&self) -> bool {
        self.reason.contains("quota")
    }

    pub(super) fn holds(&self, hash: &Hash, now: i64) -> bool {
        self.hash.as_ref().is_none_or(|h| h == hash) && self.from <= now && now < self.until
    }
}

/// A time that does not come.
pub(super) const NEVER: i64 = i64::MAX / 4;

fn troubles(scenario: &Scenario, s: &ScenarioService, start: i64, kind: FaultKind) -> Vec<PodTrouble> {
    let one = |(fault, f): (usize, &Fault)| PodTrouble {
        fault,
        hash: f.version.as_ref().map(|v| hash_of(s.name.as_str(), v)),
        reason: f.reason.clone().unwrap_or_else(|| "".into()),
        more: f.after.unwrap_or(0) * 1000,
        count: f.count.unwrap_or(0),
        from: start + f.at * 1000,
        until: f.until.map_or(NEVER, |u| start + u * 1000),
    };
    scenario.faults_of(kind, &s.name).map(one).collect()
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
            pods: vec![Pod { ready_at: start - 60_000, gone_at: None, stays: false }; n as usize],
            delete_at: None,
        };
        let weight = s.rollout.as_ref().and_then(|m| m.past.last()).map_or(0, |p| p.weight);
        let whole = s.strategy != StrategyWord::Canary;
        let canary = match s.rollout.is_some() {
            false => 0,
            true if whole => s.replicas,
            true => share(s.replicas, weight),
        };
        let stable_pods = if s.routed { s.replicas } else { s.replicas - canary };
        let mut sets = vec![
            set(&s.version, 41, days(s.served_days), None, stable_pods),
            set(&s.previous, 40, days(s.served_days + 9), None, 0),
        ];
        for (version, n) in s.older.iter().zip(1u32..) {
            sets.push(set(version, 40_u64.saturating_sub(n.into()), days(s.served_days + 9 + 9 * n), None, 0));
        }
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
        let in_git = template.clone();
        let steps = s.steps.as_ref().unwrap_or(&scenario.steps).iter().map(|x| x.0.clone());
        // Blue/green has one gate before its one step; Flagger has none.
        let gate = StepDef { label: "pause".into(), weight: None, pause: Some(PauseDef::UntilPromoted) };
        let steps: Vec<StepDef> = match s.strategy {
            StrategyWord::Canary => steps.collect(),
            StrategyWord::BlueGreen => vec![gate],
            StrategyWord::Flagger => Vec::new(),
        };
        let mut r = Rollout {
            id: TargetId {
                source: crate::core::id::SourceId(scenario.cluster.clone()),
                namespace: scenario.namespace.clone(),
                kind: if s.flagger.is_some() { "Canary" } else { "Rollout" }.into(),
                name: s.name.0.clone(),
                uid: uid.into(),
            },
            service: s.name.clone(),
            replicas: s.replicas,
            step: s.rollout.as_ref().map_or(steps.len(), |m| m.step) as u32,
            steps,
            routed: s.routed,
            blue_green: s.strategy == StrategyWord::BlueGreen,
            flagger: s.flagger.map(|t| Flags::new(t, start)),
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
            stuck: troubles(scenario, s, start, FaultKind::PodsStuck),
            slow: troubles(scenario, s, start, FaultKind::PodsSlow),
            linger: troubles(scenario, s, start, FaultKind::PodsLinger),
            in_git,
            held_by: None,
            aborted_by: None,
            resource_version: 80_000 + index,
            wake: None,
            seen_to: start,
            due: None,
            rng: Rng::of(&[seed, 0x706f_6473, index]),
        };
        if r.moving() && r.flagger.is_none() {
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
        if self.flagger.is_some() && self.moving() {
            return self.weight;
        }
        if self.step as usize >= self.steps.len() {
            return 100;
        }
        let past = self.steps.iter().take(self.step as usize + 1);
        past.filter_map(|s| s.weight).next_back().unwrap_or(0)
    }

    /// All its pods stand beside the old ones while it moves, whatever part of the users they have.
    pub(super) fn is_whole(&self) -> bool {
        self.blue_green || self.flagger.is_some()
    }

    /// Pods that the new version should have now.
    pub(super) fn canary_pods(&self) -> u32 {
        match () {
            () if !self.moving() || self.abort == Some(true) => 0,
            () if self.is_whole() => self.replicas,
            () => share(self.replicas, self.set_weight()),
        }
    }

    pub(super) fn gate_reason(&self) -> &'static str {
        if self.blue_green { "BlueGreenPause" } else { "CanaryPauseStep" }
    }

    pub fn set(&self, hash: &Hash) -> Option<&ReplicaSet> {
        self.sets.iter().find(|s| s.hash == *hash)
    }

    pub(super) fn ready_of(&self, hash: &Hash, now: i64) -> u32 {
        self.set(hash).map_or(0, |s| s.ready(now))
    }

    /// What keeps pods of this version from starting now.
    pub(super) fn stuck_now(&self, hash: &Hash, now: i64) -> Option<&PodTrouble> {
        self.stuck.iter().find(|s| s.holds(hash, now))
    }

    /// Whoever keeps the spec as Git has it sets it back. Whether there was anything to set back.
    pub(super) fn back_to_git(&mut self, now: i64) -> bool {
        if self.paused != Some(true) && self.template == self.in_git {
            return false;
        }
        (self.paused, self.held_by) = (None, None);
        self.template = self.in_git.clone();
        self.generation += 1;
        self.stir(now);
        true
    }

    /// A fault about its pods ends: what it held up starts or ends as any other does.
    pub(super) fn freed(&mut self, fault: usize, now: i64) {
        for t in self.slow.iter_mut().filter(|t| t.fault == fault) {
            t.until = t.until.min(now);
        }
        for t in self.stuck.iter_mut().filter(|t| t.fault == fault && t.until > now) {
            let waits = |p: &&mut Pod| p.ready_at >= t.until;
            for p in self.sets.iter_mut().flat_map(|s| &mut s.pods).filter(waits) {
                p.ready_at = now + (p.ready_at - t.until);
            }
            t.until = now;
        }
        for t in self.linger.iter_mut().filter(|t| t.fault == fault && t.until > now) {
            for p in self.sets.iter_mut().flat_map(|s| &mut s.pods).filter(|p| p.stays) {
                p.gone_at = Some(now + 1);
            }
            t.until = now;
        }
        self.stir(now);
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
        let ready: Vec<f64> = self.sets.iter().map(|s| f64::from(s.answering(now))).collect();
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
            strategy: if self.blue_green { Strategy::BlueGreen } else { Strategy::Canary },
            phase,
            message,
            since: Some(self.since),
            steps: if self.is_whole() { Vec::new() } else { self.steps.clone() },
            step: (!self.is_whole()).then_some(self.step),
            weight_wanted: if self.moving() { self.set_weight() } else { 100 },
            weight_real: self.real_weight(now.0),
            wanted: self.replicas,
            candidate: Some(self.current.clone()),
            stable: Some(self.stable.clone()),
            revisions: self.sets.iter().map(revision).collect(),
            gate: self.gate.map(|since| Gate {
                reason: self.gate_reason().into(),
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
            detail: Detail {
                restarting: self.restarting(now.0),
                colours: self.blue_green.then(|| Colours {
                    active: Some(self.stable.clone()),
                    preview: self.moving().then(|| self.current.clone()),
                    auto: false,
                    auto_after: None,
                }),
                flagger: self.flagger.as_ref().map(|f| f.told(self)),
                ..Detail::default()
            },
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
