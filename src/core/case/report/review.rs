//! The five questions a review of a change asks. Below each stands what the records know; what only people know is a
//! line to fill.

use super::acts::{End, Story};
use super::doc::{Block, Part, Section, Sentence};
use super::facts::{end_words, gone, the_way_back};
use super::words::{list, text};
use super::{Ctx, done, when};
use crate::core::record::Record;

/// The five, in the order of the guide.
pub const QUESTIONS: [&str; 5] = [
    "Was this change the cause, and what in it?",
    "What could have shown it earlier, or to fewer users?",
    "Did the way back work, and how long did it take?",
    "Was there enough to see and to act by: telemetry, runbook, access?",
    "What changes now, and who sees to it?",
];

pub fn review(ctx: &Ctx<'_>) -> Section {
    let mut s = Section::new(Part::Review);
    let parts = [cause(ctx), earlier(ctx), way_back(ctx), means(ctx), changes(ctx)];
    let blanks = [
        "The cause, as far as it is known, and how it is known:",
        "The test, the stage or the smaller step that can show it next time:",
        "What made the way back fast or slow:",
        "What was missing on the night, and what helped:",
        "What else has to change, its owner and its date:",
    ];
    for ((question, evidence), blank) in QUESTIONS.into_iter().zip(parts).zip(blanks) {
        s.blocks.push(Block::Question(question));
        s.blocks.extend(evidence.into_iter().map(Block::Item));
        s.blocks.push(Block::Blank(blank));
    }
    s
}

fn cause(ctx: &Ctx<'_>) -> Vec<Sentence> {
    let mut out = Vec::new();
    let back = ctx.stories.iter().find(|s| s.is_backward());
    if let Some(r) = back.map(|s| s.begun)
        && let (Some(from), Some(to)) = (text(r, "from_version"), text(r, "to_version"))
    {
        out.push(Sentence::on(r).t("The change that was taken back: ").d(to).t(" to ").d(from).t("."));
    }
    let began = ctx
        .p
        .records
        .iter()
        .find(|r| r.kind == "phase" && text(r, "words").is_some_and(|w| w.starts_with("new candidate")));
    if let Some(r) = began {
        let s = Sentence::on(r).t("It began to roll out at ").d(ctx.time(when::of(r)));
        out.push(s.opt(" on ", r.target_at().as_deref(), "").opt(": ", text(r, "words"), "").t("."));
    }
    out.extend(done::first_verdict(ctx));
    if out.is_empty() {
        out.push(ctx.over().t("No record compares the change with what ran before it."));
    }
    out
}

fn earlier(ctx: &Ctx<'_>) -> Vec<Sentence> {
    let mut out = Vec::new();
    if let (Some(bad), Some(found)) = (&ctx.moments.first_bad, &ctx.moments.detection) {
        let s = Sentence::resting_with(&bad.what, &found.what).t("From the first bad signal to its detection: ");
        out.push(s.d(gone(bad.at, found.at)).t("."));
    }
    out.extend(rose(ctx));
    out.extend(done::weight_when_found(ctx));
    // Verdicts that could not say yet.
    let unsure = |r: &&&Record| {
        let before = ctx.moments.detection.as_ref().is_some_and(|d| when::of(r) <= d.at);
        r.kind == "verdict" && before && matches!(r.data["word"].as_str(), Some("UNSURE" | "NO DATA" | "NO TRAFFIC"))
    };
    let harmed = super::facts::harmed(ctx);
    let of = |r: &&&Record| r.target.as_ref().and_then(|t| t["name"].as_str()).is_some_and(|n| harmed.contains(n));
    if let Some(r) = ctx.p.records.iter().filter(of).find(unsure) {
        let s = Sentence::on(r).t("Before that, at ").d(ctx.time(when::of(r))).t(", the verdict was ");
        out.push(s.d(text(r, "words").unwrap_or_default()).t("."));
    }
    if out.is_empty() {
        out.push(ctx.over().t("No bad signal is in these records, so no time to its detection."));
    }
    out
}

/// When the figures first show what was to come: the first time between two records with half of the highest rate.
fn rose(ctx: &Ctx<'_>) -> Option<Sentence> {
    let found = ctx.moments.detection.as_ref()?;
    let harmed = super::facts::harmed(ctx);
    let series = ctx.series.iter().find(|s| harmed.contains(&s.service) && !s.sparse)?;
    let steps = series.steps();
    let rate = |s: &super::rates::Step<'_>| s.candidate.map(|c| c.0 / c.1);
    let most = steps
        .iter()
        .filter(|s| rate(s).is_some())
        .max_by(|a, b| rate(a).unwrap_or(0.0).total_cmp(&rate(b).unwrap_or(0.0)))?;
    let top = rate(most).filter(|r| *r > 0.0)?;
    let first = steps.iter().find(|s| rate(s).is_some_and(|r| r >= top / 2.0))?;
    let s = Sentence::on(first.on[0]).and(first.on[1]).and(most.on[0]).and(most.on[1]).resting_on(&found.what);
    let s = s.t("The figures first show half of the highest rate (").d(super::words::rate(most.candidate));
    let s = s.t(") in the time from ").d(ctx.time(first.from)).t(" to ").d(ctx.time(first.to));
    Some(s.t("; it was found at ").d(ctx.time(found.at)).t("."))
}

