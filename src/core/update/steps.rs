//! The runbook under the cursor: run a step, tick it, skip it with a reason, answer a question. What becomes of it is a
//! record; where a step stands is read off the records. Commands are in `program.rs`, what is asked because somebody looks
//! in `figures.rs`.

use super::{bump, keys, program, records};
use crate::core::board;
use crate::core::case::bench::Pending;
use crate::core::case::known::when;
use crate::core::case::runbook::want::Judged;
use crate::core::case::runbook::{Asks, Check, NotNow, Progress, RunStep, StepKind, StepState, short};
use crate::core::casework;
use crate::core::effect::{Effect, Question};
use crate::core::entry::{Entry, Kind, Origin};
use crate::core::id::ActId;
use crate::core::intent::{Context, Intent};
use crate::core::judge::words::figure;
use crate::core::key::{Code, Key};
use crate::core::keymap::Found;
use crate::core::listing;
use crate::core::model::{Model, Purpose};
use crate::core::nav::Overlay;
use crate::core::record::{Hlc, Record};
use crate::core::runbooks;
use crate::core::time::Utc;
use serde_json::{Map, Value, json};
use std::sync::Arc;

pub use crate::core::listing::this_runbook;

pub(super) fn first_open(model: &Model) -> usize {
    let Some(name) = this_runbook(model) else { return 0 };
    let Some(r) = model.runbooks.get(&name) else { return 0 };
    let current = match model.progress.get(&name) {
        Some(p) => p.current(r),
        None => r.steps.first().map(|s| s.number),
    };
    current.map_or(0, |n| n.saturating_sub(1) as usize)
}

pub(super) fn step_row(model: &mut Model, by: i64) {
    let listed = listing::steps(model);
    let Some(last) = listed.len().checked_sub(1) else { return };
    let at = listed.iter().position(|i| *i == model.nav.step_row).unwrap_or(0);
    model.nav.step_row = listed[(at as i64).saturating_add(by).clamp(0, last as i64) as usize];
}

/// The next runbook of the chosen service, or the one before.
pub(super) fn other_book(model: &mut Model, by: i64) {
    let Some(service) = model.nav.selected.clone() else { return };
    let all = runbooks::found(model, &service);
    if all.is_empty() || (all.len() == 1 && this_runbook(model).is_some()) {
        model.tell("there is no other runbook for this service");
        return;
    }
    let last = all.len() as i64 - 1;
    let to = match this_runbook(model).and_then(|n| all.iter().position(|a| *a == n)) {
        Some(at) => (at as i64 + by).rem_euclid(last + 1),
        None => 0,
    };
    model.nav.book = all.get(to as usize).cloned();
    model.nav.step_row = first_open(model);
    bump(model);
}

/// The chosen step.
fn here(model: &Model) -> Option<(Arc<str>, RunStep)> {
    let name = this_runbook(model)?;
    let step = model.runbooks.get(&name)?.steps.get(model.nav.step_row)?.clone();
    Some((name, step))
}

pub(super) fn step_run(model: &mut Model, out: &mut Vec<Effect>) {
    let Some((name, step)) = here(model) else { return };
    let number = step.number;
    if model.bench.command(&name, number).is_some() {
        let how = model.how(Intent::StepSkip);
        model.tell(format!("it runs; {how} stops it"));
        return;
    }
    let none = Progress::default();
    let Some(book) = model.runbooks.get(&name) else { return };
    if let Err(why) = model.progress.get(&name).unwrap_or(&none).may_run(book, number) {
        model.tell(why.to_string());
        return;
    }
    match step.kind {
        StepKind::Manual => {}
        StepKind::Check(Check { asks: Asks::Query { text, source, .. }, .. }) => {
            let query = runbooks::asked(model, &text);
            let source = source.or_else(|| runbooks::telemetry(model));
            match source.filter(|s| model.world.sources.contains_key(s)) {
                Some(source) => {
                    let why = Purpose::Check { runbook: name.clone(), step: number, query: query.clone() };
                    let id = model.next_ask(why);
                    model.bench.asking.insert((name.clone(), number));
                    out.push(Effect::Ask { id, source, question: Question::Check(query) });
                    refresh(model, &name);
                }
                None => checked(model, &name, number, &Judged::no("there is no such source to ask"), out),
            }
        }
        StepKind::Check(Check { asks: Asks::Get { url, wants }, .. }) => {
            let id = model.next_ask(Purpose::Check { runbook: name.clone(), step: number, query: url.clone() });
            model.bench.asking.insert((name.clone(), number));
            out.push(Effect::Probe { id, url, wants });
            refresh(model, &name);
        }
        StepKind::Check(Check { asks: Asks::Command(_), .. }) | StepKind::Command(_) => {
            program::open(model, &name, number);
        }
        StepKind::Act(intent) => {
            model.bench.act =
                Some(Pending { runbook: name, step: number, intent, after: model.counters.act, act: None });
            // Pinned at this key, as the act menu pins it at its own.
            let target = board::selected_target(model).map(|t| t.id.clone());
            keys::chosen(model, intent, target, out);
        }
        StepKind::Wait { ms } => {
            let until = Utc(model.now.utc.0 + ms);
            let said = format!("waits {}, until {}", short(ms), until.hms());
            record(model, &name, number, json!({"stands": "running", "state": said, "until": until.rfc3339()}), out);
        }
        StepKind::Choose(_) => {
            model.nav.under = None;
            model.nav.overlay = Some(Overlay::Answer { runbook: name, step: number, row: 0 });
        }
    }
}

