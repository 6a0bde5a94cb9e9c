//! What is new after a message, as lines: one for each event, never the same fact twice. Events of the log are told from
//! its records, those of an act from its timeline; the rest is compared with what was said last.

use super::{say, say_all, status};
use crate::core::act::dialog::Dialog;
use crate::core::act::flight::{Act, State};
use crate::core::alarm;
use crate::core::effect::Effect;
use crate::core::entry::{Entry, Kind};
use crate::core::id::ServiceId;
use crate::core::model::Model;
use crate::core::nav::Screen;
use crate::core::plain::{ask, show, words};
use crate::core::said::Asked;
use crate::core::time::{Utc, World};
use crate::core::update::{Touched, records};
use crate::core::world::source::Link;
use serde_json::Value;

/// Alarms that are told as they come. The others are told as what they are: an act's state, a verdict, a burn.
const TOLD: std::ops::RangeInclusive<u8> = 2..=6;
const CONFIG: u8 = 10;
/// The offer to open an incident, and two that are open.
const INCIDENT: u8 = alarm::INCIDENT;

/// `typed`: the message was a line, so a notice is its answer.
pub(in crate::core::update) fn tell(model: &mut Model, typed: bool, touched: &Touched, out: &mut Vec<Effect>) {
    let before = out.len();
    let entries: Vec<Entry> = out
        .iter()
        .filter_map(|e| match e {
            Effect::Append { entry, .. } | Effect::AppendLate { entry, .. } => Some(entry.clone()),
            _ => None,
        })
        .collect();
    if !model.said.begun {
        model.said.begun = true;
        say_all(out, show::greeting(model));
        if model.nav.screen == Screen::Choose {
            say_all(out, show::choices(model));
        }
    }
    for e in &entries {
        record(model, e, out);
    }
    acts(model, out);
    if !model.said.awake && !matches!(model.nav.screen, Screen::Waking | Screen::Choose) {
        model.said.awake = true;
        status(model, false, out);
        model.said.burns =
            model.burns.iter().map(|(s, b)| (s.clone(), words::burn_word(b.deciding()).into())).collect();
    } else if model.said.awake {
        burns(model, touched, out);
    }
    sources(model, out);
    // None of those told here comes from one rollout or its figures.
    if !matches!(touched, Touched::Service(_)) {
        alarms(model, out);
    }
    notice(model, typed, out);
    // Until it is answered who asks, the dialog is not shown.
    if !crate::core::update::who::is_open(model) {
        dialog(model, out);
    }
    // Stopping comes after what is said of it.
    if let Some(at) = out.iter().position(|e| matches!(e, Effect::Suspend)) {
        let stop = out.remove(at);
        out.push(stop);
    }
    if out.len() > before {
        // Something was written: a dialog counts as shown only after it.
        super::bump(model);
    }
}

fn event(out: &mut Vec<Effect>, at: Utc, words: &str) {
    say(out, &format!("{} {words}", words::clock(at)));
}

