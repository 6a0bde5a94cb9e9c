//! What the sources say, and what follows from it: verdicts, burn, history to ask for, acts to settle, lines for the log.

use super::{bump, elsewhere, looked, moved, observed, records, settle};
use crate::core::act::hand;
use crate::core::case::runbook::StepKind;
use crate::core::effect::{Effect, Question};
use crate::core::entry::Kind;
use crate::core::id::AskId;
use crate::core::id::{Hash, ServiceId, SourceId, TargetId};
use crate::core::judge::burn::{Burn, Rules};
use crate::core::judge::freshness::Age;
use crate::core::judge::judged::{Figures, Judged};
use crate::core::judge::verdict::{Cause, Word};
use crate::core::model::{Model, Purpose};
use crate::core::time::{Person, Utc};
use crate::core::world::fact::Fact;
use crate::core::world::interest::Interest;
use crate::core::world::source::{Link, SourceError, Trouble};
use crate::core::world::target::TargetState;
use crate::core::world::{Change, World};
use serde_json::json;
use std::sync::Arc;

/// An ended session's act that could not be read back is asked for again after this long.
const READ_AGAIN_MS: i64 = 15_000;

pub(super) fn fact(model: &mut Model, source: &SourceId, fact: Fact, out: &mut Vec<Effect>) {
    let before = model.world.sources.get(source).map(|s| link_word(&s.link));
    for change in model.world.apply(source, fact) {
        match change {
            Change::Source(id) => {
                pin(model, &id);
                let now = model.world.sources.get(&id).map(|s| link_word(&s.link));
                if now != before
                    && let Some(word) = now
                {
                    source_line(model, &id, word, out);
                }
                identity(model, &id, out);
                telemetry_found(model, out);
                bump(model);
            }
            Change::Target(id, before) => target(model, &id, before.as_deref(), out),
            Change::Gone(t) => {
                interest(model, out);
                model.judged.remove(&t.id);
                model.world.ways_back.remove(&t.id);
                let words = "is gone".to_string();
                let data = json!({"words": words});
                out.push(Effect::Append {
                    entry: records::plain(Kind::Phase, model.utc(), Some(&t.id), data),
                    ticket: None,
                });
                settle::target_changed(model, &t.id, out);
                moved::target_changed(model, &t.id, out);
                bump(model);
            }
            Change::WayBack(id) => moved::way_back(model, &id),
            Change::Evidence(e) => looked::evidence(model, *e),
            Change::Logs(l) => looked::lines(model, *l),
            Change::Raw(r) => looked::raw(model, *r),
            Change::Blocks(b) => {
                let at = at(&model.world, &b.service, model.now.utc);
                let ids: Vec<TargetId> = model.world.targets_of(&b.service).map(|t| t.id.clone()).collect();
                for id in ids {
                    let Some(j) = model.judged.get_mut(&id) else { continue };
                    let was = j.verdict.word;
                    if j.feed(&b.blocks, &at) {
                        bump(model);
                        verdict_line(model, &id, was, out);
                        observed::figures(model, &id, out);
                    }
                    history(model, &id, out);
                }
                moved::regate(model);
            }
            Change::Windows(service) => {
                burn(model, &service);
                observed::burn(model, &service, out);
                moved::regate(model);
            }
            Change::Checked(_) => bump(model),
        }
    }
}

fn link_word(link: &Link) -> &'static str {
    match link {
        Link::Connecting => "connecting",
        Link::Reading { .. } => "reading",
        Link::Watching => "watching",
        Link::Polling => "polling",
        Link::Failed(_) => "failed",
    }
}

/// Which cluster it is: the first answer counts. What another one says is looked at in red.
fn pin(model: &mut Model, id: &SourceId) {
    let Some(s) = model.world.sources.get_mut(id) else { return };
    if let Some(cluster) = &s.abilities.cluster {
        model.pinned.answered(id, cluster);
    }
    if let Some(why) = model.pinned.refuses(id) {
        let error = SourceError::new(Trouble::Shape, why);
        s.last_error = Some((model.now.utc, error.clone()));
        s.link = Link::Failed(error);
    }
}

