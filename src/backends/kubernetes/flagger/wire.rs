//! A Canary, its target and its primary turned into one `TargetState`, without falling into the traps of
//! kubernetes-rollouts 4.3: a waiting canary says weight 0 and is at its maximum, `Failed` has forgotten its count, and
//! may have all users on it. Pure. Which version is which: `versions`.

use super::dto::{Canary, percent};
use super::gates::gates;
use super::versions::{restarts, stranded, testing, versions};
use crate::backends::kubernetes::apps::dto::Work;
use crate::backends::kubernetes::argo::phase::utc;
use crate::backends::kubernetes::around::Around;
use crate::backends::kubernetes::dto::Condition as ConditionDto;
use crate::backends::kubernetes::hands::{Field, last, writers};
use crate::backends::kubernetes::wire::git_owner;
use crate::core::id::{ServiceId, SourceId, TargetId};
use crate::core::time::Utc;
use crate::core::world::detail::{Condition, Detail, Flagger, Workload, Written};
use crate::core::world::target::{Gate, PauseDef, Phase, StepDef, Strategy, TargetState};
use std::sync::Arc;

/// What andon calls the kind of its targets.
pub const KIND: &str = "Canary";

/// `None`: no name or uid.
pub fn target_state(source: &SourceId, canary: &Canary, around: &Around<'_>, read_at: Utc) -> Option<TargetState> {
    let c = canary;
    let m = &c.metadata;
    let id = TargetId {
        source: source.clone(),
        namespace: m.namespace.clone().unwrap_or_default(),
        kind: KIND.into(),
        name: m.name.clone()?,
        uid: m.uid.clone()?,
    };
    let v = versions(c, around);
    let moving = testing(c.phase()) || (v.candidate.is_some() && v.candidate != v.stable);
    let aborted = c.phase() == "Failed" && moving && !stranded(c);
    let (weight_wanted, weight_real) = weights(c, moving);
    let entered = entered(c);
    let gate = gate(c, entered);
    let born = v.candidate.as_ref().and_then(|h| v.revisions.iter().find(|r| r.hash == *h)).and_then(|r| r.created);
    Some(TargetState {
        service: ServiceId(service_name(c, around, &id.name)),
        strategy: strategy(c),
        phase: phase(c, moving),
        message: message(c, moving, weight_wanted).into(),
        since: entered.or_else(|| utc(c.status.last_transition_time.as_ref())),
        steps: steps(c),
        step: step(c, moving),
        weight_wanted,
        weight_real,
        wanted: v.wanted,
        // A template used again was made long ago.
        started: if moving && testing(c.phase()) { born.max(begun(c)) } else { born },
        candidate: v.candidate,
        stable: v.stable,
        revisions: v.revisions,
        gate,
        held: c.spec.suspend,
        held_by: last(&m.managed_fields, Field::Suspend).filter(|_| c.spec.suspend),
        releasing: false,
        aborted,
        aborted_at: entered.filter(|_| aborted),
        aborted_by: None,
        promoting_full: c.spec.skip_analysis && moving && !aborted,
        invalid: None,
        generation: m.generation.unwrap_or(0),
        // It says nowhere which generation it has seen: only phases and events tell.
        observed: true,
        version: m.resource_version.clone().unwrap_or_default(),
        // The way back changes the target, so its owner counts too.
        git: git_owner(m).or_else(|| git_owner(&target(c, around)?.metadata)),
        detail: Detail { writers: hands(c, around), ..detail(c, around) },
        read_at,
        raw: None,
        id,
    })
}

/// Who wrote the fields acts are about, newest first.
fn hands(c: &Canary, around: &Around<'_>) -> Vec<Written> {
    let own = c.metadata.managed_fields.as_slice();
    let target = target(c, around).map_or(&[][..], |w| w.metadata.managed_fields.as_slice());
    writers([
        ("spec.suspend", own, Field::Suspend),
        ("spec.skipAnalysis", own, Field::SkipAnalysis),
        ("target.template", target, Field::Template),
    ])
}

fn detail(c: &Canary, around: &Around<'_>) -> Detail {
    let text = |t: &Option<Arc<str>>| t.clone().unwrap_or_default();
    let name = text(&c.spec.target_ref.name);
    let primary = format!("{name}-primary");
    let count = |n: Option<i64>| n.and_then(|n| u32::try_from(n).ok());
    Detail {
        flagger: Some(Flagger {
            phase: c.phase().into(),
            failed_checks: count(c.status.failed_checks).unwrap_or(0),
            threshold: c.threshold(),
            max_weight: c.max_weight(),
            // Waiting for its promotion it writes one less than it did, and -1 where there are none.
            iteration: if c.phase() == "WaitingPromotion" { c.iterations() } else { count(c.status.iterations) }
                .filter(|_| c.iterations().is_some()),
            iterations: c.iterations(),
            interval: c.interval(),
            suspended: c.spec.suspend,
            skip_analysis: c.spec.skip_analysis,
            gates: gates(c),
            last_applied: text(&c.status.last_applied_spec),
            last_promoted: text(&c.status.last_promoted_spec),
        }),
        workload: Some(Workload { kind: text(&c.spec.target_ref.kind), name: name.clone() }),
        scalers: around
            .scalers
            .iter()
            .filter(|s| *s.target == *name || *s.target == *primary)
            .map(|s| s.scaler.clone())
            .collect(),
        conditions: c.status.conditions.iter().map(condition).collect(),
        drift: rivals(c, around),
        restarts: restarts(c, around),
        ..Detail::default()
    }
}

