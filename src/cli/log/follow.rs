//! `andon log tail -f`: new records of all sessions as they are written, until the reader goes or a signal comes. Looks
//! at the directory by itself; `news` is the one place that does.

use crate::cli::out::stdout_fd;
use crate::core::record::{Hlc, Record};
use crate::journal::heads::{logs, session_of};
use crate::journal::lines::{Backwards, Forwards, Piece};
use crate::journal::{places, words};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use std::collections::BTreeMap;
use std::io::{self, Seek, SeekFrom, Write};
use std::os::fd::{AsFd as _, BorrowedFd};
use std::path::{Path, PathBuf};

/// How often the directory is looked at: well within the second that is promised.
const EVERY_NS: i64 = 400_000_000;

/// How far the file of each session was read, in bytes; always behind a newline. By session: a file may move into a month.
#[derive(Debug, Default)]
pub struct Read(BTreeMap<String, u64>);

impl Read {
    /// Everything that is there now counts as read.
    ///
    /// # Errors
    /// The directory cannot be listed.
    pub fn all(dir: &Path) -> io::Result<Read> {
        // Where the last whole line of each ends. One that cannot be read now is read from its start later.
        let end = |path: &PathBuf| Backwards::open(path).map_or(0, |b| b.torn().0);
        Ok(Read(logs(dir)?.iter().map(|path| (session_of(path), end(path))).collect()))
    }
}

/// What came since, merged as readers merge. Files that cannot be read now are tried again.
///
/// # Errors
/// The directory cannot be listed.
pub fn news(dir: &Path, read: &mut Read) -> io::Result<Vec<Record>> {
    let mut new: Vec<(Hlc, Record)> = Vec::new();
    for path in logs(dir)? {
        let session = session_of(&path);
        let from = read.0.entry(session.clone()).or_default();
        let Ok(mut file) = places::open(&path) else { continue };
        if file.metadata().is_ok_and(|m| m.len() <= *from) || file.seek(SeekFrom::Start(*from)).is_err() {
            continue;
        }
        let mut lines = Forwards::new(file);
        let mut hlc = Hlc::default();
        // An unfinished last line is read when it is finished.
        while let Ok(Some(Piece::Line(line))) = lines.next_piece() {
            *from += line.len() as u64 + 1;
            let record = Record::read(&session, line);
            hlc = hlc.max(record.hlc);
            new.push((hlc, record));
        }
    }
    // Stable, and never falling within a file: its records stay in their order even where an hlc is missing.
    new.sort_by(|a, b| a.0.cmp(&b.0).then_with(|| a.1.session.cmp(&b.1.session)));
    Ok(new.into_iter().map(|(_, record)| record).collect())
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
    let read = Read::all(dir)?;
    super::tail(dir, n, out)?;
    let reader = stdout_fd()?;
    follow(dir, read, out, reader.as_fd())
}

/// Prints what comes until nobody reads `out`, which `reader` is the descriptor of.
///
/// # Errors
/// A broken pipe is one: its exit code is 141.
pub fn follow(dir: &Path, mut read: Read, out: &mut impl Write, reader: BorrowedFd<'_>) -> io::Result<i32> {
    out.flush()?;
    loop {
        wait(reader)?;
        for record in news(dir, &mut read)? {
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
        let mut read = Read::all(dir.path()).unwrap();
        assert!(news(dir.path(), &mut read).unwrap().is_empty());
        let add = |s: &str, text: &str| {
            let mut f = std::fs::OpenOptions::new().append(true).create(true).open(file(s)).unwrap();
            f.write_all(text.as_bytes()).unwrap();
        };
        add("a", &line("a", 2, 30));
        add("b", &line("b", 1, 20));
        let half = line("b", 2, 40);
        add("b", &half[..10]);
        let told = |n: Vec<Record>| n.into_iter().map(|r| (r.session, r.seq)).collect::<Vec<_>>();
        assert_eq!(told(news(dir.path(), &mut read).unwrap()), [("b".into(), 1), ("a".into(), 2)]);
        assert!(news(dir.path(), &mut read).unwrap().is_empty());
        add("b", &half[10..]);
        assert_eq!(told(news(dir.path(), &mut read).unwrap()), [("b".into(), 2)]);
        // What stands there unfinished at the start is told once it is whole; a file that moves is not told again.
        add("a", &line("a", 3, 50)[..10]);
        let mut read = Read::all(dir.path()).unwrap();
        add("a", &line("a", 3, 50)[10..]);
        assert_eq!(told(news(dir.path(), &mut read).unwrap()), [("a".into(), 3)]);
        std::fs::create_dir(dir.path().join("2026-10")).unwrap();
        std::fs::rename(file("a"), dir.path().join("2026-10/a.jsonl")).unwrap();
        assert!(news(dir.path(), &mut read).unwrap().is_empty());
    }
}
