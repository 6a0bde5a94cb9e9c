//! The backend against a fake server: its clauses of the contract, its faults, its load.

use super::*;
use crate::backends::Lane;
use crate::backends::net::TokenFrom;
use crate::core::id::{Hash, TargetId};
use crate::core::world::figures::{Counts, VersionBlock};
use crate::core::world::source::{Link, SourceState};
use crate::core::world::telemetry::{Telemetry, TrendOf};
use crate::testkit::fake_http::{Answer as Fake, FakeHttp, Fault, Seen};
use crate::testkit::fake_prometheus::{self, healthy, now_secs};
use std::collections::BTreeSet;
use std::sync::PoisonError;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

const CX: Cx = Cx { deadline: Duration::from_secs(20), lane: Lane::Refresh };

fn settings(url: &str) -> Settings {
    let queries = Queries::plain_by("version");
    Settings { queries, ..Settings::of(&SourceId::new("metrics"), url) }
}

/// A clock that a test moves by hand, beginning at the fake server's time.
fn clock() -> (Arc<AtomicI64>, UtcClock) {
    let at = Arc::new(AtomicI64::new(now_secs() * 1000));
    let read = at.clone();
    (at, Arc::new(move || Utc(read.load(Ordering::SeqCst))))
}

fn backend(settings: Settings) -> Arc<Prometheus> {
    rustls::crypto::ring::default_provider().install_default().ok();
    let made = Prometheus::new(settings, Budget::new(120), clock().1);
    Arc::new(made.unwrap_or_else(|e| panic!("{e}")))
}

/// A sink and what it got.
fn sink() -> (Sink, Arc<Mutex<Vec<Fact>>>) {
    let got = Arc::new(Mutex::new(Vec::new()));
    let put = got.clone();
    let sink = Sink::new(move |f| put.lock().unwrap_or_else(PoisonError::into_inner).push(f));
    (sink, got)
}

fn facts(got: &Mutex<Vec<Fact>>) -> Vec<Fact> {
    got.lock().unwrap_or_else(PoisonError::into_inner).clone()
}

fn last_state(facts: &[Fact]) -> SourceState {
    let state = |f: &Fact| match f {
        Fact::Source(s) => Some((**s).clone()),
        _ => None,
    };
    facts.iter().rev().find_map(state).expect("a source line")
}

fn blocks_of(n: usize, from: i64, count: u32) -> Query {
    Query::Blocks { service: ServiceId::new(fake_prometheus::service(n)), from, count }
}

#[tokio::test]
async fn the_probe_tells_version_role_and_skew() {
    let server = FakeHttp::start(healthy(1)).await;
    let (at, clock) = clock();
    at.fetch_sub(40_000, Ordering::SeqCst);
    rustls::crypto::ring::default_provider().install_default().ok();
    let b = Prometheus::new(settings(&server.url()), Budget::new(120), clock).expect("settings");
    let a = b.probe(&CX).await.expect("probe");
    assert_eq!(a.version.as_deref(), Some("2.42.0+ds"));
    assert!(a.roles.telemetry && !a.roles.rollouts);
    assert_eq!(a.skew_ms, Some(40_500));
    // What has settled is a matter of the server's clock, not of ours.
    b.standing().abilities = a;
    assert_eq!(b.server_now(), Utc(now_secs() * 1000 + 500));
    // A clock that is put right shows in the next answer.
    at.fetch_add(40_000, Ordering::SeqCst);
    b.ask(&Query::Check("up".into()), &CX).await.expect("check");
    assert_eq!(b.standing().abilities.skew_ms, Some(500));
}