/// A key over the answers to a question. A digit or Enter chooses; what is no key of the list is no.
pub(super) fn answer_key(model: &mut Model, name: &Arc<str>, step: u32, row: usize, key: Key, out: &mut Vec<Effect>) {
    let count = answers(model, name, step).map_or(0, |a| a.len());
    let digit = match key.code {
        Code::Char(c) if !key.ctrl && !key.alt => {
            c.to_digit(10).map(|d| d as usize).filter(|d| (1..=count).contains(d))
        }
        _ => None,
    };
    let found = match model.keymap.find(Context::List, &[key]) {
        Found::Nothing => model.keymap.find(Context::Global, &[key]),
        found => found,
    };
    let by: i64 = match (digit, found) {
        (Some(d), _) => {
            // The first press shows which one is meant, so that a stray digit answers nothing.
            if d - 1 == row {
                answer(model, name, step, row, out);
                return;
            }
            d as i64 - 1 - row as i64
        }
        (None, Found::Intent(Intent::NextRow)) => 1,
        (None, Found::Intent(Intent::PreviousRow)) => -1,
        (None, Found::Intent(Intent::Open)) => {
            answer(model, name, step, row, out);
            return;
        }
        (None, _) => {
            model.tell("closed; nothing was answered");
            return;
        }
    };
    let row = (row as i64 + by).clamp(0, count.saturating_sub(1) as i64) as usize;
    model.nav.overlay = Some(Overlay::Answer { runbook: name.clone(), step, row });
}

fn answers<'m>(model: &'m Model, name: &Arc<str>, step: u32) -> Option<&'m [crate::core::case::runbook::Answer]> {
    match &model.runbooks.get(name)?.step(step)?.kind {
        StepKind::Choose(c) => Some(&c.answers),
        StepKind::Manual | StepKind::Check(_) | StepKind::Act(_) | StepKind::Command(_) | StepKind::Wait { .. } => None,
    }
}

/// An answer is chosen: it stands in the log, and may lead to another step.
pub(super) fn answer(model: &mut Model, name: &Arc<str>, step: u32, row: usize, out: &mut Vec<Effect>) {
    if model.nav.is_burst() {
        model.tell("keys came too fast for a hand; nothing was answered");
        return;
    }
    let Some(a) = answers(model, name, step).and_then(|a| a.get(row)).cloned() else { return };
    let leads = a.goto.map(|n| format!(", on to step {n}")).unwrap_or_default();
    let state = format!("answered: {}{leads}", a.words);
    record(model, name, step, json!({"stands": "done", "state": state, "words": a.words, "goto": a.goto}), out);
    model.nav.step_row = match a.goto {
        Some(n) => n.saturating_sub(1) as usize,
        None => first_open(model),
    };
}

/// The answer to a check, or why there is none.
pub(super) fn checked(model: &mut Model, name: &Arc<str>, step: u32, found: &Judged, out: &mut Vec<Effect>) {
    model.bench.asking.remove(&(name.clone(), step));
    let mut data = if found.pass {
        let words =
            found.found.map_or_else(|| format!("pass, {}", found.words), |f| format!("pass, found {}", figure(f)));
        json!({"stands": "done", "state": words, "found": found.found, "words": found.words})
    } else {
        let state = format!("FAILED, {}", found.words);
        json!({"stands": "failed", "state": state, "found": found.found, "why": found.words})
    };
    smoke(model, name, step, &mut data);
    record(model, name, step, data, out);
}

/// A smoke check's result is about a service, and about the candidate that moves.
pub(super) fn smoke(model: &Model, name: &Arc<str>, step: u32, data: &mut Value) {
    let kind = model.runbooks.get(name).and_then(|b| b.step(step)).map(|s| &s.kind);
    if let (Some(StepKind::Check(Check { smoke: true, .. })), Some(m)) = (kind, data.as_object_mut()) {
        let candidate = board::selected_target(model).and_then(|t| t.candidate.clone());
        m.insert("smoke".into(), true.into());
        m.insert("candidate".into(), json!(candidate));
    }
}

