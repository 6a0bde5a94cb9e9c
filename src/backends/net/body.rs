//! Reading an answer's body: in chunks, capped on decoded bytes, and its kind checked before anybody decodes it.

use crate::core::shown::{LINE_MAX, shown_line};
use crate::core::world::source::Trouble;

/// Decoded bytes of one answer (limits.md section 4). 100 kB of gzip can be 100 MiB.
pub const CAP: usize = 16 * 1024 * 1024;
/// Characters of a foreign page or message that are kept for the person.
pub const SHOWN: usize = 200;

/// Why a body could not be read, without its place.
#[derive(Debug)]
pub enum BodyError {
    TooBig(usize),
    Broken(reqwest::Error),
}

impl BodyError {
    pub fn trouble(&self) -> Trouble {
        match self {
            BodyError::TooBig(_) => Trouble::TooBig,
            BodyError::Broken(e) if e.is_timeout() => Trouble::Timeout,
            BodyError::Broken(_) => Trouble::Unreachable,
        }
    }
}

/// Reads to the end, or stops at the first chunk past `cap` decoded bytes.
///
/// # Errors
/// Past the cap, or when the connection or the encoding breaks before the end.
pub async fn read(mut from: reqwest::Response, cap: usize) -> Result<Vec<u8>, BodyError> {
    let mut body = Vec::new();
    while let Some(chunk) = from.chunk().await.map_err(BodyError::Broken)? {
        if body.len() + chunk.len() > cap {
            return Err(BodyError::TooBig(cap));
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

/// `application/json` and `…+json`, whatever the parameters say.
pub fn is_json(content_type: &str) -> bool {
    let essence = content_type.split(';').next().unwrap_or("").trim();
    let essence = essence.to_ascii_lowercase();
    essence == "application/json" || essence.ends_with("+json")
}

/// The first [`SHOWN`] characters through the gate, line breaks and runs of blanks as one blank: short enough to read,
/// and marked when it is not shown as it came.
pub fn visible(bytes: &[u8]) -> String {
    // Four bytes a character and some blanks to drop: no need to look at all of a 16 MiB page.
    let head = bytes.get(..8 * SHOWN).unwrap_or(bytes);
    let text = String::from_utf8_lossy(head);
    let words = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let short: String = words.chars().take(SHOWN).collect();
    shown_line(&short, LINE_MAX).marked().into_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_is_told_by_its_type_alone() {
        assert!(is_json("application/json; charset=utf-8"));
        assert!(is_json("Application/Problem+JSON"));
        assert!(!is_json("text/html; charset=application/json"));
        assert!(!is_json(""));
    }

    #[test]
    fn a_foreign_page_is_shown_short_and_harmless() {
        let page = format!("<html>\r\n  <b>Sign\u{1b}[31m in\u{202e}</b>{}", "x".repeat(5000));
        let shown = visible(page.as_bytes());
        assert!(shown.starts_with("(^)<html> <b>Sign^[[31m in<U+202E></b>x"), "{shown}");
        // 200 of its own, the mark, and what two of them are written as.
        assert_eq!(shown.chars().count(), 200 + 3 + 1 + 7);
        assert_eq!(visible(b"no such thing"), "no such thing");
        assert_eq!(visible(b"\xff\xfe"), "\u{fffd}\u{fffd}");
    }
}
