//! The Verdict screen, for three in the morning: what hurts, how badly, since when, what each key would do, how long
//! it takes and whether it is ready.

use super::super::hints;
use super::super::parts::line::{Line, Rows, cut_middle, gate, width, wrap};
use super::super::parts::{act as parts_act, figures, strips};
use super::headline::headline;
use crate::config::theme::Role;
use crate::core::act::hand;
use crate::core::age;
use crate::core::board;
use crate::core::budget;
use crate::core::cell::Cell;
use crate::core::judge::Ripple;
use crate::core::judge::readiness::{self, CheckState};
use crate::core::menu::{self, Ready};
use crate::core::model::Model;
use crate::core::provenance;
use crate::core::world::figures::Signal;
use crate::core::world::target::TargetState;
use crate::ui::motion;

/// What the Verdict screen gives up when there is no room, the last first. Numbers in between are those of an act
/// under way (`parts/act.rs`): what it does now stays longer than the acts that stand below it.
#[derive(Clone, Copy)]
enum Keep {
    /// The sentence, the verdict, the candidate's figures with their age, the way back with its readiness.
    Never = 0,
    /// The stable side, where it has a row of its own.
    Stable = 1,
    Budget = 2,
    Reach = 3,
    /// What the target says of itself: held, waiting at a gate, refused. And latency and correctness, where measured.
    State = 4,
    /// What goes on below the verdict.
    VerdictMore = 5,
    /// What nobody measures.
    Unseen = 6,
    Heading = 7,
    /// Acts other than going back.
    Act = 8,
    /// Acts that cannot go out now, and what goes on below other lines.
    DeadAct = 9,
    Also = 10,
    Caution = 11,
    Runbook = 12,
    Memory = 13,
    Log = 29,
    Rule = 30,
    NoRunbook = 40,
    CautionMore = 45,
    LogRest = 60,
}

use Keep as K;

/// The whole screen. `tall`: rows there are, to show more when there is room.
pub fn rows(model: &Model, wide: usize, tall: usize) -> Rows {
    let mut rows = Rows::new();
    card(model, wide, tall, &mut rows);
    if rows.len() + 5 < tall {
        rows.gap();
    }
    rows.may(K::Rule as u8, Line::rule());
    match model.nav.selected.as_ref().and_then(|s| strips::runbook(model, s)) {
        Some(line) => rows.may(K::Runbook as u8, line),
        None if model.replay.is_some() => {}
        None => rows.may(K::NoRunbook as u8, Line::new().text("RUNBOOK none is found for this service")),
    }
    rows.may(K::Also as u8, strips::also(model, wide));
    let spare = tall.saturating_sub(rows.len()).clamp(1, 12);
    for (i, line) in strips::log(model, spare).into_iter().enumerate() {
        rows.may(if i == 0 { K::Log } else { K::LogRest } as u8, line);
    }
    rows
}

