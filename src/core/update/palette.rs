//! The command palette (`:`): a line, suggestions under it, and what Enter takes.

use crate::core::effect::Effect;
use crate::core::key::Key;
use crate::core::model::Model;
use crate::core::nav::Field;

pub(super) fn open(_model: &mut Model) {}

pub(super) fn key(_model: &mut Model, _field: Field, _key: Key, _out: &mut Vec<Effect>) {}
