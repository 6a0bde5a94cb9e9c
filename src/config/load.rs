//! Finds and reads the files, lays them over each other (environment variables over the user's file over the system's
//! over the defaults) and gives one `Config` with all problems. The only file of `config` that touches a disk.

use crate::config::calendar::{self, Calendar};
use crate::config::file::{Config, Known, Layer, Wanted, layer};
use crate::config::limits::Limits;
use crate::config::origin::{Origin, Origins};
use crate::config::problem::{Problem, Severity, Told};
use crate::config::{keymap, looks, runbook, theme};
use crate::core::case::claim::SHARED_ACCOUNTS;
use crate::core::case::runbook::Runbook;
use jiff::tz::TimeZone;
use std::collections::BTreeMap;
use std::fs::File;
use std::io::Read;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The system's file.
const SYSTEM: &str = "/etc/andon/config.toml";
/// A config, keymap, theme or runbook is read up to here; more is no file a person wrote.
const MAX_BYTES: u64 = 1 << 20;

/// Exit code of a config with faults (limits.md section 6).
pub const EXIT_CONFIG: i32 = 3;

/// Where files are looked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Paths {
    pub system: Option<PathBuf>,
    pub user: Option<PathBuf>,
    /// Was `user` named by a person? Then it has to be there.
    pub named: bool,
    /// With `keymaps/`, `themes/` and `runbooks/` below it.
    pub dir: Option<PathBuf>,
}

impl Paths {
    /// XDG directories; `ANDON_CONFIG` names the user's file.
    pub fn of_this_user(env: &BTreeMap<String, String>) -> Paths {
        if let Some(file) = env.get("ANDON_CONFIG").filter(|f| !f.is_empty()) {
            return Paths { system: Some(PathBuf::from(SYSTEM)), ..Paths::of_file(Path::new(file)) };
        }
        let dir = directories::BaseDirs::new().map(|b| b.config_dir().join("andon"));
        Paths {
            system: Some(PathBuf::from(SYSTEM)),
            user: dir.as_ref().map(|d| d.join("config.toml")),
            named: false,
            dir,
        }
    }

    /// One file and what lies beside it.
    pub fn of_file(file: &Path) -> Paths {
        Paths { system: None, user: Some(file.to_owned()), named: true, dir: file.parent().map(Path::to_owned) }
    }
}

impl Default for Config {
    /// What holds without any file.
    fn default() -> Self {
        Config {
            environments: Vec::new(),
            sources: Vec::new(),
            services: Vec::new(),
            limits: Limits::default(),
            read_only: false,
            tape: true,
            mouse: false,
            bell: false,
            title: false,
            environment: None,
            claimed: None,
            shared_accounts: SHARED_ACCOUNTS.map(Arc::from).to_vec(),
            keymap: keymap::default_keymap(),
            theme: theme::default_theme(),
            theme_name: "default".into(),
            themes: looks::names(None),
            look_faults: Vec::new(),
            color: None,
            reduced_motion: false,
            runbooks: runbook::shipped().into_iter().map(Arc::new).collect(),
            calendars: BTreeMap::new(),
        }
    }
}

/// Reads everything. Faults never keep the rest from starting: each is a problem, and what is sound applies.
/// Flags of the command line are laid over the result by the caller.
pub fn load(paths: &Paths, env: &BTreeMap<String, String>) -> (Config, Vec<Problem>) {
    let mut problems = Vec::new();
    let runbooks = runbooks(paths.dir.as_deref(), &mut problems);
    let names: Vec<Arc<str>> = runbooks.iter().map(|r| r.name.clone()).collect();
    let (_, all) = layers(paths, env, &names, &mut problems);
    let looks = looks::read(paths, all.keymap.as_ref(), all.theme.as_ref());
    let look_faults: Vec<Problem> = looks.keymap_faults.into_iter().chain(looks.theme_faults).collect();
    problems.extend(look_faults.iter().cloned());
    let asked = all.environments.iter().filter_map(|e| e.calendar.clone());
    let calendars = asked.map(|name| (name.clone(), book(&name, paths, &mut problems))).collect();
    let config = Config {
        environments: all.environments,
        sources: all.sources,
        services: all.services,
        limits: all.limits.over(Limits::default()),
        read_only: all.read_only.unwrap_or(false),
        tape: all.tape.unwrap_or(true),
        mouse: all.mouse.unwrap_or(false),
        bell: all.bell.unwrap_or(false),
        title: all.title.unwrap_or(false),
        environment: all.environment,
        claimed: all.claimed,
        shared_accounts: all.shared_accounts.unwrap_or_else(|| SHARED_ACCOUNTS.map(Arc::from).to_vec()),
        keymap: looks.keymap,
        theme: looks.theme,
        theme_name: looks.theme_name,
        themes: looks.themes,
        look_faults,
        color: all.color,
        reduced_motion: all.reduced_motion.unwrap_or(false),
        runbooks,
        calendars,
    };
    (config, problems)
}

