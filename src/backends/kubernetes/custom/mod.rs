//! An operator's own resources: never acted on; judged by the conditions and the phase their controller writes. Pure, but
//! for `read`.
//!
//! A kind is named in the config as the server's own path has it: `databases.db.example.org/v1` is the resource
//! `databases` of group `db.example.org`, version `v1`. What its objects are called (`Database`) the server says.

pub mod read;

use super::around::Around;
use super::dto::{Condition, Meta, dto};
use super::lenient::{Scalar, list, object, text};
use crate::backends::kubernetes::argo::phase::utc;
use crate::core::id::{ServiceId, SourceId, TargetId};
use crate::core::time::Utc;
use crate::core::world::detail::{self, Detail};
use crate::core::world::target::{Phase, Strategy, TargetState};
use serde::Deserialize;
use std::sync::Arc;

/// A kind to watch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CustomKind {
    pub group: String,
    pub version: String,
    /// As in the path: `databases`.
    pub plural: String,
    /// What its objects call themselves: `Database`. `None`: the server has not said.
    pub kind: Option<Arc<str>>,
}

impl CustomKind {
    /// Error: what is wrong with it, for a person.
    pub fn parse(written: &str) -> Result<CustomKind, String> {
        let wrong = || format!("{written:?} is no kind: write databases.db.example.org/v1 (resource.group/version)");
        let (of, version) = written.split_once('/').ok_or_else(wrong)?;
        let (plural, group) = of.split_once('.').ok_or_else(wrong)?;
        let plain = |s: &str| {
            let inner = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-' || b == b'.';
            !s.is_empty() && s.bytes().all(inner) && !s.starts_with(['.', '-']) && !s.ends_with(['.', '-'])
        };
        if !plain(plural) || !plain(group) || !plain(version) || version.contains('.') {
            return Err(wrong());
        }
        Ok(CustomKind { group: group.into(), version: version.into(), plural: plural.into(), kind: None })
    }

    /// Path of its group and version.
    pub fn path(&self) -> String {
        format!("/apis/{}/{}", self.group, self.version)
    }
}

dto!(
    /// One object of a custom kind.
    Custom {
        kind: Option<Arc<str>> = "text",
        metadata: Meta = "object",
        status: CustomStatus = "object",
    }
);
dto!(CustomStatus {
    phase: Option<Arc<str>> = "text",
    /// Some operators say `state`.
    state: Option<Arc<str>> = "text",
    message: Option<Arc<str>> = "text",
    observed_generation: Scalar = "Scalar::deserialize",
    conditions: Vec<Condition> = "list",
});

/// Conditions that say by `True` that it works.
const GOOD: [&str; 5] = ["Ready", "Available", "Healthy", "Synced", "ReconcileSuccess"];
/// Conditions that say by `True` that its controller is at work.
const BUSY: [&str; 4] = ["Reconciling", "Progressing", "Updating", "Upgrading"];
/// Conditions that say by `True` that something is wrong.
const BAD: [&str; 6] = ["Stalled", "Degraded", "Failed", "ReconcileError", "ReconcileFailed", "Error"];

fn find<'a>(c: &'a Custom, kinds: &[&str], status: &str) -> Option<&'a Condition> {
    let says = |c: &&Condition, kind: &str| c.r#type.as_deref() == Some(kind) && c.status.as_deref() == Some(status);
    kinds.iter().find_map(|k| c.status.conditions.iter().find(|c| says(c, k)))
}

