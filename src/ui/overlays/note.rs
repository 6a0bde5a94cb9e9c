//! Editing a note: a text area built from the draft, one key fed, read back.

use crate::core::case::note::{Draft, Input};
use crate::core::key::{Code, Key};
use tui_textarea::{CursorMove, Input as AreaInput, Key as AreaKey, TextArea};

/// Pure: the same draft and input give the same draft.
pub fn edit(draft: &Draft, input: Input<'_>) -> Draft {
    let lines = if draft.lines.is_empty() { vec![String::new()] } else { draft.lines.clone() };
    let mut area = TextArea::new(lines);
    let clamp = |n: usize| u16::try_from(n).unwrap_or(u16::MAX);
    area.move_cursor(CursorMove::Jump(clamp(draft.row), clamp(draft.col)));
    match input {
        Input::Key(key) => {
            if let Some(i) = area_key(key) {
                area.input(i);
            }
        }
        Input::Paste(text) => {
            area.insert_str(text);
        }
    }
    let cursor = area.cursor();
    Draft { row: cursor.0, col: cursor.1, lines: area.into_lines(), about: draft.about }
}

fn area_key(key: Key) -> Option<AreaInput> {
    let k = match key.code {
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
    };
    Some(AreaInput { key: k, ctrl: key.ctrl, alt: key.alt, shift: key.shift })
}
