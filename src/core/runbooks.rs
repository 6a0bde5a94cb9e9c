//! Readings of the model about runbooks: which ones are for a service, what their texts are filled with, what the smoke
//! checks last said, whom the ladder names by now.

use crate::core::board;
use crate::core::case::known::Known;
use crate::core::case::runbook::{Asks, Check, Evidence, Runbook, StepKind, filled};
use crate::core::case::runs::Smoke;
use crate::core::casework;
use crate::core::failure;
use crate::core::id::{ServiceId, SourceId};
use crate::core::model::Model;
use crate::core::time::Utc;
use std::collections::BTreeMap;
use std::sync::Arc;

/// All runbooks for a service: those that fit, and then those for failure modes that name no service.
pub fn found(model: &Model, service: &ServiceId) -> Vec<Arc<str>> {
    let mut out = fitting(model, service);
    let more = model.runbooks.values().filter(|b| b.service.is_none() && !b.failure.is_empty());
    out.extend(more.map(|b| b.name.clone()));
    once(&mut out);
    out
}

fn once(names: &mut Vec<Arc<str>>) {
    let mut seen = std::collections::BTreeSet::new();
    names.retain(|n| seen.insert(n.clone()));
}

/// Those that fit, the best first: an alert of theirs fires for it, its config lists them, they name it, they are for a
/// failure mode it shows.
pub fn fitting(model: &Model, service: &ServiceId) -> Vec<Arc<str>> {
    let books = &model.runbooks;
    let fits = |b: &Runbook| b.service.as_ref().is_none_or(|s| s == service);
    let firing: Vec<&str> = model
        .world
        .alerts
        .values()
        .flat_map(|a| &a.all)
        .filter(|a| a.firing && a.service.as_ref() == Some(service))
        .map(|a| &*a.name)
        .collect();
    let listed: Vec<Arc<str>> = model.world.services.get(service).map(|s| s.runbooks.clone()).unwrap_or_default();
    let by_alert = |own: bool| {
        let of = move |b: &&Runbook| {
            let mine = b.service.as_ref() == Some(service) || listed_has(model, service, &b.name);
            b.alerts.iter().any(|a| firing_has(model, service, a)) && (mine == own)
        };
        books.values().filter(move |b| fits(b)).filter(of).map(|b| b.name.clone()).collect::<Vec<_>>()
    };
    let mut out: Vec<Arc<str>> = Vec::new();
    if !firing.is_empty() {
        out.extend(by_alert(true));
    }
    out.extend(listed.into_iter().filter(|n| books.contains_key(n)));
    out.extend(books.values().filter(|b| b.service.as_ref() == Some(service)).map(|b| b.name.clone()));
    if !firing.is_empty() {
        out.extend(by_alert(false));
    }
    for mode in failure::modes(model, service) {
        out.extend(books.values().filter(|b| b.service.is_none() && b.is_for(mode)).map(|b| b.name.clone()));
    }
    once(&mut out);
    out
}

fn firing_has(model: &Model, service: &ServiceId, name: &str) -> bool {
    let mut all = model.world.alerts.values().flat_map(|a| &a.all);
    all.any(|a| a.firing && a.service.as_ref() == Some(service) && *a.name == *name)
}

fn listed_has(model: &Model, service: &ServiceId, name: &str) -> bool {
    model.world.services.get(service).is_some_and(|s| s.runbooks.iter().any(|n| **n == *name))
}

/// What is known about where the person is, for queries (`$service`) and for programs (`ANDON_SERVICE`). Only what is known.
pub fn facts(model: &Model) -> BTreeMap<String, String> {
    let mut out = BTreeMap::new();
    let mut add = |name: &str, value: &str| {
        if !value.is_empty() {
            out.insert(name.to_owned(), value.to_owned());
        }
    };
    add("environment", &model.environment.name);
    add("incident", &casework::current_id(model).unwrap_or_default());
    if let Some(service) = &model.nav.selected {
        add("service", service.as_str());
    }
    if let Some(t) = board::selected_target(model) {
        add("source", t.id.source.as_str());
        add("namespace", &t.id.namespace);
        add("target", &t.id.name);
        for (name, hash) in [("candidate", &t.candidate), ("stable", &t.stable)] {
            if let Some(hash) = hash {
                add(name, &t.version_of(hash));
                add(&format!("{name}_hash"), hash.as_str());
            }
        }
    }
    out
}

/// A query of the runbook on screen with its facts in place.
pub fn asked(model: &Model, text: &str) -> Arc<str> {
    if text.contains('$') { filled(text, &facts(model)).into() } else { text.into() }
}

