//! Old files move into month folders: each console moves its own user's, nobody another's (in a shared directory the
//! sticky bit sees to that too). Done after the opening, on the recovery thread; whatever a kill leaves half done, the
//! next opening mends.

use super::kill::point;
use super::places::{self, file_name, month_of, session_of};
use super::{index, live};
use rustix::fs::{CWD, RenameFlags, renameat_with};
use std::fs::Permissions;
use std::io;
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _, PermissionsExt as _};
use std::path::Path;
use std::time::Duration;

/// Files not written to for so long are moved.
pub const AFTER: Duration = Duration::from_secs(30 * 24 * 3600);

/// Moves this user's ended files of `dir` that are older than [`AFTER`] (by their last write) into their months, and
/// makes this user's indexes there right. `own`: the session that runs here. `shared`: others read here too. Returns what
/// could not be done: file or folder name, reason.
pub fn tidy(dir: &Path, own: &str, user: &str, shared: bool) -> Vec<(String, String)> {
    let mut troubles = Vec::new();
    let files = match places::files(dir) {
        Ok(files) => files,
        Err(e) => return vec![(file_name(dir).to_owned(), e.to_string())],
    };
    for log in files.logs.iter().filter(|log| log.parent() == Some(dir)) {
        let session = session_of(log);
        let Some(month) = month_of(&session).filter(|_| session != own && is_old(log) && !live::runs(dir, &session))
        else {
            continue;
        };
        if let Err(e) = move_to(dir, log, &month, shared) {
            troubles.push((file_name(log).to_owned(), format!("it could not be moved to {month}: {e}")));
        }
    }
    // Left where a kill came between a move and the removal, or by a session killed long ago whose log is gone.
    for session in stray(dir) {
        if !live::runs(dir, &session) && session != own {
            let _ = std::fs::remove_file(dir.join(format!("{session}.live")));
        }
    }
    let mode = if shared { 0o640 } else { 0o600 };
    for month in places::files(dir).map(|f| f.months).unwrap_or_default() {
        match index::mend(&month, user, mode) {
            Ok(unread) => troubles.extend(unread),
            Err(e) => {
                troubles.push((format!("{}/{}", file_name(&month), index::index_name(user)), e.to_string()));
            }
        }
    }
    troubles
}

/// Of this process' user, a plain file, and not written to for long.
fn is_old(path: &Path) -> bool {
    let own = rustix::process::geteuid().as_raw();
    path.symlink_metadata().is_ok_and(|m| {
        let age = m.modified().ok().and_then(|at| at.elapsed().ok());
        m.is_file() && m.uid() == own && age.is_some_and(|age| age > AFTER)
    })
}

fn move_to(dir: &Path, log: &Path, month: &str, shared: bool) -> io::Result<()> {
    let folder = dir.join(month);
    let mode = if shared { 0o3770 } else { 0o700 };
    match std::fs::DirBuilder::new().mode(mode & 0o777).create(&folder) {
        // The special bits, whatever the umask.
        Ok(()) => std::fs::set_permissions(&folder, Permissions::from_mode(mode))?,
        Err(e) if e.kind() == io::ErrorKind::AlreadyExists => {}
        Err(e) => return Err(e),
    }
    // A link in a directory where others write would lead elsewhere.
    if !folder.symlink_metadata()?.is_dir() {
        return Err(io::Error::new(io::ErrorKind::NotADirectory, "it is no directory"));
    }
    let to = folder.join(file_name(log));
    point("month-move");
    match renameat_with(CWD, log, CWD, &to, RenameFlags::NOREPLACE) {
        // A file system that cannot promise it: looked at instead.
        Err(rustix::io::Errno::INVAL | rustix::io::Errno::NOSYS) if to.symlink_metadata().is_err() => {
            std::fs::rename(log, &to)?;
        }
        other => other?,
    }
    point("after-month-move");
    // Its lock is free: it only says "ended", as its absence does.
    let _ = std::fs::remove_file(dir.join(format!("{}.live", session_of(log))));
    Ok(())
}

