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
    pub blocks: Vec<VersionBlock>,
    /// Time of the newest sample behind these figures, by the sample's own clock.
    pub newest_sample: Option<Utc>,
    /// Seconds between scrapes, for freshness.
    pub scrape_secs: u32,
    /// The query as sent, for `Enter`.
    pub query: Arc<str>,
}

/// Totals over windows ending now, for burn rates.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Windows {
    pub service: ServiceId,
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
