//! The ends of the other sessions' files, as a new session writes them into its `opened` record, so that a removal
//! shows later. Reads only.

use super::chain::{Torn, hash_of};
use super::lines::Backwards;
use super::{index, live, places};
use crate::core::seal::sha256_hex;
use serde_json::{Value, json};
use std::io::{self, Read, Seek, SeekFrom};
use std::path::Path;

pub use super::places::{logs, session_of};

/// So many heads stand in an `opened` record, the newest; the SHA-256 covers all.
pub const LISTED: usize = 64;
/// A torn tail longer than this is noted without its SHA-256. Bytes.
const HASHED: u64 = 1 << 20;

/// Where the other files end.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Heads {
    /// (file name, hash its last whole record states), sorted by name, which begins with the time of opening.
    /// An empty hash: the file has no whole record, or its last line states none.
    pub all: Vec<(String, String)>,
    /// Unfinished last lines of ended sessions.
    pub torn: Vec<(String, Torn)>,
}

/// The heads of all files but `own` (a session name), of moved ones as their index says where that fits. Files that
/// cannot be read count as without a head.
pub fn heads(dir: &Path, own: &str) -> io::Result<Heads> {
    let mut found = Heads::default();
    let files = places::files(dir)?;
    let known = index::known(&files.months);
    for path in &files.logs {
        let session = session_of(path);
        if session == own {
            continue;
        }
        let name = format!("{session}.jsonl");
        if let Some(row) = known.row(path) {
            found.torn.extend(row.torn.clone().map(|t| (name.clone(), t)));
            found.all.push((name, row.head.clone()));
            continue;
        }
        let head = match Backwards::open(path) {
            Ok(mut file) => {
                let torn = file.torn();
                if torn.1 > 0
                    && !live::runs(dir, &session)
                    && let Ok(torn) = torn_tail(path, torn)
                {
                    found.torn.push((name.clone(), torn));
                }
                let last = file.line().unwrap_or_default().unwrap_or_default();
                hash_of(&last).unwrap_or_default().to_owned()
            }
            Err(_) => String::new(),
        };
        found.all.push((name, head));
    }
    Ok(found)
}

pub(super) fn torn_tail(path: &Path, (offset, bytes): (u64, u64)) -> io::Result<Torn> {
    let mut file = places::open(path)?;
    file.seek(SeekFrom::Start(offset))?;
    let mut rest = Vec::new();
    if bytes <= HASHED {
        file.take(bytes).read_to_end(&mut rest)?;
    }
    Ok(Torn { offset, bytes, sha256: if bytes <= HASHED { sha256_hex(&rest) } else { String::new() } })
}

/// SHA-256 over `name head\n` for every pair, sorted by name.
pub fn digest(all: &[(String, String)]) -> String {
    let text: String = all.iter().map(|(n, h)| format!("{n} {h}\n")).collect();
    sha256_hex(text.as_bytes())
}

impl Heads {
    /// The members of the `opened` record: `files`, `heads`, `all`, and `torn` where there is any.
    pub fn members(&self) -> Value {
        let newest = &self.all[self.all.len().saturating_sub(LISTED)..];
        let mut m = json!({ "files": self.all.len(), "heads": newest, "all": digest(&self.all) });
        if !self.torn.is_empty() {
            let from = self.torn.len().saturating_sub(LISTED);
            let torn = self.torn[from..]
                .iter()
                .map(|(file, t)| json!({ "file": file, "offset": t.offset, "bytes": t.bytes, "sha256": t.sha256 }));
            m["torn"] = torn.collect();
        }
        m
    }
}
