//! The one place that changes state: a message in, effects out. It only dispatches and collects; the rules are in
//! the slices. The same messages give the same model and the same effects, which is what replay rests on.

mod acts;
mod alerts;
mod bell;
mod browse;
mod burn;
mod checks;
mod choose;
mod closing;
mod confirm;
mod conflict;
mod cord;
mod drill;
mod dry;
mod elsewhere;
mod emergency;
mod errand;
mod facts;
mod filter;
mod finish;
mod incident;
mod keys;
mod link;
mod login;
mod look;
mod looked;
mod lookups;
mod many;
mod marks;
mod mouse;
mod moved;
mod observed;
mod palette;
mod panes;
mod past;
mod pick;
mod plain;
mod program;
mod records;
mod replay;
mod settle;
mod sheet;
mod sheets;
mod side;
mod side_read;
mod sides;
mod steps;
mod tick;
mod together;
mod watch;
mod who;
mod writing;

use crate::core::board;
use crate::core::effect::Effect;
use crate::core::entry::Entry;
use crate::core::id::{DialogId, ServiceId};
use crate::core::model::{LogLine, Loose, Model};
use crate::core::msg::{Msg, Recovered, Unfinished};
use crate::core::time::{Person, Stamp};
use crate::core::world::fact::Fact;
use std::sync::Arc;

pub use browse::rows_most as record_rows;
pub use confirm::FULL;
pub use looked::EVIDENCE_MS;
pub use panes::{SIDE_BY_SIDE, figures_here, focus, has_strip, side_by_side, strip as strip_focused};
pub use steps::this_runbook;
pub use tick::next_wake;
pub use writing::about;

