//! One program from its order to its end, on a thread: the file read again, the supervisor started, the output taken.

use super::{Commands, Output};
use crate::config;
use crate::core::case::runbook::order::{ENV_ALWAYS, Ended, How, OUTPUT_MOST, Order};
use crate::core::case::runbook::want::{Judged, judge_text};
use crate::core::case::runbook::{Runbook, StepKind};
use crate::core::msg::Msg;
use crate::engine::inbox::Inbox;
use crate::journal::redact;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use serde_json::Value;
use sha2::{Digest, Sha256};
use std::io::Read;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// How often the last lines are told, at most.
const TOLD: Duration = Duration::from_millis(250);
/// Of these bytes the last lines are made.
const RECENT: usize = 16 * 1024;
const LINES: usize = 12;
const LINE_MOST: usize = 400;
/// A supervisor that was told to end has this long; its own two deadlines are shorter.
const GRACE: Duration = Duration::from_millis(2_500);

/// Sends the one end, whatever becomes of the thread.
struct Promise<'a> {
    order: &'a Order,
    commands: &'a Commands,
    inbox: &'a Inbox,
    ended: Option<Ended>,
}

impl Drop for Promise<'_> {
    fn drop(&mut self) {
        self.commands.shared().leashes.remove(&self.order.ticket.0);
        let lost = || {
            let why: Arc<str> = "the thread that watched it failed; what it did is not known".into();
            Ended { how: How::Unknown(why.clone()), judged: Judged::no(why), ..Ended::not_run("") }
        };
        let ended = Box::new(self.ended.take().unwrap_or_else(lost));
        self.inbox.answer(Msg::RunEnded { ticket: self.order.ticket, ended });
    }
}

pub(super) fn run(order: &Order, supervisor: &Path, commands: &Commands, inbox: &Inbox) {
    let mut promise = Promise { order, commands, inbox, ended: None };
    promise.ended = Some(match changed(order) {
        Some(ended) => ended,
        None => match start(order, supervisor) {
            Ok(child) => watch(order, child, commands, inbox),
            Err(why) => Ended::not_run(why),
        },
    });
}

/// What was confirmed must be what the file says now.
fn changed(order: &Order) -> Option<Ended> {
    let file = order.file.as_deref()?;
    let fresh = match config::runbook_at(Path::new(file)) {
        Ok((book, _)) => book,
        Err(why) => return Some(Ended::not_run(format!("its file cannot be read again: {why}"))),
    };
    if fresh.hash == order.hash {
        return None;
    }
    let why = difference(order, &fresh);
    Some(Ended { fresh: Some(Box::new(fresh)), ..Ended::not_run(why) })
}

fn difference(order: &Order, fresh: &Runbook) -> String {
    let now = fresh.step(order.step).map(|s| &s.kind).and_then(StepKind::command);
    match now {
        Some(c) if c.hash() == order.command.hash() => {
            "the file changed since the dialog, this step did not; look again".into()
        }
        Some(c) => format!(
            "the file changed since the dialog: was {}, {}; is {}, {}",
            order.command.words(),
            order.command.limits(),
            c.words(),
            c.limits()
        ),
        None => format!("the file changed since the dialog: step {} is no command any more", order.step),
    }
}

fn start(order: &Order, supervisor: &Path) -> Result<Child, String> {
    let c = &order.command;
    let passed = ENV_ALWAYS.iter().copied().chain(c.env.iter().map(|n| &**n));
    let mut command = Command::new(supervisor);
    command.arg0(super::NAME).args(c.argv.iter().map(|w| &**w)).env_clear();
    for name in passed {
        if let Some(value) = std::env::var_os(name) {
            command.env(name, value);
        }
    }
    command.env("TERM", "dumb").envs(order.vars.iter().map(|(k, v)| (&**k, &**v)));
    command.current_dir(c.dir()).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command.spawn().map_err(|e| format!("it did not start in {}: {e}", c.dir()))
}

/// What a program wrote, as far as it is kept.
struct Taken {
    kept: Vec<u8>,
    recent: Vec<u8>,
    bytes: u64,
    hash: Sha256,
}

impl Taken {
    fn take(&mut self, part: &[u8]) {
        self.bytes += part.len() as u64;
        self.hash.update(part);
        let room = OUTPUT_MOST.saturating_sub(self.kept.len());
        self.kept.extend_from_slice(&part[..part.len().min(room)]);
        self.recent.extend_from_slice(part);
        let over = self.recent.len().saturating_sub(RECENT);
        self.recent.drain(..over);
    }

    fn tail(&self) -> Vec<Arc<str>> {
        let text = String::from_utf8_lossy(&self.recent);
        let lines: Vec<&str> = text.lines().collect();
        lines[lines.len().saturating_sub(LINES)..].iter().map(|l| line(l)).collect()
    }
}

fn line(text: &str) -> Arc<str> {
    let cut: String = text.chars().take(LINE_MOST).collect();
    Arc::from(&*redact::text(&cut))
}

