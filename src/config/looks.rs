//! Keymap and theme files: found by name, read at the start and again by `:reload`. A file at fault changes nothing that
//! is in force. Knows no terminal; sources, services and policy are not its matter.

use crate::config::file::{Config, Layer, Wanted};
use crate::config::load::{self, Paths};
use crate::config::problem::{Problem, Severity};
use crate::config::theme::{self, Theme};
use crate::config::{keymap, suggest};
use crate::core::keymap::Keymap;
use crate::core::msg::Reloaded;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Themes of one's own that are listed; more is no list a person reads.
const LISTED: usize = 100;

/// What the files say, and what is wrong with them.
#[derive(Clone, Debug)]
pub struct Looks {
    pub keymap: Keymap,
    pub keymap_faults: Vec<Problem>,
    pub theme: Theme,
    /// A name, or a full path; `default` where the one asked for cannot be had.
    pub theme_name: Arc<str>,
    pub theme_faults: Vec<Problem>,
    /// Names that may be asked for, the shipped ones first.
    pub themes: Vec<Arc<str>>,
}

/// Reads what is asked for. What is faulty falls back to what ships, part by part.
pub fn read(paths: &Paths, keymap: Option<&Wanted>, theme: Option<&Wanted>) -> Looks {
    let (keymap, keymap_faults) = keymap_of(keymap, paths);
    let (theme_name, theme, theme_faults) = theme_of(theme, paths);
    Looks { keymap, keymap_faults, theme, theme_name, theme_faults, themes: names(paths.dir.as_deref()) }
}

fn keymap_of(wanted: Option<&Wanted>, paths: &Paths) -> (Keymap, Vec<Problem>) {
    let mut problems = Vec::new();
    let map = match load::custom("keymap", wanted, &load::KEYMAPS_LATER, paths, &mut problems) {
        Some((file, text)) => {
            let (map, mut faults) = keymap::keymap(&file, &text);
            problems.append(&mut faults);
            map
        }
        None => keymap::default_keymap(),
    };
    (map, problems)
}

/// A file of one's own goes before a shipped theme of its name; `default` is always the shipped one.
fn theme_of(wanted: Option<&Wanted>, paths: &Paths) -> (Arc<str>, Theme, Vec<Problem>) {
    let mut problems = Vec::new();
    let default = || (Arc::from("default"), theme::default_theme());
    let own = |name: &str| paths.dir.as_deref().is_some_and(|d| file_of(d, name).exists());
    let (name, theme) = match wanted {
        None => default(),
        Some(w) => match theme::shipped(&w.name).filter(|_| &*w.name == "default" || !own(&w.name)) {
            Some(theme) => (w.name.clone(), theme),
            None => match load::custom("theme", Some(w), &[], paths, &mut problems) {
                Some((file, text)) => {
                    let (theme, mut faults) = theme::theme(&file, &text);
                    problems.append(&mut faults);
                    (w.name.clone(), theme)
                }
                None => default(),
            },
        },
    };
    (name, theme, problems)
}

fn file_of(dir: &Path, name: &str) -> PathBuf {
    dir.join("themes").join(format!("{name}.toml"))
}

/// The shipped names, then those of the user's files in the order of the alphabet.
pub fn names(dir: Option<&Path>) -> Vec<Arc<str>> {
    let mut all: Vec<Arc<str>> = theme::SHIPPED.iter().map(|(n, _)| Arc::from(*n)).collect();
    let Some(Ok(entries)) = dir.map(|d| std::fs::read_dir(d.join("themes"))) else { return all };
    let own: BTreeSet<String> = entries
        .filter_map(|e| Some(e.ok()?.path()))
        .filter(|p| p.extension().is_some_and(|e| e == "toml"))
        .filter_map(|p| Some(p.file_stem()?.to_str()?.to_owned()))
        .filter(|n| !theme::SHIPPED.iter().any(|(shipped, _)| shipped == n))
        .collect();
    all.extend(own.into_iter().take(LISTED).map(Arc::from));
    all
}

/// One theme by name, sound from end to end. Errors: the first fault, as `file:line:column` and what it is.
pub fn theme_named(paths: &Paths, name: &str) -> Result<Theme, String> {
    let known = names(paths.dir.as_deref());
    if !name.starts_with('/') && !known.iter().any(|k| &**k == name) {
        let hint = suggest::hint(name, known.iter().map(|k| &**k)).unwrap_or_default();
        return Err(format!("there is no theme \"{name}\" - {hint}"));
    }
    let (_, theme, problems) = theme_of(Some(&named(name)), paths);
    match errors(&problems).next() {
        Some(fault) => Err(fault.to_string()),
        None => Ok(theme),
    }
}

fn errors(problems: &[Problem]) -> impl Iterator<Item = &Problem> {
    problems.iter().filter(|p| p.severity == Severity::Error)
}

/// What is in force, and where it came from.
#[derive(Clone, Debug)]
pub struct Wardrobe {
    paths: Paths,
    env: BTreeMap<String, String>,
    /// `--theme`: the files do not matter for the theme's name.
    flag: Option<Arc<str>>,
    /// The theme in force was tried by hand, not asked for.
    tried: bool,
    keymap: Keymap,
    theme: Theme,
    theme_name: Arc<str>,
    /// The name that flag or files asked for when they were last read.
    asked: Arc<str>,
    /// All that the config files say but keymap and theme, as it was at the start.
    rest: Layer,
    /// Problems that only a restart can end.
    others: Vec<Problem>,
}

