//! A console in a world that a test tells: sources, services, rollouts and figures, then keys and time.
//!
//! It plays the engine's part: effects are collected, and a test answers them (a plan, a durable intent, a re-read,
//! a server's answer) in the order it wants to try.

use crate::core::act::plan::{
    Direction, Expect, Operation, Outcome, Plan, Primitive, Refused, RefusedBy, Request, Step, Ticket, Verb,
};
use crate::core::effect::{Effect, Question};
use crate::core::id::{DialogId, Hash, ServiceId, SourceId, TargetId};
use crate::core::key::Key;
use crate::core::model::{Environment, Model, Place};
use crate::core::msg::Msg;
use crate::core::seal::Sealed;
use crate::core::time::{Person, Stamp, Utc, World as WorldTime};
use crate::core::update::update;
use crate::core::world::fact::Fact;
use crate::core::world::figures::{Blocks, Counts, VersionBlock, Windows};
use crate::core::world::service::{Service, Slo};
use crate::core::world::source::{Abilities, Link, Right, Roles, SourceError, SourceState, Trouble};
use crate::core::world::target::{Gate, PauseDef, Phase, Replicas, Revision, StepDef, Strategy, TargetState};
use crate::ui::{Drawn, Look};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use std::sync::Arc;

/// 2026-11-21T03:14:07Z, when the story of the product page is told.
pub const NOW: i64 = 1_795_230_847_000;
/// How far apart a hand's keys come, in milliseconds.
const HAND: i64 = 120;

/// As a metrics source would send it.
const QUERY: &str = "sum by (rollouts_pod_template_hash) (increase(http_requests_total{service=\"checkout\"}[15s]))";

/// A console and the effects nobody has answered yet.
pub struct World {
    pub model: Model,
    pub effects: Vec<Effect>,
    stamp: Stamp,
    /// Sources whose facts stop coming.
    silent: Vec<SourceId>,
    version: u64,
}

/// A production console with two clusters and metrics, look-only, its waking screen still up.
pub fn world() -> World {
    World::of(Place::Prod)
}

impl World {
    pub fn of(place: Place) -> World {
        let environment = Environment {
            name: if place == Place::Drill { "f1".into() } else { "prod".into() },
            place,
            production: true,
            read_only: false,
            who: "mira@bastion-2".into(),
            goal: None,
        };
        let stamp = Stamp { utc: Utc(NOW), world: WorldTime(1_000_000), person: Person(1_000_000) };
        let mut model = Model::new(environment, crate::config::keymap::default_keymap(), stamp);
        model.editor = crate::ui::overlays::note::edit;
        World { model, effects: Vec::new(), stamp, silent: Vec::new(), version: 100 }
    }

    /// What the engine sets before the first message: read-only, contexts, runbooks and the like.
    pub fn given(mut self, f: impl FnOnce(&mut Model)) -> World {
        f(&mut self.model);
        self
    }

    pub fn send(&mut self, msg: Msg) -> &mut World {
        let out = update(&mut self.model, self.stamp, msg);
        self.effects.extend(out);
        self
    }

    pub fn now(&self) -> Utc {
        self.stamp.utc
    }

    // ---- sources ----

    pub fn source_state(&self, kind: &str, link: Link, roles: Roles) -> SourceState {
        let rights = ["patch rollouts", "patch rollouts/status"]
            .iter()
            .filter(|_| roles.rollouts)
            .map(|v| Right { namespace: None, verb: Arc::from(*v), allowed: Some(true) })
            .collect();
        let answered = matches!(link, Link::Watching | Link::Polling);
        SourceState {
            kind: kind.into(),
            link,
            abilities: Abilities { roles, rights, ..Abilities::default() },
            confirmed: answered.then_some(self.stamp.utc),
            old_after_ms: if roles.telemetry { 60_000 } else { 90_000 },
            latency_ms: Some(if roles.telemetry { 88 } else { 12 }),
            calls_per_min: if roles.telemetry { 9 } else { 0 },
            last_error: None,
            holds: if roles.telemetry { "40 services".into() } else { "41 rollouts, 5 moving".into() },
        }
    }

    pub fn fact(&mut self, source: &str, fact: Fact) -> &mut World {
        self.send(Msg::Fact { source: SourceId::from(source), fact: Box::new(fact) })
    }