#[tokio::test]
async fn history_names_every_asked_block_and_zero_failures_where_a_version_has_none() {
    let server = FakeHttp::start(healthy(3)).await;
    let b = backend(settings(&server.url()));
    let settled = queries::settled_edge(now_secs(), 5);
    let told = b.ask(&blocks_of(1, settled - 30, 4), &CX).await.expect("blocks");
    let [Fact::Blocks(told)] = told.as_slice() else { panic!("{told:?}") };
    let both = vec![
        (Hash::new("5f7b9d6c84"), Counts { total: 90.0, failed: 0.0 }),
        (Hash::new("7c6d5b4a39"), Counts { total: 90.0, failed: 3.0 }),
    ];
    let block = |start: i64, by_hash: &[(Hash, Counts)]| VersionBlock { start, by_hash: by_hash.to_vec() };
    // The last two have not settled: they are left out, to be asked again.
    let expected = [block(settled - 30, &both), block(settled - 15, &both)];
    assert_eq!(told.blocks, expected);
    // A service without series: every block named, none filled.
    let told = b.ask(&blocks_of(77, settled - 150, 10), &CX).await.expect("blocks");
    let [Fact::Blocks(told)] = told.as_slice() else { panic!("{told:?}") };
    assert_eq!(told.blocks.len(), 10);
    assert!(told.blocks.iter().all(|b| b.by_hash.is_empty()));
    let e = b.ask(&blocks_of(1, 0, 31), &CX).await.expect_err("too many");
    assert_eq!(e.trouble, Trouble::Shape);
}

#[tokio::test]
async fn a_check_answers_one_value_or_none_and_never_chooses() {
    let cases = [
        (include_str!("fixtures/query_vector_empty.json"), Ok(None)),
        (include_str!("fixtures/query_scalar_inf.json"), Ok(None)),
        (include_str!("fixtures/query_vector_with_infos.json"), Ok(Some(5.758_620_689_655_173))),
        (include_str!("fixtures/query_vector_native_histogram.json"), Ok(None)),
        (include_str!("fixtures/query_string.json"), Err("a string where one value is due")),
        (include_str!("fixtures/query_vector_special_floats.json"), Err("values to this check; aggregate it")),
        (include_str!("fixtures/query_vector_with_warnings_truncated.json"), Err("only in part: results truncated")),
    ];
    for (json, expected) in cases {
        let server = FakeHttp::start(move |_| Fake::json(json)).await;
        let b = backend(settings(&server.url()));
        let got = b.ask(&Query::Check("up".into()), &CX).await;
        match (got, expected) {
            (Ok(facts), Ok(value)) => {
                let [Fact::Checked(c)] = facts.as_slice() else { panic!("{facts:?}") };
                assert_eq!((&*c.query, c.value), ("up", value));
            }
            (Err(e), Err(words)) => {
                assert_eq!(e.trouble, Trouble::Shape);
                assert!(e.sentence.contains(words), "{e}");
            }
            (got, expected) => panic!("{got:?} is not {expected:?}"),
        }
    }
}

/// Every fault, what it is called, and a word its sentence must hold.
fn faults() -> Vec<(Fake, Trouble, &'static str)> {
    let good = || Fake::json(include_str!("fixtures/query_vector_empty.json"));
    let json = |status, body: &str| Fake::new(status, "application/json", body);
    vec![
        (Fake::status(401, "Unauthorized\n"), Trouble::Auth, "token"),
        (Fake::status(403, "no org id"), Trouble::Forbidden, "no org id"),
        (Fake::status(404, "404 page not found"), Trouble::NotFound, "404"),
        (Fake::status(429, "").header("retry-after", "7"), Trouble::Throttled, "slow down"),
        (Fake::status(500, "oops"), Trouble::Server, "oops"),
        (Fake::status(503, "Service Unavailable"), Trouble::Server, "Unavailable"),
        (json(503, include_str!("fixtures/query_error_503_timeout.json")), Trouble::Timeout, "503"),
        (json(422, include_str!("fixtures/query_error_422_duplicate_labelset.json")), Trouble::Shape, "same labelset"),
        (json(400, include_str!("fixtures/query_error_400_parse.json")), Trouble::Shape, "parse error"),
        (Fake::status(302, "").header("location", "http://login.example/?secret=1"), Trouble::Shape, "elsewhere"),
        (Fake::login_page(), Trouble::Shape, "Sign in^[[31m"),
        (Fake::json("{\"status\":"), Trouble::Shape, "no Prometheus"),
        (Fake::nested(10_000), Trouble::Shape, "no Prometheus"),
        (Fake::bomb(17), Trouble::TooBig, "16 MiB"),
        (Fake::json("x").header("content-encoding", "gzip"), Trouble::Unreachable, "broke off"),
        (good().fault(Fault::CutAt(0)), Trouble::Unreachable, "not reachable"),
        (good().fault(Fault::CutAt(10)), Trouble::Unreachable, "not reachable"),
        (good().fault(Fault::CutAt(100)), Trouble::Unreachable, "broke off"),
        (good().fault(Fault::Stall), Trouble::Timeout, "0.3 s"),
        (good().fault(Fault::Drip(Duration::from_millis(20))), Trouble::Timeout, "0.3 s"),
    ]
}

