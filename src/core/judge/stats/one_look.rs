//! Candidate against stable for one pre-planned look: a gate at the end of a step, a report, an exit code.
//! Never for a view that refreshes (maths page, decision 2): that is [`super::avsd`].

use super::wilson::{clean_needed, wilson, wilson_cc};
use super::{Call, Interval, Pair, Z80, Z95, call};

/// Newcombe's square-and-add on continuity-corrected Wilson limits (his method 11).
/// `(-1, 1)` when a track is empty.
pub fn newcombe_cc(p: Pair) -> Interval {
    newcombe_cc_phi(p, 1.0)
}

/// The same with dispersion `phi >= 1`: the limits are taken on `x/phi` of `n/phi`, the estimate stays.
pub fn newcombe_cc_phi(p: Pair, phi: f64) -> Interval {
    let Some(p) = p.usable() else {
        return Interval::new(-1.0, 1.0);
    };
    let phi = phi.max(1.0);
    let (pc, pb) = (p.xc / p.nc, p.xb / p.nb);
    let c = wilson_cc(p.xc / phi, p.nc / phi);
    let b = wilson_cc(p.xb / phi, p.nb / phi);
    let d = pc - pb;
    let below = libm::hypot(pc - c.lo, b.hi - pb);
    let above = libm::hypot(c.hi - pc, pb - b.lo);
    Interval::new((d - below).max(-1.0), (d + above).min(1.0))
}

/// Newcombe's method 10, on plain Wilson limits. For comparison: one unlucky failure in a tiny candidate makes it say
/// "worse" (maths page 4.2).
pub fn newcombe(p: Pair) -> Interval {
    let Some(p) = p.usable() else {
        return Interval::new(-1.0, 1.0);
    };
    let (pc, pb) = (p.xc / p.nc, p.xb / p.nb);
    let (c, b) = (wilson(p.xc, p.nc), wilson(p.xb, p.nb));
    let d = pc - pb;
    Interval::new(d - libm::hypot(pc - c.lo, b.hi - pb), d + libm::hypot(c.hi - pc, pb - b.lo))
}

/// Agresti and Caffo: one success and one failure added to each track. For comparison: it drags rare failures upward.
pub fn agresti_caffo(p: Pair) -> Interval {
    let Some(p) = p.usable() else {
        return Interval::new(-1.0, 1.0);
    };
    let (c, b) = ((p.xc + 1.0) / (p.nc + 2.0), (p.xb + 1.0) / (p.nb + 2.0));
    let half = Z95 * libm::sqrt(c * (1.0 - c) / (p.nc + 2.0) + b * (1.0 - b) / (p.nb + 2.0));
    Interval::new(c - b - half, c - b + half)
}

/// The word for one look with margin `m`.
pub fn verdict_one_look(p: Pair, m: f64) -> Call {
    call(newcombe_cc(p), None, m)
}

/// Candidate requests for one look to exclude `bound` with about 80 % power (maths page 4.4). `p0` and `p1` are
/// the rates planned with, `ratio` is stable requests per candidate request, `phi` the dispersion.
/// `bound = m` with `p1 = p0` plans "no worse"; `bound = 0` with the effect feared plans "worse".
/// `None` when the bound itself is planned with: no count would do.
pub fn n_required(p0: f64, p1: f64, bound: f64, ratio: f64, phi: f64) -> Option<f64> {
    let gap = p1 - p0 - bound;
    let a = ratio / (1.0 + ratio);
    let p = (p1 + ratio * p0) / (1.0 + ratio);
    let pc = (p + a * bound).clamp(0.0, 1.0);
    let pb = (p - (1.0 - a) * bound).clamp(0.0, 1.0);
    let at_bound = pc * (1.0 - pc) + pb * (1.0 - pb) / ratio;
    let at_truth = p1 * (1.0 - p1) + p0 * (1.0 - p0) / ratio;
    let s = Z95 * libm::sqrt(at_bound) + Z80 * libm::sqrt(at_truth);
    let mut n = s * s / (gap * gap);
    if p1 - p0 < bound {
        // A gap too small for any clean count is already astronomically far in the formula above.
        n = clean_needed(bound - (p1 - p0)).map_or(n, |clean| n.max(clean as f64));
    }
    Some(n * phi.max(1.0)).filter(|n| n.is_finite())
}
