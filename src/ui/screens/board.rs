//! The Board: every moving rollout and every unhealthy service, worst first; the chosen one in detail below.

use super::super::hints;
use super::super::parts::line::{Line, cut_middle, cut_versions, gate, width};
use super::super::parts::rows::{Rows, Window};
use super::super::parts::{figures, strips};
use crate::config::theme::Role;
use crate::core::age;
use crate::core::board::{self, Glyph, Row};
use crate::core::frozen;
use crate::core::intent::Intent;
use crate::core::judge::freshness::Age;
use crate::core::judge::words;
use crate::core::listing;
use crate::core::model::Model;
use crate::core::msg::Picked;
use crate::core::nav::Listing;
use crate::core::world::source::Link;
use crate::core::world::target::TargetState;

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
}

fn columns(wide: usize) -> Columns {
    // Each tier leaves out what the detail says as well.
    let base = Columns { service: 14, place: 7, what: 16, verdict: 21, points: true, burn: 12, back: 8 };
    match wide {
        0..50 => {
            let what = if wide < 46 { 12 } else { 16 };
            let service = wide.saturating_sub(2 + what + 13).max(8);
            Columns { service, place: 0, what, verdict: 13, points: false, burn: 0, back: 0 }
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
    if c.back == 0 {
        return line;
    }
    line.right(Role::Text, "BURN 1h/5m", c.burn).text(" ").left(Role::Text, "BACK", c.back)
}

/// As many rows as have room, the chosen one among them, and how many are not in sight. Only rows in sight are built.
pub fn list(model: &Model, wide: usize, height: usize) -> Rows {
    let c = columns(wide);
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
        (hidden > 0).then(|| format!("{hidden} more {} fine", if hidden == 1 { "is" } else { "are" }))
    };
    let words: Vec<String> = w.words().into_iter().chain(rest).collect();
    let line = Line::new().text(format!("  {}", words.join(", ")));
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
    let what = t.map_or_else(|| "no rollout".into(), figures::what);
    let (role, word, _) = strips::row_words(model, r);
    let points = t.and_then(|t| model.judged.get(&t.id)).map_or_else(|| "-".into(), figures::points_column);
    let loose = t.is_some_and(|t| frozen::is_loose(model, t));
    let line = line.name(Role::Text, place, c.place);
    let line = match loose {
        // The badge covers its word only.
        true => line.add(Role::Warn, "LOOSE").left(Role::Text, format!(" {what}"), c.what.saturating_sub(5)),
        false => line.left(Role::Text, what, c.what),
    };
    // The badge covers its word only.
    let line = line.both(role, word, if c.points { points.as_str() } else { "" }, c.verdict);
    if c.back == 0 {
        return line;
    }
    let burn = model.burns.get(&r.service).map_or_else(
        || format!("{:>5}/{:>5}", "-", "-"),
        |b| {
            // A burn that is too old to judge by is not known.
            let known = b.age != Age::Withdrawn;
            let one = |secs| b.over_window(secs).filter(|_| known).map_or_else(|| "--".into(), words::times);
            format!("{:>5}/{:>5}", one(3600), one(300))
        },
    );
    let back = t.map_or_else(|| ("-".into(), false), |t| figures::way_back(model, t));
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
        let name = Line::of(Role::Moving, row.service.as_str()).end(Role::Text, owner.unwrap_or_default());
        out.may(K::Name as u8, name);
        out.flow(K::Budget as u8, K::More as u8, budget, wide, 10);
        return;
    };
    out.may(K::Name as u8, heading(model, t, wide).end(Role::Text, owner.unwrap_or_default()));
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
    out.keep(Line::new().text(" errors   ").append(errors).end(age_role, age));
    out.flow(K::Budget as u8, K::More as u8, budget, wide, 10);
    let r = crate::core::judge::readiness::of(&model.world, t, model.utc());
    if model.replay.is_some() {
        let line = Line::new().text(" reach    ").text(figures::reach(t));
        out.flow(K::Never as u8, K::More as u8, line, wide, 10);
        return;
    }
    let line = Line::new().text(format!(" way back {}", figures::way_back(model, t).0));
    let line = match r.worst() {
        Some(c) => line.text("  ").add(Role::Warn, "(!)").text(format!(" {}", c.how)),
        None => line.text("  nothing stands in the way"),
    };
    out.flow(K::Never as u8, K::More as u8, line, wide, 10);
    if let Some(line) = strips::runbook(model, &row.service) {
        out.may(K::Runbook as u8, line);
    }
}

/// `checkout  v2.14.0 -> v2.14.1  5m ago`
pub fn heading(model: &Model, t: &TargetState, wide: usize) -> Line {
    let v = |h: &Option<crate::core::id::Hash>| {
        let v = h.as_ref().map_or_else(|| "none".into(), |h| t.version_of(h));
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
    line.text(format!(" -> {candidate}{}", ago.unwrap_or_default()))
}
