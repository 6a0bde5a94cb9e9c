//! Large data beside the log: what is longer than a record should hold goes into a file named by its SHA-256, written
//! and synced before the record that names it. Knows entries' data and files; no session, no chain.

use super::append::{create_new, open_to_read};
use super::fault::{self, Op, Says};
use super::kill;
use crate::core::seal::sha256_hex;
use serde_json::{Value, json};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

/// A string longer than this leaves the record (product.md section 9). Bytes.
pub const INSIDE: usize = 32 * 1024;
/// More than this is not kept. Bytes.
pub const MAX_SIDE: usize = 10 * 1024 * 1024;
/// So much of it stays in the record, to read. Bytes.
const HEAD: usize = 1024;

/// A side file that is not what a record says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    pub sha256: String,
    pub what: What,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum What {
    /// In none of the directories.
    Missing,
    /// Other bytes than those that were written.
    Changed,
    /// The reason.
    Unread(String),
}

/// `<sha256>.side`
pub fn path(dir: &Path, sha256: &str) -> PathBuf {
    dir.join(format!("{sha256}.side"))
}

/// The data with every long string put aside; `None`: there is none. Errors: a file could not be made; the data then
/// stay whole, and the record's own bound cuts them.
pub fn put_aside(dir: &Path, mode: u32, data: &Value) -> io::Result<Option<Value>> {
    if !has_long(data) {
        return Ok(None);
    }
    let mut data = data.clone();
    put_all(dir, mode, &mut data)?;
    Ok(Some(data))
}

fn has_long(v: &Value) -> bool {
    match v {
        Value::String(s) => s.len() > INSIDE,
        Value::Array(a) => a.iter().any(has_long),
        Value::Object(m) => m.values().any(has_long),
        Value::Null | Value::Bool(_) | Value::Number(_) => false,
    }
}

