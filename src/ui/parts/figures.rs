//! Figures of the judgement as a tired person reads them: what was found, its range, its count, its age.
//! Blank is never zero: what is not known says so.

use super::line::{Line, cut_middle, cut_versions};
use crate::config::theme::Role;
use crate::core::age;
use crate::core::id::ServiceId;
use crate::core::judge::burn::{self, Burn, Empty};
use crate::core::judge::freshness::Age;
use crate::core::judge::judged::{Figures, Judged};
use crate::core::judge::limit::{Limit, Origin};
use crate::core::judge::readiness::{self, CheckState};
use crate::core::judge::verdict::{Cause, Counts, Difference, Track, Verdict, Word};
use crate::core::judge::words;
use crate::core::model::Model;
use crate::core::time::Utc;
use crate::core::world::target::TargetState;
use crate::ui::motion;

pub fn word_role(word: &Word) -> Role {
    match word {
        Word::Worse => Role::Bad,
        Word::Higher => Role::Warn,
        Word::Same => Role::Fine,
        Word::Better => Role::Better,
        Word::Unsure(_) | Word::NoTraffic(_) | Word::NoData | Word::NoBaseline | Word::NotJudged => Role::Blind,
    }
}

pub fn burn_role(word: burn::Word) -> Role {
    match word {
        burn::Word::Burning => Role::Bad,
        burn::Word::Rising => Role::Warn,
        burn::Word::NoTraffic | burn::Word::NoData => Role::Blind,
        burn::Word::Calm | burn::Word::Easing => Role::Fine,
    }
}

/// Until when something about this service is known: a clock must not tick on dead data.
pub fn known_until(model: &Model, t: &TargetState) -> Utc {
    let now = model.utc();
    let sampled = model.world.samples.get(&t.service);
    match Figures::age(sampled, &model.world, now) {
        Some(Age::Old | Age::Withdrawn) => sampled.and_then(|s| s.newest).unwrap_or(now),
        Some(Age::Fresh) | None => now,
    }
}

/// How long something has held, in ms. What began after the figures ended was told by the source of the rollout: its
/// clock goes on.
pub fn lasted(model: &Model, t: &TargetState, since: Utc) -> i64 {
    let known = known_until(model, t);
    let until = if known < since { model.utc() } else { known };
    until.since(since)
}

/// `9s old`, `OLD 2m`, or that there never was a figure. With the role it is drawn in.
pub fn figures_age(model: &Model, t: &TargetState) -> (Role, String) {
    let now = model.utc();
    let sampled = model.world.samples.get(&t.service);
    let newest = model.judged.get(&t.id).and_then(|j| j.verdict.sample).or_else(|| sampled.and_then(|s| s.newest));
    if model.replay.is_some() {
        // How old figures were then is not in the record: how long ago they were written is.
        return match newest.filter(|_| model.judged.contains_key(&t.id)) {
            Some(at) => (Role::Muted, format!("{} ago", motion::growing(model, now.since(at)))),
            None => (Role::Blind, "not recorded".into()),
        };
    }
    match (newest, Figures::age(sampled, &model.world, now)) {
        (Some(at), Some(Age::Fresh)) => (Role::Muted, format!("{} old", motion::growing(model, now.since(at)))),
        (Some(at), _) => (Role::Warn, format!("OLD {}!", motion::growing(model, now.since(at)))),
        (None, _) => (Role::Blind, "no sample yet".into()),
    }
}

/// `21.6` points without a sign, with as many decimals as the range deserves.
pub fn points(d: Difference) -> String {
    words::decimal(d.d.abs() * 100.0, words::decimals(d.range.half_width()).max(1))
}

/// `(18.7 to 24.6)`; too wide to say much when it spans over 20 points.
pub fn range(d: Difference) -> String {
    if d.range.hi - d.range.lo > 0.2 {
        return "(range over 20 points)".into();
    }
    let n = words::decimals(d.range.half_width());
    let one = |x: f64| if d.range.lo < 0.0 { words::signed(x, n) } else { words::decimal(x * 100.0, n) };
    format!("({} to {})", one(d.range.lo), one(d.range.hi))
}

/// `21.6% of 4,118`; `no requests` is not 0 %.
pub fn rate(c: Counts) -> String {
    if c.total > 0.0 {
        format!("{} of {}", words::percent(c.failed / c.total), words::count(c.total))
    } else {
        "no requests".into()
    }
}

