//! A TOML table read key by key: each getter takes the right type or says what is allowed, and `finish` tells the keys
//! nobody asked for. Knows no settings.

use crate::config::duration::{millis, time_name};
use crate::config::problem::{Severity, Told};
use crate::config::suggest;
use std::collections::BTreeSet;
use std::ops::Range;
use toml::Spanned;
use toml::de::{DeString, DeTable, DeValue};

/// What a getter found.
#[derive(Clone, Debug, PartialEq)]
pub enum Got<T> {
    Absent,
    /// There, but not usable; the problem is told.
    Wrong,
    Is(T, Range<usize>),
}

impl<T> Got<T> {
    pub fn ok(self) -> Option<T> {
        match self {
            Got::Is(v, _) => Some(v),
            Got::Absent | Got::Wrong => None,
        }
    }

    /// For safety settings: absent is the default, unusable is the strictest.
    pub fn or_strict(self, default: T, strictest: T) -> T {
        match self {
            Got::Is(v, _) => v,
            Got::Absent => default,
            Got::Wrong => strictest,
        }
    }

    pub fn is_wrong(&self) -> bool {
        matches!(self, Got::Wrong)
    }
}

/// Parses a whole text; what cannot be read is told and the rest is kept.
pub fn parse<'t>(told: &mut Told<'t>) -> (DeTable<'t>, Vec<Range<usize>>) {
    let (table, faults) = DeTable::parse_recoverable(told.text());
    let mut places = Vec::new();
    for fault in faults {
        let span = fault.span().unwrap_or(0..0);
        let what = fault.message().lines().collect::<Vec<_>>().join(", ");
        let what = match told.text().get(span.clone()) {
            Some(key) if what == "duplicate key" => format!("\"{}\" stands there twice", key.trim_matches('"')),
            Some(_) | None => format!("not TOML: {what}"),
        };
        told.error(&span, what, None);
        places.push(span);
    }
    (table.into_inner(), places)
}

/// One line of a table.
#[derive(Debug)]
pub struct Row<'a, 't> {
    pub key: &'a str,
    pub key_at: Range<usize>,
    pub value: &'a DeValue<'t>,
    pub at: Range<usize>,
}

/// One table being read.
#[derive(Debug)]
pub struct Table<'a, 't> {
    map: &'a DeTable<'t>,
    /// Its name in messages, `[source.metrics]`.
    name: String,
    span: Range<usize>,
    asked: BTreeSet<&'static str>,
    /// Valid, but never suggested.
    later: BTreeSet<&'static str>,
}

impl<'a, 't> Table<'a, 't> {
    pub fn new(map: &'a DeTable<'t>, name: impl Into<String>, span: Range<usize>) -> Self {
        Table { map, name: name.into(), span, asked: BTreeSet::new(), later: BTreeSet::new() }
    }

    /// Where it begins.
    pub fn span(&self) -> &Range<usize> {
        &self.span
    }

    pub fn name(&self) -> &str {
        &self.name
    }

    fn value(&mut self, key: &'static str) -> Option<(&'a DeValue<'t>, Range<usize>)> {
        self.asked.insert(key);
        self.map.get(key).map(|v| (v.get_ref(), v.span()))
    }

    /// The value as written, for what is neither a text nor a table.
    pub fn raw(&mut self, key: &'static str) -> Option<(&'a DeValue<'t>, Range<usize>)> {
        self.value(key)
    }

    pub fn has(&self, key: &str) -> bool {
        self.map.contains_key(key)
    }

    /// Where the value of `key` stands; without one, where the table does.
    pub fn place(&self, key: &str) -> Range<usize> {
        self.map.get(key).map_or(self.span.clone(), |v| v.span())
    }

    /// Where `key` stands, if its value is a text; for messages that must not repeat it.
    pub fn place_of_text(&mut self, key: &'static str) -> Option<Range<usize>> {
        match self.value(key) {
            Some((DeValue::String(_), span)) => Some(span),
            _ => None,
        }
    }

