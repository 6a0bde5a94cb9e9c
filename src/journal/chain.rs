//! Is a file the chain that was written? Finds every edit, removal, swap, repetition and splice inside it, and says
//! plainly what it cannot find. Reads; never mends.

use super::hlc::Hlc;
use super::lines::{Forwards, Piece};
use super::link::{Link, link};
use super::record::{HASH_CLOSES, HASH_MEMBER, HASH_OPENS, MAX_RECORD, ZEROS};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest, Sha256};
use std::io::{self, Read};

/// Said with every verification.
pub const SHOWS: &str = "The chain shows edits inside a file. Removals of files and of ends show where another \
session's opened record, an export or a mark holds the head. Whoever owns the files can write a whole chain anew: \
compare the heads with ones kept elsewhere.";

/// What was found in one file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Verified {
    /// Whole records that hold, up to the first bad one.
    pub records: u64,
    pub first_bad: Option<Bad>,
    /// An unfinished last line. Normal after a crash; its bytes are not covered by any hash.
    pub torn: Option<Torn>,
    /// The last good record's hash; 64 zeros when there is none.
    pub head: String,
    /// The session the records name.
    pub session: Option<String>,
    /// The last good record is `closed`.
    pub closed: bool,
    /// The heads of other files that the `opened` record names: (file name, hash).
    pub heads: Vec<(String, String)>,
}

/// The first record that does not hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bad {
    /// From 1.
    pub line: u64,
    /// The sequence number that belongs there.
    pub seq: u64,
    pub why: String,
}

/// Bytes after the last newline.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Torn {
    pub offset: u64,
    pub bytes: u64,
    pub sha256: String,
}

/// Reads to the end or to the first bad record. `each` gets the hash of every good record.
pub fn verify(from: impl Read, each: impl FnMut(&str)) -> io::Result<Verified> {
    let none = Verified { head: ZEROS.to_owned(), ..Verified::default() };
    verify_on(none, from, each)
}

/// The same from after the good records that `found` tells of; `from` begins there.
pub(super) fn verify_on(found: Verified, from: impl Read, mut each: impl FnMut(&str)) -> io::Result<Verified> {
    Checker { found, hlc: None, offset: 0 }.read(from, |_, hash| each(hash))
}

/// A file being checked, line after line.
#[derive(Clone, Debug)]
pub(super) struct Checker {
    pub found: Verified,
    /// Of the last good record.
    pub hlc: Option<Hlc>,
    /// Where the next line begins, bytes.
    pub offset: u64,
}

impl Checker {
    pub fn new() -> Checker {
        Checker { found: Verified { head: ZEROS.to_owned(), ..Verified::default() }, hlc: None, offset: 0 }
    }

    /// Where the next record stands.
    pub fn before(&self) -> Before<'_> {
        Before {
            records: self.found.records,
            head: &self.found.head,
            session: self.found.session.as_deref(),
            hlc: self.hlc,
            closed: self.found.closed,
        }
    }

    /// To the end of `from`, which begins at `offset`, or to the first bad record. `each` gets every good record and its
    /// hash.
    pub fn read(mut self, from: impl Read, mut each: impl FnMut(&[u8], &str)) -> io::Result<Verified> {
        let mut lines = Forwards::new(from);
        while let Some(piece) = lines.next_piece()? {
            let checked = match piece {
                Piece::Line(line) => {
                    self.offset += line.len() as u64 + 1;
                    check(line, &self.before()).map(|link| (line, link))
                }
                Piece::Unfinished(rest) => self.unfinished(rest),
                Piece::TooLong => Err("longer than a record can be".to_owned()),
            };
            match checked {
                Ok((line, link)) => {
                    self.good(line, &link);
                    each(line, &self.found.head);
                }
                Err(why) if self.found.torn.is_none() => {
                    let n = self.found.records + 1;
                    self.found.first_bad = Some(Bad { line: n, seq: n, why });
                    break;
                }
                Err(_) => break,
            }
        }
        Ok(self.found)
    }

    fn good(&mut self, line: &[u8], link: &Link<'_>) {
        let found = &mut self.found;
        if found.records == 0 {
            found.heads = heads(line);
            found.session = Some(link.session.clone().into_owned());
        }
        found.records += 1;
        found.closed = link.kind == "closed";
        self.hlc = Some(link.hlc);
        found.head.clear();
        found.head.push_str(hash_of(line).unwrap_or_default());
    }

    /// A last line without newline: torn by a crash, unless it holds a whole record or follows `closed`.
    fn unfinished<T>(&mut self, rest: &[u8]) -> Result<T, String> {
        let before = Before { hlc: None, ..self.before() };
        if rest.split_last().is_some_and(|(_, line)| check(line, &before).is_ok()) {
            return Err("its newline was overwritten".into());
        }
        if self.found.closed {
            return Err("bytes stand after closed".into());
        }
        let sha256 = crate::core::seal::sha256_hex(rest);
        self.found.torn = Some(Torn { offset: self.offset, bytes: rest.len() as u64, sha256 });
        Err(String::new())
    }
}

