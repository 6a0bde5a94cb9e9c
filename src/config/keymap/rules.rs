//! What no keymap may do, line by line (terminal-and-safety 2.5, limits.md section 1): start an act on a key that a
//! terminal, a habit or a wrong window sends by itself, weaken the confirmation, or take Esc from no.
//!
//! Conflicts between lines are not judged here.

use super::LEADER;
use crate::core::intent::{Context, Intent};
use crate::core::key::{Code, Key};
use crate::core::keymap::{chord_name, key_name};

/// Flow control, and the prefixes of screen and tmux: they never arrive (terminal rules 2.5).
const NEVER: [Key; 4] = [Key::ctrl('s'), Key::ctrl('q'), Key::ctrl('a'), Key::ctrl('b')];
const CONFIRM: Key = Key::char('Y');
const OTHER: &str = "take another key";

/// A character that is typed as it is: no control, no Alt, no space.
fn plain(k: &Key) -> bool {
    matches!(k.code, Code::Char(c) if c != ' ') && !k.ctrl && !k.alt
}

/// Why this binding may not be, and what to do instead.
pub(super) fn refused(context: Context, chord: &[Key], intent: Option<Intent>) -> Option<(String, String)> {
    let keys = chord_name(chord);
    if let Some(never) = chord.iter().find(|k| NEVER.contains(k)) {
        let hint = "terminals and multiplexers keep ctrl-s, ctrl-q, ctrl-a and ctrl-b for themselves";
        return Some((format!("\"{}\" cannot be bound", key_name(never)), hint.to_owned()));
    }
    let esc = Key::plain(Code::Esc);
    let no = matches!(intent, Some(Intent::Back | Intent::NoteLeave | Intent::FieldLeave));
    if chord.contains(&esc) && (!no || chord.len() > 1) {
        return Some(("\"esc\" is always no".to_owned(), OTHER.to_owned()));
    }
    here(context, chord, &keys, intent).or_else(|| meant(context, chord, &keys, intent?))
}

/// What the place itself forbids, whatever is meant; unbinding included.
fn here(context: Context, chord: &[Key], keys: &str, intent: Option<Intent>) -> Option<(String, String)> {
    let leader = key_name(&LEADER);
    match context {
        // Keys fall through to [global] there, so the leader must: the way back is behind it.
        Context::List | Context::Runbook | Context::Replay | Context::Lines if chord.first() == Some(&LEADER) => {
            Some((format!("\"{keys}\" hides the acts behind \"{leader}\""), OTHER.to_owned()))
        }
        Context::Dialog if chord == [CONFIRM] && intent != Some(Intent::Confirm) => {
            Some(("\"Y\" is the confirmation in every dialog".to_owned(), OTHER.to_owned()))
        }
        Context::Sheet if chord == [CONFIRM] => {
            Some(("\"Y\" is the confirmation in every dialog".to_owned(), OTHER.to_owned()))
        }
        Context::Choose | Context::Dialog | Context::Note | Context::Field | Context::Sheet if chord.len() > 1 => {
            let what = format!("\"{keys}\" has two keys, and [{}] takes one", context.section());
            Some((what, OTHER.to_owned()))
        }
        Context::Note | Context::Field if plain(&chord[0]) || chord[0] == Key::char(' ') => {
            let place = if context == Context::Note { "a note" } else { "a line" };
            Some((format!("\"{keys}\" is text where {place} is written"), "take a key such as \"ctrl-o\"".to_owned()))
        }
        Context::Global
        | Context::List
        | Context::Runbook
        | Context::Dialog
        | Context::Choose
        | Context::Note
        | Context::Field
        | Context::Replay
        | Context::Sheet
        | Context::Lines => None,
    }
}

/// What this intent forbids.
fn meant(context: Context, chord: &[Key], keys: &str, intent: Intent) -> Option<(String, String)> {
    let (word, leader) = (intent.name(), key_name(&LEADER));
    if intent.context() != context {
        let what = format!("\"{word}\" does not belong in [{}]", context.section());
        return Some((what, format!("move it to [{}]", intent.context().section())));
    }
    if intent.is_act() {
        if chord.len() != 2 || chord[0] != LEADER || !plain(&chord[1]) {
            let first = word.chars().next().unwrap_or('r');
            let hint = format!(
                "acts are a plain key behind the leader, \"{leader} {first}\"; never one key, ctrl, alt, delete or backspace"
            );
            return Some((format!("\"{word}\" is an act and \"{keys}\" would start it"), hint));
        }
        if chord[1] == CONFIRM {
            // Held a little too long it would confirm what it opened.
            return Some((format!("\"{keys}\" ends with the key that confirms"), OTHER.to_owned()));
        }
    } else if chord[0] == LEADER && context == Context::Global {
        return Some((format!("\"{leader}\" is the leader of every act, and of nothing else"), OTHER.to_owned()));
    }
    if intent == Intent::Confirm && chord != [CONFIRM] {
        return Some((format!("\"{keys}\" cannot confirm"), "only \"Y\" does".to_owned()));
    }
    None
}
