//! Who is at this shared account: one line over what it is asked for.

use crate::config::theme::Role;
use crate::core::model::Model;
use crate::ui::parts::line::{Line, Rows};

/// The rows, and the column of the text cursor in the last one.
pub fn rows(model: &Model, typed: &str) -> (Rows, usize) {
    let mut rows = Rows::new();
    let account = model.claim.shared.as_deref().unwrap_or_default();
    let why = format!("  {account} is used by several people: the log names you, not the account");
    rows.keep(Line::of(Role::Title, "WHO ARE YOU?").text(why));
    let line = Line::new().text(" name: ").add(Role::Moving, typed);
    let cursor = line.width();
    rows.keep(line);
    (rows, cursor)
}
