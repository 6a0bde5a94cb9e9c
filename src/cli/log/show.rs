//! `andon log show`: whole records, for a person.

use super::WIDTH;
use crate::cli::out::tell;
use crate::core::shown::shown_line;
use crate::journal::export::{self, Which};
use std::io::{self, ErrorKind, Write};
use std::path::PathBuf;

/// Prints the chosen records of `paths` in full, oldest first. Exit code 0; 1 when something could not be read; 5 when
/// there is no such record, or no log.
pub fn show(paths: &[PathBuf], which: &Which, out: &mut impl Write) -> io::Result<i32> {
    let given = match export::open(paths) {
        Ok(given) => given,
        Err(e) if e.kind() == ErrorKind::NotFound => {
            tell(&e.to_string());
            return Ok(5);
        }
        Err(e) => return Err(e),
    };
    let mut any = false;
    for item in given.merged()? {
        let (record, line) = item?;
        if !which.takes(&record) {
            continue;
        }
        if std::mem::replace(&mut any, true) {
            writeln!(out)?;
        }
        for l in export::full::lines(&record, export::holds_alone(&line)) {
            writeln!(out, "{l}")?;
        }
    }
    let unread = given.sources.iter().filter_map(|s| Some((&s.file, s.unread.as_ref()?)));
    let mut failed = false;
    for (file, why) in unread {
        failed = true;
        tell(&format!("{}: not read: {}", shown_line(file, WIDTH), shown_line(why, WIDTH)));
    }
    if !any {
        tell("there is no such record");
        return Ok(if failed { 1 } else { 5 });
    }
    Ok(i32::from(failed))
}
