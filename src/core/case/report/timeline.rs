//! The timeline: one row for each record that a review wants to see, in the order they were written.

use super::doc::{Block, Part, Section, Sentence};
use super::facts::harmed;
use super::words::{list, text, who};
use super::{Ctx, when};
use crate::core::age::span;
use crate::core::record::Record;
use crate::core::words::is_observation;

/// More rows than this, and observations of services that were not harmed are left out, with their number.
const ROWS: usize = 200;

pub fn timeline(ctx: &Ctx<'_>) -> Section {
    let mut s = Section::new(Part::Timeline);
    let told: Vec<&Record> = ctx.p.records.iter().copied().filter(|r| said(r).is_some()).collect();
    let harmed = harmed(ctx);
    let aside = |r: &&Record| {
        let of = r.target.as_ref().and_then(|t| t["name"].as_str()).or_else(|| text(r, "service"));
        matches!(r.kind.as_str(), "phase" | "verdict" | "source" | "burn") && !of.is_some_and(|n| harmed.contains(n))
    };
    let (left, told): (Vec<&Record>, Vec<&Record>) =
        if told.len() > ROWS { told.into_iter().partition(aside) } else { (Vec::new(), told) };
    let row = |r: &&Record| {
        // What a console saw by itself nobody did.
        let by = if is_observation(&r.kind) { String::new() } else { who(r).to_string() };
        let start = Sentence::on(r).d(ctx.time(when::of(r))).cell().d(by).cell();
        said(r).map(|words| {
            let s = start.opt("", r.target_at().as_deref(), " ").words_of(&words);
            if r.at.is_some() { s.t(" (recorded later)") } else { s }
        })
    };
    let rows: Vec<Sentence> = told.iter().filter_map(row).collect();
    if rows.is_empty() {
        s.blocks.push(Block::Said(ctx.over().t("No record here has a place on a timeline.")));
    } else {
        s.blocks.push(Block::Table(&["time (UTC)", "who", "what"], rows));
    }
    if let Some(n) = Sentence::over(&left) {
        let n = n.d(left.len().to_string()).t(" observations of services that were not harmed are left out here.");
        s.blocks.push(Block::Said(n));
    }
    s
}

