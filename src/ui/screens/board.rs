//! The Board: every moving rollout and every unhealthy service, worst first; the chosen one in detail below.

use super::super::hints;
use super::super::parts::line::{Line, Rows};
use super::super::parts::{figures, strips};
use crate::config::theme::Role;
use crate::core::age;
use crate::core::board::{self, Glyph, Row};
use crate::core::intent::Intent;
use crate::core::judge::freshness::Age;
use crate::core::judge::words;
use crate::core::listing;
use crate::core::model::Model;
use crate::core::nav::Listing;
use crate::core::world::source::Link;
use crate::core::world::target::TargetState;

/// Column widths for a screen this wide, in the order of the heading.
struct Columns {
    service: usize,
    place: usize,
    what: usize,
    verdict: usize,
    points: usize,
    burn: usize,
    back: usize,
}

fn columns(wide: usize) -> Columns {
    let base = Columns { service: 12, place: 7, what: 16, verdict: 12, points: 11, burn: 12, back: 8 };
    if wide < 78 {
        // What the detail says as well goes first.
        let short = Columns { burn: 0, back: 0, what: 15, points: 10, ..base };
        let more = wide.saturating_sub(2 + 12 + 7 + 15 + 12 + 10);
        return Columns { service: short.service + more, ..short };
    }
    let more = wide.saturating_sub(80);
    // What is over goes to names first: they are what is cut.
    Columns { service: base.service + more / 2, place: base.place + more / 4, what: base.what + more / 4, ..base }
}

/// `WORSE` and its like in the first columns: what is left when there is no room for the rest.
pub fn list(model: &Model, wide: usize, height: usize) -> Vec<Line> {
    let c = columns(wide);
    let heading = Line::new()
        .text("  ")
        .left(Role::Text, "SERVICE", c.service)
        .left(Role::Text, "WHERE", c.place)
        .left(Role::Text, "WHAT", c.what)
        .left(Role::Text, "VERDICT", c.verdict)
        .right(Role::Text, "POINTS", c.points)
        .right(Role::Text, if c.burn > 0 { "BURN 1h/5m" } else { "" }, c.burn)
        .text(if c.back > 0 { " " } else { "" })
        .left(Role::Text, if c.back > 0 { "BACK" } else { "" }, c.back.saturating_sub(1));
    let rows: Vec<&Row> = board::listed(model).collect();
    let hidden = model.rows.len() - rows.len();
    let mut out = vec![heading];
    let room = height.saturating_sub(2).max(1);
    let chosen = rows.iter().position(|r| Some(&r.service) == model.nav.selected.as_ref()).unwrap_or(0);
    // The chosen row stays in sight; the top is left only when it must be.
    let first = if chosen < room { 0 } else { (chosen + 1 - room).min(rows.len().saturating_sub(room)) };
    let shown = rows.iter().skip(first).take(room);
    out.extend(shown.map(|r| row(model, r, &c)));
    let below = rows.len().saturating_sub(first + room);
    let mut words = Vec::new();
    if first > 0 {
        words.push(format!("{first} above"));
    }
    if below > 0 {
        words.push(format!("{below} below"));
    }
    let filtered = listing::words(model, Listing::Services).is_some();
    if filtered && let Some(text) = super::super::overlays::filter::hidden(model, Listing::Services) {
        words.push(text);
    }
    if hidden > 0 && !filtered {
        words.push(format!("{hidden} more {} fine", if hidden == 1 { "is" } else { "are" }));
    }
    let line = Line::new().text(format!("  {}", words.join(", ")));
    let key = hints::key(model, Intent::ShowRest).filter(|_| !filtered && (hidden > 0 || model.nav.show_rest));
    out.push(match key {
        Some(k) => line.end(Role::Key, k).end(Role::Text, if hidden > 0 { " show" } else { " fold" }),
        None => line,
    });
    out
}

fn glyph(g: Glyph) -> &'static str {
    match g {
        Glyph::Bad => "!",
        Glyph::Blind => "?",
        Glyph::Moving => "~",
        Glyph::Fine => "=",
    }
}

