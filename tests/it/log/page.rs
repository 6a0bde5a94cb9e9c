//! docs/log-format.md holds: every kind has its row, the example is a log, and the script of the page finds what it
//! promises to find.

use crate::home::Home;
use andon::core::entry::Kind;
use andon::journal::chain::verify;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

fn docs(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs").join(name);
    std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}

/// What stands between "```kind" and "```" on the page.
fn block(kind: &str) -> String {
    let page = docs("log-format.md");
    let from = page.split_once(&format!("```{kind}\n")).expect("the page has it").1;
    from.split_once("```").expect("it ends").0.to_owned()
}

#[test]
fn every_kind_has_its_row_and_every_row_is_a_kind() {
    let page = docs("log-format.md");
    let table = page.split("## Kinds and their data").nth(1).and_then(|t| t.split("\n## ").next()).expect("the table");
    let mut rows: Vec<&str> =
        table.lines().filter_map(|l| l.strip_prefix("| `")?.split_once("` |")).map(|(kind, _)| kind).collect();
    let mut kinds: Vec<String> =
        Kind::ALL.iter().map(|k| serde_json::to_value(k).unwrap().as_str().unwrap().to_owned()).collect();
    rows.sort_unstable();
    kinds.sort_unstable();
    assert_eq!(rows, kinds);
}

#[test]
fn the_example_of_the_page_is_the_file_beside_it_and_holds() {
    let example = docs("log-example.jsonl");
    assert_eq!(block("json"), example);
    let found = verify(example.as_bytes(), |_| {}).unwrap();
    assert_eq!((found.records, &found.first_bad, &found.torn, found.closed), (8, &None, &None, true));
}

/// The script of the page, on files of a directory.
struct Script {
    home: Home,
    python: PathBuf,
}

impl Script {
    /// `None`: there is no Python here.
    fn new() -> Option<Script> {
        let script = block("python");
        assert!(script.lines().count() <= 10, "ten lines were promised");
        let home = Home::new("page");
        home.file("verify.py", &script);
        // The program itself, not a wrapper that looks for it every time.
        let found = Command::new("python3").args(["-c", "import sys; print(sys.executable)"]).output().ok()?;
        let python = String::from_utf8(found.stdout).ok()?.trim().into();
        Some(Script { home, python })
    }

    fn run(&self, bytes: &[u8]) -> Output {
        let log = self.home.path().join("log.jsonl");
        std::fs::write(&log, bytes).unwrap();
        Command::new(&self.python).arg("-I").arg(self.home.path().join("verify.py")).arg(log).output().unwrap()
    }

    #[track_caller]
    fn holds(&self, bytes: &[u8]) {
        let out = self.run(bytes);
        let said = String::from_utf8_lossy(&out.stdout).into_owned();
        assert!(out.status.success(), "{said}{}", String::from_utf8_lossy(&out.stderr));
        let found = verify(bytes, |_| {}).unwrap();
        assert!(found.first_bad.is_none() && said.contains(&found.head), "{said}");
    }

    #[track_caller]
    fn fails(&self, bytes: &[u8], what: &str) {
        assert!(!self.run(bytes).status.success(), "{what}");
        assert!(verify(bytes, |_| {}).unwrap().first_bad.is_some(), "{what}, and ours");
    }
}

#[test]
fn the_ten_lines_of_the_page_check_what_the_program_wrote() {
    let Some(script) = Script::new() else {
        println!("skipped: no python3 here");
        return;
    };
    let example = docs("log-example.jsonl").into_bytes();
    script.holds(&example);
    for (_, kept) in super::kept::files() {
        script.holds(&kept);
    }
    // One that this very build writes.
    let mine = super::attack::written(script.home.path(), "7f3a", 6);
    script.holds(&std::fs::read(mine).unwrap());

    let lines: Vec<&[u8]> = example.split_inclusive(|b| *b == b'\n').collect();
    for at in [3, example.len() / 2, example.len() - 4] {
        let mut bad = example.clone();
        bad[at] ^= 1;
        script.fails(&bad, &format!("byte {at} changed"));
    }
    let mut bad = lines.clone();
    bad.remove(3);
    script.fails(&bad.concat(), "a record removed");
    script.fails(&lines[1..].concat(), "the first removed");
    let mut bad = lines.clone();
    bad.swap(4, 5);
    script.fails(&bad.concat(), "two swapped");
    let mut bad = lines.clone();
    bad.insert(4, lines[4]);
    script.fails(&bad.concat(), "one twice");
}
