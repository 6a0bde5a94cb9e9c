//! Whole rollouts by the thousand, to count how often the verdict is wrong and how long it takes to be right.
//!
//! Chance comes from a seed and nothing else. A full-size run, by hand:
//! `ANDON_TRIALS=2000 cargo test --release --lib trials -- --nocapture`

use crate::core::judge::verdict::{At, BLOCK_SECS, Block, Counts, Judge, Terms, Word};
use crate::core::time::Utc;

/// SplitMix64, after Steele, Lea and Flood's published constants: small, seeded, good enough to count with.
#[derive(Clone, Debug)]
pub struct Dice(u64);

impl Dice {
    pub fn new(seed: u64) -> Dice {
        Dice(seed)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// In (0, 1).
    fn unit(&mut self) -> f64 {
        ((self.next() >> 11) as f64 + 0.5) / (1u64 << 53) as f64
    }

    /// A Poisson count, by adding up waiting times.
    fn poisson(&mut self, mean: f64) -> f64 {
        let (mut n, mut left) = (0.0, mean + libm::log(self.unit()));
        while left > 0.0 {
            n += 1.0;
            left += libm::log(self.unit());
        }
        n
    }

    /// A Poisson count with a large mean, by the normal approximation; failures are drawn exactly.
    fn requests(&mut self, mean: f64) -> f64 {
        if mean < 60.0 {
            return self.poisson(mean);
        }
        let (u, v) = (self.unit(), self.unit());
        let normal = libm::sqrt(-2.0 * libm::log(u)) * libm::cos(std::f64::consts::TAU * v);
        libm::round(mean + libm::sqrt(mean) * normal).max(0.0)
    }

    /// How many of `n` fail, each with probability `p`, by geometric leaps from failure to failure.
    fn failures(&mut self, n: f64, p: f64) -> f64 {
        if p <= 0.0 {
            return 0.0;
        }
        let (mut failed, mut at, q) = (0.0, 0.0, libm::log(1.0 - p.min(0.999_999)));
        loop {
            at += libm::floor(libm::log(self.unit()) / q) + 1.0;
            if at > n {
                return failed;
            }
            failed += 1.0;
        }
    }
}

/// One kind of rollout.
#[derive(Clone, Copy, Debug)]
pub struct Trial {
    /// Requests per second of both tracks together, and the candidate's part of them.
    pub rps: f64,
    pub share: f64,
    /// Stable's failure rate, and what the candidate adds to it from `worse_from` seconds on.
    pub p: f64,
    pub d: f64,
    pub worse_from: i64,
    /// Failures come in clusters of geometric size with this mean; 1 is independent.
    pub cluster: f64,
    /// Both tracks fail five times as often from minute 10 to 12.
    pub spike: bool,
    /// The candidate's share grows, 5, 10, 25, 50 %, in quarters of the rollout that end amid a block, while both tracks
    /// come to fail three times as often.
    pub ramp: bool,
    pub secs: i64,
    /// The limit in force, as a fraction.
    pub limit: f64,
}

impl Trial {
    /// 200 requests a second, a twentieth of them on the candidate, 1 % failing, thirty minutes, limit 0.5 pp.
    pub fn usual() -> Trial {
        Trial {
            rps: 200.0,
            share: 0.05,
            p: 0.01,
            d: 0.0,
            worse_from: 0,
            cluster: 1.0,
            spike: false,
            ramp: false,
            secs: 1800,
            limit: 0.005,
        }
    }

    /// The candidate's share, both tracks' failure rate and what the candidate adds, `at` seconds into the rollout.
    pub fn share_at(&self, at: i64) -> f64 {
        // Not on an edge: changes of weight do not wait for blocks.
        let quarter = (at - 7).max(0) * 4 / self.secs.max(1);
        if self.ramp { [0.05, 0.10, 0.25, 0.50][quarter.clamp(0, 3) as usize] } else { self.share }
    }

    pub fn p_at(&self, at: i64) -> f64 {
        let spike = if self.spike && (600..720).contains(&at) { 5.0 } else { 1.0 };
        let drift = if self.ramp { 1.0 + 2.0 * (at as f64 / self.secs as f64).clamp(0.0, 1.0) } else { 1.0 };
        self.p * spike * drift
    }

    pub fn d_at(&self, at: i64) -> f64 {
        if at >= self.worse_from { self.d } else { 0.0 }
    }

    /// Requests with this mean, and how many of them fail.
    pub fn counts_of(&self, dice: &mut Dice, mean: f64, p: f64) -> Counts {
        let total = dice.requests(mean);
        if self.cluster <= 1.0 {
            return Counts { total, failed: dice.failures(total, p) };
        }
        let mut failed = 0.0;
        for _ in 0..dice.failures(total, p / self.cluster) as u64 {
            // Geometric from 1 with this mean.
            let q = libm::log(1.0 - 1.0 / self.cluster);
            failed += libm::floor(libm::log(dice.unit()) / q) + 1.0;
        }
        Counts { total, failed: failed.min(total) }
    }

