//! A side act that sends, from its dialog to its end: its one request made by the backend, the intent on disk, sent once,
//! answered, and shown by what the source then tells. The same rules as for acts on targets: an early `Y`, a burst, a paste
//! or any key that is not the dialog's own sends nothing; going back (flag off) is never refused and waits half a second
//! for its intent, everything else as long as it takes.

use super::{bump, records, sheet, side_read, sides};
use crate::core::act::dialog::{Dialog, DialogKind, NameField};
use crate::core::act::flight::{OnDisk, ReadBack, State};
use crate::core::act::plan::{CannotBecause, Direction, Outcome, Ticket};
use crate::core::act::sheet::{NAME_ROW, Sheet, Typing};
use crate::core::act::side::{Made, Sends, Side, SideAct, SidePlan};
use crate::core::effect::{Effect, Question};
use crate::core::entry::{Entry, Kind};
use crate::core::id::{ActId, DialogId, SourceId};
use crate::core::model::{Model, Purpose};
use crate::core::shown::shown_line;
use crate::core::time::Person;
use serde_json::{Value, json};
use std::sync::Arc;

/// An unknown outcome is read back this often. Milliseconds.
const READ_MS: i64 = 5_000;
/// Side acts kept for the screen; the log keeps all.
const KEPT: usize = 50;

/// The request of what the open sheet says now: asked for whenever a row changes.
pub(super) fn replan(model: &mut Model, out: &mut Vec<Effect>) {
    let Some(sheet) = model.dialog.as_ref().and_then(Dialog::sheet) else { return };
    if sheet.sends.as_ref().is_none_or(|s| s.flight.is_some()) {
        return;
    }
    let made = sides::act_of(model, sheet);
    let due = made.as_ref().map(|(_, act)| name_due(model, sheet, act)).unwrap_or_default();
    let Some(d) = &mut model.dialog else { return };
    let id = d.id;
    let Some(sheet) = d.sheet_mut() else { return };
    let Some((source, act)) = made else {
        if let Some(s) = &mut sheet.sends {
            s.plan = Made::Cannot("what it is about is gone".into());
        }
        return;
    };
    let name = (!due.1.is_empty()).then(|| NameField::new(&due.0, due.1));
    sheet.sends = Some(Box::new(Sends { name, ..Sends::new(act.clone(), source.clone()) }));
    sheet.ask_name();
    out.push(Effect::SidePlan { dialog: id, source, act });
}

/// The name to be typed, and why; no reason: none is due (limits.md section 1).
fn name_due(model: &Model, sheet: &Sheet, act: &SideAct) -> (String, Vec<Arc<str>>) {
    let mut why: Vec<Arc<str>> = Vec::new();
    let name = match act {
        SideAct::FlagOn { key } => {
            why.push("a flag goes on for its users at once".into());
            key.to_string()
        }
        SideAct::FlagOff { key } => {
            // Known already: the name is asked for at once, not half a second after `Y`.
            why.extend(model.log.trouble());
            key.to_string()
        }
        SideAct::Revoke { service, .. } => {
            why.push("a revoked artifact starts nowhere any more".into());
            service.to_string()
        }
        SideAct::Silence { matchers, .. } => {
            let pages = sides::muted_pages(model, matchers);
            if pages > 0 {
                let s = if pages == 1 { "" } else { "s" };
                why.push(format!("it mutes {pages} page{s} that fire{} now", if pages == 1 { "s" } else { "" }).into());
            }
            sheet.on.split_whitespace().next().unwrap_or("silence").to_owned()
        }
        SideAct::Ack { .. } | SideAct::EndSilence { .. } | SideAct::Wake { .. } | SideAct::Tell { .. } => String::new(),
    };
    // What is typed is what is shown, so it must be typeable.
    (shown_line(&name, 30).into_string(), why)
}

/// The backend made it, or says why there is none.
pub(super) fn planned(model: &mut Model, id: DialogId, plan: Result<SidePlan, CannotBecause>) {
    let anew = DialogId(model.counters.dialog + 1);
    let Some(d) = model.dialog.as_mut().filter(|d| d.id == id) else { return };
    let Some(sends) = d.sheet_mut().and_then(|s| s.sends.as_mut()) else { return };
    sends.plan = match plan {
        Ok(plan) => Made::Ready(Box::new(plan)),
        Err(why) => Made::Cannot(why.to_string().into()),
    };
    // What is shown changed: the delay counts from the frame that shows the request.
    (d.id, d.flushed, model.counters.dialog) = (anew, None, anew.0);
    bump(model);
}

