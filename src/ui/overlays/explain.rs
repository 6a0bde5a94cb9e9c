//! How a verdict was computed: raw counts, the difference and its range, the limit, the blocks, burn, queries, ages,
//! and what was not measured. Anyone can check it by hand.

use super::standing::{burn, way_back};
use crate::config::theme::Role;
use crate::core::board;
use crate::core::cell::Cell;
use crate::core::id::ServiceId;
use crate::core::judge::judged::Judged;
use crate::core::judge::verdict::{Counts, Verdict};
use crate::core::judge::words;
use crate::core::link;
use crate::core::model::Model;
use crate::core::provenance::{self, Asked, Taken};
use crate::core::world::figures::Signal;
use crate::core::world::target::TargetState;
use crate::ui::parts::line::{Line, gate, wrap};
use crate::ui::parts::{evidence, figures, pictures};

/// The page for what is chosen: one figure, all pictures, or the whole.
pub fn lines(model: &Model, wide: usize) -> Vec<Line> {
    match (model.nav.figure, &model.nav.selected) {
        (Some(Cell::Pictures), Some(_)) => {
            let mut out = vec![heading(model, "PICTURES", "")];
            out.extend(pictures::all(model, wide, PICTURE));
            out
        }
        (Some(cell), Some(service)) if model.replay.is_none() => figure(model, service, cell, wide),
        _ => whole(model, wide),
    }
}

/// Rows of a picture on a page.
const PICTURE: usize = 10;

/// `WHY  checkout@eu-1 errors        3 of 14   9s old`
fn heading(model: &Model, word: &str, rest: &str) -> Line {
    let target = board::selected_target(model);
    let name =
        target.map_or_else(|| model.nav.selected.as_ref().map(ToString::to_string).unwrap_or_default(), |t| t.id.at());
    let head = Line::of(Role::Title, word).text(format!("  {name} {rest}"));
    match target {
        Some(t) => {
            let (role, age) = figures::figures_age(model, t);
            head.end(role, age)
        }
        None => head,
    }
}

/// How the whole verdict was computed, signal by signal, then the way back and the budget.
pub fn whole(model: &Model, wide: usize) -> Vec<Line> {
    let mut out = Vec::new();
    let target = board::selected_target(model);
    let judged = target.and_then(|t| model.judged.get(&t.id));
    let on: Vec<&str> =
        judged.map(|j| provenance::measured(j).0).unwrap_or_default().iter().map(|s| s.word()).collect();
    let on = if on.is_empty() { "errors".into() } else { on.join(", ") };
    out.push(heading(model, "WHY", &on));
    if model.replay.is_some() {
        recorded(model, target, wide, &mut out);
        return out;
    }
    match target.zip(judged) {
        Some((t, j)) => signals(model, t, j, wide, &mut out),
        None => out.push(Line::new().text(" no verdict: nothing moves here that could be compared with stable")),
    }
    if let Some(t) = target {
        way_back(model, t, wide, &mut out);
    }
    burn(model, wide, &mut out);
    if judged.is_none() {
        queries(model, wide, &mut out);
    }
    objectives(model, wide, &mut out);
    out.extend(target.map(|t| evidence::lines(&t.texts(), wide)).unwrap_or_default());
    if let Some(link) = model.nav.selected.as_ref().map(|s| link::service(model, s)) {
        para(&mut out, wide, &format!("link    {link}"));
    }
    out
}

/// The part of the page that is a function of the rollout's start and the newest block: what two consoles on the same data
/// show alike, whenever each was opened. Ages and the times of samples stand flush right and are not in it.
pub fn verdict_text(model: &Model, wide: usize) -> String {
    let target = board::selected_target(model);
    let Some((t, j)) = target.and_then(|t| model.judged.get(&t.id).map(|j| (t, j))) else { return String::new() };
    let mut out = Vec::new();
    signals(model, t, j, wide, &mut out);
    out.iter().map(|l| format!("{}\n", l.head())).collect()
}

/// Each signal that was heard of, the one that decides first; then what was not measured, and what makes the comparison
/// unfair.
fn signals(model: &Model, t: &TargetState, j: &Judged, wide: usize, out: &mut Vec<Line>) {
    let v_of = |h: &Option<crate::core::id::Hash>| h.as_ref().map_or_else(|| "none".into(), |h| t.called(h));
    para(out, wide, &format!("{} is {}, stable is {}", t.track(), v_of(&t.candidate), v_of(&t.stable)));
    let several = provenance::measured(j).0.len() > 1;
    for (i, (signal, v, judge)) in j.signals().enumerate() {
        if several {
            let part = if i == 0 { "  decides" } else { "  informs" };
            let line = Line::new().text(" ").add(Role::Title, signal.word().to_uppercase()).text(" ");
            out.push(line.add(figures::word_role(&v.word), v.word.word()).text(part));
        }
        verdict(t, j, v, wide, out);
        if let Some(b) = heard(model, t, signal).and_then(|h| h.bound) {
            para(out, wide, &provenance::bound_words(b));
        }
        if let Some(a) = provenance::asked(model, &t.service, signal, judge, v) {
            source(&a, wide, out);
        }
    }
    for c in j.representative.cautions() {
        let line =
            Line::new().text(" ").add(Role::Warn, "(!)").text(format!(" {c}: the two are not compared on the same"));
        out.extend(line.flow(wide, 5));
    }
    if let Some(s) = j.representative.split.filter(|s| !s.off) {
        para(out, wide, &format!("{}: as it should be", s.words()));
    }
    let not: Vec<&str> = provenance::measured(j).1.iter().map(|s| s.word()).collect();
    let told = model.world.telemetry.get(&t.service);
    let resources = if told.is_some_and(|t| t.usage.is_some()) { "" } else { "resources, " };
    let not = if not.is_empty() { String::new() } else { format!("{}, ", not.join(", ")) };
    let text = format!("not measured: {not}{resources}traces (what nobody measures does not show here)");
    para(out, wide, &text);
}

