//! `andon report` and `andon report handover`: which log, which span, and where the report goes. What it says is made
//! in `core::case::report`.

use super::out::{Progress, code, json, tell};
use super::{ReportArgs, ReportFrom, setup};
use crate::config::duration::millis;
use crate::core::case::people::Present;
use crate::core::case::report::{self, Read, Wish, handover as shift, html, md, text};
use crate::core::time::Utc;
use crate::journal::gather::{Gathered, Want, gather};
use crate::journal::live;
use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

/// Nothing of what was asked for is there.
const NOT_FOUND: u8 = 5;

/// The postmortem draft. Exit code 0; 1: something of the log could not be read (the draft says what); 2: a time that
/// is none; 5: no such incident, or nothing to report on.
pub fn draft(args: &ReportArgs, out: &mut impl Write) -> u8 {
    let dir = dir_of(&args.from);
    let now = now();
    // A drill's time is its own: what is asked for by spans counts back from its last record.
    let wish = |now: Utc| -> Result<Wish, String> {
        let time = |s: &Option<String>| s.as_deref().map(|s| when(s, now)).transpose();
        Ok(Wish { incident: args.incident.clone(), since: time(&args.since)?, until: time(&args.until)? })
    };
    let (wish, gathered, now) = match found(&dir, now, |now| wish(now).map(Want::Report)) {
        Ok((g, now)) => match wish(now) {
            Ok(w) => (w, g, now),
            Err(e) => return usage(&e),
        },
        Err(code) => return code,
    };
    let read = read(&dir, &args.from, &gathered);
    let made = match report::draft(&gathered.records, &read, &wish, now) {
        Ok(made) => made,
        Err(nothing) => return not_found(&dir, &nothing.to_string()),
    };
    let write = |out: &mut dyn Write| -> io::Result<()> {
        if args.json {
            json(&mut &mut *out, &made)
        } else if args.html {
            out.write_all(html::html(&made).as_bytes())
        } else {
            out.write_all(md::md(&made).as_bytes())
        }
    };
    finish(args.from.output.as_deref(), &gathered, &write, out)
}

/// The shift change. Exit codes as [`draft`].
pub fn handover(from: &ReportFrom, since: &str, out: &mut impl Write) -> u8 {
    let dir = dir_of(from);
    let (gathered, now) = match found(&dir, now(), |now| when(since, now).map(Want::Since)) {
        Ok(found) => found,
        Err(code) => return code,
    };
    let since = match when(since, now) {
        Ok(t) => t,
        Err(e) => return usage(&e),
    };
    let read = read(&dir, from, &gathered);
    let made = match shift::handover(&gathered.records, &read, &present(&dir, &gathered), since, now) {
        Ok(made) => made,
        Err(nothing) => return not_found(&dir, &nothing.to_string()),
    };
    let write = |out: &mut dyn Write| out.write_all(text::text(&made).as_bytes());
    finish(from.output.as_deref(), &gathered, &write, out)
}

fn usage(why: &str) -> u8 {
    tell(why);
    2
}

fn not_found(dir: &Path, why: &str) -> u8 {
    tell(&format!("{}: {why}", dir.to_string_lossy()));
    NOT_FOUND
}

fn finish(
    file: Option<&Path>,
    gathered: &Gathered,
    write: &dyn Fn(&mut dyn Write) -> io::Result<()>,
    out: &mut impl Write,
) -> u8 {
    let unread: Vec<_> = gathered.files.iter().filter_map(|f| Some((&f.name, f.unread.as_ref()?))).collect();
    for (name, why) in &unread {
        tell(&format!("{name}: not read: {why}"));
    }
    let done = match file {
        None => write(out),
        Some(path) => File::create(path).and_then(|f| {
            let mut to = super::out::Gated::new(BufWriter::new(f));
            write(&mut to).and_then(|()| to.flush())
        }),
    };
    if let (Some(path), Err(e)) = (file, &done) {
        tell(&format!("{}: {e}", path.to_string_lossy()));
        return 1;
    }
    code(done.map(|()| i32::from(!unread.is_empty())), out)
}

/// What the running sessions say of themselves in their live files.
fn present(dir: &Path, gathered: &Gathered) -> Vec<Present> {
    let running = gathered.files.iter().filter(|f| f.runs);
    running.filter_map(|f| live::read(dir, &f.session).map(|(present, _)| present)).collect()
}