fn condition(d: &ConditionDto) -> Condition {
    let text = |t: &Option<Arc<str>>| t.clone().unwrap_or_default();
    Condition {
        kind: text(&d.r#type),
        status: text(&d.status),
        reason: text(&d.reason),
        message: text(&d.message),
        since: utc(d.last_update_time.as_ref()),
    }
}

/// Two Canaries that drive one workload corrupt each other: Flagger itself only logs it.
fn rivals(c: &Canary, around: &Around<'_>) -> Vec<Arc<str>> {
    let target = |c: &Canary| (c.spec.target_ref.kind.clone(), c.spec.target_ref.name.clone());
    around
        .canaries
        .iter()
        .filter(|o| o.metadata.uid != c.metadata.uid && o.metadata.namespace == c.metadata.namespace)
        .filter(|o| o.spec.target_ref.name.is_some() && target(o) == target(c))
        .map(|o| {
            let name = |n: &Option<Arc<str>>| n.clone().unwrap_or_default();
            let (other, target) = (name(&o.metadata.name), name(&c.spec.target_ref.name));
            format!("the Canary {other} has the same target, {target}: the two undo each other's work").into()
        })
        .collect()
}

fn target<'a>(c: &Canary, around: &Around<'a>) -> Option<&'a Work> {
    let name = c.spec.target_ref.name.as_ref()?;
    around.works.iter().copied().find(|w| w.metadata.name.as_ref() == Some(name))
}

/// Label `app.kubernetes.io/name`, else `app`, on the object or its target, else the target's name.
fn service_name(c: &Canary, around: &Around<'_>, name: &Arc<str>) -> Arc<str> {
    let labels = [Some(&c.metadata.labels), target(c, around).map(|w| &w.metadata.labels)];
    ["app.kubernetes.io/name", "app"]
        .iter()
        .find_map(|k| labels.iter().flatten().find_map(|l| l.get(k)))
        .or(c.spec.target_ref.name.as_ref())
        .filter(|n| !n.is_empty())
        .unwrap_or(name)
        .clone()
}

