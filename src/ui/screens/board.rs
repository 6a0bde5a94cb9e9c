//! The Board: every moving rollout and every unhealthy service, worst first; the chosen one in detail below.

use super::super::hints;
use super::super::parts::line::{Line, cut_middle, cut_versions, gate, width};
use super::super::parts::rows::{Rows, Window};
use super::super::parts::{figures, spark, strips};
use crate::config::theme::Role;
use crate::core::age;
use crate::core::board::{self, Glyph, Row};
use crate::core::cell::Cell;
use crate::core::frozen;
use crate::core::intent::Intent;
use crate::core::judge::freshness::Age;
use crate::core::judge::verdict::Word;
use crate::core::judge::words;
use crate::core::listing;
use crate::core::model::Model;
use crate::core::msg::Picked;
use crate::core::nav::Listing;
use crate::core::watch;
use crate::core::world::figures::Signal;
use crate::core::world::source::Link;
use crate::core::world::target::TargetState;
use crate::core::world::telemetry::TrendOf;

/// What the Board gives up when there is no room, the last first.
#[derive(Clone, Copy)]
enum Keep {
    /// That all is fine; the chosen row with its verdict; the age of its figures; its readiness.
    Never,
    Heading,
    /// Other rows, and how many are not in sight.
    Others,
    Name,
    Verdict,
    /// What fires about it.
    Alerts,
    Budget,
    /// What goes on below a line of the detail.
    More,
    Runbook,
    Rule,
    Log,
    LogRest,
}

use Keep as K;

/// Column widths for a screen this wide, in the order of the heading; 0: not there.
struct Columns {
    service: usize,
    place: usize,
    what: usize,
    /// The verdict's word on the left and the points on the right share it.
    verdict: usize,
    points: bool,
    burn: usize,
    back: usize,
    /// The course of failures; from 160 columns on.
    trend: usize,
}

/// Columns of a sparkline with the blank before it, and of the screen from which there is one.
const TREND: usize = 11;
const TREND_FROM: u16 = 160;

/// With a sparkline: next to the names where there is room, in the place of the cluster where there is none.
fn columns_of(model: &Model, wide: usize) -> Columns {
    let c = columns(wide);
    if model.width < TREND_FROM {
        return c;
    }
    match wide {
        0..56 => c,
        56..78 => Columns { service: c.service + c.place - 9, place: 0, trend: 9, ..c },
        78..90 => Columns { service: c.service + c.place - 9, place: 0, trend: 9, ..c },
        _ => Columns { trend: TREND, ..columns(wide - TREND) },
    }
}

fn columns(wide: usize) -> Columns {
    // Each tier leaves out what the detail says as well.
    let base = Columns { service: 14, place: 7, what: 16, verdict: 21, points: true, burn: 12, back: 8, trend: 0 };
    match wide {
        0..50 => {
            let what = if wide < 46 { 12 } else { 16 };
            let service = wide.saturating_sub(2 + what + 13).max(8);
            Columns { service, place: 0, what, verdict: 13, points: false, burn: 0, back: 0, trend: 0 }
        }
        50..78 => {
            let place = if wide < 56 { 0 } else { 7 };
            let service = wide.saturating_sub(2 + place + 16 + 21);
            Columns { service, place, burn: 0, back: 0, ..base }
        }
        _ => {
            let more = wide.saturating_sub(80);
            // What is over goes to names first: they are what is cut.
            let service = base.service - 80usize.saturating_sub(wide) + more / 2;
            Columns { service, place: base.place + more / 4, what: base.what + more / 4, ..base }
        }
    }
}

fn heading_row(c: &Columns) -> Line {
    let line = Line::new().text("  ").left(Role::Text, "SERVICE", c.service).left(Role::Text, "WHERE", c.place);
    let line = line.left(Role::Text, "WHAT", c.what);
    let line = line.both(Role::Text, "VERDICT", if c.points { "POINTS" } else { "" }, c.verdict);
    let line = if c.trend > 0 { line.text(" ").left(Role::Text, "FAIL%", c.trend - 1) } else { line };
    if c.back == 0 {
        return line;
    }
    line.right(Role::Text, "BURN 1h/5m", c.burn).text(" ").left(Role::Text, "BACK", c.back)
}

