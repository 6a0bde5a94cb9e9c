//! What a client must compute from a Rollout: phase, step, weights, gate. Pure; follows the field's own
//! tool (`GetRolloutPhase`, `GetCurrentSetWeight`) except where that tool is known to mislead. Knows no replica lists.

use crate::backends::kubernetes::dto::{CanaryStep, Pause, Rollout};
use crate::backends::kubernetes::lenient::Scalar;
use crate::core::time::Utc;
use crate::core::world::target::{Gate, PauseDef, Phase, StepDef};
use std::sync::Arc;

/// RFC 3339 to our time; junk is absence.
pub fn utc(text: Option<&Arc<str>>) -> Option<Utc> {
    text?.parse::<jiff::Timestamp>().ok().map(|t| Utc(t.as_millisecond()))
}

fn decimal(s: &Scalar) -> Option<i64> {
    match s {
        Scalar::Text(t) => t.parse().ok(),
        Scalar::Int(n) => Some(*n),
        Scalar::Nothing | Scalar::Flag(_) | Scalar::Float(_) => None,
    }
}

/// The controller has seen the object's generation. `observedGeneration` of a Rollout is a string: not numeric counts as
/// observed, greater than the generation too.
pub fn observed(r: &Rollout) -> bool {
    decimal(&r.status.observed_generation).is_none_or(|seen| seen >= r.metadata.generation.unwrap_or(0))
}

/// Spec and status agree that nothing is under way.
pub fn promoted(r: &Rollout) -> bool {
    let (now, stable) = (&r.status.current_pod_hash, &r.status.stable_rs);
    now.is_some() && now == stable
}

/// The controller itself has aborted: the flag alone is only a stored wish.
pub fn aborted(r: &Rollout) -> bool {
    r.status.abort
        && (r.status.aborted_at.is_some()
            || r.status.conditions.iter().any(|c| c.reason.as_deref() == Some("RolloutAborted")))
}

/// `status.abort` says one thing and what the controller wrote another.
pub fn abort_pending(r: &Rollout) -> bool {
    if r.status.abort { !aborted(r) } else { r.status.aborted_at.is_some() }
}

/// Somebody released the gate and the controller has not reacted yet.
pub fn releasing(r: &Rollout) -> bool {
    r.status.controller_pause && r.status.pause_conditions.is_empty()
}

