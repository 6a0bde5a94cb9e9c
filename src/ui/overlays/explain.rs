//! How a verdict was computed: raw counts, the difference and its range, the limit, the blocks, burn, queries, ages,
//! and what was not measured. Anyone can check it by hand.

use crate::config::theme::Role;
use crate::core::age;
use crate::core::board;
use crate::core::judge::burn::{Burn, Tier};
use crate::core::judge::judged::Judged;
use crate::core::judge::readiness::{self, CheckState};
use crate::core::judge::verdict::{Cause, Unsure, Verdict, Word};
use crate::core::judge::words;
use crate::core::link;
use crate::core::model::Model;
use crate::core::world::target::TargetState;
use crate::ui::parts::line::{Line, gate, wrap};
use crate::ui::parts::{evidence, figures};

pub fn lines(model: &Model, wide: usize) -> Vec<Line> {
    let mut out = Vec::new();
    let target = board::selected_target(model);
    let name =
        target.map_or_else(|| model.nav.selected.as_ref().map(ToString::to_string).unwrap_or_default(), |t| t.id.at());
    let head = Line::of(Role::Title, "WHY").text(format!("  {name} errors"));
    out.push(match target {
        Some(t) => {
            let (role, age) = figures::figures_age(model, t);
            head.end(role, age)
        }
        None => head,
    });
    if model.replay.is_some() {
        recorded(model, target, wide, &mut out);
        return out;
    }
    match target.and_then(|t| model.judged.get(&t.id).map(|j| (t, j))) {
        Some((t, j)) => verdict(t, j, wide, &mut out),
        None => out.push(Line::new().text(" no verdict: nothing moves here that could be compared with stable")),
    }
    if let Some(t) = target {
        way_back(model, t, wide, &mut out);
    }
    burn(model, wide, &mut out);
    queries(model, wide, &mut out);
    out.extend(target.map(|t| evidence::lines(&t.texts(), wide)).unwrap_or_default());
    if let Some(link) = model.nav.selected.as_ref().map(|s| link::service(model, s)) {
        para(&mut out, wide, &format!("link    {link}"));
    }
    para(
        &mut out,
        wide,
        "not measured: latency, resources, traces, correctness (users logged in as others would not show here)",
    );
    out
}

/// A log played again: what the records say, and which they are. How it was computed is not in them.
fn recorded(model: &Model, target: Option<&TargetState>, wide: usize, out: &mut Vec<Line>) {
    let (Some(replay), Some(t)) = (&model.replay, target) else {
        para(out, wide, "no record tells of a change here");
        return;
    };
    let judged = model.judged.get(&t.id);
    if let Some(j) = judged {
        sides(t, j, wide, out);
    }
    match (replay.verdicts.get(&t.id), judged.map(|j| &j.verdict)) {
        (Some(told), Some(v)) => {
            let detail = v.word.detail();
            let detail = if detail.is_empty() { detail } else { format!(", {detail}") };
            para(out, wide, &format!("verdict {}{detail}, written {}", v.word.word(), told.at.hms()));
            match v.difference {
                Some(d) => {
                    let n = words::decimals(d.range.half_width()).max(2);
                    let one = |x| words::signed(x, n);
                    let text = format!(
                        "difference {} points, {} to {}; limit {}",
                        one(d.d),
                        one(d.range.lo),
                        one(d.range.hi),
                        v.limit.sum()
                    );
                    para(out, wide, &text);
                }
                None => para(out, wide, "difference: the record holds none"),
            }
            if let Some(l) = v.latched {
                let acked = if l.acked { ", acknowledged since" } else { "" };
                para(out, wide, &format!("because: {}{acked}", l.cause.words()));
            }
            let r = &told.rests;
            para(out, wide, &format!("record  {}@{}: andon log show {0}@{1}", r.seq, r.session));
        }
        _ => para(out, wide, "verdict: none is recorded of this change yet"),
    }
    if let Some(told) = replay.counted(&t.id) {
        let r = &told.rests;
        para(out, wide, &format!("counts of {}, record {}@{}", told.at.hms(), r.seq, r.session));
    }
    out.extend(Line::new().text(" budget  ").append(figures::budget_of(model, &t.service)).flow(wide, 3));
    para(out, wide, "how it was computed, blocks, queries and ages are on the tape of that console, not in the log");
    out.extend(evidence::lines(&t.texts(), wide));
}

fn para(out: &mut Vec<Line>, wide: usize, text: &str) {
    for (i, part) in wrap(&gate(text), wide.saturating_sub(4)).into_iter().enumerate() {
        out.push(Line::new().text(if i == 0 { " " } else { "   " }).text(part));
    }
}

