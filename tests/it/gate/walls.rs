//! There is one way out for each kind of text, and code that would make a second one is caught here: who may print, who
//! may write escape sequences, who may write cells. Each rule is also shown a breach.

use crate::layering::tree::{files, root};

/// Words, and the files (or folders, ending in `/`) that may use them. Tests inside `src` may use all.
const RULES: [(&[&str], &[&str], &str); 4] = [
    (
        &["println!(", "print!(", "eprintln!(", "eprint!(", "dbg!("],
        &["src/testkit/"],
        "text leaves through cli::out, which is gated",
    ),
    (
        &["io::stdout(", "io::stderr(", "stdio::stdout(", "stdio::stderr("],
        // The supervisor is a process of its own: its streams are pipes to the console, which gates what comes out of them.
        &["src/cli/out.rs", "src/tty/guard.rs", "src/tty/device.rs", "src/engine/command/supervise.rs"],
        "text leaves through cli::out, which is gated",
    ),
    (
        &["\\x1b", "\\u{1b}", "\\e[", "\\x9b", "\\u{9b}"],
        &["src/tty/", "src/core/shown/", "src/testkit/", "src/cli/fall.rs"],
        "only the terminal's own files write escape sequences",
    ),
    (
        &[
            "set_string",
            "set_symbol",
            "set_char",
            "set_line",
            "set_span",
            "ratatui::widgets",
            "ratatui::text",
            "Paragraph::",
            "Widget",
        ],
        &["src/ui/parts/line.rs", "src/testkit/"],
        "cells are written by ui::parts::line, which takes only what passed the gate",
    ),
];

/// The lines of a file up to its tests.
fn code(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let lines = text.lines().enumerate().map(|(i, l)| (i + 1, l));
    lines.take_while(|(_, l)| l.trim() != "#[cfg(test)]").filter(|(_, l)| !l.trim_start().starts_with("//"))
}

fn breaches(file: &str, text: &str) -> Vec<String> {
    let test = file.ends_with("tests.rs") || file.contains("_tests");
    let mut found = Vec::new();
    for (words, allowed, why) in RULES {
        let may = allowed.iter().any(|a| file == *a || (a.ends_with('/') && file.starts_with(a)));
        for (n, line) in code(text).filter(|_| !may && !test) {
            if let Some(w) = words.iter().find(|w| line.contains(**w)) {
                found.push(format!("{file}:{n}: {w}: {why}"));
            }
        }
    }
    found
}

#[test]
fn no_text_leaves_beside_the_gate() {
    let mut found = Vec::new();
    for file in files(&root().join("src")) {
        if file.extension().is_none_or(|e| e != "rs") {
            continue;
        }
        let text = std::fs::read_to_string(root().join("src").join(&file)).expect("UTF-8 source");
        found.extend(breaches(&format!("src/{}", file.display()), &text));
    }
    assert_eq!(found, Vec::<String>::new());
}

#[test]
fn a_planted_way_out_is_caught() {
    for (file, line) in [
        ("src/cli/doctor.rs", "println!(\"{}\", e);"),
        ("src/engine/run.rs", "let _ = writeln!(std::io::stderr(), \"{e}\");"),
        ("src/cli/console.rs", "out.write_all(b\"\\x1b]0;title\\x07\")?;"),
        ("src/ui/screens/board.rs", "buf.set_string(0, 0, &t.name, style);"),
        ("src/ui/overlays/note.rs", "use ratatui::widgets::Paragraph;"),
    ] {
        assert_eq!(breaches(file, line).len(), 1, "{file} got away with: {line}");
    }
    assert!(breaches("src/ui/parts/line.rs", "buf.set_stringn(x, y, text.as_str(), max, s);").is_empty());
    assert!(
        breaches("src/cli/x.rs", "// println!(\"\")\n#[cfg(test)]\nmod tests { fn f() { println!(\"\") } }").is_empty()
    );
}

/// `Shown` has private fields and is made in its own folder only: nobody can promise what the gate did not do.
#[test]
fn only_the_gate_makes_shown_text() {
    let text = std::fs::read_to_string(root().join("src/core/shown/mod.rs")).expect("source");
    let begin = text.find("pub struct Shown {").expect("the type");
    let body = &text[begin..begin + text[begin..].find("\n}").expect("its end")];
    assert!(!body.contains("pub text") && !body.contains("pub(") && body.contains("    text: String"), "{body}");
    for way in ["impl From<String> for Shown", "impl From<&str> for Shown", "DerefMut", "Deserialize", "fn as_mut"] {
        assert!(!text.contains(way), "{way}");
    }
}