    pub fn source(&mut self, id: &str, kind: &str, link: Link, roles: Roles) -> &mut World {
        let s = self.source_state(kind, link, roles);
        self.fact(id, Fact::Source(Box::new(s)))
    }

    /// Two clusters and metrics, all answering.
    pub fn sources(&mut self) -> &mut World {
        let rollouts = Roles { rollouts: true, telemetry: false };
        let telemetry = Roles { rollouts: false, telemetry: true };
        self.source("eu-1", "kubernetes", Link::Watching, rollouts);
        self.source("us-1", "kubernetes", Link::Watching, rollouts);
        self.source("metrics", "prometheus", Link::Polling, telemetry)
    }

    /// Change what a source says of itself.
    pub fn source_with(&mut self, id: &str, f: impl FnOnce(&mut SourceState)) -> &mut World {
        let Some(mut s) = self.model.world.sources.get(&SourceId::from(id)).cloned() else { return self };
        f(&mut s);
        self.fact(id, Fact::Source(Box::new(s)))
    }

    pub fn fail(&mut self, id: &str, trouble: Trouble, sentence: &str) -> &mut World {
        self.silence(id);
        let error = SourceError::new(trouble, sentence);
        let next_try = Utc(self.stamp.utc.0 + 30_000);
        self.send(Msg::SourceFailed { source: SourceId::from(id), error, next_try })
    }

    /// Nothing comes from it any more.
    pub fn silence(&mut self, id: &str) -> &mut World {
        self.silent.push(SourceId::from(id));
        self
    }

    // ---- services and rollouts ----

    /// A configured service; as the engine puts it in before the first message.
    pub fn service(&mut self, name: &str, tier: u8, history_ms: &[i64]) -> &mut World {
        let id = ServiceId::from(name);
        let s = Service {
            owner: Some("payments".into()),
            tier,
            slo: Some(Slo { objective: 0.999, period_days: 30 }),
            runbooks: Vec::new(),
            history_ms: history_ms.to_vec(),
            name: id.clone(),
        };
        self.model.world.services.insert(id, s);
        self
    }

    pub fn canary(&mut self, c: &Canary) -> &mut World {
        self.version += 1;
        let t = c.state(self.stamp.utc, self.version);
        self.fact(&c.source.clone(), Fact::Target(Box::new(t)))
    }

    pub fn target_id(&self, name: &str) -> TargetId {
        let found = self.model.world.targets.keys().find(|t| *t.name == *name);
        found.cloned().unwrap_or_else(|| TargetId {
            source: SourceId::from("eu-1"),
            namespace: "shop".into(),
            kind: "Rollout".into(),
            name: name.into(),
            uid: "none".into(),
        })
    }

    /// The target says something new.
    pub fn target_with(&mut self, name: &str, f: impl FnOnce(&mut TargetState)) -> &mut World {
        let id = self.target_id(name);
        let Some(mut t) = self.model.world.targets.get(&id).cloned() else { return self };
        f(&mut t);
        self.version += 1;
        t.version = self.version.to_string().into();
        t.read_at = self.stamp.utc;
        self.fact(id.source.as_str(), Fact::Target(Box::new(t)))
    }

    // ---- figures ----

    /// Blocks of fifteen seconds from `from_ago` to now, per block and version: requests and failures.
    pub fn figures(&mut self, name: &str, from_ago: i64, candidate: (f64, f64), stable: (f64, f64)) -> &mut World {
        let id = self.target_id(name);
        let Some(t) = self.model.world.targets.get(&id) else { return self };
        let hashes = [(t.candidate.clone(), candidate), (t.stable.clone(), stable)];
        let service = t.service.clone();
        let now = self.stamp.utc.secs();
        let begin = t.started.map_or(now - from_ago, |s| s.secs().max(now - from_ago)).div_euclid(15) * 15;
        // The newest block that can be settled: its scrape must have come.
        let end = (now - 15).div_euclid(15) * 15;
        let mut blocks = Vec::new();
        for (i, start) in (begin..end).step_by(15).enumerate() {
            let by_hash = hashes
                .iter()
                .filter_map(|(h, (total, failed))| {
                    // Whole failures, spread over the blocks; a negative total is no series.
                    let upto = |n: usize| libm::floor(failed * n as f64);
                    let counts = Counts { total: *total, failed: upto(i + 1) - upto(i) };
                    (*total >= 0.0).then(|| h.clone().map(|h| (h, counts))).flatten()
                })
                .collect();
            blocks.push(VersionBlock { start, by_hash });
        }
        let newest_sample = Some(Utc(self.stamp.utc.0 - 9_000));
        let fact = Blocks { service, blocks, newest_sample, scrape_secs: 15, query: QUERY.into() };
        self.fact("metrics", Fact::Blocks(fact));
        // Questions for history are answered by what was just said.
        self.answer_history()
    }

