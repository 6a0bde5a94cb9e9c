//! Where the commands without a screen write: data to stdout, messages to stderr. Both pass the gate here, whatever the
//! command already did, so that no command can forget it. Nothing else in the crate may print (`tests/it/gate.rs`).

use crate::core::shown::{shown_line, shown_text};
use crate::journal::record::ascii;
use serde::Serialize;
use std::fs::File;
use std::io::{self, ErrorKind, IsTerminal as _, Write};
use std::os::fd::{AsFd as _, OwnedFd};
use std::time::{Duration, Instant};

/// The longest line, in bytes: more is cut and says so. JSON lines stay far below.
const LINE: usize = 4 << 20;

/// A writer that lets nothing through that could steer a terminal. Whole lines go through the gate; a line that is
/// already clean passes untouched, byte for byte, tabs apart. What has no newline yet waits for `flush`.
pub struct Gated<W: Write> {
    to: W,
    line: Vec<u8>,
    /// A carriage return before a newline belongs to the line's end (CSV).
    crlf: bool,
}

impl<W: Write> Gated<W> {
    pub fn new(to: W) -> Gated<W> {
        Gated { to, line: Vec::new(), crlf: false }
    }

    /// The writer behind it, for bytes this program makes of its own literals alone (a completion script, a man page).
    pub fn own(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.flush()?;
        self.to.write_all(bytes)?;
        self.to.flush()
    }

    fn pass(&mut self, end: &[u8]) -> io::Result<()> {
        let text = String::from_utf8_lossy(&self.line);
        let safe = shown_line(&text, LINE);
        self.to.write_all(safe.as_str().as_bytes())?;
        self.to.write_all(end)?;
        self.line.clear();
        Ok(())
    }
}

impl<W: Write> Write for Gated<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        for part in bytes.split_inclusive(|b| *b == b'\n') {
            match part.strip_suffix(b"\n") {
                Some(rest) => {
                    self.line.extend_from_slice(rest);
                    let crlf = self.crlf && self.line.last() == Some(&b'\r');
                    self.line.truncate(self.line.len() - usize::from(crlf));
                    self.pass(if crlf { b"\r\n" } else { b"\n" })?;
                }
                None => self.line.extend_from_slice(part),
            }
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        if !self.line.is_empty() {
            self.pass(b"")?;
        }
        self.to.flush()
    }
}

impl<W: Write> Drop for Gated<W> {
    fn drop(&mut self) {
        // A reader that left is told where the exit code is made.
        let _ = self.flush();
    }
}

/// Stdout for one command, locked and buffered.
pub fn stdout() -> Gated<impl Write> {
    Gated::new(io::BufWriter::new(io::stdout().lock()))
}

/// The same for forms whose lines end in CR LF.
pub fn stdout_crlf() -> Gated<impl Write> {
    let mut out = Gated::new(io::BufWriter::new(io::stdout().lock()));
    out.crlf = true;
    out
}

/// Stdout's descriptor, to hear that its reader has gone.
///
/// # Errors
/// There is no stdout, or no descriptor is left.
pub fn stdout_fd() -> io::Result<OwnedFd> {
    io::stdout().as_fd().try_clone_to_owned()
}

/// Stdout behind the gate through a descriptor of its own, for a thread that writes while somebody holds the lock.
///
/// # Errors
/// There is no stdout, or no descriptor is left.
pub fn own_stdout() -> io::Result<Gated<File>> {
    let fd = io::stdout().as_fd().try_clone_to_owned()?;
    Ok(Gated::new(File::from(fd)))
}

/// What a command that takes longer than a second tells meanwhile: one line on stderr, written over itself, where that is
/// a terminal; gone when it is dropped.
pub struct Progress {
    what: &'static str,
    began: Instant,
    /// When it was written last. `None`: nothing stands there.
    told: Option<Instant>,
    terminal: bool,
}

impl Progress {
    /// Nothing is told before this.
    const AFTER: Duration = Duration::from_secs(1);
    /// And so often at most.
    const EVERY: Duration = Duration::from_millis(200);

    /// Columns that are written over.
    const WIDTH: usize = 60;

    /// `what`: what has been done to the bytes, `verified`.
    pub fn new(what: &'static str) -> Progress {
        Progress { what, began: Instant::now(), told: None, terminal: io::stderr().is_terminal() }
    }

    /// So many bytes of all. May be called as often as one likes.
    pub fn at(&mut self, done: u64, all: u64) {
        let now = Instant::now();
        let due = self.told.map_or(self.began + Self::AFTER, |t| t + Self::EVERY);
        if !self.terminal || now < due {
            return;
        }
        self.told = Some(now);
        // Own words and numbers only.
        let _ = write!(io::stderr(), "\r{:<WIDTH$}", Self::line(self.what, done, all), WIDTH = Self::WIDTH);
    }