fn words(c: &Condition) -> Arc<str> {
    let message = c.message.clone().filter(|m| !m.is_empty());
    message.or_else(|| c.reason.clone()).or_else(|| c.r#type.clone()).unwrap_or_default()
}

/// An operator's own word for where it stands.
fn phase_of(word: &Arc<str>) -> Phase {
    match &*word.to_ascii_lowercase() {
        "ready" | "running" | "healthy" | "active" | "available" | "online" | "succeeded" | "bound" | "deployed" => {
            Phase::Healthy
        }
        "pending" | "creating" | "provisioning" | "initializing" | "updating" | "upgrading" | "progressing"
        | "reconciling" | "scaling" | "deploying" | "restarting" => Phase::Progressing,
        "failed" | "error" | "degraded" | "unhealthy" | "stalled" => Phase::Degraded,
        "paused" | "suspended" => Phase::Paused,
        _ => Phase::Other(word.clone()),
    }
}

/// Phase, why, and since when. What is wrong goes before what is going on, that before what is well; a controller that
/// has not seen the newest wish has not said anything of it.
fn judged(c: &Custom, observed: bool) -> (Phase, Arc<str>, Option<Utc>) {
    let since = |x: &Condition| utc(x.last_transition_time.as_ref());
    if let Some(x) = find(c, &BAD, "True") {
        return (Phase::Degraded, words(x), since(x));
    }
    if !observed {
        return (Phase::Progressing, "its controller has not seen the newest change yet".into(), None);
    }
    let busy = find(c, &BUSY, "True");
    let word = c.status.phase.as_ref().or(c.status.state.as_ref()).filter(|w| !w.is_empty());
    match (find(c, &GOOD, "False"), busy) {
        (Some(x), None) => {
            // Not ready while it is being made is no failure, where the operator says so.
            let making = word.map(phase_of) == Some(Phase::Progressing);
            return (if making { Phase::Progressing } else { Phase::Degraded }, words(x), since(x));
        }
        (_, Some(x)) => return (Phase::Progressing, words(x), since(x)),
        (None, None) => {}
    }
    if let Some(x) = find(c, &GOOD, "Unknown") {
        return (Phase::Progressing, words(x), since(x));
    }
    if let Some(word) = word {
        return (phase_of(word), c.status.message.clone().unwrap_or_default(), None);
    }
    match find(c, &GOOD, "True") {
        Some(x) => (Phase::Healthy, words(x), since(x)),
        None => (Phase::Other("no status".into()), "its controller has written no status".into(), None),
    }
}

fn observed(c: &Custom) -> bool {
    let seen = match &c.status.observed_generation {
        Scalar::Int(n) => Some(*n),
        Scalar::Text(t) => t.parse().ok(),
        Scalar::Nothing | Scalar::Flag(_) | Scalar::Float(_) => None,
    };
    // Many operators do not write it: then nothing is known against it.
    seen.zip(c.metadata.generation).is_none_or(|(seen, wanted)| seen >= wanted)
}

/// The state as of `read_at`; the pods `around` are its own. `None` without name, uid or kind.
pub fn target_state(source: &SourceId, c: &Custom, around: &Around<'_>, read_at: Utc) -> Option<TargetState> {
    let m = &c.metadata;
    let id = TargetId {
        source: source.clone(),
        namespace: m.namespace.clone().unwrap_or_default(),
        kind: c.kind.clone()?,
        name: m.name.clone()?,
        uid: m.uid.clone()?,
    };
    let observed = observed(c);
    let (phase, message, since) = judged(c, observed);
    let service = ["app.kubernetes.io/name", "app"].iter().find_map(|l| m.labels.get(l)).filter(|n| !n.is_empty());
    let conditions = c.status.conditions.iter().map(|x| detail::Condition {
        kind: x.r#type.clone().unwrap_or_default(),
        status: x.status.clone().unwrap_or_default(),
        reason: x.reason.clone().unwrap_or_default(),
        message: x.message.clone().unwrap_or_default(),
        since: utc(x.last_transition_time.as_ref()),
    });
    Some(TargetState {
        service: ServiceId(service.unwrap_or(&id.name).clone()),
        strategy: Strategy::Reconciled,
        phase,
        message,
        since,
        steps: Vec::new(),
        step: None,
        weight_wanted: 100,
        weight_real: None,
        wanted: 0,
        candidate: None,
        stable: None,
        revisions: Vec::new(),
        gate: None,
        held: false,
        held_by: None,
        releasing: false,
        aborted: false,
        aborted_at: None,
        aborted_by: None,
        promoting_full: false,
        invalid: None,
        generation: m.generation.unwrap_or(0),
        observed,
        version: m.resource_version.clone().unwrap_or_default(),
        git: super::wire::git_owner(m),
        detail: Detail {
            conditions: conditions.collect(),
            restarts: around.pods.iter().map(|p| p.restarts).fold(0, u32::saturating_add),
            ..Detail::default()
        },
        started: None,
        read_at,
        raw: None,
        id,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn state(status: &Value) -> TargetState {
        let v = json!({"kind": "Database", "metadata": {"name": "orders", "namespace": "shop", "uid": "u",
            "generation": 3}, "status": status});
        let c: Custom = serde_json::from_value(v).expect("lenient");
        target_state(&"eu-1".into(), &c, &Around::default(), Utc(0)).expect("named")
    }

    fn says(status: &Value) -> (String, String) {
        let t = state(status);
        (t.phase.word().to_owned(), t.message.to_string())
    }

    #[test]
    fn a_kind_is_written_one_way() {
        let k = CustomKind::parse("databases.db.example.org/v1alpha1").expect("a kind");
        assert_eq!((&*k.plural, &*k.path()), ("databases", "/apis/db.example.org/v1alpha1"));
        for bad in
            ["", "databases/v1", "databases.x", "Databases.x.org/v1", ".x.org/v1", "a.b/v1/x", "a.b/v1?c", "a./v1"]
        {
            assert!(CustomKind::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn conditions_are_read_from_the_worst_to_the_best() {
        let cond = |kind: &str, status: &str| json!({"type": kind, "status": status, "message": kind});
        let all = |list: &[Value]| says(&json!({"conditions": list, "observedGeneration": 3}));
        let (ready, not) = (cond("Ready", "True"), cond("Ready", "False"));
        assert_eq!(all(std::slice::from_ref(&ready)), ("healthy".into(), "Ready".into()));
        assert_eq!(all(std::slice::from_ref(&not)).0, "degraded");
        assert_eq!(all(&[not.clone(), cond("Reconciling", "True")]), ("progressing".into(), "Reconciling".into()));
        assert_eq!(all(&[ready, cond("Stalled", "True")]), ("degraded".into(), "Stalled".into()));
        assert_eq!(all(&[cond("Available", "Unknown")]).0, "progressing");
        assert_eq!(says(&json!({"phase": "Creating", "conditions": [not]})).0, "progressing", "not ready yet");
    }

    #[test]
    fn a_phase_word_is_read_and_a_strange_one_is_kept() {
        assert_eq!(says(&json!({"phase": "Running"})).0, "healthy");
        assert_eq!(says(&json!({"state": "failed", "message": "disk full"})), ("degraded".into(), "disk full".into()));
        assert_eq!(says(&json!({"phase": "Rebalancing"})).0, "Rebalancing");
        assert_eq!(says(&json!({})).0, "no status");
    }

    #[test]
    fn a_controller_that_is_behind_makes_no_healthy_state() {
        let behind = json!({"observedGeneration": 2, "conditions": [{"type": "Ready", "status": "True"}]});
        let t = state(&behind);
        assert!(!t.observed && t.phase == Phase::Progressing);
        assert!(!t.is_moving() && t.strategy == Strategy::Reconciled);
        assert_eq!(t.detail.conditions.len(), 1);
    }
}
