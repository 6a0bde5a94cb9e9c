//! `andon report` and `andon report handover` as scripts see them.

use super::{f1, made};
use andon::core::case::report::md;
use andon::core::record::Record;
use serde_json::json;

/// A log directory as the journal leaves it, but for the hashes.
fn on_disk(home: &crate::home::Home, log: &[Record]) -> String {
    let mut by: std::collections::BTreeMap<&str, String> = std::collections::BTreeMap::new();
    for r in log {
        let line = json!({"v": 1, "session": r.session, "seq": r.seq, "hlc": r.hlc, "utc": r.utc, "at": r.at, "kind": r.kind,
            "actor": {"user": r.user}, "host": r.host, "incident": r.incident, "target": r.target, "ticket": r.ticket,
            "data": r.data});
        let file = by.entry(&r.session).or_default();
        file.push_str(&line.to_string());
        file.push('\n');
    }
    for (session, text) in by {
        home.file(&format!("log/{session}.jsonl"), &text);
    }
    home.path().join("log").to_string_lossy().into_owned()
}

#[test]
fn the_commands_say_the_same_and_end_as_they_should() {
    let home = crate::home::Home::new("report");
    let dir = on_disk(&home, &f1());
    let run = |args: &[&str]| crate::command::run(&home, args, &[]);
    let ran = run(&["report", "--dir", &dir]);
    assert_eq!((ran.code, ran.err.as_str()), (0, ""));
    // The same but for the day it was made and the files.
    let body = |s: &str| {
        let from = s.find("## Summary").unwrap_or(0);
        s[from..s.find("## What the record does not show").unwrap_or(s.len())].to_owned()
    };
    assert_eq!(body(&ran.out), body(&md::md(&made(&f1()))));
    let file = home.path().join("r.html").to_string_lossy().into_owned();
    let ran = run(&["report", "--dir", &dir, "--incident", "i-0412", "--html", "-o", &file]);
    assert_eq!((ran.code, ran.out.as_str(), ran.err.as_str()), (0, "", ""));
    assert!(std::fs::read_to_string(&file).expect("written").starts_with("<!doctype html>"));
    let ran = run(&["report", "--dir", &dir, "--json"]);
    let all: serde_json::Value = serde_json::from_str(&ran.out).expect("JSON");
    assert_eq!(all["schema"], "andon.report/1");
    assert!(ran.out.is_ascii() && all["sections"][0]["blocks"][0]["said"]["rests"][0]["seq"].is_u64(), "{}", ran.out);
    let ran = run(&["report", "handover", "--dir", &dir]);
    assert!(ran.code == 0 && ran.out.starts_with("# Hand-over DRILL") && ran.out.contains("FOLLOW-UPS"), "{}", ran.out);
    for (args, code, said) in [
        (vec!["report", "--dir", &dir, "--incident", "i-9"], 5, "no incident i-9; there is i-0412"),
        (vec!["report", "--dir", "/nowhere/at/all"], 5, "there is no log here"),
        (vec!["report", "--dir", &dir, "--since", "soon"], 2, "soon: no time"),
        (vec!["report", "--dir", &dir, "--since", "2030-01-01"], 5, "no record in this span"),
        (vec!["report", "--dir", &dir, "--html", "--json"], 2, "cannot be used with"),
        (vec!["report", "--dir", &dir, "-o", "/nowhere/at/all"], 1, "/nowhere/at/all"),
        (vec!["report", "handover", "--dir", "/nowhere/at/all"], 5, "there is no log here"),
    ] {
        let ran = run(&args);
        assert_eq!(ran.code, code, "{args:?}: {}", ran.err);
        assert!(ran.err.contains(said) && ran.out.is_empty(), "{args:?}: {}", ran.err);
    }
    std::fs::create_dir(home.path().join("log/20261122T000000Z-x-y-0000.jsonl")).expect("made");
    let ran = run(&["report", "--dir", &dir]);
    assert!(ran.code == 1 && ran.err.contains("not read") && ran.out.contains("not read:"), "{}", ran.err);
}
