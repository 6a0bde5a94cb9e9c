//! Incidents: what the records say of them, the records that sheets become, offers, the lead that lapses.

use super::{Touched, bump, checks, records, sheets};
use crate::core::act::plan::Verb;
use crate::core::act::sheet::{Sheet, What};
use crate::core::case::casebook::names_one;
use crate::core::case::checklist::Item;
use crate::core::case::desk::Offer;
use crate::core::case::incident::{LeadChange, State};
use crate::core::case::known::Rests;
use crate::core::casework;
use crate::core::effect::Effect;
use crate::core::entry::{Entry, Kind};
use crate::core::id::{ActId, TargetId};
use crate::core::intent::Intent;
use crate::core::model::Model;
use crate::core::record::Record;
use crate::core::seal::sha256_hex;
use crate::core::time::Utc;
use serde_json::{Map, Value, json};
use std::sync::Arc;

/// Records that are on disk now.
pub(super) fn records(model: &mut Model, records: Vec<Record>, out: &mut Vec<Effect>) {
    fold(model, &records);
    for r in &records {
        owe(model, r, out);
    }
    double(model);
    bump(model);
}

/// Into the casebook.
pub(super) fn fold(model: &mut Model, records: &[Record]) {
    for r in records {
        model.cord.take(r);
        model.casebook.take(r);
        model.ledger.take(r);
    }
    if model
        .desk
        .opening
        .as_ref()
        .is_some_and(|id| model.casebook.incidents.get(&**id).is_some_and(|i| i.opened.is_some()))
    {
        model.desk.opening = None;
    }
}

/// Two consoles opened one at the same moment: both stay, the later is said to double the earlier.
fn double(model: &mut Model) {
    // What could be done of it was done then, or not.
    if model.replay.is_some() {
        return;
    }
    let Some((later, first)) = casework::duplicate(&model.casebook) else { return };
    let (later, first) = (later.to_owned(), first.to_owned());
    if model.desk.duplicates.insert(later.clone()) {
        let how = model.how(Intent::CloseIncident);
        model.tell(format!("two incidents are open: {how} closes {later} as a duplicate of {first}"));
    }
}

/// A roll-back that settled while Git still asks for the version left: the debt its dialog promised.
fn owe(model: &mut Model, r: &Record, out: &mut Vec<Effect>) {
    let mine = model.log.session.is_empty() || *model.log.session == *r.session;
    if !mine || r.kind != "settled" || r.data["verb"] != Verb::RollBack.word() {
        return;
    }
    let Some(number) = r.data["act"].as_u64() else { return };
    let Some(act) = model.acts.get(&ActId(number)) else { return };
    let Some(git) = act.seen.git.clone() else { return };
    if !model.desk.owed.insert(number) {
        return;
    }
    let from = act.plan.from.as_ref().map(|h| act.seen.called(h)).unwrap_or_default();
    let text = format!("revert {from} in {}", git.what);
    // An abort and the undo after it owe the same.
    if model.casebook.debts.open().iter().any(|d| d.words().is_some_and(|w| w.text == text)) {
        return;
    }
    let target = act.target().clone();
    let data = json!({
        "number": model.casebook.debts.next_number(),
        "text": text,
        "owner": casework::me(model),
        "service": act.seen.service,
        "state": "open",
        "why": format!("{} still asks for {from}: the next sync brings it back", git.tool),
        "rests": Rests::on(r),
    });
    append(model, Kind::Debt, Some(&target), data, out);
}

fn append(model: &Model, kind: Kind, target: Option<&TargetId>, data: Value, out: &mut Vec<Effect>) {
    out.push(Effect::Append { entry: records::plain(kind, model.now.utc, target, data), ticket: None });
}

/// Of the incident that the sheet was opened on, whichever is the current one by now.
fn append_of(model: &Model, s: &Sheet, kind: Kind, target: Option<&TargetId>, data: Value, out: &mut Vec<Effect>) {
    let mut entry = records::plain(kind, model.now.utc, target, data);
    entry.incident = s.data["id"].as_str().map(Arc::from);
    out.push(Effect::Append { entry, ticket: None });
}

/// The one place where records learn to which incident they belong.
pub(super) fn belongs(model: &Model, out: &mut [Effect]) {
    if out.is_empty() {
        return;
    }
    let current = casework::current_id(model);
    for e in out {
        if let Effect::Append { entry, .. } | Effect::AppendLate { entry, .. } = e
            && entry.incident.is_none()
        {
            entry.incident = named(entry).or_else(|| current.clone());
        }
    }
}

