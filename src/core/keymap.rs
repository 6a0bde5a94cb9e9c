//! Which keys mean what, as data: parsed by `config`, kept in the model, read by update and by every hint on screen.

use crate::core::intent::{Context, Intent};
use crate::core::key::{Code, Key};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// One or two keys, the first of two being a leader.
pub type Chord = Vec<Key>;

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Binding {
    pub context: Context,
    pub chord: Chord,
    pub intent: Intent,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Keymap {
    /// `vim`, or the name of a person's own file.
    #[serde(default)]
    pub name: Arc<str>,
    /// The person's own file, read or not: where keys are changed. Empty when there is no place for one.
    #[serde(default)]
    pub own: Arc<str>,
    /// In file order: the first chord of an intent is the one shown.
    pub bindings: Vec<Binding>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Found {
    Nothing,
    /// The keys so far begin a longer chord.
    Prefix,
    Intent(Intent),
}

impl Keymap {
    pub fn find(&self, context: Context, keys: &[Key]) -> Found {
        let mut found = Found::Nothing;
        for b in self.bindings.iter().filter(|b| b.context == context) {
            if b.chord == keys {
                return Found::Intent(b.intent);
            }
            if b.chord.len() > keys.len() && b.chord.starts_with(keys) {
                found = Found::Prefix;
            }
        }
        found
    }

    /// The chord shown for an intent, `a r`; `None` when it is not bound.
    pub fn shown(&self, intent: Intent) -> Option<String> {
        self.chord(intent).map(|c| chord_name(c))
    }

    /// What the keys so far can go on to in one context: the keys that are left, and what they mean. In file order.
    pub fn after(&self, context: Context, keys: &[Key]) -> impl Iterator<Item = (&[Key], Intent)> {
        let longer =
            move |b: &&Binding| b.context == context && b.chord.len() > keys.len() && b.chord.starts_with(keys);
        self.bindings.iter().filter(longer).map(move |b| (&b.chord[keys.len()..], b.intent))
    }

    pub fn chord(&self, intent: Intent) -> Option<&Chord> {
        self.bindings.iter().find(|b| b.intent == intent).map(|b| &b.chord)
    }
}

/// Does a key of [global] mean this where `context` has the keys? Nothing does in text fields and dialogs, and on the first
/// list only what needs no environment.
pub fn falls_through(context: Context, intent: Intent) -> bool {
    match context {
        Context::Global | Context::List | Context::Runbook | Context::Lines => true,
        // The key that goes to the next match goes to the next act there.
        Context::Replay => intent != Intent::MatchNext,
        Context::Choose => {
            matches!(intent, Intent::Help | Intent::Quit | Intent::Repaint | Intent::Suspend | Intent::Palette)
        }
        Context::Dialog | Context::Note | Context::Field | Context::Sheet => false,
    }
}

/// `a r`, `ctrl-d`: a chord as keymap files and hints write it.
pub fn chord_name(keys: &[Key]) -> String {
    keys.iter().map(key_name).collect::<Vec<_>>().join(" ")
}

/// A key as keymap files and hints write it: `a`, `Y`, `ctrl-d`, `enter`, `space`.
pub fn key_name(key: &Key) -> String {
    let mut s = String::new();
    if key.ctrl {
        s.push_str("ctrl-");
    }
    if key.alt {
        s.push_str("alt-");
    }
    if key.shift {
        s.push_str("shift-");
    }
    match key.code {
        Code::Char(' ') => s.push_str("space"),
        Code::Char(c) => s.push(c),
        Code::Enter => s.push_str("enter"),
        Code::Esc => s.push_str("esc"),
        Code::Tab => s.push_str("tab"),
        Code::BackTab => s.push_str("shift-tab"),
        Code::Backspace => s.push_str("backspace"),
        Code::Delete => s.push_str("delete"),
        Code::Insert => s.push_str("insert"),
        Code::Up => s.push_str("up"),
        Code::Down => s.push_str("down"),
        Code::Left => s.push_str("left"),
        Code::Right => s.push_str("right"),
        Code::Home => s.push_str("home"),
        Code::End => s.push_str("end"),
        Code::PageUp => s.push_str("page-up"),
        Code::PageDown => s.push_str("page-down"),
        Code::F(n) => s.push_str(&format!("f{n}")),
    }
    s
}
