//! The front of the report: summary, impact, the five moments, how long lay between them, rates.

use super::acts::End;
use super::doc::{Block, Part, Section, Sentence};
use super::moments::{Moment, TARGET_MS, is_bad, way_back};
use super::rates::{Count, Point};
use super::words::{burn, rate, requests, share, text, who};
use super::{Ctx, Scope, when};
use crate::core::age::span;
use crate::core::case::incident::State;
use crate::core::record::Record;
use crate::core::time::Utc;
use std::collections::BTreeSet;

/// Rows of the table of rates.
const ROWS: usize = 30;

pub fn title(ctx: &Ctx<'_>) -> Sentence {
    let named = ctx.incident.as_ref().and_then(|i| {
        let titled = ctx.record(&i.titled.as_ref()?.rests)?;
        Some(Sentence::on(titled).d(i.id.clone()).t(" ").d(i.title()))
    });
    let (from, to) = (ctx.p.from.rfc3339(), ctx.p.to.rfc3339());
    let span = |s: Sentence| s.d(from[..19].to_owned()).t("Z to ").d(to[..19].to_owned()).t("Z");
    named.unwrap_or_else(|| match (ctx.p.scope, ctx.p.incident.as_deref()) {
        (Scope::Incident, Some(id)) => ctx.over().d(id),
        (Scope::Incident | Scope::Span, _) => span(ctx.over()),
        (Scope::Session, _) => span(ctx.over().t("a session, ")),
    })
}

pub fn summary(ctx: &Ctx<'_>) -> Option<Section> {
    let mut s = Section::new(Part::Summary);
    if let Some(o) = ctx.is_drill() {
        let d = &o.data["drill"];
        let name = d["name"].as_str().or_else(|| d.as_str()).unwrap_or_default();
        let seed = d["seed"].as_u64().map(|n| n.to_string());
        let said = Sentence::on(o).t("This was a drill, ").d(name).opt(", seed ", seed.as_deref(), "");
        s.blocks.push(Block::Said(said.t(": nothing real was reached.")));
    }
    s.blocks.extend(opened(ctx).map(Block::Said));
    if let Some(m) = &ctx.moments.first_bad {
        s.blocks.push(Block::Said(at(ctx, "The first bad signal was at ", m)));
    } else {
        s.blocks.push(Block::Said(ctx.over().t("No verdict of WORSE and no burn over its line is in these records.")));
    }
    s.blocks.extend(worst(ctx).map(Block::Said));
    s.blocks.push(Block::Said(the_way_back(ctx)));
    s.blocks.extend(elsewhere(ctx).map(Block::Said));
    if let Some(m) = &ctx.moments.resolved {
        s.blocks.push(Block::Said(at(ctx, "It ended at ", m)));
    }
    Some(s)
}

/// The harmed candidate that failed most, in one sentence.
fn worst(ctx: &Ctx<'_>) -> Option<Sentence> {
    let harmed = harmed(ctx);
    let of = ctx.series.iter().filter(|s| harmed.contains(&s.service));
    let all = of.flat_map(|s| s.totals(|p| p.candidate).into_iter().map(move |t| (s, t)));
    let (s, (c, on)) = all.max_by(|a, b| a.1.0.0.total_cmp(&b.1.0.0))?;
    let name = s.target.clone().unwrap_or_else(|| s.service.clone());
    Some(Sentence::on(on).t("The candidate of ").d(name).t(" failed ").d(requests(c)).t("."))
}

fn at(ctx: &Ctx<'_>, before: &'static str, m: &Moment) -> Sentence {
    // The moment's own record comes first, then its words behind the time.
    let mut pieces = m.what.clone();
    pieces = pieces.prefixed(before, ctx.time(m.at), ": ");
    pieces.t(".")
}

fn opened(ctx: &Ctx<'_>) -> Option<Sentence> {
    let Some(i) = &ctx.incident else {
        return Some(ctx.over().t("No incident was opened in these records."));
    };
    let first = ctx.record(&i.opened.as_ref()?.rests)?;
    let mut s = Sentence::on(first)
        .t("The incident ")
        .d(i.id.clone())
        .t(" was opened by ")
        .d(who(first))
        .t(" at ")
        .d(ctx.time(when::of(first)))
        .opt(" (", text(first, "why"), ")");
    let ranked = i.ranked.as_ref().and_then(|k| ctx.record(&k.rests));
    let stands = i.stands.as_ref().and_then(|k| ctx.record(&k.rests));
    if let Some(r) = ranked {
        s = s.t("; severity ").d(i.severity().to_string()).and(r);
    }
    let stands = stands.filter(|_| i.state() != State::Open || i.closed.is_some());
    if let Some(r) = stands {
        s = s.t("; its state is ").d(i.state().word()).and(r);
    }
    if let Some(r) = i.closed.as_ref().and_then(|k| ctx.record(&k.rests)) {
        s = s.t("; closed at ").d(ctx.time(when::of(r))).and(r);
    } else {
        s = s.t("; it is not closed");
    }
    Some(s.t("."))
}