/// Whom a source takes us for: recorded when first known and when it changes. One that does not say is not recorded.
fn identity(model: &mut Model, id: &SourceId, out: &mut Vec<Effect>) {
    let Some(a) = model.world.sources.get(id).map(|s| &s.abilities) else { return };
    let Some(user) = a.identity.clone() else { return };
    let known = (user, a.groups.clone());
    if model.known_as.get(id) == Some(&known) {
        return;
    }
    let data = json!({"source": id, "user": known.0, "groups": known.1});
    model.known_as.insert(id.clone(), known);
    out.push(Effect::Append { entry: records::plain(Kind::Identity, model.now.utc, None, data), ticket: None });
}

/// One record when it comes up and one for each new trouble: not one for every try.
fn source_line(model: &mut Model, id: &SourceId, words: &str, out: &mut Vec<Effect>) {
    if matches!(words, "connecting" | "reading") {
        return;
    }
    let error = model.world.sources.get(id).and_then(|s| match &s.link {
        Link::Failed(e) => Some(e.sentence.clone()),
        Link::Connecting | Link::Reading { .. } | Link::Watching | Link::Polling => None,
    });
    let said: Arc<str> = error.clone().unwrap_or_else(|| words.into());
    if model.source_said.insert(id.clone(), said.clone()).is_some_and(|before| before == said) {
        return;
    }
    let data = json!({"source": id, "words": words, "error": error});
    out.push(Effect::Append { entry: records::plain(Kind::Source, model.now.utc, None, data), ticket: None });
}

pub(super) fn failed(model: &mut Model, source: &SourceId, error: SourceError, out: &mut Vec<Effect>) {
    model.world.failed(source, error, model.now.utc);
    source_line(model, source, "failed", out);
    bump(model);
}

/// A target said something.
fn target(model: &mut Model, id: &TargetId, before: Option<&TargetState>, out: &mut Vec<Effect>) {
    let Some(t) = model.world.targets.get(id).cloned() else { return };
    bump(model);
    follow(model, &t, out);
    // What is looked at follows what moves.
    if before.is_none_or(|b| b.candidate != t.candidate || b.stable != t.stable) {
        interest(model, out);
    }
    match before {
        Some(b) => {
            transitions(model, b, &t, out);
            elsewhere::changed(model, b, &t, out);
        }
        None if t.is_moving() => {
            let data = phase(&t, &format!("moves already: {}", t.phase.word()), true);
            out.push(Effect::Append {
                entry: records::plain(Kind::Phase, model.now.utc, Some(&t.id), data),
                ticket: None,
            });
        }
        None => {}
    }
    settle::target_changed(model, id, out);
    moved::target_changed(model, id, out);
    moved::regate(model);
}

/// Judge what moves; forget what no longer does.
fn follow(model: &mut Model, t: &TargetState, out: &mut Vec<Effect>) {
    if !t.is_moving() {
        model.judged.remove(&t.id);
        return;
    }
    if model.judged.get(&t.id).is_some_and(|j| j.is_about(t)) {
        return;
    }
    let at = at(&model.world, &t.service, model.now.utc);
    match Judged::begin(t, model.world.services.get(&t.service), has_telemetry(&model.world), &at) {
        Some(j) => {
            model.judged.insert(t.id.clone(), j);
            history(model, &t.id, out);
        }
        None => {
            model.judged.remove(&t.id);
        }
    }
}

fn has_telemetry(world: &World) -> bool {
    world.sources.values().any(|s| s.abilities.roles.telemetry)
}

/// A telemetry source that probes later than the rollouts came: what was NOT JUDGED is judged from now on.
fn telemetry_found(model: &mut Model, out: &mut Vec<Effect>) {
    if !has_telemetry(&model.world) {
        return;
    }
    let ids: Vec<TargetId> = model.judged.iter().filter(|(_, j)| !j.telemetry).map(|(id, _)| id.clone()).collect();
    for id in ids {
        let Some(service) = model.world.targets.get(&id).map(|t| t.service.clone()) else { continue };
        let at = at(&model.world, &service, model.now.utc);
        let Some(j) = model.judged.get_mut(&id) else { continue };
        j.telemetry = true;
        let was = j.verdict.word;
        j.look(&at);
        verdict_line(model, &id, was, out);
        history(model, &id, out);
    }
}

fn at(world: &World, service: &ServiceId, now: Utc) -> crate::core::judge::verdict::At {
    Figures::at(world.samples.get(service), world, now)
}

