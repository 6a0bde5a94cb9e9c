//! The log for other programs and other people: what is chosen of it, the heads it rests on, and the four forms. Records
//! go through one by one; a log of a million is never held in memory. Knows no terminal and no clock.

mod csv;
/// A record with every member, for a person.
pub mod full;
mod html;
mod json;
mod md;
mod read;
#[cfg(test)]
mod tests;
mod which;

pub use read::{Given, Merged, Source, holds_alone, open, open_checked};
pub use which::{TargetWish, Which};

use crate::core::record::Record;
use crate::core::time::Utc;
use std::io::{self, Write};

/// Name and version of the JSON form. It grows by addition only.
pub const SCHEMA: &str = "andon.log.export/1";

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// One object, records verbatim, one to a line.
    Json,
    /// RFC 4180.
    Csv,
    /// Markdown with a table.
    Md,
    /// One file, no script, no network.
    Html,
}

/// By whom and when an export was made.
#[derive(Clone, Debug)]
pub struct Made {
    pub at: Utc,
    /// The program's version.
    pub build: String,
}

/// What an export came to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Done {
    pub records: u64,
    /// Every chain held, and every file could be read.
    pub whole: bool,
}

/// Writes the chosen records of `given` in the order every reader has. `told` hears bytes done and bytes in all.
///
/// # Errors
/// Those of `out`, and of a file that cannot be read on.
pub fn export(
    format: Format,
    given: &Given,
    which: &Which,
    made: &Made,
    out: &mut impl Write,
    told: &mut dyn FnMut(u64, u64),
) -> io::Result<Done> {
    let records = match format {
        Format::Json => json::write(given, which, made, out, told)?,
        Format::Csv => csv::write(given, which, out, told)?,
        Format::Md => md::write(given, which, made, out, told)?,
        Format::Html => html::write(given, which, made, out, told)?,
    };
    Ok(Done { records, whole: given.is_whole() })
}

/// Every chosen record with its line, told of as it goes.
fn each(
    given: &Given,
    which: &Which,
    told: &mut dyn FnMut(u64, u64),
    mut take: impl FnMut(&Record, &[u8]) -> io::Result<()>,
) -> io::Result<u64> {
    let (mut n, mut done, all) = (0_u64, 0_u64, given.bytes());
    for (looked, item) in given.merged()?.enumerate() {
        let (record, line) = item?;
        done += line.len() as u64 + 1;
        if looked % 1_024 == 0 {
            told(done, all);
        }
        if which.takes(&record) {
            n += 1;
            take(&record, &line)?;
        }
    }
    Ok(n)
}

/// One line for each file: where it ends, and whether its chain holds. The same words in every form.
fn heads(given: &Given) -> Vec<(String, String)> {
    let one = |s: &Source| {
        let what = match (&s.unread, &s.found.first_bad) {
            (Some(why), _) => format!("not read: {why}"),
            (None, Some(bad)) => format!(
                "BROKEN at line {} (seq {}): {}; {} good records before it",
                bad.line, bad.seq, bad.why, s.found.records
            ),
            (None, None) => {
                let end = if s.found.closed { "closed" } else { "no clean end" };
                let torn = s.found.torn.as_ref().map(|t| format!(", {} bytes of an unfinished last line", t.bytes));
                format!("{} records, {end}{}, the chain holds", s.found.records, torn.unwrap_or_default())
            }
        };
        let of = s.found.session.as_ref().filter(|of| format!("{of}.jsonl") != s.file);
        let of = of.map(|of| format!(", of session {of}")).unwrap_or_default();
        (s.file.clone(), format!("{what}{of}"))
    };
    given.sources.iter().map(one).collect()
}

/// What a person did or wrote, whole, in the forms that cut lines elsewhere.
fn is_written(r: &Record) -> bool {
    matches!(
        r.kind.as_str(),
        "note"
            | "decision"
            | "told"
            | "incident-opened"
            | "incident-changed"
            | "incident-closed"
            | "follow-up"
            | "debt"
    )
}

/// `12@20261121T031407Z-mira-bastion2-7f3a`: how a record is asked for.
pub fn name(r: &Record) -> String {
    format!("{}@{}", r.seq, r.session)
}

/// The record's number and the last letters of its session: enough to tell sessions apart on a page.
fn short(r: &Record) -> String {
    match r.session.rsplit('-').next().filter(|s| s.len() <= 8) {
        Some(end) => format!("{}@{end}", r.seq),
        None => name(r),
    }
}
