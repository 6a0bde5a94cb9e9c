//! The inside of a check block, and the expectation in it.

use crate::config::problem::Told;
use crate::config::suggest;
use crate::core::case::runbook::{Check, Expectation, Op};
use crate::core::id::SourceId;
use std::ops::Range;
use std::sync::Arc;

const CHECK: [&str; 3] = ["query", "expect", "source"];

/// The lines of a ```` ```check ```` block: `query:`, `expect:`, `source:`; a line that begins with a space goes on
/// with the one before.
pub fn check(text: &str, block: &Range<usize>, told: &mut Told<'_>) -> Option<Check> {
    let (mut query, mut expect, mut source) = (String::new(), None, None);
    let mut sound = true;
    let mut in_query = false;
    for (n, line) in text.lines().enumerate() {
        if line.trim().is_empty() {
            continue;
        }
        let at = place_of(told.text(), block, n);
        if in_query && line.starts_with([' ', '\t']) {
            query.push(' ');
            query.push_str(line.trim());
            continue;
        }
        let (key, value) = line.split_once(':').unwrap_or((line, ""));
        let value = value.trim();
        in_query = key.trim() == "query";
        match key.trim() {
            "query" => query.push_str(value),
            "expect" => match expectation(value) {
                Some(e) => expect = Some(e),
                None => {
                    sound = false;
                    let hint = "write a sign and a number: < 0.01, >= 3, < 1%".to_owned();
                    told.error(&at, format!("\"{value}\" is not an expectation"), Some(hint));
                }
            },
            "source" => source = (!value.is_empty()).then(|| SourceId::from(value)),
            other => {
                sound = false;
                let hint = suggest::hint(other, CHECK);
                told.error(&at, format!("unknown key \"{other}\" in a check"), hint);
            }
        }
    }
    if query.is_empty() && sound {
        sound = false;
        told.error(block, "the check has no \"query\"", None);
    }
    if expect.is_none() && sound {
        sound = false;
        let hint = Some("write expect: < 0.01".to_owned());
        told.error(block, "the check has no \"expect\"", hint);
    }
    sound.then_some(Check { query: Arc::from(query), expect: expect?, source })
}

/// Where the `n`th line of a block's content begins.
fn place_of(text: &str, block: &Range<usize>, n: usize) -> Range<usize> {
    let mut at = block.start;
    // One more: the line of the fence itself.
    for line in text[block.start..].split_inclusive('\n').take(n + 1) {
        at += line.len();
    }
    let indent = text[at.min(text.len())..].bytes().take_while(|b| *b == b' ').count();
    at + indent..at + indent
}

/// `< 0.01`, `>= 3`, `= 0`, `< 1%`.
pub fn expectation(s: &str) -> Option<Expectation> {
    let op = Op::ALL.into_iter().find(|op| s.starts_with(op.sign()))?;
    let number = s[op.sign().len()..].trim_start_matches('=').trim();
    let (number, scale) = match number.strip_suffix('%') {
        Some(percent) => (percent.trim(), 100.0),
        None => (number, 1.0),
    };
    let value: f64 = number.parse().ok()?;
    value.is_finite().then_some(Expectation { op, value: value / scale })
}
