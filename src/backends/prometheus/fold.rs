//! Rows of an answer folded into figures: total and failed of one track side by side. Pure.
//!
//! Three things are kept apart: a track with a total and no failures has 0 failures; a track without a total is
//! absent; a value that was sent but is no number makes its track absent, never fine. Series without the track's
//! label stand under the empty name: there is traffic, and nobody can say whose.

use super::ask::SIGNAL;
use super::queries::{BLOCK, FAILED, Queries, SERVICE_LABEL as SERVICE, SPLIT, TAG, TOTAL, TRACK};
use super::wire::{Point, Series};
use crate::core::id::{Hash, ServiceId};
use crate::core::time::Utc;
use crate::core::world::figures::{Counts, Signal, Split, VersionBlock};
use std::collections::BTreeMap;

/// What was said about one count: nothing, nonsense, or a number.
#[derive(Clone, Copy, Default)]
struct Pair {
    total: Option<Option<f64>>,
    failed: Option<Option<f64>>,
}

impl Pair {
    fn note(&mut self, tag: &str, value: Option<f64>) {
        let value = value.filter(|v| *v >= 0.0).map(snap);
        match tag {
            TOTAL => self.total = Some(value),
            FAILED => self.failed = Some(value),
            _ => {}
        }
    }

    fn counts(self) -> Option<Counts> {
        let total = self.total??;
        let failed = match self.failed {
            None => 0.0,
            Some(failed) => failed?,
        };
        Some(Counts { total, failed })
    }
}

/// Whole counts come back as 89.99999999999999: the server scales and scales back. Ours and a later reader's figures
/// must be equal.
pub fn snap(v: f64) -> f64 {
    let whole = v.round();
    if (v - whole).abs() < 1e-6 * whole.max(1.0) { whole } else { v }
}

/// The service a row is of; `None`: nobody's.
pub fn service(row: &Series) -> Option<ServiceId> {
    Some(row.label(SERVICE)).filter(|s| !s.is_empty()).map(ServiceId::new)
}

/// The signal of a row; one without the label is of the only one that was asked.
fn signal(row: &Series, only: Signal) -> Signal {
    let said = row.label(SIGNAL);
    Signal::ALL.into_iter().find(|s| s.word() == said).unwrap_or(only)
}

/// Blocks of one service and signal.
#[derive(Clone, Debug, PartialEq)]
pub struct Told {
    pub split: Split,
    /// One for each edge asked, in their order.
    pub blocks: Vec<VersionBlock>,
}

/// What was said of each version, one for each edge.
type Edges = Vec<BTreeMap<Hash, Pair>>;

/// For each service and signal in the answer a block for each of `edges` (block ends, epoch seconds).
pub fn blocks(rows: &[Series], q: &Queries, only: Signal, edges: &[i64]) -> BTreeMap<(ServiceId, Signal), Told> {
    let mut all: BTreeMap<(ServiceId, Signal), (Split, Edges)> = BTreeMap::new();
    let first = edges.first().copied().unwrap_or(0);
    for row in rows {
        let Some(service) = service(row) else { continue };
        let empty = || (q.split_of(row.label(SPLIT)), vec![BTreeMap::new(); edges.len()]);
        let (_, of) = all.entry((service, signal(row, only))).or_insert_with(empty);
        let hash = Hash::new(row.label(TRACK));
        for Point { at, value } in &row.points {
            let i = (at.div_euclid(1000) - first).div_euclid(BLOCK);
            let here = usize::try_from(i).ok().filter(|i| edges.get(*i) == Some(&at.div_euclid(1000)));
            if let Some(here) = here.and_then(|i| of.get_mut(i)) {
                here.entry(hash.clone()).or_default().note(row.label(TAG), *value);
            }
        }
    }
    let block = |(edge, of): (&i64, BTreeMap<Hash, Pair>)| VersionBlock {
        start: edge - BLOCK,
        by_hash: of.into_iter().filter_map(|(hash, pair)| Some((hash, pair.counts()?))).collect(),
    };
    let told = |(key, (split, of)): (_, (Split, Vec<_>))| {
        (key, Told { split, blocks: edges.iter().zip(of).map(block).collect() })
    };
    all.into_iter().map(told).collect()
}

/// Every asked block, with nothing in it.
pub fn silent(edges: &[i64]) -> Vec<VersionBlock> {
    edges.iter().map(|e| VersionBlock { start: e - BLOCK, by_hash: Vec::new() }).collect()
}

/// (window in seconds, counts) of each service and signal, windows in the order asked.
pub fn windows(rows: &[Series], only: Signal, asked: &[u32]) -> BTreeMap<(ServiceId, Signal), Vec<(u32, Counts)>> {
    let mut pairs: BTreeMap<(ServiceId, Signal), BTreeMap<u32, Pair>> = BTreeMap::new();
    for row in rows {
        let (Some(service), Some((kind, secs))) = (service(row), row.label(TAG).split_once(':')) else {
            continue;
        };
        let (Ok(secs), Some(point)) = (secs.parse(), row.points.first()) else {
            continue;
        };
        pairs.entry((service, signal(row, only))).or_default().entry(secs).or_default().note(kind, point.value);
    }
    let told = |of: BTreeMap<u32, Pair>| asked.iter().filter_map(|w| Some((*w, of.get(w)?.counts()?))).collect();
    pairs.into_iter().map(|(s, of)| (s, told(of))).collect()
}

