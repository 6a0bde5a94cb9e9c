//! A runbook's program: its dialog, its way from `Y` to disk to the engine, and what comes of it. Nothing starts that was
//! not shown, nothing before its intent is on disk.

use super::{bump, steps};
use crate::core::act::dialog::{Dialog, DialogKind, NameField, RunDialog};
use crate::core::act::plan::Ticket;
use crate::core::case::bench::{Phase, Running};
use crate::core::case::runbook::order::{ENV_ALWAYS, Ended, How, Order};
use crate::core::case::runbook::{Command, StepKind};
use crate::core::effect::Effect;
use crate::core::intent::Intent;
use crate::core::model::Model;
use crate::core::runbooks;
use serde_json::json;
use std::sync::Arc;

/// Last lines kept of programs that ended.
const KEPT: usize = 20;

/// May a program start at all? A sentence when not.
fn may(model: &Model) -> Result<(), String> {
    if model.environment.read_only {
        return Err("read-only for this session: no command runs".into());
    }
    if model.environment.production && !model.is_armed() {
        let keys = model.how(Intent::Arm);
        return Err(format!("LOOK-ONLY: {keys} arms this console first; a command can do anything"));
    }
    if model.log.trouble().is_some() {
        return Err("the log cannot be written: no command runs".into());
    }
    Ok(())
}

/// Shows all that would run.
pub(super) fn open(model: &mut Model, name: &Arc<str>, number: u32) {
    if let Err(why) = may(model) {
        model.tell(why);
        return;
    }
    if model.nav.is_burst() {
        model.tell("keys came too fast for a hand; nothing was opened");
        return;
    }
    let Some(book) = model.runbooks.get(name) else { return };
    let Some((step, c)) = book.step(number).and_then(|s| Some((s, s.kind.command()?))) else { return };
    let must = model.nav.selected.as_ref().map_or_else(|| name.to_string(), |s| s.as_str().to_owned());
    let danger = || NameField::new(&must, vec!["the runbook calls this step dangerous".into()]);
    let dialog = RunDialog {
        runbook: name.clone(),
        step: number,
        title: step.title.clone(),
        file: book.file.clone().unwrap_or_else(|| "shipped with this program".into()),
        file_hash: book.hash.clone(),
        command_hash: c.hash().into(),
        lines: c.lines(),
        limits: c.limits(),
        vars: runbooks::vars(model, name, number),
        passed: ENV_ALWAYS.iter().map(|n| Arc::from(*n)).chain(c.env.iter().cloned()).collect(),
        shell: c.shell,
        unmarked: c.unmarked,
        name: c.danger.then(danger),
    };
    super::sheet::put_by(model);
    let id = model.next_dialog();
    model.dialog = Some(Dialog::new(id, DialogKind::Run(Box::new(dialog)), model.now.person));
    bump(model);
}

/// `Y` counted, or the name matched.
pub(super) fn submit(model: &mut Model, out: &mut Vec<Effect>) {
    let Some(shown) = model.dialog.take().and_then(|d| match d.kind {
        DialogKind::Run(r) => Some(*r),
        _ => None,
    }) else {
        return;
    };
    let name = shown.runbook.clone();
    if let Err(why) = may(model) {
        model.tell(why);
        return;
    }
    let Some(command) = this(model, &shown) else {
        model.tell("the runbook changed under the dialog: nothing ran; look again");
        return;
    };
    let ticket = model.next_ticket();
    let data = json!({
        "stands": "running",
        "state": format!("runs {}", command.words()),
        "ticket": ticket.0,
        "argv": command.argv,
        "command_sha256": shown.command_hash,
        "dir": command.dir(),
        "timeout_ms": command.timeout_ms,
        "env": shown.passed,
        "vars": shown.vars.iter().map(|(k, v)| (k.to_string(), json!(v))).collect::<serde_json::Map<_, _>>(),
        "file": shown.file,
        "name_typed": shown.name.is_some(),
        "unmarked": command.unmarked,
    });
    let file = model.runbooks.get(&name).and_then(|b| b.file.clone());
    let (runbook, step, hash) = (name.clone(), shown.step, shown.file_hash);
    let order = Order { ticket, runbook, step, file, hash, command, vars: shown.vars };
    let since = model.now.utc;
    model.bench.commands.push(Running { order, since, phase: Phase::Writing, tail: Vec::new(), bytes: 0 });
    let entry = steps::entry(model, &name, shown.step, data);
    steps::taken(model, &name, &entry);
    out.push(Effect::Append { entry, ticket: Some(ticket) });
}

