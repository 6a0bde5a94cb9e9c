//! How many candidate requests the live view still needs (maths page 5.6): "not enough" always comes with a number.

use super::Z80;
use super::avsd::{ALPHA_WHOLE, boundary};

/// What is planned with.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Plan {
    /// Assumed rate of stable, and of the candidate.
    pub p0: f64,
    pub p1: f64,
    /// The difference to be excluded: the margin for "no worse", 0 for "worse".
    pub bound: f64,
    /// Stable requests per candidate request.
    pub ratio: f64,
    pub phi: f64,
    /// Evidence and variance already collected: `Z - bound*W` (negated when `p1 - p0 < bound`) and `V`.
    pub z0: f64,
    pub v0: f64,
}

/// Beyond this the answer is "cannot be decided", not a number.
const NEVER: f64 = 1e15;

/// Candidate requests until the interval is expected, with 80 % power, to exclude the bound; 0 if it should
/// already. `None` when no number of requests would do.
pub fn needed(plan: Plan) -> Option<f64> {
    let Plan { p0, p1, bound, ratio, phi, z0, v0 } = plan;
    let gap = p1 - p0 - bound;
    let (a, c) = (ratio / (1.0 + ratio), 1.0 / (1.0 + ratio));
    let p = (p1 + ratio * p0) / (1.0 + ratio);
    let v = |x: f64| {
        let grow = a * (1.0 - 2.0 * p) * (a - c) * x;
        (a * p * (1.0 - p) + grow - a * (a * a * a + c * c * c) * x * x).max(0.0)
    };
    let (at_bound, at_truth) = (v(bound), v(p1 - p0));
    let vt = if (p1 - p0 > bound) == (ratio >= 1.0) { at_bound } else { (at_bound + at_truth) / 2.0 };
    let short = |n: f64| {
        let have = z0 + libm::fabs(gap) * a * n;
        let want = phi * boundary((v0 + vt * n) / phi, ALPHA_WHOLE) + Z80 * libm::sqrt(phi * at_truth * n);
        // A NaN counts as short: it ends as "cannot be decided".
        have < want || have.is_nan() || want.is_nan()
    };
    if !short(0.0) {
        return Some(0.0);
    }
    let mut hi = 1.0;
    while short(hi) {
        hi *= 2.0;
        if hi > NEVER {
            return None;
        }
    }
    let mut lo = if hi > 1.0 { hi / 2.0 } else { 0.0 };
    for _ in 0..60 {
        let mid = (lo + hi) / 2.0;
        if short(mid) { lo = mid } else { hi = mid }
    }
    Some(hi)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn planning_with_the_bound_itself_never_ends() {
        let plan = Plan { p0: 0.01, p1: 0.015, bound: 0.005, ratio: 19.0, phi: 2.0, z0: 0.0, v0: 0.0 };
        assert_eq!(needed(plan), None);
        assert_eq!(needed(Plan { ratio: f64::NAN, ..plan }), None);
    }

    #[test]
    fn evidence_in_hand_shortens_the_wait() {
        let plan = Plan { p0: 0.01, p1: 0.01, bound: 0.005, ratio: 19.0, phi: 2.0, z0: 0.0, v0: 0.0 };
        let from_nothing = needed(plan).unwrap();
        let part = needed(Plan { z0: 20.0, v0: 20.0, ..plan }).unwrap();
        assert!(part < from_nothing, "{part} of {from_nothing}");
        assert_eq!(needed(Plan { z0: 1e4, v0: 20.0, ..plan }), Some(0.0));
    }
}
