//! What a console saw: targets, verdicts, figures, burn and sources, out of their records. Versions stand in place of
//! hashes, so that nothing claims to know pods that no record counted.

use super::follow;
use crate::core::case::casebook::Rests;
use crate::core::id::{Hash, ServiceId, SourceId, TargetId};
use crate::core::judge::burn::{self, Burn, Burns};
use crate::core::judge::freshness::Age;
use crate::core::judge::judged::Judged;
use crate::core::judge::limit::{Limit, Origin};
use crate::core::judge::stats::Interval;
use crate::core::judge::verdict::{Cause, Counts, Difference, Judge, Latch, Terms, Track, Unsure, Verdict, Word};
use crate::core::model::Model;
use crate::core::record::Record;
use crate::core::replayed::Told;
use crate::core::time::Utc;
use crate::core::world::Sampled;
use crate::core::world::detail::Detail;
use crate::core::world::figures::Signal;
use crate::core::world::service::Service;
use crate::core::world::source::{Abilities, Link, Roles, SourceError, SourceState, Trouble};
use crate::core::world::target::{Phase, StepDef, Strategy, TargetState};
use serde_json::Value;
use std::collections::BTreeMap;
use std::sync::Arc;

/// A version no record names.
const UNNAMED: [&str; 2] = ["(not recorded)", "(older, not recorded)"];
/// How old figures are is not judged: they are as old as their record. Seconds; over a month.
const NEVER_OLD: u32 = 3_000_000;

fn told(r: &Record, at: Utc) -> Told {
    Told { rests: Rests::on(r), at }
}

pub(super) fn percent(v: &Value) -> Option<u8> {
    u8::try_from(v.as_u64()?).ok().filter(|w| *w <= 100)
}

/// The version of a target by its name; by its hash where two versions have one name, or none.
pub(super) fn version(name: &Value, hash: &Value, other: (&Value, &Value)) -> Option<Hash> {
    let same = name == other.0 && hash != other.1;
    let said = if same { hash.as_str().or(name.as_str()) } else { name.as_str().or(hash.as_str()) };
    said.filter(|s| !s.is_empty()).map(Hash::new)
}

/// The record's target, made known if it was not. `None`: it names none, or none this version can read.
pub(super) fn target<'m>(model: &'m mut Model, r: &Record, at: Utc) -> Option<&'m mut TargetState> {
    let id = r.target_id()?;
    let named = r.data["service"].as_str().map(ServiceId::new);
    model.world.sources.entry(id.source.clone()).or_insert_with(not_told).abilities.roles.rollouts = true;
    let t = model.world.targets.entry(id.clone()).or_insert_with(|| blank(id));
    t.service = named.unwrap_or_else(|| t.service.clone());
    model.world.services.entry(t.service.clone()).or_insert_with(|| Service::found(&t.service));
    t.read_at = at;
    let d = &r.data;
    let candidate = (&d["candidate_version"], &d["candidate_hash"]);
    let stable = (&d["stable_version"], &d["stable_hash"]);
    if let Some(v) = version(candidate.0, candidate.1, stable) {
        t.candidate = Some(v);
        t.stable = version(stable.0, stable.1, candidate);
    }
    match d["strategy"].as_str() {
        Some("canary") => t.strategy = Strategy::Canary,
        Some("blue-green") => t.strategy = Strategy::BlueGreen,
        Some(other) => t.strategy = Strategy::Other(other.into()),
        None => {}
    }
    t.started = d["started"].as_str().and_then(Utc::read).or(t.started);
    Some(t)
}

/// A target of which nothing but its name is known.
pub(in crate::core::update) fn blank(id: TargetId) -> TargetState {
    TargetState {
        service: ServiceId::new(&*id.name),
        id,
        strategy: Strategy::Other("not recorded".into()),
        phase: Phase::Other("not recorded".into()),
        message: "".into(),
        since: None,
        steps: Vec::new(),
        step: None,
        weight_wanted: 0,
        weight_real: None,
        wanted: 0,
        // What is recorded of a target is recorded because it moves.
        candidate: Some(Hash::new(UNNAMED[0])),
        stable: Some(Hash::new(UNNAMED[1])),
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
        generation: 0,
        observed: true,
        version: "".into(),
        git: None,
        detail: Detail::default(),
        started: None,
        read_at: Utc(0),
        raw: None,
    }
}

