//! The one contract, on every backend; and a backend that breaks each clause, so that the contract can fail.

use andon::backends::kubernetes::{Kubernetes, Settings, Timing};
use andon::backends::{Backend, Cx, Interest, Query, Sink};
use andon::core::act::plan::{CannotBecause, Operation, Outcome, Plan, Step, Ticket, Verb};
use andon::core::id::TargetId;
use andon::core::time::Utc;
use andon::core::world::fact::Fact;
use andon::core::world::source::{Abilities, Link, SourceError, Trouble};
use andon::core::world::target::TargetState;
use andon::testkit::contract::{self, CLAUSES, Loss, Provoke, Subject};
use andon::testkit::fake_kube::{FakeKube, Fault, TOKEN};
use futures::future::BoxFuture;
use serde_json::{Value, json};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tokio::sync::watch;

const PASSWORD: &str = "env-passw0rd-77";

/// Kubernetes before its fake API server: two canaries in shop, `checkout` at a gate.
struct Kube(FakeKube);

fn rollout(name: &str, uid: &str) -> Value {
    json!({
        "metadata": {"name": name, "namespace": "shop", "uid": uid, "generation": 2},
        "spec": {"replicas": 4, "selector": {"matchLabels": {"app": name}},
            "template": {"metadata": {"labels": {"app": name}}, "spec": {"containers": [
                {"name": name, "image": "r/x:1.1", "env": [{"name": "P", "value": PASSWORD}]}]}},
            "strategy": {"canary": {"steps": [{"setWeight": 20}, {"pause": {}}]}}},
        "status": {"observedGeneration": "2", "phase": "Paused", "currentPodHash": "aaa", "stableRS": "bbb",
            "currentStepIndex": 1, "controllerPause": true, "availableReplicas": 5, "replicas": 5,
            "pauseConditions": [{"reason": "CanaryPauseStep", "startTime": "2026-11-21T03:14:07Z"}]},
    })
}

fn set(owner: &str, uid: &str, hash: &str, n: u32, revision: &str) -> Value {
    json!({
        "metadata": {"name": format!("{owner}-{hash}"), "namespace": "shop", "uid": format!("{uid}-{hash}"),
            "creationTimestamp": "2026-11-21T03:00:00Z", "labels": {"app": owner, "rollouts-pod-template-hash": hash},
            "annotations": {"rollout.argoproj.io/revision": revision},
            "ownerReferences": [{"uid": uid, "controller": true}]},
        "spec": {"replicas": n, "template": {"metadata": {"labels": {"app": owner, "rollouts-pod-template-hash": hash}},
            "spec": {"containers": [{"name": owner, "image": "r/x:1.0", "env": [{"name": "P", "value": PASSWORD}]}]}}},
        "status": {"replicas": n, "readyReplicas": n, "availableReplicas": n},
    })
}

impl Kube {
    async fn new() -> Kube {
        let f = FakeKube::start().await;
        for (name, uid) in [("checkout", "u1"), ("search", "u2")] {
            f.put("rollouts", rollout(name, uid));
            f.put("replicasets", set(name, uid, "aaa", 1, "2"));
            f.put("replicasets", set(name, uid, "bbb", 4, "1"));
        }
        Kube(f)
    }

    fn kubernetes(&self) -> Kubernetes {
        let settings = Settings {
            source: "eu-1".into(),
            context: None,
            kubeconfig: Some(self.0.kubeconfig.clone()),
            namespaces: vec!["shop".into()],
        };
        let timing = Timing {
            watch_secs: 2,
            idle: Duration::from_millis(900),
            call: Duration::from_millis(1500),
            backoff_first: Duration::from_millis(20),
            backoff_most: Duration::from_millis(100),
        };
        let ticks = AtomicU64::new(0);
        let utc = move || Utc(i64::try_from(ticks.fetch_add(1, Ordering::Relaxed)).unwrap_or(0));
        Kubernetes::with_timing(settings, Arc::new(utc), timing)
    }

    fn id(&self, name: &str) -> TargetId {
        let uid = if name == "checkout" { "u1" } else { "u2" };
        TargetId {
            source: "eu-1".into(),
            namespace: "shop".into(),
            kind: "Rollout".into(),
            name: name.into(),
            uid: uid.into(),
        }
    }
}