#[tokio::test]
async fn every_fault_has_its_name_and_a_sentence_without_query_or_secret() {
    let settled = queries::settled_edge(now_secs(), 5);
    let one = async |(answer, trouble, words): (Fake, Trouble, &str)| {
        let slow = matches!(answer.fault, Fault::Stall | Fault::Drip(_));
        let bomb = trouble == Trouble::TooBig;
        let script = answer.clone();
        let server = FakeHttp::start(move |_| script.clone()).await;
        let b = backend(settings(&format!("{}/?q=hunter2", server.url())));
        // Only what never comes should be refused for being late, on the slowest machine too.
        let secs = if slow { 0.3 } else { 20.0 };
        let cx = Cx { deadline: Duration::from_secs_f32(secs), lane: Lane::Act };
        let mut errors = vec![b.ask(&Query::Check("up{a=\"hunter2\"}".into()), &cx).await.expect_err(words)];
        if !slow && !bomb {
            errors.push(b.ask(&blocks_of(0, settled - 30, 2), &cx).await.expect_err(words));
            errors.push(b.probe(&cx).await.err().unwrap_or_else(|| errors[0].clone()));
            // The poll: red on the source's line, then the error for the supervisor.
            let (out, got) = sink();
            let (_keep, want) = watch::channel(Interest::default());
            let e = b.clone().observe(want, out).await;
            let state = last_state(&facts(&got));
            assert_eq!(state.link, Link::Failed(e.clone()));
            assert_eq!(state.confirmed, None, "{words}");
            assert_eq!(state.last_error.map(|(_, e)| e), Some(e.clone()));
            errors.push(e);
        }
        for e in &errors {
            assert_eq!(e.trouble, trouble, "{words}: {e}");
            assert!(e.sentence.starts_with("metrics (127.0.0.1:"), "{e}");
            assert!(!e.sentence.contains("hunter2") && !e.sentence.contains("secret"), "{e}");
            assert!(e.sentence.chars().count() < 420, "{e}");
        }
        assert!(errors[0].sentence.contains(words), "{words}: {}", errors[0]);
        // The poll was not even sent: what is left of the seven seconds is told.
        let throttled = trouble == Trouble::Throttled;
        let retry =
            |ms: Option<u64>| if throttled { ms.is_some_and(|ms| ms <= 7_000 && ms > 1_000) } else { ms.is_none() };
        assert!(errors.iter().all(|e| retry(e.retry_after_ms)), "{errors:?}");
    };
    futures::future::join_all(faults().into_iter().map(one)).await;
}

#[tokio::test]
async fn nobody_listening_is_unreachable() {
    let server = FakeHttp::start(healthy(1)).await;
    let url = server.url();
    drop(server);
    // The port is closed when the listener's task has ended.
    tokio::task::yield_now().await;
    let e = backend(settings(&url)).probe(&CX).await.expect_err("closed");
    assert_eq!(e.trouble, Trouble::Unreachable);
    assert!(e.sentence.contains("refused"), "{e}");
}

#[tokio::test]
async fn the_token_is_read_each_time_and_shown_nowhere() {
    let server = FakeHttp::start(|_: &Seen| Fake::status(401, "")).await;
    let path = std::env::temp_dir().join(format!("andon-prom-token-{}", std::process::id()));
    let mut s = settings(&server.url());
    s.access.token = Some(TokenFrom::File(path.clone()));
    let shown = format!("{s:?}");
    let b = backend(s);
    let mut said = vec![shown];
    for token in ["s3cret-one", "s3cret-two"] {
        std::fs::write(&path, format!("{token}\n")).expect("token file");
        let e = b.probe(&CX).await.expect_err("401");
        assert_eq!(e.trouble, Trouble::Auth);
        said.push(format!("{e:?}"));
    }
    std::fs::remove_file(&path).expect("token file");
    let e = b.probe(&CX).await.expect_err("no file");
    assert_eq!(e.trouble, Trouble::Auth);
    said.push(format!("{e:?}"));
    let seen = server.seen();
    let sent: Vec<_> = seen.iter().filter_map(|s| s.header("authorization")).collect();
    assert_eq!(sent, ["Bearer s3cret-one", "Bearer s3cret-two"]);
    assert!(said.iter().all(|s| !s.contains("s3cret") && s.contains("andon-prom-token")), "{said:?}");
}

