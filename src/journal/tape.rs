//! The tape: every message with its stamp, before update, for replay. Written by its own thread behind a bounded
//! queue that is fetched once a second; when the disk is slow it drops and says so in a `gap`. The log never depends on it, and no frame or act
//! waits for it. Knows nothing of what a message is.
//!
//! A segment is a file of lines. The first holds the caller's start (build, settings without secrets, keymap, look,
//! size, checkpoint); then `{"n":7,"at":{..},"m":..,"c":"9f3a.."}` per message, with `gap`, `mark` and `end` lines
//! between. `c` is the first 16 hex digits of SHA-256 over the `c` before (none for the first line) and the line's
//! bytes without the `c` member: a changed byte anywhere fails there.

use super::append::make_dir;
use super::tape_queue::{Handle, Queue};
use super::tape_write::{Command, Segment, Writer};
use crate::core::time::Stamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::io;
use std::path::Path;
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

/// Sizes of the ring (limits.md section 4).
#[derive(Clone, Copy, Debug)]
pub struct Ring {
    /// Bytes and milliseconds of one segment.
    pub segment_bytes: u64,
    pub segment_ms: i64,
    /// Bytes and age of all segments of the directory.
    pub bytes: u64,
    pub age: Duration,
}

impl Default for Ring {
    fn default() -> Ring {
        Ring { segment_bytes: 32 << 20, segment_ms: 3_600_000, bytes: 256 << 20, age: Duration::from_secs(24 * 3600) }
    }
}

/// Is a new segment wanted?
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Due {
    No,
    /// With no dialog open and no key for a second.
    WhenQuiet,
    /// At once: the segment is at twice its size.
    Now,
}

/// Running digests of what replay must give again; opaque here.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mark {
    pub effects: String,
    pub screen: String,
}

/// Messages that are not on the tape. Replay ends here; the next segment begins anew.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Gap {
    pub lost: u64,
    pub why: String,
}

/// The start of a segment.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Header {
    /// Version of this format, 1.
    pub tape: u32,
    pub session: String,
    /// From 1 within the session.
    pub segment: u32,
    /// What the caller gave.
    pub start: Value,
}

#[derive(Serialize)]
struct Out<'a, T> {
    n: u64,
    at: &'a Stamp,
    #[serde(flatten)]
    what: T,
}