/// As many rows as have room, the chosen one among them, and how many are not in sight. Only rows in sight are built.
pub fn list(model: &Model, wide: usize, height: usize) -> Rows {
    let c = columns_of(model, wide);
    let mut out = Rows::new();
    out.may(K::Heading as u8, heading_row(&c));
    let len = board::listed(model).count();
    let hidden = model.rows.len() - len;
    let chosen = board::listed(model).position(|r| Some(&r.service) == model.nav.selected.as_ref()).unwrap_or(0);
    let w = Window::of(len, chosen, height.saturating_sub(2));
    for (i, r) in board::listed(model).enumerate().skip(w.first).take(w.shown) {
        out.may(
            if i == chosen { K::Never } else { K::Others } as u8,
            row(model, r, &c).pick(Picked::Service(r.service.clone())),
        );
    }
    let filtered = listing::words(model, Listing::Services).is_some();
    let rest = if filtered {
        super::super::overlays::filter::hidden(model, Listing::Services)
    } else {
        let folded = |r: &&Row| r.moving == 0 && Some(&r.service) != model.nav.selected.as_ref();
        let words = board::quiet_words(model.rows.iter().filter(folded));
        (hidden > 0).then(|| match words.strip_prefix(&format!("{hidden} ")) {
            Some(word) => format!("{hidden} more {} {word}", if hidden == 1 { "is" } else { "are" }),
            None => format!("{hidden} more: {words}"),
        })
    };
    let words: Vec<String> = w.words().into_iter().chain(rest).collect();
    let line = Line::new().text(format!("  {}", words.join(", "))).about(Cell::Fleet);
    let key = hints::key(model, Intent::ShowRest).filter(|_| !filtered && (hidden > 0 || model.nav.show_rest));
    let line = match key {
        Some(k) => line.end(Role::Key, k).end(Role::Text, if hidden > 0 { " show" } else { " fold" }),
        None => line,
    };
    out.may(K::Others as u8, line);
    out
}

fn glyph(g: Glyph) -> &'static str {
    match g {
        Glyph::Bad => "!",
        Glyph::Blind => "?",
        Glyph::Moving => "~",
        Glyph::Fine => "=",
        Glyph::Unjudged => "?",
    }
}

fn row(model: &Model, r: &Row, c: &Columns) -> Line {
    let chosen = Some(&r.service) == model.nav.selected.as_ref();
    let t = r.target.as_ref().and_then(|t| model.world.targets.get(t));
    let line = Line::new().choice(chosen).text(glyph(r.glyph));
    let line = line.name(if chosen { Role::Selected } else { Role::Text }, r.service.as_str(), c.service);
    let place = match (t, r.targets) {
        (Some(_), n) if n > 1 && r.moving > 1 => format!("{} of {n}", r.moving),
        (Some(t), _) => t.id.source.to_string(),
        (None, _) => "-".into(),
    };
    let what = t.map_or_else(|| "no rollout".into(), |t| watch::words(model, t).unwrap_or_else(|| figures::what(t)));
    // The chosen figure stands out in the chosen row.
    let mark = model.nav.figure.filter(|_| chosen);
    let (role, word, _) = strips::row_words(model, r);
    let points = t.and_then(|t| model.judged.get(&t.id)).map_or_else(|| "-".into(), figures::points_column);
    let loose = t.is_some_and(|t| frozen::is_loose(model, t));
    let line = line.append(Line::new().name(Role::Text, place, c.place).about(Cell::Fleet));
    let line = match loose {
        // The badge covers its word only.
        true => line.add(Role::Warn, "LOOSE").append(cell(Cell::Step, &format!(" {what}"), c.what.saturating_sub(5))),
        false => line.append(cell(Cell::Step, &what, c.what)),
    };
    // The badge covers its word only.
    let signal = t.and_then(|t| model.judged.get(&t.id)).map_or(Signal::Errors, |j| j.signal);
    let line = line.both_figures(
        // What does not move is judged by its burn alone.
        (if t.is_some_and(TargetState::is_moving) { Cell::Verdict } else { Cell::BurnWord }, role, &word),
        (points_cell(model, t, signal), if c.points { points.as_str() } else { "" }),
        c.verdict,
    );
    let line = if c.trend > 0 { line.text(" ").append(trend(model, r, c.trend - 1)) } else { line };
    if c.back == 0 {
        return line.chosen(mark);
    }
    let b = model.burn(&r.service);
    let one = |secs| match b {
        None => "-".to_owned(),
        // Too old to judge by: it stays as what it was.
        Some(b) if b.age == Age::Withdrawn && b.sample.is_none() => "--".into(),
        Some(b) => b.over_window(secs).map_or_else(|| "--".into(), words::times),
    };
    let was = b.is_some_and(|b| b.age == Age::Withdrawn && b.sample.is_some());
    // One that only grew old is told by its row's mark.
    let role = if b.is_some_and(|b| b.age == Age::Withdrawn) { Role::Muted } else { Role::Text };
    let wide = if was { 0 } else { 5 };
    let burn = Line::new().add(role, if was { "was " } else { "" });
    let burn = burn.figure(Cell::Burn(3_600), role, format!("{:>wide$}", one(3_600))).text("/");
    let burn = burn.figure(Cell::Burn(300), role, format!("{:>wide$}", one(300)));
    let back = t.map_or_else(|| ("-".into(), false), |t| figures::way_back(model, t));
    // The last cell ends with the screen, so it needs no blank of its own.
    let line = line.text(" ".repeat(c.burn.saturating_sub(burn.width()))).append(burn).text(" ");
    let role = if back.1 { Role::Warn } else { Role::Text };
    line.append(Line::new().left(role, back.0, c.back).about(Cell::Ready)).chosen(mark)
}

