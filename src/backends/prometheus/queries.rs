//! The PromQL we send: one query for all services per kind of figure, and always counts, never ratios. Pure text.
//!
//! **What a block counts.** With a scrape at most as long as the block, a series' count over (t-15, t] is its last
//! sample before t minus its last sample before t-15. Such counts add up to the counter exactly, for any scrape that
//! runs regularly, also where 15 is no multiple of it; `increase(x[15s+scrape])` would be exact for divisors of 15
//! only (at 2 s it is off by up to a fifteenth). What is left of error:
//! - a count is the traffic between two scrapes, so a block is shifted towards the past by up to one scrape;
//! - what a series counted before its first sample is seen only where it is known to have begun at zero within reach: a
//!   series of the same process, service and track was scraped at the block's beginning and this one was not there (the
//!   first failure of its kind), or the process is younger than that (`process_start_time_seconds`). Without it a new
//!   pod's first scrape, and the first failures of every pod, would be lost, of the candidate alone;
//! - a series born or gone inside the block counts from its first to its last sample there;
//! - a series that was reset inside the block (a process restarted) counts by `increase(x[15s+scrape])`, scaled: exact
//!   where the scrape divides 15, else off by up to a fifteenth; what came between the last scrape and the restart is
//!   not seen.
//!
//! What has neither job nor instance, a team's own query, and windows count without births.
//!
//! With a scrape longer than the block only an estimate is possible: the mean over two scrapes and a block, scaled.
//!
//! Every preset and every signal counts so. A latency block is two such counts, of all requests and of those in the
//! bucket of the bound; a team's own query does where it says `increase(x[$window])`.
//!
//! **What an answer looks like.** Whatever the metrics are called, rows carry `andon_service`, `andon_track` and
//! `andon_q` (`total`, `failed`, `total:300`, ...), and `andon_route` or `le` where they belong. Of several presets a
//! service is told by the first that knows it.

use super::presets;
use super::promql::{SERVICE, join, set, tagged};
use super::recipe::{Counter, Edge, Name, Only, Over, Recipe};
use crate::core::world::figures::{Bound, Signal, Split};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

pub use super::promql::{BLOCK, ROUTE, SERVICE as SERVICE_LABEL, TAG, TRACK};

pub const TOTAL: &str = "total";
pub const FAILED: &str = "failed";
/// Tags of bucket rows whose `le` is in seconds, and in milliseconds.
pub const BUCKET: &str = "bucket";
pub const BUCKET_MS: &str = "bucket:ms";
/// The label with a preset's name, in answers of a survey.
pub const PRESET: &str = "andon_preset";
/// The label with the kind of track (`hash`, `version`, ...), where presets of one source differ in it.
pub const SPLIT: &str = "andon_split";

/// Slower is slow, when nobody says otherwise: a bound that nearly every default histogram has.
pub const THRESHOLD_SECS: f64 = 0.5;

/// How figures are found, as configured; what a survey of the server found is laid beside it.
#[derive(Clone, Debug)]
pub struct Queries {
    recipes: Vec<Recipe>,
    /// Seconds between scrapes, at least 1.
    pub scrape_secs: u32,
    /// Requests slower than this are slow, seconds.
    threshold: f64,
    found: Arc<Mutex<Found>>,
}

/// What a survey found. Clones share it.
#[derive(Debug, Default)]
struct Found {
    /// Which recipes the server has figures for; before a survey, and when it found none, all.
    alive: Option<Vec<bool>>,
    /// The bound of each recipe's histogram. `None`: it has none that fits.
    edges: BTreeMap<usize, Option<Edge>>,
}

impl Default for Queries {
    /// The preset `plain`: what common client libraries count, with the pods' hash label copied by relabelling.
    fn default() -> Queries {
        Queries::of(presets::plain(), 15)
    }
}

impl Queries {
    /// The first that knows a service tells of it.
    pub fn of(recipes: Vec<Recipe>, scrape_secs: u32) -> Queries {
        Queries { recipes, scrape_secs, threshold: THRESHOLD_SECS, found: Arc::default() }
    }

    /// Plain counters of a team's own: selectors, or queries with `$window`; labels of service and version.
    pub fn counters(requests: &str, failures: &str, service: &str, version: &str, scrape_secs: u32) -> Queries {
        let own = Recipe {
            requests: Counter::of(requests),
            failures: Counter::of(failures),
            told_apart: String::new(),
            latency: None,
            route: None,
            service: Name::label(service),
            track: Name::label(version),
            ..presets::own()
        };
        Queries::of(vec![own], scrape_secs)
    }

