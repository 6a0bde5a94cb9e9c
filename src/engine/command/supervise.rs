//! The supervisor: a process of its own for each program. It makes a session without a terminal, adopts every orphan below
//! it, and ends all of them when its standard input closes: the console stopped the step, or is gone. How it ended is one
//! line of JSON on standard error; what the program writes goes straight to standard output.

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Pid, Signal, WaitOptions, kill_process, kill_process_group, set_child_subreaper, setsid, wait};
use serde_json::json;
use std::collections::BTreeMap;
use std::io::Write;
use std::os::fd::AsFd;
use std::os::unix::process::CommandExt;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// By this name the program knows that it is to supervise.
pub const NAME: &str = "andon-step";

/// After TERM, before KILL (limits.md: gone within 2 s of the cancel).
const TERM: Duration = Duration::from_millis(1_000);
/// How long it is tried to end what does not end.
const KILL: Duration = Duration::from_millis(800);
/// Processes of a pipeline end a moment after the one that is waited for.
const SETTLE: Duration = Duration::from_millis(60);

/// Runs `argv` under this process. Returns what this process is to exit with; the true end is on standard error.
pub fn supervise(argv: &[std::ffi::OsString]) -> u8 {
    let Some((program, args)) = argv.split_first() else { return 2 };
    // Without a terminal nobody takes our keys. It fails only where a session is led already.
    let _ = setsid();
    let _ = set_child_subreaper(Some(rustix::process::getpid()));
    let streams = || std::io::stdout().as_fd().try_clone_to_owned().map(Stdio::from);
    let (Ok(out), Ok(err)) = (streams(), streams()) else { return 1 };
    let child = Command::new(program).args(args).stdin(Stdio::null()).stdout(out).stderr(err).process_group(0).spawn();
    let main = match child.map(|c| i32::try_from(c.id()).ok().and_then(Pid::from_raw)) {
        Ok(Some(pid)) => pid,
        Ok(None) => return 1,
        Err(e) => {
            say(&json!({"failed": format!("{} did not start: {e}", program.to_string_lossy())}));
            return 1;
        }
    };
    let mut status = json!({});
    loop {
        reap(main, &mut status);
        if !status["exit"].is_null() || !status["signal"].is_null() {
            break;
        }
        if told_to_end() {
            end_all(main, &mut status);
            status["stopped"] = true.into();
            say(&status);
            return 0;
        }
    }
    std::thread::sleep(SETTLE);
    reap(main, &mut status);
    let left = below().len();
    if left > 0 {
        end_all(main, &mut status);
        status["left"] = left.into();
    }
    say(&status);
    0
}

fn say(status: &serde_json::Value) {
    let mut line = status.to_string();
    line.push('\n');
    // Nobody may be there to read it.
    let _ = std::io::stderr().write_all(line.as_bytes());
}

/// Standard input is closed, or anything came on it. Waits a few milliseconds for that.
fn told_to_end() -> bool {
    let stdin = std::io::stdin();
    let mut fds = [PollFd::new(&stdin, PollFlags::IN)];
    let wait = Timespec { tv_sec: 0, tv_nsec: 10_000_000 };
    matches!(poll(&mut fds, Some(&wait)), Ok(n) if n > 0)
}

/// Takes the end of whoever has ended, adopted ones too. False: there is no child left.
fn reap(main: Pid, status: &mut serde_json::Value) -> bool {
    loop {
        // Any child, whatever its group: `waitpid` without a number means the own group alone.
        match wait(WaitOptions::NOHANG) {
            Ok(Some((pid, s))) if pid == main => {
                if let Some(code) = s.exit_status() {
                    status["exit"] = code.into();
                } else if let Some(n) = s.terminating_signal() {
                    status["signal"] = n.into();
                }
            }
            Ok(Some(_)) | Err(rustix::io::Errno::INTR) => {}
            Ok(None) => return true,
            Err(_) => return false,
        }
    }
}

/// TERM to all, a second to obey, then KILL until nobody is left: one that forks meanwhile is found in the next round.
fn end_all(main: Pid, status: &mut serde_json::Value) {
    let _ = kill_process_group(main, Signal::TERM);
    below().into_iter().for_each(|p| _ = kill_process(p, Signal::TERM));
    let by = Instant::now() + TERM;
    while reap(main, status) && Instant::now() < by {
        std::thread::sleep(Duration::from_millis(10));
    }
    let by = Instant::now() + KILL;
    while reap(main, status) && Instant::now() < by {
        let all = below();
        // Stopped first: what stands still does not fork between two looks.
        all.iter().for_each(|p| _ = kill_process(*p, Signal::STOP));
        all.iter().for_each(|p| _ = kill_process(*p, Signal::KILL));
        std::thread::sleep(Duration::from_millis(2));
    }
    let alive = below().len();
    if alive > 0 {
        status["alive"] = alive.into();
    }
}

/// Every living process below this one, as the kernel lists them now. Orphans are ours, so nobody is missing.
fn below() -> Vec<Pid> {
    let mut children: BTreeMap<i32, Vec<i32>> = BTreeMap::new();
    for e in std::fs::read_dir("/proc").into_iter().flatten().flatten() {
        let Some(pid) = e.file_name().to_str().and_then(|n| n.parse::<i32>().ok()) else { continue };
        let Ok(stat) = std::fs::read(e.path().join("stat")) else { continue };
        // The name may hold anything, so what follows its last bracket counts.
        let stat = String::from_utf8_lossy(&stat);
        let Some((_, rest)) = stat.rsplit_once(')') else { continue };
        let mut words = rest.split_whitespace();
        let (state, parent) = (words.next(), words.next().and_then(|p| p.parse::<i32>().ok()));
        if let (Some(state), Some(parent)) = (state, parent)
            && !matches!(state, "Z" | "X")
        {
            children.entry(parent).or_default().push(pid);
        }
    }
    let mut out = Vec::new();
    let mut next = vec![rustix::process::getpid().as_raw_nonzero().get()];
    while let Some(pid) = next.pop() {
        for child in children.remove(&pid).unwrap_or_default() {
            next.push(child);
            out.extend(Pid::from_raw(child));
        }
    }
    out
}
