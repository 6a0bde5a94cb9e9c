//! Rollouts through everything that stands between a request and a word: pods that count, exposition text, scrapes at
//! each pod's own moment, the samples as a server stores them, the block query's own arithmetic, the fold into blocks,
//! [`Judged`], the word. Chance comes from a seed. What it does not go through is HTTP and JSON: those have live tests.

use super::canary::Canary;
use super::trials::{Dice, Outcome, Trial};
use crate::core::id::{Hash, ServiceId};
use crate::core::judge::judged::Judged;
use crate::core::judge::policy::Policy;
use crate::core::judge::stats::histogram::mann_whitney;
use crate::core::judge::verdict::{At, BLOCK_SECS, Block, Word};
use crate::core::time::Utc;
use crate::core::world::figures::{Blocks, Counts, VersionBlock};
use std::collections::BTreeMap;

/// 2026-11-21T03:09:00Z, an edge.
pub const START: i64 = 1_795_230_540;
/// Seconds after an edge until a console asks for it, at a scrape of 15 s.
pub const LAG: i64 = 5;
const STABLE_PODS: usize = 4;
const CANDIDATE_PODS: usize = 2;
/// Scrapes of stable before the rollout begins.
const BEFORE: i64 = 4;

/// One pod's counters, as its process keeps them.
struct Pod {
    name: String,
    hash: String,
    candidate: bool,
    /// Milliseconds after each scrape tick at which this pod is scraped.
    offset_ms: i64,
    ok: f64,
    failed: f64,
    /// When its process started, epoch seconds.
    started: i64,
}

impl Pod {
    /// What it serves at `/metrics`. A code that never came has no line: client libraries make the series with the first.
    fn exposition(&self) -> String {
        let mut text = String::from("# TYPE http_requests_total counter\n");
        for (code, n) in [("200", self.ok), ("500", self.failed)] {
            if n > 0.0 {
                text.push_str(&format!(
                    "http_requests_total{{service=\"checkout\",version=\"{}\",pod=\"{}\",code=\"{code}\"}} {n}\n",
                    self.hash, self.name
                ));
            }
        }
        text.push_str(&format!("process_start_time_seconds{{pod=\"{}\"}} {}\n", self.name, self.started));
        text
    }
}

/// Samples by series, as a server keeps them: (milliseconds, value), oldest first.
#[derive(Default)]
pub struct Store {
    series: BTreeMap<String, Vec<(i64, f64)>>,
}

impl Store {
    /// A scrape: every line of a counter becomes a sample.
    pub fn scrape(&mut self, at_ms: i64, text: &str) {
        for line in text.lines().filter(|l| !l.starts_with('#')) {
            let Some((name, value)) = line.rsplit_once(' ') else { continue };
            let Ok(value) = value.parse() else { continue };
            match self.series.get_mut(name) {
                Some(samples) => samples.push((at_ms, value)),
                None => {
                    self.series.insert(name.to_owned(), vec![(at_ms, value)]);
                }
            }
        }
    }

    /// `sum by (version) (<block of http_requests_total>)` at an edge, of all codes and of `5..`.
    pub fn block(&self, edge: i64, scrape_secs: i64) -> VersionBlock {
        let mut by: BTreeMap<&str, Counts> = BTreeMap::new();
        for (name, samples) in self.series.iter().filter(|(name, _)| name.starts_with("http_requests_total")) {
            let born = || self.is_born(name, edge * 1000, scrape_secs * 1000);
            let Some(n) = block_of(samples, edge * 1000, scrape_secs * 1000, born) else { continue };
            let of = by.entry(label(name, "version")).or_default();
            of.total += n;
            if label(name, "code").starts_with('5') {
                of.failed += n;
            }
        }
        let by_hash = by.into_iter().map(|(h, c)| (Hash::new(h), c)).collect();
        VersionBlock { start: edge - BLOCK_SECS, by_hash }
    }
}

