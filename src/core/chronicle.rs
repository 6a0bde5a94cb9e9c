//! The newest records of all sessions on this log, in the order every reader merges them in, and readings on them: the
//! records of one act, its intent, whether they join. Bounded in records and in bytes, because a checkpoint of the
//! tape holds it. Older ones are read back from the files in pages while somebody turns back. Knows no file and no screen.

use crate::core::record::{Hlc, Key, Record};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::VecDeque;

/// Records kept while nobody reads further back.
pub const KEPT: usize = 500;
/// Records kept while somebody does.
pub const READ_BACK: usize = 4_000;
/// Bytes kept, roughly: a checkpoint of the tape must stay within 50 ms.
const BYTES: usize = 2 << 20;
/// Bytes while somebody reads further back.
const BYTES_BACK: usize = 6 << 20;

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Chronicle {
    /// Oldest first.
    records: VecDeque<Record>,
    bytes: usize,
    /// All records after this are held; `None`: only what came by itself since the start.
    whole_after: Option<Hlc>,
    /// The files hold nothing older.
    start: bool,
    /// A page was asked for and has not come.
    pub asked: bool,
    /// Somebody reads further back: more is kept.
    pub reading: bool,
    /// While reading back, something had to go again: what lies further back has no room until it is let go.
    #[serde(default)]
    full: bool,
}

impl Chronicle {
    /// Takes a record in at its place. False: it was known.
    pub fn take(&mut self, record: &Record) -> bool {
        let new = self.put(record);
        self.shrink();
        new
    }

    fn put(&mut self, record: &Record) -> bool {
        let at = self.records.partition_point(|r| r.order(record).is_lt());
        let same = |r: &Record| r.hash == record.hash || r.hash.is_empty() || record.hash.is_empty();
        let mut equal = self.records.range(at..).take_while(|r| r.order(record).is_eq());
        if equal.any(same) {
            return false;
        }
        self.bytes += weight(record);
        self.records.insert(at, record.clone());
        true
    }

    /// Takes records that were read back: all there are at or before a point, or the newest.
    pub fn page(&mut self, before: Option<Hlc>, records: &[Record], start: bool) {
        self.asked = false;
        // A page that does not join what is held leaves a hole: then what is held whole begins with the page.
        let joins = match (before, self.whole_after) {
            (Some(b), Some(w)) => b >= w,
            (None, _) | (_, None) => true,
        };
        for r in records {
            self.put(r);
        }
        if joins {
            self.start = start;
            if let Some(first) = records.first() {
                self.whole_after = Some(self.whole_after.map_or(first.hlc, |w| w.min(first.hlc)));
            }
        }
        self.shrink();
    }

    /// Nobody reads further back any more.
    pub fn let_go(&mut self) {
        self.reading = false;
        self.full = false;
        self.shrink();
    }

    fn shrink(&mut self) {
        let (most, bytes) = if self.reading { (READ_BACK, BYTES_BACK) } else { (KEPT, BYTES) };
        while self.records.len() > most || (self.bytes > bytes && self.records.len() > 1) {
            // Figures come by the minute and are read by reports, from the files. They go before what a person did.
            let old = self.records.len() / 2;
            let at = self.records.range(..old).position(|r| r.kind == "figures").unwrap_or(0);
            let Some(gone) = self.records.remove(at) else { return };
            self.bytes = self.bytes.saturating_sub(weight(&gone));
            self.whole_after = Some(self.whole_after.map_or(gone.hlc, |w| w.max(gone.hlc)));
            self.start = false;
            // Not read from the bounds: the record that did not fit is gone, and bytes are below theirs again.
            self.full |= self.reading;
        }
    }

    fn is_full(&self) -> bool {
        self.full || self.records.len() >= READ_BACK || self.bytes >= BYTES_BACK
    }

    /// Where to go on reading back; `None`: there is nothing older, a page is on its way, or no more has room.
    pub fn wanted(&self) -> Option<Option<Hlc>> {
        (!self.start && !self.asked && !self.is_full()).then_some(self.whole_after)
    }

