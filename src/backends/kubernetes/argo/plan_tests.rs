//! Plans made from recorded objects: what goes out, in which order, under which guards, and what is refused.

use super::plan::plan;
use super::runs::{RunRow, run_row};
use crate::backends::kubernetes::around::Around;
use crate::backends::kubernetes::dto::{ReplicaSet, Rollout};
use crate::backends::kubernetes::fixture;
use crate::backends::kubernetes::wire::{SetRow, set_row, target_state};
use crate::core::act::plan::{CannotBecause, Expect, Operation, Plan, Primitive, Verb};
use crate::core::id::Hash;
use crate::core::seal::Sealed;
use crate::core::time::Utc;
use crate::core::world::target::TargetState;
use serde_json::{Value, json};

pub const GATE: &str = "live-argo-rollout-canary-paused-step1-weight20";
pub const SETS: &str = "live-argo-replicasets-of-canary-rollout";

/// A recorded object with some fields changed (JSON pointer, value; null removes).
pub fn changed(name: &str, changes: &[(&str, Value)]) -> Value {
    let mut r: Value = fixture(name);
    for (path, v) in changes {
        let (parent, key) = path.rsplit_once('/').expect("pointer");
        let m = r.pointer_mut(parent).and_then(Value::as_object_mut).expect(path);
        if v.is_null() {
            m.remove(key);
        } else {
            m.insert(key.into(), v.clone());
        }
    }
    r
}

/// The items of a recorded list.
pub fn items(name: &str) -> Vec<Value> {
    let list: Value = fixture(name);
    list["items"].as_array().expect("list").clone()
}

/// As `read` makes it: the state, with the objects it was made from.
pub fn state_of(rollout: &Value, sets: &[Value], runs: &[Value], work: &Value) -> TargetState {
    fn dto<T: serde::de::DeserializeOwned>(v: &Value) -> T {
        serde_json::from_value(v.clone()).expect("lenient")
    }
    let rows: Vec<SetRow> = sets.iter().filter_map(|v| set_row(&dto::<ReplicaSet>(v))).collect();
    let kind = |v: &Value| v["kind"].as_str().unwrap_or("AnalysisRun").to_owned();
    let checks: Vec<RunRow> = runs.iter().filter_map(|v| run_row(&kind(v), &dto(v))).collect();
    let around = Around { sets: rows.iter().collect(), runs: checks.iter().collect(), ..Around::default() };
    let mut t = target_state(&"eu-1".into(), &dto::<Rollout>(rollout), &around, Utc(1_795_000_000_000)).expect("named");
    let raw = json!({"rollout": rollout, "sets": sets, "runs": runs, "work": work});
    t.raw = Some(Sealed::new(raw.to_string()));
    t
}

fn seen(rollout: &str, sets: &str, changes: &[(&str, Value)]) -> TargetState {
    state_of(&changed(rollout, changes), &items(sets), &[], &Value::Null)
}

pub fn ask(verb: Verb, t: &TargetState) -> Result<Plan, CannotBecause> {
    let op = Operation::new(verb, t.id.clone());
    let once = plan(&op, t);
    assert_eq!(once, plan(&op, t), "the same read, the same plan");
    once
}

fn ops(p: &Plan, step: usize) -> Value {
    serde_json::from_str(p.steps[step].request.body.unseal().expect("sealed here")).expect("json")
}

fn why(e: Result<Plan, CannotBecause>) -> String {
    e.expect_err("refused").to_string()
}

const UID: &str = "0baf9f5c-0a47-423f-a748-03988106d223";

#[test]
fn promote_tests_all_that_was_read_and_removes_only_the_gate() {
    let t = seen(GATE, SETS, &[]);
    let p = ask(Verb::Promote, &t).expect("gate stands");
    assert_eq!(
        ops(&p, 0),
        json!([
            {"op": "test", "path": "/metadata/uid", "value": UID},
            {"op": "test", "path": "/status/currentPodHash", "value": "787c98c79c"},
            {"op": "test", "path": "/status/stableRS", "value": "6cb467bfc4"},
            {"op": "test", "path": "/status/currentStepIndex", "value": 1},
            {"op": "test", "path": "/status/pauseConditions/0/reason", "value": "CanaryPauseStep"},
            {"op": "test", "path": "/spec/paused", "value": null},
            {"op": "remove", "path": "/status/pauseConditions"},
        ])
    );
    let r = &p.steps[0].request;
    assert_eq!(&*r.path, "/apis/argoproj.io/v1alpha1/namespaces/shop/rollouts/checkout/status?fieldManager=andon");
    assert_eq!(&*r.shown, r.body.unseal().expect("here"), "nothing to mask");
    assert_eq!(&*p.steps[0].done_words, "step 2 of 6 is done");
    assert!(p.sentence.contains("1.1: setWeight: 50"), "{}", p.sentence);
}

