//! The real program inside tmux and GNU screen: shown, typed to, resized, detached, attached again, its client killed.
//!
//! Without these programs the tests step aside and say so; under `.ci/run` (`ANDON_LONG`) that is a failure.

use crate::home::Home;
use crate::process::children;
use crate::pty::Pty;
use rustix::process::Signal;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

const ANDON: &str = env!("CARGO_BIN_EXE_andon");

fn is_there(program: &str) -> bool {
    let there = Command::new(program).arg("-V").stdin(Stdio::null()).output().is_ok()
        || Command::new(program).arg("-v").stdin(Stdio::null()).output().is_ok();
    assert!(there || std::env::var_os("ANDON_LONG").is_none(), "{program} is not installed");
    if !there {
        println!("inside tests skipped: {program} is not installed");
    }
    there
}

/// A multiplexer with one window in it. Ended with the test.
struct Inside {
    /// Its name, which no other test has.
    name: String,
    /// Where screen keeps its sockets; short, for a socket's path has room for 107 bytes.
    dir: PathBuf,
    home: Home,
    screen: bool,
}

impl Inside {
    fn new(screen: bool) -> Inside {
        let name = format!("andon-test-{}-{}", std::process::id(), if screen { "s" } else { "t" });
        let dir = std::env::temp_dir().join(&name);
        std::fs::create_dir_all(&dir).unwrap();
        std::fs::set_permissions(&dir, std::os::unix::fs::PermissionsExt::from_mode(0o700)).unwrap();
        let inside = Inside { name, dir, home: Home::new("inside"), screen };
        let shell = format!("{ANDON} drill calm; echo code $?; read x");
        let size = if screen { vec![] } else { vec!["-x", "80", "-y", "23"] };
        if screen {
            inside.run(&["-U", "-S", &inside.name, "-d", "-m", "sh", "-c", &shell]);
        } else {
            inside.run(&[vec!["new-session", "-d"], size, vec!["sh", "-c", &shell]].concat());
        }
        inside
    }

    fn env(&self) -> Vec<(&'static str, String)> {
        let text = |p: &std::path::Path| p.to_str().unwrap().to_owned();
        vec![
            ("HOME", text(self.home.path())),
            ("SCREENDIR", text(&self.dir)),
            ("SHELL", "/bin/sh".into()),
            ("LANG", "C.UTF-8".into()),
            ("TERM", "xterm-256color".into()),
        ]
    }

    fn program(&self) -> (&'static str, Vec<&str>) {
        if self.screen {
            ("screen", vec!["-c", "/dev/null"])
        } else {
            ("tmux", vec!["-L", &self.name, "-f", "/dev/null"])
        }
    }

    fn run(&self, args: &[&str]) -> String {
        let (program, first) = self.program();
        let done = Command::new(program)
            .args(first)
            .args(args)
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap())
            .envs(self.env())
            .stdin(Stdio::null())
            .output()
            .unwrap();
        String::from_utf8_lossy(&[done.stdout, done.stderr].concat()).into_owned()
    }

    /// What its window shows.
    fn shows(&self) -> String {
        if !self.screen {
            return self.run(&["capture-pane", "-p"]);
        }
        let file = self.dir.join("hardcopy");
        let _ = std::fs::remove_file(&file);
        self.run(&["-S", &self.name, "-X", "hardcopy", file.to_str().unwrap()]);
        let end = Instant::now() + Duration::from_secs(60);
        // It is written by the server, a little later.
        while !file.exists() && Instant::now() < end {
            std::thread::sleep(Duration::from_millis(10));
        }
        std::thread::sleep(Duration::from_millis(20));
        String::from_utf8_lossy(&std::fs::read(&file).unwrap_or_default()).into_owned()
    }

    #[track_caller]
    fn until(&self, what: &str, good: impl Fn(&str) -> bool) -> String {
        let end = Instant::now() + Duration::from_secs(20);
        loop {
            let all = self.shows();
            if good(&all) {
                return all;
            }
            assert!(Instant::now() < end, "waited for {what}:\n{all}");
            std::thread::sleep(Duration::from_millis(30));
        }
    }

    fn keys(&self, keys: &str) {
        for key in keys.split(' ') {
            if self.screen {
                self.run(&["-S", &self.name, "-X", "stuff", if key == "Escape" { "\x1b" } else { key }]);
            } else {
                self.run(&["send-keys", key]);
            }
            // A finger's pause: three keys in 10 ms open no act, and a fast machine is that fast.
            std::thread::sleep(Duration::from_millis(if key == "Escape" { 600 } else { 25 }));
        }
    }

    /// A client in a terminal of its own.
    fn attach(&self, cols: u16, rows: u16) -> Pty {
        let (program, first) = self.program();
        let rest = if self.screen { vec!["-U", "-d", "-r", &self.name] } else { vec!["attach"] };
        let env = self.env();
        let env: Vec<(&str, &str)> = env.iter().map(|(k, v)| (*k, v.as_str())).collect();
        Pty::spawn(program, &[first, rest].concat(), &env, cols, rows)
    }
}

