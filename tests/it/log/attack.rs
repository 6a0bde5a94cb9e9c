//! Verification attacked from outside: the program's own command over logs that somebody has been at. What happens inside
//! one chain is attacked bit by bit in src/journal; here are files, ends and sessions.

use super::session::settings;
use crate::home::Home;
use andon::core::entry::{Entry, Kind};
use andon::core::time::{Person, Stamp, Utc, World};
use andon::journal::chain::{Verified, verify};
use andon::journal::tail::tail;
use andon::journal::thread::{Durability, Journal};
use serde_json::json;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

fn at(ms: i64) -> Stamp {
    Stamp { utc: Utc(1_795_230_847_000 + ms), world: World(ms), person: Person(ms) }
}

/// A session of `records` records, opened and closed among them, as the journal writes it. Returns its file.
pub fn written(dir: &Path, suffix: &str, records: i64) -> PathBuf {
    // A session later than the ones before, so that it names their heads.
    let from = 1000 * i64::try_from(std::fs::read_dir(dir).unwrap().count()).unwrap();
    let journal = Journal::open(&settings(dir, suffix), at(from), Arc::new(|_| {})).unwrap();
    for n in 2..records {
        let note = Entry {
            kind: Kind::Note,
            at: at(from + n).utc,
            incident: None,
            target: None,
            data: json!({"text": format!("{suffix} {n} J*\u{e9}")}),
        };
        journal.append(note, at(from + n), None, Durability::Batched);
    }
    let path = journal.path().to_owned();
    journal.close(at(from + records), Duration::from_secs(60)).head.expect("on disk");
    path
}

fn lines(path: &Path) -> Vec<Vec<u8>> {
    let bytes = std::fs::read(path).unwrap();
    bytes.split_inclusive(|b| *b == b'\n').map(<[u8]>::to_vec).collect()
}

/// `andon log verify` on the whole directory, in this process.
fn said(dir: &Path) -> (i32, String) {
    let mut out = Vec::new();
    let code = andon::cli::log::verify(&[dir.to_owned()], &mut out).unwrap();
    (code, String::from_utf8(out).unwrap())
}

/// Does it, says what verify says of it, and puts the files back.
#[track_caller]
fn attacked(dir: &Path, how: impl FnOnce()) -> String {
    let keep: Vec<(PathBuf, Vec<u8>)> = std::fs::read_dir(dir)
        .unwrap()
        .map(|f| f.unwrap().path())
        .filter(|p| p.is_file())
        .map(|p| (p.clone(), std::fs::read(p).unwrap()))
        .collect();
    how();
    let (code, text) = said(dir);
    assert_eq!(code, 1, "{text}");
    for (path, bytes) in keep {
        std::fs::write(path, bytes).unwrap();
    }
    assert_eq!(said(dir).0, 0);
    text
}

