//! The config file as a whole: its top keys, and the tables for environments, sources, services and limits; and how
//! a user's file lies over the system's. Takes text, reads no file.

use crate::config::calendar::Calendar;
use crate::config::limits::{Limits, LimitsLayer, limits};
use crate::config::problem::{Problem, Severity, Told, place};
use crate::config::service::Service;
use crate::config::service::service;
use crate::config::source::{Source, SourceKind, source};
use crate::config::suggest;
use crate::config::table::{Got, Table, parse};
use crate::config::theme::Theme;
use crate::core::act::gate::Gate;
use crate::core::case::runbook::Runbook;
use crate::core::id::SourceId;
use crate::core::keymap::Keymap;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::sync::Arc;

/// A named scope with its sources. One console looks at one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Environment {
    pub name: Arc<str>,
    /// True when not said: production starts look-only.
    pub production: bool,
    /// No act at all, the way back included.
    pub read_only: bool,
    /// Names of sources, all of them known.
    pub sources: Vec<SourceId>,
    /// The program and its words that the log's head is handed to; empty: none.
    pub anchor: Vec<Arc<str>>,
    /// Gates that somebody must tell here: what is not configured is unknown.
    pub require: BTreeSet<Gate>,
    /// Lines of the two checklists that are not ticked warn.
    pub checklists: bool,
    /// Somebody else must have looked at a change before it goes forward.
    pub second_person: bool,
    /// The calendar's file, as written: beside the config, or a full path.
    pub calendar: Option<Arc<str>>,
}

/// Everything the files and `ANDON_*` say, with the defaults filled in.
#[derive(Clone, Debug, PartialEq)]
pub struct Config {
    pub environments: Vec<Environment>,
    /// In the order of the files; the faulty and the not built ones too, so that the console can show them red.
    pub sources: Vec<Source>,
    pub services: Vec<Service>,
    pub limits: Limits,
    /// The whole session is look-only.
    pub read_only: bool,
    pub tape: bool,
    /// Wheel and select with the mouse; it takes the terminal's own selecting away.
    pub mouse: bool,
    /// Ring once for new trouble.
    pub bell: bool,
    /// Name the terminal's window.
    pub title: bool,
    /// Which environment to open, when one was named.
    pub environment: Option<Arc<str>>,
    /// Who says they are here (`--as`).
    pub claimed: Option<Arc<str>>,
    /// Unix accounts that several people use: there the first act asks who one is.
    pub shared_accounts: Vec<Arc<str>>,
    pub keymap: Keymap,
    pub theme: Theme,
    /// What `theme` is called: a name, or the full path it was read from.
    pub theme_name: Arc<str>,
    /// Names that may be asked for, the shipped ones first.
    pub themes: Vec<Arc<str>>,
    /// Those of all problems that are the keymap's and the theme's, which can be read again without a restart.
    pub look_faults: Vec<Problem>,
    /// `auto`, `always`, `never`, `16`, `256` or `true`; `None`: the terminal decides.
    pub color: Option<Arc<str>>,
    /// What moves by itself moves in steps of five seconds.
    pub reduced_motion: bool,
    /// The shipped ones and the user's; one of the user's replaces a shipped one of the same name.
    pub runbooks: Vec<Arc<Runbook>>,
    /// By the name an environment gives; or what is wrong with the file, in one sentence.
    pub calendars: BTreeMap<Arc<str>, Result<Calendar, Arc<str>>>,
}

/// What one layer (a file, or the environment variables) says. `None`: nothing.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Layer {
    pub environments: Vec<Environment>,
    pub sources: Vec<Source>,
    pub services: Vec<Service>,
    pub limits: LimitsLayer,
    pub read_only: Option<bool>,
    pub tape: Option<bool>,
    pub mouse: Option<bool>,
    pub bell: Option<bool>,
    pub title: Option<bool>,
    pub environment: Option<Arc<str>>,
    pub claimed: Option<Arc<str>>,
    pub shared_accounts: Option<Vec<Arc<str>>>,
    pub keymap: Option<Wanted>,
    pub theme: Option<Wanted>,
    pub color: Option<Arc<str>>,
    pub reduced_motion: Option<bool>,
}

