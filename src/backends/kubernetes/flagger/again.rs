//! A failed Canary once more. Pure.

use super::plan::{Read, Story, not_now, phases};
use super::undo::{git_caution, target_guards};
use crate::core::act::plan::{CannotBecause, Operation, Plan, Primitive};
use serde_json::{Map, Value, json};
use std::sync::Arc;

/// A failed canary begins anew when its target's template changes; an annotation is enough.
pub fn retry(op: &Operation, r: &Read<'_>) -> Result<Plan, CannotBecause> {
    let s = r.seen;
    if r.phase() != "Failed" {
        return not_now("it has not failed: there is nothing to retry");
    }
    if s.held {
        return not_now("held: resume first (flagger skips it at each tick)");
    }
    if s.weight_real.is_some_and(|w| w > 0) && s.is_moving() && !s.aborted {
        return not_now(
            "it was not rolled back: a new analysis would send users to the primary, which is broken; mend that first",
        );
    }
    if !s.is_moving() {
        return not_now("the target asks for the promoted version again: there is nothing to retry");
    }
    let mut ops = target_guards(r)?;
    let at = jiff::Timestamp::from_millisecond(s.read_at.0).map(|t| t.to_string()).unwrap_or_default();
    const KEY: &str = "flagger.app/retriggeredAt";
    ops.push(match r.target.pointer("/spec/template/metadata/annotations") {
        Some(Value::Object(_)) => {
            let path = format!("/spec/template/metadata/annotations/{}", KEY.replace('/', "~1"));
            json!({"op": "add", "path": path, "value": at})
        }
        _ => {
            let notes: Map<String, Value> = [(KEY.to_owned(), Value::from(at))].into_iter().collect();
            json!({"op": "add", "path": "/spec/template/metadata/annotations", "value": notes})
        }
    });
    let begun = phases(&["Waiting", "Progressing", "WaitingPromotion", "Promoting", "Finalising", "Succeeded"]);
    let step = r.patch_target("touch its template", &ops, (begun, "flagger has begun a new analysis".to_owned()));
    let mut cautions: Vec<Arc<str>> =
        vec!["it is the same version: what failed it may fail it again, on real users".into()];
    cautions.extend(git_caution(r));
    let v = r.candidate();
    let story = Story {
        primitive: Primitive::Retry,
        why: "a failed canary begins anew only when its target's template changes: an annotation changes it".into(),
        sentence: format!(
            "{v} of {} gets traffic again, from the first step, within {} s.",
            s.id.name, r.flagger.interval
        ),
        not_undone: Vec::new(),
        cautions,
    };
    Ok(r.plan(op, s.candidate.clone(), story, vec![step]))
}
