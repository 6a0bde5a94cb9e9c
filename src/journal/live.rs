//! The file beside a log that tells whether its session still runs, and what its person is at: `<session>.live`, made
//! before the log, a lock held on it while the session runs, rewritten in place, removed at a clean end. Not part of the log.

use super::append::{create_to_rewrite, open_to_read};
use super::lock::Locked;
use super::record::ascii;
use crate::core::case::people::{Here, OpenDialog, Present};
use crate::core::id::TargetId;
use crate::core::time::Utc;
use rustix::fs::{FlockOperation, flock};
use rustix::io::Errno;
use serde_json::{Map, Value, json};
use std::fs::File;
use std::io::{self, Read};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

/// Where locks do not work, a live file written to less than this long ago means a running session (product.md section 9).
pub const LIVE_FOR: Duration = Duration::from_secs(90);
/// It is rewritten this often, changed or not.
pub const BEAT: Duration = Duration::from_secs(30);
/// The most that is read of another's. Bytes.
const MOST: u64 = 64 * 1024;
/// Texts in it are cut to so many characters: nobody's screen needs more.
const TEXT: usize = 256;

/// What stays the same while the session runs.
#[derive(Clone, Debug, Default)]
pub struct Me {
    pub session: String,
    pub user: String,
    pub claimed: Option<String>,
    pub host: String,
    pub since: Utc,
}

impl Me {
    /// Nobody in particular.
    pub fn named(session: &str) -> Me {
        Me { session: session.to_owned(), ..Me::default() }
    }
}

/// This session's live file. The lock ends with the last handle on it or with the process, whichever comes first.
pub struct Live {
    path: PathBuf,
    file: LiveFile,
}

/// To write what it says.
#[derive(Clone)]
pub struct LiveFile {
    me: Arc<Me>,
    file: Arc<Locked>,
}

impl Live {
    /// Makes the file and takes the lock. A file system without locks is no error: readers then go by age.
    pub fn begin(dir: &Path, me: Me, mode: u32) -> io::Result<Live> {
        let path = path(dir, &me.session);
        let file = Locked::new(create_to_rewrite(&path, mode)?);
        // A reader that looks holds a shared lock for a moment.
        for _ in 0..20 {
            match lock(&file, FlockOperation::NonBlockingLockExclusive) {
                Err(Errno::WOULDBLOCK | Errno::INTR) => std::thread::sleep(Duration::from_millis(2)),
                _ => break,
            }
        }
        let since = me.since;
        let live = Live { path, file: LiveFile { me: Arc::new(me), file: Arc::new(file) } };
        match live.file.say(&Here::default(), since) {
            // The lock says that we run; what we do is told once there is room.
            Err(e) if matches!(e.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded) => {
                tracing::warn!(error = %e, "live file");
            }
            Err(e) => {
                live.end();
                return Err(e);
            }
            Ok(()) => {}
        }
        Ok(live)
    }

    /// To be kept up to date by somebody else.
    pub fn file(&self) -> LiveFile {
        self.file.clone()
    }

    /// A clean end.
    pub fn end(self) {
        // Left behind it only says "ended", since its lock is free.
        let _ = std::fs::remove_file(&self.path);
    }
}

impl LiveFile {
    /// Rewrites the file in place. `now`: own UTC. The line is written whole before what a longer one left is cut off, and
    /// readers take the first line only, so none of them sees half of it.
    pub fn say(&self, here: &Here, now: Utc) -> io::Result<()> {
        let me = &*self.me;
        let mut m = Map::new();
        let mut put = |name: &str, value: Value| m.insert(name.to_owned(), value);
        put("v", 1.into());
        put("session", me.session.as_str().into());
        put("user", cut(&me.user).into());
        if let Some(claimed) = here.claimed.as_deref().or(me.claimed.as_deref()) {
            put("claimed", cut(claimed).into());
        }
        put("host", cut(&me.host).into());
        put("since", me.since.rfc3339().into());
        put("at", now.rfc3339().into());
        put("pid", std::process::id().into());
        if !here.screen.is_empty() {
            put("screen", cut(&here.screen).into());
        }
        if let Some(on) = &here.on {
            put("on", cut(on).into());
        }
        if let Some(d) = &here.dialog {
            put("dialog", json!({ "verb": cut(&d.verb), "targets": d.targets }));
        }
        put("armed", here.armed.into());
        if let Some(at) = here.last_key {
            put("last_key", at.rfc3339().into());
        }
        let mut line = ascii(&m)?;
        line.push(b'\n');
        self.file.write_all_at(&line, 0)?;
        self.file.set_len(line.len() as u64)
    }
}

