//! Latency from classic histograms: percentiles exactly as Prometheus computes them, what they surely lie between, the
//! share of slow requests, and how two histograms differ (maths page 7). Knows nothing of queries or of tracks.
//!
//! A verdict rests on the share of slow requests at one bound ([`slower_than`]), never on a percentile: percentiles of
//! buckets are guesses inside a bucket. What compares whole histograms ([`mann_whitney`], [`ks`]) is for display.

use super::wilson::wilson;
use super::{Interval, Pair};

/// Differences between neighbouring counts below this part of their sum are rounding (Prometheus: 1e-12).
const ROUNDING: f64 = 1e-12;

/// Requests that took at most `le` seconds, all buckets below included.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Bucket {
    /// Upper bound in seconds; infinite for the last.
    pub le: f64,
    /// Cumulative count, at least 0. Prometheus gives fractions.
    pub count: f64,
}

impl Bucket {
    pub fn new(le: f64, count: f64) -> Bucket {
        Bucket { le, count }
    }
}

/// What can be said of a percentile.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Percentile {
    /// Seconds, interpolated inside its bucket. `None`: it lies beyond the last finite bound, which then is `lo`.
    pub secs: Option<f64>,
    /// What it surely lies between (95 %); the bounds of the bucket where both limits lie in one. `None`: not bounded
    /// on that side.
    pub lo: Option<f64>,
    pub hi: Option<f64>,
}

/// `histogram_quantile(q, buckets)` as Prometheus computes it, in any order of the buckets: NaN for a `q` that is none
/// and for histograms without traffic, without an infinite bucket or with that one only; infinite for a `q` outside
/// `[0, 1]`; the highest finite bound for everything beyond it.
pub fn histogram_quantile(q: f64, buckets: &[Bucket]) -> f64 {
    if q.is_nan() {
        return f64::NAN;
    }
    if q < 0.0 {
        return f64::NEG_INFINITY;
    }
    if q > 1.0 {
        return f64::INFINITY;
    }
    ordered(buckets).map_or(f64::NAN, |b| at(q, &b).0)
}

/// Wilson limits of the rank, each mapped through [`histogram_quantile`]. `None` where that is no number.
pub fn quantile_interval(q: f64, buckets: &[Bucket]) -> Option<Interval> {
    let b = ordered(buckets)?;
    let limits = ranks(q, &b)?;
    Some(Interval::new(at(limits.lo, &b).0, at(limits.hi, &b).0))
}

/// A percentile with what it surely lies between. `None` without traffic or for a `q` outside `[0, 1]`.
pub fn percentile(q: f64, buckets: &[Bucket]) -> Option<Percentile> {
    let b = ordered(buckets)?;
    let limits = ranks(q, &b)?;
    let last = b.len() - 1;
    let (value, bucket) = at(q, &b);
    let ((lo, lo_in), (hi, hi_in)) = (at(limits.lo, &b), at(limits.hi, &b));
    let (lo, hi) = if lo_in == hi_in {
        // Interpolation inside one bucket is a guess: all that is known is the bucket.
        let start = if lo_in == 0 { b[0].le.min(0.0) } else { b[lo_in - 1].le };
        (Some(start).filter(|s| s.is_finite()), Some(b[lo_in].le).filter(|e| e.is_finite()))
    } else {
        (Some(lo), (hi_in < last).then_some(hi))
    };
    Some(Percentile { secs: (bucket < last && !value.is_nan()).then_some(value), lo, hi })
}

/// How many requests were slower than a bound, and which bound.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Slow {
    pub slow: f64,
    pub total: f64,
    /// The bound used: the threshold itself, else the largest bound below it, which counts more as slow.
    pub bound: f64,
}

/// Requests slower than `threshold` seconds. `None` when no bound is at or below it, or without an infinite bucket.
/// Never interpolated.
pub fn slower_than(threshold: f64, buckets: &[Bucket]) -> Option<Slow> {
    let b = monotonic(buckets)?;
    let total = b.last()?.count;
    // Bounds are written by people: 0.3 and 0.30000000000000004 are the same.
    let near = threshold + threshold.abs() * 1e-9;
    let used = b.iter().rev().find(|x| x.le.is_finite() && x.le <= near)?;
    Some(Slow { slow: (total - used.count).max(0.0), total, bound: used.le })
}

/// The smallest bound above a percentile of stable's: where to part slow from fast when nobody said it.
pub fn bound_above(q: f64, buckets: &[Bucket]) -> Option<f64> {
    let b = ordered(buckets)?;
    let (value, _) = at(q, &b);
    b.iter().map(|x| x.le).find(|le| *le > value && le.is_finite())
}

/// Counts of both tracks at the bounds they share, cumulative: `(bound, candidate, stable)`. The infinite bucket is one
/// of them. Tracks whose bounds differ are compared at the common ones only, and the caller says so.
pub fn common(candidate: &[Bucket], stable: &[Bucket]) -> Vec<(f64, f64, f64)> {
    let (Some(c), Some(s)) = (monotonic(candidate), monotonic(stable)) else { return Vec::new() };
    c.iter().filter_map(|x| s.iter().find(|y| y.le == x.le).map(|y| (x.le, x.count, y.count))).collect()
}

