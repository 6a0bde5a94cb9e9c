//! The dialogs of side acts as they open: rows filled in from what is known, and what the open one asks for. What becomes of
//! them is in `side.rs`.

use super::{side, steps};
use crate::core::act::dialog::DialogKind;
use crate::core::act::sheet::{Row, Sheet, What};
use crate::core::act::side::SideAct;
use crate::core::age;
use crate::core::alerts::{self, Fold};
use crate::core::aside::{self, Callable};
use crate::core::casework;
use crate::core::effect::Effect;
use crate::core::id::{ServiceId, SourceId, TargetId};
use crate::core::intent::Intent;
use crate::core::judge::verdict::Word;
use crate::core::listing;
use crate::core::model::Model;
use crate::core::time::Utc;
use crate::core::world::alert::{Matcher, Tier};
use crate::core::world::beside::Flag;
use serde_json::{Value, json};
use std::sync::Arc;

/// Alerts named one by one in a dialog.
const NAMED: usize = 6;
/// Minutes a silence may last; the second is the default (limits.md section 1).
const MINUTES: [(&str, i64); 6] =
    [("15 min", 15), ("1 h", 60), ("2 h", 120), ("4 h", 240), ("8 h", 480), ("24 h", 1_440)];
const NEW: &str = "a new one";

/// Says why not, or goes on. Arming comes after what could not be done armed either.
fn may(model: &mut Model, i: Intent, armed: bool) -> bool {
    if model.environment.read_only {
        model.tell("read-only for this session: no act goes out");
        return false;
    }
    if let Some(why) = aside::cannot(model, i) {
        model.tell(why);
        return false;
    }
    if armed && model.environment.production && !model.is_armed() {
        let keys = model.how(Intent::Arm);
        model.tell(format!("LOOK-ONLY: {keys} arms this console first"));
        return false;
    }
    if i != Intent::FlagOff && model.log.trouble().is_some() {
        model.tell("the log cannot be written: nothing but going back goes out");
        return false;
    }
    true
}

/// `a k`: on Alerts what is chosen there. Elsewhere a WORSE verdict first; acking alerts does not count for it.
pub(super) fn acknowledge(model: &mut Model, target: Option<TargetId>, out: &mut Vec<Effect>) {
    let elsewhere = !aside::on_alerts(model);
    let worse = |t: &TargetId| model.judged.get(t).is_some_and(|j| j.verdict.word == Word::Worse);
    if let Some(t) = target.filter(|t| elsewhere && worse(t) && !model.environment.read_only) {
        super::keys::dialog(model, DialogKind::Acknowledge(t));
        return;
    }
    if model.environment.read_only {
        model.tell("read-only for this session: no act goes out");
        return;
    }
    let chosen = aside::chosen(model).cloned();
    let chosen = chosen.as_ref();
    let Some((source, all)) = chosen.and_then(aside::to_ack) else {
        let say = match chosen {
            Some(f) if f.is_firing() => "all of these are acknowledged already",
            Some(_) => "these have ended: there is nothing to acknowledge",
            None if elsewhere => "there is no WORSE verdict here to acknowledge, and no alert of it fires",
            None => "no alert is chosen",
        };
        model.tell(say);
        return;
    };
    let Some(fold) = chosen else { return };
    let mut s = Sheet::new(What::Ack, "ACKNOWLEDGE", title(fold));
    for o in all.iter().take(NAMED) {
        let a = &o.alert;
        let ago = age::rough(model.utc().since(a.since));
        s.said.push(format!("{} {}, {ago} ago: {}", a.tier.word(), a.name, a.says).into());
    }
    if all.len() > NAMED {
        s.said.push(format!("and {} more of this fold", all.len() - NAMED).into());
    }
    let rest = fold.firing().filter(|o| o.alert.acked.is_none()).count() - all.len();
    if rest > 0 {
        s.below.push((false, format!("{rest} more are told by another source: once more for those").into()));
    }
    s.below
        .push((false, "It says that you have them. It ends nothing, and a WORSE verdict stands all the same.".into()));
    let ids: Vec<Arc<str>> = all.iter().map(|o| o.alert.id.clone()).collect();
    let names: Vec<&str> = all.iter().map(|o| &*o.alert.name).collect();
    s.data = json!({"source": source, "ids": ids, "names": names, "service": fold.services().first()});
    let (source, act) = (source.clone(), SideAct::Ack { alerts: ids });
    side::open(model, s, act, source, out);
}

/// `checkout, deploy d-81f2`
fn title(f: &Fold) -> String {
    let service = f.services().first().map(|s| format!("{s}  ")).unwrap_or_default();
    format!("{service}{}", f.title())
}