/// Sessions with an old live file of this user and no log in `dir`.
fn stray(dir: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(dir).into_iter().flatten().filter_map(Result::ok);
    let live = entries.map(|e| e.path()).filter(|p| p.extension().is_some_and(|e| e == "live") && is_old(p));
    live.map(|p| session_of(&p)).filter(|s| dir.join(format!("{s}.jsonl")).symlink_metadata().is_err()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::journal::chain_tests::written;
    use crate::journal::heads::{heads, logs};
    use crate::journal::live::{Live, Me};
    use crate::journal::recovery::look;
    use crate::journal::scratch::Scratch;
    use crate::journal::tail::tail;
    use std::path::PathBuf;
    use std::time::SystemTime;

    const DAY: u64 = 24 * 3600;

    fn log(dir: &Path, session: &str, days_old: u64, n: i64) -> PathBuf {
        let path = dir.join(format!("{session}.jsonl"));
        std::fs::write(&path, written(session, n)).expect("written");
        age(&path, days_old);
        path
    }

    fn age(path: &Path, days: u64) {
        let file = std::fs::File::options().append(true).open(path).expect("open");
        file.set_modified(SystemTime::now() - Duration::from_secs(days * DAY)).expect("set");
    }

    fn session(day: u32, suffix: &str) -> String {
        format!("202610{day:02}T031407Z-mira-b-{suffix}")
    }

    #[test]
    fn old_ended_files_of_ours_move_and_every_reader_finds_them() {
        let dir = Scratch::new();
        let d = dir.path();
        log(d, &session(1, "old1"), 31, 4);
        log(d, &session(2, "old2"), 45, 5);
        log(d, &session(3, "new"), 29, 3);
        log(d, &session(4, "runs"), 60, 3);
        log(d, &session(5, "me"), 60, 3);
        log(d, "by-hand", 60, 3);
        std::fs::write(d.join(format!("{}.live", session(1, "old1"))), "{}").expect("written");
        let _runs = Live::begin(d, Me::named(&session(4, "runs")), 0o600).expect("live");
        let before = (tail(d, 100).expect("read"), heads(d, "me").expect("read"), look(d, "me").expect("read"));
        assert_eq!(tidy(d, &session(5, "me"), "mira", false), []);
        let names = |p: &Path| {
            let mut all: Vec<String> = std::fs::read_dir(p)
                .expect("listed")
                .map(|e| e.expect("entry").file_name().into_string().expect("text"))
                .collect();
            all.sort();
            all
        };
        let (one, two) = (format!("{}.jsonl", session(1, "old1")), format!("{}.jsonl", session(2, "old2")));
        assert_eq!(names(&d.join("2026-10")), [one.as_str(), &two, "index-mira.jsonl"]);
        assert!(!names(d).contains(&format!("{}.live", session(1, "old1"))));
        assert_eq!(std::fs::metadata(d.join("2026-10")).expect("there").mode() & 0o7777, 0o700);
        assert_eq!(logs(d).expect("listed").len(), 6);
        let after = (tail(d, 100).expect("read"), heads(d, "me").expect("read"), look(d, "me").expect("read"));
        assert_eq!(before, after);
        // Once more: nothing is left to do.
        assert_eq!(tidy(d, &session(5, "me"), "mira", false), []);
    }

    #[test]
    fn what_a_kill_leaves_between_move_and_index_is_mended() {
        let dir = Scratch::new();
        let d = dir.path();
        let path = log(d, &session(1, "old1"), 31, 4);
        move_to(d, &path, "2026-10", true).expect("moved");
        assert_eq!(std::fs::metadata(d.join("2026-10")).expect("there").mode() & 0o7777, 0o3770);
        assert_eq!(heads(d, "me").expect("read").all.len(), 1, "without an index the file is read");
        assert_eq!(tidy(d, "me", "mira", true), []);
        let index = std::fs::read(d.join("2026-10/index-mira.jsonl")).expect("there");
        assert!(index::read(&index[..]).1);
        // A file of that name is there already: neither is lost.
        let again = log(d, &session(1, "old1"), 31, 6);
        assert_eq!(tidy(d, "me", "mira", true).len(), 1);
        assert!(again.exists());
        // A link instead of a folder is not followed.
        let other = log(d, "20260901T031407Z-mira-b-x", 90, 3);
        std::os::unix::fs::symlink("/tmp", d.join("2026-09")).expect("link");
        assert_eq!(tidy(d, "me", "mira", true).len(), 2);
        assert!(other.exists());
    }

    /// Set for the process that is to be killed: the directory it tidies.
    const CHILD: &str = "ANDON_TEST_MONTHS_OF";

    /// Not a test of its own: what the killed process does.
    #[test]
    fn child_of_the_month_kill_test() {
        if let Some(dir) = std::env::var_os(CHILD) {
            tidy(Path::new(&dir), "me", "mira", false);
        }
    }

    #[test]
    fn killed_while_it_moves_files_nothing_is_lost_and_the_next_one_goes_on() {
        for (point, moved) in
            [("month-move", 0), ("after-month-move", 1), ("month-move:2", 1), ("after-month-move:2", 2)]
        {
            let dir = Scratch::new();
            let d = dir.path();
            for n in 1..4 {
                log(d, &session(n, "old"), 40, 3);
            }
            let before = heads(d, "me").expect("read");
            let ended = std::process::Command::new(std::env::current_exe().expect("this test's binary"))
                .args(["--exact", "journal::months::tests::child_of_the_month_kill_test"])
                .env(CHILD, d)
                .env("ANDON_KILL_AT", point)
                .output()
                .expect("started");
            assert!(!ended.status.success(), "{point}: it was not killed");
            let there = std::fs::read_dir(d.join("2026-10")).expect("listed").count();
            assert_eq!((there, heads(d, "me").expect("read")), (moved, before.clone()), "{point}");
            assert_eq!(tidy(d, "me", "mira", false), []);
            assert_eq!(heads(d, "me").expect("read"), before, "{point}");
            let index = std::fs::read(d.join("2026-10/index-mira.jsonl")).expect("there");
            assert_eq!((index::read(&index[..]).0.len(), index::read(&index[..]).1), (3, true), "{point}");
        }
    }
}