/// Ask for blocks since the rollout's start that nobody has read yet.
fn history(model: &mut Model, id: &TargetId, out: &mut Vec<Effect>) {
    let Some(t) = model.world.targets.get(id) else { return };
    let service = t.service.clone();
    let Some(source) = model
        .world
        .sources
        .iter()
        .find(|(_, s)| s.abilities.roles.telemetry && !matches!(s.link, Link::Failed(_)))
        .map(|(n, _)| n.clone())
    else {
        return;
    };
    let at = at(&model.world, &service, model.now.utc);
    let Some(j) = model.judged.get_mut(id) else { return };
    for (from, count) in j.wanted(&at) {
        let ask = model.next_ask(Purpose::Backfill { target: id.clone(), from, count });
        let question = Question::Blocks { service: service.clone(), from, count };
        out.push(Effect::Ask { id: ask, source: source.clone(), question });
    }
}

/// What a person would want to find in the log: phases, holds, aborts, promotions, and who did them.
fn transitions(model: &Model, was: &TargetState, is: &TargetState, out: &mut Vec<Effect>) {
    let mut words: Vec<String> = Vec::new();
    if was.candidate != is.candidate && is.is_moving() {
        let v = is.candidate.as_ref().map(|h| is.version_of(h)).unwrap_or_default();
        words.push(format!("new candidate {v}"));
    }
    if was.stable != is.stable {
        let v = is.stable.as_ref().map(|h| is.version_of(h)).unwrap_or_default();
        words.push(format!("fully promoted: stable is {v}"));
    }
    if was.phase != is.phase {
        words.push(is.phase.word().to_string());
    }
    if was.step != is.step
        && let Some(i) = is.step
    {
        words.push(format!("step {i} of {}, weight {}%", is.steps.len(), is.weight_wanted));
    }
    let ours = elsewhere::is_known(model, is);
    let by = |m: Option<&crate::core::world::target::Manager>| {
        if ours { String::new() } else { m.map_or_else(String::new, |m| format!(" by {}", hand::named(&m.name))) }
    };
    if was.held != is.held {
        words.push(format!("{}{}", if is.held { "held" } else { "no longer held" }, by(hand::of_pause(is, None))));
    }
    if was.aborted != is.aborted {
        let word = if is.aborted { "aborted" } else { "no longer aborted" };
        words.push(format!("{word}{}", by(hand::of_abort(is, None))));
    }
    if !words.is_empty() {
        let data = phase(is, &words.join(", "), false);
        out.push(Effect::Append {
            entry: records::plain(Kind::Phase, model.now.utc, Some(&is.id), data),
            ticket: None,
        });
    }
}

/// What a target says of itself, whole: a reader must not have to guess it from the words.
fn phase(t: &TargetState, words: &str, first: bool) -> serde_json::Value {
    let mut data = json!({
        "words": words,
        "phase": t.phase.word(),
        "weight": t.weight_real,
        "weight_wanted": t.weight_wanted,
        "held": t.held,
        "aborted": t.aborted,
    });
    if let (Some(step), false) = (t.step, t.steps.is_empty()) {
        (data["step"], data["steps"]) = (json!(step), json!(t.steps.len()));
    }
    if first {
        data["first"] = json!(true);
    }
    records::change(t, data)
}

fn verdict_line(model: &Model, id: &TargetId, was: Word, out: &mut Vec<Effect>) {
    let (Some(j), Some(t)) = (model.judged.get(id), model.world.targets.get(id)) else { return };
    let is = j.verdict.word;
    if std::mem::discriminant(&was) == std::mem::discriminant(&is) {
        return;
    }
    let detail = is.detail();
    let words = if detail.is_empty() { is.word().to_string() } else { format!("{}, {detail}", is.word()) };
    let mut data = json!({
        "words": words,
        "word": is.word(),
        "candidate": [j.verdict.candidate.failed, j.verdict.candidate.total],
        "stable": [j.verdict.stable.failed, j.verdict.stable.total],
        "difference": j.verdict.difference.map(|d| [d.d, d.range.lo, d.range.hi]),
        "limit": j.verdict.limit.margin,
    });
    match j.verdict.latched.map(|l| l.cause).filter(|_| is == Word::Worse) {
        Some(Cause::Whole) => data["cause"] = json!("whole"),
        Some(Cause::Recent) => data["cause"] = json!("recent"),
        Some(Cause::Breaker { failed, total }) => {
            (data["cause"], data["breaker"]) = (json!("breaker"), json!([failed, total]));
        }
        None => {}
    }
    let data = records::change(t, data);
    out.push(Effect::Append { entry: records::plain(Kind::Verdict, model.now.utc, Some(id), data), ticket: None });
}

