//! Each preset before a real Prometheus that scrapes that product's own exposition: counts of every track, slow requests
//! and bounds equal the truth; the survey, the targets of recording rules, and `andon doctor` on that server.
//!
//! The files of `exposition/` are what the products serve; the number after a series is what it grows by at each scrape
//! (one a second). Runs with `ANDON_LIVE=1`, with `prometheus` from PATH, in about 50 s.

use crate::home::Home;
use crate::own_server::{Kind, Server};
use andon::backends::net::Budget;
use andon::backends::prometheus::presets::{self, NAMES};
use andon::backends::prometheus::{Prometheus, Queries, Settings};
use andon::backends::{Cx, Lane};
use andon::core::id::SourceId;
use andon::core::time::Utc;
use andon::core::world::figures::{Signal, Split};
use andon::testkit::fake_http::{Answer, FakeHttp, Seen};
use serde_json::Value;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

const CX: Cx = Cx { deadline: Duration::from_secs(10), lane: Lane::Refresh };

/// What a preset must find: service, what a track is, (track, requests, failed, slow) a second, the bound in seconds.
struct Truth {
    preset: &'static str,
    service: &'static str,
    split: Split,
    tracks: [(&'static str, f64, f64, f64); 2],
    bound: f64,
}

const HASHES: [&str; 2] = ["5f7b9d6c84", "7c6d5b4z9k"];

const fn of(preset: &'static str, service: &'static str, split: Split, names: [&'static str; 2], bound: f64) -> Truth {
    let tracks = [(names[0], 38.0, 2.0, 1.0), (names[1], 4.0, 1.0, 2.0)];
    Truth { preset, service, split, tracks, bound }
}

const TRUTH: [Truth; 10] = [
    of("istio", "checkout", Split::Hash, HASHES, 0.5),
    of("linkerd", "checkout", Split::Hash, HASHES, 0.5),
    of("envoy", "shop_checkout", Split::Role, ["primary", "canary"], 0.5),
    of("ingress-nginx", "checkout", Split::Role, ["stable", "canary"], 0.5),
    of("traefik", "shop-checkout", Split::Role, ["primary", "canary"], 0.3),
    of("otel-http", "checkout", Split::Version, ["1.41.0", "1.42.0"], 0.5),
    of("otel-rpc", "checkout", Split::Version, ["1.41.0", "1.42.0"], 0.5),
    of("spanmetrics", "checkout", Split::Version, ["1.41.0", "1.42.0"], 0.4),
    of("grpc", "checkout", Split::Hash, HASHES, 0.5),
    of("plain", "checkout", Split::Hash, HASHES, 0.5),
];

/// Recording rules as Sloth and Pyrra (with generic rules) write them.
const RULES: &str = r#"groups:
- name: sloth-slo-meta-recordings-checkout-requests-availability
  interval: 1s
  rules:
  - {record: "slo:objective:ratio", expr: "vector(0.999)", labels: {sloth_id: checkout-requests-availability, sloth_service: checkout, sloth_slo: requests-availability}}
  - {record: "slo:time_period:days", expr: "vector(28)", labels: {sloth_id: checkout-requests-availability, sloth_service: checkout, sloth_slo: requests-availability}}
  - {record: sloth_slo_info, expr: "vector(1)", labels: {sloth_id: checkout-requests-availability, sloth_service: checkout, sloth_slo: requests-availability, sloth_objective: "99.9", sloth_spec: prometheus/v1, sloth_mode: cli-gen-prom}}
- name: search-latency-generic
  interval: 1s
  rules:
  - {record: pyrra_objective, expr: "vector(0.95)", labels: {slo: search-latency}}
  - {record: pyrra_window, expr: "vector(1209600)", labels: {slo: search-latency}}
- name: search-latency
  interval: 1s
  rules:
  - {record: "http_request_duration_seconds:burnrate5m", expr: "vector(0.02)", labels: {slo: search-latency}}
"#;

fn exposition(preset: &str) -> String {
    let file = format!("{}/tests/it/exposition/{preset}.prom", env!("CARGO_MANIFEST_DIR"));
    std::fs::read_to_string(&file).unwrap_or_else(|e| panic!("{file}: {e}"))
}

/// What the product serves at its n-th scrape.
fn at(text: &str, n: u64) -> String {
    let grown = |line: &str| match line.rsplit_once(' ') {
        Some((series, by)) if !line.starts_with('#') => {
            let by: f64 = by.parse().expect("a number");
            format!("{series} {}\n", 1_000.0 + by * n as f64)
        }
        _ => format!("{line}\n"),
    };
    text.lines().map(grown).collect()
}

fn start_prometheus(target: &str) -> Server {
    let mut config =
        String::from("global: { scrape_interval: 1s, scrape_timeout: 1s }\nrule_files: [rules.yml]\nscrape_configs:\n");
    for name in NAMES {
        config.push_str(&format!(
            "- {{ job_name: {name}, honor_labels: true, metrics_path: /{name}, static_configs: [{{ targets: ['{target}'] }}] }}\n"
        ));
    }
    Server::start(Kind::Prometheus, &config, &[("rules.yml", RULES)])
}

fn now_secs() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970");
    i64::try_from(since.as_secs()).expect("in this age")
}

/// Rows of an instant query at a second: labels and value.
async fn rows(url: &str, query: &str, time: i64) -> Vec<(BTreeMap<String, String>, f64)> {
    let form = [("query", query.to_owned()), ("time", time.to_string())];
    let asked = reqwest::Client::new().post(format!("{url}/api/v1/query")).form(&form).send().await.expect("answers");
    let text = asked.text().await.expect("a body");
    let v: Value = serde_json::from_str(&text).unwrap_or_else(|e| panic!("{e}: {text}"));
    assert_eq!(v["status"], "success", "{query}: {text}");
    let of = |row: &Value| {
        let labels = row["metric"].as_object().expect("labels").iter();
        let labels = labels.map(|(k, v)| (k.clone(), v.as_str().unwrap_or("").to_owned())).collect();
        (labels, row["value"][1].as_str().and_then(|v| v.parse().ok()).expect("a number"))
    };
    v["data"]["result"].as_array().expect("rows").iter().map(of).collect()
}

fn settings(url: &str, queries: Queries) -> Settings {
    Settings { queries, ..Settings::of(&SourceId::new("metrics"), url) }
}

fn source(url: &str, queries: Queries) -> Prometheus {
    let clock = Arc::new(|| Utc(now_secs() * 1000));
    Prometheus::new(settings(url, queries), Budget::new(6_000), clock).expect("settings")
}

#[test]
fn every_preset_finds_the_truth_on_a_real_prometheus() {
    if std::env::var_os("ANDON_LIVE").is_none_or(|v| v != "1") {
        println!("skipped: set ANDON_LIVE=1 to try the presets on a real Prometheus");
        return;
    }
    rustls::crypto::ring::default_provider().install_default().ok();
    tokio::runtime::Runtime::new().expect("runtime").block_on(measure());
}

async fn measure() {
    let texts: BTreeMap<String, String> = NAMES.iter().map(|n| (format!("/{n}"), exposition(n))).collect();
    let scrapes = Arc::new(Mutex::new(BTreeMap::<String, u64>::new()));
    let counted = scrapes.clone();
    let products = FakeHttp::start(move |seen: &Seen| {
        let Some(text) = texts.get(&seen.path) else { return Answer::status(404, "") };
        let mut all = counted.lock().unwrap_or_else(PoisonError::into_inner);
        let n = all.entry(seen.path.clone()).or_default();
        *n += 1;
        Answer::new(200, "text/plain; version=0.0.4", at(text, *n))
    })
    .await;
    let server = start_prometheus(products.url().trim_start_matches("http://"));
    let due = Instant::now() + Duration::from_secs(120);
    while scrapes.lock().unwrap_or_else(PoisonError::into_inner).values().filter(|n| **n >= 24).count() < NAMES.len() {
        assert!(Instant::now() < due, "not scraped: {scrapes:?}");
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    for truth in TRUTH {
        one(&server.url, &truth).await;
    }
    all_at_once(&server.url).await;
    targets(&server.url).await;
    doctor(&server.url);
}

/// Blocks of errors and latency of each track, routes, buckets and freshness, by one preset.
async fn one(url: &str, truth: &Truth) {
    let preset = truth.preset;
    let q = Queries::of(presets::preset(preset).expect(preset), 1);
    let b = source(url, q.clone());
    let survey = b.survey(&CX).await.unwrap_or_else(|e| panic!("{preset}: {e}"));
    let found = survey.coverage.iter().find(|c| c.service.as_str() == truth.service);
    let found = found.unwrap_or_else(|| panic!("{preset}: {survey:?}"));
    assert_eq!(
        (&*found.preset, found.requests, found.errors, found.latency, found.split),
        (preset, Some(true), Some(true), Some(true), Some(true)),
        "{preset}: {found:?}"
    );
    assert_eq!(found.deploy, Some(truth.split != Split::Role), "{preset}: {found:?}");
    assert_eq!(found.resources, Some(false), "no cadvisor is scraped here");
    assert_eq!(q.split(), truth.split, "{preset}");
    let bound = q.bound().expect(preset);
    assert!((bound.secs - truth.bound).abs() < 1e-9, "{preset}: {bound:?}");
    assert_eq!(bound.asked.is_some(), truth.bound != 0.5, "{preset}: {bound:?}");
    let time = now_secs() - 1;
    for signal in [Signal::Errors, Signal::Latency] {
        let query = q.blocks(signal, None).expect(preset);
        let got = rows(url, &query, time).await;
        for (track, total, failed, slow) in truth.tracks {
            let bad = if signal == Signal::Errors { failed } else { slow };
            for (tag, rate) in [("total", total), ("failed", bad)] {
                let row = got.iter().find(|(l, _)| {
                    l["andon_service"] == truth.service && l["andon_track"] == track && l["andon_q"] == tag
                });
                let value = row.unwrap_or_else(|| panic!("{preset} {signal:?} {track} {tag}: {got:?}")).1;
                // Whole scrapes: fifteen of them, or one more or less where the machine is slow.
                let n = value / rate;
                assert!((n - n.round()).abs() < 1e-6 && (14.0..=16.0).contains(&n), "{preset} {track} {tag}: {value}");
            }
        }
        let of_it = got.iter().filter(|(l, _)| l["andon_service"] == truth.service).count();
        assert_eq!(of_it, 4, "{preset} {signal:?}: nothing is counted that is another's: {got:?}");
        let service = andon::core::id::ServiceId::new(truth.service);
        let alone = rows(url, &q.blocks(signal, Some(std::slice::from_ref(&service))).expect(preset), time).await;
        let count = alone.iter().filter(|(l, _)| l["andon_service"] == truth.service).count();
        assert_eq!(count, 4, "{preset} {signal:?} of one service: {alone:?}");
        // The same over a window, of the service as a whole.
        let window = rows(url, &q.windows(signal, &[15]).expect(preset), time).await;
        let of = |tag: &str| window.iter().find(|(l, _)| l["andon_service"] == truth.service && l["andon_q"] == tag);
        let (total, failed) = (of("total:15").expect(preset).1, of("failed:15").expect(preset).1);
        let share = 3.0 / 42.0;
        assert!((failed / total - share).abs() < 1e-6, "{preset} {signal:?}: {failed} of {total}");
    }
    let buckets = rows(url, &q.quantiles(15, None).expect(preset), time).await;
    let infinite = buckets.iter().filter(|(l, _)| l["andon_service"] == truth.service && l["le"] == "+Inf");
    assert_eq!(infinite.count(), 2, "{preset}: {buckets:?}");
    let newest = rows(url, &q.newest(), time).await;
    let row = newest.iter().find(|(l, _)| l["andon_service"] == truth.service).expect(preset);
    assert!((0.0..3.0).contains(&(time as f64 - row.1)), "{preset}: {row:?}");
    if let Some(query) = q.routes(15, None) {
        let routes = rows(url, &query, time).await;
        assert!(
            routes.iter().any(|(l, _)| l["andon_service"] == truth.service && !l["andon_route"].is_empty()),
            "{preset}"
        );
    }
    if let Some(query) = q.usage(None) {
        rows(url, &query, time).await;
    }
}

/// `auto`: every service once, told by the first preset that knows it, and no request twice.
async fn all_at_once(url: &str) {
    let q = Queries::of(presets::preset("auto").expect("all"), 1);
    let before = q.blocks(Signal::Errors, None).expect("errors").len();
    let survey = source(url, q.clone()).survey(&CX).await.expect("survey");
    let told: BTreeMap<&str, &str> = survey.coverage.iter().map(|c| (c.service.as_str(), &*c.preset)).collect();
    assert_eq!(told["checkout"], "istio", "{told:?}");
    assert_eq!(told["search"], "otel-http", "{told:?}");
    assert_eq!((told["shop-checkout"], told["shop_checkout"]), ("traefik", "envoy"), "{told:?}");
    let lost = survey.coverage.iter().find(|c| c.service.as_str() == "nobody-classified").expect("seen");
    assert_eq!(lost.missing(), ["errors", "latency", "track split", "deploy label"]);
    let query = q.blocks(Signal::Errors, None).expect("errors");
    println!("all presets at once: {before} bytes of query before the survey, {} after", query.len());
    let got = rows(url, &query, now_secs() - 1).await;
    let of = |service: &str| got.iter().filter(|(l, _)| l["andon_service"] == service).collect::<Vec<_>>();
    assert_eq!(of("checkout").len(), 4, "{got:?}");
    assert!(of("checkout").iter().all(|(l, _)| q.split_of(&l["andon_split"]) == Split::Hash), "{got:?}");
    assert!(of("search").iter().all(|(l, _)| q.split_of(&l["andon_split"]) == Split::Version), "{got:?}");
    assert!(of("nobody-classified").is_empty(), "a request nobody classified must not count as right");
}

async fn targets(url: &str) {
    let due = Instant::now() + Duration::from_secs(30);
    let b = source(url, Queries::default());
    let told = loop {
        let told = b.objectives(&CX).await.expect("targets");
        if told.len() >= 2 || Instant::now() > due {
            break told;
        }
        tokio::time::sleep(Duration::from_millis(300)).await;
    };
    let said: Vec<_> =
        told.iter().map(|o| (o.service.as_str(), o.signal, o.slo.objective, o.slo.period_days, &*o.from)).collect();
    let expected = [
        ("checkout", Signal::Errors, 0.999, 28, "sloth requests-availability"),
        ("search", Signal::Latency, 0.95, 14, "pyrra search-latency"),
    ];
    assert_eq!(said, expected);
}

/// The command itself, on this server.
fn doctor(url: &str) {
    let home = Home::new("doctor-live");
    let config = |preset: &str| {
        home.config(&format!(
            "[environment.lab]\nproduction = false\nsources = [\"metrics\"]\n\
             [source.metrics]\ntype = \"prometheus\"\nurl = \"{url}\"\npreset = {preset}\nqueries = {{ scrape = \"1s\" }}\n"
        ));
    };
    config("\"plain\"");
    let ran = crate::command::run(&home, &["doctor"], &[]);
    println!("{}", ran.out);
    assert_eq!(ran.code, 1, "{} {}", ran.out, ran.err);
    for words in [
        "config    no problems",
        "found by: plain (3 services)",
        "would also answer:",
        "2 of 3 services lack",
        "MISSED",
        "target    checkout errors 99.900 % over 28 d, from sloth requests-availability",
    ] {
        assert!(ran.out.contains(words), "{words}: {}", ran.out);
    }
    config("\"linkerd\"");
    let ran = crate::command::run(&home, &["doctor", "--json"], &[]);
    let v: Value = serde_json::from_str(&ran.out).unwrap_or_else(|e| panic!("{e}: {} {}", ran.out, ran.err));
    assert_eq!(
        (&v["schema"], &v["m8"]["gaps"], ran.code),
        (&Value::from("andon.doctor/1"), &Value::from(0), 0),
        "{v:#}"
    );
    config("\"auto\"");
    let ran = crate::command::run(&home, &["doctor"], &[]);
    assert!(ran.out.contains("istio (1 services)"), "{}", ran.out);
}
