//! Figures of real servers against a truth that is known: Prometheus and VictoriaMetrics scrape an exporter of this
//! test, whose tracks fail and are slow as written; targets that restart, die, hang and have a wrong clock; the load,
//! counted on the wire; and every shown query sent again by hand. About two minutes, all at once.

use crate::own_server::{Kind, Server};
use andon::backends::net::Budget;
use andon::backends::prometheus::{Prometheus, Queries, Settings};
use andon::backends::{Backend, Cx, Interest, Lane, Query, Sink};
use andon::core::id::{Hash, ServiceId, SourceId};
use andon::core::time::Utc;
use andon::core::world::fact::Fact;
use andon::core::world::figures::{Blocks, Counts, Signal};
use andon::core::world::telemetry::Telemetry;
use andon::testkit::fake_http::{Answer, FakeHttp, Fault, Seen};
use serde_json::Value;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

const CX: Cx = Cx { deadline: Duration::from_secs(10), lane: Lane::Act };

fn now_ms() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970");
    i64::try_from(since.as_millis()).expect("in this age")
}

/// What a track serves in a block, in nine equal steps between its seconds 2 and 11: no scrape of a second can put
/// one into the wrong block.
#[derive(Clone, Copy)]
struct Track {
    version: &'static str,
    total: i64,
    failed: i64,
    /// Slower than half a second.
    slow: i64,
}

const TRACKS: [Track; 2] = [
    Track { version: "stable", total: 900, failed: 9, slow: 18 },
    Track { version: "canary", total: 90, failed: 18, slow: 27 },
];

/// Services, by what happens to their target 33 s after the first block began; by then two blocks are served.
const SERVICES: [&str; 5] = ["checkout", "restarted", "killed", "stalled", "skewed"];
const BREAKS: i64 = 28_000;
const SKEW_MS: i64 = 90_000;

/// Steps served until `t` ms after the first block's begin; before it as in it.
fn steps(t: i64) -> i64 {
    let (block, into) = (t.div_euclid(15_000), t.rem_euclid(15_000));
    (block + 20) * 9 + ((into - 2_000) / 1_000).clamp(0, 9)
}

fn exposition(service: &str, t: i64, first: i64) -> Answer {
    let broken = t >= BREAKS;
    match service {
        "killed" if broken => return Answer::status(404, "gone"),
        "stalled" if broken => return Answer::json("").fault(Fault::Stall),
        _ => {}
    }
    // A process that starts anew counts from zero.
    let begun = if service == "restarted" && broken { steps(BREAKS) } else { 0 };
    // An exporter that stamps its samples with a clock that is late, and serves what was then.
    let (t, stamp) =
        if service == "skewed" { (t - SKEW_MS, format!(" {}", first + t - SKEW_MS)) } else { (t, String::new()) };
    let n = steps(t) - begun;
    let mut text = String::new();
    for Track { version, total, failed, slow } in TRACKS {
        let labels = format!("service=\"{service}\",rollouts_pod_template_hash=\"{version}\"");
        let mut line = |name: &str, more: &str, per_block: i64| {
            text.push_str(&format!("{name}{{{labels},{more}}} {}{stamp}\n", per_block / 9 * n));
        };
        line("http_requests_total", "code=\"200\"", total - failed);
        line("http_requests_total", "code=\"500\"", failed);
        line("http_request_duration_seconds_bucket", "le=\"0.1\"", (total - slow) / 18 * 9);
        line("http_request_duration_seconds_bucket", "le=\"0.5\"", total - slow);
        line("http_request_duration_seconds_bucket", "le=\"1\"", total);
        line("http_request_duration_seconds_bucket", "le=\"+Inf\"", total);
    }
    Answer::new(200, "text/plain; version=0.0.4", text)
}

/// `n` services that count, in one exposition.
fn fleet(n: usize, t: i64) -> Answer {
    let n_steps = steps(t);
    let mut text = String::new();
    for i in 0..n {
        for Track { version, total, failed, slow } in TRACKS {
            let labels = format!("service=\"svc-{i:04}\",rollouts_pod_template_hash=\"{version}\"");
            for (name, more, v) in [
                ("http_requests_total", "code=\"200\"", total - failed),
                ("http_requests_total", "code=\"500\"", failed),
                ("http_request_duration_seconds_bucket", "le=\"0.5\"", total - slow),
                ("http_request_duration_seconds_bucket", "le=\"+Inf\"", total),
            ] {
                text.push_str(&format!("{name}{{{labels},{more}}} {}\n", v / 9 * n_steps));
            }
        }
    }
    Answer::new(200, "text/plain; version=0.0.4", text)
}

