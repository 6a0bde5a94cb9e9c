//! A whole log at once, of a session that was simulated: chained, with its first and its last record, as the journal would
//! have written it record by record.

use super::hlc::Hlc;
use super::record::{Place, Who, ZEROS, line};
use crate::core::entry::{Entry, Kind};
use crate::core::time::{Stamp, Utc, World};
use serde_json::{Value, json};
use std::io;

/// `opened`: data of the first record. `entries` in the order they were given, each with its moment. Errors: an entry
/// that is no JSON.
pub fn whole(who: &Who, opened: Value, entries: &[(Entry, Stamp)], end: Stamp) -> io::Result<Vec<u8>> {
    let begin = entries.first().map_or(end, |(_, at)| *at);
    let plain = |kind, at: Utc, data| Entry { kind, at, incident: None, target: None, data };
    let first = (plain(Kind::Opened, begin.utc, opened), begin);
    let n = entries.len() as u64 + 2;
    let (mut prev, mut out, mut last) = (ZEROS.to_owned(), Vec::new(), Hlc(0, 0));
    let mut put = |seq: u64, entry: &Entry, stamp: Stamp, prev: &str| -> io::Result<String> {
        let utc = stamp.utc.max(Utc(last.0));
        last = if utc.0 > last.0 { Hlc(utc.0, 0) } else { Hlc(last.0, last.1 + 1) };
        let stamp = Stamp { utc, world: World(utc.0), ..stamp };
        let made = line(who, Place { seq, hlc: last, prev, stamp, missed: 0 }, entry, None)?;
        out.extend_from_slice(&made.bytes);
        Ok(made.hash)
    };
    for (seq, (entry, stamp)) in (1..).zip([&first].into_iter().chain(entries)) {
        prev = put(seq, entry, *stamp, &prev)?;
    }
    let closed = plain(Kind::Closed, end.utc, json!({"head": prev, "records": n}));
    put(n, &closed, end, &prev)?;
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::super::chain::verify;
    use super::super::record::Actor;
    use super::super::scratch::{at, entry};
    use super::*;

    #[test]
    fn it_is_a_chain_as_the_journal_writes_it() {
        let who = Who { session: "s".into(), actor: Actor { user: "mira".into(), claimed: None }, host: "h".into() };
        let entries = [(entry(Kind::Note, 5, json!({"text": "a"})), at(5)), (entry(Kind::Note, 5, json!({})), at(5))];
        let text = whole(&who, json!({"build": "0"}), &entries, at(9)).expect("written");
        let found = verify(&text[..], |_| {}).expect("read");
        assert_eq!((found.first_bad, found.closed), (None, true));
        let lines: Vec<Value> = text.split(|b| *b == b'\n').filter_map(|l| serde_json::from_slice(l).ok()).collect();
        assert_eq!(lines.len(), 4);
        assert_eq!((&lines[1]["hlc"][1], &lines[2]["hlc"][1]), (&json!(1), &json!(2)), "time that stands counts on");
    }
}