/// Two histograms beside each other, by their ranks.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Ranks {
    /// Probability that a candidate request is slower than one of stable's, ties counted half; 0.5 is no difference.
    pub auc: f64,
    /// The same as a standard score with ties corrected: above 0 the candidate is slower.
    pub z: f64,
}

/// Mann-Whitney on cumulative bucket counts of the same bounds, lowest first. `None` when a track is empty or the
/// lists differ in length. For display: it asks "different?", and pods differ.
pub fn mann_whitney(candidate: &[f64], stable: &[f64]) -> Option<Ranks> {
    let (c, b) = (steps(candidate), steps(stable));
    let (nc, nb): (f64, f64) = (c.iter().sum(), b.iter().sum());
    if c.len() != b.len() || !(nc > 0.0 && nb > 0.0) {
        return None;
    }
    let n = nc + nb;
    let (mut u, mut below, mut ties) = (0.0, 0.0, 0.0);
    for (x, y) in c.iter().zip(&b) {
        u += x * (below + y / 2.0);
        below += y;
        let t = x + y;
        ties += t * t * t - t;
    }
    let spread = nc * nb / 12.0 * ((n + 1.0) - ties / (n * (n - 1.0)));
    // All in one bucket: nothing differs.
    let z = if spread > 0.0 { (u - nc * nb / 2.0) / libm::sqrt(spread) } else { 0.0 };
    Some(Ranks { auc: u / (nc * nb), z })
}

/// Kolmogorov-Smirnov: the largest distance between the two shares at a bound, in `[0, 1]`. `None` as above.
pub fn ks(candidate: &[f64], stable: &[f64]) -> Option<f64> {
    let (c, b) = (raised(candidate), raised(stable));
    let (nc, nb) = (*c.last()?, *b.last()?);
    if c.len() != b.len() || !(nc > 0.0 && nb > 0.0) {
        return None;
    }
    Some(c.iter().zip(&b).map(|(x, y)| libm::fabs(x / nc - y / nb)).fold(0.0, f64::max))
}

/// Slow requests of both tracks at one of the common bounds (an index into the cumulative lists), as a pair of
/// failures. `None` when there is no such bound.
pub fn slow_pair(candidate: &[f64], stable: &[f64], bound: usize) -> Option<Pair> {
    let (c, b) = (raised(candidate), raised(stable));
    let (nc, nb) = (*c.last()?, *b.last()?);
    Some(Pair::new(nc - c.get(bound)?, nc, nb - b.get(bound)?, nb))
}

/// Wilson limits of the rank `q` among all requests. `None` for a `q` outside `[0, 1]`.
fn ranks(q: f64, b: &[Bucket]) -> Option<Interval> {
    let n = b.last()?.count;
    (0.0..=1.0).contains(&q).then(|| wilson(q * n, n))
}

/// The value at `q` and the bucket it lies in. `b` is ordered, with at least two buckets and traffic.
fn at(q: f64, b: &[Bucket]) -> (f64, usize) {
    let last = b.len() - 1;
    let rank = q * b[last].count;
    let i = b[..last].partition_point(|x| x.count < rank);
    if i == last {
        return (b[last - 1].le, last);
    }
    if i == 0 && b[0].le <= 0.0 {
        return (b[0].le, 0);
    }
    let (start, below) = if i == 0 { (0.0, 0.0) } else { (b[i - 1].le, b[i - 1].count) };
    (start + (b[i].le - start) * ((rank - below) / (b[i].count - below)), i)
}

/// Buckets that a quantile can be taken of: at least two, the last infinite, with traffic.
fn ordered(buckets: &[Bucket]) -> Option<Vec<Bucket>> {
    monotonic(buckets).filter(|b| b.len() >= 2 && b.last().is_some_and(|x| x.count > 0.0))
}

/// Sorted by bound, equal bounds added up, counts that drop raised to the one before. `None` without an infinite
/// bucket, or with a bound or count that is no number.
fn monotonic(buckets: &[Bucket]) -> Option<Vec<Bucket>> {
    if buckets.iter().any(|x| x.le.is_nan() || x.count.is_nan()) {
        return None;
    }
    let mut sorted = buckets.to_vec();
    sorted.sort_by(|x, y| x.le.total_cmp(&y.le));
    if sorted.last()?.le != f64::INFINITY {
        return None;
    }
    let mut out: Vec<Bucket> = Vec::with_capacity(sorted.len());
    for x in sorted {
        match out.last_mut() {
            Some(last) if last.le == x.le => last.count += x.count,
            Some(_) | None => out.push(x),
        }
    }
    let mut before = out[0].count;
    for x in out.iter_mut().skip(1) {
        if x.count < before || rounding(before, x.count) {
            x.count = before;
        }
        before = x.count;
    }
    Some(out)
}

