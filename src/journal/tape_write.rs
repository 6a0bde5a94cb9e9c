//! The tape's thread: lines to segments, each with its checksum, and the ring they stand in.

use super::append::{create_new, open_to_read};
use super::redact;
use super::tape::Ring;
use super::tape_queue::Queue;
use rustix::fs::{FlockOperation, flock};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

/// What the handle sends.
pub enum Command {
    /// A line without its checksum member.
    Line(Vec<u8>),
    /// The same, as the first of a new file.
    Segment(u32, Vec<u8>),
}

impl Command {
    /// Bytes of its line.
    pub fn size(&self) -> u64 {
        match self {
            Command::Line(line) | Command::Segment(_, line) => line.len() as u64,
        }
    }
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
    /// Until the handle is gone, or to the first error, which ends the tape. What was fetched together is in the file
    /// before more is fetched.
    pub fn run(&self, from: &Queue, mut to: Segment) -> io::Result<()> {
        self.prune();
        while let Some(batch) = from.fetch() {
            let mut size = 0;
            for command in batch {
                size += command.size();
                match command {
                    Command::Line(mut line) => {
                        redact::blot(&mut line);
                        to.line(&line)?;
                    }
                    Command::Segment(n, mut line) => {
                        redact::blot(&mut line);
                        to.file.flush()?;
                        to = Segment::begin(&self.dir, &self.session, n)?;
                        to.line(&line)?;
                        self.prune();
                    }
                }
            }
            to.file.flush()?;
            from.written(size);
        }
        Ok(())
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
