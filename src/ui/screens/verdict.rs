//! The Verdict screen, for three in the morning: what hurts, how badly, since when, what each key would do, how long
//! it takes and whether it is ready.

use super::super::parts::line::{Line, Rows};
use super::super::parts::{act as parts_act, figures, strips};
use super::headline::headline;
use crate::config::theme::Role;
use crate::core::age;
use crate::core::board;
use crate::core::judge::readiness::{self, CheckState};
use crate::core::menu::{self, Ready};
use crate::core::model::Model;
use crate::core::world::target::TargetState;
use crate::ui::motion;

/// The whole screen. `tall`: rows there are, to show more when there is room.
pub fn rows(model: &Model, wide: usize, tall: usize) -> Rows {
    let mut rows = Rows::new();
    card(model, wide, tall, &mut rows);
    if rows.len() + 5 < tall {
        rows.gap();
    }
    rows.may(30, Line::rule());
    match strips::runbook(model) {
        Some(line) => rows.may(12, line),
        None => rows.may(40, Line::new().text("RUNBOOK none is found for this service")),
    }
    rows.may(10, strips::also(model, wide));
    let spare = tall.saturating_sub(rows.len()).clamp(1, 12);
    for (i, line) in strips::log(model, spare).into_iter().enumerate() {
        rows.may(if i == 0 { 29 } else { 60 }, line);
    }
    rows
}

/// What hurts and what can be done, without the strips below.
pub fn card(model: &Model, wide: usize, tall: usize, rows: &mut Rows) {
    let t = board::selected_target(model);
    let h = headline(model, t);
    let since = h.since.map(|s| {
        let until = t.map_or(model.utc(), |t| figures::known_until(model, t));
        (s.hms(), motion::stopwatch(model, until.since(s)))
    });
    title(&h.text, since, wide, rows);
    let Some(t) = t else {
        let service = model.nav.selected.as_ref();
        let has_slo = service.and_then(|s| model.world.services.get(s)).is_some_and(|s| s.slo.is_some());
        let burn = service.and_then(|s| model.burns.get(s));
        rows.may(2, Line::new().text(" budget   ").append(figures::budget(burn, has_slo)));
        return;
    };
    let room = wide.saturating_sub(10);
    let verdict = Line::new().text(" verdict  ").append(figures::verdict(model, t));
    rows.flow(0, 5, verdict, wide, 10);
    let (age_role, age) = figures::figures_age(model, t);
    let judged = model.judged.get(&t.id);
    let head = Line::new().text(" errors   ");
    if let (true, Some(j)) = (wide < 70, judged.filter(|j| j.telemetry)) {
        // In a narrow pane the stable side goes on below; a figure is never cut.
        let [candidate, stable] = figures::error_sides(t, j, room.saturating_sub(age.len() + 1));
        rows.keep(head.append(candidate).end(age_role, age));
        rows.may(1, Line::new().text(" ".repeat(10)).append(stable));
    } else {
        let errors = figures::errors(t, judged, room.saturating_sub(age.len() + 1));
        rows.keep(head.append(errors).end(age_role, age));
    }
    let slo = model.world.services.get(&t.service).is_some_and(|s| s.slo.is_some());
    let budget = Line::new().text(" budget   ").append(figures::budget(model.burns.get(&t.service), slo));
    rows.flow(2, 9, budget, wide, 10);
    let deployed = t
        .started
        .filter(|_| t.is_moving())
        .map(|s| format!("deployed {} ago", age::age(figures::known_until(model, t).since(s))));
    let reach = if t.is_moving() { figures::reach(t) } else { steady_reach(t) };
    let reach = Line::new().text(format!(" reach    {reach}")).end(Role::Text, deployed.unwrap_or_default());
    rows.flow(3, 9, reach, wide, 10);
    if let Some(extra) = trouble(t) {
        rows.may(4, extra);
    }
    let unseen = Line::new().text(" latency, resources, traces: no source; correctness is not measured");
    rows.flow(6, 9, unseen, wide, 1);
    let act = parts_act::current(model, &t.id);
    if let Some(act) = act {
        if tall > 16 {
            rows.gap();
        }
        rows.extend(parts_act::block(model, act, wide));
    }
    if act.is_none_or(crate::core::act::flight::Act::is_over) {
        if tall > 16 {
            rows.gap();
        }
        you_can(model, t, wide, rows);
    }
}

