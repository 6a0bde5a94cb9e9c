//! The Kubernetes backend before its fake API server: what a recorded object cannot show.

use andon::backends::kubernetes::{Kubernetes, Settings, Timing};
use andon::backends::{Backend, Cx, Interest, Lane, Query, Sink};
use andon::core::act::plan::{Operation, Outcome, RefusedBy, Ticket, Verb};
use andon::core::id::TargetId;
use andon::core::time::Utc;
use andon::core::world::fact::Fact;
use andon::core::world::source::{Link, SourceState, Trouble};
use andon::testkit::fake_kube::{FakeKube, Fault};
use serde_json::{Value, json};
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

const CX: Cx = Cx { deadline: Duration::from_secs(60), lane: Lane::Act };

fn fixture(name: &str) -> Value {
    let path = format!("{}/src/backends/kubernetes/fixtures/{name}.json", env!("CARGO_MANIFEST_DIR"));
    serde_json::from_str(&std::fs::read_to_string(&path).expect(&path)).expect(&path)
}

pub fn backend(f: &FakeKube, namespaces: &[&str]) -> Arc<Kubernetes> {
    backend_of(f, namespaces, &[])
}

/// With kinds of an operator's own.
pub fn backend_of(f: &FakeKube, namespaces: &[&str], kinds: &[&str]) -> Arc<Kubernetes> {
    // Long: a machine that stands still for a second must not look like a server that does.
    with_patience(f, namespaces, kinds, Duration::from_secs(20))
}

/// One that gives up on a silent server soon, for tests in which one is silent.
pub fn hasty(f: &FakeKube, namespaces: &[&str]) -> Arc<Kubernetes> {
    with_patience(f, namespaces, &[], Duration::from_millis(700))
}

fn with_patience(f: &FakeKube, namespaces: &[&str], kinds: &[&str], patience: Duration) -> Arc<Kubernetes> {
    let settings = Settings {
        kubeconfig: Some(f.kubeconfig.clone()),
        namespaces: namespaces.iter().map(ToString::to_string).collect(),
        kinds: kinds.iter().map(ToString::to_string).collect(),
        ..Settings::of("eu-1")
    };
    let timing = Timing {
        watch_secs: 1,
        idle: patience,
        call: patience,
        backoff_first: Duration::from_millis(10),
        backoff_most: Duration::from_millis(60),
    };
    // Ten seconds pass with every look at the clock, so that "every few seconds" passes quickly.
    let now = AtomicI64::new(0);
    Arc::new(Kubernetes::with_timing(settings, Arc::new(move || Utc(now.fetch_add(10_000, Ordering::Relaxed))), timing))
}

pub fn recorded(f: &FakeKube) -> TargetId {
    let r: Value = fixture("live-argo-rollout-canary-paused-step1-weight20");
    let uid = r["metadata"]["uid"].as_str().expect("uid").to_owned();
    f.put("rollouts", r);
    let sets: Value = fixture("live-argo-replicasets-of-canary-rollout");
    for s in sets["items"].as_array().expect("list") {
        f.put("replicasets", s.clone());
    }
    TargetId {
        source: "eu-1".into(),
        namespace: "shop".into(),
        kind: "Rollout".into(),
        name: "checkout".into(),
        uid: uid.into(),
    }
}

pub struct Watched {
    pub facts: Arc<Mutex<Vec<Fact>>>,
    pub task: tokio::task::JoinHandle<andon::core::world::source::SourceError>,
    _want: tokio::sync::watch::Sender<Interest>,
}

pub fn observe(k: &Arc<Kubernetes>) -> Watched {
    let facts = Arc::new(Mutex::new(Vec::new()));
    let into = facts.clone();
    let (want, rx) = tokio::sync::watch::channel(Interest::default());
    let task = tokio::spawn(k.clone().observe(rx, Sink::new(move |f| into.lock().expect("lock").push(f))));
    Watched { facts, task, _want: want }
}

