//! What stands in other sessions' files beyond what was read of them: whole lines only, merged by (hlc, session, seq),
//! never reordered within a file, never more in memory than a bound. Reads; never writes.

use super::super::heads::{logs, session_of};
use super::super::lines::{Backwards, MAX_LINE};
use super::super::places;
use crate::core::record::{Hlc, Record, UNREADABLE};
use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, BinaryHeap, VecDeque};
use std::io;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

/// Records of one file that wait to be merged, at most; fewer where many files are read.
const WAITING: usize = 256;
/// Records of all files that wait, roughly.
const WAITING_ALL: usize = 16 * 1024;
/// Read at a time. Bytes.
const CHUNK: usize = 256 * 1024;

/// A file that may grow.
#[derive(Debug, Default)]
struct Grows {
    /// Up to here whole lines were taken. Bytes.
    offset: u64,
    /// Read and not given yet, each with its place in the merge.
    waiting: VecDeque<(Hlc, Record)>,
    /// The latest place given.
    place: Hlc,
    /// There are whole lines that were not read yet.
    more: bool,
    /// It was cut below what was read, or holds a line without end: nothing more is read of it.
    over: bool,
}

/// The logs of a directory.
#[derive(Debug)]
pub struct Files {
    dir: PathBuf,
    own: Option<String>,
    grow: BTreeMap<String, Grows>,
    /// Those of sessions that seemed to end while we looked, with how far they were read: one that only stood still
    /// goes on.
    gone: BTreeMap<String, Grows>,
    /// Logs of sessions that had ended before: nobody appends to them.
    ended: BTreeSet<String>,
}

impl Files {
    /// From where the files end now: only what is appended later is read. `runs` tells of which sessions more may come.
    pub fn from_now(dir: &Path, runs: impl Fn(&str) -> bool) -> io::Result<Files> {
        let mut files = Files {
            dir: dir.to_owned(),
            own: None,
            grow: BTreeMap::new(),
            gone: BTreeMap::new(),
            ended: BTreeSet::new(),
        };
        for path in logs(dir)? {
            let session = session_of(&path);
            if !runs(&session) {
                files.ended.insert(session);
            } else {
                // The end of what is whole.
                let offset = Backwards::open(&path).map(|b| b.torn().0).unwrap_or_default();
                files.grow.insert(session, Grows { offset, ..Grows::default() });
            }
        }
        Ok(files)
    }

    /// This session's file is never read.
    pub fn without(mut self, own: &str) -> Files {
        self.grow.remove(own);
        self.own = Some(own.to_owned());
        self
    }

    /// Looks which files are there: new ones are read from their start, those that went are forgotten.
    pub fn list(&mut self) -> io::Result<()> {
        let all: BTreeSet<String> = logs(&self.dir)?.iter().map(|p| session_of(p)).collect();
        self.grow.retain(|s, g| all.contains(s) || !g.waiting.is_empty());
        self.gone.retain(|s, _| all.contains(s));
        self.ended.retain(|s| all.contains(s));
        for session in all {
            self.appeared(&session);
        }
        Ok(())
    }

    /// There is such a file, perhaps a new one.
    pub fn appeared(&mut self, session: &str) {
        let over = self.ended.contains(session) || self.gone.contains_key(session);
        if self.own.as_deref() != Some(session) && !over && !session.starts_with("fallback-") {
            self.grow.entry(session.to_owned()).or_default();
        }
    }

    /// Sessions whose files may grow.
    pub fn sessions(&self) -> Vec<String> {
        self.grow.keys().cloned().collect()
    }

    /// Its session has ended and what it wrote was given: it is not read any more. `surely`: it said so itself.
    pub fn ended(&mut self, session: &str, surely: bool) {
        match self.grow.remove(session) {
            Some(_) if surely => {
                self.ended.insert(session.to_owned());
            }
            Some(g) => {
                self.gone.insert(session.to_owned(), g);
            }
            None => {}
        }
    }

    /// Sessions that seemed to end while we looked.
    pub fn gone(&self) -> impl Iterator<Item = &str> {
        self.gone.keys().map(String::as_str)
    }