impl Drop for Inside {
    fn drop(&mut self) {
        if self.screen {
            self.run(&["-S", &self.name, "-X", "quit"]);
        } else {
            self.run(&["kill-server"]);
        }
        let _ = std::fs::remove_dir_all(&self.dir);
    }
}

fn played(inside: &Inside) {
    let awake = |s: &str| s.contains("DRILL") && s.contains("a acts on") && !s.contains("WAKING");
    let first = inside.until("the drill", awake);
    assert!(first.starts_with("ANDON  DRILL"), "{first}");
    inside.keys("o");
    inside.until("the sources", |s| s.contains("CALLS/MIN"));
    inside.keys("b");
    inside.until("the board", |s| s.contains("SERVICE"));
    inside.keys("a h");
    inside.until("a dialog", |s| s.contains("HOLD"));
    inside.keys("Escape");
    inside.until("closed", |s| s.contains("nothing was started") || s.contains("a acts on"));

    // Seen through a client, which is another size; detached, attached again, and the next client is killed.
    let mut client = inside.attach(100, 31);
    client.wait_until("the drill in its client", |g| g.contains("DRILL") && g.contains("a acts on"));
    client.keys("v");
    client.wait_for("YOU CAN");
    client.resize(70, 20);
    client.wait_until("the new size", |g| g.contains("DRILL") && g.contains("a acts on"));
    client.send(if inside.screen { "\x01d" } else { "\x02d" });
    assert_eq!(client.wait_exit(), 0);
    let mut client = inside.attach(80, 24);
    client.wait_until("the drill again", |g| g.contains("DRILL") && g.contains("a acts on"));
    client.keys("b");
    client.wait_for("SERVICE");
    client.signal(Signal::KILL);
    assert_eq!(client.wait_exit(), 137);
    let before = inside.until("it lives on", awake);
    inside.keys("o");
    inside.until("it answers still", |s| s.contains("CALLS/MIN") && s != before);
    // A connection that is cut: the client's terminal hangs up.
    let mut client = inside.attach(80, 24);
    client.wait_until("the drill once more", |g| g.contains("DRILL"));
    client.hangup();
    client.wait_exit();
    inside.keys("b");
    inside.until("and still", |s| s.contains("SERVICE"));
    inside.keys("q");
    let last = inside.until("its end", |s| s.contains("code 0"));
    assert!(last.contains("log head"), "{last}");
}

#[test]
fn inside_tmux() {
    if !is_there("tmux") {
        return;
    }
    let inside = Inside::new(false);
    played(&inside);
    let modes = "#{alternate_on} #{cursor_flag} #{mouse_any_flag} #{keypad_flag} #{wrap_flag} #{origin_flag}";
    assert_eq!(inside.run(&["display-message", "-p", modes]).trim(), "0 1 0 0 1 0", "modes as tmux knows them");
}

#[test]
fn inside_screen() {
    if !is_there("screen") {
        return;
    }
    let inside = Inside::new(true);
    played(&inside);
    let server = inside.run(&["-ls"]);
    assert!(server.contains(&inside.name), "{server}");
    let pid = server.split_whitespace().find_map(|w| w.split('.').next()?.parse::<u32>().ok()).unwrap();
    let shell = children(pid)[0];
    assert!(children(shell).is_empty(), "andon has ended, the shell waits");
}
