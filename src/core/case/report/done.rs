//! What was decided, done, ticked, promised and told.

use super::Ctx;
use super::acts::Story;
use super::doc::{Block, Part, Section, Sentence};
use super::facts::{end_words, the_way_back};
use super::words::{burn, list, requests, share, short, text, who};
use super::{rates, when};
use crate::core::age::span;
use crate::core::case::checklist;
use crate::core::case::followup::{Task, Tasks};
use crate::core::record::Record;

pub fn decisions(ctx: &Ctx<'_>) -> Section {
    let mut s = Section::new(Part::Decisions);
    for r in ctx.p.records.iter().filter(|r| r.kind == "decision") {
        let said = Sentence::on(r).d(ctx.time(when::of(r))).t(" ").d(who(r)).t(" recorded a decision: ");
        let said = said.d(text(r, "text").unwrap_or_default()).opt("; the reason: ", text(r, "reason"), "");
        s.blocks.push(Block::Item(said.t(".")));
        if text(r, "reason").is_none() {
            s.blocks.push(Block::Blank("Its reason:"));
        }
    }
    // What was confirmed in a dialog is a decision as well; its reason is the plan's.
    for story in &ctx.stories {
        let r = story.begun;
        let said = Sentence::on(r).d(ctx.time(when::of(r))).t(" ").d(who(r)).t(" confirmed: ").d(story.verb());
        let said = said.t(" ").d(story.target());
        let said = seen_verdict(r).into_iter().fold(said, |s, w| s.t("; the verdict then was ").d(w));
        s.blocks.push(Block::Item(said.t(".")));
    }
    if s.blocks.is_empty() {
        s.blocks.push(Block::Item(ctx.over().t("No decision was recorded and no act was confirmed.")));
        s.blocks.push(Block::Blank("What was decided, by whom, and why:"));
    }
    s
}

/// `WORSE (candidate 886 of 4,104 (21.6%), stable ..)` as the actor saw it.
fn seen_verdict(intent: &Record) -> Option<String> {
    let v = &intent.data["seen"]["verdict"];
    let word = v["word"].as_str()?;
    let count = |t: &str| Some((v[t][0].as_f64()?, v[t][1].as_f64()?));
    Some(match (count("candidate"), count("stable")) {
        (Some(c), Some(s)) => format!("{word}, candidate {}, stable {}", share(c), share(s)),
        _ => word.to_owned(),
    })
}

pub fn acts(ctx: &Ctx<'_>) -> Section {
    let mut s = Section::new(Part::Acts);
    if !ctx.stories.iter().any(Story::rolls_back) {
        s.blocks.push(Block::Said(the_way_back(ctx)));
    }
    if ctx.stories.is_empty() {
        s.blocks.push(Block::Said(ctx.over().t("No act was confirmed on any console.")));
    }
    for story in &ctx.stories {
        act(ctx, story, &mut s.blocks);
    }
    s
}

fn act(ctx: &Ctx<'_>, story: &Story<'_>, out: &mut Vec<Block>) {
    let r = story.begun;
    let d = &r.data;
    let head = Sentence::on(r).and(story.last).d(story.verb()).t(" ").d(story.target());
    out.push(Block::Head(head.t(": ").t(story.end.word())));
    let version = |v: &str, hash: &str| text(r, v).or_else(|| text(r, hash)).map(str::to_owned);
    let (from, to) = (version("from_version", "from"), version("to_version", "to"));
    let said = Sentence::on(r).d(who(r)).t(" confirmed it at ").d(ctx.time(when::of(r)));
    let said = said.opt(", from ", from.as_deref(), "").opt(" to ", to.as_deref(), "");
    let said = said.opt(", by ", text(r, "primitive"), "").opt(", because ", text(r, "why"), "");
    out.push(Block::Item(said.t(".")));
    if let Some(sentence) = text(r, "sentence") {
        out.push(Block::Item(Sentence::on(r).t("The dialog said: ").d(sentence)));
    }
    out.extend(seen(r).map(Block::Item));
    let not_undone = list(&d["not_undone"]);
    if !not_undone.is_empty() {
        out.push(Block::Item(
            Sentence::on(r).t("Not undone by it: ").d(not_undone.join("; ").trim_end_matches('.')).t("."),
        ));
    }
    if d["look_only"] == true {
        out.push(Block::Item(Sentence::on(r).t("It was opened from LOOK-ONLY; nothing was armed for it.")));
    }
    for k in &story.records {
        if let Some(s) = event(ctx, story, k) {
            out.push(Block::Item(s));
        }
    }
    let took = (story.end == super::acts::End::Settled).then(|| when::of(story.last).since(when::of(r)));
    let said = Sentence::on(story.last).and(r);
    let said = match took {
        Some(ms) => said.t("In sum: it settled ").d(span(ms)).t(" after it was confirmed."),
        None => said.t("In sum: it was confirmed").t(end_words(story.end)).t("."),
    };
    out.push(Block::Item(said));
}

