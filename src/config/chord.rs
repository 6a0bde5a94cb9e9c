//! The names of keys as keymap files write them, turned into keys: the inverse of `core::keymap::key_name`.
//! Knows no intents.

use crate::core::key::{Code, Key};
use crate::core::keymap::Chord;

const NAMES: [(&str, Code); 16] = [
    ("space", Code::Char(' ')),
    ("enter", Code::Enter),
    ("esc", Code::Esc),
    ("tab", Code::Tab),
    ("backspace", Code::Backspace),
    ("delete", Code::Delete),
    ("insert", Code::Insert),
    ("up", Code::Up),
    ("down", Code::Down),
    ("left", Code::Left),
    ("right", Code::Right),
    ("home", Code::Home),
    ("end", Code::End),
    ("page-up", Code::PageUp),
    ("page-down", Code::PageDown),
    ("f1", Code::F(1)),
];
/// How others write the same keys.
const ELSEWHERE: [(&str, &str); 14] = [
    ("return", "enter"),
    ("ret", "enter"),
    ("cr", "enter"),
    ("escape", "esc"),
    ("spc", "space"),
    ("bs", "backspace"),
    ("del", "delete"),
    ("ins", "insert"),
    ("pgup", "page-up"),
    ("pgdn", "page-down"),
    ("pageup", "page-up"),
    ("pagedown", "page-down"),
    ("backtab", "shift-tab"),
    ("s-tab", "shift-tab"),
];

/// Why a chord cannot be read, and what to write.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BadChord {
    pub what: String,
    pub hint: String,
}

/// `"a r"`, `"ctrl-d"`, `"Y"`, `"space"`: one key, or two with a space between.
pub fn chord(text: &str) -> Result<Chord, BadChord> {
    let keys: Vec<Key> = text.split_whitespace().map(key).collect::<Result<_, _>>()?;
    match keys.len() {
        1 | 2 => Ok(keys),
        0 => Err(bad(text, "a key such as \"j\", or \"space\" for the space bar")),
        _ => Err(bad(text, "a chord has one key or two")),
    }
}

/// One key.
pub fn key(name: &str) -> Result<Key, BadChord> {
    let (mut ctrl, mut alt, mut shift) = (false, false, false);
    let mut rest = name;
    loop {
        // `ctrl--` is ctrl and the minus key, so a prefix counts only with something behind it.
        let (flag, after) = if let Some(after) = rest.strip_prefix("ctrl-") {
            (&mut ctrl, after)
        } else if let Some(after) = rest.strip_prefix("alt-") {
            (&mut alt, after)
        } else if let Some(after) = rest.strip_prefix("shift-") {
            (&mut shift, after)
        } else {
            break;
        };
        if after.is_empty() || *flag {
            return Err(bad(name, "a modifier stands once and before a key: ctrl-d"));
        }
        *flag = true;
        rest = after;
    }
    let code = code(rest).ok_or_else(|| unknown(name, rest))?;
    match code {
        Code::Char(c) if shift && c != ' ' => {
            let letter = c.to_uppercase();
            Err(bad(name, &format!("shift is in the character: write \"{letter}\"")))
        }
        Code::Char(' ') if shift => Err(bad(name, "terminals send shift-space as space")),
        Code::Char(c) if ctrl && c.is_ascii_uppercase() => {
            let small = c.to_ascii_lowercase();
            Err(bad(name, &format!("terminals send it as \"ctrl-{small}\"")))
        }
        Code::Char(c) if ctrl => match ctrl_arrives(c) {
            Ok(()) => Ok(Key { code, ctrl, alt, shift }),
            Err(hint) => Err(bad(name, &hint)),
        },
        // These introduce escape sequences; what follows them is not typed.
        Code::Char('[' | 'O' | ']' | 'P' | 'X' | '^' | '_' | '\\') if alt => {
            Err(bad(name, "terminals begin an escape sequence with it"))
        }
        Code::Tab if shift => Ok(Key { code: Code::BackTab, ctrl, alt, shift: false }),
        code => Ok(Key { code, ctrl, alt, shift }),
    }
}

/// Whether terminals send ctrl with this character as a key of its own; what they send instead.
fn ctrl_arrives(c: char) -> Result<(), String> {
    match c {
        'h' => Err("terminals send it as \"backspace\"".to_owned()),
        'i' => Err("terminals send it as \"tab\"".to_owned()),
        'm' => Err("terminals send it as \"enter\"".to_owned()),
        '[' => Err("terminals send it as \"esc\"".to_owned()),
        'a'..='z' | ' ' | '\\' | ']' | '^' | '_' => Ok(()),
        _ => Err("terminals have no ctrl for this key".to_owned()),
    }
}

fn code(name: &str) -> Option<Code> {
    let mut chars = name.chars();
    if let (Some(c), None) = (chars.next(), chars.next()) {
        return (!c.is_control() && !c.is_whitespace()).then_some(Code::Char(c));
    }
    if let Some((_, code)) = NAMES.iter().find(|(n, _)| *n == name) {
        return Some(*code);
    }
    let n: u8 = name.strip_prefix('f')?.parse().ok()?;
    // `f01` would be a second name of f1.
    ((1..=12).contains(&n) && name == format!("f{n}")).then_some(Code::F(n))
}