/// What `color` may say.
const COLOURS: [&str; 6] = ["auto", "always", "never", "16", "256", "true"];

/// A keymap or theme by name or full path, and where it is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wanted {
    pub name: Arc<str>,
    pub file: String,
    pub line: u32,
    pub col: u32,
}

/// Names that lower layers know, so that a file may use them.
#[derive(Clone, Debug, Default)]
pub struct Known {
    pub sources: Vec<SourceId>,
    pub runbooks: Vec<Arc<str>>,
}

impl Layer {
    /// Lays `self` over `below`: single settings one by one; an environment, source or service as a whole, by name.
    pub fn over(self, below: Layer) -> Layer {
        Layer {
            environments: named(self.environments, below.environments, |e| e.name.to_string()),
            sources: named(self.sources, below.sources, |s| s.name.to_string()),
            services: named(self.services, below.services, |s| s.name.to_string()),
            limits: LimitsLayer {
                confirm_delay_ms: self.limits.confirm_delay_ms.or(below.limits.confirm_delay_ms),
                arm_minutes: self.limits.arm_minutes.or(below.limits.arm_minutes),
                same_act_ms: self.limits.same_act_ms.or(below.limits.same_act_ms),
                request_timeout_ms: self.limits.request_timeout_ms.or(below.limits.request_timeout_ms),
                seen_ms: self.limits.seen_ms.or(below.limits.seen_ms),
                burn: self.limits.burn.or(below.limits.burn),
            },
            read_only: self.read_only.or(below.read_only),
            tape: self.tape.or(below.tape),
            mouse: self.mouse.or(below.mouse),
            bell: self.bell.or(below.bell),
            title: self.title.or(below.title),
            environment: self.environment.or(below.environment),
            claimed: self.claimed.or(below.claimed),
            shared_accounts: self.shared_accounts.or(below.shared_accounts),
            keymap: self.keymap.or(below.keymap),
            theme: self.theme.or(below.theme),
            color: self.color.or(below.color),
            reduced_motion: self.reduced_motion.or(below.reduced_motion),
        }
    }
}

fn named<T>(over: Vec<T>, below: Vec<T>, name: impl Fn(&T) -> String) -> Vec<T> {
    let taken: BTreeSet<String> = over.iter().map(&name).collect();
    let mut all: Vec<T> = below.into_iter().filter(|t| !taken.contains(&name(t))).collect();
    all.extend(over);
    all
}

/// Reads the text of one file.
pub fn layer(told: &mut Told<'_>, known: &Known) -> Layer {
    let (map, faults) = parse(told);
    let mut file = Table::new(&map, "", 0..0);
    let mut layer = Layer {
        read_only: safety(&mut file, "read_only", told),
        tape: file.flag(told, "tape").ok(),
        mouse: file.flag(told, "mouse").ok(),
        bell: file.flag(told, "bell").ok(),
        title: file.flag(told, "title").ok(),
        environment: file.text(told, "default_environment").ok().map(Arc::from),
        claimed: file.text(told, "as").ok().map(Arc::from),
        shared_accounts: shared(&mut file, told),
        keymap: wanted(&mut file, "keymap", told),
        theme: wanted(&mut file, "theme", told),
        color: color(&mut file, told),
        reduced_motion: file.flag(told, "reduced_motion").ok(),
        limits: match file.table(told, "limits") {
            Got::Is(mut t, _) => {
                let read = limits(&mut t, told);
                t.finish(told);
                read
            }
            Got::Absent => LimitsLayer::default(),
            Got::Wrong => LimitsLayer::strictest(),
        },
        ..Layer::default()
    };
    for (name, table) in tables(&mut file, "source", told) {
        if is_name(name, &table, told) {
            layer.sources.push(source(name, table, told));
        }
    }
    for (name, table) in tables(&mut file, "service", told) {
        layer.services.push(service(name, table, &known.runbooks, told));
    }
    let sources: Vec<SourceId> =
        layer.sources.iter().map(|s| s.name.clone()).chain(known.sources.iter().cloned()).collect();
    for (name, table) in tables(&mut file, "environment", told) {
        if is_environment_name(name, &table, told) {
            layer.environments.push(environment(name, table, &sources, told));
        }
    }
    unused(&layer, &mut file, told);
    file.later(told, &["include"]);
    file.finish(told);
    if !faults.is_empty() {
        strict_after_faults(&mut layer, &faults, told.text());
    }
    layer
}

