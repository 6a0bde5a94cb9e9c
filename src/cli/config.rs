//! `andon config check`: every problem of the files on one line each, then how many. Has no rules of its own.

use crate::config::{Paths, Problem, Severity, load};
use crate::core::shown::{LINE_MAX, shown_line};
use std::collections::BTreeMap;
use std::io::{ErrorKind, Write};
use std::path::Path;

/// Checks one file, or the files of this user. The exit code: 0 all right, 3 with an error, 141 when nobody reads.
pub fn check(path: Option<&Path>, out: &mut impl Write) -> i32 {
    let env: BTreeMap<String, String> =
        std::env::vars_os().filter_map(|(k, v)| Some((k.into_string().ok()?, v.into_string().ok()?))).collect();
    let paths = match path {
        Some(file) => Paths::of_file(file),
        None => Paths::of_this_user(&env),
    };
    let (problems, code) = load::check(&paths, &env);
    match report(&paths, &problems, out) {
        Ok(()) => code,
        Err(e) if e.kind() == ErrorKind::BrokenPipe => 141,
        Err(_) => 1,
    }
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
        let code = check(Some(path), &mut out);
        (code, String::from_utf8(out).unwrap())
    }

    #[test]
    fn the_config_a_team_would_write_is_accepted_and_says_what_is_not_built() {
        let file = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/examples/config.toml"));
        let (code, out) = run(&file);
        assert_eq!(code, 0, "{out}");
        assert!(out.contains("config.toml:11:10   not in this version: preset \"istio\""), "{out}");
        assert!(out.contains("config.toml:13:8   not in this version: source type \"alertmanager\""));
        assert!(out.ends_with("config.toml: 2 not in this version\n"), "{out}");
    }

    #[test]
    fn a_file_that_is_not_there_is_an_error() {
        let (code, out) = run(Path::new("/nonexistent/andon.toml"));
        assert_eq!(code, 3);
        assert!(out.starts_with("/nonexistent/andon.toml   cannot be read: "), "{out}");
        assert!(out.ends_with("no config file: 1 error\n"), "{out}");
    }

    struct Closed;
    impl Write for Closed {
        fn write(&mut self, _: &[u8]) -> std::io::Result<usize> {
            Err(ErrorKind::BrokenPipe.into())
        }
        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_reader_that_left_ends_it_quietly() {
        assert_eq!(check(Some(Path::new("/nonexistent/x")), &mut Closed), 141);
    }
}
