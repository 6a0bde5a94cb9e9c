//! A dialog with fields: what it is about, a row for each field, what it does not do, and the one key that records it. The
//! chosen row and the last line are never given up.

use crate::config::theme::Role;
use crate::core::act::dialog::Dialog;
use crate::core::act::sheet::{Field, Row, Sheet};
use crate::core::act::side::{Made, Sends};
use crate::core::intent::Intent;
use crate::core::model::Model;
use crate::core::shown::{LINE_MAX, shown_line};
use crate::ui::parts::line::{Line, Rows, gate, width, wrap};

/// Columns of a row's name; a longer one (a debt's words) stands behind its choice.
const NAME: usize = 12;
/// Columns of a longer name that has something said beside it.
const LONG: usize = 29;

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
    if let Some(sends) = &sheet.sends {
        requests(sends, wide, &mut rows);
    }
    if let Some(why) = &sheet.wants {
        rows.keep(Line::of(Role::Warn, "not yet").text(format!(": {why}")));
    }
    rows.keep(last(model, dialog, sheet));
    rows
}

/// What goes out by it: to whom, the request as it will be sent, what is not undone, what is not as it should be.
fn requests(sends: &Sends, wide: usize, rows: &mut Rows) {
    let room = wide.saturating_sub(3);
    let mut para = |drop: u8, role: Role, head: &str, text: &str| {
        for (n, part) in wrap(&gate(text), room.saturating_sub(width(head)).max(16)).into_iter().enumerate() {
            let line = if n == 0 { Line::of(role, head) } else { Line::new().text(" ".repeat(width(head))) };
            rows.may(if n == 0 { drop } else { drop + 20 }, line.text(part));
        }
    };
    match &sends.plan {
        Made::Reading => para(1, Role::Moving, " making the request ", ".."),
        Made::Cannot(why) => para(0, Role::Bad, " CANNOT ", why),
        Made::Ready(p) => {
            para(2, Role::Text, " ", &p.sentence);
            let request = format!("{} {} to {}", p.request.method, p.request.path, p.source);
            para(0, Role::Text, " WILL SEND  ", &request);
            para(1, Role::Text, "   ", &p.request.shown);
            for words in &p.not_undone {
                para(5, Role::Text, " ", words);
            }
            for words in &p.cautions {
                para(2, Role::Warn, " (!) ", words);
            }
            if !p.done_words.is_empty() {
                para(6, Role::Text, " DONE WHEN  ", &p.done_words);
            }
        }
    }
    if let Some(why) = &sends.refused {
        para(0, Role::Bad, " REFUSED ", why);
    }
    for why in sends.name.iter().flat_map(|n| &n.why) {
        para(1, Role::Warn, " (!) ", &format!("the name is typed: {why}"));
    }
}

/// One line of a list that is ticked: its state stands first. All lines of such a list look alike, short names too.
fn is_ticked(row: &Row, sheet: &Sheet) -> bool {
    let long = |r: &Row| matches!(r.field, Field::Choice { .. }) && width(&r.name) > NAME;
    long(row) || (!row.beside.is_empty() && sheet.rows.iter().any(long))
}

fn field(row: &Row, sheet: &Sheet, chosen: bool, wide: usize) -> Vec<Line> {
    let line = Line::new().choice(chosen);
    if let Some(typing) = sheet.typing.as_ref().filter(|_| chosen) {
        return vec![typed(line, row, &typing.text, typing.at, wide)];
    }
    match &row.field {
        Field::Choice { options, at } if is_ticked(row, sheet) => {
            let badge = format!("[{}]", options.get(*at).map_or("", |o| o));
            let role = if *at > 0 { Role::Moving } else { Role::Text };
            let beside = if row.beside.is_empty() { String::new() } else { format!("  {}", row.beside) };
            // A list keeps its columns: what is known of each line begins under that of the others.
            let name =
                if beside.is_empty() { gate(&row.name).into_owned() } else { format!("{:<LONG$}", gate(&row.name)) };
            let text = format!("{name}{}", gate(&beside));
            let all = sheet.rows.iter().filter_map(|r| match &r.field {
                Field::Choice { options, at } if is_ticked(r, sheet) => options.get(*at).map(|o| width(o) + 3),
                Field::Choice { .. } | Field::Text(_) => None,
            });
            // Names stand under each other, whatever the states.
            let badge = format!("{badge:<wide$}", wide = all.max().unwrap_or(8).max(8));
            let room = wide.saturating_sub(3 + width(&badge));
            vec![
                line.text(" ")
                    .add(role, badge.trim_end())
                    .text(" ".repeat(badge.len() - badge.trim_end().len()))
                    .text(crate::ui::parts::line::cut(&text, room)),
            ]
        }
        Field::Choice { options, at } => {
            let line = line.text(" ").left(Role::Text, &row.name, NAME);
            let mut line = line.add(Role::Moving, options.get(*at).map_or("", |o| o));
            if !row.beside.is_empty() {
                line = line.text(format!("   {}", row.beside));
            } else if chosen && options.len() > 1 {
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
                let word = match &*row.beside {
                    _ if row.must.is_some() => "(asked for)".to_owned(),
                    "" => "--".to_owned(),
                    beside => format!("({beside})"),
                };
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
    if let Some(sends) = &sheet.sends {
        if sends.refused.is_some() {
            return Line::new().end(Role::Key, "esc").end(Role::Text, " close");
        }
        if let Some(name) = sends.name.as_ref().filter(|_| sheet.types_name()) {
            return Line::new()
                .text(" type ")
                .add(Role::Moving, &*name.must)
                .text(", then enter")
                .end(Role::Key, "esc")
                .end(Role::Text, " nothing");
        }
        if sends.flight.is_some() {
            return Line::of(Role::Moving, " confirmed")
                .text(": writing the intent to disk")
                .end(Role::Key, "esc")
                .end(Role::Text, " nothing");
        }
        if sends.name.is_some() {
            return Line::new()
                .text(" the name is typed in the last row")
                .end(Role::Key, "esc")
                .end(Role::Text, " nothing");
        }
    }
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

#[cfg(test)]
mod tests {
    use crate::testkit::{picture, stories};

    #[test]
    fn a_list_that_is_ticked_looks_like_one_list() {
        let mut w = stories::worse();
        w.keys("a y");
        let drawn = picture::text(&w.draw(80, 23));
        let rows: Vec<&str> = drawn.lines().filter(|l| l.contains("[open]") || l.contains("[known]")).collect();
        assert!(rows.len() >= 8, "{drawn}");
        let column = |l: &str| l.find("] ").map(|at| l[at + 1..].len() - l[at + 1..].trim_start().len() + at + 1);
        assert!(rows.iter().all(|l| column(l) == column(rows[0])), "{drawn}");
        assert!(!drawn.contains("tests pas.."), "{drawn}");
    }
}