/// What came of going back. That there was none is said as well.
pub fn the_way_back(ctx: &Ctx<'_>) -> Sentence {
    let acts = |r: &Record| r.ticket.is_some();
    let Some(back) = way_back(&ctx.stories) else {
        return ctx.over().t("No rollback happened: no console sent one in these records.");
    };
    if !back.rolls_back() {
        let s = ctx.over_kinds(acts).and(back.begun).t("No rollback happened. A ").d(back.verb());
        return s.t(" of ").d(back.target()).t(" was confirmed by ").d(who(back.begun)).t(end_words(back.end)).t(".");
    }
    let s = Sentence::on(back.begun)
        .t("A rollback of ")
        .d(back.target())
        .opt(" to ", text(back.begun, "to_version"), "")
        .t(" was confirmed by ")
        .d(who(back.begun))
        .t(" at ")
        .d(ctx.time(when::of(back.begun)));
    match (back.end, &ctx.moments.settled, &ctx.moments.first_bad) {
        (End::Settled, Some(done), first) => {
            let s = s.and(back.last).t(" and had settled at ").d(ctx.time(done.at));
            match first {
                Some(f) => s.t(", ").d(gone(f.at, done.at)).t(" after the first bad signal.").resting_on(&f.what),
                None => s.t("."),
            }
        }
        (end, ..) => s.and(back.last).t(end_words(end)).t("."),
    }
}

/// What is said of an act behind its confirmation. Honest about what no record confirms.
pub fn end_words(end: End) -> &'static str {
    match end {
        End::Meant => "; no record tells what came of it",
        End::NotSent => " and was not sent",
        End::Sent => " and sent; no answer is recorded, and nothing confirms that it settled",
        End::Accepted => " and accepted; no record confirms that it settled",
        End::Seen => "; its effect was seen, and no record confirms that it settled",
        End::Settled => " and settled",
        End::Refused => " and was refused by the source",
        End::Unknown => "; its outcome is not known, and no record confirms that it settled",
        End::Stuck => " and got stuck; no record confirms that it settled",
        End::Undone => " and settled, and was undone later",
        End::NotDone => "; reading it back showed that it was not done",
        End::Overtaken => " and was overtaken by a backward act",
        End::ReadBack => "; it was left open and read back later",
    }
}

/// An abort or a hold that another tool or person made, seen by the console.
fn elsewhere(ctx: &Ctx<'_>) -> Option<Sentence> {
    let by = |r: &&&Record| {
        let words = text(r, "words").unwrap_or_default();
        r.kind == "phase" && (words.contains("aborted by ") || words.contains("held by "))
    };
    let mut all = ctx.p.records.iter().filter(by);
    let first = all.next()?;
    let said = Sentence::on(first).t("Done elsewhere and seen from here at ").d(ctx.time(when::of(first))).t(": ");
    let said = said.opt("", first.target_at().as_deref(), " ").d(text(first, "words").unwrap_or_default()).t(".");
    Some(all.take(5).fold(said, |s, r| s.and(r)))
}

/// `2m05`, or `-3s` where the clocks of the records disagree.
pub fn gone(from: Utc, to: Utc) -> String {
    let ms = to.since(from);
    match ms {
        0 => "0s".to_owned(),
        ms if ms < 0 => format!("-{}", span(-ms)),
        ms => span(ms),
    }
}

/// Services that were harmed, or that an act went back on.
pub fn harmed(ctx: &Ctx<'_>) -> BTreeSet<String> {
    let bad = ctx.p.records.iter().filter(|r| is_bad(r));
    let of = |r: &&Record| {
        let named = r.target.as_ref().and_then(|t| t["name"].as_str());
        text(r, "service").or(named).map(str::to_owned)
    };
    let back = ctx.stories.iter().filter(|s| s.is_backward()).filter_map(|s| s.service()).map(str::to_owned);
    let told = ctx.incident.as_ref().and_then(|i| i.service()).map(str::to_owned);
    bad.filter_map(of).chain(back).chain(told).collect()
}