fn burn(model: &mut Model, service: &ServiceId) {
    let Some(slo) = model.world.services.get(service).and_then(|s| s.slo) else { return };
    let Some(windows) = model.world.windows.get(service) else { return };
    let rows: Vec<(u32, crate::core::world::figures::Counts)> = windows.iter().map(|(s, w)| (*s, w.counts)).collect();
    let live = model.world.targets_of(service).any(TargetState::is_moving);
    let age = Figures::age(model.world.samples.get(service), &model.world, model.now.utc).unwrap_or(Age::Withdrawn);
    let rules = Rules { period_secs: slo.period_days * 86_400, ..Rules::new(slo.objective) };
    let burn = Burn::judge(&rows, &rules, live, age);
    if model.burns.get(service) != Some(&burn) {
        model.burns.insert(service.clone(), burn);
        bump(model);
    }
}

/// What ended sessions left open and could not be read back yet.
pub(super) fn loose_ends(model: &mut Model, out: &mut Vec<Effect>) {
    let now = model.now.person;
    for n in 0..model.loose.len() {
        let Some(l) = model.loose.get_mut(n) else { return };
        if l.found.is_some() || l.next.is_none_or(|t| t > now) {
            continue;
        }
        l.next = None;
        let Some(target) = l.target.clone() else { continue };
        let id = model.next_ask(Purpose::Unfinished(n));
        out.push(Effect::Ask { id, source: target.source.clone(), question: Question::Read(target) });
    }
}

/// Figures grow old by time alone: at most once a second of person time.
pub(super) fn grow_old(model: &mut Model, out: &mut Vec<Effect>) {
    let second = model.now.person.0 / 1000;
    if second == model.aged_at {
        return;
    }
    model.aged_at = second;
    let ids: Vec<TargetId> = model.judged.keys().cloned().collect();
    let mut changed = false;
    for id in ids {
        let Some(service) = model.world.targets.get(&id).map(|t| t.service.clone()) else { continue };
        let at = at(&model.world, &service, model.now.utc);
        let Some(j) = model.judged.get_mut(&id) else { continue };
        let was = j.verdict.word;
        if j.look(&at) {
            changed = true;
            verdict_line(model, &id, was, out);
        }
        history(model, &id, out);
    }
    let services: Vec<ServiceId> = model.burns.keys().cloned().collect();
    for s in services {
        let age = Figures::age(model.world.samples.get(&s), &model.world, model.now.utc).unwrap_or(Age::Withdrawn);
        if model.burns.get(&s).is_some_and(|b| b.age != age) {
            burn(model, &s);
            observed::burn(model, &s, out);
            changed = true;
        }
    }
    if changed {
        model.rows_dirty = true;
        moved::regate(model);
        bump(model);
    }
}

