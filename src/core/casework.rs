//! Readings of the case for the screens and update: the incident's clock, what is offered, who leads and may do what.

use crate::core::case::casebook::Casebook;
use crate::core::case::desk::Offer;
use crate::core::case::incident::{Incident, LeadChange};
use crate::core::id::TargetId;
use crate::core::intent::Intent;
use crate::core::judge::burn::Tier;
use crate::core::judge::verdict::Word;
use crate::core::model::Model;
use crate::core::time::Utc;
use std::sync::Arc;

/// From the first bad signal to the end of what users feel, at most (style of the guide: five minutes). Milliseconds.
pub const TARGET_MS: i64 = 5 * 60_000;
/// A claim on the lead lapses after this long without a key (limits.md section 4). Milliseconds.
pub const LAPSE_MS: i64 = 5 * 60_000;
/// After this long the others say it in the place of a lead's console that stands still, as a stopped one does: its last
/// key is known to the minute, and clocks differ. Milliseconds.
pub const LATE_MS: i64 = LAPSE_MS + 120_000;

/// The incident's clock, for the second row: from the first bad signal on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stopwatch {
    pub id: String,
    pub elapsed_ms: i64,
    pub target_ms: i64,
    /// Users are no longer hurt: it stands.
    pub stopped: bool,
}

impl Stopwatch {
    pub fn is_over(&self) -> bool {
        self.elapsed_ms > self.target_ms
    }
}

/// `None` while no incident is open.
pub fn stopwatch(model: &Model) -> Option<Stopwatch> {
    let i = model.casebook.current()?;
    let end = model.casebook.mitigated(i).map(|m| m.at);
    let elapsed_ms = end.unwrap_or(model.utc()).since(i.began()).max(0);
    Some(Stopwatch { id: i.id.clone(), elapsed_ms, target_ms: TARGET_MS, stopped: end.is_some() })
}

/// The name under which this console's person leads, owns and decides.
pub fn me(model: &Model) -> String {
    model.claim.name.as_deref().unwrap_or_else(|| model.environment.user()).to_owned()
}

/// The incident that records belong to: the one being opened here, else the open one.
pub fn current_id(model: &Model) -> Option<Arc<str>> {
    model.desk.opening.clone().or_else(|| model.casebook.current().map(|i| i.id.as_str().into()))
}

/// Who leads, where an incident is open. `Some(None)`: nobody, which is loud.
pub fn lead(model: &Model) -> Option<Option<&str>> {
    model.casebook.current().map(Incident::lead)
}

/// Does this console's person lead? Under their name, or by a claim made here before the name was given or corrected.
pub fn i_lead(model: &Model, i: &Incident) -> bool {
    let (Some(lead), Some(led)) = (i.lead(), i.led.as_ref()) else { return false };
    let here = !model.log.session.is_empty() && *led.rests.session == *model.log.session;
    lead == me(model) || (here && model.claim.shared.is_some() && led.value.what == LeadChange::Taken)
}

/// The last sign of life of whoever leads: a key on any of their consoles, the claim itself, or, where no console of
/// theirs is here, what they last wrote.
pub fn lead_alive(model: &Model, i: &Incident) -> Option<Utc> {
    let led = i.led.as_ref()?;
    let lead = led.value.lead.as_deref()?;
    let mut last = led.at;
    let mine = i_lead(model, i);
    if mine {
        let idle = model.now.person.0 - model.nav.keys_at[2].0;
        // Whoever opens a console is there.
        last = last.max(Utc(model.utc().0 - idle)).max(model.started.utc);
    }
    let theirs = model.people.iter().filter(|p| leads(p, lead));
    let mut here = false;
    for p in theirs {
        here = true;
        last = last.max(p.here.last_key.unwrap_or(last));
    }
    // What a session writes by itself is no key: it counts only where nothing better is known.
    if !here && !mine {
        let heard = model.casebook.heard.get(&led.rests.session).filter(|_| led.who == lead);
        last = last.max(heard.copied().unwrap_or(last));
    }
    Some(last)
}

/// Is this console one of the lead's?
pub fn leads(p: &crate::core::case::people::Present, lead: &str) -> bool {
    p.claimed.as_deref() == Some(lead) || *p.user == *lead
}

/// Must this console say that the lead has lapsed, after `idle` milliseconds without a key? The lead's own does, else the
/// first one in the order of sessions; from [`LATE_MS`] on also for a lead whose consoles are there and stand still.
pub fn says_lapse(model: &Model, i: &Incident, idle: i64) -> bool {
    let Some(lead) = i.lead() else { return false };
    let mine = &model.log.session;
    let first = |mut others: Box<dyn Iterator<Item = &Arc<str>> + '_>| mine.is_empty() || others.all(|s| mine <= s);
    let theirs = || model.people.iter().filter(|p| leads(p, lead)).map(|p| &p.session);
    if i_lead(model, i) {
        return first(Box::new(theirs()));
    }
    let others = model.people.iter().filter(|p| !leads(p, lead)).map(|p| &p.session);
    (idle >= LATE_MS || theirs().next().is_none()) && first(Box::new(others))
}

/// Why an act of the incident would do nothing now.
pub fn cannot(model: &Model, i: Intent) -> Option<&'static str> {
    let open = model.casebook.current();
    let of_one = matches!(i, Intent::CloseIncident | Intent::TakeLead | Intent::GiveLead | Intent::Tell);
    if i == Intent::Tell && model.environment.read_only {
        return Some("read-only");
    }
    if of_one && open.is_none() {
        return Some("no incident is open");
    }
    let mine = open.and_then(Incident::lead).is_some_and(|lead| lead == me(model));
    (i == Intent::TakeLead && mine).then_some("you lead it")
}

/// What is wrong with a rollout that an incident could be opened for: how bad, in words, and since when.
pub fn trouble(model: &Model, id: &TargetId) -> Option<(u8, &'static str, Utc)> {
    let t = model.world.targets.get(id).filter(|t| t.is_moving() && !t.aborted)?;
    let worse = model.judged.get(id).filter(|j| j.verdict.word == Word::Worse);
    // The 3x line on 1 h and 5 m, or another pair that pages.
    let burns = model.burn(&t.service).is_some_and(|b| b.tier == Tier::Page);
    let since = worse.and_then(|j| j.verdict.latched).map(|l| l.first);
    let level = u8::from(worse.is_some()) + u8::from(burns);
    let why = if worse.is_some() { "first WORSE" } else { "3x burn" };
    (level > 0).then(|| (level, why, since.unwrap_or(model.utc())))
}

/// The offer to open an incident that stands now, the worst first. None while one is open.
pub fn offer(model: &Model) -> Option<&Offer> {
    if model.casebook.current().is_some() || model.desk.opening.is_some() {
        return None;
    }
    let stands = model.desk.offers.iter().filter(|o| o.level > o.aside && trouble(model, &o.target).is_some());
    let chosen = model.nav.selected.as_ref();
    stands.max_by_key(|o| (Some(&o.service) == chosen, o.level, std::cmp::Reverse(o.since)))
}

/// `SEV2 open`, for a row.
pub fn standing(i: &Incident) -> String {
    let state = match i.closed {
        Some(_) => "closed",
        None => i.state().word(),
    };
    format!("SEV{} {state}", i.severity())
}

/// An open incident that was opened after another: its id and the id of the one it doubles.
pub fn duplicate(book: &Casebook) -> Option<(&str, &str)> {
    let open = book.open();
    Some((&open.get(1)?.id, &open.first()?.id))
}