    /// The preset `plain` with another label for the version.
    pub fn plain_by(version: &str) -> Queries {
        let mut q = Queries::default();
        for recipe in &mut q.recipes {
            recipe.track = Name::label(version);
        }
        q
    }

    /// With another threshold of slowness, in seconds.
    #[must_use]
    pub fn slower_than(self, secs: f64) -> Queries {
        Queries { threshold: secs, ..self }
    }

    pub fn recipes(&self) -> &[Recipe] {
        &self.recipes
    }

    /// Says what is wrong with them before anything is sent.
    ///
    /// # Errors
    /// A sentence that names the setting.
    pub fn check(&self) -> Result<(), String> {
        if self.recipes.is_empty() {
            return Err("names no preset and has no queries".to_owned());
        }
        self.recipes.iter().try_for_each(Recipe::check)?;
        if self.scrape_secs == 0 {
            return Err("queries.scrape_secs must be at least 1".to_owned());
        }
        if !(self.threshold.is_finite() && self.threshold > 0.0) {
            return Err("latency.threshold must be above 0".to_owned());
        }
        Ok(())
    }

    /// Counts of a signal by service and track for `query_range` at block edges with a step of a block; of some services,
    /// or all. `None`: nothing here has that signal.
    pub fn blocks(&self, signal: Signal, only: Only<'_>) -> Option<String> {
        let over = Over::Block { scrape_secs: self.scrape_secs };
        self.joined(|r, edge| {
            let (total, failed) = pair(r, signal, edge, over, true, only)?;
            Some(vec![tagged(&total, TOTAL), tagged(&failed, FAILED)])
        })
    }

    /// Counts of a signal by service over windows (seconds) that end now. Tags are `total:300` and `failed:300`.
    pub fn windows(&self, signal: Signal, windows: &[u32]) -> Option<String> {
        self.joined(|r, edge| {
            let mut parts = Vec::new();
            for w in windows {
                let (total, failed) = pair(r, signal, edge, Over::Secs(*w), false, None)?;
                parts.push(tagged(&total, &format!("{TOTAL}:{w}")));
                parts.push(tagged(&failed, &format!("{FAILED}:{w}")));
            }
            Some(parts)
        })
    }

    /// Failed and all requests by service over a window, for courses: tags `total` and `failed`.
    pub fn ratios(&self, window_secs: u32) -> Option<String> {
        self.joined(|r, _| {
            let (total, failed) = r.errors(Over::Secs(window_secs), false, None);
            Some(vec![tagged(&total, TOTAL), tagged(&failed, FAILED)])
        })
    }

    /// Time of the newest sample of each service, in epoch seconds.
    pub fn newest(&self) -> String {
        self.joined(|r, _| Some(vec![r.newest()])).unwrap_or_default()
    }

    /// Requests by bucket of each track over a window: rows with `le`, tagged [`BUCKET`] or [`BUCKET_MS`]; see
    /// [`Queries::le_secs`].
    pub fn quantiles(&self, window_secs: u32, only: Only<'_>) -> Option<String> {
        self.joined(|r, _| {
            let tag = if r.latency.as_ref()?.per_sec > 1.0 { BUCKET_MS } else { BUCKET };
            Some(vec![tagged(&r.buckets(window_secs, only)?, tag)])
        })
    }

    /// The bound of a bucket row in seconds; `+Inf` is infinite.
    pub fn le_secs(tag: &str, le: &str) -> Option<f64> {
        let value: f64 = le.parse().ok().filter(|v: &f64| !v.is_nan())?;
        Some(if tag == BUCKET_MS { value / 1000.0 } else { value })
    }

    /// Memory and processor by service and track, mean per instance: tags `memory`, `memory_per_hour`, `memory_limit`
    /// (bytes) and `cpu` (cores). Services are named as their workloads are; tracks by [`Queries::usage_split`].
    pub fn usage(&self, only: Only<'_>) -> Option<String> {
        let r = self.alive().into_iter().next()?.1;
        let parts: Vec<String> = r.usage(only).into_iter().map(|(what, q)| tagged(&q, what)).collect();
        Some(join(&parts))
    }

    /// The memory of it alone.
    pub fn memory(&self) -> Option<String> {
        let r = self.alive().into_iter().next()?.1;
        r.usage(None).into_iter().next().map(|(what, q)| tagged(&q, what))
    }

    /// What a track of [`Queries::usage`] is: pods tell their ReplicaSet's hash, or their workload.
    pub fn usage_split(&self) -> Split {
        match self.split() {
            Split::Workload => Split::Workload,
            Split::Hash | Split::Version | Split::Role => Split::Hash,
        }
    }

