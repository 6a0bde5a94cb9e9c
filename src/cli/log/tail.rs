//! `andon log tail`: the newest records of a directory.

use super::{WIDTH, missing, shown};
use crate::core::case::seams::seam_words;
use crate::core::shown::shown_line;
use crate::journal::{tail as ends, words};
use std::io::{self, Write};
use std::path::Path;

/// Prints the newest `n` records of `dir`, oldest first. Exit code 0; 1 when something could not be read.
pub fn tail(dir: &Path, n: usize, out: &mut impl Write) -> io::Result<i32> {
    if !dir.is_dir() {
        return missing(dir, out);
    }
    // Figures come each 15 s: they would bury the rest. Counted, and there in `log show` and `log export`.
    let mut found = ends::tail(dir, n.saturating_mul(4))?;
    let lines = found.records.len();
    found.records.retain(|r| r.kind != "figures");
    let figures = lines - found.records.len();
    let older = found.records.len().saturating_sub(n);
    found.records.drain(..older);
    let mut seams = seam_words(&found.records).into_iter().peekable();
    for (i, record) in found.records.iter().enumerate() {
        while let Some((_, said)) = seams.next_if(|(before, _)| *before <= i) {
            writeln!(out, "{}", shown_line(&said, WIDTH))?;
        }
        writeln!(out, "{}", words::line(record))?;
    }
    if figures > 0 {
        writeln!(out, "({figures} records of figures between them; andon log show --kind figures)")?;
    }
    if found.records.is_empty() {
        writeln!(out, "no records in {}", shown(dir))?;
    }
    for (file, why) in &found.unread {
        writeln!(out, "{}: not read: {}", shown_line(file, WIDTH), shown_line(why, WIDTH))?;
    }
    Ok(i32::from(!found.unread.is_empty()))
}