fn row(model: &Model, r: &Row, c: &Columns) -> Line {
    let chosen = Some(&r.service) == model.nav.selected.as_ref();
    let t = r.target.as_ref().and_then(|t| model.world.targets.get(t));
    let name = super::super::parts::line::gate(r.service.as_str()).into_owned();
    let name = super::super::parts::line::cut(&name, c.service.saturating_sub(1)).into_owned();
    let pad = c.service.saturating_sub(super::super::parts::line::width(&name));
    let line = Line::new()
        .text(if chosen { ">" } else { " " })
        .text(glyph(r.glyph))
        .add(if chosen { Role::Selected } else { Role::Text }, name)
        .text(" ".repeat(pad));
    let place = match (t, r.targets) {
        (Some(_), n) if n > 1 && r.moving > 1 => format!("{} of {n}", r.moving),
        (Some(t), _) => t.id.source.to_string(),
        (None, _) => "-".into(),
    };
    let what = t.map_or_else(|| "no rollout".into(), figures::what);
    let (role, word, _) = strips::row_words(model, r);
    let points = t.and_then(|t| model.judged.get(&t.id)).map_or_else(|| "-".into(), figures::points_column);
    let burn = model.burns.get(&r.service).map_or_else(
        || "-".to_owned(),
        |b| {
            // A burn that is too old to judge by is not known.
            let known = b.age != Age::Withdrawn;
            let one = |secs| b.over_window(secs).filter(|_| known).map_or_else(|| "--".into(), words::times);
            format!("{:>5}/{:>5}", one(3600), one(300))
        },
    );
    let back = t.map_or_else(|| ("-".into(), false), |t| figures::way_back(model, t));
    let line = line.left(Role::Text, place, c.place).left(Role::Text, what, c.what);
    // The badge covers its word only.
    let word = super::super::parts::line::cut(&word, c.verdict.saturating_sub(1)).into_owned();
    let pad = c.verdict.saturating_sub(super::super::parts::line::width(&word));
    let line = line.add(role, word).text(" ".repeat(pad)).right(Role::Text, points, c.points);
    if c.back == 0 {
        return line;
    }
    // The last cell ends with the screen, so it needs no blank of its own.
    line.right(Role::Text, burn, c.burn).text(" ").left(if back.1 { Role::Warn } else { Role::Text }, back.0, c.back)
}

/// Nothing is bad and nothing is blind: said in one sentence, so that calm cannot be taken for no data.
pub fn calm(model: &Model) -> Option<Line> {
    let quiet = !model.rows.is_empty() && model.rows.iter().all(|r| matches!(r.glyph, Glyph::Fine | Glyph::Moving));
    if !quiet {
        return None;
    }
    let moving = model.rows.iter().filter(|r| r.moving > 0).count();
    let worst = model
        .burns
        .iter()
        .filter_map(|(s, b)| b.left.map(|l| (s, l)))
        .min_by(|a, b| a.1.total_cmp(&b.1))
        .map(|(s, l)| format!(", budget worst: {s} {}% left", words::decimal(libm::round(l * 100.0), 0)));
    let head = format!("ALL {} SERVICES FINE.", model.rows.len());
    Some(Line::of(Role::Title, head).text(format!(" {moving} moving{}.", worst.unwrap_or_default())))
}

pub fn rows(model: &Model, wide: usize, tall: usize) -> Rows {
    let mut out = Rows::new();
    if model.rows.is_empty() {
        nothing(model, wide, &mut out);
        return out;
    }
    if let Some(line) = calm(model) {
        out.keep(line);
    }
    let mut below = Rows::new();
    detail(model, wide, &mut below);
    let wanted = board::listed(model).count() + 2;
    let room = tall.saturating_sub(out.len() + below.len());
    for (i, line) in list(model, wide, wanted.min(room.max(4))).into_iter().enumerate() {
        out.may(if i <= 1 { 0 } else { 1 }, line);
    }
    let spare = tall.saturating_sub(out.len() + below.len() + 1);
    if spare > 0 {
        out.gap();
    }
    out.extend(below);
    for (i, line) in strips::log(model, spare.clamp(1, 12)).into_iter().enumerate() {
        out.may(if i == 0 { 31 } else { 60 }, line);
    }
    out
}

