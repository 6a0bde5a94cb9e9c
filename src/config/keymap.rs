//! The keymaps: four shipped ones embedded, and a person's file on top of one, checked so that no file can make an act
//! easier, hide the way back or leave a key with two meanings. Knows no screens.

use crate::config::chord;
use crate::config::problem::{Problem, Told};
use crate::config::suggest;
use crate::config::table::{self, Row, Table};
use crate::core::intent::{Context, Intent};
use crate::core::key::{Code, Key};
use crate::core::keymap::{Binding, Chord, Keymap, chord_name, falls_through};
use std::ops::Range;
use std::path::Path;
use std::sync::Arc;
use toml::de::DeValue;

mod rules;

/// The shipped maps by name, the one that is used when nobody asks for another first. The others hold what differs
/// from it.
pub const SHIPPED: [(&str, &str); 4] = [
    ("default", include_str!("../../keymaps/default.toml")),
    ("vim", include_str!("../../keymaps/vim.toml")),
    ("emacs", include_str!("../../keymaps/emacs.toml")),
    ("k9s", include_str!("../../keymaps/k9s.toml")),
];
/// A file that builds on nothing says so with this word.
const SCRATCH: &str = "none";
/// The leader of every act (product.md section 4). Fixed: hands that learned it find it under every map.
const LEADER: Key = Key::char('a');

/// The shipped keymap that nobody has to ask for. A test holds it free of problems.
pub fn default_keymap() -> Keymap {
    made("default", bindings(SHIPPED[0]))
}

/// A shipped keymap; `None`: there is none of this name.
pub fn shipped(name: &str) -> Option<Keymap> {
    SHIPPED.iter().find(|(n, _)| *n == name).map(|s| made(s.0, bindings(*s)))
}

fn made(name: &str, bindings: Vec<Binding>) -> Keymap {
    Keymap { name: Arc::from(name), own: Arc::default(), bindings }
}

fn bindings((name, text): (&str, &str)) -> Vec<Binding> {
    layer(&mut Told::new(name, text), if name == "default" { None } else { Some("default") })
}

