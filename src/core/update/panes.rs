//! Panes of the wide layout: which has the focus, and whether it stands alone.

use crate::core::model::Model;

pub(super) fn next(_model: &mut Model, _by: i64) {}

pub(super) fn zoom(_model: &mut Model) {}
