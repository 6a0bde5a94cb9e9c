//! What stands now, for other programs and for a command that waits: one reading of the model as JSON, and the conditions
//! a target can be waited for. Field names are the log's own words.

use crate::core::board;
use crate::core::judge::freshness::Age;
use crate::core::judge::readiness;
use crate::core::judge::verdict::Word;
use crate::core::model::{Model, Place};
use crate::core::plain::words;
use crate::core::time::Utc;
use crate::core::world::source::{Link, SourceState};
use crate::core::world::target::{Phase, Revision, TargetState};
use serde_json::{Value, json};

/// Version of the document; raised when a member changes its meaning.
const FORM: u32 = 1;

/// Every source has said something, and what is judged has its history; or nothing more will come.
pub fn is_whole(model: &Model) -> bool {
    let said = model.world.sources.values().all(|s| s.link.has_answered());
    said && model.judged.values().all(|j| j.asked.is_empty() && j.verdict.progress.reading().is_none())
}

/// Sources that do not answer, by name.
pub fn silent(model: &Model) -> Vec<String> {
    let silent = |(id, s): (&crate::core::id::SourceId, &SourceState)| match &s.link {
        Link::Watching | Link::Polling => None,
        Link::Failed(e) => Some(format!("{id}: {e}")),
        Link::Connecting | Link::Reading { .. } => Some(format!("{id}: no whole answer yet")),
    };
    model.world.sources.iter().filter_map(silent).collect()
}

/// The whole of it, worst service first. Times are RFC 3339, ages milliseconds; what is not known is null.
pub fn json(model: &Model) -> Value {
    let place = match model.environment.place {
        Place::Prod => "production",
        Place::Other => "other",
        Place::Drill => "drill",
        Place::Replay => "replay",
    };
    let rows = board::rows(model);
    let services: Vec<Value> = rows
        .iter()
        .map(|r| {
            let targets: Vec<Value> = model.world.targets_of(&r.service).map(|t| target(model, t)).collect();
            let burn = model.burn(&r.service).map(|b| {
                json!({
                    "word": words::burn_word(b), "left": b.left, "1h": b.over_window(3600), "5m": b.over_window(300),
                    "signal": model.burns.get(&r.service).map(|b| b.signal().word()),
                    "sample": b.sample.map(Utc::rfc3339), "old": b.age != Age::Fresh,
                })
            });
            let s = model.world.services.get(&r.service);
            json!({
                "service": r.service, "word": words::row_word(model, r), "fine": r.is_fine(), "moving": r.moving,
                "owner": s.and_then(|s| s.owner.clone()), "tier": s.map(|s| s.tier), "burn": burn, "targets": targets,
            })
        })
        .collect();
    let incident = model.casebook.current().map(|i| json!({"id": i.id, "lead": i.lead()}));
    json!({
        "form": FORM, "at": model.utc().rfc3339(), "environment": model.environment.name, "place": place,
        "whole": is_whole(model), "incident": incident, "sources": sources(model), "services": services,
    })
}

fn sources(model: &Model) -> Vec<Value> {
    let now = model.utc();
    let one = |(id, s): (&crate::core::id::SourceId, &SourceState)| {
        let (link, why) = match &s.link {
            Link::Connecting => ("connecting", None),
            Link::Reading { .. } => ("reading", None),
            Link::Watching => ("watching", None),
            Link::Polling => ("polled", None),
            Link::Failed(e) => ("failed", Some(e.sentence.clone())),
        };
        let age = s.confirmed.map(|c| now.since(c));
        json!({
            "source": id, "type": s.kind, "link": link, "why": why, "age_ms": age,
            "old": age.is_none_or(|a| a > s.old_after_ms), "calls_per_minute": s.calls_per_min, "holds": s.holds,
        })
    };
    model.world.sources.iter().map(one).collect()
}

