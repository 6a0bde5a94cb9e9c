//! The way in for fuzzers: bytes of any answer through everything that reads one.

use super::store::{self, Store};
use super::{dto, rows, watch};
use crate::core::world::target::TargetState;

/// For fuzzers: an answer's bytes through everything that reads one, as a list, a watch line or an object; every row
/// folded, and the states of all that came of it.
pub fn read_anything(bytes: &[u8]) -> Vec<TargetState> {
    let mut store = Store::new("fuzz".into());
    let all = rows::Kind::BUILT_IN.into_iter().chain(rows::Kind::DEFINED).chain([rows::Kind::Custom(0)]);
    for kind in all {
        let rows = watch::anything(kind, bytes);
        let kept: Vec<rows::Key> = rows.iter().map(|(k, _)| k.clone()).collect();
        store.fold(&None, kind, store::Change::Page(rows.clone()));
        store.fold(&None, kind, store::Change::Listed);
        // Half of them go and come again, so that the index is taken apart, too.
        kept.iter().step_by(2).for_each(|k| store.fold(&None, kind, store::Change::Gone(k.clone())));
        rows.into_iter().for_each(|(k, r)| store.fold(&None, kind, store::Change::Put(k, r)));
    }
    let _status = serde_json::from_slice::<dto::StatusDto>(bytes);
    store.take(crate::core::time::Utc(0)).changed
}
