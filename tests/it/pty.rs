//! A program in a pseudo-terminal, with a person's hands and eyes: keys in, the screen and every byte out.
//!
//! Tests wait for what the screen shows, never for time. The program gets a session of its own whose controlling
//! terminal this is (`setsid --ctty` of util-linux), so `/dev/tty` works and a hang-up is a real one.

use std::ffi::OsStr;
use std::os::fd::OwnedFd;
use std::os::unix::process::ExitStatusExt as _;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::Signal;
use rustix::pty::{OpenptFlags, grantpt, ioctl_tiocgptpeer, openpt, unlockpt};
use rustix::termios::{Termios, Winsize, tcgetattr, tcsetwinsize};

use crate::screen::{Grid, Screen};

/// How long a condition may take before the test fails; generous, because machines are shared.
const PATIENCE: Duration = Duration::from_secs(60);
/// Between two keys: slower than a burst (3 in 10 ms), faster than a person.
const FINGER: Duration = Duration::from_millis(15);
/// After an Esc: a key that follows sooner makes it Alt and that key (50 ms; more, because machines are shared).
const ALONE: Duration = Duration::from_millis(400);

/// How long a key may lie unread before the next one is sent all the same: some programs have stopped.
const UNREAD: Duration = Duration::from_secs(3);

pub struct Pty {
    child: Child,
    master: Option<Arc<OwnedFd>>,
    /// Kept open so that the terminal and its modes outlive the program.
    slave: OwnedFd,
    seen: Arc<(Mutex<Seen>, Condvar)>,
    eyes: Option<JoinHandle<()>>,
    before: Termios,
}

struct Seen {
    raw: Vec<u8>,
    /// When bytes came, and how many there were then.
    reads: Vec<(Instant, usize)>,
    screen: Screen,
    stalled: bool,
    /// Bytes a second this terminal takes.
    rate: Option<usize>,
    stop: bool,
    /// The eyes have read, and not yet shown, what they read.
    in_hand: bool,
}

/// How often a slow line brings its share.
const SHARE: Duration = Duration::from_millis(50);

impl Pty {
    /// Starts `bin` with exactly `env`, plus PATH, TERM=xterm-256color, LANG=C.UTF-8 and a HOME under target/
    /// unless given.
    pub fn spawn(bin: impl AsRef<OsStr>, args: &[&str], env: &[(&str, &str)], cols: u16, rows: u16) -> Pty {
        let flags = OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC;
        let master = openpt(flags).unwrap();
        grantpt(&master).unwrap();
        unlockpt(&master).unwrap();
        let slave = ioctl_tiocgptpeer(&master, flags).unwrap();
        tcsetwinsize(&master, winsize(cols, rows)).unwrap();
        let before = tcgetattr(&slave).unwrap();
        let end = || Stdio::from(slave.try_clone().unwrap());
        let child = Command::new("setsid")
            .arg("--ctty")
            .arg(bin)
            .args(args)
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .envs([("TERM", "xterm-256color"), ("LANG", "C.UTF-8")])
            .env("HOME", env!("CARGO_TARGET_TMPDIR"))
            .envs(env.iter().copied())
            .stdin(end())
            .stdout(end())
            .stderr(end())
            .spawn()
            .expect("setsid (util-linux) starts");
        let screen = Screen::new(cols.into(), rows.into());
        let seen = Seen {
            raw: Vec::new(),
            reads: Vec::new(),
            screen,
            stalled: false,
            rate: None,
            stop: false,
            in_hand: false,
        };
        let seen = Arc::new((Mutex::new(seen), Condvar::new()));
        let master = Arc::new(master);
        let eyes = {
            let (master, seen) = (Arc::clone(&master), Arc::clone(&seen));
            std::thread::spawn(move || watch(&master, &seen))
        };
        Pty { child, master: Some(master), slave, seen, eyes: Some(eyes), before }
    }

    /// andon itself at the design size.
    pub fn andon(args: &[&str], env: &[(&str, &str)]) -> Pty {
        Pty::spawn(env!("CARGO_BIN_EXE_andon"), args, env, 80, 23)
    }

    /// Bytes as they are, in one write.
    pub fn send(&self, bytes: impl AsRef<[u8]>) {
        let master = self.master.as_ref().expect("not hung up");
        let mut rest = bytes.as_ref();
        while !rest.is_empty() {
            rest = &rest[rustix::io::write(&**master, rest).unwrap()..];
        }
    }