/// A part of the file could not be read, and a safety setting may have stood in it.
fn strict_after_faults(layer: &mut Layer, faults: &[Range<usize>], text: &str) {
    for e in &mut layer.environments {
        e.production = true;
    }
    // `read_only` closes the way back, so it is taken from a line that cannot be read only if it stands on it.
    let lost = faults.iter().any(|f| {
        let at = (0..=f.start.min(text.len())).rev().find(|i| text.is_char_boundary(*i));
        let at = at.unwrap_or(0);
        let from = text[..at].rfind('\n').map_or(0, |n| n + 1);
        let to = text[at..].find('\n').map_or(text.len(), |n| at + n);
        text[from..to].contains("read_only")
    });
    if lost {
        layer.read_only = Some(true);
    }
}

fn tables<'a, 't>(file: &mut Table<'a, 't>, key: &'static str, told: &mut Told<'_>) -> Vec<(&'a str, Table<'a, 't>)> {
    match file.table(told, key) {
        Got::Is(mut t, _) => t.each(told),
        Got::Absent | Got::Wrong => Vec::new(),
    }
}

fn safety(table: &mut Table<'_, '_>, key: &'static str, told: &mut Told<'_>) -> Option<bool> {
    match table.flag(told, key) {
        Got::Absent => None,
        Got::Wrong => Some(true),
        Got::Is(b, _) => Some(b),
    }
}

fn color(table: &mut Table<'_, '_>, told: &mut Told<'_>) -> Option<Arc<str>> {
    let Got::Is(word, at) = table.text(told, "color") else { return None };
    if COLOURS.contains(&word) {
        return Some(Arc::from(word));
    }
    let hint = suggest::hint(word, COLOURS);
    told.error(&at, format!("\"{word}\" is no colour level"), hint);
    None
}

/// A list that cannot be read counts as not written: then the shipped one holds, which asks.
fn shared(table: &mut Table<'_, '_>, told: &mut Told<'_>) -> Option<Vec<Arc<str>>> {
    let names = table.texts(told, "shared_accounts").ok()?;
    Some(names.into_iter().map(|(name, _)| Arc::from(name)).collect())
}

fn wanted(table: &mut Table<'_, '_>, key: &'static str, told: &mut Told<'_>) -> Option<Wanted> {
    match table.text(told, key) {
        Got::Is(s, at) => {
            let (line, col) = place(told.text(), at.start);
            Some(Wanted { name: Arc::from(s), file: told.file().to_owned(), line, col })
        }
        Got::Absent | Got::Wrong => None,
    }
}

fn environment(name: &str, mut table: Table<'_, '_>, known: &[SourceId], told: &mut Told<'_>) -> Environment {
    let production = table.flag(told, "production").or_strict(true, true);
    let read_only = safety(&mut table, "read_only", told).unwrap_or(false);
    let mut sources: Vec<SourceId> = Vec::new();
    let listed = table.texts(told, "sources");
    if listed == Got::Absent {
        let what = format!("{} has no \"sources\"", table.name());
        let hint = Some("write sources = [\"...\"]".to_owned());
        told.error(&table.span().clone(), what, hint);
    }
    for (wanted, at) in listed.ok().unwrap_or_default() {
        if let Some(id) = known.iter().find(|k| k.as_str() == wanted) {
            if sources.contains(id) {
                let what = format!("source \"{wanted}\" is listed twice");
                told.add(Severity::Warning, &at, what, None);
            } else {
                sources.push(id.clone());
            }
        } else {
            let hint = suggest::hint(wanted, known.iter().map(SourceId::as_str))
                .or_else(|| Some(format!("write [source.{wanted}]")));
            told.error(&at, format!("unknown source \"{wanted}\""), hint);
        }
    }
    let anchor = anchor(&mut table, told);
    let require = required(&mut table, told);
    let checklists = table.flag(told, "checklists").or_strict(false, true);
    let second_person = table.flag(told, "second_person").or_strict(false, true);
    let calendar = match table.text(told, "calendar") {
        Got::Is(path, _) => Some(Arc::from(path)),
        Got::Absent => None,
        // Asked for and not to be had: the gate must not say "not configured".
        Got::Wrong => Some(Arc::from("")),
    };
    table.later(told, &["change_windows", "arm_minutes", "confirm_delay"]);
    table.finish(told);
    let name = Arc::from(name);
    Environment { name, production, read_only, sources, anchor, require, checklists, second_person, calendar }
}

