//! The figures an actor saw, with their ages, for the intent: never only words.

use crate::core::budget;
use crate::core::judge::burn::Burn;
use crate::core::judge::judged::Judged;
use crate::core::model::Model;
use crate::core::time::Utc;
use crate::core::world::target::TargetState;
use serde_json::{Value, json};

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
        "burn": model.burn(&t.service).map(burn_figures),
        "spent": budget::spent(model, t).map(|s| json!({"share": s.share, "range": [s.range.lo, s.range.hi]})),
        "ripple": budget::ripple(model, &t.id).map(|r| r.risen.keys().cloned().collect::<Vec<_>>()),
    })
}

fn verdict_figures(j: &Judged) -> Value {
    let v = &j.verdict;
    json!({
        "word": v.word.word(),
        "detail": v.word.detail(),
        "said": j.said(),
        "cautions": j.cautions(),
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
