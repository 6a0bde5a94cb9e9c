//! A log played again: each record moves the model to what the screens showed when it was written, as far as it tells.
//! What no record holds stays unknown. Nothing is judged anew, asked, sent or written. Its own slice: the rest of update
//! must not know where facts come from.

mod acts;
mod seen;

pub(super) use seen::blank;

use super::{browse, bump, incident, keys, logged_by, together};
use crate::core::case::known::when;
use crate::core::case::people::{Here, Present};
use crate::core::effect::Effect;
use crate::core::entry::{Entry, Kind};
use crate::core::here;
use crate::core::intent::Intent;
use crate::core::model::{LogLine, Model};
use crate::core::nav::{Overlay, Screen};
use crate::core::record::Record;
use crate::core::replayed::{Ahead, Play};
use crate::core::time::Utc;

/// Said to every key that would act or write.
pub(super) const NO_ACT: &str = "REPLAY: this is the log of what was done; nothing is done or written here";

/// The next record.
pub(super) fn played(model: &mut Model, record: Record, ahead: Ahead, out: &mut Vec<Effect>) {
    let Some(replay) = &mut model.replay else { return };
    replay.taken += 1;
    replay.ahead = ahead;
    *replay.sessions.entry(record.session.clone()).or_default() += 1;
    let (at, kind) = (when(&record), Kind::from_word(&record.kind));
    match kind {
        Some(kind) => tell(model, kind, &record, at),
        None => unknown(model, &record, at),
    }
    browse::took(model, std::slice::from_ref(&record));
    together::records(model, std::slice::from_ref(&record));
    incident::records(model, vec![record], out);
    model.rows_dirty = true;
    bump(model);
    if ahead.records == 0 {
        pause(model, true, out);
        model.tell("the log ends here");
    }
}

fn tell(model: &mut Model, kind: Kind, r: &Record, at: Utc) {
    match kind {
        Kind::Opened | Kind::Closed => sessions(model, kind, r),
        Kind::Phase => seen::phase(model, r, at),
        Kind::Verdict => seen::verdict(model, r, at),
        Kind::Figures => seen::figures(model, r, at),
        Kind::Burn => seen::burn(model, r, at),
        Kind::Source => seen::source(model, r, at),
        Kind::Intent
        | Kind::Sent
        | Kind::Accepted
        | Kind::Refused
        | Kind::Unknown
        | Kind::Seen
        | Kind::Settled
        | Kind::Stuck
        | Kind::Undone
        | Kind::Resolved => acts::record(model, kind, r, at),
        Kind::Acknowledged => seen::acknowledged(model, r),
        // Told by the log's lines, and by the casebook.
        Kind::Armed
        | Kind::Disarmed
        | Kind::Changed
        | Kind::Note
        | Kind::Runbook
        | Kind::IncidentOpened
        | Kind::IncidentChanged
        | Kind::IncidentClosed
        | Kind::Lead
        | Kind::Decision
        | Kind::FollowUp
        | Kind::Debt
        | Kind::Ticked
        | Kind::Told
        | Kind::Who
        | Kind::Identity
        | Kind::Anchored
        | Kind::Frozen
        | Kind::Thawed
        | Kind::Loose
        | Kind::Emergency
        | Kind::Checklist
        | Kind::Promoted
        | Kind::Alert
        | Kind::Silenced
        | Kind::Woken
        | Kind::Flagged
        | Kind::Revoked => {}
    }
    let incident = r.incident.as_deref().map(Into::into);
    let entry = Entry { kind, at, incident, target: r.target_id(), data: r.data.clone() };
    logged_by(model, &entry, r.who().into());
}

/// A kind of a later version: its line is shown, nothing is made of it.
fn unknown(model: &mut Model, r: &Record, at: Utc) {
    model.log.records += 1;
    let about = r.target_at().map(|t| format!("{t} ")).unwrap_or_default();
    model.log.lines.push_back(LogLine {
        at,
        text: format!("{about}{} (not known to this version)", r.kind).into(),
        who: r.who().into(),
    });
}

/// Who was in, as far as `opened` and `closed` tell.
fn sessions(model: &mut Model, kind: Kind, r: &Record) {
    let Some(replay) = &mut model.replay else { return };
    if kind == Kind::Opened {
        replay.open.insert(r.session.clone(), (r.user.clone(), r.host.clone()));
    } else {
        replay.open.remove(&r.session);
    }
    // Row one names who wrote the log; two are told as people.
    let people: Vec<Present> = replay
        .open
        .iter()
        .map(|(session, (user, host))| Present {
            session: session.as_str().into(),
            user: user.as_str().into(),
            claimed: None,
            host: host.as_str().into(),
            since: None,
            skew_ms: 0,
            here: Here::default(),
        })
        .collect();
    if let [one] = people.as_slice() {
        model.environment.who = format!("{}@{}", one.user, one.host).into();
        together::people(model, Vec::new());
    } else {
        model.environment.who = if people.is_empty() { "".into() } else { format!("{} consoles", people.len()).into() };
        together::people(model, people);
    }
}

/// Keys of a replay.
pub(super) fn key(model: &mut Model, i: Intent, out: &mut Vec<Effect>) {
    let Some(replay) = &model.replay else { return };
    let ahead = replay.ahead;
    let paused = replay.paused;
    if ahead.records == 0 {
        model.tell("the log ends here");
        return;
    }
    match i {
        Intent::ReplayPause => pause(model, !paused, out),
        Intent::ReplayStep => {
            pause(model, true, out);
            out.push(Effect::Play(Play::Step));
        }
        Intent::ReplayAct if ahead.acts == 0 => model.tell("no act follows in this log"),
        Intent::ReplayAct => {
            pause(model, true, out);
            out.push(Effect::Play(Play::NextAct));
        }
        _ => {}
    }
}

fn pause(model: &mut Model, on: bool, out: &mut Vec<Effect>) {
    if let Some(replay) = &mut model.replay {
        replay.paused = on;
        out.push(Effect::Play(if on { Play::Pause } else { Play::Go }));
    }
}

/// Would this act or write? Refused before a dialog or a field opens.
pub(super) fn writes(i: Intent) -> bool {
    !here::looks_only(i)
}

/// The second wall: whatever a slice asked for, a replay asks no source, sends nothing and writes no record.
pub(super) fn only_looks(model: &mut Model, out: &mut Vec<Effect>) {
    // What was played is what there is: no page of it is read from files.
    model.chronicle.asked = false;
    out.retain(|e| {
        matches!(
            e,
            Effect::Play(_)
                | Effect::Speed(_)
                | Effect::Copy(_)
                | Effect::Theme(_)
                | Effect::Reload
                | Effect::Bell
                | Effect::Say(_)
                | Effect::Repaint
                | Effect::Suspend
                | Effect::Quit(_)
        )
    });
}

/// The screen shows whatever the log is about, until somebody chooses.
fn follow(model: &mut Model, service: &crate::core::id::ServiceId) {
    let reading = matches!(model.nav.overlay, Some(Overlay::Explain { .. } | Overlay::Help { .. } | Overlay::Log(_)));
    if model.nav.by_hand || reading || model.nav.selected.as_ref() == Some(service) {
        return;
    }
    model.nav.selected = Some(service.clone());
    if matches!(model.nav.screen, Screen::Waking) {
        keys::wake(model);
    }
}
