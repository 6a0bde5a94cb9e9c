//! The sheet of a change's two checklists: it shows what is known of each line, and a person ticks the rest. A record for
//! each line that changed; every console on the log reads it.

use super::{bump, records, sheet};
use crate::core::act::sheet::{Row, Sheet, What};
use crate::core::case::ledger::ticks::Item;
use crate::core::checks::{self, State};
use crate::core::effect::Effect;
use crate::core::entry::Kind;
use crate::core::id::TargetId;
use crate::core::model::Model;
use serde_json::json;

const OPEN: &str = "open";
const DONE: &str = "done";

pub(super) fn open(model: &mut Model, target: Option<TargetId>) {
    let t = target.as_ref().and_then(|t| model.world.targets.get(t)).cloned();
    let Some(t) = t else {
        model.tell("nothing is chosen to tick a list for");
        return;
    };
    let Some(candidate) = t.candidate.clone() else {
        model.tell("it asks for no version: there is nothing to tick");
        return;
    };
    let now = model.utc();
    let all = checks::of(model, &t);
    let version = t.called(&candidate);
    let mut s = Sheet::new(What::Checklists, "CHECKLISTS", format!("{}  {version}", t.id.at()));
    s.said.push(checks::summary(&all).into());
    for c in &all {
        let row = match &c.state {
            State::Known(_) => Row::choice(c.item.word(), c.item.text(), &["known"], 0),
            State::Not(_) => Row::choice(c.item.word(), c.item.text(), &["NO"], 0),
            State::Ticked(_) => Row::choice(c.item.word(), c.item.text(), &[OPEN, DONE], 1),
            State::Open(_) => Row::choice(c.item.word(), c.item.text(), &[OPEN, DONE], 0),
        };
        s.rows.push(row.beside(c.words(now)));
    }
    s.rows.push(Row::text("how", "how", "").beside("said of what you tick now"));
    s.at = all.iter().position(|c| matches!(c.state, State::Open(_))).unwrap_or(0);
    s.below.push((
        false,
        "Ticks stand under your name, for this version alone; all consoles on this log see them.".into(),
    ));
    let was: Vec<bool> = all.iter().map(|c| matches!(c.state, State::Ticked(_))).collect();
    s.data = json!({"target": t.id, "candidate": candidate, "version": version, "service": t.service, "was": was});
    sheet::open(model, s);
}

/// `Y`: a record for each line that a person changed.
pub(super) fn keep(model: &mut Model, s: &Sheet, out: &mut Vec<Effect>) {
    let target: Option<TargetId> = serde_json::from_value(s.data["target"].clone()).ok();
    let was = s.data["was"].as_array().cloned().unwrap_or_default();
    let mut any = 0;
    for ((row, was), item) in s.rows.iter().zip(&was).zip(Item::all()) {
        let on = row.value() == DONE;
        if !matches!(row.value(), OPEN | DONE) || *was == on {
            continue;
        }
        any += 1;
        let data = json!({
            "candidate": s.data["candidate"],
            "version": s.data["version"],
            "service": s.data["service"],
            "item": item.word(),
            "words": item.text(),
            "ticked": on,
            "how": Some(s.value("how")).filter(|h| !h.is_empty()),
        });
        let entry = records::plain(Kind::Checklist, model.now.utc, target.as_ref(), data);
        out.push(Effect::Append { entry, ticket: None });
    }
    model.tell(match any {
        0 => "nothing was changed".to_owned(),
        1 => "1 line is kept in the log".to_owned(),
        n => format!("{n} lines are kept in the log"),
    });
    bump(model);
}