/// Conditions that a silence of this fold could have: one rule of one service, or all of the service; narrow first.
fn conditions(f: &Fold) -> Vec<Vec<Matcher>> {
    let equal =
        |label: &str, value: &str| Matcher { label: label.into(), value: value.into(), regex: false, equal: true };
    let mut out: Vec<Vec<Matcher>> = Vec::new();
    for o in f.firing().chain(&f.held) {
        let mut m = vec![equal("alertname", &o.alert.name)];
        m.extend(o.alert.service.as_ref().map(|s| equal("service", s.as_str())));
        if !out.contains(&m) {
            out.push(m);
        }
    }
    out.truncate(8);
    out.extend(f.services().into_iter().take(4).map(|s| vec![equal("service", s.as_str())]));
    out
}

/// `a m`
pub(super) fn silence(model: &mut Model, out: &mut Vec<Effect>) {
    if !may(model, Intent::Silence, false) {
        return;
    }
    let now = model.utc();
    let fold = aside::chosen(model).cloned();
    let fold = fold.as_ref();
    let standing = alerts::silences(&model.world, now);
    let mut s = Sheet::new(What::Silence, "SILENCE", fold.map(title).unwrap_or_default());
    let mut ends: Vec<Value> = Vec::new();
    let mut options = if fold.is_some() { vec![NEW.to_owned()] } else { Vec::new() };
    for (source, x) in standing.iter().take(9) {
        options.push(format!("end {} ({}, until {}Z)", x.id, x.by, x.until.hms()));
        ends.push(json!({"source": source, "id": x.id}));
    }
    if options.len() > 1 || fold.is_none() {
        let options: Vec<&str> = options.iter().map(String::as_str).collect();
        s.rows.push(Row::choice("which", "which", &options, 0));
    }
    let conditions = fold.map(conditions).unwrap_or_default();
    let source = fold.and_then(|f| f.all().next()).map(|o| o.source.clone());
    if let Some(f) = fold {
        let said: Vec<String> = conditions.iter().map(|m| alerts::matchers_said(m)).collect();
        let said: Vec<&str> = said.iter().map(String::as_str).collect();
        let hours = MINUTES.map(|m| m.0);
        s.rows.push(Row::choice("what", "alerts with", &said, 0));
        s.rows.push(Row::choice("for", "for", &hours, 1));
        s.rows.push(Row::text("why", "why", "").must("why? enter types it: whoever misses a page will ask"));
        s.at = s.rows.len() - 1;
        s.said.push(f.words().into());
    }
    s.below.push((false, "Silenced alerts stay on Alerts, marked, and count. The longest silence is 24 hours.".into()));
    s.data = json!({
        "ends": ends, "conditions": conditions, "source": source, "new": fold.is_some(),
        "service": fold.and_then(|f| f.services().first().map(|s| (*s).clone())),
    });
    let Some((source, act)) = act_of(model, &s) else { return };
    side::open(model, s, act, source, out);
}

/// Pages that fire and that such a silence would mute.
pub(super) fn muted_pages(model: &Model, m: &[Matcher]) -> usize {
    muted(model, m).into_iter().filter(|t| *t == Tier::Page).count()
}

fn muted(model: &Model, m: &[Matcher]) -> Vec<Tier> {
    let all = model.world.alerts.values().flat_map(|a| &a.all).filter(|a| a.firing);
    // A pattern nobody here can read may hide anything: it is taken to.
    all.filter(|a| alerts::matches(a, m).unwrap_or(true)).map(|a| a.tier).collect()
}

fn flag_said(f: &Flag) -> String {
    let share = f.share.map(|s| format!(" {:.0}%", s * 100.0)).unwrap_or_default();
    format!("{}{share}", f.key)
}

/// `a o`, and `flag-on` by name.
pub(super) fn flag(model: &mut Model, on: bool, out: &mut Vec<Effect>) {
    let (what, intent, head) =
        if on { (What::FlagOn, Intent::FlagOn, "FLAG ON") } else { (What::FlagOff, Intent::FlagOff, "FLAG OFF") };
    if !may(model, intent, on) {
        return;
    }
    let service = aside::service(model);
    let now = model.utc();
    let all: Vec<(SourceId, Flag)> =
        aside::flags(model, service.as_ref(), !on).into_iter().map(|(s, f)| (s.clone(), f.clone())).take(9).collect();
    let said: Vec<String> = all.iter().map(|(_, f)| flag_said(f)).collect();
    let mut s = Sheet::new(what, head, service.as_ref().map(ToString::to_string).unwrap_or_default());
    for (source, f) in all.iter().take(4) {
        let by = f.by.as_deref().unwrap_or("nobody it names");
        let since =
            f.changed.map(|c| format!(", changed {} ago by {by}", age::rough(now.since(c)))).unwrap_or_default();
        s.said.push(format!("{} at {source}: {}{since}", flag_said(f), f.says).into());
    }
    if all.len() > 1 {
        let said: Vec<&str> = said.iter().map(String::as_str).collect();
        s.rows.push(Row::choice("flag", "flag", &said, 0));
    }
    if !on && model.environment.production && !model.is_armed() {
        s.below.push((false, "LOOK-ONLY: Y sends this one act.".into()));
    }
    let flags: Vec<Value> = all.iter().map(|(s, f)| json!({"source": s, "key": f.key, "shown": f})).collect();
    s.data = json!({"flags": flags, "on": on, "service": service});
    let Some((source, act)) = act_of(model, &s) else { return };
    side::open(model, s, act, source, out);
}