pub(super) fn asked(model: &mut Model, id: AskId, answer: Result<Vec<Fact>, SourceError>, out: &mut Vec<Effect>) {
    let Some(why) = model.asks.remove(&id) else { return };
    let reached = answer.is_ok();
    looked::answered(model, &why);
    let source = match &why {
        Purpose::Backfill { .. } | Purpose::Check { .. } => {
            model.world.sources.iter().find(|(_, s)| s.abilities.roles.telemetry).map(|(n, _)| n.clone())
        }
        Purpose::WayBack(t) | Purpose::Evidence(t) | Purpose::Raw(t) => Some(t.source.clone()),
        Purpose::Logs(l) => Some(l.target.source.clone()),
        Purpose::Unknown(act) => model.acts.get(act).map(|a| a.target().source.clone()),
        Purpose::Unfinished(n) => model.loose.get(*n).and_then(|l| l.target.as_ref()).map(|t| t.source.clone()),
    };
    if let Purpose::Backfill { target, from, .. } = &why
        && let Some(j) = model.judged.get_mut(target)
    {
        j.answered(*from, model.now.utc);
    }
    match (answer, &source) {
        (Ok(facts), Some(source)) => {
            for f in facts {
                fact(model, source, f, out);
            }
        }
        (Err(error), _) => {
            looked::failed(model, &why, &error);
            if let Purpose::Check { runbook, step } = &why {
                super::steps::check_answered(model, runbook, *step, Err(&error.sentence), out);
            }
        }
        (Ok(_), None) => {}
    }
    match why {
        // Their facts were taken above, and their failures said.
        Purpose::WayBack(_) | Purpose::Evidence(_) | Purpose::Logs(_) | Purpose::Raw(_) => {}
        Purpose::Unknown(act) => settle::read_back(model, act, reached, out),
        Purpose::Unfinished(n) => found(model, n, reached, out),
        Purpose::Check { runbook, step } => {
            // A question that failed was answered above.
            if reached {
                let query = match model.runbooks.get(&runbook).and_then(|r| r.step(step)).map(|s| &s.kind) {
                    Some(StepKind::Check(c)) => c.query.clone(),
                    Some(StepKind::Manual) | None => return,
                };
                let found = model.world.checked.get(&query).and_then(|c| c.value);
                super::steps::check_answered(model, &runbook, step, Ok(found), out);
            }
        }
        Purpose::Backfill { target, .. } => {
            // A question that failed is asked again by the next tick, not at once.
            if reached {
                history(model, &target, out);
            }
        }
    }
}

/// The intent of an ended session, read back and closed in our own file.
fn found(model: &mut Model, n: usize, reached: bool, out: &mut Vec<Effect>) {
    // Another console may have been quicker.
    let Some(l) = model.loose.get_mut(n).filter(|l| l.found.is_none() && !l.closed) else { return };
    if !reached {
        // Asked again until the source answers: the alarm row says that it is being read back.
        l.next = Some(Person(model.now.person.0 + READ_AGAIN_MS));
        return;
    }
    let state = l.target.as_ref().and_then(|t| model.world.targets.get(t));
    let words: Arc<str> = match state {
        Some(s) => {
            let v = s.stable.as_ref().map(|h| s.version_of(h)).unwrap_or_default();
            format!(
                "{}{}{}, stable {v}",
                s.phase.word(),
                if s.aborted { ", aborted" } else { "" },
                if s.held { ", held" } else { "" }
            )
            .into()
        }
        None => "the target is gone".into(),
    };
    let gone = state.is_none();
    l.found = Some(words);
    // What was cut half-way stays open as long as it can be finished.
    if l.cut.is_none() || gone {
        super::finish::close(model, n, "read back after the session ended", out);
    }
    bump(model);
}

pub(super) fn acknowledge(model: &mut Model, target: &TargetId, out: &mut Vec<Effect>) {
    let Some(t) = model.world.targets.get(target) else { return };
    let at = at(&model.world, &t.service, model.now.utc);
    let now = model.now.utc;
    if let Some(j) = model.judged.get_mut(target)
        && let Some(look) = j.verdict.look
    {
        let was = j.verdict.word;
        j.judge.ack(look);
        j.look(&at);
        let data = json!({"what": "verdict", "look": look.0, "candidate": j.candidate});
        out.push(Effect::Append { entry: records::plain(Kind::Acknowledged, now, Some(target), data), ticket: None });
        // The word that stands from now on is a transition like any other.
        verdict_line(model, target, was, out);
    }
    model.rows_dirty = true;
    bump(model);
}

/// Ways back that are checked again and again.
const WAYS_BACK: usize = 40;

/// Tell the engine what is looked at, when that changed.
pub(super) fn interest(model: &mut Model, out: &mut Vec<Effect>) {
    let mut moving: Vec<(ServiceId, Vec<Hash>)> = Vec::new();
    for t in model.world.targets.values().filter(|t| t.is_moving()) {
        let hashes: Vec<Hash> = t.candidate.iter().chain(t.stable.iter()).cloned().collect();
        match moving.iter_mut().find(|(s, _)| *s == t.service) {
            Some((_, h)) => h.extend(hashes),
            None => moving.push((t.service.clone(), hashes)),
        }
    }
    let ways_back =
        model.world.targets.values().filter(|t| t.is_moving()).map(|t| t.id.clone()).take(WAYS_BACK).collect();
    let want = Interest { moving, ways_back, ..model.interest.clone() };
    if want != model.interest {
        model.interest = want.clone();
        out.push(Effect::Interest(Box::new(want)));
    }
}
