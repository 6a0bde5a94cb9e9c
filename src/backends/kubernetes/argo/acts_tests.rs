//! Every verb on every state: planned or refused, in words. One golden text, so that any change of any plan shows.
//! `ANDON_BLESS=1` writes it anew.

use super::plan::plan;
use super::plan_tests::{GATE, SETS, ask, changed, items, state_of};
use crate::core::act::plan::{Expect, Operation, Plan, Primitive, Verb};
use crate::core::id::Hash;
use crate::core::world::target::TargetState;
use serde_json::{Value, json};
use std::fmt::Write;

const NEW: &str = "787c98c79c";
const OLD: &str = "6cb467bfc4";
const ABORTED: &str = "live-argo-rollout-canary-aborted";
const BLUE: &str = "live-argo-rollout-bluegreen-waiting-promotion";
const INCONCLUSIVE: &str = "live-argo-rollout-paused-inconclusive-analysis";
const WORK: &str = "live-argo-rollout-workloadref-paused";

/// The recorded sets, made to be of the versions `new` and `old`.
fn sets_of(new: &str, old: &str) -> Vec<Value> {
    let text = Value::Array(items(SETS)).to_string().replace(NEW, new).replace(OLD, old);
    serde_json::from_str(&text).expect("json")
}

fn canary(changes: &[(&str, Value)]) -> TargetState {
    state_of(&changed(GATE, changes), &items(SETS), &[], &Value::Null)
}

/// Between two gates: nothing waits.
fn going(index: i64) -> Vec<(&'static str, Value)> {
    vec![
        ("/status/pauseConditions", Value::Null),
        ("/status/controllerPause", Value::Null),
        ("/status/currentStepIndex", json!(index)),
        ("/status/phase", json!("Progressing")),
    ]
}

fn promoted() -> Vec<(&'static str, Value)> {
    let mut all = going(6);
    all.extend([("/status/stableRS", json!(NEW)), ("/status/phase", json!("Healthy"))]);
    all
}

fn also(mut all: Vec<(&'static str, Value)>, more: &[(&'static str, Value)]) -> Vec<(&'static str, Value)> {
    all.extend(more.iter().cloned());
    all
}

fn blue(changes: &[(&str, Value)]) -> TargetState {
    state_of(&changed(BLUE, changes), &sets_of("6554dfc4bb", "6cdd64c897"), &[], &Value::Null)
}

/// Users are on the new colour, which is not stable yet.
fn switched(replicas: i64) -> TargetState {
    blue(&[
        ("/status/blueGreen/activeSelector", json!("6554dfc4bb")),
        ("/status/pauseConditions", Value::Null),
        ("/status/controllerPause", Value::Null),
        ("/spec/replicas", json!(replicas)),
    ])
}

/// Promoted, and the old colour's pods have a scale-down deadline ahead.
fn warm() -> TargetState {
    let mut sets = sets_of("6554dfc4bb", "6cdd64c897");
    for s in &mut sets {
        if s["metadata"]["labels"]["rollouts-pod-template-hash"] == "6cdd64c897" {
            s["metadata"]["annotations"]["scale-down-deadline"] = json!("2036-11-21T06:10:46Z");
        }
    }
    let r = changed(
        BLUE,
        &[
            ("/status/blueGreen/activeSelector", json!("6554dfc4bb")),
            ("/status/stableRS", json!("6554dfc4bb")),
            ("/status/pauseConditions", Value::Null),
            ("/status/controllerPause", Value::Null),
            ("/status/phase", json!("Healthy")),
        ],
    );
    state_of(&r, &sets, &[], &Value::Null)
}

/// A run of the inconclusive fixture's step.
fn run(phase: &str) -> Value {
    let mut v = changed(
        "live-argo-analysisrun-running",
        &[("/metadata/name", json!("g7-7bb7f9695c-4-1")), ("/metadata/uid", json!("run-uid"))],
    );
    v["metadata"]["labels"]["rollouts-pod-template-hash"] = json!("7bb7f9695c");
    v["metadata"]["ownerReferences"][0]["uid"] = json!("0d846b10-a1ed-4536-b0b8-b1fdde3d498c");
    v["status"]["phase"] = json!(phase);
    v
}

fn analysis(changes: &[(&str, Value)], runs: &[Value]) -> TargetState {
    state_of(&changed(INCONCLUSIVE, changes), &sets_of("7bb7f9695c", "7cd6987976"), runs, &Value::Null)
}

