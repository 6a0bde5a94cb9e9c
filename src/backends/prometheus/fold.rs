//! Rows of an answer folded into figures: total and failed of one version side by side. Pure.
//!
//! Three things are kept apart: a version with a total and no failures has 0 failures; a version without a total is
//! absent; a value that was sent but is no number makes its version absent, never fine. Series without the version
//! label stand under the empty hash: there is traffic, and nobody can say whose.

use super::queries::{BLOCK, FAILED, Queries, TAG, TOTAL};
use super::wire::{Point, Series};
use crate::core::id::{Hash, ServiceId};
use crate::core::time::Utc;
use crate::core::world::figures::{Counts, VersionBlock};
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
fn snap(v: f64) -> f64 {
    let whole = v.round();
    if (v - whole).abs() < 1e-6 * whole.max(1.0) { whole } else { v }
}

/// For each service in the answer: one block for each of `edges` (block ends, epoch seconds), in their order.
pub fn blocks(rows: &[Series], q: &Queries, edges: &[i64]) -> BTreeMap<ServiceId, Vec<VersionBlock>> {
    let mut pairs: BTreeMap<ServiceId, BTreeMap<(i64, Hash), Pair>> = BTreeMap::new();
    for row in rows.iter().filter(|r| !r.label(&q.service).is_empty()) {
        let by_version = pairs.entry(ServiceId::new(row.label(&q.service))).or_default();
        let hash = Hash::new(row.label(&q.version));
        for Point { at, value } in &row.points {
            let key = (at.div_euclid(1000), hash.clone());
            by_version.entry(key).or_default().note(row.label(TAG), *value);
        }
    }
    let block = |of: &BTreeMap<(i64, Hash), Pair>, edge: i64| VersionBlock {
        start: edge - BLOCK,
        by_hash: of
            .range((edge, Hash::new(""))..(edge + 1, Hash::new("")))
            .filter_map(|((_, hash), pair)| Some((hash.clone(), pair.counts()?)))
            .collect(),
    };
    pairs.into_iter().map(|(service, of)| (service, edges.iter().map(|e| block(&of, *e)).collect())).collect()
}

/// (window in seconds, counts) of each service, windows in the order asked.
pub fn windows(rows: &[Series], q: &Queries, asked: &[u32]) -> BTreeMap<ServiceId, Vec<(u32, Counts)>> {
    let mut pairs: BTreeMap<ServiceId, BTreeMap<u32, Pair>> = BTreeMap::new();
    for row in rows.iter().filter(|r| !r.label(&q.service).is_empty()) {
        let Some((kind, secs)) = row.label(TAG).split_once(':') else {
            continue;
        };
        let (Ok(secs), Some(point)) = (secs.parse(), row.points.first()) else {
            continue;
        };
        let of = pairs.entry(ServiceId::new(row.label(&q.service))).or_default();
        of.entry(secs).or_default().note(kind, point.value);
    }
    let told = |of: BTreeMap<u32, Pair>| asked.iter().filter_map(|w| Some((*w, of.get(w)?.counts()?))).collect();
    pairs.into_iter().map(|(s, of)| (s, told(of))).collect()
}

/// Time of the newest sample of each service.
pub fn newest(rows: &[Series], q: &Queries) -> BTreeMap<ServiceId, Utc> {
    rows.iter()
        .filter(|r| !r.label(&q.service).is_empty())
        .filter_map(|r| {
            let secs = r.points.first()?.value.filter(|s| s.abs() < 1e12)?;
            let at = Utc((secs * 1000.0).round() as i64);
            Some((ServiceId::new(r.label(&q.service)), at))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn queries() -> Queries {
        Queries {
            requests: "r".to_owned(),
            failures: "f".to_owned(),
            service: "service".to_owned(),
            version: "hash".to_owned(),
            scrape_secs: 15,
        }
    }

    fn row(labels: &[(&str, &str)], points: &[(i64, Option<f64>)]) -> Series {
        let own = |(k, v): &(&str, &str)| ((*k).to_owned(), (*v).to_owned());
        let point = |(secs, value): &(i64, Option<f64>)| Point { at: secs * 1000, value: *value };
        Series { labels: labels.iter().map(own).collect(), points: points.iter().map(point).collect() }
    }

    fn of(service: &'static str, hash: &'static str, tag: &'static str, points: &[(i64, Option<f64>)]) -> Series {
        row(&[("service", service), ("hash", hash), (TAG, tag)], points)
    }

    fn counts(total: f64, failed: f64) -> Counts {
        Counts { total, failed }
    }

    #[test]
    fn empty_zero_and_missing_are_three_things() {
        let rows = [
            of("shop", "old", "total", &[(15, Some(90.000_000_000_1)), (30, Some(80.5))]),
            of("shop", "old", "failed", &[(30, Some(2.0))]),
            of("shop", "new", "total", &[(30, Some(0.0))]),
            of("shop", "lost", "failed", &[(30, Some(7.0))]),
        ];
        let told = blocks(&rows, &queries(), &[15, 30, 45]);
        let (old, new) = (Hash::new("old"), Hash::new("new"));
        let expected = [
            (0, vec![(old.clone(), counts(90.0, 0.0))]),
            (15, vec![(new, counts(0.0, 0.0)), (old, counts(80.5, 2.0))]),
            (30, vec![]),
        ]
        .map(|(start, by_hash)| VersionBlock { start, by_hash });
        assert_eq!(told[&ServiceId::new("shop")], expected);
    }

    #[test]
    fn nonsense_makes_a_version_absent_and_never_fine() {
        let rows = [
            of("shop", "a", "total", &[(15, Some(90.0))]),
            of("shop", "a", "failed", &[(15, None)]),
            of("shop", "b", "total", &[(15, None)]),
            of("shop", "c", "total", &[(15, Some(-1.0))]),
            row(&[(TAG, "total")], &[(15, Some(5.0))]),
        ];
        let told = blocks(&rows, &queries(), &[15]);
        assert_eq!(told.len(), 1);
        assert_eq!(told[&ServiceId::new("shop")][0].by_hash, []);
    }

    #[test]
    fn windows_come_in_the_order_asked_and_only_those_answered() {
        let rows = [
            of("shop", "", "total:3600", &[(9, Some(900.0))]),
            of("shop", "", "failed:3600", &[(9, Some(1.5))]),
            of("shop", "", "total:300", &[(9, Some(90.0))]),
            of("shop", "", "failed:1800", &[(9, Some(1.0))]),
        ];
        let told = windows(&rows, &queries(), &[300, 1800, 3600]);
        let expected = [(300, counts(90.0, 0.0)), (3600, counts(900.0, 1.5))];
        assert_eq!(told[&ServiceId::new("shop")], expected);
    }

    #[test]
    fn the_newest_sample_keeps_its_milliseconds() {
        let rows = [row(&[("service", "shop")], &[(9, Some(1_795_219_676.614))])];
        let told = newest(&rows, &queries());
        assert_eq!(told[&ServiceId::new("shop")], Utc(1_795_219_676_614));
    }
}
