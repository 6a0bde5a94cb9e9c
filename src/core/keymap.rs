//! Which keys mean what, as data: parsed by `config`, kept in the model, read by update and by every hint on screen.

use crate::core::intent::{Context, Intent};
use crate::core::key::{Code, Key};
use serde::{Deserialize, Serialize};

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
        self.chord(intent).map(|c| c.iter().map(key_name).collect::<Vec<_>>().join(" "))
    }

    pub fn chord(&self, intent: Intent) -> Option<&Chord> {
        self.bindings.iter().find(|b| b.intent == intent).map(|b| &b.chord)
    }
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
