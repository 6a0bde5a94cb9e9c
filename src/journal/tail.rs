//! The newest records of a directory: the ends of all files merged by (hlc, session, seq), never reordered within a
//! file. Reads the end of each file, several at a time, and more only of those whose turn comes; of a moved file not even
//! that, where its index tells when it ends.

use super::hlc::Hlc;
use super::lines::Backwards;
use super::places::{self, file_name, session_of};
use super::{index, link};
use crate::core::record::{Record, UNREADABLE};
use std::collections::BinaryHeap;
use std::io;
use std::path::{Path, PathBuf};

/// What was read.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Tail {
    /// Oldest first.
    pub records: Vec<Record>,
    /// Files that could not be read (to their start, as far as it was wanted), with the reason.
    pub unread: Vec<(String, String)>,
}

/// One file, with the record that comes next when going backwards.
struct End<'a> {
    /// Where it stands in the merge: its own hlc, but never later than what came after it in its file.
    hlc: Hlc,
    /// Its own hlc, session and seq.
    own: (Hlc, String, u64),
    path: &'a Path,
    /// `None`: only known where it stands.
    read: Option<(Record, Backwards)>,
}

/// Of a record that is not known yet: its turn comes no later than its real place.
const AHEAD: (Hlc, String, u64) = (Hlc(i64::MAX, u32::MAX), String::new(), 0);

impl Ord for End<'_> {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        // The path only so that two files alike have an order.
        (self.hlc, &self.own, self.path).cmp(&(other.hlc, &other.own, other.path))
    }
}
impl PartialOrd for End<'_> {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}
impl PartialEq for End<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}
impl Eq for End<'_> {}

/// The last `n` records of all logs in `dir` and its months.
///
/// # Errors
/// The directory cannot be listed. A file that cannot be read is told in `unread`.
pub fn tail(dir: &Path, n: usize) -> io::Result<Tail> {
    let files = places::files(dir)?;
    let known = index::known(&files.months);
    let mut found = Tail { unread: files.unread, ..Tail::default() };
    let mut ends = BinaryHeap::new();
    let mut unread = |path: &Path, e: &io::Error| found.unread.push((file_name(path).to_owned(), e.to_string()));
    for (path, end) in in_turns(&files.logs, |path| match known.row(path) {
        Some(row) if row.records == 0 => Ok(None),
        Some(row) => Ok(Some(End { hlc: row.last, own: AHEAD, path, read: None })),
        None => End::last(path, false),
    }) {
        match end {
            Ok(end) => ends.extend(end),
            Err(e) => unread(path, &e),
        }
    }
    while found.records.len() < n
        && let Some(end) = ends.pop()
    {
        let path = end.path;
        let next = match end.read {
            // Only its place is known so far; it comes again at the place it really has.
            None => End::last(path, true),
            Some((record, rest)) => {
                found.records.push(record);
                End::before(path, rest, end.hlc)
            }
        };
        match next {
            Ok(next) => ends.extend(next),
            Err(e) => unread(path, &e),
        }
    }
    found.records.reverse();
    Ok(found)
}

/// Asks about every path, with as many threads as there are processors; the answers in the order of the paths.
fn in_turns<'a, T: Send>(paths: &'a [PathBuf], ask: impl Fn(&'a Path) -> T + Sync) -> Vec<(&'a Path, T)> {
    /// Fewer are not worth a thread.
    const FEW: usize = 64;
    let each = |some: &'a [PathBuf]| some.iter().map(|p| (p.as_path(), ask(p))).collect::<Vec<_>>();
    let threads = std::thread::available_parallelism().map_or(1, usize::from).min(16);
    let share = paths.len().div_ceil(threads);
    if share < FEW {
        return each(paths);
    }
    std::thread::scope(|scope| {
        let others: Vec<_> = paths.chunks(share).skip(1).map(|some| scope.spawn(move || each(some))).collect();
        let mut all = each(&paths[..share]);
        // A thread that panics takes the process with it.
        others.into_iter().filter_map(|t| t.join().ok()).for_each(|some| all.extend(some));
        all
    })
}

