//! The cord while it is pulled: a rollout that starts is said and recorded once, and what we do ourselves is known before
//! it is on disk.

use super::{Touched, bump, records};
use crate::core::act::cord::Cord;
use crate::core::effect::Effect;
use crate::core::entry::{Entry, Kind};
use crate::core::frozen;
use crate::core::model::Model;
use crate::core::world::target::TargetState;
use serde_json::json;

/// After each message: is something loose that nobody has said?
pub(super) fn look(model: &mut Model, touched: &Touched, out: &mut Vec<Effect>) {
    if !model.cord.is_pulled() || model.replay.is_some() {
        return;
    }
    let new = |t: &&TargetState| frozen::is_loose(model, t) && !model.cord.told(&t.id, t.candidate.as_ref());
    let found: Vec<TargetState> = match touched {
        Touched::Nothing => return,
        Touched::Service(s) => frozen::moving_of(model, s).filter(new).cloned().collect(),
        Touched::All => frozen::moving(model).filter(new).cloned().collect(),
    };
    for t in found {
        let version = t.candidate.as_ref().map(|h| t.version_of(h));
        let data = json!({"candidate": t.candidate, "version": version, "service": t.service});
        let entry = records::plain(Kind::Loose, model.now.utc, Some(&t.id), data);
        model.cord.foresee(&entry, &model.log.session, model.environment.user());
        out.push(Effect::Append { entry, ticket: None });
        bump(model);
    }
}

/// An entry of ours on its way into the log.
pub(super) fn foreseen(model: &mut Model, entry: &Entry) {
    if Cord::concerns(entry) && model.replay.is_none() {
        let by = model.claim.name.clone().unwrap_or_else(|| model.environment.user().into());
        model.cord.foresee(entry, &model.log.session, &by);
        model.rows_dirty = true;
        bump(model);
    }
}
