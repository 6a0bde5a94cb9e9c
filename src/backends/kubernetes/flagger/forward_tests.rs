//! Plans made from recorded Canaries: hold, and everything that goes forward.

use super::plan_tests::{
    AT_GATE, DONE, FAILED, MOVING, WAITING, ask, body, cautions, field, holds, outlives_no_version, why,
};
use super::wire_tests::{change, of_raw, seen};
use crate::backends::kubernetes::fixture;
use crate::backends::kubernetes::send::outcome;
use crate::core::act::plan::{Outcome, Primitive, RefusedBy, Verb};
use serde_json::{Value, json};

#[test]
fn hold_and_resume_are_its_suspend_and_say_what_that_costs() {
    let t = seen(MOVING, &[]);
    let p = ask(Verb::Hold, &t).expect("it moves");
    assert_eq!(body(&p, 0)[2], json!({"op": "add", "path": "/spec/suspend", "value": true}));
    assert!(cautions(&p).contains("automatic roll back is off"), "{p:?}");
    assert!(p.sentence.contains("at 25% of 1.1"), "{}", p.sentence);
    assert!(why(ask(Verb::Hold, &seen(DONE, &[]))).contains("nothing moves"));
    assert!(why(ask(Verb::Resume, &t)).contains("not held"));
    let t = seen(MOVING, &[("/spec/suspend", json!(true)), ("/status/failedChecks", json!(2))]);
    let p = ask(Verb::Resume, &t).expect("held");
    assert_eq!(
        body(&p, 0),
        json!([
            {"op": "test", "path": "/metadata/uid", "value": field(&t, "/object/metadata/uid")},
            {"op": "test", "path": "/status/lastAppliedSpec", "value": field(&t, "/object/status/lastAppliedSpec")},
            {"op": "test", "path": "/status/phase", "value": "Progressing"},
            {"op": "test", "path": "/spec/suspend", "value": true},
            {"op": "replace", "path": "/spec/suspend", "value": false},
        ])
    );
    assert!(cautions(&p).contains("2 of 3 failed checks"), "{p:?}");
    assert!(why(ask(Verb::Hold, &t)).contains("held already"));
    assert!(why(ask(Verb::PromoteFull, &t)).contains("resume first"));
}

#[test]
fn a_gate_of_ours_is_opened_until_it_went_on_and_then_closed() {
    let t = seen(AT_GATE, &[]);
    let p = ask(Verb::Promote, &t).expect("a gate stands");
    assert_eq!(p.primitive, Primitive::OpenGate);
    let paths: Vec<&str> = p.steps.iter().map(|s| &*s.request.path).collect();
    assert_eq!(
        paths,
        [
            "/api/v1/namespaces/shop/services/gates:80/proxy/gate/open",
            "/api/v1/namespaces/shop/services/gates:80/proxy/gate/close",
        ]
    );
    assert!(
        p.steps
            .iter()
            .all(|s| body(&p, 0) == json!({"name": "podinfo", "namespace": "shop"})
                && !s.request.path.ends_with("proxy/"))
    );
    assert!(p.steps[1].closes && !p.steps[0].closes);
    outlives_no_version(&p, &t);
    let closing = p.steps[1].wait_first.as_ref().expect("gone on first");
    assert!(!closing.holds(Some(&t), None) && holds(closing, "live-flagger-around-promoting"));
    // With iterations it may measure once more in between: the switch stays open.
    assert!(!holds(closing, MOVING));
    assert!(holds(closing, FAILED), "a failed one closes it too");
    assert!(p.steps[1].refused_when.as_ref().is_some_and(|e| holds(e, FAILED)));
    assert!(cautions(&p).contains("shared by all gates"), "{p:?}");
    let t = seen(WAITING, &[]);
    let p = ask(Verb::Promote, &t).expect("a gate stands");
    assert!(p.sentence.contains("begins its analysis"), "{}", p.sentence);
    outlives_no_version(&p, &t);
    assert!(holds(p.steps[1].wait_first.as_ref().expect("first"), MOVING));
    assert!(why(ask(Verb::Promote, &seen(MOVING, &[]))).contains("no gate stands"));
    let slow = json!([{"type": "confirm-traffic-increase", "url": "http://gates.shop/gate/check"}]);
    let said = why(ask(Verb::Promote, &seen(MOVING, &[("/spec/analysis/webhooks", slow)])));
    assert!(said.contains("hook for each weight (http://gates.shop/gate/check)"), "{said}");
}

#[test]
fn a_gate_that_is_not_ours_is_named() {
    let hooks = |url: &str| {
        json!([{"type": "confirm-promotion", "name": "ci", "url": url},
               {"type": "rollback", "url": "http://gates.shop/gate/check"}])
    };
    let with = |url: &str| seen(AT_GATE, &[("/spec/analysis/webhooks", hooks(url))]);
    let said = why(ask(Verb::Promote, &with("https://u:hunter2@ci.example.org/ok?token=hunter2")));
    assert!(said.contains("https://ci.example.org/ok") && !said.contains("hunter2"), "{said}");
    assert!(why(ask(Verb::Promote, &with("http://gates.shop/gate/halt"))).contains("/gate/halt"));
    // What is left of it without user and query looks like ours, and is not.
    assert!(why(ask(Verb::Promote, &with("http://u:hunter2@gates.shop/gate/check"))).contains("external"));
    // One switch for both ways: opening the gate would roll it back.
    assert!(why(ask(Verb::Promote, &with("http://gates.shop/gate/check"))).contains("would roll it back"));
}