#[test]
fn promote_is_refused_where_it_would_be_lost_or_wrong() {
    let yes = json!(true);
    for (changes, word) in [
        (vec![("/spec/paused", yes.clone()), ("/status/currentStepIndex", json!(3))], "timed pause"),
        (
            vec![
                ("/spec/paused", yes.clone()),
                ("/status/currentStepIndex", json!(2)),
                ("/status/pauseConditions", Value::Null),
                ("/status/controllerPause", Value::Null),
            ],
            "resume it",
        ),
        (vec![("/status/pauseConditions", Value::Null)], "somebody released"),
        (vec![("/status/abort", yes.clone())], "aborted"),
        (vec![("/status/stableRS", json!("787c98c79c"))], "nothing moves"),
        (vec![("/metadata/generation", json!(9))], "not seen the newest spec"),
        (vec![("/status/pauseConditions", Value::Null), ("/status/controllerPause", Value::Null)], "no gate stands"),
        (vec![("/status/pauseConditions", json!([{"reason": "InconclusiveAnalysisRun"}]))], "re-run it"),
        (
            vec![("/status/conditions", json!([{"type": "InvalidSpec", "status": "True", "message": "bad"}]))],
            "refuses this object",
        ),
    ] {
        let w = why(ask(Verb::Promote, &seen(GATE, SETS, &changes)));
        assert!(w.contains(word), "{w} / {word}");
    }
}

#[test]
fn hold_and_resume_write_the_spec_and_wait_for_the_controller() {
    let t = seen(GATE, SETS, &[]);
    let p = ask(Verb::Hold, &t).expect("moves");
    assert_eq!(ops(&p, 0)[2], json!({"op": "add", "path": "/spec/paused", "value": true}));
    assert!(p.steps[0].request.path.ends_with("/rollouts/checkout?fieldManager=andon"));
    assert_eq!(p.steps[0].seen_when, Expect::All(vec![Expect::HeldIs(true), Expect::Observed]));
    assert!(why(ask(Verb::Resume, &t)).contains("not held"));
    let held = seen(GATE, SETS, &[("/spec/paused", json!(true))]);
    assert!(why(ask(Verb::Hold, &held)).contains("held already"));
    let p = ask(Verb::Resume, &held).expect("held");
    assert_eq!(ops(&p, 0)[3], json!({"op": "test", "path": "/spec/paused", "value": true}));
    assert!(p.cautions[0].contains("does not promote"));
    let gone_back = seen("live-argo-rollout-canary-aborted", SETS, &[]);
    assert!(why(ask(Verb::Hold, &gone_back)).contains("going back already"));
}

#[test]
fn in_flight_the_way_back_is_an_abort_and_without_a_router_it_settles_only_without_pods() {
    let t = seen(GATE, SETS, &[("/spec/strategy/canary/trafficRouting", Value::Null)]);
    let p = ask(Verb::RollBack, &t).expect("in flight");
    assert_eq!((p.primitive, p.steps.len()), (Primitive::Abort, 1));
    assert_eq!(
        ops(&p, 0),
        json!([
            {"op": "test", "path": "/metadata/uid", "value": UID},
            {"op": "test", "path": "/status/currentPodHash", "value": "787c98c79c"},
            {"op": "add", "path": "/status/abort", "value": true},
        ])
    );
    assert_eq!(p.to, Some(Hash::new("6cb467bfc4")));
    assert_eq!(p.operation.back_to, p.to, "the version shown is pinned");
    let done = &p.steps[0].done_when;
    let at = |name: &str, changes: &[(&str, Value)]| done.holds(Some(&seen(name, SETS, changes)), None);
    assert!(!at("live-argo-rollout-canary-aborted", &[]), "its pod still serves");
    let mut gone = seen("live-argo-rollout-canary-aborted", SETS, &[]);
    for r in &mut gone.revisions {
        if r.hash.as_str() == "787c98c79c" {
            r.replicas.existing = 0;
        }
    }
    assert!(done.holds(Some(&gone), None));
    // A stored wish is no effect: the controller may be down.
    let wish = seen(GATE, SETS, &[("/status/abort", json!(true))]);
    assert!(!p.steps[0].seen_when.holds(Some(&wish), None));
    let kept = seen(GATE, SETS, &[("/spec/strategy/canary/abortScaleDownDelaySeconds", json!(0))]);
    let p = ask(Verb::RollBack, &kept).expect("in flight");
    assert!(p.steps[0].done_words.contains("its pods stay"));
}

