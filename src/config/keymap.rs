//! The keymap: the embedded default, and a person's file on top of it, checked so that no file can make an act easier,
//! hide the way back or leave a key with two meanings. Knows no screens.

use crate::config::chord;
use crate::config::problem::{Problem, Told};
use crate::config::suggest;
use crate::config::table::{self, Row, Table};
use crate::core::intent::{Context, Intent};
use crate::core::key::{Code, Key};
use crate::core::keymap::{Binding, Chord, Keymap, key_name};
use std::ops::Range;
use toml::de::DeValue;

/// The shipped keys.
pub const DEFAULT: &str = include_str!("../../keymaps/default.toml");
/// Where the problems of the shipped keys would be told.
const DEFAULT_NAME: &str = "keymaps/default.toml";
/// The leader of every act (product.md section 4).
const LEADER: Key = Key::char('a');
/// Flow control, and the prefixes of screen and tmux: they never arrive (terminal rules 2.5).
const NEVER: [Key; 4] = [Key::ctrl('s'), Key::ctrl('q'), Key::ctrl('a'), Key::ctrl('b')];

/// The shipped keymap. A test holds it free of problems.
pub fn default_keymap() -> Keymap {
    let mut told = Told::new(DEFAULT_NAME, DEFAULT);
    Keymap { bindings: layer(&[], &mut told) }
}

/// The shipped keymap with `text` on top: a key given there replaces the shipped meaning of that key, `"none"` unbinds it.
/// A line with a fault is left out.
pub fn keymap(file: &str, text: &str) -> (Keymap, Vec<Problem>) {
    let mut told = Told::new(file, text);
    let bindings = layer(&default_keymap().bindings, &mut told);
    (Keymap { bindings }, told.into_problems())
}

/// One line of a file.
struct Line {
    context: Context,
    chord: Chord,
    /// `None`: unbind.
    intent: Option<Intent>,
    /// Where the chord stands.
    at: Range<usize>,
}

fn layer(base: &[Binding], told: &mut Told<'_>) -> Vec<Binding> {
    let (map, _) = table::parse(told);
    let lines = lines(&Table::new(&map, "", 0..0), told);
    let mut kept: Vec<Binding> =
        base.iter().filter(|b| !lines.iter().any(|l| l.context == b.context && l.chord == b.chord)).cloned().collect();
    // Own bindings go first: the first chord of an intent is the one help shows.
    let mut own: Vec<Binding> = Vec::new();
    for line in lines {
        let Some(intent) = line.intent else { continue };
        let new = Binding { context: line.context, chord: line.chord, intent };
        if let Some(other) = own.iter().chain(&kept).find(|b| collide(b, &new)) {
            told.error(&line.at, conflict(&new, other), None);
        } else {
            own.push(new);
        }
    }
    own.append(&mut kept);
    restore(base, &mut own, told);
    own
}

/// Two bindings one of which could never be reached, or would need a wait to tell them apart.
fn collide(a: &Binding, b: &Binding) -> bool {
    a.context == b.context && (a.chord.starts_with(&b.chord) || b.chord.starts_with(&a.chord))
}

fn conflict(new: &Binding, other: &Binding) -> String {
    let (mine, theirs) = (name(&new.chord), name(&other.chord));
    let section = new.context.section();
    if new.chord == other.chord {
        format!("\"{mine}\" is bound twice in [{section}]: \"{}\" and \"{}\"", other.intent.name(), new.intent.name())
    } else {
        format!("\"{mine}\" and \"{theirs}\" ({}) in [{section}] begin with the same key", other.intent.name())
    }
}

/// What a person must always reach keeps its shipped key: acts, their confirmation, no, help, leaving.
fn restore(base: &[Binding], own: &mut Vec<Binding>, told: &mut Told<'_>) {
    // Putting one back may take another's key away, so until nothing is missing; every turn puts a shipped line back,
    // and those do not collide with each other.
    loop {
        let missing = base.iter().find(|b| is_needed(b.intent) && !has(own, b.intent));
        let Some(b) = missing else { return };
        let what = format!("\"{}\" is left without a key", b.intent.name());
        let hint = format!("\"{}\" keeps it", name(&b.chord));
        told.error(&(0..0), what, Some(hint));
        own.retain(|o| !collide(o, b));
        own.push(b.clone());
    }
}

fn has(bindings: &[Binding], intent: Intent) -> bool {
    bindings.iter().any(|b| b.intent == intent)
}

fn is_needed(intent: Intent) -> bool {
    intent.is_act()
        || matches!(
            intent,
            Intent::Confirm | Intent::Back | Intent::Help | Intent::Quit | Intent::NoteKeep | Intent::NoteLeave
        )
}

