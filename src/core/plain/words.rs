//! Single sentences about a target, a row, a verdict, a budget. Figures never stand without their count or their age.

use crate::core::act::flight::Trouble;
use crate::core::act::plan::Verb;
use crate::core::age;
use crate::core::board::{Glyph, Row};
use crate::core::id::{Hash, TargetId};
use crate::core::intent::Intent;
use crate::core::judge::burn::{self, Burn, Empty, Tier};
use crate::core::judge::freshness::Age;
use crate::core::judge::judged::{Figures, Judged};
use crate::core::judge::verdict::{Counts, Difference, Unsure, Word};
use crate::core::judge::words;
use crate::core::model::Model;
use crate::core::world::source::{Link, SourceState};
use crate::core::world::target::{Phase, Strategy, TargetState};

/// `03:14:07Z`
pub fn clock(at: crate::core::time::Utc) -> String {
    format!("{}Z", at.hms())
}

/// The word a person types for a verb.
pub fn verb(verb: Verb) -> &'static str {
    match verb {
        Verb::RollBack => Intent::RollBack.name(),
        Verb::Hold => Intent::Hold.name(),
        Verb::Resume => Intent::Resume.name(),
        Verb::Promote => Intent::Promote.name(),
        Verb::PromoteFull => Intent::PromoteFull.name(),
        Verb::SkipStep => Intent::SkipStep.name(),
        Verb::Retry | Verb::Rerun => Intent::Retry.name(),
        Verb::Terminate => Intent::TerminateAnalysis.name(),
        Verb::Restart => Intent::Restart.name(),
    }
}

pub fn track(t: &TargetState) -> &'static str {
    t.track()
}

pub fn version(t: &TargetState, h: Option<&Hash>) -> String {
    h.map_or_else(|| "no version".into(), |h| t.called(h).to_string())
}

/// What a target does: `canary 10%, step 1 of 6`, `held at 10%`, `steady`.
pub fn doing(t: &TargetState) -> String {
    if !t.is_moving() {
        return t.going();
    }
    let weighted = matches!(t.strategy, Strategy::Canary | Strategy::Other(_));
    let going = t.going();
    if !weighted || going.starts_with("gate ") {
        return going;
    }
    let weight = t.weight_real.unwrap_or(t.weight_wanted);
    if t.aborted {
        return if weight == 0 { "aborted, no traffic".into() } else { format!("aborting, still {weight}%") };
    }
    let step = t.step.filter(|_| !t.steps.is_empty()).map(|s| format!(", step {s} of {}", t.steps.len()));
    let word = if t.held { "held at" } else { track(t) };
    format!("{word} {weight}%{}", step.unwrap_or_default())
}

/// The word a row is told by.
pub fn row_word(model: &Model, r: &Row) -> String {
    if let Some(act) = r.target.as_ref().and_then(|t| model.last_act(t)) {
        match act.trouble() {
            Some(Trouble::Stuck(_)) => return "STUCK".into(),
            Some(Trouble::Unknown(_)) => return "OUTCOME UNKNOWN".into(),
            Some(Trouble::Undone(_)) => return "UNDONE".into(),
            Some(Trouble::TakenBack(_)) => return "REFUSED by its controller".into(),
            None if !act.is_over() => return act.doing().to_lowercase(),
            None => {}
        }
    }
    let target = r.target.as_ref().and_then(|t| model.world.targets.get(t));
    if let Some(t) = target.filter(|t| t.is_moving()) {
        return model.judged.get(&t.id).map_or("NOT JUDGED", |j| j.verdict.word.word()).into();
    }
    if let Some(b) = model.burn(&r.service).filter(|b| b.word != burn::Word::Calm) {
        return b.word.word().to_uppercase();
    }
    match target.map(|t| &t.phase) {
        Some(Phase::Degraded) => "DEGRADED".into(),
        Some(Phase::Other(w)) => w.to_string(),
        Some(p @ (Phase::Progressing | Phase::Paused)) => p.word().into(),
        Some(Phase::Healthy) | None => match r.glyph {
            Glyph::Blind => "OLD figures".into(),
            Glyph::Unjudged => "not judged".into(),
            Glyph::Bad | Glyph::Moving | Glyph::Fine => "fine".into(),
        },
    }
}