fn cut(text: &str) -> String {
    text.chars().take(TEXT).collect()
}

/// What another's live file says, and when it said so (its own UTC). `None`: nothing that can be read, now; what was read
/// before still holds.
pub fn read(dir: &Path, session: &str) -> Option<(Present, Option<Utc>)> {
    let mut bytes = Vec::new();
    open_to_read(&path(dir, session)).ok()?.take(MOST).read_to_end(&mut bytes).ok()?;
    let line = bytes.split(|b| *b == b'\n').next().filter(|l| l.len() < bytes.len())?;
    let v: Value = serde_json::from_slice(line).ok()?;
    let text = |v: &Value| v.as_str().map(|s| Arc::from(cut(s)));
    let time = |v: &Value| Utc::read(v.as_str()?);
    let dialog = v.get("dialog").and_then(|d| {
        let targets = d.get("targets")?.as_array()?;
        let targets = targets.iter().filter_map(|t| serde_json::from_value::<TargetId>(t.clone()).ok()).collect();
        Some(OpenDialog { verb: text(d.get("verb")?)?, targets })
    });
    let here = Here {
        screen: text(&v["screen"]).unwrap_or_default(),
        on: text(&v["on"]),
        dialog,
        armed: v["armed"] == true,
        last_key: time(&v["last_key"]),
        claimed: None,
    };
    let present = Present {
        // The name of the file, not what it says: nobody speaks for another session.
        session: session.into(),
        user: text(&v["user"]).unwrap_or_default(),
        claimed: text(&v["claimed"]),
        host: text(&v["host"]).unwrap_or_default(),
        since: time(&v["since"]),
        skew_ms: 0,
        here,
    };
    Some((present, time(&v["at"])))
}

/// Does the session of `<dir>/<session>.jsonl` still run? In doubt: yes, so that nobody closes its acts for it.
pub fn runs(dir: &Path, session: &str) -> bool {
    let path = path(dir, session);
    let file = match open_to_read(&path) {
        Ok(f) => Locked::new(f),
        Err(e) => return e.kind() != io::ErrorKind::NotFound,
    };
    let locked = lock(&file, FlockOperation::NonBlockingLockShared);
    // Ahead of our clock counts as just now.
    let age = || file.metadata().and_then(|m| m.modified()).map(|at| at.elapsed().unwrap_or_default()).ok();
    held(locked, age, live_for())
}

/// By the lock, or by the file's age where there are no locks.
fn held(locked: Result<(), Errno>, age: impl FnOnce() -> Option<Duration>, live_for: Duration) -> bool {
    match locked {
        // Free (our shared lock ends with the file): nobody holds it.
        Ok(()) => false,
        Err(Errno::WOULDBLOCK) => true,
        Err(_) => age().is_none_or(|age| age < live_for),
    }
}

fn lock(file: &File, how: FlockOperation) -> Result<(), Errno> {
    #[cfg(feature = "testkit")]
    if no_locks().is_some() {
        return Err(Errno::NOTSUP);
    }
    flock(file, how)
}

/// `ANDON_TEST_NO_LOCKS`: as on a file system without locks; so many milliseconds mean ended.
#[cfg(feature = "testkit")]
fn no_locks() -> Option<Duration> {
    Some(Duration::from_millis(std::env::var("ANDON_TEST_NO_LOCKS").ok()?.parse().ok()?))
}

/// How old a live file may be on a file system without locks.
fn live_for() -> Duration {
    #[cfg(feature = "testkit")]
    if let Some(ms) = no_locks() {
        return ms;
    }
    LIVE_FOR
}

