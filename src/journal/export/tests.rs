//! Exports of logs that somebody means harm with, of broken ones, and of parts.

use super::{Done, Format, Made, Which, export, holds_alone, open_checked};
use crate::core::entry::Kind;
use crate::core::record::Record;
use crate::core::time::Utc;
use crate::journal::chain;
use crate::journal::scratch::{Scratch, at, entry, settings, target};
use crate::journal::thread::{Durability, Journal};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

/// What people could put into a field to harm whoever opens the export.
const HARM: [&str; 14] = [
    "<script>alert(1)</script>",
    "\"><img src=x onerror=alert(1)>",
    "]]><!--",
    "=cmd|' /C calc'!A0",
    "+1+1",
    "-2",
    "@SUM(A1)",
    "\u{ff1d}1",
    "a | b | c\n| d |",
    "\u{1b}[2J\u{1b}]52;c;aGk=\u{7}",
    "\u{202e}evil\u{2066}",
    "[x](javascript:alert(1)) <http://x.invalid>",
    "\r\n,\"quoted\",\r\n# heading\n---\n```",
    "'; DROP TABLE",
];

fn session(dir: &Path, suffix: &str, ms: i64, texts: &[&str]) -> PathBuf {
    let journal = Journal::open(&settings(dir, suffix), at(ms), Arc::new(|_| {})).expect("opened");
    for (i, text) in texts.iter().enumerate() {
        let t = ms + 1 + i as i64;
        let mut note = entry(Kind::Note, t, json!({"text": text, "act": i}));
        let mut of = target();
        of.name = (*text).into();
        note.target = Some(of);
        journal.append(note, at(t), None, Durability::Batched);
    }
    let path = journal.path().to_owned();
    journal.close(at(ms + 500), Duration::from_secs(20)).head.expect("on disk");
    path
}

fn made() -> Made {
    Made { at: Utc(0), build: "0.0.0".into() }
}

fn write(dir: &Path, format: Format, which: &Which) -> (String, Done) {
    let given = open_checked(&[dir.to_owned()], &mut |_, _| {}).expect("opened");
    let mut out = Vec::new();
    let done = export(format, &given, which, &made(), &mut out, &mut |_, _| {}).expect("written");
    (String::from_utf8(out).expect("UTF-8"), done)
}

/// RFC 4180, read by hand.
fn table(text: &str) -> Vec<Vec<String>> {
    let (mut rows, mut row, mut field, mut inside) = (Vec::new(), Vec::new(), String::new(), false);
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match (inside, c) {
            (true, '"') if chars.peek() == Some(&'"') => field.push(chars.next().expect("peeked")),
            (_, '"') => inside = !inside,
            (false, ',') => row.push(std::mem::take(&mut field)),
            (false, '\r') => {
                assert_eq!(chars.next(), Some('\n'));
                row.push(std::mem::take(&mut field));
                rows.push(std::mem::take(&mut row));
            }
            (_, c) => field.push(c),
        }
    }
    assert!(!inside && row.is_empty() && field.is_empty(), "it ends in the middle");
    rows
}

#[test]
fn json_holds_every_line_as_it_stands_and_every_head() {
    let dir = Scratch::new();
    let files = [session(dir.path(), "1", 0, &HARM), session(dir.path(), "2", 1_000, &["caf\u{e9}"])];
    let (text, done) = write(dir.path(), Format::Json, &Which::default());
    assert!(done.whole && done.records == 19, "{done:?}");
    assert!(text.bytes().all(|b| b == b'\n' || (b' '..=b'~').contains(&b)), "ASCII only");
    let v: Value = serde_json::from_str(&text).expect("one JSON value");
    assert_eq!((&v["schema"], &v["count"]), (&json!("andon.log.export/1"), &json!(19)));
    for (n, path) in files.iter().enumerate() {
        let lines = std::fs::read_to_string(path).expect("read");
        for line in lines.lines() {
            assert!(text.contains(&format!("\n{line}")), "verbatim: {line}");
        }
        let found = chain::verify(lines.as_bytes(), |_| {}).expect("read");
        assert_eq!(v["files"][n]["head"], found.head.as_str());
        assert_eq!(v["files"][n]["records"], found.records);
    }
    let ms: Vec<i64> =
        v["records"].as_array().expect("records").iter().map(|r| r["hlc"][0].as_i64().unwrap()).collect();
    assert!(ms.is_sorted());
}

#[test]
fn a_spreadsheet_runs_nothing_and_every_field_stays_where_it_belongs() {
    let dir = Scratch::new();
    session(dir.path(), "1", 0, &HARM);
    let (text, _) = write(dir.path(), Format::Csv, &Which::default());
    let rows = table(&text);
    assert_eq!(rows.len(), 1 + HARM.len() + 2 + 1);
    for row in &rows {
        assert_eq!(row.len(), rows[0].len());
        for f in row {
            let first = f.trim_start().chars().next();
            assert!(!first.is_some_and(|c| "=+-@\u{ff1d}\t".contains(c)), "{f:?}");
            assert!(!f.chars().any(char::is_control), "{f:?}");
        }
    }
    let last = rows.last().expect("rows");
    assert_eq!((last[4].as_str(), last[16].len()), ("export-head", 64));
}

