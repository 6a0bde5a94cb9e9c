//! Telemetry beside the counts of errors, as a source would tell it: other signals, percentiles, memory, courses, routes.

use super::world::World;
use crate::core::id::ServiceId;
use crate::core::time::Utc;
use crate::core::world::fact::Fact;
use crate::core::world::figures::{Blocks, Bound, Counts, Signal, Split, VersionBlock};
use crate::core::world::telemetry::{Asked, Mix, Quantile, Quantiles, Telemetry, Trend, TrendOf, Usage, Used};
use std::sync::Arc;

impl World {
    fn asked(&self, query: &str) -> Asked {
        Asked { query: query.into(), at: self.now(), sample: Some(Utc(self.now().0 - 9_000)) }
    }

    fn tell(&mut self, t: Telemetry) -> &mut World {
        self.fact("metrics", Fact::Telemetry(Box::new(t)))
    }

    /// Blocks of a signal since the rollout's start, per block and version: requests and bad ones.
    pub fn signal(&mut self, name: &str, signal: Signal, candidate: (f64, f64), stable: (f64, f64)) -> &mut World {
        let id = self.target_id(name);
        let Some(t) = self.model.world.targets.get(&id) else { return self };
        let (service, hashes) = (t.service.clone(), [(t.candidate.clone(), candidate), (t.stable.clone(), stable)]);
        let now = self.now().secs();
        let begin = t.started.map_or(now, Utc::secs).div_euclid(15) * 15;
        let end = (now - 15).div_euclid(15) * 15;
        let blocks = (begin..end)
            .step_by(15)
            .enumerate()
            .map(|(i, start)| {
                let upto = |bad: f64, n: usize| libm::floor(bad * n as f64);
                let by_hash = hashes.iter().filter_map(|(h, (total, bad))| {
                    Some((h.clone()?, Counts { total: *total, failed: upto(*bad, i + 1) - upto(*bad, i) }))
                });
                VersionBlock { start, by_hash: by_hash.collect() }
            })
            .collect();
        let bound = (signal == Signal::Latency).then_some(Bound { secs: 0.3, asked: None, native: false });
        let query: Arc<str> = match signal {
            Signal::Errors => "sum by (rollouts_pod_template_hash) (increase(http_requests_total[15s]))".into(),
            Signal::Latency => {
                "sum by (rollouts_pod_template_hash) (increase(http_request_duration_seconds_bucket{le=\"0.3\"}[15s]))"
                    .into()
            }
            Signal::Correctness => {
                "sum by (rollouts_pod_template_hash) (increase(login_mismatch_total{service=\"checkout\"}[15s]))".into()
            }
        };
        let newest_sample = Some(Utc(self.now().0 - 9_000));
        let told = Blocks { service, signal, split: Split::Hash, bound, blocks, newest_sample, scrape_secs: 15, query };
        self.fact("metrics", Fact::Blocks(told));
        self.answer_history()
    }

    /// Percentiles in seconds, candidate and stable: p50, p95, p99.
    pub fn quantiles(&mut self, name: &str, candidate: [f64; 3], stable: [f64; 3]) -> &mut World {
        let id = self.target_id(name);
        let Some(t) = self.model.world.targets.get(&id) else { return self };
        let of = |all: [f64; 3]| -> Vec<Quantile> {
            let one = |(q, s): (f64, f64)| Quantile { q, secs: Some(s), lo: Some(s * 0.8), hi: Some(s * 1.25) };
            [0.5, 0.95, 0.99].into_iter().zip(all).map(one).collect()
        };
        let by_track = t
            .candidate
            .iter()
            .cloned()
            .map(|h| (h, of(candidate)))
            .chain(t.stable.iter().cloned().map(|h| (h, of(stable))));
        let told = Quantiles {
            service: t.service.clone(),
            split: Split::Hash,
            window_secs: 300,
            by_track: by_track.collect(),
            asked: self.asked("histogram_quantile(0.99, sum by (le, rollouts_pod_template_hash) (rate(http_request_duration_seconds_bucket[5m])))"),
        };
        self.tell(Telemetry::Quantiles(told))
    }

    /// Memory of an instance and how it grows an hour, in MiB, candidate and stable.
    pub fn memory(&mut self, name: &str, candidate: (f64, f64), stable: (f64, f64)) -> &mut World {
        const MI: f64 = 1_048_576.0;
        let id = self.target_id(name);
        let Some(t) = self.model.world.targets.get(&id) else { return self };
        let used = |(m, slope): (f64, f64)| Used {
            memory_bytes: Some(m * MI),
            memory_per_hour: Some(slope * MI),
            memory_limit: Some(512.0 * MI),
            cpu_cores: Some(0.25),
        };
        let by_track = t
            .candidate
            .iter()
            .map(|h| (h.clone(), used(candidate)))
            .chain(t.stable.iter().map(|h| (h.clone(), used(stable))));
        let told = Usage {
            service: t.service.clone(),
            split: Split::Hash,
            by_track: by_track.collect(),
            asked: self.asked("avg by (pod_template_hash) (container_memory_working_set_bytes{service=\"checkout\"})"),
        };
        self.tell(Telemetry::Usage(told))
    }

    /// The course of a figure: a point a minute up to now; what is not finite is left out.
    pub fn trend(&mut self, service: &str, of: TrendOf, values: &[f64]) -> &mut World {
        let last = self.now().secs().div_euclid(60) * 60;
        let n = values.len() as i64;
        let at = |i: usize| last - 60 * (n - 1 - i as i64);
        let points = values.iter().enumerate().filter(|(_, v)| v.is_finite()).map(|(i, v)| (at(i), *v)).collect();
        let asked = self.asked("sum by (andon_service) (rate(http_requests_total{code=~\"5..\"}[1m]))");
        let service = ServiceId::from(service);
        self.tell(Telemetry::Trend(Trend { service, of, step_secs: 60, points, asked }))
    }

    /// Requests by route of both tracks.
    pub fn routes(&mut self, name: &str, candidate: &[(&str, f64)], stable: &[(&str, f64)]) -> &mut World {
        let id = self.target_id(name);
        let Some(t) = self.model.world.targets.get(&id) else { return self };
        let of = |all: &[(&str, f64)]| all.iter().map(|(r, n)| (Arc::from(*r), *n)).collect::<Vec<_>>();
        let by_track = t
            .candidate
            .iter()
            .map(|h| (h.clone(), of(candidate)))
            .chain(t.stable.iter().map(|h| (h.clone(), of(stable))));
        let told = Mix {
            service: t.service.clone(),
            split: Split::Hash,
            window_secs: 300,
            by_track: by_track.collect(),
            asked: self.asked("sum by (route, rollouts_pod_template_hash) (increase(http_requests_total[5m]))"),
        };
        self.tell(Telemetry::Mix(told))
    }
}
