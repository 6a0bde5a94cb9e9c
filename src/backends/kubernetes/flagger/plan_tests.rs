//! Plans made from recorded Canaries: what goes out, in which order, under which guards, and what is refused.

use super::plan::plan;
use super::wire_tests::{change, of_raw, seen};
use crate::backends::kubernetes::fixture;
use crate::core::act::plan::{CannotBecause, Expect, Operation, Plan, Primitive, Verb};
use crate::core::id::Hash;
use crate::core::world::target::TargetState;
use serde_json::{Value, json};

pub const WAITING: &str = "live-flagger-around-waiting";
pub const MOVING: &str = "live-flagger-around-progressing";
pub const AT_GATE: &str = "live-flagger-around-waiting-promotion";
pub const DONE: &str = "live-flagger-around-succeeded";
pub const FAILED: &str = "live-flagger-around-failed";
const NO_HOOKS: (&str, Value) = ("/spec/analysis/webhooks", Value::Null);

pub fn ask(verb: Verb, t: &TargetState) -> Result<Plan, CannotBecause> {
    let op = Operation::new(verb, t.id.clone());
    let once = plan(&op, t);
    assert_eq!(once, plan(&op, t), "the same read, the same plan");
    once
}

pub fn body(p: &Plan, step: usize) -> Value {
    serde_json::from_str(p.steps[step].request.body.unseal().expect("sealed here")).expect("json")
}

pub fn why(e: Result<Plan, CannotBecause>) -> String {
    e.expect_err("refused").to_string()
}

pub fn cautions(p: &Plan) -> String {
    p.cautions.join("\n")
}

pub fn field(t: &TargetState, path: &str) -> Value {
    let raw: Value = serde_json::from_str(t.raw.as_ref().and_then(|r| r.unseal()).expect("read")).expect("json");
    raw.pointer(path).cloned().unwrap_or(Value::Null)
}

pub fn holds(e: &Expect, name: &str) -> bool {
    e.holds(Some(&seen(name, &[])), None)
}

/// Every step up to the closing one lets it out, whatever became of the version the switch was opened for.
pub fn outlives_no_version(p: &Plan, t: &TargetState) {
    let mut other = t.clone();
    other.candidate = Some(Hash::new("the-next-one"));
    let mut ends = vec![other];
    for phase in ["Promoting", "Finalising", "Succeeded", "Failed"] {
        let mut end = t.clone();
        if let Some(f) = &mut end.detail.flagger {
            f.phase = phase.into();
        }
        ends.push(end);
    }
    let close = p.steps.last().expect("steps");
    assert!(close.closes && close.wait_first.as_ref().is_some_and(|e| !e.holds(Some(t), None)));
    for end in ends {
        for s in &p.steps {
            assert!(s.wait_first.as_ref().is_none_or(|e| e.holds(Some(&end), None)), "{} waits on: {end:?}", s.title);
            assert!(s.closes || s.done_when.holds(Some(&end), None), "{} is not over: {end:?}", s.title);
        }
    }
}

#[test]
fn in_flight_without_a_hook_its_own_count_is_set_under_uid_and_identity_alone() {
    for name in [MOVING, AT_GATE] {
        let t = seen(name, &[NO_HOOKS]);
        let p = ask(Verb::RollBack, &t).expect("in flight");
        assert_eq!((p.primitive, p.steps.len()), (Primitive::ForceFailure, 1));
        let uid = field(&t, "/object/metadata/uid");
        let applied = field(&t, "/object/status/lastAppliedSpec");
        assert_eq!(
            body(&p, 0),
            json!([
                {"op": "test", "path": "/metadata/uid", "value": uid},
                {"op": "test", "path": "/status/lastAppliedSpec", "value": applied},
                {"op": "add", "path": "/status/failedChecks", "value": 3},
            ])
        );
        let s = &p.steps[0];
        assert_eq!(
            &*s.request.path,
            "/apis/flagger.app/v1beta1/namespaces/shop/canaries/podinfo/status?fieldManager=andon"
        );
        assert_eq!(&*s.request.shown, s.request.body.unseal().expect("here"), "nothing to mask");
        assert_eq!((p.from.as_ref(), p.to.as_ref()), (t.candidate.as_ref(), t.stable.as_ref()));
        assert_eq!(p.operation.back_to, p.to, "the version shown is pinned");
        assert_eq!(s.seen_by, 25_000, "two ticks of 10 s, and some");
        // A stored count is no effect, and Failed is none before its pods are gone.
        let wish = seen(name, &[NO_HOOKS, ("/status/failedChecks", json!(3))]);
        assert!(!s.seen_when.holds(Some(&wish), None));
        assert!(holds(&s.seen_when, FAILED));
        assert!(cautions(&p).contains("do it again"), "{p:?}");
        assert!(p.not_undone[0].contains("still asks for 1.1"), "{p:?}");
        assert_eq!(ask(Verb::RollBack, &wish).expect("again").steps[0].request, s.request, "it may be repeated");
    }
}

