//! Dialogs over several targets: the cord, its release, a service in several clusters.

use crate::core::effect::Effect;
use crate::core::model::Model;

/// `Y` counted.
pub(super) fn submit(model: &mut Model, _out: &mut Vec<Effect>) {
    model.tell("not built yet");
}