    /// Requests by route of each track over a window: rows with `andon_route`, tagged `total`.
    pub fn routes(&self, window_secs: u32, only: Only<'_>) -> Option<String> {
        self.joined(|r, _| Some(vec![tagged(&r.routes(window_secs, only)?, TOTAL)]))
    }

    /// What a track is. Where presets differ in it, rows say so in `andon_split`: see [`Queries::split_of`].
    pub fn split(&self) -> Split {
        self.alive().first().map_or_else(Split::default, |(_, r)| r.split)
    }

    /// What a track of a row is, by its label [`SPLIT`] (empty where the source has one kind).
    pub fn split_of(&self, label: &str) -> Split {
        let all = [Split::Hash, Split::Version, Split::Workload, Split::Role];
        all.into_iter().find(|s| split_word(*s) == label).unwrap_or_else(|| self.split())
    }

    /// The bound of slowness that is in use; `None`: no histogram here.
    pub fn bound(&self) -> Option<Bound> {
        let alive = self.alive();
        let found = self.found();
        alive.into_iter().find_map(|(i, r)| {
            let native = r.latency.as_ref()?.native;
            let edge = self.edge(&found, i, r)?;
            let asked = ((edge.secs - self.threshold).abs() > 1e-9).then_some(self.threshold);
            Some(Bound { secs: edge.secs, asked, native })
        })
    }

    /// What a survey asks, once at the start and rarely later: for each preset a row for each service and each thing it
    /// can tell, tagged `requests`, `errors`, `latency`, `correctness`, `split`, `deploy`; `bound` rows carry `le`.
    /// Every preset is asked, also one that was not found before.
    pub fn survey(&self) -> String {
        let mut parts = Vec::new();
        for (i, r) in self.recipes.iter().enumerate() {
            let mut add = |what: &str, rows: &str| {
                parts.push(set(&tagged(rows, what), PRESET, &format!("{}:{i}", r.name)));
            };
            for (what, rows) in r.capabilities() {
                add(what, &rows);
            }
            if let Some(rows) = r.bounds() {
                add("bound", &rows);
            }
        }
        join(&parts)
    }

    /// Rows of services whose pods' memory is known.
    pub fn resources(&self) -> Option<String> {
        let r = self.alive().into_iter().next()?.1;
        let (_, memory) = r.usage(None).into_iter().next()?;
        Some(format!("group by ({SERVICE}) ({memory})"))
    }

    /// Notes which recipes answer, by their number, and the bounds of each, as spelled, with how many services have it.
    pub fn note(&self, alive: &[usize], bounds: &BTreeMap<usize, BTreeMap<String, usize>>) {
        let mut found = self.found();
        let any = !alive.is_empty();
        found.alive = any.then(|| (0..self.recipes.len()).map(|i| alive.contains(&i)).collect());
        for (i, r) in self.recipes.iter().enumerate() {
            let (Some(h), Some(les)) = (&r.latency, bounds.get(&i)) else {
                continue;
            };
            found.edges.insert(i, edge_below(les, self.threshold, h.per_sec));
        }
    }

    /// How the bound in use of recipe `i` is spelled. `None`: it has no buckets, or none that fits.
    pub fn spelled(&self, i: usize) -> Option<Vec<String>> {
        let r = self.recipes.get(i).filter(|r| r.latency.as_ref().is_some_and(|h| !h.native))?;
        Some(self.edge(&self.found(), i, r)?.spelled)
    }

    /// Recipe `i` counts by a native histogram.
    pub fn is_native(&self, i: usize) -> bool {
        self.recipes.get(i).and_then(|r| r.latency.as_ref()).is_some_and(|h| h.native)
    }

    /// Seconds after a block's end until its samples can be expected: a scrape is stamped when it begins and stored
    /// when it ends. Late ones are repaired by asking the last edges again.
    pub fn lag_secs(&self) -> i64 {
        i64::from(self.scrape_secs / 3).max(5)
    }

    fn found(&self) -> MutexGuard<'_, Found> {
        // Every change to it is an assignment: a panic elsewhere leaves it usable.
        self.found.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn alive(&self) -> Vec<(usize, &Recipe)> {
        let marks = self.found().alive.clone();
        let is = |i: usize| marks.as_ref().is_none_or(|m| m.get(i).copied().unwrap_or(true));
        self.recipes.iter().enumerate().filter(|(i, _)| is(*i)).collect()
    }

    fn edge(&self, found: &Found, i: usize, r: &Recipe) -> Option<Edge> {
        let h = r.latency.as_ref()?;
        match found.edges.get(&i) {
            Some(edge) => edge.clone(),
            None => Some(Edge::guess(self.threshold, h.per_sec)),
        }
    }

