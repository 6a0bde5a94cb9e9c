//! What the filter leaves of each list, and what it hides. Screens, movement and counts all read this, so that nothing
//! is chosen that is not seen. What is chosen is always listed.

use crate::core::alerts::Fold;
use crate::core::aside;
use crate::core::find::{contains, holds};
use crate::core::id::{Hash, ServiceId};
use crate::core::model::Model;
use crate::core::nav::{Filter, Listing, Overlay, Screen};
use crate::core::record::{Key, Record};
use crate::core::row::{Glyph, Row};
use crate::core::runbooks;
use crate::core::words;
use crate::core::world::target::TargetState;
use std::collections::BTreeMap;
use std::sync::Arc;

/// The list `/` would filter here.
pub fn here(model: &Model) -> Option<Listing> {
    match &model.nav.overlay {
        Some(Overlay::Help { .. }) => return Some(Listing::Help),
        Some(Overlay::Log(_)) => return Some(Listing::Records),
        Some(
            Overlay::Palette(_)
            | Overlay::Note(_)
            | Overlay::SkipReason { .. }
            | Overlay::Answer { .. }
            | Overlay::Who { .. }
            | Overlay::Lines(_)
            | Overlay::Raw { .. }
            | Overlay::Pick(_)
            | Overlay::Explain { .. },
        )
        | None => {}
    }
    match model.nav.screen {
        Screen::Waking | Screen::Choose | Screen::Evidence | Screen::Watch | Screen::Timeline => None,
        Screen::Alerts => Some(Listing::Alerts),
        Screen::Verdict | Screen::Board => Some(Listing::Services),
        Screen::Runbook => Some(Listing::Steps),
        Screen::Sources => Some(Listing::Sources),
        Screen::Incident => Some(Listing::Records),
    }
}

/// The filter that holds in this place, typed or kept.
pub fn filter_here(model: &Model) -> Option<&Filter> {
    let filter = model.nav.filter.as_ref()?;
    (Some(filter.of) == here(model) && (filter.typing || !filter.words.trim().is_empty())).then_some(filter)
}

/// The words a list is filtered by.
pub fn words(model: &Model, of: Listing) -> Option<&str> {
    let filter = model.nav.filter.as_ref().filter(|f| f.of == of)?;
    Some(filter.words.trim()).filter(|w| !w.is_empty())
}

/// The runbook of the chosen service: the one chosen by hand, else the one that fits best.
pub fn this_runbook(model: &Model) -> Option<Arc<str>> {
    let service = model.nav.selected.as_ref()?;
    let by_hand = model.nav.book.as_ref().filter(|b| runbooks::found(model, service).contains(b));
    by_hand.cloned().or_else(|| runbook_of(model, service))
}

/// The runbook of a service, if one fits.
pub fn runbook_of(model: &Model, service: &ServiceId) -> Option<Arc<str>> {
    runbooks::fitting(model, service).into_iter().next()
}

/// The targets of a row's service. Most have one, and that one is known by its name.
fn targets<'m>(model: &'m Model, row: &'m Row) -> Vec<&'m TargetState> {
    match &row.target {
        Some(id) if row.targets == 1 => model.world.targets.get(id).into_iter().collect(),
        Some(_) | None if row.targets == 0 => Vec::new(),
        Some(_) | None => model.world.targets_of(&row.service).collect(),
    }
}