fn named(e: &Entry) -> Option<Arc<str>> {
    names_one(e.kind).then(|| e.data["id"].as_str()).flatten().map(Arc::from)
}

/// What follows from the model as it is now: offers, at once where something was said of a service; a lead that lapsed,
/// once a second of person time.
pub(super) fn follow(model: &mut Model, touched: &Touched, out: &mut Vec<Effect>) {
    // Played again, the records tell what was offered and who led: nobody can open or take anything here.
    if model.replay.is_some() {
        return;
    }
    let second = model.now.person.0 / 1_000;
    let new = second != model.desk.second;
    model.desk.second = second;
    match touched {
        Touched::Service(s) => {
            let ids: Vec<TargetId> = model.world.targets_of(s).map(|t| t.id.clone()).collect();
            offers(model, &ids);
        }
        Touched::Nothing if !new => {}
        Touched::Nothing | Touched::All => {
            // Without a verdict a burn still counts; what does not move is nobody's rollout.
            let moving = model.world.targets.values().filter(|t| t.is_moving());
            let ids: Vec<TargetId> = moving.map(|t| t.id.clone()).collect();
            offers(model, &ids);
        }
    }
    if new {
        lapse(model, out);
    }
}

fn offers(model: &mut Model, ids: &[TargetId]) {
    let mut bad: Vec<(TargetId, u8, &'static str, Utc)> = Vec::new();
    for id in ids {
        if let Some((level, why, since)) = casework::trouble(model, id) {
            bad.push((id.clone(), level, why, since));
        }
    }
    if bad.is_empty() && model.desk.offers.is_empty() {
        return;
    }
    let before = casework::offer(model).map(|o| (o.target.clone(), o.level));
    for (id, level, why, since) in bad {
        let Some(t) = model.world.targets.get(&id) else { continue };
        let Some(candidate) = t.candidate.clone() else { continue };
        let service = t.service.clone();
        match model.desk.offers.iter_mut().find(|o| o.target == id && o.candidate == candidate) {
            // Only what gets worse is offered again.
            Some(o) => o.level = o.level.max(level),
            None => {
                model.desk.offers.retain(|o| o.target != id);
                model.desk.offers.push(Offer {
                    target: id,
                    candidate,
                    service,
                    why: why.into(),
                    level,
                    aside: 0,
                    since,
                });
            }
        }
    }
    let targets = &model.world.targets;
    model.desk.offers.retain(|o| targets.get(&o.target).is_some_and(|t| t.candidate.as_ref() == Some(&o.candidate)));
    if casework::offer(model).map(|o| (o.target.clone(), o.level)) != before {
        bump(model);
    }
}

/// The offer was said no to: not again for this rollout, unless it gets worse.
pub(super) fn put_aside(model: &mut Model, sheet: &Sheet) {
    let target: Option<TargetId> = serde_json::from_value(sheet.data["target"].clone()).ok();
    for o in &mut model.desk.offers {
        if Some(&o.target) == target.as_ref() {
            o.aside = o.level;
        }
    }
}

/// `Esc` where there is nothing to go back to: the offer on the alarm row is said no to.
pub(super) fn not_now(model: &mut Model) {
    let Some(target) = casework::offer(model).map(|o| o.target.clone()) else { return };
    for o in model.desk.offers.iter_mut().filter(|o| o.target == target) {
        o.aside = o.level;
    }
    let how = model.how(Intent::OpenIncident);
    model.tell(format!("not offered again for this rollout unless it gets worse; {how} opens one at any time"));
}

/// Five minutes without a key of the lead's: written by exactly one console.
fn lapse(model: &mut Model, out: &mut Vec<Effect>) {
    let Some(i) = model.casebook.current() else { return };
    let (Some(lead), Some(led)) = (i.lead().map(str::to_owned), i.led.as_ref()) else { return };
    if model.desk.lapsed.as_ref() == Some(&led.rests) {
        return;
    }
    let idle = casework::lead_alive(model, i).map_or(0, |t| model.utc().since(t));
    if idle < casework::LAPSE_MS || !casework::says_lapse(model, i, idle) {
        return;
    }
    let (id, rests) = (i.id.clone(), led.rests.clone());
    model.desk.lapsed = Some(rests);
    let why = format!("no key of {lead} for {}", crate::core::age::rough(idle));
    let data = json!({"id": id, "what": LeadChange::Lapsed.word(), "lead": null, "from": lead, "why": why});
    append(model, Kind::Lead, None, data, out);
    let how = model.how(Intent::TakeLead);
    model.tell(format!("nobody leads {id} any more ({why}): {how} takes the lead"));
    bump(model);
}

/// When the lead would lapse by time alone: milliseconds from now.
pub(super) fn lapses_in(model: &Model) -> Option<i64> {
    if model.replay.is_some() {
        return None;
    }
    let i = model.casebook.current()?;
    let said = model.desk.lapsed.as_ref() == i.led.as_ref().map(|l| &l.rests);
    let alive = casework::lead_alive(model, i)?;
    let after = [casework::LAPSE_MS, casework::LATE_MS].into_iter().find(|idle| casework::says_lapse(model, i, *idle));
    after.filter(|_| !said).map(|after| (after - model.utc().since(alive)).max(1_000))
}

/// This console ends: whoever leads from here leads no more.
pub(super) fn leave(model: &mut Model, out: &mut Vec<Effect>) {
    let Some(i) = model.casebook.current() else { return };
    let (Some(lead), Some(led)) = (i.lead(), i.led.as_ref()) else { return };
    let elsewhere = model.people.iter().any(|p| casework::leads(p, lead));
    if !casework::i_lead(model, i) || elsewhere || model.desk.lapsed.as_ref() == Some(&led.rests) {
        return;
    }
    let data =
        json!({"id": i.id, "what": LeadChange::Left.word(), "lead": null, "from": lead, "why": "the console was left"});
    model.desk.lapsed = Some(led.rests.clone());
    append(model, Kind::Lead, None, data, out);
}

/// A new id, `i-0412`: not one that is known, and hardly one that another console takes at the same moment.
fn new_id(model: &Model) -> String {
    let seed = format!("{} {} {} {}", model.log.file, model.log.session, model.environment.who, model.now.utc.0);
    for n in 0.. {
        let hex = sha256_hex(format!("{seed} {n}").as_bytes());
        let number = u32::from_str_radix(hex.get(..8).unwrap_or("0"), 16).unwrap_or(0) % 10_000;
        let id = format!("i-{number:04}");
        if !model.casebook.incidents.contains_key(&id) || n > 10_000 {
            return id;
        }
    }
    "i-0000".into()
}

/// A time of day as typed, `03:09` or `03:09:41`: the last one that has been.
pub(super) fn clock_time(text: &str, now: Utc) -> Option<Utc> {
    let mut parts = text.trim().trim_end_matches(['Z', 'z']).split(':');
    let mut number = |most: i64| {
        let p = parts.next()?;
        let ok = (1..=2).contains(&p.len()) && p.bytes().all(|b| b.is_ascii_digit());
        ok.then(|| p.parse::<i64>().ok()).flatten().filter(|n| *n <= most)
    };
    let (h, m) = (number(23)?, number(59)?);
    let s = if text.matches(':').count() == 2 { number(59)? } else { 0 };
    if parts.next().is_some() {
        return None;
    }
    let midnight = now.0 - now.0.rem_euclid(86_400_000);
    let at = midnight + ((h * 60 + m) * 60 + s) * 1_000;
    // A minute ahead is a clock that differs; more is yesterday.
    Some(Utc(if at > now.0 + 60_000 { at - 86_400_000 } else { at }))
}

/// `Y` counted on a sheet: its records.
pub(super) fn confirmed(model: &mut Model, s: &Sheet, out: &mut Vec<Effect>) {
    model.desk.sheet = None;
    match s.what {
        What::OpenIncident => opened(model, s, out),
        What::ChangeIncident => changed(model, s, out),
        What::CloseIncident => closed(model, s, out),
        What::TakeLead | What::GiveLead if led_meanwhile(model, s) => {}
        What::TakeLead => {
            let me = casework::me(model);
            let data =
                json!({"id": s.data["id"], "what": LeadChange::Taken.word(), "lead": me, "from": s.data["from"]});
            append(model, Kind::Lead, None, data, out);
            model.tell("you lead from now on");
        }
        What::GiveLead => {
            let to = [s.value("name"), s.value("to")].into_iter().find(|n| !n.is_empty()).unwrap_or_default();
            let data = json!({
                "id": s.data["id"], "what": LeadChange::Given.word(), "lead": to, "from": s.data["from"],
                "why": text(s, "why"),
            });
            append(model, Kind::Lead, None, data, out);
            model.tell(format!("{to} leads from now on: tell them"));
        }
        What::Tasks => tasks(model, s, out),
        What::Tell => {
            let said = ["conditions", "actions", "needs"].map(|k| format!("{k}: {}", s.value(k)));
            let data = json!({"audience": s.value("audience"), "text": said.join("\n")});
            append_of(model, s, Kind::Told, None, data, out);
            model.tell("recorded as told; andon sent nothing");
        }
        // They send something: `side.rs`.
        What::Ack | What::Silence | What::Wake | What::Revoke | What::FlagOff | What::FlagOn => {}
        What::Decide => {
            let target: Option<TargetId> = serde_json::from_value(s.data["target"].clone()).ok();
            append_of(model, s, Kind::Decision, target.as_ref(), sheets::decided(s), out);
            model.tell("kept in the log");
        }
        What::Checklists => checks::keep(model, s, out),
    }
    bump(model);
}

/// The lead is no longer who the sheet says it is: nothing is recorded, and it is asked again with what stands now.
fn led_meanwhile(model: &mut Model, s: &Sheet) -> bool {
    let Some(i) = s.data["id"].as_str().and_then(|id| model.casebook.incidents.get(id)) else { return false };
    let (id, open, lead) = (i.id.clone(), i.is_open(), i.lead().map(str::to_owned));
    if open && lead.as_deref() == s.data["from"].as_str() {
        return false;
    }
    let current = model.casebook.current().is_some_and(|i| i.id == id);
    if !open || !current {
        let why = if open { "is not the one worked on any more" } else { "was closed meanwhile" };
        model.tell(format!("{id} {why}; nothing was recorded"));
        return true;
    }
    let mine = lead.as_deref() == Some(&*casework::me(model));
    if s.what == What::GiveLead {
        // What was typed comes back.
        model.desk.sheet = Some(Box::new(s.clone()));
        sheets::give_lead(model);
    } else if !mine {
        sheets::take_lead(model);
    }
    let who = match lead {
        _ if mine => "you lead".to_owned(),
        Some(lead) => format!("{lead} leads"),
        None => "NOBODY leads".to_owned(),
    };
    model.tell(format!("{who} by now; nothing was recorded"));
    true
}

/// `None` for an empty row: its member is left out or null.
fn text<'s>(s: &'s Sheet, key: &str) -> Option<&'s str> {
    Some(s.value(key)).filter(|t| !t.is_empty())
}

