//! What a source found out about the way back of one target, before it is needed. Counted and shown by `judge::readiness`.

use crate::core::id::{Hash, TargetId};
use crate::core::time::Utc;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum CheckState {
    Ok,
    Warn,
    Blocked,
    Unknown,
    /// No source could tell; listed, and left out of both numbers.
    NotConfigured,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Check {
    pub name: Arc<str>,
    pub state: CheckState,
    /// How it knows.
    pub how: Arc<str>,
}

/// The checks one source made, for going back to `to`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WayBack {
    pub target: TargetId,
    pub to: Option<Hash>,
    pub at: Utc,
    pub checks: Vec<Check>,
}
