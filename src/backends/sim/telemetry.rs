//! What the drill's telemetry tells beside counts: percentiles, memory, courses, routes, what is there, targets. All of it
//! follows from the same requests and the scenario; nothing is made up for a picture. Knows no controllers.

use super::rng::Rng;
use super::scenario::ScenarioService;
use super::signals::quantile;
use super::traffic::{BLOCK, Traffic};
use crate::core::id::Hash;
use crate::core::time::Utc;
use crate::core::world::figures::{Counts, Signal, Split};
use crate::core::world::service::Slo;
use crate::core::world::telemetry::{
    Asked, Coverage, Mix, Objective, Quantile, Quantiles, Telemetry, Trend, TrendOf, Usage, Used,
};
use std::sync::Arc;

/// Upper bounds of the histogram, seconds: the ones OpenTelemetry starts with.
const BOUNDS: [f64; 14] = [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0];
/// Percentiles and routes are those of this window, seconds.
const WINDOW: u32 = 300;
/// Points of a course, and seconds between two of them: the last hour.
const POINTS: i64 = 60;
const STEP: i64 = 60;
const MIB: f64 = 1_048_576.0;
/// Part of the requests by route. The same in both versions: the router does not look at them.
const ROUTES: [(&str, f64); 4] = [("GET /", 0.58), ("GET /{id}", 0.27), ("POST /", 0.13), ("DELETE /{id}", 0.02)];

/// One service at one moment.
pub(super) struct Teller<'a> {
    pub service: &'a ScenarioService,
    pub traffic: &'a Traffic,
    /// Versions with a series, and their share of the requests.
    pub serving: &'a [(Hash, f64)],
    /// Seconds the candidate has run, and its leak in MiB an hour.
    pub candidate: Option<(&'a Hash, i64)>,
    /// Versions (or any) whose memory grows while a fault holds.
    pub leaks: Vec<Leak>,
    pub seed: u64,
    pub now: Utc,
}

/// One fault that makes memory grow: MiB an hour, and from when to when (milliseconds).
pub(super) struct Leak {
    pub hash: Option<Hash>,
    pub per_hour: f64,
    pub spans: Vec<(i64, i64)>,
}

impl Leak {
    /// MiB an hour at this time, and MiB above the usual: it grows up to the limit, twice the usual, and begins anew.
    fn of(&self, hash: &Hash, at: i64, usual: f64) -> (f64, f64) {
        let mine = self.hash.as_ref().is_none_or(|h| h == hash);
        let span = self.spans.iter().find(|(a, b)| mine && *a <= at * 1000 && at * 1000 < *b);
        let grown = |(a, _): &(i64, i64)| self.per_hour * (at * 1000 - a) as f64 / 3_600_000.0;
        span.map_or((0.0, 0.0), |s| (self.per_hour, libm::fmod(grown(s), usual.max(1.0))))
    }
}

