//! The simulated world: services, their rollouts and requests, advanced in world time. Deterministic: the same scenario
//! and seed, and the same acts at the same world times, give the same facts, however it is advanced in between.
//! Synchronous; knows no clock and no tokio. `mod.rs` puts the two backends around it.

use super::agenda::Agenda;
use super::desk::Desk;
use super::live::Live;
use super::object;
use super::rollout::Rollout;
use super::scenario::{FaultKind, Scenario};
use super::telemetry::Teller;
use super::traffic::{BLOCK, SCRAPE, Traffic};
use super::{check, plan, telemetry};
use crate::core::act::plan::{CannotBecause, Operation, Plan};
use crate::core::id::{Hash, ServiceId, SourceId, TargetId};
use crate::core::seal::Sealed;
use crate::core::time::Utc;
use crate::core::world::fact::Fact;
use crate::core::world::figures::{Blocks, Checked, Signal, VersionBlock, Windows};
use crate::core::world::source::{Link, SourceError, Trouble};
use crate::core::world::target::TargetState;
use std::sync::Arc;

/// Milliseconds of world time between two signs of life of the watch.
const BOOKMARK: i64 = 30_000;
/// Blocks of one answer at most.
const MOST_BLOCKS: i64 = 10;
/// The same of one question for the past.
const MOST_ASKED: u32 = 30;
#[derive(Clone)]
pub struct World {
    pub(super) scenario: Arc<Scenario>,
    pub(super) cluster: SourceId,
    pub(super) metrics: SourceId,
    /// Where the scenario names one, and what it holds.
    pub(super) desk_name: Option<SourceId>,
    pub(super) desk: Desk,
    /// What of the desk's story was told, and how its rules stand.
    pub(super) agenda: Agenda,
    /// Which faults hold.
    pub(super) live: Live,
    /// When somebody sets a rollout back to what Git says: milliseconds, and its place.
    pub(super) reverts: Vec<(i64, usize)>,
    pub(super) now: Utc,
    pub(super) rollouts: Vec<Rollout>,
    /// One for each rollout, at the same place; as are the three after it.
    pub(super) traffic: Vec<Traffic>,
    /// Versions with a series, and their share of the requests.
    serving: Vec<Vec<(Hash, f64)>>,
    told: Vec<TargetState>,
    /// End of the newest block told, epoch seconds.
    told_blocks: Vec<i64>,
    pub(super) pending: Vec<(SourceId, Fact)>,
    /// Nobody looks: see `nobody_looks`.
    pub(super) quiet: bool,
}

impl World {
    /// A world at the scenario's start. The seed names the draws; the facts of the start come with `snapshot`.
    pub fn new(scenario: Scenario, seed: u64) -> World {
        let start = scenario.start;
        let each = || scenario.services.iter().zip(0u64..);
        let rollouts: Vec<Rollout> = each().map(|(s, i)| Rollout::new(&scenario, s, seed, i)).collect();
        let traffic: Vec<Traffic> = each().map(|(s, i)| Traffic::new(s, &scenario, seed, i)).collect();
        let mut world = World {
            cluster: SourceId(scenario.cluster.clone()),
            metrics: SourceId(scenario.metrics.clone()),
            desk_name: scenario.desk.clone().map(SourceId),
            desk: Desk::default(),
            agenda: Agenda::new(&scenario),
            live: Live::new(&scenario),
            reverts: Vec::new(),
            now: start,
            told: rollouts.iter().map(|r| r.state(start)).collect(),
            told_blocks: traffic.iter().map(|t| t.settled(start)).collect(),
            serving: rollouts.iter().map(|r| r.serving(start.0)).collect(),
            rollouts,
            traffic,
            pending: Vec::new(),
            quiet: false,
            scenario: Arc::new(scenario),
        };
        world.desk_begins();
        world
    }

    pub fn scenario(&self) -> &Scenario {
        &self.scenario
    }

    /// Names of the source with the rollouts and of the one with the telemetry.
    pub fn sources(&self) -> [&SourceId; 2] {
        [&self.cluster, &self.metrics]
    }

    /// Name of the source with alerts and the like, where there is one.
    pub fn desk_source(&self) -> Option<&SourceId> {
        self.desk_name.as_ref()
    }

    pub fn desk(&self) -> &Desk {
        &self.desk
    }

    /// To be called whenever anything on the desk changed.
    pub(super) fn tell_desk(&mut self) {
        self.hush();
        let Some(name) = &self.desk_name else { return };
        let all = self.desk.facts().into_iter().chain([self.source(name)]);
        let told: Vec<(SourceId, Fact)> = all.map(|f| (name.clone(), f)).collect();
        self.pending.extend(told);
    }

    pub fn now(&self) -> Utc {
        self.now
    }

