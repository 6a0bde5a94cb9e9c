//! Both sides of a signal as lines: the candidate's share of bad requests beside stable's. Figures are never cut.

use super::line::{Line, cut_middle, cut_versions, gate, width};
use crate::config::theme::Role;
use crate::core::cell::Cell;
use crate::core::id::Hash;
use crate::core::judge::freshness::Age;
use crate::core::judge::judged::Judged;
use crate::core::judge::tracks;
use crate::core::judge::verdict::{Counts, Track, Verdict};
use crate::core::judge::words;
use crate::core::model::Model;
use crate::core::provenance;
use crate::core::world::figures::Signal;
use crate::core::world::target::TargetState;
use crate::core::world::telemetry::{Quantile, Used};

/// `21.6% of 4,118`; `no requests` is not 0 %.
pub fn rate(c: Counts) -> String {
    if c.total > 0.0 {
        format!("{} of {}", words::percent(c.failed / c.total), words::count(c.total))
    } else {
        "no requests".into()
    }
}

/// One side: which, its version, its rate.
struct Side {
    track: Track,
    word: &'static str,
    version: String,
    rate: String,
}

/// Both sides of the signal that decides, and whether they are of the past.
fn sides(t: &TargetState, j: &Judged) -> (&'static str, [Side; 2]) {
    let was = was(&j.verdict);
    let name = |h: &Option<Hash>| {
        let v = h.as_ref().map_or_else(|| "none".into(), |h| t.called(h));
        gate(&v).into_owned()
    };
    let side = |track, word, h, c| Side { track, word, version: name(h), rate: rate(c) };
    let candidate = side(Track::Candidate, t.track(), &t.candidate, j.verdict.candidate);
    (was, [candidate, side(Track::Stable, "stable", &t.stable, j.verdict.stable)])
}

fn was(v: &Verdict) -> &'static str {
    if v.age == Age::Withdrawn && v.look.is_some() { "was " } else { "" }
}

/// Columns that both sides need on one row with nothing cut.
pub fn errors_width(t: &TargetState, j: &Judged) -> usize {
    let (was, sides) = sides(t, j);
    was.len() + 2 + sides.iter().map(|s| s.word.len() + width(&s.version) + s.rate.len() + 2).sum::<usize>()
}

/// `canary v2.14.1 21.6% of 4,118   stable v2.14.0 0.04% of 37,022` in `wide` columns; withdrawn figures as "was".
/// Versions give way first, figures never.
pub fn errors(t: &TargetState, j: Option<&Judged>, wide: usize) -> Line {
    let Some(j) = j else {
        let why = if t.is_moving() { "not measured" } else { "not measured by version while nothing moves" };
        return Line::new().text(why);
    };
    if !j.telemetry {
        return Line::new().text("not measured");
    }
    let (was, sides) = sides(t, j);
    let fixed: usize = was.len() + 2 + sides.iter().map(|s| s.word.len() + s.rate.len() + 2).sum::<usize>();
    let room = wide.saturating_sub(fixed);
    let [first, second] = [&sides[0].version, &sides[1].version].map(|v| width(v));
    // Each has half; what one does not need the other may have.
    let half = room / 2;
    let names = match (first <= half, second <= half) {
        (true, _) => [sides[0].version.clone(), cut_middle(&sides[1].version, room - first.min(room)).into_owned()],
        (false, true) => {
            [cut_middle(&sides[0].version, room - second.min(room)).into_owned(), sides[1].version.clone()]
        }
        // Both are cut, where it still shows how they differ.
        (false, false) => cut_versions(&sides[0].version, &sides[1].version, half),
    };
    let mut line = Line::new().text(was);
    for (i, (s, name)) in sides.iter().zip(&names).enumerate() {
        if i == 1 {
            let gap = wide.saturating_sub(line.width() + s.word.len() + s.rate.len() + 2 + width(name));
            line = line.text(" ".repeat(gap.clamp(2, 6)));
        }
        line = line.text(format!("{} ", s.word));
        // Less than this says nothing.
        if width(name) >= 2 {
            line = line.text(name).text(" ");
        }
        line = line.figure(Cell::Rate(j.signal, s.track), Role::Text, &s.rate);
    }
    line
}