    /// Keys by name with a finger's pause between them: `"a r Y"`, `"Esc Up C-z Space Enter"`.
    pub fn keys(&self, names: &str) {
        for name in names.split_whitespace() {
            self.send(key(name));
            // The pause counts from when the key was read: a program that was held up must not find several at once.
            let begun = Instant::now();
            while readable(&self.slave, Duration::from_millis(1)) && begun.elapsed() < UNREAD {
                std::thread::sleep(Duration::from_millis(1));
            }
            std::thread::sleep(if name == "Esc" { ALONE } else { FINGER });
        }
    }

    /// Waits until the screen shows `text` in one row.
    #[track_caller]
    pub fn wait_for(&mut self, text: &str) {
        self.wait_until(&format!("{text:?}"), |grid| grid.contains(text));
    }

    /// Waits until the screen is as wanted; fails with the screen when it never is.
    #[track_caller]
    pub fn wait_until(&mut self, what: &str, good: impl Fn(&Grid) -> bool) {
        let end = Instant::now() + PATIENCE;
        let mut seen = self.seen.0.lock().unwrap();
        while !good(&seen.screen.grid) {
            let left = end.saturating_duration_since(Instant::now());
            if left.is_zero() {
                let screen = seen.screen.grid.lines().join("\n");
                drop(seen);
                panic!("waited for {what}, program {:?}, screen:\n{screen}", self.child.try_wait());
            }
            seen = self.seen.1.wait_timeout(seen, left).unwrap().0;
        }
    }

    pub fn screen(&self) -> Vec<String> {
        self.seen().screen.grid.lines()
    }

    /// A look at the emulated terminal itself.
    pub fn look<T>(&self, at: impl FnOnce(&Grid) -> T) -> T {
        at(&self.seen().screen.grid)
    }

    /// Every byte the program has written.
    pub fn raw(&self) -> Vec<u8> {
        self.seen().raw.clone()
    }

    /// How many that are; the difference of two calls is what something cost.
    pub fn bytes(&self) -> usize {
        self.seen().raw.len()
    }

    /// When bytes came, with the count of all bytes up to then.
    pub fn reads(&self) -> Vec<(Instant, usize)> {
        self.seen().reads.clone()
    }

    pub fn resize(&self, cols: u16, rows: u16) {
        self.seen().screen.resize(cols.into(), rows.into());
        tcsetwinsize(&**self.master.as_ref().expect("not hung up"), winsize(cols, rows)).unwrap();
    }

    /// The terminal stops (or goes on) taking what the program writes.
    pub fn stall(&self, stalled: bool) {
        self.seen().stalled = stalled;
        self.seen.1.notify_all();
    }

    /// The terminal takes only so many bytes a second.
    pub fn throttle(&self, rate: Option<usize>) {
        self.seen().rate = rate;
    }

    /// Closes the terminal under the program.
    pub fn hangup(&mut self) {
        self.close_eyes();
        self.master = None;
    }

    /// The system hangs the terminal up (TIOCVHANGUP, as after a lost modem): reads give end of file. False: not allowed.
    pub fn vhangup(&self) -> bool {
        let script = "import fcntl; fcntl.ioctl(0, 0x5437)";
        let slave = Stdio::from(self.slave.try_clone().unwrap());
        let done = Command::new("python3").args(["-c", script]).stdin(slave).stderr(Stdio::null()).status();
        done.expect("python3 starts").success()
    }

    pub fn signal(&self, signal: Signal) {
        let pid = rustix::process::Pid::from_child(&self.child);
        rustix::process::kill_process(pid, signal).unwrap();
    }

    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Whether the program has not ended yet.
    pub fn runs(&self) -> bool {
        !matches!(crate::process::state(self.child.id()), None | Some('Z'))
    }

    /// Waits until the program is stopped by a signal.
    #[track_caller]
    pub fn wait_stopped(&self) {
        let end = Instant::now() + PATIENCE;
        let path = format!("/proc/{}/stat", self.child.id());
        let state = || std::fs::read_to_string(&path).unwrap_or_default();
        // The state follows the name in parentheses.
        while !state().rsplit_once(") ").is_some_and(|(_, rest)| rest.starts_with('T')) {
            assert!(Instant::now() < end, "never stopped: {}", state());
            std::thread::sleep(Duration::from_millis(2));
        }
        self.settle();
    }