fn nothing(model: &Model, wide: usize, out: &mut Rows) {
    let reading = model.world.sources.values().any(|s| s.confirmed.is_none());
    let failed = model.world.sources.values().filter(|s| matches!(s.link, Link::Failed(_))).count();
    let text = match (model.world.sources.len(), failed, reading) {
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
            Link::Connecting | Link::Reading { .. } | Link::Watching | Link::Polling => s.holds.to_string(),
        };
        let line = Line::new().text(format!(" {id} ")).add(role, word).text(format!(" {said}"));
        out.flow(2, 2, line, wide, 3);
    }
    for p in &model.problems {
        out.flow(2, 2, Line::new().text(format!(" {p}")), wide, 3);
    }
    out.may(3, hints::list(model, wide, &[(&[Intent::ScreenSources], "shows what each source says")]));
}

/// The chosen service, in a few lines.
fn detail(model: &Model, wide: usize, out: &mut Rows) {
    out.may(30, Line::rule());
    let Some(row) = board::selected(model) else {
        out.may(20, Line::new().text("no service is chosen"));
        return;
    };
    let service = model.world.services.get(&row.service);
    let owner = service.map(|s| {
        let owner = s.owner.as_ref().map(|o| format!("{o}, ")).unwrap_or_default();
        format!("{owner}tier {}", s.tier)
    });
    let Some(t) = board::selected_target(model) else {
        out.may(5, Line::of(Role::Moving, row.service.as_str()).end(Role::Text, owner.unwrap_or_default()));
        let burn = model.burns.get(&row.service);
        let slo = service.is_some_and(|s| s.slo.is_some());
        out.may(6, Line::new().text(" budget   ").append(figures::budget(burn, slo)));
        return;
    };
    out.may(5, heading(model, t, wide).end(Role::Text, owner.unwrap_or_default()));
    out.flow(6, 7, Line::new().text(" verdict  ").append(figures::verdict(model, t)), wide, 10);
    let (age_role, age) = figures::figures_age(model, t);
    let judged = model.judged.get(&t.id);
    let room = wide.saturating_sub(11 + age.len());
    out.may(7, Line::new().text(" errors   ").append(figures::errors(t, judged, room)).end(age_role, age));
    let slo = service.is_some_and(|s| s.slo.is_some());
    out.may(8, Line::new().text(" budget   ").append(figures::budget(model.burns.get(&t.service), slo)));
    let r = crate::core::judge::readiness::readiness(t, service, model.world.sources.get(&t.id.source));
    let line = Line::new().text(format!(" way back {}", figures::way_back(model, t).0));
    let line = match r.worst() {
        Some(c) => line.text("  ").add(Role::Warn, "(!)").text(format!(" {}", c.how)),
        None => line.text("  nothing stands in the way"),
    };
    out.flow(9, 20, line, wide, 10);
    if let Some(line) = strips::runbook(model) {
        out.may(12, line);
    }
}

/// `checkout  v2.14.0 -> v2.14.1  5m ago`
pub fn heading(model: &Model, t: &TargetState, wide: usize) -> Line {
    let v = |h: &Option<crate::core::id::Hash>| {
        let v = h.as_ref().map_or_else(|| "none".into(), |h| t.version_of(h));
        let v = super::super::parts::line::gate(&v).into_owned();
        super::super::parts::line::cut(&v, (wide / 5).max(8)).into_owned()
    };
    let line = Line::of(Role::Moving, &t.id.name).text(format!("  {}", v(&t.stable)));
    if !t.is_moving() {
        return line.text(format!(", {}", t.phase.word()));
    }
    let ago = t.started.map(|s| format!("  {} ago", age::age(figures::known_until(model, t).since(s))));
    line.text(format!(" -> {}{}", v(&t.candidate), ago.unwrap_or_default()))
}
