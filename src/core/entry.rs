//! One line of the incident log, as update emits it. Its bytes are the journal's matter.

use crate::core::id::TargetId;
use crate::core::time::Utc;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// What a record tells. Readers keep kinds they do not know.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// First record of a session: build, environment, heads of other files.
    Opened,
    /// Clean end, with the head hash.
    Closed,
    Armed,
    Disarmed,
    /// Before a request leaves: what is asked, and what the actor saw.
    Intent,
    Sent,
    Accepted,
    Refused,
    Unknown,
    /// The effect shows.
    Seen,
    Settled,
    Stuck,
    Undone,
    /// An unknown outcome, or an intent without one, resolved by reading back.
    Resolved,
    /// The target changed under an open dialog, or an act begun elsewhere.
    Changed,
    Note,
    /// Observations, batched.
    Phase,
    Verdict,
    Source,
    /// A runbook step done, failed or skipped.
    Runbook,
    Acknowledged,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Entry {
    pub kind: Kind,
    /// When it was true (own UTC; simulated in a drill). The record's hlc is that of its appending.
    pub at: Utc,
    pub target: Option<TargetId>,
    /// Kind-specific members; plain JSON, strings from outside unchanged (escaped when written and drawn).
    pub data: Value,
}