fn verdict(t: &TargetState, j: &Judged, wide: usize, out: &mut Vec<Line>) {
    let v = &j.verdict;
    sides(t, j, wide, out);
    if v.inconsistent {
        out.push(
            Line::new()
                .text(" ")
                .add(Role::Warn, "(!)")
                .text(" a block had more failures than requests: the queries do not fit"),
        );
    }
    match v.difference {
        Some(d) => {
            let n = words::decimals(d.range.half_width()).max(2);
            let line = format!(
                "difference {} points; surely within {} to {} (95 % over all looks, clumping {}{})",
                words::signed(d.d, n),
                words::signed(d.range.lo, n),
                words::signed(d.range.hi, n),
                words::decimal(v.phi, 1),
                if v.phi_measured { ", measured" } else { ", assumed" }
            );
            para(out, wide, &line);
        }
        None => para(out, wide, "difference: none yet, both versions need requests in the same block"),
    }
    para(out, wide, &format!("limit {}", v.limit.sum()));
    para(out, wide, &format!("so: {}", so(v)));
    let first = j.judge.terms().first_edge();
    let since = crate::core::time::Utc::from_secs(first).hms();
    let p = v.progress;
    let missing = if p.missing == 0 { "none without data".into() } else { format!("{} without data", p.missing) };
    para(out, wide, &format!("blocks {} of {} (15 s each) since {since}, {missing}", p.have, p.expected));
    match v.recent {
        Some(r) => {
            let n = words::decimals(r.difference.range.half_width()).max(1);
            let text = format!(
                "lately, since {}: {} points ({} to {})",
                r.since.hms(),
                words::signed(r.difference.d, n),
                words::signed(r.difference.range.lo, n),
                words::signed(r.difference.range.hi, n)
            );
            para(out, wide, &text);
        }
        None => para(out, wide, "lately: told apart from the whole from five minutes on"),
    }
    if let Some(p) = v.projected {
        let text = format!(
            "would burn {} if promoted to everyone ({} to {})",
            words::times(p.burn),
            words::times(p.range.lo),
            words::times(p.range.hi)
        );
        para(out, wide, &text);
    }
    if let Some(wait) = v.wait() {
        para(out, wide, &format!("to decide: {wait}"));
    }
    if let Some(l) = v.latched {
        let acked = if l.acked { ", acknowledged" } else { "" };
        para(
            out,
            wide,
            &format!("WORSE first at {}, last at {}{acked}: {}", l.first.hms(), l.last_seen.hms(), l.cause.words()),
        );
    }
}

/// Which versions, and the counts of both.
fn sides(t: &TargetState, j: &Judged, wide: usize, out: &mut Vec<Line>) {
    let v_of = |h: &Option<crate::core::id::Hash>| h.as_ref().map_or_else(|| "none".into(), |h| t.version_of(h));
    let track = t.track();
    para(out, wide, &format!("{track} is {}, stable is {}", v_of(&t.candidate), v_of(&t.stable)));
    counts(track, &j.verdict, out);
}

fn counts(track: &str, v: &Verdict, out: &mut Vec<Line>) {
    for (word, c) in [(track, v.candidate), ("stable", v.stable)] {
        let line = Line::new().text(format!(" {word:<10}"));
        let line = if c.total > 0.0 {
            line.right(Role::Text, words::count(c.failed), 9)
                .text(" failed of")
                .right(Role::Text, words::count(c.total), 12)
                .right(Role::Text, format!("{}%", words::decimal(c.failed / c.total * 100.0, 3)), 10)
        } else {
            line.text("no requests")
        };
        out.push(line);
    }
}

/// The last step of the sum, in words.
fn so(v: &Verdict) -> String {
    let word = v.word.word();
    match &v.word {
        Word::Worse => match v.latched.map(|l| l.cause) {
            Some(c @ (Cause::Breaker { .. } | Cause::Recent)) => format!("{}: {word}", c.words()),
            Some(Cause::Whole) | None => format!("the whole range lies over the limit: {word}"),
        },
        Word::Higher => format!("the range lies over zero, not all of it over the limit: {word}"),
        Word::Same => format!("the whole range lies under the limit: {word}"),
        Word::Better => format!("the whole range lies under zero: {word}"),
        Word::Unsure(u) => {
            let why = match u {
                Unsure::Gaps => "more than a fifth of the blocks is missing",
                Unsure::Bursty => "failures come in bursts, so counts say little",
                Unsure::LeaningWorse => "over the limit, but the range still holds zero",
                Unsure::AtTheLimit => "there were enough requests, and the truth lies near the limit",
                Unsure::TooFew { .. } => "the range holds both zero and the limit",
            };
            format!("{why}: {word}")
        }
        Word::NoTraffic(t) => format!("{} has had no requests for a minute or longer: {word}", t.word()),
        Word::NoData => format!("the newest sample is too old to judge by: {word}"),
        Word::NoBaseline => format!("there is no stable version: {word}"),
        Word::NotJudged => format!("nothing measures this service: {word}"),
    }
}

