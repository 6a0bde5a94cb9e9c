//! What counts as a bad signal on record: a verdict of WORSE, and a burn over the line. With them a clock can be started
//! before anybody opened an incident.

use super::known::{Known, insert};
use crate::core::entry::Kind;
use crate::core::record::Record;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Signals kept of each service.
const KEPT: usize = 40;

/// The kind as records spell it.
pub fn word(kind: Kind) -> String {
    serde_json::to_value(kind).ok().and_then(|k| k.as_str().map(str::to_owned)).unwrap_or_default()
}

/// The kind of a record; `None` for one this version does not know.
pub fn kind(r: &Record) -> Option<Kind> {
    serde_json::from_value(r.kind.clone().into()).ok()
}

/// The words of a bad signal; `None` for any other record.
pub fn bad(kind: Kind, r: &Record) -> Option<String> {
    let words = r.data["words"].as_str().unwrap_or_default();
    match (kind, r.data["word"].as_str()?) {
        (Kind::Verdict, "WORSE") => Some(format!("verdict {words}")),
        (Kind::Burn, "burning") => Some(words.to_owned()),
        _ => None,
    }
}

/// A verdict or a burn, at its change.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Signal {
    pub bad: bool,
    pub words: String,
}

/// Signals of each verdict (`checkout@eu-1`) and each burn (`checkout`), the newest.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Signals(BTreeMap<String, Vec<Known<Signal>>>);

impl Signals {
    pub(super) fn take(&mut self, kind: Kind, r: &Record) {
        let of = match kind {
            Kind::Verdict => r.target_at(),
            Kind::Burn => r.data["service"].as_str().map(str::to_owned),
            _ => return,
        };
        if let Some(of) = of {
            let words = bad(kind, r);
            let signal = Signal { bad: words.is_some(), words: words.unwrap_or_default() };
            insert(self.0.entry(of).or_default(), Known::by(r, signal), KEPT);
        }
    }

    /// The first one of the bad run that still goes on.
    pub fn since(&self, of: &str) -> Option<&Known<Signal>> {
        self.0.get(of)?.iter().rev().take_while(|s| s.value.bad).last()
    }
}