/// The sentence over one or two rows; what it says must not be cut.
fn title(text: &str, since: Option<(String, String)>, wide: usize, rows: &mut Rows) {
    // The moment stands on the page that explains as well: one row for the sentence is worth more.
    let tries = since.map(|(at, long)| [format!("since {at} ({long})"), format!("for {long}")]).unwrap_or_default();
    let fits = |s: &&String| super::super::parts::line::width(text) + s.len() < wide;
    let since = tries.iter().find(fits).unwrap_or(&tries[0]).clone();
    let room = wide.saturating_sub(since.len() + 2).max(20);
    let room = if super::super::parts::line::width(text) + since.len() < wide { wide } else { room };
    let mut parts = super::super::parts::line::wrap(text, room).into_iter();
    let first = parts.next().unwrap_or_default();
    rows.keep(Line::of(Role::Title, first).end(Role::Text, since));
    for p in parts.take(2) {
        rows.keep(Line::of(Role::Title, p));
    }
}

fn steady_reach(t: &TargetState) -> String {
    let v = t.stable.as_ref().map_or_else(|| "none".into(), |h| t.version_of(h));
    let ready = t.stable_revision().map_or(0, |r| r.replicas.ready);
    format!("{v} on {ready} of {} pods, {}", t.wanted, t.id.source)
}

/// Pods that do not start, a controller that refuses, a gate that waits: what the target itself says.
fn trouble(t: &TargetState) -> Option<Line> {
    if let Some(why) = &t.invalid {
        return Some(
            Line::new().text(" state    ").add(Role::Bad, "REFUSED").text(format!(" by the controller: {why}")),
        );
    }
    let pods: Vec<String> = t
        .revisions
        .iter()
        .flat_map(|r| r.trouble.iter().map(move |x| format!("{} of {} {}", x.count, r.version, x.reason)))
        .collect();
    if t.aborted && pods.is_empty() {
        let by = t.aborted_by.as_ref().map(|m| format!(" by {}", m.name)).unwrap_or_default();
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
        let by = t.held_by.as_ref().map(|m| format!(" by {}", m.name)).unwrap_or_default();
        return Some(
            Line::new().text(" state    ").add(Role::Moving, "held").text(format!("{by}: it stays where it is")),
        );
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
        let (takes, ready) = if wide >= 70 { (19, 20) } else { (11, 17) };
        let ready_at = wide.saturating_sub(ready).max(28);
        Columns { takes_at: ready_at.saturating_sub(takes + 2), takes, ready_at }
    }

    pub fn time<'t>(&self, takes: &'t str) -> &'t str {
        if self.takes < 19 { takes.split(" (").next().unwrap_or(takes) } else { takes }
    }
}

fn you_can(model: &Model, t: &TargetState, wide: usize, rows: &mut Rows) {
    let c = Columns::of(wide);
    let head = Line::new().text(" YOU CAN").to(c.takes_at);
    rows.may(7, head.right(Role::Text, "TAKES", c.takes).to(c.ready_at).text("READY?"));
    for (i, item) in menu::items(model, t).iter().enumerate() {
        let Some(key) = model.keymap.shown(item.intent) else { continue };
        let dead = matches!(item.ready, Ready::No(_));
        let line = Line::new().text(" ").add(if dead { Role::Text } else { Role::Key }, key).text("  ");
        let line = line.text(&item.label).to(c.takes_at).right(Role::Text, c.time(&item.takes), c.takes);
        let line = line.to(c.ready_at).append(ready(&item.ready));
        rows.may(if i == 0 { 1 } else { 8 + u8::from(dead) }, line);
    }
    for c in cautions(model, t) {
        rows.flow(11, 45, Line::new().text(" ").add(Role::Warn, "(!)").text(format!(" {c}")), wide, 5);
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
    let service = model.world.services.get(&t.service);
    let r = readiness::readiness(t, service, model.world.sources.get(&t.id.source));
    r.checks.iter().filter(|c| c.state != CheckState::Ok).map(|c| c.how.to_string()).collect()
}
