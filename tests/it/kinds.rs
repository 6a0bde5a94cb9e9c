//! The kinds a cluster serves, before the fake API server: they come and go, some may not be read, some are an
//! operator's own.

use super::kubernetes::{Watched, backend, backend_of, hasty, observe, recorded, whole};
use andon::backends::{Backend, Cx, Lane, Query};
use andon::core::world::fact::Fact;
use andon::core::world::source::{Link, Trouble};
use andon::core::world::target::{Strategy, TargetState};
use andon::testkit::fake_kube::{FakeKube, Fault};
use serde_json::{Value, json};
use std::time::Duration;

const CX: Cx = Cx { deadline: Duration::from_secs(60), lane: Lane::Act };

fn deployment(name: &str) -> Value {
    json!({"metadata": {"name": name, "namespace": "shop", "uid": format!("d-{name}"), "generation": 1,
            "annotations": {"deployment.kubernetes.io/revision": "1"}},
        "spec": {"replicas": 1, "selector": {"matchLabels": {"app": name}},
            "template": {"metadata": {"labels": {"app": name}}, "spec": {"containers": [{"name": "x", "image": "r/x:1"}]}}},
        "status": {"observedGeneration": 1, "replicas": 1, "updatedReplicas": 1, "readyReplicas": 1, "availableReplicas": 1}})
}

fn target<'a>(all: &'a [Fact], kind: &str) -> Option<&'a TargetState> {
    all.iter().rev().find_map(|f| match f {
        Fact::Target(t) if *t.id.kind == *kind => Some(&**t),
        _ => None,
    })
}

fn kinds(w: &Watched) -> Vec<String> {
    w.last().map(|s| s.abilities.kinds.iter().map(ToString::to_string).collect()).unwrap_or_default()
}

const PLAIN: [&str; 3] = ["Deployment", "StatefulSet", "DaemonSet"];

#[tokio::test]
async fn a_definition_that_comes_and_goes_while_running_brings_its_targets_and_takes_them() {
    let f = FakeKube::start().await;
    ["rollouts", "analysisruns", "experiments"].iter().for_each(|p| f.uninstall(p));
    f.put("deployments", deployment("api"));
    let w = observe(&backend(&f, &[]));
    w.until("whole", |all| all.iter().any(whole)).await;
    w.until("watching", |_| w.last().is_some_and(|s| s.link == Link::Watching)).await;
    assert_eq!(&*w.last().expect("told").holds, "1 deployment, 0 moving", "no Argo is no failure");
    assert_eq!(kinds(&w), PLAIN);
    assert!(!f.asked().iter().any(|a| a.path.contains("rollouts?")), "what is not there is not watched");
    recorded(&f);
    w.until("the rollout", |all| target(all, "Rollout").is_some()).await;
    w.until("its kind", |_| kinds(&w).first().is_some_and(|k| k == "Rollout")).await;
    w.until("whole again", |_| w.last().is_some_and(|s| s.link == Link::Watching)).await;
    assert_eq!(&*w.last().expect("told").holds, "1 rollout, 1 deployment, 1 moving");
    f.uninstall("rollouts");
    w.until("gone", |all| all.iter().any(|f| matches!(f, Fact::Gone(id) if &*id.kind == "Rollout"))).await;
    w.until("without it", |_| kinds(&w) == PLAIN).await;
    w.until("watching", |_| w.last().is_some_and(|s| s.link == Link::Watching)).await;
    assert!(!w.task.is_finished(), "the rest goes on");
    // And once more, to see that a kind can come back.
    recorded(&f);
    w.until("back", |_| w.last().is_some_and(|s| s.holds.contains("1 rollout"))).await;
}

#[tokio::test]
async fn what_may_not_be_read_is_left_out_and_named() {
    let f = FakeKube::start().await;
    recorded(&f);
    f.deny("list experiments");
    f.deny("list statefulsets");
    let w = observe(&backend(&f, &["shop"]));
    w.until("whole", |all| all.iter().any(whole)).await;
    for verb in ["list experiments", "list statefulsets"] {
        let named = || {
            w.last().is_some_and(|s| s.abilities.rights.iter().any(|r| &*r.verb == verb && r.allowed == Some(false)))
        };
        w.until(verb, |_| named()).await;
    }
    w.until("watching", |_| w.last().is_some_and(|s| s.link == Link::Watching)).await;
    assert_eq!(kinds(&w), ["Rollout", "Deployment", "DaemonSet"]);
}

#[tokio::test]
async fn where_nothing_may_be_read_the_source_is_red_with_the_reason() {
    let f = FakeKube::start().await;
    recorded(&f);
    let no = json!({"message": "rollouts is forbidden: User \"me\" cannot list", "code": 403}).to_string();
    f.fault("GET", "?limit", Fault::Answer(403, "application/json", no));
    let w = observe(&backend(&f, &[]));
    w.until("failed", |_| w.last().is_some_and(|s| matches!(s.link, Link::Failed(_)))).await;
    let Link::Failed(e) = w.last().expect("told").link else { panic!("red") };
    assert!(e.trouble == Trouble::Forbidden && e.sentence.contains("list rollouts in shop"), "{e}");
    w.until("its end", |_| w.task.is_finished()).await;
}

