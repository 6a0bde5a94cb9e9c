//! Telemetry as counts: blocks of fifteen seconds by version, and windows for burn. Never ratios.

use crate::core::id::{Hash, ServiceId};
use crate::core::time::Utc;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// Requests and failures. Prometheus gives fractions, so these are floats; both are finite and not negative.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Counts {
    pub total: f64,
    pub failed: f64,
}

/// What counts as bad among the requests: failed, too slow, or answered wrongly. The order is the default order in which
/// they decide (limits.md section 4).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Signal {
    #[default]
    Errors,
    /// `failed` counts the requests slower than the bound.
    Latency,
    Correctness,
}

impl Signal {
    pub const ALL: [Signal; 3] = [Signal::Errors, Signal::Latency, Signal::Correctness];

    pub fn word(self) -> &'static str {
        match self {
            Signal::Errors => "errors",
            Signal::Latency => "latency",
            Signal::Correctness => "correctness",
        }
    }
}

/// What the names in a block are, so that the tracks of a target are found among them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Split {
    /// Pod template hashes, or revisions.
    #[default]
    Hash,
    /// Versions as people write them: an image's tag, `version`.
    Version,
    /// Names of workloads: Flagger's `checkout` and `checkout-primary`.
    Workload,
    /// The words canary, stable, baseline, preview, primary.
    Role,
}

/// The bucket bound that parts slow from fast.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Bound {
    /// The bound used, seconds.
    pub secs: f64,
    /// The threshold asked for, seconds, where the bound is another (the largest below it).
    pub asked: Option<f64>,
    /// From a native histogram.
    pub native: bool,
}

/// Fifteen seconds of one service, split by version. A version that is absent has no series: no data, not zero.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct VersionBlock {
    /// Epoch seconds, a multiple of the block width.
    pub start: i64,
    pub by_hash: Vec<(Hash, Counts)>,
}

/// Settled blocks of one service. A block that comes again replaces the one before.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Blocks {
    pub service: ServiceId,
    #[serde(default)]
    pub signal: Signal,
    #[serde(default)]
    pub split: Split,
    /// Of latency only.
    #[serde(default)]
    pub bound: Option<Bound>,
    pub blocks: Vec<VersionBlock>,
    /// Time of the newest sample behind these figures, by the sample's own clock.
    pub newest_sample: Option<Utc>,
    /// Seconds between scrapes, for freshness.
    pub scrape_secs: u32,
    /// The query as sent, for `Enter`: a range query with a step of a block, whose points at the blocks' ends are the
    /// counts.
    pub query: Arc<str>,
}

impl Blocks {
    /// Errors split by hash: the plain case.
    pub fn errors(
        service: ServiceId,
        blocks: Vec<VersionBlock>,
        newest_sample: Option<Utc>,
        scrape_secs: u32,
        query: Arc<str>,
    ) -> Blocks {
        let (signal, split, bound) = (Signal::Errors, Split::Hash, None);
        Blocks { service, signal, split, bound, blocks, newest_sample, scrape_secs, query }
    }
}

/// Totals over windows ending now, for burn rates.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Windows {
    pub service: ServiceId,
    #[serde(default)]
    pub signal: Signal,
    /// The moment it was evaluated at, by the server's clock. `None`: not said.
    #[serde(default)]
    pub at: Option<Utc>,
    /// (window in seconds, counts). A window that is absent was not answered.
    pub rows: Vec<(u32, Counts)>,
    pub newest_sample: Option<Utc>,
    pub scrape_secs: u32,
    pub query: Arc<str>,
}

/// One value of one query, for runbook checks.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Checked {
    pub query: Arc<str>,
    /// `None`: the query answered nothing, or not a number.
    pub value: Option<f64>,
    pub sample: Option<Utc>,
}