    fn line(what: &str, done: u64, all: u64) -> String {
        let percent = done.saturating_mul(100).checked_div(all).unwrap_or(100);
        format!("{what} {} of {} MB, {percent}%", done / 1_000_000, all / 1_000_000)
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if self.told.is_some() {
            let _ = write!(io::stderr(), "\r{:<WIDTH$}\r", "", WIDTH = Self::WIDTH);
        }
    }
}

/// The exit code of a command: a pipe that nobody reads ends quietly with 141; another error is told.
pub fn code(done: io::Result<i32>, out: &mut impl Write) -> u8 {
    match done.and_then(|code| out.flush().map(|()| code)) {
        Ok(code) => u8::try_from(code).unwrap_or(1),
        Err(e) if e.kind() == ErrorKind::BrokenPipe => 141,
        Err(e) => {
            tell(&e.to_string());
            1
        }
    }
}

/// `value` as one line of ASCII JSON: what is not ASCII stands as `\uXXXX`. Values carry a `schema` with a version.
pub fn json(out: &mut impl Write, value: &impl Serialize) -> io::Result<()> {
    out.write_all(&ascii(value)?)?;
    out.write_all(b"\n")
}

/// One gated line on stderr. A terminal that hung up, or a closed pipe, is no reason to panic on the way out.
pub fn tell(what: &str) {
    let line = shown_line(what, 400);
    let _ = writeln!(io::stderr(), "andon: {line}");
}

/// Several lines on stderr, as clap writes a usage error: it repeats the words of the command line.
pub fn tell_lines(what: &str) -> io::Result<()> {
    let text = shown_text(what, 8_000);
    io::stderr().write_all(text.as_str().as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn through(parts: &[&[u8]]) -> String {
        let mut to = Vec::new();
        let mut out = Gated::new(&mut to);
        for p in parts {
            out.write_all(p).unwrap();
        }
        drop(out);
        String::from_utf8(to).unwrap()
    }

    #[test]
    fn what_a_command_forgets_is_gated_all_the_same() {
        assert_eq!(through(&[b"plain\n", "caf\u{e9}\n".as_bytes()]), "plain\ncaf\u{e9}\n");
        assert_eq!(through(&[b"a\x1b]52;c;", b"aGk=\x07\nb\xff\x9b31m"]), "a^[]52;c;aGk=^G\nb\u{fffd}\u{fffd}31m");
        // A character that comes in two writes stays whole, and a sequence in two writes is still caught.
        assert_eq!(through(&[b"\xe2\x80", b"\xae\n\x1b", b"[2J\n"]), "<U+202E>\n^[[2J\n");
    }

    #[test]
    fn only_a_form_that_asks_for_it_ends_its_lines_in_cr_lf() {
        let mut to = Vec::new();
        let mut out = Gated::new(&mut to);
        out.crlf = true;
        out.write_all(b"a\rb\r").unwrap();
        out.write_all(b"\nc\n\r\n").unwrap();
        drop(out);
        assert_eq!(to, b"a^Mb\r\nc\n\r\n");
        assert_eq!(through(&[b"a\r\n"]), "a^M\n");
    }

    #[test]
    fn a_gated_line_passes_a_second_time_unchanged() {
        let once = through(&["x\u{202e}\u{1b}[0m\te\u{301}\u{301}\u{301}\u{301}\u{301}\n".as_bytes()]);
        assert_eq!(through(&[once.as_bytes()]), once);
    }

    #[test]
    fn progress_is_silent_at_first_and_never_divides_by_nothing() {
        assert_eq!(Progress::line("verified", 125_000_000, 500_000_000), "verified 125 of 500 MB, 25%");
        assert_eq!(Progress::line("verified", 0, 0), "verified 0 of 0 MB, 100%");
        let mut p = Progress { terminal: true, ..Progress::new("verified") };
        p.at(1, 2);
        assert!(p.told.is_none(), "not within the first second");
    }

    struct Closed;
    impl Write for Closed {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            Err(ErrorKind::BrokenPipe.into())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_reader_that_left_is_141_and_no_message() {
        let mut out = Gated::new(Closed);
        let done = write!(out, "no newline yet").map(|()| 0);
        assert_eq!(code(done, &mut out), 141);
        let done = writeln!(out).map(|()| 0);
        assert_eq!(code(done, &mut out), 141);
    }
}
