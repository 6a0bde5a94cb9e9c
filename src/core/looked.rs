//! What was read because somebody looked: instances and events, log lines in a bounded ring, the object itself.

use crate::core::world::evidence::{Evidence, LogChunk, Raw};
use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Looked {
    pub evidence: Option<Box<Evidence>>,
    /// Chosen row of the instances.
    pub row: usize,
    pub lines: Vec<LogChunk>,
    pub raw: Option<Box<Raw>>,
    /// Why the last question had no answer.
    pub failed: Option<std::sync::Arc<str>>,
}