fn measuring() -> Vec<(&'static str, Value)> {
    vec![
        ("/status/pauseConditions", Value::Null),
        ("/status/controllerPause", Value::Null),
        ("/status/phase", json!("Progressing")),
        ("/status/canary/currentStepAnalysisRunStatus", json!({"name": "g7-7bb7f9695c-4-1", "status": "Running"})),
    ]
}

fn experiment() -> TargetState {
    let steps = json!([{"setWeight": 50}, {"experiment": {"templates": [{"name": "e", "specRef": "canary"}]}}]);
    let object = json!({"kind": "Experiment", "metadata": {"name": "g7-7bb7f9695c-4-1", "uid": "exp-uid",
        "labels": {"rollouts-pod-template-hash": "7bb7f9695c"},
        "ownerReferences": [{"uid": "0d846b10-a1ed-4536-b0b8-b1fdde3d498c", "controller": true}]},
        "status": {"phase": "Running"}});
    let changes = also(
        measuring(),
        &[
            ("/spec/strategy/canary/steps", steps),
            ("/status/canary/currentStepAnalysisRunStatus", Value::Null),
            ("/status/canary/currentExperiment", json!("g7-7bb7f9695c-4-1")),
        ],
    );
    analysis(&changes, &[object])
}

fn work(changes: &[(&str, Value)], read: bool) -> TargetState {
    let template = json!({"metadata": {"labels": {"app": "ads"}},
        "spec": {"containers": [{"name": "ads", "image": "i:2", "env": [{"name": "P", "value": "hunter2"}]}]}});
    let object = if read {
        json!({"kind": "Deployment", "metadata": {"name": "ads", "uid": "work-uid"}, "spec": {"template": template}})
    } else {
        Value::Null
    };
    state_of(&changed(WORK, changes), &sets_of("74cb4b79bc", "7568dcdddb"), &[], &object)
}

fn states() -> Vec<(&'static str, TargetState)> {
    let yes = json!(true);
    let held = ("/spec/paused", yes.clone());
    let gone = [("/status/abort", yes.clone()), ("/status/abortedAt", json!("2026-11-21T06:00:00Z"))];
    vec![
        ("at a gate", canary(&[])),
        ("at a gate, held", canary(std::slice::from_ref(&held))),
        ("at a timed gate", canary(&[("/status/currentStepIndex", json!(3))])),
        ("scaling to a weight", canary(&going(2))),
        ("scaling to a weight, held", canary(&also(going(2), std::slice::from_ref(&held)))),
        ("held before its gate closed", canary(&also(going(1), std::slice::from_ref(&held)))),
        ("all steps done, pods missing", canary(&going(6))),
        (
            "a release not yet looked at",
            state_of(
                &changed("live-argo-rollout-canary-promoted-not-yet-reconciled", &[]),
                &items(SETS),
                &[],
                &Value::Null,
            ),
        ),
        ("spec not yet looked at", canary(&[("/metadata/generation", json!(9))])),
        ("aborted", state_of(&changed(ABORTED, &[]), &items(SETS), &[], &Value::Null)),
        ("aborted, held", state_of(&changed(ABORTED, std::slice::from_ref(&held)), &items(SETS), &[], &Value::Null)),
        ("an abort stored only", canary(&[("/status/abort", yes.clone())])),
        ("promoting fully", canary(&also(going(6), &[("/status/promoteFull", yes.clone())]))),
        ("promoting fully, held", canary(&also(going(6), &[("/status/promoteFull", yes.clone()), held.clone()]))),
        ("promoted", canary(&promoted())),
        ("promoted, held", canary(&also(promoted(), std::slice::from_ref(&held)))),
        (
            "promoted, inside the window",
            canary(&also(promoted(), &[("/spec/rollbackWindow", json!({"revisions": 3}))])),
        ),
        (
            "going back inside the window",
            // The older version is asked for; the newer one is stable.
            canary(&also(
                going(6),
                &[
                    ("/status/currentPodHash", json!(OLD)),
                    ("/status/stableRS", json!(NEW)),
                    ("/spec/rollbackWindow", json!({"revisions": 3})),
                ],
            )),
        ),
        ("restarting", canary(&also(promoted(), &[("/spec/restartAt", json!("2026-11-21T06:00:00Z"))]))),
        ("first deploy", canary(&also(going(0), &[("/status/stableRS", Value::Null)]))),
        (
            "past its deadline",
            canary(&also(
                going(2),
                &[
                    ("/status/phase", json!("Degraded")),
                    (
                        "/status/conditions",
                        json!([{"type": "Progressing", "status": "False", "reason": "ProgressDeadlineExceeded",
                            "message": "timed out"}]),
                    ),
                ],
            )),
        ),
        (
            "invalid",
            canary(&[("/status/conditions", json!([{"type": "InvalidSpec", "status": "True", "message": "bad"}]))]),
        ),
        ("blue/green at its gate", blue(&[])),
        ("blue/green at its gate, held", blue(std::slice::from_ref(&held))),
        ("blue/green switched, all available", switched(1)),
        ("blue/green switched, pods missing", switched(3)),
        ("blue/green aborted", blue(&gone)),
        ("blue/green promoted, old pods warm", warm()),
        ("analysis of a step runs", analysis(&measuring(), &[run("Running")])),
        ("analysis of a step runs, not readable", analysis(&measuring(), &[])),
        ("analysis inconclusive", analysis(&[], &[run("Inconclusive")])),
        ("analysis inconclusive, held", analysis(std::slice::from_ref(&held), &[run("Inconclusive")])),
        (
            "background analysis inconclusive at a gate",
            canary(&[
                (
                    "/status/pauseConditions",
                    json!([{"reason": "CanaryPauseStep"}, {"reason": "InconclusiveAnalysisRun"}]),
                ),
                ("/status/canary/currentBackgroundAnalysisRunStatus", json!({"name": "b", "status": "Inconclusive"})),
            ]),
        ),
        ("an experiment runs", experiment()),
        ("template elsewhere, at a gate", work(&[], true)),
        ("template elsewhere, aborted", work(&gone, true)),
        ("template elsewhere, aborted, held", work(&also(gone.to_vec(), &[held]), true)),
        ("template elsewhere, not readable", work(&gone, false)),
    ]
}