/// A record of the log, where no other place tells it.
fn record(model: &Model, e: &Entry, out: &mut Vec<Effect>) {
    let at = e.target.as_ref().map(|t| t.at()).unwrap_or_default();
    let s = |k: &str| e.data.get(k).and_then(Value::as_str).unwrap_or_default();
    match e.kind {
        // Before the first status the status says it.
        Kind::Phase | Kind::Verdict if !model.said.awake => {}
        Kind::Phase => event(out, e.at, &format!("rollout {at} {}", s("words"))),
        Kind::Verdict => {
            let t = e.target.as_ref().and_then(|t| model.world.targets.get(t));
            let said = t.map_or_else(|| s("words").to_owned(), |t| words::verdict(model, t));
            event(out, e.at, &format!("verdict {at} {said}"));
        }
        Kind::Source => {
            let id = s("source");
            let state = model.world.sources.iter().find(|(n, _)| n.as_str() == id).map(|(_, s)| s);
            let said = match state.map(|s| &s.link) {
                Some(Link::Failed(e)) => format!("FAILED, {}", e.sentence),
                Some(Link::Watching | Link::Polling) => "connected".into(),
                Some(Link::Connecting | Link::Reading { .. }) | None => s("words").to_owned(),
            };
            event(out, e.at, &format!("source {id} {said}"));
        }
        Kind::Armed => {
            let minutes = model.limits.arm / 60_000;
            event(out, e.at, &format!("armed for {minutes} minutes: forward acts can go out"));
        }
        Kind::Disarmed => event(out, e.at, &format!("disarmed LOOK-ONLY again, {}", s("why"))),
        Kind::Runbook => {
            let step = e.data.get("step").and_then(Value::as_u64).and_then(|n| u32::try_from(n).ok()).unwrap_or(0);
            let state = model.progress.get(s("runbook")).map(|p| show::state(p.state(step))).unwrap_or_default();
            event(out, e.at, &format!("runbook {} step {step}, {state}", s("runbook")));
        }
        Kind::Alert if model.said.awake && e.data["first"] != true => {
            event(out, e.at, &format!("alert {}", s("words")))
        }
        Kind::Alert => {}
        Kind::Silenced | Kind::Woken | Kind::Flagged | Kind::Revoked => {
            event(out, e.at, &format!("{} {}", e.kind.word(), records::strip(e).unwrap_or_default()));
        }
        Kind::Acknowledged if s("what") == "alerts" => event(out, e.at, &records::strip(e).unwrap_or_default()),
        // Of a side act: what a person must know before its own record, or in its place.
        Kind::Refused | Kind::Unknown | Kind::Stuck | Kind::Resolved if e.data["subject"].is_string() => {
            event(out, e.at, &records::strip(e).unwrap_or_default());
        }
        Kind::Acknowledged => event(out, e.at, &format!("acknowledged {at} verdict")),
        // The open dialog says what changed.
        Kind::Changed if model.dialog.is_none() => event(out, e.at, &format!("changed {at} {}", s("what"))),
        // An act of an ended session; our own are told by their timelines.
        Kind::Resolved if e.data.get("session").is_some() => {
            event(out, e.at, &format!("resolved {at} {}, left by an ended session, {}", s("verb"), s("found")));
        }
        Kind::IncidentOpened
        | Kind::IncidentChanged
        | Kind::IncidentClosed
        | Kind::Lead
        | Kind::Decision
        | Kind::FollowUp
        | Kind::Debt
        | Kind::Ticked
        | Kind::Checklist
        | Kind::Told => {
            let word = e.kind.word();
            let kind = if word.starts_with("incident") { "incident" } else { word };
            let said = records::strip(e).unwrap_or_default();
            // The strip's own first word says it already.
            let said = said.strip_prefix(kind).map_or(said.as_str(), str::trim_start);
            event(out, e.at, &format!("{kind} {said}"));
        }
        Kind::Emergency | Kind::Promoted => event(out, e.at, &records::strip(e).unwrap_or_default()),
        Kind::Frozen | Kind::Thawed | Kind::Loose => {
            event(out, e.at, &format!("cord {}", records::strip(e).unwrap_or_default()));
        }
        Kind::Changed
        | Kind::Resolved
        | Kind::Opened
        | Kind::Closed
        | Kind::Intent
        | Kind::Sent
        | Kind::Accepted
        | Kind::Refused
        | Kind::Unknown
        | Kind::Seen
        | Kind::Settled
        | Kind::Stuck
        | Kind::Undone
        | Kind::Note
        | Kind::Burn
        | Kind::Figures
        | Kind::Who
        | Kind::Identity
        | Kind::Anchored => {}
    }
}

/// What the acts' timelines have that was not told.
fn acts(model: &mut Model, out: &mut Vec<Effect>) {
    for (id, a) in &model.acts {
        let told = model.said.acts.get(id).copied().unwrap_or(0);
        if a.timeline.len() == told {
            continue;
        }
        for l in a.timeline.iter().skip(told) {
            let verb = a.plan.operation.verb.word();
            let end = if a.state == State::Settled && l.text.starts_with("settled") {
                ended(model, a)
            } else {
                String::new()
            };
            event(out, l.at, &format!("act {} {verb}, {}{end}", a.target().at(), l.text));
        }
        model.said.acts.insert(*id, a.timeline.len());
    }
    // The model keeps a bounded number of acts; what is not there any more need not be remembered.
    if model.said.acts.len() > model.acts.len() {
        model.said.acts.retain(|id, _| model.acts.contains_key(id));
    }
}

/// What runs now, and the time from the first bad signal.
fn ended(model: &Model, a: &Act) -> String {
    let mut said = String::new();
    let now = model.world.targets.get(a.target());
    if let (Some(t), Some(to)) = (now, a.plan.to.as_ref().filter(|to| a.plan.from.as_ref() != Some(to))) {
        let ready = t.revision(to).map_or(0, |r| r.replicas.ready);
        said.push_str(&format!(", {} runs on {ready} of {} pods", a.seen.called(to), t.wanted));
    }
    if let (Some(bad), Some(end)) = (a.bad_since, a.ended) {
        said.push_str(&format!(", bad signal to settled {}", crate::core::age::span(end.utc.since(bad))));
    }
    said
}

