//! The live view: an interval on the difference that stays valid while people keep looking (AVSD, maths page 5).
//!
//! Only differences inside the same short block are used, then added up, so ramps and drift shared by both
//! tracks cancel. Dispersion is measured elsewhere ([`super::dispersion`]) and comes in as `phi`.

use super::{Call, Interval, Pair};
use serde::{Deserialize, Serialize};

/// The boundary's tuning: no alarm before about 5 excess errors.
const RHO: f64 = 4.0;
/// Error budget of the whole-rollout interval, both sides together.
pub const ALPHA_WHOLE: f64 = 0.04;
/// Error budget shared by all restarts of the recent interval.
const ALPHA_RECENT: f64 = 0.01;
/// Halvings per limit: 2 / 2^48 is under 1e-14.
const STEPS: u32 = 48;

/// Budget of the `k`-th restart of the recent interval, `k >= 1`; they add up to 0.01.
pub fn alpha_recent(k: u32) -> f64 {
    let k = f64::from(k.max(1));
    ALPHA_RECENT / (k * (k + 1.0))
}

/// Robbins' two-sided normal-mixture boundary: a martingale of intrinsic time `v` never leaves it with
/// probability `1 - alpha`.
pub fn boundary(v: f64, alpha: f64) -> f64 {
    boundary_with(v, alpha, RHO)
}

/// The same with another tuning: the larger `rho`, the later it is sharpest.
pub fn boundary_with(v: f64, alpha: f64, rho: f64) -> f64 {
    let t = v + rho;
    libm::sqrt(t * (libm::log(t / rho) + 2.0 * libm::log(1.0 / alpha)))
}

/// The statistics must not delay the obvious: at least 5 requests and half of them failed, while stable
/// fails under a tenth or has no traffic. Counts of the last 60 s.
pub fn circuit_breaker(p: Pair) -> bool {
    p.nc >= 5.0 && p.xc >= p.nc / 2.0 && (p.nb <= 0.0 || p.xb < p.nb / 10.0)
}

/// The running sums over blocks, and how many requests stand behind them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Sums {
    /// Excess candidate failures over "same rate in both".
    pub z: f64,
    /// Exposure; `z / w` is the difference.
    pub w: f64,
    a0: f64,
    a1: f64,
    a2: f64,
    /// Candidate and stable requests in the blocks counted.
    pub nc: f64,
    pub nb: f64,
}

impl Sums {
    /// Adds one block; a block with an empty track (or a number that is not one) counts nothing and says so.
    pub fn add(&mut self, block: Pair) -> bool {
        let Some(Pair { xc, nc, xb, nb }) = block.usable() else {
            return false;
        };
        let n = nc + nb;
        let (a, c, p) = (nb / n, nc / n, (xc + xb) / n);
        let w = nc * a;
        self.z += xc * a - xb * c;
        self.w += w;
        self.a0 += w * p * (1.0 - p);
        self.a1 += w * (1.0 - 2.0 * p) * (a - c);
        self.a2 -= w * (a * a * a + c * c * c);
        self.nc += nc;
        self.nb += nb;
        true
    }

    /// The difference, candidate minus stable (Mantel-Haenszel); `None` before the first block with both.
    pub fn d(&self) -> Option<f64> {
        (self.w > 0.0).then(|| self.z / self.w)
    }

    /// Variance of `z` if the true difference is `delta`.
    pub fn v(&self, delta: f64) -> f64 {
        (self.a0 + self.a1 * delta + self.a2 * delta * delta).max(0.0)
    }

    /// Variance used toward lower limits; the smaller track decides which side must be cautious.
    fn v_lo(&self, delta: f64, d: f64) -> f64 {
        if self.nc <= self.nb { self.v(delta) } else { (self.v(delta) + self.v(d)) / 2.0 }
    }

    fn v_hi(&self, delta: f64, d: f64) -> f64 {
        if self.nc <= self.nb { (self.v(delta) + self.v(d)) / 2.0 } else { self.v(delta) }
    }

    /// Evidence that the difference lies above `delta`, in boundaries: over 1 is sure.
    fn over(&self, delta: f64, d: f64, phi: f64, alpha: f64) -> f64 {
        (self.z - delta * self.w) / (phi * boundary(self.v_lo(delta, d) / phi, alpha))
    }

    fn under(&self, delta: f64, d: f64, phi: f64, alpha: f64) -> f64 {
        (delta * self.w - self.z) / (phi * boundary(self.v_hi(delta, d) / phi, alpha))
    }

    /// Whether the lower limit lies above `delta`, without searching for the limit.
    pub fn surely_above(&self, delta: f64, phi: f64, alpha: f64) -> bool {
        self.d().is_some_and(|d| d > delta && self.over(delta, d, phi, alpha) > 1.0)
    }

    /// Whether the upper limit lies below `delta`.
    pub fn surely_below(&self, delta: f64, phi: f64, alpha: f64) -> bool {
        self.d().is_some_and(|d| d < delta && self.under(delta, d, phi, alpha) > 1.0)
    }

