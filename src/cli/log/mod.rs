//! `andon log`: the log read from files, nothing running needed. Writes to `out` only.

/// Which records, and where the files are.
pub mod choose;
/// The four forms.
pub mod export;
/// New records as they are written.
pub mod follow;
/// A log on the real screens.
pub mod replay;
mod show;
mod tail;
mod verify;

pub use show::show;
pub use tail::tail;
pub use verify::verify;

use crate::core::shown::shown_line;
use std::io::{self, Write};
use std::path::Path;

/// Names and reasons longer than this are cut when printed, in bytes.
const WIDTH: usize = 300;

fn missing(path: &Path, out: &mut impl Write) -> io::Result<i32> {
    writeln!(out, "{}: there is no log here", shown(path))?;
    Ok(1)
}

fn shown(path: &Path) -> String {
    shown_line(&path.to_string_lossy(), WIDTH).into_string()
}

#[cfg(test)]
mod tests;