fn burns(model: &mut Model, touched: &Touched, out: &mut Vec<Effect>) {
    let which: Vec<ServiceId> = match touched {
        Touched::Nothing => return,
        Touched::Service(s) => vec![s.clone()],
        Touched::All => model.burns.keys().cloned().collect(),
    };
    for s in which {
        let Some(b) = model.burn(&s) else { continue };
        let word = words::burn_word(b);
        let was = model.said.burns.get(&s);
        if was.is_some_and(|w| **w == *word) {
            continue;
        }
        // A service heard of for the first time is told when it is not calm.
        if was.is_some() || word != "calm" {
            event(out, model.now.utc, &format!("burn {s} {word}, {}", words::budget(Some(b), true)));
        }
        model.said.burns.insert(s, word.into());
    }
}

/// Sources that went quiet without failing.
fn sources(model: &mut Model, out: &mut Vec<Effect>) {
    let now = model.now.utc;
    for (id, s) in &model.world.sources {
        let old = s.confirmed.is_some_and(|c| now.since(c) > s.old_after_ms) && !matches!(s.link, Link::Failed(_));
        if old && model.said.old.insert(id.clone()) {
            let ago = s.confirmed.map(|c| crate::core::age::span(now.since(c))).unwrap_or_default();
            event(out, now, &format!("source {id} OLD, last heard {ago} ago, what it says may be wrong"));
        } else if !old && model.said.old.remove(id) && !matches!(s.link, Link::Failed(_)) {
            event(out, now, &format!("source {id} fresh again"));
        }
    }
}

/// When the next source would be called old by time alone.
pub(in crate::core::update) fn next_wake(model: &Model) -> Option<World> {
    let now = model.now;
    let fresh = model.world.sources.iter().filter(|(id, _)| !model.said.old.contains(*id));
    let left = fresh.filter_map(|(_, s)| Some(s.confirmed?.0 + s.old_after_ms + 1 - now.utc.0));
    left.filter(|ms| *ms > 0).min().map(|ms| World(now.world.0 + ms))
}

fn alarms(model: &mut Model, out: &mut Vec<Effect>) {
    let now: std::collections::BTreeSet<String> = alarm::alarms(model)
        .into_iter()
        .filter(|a| TOLD.contains(&a.rank) || matches!(a.rank, CONFIG | INCIDENT))
        .map(|a| a.text)
        .collect();
    for new in now.difference(&model.said.alarms) {
        event(out, model.now.utc, &format!("alarm {new}"));
    }
    model.said.alarms = now;
}

/// A notice: the answer to a line, else an event. A closed dialog's notice comes after what else the line did.
fn notice(model: &mut Model, typed: bool, out: &mut Vec<Effect>) {
    let Some((text, _)) = model.notice.as_ref().filter(|n| model.said.notice.as_ref() != Some(*n)) else { return };
    model.said.notice.clone_from(&model.notice);
    if typed { say(out, text) } else { event(out, model.now.utc, &format!("notice {text}")) }
}

/// The open dialog: whole when it is new or its plan has come, else what is new in it; then what to type.
fn dialog(model: &mut Model, out: &mut Vec<Effect>) {
    let Some(d) = &model.dialog else {
        model.said.dialog = None;
        return;
    };
    let whole = is_whole(d);
    let mut lines = ask::lines(model, d);
    lines.extend(ask::prompt(model, d));
    let new: Vec<String> = match &model.said.dialog {
        // Several targets change one by one: what was said of the others is not said again.
        Some(a) if (a.id == d.id && a.whole == whole) || d.many().is_some() => {
            let mut new: Vec<String> = lines.iter().filter(|l| !a.lines.contains(l)).cloned().collect();
            let prompt = ask::prompt(model, d);
            if !new.is_empty() && prompt.is_some() && new.last() != prompt.as_ref() {
                new.extend(prompt);
            }
            new
        }
        // A new dialog of an act that was confirmed asks for a name: the rest was said.
        Some(_) | None => lines.clone(),
    };
    say_all(out, new);
    model.said.dialog = Some(Asked { id: d.id, whole, lines });
}

fn is_whole(d: &Dialog) -> bool {
    d.act().is_none_or(|a| a.plan().is_some())
}
