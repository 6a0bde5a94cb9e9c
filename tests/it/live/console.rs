//! The real console, in a terminal, on the real servers: what a person sees, presses and leaves in the log.
//!
//! Each test has its own Rollout, home and log. What an act did is asked of the servers with `kubectl` and Prometheus,
//! never of the console. About eight minutes together.

mod back;
mod figures;
mod forward;
mod same;
mod trouble;
mod two;

use super::home::Console;
use super::rollout::Fresh;
use serde_json::{Value, json};

/// A canary that waits for a person at 20 % and at 60 %.
fn two_gates() -> Value {
    json!([{"setWeight": 20}, {"pause": {}}, {"setWeight": 60}, {"pause": {}}])
}

/// A canary that waits once, at half.
fn one_gate() -> Value {
    json!([{"setWeight": 50}, {"pause": {}}])
}

/// `spec.paused` counts as false when it is absent.
fn is_held(rollout: &Value) -> bool {
    rollout["spec"]["paused"] == true
}

fn is_aborted(rollout: &Value) -> bool {
    rollout["status"]["abort"] == true
}

/// Releases the gate as somebody else with kubectl does.
fn promote_elsewhere(fresh: &Fresh<'_>) {
    fresh.patch_status(&json!({"status": {"pauseConditions": null}}));
}

/// Waits until the act that was confirmed has settled on screen. What came before it stays in the log.
#[track_caller]
fn settles(console: &Console, done: &str, secs: u64) {
    console.until(done, secs, |l| has(l, done) && has(l, "settled after"));
}

fn has(lines: &[String], text: &str) -> bool {
    lines.iter().any(|l| l.contains(text))
}