    pub fn targets(&self) -> Vec<TargetId> {
        self.rollouts.iter().map(|r| r.id.clone()).collect()
    }

    /// Everything both sources say to somebody who connects now.
    pub fn snapshot(&self) -> Vec<(SourceId, Fact)> {
        let target = |t: &TargetState| Fact::Target(Box::new(TargetState { read_at: self.now, ..t.clone() }));
        let mut cluster: Vec<Fact> = self.told.iter().map(target).collect();
        cluster.push(Fact::Whole(self.targets()));
        cluster.push(self.source(&self.cluster));
        let mut metrics: Vec<Fact> = (0..self.traffic.len()).flat_map(|i| self.beside(i, true)).collect();
        metrics.extend((0..self.traffic.len()).flat_map(|i| self.windows(i)));
        let moving = (0..self.traffic.len()).filter(|i| self.rollouts[*i].moving());
        metrics.extend(moving.flat_map(|i| {
            let end = self.told_blocks[i];
            self.all_at(i, end - 2 * BLOCK, 2)
        }));
        metrics.push(self.source(&self.metrics));
        let cluster = cluster.into_iter().map(|f| (self.cluster.clone(), f));
        let desk = self.desk_name.iter().flat_map(|name| {
            let all = self.desk.facts().into_iter().chain([self.source(name)]);
            all.map(|f| (name.clone(), f))
        });
        cluster.chain(desk).chain(metrics.into_iter().map(|f| (self.metrics.clone(), f))).collect()
    }

    /// Lets the world go on to `to` (an earlier time does nothing) and returns what both sources said on the way, in
    /// order of time. Facts of an act sent before come first.
    pub fn advance_to(&mut self, to: Utc) -> Vec<(SourceId, Fact)> {
        const BLOCK_MS: i64 = BLOCK * 1000;
        // An act may have changed the desk since.
        self.desk_acted();
        while self.now < to {
            let block_ends = (self.now.0.div_euclid(BLOCK_MS) + 1) * BLOCK_MS;
            let next = self.next_due().0.min(to.0);
            // A thing that was due before now cannot be; standing still would hang.
            self.now = Utc(next.max(self.now.0 + 1));
            for i in 0..self.rollouts.len() {
                if self.rollouts[i].due().is_some_and(|d| d <= self.now.0) {
                    let stopped = self.stopped_until();
                    self.requests(i);
                    let failing = self.candidate_fails(i);
                    if let Some(f) = &mut self.rollouts[i].flagger {
                        f.failing = failing;
                    }
                    self.rollouts[i].play(self.now.0, stopped);
                    self.serving[i] = self.rollouts[i].serving(self.now.0);
                    self.tell(i);
                }
            }
            self.git_reverts();
            if self.now.0 == block_ends {
                self.block_ended();
                self.desk_goes_on(true);
            } else if self.desk_due().is_some_and(|d| d <= self.now.0) {
                self.desk_goes_on(false);
            }
        }
        std::mem::take(&mut self.pending)
    }

    /// Draws the requests of one service up to now.
    pub(super) fn requests(&mut self, i: usize) {
        let around = self.around(i);
        self.traffic[i].run_to(self.now.0, &self.serving[i], &around);
    }

    /// Versions of one service with a series, and their share of the requests.
    pub(super) fn serving(&self, i: usize) -> &[(Hash, f64)] {
        &self.serving[i]
    }

    /// Who keeps the spec as Git has it takes back what somebody changed.
    fn git_reverts(&mut self) {
        let now = self.now.0;
        let due: Vec<usize> = self.reverts.iter().filter(|(at, _)| *at <= now).map(|(_, i)| *i).collect();
        self.reverts.retain(|(at, _)| *at > now);
        for i in due {
            let scenario = self.scenario.clone();
            let service = &scenario.services[i].name;
            let mut all = scenario.faults_of(FaultKind::Reverts, service);
            let Some((_, f)) = all.find(|(n, _)| self.live.active(*n, now)) else { continue };
            if self.rollouts[i].back_to_git(now) {
                let by = f.by.clone().unwrap_or_else(|| "git".into());
                self.changed_by_git(service, &by);
                self.tell(i);
            }
        }
    }

    /// The next moment at which something happens by itself: a block ends, a rollout goes on.
    pub fn next_due(&self) -> Utc {
        let block_ends = (self.now.0.div_euclid(BLOCK * 1000) + 1) * BLOCK * 1000;
        let due = self.rollouts.iter().filter_map(Rollout::due).chain(self.desk_due());
        let due = due.chain(self.reverts.iter().map(|r| r.0)).min().unwrap_or(i64::MAX);
        Utc(due.min(block_ends))
    }