/// What became of the check that was asked is here: one that was skipped meanwhile, or of a book that is gone, is dropped.
pub(super) fn answered(model: &mut Model, name: &Arc<str>, step: u32, found: &Judged, out: &mut Vec<Effect>) {
    if model.bench.asking.contains(&(name.clone(), step)) {
        checked(model, name, step, found, out);
    }
}

pub(super) fn step_tick(model: &mut Model, out: &mut Vec<Effect>) {
    let Some((name, step)) = here(model) else { return };
    let none = Progress::default();
    let Some(book) = model.runbooks.get(&name) else { return };
    match model.progress.get(&name).unwrap_or(&none).may_tick(book, step.number) {
        Err(why) => model.tell(why.to_string()),
        Ok(()) => {
            let state = match step.kind {
                StepKind::Manual => "done",
                StepKind::Act(_) => "done, ticked by hand",
                _ => "done, cut short by hand",
            };
            let words = state.strip_prefix("done, ").unwrap_or_default();
            record(model, &name, step.number, json!({"stands": "done", "state": state, "words": words}), out);
            step_row(model, 1);
        }
    }
}

/// `-`: a command that runs here is stopped; anything else is skipped, once a reason is given.
pub(super) fn ask_skip(model: &mut Model, out: &mut Vec<Effect>) {
    let Some((name, step)) = here(model) else { return };
    if program::stop(model, &name, step.number, out) {
        return;
    }
    model.nav.overlay = Some(Overlay::SkipReason { step: model.nav.step_row, typed: String::new() });
}

pub(super) fn step_skip(model: &mut Model, step: usize, reason: &str, out: &mut Vec<Effect>) {
    let Some(name) = this_runbook(model) else { return };
    let number = step as u32 + 1;
    let none = Progress::default();
    let Some(book) = model.runbooks.get(&name) else { return };
    let may = model.progress.get(&name).unwrap_or(&none).may_skip(book, number, reason);
    let runs = model.bench.command(&name, number).is_some();
    match may.and(if runs { Err(NotNow::Running) } else { Ok(()) }) {
        Err(why) => model.tell(why.to_string()),
        Ok(()) => {
            let reason = reason.trim();
            model.bench.asking.remove(&(name.clone(), number));
            let data = json!({"stands": "skipped", "state": format!("skipped: {reason}"), "reason": reason});
            record(model, &name, number, data, out);
            step_row(model, 1);
        }
    }
}

/// Writes what became of a step. It shows at once; the record itself comes back from the log and takes its place.
pub(super) fn record(model: &mut Model, name: &Arc<str>, step: u32, data: Value, out: &mut Vec<Effect>) {
    let entry = entry(model, name, step, data);
    taken(model, name, &entry);
    out.push(Effect::Append { entry, ticket: None });
}

/// A runbook's record with what every one of them says.
pub(super) fn entry(model: &Model, name: &Arc<str>, step: u32, data: Value) -> Entry {
    let book = model.runbooks.get(name);
    let of = book.and_then(|b| b.step(step));
    let mut all = Map::new();
    all.insert("runbook".into(), json!(name));
    all.insert("step".into(), json!(step));
    all.insert("title".into(), json!(of.map(|s| s.title.clone())));
    all.insert("kind".into(), json!(of.map(|s| s.kind.word())));
    all.insert("hash".into(), json!(book.map(|b| b.hash.clone())));
    all.insert("service".into(), json!(model.nav.selected));
    if let Value::Object(more) = data {
        all.extend(more.into_iter().filter(|(_, v)| !v.is_null()));
    }
    records::plain(Kind::Runbook, model.now.utc, None, Value::Object(all))
}

/// As if the record had come back already.
pub(super) fn taken(model: &mut Model, name: &Arc<str>, entry: &Entry) {
    let now = model.now.utc;
    let mut r = Record::of(entry, "", 0, Hlc(now.0, 0), now);
    r.user = casework::me(model);
    model.bench.runs.take(&r);
    refresh(model, name);
}

/// Records that are on disk, ours and others'.
pub(super) fn records(model: &mut Model, records: &[Record]) {
    let mut any = false;
    for r in records.iter().filter(|r| matches!(r.kind.as_str(), "runbook" | "incident-closed")) {
        // What no console wrote in its time does not stand before what did.
        if when(r).0 <= model.now.utc.0 + 60_000 {
            model.bench.runs.take(r);
            any = true;
        }
    }
    if any {
        refresh_all(model);
    }
}

/// Who is in, or the time, changed what stands.
pub(super) fn refresh_all(model: &mut Model) {
    let names: Vec<Arc<str>> = model.runbooks.keys().cloned().collect();
    for name in names {
        refresh(model, &name);
    }
}

