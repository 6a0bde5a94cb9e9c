//! The index of a month folder: one line for each moved file of one user, so that nobody opens old files to learn where
//! they end or that nothing is left open in them. It says nothing that the files do not; wrong or missing, the files are
//! read. Each line ends in a hash made as a record's is.

use super::append::{self, create_new};
use super::chain::{Torn, hash_of};
use super::hlc::Hlc;
use super::lines::{Forwards, Piece};
use super::places::{self, file_name, is_log};
use super::record::{HASH_CLOSES, HASH_MEMBER, HASH_OPENS, ascii};
use super::scan::{Open, Scan, scan};
use crate::core::seal::sha256_hex;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::io::{self, Write};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

/// What an index says of a file. Readers skip members they do not know.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Row {
    /// 1
    pub v: u32,
    /// The file's name, ending included.
    pub name: String,
    /// Bytes. Of another size, the row is not believed.
    pub size: u64,
    /// Whole lines.
    pub records: u64,
    pub first: Hlc,
    pub last: Hlc,
    /// The hash its last whole line states; empty: none.
    pub head: String,
    /// It holds acts that nothing in it ends.
    pub open: bool,
    /// It says how acts of other sessions ended.
    pub resolves: bool,
    /// It holds records of incidents, follow-ups or debts.
    pub case: bool,
    /// It holds a roll-back that settled.
    pub settled: bool,
    /// The first line that does not follow the one before it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub broken: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub torn: Option<Torn>,
}

impl Row {
    /// Of a file as it lies there.
    ///
    /// # Errors
    /// It cannot be read.
    pub fn of(path: &Path) -> io::Result<Row> {
        let mut open = Open::new();
        let scan = scan(path, &places::session_of(path), &mut open, |_| {})?;
        // What came after a change is only needed while it is watched: files of months hold none that is.
        let Scan { foreign, resolved, case, settled, places, size } = scan;
        let torn = places.torn.map(|t| super::heads::torn_tail(path, t)).transpose()?;
        Ok(Row {
            v: 1,
            name: file_name(path).to_owned(),
            size,
            records: places.records,
            first: places.first.unwrap_or_default(),
            last: places.last.unwrap_or_default(),
            head: places.head,
            open: !open.is_empty(),
            resolves: foreign || !resolved.is_empty(),
            case: case.iter().any(super::scan::tells),
            settled: !settled.is_empty(),
            broken: places.broken,
            torn,
        })
    }

    /// Is there anything in the file for a console that opens?
    pub fn matters(&self) -> bool {
        self.open || self.resolves || self.case || self.settled || self.broken.is_some()
    }

    /// Its line, newline included.
    ///
    /// # Errors
    /// None that can happen.
    pub fn line(&self) -> io::Result<Vec<u8>> {
        let mut bytes = ascii(self)?;
        let hash = sha256_hex(&bytes);
        bytes.pop();
        for part in [HASH_OPENS, hash.as_bytes(), HASH_CLOSES, b"\n"] {
            bytes.extend_from_slice(part);
        }
        Ok(bytes)
    }

    fn read(line: &[u8]) -> Option<Row> {
        let hash = hash_of(line)?;
        let body = line.get(..line.len().checked_sub(HASH_MEMBER)?)?;
        let row: Row = serde_json::from_slice(line).ok()?;
        // A name is never a path.
        (sha256_hex(&[body, b"}"].concat()) == hash && is_log(&row.name) && !row.name.contains('/')).then_some(row)
    }
}

/// The rows of an index that hold, by name; `false`: a line did not.
pub fn read(from: impl io::Read) -> (BTreeMap<String, Row>, bool) {
    let (mut rows, mut whole) = (BTreeMap::new(), true);
    let mut lines = Forwards::new(from);
    loop {
        match lines.next_piece() {
            Ok(Some(Piece::Line(line))) => match Row::read(line) {
                Some(row) => whole &= rows.insert(row.name.clone(), row).is_none(),
                None => whole = false,
            },
            Ok(None) => return (rows, whole),
            Ok(Some(Piece::Unfinished(_) | Piece::TooLong)) | Err(_) => return (rows, false),
        }
    }
}

/// `index-mira.jsonl`
pub fn index_name(user: &str) -> String {
    format!("index-{}.jsonl", append::plain(user))
}

/// What the indexes of some month folders say.
#[derive(Clone, Debug, Default)]
pub struct Known(BTreeMap<PathBuf, (u32, Row)>);

/// Reads every index of these month folders; what cannot be read is not known.
pub fn known(months: &[PathBuf]) -> Known {
    let mut known = BTreeMap::new();
    for month in months {
        for entry in std::fs::read_dir(month).into_iter().flatten().filter_map(Result::ok) {
            let path = entry.path();
            let name = file_name(&path);
            if !(name.starts_with("index-") && name.ends_with(".jsonl")) {
                continue;
            }
            let Ok(file) = append::open_to_read(&path) else {
                continue;
            };
            let Ok(owner) = file.metadata().map(|m| m.uid()) else {
                continue;
            };
            for (name, row) in read(file).0 {
                let log = month.join(name);
                // Only the owner of a file can say anything of it.
                if log.symlink_metadata().is_ok_and(|m| m.uid() == owner && m.is_file()) {
                    known.insert(log, (owner, row));
                }
            }
        }
    }
    Known(known)
}

impl Known {
    /// What is known of a moved file, where its size still fits.
    pub fn row(&self, path: &Path) -> Option<&Row> {
        let (owner, row) = self.0.get(path)?;
        path.symlink_metadata().is_ok_and(|m| m.uid() == *owner && m.len() == row.size).then_some(row)
    }
}

