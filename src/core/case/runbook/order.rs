//! A command step: what it starts, under which limits, as it is shown; the order the engine gets, and how it ended. Facts
//! reach a program as environment variables, never as text inside another text.

use super::want::{Judged, Want, judge_text};
use super::{Runbook, short};
use crate::core::act::plan::Ticket;
use crate::core::seal::sha256_hex;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// A command may take this long when its step does not say. Milliseconds (limits.md section 4).
pub const TIMEOUT_MS: i64 = 60_000;
/// And never longer than this.
pub const TIMEOUT_MOST_MS: i64 = 30 * 60_000;
/// Output kept, in bytes; what is longer than 32 kB lies beside the log.
pub const OUTPUT_MOST: usize = 10 * 1024 * 1024;
/// What a program gets of our environment without being named.
pub const ENV_ALWAYS: [&str; 3] = ["PATH", "HOME", "LANG"];

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Command {
    /// The program and its words, as they are handed to the system. At least one.
    pub argv: Vec<Arc<str>>,
    /// It was written with `sh:`, or in a shell block: `argv` is `/bin/sh -c TEXT`.
    pub shell: bool,
    /// The name is typed as well.
    pub danger: bool,
    /// Milliseconds, at most [`TIMEOUT_MOST_MS`].
    pub timeout_ms: i64,
    /// Working directory; `None`: `/`.
    pub dir: Option<Arc<str>>,
    /// Names of variables of our environment that it gets besides [`ENV_ALWAYS`].
    pub env: Vec<Arc<str>>,
    pub wants: Vec<Want>,
    /// A shell block of a file that was not written for andon.
    pub unmarked: bool,
}

impl Command {
    pub fn of(argv: Vec<Arc<str>>, shell: bool) -> Command {
        Command {
            argv,
            shell,
            danger: false,
            timeout_ms: TIMEOUT_MS,
            dir: None,
            env: Vec::new(),
            wants: Vec::new(),
            unmarked: false,
        }
    }

    pub fn of_shell(text: &str) -> Command {
        Command::of(vec!["/bin/sh".into(), "-c".into(), text.into()], true)
    }

    /// In one line: each word as it stands, or quoted where a reader could take it for two or for nothing.
    pub fn words(&self) -> String {
        if let (true, Some(text)) = (self.shell, self.argv.get(2)) {
            return format!("sh: {}", text.replace('\n', "; "));
        }
        self.argv.iter().map(|w| quoted(w)).collect::<Vec<_>>().join(" ")
    }

    /// Word by word for the dialog, a shell's text line by line.
    pub fn lines(&self) -> Vec<String> {
        match (self.shell, self.argv.get(2)) {
            (true, Some(text)) => {
                let head = "/bin/sh -c with this text:".to_owned();
                std::iter::once(head).chain(text.lines().map(|l| format!("  {l}"))).collect()
            }
            _ => vec![self.argv.iter().map(|w| quoted(w)).collect::<Vec<_>>().join(" ")],
        }
    }

    pub fn dir(&self) -> &str {
        self.dir.as_deref().unwrap_or("/")
    }

    /// Lower-case hex SHA-256 of all that decides what runs: words, directory, variables, limit.
    pub fn hash(&self) -> String {
        let all = serde_json::json!([self.argv, self.dir(), self.env, self.timeout_ms]);
        sha256_hex(all.to_string().as_bytes())
    }

    /// `within 1m, in /srv`
    pub fn limits(&self) -> String {
        format!("at most {}, in {}", short(self.timeout_ms), self.dir())
    }
}

fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./:=@%+,".contains(c);
    if !word.is_empty() && word.chars().all(plain) { word.to_owned() } else { format!("{word:?}") }
}

/// What the engine is to start: exactly what the dialog showed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Order {
    pub ticket: Ticket,
    pub runbook: Arc<str>,
    pub step: u32,
    /// The file is read again before anything starts; with another hash nothing does.
    pub file: Option<Arc<str>>,
    pub hash: Arc<str>,
    pub command: Command,
    /// `ANDON_SERVICE` and its like, as the dialog showed them.
    pub vars: Vec<(Arc<str>, Arc<str>)>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum How {
    Exit(i32),
    Signal(i32),
    /// A person stopped it.
    Stopped,
    TimedOut,
    /// It never started, or was not let.
    NotRun(Arc<str>),
    /// A drill's scenario told no answer: nothing ran, and nothing is known.
    Unknown(Arc<str>),
}

