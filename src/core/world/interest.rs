//! What is looked at now, so that load follows interest, not fleet size.

use super::evidence::LogsOf;
use crate::core::id::{Hash, ServiceId, TargetId};
use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Interest {
    /// Services with a moving rollout, with the versions to tell apart.
    pub moving: Vec<(ServiceId, Vec<Hash>)>,
    /// Targets whose way back is checked again and again: those that move, at most 40.
    pub ways_back: Vec<TargetId>,
    /// Instances and events of this one are kept fresh.
    pub evidence: Option<TargetId>,
    /// These log lines are followed.
    pub logs: Option<LogsOf>,
}
