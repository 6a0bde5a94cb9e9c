//! The picture book: every named state as text and roles, one file each, and `snapshots/README.md` made of them.
//!
//! `INSTA_UPDATE=always cargo test --test it snapshots` takes new pictures; `ANDON_BLESS=1` rewrites the book.

use andon::testkit::picture::{Picture, text};
use andon::testkit::states::pictures;
use std::collections::BTreeSet;
use std::fmt::Write;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("snapshots")
}

fn matches(p: &Picture) -> bool {
    let (dir, name) = p.path.split_once('/').expect("folder/name");
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path(format!("../../snapshots/{dir}"));
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.set_description(p.caption);
    let taken = p.taken();
    settings.bind(|| catch_unwind(AssertUnwindSafe(|| insta::assert_snapshot!(name, taken))).is_ok())
}

#[test]
fn every_named_state_looks_as_it_did() {
    let changed: Vec<&str> = pictures().iter().filter(|p| !matches(p)).map(|p| p.path).collect();
    assert_eq!(changed, Vec::<&str>::new(), "these pictures changed");
}

/// Markdown of the whole book, from the pictures themselves.
fn book() -> String {
    let mut out = String::from(
        "# Picture book\n\nEvery named state of andon, as it is drawn. Colours are not shown here; the word and the sign \
         beside them say the same.\nMade by a test from the model; `ANDON_BLESS=1 cargo test --test it snapshots` \
         rewrites it.\nReports of a played drill are in `reports/`: a postmortem draft as [Markdown](reports/f1.md) and as a \
         page (`f1.html`), a hand-over, and a drill without a rollback.\n",
    );
    let mut section = "";
    for p in pictures() {
        let (dir, name) = p.path.split_once('/').expect("folder/name");
        if dir != section {
            section = dir;
            write!(out, "\n## {dir}\n").expect("a String takes all");
        }
        let look = andon::ui::Look::shipped().with_glyphs(p.glyphs());
        let (buf, _) = p.world().drawn(p.size.0, p.size.1, &look);
        write!(out, "\n**{name}** ({}x{}): {}\n\n```text\n{}```\n", p.size.0, p.size.1, p.caption, text(&buf))
            .expect("a String takes all");
    }
    out
}

#[test]
fn the_picture_book_shows_what_is_drawn() {
    let path = folder().join("README.md");
    let now = book();
    if std::env::var_os("ANDON_BLESS").is_some() {
        std::fs::write(&path, &now).expect("the book can be written");
    }
    let kept = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(kept == now, "snapshots/README.md is not what is drawn: run with ANDON_BLESS=1 and look at it");
}

#[test]
fn no_picture_is_left_over_and_none_has_two_names() {
    let all = pictures();
    let known: BTreeSet<PathBuf> = all.iter().map(|p| folder().join(format!("{}.snap", p.path))).collect();
    assert_eq!(known.len(), all.len(), "two pictures have one name");
    let mut left: Vec<PathBuf> = Vec::new();
    for dir in std::fs::read_dir(folder()).expect("snapshots").flatten().filter(|d| d.path().is_dir()) {
        // The report on themes, held by its own tests.
        if dir.file_name() == "looks" {
            continue;
        }
        for file in std::fs::read_dir(dir.path()).expect("folder").flatten().map(|f| f.path()) {
            // Text of `--plain` stands here as well; its own test keeps it.
            if !known.contains(&file) && file.extension().is_some_and(|e| e == "snap") {
                left.push(file);
            }
        }
    }
    assert_eq!(left, Vec::<PathBuf>::new(), "no state makes these");
}
