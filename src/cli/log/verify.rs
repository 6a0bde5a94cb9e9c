//! `andon log verify`: every chain, and the heads the files name of each other.

use super::{WIDTH, missing, shown};
use crate::core::shown::shown_line;
use crate::journal::append;
use crate::journal::chain::{SHOWS, Verified, verify as chain};
use crate::journal::heads::{logs, session_of};
use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// Checks files, and all logs of directories, against their chains and against the heads they name of each other.
/// Exit code 0: everything holds; 1: something does not, the record named. Always says what that proves.
pub fn verify(paths: &[PathBuf], out: &mut impl Write) -> io::Result<i32> {
    let mut files = Vec::new();
    let mut whole_dirs = BTreeSet::new();
    for path in paths {
        if path.is_dir() {
            files.extend(logs(path)?);
            whole_dirs.insert(path.clone());
        } else if path.exists() {
            files.push(path.clone());
        } else {
            return missing(path, out);
        }
    }
    let (mut bad, mut records) = (false, 0);
    let mut wanted = Wanted::default();
    let mut results = Vec::new();
    // Twice over the files, so that the heads a later file names of an earlier one are known while that is read.
    for path in &files {
        wanted.read(path);
    }
    for path in &files {
        let found = append::open_to_read(path).and_then(|f| chain(f, |hash| wanted.saw(path, hash)));
        results.push((path, found));
    }
    for (path, found) in &results {
        let name = shown(path);
        match found {
            Ok(v) => {
                records += v.records;
                bad |= report(&name, path, v, out)?;
            }
            Err(e) => {
                bad = true;
                writeln!(out, "{name}: not read: {}", shown_line(&e.to_string(), WIDTH))?;
            }
        }
    }
    for (path, head, by) in wanted.left(&whole_dirs) {
        bad = true;
        let what = if path.exists() { "does not hold it any more: its end was removed or replaced" } else { "is gone" };
        writeln!(
            out,
            "{}: {} saw it end in {}, and it {what}",
            shown(&path),
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

/// Heads that `opened` records name of other files, until they are met there.
#[derive(Default)]
struct Wanted(BTreeMap<PathBuf, BTreeMap<String, String>>);

impl Wanted {
    /// Takes up what the first record of `path` names.
    fn read(&mut self, path: &Path) {
        let first = append::open_to_read(path)
            .ok()
            .and_then(|f| first_line(f).ok())
            .and_then(|line| chain(&line[..], |_| {}).ok());
        let Some(v) = first else {
            return;
        };
        for (file, head) in v.heads {
            // A name from a record is never a path.
            if !head.is_empty() && !file.contains('/') {
                let other = path.with_file_name(file);
                self.0.entry(other).or_default().insert(head, session_of(path));
            }
        }
    }

    fn saw(&mut self, path: &Path, hash: &str) {
        if let Some(heads) = self.0.get_mut(path) {
            heads.remove(hash);
        }
    }

    /// (file, head, who saw it) for heads that were not met, in files that were read or should be there.
    fn left(self, whole_dirs: &BTreeSet<PathBuf>) -> Vec<(PathBuf, String, String)> {
        self.0
            .into_iter()
            .filter(|(path, _)| path.parent().is_some_and(|d| whole_dirs.contains(d)))
            .flat_map(|(path, heads)| heads.into_iter().map(move |(head, by)| (path.clone(), head, by)))
            .collect()
    }
}

fn first_line(from: impl io::Read) -> io::Result<Vec<u8>> {
    let mut line = Vec::new();
    let bound = crate::journal::record::MAX_RECORD as u64;
    io::BufRead::read_until(&mut io::BufReader::new(from.take(bound)), b'\n', &mut line)?;
    Ok(line)
}