    /// Parts of all recipes that answer. A later one speaks only of services that no earlier one knows: a service
    /// counted by its mesh and by itself would have every request twice.
    fn joined(&self, parts: impl Fn(&Recipe, Option<&Edge>) -> Option<Vec<String>>) -> Option<String> {
        let alive = self.alive();
        let differ = alive.iter().any(|(_, r)| r.split != self.recipes[alive[0].0].split);
        let mut all = Vec::new();
        let mut earlier: Vec<String> = Vec::new();
        for (i, r) in alive {
            let edge = self.edge(&self.found(), i, r);
            for part in parts(r, edge.as_ref()).unwrap_or_default() {
                let part = if differ { set(&part, SPLIT, split_word(r.split)) } else { part };
                if earlier.is_empty() {
                    all.push(part);
                } else {
                    all.push(format!("({part}\nunless on ({SERVICE}) ({}))", earlier.join(" or ")));
                }
            }
            earlier.push(r.presence());
        }
        (!all.is_empty()).then(|| join(&all))
    }
}

/// All and bad ones of a signal.
fn pair(
    r: &Recipe,
    signal: Signal,
    edge: Option<&Edge>,
    over: Over,
    by_track: bool,
    only: Only<'_>,
) -> Option<(String, String)> {
    match signal {
        Signal::Errors => Some(r.errors(over, by_track, only)),
        Signal::Latency => r.slow(edge?, over, by_track, only),
        Signal::Correctness => r.wrong(over, by_track, only),
    }
}

fn split_word(split: Split) -> &'static str {
    match split {
        Split::Hash => "hash",
        Split::Version => "version",
        Split::Workload => "workload",
        Split::Role => "role",
    }
}

/// The bound to use: of those not above the threshold the one that most services have, the largest of these. More
/// requests then count as slow than were asked for, never fewer.
fn edge_below(les: &BTreeMap<String, usize>, threshold: f64, per_sec: f64) -> Option<Edge> {
    let mut by_value: Vec<(f64, Vec<String>, usize)> = Vec::new();
    for (spelled, services) in les {
        let Some(secs) = spelled.parse::<f64>().ok().filter(|v| v.is_finite() && *v > 0.0).map(|v| v / per_sec) else {
            continue;
        };
        if secs > threshold * (1.0 + 1e-9) {
            continue;
        }
        match by_value.iter_mut().find(|(v, ..)| (*v - secs).abs() <= 1e-9 * secs) {
            Some((_, all, n)) => {
                all.push(spelled.clone());
                *n += services;
            }
            None => by_value.push((secs, vec![spelled.clone()], *services)),
        }
    }
    let best = by_value.into_iter().max_by(|a, b| a.2.cmp(&b.2).then(a.0.total_cmp(&b.0)))?;
    Some(Edge { secs: best.0, spelled: best.1 })
}

