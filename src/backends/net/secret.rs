//! Where a token comes from and how it stays unseen. Read anew for each use, because projected tokens rotate.
//! Nothing here may show a value.

use crate::core::redact::{self, Values};
use reqwest::header::HeaderValue;
use std::fmt;
use std::io::Read;
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::{PoisonError, RwLock, TryLockError};
use std::time::{Duration, Instant};

/// Every credential this process has read, so that it is found where it must not be. The newest of rotating ones.
static KNOWN: RwLock<Values> = RwLock::new(Values::new());

/// From now on this value is found by [`find`], [`clean`] and [`blot`].
pub fn learn(value: &str) {
    let value = value.trim();
    // Tokens are read anew for every request: nearly always it is known.
    if !KNOWN.read().unwrap_or_else(PoisonError::into_inner).holds(value) {
        KNOWN.write().unwrap_or_else(PoisonError::into_inner).learn(value);
    }
}

fn known<T>(look: impl FnOnce(&Values) -> T) -> Option<T> {
    match KNOWN.try_read() {
        Ok(values) => Some(look(&values)),
        Err(TryLockError::Poisoned(values)) => Some(look(&values.into_inner())),
        // The thread that panics may be the one that writes.
        Err(TryLockError::WouldBlock) if std::thread::panicking() => None,
        Err(TryLockError::WouldBlock) => Some(look(&KNOWN.read().unwrap_or_else(PoisonError::into_inner))),
    }
}

/// The text without credentials this process holds, and how many there were. `None`: none.
pub fn find(text: &str) -> Option<(String, usize)> {
    known(|values| values.clean(text)).flatten()
}

/// The text without those, and without what looks like a secret.
pub fn clean(text: &str) -> String {
    match find(text) {
        Some((text, _)) => redact::clean(&text).into_owned(),
        None => redact::clean(text).into_owned(),
    }
}

/// Overwrites them with `*` in bytes whose length must stay.
pub fn blot(bytes: &mut [u8]) {
    known(|values| values.blot(bytes));
}

const COMMAND_TIMEOUT: Duration = Duration::from_secs(10);
/// No token is longer; a file that is was named by mistake.
const TOKEN_CAP: u64 = 64 * 1024;

/// A value nobody prints: no Debug, no Display, no Clone, no Serialize.
pub struct Secret(String);

impl Secret {
    fn new(text: &str) -> Result<Secret, String> {
        match text.trim() {
            "" => Err("is empty".to_owned()),
            t => {
                learn(t);
                Ok(Secret(t.to_owned()))
            }
        }
    }

    /// The value after a scheme's word (`Bearer `), marked sensitive, so that a request's Debug does not show it.
    /// `None`: not fit for a header.
    pub fn header(&self, scheme: &str) -> Option<HeaderValue> {
        let mut v = HeaderValue::from_str(&format!("{scheme}{}", self.0)).ok()?;
        v.set_sensitive(true);
        Some(v)
    }

    /// `user:value` in base64 (RFC 7617), as secret as the value.
    #[must_use]
    pub fn with_user(&self, user: &str) -> Secret {
        let pair = base64(format!("{user}:{}", self.0).as_bytes());
        learn(&pair);
        Secret(pair)
    }

    /// Overwrites the value with `*` wherever it stands in `text`: proxies and debugging pages send back what they
    /// were sent, and errors quote them.
    pub fn hide(&self, text: &mut [u8]) {
        // Nearly every answer holds none, and some have megabytes.
        if !String::from_utf8_lossy(text).contains(&self.0) {
            return;
        }
        let value = self.0.as_bytes();
        let mut at = 0;
        while let Some(here) = text.get(at..at + value.len()) {
            if here == value {
                text[at..at + value.len()].fill(b'*');
                at += value.len();
            } else {
                at += 1;
            }
        }
    }
}

/// RFC 4648 section 4, with padding.
fn base64(bytes: &[u8]) -> String {
    const ABC: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for three in bytes.chunks(3) {
        let at = |i: usize| u32::from(three.get(i).copied().unwrap_or(0));
        let bits = at(0) << 16 | at(1) << 8 | at(2);
        for i in 0..4 {
            let six = (bits >> (18 - 6 * i) & 63) as usize;
            out.push(if i <= three.len() { char::from(ABC[six]) } else { '=' });
        }
    }
    out
}

/// The place of a token, never the token.
#[derive(Clone, PartialEq, Eq)]
pub enum TokenFrom {
    File(PathBuf),
    /// The name of an environment variable.
    Env(String),
    /// Program and arguments, no shell; its standard output is the token. 10 s at most, no terminal.
    Command(Vec<String>),
}

impl TokenFrom {
    /// Reads the secret now; `what` it is, for the sentence: "the password".
    ///
    /// # Errors
    /// A sentence that names the place and never the value.
    pub async fn read_as(&self, what: &str) -> Result<Secret, String> {
        let from = self.clone();
        // Files may hang on a network mount and commands take seconds: neither may hold the runtime.
        match tokio::task::spawn_blocking(move || from.read_blocking()).await {
            Ok(read) => read.map_err(|why| format!("{what} from {self} {why}")),
            Err(_) => Err(format!("reading {what} from {self} was cut off")),
        }
    }

