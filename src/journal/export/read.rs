//! Files as they stood when they were opened, and their records merged by (hlc, session, seq), never reordered within a
//! file. A file that grows meanwhile is read up to where it was, so that its head is that of what was read.

use super::super::chain::{self, Verified};
use super::super::heads::{logs, session_of};
use super::super::lines::{Forwards, Piece};
use super::super::record::HASH_MEMBER;
use super::super::{append, chain::hash_of, places};
use crate::core::record::{Hlc, Record, UNREADABLE};
use crate::core::seal::sha256_hex;
use std::cmp::Ordering;
use std::collections::BinaryHeap;
use std::fs::File;
use std::io::{self, Read, Take};
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};

/// One file.
#[derive(Clone, Debug)]
pub struct Source {
    pub path: PathBuf,
    /// Its name without folders.
    pub file: String,
    pub session: String,
    /// Bytes that were there.
    pub len: u64,
    /// Its chain, up to there.
    pub found: Verified,
    /// The hash its last whole line states; empty: it has none.
    pub head: String,
    /// Why it could not be read.
    pub unread: Option<String>,
}

/// Everything an export is made of.
#[derive(Clone, Debug, Default)]
pub struct Given {
    /// By name, which begins with the time of opening.
    pub sources: Vec<Source>,
}

/// Counts bytes on their way.
struct Counted<'a, R> {
    from: R,
    done: &'a mut u64,
    all: u64,
    told: &'a mut dyn FnMut(u64, u64),
}

impl<R: Read> Read for Counted<'_, R> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let n = self.from.read(buf)?;
        *self.done += n as u64;
        (self.told)(*self.done, self.all);
        Ok(n)
    }
}

/// Opens files, and all logs of directories. No chain is looked at.
///
/// # Errors
/// A path that is not there, or a directory that cannot be listed.
pub fn open(paths: &[PathBuf]) -> io::Result<Given> {
    let mut files: Vec<PathBuf> = Vec::new();
    for path in paths {
        if path.is_dir() {
            files.extend(logs(path)?);
        } else if path.exists() {
            files.push(path.clone());
        } else {
            let why = format!("{}: there is no log here", path.display());
            return Err(io::Error::new(io::ErrorKind::NotFound, why));
        }
    }
    files.sort_by(|a, b| a.file_name().cmp(&b.file_name()).then_with(|| a.cmp(b)));
    files.dedup();
    Ok(Given { sources: files.into_iter().map(standing).collect() })
}

/// The same, and checks every chain. A file at fault is kept and says so.
///
/// # Errors
/// As [`open`].
pub fn open_checked(paths: &[PathBuf], told: &mut dyn FnMut(u64, u64)) -> io::Result<Given> {
    let Given { mut sources } = open(paths)?;
    let (mut done, all) = (0, sources.iter().map(|s| s.len).sum());
    for s in &mut sources {
        let file = match taken(&s.path, s.len) {
            Ok(file) => file,
            Err(e) => {
                s.unread = Some(e.to_string());
                continue;
            }
        };
        let counted = Counted { from: file, done: &mut done, all, told: &mut *told };
        match chain::verify(counted, |hash| {
            s.head.clear();
            s.head.push_str(hash);
        }) {
            Ok(found) => s.found = found,
            Err(e) => s.unread = Some(e.to_string()),
        }
        if s.found.first_bad.is_some() {
            // Beyond a broken link the head is what the last line says of itself.
            s.head = stated(&s.path).unwrap_or_default();
        }
    }
    Ok(Given { sources })
}

fn standing(path: PathBuf) -> Source {
    let session = session_of(&path);
    let file = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let (len, unread) = match append::open_to_read(&path).and_then(|f| f.metadata()) {
        Ok(m) => (m.len(), None),
        Err(e) => (0, Some(e.to_string())),
    };
    Source { path, file, session, len, found: Verified::default(), head: String::new(), unread }
}

fn stated(path: &Path) -> Option<String> {
    let line = super::super::lines::Backwards::open(path).ok()?.line().ok()??;
    hash_of(&line).map(str::to_owned)
}

