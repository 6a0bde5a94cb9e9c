//! What a scenario file says of alerts, reports, changes, flags, artifacts, people and gauges. Only data; who plays it over
//! time is `agenda`. Times are seconds after the start of the drill, before it where negative.

use crate::core::id::ServiceId;
use crate::core::world::alert::Tier;
use crate::core::world::beside::ChangeKind;
use serde::Deserialize;
use std::sync::Arc;

/// A rule. All conditions it names must hold at once; looked at every fifteen seconds.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AlertSpec {
    pub name: Arc<str>,
    pub service: Option<ServiceId>,
    pub tier: TierWord,
    #[serde(default = "nothing")]
    pub signature: Arc<str>,
    pub says: Arc<str>,
    pub at: Option<i64>,
    pub until: Option<i64>,
    /// While this fault is there.
    pub fault: Option<Arc<str>>,
    /// While errors burn the budget faster than this many times, by what telemetry tells of the last five minutes.
    pub burn: Option<f64>,
    /// While this gauge of the service is above `over`.
    pub gauge: Option<Arc<str>>,
    pub over: Option<f64>,
    /// The conditions must hold this long first.
    #[serde(default)]
    pub late: i64,
    /// It ends and comes back this often, for a minute each.
    #[serde(default)]
    pub flaps: u32,
    /// The deployment it names.
    pub deploy: Option<Arc<str>>,
    /// Who acknowledged it before the drill; only of one that fires since then by the clock alone.
    pub acked: Option<Arc<str>>,
}

impl AlertSpec {
    /// Since when it fires already when the drill begins, by the clock alone; seconds, negative.
    pub fn before(&self) -> Option<i64> {
        let clock = self.fault.is_none() && self.burn.is_none() && self.gauge.is_none() && self.flaps == 0;
        let since = self.at.map(|at| at + self.late).filter(|since| clock && *since < 0)?;
        self.until.is_none_or(|u| u > 0).then_some(since)
    }
}

/// Somebody wrote or called.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReportSpec {
    pub at: i64,
    pub service: Option<ServiceId>,
    /// In their words.
    pub says: Arc<str>,
    /// Only if this fault still hurts then.
    pub fault: Option<Arc<str>>,
    #[serde(default = "note")]
    pub tier: TierWord,
    /// Seconds it stands.
    #[serde(default = "ten_minutes")]
    pub lasts: i64,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ChangedSpec {
    pub at: i64,
    pub kind: KindWord,
    pub service: Option<ServiceId>,
    pub what: Arc<str>,
    pub by: Arc<str>,
    pub link: Option<Arc<str>>,
    #[serde(default)]
    pub at_once: bool,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FlagSpec {
    pub key: Arc<str>,
    pub service: Option<ServiceId>,
    pub on: bool,
    /// Percent of users who get it.
    pub share: Option<f64>,
    /// When it was last changed.
    pub changed: Option<i64>,
    pub by: Option<Arc<str>>,
    pub says: Arc<str>,
}

/// Somebody else turns a flag.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FlipSpec {
    pub key: Arc<str>,
    pub at: i64,
    pub on: bool,
    pub by: Arc<str>,
}

/// What differs from an artifact as it should be: signed by the build, scanned an hour ago, served.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ArtifactSpec {
    pub service: ServiceId,
    pub version: Arc<str>,
    /// Known from then on.
    #[serde(default)]
    pub at: i64,
    /// Not served while this fault is there.
    pub unserved: Option<Arc<str>>,
    /// `good`, `absent`, or what does not fit.
    pub signature: Option<Arc<str>>,
    pub sbom: Option<bool>,
    /// Criticals found.
    pub scan: Option<u32>,
    pub schema: Option<Arc<str>>,
    pub run: Option<Arc<str>>,
    pub commit: Option<Arc<str>>,
    pub ticket: Option<Arc<str>>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TeamSpec {
    pub name: Arc<str>,
    pub levels: Vec<PersonSpec>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PersonSpec {
    pub person: Arc<str>,
    /// Seconds without an answer before the next one is called.
    pub after: u32,
    /// Seconds until this one answers; `None`: never.
    pub answers: Option<u32>,
}

/// A number of one service that is no share of requests: sessions waiting for a lock, replica lag, percent of an index.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GaugeSpec {
    pub service: ServiceId,
    /// A word for checks: `lock_waits`.
    pub name: Arc<str>,
    /// A sentence with `{}` for the number.
    pub says: Arc<str>,
    /// When nothing is wrong.
    pub usual: f64,
    /// While this fault is there it moves by `rises` a second, not further than `most`; after it as fast back.
    pub fault: Arc<str>,
    pub rises: f64,
    pub most: f64,
    /// It stays where it is when the fault ends.
    #[serde(default)]
    pub stays: bool,
    /// It is as usual at once when the fault ends: a lease that was renewed.
    #[serde(default)]
    pub at_once: bool,
    /// From there on it is a warning.
    pub warns: Option<f64>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum TierWord {
    Page,
    Ticket,
    Note,
}

impl TierWord {
    pub fn tier(self) -> Tier {
        match self {
            TierWord::Page => Tier::Page,
            TierWord::Ticket => Tier::Ticket,
            TierWord::Note => Tier::Note,
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum KindWord {
    Deploy,
    Flag,
    Config,
    Infra,
    Secret,
    Migration,
}

impl KindWord {
    pub fn kind(self) -> ChangeKind {
        match self {
            KindWord::Deploy => ChangeKind::Deploy,
            KindWord::Flag => ChangeKind::Flag,
            KindWord::Config => ChangeKind::Config,
            KindWord::Infra => ChangeKind::Infra,
            KindWord::Secret => ChangeKind::Secret,
            KindWord::Migration => ChangeKind::Migration,
        }
    }
}

fn nothing() -> Arc<str> {
    "".into()
}
fn note() -> TierWord {
    TierWord::Note
}
fn ten_minutes() -> i64 {
    600
}
