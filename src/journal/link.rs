//! The members of a record that tie it to its neighbours, read without building anything where the line is as this
//! program writes it. Where a byte is not as expected, serde_json decides: the quick way takes nothing that it refuses.

use super::hlc::Hlc;
use serde::Deserialize;
use std::borrow::Cow;

/// What a record says of its place.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Link<'a> {
    #[serde(borrow)]
    pub session: Cow<'a, str>,
    pub seq: u64,
    pub hlc: Hlc,
    #[serde(borrow)]
    pub prev: Cow<'a, str>,
    #[serde(borrow)]
    pub kind: Cow<'a, str>,
}

/// What stands before a record's data.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Head<'a> {
    pub session: &'a str,
    pub seq: u64,
    pub hlc: Hlc,
    pub kind: &'a str,
    /// The record names an incident.
    pub incident: bool,
    /// The record names a ticket.
    pub ticket: bool,
}

/// Reads a line without its newline.
///
/// # Errors
/// It is not a record.
pub fn link(line: &[u8]) -> Result<Link<'_>, serde_json::Error> {
    match quick(line) {
        Some(link) => Ok(link),
        None => serde_json::from_slice(line),
    }
}

/// The link of a line that is as this program writes it, and sound JSON to its end.
pub fn quick(line: &[u8]) -> Option<Link<'_>> {
    let mut c = Cursor { bytes: line, at: 0 };
    let head = c.head()?;
    c.word(b",\"data\":")?;
    c.value()?;
    c.word(b",\"prev\":\"")?;
    let prev = c.plain()?;
    c.word(b",\"hash\":\"")?;
    c.plain()?;
    c.word(b"}")?;
    (c.at == line.len()).then_some(Link {
        session: head.session.into(),
        seq: head.seq,
        hlc: head.hlc,
        prev: prev.into(),
        kind: head.kind.into(),
    })
}

/// Only what stands before the data, the rest unread: to tell whether a line is worth reading.
pub fn head(line: &[u8]) -> Option<Head<'_>> {
    Cursor { bytes: line, at: 0 }.head()
}

