//! Many files, or a long one, checked on all processors: cut at line ends into parts, each part hashed and read by
//! itself, the parts then joined in their order. A part that does not hold, or does not join, is read again by
//! [`chain`](super::chain) from where it begins, so that both ways find the same and say it in the same words.

use super::chain::{Before, Checker, Verified, follows, hash_of, heads, sound};
use super::hlc::Hlc;
use super::link::Link;
use super::places;
use super::record::MAX_RECORD;
use crate::core::record::Record;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::{self, BufRead as _, Read, Seek, SeekFrom};
use std::os::unix::fs::FileExt;
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::channel;

/// Bytes of a part.
const PART: u64 = 4 << 20;

/// A file to check.
#[derive(Clone, Debug, Default)]
pub struct Job {
    pub path: PathBuf,
    /// Hashes to look for.
    pub wanted: BTreeSet<String>,
}

/// What was found of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Checked {
    pub found: Verified,
    /// The wanted hashes that good records have.
    pub met: BTreeSet<String>,
    /// The data of good records that may name a side file, with the record's seq.
    pub sides: Vec<(u64, Value)>,
}

impl Checked {
    fn see(&mut self, line: &[u8], hash: &str, wanted: &BTreeSet<String>) {
        if wanted.contains(hash) {
            self.met.insert(hash.to_owned());
        }
        if std::str::from_utf8(line).is_ok_and(|l| l.contains("\"side\":")) {
            let r = Record::read("", line);
            self.sides.push((r.seq, r.data));
        }
    }
}

/// Checks every file; the answers in their order. `progress` gets the bytes read and those there are, often.
///
/// # Errors
/// For each file: it cannot be read.
pub fn verify_files(jobs: &[Job], progress: &mut dyn FnMut(u64, u64)) -> Vec<io::Result<Checked>> {
    let threads = std::thread::available_parallelism().map_or(1, usize::from).min(16);
    in_parts(jobs, PART, threads, progress)
}

/// A part of a file: the lines that begin in these bytes.
#[derive(Clone, Copy)]
struct Range {
    file: usize,
    from: u64,
    to: u64,
}

/// The same with parts of another size.
fn in_parts(jobs: &[Job], part: u64, threads: usize, progress: &mut dyn FnMut(u64, u64)) -> Vec<io::Result<Checked>> {
    // What cannot be opened is told when it is joined.
    let size = |j: &Job| places::open(&j.path).and_then(|f| f.metadata()).map_or(0, |m| m.len());
    let sizes: Vec<u64> = jobs.iter().map(size).collect();
    let ranges: Vec<Range> = sizes
        .iter()
        .enumerate()
        .flat_map(|(file, size)| {
            (0..(*size).div_ceil(part).max(1)).map(move |n| Range {
                file,
                from: n * part,
                to: ((n + 1) * part).min(*size),
            })
        })
        .collect();
    let (next, all) = (AtomicUsize::new(0), sizes.iter().sum());
    let (to, from) = channel();
    let mut read: BTreeMap<(usize, u64), Option<Part>> = BTreeMap::new();
    std::thread::scope(|scope| {
        for _ in 0..threads.min(ranges.len()) {
            let (to, ranges, next) = (to.clone(), &ranges, &next);
            scope.spawn(move || {
                let mut buf = Vec::new();
                while let Some(range) = ranges.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let part = jobs.get(range.file).and_then(|job| Part::read(job, *range, &mut buf).ok().flatten());
                    if to.send((*range, part)).is_err() {
                        return;
                    }
                }
            });
        }
        drop(to);
        let mut done = 0;
        for (range, part) in from {
            done += range.to - range.from;
            progress(done, all);
            read.insert((range.file, range.from), part);
        }
    });
    let mut parts = ranges.iter().map(|r| (r.file, read.remove(&(r.file, r.from)).flatten())).peekable();
    jobs.iter()
        .enumerate()
        .map(|(n, job)| {
            let mut own = Vec::new();
            while let Some((_, part)) = parts.next_if(|(file, _)| *file == n) {
                own.push(part);
            }
            join(job, own)
        })
        .collect()
}

/// The parts of a file, one after the other, as far as they hold.
fn join(job: &Job, parts: Vec<Option<Part>>) -> io::Result<Checked> {
    let mut so_far = Checker::new();
    let mut all = Checked::default();
    for part in parts {
        let Some(part) = part.filter(|p| p.from == so_far.offset && p.joins(&so_far)) else {
            let mut file = places::open(&job.path)?;
            file.seek(SeekFrom::Start(so_far.offset))?;
            all.found = so_far.read(file, |line, hash| all.see(line, hash, &job.wanted))?;
            return Ok(all);
        };
        part.add_to(&mut so_far);
        all.met.extend(part.seen.met);
        all.sides.extend(part.seen.sides);
    }
    all.found = so_far.found;
    Ok(all)
}

/// Whole lines, each sound and each following the one before it.
struct Part {
    /// Bytes in the file.
    from: u64,
    to: u64,
    lines: Option<Lines>,
    seen: Checked,
}