#[test]
fn a_hold_is_ended_after_the_abort_and_a_full_promotion_is_stopped_with_it() {
    let t = seen(GATE, SETS, &[("/spec/paused", json!(true)), ("/status/promoteFull", json!(true))]);
    let p = ask(Verb::RollBack, &t).expect("in flight");
    assert_eq!(p.steps.len(), 2);
    assert_eq!(ops(&p, 0)[2], json!({"op": "add", "path": "/status/promoteFull", "value": false}));
    assert_eq!(ops(&p, 0)[3], json!({"op": "add", "path": "/status/abort", "value": true}));
    assert_eq!(ops(&p, 1)[2], json!({"op": "add", "path": "/spec/paused", "value": false}));
    let first = p.steps[1].wait_first.as_ref().expect("abort first");
    assert!(!first.holds(Some(&t), None));
    assert!(first.holds(Some(&seen("live-argo-rollout-canary-aborted", SETS, &[])), None));
}

#[test]
fn after_an_abort_the_stable_template_goes_back_in_one_request_with_the_end_of_a_hold() {
    let t = seen("live-argo-rollout-canary-aborted", SETS, &[("/spec/paused", json!(true))]);
    let p = ask(Verb::RollBack, &t).expect("aborted");
    assert_eq!((p.primitive, p.steps.len()), (Primitive::Undo, 1));
    let o = ops(&p, 0);
    assert_eq!(o[1]["value"], "787c98c79c");
    assert_eq!(o[2]["path"], "/spec/template");
    assert_eq!(o[2]["value"]["metadata"], json!({"labels": {"app": "checkout"}}), "injected labels are out");
    assert_eq!(o[3], json!({"op": "add", "path": "/spec/paused", "value": false}));
    assert!(p.steps[0].done_words.contains("no pod of another version"));
}

#[test]
fn after_a_full_promotion_the_way_back_is_undo_then_promote_full() {
    // 787c98c79c everywhere; 6cb467bfc4 is the kept one before it.
    let promoted = [
        ("/status/stableRS", json!("787c98c79c")),
        ("/status/pauseConditions", Value::Null),
        ("/status/controllerPause", Value::Null),
        ("/status/currentStepIndex", json!(6)),
        ("/status/phase", json!("Healthy")),
    ];
    let t = seen(GATE, SETS, &promoted);
    let p = ask(Verb::RollBack, &t).expect("one is kept");
    assert_eq!(p.steps.len(), 2);
    assert_eq!(ops(&p, 0)[1]["value"], "787c98c79c");
    assert_eq!(
        ops(&p, 1),
        json!([
            {"op": "test", "path": "/metadata/uid", "value": UID},
            {"op": "test", "path": "/status/currentPodHash", "value": "6cb467bfc4"},
            {"op": "add", "path": "/status/promoteFull", "value": true},
        ])
    );
    assert!(p.steps[1].request.path.contains("/status?"));
    let first = p.steps[1].wait_first.as_ref().expect("observed first");
    assert!(!first.holds(Some(&t), None));
    assert!(p.cautions.iter().any(|c| c.contains("previous version kept")));
    // Inside the rollback window the controller skips the steps by itself.
    let mut window = promoted.to_vec();
    window.push(("/spec/rollbackWindow", json!({"revisions": 3})));
    assert_eq!(ask(Verb::RollBack, &seen(GATE, SETS, &window)).expect("kept").steps.len(), 1);
    // The version first shown stays the one gone back to.
    let pinned = Operation::back_to(t.id.clone(), Hash::new("787c98c79c"));
    assert!(plan(&pinned, &t).expect_err("asked for").to_string().contains("already"));
}

#[test]
fn what_cannot_be_done_says_why() {
    let t = seen(GATE, "live-argo-replicasets-of-canary-rollout", &[]);
    let mut other = t.clone();
    other.id.uid = "other".into();
    let op = Operation::new(Verb::Hold, t.id.clone());
    assert_eq!(plan(&op, &other), Err(CannotBecause::Gone));
    let mut unread = t.clone();
    unread.raw = None;
    assert!(why(ask(Verb::Resume, &unread)).contains("read it again"));
    let first = seen(GATE, SETS, &[("/status/stableRS", Value::Null)]);
    assert_eq!(ask(Verb::RollBack, &first), Err(CannotBecause::NothingKept));
    let elsewhere = seen(
        "live-argo-rollout-canary-aborted",
        SETS,
        &[("/spec/workloadRef", json!({"kind": "Deployment", "name": "ads"}))],
    );
    assert!(why(ask(Verb::RollBack, &elsewhere)).contains("Deployment ads, which could not be read"));
}

