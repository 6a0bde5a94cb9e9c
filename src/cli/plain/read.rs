//! Lines in from standard input and the signals that end or stop a session, one thread each. What a line means is not
//! known here. The terminal's modes are not touched: its own line editing and echo are what the person is used to.

use crate::core::msg::Msg;
use crate::core::plain::grammar::LINE_MOST;
use crate::core::time::Person;
use crate::engine::inbox::{FromTerminal, Inbox};
use crate::journal::redact;
use crate::tty::{Ending, now_ms};
use std::io::{self, ErrorKind, Read};
use std::time::Duration;
use tokio::signal::unix::{SignalKind, signal};

/// Bytes kept of one line: more than [`LINE_MOST`] characters can need, so that a longer one is seen to be longer.
const KEEP: usize = LINE_MOST * 4 + 4;
/// Lines that may wait for the loop before no more is read.
const AHEAD: usize = 64;

/// Starts both threads; they live as long as the process.
///
/// # Errors
/// A thread, a runtime or a signal handler cannot be made.
pub(super) fn start(inbox: &Inbox) -> io::Result<()> {
    signals(inbox.clone())?;
    let inbox = inbox.clone();
    std::thread::Builder::new().name("andon-lines-in".into()).spawn(move || read(io::stdin(), &inbox))?;
    Ok(())
}

fn read(mut from: impl Read, inbox: &Inbox) {
    let mut cut = Cut::default();
    let mut bytes = [0u8; 4096];
    let line = |l: String| {
        // A person never gets here; a pipe waits for the loop.
        while inbox.terminal_waiting() > AHEAD {
            std::thread::sleep(Duration::from_millis(5));
        }
        // Before a message exists: the tape holds every one whole.
        let l = redact::text(&l).into_owned();
        inbox.terminal(FromTerminal::Msg(Msg::Line(l), Person(now_ms())));
    };
    loop {
        match from.read(&mut bytes) {
            Ok(0) => break,
            Ok(n) => cut.feed(&bytes[..n], line),
            Err(e) if e.kind() == ErrorKind::Interrupted => {}
            // A terminal that hung up.
            Err(_) => break,
        }
    }
    // What stands behind the last line end was cut off: nobody knows how it would have gone on.
    inbox.terminal(FromTerminal::Msg(Msg::LinesEnded, Person(now_ms())));
}

/// Bytes to lines, bounded. Bytes that are no UTF-8 become U+FFFD.
#[derive(Default)]
struct Cut {
    kept: Vec<u8>,
}

impl Cut {
    fn feed(&mut self, bytes: &[u8], mut line: impl FnMut(String)) {
        for b in bytes {
            if *b == b'\n' {
                line(String::from_utf8_lossy(&self.kept).into_owned());
                self.kept.clear();
            } else if self.kept.len() <= KEEP {
                self.kept.push(*b);
            }
        }
    }
}

fn signals(inbox: Inbox) -> io::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build()?;
    let (mut term, mut int, mut hup, mut quit, mut stop) = {
        let _inside = runtime.enter();
        (
            signal(SignalKind::terminate())?,
            signal(SignalKind::interrupt())?,
            signal(SignalKind::hangup())?,
            signal(SignalKind::quit())?,
            signal(SignalKind::from_raw(rustix::process::Signal::TSTP.as_raw()))?,
        )
    };
    std::thread::Builder::new().name("andon-signals".into()).spawn(move || {
        runtime.block_on(async {
            loop {
                let end = tokio::select! {
                    _ = term.recv() => Ending::Term,
                    _ = int.recv() => Ending::Int,
                    _ = hup.recv() => Ending::Hup,
                    _ = quit.recv() => Ending::Quit,
                    _ = stop.recv() => {
                        inbox.terminal(FromTerminal::Stop);
                        continue;
                    }
                };
                inbox.terminal(FromTerminal::End(end.exit_code()));
            }
        });
    })?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cut(parts: &[&[u8]]) -> Vec<String> {
        let (mut cut, mut out) = (Cut::default(), Vec::new());
        for p in parts {
            cut.feed(p, |l| out.push(l));
        }
        out
    }

    #[test]
    fn lines_are_the_same_however_they_arrive() {
        let whole = b"status\nact hold caf\xc3\xa9\r\n\nlast";
        let want = ["status", "act hold caf\u{e9}\r", ""];
        assert_eq!(cut(&[whole]), want);
        for at in 0..whole.len() {
            assert_eq!(cut(&[&whole[..at], &whole[at..]]), want, "{at}");
        }
        assert_eq!(cut(&[b"\xff\n"]), ["\u{fffd}"]);
    }

    #[test]
    fn a_line_without_end_is_bounded_and_seen_to_be_too_long() {
        let mut c = Cut::default();
        for _ in 0..1_000 {
            c.feed(&[b'x'; 4096], |_| panic!("no line has ended"));
        }
        assert!(c.kept.len() <= KEEP + 1);
        c.feed(b"\n", |l| assert!(l.chars().count() > LINE_MOST));
    }

    #[test]
    fn the_end_of_input_is_told_once_and_a_cut_line_is_not_taken() {
        let inbox = Inbox::default();
        read(&b"status\nact roll-ba"[..], &inbox);
        assert!(matches!(inbox.take_terminal(), Some(FromTerminal::Msg(Msg::Line(l), _)) if l == "status"));
        assert!(matches!(inbox.take_terminal(), Some(FromTerminal::Msg(Msg::LinesEnded, _))));
        assert!(inbox.take_terminal().is_none());
    }
}
