//! The runbook of the chosen service: its steps, what was found, done, skipped and why; the chosen step in full.

use super::super::parts::line::{Line, Rows, gate, width, wrap};
use super::super::parts::rows::Window;
use super::super::parts::strips;
use crate::config::theme::Role;
use crate::core::age;
use crate::core::case::runbook::{Asks, Check, Piece, Progress, RunStep, Runbook, StepKind, StepState, short};
use crate::core::intent::Intent;
use crate::core::judge::words;
use crate::core::model::Model;
use crate::core::msg::Picked;
use crate::core::runbooks;

/// What the Runbook gives up when there is no room, the last first.
#[derive(Clone, Copy)]
enum Keep {
    /// Which runbook, the chosen step, what it found and what can be done with it.
    Never = 0,
    Step = 1,
    /// Steps that are not chosen.
    Others = 2,
    Result = 3,
    Expects = 5,
    Asks = 6,
    Title = 9,
    /// What a person is to read and to do.
    Text = 10,
    Contacts = 20,
    Rule = 30,
    Log = 60,
}

use Keep as K;

/// `checkout-5xx  2 of 6, 1 skipped`
pub fn count(model: &Model) -> Option<String> {
    let book = model.runbooks.get(&crate::core::update::this_runbook(model)?)?;
    let (done, skipped) = model.progress.get(&book.name).map_or((0, 0), Progress::counts);
    let skipped = if skipped > 0 { format!(", {skipped} skipped") } else { String::new() };
    Some(format!("{}  {done} of {}{skipped}", book.name, book.steps.len()))
}

/// `alone`: with its title and the newest lines of the log below; in a pane both stand elsewhere.
pub fn rows(model: &Model, wide: usize, tall: usize, alone: bool) -> Rows {
    let mut out = Rows::new();
    let book = crate::core::update::this_runbook(model).and_then(|n| model.runbooks.get(&n));
    let Some(book) = book else {
        none(model, wide, &mut out);
        return out;
    };
    let empty = Progress::default();
    let progress = model.progress.get(&book.name).unwrap_or(&empty);
    let owner = book.owner.as_ref().map(|o| format!("owner {o}")).unwrap_or_default();
    if alone {
        let head = Line::of(Role::Title, "RUNBOOK").text(format!("  {}", count(model).unwrap_or_default()));
        out.keep(head.text(format!("  {}", rehearsed(model, book))).end(Role::Text, &owner));
        out.may(K::Title as u8, Line::new().text(format!(" {}", book.title)));
    } else {
        out.may(K::Title as u8, Line::new().text(format!(" {}", book.title)).end(Role::Text, &owner));
    }
    ladder(model, book, &mut out);
    if progress.stale {
        let words = " the file changed since some steps were done; those it no longer has are not counted";
        out.may(K::Result as u8, Line::new().add(Role::Warn, "CHANGED").text(words));
    }
    if !book.marked {
        let words = " made of headings, lists and shell blocks: the file was not written for andon";
        out.may(K::Contacts as u8, Line::new().text(words));
    }
    // Half of the room for the list, more when it is all that is left.
    let told = book.steps.iter().any(|s| *progress.state(s.number) != StepState::Open);
    let c = StepColumns::of(book.steps.iter().map(|s| &*s.title), told, wide);
    let room = (tall.saturating_sub(out.len()) / 2).max(3).max(tall.saturating_sub(out.len() + 9));
    let listed = crate::core::listing::steps(model);
    let at = listed.iter().position(|i| *i == model.nav.step_row).unwrap_or(0);
    let w = Window::counted(listed.len(), at, room);
    for s in listed.iter().skip(w.first).take(w.shown).filter_map(|i| book.steps.get(*i)) {
        let chosen = s.number as usize == model.nav.step_row + 1;
        let line = step(model, s, progress.state(s.number), chosen, &c);
        let line = line.pick(Picked::Step(s.number.saturating_sub(1) as usize));
        out.may(if chosen { K::Never } else { K::Others } as u8, line);
    }
    if let Some(words) = w.words() {
        out.may(K::Others as u8, Line::new().text(format!("    {words}")));
    }
    out.may(K::Rule as u8, Line::rule());
    if let Some(s) = book.steps.get(model.nav.step_row) {
        chosen_step(model, s, progress.state(s.number), wide, &mut out);
    }
    let mut more = |head: &str, text: &str| para(&mut out, K::Contacts as u8, head, text, wide);
    if !book.contacts.is_empty() {
        more("contacts  ", &book.contacts.join(", "));
    }
    if !book.escalation.is_empty() {
        more("escalate  ", &book.escalation_words());
    }
    let spare = tall.saturating_sub(out.len()).clamp(1, 6);
    for line in strips::log(model, spare).into_iter().filter(|_| alone) {
        out.may(K::Log as u8, line);
    }
    out
}

