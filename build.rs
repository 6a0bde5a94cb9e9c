//! Tells the program what it was built from: the commit and the target. Reads `.git` as files; no git is run.
//!
//! Only a release build looks: in development every commit would compile the whole crate anew for eight letters.

use std::path::{Path, PathBuf};

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-env-changed=ANDON_GIT_HASH");
    let var = |name: &str| std::env::var(name).ok().filter(|v| !v.is_empty());
    // A packager who builds from an archive says it himself.
    let told = var("ANDON_GIT_HASH").filter(|h| h.chars().all(|c| c.is_ascii_alphanumeric() || c == '-'));
    let release = var("PROFILE").is_some_and(|p| p == "release");
    let hash = told.or_else(|| release.then(commit).flatten()).unwrap_or_else(|| "unknown".to_owned());
    println!("cargo::rustc-env=ANDON_GIT_HASH={hash}");
    println!("cargo::rustc-env=ANDON_TARGET={}", var("TARGET").unwrap_or_else(|| "unknown".to_owned()));
}

/// The first twelve letters of HEAD's commit.
fn commit() -> Option<String> {
    let mut git = PathBuf::from(".git");
    if let Ok(text) = std::fs::read_to_string(&git) {
        // A worktree: a file that leads to its own directory.
        git = PathBuf::from(text.strip_prefix("gitdir: ")?.trim());
    }
    let head = read(&git.join("HEAD"))?;
    let hash = match head.trim().strip_prefix("ref: ") {
        None => head.trim().to_owned(),
        Some(name) => {
            // Branches of a worktree lie in the common directory.
            let common = std::fs::read_to_string(git.join("commondir")).map(|c| git.join(c.trim())).unwrap_or(git);
            let loose = read(&common.join(name)).map(|h| h.trim().to_owned());
            let packed = || {
                let all = read(&common.join("packed-refs"))?;
                let line = all.lines().find(|l| l.ends_with(&format!(" {name}")))?;
                line.split(' ').next().map(str::to_owned)
            };
            loose.or_else(packed)?
        }
    };
    hash.chars().all(|c| c.is_ascii_hexdigit()).then(|| hash.chars().take(12).collect())
}

fn read(path: &Path) -> Option<String> {
    println!("cargo::rerun-if-changed={}", path.display());
    std::fs::read_to_string(path).ok()
}
