//! The people whose consoles share this log: read from their live files, which are not part of the log.

use crate::core::id::TargetId;
use crate::core::time::Utc;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// What a console says of itself in its live file.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Here {
    /// The screen's word, `verdict`.
    pub screen: Arc<str>,
    /// What is chosen there, `checkout@eu-1`.
    pub on: Option<Arc<str>>,
    pub dialog: Option<OpenDialog>,
    pub armed: bool,
    /// The last key, own UTC; in steps of a minute, so that typing costs no writes.
    pub last_key: Option<Utc>,
}

/// Whose dialog is open on what.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OpenDialog {
    /// `roll back`
    pub verb: Arc<str>,
    pub targets: Vec<TargetId>,
}

/// Another console that runs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Present {
    pub session: Arc<str>,
    pub user: Arc<str>,
    pub claimed: Option<Arc<str>>,
    pub host: Arc<str>,
    pub here: Here,
}