pub(super) fn phase(model: &mut Model, r: &Record, at: Utc) {
    let words = r.data["words"].as_str().unwrap_or_default().to_owned();
    if words == "is gone" {
        if let Some(id) = r.target_id() {
            model.world.targets.remove(&id);
            forget(model, &id);
        }
        return;
    }
    let before =
        r.target_id().and_then(|id| model.world.targets.get(&id)).map(|t| (t.candidate.clone(), t.stable.clone()));
    let Some(t) = target(model, r, at) else { return };
    let d = &r.data;
    let was = t.phase.clone();
    t.phase = match d["phase"].as_str() {
        Some("healthy") => Phase::Healthy,
        Some("progressing") => Phase::Progressing,
        Some("paused") => Phase::Paused,
        Some("degraded") => Phase::Degraded,
        Some(other) => Phase::Other(other.into()),
        None => was.clone(),
    };
    if t.phase != was {
        t.since = Some(at);
    }
    t.weight_real = percent(&d["weight"]);
    t.weight_wanted = percent(&d["weight_wanted"]).or(t.weight_real).unwrap_or(0);
    if let (Some(step), Some(of)) = (d["step"].as_u64(), d["steps"].as_u64()) {
        let def = StepDef { label: "".into(), weight: None, pause: None };
        t.steps = vec![def; usize::try_from(of.min(1_000)).unwrap_or(0)];
        t.step = u32::try_from(step).ok();
    }
    // Pods were counted by the record of an act's end; they have moved since.
    t.revisions.clear();
    let flag = |name: &str, now: bool| {
        d[name].as_bool().unwrap_or_else(|| {
            let mut said = words.split(", ");
            let is = |w: &str| w == name || w.strip_prefix(name).is_some_and(|rest| rest.starts_with(" by "));
            if said.clone().any(|w| w == format!("no longer {name}")) { false } else { said.any(is) || now }
        })
    };
    (t.held, t.aborted) = (flag("held", t.held), flag("aborted", t.aborted));
    t.aborted_at = if t.aborted { t.aborted_at.or(Some(at)) } else { None };
    let (id, now, moving) = (t.id.clone(), (t.candidate.clone(), t.stable.clone()), t.is_moving());
    if !moving || before.is_some_and(|b| b != now) {
        forget(model, &id);
    }
}

/// Another change than the one that was judged.
fn forget(model: &mut Model, id: &TargetId) {
    model.judged.remove(id);
    if let Some(replay) = &mut model.replay {
        replay.verdicts.remove(id);
        replay.figures.remove(id);
    }
}

/// `[failed, requests]`
fn counts(v: &Value) -> Option<Counts> {
    let number = |n: usize| v[n].as_f64().filter(|x| x.is_finite() && *x >= 0.0);
    Some(Counts { failed: number(0)?, total: number(1)? })
}

fn difference(v: &Value) -> Option<Difference> {
    let (d, lo, hi) = (v[0].as_f64()?, v[1].as_f64()?, v[2].as_f64()?);
    (d.is_finite() && lo <= hi).then(|| Difference { d, range: Interval::new(lo, hi) })
}

/// The word as it was logged; a word of a later version is not one of ours.
fn word(d: &Value) -> Option<Word> {
    let word = d["word"].as_str()?;
    // Records before signals had names: the detail stood behind the word.
    let old = || d["words"].as_str().and_then(|w| w.strip_prefix(word)?.strip_prefix(", "));
    let detail = d["detail"].as_str().or_else(old).unwrap_or_default();
    Some(match word {
        "WORSE" => Word::Worse,
        "HIGHER" => Word::Higher,
        "SAME" => Word::Same,
        "BETTER" => Word::Better,
        "NO TRAFFIC" if detail == Track::Stable.word() => Word::NoTraffic(Track::Stable),
        "NO TRAFFIC" => Word::NoTraffic(Track::Candidate),
        "NO DATA" => Word::NoData,
        "NO BASELINE" => Word::NoBaseline,
        "NOT JUDGED" => Word::NotJudged,
        "UNSURE" => Word::Unsure(match detail {
            "leaning worse" => Unsure::LeaningWorse,
            "at the limit" => Unsure::AtTheLimit,
            "bursty" => Unsure::Bursty,
            "gaps" => Unsure::Gaps,
            other => {
                let digits = other.strip_suffix(" more").map(|n| n.replace(',', ""));
                Unsure::TooFew { needed: digits.and_then(|n| n.parse().ok()) }
            }
        }),
        _ => return None,
    })
}

