//! A backward act that could not wait for the log: its entry in a file of its own, elsewhere. The caller keeps it in
//! memory too and appends it to the log, with its original time, once that works.

use super::append::{create_new, make_dir};
use super::record::ascii;
use crate::core::act::plan::Ticket;
use crate::core::entry::Entry;
use serde::Serialize;
use std::fs::OpenOptions;
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

#[derive(Serialize)]
struct Line<'a> {
    v: u32,
    session: &'a str,
    at: String,
    ticket: Option<Ticket>,
    entry: &'a Entry,
}

/// Where it goes: `<state>/andon/fallback-<session>.jsonl`.
pub fn path(state: &Path, session: &str) -> PathBuf {
    state.join("andon").join(format!("fallback-{session}.jsonl"))
}

/// Appends one line and syncs it. Blocks as long as the disk does: see [`fallback_aside`].
pub fn fallback(state: &Path, session: &str, ticket: Option<Ticket>, entry: &Entry) -> io::Result<()> {
    let path = path(state, session);
    let entry = &*super::redact::entry(entry);
    if let Some(dir) = path.parent() {
        make_dir(dir)?;
    }
    let mut line = ascii(&Line { v: super::record::VERSION, session, at: entry.at.rfc3339(), ticket, entry })?;
    line.push(b'\n');
    let mut file = match create_new(&path, 0o600) {
        Err(e) if e.kind() == io::ErrorKind::AlreadyExists => OpenOptions::new()
            .append(true)
            .custom_flags(rustix::fs::OFlags::NOFOLLOW.bits().cast_signed())
            .open(&path)?,
        other => other?,
    };
    file.write_all(&line)?;
    file.sync_data()
}

/// The same on a thread of its own, for a caller that must not wait. `done` hears how it went.
pub fn fallback_aside(
    state: &Path,
    session: &str,
    ticket: Option<Ticket>,
    entry: Entry,
    done: impl FnOnce(io::Result<()>) + Send + 'static,
) -> io::Result<()> {
    let (state, session) = (state.to_owned(), session.to_owned());
    std::thread::Builder::new()
        .name("andon-fallback".into())
        .spawn(move || done(fallback(&state, &session, ticket, &entry)))
        .map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::entry::Kind;
    use crate::journal::scratch::{Scratch, entry};
    use serde_json::json;

    #[test]
    fn entries_are_kept_one_a_line_with_their_original_time() {
        let dir = Scratch::new();
        let one = entry(Kind::Intent, 5, json!({"verb": "roll back", "why": "\u{e9}"}));
        fallback(dir.path(), "s", Some(Ticket(3)), &one).expect("written");
        let (tell, told) = std::sync::mpsc::channel();
        let two = entry(Kind::Accepted, 9, json!({}));
        fallback_aside(dir.path(), "s", None, two, move |r| {
            let _ = tell.send(r.is_ok());
        })
        .expect("started");
        assert!(told.recv().expect("told"));
        let text = std::fs::read_to_string(path(dir.path(), "s")).expect("there");
        let lines: Vec<serde_json::Value> = text.lines().map(|l| serde_json::from_str(l).expect("json")).collect();
        assert_eq!(lines.len(), 2);
        assert!(text.is_ascii());
        assert_eq!(lines[0]["at"], one.at.rfc3339());
        assert_eq!(lines[0]["ticket"], 3);
        let back: Entry = serde_json::from_value(lines[0]["entry"].clone()).expect("entry");
        assert_eq!(back, one);
    }
}