impl Subject for Kube {
    fn backend(&self) -> Arc<dyn Backend> {
        Arc::new(self.kubernetes())
    }
    fn provoke(&self, how: Provoke) -> bool {
        self.0.heal();
        let status = |code: u16, reason: &str| {
            let v = json!({"kind": "Status", "message": reason, "reason": reason, "code": code,
                           "details": {"retryAfterSeconds": if code == 429 { 7 } else { 0 }}});
            Fault::Answer(code, "application/json", v.to_string())
        };
        let fault = match how {
            Provoke::Nothing => return true,
            Provoke::Unauthorized => status(401, "Unauthorized"),
            Provoke::Forbidden => status(403, "Forbidden"),
            Provoke::Throttled => status(429, "TooManyRequests"),
            Provoke::ServerError => status(500, "InternalError"),
            Provoke::LoginPage => Fault::Answer(200, "text/html", "<html>Log in</html>".into()),
            Provoke::BodyBomb => Fault::Bomb,
            Provoke::Stall => Fault::Stall,
        };
        self.0.fault("GET", "/rollouts", fault);
        true
    }
    fn question(&self) -> Query {
        Query::Read(self.id("checkout"))
    }
    fn secrets(&self) -> Vec<String> {
        vec![TOKEN.into(), PASSWORD.into()]
    }
    fn remove(&self) -> Option<TargetId> {
        self.0.delete("rollouts", "shop", "search", true);
        Some(self.id("search"))
    }
    fn reconnect(&self) -> Option<TargetId> {
        self.0.delete("rollouts", "shop", "search", false);
        self.0.cut_watches(true);
        Some(self.id("search"))
    }
    fn operation(&self) -> Option<Operation> {
        Some(Operation { verb: Verb::RollBack, target: self.id("checkout"), back_to: None })
    }
    fn lose(&self, how: Loss) -> bool {
        let fault = match how {
            Loss::Before => Fault::DropBefore,
            Loss::After(n) => Fault::CutAfter(n),
            Loss::Silence => Fault::Stall,
        };
        self.0.fault("PATCH", "/rollouts/", fault);
        true
    }
    fn writes(&self) -> usize {
        self.0.writes()
    }
    fn carried_out(&self) -> usize {
        self.0.patched()
    }
}

#[tokio::test]
async fn kubernetes_keeps_the_contract() {
    contract::check(Kube::new).await;
}

/// Kubernetes with one clause broken.
struct Wrong {
    inner: Kube,
    sin: &'static str,
}

struct Liar {
    inner: Arc<dyn Backend>,
    sin: &'static str,
    count: AtomicU64,
}

impl Subject for Wrong {
    fn backend(&self) -> Arc<dyn Backend> {
        Arc::new(Liar { inner: self.inner.backend(), sin: self.sin, count: AtomicU64::new(0) })
    }
    fn provoke(&self, how: Provoke) -> bool {
        self.inner.provoke(how)
    }
    fn question(&self) -> Query {
        self.inner.question()
    }
    fn secrets(&self) -> Vec<String> {
        self.inner.secrets()
    }
    fn remove(&self) -> Option<TargetId> {
        self.inner.remove()
    }
    fn reconnect(&self) -> Option<TargetId> {
        self.inner.reconnect()
    }
    fn operation(&self) -> Option<Operation> {
        self.inner.operation()
    }
    fn lose(&self, how: Loss) -> bool {
        self.inner.lose(how)
    }
    fn writes(&self) -> usize {
        self.inner.writes()
    }
    fn carried_out(&self) -> usize {
        self.inner.carried_out()
    }
}

impl Backend for Liar {
    fn probe<'a>(&'a self, cx: &'a Cx) -> BoxFuture<'a, Result<Abilities, SourceError>> {
        self.inner.probe(cx)
    }
    fn observe(self: Arc<Self>, want: watch::Receiver<Interest>, out: Sink) -> BoxFuture<'static, SourceError> {
        let sin = self.sin;
        let sink = Sink::new(move |f| match (sin, f) {
            // Forgets what the server deleted.
            ("whole", Fact::Gone(_)) => {}
            // Always says that it is fresh.
            ("rereading", Fact::Source(mut s)) => {
                s.link = Link::Watching;
                out.put(Fact::Source(s));
            }
            (_, f) => out.put(f),
        });
        self.inner.clone().observe(want, sink)
    }
    fn ask<'a>(&'a self, question: &'a Query, cx: &'a Cx) -> BoxFuture<'a, Result<Vec<Fact>, SourceError>> {
        Box::pin(async move {
            self.inner.ask(question, cx).await.map_err(|e| match self.sin {
                // One word for everything.
                "troubles" => SourceError::new(Trouble::Unreachable, e.sentence),
                "secrets" => SourceError::new(e.trouble, format!("{} (Authorization: Bearer {TOKEN})", e.sentence)),
                _ => e,
            })
        })
    }
    fn plan(&self, op: &Operation, seen: &TargetState) -> Result<Plan, CannotBecause> {
        let mut p = self.inner.plan(op, seen)?;
        if self.sin == "plan" {
            p.why = self.count.fetch_add(1, Ordering::Relaxed).to_string().into();
        }
        Ok(p)
    }
    fn send<'a>(&'a self, step: &'a Step, ticket: Ticket, cx: &'a Cx) -> BoxFuture<'a, Outcome> {
        Box::pin(async move {
            let first = self.inner.send(step, ticket, cx).await;
            match (self.sin, &first) {
                // Tries again when it does not know.
                ("once", Outcome::Unknown { .. }) => self.inner.send(step, ticket, cx).await,
                _ => first,
            }
        })
    }
}

#[tokio::test]
async fn a_wrong_backend_fails_the_clause_it_breaks_and_no_other() {
    let pairs = CLAUSES.iter().flat_map(|sin| CLAUSES.iter().map(move |name| (*sin, *name)));
    // The slow clauses are run only where they must fail.
    let runs = pairs.filter(|(sin, name)| name == sin || !matches!(*name, "troubles" | "secrets" | "once"));
    let runs = runs.map(|(sin, name)| async move {
        let subject = Wrong { inner: Kube::new().await, sin };
        let kept = contract::clause(name, &subject).await;
        assert_eq!(kept.is_err(), name == sin, "{sin} broken, {name}: {kept:?}");
    });
    futures::future::join_all(runs).await;
}
