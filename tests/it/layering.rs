//! The walls of the house: who may import whom (ARCHITECTURE.md). Each rule is also shown a breach, which it must catch.

mod paths;
pub mod tree;

use paths::{Found, named};
use std::collections::BTreeSet;
use std::path::Path;
use tree::{files, root};

/// `core` imports only downwards in this order. Same number: each other.
const CORE_ORDER: [(&str, u8); 55] = [
    // Words: plain data everybody speaks in.
    ("time", 0),
    ("age", 0),
    ("id", 0),
    ("key", 0),
    ("intent", 0),
    ("keymap", 0),
    ("entry", 0),
    ("record", 0),
    ("redact", 0),
    ("row", 0),
    ("seal", 0),
    ("shown", 0),
    ("find", 0),
    ("pairs", 0),
    ("words", 0),
    ("members", 0),
    ("world", 1),
    ("judge", 2),
    ("alerts", 2),
    ("cell", 3),
    ("act", 3),
    ("case", 4),
    ("nav", 5),
    ("replayed", 5),
    ("said", 5),
    ("chronicle", 5),
    ("looked", 5),
    ("errand", 5),
    ("model", 6),
    // Readings of the model, for update and the screens.
    ("alarm", 7),
    ("strip", 7),
    ("finish", 7),
    ("casework", 7),
    ("aside", 7),
    ("timeline", 7),
    ("board", 7),
    ("budget", 7),
    ("frozen", 7),
    ("gates", 7),
    ("checks", 7),
    ("decide", 7),
    ("watch", 7),
    ("menu", 7),
    ("failure", 7),
    ("listing", 7),
    ("runbooks", 7),
    ("provenance", 7),
    ("link", 7),
    ("palette", 7),
    ("plain", 7),
    ("statement", 7),
    ("msg", 8),
    ("effect", 9),
    ("update", 10),
    // What can be pressed here: update follows it, the screens say it.
    ("here", 10),
];
/// Pure functions over data. `sha2` for what the tape gets of a sealed body.
const CORE_CRATES: [&str; 4] = ["serde", "serde_json", "libm", "sha2"];
/// What would give `ui` a network, a terminal or a runtime.
const NOT_IN_UI: [&str; 9] =
    ["tokio", "reqwest", "kube", "k8s_openapi", "crossterm", "rustix", "http", "futures", "directories"];
/// What would give `core` or `ui` a clock, a file, a thread or an order that changes from run to run.
const STD_IMPURE: [&str; 11] = [
    "std::fs",
    "std::io",
    "std::net",
    "std::env",
    "std::thread",
    "std::process",
    "std::os",
    "std::time::Instant",
    "std::time::SystemTime",
    "std::collections::HashMap",
    "std::collections::HashSet",
];

/// What the rules need to know of the tree besides the line itself.
struct House {
    /// The crate's top modules.
    tops: BTreeSet<String>,
    /// Folders of `src/backends`, `net` apart.
    backends: BTreeSet<String>,
    /// Names of `[dependencies]` as code writes them.
    crates: BTreeSet<String>,
}

/// Why the module at `from` may not name this; `None` when it may.
fn breach(house: &House, from: &[String], found: &Found) -> Option<String> {
    let own = from.first()?.as_str();
    let path = found.path.join("::");
    if !found.ours {
        return foreign(house, own, found).map(|why| format!("{path}: {why}"));
    }
    let to = found.path.first()?.as_str();
    if !house.tops.contains(to) {
        return None; // a macro at the root
    }
    let allowed = to == own
        || (to == "testkit" && found.test)
        || match own {
            "core" => false,
            "journal" | "config" | "backends" => to == "core",
            "drill" => to == "core" || path.starts_with("backends::sim"),
            "ui" => matches!(to, "core" | "config"),
            "engine" => !matches!(to, "ui" | "tty" | "cli" | "testkit"),
            "tty" => !matches!(to, "cli" | "testkit"),
            "testkit" => to != "cli",
            "cli" => to != "testkit",
            _ => return Some(format!("module {own} has no rule in tests/it/layering.rs")),
        };
    if !allowed {
        return Some(format!("{own} may not import {path}"));
    }
    let (a, b) = (from.get(1)?, found.path.get(1)?);
    if own == "backends" && to == "backends" {
        let mine = house.backends.contains(a) || a == "net";
        return (mine && a != b && house.backends.contains(b)).then(|| format!("backend {a} may not import {path}"));
    }
    if own == "core" && to == "core" && !found.test && a != b {
        let place = |name: &str| CORE_ORDER.iter().find(|(n, _)| *n == name).map(|(_, place)| *place);
        return match (place(a), place(b)) {
            (Some(mine), Some(theirs)) if theirs > mine => {
                Some(format!("core::{a} may not import {path}, which stands above it"))
            }
            (Some(_), Some(_)) => None,
            (None, _) => Some(format!("core::{a} has no place in CORE_ORDER of tests/it/layering.rs")),
            // `core::Thing`, re-exported by core/mod.rs: allowed, its own module is what counts elsewhere.
            (_, None) if b.starts_with(char::is_uppercase) => None,
            (_, None) => Some(format!("core::{b} has no place in CORE_ORDER of tests/it/layering.rs")),
        };
    }
    None
}

/// The rules about other crates and the standard library.
fn foreign(house: &House, own: &str, found: &Found) -> Option<String> {
    if !matches!(own, "core" | "ui") {
        return None;
    }
    let name = found.path.first()?.as_str();
    let path = format!("{}::", found.path.join("::"));
    let is_core = own == "core" && house.crates.contains(name) && !CORE_CRATES.contains(&name);
    if is_core || (own == "ui" && NOT_IN_UI.contains(&name)) {
        return Some(format!("{own} may not use crate {name}"));
    }
    let impure = STD_IMPURE.iter().find(|p| path.starts_with(&format!("{p}::")))?;
    (!found.test).then(|| format!("{own} may not use {impure}"))
}