/// Requests of each round, and the bytes of all that a round answers at most.
async fn load(services: usize, rounds: usize) -> (Vec<usize>, usize) {
    let bytes = Arc::new(AtomicI64::new(0));
    let (size, script) = (bytes.clone(), fake_prometheus::full(services));
    let server = FakeHttp::start(move |seen| {
        let mut answer = script(seen);
        // The test moves our clock and not the server's.
        answer.headers.retain(|(name, _)| name != "date");
        size.fetch_add(answer.body.len() as i64, Ordering::SeqCst);
        answer
    })
    .await;
    let (at, clock) = clock();
    let b = Prometheus::new(settings(&server.url()), Budget::new(6_000), clock).expect("settings");
    let (out, _got) = sink();
    let (mut requests, mut most) = (Vec::new(), 0);
    let begun = std::time::Instant::now();
    for _ in 0..rounds {
        let before = server.seen().len();
        b.round(&out).await.expect("round");
        assert_eq!(b.standing().seen.len(), services);
        requests.push(server.seen().len() - before);
        most = most.max(bytes.swap(0, Ordering::SeqCst));
        at.fetch_add(15_000, Ordering::SeqCst);
    }
    // What is counted by us is what the server saw, as long as it is within our minute.
    if begun.elapsed() < Duration::from_secs(55) {
        assert_eq!(b.client.calls_per_min() as usize, server.seen().len());
    }
    (requests, usize::try_from(most).expect("bytes"))
}

/// Limits, section 5: a poll is a round with all it asks, also while courses are read back.
#[tokio::test]
async fn a_round_of_1000_services_stays_within_its_bytes_and_asks_no_more_than_one_of_20() {
    let (few, _) = load(20, 12).await;
    let (many, bytes) = load(1_000, 12).await;
    assert!(bytes <= 2 * 1024 * 1024, "{bytes} bytes in a round");
    let (few, many): (usize, usize) = (few.iter().sum(), many.iter().sum());
    assert!(many <= few, "{many} requests, {few} for 20 services");
}

/// What waits for room comes all the same: each kind is answered, the courses grow.
#[tokio::test]
async fn of_1000_services_every_kind_is_told_in_time() {
    let server = FakeHttp::start(|seen| {
        let mut answer = fake_prometheus::full(150)(seen);
        answer.headers.retain(|(name, _)| name != "date");
        answer
    })
    .await;
    let (at, clock) = clock();
    let b = Prometheus::new(settings(&server.url()), Budget::new(6_000), clock).expect("settings");
    let (out, got) = sink();
    for _ in 0..24 {
        b.round(&out).await.expect("round");
        at.fetch_add(15_000, Ordering::SeqCst);
    }
    let facts = facts(&got);
    let windows: BTreeSet<u32> = facts
        .iter()
        .filter_map(|f| match f {
            Fact::Windows(w) => Some(w.rows.iter().map(|r| r.0)),
            _ => None,
        })
        .flatten()
        .collect();
    assert_eq!(windows, BTreeSet::from([300, 1_800, 3_600, 7_200, 21_600, 86_400, 259_200, 2_592_000]));
    // Percentiles and memory are asked for those whose turn it is: in six minutes of all.
    let of = |told: &dyn Fn(&Telemetry) -> bool| {
        let all: BTreeSet<ServiceId> = facts
            .iter()
            .filter_map(|f| match f {
                Fact::Telemetry(t) if told(t) => Some(t.service().clone()),
                _ => None,
            })
            .collect();
        all.len()
    };
    assert_eq!(of(&|t| matches!(t, Telemetry::Quantiles(_))), 150);
    assert_eq!(of(&|t| matches!(t, Telemetry::Usage(_))), 150);
    assert_eq!(of(&|t| matches!(t, Telemetry::Trend(x) if x.of == TrendOf::Rate)), 150);
    let turns: BTreeSet<String> = server
        .seen()
        .iter()
        .filter_map(|s| s.field("query"))
        .filter(|q| q.contains("\"bucket\"") && !q.contains("histogram_quantile"))
        .collect();
    assert!(turns.len() >= 5 && turns.iter().all(|q| q.contains("svc-0")), "{} questions", turns.len());
    // Nothing moves: routes, and blocks of latency by track, are of no use to anyone.
    assert!(server.seen().iter().filter_map(|s| s.field("query")).all(|q| !q.contains("andon_route")));
}

