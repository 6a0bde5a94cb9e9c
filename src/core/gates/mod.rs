//! The gates of a forward act and the figures an actor saw, read off the model: here what the cluster and the figures tell;
//! `evidence` what others tell of the artifact, `when` the calendar.

mod evidence;
mod figures;
mod when;

#[cfg(test)]
mod tests;

pub use evidence::{Told, artifact};
pub use figures::figures;
pub use when::{asked, clock, told};

use crate::core::act::gate::{Gate, GateLine, GateState};
use crate::core::act::plan::Verb;
use crate::core::act::right;
use crate::core::age;
use crate::core::budget;
use crate::core::casework;
use crate::core::checks;
use crate::core::id::TargetId;
use crate::core::intent::Intent;
use crate::core::judge::burn::{Burns, SHORT, Word as BurnWord, share_of_candidate};
use crate::core::judge::freshness::{Age, Kind};
use crate::core::judge::judged::{Figures, Judged};
use crate::core::judge::readiness;
use crate::core::judge::verdict::Word;
use crate::core::judge::words;
use crate::core::model::Model;
use crate::core::time::Utc;
use crate::core::world::figures::Signal;
use crate::core::world::target::{PauseDef, TargetState};
use std::collections::BTreeMap;

/// Soak at a step when the step itself names no pause (limits.md section 2).
const SOAK_MS: i64 = 10 * 60_000;
/// The candidate's own share of burn that blocks.
const BURN_LINE: f64 = 3.0;

/// The gates of limits.md section 2, those that can block first. What has no source yet is `not configured`: listed and
/// counted, never taken for fine.
pub fn gates(model: &Model, t: &TargetState, verb: Verb) -> Vec<GateLine> {
    let mut lines = vec![verdict(model, t), freshness(model, t), burn(model, t), permission(model, t, verb)];
    lines.extend(cord(model));
    lines.extend([
        evidence::signature(model, t),
        evidence::build(model, t),
        observability(model, t),
        evidence::scan(model, t),
        soak(model, t, verb),
        debts(model, t),
        lead(model),
        when::window(model),
        when::shift(model),
        checks::gate(model, t),
    ]);
    lines.extend(evidence::smoke(model, t));
    lines.extend(second(model, t));
    required(model, &mut lines);
    lines
}

/// What must be told here and is told by nobody is unknown, not merely not configured.
fn required(model: &Model, lines: &mut [GateLine]) {
    for l in lines.iter_mut().filter(|l| l.state == GateState::NotConfigured) {
        if model.rules.require.contains(&l.gate) {
            l.state = GateState::UnknownWarn;
            l.words = format!("{}; required here", l.words).into();
        }
    }
}

/// The change window alone.
pub fn calendar_line(model: &Model) -> GateLine {
    when::window(model)
}

/// Somebody else than whoever acts ticked a line of this change: they looked at it. Listed where it is asked for.
fn second(model: &Model, t: &TargetState) -> Option<GateLine> {
    if !model.rules.second_person {
        return None;
    }
    let candidate = t.candidate.as_ref().map(|h| h.0.to_string()).unwrap_or_default();
    let me = casework::me(model);
    let other = model.ledger.ticks.people(&t.id.uid, &candidate).into_iter().find(|who| **who != *me);
    let how = model.how(Intent::Checklists);
    Some(match other {
        Some(who) => line(Gate::Second, GateState::Ok, format!("{who} ticked lines of this change")),
        None => line(Gate::Second, GateState::Warn, format!("nobody else looked at it: they tick with {how}")),
    })
}

