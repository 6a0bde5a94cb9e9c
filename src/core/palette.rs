//! What the palette offers for what is typed, best first, and what Enter would take. A reading of the model: update and
//! screen use the same one, so that nothing is taken that was not shown.
//!
//! Safety: what changes something outside the screen (an act, leaving) is *weighty*. It is never taken for fitting
//! best, only by its whole name or when chosen with a key of its own; never from pasted text or a burst. And words
//! meant for another window do not take it: where no quiet second came before the palette, a second Enter is asked for.

use crate::core::board;
use crate::core::case::claim;
use crate::core::case::runbook::Piece;
use crate::core::casework;
use crate::core::find;
use crate::core::id::{ServiceId, SourceId};
use crate::core::intent::{Context, Intent};
use crate::core::judge::verdict::Word;
use crate::core::listing;
use crate::core::menu::{self, Ready};
use crate::core::model::{Model, Place};
use crate::core::nav::{Field, Screen};
use crate::core::world::source::{Link, Trouble};
use crate::core::world::target::TargetState;
use std::sync::Arc;

/// Entries kept of all that fit: nobody walks further down.
const MOST: usize = 100;
/// What begins a search over everything.
pub const FIND: &str = "find ";

/// What Enter does with an entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Take {
    Intent(Intent),
    /// To its Verdict.
    Service(ServiceId),
    Source(SourceId),
    /// A step of a runbook, by its place, of this service.
    Step(ServiceId, usize),
    /// A line of the log: to the service it names, else to the Board.
    Line(Option<ServiceId>),
    /// A line of the first list.
    Context(usize),
    Theme(Arc<str>),
    /// Leaves the screen to log in there.
    Login(SourceId),
    Reload,
    /// Opens the log browser.
    Log,
    /// Copies the link of what is chosen.
    Link,
    /// Begins a search: words are still to come.
    Find,
    /// Who the person at a shared account is.
    As(Arc<str>),
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// What is typed for it.
    pub name: String,
    /// The keys that do the same; empty when none do.
    pub key: String,
    /// One line.
    pub help: String,
    pub take: Take,
    /// Why it cannot be taken now.
    pub cannot: Option<String>,
}

/// All that fits what is typed, the first hundred kept.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Offer {
    pub entries: Vec<Entry>,
    pub total: usize,
}