#[test]
fn a_git_owner_is_a_caution_and_secrets_in_a_template_are_never_shown() {
    let mut t = seen("live-argo-rollout-canary-aborted", SETS, &[]);
    let raw = t.raw.as_ref().and_then(Sealed::unseal).expect("here").replace(
        "\"image\":\"registry.example.org/shop/checkout:1.0\"",
        "\"image\":\"i\",\"env\":[{\"name\":\"P\",\"value\":\"hunter2\"}]",
    );
    t.raw = Some(Sealed::new(raw));
    t.git = Some(crate::core::world::target::GitOwner { tool: "argo cd".into(), what: "shop".into() });
    let p = ask(Verb::RollBack, &t).expect("aborted");
    assert!(p.cautions.iter().any(|c| c.contains("argo cd (shop) still asks for 1.1")));
    assert!(p.steps[0].request.body.unseal().expect("here").contains("hunter2"));
    let shown = format!("{p:?} {t:?} {}", serde_json::to_string(&p).expect("json"));
    assert!(!shown.contains("hunter2"), "{shown}");
    assert!(shown.contains("<7 bytes, sha256 f52f..>"), "{shown}");
}

#[test]
fn without_a_fresh_read_the_way_back_is_the_same_request_and_forward_is_refused() {
    let mut t = seen(GATE, SETS, &[]);
    let (abort, hold) = (ask(Verb::RollBack, &t).expect("abort"), ask(Verb::Hold, &t).expect("hold"));
    t.raw = None;
    for (verb, read) in [(Verb::RollBack, abort), (Verb::Hold, hold)] {
        let blind = ask(verb, &t).expect("planned on what is known");
        assert_eq!(blind.steps[0].request, read.steps[0].request, "{verb:?}");
    }
    assert!(why(ask(Verb::Promote, &t)).contains("read it again"));
}

/// A promoted rollout whose controller has not looked at generation 9, and the template of it.
fn unseen(template: Value, more: &[(&str, Value)]) -> TargetState {
    let mut all = vec![
        ("/status/stableRS", json!("787c98c79c")),
        ("/status/pauseConditions", Value::Null),
        ("/status/controllerPause", Value::Null),
        ("/status/currentStepIndex", json!(6)),
        ("/status/phase", json!("Healthy")),
        ("/metadata/generation", json!(9)),
        ("/spec/template", template),
    ];
    all.extend(more.iter().cloned());
    seen(GATE, SETS, &all)
}

fn template(image: &str) -> Value {
    json!({"metadata": {"labels": {"app": "checkout"}},
        "spec": {"containers": [{"name": "checkout", "image": format!("registry.example.org/shop/checkout:{image}")}]}})
}

#[test]
fn the_way_back_is_from_what_the_template_asks_for_and_not_from_what_the_controller_saw_last() {
    // 1.1 is everywhere; 2.0 was asked for and nobody has looked yet: back is 1.1, not the one before it.
    let t = unseen(template("2.0"), &[]);
    assert!(!t.observed && !t.is_moving());
    let p = ask(Verb::RollBack, &t).expect("kept");
    assert_eq!((p.primitive, p.steps.len(), &p.from), (Primitive::Undo, 1, &None));
    assert_eq!(p.to.as_ref().map(Hash::as_str), Some("787c98c79c"));
    let o = ops(&p, 0);
    assert_eq!(o[0], json!({"op": "test", "path": "/metadata/uid", "value": UID}));
    assert_eq!(o[1], json!({"op": "test", "path": "/spec/template", "value": template("2.0")}));
    assert_eq!(o[2]["path"], "/spec/template");
    assert_eq!(o[2]["value"]["spec"]["containers"][0]["image"], "registry.example.org/shop/checkout:1.1");
    // All of it was so before: it is done when the controller has looked at what was stored.
    let done = |g: i64| p.steps[0].done_when.holds(Some(&t), Some(g));
    assert!(!done(10) && !done(9));
    assert!(p.why.contains("has not looked"), "{}", p.why);
    // Something else of the spec changed: nothing is asked for but what is everywhere, and back is the one before.
    let p = ask(Verb::RollBack, &unseen(template("1.1"), &[])).expect("kept");
    assert_eq!(p.to.as_ref().map(Hash::as_str), Some("6cb467bfc4"));
    assert_eq!(ops(&p, 0)[1]["path"], "/status/currentPodHash");
    // Somebody went back to the older one a moment ago.
    let t = unseen(template("1.0"), &[]);
    let p = ask(Verb::RollBack, &t).expect("kept");
    assert_eq!(p.to.as_ref().map(Hash::as_str), Some("787c98c79c"));
    assert_eq!(p.from.as_ref().map(Hash::as_str), Some("6cb467bfc4"));
    let op = Operation::back_to(t.id.clone(), Hash::new("6cb467bfc4"));
    assert!(plan(&op, &t).expect_err("asked for").to_string().contains("not looked at it yet"));
}