fn callable_said(c: &Callable) -> String {
    let state = match (c.called, c.answered) {
        (Some(at), _) => format!(", called {}Z, no answer yet", at.hms()),
        (None, true) => ", has answered".to_owned(),
        (None, false) => String::new(),
    };
    format!("{} ({} {} of {}{state})", c.person, c.team, c.level, c.of)
}

/// `a w`
pub(super) fn wake(model: &mut Model, out: &mut Vec<Effect>) {
    if !may(model, Intent::Wake, false) {
        return;
    }
    let service = aside::service(model);
    let all: Vec<Callable> = aside::callable(model, service.as_ref()).into_iter().take(12).collect();
    let mut s = Sheet::new(What::Wake, "WAKE", service.as_ref().map(ToString::to_string).unwrap_or_default());
    let owner = service.as_ref().and_then(|s| model.world.services.get(s)).and_then(|s| s.owner.clone());
    match &owner {
        Some(o) if all.iter().any(|c| c.team == *o) => s.said.push(format!("{o} own it").into()),
        Some(o) => s.below.push((true, format!("nobody is known to be on call for {o}, who own it").into())),
        None => s.below.push((true, "who owns it is not known".into())),
    }
    let book = service.as_ref().and_then(|s| listing::runbook_of(model, s)).and_then(|n| model.runbooks.get(&n));
    if let Some(b) = book.filter(|b| !b.contacts.is_empty()) {
        let contacts: Vec<&str> = b.contacts.iter().map(|c| &**c).collect();
        s.said.push(format!("runbook {} names: {}", b.name, contacts.join(", ")).into());
    }
    let waiting = all.iter().filter(|c| c.called.is_some()).count();
    if waiting > 0 {
        s.said.push(format!("{waiting} called already without an answer; the next level is offered first").into());
    }
    let said: Vec<String> = all.iter().map(callable_said).collect();
    let said: Vec<&str> = said.iter().map(String::as_str).collect();
    let incident = model.casebook.current().map(|i| format!("{} {}", i.id, i.title()));
    let why = incident.or_else(|| {
        let service = service.as_ref()?;
        model.alerts.of(service).next().map(Fold::words)
    });
    s.rows = vec![
        Row::choice("who", "who", &said, 0),
        Row::text("why", "why", why.unwrap_or_default()).must("what for? enter types it: it is what they read first"),
    ];
    let people: Vec<Value> =
        all.iter().map(|c| json!({"source": c.source, "team": c.team, "person": c.person})).collect();
    s.data = json!({"people": people, "service": service});
    let Some((source, act)) = act_of(model, &s) else { return };
    side::open(model, s, act, source, out);
}

/// `a v`
pub(super) fn revoke(model: &mut Model, out: &mut Vec<Effect>) {
    if !may(model, Intent::Revoke, true) {
        return;
    }
    let Some(service) = aside::service(model) else { return };
    let all: Vec<Value> = aside::artifacts(model, &service)
        .into_iter()
        .take(9)
        .map(|(s, a)| json!({"source": s, "version": a.version, "digest": a.digest}))
        .collect();
    let versions: Vec<&str> = all.iter().filter_map(|a| a["version"].as_str()).collect();
    let mut s = Sheet::new(What::Revoke, "REVOKE", service.to_string());
    s.rows = vec![
        Row::choice("version", "version", &versions, 0),
        Row::text("why", "reason", "").must("a reason is asked for: enter types it"),
    ];
    s.at = 1;
    s.data = json!({"artifacts": all, "service": service});
    runs_said(model, &mut s);
    let Some((source, act)) = act_of(model, &s) else { return };
    side::open(model, s, act, source, out);
}

/// Where the chosen version runs, over the rows; told anew when another one is chosen.
pub(super) fn runs_said(model: &Model, s: &mut Sheet) {
    if s.what != What::Revoke {
        return;
    }
    let Ok(service) = serde_json::from_value::<ServiceId>(s.data["service"].clone()) else { return };
    let version = s.value("version").to_owned();
    let chosen = s.row("version").and_then(Row::option).unwrap_or(0);
    let digest = s.data["artifacts"][chosen]["digest"].as_str().unwrap_or("digest not known").to_owned();
    let runs = aside::runs(model, &service, &version);
    s.said = vec![format!("{version}  {digest}").into()];
    if runs.is_empty() {
        s.said.push("it runs nowhere that is known".into());
    }
    s.said.extend(runs.into_iter().map(|(_, at)| Arc::from(format!("RUNS {at}"))));
}

