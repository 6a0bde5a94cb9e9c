//! What the records say of incidents: a fold, the same for the console, the report and every other reader. Records come
//! from the own session after their sync and from others as they are found, so that all consoles on a log agree and
//! nothing is lost with one of them. Knows no screen and no journal.

use crate::core::record::Record;
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
}

/// Everything that is known of incidents, leads, decisions, follow-ups and debts.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Casebook {
    /// Records taken.
    pub taken: u64,
}

impl Casebook {
    /// Takes a record. Records of one session come in their order; those of several in any.
    pub fn take(&mut self, _record: &Record) {
        self.taken += 1;
    }
}
