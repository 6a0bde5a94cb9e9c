//! Which signals decide about a service's candidates, and under which targets and limits: what a person wrote down, and
//! the objectives a source found. Plain data; the sums are in the verdict.

use super::verdict::Terms;
use crate::core::id::ServiceId;
use crate::core::time::Utc;
use crate::core::world::World;
use crate::core::world::figures::Signal;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Limits.md section 4: the first configured signal decides at full alpha and the others inform; with `split` all of
/// them decide, each with its part of alpha, and the worst word counts.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Policy {
    /// The signals that were named, the first first. Empty: errors, latency, correctness.
    pub signals: Vec<Signal>,
    pub split: bool,
    /// Limits a person wrote down, as fractions.
    pub limits: BTreeMap<Signal, f64>,
    /// Targets, as fractions.
    pub slos: BTreeMap<Signal, f64>,
    /// Seconds from the candidate's first request on that are shown and not judged by. 0: everything counts.
    pub warm_up_secs: u32,
}

impl Policy {
    /// What is known of a service now. Targets are those that burn is reckoned by ([`World::aim`]), config's before those
    /// that a source found.
    pub fn of(world: &World, service: &ServiceId) -> Policy {
        let aim = |s: Signal| world.aim(service, s).map(|a| (s, a.slo.objective));
        let slos = Signal::ALL.into_iter().filter_map(aim).collect();
        let j = world.services.get(service).map(|s| s.judging.clone()).unwrap_or_default();
        Policy { signals: j.signals, split: j.split, limits: j.limits, slos, warm_up_secs: j.warm_up_secs }
    }

    /// Every signal, those that were named first.
    pub fn order(&self) -> Vec<Signal> {
        let mut all = self.signals.clone();
        all.extend(Signal::ALL.into_iter().filter(|s| !self.signals.contains(s)));
        all
    }

    /// The signals that may decide.
    pub fn deciding(&self) -> Vec<Signal> {
        if self.signals.is_empty() { Signal::ALL.to_vec() } else { self.signals.clone() }
    }

    /// What one signal of a rollout that began at `start` is judged under.
    pub fn terms(&self, signal: Signal, start: Utc, baseline: bool) -> Terms {
        let deciding = self.deciding();
        let alpha_share = if self.split && deciding.contains(&signal) { 1.0 / deciding.len() as f64 } else { 1.0 };
        Terms {
            signal,
            limit: self.limits.get(&signal).copied(),
            baseline,
            alpha_share,
            warm_up_secs: self.warm_up_secs,
            ..Terms::new(start, self.slos.get(&signal).copied())
        }
    }
}
