//! Owns the terminal's modes: sets them, and puts them back in reverse, once, however the program ends.
//!
//! Law: terminal-and-safety 5.1 to 5.4. Restoring has 200 ms even when the terminal does not read, and a terminal
//! that hung up gets nothing. Frames are not drawn here.

use std::io::{self, Write as _};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};

use crate::core::shown::{LINE_MAX, shown_line};

use super::device::{Device, State, Stopped, try_lock_until};

/// Alternate screen, bracketed paste, cursor hidden.
const SET: &[u8] = b"\x1b[?1049h\x1b[?2004h\x1b[?25l";
/// The reverse, and what a stranger may have left on: sync off, paste, focus, the mouse, cursor shown, plain
/// attributes, main screen. CAN first ends a sequence that was cut in the middle.
const UNSET: &[u8] =
    b"\x18\x1b[?2026l\x1b[?2004l\x1b[?1004l\x1b[?1006l\x1b[?1003l\x1b[?1002l\x1b[?1000l\x1b[?25h\x1b[0m\x1b[?1049l";
/// Clicks and the wheel, in the form that has no limit of columns; only where a person asked for it. [`UNSET`] ends it.
const MOUSE: &[u8] = b"\x1b[?1000h\x1b[?1006h";
/// The window's title is kept aside, and comes back; a terminal that cannot keep it gets an empty one.
const KEEP_TITLE: &[u8] = b"\x1b[22;0t";
const TITLE_BACK: &[u8] = b"\x1b]2;\x1b\\\x1b[23;0t";
const RESTORE: Duration = Duration::from_millis(200);
/// After this long without room, unsent frames are thrown away to make room for [`UNSET`].
const PATIENCE: Duration = Duration::from_millis(120);

/// The terminal to be restored, and whether there is something to restore. Static for the panic hook.
static HELD: Mutex<Option<Arc<Device>>> = Mutex::new(None);
/// The title is ours and has to be given back.
static TITLED: AtomicBool = AtomicBool::new(false);

/// What is set beside the screen, each only on a person's wish.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Extra {
    pub mouse: bool,
    pub title: bool,
}

/// The owner of the terminal. Dropping it restores.
#[derive(Debug)]
pub struct Guard {
    device: Arc<Device>,
    extra: Extra,
}

impl Guard {
    /// Raw mode, alternate screen, bracketed paste, hidden cursor. One at a time: a second one replaces the first.
    ///
    /// # Errors
    /// Raw mode is refused, or the terminal does not take the bytes within a second; nothing stays set then.
    pub fn enter(device: &Arc<Device>) -> io::Result<Guard> {
        Guard::enter_with(device, Extra::default())
    }

    /// As [`enter`](Self::enter), and what a person asked for besides.
    ///
    /// # Errors
    /// As [`enter`](Self::enter).
    pub fn enter_with(device: &Arc<Device>, extra: Extra) -> io::Result<Guard> {
        let guard = Guard { device: Arc::clone(device), extra };
        guard.set()?;
        Ok(guard)
    }

    /// Gives the terminal back and stops this process, as Ctrl-Z does. Returns at once on either side of the stop;
    /// what comes after it is announced as [`Input::Continued`](super::Input), which calls for [`resume`](Self::resume).
    /// Until then nothing is drawn.
    pub fn suspend(&self) {
        restore_now();
        let _ = rustix::process::kill_process(rustix::process::getpid(), rustix::process::Signal::STOP);
    }

    /// Takes the terminal again after a stop, also one that nobody could foresee (SIGSTOP). The caller then asks
    /// [`Output::repaint`](super::Output::repaint) for the whole screen.
    ///
    /// # Errors
    /// As [`enter`](Self::enter); when the terminal went meanwhile, [`Input::Gone`](super::Input) follows.
    pub fn resume(&self) -> io::Result<()> {
        // The shell may have changed the modes under a raw mode that crossterm believes to be on.
        let _ = crossterm::terminal::disable_raw_mode();
        self.set()
    }

    /// Puts everything back, once; later calls and the drop do nothing.
    pub fn restore(&self) {
        restore_now();
    }

    fn set(&self) -> io::Result<()> {
        *HELD.lock().unwrap_or_else(std::sync::PoisonError::into_inner) = Some(Arc::clone(&self.device));
        if self.device.state() == State::Gone {
            return Err(io::ErrorKind::BrokenPipe.into());
        }
        // A frame on its way to a terminal that does not read would keep the pen.
        self.device.go_idle();
        let set = crossterm::terminal::enable_raw_mode().and_then(|()| {
            let end = Instant::now() + Duration::from_secs(1);
            let _pen = self.device.pen();
            let mut bytes = SET.to_vec();
            bytes.extend_from_slice(if self.extra.mouse { MOUSE } else { b"" });
            bytes.extend_from_slice(if self.extra.title { KEEP_TITLE } else { b"" });
            TITLED.store(self.extra.title, Ordering::SeqCst);
            self.device.write_all(&bytes, || Instant::now() < end).map_err(|stopped| match stopped {
                Stopped::Told => io::ErrorKind::TimedOut.into(),
                Stopped::Gone => io::ErrorKind::BrokenPipe.into(),
            })
        });
        match set {
            Ok(()) => self.device.go_live(),
            Err(_) => restore_now(),
        }
        set
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        restore_now();
    }
}

