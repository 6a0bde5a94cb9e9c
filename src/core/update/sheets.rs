//! The sheets as they open: which rows, filled in from what is known. What each becomes is in `incident.rs`.

use super::{sheet, side, sides};
use crate::core::act::sheet::{Row, Sheet, What};
use crate::core::age;
use crate::core::board;
use crate::core::case::checklist;
use crate::core::case::followup::{Task, Tasks};
use crate::core::case::incident::{Incident, State};
use crate::core::case::known::Rests;
use crate::core::case::status;
use crate::core::casework;
use crate::core::decide::{self, Answer, Question};
use crate::core::effect::Effect;
use crate::core::id::TargetId;
use crate::core::intent::Intent;
use crate::core::judge::verdict::Word;
use crate::core::model::Model;
use crate::core::time::Utc;
use crate::core::world::target::TargetState;
use serde_json::{Value, json};
use std::sync::Arc;

pub(super) const SEVERITIES: [&str; 4] = ["SEV1 worst", "SEV2", "SEV3", "SEV4 least"];
pub(super) const NOBODY: &str = "nobody";
/// Tasks listed in one sheet.
const TASKS: usize = 12;

/// Says why not, or goes on.
fn may(model: &mut Model, i: Intent) -> bool {
    match casework::cannot(model, i) {
        None => true,
        Some("no incident is open") => {
            let how = model.how(Intent::OpenIncident);
            model.tell(format!("no incident is open: {how} opens one"));
            false
        }
        Some(why) => {
            model.tell(why);
            false
        }
    }
}

fn current(model: &Model) -> Option<Incident> {
    model.casebook.current().cloned()
}

/// `i-0412  checkout errors`
fn on(i: &Incident) -> String {
    format!("{}  {}", i.id, i.title())
}

/// `record 41`, or `record 41 of 20261121T..` of another session.
pub(super) fn record_words(model: &Model, rests: &Rests) -> String {
    if model.log.session.is_empty() || *model.log.session == *rests.session {
        format!("record {}", rests.seq)
    } else {
        format!("record {} of {}", rests.seq, rests.session)
    }
}

pub(super) fn incident(model: &mut Model) {
    match current(model) {
        Some(i) => change(model, &i),
        None if model.desk.opening.is_some() => {
            model.tell("an incident is being opened: its record is not on disk yet")
        }
        None => open(model),
    }
}

fn version(t: &TargetState) -> String {
    t.candidate.as_ref().map(|h| format!(", canary {}", t.called(h))).unwrap_or_default()
}

fn open(model: &mut Model) {
    let offer = casework::offer(model).cloned();
    let target: Option<TargetId> =
        offer.as_ref().map(|o| o.target.clone()).or_else(|| board::selected_target(model).map(|t| t.id.clone()));
    let t = target.as_ref().and_then(|t| model.world.targets.get(t));
    let service = offer.as_ref().map(|o| o.service.clone()).or_else(|| t.map(|t| t.service.clone()));
    let service = service.or_else(|| model.nav.selected.clone()).map(|s| s.to_string()).unwrap_or_default();
    let trouble = target.as_ref().and_then(|t| casework::trouble(model, t));
    let tier = t.and_then(|t| model.world.services.get(&t.service)).map_or(2, |s| s.tier);
    let severity = usize::from(tier.clamp(1, 3));
    let signals = &model.casebook.signals;
    let burn = signals.since(&service);
    // An alert or a report is a bad signal whatever the figures say.
    let alert = signals.alert(&service);
    let bad = target.as_ref().and_then(|t| signals.since(&t.at())).into_iter().chain(burn);
    // Also while going back is under way: it is no trouble to act upon any more, and no less what happened.
    let bad = bad.chain(alert).min_by(|a, b| (a.at, a.key()).cmp(&(b.at, b.key())));
    let title = match t {
        Some(t) if trouble.is_some() || bad.is_some() => {
            format!("{service} errors{}", if t.is_moving() { version(t) } else { String::new() })
        }
        _ => String::new(),
    };
    let found = trouble.as_ref().map(|t| t.2);
    let first_bad = match (found, bad.map(|b| b.at)) {
        (Some(a), Some(b)) => Some(a.min(b)),
        (a, b) => a.or(b),
    };
    let mut s = Sheet::new(What::OpenIncident, "OPEN INCIDENT", service.clone());
    let why = trouble.as_ref().map_or(if bad.is_some() { "a bad signal" } else { "by hand" }, |t| t.1);
    if let Some(at) = first_bad {
        let rests = bad.map(|b| format!(": {}, {}", b.value.words, record_words(model, &b.rests))).unwrap_or_default();
        s.said.push(format!("first bad signal {}Z, {} ago{rests}", at.hms(), age::rough(model.utc().since(at))).into());
    } else {
        s.said.push("no bad signal is on record; the clock starts now".into());
    }
    let me = casework::me(model);
    s.rows = vec![
        Row::text("title", "title", title).must("a title is asked for: enter types it"),
        Row::choice("severity", "severity", &SEVERITIES, severity.min(3)),
        Row::text("service", "service", service),
        Row::choice("lead", "lead", &[&me, NOBODY], 0),
        Row::text("began", "first bad", first_bad.map(Utc::hms).unwrap_or_default()),
    ];
    s.below.push((false, "Opens it for everybody on this log. Nothing is sent to anybody.".into()));
    s.data = json!({
        "why": why,
        "first_bad": first_bad.map(Utc::rfc3339),
        "first_bad_rests": bad.map(|b| &b.rests),
        "target": target,
        // At rest it is the version that serves: its own change, if it is one.
        "candidate": t.and_then(|t| t.candidate.as_ref()),
    });
    sheet::open(model, s);
}

