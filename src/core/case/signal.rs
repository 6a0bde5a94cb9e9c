//! What counts as a bad signal on record: a verdict of WORSE, and a burn over the line. With them a clock can be started
//! before anybody opened an incident.

use super::known::{Known, insert};
use crate::core::entry::Kind;
use crate::core::record::Record;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Signals kept of each service.
const KEPT: usize = 40;

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
        let of = if kind == Kind::Verdict {
            r.target_at()
        } else if kind == Kind::Burn {
            r.data["service"].as_str().map(str::to_owned)
        } else {
            None
        };
        if let Some(of) = of {
            let words = bad(kind, r);
            let words_of = r.data["words"].as_str().unwrap_or_default();
            // The words of a burn begin with its word.
            let said = if kind == Kind::Verdict { format!("verdict {words_of}") } else { words_of.to_owned() };
            let signal = Signal { bad: words.is_some(), words: said };
            insert(self.0.entry(of).or_default(), Known::by(r, signal), KEPT);
        }
    }

    /// The newest one of a service: its burn, or the verdict of one of its rollouts of the same name.
    pub fn newest(&self, service: &str) -> Option<&Known<Signal>> {
        let of = |name: &str| name.split('@').next() == Some(service);
        let newest = self.0.iter().filter(|(name, _)| of(name)).filter_map(|(_, all)| all.last());
        newest.max_by(|a, b| a.key().cmp(&b.key()))
    }

    /// The first one of the bad run that still goes on.
    pub fn since(&self, of: &str) -> Option<&Known<Signal>> {
        self.0.get(of)?.iter().rev().take_while(|s| s.value.bad).last()
    }
}
