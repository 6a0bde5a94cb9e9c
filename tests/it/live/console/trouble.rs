//! When something is not as it should be: no answer, no right, no controller, no figures, no console.

use super::{has, is_aborted, is_held, one_gate, settles};
use crate::live::home::Home;
use crate::live::lab::{Lab, User, wait_until};
use crate::live::rollout::Shape;
use andon::testkit::fake_http::{Answer, FakeHttp};
use rustix::process::Signal;
use std::time::{Duration, Instant};

#[test]
fn a_server_that_takes_the_request_and_freezes_leaves_an_unknown_outcome_that_reading_resolves() {
    let Some(lab) = Lab::get() else { return };
    let fresh = lab.fresh_rollout("frozen", Shape::Basic, &one_gate());
    fresh.start("1.1");
    let home = Home::new(&lab, User::Act, &fresh.name, None);
    let mut console = home.open();
    console.choose(&fresh.name);
    console.pty.keys("a r");
    console.shows("Y roll back", 10);

    // Not the server itself: a request must be able to leave, or nothing about it is unknown.
    let frozen = lab.freeze_store();
    console.confirm("roll back");
    // It cannot be read again before it goes out: the way back asks for the name instead of refusing.
    console.give_name(15);
    let lines = console.shows("outcome unknown", 20);
    assert!(lines.iter().take(3).any(|l| l.contains("outcome unknown")), "not in the alarm row:\n{}", lines.join("\n"));
    assert_eq!(home.acts(), ["intent", "sent", "unknown"]);
    frozen.end();

    // What the server made of the cut request is its own affair; the record must say what it did.
    let lines = console.until("the outcome by reading", 90, |l| !has(&l[..3], "outcome unknown"));
    let mut told = "";
    wait_until("a record of it", 15, || {
        let resolved = home.of("resolved");
        let how = resolved.last().and_then(|r| r["data"]["how"].as_str()).unwrap_or_default();
        told = if how.contains("it was done") { "done" } else { told };
        told = if how.contains("it was not done") { "not done" } else { told };
        !told.is_empty()
    });
    assert_eq!(is_aborted(&fresh.json()), told == "done", "recorded as {told}; screen:\n{}", lines.join("\n"));
    console.quit();
    home.log_tells(&["roll back:", "sent, name typed", "OUTCOME UNKNOWN", "resolved: read back"]);
}

#[test]
fn who_may_not_patch_is_told_which_right_is_missing_and_may_still_try_the_way_back() {
    let Some(lab) = Lab::get() else { return };
    let fresh = lab.fresh_rollout("norite", Shape::Basic, &one_gate());
    fresh.start("1.1");
    let home = Home::new(&lab, User::Look, &fresh.name, None);
    let mut console = home.open();
    console.choose(&fresh.name);
    console.shows("missing patch rollouts/status", 15);
    let lines = console.until("a dead promote", 5, |l| l.iter().any(|l| l.contains("promote") && l.contains("NO:")));
    assert!(has(&lines, "yes, but"), "the way back looks as ready as ever:\n{}", lines.join("\n"));

    console.pty.keys("a r");
    let named = console.confirm("roll back");
    assert!(named, "the name was not asked for");
    let lines = console.shows("REFUSED", 15);
    assert!(has(&lines, "403"), "{}", lines.join("\n"));
    assert!(has(&lines, "cannot patch"), "not in the server's words:\n{}", lines.join("\n"));
    assert!(!is_aborted(&fresh.json()));
    console.quit();
    assert_eq!(home.acts(), ["intent", "sent", "refused"]);
    home.log_tells(&["name typed", "REFUSED (403): "]);
}

#[test]
fn without_its_controller_an_accepted_abort_is_stuck_and_settles_when_it_comes_back() {
    let Some(lab) = Lab::get() else { return };
    let fresh = lab.fresh_rollout("noargo", Shape::Basic, &one_gate());
    fresh.start("1.1");
    let home = Home::new(&lab, User::Act, &fresh.name, None);
    let mut console = home.open();
    console.choose(&fresh.name);
    let away = lab.stop_argo();
    console.pty.keys("a r");
    console.confirm("roll back");
    console.shows("accepted", 10);
    let accepted = Instant::now();
    console.until("STUCK with its reason", 25, |l| has(l, "STUCK") && has(l, "no reaction from the controller"));
    let took = accepted.elapsed();
    assert!((12..20).contains(&took.as_secs()), "stuck after {took:?}, not after 15 s");
    away.end();
    console.until("settled all the same", 60, |l| has(l, "ROLLED BACK") && has(l, "settled after"));
    assert!(is_aborted(&fresh.json()));
    console.quit();
    home.log_tells(&["accepted in", "STUCK: no reaction from the controller", "seen", "settled after"]);
}