/// The command that was shown, if it is still what the book says.
fn this(model: &Model, shown: &RunDialog) -> Option<Command> {
    let book = model.runbooks.get(&shown.runbook).filter(|b| b.hash == shown.file_hash)?;
    let c = book.step(shown.step).map(|s| &s.kind).and_then(StepKind::command)?;
    (c.hash() == *shown.command_hash).then(|| c.clone())
}

/// Its intent is on disk: it starts. A slow disk lends no arming.
pub(super) fn durable(model: &mut Model, ticket: Ticket, out: &mut Vec<Effect>) {
    let may = may(model);
    let Some(r) = model.bench.by_ticket(ticket).filter(|r| r.phase == Phase::Writing) else { return };
    match may {
        Ok(()) => {
            r.phase = Phase::Running;
            out.push(Effect::Run(Box::new(r.order.clone())));
            bump(model);
        }
        Err(why) => ended(model, ticket, Ended::not_run(why), out),
    }
}

pub(super) fn not_durable(model: &mut Model, ticket: Ticket, why: &Arc<str>, out: &mut Vec<Effect>) {
    if model.bench.by_ticket(ticket).is_some_and(|r| r.phase == Phase::Writing) {
        ended(model, ticket, Ended::not_run(format!("the log does not take it: {why}")), out);
    }
}

pub(super) fn said(model: &mut Model, ticket: Ticket, tail: Vec<Arc<str>>, bytes: u64) {
    if let Some(r) = model.bench.by_ticket(ticket) {
        (r.tail, r.bytes) = (tail, bytes);
        bump(model);
    }
}

/// Stops a program of this console. False: none runs for this step.
pub(super) fn stop(model: &mut Model, name: &Arc<str>, step: u32, out: &mut Vec<Effect>) -> bool {
    let Some(ticket) = model.bench.command(name, step).map(|r| r.order.ticket) else { return false };
    let Some(r) = model.bench.by_ticket(ticket) else { return false };
    match std::mem::replace(&mut r.phase, Phase::Stopping) {
        // Nothing has started: it never will.
        Phase::Writing => ended(model, ticket, Ended::not_run("stopped before it started"), out),
        Phase::Running => {
            out.push(Effect::StopRun(ticket));
            model.tell("it is told to end, with everything it started");
        }
        Phase::Stopping => model.tell("it was told to end"),
    }
    bump(model);
    true
}

/// It is over.
pub(super) fn ended(model: &mut Model, ticket: Ticket, ended: Ended, out: &mut Vec<Effect>) {
    let Some(at) = model.bench.commands.iter().position(|r| r.order.ticket == ticket) else { return };
    let r = model.bench.commands.remove(at);
    let (name, step) = (r.order.runbook.clone(), r.order.step);
    let passed = ended.passed();
    let how = ended.words();
    let (exit, signal) = match &ended.how {
        How::Exit(code) => (Some(*code), None),
        How::Signal(n) => (None, Some(*n)),
        How::Stopped | How::TimedOut | How::NotRun(_) | How::Unknown(_) => (None, None),
    };
    // An exit code alone is no reason where a wish was not met.
    let why = match &ended.how {
        How::Exit(_) if !passed => format!("{how}: {}", ended.judged.words),
        _ => how.clone(),
    };
    let ran = !matches!(ended.how, How::NotRun(_) | How::Unknown(_));
    let mut data = json!({
        "stands": if passed { "done" } else { "failed" },
        "state": if passed { format!("done, {how}") } else { format!("FAILED, {why}") },
        "words": how,
        "why": (!passed).then_some(why),
        "found": ended.judged.found,
        "of_ticket": ticket.0,
        "command_sha256": r.order.command.hash(),
        "exit": exit,
        "signal": signal,
        "took_ms": ran.then_some(ended.took_ms),
        "bytes": ran.then_some(ended.bytes),
        "output_sha256": ran.then_some(ended.sha256.clone()),
        "first": ended.first,
        "left": (ended.left > 0).then_some(ended.left),
        // The engine puts what was kept of the output here, before it is written.
        "output": (ran && ended.bytes > 0).then(|| json!({"run": ticket.0})),
    });
    steps::smoke(model, &name, step, &mut data);
    if !ended.tail.is_empty() {
        model.bench.said.retain(|(b, s, _)| !(*b == name && *s == step));
        model.bench.said.push((name.clone(), step, ended.tail.clone()));
        let more = model.bench.said.len().saturating_sub(KEPT);
        model.bench.said.drain(..more);
    }
    steps::record(model, &name, step, data, out);
    model.tell(format!("{name} step {step}: {}", if passed { how } else { format!("FAILED, {}", ended.words()) }));
    if let Some(fresh) = ended.fresh {
        // The next dialog shows what the file says now.
        model.runbooks.insert(name.clone(), *fresh);
        steps::refresh(model, &name);
    }
}
