//! Figures of the judgement as a tired person reads them: what was found, its range, its count, its age.
//! Blank is never zero: what is not known says so.

pub use super::budget::{budget_of, burn_role};
use super::line::Line;
pub use super::sides::{error_sides, errors, errors_width, others_measured, rate};
use crate::config::theme::Role;
use crate::core::age;
use crate::core::cell::Cell;
use crate::core::judge::freshness::{Age, of_source};
use crate::core::judge::judged::{Figures, Judged};
use crate::core::judge::limit::{Limit, Origin};
use crate::core::judge::readiness::{self, CheckState};
use crate::core::judge::verdict::{Cause, Difference, Track, Word};
use crate::core::judge::words;
use crate::core::model::Model;
use crate::core::provenance;
use crate::core::time::Utc;
use crate::core::world::figures::Signal;
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

/// Until when something about this service is known: a clock must not tick on dead data.
pub fn known_until(model: &Model, t: &TargetState) -> Utc {
    let now = model.utc();
    let sampled = model.world.samples.get(&t.service);
    match Figures::age(sampled, &model.world, now) {
        Some(Age::Old | Age::Withdrawn) => sampled.and_then(|s| s.newest).unwrap_or(now),
        Some(Age::Fresh) | None => now,
    }
}

/// How long a thing that a source told of has been there, in ms: a pod's age, "deployed". It stands still where its source
/// fell silent.
pub fn stood(model: &Model, t: &TargetState, since: Utc) -> i64 {
    let now = model.utc();
    let source = model.world.sources.get(&t.id.source).filter(|_| model.replay.is_none());
    let silent = source.filter(|s| of_source(s, now).is_some_and(|a| a != Age::Fresh)).and_then(|s| s.confirmed);
    lasted(model, t, since).min(silent.unwrap_or(now).since(since)).max(0)
}

/// What the source of a target said too long ago to count: when that was.
pub fn was_told(model: &Model, t: &TargetState) -> Option<Utc> {
    let source = model.world.sources.get(&t.id.source).filter(|_| model.replay.is_none())?;
    source.confirmed.filter(|_| of_source(source, model.utc()) == Some(Age::Withdrawn))
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
    let age = Figures::age(sampled, &model.world, now);
    let judged = model.judged.get(&t.id).filter(|j| j.verdict.look.is_some()).map(|j| j.verdict.age);
    match (newest, age.max(judged)) {
        (Some(at), Some(Age::Fresh)) => (Role::Muted, format!("{} old", motion::growing(model, now.since(at)))),
        // The figures stand as what they were then.
        (Some(at), Some(Age::Withdrawn)) if judged.is_some() => (Role::Warn, format!("OLD, at {}", at.hms())),
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

/// `limit 0.26 (3x burn)`; the whole sum stands on the page that explains.
fn limit_words(l: &Limit) -> String {
    let from = match l.from {
        Origin::Configured => "configured",
        Origin::Burn { .. } => "3x burn",
        Origin::Least { .. } => "the least",
        Origin::Most { .. } => "the most",
        Origin::Default | Origin::Latency => "default",
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
        }
        .about(Cell::Verdict);
    };
    let v = &j.verdict;
    let s = j.signal;
    let limit = |line: Line| line.then(",").figure(Cell::Limit(s), Role::Text, limit_words(&v.limit));
    let apart = |line: Line, text: String| line.figure(Cell::Difference(s), Role::Text, text);
    let line = Line::new().figure(Cell::Verdict, word_role(&v.word), v.word.word());
    let line = match &v.word {
        Word::Worse => worse(line, j, model.utc()),
        Word::Higher => match v.difference {
            Some(d) => {
                let line = line.text(format!(" than stable on {} by ", on(j)));
                limit(apart(line, format!("{} points {}", points(d), range(d))))
            }
            None => limit(line.text(format!(" than stable on {}", on(j)))),
        },
        Word::Same | Word::Better => {
            let within = if v.higher_within() { "higher, within the limit: " } else { "" };
            let line = line.text(format!(" on {}", on(j)));
            match v.difference {
                Some(d) => limit(apart(line.text(format!(": {within}")), format!("{} points {}", signed(d), range(d)))),
                None => limit(line),
            }
        }
        Word::Unsure(u) => {
            let why = v.wait().unwrap_or_else(|| u.words());
            let line = line.text(" ").figure(Cell::Needed(s), Role::Text, why);
            match v.difference {
                Some(d) => apart(line.text(", so far "), format!("{} points", words::short(d.d, d.range))),
                None => line,
            }
        }
        Word::NoTraffic(which) => {
            let since = v.since.map(|s| format!(" since {}", s.hms())).unwrap_or_default();
            line.text(format!(" on {}{since}: nothing to compare", side(t, *which)))
        }
        Word::NoData => {
            let since = v.since.map(|s| format!(" since {} ({})", s.hms(), age::age(model.utc().since(s))));
            let line = line.text(since.unwrap_or_else(|| " yet".into()));
            match v.difference {
                Some(d) => {
                    let at = v.sample.map(|s| format!(" at {}", s.hms())).unwrap_or_default();
                    apart(line.text("; "), format!("was {} points", words::short(d.d, d.range))).text(at)
                }
                None => line,
            }
        }
        Word::NoBaseline => {
            let line = line.text(" first deploy: judged against the target only");
            match v.projected {
                Some(p) => {
                    let burn = format!("would burn {}", words::times(p.burn));
                    line.text(", ").figure(Cell::WouldBurn(s), Role::Text, burn)
                }
                None => line,
            }
        }
        Word::NotJudged => line.text(" no telemetry is configured: not known, which is not fine"),
    };
    let line = if model.replay.is_some() { line } else { others(line, j) };
    // A source that went quiet is not being read; its age says so.
    let quiet = v.look.is_some() && v.age != Age::Fresh;
    // A block or two are always on their way.
    let behind = v.progress.expected > v.progress.have + 2;
    let line = match v.progress.reading().filter(|_| behind && !quiet && !matches!(v.word, Word::NotJudged)) {
        Some(reading) => line.text("  ").figure(Cell::Blocks(s), Role::Moving, reading),
        None => line,
    };
    line.about(Cell::Verdict)
}

/// `errors, latency`: the signals that say the same word, the one that decides first.
fn on(j: &Judged) -> String {
    let m = j.measured();
    let words: Vec<&str> = m.agree.into_iter().map(Signal::word).collect();
    if words.is_empty() { j.signal.word().into() } else { words.join(", ") }
}

/// What the other signals say where it is another word, and which nobody measures: said where the word is good.
fn others(line: Line, j: &Judged) -> Line {
    if !j.telemetry || j.verdict.look.is_none() {
        return line;
    }
    let m = j.measured();
    let mut line = line;
    for (s, word) in m.differ {
        line = line.then(";").figure(Cell::Verdict, word_role(&word), word.word()).text(format!(" on {}", s.word()));
        let found = provenance::signal(j, s).and_then(|(_, v)| v.difference);
        if let (Word::Worse | Word::Higher, Some(d)) = (word, found) {
            let text = format!("{} points", words::short(d.d, d.range));
            line = line.text(" by ").figure(Cell::Difference(s), Role::Text, text);
        }
    }
    if m.missing.is_empty() || !matches!(j.verdict.word, Word::Same | Word::Better) {
        return line;
    }
    let names: Vec<&str> = m.missing.into_iter().map(Signal::word).collect();
    line.then(";").text(format!("{} not measured", names.join(", ")))
}

fn side(t: &TargetState, which: Track) -> &'static str {
    match which {
        Track::Candidate => t.track(),
        Track::Stable => "stable",
    }
}

