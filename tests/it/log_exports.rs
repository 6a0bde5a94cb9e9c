//! The log for others: golden exports of a recorded drill, the commands as scripts see them, and the log as it is written.

use crate::command::run;
use crate::home::Home;
use andon::core::time::Utc;
use andon::journal::chain;
use andon::journal::export::{Format, Made, Which, export, open_checked};
use andon::testkit::drill::Run;
use andon::testkit::played::log_of;
use serde_json::Value;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

fn golden() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/log/golden/f1.jsonl")
}

/// The first drill, played to its end by somebody who goes back.
fn played() -> Run {
    let mut run = Run::new("f1", 1);
    run.choose("checkout");
    run.wait(90_000);
    run.act("a r");
    run.wait(180_000);
    run
}

/// The kept log is what the program wrote once; it is not written anew with every new kind of record, because readers must
/// read what was written. `ANDON_GOLDEN=1` makes it again.
#[test]
fn the_golden_log_holds_by_its_chain() {
    if std::env::var_os("ANDON_GOLDEN").is_some() {
        std::fs::create_dir_all(golden().parent().unwrap()).unwrap();
        std::fs::write(golden(), log_of(&played())).unwrap();
    }
    let found = chain::verify(std::fs::File::open(golden()).expect("the golden log"), |_| {}).unwrap();
    assert_eq!((found.first_bad, found.torn, found.closed), (None, None, true));
    assert!(found.records > 12, "{}", found.records);
    // What is written today still goes through the same readers.
    let now = log_of(&played());
    assert_eq!(chain::verify(now.as_bytes(), |_| {}).unwrap().first_bad, None);
}

#[test]
fn golden_exports() {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("snapshots/exports");
    let given = open_checked(&[golden()], &mut |_, _| {}).unwrap();
    let made = Made { at: Utc(1_795_231_647_250), build: "0.1.0".into() };
    let mut changed = Vec::new();
    for (format, ending) in [(Format::Json, "json"), (Format::Csv, "csv"), (Format::Md, "md"), (Format::Html, "html")] {
        let mut out = Vec::new();
        let done = export(format, &given, &Which::default(), &made, &mut out, &mut |_, _| {}).unwrap();
        assert!(done.whole);
        let path = dir.join(format!("f1.{ending}"));
        if std::env::var_os("ANDON_BLESS").is_some() {
            std::fs::create_dir_all(&dir).unwrap();
            std::fs::write(&path, &out).unwrap();
        }
        let head = &given.sources[0].head;
        assert!(String::from_utf8_lossy(&out).contains(head.as_str()), "the head is printed in every export");
        if std::fs::read(&path).unwrap_or_default() != out {
            changed.push(path);
        }
    }
    assert_eq!(changed, Vec::<PathBuf>::new(), "run with ANDON_BLESS=1 and look at them");
}