fn put_all(dir: &Path, mode: u32, v: &mut Value) -> io::Result<()> {
    match v {
        Value::String(s) if s.len() > INSIDE => {
            *v = put(dir, mode, s)?;
        }
        Value::Array(a) => {
            for one in a {
                put_all(dir, mode, one)?;
            }
        }
        Value::Object(m) => {
            for one in m.values_mut() {
                put_all(dir, mode, one)?;
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
    Ok(())
}

/// Up to `most` bytes of `text`, at a character's end.
fn begin(text: &str, most: usize) -> &str {
    let mut end = most.min(text.len());
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    &text[..end]
}

/// Writes one file and gives what stands for it in the record. The file is on disk under its name when this returns.
fn put(dir: &Path, mode: u32, text: &str) -> io::Result<Value> {
    let kept = begin(text, MAX_SIDE);
    let sha256 = sha256_hex(kept.as_bytes());
    let mut says = json!({ "side": sha256, "bytes": kept.len(), "head": begin(kept, HEAD) });
    if kept.len() < text.len() {
        says["cut"] = text.len().into();
    }
    let to = path(dir, &sha256);
    // The same content is there already, whole, or it would not have its name.
    if to.exists() {
        return Ok(says);
    }
    static NEXT: std::sync::atomic::AtomicU32 = std::sync::atomic::AtomicU32::new(0);
    let n = NEXT.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
    let passage = dir.join(format!(".{sha256}.{}.{n}.tmp", std::process::id()));
    let written = write(&passage, mode, kept.as_bytes()).and_then(|()| {
        kill::point("before-side-rename");
        fault::ask(Op::Rename, &to)?;
        std::fs::rename(&passage, &to)?;
        super::append::sync_dir(dir)
    });
    if let Err(e) = written {
        // What is left has no name that a record could hold.
        let _ = std::fs::remove_file(&passage);
        return Err(e);
    }
    kill::point("after-side-rename");
    Ok(says)
}

fn write(path: &Path, mode: u32, mut bytes: &[u8]) -> io::Result<()> {
    let mut file = create_new(path, mode)?;
    while !bytes.is_empty() {
        let part = match fault::ask(Op::Write, path) {
            Ok(Says::Go) => bytes,
            Ok(Says::Half) => &bytes[..bytes.len().div_ceil(2)],
            Err(e) if e.kind() == io::ErrorKind::Interrupted => continue,
            Err(e) => return Err(e),
        };
        match file.write(part) {
            Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
            Ok(n) => bytes = &bytes[n..],
            Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
            Err(e) => return Err(e),
        }
    }
    fault::ask(Op::Sync, path)?;
    file.sync_data()
}

/// Looks at every side file that these data of a record name: in the first of `dirs` that has it (the log's directory,
/// and that of its month).
pub fn check(dirs: &[&Path], data: &Value) -> Vec<Fault> {
    let mut found = Vec::new();
    look(dirs, data, &mut found);
    found
}

/// What one member of a record's data says of a side file: its SHA-256 and its length in bytes.
pub fn named(v: &Value) -> Option<(&str, u64)> {
    let sha256 = v.get("side")?.as_str()?;
    let hex = sha256.len() == 64 && sha256.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
    Some((sha256, v.get("bytes")?.as_u64()?)).filter(|_| hex)
}

fn look(dirs: &[&Path], v: &Value, found: &mut Vec<Fault>) {
    if let Some((sha256, bytes)) = named(v) {
        if let Some(what) = wrong(dirs, sha256, bytes) {
            found.push(Fault { sha256: sha256.to_owned(), what });
        }
        return;
    }
    match v {
        Value::Array(a) => a.iter().for_each(|one| look(dirs, one, found)),
        Value::Object(m) => m.values().for_each(|one| look(dirs, one, found)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

fn wrong(dirs: &[&Path], sha256: &str, bytes: u64) -> Option<What> {
    for dir in dirs {
        return match open_to_read(&path(dir, sha256)) {
            Err(e) if e.kind() == io::ErrorKind::NotFound => continue,
            Err(e) => Some(What::Unread(e.to_string())),
            Ok(file) => {
                let mut is = Vec::new();
                match file.take(MAX_SIDE as u64 + 1).read_to_end(&mut is) {
                    Err(e) => Some(What::Unread(e.to_string())),
                    Ok(_) if is.len() as u64 == bytes && sha256_hex(&is) == sha256 => None,
                    Ok(_) => Some(What::Changed),
                }
            }
        };
    }
    Some(What::Missing)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::journal::scratch::Scratch;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn long_output_lies_beside_the_log_under_its_hash_and_a_change_is_found() {
        let dir = Scratch::new();
        let short = json!({"verb": "hold", "text": "x".repeat(INSIDE)});
        assert_eq!(put_aside(dir.path(), 0o600, &short).expect("nothing to do"), None);
        let text = "\u{e9}".repeat(INSIDE);
        let long = json!({"step": 2, "output": {"stdout": text, "code": 1}, "all": [text, "short"]});
        let put = put_aside(dir.path(), 0o640, &long).expect("written").expect("long");
        let at = &put["output"]["stdout"];
        let sha256 = sha256_hex(text.as_bytes());
        assert_eq!((at["side"].as_str(), at["bytes"].as_u64()), (Some(sha256.as_str()), Some(text.len() as u64)));
        assert_eq!(at["head"].as_str().map(str::len), Some(HEAD));
        assert_eq!((&put["all"][0], &put["all"][1]), (at, &json!("short")));
        assert_eq!((&put["step"], &put["output"]["code"]), (&json!(2), &json!(1)));
        let file = path(dir.path(), &sha256);
        assert_eq!(std::fs::read_to_string(&file).expect("there"), text);
        assert_eq!(file.metadata().expect("there").permissions().mode() & 0o777, 0o640);
        assert_eq!(std::fs::read_dir(dir.path()).expect("read").count(), 1, "one file, nothing of passage");
        assert_eq!(check(&[dir.path()], &put), []);
        // The second directory is looked at where the first has none.
        assert_eq!(check(&[&dir.path().join("none"), dir.path()], &put), []);
        std::fs::write(&file, "other").expect("changed");
        let said = check(&[dir.path()], &put["output"]);
        assert_eq!(said, [Fault { sha256: sha256.clone(), what: What::Changed }]);
        std::fs::remove_file(&file).expect("gone");
        assert_eq!(check(&[dir.path()], &put["output"]), [Fault { sha256, what: What::Missing }]);
    }

    #[test]
    fn more_than_ten_mebibytes_are_cut_and_the_cut_is_named() {
        let dir = Scratch::new();
        let text = "y".repeat(MAX_SIDE + 5);
        let put = put_aside(dir.path(), 0o600, &json!({ "output": text })).expect("written").expect("long");
        assert_eq!(
            (put["output"]["bytes"].as_u64(), put["output"]["cut"].as_u64()),
            (Some(MAX_SIDE as u64), Some(MAX_SIDE as u64 + 5))
        );
        assert_eq!(check(&[dir.path()], &put), []);
    }

    #[test]
    fn where_no_file_can_be_made_the_data_stay_and_nothing_is_left() {
        let dir = Scratch::new();
        let data = json!({"output": "z".repeat(INSIDE + 1)});
        for nth in 1..=5 {
            let plan = fault::Plan::new(dir.path(), fault::How::Full, None, nth, true);
            let put = put_aside(dir.path(), 0o600, &data);
            assert!(put.is_err(), "{nth}: {:?}", plan.met());
            drop(plan);
            // All but a name that is whole already.
            let left: Vec<_> = std::fs::read_dir(dir.path()).expect("read").flatten().map(|e| e.path()).collect();
            assert!(left.iter().all(|p| p.extension().is_some_and(|e| e == "side")), "{nth}: {left:?}");
            for p in left {
                std::fs::remove_file(p).expect("gone");
            }
        }
        assert!(put_aside(dir.path(), 0o600, &data).expect("written").is_some());
    }
}
