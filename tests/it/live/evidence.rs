//! What stands behind a target, on a real API server with the real Argo Rollouts: pods and events as they are, the way back
//! as the old version would find it, an Event left by an act, a login that may read little. kwok's pods have no kubelet:
//! log lines are proven before the fake server only (`tests/it/evidence.rs`).

use super::backend::utc;
use super::lab::{Lab, NAMESPACE, User, image, wait_until};
use super::rollout::Shape;
use andon::backends::kubernetes::{Kubernetes, Settings};
use andon::backends::{Backend, Cx, Lane, Query};
use andon::core::act::mark::Mark;
use andon::core::id::TargetId;
use andon::core::world::evidence::{Evidence, Raw, Track};
use andon::core::world::fact::Fact;
use andon::core::world::wayback::{Check, CheckState, WayBack};
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;

const CX: Cx = Cx { deadline: Duration::from_secs(5), lane: Lane::Refresh };

fn backend(lab: &Lab, user: User) -> Kubernetes {
    let settings =
        Settings { kubeconfig: Some(lab.kubeconfig(user)), namespaces: vec![NAMESPACE.into()], ..Settings::of("lab") };
    Kubernetes::new(settings, Arc::new(utc))
}

fn id(kind: &str, v: &Value) -> TargetId {
    let text = |p: &str| v.pointer(p).and_then(Value::as_str).expect(p).into();
    TargetId {
        source: "lab".into(),
        namespace: NAMESPACE.into(),
        kind: kind.into(),
        name: text("/metadata/name"),
        uid: text("/metadata/uid"),
    }
}

/// One for all questions: a client's connections live in the runtime that made them.
fn runtime() -> &'static tokio::runtime::Runtime {
    static ONE: std::sync::OnceLock<tokio::runtime::Runtime> = std::sync::OnceLock::new();
    let new = || tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().expect("runtime");
    ONE.get_or_init(new)
}

fn ask(k: &Kubernetes, q: Query) -> Fact {
    runtime().block_on(k.ask(&q, &CX)).expect("answered").remove(0)
}

fn evidence(k: &Kubernetes, id: &TargetId) -> Evidence {
    match ask(k, Query::Evidence(id.clone())) {
        Fact::Evidence(e) => *e,
        other => panic!("{other:?}"),
    }
}

fn back(k: &Kubernetes, id: &TargetId) -> WayBack {
    match ask(k, Query::WayBack(id.clone())) {
        Fact::WayBack(w) => w,
        other => panic!("{other:?}"),
    }
}

fn check<'w>(w: &'w WayBack, name: &str) -> &'w Check {
    w.checks.iter().find(|c| *c.name == *name).unwrap_or_else(|| panic!("no {name}: {:#?}", w.checks))
}

fn apply(lab: &Lab, objects: Value) {
    let list = json!({"apiVersion": "v1", "kind": "List", "items": objects});
    lab.kubectl_as(User::Admin, &["apply", "-f", "-"], &list.to_string()).expect("applied");
}

