//! Waiting for a directory to change: told by the kernel (inotify), or by looking each second where it does not tell.
//! Knows names of files, nothing of what is in them.

use rustix::event::{EventfdFlags, PollFd, PollFlags, Timespec, eventfd, poll};
use rustix::fs::inotify::{self, CreateFlags, ReadFlags, WatchFlags};
use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io;
use std::mem::MaybeUninit;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

/// Where nothing tells, files are looked at this often.
pub const LOOK: Duration = Duration::from_secs(1);
/// Files watched by name; where more consoles run at once, files are looked at instead.
const WATCHED: usize = 512;

/// File systems on which another host may write and inotify does not tell of it; numbers of statfs(2).
const SILENT: [(u64, &str); 11] = [
    (0x6969, "NFS"),
    (0xFF53_4D42, "CIFS"),
    (0xFE53_4D42, "SMB"),
    (0x517B, "SMB"),
    (0x0102_1997, "9P"),
    (0x6573_5546, "FUSE"),
    (0x5346_414F, "AFS"),
    (0x00C3_6400, "Ceph"),
    (0x0116_1970, "GFS2"),
    (0x7461_636F, "OCFS2"),
    (0x0BD0_0BD0, "Lustre"),
];

/// Wakes the waiting thread from any other.
#[derive(Clone)]
pub struct Waker(Arc<OwnedFd>);

impl Waker {
    pub fn new() -> io::Result<Waker> {
        Ok(Waker(Arc::new(eventfd(0, EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK)?)))
    }

    pub fn wake(&self) {
        // Full only when it is awake anyway.
        let _ = rustix::io::write(&*self.0, &1_u64.to_ne_bytes());
    }
}

/// What ended a wait.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Woken {
    /// Files that appeared, changed or went, by name.
    pub names: BTreeSet<String>,
    /// Anything may have changed: look at all.
    pub all: bool,
}

/// A directory and files in it, waited for.
pub struct Watch {
    dir: PathBuf,
    waker: Waker,
    inotify: Option<OwnedFd>,
    names: BTreeMap<i32, String>,
    on: BTreeMap<String, i32>,
    why: Option<String>,
}

impl Watch {
    /// `look`: ask for looking each second whatever the file system is, and why.
    pub fn new(dir: &Path, waker: Waker, look: Option<&str>) -> Watch {
        let mut watch = Watch {
            dir: dir.to_owned(),
            waker,
            inotify: None,
            names: BTreeMap::new(),
            on: BTreeMap::new(),
            why: look.map(str::to_owned).or_else(|| silent(dir)),
        };
        if watch.why.is_none() {
            match told(dir) {
                Ok(fd) => watch.inotify = Some(fd),
                Err(e) => watch.why = Some(format!("inotify: {e}")),
            }
        }
        watch
    }

    /// Why files are looked at each second; `None`: changes are told.
    pub fn why(&self) -> Option<&str> {
        self.why.as_deref()
    }

    /// Changes of this file are told from now on. Not ours: it would wake us for nothing.
    pub fn add(&mut self, name: &str) {
        let Some(fd) = &self.inotify else { return };
        if self.on.contains_key(name) {
            return;
        }
        if self.on.len() >= WATCHED {
            return self.give_up("too many consoles to be told of each");
        }
        match inotify::add_watch(fd, self.dir.join(name), WatchFlags::MODIFY | WatchFlags::DONT_FOLLOW) {
            Ok(wd) => {
                self.names.insert(wd, name.to_owned());
                self.on.insert(name.to_owned(), wd);
            }
            // Gone already, or not there yet: the directory tells.
            Err(rustix::io::Errno::NOENT) => {}
            Err(e) => self.give_up(&format!("inotify: {e}")),
        }
    }

    pub fn remove(&mut self, name: &str) {
        if let (Some(fd), Some(wd)) = (&self.inotify, self.on.remove(name)) {
            self.names.remove(&wd);
            // The kernel has removed it itself where the file is gone.
            let _ = inotify::remove_watch(fd, wd);
        }
    }

    fn give_up(&mut self, why: &str) {
        self.inotify = None;
        self.names.clear();
        self.on.clear();
        self.why = Some(why.to_owned());
    }

    /// Until something changes or somebody wakes us, at most so long. `deaf`: changes wait, only a waker ends it.
    pub fn wait(&mut self, at_most: Duration, deaf: bool) -> Woken {
        let looks = self.inotify.is_none();
        let at_most = if looks { at_most.min(LOOK) } else { at_most };
        let limit = Timespec {
            tv_sec: i64::try_from(at_most.as_secs()).unwrap_or(i64::MAX),
            tv_nsec: i64::from(at_most.subsec_nanos()),
        };
        let mut fds = vec![PollFd::new(&*self.waker.0, PollFlags::IN)];
        if let Some(fd) = self.inotify.as_ref().filter(|_| !deaf) {
            fds.push(PollFd::new(fd, PollFlags::IN));
        }
        let ready = poll(&mut fds, Some(&limit)).unwrap_or(0);
        let woken = fds[0].revents().contains(PollFlags::IN);
        let changed = fds.get(1).is_some_and(|f| !f.revents().is_empty());
        if woken {
            // Its count is of no interest.
            let _ = rustix::io::read(&*self.waker.0, &mut [0_u8; 8]);
        }
        if changed { self.drain() } else { Woken { names: BTreeSet::new(), all: looks && ready == 0 } }
    }

