//! The records of a directory in reading order, with what was found of each file: for reports. Small logs are read
//! whole; of large ones only what a report may need is kept in memory.

use super::chain::hash_of;
use super::heads::{logs, session_of};
use super::lines::{Forwards, Piece};
use super::live;
use super::places;
use crate::core::case::report::{File, Wish, incident_of, span_of};
use crate::core::record::{Hlc, Record, UNREADABLE};
use crate::core::time::Utc;
use std::io;
use std::path::Path;

/// Up to here all records are kept. Bytes of all files.
pub const WHOLE: u64 = 48 << 20;
/// Kinds that are kept whatever their age: incidents, who leads, promises, sessions.
const ALWAYS: [&str; 9] = [
    "incident-opened",
    "incident-changed",
    "incident-closed",
    "lead",
    "follow-up",
    "debt",
    "decision",
    "told",
    "opened",
];
/// Kinds of acts; for a hand-over they are kept whatever their age too.
const ACTS: [&str; 9] = ["intent", "sent", "accepted", "refused", "unknown", "seen", "settled", "stuck", "undone"];

/// What was read.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Gathered {
    pub records: Vec<Record>,
    pub files: Vec<File>,
}

/// What a reader wants besides [`ALWAYS`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Want {
    /// What a report about this needs.
    Report(Wish),
    /// Acts of any age, and all since then.
    Since(Utc),
}

/// Reads a directory. `told` hears how many bytes of how many have been read.
///
/// # Errors
/// The directory cannot be listed. A file that cannot be read is no error: its [`File::unread`] says why.
pub fn gather(dir: &Path, want: &Want, told: &mut dyn FnMut(u64, u64)) -> io::Result<Gathered> {
    gather_up_to(dir, want, WHOLE, told)
}

fn gather_up_to(dir: &Path, want: &Want, whole: u64, told: &mut dyn FnMut(u64, u64)) -> io::Result<Gathered> {
    let size: u64 = logs(dir)?.iter().filter_map(|p| p.metadata().ok()).map(|m| m.len()).sum();
    if size <= whole {
        return read(dir, &Keep::All, size, told);
    }
    match want {
        Want::Since(since) => read(dir, &Keep::Since(*since), size, told),
        Want::Report(wish) => {
            // Twice: which incident, and when, is known only after the first time.
            let first = read(dir, &Keep::Case, size * 2, told)?;
            let keep = around(&first, wish);
            let mut shifted = |done: u64, all: u64| told(done + size, all);
            read(dir, &keep, size * 2, &mut shifted)
        }
    }
}

/// Which lines are kept.
enum Keep {
    All,
    Case,
    Since(Utc),
    Between(Utc, Option<Utc>, Option<String>),
    Session(String),
}

fn around(first: &Gathered, wish: &Wish) -> Keep {
    let newest = || first.records.iter().rev().find(|r| r.kind == "incident-opened").and_then(incident_of);
    let span = wish.since.is_some() || wish.until.is_some();
    let id = wish.incident.as_deref().or_else(|| if span { None } else { newest() });
    if let Some((id, (from, to))) = id.and_then(|id| Some((id, span_of(id, first.records.iter())?))) {
        return Keep::Between(wish.since.unwrap_or(from), wish.until.or(to), Some(id.to_owned()));
    }
    if span {
        return Keep::Between(wish.since.unwrap_or(Utc(i64::MIN)), wish.until, None);
    }
    match first.records.iter().rev().find(|r| r.kind == "opened") {
        Some(o) => Keep::Session(o.session.clone()),
        None => Keep::Case,
    }
}

/// The record, where it is to be kept. Most lines of a large log are told apart without being parsed.
fn kept(line: &[u8], session: &str, keep: &Keep) -> Option<Record> {
    let text = std::str::from_utf8(line).unwrap_or_default();
    let has = |kinds: &[&str]| {
        let mut rest = text;
        // `"kind":"` stands once in the head of a record and perhaps in its data: any of them will do.
        while let Some(at) = rest.find("\"kind\":\"") {
            rest = &rest[at + 8..];
            if kinds.iter().any(|k| rest.starts_with(k) && rest[k.len()..].starts_with('"')) {
                return true;
            }
        }
        false
    };
    let always = has(&ALWAYS);
    let may = match keep {
        Keep::All => true,
        Keep::Case => always,
        Keep::Session(s) => always || session == s,
        Keep::Since(from) => always || has(&ACTS) || has(&["resolved"]) || may_be(text, *from, None),
        Keep::Between(from, to, id) => {
            always || may_be(text, *from, *to) || id.as_ref().is_some_and(|id| text.contains(id.as_str()))
        }
    };
    may.then(|| Record::read(session, line))
}

/// Could the record have been true in this time? In doubt yes.
fn may_be(line: &str, from: Utc, to: Option<Utc>) -> bool {
    let written = line.find("\"utc\":\"").and_then(|at| line.get(at + 7..at + 31)).and_then(Utc::read);
    match written {
        Some(t) if !line.contains("\"at\":\"") => t >= from && to.is_none_or(|to| t <= to),
        _ => true,
    }
}