/// The figures the actor saw.
fn seen(r: &Record) -> Option<Sentence> {
    let v = &r.data["seen"];
    let mut s = Sentence::on(r).t("Seen at that moment: ");
    let mut any = false;
    if let Some(w) = seen_verdict(r) {
        (s, any) = (s.t("verdict ").d(w), true);
    }
    if let Some(w) = v["burn"]["word"].as_str() {
        let b = &v["burn"];
        s = s.t(if any { "; burn " } else { "burn " }).d(w).t(", ");
        s = s.d(burn(b["1h"].as_f64())).t(" (1h) ").d(burn(b["5m"].as_f64())).t(" (5m)");
        any = true;
    }
    if let Some(w) = v["weight"].as_f64() {
        (s, any) = (s.t(if any { "; " } else { "" }).d(format!("{w}")).t("% of traffic"), true);
    }
    if let Some(ms) = v["figures_age_ms"].as_i64() {
        s = s.t("; the figures were ").d(span(ms)).t(" old");
    }
    any.then(|| s.t("."))
}

/// One record of an act.
fn event(ctx: &Ctx<'_>, story: &Story<'_>, r: &Record) -> Option<Sentence> {
    let d = &r.data;
    let steps = d["of"].as_u64().filter(|n| *n > 1);
    let on = |words: &'static str| {
        let s = Sentence::on(r).d(ctx.time(when::of(r))).t(" ");
        match (steps, d["step"].as_u64()) {
            (Some(n), Some(i)) => s.t("step ").d(i.to_string()).t(" of ").d(n.to_string()).t(" ").t(words),
            _ => s.t(words),
        }
    };
    let named = |s: Sentence| match d["name_typed"] == true {
        true => s.t("; the name was typed because ").d(list(&d["named_because"]).join("; ")),
        false => s,
    };
    let took = |s: Sentence| match d["took_ms"].as_i64() {
        Some(ms) if ms < 1000 => s.t(" after ").d(ms.to_string()).t(" ms"),
        Some(ms) => s.t(" after ").d(span(ms)),
        None => s,
    };
    Some(match r.kind.as_str() {
        "intent" => {
            let q = &d["request"];
            let s = on("the intent was written down before the request left: ");
            let s = s.d(q["title"].as_str().unwrap_or("the request"));
            let s = s.opt(", ", q["method"].as_str(), " ").d(q["path"].as_str().unwrap_or_default());
            let s = s.opt(", body sha256 ", q["body_sha256"].as_str().map(short).as_deref(), "");
            named(s.opt("; settled when ", q["settled_when"].as_str(), "")).t(".")
        }
        "sent" => named(on("sent")).t("."),
        "accepted" => took(on("accepted by the source")).t("."),
        "refused" => {
            let status = d["status"].as_u64().map(|n| n.to_string());
            let s = on("REFUSED").opt(" (", status.as_deref(), ")").opt(" by ", text(r, "by"), "");
            s.opt(": ", text(r, "why"), "").t(".")
        }
        "unknown" => on("OUTCOME UNKNOWN").opt(": ", text(r, "why"), "").t("; it was read back, not sent again."),
        "seen" => on("its effect was seen").opt(": ", text(r, "found"), "").t("."),
        "settled" => {
            let s = took(on("settled"));
            match d["bad_to_settled_ms"].as_i64() {
                Some(ms) => s.t("; the console's stopwatch said ").d(span(ms)).t(" since the first bad signal."),
                None => s.t("."),
            }
        }
        "stuck" => on("STUCK").opt(": ", text(r, "why"), "").t("."),
        "undone" => on("UNDONE").opt(" by ", text(r, "by"), "").opt(": ", text(r, "found"), "").t("."),
        "resolved" => {
            let s = on("resolved").opt(": ", text(r, "how"), "").opt(", ", text(r, "why"), "");
            let s = s.opt(", ", text(r, "found"), "");
            if r.session == story.begun.session { s.t(".") } else { s.t(", by ").d(who(r)).t(" in another session.") }
        }
        _ => return None,
    })
}

/// As ticked, each with the record that made it. Absent where there is no incident.
pub fn checklist(ctx: &Ctx<'_>) -> Option<Section> {
    let i = ctx.incident.as_ref()?;
    let mut s = Section::new(Part::Checklist);
    for line in checklist::checklist(&ctx.book, i) {
        let rests = line.tick.as_ref().and_then(|t| ctx.record(&t.rests)).or_else(|| {
            // The record it rests on was not read: the incident's own names it.
            line.tick.as_ref()?;
            ctx.record(&i.opened.as_ref()?.rests)
        });
        let said = match (line.tick, rests) {
            (Some(t), Some(r)) => {
                let by = if t.by_hand { " (by hand)" } else { "" };
                Sentence::on(r).t("[x] ").t(line.item.text()).t(": ").d(t.how).t(by)
            }
            _ => ctx.over().t("[ ] ").t(line.item.text()).t(": no record shows it"),
        };
        s.blocks.push(Block::Item(said.t(".")));
    }
    if let Some(c) = &i.closed
        && let Some(r) = ctx.record(&c.rests)
        && !c.value.holes.is_empty()
    {
        let said = Sentence::on(r).t("It was closed with these open: ").d(c.value.holes.join(", "));
        s.blocks.push(Block::Item(said.opt("; the reason given: ", c.value.reason.as_deref(), "").t(".")));
    }
    Some(s)
}