struct Lines {
    session: String,
    first: Link<'static>,
    /// Of the first line, where it is the first of all.
    heads: Vec<(String, String)>,
    last_hlc: Hlc,
    last_seq: u64,
    head: String,
    closed: bool,
}

impl Part {
    /// `None`: something does not hold here, or the last line is unfinished.
    fn read(job: &Job, range: Range, buf: &mut Vec<u8>) -> io::Result<Option<Part>> {
        let file = places::open(&job.path)?;
        let Some((from, mut rest)) = lines_of(&file, range, buf)? else {
            return Ok(None);
        };
        let to = from + rest.len() as u64;
        let mut part = Part { from, to, lines: None, seen: Checked::default() };
        while !rest.is_empty() {
            let all = rest;
            // The library's own search for a byte, which is a wide one.
            let n = rest.skip_until(b'\n')?;
            if all[..n].strip_suffix(b"\n").is_none_or(|line| part.take(line, &job.wanted).is_err()) {
                return Ok(None);
            }
        }
        Ok(Some(part))
    }

    fn take(&mut self, line: &[u8], wanted: &BTreeSet<String>) -> Result<(), String> {
        let link = sound(line)?;
        let hash = hash_of(line).unwrap_or_default();
        match &mut self.lines {
            None => {
                let first = Link {
                    session: link.session.clone().into_owned().into(),
                    seq: link.seq,
                    hlc: link.hlc,
                    prev: link.prev.clone().into_owned().into(),
                    kind: link.kind.clone().into_owned().into(),
                };
                self.lines = Some(Lines {
                    session: first.session.clone().into_owned(),
                    heads: if link.seq == 1 { heads(line) } else { Vec::new() },
                    last_hlc: link.hlc,
                    last_seq: link.seq,
                    head: hash.to_owned(),
                    closed: link.kind == "closed",
                    first,
                });
            }
            Some(l) => {
                let before = Before {
                    records: l.last_seq,
                    head: &l.head,
                    session: Some(&l.session),
                    hlc: Some(l.last_hlc),
                    closed: l.closed,
                };
                follows(&link, &before)?;
                (l.last_seq, l.last_hlc, l.closed) = (link.seq, link.hlc, link.kind == "closed");
                l.head.clear();
                l.head.push_str(hash);
            }
        }
        self.seen.see(line, hash, wanted);
        Ok(())
    }

    fn joins(&self, so_far: &Checker) -> bool {
        self.lines.as_ref().is_none_or(|l| follows(&l.first, &so_far.before()).is_ok())
    }

    fn add_to(&self, so_far: &mut Checker) {
        so_far.offset = self.to;
        let Some(l) = &self.lines else {
            return;
        };
        let found = &mut so_far.found;
        if found.records == 0 {
            found.session = Some(l.session.clone());
            found.heads.clone_from(&l.heads);
        }
        found.records = l.last_seq;
        found.closed = l.closed;
        found.head.clone_from(&l.head);
        so_far.hlc = Some(l.last_hlc);
    }
}

/// The lines that begin in the range, the last one to its end, and where the first begins. `None`: one is longer than a
/// record can be, or unfinished.
fn lines_of<'a>(file: &File, range: Range, buf: &'a mut Vec<u8>) -> io::Result<Option<(u64, &'a [u8])>> {
    // The byte before tells whether a line begins with the range.
    let from = range.from.saturating_sub(1);
    let room = usize::try_from(range.to - from).map_err(io::Error::other)?;
    if buf.len() < room + MAX_RECORD {
        buf.resize(room + MAX_RECORD, 0);
    }
    let mut have = read_at(file, &mut buf[..room], from)?;
    if have < room {
        return Ok(None);
    }
    let begins = if range.from == 0 {
        0
    } else {
        match (&buf[..have]).skip_until(b'\n')? {
            n if buf[n - 1] == b'\n' => n,
            // A line goes all through the range.
            _ => return Ok(None),
        }
    };
    if begins < have && buf[have - 1] != b'\n' {
        // The rest of the last line, the bytes of which the next part leaves out.
        have += read_at(file, &mut buf[room..room + MAX_RECORD], from + room as u64)?;
        match (&buf[room..have]).skip_until(b'\n')? {
            0 => return Ok(None),
            n if buf[room + n - 1] == b'\n' => have = room + n,
            _ => return Ok(None),
        }
    }
    Ok(Some((from + begins as u64, &buf[begins..have])))
}

/// As much as there is.
fn read_at(file: &File, buf: &mut [u8], from: u64) -> io::Result<usize> {
    let mut have = 0;
    while have < buf.len() {
        match file.read_at(&mut buf[have..], from + have as u64) {
            Ok(0) => break,
            Ok(n) => have += n,
            Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
            Err(e) => return Err(e),
        }
    }
    Ok(have)
}

