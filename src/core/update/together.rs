//! The other consoles on this log: who is in and on what, what they have under way, what an ended one left open; and what
//! our own live file says.

use super::{bump, loosen, records};
use crate::core::act::dialog::Dialog;
use crate::core::board;
use crate::core::case::others::{self, Elsewhere};
use crate::core::case::people::{Follows, Here, OpenDialog, Present, Told, consoles_before};
use crate::core::effect::Effect;
use crate::core::entry::{Entry, Kind};
use crate::core::model::{LogLine, Model};
use crate::core::msg::Unfinished;
use crate::core::record::Record;
use crate::core::time::{Person, Utc};
use std::sync::Arc;

/// An ended session's act is read back by the first console; should that one be stopped or stuck, the next takes it this
/// much later. Milliseconds.
const NEXT_AFTER: i64 = 30_000;
/// Targets of a dialog that the live file names.
const NAMED: usize = 32;

pub(super) fn people(model: &mut Model, people: Vec<Present>) {
    if model.people == people {
        return;
    }
    let now = model.now.utc;
    let was = std::mem::replace(&mut model.people, people);
    let is = |list: &[Present], session: &str| list.iter().any(|p| *p.session == *session);
    let who = model.environment.who.clone();
    let came: Vec<String> = model
        .people
        .iter()
        .filter(|p| !is(&was, &p.session) && !model.log.session.is_empty())
        .map(|p| format!("{} is in, from {}", p.called(&who), p.host))
        .collect();
    let gone: Vec<String> = was
        .iter()
        .filter(|p| !is(&model.people, &p.session))
        .map(|p| match model.others.has_closed(&p.session) {
            true => format!("{} has left", p.called(&who)),
            false => format!("{} is gone: the console ended without a word", p.called(&who)),
        })
        .collect();
    for text in came.into_iter().chain(gone) {
        said(model, now, text.clone());
        // Who comes and goes never takes the place of something else.
        if model.notice.is_none() {
            model.tell(text);
        }
    }
    orphaned(model);
    nobody_else(model);
    bump(model);
}

pub(super) fn follows(model: &mut Model, follows: Follows) {
    if follows.skipped > model.log.follows.skipped {
        let more = follows.skipped - model.log.follows.skipped;
        let text = format!("{more} observations of others came too fast to be shown; they are in the log");
        said(model, model.now.utc, text);
    }
    model.log.follows = follows;
    bump(model);
}

fn said(model: &mut Model, at: Utc, text: impl Into<Arc<str>>) {
    model.log.lines.push_back(LogLine { at, text: text.into(), who: "".into() });
    if model.log.lines.len() > 200 {
        model.log.lines.pop_front();
    }
    super::panes::logged(model);
}

/// Records that are on disk: what others did shows, and what they have under way is known.
pub(super) fn records(model: &mut Model, records: &[Record]) {
    let own = model.log.session.clone();
    for r in records.iter().filter(|r| !own.is_empty() && *r.session != *own) {
        model.others.take(r);
        if r.kind == "resolved"
            && let Some((session, ticket)) = others::about(r)
        {
            settled_elsewhere(model, r, session, ticket);
        }
        if let Some(text) = line(r) {
            let at = Utc::read(r.when()).unwrap_or(model.now.utc);
            let text = format!("{}: {text}", r.who());
            // Read back at the opening already.
            if !model.log.lines.iter().any(|l| l.at == at && *l.text == *text) {
                said(model, at, text);
            }
        }
    }
    orphaned(model);
    nobody_else(model);
}

/// What others saw we see ourselves; what they did is told.
pub(super) fn line(r: &Record) -> Option<String> {
    let kind: Kind = serde_json::from_value(r.kind.as_str().into()).ok().filter(|k: &Kind| !k.is_observation())?;
    let entry = Entry { kind, at: Utc::default(), incident: None, target: r.target_id(), data: r.data.clone() };
    records::strip(&entry)
}

/// Another console was quicker: what it found is found.
fn settled_elsewhere(model: &mut Model, r: &Record, session: &str, ticket: Option<u64>) {
    let target = r.target_id();
    let found = r.data.get("found").and_then(serde_json::Value::as_str).unwrap_or("no word");
    let words: Arc<str> = format!("{found}, read back by {}", r.who()).into();
    for l in model.loose.iter_mut().filter(|l| l.found.is_none() && *l.session == *session) {
        if ticket.is_none_or(|t| t == l.ticket) && (ticket.is_some() || l.target == target) {
            l.found = Some(words.clone());
            l.next = None;
            l.closed = true;
        }
    }
}

