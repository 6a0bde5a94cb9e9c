//! Where the commands without a screen write: data to stdout, messages to stderr. Both pass the gate here, whatever the
//! command already did, so that no command can forget it. Nothing else in the crate may print (`tests/it/gate.rs`).

use crate::core::shown::{shown_line, shown_text};
use crate::journal::record::ascii;
use serde::Serialize;
use std::fs::File;
use std::io::{self, ErrorKind, Write};
use std::os::fd::AsFd as _;

/// The longest line, in bytes: more is cut and says so. JSON lines stay far below.
const LINE: usize = 4 << 20;

/// A writer that lets nothing through that could steer a terminal. Whole lines go through the gate; a line that is
/// already clean passes untouched, byte for byte, tabs apart. What has no newline yet waits for `flush`.
pub struct Gated<W: Write> {
    to: W,
    line: Vec<u8>,
}

impl<W: Write> Gated<W> {
    pub fn new(to: W) -> Gated<W> {
        Gated { to, line: Vec::new() }
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
                    self.pass(b"\n")?;
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

/// Stdout behind the gate through a descriptor of its own, for a thread that writes while somebody holds the lock.
///
/// # Errors
/// There is no stdout, or no descriptor is left.
pub fn own_stdout() -> io::Result<Gated<File>> {
    let fd = io::stdout().as_fd().try_clone_to_owned()?;
    Ok(Gated::new(File::from(fd)))
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

/// A line on stderr that the next one takes the place of; an empty one takes it away. For terminals only.
pub fn progress(what: &str) {
    let line = shown_line(what, 70);
    let _ = write!(io::stderr(), "\r{:<72}\r{}", "", line);
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
    fn a_gated_line_passes_a_second_time_unchanged() {
        let once = through(&["x\u{202e}\u{1b}[0m\te\u{301}\u{301}\u{301}\u{301}\u{301}\n".as_bytes()]);
        assert_eq!(through(&[once.as_bytes()]), once);
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