/// The source that takes the text, where one does.
pub(super) fn tells(model: &Model) -> Option<SourceId> {
    aside::tells(model).cloned().filter(|_| !model.environment.read_only)
}

fn option(s: &Sheet, key: &str) -> usize {
    s.row(key).and_then(Row::option).unwrap_or(0)
}

fn source(v: &Value) -> Option<SourceId> {
    serde_json::from_value(v["source"].clone()).ok()
}

fn text(v: &Value) -> Option<Arc<str>> {
    v.as_str().map(Arc::from)
}

/// What the sheet asks for as its rows stand. `None`: it asks for nothing that can be sent.
pub(super) fn act_of(model: &Model, s: &Sheet) -> Option<(SourceId, SideAct)> {
    let d = &s.data;
    match s.what {
        What::Ack => Some((source(d)?, SideAct::Ack { alerts: serde_json::from_value(d["ids"].clone()).ok()? })),
        What::Silence => {
            let which = option(s, "which");
            let new = d["new"] == true;
            if !new || which > 0 {
                let end = &d["ends"][which - usize::from(new)];
                return Some((source(end)?, SideAct::EndSilence { id: text(&end["id"])? }));
            }
            let matchers = serde_json::from_value(d["conditions"][option(s, "what")].clone()).ok()?;
            let minutes = MINUTES.get(option(s, "for")).map_or(60, |m| m.1);
            // Whole seconds: that is how it comes back.
            let until = Utc::from_secs(model.utc().secs() + minutes * 60);
            Some((source(d)?, SideAct::Silence { matchers, until, why: s.value("why").into() }))
        }
        What::FlagOff | What::FlagOn => {
            let f = &d["flags"][option(s, "flag")];
            let key = text(&f["key"])?;
            let act = if s.what == What::FlagOn { SideAct::FlagOn { key } } else { SideAct::FlagOff { key } };
            Some((source(f)?, act))
        }
        What::Wake => {
            let p = &d["people"][option(s, "who")];
            let (team, person) = (text(&p["team"])?, text(&p["person"])?);
            Some((source(p)?, SideAct::Wake { team, person, why: s.value("why").into() }))
        }
        What::Revoke => {
            let a = &d["artifacts"][option(s, "version")];
            let service = serde_json::from_value(d["service"].clone()).ok()?;
            let (version, digest) = (text(&a["version"])?, text(&a["digest"]));
            Some((source(a)?, SideAct::Revoke { service, version, digest, why: s.value("why").into() }))
        }
        What::Tell => {
            let said = ["conditions", "actions", "needs"].map(|k| format!("{k}: {}", s.value(k)));
            let act = SideAct::Tell { audience: s.value("audience").into(), text: said.join("\n").into() };
            Some((tells(model)?, act))
        }
        What::OpenIncident
        | What::ChangeIncident
        | What::CloseIncident
        | What::TakeLead
        | What::GiveLead
        | What::Tasks
        | What::Checklists
        | What::Decide => None,
    }
}

/// The chosen flag as it stood when the dialog opened.
pub(super) fn shown_flag(s: &Sheet) -> Option<Flag> {
    let flag = &s.data["flags"][option(s, "flag")]["shown"];
    serde_json::from_value(flag.clone()).ok()
}

/// What the actor saw, for the record.
pub(super) fn seen(model: &Model, s: &Sheet) -> Value {
    let mut seen = json!({"service": s.data["service"], "said": s.said});
    match act_of(model, s).map(|a| a.1) {
        Some(SideAct::Ack { .. }) => seen["names"] = s.data["names"].clone(),
        Some(SideAct::Silence { matchers, .. }) => {
            let all = muted(model, &matchers);
            seen["hides"] = json!(all.len());
            seen["pages"] = json!(all.iter().filter(|t| **t == Tier::Page).count());
        }
        Some(SideAct::Revoke { service, version, .. }) => {
            let runs: Vec<String> = aside::runs(model, &service, &version).into_iter().map(|r| r.1).collect();
            seen["runs"] = json!(runs);
        }
        Some(_) | None => {}
    }
    if let Some(service) = s.data["service"].as_str().map(ServiceId::new) {
        seen["alerts"] = json!(aside::line(model, &service));
    }
    seen["runbook"] = json!(steps::this_runbook(model));
    seen["incident"] = json!(casework::current_id(model));
    seen
}