fn tell(p: &Plan, out: &mut String) {
    let _ = writeln!(out, "{} ({}). {}", p.primitive.word(), p.why, p.sentence);
    for (i, s) in p.steps.iter().enumerate() {
        let body: Vec<Value> = serde_json::from_str(s.request.body.unseal().expect("sealed here")).expect("json");
        let path =
            s.request.path.split("/namespaces/shop/").nth(1).unwrap_or("?").trim_end_matches("?fieldManager=andon");
        let ops: Vec<String> = body
            .iter()
            .filter(|o| o["op"] != "test")
            .map(|o| {
                let value = if o["value"].is_object() { "{..}".into() } else { o["value"].to_string() };
                format!("{} {} {value}", o["op"].as_str().unwrap_or("?"), o["path"].as_str().unwrap_or("?"))
            })
            .collect();
        let guards: Vec<&str> = s.guards.iter().map(|g| &**g).filter(|g| !g.starts_with("uid ")).collect();
        let _ = writeln!(out, "    {}. {}: {path} [{}]", i + 1, s.title, ops.join(", "));
        let _ = writeln!(out, "       if {}", guards.join(", "));
        let _ = writeln!(out, "       done: {}", s.done_words);
    }
    for c in &p.cautions {
        let _ = writeln!(out, "    ! {c}");
    }
}

#[test]
fn every_verb_on_every_state_is_planned_or_refused_in_words() {
    let mut out = String::new();
    for (name, t) in states() {
        let _ = writeln!(out, "== {name}: {} {:?}", t.phase.word(), &*t.message);
        for verb in Verb::ALL {
            let _ = write!(out, "{}: ", verb.word());
            match ask(verb, &t) {
                Ok(p) => tell(&p, &mut out),
                Err(why) => {
                    assert!(why.to_string().len() > 8, "{name}, {}: {why}", verb.word());
                    let _ = writeln!(out, "no: {why}");
                }
            }
        }
    }
    let path = format!("{}/src/backends/kubernetes/fixtures/acts.golden.txt", env!("CARGO_MANIFEST_DIR"));
    if std::env::var_os("ANDON_BLESS").is_some() {
        std::fs::write(&path, &out).expect("written");
    }
    let kept = std::fs::read_to_string(&path).expect(&path);
    for (i, (is, was)) in out.lines().zip(kept.lines()).enumerate() {
        assert_eq!(is, was, "line {} of {path}", i + 1);
    }
    assert_eq!(out.lines().count(), kept.lines().count(), "{path}");
}

