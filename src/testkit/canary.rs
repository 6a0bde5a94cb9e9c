//! A rollout of Argo's kind, told in the words of a test.

use crate::core::id::{Hash, ServiceId, SourceId, TargetId};
use crate::core::time::Utc;
use crate::core::world::detail::Detail;
use crate::core::world::target::{Gate, PauseDef, Phase, Replicas, Revision, StepDef, Strategy, TargetState};

/// A canary of Argo's kind, told in the words of a test.
#[derive(Clone, Debug)]
pub struct Canary {
    pub name: String,
    pub source: String,
    pub from: String,
    pub to: String,
    pub weight: u8,
    pub step: u32,
    /// Seconds since the candidate was made.
    pub started_ago: i64,
    pub moving: bool,
    pub pods: u32,
}

impl Canary {
    pub fn new(name: &str, source: &str) -> Canary {
        Canary {
            name: name.into(),
            source: source.into(),
            from: "v2.14.0".into(),
            to: "v2.14.1".into(),
            weight: 10,
            step: 1,
            started_ago: 300,
            moving: true,
            pods: 20,
        }
    }

    /// Nothing moves.
    pub fn steady(name: &str, source: &str) -> Canary {
        Canary { moving: false, weight: 0, ..Canary::new(name, source) }
    }

    pub fn at(mut self, weight: u8, step: u32) -> Canary {
        (self.weight, self.step) = (weight, step);
        self
    }

    pub fn since(mut self, secs: i64) -> Canary {
        self.started_ago = secs;
        self
    }

    fn hash(&self, version: &str) -> Hash {
        // Short and stable, as template hashes are.
        let n = version.bytes().chain(self.name.bytes()).fold(7u64, |h, b| h.wrapping_mul(131).wrapping_add(b.into()));
        Hash::new(format!("{:010x}", n % (1 << 40)))
    }

    pub fn state(&self, now: Utc, version: u64) -> TargetState {
        let (old, new) = (self.hash(&self.from), self.hash(&self.to));
        let canaries = (self.pods * u32::from(self.weight)).div_ceil(100);
        let revision = |hash: &Hash, version: &str, pods: u32, age_s: i64, number| Revision {
            hash: hash.clone(),
            version: version.into(),
            image: format!("registry.example.internal/{}:{version}", self.name).into(),
            digest: Some(format!("sha256:{}d0", hash.as_str()).into()),
            number: Some(number),
            created: Some(Utc(now.0 - age_s * 1000)),
            replicas: Replicas { wanted: pods, existing: pods, ready: pods, available: pods },
            trouble: Vec::new(),
            cause: None,
        };
        let stable = revision(&old, &self.from, self.pods - if self.moving { canaries } else { 0 }, 3 * 86_400, 41);
        let older = revision(&self.hash("older"), "v2.13.9", 0, 9 * 86_400, 40);
        let mut revisions = vec![stable, older];
        if self.moving {
            revisions.insert(0, revision(&new, &self.to, canaries, self.started_ago, 42));
        }
        let weight = |w| StepDef { label: format!("setWeight: {w}").into(), weight: Some(w), pause: None };
        let pause = || StepDef { label: "pause".into(), weight: None, pause: Some(PauseDef::UntilPromoted) };
        let started = Utc(now.0 - self.started_ago * 1000);
        TargetState {
            id: TargetId {
                source: SourceId::new(&self.source),
                namespace: "shop".into(),
                kind: "Rollout".into(),
                name: self.name.as_str().into(),
                uid: format!("f3c1-{}", self.name).into(),
            },
            service: ServiceId::new(&self.name),
            strategy: Strategy::Canary,
            phase: if self.moving { Phase::Paused } else { Phase::Healthy },
            message: "".into(),
            since: Some(started),
            steps: vec![weight(10), pause(), weight(25), pause(), weight(50)],
            step: self.moving.then_some(self.step),
            weight_wanted: self.weight,
            weight_real: Some(self.weight),
            wanted: self.pods,
            candidate: Some(if self.moving { new } else { old.clone() }),
            stable: Some(old),
            revisions,
            gate: self.moving.then(|| Gate { reason: "CanaryPauseStep".into(), since: Some(started), until: None }),
            held: false,
            held_by: None,
            releasing: false,
            aborted: false,
            aborted_at: None,
            aborted_by: None,
            promoting_full: false,
            invalid: None,
            generation: 7,
            observed: true,
            version: version.to_string().into(),
            git: None,
            detail: Detail::default(),
            started: self.moving.then_some(started),
            read_at: now,
            raw: None,
        }
    }
}
