//! `--plain` on the real program: through pipes, in a terminal, to its several ends.

use crate::home::Home;
use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

/// How long a line may be waited for; generous, because machines are shared.
const PATIENCE: Duration = Duration::from_secs(60);

/// The program between two pipes.
pub struct Piped {
    child: Child,
    stdin: Option<ChildStdin>,
    lines: Receiver<String>,
    seen: Vec<String>,
}

impl Piped {
    fn start(home: &Home, args: &[&str]) -> Piped {
        Piped::start_with(home, args, &[])
    }

    pub fn start_with(home: &Home, args: &[&str], env: &[(&str, &str)]) -> Piped {
        let mut child = Command::new(env!("CARGO_BIN_EXE_andon"))
            .args(args)
            .env_clear()
            // No TERM: that is what it is for.
            .envs([("HOME", home.str()), crate::home::ALONE, ("LANG", "C.UTF-8")])
            .envs(env.iter().copied())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let (to, lines) = channel();
        let out = BufReader::new(child.stdout.take().unwrap());
        std::thread::spawn(move || {
            for l in out.lines().map_while(Result::ok) {
                let _ = to.send(l);
            }
        });
        Piped { stdin: child.stdin.take(), child, lines, seen: Vec::new() }
    }

    pub fn type_line(&mut self, line: &str) {
        writeln!(self.stdin.as_mut().unwrap(), "{line}").unwrap();
    }

    /// The next line that contains this.
    #[track_caller]
    pub fn wait_for(&mut self, part: &str) -> String {
        self.wait_for_any(&[part])
    }

    /// The next line that contains one of these.
    #[track_caller]
    pub fn wait_for_any(&mut self, parts: &[&str]) -> String {
        let end = Instant::now() + PATIENCE;
        loop {
            let left = end.saturating_duration_since(Instant::now());
            match self.lines.recv_timeout(left) {
                Ok(l) => {
                    self.seen.push(l.clone());
                    if parts.iter().any(|p| l.contains(p)) {
                        return l;
                    }
                }
                Err(_) => panic!("waited for {parts:?}, heard:\n{}", self.seen.join("\n")),
            }
        }
    }

    #[track_caller]
    pub fn exit(&mut self) -> i32 {
        let end = Instant::now() + PATIENCE;
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                use std::os::unix::process::ExitStatusExt as _;
                return status.code().unwrap_or_else(|| 128 + status.signal().unwrap_or(0));
            }
            assert!(Instant::now() < end, "never ended:\n{}", self.seen.join("\n"));
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    pub fn signal(&self, signal: rustix::process::Signal) {
        rustix::process::kill_process(rustix::process::Pid::from_child(&self.child), signal).unwrap();
    }
}

impl Drop for Piped {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn f1_is_played_through_pipes_and_its_tape_replays() {
    let home = Home::new("plain-f1");
    let mut p = Piped::start(&home, &["drill", "--plain", "--speed", "60"]);
    p.wait_for("Type help for the words");
    p.wait_for("verdict checkout@eu-1 WORSE");
    p.type_line("act roll-back checkout");
    p.wait_for("type: yes roll-back checkout@eu-1");
    // Too early: the person cannot have read it.
    p.type_line("yes roll-back checkout@eu-1");
    p.wait_for("Again: ");
    std::thread::sleep(Duration::from_millis(1_200));
    p.type_line("yes roll-back checkout@eu-1");
    p.wait_for("act checkout@eu-1 roll back, sent abort");
    p.wait_for("act checkout@eu-1 roll back, settled after");
    p.type_line("status");
    p.wait_for("status at ");
    p.type_line("quit");
    assert_eq!(p.exit(), 0);

