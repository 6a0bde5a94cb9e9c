//! Deployments, StatefulSets and DaemonSets against a real API server and the real controllers (`tests/lab/up --no-argo
//! --no-flagger` is enough). Every act is planned from a fresh read, sent, and settled on what the watch tells, as the
//! console does it; what a read says then must agree. `ACT <verb> <kind> live` is printed for each act whose effect was seen.

use super::backend::{backend, kubectl, remove};
use andon::backends::kubernetes::Kubernetes;
use andon::backends::{Backend, Cx, Interest, Lane, Query, Sink};
use andon::core::act::plan::{Expect, Operation, Outcome, Plan, RefusedBy, Ticket, Verb};
use andon::core::id::{Hash, TargetId};
use andon::core::world::fact::Fact;
use andon::core::world::target::{Phase, TargetState};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

const CX: Cx = Cx { deadline: Duration::from_secs(10), lane: Lane::Act };

/// The lab's directory, or `None` without `ANDON_LIVE=1`.
fn asked() -> Option<PathBuf> {
    (std::env::var("ANDON_LIVE").as_deref() == Ok("1"))
        .then(|| std::env::var("ANDON_LAB_STATE").expect("run: eval \"$(tests/lab/up)\" first").into())
}

struct Place {
    state: PathBuf,
    ns: String,
    k: Arc<Kubernetes>,
    /// As the watch tells it.
    seen: Arc<Mutex<BTreeMap<TargetId, TargetState>>>,
    task: tokio::task::JoinHandle<()>,
    _want: tokio::sync::watch::Sender<Interest>,
}

impl Place {
    /// An own namespace.
    fn new(state: PathBuf, name: &str) -> Place {
        let ns = format!("{name}-{}", std::process::id());
        let (want, rx) = tokio::sync::watch::channel(Interest::default());
        let mut place = Place {
            k: backend("admin", &[&ns]),
            state,
            ns,
            seen: Arc::default(),
            task: tokio::spawn(async {}),
            _want: want,
        };
        kubectl(&["create", "namespace", &place.ns], "");
        let into = place.seen.clone();
        let sink = Sink::new(move |f| {
            let mut seen = into.lock().expect("lock");
            match f {
                Fact::Target(t) => drop(seen.insert(t.id.clone(), *t)),
                Fact::Gone(id) => drop(seen.remove(&id)),
                _ => {}
            }
        });
        let watching = place.k.clone().observe(rx, sink);
        place.task = tokio::spawn(async move {
            println!("the watch ended: {}", watching.await);
        });
        place
    }

    fn script(&self, name: &str, args: &[&str]) {
        let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/lab").join(name);
        let done = Command::new(path).arg("--state").arg(&self.state).args(args).stdout(Stdio::null()).status();
        assert!(done.expect("runs").success(), "{name} {args:?}");
    }

    /// Makes `kind` `name` of image tag 1.0 and waits until all of it is there. `spec` is merged in.
    async fn make(&self, kind: &str, name: &str, spec: &Value) -> TargetId {
        let mut s = json!({"selector": {"matchLabels": {"app": name}},
            "template": {"metadata": {"labels": {"app": name}}, "spec": {"containers": [{"name": name,
                "image": format!("registry.example.org/shop/{name}:1.0"),
                "env": [{"name": "MODE", "value": "live"}], "readinessProbe": {"httpGet": {"path": "/", "port": 80}}}]}}});
        for (k, v) in spec.as_object().expect("a map") {
            s[k] = v.clone();
        }
        let o = json!({"apiVersion": "apps/v1", "kind": kind, "spec": s,
            "metadata": {"name": name, "namespace": self.ns, "annotations": {"team": "shop"}}});
        kubectl(&["create", "-f", "-"], &o.to_string());
        let uid = kubectl(&["-n", &self.ns, "get", kind, name, "-o", "jsonpath={.metadata.uid}"], "");
        let id = TargetId {
            source: "lab".into(),
            namespace: self.ns.as_str().into(),
            kind: kind.into(),
            name: name.into(),
            uid: uid.trim().into(),
        };
        self.until(&id, "healthy at birth", |t| t.phase == Phase::Healthy && t.observed && !t.is_moving()).await;
        id
    }