/// How a command ended.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Ended {
    pub how: How,
    pub took_ms: i64,
    /// Bytes it wrote, kept or not.
    pub bytes: u64,
    /// Of all it wrote, lower-case hex.
    pub sha256: Arc<str>,
    /// Its first lines, without secrets.
    pub first: Vec<Arc<str>>,
    /// Its last lines, without secrets.
    pub tail: Vec<Arc<str>>,
    /// Processes it left behind, which were ended.
    pub left: u32,
    pub judged: Judged,
    /// The file changed since the dialog: what it says now.
    pub fresh: Option<Box<Runbook>>,
}

impl Ended {
    /// Nothing ran.
    pub fn not_run(why: impl Into<Arc<str>>) -> Ended {
        let why = why.into();
        Ended {
            how: How::NotRun(why.clone()),
            took_ms: 0,
            bytes: 0,
            sha256: sha256_hex(b"").into(),
            first: Vec::new(),
            tail: Vec::new(),
            left: 0,
            judged: Judged::no(why),
            fresh: None,
        }
    }

    /// What a scenario tells of a program that did not run.
    pub fn told(order: &Order, exit: i32, text: &str) -> Ended {
        let lines: Vec<Arc<str>> = text.lines().map(Arc::from).collect();
        Ended {
            how: How::Exit(exit),
            bytes: text.len() as u64,
            sha256: sha256_hex(text.as_bytes()).into(),
            first: lines.iter().take(3).cloned().collect(),
            tail: lines,
            judged: judge_text(exit, false, text, &order.command.wants),
            ..Ended::not_run("")
        }
    }

    /// `exit 1 after 3s`
    pub fn words(&self) -> String {
        let after = if self.took_ms >= 1_000 { format!(" after {}", short(self.took_ms)) } else { String::new() };
        let left = match self.left {
            0 => String::new(),
            n => format!(", {n} processes it left were ended"),
        };
        match &self.how {
            How::Exit(code) => format!("exit {code}{after}{left}"),
            How::Signal(n) => format!("ended by signal {n}{after}{left}"),
            How::Stopped => format!("stopped by hand{after}"),
            How::TimedOut => format!("out of time{after}, stopped"),
            How::NotRun(why) => format!("nothing ran: {why}"),
            How::Unknown(why) => why.to_string(),
        }
    }

    /// The step is done only where it ran to its end by itself and every wish is met.
    pub fn passed(&self) -> bool {
        matches!(self.how, How::Exit(_)) && self.judged.pass
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_that_could_be_read_as_two_is_quoted() {
        let c = Command::of(["kubectl", "get", "a b", "", "x;rm -rf /", "\u{1b}[2J"].map(Arc::from).to_vec(), false);
        assert_eq!(c.words(), r#"kubectl get "a b" "" "x;rm -rf /" "\u{1b}[2J""#);
        assert_eq!(Command::of_shell("a\nb").words(), "sh: a; b");
    }

    #[test]
    fn every_part_that_decides_what_runs_is_in_the_hash() {
        let a = Command::of(vec!["a".into(), "b c".into()], false);
        let mut other = [(); 4].map(|()| a.clone());
        other[0].argv = vec!["a".into(), "b".into(), "c".into()];
        other[1].dir = Some("/tmp".into());
        other[2].env = vec!["KUBECONFIG".into()];
        other[3].timeout_ms = 5;
        for o in other {
            assert_ne!(o.hash(), a.hash(), "{o:?}");
        }
    }

    #[test]
    fn only_an_end_by_itself_passes() {
        let ran = |how, pass| Ended { how, judged: Judged { pass, ..Judged::default() }, ..Ended::not_run("") };
        assert!(ran(How::Exit(0), true).passed() && ran(How::Exit(3), true).passed());
        for how in [How::Signal(9), How::Stopped, How::TimedOut, How::NotRun("".into()), How::Unknown("".into())] {
            assert!(!ran(how, true).passed());
        }
        assert!(!ran(How::Exit(0), false).passed());
    }
}
