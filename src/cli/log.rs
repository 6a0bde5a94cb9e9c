//! `andon log tail` and `andon log verify`: the log read from files, nothing running needed. Writes to `out` only.

use crate::core::shown::shown_line;
use crate::journal::chain::{SHOWS, Verified, verify as chain};
use crate::journal::heads::{logs, session_of};
use crate::journal::{append, tail as ends, words};
use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// Names and reasons longer than this are cut when printed, in bytes.
const WIDTH: usize = 300;

/// Prints the newest `n` records of `dir`, oldest first. Exit code 0; 1 when something could not be read.
pub fn tail(dir: &Path, n: usize, out: &mut impl Write) -> io::Result<i32> {
    if !dir.is_dir() {
        return missing(dir, out);
    }
    let found = ends::tail(dir, n)?;
    for record in &found.records {
        writeln!(out, "{}", words::line(record))?;
    }
    if found.records.is_empty() {
        writeln!(out, "no records in {}", shown(dir))?;
    }
    for (file, why) in &found.unread {
        writeln!(out, "{}: not read: {}", shown_line(file, WIDTH), shown_line(why, WIDTH))?;
    }
    Ok(i32::from(!found.unread.is_empty()))
}

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

fn missing(path: &Path, out: &mut impl Write) -> io::Result<i32> {
    writeln!(out, "{}: there is no log here", shown(path))?;
    Ok(1)
}

fn shown(path: &Path) -> String {
    shown_line(&path.to_string_lossy(), WIDTH).into_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::entry::Kind;
    use crate::journal::append::MineOnly;
    use crate::journal::scratch::{Scratch, at, entry, target};
    use crate::journal::thread::{Durability, Journal, Settings};
    use serde_json::json;
    use std::sync::Arc;
    use std::time::Duration;

    /// A session with one note; returns its file.
    fn session(dir: &Path, suffix: &str, ms: i64) -> PathBuf {
        let settings = Settings {
            dir: dir.to_owned(),
            mine_only: MineOnly(true),
            environment: "prod".into(),
            user: "mira".into(),
            claimed: None,
            host: "h".into(),
            build: "0.1.0".into(),
            suffix: suffix.into(),
            drill: None,
        };
        let journal = Journal::open(&settings, at(ms), Arc::new(|_| {})).expect("opened");
        let mut note = entry(Kind::Note, ms + 1, json!({"text": format!("from {suffix}\u{1b}[2J")}));
        note.target = Some(target());
        journal.append(note, at(ms + 1), None, Durability::Batched);
        let path = journal.path().to_owned();
        journal.close(at(ms + 2), Duration::from_secs(20)).head.expect("on disk");
        path
    }

    fn run(paths: &[PathBuf]) -> (i32, String) {
        let mut out = Vec::new();
        let code = verify(paths, &mut out).expect("written");
        (code, String::from_utf8(out).expect("text"))
    }

    #[test]
    fn verify_names_the_broken_record_the_cut_end_and_the_missing_file() {
        let dir = Scratch::new();
        let all = [dir.path().to_owned()];
        let (one, two) = (session(dir.path(), "1", 0), session(dir.path(), "2", 10));
        let (code, said) = run(&all);
        assert_eq!(code, 0, "{said}");
        assert!(said.contains("every chain holds: 2 files, 6 good records. The chain shows"), "{said}");
        let bytes = std::fs::read(&one).expect("read");
        // The end cut off at a line: the file itself looks whole, the later session tells.
        let end = bytes[..bytes.len() - 1].iter().rposition(|b| *b == b'\n').expect("lines") + 1;
        std::fs::write(&one, &bytes[..end]).expect("written");
        let (code, said) = run(&all);
        assert!(code == 1 && said.contains("its end was removed or replaced"), "{said}");
        assert_eq!(run(std::slice::from_ref(&one)).0, 0);
        std::fs::remove_file(&one).expect("removed");
        let (code, said) = run(&all);
        assert!(code == 1 && said.contains("and it is gone"), "{said}");
        std::fs::write(&one, &bytes).expect("written");
        assert_eq!(run(&all).0, 0);
        let mut flipped = std::fs::read(&two).expect("read");
        let middle = flipped.len() / 2;
        flipped[middle] ^= 4;
        std::fs::write(&two, &flipped).expect("written");
        let (code, said) = run(&all);
        assert!(code == 1 && said.contains("BROKEN at line"), "{said}");
        assert_eq!(run(&[dir.path().join("none")]).0, 1);
    }

    #[test]
    fn tail_prints_a_line_for_a_person() {
        let dir = Scratch::new();
        session(dir.path(), "1", 0);
        session(dir.path(), "2", 1000);
        let mut out = Vec::new();
        assert_eq!(tail(dir.path(), 2, &mut out).expect("written"), 0);
        let said = String::from_utf8(out).expect("text");
        let lines: Vec<_> = said.lines().collect();
        assert_eq!(lines[0], "03:14:08 (^)mira checkout@eu-1 note: from 2^[[2J");
        assert!(lines[1].starts_with("03:14:08 mira closed after 3 records"), "{said}");
        assert_eq!(tail(&dir.path().join("none"), 2, &mut Vec::new()).expect("written"), 1);
    }
}
