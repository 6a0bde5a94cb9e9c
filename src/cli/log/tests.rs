//! The commands over logs the journal wrote.

use super::{tail, verify};
use crate::core::entry::Kind;
use crate::journal::scratch::{Scratch, at, entry, settings, target};
use crate::journal::thread::{Durability, Journal};
use serde_json::json;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

/// A session with one note; returns its file.
fn session(dir: &Path, suffix: &str, ms: i64) -> PathBuf {
    let journal = Journal::open(&settings(dir, suffix), at(ms), Arc::new(|_| {})).expect("opened");
    let mut note = entry(Kind::Note, ms + 1, json!({"text": format!("from {suffix}\u{1b}[2J")}));
    note.target = Some(target());
    journal.append(note, at(ms + 1), None, Durability::Batched);
    let path = journal.path().to_owned();
    journal.close(at(ms + 2), Duration::from_secs(20)).head.expect("on disk");
    path
}

fn run(paths: &[PathBuf]) -> (i32, String) {
    let mut out = Vec::new();
    let code = verify(paths, &mut out).expect("written");
    (code, String::from_utf8(out).expect("text"))
}

#[test]
fn verify_names_the_broken_record_the_cut_end_and_the_missing_file() {
    let dir = Scratch::new();
    let all = [dir.path().to_owned()];
    let (one, two) = (session(dir.path(), "1", 0), session(dir.path(), "2", 10));
    let (code, said) = run(&all);
    assert_eq!(code, 0, "{said}");
    assert!(said.contains("every chain holds: 2 files, 6 good records. The chain shows"), "{said}");
    let bytes = std::fs::read(&one).expect("read");
    // The end cut off at a line: the file itself looks whole, the later session tells.
    let end = bytes[..bytes.len() - 1].iter().rposition(|b| *b == b'\n').expect("lines") + 1;
    std::fs::write(&one, &bytes[..end]).expect("written");
    let (code, said) = run(&all);
    assert!(code == 1 && said.contains("its end was removed or replaced"), "{said}");
    assert_eq!(run(std::slice::from_ref(&one)).0, 0);
    std::fs::remove_file(&one).expect("removed");
    let (code, said) = run(&all);
    assert!(code == 1 && said.contains("and it is gone"), "{said}");
    std::fs::write(&one, &bytes).expect("written");
    assert_eq!(run(&all).0, 0);
    let mut flipped = std::fs::read(&two).expect("read");
    let middle = flipped.len() / 2;
    flipped[middle] ^= 4;
    std::fs::write(&two, &flipped).expect("written");
    let (code, said) = run(&all);
    assert!(code == 1 && said.contains("BROKEN at line"), "{said}");
    assert_eq!(run(&[dir.path().join("none")]).0, 1);
    std::fs::write(&two, bytes_of(&two, middle)).expect("written");
    assert_eq!(run(&all).0, 0);
    // What cannot be read is not passed over.
    std::fs::create_dir(dir.path().join("20261121T031407Z-ito-h-3.jsonl")).expect("made");
    let (code, said) = run(&all);
    assert!(code == 1 && said.contains("not read: it is a directory") && said.contains("NOT WHOLE"), "{said}");
}

/// The file with one bit turned back.
fn bytes_of(path: &Path, at: usize) -> Vec<u8> {
    let mut bytes = std::fs::read(path).expect("read");
    bytes[at] ^= 4;
    bytes
}

#[test]
fn tail_prints_a_line_for_a_person() {
    let dir = Scratch::new();
    session(dir.path(), "1", 0);
    session(dir.path(), "2", 1000);
    let mut out = Vec::new();
    assert_eq!(tail(dir.path(), 2, &mut out).expect("written"), 0);
    let said = String::from_utf8(out).expect("text");
    let lines: Vec<_> = said.lines().collect();
    assert_eq!(lines[0], "03:14:08 (^)mira checkout@eu-1 note: from 2^[[2J");
    assert!(lines[1].starts_with("03:14:08 mira closed after 3 records"), "{said}");
    assert_eq!(tail(&dir.path().join("none"), 2, &mut Vec::new()).expect("written"), 1);
}

#[test]
fn verify_looks_at_the_side_files_that_records_name() {
    let dir = Scratch::new();
    let path = session(dir.path(), "1", 0);
    let long = crate::journal::side::put_aside(dir.path(), 0o600, &json!({"output": "x".repeat(40_000)}));
    let data = long.expect("written").expect("it is long");
    let sha = data["output"]["side"].as_str().expect("named").to_owned();
    let name = "20261121T031500Z-mira-h-2";
    let who = crate::journal::record::Who {
        session: name.into(),
        actor: crate::journal::record::Actor { user: "mira".into(), claimed: None },
        host: "h".into(),
    };
    let file = crate::journal::append::OnDisk::create(&dir.path().join(format!("{name}.jsonl")), 0o600).expect("made");
    let mut chain = crate::journal::append::Chain::new(who, Box::new(file));
    chain.append(&entry(Kind::Opened, 5000, json!({})), at(5000), None, 0).expect("written");
    chain.append(&entry(Kind::Runbook, 5001, data), at(5001), None, 0).expect("written");
    let all = [dir.path().to_owned()];
    let (code, said) = run(&all);
    assert_eq!(code, 0, "{said}");
    let side = crate::journal::side::path(dir.path(), &sha);
    std::fs::write(&side, "y".repeat(40_000)).expect("written");
    let (code, said) = run(&all);
    assert!(
        code == 1 && said.contains(&format!("seq 2 names the side file {sha}.side, which holds other bytes")),
        "{said}"
    );
    std::fs::remove_file(&side).expect("removed");
    let (code, said) = run(&all);
    assert!(code == 1 && said.contains("which is gone") && said.contains("NOT WHOLE"), "{said}");
    assert_eq!(run(std::slice::from_ref(&path)).0, 0);
}
