//! The lab itself: its servers answer, its traffic follows the live objects, and its troublemakers work.
//! If one of these fails, do not look for the fault in andon.

use super::lab::{Lab, User, wait_until};
use super::rollout::{Fresh, Shape};
use serde_json::json;
use std::time::{Duration, Instant};

/// Requests (or with `code`, answers of that code) per second of one version over the last 10 s; 0 when it has none.
fn rate(lab: &Lab, service: &str, hash: &str, code: &str) -> f64 {
    lab.prom_value(&format!(
        r#"sum(rate(http_requests_total{{service="{service}",rollouts_pod_template_hash="{hash}",code=~"{code}"}}[10s])) or vector(0)"#
    ))
    .expect("one value")
}

fn ended_errors(lab: &Lab, fresh: &Fresh<'_>, bad: &str, good: &str, secs: u64) {
    wait_until("errors end and the old version takes it all", secs, || {
        rate(lab, &fresh.name, bad, "500") == 0.0
            && rate(lab, &fresh.name, bad, ".*") == 0.0
            && (rate(lab, &fresh.name, good, ".*") - 200.0).abs() < 10.0
    });
}

#[test]
fn the_lab_answers() {
    let Some(lab) = Lab::get() else { return };
    let names = lab.kubectl(&["-n", "shop", "get", "rollouts", "-o", "name"]);
    for name in ["checkout", "basic", "search", "ads"] {
        let line = format!("rollout.argoproj.io/{name}");
        assert!(names.lines().any(|l| l == line), "no {name} in {names}");
    }
    assert!(lab.prom().starts_with("http://127.0.0.1:"));
    let audit = lab.state().join("log/audit.jsonl");
    assert!(audit.is_file(), "{} is missing", audit.display());
    let may = |user, verb| {
        let asked = lab.kubectl_as(user, &["-n", "shop", "auth", "can-i", verb, "rollouts.argoproj.io"], "");
        asked.is_ok()
    };
    assert!(may(User::Admin, "patch") && may(User::Act, "patch"));
    assert!(may(User::Look, "list") && !may(User::Look, "patch"));
    assert!(!may(User::Nobody, "list"));
}

#[test]
fn the_traffic_follows_the_weight_and_a_roll_back_ends_the_errors() {
    let Some(lab) = Lab::get() else { return };
    let steps = json!([{"setWeight": 20}, {"pause": {}}, {"setWeight": 60}, {"pause": {}}]);
    let fresh = lab.fresh_rollout("follow", Shape::Routed, &steps);
    let good = fresh.stable_hash();
    fresh.load_set("failures/1.1/0.25");
    wait_until("all traffic on the first version", 30, || (rate(&lab, &fresh.name, &good, ".*") - 200.0).abs() < 10.0);

    fresh.start("1.1");
    let bad = fresh.wanted_hash();
    assert_ne!(good, bad);
    wait_until("a fifth of the traffic on the canary, a quarter of it failing", 30, || {
        (rate(&lab, &fresh.name, &bad, ".*") - 40.0).abs() < 4.0
            && (rate(&lab, &fresh.name, &bad, "500") - 10.0).abs() < 2.0
    });
    assert!(rate(&lab, &fresh.name, &good, "500") < 0.5);

    fresh.patch_status(&json!({"status": {"pauseConditions": null}}));
    wait_until("the next step's weight in the traffic", 40, || {
        (rate(&lab, &fresh.name, &bad, ".*") - 120.0).abs() < 8.0
    });

    fresh.patch_status(&json!({"status": {"abort": true}}));
    // By the weight alone: the canary's pods stay for another 30 s after an abort.
    ended_errors(&lab, &fresh, &bad, &good, 25);
    let pods = lab.load_state()["ready"][&fresh.name][&bad].as_u64();
    assert!(pods > Some(0), "the canary's pods went before its traffic");
}