/// The files over each other, the variables over them; and the names that files may use.
pub(super) fn layers(
    paths: &Paths,
    env: &BTreeMap<String, String>,
    runbooks: &[Arc<str>],
    problems: &mut Vec<Problem>,
) -> (Known, Layer) {
    let mut known = Known { sources: Vec::new(), runbooks: runbooks.to_vec() };
    let mut all = Layer::default();
    for (path, named) in [(&paths.system, false), (&paths.user, paths.named)] {
        let Some(path) = path else { continue };
        let Some(text) = read(path, named, problems) else {
            continue;
        };
        let file = path.display().to_string();
        let mut told = Told::new(&file, &text);
        let found = layer(&mut told, &known);
        problems.append(&mut told.into_problems());
        known.sources.extend(found.sources.iter().map(|s| s.name.clone()));
        all = found.over(all);
    }
    all = variables(env, problems).over(all);
    (known, all)
}

/// Who said what of `config show`: the same files and variables, in the same order.
pub fn origins(paths: &Paths, env: &BTreeMap<String, String>) -> Origins {
    let mut said = Origins::default();
    for (path, system) in [(&paths.system, true), (&paths.user, false)] {
        let Some(path) = path else { continue };
        // What is wrong with it was told when it was loaded.
        let Some(text) = read(path, false, &mut Vec::new()) else { continue };
        let file = path.display().to_string();
        said.file(
            &text,
            |line| if system { Origin::System(file.clone(), line) } else { Origin::User(file.clone(), line) },
        );
    }
    for (name, key, kind) in VARIABLES {
        let Some(value) = env.get(name).filter(|v| !v.is_empty()) else { continue };
        match kind {
            Kind::Flag | Kind::Text | Kind::List => said.variable(key, name, value),
            Kind::Time | Kind::Whole => said.variable(&format!("limits.{key}"), name, value),
        }
    }
    said
}

/// All problems, and the exit code of `andon config check`: 3 as soon as one is an error.
pub fn check(paths: &Paths, env: &BTreeMap<String, String>) -> (Vec<Problem>, i32) {
    let (_, problems) = load(paths, env);
    let faulty = problems.iter().any(|p| p.severity == Severity::Error);
    (problems, if faulty { EXIT_CONFIG } else { 0 })
}

/// Reads one file, unless others could have written it. `None`: not there, or not usable (told).
pub(super) fn read(path: &Path, must_exist: bool, problems: &mut Vec<Problem>) -> Option<String> {
    match String::from_utf8(read_bytes(path, must_exist, problems)?) {
        Ok(text) => Some(text),
        Err(e) => {
            let good = e.utf8_error().valid_up_to();
            let line = e.as_bytes()[..good].iter().filter(|b| **b == b'\n').count() + 1;
            let what = format!("is not UTF-8 (line {line})");
            problems.push(Problem::whole(&path.display().to_string(), Severity::Error, what));
            None
        }
    }
}

/// A runbook as it is now. One in another encoding opens as well: what cannot be read is marked.
///
/// # Errors
/// It cannot be read, or others could have written it.
pub fn runbook_at(path: &Path) -> Result<(Runbook, Vec<Problem>), Problem> {
    let mut problems = Vec::new();
    let Some(bytes) = read_bytes(path, true, &mut problems) else {
        let why = || Problem::whole(&path.display().to_string(), Severity::Error, "cannot be read");
        return Err(problems.pop().unwrap_or_else(why));
    };
    let name = path.file_stem().unwrap_or_default().to_string_lossy();
    let file = path.display().to_string();
    let (mut book, faults) = runbook::runbook(&name, &file, &String::from_utf8_lossy(&bytes));
    book.file = Some(file.into());
    Ok((book, faults))
}

