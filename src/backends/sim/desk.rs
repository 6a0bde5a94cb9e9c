//! What stands beside the drill's rollouts: alerts and silences, changes, flags, artifacts, the pager and its people, what
//! stakeholders were told. Data and its telling; who fills it over time is the scenario's matter, who acts on it the
//! acts'. Told whole, each time anything in it changed.

use crate::core::time::Utc;
use crate::core::world::alert::Alerts;
use crate::core::world::beside::{Artifact, Call, Changed, Flag, OnCall};
use crate::core::world::fact::Fact;
use std::sync::Arc;

/// The third source of a drill that has one (`desk = "desk"` in its scenario).
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Desk {
    pub alerts: Alerts,
    /// Oldest first.
    pub changed: Vec<Changed>,
    pub flags: Vec<Flag>,
    pub artifacts: Vec<Artifact>,
    pub teams: Vec<OnCall>,
    pub calls: Vec<Call>,
    /// Status texts that stakeholders got.
    pub told: Vec<(Utc, Arc<str>)>,
}

impl Desk {
    /// All of it.
    pub fn facts(&self) -> Vec<Fact> {
        vec![
            Fact::Alerts(Box::new(self.alerts.clone())),
            Fact::Changed(self.changed.clone()),
            Fact::Flags(self.flags.clone()),
            Fact::Artifacts(self.artifacts.clone()),
            Fact::OnCall { teams: self.teams.clone(), calls: self.calls.clone() },
        ]
    }
}
