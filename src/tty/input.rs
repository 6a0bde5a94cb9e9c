//! Reads the terminal and the signals that concern it, one thread each, and hands out what they mean.
//!
//! Our own reader, because the stock one spins on a terminal that is gone (terminal-and-safety 2.1). A hang-up ends
//! the reading; signals are still heard after it. What a key does is nobody's business here.

use std::io::{self, ErrorKind, PipeReader, PipeWriter};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::oneshot;

use super::decode::{Decoder, Event};
use super::device::Device;
use super::keys::Mouse;
use super::now_ms;
use crate::core::key::Key;

/// While the shell has the terminal, so often it is asked whether that is still so.
const BACKGROUND: Duration = Duration::from_millis(100);

/// Why the program is told to end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    Hup,
    Int,
    Quit,
    Term,
}

impl Ending {
    /// 128 + the signal's number, as a shell would report it.
    pub fn exit_code(self) -> u8 {
        match self {
            Ending::Hup => 129,
            Ending::Int => 130,
            Ending::Quit => 131,
            Ending::Term => 143,
        }
    }
}

/// What the terminal had to say; `at` is the person time (CLOCK_BOOTTIME ms) at which it was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Input {
    Key {
        key: Key,
        at: i64,
    },
    Paste {
        text: String,
        at: i64,
    },
    /// Only with [`start_with`] and its mouse.
    Mouse {
        what: Mouse,
        at: i64,
    },
    Resize {
        cols: u16,
        rows: u16,
        at: i64,
    },
    /// Hung up. The device is already marked: nothing is written to it any more. Comes once. Exit code 129.
    Gone {
        at: i64,
    },
    /// A signal asks for the end; in-flight outcomes may still be written.
    End(Ending),
    /// SIGTSTP from outside: answer with `Guard::suspend`, as for Ctrl-Z.
    Stop,
    /// Running again after a stop of any kind: answer with `Guard::resume` and `Output::repaint`.
    Continued,
}

/// The running reader. Dropping it ends its threads.
#[derive(Debug)]
pub struct Reader {
    _signals: oneshot::Sender<()>,
    /// Closing it wakes the thread that waits for bytes.
    _bytes: PipeWriter,
}

/// Starts reading. `ssh`: SSH_CONNECTION is set, so half sequences get more time. `sink` is called on the reader's
/// threads, one call at a time, and should only put the input in a queue.
///
/// From here on TERM, INT, HUP, QUIT, TSTP, CONT and WINCH no longer have their default effect on this process.
///
/// # Errors
/// A thread, the runtime for the signals or a signal handler cannot be made.
pub fn start(device: &Arc<Device>, ssh: bool, sink: impl FnMut(Input) + Send + 'static) -> io::Result<Reader> {
    start_with(device, Decoder::new(ssh), sink)
}

/// As [`start`], with a decoder that may listen to more than keys.
///
/// # Errors
/// As [`start`].
pub fn start_with(
    device: &Arc<Device>,
    decoder: Decoder,
    sink: impl FnMut(Input) + Send + 'static,
) -> io::Result<Reader> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let signals = {
        let _inside = runtime.enter();
        Signals::listen()?
    };
    let shared = Arc::new(Shared {
        device: Arc::clone(device),
        forget: AtomicBool::new(false),
        told: AtomicBool::new(false),
        out: Mutex::new(Out { sink, size: device.size() }),
    });
    let (closed, wake) = io::pipe()?;
    let reading = Arc::clone(&shared);
    std::thread::Builder::new().name("andon-input".into()).spawn(move || reading.read(decoder, &closed))?;
    let (stop, stopped) = oneshot::channel();
    std::thread::Builder::new()
        .name("andon-signals".into())
        .spawn(move || runtime.block_on(shared.hear(signals, stopped)))?;
    Ok(Reader { _signals: stop, _bytes: wake })
}

struct Signals {
    winch: Signal,
    term: Signal,
    int: Signal,
    hup: Signal,
    quit: Signal,
    tstp: Signal,
    cont: Signal,
}

