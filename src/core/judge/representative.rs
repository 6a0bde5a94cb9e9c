//! Whether what the candidate gets is like what stable gets. If not, SAME and BETTER say less than they seem to: a
//! candidate without traffic fails nobody, and one that only gets the easy routes looks good on them.
//!
//! Two checks. **Split**: the observed share of the candidate, its Wilson interval against the configured weight `w`; off
//! when the interval lies outside `[w/2, 2w]` (maths page 3). **Routes**: the share of requests each route has in either
//! track; off when their total variation distance is over [`ROUTES_APART`] and chance does not explain it (chi-square at
//! [`CHANCE_Z`]). A caution, never a word of its own.

use super::stats::Interval;
use super::stats::wilson::wilson;
use super::words::{decimal, percent};
use crate::core::world::target::{Strategy, TargetState};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Total variation distance between the two mixes of routes from which on they are not alike: every tenth request would
/// have to go elsewhere to make them so.
pub const ROUTES_APART: f64 = 0.10;
/// One-sided normal point of the chi-square test on the routes: 0.1 %.
pub const CHANCE_Z: f64 = 3.090_232_306_167_813;
/// Routes that chance alone would give fewer requests than this are taken together.
const LEAST_EXPECTED: f64 = 5.0;
/// Fewer requests of both tracks together than this say nothing of a share.
const LEAST_REQUESTS: f64 = 50.0;

/// The candidate's share of requests, observed and wanted.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Share {
    /// Fraction of all requests, and its Wilson interval.
    pub observed: f64,
    pub range: Interval,
    /// Fraction that is configured, or that the replicas make.
    pub wanted: f64,
    /// `wanted` is made of replica counts: nothing routes by weight.
    pub by_replicas: bool,
    /// The interval lies outside `[wanted/2, 2*wanted]`.
    pub off: bool,
}

/// The route whose part differs most, and how far the mixes are apart.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Routes {
    pub route: Arc<str>,
    /// Its part of the candidate's and of stable's requests.
    pub candidate: f64,
    pub stable: f64,
    /// Total variation distance, in `[0, 1]`.
    pub apart: f64,
    /// Chi-square as a standard score (Wilson and Hilferty): how little chance explains it.
    pub score: f64,
    pub off: bool,
}

/// What is known of it. `None`: not checked, for want of a weight, of requests or of a source that tells routes.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Representative {
    pub split: Option<Share>,
    pub routes: Option<Routes>,
    /// An Experiment runs whose pods this source's split cannot tell from the tracks: its name.
    pub experiment: Option<Arc<str>>,
}

impl Representative {
    /// Nothing was found that would make the comparison unfair. What was not checked is not held against it.
    pub fn is_fair(&self) -> bool {
        self.cautions().is_empty()
    }

    /// What is unfair about the comparison, one sentence each: `split 0.3%, configured 5%`.
    pub fn cautions(&self) -> Vec<String> {
        let split = self.split.filter(|s| s.off).map(|s| s.words());
        let routes = self.routes.as_ref().filter(|r| r.off).map(Routes::words);
        let experiment = self.experiment.as_ref().map(|n| format!("experiment {n} counts as one of the tracks"));
        split.into_iter().chain(routes).chain(experiment).collect()
    }
}

impl Share {
    /// `candidate` and `stable` requests against the wanted fraction. `None` for too few requests, or where no share is
    /// wanted: a candidate at 0 or at 100 % is not compared.
    pub fn of(candidate: f64, stable: f64, wanted: f64, by_replicas: bool) -> Option<Share> {
        let all = candidate + stable;
        if !(wanted > 0.0 && wanted < 1.0 && all >= LEAST_REQUESTS) {
            return None;
        }
        let range = wilson(candidate, all);
        let off = range.hi < wanted / 2.0 || range.lo > wanted * 2.0;
        Some(Share { observed: candidate / all, range, wanted, by_replicas, off })
    }

    /// `split 0.3%, configured 5%`, or `.., replicas make 10%`.
    pub fn words(&self) -> String {
        let by = if self.by_replicas { "replicas make" } else { "configured" };
        format!("split {}, {by} {}", share(self.observed), share(self.wanted))
    }
}

