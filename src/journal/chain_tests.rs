//! The verifier attacked: every bit, every cut, every rearrangement.

use super::append::{Chain, OnDisk};
use super::chain::{Verified, verify, verify_on};
use super::record::{Actor, Who};
use super::scratch::{Scratch, at, entry};
use crate::core::act::plan::Ticket;
use crate::core::entry::Kind;
use serde_json::json;

pub(super) fn written(session: &str, n: i64) -> Vec<u8> {
    let dir = Scratch::new();
    let path = dir.path().join("log");
    let who = Who { session: session.into(), actor: Actor { user: "mira".into(), claimed: None }, host: "h".into() };
    let file = OnDisk::create(&path, 0o600).expect("created");
    let mut chain = Chain::new(who, Box::new(file));
    for i in 0..n {
        let kind = match i {
            0 => Kind::Opened,
            i if i == n - 1 => Kind::Closed,
            _ => Kind::Note,
        };
        let e = entry(kind, i, json!({ "text": "J*\u{e9}", "i": i }));
        let ticket = u64::try_from(i).map(Ticket).ok();
        chain.append(&e, at(i), ticket, 0).expect("written");
    }
    std::fs::read(path).expect("read")
}

fn check(bytes: &[u8]) -> Verified {
    verify(bytes, |_| {}).expect("no i/o here")
}

fn lines(bytes: &[u8]) -> Vec<Vec<u8>> {
    bytes.split_inclusive(|b| *b == b'\n').map(<[u8]>::to_vec).collect()
}

#[test]
fn a_log_as_written_holds() {
    let found = check(&written("s", 20));
    assert_eq!((found.records, found.first_bad, found.torn), (20, None, None));
    assert!(found.closed);
    assert_eq!(check(b"").records, 0);
}

#[test]
fn every_flipped_bit_is_found_in_its_record() {
    let mut bytes = written("s", 20);
    let (mut record, mut from) = (1, 0);
    let mut before = check(b"");
    for i in 0..bytes.len() {
        for bit in 0..8 {
            bytes[i] ^= 1 << bit;
            // The records before are read once, for the whole file only now and then: it is slow unoptimised.
            let found = if (i + bit) % 101 == 0 {
                check(&bytes)
            } else {
                verify_on(before.clone(), &bytes[from..], |_| {}).expect("no i/o here")
            };
            let bad = found.first_bad.map(|b| (b.line, b.seq));
            assert_eq!(bad, Some((record, record)), "byte {i} bit {bit}");
            bytes[i] ^= 1 << bit;
        }
        if bytes[i] == b'\n' {
            (record, from) = (record + 1, i + 1);
            before = check(&bytes[..from]);
            assert_eq!(before.records, record - 1);
        }
    }
    assert_eq!(check(&bytes).records, 20);
}

#[test]
fn cut_at_every_byte_the_whole_records_stay() {
    let bytes = written("s", 6);
    for n in 0..bytes.len() {
        let found = check(&bytes[..n]);
        let whole = bytes[..n].iter().filter(|b| **b == b'\n').count() as u64;
        assert_eq!((found.records, &found.first_bad), (whole, &None), "cut at {n}");
        let torn = found.torn.map_or(0, |t| {
            assert_eq!(t.offset + t.bytes, n as u64);
            t.bytes
        });
        let after = bytes[..n].iter().rev().take_while(|b| **b != b'\n').count() as u64;
        assert_eq!(torn, after);
    }
}

#[test]
fn removed_swapped_repeated_and_foreign_records_are_found() {
    let all = lines(&written("s", 20));
    let other = lines(&written("t", 20));
    let bad = |l: &[Vec<u8>]| check(&l.concat()).first_bad.map(|b| b.line);
    for i in 0..all.len() {
        let mut l = all.clone();
        l.remove(i);
        // Without its end a chain looks whole: what SHOWS says.
        let expected = (i < all.len() - 1).then_some(i as u64 + 1);
        assert_eq!(bad(&l), expected, "{i} removed");
        let mut l = all.clone();
        l.insert(i, all[i].clone());
        assert_eq!(bad(&l), Some(i as u64 + 2), "{i} repeated");
        let mut l = all.clone();
        l[i] = other[i].clone();
        // In the last place the splice is seen by its prev, in the first by its successor's.
        assert_eq!(bad(&l), Some((i as u64 + 1).max(2)), "{i} spliced");
        let mut l = all.clone();
        l.insert(i, b"\n".to_vec());
        assert_eq!(bad(&l), Some(i as u64 + 1), "an empty line before {i}");
        for j in 0..i {
            let mut l = all.clone();
            l.swap(i, j);
            assert_eq!(bad(&l), Some(j as u64 + 1), "{i} and {j} swapped");
        }
    }
    // Two logs one after the other; bytes after a clean end.
    assert_eq!(bad(&[all.concat(), other.concat()]), Some(21));
    assert_eq!(bad(&[all.concat(), b"x".to_vec()]), Some(21));
}

#[test]
fn the_ten_lines_of_the_page_agree_with_ours() {
    let page = include_str!("../../docs/log-format.md");
    let script =
        page.split("```python\n").nth(1).and_then(|s| s.split("```").next()).expect("the page holds the script");
    assert!(script.lines().count() <= 10, "ten lines were promised");
    let dir = Scratch::new();
    let (tool, log) = (dir.path().join("verify.py"), dir.path().join("log.jsonl"));
    std::fs::write(&tool, script).expect("written");
    let run = |bytes: &[u8]| {
        std::fs::write(&log, bytes).expect("written");
        std::process::Command::new("python3").arg(&tool).arg(&log).output()
    };
    let mut bytes = written("s", 20);
    let Ok(good) = run(&bytes) else {
        println!("skipped: no python3 here");
        return;
    };
    let said = String::from_utf8_lossy(&good.stdout).into_owned();
    assert!(good.status.success(), "{said}{}", String::from_utf8_lossy(&good.stderr));
    assert!(said.contains(&check(&bytes).head), "{said}");
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    assert!(!run(&bytes).expect("ran before").status.success());
}
