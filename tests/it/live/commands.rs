//! `andon act`, `andon wait` and `andon status` on a real control plane: a script rolls back, and its exit code is the truth.

use super::home::Home;
use super::lab::{Lab, User};
use super::rollout::Shape;
use serde_json::{Value, json};

/// A canary that waits once, at half.
fn gate() -> Value {
    json!([{"setWeight": 50}, {"pause": {}}])
}

#[test]
fn a_script_rolls_back_waits_and_reads_what_stands() {
    let Some(lab) = Lab::get() else { return };
    let fresh = lab.fresh_rollout("script", Shape::Basic, &gate());
    let good = fresh.stable_hash();
    fresh.start("1.1");
    let bad = fresh.wanted_hash();
    let home = Home::new(&lab, User::Act, &fresh.name, None);
    let at = format!("shop/{}@eu-1", fresh.name);

    let (code, said) = home.code(&["act", "rollback", &at, "--dry-run"]);
    assert!(code == 0 && said.contains("/status?fieldManager=andon") && said.contains(&*bad), "{code} {said}");
    assert_eq!(fresh.json()["status"]["abort"], Value::Null, "a dry run sends nothing");
    let (code, said) = home.code(&["act", "rollback", &at, "--expect", "9.9", "--yes"]);
    assert!(code == 6 && said.contains("expected the candidate 9.9"), "{code} {said}");

    let (code, said) =
        home.code(&["act", "rollback", &at, "--expect", "1.1", "--yes", "--reason", "drill of a script"]);
    assert_eq!(code, 0, "{said}");
    let now = fresh.json();
    assert!(now["status"]["abort"] == true && now["status"]["stableRS"] == *good, "{}", now["status"]);
    assert!(said.contains("ROLLED BACK") && said.contains("intent on disk"), "{said}");
    assert_eq!(home.acts(), ["intent", "sent", "accepted", "seen", "settled"]);

    // Aborted: nothing goes on by itself, and a script that waits is told so.
    let (code, said) = home.code(&["wait", &at, "--timeout", "60s"]);
    assert_eq!(code, 8, "{said}");
    let (code, said) = home.code(&["wait", &at, "--until", "aborted", "--timeout", "60s"]);
    assert_eq!(code, 10, "{said}");
    // What is left is to undo the spec; then it is settled.
    let (code, said) = home.code(&["act", "rollback", &at, "--expect", "1.1", "--yes"]);
    assert_eq!(code, 0, "{said}");
    let (code, said) = home.code(&["wait", &at, "--timeout", "60s"]);
    assert_eq!(code, 0, "{said}");
    assert_eq!(fresh.json()["status"]["currentPodHash"], *good);

    let (code, said) = home.code(&["status", "--json"]);
    let all: Value = serde_json::from_str(&said).unwrap_or_else(|e| panic!("{e}: {said}"));
    assert_eq!(code, 0);
    let mine = |s: &&Value| s["targets"].as_array().is_some_and(|t| t.iter().any(|t| t["name"] == *fresh.name));
    let row = all["services"].as_array().and_then(|s| s.iter().find(mine)).expect("its row");
    assert_eq!(row["moving"], 0, "{row}");
}

#[test]
fn a_user_without_the_right_gets_the_servers_no_as_a_code() {
    let Some(lab) = Lab::get() else { return };
    let fresh = lab.fresh_rollout("norights", Shape::Basic, &gate());
    fresh.start("1.1");
    let home = Home::new(&lab, User::Look, &fresh.name, None);
    let at = format!("shop/{}@eu-1", fresh.name);
    // The review says no, so the name is due; it may be tried all the same, and the server decides.
    let (code, said) = home.code(&["act", "rollback", &at, "--expect", "1.1", "--yes"]);
    // A way back waits for no review: where its answer comes later than the plan, the server alone says no.
    let late = said.contains("the review did not answer") && said.contains("REFUSED");
    assert!(code == 6 && (said.contains("--name") || late), "{code} {said}");
    let (code, said) = home.code(&["act", "rollback", &at, "--expect", "1.1", "--yes", "--name", &fresh.name]);
    assert!(code == 6 && said.contains("REFUSED"), "{code} {said}");
    assert_eq!(fresh.json()["status"]["abort"], Value::Null);
}
