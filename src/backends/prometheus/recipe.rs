//! How one preset's figures are found, as data: counters, histogram, labels of service, track and route. It writes the
//! parts of the queries that `queries` joins; which presets there are stands in `presets`. Pure text.

use super::name::alternatives;
pub use super::name::{Counter, Name, SAFE};
use super::presets::How;
use super::promql::{
    BLOCK, Born, ROUTE, SERVICE, TRACK, WINDOW, block_of, is_label, literal, parse, quoted, selectors, with_matcher,
};
use crate::core::id::ServiceId;
use crate::core::world::figures::Split;

/// The services asked for; `None`: all.
pub type Only<'a> = Option<&'a [ServiceId]>;

/// A latency histogram.
#[derive(Clone, Debug, PartialEq)]
pub struct Histogram {
    /// Selector of its buckets (`.._bucket`); of a native one, of the histogram itself.
    pub series: String,
    /// Units of `le` in a second: 1 or 1000.
    pub per_sec: f64,
    pub native: bool,
}

/// The bound in use, as the server spells it.
#[derive(Clone, Debug, PartialEq)]
pub struct Edge {
    /// In seconds.
    pub secs: f64,
    /// Spellings of it: `0.5`; `1` and `1.0`.
    pub spelled: Vec<String>,
}

impl Edge {
    /// A bound nobody looked for yet: `per_sec` units in a second.
    pub fn guess(secs: f64, per_sec: f64) -> Edge {
        let value = secs * per_sec;
        let mut spelled = vec![value.to_string()];
        if (value - value.round()).abs() < 1e-9 {
            spelled.push(format!("{value:.1}"));
        }
        Edge { secs, spelled }
    }

    fn matcher(&self) -> String {
        let all: Vec<String> = self.spelled.iter().map(|s| literal(s)).collect();
        format!("le=~\"{}\"", quoted(&all.join("|")))
    }
}

/// Pods of the services, for memory and processor (cAdvisor and kube-state-metrics).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pods {
    /// A track is a ReplicaSet.
    Hashes,
    /// A track is a workload.
    Workloads,
}

/// One way to find figures.
#[derive(Clone, Debug, PartialEq)]
pub struct Recipe {
    /// The preset's name.
    pub name: &'static str,
    pub requests: Counter,
    pub failures: Counter,
    /// Matcher that holds of requests whose failures could be told: `code!=""`. Empty: of all.
    pub told_apart: String,
    pub latency: Option<Histogram>,
    /// Answers that were checked, and the wrong ones among them.
    pub correctness: Option<(Counter, Counter)>,
    pub service: Name,
    pub track: Name,
    pub split: Split,
    /// Label of the namespace, for `namespaces = [..]`; empty: it stands in the service's name.
    pub namespace: &'static str,
    /// Labels of the pod, the workload and the version, for another split than the preset's own.
    pub pod: &'static str,
    pub workload: &'static str,
    pub version: &'static str,
    /// Label that tells which deploy a series belongs to. Empty: the track's own does.
    pub deploy: String,
    pub route: Option<&'static str>,
    /// Matchers laid on everything.
    pub matching: String,
    pub namespaces: Vec<String>,
}

/// What a part of a query counts over.
#[derive(Clone, Copy, Debug)]
pub enum Over {
    /// The block that ends at the evaluation.
    Block { scrape_secs: u32 },
    /// So many seconds up to the evaluation.
    Secs(u32),
}

impl Over {
    /// Counts of a selector.
    fn of(self, x: &str, born: &Born<'_>) -> String {
        match self {
            Over::Block { scrape_secs } => block_of(x, scrape_secs, Some(born)),
            Over::Secs(w) => format!("increase({x}[{w}s])"),
        }
    }
}

impl Recipe {
    /// # Errors
    /// What is wrong, with the setting's name.
    pub fn check(&self) -> Result<(), String> {
        let mut counters = vec![("requests", &self.requests), ("failures", &self.failures)];
        if let Some((checked, wrong)) = &self.correctness {
            counters.extend([("correctness.requests", checked), ("correctness.failures", wrong)]);
        }
        for (what, counter) in counters {
            counter.check().map_err(|why| format!("queries.{what} {why}"))?;
        }
        if let Some(h) = &self.latency {
            parse(&h.series).map_err(|why| format!("latency.histogram {why}"))?;
        }
        for (what, label) in [("service", &self.service.label), ("version", &self.track.label)] {
            if !is_label(label) {
                return Err(format!("queries.{what} is not a label name"));
            }
        }
        parse(&format!("x{{{}}}", self.matching)).map(|_| ()).map_err(|why| format!("match {why}"))
    }

