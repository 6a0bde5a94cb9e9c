//! Keys and pasted text while something lies over the screen: a note, a reason, an explanation, help.

use super::{browse, bump, filter, incident, link, looked, palette, panes, pick, records, sheet, steps};
use crate::core::case::note::{Draft, Input};
use crate::core::cell::Cell;
use crate::core::effect::Effect;
use crate::core::entry::Kind;
use crate::core::here;
use crate::core::id::TargetId;
use crate::core::intent::{Context, Intent};
use crate::core::key::{Code, Key};
use crate::core::keymap::Found;
use crate::core::model::Model;
use crate::core::nav::Overlay;
use crate::core::time::{Person, Utc};
use serde_json::json;

/// A note being typed is written to disk this often, for after a crash. Milliseconds.
const DRAFT_MS: i64 = 1_000;

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
        Overlay::Log(b) => browse::key(model, key, b, out),
        Overlay::SkipReason { step, mut typed } => {
            match key.code {
                Code::Esc => {}
                // Esc and a letter that a multiplexer sent together: it was no, and the letter was for what lies below.
                Code::Char(_) if key.alt => {}
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
        // Its keys were taken before.
        question @ Overlay::Who { .. } => {
            model.nav.overlay = Some(question);
            true
        }
        Overlay::Pick(p) => pick::key(model, p, key, out),
        Overlay::Answer { runbook, step, row } => {
            steps::answer_key(model, &runbook, step, row, key, out);
            true
        }
        Overlay::Lines(l) => looked::lines_key(model, key, l, out),
        page @ (Overlay::Explain { .. } | Overlay::Help { .. } | Overlay::Raw { .. }) => {
            scrolled(model, key, page, out)
        }
    }
}

/// Reading: rows move, Esc and Enter close, help opens over a page and gives it back; any other key closes and then does
/// what it means.
fn scrolled(model: &mut Model, key: Key, page: Overlay, out: &mut Vec<Effect>) -> bool {
    let mut keys = std::mem::take(&mut model.nav.pending);
    keys.push(key);
    let (scroll, most, help) = match &page {
        Overlay::Help { scroll } => (*scroll, here::help_most(model), true),
        Overlay::Explain { scroll } | Overlay::Raw { scroll, .. } => (*scroll, u16::MAX, false),
        Overlay::Note(_)
        | Overlay::Palette(_)
        | Overlay::Log(_)
        | Overlay::Lines(_)
        | Overlay::Pick(_)
        | Overlay::Answer { .. }
        | Overlay::SkipReason { .. }
        | Overlay::Who { .. } => return false,
    };
    let half = model.height / 2;
    let found = match model.keymap.find(Context::List, &keys) {
        Found::Nothing => model.keymap.find(Context::Global, &keys),
        found => found,
    };
    let to = match found {
        Found::Intent(Intent::NextRow) => scroll.saturating_add(1),
        Found::Intent(Intent::PreviousRow) => scroll.saturating_sub(1),
        Found::Intent(Intent::HalfPageDown) => scroll.saturating_add(half),
        Found::Intent(Intent::HalfPageUp) => scroll.saturating_sub(half),
        Found::Intent(Intent::FirstRow) => 0,
        // How long the page that explains is, only its drawing knows.
        Found::Intent(Intent::LastRow) => {
            if help {
                most
            } else {
                scroll
            }
        }
        // What is read stays below: leaving the palette brings it back.
        Found::Intent(Intent::Palette) => {
            palette::open(model, Some(page));
            return true;
        }
        Found::Intent(Intent::Copy) if !help => {
            model.nav.overlay = Some(page);
            link::copy(model, out);
            return true;
        }
        // The page of the next figure.
        Found::Intent(i @ (Intent::FigureNext | Intent::FigurePrevious))
            if matches!(page, Overlay::Explain { .. }) && panes::figures_here(model) =>
        {
            panes::figure(model, if i == Intent::FigureNext { 1 } else { -1 });
            0
        }
        Found::Intent(Intent::Filter) if help => {
            model.nav.overlay = Some(Overlay::Help { scroll: 0 });
            filter::open(model);
            return true;
        }
        Found::Intent(Intent::Zoom) if !help && model.nav.figure == Some(Cell::Pictures) => {
            model.nav.figure = None;
            return true;
        }
        // A kept filter goes first.
        Found::Intent(Intent::Back) => {
            model.nav.overlay = Some(page);
            if !filter::clear(model) {
                left(model);
            }
            return true;
        }
        Found::Intent(Intent::Help) if !help => {
            model.nav.under = Some(Box::new(page));
            model.nav.overlay = Some(Overlay::Help { scroll: 0 });
            return true;
        }
        Found::Intent(Intent::Open | Intent::Help) => {
            left(model);
            return true;
        }
        // Half of a key that moves: the page stays until the other half says.
        Found::Prefix if !here::begins_act(model, &keys) => {
            model.nav.pending = keys;
            scroll
        }
        Found::Nothing if keys.len() > 1 => {
            if key.code != Code::Esc {
                model.tell("no such keys; nothing was done");
            }
            scroll
        }
        Found::Intent(_) | Found::Prefix | Found::Nothing => {
            model.nav.under = None;
            if model.nav.figure == Some(Cell::Pictures) {
                model.nav.figure = None;
            }
            keys.pop();
            model.nav.pending = keys;
            return false;
        }
    };
    let scroll = to.min(most);
    model.nav.overlay = Some(match page {
        Overlay::Raw { target, .. } => Overlay::Raw { target, scroll },
        _ if help => Overlay::Help { scroll },
        _ => Overlay::Explain { scroll },
    });
    true
}