/// `src/a/b.rs` and `src/a/b/mod.rs` are the module a::b; `lib.rs` and `main.rs` stand above the rules.
fn module_of(file: &Path) -> Option<Vec<String>> {
    let mut parts: Vec<String> = file.with_extension("").iter().map(|p| p.to_string_lossy().into_owned()).collect();
    match parts.last()?.as_str() {
        "mod" => _ = parts.pop(),
        "lib" | "main" if parts.len() == 1 => return None,
        _ => {}
    }
    Some(parts)
}

fn house() -> House {
    let manifest = std::fs::read_to_string(root().join("Cargo.toml")).expect("Cargo.toml");
    let dependencies = manifest.split("\n[dependencies]\n").nth(1).expect("[dependencies]");
    let crates = dependencies
        .lines()
        .take_while(|l| !l.starts_with('['))
        .filter_map(|l| l.split_once('='))
        .map(|(name, _)| name.trim().replace('-', "_"))
        .collect();
    let sources = files(&root().join("src"));
    let backends = sources.iter().filter_map(|f| f.strip_prefix("backends").ok());
    let backends = backends.filter(|f| f.iter().count() > 1).filter_map(|f| f.iter().next());
    let backends = backends.map(|n| n.to_string_lossy().into_owned()).filter(|n| n != "net");
    House {
        tops: sources.iter().filter_map(|f| module_of(f)?.into_iter().next()).collect(),
        backends: backends.collect(),
        crates,
    }
}

#[test]
fn nobody_imports_upwards() {
    let house = house();
    let mut breaches = Vec::new();
    for file in files(&root().join("src")) {
        let Some(module) = module_of(&file) else {
            continue;
        };
        if file.extension().is_none_or(|e| e != "rs") {
            continue;
        }
        let text = std::fs::read_to_string(root().join("src").join(&file)).expect("UTF-8 source");
        let test_file = file.to_string_lossy().ends_with("tests.rs");
        for mut found in named(&text, &module) {
            found.test |= test_file;
            if let Some(why) = breach(&house, &module, &found) {
                breaches.push(format!("src/{}:{}: {why}", file.display(), found.line));
            }
        }
    }
    // One line per reason is enough.
    let mut said = BTreeSet::new();
    breaches.retain(|b| said.insert(b.splitn(3, ':').nth(2).map(str::to_owned)));
    assert!(breaches.is_empty(), "{}", breaches.join("\n"));
}

#[test]
fn a_planted_import_is_caught() {
    let words = |path: &str| path.split("::").map(str::to_owned).collect::<Vec<_>>();
    let house = House {
        tops: words("core::journal::config::backends::drill::ui::engine::tty::cli::testkit").into_iter().collect(),
        backends: words("kubernetes::prometheus::sim").into_iter().collect(),
        crates: words("serde::serde_json::libm::tokio::jiff").into_iter().collect(),
    };
    let caught = |module: &str, line: &str| {
        let module = words(module);
        named(line, &module).iter().any(|f| breach(&house, &module, f).is_some())
    };
    for (module, bad) in [
        ("core::world", "use crate::engine::clock;"),
        ("core::judge::burn", "fn f() { crate::ui::draw() }"),
        ("core::world::source", "use crate::core::{id::ServiceId, model::Model};"),
        ("core::world", "use super::update::update;"),
        ("core::misc", "use crate::core::id::Hash;"),
        ("core::act", "use tokio::sync::watch;"),
        ("core::act", "use std::time::{Duration, Instant};"),
        ("core::act", "fn f() { let _ = std::fs::read(\"x\"); }"),
        ("core", "use std::collections::HashMap;"),
        ("journal::chain", "use crate::config::Config;"),
        ("config", "use super::backends::Cx;"),
        ("backends::kubernetes", "use crate::backends::prometheus::wire;"),
        ("backends::kubernetes::wire", "use super::super::sim::World;"),
        ("backends::net", "use crate::backends::{net::Client, sim};"),
        ("backends::sim", "use crate::engine::Clock;"),
        ("drill", "use crate::backends::kubernetes;"),
        ("ui::screens", "use crate::backends::Cx;"),
        ("ui::parts", "use crossterm::style::Color;"),
        ("engine", "use crate::tty::Tty;"),
        ("tty", "use crate::cli::args;"),
        ("engine", "use crate::testkit::world;"),
        ("newcomer", "use crate::core::id::Hash;"),
    ] {
        assert!(caught(module, bad), "{module} got away with: {bad}");
    }
    for (module, good) in [
        (
            "core::world",
            "use crate::core::id::Hash; use serde::Serialize; use std::time::Duration; use super::time::Millis;",
        ),
        ("core::update", "use crate::core::{model::Model, msg::Msg, world, act::plan};"),
        ("core::judge", "#[cfg(test)] mod tests { use crate::testkit::world; use crate::core::model::Model; }"),
        (
            "backends::kubernetes::wire",
            "use super::super::net::Client; use crate::backends::Cx; use tokio::time::sleep;",
        ),
        ("backends", "use crate::backends::{kubernetes, sim};"),
        ("drill", "use crate::backends::sim::World;"),
        ("ui::screens", "use crate::config::theme; use ratatui::text::Line; use crate::ui::look::Look;"),
        ("tty", "use crate::engine::run; use crossterm::event::Event;"),
        ("cli", "use crate::tty::Tty;"),
    ] {
        assert!(!caught(module, good), "{module} was refused: {good}");
    }
}
