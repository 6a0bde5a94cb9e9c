//! Who was there: consoles, leads and their hand-overs. Absent where no record tells of anybody.

use super::doc::{Block, Part, Section, Sentence};
use super::words::{list, text, who};
use super::{Ctx, when};

pub fn people(ctx: &Ctx<'_>) -> Option<Section> {
    let mut s = Section::new(Part::People);
    for o in ctx.p.openings.values() {
        let said = Sentence::on(o).d(who(o)).opt(" on ", Some(o.host.as_str()), "").t(" opened a console at ");
        let said = said.d(ctx.time(when::of(o))).opt(" (andon ", text(o, "build"), ")");
        let closed = ctx.p.records.iter().find(|r| r.kind == "closed" && r.session == o.session);
        let said = match closed {
            Some(c) => said.t(" and closed it at ").d(ctx.time(when::of(c))).and(c),
            None => said,
        };
        s.blocks.push(Block::Item(said.t(".")));
    }
    for r in &ctx.p.records {
        let on = || Sentence::on(r).d(ctx.time(when::of(r))).t(" ");
        let said = match r.kind.as_str() {
            "who" => {
                let covers = list(&r.data["covers"]).len();
                let s = on().d(r.user.clone()).t(" is ").d(text(r, "claimed").unwrap_or("not given"));
                match covers {
                    0 => s.t(", by their own word"),
                    n => s.t(", by their own word, also for ").d(n.to_string()).t(" records before"),
                }
            }
            "identity" => {
                let s = on().t("the source ").d(text(r, "source").unwrap_or_default()).t(" knew the console as ");
                s.d(text(r, "user").unwrap_or_default())
            }
            "lead" => {
                let s = match text(r, "what").unwrap_or_default() {
                    "given" => on().t("the lead was given").opt(" by ", text(r, "from"), ""),
                    "lapsed" => on().t("the lead lapsed").opt(", it was with ", text(r, "from"), ""),
                    "left" => on().t("the lead ended with its console").opt(", it was with ", text(r, "from"), ""),
                    _ => on().t("the lead was taken"),
                };
                let by = text(r, "lead").or_else(|| (text(r, "what") == Some("taken")).then(|| who(r)));
                match text(r, "what") {
                    Some("given") => s.opt(" to ", by, ""),
                    Some("lapsed" | "left") => s,
                    _ => s.opt(" by ", by, ""),
                }
                .opt(": ", text(r, "why"), "")
            }
            _ => continue,
        };
        s.blocks.push(Block::Item(said.t(".")));
    }
    let opened = ctx.p.records.iter().find(|r| r.kind == "incident-opened");
    let lead_at_opening = opened.and_then(|o| Some((o, text(o, "lead")?)));
    if let Some((o, lead)) = lead_at_opening {
        s.blocks.push(Block::Item(Sentence::on(o).t("The lead when the incident was opened: ").d(lead).t(".")));
    } else if ctx.incident.is_some() && !ctx.p.records.iter().any(|r| r.kind == "lead") {
        s.blocks.push(Block::Item(ctx.over().t("Nobody took the lead in these records.")));
        s.blocks.push(Block::Blank("Who led:"));
    }
    (!s.blocks.is_empty()).then_some(s)
}
