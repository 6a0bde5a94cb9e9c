//! One log file being written: its name and modes, one write call per record, the chain. Every error is final here;
//! what to do about it is the caller's matter. Knows no thread and no clock.

use super::fault::{self, Op, Says};
use super::hlc::HlcClock;
use super::kill;
use super::record::{self, Place, Who, ZEROS};
use crate::core::act::plan::Ticket;
use crate::core::entry::Entry;
use crate::core::record::Record;
use crate::core::time::{Stamp, Utc};
use rustix::fs::{Access, OFlags};
use std::fs::{File, OpenOptions, Permissions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

/// What a log asks of its file. A trait so that tests can break every operation in turn.
pub trait LogFile: Send {
    /// One write call. May write less than asked for.
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize>;
    /// The data are on disk when this returns Ok. An error is final: asked again it may lie.
    fn sync(&mut self) -> io::Result<()>;
    /// Cuts the file (always our own) back to `len` bytes.
    fn cut(&mut self, len: u64) -> io::Result<()>;
}

/// The real one.
pub struct OnDisk {
    file: File,
    path: PathBuf,
}

impl LogFile for OnDisk {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match fault::ask(Op::Write, &self.path)? {
            Says::Go => self.file.write(bytes),
            Says::Half => self.file.write(&bytes[..bytes.len() / 2]),
        }
    }
    fn sync(&mut self) -> io::Result<()> {
        fault::ask(Op::Sync, &self.path)?;
        self.file.sync_data()
    }
    fn cut(&mut self, len: u64) -> io::Result<()> {
        fault::ask(Op::Cut, &self.path)?;
        self.file.set_len(len)
    }
}

impl OnDisk {
    /// A new file that nobody else has; its name is on disk when this returns.
    pub fn create(path: &Path, mode: u32) -> io::Result<OnDisk> {
        let file = create_new(path, mode)?;
        if let Some(dir) = path.parent() {
            sync_dir(dir)?;
        }
        Ok(OnDisk { file, path: path.to_owned() })
    }
}

/// `O_APPEND | O_CREAT | O_EXCL | O_NOFOLLOW`. The mode is just this one, whatever the umask takes away: in a directory
/// that a host shares, others read.
pub fn create_new(path: &Path, mode: u32) -> io::Result<File> {
    create(OpenOptions::new().append(true), path, mode)
}

/// The same, to be written anywhere in it.
pub fn create_to_rewrite(path: &Path, mode: u32) -> io::Result<File> {
    create(OpenOptions::new().write(true), path, mode)
}

fn create(how: &mut OpenOptions, path: &Path, mode: u32) -> io::Result<File> {
    fault::ask(Op::Create, path)?;
    let file = how.create_new(true).mode(mode).custom_flags(no_follow()).open(path)?;
    if file.metadata()?.permissions().mode() & 0o7777 != mode {
        file.set_permissions(Permissions::from_mode(mode))?;
    }
    Ok(file)
}

/// Names made, changed or removed in `dir` are on disk when this returns.
pub fn sync_dir(dir: &Path) -> io::Result<()> {
    fault::ask(Op::DirSync, dir)?;
    File::open(dir)?.sync_all()
}

/// For reading; follows no symbolic link and waits for no pipe.
pub fn open_to_read(path: &Path) -> io::Result<File> {
    let file =
        OpenOptions::new().read(true).custom_flags(no_follow() | OFlags::NONBLOCK.bits().cast_signed()).open(path)?;
    if file.metadata()?.is_file() {
        Ok(file)
    } else {
        Err(io::Error::new(io::ErrorKind::InvalidInput, "not a regular file"))
    }
}

fn no_follow() -> i32 {
    OFlags::NOFOLLOW.bits().cast_signed()
}

/// A directory nobody else reads; parents are made too.
pub fn make_dir(dir: &Path) -> io::Result<()> {
    fault::ask(Op::MakeDir, dir)?;
    std::fs::DirBuilder::new().recursive(true).mode(0o700).create(dir)
}

