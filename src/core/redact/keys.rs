//! Secrets that are told by the word before them: `password: x`, `token=x`, `Authorization: Bearer x`, `--password x`,
//! `-u user:x`. How sure the word is decides what its value must look like.

use super::shapes::{inside, userinfo};
use std::ops::Range;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Sure {
    /// Whatever stands behind it.
    Yes,
    /// `token`, `secret`: also the name of one, so its value must look like none.
    IfStrange,
    /// A header whose whole value counts.
    Header,
}

/// Ends of names, without `-`, `_` and `.`, in lower case.
const YES: [&str; 27] = [
    "password",
    "passwd",
    "passphrase",
    "passwort",
    "pwd",
    "apikey",
    "accesskey",
    "secretkey",
    "privatekey",
    "secretaccesskey",
    "clientsecret",
    "routingkey",
    "integrationkey",
    "servicekey",
    "signingkey",
    "encryptionkey",
    "authtoken",
    "accesstoken",
    "refreshtoken",
    "bearertoken",
    "sessiontoken",
    "securitytoken",
    "idtoken",
    "clientkeydata",
    "webhookkey",
    "hmackey",
    "amzsignature",
];
const IF_STRANGE: [&str; 6] = ["token", "secret", "credential", "credentials", "sessionid", "jwt"];
const HEADERS: [&str; 4] = ["authorization", "proxyauthorization", "cookie", "setcookie"];

/// What people write behind such a word when they write about it.
const WORDS: [&str; 45] = [
    "the", "a", "an", "is", "was", "are", "were", "be", "not", "no", "none", "null", "nil", "true", "false", "yes",
    "ok", "empty", "missing", "expired", "expires", "wrong", "invalid", "rotated", "changed", "reset", "revoked",
    "unknown", "unset", "required", "see", "in", "from", "for", "of", "and", "or", "it", "we", "they", "still", "has",
    "will", "must", "redacted",
];

fn sure(name: &str) -> Option<Sure> {
    let plain: String = name.chars().filter(|c| c.is_ascii_alphanumeric()).map(|c| c.to_ascii_lowercase()).collect();
    if HEADERS.contains(&plain.as_str()) {
        return Some(Sure::Header);
    }
    if YES.iter().any(|k| plain.ends_with(k)) || plain == "sig" {
        return Some(Sure::Yes);
    }
    IF_STRANGE.iter().any(|k| plain.ends_with(k)).then_some(Sure::IfStrange)
}

/// A member of JSON that is a text of its own: is all of it a secret?
pub fn whole(name: &str, value: &str) -> bool {
    match sure(name) {
        Some(Sure::Yes) => value.len() >= 3 && !is_word(value) && !is_placeholder(value),
        Some(Sure::IfStrange) => is_strange(value) && !value.contains(' ') && !is_placeholder(value),
        // Its scheme stays: the text itself is looked at.
        Some(Sure::Header) => value.len() >= 3 && !is_placeholder(value) && !value.contains("<secret"),
        None => false,
    }
}

fn is_word(value: &str) -> bool {
    WORDS.iter().any(|w| value.trim_end_matches(['.', ',', ';', '!', '?']).eq_ignore_ascii_case(w))
}

/// Stars, a variable, a mark of ours or of somebody else's.
fn is_placeholder(value: &str) -> bool {
    value.starts_with(['<', '$', '%', '{']) && !value.starts_with("%2")
        || value.bytes().all(|b| matches!(b, b'*' | b'.' | b'x' | b'X' | b'-'))
        || value.starts_with("[REDACTED")
}

/// Letters and digits mixed more often than in a name with a version, or of both cases, or long.
pub fn is_strange(value: &str) -> bool {
    let b = value.as_bytes();
    let turns = b.windows(2).filter(|w| w[0].is_ascii_digit() != w[1].is_ascii_digit()).count();
    let digit = b.iter().any(u8::is_ascii_digit);
    let cases = b.iter().any(u8::is_ascii_uppercase) && b.iter().any(u8::is_ascii_lowercase);
    let named = b.iter().filter(|c| matches!(c, b'-' | b'.' | b'/')).count() * 4 > b.len();
    b.len() >= 8 && !named && digit && (turns >= 3 || cases) || b.len() >= 12 && cases && turns >= 1
}

/// The name that ends before `end`: an identifier, quotes and backslashes of JSON around it passed over.
fn name_before(text: &str, end: usize) -> Option<(&str, bool)> {
    let bytes = text.as_bytes();
    let mut to = end;
    let mut quoted = false;
    while to > 0 && matches!(bytes[to - 1], b'"' | b'\'' | b'\\' | b' ' | b'`' | b'*') && end - to < 4 {
        quoted |= matches!(bytes[to - 1], b'"' | b'\'');
        to -= 1;
    }
    let mut from = to;
    while from > 0
        && to - from < 64
        && (bytes[from - 1].is_ascii_alphanumeric() || matches!(bytes[from - 1], b'_' | b'-' | b'.'))
    {
        from -= 1;
    }
    text.get(from..to).filter(|n| !n.is_empty()).map(|n| (n, quoted))
}