fn heard<'m>(model: &'m Model, t: &TargetState, signal: Signal) -> Option<&'m crate::core::world::Heard> {
    model.world.samples.get(&t.service)?.signals.get(&signal)
}

/// The query with its times, and the source; the sample's time moves by itself and stands flush right.
fn source(a: &Asked, wide: usize, out: &mut Vec<Line>) {
    if let Some(q) = &a.query {
        para(out, wide, &format!("query   {q}"));
    }
    let sample = a.sample.map(|s| format!("sample {}Z", s.hms())).unwrap_or_default();
    let scrape = a.scrape_secs.map(|s| format!(", scrape every {s} s")).unwrap_or_default();
    let end = match &a.taken {
        Taken::Range { from, to, step_secs } => {
            para(out, wide, &format!("over    {} to {} UTC, a point every {step_secs} s", from.hms(), to.hms()));
            sample
        }
        Taken::At(Some(at)) => {
            para(out, wide, &format!("at      {} UTC", at.rfc3339()));
            sample
        }
        Taken::At(None) => sample,
        Taken::Read(at) => at.map(|at| format!("read {}Z", at.hms())).unwrap_or_default(),
    };
    let line = Line::new().text(format!(" source  {}{scrape}", a.source)).end(Role::Muted, end);
    out.extend(line.flow(wide, 9));
}

/// Targets and limits that a team wrote down elsewhere.
fn objectives(model: &Model, wide: usize, out: &mut Vec<Line>) {
    let told = model.nav.selected.as_ref().and_then(|s| model.world.telemetry.get(s));
    for o in told.into_iter().flat_map(|t| t.objectives.values()) {
        let target = words::figure(o.slo.objective * 100.0);
        para(out, wide, &format!("target  {} {target}% over {}d, from {}", o.signal.word(), o.slo.period_days, o.from));
    }
}

/// One figure: what it says, the sum, the raw counts, the query, the source; and its picture.
fn figure(model: &Model, service: &ServiceId, cell: Cell, wide: usize) -> Vec<Line> {
    let p = provenance::of(model, service, cell);
    let mut out = vec![heading(model, "WHY", &p.name)];
    if !p.figure.is_empty() {
        out.extend(Line::new().text(" ").add(Role::Moving, &p.figure).flow(wide, 3));
    }
    if !p.says.is_empty() {
        para(&mut out, wide, &p.says);
    }
    if let Some(why) = &p.missing {
        out.extend(Line::new().text(" ").add(Role::Blind, "MISSING").text(format!(" {why}")).flow(wide, 3));
    }
    for s in &p.steps {
        para(&mut out, wide, s);
    }
    for (whose, c) in &p.counts {
        out.push(counted(whose, *c));
    }
    for a in &p.asked {
        source(a, wide, &mut out);
    }
    let picture = pictures::of(model, cell, wide, PICTURE);
    if !picture.is_empty() {
        out.push(Line::new());
        out.extend(picture);
    }
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

fn verdict(t: &TargetState, j: &Judged, v: &Verdict, wide: usize, out: &mut Vec<Line>) {
    counts(t.track(), v, out);
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
    para(out, wide, &format!("so: {}", provenance::so(v)));
    let first = j.judge.terms().first_edge();
    let since = crate::core::time::Utc::from_secs(first).hms();
    let p = v.progress;
    // How many there should be by now moves with the clock.
    let missing = if p.missing == 0 { "none without data".into() } else { format!("{} without data", p.missing) };
    let blocks = Line::new().text(format!(" blocks {} of 15 s, since {since}", p.have));
    out.push(blocks.end(Role::Muted, format!("{} are due, {missing}", p.expected)));
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
    let v_of = |h: &Option<crate::core::id::Hash>| h.as_ref().map_or_else(|| "none".into(), |h| t.called(h));
    let track = t.track();
    para(out, wide, &format!("{track} is {}, stable is {}", v_of(&t.candidate), v_of(&t.stable)));
    counts(track, &j.verdict, out);
}

fn counts(track: &str, v: &Verdict, out: &mut Vec<Line>) {
    for (word, c) in [(track, v.candidate), ("stable", v.stable)] {
        out.push(counted(word, c));
    }
}

fn counted(word: &str, c: Counts) -> Line {
    let line = Line::new().text(" ").left(Role::Text, word, if word.len() < 10 { 10 } else { word.len() + 1 });
    if c.total > 0.0 {
        line.right(Role::Text, words::count(c.failed), 9)
            .text(" failed of")
            .right(Role::Text, words::count(c.total), 12)
            .right(Role::Text, format!("{}%", words::decimal(c.failed / c.total * 100.0, 3)), 10)
    } else {
        line.text("no requests")
    }
}

fn queries(model: &Model, wide: usize, out: &mut Vec<Line>) {
    let Some(service) = &model.nav.selected else { return };
    let Some(s) = model.world.samples.get(service) else {
        out.push(Line::new().text(" source  none has said anything about this service"));
        return;
    };
    let asked = Asked {
        source: s.source.to_string(),
        query: Some(s.query.clone()),
        taken: Taken::At(None),
        sample: s.newest,
        scrape_secs: Some(s.scrape_secs),
    };
    source(&asked, wide, out);
}
