//! An open dialog as lines: the target in full, what will happen, every request exactly, what is not undone, what is
//! not ok, the expected time, and the one line that confirms it. Nothing in it moves with time, so it is said once.

use super::{show, whole, words};
use crate::core::act::able::always_named;
use crate::core::act::dialog::{ActDialog, Dialog, DialogKind, PlanState, RunDialog};
use crate::core::act::gate::GateState;
use crate::core::act::many::{Group, Line, Many, Whole};
use crate::core::act::plan::{Direction, Plan, Verb};
use crate::core::act::sheet::{Field, Sheet, What};
use crate::core::act::side::Made;
use crate::core::age;
use crate::core::case::others;
use crate::core::finish;
use crate::core::frozen;
use crate::core::gates;
use crate::core::intent::Intent;
use crate::core::judge::readiness::CheckState;
use crate::core::model::Model;

/// The line that would confirm the dialog as it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Due {
    /// These words, whole.
    Yes(String),
    /// The name, alone.
    Name(String),
    /// The reason of an emergency, before the name.
    Reason,
}

/// `None`: no line confirms it now (it is being made, it is refused, it was confirmed already).
pub fn due(model: &Model, dialog: &Dialog) -> Option<Due> {
    let yes = |intent: Intent, what: &str| Some(Due::Yes(format!("yes {} {what}", intent.name())));
    match &dialog.kind {
        DialogKind::Arm => yes(Intent::Arm, &model.environment.name),
        DialogKind::Disarm => yes(Intent::Disarm, &model.environment.name),
        DialogKind::Acknowledge(t) => yes(Intent::Acknowledge, &t.at()),
        DialogKind::Many(m) => {
            if m.refused.is_some() || (m.is_reading() && !m.sent) {
                return None;
            }
            if let Some(name) = &m.name {
                return Some(Due::Name(name.must.to_string()));
            }
            let on = frozen::name_of(model, m.service.as_ref());
            m.is_ready().then(|| Due::Yes(format!("yes {} {on}", many_word(m.whole))))
        }
        DialogKind::Sheet(s) => {
            let on = s.on.split_whitespace().next().unwrap_or(&model.environment.name);
            if let Some(sends) = &s.sends {
                if sends.refused.is_some() || sends.ready().is_none() {
                    return None;
                }
                if let Some(name) = &sends.name {
                    return Some(Due::Name(name.must.to_string()));
                }
                if sends.flight.is_some() {
                    return None;
                }
            }
            (s.missing().is_none()).then(|| Due::Yes(format!("yes {} {on}", sheet_word(s.what))))
        }
        DialogKind::Run(r) => match &r.name {
            Some(name) => Some(Due::Name(name.must.to_string())),
            None => Some(Due::Yes(format!("yes step {} {}", r.step, r.runbook))),
        },
        DialogKind::Act(d) => {
            if d.refused.is_some() || d.plan().is_none() {
                return None;
            }
            if d.emergency.as_ref().is_some_and(|e| !e.taken) && d.act.is_none() {
                return Some(Due::Reason);
            }
            if let Some(name) = &d.name {
                return Some(Due::Name(name.must.to_string()));
            }
            let at = d.operation.target.at();
            d.act.is_none().then(|| Due::Yes(format!("yes {} {at}", words::verb(d.operation.verb))))
        }
    }
}

/// The last line of a dialog: what to type.
pub fn prompt(model: &Model, dialog: &Dialog) -> Option<String> {
    due(model, dialog).map(|d| match d {
        Due::Yes(words) => format!("type: {words}"),
        Due::Name(name) => format!("type the name: {name}"),
        Due::Reason => "type: because, and a sentence why this cannot wait".into(),
    })
}

/// The dialog as it stands, without its prompt.
pub fn lines(model: &Model, dialog: &Dialog) -> Vec<String> {
    let minutes = model.limits.arm / 60_000;
    match &dialog.kind {
        DialogKind::Arm => vec![
            format!("ARM this console, {}, for {minutes} minutes.", show::place(model)),
            "Forward acts can then go out, each after its own dialog. Anything else you type starts nothing.".into(),
        ],
        DialogKind::Disarm => vec![format!("DISARM this console, {}: back to LOOK-ONLY.", show::place(model))],
        DialogKind::Acknowledge(t) => vec![
            format!("ACKNOWLEDGE the WORSE verdict of {}.", t.at()),
            "It no longer stands by itself; the next look that finds it worse says so again.".into(),
        ],
        DialogKind::Sheet(s) => sheet(s),
        DialogKind::Run(r) => run(r),
        DialogKind::Many(m) => many(model, dialog, m),
        DialogKind::Act(d) => act(model, dialog, d),
    }
}

