//! Records at or before a point: what a reader turns back to. All files merged by (hlc, session, seq), never reordered
//! within a file; read backwards from their ends.

use super::heads::{logs, session_of};
use super::lines::Backwards;
use crate::core::record::{Hlc, Record, UNREADABLE};
use std::collections::BinaryHeap;
use std::io;
use std::path::Path;

/// What was read.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Page {
    /// Oldest first. An unreadable line has the place of its neighbour.
    pub records: Vec<Record>,
    /// No file holds anything older.
    pub start: bool,
    /// Files that could not be read (to their start, as far as it was wanted), with the reason.
    pub unread: Vec<(String, String)>,
}

/// One file, with the record that comes next when going backwards.
struct End {
    next: Record,
    /// Read already, the next one last.
    queue: Vec<Record>,
    rest: Backwards,
    session: String,
}

impl Ord for End {
    fn cmp(&self, other: &End) -> std::cmp::Ordering {
        self.next.order(&other.next)
    }
}
impl PartialOrd for End {
    fn partial_cmp(&self, other: &End) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}
impl PartialEq for End {
    fn eq(&self, other: &End) -> bool {
        self.cmp(other).is_eq()
    }
}
impl Eq for End {}

/// The last `n` records of all logs in `dir` that stand at or before `point`; the newest where it is `None`. The point
/// itself belongs to it, because another session may have written at the same moment.
///
/// # Errors
/// The directory cannot be read. A file that cannot be is named in the page.
pub fn tail_before(dir: &Path, point: Option<Hlc>, n: usize) -> io::Result<Page> {
    let mut found = Page::default();
    let mut ends = BinaryHeap::new();
    let mut push = |end: io::Result<Option<End>>, session: &str, ends: &mut BinaryHeap<End>| match end {
        Ok(Some(end)) => ends.push(end),
        Ok(None) => {}
        Err(e) => found.unread.push((format!("{session}.jsonl"), e.to_string())),
    };
    for path in logs(dir)? {
        let session = session_of(&path);
        let end = Backwards::open(&path).and_then(|rest| last(rest, &session)).and_then(|end| down_to(end, point));
        push(end, &session, &mut ends);
    }
    let mut records = Vec::new();
    while records.len() < n
        && let Some(mut end) = ends.pop()
    {
        let session = end.session.clone();
        let (next, more) = match end.queue.pop() {
            Some(q) => (std::mem::replace(&mut end.next, q), Ok(Some(end))),
            None => step(end),
        };
        records.push(next);
        push(more, &session, &mut ends);
    }
    records.reverse();
    found.start = ends.is_empty();
    found.records = records;
    Ok(found)
}

/// The last record of a file. Lines that tell neither time nor place stand behind the last one that does.
fn last(mut rest: Backwards, session: &str) -> io::Result<Option<End>> {
    let mut read: Vec<Record> = Vec::new();
    while read.last().is_none_or(|r| r.kind == UNREADABLE)
        && let Some(line) = rest.line()?
    {
        read.push(Record::read(session, &line));
    }
    let known = read.last().filter(|r| r.kind != UNREADABLE).map(|r| (r.hlc, r.seq));
    let (hlc, seq) = known.unwrap_or_default();
    let n = read.len() as u64 - u64::from(known.is_some());
    for (r, behind) in read.iter_mut().filter(|r| r.kind == UNREADABLE).zip(0..) {
        (r.hlc, r.seq) = (hlc, seq + n - behind);
    }
    read.reverse();
    Ok(read.pop().map(|next| End { next, queue: read, rest, session: session.to_owned() }))
}

/// What comes next, at or before a point.
fn down_to(mut end: Option<End>, point: Option<Hlc>) -> io::Result<Option<End>> {
    while let Some(mut e) = end {
        if point.is_none_or(|p| e.next.hlc <= p) {
            return Ok(Some(e));
        }
        end = match e.queue.pop() {
            Some(q) => Some(End { next: q, ..e }),
            None => step(e).1?,
        };
    }
    Ok(None)
}