fn none(model: &Model, wide: usize, out: &mut Rows) {
    let service =
        model.nav.selected.as_ref().map_or_else(|| "no service is chosen".into(), |s| format!("none for {s}"));
    out.keep(Line::of(Role::Title, "NO RUNBOOK").text(format!("  {service}")));
    let how = "A Markdown file in the runbooks folder is found by `service: NAME` in its head.";
    para(out, K::Step as u8, " ", how, wide);
    if !model.runbooks.is_empty() {
        let names: Vec<&str> = model.runbooks.keys().map(|n| &**n).collect();
        para(out, K::Others as u8, " found: ", &names.join(", "), wide);
    }
    let general = model.nav.selected.as_ref().map_or(0, |s| runbooks::found(model, s).len());
    if general > 0 {
        let keys: Vec<String> =
            [Intent::BookPrevious, Intent::BookNext].into_iter().filter_map(|i| model.keymap.shown(i)).collect();
        let what = if general == 1 { "the one for a failure mode" } else { "those for failure modes" };
        let line =
            Line::new().text(" ").add(Role::Key, keys.join("/")).text(format!(" shows {what}, {general} in all"));
        out.may(K::Step as u8, line);
    }
}

/// `rehearsed 9d ago`
fn rehearsed(model: &Model, book: &Runbook) -> String {
    match book.rehearsed {
        Some(at) => format!("rehearsed {} ago", age::coarse(model.utc().since(at).max(0))),
        None => "never rehearsed".into(),
    }
}

/// Whom to call by now, and who comes next.
fn ladder(model: &Model, book: &Runbook, out: &mut Rows) {
    let Some(l) = runbooks::ladder(model, book) else { return };
    let now = model.utc();
    let mut line = Line::new().text(" ");
    if let Some((who, at)) = &l.due {
        line = line.add(Role::Warn, "CALL").text(format!(" {who}: due since {}", at.hms()));
    }
    if let Some((who, at)) = &l.next {
        let gap = if l.due.is_some() { ", then " } else { "escalates to " };
        line = line.text(format!("{gap}{who} in {}", age::coarse(at.since(now).max(0))));
    }
    out.may(if l.due.is_some() { K::Result } else { K::Contacts } as u8, line);
}

/// What a check would find now, with its age; asked while somebody looks. Nothing is judged by it.
fn live(model: &Model, s: &RunStep) -> Option<(bool, String)> {
    let now = model.utc();
    let old = |at: crate::core::time::Utc| age::coarse(now.since(at).max(0));
    match &s.kind {
        StepKind::Check(Check { asks: Asks::Query { text, expect, .. }, .. }) => {
            let c = model.world.checked.get(&runbooks::asked(model, text))?;
            let value = c.value.filter(|v| v.is_finite())?;
            let age = c.sample.map(|at| format!(", {} old", old(at))).unwrap_or_default();
            Some((expect.holds(value), format!("now {}{age}", words::figure(value))))
        }
        StepKind::Check(Check { asks: Asks::Get { url, .. }, .. }) => {
            let (at, j) = model.bench.probed.get(url)?;
            Some((j.pass, format!("now {}, {} ago", j.words, old(*at))))
        }
        StepKind::Check(_)
        | StepKind::Manual
        | StepKind::Act(_)
        | StepKind::Command(_)
        | StepKind::Wait { .. }
        | StepKind::Choose(_) => None,
    }
}