impl Watched {
    pub async fn until(&self, what: &str, holds: impl Fn(&[Fact]) -> bool) {
        let began = Instant::now();
        loop {
            // A copy: the condition may look at the facts itself.
            let now = self.facts.lock().expect("lock").clone();
            if holds(&now) {
                return;
            }
            assert!(began.elapsed() < Duration::from_secs(60), "no {what}: {:#?}", self.last());
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }
    pub fn last(&self) -> Option<SourceState> {
        let facts = self.facts.lock().expect("lock");
        facts.iter().rev().find_map(|f| match f {
            Fact::Source(s) => Some((**s).clone()),
            _ => None,
        })
    }
    pub fn count(&self, of: impl Fn(&Fact) -> bool) -> usize {
        self.facts.lock().expect("lock").iter().filter(|f| of(f)).count()
    }
}

pub fn whole(f: &Fact) -> bool {
    matches!(f, Fact::Whole(_))
}

#[tokio::test]
async fn a_quiet_cluster_costs_no_list_and_no_fact_but_stays_confirmed() {
    let f = FakeKube::start().await;
    recorded(&f);
    let k = backend(&f, &["shop"]);
    let w = observe(&k);
    w.until("whole", |all| all.iter().any(whole)).await;
    w.until("rights", |_| w.last().is_some_and(|s| s.abilities.rights.len() == 10)).await;
    let first = w.last().and_then(|s| s.confirmed).expect("confirmed");
    let lists = |f: &FakeKube| f.asked().iter().filter(|a| a.path.contains("limit=")).count();
    assert_eq!(lists(&f), 10, "seven kinds every server has, three of Argo Rollouts");
    w.until("bookmarks to move it", |_| w.last().and_then(|s| s.confirmed).is_some_and(|c| c > first)).await;
    // Past the end of the first watches.
    w.until("a second watch", |_| f.asked().iter().filter(|a| a.path.contains("watch=1")).count() > 10).await;
    assert_eq!(lists(&f), 10, "a clean end is no reason to list");
    assert_eq!(w.count(|f| matches!(f, Fact::Target(_))), 1);
    let s = w.last().expect("told");
    assert_eq!((&s.link, &*s.holds), (&Link::Watching, "1 rollout, 1 moving"));
    assert_eq!(s.abilities.version.as_deref(), Some("v1.36.3"));
    assert!(s.abilities.skew_ms.is_some());
}

#[tokio::test]
async fn expired_history_leads_to_a_new_list_told_in_either_way() {
    for http in [false, true] {
        let f = FakeKube::start().await;
        recorded(&f);
        f.http_410(http);
        let w = observe(&backend(&f, &["shop"]));
        w.until("whole", |all| all.iter().any(whole)).await;
        f.cut_watches(true);
        w.until("whole again", |all| all.iter().filter(|f| whole(f)).count() > 1).await;
        w.until("watching", |_| w.last().is_some_and(|s| s.link == Link::Watching)).await;
    }
}

#[tokio::test]
async fn a_server_that_stops_answering_turns_the_source_red_and_comes_back() {
    let f = FakeKube::start().await;
    recorded(&f);
    let w = observe(&backend(&f, &["shop"]));
    w.until("whole", |all| all.iter().any(whole)).await;
    f.fault("GET", "/", Fault::Answer(503, "text/plain", "no backend".into()));
    f.cut_watches(false);
    w.until("failed", |_| w.last().is_some_and(|s| matches!(s.link, Link::Failed(_)))).await;
    f.heal();
    w.until("watching", |_| w.last().is_some_and(|s| s.link == Link::Watching)).await;
    assert!(w.last().expect("told").last_error.is_some(), "kept after it ended");
    assert!(!w.task.is_finished());
}

#[tokio::test]
async fn a_connection_that_is_closed_just_then_is_no_trouble_of_the_source() {
    let f = FakeKube::start().await;
    recorded(&f);
    let w = observe(&backend(&f, &["shop"]));
    w.until("whole", |all| all.iter().any(whole)).await;
    // All lists are read by then, also those that only explain.
    w.until("rights", |_| w.last().is_some_and(|s| s.abilities.rights.len() == 10)).await;
    let lists = |f: &FakeKube| f.asked().iter().filter(|a| a.path.contains("limit=")).count();
    let before = lists(&f);
    // The first of the next watches is closed without an answer, as a balancer closes a kept connection.
    f.fault_times("GET", "watch=1", Fault::DropBefore, 1);
    f.cut_watches(false);
    let watches = |f: &FakeKube| f.asked().iter().filter(|a| a.path.contains("watch=1")).count();
    let had = watches(&f);
    w.until("all watched again", |_| watches(&f) > had + 10).await;
    assert!(w.count(|f| matches!(f, Fact::Source(s) if matches!(s.link, Link::Failed(_)))) == 0, "never red");
    assert_eq!(lists(&f), before);
}

#[tokio::test]
async fn a_half_dead_watch_is_noticed_without_any_word_from_the_server() {
    let f = FakeKube::start().await;
    recorded(&f);
    f.bookmarks_every(60_000);
    let k = hasty(&f, &["shop"]);
    let w = observe(&k);
    w.until("whole", |all| all.iter().any(whole)).await;
    w.until("failed", |_| w.last().is_some_and(|s| matches!(s.link, Link::Failed(_)))).await;
}

#[tokio::test]
async fn only_namespaces_are_granted_and_pods_are_not() {
    let f = FakeKube::start().await;
    recorded(&f);
    f.deny("list pods");
    f.fault(
        "GET",
        "v1alpha1/rollouts?",
        Fault::Answer(403, "application/json", json!({"message": "no", "code": 403}).to_string()),
    );
    let w = observe(&backend(&f, &[]));
    w.until("whole", |all| all.iter().any(whole)).await;
    w.until("said what is missing", |_| {
        w.last().is_some_and(|s| s.abilities.rights.iter().any(|r| &*r.verb == "list pods" && r.allowed == Some(false)))
    })
    .await;
    assert!(f.asked().iter().any(|a| a.path.contains("/namespaces/shop/rollouts?limit")));
}

#[tokio::test]
async fn a_long_list_comes_by_pages() {
    let f = FakeKube::start().await;
    let r: Value = fixture("live-argo-rollout-canary-paused-step1-weight20");
    for i in 0..600 {
        let mut one = r.clone();
        one["metadata"]["name"] = format!("r{i}").into();
        one["metadata"]["uid"] = format!("u{i}").into();
        f.put("rollouts", one);
    }
    let w = observe(&backend(&f, &["shop"]));
    w.until("whole", |all| all.iter().any(|f| matches!(f, Fact::Whole(ids) if ids.len() == 600))).await;
    let limit = |path: &str| path.split("limit=").nth(1)?.split('&').next()?.parse::<usize>().ok();
    let asked = f.asked();
    let pages: Vec<usize> =
        asked.iter().filter(|a| a.path.contains("/rollouts?")).filter_map(|a| limit(&a.path)).collect();
    assert_eq!(pages.first(), Some(&100), "what an object costs is not known yet");
    assert!((2..=5).contains(&pages.len()) && pages[1..].iter().all(|n| (101..=500).contains(n)), "{pages:?}");
    assert!(asked.iter().any(|a| a.path.contains("continue=100")), "it goes on where the first page ended");
}

#[tokio::test]
async fn a_step_goes_out_byte_for_byte_and_its_answer_is_read_for_what_it_proves() {
    let f = FakeKube::start().await;
    let id = recorded(&f);
    let k = backend(&f, &["shop"]);
    let plan = async |verb| {
        let facts = k.ask(&Query::Read(id.clone()), &CX).await.expect("read");
        let Some(Fact::Target(t)) = facts.first() else { panic!("{facts:?}") };
        k.plan(&Operation::new(verb, id.clone()), t).expect("plan")
    };
    let promote = plan(Verb::Promote).await;
    let hold = plan(Verb::Hold).await;
    let got = k.send(&hold.steps[0], Ticket(1), &CX).await;
    assert!(matches!(got, Outcome::Accepted { generation: Some(4), .. }), "{got:?}");
    let sent = f.asked().into_iter().find(|a| a.method == "PATCH").expect("one");
    assert_eq!(sent.body, hold.steps[0].request.body.unseal().expect("here"));
    assert_eq!(sent.path, &*hold.steps[0].request.path);
    // The hold went between the promote's read and its sending: a promote would be lost now.
    match k.send(&promote.steps[0], Ticket(2), &CX).await {
        Outcome::Refused(r) => assert_eq!((r.kind, r.status), (RefusedBy::Guard, Some(422))),
        other => panic!("{other:?}"),
    }
    let back = plan(Verb::RollBack).await;
    let got = k.send(&back.steps[0], Ticket(3), &CX).await;
    assert!(matches!(got, Outcome::Accepted { generation: None, .. }), "a status act raises no generation: {got:?}");
    let stored = f.get("rollouts", "shop", "checkout").expect("kept");
    assert_eq!((&stored["status"]["abort"], &stored["spec"]["paused"]), (&json!(true), &json!(true)));
    f.deny("patch rollouts/status");
    let mut kinds = Vec::new();
    for fault in [
        None,
        Some(Fault::Answer(429, "text/plain", "Too many requests, please try again later.".into())),
        Some(Fault::Answer(422, "application/json", json!({"message": "rollouts \"x\" is forbidden: ValidatingAdmissionPolicy 'p' with binding 'b' denied request: no"}).to_string())),
        Some(Fault::Answer(404, "text/plain", "404 page not found".into())),
        Some(Fault::Answer(401, "application/json", "{}".into())),
    ] {
        f.heal();
        fault.into_iter().for_each(|x| f.fault("PATCH", "/", x));
        match k.send(&back.steps[0], Ticket(4), &CX).await {
            Outcome::Refused(r) => kinds.push((r.kind, r.retry_after_ms)),
            other => panic!("{other:?}"),
        }
    }
    use RefusedBy::{Auth, Forbidden, Gone, Policy, Throttled};
    assert_eq!(kinds, [(Forbidden, None), (Throttled, Some(7000)), (Policy, None), (Gone, None), (Auth, None)]);
    for (code, kind, body) in [
        (503, "text/plain", "busy"),
        (200, "text/html", "<html>"),
        (302, "text/html", ""),
        (200, "application/json", "{}"),
    ] {
        f.heal();
        f.fault("PATCH", "/", Fault::Answer(code, kind, body.into()));
        let got = k.send(&back.steps[0], Ticket(5), &CX).await;
        assert!(matches!(got, Outcome::Unknown { .. }), "{code} {got:?}");
    }
}

#[tokio::test]
async fn a_dry_run_says_what_the_server_would_say_and_stores_nothing() {
    let f = FakeKube::start().await;
    let id = recorded(&f);
    let k = backend(&f, &["shop"]);
    let facts = k.ask(&Query::Read(id.clone()), &CX).await.expect("read");
    let Some(Fact::Target(t)) = facts.first() else { panic!("{facts:?}") };
    let before = f.get("rollouts", "shop", "checkout");
    let promote = k.plan(&Operation::new(Verb::Promote, id.clone()), t).expect("plan");
    let dry = Query::DryRun(Box::new(promote.steps[0].clone()));
    assert_eq!(k.ask(&dry, &CX).await.expect("it would"), []);
    assert_eq!((f.get("rollouts", "shop", "checkout"), f.patched(), f.writes()), (before, 0, 0));
    let sent = f.asked().into_iter().find(|a| a.method == "PATCH").expect("asked");
    assert!(
        sent.path.starts_with(&*promote.steps[0].request.path) && sent.path.ends_with("dryRun=All"),
        "{}",
        sent.path
    );
    assert_eq!(sent.body, promote.steps[0].request.body.unseal().expect("here"));
    // Somebody holds it: the guards would refuse.
    f.change("rollouts", "shop", "checkout", |r| r["spec"]["paused"] = json!(true));
    let e = k.ask(&dry, &CX).await.expect_err("it would not");
    assert_eq!((e.trouble, &*e.sentence), (Trouble::Server, "the object is not what it was"));
    f.deny("patch rollouts/status");
    let e = k.ask(&dry, &CX).await.expect_err("it would not");
    assert_eq!(e.trouble, Trouble::Forbidden);
    assert!(e.sentence.contains("rollouts/status"), "{e}");
    // No answer says nothing.
    f.fault_times("PATCH", "/", Fault::Stall, 1);
    let short = Cx { deadline: Duration::from_millis(200), ..CX };
    assert_eq!(k.ask(&dry, &short).await.expect_err("no answer").trouble, Trouble::Timeout);
}

/// What says no is believed by its status; its body is not read to an end that never comes.
#[tokio::test]
async fn an_answer_without_end_is_cut_and_its_status_still_counts() {
    let f = FakeKube::start().await;
    let id = recorded(&f);
    let k = backend(&f, &["shop"]);
    let read = k.ask(&Query::Read(id.clone()), &CX).await.expect("a read");
    let [Fact::Target(seen)] = read.as_slice() else { panic!("{read:?}") };
    let op = Operation::new(Verb::RollBack, id.clone());
    let plan = k.plan(&op, seen).expect("a plan");
    for (code, kind) in [(409, Some(RefusedBy::Guard)), (403, Some(RefusedBy::Forbidden)), (503, None), (200, None)] {
        f.heal();
        f.fault("PATCH", "/rollouts/", Fault::Bomb(code));
        let (began, outcome) = (Instant::now(), k.send(&plan.steps[0], Ticket(1), &CX).await);
        match (kind, &outcome) {
            (Some(kind), Outcome::Refused(r)) => assert_eq!((r.kind, r.status), (kind, Some(code))),
            (None, Outcome::Unknown { why }) => assert!(!why.contains("no answer in"), "{why}"),
            _ => panic!("{code}: {outcome:?}"),
        }
        assert!(began.elapsed() < CX.deadline, "{code} was read until the deadline");
    }
    for (code, trouble) in [(503, Trouble::Server), (403, Trouble::Forbidden), (200, Trouble::TooBig)] {
        f.heal();
        f.fault("GET", "/rollouts/", Fault::Bomb(code));
        let e = k.ask(&Query::Read(id.clone()), &CX).await.expect_err("no answer");
        assert_eq!(e.trouble, trouble, "{e}");
    }
}

#[tokio::test]
async fn a_server_that_is_not_there_was_surely_not_asked() {
    let f = FakeKube::start().await;
    let id = recorded(&f);
    let k = backend(&f, &["shop"]);
    let facts = k.ask(&Query::Read(id.clone()), &CX).await.expect("read");
    let Some(Fact::Target(t)) = facts.first() else { panic!("{facts:?}") };
    let plan = k.plan(&Operation::new(Verb::Hold, id.clone()), t).expect("plan");
    drop(f);
    tokio::time::sleep(Duration::from_millis(20)).await;
    match k.send(&plan.steps[0], Ticket(1), &CX).await {
        Outcome::Refused(r) => assert_eq!(r.kind, RefusedBy::NotSent, "{r:?}"),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_read_tells_another_uid_and_a_missing_object_apart_from_a_failure() {
    let f = FakeKube::start().await;
    let id = recorded(&f);
    let k = backend(&f, &["shop"]);
    let mut other = id.clone();
    other.uid = "before".into();
    assert_eq!(k.ask(&Query::Read(other.clone()), &CX).await, Ok(vec![Fact::Gone(other)]));
    f.delete("rollouts", "shop", "checkout", true);
    assert_eq!(k.ask(&Query::Read(id.clone()), &CX).await, Ok(vec![Fact::Gone(id)]));
}

#[tokio::test]
async fn an_answer_cut_at_any_byte_never_says_more_than_is_known() {
    let f = FakeKube::start().await;
    let id = recorded(&f);
    let k = backend(&f, &["shop"]);
    let facts = k.ask(&Query::Read(id.clone()), &CX).await.expect("read");
    let Some(Fact::Target(t)) = facts.first() else { panic!("{facts:?}") };
    let plan = k.plan(&Operation::new(Verb::RollBack, id), t).expect("plan");
    for at in (0..400).chain((400..4000).step_by(400)) {
        f.heal();
        f.fault("PATCH", "/", Fault::CutAfter(at));
        let before = (f.writes(), f.patched());
        let got = k.send(&plan.steps[0], Ticket(1), &CX).await;
        assert_eq!(f.writes() - before.0, 1, "once, cut at {at}");
        assert_eq!(f.patched() - before.1, 1);
        assert!(matches!(got, Outcome::Unknown { .. } | Outcome::Accepted { .. }), "{at}: {got:?}");
    }
}

#[tokio::test]
async fn one_read_of_a_rollout_loses_nothing_that_is_watched() {
    let f = FakeKube::start().await;
    let id = recorded(&f);
    let set = f.get("replicasets", "shop", "checkout-787c98c79c").or_else(|| {
        let sets: Value = fixture("live-argo-replicasets-of-canary-rollout");
        sets["items"].as_array().and_then(|a| a.last().cloned())
    });
    let set = set.expect("recorded");
    f.put(
        "pods",
        json!({"metadata": {"name": "checkout-1", "namespace": "shop", "uid": "p1",
            "labels": {"rollouts-pod-template-hash": "787c98c79c"},
            "ownerReferences": [{"uid": set["metadata"]["uid"], "kind": "ReplicaSet", "controller": true}]},
        "status": {"phase": "Running", "containerStatuses": [{"ready": true, "restartCount": 7}]}}),
    );
    f.put(
        "horizontalpodautoscalers",
        json!({"metadata": {"name": "checkout", "namespace": "shop", "uid": "h1"},
            "spec": {"scaleTargetRef": {"kind": "Rollout", "name": "checkout"}, "minReplicas": 2, "maxReplicas": 9}}),
    );
    let k = backend(&f, &["shop"]);
    let w = observe(&k);
    let told = |all: &[Fact]| {
        all.iter().rev().find_map(|f| match f {
            Fact::Target(t) if t.id == id => Some((**t).clone()),
            _ => None,
        })
    };
    let full = |all: &[Fact]| told(all).is_some_and(|t| t.detail.restarts == 7 && t.detail.scalers.len() == 1);
    w.until("pods and scaler", full).await;
    let watched = told(&w.facts.lock().expect("lock")).expect("told");
    let read = k.ask(&Query::Read(id.clone()), &CX).await.expect("read");
    let [Fact::Target(t)] = read.as_slice() else { panic!("{read:?}") };
    assert_eq!((t.detail.restarts, &t.detail.scalers), (7, &watched.detail.scalers));
    assert_eq!(t.detail.drift, watched.detail.drift);
}
