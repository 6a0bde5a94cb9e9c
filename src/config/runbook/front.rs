//! The head of a runbook: the lines between two `---` at the very start, as `key: value`, `key: [a, b]`, or a key with a
//! list below it. Heads of other programs are passed over with a warning.

use crate::config::duration;
use crate::config::problem::{Severity, Told};
use crate::config::suggest;
use crate::core::case::runbook::{Runbook, Rung};
use crate::core::id::ServiceId;
use crate::core::time::Utc;
use std::ops::Range;
use std::sync::Arc;

const FRONT: [&str; 7] = ["service", "alerts", "owner", "contacts", "escalation", "rehearsed", "failure"];

/// Reads the head; the offset behind it. A key that is ours marks the file as written for andon.
pub(super) fn read(text: &str, book: &mut Runbook, told: &mut Told<'_>) -> usize {
    let mut at = 0;
    let mut fence = "";
    let mut lines: Vec<(Range<usize>, &str)> = Vec::new();
    for line in text.split_inclusive('\n') {
        let here = at;
        at += line.len();
        let line = line.trim_end();
        if fence.is_empty() {
            match line {
                "---" | "+++" => fence = line,
                _ => return 0,
            }
        } else if line == fence {
            // Hugo's are TOML: nothing of ours can stand there.
            if fence == "---" {
                keys(&lines, book, told);
            }
            return at;
        } else if !line.trim().is_empty() && !line.trim_start().starts_with('#') {
            lines.push((here..here + line.len(), line));
        }
    }
    if fence == "---" {
        // A rule at the top of a text, or a head that was not closed: only the second has keys.
        if lines.first().is_none_or(|(_, l)| !l.contains(':')) {
            return 0;
        }
        keys(&lines, book, told);
        told.error(&(0..3), "the front matter does not end", Some("close it with a line \"---\"".to_owned()));
        return at;
    }
    0
}

fn keys(lines: &[(Range<usize>, &str)], book: &mut Runbook, told: &mut Told<'_>) {
    let mut at = 0;
    while let Some((span, line)) = lines.get(at) {
        at += 1;
        let Some((key, value)) = line.split_once(':').filter(|_| !line.starts_with([' ', '\t', '-'])) else {
            told.error(span, format!("\"{}\" is not a setting", line.trim()), Some("write key: value".to_owned()));
            continue;
        };
        let mut items = listed(value.trim());
        // A list below its key.
        while let Some((_, below)) = lines.get(at).filter(|(_, l)| l.starts_with([' ', '\t', '-'])) {
            at += 1;
            let item = below.trim();
            items.push(unquoted(item.strip_prefix('-').unwrap_or(item).trim()).to_owned());
        }
        items.retain(|i| !i.is_empty());
        key_line(key.trim(), value.trim(), &items, span, book, told);
    }
}

fn key_line(key: &str, value: &str, items: &[String], span: &Range<usize>, book: &mut Runbook, told: &mut Told<'_>) {
    let many = || -> Vec<Arc<str>> { items.iter().map(|i| Arc::from(i.as_str())).collect() };
    let one = || Some(unquoted(value)).filter(|v| !v.is_empty()).map(Arc::from);
    match key {
        "service" => book.service = one().map(ServiceId),
        "alerts" => book.alerts = many(),
        "owner" => book.owner = one(),
        "contacts" => book.contacts = many(),
        "failure" => book.failure = items.iter().map(|i| Arc::from(i.to_uppercase())).collect(),
        "escalation" => book.escalation = ladder(items),
        "rehearsed" => {
            book.rehearsed = Utc::read(&format!("{}T00:00:00Z", unquoted(value)));
            if book.rehearsed.is_none() && !value.is_empty() {
                told.error(span, format!("\"{value}\" is not a day"), Some("write 2026-11-21".to_owned()));
            }
        }
        other => {
            // A slip of the pen is a fault, another program's key is not.
            match suggest::nearest(other, FRONT) {
                Some(_) => told.error(span, format!("unknown key \"{other}\""), suggest::hint(other, FRONT)),
                None => told.add(Severity::Warning, span, format!("unknown key \"{other}\""), None),
            }
            return;
        }
    }
    book.marked = true;
}

fn listed(value: &str) -> Vec<String> {
    let inner = value.strip_prefix('[').and_then(|v| v.strip_suffix(']')).unwrap_or(value);
    inner.split(',').map(|v| unquoted(v.trim()).to_owned()).collect()
}

/// `payments lead after 15m`; `payments lead` followed by `after 15 minutes without progress` is one rung.
fn ladder(items: &[String]) -> Vec<Rung> {
    let mut rungs: Vec<Rung> = Vec::new();
    for item in items {
        if let (Some(when), Some(last)) = (item.strip_prefix("after "), rungs.last_mut())
            && last.after_ms.is_none()
            && let Some(ms) = span(when)
        {
            last.after_ms = Some(ms);
            continue;
        }
        let (who, after_ms) = match item.rsplit_once(" after ") {
            Some((who, when)) if span(when).is_some() => (who.trim(), span(when)),
            _ => (item.as_str(), None),
        };
        rungs.push(Rung { who: who.into(), after_ms });
    }
    rungs
}

/// `15m`, `15 minutes`, `1 hour without progress`. Milliseconds.
pub(super) fn span(text: &str) -> Option<i64> {
    let mut words = text.split_whitespace();
    let first = words.next()?;
    let ms = duration::millis(first).or_else(|| {
        let factor = match words.next()? {
            "s" | "sec" | "secs" | "second" | "seconds" => 1_000,
            "m" | "min" | "mins" | "minute" | "minutes" => 60_000,
            "h" | "hour" | "hours" => 3_600_000,
            _ => return None,
        };
        first.parse::<u64>().ok()?.checked_mul(factor)
    })?;
    i64::try_from(ms).ok().filter(|ms| *ms > 0)
}

pub(super) fn unquoted(s: &str) -> &str {
    let inside = |q: char| s.strip_prefix(q).and_then(|s| s.strip_suffix(q));
    inside('"').or_else(|| inside('\'')).unwrap_or(s)
}