#[test]
fn html_and_markdown_take_foreign_text_for_text() {
    let dir = Scratch::new();
    session(dir.path(), "1", 0, &HARM);
    let (html, _) = write(dir.path(), Format::Html, &Which::default());
    // Everything between < and > is ours.
    let mut rest = html.as_str();
    while let Some(i) = rest.find('<') {
        let tag = &rest[i + 1..rest[i..].find('>').map_or(rest.len(), |e| i + e)];
        let name = tag.trim_start_matches('/').split([' ', '\n']).next().unwrap_or_default();
        let ours = [
            "!doctype", "html", "head", "meta", "title", "style", "body", "h1", "h2", "p", "strong", "table", "tr",
            "td", "th", "details", "summary", "pre",
        ];
        assert!(ours.contains(&name), "<{tag}>");
        assert!(!tag.contains("onerror"), "<{tag}>");
        rest = &rest[i + 1..];
    }
    assert!(!html.contains("http://x") || html.contains("&lt;http://x"), "no address is a link");
    assert!(!html.chars().any(|c| c == '\u{1b}' || c == '\u{202e}'));
    let (md, _) = write(dir.path(), Format::Md, &Which::default());
    // A bracket behind a backslash is a sign no more.
    assert!(!md.contains("<script") && !md.replace("\\]", "").contains("](javascript"));
    for line in md.lines() {
        if line.starts_with('|') {
            let bars = line.replace("\\|", "").matches('|').count();
            assert_eq!(bars, 4, "three columns: {line}");
        }
        assert!(
            !line.starts_with("```") && (!line.starts_with('#') || line.starts_with("# I") || line.starts_with("##"))
        );
    }
    assert_eq!(md.lines().filter(|l| l.starts_with("# ")).count(), 1);
}

#[test]
fn a_broken_file_is_exported_whole_and_every_form_says_so() {
    let dir = Scratch::new();
    let path = session(dir.path(), "1", 0, &["one", "two"]);
    let mut bytes = std::fs::read(&path).expect("read");
    let i = bytes.windows(3).position(|w| w == b"two").expect("there");
    bytes[i] = b'T';
    bytes.extend_from_slice(b"no json at all\nunfinis");
    std::fs::write(&path, &bytes).expect("written");
    for format in [Format::Json, Format::Csv, Format::Md, Format::Html] {
        let (text, done) = write(dir.path(), format, &Which::default());
        assert!(!done.whole && done.records == 5, "{format:?} {done:?}");
        assert!(text.contains("BROKEN at line 3") || text.contains("\"first_bad\":{\"line\":3"), "{format:?}: {text}");
        assert!(text.contains("no json at all"), "{format:?}");
    }
    let lines: Vec<&[u8]> = bytes.split(|b| *b == b'\n').collect();
    assert_eq!(lines[..4].iter().map(|l| holds_alone(l)).collect::<Vec<_>>(), [true, true, false, true]);
}

#[test]
fn conditions_combine_and_an_export_says_what_it_leaves_out() {
    let dir = Scratch::new();
    session(dir.path(), "1", 0, &["one", "two"]);
    session(dir.path(), "2", 10, &["two"]);
    let of = |w: Which| write(dir.path(), Format::Json, &w).1.records;
    let w = Which::default;
    assert_eq!(of(w()), 7);
    assert_eq!(of(Which { kinds: vec!["note".into(), "closed".into()], ..w() }), 5);
    assert_eq!(of(Which { session: Some("2".into()), ..w() }), 3);
    assert_eq!(of(Which { target: super::TargetWish::read("two"), ..w() }), 2);
    assert_eq!(of(Which { target: super::TargetWish::read("shop/two@eu-1"), session: Some("1".into()), ..w() }), 1);
    assert_eq!(of(Which { target: super::TargetWish::read("two@eu-2"), ..w() }), 0);
    assert_eq!(of(Which { act: Some(1), ..w() }), 1);
    assert_eq!(of(Which { record: Some((2, "1".into())), ..w() }), 1);
    assert_eq!(of(Which { since: Some(at(1).utc), until: Some(at(2).utc), ..w() }), 2);
    let (md, _) = write(dir.path(), Format::Md, &Which { act: Some(1), ..w() });
    assert!(md.contains("Only a part of the log: act 1."), "{md}");
    let r = Record { kind: "note".into(), incident: Some("INC-1".into()), ..Record::default() };
    assert!(super::which::belongs(&r, "INC-1") && !super::which::belongs(&r, "INC-2"));
}

#[test]
fn more_files_than_may_be_open_are_merged_all_the_same() {
    let dir = Scratch::new();
    for i in 0..1_100 {
        let line = format!("{{\"session\":\"s{i}\",\"seq\":1,\"hlc\":[{i},0],\"kind\":\"note\"}}\n");
        std::fs::write(dir.path().join(format!("s{i}.jsonl")), line).expect("written");
    }
    let given = super::open(&[dir.path().to_owned()]).expect("opened");
    let before = std::fs::read_dir("/proc/self/fd").expect("proc").count();
    let merged = given.merged().expect("merged");
    let during = std::fs::read_dir("/proc/self/fd").expect("proc").count();
    // Other tests open files as well, but not hundreds.
    assert!(during < before + 500, "{before} before, {during} while they are merged");
    assert_eq!(merged.filter(Result::is_ok).count(), 1_100);
}
