//! Acts that did not begin here: a pause, an abort, a promotion by kubectl, a dashboard or the controller itself. Shown
//! and recorded once, with the program that did it. Another andon on this log records its own.

use super::records;
use crate::core::act::hand;
use crate::core::effect::Effect;
use crate::core::entry::Kind;
use crate::core::model::Model;
use crate::core::world::target::{Manager, TargetState};
use serde_json::json;

/// What follows of an act of ours within this long after its end is its own: the controller clears flags then.
/// Milliseconds of the world's clock.
const OURS_FOR_MS: i64 = 10_000;

/// Did an act of ours, or of another console on this log, cause it?
pub(super) fn is_known(model: &Model, t: &TargetState) -> bool {
    let recent = |end: crate::core::time::World| model.now.world.0 - end.0 <= OURS_FOR_MS;
    let ours =
        model.acts.values().any(|a| *a.target() == t.id && a.has_left() && a.ended.is_none_or(|e| recent(e.world)));
    ours || model.others.on(&t.id).next().is_some()
}

/// One thing somebody did: in words, who, and whether the words of the phase tell it already.
struct Did<'t> {
    what: String,
    by: Option<&'t Manager>,
    told: bool,
}

fn did<'t>(was: &TargetState, is: &'t TargetState) -> Vec<Did<'t>> {
    let mut out = Vec::new();
    let since = Some(was.read_at);
    let mut push = |what: String, by: Option<&'t Manager>, told: bool| out.push(Did { what, by, told });
    if was.held != is.held {
        push(if is.held { "held" } else { "no longer held" }.into(), hand::of_pause(is, None), true);
    }
    if was.aborted != is.aborted {
        push(if is.aborted { "aborted" } else { "no longer aborted" }.into(), hand::of_abort(is, None), true);
    }
    if is.promoting_full && !was.promoting_full {
        push(
            "full promotion begun".into(),
            hand::newest(is, &["status.promoteFull", "spec.skipAnalysis"], since),
            false,
        );
    }
    // A gate without an end opens for a person only.
    let person = was.gate.as_ref().is_some_and(|g| g.until.is_none());
    let passed = is.gate.is_none() && was.candidate == is.candidate && is.step > was.step && !is.aborted;
    if (is.releasing && !was.releasing) || (person && passed && !was.releasing) {
        push("gate released".into(), hand::newest(is, &["status.pauseConditions"], since), false);
    }
    if was.candidate != is.candidate
        && let Some(to) = is.candidate.as_ref().filter(|h| was.revision(h).is_some())
    {
        push(format!("undone to {}", is.called(to)), hand::of_template(is, since), false);
    }
    if is.detail.restarting && !was.detail.restarting {
        let by = hand::newest(is, &["spec.restartAt", "spec.template"], since);
        push("restart begun".into(), by, false);
    }
    if let (Some(a), Some(b)) = (was.detail.partition, is.detail.partition)
        && a != b
        && was.candidate == is.candidate
    {
        push(format!("partition {a} -> {b}"), hand::newest(is, &["spec.updateStrategy"], since), false);
    }
    out
}

/// The target said something new: what of it did not begin here?
pub(super) fn changed(model: &Model, was: &TargetState, is: &TargetState, out: &mut Vec<Effect>) {
    if model.replay.is_some() || is_known(model, is) {
        return;
    }
    for d in did(was, is) {
        let by = d.by.map(|m| hand::named(&m.name));
        let what = match &by {
            Some(by) => format!("{} by {by}", d.what),
            None => format!("{} elsewhere", d.what),
        };
        let data = json!({
            "what": what,
            "did": d.what,
            "by": d.by.map(|m| m.name.clone()),
            "at": d.by.and_then(|m| m.at).map(crate::core::time::Utc::rfc3339),
            "elsewhere": true,
            "told": d.told,
        });
        let entry = records::plain(Kind::Changed, model.now.utc, Some(&is.id), data);
        out.push(Effect::Append { entry, ticket: None });
    }
}