/// What hurts and what can be done, without the strips below.
pub fn card(model: &Model, wide: usize, tall: usize, rows: &mut Rows) {
    if let Some(at) = model.nav.as_of {
        super::timeline::as_of(model, at, wide, rows);
        return;
    }
    let t = board::selected_target(model);
    let h = headline(model, t);
    let since = h.since.map(|s| {
        let lasted = t.map_or_else(|| model.utc().since(s), |t| figures::lasted(model, t, s));
        // In steps: a stopwatch that ticks costs bytes every second and tells nothing more.
        (s.hms(), motion::growing(model, lasted))
    });
    let most = match tall {
        0..8 => 1,
        8..11 => 2,
        _ => 3,
    };
    title(&h.text, since, wide, most, rows);
    let mark = model.nav.figure;
    let Some(t) = t else {
        if let Some(service) = &model.nav.selected {
            let budget = Line::new().text(" budget   ").append(figures::budget_of(model, service));
            rows.may(K::Budget as u8, budget.chosen(mark));
        }
        return;
    };
    let room = wide.saturating_sub(10);
    let verdict = Line::new().text(" verdict  ").append(figures::verdict(model, t));
    rows.flow(K::Never as u8, K::VerdictMore as u8, verdict.chosen(mark), wide, 10);
    let judged = model.judged.get(&t.id);
    for c in judged.map(crate::core::judge::judged::Judged::cautions).unwrap_or_default() {
        let line =
            Line::new().text("          ").add(Role::Warn, "(!)").text(format!(" not alike: {c}")).about(Cell::Verdict);
        rows.flow(K::State as u8, K::DeadAct as u8, line, wide, 14);
    }
    let (age_role, age) = figures::figures_age(model, t);
    let head = Line::new().text(" errors   ");
    // From `9s old` to `10s old` nothing else moves.
    let beside = room.saturating_sub(age.len().max(7) + 1);
    let telling = judged.filter(|j| j.telemetry);
    if let Some(j) = telling.filter(|j| wide < 70 || figures::errors_width(t, j) > beside) {
        // The stable side goes on below, before a version is cut; a figure never is.
        let [candidate, stable] = figures::error_sides(t, j, beside);
        rows.keep(head.append(candidate).end_figure(Cell::Age, age_role, age).chosen(mark));
        rows.may(K::Stable as u8, Line::new().text(" ".repeat(10)).append(stable).chosen(mark));
    } else {
        let errors = figures::errors(t, judged, beside);
        rows.keep(head.append(errors).end_figure(Cell::Age, age_role, age).chosen(mark));
    }
    for (name, line) in telling.map(|j| figures::others_measured(model, t, j, room)).into_iter().flatten() {
        let line = Line::new().text(format!(" {name:<8} ")).append(line).chosen(mark);
        rows.flow(K::State as u8, K::DeadAct as u8, line, wide, 10);
    }
    let budget = Line::new().text(" budget   ").append(figures::budget_of(model, &t.service));
    rows.flow(K::Budget as u8, K::DeadAct as u8, budget.chosen(mark), wide, 10);
    let deployed =
        t.started.filter(|_| t.is_moving()).map(|s| format!("deployed {} ago", age::age(figures::stood(model, t, s))));
    let reach = match t.is_moving() {
        true => figures::reach(t),
        false if model.replay.is_some() && t.wanted == 0 => {
            let v = t.stable.as_ref().map_or_else(|| "none".into(), |h| t.called(h));
            Line::new().text(format!("{v}, {}", t.id.source))
        }
        false => steady_reach(t),
    };
    let reach = match figures::was_told(model, t) {
        Some(at) => Line::new().text("was ").append(reach).text(format!(" at {}", at.hms())),
        None => reach,
    };
    let reach = Line::new().text(" reach    ").append(reach);
    let reach = reach.end_figure(Cell::Deployed, Role::Text, deployed.unwrap_or_default()).chosen(mark);
    rows.flow(K::Reach as u8, K::DeadAct as u8, reach, wide, 10);
    if let Some(said) = crate::core::aside::line(model, &t.service) {
        let line = Line::new().text(" alerts   ").text(said);
        rows.flow(K::Reach as u8, K::DeadAct as u8, line, wide, 10);
    }
    if let Some(ripple) = budget::ripple(model, &t.id).and_then(Ripple::words) {
        let said = ripple.strip_prefix("ripple: ").unwrap_or(&ripple);
        let line = Line::new().text(" ripple   ").figure(Cell::Ripple, Role::Warn, said).chosen(mark);
        rows.flow(K::Reach as u8, K::DeadAct as u8, line, wide, 10);
    }
    if let Some(extra) = trouble(t) {
        rows.flow(K::State as u8, K::DeadAct as u8, extra.about(Cell::Step), wide, 10);
    }
    for e in model.others.on(&t.id).take(2) {
        let long = motion::stopwatch(model, e.lasted(model.utc()));
        let line = Line::new().text(" others   ").add(Role::Moving, e.state());
        let line = line.text(format!(", {}: {}, {long}", gate(&e.who), gate(&e.verb))).about(Cell::Act);
        rows.flow(K::State as u8, K::DeadAct as u8, line, wide, 10);
    }
    if let Some(memory) = super::super::parts::sides::memory(model, t).filter(|_| model.replay.is_none()) {
        rows.flow(
            K::Memory as u8,
            K::DeadAct as u8,
            Line::new().text(" memory   ").append(memory).chosen(mark),
            wide,
            10,
        );
    }
    let unseen = unseen(model, t);
    rows.flow(K::Unseen as u8, K::DeadAct as u8, unseen, wide, 1);
    let act = parts_act::current(model, &t.id);
    if let Some(act) = act {
        if tall > 16 {
            rows.gap();
        }
        rows.extend(parts_act::block(model, act, wide).about(Cell::Act));
    }
    if model.replay.is_none() && act.is_none_or(crate::core::act::flight::Act::is_over) {
        if tall > 16 {
            rows.gap();
        }
        you_can(model, t, wide, rows);
    }
}