/// The heads that the first record of each file names, where that record is sound.
pub fn heads_named(files: &[PathBuf]) -> Vec<Vec<(String, String)>> {
    let threads = std::thread::available_parallelism().map_or(1, usize::from).min(16);
    let share = files.len().div_ceil(threads).max(1);
    let of = |path: &PathBuf| {
        let mut line = Vec::new();
        let first =
            places::open(path).and_then(|f| io::BufReader::new(f.take(MAX_RECORD as u64)).read_until(b'\n', &mut line));
        match (first, line.strip_suffix(b"\n")) {
            (Ok(_), Some(line)) if sound(line).is_ok_and(|l| l.kind == "opened") => heads(line),
            _ => Vec::new(),
        }
    };
    std::thread::scope(|scope| {
        let all: Vec<_> =
            files.chunks(share).map(|some| scope.spawn(move || some.iter().map(of).collect::<Vec<_>>())).collect();
        all.into_iter()
            .zip(files.chunks(share))
            .flat_map(|(t, some)| {
                // A thread that panicked named none.
                t.join().unwrap_or_else(|_| vec![Vec::new(); some.len()])
            })
            .collect()
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::journal::chain::verify;
    use crate::journal::chain_tests::written;
    use crate::journal::scratch::Scratch;
    use proptest::prelude::*;

    fn both(bytes: &[u8], part: u64, wanted: &[String]) -> Result<(), TestCaseError> {
        let dir = Scratch::new();
        let path = dir.path().join("s.jsonl");
        std::fs::write(&path, bytes).expect("written");
        let wanted: BTreeSet<String> = wanted.iter().cloned().collect();
        let mut met = BTreeSet::new();
        let plain = verify(bytes, |h| {
            if wanted.contains(h) {
                met.insert(h.to_owned());
            }
        })
        .expect("no i/o here");
        let found = in_parts(&[Job { path, wanted }], part, 3, &mut |_, _| {});
        let found = found.into_iter().next().expect("one file").expect("read");
        prop_assert_eq!((&found.found, &found.met), (&plain, &met), "parts of {} bytes", part);
        Ok(())
    }

    #[test]
    fn whole_files_are_read_the_same_in_parts_of_any_size() {
        let bytes = written("s", 30);
        let lines: Vec<_> = bytes.split_inclusive(|b| *b == b'\n').collect();
        let hash = |n: usize| hash_of(lines[n].strip_suffix(b"\n").expect("a line")).expect("a hash").to_owned();
        let wanted = [hash(0), hash(17), hash(29), "0".repeat(64)];
        for part in [1, 2, 300, 511, 512, 513, 1000, 4096, 1 << 20] {
            both(&bytes, part, &wanted).expect("the same");
            both(&bytes[..bytes.len() - 100], part, &wanted).expect("the same");
        }
        both(b"", 4096, &[]).expect("the same");
        both(b"\n", 4096, &[]).expect("the same");
        both(&[b'x'; 200_000], 4096, &[]).expect("the same");
    }

    #[test]
    fn many_files_are_told_apart_and_a_missing_one_is_named() {
        let dir = Scratch::new();
        let mut jobs: Vec<Job> =
            (0..20).map(|n| Job { path: dir.path().join(n.to_string()), ..Job::default() }).collect();
        for (n, job) in jobs.iter().enumerate() {
            std::fs::write(&job.path, written(&format!("s{n}"), 3 + n as i64)).expect("written");
        }
        jobs.push(Job { path: dir.path().join("gone"), ..Job::default() });
        let mut told = (0, 0);
        let found = in_parts(&jobs, 2000, 2, &mut |done, all| told = (done, all));
        assert!(told.0 == told.1 && told.1 > 20 * 3 * 300, "{told:?}");
        for (n, f) in found.iter().take(20).enumerate() {
            let f = &f.as_ref().expect("read").found;
            assert_eq!((f.records, f.session.clone(), f.closed), (3 + n as u64, Some(format!("s{n}")), true));
        }
        assert_eq!(found[20].as_ref().expect_err("gone").kind(), io::ErrorKind::NotFound);
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 96, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn damaged_files_are_found_alike_in_parts(
            part in 1..6_000_u64,
            n in any::<prop::sample::Index>(),
            m in any::<prop::sample::Index>(),
            how in 0..7_u8,
            bit in 0..8_u8,
        ) {
            let mut bytes = written("s", 12);
            let at = n.index(bytes.len());
            let mut lines: Vec<Vec<u8>> = bytes.split_inclusive(|b| *b == b'\n').map(<[u8]>::to_vec).collect();
            let (i, j) = (n.index(lines.len()), m.index(lines.len()));
            match how {
                0 => bytes[at] ^= 1 << bit,
                1 => bytes.truncate(at),
                2 => bytes = { lines.remove(i); lines.concat() },
                3 => bytes = { lines.swap(i, j); lines.concat() },
                4 => bytes = { let l = lines[j].clone(); lines.insert(i, l); lines.concat() },
                5 => bytes.extend(written("t", 5)),
                _ => bytes = { lines[i] = written("t", 12).split_inclusive(|b| *b == b'\n').nth(i).expect("a line").to_vec(); lines.concat() },
            }
            both(&bytes, part, &[])?;
        }
    }
}