/// Apply one message. Effects are to be performed in order.
pub fn update(model: &mut Model, at: Stamp, msg: Msg) -> Vec<Effect> {
    model.now = at;
    let mut out = Vec::new();
    let mut touched = touched(model, &msg);
    let typed = matches!(msg, Msg::Line(_));
    let by_hand = typed || matches!(msg, Msg::Key(_) | Msg::Paste(_));
    let acted = who::before(model);
    match msg {
        Msg::Key(key) => keys::key(model, key, &mut out),
        Msg::Paste(text) => writing::paste(model, &text),
        Msg::Resize { width, height } => {
            model.width = width;
            model.height = height;
            // What was shown is no longer what is on screen: the delay starts again once it is.
            if let Some(d) = &mut model.dialog {
                d.flushed = None;
            }
            bump(model);
        }
        Msg::Tick => {}
        Msg::Fact { source, fact } => facts::fact(model, &source, *fact, &mut out),
        Msg::SourceFailed { source, error, next_try: _ } => facts::failed(model, &source, error, &mut out),
        Msg::Planned { dialog, read, plan } => confirm::planned(model, dialog, read, plan.map(|p| *p), &mut out),
        Msg::SidePlanned { dialog, plan } => side::planned(model, dialog, *plan),
        Msg::Reread { act, read } => acts::reread(model, act, read, &mut out),
        Msg::Durable(ticket) => {
            acts::durable(model, ticket, &mut out);
            program::durable(model, ticket, &mut out);
        }
        Msg::NotDurable { ticket, why } => {
            acts::not_durable(model, ticket, &why, &mut out);
            program::not_durable(model, ticket, &why, &mut out);
        }
        Msg::LogFailed { why } => {
            model.log.failed = Some(why);
            moved::log_troubled(model);
        }
        Msg::LogHangs { why } => {
            model.log.hung = Some(why);
            moved::log_troubled(model);
        }
        Msg::LogWorks => {
            model.log.failed = None;
            model.log.hung = None;
            bump(model);
        }
        Msg::Answered { ticket, outcome } => acts::answered(model, ticket, outcome, &mut out),
        Msg::Asked { id, answer } => facts::asked(model, id, answer, &mut out),
        Msg::Probed { id, found } => lookups::probed(model, id, &found, &mut out),
        Msg::RunSaid { ticket, tail, bytes } => program::said(model, ticket, tail, bytes),
        Msg::RunEnded { ticket, ended } => program::ended(model, ticket, *ended, &mut out),
        Msg::Flushed(id) => seen(model, id, at.person),
        Msg::Arriving { dialog, line_ms } => seen(model, dialog, Person(at.person.0.saturating_add(line_ms))),
        Msg::Recovered(r) => {
            recovered(model, *r, &mut out);
            moved::told(model, &mut out);
        }
        Msg::Records(records) => {
            browse::took(model, &records);
            together::records(model, &records);
            steps::records(model, &records);
            incident::records(model, records, &mut out);
            many::others_changed(model, &mut out);
            moved::told(model, &mut out);
        }
        Msg::LogOpened { session } => browse::opened(model, session, &mut out),
        Msg::LogPage(page) => {
            browse::page(model, *page, &mut out);
            moved::told(model, &mut out);
        }
        Msg::Replayed { record, ahead } => replay::played(model, *record, ahead, &mut out),
        Msg::People(people) => {
            together::people(model, people);
            steps::refresh_all(model);
        }
        Msg::Follows(follows) => together::follows(model, follows),
        Msg::Copied { file } => {
            // The file matters where a multiplexer keeps the clipboard for itself: its name must have room.
            model.tell(file.map_or_else(|| "copied to the clipboard".into(), |f| format!("copied; also saved to {f}")));
            bump(model);
        }
        Msg::Marked { target, refused } => marks::left(model, &target, refused, &mut out),
        Msg::Ending { code } => ending(model, code, &mut out),
        Msg::Stopped => keys::suspend(model, &mut out),
        Msg::Resumed => {
            // The shell had the screen, and what was typed for it may come here: nobody has seen the dialog since.
            if let Some(d) = &mut model.dialog {
                d.flushed = None;
                d.last_key = at.person;
            }
            bump(model);
        }
        Msg::LoggedIn { source, failed } => login::ended(model, &source, failed),
        Msg::Draft(draft) => writing::found(model, *draft),
        Msg::Themed { name, refused } => look::themed(model, name, refused),
        Msg::Reloaded(r) => look::reloaded(model, *r, &mut out),
        Msg::Wheel(by) => mouse::wheel(model, by),
        Msg::Picked(what) => mouse::picked(model, what),
        Msg::Line(line) => plain::line(model, &line, &mut out),
        Msg::LinesEnded => plain::ended(model, &mut out),
    }
    alerts::keep(model);
    tick::by_time_alone(model, by_hand, &mut out);
    many::look(model, &mut out);
    cord::look(model, &touched, &mut out);
    finish::look(model, &mut out);
    errand::follow(model, &mut out);
    who::after(model, &acted, by_hand, &mut out);
    // After it: a note that waits for a name is in no file yet.
    writing::keep_draft(model, &mut out);
    if model.rows_dirty {
        touched = Touched::All;
    }
    incident::follow(model, &touched, &mut out);
    // Only what may take a row away needs to know where the chosen one stood.
    let place = match &touched {
        Touched::Service(s) if Some(s) == model.nav.selected.as_ref() => panes::place(model),
        Touched::All => panes::place(model),
        Touched::Nothing | Touched::Service(_) => None,
    };
    match &touched {
        Touched::Nothing => {}
        Touched::Service(s) => board::touch(model, s),
        Touched::All => all_rows(model),
    }
    panes::selection_stays(model, place);
    keys::leave_waking_when_answered(model);
    bell::listen(model, &mut out);
    link::known_trouble(model, &touched);
    steps::follow(model, &mut out);
    incident::belongs(model, &mut out);
    if model.settings.plain {
        plain::tell(model, typed, &touched, &mut out);
    }
    if model.replay.is_some() {
        replay::only_looks(model, &mut out);
    }
    for e in &out {
        if let Effect::Append { entry, .. } | Effect::AppendLate { entry, .. } = e {
            logged(model, entry);
            cord::foreseen(model, entry);
        }
    }
    together::here(model, &mut out);
    out
}

/// A record is on its way into the log, or was played out of one.
fn logged(model: &mut Model, entry: &Entry) {
    let who: Arc<str> = model.environment.user().into();
    logged_by(model, entry, who);
}

/// The same for a record that `who` wrote.
fn logged_by(model: &mut Model, entry: &Entry, who: Arc<str>) {
    model.log.records += 1;
    if let Some(text) = records::strip(entry) {
        let who = if records::by_hand(entry.kind) { who } else { "".into() };
        let text = crate::core::redact::clean(&text);
        model.log.lines.push_back(LogLine { at: entry.at, text: text.into(), who });
        if model.log.lines.len() > 200 {
            model.log.lines.pop_front();
        }
        panes::logged(model);
        model.revision += 1;
    }
}

/// From when on the person sees this dialog; its confirm delay begins there.
fn seen(model: &mut Model, id: DialogId, from: Person) {
    if let Some(d) = model.dialog.as_mut().filter(|d| d.id == id && d.flushed.is_none()) {
        d.flushed = Some(from);
    }
}