/// What is said of a row: `WORSE`, `burning`, `paused`.
fn said<'m>(model: &'m Model, row: &Row, targets: &[&'m TargetState]) -> Vec<&'m str> {
    let mut words: Vec<&str> = Vec::new();
    for t in targets {
        words.push(t.phase.word());
        if t.held {
            words.push("held");
        }
        if let Some(j) = model.judged.get(&t.id).filter(|_| t.is_moving()) {
            words.push(j.verdict.word.word());
        }
    }
    if let Some(b) = model.burn(&row.service) {
        words.push(b.word.word());
    }
    match row.glyph {
        Glyph::Fine => words.push("fine"),
        Glyph::Unjudged => words.push("not judged"),
        Glyph::Bad | Glyph::Blind | Glyph::Moving => {}
    }
    words.dedup();
    words
}

/// What a row says, in one line.
pub fn state(model: &Model, row: &Row) -> String {
    said(model, row, &targets(model, row)).join(" ")
}

/// Does this service answer to the words? By service, targets, namespaces, clusters, versions and what is said of it.
pub fn is_service(model: &Model, row: &Row, words: &str) -> bool {
    answers(model, row, &targets(model, row), words)
}

fn answers(model: &Model, row: &Row, targets: &[&TargetState], words: &str) -> bool {
    let of = |t: &TargetState, w: &str| {
        let version = |h: &Option<Hash>| h.as_ref().is_some_and(|h| contains(&t.called(h), w));
        contains(&t.id.name, w)
            || contains(t.id.source.as_str(), w)
            || contains(&t.id.namespace, w)
            || contains(&t.id.kind, w)
            || version(&t.candidate)
            || version(&t.stable)
            || (w.contains('@') && contains(&t.id.at(), w))
    };
    words.split_whitespace().all(|w| {
        contains(row.service.as_str(), w)
            || targets.iter().any(|t| of(t, w))
            || said(model, row, targets).iter().any(|s| contains(s, w))
    })
}

/// For every row of the Board, in order: does it answer to the words?
pub fn found(model: &Model, words: &str) -> Vec<bool> {
    // Looking up the targets of every service one by one would cost the square of them.
    let mut of: BTreeMap<&ServiceId, Vec<&TargetState>> = BTreeMap::new();
    if model.rows.iter().any(|r| r.targets > 1) {
        for t in model.world.targets.values() {
            of.entry(&t.service).or_default().push(t);
        }
    }
    let one = |row: &Row| match of.get(&row.service) {
        Some(targets) => answers(model, row, targets, words),
        None => answers(model, row, &targets(model, row), words),
    };
    model.rows.iter().map(one).collect()
}

/// Does this source answer to the words?
pub fn is_source(model: &Model, at: usize, words: &str) -> bool {
    let Some((id, s)) = model.world.sources.iter().nth(at) else { return false };
    let link = match &s.link {
        crate::core::world::source::Link::Connecting => "connecting",
        crate::core::world::source::Link::Reading { .. } => "reading",
        crate::core::world::source::Link::Watching => "watching",
        crate::core::world::source::Link::Polling => "polled",
        crate::core::world::source::Link::Failed(_) => "FAILED",
    };
    let error = s.last_error.as_ref().map_or("", |(_, e)| &*e.sentence);
    holds(&format!("{id} {} {link} {} {error}", s.kind, s.holds), words)
}

/// Does this step of the runbook on screen answer to the words?
pub fn is_step(model: &Model, at: usize, words: &str) -> bool {
    let book = this_runbook(model).and_then(|n| model.runbooks.get(&n));
    book.and_then(|b| b.steps.get(at)).is_some_and(|s| holds(&format!("{} {}", s.number, s.title), words))
}

/// Rows of the Sources list that are shown, by their place in the whole list.
pub fn sources(model: &Model) -> Vec<usize> {
    let all = 0..model.world.sources.len();
    match words(model, Listing::Sources) {
        Some(w) => all.filter(|i| *i == model.nav.source_row || is_source(model, *i, w)).collect(),
        None => all.collect(),
    }
}

/// Steps that are shown, by their place in the runbook.
pub fn steps(model: &Model) -> Vec<usize> {
    let n = this_runbook(model).and_then(|n| model.runbooks.get(&n)).map_or(0, |b| b.steps.len());
    match words(model, Listing::Steps) {
        Some(w) => (0..n).filter(|i| *i == model.nav.step_row || is_step(model, *i, w)).collect(),
        None => (0..n).collect(),
    }
}

/// Does this record answer to the words? By kind, person, host, target, incident and what is said.
pub fn is_record(r: &Record, words: &str) -> bool {
    let incident = r.incident.as_deref().unwrap_or_default();
    let text = format!("{} {} {} {} {incident} {}", r.kind, r.user, r.host, r.session, words::told(r));
    holds(&text, words)
}

/// The record that is chosen in the browser, else on the Incident screen. `None`: the newest.
pub fn chosen_record(model: &Model) -> Option<&Key> {
    match &model.nav.overlay {
        Some(Overlay::Log(b)) => b.chosen.as_ref(),
        Some(_) | None => model.nav.record.as_ref(),
    }
}

/// Records of the list that is open, newest first: the browser holds all, the Incident screen what a person reads while
/// working. `filtered`: only those that answer to the filter.
pub fn records_of(model: &Model, filtered: bool) -> Vec<&Record> {
    // The browser's keys are read while its overlay is taken out: it reads as long as it is open.
    let browsing = matches!(model.nav.overlay, Some(Overlay::Log(_))) || model.chronicle.reading;
    let all = model.chronicle.newest_first().filter(|r| browsing || words::is_told(&r.kind));
    match words(model, Listing::Records).filter(|_| filtered) {
        Some(w) => all.filter(|r| is_record(r, w)).collect(),
        None => all.collect(),
    }
}

/// Records that are listed: those that answer, and the chosen one.
pub fn records(model: &Model) -> Vec<&Record> {
    let Some(w) = words(model, Listing::Records) else { return records_of(model, false) };
    let chosen = chosen_record(model);
    let all = records_of(model, false).into_iter();
    all.filter(|r| chosen.is_some_and(|k| r.is(k)) || is_record(r, w)).collect()
}

/// How much of a list is shown, and what is hidden.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Count {
    /// Answer to the words.
    pub found: usize,
    pub of: usize,
    /// `services`
    pub what: &'static str,
    /// Not listed. What is chosen is listed though it may not answer to the words.
    pub hidden: usize,
    /// The worst of the hidden: `1 WORSE, 2 blind`. Empty: nothing bad is hidden.
    pub worst: String,
}