/// The same, one line each.
pub fn error_sides(t: &TargetState, j: &Judged, wide: usize) -> [Line; 2] {
    let (was, sides) = sides(t, j);
    // Both are cut alike, where it still shows how they differ.
    let taken = sides.iter().map(|s| was.len() + s.word.len() + s.rate.len() + 2).max().unwrap_or(0);
    let room = wide.saturating_sub(taken);
    let names = cut_versions(&sides[0].version, &sides[1].version, room);
    let one = |s: &Side, name: &str| {
        let line = Line::new().text(format!("{was}{} ", s.word));
        let line = if room >= 4 { line.text(name).text(" ") } else { line };
        line.figure(Cell::Rate(j.signal, s.track), Role::Text, &s.rate)
    };
    [one(&sides[0], &names[0]), one(&sides[1], &names[1])]
}

/// The signals beside the one that decides, one line each, with the name that stands in front of it: `over 300ms
/// canary 31.0% of 4,118   stable 4.0% of 37,022`.
pub fn others_measured(model: &Model, t: &TargetState, j: &Judged, wide: usize) -> Vec<(&'static str, Line)> {
    let measured = |s: &Signal| *s != j.signal && provenance::is_measured(j, *s);
    let one = |s: Signal| {
        let (_, v) = provenance::signal(j, s)?;
        let bound = model.world.samples.get(&t.service).and_then(|x| x.signals.get(&s)).and_then(|h| h.bound);
        let over = match bound {
            Some(b) => format!("over {}  ", words::seconds(b.secs)),
            None => String::new(),
        };
        let over = Line::new().text(was(v)).figure(Cell::Rate(s, Track::Candidate), Role::Text, over);
        let line = over.text(format!("{} ", t.track()));
        let line = line.figure(Cell::Rate(s, Track::Candidate), Role::Text, rate(v.candidate)).text("   stable ");
        let line = line.figure(Cell::Rate(s, Track::Stable), Role::Text, rate(v.stable));
        let p99 = (s == Signal::Latency).then(|| percentile(model, t, 0.99)).flatten();
        Some((
            s.word(),
            match p99.filter(|p| line.width() + p.len() + 3 <= wide) {
                Some(p) => line.text("   ").figure(Cell::Percentiles, Role::Text, p),
                None => line,
            },
        ))
    };
    Signal::ALL.into_iter().filter(measured).filter_map(one).collect()
}

/// `p99 820ms / 290ms`, candidate first.
fn percentile(model: &Model, t: &TargetState, q: f64) -> Option<String> {
    let all = model.world.telemetry.get(&t.service)?.quantiles.as_ref()?;
    let of = |all: &Vec<Quantile>| all.iter().find(|x| (x.q - q).abs() < 1e-9)?.secs;
    let (candidate, stable) = tracks::rows(t, all.split, &all.by_track);
    let (c, b) = (of(candidate?)?, of(stable?)?);
    Some(format!("p{} {} / {}", words::figure(q * 100.0), words::seconds(c), words::seconds(b)))
}

/// `canary 412Mi +12Mi an hour   stable 405Mi +0.4Mi an hour`; `None`: nobody tells.
pub fn memory(model: &Model, t: &TargetState) -> Option<Line> {
    let used = model.world.telemetry.get(&t.service)?.usage.as_ref()?;
    let one = |word: &str, u: &Used| {
        let slope = u.memory_per_hour.map(|s| format!(" {} an hour", words::bytes_signed(s))).unwrap_or_default();
        Some(format!("{word} {}{slope}", words::bytes(u.memory_bytes?)))
    };
    let (candidate, stable) = tracks::rows(t, used.split, &used.by_track);
    let told = [(t.track(), candidate), ("stable", stable)];
    let all: Vec<String> = told.into_iter().filter_map(|(word, u)| one(word, u?)).collect();
    (!all.is_empty()).then(|| Line::new().figure(Cell::Memory, Role::Text, all.join("   ")))
}