/// What Enter would do now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Enter<'a> {
    Take(&'a Entry),
    /// Only after one more Enter.
    Again(&'a Entry),
    No(String),
}

impl Entry {
    fn new(name: impl Into<String>, help: impl Into<String>, take: Take) -> Entry {
        Entry { name: name.into(), key: String::new(), help: help.into(), take, cannot: None }
    }

    /// Changes something outside the screen, or ends what is on it.
    pub fn is_weighty(&self) -> bool {
        match &self.take {
            Take::Intent(i) => {
                i.is_act()
                    || matches!(
                        i,
                        Intent::Quit
                            | Intent::Suspend
                            | Intent::Login
                            | Intent::StepRun
                            | Intent::StepTick
                            | Intent::StepSkip
                            | Intent::ChooseOpen
                            | Intent::ChooseDrill
                    )
            }
            // Every record that follows carries it.
            Take::As(_) => true,
            // A program gets the terminal.
            Take::Login(_) => true,
            Take::Service(_)
            | Take::Source(_)
            | Take::Step(..)
            | Take::Line(_)
            | Take::Context(_)
            | Take::Theme(_)
            | Take::Reload
            | Take::Log
            | Take::Link
            | Take::Find => false,
        }
    }
}

/// What is offered, best first; of equals, in the order of screens, services, acts and the rest.
pub fn offer(model: &Model, field: &Field) -> Offer {
    let typed = field.typed.trim_start();
    if let Some(words) = words_of(typed) {
        return found(model, words);
    }
    let typed = typed.trim_end();
    if let Some(name) = said_name(model, typed) {
        let help = "Who you are: the log says it from now on";
        return best(vec![(0, Entry::new(typed, help, Take::As(name)))]);
    }
    let mut all: Vec<(i32, Entry)> = Vec::new();
    let mut add = |score: Option<i32>, make: &dyn Fn() -> Entry| {
        if let Some(score) = score {
            all.push((score, make()));
        }
    };
    let choosing = model.nav.screen == Screen::Choose;
    if choosing {
        for (i, c) in model.contexts.iter().enumerate() {
            let make = || Entry::new(&*c.name, format!("choose it: {}", c.cluster), Take::Context(i));
            add(fit(typed, &c.name, ""), &make);
        }
    }
    let (shown, rest): (Vec<Intent>, Vec<Intent>) =
        Intent::ALL.iter().copied().filter(|i| is_listed(model, *i)).partition(|i| is_screen(*i));
    for i in &shown {
        add(fit(typed, i.name(), i.help()), &|| intent(model, field, *i));
    }
    if !choosing {
        // With nothing typed yet the fine ones would stand in the way of everything else.
        for r in model.rows.iter().filter(|r| !typed.is_empty() || !r.is_quiet() || r.moving > 0) {
            // A service of an act's name goes before it: choosing is harmless.
            let score = fit(typed, r.service.as_str(), "").map(|s| s + 1 - i32::from(typed.is_empty()));
            // What is said of it is read once it is known to be offered.
            add(score, &|| Entry::new(r.service.as_str(), "", Take::Service(r.service.clone())));
        }
        add(fit(typed, "find", "search services sources runbooks log"), &|| {
            Entry::new("find", "find WORDS: services, targets, sources, runbook steps, log lines", Take::Find)
        });
        add(fit(typed, "link", "address of what is chosen"), &|| {
            let mut e = Entry::new("link", "Copy the link of what is chosen", Take::Link);
            e.cannot = crate::core::link::here(model).is_none().then(|| "nothing is chosen".into());
            e
        });
    }
    for i in rest.iter().filter(|i| i.is_act()) {
        add(fit(typed, i.name(), i.help()), &|| intent(model, field, *i));
    }
    for i in rest.iter().filter(|i| !i.is_act()) {
        // What is bound to another place is found by name, and does not stand in the way of the rest.
        let score = fit(typed, i.name(), i.help()).filter(|_| !typed.is_empty() || only_in(model, *i).is_none());
        add(score, &|| intent(model, field, *i));
    }
    for theme in &model.settings.themes {
        let name = format!("theme {theme}");
        add(fit(typed, &name, "colours"), &|| {
            let now = if *theme == model.settings.theme { "the theme in force" } else { "Draw with this theme" };
            Entry::new(name.as_str(), now, Take::Theme(theme.clone()))
        });
    }
    for (id, s) in &model.world.sources {
        let ended = matches!(&s.link, Link::Failed(e) if e.trouble == Trouble::Auth);
        // Offered unasked only where it would help.
        let score = fit(typed, &format!("login {id}"), "").filter(|_| ended || typed.len() >= 3);
        add(score.filter(|_| model.replay.is_none() && *s.kind == *"kubernetes"), &|| {
            let help = if ended { "Its login has ended: log in again" } else { "Log in again" };
            Entry::new(format!("login {id}"), help, Take::Login(id.clone()))
        });
    }
    add(fit(typed, "log", "browse the log records"), &|| {
        Entry::new("log", "Browse the log: every record, filter, full text", Take::Log)
    });
    add(fit(typed, "reload", "read keymap theme files again"), &|| {
        Entry::new("reload", "Read keymap and theme files again", Take::Reload)
    });
    let mut offer = best(all);
    for e in &mut offer.entries {
        if let Take::Service(s) = &e.take
            && let Some(row) = model.rows.iter().find(|r| r.service == *s)
        {
            *e = service(model, row);
        }
    }
    offer
}

/// The name behind `as `, where an account is shared.
fn said_name(model: &Model, typed: &str) -> Option<Arc<str>> {
    let (word, name) = typed.split_once(' ')?;
    (model.claim.shared.is_some() && word.eq_ignore_ascii_case("as")).then(|| claim::name(name))?
}

/// The words behind `find `.
pub fn words_of(typed: &str) -> Option<&str> {
    let typed = typed.trim_start();
    let head = typed.get(..FIND.len())?;
    head.eq_ignore_ascii_case(FIND).then(|| typed[FIND.len()..].trim())
}

fn best(mut all: Vec<(i32, Entry)>) -> Offer {
    // Stable: equals keep their order.
    all.sort_by_key(|(score, _)| std::cmp::Reverse(*score));
    let total = all.len();
    Offer { entries: all.into_iter().take(MOST).map(|(_, e)| e).collect(), total }
}

/// How well an entry fits: its whole name, its beginning, its letters, or words of what it says.
fn fit(typed: &str, name: &str, also: &str) -> Option<i32> {
    if typed.is_empty() {
        return Some(0);
    }
    if typed.eq_ignore_ascii_case(name) {
        return Some(10_000);
    }
    if let Some(score) = find::score(typed, name) {
        let begins = name.get(..typed.len()).is_some_and(|n| n.eq_ignore_ascii_case(typed));
        return Some(score + if begins { 2_000 } else { 1_000 });
    }
    let words = also.to_lowercase();
    let told = |w: &str| words.split(|c: char| !c.is_alphanumeric()).any(|t| t.starts_with(w));
    let long = typed.len() >= 3;
    (long && typed.to_lowercase().split_whitespace().all(told)).then_some(100)
}

fn is_screen(i: Intent) -> bool {
    matches!(
        i,
        Intent::ScreenVerdict
            | Intent::ScreenBoard
            | Intent::ScreenRunbook
            | Intent::ScreenSources
            | Intent::ScreenIncident
            | Intent::ScreenWatch
            | Intent::ScreenEvidence
            | Intent::ScreenAlerts
            | Intent::ScreenTimeline
    )
}

/// Stands in the list at all, here.
fn is_listed(model: &Model, i: Intent) -> bool {
    if model.nav.screen == Screen::Choose {
        return i.context() == Context::Choose
            || matches!(i, Intent::Help | Intent::Quit | Intent::Repaint | Intent::Suspend);
    }
    match i {
        Intent::DrillFaster | Intent::DrillSlower => matches!(model.environment.place, Place::Drill | Place::Replay),
        Intent::DrillPause | Intent::DrillStep | Intent::DrillReset => model.environment.place == Place::Drill,
        Intent::DrillHint => !model.hints.is_empty(),
        Intent::ReplayPause | Intent::ReplayStep | Intent::ReplayAct => model.replay.is_some(),
        Intent::Palette => false,
        _ => i.context() != Context::Choose,
    }
}

/// Where an intent of one place alone means something, when that is not here.
fn only_in(model: &Model, i: Intent) -> Option<&'static str> {
    match i.context() {
        Context::Global => None,
        Context::List => (model.nav.screen == Screen::Runbook).then_some("not on the runbook screen"),
        Context::Runbook => (model.nav.screen != Screen::Runbook).then_some("only on the runbook screen"),
        Context::Dialog => Some("only in an act's dialog"),
        Context::Choose => (model.nav.screen != Screen::Choose).then_some("only in the first list"),
        Context::Note => Some("only while a note is written"),
        Context::Field => Some("only in a line like this one"),
        Context::Replay => model.replay.is_none().then_some("only while a log is played again"),
        Context::Sheet => Some("only in a dialog with fields"),
        Context::Lines => Some("only where log lines are open"),
    }
}

