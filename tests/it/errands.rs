//! `andon act`, `andon wait`, `andon status` as a script meets them: exit codes, what is printed, what is recorded.

use crate::home::Home;
use andon::core::act::flight::State;
use andon::core::act::plan::Verb;
use andon::core::effect::Effect;
use andon::core::errand::{Errand, Stage, Until, code};
use andon::testkit::stories;
use serde_json::Value;

/// Every record that was written, as text.
fn logs(home: &Home) -> String {
    let of = |e: &str| home.files().into_iter().filter(|f| f.extension().is_some_and(|x| x == e)).collect::<Vec<_>>();
    of("jsonl").iter().map(|f| std::fs::read_to_string(f).expect("a log")).collect()
}

#[test]
fn an_act_by_command_goes_the_way_of_one_by_keys_and_its_records_are_there() {
    let hold = ["act", "hold", "shop/checkout@eu-1", "--drill", "f1", "--expect", "v2.14.1", "--yes"];
    // Where the intent takes half a second the name is due, here as with keys: a disk is not that slow three times.
    let mut tries = (0..3).map(|_| {
        let home = Home::new("errand1");
        let (code, said) = home.run(&[&hold[..], &["--reason", "too slow"]].concat());
        (home, code, said)
    });
    let late = |said: &str| said.contains("the name is due: --name checkout (the intent is not on disk yet)");
    let (home, code, said) = tries.find(|(_, _, said)| !late(said)).expect("on disk in time");
    assert_eq!(code, 0, "{said}");
    for part in ["HOLD checkout@eu-1", "request 1 of 1: PATCH", "intent on disk", "HELD checkout@eu-1"] {
        assert!(said.contains(part), "{part}: {said}");
    }
    let log = logs(&home);
    for kind in ["note", "intent", "sent", "accepted", "settled", "closed"] {
        assert!(log.contains(&format!("\"kind\":\"{kind}\"")), "{kind}: {log}");
    }
    assert!(log.contains("too slow"));
}

#[test]
fn a_dry_run_shows_the_requests_sends_nothing_and_leaves_no_log() {
    let home = Home::new("errand2");
    let (code, said) = home.run(&["act", "rollback", "checkout", "--drill", "f1", "--dry-run"]);
    assert_eq!(code, 0, "{said}");
    assert!(said.contains("\"path\":\"/status/abort\"") && said.contains("nothing was sent"), "{said}");
    assert_eq!(logs(&home), "", "nothing is recorded");
}

#[test]
fn what_is_not_what_was_seen_is_not_touched_and_each_reason_has_its_code() {
    let home = Home::new("errand3");
    let act = |args: &[&str]| {
        let all: Vec<&str> = ["act"].into_iter().chain(args.iter().copied()).chain(["--drill", "f1"]).collect();
        home.run(&all)
    };
    let (code, said) = act(&["hold", "checkout", "--expect", "v9", "--yes"]);
    assert_eq!(code, 6, "{said}");
    assert!(said.contains("expected the candidate v9, it is v2.14.1"), "{said}");
    assert_eq!(act(&["hold", "nobody", "--expect", "v9", "--yes"]).0, 5);
    assert_eq!(act(&["hold", "checkout", "--yes"]).0, 2, "what was seen must be said");
    assert_eq!(act(&["hold", "checkout", "--expect", "v2.14.1"]).0, 2, "it must be confirmed");
    assert_eq!(act(&["delete", "checkout", "--expect", "v9", "--yes"]).0, 2);
    let (code, said) = act(&["rollback", "checkout", "--expect", "v2.14.1", "--to", "v0", "--yes"]);
    assert_eq!(code, 5, "{said}");
    let (code, said) = act(&["promote", "checkout", "--expect", "v2.14.1", "--yes", "--as", "mira"]);
    assert_eq!(code, 6, "{said}");
    assert!(said.contains("--armed"), "{said}");
    let log = logs(&home);
    assert!(!log.contains("\"kind\":\"intent\""), "nothing went out: {log}");
}

#[test]
fn a_name_that_is_due_must_be_given_and_must_match() {
    let home = Home::new("errand4");
    let to = ["act", "rollback", "auth", "--drill", "f1", "--yes"];
    let (_, status) = home.run(&["status", "--json", "--drill", "f1"]);
    let all: Value = serde_json::from_str(&status).expect("JSON");
    let auth = all["services"].as_array().and_then(|s| s.iter().find(|s| s["service"] == "auth")).expect("auth");
    let stable = auth["targets"][0]["stable"]["version"].as_str().expect("a version").to_owned();
    let with = |more: &[&str]| {
        let args: Vec<&str> =
            to.iter().chain(["--expect", &stable, "--to", &stable].iter()).chain(more).copied().collect();
        home.run(&args)
    };
    // Asked for already: whatever the name, nothing goes out.
    let (code, said) = with(&["--name", "auth"]);
    assert_eq!(code, 6, "{said}");
}

