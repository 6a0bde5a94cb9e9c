//! Slow and wrong answers among the requests that came: drawn from what was counted, each from a stream of its own, so
//! that they change nothing of the counts. Sums of settled blocks, so that windows cost nothing.

use super::live::{Around, Spans, since};
use super::rng::Rng;
use super::scenario::{Fault, FaultKind, Scenario, ScenarioService};
use super::traffic::BLOCK;
use crate::core::id::Hash;
use crate::core::world::figures::{Bound, Counts, Signal, VersionBlock};

/// One version (or any) is slower, or wrong more often, than usual while a fault holds, by this part of its requests.
#[derive(Clone, Debug)]
struct More {
    fault: usize,
    signal: Signal,
    hash: Option<Hash>,
    add: f64,
}

#[derive(Clone, Debug)]
pub(super) struct Signals {
    seed: u64,
    index: u64,
    /// Usual parts of the requests: slower than the bound, answered wrongly (where anybody looks).
    slow: f64,
    wrong: Option<f64>,
    bound: Bound,
    more: Vec<More>,
    /// The drill's start, epoch seconds.
    start: i64,
    /// Of each settled block of the drill: what each of `more` came to, and what was slow for what lay around.
    weights: Vec<(Vec<f64>, f64)>,
    /// Slow and wrong ones of all blocks before the one at the same place.
    sums: Vec<[f64; 2]>,
}

/// A stream for each signal; errors have the plain one.
fn stream(signal: Signal) -> u64 {
    match signal {
        Signal::Errors => 0,
        Signal::Latency => 0x51_0e,
        Signal::Correctness => 0xbad,
    }
}

impl Signals {
    pub fn new(
        s: &ScenarioService,
        scenario: &Scenario,
        seed: u64,
        index: u64,
        hash: impl Fn(&str) -> Hash,
    ) -> Signals {
        let more = |(fault, f): (usize, &Fault)| {
            let signal = match f.kind {
                FaultKind::Slow => Signal::Latency,
                FaultKind::Wrong => Signal::Correctness,
                _ => return None,
            };
            let mine = f.service.as_ref() == Some(&s.name);
            mine.then(|| More { fault, signal, hash: f.version.as_deref().map(&hash), add: f.add / 100.0 })
        };
        Signals {
            seed,
            index,
            slow: s.latency.slow / 100.0,
            wrong: s.correctness.as_ref().map(|c| c.wrong / 100.0),
            bound: Bound { secs: s.latency.bound, asked: None, native: false },
            more: scenario.faults.iter().enumerate().filter_map(more).collect(),
            start: scenario.start.secs(),
            weights: Vec::new(),
            sums: vec![[0.0; 2]],
        }
    }

    /// Does anybody measure it?
    pub fn has(&self, signal: Signal) -> bool {
        signal != Signal::Correctness || self.wrong.is_some()
    }

    pub fn bound(&self, signal: Signal) -> Option<Bound> {
        (signal == Signal::Latency).then_some(self.bound)
    }

    /// The part of a version's requests of one block that is bad in this way.
    fn part(&self, hash: &Hash, start: i64, signal: Signal) -> f64 {
        let usual = match signal {
            Signal::Errors => 0.0,
            Signal::Latency => self.slow,
            Signal::Correctness => self.wrong.unwrap_or(0.0),
        };
        let Ok(at) = usize::try_from((start - self.start).div_euclid(BLOCK)) else { return usual.min(1.0) };
        let Some((weights, around)) = self.weights.get(at) else { return usual.min(1.0) };
        let of = self
            .more
            .iter()
            .zip(weights)
            .filter(|(m, _)| m.signal == signal && m.hash.as_ref().is_none_or(|h| h == hash));
        let around = if signal == Signal::Latency { *around } else { 0.0 };
        (usual + of.map(|(_, w)| w).sum::<f64>() + around).min(1.0)
    }

    fn weight(m: &More, at: i64, spans: &Spans, factor: f64) -> f64 {
        if since(spans, m.fault, at).is_some() { m.add * factor } else { 0.0 }
    }

    fn now(&self, signal: Signal, hash: &Hash, at: i64, around: &Around) -> f64 {
        let of = |m: &&More| m.signal == signal && m.hash.as_ref().is_none_or(|h| h == hash);
        let all = self.more.iter().filter(of);
        all.map(|m| Signals::weight(m, at, &around.spans, around.factors[m.fault])).sum()
    }

    /// The part that is slow at a time (milliseconds) beyond the usual.
    pub fn more_slow(&self, hash: &Hash, at: i64, around: &Around) -> f64 {
        self.now(Signal::Latency, hash, at, around) + around.slow
    }

