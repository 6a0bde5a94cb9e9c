//! The fuzz targets on stable: the very functions `fuzz/` calls, over random bytes and over seeds with bytes changed.
//! `ANDON_FUZZ_CASES=20000` looks longer.

use andon::testkit::fuzz::TARGETS;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use std::path::{Path, PathBuf};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz")
}

fn seeds(target: &str) -> Vec<Vec<u8>> {
    let mut files: Vec<PathBuf> = std::fs::read_dir(folder().join("corpus").join(target))
        .unwrap_or_else(|e| panic!("no seeds of {target}: {e}"))
        .flatten()
        .map(|f| f.path())
        .collect();
    files.sort();
    files.iter().map(|f| std::fs::read(f).expect("readable")).collect()
}

/// Bytes that begin, end or turn something in one of the formats.
const TURNS: &[u8] = b"\x1b\x9b[]{}()<>\"'\\;:=,#-*\n\r\t \x00\xff\xc2\xe2\x80\xcc\x8109azAZ";

#[test]
fn no_target_fails_on_random_bytes_or_on_changed_seeds() {
    for (name, target) in TARGETS {
        let seeds = seeds(name);
        assert!(!seeds.is_empty(), "{name} has no seed");
        seeds.iter().for_each(|s| target(s));
        let byte = prop_oneof![any::<u8>(), proptest::sample::select(TURNS)];
        let random = proptest::collection::vec(byte.clone(), 0..200);
        let cut = (proptest::sample::select(seeds), proptest::collection::vec((any::<u32>(), byte, 0u8..4), 0..12));
        let changed = cut.prop_map(|(mut seed, changes)| {
            for (at, b, how) in changes {
                let at = at as usize % (seed.len() + 1);
                match how {
                    0 => seed.insert(at, b),
                    1 if at < seed.len() => seed[at] = b,
                    2 if at < seed.len() => _ = seed.remove(at),
                    3 if seed.len() < 4_000 => seed.extend_from_within(at..),
                    _ => {}
                }
            }
            seed
        });
        let cases = std::env::var("ANDON_FUZZ_CASES").ok().and_then(|n| n.parse().ok()).unwrap_or(48);
        let mut runner = TestRunner::new(Config { cases, failure_persistence: None, ..Config::default() });
        let any = prop_oneof![random, changed];
        let done = runner.run(&any, |bytes| {
            target(&bytes);
            Ok(())
        });
        done.unwrap_or_else(|e| panic!("{name}: {e}"));
    }
}

#[test]
fn every_target_has_its_file_its_seeds_and_its_entry() {
    let manifest = std::fs::read_to_string(folder().join("Cargo.toml")).expect("fuzz/Cargo.toml");
    for (name, _) in TARGETS {
        let file = folder().join("fuzz_targets").join(format!("{name}.rs"));
        let text = std::fs::read_to_string(&file).unwrap_or_else(|e| panic!("{}: {e}", file.display()));
        assert!(text.contains("andon::testkit::fuzz::"), "{name} runs something else");
        assert!(manifest.contains(&format!("name = \"{name}\"\n")), "{name} is not in fuzz/Cargo.toml");
    }
    let files = std::fs::read_dir(folder().join("fuzz_targets")).expect("targets").count();
    assert_eq!(files, TARGETS.len());
}