/// Too close to be a difference, as the server judges it.
fn rounding(a: f64, b: f64) -> bool {
    let sum = a.abs() + b.abs();
    if a == 0.0 || b == 0.0 || sum < f64::MIN_POSITIVE {
        return (a - b).abs() < ROUNDING * f64::MIN_POSITIVE;
    }
    (a - b).abs() / sum.min(f64::MAX) < ROUNDING
}

fn raised(cumulative: &[f64]) -> Vec<f64> {
    let mut most = 0.0_f64;
    cumulative
        .iter()
        .map(|x| {
            most = most.max(*x);
            most
        })
        .collect()
}

/// What each bucket holds alone.
fn steps(cumulative: &[f64]) -> Vec<f64> {
    let raised = raised(cumulative);
    let before = std::iter::once(0.0).chain(raised.iter().copied());
    raised.iter().zip(before).map(|(x, y)| x - y).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const INF: f64 = f64::INFINITY;

    fn of(rows: &[(f64, f64)]) -> Vec<Bucket> {
        rows.iter().map(|r| Bucket::new(r.0, r.1)).collect()
    }

    #[test]
    fn a_percentile_beyond_the_last_bound_is_not_invented() {
        let b = of(&[(0.1, 60.0), (0.25, 90.0), (0.5, 97.0), (INF, 100.0)]);
        assert_eq!(histogram_quantile(0.99, &b), 0.5, "what Prometheus prints");
        let p = percentile(0.99, &b).unwrap();
        assert_eq!((p.secs, p.hi), (None, None));
        assert!(p.lo.unwrap() > 0.25, "{p:?}");
        let certain = of(&[(0.1, 600.0), (0.5, 900.0), (INF, 10_000.0)]);
        assert_eq!(percentile(0.99, &certain).unwrap(), Percentile { secs: None, lo: Some(0.5), hi: None });
        // Both limits of the median lie in the first bucket: the bucket is all that is known.
        let p = percentile(0.5, &of(&[(0.1, 9_000.0), (0.25, 9_900.0), (INF, 10_000.0)])).unwrap();
        assert_eq!((p.lo, p.hi), (Some(0.0), Some(0.1)));
        assert!((p.secs.unwrap() - 0.0555).abs() < 1e-3);
        assert_eq!(percentile(0.5, &of(&[(0.1, 0.0), (INF, 0.0)])), None);
        assert_eq!(percentile(1.5, &b), None);
        assert_eq!(percentile(0.5, &[]), None);
    }

    #[test]
    fn order_equal_bounds_and_rounding_are_as_the_server_takes_them() {
        let one = of(&[(INF, 100.0), (0.5, 40.0), (0.1, 60.0), (0.5, 57.0), (0.25, 90.0)]);
        let other = of(&[(0.1, 60.0), (0.25, 90.0), (0.5, 97.0), (INF, 100.0)]);
        assert_eq!(histogram_quantile(0.95, &one), histogram_quantile(0.95, &other));
        let noisy = of(&[(0.1, 60.0), (0.25, 60.000_000_000_001), (INF, 60.0)]);
        assert_eq!(histogram_quantile(1.0, &noisy), 0.1);
        assert!(histogram_quantile(0.5, &of(&[(0.1, f64::NAN), (INF, 3.0)])).is_nan());
    }

    #[test]
    fn slow_is_counted_at_a_bound_and_never_between_two() {
        let b = of(&[(0.1, 60.0), (0.25, 90.0), (0.5, 97.0), (INF, 100.0)]);
        assert_eq!(slower_than(0.25, &b), Some(Slow { slow: 10.0, total: 100.0, bound: 0.25 }));
        assert_eq!(slower_than(0.3, &b), Some(Slow { slow: 10.0, total: 100.0, bound: 0.25 }), "more is bad, not less");
        assert_eq!(slower_than(0.05, &b), None);
        assert_eq!(slower_than(0.1 + 0.2 - 0.05, &b).unwrap().bound, 0.25);
        assert_eq!(bound_above(0.5, &b), Some(0.1));
        assert_eq!(bound_above(0.99, &b), None, "stable is slower than every bound");
        assert_eq!(slower_than(0.25, &b[..3]), None, "without the last bucket nobody knows the total");
    }

    #[test]
    fn other_bounds_are_compared_where_they_meet() {
        let c = of(&[(0.1, 6.0), (0.3, 8.0), (0.5, 9.0), (INF, 10.0)]);
        let s = of(&[(0.1, 60.0), (0.25, 90.0), (0.5, 97.0), (INF, 100.0)]);
        assert_eq!(common(&c, &s), [(0.1, 6.0, 60.0), (0.5, 9.0, 97.0), (INF, 10.0, 100.0)]);
        assert_eq!(mann_whitney(&[0.0, 0.0], &[1.0, 2.0]), None);
        assert_eq!(ks(&[1.0], &[1.0, 2.0]), None);
        assert_eq!(slow_pair(&[1.0, 3.0], &[5.0, 9.0], 0), Some(Pair::new(2.0, 3.0, 4.0, 9.0)));
        assert_eq!(slow_pair(&[1.0], &[5.0], 4), None);
    }
}