    /// Are all records there are held? Else why not, in words.
    pub fn older(&self) -> Option<&'static str> {
        if self.start {
            None
        } else if self.asked {
            Some("reading older ones")
        } else if self.is_full() {
            Some("older ones are in the files: andon log show")
        } else {
            Some("older ones are in the files")
        }
    }

    pub fn len(&self) -> usize {
        self.records.len()
    }

    pub fn is_empty(&self) -> bool {
        self.records.is_empty()
    }

    pub fn newest_first(&self) -> impl Iterator<Item = &Record> {
        self.records.iter().rev()
    }

    pub fn oldest_first(&self) -> impl Iterator<Item = &Record> {
        self.records.iter()
    }

    pub fn find(&self, key: &Key) -> Option<&Record> {
        self.records.iter().rev().find(|r| r.is(key))
    }

    /// By place in its file, whatever its hash.
    pub fn at(&self, session: &str, seq: u64) -> Option<&Record> {
        self.records.iter().rev().find(|r| r.seq == seq && r.session == session)
    }

    /// The records of the act that this one belongs to, oldest first: intent, sent, accepted, seen, settled, and what
    /// another session found out about it. Empty: it belongs to none.
    pub fn story(&self, of: &Record) -> Vec<&Record> {
        let Some(act) = Act::of(of) else { return Vec::new() };
        self.records.iter().filter(|r| act.holds(r)).collect()
    }

    /// The intent of a record's act, as far as it is held.
    pub fn intent(&self, of: &Record) -> Option<&Record> {
        self.story(of).into_iter().find(|r| r.kind == "intent")
    }
}

/// Do the records that are held of a session join, each naming the hash of the one before? `Err`: the first that does not.
pub fn joins<'r>(records: impl Iterator<Item = &'r Record>, session: &str) -> Result<usize, u64> {
    let (mut before, mut n): (Option<&Record>, usize) = (None, 0);
    for r in records.filter(|r| r.session == session) {
        let prev = r.rest.get("prev").and_then(Value::as_str);
        if let (Some(b), Some(prev)) = (before.filter(|b| b.seq + 1 == r.seq), prev)
            && !b.hash.is_empty()
            && b.hash != prev
        {
            return Err(r.seq);
        }
        before = Some(r);
        n += 1;
    }
    Ok(n)
}

/// One act of one session, as its records name it.
struct Act<'r> {
    session: &'r str,
    act: Option<u64>,
    ticket: Option<u64>,
}