fn intent(model: &Model, field: &Field, i: Intent) -> Entry {
    let key = model.keymap.shown(i).unwrap_or_default();
    let target = field.target.as_ref().and_then(|t| model.world.targets.get(t));
    Entry {
        name: i.name().into(),
        key,
        help: i.help().into(),
        take: Take::Intent(i),
        cannot: only_in(model, i).map(str::to_owned).or_else(|| cannot(model, i, target)),
    }
}

/// Why an intent would do nothing now. The acts' own reasons are those of the menu.
fn cannot(model: &Model, i: Intent, target: Option<&TargetState>) -> Option<String> {
    let read_only = model.environment.read_only;
    match i {
        Intent::RollBack | Intent::Hold | Intent::Resume | Intent::Promote => {
            let Some(t) = target else { return Some("nothing is chosen to act on".into()) };
            match menu::items(model, t).into_iter().find(|item| item.intent == i).map(|item| item.ready) {
                Some(Ready::No(why)) => Some(why),
                Some(Ready::Yes(_) | Ready::But(_)) => None,
                None if i == Intent::Resume => Some("not held".into()),
                None => Some("held already".into()),
            }
        }
        // What these could do is said by their dialogs.
        Intent::RollBackTo
        | Intent::PromoteFull
        | Intent::Emergency
        | Intent::Checklists
        | Intent::SkipStep
        | Intent::Retry
        | Intent::TerminateAnalysis
        | Intent::Restart
        | Intent::Logs
        | Intent::Raw => target.is_none().then(|| "nothing is chosen".into()),
        Intent::Freeze | Intent::Thaw | Intent::Login => None,
        Intent::Arm => read_only.then(|| "read-only session".into()),
        Intent::Disarm => (!model.is_armed()).then(|| "LOOK-ONLY already".into()),
        Intent::Acknowledge => {
            let worse = target
                .and_then(|t| model.judged.get(&t.id))
                .is_some_and(|j| j.verdict.word == Word::Worse && !read_only);
            let fires = crate::core::aside::chosen(model).and_then(crate::core::aside::to_ack).is_some();
            (!worse && (!fires || read_only)).then(|| "no WORSE verdict here, and no alert to take".into())
        }
        Intent::FlagOff | Intent::FlagOn | Intent::Silence | Intent::Wake | Intent::Revoke => {
            crate::core::aside::cannot(model, i).map(str::to_owned)
        }
        Intent::OpenIncident
        | Intent::CloseIncident
        | Intent::TakeLead
        | Intent::GiveLead
        | Intent::Debts
        | Intent::Tell
        | Intent::Decide => casework::cannot(model, i).map(str::to_owned),
        Intent::MatchNext | Intent::MatchPrevious => {
            let none = listing::filter_here(model).is_none() && model.nav.searched.is_empty();
            none.then(|| "nothing was searched for yet".into())
        }
        Intent::Quit | Intent::Suspend => busy(model).map(|why| {
            let key = model.keymap.shown(i).unwrap_or_default();
            format!("{why}, so only by its key: {key}")
        }),
        Intent::StepRun
        | Intent::StepTick
        | Intent::StepSkip
        | Intent::StepNext
        | Intent::StepPrevious
        | Intent::BookNext
        | Intent::BookPrevious => listing::this_runbook(model).is_none().then(|| "no runbook for this service".into()),
        Intent::LinesBoth
        | Intent::LinesPrevious
        | Intent::LinesSince
        | Intent::ScreenVerdict
        | Intent::ScreenBoard
        | Intent::ScreenRunbook
        | Intent::ScreenSources
        | Intent::ScreenIncident
        | Intent::ScreenWatch
        | Intent::ScreenEvidence
        | Intent::ScreenAlerts
        | Intent::ScreenTimeline
        | Intent::NextRow
        | Intent::PreviousRow
        | Intent::FirstRow
        | Intent::LastRow
        | Intent::HalfPageDown
        | Intent::HalfPageUp
        | Intent::ShowRest
        | Intent::Open
        | Intent::Back
        | Intent::Note
        | Intent::Palette
        | Intent::Filter
        | Intent::PaneNext
        | Intent::PanePrevious
        | Intent::Zoom
        | Intent::FigureNext
        | Intent::FigurePrevious
        | Intent::Alarm
        | Intent::Copy
        | Intent::Help
        | Intent::Repaint
        | Intent::DrillFaster
        | Intent::DrillPause
        | Intent::DrillStep
        | Intent::DrillReset
        | Intent::DrillHint
        | Intent::DrillSlower
        | Intent::Confirm
        | Intent::CopyRequests
        | Intent::ChooseNext
        | Intent::ChoosePrevious
        | Intent::ChooseOpen
        | Intent::ChooseDrill
        | Intent::NoteKeep
        | Intent::NoteLeave
        | Intent::FieldTake
        | Intent::FieldLeave
        | Intent::FieldNext
        | Intent::FieldPrevious
        | Intent::FieldComplete
        | Intent::ReplayPause
        | Intent::ReplayStep
        | Intent::ReplayAct
        | Intent::SheetNext
        | Intent::SheetPrevious
        | Intent::SheetEdit
        | Intent::SheetCycle => None,
    }
}