/// `limit 0.26 (3x burn)`; the whole sum stands on the page that explains.
fn limit_words(l: &Limit) -> String {
    let from = match l.from {
        Origin::Configured => "configured",
        Origin::Burn { .. } => "3x burn",
        Origin::Least { .. } => "the least",
        Origin::Most { .. } => "the most",
        Origin::Default => "default",
        Origin::Recorded => return format!("limit {}", l.short()),
    };
    format!("limit {} ({from})", l.short())
}

/// Signed points with the decimals of their range.
fn signed(d: Difference) -> String {
    let n = words::decimals(d.range.half_width()).max(1);
    words::signed(d.d, n)
}

/// The verdict's own line, badge first.
pub fn verdict(model: &Model, t: &TargetState) -> Line {
    let told = model.replay.as_ref().map(|r| r.verdicts.get(&t.id).map(|v| v.at));
    if told == Some(None) && t.is_moving() {
        return Line::of(Role::Blind, "NOT RECORDED").text(" no verdict was written of this change yet");
    }
    let line = verdict_now(model, t);
    // Where counts came later than the word, both times are told: the word's here.
    let later = |at: &Utc| model.judged.get(&t.id).and_then(|j| j.verdict.sample).is_some_and(|s| s > *at);
    match told.flatten().filter(later) {
        Some(at) => line.add(Role::Muted, format!("  written {}", at.hms())),
        None => line,
    }
}

fn verdict_now(model: &Model, t: &TargetState) -> Line {
    let Some(j) = model.judged.get(&t.id) else {
        return if t.is_moving() {
            Line::of(Role::Blind, "NOT JUDGED").text(" it is not known since when this change runs")
        } else {
            Line::of(Role::Fine, "nothing to judge: candidate and stable are the same version")
        };
    };
    let v = &j.verdict;
    let limit = limit_words(&v.limit);
    let line = Line::of(word_role(&v.word), v.word.word());
    let line = match &v.word {
        Word::Worse => worse(line, v, model.utc(), &limit),
        Word::Higher => match v.difference {
            Some(d) => line.text(format!(" than stable by {} points {}, {limit}", points(d), range(d))),
            None => line.text(format!(" than stable, {limit}")),
        },
        Word::Same | Word::Better => {
            let within = if v.higher_within() { "higher, within the limit: " } else { "" };
            match v.difference {
                Some(d) => line.text(format!(" on errors: {within}{} points {}, {limit}", signed(d), range(d))),
                None => line.text(format!(" on errors, {limit}")),
            }
        }
        Word::Unsure(u) => {
            let why = v.wait().unwrap_or_else(|| u.words());
            let so_far = v.difference.map(|d| format!(", so far {} points", words::short(d.d, d.range)));
            line.text(format!(" {why}{}", so_far.unwrap_or_default()))
        }
        Word::NoTraffic(which) => {
            let since = v.since.map(|s| format!(" since {}", s.hms())).unwrap_or_default();
            line.text(format!(" on {}{since}: nothing to compare", side(t, *which)))
        }
        Word::NoData => {
            let since = v.since.map(|s| format!(" since {} ({})", s.hms(), age::age(model.utc().since(s))));
            let was = v.difference.map(|d| format!("; was {} points", words::short(d.d, d.range)));
            line.text(format!("{}{}", since.unwrap_or_else(|| " yet".into()), was.unwrap_or_default()))
        }
        Word::NoBaseline => {
            let burn = v.projected.map(|p| format!(", would burn {}", words::times(p.burn)));
            line.text(format!(" first deploy: judged against the target only{}", burn.unwrap_or_default()))
        }
        Word::NotJudged => line.text(" no telemetry is configured: not known, which is not fine"),
    };
    // A source that went quiet is not being read; its age says so.
    let quiet = v.look.is_some() && v.age != Age::Fresh;
    // A block or two are always on their way.
    let behind = v.progress.expected > v.progress.have + 2;
    match v.progress.reading().filter(|_| behind && !quiet && !matches!(v.word, Word::NotJudged)) {
        Some(reading) => line.add(Role::Moving, format!("  {reading}")),
        None => line,
    }
}

fn side(t: &TargetState, which: Track) -> &'static str {
    match which {
        Track::Candidate => t.track(),
        Track::Stable => "stable",
    }
}

fn worse(line: Line, v: &Verdict, now: Utc, limit: &str) -> Line {
    let (line, limit) = match v.last_seen(now) {
        Some(seen) => (line.text(", ").add(Role::Warn, seen).text(":"), String::new()),
        None => (line, format!(", {limit}")),
    };
    let breaker = v.latched.map(|l| l.cause).filter(|c| matches!(c, Cause::Breaker { .. }));
    match (v.difference, breaker) {
        (Some(d), _) if d.range.lo > 0.0 => {
            line.text(format!(" on errors by {} points {}{limit}", points(d), range(d)))
        }
        (_, Some(cause)) => line.text(format!(" on errors: {}", cause.words())),
        (Some(d), None) => line.text(format!(" on errors lately; {} points {} in all", points(d), range(d))),
        (None, None) => line.text(format!(" on errors{limit}")),
    }
}