/// What a program of this step gets.
pub fn vars(model: &Model, runbook: &str, step: u32) -> Vec<(Arc<str>, Arc<str>)> {
    let mut all = facts(model);
    all.insert("runbook".into(), runbook.to_owned());
    all.insert("step".into(), step.to_string());
    all.into_iter().map(|(k, v)| (format!("ANDON_{}", k.to_uppercase()).into(), v.into())).collect()
}

/// Who answers a query that names no source.
pub fn telemetry(model: &Model) -> Option<SourceId> {
    model.world.sources.iter().find(|(_, s)| s.abilities.roles.telemetry).map(|(n, _)| n.clone())
}

/// A figure that a runbook wants to see while it is looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Wish {
    /// Filled in, and whom to ask.
    Query(Arc<str>, Option<SourceId>),
    Get(Arc<str>),
}

/// All figures of a runbook, in order, each once. Programs are not among them.
pub fn wishes(model: &Model, book: &Runbook) -> Vec<Wish> {
    let mut out: Vec<Wish> = Vec::new();
    let mut add = |w: Wish| {
        if !out.contains(&w) {
            out.push(w);
        }
    };
    for s in &book.steps {
        match &s.kind {
            StepKind::Check(Check { asks: Asks::Query { text, source, .. }, .. }) => {
                add(Wish::Query(asked(model, text), source.clone()));
            }
            StepKind::Check(Check { asks: Asks::Get { url, .. }, .. }) => add(Wish::Get(url.clone())),
            StepKind::Choose(c) => {
                for e in c.answers.iter().flat_map(|a| &a.evidence) {
                    if let Evidence::Figure { text, source, .. } = e {
                        add(Wish::Query(asked(model, text), source.clone()));
                    }
                }
            }
            StepKind::Check(_) | StepKind::Manual | StepKind::Act(_) | StepKind::Command(_) | StepKind::Wait { .. } => {
            }
        }
    }
    out
}

/// What the smoke checks of a service say, for a gate.
#[derive(Clone, Debug, PartialEq)]
pub enum SmokeSays<'m> {
    /// No runbook for this service has a smoke check.
    NotConfigured,
    /// There is one, and it was never run.
    NeverRun { runbook: Arc<str>, step: u32 },
    /// The result that matters most: a failed one, else the oldest. `at` and `who` are the record's.
    Last(&'m Known<Smoke>),
}

/// The latest result of a service's smoke checks. A result about another candidate counts as none: `candidate` of the
/// result is to be compared with the one that moves (see `Smoke::candidate`); its age is `now - at`.
pub fn smoke<'m>(model: &'m Model, service: &ServiceId) -> SmokeSays<'m> {
    let books = found(model, service);
    let is_smoke = |k: &StepKind| matches!(k, StepKind::Check(c) if c.smoke);
    let mut first = None;
    let results = model.bench.runs.smokes(service);
    for name in &books {
        let Some(book) = model.runbooks.get(name) else { continue };
        for s in book.steps.iter().filter(|s| is_smoke(&s.kind)) {
            let ran = results.iter().any(|r| r.value.runbook == **name && r.value.step == s.number);
            if !ran && first.is_none() {
                first = Some((name.clone(), s.number));
            }
        }
    }
    let known = |r: &&&Known<Smoke>| books.iter().any(|b| **b == *r.value.runbook);
    match (results.iter().find(known), first) {
        (Some(r), None) => SmokeSays::Last(r),
        (Some(r), Some(_)) if !r.value.pass => SmokeSays::Last(r),
        (_, Some((runbook, step))) => SmokeSays::NeverRun { runbook, step },
        (None, None) => SmokeSays::NotConfigured,
    }
}

/// Whom the ladder names: the rung that is due, and the one that comes next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ladder {
    /// Counted from here: the incident's beginning, else the runbook's first step.
    pub from: Utc,
    /// The last rung whose time has come.
    pub due: Option<(Arc<str>, Utc)>,
    pub next: Option<(Arc<str>, Utc)>,
}

/// `None`: nothing has begun, or the runbook names no times.
pub fn ladder(model: &Model, book: &Runbook) -> Option<Ladder> {
    let begun = model.progress.get(&book.name).and_then(|p| p.begun);
    let from = model.casebook.current().map(|i| i.began()).or(begun)?;
    let mut out = Ladder { from, due: None, next: None };
    for r in &book.escalation {
        let Some(at) = r.after_ms.map(|ms| Utc(from.0 + ms)) else { continue };
        if at <= model.utc() {
            out.due = Some((r.who.clone(), at));
        } else if out.next.is_none() {
            out.next = Some((r.who.clone(), at));
        }
    }
    (out.due.is_some() || out.next.is_some()).then_some(out)
}