impl<'a> End<'a> {
    /// The last record of a file; with `keep` the record itself, else only its place.
    fn last(path: &'a Path, keep: bool) -> io::Result<Option<End<'a>>> {
        let mut rest = Backwards::open(path)?;
        let Some(line) = rest.line()? else {
            return Ok(None);
        };
        if let Some(l) = link::quick(&line).filter(|_| !keep) {
            return Ok(Some(End { hlc: l.hlc, own: (l.hlc, l.session.into_owned(), l.seq), path, read: None }));
        }
        let record = Record::read(&session_of(path), &line);
        let hlc = if record.kind == UNREADABLE { neighbour(path)? } else { record.hlc };
        let mut end = End::at(path, hlc, record, rest);
        if !keep {
            end.read = None;
        }
        Ok(Some(end))
    }

    /// The record before those read.
    fn before(path: &'a Path, mut rest: Backwards, after: Hlc) -> io::Result<Option<End<'a>>> {
        Ok(rest.line()?.map(|line| {
            let record = Record::read(&session_of(path), &line);
            // A line that tells no time stays beside its neighbour.
            let hlc = if record.kind == UNREADABLE { after } else { record.hlc.min(after) };
            End::at(path, hlc, record, rest)
        }))
    }

    fn at(path: &'a Path, hlc: Hlc, record: Record, rest: Backwards) -> End<'a> {
        End { hlc, own: (record.hlc, record.session.clone(), record.seq), path, read: Some((record, rest)) }
    }
}

/// The time of the last line that tells one, of a file whose last line does not; looked for in its last 64 lines.
fn neighbour(path: &Path) -> io::Result<Hlc> {
    let mut rest = Backwards::open(path)?;
    for _ in 0..64 {
        let Some(line) = rest.line()? else {
            break;
        };
        let record = Record::read("", &line);
        if record.kind != UNREADABLE {
            return Ok(record.hlc);
        }
    }
    Ok(Hlc::default())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::journal::scratch::Scratch;
    use proptest::prelude::*;

    /// Every file read whole; then again and again the latest of the ends, found by looking at all of them.
    fn naive(dir: &Path, n: usize) -> Vec<Record> {
        let mut files: Vec<(PathBuf, Vec<(Hlc, Record)>)> = Vec::new();
        for path in places::logs(dir).expect("listed") {
            let bytes = std::fs::read(&path).expect("read");
            let end = bytes.iter().rposition(|b| *b == b'\n').map_or(0, |i| i + 1);
            let lines = bytes[..end].split_inclusive(|b| *b == b'\n');
            let records: Vec<Record> = lines.map(|l| Record::read(&session_of(&path), &l[..l.len() - 1])).collect();
            let told = |r: &&Record| r.kind != UNREADABLE;
            let mut limit = records.iter().rev().take(64).find(told).map_or(Hlc::default(), |r| r.hlc);
            let mut placed: Vec<(Hlc, Record)> = Vec::new();
            for r in records.into_iter().rev() {
                if r.kind != UNREADABLE {
                    limit = limit.min(r.hlc);
                }
                placed.insert(0, (limit, r));
            }
            files.push((path, placed));
        }
        let mut out = Vec::new();
        while out.len() < n {
            let latest = files.iter_mut().filter(|(_, f)| !f.is_empty()).max_by(|(a, x), (b, y)| {
                let ((hx, x), (hy, y)) = (x.last().expect("one"), y.last().expect("one"));
                hx.cmp(hy).then_with(|| x.order(y)).then_with(|| a.cmp(b))
            });
            let Some((_, file)) = latest else { break };
            out.extend(file.pop().map(|(_, r)| r));
        }
        out.reverse();
        out
    }

    fn record() -> impl Strategy<Value = String> {
        let hlc = prop_oneof![4 => (0..12_i64, 0..2_u32), 1 => (-5..500_i64, 0..9_u32)];
        prop_oneof![
            12 => (hlc, 0..9_u64, prop::sample::select(vec!["s0", "s1", "s2"]), 0..400_usize).prop_map(|((ms, n), seq, session, fill)| {
                format!(
                    r#"{{"v":1,"session":"{session}","seq":{seq},"hlc":[{ms},{n}],"utc":"","mono":0,"actor":{{"user":"u"}},"host":"h","kind":"note","data":{{"text":"{}"}},"prev":"","hash":""}}"#,
                    "x".repeat(fill * 20)
                )
            }),
            1 => Just("what?".to_owned()),
            1 => Just(r#"{"kind":"note","hlc":[7,0]}"#.to_owned()),
            1 => Just(String::new()),
        ]
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 96, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn the_merge_is_the_naive_one(
            files in prop::collection::vec((prop::collection::vec(record(), 0..9), any::<bool>(), prop::option::of("[a-z{]{1,9}")), 0..7),
            sorted in any::<bool>(),
            n in 0..40_usize,
        ) {
            let dir = Scratch::new();
            std::fs::create_dir(dir.path().join("2026-10")).expect("made");
            for (i, (mut lines, moved, torn)) in files.into_iter().enumerate() {
                if sorted {
                    lines.sort_by_key(|l| Record::read("", l.as_bytes()).hlc);
                }
                let mut text: String = lines.iter().map(|l| format!("{l}\n")).collect();
                text.extend(torn);
                let folder = if moved { dir.path().join("2026-10") } else { dir.path().to_owned() };
                std::fs::write(folder.join(format!("s{i}.jsonl")), text).expect("written");
            }
            let found = tail(dir.path(), n).expect("read");
            prop_assert_eq!(&found.unread, &[]);
            prop_assert_eq!(&found.records, &naive(dir.path(), n));
            index::mend(&dir.path().join("2026-10"), "mira", 0o600).expect("mended");
            prop_assert_eq!(tail(dir.path(), n).expect("read").records, found.records, "with an index");
        }
    }

    #[test]
    fn more_files_than_may_be_open_are_merged_by_several_threads() {
        let dir = Scratch::new();
        for i in 0..400 {
            let line = |ms: i64| format!("{{\"kind\":\"note\",\"hlc\":[{ms},0],\"data\":{ms}}}\n");
            std::fs::write(dir.path().join(format!("s{i:03}.jsonl")), line(i) + &line(1000 - i)).expect("written");
        }
        let t = tail(dir.path(), 500).expect("read");
        assert_eq!(t.unread, []);
        assert_eq!(t.records, naive(dir.path(), 500));
        assert_eq!(t.records.last().map(|r| r.hlc), Some(Hlc(1000, 0)));
    }
}
