//! A file of keys for a headless run: when, by both clocks, and which.
//!
//! ```text
//! # world   person   key
//! 1:15      75.0     v
//! +0.4      +0.4     enter
//! +1        +1       "bad canary, errors only on v2.14.1"
//! ```
//!
//! Times count from the start of the drill, in seconds or `minutes:seconds`; with `+` from the line before. A text in
//! quotes is typed letter by letter, 120 ms of both clocks apart.

use crate::core::key::Key;

/// Milliseconds between two letters of a text.
pub const LETTER: i64 = 120;
/// No time of a drill is later. Milliseconds.
const LONGEST: i64 = 7 * 86_400_000;

#[derive(Clone, Debug, PartialEq)]
pub struct Pressed {
    /// Milliseconds after the start, by the world's clock.
    pub world: i64,
    /// And by the person's.
    pub person: i64,
    pub key: Key,
}

/// Reads a file. `key` turns a key's name into the key. Errors: `line 3: ...`, all of them.
pub fn read(text: &str, key: impl Fn(&str) -> Result<Key, String>) -> Result<Vec<Pressed>, Vec<String>> {
    let (mut all, mut bad): (Vec<Pressed>, Vec<String>) = (Vec::new(), Vec::new());
    let (mut world, mut person) = (0, 0);
    for (n, line) in (1..).zip(text.lines()) {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        match one(line, (world, person), &key) {
            Ok((at, keys)) => {
                (world, person) = at;
                for (i, key) in keys.into_iter().enumerate() {
                    if i > 0 {
                        world += LETTER;
                        person += LETTER;
                    }
                    all.push(Pressed { world, person, key });
                }
            }
            Err(why) => bad.push(format!("line {n}: {why}")),
        }
    }
    if bad.is_empty() { Ok(all) } else { Err(bad) }
}

type At = (i64, i64);

fn one(line: &str, before: At, key: impl Fn(&str) -> Result<Key, String>) -> Result<(At, Vec<Key>), String> {
    let shape = || format!("`{line}`: write world time, person time and a key, as in `1:15 75.0 v`");
    let (w, rest) = line.split_once(char::is_whitespace).ok_or_else(shape)?;
    let (p, rest) = rest.trim_start().split_once(char::is_whitespace).ok_or_else(shape)?;
    let (world, person) = (time(w, before.0)?, time(p, before.1)?);
    if world < before.0 || person < before.1 {
        return Err(format!("`{line}`: time does not go back"));
    }
    let rest = rest.trim();
    let text = rest.strip_prefix('"').and_then(|r| r.strip_suffix('"'));
    let keys = match text {
        Some("") => return Err("a text has at least one letter".into()),
        Some(text) => text.chars().map(Key::char).collect(),
        None => vec![key(rest)?],
    };
    Ok(((world, person), keys))
}

/// `75`, `75.25`, `1:15`, `+0.4`; milliseconds.
fn time(text: &str, before: i64) -> Result<i64, String> {
    let wrong = || format!("`{text}` is no time: seconds, minutes:seconds, or + and either");
    let (from, t) = match text.strip_prefix('+') {
        Some(t) => (before, t),
        None => (0, text),
    };
    let (minutes, seconds) = match t.split_once(':') {
        Some((m, s)) => (m.parse::<u32>().map_err(|_| wrong())?, s),
        None => (0, t),
    };
    let (whole, part) = seconds.split_once('.').unwrap_or((seconds, "0"));
    let digits = |s: &str| !s.is_empty() && s.len() <= 9 && s.bytes().all(|b| b.is_ascii_digit());
    if !digits(whole) || !digits(part) || part.len() > 3 {
        return Err(wrong());
    }
    let ms = format!("{part:0<3}").parse::<i64>().map_err(|_| wrong())?;
    let all = from + i64::from(minutes) * 60_000 + whole.parse::<i64>().map_err(|_| wrong())? * 1000 + ms;
    if all > LONGEST { Err(format!("`{text}` is later than a week")) } else { Ok(all) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(name: &str) -> Result<Key, String> {
        let mut chars = name.chars();
        match (chars.next(), chars.next()) {
            (Some(c), None) => Ok(Key::char(c)),
            _ => Err(format!("no key `{name}`")),
        }
    }

    #[test]
    fn times_count_from_the_start_or_from_the_line_before_by_both_clocks() {
        let all = read("# a drill\n1:15 75.0 v\n\n+0.4\t+0.25  e\n2:00.5 80 \"hi\"\n+1 +1 x\n", named).expect("keys");
        let at: Vec<(i64, i64)> = all.iter().map(|p| (p.world, p.person)).collect();
        assert_eq!(at, [(75_000, 75_000), (75_400, 75_250), (120_500, 80_000), (120_620, 80_120), (121_620, 81_120)]);
        assert_eq!(all[2].key, Key::char('h'));
    }

    #[test]
    fn every_line_at_fault_is_named() {
        let bad =
            read("1 1 v\n0.5 2 v\nx 1 v\n3 3\n4 4 nokey\n5 5 \"\"\n1.2345 9 v\n999999999 9 v", named).expect_err("bad");
        assert_eq!(bad.len(), 7, "{bad:?}");
        assert!(bad[0].starts_with("line 2:") && bad[0].contains("does not go back"), "{bad:?}");
    }
}
