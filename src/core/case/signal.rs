//! What counts as a bad signal on record: a verdict of WORSE, a burn over the line, an alert or a person's report. With them a clock can be started
//! before anybody opened an incident.

use super::known::{Known, insert};
use crate::core::entry::Kind;
use crate::core::record::Record;
use crate::core::time::Utc;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Between a service and its fold of alerts. No service has it in its name.
const ALERT: &str = "@alert ";
/// Signals kept of each service.
const KEPT: usize = 40;

/// The words of a bad signal; `None` for any other record.
pub fn bad(kind: Kind, r: &Record) -> Option<String> {
    let words = r.data["words"].as_str().unwrap_or_default();
    match (kind, r.data["word"].as_str()?) {
        (Kind::Verdict, "WORSE") => Some(format!("verdict {words}")),
        (Kind::Burn, "burning") => Some(words.to_owned()),
        (Kind::Alert, "firing") => Some(words.to_owned()),
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
        } else if kind == Kind::Alert {
            let fold = r.data["fold"].as_str().unwrap_or_default();
            r.data["service"].as_str().map(|s| format!("{s}{ALERT}{fold}"))
        } else {
            None
        };
        if let Some(of) = of {
            let words = bad(kind, r);
            let words_of = r.data["words"].as_str().unwrap_or_default();
            // The words of a burn begin with its word.
            let said = if kind == Kind::Verdict { format!("verdict {words_of}") } else { words_of.to_owned() };
            let signal = Signal { bad: words.is_some(), words: said };
            let mut known = Known::by(r, signal);
            // Since when it fires its source knows better than whoever looked.
            if kind == Kind::Alert && known.value.bad {
                let since = r.data["since"].as_str().and_then(Utc::read);
                known.at = since.map_or(known.at, |s| s.min(known.at));
            }
            insert(self.0.entry(of).or_default(), known, KEPT);
        }
    }

    /// The newest one of a service: its burn, or the verdict of one of its rollouts of the same name.
    pub fn newest(&self, service: &str) -> Option<&Known<Signal>> {
        let of = |name: &str| name.split('@').next() == Some(service);
        let newest = self.0.iter().filter(|(name, _)| of(name)).filter_map(|(_, all)| all.last());
        newest.max_by(|a, b| a.key().cmp(&b.key()))
    }

    /// The alert about a service that has fired longest, of those that still do.
    pub fn alert(&self, service: &str) -> Option<&Known<Signal>> {
        let mine = |of: &str| of.strip_prefix(service).is_some_and(|rest| rest.starts_with(ALERT));
        let first = self.0.keys().filter(|of| mine(of)).filter_map(|of| self.since(of));
        first.min_by_key(|k| (k.at, k.hlc))
    }

    /// The first one of the bad run that still goes on.
    pub fn since(&self, of: &str) -> Option<&Known<Signal>> {
        self.0.get(of)?.iter().rev().take_while(|s| s.value.bad).last()
    }
}