    /// Every open question for blocks is answered with nothing new.
    pub fn answer_history(&mut self) -> &mut World {
        for _ in 0..50 {
            let asked: Vec<_> = self
                .effects
                .iter()
                .filter_map(|e| match e {
                    Effect::Ask { id, question: Question::Blocks { service, from, count }, .. } => {
                        Some((*id, service.clone(), *from, *count))
                    }
                    _ => None,
                })
                .collect();
            if asked.is_empty() {
                break;
            }
            self.effects.retain(|e| !matches!(e, Effect::Ask { question: Question::Blocks { .. }, .. }));
            for (id, service, from, count) in asked {
                let blocks = (0..i64::from(count))
                    .map(|i| VersionBlock { start: from + 15 * i, by_hash: Vec::new() })
                    .filter(|b| !self.has_block(&service, b.start))
                    .collect();
                let newest_sample = self.model.world.samples.get(&service).and_then(|s| s.newest);
                let fact = Blocks { service, blocks, newest_sample, scrape_secs: 15, query: QUERY.into() };
                self.send(Msg::Asked { id, answer: Ok(vec![Fact::Blocks(fact)]) });
            }
        }
        self
    }

    /// Was this block answered by `figures` already? An empty answer must not replace it.
    fn has_block(&self, service: &ServiceId, start: i64) -> bool {
        let spans = self.model.world.targets_of(service).filter_map(|t| self.model.judged.get(&t.id)).map(|j| {
            let at = crate::core::judge::judged::Figures::at(
                self.model.world.samples.get(service),
                &self.model.world,
                self.stamp.utc,
            );
            j.judge.to_read(&at)
        });
        !spans.flatten().any(|(from, to)| (from..to).contains(&start))
    }

    /// Failures per thousand over 5 min, 1 h and 30 days; the windows between are filled in.
    pub fn burn(&mut self, service: &str, m5: f64, h1: f64, period: f64) -> &mut World {
        let row = |secs: u32, per_mille: f64| {
            let total = f64::from(secs) * 20.0;
            (secs, Counts { total, failed: total * per_mille / 1000.0 })
        };
        let rows = vec![
            row(300, m5),
            row(1_800, (m5 + h1) / 2.0),
            row(3_600, h1),
            row(7_200, h1 / 2.0),
            row(21_600, h1 / 4.0),
            row(86_400, period),
            row(259_200, period),
            row(2_592_000, period),
        ];
        let service = ServiceId::from(service);
        let newest_sample = Some(Utc(self.stamp.utc.0 - 9_000));
        let query = "sum by (service) (increase(http_requests_total[5m]))";
        let fact = Windows { service, rows, newest_sample, scrape_secs: 15, query: query.into() };
        self.fact("metrics", Fact::Windows(fact))
    }

    // ---- time and keys ----

    /// Time passes and nobody says anything; sources that are not silent are heard of.
    pub fn wait(&mut self, ms: i64) -> &mut World {
        self.stamp = Stamp {
            utc: Utc(self.stamp.utc.0 + ms),
            world: WorldTime(self.stamp.world.0 + ms),
            person: Person(self.stamp.person.0 + ms),
        };
        let heard: Vec<SourceId> =
            self.model.world.sources.keys().filter(|s| !self.silent.contains(s)).cloned().collect();
        for id in heard {
            let now = self.stamp.utc;
            self.source_with(id.as_str(), |s| {
                if s.confirmed.is_some() {
                    s.confirmed = Some(now);
                }
            });
        }
        self.send(Msg::Tick)
    }

    /// Keys at a hand's pace, named as in a keymap file: `a r`, `esc`, `ctrl-o`.
    pub fn keys(&mut self, names: &str) -> &mut World {
        for name in names.split_whitespace() {
            self.wait(HAND);
            if let Ok(key) = crate::config::chord::key(name) {
                self.send(Msg::Key(key));
            }
        }
        self
    }

    pub fn type_text(&mut self, text: &str) -> &mut World {
        for c in text.chars() {
            self.wait(HAND);
            self.send(Msg::Key(Key::char(c)));
        }
        self
    }

