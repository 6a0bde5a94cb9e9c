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

mod many;
mod measured;
mod reckon;
mod rules;
mod say;
#[cfg(test)]
mod tests;

pub use many::Burns;
pub use measured::Measured;
pub use rules::{Lines, Period, Rules};

use super::freshness::Age;
use super::stats::Interval;
use super::words;
use crate::core::time::Utc;
use crate::core::world::aim::Aim;
use crate::core::world::figures::Counts;
use serde::{Deserialize, Serialize};

const M5: u32 = 300;
const M30: u32 = 1_800;
const H1: u32 = 3_600;
const H2: u32 = 7_200;
const H6: u32 = 21_600;
const D1: u32 = 86_400;
const D3: u32 = 259_200;

/// Every window the pairs need, in seconds; the period comes on top ([`Rules::period_window`]).
pub const WINDOWS: [u32; 7] = [M5, M30, H1, H2, H6, D1, D3];

/// The short and the long window that everything quick is told by, seconds.
pub const SHORT: u32 = M5;
pub const LONG: u32 = H1;

/// A single failure that costs more of the period's budget than this: too little traffic for the target.
pub const TOO_LITTLE: f64 = 0.1;

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

/// Who is to be woken: what the pairs of the workbook say, or only the line while something is rolled out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Priority {
    P1,
    P2,
}

/// The burn of one signal of a service, ready to be shown and to be acted on.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Burn {
    pub word: Word,
    pub tier: Tier,
    /// The line on 1 h and 5 m first, then the pairs whose long window fits into the period.
    pub pairs: Vec<Pair>,
    /// Fraction of the period's budget left, negative when overspent. `None`: the period was not answered, it has
    /// only just begun, or the target is 100 % and there is no budget.
    pub left: Option<f64>,
    pub empty: Option<Empty>,
    /// The same reckoning with the old errors that leave a rolling period meanwhile: seconds, `f64::MAX` for never.
    /// `None` where the slice about to leave is not known.
    #[serde(default)]
    pub rolling_secs: Option<f64>,
    /// What 1 h and 5 m really say, with so few requests.
    pub range_1h: Option<Interval>,
    #[serde(default)]
    pub range_5m: Option<Interval>,
    /// Failed and all requests of the last hour; the burn is never shown without them where they are known.
    #[serde(default)]
    pub counts_1h: Option<Counts>,
    /// Requests of the whole period and the seconds they were counted over, where they are known.
    #[serde(default)]
    pub in_period: Option<(f64, u32)>,
    /// Part of the period's budget that one failure costs.
    #[serde(default)]
    pub per_failure: Option<f64>,
    /// Over the line on 1 h and 5 m while a rollout is live: propose hold (or the cord).
    pub propose_hold: bool,
    /// `1 of 10 requests failed`, when the guard holds a page back.
    pub handful: Option<String>,
    /// The hour is a recorded ratio: nobody knows of how many requests.
    #[serde(default)]
    pub n_unknown: bool,
    /// Some window had more failures than requests.
    #[serde(default)]
    pub inconsistent: bool,
    /// The target is 100 %: there is no budget, and any failure burns without end.
    #[serde(default)]
    pub no_budget: bool,
    pub age: Age,
    #[serde(default)]
    pub rules: Option<Rules>,
    /// The target judged against, with who wrote it down.
    #[serde(default)]
    pub aim: Option<Aim>,
    /// The newest sample behind the quick windows.
    #[serde(default)]
    pub sample: Option<Utc>,
}

impl Burn {
    /// Judges windows (`(seconds, counts or ratio)`; an absent window was not answered).
    pub fn judge<M: Copy + Into<Measured>>(rows: &[(u32, M)], rules: &Rules, live_rollout: bool, age: Age) -> Burn {
        let rows: Vec<(u32, Measured)> = rows.iter().map(|r| (r.0, r.1.into())).collect();
        let windows = reckon::Windows(&rows);
        let pairs = table(&windows, rules, live_rollout);
        let (m5, h1) = (windows.get(M5), windows.get(H1));
        let word = word(&pairs, m5, h1, rules, age);
        let known = age != Age::Withdrawn;
        let tier = pairs.iter().filter(|p| p.over && known).map(Pair::raises).max().unwrap_or(Tier::Nothing);
        let left = windows.left(rules);
        let line_over = pairs.first().is_some_and(|p| p.over && !p.held_back);
        let handful = pairs.iter().find(|p| p.held_back).and_then(|p| {
            let c = windows.get(p.long_secs)?.counts()?;
            Some(format!("{} of {} requests failed", words::count(c.failed), words::count(c.total)))
        });
        let in_period = windows.in_period(rules);
        Burn {
            word,
            tier,
            left,
            empty: left.and_then(|l| windows.empty(l, rules, word)),
            rolling_secs: left.and_then(|l| windows.rolling(l, rules, word)),
            range_1h: h1.and_then(|m| m.range(rules.slo)),
            range_5m: m5.and_then(|m| m.range(rules.slo)),
            counts_1h: h1.and_then(Measured::counts),
            per_failure: in_period.and_then(|(n, _)| reckon::cost_of_one(n, rules.slo)),
            in_period,
            propose_hold: known && live_rollout && line_over,
            handful,
            n_unknown: h1.is_some_and(|m| m.counts().is_none()),
            inconsistent: rows.iter().any(|r| r.1.is_inconsistent()),
            no_budget: rules.slo >= 1.0,
            pairs,
            age,
            rules: Some(*rules),
            aim: None,
            sample: None,
        }
    }