    fn stopped_until(&self) -> Option<i64> {
        let stops = |(n, f): (usize, &super::scenario::Fault)| {
            let until = f.until.map(|u| self.scenario.start.0 + u * 1000);
            until.filter(|_| f.kind == FaultKind::ControllerStops && self.live.active(n, self.now.0))
        };
        self.scenario.faults.iter().enumerate().find_map(stops)
    }

    /// Requests are drawn, the telemetry source polls, and every other time the watch gives a sign of life.
    fn block_ended(&mut self) {
        for i in 0..self.traffic.len() {
            self.requests(i);
        }
        if self.quiet {
            return;
        }
        self.poll();
        if self.now.0.rem_euclid(BOOKMARK) == 0 {
            self.pending.push((self.cluster.clone(), self.source(&self.cluster)));
        }
    }

    /// What the telemetry source asks each fifteen seconds.
    fn poll(&mut self) {
        for i in 0..self.traffic.len() {
            let mut told = self.windows(i);
            if telemetry::is_due(self.now) {
                told.extend(self.beside(i, false));
            }
            let from = self.told_blocks[i];
            let mut n = 0;
            while n < MOST_BLOCKS && self.traffic[i].block(from + n * BLOCK, self.now).is_some() {
                n += 1;
            }
            self.told_blocks[i] = from + n * BLOCK;
            if n > 0 && self.rollouts[i].moving() {
                told.extend(self.all_at(i, from, n as u32));
            }
            self.pending.extend(told.into_iter().map(|f| (self.metrics.clone(), f)));
        }
        self.pending.push((self.metrics.clone(), self.source(&self.metrics)));
        if let Some(name) = &self.desk_name {
            // Asked as often; what it holds is told when it changes.
            self.pending.push((name.clone(), self.source(name)));
        }
    }

    /// Reports a rollout if anything but the time has changed.
    pub(super) fn tell(&mut self, i: usize) {
        let state = self.rollouts[i].state(self.now);
        let before = TargetState { read_at: self.now, ..self.told[i].clone() };
        if state == before {
            return;
        }
        self.rollouts[i].resource_version += 1 + self.rollouts.len() as u64;
        let state = self.rollouts[i].state(self.now);
        self.told[i] = state.clone();
        self.pending.push((self.cluster.clone(), Fact::Target(Box::new(state))));
        self.pending.push((self.cluster.clone(), self.source(&self.cluster)));
    }

    pub(super) fn at(&self, service: &ServiceId) -> Option<usize> {
        self.rollouts.iter().position(|r| r.service == *service)
    }

    /// Windows of errors, and of the other signals that have a target.
    fn windows(&self, i: usize) -> Vec<Fact> {
        let s = &self.scenario.services[i];
        let targets = [
            (Signal::Errors, true),
            (Signal::Latency, s.latency.objective.is_some()),
            (Signal::Correctness, s.correctness.is_some_and(|c| c.objective.is_some())),
        ];
        let service = &self.rollouts[i].service;
        let of = |signal: Signal| {
            let query = format!("sum (increase({}{{service=\"{service}\"}}[$window]))", metric(signal));
            Fact::Windows(Windows {
                signal,
                at: Some(self.now),
                query: query.into(),
                service: service.clone(),
                rows: self.traffic[i].windows(self.now, signal),
                newest_sample: Some(self.traffic[i].newest_sample(self.now)),
                scrape_secs: SCRAPE as u32,
            })
        };
        targets.into_iter().filter(|t| t.1).map(|t| of(t.0)).collect()
    }

    /// Percentiles, memory, courses, routes; with `whole` also what does not change.
    fn beside(&self, i: usize, whole: bool) -> Vec<Fact> {
        let state = self.rollouts[i].state(self.now);
        let candidate = state.candidate.as_ref().filter(|_| state.is_moving());
        let teller = Teller {
            service: &self.scenario.services[i],
            traffic: &self.traffic[i],
            serving: &self.serving[i],
            candidate: candidate.zip(state.started.map(Utc::secs)),
            leaks: self.leaks(i),
            seed: i as u64,
            now: self.now,
        };
        let once = if whole { teller.once() } else { Vec::new() };
        once.into_iter().chain(teller.each_minute()).map(|t| Fact::Telemetry(Box::new(t))).collect()
    }

    fn leaks(&self, i: usize) -> Vec<telemetry::Leak> {
        let s = &self.scenario.services[i];
        let of = |(n, f): (usize, &super::scenario::Fault)| telemetry::Leak {
            hash: f.version.as_ref().map(|v| super::rollout::hash_of(s.name.as_str(), v)),
            per_hour: f.per_hour.unwrap_or(0.0),
            spans: self.live.of(n).to_vec(),
        };
        self.scenario.faults_of(FaultKind::Leak, &s.name).map(of).collect()
    }

