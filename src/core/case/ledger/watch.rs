//! Promoted changes and what the records say came after them. A change is watched for 72 hours from the moment its version
//! ran everywhere, whoever saw that first.

use super::super::casebook::Casebook;
use super::super::incident::Incident;
use super::super::known::{Known, earliest, insert};
use crate::core::entry::Kind;
use crate::core::record::Record;
use crate::core::time::Utc;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// How long a promoted change is watched. Milliseconds.
pub const WATCH_MS: i64 = 72 * 3_600_000;
/// Events kept of each service.
const KEPT: usize = 60;

/// A version that runs everywhere since then.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Promoted {
    pub service: String,
    /// `catalog@eu-1`
    pub at: String,
    pub version: String,
    pub from: String,
    pub hash: String,
    /// Of the emergency path.
    pub emergency: bool,
}

/// Something on record of a service.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Event {
    pub bad: bool,
    pub words: String,
    /// `catalog@eu-1` where it is about one target; else all of the service.
    pub at: Option<String>,
    /// Restarts of the containers there were then, where it is about those.
    #[serde(default)]
    pub restarts: Option<u32>,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Watches {
    /// By target and version. Only while it was told by no record yet it is `None`.
    changes: BTreeMap<String, Option<Known<Promoted>>>,
    /// By service or name of a target, in log order, the newest.
    events: BTreeMap<String, Vec<Known<Event>>>,
}

impl Watches {
    pub(super) fn take(&mut self, kind: Kind, r: &Record) {
        let text = |k: &str| r.data[k].as_str().unwrap_or_default().to_owned();
        if kind == Kind::Promoted {
            let at = r.target_at().unwrap_or_default();
            let hash = text("hash");
            let uid = r.target.as_ref().and_then(|t| t["uid"].as_str()).unwrap_or(&at);
            let slot = self.changes.entry(format!("{uid} {hash}")).or_default();
            let promoted = Promoted {
                service: text("service"),
                at,
                version: text("version"),
                from: text("from_version"),
                hash,
                emergency: r.data["emergency"] == true,
            };
            earliest(slot, Known::by(r, promoted));
            return;
        }
        let name = r.target.as_ref().and_then(|t| t["name"].as_str()).unwrap_or_default();
        let service = text("service");
        let of = if service.is_empty() { name.to_owned() } else { service };
        if of.is_empty() {
            return;
        }
        let words = text("words");
        let event = match kind {
            Kind::Burn => Some((text("word") == "burning", words)),
            Kind::Verdict => Some((text("word") == "WORSE", format!("verdict {words}"))),
            Kind::Settled => Some((text("verb") == "roll back", format!("{} settled", text("verb")))),
            Kind::Undone => Some((true, format!("{} UNDONE by {}", text("verb"), text("by")))),
            Kind::Phase if r.data["restarts"].is_u64() => Some((true, words)),
            Kind::Phase if words.contains("degraded") => Some((true, words)),
            _ => None,
        };
        if let Some((bad, words)) = event {
            let at = r.target_at().filter(|_| kind != Kind::Burn);
            let restarts = r.data["restarts"].as_u64().and_then(|n| u32::try_from(n).ok());
            insert(self.events.entry(of).or_default(), Known::by(r, Event { bad, words, at, restarts }), KEPT);
        }
    }

    /// Every change on record, in no order that matters.
    pub fn all(&self) -> impl Iterator<Item = &Known<Promoted>> {
        self.changes.values().flatten()
    }

    /// Those inside their 72 hours, the newest first.
    pub fn open(&self, now: Utc) -> Vec<&Known<Promoted>> {
        let mut open: Vec<&Known<Promoted>> = self.all().filter(|p| is_open(p, now)).collect();
        open.sort_by(|a, b| b.key().cmp(&a.key()));
        open
    }

    /// What came after it within its 72 hours, in log order.
    pub fn since<'a>(&'a self, p: &'a Known<Promoted>) -> impl Iterator<Item = &'a Known<Event>> {
        let name = p.value.at.split('@').next().unwrap_or_default();
        let lists = [self.events.get(&p.value.service), self.events.get(name).filter(|_| name != p.value.service)];
        let mut all: Vec<&Known<Event>> = lists.into_iter().flatten().flatten().collect();
        all.sort_by(|a, b| a.key().cmp(&b.key()));
        let within = move |e: &&Known<Event>| {
            let after = e.key() > p.key() && e.at.since(p.at) <= WATCH_MS;
            after && e.value.at.as_ref().is_none_or(|at| *at == p.value.at)
        };
        all.into_iter().filter(within)
    }

    /// The restarts last told of this change: when, and how many there were.
    pub fn restarts(&self, p: &Known<Promoted>) -> Option<(Utc, u32)> {
        self.since(p).filter_map(|e| Some((e.at, e.value.restarts?))).last()
    }

