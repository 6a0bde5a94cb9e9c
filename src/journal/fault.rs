//! Faults of the disk, for tests: every file operation of the writing side asks here first. In a release it answers
//! "go on" and is gone.
//!
//! Tests of this crate make a [`Plan`] for a directory; the real program takes one from `ANDON_DISK_FAULT`, as
//! `hang:sync:4` (the fourth sync of a log blocks for ever), `full:write:9` or `io:sync:2`; with `:/a/file` behind it,
//! counted once that file exists.

use std::io;
use std::path::Path;

/// What is asked of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Op {
    MakeDir,
    Create,
    Write,
    Sync,
    Cut,
    DirSync,
    Rename,
    Remove,
}

/// How a write is to be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Says {
    Go,
    /// Only half of it.
    Half,
}

/// May this go on? The error is what the system call answers.
#[inline]
pub fn ask(op: Op, path: &Path) -> io::Result<Says> {
    #[cfg(feature = "testkit")]
    return planned::ask(op, path);
    #[cfg(not(feature = "testkit"))]
    {
        let _ = (op, path);
        Ok(Says::Go)
    }
}

#[cfg(feature = "testkit")]
pub use planned::{How, Plan};

#[cfg(feature = "testkit")]
mod planned {
    use super::{Op, Says};
    use std::io;
    use std::path::{Path, PathBuf};
    use std::sync::{Arc, Mutex, OnceLock, PoisonError};
    use std::time::Duration;

    /// What goes wrong.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub enum How {
        Full,
        Short,
        Io,
        Interrupted,
        /// The call does not come back as long as the plan stands.
        Hang,
    }

    struct Told {
        under: PathBuf,
        how: How,
        only: Option<Op>,
        nth: u32,
        for_ever: bool,
        done: u32,
        id: u64,
        once: Option<PathBuf>,
    }

    static PLANS: Mutex<(u64, Vec<Told>)> = Mutex::new((0, Vec::new()));

    /// Stands until it is dropped.
    #[derive(Debug)]
    pub struct Plan(u64);

    impl Plan {
        /// The `nth` operation (from 1; of kind `only`, or any) on a path below `under` goes wrong; so does every later one
        /// when `for_ever`.
        pub fn new(under: &Path, how: How, only: Option<Op>, nth: u32, for_ever: bool) -> Plan {
            let mut plans = PLANS.lock().unwrap_or_else(PoisonError::into_inner);
            plans.0 += 1;
            let id = plans.0;
            plans.1.push(Told { under: under.to_owned(), how, only, nth, for_ever, done: 0, id, once: None });
            Plan(id)
        }

        /// Operations met so far.
        pub fn met(&self) -> u32 {
            let plans = PLANS.lock().unwrap_or_else(PoisonError::into_inner);
            plans.1.iter().find(|t| t.id == self.0).map_or(0, |t| t.done)
        }
    }

    impl Drop for Plan {
        fn drop(&mut self) {
            PLANS.lock().unwrap_or_else(PoisonError::into_inner).1.retain(|t| t.id != self.0);
        }
    }

    /// From the environment of the real program: for logs, wherever they are.
    fn from_outside() -> Option<&'static Arc<Mutex<Told>>> {
        static OUTSIDE: OnceLock<Option<Arc<Mutex<Told>>>> = OnceLock::new();
        let made = OUTSIDE.get_or_init(|| {
            let said = std::env::var("ANDON_DISK_FAULT").ok()?;
            let mut parts = said.split(':');
            let how = match parts.next()? {
                "full" => How::Full,
                "short" => How::Short,
                "hang" => How::Hang,
                _ => How::Io,
            };
            let only = match parts.next()? {
                "write" => Some(Op::Write),
                "sync" => Some(Op::Sync),
                "create" => Some(Op::Create),
                _ => None,
            };
            let nth = parts.next()?.parse().ok()?;
            let once = parts.next().map(PathBuf::from);
            let told = Told { under: PathBuf::new(), how, only, nth, for_ever: true, done: 0, id: 0, once };
            Some(Arc::new(Mutex::new(told)))
        });
        made.as_ref()
    }

    fn is_log(path: &Path) -> bool {
        let name = path.file_name().map(|n| n.to_string_lossy()).unwrap_or_default();
        name.ends_with(".jsonl") && !name.starts_with("fallback-")
    }

    fn hits(t: &mut Told, op: Op) -> bool {
        let not_yet = t.once.as_ref().is_some_and(|file| !file.exists());
        if not_yet || t.only.is_some_and(|only| only != op) {
            return false;
        }
        t.done += 1;
        t.done == t.nth || (t.for_ever && t.done > t.nth)
    }

    pub fn ask(op: Op, path: &Path) -> io::Result<Says> {
        let mut hit = None;
        if let Some(outside) = from_outside().filter(|_| is_log(path)) {
            let mut t = outside.lock().unwrap_or_else(PoisonError::into_inner);
            hit = hits(&mut t, op).then_some((t.how, None));
        }
        if hit.is_none() {
            let mut plans = PLANS.lock().unwrap_or_else(PoisonError::into_inner);
            let told = plans.1.iter_mut().filter(|t| path.starts_with(&t.under));
            for t in told {
                if hits(t, op) {
                    hit = Some((t.how, Some(t.id)));
                }
            }
        }
        match hit {
            None => Ok(Says::Go),
            Some((How::Full, _)) => Err(io::Error::from_raw_os_error(28)),
            Some((How::Io, _)) => Err(io::Error::from_raw_os_error(5)),
            Some((How::Interrupted, _)) if op == Op::Write => Err(io::ErrorKind::Interrupted.into()),
            Some((How::Interrupted, _)) => Ok(Says::Go),
            Some((How::Short, _)) if op == Op::Write => Ok(Says::Half),
            Some((How::Short, _)) => Err(io::Error::from_raw_os_error(28)),
            Some((How::Hang, id)) => {
                let stands = || match id {
                    None => true,
                    Some(id) => PLANS.lock().unwrap_or_else(PoisonError::into_inner).1.iter().any(|t| t.id == id),
                };
                while stands() {
                    std::thread::sleep(Duration::from_millis(2));
                }
                Ok(Says::Go)
            }
        }
    }
}
