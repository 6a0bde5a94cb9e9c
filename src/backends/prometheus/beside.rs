//! Rows folded into what stands beside the counts: percentiles with their interval, memory and processor, routes,
//! courses. Pure.

use super::ask::WINDOW;
use super::fold::{service, snap};
use super::history::Courses;
use super::queries::{BUCKET_MS, FAILED, Queries, ROUTE, SPLIT, TAG, TOTAL, TRACK};
use super::wire::Series;
use crate::core::id::{Hash, ServiceId};
use crate::core::judge::stats::histogram::{Bucket, percentile};
use crate::core::world::figures::Split;
use crate::core::world::telemetry::{Asked, Mix, Quantile, Quantiles, TrendOf, Usage, Used};
use std::collections::BTreeMap;
use std::sync::Arc;

/// The percentiles that are told.
const TOLD: [f64; 3] = [0.5, 0.95, 0.99];
/// Routes named of each track; the others are one.
const ROUTES: usize = 20;
/// Rows that one answer may have. More of them come from a label that changes with every request.
const MOST_ROWS: usize = 60_000;

/// Which of our labels makes an answer too long, and how many values it has. `None`: it is not too long.
pub fn too_many(rows: &[Series]) -> Option<(&'static str, usize)> {
    if rows.len() <= MOST_ROWS {
        return None;
    }
    let values = |label: &'static str| {
        let all: std::collections::BTreeSet<&str> = rows.iter().map(|r| r.label(label)).collect();
        (label, all.len())
    };
    [super::queries::SERVICE_LABEL, TRACK, ROUTE, "le"].into_iter().map(values).max_by_key(|(_, n)| *n)
}

/// Buckets of each track; `None`: spoilt.
type ByTrack = BTreeMap<Hash, Option<Vec<Bucket>>>;

/// Percentiles of each service's tracks, from classic or native buckets.
pub fn quantiles(rows: &[Series], q: &Queries, window_secs: u32, asked: &Asked) -> Vec<Quantiles> {
    // A bucket that is no number spoils its track: one bucket less is another percentile.
    let mut all: BTreeMap<ServiceId, (Split, ByTrack)> = BTreeMap::new();
    for row in rows {
        let Some(service) = service(row) else { continue };
        let (_, tracks) = all.entry(service).or_insert_with(|| (q.split_of(row.label(SPLIT)), BTreeMap::new()));
        let track = tracks.entry(Hash::new(row.label(TRACK))).or_insert_with(|| Some(Vec::new()));
        let read = buckets(row);
        match (track.as_mut(), read) {
            (Some(track), Some(read)) => track.extend(read),
            (_, None) => *track = None,
            (None, Some(_)) => {}
        }
    }
    let of_track = |(hash, buckets): (Hash, Option<Vec<Bucket>>)| {
        let buckets = buckets?;
        let one = |q: f64| match percentile(q, &buckets) {
            Some(p) => Quantile { q, secs: p.secs, lo: p.lo, hi: p.hi },
            None => Quantile { q, secs: None, lo: None, hi: None },
        };
        Some((hash, TOLD.map(one).to_vec()))
    };
    let told = |(service, (split, tracks)): (ServiceId, (Split, BTreeMap<_, _>))| Quantiles {
        service,
        split,
        window_secs,
        by_track: tracks.into_iter().filter_map(of_track).collect(),
        asked: asked.clone(),
    };
    all.into_iter().map(told).collect()
}

/// The cumulative buckets of a row; `None`: not numbers.
fn buckets(row: &Series) -> Option<Vec<Bucket>> {
    let tag = row.label(TAG);
    if let Some(native) = &row.histogram {
        let per_sec = if tag == BUCKET_MS { 1_000.0 } else { 1.0 };
        let mut sum = 0.0;
        let mut all = Vec::with_capacity(native.buckets.len() + 1);
        for (upper, n) in &native.buckets {
            if n.is_nan() || *n < 0.0 || upper.is_nan() {
                return None;
            }
            sum += n;
            all.push(Bucket::new(upper / per_sec, sum));
        }
        let count = Some(native.count).filter(|c| *c >= 0.0)?;
        all.push(Bucket::new(f64::INFINITY, count.max(sum)));
        return Some(all);
    }
    let le = Queries::le_secs(tag, row.label("le"))?;
    let n = row.points.first()?.value.filter(|n| *n >= 0.0)?;
    Some(vec![Bucket::new(le, snap(n))])
}