impl Signals {
    fn listen() -> io::Result<Signals> {
        let raw = |s: rustix::process::Signal| signal(SignalKind::from_raw(s.as_raw()));
        Ok(Signals {
            winch: signal(SignalKind::window_change())?,
            term: signal(SignalKind::terminate())?,
            int: signal(SignalKind::interrupt())?,
            hup: signal(SignalKind::hangup())?,
            quit: signal(SignalKind::quit())?,
            tstp: raw(rustix::process::Signal::TSTP)?,
            cont: raw(rustix::process::Signal::CONT)?,
        })
    }
}

struct Shared<F> {
    device: Arc<Device>,
    /// The decoder shall forget what is half read: the terminal was somebody else's meanwhile.
    forget: AtomicBool,
    /// That the terminal is gone has been said.
    told: AtomicBool,
    out: Mutex<Out<F>>,
}

struct Out<F> {
    sink: F,
    size: (u16, u16),
}

impl<F: FnMut(Input)> Shared<F> {
    /// The thread of bytes.
    fn read(&self, mut decoder: Decoder, closed: &PipeReader) {
        let mut found = Vec::new();
        let mut buf = [0; 4096];
        loop {
            let wait = decoder.deadline().map(|at| {
                let ms = (at - now_ms()).max(0);
                Timespec { tv_sec: ms / 1_000, tv_nsec: ms % 1_000 * 1_000_000 }
            });
            let mut fds = [
                PollFd::new(&*self.device, PollFlags::IN),
                PollFd::new(closed, PollFlags::IN),
                PollFd::new(self.device.lost(), PollFlags::IN),
            ];
            let ready = match poll(&mut fds, wait.as_ref()) {
                Ok(n) => n > 0,
                Err(Errno::INTR) => continue,
                Err(_) => return self.gone(),
            };
            if !fds[1].revents().is_empty() {
                return;
            }
            // A write found out first.
            if !fds[2].revents().is_empty() {
                return self.gone();
            }
            // What is typed now is the shell's; reading it would stop us.
            if ready && (self.device.is_lent() || !self.device.foreground()) {
                std::thread::sleep(BACKGROUND);
                continue;
            }
            if self.forget.swap(false, Ordering::SeqCst) {
                decoder.reset();
            }
            let now = now_ms();
            if ready {
                // Bytes before the timer: a sequence that is already here is no lone ESC.
                match self.device.read(&mut buf) {
                    Ok(0) => return self.gone(),
                    Ok(n) => decoder.feed(&buf[..n], now, &mut found),
                    Err(e) if matches!(e.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted) => {}
                    Err(_) => return self.gone(),
                }
            } else {
                decoder.timeout(now, &mut found);
            }
            for event in found.drain(..) {
                self.send(match event {
                    Event::Key(key) => Input::Key { key, at: now },
                    Event::Paste(text) => Input::Paste { text, at: now },
                    Event::Mouse(what) => Input::Mouse { what, at: now },
                });
            }
        }
    }

    /// The thread of signals.
    async fn hear(&self, mut signals: Signals, mut stopped: oneshot::Receiver<()>) {
        let mut background = false;
        loop {
            tokio::select! {
                // In this order: a shell that ends a stopped job sends TERM and CONT, and the end must come first.
                biased;
                _ = &mut stopped => return,
                _ = signals.hup.recv() => self.ended(Ending::Hup),
                _ = signals.term.recv() => self.ended(Ending::Term),
                // Typed for the program that has the terminal just now, these are its own.
                _ = signals.int.recv() => if !self.device.is_lent() { self.ended(Ending::Int) },
                _ = signals.quit.recv() => if !self.device.is_lent() { self.ended(Ending::Quit) },
                _ = signals.tstp.recv() => if !self.device.is_lent() { self.send(Input::Stop) },
                _ = signals.cont.recv() => background = self.continued(),
                _ = signals.winch.recv() => self.resized(),
                // `fg` tells a job that runs nothing of its new place.
                () = tokio::time::sleep(BACKGROUND), if background => {
                    if self.device.foreground() {
                        background = self.continued();
                    }
                }
            }
        }
    }