/// The consoles on this host do not meet in the directory: said once at the opening, on Incident and on Sources.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MineOnly(pub bool);

/// Where an environment's log lies: `<host_wide>/<env>` when it exists and is writable, else `<state>/andon/<env>/log`.
pub fn log_dir(env: &str, host_wide: &Path, state: &Path) -> (PathBuf, MineOnly) {
    let shared = host_wide.join(plain(env));
    let writable =
        shared.is_dir() && rustix::fs::access(&shared, Access::WRITE_OK | Access::EXEC_OK | Access::READ_OK).is_ok();
    if writable {
        (shared, MineOnly(false))
    } else {
        (state.join("andon").join(plain(env)).join("log"), MineOnly(true))
    }
}

/// `20261121T031407Z-mira-bastion2-7f3a`: the session's name, and its file's without the ending.
pub fn session_name(opened: Utc, user: &str, host: &str, suffix: &str) -> String {
    let (y, mo, d, h, mi, s) = opened.civil();
    let (user, host, suffix) = (plain(user), plain(host), plain(suffix));
    format!("{y:04}{mo:02}{d:02}T{h:02}{mi:02}{s:02}Z-{user}-{host}-{suffix}")
}

/// A word that is safe in a file name: letters, digits, `.`, `_`, `-`; no leading dot; at most 40.
pub fn plain(word: &str) -> String {
    let mut out: String = word
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-') { c } else { '_' })
        .take(40)
        .collect();
    if out.is_empty() || out.starts_with('.') {
        out.insert(0, '_');
    }
    out
}

/// The chain of one session as it grows.
pub struct Chain {
    who: Who,
    file: Box<dyn LogFile>,
    clock: HlcClock,
    /// Of the last record written.
    seq: u64,
    head: String,
    /// The end of the last whole record, bytes.
    len: u64,
    /// An error after which nothing more may be written: part of a line may stand there, or a disk lies.
    broken: bool,
}

impl Chain {
    /// On a new, empty file.
    pub fn new(who: Who, file: Box<dyn LogFile>) -> Chain {
        Chain { who, file, clock: HlcClock::default(), seq: 0, head: ZEROS.to_owned(), len: 0, broken: false }
    }

    /// The hash of the last record written.
    pub fn head(&self) -> &str {
        &self.head
    }

    /// Records from now on say that this person wrote them.
    pub fn claim(&mut self, name: &str) {
        self.who.actor.claimed = Some(name.to_owned());
    }

    /// Records written.
    pub fn records(&self) -> u64 {
        self.seq
    }

    /// The clock, to tell it what other sessions wrote.
    pub fn clock(&mut self) -> &mut HlcClock {
        &mut self.clock
    }

    /// After an error: does the file still end with its last whole record, so that writing may go on once there is room?
    pub fn is_whole(&self) -> bool {
        !self.broken
    }

    /// Writes one record and gives it as a reader will see it. Not yet durable. Errors: no room (the file is cut back to
    /// its last whole record and [`Chain::is_whole`]), or a fault after which nothing more may be written.
    pub fn append(&mut self, entry: &Entry, stamp: Stamp, ticket: Option<Ticket>, missed: u64) -> io::Result<Record> {
        if self.broken {
            return Err(io::Error::other("the file ended with an error before"));
        }
        let place = Place { seq: self.seq + 1, hlc: self.clock.tick(stamp.utc), prev: &self.head, stamp, missed };
        let line = record::line(&self.who, place, entry, ticket)?;
        kill::point("before-write");
        let wrote = loop {
            match self.file.write(&line.bytes) {
                // Nothing was written: the call may be made again.
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                Ok(n) => break n,
                Err(e) => {
                    // Where there was no room nothing was written; any other error leaves that open.
                    let full = matches!(e.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded);
                    self.broken = !full;
                    if self.broken {
                        let _ = self.file.cut(self.len);
                    }
                    return Err(e);
                }
            }
        };
        if wrote != line.bytes.len() {
            // The end of what is whole; if even that fails, readers stop before the unfinished line.
            self.broken = self.file.cut(self.len).is_err();
            let all = line.bytes.len();
            return Err(io::Error::new(io::ErrorKind::StorageFull, format!("the disk took {wrote} of {all} bytes")));
        }
        kill::point("between-write-and-sync");
        self.seq += 1;
        self.len += line.bytes.len() as u64;
        let record = Record::read(&self.who.session, line.bytes.strip_suffix(b"\n").unwrap_or(&line.bytes));
        self.head = line.hash;
        Ok(record)
    }

