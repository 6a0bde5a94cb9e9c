//! The filter (`/`) and the matches (`<`, `>`).

use crate::core::key::Key;
use crate::core::model::Model;

pub(super) fn open(_model: &mut Model) {}

/// True when the filter's line took the key.
pub(super) fn key(_model: &mut Model, _key: Key) -> bool {
    false
}

pub(super) fn next(_model: &mut Model, _by: i64) {}
