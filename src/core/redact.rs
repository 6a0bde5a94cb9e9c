//! Secrets out of texts: what people type, servers answer and commands print goes through here before it is kept. Words are
//! told by their shape and by the word before them; values that are known are the caller's matter (`Values`).
//! Pure; knows no record, file or server.
//!
//! What is taken out stands as `<secret, 40 bytes, sha256 9f3a..>`, so that two of them can be compared; below
//! [`HASHED`] bytes without the hash, because a short one could be guessed from it. Ordinary words of an incident must
//! survive: versions, commits, digests, uids, names of Secrets (`ordinary` in the tests).

mod keys;
mod shapes;

use crate::core::seal::sha256_hex;
use serde_json::Value;
use std::borrow::Cow;
use std::ops::Range;

/// Shorter secrets are shown without a part of their hash.
pub const HASHED: usize = 16;

/// A text without its secrets, and how many there were.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Clean<'a> {
    pub text: Cow<'a, str>,
    pub count: usize,
}

/// Everything in `text` that looks like a secret is replaced. The same text again changes nothing more.
pub fn text(text: &str) -> Clean<'_> {
    replaced(text, spans(text))
}

/// Text without its secrets.
pub fn clean(text: &str) -> Cow<'_, str> {
    self::text(text).text
}

/// For the words of somebody who was shown a secret and may say it back: also what looks like no word at all goes. Digests
/// and uids of hex digits alone stay.
pub fn strict(text: &str) -> String {
    let text = clean(text);
    let mut spans = Vec::new();
    let mut from = 0;
    for word in text.split(|c: char| c.is_whitespace() || matches!(c, '"' | '\'' | '<' | '>' | ',' | '(' | ')' | '=')) {
        if word.len() >= HASHED && keys::is_strange(word) && !is_hex(word) {
            spans.push(from..from + word.len());
        }
        // Every one of the separators but white space has one byte.
        from += word.len() + text[from + word.len()..].chars().next().map_or(0, char::len_utf8);
    }
    replaced(&text, spans).text.into_owned()
}

fn is_hex(word: &str) -> bool {
    let sum = word.rsplit(':').next().unwrap_or(word);
    sum.bytes().all(|b| b.is_ascii_hexdigit() || b == b'-')
}

/// Every text in `value`, and texts whose member name says what they are. `also` is asked for each text before: what else
/// is known to be secret in it. `None`: nothing was found.
pub fn value(value: &Value, also: &dyn Fn(&str) -> Option<(String, usize)>) -> Option<(Value, usize)> {
    match value {
        Value::String(s) => {
            let (first, n) = also(s).map_or((Cow::Borrowed(&**s), 0), |(s, n)| (Cow::Owned(s), n));
            let then = text(&first);
            let count = n + then.count;
            (count > 0).then(|| (Value::String(then.text.into_owned()), count))
        }
        Value::Array(all) => {
            let mut count = 0;
            let found: Vec<_> = all.iter().map(|v| self::value(v, also)).collect();
            if found.iter().all(Option::is_none) {
                return None;
            }
            let clean = found.into_iter().zip(all).map(|(f, v)| match f {
                Some((v, n)) => {
                    count += n;
                    v
                }
                None => v.clone(),
            });
            let clean: Vec<Value> = clean.collect();
            Some((Value::Array(clean), count))
        }
        Value::Object(members) => {
            let mut count = 0;
            let mut clean = None;
            for (name, v) in members {
                let named = v.as_str().filter(|s| keys::whole(name, s)).map(|s| (Value::String(mark(s)), 1));
                let found = named.or_else(|| self::value(v, also));
                if let Some((v, n)) = found {
                    count += n;
                    clean.get_or_insert_with(|| members.clone()).insert(name.clone(), v);
                }
            }
            clean.map(|c| (Value::Object(c), count))
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => None,
    }
}

/// What stands in a secret's place.
pub fn mark(secret: &str) -> String {
    let bytes = secret.len();
    if bytes < HASHED {
        return format!("<secret, {bytes} bytes>");
    }
    let sum = sha256_hex(secret.as_bytes());
    format!("<secret, {bytes} bytes, sha256 {}..>", sum.get(..4).unwrap_or(&sum))
}

/// Where secrets stand: in order, none over another.
fn spans(text: &str) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    let bytes = text.as_bytes();
    let mut i = 0;
    // A word begins here: the byte before is none of a token's.
    let mut begins = true;
    while let Some(&b) = bytes.get(i) {
        let span = if b == b'=' || b == b':' {
            keys::after(text, i)
        } else if begins && is_token(b) {
            shapes::at(text, i)
        } else if b == b'-' {
            keys::flag(text, i).or_else(|| shapes::block(text, i))
        } else {
            None
        };
        match span.filter(|s| s.start >= i && s.end > s.start && s.end <= text.len()) {
            Some(s) => {
                i = s.end;
                found.push(s);
                begins = false;
            }
            None => {
                begins = !is_token(b);
                i += 1;
            }
        }
    }
    found
}

