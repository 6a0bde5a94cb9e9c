//! The gates of a forward act and the figures an actor saw, read off the model.

use crate::core::act::gate::{Gate, GateLine, GateState};
use crate::core::act::plan::Verb;
use crate::core::act::right;
use crate::core::age;
use crate::core::casework;
use crate::core::id::TargetId;
use crate::core::intent::Intent;
use crate::core::judge::burn::Burn;
use crate::core::judge::freshness::{Age, Kind};
use crate::core::judge::judged::{Figures, Judged};
use crate::core::judge::readiness;
use crate::core::judge::verdict::Word;
use crate::core::judge::words;
use crate::core::model::Model;
use crate::core::time::Utc;
use crate::core::world::target::{PauseDef, TargetState};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// Soak at a step when the step itself names no pause (limits.md section 2).
const SOAK_MS: i64 = 10 * 60_000;
/// The candidate's own share of burn that blocks.
const BURN_LINE: f64 = 3.0;

/// The gates of limits.md section 2, those that can block first. What has no source yet is `not configured`: listed and
/// counted, never taken for fine.
pub fn gates(model: &Model, t: &TargetState, verb: Verb) -> Vec<GateLine> {
    let none = |gate, words: &str| line(gate, GateState::NotConfigured, words);
    let mut lines = vec![verdict(model, t), freshness(model, t), burn(model, t), permission(model, t, verb)];
    lines.extend(cord(model));
    lines.extend([
        observability(model, t),
        soak(model, t, verb),
        debts(model, t),
        lead(model),
        none(Gate::Signature, "no source tells signatures"),
        none(Gate::Build, "no source tells what CI said"),
        none(Gate::Scan, "no source tells of SBOM and scan"),
        none(Gate::Window, "no change window and no shift is configured"),
    ]);
    lines
}

/// Would anybody see what this does?
fn observability(model: &Model, t: &TargetState) -> GateLine {
    let judged = model.judged.get(&t.id);
    if !judged.is_some_and(|j| j.telemetry) {
        return line(Gate::Observability, GateState::NotConfigured, "no telemetry is configured");
    }
    match model.world.services.get(&t.service).and_then(|s| s.slo) {
        Some(_) => line(Gate::Observability, GateState::Ok, "errors are measured by version"),
        None => line(Gate::Observability, GateState::Warn, "no SLI is configured for this service"),
    }
}

/// Only a gate that a promote or a resume would pass has a time to stand.
fn soak(model: &Model, t: &TargetState, verb: Verb) -> GateLine {
    let Some(gate) = t.gate.as_ref().filter(|_| matches!(verb, Verb::Promote | Verb::PromoteFull | Verb::Resume))
    else {
        return line(Gate::Soak, GateState::Ok, "no gate stands");
    };
    let Some(since) = gate.since else {
        return line(Gate::Soak, GateState::UnknownWarn, "it is not known since when the gate stands");
    };
    let stood = age::age(model.utc().since(since));
    if soaked(t, model.utc()) {
        line(Gate::Soak, GateState::Ok, format!("this step has stood for {stood}"))
    } else {
        line(Gate::Soak, GateState::Warn, format!("this step has stood for {stood} only"))
    }
}

fn debts(model: &Model, t: &TargetState) -> GateLine {
    let tasks = &model.casebook.debts;
    let of = |words: &crate::core::case::followup::Words| words.service.as_deref() == Some(t.service.as_str());
    let open: Vec<_> = tasks.open().into_iter().filter(|d| d.words().is_some_and(of)).collect();
    match open.as_slice() {
        [] => line(Gate::Debts, GateState::Ok, "no open debt of this service"),
        [first, ..] => {
            let text = first.words().map(|w| w.text.clone()).unwrap_or_default();
            let more = if open.len() > 1 { format!(", {} more", open.len() - 1) } else { String::new() };
            line(Gate::Debts, GateState::Warn, format!("#{} {text}{more}", tasks.label(first)))
        }
    }
}

