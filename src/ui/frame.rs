//! The rows that never move: where am I, is this live, may I act; what must not be overlooked; what can be pressed.

use super::hints;
use super::look::Look;
use super::motion;
use super::parts::line::{Line, cut, cut_middle, gate, width};
use crate::config::theme::Role;
use crate::core::age;
use crate::core::alarm::{self, Place as At};
use crate::core::id::SourceId;
use crate::core::intent::Intent;
use crate::core::model::{Model, Place};
use crate::core::nav::Screen;
use crate::core::replayed::Replayed;
use crate::core::world::source::{Link, SourceState};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

/// Rows above and below the body.
pub const TOP: u16 = 3;
pub const BOTTOM: u16 = 2;

/// So many sources have ages that move each second at first (limits.md section 5: 32 B/s).
pub const FEW: usize = 3;

pub fn draw(model: &Model, look: &Look, area: Rect, buf: &mut Buffer) {
    let wide = usize::from(area.width);
    if model.environment.place == Place::Drill || model.environment.place == Place::Replay {
        let row = Rect { height: 1, ..area };
        Line::of(Role::Drill, " ".repeat(wide)).draw(look, row, area.y, buf);
    }
    first_row(model, wide).draw(look, area, area.y, buf);
    if model.nav.screen != Screen::Choose {
        second_row(model, wide).draw(look, area, area.y + 1, buf);
    }
    alarm_row(model).draw(look, area, area.y + 2, buf);
    let (upper, lower) = hints::last_rows(model, wide);
    upper.draw(look, area, area.bottom().saturating_sub(2), buf);
    lower.draw(look, area, area.bottom().saturating_sub(1), buf);
}

/// `PROD`, `DRILL f1`, `STAGING`: the word and, where it says more, the name.
pub fn place(model: &Model) -> String {
    let e = &model.environment;
    let named = |word: &str| {
        if e.name.eq_ignore_ascii_case(word) || e.name.is_empty() { word.into() } else { format!("{word} {}", e.name) }
    };
    match e.place {
        Place::Prod => named("PROD"),
        Place::Drill => named("DRILL"),
        Place::Replay => named("REPLAY"),
        Place::Other => e.name.to_uppercase(),
    }
}

/// `LOOK-ONLY`, `ARMED 9:12`, `READ-ONLY`.
pub fn arming(model: &Model) -> (Role, String) {
    if model.environment.read_only {
        return (Role::Moving, "READ-ONLY".into());
    }
    match model.armed_until.filter(|t| *t > model.now.person) {
        Some(until) => {
            // Never more than is left, whatever steps it moves in.
            let s = motion::step(model, until.0 - model.now.person.0 + 999) / 1000;
            (Role::Warn, format!("ARMED {}:{:02}", s / 60, s % 60))
        }
        // Outside production forward acts need no arming, and the word would only confuse.
        None if !model.environment.production => (Role::Moving, "NOT PRODUCTION".into()),
        None => (Role::Moving, "LOOK-ONLY".into()),
    }
}

fn first_row(model: &Model, wide: usize) -> Line {
    if model.nav.screen == Screen::Choose {
        // Nothing is looked at yet: no place, no arming.
        return Line::new().text(format!("ANDON   {}   {}", model.environment.who, motion::clock(model)));
    }
    let clusters: Vec<&str> =
        model.world.sources.iter().filter(|(_, s)| s.abilities.roles.rollouts).map(|(id, _)| id.as_str()).collect();
    let listed = clusters.join(",");
    let counted = match clusters.len() {
        0 | 1 => listed.clone(),
        n => format!("{n} clusters"),
    };
    let utc = motion::clock(model);
    let short = utc.get(..5).unwrap_or(&utc).to_owned();
    let drilling = matches!(model.environment.place, Place::Drill | Place::Replay);
    let role = |r: Role| if drilling && r != Role::Warn { Role::Drill } else { r };
    let (arm_role, arm) = arming(model);
    let whole = gate(&place(model)).into_owned();
    // A name without end would push the arming word out.
    let led = lead(model).map_or(0, |(_, l)| 3 + width(&l));
    let most = wide.saturating_sub("ANDON  ".len() + 3 + width(&arm) + 3 + width(&short) + led);
    let word = cut(&whole, most.max(8)).into_owned();
    let lead = lead(model);
    let build = |clusters: &str, who: Option<&str>, utc: &str| {
        let gap = |l: Line| l.add(role(Role::Text), "   ");
        let line = Line::of(role(Role::Text), "ANDON").add(role(Role::Text), "  ");
        let line = line.add(role(Role::Place), &word);
        let line = if clusters.is_empty() { line } else { line.add(role(Role::Text), format!(" {clusters}")) };
        let line = gap(line).add(role(arm_role), &arm);
        let line = match who.filter(|w| !w.is_empty()) {
            Some(w) => gap(line).add(role(Role::Text), w),
            None => line,
        };
        let line = gap(line).add(role(Role::Text), utc);
        match &lead {
            Some((lead_role, lead)) => gap(line).add(role(*lead_role), lead),
            None => line,
        }
    };
    let who = Some(&*model.environment.who);
    // It gives up user@host first, then the cluster list, then seconds; never the place, the arming, the lead.
    let tries = [
        build(&listed, who, &utc),
        build(&listed, None, &utc),
        build(&counted, None, &utc),
        build(&counted, None, &short),
        build("", None, &short),
    ];
    let last = tries.len() - 1;
    let fits = tries.iter().position(|l| l.width() <= wide).unwrap_or(last);
    tries.into_iter().nth(fits).unwrap_or_default()
}

