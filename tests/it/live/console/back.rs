//! Ways back: abort in flight, undo after promotion, out of a hold, and under a dialog that the world overtakes.

use super::{has, is_aborted, is_held, one_gate, promote_elsewhere, settles, two_gates};
use crate::live::home::Home;
use crate::live::lab::{Lab, User, wait_until};
use crate::live::rollout::Shape;
use serde_json::json;

#[test]
fn a_bad_canary_is_seen_as_worse_and_rolled_back_and_its_errors_end() {
    let Some(lab) = Lab::get() else { return };
    let fresh = lab.fresh_rollout("bad", Shape::Routed, &two_gates());
    let good = fresh.stable_hash();
    fresh.load_set("failures/1.1/0.25");
    let home = Home::new(&lab, User::Act, &fresh.name, Some(lab.prom()));
    let mut console = home.open();
    fresh.start("1.1");
    let bad = fresh.wanted_hash();
    console.choose(&fresh.name);
    console.shows("WORSE", 60);
    console.shows("LOOK-ONLY", 1);

    console.pty.keys("a r");
    let named = console.confirm("roll back");
    assert!(!named, "nothing was amiss, and the name was asked for");
    // Its pods stay for 30 s after an abort: each stage can be read.
    console.until("accepted and seen", 30, |l| has(l, "accepted (rv") && has(l, "seen: degraded, aborted"));
    assert!(!has(&console.pty.screen(), "settled after"), "settled while pods of the bad version still ran");
    settles(&console, "ROLLED BACK", 90);
    let now = fresh.json();
    assert!(is_aborted(&now) && now["status"]["stableRS"] == *good, "{}", now["status"]);

    let failing = format!(
        r#"sum(rate(http_requests_total{{service="{}",rollouts_pod_template_hash="{bad}",code="500"}}[10s])) or vector(0)"#,
        fresh.name
    );
    wait_until("the errors end in Prometheus", 30, || lab.prom_value(&failing) == Some(0.0));

    console.quit();
    assert_eq!(home.acts(), ["intent", "sent", "accepted", "seen", "settled"]);
    let intent = &home.of("intent")[0];
    assert_eq!(intent["data"]["seen"]["verdict"]["word"], "WORSE");
    assert_eq!(intent["data"]["look_only"], true);
    home.log_tells(&["verdict WORSE", "roll back:", "from look-only", "sent", "accepted in", "seen", "settled after"]);
}

#[test]
fn after_full_promotion_a_roll_back_is_an_undo_of_two_steps() {
    let Some(lab) = Lab::get() else { return };
    let fresh = lab.fresh_rollout("undo", Shape::Basic, &one_gate());
    let old = fresh.stable_hash();
    fresh.start("1.1");
    promote_elsewhere(&fresh);
    fresh.wait("promoted", 60, |r| r["status"]["phase"] == "Healthy" && r["status"]["stableRS"] != *old);

    let home = Home::new(&lab, User::Act, &fresh.name, None);
    let mut console = home.open();
    console.choose(&fresh.name);
    console.pty.keys("a r");
    console.shows("asks for 1.0 again", 10);
    console.confirm("roll back");
    settles(&console, "ROLLED BACK", 90);
    let now = fresh.json();
    assert_eq!((&now["status"]["stableRS"], &now["status"]["phase"]), (&json!(old), &json!("Healthy")));

    console.quit();
    assert_eq!(
        home.acts(),
        ["intent", "sent", "accepted", "seen", "intent", "sent", "accepted", "seen", "settled"],
        "an intent before each request"
    );
    let steps: Vec<_> = home.of("intent").iter().map(|i| i["data"]["step"].clone()).collect();
    assert_eq!(steps, [1, 2]);
    home.log_tells(&["(step 1 of 2): ", "(step 1 of 2) accepted", "(step 2 of 2): ", "(step 2 of 2) settled"]);
}

#[test]
fn a_held_canary_rolls_back_and_its_hold_goes_with_it() {
    let Some(lab) = Lab::get() else { return };
    let fresh = lab.fresh_rollout("held", Shape::Basic, &two_gates());
    let good = fresh.stable_hash();
    fresh.start("1.1");
    let home = Home::new(&lab, User::Act, &fresh.name, None);
    let mut console = home.open();
    console.choose(&fresh.name);

    console.pty.keys("a h");
    console.confirm("hold");
    console.until("HELD", 30, |l| has(l, "HELD") && has(l, "settled after"));
    assert!(is_held(&fresh.json()));

    console.pty.keys("a r");
    console.confirm("roll back");
    settles(&console, "ROLLED BACK", 60);
    let now = fresh.json();
    assert!(is_aborted(&now) && !is_held(&now), "{now}");
    assert_eq!(now["status"]["stableRS"], *good);
    console.quit();
    home.log_tells(&["hold:", "hold settled", "(step 1 of 2): ", "(step 2 of 2): ", "settled"]);
}

#[test]
fn a_roll_back_goes_out_although_the_step_moved_under_its_dialog() {
    let Some(lab) = Lab::get() else { return };
    let fresh = lab.fresh_rollout("moved", Shape::Basic, &two_gates());
    let good = fresh.stable_hash();
    fresh.start("1.1");
    let home = Home::new(&lab, User::Act, &fresh.name, None);
    let mut console = home.open();
    console.choose(&fresh.name);
    console.pty.keys("a r");
    console.shows("Y roll back", 10);

    promote_elsewhere(&fresh);
    fresh.wait("at the next gate", 60, |r| {
        r["status"]["currentStepIndex"] == 3 && r["status"]["pauseConditions"].is_array()
    });
    console.shows("goes out all the same", 15);
    console.confirm("roll back");
    settles(&console, "ROLLED BACK", 90);
    let now = fresh.json();
    assert!(is_aborted(&now) && now["status"]["stableRS"] == *good, "{}", now["status"]);
    assert_eq!(home.of("intent").len(), 1, "one confirmation was enough");
}

#[test]
fn a_full_promotion_under_the_dialog_brings_a_new_plan_to_the_version_first_shown() {
    let Some(lab) = Lab::get() else { return };
    let fresh = lab.fresh_rollout("over", Shape::Basic, &one_gate());
    let old = fresh.stable_hash();
    fresh.start("1.1");
    let home = Home::new(&lab, User::Act, &fresh.name, None);
    let mut console = home.open();
    console.choose(&fresh.name);
    console.pty.keys("a r");
    console.shows("Y roll back", 10);

    promote_elsewhere(&fresh);
    fresh.wait("promoted", 60, |r| r["status"]["phase"] == "Healthy" && r["status"]["stableRS"] != *old);
    console.shows("fully promoted meanwhile", 15);
    assert!(home.of("intent").is_empty(), "something went out before it was confirmed");
    console.shows("asks for 1.0 again", 10);
    console.confirm("roll back");
    settles(&console, "ROLLED BACK", 90);
    let now = fresh.json();
    assert_eq!((&now["status"]["stableRS"], &now["status"]["phase"]), (&json!(old), &json!("Healthy")));
    console.quit();
    home.log_tells(&["fully promoted meanwhile", "(step 1 of 2): ", "by undo", "(step 2 of 2) settled"]);
}