/// A program of a runbook, with all that decides what runs.
fn run(r: &RunDialog) -> Vec<String> {
    let mut out = vec![format!("RUN step {} of runbook {}: {}.", r.step, r.runbook, r.title)];
    out.extend(r.lines.iter().map(|l| format!("  {l}")));
    out.push(format!("  command {}, {}.", r.command_hash, r.limits));
    out.push(format!("  file {}, {}.", r.file, r.file_hash));
    out.extend(r.vars.iter().map(|(k, v)| format!("  {k}={v}")));
    out.push(format!("  passed on: {}.", r.passed.join(", ")));
    if r.unmarked {
        out.push("It comes from a shell block of a file not written for andon: read it.".into());
    }
    out.extend(r.name.iter().flat_map(|n| &n.why).map(|w| format!("NOT AS IT SHOULD BE: {w}.")));
    out
}

/// The word of the act that opened it.
fn many_word(whole: Whole) -> &'static str {
    match whole {
        Whole::Freeze => Intent::Freeze.name(),
        Whole::Thaw => Intent::Thaw.name(),
        Whole::RollBack => words::verb(Verb::RollBack),
        Whole::Hold => words::verb(Verb::Hold),
    }
}

/// Several targets at once: its lists, each line by its number, to be ticked with `tick N`.
fn many(model: &Model, dialog: &Dialog, m: &Many) -> Vec<String> {
    let mut out = Vec::new();
    if m.is_reading() && m.refused.is_none() && !m.sent {
        out.push(format!("reading {} targets and making the plans.", m.lines.len()));
        return out;
    }
    let going = m.going().count();
    let word = m.whole.word().to_uppercase();
    let place = show::place(model);
    out.push(match (&m.service, m.whole) {
        (Some(s), _) => format!("{word} {s}: {going} of {} targets in {place}.", m.lines.len()),
        (None, Whole::Thaw) => format!("{word} what the cord holds in {place}: {going} of {}.", m.lines.len()),
        (None, _) => format!("{word} everything that moves in {place}: {} moving.", m.lines.len()),
    });
    out.extend(dialog.changed.iter().map(|c| format!("CHANGED: {c}.")));
    if let Some(why) = &m.refused {
        out.push(format!("REFUSED: {why}. Nothing was sent. Any line closes this."));
        return out;
    }
    out.extend(m.name.iter().flat_map(|n| &n.why).map(|w| format!("NOT AS IT SHOULD BE: {w}.")));
    if m.sent {
        if m.name.is_none() {
            out.push("confirmed: writing the intents to disk and reading the targets again. Wait.".into());
        }
        return out;
    }
    for (i, n) in m.order().into_iter().enumerate() {
        let l = &m.lines[n];
        let at = l.seen.id.at();
        let what = match (l.goes(m.whole), l.operation.verb) {
            (true, Verb::RollBack) => "will be rolled back",
            (true, Verb::Hold) => "will be held",
            (true, _) => "will be released",
            (false, _) => match l.group {
                Group::GoingBack => "goes back already, left alone",
                Group::Held => "held already, left alone",
                Group::Cannot if m.whole == Whole::Thaw => "not released",
                Group::Cannot => "cannot be held",
                Group::WorseHere => "worse, hold would switch off its own rollback, left alone",
                Group::Will => "left out",
            },
        };
        let why = if l.why.is_empty() { String::new() } else { format!(", {}", l.why.join(", ")) };
        out.push(format!("line {}, {at}: {what}{why}.", i + 1));
    }
    let ticks = match m.whole {
        Whole::Freeze => Some("tick N rolls line N back instead"),
        Whole::RollBack | Whole::Hold => Some("tick N drops line N, or takes it in again"),
        Whole::Thaw => None,
    };
    let requests: usize = m.going().filter_map(|l| l.plan()).map(|p| p.steps.len()).sum();
    out.push(format!("{requests} requests, each target on its own; requests says them."));
    out.extend(ticks.map(|t| format!("{t}; any other line closes this and starts nothing.")));
    if m.whole.direction() == Direction::Backward && !model.is_armed() && model.environment.production {
        out.push("LOOK-ONLY: confirming sends these alone.".into());
    }
    out
}

/// Every request of what goes.
pub fn all_requests(m: &Many) -> Vec<String> {
    let one = |l: &Line| {
        let plan = l.plan()?;
        Some(std::iter::once(format!("for {}:", l.seen.id.at())).chain(requests(plan)).collect::<Vec<_>>())
    };
    m.going().filter_map(one).flatten().collect()
}