pub(super) fn refresh(model: &mut Model, name: &Arc<str>) {
    let Some(book) = model.runbooks.get(name) else { return };
    let own = &model.log.session;
    let gone = |s: &str| !s.is_empty() && *s != **own && !model.people.iter().any(|p| *p.session == *s);
    let mut progress = model.bench.runs.progress(book, model.now.utc, gone);
    let running = |since| StepState::Running { since, until: None, by: "".into() };
    for (_, step) in model.bench.asking.iter().filter(|(b, _)| b == name) {
        progress.set(*step, running(model.now.utc));
    }
    for r in model.bench.commands.iter().filter(|r| r.order.runbook == *name) {
        progress.set(r.order.step, running(r.since));
    }
    // One that nothing was done in is not kept.
    let kept = (progress != Progress::default()).then_some(&progress);
    if model.progress.get(name) != kept {
        if progress == Progress::default() {
            model.progress.remove(name);
        } else {
            model.progress.insert(name.clone(), progress);
        }
        bump(model);
    }
}

/// What a step's act came to, by the records this very message makes.
pub(super) fn follow(model: &mut Model, out: &mut Vec<Effect>) {
    let Some(mut p) = model.bench.act.take() else { return };
    let entries: Vec<&Entry> = out
        .iter()
        .filter_map(|e| match e {
            Effect::Append { entry, .. } | Effect::AppendLate { entry, .. } => Some(entry),
            _ => None,
        })
        .collect();
    let mut said: Option<Value> = None;
    let mut over = false;
    for e in &entries {
        let act = e.data["act"].as_u64();
        match e.kind {
            Kind::Intent if p.act.is_none() && act.is_some_and(|a| a > p.after) && verb(p.intent, e) => {
                p.act = act.map(ActId);
                let words = e.data["verb"].as_str().unwrap_or_default();
                said = Some(json!({"stands": "running", "state": format!("{words} confirmed"), "act": act}));
            }
            Kind::Settled | Kind::Refused | Kind::Undone | Kind::Resolved
                if act == p.act.map(|a| a.0) && act.is_some() =>
            {
                over = true;
                said = Some(if e.kind == Kind::Settled {
                    json!({"stands": "done", "state": "done, settled", "words": "settled", "act": act})
                } else {
                    let why = e.data["why"].as_str().or(e.data["how"].as_str()).unwrap_or(e.kind.word());
                    json!({"stands": "failed", "state": format!("FAILED, {why}"), "why": why, "act": act})
                });
            }
            kind if p.act.is_none() && is_of(p.intent, kind) => {
                over = true;
                said = Some(json!({"stands": "done", "state": "done", "words": kind.word()}));
            }
            _ => {}
        }
    }
    if let Some(data) = said {
        record(model, &p.runbook.clone(), p.step, data, out);
    }
    // Its dialog was closed, or never opened: nothing was begun.
    let open = model.dialog.is_some() || matches!(model.nav.overlay, Some(Overlay::Pick(_) | Overlay::Note(_)));
    if !over && (open || p.act.is_some()) {
        model.bench.act = Some(p);
    }
}

/// Is this intent record of the act the step asked for?
fn verb(intent: Intent, e: &Entry) -> bool {
    let verb = e.data["verb"].as_str().unwrap_or_default().replace(' ', "-");
    match intent {
        Intent::RollBackTo => verb == Intent::RollBack.name() || verb == Intent::RollBackTo.name(),
        Intent::Freeze => verb == Intent::Hold.name(),
        Intent::Thaw => verb == Intent::Resume.name(),
        Intent::Retry => true,
        other => verb == other.name(),
    }
}

/// Acts that make one record and are done by it.
fn is_of(intent: Intent, kind: Kind) -> bool {
    match intent {
        Intent::Freeze => kind == Kind::Frozen,
        Intent::Thaw => kind == Kind::Thawed,
        Intent::Arm => kind == Kind::Armed,
        Intent::Disarm => kind == Kind::Disarmed,
        Intent::Acknowledge => kind == Kind::Acknowledged,
        Intent::OpenIncident => matches!(kind, Kind::IncidentOpened | Kind::IncidentChanged),
        Intent::CloseIncident => kind == Kind::IncidentClosed,
        Intent::TakeLead | Intent::GiveLead => kind == Kind::Lead,
        Intent::Debts => matches!(kind, Kind::Debt | Kind::FollowUp),
        Intent::Tell => kind == Kind::Told,
        Intent::Decide => kind == Kind::Decision,
        Intent::Note => kind == Kind::Note,
        Intent::RollBack
        | Intent::RollBackTo
        | Intent::Hold
        | Intent::Resume
        | Intent::Promote
        | Intent::PromoteFull
        | Intent::SkipStep
        | Intent::Retry
        | Intent::TerminateAnalysis
        | Intent::Restart => false,
        // Acts beside targets: their record is a person's word of its own.
        _ => kind.origin() == Origin::Side && kind != Kind::Note,
    }
}
