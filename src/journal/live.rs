//! The file beside a log that tells whether its session still runs: `<session>.live`, made before the log, a lock held
//! on it while the session runs, removed at a clean end. Not part of the log.

use super::append::{create_new, open_to_read};
use rustix::fs::{FlockOperation, flock};
use std::fs::File;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Where locks do not work, a live file written to less than this long ago means a running session (product.md section 9).
pub const LIVE_FOR: Duration = Duration::from_secs(90);

/// This session's live file. The lock ends with it or with the process, whichever comes first.
pub struct Live {
    path: PathBuf,
    _locked: File,
}

impl Live {
    /// Makes the file and takes the lock. A file system without locks is no error: readers then go by age.
    pub fn begin(dir: &Path, session: &str, mode: u32, says: &[u8]) -> io::Result<Live> {
        let path = path(dir, session);
        let mut file = create_new(&path, mode)?;
        file.write_all(says)?;
        // A reader that looks holds a shared lock for a moment.
        for _ in 0..20 {
            match flock(&file, FlockOperation::NonBlockingLockExclusive) {
                Err(rustix::io::Errno::WOULDBLOCK | rustix::io::Errno::INTR) => {
                    std::thread::sleep(Duration::from_millis(2));
                }
                _ => break,
            }
        }
        Ok(Live { path, _locked: file })
    }

    /// A clean end.
    pub fn end(self) {
        // Left behind it only says "ended", since its lock is free.
        let _ = std::fs::remove_file(&self.path);
    }
}

/// Does the session of `<dir>/<session>.jsonl` still run? In doubt: yes, so that nobody closes its acts for it.
pub fn runs(dir: &Path, session: &str) -> bool {
    let path = path(dir, session);
    let file = match open_to_read(&path) {
        Ok(f) => f,
        Err(e) => return e.kind() != io::ErrorKind::NotFound,
    };
    match flock(&file, FlockOperation::NonBlockingLockShared) {
        // Free (our shared lock ends with `file`): nobody holds it.
        Ok(()) => false,
        Err(rustix::io::Errno::WOULDBLOCK) => true,
        Err(_) => {
            file.metadata().and_then(|m| m.modified()).is_ok_and(|at| at.elapsed().is_ok_and(|age| age < LIVE_FOR))
        }
    }
}

fn path(dir: &Path, session: &str) -> PathBuf {
    dir.join(format!("{session}.live"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::journal::scratch::Scratch;

    #[test]
    fn a_session_runs_while_it_holds_its_lock() {
        let dir = Scratch::new();
        assert!(!runs(dir.path(), "a"));
        let live = Live::begin(dir.path(), "a", 0o600, b"{}\n").expect("begun");
        assert!(runs(dir.path(), "a"));
        assert!(Live::begin(dir.path(), "a", 0o600, b"").is_err());
        // Killed: the file stays, the lock is free.
        drop(live);
        assert!(dir.path().join("a.live").exists());
        assert!(!runs(dir.path(), "a"));
        let live = Live::begin(dir.path(), "b", 0o600, b"{}\n").expect("begun");
        live.end();
        assert!(!dir.path().join("b.live").exists());
    }
}