    /// The frame with the open dialog has been written.
    pub fn flush(&mut self) -> &mut World {
        let (_, drawn) = self.drawn(80, 23, &Look::shipped());
        if let Some(id) = drawn.dialog {
            self.send(Msg::Flushed(id));
        }
        self
    }

    pub fn draw(&self, w: u16, h: u16) -> Buffer {
        self.drawn(w, h, &Look::shipped()).0
    }

    pub fn drawn(&self, w: u16, h: u16, look: &Look) -> (Buffer, Drawn) {
        let area = Rect::new(0, 0, w, h);
        let mut buf = Buffer::empty(area);
        let drawn = crate::ui::draw(&self.model, look, area, &mut buf);
        (buf, drawn)
    }

    // ---- acts ----

    /// The backend answers the newest question for a plan.
    pub fn planned(&mut self) -> &mut World {
        self.planned_with(|_| {})
    }

    pub fn planned_with(&mut self, f: impl FnOnce(&mut Plan)) -> &mut World {
        let asked = self.effects.iter().rev().find_map(|e| match e {
            Effect::Plan { dialog, operation } => Some((*dialog, operation.clone())),
            _ => None,
        });
        let Some((dialog, operation)) = asked else { return self };
        self.effects.retain(|e| !matches!(e, Effect::Plan { .. }));
        let read = self.model.world.targets.get(&operation.target).cloned();
        let Some(t) = read else { return self.planned_as(dialog, None, None) };
        let mut plan = plan_of(&operation, &t);
        f(&mut plan);
        self.planned_as(dialog, Some(t), Some(plan))
    }

    fn planned_as(&mut self, dialog: DialogId, read: Option<TargetState>, plan: Option<Plan>) -> &mut World {
        self.send(Msg::Planned { dialog, read: Ok(read.map(Box::new)), plan: plan.map(|p| Box::new(Ok(p))) })
    }

    /// The intent is on disk.
    pub fn durable(&mut self) -> &mut World {
        let ticket = self.effects.iter().rev().find_map(|e| match e {
            Effect::Append { ticket: Some(t), .. } => Some(*t),
            _ => None,
        });
        if let Some(t) = ticket {
            self.send(Msg::Durable(t));
        }
        self
    }

    /// The re-read before sending finds what the world holds.
    pub fn reread(&mut self) -> &mut World {
        let asked = self.effects.iter().rev().find_map(|e| match e {
            Effect::Reread { act, target } => Some((*act, target.clone())),
            _ => None,
        });
        if let Some((act, target)) = asked {
            let read = Ok(self.model.world.targets.get(&target).cloned().map(Box::new));
            self.send(Msg::Reread { act, read });
        }
        self
    }

    /// The ticket of the newest request that left.
    pub fn performed(&self) -> Option<Ticket> {
        self.effects.iter().rev().find_map(|e| match e {
            Effect::Perform { ticket, .. } => Some(*ticket),
            _ => None,
        })
    }

    pub fn answered(&mut self, outcome: Outcome) -> &mut World {
        if let Some(ticket) = self.performed() {
            self.send(Msg::Answered { ticket, outcome });
        }
        self
    }

    pub fn accepted(&mut self) -> &mut World {
        self.answered(Outcome::Accepted { generation: None, version: Some("88124".into()), took_ms: 47 })
    }

    pub fn refused(&mut self, why: &str) -> &mut World {
        let r = Refused { kind: RefusedBy::Forbidden, status: Some(403), why: why.into(), retry_after_ms: None };
        self.answered(Outcome::Refused(r))
    }

    /// `Y` after the delay, the intent written, the target read again: the request leaves.
    pub fn confirm(&mut self) -> &mut World {
        self.flush().wait(1_100).keys("Y").durable().wait(30).reread()
    }
}

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
            started: self.moving.then_some(started),
            read_at: now,
            raw: None,
        }
    }
}

