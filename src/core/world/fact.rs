//! A backend's report in our words: a state or a cumulative count, never a delta.

use super::alert::Alerts;
use super::beside::{Artifact, Call, Changed, Flag, OnCall};
use super::evidence::{Evidence, LogChunk, LogsOf, Raw};
use super::figures::{Blocks, Checked, Signal, Windows};
use super::source::SourceState;
use super::target::TargetState;
use super::telemetry::{Part, Telemetry};
use super::wayback::WayBack;
use crate::core::id::{ServiceId, TargetId};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Fact {
    Source(Box<SourceState>),
    Target(Box<TargetState>),
    /// The server said it was deleted.
    Gone(TargetId),
    /// The end of a full read: every target of this source that is not named is gone.
    Whole(Vec<TargetId>),
    Blocks(Blocks),
    Windows(Windows),
    Checked(Checked),
    Telemetry(Box<Telemetry>),
    WayBack(WayBack),
    Evidence(Box<Evidence>),
    /// The exception to "last value wins": chunks of a bounded stream.
    Logs(Box<LogChunk>),
    Raw(Box<Raw>),
    /// All alerts and silences of this source.
    Alerts(Box<Alerts>),
    /// What changed lately, oldest first.
    Changed(Vec<Changed>),
    Flags(Vec<Flag>),
    Artifacts(Vec<Artifact>),
    OnCall {
        teams: Vec<OnCall>,
        calls: Vec<Call>,
    },
}

/// What a fact is about. A mailbox keeps only the last value for each key.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum FactKey {
    Source,
    Target(TargetId),
    Whole,
    /// Includes the first and last block, so that a chunk of history never replaces another.
    Blocks(ServiceId, Signal, i64, i64),
    Windows(ServiceId, Signal, u32),
    Telemetry(ServiceId, Part),
    Checked(Arc<str>),
    WayBack(TargetId),
    Evidence(TargetId),
    /// Stream, instance, number of the first line: no chunk replaces another.
    Logs(Box<LogsOf>, Arc<str>, u64),
    Raw(TargetId),
    Alerts,
    Changed,
    Flags,
    Artifacts,
    OnCall,
}

impl Fact {
    pub fn key(&self) -> FactKey {
        match self {
            Fact::Source(_) => FactKey::Source,
            Fact::Target(t) => FactKey::Target(t.id.clone()),
            Fact::Gone(id) => FactKey::Target(id.clone()),
            Fact::Whole(_) => FactKey::Whole,
            Fact::Blocks(b) => FactKey::Blocks(
                b.service.clone(),
                b.signal,
                b.blocks.first().map_or(0, |b| b.start),
                b.blocks.last().map_or(0, |b| b.start),
            ),
            Fact::Windows(w) => FactKey::Windows(w.service.clone(), w.signal, w.rows.first().map_or(0, |r| r.0)),
            Fact::Checked(c) => FactKey::Checked(c.query.clone()),
            Fact::Telemetry(t) => FactKey::Telemetry(t.service().clone(), t.part()),
            Fact::WayBack(w) => FactKey::WayBack(w.target.clone()),
            Fact::Evidence(e) => FactKey::Evidence(e.target.clone()),
            Fact::Logs(l) => FactKey::Logs(Box::new(l.of.clone()), l.instance.clone(), l.first_seq),
            Fact::Raw(r) => FactKey::Raw(r.target.clone()),
            Fact::Alerts(_) => FactKey::Alerts,
            Fact::Changed(_) => FactKey::Changed,
            Fact::Flags(_) => FactKey::Flags,
            Fact::Artifacts(_) => FactKey::Artifacts,
            Fact::OnCall { .. } => FactKey::OnCall,
        }
    }
}
