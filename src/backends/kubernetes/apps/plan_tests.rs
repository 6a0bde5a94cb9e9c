//! Plans made from recorded workloads: what goes out, under which guards, and what is refused.

use super::dto::WorkKind;
use super::plan::plan;
use super::recorded::{Changes, daemon, deployment, seen, stateful};
use crate::core::act::plan::{CannotBecause, Expect, Operation, Plan, Primitive, Verb};
use crate::core::id::Hash;
use crate::core::seal::Sealed;
use crate::core::world::detail::Scaler;
use crate::core::world::target::{GitOwner, TargetState};
use serde_json::{Value, json};

fn ask(verb: Verb, t: &TargetState) -> Result<Plan, CannotBecause> {
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

fn said(p: &Plan, words: &str) -> bool {
    p.cautions.iter().any(|c| c.contains(words))
}

const DEPLOYMENT: &str = "e83fba15-4696-4853-a4a6-0dc84689fa46";
const REVISION: &str = "/metadata/annotations/deployment.kubernetes.io~1revision";
const PARTITION: &str = "/spec/updateStrategy/rollingUpdate/partition";
const BEFORE: &str = "/metadata/annotations/andon~1partition-before-hold";

fn test(path: &str, value: impl Into<Value>) -> Value {
    json!({"op": "test", "path": path, "value": value.into()})
}

#[test]
fn a_deployment_is_held_and_resumed_by_its_pause() {
    let t = deployment(&[]);
    let p = ask(Verb::Hold, &t).expect("moves");
    let pause = json!({"op": "add", "path": "/spec/paused", "value": true});
    assert_eq!(ops(&p, 0), json!([test("/metadata/uid", DEPLOYMENT), test(REVISION, "2"), pause]));
    let r = &p.steps[0].request;
    assert_eq!(&*r.path, "/apis/apps/v1/namespaces/shop/deployments/j1?fieldManager=andon");
    assert_eq!((&*r.method, &*r.content_type), ("PATCH", "application/json-patch+json"));
    assert_eq!(p.steps[0].guards, vec![format!("uid {DEPLOYMENT}").into(), "revision 2".into()]);
    assert_eq!(p.sentence.as_ref(), "j1 stops where it is, with 1 of 3 pods on 1.1.");
    let held = deployment(&[("/spec/paused", json!(true))]);
    assert!(p.steps[0].seen_when.holds(Some(&held), Some(2)) && !p.steps[0].seen_when.holds(Some(&t), Some(2)));
    assert!(!p.steps[0].seen_when.holds(Some(&held), Some(3)), "stored, and not yet observed");
    // The same request without a fresh read.
    let mut blind = t.clone();
    blind.raw = None;
    assert_eq!(ask(Verb::Hold, &blind).expect("known").steps[0].request, *r);
    assert!(why(ask(Verb::Resume, &blind)).contains("read it again"));
    let p = ask(Verb::Resume, &held).expect("held");
    let o = ops(&p, 0);
    assert_eq!(o[2]["path"], "/spec/template", "forward: all that was seen");
    assert_eq!(o[3], test("/spec/paused", true));
    assert_eq!(o[4], json!({"op": "replace", "path": "/spec/paused", "value": false}));
    assert!(why(ask(Verb::Hold, &held)).contains("held already"));
    assert!(why(ask(Verb::Resume, &t)).contains("not held"));
}

#[test]
fn a_deployments_way_back_replaces_the_template_alone_and_keeps_its_annotations() {
    let t = deployment(&[]);
    let p = ask(Verb::RollBack, &t).expect("one is kept");
    assert_eq!((p.primitive, p.steps.len()), (Primitive::Undo, 1));
    let raw: Value = serde_json::from_str(t.raw.as_ref().and_then(Sealed::unseal).expect("here")).expect("json");
    let mut good = raw["sets"][1]["spec"]["template"].clone();
    assert_eq!(good["metadata"]["labels"]["pod-template-hash"], "dc6d869f");
    good["metadata"]["labels"].as_object_mut().expect("map").remove("pod-template-hash");
    assert_eq!(
        ops(&p, 0),
        json!([
            test("/metadata/uid", DEPLOYMENT),
            test(REVISION, "2"),
            test("/spec/template", raw["object"]["spec"]["template"].clone()),
            {"op": "replace", "path": "/spec/template", "value": good},
            {"op": "add", "path": "/metadata/annotations/kubernetes.io~1change-cause", "value": "first"},
        ])
    );
    assert_eq!(p.steps[0].guards[2].as_ref(), "template as read");
    assert_eq!(p.to, Some(Hash::new("dc6d869f")));
    assert_eq!(p.operation.back_to, p.to, "the version shown is pinned");
    assert!(p.why.contains("in flight"), "{}", p.why);
    assert!(!p.steps[0].seen_when.holds(Some(&t), Some(3)) && !p.steps[0].done_when.holds(Some(&t), None));
    assert_eq!(p.steps[0].settled_by, 10_000, "its own deadline");
    // Held: the pause ends in the same request, else the undo would only look done.
    let held = deployment(&[("/spec/paused", json!(true))]);
    let p = ask(Verb::RollBack, &held).expect("kept");
    assert_eq!(ops(&p, 0)[5], json!({"op": "add", "path": "/spec/paused", "value": false}));
    assert!(said(&p, "the pause ends with this"));
    assert_eq!(p.steps.len(), 1);
}

#[test]
fn an_undo_that_is_stored_and_not_seen_is_not_sent_again_and_never_turned_round() {
    let t = deployment(&[]);
    let raw: Value = serde_json::from_str(t.raw.as_ref().and_then(Sealed::unseal).expect("here")).expect("json");
    let mut good = raw["sets"][1]["spec"]["template"].clone();
    good["metadata"]["labels"].as_object_mut().expect("map").remove("pod-template-hash");
    let generation = ("/metadata/generation", json!(3));
    let stored = deployment(&[("/spec/template", good), generation.clone()]);
    let text = why(ask(Verb::RollBack, &stored));
    assert!(text.contains("1.0 is asked for already; the controller has not looked"), "{text}");
    // A template nobody has looked at: the way back is the version the controller knows.
    let mut newer = raw["object"]["spec"]["template"].clone();
    newer["spec"]["containers"][0]["image"] = json!("registry.example.org/shop/j1:1.2");
    let unseen = deployment(&[("/spec/template", newer), generation]);
    let p = ask(Verb::RollBack, &unseen).expect("kept");
    assert_eq!(p.to, unseen.candidate);
    assert_eq!(ops(&p, 0)[3]["value"]["spec"]["containers"][0]["image"], "registry.example.org/shop/j1:1.1");
}

#[test]
fn back_to_a_chosen_version_and_what_is_not_kept() {
    let t = deployment(&[]);
    let chosen = Operation { chosen: true, ..Operation::back_to(t.id.clone(), Hash::new("dc6d869f")) };
    assert_eq!(plan(&chosen, &t).expect("kept").to, Some(Hash::new("dc6d869f")));
    let asked = Operation::back_to(t.id.clone(), Hash::new("57d85f48c7"));
    assert!(plan(&asked, &t).expect_err("asked").to_string().contains("1.1 is what is asked for already"));
    let lost = Operation::back_to(t.id.clone(), Hash::new("gone"));
    assert_eq!(plan(&lost, &t), Err(CannotBecause::NothingKept));
    let mut other = t.clone();
    other.id.uid = "other".into();
    assert_eq!(plan(&chosen, &other), Err(CannotBecause::Gone));
    let mut blind = t;
    blind.raw = None;
    assert!(why(ask(Verb::RollBack, &blind)).contains("read it again"));
}

#[test]
fn a_restart_writes_the_time_of_the_read_and_says_what_it_does_not_stop() {
    let t = deployment(&[]);
    let p = ask(Verb::Restart, &t).expect("can");
    let o = ops(&p, 0);
    assert_eq!(o[2]["path"], "/spec/template");
    assert_eq!(o[3], test("/spec/paused", Value::Null));
    assert_eq!(
        o[4],
        json!({"op": "add", "path": "/spec/template/metadata/annotations/kubectl.kubernetes.io~1restartedAt",
               "value": t.read_at.rfc3339()})
    );
    assert!(said(&p, "does not stop it"));
    assert!(!p.steps[0].seen_when.holds(Some(&t), None));
    let p = ask(Verb::Restart, &daemon(&[("/spec/template/metadata/annotations", Value::Null)])).expect("can");
    let o = ops(&p, 0);
    let last = o.as_array().expect("list").last().expect("some").clone();
    assert_eq!(last["path"], "/spec/template/metadata/annotations", "no annotations yet: the map is made");
    let on_delete = [("/spec/updateStrategy", json!({"type": "OnDelete"}))];
    for (t, word) in [
        (deployment(&[("/spec/paused", json!(true))]), "nothing would happen until it is resumed"),
        (deployment(&[("/spec/replicas", json!(0))]), "scaled down to 0"),
        (deployment(&[("/metadata/generation", json!(7))]), "not seen the newest spec"),
        (stateful(&on_delete), "OnDelete"),
        (daemon(&on_delete), "OnDelete"),
    ] {
        let text = why(ask(Verb::Restart, &t));
        assert!(text.contains(word), "{text} / {word}");
    }
}

#[test]
fn what_a_kind_does_not_have_is_said_in_words() {
    let (d, s, n) = (deployment(&[]), stateful(&[]), daemon(&[]));
    for (t, verb, word) in [
        (&d, Verb::Promote, "a Deployment has no gate"),
        (&n, Verb::PromoteFull, "a DaemonSet has no gate"),
        (&s, Verb::Promote, "no partition stands"),
        (&d, Verb::Retry, "never stops trying, also past the deadline"),
        (&s, Verb::Retry, "New pods of the same version: restart"),
        (&n, Verb::Hold, "cannot be held"),
        (&d, Verb::SkipStep, "no steps"),
        (&d, Verb::Rerun, "no analysis"),
        (&d, Verb::Terminate, "no analysis"),
    ] {
        let text = why(ask(verb, t));
        assert!(text.contains(word), "{verb:?}: {text}");
    }
}

#[test]
fn a_stateful_sets_way_back_deletes_the_pod_that_blocks_it_as_its_second_step() {
    let t = stateful(&[]);
    let p = ask(Verb::RollBack, &t).expect("kept");
    assert_eq!(p.steps.len(), 2);
    let o = ops(&p, 0);
    assert_eq!(o[1], test("/status/updateRevision", "ledger-576cb74f7"));
    assert_eq!(o[2]["path"], "/spec/template");
    assert_eq!(o[3]["path"], "/spec/template");
    assert_eq!(o[3]["value"]["spec"]["containers"][0]["image"], "registry.example.org/shop/ledger:1.0");
    assert_eq!(o[3]["value"].get("$patch"), None, "a word for strategic merges only");
    let d = &p.steps[1];
    let raw: Value = serde_json::from_str(t.raw.as_ref().and_then(Sealed::unseal).expect("here")).expect("json");
    let pod = raw["pods"].as_array().expect("list").iter().find(|p| p["name"] == "ledger-2").expect("there");
    assert_eq!((&*d.request.method, &*d.request.path), ("DELETE", "/api/v1/namespaces/rec/pods/ledger-2"));
    assert_eq!(ops(&p, 1), json!({"apiVersion": "v1", "kind": "DeleteOptions", "preconditions": {"uid": pod["uid"]}}));
    assert!(!d.wait_first.as_ref().expect("undo first").holds(Some(&t), None));
    assert_eq!(p.steps[0].seen_when, p.steps[1].wait_first.clone().expect("set"));
    assert!(said(&p, "ledger-2 will not become ready"), "{:?}", p.cautions);
    assert!(p.not_undone.iter().any(|n| n.contains("Volumes keep what 1.1 wrote")));
    assert!(d.seen_by > p.steps[0].seen_by, "a pod has its grace");
    // In parallel the controller deletes it by itself.
    let parallel = stateful(&[("/spec/podManagementPolicy", json!("Parallel"))]);
    assert_eq!(ask(Verb::RollBack, &parallel).expect("kept").steps.len(), 1);
    // Without the pods it is said what may be missing.
    let blind =
        seen(WorkKind::StatefulSet, "live-k8s-statefulset-ordered-stuck", "live-k8s-revisions-of-statefulset", "", &[]);
    let p = ask(Verb::RollBack, &blind).expect("kept");
    assert_eq!(p.steps.len(), 1);
    assert!(said(&p, "its pods are not known"));
}

#[test]
fn an_undo_whose_second_step_never_left_is_finished_by_the_same_key() {
    let t = stateful(&[]);
    let raw: Value = serde_json::from_str(t.raw.as_ref().and_then(Sealed::unseal).expect("here")).expect("json");
    let first = &raw["revisions"].as_array().expect("list").iter().find(|r| r["revision"] == 1).expect("kept")["data"];
    let mut good = first["spec"]["template"].clone();
    good.as_object_mut().expect("map").remove("$patch");
    let undone = stateful(&[
        ("/spec/template", good),
        ("/status/updateRevision", json!("ledger-785fdd6558")),
        ("/status/updatedReplicas", json!(2)),
    ]);
    assert!(!undone.is_moving());
    let p = ask(Verb::RollBack, &undone).expect("the pod is in the way");
    assert_eq!(p.steps.len(), 1);
    assert_eq!(&*p.steps[0].title, "delete pod ledger-2");
    assert_eq!((p.from.clone(), p.to.clone()), (Some(Hash::new("576cb74f7")), Some(Hash::new("785fdd6558"))));
    assert!(!p.steps[0].done_when.holds(Some(&undone), None), "the bad pod is still there");
}

#[test]
fn on_delete_every_pod_is_deleted_one_after_the_other() {
    let on_delete = [("/spec/updateStrategy", json!({"type": "OnDelete"}))];
    let p = ask(Verb::RollBack, &daemon(&on_delete)).expect("kept");
    assert_eq!(p.steps.len(), 2);
    assert!(said(&p, "OnDelete: these pods take 1.0 only when deleted"));
    let p = ask(Verb::RollBack, &daemon(&[])).expect("kept");
    assert_eq!(p.steps.len(), 1, "the controller does it node by node");
    assert_eq!(ops(&p, 0)[1], test("/metadata/annotations/deprecated.daemonset.template.generation", "2"));
    assert_eq!(ops(&p, 0)[3]["value"]["spec"]["containers"][0]["image"], "registry.example.org/shop/agent:1.0");
}

/// A stateful set whose new pods are all ready, counted by the status.
fn ready(changes: Changes<'_>) -> TargetState {
    let mut all = vec![("/status/readyReplicas", json!(3))];
    all.extend_from_slice(changes);
    seen(WorkKind::StatefulSet, "live-k8s-statefulset-ordered-stuck", "live-k8s-revisions-of-statefulset", "", &all)
}

#[test]
fn a_partition_is_lowered_by_one_or_to_nothing_and_only_when_its_pods_are_ready() {
    let two = [(PARTITION, json!(2))];
    let t = ready(&two);
    let p = ask(Verb::Promote, &t).expect("the gate stands");
    assert_eq!(p.primitive, Primitive::LowerPartition);
    let o = ops(&p, 0);
    assert_eq!(o[2], test("/status/currentRevision", "ledger-785fdd6558"));
    assert_eq!((&o[4], &o[5]), (&test(PARTITION, 2), &json!({"op": "replace", "path": PARTITION, "value": 1})));
    assert_eq!(&*p.sentence, "ledger-1 gets 1.1 too: 2 of 3 pods.");
    assert!(!p.steps[0].seen_when.holds(Some(&t), None));
    let p = ask(Verb::PromoteFull, &t).expect("stands");
    assert_eq!(ops(&p, 0)[5]["value"], 0);
    assert!(matches!(&p.steps[0].done_when, Expect::All(v) if v.len() == 4), "and nothing else serves");
    let stuck = stateful(&two);
    assert!(why(ask(Verb::Promote, &stuck)).contains("waits for ledger-2: CrashLoopBackOff"));
    assert!(said(&ask(Verb::PromoteFull, &stuck).expect("named"), "not all ready yet"));
}

#[test]
fn a_stateful_set_is_held_by_its_partition_and_the_hold_is_ended_by_what_ends_it() {
    let t = ready(&[]);
    let p = ask(Verb::Hold, &t).expect("moves");
    let o = ops(&p, 0);
    assert_eq!(o[2], json!({"op": "add", "path": PARTITION, "value": 2}));
    assert_eq!(o[3], json!({"op": "add", "path": BEFORE, "value": "0"}));
    let bare = ops(&ask(Verb::Hold, &ready(&[("/metadata/annotations", Value::Null)])).expect("moves"), 0);
    assert_eq!(bare[3], test("/metadata/annotations", Value::Null), "none yet: the map is made");
    assert_eq!(bare[4]["value"], json!({"andon/partition-before-hold": "0"}));
    let mut blind = t.clone();
    blind.raw = None;
    let b = ask(Verb::Hold, &blind).expect("known");
    assert_eq!(ops(&b, 0).as_array().map(Vec::len), Some(3));
    assert!(said(&b, "could not be read"));
    let held = ready(&[(PARTITION, json!(2)), (BEFORE, json!("0"))]);
    assert!(held.held && p.steps[0].seen_when.holds(Some(&held), Some(2)));
    let p = ask(Verb::Resume, &held).expect("held");
    let o = ops(&p, 0);
    assert_eq!((&o[3], &o[4]), (&test(PARTITION, 2), &test(BEFORE, "0")));
    assert_eq!((&o[5]["value"], &o[6]), (&json!(0), &json!({"op": "remove", "path": BEFORE})));
    assert!(p.steps[0].seen_when.holds(Some(&t), Some(2)));
    let p = ask(Verb::RollBack, &held).expect("kept");
    let o = ops(&p, 0);
    assert_eq!((&o[4]["value"], &o[5]["op"]), (&json!(0), &json!("remove")), "the hold ends with the way back");
    assert!(why(ask(Verb::Promote, &held)).contains("resume first"));
    let partition = ready(&[(PARTITION, json!(2))]);
    assert!(why(ask(Verb::Hold, &partition)).contains("nothing more will move"));
    assert!(why(ask(Verb::Resume, &partition)).contains("promote lowers"));
}

#[test]
fn git_an_autoscaler_and_secrets() {
    let mut t = deployment(&[]);
    t.git = Some(GitOwner { tool: "argo cd".into(), what: "shop".into() });
    t.detail.scalers = vec![Scaler { tool: "HPA".into(), name: "j1".into(), min: Some(2), max: Some(9), wants: None }];
    let env = "\"image\":\"i\",\"env\":[{\"name\":\"P\",\"value\":\"hunter2\"}]";
    let raw = t.raw.as_ref().and_then(Sealed::unseal).expect("here");
    let raw = raw
        .replace("\"image\":\"registry.example.org/shop/j1:1.0\"", env)
        .replace("\"image\":\"registry.example.org/shop/j1:1.1\"", env);
    t.raw = Some(Sealed::new(raw));
    let p = ask(Verb::RollBack, &t).expect("kept");
    assert!(said(&p, "argo cd (shop) still asks for 1.1") && said(&p, "HPA j1 (2 to 9) changes the replicas"));
    assert!(p.steps[0].request.body.unseal().expect("here").contains("hunter2"));
    let shown = format!("{p:?} {t:?} {}", serde_json::to_string(&p).expect("json"));
    assert!(!shown.contains("hunter2"), "{shown}");
}

#[test]
fn a_restart_is_no_version_to_go_back_to_and_equal_names_get_their_hashes() {
    // Restarted: the newest set differs from the one before only by its time. Everywhere, one older version is kept.
    let t = deployment(&[]);
    let raw = t.raw.as_ref().and_then(Sealed::unseal).expect("here");
    let mut raw: Value = serde_json::from_str(raw).expect("json");
    let mut same = raw["sets"][1].clone();
    same["metadata"]["labels"]["pod-template-hash"] = json!("before");
    same["spec"]["template"]["metadata"]["labels"]["pod-template-hash"] = json!("before");
    let mut now = same["spec"]["template"].clone();
    now["metadata"]["labels"].as_object_mut().expect("map").remove("pod-template-hash");
    now["metadata"]["annotations"] = json!({"kubectl.kubernetes.io/restartedAt": "2026-11-21T00:00:00Z"});
    raw["object"]["spec"]["template"] = now;
    raw["sets"].as_array_mut().expect("list").push(same);
    let mut t = TargetState { raw: Some(Sealed::new(raw.to_string())), ..t };
    let at = |s: i64| Some(crate::core::time::Utc::from_secs(s));
    let of =
        |t: &TargetState, version: &str| t.revisions.iter().find(|r| &*r.version == version).expect("kept").clone();
    let (mut a, mut b, mut c) = (of(&t, "1.1"), of(&t, "1.0"), of(&t, "1.0"));
    (a.number, a.created) = (Some(1), at(1));
    (b.hash, b.number, b.created) = (Hash::new("before"), Some(2), at(2));
    (c.hash, c.number, c.created) = (Hash::new("restarted"), Some(3), at(3));
    let only = vec![c.clone(), b.clone()];
    (t.candidate, t.stable) = (Some(c.hash.clone()), Some(c.hash.clone()));
    t.revisions = vec![c, b, a];
    let p = ask(Verb::RollBack, &t).expect("one is kept");
    assert_eq!(p.to, Some(Hash::new("57d85f48c7")), "past its own twin");
    t.revisions = only;
    assert_eq!(ask(Verb::RollBack, &t), Err(CannotBecause::NothingKept));
    // Chosen by hand it can be had, and is told from what runs.
    let p = plan(&Operation::back_to(t.id.clone(), Hash::new("before")), &t).expect("chosen");
    assert!(p.sentence.contains("1.0 (before) again; 1.0 (restar) goes away"), "{}", p.sentence);
}

#[test]
fn with_recreate_the_gap_is_said() {
    let t = deployment(&[("/spec/strategy", json!({"type": "Recreate"}))]);
    for verb in [Verb::RollBack, Verb::Restart] {
        assert!(said(&ask(verb, &t).expect("can"), "nothing serves at all"), "{verb:?}");
    }
}
