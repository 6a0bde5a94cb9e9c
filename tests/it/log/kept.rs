//! Logs that earlier versions wrote, kept for ever: they must verify, and read with everything that is in them.
//! `v1-*`: 0.1.0, before incidents were recorded.

use andon::core::record::{Record, UNREADABLE};
use andon::journal::chain::verify;
use andon::journal::recovery;
use std::path::Path;

/// Name and bytes of each.
pub fn files() -> Vec<(String, Vec<u8>)> {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/log/kept");
    let mut files: Vec<_> = std::fs::read_dir(dir)
        .expect("kept files")
        .flatten()
        .map(|f| (f.file_name().into_string().unwrap(), std::fs::read(f.path()).unwrap()))
        .collect();
    files.sort();
    files
}

fn file(name: &str) -> Vec<u8> {
    files().into_iter().find(|(n, _)| n == name).expect("it is kept").1
}

fn lines(bytes: &[u8]) -> Vec<&[u8]> {
    let end = bytes.iter().rposition(|b| *b == b'\n').expect("a line");
    bytes[..end].split(|b| *b == b'\n').collect()
}

#[test]
fn they_verify() {
    let heads: Vec<_> = files()
        .into_iter()
        .map(|(name, bytes)| {
            let v = verify(&bytes[..], |_| {}).unwrap();
            assert_eq!(v.first_bad, None, "{name}");
            (name, v.records, v.closed, v.torn.is_some(), v.head[..8].to_owned())
        })
        .collect();
    let expected = [
        ("v1-killed.jsonl", 12, false, false, "1412cf06"),
        ("v1-rolled-back.jsonl", 17, true, false, "b3a30f5e"),
        ("v1-torn.jsonl", 8, false, true, "8894d06f"),
    ];
    let expected = expected.map(|(n, r, c, t, h)| (n.to_owned(), r, c, t, h.to_owned()));
    assert_eq!(heads, expected);
}

#[test]
fn their_records_read_with_nothing_lost() {
    for (name, bytes) in files() {
        for (n, line) in lines(&bytes).into_iter().enumerate() {
            let r = Record::read("s", line);
            assert_ne!(r.kind, UNREADABLE, "{name} line {}", n + 1);
            assert_eq!((r.seq, r.user.as_str(), r.host.as_str()), (n as u64 + 1, "root", "vm"), "{name}");
            assert!(!r.utc.is_empty() && r.hash.len() == 64 && r.hlc.0 > 1_795_000_000_000, "{name}");
            // What a record has besides the members a reader names.
            let rest: Vec<_> = r.rest.keys().map(String::as_str).collect();
            assert_eq!(rest, ["mono", "prev", "v"], "{name} line {}", n + 1);
        }
    }
    let all = file("v1-rolled-back.jsonl");
    let records: Vec<Record> = lines(&all).into_iter().map(|l| Record::read("s", l)).collect();
    let kinds: Vec<&str> = records.iter().map(|r| r.kind.as_str()).collect();
    assert_eq!(kinds[8..], ["note", "intent", "sent", "accepted", "phase", "phase", "seen", "settled", "closed"]);
    assert_eq!(records[0].claimed.as_deref(), Some("Mira K"));
    let intent = &records[9];
    assert_eq!((intent.ticket, intent.data["verb"].as_str()), (Some(1), Some("roll back")));
    assert_eq!(intent.target_at().as_deref(), Some("checkout@eu-1"));
    assert_eq!(records[15].data["service"], "checkout");
}

#[test]
fn a_console_that_opens_finds_in_them_what_was_left_open() {
    let home = crate::home::Home::new("kept");
    for (name, bytes) in files() {
        std::fs::write(home.path().join(name), bytes).unwrap();
    }
    let found = recovery::look(home.path(), "own").unwrap();
    let open: Vec<_> = found.unfinished.iter().map(|u| (u.file.as_str(), u.seq, u.last.as_str())).collect();
    assert_eq!(open, [("v1-torn.jsonl", 7, "sent")]);
    assert_eq!(found.unfinished[0].data["verb"], "hold");
    assert_eq!(found.settled.len(), 1);
    assert_eq!((found.unread, found.in_flight), (vec![], vec![]));
}
