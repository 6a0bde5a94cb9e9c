//! How far a workload is, row by row as `kubectl rollout status` judges it (kubernetes-rollouts 5.1, 5.5), with what that
//! command leaves out: paused, scaled down, the pod everything waits for, a deadline that is not this version's. Pure.

use super::dto::{Work, WorkKind, count};
use crate::core::world::target::Phase;
use std::sync::Arc;

/// What the rows alone do not say.
#[derive(Clone, Debug, Default)]
pub struct Known {
    /// Candidate and stable differ.
    pub moving: bool,
    /// The deadline in the conditions was another version's.
    pub deadline_is_old: bool,
    /// `waits for search-2: CrashLoopBackOff`, and whether that pod says why.
    pub waits: Option<(String, bool)>,
    /// A StatefulSet held by its partition.
    pub held: bool,
}

/// The phase and a sentence for it.
pub fn judge(kind: WorkKind, w: &Work, known: &Known) -> (Phase, Arc<str>) {
    let (phase, text) = match kind {
        WorkKind::Deployment => deployment(w, known),
        WorkKind::StatefulSet => stateful(w, known),
        WorkKind::DaemonSet => daemon(w, known),
    };
    (phase, text.into())
}

/// The controller has given up waiting, and means this version.
pub fn deadline_passed(w: &Work, known: &Known) -> bool {
    let s = &w.status;
    let (updated, wanted) = (count(s.updated_replicas), w.wanted(WorkKind::Deployment));
    let done = updated >= wanted && count(s.available_replicas) >= updated && count(s.replicas) <= updated;
    // Stale right after an undo, until the controller's next write; and nothing ends it once all is well.
    w.observed() && !known.deadline_is_old && !done && reason(w) == Some("ProgressDeadlineExceeded")
}

fn reason(w: &Work) -> Option<&str> {
    w.condition("Progressing")?.reason.as_deref()
}

const UNSEEN: &str = "waiting for the controller to see the new spec";

fn deployment(w: &Work, known: &Known) -> (Phase, String) {
    let s = &w.status;
    let (updated, wanted) = (count(s.updated_replicas), w.wanted(WorkKind::Deployment));
    let (all, available) = (count(s.replicas), count(s.available_replicas));
    if !w.observed() {
        return (Phase::Progressing, UNSEEN.into());
    }
    // Quota, admission: the reason stands before the counts, which it explains.
    let failure = w
        .condition("ReplicaFailure")
        .filter(|c| c.status.as_deref() == Some("True"))
        .map(|c| c.message.clone().or_else(|| c.reason.clone()).unwrap_or_default());
    let because = |text: String| match &failure {
        Some(why) => format!("{text}: {why}"),
        None => match &known.waits {
            Some((waits, _)) => format!("{text}; {waits}"),
            None => text,
        },
    };
    if w.spec.paused {
        let text = if known.moving { format!("paused at {updated} of {wanted}") } else { "paused".to_owned() };
        return (Phase::Paused, because(text));
    }
    if deadline_passed(w, known) {
        // The reason first: lines are cut at their end.
        let why =
            failure.clone().map(|f| f.to_string()).or_else(|| known.waits.as_ref().map(|(waits, _)| waits.clone()));
        let said = || w.condition("Progressing").and_then(|c| c.message.as_deref()).unwrap_or("").to_owned();
        return (Phase::Degraded, format!("past its deadline: {}", why.unwrap_or_else(said)));
    }
    if updated < wanted {
        return (Phase::Progressing, because(format!("{updated} of {wanted} have the new version")));
    }
    if all > updated {
        let old = all - updated;
        return (Phase::Progressing, because(format!("{old} of the old version have still to end")));
    }
    if available < updated {
        let text = because(format!("{available} of {updated} are available"));
        let down = w.condition("Available").is_some_and(|c| c.status.as_deref() == Some("False"));
        return (if !known.moving && down { Phase::Degraded } else { Phase::Progressing }, text);
    }
    if wanted == 0 {
        return (Phase::Healthy, "scaled down: no replica is asked for".into());
    }
    (Phase::Healthy, String::new())
}

/// What is waited for, and whether it will not come by itself.
fn waiting(text: String, known: &Known) -> (Phase, String) {
    match &known.waits {
        Some((waits, stuck)) => (if *stuck { Phase::Degraded } else { Phase::Progressing }, format!("{text}; {waits}")),
        None => (Phase::Progressing, text),
    }
}

fn by_hand(updated: u32, wanted: u32) -> (Phase, String) {
    if updated >= wanted {
        return (Phase::Healthy, "OnDelete".into());
    }
    (
        Phase::Paused,
        format!("OnDelete: {updated} of {wanted} have the new version, the others take it when somebody deletes them"),
    )
}

fn stateful(w: &Work, known: &Known) -> (Phase, String) {
    let s = &w.status;
    let (updated, wanted) = (count(s.updated_replicas), w.wanted(WorkKind::StatefulSet));
    let ready = count(s.ready_replicas);
    if !w.observed() {
        return (Phase::Progressing, UNSEEN.into());
    }
    if wanted == 0 {
        return (Phase::Healthy, "scaled down: no replica is asked for".into());
    }
    let moving = s.update_revision != s.current_revision;
    if ready < wanted && !known.held {
        let exist = count(s.replicas);
        let text = if moving && updated < wanted {
            format!("{updated} of {wanted} have the new version")
        } else if exist < wanted && known.waits.is_none() {
            format!("{exist} of {wanted} pods exist")
        } else {
            format!("{ready} of {wanted} are ready")
        };
        return waiting(text, known);
    }
    if w.on_delete() {
        return by_hand(updated, wanted);
    }
    let partition = w.partition();
    if partition > 0 && moving {
        let due = wanted.saturating_sub(partition);
        let kept = match partition.min(wanted) {
            1 => "ordinal 0 keeps".to_owned(),
            n => format!("ordinals 0 to {} keep", n - 1),
        };
        let text = format!("partition {partition}: {kept} the old version");
        if known.held {
            return (Phase::Paused, format!("held by {text}, {updated} of {wanted} have the new one"));
        }
        return if updated >= due {
            (Phase::Paused, text)
        } else {
            waiting(format!("{updated} of {due} above partition {partition} have the new version"), known)
        };
    }
    if moving || updated < wanted {
        return waiting(format!("{updated} of {wanted} have the new version"), known);
    }
    (Phase::Healthy, String::new())
}

fn daemon(w: &Work, known: &Known) -> (Phase, String) {
    let s = &w.status;
    let (updated, wanted) = (count(s.updated_number_scheduled), w.wanted(WorkKind::DaemonSet));
    let available = count(s.number_available);
    if !w.observed() {
        return (Phase::Progressing, UNSEEN.into());
    }
    if wanted == 0 {
        return (Phase::Healthy, "no node matches it".into());
    }
    if w.on_delete() {
        return if available < wanted {
            waiting(format!("{available} of {wanted} nodes have it available"), known)
        } else {
            by_hand(updated, wanted)
        };
    }
    if updated < wanted {
        return waiting(format!("{updated} of {wanted} nodes have the new version"), known);
    }
    if available < wanted {
        return waiting(format!("{available} of {wanted} nodes have it available"), known);
    }
    (Phase::Healthy, String::new())
}