fn change(model: &mut Model, i: &Incident) {
    let mut s = Sheet::new(What::ChangeIncident, "CHANGE INCIDENT", on(i));
    let open = age::rough(model.utc().since(i.opened_at()));
    let lead = i.lead().map_or_else(|| "NOBODY leads".to_owned(), |l| format!("{l} leads"));
    s.said.push(format!("{}, opened {open} ago, {lead}", casework::standing(i)).into());
    let state = State::ALL.iter().position(|s| *s == i.state()).unwrap_or(0);
    s.rows = vec![
        Row::text("title", "title", i.title()).must("a title is asked for: enter types it"),
        Row::choice("severity", "severity", &SEVERITIES, usize::from(i.severity().saturating_sub(1))),
        Row::choice("state", "state", &State::ALL.map(State::word), state),
    ];
    // What no record shows may be ticked by a person who says how.
    let holes: Vec<_> = checklist::holes(&model.casebook, i).into_iter().filter(|h| h.by_hand()).collect();
    if !holes.is_empty() {
        let options: Vec<&str> = std::iter::once("nothing").chain(holes.iter().map(|h| h.text())).collect();
        s.rows.push(Row::choice("tick", "tick", &options, 0));
        s.rows.push(Row::text("how", "how", ""));
        s.below.push((false, "tick: what was done elsewhere and no record shows; say how.".into()));
    }
    // Only what a person changes from this is recorded: somebody else may change the rest meanwhile.
    s.data = json!({
        "id": i.id,
        "was": {"title": i.title(), "severity": i.severity(), "state": i.state().word()},
    });
    sheet::open(model, s);
}

