//! `andon log tail -f`: new records of all sessions as they are written, until the reader goes or a signal comes. Looks
//! at the directory by itself; `news` is the one place that does.

use crate::cli::out::stdout_fd;
use crate::core::record::Record;
use crate::journal::follow::files::Files;
use crate::journal::words;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use std::io::{self, Write};
use std::os::fd::{AsFd as _, BorrowedFd};
use std::path::Path;

/// How often the directory is looked at: well within the second that is promised.
const EVERY_NS: i64 = 400_000_000;
/// Taken at a time.
const ROUND: usize = 1_000;

/// What came since, merged as readers merge. Files that cannot be read now are tried again.
///
/// # Errors
/// The directory cannot be listed.
pub fn news(files: &mut Files) -> io::Result<Vec<Record>> {
    files.list()?;
    let mut new = Vec::new();
    loop {
        // All of them, whatever the first one says.
        let mut more = false;
        for s in files.sessions() {
            more |= files.fill(&s);
        }
        let some = files.take(ROUND);
        if !more && some.is_empty() {
            return Ok(new);
        }
        new.extend(some);
    }
}

/// The newest `n` records, then what comes.
///
/// # Errors
/// As [`follow`]. Exit code 1 where there is no log.
pub fn tail(dir: &Path, n: usize, out: &mut impl Write) -> io::Result<i32> {
    if !dir.is_dir() {
        return super::missing(dir, out);
    }
    // Before the newest are read: a record that comes between is told twice at worst, never lost.
    let files = Files::from_now(dir, |_| true)?;
    super::tail(dir, n, out)?;
    let reader = stdout_fd()?;
    follow(files, out, reader.as_fd())
}

/// Prints what comes until nobody reads `out`, which `reader` is the descriptor of.
///
/// # Errors
/// A broken pipe is one: its exit code is 141.
pub fn follow(mut files: Files, out: &mut impl Write, reader: BorrowedFd<'_>) -> io::Result<i32> {
    out.flush()?;
    loop {
        wait(reader)?;
        for record in news(&mut files)? {
            writeln!(out, "{}", words::line(&record))?;
        }
        out.flush()?;
    }
}

/// A while, or until the reader is gone.
fn wait(reader: BorrowedFd<'_>) -> io::Result<()> {
    let mut fds = [PollFd::new(&reader, PollFlags::empty())];
    let while_ = Timespec { tv_sec: 0, tv_nsec: EVERY_NS };
    match poll(&mut fds, Some(&while_)) {
        Ok(0) | Err(rustix::io::Errno::INTR) => Ok(()),
        Ok(_) if fds[0].revents().intersects(PollFlags::ERR | PollFlags::HUP) => Err(io::ErrorKind::BrokenPipe.into()),
        Ok(_) => {
            std::thread::sleep(std::time::Duration::from_nanos(EVERY_NS as u64));
            Ok(())
        }
        Err(e) => Err(e.into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn news_are_told_once_whole_lines_only_merged() {
        let dir = crate::journal::scratch::Scratch::new();
        let line = |s: &str, seq: u64, ms: i64| format!("{{\"session\":\"{s}\",\"seq\":{seq},\"hlc\":[{ms},0]}}\n");
        let file = |s: &str| dir.path().join(format!("{s}.jsonl"));
        std::fs::write(file("a"), line("a", 1, 1)).unwrap();
        let mut files = Files::from_now(dir.path(), |_| true).unwrap();
        assert!(news(&mut files).unwrap().is_empty());
        let add = |s: &str, text: &str| {
            let mut f = std::fs::OpenOptions::new().append(true).create(true).open(file(s)).unwrap();
            f.write_all(text.as_bytes()).unwrap();
        };
        add("a", &line("a", 2, 30));
        add("b", &line("b", 1, 20));
        let half = line("b", 2, 40);
        add("b", &half[..10]);
        let told = |n: Vec<Record>| n.into_iter().map(|r| (r.session, r.seq)).collect::<Vec<_>>();
        assert_eq!(told(news(&mut files).unwrap()), [("b".into(), 1), ("a".into(), 2)]);
        assert!(news(&mut files).unwrap().is_empty());
        add("b", &half[10..]);
        assert_eq!(told(news(&mut files).unwrap()), [("b".into(), 2)]);
        // What stands there unfinished at the start is told once it is whole; a file that moves is not told again.
        add("a", &line("a", 3, 50)[..10]);
        let mut files = Files::from_now(dir.path(), |_| true).unwrap();
        add("a", &line("a", 3, 50)[10..]);
        assert_eq!(told(news(&mut files).unwrap()), [("a".into(), 3)]);
        std::fs::create_dir(dir.path().join("2026-10")).unwrap();
        std::fs::rename(file("a"), dir.path().join("2026-10/a.jsonl")).unwrap();
        assert!(news(&mut files).unwrap().is_empty());
        // Nor is what a file brought with it lost.
        let own = "20261021T031407Z-mira-b-7f3a";
        add(own, &line(own, 1, 60));
        assert_eq!(told(news(&mut files).unwrap()), [(own.into(), 1)]);
        add(own, &line(own, 2, 70));
        std::fs::rename(file(own), dir.path().join(format!("2026-10/{own}.jsonl"))).unwrap();
        assert_eq!(told(news(&mut files).unwrap()), [(own.into(), 2)]);
    }
}