/// The record a file stands at, and the file with the one before it.
fn step(end: End) -> (Record, io::Result<Option<End>>) {
    let End { next: after, mut rest, session, .. } = end;
    let line = match rest.line() {
        Ok(Some(line)) => line,
        Ok(None) => return (after, Ok(None)),
        Err(e) => return (after, Err(e)),
    };
    let mut next = Record::read(&session, &line);
    if next.kind == UNREADABLE {
        // It tells neither time nor place: it stands before its neighbour.
        (next.hlc, next.seq) = (after.hlc, after.seq.saturating_sub(1));
    } else {
        // Never reordered within a file, whatever it says.
        next.hlc = next.hlc.min(after.hlc);
    }
    (after, Ok(Some(End { next, queue: Vec::new(), rest, session })))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::journal::scratch::Scratch;

    fn file(dir: &Path, session: &str, records: impl Iterator<Item = (u64, i64)>) {
        let lines: String = records
            .map(|(seq, ms)| {
                format!(r#"{{"v":1,"session":"{session}","seq":{seq},"hlc":[{ms},0],"kind":"note"}}"#) + "\n"
            })
            .collect();
        std::fs::write(dir.join(format!("{session}.jsonl")), lines).expect("written");
    }

    fn told(p: &Page) -> Vec<(i64, &str)> {
        p.records.iter().map(|r| (r.hlc.0, r.session.as_str())).collect()
    }

    #[test]
    fn turning_back_page_by_page_gives_every_record_once_in_the_readers_order() {
        let dir = Scratch::new();
        file(dir.path(), "20261121T000000Z-a", (1..=40).map(|i| (i, i as i64 * 3)));
        file(dir.path(), "20261121T000001Z-b", (1..=40).map(|i| (i, i as i64 * 2)));
        let all = tail_before(dir.path(), None, 1_000).expect("read");
        assert!(all.start && all.records.len() == 80 && all.unread.is_empty());
        let mut turned: Vec<Record> = Vec::new();
        let (mut point, mut pages) = (None, 0);
        loop {
            let page = tail_before(dir.path(), point, 7).expect("read");
            pages += 1;
            assert!(pages < 40, "it goes on");
            point = page.records.first().map(|r| r.hlc);
            let new: Vec<Record> = page.records.into_iter().filter(|r| !turned.contains(r)).collect();
            turned.splice(0..0, new);
            if page.start {
                break;
            }
        }
        assert_eq!(turned, all.records);
        let mut sorted = turned.clone();
        sorted.sort_by(Record::order);
        assert_eq!(sorted, turned);
        let page = tail_before(dir.path(), Some(Hlc(6, 0)), 3).expect("read");
        assert_eq!(told(&page), [(4, "20261121T000001Z-b"), (6, "20261121T000000Z-a"), (6, "20261121T000001Z-b")]);
    }

    #[test]
    fn lines_that_are_no_records_keep_their_place_and_are_told_apart() {
        let dir = Scratch::new();
        let line = |seq: u64, ms: i64| format!(r#"{{"seq":{seq},"hlc":[{ms},0],"kind":"note"}}"#);
        let text = format!("{}\nrubbish\nmore\n{}\n{}\nlast\nlines\nunfinished", line(1, 10), line(4, 40), line(5, 20));
        std::fs::write(dir.path().join("20261121T000000Z-a.jsonl"), text).expect("written");
        let page = tail_before(dir.path(), None, 10).expect("read");
        let kinds: Vec<(&str, u64)> = page.records.iter().map(|r| (r.kind.as_str(), r.seq)).collect();
        assert_eq!(
            kinds,
            [("note", 1), (UNREADABLE, 2), (UNREADABLE, 3), ("note", 4), ("note", 5), (UNREADABLE, 6), (UNREADABLE, 7)]
        );
        assert_eq!(page.records[6].data, "lines");
        // An hlc that falls does not reorder its file.
        assert_eq!(page.records[3].hlc, Hlc(20, 0));
        assert_eq!(page.records[6].hlc, Hlc(20, 0));
        assert!(page.start);
    }
}