fn cause(d: &Value) -> Option<Cause> {
    Some(match d["cause"].as_str()? {
        "whole" => Cause::Whole,
        "recent" => Cause::Recent,
        "breaker" => {
            let c = counts(&d["breaker"])?;
            Cause::Breaker { failed: c.failed, total: c.total }
        }
        word @ ("crash loop" | "never ready") => {
            let pods = |n: usize| u32::try_from(d["pods"][n].as_u64()?).ok();
            let (pods, of) = (pods(0)?, pods(1)?);
            if word == "crash loop" { Cause::CrashLoop { pods, of } } else { Cause::NeverReady { pods, of } }
        }
        _ => return None,
    })
}

/// A verdict of which nothing is known but its target.
fn judged(t: &TargetState, at: Utc) -> Judged {
    let candidate = t.candidate.clone().unwrap_or_else(|| Hash::new(""));
    let judge = Judge::new(Terms::new(t.started.unwrap_or(at), None));
    let verdict = Verdict { age: Age::Fresh, ..Verdict::not_judged() };
    Judged::with(candidate, t.stable.clone(), judge, verdict)
}

pub(super) fn verdict(model: &mut Model, r: &Record, at: Utc) {
    let d = &r.data;
    let Some(word) = word(d) else { return };
    let Some(t) = target(model, r, at) else { return };
    let mut j = judged(t, at);
    j.telemetry = word != Word::NotJudged;
    let v = &mut j.verdict;
    v.word = word;
    (v.since, v.look, v.sample) = (Some(at), Some(at), Some(at));
    v.difference = difference(&d["difference"]);
    v.candidate = counts(&d["candidate"]).unwrap_or_default();
    v.stable = counts(&d["stable"]).unwrap_or_default();
    v.limit = Limit { margin: d["limit"].as_f64().unwrap_or_default(), from: Origin::Recorded };
    v.latched = cause(d).map(|cause| Latch { first: at, last_seen: at, cause, acked: false });
    let (id, service) = (t.id.clone(), t.service.clone());
    sampled(model, &id.source, &service, at);
    model.judged.insert(id.clone(), j);
    if let Some(replay) = &mut model.replay {
        replay.verdicts.insert(id, told(r, at));
    }
    if word == Word::Worse {
        follow(model, &service);
    }
}

/// The figures an actor had before them: the intent holds them as they were shown.
pub(super) fn as_acted(model: &mut Model, r: &Record, at: Utc) {
    let d = &r.data["seen"];
    if !d.is_object() {
        return;
    }
    let age = d["figures_age_ms"].as_i64().unwrap_or(0).clamp(0, 86_400_000);
    let edge = Utc(at.0.saturating_sub(age));
    let Some(t) = target(model, r, at) else { return };
    if let Some(w) = percent(&d["weight"]) {
        t.weight_real = Some(w);
        t.weight_wanted = percent(&d["weight_wanted"]).unwrap_or(w);
    }
    let (id, service, fresh) = (t.id.clone(), t.service.clone(), judged(t, at));
    let v = &d["verdict"];
    if let Some(word) = v["word"].as_str() {
        let detail = v["detail"].as_str().filter(|d| !d.is_empty()).map(|d| format!(", {d}")).unwrap_or_default();
        let said = serde_json::json!({"word": word, "words": format!("{word}{detail}")});
        let j = model.judged.entry(id.clone()).or_insert(fresh);
        if let Some(word) = self::word(&said) {
            j.telemetry = word != Word::NotJudged;
            if j.verdict.word != word || j.verdict.since.is_none() {
                (j.verdict.since, j.verdict.latched) = (Some(at), None);
            }
            j.verdict.word = word;
            j.verdict.difference = difference(&v["difference"]);
            j.verdict.candidate = counts(&v["candidate"]).unwrap_or_default();
            j.verdict.stable = counts(&v["stable"]).unwrap_or_default();
            j.verdict.limit = Limit { margin: v["limit"].as_f64().unwrap_or_default(), from: Origin::Recorded };
            (j.verdict.look, j.verdict.sample) = (Some(edge), Some(edge));
            if let Some(l) = &mut j.verdict.latched {
                l.last_seen = edge;
            }
            sampled(model, &id.source, &service, edge);
            if let Some(replay) = &mut model.replay {
                replay.verdicts.insert(id, told(r, at));
            }
        }
    }
    let b = &d["burn"];
    if let Some(word) = burn_word(&b["word"]) {
        rates(model, &service, b["1h"].as_f64(), b["5m"].as_f64(), Some(word));
        if let Some(burn) = model.burns.get_mut(&service).map(Burns::deciding_mut) {
            burn.left = b["left"].as_f64();
        }
        if let Some(replay) = &mut model.replay {
            replay.burns.insert(service.to_string(), told(r, at));
        }
    }
}