/// `jobs`: (name, path, seconds between scrapes).
fn start(kind: Kind, target: &str, jobs: &[(String, String, u32)]) -> Server {
    let mut config = String::from("global: { scrape_interval: 1s, scrape_timeout: 1s }\nscrape_configs:\n");
    for (name, path, every) in jobs {
        config.push_str(&format!(
            "- job_name: {name}\n  metrics_path: {path}\n  scrape_interval: {every}s\n  scrape_timeout: {every}s\n  static_configs: [{{ targets: ['{target}'] }}]\n"
        ));
    }
    Server::start(kind, &config, &[])
}

async fn ready(b: &Prometheus) {
    let end = now_ms() + 40_000;
    while b.probe(&CX).await.is_err() {
        assert!(now_ms() < end, "the server does not answer");
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}

fn source(url: &str, scrape_secs: u32) -> Arc<Prometheus> {
    let mut queries = Queries::default();
    queries.scrape_secs = scrape_secs;
    let settings = Settings { queries, ..Settings::of(&SourceId::new("metrics"), url) };
    let made = Prometheus::new(settings, Budget::new(600), Arc::new(|| Utc(now_ms()))).expect("settings");
    Arc::new(made.with_timeout(Duration::from_secs(10)))
}

/// Polls until `until` (ms) with everybody moving, and gives what was told.
async fn polled(b: &Arc<Prometheus>, services: &[String], until: i64) -> Vec<Fact> {
    let got = Arc::new(Mutex::new(Vec::new()));
    let put = got.clone();
    let out = Sink::new(move |f| put.lock().expect("facts").push(f));
    let moving = services.iter().map(|s| (ServiceId::new(s.as_str()), Vec::new())).collect();
    let (_keep, want) = tokio::sync::watch::channel(Interest { moving, ..Interest::default() });
    let poll = tokio::spawn(b.clone().observe(want, out));
    tokio::time::sleep(Duration::from_millis(u64::try_from(until - now_ms()).unwrap_or(0))).await;
    assert!(!poll.is_finished(), "the poll failed: {:?}", poll.await);
    poll.abort();
    let facts = got.lock().expect("facts").clone();
    for f in &facts {
        if let Fact::Source(s) = f {
            assert!(s.last_error.is_none(), "{:?}", s.last_error);
        }
    }
    facts
}

fn last_blocks(facts: &[Fact], service: &str, signal: Signal) -> Blocks {
    let found = facts.iter().rev().find_map(|f| match f {
        Fact::Blocks(b) if b.service.as_str() == service && b.signal == signal => Some(b.clone()),
        _ => None,
    });
    found.unwrap_or_else(|| panic!("no {} of {service}", signal.word()))
}

/// The last word about each block of a service.
fn blocks(facts: &[Fact], service: &str, signal: Signal) -> BTreeMap<i64, BTreeMap<Hash, Counts>> {
    let told = facts.iter().filter_map(|f| match f {
        Fact::Blocks(b) if b.service.as_str() == service && b.signal == signal => Some(&b.blocks),
        _ => None,
    });
    told.flatten().map(|b| (b.start, b.by_hash.iter().cloned().collect())).collect()
}

/// A query sent by hand, without any of our code.
async fn by_hand(url: &str, path: &str, form: &[(&str, String)]) -> Vec<Value> {
    let http = reqwest::Client::builder().no_proxy().build().expect("client");
    let answer = http.post(format!("{url}/api/v1/{path}")).form(form).send().await.expect("answered");
    let json: Value = serde_json::from_slice(&answer.bytes().await.expect("whole")).expect("json");
    assert_eq!(json["status"], "success", "{json}");
    json["data"]["result"].as_array().expect("rows").clone()
}

fn number(v: &Value) -> f64 {
    v.as_str().expect("a value").parse().expect("a number")
}

/// VictoriaMetrics keeps back the newest half minute unless told otherwise, from everybody.
fn fresh(kind: Kind) -> Vec<(&'static str, String)> {
    match kind {
        Kind::Prometheus => Vec::new(),
        Kind::Victoria => vec![("latency_offset", "1ms".into()), ("nocache", "1".into())],
    }
}

async fn shown_again(kind: Kind, url: &str, facts: &[Fact]) {
    for signal in [Signal::Errors, Signal::Latency] {
        let told = last_blocks(facts, "checkout", signal);
        let (first, last) = (told.blocks[0].start + 15, told.blocks.last().expect("blocks").start + 15);
        let mut form = fresh(kind);
        form.extend([("query", told.query.to_string()), ("start", first.to_string())]);
        form.extend([("end", last.to_string()), ("step", "15".into())]);
        let rows = by_hand(url, "query_range", &form).await;
        for block in &told.blocks {
            for (hash, counts) in &block.by_hash {
                for (tag, shown) in [("total", counts.total), ("failed", counts.failed)] {
                    let is = |r: &&Value| r["metric"]["andon_track"] == hash.as_str() && r["metric"]["andon_q"] == tag;
                    let row = rows.iter().find(is).unwrap_or_else(|| panic!("{hash:?} {tag}: {rows:?}"));
                    let points = row["values"].as_array().expect("points");
                    let point = points.iter().find(|p| p[0].as_i64() == Some(block.start + 15)).expect("the point");
                    assert!((number(&point[1]) - shown).abs() < 1e-4, "{signal:?} {hash:?} {tag}: {point} not {shown}");
                }
            }
        }
    }
    let mut windows = 0;
    for w in facts.iter().filter_map(|f| if let Fact::Windows(w) = f { Some(w) } else { None }) {
        if w.service.as_str() != "checkout" {
            continue;
        }
        windows += 1;
        let mut form = fresh(kind);
        form.extend([("query", w.query.to_string()), ("time", w.at.expect("a time").secs().to_string())]);
        let rows = by_hand(url, "query", &form).await;
        for (secs, counts) in &w.rows {
            let is = |r: &&Value| {
                r["metric"]["andon_service"] == "checkout" && r["metric"]["andon_q"] == format!("total:{secs}")
            };
            let row = rows.iter().find(is).unwrap_or_else(|| panic!("{secs}"));
            // Samples that came late are in the second answer alone: the newest second's worth.
            let close = (number(&row["value"][1]) - counts.total).abs() <= counts.total * 0.02 + 1e-4;
            assert!(close, "{secs}: {row} not {counts:?}");
        }
    }
    assert!(windows >= 3, "{windows} windows");
    let mut quantiles = 0;
    for f in facts {
        let Fact::Telemetry(t) = f else { continue };
        let Telemetry::Quantiles(q) = &**t else { continue };
        if q.service.as_str() != "checkout" {
            continue;
        }
        let ask = format!("histogram_quantile(0.5, sum by (andon_service, andon_track, le) ({}))", q.asked.query);
        let mut form = fresh(kind);
        form.extend([("query", ask), ("time", q.asked.at.secs().to_string())]);
        let rows = by_hand(url, "query", &form).await;
        for (hash, told) in &q.by_track {
            let is =
                |r: &&Value| r["metric"]["andon_service"] == "checkout" && r["metric"]["andon_track"] == hash.as_str();
            let Some(row) = rows.iter().find(is) else { continue };
            let (server, ours) = (number(&row["value"][1]), told[0].secs.expect("a median"));
            assert!((server - ours).abs() < 0.02 * ours, "{hash:?}: {ours}, the server says {server}");
            quantiles += 1;
        }
    }
    assert!(quantiles >= 2, "{quantiles} percentiles");
}

async fn measured(kind: Kind, exporter: String, first: i64) {
    let jobs: Vec<_> = SERVICES.iter().map(|s| (s.to_string(), format!("/one/{s}"), 1)).collect();
    let server = start(kind, &exporter, &jobs);
    let b = source(&server.url, 1);
    ready(&b).await;
    let version = b.probe(&CX).await.expect("probe").version;
    println!("{kind:?}: version {version:?}");
    assert_eq!(version.as_deref() == Some("VictoriaMetrics"), kind == Kind::Victoria);
    let services: Vec<String> = SERVICES.iter().map(|s| (*s).to_owned()).collect();
    let facts = polled(&b, &services, first + 82_000).await;
    let now = now_ms();

    // Four blocks of the truth, errors and latency.
    for signal in [Signal::Errors, Signal::Latency] {
        let told = blocks(&facts, "checkout", signal);
        for k in 0..4 {
            let block = told.get(&(first / 1000 + k * 15)).unwrap_or_else(|| panic!("block {k}: {told:?}"));
            println!("{kind:?} checkout {} block {k}: {block:?}", signal.word());
            for t in TRACKS {
                let counts = block[&Hash::new(t.version)];
                let bad = if signal == Signal::Errors { t.failed } else { t.slow };
                let off = (counts.total - t.total as f64).abs().max((counts.failed - bad as f64).abs());
                assert!(off < 0.5, "{kind:?} {} of {} in block {k}: {counts:?}", signal.word(), t.version);
            }
        }
        if signal == Signal::Latency {
            let bound = last_blocks(&facts, "checkout", signal).bound.expect("a bound");
            assert!((bound.secs - 0.5).abs() < 1e-9);
        }
    }
    // Restarted in block 1 after all of it was served: what came before is an estimate, what comes after is exact.
    let told = blocks(&facts, "restarted", Signal::Errors);
    for k in 0..4 {
        let counts = told[&(first / 1000 + k * 15)][&Hash::new("stable")];
        println!("{kind:?} restarted block {k}: {counts:?}");
        let off = if k == 1 { 900.0 / 15.0 + 0.5 } else { 0.5 };
        assert!((counts.total - 900.0).abs() <= off, "{kind:?} block {k}: {counts:?}");
    }
    // Dead and hanging targets: true until then, after that no data at all, and the newest sample stands still.
    for service in ["killed", "stalled"] {
        let told = blocks(&facts, service, Signal::Errors);
        assert!((told[&(first / 1000)][&Hash::new("stable")].total - 900.0).abs() < 0.5, "{kind:?} {service}");
        let after = &told[&(first / 1000 + 45)];
        assert!(after.is_empty(), "{kind:?} {service}: {after:?} long after its end");
        let newest = last_blocks(&facts, service, Signal::Errors).newest_sample.expect("seen before");
        println!("{kind:?} {service}: newest sample {} ms after the break", newest.0 - first - BREAKS);
        // The last round before the end saw it: a dead target's samples are gone at once, so the age errs towards old.
        assert!((-20_000..=3_000).contains(&(newest.0 - first - BREAKS)), "{kind:?} {service}: {}", newest.0 - first);
    }
    // A clock that is late makes old samples, not wrong ones: the age tells.
    let skewed = last_blocks(&facts, "skewed", Signal::Errors);
    let age = now - skewed.newest_sample.expect("a sample").0;
    println!("{kind:?} skewed: its newest sample is {age} ms old");
    assert!(age > SKEW_MS - 2_000 && age < SKEW_MS + 20_000, "{kind:?}: {age}");
    assert!(skewed.blocks.iter().all(|b| b.by_hash.is_empty()), "{kind:?}: nothing is known of now: {skewed:?}");

    // History asked later says the same as was told live.
    let question = Query::Blocks { service: ServiceId::new("checkout"), from: first / 1000, count: 4 };
    let later = b.ask(&question, &CX).await.expect("history");
    assert_eq!(later.len(), 2, "one for each signal");
    for f in &later {
        let Fact::Blocks(later) = f else { panic!("{f:?}") };
        let live = blocks(&facts, "checkout", later.signal);
        for block in &later.blocks {
            assert_eq!(block.by_hash.iter().cloned().collect::<BTreeMap<_, _>>(), live[&block.start], "{kind:?}");
        }
    }
    shown_again(kind, &server.url, &facts).await;
}

/// Passes bytes on, and counts them and the requests.
async fn counting(upstream: String) -> (String, Arc<AtomicUsize>, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let url = format!("http://{}", listener.local_addr().expect("address"));
    let (requests, bytes) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let (asked, answered) = (requests.clone(), bytes.clone());
    tokio::spawn(async move {
        while let Ok((client, _)) = listener.accept().await {
            let server = TcpStream::connect(&upstream).await.expect("the server");
            let ((mut from_client, mut to_client), (mut from_server, mut to_server)) =
                (client.into_split(), server.into_split());
            let (asked, answered) = (asked.clone(), answered.clone());
            tokio::spawn(async move {
                let mut buffer = vec![0; 64 * 1024];
                while let Ok(n @ 1..) = from_client.read(&mut buffer).await {
                    // A request's head comes at the beginning of what our client writes.
                    let head = buffer[..n].starts_with(b"POST ") || buffer[..n].starts_with(b"GET ");
                    asked.fetch_add(usize::from(head), Ordering::SeqCst);
                    if to_server.write_all(&buffer[..n]).await.is_err() {
                        return;
                    }
                }
            });
            tokio::spawn(async move {
                let mut buffer = vec![0; 64 * 1024];
                while let Ok(n @ 1..) = from_server.read(&mut buffer).await {
                    answered.fetch_add(n, Ordering::SeqCst);
                    if to_client.write_all(&buffer[..n]).await.is_err() {
                        return;
                    }
                }
            });
        }
    });
    (url, requests, bytes)
}

/// Requests and bytes of a minute and a half of polling so many services.
async fn load(exporter: String, services: usize, from: i64) -> (usize, usize, usize) {
    let server = start(Kind::Prometheus, &exporter, &[("fleet".into(), format!("/fleet/{services}"), 15)]);
    let (url, requests, bytes) = counting(server.url.trim_start_matches("http://").to_owned()).await;
    ready(&source(&server.url, 15)).await;
    let b = source(&url, 15);
    tokio::time::sleep(Duration::from_millis(u64::try_from(from - now_ms()).unwrap_or(0))).await;
    let facts = polled(&b, &[], from + 50_000).await;
    let told = facts.iter().filter_map(|f| if let Fact::Blocks(b) = f { Some(b.service.clone()) } else { None });
    let told = told.collect::<std::collections::BTreeSet<_>>().len();
    // What Sources shows is what went over the wire.
    let shown = facts.iter().rev().find_map(|f| if let Fact::Source(s) = f { Some(s.calls_per_min) } else { None });
    println!(
        "{services} services: {} requests, {} bytes on the wire, {told} told, Sources said {shown:?}",
        requests.load(Ordering::SeqCst),
        bytes.load(Ordering::SeqCst)
    );
    (requests.load(Ordering::SeqCst), bytes.load(Ordering::SeqCst), told)
}

#[test]
fn figures_of_prometheus_and_victoriametrics_are_the_truth_and_cost_the_same_for_any_fleet() {
    if std::env::var_os("ANDON_LIVE").is_none_or(|v| v != "1") {
        println!("live tests skipped: set ANDON_LIVE=1");
        return;
    }
    rustls::crypto::ring::default_provider().install_default().ok();
    tokio::runtime::Runtime::new().expect("runtime").block_on(async {
        // Block 0 begins when there have been some seconds of samples.
        let first = (now_ms() + 12_000).div_euclid(15_000) * 15_000 + 15_000;
        let exporter = FakeHttp::start(move |seen: &Seen| {
            let t = now_ms() - first;
            let mut path = seen.path.split('/').skip(1);
            match (path.next(), path.next()) {
                (Some("one"), Some(service)) => exposition(service, t, first),
                (Some("fleet"), Some(n)) => fleet(n.parse().expect("a number"), t),
                _ => Answer::status(404, ""),
            }
        })
        .await;
        let at = exporter.url().trim_start_matches("http://").to_owned();
        let ((), ()) =
            tokio::join!(measured(Kind::Prometheus, at.clone(), first), measured(Kind::Victoria, at.clone(), first),);
        // Rounds begin 5 s after an edge: both stand well before one.
        let from = (now_ms() + 40_000).div_euclid(15_000) * 15_000 + 11_000;
        let (few, many) = tokio::join!(load(at.clone(), 20, from), load(at, 1_000, from));
        assert_eq!((few.2, many.2), (20, 1_000));
        // A machine too busy to answer in time leaves rounds out, never asks more; that both are equal where nothing is
        // late is counted before a fake server (`the_load_is_the_same_for_20_and_for_1000_services`).
        assert!(many.0 <= few.0, "{} requests for 1,000 services, {} for 20", many.0, few.0);
        // Compressed, as it goes over the wire; four rounds, and the limit is for one.
        assert!(many.1 / 4 < 2 * 1024 * 1024, "{} bytes", many.1);
    });
}
