//! `andon log export`: the log in one of four forms, to stdout or into a file that is there whole or not at all.

use crate::cli::out::{self, Progress, tell};
use crate::core::time::Utc;
use crate::engine::clock::utc_now;
use crate::journal::export::{self, Done, Format, Given, Made, Which};
use std::fs::{File, OpenOptions};
use std::io::{self, BufWriter, ErrorKind, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

/// As the flag writes them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Form {
    /// One object, records verbatim
    Json,
    /// For a spreadsheet
    Csv,
    /// Markdown
    Md,
    /// One page, no network needed
    Html,
}

impl From<Form> for Format {
    fn from(f: Form) -> Format {
        match f {
            Form::Json => Format::Json,
            Form::Csv => Format::Csv,
            Form::Md => Format::Md,
            Form::Html => Format::Html,
        }
    }
}

/// Writes the export. Exit code 0; 1 when a chain is broken or a file cannot be read (what can be is exported all the
/// same, and says so); 5 when there is no log.
pub fn export(paths: &[PathBuf], which: &Which, form: Form, into: Option<&Path>, now: Utc) -> io::Result<i32> {
    let mut progress = Progress::new("checked");
    let given = match export::open_checked(paths, &mut |done, all| progress.at(done, all)) {
        Ok(given) => given,
        Err(e) if e.kind() == ErrorKind::NotFound => {
            tell(&e.to_string());
            return Ok(5);
        }
        Err(e) => return Err(e),
    };
    drop(progress);
    let made = Made { at: now, build: env!("CARGO_PKG_VERSION").into() };
    let job = Job { given: &given, which, format: form.into(), made: &made };
    let done = match into.filter(|p| p.as_os_str() != "-") {
        None => {
            let mut out = out::stdout_crlf();
            let done = job.write(&mut out)?;
            out.flush()?;
            done
        }
        Some(path) => job.file(path)?,
    };
    if !done.whole {
        tell("the log is not whole: the export says where; `andon log verify` tells more");
    }
    if done.records == 0 {
        tell("no record was chosen: the export holds none");
    }
    Ok(i32::from(!done.whole))
}

/// The whole command; its exit code.
pub fn run(paths: &[PathBuf], which: &Which, form: Form, into: Option<&Path>) -> u8 {
    out::code(export(paths, which, form, into, utc_now()), &mut io::sink())
}

struct Job<'a> {
    given: &'a Given,
    which: &'a Which,
    format: Format,
    made: &'a Made,
}

impl Job<'_> {
    fn write(&self, out: &mut impl Write) -> io::Result<Done> {
        let mut progress = Progress::new("exported");
        export::export(self.format, self.given, self.which, self.made, out, &mut |done, all| progress.at(done, all))
    }

    /// Beside the file first, then in its place; a device or a pipe is written as it is.
    fn file(&self, path: &Path) -> io::Result<Done> {
        let named = |e: io::Error| io::Error::new(e.kind(), format!("{}: {e}", path.display()));
        if path.symlink_metadata().is_ok_and(|m| !m.is_file()) {
            return self.into(OpenOptions::new().write(true).open(path).map_err(named)?).map_err(named);
        }
        let name = path.file_name().ok_or_else(|| io::Error::other(format!("{}: no file", path.display())))?;
        let part = path.with_file_name(format!(".{}.{}.part", name.to_string_lossy(), std::process::id()));
        // What a log holds is nobody else's to read.
        let file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&part).map_err(named)?;
        let done = self.into(file).and_then(|done| std::fs::rename(&part, path).map(|()| done));
        if done.is_err() {
            let _ = std::fs::remove_file(&part);
        }
        done.map_err(named)
    }

    fn into(&self, file: File) -> io::Result<Done> {
        let mut out = BufWriter::new(file);
        let done = self.write(&mut out)?;
        out.flush()?;
        Ok(done)
    }
}
