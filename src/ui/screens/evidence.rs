//! Evidence: instances worst first, then events and what is worth knowing of probes.

use crate::config::theme::Role;
use crate::core::model::Model;
use crate::ui::parts::line::{Line, Rows};

pub fn rows(_model: &Model, _wide: usize, _tall: usize) -> Rows {
    let mut rows = Rows::new();
    rows.keep(Line::of(Role::Title, "EVIDENCE"));
    rows
}
