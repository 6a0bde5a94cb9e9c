//! The requests of one service: counts by version in blocks of fifteen seconds, drawn from rates, and windows over
//! them. Before the drill begins the past is drawn when asked, or taken as its mean. Knows nothing of controllers.

use super::rng::Rng;
use super::rollout::hash_of;
use super::scenario::{Fault, Past, ScenarioService};
use crate::core::id::Hash;
use crate::core::time::Utc;
use crate::core::world::figures::{Counts, VersionBlock};
use std::f64::consts::TAU;

/// Seconds of a block, and of a scrape.
pub(super) const BLOCK: i64 = 15;
pub(super) const SCRAPE: i64 = 15;
const DAY: f64 = 86_400.0;
/// The windows told: 5 m, 30 m, 1 h, 2 h, 6 h, 1 d, 3 d and 30 d, in seconds.
pub(super) const WINDOWS: [u32; 8] = [300, 1_800, 3_600, 7_200, 21_600, 86_400, 259_200, 2_592_000];

#[derive(Clone, Debug)]
struct ErrorsMore {
    hash: Hash,
    add: f64,
    from: i64,
    until: i64,
}

#[derive(Clone, Debug)]
pub(super) struct Traffic {
    service: ScenarioService,
    stable: Hash,
    candidate: Option<Hash>,
    seed: u64,
    index: u64,
    /// Epoch seconds.
    start: i64,
    silent_from: Option<i64>,
    more: Vec<ErrorsMore>,
    blocks: Vec<VersionBlock>,
    /// Totals of all blocks before the one at the same place; one longer than `blocks`.
    sums: Vec<Counts>,
    /// Milliseconds up to which requests are drawn.
    at: i64,
}

impl Traffic {
    pub fn new(s: &ScenarioService, faults: &[Fault], start: i64, seed: u64, index: u64) -> Traffic {
        let hash = |v: &str| hash_of(s.name.as_str(), v);
        let mut t = Traffic {
            service: s.clone(),
            stable: hash(&s.version),
            candidate: s.rollout.as_ref().map(|m| hash(&m.version)),
            seed,
            index,
            start,
            silent_from: None,
            more: Vec::new(),
            blocks: Vec::new(),
            sums: vec![Counts::default()],
            at: start * 1000,
        };
        for f in faults {
            match f {
                Fault::Failures { service, version, add, at, until } if *service == s.name => {
                    t.more.push(ErrorsMore {
                        hash: hash(version),
                        add: add / 100.0,
                        from: start + at,
                        until: until.map_or(i64::MAX, |u| start + u),
                    });
                }
                Fault::Silent { service, at } if *service == s.name => t.silent_from = Some(start + at),
                Fault::Failures { .. }
                | Fault::Silent { .. }
                | Fault::PodsStuck { .. }
                | Fault::ControllerStops { .. } => {}
            }
        }
        t
    }

    fn rate_at(&self, t: i64) -> f64 {
        let s = &self.service;
        if s.swing == 0.0 {
            return s.rps;
        }
        let turn = (t as f64 / DAY - s.peak_hour / 24.0) * TAU;
        s.rps * (1.0 + s.swing * libm::cos(turn))
    }

    /// Mean share of failing requests of one version between two times (milliseconds).
    fn failing(&self, hash: &Hash, from: i64, to: i64) -> f64 {
        let mut p = self.service.fails / 100.0;
        for m in self.more.iter().filter(|m| m.hash == *hash) {
            let during = to.min(m.until.saturating_mul(1000)) - from.max(m.from * 1000);
            p += m.add * during.max(0) as f64 / (to - from).max(1) as f64;
        }
        p.min(1.0)
    }

    /// Draws one version's requests between two times (milliseconds) with this share of all.
    fn draw(&self, hash: &Hash, from: i64, to: i64, share: f64) -> Counts {
        // Eight digits of the hash name the version in the stream.
        let name = hash.0.get(..8).and_then(|h| u64::from_str_radix(h, 16).ok());
        let mut rng = Rng::of(&[self.seed, self.index, name.unwrap_or(0), from as u64]);
        let secs = (to - from) as f64 / 1000.0;
        let total = rng.poisson(self.rate_at(from.div_euclid(1000)) * share * secs);
        let failed = rng.binomial(total, self.failing(hash, from, to));
        Counts { total: total as f64, failed: failed as f64 }
    }

    /// Draws what came in since the last call up to `to` (milliseconds): one draw for each version and stretch, so the
    /// caller comes at the end of each block and before a share changes, and at no time of its own choice.
    pub fn run_to(&mut self, to: i64, serving: &[(Hash, f64)]) {
        while self.at < to {
            let start = self.at.div_euclid(1000 * BLOCK) * BLOCK;
            let end = to.min((start + BLOCK) * 1000);
            if self.blocks.last().is_none_or(|b| b.start != start) {
                self.blocks.push(VersionBlock { start, by_hash: Vec::new() });
                self.sums.extend(self.sums.last().copied());
            }
            for (hash, share) in serving {
                let drawn = self.draw(hash, self.at, end, *share);
                if let (Some(block), Some(sum)) = (self.blocks.last_mut(), self.sums.last_mut()) {
                    add(sum, drawn);
                    match block.by_hash.iter_mut().find(|(h, _)| h == hash) {
                        Some((_, c)) => add(c, drawn),
                        None => block.by_hash.push((hash.clone(), drawn)),
                    }
                }
            }
            self.at = end;
        }
    }

