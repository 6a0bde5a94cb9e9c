//! Secrets that are told by how they look: prefixes their makers gave them, JSON web tokens, private keys, a user and
//! password in an address. And the forms a known value travels in.

use super::is_token;
use std::ops::Range;

/// Prefix, the fewest characters behind it, and which may follow.
struct Shape(&'static str, usize, fn(u8) -> bool);

fn alnum(b: u8) -> bool {
    b.is_ascii_alphanumeric()
}
fn upper(b: u8) -> bool {
    b.is_ascii_uppercase() || b.is_ascii_digit()
}
/// base64url and what joins its parts.
fn url(b: u8) -> bool {
    b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.')
}
fn wide(b: u8) -> bool {
    url(b) || matches!(b, b'+' | b'/' | b'=' | b'~')
}

/// As their makers document them. Case counts.
const SHAPES: [Shape; 44] = [
    // AWS: access key ids, long-lived and temporary.
    Shape("AKIA", 16, upper),
    Shape("ASIA", 16, upper),
    // GitHub.
    Shape("ghp_", 20, alnum),
    Shape("gho_", 20, alnum),
    Shape("ghu_", 20, alnum),
    Shape("ghs_", 20, url),
    Shape("ghr_", 20, alnum),
    Shape("github_pat_", 20, url),
    // GitLab: personal, deploy, runner, trigger, job, feed, agent.
    Shape("glpat-", 16, url),
    Shape("gldt-", 16, url),
    Shape("glrt-", 16, url),
    Shape("glptt-", 16, url),
    Shape("glcbt-", 16, url),
    Shape("glft-", 16, url),
    Shape("glsoat-", 16, url),
    Shape("glagent-", 16, url),
    // Slack: xoxb, xoxp, xoxa, xoxr, xoxs, xoxe; app-level.
    Shape("xox", 12, url),
    Shape("xapp-", 12, url),
    // PagerDuty: user tokens, scoped OAuth.
    Shape("u+", 18, url),
    Shape("pdus+", 16, url),
    Shape("pdeu+", 16, url),
    // Exec plugins of managed clusters.
    Shape("k8s-aws-v1.", 16, url),
    Shape("ya29.", 16, url),
    // Vault, Grafana, Google, Stripe, npm, PyPI, SendGrid, Atlassian, Buildkite, DigitalOcean, New Relic, age, Tailscale,
    // Databricks, Terraform, OpenAI and its like, LaunchDarkly, Shopify.
    Shape("hvs.", 20, url),
    Shape("hvb.", 20, url),
    Shape("hvr.", 20, url),
    Shape("glsa_", 20, url),
    Shape("AIza", 30, url),
    Shape("sk_live_", 16, alnum),
    Shape("sk_test_", 16, alnum),
    Shape("rk_live_", 16, alnum),
    Shape("whsec_", 16, wide),
    Shape("npm_", 30, alnum),
    Shape("pypi-Ag", 30, url),
    Shape("SG.", 40, url),
    Shape("ATATT3", 30, wide),
    Shape("bkua_", 20, alnum),
    Shape("dop_v1_", 32, alnum),
    Shape("NRAK-", 20, alnum),
    Shape("AGE-SECRET-KEY-1", 30, upper),
    Shape("tskey-", 16, url),
    Shape("dapi", 32, |b| b.is_ascii_hexdigit()),
    Shape("sk-ant-", 16, url),
    Shape("sk-proj-", 16, url),
];

/// A secret that begins with this word.
pub fn at(text: &str, i: usize) -> Option<Range<usize>> {
    let bytes = text.as_bytes();
    let rest = bytes.get(i..)?;
    for Shape(prefix, least, may) in &SHAPES {
        if let Some(body) = rest.strip_prefix(prefix.as_bytes()) {
            let n = body.iter().take_while(|b| may(**b)).count();
            // A sentence's full stop is no part of it.
            let n = n - body[..n].iter().rev().take_while(|b| **b == b'.').count();
            if n >= *least && strange(&body[..n]) {
                return Some(i..i + prefix.len() + n);
            }
        }
    }
    match rest.first()? {
        b'e' => jwt(rest).map(|n| i..i + n),
        b'L' => private_in_base64(rest).map(|n| i..i + n),
        b'B' | b'b' => bearer(text, i),
        b'h' | b'H' => webhook(rest).map(|(from, to)| i + from..i + to),
        _ => None,
    }
}

/// Not a word of a language: a digit, or capitals inside.
fn strange(body: &[u8]) -> bool {
    body.iter().any(u8::is_ascii_digit) || body.iter().skip(1).any(u8::is_ascii_uppercase)
}

/// `eyJ` opens base64 of `{"`. Three parts, or one that is too long for a word.
fn jwt(rest: &[u8]) -> Option<usize> {
    let body = rest.strip_prefix(b"eyJ")?;
    let n = body.iter().take_while(|b| url(**b) || **b == b'=').count();
    let n = n - body[..n].iter().rev().take_while(|b| **b == b'.').count();
    let dots = body[..n].iter().filter(|b| **b == b'.').count();
    ((dots >= 1 && n >= 16) || n >= 36).then_some(3 + n)
}

/// `LS0tLS1CRUdJTi` opens base64 of `-----BEGIN `: key data of a kubeconfig, a Secret's data. A certificate may stay.
fn private_in_base64(rest: &[u8]) -> Option<usize> {
    rest.starts_with(b"LS0tLS1CRUdJTi").then_some(())?;
    let n = rest.iter().take_while(|b| alnum(**b) || matches!(**b, b'+' | b'/' | b'=')).count();
    let head = decoded(&rest[..n.min(80)]);
    head.windows(11).any(|w| w == b"PRIVATE KEY").then_some(n)
}

/// `Bearer x` and `Basic x` without a header's name. `bearer of bad news` is none.
fn bearer(text: &str, i: usize) -> Option<Range<usize>> {
    let rest = text.get(i..)?;
    let (word, basic) = match rest.get(..6) {
        Some(w) if w.eq_ignore_ascii_case("bearer") => (6, false),
        _ if rest.get(..5).is_some_and(|w| w.eq_ignore_ascii_case("basic")) => (5, true),
        _ => return None,
    };
    let gap = rest[word..].bytes().take_while(|b| matches!(b, b' ' | b'\t')).count();
    // As a URL writes the blank.
    let gap = if rest[word..].starts_with("%20") { 3 } else { gap };
    if gap == 0 {
        return None;
    }
    let from = word + gap;
    let n = rest[from..].bytes().take_while(|b| wide(*b)).count();
    let value = rest.get(from..from + n)?.trim_end_matches('.');
    let is = if basic {
        value.len() >= 6 && user_and_password(&decoded(value.as_bytes()))
    } else {
        value.len() >= 8 && (strange(value.as_bytes()) || value.len() >= 24)
    };
    is.then(|| i + from..i + from + value.len())
}

fn user_and_password(bytes: &[u8]) -> bool {
    bytes.contains(&b':') && bytes.iter().all(|b| (b' '..=b'~').contains(b))
}

/// Addresses that are secrets themselves: who has them can post. The host stays.
fn webhook(rest: &[u8]) -> Option<(usize, usize)> {
    const PATHS: [&[u8]; 4] =
        [b"hooks.slack.com/", b"discord.com/api/webhooks/", b"webhook.office.com/", b"discordapp.com/api/webhooks/"];
    let n = rest.iter().take_while(|b| !b.is_ascii_whitespace() && !matches!(**b, b'"' | b'\'' | b'<' | b'>')).count();
    let url = &rest[..n];
    let (at, path) = PATHS.iter().find_map(|p| Some((url.windows(p.len()).position(|w| w == *p)?, p)))?;
    let from = at + path.len();
    (at <= 60 && n > from + 8).then_some((from, n))
}

/// A private key from its first line to its last, or to the end where that is missing.
pub fn block(text: &str, i: usize) -> Option<Range<usize>> {
    let rest = text.get(i..)?;
    let body = rest.strip_prefix("-----BEGIN ")?;
    let head = body.get(..body.len().min(60)).or_else(|| body.split('\n').next())?;
    let dashes = head.find("-----")?;
    if !head[..dashes].contains("PRIVATE KEY") {
        return None;
    }
    let end = rest.find("-----END ").map_or(rest.len(), |e| {
        let tail = &rest[e + 9..];
        e + 9 + tail.find("-----").map_or(tail.len(), |d| d + 5)
    });
    Some(i..i + end)
}

/// `scheme://user:password@host`: the password, for the `:` at `colon` of the scheme.
pub fn userinfo(text: &str, colon: usize) -> Option<Range<usize>> {
    let rest = text.get(colon..)?.strip_prefix("://")?;
    let from = colon + 3;
    let n = rest
        .bytes()
        .take_while(|b| !b.is_ascii_whitespace() && !matches!(b, b'/' | b'?' | b'#' | b'"' | b'\''))
        .count();
    let at = rest[..n].rfind('@')?;
    let info = &rest[..at];
    match info.split_once(':') {
        Some((_, "")) => None,
        Some((user, _)) => Some(from + user.len() + 1..from + at),
        // A token in the user's place; `git@` and the like stay.
        None => (info.len() >= 16 && strange(info.as_bytes())).then_some(from..from + at),
    }
}

/// base64 of either alphabet; what is none of it ends it.
pub fn decoded(text: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len() / 4 * 3);
    let (mut bits, mut have) = (0u32, 0u8);
    for b in text {
        let six = match b {
            b'A'..=b'Z' => b - b'A',
            b'a'..=b'z' => b - b'a' + 26,
            b'0'..=b'9' => b - b'0' + 52,
            b'+' | b'-' => 62,
            b'/' | b'_' => 63,
            _ => break,
        };
        bits = (bits << 6 | u32::from(six)) & 0x00ff_ffff;
        have += 6;
        if have >= 8 {
            have -= 8;
            out.push((bits >> have & 0xff) as u8);
        }
    }
    out
}

