//! `/dev/tty` opened anew, non-blocking on our own description, and the one right to write on it.
//!
//! The shell's stdin and stdout keep their blocking mode. Knows bytes and time limits, not what the bytes mean.

use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd, RawFd};
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, TryLockError};
use std::time::{Duration, Instant};

use rustix::event::{EventfdFlags, PollFd, PollFlags, Timespec, eventfd, poll};
use rustix::fs::{Mode, OFlags};
use rustix::io::Errno;

/// Who may write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// Not set up yet, suspended, or given back: only the guard writes.
    Idle,
    /// Ours: frames may be drawn.
    Live,
    /// Hung up: nobody writes again.
    Gone,
}

/// Why a write stopped before its last byte.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stopped {
    /// The caller's time ran out or it no longer wanted to write.
    Told,
    /// The terminal is gone.
    Gone,
}

#[derive(Debug)]
pub struct Device {
    fd: OwnedFd,
    state: AtomicU8,
    /// Counts how often the screen was set up: a drawer that remembers another number knows nothing of the screen.
    epoch: AtomicU32,
    /// A program of ours has it: what is typed is the program's.
    lent: AtomicBool,
    /// Held while the bytes of one frame, or of setting up and restoring, go out.
    pen: Mutex<()>,
    /// Readable once the terminal is gone, so that whoever waits for its bytes hears of a write that failed.
    lost: OwnedFd,
}

impl Device {
    /// Opens the controlling terminal.
    ///
    /// # Errors
    /// There is none (exit code 2), or it cannot be opened.
    pub fn open() -> io::Result<Arc<Device>> {
        let flags = OFlags::RDWR | OFlags::NOCTTY | OFlags::CLOEXEC | OFlags::NONBLOCK;
        Device::holding(rustix::fs::open("/dev/tty", flags, Mode::empty())?)
    }

    /// Any terminal by its descriptor, made non-blocking. For tests.
    ///
    /// # Errors
    /// The descriptor's flags cannot be changed.
    pub fn of(fd: OwnedFd) -> io::Result<Arc<Device>> {
        let flags = rustix::fs::fcntl_getfl(&fd)?;
        rustix::fs::fcntl_setfl(&fd, flags | OFlags::NONBLOCK)?;
        Device::holding(fd)
    }

    fn holding(fd: OwnedFd) -> io::Result<Arc<Device>> {
        let lost = eventfd(0, EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK)?;
        Ok(Arc::new(Device {
            fd,
            state: AtomicU8::new(0),
            epoch: AtomicU32::new(0),
            lent: AtomicBool::new(false),
            pen: Mutex::new(()),
            lost,
        }))
    }

    /// Columns and rows. A terminal that says zero, as serial lines do, counts as 80x24.
    pub fn size(&self) -> (u16, u16) {
        match rustix::termios::tcgetwinsize(&self.fd) {
            Ok(w) if w.ws_col > 0 && w.ws_row > 0 => (w.ws_col, w.ws_row),
            Ok(_) | Err(_) => (80, 24),
        }
    }

    pub fn state(&self) -> State {
        match self.state.load(Ordering::SeqCst) {
            0 => State::Idle,
            1 => State::Live,
            _ => State::Gone,
        }
    }

    pub(super) fn epoch(&self) -> u32 {
        self.epoch.load(Ordering::SeqCst)
    }

    pub(super) fn go_live(&self) {
        self.epoch.fetch_add(1, Ordering::SeqCst);
        // Gone stays gone.
        let _ = self.state.compare_exchange(0, 1, Ordering::SeqCst, Ordering::SeqCst);
    }

    pub(super) fn go_idle(&self) {
        let _ = self.state.compare_exchange(1, 0, Ordering::SeqCst, Ordering::SeqCst);
    }

    /// Until it is taken back, keys and the signals of keys are a program's that we started.
    pub(super) fn lend(&self, lent: bool) {
        self.lent.store(lent, Ordering::SeqCst);
    }
    pub(super) fn is_lent(&self) -> bool {
        self.lent.load(Ordering::SeqCst)
    }
    /// The terminal hung up: not one byte goes to it from now on. True the first time.
    pub fn set_gone(&self) -> bool {
        let first = self.state.swap(2, Ordering::SeqCst) != 2;
        if first {
            // It holds one number; the first write always fits.
            let _ = rustix::io::write(&self.lost, &1_u64.to_ne_bytes());
        }
        first
    }

    /// Becomes readable when the terminal is gone, and stays so.
    pub(super) fn lost(&self) -> &OwnedFd {
        &self.lost
    }

    /// Whether the shell has given us the terminal. In the background a read stops the whole program (SIGTTIN), and so
    /// does a change of modes (SIGTTOU). Where nobody controls jobs, and once the terminal is gone: yes.
    pub(super) fn foreground(&self) -> bool {
        rustix::termios::tcgetpgrp(&self.fd).map_or(true, |group| group == rustix::process::getpgrp())
    }

    /// Whether the other end is closed, asked of the kernel.
    pub fn hung_up(&self) -> bool {
        self.ready(PollFlags::empty(), Duration::ZERO).intersects(PollFlags::HUP | PollFlags::ERR)
    }

    /// Drops what was written and not yet taken by the terminal.
    pub(super) fn drop_unsent(&self) {
        let _ = rustix::termios::tcflush(&self.fd, rustix::termios::QueueSelector::OFlush);
    }

