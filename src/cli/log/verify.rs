//! `andon log verify`: every chain, and the heads the files name of each other.

use super::{WIDTH, missing, shown};
use crate::cli::out::Progress;
use crate::core::shown::shown_line;
use crate::journal::chain::{SHOWS, Verified};
use crate::journal::places::{self, file_name, find, root_of, session_of};
use crate::journal::side;
use crate::journal::verify::{Job, heads_named, verify_files};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// Checks files, and all logs of directories with their months, against their chains and against the heads they name of
/// each other. Exit code 0: everything holds; 1: something does not, the record named. Always says what that proves.
pub fn verify(paths: &[PathBuf], out: &mut impl Write) -> io::Result<i32> {
    let mut bad = false;
    let mut files = Vec::new();
    let mut whole_dirs = BTreeSet::new();
    for path in paths {
        if path.is_dir() {
            let found = places::files(path)?;
            for (name, why) in &found.unread {
                bad = true;
                writeln!(out, "{}: not read: {}", shown_line(name, WIDTH), shown_line(why, WIDTH))?;
            }
            files.extend(found.logs);
            whole_dirs.insert(path.clone());
        } else if path.symlink_metadata().is_ok() {
            files.push(path.clone());
        } else {
            return missing(path, out);
        }
    }
    let wanted = Wanted::of(&files);
    let jobs: Vec<Job> = files.iter().map(|path| Job { path: path.clone(), wanted: wanted.hashes(path) }).collect();
    let mut progress = Progress::new("verified");
    let results = verify_files(&jobs, &mut |done, all| progress.at(done, all));
    drop(progress);
    let mut records = 0;
    let mut met = BTreeMap::new();
    for (path, found) in files.iter().zip(results) {
        let name = shown(path);
        match found {
            Ok(checked) => {
                records += checked.found.records;
                bad |= report(&name, path, &checked.found, out)?;
                bad |= sides(&name, path, &checked.sides, out)?;
                met.entry(key(path)).or_insert_with(BTreeSet::new).extend(checked.met);
            }
            Err(e) => {
                bad = true;
                writeln!(out, "{name}: not read: {}", shown_line(&e.to_string(), WIDTH))?;
            }
        }
    }
    for (root, name, head, by) in wanted.left(&met, &whole_dirs) {
        bad = true;
        let there = find(&root, &name);
        let what =
            if there.is_some() { "does not hold it any more: its end was removed or replaced" } else { "is gone" };
        writeln!(
            out,
            "{}: {} saw it end in {}, and it {what}",
            shown(&there.unwrap_or_else(|| root.join(&name))),
            shown_line(&by, WIDTH),
            shown_line(&head, 12)
        )?;
    }
    let verdict = if bad { "NOT WHOLE" } else { "every chain holds" };
    writeln!(out, "{verdict}: {} files, {records} good records. {SHOWS}", files.len())?;
    Ok(i32::from(bad))
}

/// One file's line; true when a link is broken.
fn report(name: &str, path: &Path, v: &Verified, out: &mut impl Write) -> io::Result<bool> {
    if let Some(b) = &v.first_bad {
        writeln!(
            out,
            "{name}: BROKEN at line {} (seq {}): {}; {} good records before it",
            b.line,
            b.seq,
            shown_line(&b.why, WIDTH),
            v.records
        )?;
        return Ok(true);
    }
    let end = if v.closed { "closed" } else { "no clean end" };
    writeln!(out, "{name}: {} records, {end}, head {}", v.records, v.head)?;
    if let Some(t) = &v.torn {
        writeln!(
            out,
            "{name}: unfinished last line at byte {}: {} bytes, sha256 {} (a crash does that; no hash covers it)",
            t.offset, t.bytes, t.sha256
        )?;
    }
    let named = session_of(path);
    if let Some(s) = v.session.as_ref().filter(|s| **s != named) {
        writeln!(out, "{name}: its records are of session {}", shown_line(s, WIDTH))?;
    }
    Ok(false)
}

/// A line for each side file that is not what a record says of it; true when there is one.
fn sides(name: &str, path: &Path, named: &[(u64, Value)], out: &mut impl Write) -> io::Result<bool> {
    let dirs = [root_of(path), path.parent().unwrap_or(Path::new(""))];
    let mut bad = false;
    for (seq, data) in named {
        for fault in side::check(&dirs, data) {
            bad = true;
            let what = match fault.what {
                side::What::Missing => "is gone".to_owned(),
                side::What::Changed => "holds other bytes than were written".to_owned(),
                side::What::Unread(why) => format!("was not read: {}", shown_line(&why, WIDTH)),
            };
            writeln!(
                out,
                "{name}: seq {seq} names the side file {}.side, which {what}",
                shown_line(&fault.sha256, 64)
            )?;
        }
    }
    Ok(bad)
}

/// The directory a log belongs to, and its name: the same before and after it was moved into its month.
type Place = (PathBuf, String);

fn key(path: &Path) -> Place {
    (root_of(path).to_owned(), file_name(path).to_owned())
}

/// Heads that `opened` records name of other files: by file, hash and who saw it.
#[derive(Default)]
struct Wanted(BTreeMap<Place, BTreeMap<String, String>>);

impl Wanted {
    /// What the first records of these files name.
    fn of(files: &[PathBuf]) -> Wanted {
        let mut wanted = Wanted::default();
        for (path, heads) in files.iter().zip(heads_named(files)) {
            for (file, head) in heads {
                // A name from a record is never a path.
                if !head.is_empty() && !file.contains('/') {
                    let of = wanted.0.entry((root_of(path).to_owned(), file)).or_default();
                    of.insert(head, session_of(path));
                }
            }
        }
        wanted
    }

    fn hashes(&self, path: &Path) -> BTreeSet<String> {
        self.0.get(&key(path)).map(|heads| heads.keys().cloned().collect()).unwrap_or_default()
    }

    /// (directory, file, head, who saw it) for heads that were not met, in files that were read or should be there.
    fn left(
        self,
        met: &BTreeMap<Place, BTreeSet<String>>,
        whole: &BTreeSet<PathBuf>,
    ) -> Vec<(PathBuf, String, String, String)> {
        let mut left = Vec::new();
        for (place, heads) in self.0.into_iter().filter(|((root, _), _)| whole.contains(root)) {
            for (head, by) in heads {
                if !met.get(&place).is_some_and(|m| m.contains(&head)) {
                    left.push((place.0.clone(), place.1.clone(), head, by));
                }
            }
        }
        left
    }
}
