//! Forward acts: armed first, and only where the target still is what was seen.

use super::{has, settles, two_gates};
use crate::live::home::Home;
use crate::live::lab::{Lab, User};
use crate::live::rollout::Shape;
use serde_json::json;

#[test]
fn an_armed_console_promotes_through_a_paused_step() {
    let Some(lab) = Lab::get() else { return };
    let fresh = lab.fresh_rollout("step", Shape::Routed, &two_gates());
    fresh.start("1.1");
    let home = Home::new(&lab, User::Act, &fresh.name, Some(lab.prom()));
    let mut console = home.open();
    console.choose(&fresh.name);

    console.pty.keys("a p");
    console.shows("arms this console first", 5);
    console.arm();
    console.until("figures to promote by", 60, |l| has(l, "SAME") || has(l, "UNSURE") || has(l, "BETTER"));
    console.pty.keys("a p");
    let named = console.confirm("promote");
    settles(&console, "PROMOTED", 60);
    fresh.wait("at the next gate", 30, |r| r["status"]["currentStepIndex"] == 3);
    console.quit();
    assert_eq!(home.acts().last().map(String::as_str), Some("settled"));
    let intent = &home.of("intent")[0]["data"];
    assert_eq!(intent["look_only"], false);
    // Nothing but an UNSURE verdict stood in the way.
    let word = intent["seen"]["verdict"]["word"].as_str().unwrap_or_default();
    assert_eq!(named, word == "UNSURE", "{intent}");
    home.log_tells(&["armed", "promote:", "promote accepted", "promote settled"]);
}

#[test]
fn a_promote_is_refused_when_the_step_moved_under_its_dialog() {
    let Some(lab) = Lab::get() else { return };
    let fresh = lab.fresh_rollout("moved", Shape::Basic, &two_gates());
    fresh.start("1.1");
    let home = Home::new(&lab, User::Act, &fresh.name, None);
    let mut console = home.open();
    console.choose(&fresh.name);
    console.arm();
    console.pty.keys("a p");
    console.shows("and enter:", 10);

    super::promote_elsewhere(&fresh);
    fresh.wait("at the next gate", 60, |r| {
        r["status"]["currentStepIndex"] == 3 && r["status"]["pauseConditions"].is_array()
    });
    console.shows("REFUSED", 15);
    console.shows("is now 3 of 4", 5);
    let before = fresh.json();
    // Hands that were already on their way.
    for c in fresh.name.chars() {
        console.pty.keys(&c.to_string());
    }
    console.pty.keys("Enter Y");
    std::thread::sleep(std::time::Duration::from_secs(2));
    let after = fresh.json();
    assert_eq!(before["metadata"]["resourceVersion"], after["metadata"]["resourceVersion"], "something was changed");
    assert_eq!(home.acts(), [""; 0], "something went out");
    assert_eq!(written_by_act(&lab, &fresh.name), 0, "the server saw a write");
    console.quit();
    assert_eq!(json!(home.of("armed").len()), 1);
}

/// Writes of user `act` on this Rollout, by the API server's own audit log.
fn written_by_act(lab: &Lab, name: &str) -> usize {
    let text = std::fs::read_to_string(lab.state().join("log/audit.jsonl")).expect("the audit log");
    text.lines()
        .filter(|l| l.contains(name) && l.contains(r#""username":"act""#) && l.contains(r#""verb":"patch""#))
        // What a dialog tries is not stored.
        .filter(|l| !l.contains("dryRun=All"))
        .count()
}