    fn send(&self, input: Input) {
        (self.out.lock().unwrap_or_else(PoisonError::into_inner).sink)(input);
    }

    fn resized(&self) {
        let (cols, rows) = self.device.size();
        let mut out = self.out.lock().unwrap_or_else(PoisonError::into_inner);
        if (cols, rows) != out.size {
            out.size = (cols, rows);
            (out.sink)(Input::Resize { cols, rows, at: now_ms() });
        }
    }

    /// True while the shell keeps the terminal (`bg`).
    fn continued(&self) -> bool {
        // The kernel sends CONT after HUP when a terminal goes, so that stopped programs hear of it.
        if self.device.hung_up() {
            self.gone();
            return false;
        }
        let background = !self.device.foreground();
        self.forget.store(true, Ordering::SeqCst);
        self.send(Input::Continued);
        self.resized();
        background
    }

    /// SIGHUP also comes when the terminal is alive and somebody typed `kill -HUP`; then it may be restored.
    fn ended(&self, ending: Ending) {
        if ending == Ending::Hup && self.device.hung_up() {
            self.gone();
        } else {
            self.send(Input::End(ending));
        }
    }

    fn gone(&self) {
        self.device.set_gone();
        if !self.told.swap(true, Ordering::SeqCst) {
            self.send(Input::Gone { at: now_ms() });
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};

    use super::*;
    use crate::core::key::Code;
    use crate::tty::device::{State, pair};

    fn reading(device: &Arc<Device>) -> (Reader, Receiver<Input>) {
        let (tx, rx) = channel();
        let reader = start(device, false, move |i| {
            let _ = tx.send(i);
        });
        (reader.unwrap(), rx)
    }

    fn next(rx: &Receiver<Input>) -> Input {
        rx.recv_timeout(Duration::from_secs(60)).unwrap()
    }

    #[test]
    fn keys_carry_the_time_at_which_they_were_read() {
        let (device, master) = pair();
        let (_reader, rx) = reading(&device);
        let before = now_ms();
        rustix::io::write(&master, b"a").unwrap();
        match next(&rx) {
            Input::Key { key, at } => {
                assert_eq!(key, Key::char('a'));
                assert!(at >= before && at <= now_ms());
            }
            other => panic!("{other:?}"),
        }
        // No second byte is needed to know a lone ESC.
        rustix::io::write(&master, b"\x1b").unwrap();
        assert!(matches!(next(&rx), Input::Key { key: Key { code: Code::Esc, .. }, .. }));
        rustix::io::write(&master, b"\x1b[200~x\ny\x1b[201~").unwrap();
        assert!(matches!(next(&rx), Input::Paste { text, .. } if text == "x\ny"));
    }

    #[test]
    fn a_write_that_failed_is_told_as_gone_once() {
        let (device, master) = pair();
        let (_reader, rx) = reading(&device);
        rustix::io::write(&master, b"q").unwrap();
        next(&rx);
        device.set_gone();
        assert!(matches!(next(&rx), Input::Gone { .. }));
        drop(master);
        assert_eq!(rx.recv_timeout(Duration::from_millis(100)), Err(RecvTimeoutError::Timeout));
    }

    #[test]
    fn a_terminal_that_closes_is_gone_once_and_nothing_more_is_heard_of_it() {
        let (device, master) = pair();
        let (reader, rx) = reading(&device);
        rustix::io::write(&master, b"q").unwrap();
        next(&rx);
        drop(master);
        assert!(matches!(next(&rx), Input::Gone { .. }));
        assert_eq!(device.state(), State::Gone);
        assert_eq!(rx.recv_timeout(Duration::from_millis(100)), Err(RecvTimeoutError::Timeout), "no spinning");
        drop(reader);
        assert_eq!(rx.recv_timeout(Duration::from_secs(60)), Err(RecvTimeoutError::Disconnected), "its threads ended");
    }
}