#[test]
fn without_a_fresh_read_the_way_back_is_the_same_request_and_forward_is_refused() {
    for changes in [&[][..], &[NO_HOOKS][..]] {
        let mut t = seen(MOVING, changes);
        let read = [Verb::RollBack, Verb::Hold].map(|v| ask(v, &t).expect("planned"));
        t.raw = None;
        for (verb, read) in [Verb::RollBack, Verb::Hold].into_iter().zip(read) {
            let blind = ask(verb, &t).expect("planned on what is known");
            assert_eq!(blind.steps[0].request, read.steps[0].request, "{verb:?}");
        }
        assert!(why(ask(Verb::PromoteFull, &t)).contains("read it again"));
    }
}

#[test]
fn an_analysis_that_is_skipped_is_switched_on_before_anything_that_goes_back() {
    let skip = ("/spec/skipAnalysis", json!(true));
    let held = ("/spec/suspend", json!(true));
    for (changes, next) in [
        (vec![skip.clone()], "open the rollback hook"),
        (vec![skip.clone(), held.clone()], "open the rollback hook"),
        (vec![skip.clone(), NO_HOOKS], "fail its checks"),
        (vec![skip.clone(), held, NO_HOOKS], "fail its checks"),
    ] {
        let t = seen(MOVING, &changes);
        let p = ask(Verb::RollBack, &t).expect("in flight");
        assert_eq!(
            body(&p, 0),
            json!([
                {"op": "test", "path": "/metadata/uid", "value": field(&t, "/object/metadata/uid")},
                {"op": "test", "path": "/status/lastAppliedSpec", "value": field(&t, "/object/status/lastAppliedSpec")},
                {"op": "add", "path": "/spec/skipAnalysis", "value": false},
            ])
        );
        assert!(!p.steps[0].request.path.contains("/status"), "the spec is not written through the status");
        assert_eq!(&*p.steps[1].title, next);
        // The next request leaves only when the field is seen to be off.
        let mut off = changes.clone();
        off[0].1 = json!(false);
        assert!(!p.steps[0].done_when.holds(Some(&t), None));
        assert!(p.steps[0].done_when.holds(Some(&seen(MOVING, &off)), None));
        assert!(p.why.contains("skipAnalysis goes off first") && cautions(&p).contains("skipAnalysis is on"), "{p:?}");
        let mut blind = t.clone();
        blind.raw = None;
        assert_eq!(ask(Verb::RollBack, &blind).expect("in flight").steps.len(), p.steps.len());
    }
    let p = ask(Verb::RollBack, &seen(MOVING, &[])).expect("in flight");
    assert!(!p.why.contains("skipAnalysis") && &*p.steps[0].title == "open the rollback hook");
}

#[test]
fn its_rollback_hook_is_opened_and_closed_again() {
    let t = seen(MOVING, &[]);
    let p = ask(Verb::RollBack, &t).expect("in flight");
    assert_eq!((p.primitive, p.steps.len()), (Primitive::RollbackGate, 2));
    let paths: Vec<_> = p.steps.iter().map(|s| (&*s.request.method, &*s.request.path)).collect();
    assert_eq!(
        paths,
        [
            ("POST", "/api/v1/namespaces/shop/services/gates:80/proxy/rollback/open"),
            ("POST", "/api/v1/namespaces/shop/services/gates:80/proxy/rollback/close"),
        ]
    );
    for i in 0..2 {
        assert_eq!(body(&p, i), json!({"name": "podinfo", "namespace": "shop"}));
    }
    let first = p.steps[1].wait_first.as_ref().expect("failed first");
    assert!(!first.holds(Some(&t), None) && holds(first, FAILED));
    assert!(p.steps[1].closes && !p.steps[0].closes);
    outlives_no_version(&p, &t);
    assert!(p.steps[0].done_words.contains("rolled back") && p.steps[1].done_words.contains("no pod of 1.1"));
    // Another host is no hook of ours.
    let external = json!([{"type": "rollback", "url": "http://ci.example.org/rollback/check"}]);
    let p = ask(Verb::RollBack, &seen(MOVING, &[("/spec/analysis/webhooks", external)])).expect("in flight");
    assert_eq!(p.primitive, Primitive::ForceFailure);
}

