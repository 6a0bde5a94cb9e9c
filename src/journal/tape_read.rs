//! Reading a tape back: one segment, line by line, every byte checked. Generic over the message; runs nothing.

use super::lines::{Forwards, Piece};
use super::tape::{Gap, Header, Mark};
use super::tape_write::checksum;
use crate::core::time::Stamp;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use std::fs::File;
use std::io::{self, Read};
use std::marker::PhantomData;
use std::path::{Path, PathBuf};

/// `,"c":"` and 16 digits and `"}`.
const MEMBER: usize = 6 + 16 + 2;

/// One line of a tape.
#[derive(Clone, Debug, PartialEq)]
pub enum TapeLine<M> {
    Start {
        at: Stamp,
        header: Header,
    },
    Message {
        n: u64,
        at: Stamp,
        message: M,
    },
    Mark {
        at: Stamp,
        mark: Mark,
    },
    /// Messages are missing: replay ends here.
    Gap {
        at: Stamp,
        gap: Gap,
    },
    /// The session ended cleanly.
    End {
        at: Stamp,
    },
}

/// Why a tape cannot be read on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TapeError {
    /// From 1.
    pub line: u64,
    pub why: String,
    /// An unfinished last line, as a killed session leaves it: everything before it is whole.
    pub torn: bool,
}

impl std::fmt::Display for TapeError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "line {}: {}", self.line, self.why)
    }
}

impl std::error::Error for TapeError {}

#[derive(Deserialize)]
#[serde(bound = "M: DeserializeOwned")]
struct Wire<M> {
    n: u64,
    at: Stamp,
    m: Option<M>,
    mark: Option<Mark>,
    gap: Option<Gap>,
    head: Option<Header>,
    end: Option<bool>,
}

/// An iterator over the lines of one segment. After an error it is at its end.
pub struct TapeReader<M, R = File> {
    lines: Forwards<R>,
    line: u64,
    sum: String,
    next: Option<u64>,
    ended: bool,
    stopped: bool,
    of: PhantomData<fn() -> M>,
}

impl<M: DeserializeOwned> TapeReader<M> {
    pub fn open(path: &Path) -> io::Result<TapeReader<M>> {
        super::append::open_to_read(path).map(TapeReader::new)
    }
}

impl<M: DeserializeOwned, R: Read> TapeReader<M, R> {
    pub fn new(from: R) -> TapeReader<M, R> {
        TapeReader {
            lines: Forwards::with_bound(from, MAX_TAPE_LINE),
            line: 0,
            sum: String::new(),
            next: None,
            ended: false,
            stopped: false,
            of: PhantomData,
        }
    }

    fn read(&mut self) -> Option<Result<TapeLine<M>, TapeError>> {
        self.line += 1;
        let line = self.line;
        let bad = |why: String| Some(Err(TapeError { line, why, torn: false }));
        let bytes = match self.lines.next_piece() {
            Ok(Some(Piece::Line(l))) => l,
            Ok(Some(Piece::Unfinished(_))) => {
                return Some(Err(TapeError { line, why: "unfinished".into(), torn: !self.ended }));
            }
            Ok(Some(Piece::TooLong)) => return bad("too long".into()),
            Ok(None) => return None,
            Err(e) => return bad(e.to_string()),
        };
        if self.ended {
            return bad("it stands after the end".into());
        }
        let (Some(body), true) = (bytes.len().checked_sub(MEMBER), bytes.ends_with(b"\"}")) else {
            return bad("no checksum".into());
        };
        let mut whole = bytes[..body].to_vec();
        whole.push(b'}');
        self.sum = checksum(&self.sum, &whole);
        if bytes[body..] != *format!(",\"c\":\"{}\"}}", self.sum).as_bytes() {
            return bad("its bytes are not the ones its checksum was made of".into());
        }
        let wire: Wire<M> = match serde_json::from_slice(&whole) {
            Ok(w) => w,
            Err(e) => return bad(format!("not of this version: {e}")),
        };
        if self.next.is_some_and(|n| n != wire.n) {
            return bad("a line is missing before it".into());
        }
        self.next = Some(wire.n + 1);
        let at = wire.at;
        let said = match (wire.head, wire.m, wire.mark, wire.gap, wire.end) {
            (Some(header), None, None, None, None) if line == 1 => TapeLine::Start { at, header },
            (None, Some(message), None, None, None) if line > 1 => TapeLine::Message { n: wire.n, at, message },
            (None, None, Some(mark), None, None) if line > 1 => TapeLine::Mark { at, mark },
            (None, None, None, Some(gap), None) if line > 1 => TapeLine::Gap { at, gap },
            (None, None, None, None, Some(_)) if line > 1 => {
                self.ended = true;
                TapeLine::End { at }
            }
            _ => return bad("not a line of a tape".into()),
        };
        Some(Ok(said))
    }
}

/// A checkpoint of a large world is long. Bytes.
const MAX_TAPE_LINE: usize = 64 << 20;

impl<M: DeserializeOwned, R: Read> Iterator for TapeReader<M, R> {
    type Item = Result<TapeLine<M>, TapeError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.stopped {
            return None;
        }
        let item = self.read();
        self.stopped = !matches!(item, Some(Ok(_)));
        item
    }
}

/// The segments of a session that are still kept, in order: (number, path).
pub fn segments(dir: &Path, session: &str) -> io::Result<Vec<(u32, PathBuf)>> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(dir)? {
        let path = entry?.path();
        let number = path
            .file_name()
            .and_then(|n| n.to_str())
            .and_then(|n| n.strip_prefix(session)?.strip_prefix('.')?.strip_suffix(".tape"))
            .and_then(|n| n.parse().ok());
        found.extend(number.map(|n| (n, path)));
    }
    found.sort();
    Ok(found)
}