#[test]
fn waiting_ends_with_the_code_of_what_came() {
    let home = Home::new("errand5");
    let wait = |args: &[&str]| {
        let all: Vec<&str> = ["wait"].into_iter().chain(args.iter().copied()).chain(["--drill", "f1"]).collect();
        home.run(&all)
    };
    assert_eq!(wait(&["auth"]).0, 0, "settled already");
    assert_eq!(wait(&["checkout", "--until", "moving"]).0, 10);
    // On a busy machine nothing may be known within the second; that has its own code, and is no answer to this.
    let until_held = |span| wait(&["checkout", "--until", "held", "--timeout", span]);
    let (code, said) = ["1s", "10s", "60s"].into_iter().map(until_held).find(|(c, _)| *c != 11).expect("an answer");
    assert_eq!(code, 1, "{said}");
    assert_eq!(said.matches("canary").count(), 1, "said once while it stays the same: {said}");
    assert_eq!(wait(&["nobody"]).0, 5);
    assert_eq!(wait(&["checkout", "--until", "lucky"]).0, 2);
    assert_eq!(logs(&home), "", "looking leaves nothing");
}

#[test]
fn status_is_one_json_document_with_ages_and_a_line_a_service_without() {
    let home = Home::new("errand6");
    let (code, said) = home.run(&["status", "--json", "--drill", "f1"]);
    assert_eq!(code, 0, "{said}");
    let all: Value = serde_json::from_str(&said).expect("JSON");
    assert_eq!((all["form"].as_u64(), all["whole"].as_bool()), (Some(1), Some(true)));
    let services = all["services"].as_array().expect("services");
    let checkout = services.iter().find(|s| s["service"] == "checkout").expect("checkout");
    let t = &checkout["targets"][0];
    assert_eq!((t["candidate"]["version"].as_str(), t["moving"].as_bool()), (Some("v2.14.1"), Some(true)));
    assert!(t["age_ms"].as_i64().is_some() && t["verdict"]["word"].is_string(), "{t}");
    let (_, lines) = home.run(&["status", "--drill", "f1"]);
    assert_eq!(lines.lines().count(), services.len() + 1, "{lines}");
}

#[test]
fn a_source_that_does_not_answer_is_said_and_has_its_code() {
    let home = Home::new("errand7");
    home.config("[environment.prod]\nsources = [\"eu-1\"]\n[source.eu-1]\ntype = \"kubernetes\"\nkubeconfig = \"/nowhere/at/all\"\n");
    let (code, said) = home.run(&["status", "--env", "prod"]);
    assert_eq!(code, 11, "{said}");
    let (code, said) = home.run(&["act", "hold", "x", "--env", "prod", "--expect", "v1", "--yes"]);
    assert_eq!(code, 11, "{said}");
    assert!(said.contains("eu-1 does not answer"), "{said}");
}

#[test]
fn a_source_that_takes_the_call_and_says_nothing_ends_the_wait() {
    // A listener that never answers; the client's own time-outs are longer than a script's patience.
    let silent = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let home = Home::new("errand-silent");
    let server = format!("http://{}", silent.local_addr().expect("an address"));
    home.kubeconfig(&["eu-1"]);
    let text = std::fs::read_to_string(home.path().join(".kube/config")).expect("it was written");
    home.file(".kube/config", &text.replace("http://127.0.0.1:9", &server));
    let (code, said) = home.run(&["act", "hold", "x", "--context", "eu-1", "--expect", "v1", "--yes"]);
    assert_eq!(code, 11, "{said}");
}

#[test]
fn a_disk_that_never_answers_ends_a_forward_act_by_command_with_its_code_and_sends_nothing() {
    let mut w = stories::armed();
    w.wait(500);
    w.model.errand = Some(Box::new(Errand {
        verb: Verb::Promote,
        target: "checkout@eu-1".parse().expect("a target"),
        back_to: None,
        expect: None,
        name: None,
        reason: None,
        armed: true,
        emergency: false,
        dry_run: false,
        until: Until::Settled,
        stage: Stage::Looking,
        said: 0,
    }));
    w.wait(20_000).planned().reread();
    let quit = |w: &andon::testkit::World| {
        w.effects.iter().find_map(|e| if let Effect::Quit(code) = e { Some(*code) } else { None })
    };
    assert_eq!(w.model.acts.values().map(|a| &a.state).collect::<Vec<_>>(), [&State::Preparing]);
    for _ in 0..9 {
        w.wait(1_000);
        assert_eq!(quit(&w), None);
    }
    let (due, _) = andon::core::update::next_wake(&w.model);
    assert!(due.is_some_and(|t| t.0 - w.model.now.person.0 <= 1_000), "nobody else wakes it: {due:?}");
    w.wait(1_000);
    assert_eq!(quit(&w), Some(code::NOT_WRITABLE));
    // It comes after all: nothing goes out.
    w.durable().wait(1_000);
    assert!(!w.effects.iter().any(|e| matches!(e, Effect::Perform { .. })));
    assert!(w.model.acts.values().all(|a| matches!(a.state, State::Dropped(_))));
}
