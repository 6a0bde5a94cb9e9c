//! The Incident screen and one record as lines.

use super::words::clock;
use crate::core::age;
use crate::core::case::casebook::Rests;
use crate::core::case::checklist;
use crate::core::case::followup::Tasks;
use crate::core::case::incident::Incident;
use crate::core::finish;
use crate::core::intent::Intent;
use crate::core::members;
use crate::core::model::Model;
use crate::core::record::Record;
use crate::core::watch as watched;
use crate::core::words;

/// Promoted changes inside their 72 hours, what something came after first.
pub fn watch(model: &Model) -> Vec<String> {
    let all = watched::listed(model);
    if all.is_empty() {
        return vec![
            "Nothing is on watch: no change ran everywhere in the last 72 hours, as far as the log tells.".into(),
        ];
    }
    let mut out = Vec::new();
    for w in &all {
        let p = &w.promoted.value;
        let word = if w.is_bad() { "trouble" } else { "watched" };
        out.push(format!("{word}: {} {}, {}; {}.", p.at, p.version, w.clock(), w.standing()));
    }
    out
}

/// The incident, people, what is owed, and the log's own state.
pub fn incident(model: &Model) -> Vec<String> {
    let mut out = match model.casebook.current() {
        Some(i) => open(model, i),
        None => none(model),
    };
    let tied = model.casebook.current().and_then(|i| watched::tied(model, i));
    out.extend(tied.map(|t| format!("tied to a change: {t}.")));
    for l in model.loose.iter().filter(|l| l.is_cut()) {
        let how = finish::how(model, l).map(|how| format!(" Say: {how} to finish it.")).unwrap_or_default();
        out.push(format!("left: {}.{how}", finish::words(l)));
    }
    let armed = if model.is_armed() { "armed" } else { "look-only" };
    out.push(format!("people: {} (you), {armed}.", model.environment.user()));
    let who = &model.environment.who;
    out.extend(model.people.iter().map(|p| format!("people: {} at {}, {}.", p.called(who), p.host, p.doing())));
    tasks("debt", &model.casebook.debts, &mut out);
    tasks("follow-up", &model.casebook.follow_ups, &mut out);
    let state = match (&model.log.failed, model.log.late.len()) {
        (Some(why), _) => format!("NOT WRITABLE, {why}"),
        (None, 0) => "all on disk".into(),
        (None, n) => format!("{n} not on disk"),
    };
    let whose = if model.log.mine_only { ", log: mine only" } else { "" };
    out.push(format!("log: {} records of ours, {state}{whose}.", model.log.records));
    out.extend(model.log.unread.iter().map(|(file, why)| format!("log file not read: {file}, {why}.")));
    out
}

fn open(model: &Model, i: &Incident) -> Vec<String> {
    let now = model.utc();
    let mut out = vec![format!(
        "incident {}: {}. SEV{}, {}, for {}.",
        i.id,
        i.title(),
        i.severity(),
        i.state().word(),
        age::span(now.since(i.began()))
    )];
    let key = Intent::from_name("take-lead").map(|i| format!(" Say: {} to take it.", model.how(i)));
    out.push(match i.lead() {
        Some(name) => format!("lead: {name}."),
        None => format!("lead: NOBODY.{}", key.unwrap_or_default()),
    });
    for l in checklist::checklist(&model.casebook, i) {
        out.push(match l.tick {
            Some(t) => format!("checklist, done: {}, record {}.", l.item.text(), rests(model, &t.rests)),
            None => format!("checklist, NOT done: {}.", l.item.text()),
        });
    }
    out.push(match i.last_told() {
        Some(t) => format!("told: {}, {} ago.", t.value.audience, age::span(now.since(t.at))),
        None => "told: never.".into(),
    });
    if let Some(d) = i.decisions.last() {
        out.push(format!("decided at {} by {}: {}, because {}.", clock(d.at), d.who, d.value.text, d.value.reason));
    }
    out
}

fn none(model: &Model) -> Vec<String> {
    let key = Intent::from_name("open-incident").map(|i| format!(" Say: {} to open one.", model.how(i)));
    let mut out = vec![format!("No incident is open in this environment.{}", key.unwrap_or_default())];
    for i in model.casebook.past().into_iter().take(5) {
        out.push(format!("past: {} {}, SEV{}, {}.", i.id, i.title(), i.severity(), i.state().word()));
    }
    out
}

/// `41`, another session's `12 of 20261121T025511Z-ito-bastion2-11aa`
fn rests(model: &Model, r: &Rests) -> String {
    if *r.session == *model.log.session { r.seq.to_string() } else { format!("{} of {}", r.seq, r.session) }
}

fn tasks(word: &str, all: &Tasks, out: &mut Vec<String>) {
    for t in all.open() {
        let Some(w) = t.words() else { continue };
        let owner = w.owner.as_deref().unwrap_or("no owner");
        let due = w.due.as_ref().map(|d| format!(", due {d}")).unwrap_or_default();
        out.push(format!("{word} {}: {}, {owner}{due}.", all.label(t), w.text));
    }
}

/// The N-th newest record in full, from 1, with the story of its act.
pub fn record(model: &Model, n: usize) -> Vec<String> {
    let listed: Vec<&Record> = model.chronicle.newest_first().filter(|r| words::is_told(&r.kind)).collect();
    let Some(r) = n.checked_sub(1).and_then(|n| listed.get(n)) else {
        return vec![format!("There is no record {n}; {} are held.", listed.len())];
    };
    let mut out = vec![format!("record {n}: {}", words::line(r))];
    out.extend(model.chronicle.story(r).into_iter().map(|s| format!("its act: {}", words::line(s))));
    out.extend(members::of(r).into_iter().map(|m| format!("{}: {}", m.name, m.value.replace('\n', " / "))));
    out
}
