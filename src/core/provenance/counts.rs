//! Figures that are made of blocks: the verdict's word, rates, the difference, the limit, what is still needed.

use super::{Asked, Cell, Of, Provenance, Taken, signal};
use crate::core::judge::freshness::Kind;
use crate::core::judge::judged::Judged;
use crate::core::judge::verdict::{BLOCK_SECS, Judge, Track, Unsure, Verdict, Word};
use crate::core::judge::words;
use crate::core::time::Utc;
use crate::core::world::detail::{Analysis, Metric};
use crate::core::world::figures::{Bound, Signal};
use crate::core::world::target::TargetState;

pub(super) fn of(of: &Of<'_>, cell: Cell) -> Provenance {
    let Some(j) = of.judged else {
        return Provenance::new(cell, "verdict", "nothing to judge", "candidate and stable are the same version")
            .asked(rollout(of))
            .missing("nothing moves here that could be compared with stable");
    };
    if !j.telemetry {
        return Provenance::new(
            cell,
            "verdict",
            "NOT JUDGED",
            "no telemetry is configured: not known, which is not fine",
        )
        .asked(rollout(of))
        .missing("no telemetry source is configured for this environment");
    }
    match cell {
        Cell::Verdict => verdict(of, j),
        Cell::Difference(s) => with(of, j, cell, s, difference),
        Cell::Limit(s) => with(of, j, cell, s, limit),
        Cell::Needed(s) => with(of, j, cell, s, needed),
        Cell::Blocks(s) => with(of, j, cell, s, blocks),
        Cell::WouldBurn(s) => with(of, j, cell, s, would_burn),
        Cell::Rate(s, track) => with(of, j, cell, s, |of, s, judge, v| rate(of, s, track, judge, v)),
        _ => age(of, j),
    }
}

/// What the object itself was last read at.
pub(super) fn rollout(of: &Of<'_>) -> Option<Asked> {
    let t = of.target?;
    let source = t.id.source.to_string();
    Some(Asked { source, query: None, taken: Taken::Read(Some(t.read_at)), sample: None, scrape_secs: None })
}

/// The query behind a signal's blocks, and over which time.
pub fn asked(
    of_model: &crate::core::model::Model,
    service: &crate::core::id::ServiceId,
    s: Signal,
    judge: &Judge,
    v: &Verdict,
) -> Option<Asked> {
    let sampled = of_model.world.samples.get(service)?;
    let heard = sampled.signals.get(&s);
    let query = heard.map_or_else(|| sampled.query.clone(), |h| h.query.clone());
    let from = Utc::from_secs(judge.terms().first_edge());
    let step_secs = u32::try_from(BLOCK_SECS).unwrap_or(15);
    let taken = match v.look {
        Some(to) => Taken::Range { from: Utc::from_secs(from.secs() + BLOCK_SECS), to, step_secs },
        None => Taken::At(None),
    };
    Some(Asked {
        source: sampled.source.to_string(),
        query: Some(query),
        taken,
        sample: v.sample.or(heard.and_then(|h| h.newest)).or(sampled.newest),
        scrape_secs: Some(sampled.scrape_secs),
    })
}

/// The word of what counts as bad: `failed`, `slower than 300ms`, `answered wrongly`.
pub fn bad(s: Signal, bound: Option<Bound>) -> String {
    match (s, bound) {
        (Signal::Errors, _) => "failed".into(),
        (Signal::Latency, Some(b)) => format!("slower than {}", words::seconds(b.secs)),
        (Signal::Latency, None) => "too slow".into(),
        (Signal::Correctness, _) => "answered wrongly".into(),
    }
}