/// Every check of going back and how it knows: what is not ok first in its words, what nobody could tell last.
pub fn way_back(model: &Model, t: &TargetState, wide: usize, out: &mut Vec<Line>) {
    let r = readiness::of(&model.world, t, model.utc());
    let (ok, of) = r.count();
    let to = readiness::back_to(t).map_or_else(String::new, |r| format!(" to {}", r.version));
    let line = Line::new().text(" WAY BACK").text(format!("{to}  ready {ok}/{of}"));
    let line = match r.expected {
        Some((ms, n)) => line.text(format!(", takes {} (median of {n})", age::rough(ms))),
        None => line.text(", no history to tell how long it takes"),
    };
    out.push(match model.world.ways_back.get(&t.id) {
        Some(w) => line.end(Role::Muted, format!("looked at {} ago", age::coarse(model.utc().since(w.at)))),
        None => line,
    });
    for c in &r.checks {
        let (role, mark) = mark(c.state);
        let line = Line::new().text("  ").add(role, mark).text(" ").left(Role::Text, &*c.name, CHECK);
        out.extend(line.text(&*c.how).flow(wide, CHECK + 6));
    }
}

/// Columns of a check's name.
const CHECK: usize = 19;

/// `(!)`, `(X)`, `(?)`, `ok `, ` - `.
fn mark(state: CheckState) -> (Role, &'static str) {
    match state {
        CheckState::Ok => (Role::Fine, " ok"),
        CheckState::Warn => (Role::Warn, "(!)"),
        CheckState::Blocked => (Role::Bad, "(X)"),
        CheckState::Unknown => (Role::Blind, "(?)"),
        CheckState::NotConfigured => (Role::Muted, " --"),
    }
}

fn burn(model: &Model, wide: usize, out: &mut Vec<Line>) {
    let Some(service) = &model.nav.selected else { return };
    let Some(b) = model.burns.get(service) else {
        out.push(Line::new().text(" burn: no SLO, or its windows were not answered"));
        return;
    };
    let slo = model.world.services.get(service).and_then(|s| s.slo);
    let target = slo.map(|s| format!(" target {}% over {}d", words::decimal(s.objective * 100.0, 2), s.period_days));
    let line = Line::new().text(" BURN ").add(figures::burn_role(b.word), b.word.word());
    let line = line.text(format!("{}; over both windows of a row raises it", target.unwrap_or_default()));
    out.extend(line.flow(wide, 3));
    out.push(pair_line(["LONG", "", "SHORT", "", "LIMIT", ""]));
    for p in &b.pairs {
        let f = |x: Option<f64>| x.map_or_else(|| "--".to_owned(), words::times);
        let tier = match (p.over, p.held_back, p.tier) {
            (false, _, _) => "",
            (true, true, _) => "over, too few failures to page",
            (true, false, Tier::Page) => "OVER: page",
            (true, false, Tier::Ticket) => "OVER: ticket",
            (true, false, Tier::Nothing) => "over",
        };
        let (l, s) = (words::window(p.long_secs), words::window(p.short_secs));
        out.push(pair_line([&l, &f(p.long), &s, &f(p.short), &format!("{}x", words::decimal(p.factor, 1)), tier]));
    }
    left(b, wide, out);
}

fn pair_line(cells: [&str; 6]) -> Line {
    Line::new()
        .right(Role::Text, cells[0], 8)
        .right(Role::Text, cells[1], 8)
        .right(Role::Text, cells[2], 8)
        .right(Role::Text, cells[3], 8)
        .right(Role::Text, cells[4], 9)
        .text("  ")
        .text(cells[5])
}

fn left(b: &Burn, wide: usize, out: &mut Vec<Line>) {
    let left = b.left.map_or_else(
        || "not known".to_owned(),
        |l| format!("{}% of the period's budget is left", words::decimal(l * 100.0, 1)),
    );
    let line = b.range_1h.map(|r| format!("; 1h is surely within {} to {}", words::times(r.lo), words::times(r.hi)));
    out.extend(Line::new().text(format!("  {left}{}", line.unwrap_or_default())).flow(wide, 3));
}

fn queries(model: &Model, wide: usize, out: &mut Vec<Line>) {
    let Some(service) = &model.nav.selected else { return };
    let Some(s) = model.world.samples.get(service) else {
        out.push(Line::new().text(" source  none has said anything about this service"));
        return;
    };
    let sample = s.newest.map_or_else(
        || "no sample".to_owned(),
        |n| format!("sample {}Z, {} ago", n.hms(), age::age(model.utc().since(n))),
    );
    para(out, wide, &format!("source  {}, {sample}, scrape every {} s", s.source, s.scrape_secs));
    para(out, wide, &format!("query   {}", s.query));
}