    fn block(&self, dice: &mut Dice, start: i64, at: i64) -> Block {
        let (p, d, share) = (self.p_at(at), self.d_at(at), self.share_at(at));
        let requests = self.rps * BLOCK_SECS as f64;
        let candidate = self.counts_of(dice, requests * share, p + d);
        let stable = self.counts_of(dice, requests * (1.0 - share), p);
        Block { start, candidate: Some(candidate), stable: Some(stable) }
    }
}

/// What one rollout came to: seconds from its start to the first look that said so, `None` for never.
#[derive(Clone, Copy, Debug, Default)]
pub struct Outcome {
    pub worse: Option<i64>,
    pub worse_or_higher: Option<i64>,
    pub same: Option<i64>,
}

/// Plays one rollout, looking at every block edge.
pub fn simulate(trial: &Trial, seed: u64) -> Outcome {
    const START: i64 = 1_795_230_540;
    let mut dice = Dice::new(seed);
    let terms = Terms { limit: Some(trial.limit), ..Terms::new(Utc::from_secs(START), None) };
    let mut judge = Judge::new(terms);
    let mut out = Outcome::default();
    for at in (0..trial.secs).step_by(BLOCK_SECS as usize) {
        let block = trial.block(&mut dice, START + at, at);
        judge.feed(&[block]);
        let edge = Utc::from_secs(START + at + BLOCK_SECS);
        let look = At { now: edge, newest_sample: Some(edge), scrape_secs: 0, skew_ms: 0 };
        let secs = at + BLOCK_SECS;
        match judge.word_now(&look) {
            Word::Worse => {
                out.worse.get_or_insert(secs);
                out.worse_or_higher.get_or_insert(secs);
                return out;
            }
            Word::Higher => {
                out.worse_or_higher.get_or_insert(secs);
            }
            Word::Same | Word::Better => {
                out.same.get_or_insert(secs);
            }
            Word::Unsure(_) | Word::NoTraffic(_) | Word::NoData | Word::NoBaseline | Word::NotJudged => {}
        }
    }
    out
}

/// Many rollouts of one kind.
pub fn many(trial: &Trial, rollouts: u32) -> Vec<Outcome> {
    (0..rollouts).map(|i| simulate(trial, 0x5eed_0000 + u64::from(i))).collect()
}

/// The part of the rollouts for which something happened.
pub fn part(all: &[Outcome], f: impl Fn(&Outcome) -> bool) -> f64 {
    all.iter().filter(|o| f(o)).count() as f64 / all.len().max(1) as f64
}

/// The middle of the seconds until something happened; a rollout where it never did counts as endless.
pub fn median(all: &[Outcome], f: impl Fn(&Outcome) -> Option<i64>) -> Option<i64> {
    let mut secs: Vec<i64> = all.iter().map(|o| f(o).unwrap_or(i64::MAX)).collect();
    secs.sort_unstable();
    secs.get(secs.len() / 2).copied().filter(|s| *s != i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rollouts(few: u32) -> u32 {
        std::env::var("ANDON_TRIALS").ok().and_then(|n| n.parse().ok()).unwrap_or(few)
    }

    /// A budget, and three standard errors of what a sample of this size can show.
    fn at_most(budget: f64, n: u32) -> f64 {
        budget + 3.0 * libm::sqrt(budget * (1.0 - budget) / f64::from(n))
    }

    fn show(what: &str, all: &[Outcome]) {
        let worse = 100.0 * part(all, |o| o.worse.is_some());
        let higher = 100.0 * part(all, |o| o.worse_or_higher.is_some());
        let same = 100.0 * part(all, |o| o.same.is_some());
        let (w, h) = (median(all, |o| o.worse), median(all, |o| o.worse_or_higher));
        let s = median(all, |o| o.same);
        println!("{what}: WORSE {worse:.2}% at {w:?}s, or HIGHER {higher:.2}% at {h:?}s, SAME {same:.2}% at {s:?}s");
    }

    #[test]
    fn identical_tracks_are_hardly_ever_called_worse() {
        let n = rollouts(120);
        for (what, trial, budget) in [
            ("independent", Trial::usual(), 0.025),
            ("rare", Trial { p: 0.001, ..Trial::usual() }, 0.025),
            ("shared spike", Trial { spike: true, ..Trial::usual() }, 0.025),
            ("clusters of 2", Trial { cluster: 2.0, ..Trial::usual() }, 0.08),
        ] {
            let all = many(&trial, n);
            show(what, &all);
            // Stricter than asked: HIGHER counts as an alarm too.
            let alarms = part(&all, |o| o.worse_or_higher.is_some());
            assert!(alarms <= at_most(budget, n), "{what}: {alarms}");
        }
    }

    #[test]
    fn a_bad_candidate_is_found_in_time_and_a_borderline_one_is_not_acquitted() {
        let n = rollouts(60);
        for (what, d, from, within) in
            [("+5 pp", 0.05, 0, 40), ("+1 pp", 0.01, 0, 200), ("+1 pp late", 0.01, 1050, 400)]
        {
            let trial = Trial { d, worse_from: from, secs: 2700, ..Trial::usual() };
            let all = many(&trial, n);
            show(what, &all);
            let found = median(&all, |o| o.worse_or_higher).expect("found in most rollouts") - from;
            assert!(found <= within, "{what}: {found} s");
        }
        let all = many(&Trial { d: 0.005, ..Trial::usual() }, n);
        show("+0.5 pp", &all);
        let acquitted = part(&all, |o| o.same.is_some());
        assert!(acquitted <= at_most(0.025, n), "false SAME {acquitted}");
    }
}
