//! Lines of a file, forwards and from its end, never more than a bound in memory. Knows nothing of records.

use std::fs::File;
use std::io::{self, BufRead as _, Read};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

/// A line longer than this is not one of ours (a record is at most 64 kB). Bytes.
pub const MAX_LINE: usize = 1 << 20;

/// One line as read.
#[derive(Debug, PartialEq, Eq)]
pub enum Piece<'a> {
    /// Without its newline.
    Line(&'a [u8]),
    /// The bytes after the last newline.
    Unfinished(&'a [u8]),
    /// Longer than the bound; nothing after it is read.
    TooLong,
}

/// Reads lines from the start.
pub struct Forwards<R> {
    from: R,
    /// The longest line, bytes.
    bound: usize,
    buf: Vec<u8>,
    /// Unread bytes are `buf[start..end]`.
    start: usize,
    end: usize,
    ended: bool,
}

impl<R: Read> Forwards<R> {
    /// Lines of at most [`MAX_LINE`].
    pub fn new(from: R) -> Forwards<R> {
        Forwards::with_bound(from, MAX_LINE)
    }

    /// Lines of at most [`MAX_LINE`], read `bytes` at once: for many files beside each other.
    pub fn with_buffer(from: R, bytes: usize) -> Forwards<R> {
        Forwards { from, bound: MAX_LINE, buf: vec![0; bytes], start: 0, end: 0, ended: false }
    }

    /// Lines of at most `bound` bytes.
    pub fn with_bound(from: R, bound: usize) -> Forwards<R> {
        Forwards { from, bound, buf: vec![0; 64 * 1024], start: 0, end: 0, ended: false }
    }

    /// The next piece; `None` at the end.
    pub fn next_piece(&mut self) -> io::Result<Option<Piece<'_>>> {
        let mut looked = self.start;
        loop {
            if let Some(i) = newline(&self.buf[looked..self.end]) {
                let line = self.start..looked + i;
                self.start = looked + i + 1;
                return Ok(Some(Piece::Line(&self.buf[line])));
            }
            looked = self.end;
            if self.ended {
                let rest = self.start..self.end;
                self.start = self.end;
                return Ok((!rest.is_empty()).then(|| Piece::Unfinished(&self.buf[rest])));
            }
            if self.end - self.start > self.bound {
                (self.start, self.end, self.ended) = (0, 0, true);
                return Ok(Some(Piece::TooLong));
            }
            if self.start > 0 {
                self.buf.copy_within(self.start..self.end, 0);
                (looked, self.end) = (looked - self.start, self.end - self.start);
                self.start = 0;
            }
            if self.end == self.buf.len() {
                self.buf.resize(self.buf.len() * 2, 0);
            }
            match self.from.read(&mut self.buf[self.end..]) {
                Ok(0) => self.ended = true,
                Ok(n) => self.end += n,
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                Err(e) => return Err(e),
            }
        }
    }
}

/// The first newline, by the library's own search, which looks at many bytes at once.
fn newline(bytes: &[u8]) -> Option<usize> {
    let mut rest = bytes;
    let n = rest.skip_until(b'\n').ok()?.checked_sub(1)?;
    (bytes[n] == b'\n').then_some(n)
}

/// Reads finished lines from the end of a file; what stands after the last newline is left out and counted.
///
/// Holds no descriptor between two reads: a directory has more files than a process may open.
pub struct Backwards {
    path: PathBuf,
    /// File offset of `buf[0]`.
    start: u64,
    buf: Vec<u8>,
    /// The last newline was found: lines not yet given are `buf[..end]`, which is empty or ends in a newline.
    ready: bool,
    end: usize,
    len: u64,
    torn: u64,
    /// Size of the next read, bytes; doubles from 4 kB to 64 kB.
    chunk: u64,
}

impl Backwards {
    pub fn open(path: &Path) -> io::Result<Backwards> {
        let file = super::places::open(path)?;
        let len = file.metadata()?.len();
        let path = path.to_owned();
        let mut b = Backwards { path, start: len, buf: Vec::new(), ready: false, end: 0, len, torn: 0, chunk: 4096 };
        loop {
            if let Some(i) = b.buf.iter().rposition(|c| *c == b'\n') {
                b.torn = (b.buf.len() - i - 1) as u64;
                b.end = i + 1;
                b.ready = true;
                return Ok(b);
            }
            if b.start == 0 {
                b.torn = b.len;
                return Ok(b);
            }
            b.load(&file)?;
        }
    }

