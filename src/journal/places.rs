//! Where the logs of a directory lie: the newer ones in it, those that were moved in its month folders. Lists and opens;
//! moves nothing.

use super::append::open_to_read;
use std::collections::BTreeMap;
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

/// What a directory holds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Files {
    /// Sorted by file name, which begins with the time of opening.
    pub logs: Vec<PathBuf>,
    /// Month folders, oldest first.
    pub months: Vec<PathBuf>,
    /// Month folders that cannot be listed, with the reason.
    pub unread: Vec<(String, String)>,
}

/// The logs of a directory and of its month folders, oldest first. A directory that is not there holds none.
///
/// # Errors
/// The directory cannot be listed.
pub fn files(dir: &Path) -> io::Result<Files> {
    let mut found = Files::default();
    // The directory before its months: a file that is moved meanwhile is seen twice, never not at all.
    let mut logs = BTreeMap::new();
    list(dir, &mut |name, is_dir| {
        if is_dir && is_month(name) {
            found.months.push(dir.join(name));
        } else if is_dir && is_log(name) {
            found.unread.push((name.to_owned(), "it is a directory".to_owned()));
        } else if is_log(name) {
            logs.insert((name.to_owned(), false), dir.join(name));
        }
    })?;
    found.months.sort();
    for month in &found.months {
        let listed = list(month, &mut |name, is_dir| {
            if !is_dir && is_log(name) {
                logs.insert((name.to_owned(), true), month.join(name));
            }
        });
        if let Err(e) = listed {
            found.unread.push((file_name(month).to_owned(), e.to_string()));
        }
    }
    let twice: Vec<_> =
        logs.keys().filter(|(n, moved)| !moved && logs.contains_key(&(n.clone(), true))).cloned().collect();
    for key in twice {
        if logs.get(&key).is_some_and(|path| path.symlink_metadata().is_err()) {
            logs.remove(&key);
        }
    }
    found.logs = logs.into_values().collect();
    Ok(found)
}

/// Only the logs of [`files`].
///
/// # Errors
/// The directory cannot be listed.
pub fn logs(dir: &Path) -> io::Result<Vec<PathBuf>> {
    files(dir).map(|f| f.logs)
}

fn list(dir: &Path, each: &mut dyn FnMut(&str, bool)) -> io::Result<()> {
    let entries = match std::fs::read_dir(dir) {
        Ok(e) => e,
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(e) => return Err(e),
    };
    for entry in entries {
        let entry = entry?;
        if let Some(name) = entry.file_name().to_str() {
            // A link to a directory is no directory of ours.
            each(name, entry.file_type().is_ok_and(|t| t.is_dir()));
        }
    }
    Ok(())
}

/// Is this the name of a log?
pub fn is_log(name: &str) -> bool {
    name.ends_with(".jsonl") && !name.starts_with("fallback-") && !name.starts_with("index-") && !name.starts_with('.')
}

/// `2026-10`.
pub fn is_month(name: &str) -> bool {
    let digit = |(i, b): (usize, u8)| if i == 4 { b == b'-' } else { b.is_ascii_digit() };
    name.len() == 7 && name.bytes().enumerate().all(digit)
}

/// The month folder of a session, from the time of opening in its name: `20261021T..` belongs to `2026-10`.
pub fn month_of(session: &str) -> Option<String> {
    let (date, rest) = (session.get(..8)?, session.get(8..)?);
    let sound = date.bytes().all(|b| b.is_ascii_digit()) && rest.starts_with('T');
    sound.then(|| format!("{}-{}", &date[..4], &date[4..6]))
}

/// The session a log's name says.
pub fn session_of(path: &Path) -> String {
    let stem = path.file_stem().unwrap_or_default();
    stem.to_string_lossy().into_owned()
}

/// The directory that a log belongs to, also where it lies in a month folder.
pub fn root_of(path: &Path) -> &Path {
    let dir = path.parent().unwrap_or(Path::new(""));
    if is_month(file_name(dir)) { dir.parent().unwrap_or(dir) } else { dir }
}

/// Where the log of this file name lies, if it is there.
pub fn find(root: &Path, name: &str) -> Option<PathBuf> {
    let there = |p: PathBuf| p.symlink_metadata().is_ok().then_some(p);
    let moved = || there(root.join(month_of(name.strip_suffix(".jsonl")?)?).join(name));
    there(root.join(name)).or_else(moved)
}

/// Opens a log to read it, also when it was moved since it was listed.
///
/// # Errors
/// It is not there, is no file, or may not be read.
pub fn open(path: &Path) -> io::Result<File> {
    match open_to_read(path) {
        Err(e) if e.kind() == io::ErrorKind::NotFound => {
            let moved = month_of(&session_of(path)).map(|m| root_of(path).join(m).join(file_name(path)));
            moved.filter(|m| m != path).map_or(Err(e), |m| open_to_read(&m))
        }
        other => other,
    }
}

/// The last part of a path, as far as it is text.
pub fn file_name(path: &Path) -> &str {
    path.file_name().and_then(|n| n.to_str()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::journal::scratch::Scratch;

    const NAME: &str = "20261021T031407Z-mira-b-7f3a.jsonl";

    #[test]
    fn logs_are_found_in_both_places_and_nothing_else_is_one() {
        let dir = Scratch::new();
        let month = dir.path().join("2026-10");
        std::fs::create_dir(&month).expect("made");
        std::fs::create_dir(dir.path().join("2026-1x")).expect("made");
        std::fs::create_dir(dir.path().join("dir.jsonl")).expect("made");
        for f in [
            "b.jsonl",
            "fallback-b.jsonl",
            "index-mira.jsonl",
            ".index-mira.jsonl",
            "b.live",
            "2026-10/index-mira.jsonl",
            "2026-1x/z.jsonl",
        ] {
            std::fs::write(dir.path().join(f), "").expect("written");
        }
        std::fs::write(month.join(NAME), "x").expect("written");
        let found = files(dir.path()).expect("listed");
        assert_eq!(found.logs, [month.join(NAME), dir.path().join("b.jsonl")]);
        let odd = ("dir.jsonl".to_owned(), "it is a directory".to_owned());
        assert_eq!((found.months, found.unread), (vec![month.clone()], vec![odd]));
        // Two of one name are both there; one that only seems so is not.
        std::fs::write(dir.path().join(NAME), "y").expect("written");
        assert_eq!(logs(dir.path()).expect("listed").len(), 3);
        assert_eq!(logs(&dir.path().join("none")).expect("listed"), Vec::<PathBuf>::new());
    }

    #[test]
    fn a_file_moved_since_it_was_listed_is_still_opened() {
        let dir = Scratch::new();
        let (before, after) = (dir.path().join(NAME), dir.path().join("2026-10").join(NAME));
        assert_eq!(open(&before).expect_err("gone").kind(), io::ErrorKind::NotFound);
        std::fs::create_dir(dir.path().join("2026-10")).expect("made");
        std::fs::write(&after, "x").expect("written");
        assert_eq!(open(&before).expect("opened").metadata().expect("there").len(), 1);
        assert_eq!(find(dir.path(), NAME), Some(after.clone()));
        assert_eq!(find(dir.path(), "20261021T031407Z-other.jsonl"), None);
        assert_eq!((root_of(&before), root_of(&after)), (dir.path(), dir.path()));
        assert_eq!(month_of("s00001"), None);
        assert_eq!(month_of("20261021X"), None);
    }
}