    let text = std::fs::read_to_string(home.only("jsonl")).unwrap();
    let kinds: Vec<String> = text
        .lines()
        .map(|l| serde_json::from_str::<serde_json::Value>(l).unwrap()["kind"].as_str().unwrap().to_owned())
        .filter(|k| ["intent", "sent", "accepted", "seen", "settled"].contains(&k.as_str()))
        .collect();
    assert_eq!(kinds, ["intent", "sent", "accepted", "seen", "settled"]);
    let (code, said) = home.run(&["replay", home.only("tape").to_str().unwrap()]);
    assert_eq!(code, 0, "{said}");
    assert!(said.contains("the same effects and the same screen") && !said.contains("0 marks"), "{said}");
}

#[test]
fn a_script_that_does_not_wait_confirms_nothing() {
    let home = Home::new("plain-script");
    let mut p = Piped::start(&home, &["drill", "--plain"]);
    p.wait_for("1 UNSURE");
    let all = "act roll-back checkout\nyes roll-back checkout@eu-1\nact arm\nyes arm drill\n".repeat(20);
    p.stdin.as_mut().unwrap().write_all(all.as_bytes()).unwrap();
    // The end of input, with nothing in flight.
    p.stdin = None;
    assert_eq!(p.exit(), 0);
    let text = std::fs::read_to_string(home.only("jsonl")).unwrap();
    assert!(!text.contains("\"kind\":\"intent\"") && !text.contains("\"kind\":\"armed\""), "{text}");
}

#[test]
fn signals_end_it_with_their_codes() {
    use rustix::process::Signal;
    for (signal, code) in [(Signal::TERM, 143), (Signal::INT, 130), (Signal::HUP, 129)] {
        let home = Home::new("plain-signal");
        let mut p = Piped::start(&home, &["drill", "calm", "--plain"]);
        p.wait_for("status at ");
        p.signal(signal);
        assert_eq!(p.exit(), code);
    }
}

#[test]
fn when_nobody_reads_it_ends_quietly_with_141() {
    let home = Home::new("plain-pipe");
    let script = "{ sleep 20 & echo help; wait; } | \
                  { \"$0\" drill calm --plain 2>\"$HOME/err\"; echo $? >\"$HOME/code\"; } | head -1";
    let mut child = Command::new("sh")
        .args(["-c", script, env!("CARGO_BIN_EXE_andon")])
        .env_clear()
        .envs([("HOME", home.str()), ("PATH", "/usr/bin:/bin")])
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    let code = std::path::Path::new(home.str()).join("code");
    let end = Instant::now() + PATIENCE;
    while std::fs::read_to_string(&code).unwrap_or_default().trim().is_empty() {
        assert!(Instant::now() < end, "it never ended");
        std::thread::sleep(Duration::from_millis(10));
    }
    assert_eq!(std::fs::read_to_string(&code).unwrap().trim(), "141");
    let _ = child.kill();
    let _ = child.wait();
    assert_eq!(std::fs::read_to_string(std::path::Path::new(home.str()).join("err")).unwrap(), "");
}

#[test]
fn in_a_dumb_terminal_it_writes_text_only_and_changes_no_mode() {
    let home = Home::new("plain-dumb");
    let mut pty = home.andon_with(&["drill", "--plain"], &[("TERM", "dumb"), ("LANG", "C")], 80, 23);
    pty.wait_until("the first status", |g| g.contains("status at"));
    pty.send("show checkout\n");
    pty.wait_until("the facts", |g| g.contains("not measured: latency"));
    pty.send("act hold checkout\n");
    pty.wait_until("the prompt", |g| g.contains("type: yes hold checkout@eu-1"));
    pty.send("\x1b[A\n");
    pty.wait_until("closed", |g| g.contains("closed; nothing was started"));
    pty.send("quit\n");
    assert_eq!(pty.wait_exit(), 0);
    assert_eq!(pty.modes_restored(), Ok(()));
    assert_eq!(pty.asked(), None);
    // The terminal's own echo shows what was typed; of us it is text and line ends.
    let strange: Vec<u8> = pty.raw().into_iter().filter(|b| !matches!(b, b' '..=b'~' | b'\r' | b'\n')).collect();
    assert_eq!(strange, b"", "{strange:?}");
}

#[test]
fn a_terminal_without_a_screen_is_told_of_plain() {
    let home = Home::new("plain-named");
    let (code, said) = home.run(&["drill"]);
    assert_eq!(code, 2, "{said}");
    assert!(said.contains("--plain"), "{said}");
}

#[test]
fn control_z_disarms_and_stops() {
    let home = Home::new("plain-stop");
    let mut p = Piped::start(&home, &["drill", "calm", "--plain"]);
    p.wait_for("status at ");
    p.type_line("act arm");
    p.wait_for("type: yes arm drill");
    std::thread::sleep(Duration::from_millis(1_200));
    p.type_line("yes arm drill");
    p.wait_for("armed for 10 minutes");
    p.signal(rustix::process::Signal::TSTP);
    p.wait_for("disarmed LOOK-ONLY again, suspended");
    let stat = format!("/proc/{}/stat", p.child.id());
    let end = Instant::now() + PATIENCE;
    while !std::fs::read_to_string(&stat).unwrap().rsplit_once(") ").is_some_and(|(_, r)| r.starts_with('T')) {
        assert!(Instant::now() < end, "never stopped");
        std::thread::sleep(Duration::from_millis(5));
    }
    p.signal(rustix::process::Signal::CONT);
    p.type_line("status");
    p.wait_for("LOOK-ONLY");
    p.type_line("quit");
    assert_eq!(p.exit(), 0);
}