/// Longest name of a lead in the first row.
const LEAD_MOST: usize = 16;

/// `LEAD: NOBODY`, as long as an incident is open.
fn lead(model: &Model) -> Option<(Role, String)> {
    let i = model.casebook.current()?;
    Some(match i.lead() {
        Some(name) => (Role::Text, format!("LEAD: {}", cut(&gate(name), LEAD_MOST))),
        None => (Role::Warn, "LEAD: NOBODY".into()),
    })
}

/// From the first bad signal to settled: the target of product.md, milliseconds.
pub const TARGET_MS: i64 = 5 * 60_000;

/// `i-0412 5m of 5m!`, red past its target; `i-0412 mitigated in 2m54` once users are no longer hurt.
pub fn stopwatch(model: &Model) -> Option<(Role, String)> {
    let i = model.casebook.current()?;
    let id = gate(&i.id);
    let id = cut(&id, 16);
    Some(match model.casebook.mitigated(i) {
        Some(m) => (Role::Text, format!("{id} mitigated in {}", age::span(m.at.since(i.began())))),
        None => {
            let ms = model.utc().since(i.began());
            // Seconds would cost bytes on every screen, all night.
            let old = ms > TARGET_MS;
            let mark = if old { "!" } else { "" };
            let role = if old { Role::Bad } else { Role::Warn };
            (role, format!("{id} {} of {}m{mark}", age::coarse(ms), TARGET_MS / 60_000))
        }
    })
}

/// One source's age against its limit: 1 is at the limit.
fn strain(s: &SourceState, now: crate::core::time::Utc) -> f64 {
    match (&s.link, s.confirmed) {
        (Link::Failed(_), None) => f64::MAX,
        (Link::Failed(_), Some(at)) => 1_000.0 + now.since(at) as f64,
        (_, Some(at)) => now.since(at).max(0) as f64 / s.old_after_ms.max(1) as f64,
        (Link::Connecting | Link::Reading { .. } | Link::Watching | Link::Polling, None) => 0.9,
    }
}

fn many(model: &Model) -> bool {
    model.world.sources.len() > FEW
}

/// A source's age in words. Each step of each source costs its bytes: many sources take larger ones.
pub fn source_steps(model: &Model, ms: i64) -> String {
    if many(model) { age::coarse(ms) } else { motion::growing(model, ms) }
}

/// `9s`, `30s!`, `FAILED 4m!`, `connecting`.
pub fn source_age(model: &Model, s: &SourceState) -> (Role, String) {
    let now = model.utc();
    if model.replay.is_some() {
        return match &s.link {
            Link::Failed(_) => (Role::Bad, "FAILED".into()),
            Link::Watching | Link::Polling => (Role::Muted, "up".into()),
            Link::Connecting | Link::Reading { .. } => (Role::Muted, "not recorded".into()),
        };
    }
    let age = s.confirmed.map(|at| (source_steps(model, now.since(at)), now.since(at) > s.old_after_ms));
    match (&s.link, age) {
        (Link::Failed(_), None) => (Role::Bad, "FAILED".into()),
        (Link::Failed(_), Some((age, _))) => (Role::Bad, format!("FAILED {age}!")),
        (Link::Connecting, None) => (Role::Moving, "connecting".into()),
        (Link::Reading { .. }, None) => (Role::Moving, "reading".into()),
        (Link::Watching | Link::Polling, None) => (Role::Blind, "no sample".into()),
        (_, Some((age, true))) => (Role::Warn, format!("{age}!")),
        (_, Some((age, false))) => (Role::Muted, age),
    }
}