impl Teller<'_> {
    fn asked(&self, query: String) -> Asked {
        let sample = Some(self.traffic.newest_sample(self.now));
        Asked { query: query.into(), at: self.now, sample }
    }

    /// What does not change while a drill runs.
    pub fn once(&self) -> Vec<Telemetry> {
        let s = self.service;
        let mut out = vec![Telemetry::Coverage(Coverage {
            service: s.name.clone(),
            preset: "drill".into(),
            requests: Some(true),
            errors: Some(true),
            latency: Some(true),
            correctness: Some(s.correctness.is_some()),
            split: Some(true),
            deploy: Some(true),
            resources: Some(true),
        })];
        let targets = [
            (Signal::Latency, s.latency.objective),
            (Signal::Correctness, s.correctness.as_ref().and_then(|c| c.objective)),
        ];
        for (signal, objective) in targets {
            let Some(percent) = objective else { continue };
            out.push(Telemetry::Objective(Objective {
                service: s.name.clone(),
                signal,
                slo: Slo::rolling(percent / 100.0, s.window_days),
                from: format!("drill rules {}-{}", s.name, signal.word()).into(),
            }));
        }
        out
    }

    /// Everything that moves. Nothing of a service whose series are gone.
    pub fn each_minute(&self) -> Vec<Telemetry> {
        if self.traffic.is_silent(self.now) {
            return Vec::new();
        }
        let mut out = vec![self.quantiles(), self.usage(), self.mix()];
        let all = [
            TrendOf::FailureRate,
            TrendOf::Rate,
            TrendOf::ErrorsLong,
            TrendOf::ErrorsShort,
            TrendOf::P99,
            TrendOf::Memory,
        ];
        out.extend(all.map(|of| self.trend(of)));
        out
    }

    /// Requests and slow ones of a version over the window.
    fn slow(&self, hash: &Hash) -> Option<Counts> {
        self.traffic.of_version(hash, i64::from(WINDOW), self.now, Signal::Latency)
    }

    fn quantiles(&self) -> Telemetry {
        let s = self.service;
        let of = |(hash, _): &(Hash, f64)| {
            let counts = self.slow(hash).filter(|c| c.total > 0.0);
            // Half a slow one where none was seen: the middle of what a few requests can tell.
            let share = counts.map(|c| (c.failed.max(0.5) / c.total).min(0.999));
            let one = |q: f64| {
                let secs = share.and_then(|p| quantile(q, p, s.latency.bound));
                let over = secs.and_then(|x| BOUNDS.iter().position(|b| *b >= x));
                let last = BOUNDS.last().copied();
                match (secs, over) {
                    (None, _) => Quantile { q, secs: None, lo: None, hi: None },
                    // Over the last bound nothing is known but that.
                    (Some(_), None) => Quantile { q, secs: None, lo: last, hi: None },
                    (Some(x), Some(i)) => {
                        let lo = i.checked_sub(1).and_then(|i| BOUNDS.get(i)).copied().unwrap_or(0.0);
                        Quantile { q, secs: Some(x), lo: Some(lo), hi: BOUNDS.get(i).copied() }
                    }
                }
            };
            (hash.clone(), [0.5, 0.9, 0.99].map(one).to_vec())
        };
        Telemetry::Quantiles(Quantiles {
            service: s.name.clone(),
            split: Split::Hash,
            window_secs: WINDOW,
            by_track: self.serving.iter().map(of).collect(),
            asked: self.asked(format!(
                "histogram_quantile(0.99, sum by (le, rollouts_pod_template_hash) \
                 (rate(http_request_duration_seconds_bucket{{service=\"{}\"}}[{WINDOW}s])))",
                s.name
            )),
        })
    }

    /// MiB of one instance of a version at a time (epoch seconds): a little noise, and what it leaks since it runs.
    fn memory(&self, hash: &Hash, at: i64) -> f64 {
        let name = hash.0.get(..8).and_then(|h| u64::from_str_radix(h, 16).ok()).unwrap_or(0);
        let mut rng = Rng::of(&[self.seed, name, at.div_euclid(STEP) as u64, 0x3e3]);
        let leaked = match (self.candidate, &self.service.rollout) {
            (Some((candidate, since)), Some(m)) if candidate == hash => m.leaks * (at - since).max(0) as f64 / 3_600.0,
            (Some(_) | None, _) => 0.0,
        };
        let more: f64 = self.leaks.iter().map(|l| l.of(hash, at, self.service.memory).1).sum();
        self.service.memory * (0.99 + 0.02 * rng.unit()) + leaked + more
    }

    fn usage(&self) -> Telemetry {
        let s = self.service;
        let now = self.traffic.newest_sample(self.now).secs();
        let rate = self.traffic.counts(now - i64::from(WINDOW), now, Signal::Errors).total / f64::from(WINDOW);
        let of = |(hash, _): &(Hash, f64)| {
            let leaks = match (self.candidate, &s.rollout) {
                (Some((candidate, _)), Some(m)) if candidate == hash => m.leaks,
                (Some(_) | None, _) => 0.0,
            };
            let leaks = leaks + self.leaks.iter().map(|l| l.of(hash, now, s.memory).0).sum::<f64>();
            let used = Used {
                memory_bytes: Some(self.memory(hash, now) * MIB),
                memory_per_hour: Some(leaks * MIB),
                memory_limit: Some(2.0 * s.memory * MIB),
                // A processor does 200 of these requests a second.
                cpu_cores: Some(0.02 + rate / f64::from(s.replicas) / 200.0),
            };
            (hash.clone(), used)
        };
        Telemetry::Usage(Usage {
            service: s.name.clone(),
            split: Split::Hash,
            by_track: self.serving.iter().map(of).collect(),
            asked: self.asked(format!(
                "avg by (rollouts_pod_template_hash) (container_memory_working_set_bytes{{service=\"{}\"}})",
                s.name
            )),
        })
    }

    fn mix(&self) -> Telemetry {
        let s = self.service;
        let of = |(hash, _): &(Hash, f64)| {
            let total = self.slow(hash).map_or(0.0, |c| c.total);
            // Whole requests: the largest route takes what rounding leaves.
            let mut rows: Vec<(Arc<str>, f64)> =
                ROUTES.iter().map(|(r, part)| (Arc::from(*r), libm::floor(total * part))).collect();
            let rest = total - rows.iter().map(|r| r.1).sum::<f64>();
            if let Some(first) = rows.first_mut() {
                first.1 += rest;
            }
            (hash.clone(), rows)
        };
        Telemetry::Mix(Mix {
            service: s.name.clone(),
            split: Split::Hash,
            window_secs: WINDOW,
            by_track: self.serving.iter().map(of).collect(),
            asked: self.asked(format!(
                "sum by (route, rollouts_pod_template_hash) (increase(http_requests_total{{service=\"{}\"}}[{WINDOW}s]))",
                s.name
            )),
        })
    }

    /// The last hour, as the source has it; holes where nothing was asked of the service.
    fn trend(&self, of: TrendOf) -> Telemetry {
        let s = self.service;
        let end = self.traffic.settled(self.now).div_euclid(STEP) * STEP;
        let over = |t: i64, secs: i64, signal| {
            let c = self.traffic.counts(t - secs, t, signal);
            (c.total > 0.0).then(|| c.failed / c.total)
        };
        let value = |t: i64| match of {
            TrendOf::FailureRate => over(t, STEP, Signal::Errors),
            TrendOf::Rate => Some(self.traffic.counts(t - STEP, t, Signal::Errors).total / STEP as f64),
            TrendOf::ErrorsLong => over(t, 3_600, Signal::Errors),
            TrendOf::ErrorsShort => over(t, i64::from(WINDOW), Signal::Errors),
            TrendOf::P99 => {
                over(t, i64::from(WINDOW), Signal::Latency).and_then(|p| quantile(0.99, p, s.latency.bound))
            }
            TrendOf::Memory => {
                let all = self.serving.iter().map(|(h, share)| (self.memory(h, t) * MIB, share));
                let (sum, shares) = all.fold((0.0, 0.0), |(a, b), (m, w)| (a + m * w, b + w));
                (shares > 0.0).then(|| sum / shares)
            }
        };
        let points = (1..=POINTS).map(|i| end - (POINTS - i) * STEP).filter_map(|t| Some((t, value(t)?))).collect();
        let query = match of {
            TrendOf::FailureRate => {
                "sum (rate(http_requests_failed_total[60s])) / sum (rate(http_requests_total[60s]))"
            }
            TrendOf::Rate => "sum (rate(http_requests_total[60s]))",
            TrendOf::ErrorsLong => "sum (rate(http_requests_failed_total[1h])) / sum (rate(http_requests_total[1h]))",
            TrendOf::ErrorsShort => "sum (rate(http_requests_failed_total[5m])) / sum (rate(http_requests_total[5m]))",
            TrendOf::P99 => "histogram_quantile(0.99, sum by (le) (rate(http_request_duration_seconds_bucket[5m])))",
            TrendOf::Memory => "avg (container_memory_working_set_bytes)",
        };
        let step_secs = u32::try_from(STEP).unwrap_or(60);
        let asked = self.asked(format!("{query} for service=\"{}\"", s.name));
        Telemetry::Trend(Trend { service: s.name.clone(), of, step_secs, points, asked })
    }
}

/// Telemetry beside counts is told this often: every fourth block.
pub(super) fn is_due(now: Utc) -> bool {
    now.0.rem_euclid(4 * BLOCK * 1_000) == 0
}