/// Product rules that hold whatever the state is.
#[test]
fn no_plan_breaks_a_rule_of_the_house() {
    for (name, t) in states() {
        for verb in Verb::ALL {
            let Ok(p) = ask(verb, &t) else { continue };
            let at = format!("{name}, {}", verb.word());
            assert!(!p.steps.is_empty() && !p.sentence.is_empty() && !p.why.is_empty(), "{at}");
            for (i, s) in p.steps.iter().enumerate() {
                let body = s.request.body.unseal().expect("here");
                let ops: Vec<Value> = serde_json::from_str(body).expect("json");
                assert_eq!(
                    (ops[0]["op"].as_str(), ops[0]["path"].as_str()),
                    (Some("test"), Some("/metadata/uid")),
                    "{at}"
                );
                assert!(ops[1]["op"] == "test", "{at}: a version is tested too");
                assert!(!s.done_words.is_empty() && s.settled_by >= s.seen_by, "{at}");
                // What is so already is no effect: nobody would see whether the controller did anything. Without a
                // generation, as after an answer that never came.
                let (seen, done) = (s.seen_when.holds(Some(&t), None), s.done_when.holds(Some(&t), None));
                assert!(!seen || i > 0, "{at}, {}: seen before it is sent", s.title);
                assert!(!done, "{at}, {}: done before it is sent", s.title);
                let refused = s.refused_when.as_ref().is_some_and(|e| e.holds(Some(&t), None));
                assert!(!refused || i > 0, "{at}, {}: refused before it is sent", s.title);
                for index in ops.iter().filter(|o| o["path"] == "/status/currentStepIndex" && o["op"] == "add") {
                    let to = index["value"].as_u64().expect("a number");
                    assert!(to >= 1 && to <= t.steps.len() as u64, "{at}: index {to}");
                }
                assert!(!s.request.shown.contains("hunter2") && !format!("{:?}", s.guards).contains("hunter2"), "{at}");
            }
            let writes = |path: &str, value: Value| {
                p.steps.iter().any(|s| {
                    let ops: Vec<Value> = serde_json::from_str(s.request.body.unseal().expect("here")).expect("json");
                    ops.iter().any(|o| o["op"] != "test" && o["path"] == path && o["value"] == value)
                })
            };
            if !t.is_moving() {
                assert!(!writes("/status/abort", json!(true)), "{at}: abort of a promoted rollout");
            }
            if t.promoting_full && writes("/status/abort", json!(true)) {
                assert!(writes("/status/promoteFull", json!(false)), "{at}: the abort would be dropped");
            }
        }
    }
}

/// The flag of a wish is our own writing: after the server stored it and before the controller looked, nothing is seen.
#[test]
fn a_stored_wish_is_not_an_effect() {
    let stored = |t: &TargetState, verb: Verb| {
        let p = ask(verb, t).expect("planned");
        let raw = t.raw.as_ref().and_then(crate::core::seal::Sealed::unseal).expect("read");
        let mut raw: Value = serde_json::from_str(raw).expect("json");
        let ops: Vec<Value> = serde_json::from_str(p.steps[0].request.body.unseal().expect("here")).expect("json");
        for o in ops.iter().filter(|o| o["op"] != "test") {
            let (parent, key) = o["path"].as_str().and_then(|p| p.rsplit_once('/')).expect("pointer");
            let m = raw["rollout"].pointer_mut(parent).and_then(Value::as_object_mut).expect("parent");
            if o["op"] == "remove" {
                m.remove(key);
            } else {
                m.insert(key.into(), o["value"].clone());
            }
            if parent == "/spec" {
                raw["rollout"]["metadata"]["generation"] = json!(t.generation + 1);
            }
        }
        let list = |key: &str| raw[key].as_array().cloned().unwrap_or_default();
        let after = state_of(&raw["rollout"], &list("sets"), &list("runs"), &raw["work"]);
        let s = &p.steps[0];
        assert!(!s.seen_when.holds(Some(&after), Some(t.generation + 1)), "{} is called seen", verb.word());
        assert!(!s.done_when.holds(Some(&after), Some(t.generation + 1)), "{} is called done", verb.word());
        let refused = s.refused_when.as_ref().is_some_and(|e| e.holds(Some(&after), Some(t.generation + 1)));
        assert!(!refused, "{} is called refused", verb.word());
    };
    let held = canary(&[("/spec/paused", json!(true))]);
    for (verb, t) in [
        (Verb::Promote, canary(&[])),
        (Verb::Promote, held.clone()),
        (Verb::Promote, analysis(&[], &[run("Inconclusive")])),
        (Verb::Promote, blue(&[])),
        (Verb::PromoteFull, canary(&[])),
        (Verb::PromoteFull, blue(&[])),
        (Verb::SkipStep, canary(&going(2))),
        (Verb::SkipStep, canary(&going(4))),
        (Verb::SkipStep, analysis(&measuring(), &[run("Running")])),
        (Verb::Retry, state_of(&changed(ABORTED, &[]), &items(SETS), &[], &Value::Null)),
        (Verb::Rerun, analysis(&[], &[run("Inconclusive")])),
        (Verb::Restart, canary(&promoted())),
        (Verb::Hold, canary(&[])),
        (Verb::Resume, held.clone()),
        (Verb::RollBack, canary(&[])),
        (Verb::RollBack, held),
        (Verb::RollBack, blue(&[])),
        (Verb::RollBack, switched(3)),
        (Verb::RollBack, canary(&promoted())),
    ] {
        stored(&t, verb);
    }
}

