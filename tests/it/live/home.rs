//! A person's place for one test: their own home, config, log and kubeconfig, and the real console in a terminal.
//!
//! Reads the log from its files and the screen from the terminal; asks nothing of the code under test.

use super::lab::{Lab, User};
use crate::pty::Pty;
use serde_json::Value;
use std::path::PathBuf;
use std::process::Command;
use std::time::{Duration, Instant};

/// The environment of every config written here.
const ENVIRONMENT: &str = "lab";

pub struct Home {
    dir: PathBuf,
    kubeconfig: PathBuf,
}

impl Home {
    /// A home of `user`, with `service` known to its config: 99.9 % over 30 days, tier 2. `prom`: a Prometheus beside
    /// the cluster that scrapes every 2 s.
    pub fn new(lab: &Lab, user: User, service: &str, prom: Option<&str>) -> Home {
        Home::of_person(lab, &format!("{user:?}"), user, service, prom)
    }

    /// The same for one of several people who have the same rights: each has a log of their own.
    pub fn of_person(lab: &Lab, who: &str, user: User, service: &str, prom: Option<&str>) -> Home {
        let dir = crate::home::base().join(format!("andon-live-{service}-{who}"));
        // Left over from a run that was killed.
        let _ = std::fs::remove_dir_all(&dir);
        std::fs::create_dir_all(&dir).expect("a directory for the test");
        let kubeconfig = lab.kubeconfig(user);
        let context = format!("lab-{}", kubeconfig.file_stem().expect("a file").display());
        let sources = if prom.is_some() { r#""eu-1", "metrics""# } else { r#""eu-1""# };
        let metrics = prom.map_or_else(String::new, |url| {
            let queries = "[source.metrics.queries]\nscrape = \"2s\"\n";
            format!("[source.metrics]\ntype = \"prometheus\"\nurl = \"{url}\"\n{queries}")
        });
        let config = format!(
            "[environment.{ENVIRONMENT}]\nsources = [{sources}]\nproduction = true\n\
             [source.eu-1]\ntype = \"kubernetes\"\ncontext = \"{context}\"\nnamespaces = [\"shop\"]\n{metrics}\
             [service.{service}]\ntier = 2\nslo = {{ objective = 99.9, window = \"30d\" }}\n"
        );
        std::fs::write(dir.join("config.toml"), config).expect("a config");
        Home { dir, kubeconfig }
    }

    fn env(&self) -> [(&'static str, String); 5] {
        let text = |p: &PathBuf| p.to_str().expect("a plain path").to_owned();
        [
            ("HOME", text(&self.dir)),
            ("XDG_STATE_HOME", text(&self.dir.join("state"))),
            ("ANDON_CONFIG", text(&self.dir.join("config.toml"))),
            ("KUBECONFIG", text(&self.kubeconfig)),
            (crate::home::ALONE.0, crate::home::ALONE.1.to_owned()),
        ]
    }

    /// The console at its design size.
    pub fn open(&self) -> Console {
        self.open_at(80, 23)
    }

    /// The console at another size.
    pub fn open_at(&self, cols: u16, rows: u16) -> Console {
        let env = self.env();
        let env: Vec<(&str, &str)> = env.iter().map(|(k, v)| (*k, v.as_str())).collect();
        Console { pty: Pty::spawn(env!("CARGO_BIN_EXE_andon"), &[], &env, cols, rows) }
    }

    /// Runs `andon args…` without a terminal: whether it ended with 0, and what it printed.
    pub fn andon(&self, args: &[&str]) -> (bool, String) {
        let (code, said) = self.code(args);
        (code == 0, said)
    }

    /// Runs `andon args…` without a terminal: its exit code, and what it printed.
    pub fn code(&self, args: &[&str]) -> (i32, String) {
        let out = Command::new(env!("CARGO_BIN_EXE_andon"))
            .args(args)
            .args(["--env", ENVIRONMENT])
            .envs(self.env())
            .output()
            .expect("andon starts");
        let said = [out.stdout, out.stderr].concat();
        (out.status.code().unwrap_or(-1), String::from_utf8_lossy(&said).into_owned())
    }

    /// Every whole record of every session here, in the order of writing.
    pub fn records(&self) -> Vec<Value> {
        let dir = self.dir.join("state/andon").join(ENVIRONMENT).join("log");
        let Ok(files) = std::fs::read_dir(&dir) else { return Vec::new() };
        let mut all: Vec<Value> = files
            .filter_map(|f| std::fs::read_to_string(f.ok()?.path()).ok())
            .flat_map(|text| text.lines().filter_map(|l| serde_json::from_str(l).ok()).collect::<Vec<Value>>())
            .collect();
        all.sort_by_key(|r| (r["hlc"][0].as_i64(), r["hlc"][1].as_i64()));
        all
    }

    /// What the log tells of acts, as kinds: `["intent", "sent", …]`.
    pub fn acts(&self) -> Vec<String> {
        const OF_ACTS: [&str; 9] =
            ["intent", "sent", "accepted", "refused", "unknown", "seen", "settled", "stuck", "resolved"];
        let kinds = self.records().into_iter().filter_map(|r| r["kind"].as_str().map(str::to_owned));
        kinds.filter(|k| OF_ACTS.contains(&k.as_str())).collect()
    }

    /// The records of one kind.
    pub fn of(&self, kind: &str) -> Vec<Value> {
        self.records().into_iter().filter(|r| r["kind"] == kind).collect()
    }

    /// `andon log verify` holds, and `andon log tail` tells these in this order.
    #[track_caller]
    pub fn log_tells(&self, story: &[&str]) {
        let (whole, said) = self.andon(&["log", "verify"]);
        assert!(whole && said.contains("every chain holds"), "{said}");
        let (read, said) = self.andon(&["log", "tail", "-n", "2000"]);
        assert!(read, "{said}");
        let mut rest = said.as_str();
        for part in story {
            let at = rest.find(part).unwrap_or_else(|| panic!("no {part:?} (in this order: {story:?}) in\n{said}"));
            rest = &rest[at + part.len()..];
        }
    }
}

impl Drop for Home {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("kept to look at: {}", self.dir.display());
        } else {
            let _ = std::fs::remove_dir_all(&self.dir);
        }
    }
}

