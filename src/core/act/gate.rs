//! The checks before a forward act, with the severities of limits.md section 2. Unknown is not ok.

use serde::{Deserialize, Serialize};
use std::sync::Arc;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum GateState {
    Ok,
    NotConfigured,
    Warn,
    /// Not known, and that only warns here.
    UnknownWarn,
    /// Not known, and that blocks here.
    UnknownBlock,
    Block,
}

impl GateState {
    pub fn blocks(self) -> bool {
        matches!(self, GateState::Block | GateState::UnknownBlock)
    }
    pub fn warns(self) -> bool {
        matches!(self, GateState::Warn | GateState::UnknownWarn)
    }
    pub fn word(self) -> &'static str {
        match self {
            GateState::Ok => "ok",
            GateState::NotConfigured => "not configured",
            GateState::Warn => "warn",
            GateState::UnknownWarn | GateState::UnknownBlock => "unknown",
            GateState::Block => "BLOCK",
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Gate {
    Verdict,
    Freshness,
    Burn,
    Permission,
    /// The environment is frozen.
    Cord,
    /// SLI, track split and deploy label: can what follows be seen?
    Observability,
    Soak,
    Debts,
    Lead,
    Signature,
    /// CI of the artifact.
    Build,
    /// SBOM and scan.
    Scan,
    /// Change windows and freezes.
    Window,
    /// Who is there, and until when.
    Shift,
    /// The newest smoke check of a runbook.
    Smoke,
    /// The guide's two checklists.
    Checklist,
    /// Somebody else looked at it.
    Second,
}

impl Gate {
    pub fn word(self) -> &'static str {
        match self {
            Gate::Verdict => "verdict",
            Gate::Freshness => "freshness",
            Gate::Burn => "burn",
            Gate::Permission => "permission",
            Gate::Cord => "cord",
            Gate::Observability => "observable",
            Gate::Soak => "soak",
            Gate::Debts => "debts",
            Gate::Lead => "lead",
            Gate::Signature => "signature",
            Gate::Build => "ci",
            Gate::Scan => "sbom, scan",
            Gate::Window => "window",
            Gate::Shift => "shift",
            Gate::Smoke => "smoke",
            Gate::Checklist => "checklist",
            Gate::Second => "2nd person",
        }
    }

    /// Gates that somebody has to tell, by their words in the config. The others always have something to go by.
    pub const TOLD: [(&str, Gate); 9] = [
        ("signature", Gate::Signature),
        ("ci", Gate::Build),
        ("scan", Gate::Scan),
        ("window", Gate::Window),
        ("shift", Gate::Shift),
        ("smoke", Gate::Smoke),
        ("checklist", Gate::Checklist),
        ("observable", Gate::Observability),
        ("burn", Gate::Burn),
    ];

    /// What the emergency path never passes: an artifact that is not the one that was signed, a right one has not.
    pub fn stands_in_an_emergency(self) -> bool {
        matches!(self, Gate::Signature | Gate::Permission)
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GateLine {
    pub gate: Gate,
    pub state: GateState,
    /// How it knows, in words.
    pub words: Arc<str>,
}

/// The right an act's request needs, in the field's own words, from the request's own path:
/// `.../namespaces/shop/rollouts/checkout/status` -> `patch rollouts/status`.
pub fn right_of(method: &str, path: &str) -> Option<String> {
    let path = path.split('?').next().unwrap_or(path);
    let mut parts = path.split('/').skip_while(|p| *p != "namespaces").skip(2);
    let plural = parts.next()?;
    let _name = parts.next()?;
    let sub = parts.next().map(|s| format!("/{s}")).unwrap_or_default();
    Some(format!("{} {plural}{sub}", method.to_ascii_lowercase()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_names_its_right() {
        let p = "/apis/argoproj.io/v1alpha1/namespaces/shop/rollouts/checkout";
        assert_eq!(right_of("PATCH", p).as_deref(), Some("patch rollouts"));
        assert_eq!(
            right_of("PATCH", &format!("{p}/status?fieldManager=andon")).as_deref(),
            Some("patch rollouts/status")
        );
        assert_eq!(right_of("GET", "/healthz"), None);
    }
}