#[test]
fn a_promote_under_a_hold_ends_the_hold_first_and_its_second_request_tests_that_it_is_gone() {
    let p = ask(Verb::Promote, &canary(&[("/spec/paused", json!(true))])).expect("planned");
    let ops =
        |i: usize| -> Value { serde_json::from_str(p.steps[i].request.body.unseal().expect("here")).expect("json") };
    assert_eq!(p.steps.len(), 2);
    let first = ops(0);
    assert_eq!(first[4], json!({"op": "test", "path": "/spec/paused", "value": true}));
    assert_eq!(first[5], json!({"op": "remove", "path": "/spec/paused"}));
    assert_eq!(ops(1)[5], json!({"op": "test", "path": "/spec/paused", "value": null}));
    let wait = p.steps[1].wait_first.as_ref().expect("seen first");
    let free = canary(&[]);
    assert!(wait.holds(Some(&free), Some(free.generation)), "observed, at the gate again");
    assert!(!wait.holds(Some(&free), Some(free.generation + 1)), "not before the controller has seen it");
    assert!(!wait.holds(Some(&canary(&going(1))), Some(0)), "not before the gate is there");
    // Swallowed: held by somebody in between, the flag dropped, the index the same.
    let lost = canary(&also(going(1), &[("/spec/paused", json!(true))]));
    assert!(p.steps[1].refused_when.as_ref().expect("told").holds(Some(&lost), None));
}

#[test]
fn an_undo_that_makes_a_new_version_is_refused_and_one_elsewhere_waits_for_no_generation() {
    let t = canary(&promoted());
    let p = ask(Verb::RollBack, &t).expect("kept");
    let mut other = t.clone();
    other.candidate = Some(Hash::new("brand-new"));
    assert!(p.steps[0].refused_when.as_ref().expect("told").holds(Some(&other), None));
    assert!(!p.steps[0].refused_when.as_ref().expect("told").holds(Some(&t), None));
    let gone = [("/status/abort", json!(true)), ("/status/abortedAt", json!("2026-11-21T06:00:00Z"))];
    let t = work(&gone, true);
    let p = ask(Verb::RollBack, &t).expect("readable");
    assert_eq!(p.steps[0].request.path.split('?').next(), Some("/apis/apps/v1/namespaces/shop/deployments/ads"));
    let mut back = t.clone();
    back.candidate = t.stable.clone();
    assert!(p.steps[0].seen_when.holds(Some(&back), Some(i64::MAX)), "the answer counts another object's generations");
}

