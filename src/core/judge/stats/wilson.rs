//! Wilson limits of one proportion: plain for the scorecard and burn, continuity-corrected for one look.

use super::{Interval, Z95};

/// Wilson 95 % limits of `x` of `n`. Exactly 0 below at `x = 0`, exactly 1 above at `x = n`; `(0, 1)` at `n = 0`.
pub fn wilson(x: f64, n: f64) -> Interval {
    if n <= 0.0 {
        return Interval::new(0.0, 1.0);
    }
    let x = x.clamp(0.0, n);
    let (p, z2) = (x / n, Z95 * Z95);
    let d = 1.0 + z2 / n;
    let c = (p + z2 / (2.0 * n)) / d;
    let h = Z95 / d * libm::sqrt(p * (1.0 - p) / n + z2 / (4.0 * n * n));
    let lo = if x <= 0.0 { 0.0 } else { (c - h).max(0.0) };
    let hi = if x >= n { 1.0 } else { (c + h).min(1.0) };
    Interval::new(lo, hi)
}

/// Wilson 95 % limits with continuity correction (maths page 4.1).
pub fn wilson_cc(x: f64, n: f64) -> Interval {
    if n <= 0.0 {
        return Interval::new(0.0, 1.0);
    }
    let x = x.clamp(0.0, n);
    let (p, z2) = (x / n, Z95 * Z95);
    let (q, d) = (1.0 - p, 2.0 * (n + z2));
    let under = (z2 - 2.0 - 1.0 / n + 4.0 * p * (n * q + 1.0)).max(0.0);
    let over = (z2 + 2.0 - 1.0 / n + 4.0 * p * (n * q - 1.0)).max(0.0);
    let lo = (2.0 * n * p + z2 - 1.0 - Z95 * libm::sqrt(under)) / d;
    let hi = (2.0 * n * p + z2 + 1.0 + Z95 * libm::sqrt(over)) / d;
    Interval::new(if x <= 0.0 { 0.0 } else { lo.max(0.0) }, if x >= n { 1.0 } else { hi.min(1.0) })
}

/// The smallest error-free candidate that can pass margin `m` at all: the first `n` whose corrected upper
/// limit of `0/n` lies under `m`. 954 for 0.5 pp. `None` when no count can (`m <= 0`).
pub fn clean_needed(m: f64) -> Option<u64> {
    if m.is_nan() || m <= 0.0 {
        return None;
    }
    let passes = |n: u64| wilson_cc(0.0, n as f64).hi < m;
    let mut hi = 1_u64;
    while !passes(hi) {
        if hi >= 1 << 50 {
            return None;
        }
        hi *= 2;
    }
    let mut lo = hi / 2;
    while hi - lo > 1 {
        let mid = lo + (hi - lo) / 2;
        if passes(mid) { hi = mid } else { lo = mid }
    }
    Some(hi)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn empty_is_unknown_and_impossible_counts_are_clamped() {
        assert_eq!(wilson(0.0, 0.0), Interval::new(0.0, 1.0));
        assert_eq!(wilson_cc(0.0, 0.0), Interval::new(0.0, 1.0));
        assert_eq!(wilson(12.0, 10.0), wilson(10.0, 10.0));
        assert_eq!(wilson_cc(-1.0, 10.0), wilson_cc(0.0, 10.0));
    }

    #[test]
    fn the_clean_count_is_the_first_that_passes() {
        for m in [0.5, 0.02, 0.005, 0.001] {
            let n = clean_needed(m).unwrap();
            assert!(wilson_cc(0.0, n as f64).hi < m);
            assert!(wilson_cc(0.0, (n - 1) as f64).hi >= m);
        }
        assert_eq!(clean_needed(0.001), Some(4786));
        assert_eq!(clean_needed(0.0), None);
        assert_eq!(clean_needed(f64::NAN), None);
    }
}
