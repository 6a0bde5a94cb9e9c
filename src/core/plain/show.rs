//! The screens as lines: status, one service, sources, runbook, what can be done, the log's end, help.

use super::{grammar, words};
use crate::core::act::able;
use crate::core::act::hand;
use crate::core::act::pick::{self, Pick};
use crate::core::age;
use crate::core::board::{self, Row};
use crate::core::budget;
use crate::core::case::runbook::{Progress, RunStep, StepKind, StepState};
use crate::core::intent::Intent;
use crate::core::judge::readiness::{self, CheckState};
use crate::core::judge::verdict::Word;
use crate::core::judge::words as figures;
use crate::core::menu::{self, Item, Ready};
use crate::core::model::{Model, Place};
use crate::core::nav::Overlay;
use crate::core::said::Listed;
use crate::core::strip;
use crate::core::world::source::Link;
use crate::core::world::target::{self, TargetState, called};
use std::sync::Arc;

/// Rows of a status that nobody asked to be longer.
const ROWS: usize = 20;

/// Where this console is, loud.
pub fn place(model: &Model) -> String {
    let name = &model.environment.name;
    match model.environment.place {
        Place::Prod => format!("PRODUCTION {name}"),
        Place::Other => format!("environment {name}, not production"),
        Place::Drill => "DRILL, nothing real is reached".into(),
        Place::Replay => format!("REPLAY {name}"),
    }
}

/// Whether acts can go out.
pub fn arming(model: &Model) -> String {
    if model.environment.read_only {
        return "READ-ONLY: no act goes out in this session".into();
    }
    match model.armed_until {
        Some(until) if model.is_armed() => {
            format!("ARMED for {} more", age::rough(until.0 - model.now.person.0))
        }
        Some(_) | None => "LOOK-ONLY".into(),
    }
}

/// The first lines of a session.
pub fn greeting(model: &Model) -> Vec<String> {
    let mut out = vec![format!("andon, {}. {}. You are {}.", place(model), arming(model), model.environment.who)];
    out.extend(model.environment.goal.iter().map(|g| format!("Goal: {g}")));
    if model.log.mine_only && model.environment.place != Place::Drill {
        out.push("log: mine only. Other consoles on this host are not seen.".into());
    }
    out.extend(model.people.iter().map(|p| format!("in: {}, {}.", p.called(&model.environment.who), p.host)));
    out.push(
        "One line for each event, with its time first. Answers have no time. Silence means nothing changed.".into(),
    );
    out.push("Type help for the words, status for what stands now.".into());
    out
}

pub fn help() -> Vec<String> {
    let mut out: Vec<String> = grammar::FORMS.iter().map(|f| format!("{}: {}.", f.form, f.does)).collect();
    let acts: Vec<&str> = grammar::ACTS.iter().map(|i| i.name()).collect();
    out.push(format!("WHAT is one of: {}. N is a number of the last status.", acts.join(", ")));
    out.push(
        "An act is confirmed by the whole line that its dialog asks for. Any other line closes it and starts nothing."
            .into(),
    );
    out
}

/// `status`: the place, the sources that do not answer, the rows. The second value is what the numbers mean.
pub fn status(model: &Model, all: bool) -> (Vec<String>, Vec<Listed>) {
    let mut out = vec![summary(model)];
    for (id, s) in &model.world.sources {
        let old = s.confirmed.is_none_or(|c| model.utc().since(c) > s.old_after_ms);
        if old || matches!(s.link, Link::Failed(_) | Link::Connecting | Link::Reading { .. }) {
            out.push(format!("source {id}: {}", words::source(model, s)));
        }
    }
    let rows: Vec<&Row> = model.rows.iter().filter(|r| all || !r.is_quiet() || r.moving > 0).collect();
    let most = if all { usize::MAX } else { ROWS };
    let mut listed = Vec::new();
    for (i, r) in rows.iter().take(most).enumerate() {
        out.push(format!("{} {}", i + 1, words::row(model, r)));
        listed.push(Listed { service: r.service.clone(), target: r.target.clone() });
    }
    let left = rows.len().saturating_sub(listed.len());
    if left > 0 {
        out.push(format!("{left} more are not fine: status all lists them."));
    }
    if model.rows.is_empty() {
        out.push(nothing(model));
    }
    (out, listed)
}

