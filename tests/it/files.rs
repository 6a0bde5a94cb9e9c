//! The README against the project: what it names exists, its commands are those that are run, its keys are the keys.

use andon::config::chord::chord;
use andon::config::keymap::default_keymap;
use andon::core::intent::{Context, Intent};
use andon::core::keymap::Found;
use std::path::Path;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn read(name: &str) -> String {
    std::fs::read_to_string(root().join(name)).unwrap_or_else(|e| panic!("{name}: {e}"))
}

/// What stands in backticks, outside of code blocks.
fn ticked(text: &str) -> Vec<String> {
    let mut out = Vec::new();
    let mut block = false;
    let mut prose = String::new();
    for line in text.lines() {
        if line.starts_with("```") {
            block = !block;
        } else if !block {
            prose.push_str(line);
            prose.push('\n');
        }
    }
    // Odd pieces between backticks are inside.
    for (i, piece) in prose.split('`').enumerate() {
        if i % 2 == 1 {
            out.push(piece.replace('\n', " "));
        }
    }
    out
}

/// Targets of links that are not addresses.
fn linked(text: &str) -> Vec<String> {
    text.split("](")
        .skip(1)
        .filter_map(|s| s.split(')').next())
        .filter(|s| !s.contains("://") && !s.starts_with('#'))
        .map(str::to_string)
        .collect()
}

/// A path inside the project, as the README writes it; not one of the reader's own machine, nor a placeholder.
fn is_path(word: &str) -> bool {
    let plain = word.chars().all(|c| c.is_ascii_alphanumeric() || "._-/".contains(c));
    let known = word.contains('/') || [".md", ".toml", ".rs"].iter().any(|e| word.ends_with(e));
    let elsewhere = word.starts_with('/') || word.starts_with("target/");
    let placeholder = word.split(['/', '.']).any(|p| ["NAME", "RUN", "DIR", "FILE"].contains(&p));
    plain && known && word.len() > 2 && !elsewhere && !placeholder
}

/// Paths a document names and the project does not have. In a table's row about a folder, names are those inside it.
fn missing(text: &str, from: &Path) -> Vec<String> {
    let mut out = Vec::new();
    let folder = |line: &str| ticked(line).into_iter().next().filter(|f| f.ends_with('/'));
    for line in text.lines().filter(|l| l.starts_with('|')) {
        let inside = folder(line).map_or_else(|| root().to_owned(), |f| root().join(f));
        let lost = |w: &String| is_path(w) && !root().join(w).exists() && !inside.join(w).exists();
        out.extend(ticked(line).into_iter().filter(lost));
    }
    let prose: Vec<&str> = text.lines().filter(|l| !l.starts_with('|')).collect();
    out.extend(ticked(&prose.join("\n")).into_iter().filter(|w| is_path(w) && !root().join(w).exists()));
    out.extend(linked(text).into_iter().filter(|l| !from.join(l).exists()));
    out
}

#[test]
fn every_path_the_documents_name_exists() {
    assert_eq!(missing("see `src/nowhere.rs` and [it](docs/none.md), `~/.config/x/y`", root()).len(), 2);
    let documents = ["README.md", "ARCHITECTURE.md", "CHANGELOG.md"];
    for name in documents {
        assert_eq!(missing(&read(name), root()), Vec::<String>::new(), "{name}");
    }
}

#[test]
fn every_folder_at_the_top_is_told_of() {
    let readme = read("README.md");
    for entry in std::fs::read_dir(root()).expect("the project's directory") {
        let entry = entry.expect("an entry");
        let name = entry.file_name().into_string().expect("a plain name");
        let ours = entry.path().is_dir() && !name.starts_with('.') && name != "target";
        assert!(!ours || readme.contains(&format!("| `{name}/` |")), "README.md says nothing of {name}/");
    }
}

#[test]
fn the_two_commands_are_the_ones_that_are_run() {
    let readme = read("README.md");
    let block =
        readme.split("```sh\n").nth(1).and_then(|b| b.split("```").next()).expect("the first block of commands");
    let commands: Vec<&str> = block.lines().map(|l| l.split('#').next().unwrap_or_default().trim()).collect();
    assert_eq!(commands, ["cargo run --release", "cargo test"]);
    let ran = |c: &str| read(".ci/run").lines().any(|l| l.starts_with("phase ") && l.ends_with(&format!("\" {c}")));
    assert!(ran("cargo test"), ".ci/run does not run the README's test command");
    // `cargo run` opens the console only if the package says which program that is.
    assert!(read("Cargo.toml").contains("default-run = \"andon\""));
}

/// A word of the README that is meant as keys.
fn is_keys(word: &str) -> bool {
    let one = |k: &str| k.chars().count() == 1 || ["enter", "esc", "space"].contains(&k) || k.starts_with("ctrl-");
    word != "Y" && !word.is_empty() && word.split(' ').count() <= 2 && word.split(' ').all(one)
}

#[test]
fn the_keys_it_names_do_what_it_says() {
    let map = default_keymap();
    let readme = read("README.md");
    let part =
        readme.split("## The first drill").nth(1).and_then(|t| t.split("\n## ").next()).expect("the key by key part");
    let words = ticked(part);
    let keys: Vec<&String> = words.iter().filter(|w| is_keys(w)).collect();
    assert!(keys.len() > 20, "{keys:?}");
    for k in keys {
        let pressed = chord(k).unwrap_or_else(|_| panic!("{k} is not a chord"));
        let bound = Context::ALL.iter().any(|c| map.find(*c, &pressed) != Found::Nothing);
        assert!(bound, "README.md names the key {k}, which does nothing");
    }
    let says = [
        ("a r", Intent::RollBack),
        ("a h", Intent::Hold),
        ("a u", Intent::Resume),
        ("a p", Intent::Promote),
        ("a a", Intent::Arm),
        ("a x", Intent::Disarm),
        ("a k", Intent::Acknowledge),
        ("v", Intent::ScreenVerdict),
        ("b", Intent::ScreenBoard),
        ("r", Intent::ScreenRunbook),
        ("o", Intent::ScreenSources),
        ("i", Intent::ScreenIncident),
        ("j", Intent::NextRow),
        ("k", Intent::PreviousRow),
        (".", Intent::DrillFaster),
        (",", Intent::DrillSlower),
        ("enter", Intent::Open),
        ("esc", Intent::Back),
        ("space", Intent::StepTick),
        ("x", Intent::StepRun),
        ("-", Intent::StepSkip),
        ("n", Intent::Note),
        ("ctrl-o", Intent::NoteKeep),
        ("?", Intent::Help),
        ("q", Intent::Quit),
        ("Y", Intent::Confirm),
    ];
    for (k, intent) in says {
        assert!(words.iter().any(|w| w == k), "README.md no longer names {k}");
        let pressed = chord(k).unwrap_or_else(|_| panic!("{k} is not a chord"));
        assert_eq!(map.find(intent.context(), &pressed), Found::Intent(intent), "{k}");
    }
}
