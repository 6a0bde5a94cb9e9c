//! The note editor. Editing is the text area's, one key at a time: a draft in, a draft out, nothing kept between.
//! Drawing is our own, because every character passes the gate.

use crate::config::theme::Role;
use crate::core::case::note::{Draft, Input};
use crate::core::key::{Code, Key};
use crate::core::model::Model;
use crate::core::shown::{LINE_MAX, Shown, shown_line};
use crate::ui::look::Look;
use crate::ui::parts::line::{Line, clear, width};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use tui_textarea::{CursorMove, Input as AreaInput, Key as AreaKey, TextArea};

/// A note may be this long, in bytes (the gate's own limit for a detail).
const MOST: usize = 64_000;

/// What one key makes of a draft. Pure; matches [`crate::core::case::note::Editor`].
pub fn edit(draft: &Draft, input: Input<'_>) -> Draft {
    let lines = if draft.lines.is_empty() { vec![String::new()] } else { draft.lines.clone() };
    let size: usize = lines.iter().map(|l| l.len() + 1).sum();
    let mut area = TextArea::new(lines);
    area.set_hard_tab_indent(false);
    let at = |n: usize| u16::try_from(n).unwrap_or(u16::MAX);
    area.move_cursor(CursorMove::Jump(at(draft.row), at(draft.col)));
    match input {
        Input::Key(key) => {
            if let Some(k) = area_key(key).filter(|k| size < MOST || !grows(k)) {
                area.input(AreaInput { key: k, ctrl: key.ctrl, alt: key.alt, shift: key.shift });
            }
        }
        Input::Paste(text) => {
            let text: String = text.replace("\r\n", "\n").chars().filter(|c| !c.is_control() || *c == '\n').collect();
            if size + text.len() <= MOST {
                area.insert_str(text);
            }
        }
    }
    let cursor = area.cursor();
    Draft { row: cursor.0, col: cursor.1, lines: area.into_lines(), about: draft.about, target: draft.target.clone() }
}

fn grows(key: &AreaKey) -> bool {
    matches!(key, AreaKey::Char(_) | AreaKey::Enter | AreaKey::Tab)
}

fn area_key(key: Key) -> Option<AreaKey> {
    Some(match key.code {
        Code::Char(c) => AreaKey::Char(c),
        Code::Enter => AreaKey::Enter,
        Code::Tab => AreaKey::Tab,
        Code::Backspace => AreaKey::Backspace,
        Code::Delete => AreaKey::Delete,
        Code::Up => AreaKey::Up,
        Code::Down => AreaKey::Down,
        Code::Left => AreaKey::Left,
        Code::Right => AreaKey::Right,
        Code::Home => AreaKey::Home,
        Code::End => AreaKey::End,
        Code::PageUp => AreaKey::PageUp,
        Code::PageDown => AreaKey::PageDown,
        Code::Esc | Code::BackTab | Code::Insert | Code::F(_) => return None,
    })
}

/// Without the mark: the person sees what is in the note, and the cursor stands where the text is.
fn gate(s: &str) -> Shown {
    shown_line(s, LINE_MAX)
}

/// Over the whole body; returns where the cursor belongs.
pub fn draw(model: &Model, draft: &Draft, look: &Look, body: Rect, buf: &mut Buffer) -> Option<(u16, u16)> {
    clear(body, buf);
    let about = crate::core::update::about(&draft.text(), draft.about, model.utc());
    let about = about.map(|a| format!("about {}Z", a.hms())).unwrap_or_default();
    let on = draft.target.as_ref().map(|t| t.at()).unwrap_or_default();
    let head = Line::of(Role::Title, "NOTE").text(format!("  {on}  {about}"));
    head.end(Role::Text, "begin with 03:09 for another time").draw(look, body, body.y, buf);
    let room = usize::from(body.width).saturating_sub(2).max(1);
    // Long lines go on below; the cursor is found on the way.
    let mut rows: Vec<String> = Vec::new();
    let mut cursor = (0, 0);
    for (i, line) in draft.lines.iter().enumerate() {
        if i == draft.row {
            let before: String = line.chars().take(draft.col).collect();
            let w = width(gate(&before).as_str());
            cursor = (rows.len() + w / room, w % room);
        }
        let mut row = String::new();
        for c in gate(line).as_str().chars() {
            let len = row.len();
            row.push(c);
            if width(&row) > room {
                row.truncate(len);
                rows.push(std::mem::replace(&mut row, c.to_string()));
            }
        }
        rows.push(row);
    }
    let tall = usize::from(body.height).saturating_sub(1).max(1);
    let first = (cursor.0 + 1).saturating_sub(tall);
    for (row, y) in rows.iter().skip(first).take(tall).zip(body.y + 1..body.bottom()) {
        Line::new().text(" ").text(row).draw(look, body, y, buf);
    }
    let at = |n: usize| u16::try_from(n).unwrap_or(0);
    Some((
        (body.x + 1 + at(cursor.1)).min(body.right() - 1),
        (body.y + 1 + at(cursor.0 - first)).min(body.bottom() - 1),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn typed(text: &str) -> Draft {
        text.chars().fold(Draft::default(), |d, c| {
            let key = if c == '\n' { Key::plain(Code::Enter) } else { Key::char(c) };
            edit(&d, Input::Key(key))
        })
    }

    #[test]
    fn a_note_grows_key_by_key_and_enter_is_a_new_line() {
        let d = typed("hi Ana\nok");
        assert_eq!(d.lines, ["hi Ana", "ok"]);
        assert_eq!((d.row, d.col), (1, 2));
        let d = edit(&d, Input::Key(Key::plain(Code::Up)));
        let d = edit(&d, Input::Key(Key::char('!')));
        assert_eq!(d.lines, ["hi! Ana", "ok"]);
    }

    #[test]
    fn pasted_lines_come_in_and_controls_do_not() {
        let d = edit(&typed("a"), Input::Paste("b\r\nc\u{1b}[31m"));
        assert_eq!(d.lines, ["ab", "c[31m"]);
    }

    #[test]
    fn a_note_has_an_end() {
        let full = Draft { lines: vec!["x".repeat(MOST)], ..Draft::default() };
        assert_eq!(edit(&full, Input::Key(Key::char('y'))).lines, full.lines);
        let shorter = edit(&full, Input::Key(Key::plain(Code::Delete)));
        assert_eq!(shorter.lines[0].len(), MOST - 1);
    }
}