    /// Offset and length in bytes of an unfinished last line; a length of 0: none.
    pub fn torn(&self) -> (u64, u64) {
        (self.len - self.torn, self.torn)
    }

    /// The line before the last one given, without its newline; `None` at the start of the file.
    pub fn line(&mut self) -> io::Result<Option<Vec<u8>>> {
        loop {
            let Some(body) = self.end.checked_sub(1) else {
                return Ok(None);
            };
            if let Some(i) = self.buf[..body].iter().rposition(|c| *c == b'\n') {
                self.end = i + 1;
                return Ok(Some(self.buf[i + 1..body].to_vec()));
            }
            if self.start == 0 {
                self.end = 0;
                return Ok(Some(self.buf[..body].to_vec()));
            }
            self.load(&super::places::open(&self.path)?)?;
        }
    }

    /// Puts the chunk before `buf` in front of what is still wanted of it. Only called with `start` above 0.
    fn load(&mut self, file: &File) -> io::Result<()> {
        if self.ready {
            self.buf.truncate(self.end);
        }
        if self.buf.len() > MAX_LINE {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "a line longer than 1 MiB"));
        }
        let size = self.start.min(self.chunk);
        self.chunk = (self.chunk * 2).min(1 << 16);
        let mut chunk = vec![0; size as usize];
        file.read_exact_at(&mut chunk, self.start - size)?;
        self.start -= size;
        if self.ready {
            self.end += chunk.len();
        }
        chunk.append(&mut self.buf);
        self.buf = chunk;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::journal::scratch::Scratch;

    fn back(bytes: &[u8]) -> (Vec<Vec<u8>>, (u64, u64)) {
        let dir = Scratch::new();
        let path = dir.path().join("f");
        std::fs::write(&path, bytes).expect("written");
        let mut b = Backwards::open(&path).expect("open");
        let mut lines = Vec::new();
        while let Some(l) = b.line().expect("read") {
            lines.push(l);
        }
        lines.reverse();
        (lines, b.torn())
    }

    fn forth(bytes: &[u8]) -> (Vec<Vec<u8>>, usize) {
        let mut f = Forwards::new(bytes);
        let (mut lines, mut torn) = (Vec::new(), 0);
        while let Some(p) = f.next_piece().expect("read") {
            match p {
                Piece::Line(l) => lines.push(l.to_vec()),
                Piece::Unfinished(t) => torn = t.len(),
                Piece::TooLong => panic!("too long"),
            }
        }
        (lines, torn)
    }

    #[test]
    fn both_ways_give_the_same_lines_whatever_their_length() {
        for lens in [
            vec![],
            vec![0],
            vec![0, 0, 3],
            vec![4095, 1, 4096, 0, 4097],
            vec![70_000, 5, 130_000, 9, 300_000],
            vec![1; 9000],
        ] {
            for torn in [0_usize, 1, 5000, 70_000] {
                let mut bytes = Vec::new();
                for (i, n) in lens.iter().enumerate() {
                    bytes.extend(std::iter::repeat_n(b'a' + (i % 26) as u8, *n));
                    bytes.push(b'\n');
                }
                let whole = bytes.len() as u64;
                bytes.extend(std::iter::repeat_n(b'#', torn));
                let (f, t) = forth(&bytes);
                assert_eq!(f.iter().map(Vec::len).collect::<Vec<_>>(), lens);
                assert_eq!(t, torn);
                assert_eq!(back(&bytes), (f, (whole, torn as u64)));
            }
        }
    }

    #[test]
    fn a_line_without_end_is_not_read_into_memory() {
        let mut f = Forwards::new(io::repeat(b'x'));
        assert_eq!(f.next_piece().expect("read"), Some(Piece::TooLong));
        assert!(f.buf.len() < 4 * MAX_LINE);
        assert_eq!(f.next_piece().expect("read"), None);
    }
}