fn severity(s: &Sheet) -> usize {
    s.row("severity").and_then(|r| r.option()).map_or(3, |n| n + 1)
}

fn opened(model: &mut Model, s: &Sheet, out: &mut Vec<Effect>) {
    // With two consoles the other person sees the same signal in the same minute.
    if let Some(i) = model.casebook.current() {
        let by = i.opened.as_ref().map(|o| o.who.clone()).unwrap_or_default();
        let id = i.id.clone();
        let how = model.how(Intent::OpenIncident);
        model.tell(format!("{by} opened {id} meanwhile; nothing was recorded: {how} changes that one"));
        return;
    }
    let id = new_id(model);
    let now = model.now.utc;
    let known = s.data["first_bad"].as_str().and_then(Utc::read);
    let typed = text(s, "began").and_then(|t| clock_time(t, now));
    // As it stood there it is exact, though it be of an earlier day; another time is the person's own, and rests on no
    // record.
    let (first_bad, rests) = match (known, typed) {
        (Some(k), Some(_)) if s.value("began") == k.hms() => (Some(k), s.data["first_bad_rests"].clone()),
        (Some(k), Some(t)) if k.secs() == t.secs() => (Some(k), s.data["first_bad_rests"].clone()),
        (_, Some(t)) => (Some(t), Value::Null),
        (_, None) => (None, Value::Null),
    };
    let lead = text(s, "lead").filter(|l| *l != sheets::NOBODY);
    let data = json!({
        "id": id,
        "title": s.value("title"),
        "severity": severity(s),
        "lead": lead,
        "candidate": s.data["candidate"],
        "service": text(s, "service"),
        "why": s.data["why"],
        "first_bad": first_bad.map(Utc::rfc3339),
        "first_bad_rests": rests,
    });
    let target: Option<TargetId> = serde_json::from_value(s.data["target"].clone()).ok();
    model.desk.opening = Some(id.as_str().into());
    append(model, Kind::IncidentOpened, target.as_ref(), data, out);
    let lead = if lead.is_some() { "you lead" } else { "NOBODY leads" };
    model.tell(format!("{id} is open, {lead}"));
}