/// Restores whatever terminal is held; nothing if none is, or it was done. For the panic hook and the ends of `main`.
/// Takes at most about 200 ms and never panics.
pub fn restore_now() {
    let end = Instant::now() + RESTORE;
    // Held to the end, so that a second caller leaves no sooner than the work is done (or its own time is up).
    let Some(mut held) = try_lock_until(&HELD, end) else {
        return;
    };
    let Some(device) = held.take() else { return };
    device.go_idle();
    if device.state() == State::Gone || device.hung_up() {
        device.set_gone();
        return;
    }
    // A frame on its way stops between two writes now that the device is idle. Should the writer not let go, or be
    // this very thread in a panic, its bytes are worth less than the shell's screen.
    let _pen = device.pen_until(end.min(Instant::now() + PATIENCE));
    let soon = end - (RESTORE - PATIENCE);
    let title: &[u8] = if TITLED.swap(false, Ordering::SeqCst) { TITLE_BACK } else { b"" };
    let unset = [UNSET, title].concat();
    if device.write_all(&unset, || Instant::now() < soon) == Err(Stopped::Told) {
        device.drop_unsent();
        let _ = device.write_all(&unset, || Instant::now() < end);
    }
    let _ = crossterm::terminal::disable_raw_mode();
}

/// Makes every panic, of any thread, restore the terminal, print one line and end the process with SIGABRT, in the
/// release profile's manner in every profile: a console that lost a thread must not draw on.
///
/// `report` gets the panic's text (gated, one line), may write it down, and returns the place to be named.
pub fn install_panic_hook(report: impl Fn(&str) -> Option<String> + Send + Sync + 'static) {
    std::panic::set_hook(Box::new(move |info| {
        restore_now();
        let payload = info.payload();
        let what = payload
            .downcast_ref::<&str>()
            .copied()
            .or_else(|| payload.downcast_ref::<String>().map(String::as_str))
            .unwrap_or("a panic without words");
        let place = info.location().map(|l| format!(" at {}:{}", l.file(), l.line())).unwrap_or_default();
        let text = visible(&format!("{what}{place}"));
        let named = match report(&text) {
            Some(path) => format!("report: {}", visible(&path)),
            None => "no report could be written".to_owned(),
        };
        say(&format!("andon: internal error: {text}; {named}\n"));
        std::process::abort();
    }));
}

/// One line to stderr, unless that terminal does not read: then silence is better than hanging in a hook.
fn say(line: &str) {
    let stderr = rustix::stdio::stderr();
    let mut fds = [PollFd::new(&stderr, PollFlags::OUT)];
    let limit = Timespec { tv_sec: 0, tv_nsec: 200_000_000 };
    if poll(&mut fds, Some(&limit)).is_ok() && fds[0].revents().contains(PollFlags::OUT) {
        let _ = io::stderr().write_all(line.as_bytes());
    }
}

/// Foreign text as one line that a terminal only prints, through the one gate; a carriage return at its end is no text.
pub fn visible(text: &str) -> String {
    shown_line(text.trim_end_matches('\r'), LINE_MAX).into_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tty::device::pair;

    #[test]
    fn what_a_panic_says_cannot_steer_the_terminal() {
        let line = visible("bad \x1b]52;c;aGk=\x07 \u{9b}31m\u{202e}\nnext\r");
        assert_eq!(line, "bad ^[]52;c;aGk=^G \\x9b31m<U+202E> / next");
        assert!(visible(&"x".repeat(5_000)).len() < 2_100);
    }

    #[test]
    fn every_mode_that_is_set_is_unset() {
        let (set, unset) = (String::from_utf8_lossy(SET), String::from_utf8_lossy(UNSET));
        for mode in ["1049", "2004"] {
            assert!(set.contains(&format!("?{mode}h")) && unset.contains(&format!("?{mode}l")));
        }
        let mouse = String::from_utf8_lossy(MOUSE);
        for mode in ["1000", "1006"] {
            assert!(mouse.contains(&format!("?{mode}h")) && unset.contains(&format!("?{mode}l")));
        }
        assert!(set.contains("?25l") && unset.contains("?25h"));
        assert!(unset.ends_with("?1049l"), "attributes and cursor go first, the screen last");
    }

    #[test]
    fn restoring_a_stalled_terminal_takes_200_ms_at_most_and_still_arrives() {
        let (device, master) = pair();
        let end = Instant::now() + Duration::from_millis(50);
        let _ = device.write_all(&vec![b'x'; 1 << 20], || Instant::now() < end);
        *HELD.lock().unwrap() = Some(Arc::clone(&device));
        let began = Instant::now();
        restore_now();
        assert!(began.elapsed() < Duration::from_millis(400), "{:?}", began.elapsed());
        let mut seen = Vec::new();
        let mut buf = [0; 4096];
        while !seen.ends_with(b"?1049l") {
            let n = rustix::io::read(&master, &mut buf).unwrap();
            assert!(n > 0);
            seen.extend_from_slice(&buf[..n]);
        }
        restore_now();
    }
}