/// Why `Y` could do nothing now. `Ok(true)`: it may go on; `Ok(false)`: it is being made.
pub(super) fn may(sheet: &Sheet) -> Result<bool, Arc<str>> {
    let Some(s) = &sheet.sends else { return Ok(true) };
    if let Some(why) = &s.refused {
        return Err(why.clone());
    }
    match &s.plan {
        Made::Reading => Ok(false),
        Made::Cannot(why) => Err(why.clone()),
        Made::Ready(_) => Ok(s.flight.is_none()),
    }
}

/// It goes back: it is never refused for what the log cannot do.
pub(super) fn goes_back(sheet: &Sheet) -> bool {
    sheet.sends.as_ref().is_some_and(|s| s.act.direction() == Some(Direction::Backward))
}

/// The name is typed in the last row and matches.
pub(super) fn named(sheet: &Sheet) -> bool {
    let due = sheet.sends.as_ref().and_then(|s| s.name.as_ref());
    due.is_none_or(|n| *n.must == *sheet.value(NAME_ROW))
}

/// `Y` counted, or the name matched.
pub(super) fn begin(model: &mut Model, out: &mut Vec<Effect>) {
    let now = model.now;
    let look_only = !model.is_armed();
    let Some(sheet) = model.dialog.as_ref().and_then(Dialog::sheet).cloned() else { return };
    let Some(sends) = &sheet.sends else { return };
    let why = sends.name.as_ref().map(|n| n.why.clone()).unwrap_or_default();
    // A name asked for after `Y`: the act exists and waits.
    if let Some(id) = sends.flight {
        if let Some(s) = model.sides.get_mut(&id) {
            s.named.extend(why.iter().cloned());
        }
        perform(model, id, &why, out);
        return;
    }
    let Some(plan) = sends.ready().cloned() else { return };
    let (id, ticket) = (model.next_act(), model.next_ticket());
    let mut side = Side {
        id,
        seen: sides::seen(model, &sheet),
        flag: sides::shown_flag(&sheet),
        read_back: ReadBack::Fine,
        plan,
        ticket,
        state: State::Preparing,
        on_disk: OnDisk::Waiting(now.person),
        begun: now,
        named: why,
        look_only,
        sent: None,
        answered: None,
        timeline: Vec::new(),
        next_read: None,
        reads: 0,
    };
    if let Some(why) = model.log.trouble() {
        side.on_disk = OnDisk::No(why);
    }
    out.push(Effect::Append { entry: intent(model, &side), ticket: Some(ticket) });
    let known = !matches!(side.on_disk, OnDisk::Waiting(_));
    side_read::begin(model, &mut side, out);
    model.sides.insert(id, side);
    while model.sides.len() > KEPT {
        let Some(oldest) = model.sides.values().find(|s| s.is_over()).map(|s| s.id) else { break };
        model.sides.remove(&oldest);
    }
    if let Some(s) = model.dialog.as_mut().and_then(Dialog::sheet_mut) {
        (s.typing, s.wants) = (None, None);
        if let Some(sends) = &mut s.sends {
            sends.flight = Some(id);
        }
    }
    bump(model);
    if known {
        go_on(model, id, out);
    }
}

fn entry(side: &Side, kind: Kind, model: &Model, mut data: Value) -> Entry {
    if let Some(map) = data.as_object_mut() {
        map.insert("act".into(), json!(side.id.0));
        map.insert("ticket".into(), json!(side.ticket.0));
        map.insert("verb".into(), json!(side.plan.act.word()));
        map.insert("subject".into(), json!(side.plan.act.subject()));
        map.insert("source".into(), json!(side.plan.source));
        map.insert("step".into(), json!(1));
        map.insert("of".into(), json!(1));
    }
    records::plain(kind, model.now.utc, None, data)
}