/// `checkout@eu-1`, or the service where no rollout of it is seen.
pub fn row_name(r: &Row) -> String {
    r.target.as_ref().map_or_else(|| r.service.to_string(), TargetId::at)
}

/// A row to be listened to: word, name, what it does, the figures behind the word, their age.
pub fn row(model: &Model, r: &Row) -> String {
    let target = r.target.as_ref().and_then(|t| model.world.targets.get(t));
    let mut said = format!("{} {}", row_word(model, r), row_name(r));
    let Some(t) = target else { return format!("{said}, known by its figures only") };
    said.push_str(&format!(", {}", doing(t)));
    if let Some(j) = model.judged.get(&t.id) {
        let found = short(j);
        if !found.is_empty() {
            said.push_str(&format!(", {found}"));
        }
        said.push_str(&format!(", {}", figures_age(model, t)));
    }
    if r.moving > 1 || (r.targets > 1 && r.moving > 0) {
        said.push_str(&format!(", {} of its {} rollouts move", r.moving, r.targets));
    }
    if let Some(b) = model.burn(&r.service).filter(|b| b.tier != Tier::Nothing || b.word == burn::Word::NoData) {
        said.push_str(&format!(", budget {}", burn_word(b)));
    }
    said
}

/// `by 21.6 points, limit 0.26`; what is missing when nothing is found yet.
fn short(j: &Judged) -> String {
    let v = &j.verdict;
    let was = if v.age == Age::Withdrawn { " when last measured" } else { "" };
    if let Some(r) = v.lately() {
        return format!("by {} points lately{was}, limit {}", points(r.difference), v.limit.short());
    }
    match (&v.word, v.difference) {
        (Word::NotJudged, _) => "no telemetry is configured".into(),
        (Word::Worse | Word::Higher, Some(d)) => format!("by {} points{was}, limit {}", points(d), v.limit.short()),
        (Word::Unsure(Unsure::TooFew { needed: Some(n) }), _) => format!("{} more requests needed", words::about(*n)),
        (Word::Unsure(u), _) => u.words(),
        (Word::NoTraffic(t), _) => format!("on {}", t.word()),
        (Word::Same | Word::Better | Word::NoBaseline | Word::NoData, Some(d)) => {
            format!("{} points{was}", words::short(d.d, d.range))
        }
        (Word::Worse | Word::Higher | Word::Same | Word::Better | Word::NoBaseline | Word::NoData, None) => {
            String::new()
        }
    }
}

fn points(d: Difference) -> String {
    words::decimal(d.d.abs() * 100.0, words::decimals(d.range.half_width()).max(1))
}

/// The verdict's sentence: word, size, range, limit; or why there is none.
pub fn verdict(model: &Model, t: &TargetState) -> String {
    let Some(j) = model.judged.get(&t.id) else {
        return if t.is_moving() {
            "NOT JUDGED, it is not known since when this change runs".into()
        } else {
            "nothing to judge, one version runs".into()
        };
    };
    let said = sentence(model, j);
    let rest = j.measured().rest();
    let rest = if rest.is_empty() || j.heard.is_empty() { String::new() } else { format!("; {rest}") };
    let cautions: String = j.cautions().iter().map(|c| format!("; caution, {c}")).collect();
    format!("{said}{rest}{cautions}")
}

/// `errors, latency`: what says the verdict's word.
fn signals(j: &Judged) -> String {
    let m = j.measured();
    if m.agree.is_empty() {
        j.signal.word().into()
    } else {
        m.agree.iter().map(|s| s.word()).collect::<Vec<_>>().join(", ")
    }
}

