//! The reason for which a runbook step is passed over.

use crate::config::theme::Role;
use crate::core::model::Model;
use crate::ui::parts::line::{Line, Rows};

/// The rows, and the column of the text cursor in the last one.
pub fn rows(model: &Model, step: usize, typed: &str) -> (Rows, usize) {
    let mut rows = Rows::new();
    let title = crate::core::update::this_runbook(model)
        .and_then(|n| model.runbooks.get(&n))
        .and_then(|r| r.steps.get(step))
        .map(|s| format!("{} {}", s.number, s.title))
        .unwrap_or_default();
    rows.keep(Line::of(Role::Title, "SKIP").text(format!("  {title}")));
    rows.may(1, Line::new().text(" Why? It stands in the log beside your name."));
    let line = Line::new().text(" reason: ").add(Role::Moving, typed);
    let cursor = line.width();
    rows.keep(line);
    (rows, cursor)
}