#[test]
fn under_a_hold_the_wish_is_stored_first_and_then_the_hold_ends() {
    let held = ("/spec/suspend", json!(true));
    let t = seen(MOVING, &[NO_HOOKS, held.clone()]);
    let p = ask(Verb::RollBack, &t).expect("in flight");
    assert_eq!(p.steps.len(), 2);
    assert_eq!(body(&p, 0)[2]["path"], "/status/failedChecks");
    assert!(p.steps[0].done_when.holds(Some(&t), None), "nothing reacts under a hold");
    assert_eq!(body(&p, 1)[2], json!({"op": "add", "path": "/spec/suspend", "value": false}));
    assert!(!p.steps[1].request.path.contains("/status"));
    let p = ask(Verb::RollBack, &seen(MOVING, &[held])).expect("in flight");
    let titles: Vec<&str> = p.steps.iter().map(|s| &*s.title).collect();
    assert_eq!(titles, ["open the rollback hook", "end the hold", "close the rollback hook"]);
    outlives_no_version(&p, &t);
    // Somebody else ends the hold, and it fails: the plan goes on to its end.
    for p in [ask(Verb::RollBack, &t).expect("in flight"), p] {
        assert!(holds(&p.steps[0].done_when, FAILED) && !holds(&p.steps[0].done_when, MOVING), "{p:?}");
        assert!(p.steps[1].wait_first.as_ref().is_some_and(|e| holds(e, FAILED)));
    }
}

#[test]
fn pods_that_are_not_ready_delay_any_roll_back_and_that_is_said() {
    let mut t = seen(MOVING, &[NO_HOOKS]);
    for r in &mut t.revisions {
        r.replicas.ready = 0;
    }
    let p = ask(Verb::RollBack, &t).expect("in flight");
    assert!(cautions(&p).contains("progress deadline of 60 s"), "{p:?}");
}

#[test]
fn while_it_waits_at_its_rollout_gate_the_targets_template_goes_back() {
    let t = seen(WAITING, &[]);
    let p = ask(Verb::RollBack, &t).expect("waiting");
    assert_eq!((p.primitive, p.steps.len()), (Primitive::Undo, 1));
    let s = &p.steps[0];
    assert_eq!(&*s.title, "undo to 1.0", "the target's own set is not shown beside its copy: it is called by that");
    assert_eq!(&*s.request.path, "/apis/apps/v1/namespaces/shop/deployments/podinfo?fieldManager=andon");
    let ops = body(&p, 0);
    assert_eq!(ops[0], json!({"op": "test", "path": "/metadata/uid", "value": field(&t, "/works/0/metadata/uid")}));
    assert_eq!(ops[1], json!({"op": "test", "path": "/spec/template", "value": field(&t, "/works/0/spec/template")}));
    assert_eq!(ops[2]["path"], "/spec/template");
    assert_eq!(ops[2]["value"]["metadata"], json!({"labels": {"app": "podinfo"}}), "the server's label is out");
    assert_eq!(ops[2]["value"]["spec"]["containers"][0]["image"], "registry.example.org/shop/podinfo:1.0");
    // Byte for byte what was promoted: that is how Flagger knows it.
    let mut before = field(&t, "/works/0/spec/template");
    before["spec"]["containers"][0]["image"] = json!("registry.example.org/shop/podinfo:1.0");
    assert_eq!(ops[2]["value"], before);
    assert!(!s.done_when.holds(Some(&t), None));
    assert_eq!(p.to, t.stable, "a name that is on the screen");
    assert!(cautions(&p).contains("keeps waiting at its gate"), "{p:?}");
    // The version the dialog has shown, asked for again, is the same plan.
    let again = Operation::back_to(t.id.clone(), p.to.clone().expect("shown"));
    assert_eq!(plan(&again, &t).expect("pinned").steps, p.steps);
}