#[test]
fn in_flight_a_template_nobody_has_looked_at_is_undone_and_not_aborted() {
    // An abort of 1.1 would be taken back by 2.0, which begins anew.
    let moves = [("/status/stableRS", json!("6cb467bfc4")), ("/status/currentStepIndex", json!(1))];
    let p = ask(Verb::RollBack, &unseen(template("2.0"), &moves)).expect("kept");
    assert_eq!((p.primitive, p.to.as_ref().map(Hash::as_str)), (Primitive::Undo, Some("6cb467bfc4")));
    assert_eq!(ops(&p, 0)[1]["value"], template("2.0"));
    // Somebody undid it in the spec: nothing more is asked for, and nothing one too old.
    let t = unseen(template("1.0"), &moves);
    assert!(why(ask(Verb::RollBack, &t)).contains("already"));
    // What only the controller has not looked at is no other template.
    let p = ask(Verb::RollBack, &unseen(template("1.1"), &moves)).expect("in flight");
    assert_eq!(p.primitive, Primitive::Abort);
}

#[test]
fn a_template_that_lives_elsewhere_is_looked_at_there() {
    const WORK: &str = "live-argo-rollout-workloadref-paused";
    let sets =
        Value::Array(items(SETS)).to_string().replace("787c98c79c", "74cb4b79bc").replace("6cb467bfc4", "7568dcdddb");
    let sets: Vec<Value> = serde_json::from_str(&sets).expect("json");
    let work = |image: &str, generation: i64| json!({"metadata": {"uid": "w", "generation": generation}, "spec": {"template": template(image)}});
    let promoted = [("/status/stableRS", json!("74cb4b79bc")), ("/status/pauseConditions", Value::Null)];
    let of = |work: &Value| state_of(&changed(WORK, &promoted), &sets, &[], work);
    let to = |t: &TargetState| ask(Verb::RollBack, t).expect("kept").to;
    assert_eq!(to(&of(&work("2.0", 3))), Some(Hash::new("74cb4b79bc")));
    assert_eq!(to(&of(&work("1.1", 3))), Some(Hash::new("7568dcdddb")), "only its replicas");
    assert_eq!(to(&of(&work("2.0", 2))), Some(Hash::new("7568dcdddb")), "the controller has looked at it");
}

#[test]
fn a_routed_canary_is_back_when_nobody_gets_it_where_its_pods_stay_for_long() {
    for (delay, waits) in [(Some(0), false), (Some(3_600), false), (Some(30), true), (None, true)] {
        let routed = json!({"trafficRouting": {"nginx": {"stableIngress": "checkout"}}});
        let mut changes = vec![("/spec/strategy/canary/trafficRouting", routed["trafficRouting"].clone())];
        if let Some(s) = delay {
            changes.push(("/spec/strategy/canary/abortScaleDownDelaySeconds", json!(s)));
        }
        let t = seen(GATE, SETS, &changes);
        let p = ask(Verb::RollBack, &t).expect("in flight");
        let mut back = t.clone();
        (back.aborted, back.weight_real) = (true, Some(0));
        let (stable, wanted) = (back.stable.clone(), back.wanted);
        for r in &mut back.revisions {
            r.replicas.existing = wanted;
            r.replicas.ready = if Some(&r.hash) == stable.as_ref() { wanted } else { 0 };
        }
        assert_eq!(p.steps[0].done_when.holds(Some(&back), None), !waits, "{delay:?}: its pods are still there");
        if waits {
            continue;
        }
        back.weight_real = Some(5);
        assert!(!p.steps[0].done_when.holds(Some(&back), None), "{delay:?}");
        back.weight_real = Some(0);
        back.wanted += 1;
        assert!(!p.steps[0].done_when.holds(Some(&back), None), "{delay:?}: the stable version is not whole");
        assert!(p.steps[0].done_words.contains("its pods"), "{}", p.steps[0].done_words);
    }
}