    /// Matchers of a service, or of all, with those of the settings.
    fn matchers(&self, only: Only<'_>) -> String {
        let mut all = vec![self.service.matcher(only)];
        if !self.namespaces.is_empty() && !self.namespace.is_empty() {
            let names: Vec<String> = self.namespaces.iter().map(|n| literal(n)).collect();
            all.push(format!("{}=~\"{}\"", self.namespace, quoted(&names.join("|"))));
        }
        if !self.matching.is_empty() {
            all.push(self.matching.clone());
        }
        all.join(",")
    }

    fn narrowed(&self, selector: &str, only: Only<'_>) -> String {
        with_matcher(selector, &self.matchers(only))
    }

    /// A counter's counts, with the labels it has on the server.
    fn counts(&self, counter: &Counter, over: Over, only: Only<'_>) -> String {
        match counter {
            Counter::Series(s) => {
                // Any series of the requests tells that its process was scraped; failures begin late.
                let siblings = self.series(only);
                over.of(&self.narrowed(s, only), &self.born(&siblings))
            }
            Counter::Own(q) => {
                let service = only.map_or(".+".to_owned(), |all| quoted(&alternatives(all)));
                let q = q.replace("=\"$service\"", "=~\"$service\"").replace("=\"$track\"", "=~\"$track\"");
                let q = self.own(&q, over);
                format!("({})", q.replace("$service", &service).replace("$track", ".*"))
            }
        }
    }

    fn born<'a>(&'a self, siblings: &'a str) -> Born<'a> {
        Born { siblings, service: &self.service.label, track: &self.track.label }
    }

    /// A team's query over a block: `increase(x[$window])` has the exact form there; anything else is scaled from a block
    /// and a scrape.
    fn own(&self, q: &str, over: Over) -> String {
        let scrape = match over {
            Over::Secs(w) => return q.replace(WINDOW, &format!("{w}s")),
            Over::Block { scrape_secs } => scrape_secs,
        };
        let mut out = q.to_owned();
        for (_, x) in selectors(q) {
            out = out.replace(&format!("increase({x}[{WINDOW}])"), &block_of(x, scrape, None));
        }
        if !out.contains(WINDOW) {
            return out;
        }
        let wide = if i64::from(scrape) > BLOCK { 2 * i64::from(scrape) + BLOCK } else { BLOCK + i64::from(scrape) };
        format!("({}) * ({BLOCK} / {wide})", q.replace(WINDOW, &format!("{wide}s")))
    }

    /// Rows summed by service, and by track and more where asked, under our labels.
    fn named(&self, counts: &str, by_track: bool, more: &[(&str, &str)]) -> String {
        let mut raw = vec![self.service.label.as_str()];
        let mut ours = vec![SERVICE];
        if by_track {
            raw.push(&self.track.label);
            ours.push(TRACK);
        }
        for (theirs, our) in more {
            raw.push(theirs);
            ours.push(our);
        }
        raw.sort_unstable();
        raw.dedup();
        let mut rows = self.service.put(&format!("sum by ({}) ({counts})", raw.join(", ")), SERVICE);
        if by_track {
            rows = self.track.put(&rows, TRACK);
        }
        for (theirs, our) in more.iter().filter(|(theirs, our)| theirs != our) {
            rows = Name::label(theirs).put(&rows, our);
        }
        format!("sum by ({}) ({rows})", ours.join(", "))
    }

    /// All and failed requests.
    pub fn errors(&self, over: Over, by_track: bool, only: Only<'_>) -> (String, String) {
        self.pair(&self.classified(), &self.failures, over, by_track, only)
    }

    /// Requests of which it is known whether they failed: one that nobody classified would count as right.
    fn classified(&self) -> Counter {
        match &self.requests {
            Counter::Series(s) => Counter::Series(with_matcher(s, &self.told_apart)),
            Counter::Own(q) => Counter::Own(q.clone()),
        }
    }

    /// Checked and wrong answers.
    pub fn wrong(&self, over: Over, by_track: bool, only: Only<'_>) -> Option<(String, String)> {
        let (checked, wrong) = self.correctness.as_ref()?;
        Some(self.pair(checked, wrong, over, by_track, only))
    }

    fn pair(&self, all: &Counter, bad: &Counter, over: Over, by_track: bool, only: Only<'_>) -> (String, String) {
        let of = |c: &Counter| self.named(&self.counts(c, over, only), by_track, &[]);
        (of(all), of(bad))
    }