    /// A new version; `trouble` is an annotation of the lab's pods: `crash`, `image`, `never-ready`, or a delay `3s`.
    fn deploy(&self, id: &TargetId, tag: &str, trouble: &str) {
        let notes = match trouble {
            "" => json!({"lab.andon/pod": null, "lab.andon/ready-after": null}),
            t if t.ends_with('s') => json!({"lab.andon/pod": null, "lab.andon/ready-after": t}),
            t => json!({"lab.andon/pod": t, "lab.andon/ready-after": null}),
        };
        let image = format!("registry.example.org/shop/{}:{tag}", id.name);
        self.patch(
            id,
            &json!({"metadata": {"annotations": {"kubernetes.io/change-cause": format!("deploy {tag}")}},
                "spec": {"template": {"metadata": {"annotations": notes},
                    "spec": {"containers": [{"name": &*id.name, "image": image}]}}}}),
        );
    }

    fn patch(&self, id: &TargetId, patch: &Value) {
        kubectl(&["-n", &self.ns, "patch", &id.kind, &id.name, "--type=strategic", "-p", &patch.to_string()], "");
    }

    fn json(&self, id: &TargetId) -> Value {
        let text = kubectl(&["-n", &self.ns, "get", &id.kind, &id.name, "-o", "json"], "");
        serde_json::from_str(&text).expect("json")
    }

    async fn read(&self, id: &TargetId) -> TargetState {
        match self.k.ask(&Query::Read(id.clone()), &CX).await.expect("read").into_iter().next() {
            Some(Fact::Target(t)) => *t,
            other => panic!("{other:?}"),
        }
    }

