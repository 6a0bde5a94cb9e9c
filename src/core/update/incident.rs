//! Incidents: what the records say of them, and the acts that make such records.

use crate::core::effect::Effect;
use crate::core::model::Model;
use crate::core::record::Record;

/// Records that are on disk now.
pub(super) fn records(model: &mut Model, records: Vec<Record>, _out: &mut Vec<Effect>) {
    for r in &records {
        model.casebook.take(r);
    }
    super::bump(model);
}