/// The value of the name before this `=` or `:`, where it is a secret.
pub fn after(text: &str, i: usize) -> Option<Range<usize>> {
    let bytes = text.as_bytes();
    if bytes[i] == b':' && bytes.get(i + 1) == Some(&b'/') {
        return userinfo(text, i);
    }
    let (name, quoted) = name_before(text, i)?;
    let sure = sure(name)?;
    let mut from = i + 1;
    // `:=`, `==`, `=>` and blanks; a line's end ends it.
    while bytes.get(from).is_some_and(|b| matches!(b, b'=' | b' ' | b'\t')) || text[from..].starts_with("> ") {
        from += 1;
    }
    let gap = from > i + 1;
    // The quote that opens the value, escaped or not, is the one that closes it.
    let escaped = bytes.get(from) == Some(&b'\\');
    let quote = bytes.get(from + usize::from(escaped)).copied().filter(|q| matches!(q, b'"' | b'\'' | b'`'));
    if quote.is_some() {
        from += 1 + usize::from(escaped);
    }
    // One that names its scheme: the scheme stays.
    if sure == Sure::Header {
        for scheme in ["bearer", "basic", "token", "digest", "apikey", "negotiate", "splunk", "geniekey"] {
            let rest = text.get(from..)?;
            if rest.get(..scheme.len()).is_some_and(|s| s.eq_ignore_ascii_case(scheme)) {
                let blanks = rest[scheme.len()..].bytes().take_while(|b| *b == b' ' || *b == b'+').count();
                let blanks = if rest[scheme.len()..].starts_with("%20") { 3 } else { blanks };
                from += if blanks > 0 { scheme.len() + blanks } else { 0 };
                break;
            }
        }
    }
    let to = match quote {
        Some(q) => closing(text, from, q, escaped),
        None => from + unquoted(text, i, from, sure),
    };
    let value = text.get(from..to)?;
    let is = match sure {
        Sure::Header => value.len() >= 4 && !is_word(value),
        Sure::Yes => value.len() >= 3 && !is_word(value),
        // `token=x` means the value; `token: x` may speak of it, unless JSON says so.
        Sure::IfStrange if gap && !quoted => is_strange(value),
        Sure::IfStrange if bytes[i] == b'=' => {
            value.len() >= 6 && !is_word(value) && (is_strange(value) || name.len() > 3 && ends_in_token(name))
        }
        Sure::IfStrange => is_strange(value) || (value.len() >= 16 && value.bytes().any(|b| b.is_ascii_digit())),
    };
    (is && !is_placeholder(value)).then_some(from..to)
}

/// `secret=checkout-db` names a Secret of the cluster; `token=abcdef` names nothing but the token.
fn ends_in_token(name: &str) -> bool {
    name.to_ascii_lowercase().ends_with("token")
}

/// Where a quoted value ends: at its quote, or with the text.
fn closing(text: &str, from: usize, quote: u8, escaped: bool) -> usize {
    let bytes = text.as_bytes();
    let mut i = from;
    while let Some(&b) = bytes.get(i) {
        if b == b'\\' && bytes.get(i + 1) == Some(&quote) {
            if escaped {
                return i;
            }
            i += 2;
            continue;
        }
        if b == quote {
            return i;
        }
        i += 1;
    }
    bytes.len()
}

/// Bytes of a value without quotes. In an address it ends at `&`; in a header with its line.
fn unquoted(text: &str, sign: usize, from: usize, sure: Sure) -> usize {
    let rest = text.get(from..).unwrap_or_default();
    if sure == Sure::Header {
        // `Cookie: a=b; c=d` goes on to the end of the line; a sentence behind a bearer token does not.
        let line = rest.bytes().take_while(|b| !matches!(b, b'\n' | b'\r' | b'"' | b'\'')).count();
        let word = rest.bytes().take_while(|b| !b.is_ascii_whitespace() && !matches!(b, b'"' | b'\'' | b',')).count();
        return if rest[..word].ends_with(';') { line } else { word };
    }
    let word_from = text[..sign].rfind(|c: char| c.is_whitespace()).map_or(0, |w| w + 1);
    let address = text.get(word_from..sign).is_some_and(|w| w.contains("://") || w.contains('?') || w.contains('&'));
    let ends = |b: u8| {
        b.is_ascii_whitespace()
            || matches!(b, b'"' | b'\'' | b'`' | b'<' | b'>')
            || (address && matches!(b, b'&' | b'#'))
    };
    let n = rest.bytes().take_while(|b| !ends(*b)).count();
    // A sentence's own marks are no part of it.
    rest[..n].trim_end_matches([',', ';', '.', ')', ']', '}', '\\']).len()
}

/// `--password x`, `--token x`; `-u user:x`, `--user user:x`. The `-` is at `i`.
pub fn flag(text: &str, i: usize) -> Option<Range<usize>> {
    let bytes = text.as_bytes();
    if inside(bytes, i) || i.checked_sub(1).is_some_and(|j| bytes[j] == b'-') {
        return None;
    }
    let word = text[i..].bytes().take_while(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_')).count();
    let name = text[i..i + word].trim_start_matches('-');
    let mut from = i + word;
    let gap = text[from..].bytes().take_while(|b| matches!(b, b' ' | b'=')).count();
    if name.is_empty() || gap == 0 {
        return None;
    }
    from += gap;
    if matches!(bytes.get(from), Some(b'"' | b'\'')) {
        from += 1;
    }
    let n = text[from..].bytes().take_while(|b| !b.is_ascii_whitespace() && !matches!(b, b'"' | b'\'')).count();
    let value = text.get(from..from + n)?;
    if matches!(name, "u" | "user" | "proxy-user") {
        let (user, password) = value.split_once(':')?;
        // `docker run -u 1000:1000` names a group.
        let group = password.bytes().all(|b| b.is_ascii_digit()) || user == password;
        let is = !user.is_empty() && !password.is_empty() && !group && !is_placeholder(password);
        return is.then(|| from + user.len() + 1..from + n);
    }
    if !text[i..].starts_with("--") || text[i + word..].starts_with('=') {
        return None;
    }
    let is = match sure(name)? {
        Sure::Yes => n >= 3 && !is_word(value) && !value.starts_with('-'),
        Sure::IfStrange | Sure::Header => is_strange(value),
    };
    (is && !is_placeholder(value)).then_some(from..from + n)
}