    /// What a record tells: a word and two rates. Everything else is not known.
    pub fn recorded(word: Word, long: Option<f64>, short: Option<f64>) -> Burn {
        let line = Lines::default().line;
        let (tier, held_back) = (Tier::Page, false);
        let over = word == Word::Burning;
        let pair = Pair { long_secs: H1, short_secs: M5, factor: line, tier, long, short, over, held_back };
        Burn {
            word,
            tier: if over { Tier::Page } else { Tier::Nothing },
            pairs: vec![pair],
            left: None,
            empty: None,
            rolling_secs: None,
            range_1h: None,
            range_5m: None,
            counts_1h: None,
            in_period: None,
            per_failure: None,
            propose_hold: false,
            handful: None,
            n_unknown: false,
            inconsistent: false,
            no_budget: false,
            age: Age::Fresh,
            rules: None,
            aim: None,
            sample: None,
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

    /// The line in force that is always drawn.
    pub fn line(&self) -> f64 {
        self.pairs.first().map_or(Lines::default().line, |p| p.factor)
    }

    /// Who is to be woken by it, if anybody.
    pub fn priority(&self) -> Option<Priority> {
        let mut page = self.pairs.iter().enumerate().filter(|(_, p)| p.over && p.raises() == Tier::Page);
        if self.age == Age::Withdrawn {
            return None;
        }
        page.next_back().map(|(i, _)| if i == 0 { Priority::P2 } else { Priority::P1 })
    }
}

impl Pair {
    fn raises(&self) -> Tier {
        if self.held_back { Tier::Ticket } else { self.tier }
    }
}

fn table(windows: &reckon::Windows<'_>, rules: &Rules, live_rollout: bool) -> Vec<Pair> {
    let Lines { line, page, ticket } = rules.lines;
    // The line pages while something is being rolled out; without a rollout it is a ticket.
    let line_tier = if live_rollout { Tier::Page } else { Tier::Ticket };
    let wanted = [
        (line, H1, M5, line_tier),
        (rules.scaled(page[0]), H1, M5, Tier::Page),
        (rules.scaled(page[1]), H6, M30, Tier::Page),
        (rules.scaled(ticket[0]), D1, H2, Tier::Ticket),
        (rules.scaled(ticket[1]), D3, H6, Tier::Ticket),
    ];
    wanted
        .into_iter()
        .filter(|p| p.1 <= rules.period_secs)
        .map(|(factor, long_secs, short_secs, tier)| {
            let (l, s) = (windows.get(long_secs), windows.get(short_secs));
            let rate = |m: Option<Measured>| m.and_then(|m| m.rate(rules.slo));
            let (long, short) = (rate(l), rate(s));
            let over = [long, short].iter().all(|b| b.is_some_and(|b| b > factor));
            let enough = l.is_some_and(|m| m.guarded(rules.slo));
            let pages = tier == Tier::Page || (long_secs, short_secs) == (H1, M5);
            let held_back = over && pages && rules.guard && !enough;
            Pair { long_secs, short_secs, factor, tier, long, short, over, held_back }
        })
        .collect()
}

fn word(pairs: &[Pair], m5: Option<Measured>, h1: Option<Measured>, rules: &Rules, age: Age) -> Word {
    let (Some(now), Some(hour), true) = (m5, h1, age != Age::Withdrawn) else {
        return Word::NoData;
    };
    let quick = |p: &&Pair| p.long_secs == H1 || p.long_secs == H6;
    let burning = pairs.iter().filter(quick).any(|p| p.over && !p.held_back);
    let held_back = pairs.iter().filter(quick).any(|p| p.held_back);
    let over_line = |m: Measured| m.rate(rules.slo).is_some_and(|b| b > rules.lines.line);
    let long_over = pairs.iter().filter(quick).any(|p| p.long.is_some_and(|b| b > p.factor));
    if burning {
        Word::Burning
    } else if now.is_idle() {
        Word::NoTraffic
    } else if held_back || over_line(now) {
        Word::Rising
    } else if over_line(hour) || long_over {
        Word::Easing
    } else {
        Word::Calm
    }
}

/// The candidate's own share of the burn if everyone had it: `(p_stable + d) / (1 - SLO)`, never negative.
/// `None` for a 100 % target (no budget to divide by) and for a target that is no fraction.
pub fn share_of_candidate(p_stable: f64, d: f64, slo: f64) -> Option<f64> {
    (slo > 0.0 && slo < 1.0).then(|| (p_stable + d).max(0.0) / (1.0 - slo))
}