pub fn impact(ctx: &Ctx<'_>) -> Option<Section> {
    let mut s = Section::new(Part::Impact);
    let harmed = harmed(ctx);
    let mut counted = false;
    for series in ctx.series.iter().filter(|s| harmed.contains(&s.service)) {
        let name = series.target.clone().unwrap_or_else(|| series.service.clone());
        type Track = fn(&Point<'_>) -> Option<Count>;
        let tracks: [(&'static str, Track); 2] = [("candidate", |p| p.candidate), ("stable version", |p| p.stable)];
        for (track, which) in tracks {
            for (c, on) in series.totals(which) {
                counted = true;
                let said = Sentence::on(on).t("The ").d(track).t(" of ").d(name.clone()).t(" failed ").d(requests(c));
                let said = said.t(", counted from the start of its rollout to ").d(ctx.time(when::of(on)));
                s.blocks.push(Block::Item(said.t(".")));
            }
        }
        let steps = series.steps();
        let worst = steps.iter().filter_map(|s| s.candidate.map(|c| (c.0 / c.1, s)));
        if let Some((_, step)) = worst.max_by(|a, b| a.0.total_cmp(&b.0)).filter(|w| w.0 > 0.0) {
            let said = Sentence::on(step.on[0]).and(step.on[1]).t("Its highest rate between two records was ");
            let said = said.d(rate(step.candidate)).t(", from ").d(ctx.time(step.from)).t(" to ").d(ctx.time(step.to));
            s.blocks.push(Block::Item(said.t(".")));
        }
        let burnt = series.points.iter().filter_map(|p| p.burn[1].map(|b| (b, p)));
        if let Some((_, p)) = burnt.max_by(|a, b| a.0.total_cmp(&b.0)).filter(|w| w.0 > 0.0) {
            let said =
                Sentence::on(p.on).t("Its budget burned at most ").d(burn(p.burn[1])).t(" over the short window and ");
            let said = said.d(burn(p.burn[0])).t(" over the long one, at ").d(ctx.time(p.at)).t(".");
            s.blocks.push(Block::Item(said));
        }
        // Of the whole change so far: the last one told counts.
        if let Some((share, p)) = series.points.iter().rev().find_map(|p| Some((spent(p.on)?, p))) {
            let said = Sentence::on(p.on).t("Beyond what stable would have failed, the change had spent ").d(share);
            s.blocks.push(Block::Item(said.t(" of the period's budget by ").d(ctx.time(p.at)).t(".")));
        }
    }
    if !counted {
        let none = ctx.over_kinds(|r| matches!(r.kind.as_str(), "figures" | "verdict"));
        s.blocks.push(Block::Item(none.t("No count of failed requests of a harmed service is in these records.")));
        s.blocks.push(Block::Blank("Failed requests, of how many, in which services:"));
    }
    let m = &ctx.moments;
    if let Some(from) = &m.first_bad {
        let until = m.settled.as_ref().or(m.mitigated.as_ref()).or(m.resolved.as_ref());
        let said = match until {
            Some(to) => Sentence::resting_with(&from.what, &to.what)
                .t("From the first bad signal until ")
                .t(if m.settled.is_some() { "the way back had settled: " } else { "it was called over: " })
                .d(gone(from.at, to.at))
                .t("."),
            None => ctx.over().t("No record says when the harm ended."),
        };
        s.blocks.push(Block::Item(said));
    }
    if !harmed.is_empty() {
        let is_of = |r: &Record| {
            let named = r.target.as_ref().and_then(|t| t["name"].as_str()).or_else(|| text(r, "service"));
            named.is_some_and(|n| harmed.contains(n))
        };
        let names: Vec<&str> = harmed.iter().map(String::as_str).collect();
        let said = ctx.over_kinds(is_of).t("Services with a bad signal or an act: ").d(names.join(", ")).t(".");
        s.blocks.push(Block::Item(said));
    }
    s.blocks.push(Block::Blank("What people who use it saw, and how many of them:"));
    Some(s)
}

pub fn moments(ctx: &Ctx<'_>) -> Option<Section> {
    let mut s = Section::new(Part::Moments);
    let m = &ctx.moments;
    let five: [(&'static str, Option<&Moment>, &'static str); 5] = [
        ("detection", m.detection.as_ref(), "Detection: when, and by what:"),
        ("decision", m.decision.as_ref(), "Decision: when, and by whom:"),
        ("act", m.act.as_ref(), "Act: none that went back is in the record; what was done instead, and when:"),
        ("settled", m.settled.as_ref(), "Settled: no record confirms it; when it was over for users:"),
        ("resolved", m.resolved.as_ref(), "Resolved: when:"),
    ];
    let begin = m.first_bad.as_ref();
    let row = |(name, m): (&'static str, &Moment)| {
        let after = begin.map_or_else(|| "-".to_owned(), |b| format!("+{}", gone(b.at, m.at)).replace("+-", "-"));
        let s = Sentence::resting_with(&m.what, begin.map_or(&m.what, |b| &b.what));
        s.t(name).cell().d(ctx.time(m.at)).cell().d(after).cell().words_of(&m.what)
    };
    let rows: Vec<Sentence> = five.iter().filter_map(|(n, m, _)| Some((*n, (*m)?))).map(row).collect();
    if !rows.is_empty() {
        s.blocks.push(Block::Table(&["moment", "when (UTC)", "after the first bad signal", "what"], rows));
    }
    s.blocks.extend(five.iter().filter(|(_, m, _)| m.is_none()).map(|(.., blank)| Block::Blank(blank)));
    Some(s)
}

pub fn durations(ctx: &Ctx<'_>) -> Option<Section> {
    let mut s = Section::new(Part::Durations);
    let m = &ctx.moments;
    let back: &'static str = match way_back(&ctx.stories) {
        Some(b) if !b.rolls_back() => "to hold (first bad signal to settled)",
        Some(_) | None => "to roll back (first bad signal to settled)",
    };
    let rows: [(&'static str, Option<&Moment>, Option<&Moment>, bool); 5] = [
        ("to detect (first bad signal to detection)", m.first_bad.as_ref(), m.detection.as_ref(), false),
        ("to decide (detection to decision)", m.detection.as_ref(), m.decision.as_ref(), false),
        (back, m.first_bad.as_ref(), m.settled.as_ref(), true),
        ("to mitigate (first bad signal to mitigated)", m.first_bad.as_ref(), m.mitigated.as_ref(), false),
        ("to resolve (first bad signal to resolved)", m.first_bad.as_ref(), m.resolved.as_ref(), false),
    ];
    let row = |(name, from, to, target): &(&'static str, Option<&Moment>, Option<&Moment>, bool)| {
        let (from, to) = ((*from)?, (*to)?);
        let ms = to.at.since(from.at);
        let s = Sentence::resting_with(&from.what, &to.what).t(name).cell().d(gone(from.at, to.at)).cell();
        Some(match target {
            true if ms <= TARGET_MS => s.t("within the target of 5m"),
            true => s.t("the target is 5m; ").d(span(ms - TARGET_MS)).t(" more"),
            false => s.t("-"),
        })
    };
    let told: Vec<Sentence> = rows.iter().filter_map(row).collect();
    if !told.is_empty() {
        s.blocks.push(Block::Table(&["time", "took", "target"], told));
    }
    let same = matches!((&m.first_bad, &m.detection), (Some(a), Some(b)) if a.at == b.at);
    if same {
        s.blocks.push(Block::Plain(
            "The first bad signal that is recorded is the detection itself: how long users were hurt before it, no record tells.",
        ));
    }
    if m.settled.is_none() {
        s.blocks.push(Block::Blank("Time to roll back: no settled way back is recorded:"));
    }
    if m.resolved.is_none() {
        s.blocks.push(Block::Blank("Time to resolve: the end is not recorded:"));
    }
    Some(s)
}

/// The rates as a table; a picture stands above it where pictures can be drawn.
pub fn rates(ctx: &Ctx<'_>) -> Option<Section> {
    let harmed = harmed(ctx);
    let mut s = Section::new(Part::Rates);
    for series in ctx.series.iter().filter(|s| harmed.contains(&s.service)) {
        let rows = series.rows(ROWS);
        let (Some(first), Some(last)) = (rows.first(), rows.last()) else { continue };
        let name = series.target.clone().unwrap_or_else(|| series.service.clone());
        let head = Sentence::on(first.on[0]).and(last.on[1]).t("Failure rates of ").d(name);
        s.blocks.push(Block::Head(head));
        if series.sparse {
            s.blocks.push(Block::Plain(
                "Only changes of the verdict hold counts here: a row is the average between two of them, however long.",
            ));
        }
        let row = |step: &super::rates::Step<'_>| {
            let s = Sentence::on(step.on[0]).and(step.on[1]);
            let s = s.d(ctx.time(step.from)).t(" to ").d(ctx.time(step.to)).cell();
            match step.gap {
                Some(why) => s.t("no data: ").t(why).cell().t("-").cell().t("-"),
                None => {
                    let track = |c: Option<Count>| c.map_or_else(|| "none counted".to_owned(), share);
                    let s = s.d(track(step.candidate)).cell().d(track(step.stable)).cell();
                    s.d(format!("{} / {}", burn(step.burn[0]), burn(step.burn[1])))
                }
            }
        };
        let rows = rows.iter().map(row).collect();
        s.blocks.push(Block::Table(&["from, to", "candidate failed", "stable failed", "burn long / short"], rows));
    }
    if s.blocks.is_empty() {
        return None;
    }
    s.blocks.insert(0, Block::Pictures);
    Some(s)
}

/// `3.4% (2.9% to 3.9%)` of a record of figures, where it is surely more than nothing.
fn spent(r: &Record) -> Option<String> {
    let of = |i: usize| r.data["spent"][i].as_f64().filter(|x| x.is_finite() && *x >= 0.0);
    let (share, lo, hi) = (of(0)?, of(1)?, of(2)?);
    let percent = crate::core::judge::words::percent;
    (lo > 0.0).then(|| format!("{} ({} to {})", percent(share), percent(lo), percent(hi)))
}