/// `#14 tests for the hotfix, ito, due 2026-11-23, open`
pub fn task(ctx: &Ctx<'_>, all: &Tasks, task: &Task) -> Option<Sentence> {
    let (made, words) = (ctx.record(&task.rests)?, task.words()?);
    let s = Sentence::on(made).t("#").d(all.label(task)).t(" ").d(words.text.clone());
    let s = s.opt(", ", words.service.as_deref(), "").opt(", owner ", words.owner.as_deref(), "");
    let s = if words.owner.is_none() { s.t(", NO OWNER") } else { s };
    let s = s.opt(", due ", words.due.as_deref(), "");
    let s = if words.due.is_none() { s.t(", no date") } else { s };
    Some(match task.ended.as_ref().and_then(|e| ctx.record(&e.rests)) {
        Some(end) => s.t(", done on ").d(when::date(when::of(end))).and(end),
        None => s.t(", open"),
    })
}

/// Those of this report: of its incident, else those made in its records.
fn of_this<'t>(ctx: &Ctx<'_>, all: &'t Tasks) -> Vec<&'t Task> {
    let mine = |t: &&Task| {
        let its = t.words().and_then(|w| w.incident.as_deref());
        let within = ctx.p.records.iter().any(|r| r.seq == t.rests.seq && r.session == t.rests.session);
        within || (its.is_some() && its == ctx.p.incident.as_deref())
    };
    all.all().into_iter().filter(mine).collect()
}

pub fn follow_ups(ctx: &Ctx<'_>) -> Section {
    let mut s = Section::new(Part::FollowUps);
    let all = &ctx.book.follow_ups;
    s.blocks.extend(of_this(ctx, all).into_iter().filter_map(|t| task(ctx, all, t)).map(|t| Block::Item(t.t("."))));
    if s.blocks.is_empty() {
        s.blocks.push(Block::Item(ctx.over().t("No follow-up was recorded.")));
    }
    s.blocks.push(Block::Blank("Another one, its owner and its date:"));
    s
}

/// Absent where there is none.
pub fn debts(ctx: &Ctx<'_>) -> Option<Section> {
    let mut s = Section::new(Part::Debts);
    let all = &ctx.book.debts;
    s.blocks.extend(of_this(ctx, all).into_iter().filter_map(|t| task(ctx, all, t)).map(|t| Block::Item(t.t("."))));
    (!s.blocks.is_empty()).then_some(s)
}

pub fn told(ctx: &Ctx<'_>) -> Section {
    let mut s = Section::new(Part::Told);
    for r in ctx.p.records.iter().filter(|r| r.kind == "told") {
        let said = Sentence::on(r).d(ctx.time(when::of(r))).t(" ").d(who(r)).t(" told ");
        let said = said.d(text(r, "audience").unwrap_or("the stakeholders")).opt(": ", text(r, "text"), "");
        s.blocks.push(Block::Item(said));
    }
    if s.blocks.is_empty() {
        s.blocks.push(Block::Item(ctx.over().t("No message to stakeholders is recorded.")));
        s.blocks.push(Block::Blank("Who was told, when, and by which way:"));
    }
    s
}

/// The rate of the step that holds `at`, for the review: what users met when it was found.
pub fn weight_when_found(ctx: &Ctx<'_>) -> Option<Sentence> {
    let found = ctx.moments.detection.as_ref()?;
    let weighed = |r: &&&Record| {
        (r.kind == "figures" || r.kind == "phase") && r.data["weight"].is_number() && when::of(r) <= found.at
    };
    let harmed = super::facts::harmed(ctx);
    let of = |r: &&&Record| r.target.as_ref().and_then(|t| t["name"].as_str()).is_some_and(|n| harmed.contains(n));
    let r = ctx.p.records.iter().filter(of).rfind(weighed)?;
    let weight = r.data["weight"].as_f64()?;
    let s = Sentence::on(r).t("The candidate had ").d(format!("{weight}")).t("% of traffic when it was found, at ");
    Some(s.d(ctx.time(found.at)).t(".").resting_on(&found.what))
}

/// What the verdict rested on when it first turned bad.
pub fn first_verdict(ctx: &Ctx<'_>) -> Option<Sentence> {
    let r = ctx.p.records.iter().find(|r| r.kind == "verdict" && r.data["word"] == "WORSE")?;
    let count = |t: &str| -> Option<rates::Count> { Some((r.data[t][0].as_f64()?, r.data[t][1].as_f64()?)) };
    let s = Sentence::on(r)
        .t("When the verdict on ")
        .d(r.target_at().unwrap_or_default())
        .t(" became WORSE, the candidate had failed ");
    Some(match (count("candidate"), count("stable")) {
        (Some(c), Some(b)) => s.d(requests(c)).t(", the stable version beside it ").d(requests(b)).t("."),
        _ => s.t("an unknown number of requests: the record holds no counts."),
    })
}