fn target(model: &Model, t: &TargetState) -> Value {
    let now = model.utc();
    let ready = readiness::of(&model.world, t, now);
    let (ok, of) = ready.count();
    let verdict = model.judged.get(&t.id).map(|j| {
        let v = &j.verdict;
        json!({
            "word": v.word.word(), "detail": v.word.detail(), "said": j.said(), "measured": j.measured().words(),
            "cautions": j.cautions(),
            "signals": j.signals().map(|(s, v, _)| (s.word().to_owned(), json!({
                "word": v.word.word(),
                "candidate": [v.candidate.failed, v.candidate.total], "stable": [v.stable.failed, v.stable.total],
            }))).collect::<serde_json::Map<_, _>>(), "since": v.since.map(Utc::rfc3339),
            "candidate": [v.candidate.failed, v.candidate.total], "stable": [v.stable.failed, v.stable.total],
            "sample": v.sample.map(Utc::rfc3339), "old": v.age != Age::Fresh,
        })
    });
    let revision =
        |r: Option<&Revision>| r.map(|r| json!({"version": r.version, "hash": r.hash, "ready": r.replicas.ready}));
    let trouble = t.troubles();
    json!({
        "source": t.id.source, "namespace": t.id.namespace, "kind": t.id.kind, "name": t.id.name, "uid": t.id.uid,
        "doing": words::doing(t), "phase": t.phase.word(), "message": t.message, "moving": t.is_moving(),
        "held": t.held, "aborted": t.aborted, "gate": t.gate.as_ref().map(|g| g.reason.clone()),
        "step": t.step, "steps": t.steps.len(), "weight_wanted": t.weight_wanted, "weight": t.weight_real,
        "candidate": revision(t.candidate_revision()), "stable": revision(t.stable_revision()), "wanted": t.wanted,
        "started": t.started.map(Utc::rfc3339), "trouble": trouble, "verdict": verdict,
        "ready": {"ok": ok, "of": of, "not": ready.worst().map(|c| c.how.clone())},
        "age_ms": model.world.sources.get(&t.id.source).and_then(|s| s.confirmed).map(|c| now.since(c)),
    })
}

/// What a target can be waited for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Condition {
    /// Nothing moves, the phase is healthy, and no pod of another version is left.
    Settled,
    Moving,
    Held,
    /// A gate stands: somebody must decide.
    Gate,
    Aborted,
    Degraded,
    /// The verdict's word.
    Verdict(Judged),
    /// This version, or hash, is stable and the only one that has pods.
    Runs(String),
}

/// Words of a verdict that can be waited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Judged {
    Worse,
    Higher,
    Same,
    Better,
}

impl std::str::FromStr for Condition {
    type Err = String;

    fn from_str(s: &str) -> Result<Condition, String> {
        Ok(match s {
            "settled" => Condition::Settled,
            "moving" => Condition::Moving,
            "held" => Condition::Held,
            "gate" => Condition::Gate,
            "aborted" => Condition::Aborted,
            "degraded" => Condition::Degraded,
            "worse" => Condition::Verdict(Judged::Worse),
            "higher" => Condition::Verdict(Judged::Higher),
            "same" => Condition::Verdict(Judged::Same),
            "better" => Condition::Verdict(Judged::Better),
            _ => match s.strip_prefix("runs=").filter(|v| !v.is_empty()) {
                Some(version) => Condition::Runs(version.to_owned()),
                None => {
                    return Err(format!(
                        "{s:?} is none of settled, moving, held, gate, aborted, degraded, worse, higher, same, better, runs=VERSION"
                    ));
                }
            },
        })
    }
}

impl Condition {
    pub fn holds(&self, model: &Model, t: &TargetState) -> bool {
        let only = |r: &Revision| t.revisions.iter().all(|o| o.hash == r.hash || o.replicas.existing == 0);
        match self {
            Condition::Settled => {
                t.observed && !t.is_moving() && t.phase == Phase::Healthy && t.stable_revision().is_none_or(only)
            }
            Condition::Moving => t.is_moving(),
            Condition::Held => t.held,
            Condition::Gate => t.gate.is_some(),
            Condition::Aborted => t.aborted,
            Condition::Degraded => t.phase == Phase::Degraded,
            Condition::Verdict(w) => model.judged.get(&t.id).is_some_and(|j| {
                matches!(
                    (w, &j.verdict.word),
                    (Judged::Worse, Word::Worse)
                        | (Judged::Higher, Word::Higher)
                        | (Judged::Same, Word::Same)
                        | (Judged::Better, Word::Better)
                )
            }),
            Condition::Runs(v) => t.stable_revision().is_some_and(|r| {
                (*r.version == **v || *r.hash.0 == **v) && only(r) && t.observed && r.replicas.ready >= t.wanted
            }),
        }
    }
}

/// Its source does not answer, or has not for too long: what is known of it may not be so any more.
pub fn is_old(model: &Model, t: &TargetState) -> bool {
    let Some(s) = model.world.sources.get(&t.id.source) else { return true };
    matches!(s.link, Link::Failed(_)) || s.confirmed.is_none_or(|c| model.utc().since(c) > s.old_after_ms)
}

/// One line about a target, for a command that waits: the same as long as nothing changes.
pub fn line(model: &Model, t: &TargetState) -> String {
    let confirmed = model.world.sources.get(&t.id.source).and_then(|s| s.confirmed);
    let old = is_old(model, t).then(|| match confirmed {
        Some(c) => format!(", OLD: seen {}", words::clock(c)),
        None => ", OLD: never seen".to_owned(),
    });
    format!("{}: {}, {}{}", t.id.at(), words::doing(t), t.phase.word(), old.unwrap_or_default())
}