/// Time of the newest sample of each service; nothing is newer than the server's own `now`, whatever an exporter's
/// clock says: a sample from the future would look fresh long after its exporter died.
pub fn newest(rows: &[Series], now: Utc) -> BTreeMap<ServiceId, Utc> {
    rows.iter()
        .filter_map(|r| {
            let secs = r.points.first()?.value.filter(|s| s.abs() < 1e12)?;
            let at = Utc(((secs * 1000.0).round() as i64).min(now.0));
            Some((service(r)?, at))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(labels: &[(&'static str, &str)], points: &[(i64, Option<f64>)]) -> Series {
        let own = |(k, v): &(&'static str, &str)| ((*k).into(), (*v).to_owned());
        let point = |(secs, value): &(i64, Option<f64>)| Point { at: secs * 1000, value: *value };
        Series { labels: labels.iter().map(own).collect(), points: points.iter().map(point).collect(), histogram: None }
    }

    fn of(service: &str, hash: &str, tag: &str, points: &[(i64, Option<f64>)]) -> Series {
        row(&[(SERVICE, service), (TRACK, hash), (TAG, tag)], points)
    }

    fn counts(total: f64, failed: f64) -> Counts {
        Counts { total, failed }
    }

    fn errors(service: &str) -> (ServiceId, Signal) {
        (ServiceId::new(service), Signal::Errors)
    }

    #[test]
    fn empty_zero_and_missing_are_three_things() {
        let rows = [
            of("shop", "old", "total", &[(15, Some(90.000_000_000_1)), (30, Some(80.5))]),
            of("shop", "old", "failed", &[(30, Some(2.0))]),
            of("shop", "new", "total", &[(30, Some(0.0))]),
            of("shop", "lost", "failed", &[(30, Some(7.0))]),
        ];
        let told = blocks(&rows, &Queries::default(), Signal::Errors, &[15, 30, 45]);
        let (old, new) = (Hash::new("old"), Hash::new("new"));
        let expected = [
            (0, vec![(old.clone(), counts(90.0, 0.0))]),
            (15, vec![(new, counts(0.0, 0.0)), (old, counts(80.5, 2.0))]),
            (30, vec![]),
        ]
        .map(|(start, by_hash)| VersionBlock { start, by_hash });
        assert_eq!(told[&errors("shop")].blocks, expected);
    }

    #[test]
    fn signals_of_one_answer_are_kept_apart() {
        let with = |signal: &str, tag: &str, n: f64| {
            row(&[(SERVICE, "shop"), (TRACK, "a"), (TAG, tag), (SIGNAL, signal)], &[(15, Some(n))])
        };
        let rows = [with("errors", "total", 90.0), with("latency", "total", 80.0), with("latency", "failed", 8.0)];
        let told = blocks(&rows, &Queries::default(), Signal::Errors, &[15]);
        let of = |s: Signal| told[&(ServiceId::new("shop"), s)].blocks[0].by_hash[0].1;
        assert_eq!((of(Signal::Errors), of(Signal::Latency)), (counts(90.0, 0.0), counts(80.0, 8.0)));
    }

    #[test]
    fn nonsense_makes_a_version_absent_and_never_fine() {
        let rows = [
            of("shop", "a", "total", &[(15, Some(90.0))]),
            of("shop", "a", "failed", &[(15, None)]),
            of("shop", "b", "total", &[(15, None)]),
            of("shop", "c", "total", &[(15, Some(-1.0))]),
            row(&[(TAG, "total")], &[(15, Some(5.0))]),
            // A point that nobody asked for.
            of("shop", "d", "total", &[(16, Some(5.0)), (30, Some(5.0))]),
        ];
        let told = blocks(&rows, &Queries::default(), Signal::Errors, &[15]);
        assert_eq!(told.len(), 1);
        assert_eq!(told[&errors("shop")].blocks[0].by_hash, []);
    }

    #[test]
    fn windows_come_in_the_order_asked_and_only_those_answered() {
        let rows = [
            of("shop", "", "total:3600", &[(9, Some(900.0))]),
            of("shop", "", "failed:3600", &[(9, Some(1.5))]),
            of("shop", "", "total:300", &[(9, Some(90.0))]),
            of("shop", "", "failed:1800", &[(9, Some(1.0))]),
        ];
        let told = windows(&rows, Signal::Errors, &[300, 1800, 3600]);
        let expected = [(300, counts(90.0, 0.0)), (3600, counts(900.0, 1.5))];
        assert_eq!(told[&errors("shop")], expected);
    }

    #[test]
    fn the_newest_sample_keeps_its_milliseconds_and_never_lies_ahead() {
        let rows = [
            row(&[(SERVICE, "shop")], &[(9, Some(1_795_219_676.614))]),
            // An exporter whose clock is an hour ahead.
            row(&[(SERVICE, "skewed")], &[(9, Some(1_795_223_276.0))]),
            row(&[(SERVICE, "nonsense")], &[(9, None)]),
        ];
        let now = Utc(1_795_219_680_000);
        let told = newest(&rows, now);
        assert_eq!(told[&ServiceId::new("shop")], Utc(1_795_219_676_614));
        assert_eq!(told[&ServiceId::new("skewed")], now);
        assert_eq!(told.len(), 2);
    }
}