fn read(dir: &Path, keep: &Keep, all: u64, told: &mut dyn FnMut(u64, u64)) -> io::Result<Gathered> {
    let mut out = Gathered::default();
    // A record never comes before one that stands above it in its file.
    let mut keyed: Vec<(Hlc, Record)> = Vec::new();
    let mut done = 0;
    let files = places::files(dir)?;
    for path in files.logs {
        let session = session_of(&path);
        let mut file = File {
            name: format!("{session}.jsonl"),
            runs: live::runs(dir, &session),
            session: session.clone(),
            ..File::default()
        };
        let mut place = Hlc::default();
        let mut each = |piece: Piece<'_>, file: &mut File| match piece {
            Piece::Line(line) => {
                file.records += 1;
                done += line.len() as u64 + 1;
                if let Some(hash) = hash_of(line) {
                    file.head.clear();
                    file.head.push_str(hash);
                }
                if let Some(r) = kept(line, &session, keep) {
                    if r.kind != UNREADABLE {
                        place = place.max(r.hlc);
                    }
                    keyed.push((place, r));
                }
                if file.records.is_multiple_of(4096) {
                    told(done, all);
                }
            }
            Piece::Unfinished(rest) => file.torn = rest.len() as u64,
            Piece::TooLong => file.unread = Some("a line longer than 1 MiB; nothing behind it was read".into()),
        };
        let mut whole = || -> io::Result<()> {
            let mut lines = Forwards::new(places::open(&path)?);
            while let Some(piece) = lines.next_piece()? {
                each(piece, &mut file);
            }
            Ok(())
        };
        if let Err(e) = whole() {
            file.unread = Some(e.to_string());
        }
        out.files.push(file);
    }
    out.files.extend(files.unread.into_iter().map(|(name, why)| File {
        session: session_of(Path::new(&name)),
        name,
        unread: Some(why),
        ..File::default()
    }));
    keyed.sort_by(|(a, r), (b, s)| a.cmp(b).then_with(|| r.session.cmp(&s.session)).then(r.seq.cmp(&s.seq)));
    out.records = keyed.into_iter().map(|(_, r)| r).collect();
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::journal::scratch::Scratch;
    use serde_json::json;

    const T: i64 = 1_795_219_200_000;

    /// A file of notes, one a minute from `from`, with an incident in the middle.
    fn file(dir: &Path, session: &str, from: i64, incident: Option<&str>) {
        let mut text = String::new();
        for i in 0..200_i64 {
            let t = Utc(T + (from + i) * 60_000);
            let kind = match (i, incident) {
                (0, _) => "opened",
                (100, Some(_)) => "incident-opened",
                (110, Some(_)) => "incident-closed",
                _ => "note",
            };
            let line = json!({"v": 1, "session": session, "seq": i + 1, "hlc": [t.0, 0], "utc": t.rfc3339(), "kind": kind,
                "incident": incident.filter(|_| (100..=110).contains(&i)),
                "data": {"id": incident.filter(|_| kind.starts_with("incident")), "text": format!("note {i}"), "kind": "x"}});
            text.push_str(&line.to_string());
            text.push('\n');
        }
        std::fs::write(dir.join(format!("{session}.jsonl")), text).expect("written");
    }

    #[test]
    fn a_large_log_gives_the_same_report_from_fewer_records() {
        let dir = Scratch::new();
        file(dir.path(), "a", 0, Some("i-1"));
        file(dir.path(), "b", 1000, None);
        file(dir.path(), "c", 30, None);
        let wish = Wish::default();
        let want = Want::Report(wish.clone());
        let mut told = 0;
        let all = gather_up_to(dir.path(), &want, u64::MAX, &mut |_, _| told += 1).expect("read");
        let few = gather_up_to(dir.path(), &want, 0, &mut |_, _| ()).expect("read");
        assert_eq!(all.records.len(), 600);
        assert!(few.records.len() < 100, "{}", few.records.len());
        let made = |g: &Gathered| {
            let read = crate::core::case::report::Read { environment: "prod".into(), files: g.files.clone() };
            crate::core::case::report::draft(&g.records, &read, &wish, Utc(T))
                .map(|r| crate::core::case::report::md::md(&r))
        };
        assert_eq!(made(&all).expect("a report"), made(&few).expect("a report"));
        // A span that nothing was said of, by time alone.
        let wish = Wish { since: Some(Utc(T + 1100 * 60_000)), ..Wish::default() };
        let few = gather_up_to(dir.path(), &Want::Report(wish), 0, &mut |_, _| ()).expect("read");
        assert_eq!(few.records.iter().filter(|r| r.kind == "note").count(), 100);
        let few = gather_up_to(dir.path(), &Want::Since(Utc(T + 1190 * 60_000)), 0, &mut |_, _| ()).expect("read");
        assert_eq!(few.records.iter().filter(|r| r.kind == "note").count(), 10);
    }

    #[test]
    fn what_cannot_be_read_is_told_and_the_rest_is_there() {
        let dir = Scratch::new();
        file(dir.path(), "a", 0, None);
        std::fs::write(dir.path().join("b.jsonl"), b"{\"kind\":\"note\",\"hlc\":[1,0]}\n{\"kind\":\"no")
            .expect("written");
        std::fs::create_dir(dir.path().join("c.jsonl")).expect("a directory");
        let g = gather(dir.path(), &Want::Report(Wish::default()), &mut |_, _| ()).expect("read");
        assert_eq!(g.records.len(), 201);
        assert_eq!(g.records[0].session, "b", "merged by the clock");
        assert_eq!(g.files[1].torn, 11);
        assert!(g.files[2].unread.is_some());
    }
}