fn burn_word(v: &Value) -> Option<burn::Word> {
    Some(match v.as_str()? {
        "calm" => burn::Word::Calm,
        "rising" => burn::Word::Rising,
        "burning" => burn::Word::Burning,
        "easing" => burn::Word::Easing,
        "NO TRAFFIC" => burn::Word::NoTraffic,
        "NO DATA" => burn::Word::NoData,
        _ => return None,
    })
}

fn sampled(model: &mut Model, source: &SourceId, service: &ServiceId, at: Utc) {
    let sampled = Sampled {
        source: source.clone(),
        newest: Some(at),
        scrape_secs: NEVER_OLD,
        query: "".into(),
        signals: BTreeMap::new(),
    };
    model.world.samples.insert(service.clone(), sampled);
}

pub(super) fn figures(model: &mut Model, r: &Record, at: Utc) {
    let d = &r.data;
    // Counts are those of a block's edge, which may lie before the record.
    let edge = d["at_block"].as_str().and_then(Utc::read).unwrap_or(at);
    let (candidate, stable) = (counts(&d["candidate"]), counts(&d["stable"]));
    if let Some(t) = target(model, r, at) {
        if let Some(w) = percent(&d["weight"]) {
            t.weight_real = Some(w);
            t.weight_wanted = if t.steps.is_empty() { w } else { t.weight_wanted };
        }
        let (id, service, fresh) = (t.id.clone(), t.service.clone(), judged(t, at));
        if candidate.is_some() || stable.is_some() {
            let moving = t.is_moving();
            sampled(model, &id.source, &service, edge);
            if moving {
                let v = &mut model.judged.entry(id.clone()).or_insert(fresh).verdict;
                v.candidate = candidate.unwrap_or(v.candidate);
                v.stable = stable.unwrap_or(v.stable);
                v.sample = Some(edge);
            }
            if let Some(replay) = &mut model.replay {
                replay.figures.insert(id, Told { at: edge, ..told(r, at) });
            }
        }
    }
    if let Some(service) = d["service"].as_str().map(ServiceId::new) {
        rates(model, &service, d["burn"][0].as_f64(), d["burn"][1].as_f64(), None);
    }
}

/// The burn as recorded: rates over the hour and five minutes, and the word where one was told.
fn rates(model: &mut Model, service: &ServiceId, long: Option<f64>, short: Option<f64>, word: Option<burn::Word>) {
    if long.is_none() && short.is_none() && word.is_none() {
        return;
    }
    let word = word.or_else(|| model.burn(service).map(|b| b.word)).unwrap_or(burn::Word::NoData);
    let burn = Burn::recorded(word, long, short);
    model.burns.insert(service.clone(), Burns::one(Signal::Errors, burn));
    model.world.services.entry(service.clone()).or_insert_with(|| Service::found(service));
}

pub(super) fn burn(model: &mut Model, r: &Record, at: Utc) {
    let d = &r.data;
    let Some(service) = d["service"].as_str().map(ServiceId::new) else { return };
    let Some(word) = burn_word(&d["word"]) else { return };
    rates(model, &service, d["long"].as_f64(), d["short"].as_f64(), Some(word));
    if let Some(replay) = &mut model.replay {
        replay.burns.insert(service.to_string(), told(r, at));
    }
}

/// The person had seen it: nothing more is known until the next verdict.
pub(super) fn acknowledged(model: &mut Model, r: &Record) {
    let j = r.target_id().and_then(|id| model.judged.get_mut(&id));
    if let Some(l) = j.and_then(|j| j.verdict.latched.as_mut()) {
        l.acked = true;
    }
}

/// A source that no record told of.
fn not_told() -> SourceState {
    SourceState {
        kind: "recorded".into(),
        link: Link::Connecting,
        abilities: Abilities { roles: Roles::default(), ..Abilities::default() },
        confirmed: None,
        old_after_ms: i64::MAX / 4,
        latency_ms: None,
        calls_per_min: 0,
        last_error: None,
        holds: "".into(),
    }
}

pub(super) fn source(model: &mut Model, r: &Record, at: Utc) {
    let Some(id) = r.data["source"].as_str().map(SourceId::new) else { return };
    let state = model.world.sources.entry(id).or_insert_with(not_told);
    match r.data["words"].as_str() {
        Some("watching") => state.link = Link::Watching,
        Some("polling") => state.link = Link::Polling,
        Some("failed") => {
            let sentence: Arc<str> = r.data["error"].as_str().unwrap_or("why is not recorded").into();
            let error = SourceError::new(Trouble::Server, sentence);
            state.last_error = Some((at, error.clone()));
            state.link = Link::Failed(error);
        }
        Some(_) | None => {}
    }
}
