//! Plain functions over numbers. They know nothing of rollouts, time of day, words or screens.
//!
//! Rates and differences are fractions (0.005 is 0.5 percentage points), times are seconds, counts are
//! `f64 >= 0` because Prometheus gives fractions. `None` means undefined or no data and is never 0.
//! Logarithms and roots go through `libm`: the same bits on every platform, so two consoles agree.

pub mod avsd;
pub mod burn;
pub mod counters;
pub mod dispersion;
pub mod histogram;
pub mod needed;
pub mod one_look;
pub mod wilson;

use serde::{Deserialize, Serialize};

/// Two-sided 95 % point of the normal distribution.
pub const Z95: f64 = 1.959963984540054;
/// One-sided 80 % point, for power.
pub const Z80: f64 = 0.8416212335729143;

/// Lower and upper limit of something.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Interval {
    pub lo: f64,
    pub hi: f64,
}

impl Interval {
    pub fn new(lo: f64, hi: f64) -> Interval {
        Interval { lo, hi }
    }

    pub fn half_width(self) -> f64 {
        (self.hi - self.lo) / 2.0
    }
}

/// One block of both tracks: `xc` failures of `nc` candidate requests, `xb` of `nb` stable ones.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Pair {
    pub xc: f64,
    pub nc: f64,
    pub xb: f64,
    pub nb: f64,
}

impl Pair {
    pub fn new(xc: f64, nc: f64, xb: f64, nb: f64) -> Pair {
        Pair { xc, nc, xb, nb }
    }

    /// The same with failures clamped to `[0, requests]`; `None` when a track is empty or a number is not finite.
    pub(crate) fn usable(self) -> Option<Pair> {
        let all = [self.xc, self.nc, self.xb, self.nb];
        if all.iter().any(|v| !v.is_finite()) || self.nc <= 0.0 || self.nb <= 0.0 {
            return None;
        }
        let (xc, xb) = (self.xc.clamp(0.0, self.nc), self.xb.clamp(0.0, self.nb));
        Some(Pair { xc, xb, ..self })
    }
}

/// What an interval says about a difference and a margin, in the maths page's own words.
/// The screen's words are [`super::Word`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Call {
    MuchWorse,
    Worse,
    Better,
    NoWorse,
    Inconclusive,
}

/// The ordered rule of the maths page, section 6, rows 4 to 8, on the whole-rollout interval `all` and the
/// recent one, with margin `m`. Only the whole-rollout interval may acquit.
pub fn call(all: Interval, recent: Option<Interval>, m: f64) -> Call {
    let over = |i: Interval| i.lo > m;
    let higher = |i: Interval| i.lo > 0.0 && i.hi >= m;
    if over(all) || recent.is_some_and(over) {
        Call::MuchWorse
    } else if higher(all) || recent.is_some_and(higher) {
        Call::Worse
    } else if all.hi < 0.0 {
        Call::Better
    } else if all.hi < m {
        Call::NoWorse
    } else {
        Call::Inconclusive
    }
}