pub(super) fn close(model: &mut Model) {
    if !may(model, Intent::CloseIncident) {
        return;
    }
    // Of two that are open, the later is closed first, as a duplicate.
    let double = casework::duplicate(&model.casebook).map(|(a, b)| (a.to_owned(), b.to_owned()));
    if let Some((id, of)) = double {
        let Some(i) = model.casebook.incidents.get(&id).cloned() else { return };
        let mut s = Sheet::new(What::CloseIncident, "CLOSE DUPLICATE", on(&i));
        let by = i.opened.as_ref().map(|o| o.who.clone()).unwrap_or_default();
        s.said.push(format!("opened by {by} while {of} was open already; {of} stays open").into());
        s.rows = vec![Row::text("reason", "reason", format!("duplicate of {of}")).must("why? enter types it")];
        s.data = json!({"id": id, "holes": Vec::<String>::new(), "duplicate_of": of});
        return sheet::open(model, s);
    }
    let Some(i) = current(model) else { return };
    let mut s = Sheet::new(What::CloseIncident, "CLOSE INCIDENT", on(&i));
    let list = checklist::checklist(&model.casebook, &i);
    for l in &list {
        let line = match &l.tick {
            Some(t) => format!("x {}: {} ({})", l.item.text(), t.how, record_words(model, &t.rests)),
            None => format!("- {}", l.item.text()),
        };
        s.said.push(line.into());
    }
    let holes: Vec<&str> = list.iter().filter(|l| l.tick.is_none()).map(|l| l.item.text()).collect();
    // Closing says that it is over; mitigated only where somebody says so.
    s.rows = vec![Row::choice("state", "state", &[State::Resolved.word(), State::Mitigated.word()], 0)];
    let reason = Row::text("reason", "reason", "");
    if holes.is_empty() {
        s.rows.push(reason);
    } else {
        s.rows.push(reason.must("holes in the checklist ask for a reason: enter types it"));
        s.at = 1;
        let n = holes.len();
        let lines = if n == 1 { "1 line is".to_owned() } else { format!("{n} lines are") };
        s.below.push((true, format!("{lines} not ticked: closing with holes asks for a reason").into()));
    }
    s.data = json!({"id": i.id, "holes": holes});
    sheet::open(model, s);
}

pub(super) fn take_lead(model: &mut Model) {
    if !may(model, Intent::TakeLead) {
        return;
    }
    let Some(i) = current(model) else { return };
    let mut s = Sheet::new(What::TakeLead, "TAKE THE LEAD", on(&i));
    let now = model.utc();
    s.said.push(match (i.lead(), &i.led) {
        (Some(l), Some(led)) => format!("{l} leads since {} ({})", led.at.hms(), age::rough(now.since(led.at))).into(),
        (_, Some(led)) => format!("NOBODY leads since {} ({})", led.at.hms(), led.value.what.word()).into(),
        (_, None) => "NOBODY leads".into(),
    });
    s.below.push((false, "You lead from then on. It lapses after 5 minutes without a key here.".into()));
    s.data = json!({"id": i.id, "from": i.lead()});
    sheet::open(model, s);
}

pub(super) fn give_lead(model: &mut Model) {
    if !may(model, Intent::GiveLead) {
        return;
    }
    let Some(i) = current(model) else { return };
    let mut names: Vec<String> = Vec::new();
    for p in &model.people {
        let name = p.claimed.as_deref().unwrap_or(&p.user).to_owned();
        if Some(name.as_str()) != i.lead() && !names.contains(&name) {
            names.push(name);
        }
    }
    let mut s = Sheet::new(What::GiveLead, "GIVE THE LEAD", on(&i));
    let lead = i.lead().unwrap_or("NOBODY");
    s.said.push(format!("{lead} leads now").into());
    if names.is_empty() {
        s.said.push("nobody else is on this log; whoever it is must take it here or hear of it from you".into());
        s.rows.push(Row::text("name", "to", "").must("to whom? enter types the name"));
    } else {
        let options: Vec<&str> = names.iter().map(String::as_str).collect();
        s.rows.push(Row::choice("to", "to", &options, 0));
        s.rows.push(Row::text("name", "or to", ""));
    }
    s.rows.push(Row::text("why", "why", ""));
    s.below.push((false, "The hand-over is one sentence in the log. Nobody is called by it.".into()));
    s.data = json!({"id": i.id, "from": i.lead()});
    sheet::open(model, s);
}

/// `#14 revert 9c1d, ito, due 2026-11-23, checkout`
pub(super) fn task_words(tasks: &Tasks, t: &Task) -> String {
    let Some(w) = t.words() else { return String::new() };
    let mut out = format!("#{} {}", tasks.label(t), w.text);
    for more in [w.owner.as_deref().or(Some("no owner")), w.service.as_deref()].into_iter().flatten() {
        out.push_str(&format!(", {more}"));
    }
    if let Some(due) = &w.due {
        out.push_str(&format!(", due {due}"));
    }
    out
}

