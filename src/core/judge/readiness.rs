//! Would going back work, and how long would it take? Measured all the time, before it is needed. It informs; it never refuses.

use crate::core::world::service::Service;
use crate::core::world::source::SourceState;
use crate::core::world::target::TargetState;
use serde::{Deserialize, Serialize};

pub use crate::core::world::wayback::{Check, CheckState};

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Readiness {
    pub checks: Vec<Check>,
    /// Median of this service's own history in milliseconds, and how many it rests on. Stands beside the count, not in it.
    pub expected: Option<(i64, usize)>,
}

impl Readiness {
    /// (ok, of all configured).
    pub fn count(&self) -> (usize, usize) {
        let all = self.checks.iter().filter(|c| c.state != CheckState::NotConfigured);
        (all.clone().filter(|c| c.state == CheckState::Ok).count(), all.count())
    }

    pub fn worst(&self) -> Option<&Check> {
        let rank = |s: CheckState| match s {
            CheckState::Blocked => 3,
            CheckState::Warn => 2,
            CheckState::Unknown => 1,
            CheckState::Ok | CheckState::NotConfigured => 0,
        };
        let told = |c: &&Check| !matches!(c.state, CheckState::Ok | CheckState::NotConfigured);
        self.checks.iter().filter(told).max_by_key(|c| rank(c.state))
    }
}

/// The right a roll-back of this target needs now, in the server's words.
pub fn right_to_go_back(t: &TargetState) -> &'static str {
    match &*t.id.kind {
        "Deployment" => "patch deployments",
        "StatefulSet" => "patch statefulsets",
        "DaemonSet" => "patch daemonsets",
        "Canary" => canary(t),
        _ if t.is_moving() && !t.aborted => "patch rollouts/status",
        _ if t.detail.workload.is_some() => "patch deployments",
        _ => "patch rollouts",
    }
}

/// In flight its hook or its own count; at rest its target's template.
fn canary(t: &TargetState) -> &'static str {
    match &t.detail.flagger {
        Some(f) if matches!(&*f.phase, "Progressing" | "WaitingPromotion") => {
            let hook = f.gates.iter().any(|g| &*g.kind == "rollback" && g.ours);
            if hook { "create services/proxy" } else { "patch canaries/status" }
        }
        Some(_) | None => "patch deployments",
    }
}

/// What the review said of a right in a namespace; `None`: it did not answer or nobody asked.
pub fn allowed(source: Option<&SourceState>, namespace: &str, verb: &str) -> Option<bool> {
    source?
        .abilities
        .rights
        .iter()
        .find(|r| *r.verb == *verb && r.namespace.as_deref().is_none_or(|n| n == namespace))
        .and_then(|r| r.allowed)
}

pub fn readiness(t: &TargetState, service: Option<&Service>, source: Option<&SourceState>) -> Readiness {
    let back = if t.is_moving() { t.stable_revision() } else { t.previous() };
    let kept = match back {
        Some(r) if r.replicas.ready > 0 => {
            (CheckState::Ok, format!("{} kept, {} pods ready", r.version, r.replicas.ready))
        }
        Some(r) => (CheckState::Ok, format!("{} kept, scaled to 0: pods start anew", r.version)),
        None => (CheckState::Blocked, "no older revision is kept".to_string()),
    };
    let verb = right_to_go_back(t);
    let right = match allowed(source, &t.id.namespace, verb) {
        Some(true) => (CheckState::Ok, format!("{verb}: review says yes")),
        Some(false) => (CheckState::Warn, format!("missing {verb}: review says no, it may be tried")),
        None => (CheckState::Unknown, format!("{verb}: the review did not answer")),
    };
    let git = match &t.git {
        None => (CheckState::Ok, "nothing else owns the desired state".to_string()),
        Some(g) => (
            CheckState::Warn,
            format!("{} ({}) still asks for the new version: the next sync brings it back", g.tool, g.what),
        ),
    };
    let line = |name: &str, (state, how): (CheckState, String)| Check { name: name.into(), state, how: how.into() };
    Readiness {
        checks: vec![line("old revision", kept), line("my right", right), line("git owner", git)],
        expected: service.and_then(Service::expected_ms),
    }
}