fn with(
    of: &Of<'_>,
    j: &Judged,
    cell: Cell,
    s: Signal,
    f: impl FnOnce(&Of<'_>, Signal, &Judge, &Verdict) -> Provenance,
) -> Provenance {
    let Some((judge, v)) = signal(j, s) else {
        return Provenance::new(cell, s.word(), "not measured", format!("no source measures {} here", s.word()))
            .asked(rollout(of))
            .missing(format!("no query for {} has answered for this service", s.word()));
    };
    let mut p = f(of, s, judge, v);
    p.cell = cell;
    p.asked.extend(asked(of.model, of.service, s, judge, v));
    if v.look.is_none() {
        p.missing = Some("no block of this rollout was read yet".into());
    }
    p
}

fn verdict(of: &Of<'_>, j: &Judged) -> Provenance {
    let v = &j.verdict;
    let detail = v.word.detail();
    let word = if detail.is_empty() { v.word.word().to_owned() } else { format!("{} {detail}", v.word.word()) };
    let mut p = Provenance::new(Cell::Verdict, format!("verdict on {}", j.signal.word()), word, so(v));
    for s in Signal::ALL {
        let Some((judge, v)) = signal(j, s).filter(|(_, v)| v.look.is_some()) else {
            p = p.step(format!("{}: not measured", s.word()));
            continue;
        };
        let decides = if s == j.signal { ", decides" } else { "" };
        p = p.step(format!("{}: {}{decides}", s.word(), v.word.word()));
        p.steps.extend(sum(v));
        for (track, c) in [(Track::Candidate, v.candidate), (Track::Stable, v.stable)] {
            p = p.counted(format!("{} {}", of.track(track), s.word()), c);
        }
        p.asked.extend(asked(of.model, of.service, s, judge, v));
    }
    p.steps.extend(j.representative.cautions().into_iter().map(|c| format!("(!) {c}")));
    p.steps.extend(of.target.map(teams_own).unwrap_or_default());
    match &v.word {
        Word::NoData => p.missing("the newest sample is too old to judge by"),
        Word::NoTraffic(t) => p.missing(format!("{} has no requests", of.track(*t))),
        _ if v.look.is_none() => p.missing("no block of this rollout was read yet"),
        _ => p,
    }
}

/// The limits that the team itself wrote down, in the analyses of this change: by name, in their own words. They are the
/// controller's to decide by, not ours.
fn teams_own(t: &TargetState) -> Vec<String> {
    let one = |(run, m): (&Analysis, &Metric)| {
        let fails = match m.failure_limit {
            Some(n) if n < 0 => "never fails the run".to_owned(),
            n => format!("more than {} failures fail the run", n.unwrap_or(0)),
        };
        let dry = if m.dry_run { ", dry run: decides nothing" } else { "" };
        format!(
            "the team's own limit, {} of {}: {}; {fails}{dry}; {} passed, {} failed so far",
            m.name, run.name, m.condition, m.successful, m.failed
        )
    };
    let all = t.detail.checks.iter().flat_map(|c| c.metrics.iter().map(move |m| (c, m)));
    all.filter(|(_, m)| !m.condition.is_empty()).map(one).collect()
}

/// Difference, limit, and what follows, one line each.
fn sum(v: &Verdict) -> Vec<String> {
    let mut out = Vec::new();
    if let Some(d) = v.difference {
        let n = words::decimals(d.range.half_width()).max(1);
        let one = |x| words::signed(x, n);
        let short = words::short(d.d, d.range);
        out.push(format!(
            "difference {} points ({short}), surely within {} to {}",
            one(d.d),
            one(d.range.lo),
            one(d.range.hi)
        ));
    }
    out.push(format!("limit {}", v.limit.sum()));
    out.extend(v.wait().map(|w| format!("to decide: {w}")));
    out.extend(
        v.latched
            .map(|l| format!("WORSE first at {}, last at {}: {}", l.first.hms(), l.last_seen.hms(), l.cause.words())),
    );
    out
}

fn rate(of: &Of<'_>, s: Signal, track: Track, judge: &Judge, v: &Verdict) -> Provenance {
    let c = match track {
        Track::Candidate => v.candidate,
        Track::Stable => v.stable,
    };
    let bound = of.model.world.samples.get(of.service).and_then(|x| x.signals.get(&s)).and_then(|h| h.bound);
    let bad = bad(s, bound);
    let name = format!("{} of {}", s.word(), of.track(track));
    let from = Utc::from_secs(judge.terms().first_edge()).hms();
    let to = v.look.map_or_else(|| "now".into(), Utc::hms);
    let p = Provenance::new(Cell::Rate(s, track), name, "no requests", "");
    let mut p = p.counted(of.track(track), c);
    if c.total > 0.0 {
        p.figure = format!("{} of {}", words::percent(c.failed / c.total), words::count(c.total));
        p.says = format!("of the requests to {} from {from} to {to}, this share {bad}", of.track(track));
        let exact = words::decimal(c.failed / c.total * 100.0, 3);
        p = p.step(format!("{} / {} = {exact}%", words::count(c.failed), words::count(c.total)));
        p = p.step(format!("blocks of {BLOCK_SECS} s from {from} to {to}, summed"));
    } else {
        p = p.missing(format!("{} had no requests from {from} to {to}: that is not 0%", of.track(track)));
    }
    if let Some(b) = bound {
        p = p.step(bound_words(b));
    }
    p
}

/// Which bound parts slow from fast, and why that one.
pub fn bound_words(b: Bound) -> String {
    let native = if b.native { ", from a native histogram" } else { ", the edge of a bucket" };
    match b.asked.filter(|a| (a - b.secs).abs() > f64::EPSILON) {
        Some(a) => format!(
            "slower than {}{native}: the nearest below the {} that was asked for",
            words::seconds(b.secs),
            words::seconds(a)
        ),
        None => format!("slower than {}{native}", words::seconds(b.secs)),
    }
}

fn difference(of: &Of<'_>, s: Signal, _: &Judge, v: &Verdict) -> Provenance {
    let name = format!("difference of {}", s.word());
    let Some(d) = v.difference else {
        return Provenance::new(Cell::Difference(s), name, "-", "how much worse the candidate is than stable")
            .missing("both versions need requests in the same block");
    };
    let n = words::decimals(d.range.half_width()).max(1);
    let one = |x| words::signed(x, n);
    let figure = format!("{} points ({} to {})", one(d.d), one(d.range.lo), one(d.range.hi));
    let says = format!(
        "{} minus stable, in percentage points of requests; short {}",
        of.track(Track::Candidate),
        words::short(d.d, d.range)
    );
    let phi = format!(
        "95 % over all looks; failures clump by {}{}",
        words::decimal(v.phi, 1),
        if v.phi_measured { ", measured" } else { ", assumed" }
    );
    let coarse = words::decimals(d.range.half_width());
    let range = |x: f64| words::decimal(x * 100.0, coarse);
    let p = Provenance::new(Cell::Difference(s), name, figure, says)
        .step("weighted over blocks that hold requests of both (Mantel-Haenszel)")
        .step(format!("surely within {} to {}: {phi}", range(d.range.lo), range(d.range.hi)));
    let wide = d.range.hi - d.range.lo > 0.2;
    let p = if wide { p.step("the range spans over 20 points: too wide to say much") } else { p };
    let p = match v.recent {
        Some(r) => {
            let n = words::decimals(r.difference.range.half_width()).max(1);
            let one = |x| words::signed(x, n);
            let range = r.difference.range;
            let p = p.step(format!(
                "lately, since {}: {} points ({} to {}); short {}",
                r.since.hms(),
                one(r.difference.d),
                one(range.lo),
                one(range.hi),
                words::short(r.difference.d, range)
            ));
            if v.lately().is_some() {
                p.step("WORSE rests on these minutes: the whole alone is not over the limit")
            } else {
                p
            }
        }
        None => p.step("lately: told apart from the whole from five minutes on"),
    };
    p.counted(of.track(Track::Candidate), v.candidate).counted("stable", v.stable)
}

fn limit(of: &Of<'_>, s: Signal, _: &Judge, v: &Verdict) -> Provenance {
    let figure = format!("{} points", v.limit.short());
    let says = format!("more than this over stable is WORSE; {}", v.limit.origin());
    let p = Provenance::new(Cell::Limit(s), format!("limit of {}", s.word()), figure, says).step(v.limit.sum());
    let slo = of.model.world.services.get(of.service).and_then(|s| s.slo);
    let p = match slo {
        Some(slo) => p.step(format!("target {}% over {}d", words::figure(slo.objective * 100.0), slo.period_days)),
        None => p.step("no target is configured for this service: the default holds"),
    };
    p.counted("stable", v.stable)
}

fn needed(of: &Of<'_>, s: Signal, _: &Judge, v: &Verdict) -> Provenance {
    let figure = v.needed.map_or_else(|| "-".into(), |n| format!("{} more", words::about(n)));
    let p = Provenance::new(
        Cell::Needed(s),
        "requests still needed",
        figure,
        "candidate requests until this can be decided",
    );
    let p = match v.wait() {
        Some(w) => p.step(w),
        None => p.missing("nothing more is needed, or no number would do"),
    };
    p.counted(of.track(Track::Candidate), v.candidate).counted("stable", v.stable)
}

fn blocks(_: &Of<'_>, s: Signal, judge: &Judge, v: &Verdict) -> Provenance {
    let p = v.progress;
    let since = Utc::from_secs(judge.terms().first_edge()).hms();
    let figure = p.reading().unwrap_or_else(|| format!("{} of {} blocks", p.have, p.expected));
    Provenance::new(Cell::Blocks(s), "blocks read", figure, "history is read back from where the rollout began").step(
        format!("{} of {} blocks of {BLOCK_SECS} s since {since}, {} without data", p.have, p.expected, p.missing),
    )
}

fn would_burn(of: &Of<'_>, s: Signal, _: &Judge, v: &Verdict) -> Provenance {
    let says = "burn of the budget if everyone had the candidate";
    let Some(p) = v.projected else {
        return Provenance::new(Cell::WouldBurn(s), "would burn", "--", says)
            .missing("no target below 100 %, or no difference yet");
    };
    let slo = of.model.world.services.get(of.service).and_then(|s| s.slo).map_or(0.0, |s| s.objective);
    let figure = format!("{} ({} to {})", words::times(p.burn), words::times(p.range.lo), words::times(p.range.hi));
    Provenance::new(Cell::WouldBurn(s), "would burn", figure, says)
        .step(format!("(stable's share + difference) / (100 - {})", words::figure(slo * 100.0)))
        .counted(of.track(Track::Candidate), v.candidate)
        .counted("stable", v.stable)
}

fn age(of: &Of<'_>, j: &Judged) -> Provenance {
    let sampled = of.model.world.samples.get(of.service);
    let scrape = sampled.map_or(15, |s| s.scrape_secs);
    let (old, gone) = Kind::Metrics { scrape_secs: scrape }.limits();
    let newest = j.verdict.sample.or_else(|| sampled.and_then(|s| s.newest));
    let figure = newest.map_or_else(|| "no sample yet".into(), |n| format!("sample of {}Z", n.hms()));
    let p = Provenance::new(
        Cell::Age,
        "age of the figures",
        figure,
        "from the sample's own time, not from when the answer came",
    )
    .step(format!("drawn old after {} s, no judgement after {} s (a scrape every {scrape} s)", old / 1000, gone / 1000))
    .asked(asked(of.model, of.service, j.signal, &j.judge, &j.verdict));
    if newest.is_none() { p.missing("no sample has come yet") } else { p }
}

/// The last step of the sum, in words.
pub fn so(v: &Verdict) -> String {
    let word = v.word.word();
    match &v.word {
        Word::Worse => match v.latched.map(|l| l.cause) {
            Some(c) if !c.is_of_the_whole() => format!("{}: {word}", c.words()),
            Some(_) | None => format!("the whole range lies over the limit: {word}"),
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
