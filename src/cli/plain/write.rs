//! Lines out, on a thread of their own: a reader that stands still blocks nobody. What waits is bounded and what is lost
//! is counted. A dialog is reported as shown only when every line given so far has been written.

use crate::engine::inbox::{FromTerminal, Inbox};
use std::collections::VecDeque;
use std::io::{self, ErrorKind, Write};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// Bytes that may wait for a reader.
const WAITING: usize = 1 << 20;
/// How long the last lines may take at the end. A test's machine may stand still for as long.
const LAST: Duration = Duration::from_secs(if cfg!(test) { 20 } else { 1 });

#[derive(Default)]
struct Queue {
    lines: VecDeque<String>,
    bytes: usize,
    /// Lines that found no room.
    lost: u64,
    /// A dialog to be reported when all lines before it are out.
    mark: Option<u64>,
    /// Lines were taken and are not out yet.
    writing: bool,
    closed: bool,
    done: bool,
    /// Writing failed; nothing more is tried.
    gone: bool,
}

type Shared = Arc<(Mutex<Queue>, Condvar)>;

/// The only writer of standard output while lines are the front.
pub(super) struct Writer(Shared);

fn lock(shared: &Shared) -> MutexGuard<'_, Queue> {
    shared.0.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Writer {
    /// # Errors
    /// No thread can be made.
    pub(super) fn start(out: impl Write + Send + 'static, inbox: Inbox) -> io::Result<Writer> {
        let shared = Shared::default();
        let theirs = shared.clone();
        std::thread::Builder::new().name("andon-lines".into()).spawn(move || write(&theirs, out, &inbox))?;
        Ok(Writer(shared))
    }

    pub(super) fn line(&self, line: String) {
        let mut q = lock(&self.0);
        if q.gone {
            return;
        }
        if q.bytes + line.len() > WAITING {
            q.lost += 1;
        } else {
            q.bytes += line.len();
            q.lines.push_back(line);
        }
        // What was to be reported as shown has this line before it now.
        q.mark = None;
        self.0.1.notify_all();
    }

    /// `Msg::Flushed` with this number follows, unless another line comes first.
    pub(super) fn mark(&self, dialog: u64) {
        lock(&self.0).mark = Some(dialog);
        self.0.1.notify_all();
    }

    /// Waits until what waits is written, at most so long.
    pub(super) fn drain(&self, at_most: Duration) {
        let end = Instant::now() + at_most;
        let mut q = lock(&self.0);
        while !q.gone && (!q.lines.is_empty() || q.writing) {
            let left = end.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return;
            }
            q = self.0.1.wait_timeout(q, left).unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// Writes what waits, for a second at most. False when nobody reads.
    pub(super) fn close(&self) -> bool {
        let end = Instant::now() + LAST;
        let mut q = lock(&self.0);
        q.closed = true;
        self.0.1.notify_all();
        while !q.done {
            let left = end.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return false;
            }
            q = self.0.1.wait_timeout(q, left).unwrap_or_else(PoisonError::into_inner).0;
        }
        !q.gone
    }
}

fn write(shared: &Shared, mut out: impl Write, inbox: &Inbox) {
    let mut q = lock(shared);
    // Of the last write: what a slow line still has to carry.
    let mut bytes = 0;
    loop {
        while q.lines.is_empty() && q.lost == 0 && q.mark.is_none() && !q.closed {
            q = shared.1.wait(q).unwrap_or_else(PoisonError::into_inner);
        }
        if q.lines.is_empty() && q.lost == 0 {
            if let Some(tag) = q.mark.take() {
                inbox.terminal(FromTerminal::Flushed(tag, bytes));
                continue;
            }
            q.done = true;
            shared.1.notify_all();
            return;
        }
        let mut text: String = q.lines.drain(..).flat_map(|l| [l, "\n".to_owned()]).collect();
        q.bytes = 0;
        let lost = std::mem::take(&mut q.lost);
        if lost > 0 {
            text.push_str(&format!("{lost} lines were left out: they came faster than they were read. Type status.\n"));
        }
        bytes = text.len() as u64;
        q.writing = true;
        drop(q);
        let wrote = out.write_all(text.as_bytes()).and_then(|()| out.flush());
        q = lock(shared);
        q.writing = false;
        shared.1.notify_all();
        if let Err(e) = wrote {
            q.gone = true;
            q.done = true;
            q.lines.clear();
            shared.1.notify_all();
            // A closed pipe ends quietly with 141; anything else is a terminal that went.
            let code = if e.kind() == ErrorKind::BrokenPipe { 141 } else { 129 };
            inbox.terminal(FromTerminal::End(code));
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc::{Receiver, Sender, channel};

    /// Takes a write only when it is let.
    struct Slow(Receiver<()>, Arc<Mutex<Vec<u8>>>);

    impl Write for Slow {
        fn write(&mut self, b: &[u8]) -> io::Result<usize> {
            self.0.recv().map_err(|_| io::Error::from(ErrorKind::BrokenPipe))?;
            self.1.lock().unwrap().extend_from_slice(b);
            Ok(b.len())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn slow() -> (Writer, Sender<()>, Arc<Mutex<Vec<u8>>>, Inbox) {
        let (let_go, gate) = channel();
        let (seen, inbox) = (Arc::default(), Inbox::default());
        let writer = Writer::start(Slow(gate, Arc::clone(&seen)), inbox.clone()).unwrap();
        (writer, let_go, seen, inbox)
    }

    fn next(inbox: &Inbox) -> FromTerminal {
        loop {
            if let Some(from) = inbox.take_terminal() {
                return from;
            }
            inbox.wait(Duration::from_millis(20));
        }
    }

    #[test]
    fn a_dialog_is_shown_when_every_line_before_is_written() {
        let (w, let_go, seen, inbox) = slow();
        w.line("one".into());
        w.mark(7);
        w.line("two".into());
        assert!(inbox.take_terminal().is_none());
        w.mark(8);
        let_go.send(()).unwrap();
        let_go.send(()).unwrap();
        // 7 had a line before it that was not out: only 8 is told.
        assert!(matches!(next(&inbox), FromTerminal::Flushed(8, ..)));
        assert_eq!(*seen.lock().unwrap(), b"one\ntwo\n");
        assert!(w.close());
        assert!(inbox.take_terminal().is_none());
    }

    #[test]
    fn a_reader_that_stands_still_costs_bounded_room_and_hears_how_much_it_missed() {
        let (w, let_go, seen, _inbox) = slow();
        let line = "x".repeat(1_000);
        for _ in 0..3_000 {
            w.line(line.clone());
        }
        assert!(lock(&w.0).bytes <= WAITING);
        for _ in 0..3 {
            let_go.send(()).unwrap();
        }
        assert!(w.close());
        let text = String::from_utf8(seen.lock().unwrap().clone()).unwrap();
        assert!(text.contains(" lines were left out"));
    }

    #[test]
    fn a_closed_pipe_ends_with_141() {
        let (w, let_go, _, inbox) = slow();
        drop(let_go);
        w.line("one".into());
        assert!(matches!(next(&inbox), FromTerminal::End(141)));
        assert!(!w.close());
    }
}