/// `status at 03:14:07Z: 1 WORSE, 1 NO DATA, 17 fine. LOOK-ONLY. 3 of 3 sources answer.`
fn summary(model: &Model) -> String {
    let mut counts: Vec<(String, usize)> = Vec::new();
    let mut fine = 0;
    for r in &model.rows {
        if r.is_fine() && r.moving == 0 {
            fine += 1;
            continue;
        }
        let word = words::row_word(model, r);
        match counts.iter_mut().find(|(w, _)| *w == word) {
            Some((_, n)) => *n += 1,
            None => counts.push((word, 1)),
        }
    }
    let mut said: Vec<String> = counts.into_iter().map(|(w, n)| format!("{n} {w}")).collect();
    said.push(format!("{fine} fine"));
    let sources = model.world.sources.len();
    let up = model.world.sources.values().filter(|s| matches!(s.link, Link::Watching | Link::Polling)).count();
    let fast = model.environment.place == Place::Drill && model.speed > 1;
    let drill = if fast { format!(" Time runs {} times as fast.", model.speed) } else { String::new() };
    format!(
        "status at {}: {}. {}. {up} of {sources} sources answer.{drill}",
        words::clock(model.utc()),
        said.join(", "),
        arming(model)
    )
}

fn nothing(model: &Model) -> String {
    let all = model.world.sources.len();
    let failed = model.world.sources.values().filter(|s| matches!(s.link, Link::Failed(_))).count();
    let reading = model.world.sources.values().any(|s| s.confirmed.is_none());
    match (all, failed, reading) {
        (0, _, _) => "No source is configured: nothing can be seen.".into(),
        (n, f, _) if f == n => "No source answers: nothing is known. This is not calm.".into(),
        (_, _, true) => "No service yet: sources are still being read.".into(),
        (_, _, false) => "The sources answered and name no service.".into(),
    }
}

/// The first list: contexts and the drill.
pub fn choices(model: &Model) -> Vec<String> {
    let mut out = vec!["Nothing is open yet. Say open and a number, or drill.".to_owned()];
    for (i, c) in model.contexts.iter().enumerate() {
        let here = if c.current { ", the current one" } else { "" };
        let namespace = c.namespace.as_ref().map(|n| format!(", namespace {n}")).unwrap_or_default();
        out.push(format!("{} {}, on {}{namespace}{here}", i + 1, c.name, c.cluster));
    }
    out
}

/// One service in full.
pub fn show(model: &Model, t: &TargetState, runbook: Option<&Arc<str>>) -> Vec<String> {
    let since = model.judged.get(&t.id).and_then(|j| j.verdict.since);
    let since = since
        .map(|s| format!(", since {}, {} ago", words::clock(s), age::span(model.utc().since(s))))
        .unwrap_or_default();
    let mut out = vec![format!("{}: {}{since}.", t.id.at(), words::verdict(model, t))];
    out.push(format!("errors: {}.", words::errors(model, t)));
    let slo = budget::has_target(model, &t.service);
    out.push(format!("budget: {}.", words::budget(model.burn(&t.service), slo)));
    if let Some(b) = model.burn(&t.service) {
        out.extend(b.proposal().map(|p| format!("proposed: hold it or pull the cord, {p}.")));
    }
    out.extend(model.burns.get(&t.service).into_iter().flat_map(|b| b.beside()).map(|l| format!("budget of {l}.")));
    out.extend(budget::spent(model, t).map(|s| format!("{}.", s.words())));
    if let Some(r) = budget::ripple(model, &t.id) {
        out.extend(r.words().map(|w| format!("{w}, by time alone; who calls whom is not known.")));
        out.extend(r.lines().into_iter().map(|l| format!("ripple: {l}.")));
    }
    let deployed = t.started.filter(|_| t.is_moving());
    let deployed = deployed.map(|s| format!(", deployed {} ago", age::age(model.utc().since(s)))).unwrap_or_default();
    out.push(format!("reach: {}, {}{deployed}, namespace {}.", words::doing(t), words::reach(t), t.id.namespace));
    out.extend(trouble(t));
    if let Some(act) = model.last_act(&t.id).filter(|a| !a.is_over()) {
        out.push(format!(
            "under way: {}. Last: {}.",
            act.doing().to_lowercase(),
            act.timeline.last().map_or("", |l| &*l.text)
        ));
    }
    out.extend(acts(model, t));
    if let Some(line) = runbook.and_then(|name| runbook_line(model, name)) {
        out.push(line);
    }
    out.push("not measured: latency, resources, traces, correctness.".into());
    out
}