#[test]
fn the_commands_choose_show_export_and_say_what_is_not_there() {
    let home = Home::new("exported");
    let log = home.file("log/20261121T030200Z-mira-bastion2-7f3a.jsonl", &std::fs::read_to_string(golden()).unwrap());
    let dir = log.parent().unwrap().to_str().unwrap().to_owned();
    let dir = dir.as_str();
    let go = |args: &[&str]| run(&home, args, &[]);

    let one = go(&["log", "show", "--dir", dir, "1@7f3a"]);
    assert_eq!(one.code, 0, "{}", one.err);
    assert!(
        one.out.starts_with("1@20261121T030200Z-mira-bastion2-7f3a  2026-11-21T03:02:00.000Z  opened\n"),
        "{}",
        one.out
    );
    assert!(one.out.contains("its bytes have this hash") && one.out.contains("mira on bastion-2"));
    let acts =
        go(&["log", "show", "--dir", dir, "--act", "1", "--kind", "intent,accepted", "--target", "checkout@eu-1"]);
    assert_eq!(acts.out.matches("\n\n").count(), 1, "two records: {}", acts.out);
    assert!(acts.out.contains("PATCH") && acts.out.contains("\"op\":\"add\""), "{}", acts.out);
    for (args, code) in [
        (vec!["log", "show", "--dir", dir, "99@7f3a"], 5),
        (vec!["log", "show", "--dir", dir, "--incident", "INC-1"], 5),
        (vec!["log", "show", "--dir", "/nowhere"], 5),
        (vec!["log", "show", "--dir", dir, "x"], 2),
        (vec!["log", "show", "--dir", dir, "--since", "soon"], 2),
        (vec!["log", "show", "--dir", dir, "--target", "@"], 2),
        (vec!["log", "export", "--format", "json", "/nowhere"], 5),
        (vec!["log", "export", "--format", "pdf", dir], 2),
        (vec!["log", "export", "--format", "json", dir, "-o", "/dev/full"], 1),
        (vec!["log", "export", "--format", "json", dir, "-o", "/nowhere/x"], 1),
    ] {
        let ran = go(&args);
        assert_eq!(ran.code, code, "{args:?}: {}", ran.err);
        assert!(ran.out.is_empty() && !ran.err.is_empty(), "{args:?}");
    }

    let json = go(&["log", "export", "--format", "json", dir]);
    let v: Value = serde_json::from_str(&json.out).unwrap();
    assert_eq!((json.code, &v["schema"]), (0, &Value::from("andon.log.export/1")));
    let text = std::fs::read_to_string(&log).unwrap();
    assert!(text.lines().all(|l| json.out.contains(l)), "verbatim");
    let csv = go(&["log", "export", "--format", "csv", dir]);
    assert!(csv.out.lines().count() > 12 && csv.out.matches("\r\n").count() == csv.out.matches('\n').count());
    let into = home.path().join("out.html");
    let written = go(&["log", "export", "--format", "html", dir, "-o", into.to_str().unwrap(), "--until", "03:04"]);
    assert_eq!((written.code, written.out.as_str()), (0, ""), "{}", written.err);
    assert!(
        std::fs::read_to_string(&into).unwrap().contains("Only a part of the log:</strong> until 2026-11-21T03:04:00")
    );
    use std::os::unix::fs::PermissionsExt as _;
    assert_eq!(into.metadata().unwrap().permissions().mode() & 0o777, 0o600);
    let left: Vec<_> = std::fs::read_dir(home.path()).unwrap().flatten().map(|e| e.file_name()).collect();
    assert!(!left.iter().any(|n| n.to_string_lossy().ends_with(".part")), "{left:?}");

    // A broken one: still exported, and the code tells.
    let mut bytes = std::fs::read(&log).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    std::fs::write(&log, bytes).unwrap();
    let broken = go(&["log", "export", "--format", "md", dir]);
    assert!(
        broken.code == 1 && broken.out.contains("BROKEN at line") && broken.err.contains("not whole"),
        "{}",
        broken.err
    );
}

#[test]
fn following_tells_new_records_of_all_sessions_and_ends_with_its_reader() {
    let home = Home::new("followed");
    let line = |s: &str, seq: u64| {
        format!(
            "{{\"session\":\"{s}\",\"seq\":{seq},\"hlc\":[{seq},0],\"utc\":\"2026-11-21T03:00:0{seq}.000Z\",\"kind\":\"note\",\"data\":{{\"text\":\"{s}{seq}\"}}}}\n"
        )
    };
    let a = home.file("log/a.jsonl", &line("a", 1));
    let mut child = Command::new(env!("CARGO_BIN_EXE_andon"))
        .args(["log", "tail", "-f", "--dir", a.parent().unwrap().to_str().unwrap()])
        .env_clear()
        .env("HOME", home.path())
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut out = BufReader::new(child.stdout.take().unwrap());
    let mut next = || {
        let mut l = String::new();
        out.read_line(&mut l).unwrap();
        l
    };
    assert!(next().ends_with("note: a1\n"));
    std::fs::OpenOptions::new().append(true).open(&a).unwrap().write_all(line("a", 2).as_bytes()).unwrap();
    assert!(next().ends_with("note: a2\n"));
    home.file("log/b.jsonl", &line("b", 3));
    assert!(next().ends_with("note: b3\n"));
    // Nobody reads any more: it hears of it without a new record.
    drop(out);
    assert_eq!(child.wait().unwrap().code(), Some(141));
    let mut said = String::new();
    std::io::Read::read_to_string(&mut child.stderr.take().unwrap(), &mut said).unwrap();
    assert_eq!(said, "");
}
