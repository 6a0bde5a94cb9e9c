//! Expectations as they are written, and where the lines of a block stand.

use super::front::unquoted;
use crate::core::case::runbook::{Expectation, Op, Want};
use std::ops::Range;
use std::sync::Arc;

/// Where the `n`th line of a block's content begins.
pub(super) fn place_of(text: &str, block: &Range<usize>, n: usize) -> Range<usize> {
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

/// `status 200`, `exit 0`, `contains "ok"`, `lacks "error"`, `json .a.b < 5`, `< 5`.
pub fn want(s: &str) -> Option<Want> {
    let s = s.trim();
    let (word, rest) = s.split_once(char::is_whitespace).map_or((s, ""), |(w, r)| (w, r.trim()));
    let text = || Some(unquoted(rest)).filter(|t| !t.is_empty()).map(Arc::from);
    match word {
        "status" => rest.parse().ok().filter(|n| (100..600).contains(n)).map(Want::Status),
        "exit" => rest.parse().ok().map(Want::Exit),
        "contains" => text().map(Want::Contains),
        "lacks" => text().map(Want::Lacks),
        "json" => {
            let (path, e) = rest.split_once(char::is_whitespace)?;
            path.starts_with('.').then_some(())?;
            Some(Want::Path(Arc::from(path), expectation(e.trim())?))
        }
        _ => expectation(s).map(Want::Number),
    }
}