/// The last block edge (epoch seconds) that is settled at `now_secs` of the server's clock.
pub fn settled_edge(now_secs: i64, lag_secs: i64) -> i64 {
    now_secs.saturating_sub(lag_secs).div_euclid(BLOCK) * BLOCK
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::id::ServiceId;

    #[test]
    fn one_query_asks_totals_and_failures_of_all_services() {
        let q = Queries::plain_by("hash").blocks(Signal::Errors, None).expect("errors");
        assert_eq!(q.matches("(sum by (hash, service) (").count(), 2);
        assert_eq!(q.matches("sum by (andon_service, andon_track) (").count(), 2);
        assert!(q.contains("\"andon_q\", \"total\""), "{q}");
        assert!(q.contains("or label_replace("), "{q}");
        assert!(q.contains("http_requests_total{code=~\"5..\",service!=\"\"}[31s]"), "{q}");
        let w = Queries::default().windows(Signal::Errors, &[300, 3600]).expect("errors");
        assert_eq!(w.matches("sum by (andon_service) (").count(), 4);
        assert!(w.contains("\"failed:3600\""), "{w}");
        assert_eq!(Queries::default().blocks(Signal::Correctness, None), None);
    }

    #[test]
    fn a_service_name_cannot_leave_its_quotes() {
        let evil = ServiceId::new("a\"} or vector(1) #\\");
        let q = Queries::default().blocks(Signal::Errors, Some(std::slice::from_ref(&evil))).expect("errors");
        assert!(q.contains("service=\"a\\\"} or vector(1) #\\\\\""), "{q}");
        let own = Queries::counters("increase(x{a=\"$service\"}[$window])", "y", "a", "v", 15);
        let q = own.blocks(Signal::Errors, Some(std::slice::from_ref(&evil))).expect("errors");
        assert!(q.contains("{a=~\"a\\\"\\\\} or vector\\\\(1\\\\) #\\\\\\\\\"}"), "{q}");
    }

    #[test]
    fn a_wrong_setting_is_named() {
        assert_eq!(Queries::default().check(), Ok(()));
        let wrong = |q: Queries, word: &str| assert!(q.check().is_err_and(|e| e.contains(word)), "{word}");
        wrong(Queries::plain_by("pod-hash"), "queries.version");
        wrong(Queries::counters("x", "rate(x[5m])", "s", "v", 15), "queries.failures");
        wrong(Queries::counters("x", "x{a=\"b}", "s", "v", 15), "queries.failures");
        wrong(Queries::counters("sum(increase(x[$window]", "x", "s", "v", 15), "does not close");
        wrong(Queries::counters("sum(increase(x[$window])))", "x", "s", "v", 15), "not open");
        wrong(Queries::counters("sum($window)", "x", "s", "v", 15), "must hold a counter");
        wrong(Queries::counters("x", "y", "s", "v", 0), "scrape_secs");
        wrong(Queries::default().slower_than(0.0), "latency.threshold");
        wrong(Queries::of(Vec::new(), 15), "no preset");
    }

    #[test]
    fn a_block_is_asked_for_only_when_its_scrapes_are_in() {
        assert_eq!(settled_edge(1_000_004, 5), 999_990);
        assert_eq!(settled_edge(1_000_010, 5), 1_000_005);
        let mut q = Queries::default();
        assert_eq!(q.lag_secs(), 5);
        q.scrape_secs = 60;
        assert_eq!(q.lag_secs(), 20);
        assert!(q.blocks(Signal::Errors, None).expect("errors").contains("[135s]) * (15 / 135)"));
    }

    #[test]
    fn the_bound_is_the_largest_below_the_threshold_as_the_server_spells_it() {
        let les = |all: &[(&str, usize)]| all.iter().map(|(s, n)| ((*s).to_owned(), *n)).collect::<BTreeMap<_, _>>();
        let edge = edge_below(&les(&[("0.1", 3), ("0.3", 3), ("1.2", 3), ("+Inf", 3)]), 0.5, 1.0).expect("an edge");
        assert_eq!((edge.secs, edge.spelled), (0.3, vec!["0.3".to_owned()]));
        let both = edge_below(&les(&[("1", 2), ("1.0", 1), ("0.5", 3)]), 1.0, 1.0).expect("an edge");
        assert_eq!((both.secs, both.spelled.len()), (1.0, 2));
        let ms = edge_below(&les(&[("400", 1), ("500.0", 1), ("800", 9)]), 0.5, 1000.0).expect("an edge");
        assert_eq!((ms.secs, ms.spelled), (0.5, vec!["500.0".to_owned()]));
        // One service with a finer bound does not take it from the others.
        let most = edge_below(&les(&[("0.25", 9), ("0.5", 1)]), 0.5, 1.0).expect("an edge");
        assert_eq!(most.secs, 0.25);
        assert_eq!(edge_below(&les(&[("1", 1), ("+Inf", 1), ("NaN", 1)]), 0.5, 1.0), None);
    }

    #[test]
    fn what_a_survey_found_narrows_the_queries_and_sets_the_bound() {
        let q = Queries::of([presets::plain(), presets::preset("istio").expect("istio")].concat(), 15);
        let before = q.blocks(Signal::Errors, None).expect("errors");
        assert!(before.contains("istio_requests_total") && before.contains("unless on (andon_service)"), "{before}");
        let bounds = BTreeMap::from([(0, BTreeMap::from([("0.3".to_owned(), 2)]))]);
        q.clone().note(&[0], &bounds);
        let after = q.blocks(Signal::Errors, None).expect("errors");
        assert!(!after.contains("istio") && !after.contains("unless on"), "{after}");
        let latency = q.blocks(Signal::Latency, None).expect("latency");
        assert!(latency.contains("le=~\"0\\\\.3\"") && latency.contains("le=\"+Inf\""), "{latency}");
        assert_eq!(q.bound(), Some(Bound { secs: 0.3, asked: Some(0.5), native: false }));
        assert_eq!(Queries::le_secs(BUCKET_MS, "+Inf"), Some(f64::INFINITY));
        assert_eq!(Queries::le_secs(BUCKET_MS, "500"), Some(0.5));
        assert_eq!(Queries::le_secs(BUCKET, "x"), None);
    }
}