    /// The exit code, 128 + n for signal n, once the program has ended and all its bytes are on the screen.
    #[track_caller]
    pub fn wait_exit(&mut self) -> i32 {
        let end = Instant::now() + PATIENCE;
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                self.settle();
                return status.code().unwrap_or_else(|| 128 + status.signal().unwrap_or(0));
            }
            assert!(Instant::now() < end, "never ended, screen:\n{}", self.screen().join("\n"));
            std::thread::sleep(Duration::from_millis(2));
        }
    }

    /// Whether the terminal is as it was before the program: screen, cursor, modes and termios.
    pub fn modes_restored(&self) -> Result<(), String> {
        let mut left = self.look(Grid::left_behind);
        let now = tcgetattr(&self.slave).map_err(|e| e.to_string())?;
        let words = |t: &Termios| format!("{t:?}");
        if words(&now) != words(&self.before) {
            left.push(format!("termios was {}, is {}", words(&self.before), words(&now)));
        }
        if left.is_empty() { Ok(()) } else { Err(left.join("; ")) }
    }

    /// The first question the program asked the terminal; there must be none.
    pub fn asked(&self) -> Option<&'static str> {
        let raw = self.raw();
        let text = String::from_utf8_lossy(&raw);
        ["\x1b[6n", "\x1b[5n", "\x1b[c", "\x1b[0c", "\x1b[>c", "\x1b[>0q", "\x1b[?u", "$p", ";?\x07", ";?\x1b\\"]
            .into_iter()
            .find(|question| text.contains(question))
    }

    fn seen(&self) -> MutexGuard<'_, Seen> {
        self.seen.0.lock().unwrap()
    }

    /// Waits until what was written has been seen: the kernel has nothing left and the eyes have none in hand.
    fn settle(&self) {
        let Some(master) = &self.master else { return };
        let mut quiet = 0;
        while quiet < 3 && !self.seen().stalled {
            let before = self.bytes();
            let waiting = readable(master, Duration::from_millis(5));
            let busy = waiting || self.seen().in_hand || self.bytes() != before;
            quiet = if busy { 0 } else { quiet + 1 };
        }
    }

    fn close_eyes(&mut self) {
        self.seen().stop = true;
        self.seen.1.notify_all();
        if let Some(eyes) = self.eyes.take() {
            let _ = eyes.join();
        }
    }
}

impl Drop for Pty {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        self.seen.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner).stop = true;
        self.seen.1.notify_all();
        if let Some(eyes) = self.eyes.take() {
            let _ = eyes.join();
        }
    }
}

/// The thread that reads the terminal.
fn watch(master: &OwnedFd, seen: &(Mutex<Seen>, Condvar)) {
    let mut buf = vec![0; 16 * 1024];
    loop {
        let mut s = seen.0.lock().unwrap();
        while s.stalled && !s.stop {
            s = seen.1.wait(s).unwrap();
        }
        if s.stop {
            return;
        }
        drop(s);
        if !readable(master, Duration::from_millis(20)) {
            continue;
        }
        // As it is now: it may have been set while nothing was there to read.
        let rate = {
            let mut s = seen.0.lock().unwrap();
            s.in_hand = true;
            s.rate
        };
        let most = rate.map_or(buf.len(), |r| (r * SHARE.as_millis() as usize / 1_000).clamp(1, buf.len()));
        let Ok(n @ 1..) = rustix::io::read(master, &mut buf[..most]) else {
            seen.0.lock().unwrap().in_hand = false;
            return;
        };
        if rate.is_some() {
            std::thread::sleep(SHARE);
        }
        let mut s = seen.0.lock().unwrap();
        s.raw.extend_from_slice(&buf[..n]);
        let all = s.raw.len();
        s.reads.push((Instant::now(), all));
        s.screen.feed(&buf[..n]);
        s.in_hand = false;
        drop(s);
        seen.1.notify_all();
    }
}

fn readable(fd: &OwnedFd, at_most: Duration) -> bool {
    let mut fds = [PollFd::new(fd, PollFlags::IN)];
    let limit = Timespec { tv_sec: 0, tv_nsec: i64::from(at_most.subsec_nanos()) };
    poll(&mut fds, Some(&limit)).is_ok_and(|n| n > 0)
}

fn winsize(cols: u16, rows: u16) -> Winsize {
    Winsize { ws_col: cols, ws_row: rows, ws_xpixel: 0, ws_ypixel: 0 }
}

fn key(name: &str) -> Vec<u8> {
    match name {
        "Enter" => b"\r".to_vec(),
        "Esc" => b"\x1b".to_vec(),
        "Tab" => b"\t".to_vec(),
        "Space" => b" ".to_vec(),
        "Backspace" => b"\x7f".to_vec(),
        "Up" => b"\x1b[A".to_vec(),
        "Down" => b"\x1b[B".to_vec(),
        "Right" => b"\x1b[C".to_vec(),
        "Left" => b"\x1b[D".to_vec(),
        "F12" => b"\x1b[24~".to_vec(),
        "PageUp" => b"\x1b[5~".to_vec(),
        "PageDown" => b"\x1b[6~".to_vec(),
        _ => match name.strip_prefix("C-") {
            Some(letter) => vec![letter.as_bytes()[0] & 0x1f],
            None => name.as_bytes().to_vec(),
        },
    }
}