    /// Sample time of the newest scrape that a question at `now` sees. Every service is scraped at its own second.
    pub fn newest_sample(&self, now: Utc) -> Utc {
        let phase = (self.index as i64 * 4) % SCRAPE;
        let last = now.secs().min(self.silent_from.unwrap_or(i64::MAX)) - phase;
        Utc::from_secs(last.div_euclid(SCRAPE) * SCRAPE + phase)
    }

    /// End of the newest block that later samples can no longer change, epoch seconds.
    pub fn settled(&self, now: Utc) -> i64 {
        self.newest_sample(now).secs().div_euclid(BLOCK) * BLOCK
    }

    /// One block as telemetry has it; `None` while it is not settled. After the series have gone it is empty.
    pub fn block(&self, start: i64, now: Utc) -> Option<VersionBlock> {
        let empty = VersionBlock { start, by_hash: Vec::new() };
        if self.silent_from.is_some_and(|_| start + BLOCK > self.settled(now)) {
            let would = now.secs().div_euclid(BLOCK) * BLOCK - SCRAPE;
            return (start + BLOCK <= would).then_some(empty);
        }
        if start + BLOCK > self.settled(now) {
            return None;
        }
        if start >= self.start {
            let at = usize::try_from((start - self.start) / BLOCK).ok()?;
            return Some(self.blocks.get(at).cloned().unwrap_or(empty));
        }
        let mut block = empty;
        let end = (start + BLOCK) * 1000;
        let past: &[Past] = self.service.rollout.as_ref().map_or(&[], |m| &m.past);
        let weight = past.iter().rfind(|p| self.start - p.ago <= start).map(|p| f64::from(p.weight) / 100.0);
        let candidate = self.candidate.as_ref().zip(weight);
        if let Some((hash, w)) = candidate {
            block.by_hash.push((hash.clone(), self.draw(hash, start * 1000, end, w)));
        }
        let rest = 1.0 - weight.unwrap_or(0.0);
        block.by_hash.push((self.stable.clone(), self.draw(&self.stable, start * 1000, end, rest)));
        Some(block)
    }

    /// Counts from `from` to `to` (epoch seconds): what was drawn, and before the drill the mean.
    fn between(&self, from: i64, to: i64) -> Counts {
        let mut c = Counts::default();
        if from < self.start {
            c = self.mean(from, to.min(self.start));
        }
        let place = |t: i64| {
            let n = usize::try_from((t - self.start).max(0) / BLOCK).unwrap_or(usize::MAX);
            self.sums.get(n.min(self.blocks.len())).copied().unwrap_or_default()
        };
        // `sums[n]` holds everything up to the end of block n - 1, see `run_to`.
        let (a, b) = (place(from), place(to));
        c.total += b.total - a.total;
        c.failed += b.failed - a.failed;
        c
    }

    /// The past in closed form: the day's swing integrated, the usual failures, and one bad day twelve days ago that
    /// took what the scenario says was spent beyond them.
    fn mean(&self, from: i64, to: i64) -> Counts {
        let s = &self.service;
        let wave = |t: i64| libm::sin((t as f64 / DAY - s.peak_hour / 24.0) * TAU) * DAY / TAU;
        let total = |from: i64, to: i64| s.rps * ((to - from) as f64 + s.swing * (wave(to) - wave(from)));
        let mut c = Counts { total: total(from, to), failed: total(from, to) * s.fails / 100.0 };
        let bad_day = self.start - 12 * 86_400;
        if from <= bad_day && bad_day < to {
            let all = total(self.start - i64::from(s.window_days) * 86_400, self.start);
            c.failed += all * (s.spent / 100.0 * (100.0 - s.objective) / 100.0 - s.fails / 100.0).max(0.0);
        }
        c
    }

    /// Totals over the usual windows ending at the newest settled block; a window without any series is left out.
    pub fn windows(&self, now: Utc) -> Vec<(u32, Counts)> {
        let have = self.settled(now);
        let end = match self.silent_from {
            Some(t) if now.secs() > t => now.secs().div_euclid(BLOCK) * BLOCK,
            Some(_) | None => have,
        };
        let rows = WINDOWS.iter().filter(|w| end - i64::from(**w) < have);
        rows.map(|w| (*w, self.between(end - i64::from(*w), have))).collect()
    }

    /// Everything over a window ending now, what is not scraped yet (or never will be) included: the
    /// truth, for scores. Up to the last fifteen seconds may not be drawn yet.
    pub fn truth(&self, secs: i64, now: Utc) -> Counts {
        let mut c = self.between(now.secs() - secs, now.secs().div_euclid(BLOCK) * BLOCK);
        if let Some(open) = self.blocks.last().filter(|b| b.start + BLOCK > now.secs()) {
            for (_, n) in &open.by_hash {
                add(&mut c, *n);
            }
        }
        c
    }

    /// Counts of one version over the last `secs` seconds of settled blocks; `None` without any series.
    pub fn of_version(&self, hash: &Hash, secs: i64, now: Utc) -> Option<Counts> {
        let end = now.secs().div_euclid(BLOCK) * BLOCK;
        let starts = (1..=secs / BLOCK).map(|i| end - i * BLOCK);
        let blocks = starts.filter_map(|s| self.block(s, now));
        blocks.flat_map(|b| b.by_hash).filter(|(h, _)| h == hash).map(|(_, c)| c).reduce(|mut a, c| {
            add(&mut a, c);
            a
        })
    }
}

fn add(to: &mut Counts, more: Counts) {
    to.total += more.total;
    to.failed += more.failed;
}
