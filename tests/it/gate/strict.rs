//! A strict reader of what was written to a terminal: characters, and the few sequences the painter and the guard are
//! known to use. Anything else is a fault, with its place.

use andon::testkit::hostile::forbidden;

/// Private modes that may be set or unset.
const MODES: [&str; 10] = ["25", "1000", "1002", "1003", "1004", "1006", "1049", "2004", "2026", "1005"];
/// CUU CUD CUF CUB CHA CUP ED EL VPA ECH SGR.
const FINALS: &str = "ABCDGHJKdXm";

/// What is wrong with `bytes`; `None`: nothing. BS, CR and LF are cursor moves of the painter: that no cell holds one is
/// held by the test of cells.
pub fn fault(bytes: &[u8]) -> Option<String> {
    let Ok(text) = std::str::from_utf8(bytes) else { return Some("not UTF-8".into()) };
    let mut marks = 0;
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let at = text.len() - rest.len();
        let near = || format!("byte {at}: {:?}", rest.chars().take(24).collect::<String>());
        rest = &rest[c.len_utf8()..];
        match c {
            '\u{1b}' => {
                let Some(body) = rest.strip_prefix('[') else { return Some(near()) };
                let end = body.find(|c: char| !matches!(c, '0'..='9' | ';' | ':' | '?'));
                let Some(end) = end else { return Some(near()) };
                let (params, last) = (&body[..end], body[end..].chars().next().unwrap_or('\0'));
                let fine = match params.strip_prefix('?') {
                    Some(modes) => matches!(last, 'h' | 'l') && modes.split(';').all(|m| MODES.contains(&m)),
                    None => FINALS.contains(last) && !params.contains('?'),
                };
                if !fine {
                    return Some(near());
                }
                rest = &body[end + 1..];
            }
            // CAN before the modes go: it ends a sequence that was cut.
            '\u{18}' if rest.starts_with("\u{1b}[?2026l") => {}
            '\u{8}' | '\r' | '\n' => {}
            c if forbidden(c) => return Some(near()),
            '\u{300}'..='\u{36f}' => {
                marks += 1;
                if marks > 4 {
                    return Some(format!("more than four accents at {}", near()));
                }
                continue;
            }
            _ => {}
        }
        marks = 0;
    }
    None
}

#[test]
fn the_strict_reader_refuses_what_no_painter_writes() {
    for good in ["\u{1b}[2J\u{1b}[1;31mcaf\u{e9}\u{1b}[3;4H\u{1b}[?25l", "e\u{301}\u{301}", "x\u{1b}[?1049lbye\r\n", ""]
    {
        assert_eq!(fault(good.as_bytes()), None, "{good:?}");
    }
    for bad in [
        "\u{1b}]52;c;aGk=\u{7}",
        "\u{1b}]8;;x\u{1b}\\",
        "\u{7}",
        "\u{9b}31m",
        "\u{1b}c",
        "\u{1b}[6n",
        "\u{1b}[?1047h",
        "\u{1b}[>c",
        "\u{1b}P",
        "\u{202e}",
        "\u{200b}",
        "a\tb",
        "e\u{301}\u{301}\u{301}\u{301}\u{301}",
        "\u{1b}[31",
        "\u{18}",
    ] {
        assert!(fault(bad.as_bytes()).is_some(), "{bad:?}");
    }
    assert!(fault(b"\x9b31m").is_some());
}
