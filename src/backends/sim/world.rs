//! The simulated world: services, their rollouts and requests, advanced in world time. Deterministic: the same scenario
//! and seed, and the same acts at the same world times, give the same facts, however it is advanced in between.
//! Synchronous; knows no clock and no tokio. `mod.rs` puts the two backends around it.

use super::object;
use super::rollout::Rollout;
use super::scenario::{Fault, Scenario};
use super::traffic::{BLOCK, SCRAPE, Traffic};
use super::{check, plan};
use crate::core::act::plan::{CannotBecause, Operation, Plan};
use crate::core::id::{Hash, ServiceId, SourceId, TargetId};
use crate::core::seal::Sealed;
use crate::core::time::Utc;
use crate::core::world::fact::Fact;
use crate::core::world::figures::{Blocks, Checked, VersionBlock, Windows};
use crate::core::world::source::{Link, SourceError, Trouble};
use crate::core::world::target::TargetState;
use std::sync::Arc;

/// Milliseconds of world time between two signs of life of the watch.
const BOOKMARK: i64 = 30_000;
/// Blocks of one answer at most.
const MOST_BLOCKS: i64 = 10;
#[derive(Clone)]
pub struct World {
    pub(super) scenario: Arc<Scenario>,
    pub(super) cluster: SourceId,
    pub(super) metrics: SourceId,
    pub(super) now: Utc,
    pub(super) rollouts: Vec<Rollout>,
    /// One for each rollout, at the same place; as are the three after it.
    pub(super) traffic: Vec<Traffic>,
    /// Versions with a series, and their share of the requests.
    serving: Vec<Vec<(Hash, f64)>>,
    told: Vec<TargetState>,
    /// End of the newest block told, epoch seconds.
    told_blocks: Vec<i64>,
    pending: Vec<(SourceId, Fact)>,
}

impl World {
    /// A world at the scenario's start. The seed names the draws; the facts of the start come with `snapshot`.
    pub fn new(scenario: Scenario, seed: u64) -> World {
        let start = scenario.start;
        let each = || scenario.services.iter().zip(0u64..);
        let rollouts: Vec<Rollout> = each().map(|(s, i)| Rollout::new(&scenario, s, seed, i)).collect();
        let traffic: Vec<Traffic> =
            each().map(|(s, i)| Traffic::new(s, &scenario.faults, start.secs(), seed, i)).collect();
        World {
            cluster: SourceId(scenario.cluster.clone()),
            metrics: SourceId(scenario.metrics.clone()),
            now: start,
            told: rollouts.iter().map(|r| r.state(start)).collect(),
            told_blocks: traffic.iter().map(|t| t.settled(start)).collect(),
            serving: rollouts.iter().map(|r| r.serving(start.0)).collect(),
            rollouts,
            traffic,
            pending: Vec::new(),
            scenario: Arc::new(scenario),
        }
    }

    pub fn scenario(&self) -> &Scenario {
        &self.scenario
    }

    /// Names of the source with the rollouts and of the one with the telemetry.
    pub fn sources(&self) -> [&SourceId; 2] {
        [&self.cluster, &self.metrics]
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
        let mut metrics: Vec<Fact> = (0..self.traffic.len()).map(|i| self.windows(i)).collect();
        let moving = (0..self.traffic.len()).filter(|i| self.rollouts[*i].moving());
        metrics.extend(moving.map(|i| {
            let end = self.told_blocks[i];
            Fact::Blocks(self.blocks_at(i, end - 2 * BLOCK, 2))
        }));
        metrics.push(self.source(&self.metrics));
        let cluster = cluster.into_iter().map(|f| (self.cluster.clone(), f));
        cluster.chain(metrics.into_iter().map(|f| (self.metrics.clone(), f))).collect()
    }

    /// Lets the world go on to `to` (an earlier time does nothing) and returns what both sources said on the way, in
    /// order of time. Facts of an act sent before come first.
    pub fn advance_to(&mut self, to: Utc) -> Vec<(SourceId, Fact)> {
        const BLOCK_MS: i64 = BLOCK * 1000;
        while self.now < to {
            let block_ends = (self.now.0.div_euclid(BLOCK_MS) + 1) * BLOCK_MS;
            let due = self.rollouts.iter().filter_map(Rollout::due);
            let next = due.min().unwrap_or(i64::MAX).min(block_ends).min(to.0);
            // A thing that was due before now cannot be; standing still would hang.
            self.now = Utc(next.max(self.now.0 + 1));
            for i in 0..self.rollouts.len() {
                if self.rollouts[i].due().is_some_and(|d| d <= self.now.0) {
                    let stopped = self.stopped_until();
                    self.traffic[i].run_to(self.now.0, &self.serving[i]);
                    self.rollouts[i].play(self.now.0, stopped);
                    self.serving[i] = self.rollouts[i].serving(self.now.0);
                    self.tell(i);
                }
            }
            if self.now.0 == block_ends {
                self.block_ended();
            }
        }
        std::mem::take(&mut self.pending)
    }