/// `require = ["signature", "ci"]`. A list that cannot be read asks for all: a gate too many warns, one too few does not.
fn required(table: &mut Table<'_, '_>, told: &mut Told<'_>) -> BTreeSet<Gate> {
    let words = match table.texts(told, "require") {
        Got::Absent => return BTreeSet::new(),
        Got::Wrong => return Gate::TOLD.into_iter().map(|(_, g)| g).collect(),
        Got::Is(words, _) => words,
    };
    let mut out = BTreeSet::new();
    for (word, at) in words {
        match Gate::TOLD.into_iter().find(|(w, _)| *w == word) {
            Some((_, gate)) => _ = out.insert(gate),
            None => {
                let hint = suggest::hint(word, Gate::TOLD.into_iter().map(|(w, _)| w));
                told.error(&at, format!("\"{word}\" is no gate that can be required"), hint);
            }
        }
    }
    out
}

/// A program and its words, run without a shell.
fn anchor(table: &mut Table<'_, '_>, told: &mut Told<'_>) -> Vec<Arc<str>> {
    let Got::Is(words, at) = table.texts(told, "anchor") else { return Vec::new() };
    if words.first().is_none_or(|(program, _)| program.is_empty()) {
        let hint = Some("write anchor = [\"program\", \"word\"]".to_owned());
        told.error(&at, "\"anchor\" names no program".to_owned(), hint);
        return Vec::new();
    }
    words.into_iter().map(|(w, _)| Arc::from(w)).collect()
}

fn unused(layer: &Layer, file: &mut Table<'_, '_>, told: &mut Told<'_>) {
    if layer.environments.is_empty() {
        return;
    }
    for (name, table) in tables(file, "source", told) {
        let used = layer.environments.iter().any(|e| e.sources.iter().any(|s| s.as_str() == name));
        if !used {
            let what = format!("no environment uses source \"{name}\"");
            told.add(Severity::Warning, &table.span().clone(), what, None);
        }
    }
}

/// A name a person types in a dialog and a directory is called by.
fn is_name(name: &str, table: &Table<'_, '_>, told: &mut Told<'_>) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    let good = !name.is_empty() && name.len() <= 30 && name.chars().all(plain) && !name.starts_with(['.', '-']);
    if !good {
        let hint = "up to 30 of a-z A-Z 0-9 - _ . and no dot or dash in front".to_owned();
        told.error(&table.span().clone(), format!("\"{name}\" is not a name"), Some(hint));
    }
    good
}

fn is_environment_name(name: &str, table: &Table<'_, '_>, told: &mut Told<'_>) -> bool {
    if matches!(name.to_ascii_lowercase().as_str(), "drill" | "replay" | "exercise") {
        let what = format!("environment \"{name}\" would look like andon's own");
        told.error(&table.span().clone(), what, Some("take another name".to_owned()));
        return false;
    }
    is_name(name, table, told)
}

impl Config {
    pub fn environment_named(&self, name: &str) -> Option<&Environment> {
        self.environments.iter().find(|e| &*e.name == name)
    }

    pub fn source(&self, id: &SourceId) -> Option<&Source> {
        self.sources.iter().find(|s| s.name == *id)
    }

    /// Why a source is red from the start; `None`: it can be tried.
    pub fn red(&self, id: &SourceId) -> Option<String> {
        match &self.source(id)?.kind {
            SourceKind::Kubernetes(_) | SourceKind::Prometheus(_) => None,
            SourceKind::NotInThisVersion(what) => Some(format!("{what}: not in this version")),
            SourceKind::Faulty(why) => Some(format!("{why}; see andon config check")),
        }
    }
}

#[cfg(test)]
mod tests;