/// Sources, the one nearest to its limit first.
pub fn by_strain(model: &Model) -> Vec<(&SourceId, &SourceState)> {
    let now = model.utc();
    let mut all: Vec<_> = model.world.sources.iter().collect();
    // Only those past their limit change places: fine ones do not dance with every event.
    let class = |s: &SourceState| if strain(s, now) > 1.0 { strain(s, now) } else { 0.0 };
    all.sort_by(|a, b| class(b.1).total_cmp(&class(a.1)).then_with(|| a.0.cmp(b.0)));
    all
}

/// `log time 10x  record 12 of 87`, `PAUSED  record 12 of 87  next in 4m`.
fn played(model: &Model, r: &Replayed) -> String {
    let state = match (r.is_over(), r.paused) {
        (true, _) => "END OF THE LOG".into(),
        (false, true) => "PAUSED".into(),
        (false, false) => format!("log time {}x", model.speed),
    };
    let wait = r.ahead.next.map(|t| t.since(model.utc())).filter(|ms| *ms >= 10_000);
    let wait = wait.map(|ms| format!("  next in {}", age::rough(ms))).unwrap_or_default();
    format!("{state}  record {} of {}{wait}", r.taken, r.taken + r.ahead.records)
}

fn second_row(model: &Model, wide: usize) -> Line {
    let now = model.utc();
    let tail = match model.environment.place {
        Place::Drill if model.speed == 0 => "drill time STANDS".to_owned(),
        Place::Drill => format!("drill time {}x", model.speed),
        Place::Replay => model.replay.as_ref().map(|r| played(model, r)).unwrap_or_default(),
        Place::Prod | Place::Other => String::new(),
    };
    let (role, watch) = stopwatch(model).unwrap_or((Role::Muted, String::new()));
    let gap = if tail.is_empty() || watch.is_empty() { "" } else { "  " };
    let tails = |line: Line| line.end(Role::Muted, format!("{tail}{gap}")).end(role, &watch);
    let tail_width = width(&tail) + gap.len() + width(&watch);
    let room = wide.saturating_sub(if tail_width == 0 { 0 } else { tail_width + 2 });
    let all = by_strain(model);
    if all.is_empty() {
        let none = if model.replay.is_some() { "no source recorded yet" } else { "no source yet" };
        return tails(Line::new().text(none));
    }
    let mut line = Line::new();
    let mut left = all.len();
    let mut left_bad = all.iter().filter(|(_, s)| strain(s, now) > 1.0).count();
    for (id, s) in all {
        let (role, words) = source_age(model, s);
        // `10s` takes the place of `5s ` and moves nobody.
        let words = if many(model) { format!("{words:<3}") } else { words };
        let gap = if line.is_empty() { "" } else { "  " };
        let id = gate(id.as_str());
        let one = Line::new().text(format!("{gap}{} ", cut_middle(&id, 20))).add(role, words);
        let rest = if left > 1 { width(&rest_words(left - 1, 0)) + 6 } else { 0 };
        if line.width() + one.width() + rest > room {
            line = line.add(Role::Muted, format!("{gap}{}", rest_words(left, left_bad)));
            break;
        }
        line = line.append(one);
        left -= 1;
        if strain(s, now) > 1.0 {
            left_bad -= 1;
        }
    }
    tails(line)
}

fn rest_words(n: usize, bad: usize) -> String {
    if bad > 0 { format!("+{n}, {bad} old!") } else { format!("+{n} fine") }
}

fn alarm_row(model: &Model) -> Line {
    let alarms = if model.nav.screen == Screen::Waking { Vec::new() } else { alarm::alarms(model) };
    let Some(first) = alarms.first() else { return Line::new() };
    let role = if first.rank <= 3 { Role::Bad } else { Role::Warn };
    let key = |i| model.keymap.shown(i).unwrap_or_default();
    let sources = key(Intent::ScreenSources);
    let more = if alarms.len() > 1 { format!("{} more, ", alarms.len() - 1) } else { String::new() };
    let line = Line::of(role, &first.text);
    match &first.place {
        // Elsewhere than on Sources: the key that goes there, and the one that tells all.
        At::Service(_) | At::Alerts(_) if !alarm::is_here(model, &first.place) => {
            let line = line.end(Role::Key, key(Intent::Alarm)).end(Role::Muted, " goes there");
            if more.is_empty() { line } else { line.end(Role::Muted, format!(" ({more}{sources})")) }
        }
        At::Incident if !alarm::is_here(model, &first.place) => {
            let line = line.end(Role::Key, key(Intent::ScreenIncident)).end(Role::Muted, " tells more");
            if more.is_empty() { line } else { line.end(Role::Muted, format!(" ({more}{sources})")) }
        }
        At::Service(_) | At::Source(_) | At::Sources | At::Incident | At::Alerts(_) => {
            line.end(Role::Muted, format!("({more}{sources})"))
        }
    }
}