#[tokio::test]
async fn a_list_that_only_explains_may_fail_and_is_tried_again() {
    let f = FakeKube::start().await;
    recorded(&f);
    f.fault("GET", "horizontalpodautoscalers?limit", Fault::Answer(503, "text/plain", "no backend".into()));
    f.fault("GET", "analysisruns?limit", Fault::Answer(200, "text/html", "<html>sign in</html>".into()));
    f.fault("GET", "experiments?limit", Fault::Bomb(200));
    f.fault("GET", "pods?limit", Fault::Stall);
    let w = observe(&hasty(&f, &["shop"]));
    w.until("whole", |all| all.iter().any(whole)).await;
    w.until("watching", |_| w.last().is_some_and(|s| s.link == Link::Watching)).await;
    assert!(target(&w.facts.lock().expect("lock"), "Rollout").is_some(), "what rolls out is shown");
    let asked = |part: &str| f.asked().iter().filter(|a| a.path.contains(part)).count();
    w.until("another try", |_| asked("horizontalpodautoscalers?limit") > 1).await;
    w.until("its reason", |_| w.last().is_some_and(|s| s.last_error.is_some())).await;
    let s = w.last().expect("told");
    assert!(s.link == Link::Watching && !w.task.is_finished(), "{:?}", s.link);
    let refused = s.abilities.rights.iter().find(|r| r.verb.starts_with("list ") && r.allowed == Some(false));
    assert_eq!(refused, None, "no right is missing");
    f.heal();
    w.until("its watch", |_| asked("horizontalpodautoscalers?watch=1") > 0).await;
    assert!(!w.task.is_finished());
    assert_eq!(w.last().expect("told").link, Link::Watching);
}

#[tokio::test]
async fn a_list_of_what_rolls_out_that_fails_is_the_sources_end() {
    for plural in ["deployments", "replicasets", "rollouts"] {
        let f = FakeKube::start().await;
        recorded(&f);
        f.fault("GET", &format!("{plural}?limit"), Fault::Answer(500, "text/plain", "no".into()));
        let w = observe(&backend(&f, &["shop"]));
        w.until("its end", |_| w.task.is_finished()).await;
        let Some(Link::Failed(e)) = w.last().map(|s| s.link) else { panic!("red: {plural}") };
        assert_eq!(e.trouble, Trouble::Server, "{plural}");
    }
}

#[tokio::test]
async fn an_operators_own_kind_that_gives_no_answer_holds_nothing_up() {
    for part in ["/apis/db.example.org/v1", "databases?limit"] {
        let f = FakeKube::start().await;
        recorded(&f);
        f.install("db.example.org/v1", "databases", "Database");
        let db = json!({"kind": "Database", "metadata": {"name": "orders", "namespace": "shop", "uid": "db1"},
            "status": {"conditions": [{"type": "Ready", "status": "True"}]}});
        f.put("databases", db);
        f.fault("GET", part, Fault::Answer(503, "text/plain", "the operator is away".into()));
        let w = observe(&backend_of(&f, &["shop"], &["databases.db.example.org/v1"]));
        w.until("whole", |all| all.iter().any(whole)).await;
        w.until("watching", |_| w.last().is_some_and(|s| s.link == Link::Watching)).await;
        let said = || w.last().and_then(|s| s.last_error).is_some_and(|(_, e)| e.trouble == Trouble::Server);
        w.until("its reason", |_| said()).await;
        f.heal();
        w.until("the database", |all| target(all, "Database").is_some()).await;
        assert!(!w.task.is_finished(), "{part}");
    }
}

#[tokio::test]
async fn after_another_login_an_operators_kind_that_gives_no_answer_is_not_called_gone_before_it_is_known() {
    for part in ["/apis/db.example.org/v1", "databases?limit"] {
        let f = FakeKube::start().await;
        recorded(&f);
        f.install("db.example.org/v1", "databases", "Database");
        f.put(
            "databases",
            json!({"kind": "Database", "metadata": {"name": "orders", "namespace": "shop", "uid": "db1"}}),
        );
        let k = backend_of(&f, &["shop"], &["databases.db.example.org/v1"]);
        let w = observe(&k);
        let last = |all: &[Fact]| -> Option<bool> {
            all.iter().rev().find_map(|f| match f {
                Fact::Whole(ids) => Some(ids.iter().any(|id| &*id.kind == "Database")),
                _ => None,
            })
        };
        w.until("the database", |all| last(all) == Some(true)).await;
        let before = w.count(whole);
        f.fault("GET", part, Fault::Answer(503, "text/plain", "the operator is away".into()));
        k.renew();
        w.until("whole again", |all| all.iter().filter(|f| whole(f)).count() > before).await;
        w.until("its reason", |_| w.last().is_some_and(|s| s.last_error.is_some())).await;
        assert!(w.facts.lock().expect("lock").iter().filter_map(|f| last(std::slice::from_ref(f))).all(|there| there));
        // It was removed meanwhile, and now that can be seen.
        f.uninstall("databases");
        f.heal();
        w.until("its end", |all| last(all) == Some(false)).await;
        assert!(!w.task.is_finished(), "{part}");
    }
}

