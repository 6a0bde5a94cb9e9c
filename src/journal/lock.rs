//! A file that is locked, and let go of the moment it is dropped.
//!
//! `flock` belongs to the open file, which a child process shares from its fork to its exec: closing our end alone leaves
//! the lock standing for that moment, and a session that has ended would seem to run. An unlock said aloud frees it for
//! every holder (flock(2)).

use rustix::fs::{FlockOperation, flock};
use std::fs::File;
use std::ops::{Deref, DerefMut};

/// Derefs to the file. Holds whatever lock was got; on a file system without locks, none.
#[derive(Debug)]
pub struct Locked(File);

impl Locked {
    pub fn new(file: File) -> Locked {
        Locked(file)
    }
}

impl Deref for Locked {
    type Target = File;

    fn deref(&self) -> &File {
        &self.0
    }
}

impl DerefMut for Locked {
    fn deref_mut(&mut self) -> &mut File {
        &mut self.0
    }
}

impl Drop for Locked {
    fn drop(&mut self) {
        // Closing does the rest.
        let _ = flock(&self.0, FlockOperation::Unlock);
    }
}

#[cfg(test)]
mod tests {
    use super::super::fallback::{About, Fallback, left_over};
    use super::super::live::{Live, Me, runs};
    use super::super::scratch::{Scratch, at, entry};
    use super::*;
    use crate::core::entry::Kind;
    use serde_json::json;
    use std::process::{Child, Command, Stdio};

    /// A child that keeps every open file of ours, as each child does between its fork and its exec.
    struct Shares(Child);

    impl Drop for Shares {
        fn drop(&mut self) {
            let _ = self.0.kill();
            let _ = self.0.wait();
        }
    }

    /// Every descriptor below `under` stays open in it.
    fn child(under: &std::path::Path) -> Shares {
        for fd in std::fs::read_dir("/proc/self/fd").expect("proc").flatten() {
            if std::fs::read_link(fd.path()).is_ok_and(|to| to.starts_with(under)) {
                let n: i32 = fd.file_name().to_string_lossy().parse().expect("a number");
                // Opened anew it would be another open file: the very descriptor is handed on.
                let ours = rustix::process::pidfd_open(rustix::process::getpid(), rustix::process::PidfdFlags::empty());
                let same =
                    rustix::process::pidfd_getfd(ours.expect("ours"), n, rustix::process::PidfdGetfdFlags::empty());
                let same = same.expect("the same open file");
                let child = Command::new("sleep").arg("600").stdin(Stdio::from(File::from(same))).spawn();
                return Shares(child.expect("sleep"));
            }
        }
        panic!("nothing of {} is open", under.display());
    }

    #[test]
    fn an_ended_session_is_known_to_have_ended_though_a_child_still_has_its_file() {
        let dir = Scratch::new();
        let mut f = Fallback::new(About { dir: dir.path().into(), session: "s".into(), environment: "prod".into() });
        f.add([(&entry(Kind::Note, 1, json!({})), None)].into_iter()).expect("written");
        let _child = child(dir.path());
        assert!(left_over(dir.path(), "prod").expect("read").is_empty(), "its session runs");
        drop(f);
        assert_eq!(left_over(dir.path(), "prod").expect("read").len(), 1);
    }

    #[test]
    fn a_killed_session_does_not_run_on_in_its_children() {
        let dir = Scratch::new();
        let me = Me { session: "a".into(), user: "mira".into(), claimed: None, host: "h".into(), since: at(0).utc };
        let live = Live::begin(dir.path(), me, 0o600).expect("begun");
        let _child = child(dir.path());
        assert!(runs(dir.path(), "a"));
        drop(live);
        assert!(!runs(dir.path(), "a"));
    }
}