/// Mark, role of the word, the word and what belongs to it.
fn state(model: &Model, s: &StepState) -> (&'static str, Role, &'static str, String) {
    let me = crate::core::casework::me(model);
    let by = match s.by() {
        "" => String::new(),
        who if *who == *me => String::new(),
        who => format!(" by {who}"),
    };
    match s {
        StepState::Open => (" ", Role::Text, "", String::new()),
        StepState::Running { until: Some(until), .. } => {
            let left = age::coarse(until.since(model.utc()).max(0));
            ("~", Role::Moving, "waits", format!("{left} more, until {}{by}", until.hms()))
        }
        StepState::Running { since, .. } => {
            ("~", Role::Moving, "running", format!("{}{by}", age::coarse(model.utc().since(*since).max(0))))
        }
        StepState::Done { at, found, words, .. } => {
            let found = match found {
                Some(f) => format!("found {} ", words::figure(*f)),
                None if words.is_empty() => String::new(),
                None => format!("{words}, "),
            };
            let word = if found.starts_with("found") { "pass" } else { "done" };
            ("x", Role::Fine, word, format!("{found}at {}{by}", at.hms()))
        }
        StepState::Failed { at, why, .. } => ("!", Role::Bad, "FAILED", format!("{why}, {}{by}", at.hms())),
        StepState::Skipped { at, reason, .. } => ("-", Role::Moving, "skipped", format!("{reason}, {}{by}", at.hms())),
    }
}

/// Widths of the list: the title as wide as it is, as far as what was found has its room.
struct StepColumns {
    title: usize,
    /// Kind, then what was found; else whichever of the two says more.
    both: bool,
}

impl StepColumns {
    fn of<'t>(titles: impl Iterator<Item = &'t str>, told: bool, wide: usize) -> StepColumns {
        let longest = titles.map(|t| width(&gate(t)) + 1).max().unwrap_or(1);
        // Mark and number take 5, the kind 8.
        let both = wide >= 60;
        let rest = if both && told { 30 } else { 0 };
        StepColumns { title: longest.min(wide.saturating_sub(5 + 8 + rest)).max(12), both }
    }
}

fn step(model: &Model, s: &RunStep, st: &StepState, chosen: bool, c: &StepColumns) -> Line {
    let (mark, role, word, rest) = state(model, st);
    let line = Line::new().choice(chosen).text(format!("{mark} {:>2} ", s.number));
    let line = line.left(if chosen { Role::Selected } else { Role::Text }, &s.title, c.title);
    let kind = s.kind.word();
    match (c.both, word.is_empty()) {
        (false, true) => line.text(kind),
        (false, false) => line.add(role, word),
        (true, true) => {
            let line = line.left(Role::Text, kind, 8);
            match live(model, s) {
                Some((_, text)) => line.text(text),
                None => line,
            }
        }
        (true, false) => line.left(Role::Text, kind, 8).add(role, word).text(format!(" {rest}")),
    }
}

fn para(out: &mut Rows, drop: u8, head: &str, text: &str, wide: usize) {
    out.flow(drop, drop, Line::new().text(head).text(text), wide, head.len());
}

fn chosen_step(model: &Model, s: &RunStep, st: &StepState, wide: usize, out: &mut Rows) {
    let title = Line::of(Role::Moving, format!("{} ", s.number));
    for (i, part) in wrap(&gate(&s.title), wide.saturating_sub(title.width())).into_iter().enumerate() {
        let lead = if i == 0 { title.clone() } else { Line::new().text(" ".repeat(title.width())) };
        out.may(K::Result as u8, lead.add(Role::Moving, part));
    }
    for piece in &s.body {
        match piece {
            Piece::Text(t) => {
                for part in t.lines() {
                    para(out, K::Text as u8, " ", part, wide);
                }
            }
            Piece::Commands(c) => {
                out.may(K::Text as u8, Line::new().text(" for a person to run, not run from here:"));
                for part in c.lines() {
                    para(out, K::Text as u8, "   ", part, wide);
                }
            }
        }
    }
    asks(model, s, wide, out);
    let (_, role, word, rest) = state(model, st);
    if !word.is_empty() {
        for (i, part) in wrap(&gate(&rest), wide.saturating_sub(10 + word.len())).into_iter().enumerate() {
            let line = if i == 0 { Line::new().text(" ").add(role, word) } else { Line::new().text("  ") };
            out.may(K::Result as u8, line.text(format!(" {part}")));
        }
    }
    let tail = crate::core::update::this_runbook(model).map(|n| model.bench.tail(&n, s.number)).unwrap_or_default();
    for text in &tail[tail.len().saturating_sub(5)..] {
        out.may(K::Expects as u8, Line::new().text("  | ").text(gate(text)));
    }
    offers(model, s, st, wide, out);
}

