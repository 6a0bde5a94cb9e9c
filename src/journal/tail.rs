//! The newest records of a directory: the ends of all files merged by (hlc, session, seq), never reordered within a
//! file. Reads only as much of each file's end as is asked for.

use super::heads::{logs, session_of};
use super::hlc::Hlc;
use super::lines::Backwards;
use crate::core::record::{Record, UNREADABLE};
use std::collections::BinaryHeap;
use std::io;
use std::path::Path;

/// What was read.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Tail {
    /// Oldest first.
    pub records: Vec<Record>,
    /// Files that could not be read (to their start, as far as it was wanted), with the reason.
    pub unread: Vec<(String, String)>,
}

/// One file, with the record that comes next when going backwards.
struct End {
    next: Record,
    /// Where `next` stands in the merge: its own hlc, but never later than what came after it in its file.
    hlc: Hlc,
    rest: Backwards,
    session: String,
}

impl Ord for End {
    fn cmp(&self, other: &End) -> std::cmp::Ordering {
        self.hlc.cmp(&other.hlc).then_with(|| self.next.order(&other.next))
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

/// The last `n` records of all logs in `dir`.
pub fn tail(dir: &Path, n: usize) -> io::Result<Tail> {
    let mut found = Tail::default();
    let mut ends = BinaryHeap::new();
    for path in logs(dir)? {
        let session = session_of(&path);
        match Backwards::open(&path).and_then(|rest| before(rest, session.clone(), None)) {
            Ok(Some(end)) => ends.push(end),
            Ok(None) => {}
            Err(e) => found.unread.push((format!("{session}.jsonl"), e.to_string())),
        }
    }
    while found.records.len() < n
        && let Some(End { next, hlc, rest, session }) = ends.pop()
    {
        found.records.push(next);
        match before(rest, session.clone(), Some(hlc)) {
            Ok(Some(end)) => ends.push(end),
            Ok(None) => {}
            Err(e) => found.unread.push((format!("{session}.jsonl"), e.to_string())),
        }
    }
    found.records.reverse();
    Ok(found)
}

fn before(mut rest: Backwards, session: String, after: Option<Hlc>) -> io::Result<Option<End>> {
    let Some(line) = rest.line()? else {
        return Ok(None);
    };
    let next = Record::read(&session, &line);
    // A line that tells no time stays beside its neighbour.
    let own = if next.kind == UNREADABLE { after.unwrap_or_default() } else { next.hlc };
    Ok(Some(End { hlc: after.map_or(own, |a| own.min(a)), next, rest, session }))
}