    /// All requests, and those slower than `edge`. A track without that very bucket has neither: no data, not fast.
    pub fn slow(&self, edge: &Edge, over: Over, by_track: bool, only: Only<'_>) -> Option<(String, String)> {
        let h = self.latency.as_ref()?;
        if h.native {
            let raw = match over {
                Over::Secs(w) => format!("increase({}[{w}s])", self.narrowed(&h.series, only)),
                Over::Block { scrape_secs } => {
                    let wide = BLOCK + i64::from(scrape_secs.max(1));
                    format!("increase({}[{wide}s]) * ({BLOCK} / {wide})", self.narrowed(&h.series, only))
                }
            };
            let all = self.named(&raw, by_track, &[]);
            let bound = edge.secs * h.per_sec;
            let slow = format!(
                "(histogram_count({all}) * (1 - histogram_fraction(0, {bound}, {all})) >= 0 or histogram_count({all}) == 0)"
            );
            return Some((format!("histogram_count({all})"), slow));
        }
        let siblings = with_matcher(&self.narrowed(&h.series, only), "le=\"+Inf\"");
        let of = |matcher: &str| {
            let x = with_matcher(&self.narrowed(&h.series, only), matcher);
            self.named(&over.of(&x, &self.born(&siblings)), by_track, &[])
        };
        let (all, fast) = (of("le=\"+Inf\""), of(&edge.matcher()));
        Some((format!("({all}\nand {fast})"), format!("clamp_min({all}\n- {fast}, 0)")))
    }

    /// Requests of each bucket, by `le` as the server spells it.
    pub fn buckets(&self, window_secs: u32, only: Only<'_>) -> Option<String> {
        let h = self.latency.as_ref().filter(|h| !h.native)?;
        let x = self.narrowed(&h.series, only);
        Some(self.named(&format!("increase({x}[{window_secs}s])"), true, &[("le", "le")]))
    }

    pub fn routes(&self, window_secs: u32, only: Only<'_>) -> Option<String> {
        let counts = self.counts(&self.requests, Over::Secs(window_secs), only);
        Some(self.named(&counts, true, &[(self.route?, ROUTE)]))
    }

    /// A selector of the requests' series, also of a team's own query.
    fn series(&self, only: Only<'_>) -> String {
        match &self.requests {
            Counter::Series(s) => self.narrowed(s, only),
            Counter::Own(q) => {
                let service = only.map_or(".+".to_owned(), |all| quoted(&alternatives(all)));
                let x = selectors(q).first().map_or("", |(_, x)| x);
                let x = x.replace("=\"$service\"", "=~\"$service\"").replace("=\"$track\"", "=~\"$track\"");
                let x = x.replace("$service", &service).replace("$track", ".*");
                self.narrowed(&x, only)
            }
        }
    }

    /// Time of the newest sample of each service, epoch seconds. `timestamp` is right on a bare selector only.
    pub fn newest(&self) -> String {
        let label = &self.service.label;
        let rows = format!("max by ({label}) (timestamp({}))", self.series(None));
        format!("max by ({SERVICE}) ({})", self.service.put(&rows, SERVICE))
    }

    /// One row for each service that this recipe can judge.
    pub fn presence(&self) -> String {
        self.services_with(&with_matcher(&self.series(None), &self.told_apart))
    }

    /// One row for each service with a series of `selector`.
    pub fn services_with(&self, selector: &str) -> String {
        let rows = format!("group by ({}) ({selector})", self.service.label);
        format!("group by ({SERVICE}) ({})", self.service.put(&rows, SERVICE))
    }