/// The hash member's value, where the line ends in one.
pub fn hash_of(line: &[u8]) -> Option<&str> {
    let (_, member) = line.split_at_checked(line.len().checked_sub(HASH_MEMBER)?)?;
    let hash = member.strip_prefix(HASH_OPENS)?.strip_suffix(HASH_CLOSES)?;
    let hex = |b: &u8| matches!(b, b'0'..=b'9' | b'a'..=b'f');
    hash.iter().all(hex).then(|| std::str::from_utf8(hash).ok())?
}

/// What stands before a record in its file.
#[derive(Clone, Copy, Debug)]
pub(super) struct Before<'a> {
    pub records: u64,
    pub head: &'a str,
    pub session: Option<&'a str>,
    pub hlc: Option<Hlc>,
    pub closed: bool,
}

/// A line without its newline against the ones before it. Every byte counts: nothing is trimmed, nothing skipped.
fn check<'a>(line: &'a [u8], before: &Before<'_>) -> Result<Link<'a>, String> {
    let link = sound(line)?;
    follows(&link, before)?;
    Ok(link)
}

/// A line by itself: its length, its hash, its bytes, its members.
pub(super) fn sound(line: &[u8]) -> Result<Link<'_>, String> {
    if line.len() >= MAX_RECORD {
        return Err("longer than a record can be".into());
    }
    let stated = hash_of(line).ok_or("it does not end in a hash")?;
    let mut sum = Sha256::new();
    sum.update(&line[..line.len() - HASH_MEMBER]);
    sum.update(b"}");
    if hex(&sum.finalize()) != stated.as_bytes() {
        return Err("its bytes are not the ones its hash was made of".into());
    }
    // In pieces without an early end, which the compiler can turn into wide instructions.
    let printable = |part: &[u8]| part.iter().fold(true, |all, b| all & (b' '..=b'~').contains(b));
    if !line.chunks(64).all(printable) {
        return Err("it holds bytes outside printable ASCII".into());
    }
    link(line).map_err(|e| format!("not a record: {e}"))
}

/// A sound line against the ones before it.
pub(super) fn follows(link: &Link<'_>, before: &Before<'_>) -> Result<(), String> {
    let first = before.records == 0;
    if link.prev != before.head {
        return Err(if first {
            "it is not the first of its file: records before it are gone".into()
        } else {
            "it does not follow the record before it".into()
        });
    }
    if link.seq != before.records + 1 {
        return Err(format!("its seq is {}", link.seq));
    }
    if before.session.is_some_and(|s| s != link.session) {
        return Err(format!("it is of another session, {}", link.session));
    }
    if before.hlc.is_some_and(|h| link.hlc <= h) {
        return Err("its hlc does not rise".into());
    }
    if first != (link.kind == "opened") {
        return Err("opened must be the first record and only that".into());
    }
    if before.closed {
        return Err("it stands after closed".into());
    }
    Ok(())
}

fn hex(sum: &[u8]) -> [u8; 64] {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let mut out = [b'0'; 64];
    for (pair, byte) in out.chunks_exact_mut(2).zip(sum) {
        pair[0] = DIGITS[usize::from(byte >> 4)];
        pair[1] = DIGITS[usize::from(byte & 15)];
    }
    out
}

/// The heads that an `opened` record names.
pub(super) fn heads(opened: &[u8]) -> Vec<(String, String)> {
    let Ok(v) = serde_json::from_slice::<Value>(opened) else {
        return Vec::new();
    };
    let pair = |p: &Value| Some((p[0].as_str()?.to_owned(), p[1].as_str()?.to_owned()));
    v["data"]["heads"].as_array().map(|a| a.iter().filter_map(pair).collect()).unwrap_or_default()
}