fn sentence(model: &Model, j: &Judged) -> String {
    let v = &j.verdict;
    let word = v.word.word();
    let on = signals(j);
    if let Some(cause) = v.starting {
        return format!("{word}, {}", cause.words());
    }
    let limit = format!("limit {}", v.limit.short());
    let range = |d: Difference| {
        let n = words::decimals(d.range.half_width());
        format!("range {} to {}", words::signed(d.range.lo, n), words::signed(d.range.hi, n))
    };
    let seen = v.last_seen(model.utc()).map(|s| format!(", {s}")).unwrap_or_default();
    if let Some(r) = v.lately() {
        let (d, minutes) = (r.difference, r.minutes(model.utc()));
        let all = v.difference.map(|d| format!("; {} points in all", words::short(d.d, d.range))).unwrap_or_default();
        return format!("{word} on {on} by {} points {minutes}{seen}, {}, {limit}{all}", points(d), range(d));
    }
    match (&v.word, v.difference) {
        (Word::Worse, Some(d)) if d.range.lo > 0.0 => {
            format!("{word} on {on} by {} points{seen}, {}, {limit}", points(d), range(d))
        }
        (Word::Worse, _) => {
            let cause = v.latched.map(|l| l.cause.words()).unwrap_or_default();
            format!("{word} on {on}{seen}, {cause}")
        }
        (Word::Higher, Some(d)) => format!("{word} than stable by {} points, {}, {limit}", points(d), range(d)),
        (Word::Same | Word::Better, Some(d)) => {
            format!("{word} on {on}, {} points, {}, {limit}", words::short(d.d, d.range), range(d))
        }
        (Word::Unsure(u), d) => {
            let wait = v.wait().unwrap_or_else(|| u.words());
            let so_far = d.map(|d| format!(", so far {} points", words::short(d.d, d.range))).unwrap_or_default();
            format!("{word}, {wait}{so_far}")
        }
        (Word::NoTraffic(side), _) => format!("{word} on {}, nothing to compare", side.word()),
        (Word::NoData, d) => {
            let since = v.since.map_or_else(|| " yet".into(), |s| format!(" since {}", clock(s)));
            let at = v.sample.map(|s| format!(" at {}", clock(s))).unwrap_or_default();
            let was = d.map(|d| format!(", was {} points{at}", words::short(d.d, d.range))).unwrap_or_default();
            format!("{word}{since}{was}")
        }
        (Word::NoBaseline, _) => format!("{word}, a first deploy, judged against the target only"),
        (Word::NotJudged, _) => format!("{word}, no telemetry is configured, which is not fine"),
        (Word::Higher | Word::Same | Word::Better, None) => format!("{word}, {limit}"),
    }
}

/// `21.6% of 4,118`
pub fn rate(c: Counts) -> String {
    if c.total > 0.0 {
        format!("{} of {}", words::percent(c.failed / c.total), words::count(c.total))
    } else {
        "no requests".into()
    }
}

/// `canary v2.14.1 fails 21.6% of 4,118, stable v2.14.0 fails 0.04% of 37,022`
pub fn errors(model: &Model, t: &TargetState) -> String {
    let judged = model.judged.get(&t.id);
    if judged.is_none() && !t.is_moving() {
        return "not measured by version while nothing moves".into();
    }
    let Some(j) = judged.filter(|j| j.telemetry) else { return "not measured".into() };
    let v = &j.verdict;
    let was = if v.age == Age::Withdrawn && v.look.is_some() { "was: " } else { "" };
    format!(
        "{was}{} {} fails {}, stable {} fails {}, {}",
        track(t),
        version(t, t.candidate.as_ref()),
        rate(v.candidate),
        version(t, t.stable.as_ref()),
        rate(v.stable),
        figures_age(model, t)
    )
}

/// `figures 9s old`, `figures OLD, 2m`, `no figures yet`
pub fn figures_age(model: &Model, t: &TargetState) -> String {
    let now = model.utc();
    let sampled = model.world.samples.get(&t.service);
    let newest = model.judged.get(&t.id).and_then(|j| j.verdict.sample).or_else(|| sampled.and_then(|s| s.newest));
    let judged = model.judged.get(&t.id).filter(|j| j.verdict.look.is_some()).map(|j| j.verdict.age);
    match (newest, Figures::age(sampled, &model.world, now).max(judged)) {
        (Some(at), Some(Age::Fresh)) => format!("figures {} old", age::age(now.since(at))),
        (Some(at), Some(Age::Old | Age::Withdrawn) | None) => format!("figures OLD, {}", age::age(now.since(at))),
        (None, _) => "no figures yet".into(),
    }
}

