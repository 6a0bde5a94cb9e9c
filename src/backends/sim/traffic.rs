//! The requests of one service: counts by version in blocks of fifteen seconds, drawn from rates, and windows over
//! them. Before the drill begins the past is drawn when asked, or taken as its mean. Knows nothing of controllers.

use super::live::{Around, since};
use super::rng::Rng;
use super::rollout::{NEVER, hash_of};
use super::scenario::{FaultKind, Past, Scenario, ScenarioService};
use super::signals::Signals;
use crate::core::id::Hash;
use crate::core::time::Utc;
use crate::core::world::figures::{Counts, Signal, VersionBlock};
use std::f64::consts::TAU;

/// Seconds of a block, and of a scrape.
pub(super) const BLOCK: i64 = 15;
pub(super) const SCRAPE: i64 = 15;
const DAY: f64 = 86_400.0;
/// A second that does not come.
const NEVER_SECS: i64 = NEVER / 1000;
/// The windows told: 5 m, 30 m, 1 h, 2 h, 6 h, 1 d, 3 d and 30 d, in seconds.
pub(super) const WINDOWS: [u32; 8] = [300, 1_800, 3_600, 7_200, 21_600, 86_400, 259_200, 2_592_000];

/// A pod killed for its memory answers again after so long. Seconds.
const KILLED: f64 = 25.0;

/// One version (or any) fails more of its requests while a fault holds.
#[derive(Clone, Debug)]
struct ErrorsMore {
    fault: usize,
    hash: Option<Hash>,
    add: f64,
    /// Seconds in which a pod's memory grows to its limit, where that is what kills requests.
    leak: Option<f64>,
}

/// When its samples do not come, or late. Epoch seconds.
#[derive(Clone, Debug, Default)]
struct Telling {
    silent: Option<(i64, i64)>,
    /// From when to when, and by how much.
    late: Option<(i64, i64, i64)>,
    /// From when to when, and the part that is lost.
    gaps: Option<(i64, i64, f64)>,
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
    telling: Telling,
    more: Vec<ErrorsMore>,
    blocks: Vec<VersionBlock>,
    /// Totals of all blocks before the one at the same place; one longer than `blocks`.
    sums: Vec<Counts>,
    /// Requests hurt in all blocks before the one at the same place: expected ones, so that chance is no part of them.
    hurts: Vec<f64>,
    /// Messages that wait, where its requests are such.
    waits: f64,
    /// Nobody asks for counts: nothing is drawn.
    pub quiet: bool,
    /// Milliseconds up to which requests are drawn.
    at: i64,
    /// Slow and wrong ones among them.
    signals: Signals,
}

impl Traffic {
    pub fn new(s: &ScenarioService, scenario: &Scenario, seed: u64, index: u64) -> Traffic {
        let start = scenario.start.secs();
        let hash = |v: &str| hash_of(s.name.as_str(), v);
        let mut more = Vec::new();
        for (fault, f) in scenario.faults.iter().enumerate().filter(|(_, f)| f.service.as_ref() == Some(&s.name)) {
            let leak = f.per_hour.map(|p| s.memory / p * 3_600.0);
            if matches!(f.kind, FaultKind::Failures | FaultKind::Leak) {
                more.push(ErrorsMore { fault, hash: f.version.as_deref().map(hash), add: f.add / 100.0, leak });
            }
        }
        let one = |kind| scenario.faults_of(kind, &s.name).next().map(|(_, f)| f);
        let span = |f: &super::scenario::Fault| (start + f.at, f.until.map_or(NEVER_SECS, |u| start + u));
        let telling = Telling {
            silent: one(FaultKind::Silent).map(span),
            late: one(FaultKind::Late).map(|f| (span(f).0, span(f).1, f.after.unwrap_or(0))),
            gaps: one(FaultKind::Gaps).map(|f| (span(f).0, span(f).1, f.add / 100.0)),
        };
        Traffic {
            service: s.clone(),
            stable: hash(&s.version),
            candidate: s.rollout.as_ref().map(|m| hash(&m.version)),
            seed,
            index,
            start,
            telling,
            more,
            blocks: Vec::new(),
            sums: vec![Counts::default()],
            hurts: vec![0.0],
            waits: 0.0,
            quiet: false,
            at: start * 1000,
            signals: Signals::new(s, scenario, seed, index, hash),
        }
    }

    /// Its series come back now, or in time, or whole, where a fault of this kind kept them.
    pub fn told_again(&mut self, kind: FaultKind, now: i64) {
        let t = &mut self.telling;
        let until = match kind {
            FaultKind::Silent => t.silent.as_mut().map(|x| &mut x.1),
            FaultKind::Late => t.late.as_mut().map(|x| &mut x.1),
            FaultKind::Gaps => t.gaps.as_mut().map(|x| &mut x.1),
            _ => None,
        };
        if let Some(until) = until {
            *until = (*until).min(now.div_euclid(1000));
        }
    }

