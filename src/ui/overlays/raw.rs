//! The object as the server has it.

use crate::core::id::TargetId;
use crate::core::model::Model;
use crate::ui::parts::line::Line;

pub fn lines(_model: &Model, _target: &TargetId, _wide: usize) -> Vec<Line> {
    Vec::new()
}