impl Store {
    /// What the query asks before it counts a series that was not there a block ago from zero: another series of the
    /// same pod and version was, or the process is younger than what is looked back over.
    fn is_born(&self, name: &str, t: i64, scrape: i64) -> bool {
        let (pod, version) = (label(name, "pod"), label(name, "version"));
        let (near, before) = (2 * scrape + 1000, t - BLOCK_SECS * 1000);
        self.series.iter().filter(|(other, _)| label(other, "pod") == pod).any(|(other, samples)| {
            if other.starts_with("process_start") {
                let young = |s: &&(i64, f64)| s.0 <= t && s.0 > t - near;
                let last = samples.iter().rev().find(young);
                return last.is_some_and(|s| s.1 * 1000.0 > (before - near) as f64);
            }
            label(other, "version") == version && samples.iter().any(|s| s.0 <= before && s.0 > before - near)
        })
    }
}

fn label<'a>(series: &'a str, name: &str) -> &'a str {
    let value = series.split_once(&format!("{name}=\"")).map(|(_, rest)| rest);
    value.and_then(|v| v.split('"').next()).unwrap_or("")
}

/// One series' count over the block that ends at `t`, by the block query's rules for a scrape of at most a block:
/// `((last[near] - last[near] offset 15s >= 0 or max[seen] - min[seen]) unless resets[seen] > 0 or increase[seen] * 15/seen)`.
/// Times in milliseconds; ranges are open on the left.
fn block_of(samples: &[(i64, f64)], t: i64, scrape: i64, born: impl Fn() -> bool) -> Option<f64> {
    let block = BLOCK_SECS * 1000;
    let (near, seen) = (2 * scrape + 1000, block + scrape);
    let until = |t: i64| samples.partition_point(|s| s.0 <= t);
    let last = |t: i64| samples[..until(t)].last().filter(|s| s.0 > t - near).map(|s| s.1);
    let range = &samples[samples.partition_point(|s| s.0 <= t - seen)..until(t)];
    let resets = range.windows(2).any(|w| w[1].1 < w[0].1);
    if !resets {
        if let Some(n) = last(t).zip(last(t - block)).map(|(a, b)| a - b).filter(|n| *n >= 0.0) {
            return Some(n);
        }
        if let (Some(n), None) = (last(t), last(t - block))
            && born()
        {
            return Some(n);
        }
        let values = range.iter().map(|s| s.1);
        if let Some(n) = values.clone().reduce(f64::max).zip(values.reduce(f64::min)).map(|(a, b)| a - b) {
            return Some(n);
        }
    }
    increase(range, t - seen, t).map(|n| n * block as f64 / seen as f64)
}

/// `increase` with the server's extrapolation to the range's ends.
fn increase(range: &[(i64, f64)], from: i64, to: i64) -> Option<f64> {
    let (first, last) = (range.first()?, range.last()?);
    if range.len() < 2 {
        return None;
    }
    let resets: f64 = range.windows(2).filter(|w| w[1].1 < w[0].1).map(|w| w[0].1).sum();
    let rise = last.1 - first.1 + resets;
    let sampled = (last.0 - first.0) as f64;
    let between = sampled / (range.len() - 1) as f64;
    let (mut before, after) = ((first.0 - from) as f64, (to - last.0) as f64);
    if rise > 0.0 && first.1 >= 0.0 {
        before = before.min(sampled * (first.1 / rise));
    }
    let reach = |gap: f64| if gap < between * 1.1 { gap } else { between / 2.0 };
    Some(rise * (sampled + reach(before) + reach(after)) / sampled)
}

/// One rollout: what was said at each look, and the blocks it was said on.
pub struct Run {
    /// (seconds since the rollout began at which a console says it, the word)
    pub said: Vec<(i64, Word)>,
    pub blocks: Vec<Block>,
}

