//! 64 kB kept beside the log so that a full disk still takes how an act under way ended: `<session>.ballast`, made at
//! the opening, removed when the disk is full (and made again once there is room) and at a clean end. Knows no chain.

use super::append::create_new;
use super::fault::{self, Op, Says};
use super::live;
use crate::core::entry::Kind;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// Bytes kept.
pub const SIZE: usize = 64 * 1024;
const ENDING: &str = "ballast";

/// This session's.
#[derive(Clone, Debug)]
pub struct Ballast {
    path: PathBuf,
}

impl Ballast {
    pub fn of(dir: &Path, session: &str) -> Ballast {
        Ballast { path: dir.join(format!("{session}.{ENDING}")) }
    }

    /// Makes it and syncs it; one that is there is left. Errors: no room, among others; nothing is left then.
    pub fn make(&self) -> io::Result<()> {
        let mut file = match create_new(&self.path, 0o600) {
            Err(e) if e.kind() == io::ErrorKind::AlreadyExists => return Ok(()),
            other => other?,
        };
        let written = (|| {
            let bytes = noise();
            let most = match fault::ask(Op::Write, &self.path)? {
                Says::Go => bytes.len(),
                Says::Half => return Err(io::ErrorKind::StorageFull.into()),
            };
            file.write_all(&bytes[..most])?;
            fault::ask(Op::Sync, &self.path)?;
            file.sync_data()
        })();
        if written.is_err() {
            let _ = std::fs::remove_file(&self.path);
        }
        written
    }

    /// Gives its room back. True: there was some.
    pub fn release(&self) -> bool {
        fault::ask(Op::Remove, &self.path).and_then(|_| std::fs::remove_file(&self.path)).is_ok()
    }
}

/// What a full disk is kept open for: how acts under way ended, and the session's own end. Never a new intent.
pub fn takes(kind: Kind) -> bool {
    match kind {
        // Without it nothing of the file could be read.
        Kind::Opened
        | Kind::Sent
        | Kind::Accepted
        | Kind::Refused
        | Kind::Unknown
        | Kind::Seen
        | Kind::Settled
        | Kind::Stuck
        | Kind::Undone
        | Kind::Resolved
        | Kind::IncidentClosed
        | Kind::Closed => true,
        Kind::Armed
        | Kind::Disarmed
        | Kind::Intent
        | Kind::Changed
        | Kind::Note
        | Kind::Phase
        | Kind::Verdict
        | Kind::Source
        | Kind::Runbook
        | Kind::Acknowledged
        | Kind::Burn
        | Kind::Figures
        | Kind::IncidentOpened
        | Kind::IncidentChanged
        | Kind::Lead
        | Kind::Decision
        | Kind::FollowUp
        | Kind::Debt
        | Kind::Ticked
        | Kind::Told
        | Kind::Who
        | Kind::Identity
        | Kind::Anchored
        | Kind::Frozen
        | Kind::Thawed
        | Kind::Loose
        | Kind::Emergency
        | Kind::Checklist
        | Kind::Promoted
        | Kind::Alert
        | Kind::Silenced
        | Kind::Woken
        | Kind::Flagged
        | Kind::Revoked => false,
    }
}

/// Removes those of sessions that were killed. Another user's stay: the directory lets nobody remove them.
pub fn sweep(dir: &Path, own: &str) {
    let Ok(entries) = std::fs::read_dir(dir) else { return };
    for path in entries.flatten().map(|e| e.path()) {
        if path.extension().is_none_or(|e| e != ENDING) {
            continue;
        }
        let session = path.file_stem().unwrap_or_default().to_string_lossy();
        if session != own && !live::runs(dir, &session) {
            // Not ours, or gone already: either way nothing is due.
            let _ = std::fs::remove_file(&path);
        }
    }
}

/// Bytes that no file system makes smaller (xorshift64).
fn noise() -> Vec<u8> {
    let mut x = 0x9e37_79b9_7f4a_7c15_u64;
    let words = std::iter::repeat_with(|| {
        x ^= x << 13;
        x ^= x >> 7;
        x ^= x << 17;
        x.to_le_bytes()
    });
    words.take(SIZE / 8).flatten().collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::journal::heads::logs;
    use crate::journal::scratch::Scratch;
    use std::os::unix::fs::MetadataExt;

    #[test]
    fn it_takes_real_room_gives_it_back_and_is_no_log() {
        let dir = Scratch::new();
        let b = Ballast::of(dir.path(), "a");
        b.make().expect("made");
        b.make().expect("it is there");
        let m = b.path.metadata().expect("there");
        assert_eq!(m.len(), SIZE as u64);
        assert!(m.blocks() * 512 >= SIZE as u64, "allocated, not a hole: {}", m.blocks());
        assert!(logs(dir.path()).expect("read").is_empty());
        assert!(b.release());
        assert!(!b.release());
        let plan = fault::Plan::new(dir.path(), fault::How::Full, Some(Op::Write), 1, true);
        assert!(b.make().is_err());
        assert!(!b.path.exists(), "no half of it");
        drop(plan);
        // Sessions that were killed leave theirs; a running one keeps it.
        for s in ["a", "b", "c"] {
            Ballast::of(dir.path(), s).make().expect("made");
        }
        let live = live::Live::begin(dir.path(), live::Me::named("b"), 0o600).expect("begun");
        sweep(dir.path(), "c");
        let left = |s: &str| Ballast::of(dir.path(), s).path.exists();
        assert_eq!([left("a"), left("b"), left("c")], [false, true, true]);
        live.end();
    }
}