fn strategy(c: &Canary) -> Strategy {
    match (c.iterations(), c.analysis().is_some_and(|a| a.r#match)) {
        // Without a mesh it can do neither A/B nor weights.
        _ if c.spec.provider.as_deref() == Some("kubernetes") => Strategy::BlueGreen,
        (Some(_), true) => Strategy::AbTest,
        (Some(_), false) => Strategy::BlueGreen,
        (None, _) => Strategy::Canary,
    }
}

fn phase(c: &Canary, moving: bool) -> Phase {
    let own = match c.phase() {
        "" | "Initializing" | "Progressing" | "Promoting" | "Finalising" => Phase::Progressing,
        "Waiting" | "WaitingPromotion" => Phase::Paused,
        // A new template that it has not looked at yet.
        "Initialized" | "Succeeded" if moving => Phase::Progressing,
        "Initialized" | "Succeeded" => Phase::Healthy,
        // The target asks for the promoted version again: it stays `Failed` until the next release, and nothing is wrong.
        "Failed" if !moving => Phase::Healthy,
        "Failed" => Phase::Degraded,
        other => Phase::Other(other.into()),
    };
    match own {
        Phase::Progressing if c.spec.suspend => Phase::Paused,
        own => own,
    }
}

/// The controller's words, with what they leave out.
fn message(c: &Canary, moving: bool, weight: u8) -> String {
    let said = c.status.conditions.iter().find(|d| d.r#type.as_deref() == Some("Promoted"));
    let said = said.and_then(|d| d.message.clone()).unwrap_or_default();
    let mut parts: Vec<String> = Vec::new();
    if stranded(c) {
        // Its own sentence says "scaled to zero" here too.
        let percent = percent(c.status.canary_weight);
        parts.push(format!("NOT ROLLED BACK: the promotion failed and {percent}% of the traffic is on the canary"));
    } else if !said.is_empty() {
        parts.push(said.trim_end_matches('.').to_owned());
    }
    let failed = c.status.failed_checks.unwrap_or(0);
    match c.phase() {
        "WaitingPromotion" if strategy(c) == Strategy::Canary => parts.push(format!("held at max weight {weight}%")),
        "Initialized" | "Succeeded" if moving => parts.push("a new template waits for the next look".to_owned()),
        "Failed" if !moving => parts.push("the target asks for the promoted version again".to_owned()),
        _ => {}
    }
    if failed > 0 && testing(c.phase()) {
        parts.push(format!("{failed} of {} failed checks", c.threshold()));
    }
    if c.spec.suspend {
        parts.insert(0, "suspended".to_owned());
    }
    if c.spec.skip_analysis {
        parts.push("skipAnalysis is on: releases go out unchecked".to_owned());
    }
    parts.join("; ")
}

/// When the phase began. The condition is written on a change of phase only; `lastTransitionTime` of the status moves
/// with every weight and failed check, and each tick of a failed canary.
fn entered(c: &Canary) -> Option<Utc> {
    let now = c.status.conditions.iter().find(|d| d.r#type.as_deref() == Some("Promoted"))?;
    utc(now.last_update_time.as_ref().filter(|_| now.reason.as_deref() == Some(c.phase())))
}

/// When the change under way began: its condition became unknown then.
fn begun(c: &Canary) -> Option<Utc> {
    let now = c.status.conditions.iter().find(|d| d.r#type.as_deref() == Some("Promoted"))?;
    utc(now.last_transition_time.as_ref().filter(|_| now.status.as_deref() == Some("Unknown")))
}

fn gate(c: &Canary, since: Option<Utc>) -> Option<Gate> {
    let reason = match c.phase() {
        "Waiting" => "confirm-rollout",
        "WaitingPromotion" => "confirm-promotion",
        _ => return None,
    };
    Some(Gate { reason: reason.into(), since, until: None })
}

/// Percent of traffic the candidate should have and has.
fn weights(c: &Canary, moving: bool) -> (u8, Option<u8>) {
    if !moving {
        return (100, Some(100));
    }
    let said = percent(c.status.canary_weight);
    let top = c.weights().last().copied().unwrap_or(c.max_weight());
    match (c.phase(), strategy(c)) {
        ("Progressing", Strategy::Canary) => (said, Some(said)),
        // The field is reset to 0 by this phase; the routes are not.
        ("WaitingPromotion", Strategy::Canary) => (top, Some(top)),
        // By header, or all at once at the end: no field says which.
        ("Progressing" | "WaitingPromotion", Strategy::AbTest) => (0, None),
        ("Progressing", _) if c.status.iterations > c.iterations().map(i64::from) => (100, Some(100)),
        ("Progressing", _) => (0, Some(0)),
        ("WaitingPromotion", _) => (0, None),
        ("Promoting" | "Finalising", _) => (100, None),
        ("Failed", _) => (said, Some(said)),
        _ => (0, Some(0)),
    }
}

/// Its gates, weights or iterations in order, and the promotion.
fn steps(c: &Canary) -> Vec<StepDef> {
    let has = |kind: &str| c.webhooks().iter().any(|w| w.r#type.as_deref() == Some(kind));
    let gate = |label: &str| StepDef { label: label.into(), weight: None, pause: Some(PauseDef::UntilPromoted) };
    let mut all = Vec::new();
    if has("confirm-rollout") {
        all.push(gate("confirm-rollout"));
    }
    all.extend(c.weights().into_iter().map(|w| StepDef {
        label: format!("canaryWeight: {w}").into(),
        weight: Some(w),
        pause: None,
    }));
    let ticks = c.iterations().unwrap_or(0).min(MOST_ITERATIONS);
    all.extend((1..=ticks).map(|i| StepDef { label: format!("iteration: {i}").into(), weight: None, pause: None }));
    if has("confirm-promotion") {
        all.push(gate("confirm-promotion"));
    }
    all.push(StepDef { label: "promote".into(), weight: Some(100), pause: None });
    all
}

/// More are not told apart on a screen.
const MOST_ITERATIONS: u32 = 100;

/// Steps done. A weight counts as done when its traffic flows: what is under way is its analysis, and the next step.
fn step(c: &Canary, moving: bool) -> Option<u32> {
    let all = steps(c);
    let n = u32::try_from(all.len()).ok()?;
    let first = u32::from(all.first().is_some_and(|s| &*s.label == "confirm-rollout"));
    let last_gate = u32::from(all.iter().any(|s| &*s.label == "confirm-promotion"));
    let done = match c.phase() {
        _ if !moving => n,
        "Progressing" => {
            let said = percent(c.status.canary_weight);
            let weights = c.weights().iter().filter(|w| **w <= said).count();
            let ticks = c.status.iterations.and_then(|i| u32::try_from(i).ok()).unwrap_or(0);
            let made =
                if c.iterations().is_some() { ticks.min(MOST_ITERATIONS) } else { u32::try_from(weights).ok()? };
            (first + made).min(n - 1)
        }
        "WaitingPromotion" => n - 1 - last_gate,
        "Promoting" | "Finalising" => n - 1,
        _ => 0,
    };
    Some(done)
}