fn watch(order: &Order, mut child: Child, commands: &Commands, inbox: &Inbox) -> Ended {
    let begun = Instant::now();
    let limit = Duration::from_millis(u64::try_from(order.command.timeout_ms).unwrap_or(0));
    let leash = child.stdin.take();
    {
        let mut shared = commands.shared();
        if let Some(l) = shared.leashes.get_mut(&order.ticket.0)
            && !l.stopped
        {
            // Stopped before it was there: the pipe closes here.
            l.pipe = leash;
        }
    }
    let mut taken = Taken { kept: Vec::new(), recent: Vec::new(), bytes: 0, hash: Sha256::new() };
    let mut told = (Instant::now(), 0);
    let mut asked: Option<Instant> = None;
    let mut late = false;
    let out = child.stdout.take();
    let mut part = vec![0; 64 * 1024];
    while let Some(n) = out.as_ref().and_then(|out| more(out, &mut part)) {
        taken.take(&part[..n]);
        if taken.bytes != told.1 && told.0.elapsed() >= TOLD {
            told = (Instant::now(), taken.bytes);
            inbox.answer(Msg::RunSaid { ticket: order.ticket, tail: taken.tail(), bytes: taken.bytes });
        }
        if asked.is_none() && begun.elapsed() >= limit {
            late = true;
            if let Some(l) = commands.shared().leashes.get_mut(&order.ticket.0) {
                l.pipe = None;
            }
        }
        let stopped = commands.shared().leashes.get(&order.ticket.0).is_none_or(|l| l.stopped);
        if (late || stopped) && asked.is_none() {
            asked = Some(Instant::now());
        }
        if asked.is_some_and(|at| at.elapsed() > GRACE) || matches!(child.try_wait(), Ok(Some(_))) {
            break;
        }
    }
    // What was still in the pipe when the supervisor ended.
    while let Some(n) = out.as_ref().and_then(|out| more_now(out, &mut part)).filter(|n| *n > 0) {
        taken.take(&part[..n]);
    }
    // Said before its end, so that the reason is a person's and not a signal's.
    let stopped = commands.shared().leashes.get(&order.ticket.0).is_some_and(|l| l.stopped);
    let status = end(&mut child);
    close(order, commands, taken, &status, (stopped, late), begun.elapsed())
}

/// The next bytes, 0 after a while without any; `None`: the pipe is closed.
fn more(out: &ChildStdout, part: &mut [u8]) -> Option<usize> {
    let wait = Timespec { tv_sec: 0, tv_nsec: 50_000_000 };
    read(out, part, &wait)
}

fn more_now(out: &ChildStdout, part: &mut [u8]) -> Option<usize> {
    read(out, part, &Timespec { tv_sec: 0, tv_nsec: 0 })
}

fn read(out: &ChildStdout, part: &mut [u8], wait: &Timespec) -> Option<usize> {
    let mut fds = [PollFd::new(&out, PollFlags::IN)];
    match poll(&mut fds, Some(wait)) {
        Ok(0) | Err(rustix::io::Errno::INTR) => Some(0),
        Ok(_) => match rustix::io::read(out, part) {
            Ok(0) => None,
            Ok(n) => Some(n),
            Err(rustix::io::Errno::INTR) => Some(0),
            Err(_) => None,
        },
        Err(_) => None,
    }
}

/// What the supervisor says of the end. `Null`: nothing.
fn end(child: &mut Child) -> Value {
    let by = Instant::now() + GRACE;
    loop {
        match child.try_wait() {
            Ok(Some(_)) | Err(_) => break,
            Ok(None) if Instant::now() > by => {
                let _ = child.kill();
                let _ = child.wait();
                break;
            }
            Ok(None) => std::thread::sleep(Duration::from_millis(5)),
        }
    }
    let mut said = String::new();
    if let Some(err) = child.stderr.take() {
        // It is gone; what it wrote is in the pipe.
        let _ = err.take(64 * 1024).read_to_string(&mut said);
    }
    said.lines().last().and_then(|l| serde_json::from_str(l).ok()).unwrap_or_default()
}

fn close(
    order: &Order,
    commands: &Commands,
    taken: Taken,
    status: &Value,
    (stopped, late): (bool, bool),
    took: Duration,
) -> Ended {
    let text = String::from_utf8_lossy(&taken.kept).into_owned();
    let small = |name: &str| status[name].as_i64().and_then(|n| i32::try_from(n).ok());
    let cut = taken.bytes > taken.kept.len() as u64;
    let first: Vec<Arc<str>> = text.lines().take(3).map(line).collect();
    let tail = taken.tail();
    let how = match (status["failed"].as_str(), small("exit"), small("signal")) {
        (Some(why), ..) => How::NotRun(why.into()),
        _ if late => How::TimedOut,
        _ if stopped => How::Stopped,
        (None, Some(code), _) => How::Exit(code),
        (None, None, Some(n)) => How::Signal(n),
        (None, None, None) => How::Unknown("its supervisor ended without a word: what it did is not known".into()),
    };
    let judged = match &how {
        How::Exit(_) if cut => Judged::no("it wrote more than is kept, so its answer is not judged"),
        How::Exit(code) => judge_text(*code, false, &text, &order.command.wants),
        _ => Judged::no("it did not end by itself"),
    };
    let sha256 = taken.hash.finalize().iter().map(|b| format!("{b:02x}")).collect::<String>();
    let bytes = taken.bytes;
    commands.keep(order.ticket, Output { text, bytes, cut });
    Ended {
        how,
        took_ms: i64::try_from(took.as_millis()).unwrap_or(i64::MAX),
        bytes,
        sha256: sha256.into(),
        first,
        tail,
        left: small("left").and_then(|n| u32::try_from(n).ok()).unwrap_or(0),
        judged,
        fresh: None,
    }
}