fn lead(model: &Model) -> GateLine {
    match casework::lead(model) {
        None => line(Gate::Lead, GateState::Ok, "no incident is open"),
        Some(Some(name)) => line(Gate::Lead, GateState::Ok, format!("{name} leads")),
        Some(None) => line(Gate::Lead, GateState::Warn, "an incident is open and nobody leads"),
    }
}

/// Those of a thaw: it is what the cord waits for.
pub fn of_thaw(model: &Model, t: &TargetState) -> Vec<GateLine> {
    let mut lines = gates(model, t, Verb::Resume);
    lines.retain(|g| g.gate != Gate::Cord);
    lines
}

/// Said only while it is pulled: a line that is always ok tells nothing.
fn cord(model: &Model) -> Option<GateLine> {
    let pulled = model.cord.pulled()?;
    let how = model.how(Intent::Thaw);
    Some(line(Gate::Cord, GateState::Block, format!("frozen by {} at {}; {how} thaws", pulled.by, pulled.at.hms())))
}

fn line(gate: Gate, state: GateState, words: impl Into<std::sync::Arc<str>>) -> GateLine {
    GateLine { gate, state, words: words.into() }
}

fn verdict(model: &Model, t: &TargetState) -> GateLine {
    let Some(j) = model.judged.get(&t.id) else {
        return line(Gate::Verdict, GateState::Warn, "NOT JUDGED: nothing to compare");
    };
    let word = &j.verdict.word;
    let detail = word.detail();
    let said = if detail.is_empty() { word.word().to_string() } else { format!("{}, {detail}", word.word()) };
    let state = match word {
        Word::Worse | Word::NoData | Word::NoTraffic(_) => GateState::Block,
        Word::Higher | Word::Unsure(_) => {
            let tier = model.world.services.get(&t.service).map_or(2, |s| s.tier);
            if tier == 1 && !soaked(t, model.utc()) { GateState::Block } else { GateState::Warn }
        }
        Word::NoBaseline | Word::NotJudged => GateState::Warn,
        Word::Same | Word::Better => GateState::Ok,
    };
    line(Gate::Verdict, state, said)
}

/// The step has stood for its own pause, else ten minutes.
fn soaked(t: &TargetState, now: Utc) -> bool {
    let step = t.step.and_then(|i| t.steps.get(i as usize));
    let want = match step.and_then(|s| s.pause) {
        Some(PauseDef::For(secs)) => i64::try_from(secs).unwrap_or(i64::MAX).saturating_mul(1000),
        Some(PauseDef::UntilPromoted) | None => SOAK_MS,
    };
    t.gate.as_ref().and_then(|g| g.since).is_some_and(|since| now.since(since) >= want)
}

fn freshness(model: &Model, t: &TargetState) -> GateLine {
    let judged = model.judged.get(&t.id).is_some_and(|j| j.telemetry);
    if judged {
        let sampled = model.world.samples.get(&t.service);
        return match Figures::age(sampled, &model.world, model.utc()) {
            Some(Age::Fresh) => line(Gate::Freshness, GateState::Ok, "the figures judged by are fresh"),
            Some(Age::Old) => line(Gate::Freshness, GateState::Block, "the figures judged by are old"),
            Some(Age::Withdrawn) => line(Gate::Freshness, GateState::Block, "the figures judged by are too old"),
            None => line(Gate::Freshness, GateState::UnknownBlock, "there are no figures"),
        };
    }
    let source = model.world.sources.get(&t.id.source);
    match source.and_then(|s| s.confirmed) {
        Some(at) => {
            match (Kind::Watch).age(model.utc().since(at), source.and_then(|s| s.abilities.skew_ms).unwrap_or(0)) {
                Age::Fresh => line(Gate::Freshness, GateState::Ok, "the rollout's own facts are fresh"),
                Age::Old | Age::Withdrawn => line(Gate::Freshness, GateState::Block, "the rollout's own facts are old"),
            }
        }
        None => line(Gate::Freshness, GateState::UnknownBlock, "it is not known how old the rollout's facts are"),
    }
}