/// What a person's file makes of the map it builds on: a key given there replaces that map's meaning of it, `"none"`
/// unbinds it. It builds on the shipped map of its own name, or on what `inherits` says, or on `default`. A line with a
/// fault is left out, so the key keeps its shipped meaning.
pub fn keymap(file: &str, text: &str) -> (Keymap, Vec<Problem>) {
    let stem = Path::new(file).file_stem().map_or_else(|| file.into(), |s| s.to_string_lossy());
    let base = SHIPPED.iter().find(|(n, _)| *n == stem).map_or("default", |s| s.0);
    let mut told = Told::new(file, text);
    let bindings = layer(&mut told, Some(base));
    (Keymap { own: Arc::from(file), ..made(&stem, bindings) }, told.into_problems())
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

/// `base`: the map it builds on; `None`: this is the one all others build on.
fn layer(told: &mut Told<'_>, base: Option<&str>) -> Vec<Binding> {
    let (map, _) = table::parse(told);
    let table = Table::new(&map, "", 0..0);
    let base = inherits(&table, told).or(base);
    let below = SHIPPED.iter().find(|(n, _)| Some(*n) == base).map(|s| bindings(*s)).unwrap_or_default();
    let lines = lines(&table, told);
    let same = |b: &Binding, l: &Line| l.context == b.context && l.chord == b.chord;
    let mut kept: Vec<Binding> = below.iter().filter(|b| !lines.iter().any(|l| same(b, l))).cloned().collect();
    // Own bindings go first: the first chord of an intent is the one help shows.
    let mut own: Vec<Binding> = Vec::new();
    for line in &lines {
        let Some(intent) = line.intent else { continue };
        let new = Binding { context: line.context, chord: line.chord.clone(), intent };
        if let Some(other) = own.iter().chain(&kept).find(|b| collide(b, &new)) {
            told.error(&line.at, conflict(&new, other), free(other));
            // Its own line is at fault, so what it stood for stays.
            if let Some(was) = below.iter().find(|b| same(b, line))
                && !own.iter().chain(&kept).any(|b| collide(b, was))
            {
                kept.push(was.clone());
            }
        } else {
            own.push(new);
        }
    }
    own.append(&mut kept);
    match base {
        None => {}
        Some(SCRATCH) => restore(&bindings(SHIPPED[0]), &lines, &mut own, told),
        Some(_) => restore(&below, &lines, &mut own, told),
    }
    own
}

/// Two bindings one of which could never be reached, or would need a wait to tell them apart: in one context, or where a
/// key that is not the place's own falls through to [global].
fn collide(a: &Binding, b: &Binding) -> bool {
    let together = a.context == b.context
        || (b.context == Context::Global && falls_through(a.context, b.intent))
        || (a.context == Context::Global && falls_through(b.context, a.intent));
    together && (a.chord.starts_with(&b.chord) || b.chord.starts_with(&a.chord))
}

fn conflict(new: &Binding, other: &Binding) -> String {
    let (mine, theirs) = (chord_name(&new.chord), chord_name(&other.chord));
    let (here, there) = (new.context.section(), other.context.section());
    let word = other.intent.name();
    if new.chord != other.chord && new.context == other.context {
        format!("\"{mine}\" and \"{theirs}\" ({word}) in [{here}] begin with the same key")
    } else if new.chord != other.chord {
        format!("\"{mine}\" in [{here}] and \"{theirs}\" ({word}) in [{there}] begin with the same key")
    } else if new.context == other.context {
        format!("\"{mine}\" is bound twice in [{here}]: \"{word}\" and \"{}\"", new.intent.name())
    } else {
        format!("\"{mine}\" is \"{word}\" in [{there}] and would be \"{}\" in [{here}]", new.intent.name())
    }
}

/// How a key is freed; what must keep its key cannot be.
fn free(other: &Binding) -> Option<String> {
    let keys = chord_name(&other.chord);
    if other.intent.is_act() || other.chord == [Key::plain(Code::Esc)] {
        return Some("take another key".to_owned());
    }
    Some(format!("\"{keys}\" = \"none\" in [{}] frees it", other.context.section()))
}

/// What a person must always reach keeps its shipped key: acts, their confirmation, no, help, leaving.
fn restore(base: &[Binding], lines: &[Line], own: &mut Vec<Binding>, told: &mut Told<'_>) {
    // Putting one back may take another's key away, so until nothing is missing; every turn puts a shipped line back,
    // and those do not collide with each other.
    loop {
        let Some(b) = base.iter().find(|b| is_missing(b, own)) else { return };
        let what = format!("\"{}\" is left without a key", b.intent.name());
        let hint = format!("\"{}\" keeps it", chord_name(&b.chord));
        let line = lines.iter().find(|l| l.context == b.context && l.chord == b.chord);
        told.error(&line.map_or(0..0, |l| l.at.clone()), what, Some(hint));
        own.retain(|o| !collide(o, b));
        own.push(b.clone());
    }
}

fn is_missing(b: &Binding, own: &[Binding]) -> bool {
    let needed = b.intent.is_act()
        || matches!(
            b.intent,
            Intent::Confirm
                | Intent::Back
                | Intent::Help
                | Intent::Quit
                | Intent::NoteKeep
                | Intent::NoteLeave
                | Intent::FieldTake
                | Intent::FieldLeave
        );
    // Esc is always no, beside whatever else is.
    let esc = b.chord == [Key::plain(Code::Esc)];
    let is_here = |o: &Binding| o.intent == b.intent && (!esc || o.chord == b.chord);
    needed && !own.iter().any(is_here)
}

/// The map a file builds on, when it says so and there is such a one.
fn inherits(table: &Table<'_, '_>, told: &mut Told<'_>) -> Option<&'static str> {
    let row = table.rows().into_iter().find(|r| r.key == "inherits")?;
    let names = SHIPPED.map(|s| s.0).into_iter().chain([SCRATCH]);
    let DeValue::String(wanted) = row.value else {
        let what = format!("\"inherits\" is {}", table::kind(row.value));
        told.error(&row.at, what, Some("it must be a keymap's name in quotes".to_owned()));
        return None;
    };
    let found = names.clone().find(|n| *n == wanted.as_ref());
    if found.is_none() {
        told.error(&row.at, format!("unknown keymap \"{wanted}\""), suggest::hint(wanted, names));
    }
    found
}

fn lines(table: &Table<'_, '_>, told: &mut Told<'_>) -> Vec<Line> {
    let mut lines = Vec::new();
    for Row { key: section, key_at, value, .. } in table.rows().into_iter().filter(|r| r.key != "inherits") {
        let context = Context::ALL.into_iter().find(|c| c.section() == section);
        match (context, value) {
            (Some(context), DeValue::Table(rows)) => {
                let rows = Table::new(rows, "", key_at).rows();
                lines.extend(rows.iter().filter_map(|row| line(context, row, told)));
            }
            (Some(_), other) => {
                let what = format!("\"{section}\" is {}", table::kind(other));
                told.error(&key_at, what, Some(format!("write [{section}]")));
            }
            (None, _) => {
                let names = Context::ALL.map(Context::section).into_iter().chain(["inherits"]);
                told.error(&key_at, format!("unknown section \"{section}\""), suggest::hint(section, names));
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
    if let Some((what, hint)) = rules::refused(context, &chord, intent) {
        told.error(&row.key_at, what, Some(hint));
        return None;
    }
    Some(Line { context, chord, intent, at: row.key_at.clone() })
}

#[cfg(test)]
mod tests;