#[test]
fn what_is_done_to_files_and_ends_is_found_through_the_others() {
    let home = Home::new("attack");
    let dir = home.path();
    let a = written(dir, "aaaa", 6);
    let b = written(dir, "bbbb", 6);
    let c = written(dir, "cccc", 6);
    let (code, text) = said(dir);
    assert_eq!(code, 0, "{text}");
    assert!(
        text.contains("every chain holds: 3 files, 18 good records. The chain shows edits inside a file."),
        "{text}"
    );
    assert!(text.contains("Removals of files and of ends show where another session's opened record"), "{text}");

    let text = attacked(dir, || std::fs::remove_file(&b).unwrap());
    assert!(text.contains("bbbb.jsonl:") && text.contains("and it is gone"), "{text}");
    // The end cut at a line: the file by itself looks whole.
    for kept in 1..6 {
        let text = attacked(dir, || {
            std::fs::write(&a, lines(&a)[..kept].concat()).unwrap();
            assert_eq!(verify(&std::fs::read(&a).unwrap()[..], |_| {}).unwrap().first_bad, None);
        });
        assert!(text.contains("its end was removed or replaced"), "{kept} kept: {text}");
        assert!(text.contains(&format!("{kept} records, no clean end")), "{text}");
    }
    // Of the newest file nobody has seen the end: what the chain cannot show, and says.
    std::fs::write(&c, lines(&c)[..5].concat()).unwrap();
    let (code, text) = said(dir);
    assert!(code == 0 && text.contains("no clean end") && text.contains("compare the heads"), "{text}");
    let text = attacked(dir, || {
        let (x, y) = (std::fs::read(&a).unwrap(), std::fs::read(&b).unwrap());
        std::fs::write(&a, y).unwrap();
        std::fs::write(&b, x).unwrap();
    });
    assert!(text.contains("its records are of session") && text.contains("saw it end in"), "two names swapped: {text}");
    let text = attacked(dir, || std::fs::write(&b, std::fs::read(&a).unwrap()).unwrap());
    assert!(text.contains("its records are of session"), "one twice: {text}");
    let text = attacked(dir, || std::fs::write(&b, lines(&b)[1..].concat()).unwrap());
    assert!(text.contains("BROKEN at line 1 (seq 1): it is not the first of its file"), "{text}");
    let text = attacked(dir, || std::fs::write(&b, "").unwrap());
    assert!(text.contains("0 records") && text.contains("saw it end in"), "{text}");
}

#[test]
fn what_is_spliced_in_is_named_with_its_record() {
    let home = Home::new("splice");
    let dir = home.path();
    let a = written(dir, "aaaa", 8);
    let other = written(dir, "bbbb", 8);
    // The same session, gone another way from its fourth record on: a copy that was written on.
    let (mine, theirs) = (lines(&a), lines(&other));
    for n in 1..7 {
        let text = attacked(dir, || {
            let mut l = mine.clone();
            l[n] = theirs[n].clone();
            std::fs::write(&a, l.concat()).unwrap();
        });
        assert!(text.contains(&format!("BROKEN at line {} (seq {})", n + 1, n + 1)), "{text}");
        let text = attacked(dir, || std::fs::write(&a, [&mine[..n], &theirs[n..]].concat().concat()).unwrap());
        assert!(text.contains(&format!("BROKEN at line {}", n + 1)), "{text}");
        let text = attacked(dir, || {
            let mut l = mine.clone();
            l.insert(n, mine[n - 1].clone());
            std::fs::write(&a, l.concat()).unwrap();
        });
        assert!(text.contains(&format!("BROKEN at line {}", n + 1)), "{text}");
    }
    let copy = dir.join("copy");
    std::fs::create_dir(&copy).unwrap();
    let again = written(&copy, "aaaa", 8);
    assert_eq!(again.file_name(), a.file_name(), "the same session by name");
    let twin: Vec<Vec<u8>> = {
        // Another note in the fourth place, and so another chain from there on.
        std::fs::remove_file(&again).unwrap();
        let again = twin_of(&copy);
        lines(&again)
    };
    assert_eq!(twin[..3], mine[..3], "alike so far");
    let text = attacked(dir, || std::fs::write(&a, [&mine[..4], &twin[4..]].concat().concat()).unwrap());
    assert!(text.contains("BROKEN at line 5 (seq 5): it does not follow the record before it"), "{text}");
    let text = attacked(dir, || std::fs::write(&a, [&twin[..4], &mine[4..]].concat().concat()).unwrap());
    assert!(text.contains("BROKEN at line 5"), "{text}");
    // Whole, it is a chain that holds; the session that opened later saw another end.
    let text = attacked(dir, || std::fs::write(&a, twin.concat()).unwrap());
    assert!(text.contains("its end was removed or replaced"), "{text}");
    std::fs::remove_dir_all(copy).unwrap();
}