fn read_bytes(path: &Path, must_exist: bool, problems: &mut Vec<Problem>) -> Option<Vec<u8>> {
    let file = path.display().to_string();
    let mut tell = |what: String, hint: Option<String>| {
        problems.push(Problem { hint, ..Problem::whole(&file, Severity::Error, what) });
    };
    let mut open = match File::open(path) {
        Ok(open) => open,
        Err(e) if e.kind() == std::io::ErrorKind::NotFound && !must_exist => return None,
        Err(e) => {
            tell(format!("cannot be read: {e}"), None);
            return None;
        }
    };
    // The opened file is looked at, not the path: it cannot be changed in between.
    let about = match open.metadata() {
        Ok(about) if about.is_dir() => {
            tell("is a directory".to_owned(), None);
            return None;
        }
        Ok(about) => about,
        Err(e) => {
            tell(format!("cannot be read: {e}"), None);
            return None;
        }
    };
    // A group that is the owner's own (the same number, as many systems make it) is the owner.
    let group = about.mode() & 0o020 != 0 && about.gid() != about.uid();
    if about.mode() & 0o002 != 0 || group {
        let hint = format!("chmod go-w {file}");
        tell("others can write this file, so it is not used".to_owned(), Some(hint));
        return None;
    }
    let mut bytes = Vec::new();
    if let Err(e) = (&mut open).take(MAX_BYTES + 1).read_to_end(&mut bytes) {
        tell(format!("cannot be read: {e}"), None);
        return None;
    }
    if bytes.len() as u64 > MAX_BYTES {
        tell("is larger than 1 MiB".to_owned(), None);
        return None;
    }
    Some(bytes)
}

/// A calendar's file. Errors: in one sentence, with the first fault's place; all of them are told as problems.
fn book(name: &str, paths: &Paths, problems: &mut Vec<Problem>) -> Result<Calendar, Arc<str>> {
    let path = match (name.is_empty(), name.starts_with('/'), &paths.dir) {
        (true, ..) => return Err("it has no name".into()),
        (false, true, _) => PathBuf::from(name),
        (false, false, Some(dir)) => dir.join(name),
        (false, false, None) => return Err("there is no directory of the config to look in".into()),
    };
    let before = problems.len();
    let first =
        |problems: &[Problem]| problems.get(before).map_or_else(|| "it is not there".into(), |p| p.to_string().into());
    let Some(text) = read(&path, true, problems) else { return Err(first(problems)) };
    let file = path.display().to_string();
    let mut told = Told::new(&file, &text);
    let short = path.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
    let found = calendar::calendar(&short, &mut told, &zone);
    problems.append(&mut told.into_problems());
    found.ok_or_else(|| first(problems))
}

/// Where this system keeps its time zones.
const ZONES: &str = "/usr/share/zoneinfo";

/// A time zone of the system, by its name.
fn zone(name: &str) -> Option<TimeZone> {
    let part = |p: &str| {
        let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '+');
        !p.is_empty() && p.chars().all(plain)
    };
    // A name, never a way out of the directory.
    if !name.split('/').all(part) {
        return None;
    }
    let bytes = std::fs::read(Path::new(ZONES).join(name)).ok()?;
    TimeZone::tzif(name, &bytes).ok()
}

/// The shipped runbooks and the user's; one of the user's replaces a shipped one of its name.
fn runbooks(dir: Option<&Path>, problems: &mut Vec<Problem>) -> Vec<Arc<Runbook>> {
    let mut all: BTreeMap<Arc<str>, Runbook> = runbook::shipped().into_iter().map(|r| (r.name.clone(), r)).collect();
    let listed = dir.map(|d| d.join("runbooks")).map(std::fs::read_dir);
    let mut files: Vec<PathBuf> = match listed {
        // No such directory: no runbooks of one's own.
        None | Some(Err(_)) => Vec::new(),
        Some(Ok(entries)) => {
            entries.filter_map(|e| Some(e.ok()?.path())).filter(|p| p.extension().is_some_and(|e| e == "md")).collect()
        }
    };
    files.sort();
    for path in files {
        let (book, mut faults) = match runbook_at(&path) {
            Ok(read) => read,
            Err(why) => {
                problems.push(why);
                continue;
            }
        };
        problems.append(&mut faults);
        if !book.steps.is_empty() {
            all.insert(book.name.clone(), book);
        }
    }
    all.into_values().map(Arc::new).collect()
}

/// Where a keymap or theme of the user's own is, or would be: a full path, or a name beside the config.
pub(super) fn place_of(kind: &str, name: &str, paths: &Paths) -> Option<PathBuf> {
    if name.starts_with('/') {
        Some(PathBuf::from(name))
    } else if name.contains('/') {
        None
    } else {
        paths.dir.as_ref().map(|d| d.join(format!("{kind}s")).join(format!("{name}.toml")))
    }
}

