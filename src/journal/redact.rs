//! The one place where what is kept loses its secrets: entries before they become bytes, texts that are copied, lines of
//! the diagnostics and of a panic's report. Shapes are core's; the values this process holds are asked of whoever holds them.

use crate::core::entry::Entry;
use crate::core::redact;
use serde_json::Value;
use std::borrow::Cow;
use std::sync::OnceLock;

/// Finds values that are known to be secret. Set once, at the start of the program; without it there are shapes alone.
#[derive(Clone, Copy)]
pub struct Known {
    /// The text without them and how many there were. `None`: none.
    pub find: fn(&str) -> Option<(String, usize)>,
    /// Overwrites them in place.
    pub blot: fn(&mut [u8]),
}

static KNOWN: OnceLock<Known> = OnceLock::new();

/// From now on these are found too. A second call changes nothing.
pub fn also(known: Known) {
    let _ = KNOWN.set(known);
}

fn find(text: &str) -> Option<(String, usize)> {
    KNOWN.get().and_then(|k| (k.find)(text))
}

/// A text without its secrets.
pub fn text(text: &str) -> Cow<'_, str> {
    match find(text) {
        Some((known, _)) => Cow::Owned(redact::clean(&known).into_owned()),
        None => redact::clean(text),
    }
}

/// An entry's data without its secrets. How many there were stands in `redacted`.
pub fn data(data: &Value) -> Cow<'_, Value> {
    let Some((mut clean, count)) = redact::value(data, &find) else { return Cow::Borrowed(data) };
    if let Some(members) = clean.as_object_mut() {
        members.insert("redacted".into(), count.into());
    }
    Cow::Owned(clean)
}

/// The same for a whole entry.
pub fn entry(entry: &Entry) -> Cow<'_, Entry> {
    match data(&entry.data) {
        Cow::Borrowed(_) => Cow::Borrowed(entry),
        Cow::Owned(data) => Cow::Owned(Entry { data, ..entry.clone() }),
    }
}

/// Known values in bytes whose length must stay.
pub fn blot(bytes: &mut [u8]) {
    if let Some(known) = KNOWN.get() {
        (known.blot)(bytes);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::entry::Kind;
    use crate::journal::scratch::entry as made;
    use serde_json::json;

    #[test]
    fn what_was_taken_out_of_an_entry_is_counted_and_the_rest_stays() {
        let e = made(Kind::Note, 0, json!({"text": "password: hunter2 and token=abcdef", "about": null}));
        let clean = entry(&e);
        assert_eq!(clean.data["redacted"], 2);
        assert!(!clean.data.to_string().contains("hunter2") && clean.data["about"].is_null());
        let plain = made(Kind::Note, 0, json!({"text": "v2.4.1 is worse"}));
        assert!(matches!(entry(&plain), Cow::Borrowed(_)));
    }
}