/// A cell of a figure, its text on the left.
fn cell(of: Cell, text: &str, max: usize) -> Line {
    Line::new().left(Role::Text, text, max).about(of)
}

/// What stands under POINTS: the difference, or how many requests are still needed.
fn points_cell(model: &Model, t: Option<&TargetState>, signal: Signal) -> Cell {
    match t.and_then(|t| model.judged.get(&t.id)).map(|j| &j.verdict.word) {
        Some(Word::Unsure(_)) => Cell::Needed(signal),
        Some(_) | None => Cell::Difference(signal),
    }
}

/// The course of failures in a few columns; `--` where nobody tells it.
fn trend(model: &Model, r: &Row, wide: usize) -> Line {
    let course = model.world.telemetry.get(&r.service).and_then(|t| t.trends.get(&TrendOf::FailureRate));
    match course {
        Some(course) => spark::line(course, wide),
        None => Line::new().left(Role::Text, "--", wide),
    }
    .about(Cell::Trend)
}

/// Nothing is bad, nothing is blind, and no budget burns fast enough for a ticket.
fn quiet(model: &Model) -> bool {
    let ticket = |r: &Row| r.glyph == Glyph::Moving && r.rank == board::BURNS;
    let fine = |r: &Row| (r.is_quiet() || r.glyph == Glyph::Moving) && !ticket(r);
    !model.rows.is_empty() && model.rows.iter().all(fine)
}

/// Nothing is bad and nothing is blind: said in one sentence, so that calm cannot be taken for no data.
pub fn calm(model: &Model) -> Option<Line> {
    if !quiet(model) {
        return None;
    }
    let moving = model.rows.iter().filter(|r| r.moving > 0).count();
    let worst = model
        .burns
        .iter()
        .filter_map(|(s, b)| b.deciding().left.map(|l| (s, l)))
        .min_by(|a, b| a.1.total_cmp(&b.1))
        .map(|(s, l)| format!(", budget worst: {s} {}% left", words::decimal(libm::round(l * 100.0), 0)));
    // People and rules may know what no figure shows: then nothing here is called fine.
    if model.alerts.firing() > 0 {
        return None;
    }
    let (all, unjudged) = (model.rows.len(), model.rows.iter().filter(|r| r.glyph == Glyph::Unjudged).count());
    let head = match unjudged {
        0 => format!("ALL {all} SERVICES FINE."),
        n if n == all => format!("ALL {all} SERVICES STEADY, NONE JUDGED."),
        n => format!("ALL {all} SERVICES STEADY, {n} NOT JUDGED."),
    };
    let watched = match watch::count(model) {
        0 => String::new(),
        n => format!(", {n} on watch"),
    };
    let line = Line::of(Role::Title, head).text(format!(" {moving} moving{watched}{}.", worst.unwrap_or_default()));
    Some(line.about(Cell::Fleet))
}

