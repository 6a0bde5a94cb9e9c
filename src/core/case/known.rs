//! A value and the record that said it. All that is known of incidents is made of these, so that every line on a screen
//! and every sentence of a report can name what it rests on, and so that records may come in any order: of two that
//! speak of the same thing the later one in log order holds, whichever came first.

use crate::core::record::{Hlc, Record};
use crate::core::time::Utc;
use serde::{Deserialize, Serialize};

/// The record something rests on.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Rests {
    pub session: String,
    pub seq: u64,
}

impl Rests {
    pub fn on(r: &Record) -> Rests {
        Rests { session: r.session.clone(), seq: r.seq }
    }

    /// `{"session": .., "seq": ..}`, as records name each other.
    pub fn read(v: &serde_json::Value) -> Option<Rests> {
        Some(Rests { session: v["session"].as_str()?.to_owned(), seq: v["seq"].as_u64()? })
    }
}

/// What a record said, by whom and when.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Known<T> {
    pub value: T,
    pub rests: Rests,
    /// The record's place among those of all sessions.
    pub hlc: Hlc,
    /// When it was true; the clock of the log where the record has no readable time.
    pub at: Utc,
    /// The claimed name, else the unix user.
    pub who: String,
}

impl<T> Known<T> {
    pub fn by(r: &Record, value: T) -> Known<T> {
        Known { value, rests: Rests::on(r), hlc: r.hlc, at: when(r), who: r.who().to_owned() }
    }

    /// Log order: hybrid clock, session, number.
    pub fn key(&self) -> (Hlc, &Rests) {
        (self.hlc, &self.rests)
    }

    pub fn map<U>(self, f: impl FnOnce(T) -> U) -> Known<U> {
        Known { value: f(self.value), rests: self.rests, hlc: self.hlc, at: self.at, who: self.who }
    }
}

/// When it was true, else when it was appended.
pub fn when(r: &Record) -> Utc {
    Utc::read(r.when()).unwrap_or(Utc(r.hlc.0))
}

/// The later one holds.
pub fn latest<T>(slot: &mut Option<Known<T>>, new: Known<T>) {
    if slot.as_ref().is_none_or(|old| old.key() < new.key()) {
        *slot = Some(new);
    }
}

/// The earlier one holds.
pub fn earliest<T>(slot: &mut Option<Known<T>>, new: Known<T>) {
    if slot.as_ref().is_none_or(|old| old.key() > new.key()) {
        *slot = Some(new);
    }
}

/// Into its place in log order; a record that is there already stays once. At most the `most` newest are kept.
pub fn insert<T>(list: &mut Vec<Known<T>>, new: Known<T>, most: usize) {
    if let Err(at) = list.binary_search_by(|k| k.key().cmp(&new.key())) {
        list.insert(at, new);
    }
    if list.len() > most {
        list.remove(0);
    }
}
