//! The pictures of one service: failures of both versions with the range as a band, burn against the 3x line, latency,
//! memory. Which there are is said; one that nobody tells of is named, not left out.

use super::line::Line;
use super::picture::{Course, Mark, Picture, span};
use crate::config::theme::Role;
use crate::core::board;
use crate::core::cell::Cell;
use crate::core::id::ServiceId;
use crate::core::judge::judged::Judged;
use crate::core::judge::tracks;
use crate::core::judge::words;
use crate::core::model::Model;
use crate::core::provenance;
use crate::core::record::Record;
use crate::core::time::Utc;
use crate::core::world::figures::Signal;
use crate::core::world::target::TargetState;
use crate::core::world::telemetry::{Trend, TrendOf};

/// Points of a course at most: a picture is no wider.
const POINTS: usize = 120;

/// All pictures there are for the chosen service, each `tall` rows.
pub fn all(model: &Model, wide: usize, tall: usize) -> Vec<Line> {
    let mut out = Vec::new();
    for which in [Cell::Trend, Cell::BurnWord, Cell::Percentiles, Cell::Memory] {
        let lines = of(model, which, wide, tall);
        if !out.is_empty() && !lines.is_empty() {
            out.push(Line::new());
        }
        out.extend(lines);
    }
    out
}

/// The picture that belongs to a figure; empty where none does.
pub fn of(model: &Model, cell: Cell, wide: usize, tall: usize) -> Vec<Line> {
    // While keys still move through rows, the picture of the one before stays: a key then costs its rows alone.
    let Some(target) = board::detailed(model) else { return Vec::new() };
    let service = &target.service;
    let t = target.target.as_ref().and_then(|t| model.world.targets.get(t));
    let judged = t.and_then(|t| model.judged.get(&t.id));
    match cell {
        Cell::Verdict | Cell::Difference(_) | Cell::Limit(_) | Cell::Rate(..) | Cell::Trend | Cell::Needed(_) => {
            let signal = match cell {
                Cell::Difference(s) | Cell::Limit(s) | Cell::Rate(s, _) | Cell::Needed(s) => s,
                _ => judged.map_or(Signal::Errors, |j| j.signal),
            };
            match (t, judged.filter(|j| j.telemetry)) {
                (Some(t), Some(j)) if cell != Cell::Trend || t.is_moving() => rates(model, t, j, signal, wide, tall),
                _ => course(model, (service, t), TrendOf::FailureRate, wide, tall),
            }
        }
        Cell::BurnWord | Cell::Burn(_) | Cell::Left | Cell::Empty | Cell::WouldBurn(_) | Cell::Spent | Cell::Ripple => {
            burn(model, (service, t), wide, tall)
        }
        Cell::Percentiles => percentiles(model, (service, t), wide, tall),
        Cell::Memory => course(model, (service, t), TrendOf::Memory, wide, tall),
        Cell::Blocks(_) | Cell::Age | Cell::Since | Cell::Weight | Cell::Pods | Cell::Deployed => Vec::new(),
        Cell::Step | Cell::Ready | Cell::Takes | Cell::Act | Cell::Elsewhere | Cell::Fleet => Vec::new(),
        Cell::Pictures => Vec::new(),
    }
}

/// How a share is written at an axis.
fn share(v: f64) -> String {
    format!("{}%", words::figure(libm::round(v * 100_000.0) / 1_000.0))
}

fn bytes(v: f64) -> String {
    words::bytes(v)
}

fn times(v: f64) -> String {
    format!("{}x", words::figure(libm::round(v * 10.0) / 10.0))
}

/// Failures of both versions, cumulative as they are judged, with the band that the candidate surely lies within.
fn rates(model: &Model, t: &TargetState, j: &Judged, signal: Signal, wide: usize, tall: usize) -> Vec<Line> {
    let Some((judge, v)) = provenance::signal(j, signal) else { return Vec::new() };
    let course = judge.course(POINTS);
    let first = judge.terms().first_edge();
    let last = course.last().map_or(first, |p| p.at);
    let label = |word: &str, v: Option<f64>| format!("{word} {}", v.map_or_else(|| "--".into(), words::percent));
    let rate = |c: crate::core::world::figures::Counts| (c.total > 0.0).then(|| c.failed / c.total);
    let line = |strong, label, of: fn(&crate::core::judge::verdict::Point) -> Option<f64>| Course {
        label,
        strong,
        points: course.iter().map(|p| (p.at, of(p))).collect(),
    };
    let band = course.iter().map(|p| {
        let range = p.stable.zip(p.difference).map(|(s, d)| ((s + d.range.lo).max(0.0), (s + d.range.hi).min(1.0)));
        (p.at, range)
    });
    let limit: Vec<(i64, f64)> = course.iter().filter_map(|p| Some((p.at, p.stable? + p.limit))).collect();
    let word = if signal == Signal::Errors { "FAILING" } else { "TOO SLOW" };
    let word = if signal == Signal::Correctness { "WRONG" } else { word };
    let picture = Picture {
        title: format!("{word}, % since the start; shaded: where the {} surely lies", t.track()),
        courses: vec![
            line(false, label("stable", rate(v.stable)), |p| p.stable),
            line(true, label(t.track(), rate(v.candidate)), |p| p.candidate),
        ],
        band: band.collect(),
        limit: (!limit.is_empty()).then(|| (limit, format!("limit +{}", v.limit.short()))),
        marks: marks(model, t, first, last),
        from: first,
        to: first + span(last - first),
        unit: share,
        least_top: 0.001,
    };
    let mut out = picture.lines(wide, tall);
    out.extend(legend(model, t, first, last).map(|l| Line::new().text(format!("       {l}"))));
    out
}