    /// The right to write; poisoned is as good as free, the bytes of a panicking thread are lost anyway.
    pub(super) fn pen(&self) -> MutexGuard<'_, ()> {
        self.pen.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The same within a time; `None` when another thread still writes, or this very thread is the one that does.
    pub(super) fn pen_until(&self, end: Instant) -> Option<MutexGuard<'_, ()>> {
        try_lock_until(&self.pen, end)
    }

    /// Writes all of `bytes`, waiting for room in slices of 25 ms while `wanted` says so.
    ///
    /// # Errors
    /// How it stopped; how much went out before is unknown to the caller.
    pub(super) fn write_all(&self, bytes: &[u8], wanted: impl Fn() -> bool) -> Result<(), Stopped> {
        let mut rest = bytes;
        while !rest.is_empty() {
            if self.state() == State::Gone {
                return Err(Stopped::Gone);
            }
            if !wanted() {
                return Err(Stopped::Told);
            }
            match rustix::io::write(&self.fd, rest) {
                Ok(n) => rest = &rest[n..],
                Err(Errno::INTR) => {}
                Err(Errno::AGAIN) => {
                    self.ready(PollFlags::OUT, Duration::from_millis(25));
                }
                Err(_) => {
                    self.set_gone();
                    return Err(Stopped::Gone);
                }
            }
        }
        Ok(())
    }

    /// One read. `Ok(0)` is the end.
    ///
    /// # Errors
    /// As the kernel says; `WouldBlock` when nothing is there.
    pub(super) fn read(&self, into: &mut [u8]) -> io::Result<usize> {
        Ok(rustix::io::read(&self.fd, into)?)
    }

    fn ready(&self, what: PollFlags, at_most: Duration) -> PollFlags {
        let mut fds = [PollFd::new(&self.fd, what)];
        let limit = Timespec { tv_sec: 0, tv_nsec: i64::from(at_most.subsec_nanos()) };
        match poll(&mut fds, Some(&limit)) {
            Ok(_) => fds[0].revents(),
            Err(_) => PollFlags::empty(),
        }
    }
}

/// Locks `m` within a time, never blocking on a holder that does not let go.
pub(super) fn try_lock_until<T>(m: &Mutex<T>, end: Instant) -> Option<MutexGuard<'_, T>> {
    loop {
        match m.try_lock() {
            Ok(held) => return Some(held),
            Err(TryLockError::Poisoned(held)) => return Some(held.into_inner()),
            Err(TryLockError::WouldBlock) if Instant::now() >= end => return None,
            Err(TryLockError::WouldBlock) => std::thread::sleep(Duration::from_millis(1)),
        }
    }
}

impl AsFd for Device {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.fd.as_fd()
    }
}

impl AsRawFd for Device {
    fn as_raw_fd(&self) -> RawFd {
        self.fd.as_raw_fd()
    }
}

/// A terminal pair for the tests of this folder: our side as a device, the other side to play the person.
#[cfg(test)]
pub(super) fn pair() -> (Arc<Device>, OwnedFd) {
    use rustix::pty::{OpenptFlags, grantpt, ioctl_tiocgptpeer, openpt, unlockpt};
    let flags = OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC;
    let master = openpt(flags).unwrap();
    grantpt(&master).unwrap();
    unlockpt(&master).unwrap();
    let slave = ioctl_tiocgptpeer(&master, flags).unwrap();
    let mut modes = rustix::termios::tcgetattr(&slave).unwrap();
    modes.make_raw();
    rustix::termios::tcsetattr(&slave, rustix::termios::OptionalActions::Now, &modes).unwrap();
    (Device::of(slave).unwrap(), master)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_terminal_that_does_not_read_stops_a_writer_only_as_long_as_it_wants() {
        let (device, _master) = pair();
        let flood = vec![b'x'; 1 << 20];
        // A machine that stands still does not do so five times.
        let soon = (0..5).any(|_| {
            let end = Instant::now() + Duration::from_millis(60);
            assert_eq!(device.write_all(&flood, || Instant::now() < end), Err(Stopped::Told));
            end.elapsed() < Duration::from_millis(500)
        });
        assert!(soon);
    }

    #[test]
    fn a_closed_terminal_is_seen_without_writing() {
        let (device, master) = pair();
        assert!(!device.hung_up());
        drop(master);
        assert!(device.hung_up());
        assert_eq!(device.write_all(b"x", || true), Err(Stopped::Gone));
        device.set_gone();
        device.go_live();
        assert_eq!(device.state(), State::Gone);
    }

    #[test]
    fn a_write_that_fails_marks_the_terminal_gone_though_it_could_still_be_read() {
        let (device, _master) = pair();
        let path = rustix::termios::ttyname(&*device, Vec::new()).unwrap();
        let read_only = rustix::fs::open(path, OFlags::RDONLY | OFlags::NOCTTY, Mode::empty()).unwrap();
        let device = Device::of(read_only).unwrap();
        assert!(!device.hung_up());
        assert_eq!(device.write_all(b"x", || true), Err(Stopped::Gone));
        assert_eq!(device.state(), State::Gone);
        let mut told = [PollFd::new(device.lost(), PollFlags::IN)];
        assert_eq!(poll(&mut told, Some(&Timespec { tv_sec: 0, tv_nsec: 0 })), Ok(1));
    }

    #[test]
    fn zero_sized_terminals_count_as_80x24() {
        let (device, master) = pair();
        assert_eq!(device.size(), (80, 24));
        let w = rustix::termios::Winsize { ws_row: 5, ws_col: 7, ws_xpixel: 0, ws_ypixel: 0 };
        rustix::termios::tcsetwinsize(&master, w).unwrap();
        assert_eq!(device.size(), (7, 5));
    }
}
