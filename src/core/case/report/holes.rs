//! What the record does not show: so that nobody reads silence as calm.

use super::doc::{Block, Part, Section, Sentence};
use super::words::{many, who};
use super::{Ctx, timeline, when};
use crate::core::entry::Kind;
use crate::core::judge::words::count;
use crate::core::record::{Record, UNREADABLE};
use std::collections::BTreeMap;

/// Records named one by one; of more only the first and the last.
const NAMED: usize = 6;

fn on_all(records: &[&Record]) -> Option<Sentence> {
    let (first, rest) = records.split_first()?;
    if records.len() > NAMED {
        return Sentence::over(records);
    }
    Some(rest.iter().fold(Sentence::on(first), |s, r| s.and(r)))
}

fn with<'a>(ctx: &Ctx<'a>, which: impl Fn(&Record) -> bool) -> Vec<&'a Record> {
    ctx.p.records.iter().copied().filter(|r| which(r)).collect()
}

pub fn holes(ctx: &Ctx<'_>) -> Section {
    let mut s = Section::new(Part::Holes);
    let mut say = |s2: Option<Sentence>| s.blocks.extend(s2.map(Block::Item));
    let openings: Vec<&Record> = ctx.p.openings.values().copied().collect();

    let hosts: std::collections::BTreeSet<&str> =
        ctx.p.records.iter().map(|r| r.host.as_str()).filter(|h| !h.is_empty()).collect();
    if !hosts.is_empty() {
        let names = hosts.into_iter().collect::<Vec<_>>().join(", ");
        say(Some(
            ctx.over()
                .t("These records were written on ")
                .d(names)
                .t(". Consoles on other hosts keep logs of their own, which were not read."),
        ));
    }
    let mine: Vec<&Record> = openings.iter().copied().filter(|o| o.data["mine_only"] == true).collect();
    say(on_all(&mine).map(|s| {
        s.t("The log was one person's own (log: mine only): what other people did on the same host is not in it.")
    }));

    let missed = with(ctx, |r| r.rest.get("missed").and_then(serde_json::Value::as_u64).is_some_and(|n| n > 0));
    let lost: u64 = missed.iter().filter_map(|r| r.rest.get("missed")?.as_u64()).sum();
    say(on_all(&missed)
        .map(|s| s.d(count(lost as f64)).t(" observations were dropped because the disk did not follow.")));

    let late = with(ctx, |r| r.at.is_some());
    say(on_all(&late).map(|s| {
        s.d(many(late.len(), "record was", "records were"))
            .t(" appended later than they were true; their own times are shown.")
    }));

    let broken = with(ctx, |r| r.kind == UNREADABLE);
    say(on_all(&broken).map(|s| s.d(many(broken.len(), "line", "lines")).t(" could not be read.")));

    let cut = with(ctx, |r| r.data["cut"].is_number());
    say(on_all(&cut).map(|s| {
        s.d(many(cut.len(), "record was", "records were"))
            .t(" too long: what is kept is a part of what was to be written.")
    }));

    let mut unknown: BTreeMap<&str, Vec<&Record>> = BTreeMap::new();
    for &r in &ctx.p.records {
        if r.kind != UNREADABLE && Kind::from_word(&r.kind).is_none() {
            unknown.entry(&r.kind).or_default().push(r);
        }
    }
    for (kind, all) in unknown {
        let said = on_all(&all).map(|s| s.d(many(all.len(), "record", "records")).t(" of the kind "));
        say(said.map(|s| s.d(kind).t(", which this version does not know: left out.")));
    }

    for o in &openings {
        for torn in o.data["torn"].as_array().into_iter().flatten() {
            let bytes = torn["bytes"].as_u64().unwrap_or(0).to_string();
            let s = Sentence::on(o)
                .t("The file ")
                .d(torn["file"].as_str().unwrap_or_default())
                .t(" of an ended session ends in ");
            say(Some(s.d(bytes).t(" bytes of an unfinished line.")));
        }
        let closed = ctx.p.records.iter().any(|r| r.kind == "closed" && r.session == o.session);
        let file = ctx.read.files.iter().find(|f| f.session == o.session);
        if !closed {
            let last = ctx.p.records.iter().copied().rfind(|r| r.session == o.session);
            let s = last.map(|l| Sentence::on(o).and(l)).unwrap_or_else(|| Sentence::on(o));
            let s =
                s.t("The end of the session of ").d(who(o)).t(" is not among these records; the last one read is of ");
            let at = last.map_or_else(|| ctx.time(when::of(o)), |l| ctx.time(when::of(l)));
            say(Some(s.d(at).t(if file.is_some_and(|f| f.runs) { ": it still runs." } else { "." })));
        }
    }

    let blind = with(ctx, |r| {
        r.kind == "verdict" && matches!(r.data["word"].as_str(), Some("NO DATA" | "NOT JUDGED" | "NO BASELINE"))
    });
    say(on_all(&blind)
        .map(|s| s.d(many(blind.len(), "time", "times")).t(" a verdict could not be given for want of data.")));
    if !ctx.p.records.iter().any(|r| r.kind == "figures") {
        say(Some(ctx.over().t(
            "No figures were recorded between changes of the verdict: rates are averages over long times, or unknown.",
        )));
    }
    for series in &ctx.series {
        let steps = series.rows(usize::MAX);
        let gaps: Vec<_> = steps.iter().filter(|s| s.gap.is_some()).collect();
        if let (Some(first), Some(last)) = (gaps.first(), gaps.last()) {
            let s =
                Sentence::on(first.on[0]).and(last.on[1]).t("The figures of ").d(series.service.clone()).t(" have ");
            let s = s
                .d(many(gaps.len(), "gap", "gaps"))
                .t(" between ")
                .d(ctx.time(first.from))
                .t(" and ")
                .d(ctx.time(last.to));
            say(Some(s.t("; nothing is drawn across them.")));
        }
    }
    let quiet = with(ctx, |r| {
        timeline::said(r).is_none() && matches!(r.kind.as_str(), "figures" | "sent" | "anchored" | "identity")
    });
    say(Sentence::over(&quiet).map(|s| {
        s.d(many(quiet.len(), "record", "records"))
            .t(" (figures, requests as sent, identities) without a row on the timeline.")
    }));

    s.blocks.push(Block::Plain(
        "Correctness is not measured: a request that was answered with the wrong thing counts as a success here. Nor is \
         what was said in chat, on the telephone or in tickets, and what was done with other tools where the console did \
         not see it.",
    ));
    s.blocks.push(Block::Blank("What is known from elsewhere and is not in the log:"));
    s
}
