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
        Code::Tab if shift => Ok(Key { code: Code::BackTab, ctrl, alt, shift: false }),
        code => Ok(Key { code, ctrl, alt, shift }),
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
    ((1..=24).contains(&n) && name == format!("f{n}")).then_some(Code::F(n))
}

fn unknown(whole: &str, name: &str) -> BadChord {
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
        assert_eq!(chord("ctrl--"), Ok(vec![Key::ctrl('-')]));
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
            (1u8..=24).prop_map(Code::F),
        ];
        (code, any::<bool>(), any::<bool>(), any::<bool>()).prop_map(|(code, ctrl, alt, shift)| {
            let character = matches!(code, Code::Char(_));
            let upper = matches!(code, Code::Char(c) if c.is_ascii_uppercase());
            Key {
                code,
                ctrl: ctrl && !upper,
                alt,
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