#[tokio::test]
async fn a_minute_has_sixteen_requests_and_its_first_ones_some_more() {
    let (requests, _) = load(3, 48).await;
    let minutes: Vec<usize> = requests.chunks(4).map(|m| m.iter().sum()).collect();
    assert!(minutes[..3].iter().all(|n| *n <= 34), "{minutes:?}");
    assert!(minutes[4..].iter().all(|n| *n <= 20), "{minutes:?}");
    let settled: usize = minutes[7..].iter().sum();
    // In five minutes: newest and blocks 40, windows 10 and 2 or 3, percentiles, memory and three courses 25, long ones
    // and routes 3.
    assert!((40 + 10 + 2 + 25 + 3..=40 + 10 + 3 + 25 + 3).contains(&settled), "{settled} {minutes:?}");
}

#[tokio::test]
async fn a_round_tells_blocks_windows_and_how_fresh_they_are() {
    let server = FakeHttp::start(healthy(2)).await;
    let b = backend(settings(&server.url()));
    let (out, got) = sink();
    b.round(&out).await.expect("round");
    let facts = facts(&got);
    let newest = Some(Utc::from_secs(now_secs()));
    let blocks = facts.iter().find_map(|f| match f {
        Fact::Blocks(b) => Some(b.clone()),
        _ => None,
    });
    let blocks = blocks.expect("blocks");
    let edge = queries::settled_edge(now_secs(), 5);
    let starts: Vec<i64> = blocks.blocks.iter().map(|b| b.start).collect();
    assert_eq!(starts, [edge - 60, edge - 45, edge - 30, edge - 15]);
    assert_eq!(blocks.newest_sample, newest);
    let windows: Vec<Vec<u32>> = facts
        .iter()
        .filter_map(|f| match f {
            Fact::Windows(w) if w.service.as_str() == "svc-0001" => Some(w.rows.iter().map(|r| r.0).collect()),
            _ => None,
        })
        .collect();
    assert_eq!(windows, [[300, 3_600], [1_800, 21_600], [7_200, 86_400], [259_200, 2_592_000]]);
    // Whoever asks again at that moment gets the same.
    let at: Vec<_> = facts.iter().filter_map(|f| if let Fact::Windows(w) = f { w.at } else { None }).collect();
    assert!(at.iter().all(|t| *t == Utc::from_secs(edge)), "{at:?}");
    assert!(blocks.query.contains("service=\"svc-0000\"") || blocks.query.contains("service=\"svc-0001\""));
    let state = last_state(&facts);
    assert_eq!(state.link, Link::Polling);
    assert_eq!(state.old_after_ms, 60_000);
    assert_eq!(&*state.holds, "2 services, 4 versions");
    assert!(state.confirmed.is_some() && state.latency_ms.is_some());
}

#[tokio::test]
async fn a_service_that_falls_silent_is_told_as_silent_with_its_last_sample() {
    let silent = Arc::new(std::sync::atomic::AtomicBool::new(false));
    let flag = silent.clone();
    let (all, fewer) = (healthy(2), healthy(1));
    let server = FakeHttp::start(move |s| if flag.load(Ordering::SeqCst) { fewer(s) } else { all(s) }).await;
    let b = backend(settings(&server.url()));
    let (out, got) = sink();
    b.round(&out).await.expect("round");
    silent.store(true, Ordering::SeqCst);
    b.round(&out).await.expect("round");
    let last = facts(&got).into_iter().rev().find_map(|f| match f {
        Fact::Blocks(b) if b.service.as_str() == "svc-0001" => Some(b),
        _ => None,
    });
    let last = last.expect("told");
    assert!(last.blocks.iter().all(|b| b.by_hash.is_empty()) && last.blocks.len() == 4);
    assert_eq!(last.newest_sample, Some(Utc::from_secs(now_secs())));
}

