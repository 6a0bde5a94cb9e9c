//! Twenty runbooks in the styles of other teams and tools: each opens, each lints, and nothing in one is armed by itself.

use andon::config::runbook::lint::lint;
use andon::config::runbook_at;
use andon::core::case::runbook::StepKind;
use andon::core::time::Utc;

const STYLES: [(&str, &[u8], usize); 20] = [
    ("plain headings", b"# Search is down\n\n## Check the pods\nLook.\n\n## Restart\nThen wait.\n", 2),
    ("nested lists", b"# T\n- one\n  - two\n    - three\n- four\n", 2),
    ("html", b"<h1>Search</h1>\n<details><summary>Steps</summary>\n\n- restart it\n\n</details>\n", 1),
    ("crlf", b"# T\r\n\r\n## One\r\n\r\ntext\r\n\r\n```bash\r\nls -l\r\n```\r\n", 2),
    ("bom", b"\xef\xbb\xbf# T\n\n## One\n", 1),
    ("tabs", b"# T\n\n*\tone\n\n\t\tls\n\n*\ttwo\n", 2),
    ("numbered list", b"1. one\n2. two\n3. three\n", 3),
    ("setext headings", b"Search is down\n==============\n\nCheck\n-----\n\ntext\n\nRestart\n-------\n", 2),
    ("table", b"# T\n\n## Who\n\n| who | when |\n|---|---|\n| ito | day |\n", 1),
    ("task list", b"# T\n\n- [ ] one\n- [x] two\n", 2),
    ("code in a list", b"# T\n\n1. look\n\n   ```sh\n   kubectl get pods\n   ```\n\n2. wait\n", 3),
    ("latin-1", b"# R\xfcckrollen\n\n- pr\xfcfen\n", 1),
    ("empty", b"", 0),
    ("only words", b"Call Ito. He knows.\n\nElse call Mira.\n", 1),
    ("other program's head", b"---\ntitle: Search\ntags: [a, b]\nlayout: page\n---\n# T\n\n## One\n", 1),
    ("toml head", b"+++\ntitle = 'x'\n+++\n# T\n- one\n", 1),
    ("console session", b"# T\n\n```console\n$ systemctl status x\nactive\n$ systemctl restart x\n```\n", 1),
    ("quote and rule", b"> be calm\n\n---\n\n# T\n\n***\n\n- one\n", 1),
    ("control characters", b"# T\x1b[2J\n\n- one\x07\x00 \xe2\x80\xae two\n", 1),
    ("fence that does not end", b"# T\n\n- one\n\n```bash\nrm -rf /\n", 2),
];

#[test]
fn twenty_files_written_for_other_readers_open_and_lint() {
    let dir = std::env::temp_dir().join(format!("andon-foreign-{}", std::process::id()));
    std::fs::create_dir_all(&dir).expect("a directory");
    for (style, bytes, steps) in STYLES {
        let path = dir.join(format!("{}.md", style.replace([' ', '\''], "-")));
        std::fs::write(&path, bytes).expect("written");
        let (book, _) = runbook_at(&path).unwrap_or_else(|e| panic!("{style}: {e}"));
        let titles: Vec<&str> = book.steps.iter().map(|s| &*s.title).collect();
        assert_eq!(book.steps.len(), steps, "{style}: {titles:?}");
        assert!(!book.marked, "{style}");
        for s in &book.steps {
            match &s.kind {
                StepKind::Manual => {}
                StepKind::Command(c) => assert!(c.unmarked && c.shell, "{style}"),
                other => panic!("{style}: {other:?} was never written"),
            }
        }
        let found = lint(&book, Utc(0), &|_| true);
        assert!(found.iter().any(|f| f.what == "no contacts"), "{style}: {found:?}");
    }
    let long = format!("# T\n\n{}", "- step with words\n  - and more\n\n```sh\nls\n```\n\n".repeat(5_000));
    let path = dir.join("long.md");
    std::fs::write(&path, long).expect("written");
    let (book, _) = runbook_at(&path).expect("a long one");
    assert_eq!(book.steps.len(), 10_000);
    let _ = std::fs::remove_dir_all(&dir);
}
