//! How a verdict was computed, as lines: counts, difference, limit, blocks, burn, queries. Anyone can check it by hand.

use super::words;
use crate::core::judge::burn::{Burn, Tier};
use crate::core::judge::judged::Judged;
use crate::core::judge::verdict::{Counts, Verdict, Word};
use crate::core::judge::words as figures;
use crate::core::model::Model;
use crate::core::world::figures::Signal;
use crate::core::world::target::TargetState;

pub fn lines(model: &Model, t: &TargetState) -> Vec<String> {
    let mut out = vec![format!("why {}: {}.", t.id.at(), words::verdict(model, t))];
    if let Some(j) = model.judged.get(&t.id) {
        verdict(t, j, &mut out);
        out.extend(j.signals().skip(1).map(|(s, v, _)| beside(s, v)));
        out.extend(j.representative.cautions().into_iter().map(|c| format!("caution: {c}.")));
    }
    match model.burn(&t.service) {
        Some(b) => burn(b, &mut out),
        None => out.push("burn: no SLO, or its windows were not answered.".into()),
    }
    if let Some(s) = model.world.samples.get(&t.service) {
        out.push(format!("source: {}, a sample every {} seconds. query: {}", s.source, s.scrape_secs, s.query));
    }
    let missing = model
        .judged
        .get(&t.id)
        .map(|j| j.measured().missing)
        .unwrap_or_else(|| vec![Signal::Latency, Signal::Correctness]);
    let missing: Vec<&str> = missing.iter().map(|s| s.word()).chain(["resources", "traces"]).collect();
    out.push(format!("not measured: {}.", missing.join(", ")));
    out
}

/// A signal that informs: its word and what it rests on.
fn beside(signal: Signal, v: &Verdict) -> String {
    let side = |c: Counts| format!("{} of {}", figures::count(c.failed), figures::count(c.total));
    let what = match signal {
        Signal::Errors => "failed",
        Signal::Latency => "slow",
        Signal::Correctness => "wrong",
    };
    let (c, s) = (side(v.candidate), side(v.stable));
    format!("{}: {}, {what} {c} against {s}, limit {}; it informs.", signal.word(), v.word.word(), v.limit.sum())
}

fn verdict(t: &TargetState, j: &Judged, out: &mut Vec<String>) {
    let v = &j.verdict;
    for (side, hash, c) in [(words::track(t), &t.candidate, v.candidate), ("stable", &t.stable, v.stable)] {
        let version = words::version(t, hash.as_ref());
        out.push(if c.total > 0.0 {
            let percent = figures::decimal(c.failed / c.total * 100.0, 3);
            format!("{side} {version}: {} failed of {}, {percent}%.", figures::count(c.failed), figures::count(c.total))
        } else {
            format!("{side} {version}: no requests.")
        });
    }
    if v.inconsistent {
        out.push("caution: a block had more failures than requests, the queries do not fit.".into());
    }
    out.push(match v.difference {
        Some(d) => {
            let n = figures::decimals(d.range.half_width()).max(2);
            format!(
                "difference {} points, surely within {} to {}, 95 percent over all looks, clumping {} {}.",
                figures::signed(d.d, n),
                figures::signed(d.range.lo, n),
                figures::signed(d.range.hi, n),
                figures::decimal(v.phi, 1),
                if v.phi_measured { "measured" } else { "assumed" }
            )
        }
        None => "difference: none yet, both versions need requests in the same block.".into(),
    });
    out.push(format!("limit {}.", v.limit.sum()));
    if let Some(so) = because(v) {
        out.push(format!("so: {so}, {}.", v.word.word()));
    }
    let since = crate::core::time::Utc::from_secs(j.judge.terms().first_edge());
    let p = v.progress;
    out.push(format!(
        "blocks: {} of {} read, 15 seconds each, since {}, {} without data.",
        p.have,
        p.expected,
        words::clock(since),
        p.missing
    ));
    if let Some(p) = v.projected {
        out.push(format!(
            "would burn {} if promoted to everyone, {} to {}.",
            words::times(p.burn),
            words::times(p.range.lo),
            words::times(p.range.hi)
        ));
    }
    out.extend(v.wait().map(|w| format!("to decide: {w}.")));
    if let Some(l) = v.latched {
        let acked = if l.acked { ", acknowledged" } else { "" };
        let (first, last) = (words::clock(l.first), words::clock(l.last_seen));
        out.push(format!("WORSE first at {first}, last at {last}{acked}: {}.", l.cause.words()));
    }
}

/// The last step of the sum.
fn because(v: &Verdict) -> Option<String> {
    Some(match &v.word {
        Word::Worse => match v.latched.map(|l| l.cause) {
            Some(c) if !c.is_of_the_whole() => c.words(),
            Some(_) | None => "the whole range lies over the limit".into(),
        },
        Word::Higher => "the range lies over zero, not all of it over the limit".into(),
        Word::Same => "the whole range lies under the limit".into(),
        Word::Better => "the whole range lies under zero".into(),
        Word::Unsure(_) | Word::NoTraffic(_) | Word::NoData | Word::NoBaseline | Word::NotJudged => return None,
    })
}

fn burn(b: &Burn, out: &mut Vec<String>) {
    out.push(format!("burn: {}; over in both windows of a line raises it.", b.word.word()));
    for p in &b.pairs {
        let f = |x: Option<f64>| x.map_or_else(|| "not known".to_owned(), words::times);
        let tier = match (p.over, p.held_back, p.tier) {
            (false, _, _) => "",
            (true, true, _) => ", OVER, too few failures to page",
            (true, false, Tier::Page) => ", OVER, page",
            (true, false, Tier::Ticket) => ", OVER, ticket",
            (true, false, Tier::Nothing) => ", OVER",
        };
        let (l, s) = (figures::window(p.long_secs), figures::window(p.short_secs));
        let factor = figures::decimal(p.factor, 1);
        out.push(format!("  {} over {l}, {} over {s}, limit {factor}x{tier}.", f(p.long), f(p.short)));
    }
    let more = b.against().into_iter().chain(b.hour()).chain(b.until_empty()).chain(b.doubts());
    out.extend(more.map(|said| format!("  {said}.")));
}