/// What a service's burn raises, in one word that only changes when somebody should hear of it.
pub fn burn_word(b: &Burn) -> &'static str {
    match (b.word, b.tier) {
        (burn::Word::NoData, _) => "NO DATA",
        (_, Tier::Page) => "PAGE",
        (_, Tier::Ticket) => "TICKET",
        (_, Tier::Nothing) => "calm",
    }
}

/// `RISING, 22x over 5 minutes, 2x over 1 hour, 74% left`
pub fn budget(b: Option<&Burn>, has_slo: bool) -> String {
    let Some(b) = b else {
        return if has_slo { "not answered yet".into() } else { "no SLO is configured".into() };
    };
    let one = |secs| b.over_window(secs).map_or_else(|| "not known".to_owned(), times);
    let was = match b.sample.filter(|_| b.age == Age::Withdrawn) {
        Some(at) => format!("was at {} ", clock(at)),
        None if b.age == Age::Withdrawn => "was ".to_owned(),
        None => String::new(),
    };
    let left = match b.left {
        Some(l) if l < 0.0 => format!("{}% overspent", words::decimal(-l * 100.0, 0)),
        Some(l) => format!("{}% left", words::decimal(l * 100.0, 0)),
        None => "what is left is not known".into(),
    };
    // While nothing is wrong, the day it would be empty is noise to the ear.
    let matters = matches!(b.word, burn::Word::Burning | burn::Word::Rising);
    let empty = match b.empty.filter(|_| matters) {
        Some(Empty::In { secs, window_secs }) => {
            format!(", empty in {} at the rate of the last {}", words::span(secs), words::window(window_secs))
        }
        Some(Empty::Already | Empty::NotAtThisRate { .. }) | None => String::new(),
    };
    // No data is said once, by the word before it.
    let word = match b.word {
        burn::Word::NoData => String::new(),
        burn::Word::Calm | burn::Word::Rising | burn::Word::Burning | burn::Word::Easing | burn::Word::NoTraffic => {
            format!("{}, ", b.word.word().to_uppercase())
        }
    };
    format!("{word}{was}{} over 5 minutes, {} over 1 hour, {left}{empty}", one(300), one(3600))
}

/// `0.9x`, `22x`: a point at the start of a number is not heard.
pub fn times(burn: f64) -> String {
    let said = words::times(burn);
    if said.starts_with('.') { format!("0{said}") } else { said }
}

/// `10% of traffic, 2 of 20 pods, 1 not ready`
pub fn reach(t: &TargetState) -> String {
    if !t.is_moving() {
        let ready = t.stable_revision().map_or(0, |r| r.replicas.ready);
        return format!("{} on {ready} of {} pods", version(t, t.stable.as_ref()), t.wanted);
    }
    let weight = match t.weight_real {
        Some(w) if w == t.weight_wanted => format!("{w}% of traffic"),
        Some(w) => format!("{w}% of traffic, {}% wanted", t.weight_wanted),
        None => format!("{}% of traffic wanted, not known if it has it", t.weight_wanted),
    };
    let pods = t.candidate_revision().map_or_else(
        || "pods not known".into(),
        |r| {
            let not = r.replicas.existing.saturating_sub(r.replicas.ready);
            let not = if not > 0 { format!(", {not} not ready") } else { String::new() };
            format!("{} of {} pods{not}", r.replicas.existing, t.wanted)
        },
    );
    format!("{weight}, {pods}")
}

/// The state of a source and since when it was last right.
pub fn source(model: &Model, s: &SourceState) -> String {
    let age = s.confirmed.map(|c| model.utc().since(c));
    let heard = match age {
        Some(a) if a > s.old_after_ms => format!("OLD, last heard {} ago", age::age(a)),
        Some(a) => format!("last heard {} ago", age::age(a)),
        None => "never heard".into(),
    };
    match &s.link {
        Link::Connecting => "connecting".into(),
        Link::Reading { what, done, of } => {
            let of = of.map(|n| format!(" of {n}")).unwrap_or_default();
            format!("reading {what}, {done}{of}")
        }
        Link::Watching => format!("connected, watching, {heard}"),
        Link::Polling => format!("connected, asked at intervals, {heard}"),
        Link::Failed(e) => format!("FAILED, {}; {heard}", e.sentence),
    }
}