/// Columns that both sides need on one row with nothing cut.
pub fn errors_width(t: &TargetState, j: &Judged) -> usize {
    let (was, sides) = sides(t, j);
    was.len() + 2 + sides.iter().map(|(w, v, r)| w.len() + super::line::width(v) + r.len() + 2).sum::<usize>()
}

/// `canary v2.14.1 21.6% of 4,118   stable v2.14.0 0.04% of 37,022` in `wide` columns; withdrawn figures as "was".
/// Versions give way first, figures never.
pub fn errors(t: &TargetState, j: Option<&Judged>, wide: usize) -> Line {
    let Some(j) = j else {
        return Line::new().text("not measured by version while nothing moves");
    };
    if !j.telemetry {
        return Line::new().text("not measured");
    }
    let (was, sides) = sides(t, j);
    let fixed: usize = was.len() + 2 + sides.iter().map(|(w, _, r)| w.len() + r.len() + 2).sum::<usize>();
    let room = wide.saturating_sub(fixed);
    let [first, second] = [&sides[0].1, &sides[1].1].map(|v| super::line::width(v));
    // Each has half; what one does not need the other may have.
    let half = room / 2;
    let names = match (first <= half, second <= half) {
        (true, _) => [sides[0].1.clone(), cut_middle(&sides[1].1, room - first.min(room)).into_owned()],
        (false, true) => [cut_middle(&sides[0].1, room - second.min(room)).into_owned(), sides[1].1.clone()],
        // Both are cut, where it still shows how they differ.
        (false, false) => cut_versions(&sides[0].1, &sides[1].1, half),
    };
    let mut line = Line::new().text(was);
    for (i, ((word, _, rate), name)) in sides.iter().zip(&names).enumerate() {
        if i == 1 {
            let gap = wide.saturating_sub(line.width() + word.len() + rate.len() + 2 + super::line::width(name));
            line = line.text(" ".repeat(gap.clamp(2, 6)));
        }
        line = line.text(format!("{word} "));
        // Less than this says nothing.
        if super::line::width(name) >= 2 {
            line = line.text(name).text(" ");
        }
        line = line.text(rate);
    }
    line
}

/// Track, version and rate of both sides, and whether they are of the past.
fn sides(t: &TargetState, j: &Judged) -> (&'static str, [(&'static str, String, String); 2]) {
    let was = if j.verdict.age == Age::Withdrawn && j.verdict.look.is_some() { "was " } else { "" };
    let name = |h: &Option<crate::core::id::Hash>| {
        let v = h.as_ref().map_or_else(|| "none".into(), |h| t.version_of(h));
        super::line::gate(&v).into_owned()
    };
    let candidate = (t.track(), name(&t.candidate), rate(j.verdict.candidate));
    (was, [candidate, ("stable", name(&t.stable), rate(j.verdict.stable))])
}

/// The same, one line each.
pub fn error_sides(t: &TargetState, j: &Judged, wide: usize) -> [Line; 2] {
    let (was, sides) = sides(t, j);
    // Both are cut alike, where it still shows how they differ.
    let taken = sides.iter().map(|(word, _, rate)| was.len() + word.len() + rate.len() + 2).max().unwrap_or(0);
    let room = wide.saturating_sub(taken);
    let names = cut_versions(&sides[0].1, &sides[1].1, room);
    let [first, second] = sides;
    let one = |(word, _, rate): (&'static str, String, String), name: &str| {
        let line = Line::new().text(format!("{was}{word} "));
        let line = if room >= 4 { line.text(name).text(" ") } else { line };
        line.text(rate)
    };
    [one(first, &names[0]), one(second, &names[1])]
}

/// The budget's own line for a service; what a log played again does not hold is not recorded.
pub fn budget_of(model: &Model, service: &ServiceId) -> Line {
    let burn = model.burns.get(service);
    if let Some(replay) = &model.replay {
        let word = replay.burns.get(service.as_str());
        return match burn {
            None => Line::new().text("not recorded"),
            Some(b) => {
                let one = |secs| b.over_window(secs).map_or_else(|| "--".to_owned(), words::times);
                let line = Line::new().text(format!("burn {}(1h) {}(5m)", one(3600), one(300)));
                match word {
                    Some(at) => {
                        let said = if burn_role(b.word) == Role::Fine {
                            b.word.word().to_owned()
                        } else {
                            b.word.word().to_uppercase()
                        };
                        line.text("  ")
                            .add(burn_role(b.word), said)
                            .add(Role::Muted, format!("  written {}", at.at.hms()))
                    }
                    None => line,
                }
            }
        };
    }
    let has_slo = model.world.services.get(service).is_some_and(|s| s.slo.is_some());
    budget(burn, has_slo)
}

