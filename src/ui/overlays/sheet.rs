//! A dialog with fields: what it is about, a row for each field, what it does not do, and the one key that records it. The
//! chosen row and the last line are never given up.

use crate::config::theme::Role;
use crate::core::act::dialog::Dialog;
use crate::core::act::sheet::{Field, Row, Sheet};
use crate::core::intent::Intent;
use crate::core::model::Model;
use crate::core::shown::{LINE_MAX, shown_line};
use crate::ui::parts::line::{Line, Rows, gate, width, wrap};

/// Columns of a row's name; a longer one (a debt's words) stands behind its choice.
const NAME: usize = 12;

pub fn rows(model: &Model, dialog: &Dialog, sheet: &Sheet, wide: usize) -> Rows {
    let mut rows = Rows::new();
    rows.flow(0, 9, Line::of(Role::Title, &sheet.title).text("  ").add(Role::Moving, &sheet.on), wide, 2);
    for said in &sheet.said {
        for (n, part) in wrap(&gate(said), wide.saturating_sub(3)).into_iter().enumerate() {
            rows.may(if n == 0 { 30 } else { 40 }, Line::new().text(if n == 0 { " " } else { "   " }).text(part));
        }
    }
    for (n, row) in sheet.rows.iter().enumerate() {
        let chosen = n == sheet.at;
        // What is further from the chosen row goes sooner.
        let far = u8::try_from(n.abs_diff(sheet.at)).unwrap_or(u8::MAX).min(9);
        let lines = field(row, sheet, chosen, wide);
        for (i, line) in lines.into_iter().enumerate() {
            rows.may(if i > 0 { 50 } else { far }, line);
        }
    }
    for (warns, text) in &sheet.below {
        for (n, part) in wrap(&gate(text), wide.saturating_sub(6)).into_iter().enumerate() {
            let line = if *warns && n == 0 {
                Line::new().text(" ").add(Role::Warn, "(!)").text(" ")
            } else {
                Line::new().text(if *warns { "     " } else { " " })
            };
            rows.may(if *warns { 1 } else { 60 }, line.text(part));
        }
    }
    if let Some(why) = &sheet.wants {
        rows.keep(Line::of(Role::Warn, "not yet").text(format!(": {why}")));
    }
    rows.keep(last(model, dialog, sheet));
    rows
}

fn field(row: &Row, sheet: &Sheet, chosen: bool, wide: usize) -> Vec<Line> {
    let line = Line::new().choice(chosen);
    if let Some(typing) = sheet.typing.as_ref().filter(|_| chosen) {
        return vec![typed(line, row, &typing.text, typing.at, wide)];
    }
    match &row.field {
        Field::Choice { options, at } if width(&row.name) > NAME => {
            let badge = format!("[{}]", options.get(*at).map_or("", |o| o));
            let role = if *at > 0 { Role::Moving } else { Role::Text };
            vec![
                line.text(" ")
                    .left(role, badge, 8)
                    .text(crate::ui::parts::line::cut(&gate(&row.name), wide.saturating_sub(11))),
            ]
        }
        Field::Choice { options, at } => {
            let line = line.text(" ").left(Role::Text, &row.name, NAME);
            let mut line = line.add(Role::Moving, options.get(*at).map_or("", |o| o));
            if chosen && options.len() > 1 {
                let others: Vec<&str> =
                    (1..options.len()).filter_map(|n| options.get((at + n) % options.len())).map(|o| &**o).collect();
                line = line.text(format!("   or {}", others.join(", ")));
            }
            vec![line]
        }
        Field::Text(text) => {
            let empty = text.trim().is_empty();
            let name = line.text(" ").left(Role::Text, &row.name, NAME);
            if empty {
                let word = if row.must.is_some() { "(asked for)" } else { "--" };
                return vec![name.text(word)];
            }
            let parts = wrap(&gate(text), wide.saturating_sub(NAME + 4));
            let mut out = Vec::new();
            for (n, part) in parts.into_iter().enumerate() {
                let lead = if n == 0 { name.clone() } else { Line::new().text(" ".repeat(NAME + 2)) };
                out.push(lead.add(Role::Moving, part));
            }
            out
        }
    }
}

/// The end of what is typed before the cursor, and as much behind it as there is room for.
fn typed(line: Line, row: &Row, text: &str, at: usize, wide: usize) -> Line {
    // Without the mark: the person sees what is in the row, and the cursor stands where the text is.
    let shown = |s: String| shown_line(&s, LINE_MAX).into_string();
    let before = shown(text.chars().take(at).collect());
    let behind = shown(text.chars().skip(at).collect());
    let name = if width(&row.name) > NAME { "" } else { &*row.name };
    let room = wide.saturating_sub(NAME + 4).max(8);
    let mut head = before.as_str();
    while width(head) > room {
        let mut rest = head.chars();
        rest.next();
        head = rest.as_str();
    }
    let left = room - width(head);
    let mut tail = behind.as_str();
    while width(tail) > left {
        let mut rest = tail.chars();
        rest.next_back();
        tail = rest.as_str();
    }
    Line::new()
        .text(line.plain())
        .text(" ")
        .left(Role::Title, name, NAME)
        .add(Role::Moving, head)
        .here()
        .add(Role::Moving, tail)
}

fn last(model: &Model, dialog: &Dialog, sheet: &Sheet) -> Line {
    let key = |i| model.keymap.shown(i).unwrap_or_default();
    if sheet.typing.is_some() {
        return Line::new().text(" nothing is recorded yet");
    }
    let limits = &model.limits;
    let waits = dialog.ready_in(model.now.person, limits.confirm_delay, limits.quiet).is_none_or(|ms| ms > 0);
    let line = if dialog.again && sheet.wants.is_none() {
        Line::of(Role::Warn, "again").text(": once more, after a second without a key")
    } else {
        Line::new()
    };
    let what = format!(" {}{}   ", sheet.what.verb(), if waits { " in a moment" } else { "" });
    line.end(Role::Key, key(Intent::Confirm)).end(Role::Text, what).end(Role::Key, "esc").end(Role::Text, " nothing")
}
