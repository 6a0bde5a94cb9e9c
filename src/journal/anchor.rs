//! The log's head, handed to a command outside: at exit, when an incident closes, and hourly. Who keeps the heads can
//! tell later that the end of a file is gone. Its own thread; no shell, no terminal, ten seconds. Knows no log.

use super::redact;
use crate::core::time::{Person, Stamp, Utc, World};
use serde_json::{Value, json};
use std::io::{self, Read, Write};
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicI32, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::time::{Duration, Instant};

/// A call that takes longer is ended.
const LIMIT: Duration = Duration::from_secs(10);
/// At exit nobody waits longer.
pub const AT_EXIT: Duration = Duration::from_secs(2);
/// Between two calls while records come.
const EVERY: Duration = Duration::from_secs(3600);
/// Characters of the command's first line that are kept when it failed.
const KEPT: usize = 200;

/// Where the log stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Head {
    pub seq: u64,
    pub hash: String,
    pub stamp: Stamp,
}

/// How a call went.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    pub head: Head,
    /// Why not, where it failed.
    pub why: Option<String>,
    /// When it was done.
    pub stamp: Stamp,
}

impl Outcome {
    /// The data of its record.
    pub fn data(&self) -> Value {
        let mut data = json!({ "head": self.head.hash, "records": self.head.seq, "ok": self.why.is_none() });
        if let Some(why) = &self.why {
            data["why"] = why.as_str().into();
        }
        data
    }
}

enum Told {
    /// `news`: something besides the record of a call; `now`: an incident was closed.
    Head {
        head: Head,
        news: bool,
        now: bool,
    },
    Last {
        head: Head,
        done: Sender<Outcome>,
    },
}

/// The handle; the thread ends with it.
pub struct Anchor {
    to: Sender<Told>,
    /// Process group of the call that runs, 0 for none.
    running: Arc<AtomicI32>,
}

impl Anchor {
    /// `argv`: the program and its words. `done` hears every outcome but the last.
    pub fn start(argv: Vec<String>, session: String, done: impl Fn(Outcome) + Send + 'static) -> io::Result<Anchor> {
        Anchor::every(EVERY, argv, session, done)
    }

    fn every(
        every: Duration,
        argv: Vec<String>,
        session: String,
        done: impl Fn(Outcome) + Send + 'static,
    ) -> io::Result<Anchor> {
        let (to, from) = channel();
        let running = Arc::new(AtomicI32::new(0));
        let thread = Thread { argv, session, every, running: running.clone() };
        std::thread::Builder::new().name("andon-anchor".into()).spawn(move || thread.run(&from, &done))?;
        Ok(Anchor { to, running })
    }

    /// The log has grown.
    pub fn head(&self, head: Head, news: bool, now: bool) {
        let _ = self.to.send(Told::Head { head, news, now });
    }

    /// The end of the session: one more call, waited for [`AT_EXIT`] at most.
    pub fn last(self, head: Head) -> Outcome {
        let (done, outcome) = channel();
        let _ = self.to.send(Told::Last { head: head.clone(), done });
        outcome.recv_timeout(AT_EXIT).unwrap_or_else(|_| {
            end(self.running.load(Ordering::SeqCst));
            let stamp = later(head.stamp, AT_EXIT);
            Outcome { head, why: Some(format!("no answer in {} s, the session ended", AT_EXIT.as_secs())), stamp }
        })
    }
}

struct Thread {
    argv: Vec<String>,
    session: String,
    every: Duration,
    running: Arc<AtomicI32>,
}