/// How often it is rewritten.
pub fn beat() -> Duration {
    live_for().min(LIVE_FOR) / 3
}

fn path(dir: &Path, session: &str) -> PathBuf {
    dir.join(format!("{session}.live"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::journal::scratch::{Scratch, at, target};

    fn begin(dir: &Path, session: &str) -> io::Result<Live> {
        Live::begin(dir, Me { user: "ito".into(), host: "bastion2".into(), ..Me::named(session) }, 0o600)
    }

    #[test]
    fn a_session_runs_while_it_holds_its_lock() {
        let dir = Scratch::new();
        assert!(!runs(dir.path(), "a"));
        let live = begin(dir.path(), "a").expect("begun");
        assert!(runs(dir.path(), "a"));
        assert!(begin(dir.path(), "a").is_err());
        // Killed: the file stays, the lock is free.
        drop(live);
        assert!(dir.path().join("a.live").exists());
        assert!(!runs(dir.path(), "a"));
        let live = begin(dir.path(), "b").expect("begun");
        live.end();
        assert!(!dir.path().join("b.live").exists());
    }

    #[test]
    fn without_locks_it_runs_while_the_file_is_young_and_in_doubt_it_runs() {
        for (locked, age, runs) in [
            (Ok(()), 0, false),
            (Err(Errno::WOULDBLOCK), 1_000, true),
            (Err(Errno::NOTSUP), 89, true),
            (Err(Errno::NOLCK), 90, false),
        ] {
            assert_eq!(held(locked, || Some(Duration::from_secs(age)), LIVE_FOR), runs, "{locked:?} {age}");
        }
        assert!(held(Err(Errno::NOTSUP), || None, LIVE_FOR));
    }

    #[test]
    fn what_it_says_is_read_back_and_shrinks_in_place() {
        let dir = Scratch::new();
        let live = begin(dir.path(), "a").expect("begun");
        let (p, _) = read(dir.path(), "a").expect("there from the start");
        assert_eq!((&*p.user, &*p.host, p.is_console()), ("ito", "bastion2", false));
        let here = Here {
            screen: "verdict".into(),
            on: Some("checkout@eu-1".into()),
            dialog: Some(OpenDialog { verb: "roll back".into(), targets: vec![target()] }),
            armed: true,
            last_key: Some(at(0).utc),
            claimed: Some("mira".into()),
        };
        live.file().say(&here, at(5).utc).expect("written");
        let (p, when) = read(dir.path(), "a").expect("read");
        assert_eq!((p.name(), when), ("mira", Some(at(5).utc)));
        assert_eq!(p.here, Here { claimed: None, ..here });
        let long = std::fs::metadata(dir.path().join("a.live")).expect("there").len();
        live.file().say(&Here { screen: "board".into(), ..Here::default() }, at(6).utc).expect("written");
        let text = std::fs::read_to_string(dir.path().join("a.live")).expect("text");
        assert!(text.len() < usize::try_from(long).expect("small") && text.ends_with("}\n"), "{text}");
        assert_eq!(read(dir.path(), "a").expect("read").0.here.dialog, None);
    }

    #[test]
    fn what_cannot_be_read_is_nothing_and_a_longer_line_behind_is_left_alone() {
        let dir = Scratch::new();
        let file = dir.path().join("a.live");
        for bad in ["", "{\"user\":\"ito\"", "[\n", "\u{0}\u{0}\n"] {
            std::fs::write(&file, bad).expect("written");
            let got = read(dir.path(), "a").map(|(p, _)| p.user.to_string());
            assert_eq!(got.filter(|u| !u.is_empty()), None, "{bad:?}");
        }
        std::fs::write(&file, "{\"user\":7,\"dialog\":3,\"session\":\"b\",\"screen\":\"x\"}\nof a longer one\"}\n")
            .expect("written");
        let (p, at) = read(dir.path(), "a").expect("an object");
        assert_eq!((&*p.session, &*p.user, &*p.here.screen, at), ("a", "", "x", None));
    }
}
