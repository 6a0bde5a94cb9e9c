//! What telemetry says of a service beside the counts a verdict is made of: percentiles, memory, the course of a figure,
//! routes, what is there at all, targets a team wrote down elsewhere. States, never deltas; the last word of each kind
//! counts. Knows nothing of queries' language or of screens.

use super::figures::{Signal, Split};
use super::service::Slo;
use crate::core::id::{Hash, ServiceId};
use crate::core::time::Utc;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::sync::Arc;

/// One report about one service.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Telemetry {
    Quantiles(Quantiles),
    Usage(Usage),
    Trend(Trend),
    Mix(Mix),
    Coverage(Coverage),
    Objective(Objective),
    Ratios(Ratios),
}

impl Telemetry {
    pub fn service(&self) -> &ServiceId {
        match self {
            Telemetry::Quantiles(x) => &x.service,
            Telemetry::Usage(x) => &x.service,
            Telemetry::Trend(x) => &x.service,
            Telemetry::Mix(x) => &x.service,
            Telemetry::Coverage(x) => &x.service,
            Telemetry::Objective(x) => &x.service,
            Telemetry::Ratios(x) => &x.service,
        }
    }

    /// Two reports with the same part of the same service are one, the later.
    pub fn part(&self) -> Part {
        match self {
            Telemetry::Quantiles(_) => Part::Quantiles,
            Telemetry::Usage(_) => Part::Usage,
            Telemetry::Trend(x) => Part::Trend(x.of),
            Telemetry::Mix(_) => Part::Mix,
            Telemetry::Coverage(_) => Part::Coverage,
            Telemetry::Objective(x) => Part::Objective(x.signal),
            Telemetry::Ratios(x) => Part::Ratios(x.signal),
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Part {
    Quantiles,
    Usage,
    Trend(TrendOf),
    Mix,
    Coverage,
    Objective(Signal),
    Ratios(Signal),
}

/// Where numbers came from, so that anyone can ask for them again and get the same.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Asked {
    /// As sent, labels filled in.
    pub query: Arc<str>,
    /// The moment it was evaluated at, by the server's clock.
    pub at: Utc,
    /// Time of the newest sample behind it, where it is known.
    pub sample: Option<Utc>,
}

/// Latency percentiles of each track, in seconds.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Quantiles {
    pub service: ServiceId,
    pub split: Split,
    pub window_secs: u32,
    pub by_track: Vec<(Hash, Vec<Quantile>)>,
    pub asked: Asked,
}

#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Quantile {
    /// In (0, 1).
    pub q: f64,
    /// Seconds. `None`: no requests, or no finite answer (over the last bound: then `lo` is that bound).
    pub secs: Option<f64>,
    /// What it surely lies within, seconds; `None`: not bounded on that side.
    pub lo: Option<f64>,
    pub hi: Option<f64>,
}

/// Memory and processor of each track, per instance (mean).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Usage {
    pub service: ServiceId,
    pub split: Split,
    pub by_track: Vec<(Hash, Used)>,
    pub asked: Asked,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Used {
    pub memory_bytes: Option<f64>,
    /// Slope over the last half hour, bytes an hour.
    pub memory_per_hour: Option<f64>,
    pub memory_limit: Option<f64>,
    pub cpu_cores: Option<f64>,
}

/// What a course is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum TrendOf {
    /// Failed part of all requests, a fraction, all tracks together.
    FailureRate,
    /// Requests a second.
    Rate,
    /// Error ratio over 1 h and over 5 m: burn once divided by the budget.
    ErrorsLong,
    ErrorsShort,
    /// 99th percentile, seconds, all tracks.
    P99,
    /// Bytes per instance, all tracks.
    Memory,
}

/// The course of a figure: points on a grid of `step_secs`, holes left out. At most 240 points; the whole of it each time.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Trend {
    pub service: ServiceId,
    pub of: TrendOf,
    pub step_secs: u32,
    /// (epoch seconds, a multiple of the step; value), oldest first.
    pub points: Vec<(i64, f64)>,
    pub asked: Asked,
}

/// Routes with their requests.
pub type Routes = Vec<(Arc<str>, f64)>;

/// Requests by route of each track.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Mix {
    pub service: ServiceId,
    pub split: Split,
    pub window_secs: u32,
    /// Most requests first; what is beyond twenty routes stands under "other".
    pub by_track: Vec<(Hash, Routes)>,
    pub asked: Asked,
}

/// What a source can tell of a service: metric M8 (observability gaps). `None`: nobody looked yet.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Coverage {
    pub service: ServiceId,
    /// The preset that answers for it, by its name.
    pub preset: Arc<str>,
    pub requests: Option<bool>,
    pub errors: Option<bool>,
    pub latency: Option<bool>,
    pub correctness: Option<bool>,
    /// The two tracks can be told apart.
    pub split: Option<bool>,
    /// A label tells which deploy a series belongs to.
    pub deploy: Option<bool>,
    pub resources: Option<bool>,
}

impl Coverage {
    /// Names of what is missing among what a verdict needs: requests, errors, latency, track split, deploy label.
    pub fn missing(&self) -> Vec<&'static str> {
        let all = [
            (self.requests, "requests"),
            (self.errors, "errors"),
            (self.latency, "latency"),
            (self.split, "track split"),
            (self.deploy, "deploy label"),
        ];
        all.into_iter().filter(|(has, _)| *has == Some(false)).map(|(_, name)| name).collect()
    }
}

/// A target that a team wrote down where the source found it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Objective {
    pub service: ServiceId,
    pub signal: Signal,
    pub slo: Slo,
    /// Where from, for a person: `sloth checkout-availability`.
    pub from: Arc<str>,
}

/// Error ratios over windows as recording rules hold them: burn without counts ("n unknown"). Where counts of the same
/// window are known, those are taken.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Ratios {
    pub service: ServiceId,
    pub signal: Signal,
    /// (window in seconds, failed part in [0, 1]). `None`: the rule said NaN, nobody asked for anything.
    pub rows: Vec<(u32, Option<f64>)>,
    /// Where from, for a person: `sloth checkout-availability`.
    pub from: Arc<str>,
    pub asked: Asked,
}

/// The last word of each part, of one service.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Told {
    pub quantiles: Option<Quantiles>,
    pub usage: Option<Usage>,
    pub trends: BTreeMap<TrendOf, Trend>,
    pub mix: Option<Mix>,
    pub coverage: Option<Coverage>,
    pub objectives: BTreeMap<Signal, Objective>,
    #[serde(default)]
    pub ratios: BTreeMap<Signal, Ratios>,
}

impl Told {
    pub fn note(&mut self, t: Telemetry) {
        match t {
            Telemetry::Quantiles(x) => self.quantiles = Some(x),
            Telemetry::Usage(x) => self.usage = Some(x),
            Telemetry::Trend(x) => {
                self.trends.insert(x.of, x);
            }
            Telemetry::Mix(x) => self.mix = Some(x),
            Telemetry::Coverage(x) => self.coverage = Some(x),
            Telemetry::Objective(x) => {
                self.objectives.insert(x.signal, x);
            }
            Telemetry::Ratios(x) => {
                self.ratios.insert(x.signal, x);
            }
        }
    }
}