fn changed(model: &mut Model, s: &Sheet, out: &mut Vec<Effect>) {
    let id = s.data["id"].as_str().unwrap_or_default();
    let Some(i) = model.casebook.incidents.get(id) else { return };
    // Against what stood there when it was opened: what somebody else changed meanwhile is not written back.
    let was = &s.data["was"];
    let title = was["title"].as_str().unwrap_or(i.title());
    let rank = was["severity"].as_u64().unwrap_or(u64::from(i.severity()));
    let state = was["state"].as_str().and_then(State::read).unwrap_or(i.state());
    let mut data = Map::new();
    if s.value("title") != title.trim() {
        data.insert("title".into(), s.value("title").into());
    }
    if severity(s) as u64 != rank {
        data.insert("severity".into(), severity(s).into());
    }
    if let Some(state) = State::read(s.value("state")).filter(|chosen| *chosen != state) {
        data.insert("state".into(), state.word().into());
    }
    let item = Item::ALL.into_iter().find(|item| item.text() == s.value("tick"));
    let any = !data.is_empty() || item.is_some();
    if !data.is_empty() {
        data.insert("id".into(), id.into());
        append(model, Kind::IncidentChanged, None, data.into(), out);
    }
    if let Some(item) = item {
        let how = text(s, "how").unwrap_or("said by hand");
        append(model, Kind::Ticked, None, json!({"id": id, "item": item.word(), "how": how}), out);
    }
    model.tell(if any { format!("{id} is changed") } else { "nothing was changed".into() });
}