    /// A known key of another version: valid, and told.
    pub fn later(&mut self, told: &mut Told<'_>, keys: &[&'static str]) {
        for key in keys {
            self.later.insert(key);
            if let Some((k, _)) = self.map.get_key_value(*key) {
                let what = format!("\"{key}\" in {}", self.name);
                told.add(Severity::NotInThisVersion, &k.span(), what, None);
            }
        }
    }

    pub fn text(&mut self, told: &mut Told<'_>, key: &'static str) -> Got<&'a str> {
        match self.value(key) {
            None => Got::Absent,
            Some((DeValue::String(s), span)) => Got::Is(s.as_ref(), span),
            Some((other, span)) => wrong(told, key, other, &span, "a text in quotes"),
        }
    }

    pub fn flag(&mut self, told: &mut Told<'_>, key: &'static str) -> Got<bool> {
        match self.value(key) {
            None => Got::Absent,
            Some((DeValue::Boolean(b), span)) => Got::Is(*b, span),
            Some((other, span)) => wrong(told, key, other, &span, "true or false"),
        }
    }

    /// A whole number within `allowed`.
    pub fn whole(
        &mut self,
        told: &mut Told<'_>,
        key: &'static str,
        allowed: std::ops::RangeInclusive<i64>,
    ) -> Got<i64> {
        let say = format!("a whole number from {} to {}", allowed.start(), allowed.end());
        match self.value(key) {
            None => Got::Absent,
            Some((DeValue::Integer(i), span)) => match i64::from_str_radix(i.as_str(), i.radix()) {
                Ok(n) if allowed.contains(&n) => Got::Is(n, span),
                _ => wrong_value(told, key, i.as_str(), &span, &say),
            },
            Some((other, span)) => wrong(told, key, other, &span, &say),
        }
    }

    /// A number, whole or not; never NaN or infinite.
    pub fn number(&mut self, told: &mut Told<'_>, key: &'static str) -> Got<f64> {
        match self.value(key) {
            None => Got::Absent,
            Some((value, span)) => match number(value) {
                Some(n) => Got::Is(n, span),
                None => wrong(told, key, value, &span, "a number"),
            },
        }
    }

    /// A span of time, `700ms`, `15s`, `5m`, `1h`, `30d`, within `allowed` milliseconds.
    pub fn time(&mut self, told: &mut Told<'_>, key: &'static str, allowed: std::ops::RangeInclusive<u64>) -> Got<u64> {
        let say =
            format!("a time such as \"15s\", from {} to {}", time_name(*allowed.start()), time_name(*allowed.end()));
        match self.text(told, key) {
            Got::Absent => Got::Absent,
            Got::Wrong => Got::Wrong,
            Got::Is(s, span) => match millis(s) {
                Some(ms) if allowed.contains(&ms) => Got::Is(ms, span),
                _ => wrong_value(told, key, s, &span, &say),
            },
        }
    }

    /// A list of texts; a single wrong item is told and left out.
    pub fn texts(&mut self, told: &mut Told<'_>, key: &'static str) -> Got<Vec<(&'a str, Range<usize>)>> {
        match self.value(key) {
            None => Got::Absent,
            Some((DeValue::Array(items), span)) => {
                let mut list = Vec::new();
                for item in items.iter() {
                    match item.get_ref() {
                        DeValue::String(s) => list.push((s.as_ref(), item.span())),
                        other => {
                            let _told: Got<()> = wrong(told, key, other, &item.span(), "texts in quotes");
                        }
                    }
                }
                Got::Is(list, span)
            }
            Some((other, span)) => wrong(told, key, other, &span, "a list of texts, [\"a\", \"b\"]"),
        }
    }

    /// A table below this one.
    pub fn table(&mut self, told: &mut Told<'_>, key: &'static str) -> Got<Table<'a, 't>> {
        let name = self.child(key);
        match self.value(key) {
            None => Got::Absent,
            Some((DeValue::Table(t), span)) => Got::Is(Table::new(t, name, span.clone()), span),
            Some((other, span)) => wrong(told, key, other, &span, "a table"),
        }
    }

    fn child(&self, key: &str) -> String {
        if self.name.starts_with('[') {
            format!("{}.{key}]", self.name.trim_end_matches(']'))
        } else {
            format!("[{key}]")
        }
    }

    /// The tables below this one, each with its own name, in the order of the file: `[source.*]`.
    pub fn each(&mut self, told: &mut Told<'_>) -> Vec<(&'a str, Table<'a, 't>)> {
        let mut found = Vec::new();
        for row in self.rows() {
            match row.value {
                DeValue::Table(t) => {
                    found.push((row.key, Table::new(t, self.child(row.key), row.key_at)));
                }
                other => {
                    let _told: Got<()> = wrong(told, row.key, other, &row.at, "a table");
                }
            }
        }
        found
    }

    /// Every key with its value, in the order of the file.
    pub fn rows(&self) -> Vec<Row<'a, 't>> {
        let row = |(k, v): (&'a Spanned<DeString<'t>>, &'a Spanned<DeValue<'t>>)| Row {
            key: k.get_ref().as_ref(),
            key_at: k.span(),
            value: v.get_ref(),
            at: v.span(),
        };
        let mut rows: Vec<Row<'a, 't>> = self.map.iter().map(row).collect();
        rows.sort_by_key(|row| row.key_at.start);
        rows
    }

    /// Tells every key that no getter asked for. True: there was none.
    pub fn finish(self, told: &mut Told<'_>) -> bool {
        let mut all_known = true;
        for Row { key, key_at, .. } in self.rows() {
            if !self.asked.contains(key) && !self.later.contains(key) {
                all_known = false;
                let hint = suggest::hint(key, self.asked.iter().copied());
                let place = if self.name.is_empty() { String::new() } else { format!(" in {}", self.name) };
                told.error(&key_at, format!("unknown key \"{key}\"{place}"), hint);
            }
        }
        all_known
    }
}