/// Why this console must not be left, or disarmed, by words.
fn busy(model: &Model) -> Option<&'static str> {
    if model.is_armed() {
        Some("armed")
    } else if model.acts_in_flight().next().is_some() {
        Some("in flight")
    } else {
        None
    }
}

fn service(model: &Model, row: &board::Row) -> Entry {
    let place = row.target.as_ref().map(|t| format!(" at {}", t.source)).unwrap_or_default();
    let said = listing::state(model, row);
    Entry::new(row.service.as_str(), format!("service{place}: {said}"), Take::Service(row.service.clone()))
}

/// `:find WORDS`: everything that holds them, where Enter goes to it.
fn found(model: &Model, words: &str) -> Offer {
    let mut all: Vec<(i32, Entry)> = Vec::new();
    if words.is_empty() {
        return Offer::default();
    }
    let mut add = |weight: i32, e: Entry| {
        // A hit in the name is worth more than one in what is said about it.
        let named = if find::holds(&e.name, words) { 100 } else { 0 };
        all.push((weight + named, e));
    };
    let rows = model.rows.iter().zip(listing::found(model, words));
    for r in rows.filter(|(_, yes)| *yes).map(|(r, _)| r) {
        add(5, service(model, r));
    }
    for t in model.world.targets.values() {
        let v = |h: &Option<crate::core::id::Hash>| h.as_ref().map_or_else(|| "none".into(), |h| t.called(h));
        let versions =
            if t.is_moving() { format!("{} -> {}", v(&t.stable), v(&t.candidate)) } else { v(&t.stable).to_string() };
        let e = Entry::new(
            t.id.at(),
            format!("target: {} {}, {versions}", t.id.namespace, t.id.kind),
            Take::Service(t.service.clone()),
        );
        if find::holds(&format!("{} {}", e.name, e.help), words) {
            add(4, e);
        }
    }
    for (i, (id, s)) in model.world.sources.iter().enumerate() {
        if listing::is_source(model, i, words) {
            add(3, Entry::new(id.as_str(), format!("source: {}, {}", s.kind, s.holds), Take::Source(id.clone())));
        }
    }
    for book in model.runbooks.values() {
        let of = model.world.services.values().find(|s| s.runbooks.contains(&book.name)).map(|s| s.name.clone());
        let of = of.or_else(|| book.service.clone());
        for (i, s) in book.steps.iter().enumerate() {
            let name = format!("{} {}", book.name, s.number);
            let mut text = format!("{name} {}", s.title);
            for piece in &s.body {
                let (Piece::Text(t) | Piece::Commands(t)) = piece;
                text.push(' ');
                text.push_str(t);
            }
            if !find::holds(&text, words) {
                continue;
            }
            let known = of.clone().filter(|s| model.world.services.contains_key(s));
            let mut e = Entry::new(name, format!("step: {}", s.title), Take::Line(None));
            match known {
                Some(service) => e.take = Take::Step(service, i),
                None => e.cannot = Some("no service here has this runbook".into()),
            }
            add(2, e);
        }
    }
    for line in model.log.lines.iter().rev().filter(|l| find::holds(&l.text, words)) {
        let named = model.world.targets.values().find(|t| line.text.split_whitespace().any(|w| w == t.id.at()));
        let mut e = Entry::new(line.at.hms(), "", Take::Line(named.map(|t| t.service.clone())));
        e.help = format!("log: {}", line.text);
        add(1, e);
    }
    best(all)
}