fn intent(model: &Model, side: &Side) -> Entry {
    let r = &side.plan.request;
    let data = json!({
        "sentence": side.plan.sentence,
        // For whoever finds it without an outcome: what to look for.
        "asks": side.plan.act,
        "request": {
            "method": r.method, "path": r.path, "body": r.shown, "body_sha256": r.body.sha256(),
            "settled_when": side.plan.done_words,
        },
        "seen": side.seen,
        "look_only": side.look_only,
        "name_typed": !side.named.is_empty(),
        "named_because": side.named,
        "not_undone": side.plan.not_undone,
    });
    entry(side, Kind::Intent, model, data)
}

fn by_ticket(model: &Model, ticket: Ticket) -> Option<ActId> {
    model.sides.values().find(|s| s.ticket == ticket).map(|s| s.id)
}

pub(super) fn durable(model: &mut Model, ticket: Ticket, out: &mut Vec<Effect>) {
    let Some(id) = by_ticket(model, ticket) else { return };
    let Some(side) = model.sides.get_mut(&id) else { return };
    side.on_disk = OnDisk::Yes;
    // It came before the name was typed: that is asked for no more, but what stands open is not taken from under fingers.
    go_on(model, id, out);
}

pub(super) fn not_durable(model: &mut Model, ticket: Ticket, why: &Arc<str>, out: &mut Vec<Effect>) {
    let Some(id) = by_ticket(model, ticket) else { return };
    if let Some(side) = model.sides.get_mut(&id) {
        side.on_disk = OnDisk::No(format!("the log does not take it: {why}").into());
    }
    go_on(model, id, out);
}

/// The intent is on disk, or will not be; what it is about was read again, or could not be.
pub(super) fn go_on(model: &mut Model, id: ActId, out: &mut Vec<Effect>) {
    let Some(side) = model.sides.get(&id).filter(|s| s.state == State::Preparing) else { return };
    let disk = match &side.on_disk {
        OnDisk::Waiting(_) => return,
        OnDisk::Yes => None,
        OnDisk::No(why) => Some(why.clone()),
    };
    let read = match &side.read_back {
        ReadBack::Waiting(_) => return,
        ReadBack::Fine => None,
        ReadBack::Failed(why) => Some(why.clone()),
    };
    let reasons: Vec<Arc<str>> = [disk, read].into_iter().flatten().collect();
    let (back, named) = (side.is_backward(), !side.named.is_empty());
    match no_longer(model, side) {
        None if reasons.is_empty() || back && named => perform(model, id, &[], out),
        None if back => ask_name(model, id, reasons),
        None => drop_side(model, id, reasons.join("; ").into(), out),
        Some(why) => drop_side(model, id, why, out),
    }
}

/// Between `Y` and now the arming may have ended and the world moved: a slow disk lends no time.
fn no_longer(model: &Model, side: &Side) -> Option<Arc<str>> {
    let act = &side.plan.act;
    if act.is_armed() && model.environment.production && !model.is_armed() {
        return Some("the arming has ended: nothing was sent".into());
    }
    side_read::no_longer(model, side)
}

/// One name for what is not as it should be, in the dialog that was confirmed.
fn ask_name(model: &mut Model, id: ActId, why: Vec<Arc<str>>) {
    let anew = model.next_dialog();
    if let Some(s) = model.sides.get_mut(&id) {
        s.state = State::NeedsName;
    }
    let Some(d) = model.dialog.as_mut() else { return };
    let Some(sheet) = d.sheet_mut().filter(|s| s.sends.as_ref().is_some_and(|s| s.flight == Some(id))) else { return };
    let Some(sends) = &mut sheet.sends else { return };
    sends.name = Some(NameField::new(&shown_line(&sends.act.subject(), 30).into_string(), why));
    sheet.ask_name();
    sheet.at = sheet.rows.len().saturating_sub(1);
    sheet.typing = Some(Typing::default());
    (d.id, d.flushed) = (anew, None);
    bump(model);
}