/// Which rows a message may change.
enum Touched {
    Nothing,
    Service(ServiceId),
    All,
}

fn touched(model: &Model, msg: &Msg) -> Touched {
    match msg {
        // Ticks say so themselves when figures grew old.
        Msg::Tick
        | Msg::Flushed(_)
        | Msg::Arriving { .. }
        | Msg::Probed { .. }
        | Msg::RunSaid { .. }
        | Msg::RunEnded { .. }
        | Msg::Durable(_)
        | Msg::Copied { .. }
        | Msg::Marked { .. }
        | Msg::Records(_)
        | Msg::LogOpened { .. }
        | Msg::LogPage(_)
        | Msg::People(_)
        | Msg::Follows(_)
        | Msg::Draft(_)
        | Msg::Paste(_)
        | Msg::Resize { .. } => Touched::Nothing,
        Msg::Fact { fact, .. } => match &**fact {
            Fact::Target(t) => Touched::Service(t.service.clone()),
            Fact::Gone(id) => {
                model.world.targets.get(id).map_or(Touched::Nothing, |t| Touched::Service(t.service.clone()))
            }
            Fact::Blocks(b) => Touched::Service(b.service.clone()),
            Fact::Windows(w) => Touched::Service(w.service.clone()),
            Fact::Telemetry(t) => Touched::Service(t.service().clone()),
            Fact::Source(_)
            | Fact::Checked(_)
            | Fact::WayBack(_)
            | Fact::Evidence(_)
            | Fact::Logs(_)
            | Fact::Raw(_)
            | Fact::Alerts(_)
            | Fact::Changed(_)
            | Fact::Flags(_)
            | Fact::Artifacts(_)
            | Fact::OnCall { .. } => Touched::Nothing,
            Fact::Whole(_) => Touched::All,
        },
        Msg::Key(_)
        | Msg::SourceFailed { .. }
        | Msg::Planned { .. }
        | Msg::SidePlanned { .. }
        | Msg::Reread { .. }
        | Msg::NotDurable { .. }
        | Msg::LogFailed { .. }
        | Msg::LogHangs { .. }
        | Msg::LogWorks
        | Msg::Answered { .. }
        | Msg::Asked { .. }
        | Msg::Recovered(_)
        | Msg::Ending { .. }
        | Msg::Stopped
        | Msg::Themed { .. }
        | Msg::Reloaded(_)
        | Msg::Wheel(_)
        | Msg::Picked(_)
        | Msg::Replayed { .. }
        | Msg::Line(_)
        | Msg::LinesEnded
        | Msg::LoggedIn { .. }
        | Msg::Resumed => Touched::All,
    }
}

fn all_rows(model: &mut Model) {
    model.rows_dirty = false;
    model.rows = board::rows(model);
}

/// TERM, INT, HUP, or whoever typed is gone: no more acts.
fn ending(model: &mut Model, code: u8, out: &mut Vec<Effect>) {
    if !model.ending {
        model.ending = true;
        model.dialog = None;
        closing::ending(model, out);
        incident::leave(model, out);
        keys::disarm(model, "ending", out);
        out.push(Effect::Quit(code));
    }
}

/// Something that could show has changed.
fn bump(model: &mut Model) {
    model.revision += 1;
}

/// An ended session's act that is ours to read back.
fn loosen(model: &mut Model, mut u: Unfinished) {
    finish::told_by_log(model, &mut u);
    // Read back at once; where the record names nothing that could be read, that is all there is to say.
    let found = (u.target.is_none() && u.side.is_none()).then(|| "its record names no target".into());
    model.loose.push(Loose {
        session: u.session,
        ticket: u.ticket,
        words: u.words,
        target: u.target,
        at: u.at,
        found,
        next: Some(model.now.person),
        cut: u.cut,
        verb: u.verb,
        to: u.to,
        by: u.by,
        cord: u.cord,
        side: u.side,
        closed: false,
    });
}

fn recovered(model: &mut Model, r: Recovered, out: &mut Vec<Effect>) {
    model.log.mine_only = r.mine_only;
    model.log.file = r.file;
    model.log.unread = r.unread;
    incident::fold(model, &r.records);
    steps::records(model, &r.records);
    for (service, ms) in r.settled {
        model
            .world
            .services
            .entry(service.clone())
            .or_insert_with(|| crate::core::world::service::Service::found(&service))
            .history_ms
            .push(ms);
    }
    together::recovered(model, r.unfinished, r.in_flight);
    facts::loose_ends(model, out);
    bump(model);
}
