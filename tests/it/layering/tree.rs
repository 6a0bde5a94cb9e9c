//! Rules about the project's files as such: one TLS stack, and nothing that only makes sense on the machine where it
//! was written. Each rule is also shown a breach, which it must catch.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// All files under `root`, relative to it, in order; what the build makes and git's own are left out.
pub fn files(root: &Path) -> Vec<PathBuf> {
    let (mut todo, mut out) = (vec![root.to_owned()], Vec::new());
    while let Some(dir) = todo.pop() {
        for entry in std::fs::read_dir(&dir).unwrap_or_else(|e| panic!("{}: {e}", dir.display())) {
            let entry = entry.expect("a directory entry");
            let (name, path) = (entry.file_name(), entry.path());
            if name == ".git" || (name == "target" && dir == root) {
                continue;
            }
            match entry.file_type().expect("a file type") {
                t if t.is_dir() => todo.push(path),
                t if t.is_file() => out.push(path.strip_prefix(root).expect("below root").to_owned()),
                _ => {}
            }
        }
    }
    out.sort();
    out
}

/// The project's directory.
pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// What is wrong with the TLS packages of a `Cargo.lock`.
fn tls_faults(lock: &str) -> Vec<String> {
    let mut count = BTreeMap::<&str, u32>::new();
    for name in lock.lines().filter_map(|l| l.strip_prefix("name = \"")?.strip_suffix('"')) {
        *count.entry(name).or_default() += 1;
    }
    let banned = ["aws-lc-rs", "aws-lc-sys", "openssl", "openssl-sys", "native-tls", "boring", "schannel-tls"];
    let mut faults: Vec<String> =
        banned.iter().filter(|n| count.contains_key(*n)).map(|n| format!("{n} is in")).collect();
    for one in ["rustls", "ring"] {
        let n = count.get(one).copied().unwrap_or(0);
        if n != 1 {
            faults.push(format!("{n} versions of {one}"));
        }
    }
    faults
}

#[test]
fn there_is_one_tls_stack_and_one_provider() {
    let lock = std::fs::read_to_string(root().join("Cargo.lock")).expect("Cargo.lock");
    assert_eq!(tls_faults(&lock), Vec::<String>::new());
    let bad = format!("{lock}\n[[package]]\nname = \"rustls\"\n[[package]]\nname = \"aws-lc-rs\"\n");
    assert_eq!(tls_faults(&bad), ["aws-lc-rs is in", "2 versions of rustls"]);
}

/// Lines that name a place of the machine they were written on, or the host of a package registry.
/// The needles are put together here, so that this file does not match itself.
fn machine_lines(text: &str) -> Vec<usize> {
    let needles = [
        ["../sha", "red"],
        ["/wo", "rk/"],
        ["/ro", "ot/"],
        ["/tm", "p/wt"],
        ["/tm", "p/brief"],
        ["index.crat", "es.io"],
        ["static.crat", "es.io"],
        ["proxy.gol", "ang.org"],
        ["sum.gol", "ang.org"],
    ]
    .map(|halves| halves.concat());
    let names = |line: &str, needle: &str| {
        line.match_indices(needle).any(|(at, _)| {
            // `tests/work/x` and `https://a.example/work/` are somebody else's.
            !needle.starts_with('/') || !line[..at].ends_with(|c: char| c.is_alphanumeric() || "_-.}".contains(c))
        })
    };
    let lines = text.lines().enumerate();
    lines.filter(|(_, l)| needles.iter().any(|n| names(l, n))).map(|(i, _)| i + 1).collect()
}

#[test]
fn no_file_names_the_machine_it_was_written_on() {
    let mut found = Vec::new();
    for file in files(root()) {
        let bytes = std::fs::read(root().join(&file)).expect("a readable file");
        for line in machine_lines(&String::from_utf8_lossy(&bytes)) {
            found.push(format!("{}:{line}", file.display()));
        }
    }
    assert!(found.is_empty(), "{}", found.join("\n"));
    let (work, shared) = (["\"/wo", "rk/main\""].concat(), ["see ../sha", "red/x"].concat());
    assert_eq!(machine_lines(&format!("a\n{work}\nhttps://a.example/work/b\n{shared}")), [2, 4]);
}

/// A sealed body is opened by backends alone, in `plan` and `send`; screens, log and tape get its SHA-256.
#[test]
fn only_backends_open_a_sealed_body() {
    let opens = format!(".{}seal()", "un");
    let breaches: Vec<PathBuf> = files(&root().join("src"))
        .into_iter()
        .filter(|p| !p.starts_with("backends") && !p.starts_with("testkit") && *p != Path::new("core/seal.rs"))
        .filter(|p| std::fs::read_to_string(root().join("src").join(p)).is_ok_and(|t| t.contains(&opens)))
        .collect();
    assert_eq!(breaches, Vec::<PathBuf>::new());
    assert!(std::fs::read_to_string(root().join("src/backends/sim/server.rs")).is_ok_and(|t| t.contains(&opens)));
}