/// `named`: the name was typed for these after the intent was written.
fn perform(model: &mut Model, id: ActId, named: &[Arc<str>], out: &mut Vec<Effect>) {
    let now = model.now;
    let Some(side) = model.sides.get_mut(&id).filter(|s| matches!(s.state, State::Preparing | State::NeedsName)) else {
        return;
    };
    (side.state, side.sent) = (State::Sending, Some(now));
    side.note(now.utc, "sent");
    let side = side.clone();
    if let OnDisk::No(_) = side.on_disk {
        model.log.late.insert(side.ticket);
        out.push(Effect::AppendLate { entry: intent(model, &side), ticket: side.ticket });
    }
    out.push(Effect::Append { entry: entry(&side, Kind::Sent, model, records::sent(named)), ticket: None });
    out.push(Effect::SidePerform { ticket: side.ticket, plan: Box::new(side.plan.clone()) });
    if owns(model, id) {
        model.dialog = None;
    }
    model.tell(format!("{}: sent", side.words()));
    // A sent act renews the arming; it never grants one.
    if model.is_armed() {
        model.armed_until = Some(Person(now.person.0 + model.limits.arm));
    }
    bump(model);
}

fn owns(model: &Model, id: ActId) -> bool {
    let open = model.dialog.as_ref().and_then(Dialog::sheet).and_then(|s| s.sends.as_ref());
    open.is_some_and(|s| s.flight == Some(id))
}

/// Nothing was sent and nothing will be.
pub(super) fn drop_side(model: &mut Model, id: ActId, why: Arc<str>, out: &mut Vec<Effect>) {
    let now = model.now.utc;
    let Some(side) = model.sides.get_mut(&id) else { return };
    side.state = State::Dropped(why.clone());
    side.note(now, format!("not sent: {why}"));
    let side = side.clone();
    let data = json!({"how": "not sent", "why": why});
    out.push(Effect::Append { entry: entry(&side, Kind::Resolved, model, data), ticket: None });
    if owns(model, id)
        && let Some(s) = model.dialog.as_mut().and_then(Dialog::sheet_mut)
        && let Some(sends) = &mut s.sends
    {
        sends.refused = Some(why);
        sends.name = None;
        s.typing = None;
        s.ask_name();
    } else {
        model.tell(format!("{} was not sent: {why}", side.words()));
    }
    bump(model);
}

/// Its dialog was closed while it waited for its intent or its name: nothing goes out.
pub(super) fn give_up(model: &mut Model, closed: &Sheet, out: &mut Vec<Effect>) {
    let Some(id) = closed.sends.as_ref().and_then(|s| s.flight) else { return };
    let still = model.sides.get(&id).is_some_and(|s| matches!(s.state, State::Preparing | State::NeedsName));
    if still {
        drop_side(model, id, "closed by the operator".into(), out);
    }
}

pub(super) fn answered(model: &mut Model, ticket: Ticket, outcome: Outcome, out: &mut Vec<Effect>) {
    let now = model.now;
    let Some(id) = by_ticket(model, ticket) else { return };
    let Some(side) = model.sides.get_mut(&id).filter(|s| s.state == State::Sending) else { return };
    side.answered = Some(now);
    let words = side.words();
    let state = match &outcome {
        Outcome::Accepted { took_ms, .. } => {
            side.note(now.utc, format!("accepted after {took_ms} ms"));
            State::Accepted
        }
        Outcome::Refused(r) => {
            side.note(now.utc, format!("REFUSED: {}", r.why));
            State::Refused(r.clone())
        }
        Outcome::Unknown { why } => {
            side.note(now.utc, format!("outcome unknown: {why}; reading it back"));
            side.next_read = Some(now.person);
            State::Unknown(why.clone())
        }
    };
    side.state = state;
    let side = side.clone();
    let kind = records::kind_of(&outcome);
    out.push(Effect::Append { entry: entry(&side, kind, model, records::outcome(&outcome)), ticket: None });
    match &outcome {
        Outcome::Accepted { .. } => {
            done(model, &side, out);
            if side.plan.act.shows(&model.world, &side.plan.source, sent_at(&side)).is_none() {
                settle(model, id, out);
            } else {
                observe(model, &side.plan.source, out);
            }
        }
        Outcome::Refused(r) => model.tell(format!("{words}: REFUSED, {}", r.why)),
        Outcome::Unknown { .. } => model.tell(format!("{words}: outcome unknown, reading it back")),
    }
    bump(model);
}

fn sent_at(side: &Side) -> crate::core::time::Utc {
    side.sent.map_or(side.begun.utc, |s| s.utc)
}

