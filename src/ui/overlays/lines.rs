//! Log lines of an instance, or of candidate and stable side by side.

use crate::core::model::Model;
use crate::core::nav::Lines;
use crate::ui::look::Look;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

pub fn draw(_model: &Model, _lines: &Lines, _look: &Look, _body: Rect, _buf: &mut Buffer) {}
