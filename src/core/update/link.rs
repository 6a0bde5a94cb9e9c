//! Deep links (`andon --at checkout@eu-1`), copying what is selected, and going to what the alarm row says.

use crate::core::effect::Effect;
use crate::core::model::Model;

pub(super) fn copy(_model: &mut Model, _out: &mut Vec<Effect>) {}

pub(super) fn alarm(_model: &mut Model) {}