/// A page is left for what lay below it. The page of pictures is no figure that stays chosen.
fn left(model: &mut Model) {
    model.nav.overlay = model.nav.under.take().map(|under| *under);
    if model.nav.overlay.is_none() && model.nav.figure == Some(Cell::Pictures) {
        model.nav.figure = None;
    }
}

fn note_key(model: &mut Model, draft: Draft, key: Key, out: &mut Vec<Effect>) {
    match model.keymap.find(Context::Note, &[key]) {
        Found::Intent(Intent::NoteKeep) => {
            let text = draft.text();
            if text.is_empty() {
                return;
            }
            let about = about(&text, draft.about, model.now.utc);
            match keep(model, &text, about, draft.target.clone(), out) {
                Err(why) => {
                    model.draft = Some(draft);
                    model.tell(format!("{why}; the draft is offered again"));
                }
                Ok(()) => model.tell("kept in the log"),
            }
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

/// The moment a note speaks of: the time of day it begins with (`03:09`), else the one given.
pub fn about(text: &str, given: Option<Utc>, now: Utc) -> Option<Utc> {
    let first = text.trim_start().split(char::is_whitespace).next().unwrap_or_default();
    incident::clock_time(first.trim_end_matches([',', ';']), now).or(given)
}

/// A note that a session before this one did not keep: offered like one that was left.
pub(super) fn found(model: &mut Model, draft: Draft) {
    if !draft.text().is_empty() && model.draft.is_none() && !matches!(model.nav.overlay, Some(Overlay::Note(_))) {
        let how = model.how(Intent::Note);
        model.tell(format!("a note was not kept when a console ended: {how} brings it back"));
        model.desk.draft = Some(draft.clone());
        model.draft = Some(draft);
        bump(model);
    }
}

/// What is being written goes to disk, at most once a second while it is typed, at once when it is left or kept.
pub(super) fn keep_draft(model: &mut Model, out: &mut Vec<Effect>) {
    let typing = matches!(model.nav.overlay, Some(Overlay::Note(_)));
    let held = held(model);
    if !typing && model.draft.is_none() && model.desk.draft.is_none() && held.is_none() {
        return;
    }
    let open = match &model.nav.overlay {
        Some(Overlay::Note(d)) => Some(d),
        Some(_) | None => model.draft.as_ref().or(held.as_ref()),
    };
    // Help, or the palette, may lie over nothing else: a draft that is open is always one of the two.
    let open = open.filter(|d| !d.text().is_empty());
    if open.map(|d| (&d.lines, d.about)) == model.desk.draft.as_ref().map(|d| (&d.lines, d.about)) {
        return;
    }
    let now = model.now.person;
    let soon = model.desk.draft_at.is_some_and(|at| now.0 - at.0 < DRAFT_MS);
    if typing && soon {
        return;
    }
    let open = open.cloned();
    model.desk.draft_at = Some(now);
    model.desk.draft.clone_from(&open);
    out.push(Effect::KeepDraft(open.map(Box::new)));
}

/// A note that waits until somebody says who they are: a draft until then, for it is in no log yet.
fn held(model: &Model) -> Option<Draft> {
    let note = model.claim.held.iter().rev().find(|e| e.kind == Kind::Note)?;
    let lines = note.data["text"].as_str()?.split('\n').map(str::to_owned).collect();
    let about = note.data["about"].as_str().and_then(Utc::read);
    Some(Draft { lines, about, ..Draft::default() })
}

/// When a draft that is being typed is next due for the disk.
pub(super) fn draft_due(model: &Model) -> Option<Person> {
    let Some(Overlay::Note(d)) = &model.nav.overlay else { return None };
    let kept = model.desk.draft.as_ref().map(|k| (&k.lines, k.about));
    let changed = !d.text().is_empty() && Some((&d.lines, d.about)) != kept;
    changed.then(|| Person(model.desk.draft_at.map_or(model.now.person.0, |t| t.0) + DRAFT_MS))
}

/// A note into the log. Why not, when the log takes none.
pub(super) fn keep(
    model: &Model,
    text: &str,
    about: Option<Utc>,
    target: Option<TargetId>,
    out: &mut Vec<Effect>,
) -> Result<(), String> {
    if let Some(why) = &model.log.failed {
        return Err(format!("not kept, the log cannot be written ({why})"));
    }
    let data = json!({"text": text, "about": about.map(|a| a.rfc3339())});
    let entry = records::plain(Kind::Note, model.now.utc, target.as_ref(), data);
    out.push(Effect::Append { entry, ticket: None });
    Ok(())
}

pub(super) fn paste(model: &mut Model, text: &str) {
    if model.ending {
        return;
    }
    bump(model);
    let first = text.lines().next().unwrap_or_default();
    if model.dialog.is_some() || super::who::is_open(model) {
        if sheet::paste(model, text) {
            return;
        }
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