/// Session aaaa once more, with another text in the fourth record.
fn twin_of(dir: &Path) -> PathBuf {
    use andon::journal::append::{Chain, OnDisk};
    use andon::journal::record::{Actor, Who};
    let of = dir.parent().unwrap();
    let original =
        std::fs::read_dir(of).unwrap().map(|f| f.unwrap().path()).find(|p| p.to_string_lossy().ends_with("aaaa.jsonl"));
    let original = lines(&original.unwrap());
    let session =
        serde_json::from_slice::<serde_json::Value>(&original[0]).unwrap()["session"].as_str().unwrap().to_owned();
    let who = Who { session, actor: Actor { user: "mira".into(), claimed: None }, host: "h".into() };
    let path = dir.join("twin.jsonl");
    let mut chain = Chain::new(who, Box::new(OnDisk::create(&path, 0o600).unwrap()));
    for (n, line) in original.iter().enumerate() {
        let r: serde_json::Value = serde_json::from_slice(line).unwrap();
        let ms = r["hlc"][0].as_i64().unwrap() - 1_795_230_847_000;
        let mut data = r["data"].clone();
        if n == 3 {
            data["text"] = "what was never written".into();
        }
        let kind: Kind = serde_json::from_value(r["kind"].clone()).unwrap();
        chain.append(&Entry { kind, at: at(ms).utc, incident: None, target: None, data }, at(ms), None, 0).unwrap();
    }
    path
}

#[test]
fn cut_at_every_byte_a_log_opens_with_its_whole_records() {
    let home = Home::new("cut");
    let dir = home.path();
    let path = written(dir, "aaaa", 5);
    let bytes = std::fs::read(&path).unwrap();
    // Every byte about the ends of lines, every fifth between.
    let near = |n: &usize| n.is_multiple_of(5) || bytes[n.saturating_sub(3)..(n + 3).min(bytes.len())].contains(&b'\n');
    for n in (0..bytes.len()).filter(near) {
        std::fs::write(&path, &bytes[..n]).unwrap();
        let whole = bytes[..n].iter().filter(|b| **b == b'\n').count();
        let v: Verified = verify(&bytes[..n], |_| {}).unwrap();
        assert_eq!((v.records, v.first_bad), (whole as u64, None), "cut at {n}");
        let t = tail(dir, 99).unwrap();
        assert_eq!((t.records.len(), t.unread), (whole, vec![]), "cut at {n}");
        let (code, text) = said(dir);
        assert_eq!(code, 0, "{text}");
        let torn = n > 0 && bytes[n - 1] != b'\n';
        assert_eq!(text.contains("unfinished last line"), torn, "{text}");
    }
    // And the next session names the torn end.
    std::fs::write(&path, &bytes[..bytes.len() - 10]).unwrap();
    let next = written(dir, "bbbb", 3);
    let opened: serde_json::Value = serde_json::from_slice(&lines(&next)[0]).unwrap();
    let end = lines(&path).pop().unwrap().len();
    assert_eq!(opened["data"]["torn"][0]["bytes"], end);
    assert_eq!(said(dir).0, 0);
}

#[test]
fn every_way_to_name_the_log_gives_the_same() {
    let home = Home::new("named");
    let dir = home.path().join(".local/state/andon/prod/log");
    std::fs::create_dir_all(&dir).unwrap();
    written(&dir, "aaaa", 4);
    let d = dir.to_str().unwrap();
    let by = |args: &[&str]| home.run(args);
    for tail in [&["log", "tail", "--dir", d][..], &["log", "tail", "--env", "prod"], &["log", "tail"]] {
        let (code, text) = by(tail);
        assert!(code == 0 && text.contains("note: aaaa 2"), "{tail:?}: {text}");
    }
    for verify in [
        &["log", "verify", d][..],
        &["log", "verify", "--dir", d],
        &["log", "verify", "--env", "prod"],
        &["log", "verify"],
    ] {
        let (code, text) = by(verify);
        assert!(code == 0 && text.contains("every chain holds: 1 files, 4 good records"), "{verify:?}: {text}");
    }
}
