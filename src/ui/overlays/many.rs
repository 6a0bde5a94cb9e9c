//! The dialog over several targets: the cord, its release, a service in several clusters.

use crate::core::act::dialog::Dialog;
use crate::core::act::many::Many;
use crate::core::model::Model;
use crate::ui::parts::line::Rows;

/// Rows, and the column of the cursor in the last one where a name is typed.
pub fn rows(_model: &Model, _dialog: &Dialog, _many: &Many, _wide: usize, _tall: usize) -> (Rows, Option<usize>) {
    (Rows::new(), None)
}
