//! The trace of an act, left where its target lives once the server has taken the request. The log stays the record: a
//! mark that cannot be left is said once for each source and stops nothing.

use super::records;
use crate::core::act::flight::Act;
use crate::core::act::mark::Mark;
use crate::core::casework;
use crate::core::effect::Effect;
use crate::core::entry::Kind;
use crate::core::id::{Hash, TargetId};
use crate::core::model::Model;
use crate::core::redact;
use serde_json::json;
use std::sync::Arc;

/// Bytes of a note at most.
const NOTE_MOST: usize = 1_000;

/// Once for each act, with its first accepted request.
pub(super) fn leave(model: &Model, act: &Act, out: &mut Vec<Effect>) {
    if act.step > 0 || model.replay.is_some() {
        return;
    }
    let plan = &act.plan;
    let v = |h: &Option<Hash>| h.as_ref().map_or_else(|| Arc::from("none"), |h| act.seen.called(h));
    let versions =
        if plan.from == plan.to { v(&plan.to).to_string() } else { format!("{} -> {}", v(&plan.from), v(&plan.to)) };
    let verdict = act.figures["verdict"]["word"].as_str().map(|w| format!("; verdict {w}")).unwrap_or_default();
    let named = if act.named.is_empty() { String::new() } else { format!("; name typed: {}", act.named.join(", ")) };
    let mut note = redact::clean(&format!("{versions}; {}{verdict}{named}", plan.why)).to_string();
    let mut end = note.len().min(NOTE_MOST);
    while !note.is_char_boundary(end) {
        end -= 1;
    }
    note.truncate(end);
    let who = match &model.claim.name {
        Some(name) => format!("{name} ({})", model.environment.who).into(),
        None => model.environment.who.clone(),
    };
    out.push(Effect::Mark(Box::new(Mark {
        target: act.target().clone(),
        at: model.now.utc,
        action: format!("{}: {}", plan.operation.verb.word(), plan.primitive.word()).into(),
        who,
        incident: casework::current_id(model),
        note: note.into(),
    })));
}

/// It was left, or not: said once for each source.
pub(super) fn left(model: &mut Model, target: &TargetId, refused: Option<Arc<str>>, out: &mut Vec<Effect>) {
    let Some(why) = refused else { return };
    if !model.unmarked.insert(target.source.clone()) {
        return;
    }
    let what = format!("no trace of acts is left on targets of {}: {why}; the log has them", target.source);
    let data = json!({"what": what, "why": why, "mark": "refused"});
    out.push(Effect::Append { entry: records::plain(Kind::Changed, model.now.utc, Some(target), data), ticket: None });
}