/// Plays a rollout. `scrape_secs` divides or is at most a block.
pub fn play(trial: &Trial, seed: u64, scrape_secs: i64) -> Run {
    let mut dice = Dice::new(seed);
    let (mut store, mut pods) = (Store::default(), Vec::new());
    let start = Utc::from_secs(START);
    let canary = Canary::new("checkout", "eu-1").since(0);
    let mut t = canary.state(start, 1);
    // A weight of its own would be checked against traffic; that is another test's matter.
    (t.weight_real, t.weight_wanted) = (None, 0);
    t.steps.clear();
    let name = |h: &Option<Hash>| h.as_ref().map(|h| h.to_string()).unwrap_or_default();
    for i in 0..STABLE_PODS + CANDIDATE_PODS {
        let candidate = i >= STABLE_PODS;
        pods.push(Pod {
            name: format!("checkout-{i}"),
            hash: name(if candidate { &t.candidate } else { &t.stable }),
            candidate,
            offset_ms: (i as i64 * 2_711 + 430) % (scrape_secs * 1000),
            // Stable has run for a while.
            ok: if candidate { 0.0 } else { 1e5 },
            failed: if candidate { 0.0 } else { 1e3 },
            started: if candidate { START } else { START - 86_400 },
        });
    }
    let scrape = |at: i64, pods: &mut Vec<Pod>, store: &mut Store, dice: &mut Dice| {
        for pod in pods.iter_mut().filter(|p| !p.candidate || at >= 0) {
            let when = at * 1000 + pod.offset_ms;
            // What came since its last scrape: a candidate's first one sees what came since the rollout began.
            let since = if pod.candidate && at == 0 { pod.offset_ms } else { scrape_secs * 1000 };
            let middle = (when - since / 2).div_euclid(1000);
            let (share, p) = (if at < 0 { 0.0 } else { trial.share_at(middle) }, trial.p_at(middle));
            let (rps, p) = if pod.candidate {
                (trial.rps * share / CANDIDATE_PODS as f64, p + trial.d_at(middle))
            } else {
                (trial.rps * (1.0 - share) / STABLE_PODS as f64, p)
            };
            let came = trial.counts_of(dice, rps * since as f64 / 1000.0, p);
            pod.ok += came.total - came.failed;
            pod.failed += came.failed;
            store.scrape(START * 1000 + when, &pod.exposition());
        }
    };
    for i in (1..=BEFORE).rev() {
        scrape(-i * scrape_secs, &mut pods, &mut store, &mut dice);
    }
    let at = |now: i64| At {
        now: Utc::from_secs(START + now),
        newest_sample: Some(Utc::from_secs(START + now - LAG)),
        scrape_secs: u32::try_from(scrape_secs).unwrap_or(15),
        skew_ms: 0,
    };
    let Some(mut judged) = Judged::begin(&t, Policy::default(), true, &at(0)) else {
        return Run { said: Vec::new(), blocks: Vec::new() };
    };
    let (mut said, mut scraped) = (Vec::new(), 0);
    for edge in (BLOCK_SECS..=trial.secs).step_by(BLOCK_SECS as usize) {
        while scraped < edge {
            scrape(scraped, &mut pods, &mut store, &mut dice);
            scraped += scrape_secs;
        }
        let (block, now) = (store.block(START + edge, scrape_secs), at(edge + LAG));
        let service = ServiceId::new("checkout");
        judged.feed(&Blocks::errors(service, vec![block], now.newest_sample, now.scrape_secs, "model".into()), &now);
        said.push((edge + LAG, judged.verdict.word));
    }
    Run { said, blocks: judged.judge.blocks().copied().collect() }
}

impl Run {
    pub fn outcome(&self) -> Outcome {
        let first = |f: &dyn Fn(&Word) -> bool| self.said.iter().find(|(_, w)| f(w)).map(|(t, _)| *t);
        Outcome {
            worse: first(&|w| *w == Word::Worse),
            worse_or_higher: first(&|w| matches!(w, Word::Worse | Word::Higher)),
            same: first(&|w| matches!(w, Word::Same | Word::Better)),
        }
    }

    /// What the console says so many seconds after the start.
    pub fn at(&self, secs: i64) -> Option<Word> {
        self.said.iter().take_while(|(t, _)| *t <= secs + LAG).last().map(|(_, w)| *w)
    }

    /// The rule of most tools: the candidate's rate of the last minute is 0.5 pp over stable's, looked at with each
    /// block until `secs`. Seconds to the first alarm.
    pub fn threshold(&self, secs: i64) -> Option<i64> {
        let minute = usize::try_from(60 / BLOCK_SECS).unwrap_or(4);
        let over = |b: &[Block]| {
            let (c, s) = (rate(b, |b| b.candidate), rate(b, |b| b.stable));
            c.zip(s).is_some_and(|(c, s)| c - s > 0.005)
        };
        let hit = self.blocks.windows(minute).find(|w| over(w))?.last()?;
        Some(hit.start + BLOCK_SECS - START + LAG).filter(|t| *t <= secs + LAG)
    }

