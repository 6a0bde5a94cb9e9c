//! The burn of a service's error budget: window pairs, one word, a tier, what is left and when it is empty.
//!
//! Judged from counts per window, the long and the short window of a pair together: the long one says that it
//! matters, the short one that it is still going on. Knows nothing of rollouts but whether one is live.
//!
//! The words, decided on the pairs that can page (the 3x line on 1 h and 5 m; 6 h and 30 m), "over" meaning
//! strictly over the factor:
//! - **burning**: both windows of such a pair are over, and the guard lets it count;
//! - **rising**: not burning, but the 5 m window is over the line (or a pair is over that the guard holds back);
//! - **easing**: neither, but a long window (1 h over the line, 6 h over its factor) still is;
//! - **calm**: none of these. A slow pair (1 d, 3 d) changes the tier, never the word.

#[cfg(test)]
mod tests;

use super::freshness::Age;
use super::stats::{Interval, burn};
use super::words;
use crate::core::world::figures::Counts;
use serde::{Deserialize, Serialize};

const M5: u32 = 300;
const M30: u32 = 1_800;
const H1: u32 = 3_600;
const H2: u32 = 7_200;
const H6: u32 = 21_600;
const D1: u32 = 86_400;
const D3: u32 = 259_200;

/// Every window the pairs need, in seconds; the period comes on top.
pub const WINDOWS: [u32; 7] = [M5, M30, H1, H2, H6, D1, D3];

/// The pairs of the workbook (and the 1 d row that the generators add): budget share spent, long, short, tier.
const PAIRS: [(f64, u32, u32, Tier); 4] = [
    (0.02, H1, M5, Tier::Page),
    (0.05, H6, M30, Tier::Page),
    (0.10, D1, H2, Tier::Ticket),
    (0.10, D3, H6, Tier::Ticket),
];

/// What the burn is judged under.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Rules {
    /// Target as a fraction in (0, 1].
    pub slo: f64,
    /// The period the budget is for, in seconds: 30 days unless the team says otherwise.
    pub period_secs: u32,
    /// The line that is always drawn, as a burn rate.
    pub line: f64,
    /// Hold back pages made of a handful of requests. Off for probes, where each one is a decision.
    pub guard: bool,
}

impl Rules {
    pub fn new(slo: f64) -> Rules {
        Rules { slo, period_secs: 30 * D1, line: 3.0, guard: true }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Tier {
    Nothing,
    Ticket,
    Page,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Word {
    Calm,
    Rising,
    Burning,
    Easing,
    /// The series is there and nobody asks for anything.
    NoTraffic,
    /// The 5 m or the 1 h window was not answered, or is too old to judge by.
    NoData,
}

impl Word {
    pub fn word(self) -> &'static str {
        match self {
            Word::Calm => "calm",
            Word::Rising => "rising",
            Word::Burning => "burning",
            Word::Easing => "easing",
            Word::NoTraffic => "NO TRAFFIC",
            Word::NoData => "NO DATA",
        }
    }
}

/// One row of the table.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Pair {
    pub long_secs: u32,
    pub short_secs: u32,
    /// Burn rates strictly over this count.
    pub factor: f64,
    /// What the pair raises when it is over and the guard agrees.
    pub tier: Tier,
    /// Burn rates; `None` without traffic or answer. A burn without end (100 % target) is `f64::MAX`, which
    /// survives JSON.
    pub long: Option<f64>,
    pub short: Option<f64>,
    pub over: bool,
    /// The guard holds it back: too few failures to call it burning.
    pub held_back: bool,
}

/// When the budget is empty, and by which window that was reckoned.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub enum Empty {
    /// Nothing is left now.
    Already,
    /// In this many seconds, if the burn of that window goes on.
    In { secs: f64, window_secs: u32 },
    /// Nothing burns over that window.
    NotAtThisRate { window_secs: u32 },
}

/// The burn of one service, ready to be shown and to be acted on.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Burn {
    pub word: Word,
    pub tier: Tier,
    /// The line on 1 h and 5 m first, then the pairs whose long window fits into the period.
    pub pairs: Vec<Pair>,
    /// Fraction of the period's budget left, negative when overspent. `None`: the period was not answered, or
    /// the target is 100 % and there is no budget.
    pub left: Option<f64>,
    pub empty: Option<Empty>,
    /// What 1 h really says, with so few requests.
    pub range_1h: Option<Interval>,
    /// Over the line on 1 h and 5 m while a rollout is live: propose hold (or the cord).
    pub propose_hold: bool,
    /// `1 of 10 requests failed`, when the guard holds a page back.
    pub handful: Option<String>,
    pub age: Age,
}

fn get(rows: &[(u32, Counts)], secs: u32) -> Option<Counts> {
    rows.iter().find(|r| r.0 == secs).map(|r| r.1)
}

fn rate(c: Option<Counts>, slo: f64) -> Option<f64> {
    c.and_then(|c| burn::burn_rate(c.failed, c.total, slo)).map(|b| b.min(f64::MAX))
}