/// What nobody measures, by name: a line that is not there would read as fine.
fn unseen(model: &Model, t: &TargetState) -> Line {
    if model.replay.is_some() {
        return Line::new().text(" pods, budget left, latency, what each key would have done: not in the log");
    }
    let judged = model.judged.get(&t.id).filter(|j| j.telemetry);
    let told = model.world.telemetry.get(&t.service);
    let percentiles = told.is_some_and(|t| t.quantiles.is_some());
    let mut not: Vec<&str> = match judged {
        Some(j) => provenance::measured(j).1.into_iter().map(Signal::word).collect(),
        None => vec!["latency", "correctness"],
    };
    not.retain(|s| *s != "latency" || !percentiles);
    let resources = told.is_some_and(|t| t.usage.is_some());
    let rest = if resources { "traces" } else { "resources, traces" };
    let line = if not.is_empty() { String::new() } else { format!(" {}: not measured;", not.join(", ")) };
    Line::new().text(format!("{line} {rest}: no source"))
}

/// The sentence over at most `most` rows, the last one cut if need be.
fn title(text: &str, since: Option<(String, String)>, wide: usize, most: usize, rows: &mut Rows) {
    // The moment stands on the page that explains as well: one row for the sentence is worth more.
    let tries = since.map(|(at, long)| [format!("since {at} ({long})"), format!("for {long}")]).unwrap_or_default();
    let fits = |s: &&String| width(text) + s.len() < wide;
    let short = if most < 3 || wide < 60 { &tries[1] } else { &tries[0] };
    let since = tries.iter().find(fits).unwrap_or(short).clone();
    let room = if width(text) + since.len() < wide { wide } else { wide.saturating_sub(since.len() + 2).max(20) };
    // Only the first row shares its room with the moment.
    let mut parts = wrap(text, room);
    let first = parts.remove(0);
    let rest = wrap(&parts.join(" "), wide);
    let rest: Vec<String> = rest.into_iter().filter(|p| !p.is_empty()).collect();
    let first = if most == 1 { text.to_owned() } else { first };
    rows.keep(Line::new().figure(Cell::Verdict, Role::Title, first).end_figure(Cell::Since, Role::Text, since));
    let last = most.saturating_sub(2);
    for (i, p) in rest.iter().enumerate().take(most - 1) {
        // What has no row shows as a cut.
        let p = if i == last { rest[i..].join(" ") } else { p.clone() };
        rows.keep(Line::new().figure(Cell::Verdict, Role::Title, p));
    }
}

fn steady_reach(t: &TargetState) -> Line {
    let v = t.stable.as_ref().map_or_else(|| "none".into(), |h| t.called(h));
    let ready = t.stable_revision().map_or(0, |r| r.replicas.ready);
    let line =
        Line::new().text(format!("{v} on ")).figure(Cell::Pods, Role::Text, format!("{ready} of {} pods", t.wanted));
    line.text(format!(", {}", t.id.source))
}

/// Pods that do not start, a controller that refuses, a gate that waits: what the target itself says.
fn trouble(t: &TargetState) -> Option<Line> {
    if let Some(why) = &t.invalid {
        return Some(
            Line::new().text(" state    ").add(Role::Bad, "REFUSED").text(format!(" by the controller: {why}")),
        );
    }
    let pods = t.troubles();
    if t.aborted && pods.is_empty() {
        let by = hand::of_abort(t, None).map(|m| format!(" by {}", hand::named(&m.name))).unwrap_or_default();
        let at = t.aborted_at.map(|a| format!(" at {}", a.hms())).unwrap_or_default();
        return Some(
            Line::new()
                .text(" state    ")
                .add(Role::Moving, "aborted")
                .text(format!("{by}{at}: traffic goes back to stable")),
        );
    }
    if !pods.is_empty() {
        return Some(Line::new().text(format!(" pods     {}", pods.join(", "))));
    }
    if t.held {
        let by = hand::of_pause(t, None).map(|m| format!(" by {}", hand::named(&m.name))).unwrap_or_default();
        return Some(
            Line::new().text(" state    ").add(Role::Moving, "held").text(format!("{by}: it stays where it is")),
        );
    }
    if t.promoting_full {
        let by = hand::newest(t, &["status.promoteFull", "spec.skipAnalysis"], None);
        let by = by.map(|m| format!(" by {}", hand::named(&m.name))).unwrap_or_default();
        let line = Line::new().text(" state    ").add(Role::Moving, "promoting full");
        return Some(line.text(format!("{by}: past every step that is left")));
    }
    let gate = t.gate.as_ref()?;
    let until = gate.until.map_or_else(|| ": waits for a person".into(), |u| format!(" until {}", u.hms()));
    Some(Line::new().text(format!(" gate     {}{until}", gate.reason)))
}