/// The count of the list of this place under these words. Help counts on screen, where its lines are made.
pub fn count(model: &Model, of: Listing) -> Option<Count> {
    let typed = model.nav.filter.as_ref().filter(|f| f.of == of)?.words.trim();
    let mut worst = String::new();
    let (total, found, shown, what) = match of {
        Listing::Services => {
            let answers = found(model, typed);
            let found = answers.iter().filter(|a| **a).count();
            let chosen = |r: &Row| Some(&r.service) == model.nav.selected.as_ref();
            let lost = model.rows.iter().zip(&answers).filter(|(r, a)| !**a && chosen(r)).count();
            worst = hidden_trouble(model, &answers);
            (model.rows.len(), found, found + lost, "services")
        }
        Listing::Sources => {
            let n = model.world.sources.len();
            let found = (0..n).filter(|i| is_source(model, *i, typed)).count();
            (n, found, sources(model).len(), "sources")
        }
        Listing::Steps => {
            let n = this_runbook(model).and_then(|n| model.runbooks.get(&n)).map_or(0, |b| b.steps.len());
            let found = (0..n).filter(|i| is_step(model, *i, typed)).count();
            (n, found, steps(model).len(), "steps")
        }
        Listing::Records => {
            let all = records_of(model, false);
            let found = all.iter().filter(|r| is_record(r, typed)).count();
            (all.len(), found, records(model).len(), "records")
        }
        Listing::Alerts => {
            let all = aside::unfiltered(model);
            let found: Vec<bool> = all.iter().map(|f| typed.is_empty() || aside::answers(f, typed)).collect();
            let chosen = |f: &Fold| model.nav.alert.as_ref().is_some_and(|k| f.is(k));
            let hidden = all.iter().zip(&found).filter(|(f, yes)| !**yes && !chosen(f));
            let pages = hidden.flat_map(|(f, _)| f.firing()).filter(|o| o.is_open_page()).count();
            worst = match pages {
                0 => String::new(),
                1 => "1 PAGE".into(),
                n => format!("{n} PAGES"),
            };
            let listed = all.iter().zip(&found).filter(|(f, yes)| **yes || chosen(f)).count();
            (all.len(), found.iter().filter(|yes| **yes).count(), listed, "folds")
        }
        Listing::Help => return None,
    };
    Some(Count { found, of: total, what, hidden: total - shown, worst })
}

fn hidden_trouble(model: &Model, answers: &[bool]) -> String {
    let (mut worse, mut bad, mut blind) = (0, 0, 0);
    let chosen = |r: &Row| Some(&r.service) == model.nav.selected.as_ref();
    for (r, _) in model.rows.iter().zip(answers).filter(|(r, a)| !**a && !chosen(r)) {
        let judged = r.target.as_ref().and_then(|t| model.judged.get(t));
        match r.glyph {
            Glyph::Bad if judged.is_some_and(|j| j.verdict.word.word() == "WORSE") => worse += 1,
            Glyph::Bad => bad += 1,
            Glyph::Blind => blind += 1,
            Glyph::Moving | Glyph::Fine | Glyph::Unjudged => {}
        }
    }
    let all = [(worse, "WORSE"), (bad, "bad"), (blind, "blind")];
    all.iter().filter(|(n, _)| *n > 0).map(|(n, w)| format!("{n} {w}")).collect::<Vec<_>>().join(", ")
}