    /// Everything appended is on disk when this returns Ok.
    pub fn sync(&mut self) -> io::Result<()> {
        self.file.sync()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::entry::Kind;
    use crate::journal::scratch::{Scratch, at, entry};
    use serde_json::json;

    #[test]
    fn a_session_file_has_its_name_and_only_its_owner_reads_it() {
        let dir = Scratch::new();
        let log = dir.path().join("a/b");
        make_dir(&log).expect("made");
        let name = session_name(at(0).utc, "mira", "bastion2/../x", "7f3a");
        assert_eq!(name, "20261121T031407Z-mira-bastion2_.._x-7f3a");
        assert!(session_name(at(0).utc, "", "..", "1").ends_with("Z-_-_..-1"));
        let path = log.join(name);
        OnDisk::create(&path, 0o600).expect("created");
        let mode = |p: &Path| std::fs::metadata(p).expect("there").permissions().mode() & 0o7777;
        assert_eq!((mode(&path), mode(&log)), (0o600, 0o700));
        assert!(OnDisk::create(&path, 0o600).is_err(), "never another's file");
        let link = log.join("link");
        std::os::unix::fs::symlink(&path, &link).expect("link");
        assert!(open_to_read(&link).is_err());
        assert!(OnDisk::create(&link, 0o600).is_err());
    }

    #[test]
    fn the_host_wide_directory_is_taken_when_it_is_there_and_writable() {
        let dir = Scratch::new();
        let (wide, state) = (dir.path().join("wide"), dir.path().join("state"));
        let (mine, only) = log_dir("prod", &wide, &state);
        assert_eq!((mine, only), (state.join("andon/prod/log"), MineOnly(true)));
        std::fs::create_dir_all(wide.join("prod")).expect("made");
        assert_eq!(log_dir("prod", &wide, &state), (wide.join("prod"), MineOnly(false)));
    }

    #[test]
    fn a_full_disk_is_an_error_and_not_a_record() {
        let full = OpenOptions::new().append(true).open("/dev/full").expect("/dev/full");
        let who =
            Who { session: "s".into(), actor: record::Actor { user: "u".into(), claimed: None }, host: "h".into() };
        let mut chain = Chain::new(who, Box::new(OnDisk { file: full, path: "/dev/full".into() }));
        let e = entry(Kind::Note, 0, json!({}));
        let err = chain.append(&e, at(0), None, 0).expect_err("full");
        assert_eq!(err.kind(), io::ErrorKind::StorageFull);
        assert_eq!(chain.records(), 0);
        assert!(chain.is_whole(), "nothing was written: once there is room it goes on");
    }

    #[test]
    fn in_a_directory_that_a_host_shares_others_read_whatever_the_umask_says() {
        let dir = Scratch::new();
        // The umask of no test run leaves a group the right to write; that of the program takes all from it.
        for mode in [0o660, 0o640, 0o600] {
            let path = dir.path().join(format!("{mode:o}"));
            drop(OnDisk::create(&path, mode).expect("created"));
            assert_eq!(path.metadata().expect("there").permissions().mode() & 0o7777, mode);
        }
    }
}
