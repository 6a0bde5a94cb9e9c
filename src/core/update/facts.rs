//! What the sources say, and what follows from it: verdicts, burn, history to ask for, acts to settle, lines for the log.

use super::{bump, burn, elsewhere, looked, moved, observed, records, settle, side, side_read, watch};
use crate::core::act::hand;
use crate::core::act::plan::Verb;
use crate::core::case::runbook::want::Judged as Compared;
use crate::core::case::runbook::{Asks, Check, StepKind, judge};
use crate::core::effect::{Effect, Question};
use crate::core::entry::Kind;
use crate::core::id::AskId;
use crate::core::id::{Hash, ServiceId, SourceId, TargetId};
use crate::core::judge::judged::{Figures, Judged, Stands};
use crate::core::judge::policy::Policy;
use crate::core::judge::verdict::{Cause, Verdict, Word};
use crate::core::model::{Model, Purpose};
use crate::core::record::Record;
use crate::core::time::{Person, Utc};
use crate::core::world::fact::Fact;
use crate::core::world::interest::Interest;
use crate::core::world::source::{Link, SourceError, SourceState, Trouble};
use crate::core::world::target::TargetState;
use crate::core::world::{Change, World};
use serde_json::json;
use std::sync::Arc;

/// An ended session's act that could not be read back is asked for again after this long.
pub(super) const READ_AGAIN_MS: i64 = 15_000;

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
                burn::follow(model);
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
            Change::Alerts(source) => {
                super::alerts::told(model, &source, out);
                side::observe(model, &source, out);
                bump(model);
            }
            Change::Beside(source) => {
                side::observe(model, &source, out);
                moved::regate(model);
                bump(model);
            }
            Change::Blocks(b) => {
                let at = at(&model.world, &b.service, model.now.utc);
                let ids: Vec<TargetId> = model.world.targets_of(&b.service).map(|t| t.id.clone()).collect();
                for id in ids {
                    let Some(j) = model.judged.get_mut(&id) else { continue };
                    let was = j.stands();
                    if j.feed(&b, &at) {
                        bump(model);
                        verdict_line(model, &id, Some(&was), out);
                        observed::figures(model, &id, out);
                    }
                    history(model, &id, out);
                }
                moved::regate(model);
            }
            Change::Windows(service) => {
                burn::told(model, &service, out);
                moved::regate(model);
            }
            Change::Telemetry(service) => {
                told(model, &service, out);
                burn::told(model, &service, out);
                bump(model);
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
    burn::follow(model);
    // What is looked at follows what moves.
    if before.is_none_or(|b| b.candidate != t.candidate || b.stable != t.stable) {
        interest(model, out);
    }
    match before {
        Some(b) => {
            transitions(model, b, &t, out);
            watch::finished(model, b, &t, out);
            watch::restarts(model, b, &t, out);
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
    let at = at(&model.world, &t.service, model.now.utc);
    if let Some(j) = model.judged.get_mut(&t.id)
        && j.is_about(t)
    {
        let was = j.stands();
        j.about(t, &at);
        if j.look(&at) {
            verdict_line(model, &t.id, Some(&was), out);
        }
        return;
    }
    // With the target found elsewhere and what was acknowledged before, so that its first word is the right one.
    match Judged::begin(t, Policy::of(&model.world, &t.service), has_telemetry(&model.world), &at) {
        Some(mut j) => {
            for (of, look) in model.acked.get(&t.id).into_iter().flatten() {
                if *of == j.candidate {
                    j.ack(*look);
                }
            }
            j.look(&at);
            let worse = j.verdict.word == Word::Worse;
            model.judged.insert(t.id.clone(), j);
            told(model, &t.service, out);
            // A candidate that does not start is worse before any block was read.
            if worse {
                verdict_line(model, &t.id, None, out);
            }
            history(model, &t.id, out);
        }
        None => {
            model.judged.remove(&t.id);
        }
    }
}

/// Targets, limits and routes as the service's config and its sources tell them now.
fn told(model: &mut Model, service: &ServiceId, out: &mut Vec<Effect>) {
    let at = at(&model.world, service, model.now.utc);
    let told = model.world.telemetry.get(service);
    let policy = Policy::of(&model.world, service);
    let ids: Vec<TargetId> = model.world.targets_of(service).map(|t| t.id.clone()).collect();
    let mut lines = Vec::new();
    for id in ids {
        let Some(j) = model.judged.get_mut(&id) else { continue };
        let was = j.stands();
        let other = j.under(policy.clone());
        j.routed(told);
        if other && j.look(&at) {
            lines.push((id, was));
        }
    }
    for (id, was) in lines {
        verdict_line(model, &id, Some(&was), out);
    }
}

/// A source of figures said something of them, once at least.
fn has_telemetry(world: &World) -> bool {
    let said = |s: &SourceState| s.confirmed.is_some() || !matches!(s.link, Link::Connecting | Link::Reading { .. });
    world.sources.values().any(|s| s.abilities.roles.telemetry && said(s))
}

/// A telemetry source that probes later than the rollouts came: what was NOT JUDGED is judged from now on.
fn telemetry_found(model: &mut Model, out: &mut Vec<Effect>) {
    let ids: Vec<TargetId> = model.judged.iter().filter(|(_, j)| !j.telemetry).map(|(id, _)| id.clone()).collect();
    if !has_telemetry(&model.world) {
        // Before its first figures it can be asked for the past.
        ids.iter().for_each(|id| history(model, id, out));
        return;
    }
    for id in ids {
        let Some(service) = model.world.targets.get(&id).map(|t| t.service.clone()) else { continue };
        let at = at(&model.world, &service, model.now.utc);
        let Some(j) = model.judged.get_mut(&id) else { continue };
        j.telemetry = true;
        let was = j.stands();
        j.look(&at);
        verdict_line(model, &id, Some(&was), out);
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
        let v = is.candidate.as_ref().map(|h| is.called(h)).unwrap_or_default();
        words.push(format!("new candidate {v}"));
    }
    if was.stable != is.stable {
        let v = is.stable.as_ref().map(|h| is.called(h)).unwrap_or_default();
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
pub(super) fn phase(t: &TargetState, words: &str, first: bool) -> serde_json::Value {
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

/// A verdict whose word changed, or one of whose informing signals became WORSE or no longer is. `was`: as it stood
/// before; `None` writes in any case.
fn verdict_line(model: &Model, id: &TargetId, was: Option<&Stands>, out: &mut Vec<Effect>) {
    let (Some(j), Some(t)) = (model.judged.get(id), model.world.targets.get(id)) else { return };
    if was.is_some_and(|was| *was == j.stands()) {
        return;
    }
    let v = &j.verdict;
    let mut data = counted(v);
    data["words"] = json!(j.said());
    data["detail"] = json!(v.word.detail());
    data["signal"] = json!(j.signal);
    data["measured"] = json!(j.measured().words());
    if !j.heard.is_empty() {
        data["signals"] = j.signals().map(|(s, v, _)| (s.word().to_owned(), counted(v))).collect();
    }
    let cautions = j.cautions();
    if !cautions.is_empty() {
        data["cautions"] = json!(cautions);
    }
    match v.latched.map(|l| l.cause).filter(|_| v.word == Word::Worse) {
        Some(Cause::Whole) => data["cause"] = json!("whole"),
        Some(Cause::Recent) => data["cause"] = json!("recent"),
        Some(Cause::Breaker { failed, total }) => {
            (data["cause"], data["breaker"]) = (json!("breaker"), json!([failed, total]));
        }
        Some(Cause::CrashLoop { pods, of }) => {
            (data["cause"], data["pods"]) = (json!("crash loop"), json!([pods, of]));
        }
        Some(Cause::NeverReady { pods, of }) => {
            (data["cause"], data["pods"]) = (json!("never ready"), json!([pods, of]));
        }
        None => {}
    }
    let data = records::change(t, data);
    out.push(Effect::Append { entry: records::plain(Kind::Verdict, model.now.utc, Some(id), data), ticket: None });
}

/// One signal's word and what it rests on.
fn counted(v: &Verdict) -> serde_json::Value {
    json!({
        "word": v.word.word(),
        "candidate": [v.candidate.failed, v.candidate.total],
        "stable": [v.stable.failed, v.stable.total],
        "difference": v.difference.map(|d| [d.d, d.range.lo, d.range.hi]),
        "limit": v.limit.margin,
    })
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
        if let Some(left) = l.side.clone() {
            side_read::left(model, n, &left, out);
            continue;
        }
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
        let Some(t) = model.world.targets.get(&id) else { continue };
        let at = at(&model.world, &t.service, model.now.utc);
        let Some(j) = model.judged.get_mut(&id) else { continue };
        let was = j.stands();
        if j.unready.is_some() {
            // Pods that do not get ready say nothing more: time alone tells.
            j.about(t, &at);
        }
        if j.look(&at) {
            changed = true;
            verdict_line(model, &id, Some(&was), out);
        }
        history(model, &id, out);
    }
    changed |= burn::grow_old(model, out);
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
        Purpose::Backfill { .. } | Purpose::Check { .. } | Purpose::Look { .. } => {
            model.world.sources.iter().find(|(_, s)| s.abilities.roles.telemetry).map(|(n, _)| n.clone())
        }
        Purpose::WayBack(t) | Purpose::Evidence(t) | Purpose::Raw(t) => Some(t.source.clone()),
        Purpose::Logs(l) => Some(l.target.source.clone()),
        Purpose::Side(id) | Purpose::SideAgain(id) => model.sides.get(id).map(|s| s.plan.source.clone()),
        Purpose::Unknown(act) | Purpose::Differs(act) => model.acts.get(act).map(|a| a.target().source.clone()),
        Purpose::Unfinished(n) => model.loose.get(*n).and_then(|l| match (&l.side, &l.target) {
            (Some(side), _) => Some(side.source.clone()),
            (None, target) => target.as_ref().map(|t| t.source.clone()),
        }),
        // It has no facts.
        Purpose::DryRun(_) => None,
    };
    if let Purpose::Backfill { target, from, .. } = &why
        && let Some(j) = model.judged.get_mut(target)
    {
        j.answered(*from, model.now.utc);
    }
    // A source that answers without a word of its flags has said nothing of one.
    let again = match &answer {
        Ok(facts) if facts.iter().any(|f| matches!(f, Fact::Flags(_))) => Ok(()),
        Ok(_) => Err("it does not say how its flags stand".into()),
        Err(e) => Err(e.sentence.clone()),
    };
    match (answer, &source) {
        (Ok(facts), Some(source)) => {
            for f in facts {
                fact(model, source, f, out);
            }
        }
        (Err(error), _) => {
            looked::failed(model, &why, &error);
            if let Purpose::DryRun(dialog) = &why {
                super::dry::refused(model, *dialog, &error);
            }
            if let Purpose::Check { runbook, step, .. } = &why {
                super::steps::answered(model, runbook, *step, &Compared::no(error.sentence.clone()), out);
            }
        }
        (Ok(_), None) => {}
    }
    match why {
        // Their facts were taken above, and their failures said.
        Purpose::WayBack(_) | Purpose::Evidence(_) | Purpose::Logs(_) | Purpose::Raw(_) | Purpose::DryRun(_) => {}
        Purpose::Side(id) => side::read_back(model, id, reached, out),
        Purpose::SideAgain(id) => side_read::again(model, id, again, out),
        Purpose::Unknown(act) => settle::read_back(model, act, reached, out),
        Purpose::Differs(act) => super::conflict::read(model, act, reached, out),
        Purpose::Unfinished(n) => found(model, n, reached, out),
        Purpose::Check { runbook, step, query } => {
            // A question that failed was answered above.
            if reached {
                let expect = match model.runbooks.get(&runbook).and_then(|r| r.step(step)).map(|s| &s.kind) {
                    Some(StepKind::Check(Check { asks: Asks::Query { expect, .. }, .. })) => *expect,
                    Some(_) | None => return,
                };
                let found = model.world.checked.get(&query).and_then(|c| c.value);
                super::steps::answered(model, &runbook, step, &judge(expect, Ok(found)), out);
            }
        }
        // What it found stands among the figures; nothing is judged by it.
        Purpose::Look { .. } => bump(model),
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
    if let Some(left) = l.side.clone() {
        side_read::found(model, n, &left, reached, out);
        return;
    }
    if !reached {
        // Asked again until the source answers: the alarm row says that it is being read back.
        l.next = Some(Person(model.now.person.0 + READ_AGAIN_MS));
        return;
    }
    let state = l.target.as_ref().and_then(|t| model.world.targets.get(t));
    let mut how = "read back after the session ended".to_owned();
    if l.cord.is_some() && (*l.verb == *Verb::Hold.word() || *l.verb == *Verb::Resume.word()) {
        let asked = *l.verb == *Verb::Hold.word();
        let ours = |s: &TargetState| s.held_by.as_ref().is_none_or(|m| *m.name == *hand::OURS);
        let done = state.is_some_and(|s| s.held == asked && (!asked || ours(s)));
        // A request may be on its way for a while after its session has ended.
        if !done && state.is_some() && model.now.utc.since(l.at) < settle::UNKNOWN_FOR_MS {
            l.next = Some(Person(model.now.person.0 + READ_AGAIN_MS));
            return;
        }
        how.push_str(if done { ": it was done" } else { ": it was not done" });
    }
    let words: Arc<str> = match state {
        Some(s) => {
            let v = s.stable.as_ref().map(|h| s.called(h)).unwrap_or_default();
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
        super::finish::close(model, n, &how, out);
    }
    bump(model);
}

pub(super) fn acknowledge(model: &mut Model, target: &TargetId, out: &mut Vec<Effect>) {
    let Some(t) = model.world.targets.get(target) else { return };
    let at = at(&model.world, &t.service, model.now.utc);
    let now = model.now.utc;
    if let Some(j) = model.judged.get_mut(target)
        && let Some(look) = j.verdict.look.or_else(|| j.pods.map(|_| now))
    {
        let was = j.stands();
        j.ack(look);
        j.look(&at);
        let candidate = j.candidate.clone();
        let data = json!({"what": "verdict", "look": look.0, "candidate": j.candidate});
        out.push(Effect::Append { entry: records::plain(Kind::Acknowledged, now, Some(target), data), ticket: None });
        remember_ack(model, target, candidate, look);
        // The word that stands from now on is a transition like any other.
        verdict_line(model, target, Some(&was), out);
    }
    model.rows_dirty = true;
    bump(model);
}

/// Another console's person acknowledged what stands here as well: the look that the record names is the same one.
pub(super) fn acknowledged_elsewhere(model: &mut Model, r: &Record) {
    // A replay shows what its own records said, not what our judge makes of blocks it never had.
    let d = &r.data;
    if r.kind != Kind::Acknowledged.word() || d["what"] != "verdict" || model.replay.is_some() {
        return;
    }
    let (Some(id), Some(look)) = (r.target_id(), d["look"].as_i64()) else { return };
    // At the opening records are read before any source has answered.
    if let Some(candidate) = d["candidate"].as_str() {
        remember_ack(model, &id, Hash::new(candidate), Utc(look));
    }
    let Some(service) = model.world.targets.get(&id).map(|t| t.service.clone()) else { return };
    let at = at(&model.world, &service, model.now.utc);
    let Some(j) = model.judged.get_mut(&id).filter(|j| d["candidate"].as_str() == Some(j.candidate.as_str())) else {
        return;
    };
    j.ack(Utc(look));
    j.look(&at);
    model.rows_dirty = true;
    bump(model);
}

/// Acknowledgements kept of each target.
const ACKS: usize = 20;

fn remember_ack(model: &mut Model, target: &TargetId, candidate: Hash, look: Utc) {
    let kept = model.acked.entry(target.clone()).or_default();
    if !kept.contains(&(candidate.clone(), look)) {
        kept.push((candidate, look));
    }
    let over = kept.len().saturating_sub(ACKS);
    kept.drain(..over);
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