/// What the target itself says that is not as usual.
fn trouble(t: &TargetState) -> Vec<String> {
    let mut out = Vec::new();
    let by = |m: Option<&crate::core::world::target::Manager>| {
        m.map(|m| format!(" by {}", hand::named(&m.name))).unwrap_or_default()
    };
    if let Some(why) = &t.invalid {
        out.push(format!("state: REFUSED by the controller, {why}."));
    }
    let pods = t.troubles();
    if !pods.is_empty() {
        out.push(format!("pods: {}.", pods.join(", ")));
    }
    if t.aborted {
        out.push(format!("state: aborted{}, traffic goes back to stable.", by(hand::of_abort(t, None))));
    }
    if t.held {
        out.push(format!("state: held{}, it stays where it is.", by(hand::of_pause(t, None))));
    }
    if let Some(g) = &t.gate {
        let until = g.until.map_or_else(|| "waits for a person".into(), |u| format!("opens at {}", words::clock(u)));
        out.push(format!("gate: {}, {until}.", g.reason));
    }
    out
}

fn ready(r: &Ready) -> String {
    match r {
        Ready::Yes(s) if s.is_empty() => "ready".into(),
        Ready::Yes(s) => format!("ready, {}", s.replace('/', " of ")),
        Ready::But(s) => format!("ready, but {}", s.replace('/', " of ").replace("(!)", "with a caution")),
        Ready::No(s) => format!("NOT READY, {s}"),
    }
}

fn item(i: &Item) -> String {
    let takes = match i.takes.as_str() {
        "--" | "now" => String::new(),
        other => format!(", takes {other}"),
    };
    format!("act {}: {}, {}{takes}.", i.intent.name(), i.label, ready(&i.ready))
}

/// The list that stands before a dialog, if one is open.
pub fn picked(model: &Model) -> Vec<String> {
    match &model.nav.overlay {
        Some(Overlay::Answer { runbook, step, .. }) => {
            model.runbooks.get(runbook).and_then(|b| b.step(*step)).map(detail).unwrap_or_default()
        }
        Some(Overlay::Pick(p)) => model.world.targets.get(p.target()).map(|t| pick(t, p)).unwrap_or_default(),
        Some(_) | None => Vec::new(),
    }
}

/// Its lines, numbered, and what to type.
pub fn pick(t: &TargetState, p: &Pick) -> Vec<String> {
    let mut out = match p {
        Pick::Version { .. } => vec![format!("ROLL BACK {} to which version:", t.id.at())],
        Pick::Again { .. } => vec![format!("AGAIN, {}, which of the two:", t.id.at())],
    };
    match p {
        Pick::Version { .. } => out.extend(pick::revisions(t).enumerate().map(|(n, r)| {
            let number = r.number.map_or_else(String::new, |n| format!(", revision {n}"));
            let cause = r.cause.as_ref().map_or_else(String::new, |c| format!(", made by {c}"));
            let pods = format!("{}, {} ready", target::pods(r.replicas.existing), r.replicas.ready);
            format!(
                "{} {}, {}{number}, {pods}{cause}.",
                n + 1,
                called(&t.revisions, &r.hash),
                pick::standing(t, &r.hash)
            )
        })),
        Pick::Again { .. } => {
            out.extend(able::again(t).iter().enumerate().map(|(n, v)| format!("{} {}.", n + 1, v.word())));
        }
    }
    out.push("type: to and a number; any other line closes this and starts nothing.".into());
    out
}

