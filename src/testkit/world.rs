//! A console in a world that a test tells: sources, services, rollouts and figures, then keys and time.
//!
//! It plays the engine's part: effects are collected, and a test answers them (a plan, a durable intent, a re-read,
//! a server's answer) in the order it wants to try.

use super::canary::Canary;
use crate::core::effect::{Effect, Question};
use crate::core::id::{ServiceId, SourceId, TargetId};
use crate::core::key::Key;
use crate::core::model::{Environment, Model, Place};
use crate::core::msg::Msg;
use crate::core::time::{Person, Stamp, Utc, World as WorldTime};
use crate::core::update::update;
use crate::core::world::fact::Fact;
use crate::core::world::figures::{Blocks, Counts, Signal, VersionBlock, Windows};
use crate::core::world::service::{Judging, Service, Slo};
use crate::core::world::source::{Abilities, Link, Right, Roles, SourceError, SourceState, Trouble};
use crate::core::world::target::TargetState;
use crate::ui::{Drawn, Look};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use std::collections::BTreeMap;
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
        model.copier = crate::ui::copied::text;
        model.opened_as = if place == Place::Drill { "andon drill f1".into() } else { "andon --env prod".into() };
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
        let rollouts = Roles { rollouts: true, telemetry: false, ..Roles::default() };
        let telemetry = Roles { rollouts: false, telemetry: true, ..Roles::default() };
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
            slo: Some(Slo::rolling(0.999, 30)),
            more: BTreeMap::new(),
            judging: Judging::default(),
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
        let fact = Blocks::errors(service, blocks, newest_sample, 15, QUERY.into());
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
                let fact = Blocks::errors(service, blocks, newest_sample, 15, QUERY.into());
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
        let (signal, at) = (Signal::Errors, Some(self.stamp.utc));
        let fact = Windows { service, signal, at, rows, newest_sample, scrape_secs: 15, query: query.into() };
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

    /// The terminal has this size now.
    pub fn resize(&mut self, width: u16, height: u16) -> &mut World {
        self.send(Msg::Resize { width, height })
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
        // As it looks once keys rest.
        let mut model = std::borrow::Cow::Borrowed(&self.model);
        if model.nav.resting.is_some() {
            model.to_mut().nav.resting = None;
        }
        let drawn = crate::ui::draw(&model, look, area, &mut buf);
        (buf, drawn)
    }
}