fn way_back(ctx: &Ctx<'_>) -> Vec<Sentence> {
    let mut out = vec![the_way_back(ctx)];
    if let (Some(bad), Some(done)) = (&ctx.moments.first_bad, &ctx.moments.settled) {
        let s = Sentence::resting_with(&bad.what, &done.what).t("From the first bad signal until it had settled: ");
        out.push(s.d(gone(bad.at, done.at)).t("; the target is 5m."));
    }
    let trouble = |s: &&Story<'_>| {
        s.is_backward() && matches!(s.end, End::Refused | End::Unknown | End::Stuck | End::Undone | End::NotDone)
    };
    for s in ctx.stories.iter().filter(trouble) {
        let said = Sentence::on(s.begun).and(s.last).d(s.verb()).t(" of ").d(s.target()).t(" was confirmed");
        let said = said.t(end_words(s.end)).opt(": ", text(s.last, "why").or_else(|| text(s.last, "by")), "");
        out.push(said.t("."));
    }
    out
}

fn means(ctx: &Ctx<'_>) -> Vec<Sentence> {
    let mut out = Vec::new();
    let blind: Vec<&Record> =
        ctx.p.records.iter().copied().filter(|r| r.kind == "verdict" && r.data["word"] == "NO DATA").collect();
    for r in blind.iter().take(4) {
        let s = Sentence::on(r).t("From ").d(ctx.time(when::of(r))).t(" the verdict on ");
        out.push(s.d(r.target_at().unwrap_or_default()).t(" had no data to judge by."));
    }
    for r in ctx.p.records.iter().filter(|r| r.kind == "source" && !r.data["error"].is_null()).take(4) {
        let s = Sentence::on(r)
            .t("At ")
            .d(ctx.time(when::of(r)))
            .t(" the source ")
            .d(text(r, "source").unwrap_or_default());
        let error = r.data["error"].as_str().map_or_else(|| r.data["error"].to_string(), str::to_owned);
        out.push(s.t(" did not answer: ").d(error).t("."));
    }
    let steps: Vec<&Record> = ctx.p.records.iter().copied().filter(|r| r.kind == "runbook").collect();
    if let Some(s) = Sentence::over(&steps) {
        let state = |w: &str| steps.iter().filter(|r| text(r, "state").is_some_and(|s| s.starts_with(w))).count();
        let (ok, failed, skipped) = (state("done") + state("pass"), state("FAILED"), state("skipped"));
        let names: std::collections::BTreeSet<&str> = steps.iter().filter_map(|r| text(r, "runbook")).collect();
        let s = s.t("Runbook ").d(names.into_iter().collect::<Vec<_>>().join(", ")).t(": ");
        let s = s.d(ok.to_string()).t(" steps done, ").d(failed.to_string()).t(" failed, ").d(skipped.to_string());
        out.push(s.t(" skipped."));
    } else {
        out.push(ctx.over().t("No runbook step was ticked, run or skipped."));
    }
    for s in &ctx.stories {
        let because = s.records.iter().find(|r| r.data["name_typed"] == true);
        if let Some(r) = because {
            let why = list(&r.data["named_because"]).join("; ");
            let said = Sentence::on(r).t("The name had to be typed for ").d(s.verb()).t(" ").d(s.target());
            out.push(said.t(", because ").d(why).t("."));
        }
    }
    out
}

fn changes(ctx: &Ctx<'_>) -> Vec<Sentence> {
    let mut out = Vec::new();
    let mine = |r: &&&Record| r.kind == "follow-up" || r.kind == "debt";
    let all: Vec<&Record> = ctx.p.records.iter().filter(mine).copied().collect();
    for (tasks, what) in [(&ctx.book.follow_ups, "Follow-up "), (&ctx.book.debts, "Debt ")] {
        for t in tasks.all() {
            let here = all.iter().any(|r| r.seq == t.rests.seq && r.session == t.rests.session);
            if let Some(s) = here.then(|| done::task(ctx, tasks, t)).flatten() {
                let rests = s.clone();
                out.push(Sentence::resting_with(&rests, &rests).t(what).words_of(&s).t("."));
            }
        }
    }
    if out.is_empty() {
        out.push(ctx.over().t("No follow-up and no debt was recorded."));
    }
    out
}