impl Routes {
    /// Requests by route of each track. `None` while one of them has too few, or there is but one route.
    pub fn of(candidate: &[(Arc<str>, f64)], stable: &[(Arc<str>, f64)]) -> Option<Routes> {
        let mut all: BTreeMap<&Arc<str>, (f64, f64)> = BTreeMap::new();
        let sound = |n: f64| if n.is_finite() { n.max(0.0) } else { 0.0 };
        for (route, n) in candidate {
            all.entry(route).or_default().0 += sound(*n);
        }
        for (route, n) in stable {
            all.entry(route).or_default().1 += sound(*n);
        }
        let (c, s) = all.values().fold((0.0, 0.0), |(c, s), r| (c + r.0, s + r.1));
        if all.len() < 2 || c < LEAST_REQUESTS || s < LEAST_REQUESTS {
            return None;
        }
        let apart = all.values().map(|r| libm::fabs(r.0 / c - r.1 / s)).sum::<f64>() / 2.0;
        let most = |r: &(f64, f64)| libm::fabs(r.0 / c - r.1 / s);
        let (route, r) = all.iter().max_by(|x, y| most(x.1).total_cmp(&most(y.1)))?;
        let score = chi_square(all.values().copied(), c, s);
        Some(Routes {
            route: (*route).clone(),
            candidate: r.0 / c,
            stable: r.1 / s,
            apart,
            score,
            off: apart > ROUTES_APART && score > CHANCE_Z,
        })
    }

    /// `other routes: /pay is 2.1% of the candidate's requests, 31.0% of stable's`.
    pub fn words(&self) -> String {
        let (c, s) = (percent(self.candidate), percent(self.stable));
        format!("other routes: {} is {c} of the candidate's requests, {s} of stable's", self.route)
    }
}

/// One decimal and no zero after it; more only where that would say nothing.
fn share(x: f64) -> String {
    let s = decimal(x * 100.0, 1);
    match s.strip_suffix(".0") {
        Some("0") if x > 0.0 => percent(x),
        Some(whole) => format!("{whole}%"),
        None => format!("{s}%"),
    }
}

/// Homogeneity of two rows of counts, as a standard score. Cells of small expectation are taken together.
fn chi_square(cells: impl Iterator<Item = (f64, f64)>, c: f64, s: f64) -> f64 {
    let all = c + s;
    let (mut sum, mut used, mut rest) = (0.0, 0_u32, (0.0, 0.0));
    let mut add = |x: f64, y: f64| {
        let of = |n: f64| (x + y) * n / all;
        for (seen, expected) in [(x, of(c)), (y, of(s))] {
            if expected > 0.0 {
                sum += (seen - expected) * (seen - expected) / expected;
            }
        }
        used += 1;
    };
    for (x, y) in cells {
        if (x + y) * c.min(s) / all < LEAST_EXPECTED {
            rest = (rest.0 + x, rest.1 + y);
        } else {
            add(x, y);
        }
    }
    if rest.0 + rest.1 > 0.0 {
        add(rest.0, rest.1);
    }
    if used < 2 {
        return 0.0;
    }
    let k = f64::from(used - 1);
    let v = 2.0 / (9.0 * k);
    (libm::cbrt(sum / k) - (1.0 - v)) / libm::sqrt(v)
}

/// The share the candidate should have, and whether replicas make it. `None` where nobody says one, where requests are
/// chosen by something else than chance, or while a change is being taken back.
pub fn wanted(t: &TargetState) -> Option<(f64, bool)> {
    if t.aborted || !t.is_moving() {
        return None;
    }
    let weight = |w: u8| Some((f64::from(w) / 100.0, false));
    match t.strategy {
        Strategy::Canary | Strategy::Other(_) if t.weight_is_known() => {
            weight(t.weight_real.unwrap_or(t.weight_wanted))
        }
        Strategy::BlueGreen => weight(t.weight_real?),
        // Chosen by headers and cookies; or not rolled out at all.
        Strategy::AbTest | Strategy::Reconciled => None,
        Strategy::Canary | Strategy::Other(_) | Strategy::Rolling | Strategy::Ordered | Strategy::PerNode => {
            let ready = |h: &Option<_>| Some(f64::from(t.revision(h.as_ref()?)?.replicas.ready));
            let (c, s) = (ready(&t.candidate)?, ready(&t.stable)?);
            (c + s > 0.0).then(|| (c / (c + s), true))
        }
    }
}