    /// Blocks of each signal that anybody measures, errors first.
    fn all_at(&self, i: usize, from: i64, count: u32) -> Vec<Fact> {
        let has = |s: &Signal| self.traffic[i].signals().has(*s);
        Signal::ALL.into_iter().filter(has).map(|s| Fact::Blocks(self.blocks_at(i, from, count, s))).collect()
    }

    fn blocks_at(&self, i: usize, from: i64, count: u32, signal: Signal) -> Blocks {
        let service = self.rollouts[i].service.clone();
        let starts = (0..i64::from(count)).map(|n| from + n * BLOCK);
        let traffic = &self.traffic[i];
        let blocks: Vec<VersionBlock> = starts.filter_map(|s| traffic.block_of(s, self.now, signal)).collect();
        let query =
            format!("sum by (rollouts_pod_template_hash) (increase({}{{service=\"{service}\"}}[15s]))", metric(signal));
        let newest = Some(traffic.newest_sample(self.now));
        let errors = Blocks::errors(service, blocks, newest, SCRAPE as u32, query.into());
        Blocks { signal, bound: traffic.signals().bound(signal), ..errors }
    }

    /// History of a service in all its signals; see [`World::blocks`].
    pub fn history(&self, service: &ServiceId, from: i64, count: u32) -> Option<Vec<Fact>> {
        let i = self.at(service)?;
        Some(self.all_at(i, from.div_euclid(BLOCK) * BLOCK, count.min(MOST_ASKED)))
    }

    /// History of a service: at most thirty blocks from `from` (epoch seconds, rounded down to a block) on, also from
    /// before the start. A block that is not settled yet is left out. `None`: no such service.
    pub fn blocks(&self, service: &ServiceId, from: i64, count: u32) -> Option<Blocks> {
        let i = self.at(service)?;
        Some(self.blocks_at(i, from.div_euclid(BLOCK) * BLOCK, count.min(MOST_ASKED), Signal::Errors))
    }

    /// The target as it is now, without `raw`; `None`: there is none with this name and uid.
    pub fn state(&self, id: &TargetId) -> Option<TargetState> {
        Some(self.rollouts.iter().find(|r| r.id == *id)?.state(self.now))
    }

    /// The target as it is now, with `raw`; `None`: there is none with this name and uid.
    pub fn read(&self, id: &TargetId) -> Option<TargetState> {
        let r = self.rollouts.iter().find(|r| r.id == *id)?;
        let mut state = r.state(self.now);
        state.raw = Some(Sealed::new(object::raw(r).to_string()));
        Some(state)
    }

    /// The value of a check expression (see `check`). The error says what is wrong with the question.
    pub fn check(&self, query: &str) -> Result<Checked, SourceError> {
        let shape = |why: String| SourceError::new(Trouble::Shape, why);
        let (_, labels) = check::read(query).ok_or_else(|| shape(format!("`{query}` is no query of the drill")))?;
        let name = labels.get("service").copied().unwrap_or_default();
        let i = self.at(&ServiceId::new(name)).ok_or_else(|| shape(format!("the drill has no service `{name}`")))?;
        let s =
            check::Service { facts: &self.scenario.services[i], rollout: &self.rollouts[i], traffic: &self.traffic[i] };
        if query.trim_start().starts_with("gauge{") {
            let name = labels.get("name").copied().unwrap_or_default();
            let value =
                self.gauge_named(i, name).ok_or_else(|| shape(format!("{} has no gauge `{name}`", s.facts.name)))?;
            return Ok(Checked { query: query.into(), value: Some(value), sample: Some(self.now) });
        }
        check::check(query, &s, &labels, self.now).map_err(shape)
    }

    /// What `op` takes. Pure: only `seen` counts.
    pub fn plan(&self, op: &Operation, seen: &TargetState) -> Result<Plan, CannotBecause> {
        plan::plan(op, seen)
    }

    /// Share of the error budget left, by everything that really happened (telemetry may know less; the fifteen
    /// seconds under way count when they are over). Negative when
    /// overspent. `None`: no such service.
    pub fn budget_left(&self, service: &ServiceId) -> Option<f64> {
        let i = self.at(service)?;
        let s = &self.scenario.services[i];
        let c = self.traffic[i].truth(i64::from(s.window_days) * 86_400, self.now);
        Some(1.0 - c.failed / (c.total * (1.0 - s.objective / 100.0)))
    }

    fn source(&self, source: &SourceId) -> Fact {
        let link = if *source == self.cluster { Link::Watching } else { Link::Polling };
        Fact::Source(Box::new(self.source_state(source, link)))
    }
}

/// What the drill calls the series of a signal.
fn metric(signal: Signal) -> &'static str {
    match signal {
        Signal::Errors => "http_requests_total",
        Signal::Latency => "http_request_duration_seconds_bucket",
        Signal::Correctness => "http_answers_wrong_total",
    }
}
