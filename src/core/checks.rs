//! The two checklists of a change as they stand: each line with what is known without a person, or who ticked it. A fact
//! that says no cannot be ticked away, and a line nobody knows is not ticked.

use crate::core::act::gate::{Gate, GateLine, GateState};
use crate::core::case::known::Known;
use crate::core::case::ledger::ticks::{Item, Tick};
use crate::core::gates::{artifact, calendar_line, told};
use crate::core::listing;
use crate::core::model::Model;
use crate::core::time::Utc;
use crate::core::world::beside::{Build, Signature};
use crate::core::world::target::TargetState;

/// What one line rests on.
#[derive(Clone, Debug, PartialEq)]
pub enum State {
    /// Somebody told it, without a person here.
    Known(String),
    /// Somebody told that it is not so.
    Not(String),
    /// A person ticked it.
    Ticked(Known<Tick>),
    /// Nobody: with what might help a person to say.
    Open(String),
}

#[derive(Clone, Debug, PartialEq)]
pub struct Check {
    pub item: Item,
    pub state: State,
}

impl Check {
    pub fn is_ok(&self) -> bool {
        matches!(self.state, State::Known(_) | State::Ticked(_))
    }

    /// How it is known, in words.
    pub fn words(&self, now: Utc) -> String {
        match &self.state {
            State::Known(how) => how.clone(),
            State::Not(why) => format!("NO: {why}"),
            State::Ticked(t) => {
                let ago = crate::core::age::coarse(now.since(t.at));
                let how = if t.value.how.is_empty() { String::new() } else { format!(": {}", t.value.how) };
                format!("ticked by {} {ago} ago{how}", t.who)
            }
            State::Open(help) if help.is_empty() => "not ticked".into(),
            State::Open(help) => format!("not ticked; {help}"),
        }
    }
}

/// All ten lines of the version asked for, before production first.
pub fn of(model: &Model, t: &TargetState) -> Vec<Check> {
    Item::all().map(|item| Check { item, state: state(model, t, item) }).collect()
}

fn state(model: &Model, t: &TargetState, item: Item) -> State {
    let fact = fact(model, t, item);
    if let State::Known(_) | State::Not(_) = fact {
        return fact;
    }
    let candidate = t.candidate.as_ref().map(|h| h.0.to_string()).unwrap_or_default();
    match model.ledger.ticks.of(&t.id.uid, &candidate, item) {
        Some(tick) => State::Ticked(tick.clone()),
        None => fact,
    }
}

fn fact(model: &Model, t: &TargetState, item: Item) -> State {
    let told_of = artifact(model, t);
    let a = told_of.as_ref().map(|told| told.artifact);
    let judged = model.judged.get(&t.id).filter(|j| j.telemetry);
    let book = listing::runbook_of(model, &t.service);
    let open = |help: &str| State::Open(help.to_owned());
    match item {
        Item::Tests => match a.and_then(|a| a.build.as_ref().map(|b| (a, b))) {
            Some((a, Build::Passed)) => State::Known(format!("{} passed", a.run.as_deref().unwrap_or("CI"))),
            Some((a, Build::Failed { says })) => {
                State::Not(format!("{} failed: {says}", a.run.as_deref().unwrap_or("CI")))
            }
            Some((_, Build::Running)) => State::Not("CI still runs".into()),
            None => open("no source tells what CI said"),
        },
        Item::Provenance => match a.map(|a| (&a.signature, a.sbom)) {
            Some((Some(Signature::Mismatch { says }), _)) => State::Not(format!("signature mismatch: {says}")),
            Some((Some(Signature::Absent), _)) => State::Not("not signed".into()),
            Some((_, Some(false))) => State::Not("no SBOM".into()),
            Some((Some(Signature::Good { by }), Some(true))) => State::Known(format!("signed by {by}, SBOM there")),
            Some((Some(Signature::Good { by }), None)) => {
                State::Open(format!("signed by {by}; no source tells of an SBOM"))
            }
            Some((None, Some(true))) => open("SBOM there; no source tells signatures"),
            Some((None, None)) | None => open("no source tells of either"),
        },
        Item::Rollback => match &book {
            Some(name) => State::Open(format!("runbook {name} is there: does it say how to go back?")),
            None => open("no runbook of this service is found"),
        },
        Item::Staging => open("no source tells of staging"),
        Item::Ticket => match a.and_then(|a| a.ticket.as_ref()) {
            Some(ticket) => State::Open(format!("ticket {ticket}: is the runbook in it?")),
            None => open("no source tells of its ticket"),
        },
        Item::Canary => match judged {
            Some(j) if j.verdict.look.is_some() => State::Known(format!("judged on {}", j.signal.word())),
            Some(_) => open("not judged yet"),
            None if !t.detail.checks.is_empty() => State::Known("the controller runs an analysis".into()),
            None => open("no telemetry judges it"),
        },
        Item::Probes => open("Evidence lists them"),
        Item::Thresholds => match judged.filter(|j| j.verdict.look.is_some()) {
            Some(j) => State::Known(format!("limit {:.2} points", j.verdict.limit.margin * 100.0)),
            None => open("no limit is in force"),
        },
        Item::OnCall => match told(model, t) {
            Some(who) => State::Known(format!("told {who}")),
            None => open("nobody is on record as told"),
        },
        Item::Window => {
            let GateLine { state, words, .. } = calendar_line(model);
            match state {
                GateState::Ok => State::Known(words.to_string()),
                GateState::Warn | GateState::Block => State::Not(words.to_string()),
                GateState::UnknownWarn | GateState::UnknownBlock | GateState::NotConfigured => {
                    State::Open(words.to_string())
                }
            }
        }
    }
}

/// How many of each half are ticked or known: before production, production ready.
pub fn counts(all: &[Check]) -> (usize, usize) {
    let ok = |of: &[Item]| all.iter().filter(|c| of.contains(&c.item) && c.is_ok()).count();
    (ok(&Item::BEFORE), ok(&Item::READY))
}

/// `before production 3 of 5, production ready 4 of 5`
pub fn summary(all: &[Check]) -> String {
    let (before, ready) = counts(all);
    format!("before production {before} of {}, production ready {ready} of {}", Item::BEFORE.len(), Item::READY.len())
}

/// As a gate: what is not ticked warns where the environment says that it counts.
pub fn gate(model: &Model, t: &TargetState) -> GateLine {
    let all = of(model, t);
    let missing: Vec<&str> = all.iter().filter(|c| !c.is_ok()).map(|c| c.item.text()).collect();
    let state = match (missing.is_empty(), model.rules.checklists) {
        (true, _) => GateState::Ok,
        (false, true) => GateState::Warn,
        (false, false) => GateState::NotConfigured,
    };
    let words = match missing.as_slice() {
        [] => summary(&all),
        [first, ..] => format!("{}; not ticked: {first}{}", summary(&all), more(missing.len() - 1)),
    };
    GateLine { gate: Gate::Checklist, state, words: words.into() }
}

fn more(n: usize) -> String {
    if n == 0 { String::new() } else { format!(" and {n} more") }
}
