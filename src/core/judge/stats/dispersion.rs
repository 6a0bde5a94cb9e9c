//! How clumped errors come: retries, one bad client, one slow shard. Measured from successive differences of
//! half-minute blocks, so that a real shift in level costs one term only (maths page 5.4).

use super::Pair;
use serde::{Deserialize, Serialize};

/// Assumed until measured: mild clumping.
pub const PHI0: f64 = 2.0;
/// How many measured pairs the assumption weighs.
pub const NU: f64 = 6.0;
const PHI_MAX: f64 = 30.0;
/// One pair may count as at most this many times its expected variance.
const TERM_MAX: f64 = 10.0;

/// Variance of the difference relative to independent requests, as far as seen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Dispersion {
    r: f64,
    v: f64,
    pairs: u32,
    last: Option<Pair>,
}

impl Dispersion {
    /// The next half-minute block. One with an empty track is skipped and the chain goes on over it.
    pub fn add(&mut self, block: Pair) {
        let Some(b) = block.usable() else { return };
        if let Some(a) = self.last.replace(b) {
            self.compare(a, b);
        }
    }

    /// Time without data lies between the last block and the next: they are not successive.
    pub fn gap(&mut self) {
        self.last = None;
    }

    fn compare(&mut self, one: Pair, two: Pair) {
        let (t0, t1) = (Term::of(one), Term::of(two));
        let (w0, w1) = (t0.w, t1.w);
        let dl = (w1 * t1.d + w0 * t0.d) / (w1 + w0);
        let v = w0 * w1 * (t0.var(dl) + t1.var(dl)) / 2.0;
        let step = t1.d - t0.d;
        self.r += (w0 * w1 * step * step / 2.0).min(TERM_MAX * v);
        self.v += v;
        self.pairs += 1;
    }

    /// `phi` under the assumption `phi0` with weight `nu`; in `[1, 30]`.
    pub fn phi_with(&self, phi0: f64, nu: f64) -> f64 {
        if self.pairs == 0 {
            return phi0;
        }
        let t = f64::from(self.pairs);
        let raw = if self.v > 0.0 { self.r / self.v } else { phi0 };
        ((raw * t + nu * phi0) / (t + nu)).clamp(1.0, PHI_MAX)
    }

    /// Whether the pairs seen weigh as much as the assumption.
    pub fn measured(&self) -> bool {
        f64::from(self.pairs) >= NU
    }

    /// `phi` with the defaults.
    pub fn phi(&self) -> f64 {
        self.phi_with(PHI0, NU)
    }
}

struct Term {
    n: Pair,
    w: f64,
    d: f64,
    p: f64,
    a: f64,
    c: f64,
}

impl Term {
    fn of(b: Pair) -> Term {
        let n = b.nc + b.nb;
        let (a, c) = (b.nb / n, b.nc / n);
        Term { n: b, w: b.nc * a, d: b.xc / b.nc - b.xb / b.nb, p: (b.xc + b.xb) / n, a, c }
    }

    fn var(&self, dl: f64) -> f64 {
        let pc = (self.p + self.a * dl).clamp(0.0, 1.0);
        let pb = (self.p - self.c * dl).clamp(0.0, 1.0);
        pc * (1.0 - pc) / self.n.nc + pb * (1.0 - pb) / self.n.nb
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_gap_breaks_the_chain_and_an_empty_block_does_not() {
        let (quiet, loud) = (Pair::new(0.0, 300.0, 40.0, 5700.0), Pair::new(30.0, 300.0, 40.0, 5700.0));
        let mut joined = Dispersion::default();
        joined.add(quiet);
        joined.add(Pair::new(0.0, 0.0, 40.0, 5700.0));
        joined.add(loud);
        assert!(joined.phi() > PHI0);
        let mut broken = Dispersion::default();
        broken.add(quiet);
        broken.gap();
        broken.add(loud);
        assert_eq!(broken.phi(), PHI0);
    }
}