#[tokio::test]
async fn a_long_window_too_heavy_for_the_server_leaves_the_live_figures_alone() {
    let script = healthy(1);
    let server = FakeHttp::start(move |seen| {
        let heavy = seen.field("query").is_some_and(|q| q.contains("2592000s"));
        if heavy {
            Fake::new(503, "application/json", include_str!("fixtures/query_error_503_timeout.json"))
        } else {
            script(seen)
        }
    })
    .await;
    let b = backend(settings(&server.url()));
    let (out, got) = sink();
    b.round(&out).await.expect("round");
    let state = last_state(&facts(&got));
    assert_eq!(state.link, Link::Polling);
    assert_eq!(state.last_error.map(|(_, e)| e.trouble), Some(Trouble::Timeout));
}

#[tokio::test]
async fn it_only_looks() {
    let server = FakeHttp::start(healthy(1)).await;
    let b = backend(settings(&server.url()));
    let target = TargetId {
        source: SourceId::new("metrics"),
        namespace: "shop".into(),
        kind: "Rollout".into(),
        name: "checkout".into(),
        uid: "1".into(),
    };
    let e = b.ask(&Query::Read(target), &CX).await.expect_err("no target");
    assert_eq!(e.trouble, Trouble::NotFound);
    assert!(server.seen().is_empty());
}

