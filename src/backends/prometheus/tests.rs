//! The backend against a fake server: its clauses of the contract, its faults, its load.

use super::*;
use crate::backends::Lane;
use crate::core::id::{Hash, TargetId};
use crate::core::world::figures::Counts;
use crate::core::world::source::{Link, SourceState};
use crate::testkit::fake_http::{Answer as Fake, FakeHttp, Fault, Seen};
use crate::testkit::fake_prometheus::{self, healthy, now_secs};
use std::sync::PoisonError;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

const CX: Cx = Cx { deadline: Duration::from_secs(2), lane: Lane::Refresh };

fn settings(url: &str) -> Settings {
    let queries = Queries { version: "version".to_owned(), ..Queries::default() };
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
    let e = b.ask(&blocks_of(1, 0, 11), &CX).await.expect_err("too many");
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
        (Fake::nested(10_000), Trouble::Shape, "recursion"),
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
        let retry = (trouble == Trouble::Throttled).then_some(7_000);
        assert!(errors.iter().all(|e| e.retry_after_ms == retry), "{errors:?}");
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
    s.token = Some(TokenFrom::File(path.clone()));
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

#[tokio::test]
async fn the_load_is_the_same_for_20_and_for_1000_services() {
    let mut counts = Vec::new();
    for services in [20, 1000] {
        let biggest = Arc::new(AtomicI64::new(0));
        let size = biggest.clone();
        let script = healthy(services);
        let server = FakeHttp::start(move |seen| {
            let mut answer = script(seen);
            // The test moves our clock and not the server's.
            answer.headers.retain(|(name, _)| name != "date");
            if seen.path.contains("query_range") {
                size.fetch_max(answer.body.len() as i64, Ordering::SeqCst);
            }
            answer
        })
        .await;
        let (at, clock) = clock();
        let budget = Budget::new(120);
        let b = Prometheus::new(settings(&server.url()), budget, clock).expect("settings");
        let (out, got) = sink();
        let mut requests = Vec::new();
        for _ in 0..4 {
            b.round(&out).await.expect("round");
            requests.push(server.seen().len());
            at.fetch_add(15_000, Ordering::SeqCst);
        }
        let facts = facts(&got);
        let told = |f: &&Fact| matches!(f, Fact::Blocks(_));
        assert_eq!(facts.iter().filter(told).count(), 4 * services);
        assert_eq!(last_state(&facts).calls_per_min as usize, server.seen().len());
        assert!(biggest.load(Ordering::SeqCst) < 2 * 1024 * 1024);
        counts.push(requests);
    }
    assert_eq!(counts[0], counts[1]);
    // Newest and blocks each time; short windows in two of the four, long ones once.
    assert_eq!(*counts[0].last().expect("rounds"), 4 * 2 + 2 + 1);
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
    assert_eq!(windows, [vec![300, 1_800, 3_600, 21_600], vec![7_200, 86_400, 259_200, 2_592_000]]);
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