#[test]
fn while_it_is_promoted_the_undo_is_begun_and_named_by_what_users_had() {
    let t = seen("live-flagger-around-promoting", &[]);
    let p = ask(Verb::RollBack, &t).expect("a way back");
    assert_eq!(p.to, t.stable);
    assert!(p.sentence.contains("asks for 1.0 again"), "{}", p.sentence);
    assert!(cautions(&p).contains("ends the promotion of 1.1 first"), "{p:?}");
    let again = Operation::back_to(t.id.clone(), p.to.clone().expect("shown"));
    assert_eq!(plan(&again, &t).expect("pinned").steps, p.steps);
}

#[test]
fn a_failed_one_is_made_to_agree_and_then_nothing_is_left() {
    let t = seen(FAILED, &[]);
    let p = ask(Verb::RollBack, &t).expect("rolled back already");
    assert_eq!((p.primitive, p.to.as_ref()), (Primitive::Undo, t.stable.as_ref()));
    let done = &p.steps[0].done_when;
    assert!(!done.holds(Some(&t), None) && holds(done, "live-flagger-around-undone"));
    assert!(p.sentence.contains("asks for 1.1 again"), "{}", p.sentence);
    let undone = seen("live-flagger-around-undone", &[]);
    assert!(why(ask(Verb::Retry, &undone)).contains("nothing to retry"));
    // From there the way back is to the version before.
    let p = ask(Verb::RollBack, &undone).expect("kept");
    assert!(p.sentence.contains("asks for 1.0 again"), "{}", p.sentence);
}

#[test]
fn a_template_that_flagger_has_not_looked_at_is_taken_back_before_it_does() {
    let t = seen("live-flagger-around-unnoticed", &[]);
    assert!(t.is_moving() && t.message.contains("waits for the next look"), "{}", t.message);
    let p = ask(Verb::RollBack, &t).expect("changed a moment ago");
    assert!(p.why.contains("has not begun") && p.sentence.contains("users stay on 1.0"), "{p:?}");
    assert_eq!(p.to, t.stable);
}

#[test]
fn where_users_are_stranded_on_the_canary_its_own_pods_go_back() {
    let t = seen(FAILED, &[("/status/canaryWeight", json!(100))]);
    let p = ask(Verb::RollBack, &t).expect("a way back");
    assert!(p.why.contains("not rolled back") && p.sentence.contains("from the canary's pods"), "{p:?}");
    assert!(why(ask(Verb::Retry, &t)).contains("mend that first"));
}

#[test]
fn after_success_the_way_back_is_a_release_of_its_own() {
    let t = seen(DONE, &[]);
    let p = ask(Verb::RollBack, &t).expect("one is kept");
    assert_eq!((p.primitive, p.steps.len()), (Primitive::Undo, 1));
    let to = p.to.clone().expect("the target's own");
    assert_eq!(&*t.version_of(&to), "1.0");
    assert_eq!(body(&p, 0)[2]["value"]["spec"]["containers"][0]["image"], "registry.example.org/shop/podinfo:1.0");
    let said = cautions(&p);
    assert!(said.contains("this is a new release") && said.contains("its gates stand"), "{said}");
    assert!(said.contains("was promoted before") || said.contains("promoted before"), "{said}");
    assert!(!p.steps[0].done_when.holds(Some(&t), None));
    assert!(p.steps[0].refused_when.is_some());
    // Another promotion may end first, and what is promoted need not serve.
    let mut end = t.clone();
    let (primary, wanted) = (Hash::new("the-primarys-next"), end.wanted);
    let promoted = |end: &mut TargetState, version: &str, ready: u32| {
        (end.candidate, end.stable) = (Some(primary.clone()), Some(primary.clone()));
        let mut r = end.revisions[0].clone();
        (r.hash, r.version) = (primary.clone(), version.into());
        (r.replicas.existing, r.replicas.ready) = (wanted, ready);
        end.revisions = vec![r];
    };
    for (version, ready, done) in [("1.0", wanted, true), ("1.0", wanted - 1, false), ("1.2", wanted, false)] {
        promoted(&mut end, version, ready);
        assert_eq!(p.steps[0].done_when.holds(Some(&end), None), done, "{version} {ready}");
    }
    let mut raw: Value = fixture(DONE);
    let of_old = |s: &Value| {
        s.pointer("/spec/template/spec/containers/0/image") == Some(&json!("registry.example.org/shop/podinfo:1.0"))
    };
    raw["sets"].as_array_mut().expect("sets").retain(|s| !of_old(s));
    assert_eq!(ask(Verb::RollBack, &of_raw(&raw)), Err(CannotBecause::NothingKept), "the first one there was");
    let unknown = Operation::back_to(t.id.clone(), Hash::new("long-gone"));
    assert_eq!(plan(&unknown, &t), Err(CannotBecause::NothingKept));
}

