//! Kubernetes before its fake API server, as a subject of the contract. All of the contract applies.

use andon::backends::kubernetes::{Kubernetes, Settings, Timing};
use andon::backends::{Backend, Query};
use andon::core::act::plan::{Operation, Verb};
use andon::core::id::TargetId;
use andon::core::time::Utc;
use andon::testkit::contract::{Cut, Loss, Part, Provoke, Subject};
use andon::testkit::fake_kube::{FakeKube, Fault, TOKEN};
use serde_json::{Value, json};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

const PASSWORD: &str = "env-passw0rd-77";

/// Kubernetes before its fake API server: two canaries in shop, `checkout` at a gate.
pub struct Kube(FakeKube);

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
    pub async fn new() -> Kube {
        let f = FakeKube::start().await;
        for (name, uid) in [("checkout", "u1"), ("search", "u2")] {
            f.put("rollouts", rollout(name, uid));
            f.put("replicasets", set(name, uid, "aaa", 1, "2"));
            f.put("replicasets", set(name, uid, "bbb", 4, "1"));
        }
        Kube(f)
    }

    pub fn server(&self) -> &FakeKube {
        &self.0
    }

    fn kubernetes(&self) -> Kubernetes {
        let settings = Settings {
            kubeconfig: Some(self.0.kubeconfig.clone()),
            namespaces: vec!["shop".into()],
            ..Settings::of("eu-1")
        };
        let timing = Timing {
            watch_secs: 2,
            idle: Duration::from_secs(20),
            call: Duration::from_secs(12),
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
    fn name(&self) -> &'static str {
        "kubernetes"
    }
    fn cannot(&self) -> Vec<(Part, &'static str)> {
        Vec::new()
    }
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
            Provoke::BodyBomb => Fault::Bomb(200),
            Provoke::Stall => Fault::Stall,
        };
        // A kind that may not be read is left out and named; a login that may read nothing at all is no source.
        let what = if how == Provoke::Forbidden { "/" } else { "/rollouts" };
        self.0.fault("GET", what, fault);
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
    fn reconnect(&self) -> Option<Cut> {
        self.0.delete("rollouts", "shop", "search", false);
        self.0.cut_watches(true);
        Some(Cut::Unseen(self.id("search")))
    }
    fn operation(&self) -> Option<Operation> {
        Some(Operation::new(Verb::RollBack, self.id("checkout")))
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
