//! `andon config check`: every problem of the files on one line each, then how many. `show` and `schema`: what is in
//! force and from where, and what may be written. Has no rules of its own.

use super::{ConsoleArgs, out};
use crate::config::origin::{Origin, Value, values};
use crate::config::{Paths, Problem, Severity, load};
use crate::core::shown::{LINE_MAX, shown_line};
use serde_json::{Value as Json, json};
use std::collections::BTreeMap;
use std::io::{self, Write};
use std::path::Path;

/// Checks one file, or the files of this user. The exit code: 0 all right, 3 with an error.
pub fn check(path: Option<&Path>, out: &mut impl Write) -> io::Result<i32> {
    let env = environment();
    let paths = match path {
        Some(file) => Paths::of_file(file),
        None => Paths::of_this_user(&env),
    };
    let (problems, code) = load::check(&paths, &env);
    report(&paths, &problems, out)?;
    Ok(code)
}

fn environment() -> BTreeMap<String, String> {
    std::env::vars_os().filter_map(|(k, v)| Some((k.into_string().ok()?, v.into_string().ok()?))).collect()
}

/// The JSON schema of the config file, indented.
pub fn schema(out: &mut impl Write) -> io::Result<i32> {
    // Own text only, and ASCII.
    writeln!(out, "{:#}", crate::config::schema::schema())?;
    Ok(0)
}

/// Every setting in force, one a line as TOML would write it, or all as one JSON object. 3 with a faulty file: what is
/// shown is what the console would start with.
pub fn show(args: &ConsoleArgs, origin: bool, json: bool, out: &mut impl Write) -> io::Result<i32> {
    let env = environment();
    let paths = Paths::of_this_user(&env);
    let (config, problems) = load::load(&paths, &env);
    let mut all = values(&config, &load::origins(&paths, &env));
    for (key, value, flag) in flags(args) {
        all.retain(|v| v.key != key);
        all.push(Value { key: key.to_owned(), value, origin: Origin::Flag(flag) });
    }
    all.sort_by(|a, b| a.key.cmp(&b.key));
    let errors = problems.iter().filter(|p| p.severity == Severity::Error).count();
    if json {
        let values: Vec<_> = all.iter().map(Value::json).collect();
        out::json(out, &json!({ "schema": "andon.config/1", "values": values, "errors": errors }))?;
    } else {
        for v in &all {
            let said =
                if v.value.is_null() { format!("# {} is not set", v.key) } else { format!("{} = {}", v.key, v.value) };
            if origin { writeln!(out, "{said}   # {}", v.origin)? } else { writeln!(out, "{said}")? }
        }
    }
    if errors > 0 {
        out.flush()?;
        out::tell(&format!("{errors} errors in the config, see andon config check; this is what is in force"));
    }
    Ok(if errors > 0 { load::EXIT_CONFIG } else { 0 })
}

/// What the command line says: key, value, flag.
fn flags(args: &ConsoleArgs) -> Vec<(&'static str, Json, &'static str)> {
    let mut all = Vec::new();
    if args.read_only {
        all.push(("read_only", true.into(), "--read-only"));
    }
    all.extend(args.claimed.as_deref().map(|c| ("as", c.into(), "--as")));
    all.extend(args.theme.as_deref().map(|t| ("theme", t.into(), "--theme")));
    all.extend(args.color.as_deref().map(|c| ("color", c.into(), "--color")));
    if args.reduced_motion {
        all.push(("reduced_motion", true.into(), "--reduced-motion"));
    }
    all.extend(args.env.as_deref().map(|e| ("default_environment", e.into(), "--env")));
    all
}

fn report(paths: &Paths, problems: &[Problem], out: &mut impl Write) -> std::io::Result<()> {
    for problem in problems {
        writeln!(out, "{problem}")?;
    }
    let files: Vec<String> = [&paths.system, &paths.user]
        .into_iter()
        .flatten()
        .filter(|p| p.exists())
        .map(|p| shown_line(&p.to_string_lossy(), LINE_MAX).into_string())
        .collect();
    let read = if files.is_empty() { "no config file".to_owned() } else { files.join(", ") };
    let count = |s: Severity| problems.iter().filter(|p| p.severity == s).count();
    let parts = [
        (count(Severity::Error), "error", "errors"),
        (count(Severity::Warning), "warning", "warnings"),
        (count(Severity::NotInThisVersion), "not in this version", "not in this version"),
    ];
    let told: Vec<String> = parts
        .into_iter()
        .filter(|(n, ..)| *n > 0)
        .map(|(n, one, many)| format!("{n} {}", if n == 1 { one } else { many }))
        .collect();
    if told.is_empty() {
        writeln!(out, "{read}: no problems")?;
    } else {
        writeln!(out, "{read}: {}", told.join(", "))?;
    }
    out.flush()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::PathBuf;

    fn run(path: &Path) -> (i32, String) {
        let mut out = Vec::new();
        let code = check(Some(path), &mut out).unwrap();
        (code, String::from_utf8(out).unwrap())
    }

    #[test]
    fn the_config_a_team_would_write_is_accepted_and_says_what_is_not_built() {
        let file = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/examples/config.toml"));
        let (code, out) = run(&file);
        assert_eq!(code, 0, "{out}");
        assert!(out.contains("config.toml:15:8   not in this version: source type \"alertmanager\""));
        assert!(out.ends_with("config.toml: 1 not in this version\n"), "{out}");
    }

    #[test]
    fn a_file_that_is_not_there_is_an_error() {
        let (code, out) = run(Path::new("/nonexistent/andon.toml"));
        assert_eq!(code, 3);
        assert!(out.starts_with("/nonexistent/andon.toml   cannot be read: "), "{out}");
        assert!(out.ends_with("no config file: 1 error\n"), "{out}");
    }
}
