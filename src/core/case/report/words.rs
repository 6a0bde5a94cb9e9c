//! Small words all sections use: figures, people, members of a record's data.

use super::rates::Count;
use crate::core::judge::words::{count, percent};
use crate::core::record::Record;
use serde_json::Value;

/// `540 of 2,500 (21.6%)`
pub fn share((failed, total): Count) -> String {
    if total > 0.0 {
        format!("{} of {} ({})", count(failed), count(total), percent(failed / total))
    } else {
        "0 of 0".to_owned()
    }
}

/// `540 of 2,500 requests (21.6%)`
pub fn requests(c: Count) -> String {
    share(c).replace(" (", " requests (")
}

/// `1 record`, `7 records`.
pub fn many(n: usize, one: &str, more: &str) -> String {
    format!("{} {}", count(n as f64), if n == 1 { one } else { more })
}

/// `21.6%`, or a dash where nobody asked.
pub fn rate(c: Option<Count>) -> String {
    c.filter(|c| c.1 > 0.0).map_or_else(|| "-".to_owned(), |(f, n)| percent(f / n))
}

/// `22x`, `0.4x`.
pub fn burn(b: Option<f64>) -> String {
    b.map_or_else(|| "-".to_owned(), |b| if b >= 10.0 { format!("{b:.0}x") } else { format!("{b:.1}x") })
}

/// Who wrote it. A record without a name is the console's.
pub fn who(r: &Record) -> &str {
    match r.who() {
        "" => "the console",
        name => name,
    }
}

/// A member of its data as text; `None` where it is missing, empty or no text.
pub fn text<'a>(r: &'a Record, name: &str) -> Option<&'a str> {
    of(&r.data, name)
}

pub fn of<'a>(v: &'a Value, name: &str) -> Option<&'a str> {
    v[name].as_str().map(str::trim).filter(|s| !s.is_empty())
}

/// Texts of a list: strings as they are, anything else as JSON.
pub fn list(v: &Value) -> Vec<String> {
    let one = |v: &Value| v.as_str().map_or_else(|| v.to_string(), str::to_owned);
    v.as_array().map(|a| a.iter().map(one).collect()).unwrap_or_default()
}

/// The first twelve characters of a hash.
pub fn short(hash: &str) -> String {
    hash.chars().take(12).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_are_written_as_a_person_reads_them() {
        assert_eq!(share((886.0, 4104.0)), "886 of 4,104 (21.6%)");
        assert_eq!(share((0.0, 0.0)), "0 of 0");
        assert_eq!(
            (rate(Some((4.0, 10_000.0))), rate(Some((0.0, 0.0))), rate(None)),
            ("0.04%".into(), "-".into(), "-".into())
        );
        assert_eq!((burn(Some(22.4)), burn(Some(0.44)), burn(None)), ("22x".into(), "0.4x".into(), "-".into()));
    }
}