fn burn(model: &Model, t: &TargetState) -> GateLine {
    let Some(service) = model.world.services.get(&t.service) else {
        return line(Gate::Burn, GateState::NotConfigured, "no SLO");
    };
    let Some(slo) = service.slo else {
        return line(Gate::Burn, GateState::NotConfigured, "no SLO configured");
    };
    let Some(j) = model.judged.get(&t.id) else {
        return line(Gate::Burn, GateState::UnknownWarn, "not judged");
    };
    let v = &j.verdict;
    if matches!(v.word, Word::Better) {
        return line(Gate::Burn, GateState::Ok, "the candidate is better");
    }
    let Some(projected) = v.projected else {
        return line(Gate::Burn, GateState::UnknownWarn, "no difference measured yet");
    };
    if projected.burn > BURN_LINE {
        return line(
            Gate::Burn,
            GateState::Block,
            format!("would burn {} if promoted to everyone", words::times(projected.burn)),
        );
    }
    let stable = if v.stable.total > 0.0 {
        v.stable.failed / v.stable.total / (1.0 - slo.objective).max(f64::MIN_POSITIVE)
    } else {
        0.0
    };
    if stable > BURN_LINE {
        return line(Gate::Burn, GateState::Warn, format!("stable itself burns {}", words::times(stable)));
    }
    line(Gate::Burn, GateState::Ok, format!("would burn {}", words::times(projected.burn)))
}

fn permission(model: &Model, t: &TargetState, verb: Verb) -> GateLine {
    let right = right::right_to(t, verb);
    match readiness::allowed(model.world.sources.get(&t.id.source), &t.id.namespace, right) {
        Some(true) => line(Gate::Permission, GateState::Ok, format!("{right}: yes")),
        Some(false) => line(Gate::Permission, GateState::Block, format!("missing {right}")),
        None => line(Gate::Permission, GateState::UnknownWarn, format!("{right}: the review did not answer")),
    }
}

/// What the actor saw, for the intent: figures with their ages, never only words.
pub fn figures(model: &Model, t: &TargetState) -> Value {
    let now = model.utc();
    let age = |at: Option<Utc>| at.map(|a| now.since(a));
    let sampled = model.world.samples.get(&t.service);
    json!({
        "step": t.step,
        "steps": t.steps.len(),
        "weight": t.weight_real,
        "weight_wanted": t.weight_wanted,
        "phase": t.phase.word(),
        "held": t.held,
        "aborted": t.aborted,
        "candidate": t.candidate,
        "stable": t.stable,
        "target_age_ms": age(Some(t.read_at)),
        "source_age_ms": age(model.world.sources.get(&t.id.source).and_then(|s| s.confirmed)),
        "figures_age_ms": age(sampled.and_then(|s| s.newest)),
        "verdict": model.judged.get(&t.id).map(verdict_figures),
        "burn": model.burns.get(&t.service).map(burn_figures),
    })
}

fn verdict_figures(j: &Judged) -> Value {
    let v = &j.verdict;
    json!({
        "word": v.word.word(),
        "detail": v.word.detail(),
        "difference": v.difference.map(|d| [d.d, d.range.lo, d.range.hi]),
        "candidate": [v.candidate.failed, v.candidate.total],
        "stable": [v.stable.failed, v.stable.total],
        "limit": v.limit.margin,
        "blocks": [v.progress.have, v.progress.expected],
    })
}

fn burn_figures(b: &Burn) -> Value {
    json!({
        "word": b.word.word(),
        "left": b.left,
        "1h": b.over_window(3600),
        "5m": b.over_window(300),
    })
}

/// The first moment this change was found worse.
pub fn bad_since(judged: &BTreeMap<TargetId, Judged>, target: &TargetId) -> Option<Utc> {
    judged.get(target)?.verdict.latched.map(|l| l.first)
}