#[test]
fn a_crashing_candidate_is_seen_with_its_reason_its_node_and_its_events() {
    let Some(lab) = Lab::get() else { return };
    let steps = json!([{"setWeight": 25}, {"pause": {}}]);
    let r = lab.fresh_rollout("ev-crash", Shape::Basic, &steps);
    r.patch(&json!({"spec": {"template": {"metadata": {"annotations": {"lab.andon/pod": "crash"}},
        "spec": {"containers": [{"name": "main", "image": image(&r.name, "1.1"),
            "env": [{"name": "KEY", "value": "hunter2-hunter2"}],
            "readinessProbe": {"httpGet": {"path": "/ready", "port": 8080}}}]}}}}));
    let k = backend(&lab, User::Look);
    let target = id("Rollout", &r.json());
    let mut seen = None;
    wait_until("a crashing pod of the candidate", 40, || {
        let e = evidence(&k, &target);
        let bad =
            e.instances.iter().any(|i| i.track == Track::Candidate && i.why.as_deref() == Some("CrashLoopBackOff"));
        seen = Some(e);
        bad
    });
    let e = seen.expect("seen");
    let i = &e.instances[0];
    assert_eq!(
        (i.track, i.restarts, i.last_end.as_deref()),
        (Track::Candidate, 3, Some("exit 1")),
        "worst first: {e:#?}"
    );
    assert!(!i.node.is_empty() && i.created.is_some() && i.ready == (0, 1));
    assert!(e.instances.iter().filter(|i| i.track == Track::Stable && i.is_healthy()).count() >= 3, "{e:#?}");
    assert!(e.events.iter().any(|x| &*x.reason == "RolloutUpdated"), "{:#?}", e.events);
    assert!(e.events.iter().all(|x| &*x.reason != "RolloutAddedToInformer"));
    assert!(e.probes.iter().any(|p| p.contains("readinessProbe of main changed in this rollout")), "{:?}", e.probes);
    assert!(e.unread.is_empty(), "{:?}", e.unread);
    let raw: Raw = match ask(&k, Query::Raw(target)) {
        Fact::Raw(r) => *r,
        other => panic!("{other:?}"),
    };
    assert!(!raw.text.contains("hunter2") && raw.text.contains("currentPodHash"), "{}", raw.text);
    assert!(raw.managers.iter().any(|m| m.starts_with("rollouts-controller")), "{:?}", raw.managers);
}

#[test]
fn the_way_back_says_what_would_keep_the_old_version_from_starting() {
    let Some(lab) = Lab::get() else { return };
    let steps = json!([{"setWeight": 50}, {"pause": {}}]);
    let r = lab.fresh_rollout("ev-back", Shape::Basic, &steps);
    let name = r.name.clone();
    apply(
        &lab,
        json!([
            {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name, "namespace": NAMESPACE}, "data": {"a": "1"}},
            {"apiVersion": "policy/v1", "kind": "PodDisruptionBudget", "metadata": {"name": name, "namespace": NAMESPACE},
             "spec": {"maxUnavailable": 0, "selector": {"matchLabels": {"app": name}}}},
        ]),
    );
    // The version to go back to asks for more than any node has, and reads a ConfigMap.
    r.patch(&json!({"spec": {"template": {"spec": {"containers": [{"name": "main", "image": image(&name, "1.1"),
        "envFrom": [{"configMapRef": {"name": name}}]}]}}}}));
    r.wait("paused on its way", 60, |v| v["status"]["pauseConditions"].is_array());
    lab.kubectl(&[
        "-n",
        NAMESPACE,
        "patch",
        "rollout",
        &name,
        "--subresource=status",
        "--type=merge",
        "-p",
        r#"{"status":{"promoteFull":true}}"#,
    ]);
    r.wait("promoted", 60, |v| {
        v["status"]["phase"] == "Healthy" && v["status"]["stableRS"] == v["status"]["currentPodHash"]
    });
    r.start("1.2");
    let target = id("Rollout", &r.json());
    let admin = backend(&lab, User::Admin);
    let w = back(&admin, &target);
    assert_eq!(w.to.as_ref().map(|h| h.as_str().to_owned()), Some(r.stable_hash()));
    assert_eq!(check(&w, "old revision").state, CheckState::Ok, "{w:#?}");
    assert_eq!(check(&w, "room").state, CheckState::Ok, "{w:#?}");
    assert_eq!(check(&w, "config and secrets").state, CheckState::Ok, "{w:#?}");
    wait_until("the budget's own count", 20, || {
        check(&back(&admin, &target), "disruption budget").state == CheckState::Warn
    });
    // Changed under the old version, then gone.
    std::thread::sleep(Duration::from_millis(1_100));
    lab.kubectl(&["-n", NAMESPACE, "patch", "configmap", &name, "--type=merge", "-p", r#"{"data":{"a":"2"}}"#]);
    let c = check(&back(&admin, &target), "config and secrets").clone();
    assert!(c.state == CheckState::Warn && c.how.contains(&format!("ConfigMap {name} changed")), "{c:?}");
    lab.kubectl(&["-n", NAMESPACE, "delete", "configmap", &name]);
    let c = check(&back(&admin, &target), "config and secrets").clone();
    assert!(matches!(c.state, CheckState::Warn | CheckState::Blocked) && c.how.contains("gone: ConfigMap"), "{c:?}");
    // Who may read little is told which rights are missing, and nothing is called fine for it.
    let look = back(&backend(&lab, User::Look), &target);
    let named = [("config and secrets", "get configmaps"), ("disruption budget", "list poddisruptionbudgets")];
    for (what, right) in named {
        let c = check(&look, what);
        assert!(c.state == CheckState::Unknown && c.how.contains(right), "{c:?}");
    }
    lab.kubectl(&["-n", NAMESPACE, "delete", "pdb", &name]);
}

/// A node wears a label as long as this lives.
struct Labelled<'l>(&'l Lab, String);