    async fn until(&self, id: &TargetId, what: &str, holds: impl Fn(&TargetState) -> bool) -> TargetState {
        let began = Instant::now();
        loop {
            let t = self.read(id).await;
            if holds(&t) {
                return t;
            }
            assert!(began.elapsed() < Duration::from_secs(60), "{}: no {what}: {t:#?}", id.name);
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    async fn watched(&self, id: &TargetId, what: &str, holds: impl Fn(&TargetState) -> bool) {
        let began = Instant::now();
        while !self.seen.lock().expect("lock").get(id).is_some_and(&holds) {
            let late = began.elapsed() > Duration::from_secs(60);
            assert!(!late, "{}: the watch never told {what}: {:#?}", id.name, self.seen.lock().expect("lock").get(id));
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    async fn plan(&self, op: &Operation) -> Plan {
        self.k.plan(op, &self.read(&op.target).await).unwrap_or_else(|e| panic!("{op:?}: {e}"))
    }

    async fn refusal(&self, verb: Verb, id: &TargetId) -> String {
        let op = Operation::new(verb, id.clone());
        self.k.plan(&op, &self.read(id).await).expect_err("refused").to_string()
    }

    async fn accepted(&self, plan: &Plan, i: usize) -> Option<i64> {
        match self.k.send(&plan.steps[i], Ticket(1), &CX).await {
            Outcome::Accepted { generation, .. } => generation,
            other => panic!("{}: {other:?}\n{}", plan.steps[i].title, plan.steps[i].request.shown),
        }
    }

    /// Sends every step and waits for its effect.
    async fn act(&self, op: Operation) -> Plan {
        let plan = self.plan(&op).await;
        println!("{}: {} ({})", op.target.name, plan.sentence, plan.why);
        for (i, s) in plan.steps.iter().enumerate() {
            if let Some(first) = &s.wait_first {
                self.watched(&op.target, "condition of the next step", |t| first.holds(Some(t), None)).await;
            }
            let generation = self.accepted(&plan, i).await;
            let began = Instant::now();
            for (word, e) in [("seen", &s.seen_when), ("done", &s.done_when)] {
                self.watched(&op.target, &format!("{} {word} ({})", s.title, s.done_words), |t| {
                    e.holds(Some(t), generation)
                })
                .await;
                println!("  {} {word} after {:?}", s.title, began.elapsed());
            }
        }
        println!("ACT {} {} live", op.verb.word(), op.target.kind);
        plan
    }

    async fn verb(&self, verb: Verb, id: &TargetId) -> Plan {
        self.act(Operation::new(verb, id.clone())).await
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.task.abort();
        remove(&self.ns);
    }
}

fn version(t: &TargetState) -> &str {
    &t.candidate_revision().expect("kept").version
}

fn hash_of(t: &TargetState, version: &str) -> Hash {
    t.revisions.iter().find(|r| &*r.version == version).expect(version).hash.clone()
}

fn trouble(t: &TargetState) -> Vec<String> {
    t.candidate_revision().into_iter().flat_map(|r| &r.trouble).map(|t| t.reason.to_string()).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_deployment_is_held_resumed_undone_and_restarted() {
    let Some(state) = asked() else { return };
    let p = Place::new(state, "apps-deploy");
    let id = p.make("Deployment", "cart", &json!({"replicas": 4, "progressDeadlineSeconds": 6})).await;
    p.deploy(&id, "1.1", "2s");
    let t = p.until(&id, "moving", |t| t.is_moving() && t.existing_of(t.candidate.as_ref().expect("some")) > 0).await;
    println!("{:?} {:?} {}/{:?}", t.phase, t.message, t.weight_wanted, t.weight_real);
    assert_eq!((version(&t), &*t.stable_revision().expect("kept").version), ("1.1", "1.0"));
    p.verb(Verb::Hold, &id).await;
    let t = p.read(&id).await;
    assert_eq!(t.held_by.as_ref().map(|m| &*m.name), Some("andon"));
    let asked = p.json(&id)["status"]["updatedReplicas"].clone();
    tokio::time::sleep(Duration::from_secs(4)).await;
    assert_eq!(p.json(&id)["status"]["updatedReplicas"], asked, "a hold stops it");
    assert!(p.refusal(Verb::Restart, &id).await.contains("until it is resumed"));
    p.verb(Verb::Resume, &id).await;
    p.until(&id, "everywhere", |t| t.phase == Phase::Healthy && !t.is_moving()).await;
    // After it: the previous one.
    let plan = p.verb(Verb::RollBack, &id).await;
    let o = p.json(&id);
    assert_eq!(o["metadata"]["annotations"]["team"], "shop", "other annotations stay");
    assert_eq!(version(&p.read(&id).await), "1.0");
    // The same bytes again find their guards broken.
    match p.k.send(&plan.steps[0], Ticket(2), &CX).await {
        Outcome::Refused(r) => assert_eq!(r.kind, RefusedBy::Guard, "{r:?}"),
        other => panic!("{other:?}"),
    }
    // In flight: a version that crashes.
    p.deploy(&id, "1.2", "crash");
    let t = p.until(&id, "a crash loop", |t| trouble(t) == ["CrashLoopBackOff"]).await;
    assert!(t.is_moving() && t.message.contains("CrashLoopBackOff"), "{:?}", t.message);
    p.verb(Verb::RollBack, &id).await;
    let t = p.read(&id).await;
    assert_eq!((version(&t), t.is_moving(), t.phase.clone()), ("1.0", false, Phase::Healthy), "{t:#?}");
    // To a chosen one.
    let op = Operation { chosen: true, ..Operation::back_to(id.clone(), hash_of(&t, "1.1")) };
    p.act(op).await;
    assert_eq!(version(&p.read(&id).await), "1.1");
    println!("ACT roll back to a chosen version Deployment live");
    p.verb(Verb::Restart, &id).await;
    let t = p.read(&id).await;
    assert_eq!((version(&t), t.detail.restarting), ("1.1", false));
    // The restart made a revision of the same version: back is past it, to what ran before.
    p.verb(Verb::RollBack, &id).await;
    assert_eq!(version(&p.read(&id).await), "1.0");
    // Held in flight, then back: the pause ends in the same request.
    p.deploy(&id, "1.3", "never-ready");
    p.until(&id, "moving", |t| t.is_moving() && version(t) == "1.3").await;
    p.verb(Verb::Hold, &id).await;
    p.verb(Verb::RollBack, &id).await;
    let t = p.read(&id).await;
    assert_eq!((version(&t), t.held), ("1.0", false));
    // Past its deadline, with the reason.
    p.deploy(&id, "1.4", "image");
    let t = p.until(&id, "degraded", |t| t.phase == Phase::Degraded).await;
    println!("{} / {:?} / {:?}", t.message, trouble(&t), t.detail.drift);
    assert_eq!(trouble(&t), ["ImagePullBackOff"]);
    assert!(t.message.contains("past its deadline") && t.message.contains("ImagePullBackOff"), "{}", t.message);
    assert!(t.detail.conditions.iter().any(|c| &*c.reason == "ProgressDeadlineExceeded"));
    assert!(t.detail.drift.iter().any(|d| d.contains("past the deadline")), "{:?}", t.detail.drift);
    println!("{}", p.refusal(Verb::Retry, &id).await);
    p.verb(Verb::RollBack, &id).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stateful_set_comes_back_with_its_stuck_pod_and_goes_on_by_its_partition() {
    let Some(state) = asked() else { return };
    let p = Place::new(state, "apps-sts");
    let id = p.make("StatefulSet", "ledger", &json!({"replicas": 3, "serviceName": "ledger"})).await;
    p.deploy(&id, "1.1", "crash");
    let t = p.until(&id, "stuck", |t| t.phase == Phase::Degraded).await;
    println!("{}", t.message);
    assert!(t.message.contains("waits for ledger-2: CrashLoopBackOff"), "{}", t.message);
    let plan = p.verb(Verb::RollBack, &id).await;
    assert_eq!(plan.steps.len(), 2, "undo, then the pod");
    assert_eq!(version(&p.read(&id).await), "1.0");
    // Cut after the first step: nothing comes back by itself, and the same key does the rest.
    p.deploy(&id, "1.2", "crash");
    p.until(&id, "stuck", |t| version(t) == "1.2" && t.phase == Phase::Degraded).await;
    let plan = p.plan(&Operation::new(Verb::RollBack, id.clone())).await;
    let generation = p.accepted(&plan, 0).await;
    p.until(&id, "seen", |t| plan.steps[0].seen_when.holds(Some(t), generation)).await;
    tokio::time::sleep(Duration::from_secs(4)).await;
    let t = p.read(&id).await;
    assert!(!plan.steps[1].done_when.holds(Some(&t), None), "undo alone is not enough: {t:#?}");
    println!("undo alone: {:?} {}", t.phase, t.message);
    let plan = p.verb(Verb::RollBack, &id).await;
    assert_eq!(plan.steps.len(), 1);
    // A native canary.
    p.patch(&id, &json!({"spec": {"updateStrategy": {"rollingUpdate": {"partition": 2}}}}));
    p.deploy(&id, "1.3", "");
    let t = p.until(&id, "gate", |t| version(t) == "1.3" && t.gate.is_some()).await;
    assert_eq!((t.weight_wanted, t.weight_real, t.detail.partition), (33, Some(33), Some(2)), "{}", t.message);
    p.verb(Verb::Promote, &id).await;
    p.verb(Verb::PromoteFull, &id).await;
    p.until(&id, "everywhere", |t| !t.is_moving() && t.phase == Phase::Healthy).await;
    // Held under way: no further pod, and resumed to what stood there.
    p.deploy(&id, "1.4", "3s");
    p.until(&id, "one pod of 1.4", |t| version(t) == "1.4" && t.existing_of(&hash_of(t, "1.4")) == 1).await;
    p.verb(Verb::Hold, &id).await;
    let t = p.read(&id).await;
    println!("{} by {:?}", t.message, t.held_by);
    assert!(t.held && t.gate.is_none());
    tokio::time::sleep(Duration::from_secs(5)).await;
    let t = p.read(&id).await;
    let held_at = t.existing_of(&hash_of(&t, "1.4"));
    assert!(held_at < 3, "a hold stops it: {t:#?}");
    p.verb(Verb::Resume, &id).await;
    p.until(&id, "everywhere", |t| !t.is_moving() && t.phase == Phase::Healthy && !t.held).await;
    assert_eq!(p.json(&id)["metadata"]["annotations"]["andon/partition-before-hold"], Value::Null);
    p.verb(Verb::Restart, &id).await;
    // Held, then back: the hold ends with it.
    p.deploy(&id, "1.5", "3s");
    p.until(&id, "one pod of 1.5", |t| version(t) == "1.5" && t.existing_of(&hash_of(t, "1.5")) == 1).await;
    p.verb(Verb::Hold, &id).await;
    p.verb(Verb::RollBack, &id).await;
    let t = p.read(&id).await;
    assert_eq!((version(&t), t.held, t.detail.partition), ("1.4", false, None));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_daemon_set_comes_back_node_by_node_and_by_hand() {
    let Some(state) = asked() else { return };
    let p = Place::new(state, "apps-ds");
    let id = p.make("DaemonSet", "agent", &json!({})).await;
    p.deploy(&id, "1.1", "crash");
    let t = p.until(&id, "stuck", |t| t.is_moving() && t.phase == Phase::Degraded).await;
    println!("{}", t.message);
    println!("{}", p.refusal(Verb::Hold, &id).await);
    p.verb(Verb::RollBack, &id).await;
    assert_eq!(version(&p.read(&id).await), "1.0");
    p.verb(Verb::Restart, &id).await;
    // OnDelete: pods change only when they are deleted, one after the other.
    p.patch(&id, &json!({"spec": {"updateStrategy": {"$retainKeys": ["type"], "type": "OnDelete"}}}));
    p.deploy(&id, "1.2", "");
    p.until(&id, "1.2 asked for", |t| version(t) == "1.2" && t.observed).await;
    kubectl(&["-n", &p.ns, "delete", "pod", "--all", "--wait=false"], "");
    p.until(&id, "1.2 by hand", |t| {
        t.revisions.iter().all(|r| (&*r.version == "1.2") == (r.replicas.ready == t.wanted)) && !t.is_moving()
    })
    .await;
    let plan = p.verb(Verb::RollBack, &id).await;
    assert_eq!(plan.steps.len(), 3, "undo, and two nodes");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_the_controllers_an_accepted_undo_is_never_seen_and_is_carried_out_when_they_return() {
    let Some(state) = asked() else { return };
    let p = Place::new(state, "apps-idle");
    let d = p.make("Deployment", "cart", &json!({"replicas": 2})).await;
    let s = p.make("StatefulSet", "ledger", &json!({"replicas": 2, "serviceName": "ledger"})).await;
    let n = p.make("DaemonSet", "agent", &json!({})).await;
    for id in [&d, &s, &n] {
        p.deploy(id, "1.1", "never-ready");
        p.until(id, "moving", |t| t.is_moving() && t.observed && version(t) == "1.1").await;
    }
    let back = |id: &TargetId| Operation::new(Verb::RollBack, id.clone());
    let hold = p.plan(&Operation::new(Verb::Hold, d.clone())).await;
    let plans = [p.plan(&back(&d)).await, p.plan(&back(&s)).await, p.plan(&back(&n)).await];
    p.script("down", &["kcm"]);
    let held = p.accepted(&hold, 0).await;
    let t = p.read(&d).await;
    assert!(t.held && !hold.steps[0].seen_when.holds(Some(&t), held), "a stored wish is no effect: {t:#?}");
    p.patch(&d, &json!({"spec": {"paused": false}}));
    let mut generations = Vec::new();
    for plan in &plans {
        generations.push(p.accepted(plan, 0).await);
    }
    tokio::time::sleep(Duration::from_secs(3)).await;
    for ((id, plan), g) in [&d, &s, &n].into_iter().zip(&plans).zip(&generations) {
        let t = p.read(id).await;
        assert!(!plan.steps[0].seen_when.holds(Some(&t), *g), "a stored wish is no effect: {t:#?}");
        println!("{}: {} / {}", id.kind, t.message, p.refusal(Verb::RollBack, id).await);
        println!("IDLE roll back {} live", id.kind);
    }
    p.script("up", &["--no-argo", "--no-flagger"]);
    for (id, plan) in [&d, &s, &n].into_iter().zip(&plans) {
        p.until(id, "the undo", |t| plan.steps[0].seen_when.holds(Some(t), None)).await;
    }
    p.until(&d, "everywhere", |t| plans[0].steps[0].done_when.holds(Some(t), None)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_quota_and_a_node_that_does_not_exist_are_named_and_the_way_back_is_open() {
    let Some(state) = asked() else { return };
    let p = Place::new(state, "apps-stuck");
    let spec = json!({"replicas": 2, "strategy": {"rollingUpdate": {"maxSurge": 1, "maxUnavailable": 0}}});
    let id = p.make("Deployment", "cart", &spec).await;
    let hpa = json!({"apiVersion": "autoscaling/v2", "kind": "HorizontalPodAutoscaler",
        "metadata": {"name": "cart", "namespace": p.ns}, "spec": {"minReplicas": 2, "maxReplicas": 6,
            "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "cart"}, "metrics": [{"type":
            "Resource", "resource": {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": 80}}}]}});
    kubectl(&["create", "-f", "-"], &hpa.to_string());
    kubectl(&["-n", &p.ns, "create", "quota", "small", "--hard=pods=2"], "");
    p.until(&id, "the quota counted", |_| {
        kubectl(&["-n", &p.ns, "get", "quota", "small", "-o", "jsonpath={.status.used.pods}"], "") == "2"
    })
    .await;
    p.deploy(&id, "1.1", "");
    let t = p.until(&id, "refused by quota", |t| t.message.contains("exceeded quota: small")).await;
    println!("{} / {:?} / {:?}", t.message, trouble(&t), t.detail.conditions);
    assert_eq!(trouble(&t), ["FailedCreate"]);
    assert!(t.detail.conditions.iter().any(|c| &*c.kind == "ReplicaFailure"));
    let plan = p.verb(Verb::RollBack, &id).await;
    assert!(plan.cautions.iter().any(|c| c.contains("HPA cart (2 to 6)")), "{:?}", plan.cautions);
    kubectl(&["-n", &p.ns, "delete", "quota", "small"], "");
    p.patch(&id, &json!({"spec": {"template": {"spec": {"nodeSelector": {"kubernetes.io/hostname": "nowhere"}}}}}));
    let t = p.until(&id, "unschedulable", |t| trouble(t) == ["Unschedulable"]).await;
    println!("{} / {:?}", t.message, trouble(&t));
    assert!(t.is_moving());
    p.verb(Verb::RollBack, &id).await;
    let t = p.read(&id).await;
    assert!(!t.is_moving() && Expect::PhaseIn(vec![Phase::Healthy]).holds(Some(&t), None), "{t:#?}");
}