/// What was left open by ended sessions, as found at our opening.
pub(super) fn recovered(model: &mut Model, unfinished: Vec<Unfinished>, in_flight: Vec<Elsewhere>) {
    let others = consoles_before(&model.people, &model.log.session) > 0 && !model.log.session.is_empty();
    for u in unfinished {
        if others {
            // Somebody who was here before us has found it as well, and reads it back.
            model.others.begin(Elsewhere {
                session: u.session,
                ticket: u.ticket,
                target: u.target,
                since: u.at,
                verb: u.words,
                ended: Some(model.now.person),
                ..Elsewhere::default()
            });
        } else {
            loosen(model, u);
        }
    }
    for act in in_flight {
        let known = model.others.acts.iter().any(|a| a.session == act.session && a.ticket == act.ticket);
        if !known {
            model.others.begin(act);
        }
    }
    orphaned(model);
    nobody_else(model);
}

/// Acts of sessions that have ended.
fn orphaned(model: &mut Model) {
    let now = model.now.person;
    for a in model.others.acts.iter_mut().filter(|a| a.ended.is_none()) {
        if !model.people.iter().any(|p| p.session == a.session) {
            a.ended = Some(now);
        }
    }
}

/// When an orphaned act is ours to read back.
fn due(model: &Model, ended: Person) -> Person {
    let before = i64::try_from(consoles_before(&model.people, &model.log.session)).unwrap_or(i64::MAX);
    Person(ended.0.saturating_add(before.saturating_mul(NEXT_AFTER)))
}

/// The next moment at which one becomes ours.
pub(super) fn next(model: &Model) -> Option<Person> {
    model.others.acts.iter().filter_map(|a| a.ended).map(|ended| due(model, ended)).min()
}

/// What an ended session left open and nobody before us reads back: it is ours.
pub(super) fn nobody_else(model: &mut Model) {
    let now = model.now.person;
    if model.others.acts.iter().all(|a| a.ended.is_none()) {
        return;
    }
    let acts = std::mem::take(&mut model.others.acts);
    let (mine, rest) = acts.into_iter().partition(|a| a.ended.is_some_and(|ended| due(model, ended) <= now));
    model.others.acts = rest;
    let mine: Vec<Elsewhere> = mine;
    for a in mine {
        let words = if a.who.is_empty() { a.verb.clone() } else { a.left().into() };
        let left = Unfinished {
            session: a.session,
            ticket: a.ticket,
            at: a.since,
            target: a.target,
            words,
            ..Unfinished::default()
        };
        loosen(model, left);
        bump(model);
    }
}

/// What our live file says, where it changed: the one place it is told from. Costs nothing while nothing changes.
pub(super) fn here(model: &mut Model, out: &mut Vec<Effect>) {
    // No live file takes it: a drill, a test, a log that is not open yet.
    if !model.log.follows.on {
        return;
    }
    let typed = model.nav.keys_at[2];
    let minute = (model.now.utc.0 - (model.now.person.0 - typed.0)).div_euclid(60_000);
    let dialog = model.dialog.as_ref().map(|d| d.id);
    let armed = model.is_armed();
    let screen = model.nav.screen.word();
    let t = &model.told;
    let same = t.once && *t.screen == *screen && t.selected == model.nav.selected && t.dialog == dialog;
    if same && t.armed == armed && t.minute == minute {
        return;
    }
    let selected = model.nav.selected.clone();
    model.told = Told { screen: screen.into(), selected, dialog, armed, minute, once: true };
    let on = match board::selected_target(model) {
        Some(t) => Some(t.id.at().into()),
        None => model.nav.selected.as_ref().map(|s| s.0.clone()),
    };
    out.push(Effect::Here(Box::new(Here {
        screen: screen.into(),
        on,
        dialog: model.dialog.as_ref().and_then(open),
        armed,
        last_key: (typed.0 > 0).then_some(Utc(minute * 60_000)),
        claimed: None,
    })));
}

fn open(dialog: &Dialog) -> Option<OpenDialog> {
    let d = dialog.act()?;
    let mut targets = vec![d.operation.target.clone()];
    targets.truncate(NAMED);
    Some(OpenDialog { verb: d.operation.verb.word().into(), targets })
}