impl Thread {
    fn run(&self, from: &Receiver<Told>, done: &dyn Fn(Outcome)) {
        let mut latest: Option<(Head, Instant)> = None;
        let mut fresh = false;
        let mut next = Instant::now() + self.every;
        loop {
            let due = match from.recv_timeout(next.saturating_duration_since(Instant::now())) {
                Ok(Told::Head { head, news, now }) => {
                    latest = Some((head, Instant::now()));
                    fresh |= news;
                    now
                }
                Ok(Told::Last { head, done }) => {
                    let outcome = self.call(head, Instant::now());
                    // Nobody waits any more: its time was up.
                    let _ = done.send(outcome);
                    return;
                }
                Err(RecvTimeoutError::Timeout) => {
                    next = Instant::now() + self.every;
                    fresh
                }
                Err(RecvTimeoutError::Disconnected) => return,
            };
            if due && let Some((head, at)) = latest.clone() {
                fresh = false;
                next = Instant::now() + self.every;
                done(self.call(head, at));
            }
        }
    }

    fn call(&self, head: Head, told: Instant) -> Outcome {
        let why = self.run_once(&head).err();
        let stamp = later(head.stamp, told.elapsed());
        Outcome { head, why, stamp }
    }

    fn run_once(&self, head: &Head) -> Result<(), String> {
        let (program, words) = self.argv.split_first().ok_or("no program is named")?;
        // A process group of its own: a prompt on the terminal stops the program instead of the console.
        let mut child = Command::new(program)
            .args(words)
            .arg(&head.hash)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .process_group(0)
            .spawn()
            .map_err(|e| format!("did not start: {}", e.kind()))?;
        let group = i32::try_from(child.id()).unwrap_or(0);
        self.running.store(group, Ordering::SeqCst);
        let ended = self.wait(&mut child, head);
        self.running.store(0, Ordering::SeqCst);
        ended
    }

    fn wait(&self, child: &mut Child, head: &Head) -> Result<(), String> {
        let said = child.stderr.take().map(first_line);
        if let Some(mut stdin) = child.stdin.take() {
            // It need not read it: the hash is its last word as well.
            let _ = stdin.write_all(format!("{} {} {}\n", self.session, head.seq, head.hash).as_bytes());
        }
        let by = Instant::now() + LIMIT;
        loop {
            match child.try_wait() {
                Ok(Some(status)) if status.success() => return Ok(()),
                Ok(Some(status)) => {
                    // A grandchild may hold the pipe: its words are not waited for.
                    let line = said.and_then(|s| s.recv_timeout(Duration::from_millis(200)).ok()).unwrap_or_default();
                    let line = if line.is_empty() { String::new() } else { format!(": {line}") };
                    return Err(format!("{status}{line}"));
                }
                Ok(None) if Instant::now() < by => std::thread::sleep(Duration::from_millis(10)),
                Ok(None) => {
                    end(i32::try_from(child.id()).unwrap_or(0));
                    let _ = child.wait();
                    return Err(format!("not done in {} s", LIMIT.as_secs()));
                }
                Err(e) => return Err(e.to_string()),
            }
        }
    }
}

/// Ends a process group of ours.
fn end(group: i32) {
    if let Some(pid) = rustix::process::Pid::from_raw(group).filter(|_| group > 1) {
        // Gone already is as good.
        let _ = rustix::process::kill_process_group(pid, rustix::process::Signal::KILL);
    }
}

/// The first line, redacted, once it is there; the rest is read away so that the program never waits for us.
fn first_line(mut from: impl Read + Send + 'static) -> Receiver<String> {
    let (to, line) = channel();
    std::thread::spawn(move || {
        let (mut all, mut part) = (Vec::new(), [0; 1024]);
        while let Ok(n) = from.read(&mut part) {
            if n == 0 {
                break;
            }
            if all.len() < 4096 {
                all.extend_from_slice(&part[..n]);
            }
        }
        let text = redact::text(&String::from_utf8_lossy(&all)).into_owned();
        let line: String = text.lines().next().unwrap_or_default().chars().take(KEPT).collect();
        let _ = to.send(line);
    });
    line
}