#[test]
fn a_prometheus_that_is_away_or_lies_is_red_with_its_reason_and_the_rollouts_still_work() {
    let Some(lab) = Lab::get() else { return };
    let fresh = lab.fresh_rollout("red", Shape::Basic, &one_gate());
    fresh.start("1.1");

    // Nobody listens there any more.
    let closed = std::net::TcpListener::bind("127.0.0.1:0").and_then(|l| l.local_addr()).expect("a free port");
    let away = Home::new(&lab, User::Act, &fresh.name, Some(&format!("http://{closed}")));
    let mut console = away.open();
    console.choose(&fresh.name);
    console.pty.keys("o j");
    console.until("the red source", 20, |l| has(l, "FAILED") && has(l, "refused") && has(l, "watching"));
    console.pty.keys("v");
    console.pty.keys("a h");
    console.confirm("hold");
    console.until("HELD", 30, |l| has(l, "HELD") && has(l, "settled after"));
    assert!(is_held(&fresh.json()));
    console.quit();
    drop(away);

    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().expect("a runtime");
    let liar = runtime.block_on(FakeHttp::start(|seen| {
        // It passes for a Prometheus until it is asked for figures.
        let version = r#"{"status":"success","data":{"version":"2.53.0"}}"#;
        let body = if seen.path.contains("buildinfo") { version } else { r#"{"status":"success","data":"fine!"}"# };
        Answer::json(body)
    }));
    let lied_to = Home::new(&lab, User::Act, &fresh.name, Some(&liar.url()));
    let mut console = lied_to.open();
    console.choose(&fresh.name);
    let lines = console.pty.screen();
    assert!(!has(&lines, "SAME") && !has(&lines, "BETTER"), "a lie was taken for an answer:\n{}", lines.join("\n"));
    console.pty.keys("o j");
    console.until("the red source", 30, |l| has(l, "FAILED") && has(l, "last error") && has(l, "watching"));
    console.pty.keys("v");
    console.pty.keys("a r");
    console.confirm("roll back");
    settles(&console, "ROLLED BACK", 60);
    assert!(is_aborted(&fresh.json()));
    console.quit();
}

#[test]
fn what_a_killed_console_left_open_is_read_back_by_the_next_one() {
    let Some(lab) = Lab::get() else { return };
    // Its pods stay for 30 s after an abort: long enough to die in between.
    let fresh = lab.fresh_rollout("killed", Shape::Routed, &one_gate());
    fresh.start("1.1");
    let home = Home::new(&lab, User::Act, &fresh.name, None);
    let mut console = home.open();
    console.choose(&fresh.name);
    console.pty.keys("a r");
    console.confirm("roll back");
    console.shows("accepted", 10);
    console.pty.signal(Signal::KILL);
    assert_eq!(console.pty.wait_exit(), 128 + 9);
    drop(console);
    assert!(home.of("settled").is_empty(), "it settled too early to try this");
    let dead = home.of("opened")[0]["session"].clone();

    let console = home.open();
    wait_until("the next session's record of it", 30, || {
        home.of("resolved").iter().any(|r| r["data"]["session"] == dead && r["session"] != dead)
    });
    let resolved = home.of("resolved");
    let found = resolved[0]["data"]["found"].as_str().unwrap_or_default();
    assert!(found.contains("aborted"), "{found}");
    assert!(is_aborted(&fresh.json()));
    assert_eq!(home.of("intent").len(), 1, "it was sent a second time");
    console.quit();
    // A third session finds nothing open.
    let console = home.open();
    std::thread::sleep(Duration::from_secs(3));
    assert_eq!(home.of("resolved").len(), 1);
    console.quit();
    home.log_tells(&["accepted in", "resolved: read back after the session ended", "aborted"]);
}