    /// Tells tracks in another way than the preset does.
    ///
    /// # Errors
    /// A sentence: the preset has no such label.
    pub fn split_by(&mut self, how: &How) -> Result<(), String> {
        let name = self.name;
        let need = |label: &'static str, what: &str| {
            if label.is_empty() { Err(format!("preset {name} knows no {what}")) } else { Ok(label) }
        };
        (self.track, self.split) = match how {
            How::Pod => (Name::hash_in_pod(need(self.pod, "pod")?), Split::Hash),
            How::Workload => (Name::label(need(self.workload, "workload")?), Split::Workload),
            How::Version => (Name::label(need(self.version, "version")?), Split::Version),
            How::Label(label, split) => (Name::label(label), *split),
        };
        Ok(())
    }

    /// Only these namespaces.
    pub fn within(&mut self, namespaces: &[String]) {
        self.namespaces = namespaces.to_vec();
        let names: Vec<String> = namespaces.iter().map(|n| literal(n)).collect();
        let prefix = match (self.namespace.is_empty(), names.as_slice()) {
            (true, [_, ..]) => format!("(?:{})[-_]", names.join("|")),
            (true | false, _) => String::new(),
        };
        self.service.pattern = self.service.pattern.replace("{ns}", &prefix);
    }

    /// What a survey asks: (what it would prove, query with a row for each service that has it).
    pub fn capabilities(&self) -> Vec<(&'static str, String)> {
        let requests = self.series(None);
        let with = |matcher: &str| self.services_with(&with_matcher(&requests, matcher));
        let mut all = vec![("requests", self.services_with(&requests))];
        let failures = match (&self.failures, self.told_apart.is_empty()) {
            (_, false) => with(&self.told_apart),
            (Counter::Series(s), true) => self.services_with(&self.narrowed(s, None)),
            (Counter::Own(_), true) => self.presence(),
        };
        all.push(("errors", failures));
        if let Some(h) = &self.latency {
            all.push(("latency", self.services_with(&self.narrowed(&h.series, None))));
        }
        if let Some((Counter::Series(s), _)) = &self.correctness {
            all.push(("correctness", self.services_with(&self.narrowed(s, None))));
        }
        // A label that is there on every series and matches its pattern.
        let part = format!("{}!=\"\",{0}=~\"{}\"", self.track.label, quoted(&self.track.pattern));
        // Roles are told of each request; that there is no canary just now is no gap.
        let split = if self.track.otherwise.is_empty() { with(&part) } else { self.services_with(&requests) };
        all.push(("split", split));
        // A role says nothing of a deploy: canary is whatever is canary now.
        if !self.deploy.is_empty() {
            all.push(("deploy", with(&format!("{}!=\"\"", self.deploy))));
        } else if matches!(self.split, Split::Hash | Split::Version) {
            all.push(("deploy", with(&part)));
        }
        all
    }

    /// The bounds of its histogram: rows by service and `le`.
    pub fn bounds(&self) -> Option<String> {
        let h = self.latency.as_ref().filter(|h| !h.native)?;
        let x = self.narrowed(&h.series, None);
        let rows = format!("group by ({}, le) ({x})", self.service.label);
        Some(format!("group by ({SERVICE}, le) ({})", self.service.put(&rows, SERVICE)))
    }

    fn pods(&self) -> Pods {
        match self.split {
            Split::Workload => Pods::Workloads,
            Split::Hash | Split::Version | Split::Role => Pods::Hashes,
        }
    }

    /// Memory and processor by service and track, mean per pod: (what, query). Services are workloads' names there.
    pub fn usage(&self, only: Only<'_>) -> Vec<(&'static str, String)> {
        let mut matchers = "container!=\"\",container!=\"POD\",pod!=\"\"".to_owned();
        if only.is_some() && self.pods() == Pods::Hashes {
            matchers.push_str(&format!(",{}", Name::workload_in_pod("pod").matcher(only)));
        }
        if !self.namespaces.is_empty() {
            let names: Vec<String> = self.namespaces.iter().map(|n| literal(n)).collect();
            matchers.push_str(&format!(",namespace=~\"{}\"", quoted(&names.join("|"))));
        }
        let memory = format!("container_memory_working_set_bytes{{{matchers}}}");
        let limit = format!("kube_pod_container_resource_limits{{resource=\"memory\",{matchers}}}");
        let cpu = format!("container_cpu_usage_seconds_total{{{matchers}}}");
        vec![
            ("memory", self.per_pod(&memory)),
            ("memory_per_hour", self.per_pod(&format!("deriv({memory}[30m]) * 3600"))),
            ("memory_limit", self.per_pod(&limit)),
            ("cpu", self.per_pod(&format!("rate({cpu}[5m])"))),
        ]
    }

    fn per_pod(&self, x: &str) -> String {
        let (service, track) = match self.pods() {
            Pods::Hashes => (Name::workload_in_pod("pod"), Name::hash_in_pod("pod")),
            Pods::Workloads => {
                let tail = format!("-{SAFE}{{1,10}}-{SAFE}{{5}}");
                let service = Name::part("pod", &format!("(.+?)(?:-primary|-canary)?(?:{tail})?"), "");
                (service, Name::part("pod", &format!("(.+?)(?:{tail})?"), ""))
            }
        };
        let rows = track.put(&service.put(&format!("sum by (namespace, pod) ({x})"), SERVICE), TRACK);
        format!("avg by ({SERVICE}, {TRACK}) ({rows})")
    }
}