#[test]
fn a_failure_of_before_is_not_taken_for_the_failure_of_the_way_back() {
    let t = seen(FAILED, &[]);
    let kept = t.revisions.iter().find(|r| &*r.version == "1.0" && Some(&r.hash) != t.stable.as_ref());
    let Some(to) = kept.map(|r| r.hash.clone()) else { panic!("{:?}", t.revisions) };
    let p = plan(&Operation::back_to(t.id.clone(), to.clone()), &t).expect("chosen");
    let refused = p.steps[0].refused_when.as_ref().expect("it may fail again");
    let mut next = t.clone();
    next.candidate = Some(to);
    assert!(next.aborted && !refused.holds(Some(&next), None), "flagger has not looked yet");
    if let Some(f) = &mut next.detail.flagger {
        f.last_applied = "another".into();
    }
    assert!(refused.holds(Some(&next), None));
}

#[test]
fn what_cannot_be_done_says_why_and_what_can() {
    let t = seen(MOVING, &[]);
    let mut other = t.clone();
    other.id.uid = "other".into();
    assert_eq!(plan(&Operation::new(Verb::Hold, t.id.clone()), &other), Err(CannotBecause::Gone));
    for (verb, word) in [
        (Verb::SkipStep, "promote full"),
        (Verb::Terminate, "roll back"),
        (Verb::Rerun, "retry"),
        (Verb::Restart, "retry"),
    ] {
        assert!(why(ask(verb, &t)).contains(word), "{verb:?}");
    }
    let of_kind = |kind: &str| ("/spec/targetRef/kind", json!(kind));
    assert!(why(ask(Verb::RollBack, &seen(DONE, &[of_kind("DaemonSet")]))).contains("DaemonSet"));
    let mut raw: Value = fixture(FAILED);
    raw["works"] = json!([]);
    assert!(why(ask(Verb::RollBack, &of_raw(&raw))).contains("could not be read"));
    change(&mut raw["object"], "/spec/targetRef/kind", &json!("Service"));
    assert!(why(ask(Verb::RollBack, &of_raw(&raw))).contains("no pod template"));
    assert!(why(ask(Verb::RollBack, &seen(MOVING, &[("/status/phase", json!("Terminating"))]))).contains("deleted"));
}

#[test]
fn secrets_in_a_template_are_never_shown_and_a_git_owner_is_a_caution() {
    let mut raw: Value = fixture(FAILED);
    let env = json!([{"name": "P", "value": "hunter2"}]);
    for path in [
        "/works/0/spec/template/spec/containers/0",
        "/sets/0/spec/template/spec/containers/0",
        "/sets/1/spec/template/spec/containers/0",
        "/sets/2/spec/template/spec/containers/0",
    ] {
        change(raw.pointer_mut(path).expect(path), "/env", &env);
    }
    change(&mut raw["object"], "/metadata/labels", &json!({"kustomize.toolkit.fluxcd.io/name": "shop"}));
    let t = of_raw(&raw);
    let p = ask(Verb::RollBack, &t).expect("failed");
    assert!(cautions(&p).contains("flux (shop) may still ask for 1.2"), "{p:?}");
    // Also where only its target is of git.
    change(&mut raw["object"], "/metadata/labels", &Value::Null);
    change(&mut raw["works"][0], "/metadata/labels", &json!({"kustomize.toolkit.fluxcd.io/name": "web"}));
    assert!(cautions(&ask(Verb::RollBack, &of_raw(&raw)).expect("failed")).contains("flux (web)"));
    assert!(p.steps[0].request.body.unseal().expect("here").contains("hunter2"));
    let shown = format!("{p:?} {t:?} {}", serde_json::to_string(&p).expect("json"));
    assert!(!shown.contains("hunter2"), "{shown}");
}