/// The rarer acts: those that would do something now, then the others in one line with their reasons.
fn more(model: &Model, t: &TargetState) -> Vec<String> {
    let first: Vec<Intent> = menu::items(model, t).iter().map(|i| i.intent).collect();
    let rare = |i: Intent| {
        let own = matches!(i, Intent::Arm | Intent::Disarm | Intent::Acknowledge | Intent::Hold | Intent::Resume);
        !first.contains(&i) && !own && !menu::is_case(i)
    };
    let (dead, live): (Vec<Item>, Vec<Item>) =
        menu::all(model, Some(t)).into_iter().filter(|i| rare(i.intent)).partition(|i| matches!(i.ready, Ready::No(_)));
    let mut out: Vec<String> = live.iter().map(item).collect();
    let why = |i: &Item| match &i.ready {
        Ready::No(why) => format!("{} ({why})", i.intent.name()),
        Ready::Yes(_) | Ready::But(_) => i.intent.name().to_owned(),
    };
    if !dead.is_empty() {
        out.push(format!("not now: {}.", dead.iter().map(why).collect::<Vec<_>>().join(", ")));
    }
    out
}

/// What can be done to it now, back first, and what stands in the way.
pub fn acts(model: &Model, t: &TargetState) -> Vec<String> {
    let mut out = vec![format!("you can, on {}:", t.id.at())];
    out.extend(menu::items(model, t).iter().map(item));
    out.extend(more(model, t));
    if model.judged.get(&t.id).is_some_and(|j| j.verdict.word == Word::Worse) && !model.environment.read_only {
        out.push(format!("act {}: the verdict no longer stands by itself.", Intent::Acknowledge.name()));
    }
    let r = readiness::of(&model.world, t, model.utc());
    out.extend(
        r.checks
            .iter()
            .filter(|c| !matches!(c.state, CheckState::Ok | CheckState::NotConfigured))
            .map(|c| format!("caution, way back: {}.", c.said())),
    );
    out.extend(menu::case(model).iter().map(item));
    out.extend(console(model));
    out
}

/// What can be done to this console.
pub fn console(model: &Model) -> Vec<String> {
    if model.environment.read_only {
        return vec!["READ-ONLY: this console cannot be armed.".into()];
    }
    let minutes = model.limits.arm / 60_000;
    if model.is_armed() {
        vec![format!("act disarm: back to LOOK-ONLY. act arm: {minutes} minutes from now.")]
    } else {
        vec![format!("act arm: forward acts can go out for {minutes} minutes.")]
    }
}

pub fn sources(model: &Model) -> Vec<String> {
    let mut out = Vec::new();
    if model.world.sources.is_empty() {
        out.push("No source is configured: nothing can be seen.".into());
    }
    for (id, s) in &model.world.sources {
        out.push(format!("source {id}, {}: {}. {}", s.kind, words::source(model, s), s.holds));
        for r in s.abilities.rights.iter().filter(|r| r.allowed != Some(true)) {
            let place = r.namespace.as_ref().map(|n| format!(" in {n}")).unwrap_or_default();
            let word = if r.allowed.is_none() { "not known" } else { "NO" };
            out.push(format!("  may {}{place}: {word}.", r.verb));
        }
        if let Some((at, e)) = &s.last_error {
            out.push(format!("  last error at {}: {}", words::clock(*at), e.sentence));
        }
    }
    out
}