/// A plan of the shape a cluster makes; enough for screens and for what update decides by.
fn plan_of(o: &Operation, t: &TargetState) -> Plan {
    let path = format!("/apis/argoproj.io/v1alpha1/namespaces/{}/rollouts/{}", t.id.namespace, t.id.name);
    let candidate = t.candidate.clone().unwrap_or_else(|| Hash::new("none"));
    let back = if t.is_moving() { t.stable.clone() } else { t.previous().map(|r| r.hash.clone()) };
    let back = o.back_to.clone().or(back).unwrap_or_else(|| Hash::new("none"));
    let (name, to) = (t.version_of(&candidate), t.version_of(&back));
    let uid = format!("{{\"op\":\"test\",\"path\":\"/metadata/uid\",\"value\":\"{}\"}}", t.id.uid);
    let hash = format!("{{\"op\":\"test\",\"path\":\"/status/currentPodHash\",\"value\":\"{candidate}\"}}");
    let add = |path: &str, value: &str| format!("{{\"op\":\"add\",\"path\":\"{path}\",\"value\":{value}}}");
    let (primitive, sub, change) = match o.verb {
        Verb::RollBack if t.is_moving() && !t.aborted => (Primitive::Abort, "/status", add("/status/abort", "true")),
        Verb::RollBack => (Primitive::Undo, "", add("/spec/template/metadata/labels/version", &format!("\"{to}\""))),
        Verb::Hold => (Primitive::Pause, "", add("/spec/paused", "true")),
        Verb::Resume => (Primitive::Unpause, "", add("/spec/paused", "false")),
        Verb::Promote => (Primitive::ReleaseGate, "/status", add("/status/pauseConditions", "null")),
    };
    let body = format!("[\n  {uid},\n  {hash},\n  {change}\n]");
    let done = match primitive {
        Primitive::Abort | Primitive::Undo => Expect::NoneServing(candidate.clone()),
        Primitive::Pause => Expect::HeldIs(true),
        Primitive::Unpause => Expect::HeldIs(false),
        Primitive::ReleaseGate => Expect::StepAtLeast(t.step.unwrap_or(0) + 1),
    };
    let seen = match primitive {
        Primitive::Abort => Expect::AbortedIs(true),
        Primitive::Undo => Expect::CandidateIs(back.clone()),
        Primitive::Pause | Primitive::Unpause | Primitive::ReleaseGate => done.clone(),
    };
    let (sentence, why, done_words) = match primitive {
        Primitive::Abort => (
            format!("Users on the canary get {to} again."),
            "in flight: abort sends traffic back to stable",
            format!("no pod of {candidate} serves and {} of {to} are ready", t.wanted),
        ),
        Primitive::Undo => (
            format!("Everyone gets {to} again, pod by pod."),
            "promoted or aborted: the spec asks for the old version again",
            format!("no pod of {candidate} serves and {} of {to} are ready", t.wanted),
        ),
        Primitive::Pause => (
            format!("It stays where it is; {name} keeps its share."),
            "spec.paused",
            "the controller shows the pause".into(),
        ),
        Primitive::Unpause => ("It goes on from where it stands.".into(), "spec.paused", "it moves again".into()),
        Primitive::ReleaseGate => {
            (format!("More users get {name}."), "the gate of this step is released", "the next step is reached".into())
        }
    };
    let back_way = o.verb.direction() == Direction::Backward && primitive != Primitive::Pause;
    let (from, to_hash) = match primitive {
        Primitive::Abort | Primitive::Undo => (Some(candidate.clone()), Some(back)),
        Primitive::Pause | Primitive::Unpause => (Some(candidate.clone()), Some(candidate.clone())),
        Primitive::ReleaseGate => (t.stable.clone(), Some(candidate.clone())),
    };
    Plan {
        operation: o.clone(),
        primitive,
        why: why.into(),
        sentence: sentence.into(),
        from,
        to: to_hash,
        not_undone: if back_way {
            vec![format!("Sessions issued and rows written by {name} stay as they are.").into()]
        } else {
            Vec::new()
        },
        cautions: t
            .git
            .iter()
            .filter(|_| back_way)
            .map(|_| format!("git still asks for {name}: the next commit brings it back").into())
            .collect(),
        steps: vec![Step {
            title: primitive.word().into(),
            request: Request {
                method: "PATCH".into(),
                path: format!("{path}{sub}?fieldManager=andon").into(),
                content_type: "application/json-patch+json".into(),
                shown: body.clone().into(),
                body: Sealed::new(body),
            },
            guards: vec![format!("uid {}", t.id.uid).into(), format!("currentPodHash {candidate}").into()],
            wait_first: None,
            seen_when: seen,
            done_when: done,
            done_words: done_words.into(),
            seen_by: 10_000,
            settled_by: 600_000,
        }],
    }
}