impl Burn {
    /// Judges counts per window (`(seconds, counts)`; an absent window was not answered).
    pub fn judge(rows: &[(u32, Counts)], rules: &Rules, live_rollout: bool, age: Age) -> Burn {
        let pairs = table(rows, rules, live_rollout);
        let (m5, h1) = (get(rows, M5), get(rows, H1));
        let word = word(&pairs, m5, h1, rules, age);
        let known = age != Age::Withdrawn;
        let tier = pairs.iter().filter(|p| p.over && known).map(Pair::raises).max().unwrap_or(Tier::Nothing);
        let left = get(rows, rules.period_secs)
            .filter(|_| rules.slo < 1.0)
            .and_then(|c| burn::budget_remaining(c.failed, c.total, rules.slo));
        let line_over = pairs.first().is_some_and(|p| p.over && !p.held_back);
        let handful = pairs.iter().find(|p| p.held_back).and_then(|p| {
            let c = get(rows, p.long_secs)?;
            Some(format!("{} of {} requests failed", words::count(c.failed), words::count(c.total)))
        });
        Burn {
            word,
            tier,
            left,
            empty: left.and_then(|l| empty(l, rows, rules, word)),
            range_1h: h1.filter(|c| c.total > 0.0).and_then(|c| burn::burn_interval(c.failed, c.total, rules.slo)),
            propose_hold: known && live_rollout && line_over,
            handful,
            pairs,
            age,
        }
    }

    /// The burn of one window that a pair uses, for a column.
    pub fn over_window(&self, secs: u32) -> Option<f64> {
        self.pairs.iter().find_map(|p| {
            if p.long_secs == secs {
                p.long
            } else if p.short_secs == secs {
                p.short
            } else {
                None
            }
        })
    }
}

impl Pair {
    fn raises(&self) -> Tier {
        if self.held_back { Tier::Ticket } else { self.tier }
    }
}

fn table(rows: &[(u32, Counts)], rules: &Rules, live_rollout: bool) -> Vec<Pair> {
    let period = f64::from(rules.period_secs);
    // The line pages while something is being rolled out; without a rollout it is a ticket.
    let line_tier = if live_rollout { Tier::Page } else { Tier::Ticket };
    let line = (rules.line, H1, M5, line_tier);
    let wanted = PAIRS
        .iter()
        .map(|&(share, long, short, tier)| (burn::mwmb_factor(share, f64::from(long), period), long, short, tier));
    std::iter::once(line)
        .chain(wanted)
        .filter(|p| p.1 <= rules.period_secs)
        .map(|(factor, long_secs, short_secs, tier)| {
            let (l, s) = (get(rows, long_secs), get(rows, short_secs));
            let (long, short) = (rate(l, rules.slo), rate(s, rules.slo));
            let over = [long, short].iter().all(|b| b.is_some_and(|b| b > factor));
            let enough = l.is_some_and(|c| burn::guard(c.failed, c.total, rules.slo));
            let pages = tier == Tier::Page || (long_secs, short_secs) == (H1, M5);
            let held_back = over && pages && rules.guard && !enough;
            Pair { long_secs, short_secs, factor, tier, long, short, over, held_back }
        })
        .collect()
}

fn word(pairs: &[Pair], m5: Option<Counts>, h1: Option<Counts>, rules: &Rules, age: Age) -> Word {
    let (Some(now), Some(hour), true) = (m5, h1, age != Age::Withdrawn) else {
        return Word::NoData;
    };
    let quick = |p: &&Pair| p.long_secs == H1 || p.long_secs == H6;
    let burning = pairs.iter().filter(quick).any(|p| p.over && !p.held_back);
    let held_back = pairs.iter().filter(quick).any(|p| p.held_back);
    let over_line = |c: Counts| rate(Some(c), rules.slo).is_some_and(|b| b > rules.line);
    let long_over = pairs.iter().filter(quick).any(|p| p.long.is_some_and(|b| b > p.factor));
    if burning {
        Word::Burning
    } else if now.total.is_nan() || now.total <= 0.0 {
        Word::NoTraffic
    } else if held_back || over_line(now) {
        Word::Rising
    } else if over_line(hour) || long_over {
        Word::Easing
    } else {
        Word::Calm
    }
}

/// Reckoned by the 5 m window while the burn rises (the hour still hides it), else by the hour.
fn empty(left: f64, rows: &[(u32, Counts)], rules: &Rules, word: Word) -> Option<Empty> {
    if left <= 0.0 {
        return Some(Empty::Already);
    }
    let window_secs = match word {
        Word::Rising => M5,
        Word::Calm | Word::Burning | Word::Easing | Word::NoTraffic => H1,
        Word::NoData => return None,
    };
    let b = rate(get(rows, window_secs), rules.slo)?;
    let secs = burn::time_to_exhaustion(left, b, f64::from(rules.period_secs));
    Some(if secs.is_finite() { Empty::In { secs, window_secs } } else { Empty::NotAtThisRate { window_secs } })
}

/// The candidate's own share of the burn if everyone had it: `(p_stable + d) / (1 - SLO)`, never negative.
/// `None` for a 100 % target (no budget to divide by) and for a target that is no fraction.
pub fn share_of_candidate(p_stable: f64, d: f64, slo: f64) -> Option<f64> {
    (slo > 0.0 && slo < 1.0).then(|| (p_stable + d).max(0.0) / (1.0 - slo))
}