impl Drop for Labelled<'_> {
    fn drop(&mut self) {
        self.0.kubectl(&["label", &self.1, "andon-test-"]);
    }
}

#[test]
fn an_old_version_that_no_node_takes_has_no_room() {
    let Some(lab) = Lab::get() else { return };
    let r = lab.fresh_rollout("ev-room", Shape::Basic, &json!([{"setWeight": 100}]));
    let node = lab.kubectl(&["get", "nodes", "-o", "name"]).lines().next().expect("a node").to_owned();
    let name = r.name.clone();
    let healthy = |tag: &str| {
        let image = image(&name, tag);
        r.wait("healthy", 60, |v| {
            v["status"]["phase"] == "Healthy"
                && v["status"]["stableRS"] == v["status"]["currentPodHash"]
                && v["spec"]["template"]["spec"]["containers"][0]["image"] == image.as_str()
        });
    };
    let to = |tag: &str, selector: Value| {
        r.patch(&json!({"spec": {"template": {"spec": {"nodeSelector": selector,
            "containers": [{"name": "main", "image": image(&name, tag)}]}}}}));
    };
    let label = Labelled(&lab, node);
    lab.kubectl(&["label", "--overwrite", &label.1, "andon-test=here"]);
    to("1.1", json!({"andon-test": "here"}));
    healthy("1.1");
    drop(label);
    to("1.2", Value::Null);
    healthy("1.2");
    let target = id("Rollout", &r.json());
    wait_until("the old pods to go", 90, || {
        evidence(&backend(&lab, User::Admin), &target).instances.iter().all(|i| i.track == Track::Stable)
    });
    // Only the node that is labelled no more would have taken it.
    let w = back(&backend(&lab, User::Admin), &target);
    let c = check(&w, "room");
    assert!(c.state == CheckState::Warn && c.how.contains("nodes have room for 0 of 4"), "{w:#?}");
    // Who may not read nodes is told so: not known is not fine.
    let look = back(&backend(&lab, User::Look), &target);
    let c = check(&look, "room");
    assert!(c.state == CheckState::Unknown && c.how.contains("list nodes"), "{look:#?}");
}

#[test]
fn a_mark_is_seen_by_everybody_and_who_may_not_leave_one_is_told_the_right() {
    let Some(lab) = Lab::get() else { return };
    let r = lab.fresh_rollout("ev-mark", Shape::Basic, &json!([{"setWeight": 25}, {"pause": {}}]));
    let mark = Mark {
        target: id("Rollout", &r.json()),
        at: utc(),
        action: "abort".into(),
        who: "mira@bastion-2".into(),
        incident: Some("i-0412".into()),
        note: "login failures".into(),
    };
    let act = backend(&lab, User::Act);
    runtime().block_on(act.mark(&mark, &CX)).expect("taken");
    let said = lab.kubectl(&[
        "-n",
        NAMESPACE,
        "get",
        "events",
        "--field-selector",
        &format!("involvedObject.name={}", r.name),
    ]);
    assert!(
        said.contains("AndonAbort") && said.contains("abort by mira@bastion-2 (incident i-0412): login failures"),
        "{said}"
    );
    // It is evidence like any other event, by its own time.
    let e = evidence(&act, &mark.target);
    assert!(e.events.iter().any(|x| &*x.reason == "AndonAbort" && x.at.is_some()), "{:#?}", e.events);
    let no = runtime().block_on(backend(&lab, User::Look).mark(&mark, &CX)).expect_err("look may not");
    assert!(no.sentence.contains("`create events.events.k8s.io` in shop"), "{no}");
}