/// Makes the index of `user` in a month folder right: a row for each file this process' user owns there. Written anew,
/// under another name first, only where something is missing or wrong. Files that cannot be read are told and left out.
///
/// # Errors
/// The folder cannot be listed or written.
pub fn mend(month: &Path, user: &str, mode: u32) -> io::Result<Vec<(String, String)>> {
    let uid = rustix::process::geteuid().as_raw();
    let path = month.join(index_name(user));
    let (was, whole) = match append::open_to_read(&path) {
        Ok(file) if file.metadata()?.uid() == uid => read(file),
        Ok(_) => return Err(io::Error::other("its index belongs to another user")),
        Err(e) if e.kind() == io::ErrorKind::NotFound => (BTreeMap::new(), false),
        Err(e) => return Err(e),
    };
    let mut rows = BTreeMap::new();
    let mut unread = Vec::new();
    let mut right = whole;
    for entry in std::fs::read_dir(month)? {
        let log = entry?.path();
        let name = file_name(&log);
        let Some(there) = log.symlink_metadata().ok().filter(|m| is_log(name) && m.is_file() && m.uid() == uid) else {
            continue;
        };
        match was.get(name) {
            Some(row) if row.size == there.len() => _ = rows.insert(name.to_owned(), row.clone()),
            _ => {
                right = false;
                match Row::of(&log) {
                    Ok(row) => _ = rows.insert(name.to_owned(), row),
                    Err(e) => unread.push((name.to_owned(), e.to_string())),
                }
            }
        }
    }
    if (right && rows.len() == was.len()) || (rows.is_empty() && was.is_empty()) {
        return Ok(unread);
    }
    let passing = month.join(format!(".{}.new", index_name(user)));
    match std::fs::remove_file(&passing) {
        Err(e) if e.kind() != io::ErrorKind::NotFound => return Err(e),
        _ => {}
    }
    let mut file = create_new(&passing, mode)?;
    for row in rows.values() {
        file.write_all(&row.line()?)?;
    }
    file.sync_data()?;
    std::fs::rename(&passing, &path)?;
    Ok(unread)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::journal::chain_tests::written;
    use crate::journal::scratch::Scratch;

    const A: &str = "20261001T000000Z-mira-b-aaaa.jsonl";
    const B: &str = "20261002T000000Z-mira-b-bbbb.jsonl";

    fn month(dir: &Scratch) -> PathBuf {
        let month = dir.path().join("2026-10");
        std::fs::create_dir(&month).expect("made");
        std::fs::write(month.join(A), written("a", 5)).expect("written");
        std::fs::write(month.join(B), &written("b", 9)[..]).expect("written");
        month
    }

    #[test]
    fn an_index_says_what_its_files_say_and_a_wrong_one_is_made_anew() {
        let dir = Scratch::new();
        let month = month(&dir);
        assert_eq!(mend(&month, "mira", 0o600).expect("mended"), []);
        let path = month.join(index_name("mira"));
        let good = std::fs::read(&path).expect("there");
        let known_of = || {
            let known = known(std::slice::from_ref(&month));
            (known.row(&month.join(A)).cloned(), known.row(&month.join(B)).cloned())
        };
        let (a, b) = known_of();
        let (a, b) = (a.expect("known"), b.expect("known"));
        assert_eq!((a.records, b.records, a.name.as_str()), (5, 9, A));
        let found = super::super::chain::verify(&written("b", 9)[..], |_| {}).expect("read");
        assert_eq!((b.head.as_str(), b.last, b.matters()), (found.head.as_str(), Hlc(1_795_230_847_008, 0), false));
        let stamp = || std::fs::metadata(&path).expect("there").ino();
        let before = stamp();
        mend(&month, "mira", 0o600).expect("mended");
        assert_eq!(stamp(), before, "right as it is");

        let wrongs: [&dyn Fn(); 6] = [
            &|| std::fs::remove_file(&path).expect("removed"),
            &|| std::fs::write(&path, &good[..good.len() - 3]).expect("written"),
            &|| {
                std::fs::write(&path, String::from_utf8_lossy(&good).replacen("\"records\":5", "\"records\":6", 1))
                    .expect("written")
            },
            &|| std::fs::write(&path, [&good[..], &good[..]].concat()).expect("written"),
            &|| std::fs::write(&path, "{}\n").expect("written"),
            &|| std::fs::write(month.join(".index-mira.jsonl.new"), "left by a kill").expect("written"),
        ];
        for (n, wrong) in wrongs.iter().enumerate() {
            wrong();
            mend(&month, "mira", 0o600).expect("mended");
            assert_eq!(std::fs::read(&path).expect("there"), good, "wrong {n}");
        }
    }

    #[test]
    fn a_row_of_another_size_is_not_believed_and_then_mended() {
        let dir = Scratch::new();
        let month = month(&dir);
        mend(&month, "mira", 0o600).expect("mended");
        std::fs::write(month.join(A), &written("a", 5)[..900]).expect("written");
        let row = |n: &str| known(std::slice::from_ref(&month)).row(&month.join(n)).cloned();
        assert_eq!((row(A), row(B).is_some()), (None, true));
        mend(&month, "mira", 0o600).expect("mended");
        let mended = row(A).expect("known");
        assert!(mended.torn.is_some() && mended.records < 5, "{mended:?}");
        std::fs::remove_file(month.join(B)).expect("removed");
        mend(&month, "mira", 0o600).expect("mended");
        assert_eq!((row(A).is_some(), row(B)), (true, None));
        // A row for a file elsewhere is none.
        let row = Row { name: "../x.jsonl".into(), ..Row::default() };
        assert!(!read(&row.line().expect("line")[..]).1);
    }
}