fn closed(model: &mut Model, s: &Sheet, out: &mut Vec<Effect>) {
    let id = s.data["id"].as_str().unwrap_or_default().to_owned();
    let mut data = json!({"id": id, "holes": s.data["holes"], "reason": text(s, "reason")});
    if let Some(map) = data.as_object_mut() {
        match s.data["duplicate_of"].as_str() {
            Some(of) => map.insert("duplicate_of".into(), of.into()),
            None => map.insert("state".into(), s.value("state").into()),
        };
    }
    append(model, Kind::IncidentClosed, None, data, out);
    if model.desk.opening.as_deref() == Some(&*id) {
        model.desk.opening = None;
    }
    model.tell(format!("{id} is closed"));
}

fn tasks(model: &mut Model, s: &Sheet, out: &mut Vec<Effect>) {
    let mut any = 0;
    let known: Vec<Value> = s.data["tasks"].as_array().cloned().unwrap_or_default();
    for (row, known) in s.rows.iter().zip(&known) {
        if row.option() != Some(1) {
            continue;
        }
        any += 1;
        let (number, of) = (&known["number"], &known["of"]);
        if known["kind"] == "debt" {
            append_of(model, s, Kind::Debt, None, json!({"number": number, "state": "paid", "of": of}), out);
        } else {
            append_of(model, s, Kind::FollowUp, None, json!({"number": number, "done": true, "of": of}), out);
        }
    }
    if let Some(words) = text(s, "text") {
        any += 1;
        let (owner, due) = (text(s, "owner"), text(s, "due"));
        if s.value("kind") == "debt" {
            let data = json!({
                "number": model.casebook.debts.next_number(), "text": words, "owner": owner, "due": due,
                "service": s.data["service"], "state": "open", "why": "by hand",
            });
            append_of(model, s, Kind::Debt, None, data, out);
        } else {
            let what = (s.value("kind") == "postmortem").then_some("postmortem");
            let data = json!({
                "number": model.casebook.follow_ups.next_number(), "text": words, "owner": owner, "due": due,
                "done": false, "what": what,
            });
            append_of(model, s, Kind::FollowUp, None, data, out);
        }
    }
    model.tell(if any > 0 { "kept in the log" } else { "nothing was changed" });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_of_day_is_the_last_one_that_has_been() {
        let now = Utc::read("2026-11-21T03:14:07Z").unwrap();
        let at = |t: &str| clock_time(t, now).map(Utc::rfc3339);
        assert_eq!(at("03:09").as_deref(), Some("2026-11-21T03:09:00.000Z"));
        assert_eq!(at("3:09:41Z").as_deref(), Some("2026-11-21T03:09:41.000Z"));
        assert_eq!(at("23:58").as_deref(), Some("2026-11-20T23:58:00.000Z"));
        assert_eq!(at("03:15").as_deref(), Some("2026-11-21T03:15:00.000Z"));
        for no in ["", "3", "24:00", "03:60", "03:09:41:00", "003:09", "03:", "now"] {
            assert_eq!(at(no), None, "{no}");
        }
    }
}