    pub(super) fn rate_at(&self, t: i64) -> f64 {
        let s = &self.service;
        if s.swing == 0.0 {
            return s.rps;
        }
        let turn = (t as f64 / DAY - s.peak_hour / 24.0) * TAU;
        s.rps * (1.0 + s.swing * libm::cos(turn))
    }

    /// Mean share of failing requests of one version between two times (milliseconds).
    fn failing(&self, hash: &Hash, from: i64, to: i64, around: Option<&Around>) -> f64 {
        let more = around.map_or(0.0, |a| self.beyond(hash, from, to, a));
        (self.service.fails / 100.0 + more).min(1.0)
    }

    /// What fails beyond the usual.
    pub(super) fn beyond(&self, hash: &Hash, from: i64, to: i64, around: &Around) -> f64 {
        let mut p = 0.0;
        for m in self.more.iter().filter(|m| m.hash.as_ref().is_none_or(|h| h == hash)) {
            let add = match m.leak {
                None => m.add,
                Some(period) => self.killed(m.fault, period, from, around),
            };
            for (a, b) in &around.spans[m.fault] {
                let during = to.min(*b) - from.max(*a);
                p += add * during.max(0) as f64 / (to - from).max(1) as f64 * around.factors[m.fault];
            }
        }
        p + around.errors
    }

    /// The part of its pods that is just starting again, once the first ones have grown to their limit.
    fn killed(&self, fault: usize, period: f64, at: i64, around: &Around) -> f64 {
        let grown = since(&around.spans, fault, at).map_or(0.0, |s| (at - s) as f64 / 1_000.0);
        if grown < 0.8 * period { 0.0 } else { KILLED / period.max(KILLED) }
    }

    /// Draws one version's requests between two times (milliseconds) with this share of all.
    fn draw(&self, hash: &Hash, from: i64, to: i64, share: f64, around: Option<&Around>) -> Counts {
        // Eight digits of the hash name the version in the stream.
        let name = hash.0.get(..8).and_then(|h| u64::from_str_radix(h, 16).ok());
        let mut rng = Rng::of(&[self.seed, self.index, name.unwrap_or(0), from as u64]);
        let secs = (to - from) as f64 / 1000.0;
        let total = rng.poisson(self.rate_at(from.div_euclid(1000)) * share * secs);
        let failed = rng.binomial(total, self.failing(hash, from, to, around));
        Counts { total: total as f64, failed: failed as f64 }
    }

    /// Draws what came in since the last call up to `to` (milliseconds): one draw for each version and stretch, so the
    /// caller comes at the end of each block and before a share changes, and at no time of its own choice.
    pub fn run_to(&mut self, to: i64, serving: &[(Hash, f64)], around: &Around) {
        while self.at < to {
            let start = self.at.div_euclid(1000 * BLOCK) * BLOCK;
            let end = to.min((start + BLOCK) * 1000);
            if self.blocks.last().is_none_or(|b| b.start != start) {
                self.blocks.push(VersionBlock { start, by_hash: Vec::new() });
                self.sums.extend(self.sums.last().copied());
                self.hurts.extend(self.hurts.last().copied());
            }
            let hurt = self.hurt(self.at, end, serving, around);
            if let Some(last) = self.hurts.last_mut() {
                *last += hurt;
            }
            self.wait(self.at, end, around);
            for (hash, share) in serving.iter().filter(|_| !self.quiet) {
                let drawn = self.draw(hash, self.at, end, *share, Some(around));
                if let (Some(block), Some(sum)) = (self.blocks.last_mut(), self.sums.last_mut()) {
                    add(sum, drawn);
                    match block.by_hash.iter_mut().find(|(h, _)| h == hash) {
                        Some((_, c)) => add(c, drawn),
                        None => block.by_hash.push((hash.clone(), drawn)),
                    }
                }
            }
            self.at = end;
            if end == (start + BLOCK) * 1000
                && !self.quiet
                && let Some(whole) = self.blocks.last()
            {
                self.signals.ended(whole, around);
            }
        }
    }

    /// Requests of a stretch (milliseconds) that fail or are answered wrongly beyond the usual, expected.
    fn hurt(&self, from: i64, to: i64, serving: &[(Hash, f64)], around: &Around) -> f64 {
        let part =
            |hash: &Hash| self.beyond(hash, from, to, around) + self.signals.wrong_between(hash, from, to, around);
        let felt: f64 = serving.iter().map(|(hash, share)| share * part(hash).min(1.0)).sum();
        felt * self.rate_at(from.div_euclid(1000)) * (to - from) as f64 / 1000.0
    }

    /// Messages come, and as many go as there are pods for. Milliseconds.
    fn wait(&mut self, from: i64, to: i64, around: &Around) {
        let (Some(takes), Some(q)) = (around.takes, &self.service.queue) else { return };
        let more = (self.rate_at(from.div_euclid(1000)) - takes) * (to - from) as f64 / 1000.0;
        self.waits = (self.waits + more).clamp(0.0, q.full);
    }

