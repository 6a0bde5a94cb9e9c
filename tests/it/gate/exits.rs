//! The exits that are no screen: stderr, stdout of every command, the log's bytes, the panic line, the clipboard. Real
//! program where there is one.

use crate::home::Home;
use andon::testkit::hostile::{PAYLOADS, accents, forbidden};
use serde_json::{Value, json};
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt as _;
use std::process::Command;

/// No payload may hold NUL as an argument; these are joined so that a run tries several.
fn arguments() -> Vec<String> {
    let usable: Vec<&str> = PAYLOADS.iter().map(|(_, p)| *p).filter(|p| !p.contains('\0')).collect();
    let mut all: Vec<String> = usable.chunks(9).map(|c| format!("x{}", c.join("-"))).collect();
    all.push(accents(10_000));
    all
}

/// Runs andon with stdout and stderr to pipes; both must be clean. The exit code and what was said.
#[track_caller]
fn clean(home: &Home, args: &[&OsStr]) -> (i32, String) {
    let done = Command::new(env!("CARGO_BIN_EXE_andon"))
        .args(args)
        .env_clear()
        .env("HOME", home.path())
        .output()
        .expect("andon runs");
    let mut said = String::new();
    for (name, bytes) in [("stdout", &done.stdout), ("stderr", &done.stderr)] {
        let text = std::str::from_utf8(bytes).unwrap_or_else(|_| panic!("{name} of {args:?} is not UTF-8"));
        let bad = text.chars().find(|c| forbidden(*c) && *c != '\n');
        assert_eq!(bad, None, "{name} of {args:?}: {text:?}");
        assert!(!text.contains(&"\u{301}".repeat(5)), "{name} of {args:?} carries a flood of accents");
        said.push_str(text);
    }
    (done.status.code().unwrap_or(-1), said)
}

#[test]
fn what_is_typed_on_the_command_line_does_not_come_back_raw() {
    let home = Home::new("gate-args");
    home.config("[environment.prod]\nsources = [\"m\"]\n[source.m]\ntype = \"kubernetes\"\n");
    for a in arguments() {
        let a = OsStr::new(&a);
        let o = OsStr::new;
        for (args, code) in [
            (vec![a], 2),
            (vec![o("--env"), a], 3),
            (vec![o("drill"), a], 2),
            (vec![o("drill"), o("--speed"), a], 2),
            (vec![o("--color"), a, o("drill")], 2),
            (vec![o("replay"), a], 1),
            (vec![o("config"), o("check"), a], 3),
            (vec![o("log"), o("tail"), o("--dir"), a], 1),
            (vec![o("log"), o("verify"), a], 1),
        ] {
            assert_eq!(clean(&home, &args).0, code, "{args:?}");
        }
    }
    // Bytes that are no UTF-8.
    let raw = OsStr::from_bytes(b"\x9b31m\xff\xfe");
    assert_eq!(clean(&home, &[OsStr::new("config"), OsStr::new("check"), raw]).0, 3);
    assert_eq!(clean(&home, &[raw]).0, 2);
}

#[test]
fn a_config_of_payloads_is_checked_without_repeating_them() {
    let home = Home::new("gate-config");
    let quoted = |s: &str| serde_json::to_string(s).expect("JSON");
    let mut text = String::new();
    for (i, (_, p)) in PAYLOADS.iter().enumerate() {
        let q = quoted(&format!("k{i}{p}"));
        // JSON's escapes are TOML's too, DEL apart, which TOML wants escaped.
        let q = q.replace('\u{7f}', "\\u007f");
        text.push_str(&format!("{q} = {q}\n[service.{q}]\nowner = {q}\ntier = {q}\nrunbooks = [{q}]\n[source.{q}]\ntype = {q}\n[environment.{q}]\nsources = [{q}]\n[limits]\n"));
        text.push_str(&format!("{q} = 1\n"));
        let file = home.file(&format!("c{i}.toml"), &std::mem::take(&mut text));
        if i % 6 == 0 {
            let (code, said) = clean(&home, &[OsStr::new("config"), OsStr::new("check"), file.as_os_str()]);
            assert_eq!(code, 3, "{said}");
        }
    }
    // Raw, as no JSON writer would put them.
    let all: String = PAYLOADS.iter().map(|(_, p)| format!("\"{p}\" = \"{p}\"\nbare{p} = {p}\n")).collect();
    let file = home.file("raw.toml", &all);
    assert_eq!(clean(&home, &[OsStr::new("config"), OsStr::new("check"), file.as_os_str()]).0, 3);
    // A keymap, a theme and a runbook of the user's own.
    home.config("keymap = \"mine\"\ntheme = \"mine\"\n");
    home.file(".config/andon/keymaps/mine.toml", &all);
    home.file(".config/andon/themes/mine.toml", &all);
    home.file(".config/andon/runbooks/mine.md", &format!("---\nservice: x\n{all}\n---\n# t\n1. {all}\n"));
    assert_eq!(clean(&home, &[OsStr::new("config"), OsStr::new("check")]).0, 3);
}