#[tokio::test]
async fn a_cluster_where_only_workloads_may_be_read_is_not_red() {
    let f = FakeKube::start().await;
    f.put("deployments", deployment("api"));
    ["rollouts", "analysisruns", "experiments", "replicasets", "pods"]
        .iter()
        .for_each(|k| f.deny(&format!("list {k}")));
    let w = observe(&backend(&f, &["shop"]));
    w.until("whole", |all| all.iter().any(whole)).await;
    w.until("watching", |_| w.last().is_some_and(|s| s.link == Link::Watching)).await;
    assert_eq!(kinds(&w), PLAIN);
}

#[tokio::test]
async fn an_operators_own_kind_is_watched_and_read_and_never_acted_on() {
    let f = FakeKube::start().await;
    f.install("db.example.org/v1", "databases", "Database");
    let db = |ready: &str| {
        json!({"kind": "Database", "metadata": {"name": "orders", "namespace": "shop", "uid": "db1", "generation": 4},
            "status": {"observedGeneration": 4, "conditions": [{"type": "Ready", "status": ready, "message": "2 of 3 up"}]}})
    };
    f.put("databases", db("True"));
    f.put(
        "pods",
        json!({"metadata": {"name": "orders-0", "namespace": "shop", "uid": "p",
            "labels": {"app.kubernetes.io/instance": "orders"}, "ownerReferences": [{"uid": "x", "controller": true}]},
        "status": {"phase": "Running", "containerStatuses": [{"ready": true, "restartCount": 3}]}}),
    );
    let k = backend_of(&f, &["shop"], &["databases.db.example.org/v1", "not a kind"]);
    let w = observe(&k);
    w.until("the database", |all| target(all, "Database").is_some()).await;
    let id = {
        let facts = w.facts.lock().expect("lock");
        let t = target(&facts, "Database").expect("told");
        assert_eq!((t.phase.word(), t.detail.restarts, &t.strategy), ("healthy", 3, &Strategy::Reconciled));
        t.id.clone()
    };
    w.until("its kind", |_| kinds(&w).iter().any(|k| k == "Database")).await;
    let wrong = || w.last().and_then(|s| s.last_error).is_some_and(|(_, e)| e.sentence.contains("\"not a kind\""));
    w.until("what is wrong in the settings", |_| wrong()).await;
    f.put("databases", db("False"));
    w.until("degraded", |all| target(all, "Database").is_some_and(|t| t.phase.word() == "degraded")).await;
    let read = k.ask(&Query::Read(id.clone()), &CX).await.expect("read");
    let [Fact::Target(t)] = read.as_slice() else { panic!("{read:?}") };
    assert_eq!((&*t.message, t.detail.restarts, t.raw.is_some()), ("2 of 3 up", 3, true));
    let raw = k.ask(&Query::Raw(id.clone()), &CX).await.expect("looked into");
    assert!(matches!(raw.as_slice(), [Fact::Raw(_)]), "{raw:?}");
    for verb in andon::core::act::plan::Verb::ALL {
        let op = andon::core::act::plan::Operation::new(verb, id.clone());
        assert!(k.plan(&op, t).is_err(), "{verb:?}");
    }
    f.uninstall("databases");
    w.until("gone", |all| all.iter().any(|f| matches!(f, Fact::Gone(gone) if *gone == id))).await;
}

#[tokio::test]
async fn a_controllers_lease_is_told_and_its_absence_is_no_trouble() {
    let f = FakeKube::start().await;
    recorded(&f);
    let w = observe(&backend(&f, &["shop"]));
    w.until("a look in vain", |_| f.asked().iter().any(|a| a.path.contains("/leases"))).await;
    f.put(
        "leases",
        json!({"metadata": {"name": "argo-rollouts-controller-lock", "namespace": "tools"},
        "spec": {"holderIdentity": "a", "leaseDurationSeconds": 15, "renewTime": "2026-11-21T03:14:07.5Z"}}),
    );
    w.until("the controller", |_| w.last().is_some_and(|s| !s.abilities.controllers.is_empty())).await;
    let c = w.last().expect("told").abilities.controllers.remove(0);
    assert_eq!((&*c.name, c.lasts_ms, c.renewed.is_some()), ("argo-rollouts", 15_000, true));
    w.until("a look in its place", |_| f.asked().iter().any(|a| a.path.contains("/namespaces/tools/leases/"))).await;
    assert_eq!(w.last().expect("told").link, Link::Watching);
}