    /// Messages that wait.
    pub fn waits(&self) -> f64 {
        self.waits
    }

    /// Requests hurt from the start up to the end of the block that holds `to` (milliseconds).
    pub fn hurt_until(&self, to: i64) -> f64 {
        let whole = (to - self.start * 1000).max(0) as u64;
        let n = usize::try_from(whole.div_ceil(1000 * BLOCK as u64)).unwrap_or(usize::MAX);
        self.hurts.get(n.min(self.hurts.len() - 1)).copied().unwrap_or(0.0)
    }

    pub fn signals(&self) -> &Signals {
        &self.signals
    }

    /// Have its series gone?
    pub fn is_silent(&self, now: Utc) -> bool {
        self.telling.silent.is_some_and(|(from, until)| (from..until).contains(&now.secs()))
    }

    /// One settled block with the bad ones of this signal.
    pub fn block_of(&self, start: i64, now: Utc, signal: Signal) -> Option<VersionBlock> {
        self.block(start, now).map(|b| self.signals.of(&b, signal))
    }

    /// All requests and the bad ones of this signal between two times (epoch seconds) of settled blocks.
    pub fn counts(&self, from: i64, to: i64, signal: Signal) -> Counts {
        let past = if from < self.start { self.mean(from, to.min(self.start)).total } else { 0.0 };
        self.signals.counts(self.start, from, to, past, self.between(from, to), signal)
    }

    /// Sample time of the newest scrape that a question at `now` sees. Every service is scraped at its own second.
    pub fn newest_sample(&self, now: Utc) -> Utc {
        let phase = (self.index as i64 * 4) % SCRAPE;
        let mut seen = now.secs();
        if let Some((from, until, by)) = self.telling.late
            && (from..until).contains(&seen)
        {
            // What was there before does not go away.
            seen = (seen - by).max(from.min(seen));
        }
        if let Some((from, _)) = self.telling.silent.filter(|_| self.is_silent(now)) {
            seen = seen.min(from);
        }
        let last = seen - phase;
        Utc::from_secs(last.div_euclid(SCRAPE) * SCRAPE + phase)
    }

    /// End of the newest block that later samples can no longer change, epoch seconds.
    pub fn settled(&self, now: Utc) -> i64 {
        self.newest_sample(now).secs().div_euclid(BLOCK) * BLOCK
    }

    /// A block of the drill that never arrives: in a time without series, or in a gap.
    fn is_lost(&self, start: i64) -> bool {
        let silent = self.telling.silent.is_some_and(|(from, until)| start + BLOCK > from && start < until);
        let gap = |(from, until, part): (i64, i64, f64)| {
            let mut rng = Rng::of(&[self.seed, self.index, start as u64, 0x9a95]);
            (from..until).contains(&start) && rng.unit() < part
        };
        start >= self.start && (silent || self.telling.gaps.is_some_and(gap))
    }

    /// One block as telemetry has it; `None` while it is not settled. After the series have gone it is empty.
    pub fn block(&self, start: i64, now: Utc) -> Option<VersionBlock> {
        let empty = VersionBlock { start, by_hash: Vec::new() };
        if self.is_lost(start) && start + BLOCK <= self.settled(now) {
            return Some(empty);
        }
        if self.is_silent(now) && start + BLOCK > self.settled(now) {
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
            block.by_hash.push((hash.clone(), self.draw(hash, start * 1000, end, w, None)));
        }
        let rest = 1.0 - weight.unwrap_or(0.0);
        block.by_hash.push((self.stable.clone(), self.draw(&self.stable, start * 1000, end, rest, None)));
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
    pub fn windows(&self, now: Utc, signal: Signal) -> Vec<(u32, Counts)> {
        let have = self.settled(now);
        let gone = self.telling.silent.is_some_and(|(from, _)| now.secs() > from) && self.is_silent(now);
        let end = if gone { now.secs().div_euclid(BLOCK) * BLOCK } else { have };
        // An hour less than the period as well: what the two differ in is about to leave it.
        let period = self.service.window_days.saturating_mul(86_400);
        let of_period = [period, period - 3_600].into_iter().filter(|p| !WINDOWS.contains(p));
        let rows = WINDOWS.iter().copied().chain(of_period).filter(|w| end - i64::from(*w) < have);
        let mut rows: Vec<(u32, Counts)> = rows.map(|w| (w, self.counts(end - i64::from(w), have, signal))).collect();
        rows.sort_by_key(|r| r.0);
        rows
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
    pub fn of_version(&self, hash: &Hash, secs: i64, now: Utc, signal: Signal) -> Option<Counts> {
        let end = now.secs().div_euclid(BLOCK) * BLOCK;
        let starts = (1..=secs / BLOCK).map(|i| end - i * BLOCK);
        let blocks = starts.filter_map(|s| self.block_of(s, now, signal));
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