/// Would anybody see what this does?
fn observability(model: &Model, t: &TargetState) -> GateLine {
    let judged = model.judged.get(&t.id);
    if !judged.is_some_and(|j| j.telemetry) {
        return line(Gate::Observability, GateState::NotConfigured, "no telemetry is configured");
    }
    if model.world.aim(&t.service, Signal::Errors).is_none() {
        return line(Gate::Observability, GateState::Warn, "no SLI is configured for this service");
    }
    match model.world.telemetry.get(&t.service).and_then(|told| told.coverage.as_ref()) {
        Some(c) => {
            let needed = [c.requests, c.errors, c.latency, c.split, c.deploy];
            match c.missing().as_slice() {
                [] if needed.contains(&None) => {
                    line(Gate::Observability, GateState::UnknownWarn, "it is not known yet what is measured")
                }
                [] => line(Gate::Observability, GateState::Ok, "requests, errors and latency are measured by version"),
                missing => {
                    line(Gate::Observability, GateState::Warn, format!("nobody measures {}", missing.join(", ")))
                }
            }
        }
        // Nobody looked what there is; counts of both versions say that errors are there.
        None if judged.is_some_and(|j| j.verdict.look.is_some()) => {
            line(Gate::Observability, GateState::Ok, "errors are measured by version")
        }
        None => line(Gate::Observability, GateState::UnknownWarn, "it is not known yet what is measured"),
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
    let cautions = j.cautions();
    let state = match word {
        Word::Worse | Word::NoData | Word::NoTraffic(_) => GateState::Block,
        Word::Higher | Word::Unsure(_) => {
            let tier = model.world.services.get(&t.service).map_or(2, |s| s.tier);
            if tier == 1 && !soaked(t, model.utc()) { GateState::Block } else { GateState::Warn }
        }
        Word::NoBaseline | Word::NotJudged => GateState::Warn,
        // Compared with something else than it gets itself: the word promises too much.
        Word::Same | Word::Better if !cautions.is_empty() => GateState::Warn,
        Word::Same | Word::Better => GateState::Ok,
    };
    // The caution first: where room is short the first clause stands for the line.
    let said = cautions.into_iter().chain([j.said()]).collect::<Vec<_>>().join("; ");
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
    if let Some(j) = model.judged.get(&t.id).filter(|j| j.telemetry) {
        let sampled = model.world.samples.get(&t.service);
        // A track that fell silent is as old as it is, however fresh the other one.
        let age = Figures::age(sampled, &model.world, model.utc());
        return match age.map(|a| if j.verdict.look.is_some() { a.max(j.verdict.age) } else { a }) {
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

/// The candidate's own share decides: `(p_stable + d) / (1 - SLO)`. What stable burns alone only warns.
fn burn(model: &Model, t: &TargetState) -> GateLine {
    let says = |state, words: String| line(Gate::Burn, state, words);
    let Some(aim) = model.world.aim(&t.service, Signal::Errors) else {
        return line(Gate::Burn, GateState::NotConfigured, "no SLO configured");
    };
    let slo = aim.slo.objective;
    let Some(j) = model.judged.get(&t.id) else {
        return line(Gate::Burn, GateState::UnknownWarn, "not judged");
    };
    let v = &j.verdict;
    if v.age == Age::Withdrawn {
        return line(Gate::Burn, GateState::UnknownWarn, "the figures are too old to tell");
    }
    if v.word == Word::Better {
        let better = budget::forward(model, t).map_or_else(|| "the candidate is better".to_owned(), |f| f.words());
        return says(GateState::Ok, better);
    }
    let p_stable = if v.stable.total > 0.0 { v.stable.failed / v.stable.total } else { 0.0 };
    if slo >= 1.0 {
        // A target of 100 % has no budget: any failure burns it without end.
        return match v.difference {
            None => line(Gate::Burn, GateState::UnknownWarn, "no difference measured yet"),
            Some(d) if p_stable + d.d > 0.0 => {
                line(Gate::Burn, GateState::Block, "100 % target: any failure is over it")
            }
            Some(_) => line(Gate::Burn, GateState::Ok, "100 % target: no failure yet"),
        };
    }
    // The judge may not know of a target that was found later, or elsewhere.
    let own = v.projected.map(|p| p.burn).or_else(|| share_of_candidate(p_stable, v.difference?.d, slo));
    let Some(own) = own else {
        return line(Gate::Burn, GateState::UnknownWarn, "no difference measured yet");
    };
    if own > BURN_LINE {
        return says(GateState::Block, format!("would burn {} if promoted to everyone", words::times(own)));
    }
    let stable = share_of_candidate(p_stable, 0.0, slo).unwrap_or(0.0);
    if stable > BURN_LINE {
        return says(GateState::Warn, format!("stable itself burns {}", words::times(stable)));
    }
    let service = model.burns.get(&t.service);
    if let Some(b) = service.filter(|b| b.deciding().word == BurnWord::Burning) {
        let rate = b.deciding().over_window(SHORT).map(words::times).unwrap_or_default();
        let of = Burns::name(b.signal());
        return says(
            GateState::Warn,
            format!("the service burns {rate} on {of}, the candidate would {}", words::times(own)),
        );
    }
    says(GateState::Ok, format!("would burn {}", words::times(own)))
}

fn permission(model: &Model, t: &TargetState, verb: Verb) -> GateLine {
    let right = right::right_to(t, verb);
    match readiness::allowed(model.world.sources.get(&t.id.source), &t.id.namespace, right) {
        Some(true) => line(Gate::Permission, GateState::Ok, format!("{right}: yes")),
        Some(false) => line(Gate::Permission, GateState::Block, format!("missing {right}")),
        None => line(Gate::Permission, GateState::UnknownWarn, format!("{right}: the review did not answer")),
    }
}

/// The first moment this change was found worse.
pub fn bad_since(judged: &BTreeMap<TargetId, Judged>, target: &TargetId) -> Option<Utc> {
    judged.get(target)?.verdict.latched.map(|l| l.first)
}