    /// Its session runs after all: its file is read from where it was left. False: it was never gone.
    pub fn back(&mut self, session: &str) -> bool {
        let Some(g) = self.gone.remove(session) else { return false };
        self.grow.insert(session.to_owned(), g);
        true
    }

    /// Reads what is new in this file, as far as there is room. True: there is more to read or to give.
    pub fn fill(&mut self, session: &str) -> bool {
        let most = (WAITING_ALL / self.grow.len().max(1)).clamp(8, WAITING);
        let Some(g) = self.grow.get_mut(session) else { return false };
        if g.over || g.waiting.len() >= most {
            return !g.waiting.is_empty();
        }
        match g.read(&self.dir.join(format!("{session}.jsonl")), session, most) {
            Ok(()) => {}
            // Not there yet, or there no more: the directory tells when that changes.
            Err(e) if e.kind() == io::ErrorKind::NotFound => g.more = false,
            Err(e) => {
                tracing::warn!(session, error = %e, "a log of another session cannot be read");
                g.more = false;
            }
        }
        g.more || !g.waiting.is_empty()
    }

    /// At most `n` records that stand before anything that is still to be read, in their order.
    pub fn take(&mut self, n: usize) -> Vec<Record> {
        // What a file that was not read to its end still brings comes after its last waiting record.
        let unread = self.grow.values().filter(|g| g.more);
        let known_to = unread.filter_map(|g| g.waiting.back().map(|w| w.0)).min();
        let mut fronts = BinaryHeap::new();
        let front = |session: &String, g: &Grows| g.waiting.front().map(|w| Reverse((w.0, session.clone())));
        fronts.extend(self.grow.iter().filter_map(|(s, g)| front(s, g)));
        let mut out = Vec::new();
        while out.len() < n
            && let Some(Reverse((place, session))) = fronts.pop()
            && known_to.is_none_or(|k| place <= k)
        {
            let Some(g) = self.grow.get_mut(&session) else { continue };
            out.extend(g.waiting.pop_front().map(|w| w.1));
            fronts.extend(front(&session, g));
        }
        out
    }
}

impl Grows {
    fn read(&mut self, path: &Path, session: &str, most: usize) -> io::Result<()> {
        let file = places::open(path)?;
        let len = file.metadata()?.len();
        if len < self.offset {
            // Its owner cuts back to the last whole record at most: somebody edited it.
            (self.over, self.more) = (true, false);
            return Ok(());
        }
        let left = usize::try_from(len - self.offset).unwrap_or(usize::MAX);
        let mut buf = vec![0; left.min(CHUNK)];
        let mut have = fill_at(&file, &mut buf, self.offset)?;
        let mut end = buf[..have].iter().rposition(|b| *b == b'\n');
        if end.is_none() && left > have {
            buf.resize(left.min(MAX_LINE + 1), 0);
            have = fill_at(&file, &mut buf, self.offset)?;
            end = buf[..have].iter().rposition(|b| *b == b'\n');
            self.over = end.is_none() && have > MAX_LINE;
        }
        let Some(end) = end else {
            self.more = false;
            return Ok(());
        };
        let mut taken = 0;
        for line in buf[..end].split(|b| *b == b'\n') {
            if self.waiting.len() >= most {
                break;
            }
            taken += line.len() + 1;
            let record = Record::read(session, line);
            // A line that tells no time stays beside its neighbour, and none goes before the one above it.
            let own = if record.kind == UNREADABLE { self.place } else { record.hlc };
            self.place = self.place.max(own);
            self.waiting.push_back((self.place, record));
        }
        self.offset += taken as u64;
        // A tail without its newline is not there yet.
        self.more = taken <= end || have < left;
        Ok(())
    }
}

