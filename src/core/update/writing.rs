//! Keys and pasted text while something lies over the screen: a note, a reason, an explanation, help.

use super::{bump, filter, link, palette, records, steps};
use crate::core::board;
use crate::core::case::note::{Draft, Input};
use crate::core::effect::Effect;
use crate::core::entry::Kind;
use crate::core::intent::{Context, Intent};
use crate::core::key::{Code, Key};
use crate::core::keymap::Found;
use crate::core::model::Model;
use crate::core::nav::Overlay;
use serde_json::json;

/// True when the overlay took the key.
pub(super) fn overlay_key(model: &mut Model, key: Key, out: &mut Vec<Effect>) -> bool {
    let Some(overlay) = model.nav.overlay.take() else { return false };
    match overlay {
        Overlay::Note(draft) => {
            note_key(model, draft, key, out);
            true
        }
        Overlay::Palette(field) => {
            palette::key(model, field, key, out);
            true
        }
        Overlay::SkipReason { step, mut typed } => {
            match key.code {
                Code::Esc => {}
                Code::Enter if !typed.trim().is_empty() => steps::step_skip(model, step, typed.trim(), out),
                Code::Enter => model.nav.overlay = Some(Overlay::SkipReason { step, typed }),
                Code::Backspace => {
                    typed.pop();
                    model.nav.overlay = Some(Overlay::SkipReason { step, typed });
                }
                Code::Char(c) if !key.ctrl && !key.alt && typed.chars().count() < 200 => {
                    typed.push(c);
                    model.nav.overlay = Some(Overlay::SkipReason { step, typed });
                }
                _ => model.nav.overlay = Some(Overlay::SkipReason { step, typed }),
            }
            true
        }
        Overlay::Explain { scroll } => scrolled(model, key, scroll, |scroll| Overlay::Explain { scroll }, out),
        Overlay::Help { scroll } => scrolled(model, key, scroll, |scroll| Overlay::Help { scroll }, out),
    }
}

/// Reading: rows move, Esc and Enter close; any other key closes and then does what it means.
fn scrolled(model: &mut Model, key: Key, scroll: u16, make: impl Fn(u16) -> Overlay, out: &mut Vec<Effect>) -> bool {
    let half = model.height / 2;
    // What is read stays below: leaving the palette brings it back.
    match model.keymap.find(Context::Global, &[key]) {
        Found::Intent(Intent::Palette) => {
            palette::open(model, Some(make(scroll)));
            return true;
        }
        Found::Intent(Intent::Copy) if matches!(make(scroll), Overlay::Explain { .. }) => {
            model.nav.overlay = Some(make(scroll));
            link::copy(model, out);
            return true;
        }
        Found::Intent(Intent::Filter) if matches!(make(scroll), Overlay::Help { .. }) => {
            model.nav.overlay = Some(make(0));
            filter::open(model);
            return true;
        }
        Found::Intent(Intent::Back) => {
            model.nav.overlay = Some(make(scroll));
            if !filter::clear(model) {
                model.nav.overlay = None;
            }
            return true;
        }
        Found::Intent(_) | Found::Prefix | Found::Nothing => {}
    }
    match model.keymap.find(Context::List, &[key]) {
        Found::Intent(Intent::NextRow) => model.nav.overlay = Some(make(scroll.saturating_add(1))),
        Found::Intent(Intent::PreviousRow) => model.nav.overlay = Some(make(scroll.saturating_sub(1))),
        Found::Intent(Intent::HalfPageDown) => model.nav.overlay = Some(make(scroll.saturating_add(half))),
        Found::Intent(Intent::HalfPageUp) => model.nav.overlay = Some(make(scroll.saturating_sub(half))),
        Found::Intent(Intent::FirstRow) => model.nav.overlay = Some(make(0)),
        _ => {
            return matches!(model.keymap.find(Context::Global, &[key]), Found::Intent(Intent::Open | Intent::Help));
        }
    }
    true
}

fn note_key(model: &mut Model, draft: Draft, key: Key, out: &mut Vec<Effect>) {
    match model.keymap.find(Context::Note, &[key]) {
        Found::Intent(Intent::NoteKeep) => {
            let text = draft.text();
            if text.is_empty() {
                return;
            }
            if let Some(why) = &model.log.failed {
                let say = format!("not kept, the log cannot be written ({why}); the draft is offered again");
                model.draft = Some(draft);
                model.tell(say);
                return;
            }
            let target = board::selected_target(model).map(|t| t.id.clone());
            let data = json!({"text": text, "about": draft.about.map(|a| a.rfc3339())});
            out.push(Effect::Append {
                entry: records::plain(Kind::Note, model.now.utc, target.as_ref(), data),
                ticket: None,
            });
            model.tell("kept in the log");
        }
        Found::Intent(Intent::NoteLeave) => {
            if !draft.text().is_empty() {
                model.tell("the draft is kept and offered again");
                model.draft = Some(draft);
            }
        }
        _ => model.nav.overlay = Some(Overlay::Note((model.editor)(&draft, Input::Key(key)))),
    }
}

pub(super) fn paste(model: &mut Model, text: &str) {
    if model.ending {
        return;
    }
    bump(model);
    let first = text.lines().next().unwrap_or_default();
    if model.dialog.is_some() {
        // Pasted text never confirms and is never typed into a name.
        model.tell("pasted text is not taken here");
        return;
    }
    if filter::paste(model, first) {
        return;
    }
    match model.nav.overlay.take() {
        Some(Overlay::Note(draft)) => {
            model.nav.overlay = Some(Overlay::Note((model.editor)(&draft, Input::Paste(text))))
        }
        Some(Overlay::Palette(field)) => palette::paste(model, field, first),
        Some(Overlay::SkipReason { step, mut typed }) => {
            typed.extend(first.chars().filter(|c| !c.is_control()).take(200));
            model.nav.overlay = Some(Overlay::SkipReason { step, typed });
        }
        other => {
            model.nav.overlay = other;
            model.tell("pasted text was ignored");
        }
    }
}