impl Wardrobe {
    /// `config` is what was loaded and is in force; `problems` are all of its problems. `flag`: `--theme`.
    pub fn new(
        paths: Paths,
        env: BTreeMap<String, String>,
        config: &Config,
        problems: &[Problem],
        flag: Option<Arc<str>>,
    ) -> Wardrobe {
        let ((_, theme), rest) = asked(&paths, &env);
        let asked = wish(flag.as_ref(), theme).name;
        let others = errors(problems).filter(|p| !config.look_faults.contains(p)).cloned().collect();
        Wardrobe {
            paths,
            env,
            flag,
            tried: false,
            keymap: config.keymap.clone(),
            theme: config.theme.clone(),
            theme_name: config.theme_name.clone(),
            asked,
            rest,
            others,
        }
    }

    /// Takes a theme, to be drawn with from now on. Errors: why it stays as it was.
    pub fn theme(&mut self, name: &str) -> Result<Theme, String> {
        let theme = theme_named(&self.paths, name)?;
        self.theme_name = Arc::from(name);
        self.theme = theme.clone();
        self.tried = true;
        Ok(theme)
    }

    /// Reads the files again. The theme, where it has changed; and what is to be told.
    ///
    /// A theme that was tried stays until the files ask for another one. Sources, services, limits and policy are not
    /// taken up: that a session could loosen them while armed must not be.
    pub fn reload(&mut self) -> (Option<Theme>, Reloaded) {
        let ((keymap, theme), rest) = asked(&self.paths, &self.env);
        let files = wish(self.flag.as_ref(), theme);
        self.tried &= files.name == self.asked;
        self.asked = files.name.clone();
        let theme = if self.tried { named(&self.theme_name) } else { files };
        let read = read(&self.paths, keymap.as_ref(), Some(&theme));
        let mut changes: Vec<Arc<str>> = Vec::new();
        let mut map = None;
        if errors(&read.keymap_faults).next().is_none() && read.keymap != self.keymap {
            let n = differences(&self.keymap, &read.keymap);
            changes.push(match n {
                0 => "the order of keys changed".into(),
                1 => "1 key changed".into(),
                n => format!("{n} keys changed").into(),
            });
            self.keymap = read.keymap.clone();
            map = Some(read.keymap);
        }
        let mut look = None;
        if errors(&read.theme_faults).next().is_none()
            && (read.theme_name != self.theme_name || read.theme != self.theme)
        {
            let same = read.theme_name == self.theme_name;
            changes.push(format!("theme {}{}", read.theme_name, if same { " changed" } else { "" }).into());
            self.theme_name = read.theme_name;
            self.theme = read.theme.clone();
            look = Some(read.theme);
        }
        if rest != self.rest {
            changes.push("config.toml has other changes: they need a restart".into());
        }
        let faults: Vec<&Problem> = errors(&read.keymap_faults).chain(errors(&read.theme_faults)).collect();
        let told = |p: &Problem| Arc::from(p.to_string());
        let reloaded = Reloaded {
            keymap: map,
            theme: self.theme_name.clone(),
            themes: read.themes,
            changes,
            fault: faults.first().map(|p| told(p)),
            problems: self.others.iter().chain(faults).map(told).collect(),
        };
        (look, reloaded)
    }
}

/// The flag, then the files, then `default`.
fn wish(flag: Option<&Arc<str>>, files: Option<Wanted>) -> Wanted {
    match (flag, files) {
        (Some(name), _) => named(name),
        (None, Some(wanted)) => wanted,
        (None, None) => named("default"),
    }
}

fn named(name: &str) -> Wanted {
    Wanted { name: Arc::from(name), file: "theme".into(), line: 0, col: 0 }
}

/// Keymap and theme as the files ask for them, and everything else they say.
fn asked(paths: &Paths, env: &BTreeMap<String, String>) -> ((Option<Wanted>, Option<Wanted>), Layer) {
    // Whoever reads again for the looks does not tell the problems of sources a second time.
    let (_, mut layer) = load::layers(paths, env, &[], &mut Vec::new());
    ((layer.keymap.take(), layer.theme.take()), layer)
}

/// How many keys mean something else, or nothing, in the other one.
fn differences(before: &Keymap, after: &Keymap) -> usize {
    let meanings =
        |map: &Keymap| map.bindings.iter().map(|b| ((b.context, b.chord.clone()), b.intent)).collect::<Vec<_>>();
    let (before, after) = (meanings(before), meanings(after));
    let gone = before.iter().filter(|b| !after.contains(b)).map(|(key, _)| key);
    let come = after.iter().filter(|a| !before.contains(a)).map(|(key, _)| key);
    let mut keys: Vec<_> = Vec::new();
    for key in gone.chain(come) {
        if !keys.contains(&key) {
            keys.push(key);
        }
    }
    keys.len()
}

#[cfg(test)]
mod tests;