/// Memory and processor of each service's tracks.
pub fn usage(rows: &[Series], split: Split, asked: &Asked) -> Vec<Usage> {
    let mut all: BTreeMap<ServiceId, BTreeMap<Hash, Used>> = BTreeMap::new();
    for row in rows {
        let (Some(service), Some(value)) = (service(row), row.points.first().and_then(|p| p.value)) else { continue };
        let used = all.entry(service).or_default().entry(Hash::new(row.label(TRACK))).or_default();
        match row.label(TAG) {
            MEMORY => used.memory_bytes = Some(value),
            "memory_per_hour" => used.memory_per_hour = Some(value),
            // No limit is told as none or as zero.
            "memory_limit" => used.memory_limit = Some(value).filter(|v| *v > 0.0),
            "cpu" => used.cpu_cores = Some(value),
            _ => {}
        }
    }
    let told = |(service, by_track): (_, BTreeMap<_, _>)| Usage {
        service,
        split,
        by_track: by_track.into_iter().collect(),
        asked: asked.clone(),
    };
    all.into_iter().map(told).collect()
}

const MEMORY: &str = "memory";

/// Requests by route of each service's tracks.
pub fn mix(rows: &[Series], q: &Queries, window_secs: u32, asked: &Asked) -> Vec<Mix> {
    type Routes = BTreeMap<Hash, Vec<(Arc<str>, f64)>>;
    let mut all: BTreeMap<ServiceId, (Split, Routes)> = BTreeMap::new();
    for row in rows {
        let value = row.points.first().and_then(|p| p.value).filter(|v| *v > 0.0);
        let (Some(service), Some(value)) = (service(row), value) else { continue };
        let (_, tracks) = all.entry(service).or_insert_with(|| (q.split_of(row.label(SPLIT)), BTreeMap::new()));
        tracks.entry(Hash::new(row.label(TRACK))).or_default().push((row.label(ROUTE).into(), snap(value)));
    }
    let sorted = |mut routes: Vec<(Arc<str>, f64)>| {
        routes.sort_by(|a, b| b.1.total_cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
        let rest: f64 = routes.iter().skip(ROUTES).map(|r| r.1).sum();
        if routes.len() > ROUTES {
            routes.truncate(ROUTES);
            routes.push(("other".into(), rest));
        }
        routes
    };
    let told = |(service, (split, tracks)): (ServiceId, (Split, Routes))| Mix {
        service,
        split,
        window_secs,
        by_track: tracks.into_iter().map(|(hash, routes)| (hash, sorted(routes))).collect(),
        asked: asked.clone(),
    };
    all.into_iter().map(told).collect()
}

/// Failure rate, request rate and error ratios, of a range's rows.
pub fn ratios(rows: &[Series], into: &mut Courses) {
    type Counts = (Option<Option<f64>>, Option<Option<f64>>);
    let mut all: BTreeMap<(ServiceId, u32, i64), Counts> = BTreeMap::new();
    for row in rows {
        let (Some(service), Ok(window)) = (service(row), row.label(WINDOW).parse()) else { continue };
        for p in &row.points {
            let counts = all.entry((service.clone(), window, p.at.div_euclid(1000))).or_default();
            let value = p.value.filter(|v| *v >= 0.0).map(snap);
            match row.label(TAG) {
                TOTAL => counts.0 = Some(value),
                FAILED => counts.1 = Some(value),
                _ => {}
            }
        }
    }
    for ((service, window, at), (total, failed)) in all {
        let Some(total) = total.flatten() else { continue };
        // No series of failures is no failure; one that is no number is a hole.
        let failed = failed.unwrap_or(Some(0.0)).unwrap_or(f64::NAN);
        // Zero of zero is no ratio.
        let ratio = if total > 0.0 && !failed.is_nan() { (failed / total).min(1.0) } else { f64::NAN };
        match window {
            60 => {
                into.note(&service, TrendOf::FailureRate, at, ratio);
                into.note(&service, TrendOf::Rate, at, total / 60.0);
            }
            300 => into.note(&service, TrendOf::ErrorsShort, at, ratio),
            3_600 => into.note(&service, TrendOf::ErrorsLong, at, ratio),
            _ => {}
        }
    }
}

/// The 99th percentile of a range's rows.
pub fn p99(rows: &[Series], into: &mut Courses) {
    for row in rows {
        let Some(service) = service(row) else { continue };
        let per_sec = if row.label(TAG) == BUCKET_MS { 1_000.0 } else { 1.0 };
        for p in &row.points {
            into.note(&service, TrendOf::P99, p.at.div_euclid(1000), p.value.map_or(f64::NAN, |v| v / per_sec));
        }
    }
}

/// Bytes of memory of a range's rows.
pub fn memory(rows: &[Series], into: &mut Courses) {
    for row in rows.iter().filter(|r| r.label(TAG) == MEMORY) {
        let Some(service) = service(row) else { continue };
        for p in &row.points {
            into.note(&service, TrendOf::Memory, p.at.div_euclid(1000), p.value.unwrap_or(f64::NAN));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::queries::{BUCKET, SERVICE_LABEL as SERVICE};
    use super::super::wire::{Histogram, Point};
    use super::*;
    use crate::core::time::Utc;

    fn row(labels: &[(&'static str, &str)], value: Option<f64>) -> Series {
        let own = |(k, v): &(&'static str, &str)| ((*k).into(), (*v).to_owned());
        let points = vec![Point { at: 1_795_230_000_000, value }];
        Series { labels: labels.iter().map(own).collect(), points, histogram: None }
    }

    fn asked() -> Asked {
        Asked { query: "q".into(), at: Utc(0), sample: None }
    }

    fn bucket(track: &str, le: &str, n: Option<f64>) -> Series {
        row(&[(SERVICE, "shop"), (TRACK, track), (TAG, BUCKET), ("le", le)], n)
    }

    #[test]
    fn percentiles_come_with_what_they_surely_lie_between() {
        // The maths page's first histogram: section 7.
        let mut rows: Vec<Series> = [("0.1", 60.0), ("0.25", 90.0), ("0.5", 97.0), ("+Inf", 100.0)]
            .map(|(le, n)| bucket("new", le, Some(n)))
            .to_vec();
        rows.push(bucket("idle", "+Inf", Some(0.0)));
        rows.push(bucket("idle", "0.1", Some(0.0)));
        // One bucket is no number: nothing is said of the track.
        rows.extend([bucket("odd", "0.1", None), bucket("odd", "+Inf", Some(9.0))]);
        let told = quantiles(&rows, &Queries::default(), 300, &asked());
        let [told] = told.as_slice() else { panic!("{told:?}") };
        let names: Vec<&str> = told.by_track.iter().map(|(h, _)| h.as_str()).collect();
        assert_eq!(names, ["idle", "new"]);
        assert!(told.by_track[0].1.iter().all(|q| q.secs.is_none() && q.lo.is_none()));
        let [p50, p95, p99] = told.by_track[1].1.as_slice() else { panic!("three") };
        let close = |a: Option<f64>, b: f64| assert!(a.is_some_and(|a| (a - b).abs() < 1e-6), "{a:?} is not {b}");
        close(p50.secs, 0.083_333_3);
        close(p95.secs, 0.428_571_4);
        // Beyond the last bound: over half a second is all that is known.
        assert_eq!((p99.secs, p99.hi), (None, None));
        assert!(p95.lo.is_some_and(|lo| lo >= 0.1) && p95.lo < p95.secs);
    }

    #[test]
    fn native_buckets_are_summed_up_and_milliseconds_are_seconds() {
        let mut native = row(&[(SERVICE, "shop"), (TRACK, "n"), (TAG, BUCKET)], None);
        native.points.clear();
        native.histogram = Some(Histogram { count: 100.0, buckets: vec![(0.1, 60.0), (0.25, 30.0), (0.5, 10.0)] });
        let in_ms = |le: &str, n| row(&[(SERVICE, "shop"), (TRACK, "ms"), (TAG, BUCKET_MS), ("le", le)], Some(n));
        let rows = [native, in_ms("100", 60.0), in_ms("250", 90.0), in_ms("500", 100.0), in_ms("+Inf", 100.0)];
        let told = quantiles(&rows, &Queries::default(), 300, &asked());
        assert_eq!(told[0].by_track[0].1, told[0].by_track[1].1);
        assert!(told[0].by_track[0].1[0].secs.is_some());
    }

    #[test]
    fn a_recorded_native_histogram_gives_percentiles_within_its_own_buckets() {
        let json = include_bytes!("fixtures/query_vector_native_histogram.json");
        let Ok(super::super::wire::Said::Data { data: super::super::wire::Data::Vector(mut rows), .. }) =
            super::super::wire::query(json)
        else {
            panic!("vector")
        };
        for r in &mut rows {
            r.labels.push((SERVICE.into(), "prom".to_owned()));
        }
        let told = quantiles(&rows[..1], &Queries::default(), 300, &asked());
        let p50 = told[0].by_track[0].1[0];
        assert!(p50.secs.is_some_and(|s| s > 5e-5 && s < 1e-2), "{p50:?}");
    }

    #[test]
    fn usage_is_told_by_track_and_no_limit_is_none() {
        let one = |tag: &str, v: f64| row(&[(SERVICE, "shop"), (TRACK, "a"), (TAG, tag)], Some(v));
        let rows = [
            one("memory", 3e8),
            one("memory_per_hour", -2e6),
            one("memory_limit", 0.0),
            one("cpu", 0.25),
            one("?", 1.0),
        ];
        let told = usage(&rows, Split::Hash, &asked());
        let used =
            Used { memory_bytes: Some(3e8), memory_per_hour: Some(-2e6), memory_limit: None, cpu_cores: Some(0.25) };
        assert_eq!(told[0].by_track, [(Hash::new("a"), used)]);
    }

    #[test]
    fn routes_are_sorted_and_the_long_tail_is_one() {
        let one =
            |route: &str, v: f64| row(&[(SERVICE, "shop"), (TRACK, "a"), (ROUTE, route), (TAG, "total")], Some(v));
        let rows: Vec<Series> = (0..25).map(|i| one(&format!("/r{i:02}"), f64::from(i))).collect();
        let told = mix(&rows, &Queries::default(), 900, &asked());
        let routes = &told[0].by_track[0].1;
        assert_eq!(routes.len(), 21);
        assert_eq!((&*routes[0].0, routes[0].1), ("/r24", 24.0));
        // 1 + 2 + 3 + 4; the route without requests is none.
        assert_eq!((&*routes[20].0, routes[20].1), ("other", 10.0));
    }

    #[test]
    fn a_course_has_no_ratio_without_traffic_and_no_hole_without_failures() {
        let one =
            |service: &str, tag: &str, w: &str, v: Option<f64>| row(&[(SERVICE, service), (TAG, tag), (WINDOW, w)], v);
        let rows = [
            one("fine", "total", "60", Some(600.0)),
            one("bad", "total", "60", Some(600.0)),
            one("bad", "failed", "60", Some(6.0)),
            one("bad", "total", "3600", Some(9_000.0)),
            one("bad", "failed", "3600", Some(9.0)),
            one("idle", "total", "60", Some(0.0)),
            one("odd", "total", "60", Some(600.0)),
            one("odd", "failed", "60", None),
        ];
        let mut c = Courses::default();
        ratios(&rows, &mut c);
        let at = |s: &str, of| c.at(&ServiceId::new(s), of, 1_795_230_000);
        assert_eq!((at("fine", TrendOf::FailureRate), at("fine", TrendOf::Rate)), (Some(0.0), Some(10.0)));
        assert_eq!((at("bad", TrendOf::FailureRate), at("bad", TrendOf::ErrorsLong)), (Some(0.01), Some(0.001)));
        assert_eq!((at("idle", TrendOf::FailureRate), at("idle", TrendOf::Rate)), (None, Some(0.0)));
        assert_eq!((at("odd", TrendOf::FailureRate), at("odd", TrendOf::Rate)), (None, Some(10.0)));
    }

    #[test]
    fn an_answer_with_too_many_rows_names_the_label_that_makes_them() {
        let rows: Vec<Series> =
            (0..=MOST_ROWS).map(|i| row(&[(SERVICE, "shop"), (ROUTE, &format!("/cart/{i}"))], Some(1.0))).collect();
        assert_eq!(too_many(&rows), Some((ROUTE, MOST_ROWS + 1)));
        assert_eq!(too_many(&rows[1..]), None);
    }
}