    fn read_blocking(&self) -> Result<Secret, String> {
        match self {
            TokenFrom::File(path) => {
                let file = std::fs::File::open(path).map_err(|e| cannot(&e))?;
                let mut text = String::new();
                file.take(TOKEN_CAP).read_to_string(&mut text).map_err(|e| cannot(&e))?;
                Secret::new(&text)
            }
            TokenFrom::Env(name) => match std::env::var(name) {
                Ok(text) => Secret::new(&text),
                Err(std::env::VarError::NotPresent) => Err("is not set".to_owned()),
                Err(std::env::VarError::NotUnicode(_)) => Err("is not text".to_owned()),
            },
            TokenFrom::Command(argv) => run(argv, COMMAND_TIMEOUT),
        }
    }
}

fn cannot(e: &std::io::Error) -> String {
    format!("cannot be read: {}", e.kind())
}

/// Runs without a terminal: no stdin, no stderr, and in a process group of its own, so that a prompt stops the
/// program instead of the console.
fn run(argv: &[String], limit: Duration) -> Result<Secret, String> {
    let (program, args) = argv.split_first().ok_or("names no program")?;
    let mut child = Command::new(program)
        .args(args)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .process_group(0)
        .spawn()
        .map_err(|e| format!("did not start: {}", e.kind()))?;
    let out = child.stdout.take();
    let reader = std::thread::spawn(move || {
        let mut text = String::new();
        out.map(|o| o.take(TOKEN_CAP).read_to_string(&mut text)).transpose().map(|_| text)
    });
    let end = Instant::now() + limit;
    let status = loop {
        match child.try_wait() {
            Ok(Some(status)) => break status,
            Ok(None) if Instant::now() < end => std::thread::sleep(Duration::from_millis(10)),
            Ok(None) => {
                // Already gone or not ours to end: either way there is no token.
                let _ = child.kill();
                let _ = child.wait();
                return Err(format!("did not come within {} s", limit.as_secs()));
            }
            Err(e) => return Err(cannot(&e)),
        }
    };
    if !status.success() {
        return Err(format!("failed: {status}; run it by hand to see why"));
    }
    // A grandchild may still hold the pipe; what is written after the program's end is not the token.
    while !reader.is_finished() {
        if Instant::now() >= end {
            return Err(format!("did not come within {} s", limit.as_secs()));
        }
        std::thread::sleep(Duration::from_millis(1));
    }
    match reader.join() {
        Ok(Ok(text)) => Secret::new(&text),
        Ok(Err(e)) => Err(cannot(&e)),
        Err(_) => Err("could not be read".to_owned()),
    }
}

impl fmt::Display for TokenFrom {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            TokenFrom::File(path) => write!(f, "file {}", path.display()),
            TokenFrom::Env(name) => write!(f, "variable {name}"),
            // Arguments may name vault paths and accounts; the program is enough to find it.
            TokenFrom::Command(argv) => {
                write!(f, "command {}", argv.first().map_or("", String::as_str))
            }
        }
    }
}

impl fmt::Debug for TokenFrom {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TokenFrom({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sh(script: &str) -> TokenFrom {
        TokenFrom::Command(vec!["sh".into(), "-c".into(), script.into()])
    }

    #[tokio::test]
    async fn a_command_gives_its_output_and_no_more() {
        let secret = sh("echo '  s3cret  '; echo noise >&2").read_as("the token").await;
        let header = secret.ok().and_then(|s| s.header("Bearer ")).expect("header");
        assert_eq!(header.as_bytes(), b"Bearer s3cret");
        assert!(!format!("{header:?}").contains("s3cret"));
        assert!(!format!("{:?}", sh("echo s3cret")).contains("s3cret"));
    }

    #[test]
    fn a_value_sent_back_is_hidden_wherever_it_stands() {
        let Ok(secret) = Secret::new("s3cret") else { panic!("a value") };
        for (said, shown) in
            [("s3cret", "******"), ("", ""), ("s3cre", "s3cre"), ("a s3crets3cret s3s3cret", "a ************ s3******")]
        {
            let mut text = said.as_bytes().to_vec();
            secret.hide(&mut text);
            assert_eq!(String::from_utf8_lossy(&text), shown);
        }
    }

    #[tokio::test]
    async fn what_is_missing_is_named_and_never_shown() {
        let cases = [
            (sh("echo s3cret; exit 3"), "failed: exit status: 3"),
            (sh("true"), "is empty"),
            (TokenFrom::Command(vec![]), "names no program"),
            (TokenFrom::File("/nowhere/prom.token".into()), "/nowhere/prom.token cannot be read"),
            (TokenFrom::Env("ANDON_TEST_NO_SUCH".into()), "ANDON_TEST_NO_SUCH is not set"),
        ];
        for (from, said) in cases {
            let why = from.read_as("the token").await.err().expect("no token");
            assert!(why.contains(said), "{why}");
            assert!(!why.contains("s3cret"), "{why}");
        }
    }

    #[test]
    fn base64_has_its_padding() {
        // RFC 4648 section 10.
        for (of, is) in [("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foobar", "Zm9vYmFy")] {
            assert_eq!(base64(of.as_bytes()), is);
        }
    }

    #[test]
    fn a_command_that_hangs_is_ended() {
        let argv = ["sleep".to_owned(), "30".to_owned()];
        let why = run(&argv, Duration::from_millis(50)).err().expect("ended");
        assert!(why.contains("did not come"), "{why}");
    }
}
