//! What an environment asks for before something goes forward, beside the severities of limits.md: which gates must have
//! somebody to tell them, whether checklists and a second person count, and its calendar. From the config, as data.

use super::gate::Gate;
use crate::core::world::calendar::Calendar;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::sync::Arc;

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rules {
    /// Gates that nobody tells are unknown here, and not merely not configured.
    pub require: BTreeSet<Gate>,
    /// Lines of the two checklists that are not ticked warn.
    pub checklists: bool,
    /// Somebody else must have looked at it before it goes forward.
    pub second_person: bool,
    pub calendar: Times,
}

/// The calendar, or why there is none.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Times {
    #[default]
    None,
    /// One is asked for and cannot be used: nobody knows whether this is a time to change things.
    Faulty(Arc<str>),
    Is(Calendar),
}
