//! The limit in force: how much worse than stable a candidate may be, and where that number comes from.
//!
//! Product rule: what would burn the budget at 3x if everyone had it. It depends on how stable fares, so it is
//! worked out anew at every look, from stable's counts between the rollout's start and that look.

use super::words::{decimal, points};
use crate::core::world::figures::Signal;
use serde::{Deserialize, Serialize};

/// Bounds of the derived limit, as fractions.
pub const LEAST: f64 = 0.0005;
pub const MOST: f64 = 0.005;
/// The limit for the share of slow requests, unless a person wrote another: 1 pp (maths page 7).
pub const SLOW: f64 = 0.01;
/// The burn that the limit is derived from.
pub const BURN: f64 = 3.0;

/// A difference, as a fraction, and its origin.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Limit {
    pub margin: f64,
    pub from: Origin,
}

#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub enum Origin {
    /// A person wrote it down.
    Configured,
    /// `3 * (1 - slo) - p_stable`, between the bounds.
    Burn { slo: f64, p_stable: f64 },
    /// The same would be under 0.05 pp: the target leaves no more.
    Least { slo: f64 },
    /// The same would be over 0.5 pp.
    Most { slo: f64 },
    /// No target is known: 0.5 pp.
    Default,
    /// Of latency: 1 pp more slow requests.
    Latency,
    /// A record told the margin alone.
    Recorded,
}

impl Limit {
    /// The limit of one signal. Latency has its own: a share of slow requests at one bound is no budget.
    pub fn on(signal: Signal, configured: Option<f64>, slo: Option<f64>, p_stable: f64) -> Limit {
        let limit = Limit::of(configured, slo, p_stable);
        match signal {
            Signal::Latency if limit.from != Origin::Configured => Limit { margin: SLOW, from: Origin::Latency },
            Signal::Errors | Signal::Latency | Signal::Correctness => limit,
        }
    }

    /// The limit for a configured margin, else for a target and stable's rate so far.
    /// A configured margin that is no fraction in `[0, 1]` and a target outside `(0, 1]` count as not given.
    pub fn of(configured: Option<f64>, slo: Option<f64>, p_stable: f64) -> Limit {
        if let Some(margin) = configured.filter(|m| (0.0..=1.0).contains(m)) {
            return Limit { margin, from: Origin::Configured };
        }
        let Some(slo) = slo.filter(|s| *s > 0.0 && *s <= 1.0) else {
            return Limit { margin: MOST, from: Origin::Default };
        };
        let derived = BURN * (1.0 - slo) - p_stable;
        if derived < LEAST {
            Limit { margin: LEAST, from: Origin::Least { slo } }
        } else if derived > MOST {
            Limit { margin: MOST, from: Origin::Most { slo } }
        } else {
            Limit { margin: derived, from: Origin::Burn { slo, p_stable } }
        }
    }

    /// `0.26` in points, as the screen's short form.
    pub fn short(&self) -> String {
        decimal(self.margin * 100.0, 2)
    }

    /// Where it comes from, in a few words: `3x burn of 99.9`.
    pub fn origin(&self) -> String {
        match self.from {
            Origin::Configured => "configured".to_owned(),
            Origin::Burn { slo, .. } => format!("3x burn of {}", target(slo)),
            Origin::Least { slo } => format!("the least, 3x burn of {} leaves less", target(slo)),
            Origin::Most { slo } => format!("the most, 3x burn of {} allows more", target(slo)),
            Origin::Default => "default, no target known".to_owned(),
            Origin::Latency => "default for latency".to_owned(),
            Origin::Recorded => "as recorded".to_owned(),
        }
    }

    /// The whole sum for the page that shows how it was computed.
    pub fn sum(&self) -> String {
        match self.from {
            Origin::Burn { slo, p_stable } => {
                let stable = decimal(p_stable * 100.0, 2);
                format!("{} = 3 x (100 - {}) - {stable}, what burns 3x if everyone had it", self.short(), target(slo))
            }
            Origin::Configured
            | Origin::Least { .. }
            | Origin::Most { .. }
            | Origin::Default
            | Origin::Latency
            | Origin::Recorded => {
                format!("{} ({})", points(self.margin), self.origin())
            }
        }
    }
}

/// `99.9` for 0.999, with as many decimals as the target was written with (4 at most).
fn target(slo: f64) -> String {
    let s = decimal(slo * 100.0, 4);
    s.trim_end_matches('0').trim_end_matches('.').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_limit_follows_the_target_and_stable_between_its_bounds() {
        let of = |slo, p| Limit::of(None, Some(slo), p);
        let l = of(0.999, 0.0004);
        assert!((l.margin - 0.0026).abs() < 1e-12);
        assert_eq!((l.short().as_str(), l.origin().as_str()), ("0.26", "3x burn of 99.9"));
        assert_eq!(l.sum(), "0.26 = 3 x (100 - 99.9) - 0.04, what burns 3x if everyone had it");
        assert_eq!(of(0.99, 0.001).margin, MOST);
        assert_eq!(of(0.999, 0.004).margin, LEAST);
        assert_eq!(of(1.0, 0.0).margin, LEAST);
        assert_eq!(of(0.9995, 0.0).origin(), "3x burn of 99.95");
    }

    #[test]
    fn a_person_goes_first_and_nonsense_counts_as_nothing() {
        assert_eq!(Limit::of(Some(0.02), Some(0.999), 0.0).from, Origin::Configured);
        assert_eq!(Limit::of(Some(0.0), None, 0.0).margin, 0.0);
        assert_eq!(Limit::of(Some(f64::NAN), None, 0.0).from, Origin::Default);
        assert_eq!(Limit::of(None, Some(99.9), 0.0).from, Origin::Default);
    }
}