pub(super) fn tasks(model: &mut Model) {
    let id = casework::current_id(model);
    let mut s = Sheet::new(What::Tasks, "DEBTS AND FOLLOW-UPS", id.as_deref().unwrap_or_default());
    let book = &model.casebook;
    let mut rests: Vec<Value> = Vec::new();
    let mut rows = Vec::new();
    let mut list = |tasks: &Tasks, kind: &str, end: &str| {
        for t in tasks.open() {
            rows.push(Row::choice(&format!("{kind}-{}", rests.len()), &task_words(tasks, t), &["open", end], 0));
            rests.push(json!({"kind": kind, "of": t.rests, "number": t.words().map(|w| w.number)}));
        }
    };
    list(&book.debts, "debt", "paid");
    list(&book.follow_ups, "follow-up", "done");
    if rows.len() > TASKS {
        s.said.push(format!("the {TASKS} oldest of {}", rows.len()).into());
        rows.truncate(TASKS);
    }
    if rows.is_empty() {
        s.said.push("none is open".into());
    }
    let first = rows.len();
    s.rows = rows;
    let wants = id.is_some()
        && casework::current_id(model)
            .and_then(|id| model.casebook.incidents.get(&*id))
            .is_some_and(|i| checklist::holes(&model.casebook, i).contains(&checklist::Item::Postmortem));
    let kinds = ["follow-up", "postmortem", "debt"];
    s.rows.push(Row::choice("kind", "add", &kinds, usize::from(wants)));
    s.rows.push(Row::text("text", "text", ""));
    s.rows.push(Row::text("owner", "owner", ""));
    s.rows.push(Row::text("due", "due", ""));
    s.at = first;
    s.below.push((false, "Go up to one and space pays it. A new one needs its text. due: 2026-11-23".into()));
    let service = model.nav.selected.as_ref().map(ToString::to_string);
    s.data = json!({"id": id, "tasks": rests, "service": service});
    sheet::open(model, s);
}

pub(super) fn tell(model: &mut Model, out: &mut Vec<Effect>) {
    if !may(model, Intent::Tell) {
        return;
    }
    let Some(i) = current(model) else { return };
    let mut s = Sheet::new(What::Tell, "TELL STAKEHOLDERS", on(&i));
    let last = i.last_told();
    s.said.push(match last {
        Some(t) => format!("last told {} ago, by {}", age::rough(model.utc().since(t.at)), t.who).into(),
        None => "nobody was told yet".into(),
    });
    let status = status::draft(&model.casebook, &i, model.utc());
    let audience = last.map_or("stakeholders", |t| &t.value.audience);
    s.rows = vec![
        Row::text("audience", "to", audience).must("who is told? enter types it"),
        Row::text("conditions", "conditions", status.conditions).must("conditions are asked for: enter types them"),
        Row::text("actions", "actions", status.actions),
        Row::text("needs", "needs", status.needs),
    ];
    s.at = 1;
    if let Some(source) = sides::tells(model) {
        s.below.push((false, format!("{source} takes it and passes it on; the log keeps the text").into()));
        s.data = json!({"id": i.id, "service": model.nav.selected});
        if let Some((source, act)) = sides::act_of(model, &s) {
            side::open(model, s, act, source, out);
        }
        return;
    }
    let copy: Arc<str> = model.keymap.shown(Intent::CopyRequests).unwrap_or_default().into();
    let how = if model.settings.plain { "requests says the text".into() } else { format!("{copy} copies the text") };
    s.below.push((true, format!("andon sends this nowhere: {how}, send it yourself, then record it").into()));
    s.data = json!({"id": i.id});
    sheet::open(model, s);
}

const WORSE_ITSELF: &str = "is WORSE itself";

