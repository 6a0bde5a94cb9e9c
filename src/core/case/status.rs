//! The status text for stakeholders: conditions, actions, needs; drafted from the records alone, for a person to edit.

use super::casebook::Casebook;
use super::incident::{Incident, State};
use crate::core::age;
use crate::core::time::Utc;

/// Actions named in a draft.
const ACTIONS: usize = 4;

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Status {
    pub conditions: String,
    pub actions: String,
    pub needs: String,
}

/// `03:14Z`
fn clock(t: Utc) -> String {
    format!("{}Z", &t.hms()[..5])
}

pub fn draft(book: &Casebook, i: &Incident, now: Utc) -> Status {
    Status { conditions: conditions(book, i, now), actions: actions(book, i), needs: needs(book, i) }
}

fn conditions(book: &Casebook, i: &Incident, now: Utc) -> String {
    let mut out = format!("{} {}, SEV{}, {}", i.id, i.title(), i.severity(), i.state().word());
    out.push_str(&format!(" since {} ({})", clock(i.began()), age::rough(now.since(i.began()))));
    match book.mitigated(i) {
        Some(m) => out.push_str(&format!("; {} at {}", m.value, clock(m.at))),
        None => out.push_str("; users are still affected"),
    }
    if let Some(s) = i.service().and_then(|s| book.signals.newest(s)) {
        out.push_str(&format!("; last signal {} at {}", s.value.words, clock(s.at)));
    }
    out
}

fn actions(book: &Casebook, i: &Incident) -> String {
    let done = book.actions(i);
    // Sent and settled of one act are one action: what came of it.
    let ended = |a: &super::incident::Action, by: &str| {
        a.kind == "sent" && done.iter().any(|b| b.value.act == a.act && b.value.kind != "sent" && b.rests.session == by)
    };
    let all: Vec<String> = done
        .iter()
        .filter(|a| !ended(&a.value, &a.rests.session))
        .map(|a| format!("{} {}", clock(a.at), a.value.text))
        .collect();
    match all.len() {
        0 => "none yet".into(),
        n => all[n.saturating_sub(ACTIONS)..].join("; "),
    }
}

fn needs(book: &Casebook, i: &Incident) -> String {
    let mut out = Vec::new();
    if i.lead().is_none() {
        out.push("somebody to lead".to_owned());
    }
    if i.state() == State::Open && book.mitigated(i).is_none() {
        out.push(
            if i.decisions.is_empty() { "a decision how to mitigate" } else { "what was decided to be done" }.into(),
        );
    }
    let open = book.follow_ups.open().into_iter().filter_map(|t| t.words());
    let nobodys = open.filter(|w| w.incident.as_deref() == Some(&i.id) && w.owner.is_none()).count();
    if nobodys > 0 {
        out.push(format!("owners for {nobodys} follow-ups"));
    }
    if out.is_empty() { "nothing now".into() } else { out.join(", ") }
}