/// `[#############----] 74% left  RISING 2x(1h) 22x(5m), at 5m rate 24h`
fn budget(b: Option<&Burn>, has_slo: bool) -> Line {
    let Some(b) = b else {
        let why = if has_slo { "not answered yet" } else { "no SLO is configured for this service" };
        return Line::new().text(why);
    };
    let mut line = Line::new();
    match b.left {
        Some(left) => {
            let full = (left.clamp(0.0, 1.0) * 17.0 + 0.5) as usize;
            let left_words =
                if left < 0.0 { format!("{} overspent", whole(-left)) } else { format!("{} left", whole(left)) };
            line = line.text(format!("[{}{}] {left_words}  ", "#".repeat(full), "-".repeat(17 - full.min(17))));
        }
        None => line = line.text("budget not known  "),
    }
    let word = if burn_role(b.word) == Role::Fine { b.word.word().to_owned() } else { b.word.word().to_uppercase() };
    line = line.add(burn_role(b.word), word);
    let one = |secs| b.over_window(secs).map_or_else(|| "--".to_owned(), words::times);
    let was = if b.age == Age::Withdrawn { " was" } else { "" };
    line = line.text(format!("{was} {}(1h) {}(5m)", one(3600), one(300)));
    if let Some(h) = &b.handful {
        return line.text(format!(", only {h}"));
    }
    match b.empty {
        Some(Empty::Already) => line.text(", nothing is left"),
        Some(Empty::In { secs, window_secs }) => {
            line.text(format!(", at {} rate {}", words::window(window_secs), words::span(secs)))
        }
        Some(Empty::NotAtThisRate { .. }) | None => line,
    }
}

fn whole(fraction: f64) -> String {
    format!("{}%", words::decimal(libm::round(fraction * 100.0), 0))
}

/// `10% of traffic, 2 of 20 pods, eu-1`
pub fn reach(t: &TargetState) -> String {
    let c = t.candidate_revision();
    let pods = c.map_or_else(|| "pods not known".into(), |r| format!("{} of {} pods", r.replicas.existing, t.wanted));
    let ready = c.filter(|r| r.replicas.ready < r.replicas.existing);
    let ready = ready.map(|r| format!(" ({} not ready)", r.replicas.existing - r.replicas.ready)).unwrap_or_default();
    let weight = match t.weight_real {
        Some(w) if w == t.weight_wanted => format!("{w}% of traffic"),
        Some(w) => format!("{w}% of traffic, {}% wanted", t.weight_wanted),
        None if !t.weight_is_known() => "share of traffic not known".into(),
        None => format!("{}% of traffic wanted", t.weight_wanted),
    };
    format!("{weight}, {pods}{ready}, {}", t.id.source)
}

/// What a target does, for a column: `canary 10% 2/5`, `held at 10%`, `rolling 7 of 12`.
pub fn what(t: &TargetState) -> String {
    t.going()
}

/// Points for a column: `+21.6`, `was +0.1`, `640 more`.
pub fn points_column(j: &Judged) -> String {
    let v = &j.verdict;
    let found = || v.difference.map_or_else(|| "-".into(), |d| words::short(d.d, d.range));
    match &v.word {
        Word::NotJudged => "-".into(),
        _ if v.age == Age::Withdrawn => v.difference.map_or_else(|| "-".into(), |_| format!("was {}", found())),
        Word::Unsure(u) => u.words(),
        Word::Worse
        | Word::Higher
        | Word::Same
        | Word::Better
        | Word::NoTraffic(_)
        | Word::NoBaseline
        | Word::NoData => found(),
    }
}

/// `2/3 2m` and whether something stands in the way.
pub fn way_back(model: &Model, t: &TargetState) -> (String, bool) {
    if model.replay.is_some() {
        // What stood in the way is on record only where somebody went back: in the act's own records.
        return ("--".into(), false);
    }
    let r = readiness::of(&model.world, t, model.utc());
    let (ok, of) = r.count();
    let time = r.expected.map(|(ms, _)| format!(" {}", age::rough(ms))).unwrap_or_default();
    let blocked = r.checks.iter().any(|c| c.state == CheckState::Blocked);
    (format!("{ok}/{of}{time}"), blocked)
}