/// Characters of tokens; what comes before one is none of them.
fn is_token(b: u8) -> bool {
    b.is_ascii_alphanumeric() || matches!(b, b'_')
}

fn replaced(text: &str, spans: Vec<Range<usize>>) -> Clean<'_> {
    if spans.is_empty() {
        return Clean { text: Cow::Borrowed(text), count: 0 };
    }
    let mut out = String::with_capacity(text.len());
    let (mut at, mut count) = (0, 0);
    for s in spans {
        // The ends are those of ASCII words, or of a run between them.
        let (Some(before), Some(secret)) = (text.get(at..s.start), text.get(s.clone())) else { continue };
        out.push_str(before);
        out.push_str(&mark(secret));
        at = s.end;
        count += 1;
    }
    out.push_str(text.get(at..).unwrap_or_default());
    Clean { text: Cow::Owned(out), count }
}

/// Values that are known to be secret, found wherever they stand, in the forms they travel in: as they are, escaped for
/// JSON and for a URL, in hex, in base64 (alone or inside something longer). No Debug of a value.
#[derive(Default)]
pub struct Values {
    /// Newest last; each with all its forms, the longest first.
    known: Vec<(String, Vec<String>)>,
    /// The first two bytes of every form: a text without any of them is left in one pass.
    pairs: Vec<bool>,
}

/// More than a console ever holds at once; the oldest of rotating ones go.
const KNOWN: usize = 64;
/// A shorter one would be found in innocent words.
const LEAST: usize = 6;

impl Values {
    pub const fn new() -> Values {
        Values { known: Vec::new(), pairs: Vec::new() }
    }

    /// Is it known already?
    pub fn holds(&self, value: &str) -> bool {
        self.known.iter().rev().any(|(v, _)| v == value)
    }

    /// From now on this value is found. Values under six bytes are not taken.
    pub fn learn(&mut self, value: &str) {
        let value = value.trim();
        if value.len() < LEAST || self.holds(value) {
            return;
        }
        if self.known.len() >= KNOWN {
            self.known.remove(0);
        }
        self.known.push((value.to_owned(), shapes::forms(value)));
        self.pairs = vec![false; 1 << 16];
        for form in self.known.iter().flat_map(|(_, forms)| forms) {
            if let [a, b, ..] = form.as_bytes() {
                self.pairs[usize::from(*a) << 8 | usize::from(*b)] = true;
            }
        }
    }

    /// Where known values stand, in order.
    fn spans(&self, text: &[u8]) -> Vec<Range<usize>> {
        let mut found = Vec::new();
        if self.known.is_empty() {
            return found;
        }
        let mut i = 0;
        while let [a, b, ..] = text.get(i..).unwrap_or_default() {
            let hit = self.pairs[usize::from(*a) << 8 | usize::from(*b)];
            let forms = self.known.iter().flat_map(|(_, forms)| forms).filter(|_| hit);
            let longest = forms.filter(|f| text[i..].starts_with(f.as_bytes())).map(String::len).max();
            match longest {
                Some(n) => {
                    found.push(i..i + n);
                    i += n;
                }
                None => i += 1,
            }
        }
        found
    }

    /// The text without them, and how many there were. `None`: there are none.
    pub fn clean(&self, text: &str) -> Option<(String, usize)> {
        let clean = replaced(text, self.spans(text.as_bytes()));
        (clean.count > 0).then(|| (clean.text.into_owned(), clean.count))
    }

    /// Overwrites them with `*`, so that nothing else moves: for bytes whose length others count.
    pub fn blot(&self, text: &mut [u8]) {
        for s in self.spans(text) {
            text[s].fill(b'*');
        }
    }
}

impl std::fmt::Debug for Values {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Values({} known)", self.known.len())
    }
}

#[cfg(test)]
mod tests;