/// Something fires: said above all rows, whatever the figures say. Where they are bad the rows say so themselves.
pub fn fires(model: &Model) -> Option<Line> {
    let n = model.alerts.firing();
    if n == 0 || model.rows.iter().any(|r| r.glyph == Glyph::Bad) {
        return None;
    }
    let key = model.keymap.shown(Intent::ScreenAlerts).unwrap_or_default();
    let what = if n == 1 { "1 ALERT FIRES".to_owned() } else { format!("{n} ALERTS FIRE") };
    let though = if quiet(model) { ", though no figure is bad: " } else { ": " };
    let line = Line::of(Role::Warn, what).text(though).add(Role::Key, key);
    Some(line.text(" shows them").about(Cell::Fleet))
}

pub fn rows(model: &Model, wide: usize, tall: usize) -> Rows {
    let mut out = Rows::new();
    if model.rows.is_empty() {
        nothing(model, wide, &mut out);
        return out;
    }
    if let Some(line) = calm(model).or_else(|| fires(model)) {
        out.keep(line);
    }
    let mut below = Rows::new();
    detail(model, wide, &mut below);
    let wanted = board::listed(model).count() + 2;
    let room = tall.saturating_sub(out.len() + below.len());
    // Of a small window the list has all but the two rows that never go, up to the four worst.
    let least = tall.saturating_sub(2).clamp(3, 6);
    out.extend(list(model, wide, wanted.min(room.max(least))));
    let spare = tall.saturating_sub(out.len() + below.len() + 1);
    if spare > 0 {
        out.gap();
    }
    out.extend(below);
    for (i, line) in strips::log(model, spare.clamp(1, 12)).into_iter().enumerate() {
        out.may(if i == 0 { K::Log } else { K::LogRest } as u8, line);
    }
    out
}

fn nothing(model: &Model, wide: usize, out: &mut Rows) {
    let reading = model.world.sources.values().any(|s| s.confirmed.is_none());
    let failed = model.world.sources.values().filter(|s| matches!(s.link, Link::Failed(_))).count();
    let text = match (model.world.sources.len(), failed, reading) {
        _ if model.replay.is_some() => "THE LOG HAS NAMED NO SERVICE YET.".to_owned(),
        (0, _, _) => "NO SOURCE IS CONFIGURED: NOTHING CAN BE SEEN.".to_owned(),
        (n, f, _) if f == n => "NO SOURCE ANSWERS: NOTHING IS KNOWN. THIS IS NOT CALM.".into(),
        (_, _, true) => "NO SERVICE YET: SOURCES ARE STILL BEING READ.".into(),
        (_, _, false) => "THE SOURCES ANSWERED AND NAME NO SERVICE.".into(),
    };
    out.keep(Line::of(Role::Title, text));
    for (id, s) in &model.world.sources {
        let (role, word) = super::sources::link(&s.link);
        let said = match &s.link {
            Link::Failed(e) => e.sentence.to_string(),
            Link::Connecting if model.replay.is_some() => "not recorded".into(),
            Link::Connecting => "no answer yet".into(),
            Link::Reading { .. } | Link::Watching | Link::Polling => s.holds.to_string(),
        };
        let line = Line::new().text(" ").left(Role::Text, id.as_str(), if wide < 60 { 10 } else { 14 });
        let line = line.left(role, word, 12).text(said);
        out.flow(2, 2, line, wide, 3);
    }
    for p in &model.problems {
        out.flow(2, 2, Line::new().text(format!(" {p}")), wide, 3);
    }
    out.may(3, hints::list(model, wide, &[(&[Intent::ScreenSources], "shows what each source says")]));
}

