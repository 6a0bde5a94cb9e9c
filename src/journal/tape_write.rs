//! The tape's thread: lines to segments, each with its checksum, and the ring they stand in.

use super::append::{create_new, open_to_read};
use super::tape::Ring;
use rustix::fs::{FlockOperation, flock};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::{Duration, Instant};

/// Written lines reach the file this long after, at most.
const FLUSH: Duration = Duration::from_secs(1);

/// What the handle sends.
pub enum Command {
    /// A line without its checksum member.
    Line(Vec<u8>),
    /// The same, as the first of a new file.
    Segment(u32, Vec<u8>),
}

/// Names the next checksum from the one before and a line without its own.
pub fn checksum(before: &str, line: &[u8]) -> String {
    let mut sum = Sha256::new();
    sum.update(before.as_bytes());
    sum.update(line);
    sum.finalize()[..8].iter().fold(String::new(), |mut s, b| {
        for d in [b >> 4, b & 15] {
            s.extend(char::from_digit(u32::from(d), 16));
        }
        s
    })
}

/// Where it writes.
pub struct Writer {
    pub dir: PathBuf,
    pub session: String,
    pub ring: Ring,
    /// Bytes queued and not yet written.
    pub waiting: Arc<AtomicU64>,
}

/// One file of the ring, being written.
pub struct Segment {
    file: BufWriter<File>,
    sum: String,
}

impl Segment {
    /// A new, empty file `<session>.<n>.tape`.
    pub fn begin(dir: &Path, session: &str, n: u32) -> io::Result<Segment> {
        let file = create_new(&dir.join(format!("{session}.{n}.tape")), 0o600)?;
        // Says "in use" to other sessions' rings; a file system without locks costs a tape, never the log.
        let _ = flock(&file, FlockOperation::NonBlockingLockExclusive);
        Ok(Segment { file: BufWriter::with_capacity(128 * 1024, file), sum: String::new() })
    }

    /// The same bytes with their checksum member before the closing brace.
    fn line(&mut self, line: &[u8]) -> io::Result<()> {
        self.sum = checksum(&self.sum, line);
        self.file.write_all(&line[..line.len().saturating_sub(1)])?;
        writeln!(self.file, ",\"c\":\"{}\"}}", self.sum)
    }
}

impl Writer {
    /// Until the handle is gone, or to the first error, which ends the tape.
    pub fn run(&self, from: &Receiver<Command>, mut to: Segment) -> io::Result<()> {
        self.prune();
        let mut dirty = None;
        loop {
            let next = match dirty {
                None => from.recv().map_err(|_| RecvTimeoutError::Disconnected),
                Some(since) => from.recv_timeout(FLUSH.saturating_sub(Instant::elapsed(&since))),
            };
            match next {
                Ok(Command::Line(line)) => {
                    to.line(&line)?;
                    self.waiting.fetch_sub(line.len() as u64, Ordering::Relaxed);
                    dirty = dirty.or_else(|| Some(Instant::now()));
                }
                Ok(Command::Segment(n, line)) => {
                    to.file.flush()?;
                    to = Segment::begin(&self.dir, &self.session, n)?;
                    to.line(&line)?;
                    self.waiting.fetch_sub(line.len() as u64, Ordering::Relaxed);
                    self.prune();
                    dirty = Some(Instant::now());
                }
                Err(RecvTimeoutError::Timeout) => {
                    to.file.flush()?;
                    dirty = None;
                }
                Err(RecvTimeoutError::Disconnected) => return to.file.flush(),
            }
        }
    }

    /// Removes the oldest segments that nobody writes, until the ring's bounds hold. Best effort: a tape too many
    /// harms nobody.
    fn prune(&self) {
        let Ok(entries) = std::fs::read_dir(&self.dir) else {
            return;
        };
        let tapes: BTreeMap<_, _> = entries
            .filter_map(Result::ok)
            .filter(|e| e.path().extension().is_some_and(|x| x == "tape"))
            .filter_map(|e| {
                let m = e.metadata().ok()?;
                Some(((m.modified().ok()?, e.path()), m.len()))
            })
            .collect();
        let mut total: u64 = tapes.values().sum();
        for ((modified, path), size) in tapes {
            let old = modified.elapsed().is_ok_and(|age| age > self.ring.age);
            // Room for the segment that has just begun.
            if !old && total + self.ring.segment_bytes <= self.ring.bytes {
                continue;
            }
            let free = open_to_read(&path).is_ok_and(|f| flock(&f, FlockOperation::NonBlockingLockShared).is_ok());
            if free && std::fs::remove_file(&path).is_ok() {
                total -= size;
            }
        }
    }
}