pub(super) fn decide(model: &mut Model) {
    let open = current(model);
    let t = board::selected_target(model).cloned();
    let mut s = Sheet::new(What::Decide, "DECIDE", open.as_ref().map(on).unwrap_or_default());
    s.data = json!({
        "id": open.as_ref().map(|i| &i.id),
        "target": t.as_ref().map(|t| &t.id),
        "candidate": t.as_ref().and_then(|t| t.candidate.as_ref()),
        "service": t.as_ref().map(|t| &t.service),
    });
    if open.is_none() {
        s.said.push("no incident is open: it stands in the log by itself".into());
    }
    s.rows = vec![
        Row::text("text", "what", "").must("what was decided? enter types it"),
        Row::text("reason", "why", "").must("why? enter types it: the review asks for it"),
    ];
    if let Some(t) = &t {
        let version = t.candidate.as_ref().filter(|_| t.is_moving()).map(|h| format!(" {}", t.called(h)));
        let version = version.unwrap_or_default();
        // Whom this very change hurts is helped by going back, not by more of it.
        let worse = t.is_moving() && model.judged.get(&t.id).is_some_and(|j| j.verdict.word == Word::Worse);
        let about = match worse {
            true => format!("the fix of {}{version}", t.id.at()),
            false => format!("the way of {}{version}", t.id.at()),
        };
        if worse {
            let how = model.how(Intent::RollBack);
            let first = format!(
                "{}{version} {WORSE_ITSELF}: {how} takes it back first. Proposed is how its fix goes out.",
                t.id.at()
            );
            s.said.insert(0, first.into());
        }
        for asked in decide::questions(model, Some(t)) {
            let at = Answer::ALL.iter().position(|a| *a == asked.answer).unwrap_or(2);
            let row = Row::choice(asked.question.word(), asked.question.text(), &Answer::ALL.map(Answer::word), at);
            s.rows.push(row.beside(asked.why));
        }
        s.data["about"] = about.into();
        s.data["hints"] = json!(decide::hints(model, Some(t)));
    }
    live(&mut s);
    sheet::open(model, s);
}

/// The proposal follows the answers; what nobody typed is what is proposed.
pub(super) fn live(s: &mut Sheet) {
    if s.what != What::Decide {
        return;
    }
    s.below.clear();
    s.said.retain(|l| !l.starts_with("PROPOSED"));
    if let Some((path, why)) = proposal(s) {
        let about = s.data["about"].as_str().unwrap_or_default();
        // Below what comes first, where something does.
        let at = s.said.iter().position(|l| l.contains(WORSE_ITSELF)).map_or(0, |at| at + 1);
        s.said.insert(at, format!("PROPOSED for {about}: {}. {}", path.word().to_uppercase(), upper(&why)).into());
        if let Some(row) = s.rows.iter_mut().find(|r| &*r.key == "text") {
            row.must = None;
            row.beside = format!("{}, as proposed", path.word()).into();
        }
    }
    for hint in s.data["hints"].as_array().cloned().unwrap_or_default() {
        s.below.push((hint[0] == true, hint[1].as_str().unwrap_or_default().into()));
    }
    s.below.push((false, "Into the log beside your name, for those who work on it and for the review.".into()));
}

fn upper(words: &str) -> String {
    let mut chars = words.chars();
    chars.next().map(|c| c.to_uppercase().chain(chars).collect()).unwrap_or_default()
}

/// The answers as they stand in the sheet, and what they propose.
fn proposal(s: &Sheet) -> Option<(decide::Path, String)> {
    s.row(Question::Hurts.word())?;
    Some(decide::propose(Question::ALL.map(|q| Answer::read(s.value(q.word())))))
}

/// The record of a decision: the words, and the answers with the evidence they were given beside.
pub(super) fn decided(s: &Sheet) -> Value {
    let mut data = json!({"text": s.value("text"), "reason": s.value("reason")});
    if let Some((path, why)) = proposal(s) {
        if s.value("text").is_empty() {
            data["text"] = format!("{}: {}", s.data["about"].as_str().unwrap_or_default(), path.word()).into();
        }
        let answers: Vec<Value> = Question::ALL
            .iter()
            .filter_map(|q| s.row(q.word()))
            .map(|r| json!({"question": r.key, "answer": r.value(), "evidence": r.beside, "by_hand": r.by_hand}))
            .collect();
        data["answers"] = answers.into();
        data["proposal"] = json!({"path": path.word(), "why": why});
        data["service"] = s.data["service"].clone();
        // Counted as a hotfix where it was taken as proposed, or named so.
        let said = s.value("text");
        data["path"] = if said.is_empty() || said.contains(path.word()) { path.word().into() } else { Value::Null };
    }
    data
}