/// What it asks, does or starts, in full.
fn asks(model: &Model, s: &RunStep, wide: usize, out: &mut Rows) {
    match &s.kind {
        StepKind::Manual => {}
        StepKind::Check(check) => {
            let (text, expects) = check.words();
            para(out, K::Asks as u8, " asks     ", &runbooks::asked(model, &text), wide);
            para(out, K::Expects as u8, " expects  ", &expects, wide);
            if let Some((holds, text)) = live(model, s) {
                let word = if holds { "holds" } else { "does not hold" };
                para(out, K::Expects as u8, " ", &format!("{text}: {word}"), wide);
            }
        }
        StepKind::Act(i) => {
            let key = model.keymap.shown(*i).unwrap_or_else(|| i.name().into());
            para(out, K::Asks as u8, " act      ", &format!("{key}: {}", i.help()), wide);
        }
        StepKind::Command(_) => {}
        StepKind::Wait { ms } => para(out, K::Asks as u8, " waits    ", &short(*ms), wide),
        StepKind::Choose(c) => {
            para(out, K::Asks as u8, " asks     ", &c.ask, wide);
            for (n, a) in c.answers.iter().enumerate() {
                let leads = a.goto.map(|g| format!("  on to step {g}")).unwrap_or_default();
                para(out, K::Expects as u8, &format!(" {} ", n + 1), &format!("{}{leads}", a.words), wide);
            }
        }
    }
    let Some(c) = s.kind.command() else { return };
    for (n, l) in c.lines().iter().enumerate() {
        para(out, K::Asks as u8, if n == 0 { " runs     " } else { "          " }, l, wide);
    }
    let from = if c.unmarked { ", from a shell block nobody wrote for andon" } else { "" };
    let hash = c.hash();
    let short = hash.get(..12).unwrap_or_default();
    para(out, K::Expects as u8, " hash     ", &format!("{short}, {}{from}", c.limits()), wide);
}

/// What can be done with it.
fn offers(model: &Model, s: &RunStep, st: &StepState, wide: usize, out: &mut Rows) {
    let key = |i| model.keymap.shown(i).unwrap_or_default();
    let here = crate::core::update::this_runbook(model).is_some_and(|n| model.bench.command(&n, s.number).is_some());
    if here {
        let line = Line::new().text(" ").add(Role::Key, key(Intent::StepSkip)).text(" stops it, with all it started");
        out.may(K::Step as u8, line);
        return;
    }
    let open = matches!(st, StepState::Open);
    let done = matches!(st, StepState::Done { .. } | StepState::Skipped { .. });
    let run = match &s.kind {
        _ if st.is_running() => None,
        StepKind::Manual => None,
        k if k.command().is_some() => Some("shows what runs; armed, then Y"),
        StepKind::Check(_) if open => Some("runs this check"),
        StepKind::Check(_) => Some("runs it again"),
        StepKind::Act(_) => Some("opens its dialog"),
        StepKind::Wait { .. } => Some("begins to wait"),
        StepKind::Choose(_) => Some("shows the evidence and asks"),
        StepKind::Command(_) => None,
    };
    let tick = match (&s.kind, done) {
        (_, true) => None,
        (StepKind::Manual, _) => Some("ticks it as done"),
        (StepKind::Act(_), _) => Some("ticks it, done elsewhere"),
        (StepKind::Wait { .. }, _) if st.is_running() => Some("cuts it short"),
        _ => None,
    };
    let mut line = Line::new().text(" ");
    let mut first = true;
    let skip = (!done).then_some("skips it, with a reason");
    let all = [(Intent::StepRun, run), (Intent::StepTick, tick), (Intent::StepSkip, skip)];
    for (i, words) in all.into_iter().filter_map(|(i, w)| Some((i, w?))) {
        line = line.text(if first { "" } else { "   " }).add(Role::Key, key(i)).text(format!(" {words}"));
        first = false;
    }
    if !first {
        out.flow(K::Step as u8, K::Result as u8, line, wide, 2);
    }
}