fn fill_at(file: &std::fs::File, buf: &mut [u8], offset: u64) -> io::Result<usize> {
    let mut have = 0;
    while have < buf.len() {
        match file.read_at(&mut buf[have..], offset + have as u64) {
            Ok(0) => break,
            Ok(n) => have += n,
            Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
            Err(e) => return Err(e),
        }
    }
    Ok(have)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::journal::scratch::Scratch;
    use std::io::Write;

    fn line(session: &str, seq: u64, ms: i64) -> String {
        format!("{{\"session\":\"{session}\",\"seq\":{seq},\"hlc\":[{ms},0],\"kind\":\"note\"}}\n")
    }

    fn append(dir: &Scratch, session: &str, text: &str) {
        let path = dir.path().join(format!("{session}.jsonl"));
        let mut f = std::fs::OpenOptions::new().append(true).create(true).open(path).expect("open");
        f.write_all(text.as_bytes()).expect("written");
    }

    /// Every file from its start.
    fn from_start(dir: &Scratch) -> Files {
        let dir = dir.path().to_owned();
        let none = BTreeMap::new;
        let mut files = Files { dir, own: None, grow: none(), gone: none(), ended: BTreeSet::new() };
        files.list().expect("listed");
        files
    }

    fn all(files: &mut Files, n: usize) -> Vec<String> {
        let mut out = Vec::new();
        loop {
            let more = files.sessions().iter().map(|s| files.fill(s)).fold(false, |a, b| a | b);
            let some = files.take(n);
            out.extend(some.iter().map(|r| format!("{}{}", r.session, r.seq)));
            if !more && some.is_empty() {
                return out;
            }
        }
    }

    #[test]
    fn only_whole_lines_beyond_what_was_known_are_read_each_once() {
        let dir = Scratch::new();
        append(&dir, "a", &line("a", 1, 1));
        append(&dir, "a", "{\"half");
        append(&dir, "b", &line("b", 1, 2));
        append(&dir, "own", &line("own", 1, 2));
        let mut files = Files::from_now(dir.path(), |s| s != "b").expect("listed").without("own");
        assert_eq!(all(&mut files, 9), [""; 0]);
        append(&dir, "own", &line("own", 2, 3));
        // Whoever was seen ended stays so.
        append(&dir, "b", &line("b", 2, 3));
        append(&dir, "c", &line("c", 1, 5));
        append(&dir, "a", &format!("\"}}\n{}{}", line("a", 3, 4), line("a", 4, 6)));
        files.list().expect("listed");
        assert_eq!(all(&mut files, 9), ["a0", "a3", "c1", "a4"]);
        append(&dir, "a", line("a", 5, 9).trim_end());
        assert_eq!(all(&mut files, 9), [""; 0]);
        append(&dir, "a", "\n");
        assert_eq!(all(&mut files, 9), ["a5"]);
        std::fs::write(dir.path().join("a.jsonl"), "").expect("cut");
        assert_eq!(all(&mut files, 9), [""; 0]);
        std::fs::remove_file(dir.path().join("a.jsonl")).expect("removed");
        files.list().expect("listed");
        assert_eq!(files.sessions(), ["c"]);
    }

    #[test]
    fn files_longer_than_the_room_are_merged_all_the_same() {
        let dir = Scratch::new();
        let mut want = Vec::new();
        for i in 0..2_000_i64 {
            let s = ["a", "b", "c"][(i % 7 % 3) as usize];
            append(&dir, s, &line(s, i as u64, i));
            want.push(format!("{s}{i}"));
        }
        assert_eq!(all(&mut from_start(&dir), 100), want);
    }

    #[test]
    fn a_file_keeps_its_own_order_whatever_its_clock_says() {
        let dir = Scratch::new();
        append(&dir, "a", &[line("a", 1, 50), line("a", 2, 10), "no json\n".into(), line("a", 3, 60)].concat());
        append(&dir, "b", &line("b", 1, 55));
        assert_eq!(all(&mut from_start(&dir), 100), ["a1", "a2", "a0", "b1", "a3"]);
    }

    #[test]
    fn a_line_without_end_is_not_read_into_memory_again_and_again() {
        let dir = Scratch::new();
        append(&dir, "a", &"x".repeat(MAX_LINE + 10));
        let mut files = from_start(&dir);
        assert_eq!(all(&mut files, 9), [""; 0]);
        append(&dir, "a", &format!("\n{}", line("a", 1, 1)));
        assert_eq!(all(&mut files, 9), [""; 0], "readers stop at a damaged place");
    }
}
