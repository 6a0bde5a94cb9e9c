//! The cord while it is pulled: what it holds, who pulled it, what started since. A fold over records, so that a restart
//! and another console know the same.

use crate::core::id::{Hash, TargetId};
use crate::core::time::Utc;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cord {
    pub pulled: Utc,
    pub by: Arc<str>,
    pub holds: Vec<Held>,
    /// Rollouts that started while it was pulled.
    pub loose: Vec<TargetId>,
}

/// One target as the cord froze it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Held {
    pub target: TargetId,
    pub candidate: Option<Hash>,
}