fn runbook_line(model: &Model, name: &Arc<str>) -> Option<String> {
    let book = model.runbooks.get(name)?;
    let none = Progress::default();
    let progress = model.progress.get(name).unwrap_or(&none);
    let (done, skipped) = progress.counts();
    let next = match progress.current(book).and_then(|n| book.step(n)) {
        Some(s) => format!("next is step {}, {}", s.number, s.title),
        None => "every step is done or skipped".into(),
    };
    Some(format!("runbook {name}: {} of {} steps done, {next}.", done + skipped, book.steps.len()))
}

/// A runbook with where its steps stand, the next one in full.
pub fn runbook(model: &Model, name: &Arc<str>) -> Vec<String> {
    let Some(book) = model.runbooks.get(name) else { return Vec::new() };
    let none = Progress::default();
    let progress = model.progress.get(name).unwrap_or(&none);
    let mut out = vec![format!("runbook {name}: {}. {} steps.", book.title, book.steps.len())];
    let next = progress.current(book);
    for s in &book.steps {
        out.push(format!("step {}, {}: {}.", s.number, state(progress.state(s.number)), s.title));
        if Some(s.number) == next {
            out.extend(detail(s));
        }
    }
    out
}

fn detail(s: &RunStep) -> Vec<String> {
    use crate::core::case::runbook::Piece;
    let mut out = Vec::new();
    for p in &s.body {
        match p {
            Piece::Text(t) => out.extend(t.lines().map(|l| format!("  {l}"))),
            Piece::Commands(c) => {
                out.push("  for a person to run, not run from here:".into());
                out.extend(c.lines().map(|l| format!("  {l}")));
            }
        }
    }
    let last = match &s.kind {
        StepKind::Check(c) => {
            let (asks, expects) = c.words();
            format!("  {}: expects {expects}, asks {asks}. Say: step {} run", s.kind.word(), s.number)
        }
        StepKind::Manual => format!("  by hand. Say: step {} tick", s.number),
        StepKind::Act(i) => format!("  act {}: opens its dialog. Say: step {} run", i.name(), s.number),
        StepKind::Command(c) => {
            format!("  command, {}: {}. Say: step {} run", c.limits(), c.words(), s.number)
        }
        StepKind::Wait { ms } => {
            format!("  waits {}. Say: step {} run", crate::core::case::runbook::short(*ms), s.number)
        }
        StepKind::Choose(c) => {
            out.push(format!("  {}", c.ask));
            for (n, a) in c.answers.iter().enumerate() {
                let leads = a.goto.map(|g| format!(", on to step {g}")).unwrap_or_default();
                out.push(format!("  {}: {}{leads}", n + 1, a.words));
            }
            format!("  a question. Say: step {} run, then to NUMBER", s.number)
        }
    };
    out.push(last);
    out
}

/// Where a step stands; a figure in at most four digits behind the point.
pub fn state(s: &StepState) -> String {
    match s {
        StepState::Open => "open".into(),
        StepState::Running { until: Some(u), .. } => format!("waits until {}", words::clock(*u)),
        StepState::Running { .. } => "running".into(),
        StepState::Done { found: Some(v), .. } => format!("passed, found {}", figures::decimal(*v, 4)),
        StepState::Done { words, .. } if !words.is_empty() => format!("done, {words}"),
        StepState::Done { .. } => "done".into(),
        StepState::Failed { why, .. } => format!("FAILED, {why}"),
        StepState::Skipped { reason, .. } => format!("skipped, {reason}"),
    }
}

/// The last lines of the log, oldest first.
pub fn log(model: &Model, n: usize) -> Vec<String> {
    let lines = strip::lines(model);
    if lines.is_empty() {
        return vec!["The log has no line yet.".into()];
    }
    lines.into_iter().take(n).rev().map(|l| format!("log {} {}", words::clock(l.at), strip::text(l))).collect()
}

/// The row of what was chosen, for the answer to `at`.
pub fn chosen(model: &Model) -> String {
    match board::selected(model) {
        Some(r) => format!("chosen: {}", words::row(model, r)),
        None => "nothing is chosen".into(),
    }
}