/// The words of one record, with it; `None` for what needs no row: figures, the inner records of an act, kinds of a later
/// version (they are counted elsewhere).
pub fn said(r: &Record) -> Option<Sentence> {
    let d = &r.data;
    let on = || Sentence::on(r);
    let t = |name: &str| text(r, name);
    let verb = t("verb").unwrap_or("act");
    let act = || match (d["step"].as_u64(), d["of"].as_u64()) {
        (Some(i), Some(n)) if n > 1 => on().d(verb).t(" (step ").d(i.to_string()).t(" of ").d(n.to_string()).t(")"),
        _ => on().d(verb),
    };
    Some(match r.kind.as_str() {
        "opened" => on().t("opened a console").opt(" on ", Some(r.host.as_str()), ""),
        "closed" => on().t("closed the console"),
        "armed" => on().t("armed").opt(" for ", d["minutes"].as_u64().map(|n| n.to_string()).as_deref(), " minutes"),
        "disarmed" => on().t("back to LOOK-ONLY").opt(": ", t("why"), ""),
        "intent" => act().t(" confirmed").opt(" to ", t("to_version"), "").opt(", by ", t("primitive"), ""),
        "accepted" => act().t(" accepted"),
        "refused" => act().t(" REFUSED").opt(": ", t("why"), ""),
        "unknown" => act().t(" OUTCOME UNKNOWN").opt(": ", t("why"), ""),
        "seen" => act().t(" seen").opt(": ", t("found"), ""),
        "settled" => {
            let took = d["took_ms"].as_i64().map(span);
            act().t(" settled").opt(" after ", took.as_deref(), "")
        }
        "stuck" => act().t(" STUCK").opt(": ", t("why"), ""),
        "undone" => act().t(" UNDONE").opt(" by ", t("by"), "").opt(": ", t("found"), ""),
        "resolved" => act().t(" resolved").opt(": ", t("how"), "").opt(", ", t("why"), "").opt(", ", t("found"), ""),
        "changed" => on().t("changed").opt(": ", t("what"), ""),
        "note" => on().t("noted: ").d(t("text").unwrap_or_default()).opt(" (about ", t("about"), ")"),
        "phase" => on().d(t("words")?),
        "verdict" => on().t("verdict ").d(t("words").or(t("word"))?),
        "burn" => on().opt("", t("service"), " ").t("burn ").d(t("words").or(t("word"))?),
        "source" => {
            let error =
                d["error"].as_str().map(str::to_owned).or((!d["error"].is_null()).then(|| d["error"].to_string()));
            on().t("source ").d(t("source").unwrap_or_default()).opt(" ", t("words"), "").opt(
                ": ",
                error.as_deref(),
                "",
            )
        }
        "runbook" => {
            let step = d["step"].as_u64().map(|n| n.to_string());
            let s = on().t("runbook ").d(t("runbook").unwrap_or_default()).opt(" step ", step.as_deref(), "");
            s.opt(" ", t("title"), "").opt(": ", t("state"), "")
        }
        "acknowledged" => on().t("acknowledged").opt(" the ", t("what"), ""),
        "incident-opened" => {
            let sev = d["severity"].as_u64().map(|n| n.to_string());
            on().t("incident opened").opt(": ", t("title"), "").opt(", severity ", sev.as_deref(), "").opt(
                " (",
                t("why"),
                ")",
            )
        }
        "incident-changed" => {
            let sev = d["severity"].as_u64().map(|n| n.to_string());
            on().t("incident").opt(" ", t("state"), "").opt(", severity ", sev.as_deref(), "").opt(": ", t("title"), "")
        }
        "incident-closed" => on().t("incident closed").opt(": ", t("reason"), ""),
        "lead" => on().t("lead ").d(t("what").unwrap_or("taken")).opt(": ", t("lead"), "").opt(", ", t("why"), ""),
        "decision" => on().t("decided: ").d(t("text").unwrap_or_default()).opt(", because ", t("reason"), ""),
        "follow-up" => task(on().t("follow-up"), r),
        "debt" => task(on().t("debt"), r).opt(", ", t("state"), ""),
        "ticked" => on().t("ticked ").d(t("item").unwrap_or_default()).opt(": ", t("how"), ""),
        "emergency" => {
            let s = on().t("EMERGENCY: gates passed").opt(" by ", t("verb"), "").opt(" of ", t("version"), "");
            s.opt(", because ", t("reason"), "")
        }
        "checklist" => {
            let word = if d["ticked"] == true { "ticked " } else { "took back " };
            on().t(word).d(t("words").unwrap_or_default()).opt(": ", t("how"), "")
        }
        "promoted" => on().t("promoted").opt(" ", t("version"), "").t(", on watch for 72 h"),
        "told" => on().t("told ").d(t("audience").unwrap_or("the stakeholders")).opt(": ", t("text"), ""),
        "who" => {
            let covers = list(&d["covers"]).len();
            let s = on().t("is ").d(t("claimed").unwrap_or("not given"));
            if covers > 0 { s.t(", also for ").d(covers.to_string()).t(" records before") } else { s }
        }
        // Figures are in the table of rates, `sent` is between its intent and its answer.
        _ => return None,
    })
}

fn task(s: Sentence, r: &Record) -> Sentence {
    let number = r.data["number"].as_u64().map(|n| n.to_string());
    let s = s.opt(" #", number.as_deref(), "").opt(": ", text(r, "text"), "").opt(", ", text(r, "owner"), "");
    let s = s.opt(", due ", text(r, "due"), "");
    if r.data["done"] == true { s.t(", done") } else { s }
}