/// Steps and acts on the axis: `s` a step of the plan, `A` an act.
fn marks(model: &Model, t: &TargetState, from: i64, to: i64) -> Vec<Mark> {
    events(model, t).filter(|e| (from..=to).contains(&e.0)).map(|(at, sign, _)| Mark { at, sign }).collect()
}

/// What the signs on the axis are, the newest first.
fn legend(model: &Model, t: &TargetState, from: i64, to: i64) -> Option<String> {
    let mut all: Vec<_> = events(model, t).filter(|e| (from..=to).contains(&e.0)).collect();
    all.sort_by_key(|e| std::cmp::Reverse(e.0));
    let one = |(at, sign, what): (i64, char, String)| format!("{sign} {} {what}", Utc::from_secs(at).hms());
    let words: Vec<String> = all.into_iter().take(3).map(one).collect();
    (!words.is_empty()).then(|| words.join("   "))
}

/// Steps and acts of a target, as the log has them.
fn events<'m>(model: &'m Model, t: &'m TargetState) -> impl Iterator<Item = (i64, char, String)> + 'm {
    let about = move |r: &&Record| r.target.as_ref().is_some_and(|x| x["uid"].as_str() == Some(&*t.id.uid));
    let from_log = model.chronicle.oldest_first().filter(about).filter_map(|r| {
        let at = Utc::read(r.when())?.secs();
        match r.kind.as_str() {
            "intent" => Some((at, 'A', r.data["verb"].as_str().unwrap_or("act").to_owned())),
            "phase" if r.data["step"].is_u64() && r.data["first"].is_null() => {
                Some((at, 's', format!("step {}", r.data["step"])))
            }
            _ => None,
        }
    });
    let gate = t
        .gate
        .iter()
        .filter_map(|g| g.since)
        .map(move |at| (at.secs(), 's', t.step.map_or_else(|| "gate".into(), |n| format!("step {n}, waits"))));
    from_log.chain(gate)
}

/// A service, and its target where it has one.
type Of<'m> = (&'m ServiceId, Option<&'m TargetState>);

fn burn(model: &Model, of: Of<'_>, wide: usize, tall: usize) -> Vec<Line> {
    let (service, t) = of;
    let Some(slo) = model.world.aim(service, Signal::Errors).map(|a| a.slo) else { return Vec::new() };
    let line = model.limits.burn.line;
    let budget = 1.0 - slo.objective;
    let told = model.world.telemetry.get(service);
    let get = |of| told.and_then(|t| t.trends.get(&of));
    let (long, short) = (get(TrendOf::ErrorsLong), get(TrendOf::ErrorsShort));
    let all: Vec<&Trend> = [long, short].into_iter().flatten().collect();
    let title = "BURN over 1h and 5m, and the line it must not cross";
    if all.is_empty() || budget <= 0.0 {
        return vec![Line::of(Role::Title, title), Line::new().text("  no source tells its course: a blank, not zero")];
    }
    let (from, to) = spanned(&all);
    let b = model.burn(service);
    let now = |secs| b.and_then(|b| b.over_window(secs)).map_or_else(|| "--".into(), words::times);
    let one = |trend: Option<&Trend>, label, strong| Course {
        label,
        strong,
        points: trend.map(|t| gaps(t, 1.0 / budget)).unwrap_or_default(),
    };
    let picture = Picture {
        title: title.into(),
        courses: vec![one(long, format!("1h {}", now(3_600)), false), one(short, format!("5m {}", now(300)), true)],
        band: Vec::new(),
        limit: Some((vec![(from, line), (to, line)], format!("{}x", words::figure(line)))),
        marks: t.map(|t| marks(model, t, from, to)).unwrap_or_default(),
        from,
        to,
        unit: times,
        least_top: line * 1.5,
    };
    picture.lines(wide, tall)
}