#[tokio::test]
async fn each_server_is_spoken_to_in_its_own_way() {
    let build = |json: &'static str| move || Fake::json(json);
    type Pairs = &'static [(&'static str, &'static str)];
    type Case = (&'static str, Fake, &'static str, Pairs, (&'static str, &'static str));
    let cases: [Case; 4] = [
        (
            "VictoriaMetrics",
            build(r#"{"status":"success","data":{}}"#)().header("x-server-hostname", "vm"),
            "/api/v1/query",
            &[("latency_offset", "1ms"), ("nocache", "1")],
            ("accountid", "7"),
        ),
        (
            "Thanos 0.34.1",
            build(r#"{"status":"success","data":{"version":"0.34.1","goVersion":"go1.21"}}"#)(),
            "/api/v1/query",
            &[("dedup", "true")],
            ("thanos-tenant", "7"),
        ),
        (
            "Mimir 2.10.0",
            build(r#"{"status":"success","data":{"application":"Grafana Mimir","version":"2.10.0"}}"#)(),
            "/prometheus/api/v1/query",
            &[],
            ("x-scope-orgid", "7"),
        ),
        (
            "Cortex 1.16.0",
            build(r#"{"status":"success","data":{"application":"Cortex","version":"1.16.0"}}"#)(),
            "/api/prom/api/v1/query",
            &[],
            ("x-scope-orgid", "7"),
        ),
    ];
    for (shown, build, path, parameters, (header, value)) in cases {
        let root = path.trim_end_matches("query").to_owned();
        let at = root.clone();
        let server = FakeHttp::start(move |seen| match seen.path.strip_prefix(&at) {
            Some("status/buildinfo") => build.clone(),
            Some("query") => Fake::json(include_str!("fixtures/query_vector_empty.json")),
            Some(_) | None => Fake::status(404, "404 page not found"),
        })
        .await;
        let mut s = settings(&server.url());
        s.tenant = Some("7".to_owned());
        let b = backend(s);
        let abilities = b.probe(&CX).await.expect(shown);
        assert_eq!(abilities.version.as_deref(), Some(shown));
        b.ask(&Query::Check("up".into()), &CX).await.expect(shown);
        let seen = server.seen();
        let last = seen.last().expect("a query");
        assert_eq!((last.path.as_str(), last.header(header)), (path, Some(value)), "{shown}");
        for (name, value) in parameters {
            assert_eq!(last.field(name).as_deref(), Some(*value), "{shown}");
        }
        assert_eq!(last.body.matches('&').count(), parameters.len(), "{shown}: {}", last.body);
    }
}

#[tokio::test]
async fn a_server_that_tells_no_build_is_found_by_a_query_and_the_config_names_it() {
    let server = FakeHttp::start(|seen| match seen.path.as_str() {
        "/api/prom/api/v1/query" => Fake::json(include_str!("fixtures/query_vector_empty.json")),
        _ => Fake::status(404, "404 page not found"),
    })
    .await;
    let b = backend(Settings { dialect: Some(Dialect::Cortex), ..settings(&server.url()) });
    assert_eq!(b.probe(&CX).await.expect("found").version.as_deref(), Some("Cortex"));
    assert_eq!(b.place(), Place { prefix: "api/prom/", dialect: Dialect::Cortex });
    // VictoriaMetrics cannot have such a tenant: that is told before anything is sent.
    let s =
        Settings { dialect: Some(Dialect::VictoriaMetrics), tenant: Some("shop".into()), ..settings(&server.url()) };
    let e = Prometheus::new(s, Budget::new(9), clock().1).err().expect("refused");
    assert!(e.sentence.contains("ACCOUNT"), "{e}");
}

#[tokio::test]
async fn a_missing_tenant_is_told_as_such() {
    let server = FakeHttp::start(|_: &Seen| Fake::status(401, "no org id\n")).await;
    let e = backend(settings(&server.url())).probe(&CX).await.expect_err("401");
    assert_eq!(e.trouble, Trouble::Auth);
    assert!(e.sentence.contains("set tenant"), "{e}");
}

/// A server whose answers to some questions are others.
async fn except(services: usize, other: impl Fn(&str) -> Option<Fake> + Send + Sync + 'static) -> FakeHttp {
    let script = fake_prometheus::full(services);
    FakeHttp::start(move |seen| seen.field("query").and_then(|q| other(&q)).unwrap_or_else(|| script(seen))).await
}

#[tokio::test]
async fn a_partial_answer_is_shown_and_nothing_is_judged_by_it() {
    let truncated = || Fake::json(include_str!("fixtures/query_vector_with_warnings_truncated.json"));
    let server = except(2, move |q| q.contains("last_over_time").then(truncated)).await;
    let (out, got) = sink();
    let e = backend(settings(&server.url())).round(&out).await.expect_err("partial");
    assert!(e.sentence.contains("only in part: results truncated"), "{e}");
    assert!(!facts(&got).iter().any(|f| matches!(f, Fact::Blocks(_))));
    // What only a store of VictoriaMetrics lacks, beside the blocks: those go on, and it is told.
    let lost = r#"{"status":"success","isPartial":true,"data":{"resultType":"vector","result":[]}}"#;
    let server = except(2, move |q| q.contains("\"total:300\"").then(|| Fake::json(lost))).await;
    let (out, got) = sink();
    backend(settings(&server.url())).round(&out).await.expect("blocks go on");
    let facts = facts(&got);
    assert!(facts.iter().any(|f| matches!(f, Fact::Blocks(_))));
    let short = |f: &Fact| matches!(f, Fact::Windows(w) if w.rows.iter().any(|r| r.0 == 300));
    assert!(!facts.iter().any(short));
    let said = last_state(&facts).last_error.expect("told").1.sentence;
    assert!(said.contains("windows") && said.contains("only in part"), "{said}");
}

#[tokio::test]
async fn too_many_rows_are_refused_with_the_label_that_makes_them() {
    let rows: Vec<String> = (0..60_001)
        .map(|i| format!("{{\"metric\":{{\"andon_service\":\"s\",\"andon_route\":\"/{i}\"}},\"value\":[1,\"1\"]}}"))
        .collect();
    let body =
        format!("{{\"status\":\"success\",\"data\":{{\"resultType\":\"vector\",\"result\":[{}]}}}}", rows.join(","));
    let server = except(1, move |q| q.contains("andon_route").then(|| Fake::json(body.clone()))).await;
    let b = backend(settings(&server.url()));
    let (out, got) = sink();
    b.round(&out).await.expect("the rest goes on");
    let said = last_state(&facts(&got)).last_error.expect("told").1;
    assert_eq!(said.trouble, Trouble::TooBig);
    let label = b.queries.recipes()[0].route.expect("a route");
    assert!(said.sentence.contains(&format!("label {label} has 60001 values")), "{said}");
    assert!(!facts(&got).iter().any(|f| matches!(f, Fact::Telemetry(t) if matches!(**t, Telemetry::Mix(_)))));
}

#[tokio::test]
async fn a_late_sample_repairs_its_block_in_the_next_round() {
    let late = Arc::new(std::sync::atomic::AtomicBool::new(true));
    let (flag, script) = (late.clone(), healthy(1));
    let server = FakeHttp::start(move |seen| {
        let mut answer = script(seen);
        answer.headers.retain(|(name, _)| name != "date");
        if flag.load(Ordering::SeqCst) {
            answer.body = String::from_utf8_lossy(&answer.body).replace("\"90\"", "\"40\"").into_bytes();
        }
        answer
    })
    .await;
    let (at, clock) = clock();
    let b = Prometheus::new(settings(&server.url()), Budget::new(120), clock).expect("settings");
    let (out, got) = sink();
    b.round(&out).await.expect("round");
    late.store(false, Ordering::SeqCst);
    at.fetch_add(15_000, Ordering::SeqCst);
    b.round(&out).await.expect("round");
    let edge = queries::settled_edge(now_secs(), 5);
    let told: Vec<f64> = facts(&got)
        .into_iter()
        .filter_map(|f| if let Fact::Blocks(b) = f { Some(b.blocks) } else { None })
        .flatten()
        .filter(|b| b.start == edge - BLOCK)
        .map(|b| b.by_hash[0].1.total)
        .collect();
    assert_eq!(told, [40.0, 90.0]);
}

#[tokio::test]
async fn beside_the_counts_it_tells_latency_percentiles_memory_routes_and_courses() {
    let server = FakeHttp::start(fake_prometheus::full(1)).await;
    let b = backend(settings(&server.url()));
    b.standing().moving.insert(ServiceId::new(fake_prometheus::service(0)));
    let (out, got) = sink();
    b.round(&out).await.expect("round");
    let facts = facts(&got);
    let latency = facts.iter().find_map(|f| match f {
        Fact::Blocks(b) if b.signal == Signal::Latency => Some(b.clone()),
        _ => None,
    });
    let latency = latency.expect("latency");
    assert!(latency.bound.is_some_and(|b| b.secs == 0.5), "{:?}", latency.bound);
    assert_eq!(latency.blocks[0].by_hash[0].1, Counts { total: 90.0, failed: 4.5 });
    let told: Vec<&Telemetry> =
        facts.iter().filter_map(|f| if let Fact::Telemetry(t) = f { Some(&**t) } else { None }).collect();
    let edge = Utc::from_secs(queries::settled_edge(now_secs(), 5));
    let mut parts = Vec::new();
    for t in told {
        match t {
            Telemetry::Quantiles(q) => {
                assert_eq!((q.by_track.len(), q.asked.at), (2, edge));
                let [p50, _, p99] = q.by_track[0].1.as_slice() else { panic!("three") };
                assert!(p50.secs.is_some() && p50.lo <= p50.secs && p50.secs <= p50.hi, "{p50:?}");
                // Beyond the last bound: more than ten seconds is all that is known.
                assert_eq!((p99.secs, p99.hi), (None, None));
            }
            Telemetry::Usage(u) => assert_eq!(u.by_track[0].1.memory_bytes, Some(268_435_456.0)),
            Telemetry::Mix(m) => assert_eq!(m.by_track[1].1.len(), 5),
            Telemetry::Trend(t) => assert!(!t.points.is_empty() && t.points.len() <= 240, "{t:?}"),
            Telemetry::Coverage(_) | Telemetry::Objective(_) | Telemetry::Ratios(_) => {}
        }
        parts.push(t.part());
        let sample = match t {
            Telemetry::Quantiles(q) => q.asked.sample,
            Telemetry::Trend(t) => t.asked.sample,
            _ => Some(Utc::from_secs(now_secs())),
        };
        assert_eq!(sample, Some(Utc::from_secs(now_secs())));
    }
    use crate::core::world::telemetry::Part;
    for part in [
        Part::Quantiles,
        Part::Usage,
        Part::Mix,
        Part::Trend(TrendOf::FailureRate),
        Part::Trend(TrendOf::Rate),
        Part::Trend(TrendOf::ErrorsShort),
        Part::Trend(TrendOf::ErrorsLong),
        Part::Trend(TrendOf::P99),
        Part::Trend(TrendOf::Memory),
    ] {
        assert!(parts.contains(&part), "{part:?} is not told");
    }
}