/// The text of a theme of the user's own. `None`: the shipped one.
pub(super) fn custom(
    kind: &str,
    wanted: Option<&Wanted>,
    later: &[&str],
    paths: &Paths,
    problems: &mut Vec<Problem>,
) -> Option<(String, String)> {
    let wanted = wanted.filter(|w| &*w.name != "default")?;
    let name = &*wanted.name;
    let path = place_of(kind, name, paths);
    if let Some(path) = path.as_ref().filter(|p| p.exists()) {
        let text = read(path, true, problems)?;
        return Some((path.display().to_string(), text));
    }
    let known = later.contains(&name);
    problems.push(Problem {
        file: wanted.file.clone(),
        line: wanted.line,
        col: wanted.col,
        what: if known { format!("{kind} \"{name}\"") } else { format!("there is no {kind} \"{name}\"") },
        hint: path.map(|p| format!("it would be {}", p.display())),
        severity: if known { Severity::NotInThisVersion } else { Severity::Error },
    });
    None
}

/// `ANDON_*`. A variable is one line of a config with its name as the file's; the checks are the same.
fn variables(env: &BTreeMap<String, String>, problems: &mut Vec<Problem>) -> Layer {
    let mut found = Layer::default();
    let mut quoted = |name: &str, line: String| {
        let mut told = Told::new(name, &line);
        let mut one = layer(&mut told, &Known::default());
        for wanted in [&mut one.keymap, &mut one.theme].into_iter().flatten() {
            (wanted.line, wanted.col) = (0, 0);
        }
        problems.extend(told.into_problems().into_iter().map(|p| Problem { line: 0, col: 0, ..p }));
        found = one.over(std::mem::take(&mut found));
    };
    for (name, key, kind) in VARIABLES {
        let Some(value) = env.get(name).filter(|v| !v.is_empty()) else {
            continue;
        };
        let text = || toml::Value::String(value.clone()).to_string();
        match kind {
            Kind::Flag => quoted(
                name,
                match value.as_str() {
                    "1" | "true" => format!("{key} = true"),
                    "0" | "false" => format!("{key} = false"),
                    // A word that is no flag: the checks say so and take the strictest.
                    _ => format!("{key} = {}", text()),
                },
            ),
            Kind::Text => quoted(name, format!("{key} = {}", text())),
            Kind::List => {
                let words = value.split(',').map(str::trim).filter(|w| !w.is_empty());
                let list: Vec<String> = words.map(|w| toml::Value::String(w.to_owned()).to_string()).collect();
                quoted(name, format!("{key} = [{}]", list.join(", ")));
            }
            Kind::Time => quoted(name, format!("limits.{key} = {}", text())),
            Kind::Whole => {
                let number = value.parse::<i64>().map_or_else(|_| text(), |n| n.to_string());
                quoted(name, format!("limits.{key} = {number}"));
            }
        }
    }
    found
}

#[derive(Clone, Copy)]
enum Kind {
    Flag,
    Text,
    /// Words between commas.
    List,
    Time,
    Whole,
}

/// Later ones over earlier: a flag of the command line stands in for a variable of its own.
const VARIABLES: [(&str, &str, Kind); 18] = [
    ("ANDON_READ_ONLY", "read_only", Kind::Flag),
    ("ANDON_TAPE", "tape", Kind::Flag),
    ("ANDON_ENVIRONMENT", "default_environment", Kind::Text),
    ("ANDON_AS", "as", Kind::Text),
    ("ANDON_SHARED_ACCOUNTS", "shared_accounts", Kind::List),
    ("ANDON_KEYMAP", "keymap", Kind::Text),
    ("ANDON_THEME", "theme", Kind::Text),
    ("ANDON_MOUSE", "mouse", Kind::Flag),
    ("ANDON_BELL", "bell", Kind::Flag),
    ("ANDON_TITLE", "title", Kind::Flag),
    ("--keymap", "keymap", Kind::Text),
    ("--mouse", "mouse", Kind::Flag),
    ("--bell", "bell", Kind::Flag),
    ("--title", "title", Kind::Flag),
    ("ANDON_COLOR", "color", Kind::Text),
    ("ANDON_REDUCED_MOTION", "reduced_motion", Kind::Flag),
    ("ANDON_CONFIRM_DELAY", "confirm_delay", Kind::Time),
    ("ANDON_ARM_MINUTES", "arm_minutes", Kind::Whole),
];

#[cfg(test)]
mod tests;
