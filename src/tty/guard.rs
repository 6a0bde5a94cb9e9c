//! Owns the terminal's modes: sets them, and puts them back in reverse, once, however the program ends.
//!
//! Law: terminal-and-safety 5.1 to 5.4. Restoring has 200 ms even when the terminal does not read, and a terminal
//! that hung up gets nothing. Frames are not drawn here.

use std::cell::Cell;
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
/// Everything any andon may ever have switched on, for `andon reset-terminal` after a kill that nobody could answer.
/// CAN and ST end what was cut in the middle. The cursor is saved first, because leaving an alternate screen that is
/// not on moves it to where it was saved. Then also what is left of a title, of line wrapping, of margins and of
/// another character set.
const EVERYTHING: &[u8] = b"\x18\x1b\\\x1b7\x1b[?2026l\x1b[?2004l\x1b[?1004l\x1b[?1015l\x1b[?1006l\x1b[?1005l\
\x1b[?1003l\x1b[?1002l\x1b[?1000l\x1b[?9l\x1b[?1l\x1b>\x1b[?7h\x1b[r\x1b[?25h\x0f\x1b(B\x1b[0m\x1b8\x1b[?1049l\x1b[0m\x1b[23;0t";
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
        stop();
    }

    /// Gives the terminal to a program that runs in our place, with this gated line above what it says.
    /// [`resume`](Self::resume) takes it back.
    pub fn lend(&self, line: &str) {
        self.device.lend(true);
        restore_now();
        let end = Instant::now() + RESTORE;
        let _ = self.device.write_all(format!("{line}\n").as_bytes(), once_and_until(end));
    }

    /// Takes the terminal again after a stop, also one that nobody could foresee (SIGSTOP). The caller then asks
    /// [`Output::repaint`](super::Output::repaint) for the whole screen. In the background (`bg`) it stays the shell's;
    /// `fg` announces itself once more.
    ///
    /// # Errors
    /// As [`enter`](Self::enter); when the terminal went meanwhile, [`Input::Gone`](super::Input) follows.
    pub fn resume(&self) -> io::Result<()> {
        if !self.device.foreground() {
            return Ok(());
        }
        // The shell may have changed the modes under a raw mode that crossterm believes to be on.
        let _ = crossterm::terminal::disable_raw_mode();
        self.set()?;
        if self.device.is_lent() {
            // Typed ahead for the program, not for us.
            let _ = rustix::termios::tcflush(&*self.device, rustix::termios::QueueSelector::IFlush);
            self.device.lend(false);
        }
        Ok(())
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
            // Still kept after a stop that nobody could foresee: kept twice, what comes back would be our own.
            let kept = TITLED.swap(self.extra.title, Ordering::SeqCst);
            bytes.extend_from_slice(if self.extra.title && !kept { KEEP_TITLE } else { b"" });
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

/// Stops us as Ctrl-Z does; with us whoever started us in the same job (`sudo`, `sh -c`), or the shell would wait for a
/// job that is not stopped. Only below a shell that controls jobs: elsewhere the others are none of ours.
fn stop() {
    use rustix::process::{
        Signal, getpgid, getpgrp, getpid, getppid, getsid, kill_current_process_group, kill_process,
    };
    let group = getpgrp();
    let wrapped = getppid().is_some_and(|parent| getpgid(Some(parent)) == Ok(group)) && getsid(None) != Ok(group);
    let _ = if wrapped { kill_current_process_group(Signal::STOP) } else { kill_process(getpid(), Signal::STOP) };
}

/// Restores whatever terminal is held; nothing if none is, or it was done. For the panic hook and the ends of `main`.
/// Takes at most about 200 ms and never panics.
pub fn restore_now() {
    restore();
}

/// As [`restore_now`]; the terminal, if this call was the one.
fn restore() -> Option<Arc<Device>> {
    let end = Instant::now() + RESTORE;
    // Held to the end, so that a second caller leaves no sooner than the work is done (or its own time is up).
    let mut held = try_lock_until(&HELD, end)?;
    let device = held.take()?;
    device.go_idle();
    if device.state() == State::Gone || device.hung_up() {
        device.set_gone();
        // Not a byte; but where only the writing failed, the modes can still be put back.
        let _ = crossterm::terminal::disable_raw_mode();
        return Some(device);
    }
    // A frame on its way stops between two writes now that the device is idle. Should the writer not let go, or be
    // this very thread in a panic, its bytes are worth less than the shell's screen.
    let _pen = device.pen_until(end.min(Instant::now() + PATIENCE));
    let soon = end - (RESTORE - PATIENCE);
    let title: &[u8] = if TITLED.swap(false, Ordering::SeqCst) { TITLE_BACK } else { b"" };
    let unset = [UNSET, title].concat();
    if device.write_all(&unset, once_and_until(soon)) == Err(Stopped::Told) {
        device.drop_unsent();
        let _ = device.write_all(&unset, once_and_until(end));
    }
    // In the background the modes are the shell's already, and touching them would stop us.
    if device.foreground() {
        let _ = crossterm::terminal::disable_raw_mode();
    }
    Some(Arc::clone(&device))
}

/// Wanted the first time whatever the clock says: a machine that stood still has not tried yet, and a try costs nothing.
fn once_and_until(end: Instant) -> impl Fn() -> bool {
    let first = Cell::new(true);
    move || first.replace(false) || Instant::now() < end
}

/// Puts a terminal back that somebody left behind without a chance to do it: all modes off, and termios as a shell
/// wants them. It has a second; what other terminals' settings do not concern (speed, control keys) stays.
///
/// # Errors
/// The terminal takes neither, or it is not ours just now.
pub fn reset(device: &Device) -> io::Result<()> {
    use rustix::termios::{InputModes, LocalModes, OptionalActions, OutputModes, tcgetattr, tcsetattr};
    if !device.foreground() {
        return Err(io::Error::other("it belongs to another program just now"));
    }
    let mut modes = tcgetattr(device)?;
    modes.input_modes |= InputModes::ICRNL | InputModes::IXON;
    modes.input_modes -= InputModes::INLCR | InputModes::IGNCR | InputModes::ISTRIP;
    modes.output_modes |= OutputModes::OPOST | OutputModes::ONLCR;
    modes.local_modes |= LocalModes::ISIG
        | LocalModes::ICANON
        | LocalModes::IEXTEN
        | LocalModes::ECHO
        | LocalModes::ECHOE
        | LocalModes::ECHOK
        | LocalModes::ECHOCTL
        | LocalModes::ECHOKE;
    modes.local_modes -= LocalModes::ECHONL | LocalModes::NOFLSH;
    let end = Instant::now() + Duration::from_secs(1);
    let written = device.write_all(EVERYTHING, || Instant::now() < end);
    tcsetattr(device, OptionalActions::Now, &modes)?;
    written.map_err(|stopped| match stopped {
        Stopped::Told => io::ErrorKind::TimedOut.into(),
        Stopped::Gone => io::ErrorKind::BrokenPipe.into(),
    })
}

/// Makes every panic, of any thread, restore the terminal, print one line and end the process with SIGABRT, in the
/// release profile's manner in every profile: a console that lost a thread must not draw on.
///
/// `report` gets the panic's text (gated, one line), may write it down, and returns the place to be named.
pub fn install_panic_hook(report: impl Fn(&str) -> Option<String> + Send + Sync + 'static) {
    std::panic::set_hook(Box::new(move |info| {
        let device = restore();
        let payload = info.payload();
        let what = payload
            .downcast_ref::<&str>()
            .copied()
            .or_else(|| payload.downcast_ref::<String>().map(String::as_str))
            .unwrap_or("a panic without words");
        let place = info.location().map(|l| format!(" at {}:{}", l.file(), l.line())).unwrap_or_default();
        let text = visible(&crate::journal::redact::text(&format!("{what}{place}")));
        let named = match report(&text) {
            Some(path) => format!("report: {}", visible(&path)),
            None => "no report could be written".to_owned(),
        };
        last_lines(device.as_deref(), &[format!("andon: internal error: {text}; {named}")]);
        std::process::abort();
    }));
}

/// The last lines after the terminal was given back, to stderr. If that is the terminal they have 200 ms, all of them
/// together, and one that hung up gets nothing: silence is better than hanging on the way out. Gated already, each of them.
pub fn last_lines(terminal: Option<&Device>, lines: &[String]) {
    let end = Instant::now() + RESTORE;
    for line in lines {
        let line = format!("{line}\n");
        let told = match terminal {
            Some(device) if rustix::termios::isatty(rustix::stdio::stderr()) => {
                device.write_all(line.as_bytes(), once_and_until(end)).is_ok()
            }
            Some(_) | None => {
                let stderr = rustix::stdio::stderr();
                let mut fds = [PollFd::new(&stderr, PollFlags::OUT)];
                let left = end.saturating_duration_since(Instant::now());
                let limit = Timespec { tv_sec: 0, tv_nsec: i64::from(left.subsec_nanos()) };
                poll(&mut fds, Some(&limit)).is_ok()
                    && fds[0].revents().contains(PollFlags::OUT)
                    && io::stderr().write_all(line.as_bytes()).is_ok()
            }
        };
        if !told {
            return;
        }
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
    fn a_reset_leaves_off_whatever_may_be_on() {
        let all = String::from_utf8_lossy(EVERYTHING);
        for mode in ["?1049l", "?2004l", "?2026l", "?1004l", "?1000l", "?1002l", "?1003l", "?1006l", "?25h", "[0m"] {
            assert!(all.contains(mode), "{mode}");
        }
        for part in String::from_utf8_lossy(UNSET).split('\x1b').filter(|p| p.starts_with('[')) {
            assert!(all.contains(part), "the guard's own {part}");
        }
    }

    #[test]
    fn what_restores_is_tried_once_though_its_time_is_over() {
        let (device, master) = pair();
        let past = Instant::now();
        assert_eq!(device.write_all(UNSET, || Instant::now() < past), Err(Stopped::Told));
        assert_eq!(device.write_all(UNSET, once_and_until(past)), Ok(()));
        let mut buf = [0; 4096];
        let n = rustix::io::read(&master, &mut buf).unwrap();
        assert_eq!(&buf[..n], UNSET);
        // No room is no reason to go on past its time.
        let much = vec![b'x'; 1 << 20];
        assert_eq!(device.write_all(&much, once_and_until(past)), Err(Stopped::Told));
    }

    #[test]
    fn restoring_a_stalled_terminal_takes_200_ms_at_most_and_still_arrives() {
        let (device, master) = pair();
        let end = Instant::now() + Duration::from_millis(50);
        let _ = device.write_all(&vec![b'x'; 1 << 20], || Instant::now() < end);
        // A machine that stands still does not do so five times.
        let quick = (0..5).any(|_| {
            *HELD.lock().unwrap() = Some(Arc::clone(&device));
            let began = Instant::now();
            restore_now();
            began.elapsed() < Duration::from_millis(400)
        });
        assert!(quick);
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