fn later(stamp: Stamp, by: Duration) -> Stamp {
    let ms = i64::try_from(by.as_millis()).unwrap_or(0);
    Stamp { utc: Utc(stamp.utc.0 + ms), world: World(stamp.world.0 + ms), person: Person(stamp.person.0 + ms) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::journal::scratch::{Scratch, at};

    const LONG: Duration = Duration::from_secs(60);

    fn head(seq: u64) -> Head {
        Head { seq, hash: format!("{seq:064x}"), stamp: at(0) }
    }

    fn sh(script: &str) -> Vec<String> {
        ["sh", "-c", script, "anchor"].map(str::to_owned).to_vec()
    }

    fn outcomes() -> (impl Fn(Outcome) + Send + 'static, Receiver<Outcome>) {
        let (to, from) = channel();
        let tell = move |o| {
            let _ = to.send(o);
        };
        (tell, from)
    }

    #[test]
    fn the_head_is_its_last_word_and_a_line_of_its_input() {
        let dir = Scratch::new();
        let file = dir.path().join("got");
        let script = format!("read line; echo \"$1 $line\" >>{}", file.display());
        let (done, told) = outcomes();
        let a = Anchor::start(sh(&script), "s".into(), done).expect("started");
        a.head(head(3), true, false);
        a.head(head(4), true, true);
        let outcome = told.recv_timeout(LONG).expect("the incident was closed");
        assert_eq!((outcome.why, outcome.head.seq), (None, 4));
        let last = a.last(head(9));
        assert_eq!(last.why, None);
        assert_eq!(last.data()["records"], 9);
        let got = std::fs::read_to_string(file).expect("written");
        let line = |n: u64| format!("{0:064x} s {n} {0:064x}\n", n);
        assert_eq!(got, line(4) + &line(9));
    }

    #[test]
    fn hourly_while_there_is_something_new() {
        let (done, told) = outcomes();
        let a = Anchor::every(Duration::from_millis(30), sh("exit 0"), "s".into(), done).expect("started");
        a.head(head(3), true, false);
        assert_eq!(told.recv_timeout(LONG).expect("in its time").head.seq, 3);
        // The record of a call is no reason for another one.
        a.head(head(4), false, false);
        assert!(told.recv_timeout(Duration::from_millis(200)).is_err());
    }

    #[test]
    fn a_failure_says_why_without_a_credential() {
        let (done, told) = outcomes();
        let script = "echo 'cannot log in: token=abc123 at https://me:pw@host' >&2; echo more >&2; exit 3";
        let a = Anchor::start(sh(script), "s".into(), done).expect("started");
        a.head(head(1), true, true);
        let why = told.recv_timeout(LONG).expect("told").why.expect("failed");
        assert!(why.starts_with("exit status: 3: cannot log in: token="), "{why}");
        assert!(why.contains("<secret, ") && !why.contains("abc123") && !why.contains("me:pw"), "{why}");
        let a = Anchor::start(vec!["/nowhere/at-all".into()], "s".into(), |_| {}).expect("started");
        assert!(a.last(head(1)).why.expect("no such program").starts_with("did not start"));
    }

    #[test]
    fn one_that_hangs_does_not_keep_the_session_and_does_not_outlive_it() {
        let dir = Scratch::new();
        let file = dir.path().join("pid");
        let hangs = sh(&format!("echo $$ >{}; sleep 600", file.display()));
        // A machine that stands still does not do so three times.
        let mut tries = (0..3).map(|_| {
            let a = Anchor::start(hangs.clone(), "s".into(), |_| {}).expect("started");
            let begun = Instant::now();
            (a.last(head(1)), begun, begun.elapsed())
        });
        let in_time = tries.find(|(_, _, took)| *took < AT_EXIT + Duration::from_secs(1));
        let (outcome, begun, _) = in_time.expect("it keeps the session");
        assert!(outcome.why.expect("no answer").contains("no answer in 2 s"));
        let pid = std::fs::read_to_string(file).expect("it ran");
        let gone = || {
            let stat = std::fs::read_to_string(format!("/proc/{}/stat", pid.trim())).unwrap_or_default();
            stat.is_empty() || stat.contains(") Z")
        };
        while !gone() {
            assert!(begun.elapsed() < LONG, "it lives on");
            std::thread::sleep(Duration::from_millis(5));
        }
    }
}