/// Where things stand in a table of acts.
pub struct Columns {
    pub takes_at: usize,
    pub takes: usize,
    pub ready_at: usize,
}

impl Columns {
    pub fn of(wide: usize) -> Columns {
        // On what the expected time rests is the first to go.
        let (takes, ready) = match wide {
            0..52 => (6, 17),
            52..70 => (6, 18),
            _ => (19, 20),
        };
        let ready_at = wide.saturating_sub(ready).max(22);
        let gap = if wide < 52 { 1 } else { 2 };
        Columns { takes_at: ready_at.saturating_sub(takes + gap), takes, ready_at }
    }

    pub fn time<'t>(&self, takes: &'t str) -> &'t str {
        let short = takes.split(" (").next().unwrap_or(takes);
        match takes {
            _ if self.takes >= 19 => takes,
            _ if width(short) < self.takes => short,
            // Not known how long, in the room there is.
            _ => "?",
        }
    }

    /// What an act does, in the room between `from` and its time: the version's ends stay, or the verb alone.
    pub fn label(&self, item: &menu::Item, from: usize) -> String {
        let room = self.takes_at.saturating_sub(from + 1);
        let label = gate(&item.label).into_owned();
        if width(&label) <= room {
            return label;
        }
        match label.rsplit_once(" to ") {
            Some((_, version)) if room >= 20 => {
                let verb = format!("{} to ", hints::word(item.intent));
                format!("{verb}{}", cut_middle(version, room - width(&verb)))
            }
            _ => hints::word(item.intent).into(),
        }
    }
}

fn you_can(model: &Model, t: &TargetState, wide: usize, rows: &mut Rows) {
    let mark = model.nav.figure;
    let c = Columns::of(wide);
    let head = Line::new().text(" YOU CAN").to(c.takes_at);
    rows.may(K::Heading as u8, head.right(Role::Text, "TAKES", c.takes).to(c.ready_at).text("READY?"));
    for (i, item) in menu::items(model, t).iter().enumerate() {
        let Some(key) = model.keymap.shown(item.intent) else { continue };
        let dead = matches!(item.ready, Ready::No(_));
        let line = Line::new().text(" ").add(if dead { Role::Text } else { Role::Key }, key).text("  ");
        let label = c.label(item, line.width());
        let line = line.figure(Cell::Step, Role::Text, label).to(c.takes_at);
        let line = line.append(Line::new().right(Role::Text, c.time(&item.takes), c.takes).about(Cell::Takes));
        // Only of going back it is the count of checks; the others say what their gates say.
        let cell = if i == 0 { Cell::Ready } else { Cell::Step };
        let line = line.to(c.ready_at).append(ready(&item.ready).about(cell));
        // One of them is enough to mark.
        let line = if i == 0 { line.chosen(mark) } else { line };
        let keep = match (i, dead) {
            (0, _) => K::Never,
            (_, false) => K::Act,
            (_, true) => K::DeadAct,
        };
        rows.may(keep as u8, line);
    }
    for c in cautions(model, t) {
        let line = Line::new().text(" ").add(Role::Warn, "(!)").text(format!(" {c}")).about(Cell::Ready);
        rows.flow(K::Caution as u8, K::CautionMore as u8, line, wide, 5);
    }
}

pub fn ready(r: &Ready) -> Line {
    match r {
        Ready::Yes(s) if s.is_empty() => Line::new().text("yes"),
        Ready::Yes(s) => Line::new().text(format!("yes {s}")),
        Ready::But(s) => Line::of(Role::Warn, "yes, but").text(format!(" {s}")),
        Ready::No(s) => Line::new().text(format!("NO: {s}")),
    }
}

/// What stands in the way of going back, in full.
fn cautions(model: &Model, t: &TargetState) -> Vec<String> {
    let r = readiness::of(&model.world, t, model.utc());
    r.checks
        .iter()
        .filter(|c| !matches!(c.state, CheckState::Ok | CheckState::NotConfigured))
        .map(|c| c.said())
        .collect()
}