fn dir_of(from: &ReportFrom) -> PathBuf {
    from.dir.clone().unwrap_or_else(|| setup::log_of(from.env.as_deref()))
}

/// The environment's name, as its newest session wrote it, else as it was asked for, else by the directory.
fn read(dir: &Path, from: &ReportFrom, gathered: &Gathered) -> Read {
    let opened = gathered.records.iter().rev().find(|r| r.kind == "opened");
    let written = opened.and_then(|o| o.data["environment"].as_str()).map(str::to_owned);
    let name = dir.parent().filter(|_| dir.ends_with("log")).unwrap_or(dir).file_name();
    let by_dir = || name.map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
    Read { environment: written.or_else(|| from.env.clone()).unwrap_or_else(by_dir), files: gathered.files.clone() }
}

/// The records, and the time that counts as now: in a drill that of its last record. The exit code where there are none.
fn found(dir: &Path, now: Utc, want: impl Fn(Utc) -> Result<Want, String>) -> Result<(Gathered, Utc), u8> {
    if !dir.is_dir() {
        return Err(not_found(dir, "there is no log here"));
    }
    let wanted = want(now).map_err(|e| usage(&e))?;
    let mut told = Progress::new("read");
    let mut read = |want: &Want| {
        gather(dir, want, &mut |done, all| told.at(done, all)).map_err(|e| {
            tell(&format!("{}: {e}", dir.to_string_lossy()));
            1
        })
    };
    let gathered = read(&wanted)?;
    let newest = gathered.records.iter().rev().find(|r| r.kind == "opened");
    if newest.is_none_or(|o| o.data["drill"].is_null()) {
        return Ok((gathered, now));
    }
    let last = gathered.records.iter().filter_map(|r| Utc::read(r.when())).max().unwrap_or(now);
    let again = want(last).map_err(|e| usage(&e))?;
    // A small log was read whole.
    let gathered = if again == wanted { gathered } else { read(&again)? };
    Ok((gathered, last))
}

fn now() -> Utc {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Utc(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
}

/// A time as it is typed: a span back from `now` (`2h`), a time of day (`03:00`, the last one), a date, or RFC 3339
/// with or without seconds and zone (then UTC).
fn when(typed: &str, now: Utc) -> Result<Utc, String> {
    if let Some(ms) = millis(typed) {
        return Ok(Utc(now.0.saturating_sub(i64::try_from(ms).unwrap_or(i64::MAX))));
    }
    let day = now.rfc3339();
    let day = day.get(..10).unwrap_or_default();
    let whole = [
        typed.to_owned(),
        format!("{typed}Z"),
        format!("{typed}:00Z"),
        format!("{}:00Z", typed.trim_end_matches(['Z', 'z'])),
        format!("{typed}T00:00:00Z"),
    ];
    if let Some(t) = whole.iter().find_map(|s| Utc::read(s)) {
        return Ok(t);
    }
    let today = [format!("{day}T{typed}Z"), format!("{day}T{typed}:00Z")].iter().find_map(|s| Utc::read(s));
    match today {
        Some(t) if t > now => Ok(Utc(t.0 - 86_400_000)),
        Some(t) => Ok(t),
        None => Err(format!("{typed}: no time; write a span (2h), a time of day (03:00) or 2026-11-21T03:00Z")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_as_people_type_them() {
        let now = Utc::read("2026-11-21T03:30:00Z").expect("a time");
        let at = |s: &str| when(s, now).map(Utc::rfc3339);
        let ok = |s: &str| Ok(format!("{s}.000Z"));
        assert_eq!(at("2h"), ok("2026-11-21T01:30:00"));
        assert_eq!(at("03:00"), ok("2026-11-21T03:00:00"));
        assert_eq!(at("22:00"), ok("2026-11-20T22:00:00"));
        for s in ["2026-11-21T03:00Z", "2026-11-21 03:00", "2026-11-21T03:00:00", "2026-11-21T04:00:00+01:00"] {
            assert_eq!(at(s), ok("2026-11-21T03:00:00"), "{s}");
        }
        assert_eq!(at("2026-11-21"), ok("2026-11-21T00:00:00"));
        for bad in ["", "soon", "25:00", "2026-13-01", "-2h"] {
            assert!(at(bad).is_err(), "{bad}");
        }
    }
}