/// What was done, as a record of its own kind: for the incident, the checklist and the review.
fn done(model: &mut Model, side: &Side, out: &mut Vec<Effect>) {
    let mut data = match &side.plan.act {
        SideAct::Ack { alerts } => json!({"what": "alerts", "alerts": alerts, "names": side.seen["names"]}),
        SideAct::Silence { matchers, until, why } => json!({
            "matchers": crate::core::alerts::matchers_said(matchers), "until": until.rfc3339(), "why": why,
            "hides": side.seen["hides"], "pages": side.seen["pages"],
        }),
        SideAct::EndSilence { id } => json!({"ended": true, "silence": id}),
        SideAct::FlagOff { key } | SideAct::FlagOn { key } => {
            json!({"flag": key, "on": matches!(side.plan.act, SideAct::FlagOn { .. })})
        }
        SideAct::Wake { team, person, why } => json!({"team": team, "person": person, "why": why}),
        SideAct::Tell { audience, text } => json!({"audience": audience, "text": text, "through": side.plan.source}),
        SideAct::Revoke { service: _, version, digest, why } => {
            json!({"version": version, "digest": digest, "reason": why, "runs": side.seen["runs"]})
        }
    };
    data["service"] = side.seen["service"].clone();
    out.push(Effect::Append { entry: entry(side, side.plan.act.kind(), model, data), ticket: None });
}

fn settle(model: &mut Model, id: ActId, out: &mut Vec<Effect>) {
    let now = model.now;
    let Some(side) = model.sides.get_mut(&id) else { return };
    let was_unknown = matches!(side.state, State::Unknown(_));
    side.state = State::Settled;
    side.next_read = None;
    side.note(now.utc, "done");
    let side = side.clone();
    let took = now.utc.since(sent_at(&side));
    if was_unknown {
        let data = json!({"how": "read back: it was done"});
        out.push(Effect::Append { entry: entry(&side, Kind::Resolved, model, data), ticket: None });
        done(model, &side, out);
    } else {
        out.push(Effect::Append { entry: entry(&side, Kind::Settled, model, json!({"took_ms": took})), ticket: None });
    }
    model.tell(match &side.plan.act {
        SideAct::Tell { audience, .. } => format!("{audience} were told, through {}", side.plan.source),
        act => format!("{} {}: done", act.word(), act.subject()),
    });
    bump(model);
}

/// The source told something: does it show what was asked?
pub(super) fn observe(model: &mut Model, source: &SourceId, out: &mut Vec<Effect>) {
    let shown = |s: &&Side| {
        let open = matches!(s.state, State::Accepted | State::Unknown(_) | State::Stuck(_));
        open && s.plan.source == *source && s.plan.act.shows(&model.world, source, sent_at(s)) == Some(true)
    };
    let ids: Vec<ActId> = model.sides.values().filter(shown).map(|s| s.id).collect();
    ids.into_iter().for_each(|id| settle(model, id, out));
}

/// What was asked because an outcome is unknown has come, or has not.
pub(super) fn read_back(model: &mut Model, id: ActId, reached: bool, out: &mut Vec<Effect>) {
    let now = model.now;
    let Some(side) = model.sides.get_mut(&id).filter(|s| matches!(s.state, State::Unknown(_))) else { return };
    side.reads += u32::from(reached);
    let late = side.sent.is_some_and(|s| now.person.0 - s.person.0 >= super::settle::UNKNOWN_FOR_MS);
    // Nothing shows a text that was sent: it stays unknown, and whoever waits for it is asked.
    let readable = side.plan.act.shows(&model.world, &side.plan.source, sent_at(side)).is_some();
    if reached && late && readable {
        side.state = State::NotDone("read back: it did not happen".into());
        side.next_read = None;
        let side = side.clone();
        let data = json!({"how": "read back: it was not done"});
        out.push(Effect::Append { entry: entry(&side, Kind::Resolved, model, data), ticket: None });
        model.tell(format!("{}: it did not happen", side.words()));
    } else if late && !readable {
        side.state = State::Stuck("nothing tells whether it arrived: ask those it was for".into());
        side.next_read = None;
    } else {
        side.next_read = Some(Person(now.person.0 + READ_MS));
    }
    bump(model);
}