impl<'r> Act<'r> {
    fn of(r: &'r Record) -> Option<Act<'r>> {
        if let Some((session, ticket)) = about(r) {
            return Some(Act { session, act: None, ticket: Some(ticket) });
        }
        let (act, ticket) = (r.data["act"].as_u64(), r.ticket);
        (act.is_some() || ticket.is_some()).then_some(Act { session: &r.session, act, ticket })
    }

    fn holds(&self, r: &Record) -> bool {
        if let Some((session, ticket)) = about(r) {
            return session == self.session && Some(ticket) == self.ticket;
        }
        if r.session != self.session {
            return false;
        }
        match (self.act, r.data["act"].as_u64()) {
            (Some(a), Some(b)) => a == b,
            (Some(_) | None, _) => self.ticket.is_some() && r.ticket == self.ticket,
        }
    }
}

/// Session and ticket of another session's act that a `resolved` speaks of.
fn about(r: &Record) -> Option<(&str, u64)> {
    let of = &r.data["of"];
    Some((of["session"].as_str()?, of["ticket"].as_u64()?))
}

/// Bytes a record takes, roughly.
fn weight(r: &Record) -> usize {
    fn of(v: &Value) -> usize {
        match v {
            Value::Null | Value::Bool(_) | Value::Number(_) => 8,
            Value::String(s) => s.len() + 4,
            Value::Array(a) => a.iter().map(of).sum::<usize>() + 4,
            Value::Object(m) => m.iter().map(|(k, v)| k.len() + 4 + of(v)).sum::<usize>() + 4,
        }
    }
    let rest: usize = r.rest.iter().map(|(k, v)| k.len() + of(v)).sum();
    300 + of(&r.data) + r.target.as_ref().map_or(0, of) + rest
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn record(session: &str, seq: u64, ms: i64, kind: &str, data: Value) -> Record {
        Record {
            session: session.into(),
            seq,
            hlc: Hlc(ms, 0),
            kind: kind.into(),
            ticket: data["ticket"].as_u64(),
            data,
            hash: format!("{session}{seq}"),
            ..Record::default()
        }
    }

    fn note(session: &str, seq: u64, ms: i64) -> Record {
        record(session, seq, ms, "note", json!({"text": "x"}))
    }

    fn order(c: &Chronicle) -> Vec<(String, u64)> {
        c.oldest_first().map(|r| (r.session.clone(), r.seq)).collect()
    }

    #[test]
    fn records_stand_in_the_readers_order_and_each_once() {
        let mut c = Chronicle::default();
        for r in [note("a", 1, 10), note("b", 1, 30), note("a", 2, 20), note("b", 2, 40), note("a", 2, 20)] {
            c.take(&r);
        }
        assert_eq!(order(&c), [("a".into(), 1), ("a".into(), 2), ("b".into(), 1), ("b".into(), 2)]);
        // Two that claim one place are both there: that is what a damaged file looks like.
        let forged = Record { hash: "other".into(), ..note("a", 2, 20) };
        assert!(c.take(&forged));
        assert_eq!(c.len(), 5);
        assert_ne!(c.find(&forged.key()), c.find(&note("a", 2, 20).key()));
    }

    #[test]
    fn the_bounds_hold_and_figures_go_first() {
        let mut c = Chronicle::default();
        for i in 0..KEPT as u64 {
            let kind = if i % 2 == 0 { "figures" } else { "note" };
            c.take(&record("a", i + 1, i as i64, kind, json!({})));
        }
        for i in 0..100 {
            c.take(&note("b", i + 1, 10_000 + i as i64));
        }
        assert_eq!(c.len(), KEPT);
        let notes = c.oldest_first().filter(|r| r.session == "a" && r.kind == "note").count();
        assert_eq!(notes, KEPT / 2, "no note went while there were old figures");
        let mut c = Chronicle::default();
        for i in 0..200 {
            c.take(&record("a", i + 1, i as i64, "note", json!({"text": "y".repeat(60_000)})));
        }
        assert!(c.len() < 60 && c.bytes <= BYTES, "{} records, {} bytes", c.len(), c.bytes);
        let text = serde_json::to_string(&c).expect("json");
        assert!(text.len() < 3 << 20, "{}", text.len());
    }

    #[test]
    fn pages_join_below_and_what_was_given_up_is_asked_for_again() {
        let mut c = Chronicle::default();
        assert_eq!(c.wanted(), Some(None), "nothing was read back yet: the newest");
        c.take(&note("a", 9, 90));
        c.page(None, &[note("b", 3, 30), note("b", 4, 40), note("a", 9, 90)], false);
        assert_eq!(c.wanted(), Some(Some(Hlc(30, 0))));
        c.page(Some(Hlc(30, 0)), &[note("b", 1, 10), note("b", 2, 20), note("b", 3, 30)], true);
        assert_eq!(order(&c).len(), 5);
        assert_eq!((c.wanted(), c.older()), (None, None));
        c.reading = true;
        for i in 0..READ_BACK as u64 {
            c.take(&note("c", i + 1, 1_000 + i as i64));
        }
        assert!(c.older().is_some_and(|w| w.contains("files")));
        c.let_go();
        assert_eq!(c.len(), KEPT);
        let Some(Some(from)) = c.wanted() else { panic!("{:?}", c.wanted()) };
        assert_eq!(c.oldest_first().next().map(|r| r.hlc.0 - 1), Some(from.0));
    }

    #[test]
    fn an_acts_records_are_its_story_and_what_another_found_out_belongs_to_it() {
        let mut c = Chronicle::default();
        let act = |seq, kind: &str, ticket: u64| {
            record("a", seq, seq as i64, kind, json!({"act": 1, "ticket": ticket, "verb": "roll back"}))
        };
        for r in [act(1, "intent", 7), act(2, "sent", 7), act(4, "intent", 8), act(6, "seen", 8)] {
            c.take(&r);
        }
        c.take(&record("a", 3, 3, "intent", json!({"act": 2, "ticket": 9})));
        c.take(&note("a", 5, 5));
        let resolved = record("b", 1, 50, "resolved", json!({"of": {"session": "a", "ticket": 8}}));
        c.take(&resolved);
        let story = |r: &Record| c.story(r).iter().map(|r| (r.session.as_str(), r.seq)).collect::<Vec<_>>();
        assert_eq!(story(&act(6, "seen", 8)), [("a", 1), ("a", 2), ("a", 4), ("a", 6), ("b", 1)]);
        assert_eq!(story(&resolved), [("a", 4), ("a", 6), ("b", 1)]);
        assert!(story(&note("a", 5, 5)).is_empty());
        assert_eq!(c.intent(&act(6, "seen", 8)).map(|r| r.seq), Some(1));
    }

    #[test]
    fn a_record_that_does_not_join_is_named() {
        let mut all = [note("a", 1, 1), note("b", 1, 2), note("a", 2, 3), note("a", 4, 4)];
        all[2].rest.insert("prev".into(), json!("a1"));
        all[3].rest.insert("prev".into(), json!("elsewhere"));
        // A gap in what is held says nothing.
        assert_eq!(joins(all.iter(), "a"), Ok(3));
        all[2].rest.insert("prev".into(), json!("b1"));
        assert_eq!(joins(all.iter(), "a"), Err(2));
    }
}