/// From and to of an axis that holds all of them and moves in steps.
fn spanned(all: &[&Trend]) -> (i64, i64) {
    let first = all.iter().filter_map(|t| t.points.first()).map(|p| p.0).min().unwrap_or(0);
    let last = all.iter().filter_map(|t| t.points.last()).map(|p| p.0).max().unwrap_or(first + 300);
    let span = span(last - first);
    // The end stands on a tenth of the span, so that a new point rarely moves the others.
    let tenth = (span / 10).max(60);
    let to = (last.div_euclid(tenth) + 1) * tenth;
    (to - span - tenth, to)
}

/// The points with holes where the grid has none.
fn gaps(t: &Trend, by: f64) -> Vec<(i64, Option<f64>)> {
    let step = i64::from(t.step_secs.max(1));
    let mut out: Vec<(i64, Option<f64>)> = Vec::new();
    for (at, v) in &t.points {
        if let Some((before, _)) = out.last()
            && at - before > step + step / 2
        {
            out.push((at - step, None));
        }
        out.push((*at, Some(v * by).filter(|v| v.is_finite())));
    }
    out
}

/// One course of all versions together.
fn course(model: &Model, whose: Of<'_>, of: TrendOf, wide: usize, tall: usize) -> Vec<Line> {
    let (service, t) = whose;
    let (title, unit): (&str, fn(f64) -> String) = match of {
        TrendOf::FailureRate => ("FAILING, % of all requests", share),
        TrendOf::Memory => ("MEMORY of an instance, mean of all", bytes),
        TrendOf::P99 => ("LATENCY, 99th percentile of all requests", words::seconds),
        TrendOf::Rate => ("REQUESTS a second", words::figure),
        TrendOf::ErrorsLong | TrendOf::ErrorsShort => ("FAILING, % of all requests", share),
    };
    let trend = model.world.telemetry.get(service).and_then(|t| t.trends.get(&of));
    let Some(trend) = trend else {
        return vec![Line::of(Role::Title, title), Line::new().text("  no source tells its course: a blank, not zero")];
    };
    let (from, to) = spanned(&[trend]);
    let last = trend.points.last().map_or_else(|| "--".into(), |p| unit(p.1));
    let picture = Picture {
        title: title.into(),
        courses: vec![Course { label: last, strong: true, points: gaps(trend, 1.0) }],
        band: Vec::new(),
        limit: None,
        marks: t.map(|t| marks(model, t, from, to)).unwrap_or_default(),
        from,
        to,
        unit,
        least_top: if matches!(of, TrendOf::FailureRate) { 0.001 } else { 0.0 },
    };
    picture.lines(wide, tall)
}

/// Each percentile of both versions as a bar, the range of its bucket beside it; and the course of the highest.
fn percentiles(model: &Model, whose: Of<'_>, wide: usize, tall: usize) -> Vec<Line> {
    let (service, t) = whose;
    let title = Line::of(Role::Title, "LATENCY, percentiles; the range is that of the bucket");
    let told = model.world.telemetry.get(service);
    let (Some(q), Some(t)) = (told.and_then(|t| t.quantiles.as_ref()), t) else {
        return vec![title, Line::new().text("  no source tells percentiles: a blank, not zero")];
    };
    let (candidate, stable) = tracks::rows(t, q.split, &q.by_track);
    let most = q.by_track.iter().flat_map(|(_, all)| all.iter().filter_map(|x| x.secs)).fold(0.0, f64::max);
    let mut out = vec![title];
    let room = wide.saturating_sub(48).clamp(8, 40);
    let mut names: Vec<f64> = q.by_track.iter().flat_map(|(_, all)| all.iter().map(|x| x.q)).collect();
    names.sort_by(f64::total_cmp);
    names.dedup();
    for name in names {
        for (word, all) in [(t.track(), candidate), ("stable", stable)] {
            let Some(x) = all.and_then(|all| all.iter().find(|x| (x.q - name).abs() < 1e-9)) else { continue };
            let f = |s: Option<f64>| s.map_or_else(|| "--".to_owned(), words::seconds);
            let n = x.secs.map_or(0, |s| libm::round(s / most.max(1e-9) * room as f64) as usize);
            let (ascii, block) = ("=".repeat(n), "\u{2588}".repeat(n));
            let line = Line::new().text(" ").left(Role::Text, format!("p{}", words::figure(name * 100.0)), 6);
            let line = line.left(Role::Text, word, 12).right(Role::Text, f(x.secs), 8).text(" ");
            let line = line.drawn(Role::Text, &ascii, &block, &block).text(" ".repeat(room - n.min(room)));
            out.push(line.text(format!(" ({} to {})", f(x.lo), f(x.hi))));
        }
    }
    if told.is_some_and(|t| t.trends.contains_key(&TrendOf::P99)) {
        out.push(Line::new());
        out.extend(course(model, whose, TrendOf::P99, wide, tall));
    }
    out
}