/// The console and its terminal.
pub struct Console {
    pub pty: Pty,
}

impl Console {
    /// Waits until the screen is as wanted; gives what it then showed.
    ///
    /// # Panics
    /// After `secs`, and not before 20, with the screen.
    #[track_caller]
    pub fn until(&self, what: &str, secs: u64, good: impl Fn(&[String]) -> bool) -> Vec<String> {
        // Patience, not a bound of the product's.
        let secs = secs.max(20);
        let start = Instant::now();
        loop {
            let lines = self.pty.screen();
            if good(&lines) {
                return lines;
            }
            assert!(
                start.elapsed() < Duration::from_secs(secs),
                "waited {secs} s in vain for {what}, screen:\n{}",
                lines.join("\n")
            );
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    /// Waits until one row shows `text`.
    #[track_caller]
    pub fn shows(&self, text: &str, secs: u64) -> Vec<String> {
        self.until(&format!("{text:?}"), secs, |lines| lines.iter().any(|l| l.contains(text)))
    }

    /// Waits until the first screen after waking is there.
    #[track_caller]
    pub fn awake(&self) {
        let drawn = |lines: &[String]| lines.iter().any(|l| l.starts_with("ANDON"));
        self.until("the end of waking", 30, |lines| drawn(lines) && !lines.iter().any(|l| l.contains("WAKING:")));
    }

    /// Chooses `service` by its whole name, as a person would who has been told it: `:`, the name, Enter. That is its
    /// Verdict screen.
    #[track_caller]
    pub fn choose(&mut self, service: &str) {
        self.awake();
        // Keys of the first moments after waking do not count.
        std::thread::sleep(Duration::from_millis(350));
        self.pty.keys("b");
        self.shows("SERVICE", 5);
        if !self.pty.look(|g| g.contains("fold")) {
            self.pty.keys("+");
        }
        let short: String = service.chars().take(6).collect();
        self.until(&format!("{short} on the Board"), 30, |lines| lines.iter().any(|l| l.contains(&short)));
        self.pty.keys(":");
        self.shows("take it", 5);
        self.pty.send(service);
        let typed = format!(":{service}");
        self.until("it among the suggestions", 5, |lines| {
            lines.iter().any(|l| l.starts_with(&typed)) && lines.iter().any(|l| l.contains("service at"))
        });
        self.pty.keys("Enter");
        let loud = service.to_uppercase();
        self.until("its Verdict", 5, |lines| {
            lines.iter().any(|l| l.to_uppercase().contains(&loud)) && !lines.iter().any(|l| l.contains("take it"))
        });
    }

    /// Waits for the dialog and confirms it: by the key as soon as it counts, or by the name where that is asked for.
    /// Says whether the name was typed.
    #[track_caller]
    pub fn confirm(&mut self, verb: &str) -> bool {
        let key = format!("Y {verb}");
        let lines = self.until(&format!("a {verb} dialog that can be confirmed"), 15, |lines| {
            lines.iter().any(|l| name_asked(l).is_some() || (l.contains(&key) && !l.contains("in a moment")))
        });
        match lines.iter().find_map(|l| name_asked(l)) {
            None => {
                self.pty.keys("Y");
                false
            }
            Some(name) => {
                self.name(&name);
                true
            }
        }
    }

    /// Types the name that is asked for.
    #[track_caller]
    pub fn name(&mut self, name: &str) {
        for c in name.chars() {
            self.pty.keys(&c.to_string());
        }
        self.shows(&format!("enter: {name}"), 5);
        // The dialog counts from when it was shown.
        std::thread::sleep(Duration::from_millis(750));
        self.pty.keys("Enter");
    }

    /// Waits until a name is asked for, and types it.
    #[track_caller]
    pub fn give_name(&mut self, secs: u64) {
        let lines = self.until("the name to be asked for", secs, |lines| lines.iter().any(|l| name_asked(l).is_some()));
        let name = lines.iter().find_map(|l| name_asked(l)).expect("seen a moment ago");
        self.name(&name);
    }

    /// Arms the console for forward acts.
    #[track_caller]
    pub fn arm(&mut self) {
        self.pty.keys("a a");
        self.confirm("arm");
        self.shows("ARMED", 5);
    }

    /// Leaves, also while armed or while an act is under way, and checks that the terminal is as it was.
    #[track_caller]
    pub fn quit(mut self) {
        self.pty.keys("q");
        std::thread::sleep(Duration::from_millis(200));
        self.pty.keys("q");
        assert_eq!(self.pty.wait_exit(), 0);
        assert_eq!(self.pty.modes_restored(), Ok(()));
    }
}

/// `type NAME and enter:` as the dialog asks.
fn name_asked(line: &str) -> Option<String> {
    let (_, rest) = line.split_once(" type ")?;
    let (name, _) = rest.split_once(" and enter:")?;
    Some(name.to_owned())
}