fn taken(path: &Path, len: u64) -> io::Result<Take<File>> {
    Ok(append::open_to_read(path)?.take(len))
}

/// Read from a file at once. Bytes.
const PART: usize = 8 * 1024;

/// A file that is closed between its parts: a log may have more files than a process may hold open, and one may move into
/// its month meanwhile.
struct Parts {
    path: PathBuf,
    at: u64,
    len: u64,
}

impl io::Read for Parts {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let room = usize::try_from(self.len - self.at).unwrap_or(usize::MAX).min(buf.len());
        if room == 0 {
            return Ok(0);
        }
        let n = places::open(&self.path)?.read_at(&mut buf[..room], self.at)?;
        self.at += n as u64;
        Ok(n)
    }
}

impl Given {
    pub fn is_whole(&self) -> bool {
        self.sources.iter().all(|s| s.unread.is_none() && s.found.first_bad.is_none())
    }

    /// Bytes in all.
    pub fn bytes(&self) -> u64 {
        self.sources.iter().map(|s| s.len).sum()
    }

    /// All records, from the start.
    ///
    /// # Errors
    /// A file that was there cannot be opened any more.
    pub fn merged(&self) -> io::Result<Merged> {
        let mut heap = BinaryHeap::new();
        for s in self.sources.iter().filter(|s| s.unread.is_none()) {
            let rest = Forwards::with_buffer(Parts { path: s.path.clone(), at: 0, len: s.len }, PART);
            let one = Next { record: Record::default(), line: Vec::new(), hlc: Hlc::default(), rest };
            heap.extend(one.go(&s.session)?);
        }
        Ok(Merged { heap, failed: false })
    }
}

/// A file with its next record.
struct Next {
    record: Record,
    line: Vec<u8>,
    /// Its place in the merge: never before what came before it in its file.
    hlc: Hlc,
    rest: Forwards<Parts>,
}

impl Next {
    /// On to the next line; `None` at the end. Unfinished and endless lines are no records.
    fn go(mut self, session: &str) -> io::Result<Option<Next>> {
        match self.rest.next_piece()? {
            Some(Piece::Line(line)) => {
                self.line.clear();
                self.line.extend_from_slice(line);
            }
            Some(Piece::Unfinished(_) | Piece::TooLong) | None => return Ok(None),
        }
        self.record = Record::read(session, &self.line);
        // A line that tells no time stays beside its neighbour.
        let own = if self.record.kind == UNREADABLE { self.hlc } else { self.record.hlc };
        self.hlc = self.hlc.max(own);
        Ok(Some(self))
    }
}

// Reversed: the heap gives the greatest, and the earliest is wanted.
impl Ord for Next {
    fn cmp(&self, other: &Next) -> Ordering {
        let mine = (&self.hlc, &self.record.session, self.record.seq);
        (&other.hlc, &other.record.session, other.record.seq).cmp(&mine)
    }
}
impl PartialOrd for Next {
    fn partial_cmp(&self, other: &Next) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}
impl PartialEq for Next {
    fn eq(&self, other: &Next) -> bool {
        self.cmp(other).is_eq()
    }
}
impl Eq for Next {}

/// Records with their lines, without the newline.
pub struct Merged {
    heap: BinaryHeap<Next>,
    failed: bool,
}

impl Iterator for Merged {
    type Item = io::Result<(Record, Vec<u8>)>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.failed {
            return None;
        }
        let mut first = self.heap.pop()?;
        let record = std::mem::take(&mut first.record);
        let line = std::mem::take(&mut first.line);
        match first.go(&record.session) {
            Ok(next) => self.heap.extend(next),
            Err(e) => {
                self.failed = true;
                return Some(Err(e));
            }
        }
        Some(Ok((record, line)))
    }
}

/// Is the hash a line ends in that of its own bytes? Says nothing of the records around it.
pub fn holds_alone(line: &[u8]) -> bool {
    let Some(stated) = hash_of(line) else { return false };
    let mut body = line[..line.len() - HASH_MEMBER].to_vec();
    body.push(b'}');
    sha256_hex(&body) == stated
}