fn encoded(bytes: &[u8], alphabet: &[u8; 64]) -> String {
    let mut out = String::with_capacity(bytes.len() / 3 * 4 + 4);
    for three in bytes.chunks(3) {
        let n = three.iter().fold(0u32, |n, b| n << 8 | u32::from(*b)) << (8 * (3 - three.len()));
        for i in 0..=three.len() {
            out.push(char::from(alphabet[(n >> (18 - 6 * i) & 63) as usize]));
        }
    }
    out
}

const STANDARD: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
const FOR_URLS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/// Every form a value is looked for in.
pub fn forms(value: &str) -> Vec<String> {
    let bytes = value.as_bytes();
    let mut all = vec![value.to_owned()];
    if let Ok(json) = serde_json::to_string(value) {
        all.push(json.trim_matches('"').to_owned());
        all.push(json.trim_matches('"').replace('/', "\\/"));
    }
    for (keep, digits) in
        [(b"-._~".as_slice(), "0123456789ABCDEF"), (b"-._~", "0123456789abcdef"), (b"-._~/:@", "0123456789ABCDEF")]
    {
        let digits = digits.as_bytes();
        let escaped = bytes.iter().fold(String::new(), |mut s, b| {
            if alnum(*b) || keep.contains(b) {
                s.push(char::from(*b));
            } else {
                s.push('%');
                s.push(char::from(digits[usize::from(b >> 4)]));
                s.push(char::from(digits[usize::from(b & 15)]));
            }
            s
        });
        all.push(escaped);
    }
    let hex = bytes.iter().fold(String::new(), |s, b| s + &format!("{b:02x}"));
    all.push(hex.to_uppercase());
    all.push(hex);
    // Base64 of something longer that holds it begins at any of three places; the characters that its neighbours share are
    // left out.
    for alphabet in [STANDARD, FOR_URLS] {
        for shift in 0..3 {
            let shifted = [&[0u8; 2][..shift], bytes].concat();
            let coded = encoded(&shifted, alphabet);
            let from = [0, 2, 3][shift];
            let whole = shifted.len() / 3 * 4;
            if let Some(core) = coded.get(from..whole).filter(|c| c.len() >= 8) {
                all.push(core.to_owned());
            }
        }
    }
    all.sort();
    all.dedup();
    all
}

/// Is the byte before `i` one of a word?
pub fn inside(bytes: &[u8], i: usize) -> bool {
    i.checked_sub(1).and_then(|j| bytes.get(j)).is_some_and(|b| is_token(*b))
}