    fn drain(&mut self) -> Woken {
        let mut out = Woken::default();
        let Some(fd) = &self.inotify else { return out };
        let mut buf = [MaybeUninit::uninit(); 8 * 1024];
        let mut events = inotify::Reader::new(fd, &mut buf);
        let mut over = false;
        // Ends with EAGAIN when there are no more.
        while let Ok(e) = events.next() {
            let flags = e.events();
            if flags.contains(ReadFlags::QUEUE_OVERFLOW) {
                out.all = true;
            } else if let Some(name) = e.file_name() {
                if let Ok(name) = name.to_str() {
                    out.names.insert(name.to_owned());
                }
            } else if let Some(name) = self.names.get(&e.wd()) {
                out.names.insert(name.clone());
            } else {
                // The directory itself is gone or moved.
                over |= flags.intersects(ReadFlags::DELETE_SELF | ReadFlags::MOVE_SELF);
            }
        }
        if over {
            self.give_up("the directory was moved or removed");
            out.all = true;
        }
        out
    }
}

fn told(dir: &Path) -> io::Result<OwnedFd> {
    let fd = inotify::init(CreateFlags::NONBLOCK | CreateFlags::CLOEXEC)?;
    let what = WatchFlags::CREATE
        | WatchFlags::MOVED_TO
        | WatchFlags::MOVED_FROM
        | WatchFlags::DELETE
        | WatchFlags::DELETE_SELF
        | WatchFlags::MOVE_SELF
        | WatchFlags::ONLYDIR;
    inotify::add_watch(&fd, dir, what)?;
    Ok(fd)
}

/// The file system's name, where inotify does not tell what others do on it.
fn silent(dir: &Path) -> Option<String> {
    let stat = rustix::fs::fstatfs(File::open(dir).ok()?).ok()?;
    let magic = u64::try_from(stat.f_type).unwrap_or_default() & 0xFFFF_FFFF;
    SILENT.iter().find(|(m, _)| *m == magic).map(|(_, name)| format!("{name} does not tell of changes"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::journal::scratch::Scratch;

    const LONG: Duration = Duration::from_secs(60);

    fn until(w: &mut Watch, name: &str) {
        let end = std::time::Instant::now() + LONG;
        while !w.wait(LONG, false).names.contains(name) {
            assert!(std::time::Instant::now() < end, "never told of {name}");
        }
    }

    #[test]
    fn what_appears_changes_and_goes_is_told_and_only_what_is_asked_for() {
        let dir = Scratch::new();
        std::fs::write(dir.path().join("own"), "a").expect("written");
        let mut w = Watch::new(dir.path(), Waker::new().expect("eventfd"), None);
        if let Some(why) = w.why() {
            println!("not tried: {why}");
            return;
        }
        std::fs::write(dir.path().join("x"), "a").expect("written");
        until(&mut w, "x");
        w.add("x");
        w.add("not there");
        std::fs::write(dir.path().join("own"), "b").expect("written");
        std::fs::write(dir.path().join("x"), "b").expect("written");
        let told = w.wait(LONG, false);
        assert_eq!(told.names.into_iter().collect::<Vec<_>>(), ["x"]);
        std::fs::remove_file(dir.path().join("x")).expect("removed");
        until(&mut w, "x");
        w.remove("x");
        std::fs::remove_dir_all(dir.path()).expect("removed");
        let end = std::time::Instant::now() + LONG;
        while w.why().is_none() {
            w.wait(Duration::from_millis(50), false);
            assert!(std::time::Instant::now() < end, "never saw that the directory is gone");
        }
    }

    #[test]
    fn a_waker_ends_a_wait_and_looking_is_asked_for_where_nothing_tells() {
        let dir = Scratch::new();
        let waker = Waker::new().expect("eventfd");
        let mut w = Watch::new(dir.path(), waker.clone(), Some("asked to"));
        waker.wake();
        assert_eq!(w.wait(LONG, true), Woken::default());
        assert!(w.wait(Duration::from_millis(1), false).all);
        assert_eq!(w.why(), Some("asked to"));
        assert_eq!(Watch::new(Path::new("/nowhere"), waker, None).why().map(|w| &w[..8]), Some("inotify:"));
    }
}