/// The message of an InvalidSpec condition: the controller does nothing while it stands.
pub fn invalid(r: &Rollout) -> Option<Arc<str>> {
    r.status
        .conditions
        .iter()
        .find(|c| c.r#type.as_deref() == Some("InvalidSpec") && c.status.as_deref() != Some("False"))
        .map(|c| c.message.clone().unwrap_or_else(|| "InvalidSpec".into()))
}

pub fn phase(r: &Rollout) -> (Phase, Arc<str>) {
    let progressing = |m: &str| (Phase::Progressing, Arc::<str>::from(m));
    if !observed(r) {
        return progressing("waiting for rollout spec update to be observed");
    }
    if releasing(r) {
        return progressing("waiting for rollout to unpause");
    }
    let wanted =
        r.metadata.annotations.get("rollout.argoproj.io/workload-generation").and_then(|g| g.parse::<i64>().ok());
    if r.spec.workload_ref.is_some()
        && let (Some(a), Some(b)) = (wanted, decimal(&r.status.workload_observed_generation))
        && a != b
    {
        return progressing("waiting for rollout spec update to be observed for the reference workload");
    }
    if let Some(word) = r.status.phase.as_ref().filter(|w| !w.is_empty()) {
        let phase = match &**word {
            "Healthy" => Phase::Healthy,
            "Progressing" => Phase::Progressing,
            "Paused" => Phase::Paused,
            "Degraded" => Phase::Degraded,
            _ => Phase::Other(word.clone()),
        };
        return (phase, r.status.message.clone().unwrap_or_default());
    }
    computed(r)
}

/// The controller's own algorithm, for servers that do not write the phase.
fn computed(r: &Rollout) -> (Phase, Arc<str>) {
    let s = &r.status;
    let progressing = |m: &str| (Phase::Progressing, Arc::<str>::from(m));
    if let Some(why) = invalid(r) {
        return (Phase::Degraded, format!("InvalidSpec: {why}").into());
    }
    for c in &s.conditions {
        if let Some(reason @ ("RolloutAborted" | "ProgressDeadlineExceeded")) = c.reason.as_deref() {
            let message = c.message.as_deref().unwrap_or("");
            return (Phase::Degraded, format!("{reason}: {message}").into());
        }
    }
    if r.spec.paused {
        return (Phase::Paused, "manually paused".into());
    }
    if let Some(p) = s.pause_conditions.first() {
        return (Phase::Paused, p.reason.clone().unwrap_or_default());
    }
    if r.spec.restart_at.is_some() && r.spec.restart_at != s.restarted_at {
        return progressing("rollout is restarting");
    }
    let (updated, available) = (s.updated_replicas.unwrap_or(0), s.available_replicas.unwrap_or(0));
    if updated < r.spec.replicas.unwrap_or(1) {
        return progressing("more replicas need to be updated");
    }
    if available < updated {
        return progressing("updated replicas are still becoming available");
    }
    if r.spec.strategy.blue_green.is_some() {
        let active = s.blue_green.active_selector.as_deref().unwrap_or("");
        if active.is_empty() || Some(active) != s.current_pod_hash.as_deref() {
            return progressing("active service cutover pending");
        }
        if !promoted(r) {
            let running = s
                .blue_green
                .post_promotion_analysis_run_status
                .as_ref()
                .is_some_and(|a| matches!(a.status.as_deref(), Some("Running" | "Pending" | "")));
            return progressing(if running {
                "waiting for analysis to complete"
            } else {
                "waiting for post-promotion verification to complete"
            });
        }
    } else {
        if !routed(r) && s.replicas.unwrap_or(0) > updated {
            return progressing("old replicas are pending termination");
        }
        if !promoted(r) {
            return progressing("waiting for all steps to complete");
        }
    }
    (Phase::Healthy, "".into())
}

/// A router carries the weights; else they are replica counts.
pub fn routed(r: &Rollout) -> bool {
    r.spec.strategy.canary.as_ref().is_some_and(|c| c.traffic_routing.is_some())
}

/// The denominator of every weight, at least 1.
pub fn max_weight(r: &Rollout) -> i64 {
    r.spec
        .strategy
        .canary
        .as_ref()
        .and_then(|c| c.traffic_routing.as_ref())
        .and_then(|t| t.max_traffic_weight)
        .filter(|m| *m > 0)
        .unwrap_or(100)
}

/// `weight / max` as percent, 0..=100.
pub fn percent(weight: i64, max: i64) -> u8 {
    let p = weight.clamp(0, max).saturating_mul(100) / max.max(1);
    u8::try_from(p).unwrap_or(100)
}

pub fn steps(r: &Rollout) -> &[CanaryStep] {
    r.spec.strategy.canary.as_ref().map_or(&[], |c| c.steps.as_slice())
}

/// Steps done: absent counts as 0, beyond the end as the end. `None`: the strategy has no steps.
pub fn step_index(r: &Rollout) -> Option<usize> {
    let n = steps(r).len();
    if n == 0 {
        return None;
    }
    let i = r.status.current_step_index.unwrap_or(0).max(0);
    Some(usize::try_from(i).unwrap_or(n).min(n))
}

/// The last `setWeight` at or before the running step, as percent.
pub fn set_weight(r: &Rollout) -> u8 {
    let Some(i) = step_index(r) else { return 100 };
    if r.status.abort {
        return 0;
    }
    let all = steps(r);
    if i >= all.len() {
        return 100;
    }
    all[..=i].iter().rev().find_map(|s| s.set_weight).map_or(0, |w| percent(w, max_weight(r)))
}

pub fn step_def(s: &CanaryStep, max: i64) -> StepDef {
    let name = |n: &Option<Arc<str>>| n.as_deref().unwrap_or("?").to_owned();
    let label = if let Some(w) = s.set_weight {
        format!("setWeight: {w}")
    } else if let Some(p) = &s.pause {
        match &p.duration {
            Scalar::Text(t) => format!("pause: {t}"),
            Scalar::Int(n) => format!("pause: {n}s"),
            Scalar::Nothing | Scalar::Flag(_) | Scalar::Float(_) => "pause".into(),
        }
    } else if s.analysis.is_some() {
        "analysis".into()
    } else if s.experiment.is_some() {
        "experiment".into()
    } else if let Some(c) = &s.set_canary_scale {
        match (c.weight, c.replicas, c.match_traffic_weight) {
            (Some(w), ..) => format!("setCanaryScale{{weight: {w}}}"),
            (None, Some(n), _) => format!("setCanaryScale{{replicas: {n}}}"),
            (None, None, true) => "setCanaryScale{matchTrafficWeight: true}".into(),
            (None, None, false) => "setCanaryScale".into(),
        }
    } else if let Some(h) = &s.set_header_route {
        format!("setHeaderRoute: {}", name(&h.name))
    } else if let Some(m) = &s.set_mirror_route {
        format!("setMirrorRoute: {}", name(&m.name))
    } else if let Some(p) = &s.plugin {
        format!("plugin: {}", name(&p.name))
    } else {
        "step this version does not know".into()
    };
    StepDef {
        label: label.into(),
        weight: s.set_weight.map(|w| percent(w, max)),
        pause: s.pause.as_ref().map(pause_def),
    }
}

fn pause_def(p: &Pause) -> PauseDef {
    match seconds(&p.duration) {
        Some(s) => PauseDef::For(s),
        None => PauseDef::UntilPromoted,
    }
}

/// `20`, `"300"` or a Go duration (`1h30m`, `1.5h`) in whole seconds, rounded up: a bare number is seconds.
pub fn seconds(d: &Scalar) -> Option<u64> {
    let text = match d {
        Scalar::Int(n) => return u64::try_from(*n).ok(),
        Scalar::Text(t) => &**t,
        Scalar::Nothing | Scalar::Flag(_) | Scalar::Float(_) => return None,
    };
    if let Ok(n) = text.parse::<u64>() {
        return Some(n);
    }
    let mut rest = text;
    let mut total = 0.0_f64;
    while !rest.is_empty() {
        let end = rest.find(|c: char| !c.is_ascii_digit() && c != '.')?;
        let n: f64 = rest.get(..end)?.parse().ok()?;
        rest = rest.get(end..)?;
        let unit_end = rest.find(|c: char| c.is_ascii_digit() || c == '.').unwrap_or(rest.len());
        total += n * match rest.get(..unit_end)? {
            "h" => 3600.0,
            "m" => 60.0,
            "s" => 1.0,
            "ms" => 1e-3,
            "us" | "µs" => 1e-6,
            "ns" => 1e-9,
            _ => return None,
        };
        rest = rest.get(unit_end..)?;
    }
    (!text.is_empty()).then_some(total.ceil() as u64)
}

/// Where the controller waits, and until when.
pub fn gate(r: &Rollout) -> Option<Gate> {
    let p = r.status.pause_conditions.first()?;
    let reason = p.reason.clone().unwrap_or_else(|| "unknown".into());
    let since = utc(p.start_time.as_ref());
    let length = match &*reason {
        "CanaryPauseStep" => step_index(r)
            .and_then(|i| steps(r).get(i))
            .and_then(|s| s.pause.as_ref())
            .and_then(|p| seconds(&p.duration)),
        "BlueGreenPause" => r
            .spec
            .strategy
            .blue_green
            .as_ref()
            // With auto-promotion off it waits for a person, whatever the seconds say.
            .filter(|b| b.auto_promotion_enabled != Some(false))
            .and_then(|b| b.auto_promotion_seconds)
            .and_then(|s| u64::try_from(s).ok()),
        _ => None,
    };
    let until =
        since.zip(length).map(|(t, s)| Utc(t.0.saturating_add(i64::try_from(s).unwrap_or(0).saturating_mul(1000))));
    Some(Gate { reason, since, until })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_are_seconds_digits_or_go_durations() {
        let t = |s: &str| seconds(&Scalar::Text(s.into()));
        assert_eq!(seconds(&Scalar::Int(20)), Some(20));
        assert_eq!(t("300"), Some(300));
        assert_eq!(t("1h30m"), Some(5400));
        assert_eq!(t("1.5h"), Some(5400));
        assert_eq!(t("500ms"), Some(1));
        assert_eq!(t("soon"), None);
        assert_eq!(t("10"), Some(10));
        assert_eq!(t("10parsecs"), None);
        assert_eq!(seconds(&Scalar::Nothing), None);
    }

    #[test]
    fn without_a_written_phase_the_controllers_own_algorithm_decides() {
        let mut r: Rollout = serde_json::from_str(
            r#"{"metadata":{"generation":1},"spec":{"replicas":2,"strategy":{"canary":{"steps":[{"setWeight":50}]}}},
                "status":{"observedGeneration":"1","currentPodHash":"b","stableRS":"a","replicas":2,"updatedReplicas":1}}"#,
        )
        .expect("json");
        assert_eq!(&*phase(&r).1, "more replicas need to be updated");
        r.status.updated_replicas = Some(2);
        assert_eq!(&*phase(&r).1, "updated replicas are still becoming available");
        r.status.available_replicas = Some(2);
        assert_eq!(&*phase(&r).1, "waiting for all steps to complete");
        r.status.stable_rs = Some("b".into());
        assert_eq!(phase(&r).0, Phase::Healthy);
        r.status.replicas = Some(3);
        assert_eq!(&*phase(&r).1, "old replicas are pending termination");
        r.spec.paused = true;
        assert_eq!(phase(&r).0, Phase::Paused);
        r.metadata.generation = Some(2);
        assert_eq!(&*phase(&r).1, "waiting for rollout spec update to be observed");
    }
}
