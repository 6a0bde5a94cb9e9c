//! A trace of an act, left where its target lives: who, when, which incident, why. The log stays the record; a promote
//! leaves no trace of its own on the object (kubernetes-rollouts 6.4).

use crate::core::id::TargetId;
use crate::core::time::Utc;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mark {
    pub target: TargetId,
    pub at: Utc,
    /// `roll back`, by which primitive: `abort`.
    pub action: Arc<str>,
    /// Who acted, as the log names them.
    pub who: Arc<str>,
    pub incident: Option<Arc<str>>,
    /// One sentence, without secrets, at most 1 kB.
    pub note: Arc<str>,
}