/// `C-d`, `<C-d>`, `ctrl+d`, `^d`, `M-x`, `Enter`: the same key as other programs write it.
fn spelled_elsewhere(whole: &str) -> Option<String> {
    let small = whole.trim_matches(['<', '>']).to_ascii_lowercase().replace('+', "-");
    if let Some((_, ours)) = ELSEWHERE.iter().find(|(theirs, _)| *theirs == small) {
        return Some((*ours).to_owned());
    }
    let ours = if let Some(rest) = small.strip_prefix("c-").or_else(|| small.strip_prefix('^')) {
        format!("ctrl-{rest}")
    } else if let Some(rest) = small.strip_prefix("m-").or_else(|| small.strip_prefix("meta-")) {
        format!("alt-{rest}")
    } else {
        small
    };
    (ours != whole && key(&ours).is_ok()).then_some(ours)
}

fn unknown(whole: &str, name: &str) -> BadChord {
    if let Some(ours) = spelled_elsewhere(whole) {
        return BadChord { what: format!("unknown key \"{whole}\""), hint: format!("write \"{ours}\"") };
    }
    let hint = crate::config::suggest::hint(name, NAMES.iter().map(|(n, _)| *n)).unwrap_or_default();
    BadChord { what: format!("unknown key \"{name}\" in \"{whole}\""), hint }
}

fn bad(text: &str, hint: &str) -> BadChord {
    BadChord { what: format!("\"{text}\" is not a chord"), hint: hint.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::keymap::key_name;
    use proptest::prelude::*;

    #[test]
    fn names_are_read() {
        assert_eq!(chord("a r"), Ok(vec![Key::char('a'), Key::char('r')]));
        assert_eq!(chord("ctrl-d"), Ok(vec![Key::ctrl('d')]));
        assert_eq!(chord("Y"), Ok(vec![Key::char('Y')]));
        assert_eq!(chord("space"), Ok(vec![Key::char(' ')]));
        assert_eq!(chord("-"), Ok(vec![Key::char('-')]));
        assert_eq!(chord("shift-tab"), Ok(vec![Key::plain(Code::BackTab)]));
        assert_eq!(chord("f12"), Ok(vec![Key::plain(Code::F(12))]));
    }

    #[test]
    fn what_no_terminal_sends_is_refused_with_what_it_does_send() {
        for (text, hint) in [
            ("", "a key such as"),
            ("a b c", "one key or two"),
            ("shift-y", "write \"Y\""),
            ("ctrl-D", "ctrl-d"),
            ("shift-space", "as space"),
            ("ctrl-", "a modifier stands once"),
            ("ctrl-ctrl-d", "a modifier stands once"),
            ("entre", "did you mean \"enter\""),
            ("f25", "allowed: space"),
            ("f01", "did you mean \"f1\""),
            ("f13", "did you mean \"f1\""),
            ("ctrl-h", "send it as \"backspace\""),
            ("ctrl-i", "send it as \"tab\""),
            ("ctrl-m", "send it as \"enter\""),
            ("ctrl-[", "send it as \"esc\""),
            ("ctrl-1", "no ctrl for this key"),
            ("ctrl--", "no ctrl for this key"),
            ("alt-[", "begin an escape sequence"),
            ("alt-O", "begin an escape sequence"),
            ("C-d", "write \"ctrl-d\""),
            ("<C-d>", "write \"ctrl-d\""),
            ("^d", "write \"ctrl-d\""),
            ("ctrl+d", "write \"ctrl-d\""),
            ("M-x", "write \"alt-x\""),
            ("Enter", "write \"enter\""),
            ("Return", "write \"enter\""),
            ("PgUp", "write \"page-up\""),
            ("escape", "write \"esc\""),
        ] {
            let bad = chord(text).expect_err(text);
            assert!(bad.hint.contains(hint), "{text}: {bad:?}");
        }
    }

    fn any_key() -> impl Strategy<Value = Key> {
        let code = prop_oneof![
            "[a-z0-9!-/:-@{-~äß]".prop_map(|s| Code::Char(s.chars().next().unwrap_or('a'))),
            "[A-Z]".prop_map(|s| Code::Char(s.chars().next().unwrap_or('A'))),
            proptest::sample::select(NAMES.iter().map(|(_, c)| *c).collect::<Vec<_>>()),
            Just(Code::BackTab),
            (1u8..=12).prop_map(Code::F),
        ];
        (code, any::<bool>(), any::<bool>(), any::<bool>()).prop_map(|(code, ctrl, alt, shift)| {
            let character = matches!(code, Code::Char(_));
            let arrives = !matches!(code, Code::Char(c) if ctrl_arrives(c).is_err());
            let introduces = matches!(code, Code::Char('[' | 'O' | ']' | 'P' | 'X' | '^' | '_' | '\\'));
            Key {
                code,
                ctrl: ctrl && arrives,
                alt: alt && (!introduces || ctrl && arrives),
                // Shift is in a character, and shift-tab is a key of its own.
                shift: shift && !character && !matches!(code, Code::Tab | Code::BackTab),
            }
        })
    }

    proptest! {
        #[test]
        fn a_name_leads_back_to_its_key(keys in proptest::collection::vec(any_key(), 1..=2)) {
            let name = keys.iter().map(key_name).collect::<Vec<_>>().join(" ");
            prop_assert_eq!(chord(&name), Ok(keys), "{}", name);
        }

        #[test]
        fn no_text_is_too_strange(s in any::<String>()) {
            // Never a panic; what is read must be written as one key or two.
            if let Ok(keys) = chord(&s) {
                prop_assert!((1..=2).contains(&keys.len()));
            }
        }
    }
}
