//! Chance for the drill: a small seeded generator and counts drawn from rates, the same on every platform.
//! Knows nothing of services. Not for secrets.

/// SplitMix64 (Steele, Lea, Flood 2014): one addition and three mixes per draw, no state worth saving.
#[derive(Clone, Debug)]
pub struct Rng(u64);

fn mix(mut z: u64) -> u64 {
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

impl Rng {
    /// A stream of its own for each list of keys. A draw named by (seed, service, version, second) does not depend on
    /// what was drawn before, so an act on one service leaves the traffic of the others as it was.
    pub fn of(keys: &[u64]) -> Rng {
        Rng(keys
            .iter()
            .fold(0x9e37_79b9_7f4a_7c15, |h, k| mix(h ^ k.wrapping_mul(0x9e37_79b9_7f4a_7c15)).wrapping_add(*k)))
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        mix(self.0)
    }

    /// Uniform in [0, 1), 53 bits.
    pub fn unit(&mut self) -> f64 {
        (self.next() >> 11) as f64 / 9_007_199_254_740_992.0
    }

    /// Uniform in `lo..hi`, milliseconds or anything else. `lo` when the range is empty.
    pub fn between(&mut self, lo: i64, hi: i64) -> i64 {
        lo + (self.unit() * (hi - lo).max(0) as f64) as i64
    }

    /// Standard normal by Box and Muller; libm, so that no platform rounds differently.
    fn normal(&mut self) -> f64 {
        let u = 1.0 - self.unit();
        let v = self.unit();
        libm::sqrt(-2.0 * libm::log(u)) * libm::cos(std::f64::consts::TAU * v)
    }

    /// Events of a Poisson process with this mean. Exact up to 30, above by the normal with half-integer rounding
    /// (skew there is under a fifth). Zero for a mean that is not positive.
    pub fn poisson(&mut self, mean: f64) -> u64 {
        if mean.is_nan() || mean <= 0.0 {
            return 0;
        }
        if mean > 30.0 {
            return (mean + libm::sqrt(mean) * self.normal() + 0.5).max(0.0) as u64;
        }
        let mut left = self.unit();
        let mut p = libm::exp(-mean);
        let mut k = 0;
        // 200 is 31 standard deviations away: reached only when rounding leaves `left` above what p can take away.
        while left >= p && k < 200 {
            left -= p;
            k += 1;
            p *= mean / k as f64;
        }
        k
    }

    /// Failures among `n` independent requests of which each fails with probability `p` (clamped to 0..=1).
    pub fn binomial(&mut self, n: u64, p: f64) -> u64 {
        if n == 0 || p.is_nan() || p <= 0.0 {
            return 0;
        }
        if p > 0.5 {
            return n - self.binomial(n, 1.0 - p.min(1.0));
        }
        let mean = n as f64 * p;
        if mean < 0.5 {
            return self.poisson(mean).min(n);
        }
        if n <= 40 {
            return (0..n).filter(|_| self.unit() < p).count() as u64;
        }
        if mean < 10.0 {
            return self.poisson(mean).min(n);
        }
        let sd = libm::sqrt(mean * (1.0 - p));
        ((mean + sd * self.normal() + 0.5).max(0.0) as u64).min(n)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_stream_is_the_one_it_always_was() {
        let mut r = Rng::of(&[7, 1]);
        let (a, b) = (r.next(), r.next());
        let mut again = Rng::of(&[7, 1]);
        assert_eq!((a, b), (again.next(), again.next()));
        assert_ne!(Rng::of(&[1, 7]).next(), a, "the order of keys matters");
        assert_ne!(Rng::of(&[7, 2]).next(), a);
    }

    #[test]
    fn counts_have_the_mean_and_the_spread_they_should() {
        for mean in [0.02, 0.7, 6.0, 29.0, 140.0] {
            let mut r = Rng::of(&[3]);
            let draws: Vec<f64> = (0..4000).map(|_| r.poisson(mean) as f64).collect();
            let m = draws.iter().sum::<f64>() / 4000.0;
            let v = draws.iter().map(|x| (x - m) * (x - m)).sum::<f64>() / 4000.0;
            assert!((m - mean).abs() < 5.0 * (mean / 4000.0).sqrt(), "{mean}: mean {m}");
            assert!((v / mean - 1.0).abs() < 0.35, "{mean}: variance {v}");
        }
        for (n, p) in [(6, 0.2), (100, 0.001), (140, 0.2), (30, 0.9), (200, 1.0)] {
            let mut r = Rng::of(&[4]);
            let draws: Vec<u64> = (0..3000).map(|_| r.binomial(n, p)).collect();
            assert!(draws.iter().all(|x| *x <= n));
            let m = draws.iter().sum::<u64>() as f64 / 3000.0;
            let sd = (n as f64 * p * (1.0 - p) / 3000.0).sqrt();
            assert!((m - n as f64 * p).abs() <= 5.0 * sd + 1e-9, "{n} {p}: {m}");
        }
        assert_eq!(Rng::of(&[1]).binomial(50, f64::NAN), 0);
    }
}