#[test]
fn without_a_router_the_traffic_follows_the_ready_pods() {
    let Some(lab) = Lab::get() else { return };
    let steps = json!([{"setWeight": 25}, {"pause": {}}]);
    let fresh = lab.fresh_rollout("pods", Shape::Basic, &steps);
    let good = fresh.stable_hash();
    fresh.load_set("failures/1.1/0.25");
    fresh.start("1.1");
    let bad = fresh.wanted_hash();
    wait_until("one pod in four gets a quarter of the traffic", 30, || {
        (rate(&lab, &fresh.name, &bad, ".*") - 50.0).abs() < 5.0
    });
    fresh.patch_status(&json!({"status": {"abort": true}}));
    ended_errors(&lab, &fresh, &bad, &good, 60);
    // Not a zero: a version without pods has no series at all.
    wait_until("the series of the removed pods are gone", 30, || {
        let left = format!(r#"count(http_requests_total{{rollouts_pod_template_hash="{bad}"}})"#);
        lab.prom_value(&left).is_none()
    });
}

#[test]
fn traffic_can_stop_and_figures_can_vanish() {
    let Some(lab) = Lab::get() else { return };
    let fresh = lab.fresh_rollout("quiet", Shape::Basic, &json!([{"setWeight": 25}, {"pause": {}}]));
    let hash = fresh.stable_hash();
    let series = format!(r#"count(http_requests_total{{service="{}"}})"#, fresh.name);
    wait_until("traffic", 30, || rate(&lab, &fresh.name, &hash, ".*") > 0.0);
    fresh.load_set("rate/0");
    wait_until("no traffic, but figures", 30, || {
        rate(&lab, &fresh.name, &hash, ".*") == 0.0 && lab.prom_value(&series) == Some(2.0)
    });
    fresh.load_set("down");
    wait_until("no figures", 30, || lab.prom_value(&series).is_none());
}

#[test]
fn a_stopped_controller_accepts_an_abort_and_does_nothing() {
    let Some(lab) = Lab::get() else { return };
    let fresh = lab.fresh_rollout("stuck", Shape::Basic, &json!([{"setWeight": 25}, {"pause": {}}]));
    fresh.start("1.1");
    let away = lab.stop_argo();
    fresh.patch_status(&json!({"status": {"abort": true}}));
    fresh.patch(&json!({"spec": {"paused": true}}));
    std::thread::sleep(Duration::from_secs(2));
    let seen = fresh.json();
    assert_eq!(seen["status"]["abort"], true);
    assert_eq!(seen["status"]["phase"], "Paused", "somebody carried the abort out");
    fresh.patch(&json!({"spec": {"paused": false}}));
    away.end();
    fresh.wait("the controller is back and aborts", 30, |r| r["status"]["phase"] == "Degraded");
}

#[test]
fn the_api_server_can_freeze_and_stop_and_comes_back() {
    let Some(lab) = Lab::get() else { return };
    let fresh = lab.fresh_rollout("away", Shape::Basic, &json!([{"setWeight": 25}, {"pause": {}}]));
    let get = || lab.kubectl_as(User::Look, &["get", "rollouts", "--request-timeout=2s"], "");
    wait_until("the server answers", 20, || get().is_ok());

    let frozen = lab.freeze_apiserver();
    let asked = Instant::now();
    assert!(get().is_err(), "a frozen server answered");
    assert!(asked.elapsed() >= Duration::from_secs(1), "a frozen server refused at once");
    frozen.end();
    wait_until("the server answers again", 20, || get().is_ok());

    let counted = || lab.load_state()["counts"][&fresh.name].clone();
    let away = lab.stop_apiserver();
    let before = counted();
    let said = get().expect_err("a stopped server answered");
    assert!(said.contains("refused"), "{said}");
    wait_until("traffic goes on without the API server", 10, || counted() != before);
    away.end();
    wait_until("it is back", 20, || get().is_ok());
    fresh.start("1.1");
}
