//! Is a file the chain that was written? Finds every edit, removal, swap, repetition and splice inside it, and says
//! plainly what it cannot find. Reads; never mends.

use super::hlc::Hlc;
use super::lines::{Forwards, Piece};
use super::record::{HASH_CLOSES, HASH_MEMBER, HASH_OPENS, MAX_RECORD, ZEROS};
use serde::Deserialize;
use serde_json::Value;
use sha2::{Digest, Sha256};
use std::borrow::Cow;
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
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Torn {
    pub offset: u64,
    pub bytes: u64,
    pub sha256: String,
}

#[derive(Deserialize)]
struct Link<'a> {
    #[serde(borrow)]
    session: Cow<'a, str>,
    seq: u64,
    hlc: Hlc,
    #[serde(borrow)]
    prev: Cow<'a, str>,
    #[serde(borrow)]
    kind: Cow<'a, str>,
}

/// Reads to the end or to the first bad record. `each` gets the hash of every good record.
pub fn verify(from: impl Read, each: impl FnMut(&str)) -> io::Result<Verified> {
    let none = Verified { head: ZEROS.to_owned(), ..Verified::default() };
    verify_on(none, from, each)
}

/// The same from after the good records that `found` tells of; `from` begins there.
pub(super) fn verify_on(mut found: Verified, from: impl Read, mut each: impl FnMut(&str)) -> io::Result<Verified> {
    let mut lines = Forwards::new(from);
    let (mut offset, mut hlc) = (0, None);
    while let Some(piece) = lines.next_piece()? {
        let checked = match piece {
            Piece::Line(line) => {
                offset += line.len() as u64 + 1;
                check(line, &found, hlc).map(|link| (line, link))
            }
            Piece::Unfinished(rest) => unfinished(rest, &mut found, offset),
            Piece::TooLong => Err("longer than a record can be".to_owned()),
        };
        match checked {
            Ok((line, link)) => {
                if found.records == 0 {
                    found.heads = heads(line);
                    found.session = Some(link.session.into_owned());
                }
                found.records += 1;
                found.closed = link.kind == "closed";
                hlc = Some(link.hlc);
                found.head.clear();
                found.head.push_str(hash_of(line).unwrap_or_default());
                each(&found.head);
            }
            Err(why) if found.torn.is_none() => {
                found.first_bad = Some(Bad { line: found.records + 1, seq: found.records + 1, why });
                break;
            }
            Err(_) => break,
        }
    }
    Ok(found)
}

/// The hash member's value, where the line ends in one.
pub fn hash_of(line: &[u8]) -> Option<&str> {
    let (_, member) = line.split_at_checked(line.len().checked_sub(HASH_MEMBER)?)?;
    let hash = member.strip_prefix(HASH_OPENS)?.strip_suffix(HASH_CLOSES)?;
    let hex = |b: &u8| matches!(b, b'0'..=b'9' | b'a'..=b'f');
    hash.iter().all(hex).then(|| std::str::from_utf8(hash).ok())?
}

/// A line without its newline against the ones before it. Every byte counts: nothing is trimmed, nothing skipped.
fn check<'a>(line: &'a [u8], so_far: &Verified, hlc: Option<Hlc>) -> Result<Link<'a>, String> {
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
    if !line.iter().all(|b| matches!(b, b' '..=b'~')) {
        return Err("it holds bytes outside printable ASCII".into());
    }
    let link: Link<'a> = serde_json::from_slice(line).map_err(|e| format!("not a record: {e}"))?;
    let first = so_far.records == 0;
    if link.prev != so_far.head.as_str() {
        return Err(if first {
            "it is not the first of its file: records before it are gone".into()
        } else {
            "it does not follow the record before it".into()
        });
    }
    if link.seq != so_far.records + 1 {
        return Err(format!("its seq is {}", link.seq));
    }
    if so_far.session.as_ref().is_some_and(|s| *s != link.session) {
        return Err(format!("it is of another session, {}", link.session));
    }
    if hlc.is_some_and(|h| link.hlc <= h) {
        return Err("its hlc does not rise".into());
    }
    if first != (link.kind == "opened") {
        return Err("opened must be the first record and only that".into());
    }
    if so_far.closed {
        return Err("it stands after closed".into());
    }
    Ok(link)
}

/// A last line without newline: torn by a crash, unless it holds a whole record or follows `closed`.
fn unfinished<T>(rest: &[u8], found: &mut Verified, offset: u64) -> Result<T, String> {
    let whole = rest.split_last().is_some_and(|(_, line)| check(line, found, None).is_ok());
    if whole {
        return Err("its newline was overwritten".into());
    }
    if found.closed {
        return Err("bytes stand after closed".into());
    }
    found.torn = Some(Torn { offset, bytes: rest.len() as u64, sha256: crate::core::seal::sha256_hex(rest) });
    Err(String::new())
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

fn heads(opened: &[u8]) -> Vec<(String, String)> {
    let Ok(v) = serde_json::from_slice::<Value>(opened) else {
        return Vec::new();
    };
    let pair = |p: &Value| Some((p[0].as_str()?.to_owned(), p[1].as_str()?.to_owned()));
    v["data"]["heads"].as_array().map(|a| a.iter().filter_map(pair).collect()).unwrap_or_default()
}