/// The word of the act that opened a dialog with fields.
fn sheet_word(what: What) -> &'static str {
    match what {
        What::OpenIncident | What::ChangeIncident => Intent::OpenIncident.name(),
        What::CloseIncident => Intent::CloseIncident.name(),
        What::TakeLead => Intent::TakeLead.name(),
        What::GiveLead => Intent::GiveLead.name(),
        What::Tasks => Intent::Debts.name(),
        What::Tell => Intent::Tell.name(),
        What::Decide => Intent::Decide.name(),
        What::Checklists => Intent::Checklists.name(),
        What::Ack => Intent::Acknowledge.name(),
        What::Silence => Intent::Silence.name(),
        What::Wake => Intent::Wake.name(),
        What::Revoke => Intent::Revoke.name(),
        What::FlagOff => Intent::FlagOff.name(),
        What::FlagOn => Intent::FlagOn.name(),
    }
}

/// With one full stop, whether it brought its own or not.
fn stopped(text: &str) -> String {
    format!("{}.", text.trim_end_matches('.'))
}

/// A dialog with fields: each row by its number, to be set with `set N WORDS`.
fn sheet(s: &Sheet) -> Vec<String> {
    let mut out = vec![format!("{} {}.", s.title, s.on)];
    out.extend(s.said.iter().map(|l| stopped(l)));
    for (n, row) in s.rows.iter().enumerate() {
        let value = match row.value() {
            "" if row.must.is_some() => "asked for",
            "" => "empty",
            value => value,
        };
        let options = match &row.field {
            Field::Choice { options, .. } => {
                let all: Vec<&str> = options.iter().map(|o| &**o).collect();
                format!("; one of: {}", all.join(", "))
            }
            Field::Text(_) => String::new(),
        };
        let beside = if row.beside.is_empty() { String::new() } else { format!(" ({})", row.beside) };
        out.push(format!("row {}, {}: {value}{beside}{options}.", n + 1, row.name));
    }
    out.extend(s.below.iter().map(|(_, l)| stopped(l)));
    let Some(sends) = &s.sends else { return out };
    match &sends.plan {
        Made::Reading => out.push("making the request. Wait.".into()),
        Made::Cannot(why) => out.push(format!("CANNOT: {why}.")),
        Made::Ready(p) => {
            out.push(format!("{}", p.sentence));
            out.push(format!("will send to {}: {} {} {}", p.source, p.request.method, p.request.path, p.request.shown));
            out.extend(p.not_undone.iter().chain(&p.cautions).map(ToString::to_string));
        }
    }
    out.extend(sends.refused.iter().map(|why| format!("REFUSED: {why}. Nothing was sent.")));
    out.extend(sends.name.iter().flat_map(|n| &n.why).map(|w| format!("NOT AS IT SHOULD BE: {w}.")));
    out.extend(s.missing().map(|(n, why)| format!("row {} is missing: {why}.", n + 1)));
    if !s.rows.is_empty() {
        let nothing = if s.sends.is_some() { "sends" } else { "records" };
        out.push(format!("set N WORDS fills row N; any other line closes this and {nothing} nothing."));
    }
    out
}

fn act(model: &Model, dialog: &Dialog, d: &ActDialog) -> Vec<String> {
    let t = &d.seen;
    let mut out = Vec::new();
    if d.plan == PlanState::Reading && d.refused.is_none() {
        out.push(format!("reading {} and making the plan.", t.id.at()));
        return out;
    }
    let verb = d.operation.verb.word().to_uppercase();
    let to = d.plan().filter(|p| p.from != p.to).map(|p| format!(" to {}", words::version(t, p.to.as_ref())));
    let at = t.id.at();
    out.push(format!("{verb} {at}{}, namespace {}, {}.", to.unwrap_or_default(), t.id.namespace, show::place(model)));
    let cut = dialog.act().and_then(|d| finish::cut(model, &d.operation.target, d.operation.verb));
    out.extend(cut.map(|l| format!("FINISHES: {}.", finish::notice(l))));
    out.extend(d.going.iter().map(|g| format!("GOING BACK: {g}.")));
    out.extend(d.tried.iter().map(|t| format!("DRY RUN: the server says no: {t}.")));
    out.extend(dialog.changed.iter().map(|c| format!("CHANGED: {c}.")));
    if let PlanState::Cannot(why) = &d.plan {
        out.push(format!("CANNOT: {why}. Nothing was sent. Any line closes this."));
        return out;
    }
    // Said before what it would have done: it will not.
    if let Some(why) = &d.refused {
        out.push(format!(
            "REFUSED: {why}. Nothing was sent. requests says what it would have sent, any other line closes this."
        ));
        checks(d, &mut out);
        return out;
    }
    if let Some(e) = d.emergency.as_ref() {
        out.push("EMERGENCY: it passes the gates that block. A loud record and four debts follow: review, tests, SBOM, follow-up.".into());
        if e.taken {
            out.push(format!("because: {}.", e.reason.trim()));
        }
    }
    if d.direction() == Direction::Forward && d.act.is_none() {
        out.push(format!("{}.", gates::asked(model, t)));
    }
    let always = always_named(&d.operation);
    out.extend(
        d.name
            .iter()
            .flat_map(|n| &n.why)
            .map(|w| if always.as_ref() == Some(w) { format!("{w}.") } else { format!("NOT AS IT SHOULD BE: {w}.") }),
    );
    // Asked for after it was confirmed: the rest has been said.
    if d.act.is_some() {
        if d.name.is_none() {
            out.push("confirmed: writing the intent to disk and reading the target again. Wait.".into());
        }
        return out;
    }
    out.extend(story(model, d));
    if d.direction() == Direction::Backward && !model.is_armed() && model.environment.production {
        out.push("LOOK-ONLY: confirming sends this one act.".into());
    }
    out.push("any other line closes this and starts nothing.".into());
    out
}