    /// A rank test on the error rates of each minute, candidate above stable at 2.5 %, looked at every minute from the
    /// fifth on. Seconds to the first alarm.
    pub fn rank_test(&self, secs: i64) -> Option<i64> {
        let minutes: Vec<(f64, f64)> = self
            .blocks
            .chunks_exact(usize::try_from(60 / BLOCK_SECS).unwrap_or(4))
            .filter_map(|b| rate(b, |b| b.candidate).zip(rate(b, |b| b.stable)))
            .collect();
        let most = usize::try_from(secs / 60).unwrap_or(0).min(minutes.len());
        (5..=most).find(|n| ranks_above(&minutes[..*n])).map(|n| n as i64 * 60 + LAG)
    }
}

fn rate(blocks: &[Block], of: impl Fn(&Block) -> Option<Counts>) -> Option<f64> {
    let sum = blocks.iter().filter_map(of).fold((0.0, 0.0), |s, c| (s.0 + c.failed, s.1 + c.total));
    (sum.1 > 0.0).then(|| sum.0 / sum.1)
}

fn ranks_above(rates: &[(f64, f64)]) -> bool {
    let mut values: Vec<f64> = rates.iter().flat_map(|r| [r.0, r.1]).collect();
    values.sort_by(f64::total_cmp);
    values.dedup();
    let below = |of: &dyn Fn(&(f64, f64)) -> f64| {
        values.iter().map(|v| rates.iter().filter(|r| of(r) <= *v).count() as f64).collect::<Vec<f64>>()
    };
    mann_whitney(&below(&|r| r.0), &below(&|r| r.1)).is_some_and(|r| r.z > crate::core::judge::stats::Z95)
}

/// Many rollouts of one kind.
pub fn many(trial: &Trial, rollouts: u32, scrape_secs: i64) -> Vec<Run> {
    (0..rollouts).map(|i| play(trial, 0x5eed_1000 + u64::from(i), scrape_secs)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_store_counts_what_the_pods_counted() {
        // Every block edge telescopes: the sum of the blocks is the counter at the last scrape before the end.
        let mut store = Store::default();
        let mut truth = Vec::new();
        for i in 0..40_i64 {
            let n = 100.0 + (i * i) as f64;
            store.scrape(i * 15_000 + 4_000, &format!("http_requests_total{{version=\"a\",code=\"200\"}} {n}\n"));
            truth.push(n);
        }
        let blocks: f64 = (3..=38).map(|e| store.block(e * 15, 15).by_hash[0].1.total).sum();
        assert_eq!(blocks, truth[37] - truth[1], "the sample before 570 s less the one before 30 s");
    }

    #[test]
    fn a_restart_and_a_birth_are_counted_as_the_query_counts_them() {
        let mut store = Store::default();
        for (i, n) in [100.0, 110.0, 5.0, 15.0].into_iter().enumerate() {
            store
                .scrape(i as i64 * 15_000 + 4_000, &format!("http_requests_total{{version=\"a\",code=\"500\"}} {n}\n"));
        }
        let at = |e: i64| store.block(e, 15).by_hash.first().map(|b| b.1.failed);
        assert_eq!(at(30), Some(10.0));
        assert!(at(45).is_some_and(|n| n > 0.0 && n < 15.0), "{:?}", at(45));
        assert!(at(60).is_some_and(|n| n > 5.0 && n < 15.0), "the reset is still in sight: {:?}", at(60));
        assert_eq!(at(15), Some(0.0), "what it counted before its first sample is not seen");
        assert_eq!(at(0), None);
    }

    #[test]
    fn a_rank_test_on_minutes_needs_all_of_them_to_differ() {
        assert!(ranks_above(&[(0.02, 0.01), (0.03, 0.01), (0.025, 0.012), (0.04, 0.011), (0.05, 0.01)]));
        assert!(!ranks_above(&[(0.02, 0.01), (0.0, 0.01), (0.0, 0.012), (0.04, 0.011), (0.0, 0.01)]));
    }
}
