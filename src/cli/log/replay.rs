//! `andon log replay`: a log on the real screens, read-only. Looked through once before, for where to begin and to end.

use crate::cli::ConsoleArgs;
use crate::cli::console::{self, Place};
use crate::cli::out::{Progress, tell};
use crate::core::case::known::when;
use crate::core::replayed::Ahead;
use crate::core::time::Utc;
use crate::engine::replay::appended;
use crate::journal::export::{self, Given, Which};
use std::io::{self, ErrorKind};
use std::path::PathBuf;

/// A minute before an incident's first bad signal: what was there already shows for a moment.
const BEFORE_MS: i64 = 60_000;

/// What is to be played.
pub struct Replay {
    pub paths: Vec<PathBuf>,
    pub given: Given,
    /// As the first record tells it; empty where none does.
    pub environment: String,
    pub speed: u32,
    /// What was appended before is there at once.
    pub begins: Utc,
    /// Nothing after this.
    pub ends: Option<Utc>,
    records: u64,
    acts: u64,
}

impl Replay {
    /// What there is before the first record came.
    pub fn ahead(&self) -> Ahead {
        Ahead { records: self.records, acts: self.acts, next: None }
    }
}

/// Plays it; the exit code. 2: there is no screen for it, 5: no log, no such incident, no record.
pub fn run(args: &ConsoleArgs, paths: Vec<PathBuf>, incident: Option<String>, speed: u32, times: &Which) -> u8 {
    if args.plain {
        tell("a replay needs the screen; andon log show prints the records");
        return 2;
    }
    match look(paths, incident.as_deref(), speed, times) {
        Ok(Ok(replay)) => console::open(args, Some(Place::Replay(Box::new(replay)))),
        Ok(Err(why)) => {
            tell(&why);
            5
        }
        Err(e) => {
            tell(&e.to_string());
            if e.kind() == ErrorKind::NotFound { 5 } else { 1 }
        }
    }
}

/// Looks the log through.
///
/// # Errors
/// A file that cannot be read. The inner one: there is nothing to play, in a sentence.
pub fn look(
    paths: Vec<PathBuf>,
    incident: Option<&str>,
    speed: u32,
    times: &Which,
) -> io::Result<Result<Replay, String>> {
    let given = export::open(&paths)?;
    let (mut begins, mut ends) = (times.since, times.until);
    let mut environment = String::new();
    let mut first = None;
    let mut progress = Progress::new("looked through");
    if let Some(id) = incident {
        let mut span: Option<(Utc, Utc)> = None;
        let of = Which { incident: Some(id.to_owned()), ..Which::default() };
        each(&given, &mut progress, |r| {
            if of.takes(r) {
                let bad = r.data["first_bad"].as_str().and_then(Utc::read).filter(|_| r.kind == "incident-opened");
                let (at, end) = (bad.unwrap_or_else(|| when(r)).min(when(r)), appended(r));
                span = Some(span.map_or((at, end), |(a, b)| (a.min(at), b.max(end))));
            }
        })?;
        let Some((from, to)) = span else { return Ok(Err(format!("no record is of an incident {id:?}"))) };
        begins = begins.or(Some(Utc(from.0.saturating_sub(BEFORE_MS))));
        ends = ends.or(Some(to));
    }
    let (mut records, mut acts, mut past) = (0, 0, false);
    each(&given, &mut progress, |r| {
        let at = appended(r);
        first = first.or(Some(at));
        if environment.is_empty() && r.kind == "opened" {
            environment = r.data["environment"].as_str().unwrap_or_default().to_owned();
        }
        // The player stops at the first one that is too late.
        past |= ends.is_some_and(|end| at > end);
        if !past {
            records += 1;
            acts += u64::from(r.kind == "intent");
        }
    })?;
    drop(progress);
    let Some(first) = first.filter(|_| records > 0) else {
        return Ok(Err("there is no record to play".to_owned()));
    };
    let begins = begins.unwrap_or(first).max(first);
    Ok(Ok(Replay { paths, given, environment, speed, begins, ends, records, acts }))
}

fn each(given: &Given, progress: &mut Progress, mut of: impl FnMut(&crate::core::record::Record)) -> io::Result<()> {
    let (mut done, all) = (0, given.bytes());
    for item in given.merged()? {
        let (record, line) = item?;
        done += line.len() as u64 + 1;
        progress.at(done, all);
        of(&record);
    }
    Ok(())
}