#[test]
fn a_chosen_version_is_gone_back_to_even_in_flight_and_warm_pods_are_a_switch() {
    let mut op = Operation::back_to(canary(&[]).id, Hash::new(OLD));
    op.chosen = true;
    let t = canary(&promoted());
    let p = plan(&op, &t).expect("kept");
    assert_eq!((p.primitive, p.steps.len(), p.to), (Primitive::Undo, 2, Some(Hash::new(OLD))));
    assert!(p.cautions.iter().all(|c| !c.contains("whether it was good")), "a person chose it");
    let p = ask(Verb::RollBack, &warm()).expect("kept");
    assert_eq!((p.primitive, p.steps.len()), (Primitive::SwitchBack, 1));
    let p = ask(Verb::RollBack, &switched(3)).expect("kept");
    assert_eq!(p.primitive, Primitive::Undo);
    assert!(p.why.contains("would not switch back"), "{}", p.why);
    // Without a fresh read there is no template to send: the abort goes out, and says what it may not do.
    let mut blind = switched(3);
    blind.raw = None;
    let p = ask(Verb::RollBack, &blind).expect("never blocked");
    assert_eq!(p.primitive, Primitive::Abort);
    assert!(p.cautions[0].contains("would not switch back"), "{:?}", p.cautions);
}

#[test]
fn a_run_is_ended_by_its_own_uid_and_only_while_it_is_as_seen() {
    let p = ask(Verb::Terminate, &analysis(&measuring(), &[run("Running")])).expect("runs");
    let body: Value = serde_json::from_str(p.steps[0].request.body.unseal().expect("here")).expect("json");
    assert_eq!(
        body,
        json!([
            {"op": "test", "path": "/metadata/uid", "value": "run-uid"},
            {"op": "test", "path": "/status/phase", "value": "Running"},
            {"op": "add", "path": "/spec/terminate", "value": true},
        ])
    );
    assert_eq!(p.steps[0].seen_when, Expect::CheckOver("g7-7bb7f9695c-4-1".into()));
    assert!(p.steps[0].request.path.contains("/analysisruns/g7-7bb7f9695c-4-1?"));
    assert!(ask(Verb::Terminate, &experiment()).expect("runs").steps[0].request.path.contains("/experiments/"));
    let mut asked = run("Running");
    asked["spec"]["terminate"] = json!(true);
    let why = ask(Verb::Terminate, &analysis(&measuring(), &[asked])).expect_err("asked for").to_string();
    assert!(why.contains("asked for already"), "{why}");
}

/// Its gate stands, and the newest experiment is in `phase`.
fn undecided(phase: &str) -> TargetState {
    let steps = json!([{"setWeight": 50}, {"experiment": {"templates": [{"name": "e", "specRef": "canary"}]}}]);
    let object = |name: &str, phase: &str| {
        json!({"kind": "Experiment", "metadata": {"name": name, "uid": name,
            "labels": {"rollouts-pod-template-hash": "7bb7f9695c"},
            "ownerReferences": [{"uid": "0d846b10-a1ed-4536-b0b8-b1fdde3d498c", "controller": true}]},
            "status": {"phase": phase}})
    };
    let changes = [
        ("/spec/strategy/canary/steps", steps),
        ("/status/canary/currentStepAnalysisRunStatus", Value::Null),
        ("/status/canary/currentExperiment", json!("g7-7bb7f9695c-4-1-1")),
        ("/status/pauseConditions/0/reason", json!("InconclusiveExperiment")),
        ("/status/currentStepIndex", json!(1)),
    ];
    analysis(&changes, &[object("g7-7bb7f9695c-4-1", "Inconclusive"), object("g7-7bb7f9695c-4-1-1", phase)])
}

#[test]
fn an_undecided_experiment_is_begun_again_by_the_controller_and_only_its_gate_can_be_opened() {
    for phase in ["Inconclusive", "Pending"] {
        let why = ask(Verb::Rerun, &undecided(phase)).expect_err("nothing to ask for").to_string();
        assert!(why.contains("by itself"), "{why}");
    }
    let p = ask(Verb::Rerun, &undecided("Running")).expect("a gate in its way");
    assert!(p.sentence.contains("waits for g7-7bb7f9695c-4-1-1"), "{}", p.sentence);
    let body: Value = serde_json::from_str(p.steps[0].request.body.unseal().expect("here")).expect("json");
    let removed = |o: &&Value| o["op"] == "remove";
    let gone: Vec<&Value> = body.as_array().expect("a patch").iter().filter(removed).map(|o| &o["path"]).collect();
    assert_eq!(gone, ["/status/pauseConditions"]);
    let p = ask(Verb::Promote, &undecided("Running")).expect("accepted");
    assert!(p.cautions[0].contains("begins the experiment again by itself"), "{:?}", p.cautions);
}