    /// The change inside whose 72 hours this incident was opened: of several the last before it. Where the incident's
    /// record names a rollout it is a change of that one, where it names a version it is that version: what goes wrong
    /// with the next one is not laid on the one before it.
    pub fn tied(&self, i: &Incident) -> Option<&Known<Promoted>> {
        let service = i.service()?;
        let opened = i.opened_at();
        let within = |p: &&Known<Promoted>| {
            let since = opened.since(p.at);
            let opening = i.opened.as_ref().map(|o| &o.value);
            let at = opening.and_then(|o| o.at.as_deref()).is_none_or(|at| at == p.value.at);
            let version = opening.and_then(|o| o.candidate.as_deref()).is_none_or(|c| c == p.value.hash);
            p.value.service == service && at && version && (0..=WATCH_MS).contains(&since)
        };
        self.all().filter(within).max_by(|a, b| a.key().cmp(&b.key()))
    }

    /// Incidents that are tied to this change.
    pub fn incidents<'b>(&self, p: &Known<Promoted>, book: &'b Casebook) -> Vec<&'b Incident> {
        let mine = |i: &&Incident| self.tied(i).is_some_and(|t| t.rests == p.rests);
        book.incidents.values().filter(|i| i.opened.is_some()).filter(mine).collect()
    }
}

/// Milliseconds of its watch that are left; none: it is over.
pub fn left(p: &Known<Promoted>, now: Utc) -> Option<i64> {
    Some(WATCH_MS - now.since(p.at).max(0)).filter(|ms| *ms > 0)
}

fn is_open(p: &Known<Promoted>, now: Utc) -> bool {
    left(p, now).is_some()
}

#[cfg(test)]
mod tests {
    use super::super::tests::{fold, record};
    use super::*;
    use serde_json::json;

    const HOUR: i64 = 3_600_000;

    #[test]
    fn a_watch_lasts_72_hours_and_has_what_came_inside_them() {
        let l = fold(&[
            record("a", 1, 0, Kind::Burn, json!({"service": "checkout", "word": "burning", "words": "burning 9x"})),
            record("a", 2, HOUR, Kind::Promoted, json!({"service": "checkout", "version": "v2", "hash": "c1"})),
            record(
                "a",
                3,
                2 * HOUR,
                Kind::Burn,
                json!({"service": "checkout", "word": "rising", "words": "rising 2x"}),
            ),
            record("a", 4, 3 * HOUR, Kind::Undone, json!({"verb": "promote", "by": "argo"})),
            record("a", 5, 80 * HOUR, Kind::Burn, json!({"service": "checkout", "word": "burning", "words": "late"})),
        ]);
        let at = |h: i64| Utc(1_795_230_000_000 + h * HOUR);
        let open = l.watches.open(at(2));
        assert_eq!(open.len(), 1);
        assert_eq!(left(open[0], at(12)), Some(61 * HOUR));
        let since: Vec<(bool, &str)> = l.watches.since(open[0]).map(|e| (e.value.bad, &*e.value.words)).collect();
        assert_eq!(since, [(false, "rising 2x"), (true, "promote UNDONE by argo")]);
        assert_eq!(l.watches.open(at(72)).len(), 1);
        assert!(l.watches.open(at(73)).is_empty());
    }

    #[test]
    fn an_incident_inside_the_window_is_tied_to_the_last_change_before_it() {
        let promoted = |seq: u64, h: i64, v: &str| {
            record("a", seq, h * HOUR, Kind::Promoted, json!({"service": "checkout", "version": v, "hash": v}))
        };
        let l = fold(&[promoted(1, 0, "v2"), promoted(2, 10, "v3")]);
        let incident = |id: &str, h: i64, service: &str| {
            let mut book = Casebook::default();
            let data = json!({"id": id, "title": "t", "severity": 2, "service": service});
            book.take(&record("b", 1, h * HOUR, Kind::IncidentOpened, data));
            book
        };
        let tied = |h: i64, service: &str| {
            let book = incident("i-1", h, service);
            l.watches.tied(&book.incidents["i-1"]).map(|p| p.value.version.clone())
        };
        assert_eq!(tied(5, "checkout").as_deref(), Some("v2"));
        assert_eq!(tied(12, "checkout").as_deref(), Some("v3"));
        assert_eq!((tied(12, "search"), tied(83, "checkout")), (None, None));
        // The record names a rollout and the version that moved on it: that one is meant, and no other.
        let named = |h: i64, name: &str, candidate: &str| {
            let mut book = Casebook::default();
            let data = json!({"id": "i-1", "title": "t", "severity": 2, "service": "checkout", "candidate": candidate});
            let mut r = record("b", 1, h * HOUR, Kind::IncidentOpened, data);
            r.target =
                Some(json!({"source": "eu-1", "namespace": "shop", "kind": "Rollout", "name": name, "uid": "u1"}));
            book.take(&r);
            l.watches.tied(&book.incidents["i-1"]).map(|p| p.value.version.clone())
        };
        assert_eq!(named(12, "checkout", "v3").as_deref(), Some("v3"));
        assert_eq!(named(12, "checkout", "v2").as_deref(), Some("v2"), "the older one still runs there");
        assert_eq!(named(12, "checkout", "v4"), None, "the next version's trouble is its own");
        assert_eq!(named(12, "checkout-eu", "v3"), None, "another rollout of the same service");
        let book = incident("i-1", 12, "checkout");
        let newest = l.watches.open(Utc(1_795_230_000_000 + 12 * HOUR))[0];
        assert_eq!(l.watches.incidents(newest, &book).len(), 1);
    }
}