fn wrong<T>(told: &mut Told<'_>, key: &str, found: &DeValue<'_>, span: &Range<usize>, allowed: &str) -> Got<T> {
    let what = format!("\"{key}\" is {}", kind(found));
    told.error(span, what, Some(format!("it must be {allowed}")));
    Got::Wrong
}

/// As a wrong type, for a value of the right type outside what is allowed.
pub fn wrong_value<T>(told: &mut Told<'_>, key: &str, found: &str, span: &Range<usize>, allowed: &str) -> Got<T> {
    let what = format!("\"{key}\" cannot be {found}");
    told.error(span, what, Some(format!("it must be {allowed}")));
    Got::Wrong
}

fn number(value: &DeValue<'_>) -> Option<f64> {
    let n = match value {
        DeValue::Integer(i) => i64::from_str_radix(i.as_str(), i.radix()).ok()? as f64,
        DeValue::Float(f) => f.as_str().parse().ok()?,
        DeValue::String(_) | DeValue::Boolean(_) | DeValue::Datetime(_) | DeValue::Array(_) | DeValue::Table(_) => {
            return None;
        }
    };
    n.is_finite().then_some(n)
}

/// The type in a person's words.
pub fn kind(value: &DeValue<'_>) -> &'static str {
    match value {
        DeValue::String(_) => "a text",
        DeValue::Integer(_) => "a whole number",
        DeValue::Float(_) => "a number",
        DeValue::Boolean(_) => "true or false",
        DeValue::Datetime(_) => "a date",
        DeValue::Array(_) => "a list",
        DeValue::Table(_) => "a table",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_key_is_told_with_its_place_and_the_nearest() {
        let mut told = Told::new("x.toml", "name = 1\nnmae = 2\n");
        let (map, _) = parse(&mut told);
        let mut t = Table::new(&map, "[x]", 0..0);
        assert_eq!(t.whole(&mut told, "name", 0..=5), Got::Is(1, 7..8));
        t.finish(&mut told);
        let problems = told.into_problems();
        assert_eq!(problems[0].to_string(), "x.toml:2:1   unknown key \"nmae\" in [x] - did you mean \"name\"?");
    }

    #[test]
    fn what_is_not_toml_is_told_and_the_rest_is_read() {
        let mut told = Told::new("x.toml", "a = 1\nb = = 2\nc = 3\n");
        let (map, faults) = parse(&mut told);
        assert!(map.contains_key("a") && map.contains_key("c"));
        assert!(!faults.is_empty());
        assert_eq!(told.into_problems()[0].line, 2);
    }
}