fn everywhere(v: &Value, payload: &str) -> Value {
    match v {
        Value::String(s) => Value::String(format!("{s}{payload}")),
        Value::Array(a) => a.iter().map(|v| everywhere(v, payload)).collect(),
        Value::Object(o) => o.iter().map(|(k, v)| (k.clone(), everywhere(v, payload))).collect(),
        Value::Null | Value::Bool(_) | Value::Number(_) => v.clone(),
    }
}

#[test]
fn a_log_of_payloads_is_read_without_repeating_them() {
    let home = Home::new("gate-log");
    let record = |kind: &str| {
        json!({"v": 1, "session": "s", "seq": 1, "hlc": [7, 1], "utc": "2026-11-21T03:14:07.000Z", "kind": kind,
            "actor": {"user": "mira", "claimed": "Mira"}, "host": "h",
            "target": {"source": "eu-1", "namespace": "shop", "kind": "Rollout", "name": "checkout", "uid": "u"},
            "data": {"text": "t", "why": "w", "words": "x", "verb": "roll back", "found": "f", "by": "b", "source": "m",
                "error": "e", "runbook": "r", "title": "t", "state": "done", "sentence": "s", "what": "w"},
            "hash": "0"})
    };
    for (i, (name, p)) in PAYLOADS.iter().enumerate() {
        let mut lines = String::new();
        for kind in ["note", "refused", "source", "runbook", "intent", "opened", "new-kind"] {
            let mut r = everywhere(&record(kind), p);
            r["kind"] = kind.into();
            lines.push_str(&format!("{r}\n"));
            r["kind"] = format!("{kind}{p}").into();
            lines.push_str(&format!("{r}\n"));
        }
        lines.push_str(&format!("no JSON {p}\n"));
        // serde_json leaves DEL, C1 and bidi as they are: our own log is foreign text on re-read.
        let safe: String = name.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }).collect();
        home.file(&format!("log/{i:02}-{safe}.jsonl"), &lines);
    }
    home.file("log/\u{1b}]0;x\u{7}\u{202e}.jsonl", "{}\n");
    let dir = home.path().join("log");
    let (code, said) = clean(
        &home,
        &["log", "tail", "-n", "2000", "--dir"]
            .map(OsStr::new)
            .into_iter()
            .chain([dir.as_os_str()])
            .collect::<Vec<_>>(),
    );
    assert_eq!(code, 0, "{said}");
    assert!(said.lines().count() > PAYLOADS.len() * 14, "{}", said.lines().count());
    assert!(said.contains("03:14:07 (^)Mira"), "changed lines carry the mark");
    let (code, said) = clean(&home, &[OsStr::new("log"), OsStr::new("verify"), dir.as_os_str()]);
    assert_eq!(code, 1, "{said}");
}

#[test]
fn a_tape_of_payloads_is_refused_without_repeating_them() {
    let home = Home::new("gate-tape");
    for (i, (_, p)) in PAYLOADS.iter().enumerate().step_by(5) {
        let file = home.file(&format!("{i}.tape"), &format!("{p}\n{{\"v\":1,\"build\":\"{p}\"}}\n{p}\n"));
        assert_eq!(clean(&home, &[OsStr::new("replay"), file.as_os_str()]).0, 1);
    }
}

#[test]
fn every_byte_of_the_log_is_printable_ascii() {
    for (name, p) in PAYLOADS {
        let bytes = andon::journal::record::ascii(&json!({ *p: p, "why": [p, format!("{p}{p}")] })).expect("JSON");
        assert!(bytes.iter().all(|b| (0x20..0x7f).contains(b)), "{name}: {}", String::from_utf8_lossy(&bytes));
        let back: Value = serde_json::from_slice(&bytes).expect("JSON");
        assert_eq!(back["why"][0], *p, "nothing is lost");
    }
}

#[test]
fn what_a_panic_says_is_clean() {
    for (name, p) in PAYLOADS {
        let line = andon::tty::guard::visible(&format!("index out of {p} bounds"));
        assert!(!line.chars().any(forbidden), "{name}: {line:?}");
    }
}