fn worse(line: Line, j: &Judged, now: Utc) -> Line {
    let v = &j.verdict;
    let s = j.signal;
    if let Some(cause) = v.starting {
        return line.text(format!(": {}", cause.words()));
    }
    let on = on(j);
    let (line, seen) = match v.last_seen(now) {
        Some(seen) => (line.text(", ").add(Role::Warn, seen).text(":"), true),
        None => (line, false),
    };
    let limit = |line: Line| match seen {
        true => line,
        false => line.then(",").figure(Cell::Limit(s), Role::Text, limit_words(&v.limit)),
    };
    let apart = |line: Line, d: Difference, tail: &str| {
        line.figure(Cell::Difference(s), Role::Text, format!("{} points{tail} {}", points(d), range(d)))
    };
    let breaker = v.latched.map(|l| l.cause).filter(|c| matches!(c, Cause::Breaker { .. }) || c.is_of_pods());
    if let Some(r) = v.lately() {
        let d = r.difference;
        let lately = format!("{} points {} {}", points(d), range(d), r.minutes(now));
        let line = limit(line.text(format!(" on {on} by ")).figure(Cell::Difference(s), Role::Text, lately));
        return match v.difference {
            Some(all) => {
                let all = format!("{} points", words::short(all.d, all.range));
                line.then(";").figure(Cell::Difference(s), Role::Text, all).text(" in all")
            }
            None => line,
        };
    }
    match (v.difference, breaker) {
        (Some(d), _) if d.range.lo > 0.0 => limit(apart(line.text(format!(" on {on} by ")), d, "")),
        (_, Some(cause)) => line.text(format!(" on {on}: {}", cause.words())),
        (Some(d), None) => apart(line.text(format!(" on {on} lately; ")), d, " in all"),
        (None, None) => limit(line.text(format!(" on {on}"))),
    }
}

/// `10% of traffic, 2 of 20 pods, eu-1`
pub fn reach(t: &TargetState) -> Line {
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
    let line = Line::new().figure(Cell::Weight, Role::Text, weight).text(", ");
    line.figure(Cell::Pods, Role::Text, format!("{pods}{ready}")).text(format!(", {}", t.id.source))
}

/// What a target does, for a column: `canary 10% 2/5`, `held at 10%`, `rolling 7 of 12`.
pub fn what(t: &TargetState) -> String {
    t.going()
}

/// Points for a column: `+21.6`, `was +0.1`, `640 more`.
pub fn points_column(j: &Judged) -> String {
    let v = &j.verdict;
    let shown = v.lately().map(|r| r.difference).or(v.difference);
    let found = || shown.map_or_else(|| "-".into(), |d| words::short(d.d, d.range));
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