    /// The part that is answered wrongly at a time (milliseconds) beyond the usual, whether anybody measures it or not.
    pub fn more_wrong(&self, hash: &Hash, at: i64, around: &Around) -> f64 {
        self.now(Signal::Correctness, hash, at, around)
    }

    /// The same over a stretch (milliseconds), by how long each fault held in it.
    pub fn wrong_between(&self, hash: &Hash, from: i64, to: i64, around: &Around) -> f64 {
        let mine = |m: &&More| m.signal == Signal::Correctness && m.hash.as_ref().is_none_or(|h| h == hash);
        let of = |m: &More| {
            let held = around.spans[m.fault].iter().map(|(a, b)| (to.min(*b) - from.max(*a)).max(0)).sum::<i64>();
            m.add * around.factors[m.fault] * held as f64 / (to - from).max(1) as f64
        };
        self.more.iter().filter(mine).map(of).sum()
    }

    /// A whole block, with the bad ones of this signal in place of the failed ones.
    pub fn of(&self, block: &VersionBlock, signal: Signal) -> VersionBlock {
        if signal == Signal::Errors {
            return block.clone();
        }
        let draw = |(hash, c): &(Hash, Counts)| {
            let name = hash.0.get(..8).and_then(|h| u64::from_str_radix(h, 16).ok()).unwrap_or(0);
            let mut rng = Rng::of(&[self.seed, self.index, name, block.start as u64, stream(signal)]);
            let failed = rng.binomial(c.total as u64, self.part(hash, block.start, signal)) as f64;
            (hash.clone(), Counts { total: c.total, failed })
        };
        VersionBlock { start: block.start, by_hash: block.by_hash.iter().map(draw).collect() }
    }

    /// A block is over: its bad ones are summed up. Blocks come in order, each once.
    pub fn ended(&mut self, block: &VersionBlock, around: &Around) {
        let weight = |m: &More| Signals::weight(m, block.start * 1000, &around.spans, around.factors[m.fault]);
        self.weights.push((self.more.iter().map(weight).collect(), around.slow));
        let bad = |signal| self.of(block, signal).by_hash.iter().map(|(_, c)| c.failed).sum::<f64>();
        let last = self.sums.last().copied().unwrap_or_default();
        self.sums.push([last[0] + bad(Signal::Latency), last[1] + bad(Signal::Correctness)]);
    }

    /// Bad ones between two times in the drill (epoch seconds), of settled blocks; `start` is the drill's.
    fn between(&self, start: i64, from: i64, to: i64, signal: Signal) -> f64 {
        let which = usize::from(signal == Signal::Correctness);
        let place = |t: i64| {
            let n = usize::try_from((t - start).max(0) / BLOCK).unwrap_or(usize::MAX);
            self.sums.get(n.min(self.sums.len() - 1)).map_or(0.0, |s| s[which])
        };
        place(to) - place(from)
    }

    /// The bad ones among these requests: those of the past at the usual part, those of the drill as drawn.
    pub fn counts(&self, start: i64, from: i64, to: i64, past: f64, all: Counts, signal: Signal) -> Counts {
        if signal == Signal::Errors {
            return all;
        }
        let usual = if signal == Signal::Latency { self.slow } else { self.wrong.unwrap_or(0.0) };
        Counts { total: all.total, failed: past * usual + self.between(start, from, to, signal) }
    }
}

/// Latency as a log-logistic distribution: `F(x) = 1 / (1 + (x/m)^-SHAPE)`, with the middle where `slow` of all requests
/// lie over `bound`. Seconds. `None` where nothing, or everything, is slow: then the middle is nowhere.
pub(super) fn quantile(q: f64, slow: f64, bound: f64) -> Option<f64> {
    const SHAPE: f64 = 3.0;
    let root = |x: f64| libm::pow(x, 1.0 / SHAPE);
    (slow > 0.0 && slow < 1.0).then(|| bound * root(slow / (1.0 - slow)) * root(q / (1.0 - q)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_share_over_the_bound_and_the_percentiles_are_of_one_distribution() {
        // 1 % lie over 250 ms: that is where the 99th percentile is.
        assert!((quantile(0.99, 0.01, 0.25).unwrap() - 0.25).abs() < 1e-12);
        assert!(quantile(0.5, 0.01, 0.25).unwrap() < 0.06);
        assert!(quantile(0.5, 0.5, 0.25).unwrap() > 0.24);
        assert_eq!(quantile(0.5, 0.0, 0.25), None);
    }
}