/// What Enter would do with this line.
pub fn enter<'a>(model: &Model, field: &Field, offer: &'a Offer) -> Enter<'a> {
    let typed = field.typed.trim();
    if typed.is_empty() && !field.by_hand {
        return Enter::No("type a name, or choose with down".into());
    }
    let Some(entry) = offer.entries.get(field.chosen) else {
        return Enter::No(if typed.eq_ignore_ascii_case(FIND.trim()) {
            "find what? words follow".into()
        } else {
            format!("nothing here is called {typed}")
        });
    };
    let act = matches!(entry.take, Take::Intent(i) if i.is_act());
    // An act says itself why not, in the same words as behind its keys.
    if let Some(why) = entry.cannot.as_ref().filter(|_| !act) {
        return Enter::No(format!("{}: {why}", entry.name));
    }
    if !entry.is_weighty() {
        return Enter::Take(entry);
    }
    if field.pasted {
        return Enter::No(format!("{} is not taken from pasted text", entry.name));
    }
    if typed != entry.name && !field.by_hand {
        return Enter::No(format!("{} needs its whole name, or tab", entry.name));
    }
    if model.nav.is_burst() {
        return Enter::No("keys came too fast for a hand; nothing was taken".into());
    }
    if field.quiet || field.again { Enter::Take(entry) } else { Enter::Again(entry) }
}
