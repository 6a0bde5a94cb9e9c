//! Two consoles on one target, on two machines that know nothing of each other: one promotes, one rolls back, at the same
//! time. The way back wins whichever request is first, and both logs say what the server did with each request: counted
//! against the API server's own audit log.

use super::{has, is_aborted, two_gates};
use crate::live::home::{Console, Home};
use crate::live::lab::{Lab, User, wait_until};
use crate::live::rollout::{Fresh, Shape};
use serde_json::Value;

/// Who presses first.
#[derive(Clone, Copy, Debug)]
enum First {
    Promote,
    RollBack,
}

#[test]
fn one_promotes_while_another_rolls_back_and_the_way_back_wins_whoever_is_first() {
    let Some(lab) = Lab::get() else { return };
    for first in [First::Promote, First::RollBack] {
        race(&lab, first);
    }
}

fn race(lab: &Lab, first: First) {
    let fresh = lab.fresh_rollout("race", Shape::Basic, &two_gates());
    let good = fresh.stable_hash();
    fresh.start("1.1");
    let bad = fresh.wanted_hash();
    let (onward, back) = (home(lab, "onward", &fresh), home(lab, "back", &fresh));
    let (mut forward, mut backward) = (onward.open(), back.open());
    forward.choose(&fresh.name);
    forward.arm();
    forward.pty.keys("a p");
    forward.shows("and enter:", 15);
    backward.choose(&fresh.name);
    backward.pty.keys("a r");
    backward.until("a roll back that can be confirmed", 15, |l| {
        l.iter().any(|l| l.contains("Y roll back") && !l.contains("in a moment"))
    });
    // The forward one needs its name: typed, and only Enter is left.
    for c in fresh.name.chars() {
        forward.pty.keys(&c.to_string());
    }
    forward.shows(&format!("enter: {}", fresh.name), 5);
    // The dialog counts from when it was shown.
    std::thread::sleep(std::time::Duration::from_millis(900));
    match first {
        First::Promote => {
            forward.pty.send("\r");
            backward.pty.send("Y");
        }
        First::RollBack => {
            backward.pty.send("Y");
            forward.pty.send("\r");
        }
    }

    // The way back asks nothing and waits for nobody.
    backward.until("ROLLED BACK", 120, |l| has(l, "ROLLED BACK") && has(l, "settled after"));
    let now = fresh.json();
    assert!(is_aborted(&now) && now["status"]["stableRS"] == *good, "{first:?}: {}", now["status"]);
    assert_ne!(good, bad);
    // It stays so: nothing of the promote comes after it.
    wait_until("the promote's end in its log", 90, || ended(&onward));
    fresh.wait("no pod of the failing version", 60, |r| r["status"]["updatedReplicas"].as_u64().unwrap_or(0) == 0);
    let after = fresh.json();
    assert!(is_aborted(&after) && after["status"]["stableRS"] == *good, "{first:?}: {}", after["status"]);

    let (promote, roll_back) = (onward.acts(), back.acts());
    eprintln!("{first:?} first: promote {promote:?}\n  roll back {roll_back:?}");
    quit(forward, backward);
    assert_eq!(roll_back.last().map(String::as_str), Some("settled"), "{first:?}");
    assert_eq!(count(&roll_back, "refused"), 0, "{first:?}: nothing refuses the way back");
    // Each answer the server gave stands in one log, as it was given.
    let (stored, refused) = written(lab, &fresh.name);
    let both: Vec<&String> = promote.iter().chain(&roll_back).collect();
    let said = |kind: &str| both.iter().filter(|k| **k == kind).count();
    assert_eq!(said("accepted"), stored, "{first:?}: the server stored {stored}: {both:?}");
    let by_server = [&onward, &back].into_iter().flat_map(|h| h.of("refused"));
    let by_server = by_server.filter(|r| r["data"]["status"].is_u64()).count();
    assert_eq!(by_server, refused, "{first:?}: the server refused {refused}: {both:?}");
    assert_eq!(said("unknown"), 0, "{first:?}: {both:?}");
    // Whoever promoted reads that it went nowhere: not sent, refused, taken back by the controller, stuck; or that it had
    // got to the next gate before it was sent back, and then the log says who took it from there.
    let done = promote.last().map(String::as_str).unwrap_or_default();
    let told = elsewhere(&onward);
    assert!(
        ["refused", "resolved", "stuck", "undone"].contains(&done) || told,
        "{first:?}: the promote ends with {done:?} and its log says nothing of the abort"
    );
    // Its log says too that the rollout was aborted, by whichever record.
    assert!(told, "{first:?}: {:#?}", onward.records());
    for h in [&onward, &back] {
        h.log_tells(&[]);
    }
}

fn home(lab: &Lab, who: &str, fresh: &Fresh<'_>) -> Home {
    Home::of_person(lab, who, User::Act, &fresh.name, None)
}

fn count(kinds: &[String], kind: &str) -> usize {
    kinds.iter().filter(|k| *k == kind).count()
}

/// Either no request of it is on its way any more, or it never went.
fn ended(h: &Home) -> bool {
    let acts = h.acts();
    let over = |k: &&String| ["refused", "resolved", "stuck", "undone", "settled"].contains(&k.as_str());
    acts.iter().any(|k| over(&k)) || acts.is_empty() && elsewhere(h)
}

/// Its log says that the rollout was aborted.
fn elsewhere(h: &Home) -> bool {
    h.records().iter().any(|r| {
        ["phase", "changed"].contains(&r["kind"].as_str().unwrap_or_default())
            && r["data"].to_string().contains("aborted")
    })
}

fn quit(forward: Console, backward: Console) {
    forward.quit();
    backward.quit();
}

/// Writes of user `act` on this Rollout, by the API server's own audit log: stored, and refused. What a dialog tries is
/// not stored and not counted.
fn written(lab: &Lab, name: &str) -> (usize, usize) {
    let text = std::fs::read_to_string(lab.state().join("log/audit.jsonl")).expect("the audit log");
    let mine = text.lines().filter(|l| l.contains(name) && l.contains(r#""username":"act""#));
    let all: Vec<Value> = mine.filter_map(|l| serde_json::from_str(l).ok()).collect();
    let patches = all.iter().filter(|e| {
        e["verb"] == "patch"
            && e["stage"] == "ResponseComplete"
            && e["objectRef"]["resource"] == "rollouts"
            && !e["requestURI"].as_str().unwrap_or_default().contains("dryRun=All")
    });
    let codes: Vec<u64> = patches.filter_map(|e| e["responseStatus"]["code"].as_u64()).collect();
    let stored = codes.iter().filter(|c| (200..300).contains(*c)).count();
    (stored, codes.len() - stored)
}