pub(super) fn deadlines(model: &mut Model, out: &mut Vec<Effect>) {
    let now = model.now;
    let ids: Vec<ActId> = model.sides.values().filter(|s| !s.is_over()).map(|s| s.id).collect();
    for id in ids {
        let (durable, seen) = (model.limits.durable, model.limits.seen);
        let Some(side) = model.sides.get_mut(&id) else { continue };
        match &side.state {
            State::Preparing => {
                if let OnDisk::Waiting(t) = side.on_disk
                    && side.is_backward()
                    && now.person.0 - t.0 >= durable
                {
                    side.on_disk = OnDisk::No("the intent is not on disk yet".into());
                    model.log.hung.get_or_insert_with(|| "the disk does not answer".into());
                    go_on(model, id, out);
                }
                side_read::late(model, id, out);
            }
            State::Accepted => {
                if side.answered.is_some_and(|a| now.world.0 - a.world.0 >= seen) {
                    let why: Arc<str> = format!("{} took it and does not show it", side.plan.source).into();
                    side.state = State::Stuck(why.clone());
                    let side = side.clone();
                    out.push(Effect::Append {
                        entry: entry(&side, Kind::Stuck, model, json!({"why": why})),
                        ticket: None,
                    });
                    bump(model);
                }
            }
            State::Unknown(_) => {
                if side.next_read.is_some_and(|t| t <= now.person) {
                    side.next_read = None;
                    let source = side.plan.source.clone();
                    let ask = model.next_ask(Purpose::Side(id));
                    out.push(Effect::Ask { id: ask, source, question: Question::Beside });
                }
            }
            State::NeedsName
            | State::Waiting
            | State::Logging
            | State::Sending
            | State::Seen
            | State::Stuck(_)
            | State::Settled
            | State::Refused(_)
            | State::NotDone(_)
            | State::Undone(_)
            | State::Overtaken
            | State::Dropped(_) => {}
        }
    }
}

/// When time alone would change one of them: on the person's clock and on the world's.
pub(super) fn next_wake(model: &Model) -> (Option<i64>, Option<i64>) {
    let (mut person, mut world): (Vec<i64>, Vec<i64>) = (Vec::new(), Vec::new());
    for s in model.sides.values().filter(|s| !s.is_over()) {
        if let (State::Preparing, ReadBack::Waiting(t)) = (&s.state, &s.read_back) {
            person.push(t.0 + model.limits.reread);
        }
        match (&s.state, &s.on_disk) {
            (State::Preparing, OnDisk::Waiting(t)) if s.is_backward() => person.push(t.0 + model.limits.durable),
            (State::Accepted, _) => world.extend(s.answered.map(|a| a.world.0 + model.limits.seen)),
            (State::Unknown(_), _) => person.extend(s.next_read.map(|t| t.0)),
            _ => {}
        }
    }
    (person.into_iter().min(), world.into_iter().min())
}

/// Open a sheet that sends: the request is asked for at once.
pub(super) fn open(model: &mut Model, mut s: Sheet, act: SideAct, source: SourceId, out: &mut Vec<Effect>) {
    let now = model.now.person.0;
    let before =
        model.sides.values().rev().find(|x| x.plan.act.word() == act.word() && x.plan.act.subject() == act.subject());
    let before = before.and_then(|x| x.sent).map(|t| now - t.person.0).filter(|ms| *ms < model.limits.same_act);
    if let Some(ms) = before {
        s.below.push((true, format!("the same was sent {} s ago", ms / 1_000).into()));
    }
    s.sends = Some(Box::new(Sends::new(act, source)));
    sheet::open(model, s);
    replan(model, out);
}

/// The dialog of a side act that must be armed refuses once the arming has ended.
pub(super) fn disarmed(model: &mut Model) {
    if !model.environment.production {
        return;
    }
    if let Some(DialogKind::Sheet(s)) = model.dialog.as_mut().map(|d| &mut d.kind)
        && let Some(sends) = s.sends.as_mut().filter(|s| s.act.is_armed() && s.flight.is_none())
    {
        sends.refused = Some("LOOK-ONLY: the arming has ended".into());
        bump(model);
    }
}
