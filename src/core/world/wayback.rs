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

/// What these say is a sentence by itself: it names what it is about.
const WHOLE: [&str; 3] = ["old revision", "my right", "git owner"];

impl Check {
    /// What was found, for a line that stands alone: `autoscaler: none scales it`.
    pub fn said(&self) -> String {
        if WHOLE.contains(&&*self.name) || self.how.starts_with(&*self.name) {
            self.how.to_string()
        } else {
            format!("{}: {}", self.name, self.how)
        }
    }
}

/// The checks one source made, for going back to `to`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WayBack {
    pub target: TargetId,
    pub to: Option<Hash>,
    pub at: Utc,
    pub checks: Vec<Check>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_check_that_stands_alone_says_what_it_is_about() {
        let one = |name: &str, how: &str| Check { name: name.into(), state: CheckState::Warn, how: how.into() }.said();
        assert_eq!(one("autoscaler", "none scales it"), "autoscaler: none scales it");
        assert_eq!(one("autoscaler", "autoscalers: needs a right"), "autoscalers: needs a right");
        assert_eq!(one("git owner", "argo cd still asks for it"), "argo cd still asks for it");
    }
}