/// Reads on as long as everything is as expected.
struct Cursor<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Cursor<'a> {
    fn head(&mut self) -> Option<Head<'a>> {
        self.word(b"{\"v\":")?;
        self.value()?;
        self.word(b",\"session\":\"")?;
        let session = self.plain()?;
        self.word(b",\"seq\":")?;
        let seq = self.number()?;
        self.word(b",\"hlc\":[")?;
        let ms = i64::try_from(self.number()?).ok()?;
        self.word(b",")?;
        let hlc = Hlc(ms, u32::try_from(self.number()?).ok()?);
        self.word(b"],\"utc\":")?;
        self.value()?;
        self.maybe(b",\"at\":")?;
        self.word(b",\"mono\":")?;
        self.value()?;
        self.word(b",\"actor\":")?;
        self.value()?;
        self.word(b",\"host\":")?;
        self.value()?;
        self.word(b",\"kind\":\"")?;
        let kind = self.plain()?;
        let incident = self.maybe(b",\"incident\":")?;
        self.maybe(b",\"target\":")?;
        let ticket = self.maybe(b",\"ticket\":")?;
        self.maybe(b",\"missed\":")?;
        Some(Head { session, seq, hlc, kind, incident, ticket })
    }

    fn word(&mut self, word: &[u8]) -> Option<()> {
        self.rest().starts_with(word).then(|| self.at += word.len())
    }

    /// A member that may be missing, and its value. Was it there?
    fn maybe(&mut self, name: &[u8]) -> Option<bool> {
        if self.word(name).is_none() {
            return Some(false);
        }
        self.value()?;
        Some(true)
    }

    fn rest(&self) -> &'a [u8] {
        self.bytes.get(self.at..).unwrap_or_default()
    }

    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    /// Past the closing quote of a string that holds no escape.
    fn plain(&mut self) -> Option<&'a str> {
        let rest = self.rest();
        let n = rest.iter().position(|b| !PLAIN[usize::from(*b)])?;
        if rest[n] != b'"' {
            return None;
        }
        self.at += n + 1;
        // Plain bytes are ASCII.
        std::str::from_utf8(&rest[..n]).ok()
    }

    /// Digits as JSON has them, at most eighteen.
    fn number(&mut self) -> Option<u64> {
        let rest = self.rest();
        let digits = rest.iter().take(19).take_while(|b| b.is_ascii_digit()).count();
        if !(1..=18).contains(&digits) || (digits > 1 && rest[0] == b'0') {
            return None;
        }
        self.at += digits;
        Some(rest[..digits].iter().fold(0, |n, d| n * 10 + u64::from(d - b'0')))
    }

    /// Past the closing quote of any string of printable ASCII.
    fn string(&mut self) -> Option<()> {
        loop {
            let rest = self.rest();
            let n = rest.iter().position(|b| !PLAIN[usize::from(*b)])?;
            self.at += n + 1;
            match rest[n] {
                b'"' => return Some(()),
                b'\\' => {
                    let hex = rest.get(n + 2..n + 6);
                    self.at += match rest.get(n + 1)? {
                        b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't' => 1,
                        b'u' if hex?.iter().all(u8::is_ascii_hexdigit) => 5,
                        _ => return None,
                    };
                }
                _ => return None,
            }
        }
    }

    /// `-12.5e-7`
    fn figure(&mut self) -> Option<()> {
        if self.peek() == Some(b'-') {
            self.at += 1;
        }
        let digits = |c: &mut Self| {
            let n = c.rest().iter().take_while(|b| b.is_ascii_digit()).count();
            c.at += n;
            n
        };
        let zero = self.peek() == Some(b'0');
        let whole = digits(self);
        if whole == 0 || (zero && whole > 1) {
            return None;
        }
        if self.peek() == Some(b'.') {
            self.at += 1;
            (digits(self) > 0).then_some(())?;
        }
        if matches!(self.peek(), Some(b'e' | b'E')) {
            self.at += 1;
            if matches!(self.peek(), Some(b'+' | b'-')) {
                self.at += 1;
            }
            (digits(self) > 0).then_some(())?;
        }
        Some(())
    }

    /// Past a value without spaces, at most 64 deep.
    fn value(&mut self) -> Option<()> {
        // A bit for each open bracket, the innermost last: 1 is an object.
        let (mut open, mut depth) = (0_u64, 0);
        loop {
            match self.peek()? {
                b'"' => {
                    self.at += 1;
                    self.string()?;
                }
                b @ (b'{' | b'[') => {
                    self.at += 1;
                    let object = b == b'{';
                    if self.peek()? == if object { b'}' } else { b']' } {
                        self.at += 1;
                    } else {
                        if depth == 64 {
                            return None;
                        }
                        (open, depth) = (open << 1 | u64::from(object), depth + 1);
                        if object {
                            self.name()?;
                        }
                        continue;
                    }
                }
                b't' => self.word(b"true")?,
                b'f' => self.word(b"false")?,
                b'n' => self.word(b"null")?,
                b'-' | b'0'..=b'9' => self.figure()?,
                _ => return None,
            }
            loop {
                if depth == 0 {
                    return Some(());
                }
                let object = open & 1 == 1;
                let byte = self.peek()?;
                self.at += 1;
                match (byte, object) {
                    (b',', false) => break,
                    (b',', true) => {
                        self.name()?;
                        break;
                    }
                    (b'}', true) | (b']', false) => (open, depth) = (open >> 1, depth - 1),
                    _ => return None,
                }
            }
        }
    }

    fn name(&mut self) -> Option<()> {
        self.word(b"\"")?;
        self.string()?;
        self.word(b":")
    }
}