#[test]
fn promote_full_takes_its_wish_back_in_every_case() {
    let t = seen(MOVING, &[]);
    let p = ask(Verb::PromoteFull, &t).expect("it moves");
    assert_eq!((p.primitive, p.steps.len()), (Primitive::SkipAnalysis, 2));
    let ops = body(&p, 0);
    assert_eq!(ops[3], json!({"op": "test", "path": "/spec/skipAnalysis", "value": null}));
    assert_eq!(ops[4], json!({"op": "add", "path": "/spec/skipAnalysis", "value": true}));
    assert_eq!(
        body(&p, 1),
        json!([
            {"op": "test", "path": "/metadata/uid", "value": field(&t, "/object/metadata/uid")},
            {"op": "test", "path": "/spec/skipAnalysis", "value": true},
            {"op": "add", "path": "/spec/skipAnalysis", "value": false},
        ])
    );
    let first = p.steps[1].wait_first.as_ref().expect("ended first");
    assert!(holds(first, DONE) && holds(first, FAILED) && !holds(first, MOVING));
    assert!(p.steps[1].closes && !p.steps[0].closes);
    assert!(p.steps[1].refused_when.as_ref().is_some_and(|e| holds(e, FAILED)));
    // Flagger does not wait for the primary's pods.
    let mut end = seen(DONE, &[]);
    let named = t.version_of(&t.candidate.clone().expect("under test"));
    let stable = end.stable.clone().expect("promoted");
    for r in end.revisions.iter_mut().filter(|r| r.hash == stable) {
        (r.version, r.replicas.existing, r.replicas.ready) = (named.clone(), end.wanted, end.wanted);
    }
    assert!(p.steps[1].done_when.holds(Some(&end), None), "{end:?}");
    end.wanted += 1;
    assert!(!p.steps[1].done_when.holds(Some(&end), None));
    assert!(cautions(&p).contains("all later releases go out unchecked"), "{p:?}");
    assert!(why(ask(Verb::PromoteFull, &seen(WAITING, &[]))).contains("confirm-rollout"));
    assert!(why(ask(Verb::PromoteFull, &seen(DONE, &[]))).contains("nothing moves"));
    let on = seen(MOVING, &[("/spec/skipAnalysis", json!(true))]);
    assert!(on.promoting_full && why(ask(Verb::PromoteFull, &on)).contains("on already"));
}

#[test]
fn a_retry_touches_the_template_and_nothing_else() {
    let t = seen(FAILED, &[]);
    let p = ask(Verb::Retry, &t).expect("failed");
    let ops = body(&p, 0);
    let at = "2026-02-02T02:40:00Z";
    assert_eq!(ops[1]["path"], "/spec/template");
    assert_eq!(
        ops[2],
        json!({"op": "add", "path": "/spec/template/metadata/annotations", "value": {"flagger.app/retriggeredAt": at}})
    );
    let mut raw: Value = fixture(FAILED);
    change(&mut raw["works"][0], "/spec/template/metadata/annotations", &json!({"x": "y"}));
    let p = ask(Verb::Retry, &of_raw(&raw)).expect("failed");
    assert_eq!(
        body(&p, 0)[2],
        json!({"op": "add", "path": "/spec/template/metadata/annotations/flagger.app~1retriggeredAt", "value": at})
    );
    assert!(why(ask(Verb::Retry, &seen(MOVING, &[]))).contains("has not failed"));
}

#[test]
fn what_the_hook_answers_through_the_proxy_is_the_answer() {
    let step = ask(Verb::Promote, &seen(AT_GATE, &[])).expect("a gate stands").steps.remove(0);
    let answer = |code: u16, body: &[u8]| outcome(code, &http::HeaderMap::new(), body, &step, 7);
    // The load tester says 202 and nothing else.
    assert_eq!(answer(202, b""), Outcome::Accepted { generation: None, version: None, took_ms: 7 });
    let refused = |code, text: &[u8]| match answer(code, text) {
        Outcome::Refused(r) => r.kind,
        other => panic!("{other:?}"),
    };
    // As recorded: the service is missing, which is not the target; nobody stands behind it.
    let missing = br#"{"kind":"Status","message":"services \"gates\" not found","reason":"NotFound","code":404}"#;
    assert_eq!(refused(404, missing), RefusedBy::Other);
    let nobody = br#"{"kind":"Status","message":"no endpoints available for service \"gates:80\"","reason":"ServiceUnavailable","code":503}"#;
    assert_eq!(refused(503, nobody), RefusedBy::Other);
    let forbidden =
        br#"{"kind":"Status","message":"services \"gates:80\" is forbidden","reason":"Forbidden","code":403}"#;
    assert_eq!(refused(403, forbidden), RefusedBy::Forbidden);
    assert!(matches!(answer(502, b"Bad Gateway"), Outcome::Unknown { .. }), "it may have heard it");
}