    /// The next moment at which something happens by itself: a block ends, a rollout goes on.
    pub fn next_due(&self) -> Utc {
        let block_ends = (self.now.0.div_euclid(BLOCK * 1000) + 1) * BLOCK * 1000;
        let due = self.rollouts.iter().filter_map(Rollout::due).min().unwrap_or(i64::MAX);
        Utc(due.min(block_ends))
    }

    fn stopped_until(&self) -> Option<i64> {
        let t = (self.now.0 - self.scenario.start.0).div_euclid(1000);
        self.scenario.faults.iter().find_map(|f| match f {
            Fault::ControllerStops { at, until } if (*at..*until).contains(&t) => {
                Some(self.scenario.start.0 + until * 1000)
            }
            Fault::ControllerStops { .. } | Fault::Failures { .. } | Fault::PodsStuck { .. } | Fault::Silent { .. } => {
                None
            }
        })
    }

    /// Requests are drawn, the telemetry source polls, and every other time the watch gives a sign of life.
    fn block_ended(&mut self) {
        for (t, serving) in self.traffic.iter_mut().zip(&self.serving) {
            t.run_to(self.now.0, serving);
        }
        self.poll();
        if self.now.0.rem_euclid(BOOKMARK) == 0 {
            self.pending.push((self.cluster.clone(), self.source(&self.cluster)));
        }
    }

    /// What the telemetry source asks each fifteen seconds.
    fn poll(&mut self) {
        for i in 0..self.traffic.len() {
            self.pending.push((self.metrics.clone(), self.windows(i)));
            let from = self.told_blocks[i];
            let mut n = 0;
            while n < MOST_BLOCKS && self.traffic[i].block(from + n * BLOCK, self.now).is_some() {
                n += 1;
            }
            self.told_blocks[i] = from + n * BLOCK;
            if n > 0 && self.rollouts[i].moving() {
                let blocks = self.blocks_at(i, from, n as u32);
                self.pending.push((self.metrics.clone(), Fact::Blocks(blocks)));
            }
        }
        self.pending.push((self.metrics.clone(), self.source(&self.metrics)));
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

    fn at(&self, service: &ServiceId) -> Option<usize> {
        self.rollouts.iter().position(|r| r.service == *service)
    }

    fn windows(&self, i: usize) -> Fact {
        let service = self.rollouts[i].service.clone();
        Fact::Windows(Windows {
            query: format!("sum (increase(http_requests_total{{service=\"{service}\"}}[$window]))").into(),
            service,
            rows: self.traffic[i].windows(self.now),
            newest_sample: Some(self.traffic[i].newest_sample(self.now)),
            scrape_secs: SCRAPE as u32,
        })
    }

    fn blocks_at(&self, i: usize, from: i64, count: u32) -> Blocks {
        let service = self.rollouts[i].service.clone();
        let starts = (0..i64::from(count)).map(|n| from + n * BLOCK);
        let blocks: Vec<VersionBlock> = starts.filter_map(|s| self.traffic[i].block(s, self.now)).collect();
        Blocks {
            query: format!(
                "sum by (rollouts_pod_template_hash) (increase(http_requests_total{{service=\"{service}\"}}[15s]))"
            )
            .into(),
            service,
            blocks,
            newest_sample: Some(self.traffic[i].newest_sample(self.now)),
            scrape_secs: SCRAPE as u32,
        }
    }

    /// History of a service: at most ten blocks from `from` (epoch seconds, rounded down to a block) on, also from
    /// before the start. A block that is not settled yet is left out. `None`: no such service.
    pub fn blocks(&self, service: &ServiceId, from: i64, count: u32) -> Option<Blocks> {
        let i = self.at(service)?;
        Some(self.blocks_at(i, from.div_euclid(BLOCK) * BLOCK, count.min(MOST_BLOCKS as u32)))
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