/// Printable ASCII but the quote and the backslash.
static PLAIN: [bool; 256] = {
    let mut plain = [false; 256];
    let mut b = b' ';
    while b <= b'~' {
        plain[b as usize] = b != b'"' && b != b'\\';
        b += 1;
    }
    plain
};

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::act::plan::Ticket;
    use crate::core::entry::Kind;
    use crate::journal::record::{self, Actor, Place, Who, ZEROS};
    use crate::journal::scratch::{at, entry, target};
    use proptest::prelude::*;
    use serde_json::json;

    fn lines() -> Vec<Vec<u8>> {
        let who = Who {
            session: "20261121T031407Z-mira-bastion2-7f3a".into(),
            actor: Actor { user: "mira".into(), claimed: Some("Mira \"K\" \u{e9}".into()) },
            host: "bastion2".into(),
        };
        let data = json!({"text": "a\u{7f}\"\\\n\u{1F525}", "n": [1, -2.5, 1e300, 0, null, true, {}, [], {"a": {"b": [false]}}]});
        let mut all = Vec::new();
        for kind in Kind::ALL {
            for full in [false, true] {
                let mut e = entry(kind, if full { -250 } else { 0 }, data.clone());
                let mut ticket = None;
                if full {
                    (e.target, e.incident, ticket) = (Some(target()), Some("inc-1".into()), Some(Ticket(7)));
                }
                let place = Place { seq: 12, hlc: Hlc(5, 3), prev: ZEROS, stamp: at(0), missed: u64::from(full) };
                let mut l = record::line(&who, place, &e, ticket).expect("line").bytes;
                l.pop();
                all.push(l);
            }
        }
        all
    }

    #[test]
    fn every_line_this_program_writes_is_read_the_quick_way() {
        for l in lines() {
            let text = String::from_utf8_lossy(&l);
            let slow: Link<'_> = serde_json::from_slice(&l).expect("a record");
            assert_eq!(quick(&l), Some(slow.clone()), "{text}");
            assert_eq!(link(&l).expect("a record"), slow);
            let head = head(&l).expect("its head");
            assert_eq!((head.kind, head.seq, head.hlc), (&*slow.kind, 12, Hlc(5, 3)));
            assert_eq!(head.ticket, text.contains("\"ticket\":7"));
        }
    }

    fn same(line: &[u8]) -> Result<(), TestCaseError> {
        if let Some(found) = quick(line) {
            let slow = serde_json::from_slice::<Link<'_>>(line);
            prop_assert_eq!(slow.ok(), Some(found), "{}", String::from_utf8_lossy(line));
        }
        Ok(())
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn the_quick_way_takes_nothing_that_serde_json_refuses(
            n in any::<prop::sample::Index>(),
            changes in prop::collection::vec((any::<prop::sample::Index>(), 0..4_u8, prop::sample::select(
                b"{}[]\",:\\u0123456789.-+eE tfn\"}]\x00\x1f\x7f\x80\n".to_vec())), 1..5),
        ) {
            let all = lines();
            let mut l = n.get(&all).clone();
            same(&l)?;
            for (i, how, byte) in changes {
                let at = i.index(l.len().max(1));
                match how {
                    0 => l.insert(at, byte),
                    1 => l[at] = byte,
                    2 => _ = l.remove(at),
                    // A part twice: members that come again.
                    _ => l.extend_from_within(at..(at + 40).min(l.len())),
                }
                same(&l)?;
            }
        }
    }

    #[test]
    fn figures_and_escapes_are_json_or_left_to_it() {
        let whole = |t: &str| {
            let mut c = Cursor { bytes: t.as_bytes(), at: 0 };
            c.value().is_some() && c.at == t.len()
        };
        for t in
            ["0", "-0", "10.50", "1e5", "-2.5E-10", "\"\\u00e9\\n\"", "{\"a\":[1,{\"b\":[]}],\"c\":null}", "[[],{}]"]
        {
            assert!(whole(t), "{t}");
        }
        for t in [
            "00",
            "-",
            "1.",
            ".5",
            "1e",
            "1e+",
            "\"\\x\"",
            "\"\\u12g4\"",
            "{\"a\"}",
            "{,}",
            "[1,]",
            "[1}",
            "tru",
            "\"a",
            "",
        ] {
            assert!(!whole(t), "{t}");
        }
        let deep = format!("{}1{}", "[".repeat(65), "]".repeat(65));
        assert!(whole(&deep[1..deep.len() - 1]) && !whole(&deep));
    }
}
