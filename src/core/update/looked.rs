//! What somebody looks at: instances, events, log lines, the object. Asked for, kept while it is looked at, let go after.

use super::bump;
use crate::core::model::{Model, Purpose};
use crate::core::world::evidence::{Evidence, LogChunk, Raw};
use crate::core::world::source::SourceError;

pub(super) fn evidence(model: &mut Model, e: Evidence) {
    model.looked.evidence = Some(Box::new(e));
    bump(model);
}

pub(super) fn lines(model: &mut Model, chunk: LogChunk) {
    model.looked.lines.push(chunk);
    bump(model);
}

pub(super) fn raw(model: &mut Model, raw: Raw) {
    model.looked.raw = Some(Box::new(raw));
    bump(model);
}

/// A question of ours had no answer.
pub(super) fn failed(model: &mut Model, why: &Purpose, error: &SourceError) {
    if matches!(why, Purpose::Evidence(_) | Purpose::Logs(_) | Purpose::Raw(_)) {
        model.looked.failed = Some(error.sentence.clone());
        bump(model);
    }
}
