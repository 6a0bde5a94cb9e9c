//! The shift change: what the next one has to know, on one screen. What comes of sources that this version does not
//! have yet (watches, silences) has no section.

use super::acts::{held, stories};
use super::doc::{Block, Part, Section, Sentence};
use super::pick::{Picked, Scope};
use super::words::{many, text, who};
use super::{Ctx, Nothing, Read, Report, done, facts, sessions, when};
use crate::core::age::span;
use crate::core::case::followup::Tasks;
use crate::core::case::people::Present;
use crate::core::record::Record;
use crate::core::time::Utc;

/// Lines of one kind; more are counted.
const LINES: usize = 5;

/// `all` in reading order: everything since `since`, and what is known of incidents, debts, follow-ups and acts from
/// before. `present`: what the consoles that run say of themselves.
///
/// # Errors
/// There are no records at all.
pub fn handover(all: &[Record], read: &Read, present: &[Present], since: Utc, now: Utc) -> Result<Report, Nothing> {
    let records: Vec<&Record> = all.iter().filter(|r| when::of(r) <= now).collect();
    let (Some(first), Some(last)) = (records.first(), records.last()) else { return Err(Nothing::Empty) };
    let openings = records.iter().filter(|r| r.kind == "opened").map(|r| (r.session.as_str(), *r)).collect();
    let (from, to) = (when::of(first), when::of(last));
    let picked =
        Picked { scope: Scope::Span, incident: None, records, openings, from: from.min(since), to: to.max(now) };
    let ctx = Ctx::new(all, picked, read);
    let today = when::date(now);
    let sections = vec![
        shift(&ctx, since),
        incidents(&ctx, now),
        open_acts(&ctx, since),
        held_targets(&ctx),
        tasks(&ctx, Part::Debts, &ctx.book.debts, &today),
        tasks(&ctx, Part::FollowUps, &ctx.book.follow_ups, &today),
        who_is_in(&ctx, present),
    ];
    let title = ctx.over().t("since ").d(since.rfc3339()[..16].replace('T', " ")).t("Z");
    Ok(Report {
        schema: "andon.report/1",
        kind: "Hand-over",
        environment: read.environment.clone(),
        title,
        drill: ctx.is_drill().is_some(),
        made: now,
        sections,
        files: Vec::new(),
        sessions: sessions(&ctx.p.records),
        pictures: Vec::new(),
    })
}

fn shift(ctx: &Ctx<'_>, since: Utc) -> Section {
    let mut s = Section::new(Part::Summary);
    let within: Vec<&Record> = ctx.p.records.iter().copied().filter(|r| when::of(r) >= since).collect();
    let count = |kind: &str| within.iter().filter(|r| r.kind == kind).count();
    let said = match Sentence::over(&within) {
        None => ctx.over().t("Nothing was recorded in this time."),
        Some(on) => {
            let acts = stories(&within);
            let settled = acts.iter().filter(|a| a.end == super::acts::End::Settled).count();
            let on =
                on.d(many(acts.len(), "act", "acts")).t(" confirmed, ").d(settled.to_string()).t(" of them settled; ");
            let on = on.d(many(count("incident-opened"), "incident", "incidents")).t(" opened, ");
            on.d(count("incident-closed").to_string()).t(" closed.")
        }
    };
    s.blocks.push(Block::Item(said));
    s
}

fn incidents(ctx: &Ctx<'_>, now: Utc) -> Section {
    let mut s = Section::new(Part::Incidents);
    for i in ctx.book.open().into_iter().take(LINES) {
        let Some(opened) = i.opened.as_ref().and_then(|o| ctx.record(&o.rests)) else { continue };
        let said =
            Sentence::on(opened).d(i.id.clone()).t(" ").d(i.title()).t(", severity ").d(i.severity().to_string());
        let said = said.t(", ").d(i.state().word()).t(", open ").d(span(now.since(when::of(opened))));
        let led = i.led.as_ref().and_then(|l| Some((l, ctx.record(&l.rests)?)));
        let said = match (i.lead(), led) {
            (Some(lead), Some((l, r))) => said.t(", lead ").d(lead).t(" for ").d(span(now.since(l.at))).and(r),
            (_, led) => {
                let said = said.t(", NOBODY leads");
                led.map_or_else(|| said.clone(), |(_, r)| said.clone().and(r))
            }
        };
        let told = i.last_told().and_then(|t| Some((t.at, ctx.record(&t.rests)?)));
        let said = match told {
            Some((at, r)) => said.t(", stakeholders told ").d(span(now.since(at))).t(" ago").and(r),
            None => said.t(", stakeholders not told"),
        };
        s.blocks.push(Block::Item(said.t(".")));
    }
    if s.blocks.is_empty() {
        s.blocks.push(Block::Item(ctx.over().t("none is open.")));
    }
    s
}