#[derive(Serialize)]
#[serde(rename_all = "lowercase")]
enum What<'a, M> {
    M(&'a M),
    Mark(&'a Mark),
    Gap(&'a Gap),
    Head(&'a Header),
    End(bool),
}

/// The handle, owned by the loop. Dropping it without [`Tape::close`] leaves a tape without its end line.
pub struct Tape {
    to: Handle,
    thread: std::thread::JoinHandle<()>,
    failed: Arc<OnceLock<String>>,
    session: String,
    ring: Ring,
    segment: u32,
    next: u64,
    /// Of the current segment.
    bytes: u64,
    since: Stamp,
    gap: Gap,
    /// Something was dropped in this segment: replay cannot go past it.
    broken: bool,
}

impl Tape {
    /// Begins `<dir>/<session>.1.tape` (0600 in a 0700 directory). `start`: the header's opaque part.
    pub fn open(dir: &Path, session: &str, ring: Ring, start: Value, at: Stamp) -> io::Result<Tape> {
        make_dir(dir)?;
        let first = Segment::begin(dir, session, 1)?;
        let (to, failed) = (Handle::open(), Arc::new(OnceLock::new()));
        let writer = Writer { dir: dir.to_owned(), session: session.to_owned(), ring };
        let (from, tell): (Arc<Queue>, _) = (to.queue(), failed.clone());
        let thread = std::thread::Builder::new().name("andon-tape".into()).spawn(move || {
            if let Err(e) = writer.run(&from, first) {
                // Set once, here.
                let _ = tell.set(format!("the tape could not be written: {e}"));
                from.abandon();
            }
        })?;
        let mut tape = Tape {
            to,
            thread,
            failed,
            session: session.to_owned(),
            ring,
            segment: 1,
            next: 1,
            bytes: 0,
            since: at,
            gap: Gap::default(),
            broken: false,
        };
        let header = tape.header(start);
        tape.put(at, &What::<()>::Head(&header), Command::Line);
        Ok(tape)
    }

    /// One message, before update sees it. Never blocks; a message that cannot be kept becomes part of a gap.
    pub fn note(&mut self, at: Stamp, message: &impl Serialize) {
        if self.failed.get().is_some() {
            return;
        }
        if self.mend(at) {
            self.put(at, &What::M(message), Command::Line);
        } else {
            self.gap.lost += 1;
        }
    }

    /// Digests as they are after the last message noted.
    pub fn mark(&mut self, at: Stamp, mark: &Mark) {
        if self.mend(at) {
            self.put(at, &What::<()>::Mark(mark), Command::Line);
        }
    }

    /// Is a new segment wanted? Also after a gap, once the disk follows.
    pub fn due(&self, now: Stamp) -> Due {
        let age = now.person.0.saturating_sub(self.since.person.0);
        if self.bytes >= 2 * self.ring.segment_bytes {
            Due::Now
        } else if self.bytes >= self.ring.segment_bytes
            || age >= self.ring.segment_ms
            || (self.broken && self.to.waiting() == 0)
        {
            Due::WhenQuiet
        } else {
            Due::No
        }
    }

    /// Begins a new segment with a checkpoint. False: the queue is full, ask again; the old segment goes on.
    pub fn rotate(&mut self, start: Value, at: Stamp) -> bool {
        self.mend(at);
        let before = (self.gap.clone(), self.broken);
        self.segment += 1;
        let segment = self.segment;
        let header = self.header(start);
        let done = self.put(at, &What::<()>::Head(&header), |l| Command::Segment(segment, l));
        if done {
            self.bytes = 0;
            self.since = at;
            self.broken = false;
        } else {
            // Nothing was lost by it: no message, and the old segment goes on.
            self.segment -= 1;
            (self.gap, self.broken) = before;
        }
        done
    }

    /// Why the tape has ended early, if it has.
    pub fn failed(&self) -> Option<&str> {
        self.failed.get().map(String::as_str)
    }

    /// The last mark and the end line; waits `at_most` for the disk.
    pub fn close(mut self, at: Stamp, mark: &Mark, at_most: Duration) -> Result<(), String> {
        self.mark(at, mark);
        // A tape that still has an unwritten gap must not look whole.
        if self.mend(at) {
            self.put(at, &What::<()>::End(true), Command::Line);
        }
        let (thread, failed, lost) = (self.thread, self.failed, self.gap.lost);
        // The thread fetches the rest and ends.
        drop(self.to);
        let until = Instant::now() + at_most;
        while !thread.is_finished() {
            if Instant::now() >= until {
                return Err("the disk does not answer".into());
            }
            std::thread::sleep(Duration::from_millis(1));
        }
        match failed.get() {
            Some(why) => Err(why.clone()),
            None if lost > 0 => Err(format!("the end is missing: {lost} lines were dropped")),
            None => Ok(()),
        }
    }

    fn header(&self, start: Value) -> Header {
        Header { tape: 1, session: self.session.clone(), segment: self.segment, start }
    }

    /// Writes the gap line that is due. False: the disk still does not follow.
    fn mend(&mut self, at: Stamp) -> bool {
        if self.gap.lost == 0 {
            return true;
        }
        // Half empty, so that a slow disk makes few large gaps and not many small ones.
        if self.to.is_half_full() {
            return false;
        }
        let gap = std::mem::take(&mut self.gap);
        let done = self.put(at, &What::<()>::Gap(&gap), Command::Line);
        if !done {
            self.gap.lost += gap.lost - 1;
        }
        done
    }

    /// Queues one line; what does not fit or cannot be written as JSON is counted as lost.
    fn put<M: Serialize>(&mut self, at: Stamp, what: &What<'_, M>, command: impl FnOnce(Vec<u8>) -> Command) -> bool {
        let out = Out { n: self.next, at: &at, what };
        let why = match serde_json::to_vec(&out) {
            Err(e) => format!("a message is no JSON: {e}"),
            Ok(line) => {
                let size = line.len() as u64;
                if self.to.put(command(line)) {
                    self.next += 1;
                    // With the checksum member and the newline.
                    self.bytes += size + 24;
                    return true;
                }
                "the disk does not follow".to_owned()
            }
        };
        self.gap.lost += 1;
        self.gap.why = why;
        self.broken = true;
        false
    }
}