/// What the act is about: versions, what happens, what is not undone, what is not as it should be, every request.
pub fn story(model: &Model, d: &ActDialog) -> Vec<String> {
    let mut out = Vec::new();
    if let Some(plan) = d.plan() {
        versions(d, plan, &mut out);
        out.push(format!("will happen: {}", plan.sentence));
        out.extend(plan.not_undone.iter().map(|n| format!("not undone: {n}")));
        if d.operation.verb == Verb::RollBack {
            out.push(match d.readiness.expected {
                Some((ms, n)) => format!("expected: {}, median of {n}.", age::rough(ms)),
                None => "expected: no history to tell how long it takes.".into(),
            });
        }
        out.extend(plan.cautions.iter().map(|c| format!("caution: {c}.")));
    }
    let others = others::on_target(&model.people, &model.others, &model.environment.who, &d.operation.target);
    out.extend(others.into_iter().map(|o| format!("caution: {o}.")));
    checks(d, &mut out);
    out.extend(d.plan().map(requests).unwrap_or_default());
    out
}

fn versions(d: &ActDialog, plan: &Plan, out: &mut Vec<String>) {
    let t = &d.seen;
    let one = |word: &str, h: Option<&crate::core::id::Hash>| {
        let role = match h {
            Some(h) if Some(h) == t.candidate.as_ref() && t.is_moving() => words::doing(t),
            Some(h) if Some(h) == t.stable.as_ref() => "stable".into(),
            Some(_) | None => "kept".into(),
        };
        let pods = h.and_then(|h| t.revision(h)).map_or_else(
            || "pods not known".into(),
            |r| format!("{}, {} ready", crate::core::world::target::pods(r.replicas.existing), r.replicas.ready),
        );
        format!("{word}: {}, {role}, {pods}.", words::version(t, h))
    };
    if plan.from == plan.to {
        out.push(one("version", plan.from.as_ref()));
    } else {
        out.push(one("from", plan.from.as_ref()));
        out.push(one("to", plan.to.as_ref()));
    }
}

/// Every request as it will be sent. Broken into lines, never cut.
pub fn requests(plan: &Plan) -> Vec<String> {
    let n = plan.steps.len();
    let mut out = Vec::new();
    for (i, s) in plan.steps.iter().enumerate() {
        let r = &s.request;
        out.extend(whole(&format!("request {} of {n}: {} {}", i + 1, r.method, r.path)));
        out.extend(whole(&format!("as {}", r.content_type)));
        out.extend(whole(&r.shown));
        if !s.guards.is_empty() {
            out.push(format!("guarded by: {}.", s.guards.join(", ")));
        }
        let when = if i + 1 == n { "settled when" } else { "done when" };
        out.push(format!("{when}: {}.", s.done_words));
    }
    out
}

fn checks(d: &ActDialog, out: &mut Vec<String>) {
    if d.operation.verb == Verb::RollBack && !d.readiness.checks.is_empty() {
        let (ok, of) = d.readiness.count();
        out.push(format!("ready: {ok} of {of} checks."));
        for c in d.readiness.checks.iter().filter(|c| !matches!(c.state, CheckState::Ok | CheckState::NotConfigured)) {
            let word = match c.state {
                CheckState::Blocked => "BLOCKED",
                CheckState::Warn => "caution",
                CheckState::NotConfigured => "not configured",
                CheckState::Unknown | CheckState::Ok => "not known",
            };
            out.push(format!("{word}: {}.", c.how));
        }
    }
    // What is not ok is said, the rest is counted.
    let fine = d.gates.iter().filter(|g| g.state == GateState::Ok).count();
    for g in d.gates.iter().filter(|g| g.state != GateState::Ok) {
        out.push(format!("gate {}, {}: {}.", g.gate.word(), g.state.word(), g.words));
    }
    if !d.gates.is_empty() {
        out.push(format!("gates: {fine} of {} ok.", d.gates.len()));
    }
    if let Some(ms) = d.repeated {
        out.push(format!("AGAIN? The same act was sent {} ago.", age::span(ms)));
    }
}