/// The chosen service, in a few lines.
fn detail(model: &Model, wide: usize, out: &mut Rows) {
    out.may(K::Rule as u8, Line::rule());
    let Some(row) = board::detailed(model) else {
        out.may(K::Name as u8, Line::new().text("no service is chosen"));
        return;
    };
    let service = model.world.services.get(&row.service);
    let owner = service.map(|s| {
        let owner = s.owner.as_ref().map(|o| format!("{o}, ")).unwrap_or_default();
        format!("{owner}tier {}", s.tier)
    });
    let budget = Line::new().text(" budget   ").append(figures::budget_of(model, &row.service));
    let Some(t) = row.target.as_ref().and_then(|t| model.world.targets.get(t)) else {
        let name =
            Line::of(Role::Moving, row.service.as_str()).end_figure(Cell::Fleet, Role::Text, owner.unwrap_or_default());
        out.may(K::Name as u8, name);
        out.flow(K::Budget as u8, K::More as u8, budget, wide, 10);
        alerts_line(model, row, wide, out);
        return;
    };
    out.may(K::Name as u8, heading(model, t, wide).end_figure(Cell::Fleet, Role::Text, owner.unwrap_or_default()));
    let verdict = Line::new().text(" verdict  ").append(figures::verdict(model, t));
    out.flow(K::Verdict as u8, K::More as u8, verdict, wide, 10);
    let (age_role, age) = figures::figures_age(model, t);
    let judged = model.judged.get(&t.id);
    // From `9s old` to `10s old` nothing else moves.
    let room = wide.saturating_sub(11 + age.len().max(7));
    let errors = match judged.filter(|j| j.telemetry && (wide < 70 || figures::errors_width(t, j) > room)) {
        // The stable side stands on Verdict: neither a figure nor a version is cut for it.
        Some(j) => figures::error_sides(t, j, room).into_iter().next().unwrap_or_default(),
        None => figures::errors(t, judged, room),
    };
    out.keep(Line::new().text(" errors   ").append(errors).end_figure(Cell::Age, age_role, age));
    out.flow(K::Budget as u8, K::More as u8, budget, wide, 10);
    alerts_line(model, row, wide, out);
    let r = crate::core::judge::readiness::of(&model.world, t, model.utc());
    if model.replay.is_some() {
        let line = Line::new().text(" reach    ").append(figures::reach(t));
        out.flow(K::Never as u8, K::More as u8, line, wide, 10);
        return;
    }
    let line = Line::new().text(format!(" way back {}", figures::way_back(model, t).0));
    let line = match r.worst() {
        Some(c) => line.text("  ").add(Role::Warn, "(!)").text(format!(" {}", c.said())),
        None => line.text("  nothing stands in the way"),
    };
    out.flow(K::Never as u8, K::More as u8, line.about(Cell::Ready), wide, 10);
    if let Some(line) = strips::runbook(model, &row.service) {
        out.may(K::Runbook as u8, line);
    }
}

/// What fires about the chosen service, and the key that shows it.
fn alerts_line(model: &Model, row: &Row, wide: usize, out: &mut Rows) {
    let Some(said) = crate::core::aside::line(model, &row.service) else { return };
    let key = model.keymap.shown(Intent::ScreenAlerts).unwrap_or_default();
    let line = Line::new().text(" alerts   ").text(said).text("  ").add(Role::Key, key).text(" shows them");
    out.flow(K::Alerts as u8, K::More as u8, line, wide, 10);
}

/// `checkout  v2.14.0 -> v2.14.1  5m ago`
pub fn heading(model: &Model, t: &TargetState, wide: usize) -> Line {
    let v = |h: &Option<crate::core::id::Hash>| {
        let v = h.as_ref().map_or_else(|| "none".into(), |h| t.called(h));
        gate(&v).into_owned()
    };
    let name = gate(&t.id.name);
    let name = cut_middle(&name, wide * 3 / 10);
    // Arrow, gaps and the age take 15, the owner behind it about 20.
    let room = wide.saturating_sub(width(&name) + 35) / 2;
    let [stable, candidate] = cut_versions(&v(&t.stable), &v(&t.candidate), room.max(8));
    let line = Line::of(Role::Moving, &name).text(format!("  {stable}"));
    if !t.is_moving() {
        return line.text(format!(", {}", t.phase.word()));
    }
    let ago = t.started.map(|s| format!("  {} ago", age::age(figures::lasted(model, t, s))));
    line.text(format!(" -> {candidate}")).figure(Cell::Deployed, Role::Text, ago.unwrap_or_default())
}