    /// The interval, by halving. `(-1, 1)` before the first block with both tracks.
    pub fn interval(&self, phi: f64, alpha: f64) -> Interval {
        let Some(d) = self.d() else {
            return Interval::new(-1.0, 1.0);
        };
        Interval::new(
            search(-1.0, d, |x| self.over(x, d, phi, alpha) > 1.0),
            search(1.0, d, |x| self.under(x, d, phi, alpha) > 1.0),
        )
    }

    /// Evidence gauges in `[0, 1]`, 1 = decided: toward "higher than stable" and toward "surely under `m`".
    pub fn evidence(&self, m: f64, phi: f64, alpha: f64) -> (f64, f64) {
        self.d().map_or((0.0, 0.0), |d| {
            (self.over(0.0, d, phi, alpha).clamp(0.0, 1.0), self.under(m, d, phi, alpha).clamp(0.0, 1.0))
        })
    }
}

/// Sums and the error budget they are judged under.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Instance {
    pub sums: Sums,
    pub alpha: f64,
}

/// The ordered rule of [`super::call`] by point tests, without searching for limits: cheap enough for every
/// look of a replay. Also says whether it was the recent instance that decided.
pub fn decide(whole: Instance, recent: Option<Instance>, m: f64, phi: f64) -> (Call, bool) {
    let above = |i: Instance, x: f64| i.sums.surely_above(x, phi, i.alpha);
    let below = |i: Instance, x: f64| i.sums.surely_below(x, phi, i.alpha);
    let over = |i: Instance| above(i, m);
    let higher = |i: Instance| above(i, 0.0) && !below(i, m);
    if over(whole) {
        (Call::MuchWorse, false)
    } else if recent.is_some_and(over) {
        (Call::MuchWorse, true)
    } else if higher(whole) {
        (Call::Worse, false)
    } else if recent.is_some_and(higher) {
        (Call::Worse, true)
    } else if below(whole, 0.0) {
        (Call::Better, false)
    } else if below(whole, m) {
        (Call::NoWorse, false)
    } else {
        (Call::Inconclusive, false)
    }
}

/// The point nearest to `d` that is still excluded, coming from `far`; `far` itself if not even that is.
fn search(far: f64, d: f64, excluded: impl Fn(f64) -> bool) -> f64 {
    if !excluded(far) {
        return far;
    }
    let (mut out, mut kept) = (far, d);
    for _ in 0..STEPS {
        let mid = (out + kept) / 2.0;
        if excluded(mid) { out = mid } else { kept = mid }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn sums(blocks: &[(f64, f64, f64, f64)]) -> Sums {
        let mut s = Sums::default();
        for b in blocks {
            s.add(Pair::new(b.0, b.1, b.2, b.3));
        }
        s
    }

    #[test]
    fn the_clean_counts_of_the_maths_page_pass_and_one_less_does_not() {
        let clean = |n: u32| {
            let mut s = Sums::default();
            s.add(Pair::new(0.0, f64::from(n), 0.0, f64::from(n) * 19.0));
            s
        };
        assert!(clean(1500).surely_below(0.005, 1.0, ALPHA_WHOLE));
        assert!(!clean(1490).surely_below(0.005, 1.0, ALPHA_WHOLE));
        assert!(clean(2990).surely_below(0.005, 2.0, ALPHA_WHOLE));
        assert!(!clean(2980).surely_below(0.005, 2.0, ALPHA_WHOLE));
    }

    #[test]
    fn junk_blocks_count_nothing() {
        let mut s = Sums::default();
        for b in [
            Pair::new(1.0, 0.0, 0.0, 9.0),
            Pair::new(1.0, 9.0, 0.0, 0.0),
            Pair::new(f64::NAN, 9.0, 0.0, 9.0),
            Pair::new(1.0, f64::INFINITY, 0.0, 9.0),
            Pair::new(1.0, -4.0, 0.0, 9.0),
        ] {
            assert!(!s.add(b));
        }
        assert_eq!(s, Sums::default());
        assert!(s.add(Pair::new(20.0, 10.0, -3.0, 10.0)));
        assert_eq!(s.d(), Some(1.0));
    }

    proptest! {
        /// The replay decides by single points, the screen prints the searched limits: they must agree.
        #[test]
        fn a_point_test_says_what_the_searched_limit_says(
            raw in prop::collection::vec((0u32..40, 1u32..400, 0u32..80, 1u32..4000), 1..30),
            m in 0.0005f64..0.1, phi in 1.0f64..8.0,
        ) {
            let blocks: Vec<_> = raw.iter()
                .map(|&(xc, nc, xb, nb)| (f64::from(xc.min(nc)), f64::from(nc), f64::from(xb.min(nb)), f64::from(nb)))
                .collect();
            let s = sums(&blocks);
            let i = s.interval(phi, ALPHA_WHOLE);
            for x in [0.0, m] {
                if (i.lo - x).abs() > 1e-9 {
                    prop_assert_eq!(s.surely_above(x, phi, ALPHA_WHOLE), i.lo > x);
                }
                if (i.hi - x).abs() > 1e-9 {
                    prop_assert_eq!(s.surely_below(x, phi, ALPHA_WHOLE), i.hi < x);
                }
            }
        }
    }
}