fn lines(table: &Table<'_, '_>, told: &mut Told<'_>) -> Vec<Line> {
    let mut lines = Vec::new();
    for Row { key: section, key_at, value, .. } in table.rows() {
        let context = Context::ALL.into_iter().find(|c| c.section() == section);
        match (context, value) {
            (Some(context), DeValue::Table(rows)) => {
                let rows = Table::new(rows, "", key_at).rows();
                lines.extend(rows.iter().filter_map(|row| line(context, row, told)));
            }
            (None, DeValue::String(s)) if section == "inherits" => {
                if s.as_ref() != "default" {
                    let hint = Some("the only keymap to build on is \"default\"".to_owned());
                    told.error(&key_at, format!("unknown keymap \"{s}\""), hint);
                }
            }
            (Some(_), other) => {
                let what = format!("\"{section}\" is {}", table::kind(other));
                told.error(&key_at, what, Some(format!("write [{section}]")));
            }
            (None, _) => {
                let hint = suggest::hint(section, Context::ALL.map(Context::section));
                told.error(&key_at, format!("unknown section \"{section}\""), hint);
            }
        }
    }
    lines
}

fn line(context: Context, row: &Row<'_, '_>, told: &mut Told<'_>) -> Option<Line> {
    let chord = match chord::chord(row.key) {
        Ok(chord) => chord,
        Err(bad) => {
            told.error(&row.key_at, bad.what, Some(bad.hint));
            return None;
        }
    };
    let DeValue::String(word) = row.value else {
        let what = format!("\"{}\" is {}", row.key, table::kind(row.value));
        let hint = "it must be an intent's name in quotes, or \"none\"".to_owned();
        told.error(&row.at, what, Some(hint));
        return None;
    };
    let intent = if word.as_ref() == "none" {
        None
    } else if let Some(intent) = Intent::from_name(word) {
        Some(intent)
    } else {
        let here = Intent::ALL.iter().filter(|i| i.context() == context);
        // A name of another section may be the one meant; the list of what is allowed is this section's.
        let hint = suggest::nearest(word, Intent::ALL.iter().map(|i| i.name()))
            .map(|near| format!("did you mean \"{near}\"?"))
            .or_else(|| suggest::hint(word, here.map(|i| i.name())));
        told.error(&row.at, format!("unknown intent \"{word}\""), hint);
        return None;
    };
    if let Some((what, hint)) = refused(context, &chord, intent) {
        told.error(&row.key_at, what, Some(hint));
        return None;
    }
    Some(Line { context, chord, intent, at: row.key_at.clone() })
}

/// Why this binding may not be, and what to do instead.
fn refused(context: Context, chord: &[Key], intent: Option<Intent>) -> Option<(String, String)> {
    let keys = name(chord);
    let plain = |k: &Key| matches!(k.code, Code::Char(c) if c != ' ') && !k.ctrl && !k.alt;
    let leader = name(&[LEADER]);
    if let Some(never) = chord.iter().find(|k| NEVER.contains(k)) {
        let what = format!("\"{}\" cannot be bound", key_name(never));
        return Some((
            what,
            "terminals and multiplexers keep ctrl-s, ctrl-q, ctrl-a and ctrl-b for themselves".to_owned(),
        ));
    }
    if chord.contains(&Key::plain(Code::Esc))
        && !matches!(intent, Some(Intent::Back | Intent::NoteLeave | Intent::FieldLeave))
    {
        let what = "\"esc\" is always no".to_owned();
        return Some((what, "take another key".to_owned()));
    }
    // Where keys fall through to [global], the leader must: the way back is behind it.
    if matches!(context, Context::List | Context::Runbook) && chord.first() == Some(&LEADER) {
        let what = format!("\"{keys}\" hides the acts behind \"{leader}\"");
        return Some((what, "take another key".to_owned()));
    }
    if context == Context::Dialog && chord == [Key::char('Y')] && intent != Some(Intent::Confirm) {
        let what = "\"Y\" is the confirmation in every dialog".to_owned();
        return Some((what, "take another key".to_owned()));
    }
    let intent = intent?;
    if intent.context() != context {
        let what = format!("\"{}\" does not belong in [{}]", intent.name(), context.section());
        return Some((what, format!("move it to [{}]", intent.context().section())));
    }
    if intent.is_act() {
        let behind = chord.len() == 2 && chord[0] == LEADER;
        if !behind || !plain(&chord[1]) {
            let what = format!("\"{}\" is an act and \"{keys}\" would start it", intent.name());
            let hint = format!(
                "acts are a plain key behind the leader, \"{leader} {}\"; never one key, ctrl, alt, delete or backspace",
                intent.name().chars().next().unwrap_or('r')
            );
            return Some((what, hint));
        }
    } else if chord.len() == 1 && chord[0] == LEADER && context == Context::Global {
        let what = format!("\"{leader}\" is the leader of every act");
        return Some((what, "take another key".to_owned()));
    }
    if intent == Intent::Confirm && chord != [Key::char('Y')] {
        let what = format!("\"{keys}\" cannot confirm");
        return Some((what, "only \"Y\" does".to_owned()));
    }
    if context == Context::Note && plain(&chord[0]) {
        let what = format!("\"{keys}\" is text where a note is written");
        return Some((what, "take a key such as \"ctrl-o\"".to_owned()));
    }
    None
}

fn name(chord: &[Key]) -> String {
    chord.iter().map(key_name).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests;