fn open_acts(ctx: &Ctx<'_>, since: Utc) -> Section {
    let mut s = Section::new(Part::OpenActs);
    let open: Vec<_> = ctx.stories.iter().filter(|a| a.end.is_open() && when::of(a.last) >= since).collect();
    for a in open.iter().rev().take(LINES) {
        let said = Sentence::on(a.begun).and(a.last).d(a.verb()).t(" ").d(a.target()).t(" by ").d(who(a.begun));
        let said = said.t(" at ").d(ctx.time(when::of(a.begun))).t(": ").t(a.end.word());
        s.blocks.push(Block::Item(said.opt(", ", text(a.last, "why"), "").t(".")));
    }
    more(&mut s, open.len(), ctx);
    if s.blocks.is_empty() {
        s.blocks.push(Block::Item(ctx.over().t("none: every act in this time has an end.")));
    }
    s
}

fn held_targets(ctx: &Ctx<'_>) -> Section {
    let mut s = Section::new(Part::Held);
    let all = held(&ctx.stories);
    for (target, r) in all.iter().take(LINES) {
        let said = Sentence::on(r).d(target.clone()).t(" is held since ").d(ctx.time(when::of(r)));
        s.blocks.push(Block::Item(said.t(", by ").d(who(r)).t(".")));
    }
    more(&mut s, all.len(), ctx);
    if s.blocks.is_empty() {
        s.blocks.push(Block::Item(ctx.over().t("nothing is held from here.")));
    }
    s
}

fn tasks(ctx: &Ctx<'_>, part: Part, all: &Tasks, today: &str) -> Section {
    let mut s = Section::new(part);
    let mut open = all.open();
    // Those with a date first, the earliest on top.
    open.sort_by_key(|t| t.words().and_then(|w| w.due.clone()).unwrap_or_else(|| "~".into()));
    for t in open.iter().take(LINES) {
        let due = t.words().and_then(|w| w.due.as_deref()).is_some_and(|d| d <= today);
        let said = done::task(ctx, all, t).map(|s| if due { s.t(" - DUE") } else { s });
        s.blocks.extend(said.map(|s| Block::Item(s.t("."))));
    }
    more(&mut s, open.len(), ctx);
    if s.blocks.is_empty() {
        s.blocks.push(Block::Item(ctx.over().t("none is open.")));
    }
    s
}

fn who_is_in(ctx: &Ctx<'_>, present: &[Present]) -> Section {
    let mut s = Section::new(Part::In);
    let running = ctx.read.files.iter().filter(|f| f.runs);
    let here: Vec<(&Record, Option<&Present>)> = running
        .filter_map(|f| {
            let opened = ctx.p.openings.get(f.session.as_str()).copied()?;
            Some((opened, present.iter().find(|p| &*p.session == f.session.as_str())))
        })
        .collect();
    for (opened, p) in here.iter().take(LINES) {
        let name = p.and_then(|p| p.claimed.as_deref()).unwrap_or_else(|| who(opened));
        let said = Sentence::on(opened).d(name).opt(" on ", Some(opened.host.as_str()), "");
        let said = said.t(" since ").d(ctx.time(when::of(opened)));
        let said = match p.map(|p| &p.here) {
            Some(h) => {
                let said = said.opt(", looks at ", Some(&h.screen), "").opt(" ", h.on.as_deref(), "");
                let said = if h.armed { said.t(", ARMED") } else { said };
                let verb = h.dialog.as_ref().map(|d| d.verb.clone());
                said.opt(", dialog open: ", verb.as_deref(), "")
            }
            None => said,
        };
        s.blocks.push(Block::Item(said.t(".")));
    }
    more(&mut s, here.len(), ctx);
    if s.blocks.is_empty() {
        s.blocks.push(Block::Item(ctx.over().t("no console of this log is running.")));
    }
    s
}

fn more(s: &mut Section, all: usize, ctx: &Ctx<'_>) {
    if all > LINES {
        s.blocks.push(Block::Item(ctx.over().d((all - LINES).to_string()).t(" more.")));
    }
}

/// For the reader of files: may this record matter to a hand-over, however old it is?
pub fn matters(r: &Record) -> bool {
    facts::is_case(&r.kind) || r.ticket.is_some() || matches!(r.kind.as_str(), "opened" | "resolved")
}
