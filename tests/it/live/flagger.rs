//! Canaries under the real Flagger: every act is planned on a read, sent through the real API server, and carried out by
//! Flagger's own ticks. Gates are answered by `tests/lab/hooks`, which keeps the load tester's contract; they are opened
//! through the API server's service proxy, as in a cluster. Prints `ACT <name> live` for each act proven.

use super::backend::{CX, backend, kubectl, remove, state_dir};
use andon::backends::kubernetes::Kubernetes;
use andon::backends::{Backend, Query};
use andon::core::act::plan::{Expect, Operation, Outcome, Plan, Primitive, Step, Ticket, Verb};
use andon::core::id::{Hash, TargetId};
use andon::core::world::fact::Fact;
use andon::core::world::target::{Phase, TargetState};
use serde_json::{Value, json};
use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// A namespace of its own, with the Service `gates` in front of the hooks.
struct Bed {
    ns: String,
    k: Arc<Kubernetes>,
    hooks: String,
}

/// What a test canary has of gates.
fn hook(kind: &str, ns: &str, path: &str) -> Value {
    json!({"name": kind, "type": kind, "url": format!("http://gates.{ns}/{path}")})
}

impl Bed {
    async fn new(ns: &str) -> Bed {
        let port = std::fs::read_to_string(state_dir().join("run/hooks.port")).expect("seed with Flagger ran");
        let hooks = format!("http://127.0.0.1:{}", port.trim());
        let state = ask("GET", &format!("{hooks}/state"));
        let own = state["own"].as_str().expect("this machine has an address besides loopback").to_owned();
        let port: u16 = port.trim().parse().expect("a port");
        // The proxy goes to endpoints that are pods only, so a pretended pod gets the address the hooks listen on.
        let space = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": ns}});
        kubectl(&["apply", "-f", "-"], &space.to_string());
        kubectl(&["-n", ns, "wait", "--for=create", "--timeout=30s", "serviceaccount/default"], "");
        let objects = json!({"apiVersion": "v1", "kind": "List", "items": [
            {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "gates", "namespace": ns},
             "spec": {"containers": [{"name": "gates", "image": "registry.example.org/shop/gates:1"}]}},
            {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "gates", "namespace": ns},
             "spec": {"ports": [{"port": 80, "targetPort": port}]}},
            {"apiVersion": "v1", "kind": "Endpoints", "metadata": {"name": "gates", "namespace": ns},
             "subsets": [{"addresses": [{"ip": own, "targetRef": {"kind": "Pod", "namespace": ns, "name": "gates"}}],
                          "ports": [{"port": port}]}]},
        ]});
        kubectl(&["apply", "-f", "-"], &objects.to_string());
        kubectl(&["-n", ns, "wait", "--for=condition=Ready", "--timeout=60s", "pod/gates"], "");
        let status = json!({"status": {"podIP": own, "podIPs": [{"ip": own}]}}).to_string();
        kubectl(&["-n", ns, "patch", "pod", "gates", "--subresource=status", "--type=merge", "-p", &status], "");
        Bed { ns: ns.into(), k: backend("admin", &[ns]), hooks }
    }

    /// A Deployment, its Ingress and a Canary of two weights (or `weights`), at image tag 1.0.
    fn canary(&self, name: &str, weights: &[u8], webhooks: &Value) {
        let ns = &self.ns;
        let meta = json!({"name": name, "namespace": ns});
        let labels = json!({"app": name});
        let image = format!("registry.example.org/shop/{name}:1.0");
        let objects = json!({"apiVersion": "v1", "kind": "List", "items": [
            {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": meta, "spec": {
                "replicas": 2, "progressDeadlineSeconds": 60, "selector": {"matchLabels": labels},
                "template": {"metadata": {"labels": labels}, "spec": {"containers": [
                    {"name": name, "image": image, "ports": [{"name": "http", "containerPort": 9898}]}]}}}},
            {"apiVersion": "networking.k8s.io/v1", "kind": "Ingress", "metadata": meta, "spec": {
                "ingressClassName": "nginx", "rules": [{"host": format!("{name}.example.org"), "http": {"paths": [
                    {"path": "/", "pathType": "Prefix",
                     "backend": {"service": {"name": name, "port": {"number": 80}}}}]}}]}},
            {"apiVersion": "flagger.app/v1beta1", "kind": "Canary", "metadata": meta, "spec": {
                "provider": "nginx",
                "targetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": name},
                "ingressRef": {"apiVersion": "networking.k8s.io/v1", "kind": "Ingress", "name": name},
                "progressDeadlineSeconds": 60,
                "service": {"port": 80, "targetPort": 9898},
                "analysis": {"interval": "10s", "threshold": 3, "stepWeights": weights, "webhooks": webhooks}}},
        ]});
        kubectl(&["apply", "-f", "-"], &objects.to_string());
    }

    fn image(&self, name: &str, tag: &str) {
        let image = format!("{name}=registry.example.org/shop/{name}:{tag}");
        kubectl(&["-n", &self.ns, "set", "image", &format!("deployment/{name}"), &image], "");
    }

    /// The hash of the ReplicaSet that has this image tag, once it is there.
    fn hash(&self, name: &str, tag: &str) -> Hash {
        let of = format!("-l=app={name}");
        let path = format!(
            "{{.items[?(@.spec.template.spec.containers[0].image==\"registry.example.org/shop/{name}:{tag}\")].metadata.labels.pod-template-hash}}"
        );
        let began = Instant::now();
        loop {
            let hash = kubectl(&["-n", &self.ns, "get", "replicasets", &of, "-o", &format!("jsonpath={path}")], "");
            if !hash.is_empty() {
                return Hash::new(&hash);
            }
            assert!(began.elapsed() < Duration::from_secs(20), "no ReplicaSet of {name}:{tag}");
            std::thread::sleep(Duration::from_millis(200));
        }
    }

    fn object(&self, kind: &str, name: &str) -> Value {
        serde_json::from_str(&kubectl(&["-n", &self.ns, "get", kind, name, "-o", "json"], "")).expect("json")
    }

    /// The image of `<name>-primary`: what users get.
    fn primary_image(&self, name: &str) -> String {
        let d = self.object("deployment", &format!("{name}-primary"));
        d.pointer("/spec/template/spec/containers/0/image").and_then(Value::as_str).expect("one").to_owned()
    }

    /// What the router really carries.
    fn routed(&self, name: &str) -> u8 {
        let i = self.object("ingress", &format!("{name}-canary"));
        let weight = i.pointer("/metadata/annotations/nginx.ingress.kubernetes.io~1canary-weight");
        weight.and_then(Value::as_str).and_then(|w| w.parse().ok()).unwrap_or(0)
    }

    fn id(&self, name: &str) -> TargetId {
        let o = self.object("canary", name);
        TargetId {
            source: "lab".into(),
            namespace: self.ns.as_str().into(),
            kind: "Canary".into(),
            name: name.into(),
            uid: o.pointer("/metadata/uid").and_then(Value::as_str).expect("uid").into(),
        }
    }

    async fn read(&self, id: &TargetId) -> TargetState {
        let facts = self.k.ask(&Query::Read(id.clone()), &CX).await.expect("read");
        match facts.into_iter().next() {
            Some(Fact::Target(t)) => *t,
            other => panic!("{other:?}"),
        }
    }

    async fn until(&self, id: &TargetId, what: &str, secs: u64, e: &Expect, generation: Option<i64>) -> TargetState {
        let began = Instant::now();
        loop {
            let t = self.read(id).await;
            if e.holds(Some(&t), generation) {
                return t;
            }
            assert!(began.elapsed() < Duration::from_secs(secs), "{}: no {what} ({e:?}): {t:#?}", id.name);
            tokio::time::sleep(Duration::from_millis(300)).await;
        }
    }

    async fn phase(&self, id: &TargetId, word: &str) -> TargetState {
        self.until(id, word, 120, &Expect::RawPhaseIn(vec![word.into()]), None).await
    }

    async fn plan(&self, id: &TargetId, verb: Verb) -> Plan {
        let seen = self.read(id).await;
        self.k.plan(&Operation::new(verb, id.clone()), &seen).unwrap_or_else(|e| panic!("{verb:?}: {e}: {seen:#?}"))
    }

    async fn send(&self, step: &Step) -> Option<i64> {
        match self.k.send(step, Ticket(1), &CX).await {
            Outcome::Accepted { generation, .. } => generation,
            other => panic!(
                "{}: {other:?}\n{} {}\n{}",
                step.title, step.request.method, step.request.path, step.request.shown
            ),
        }
    }

    /// Sends every step and waits for its effect, within its own deadlines.
    async fn act(&self, id: &TargetId, verb: Verb, primitive: Primitive) -> Plan {
        let plan = self.plan(id, verb).await;
        assert_eq!(plan.primitive, primitive, "{plan:#?}");
        println!("{}: {} ({})", id.name, plan.sentence, plan.why);
        for s in &plan.steps {
            if let Some(first) = &s.wait_first {
                self.until(id, "condition of the next step", 60, first, None).await;
            }
            let generation = self.send(s).await;
            let began = Instant::now();
            let secs = |ms: i64| u64::try_from(ms / 1000 + 1).expect("positive");
            self.until(id, &format!("{} seen", s.title), secs(s.seen_by), &s.seen_when, generation).await;
            let seen = began.elapsed();
            self.until(id, &format!("{} done", s.title), secs(s.settled_by), &s.done_when, generation).await;
            println!("  {}: seen {seen:.1?}, done {:.1?}: {}", s.title, began.elapsed(), s.done_words);
        }
        plan
    }

    fn switch_is_open(&self, which: &str, name: &str) -> bool {
        let state = ask("GET", &format!("{}/state", self.hooks));
        state["switches"][format!("{which}.{name}.{}", self.ns)] == json!(true)
    }
}

impl Drop for Bed {
    fn drop(&mut self) {
        remove(&self.ns);
    }
}

/// One request to the hooks on loopback; the answer's JSON.
fn ask(method: &str, url: &str) -> Value {
    let out = Command::new("curl").args(["-fsS", "-X", method, url]).output().expect("curl");
    assert!(out.status.success(), "{url}: {}", String::from_utf8_lossy(&out.stderr));
    serde_json::from_slice(&out.stdout).expect("json")
}

fn proven(act: &str) {
    println!("ACT canary {act} live");
}

/// Held, resumed, held again and rolled back under the hold; then made to agree.
async fn held(bed: &Bed) {
    let id = bed.id("held");
    bed.phase(&id, "Initialized").await;
    bed.image("held", "1.1");
    let t = bed.until(&id, "its first weight", 90, &Expect::WeightIs(20), None).await;
    assert_eq!((bed.routed("held"), t.weight_wanted, t.step), (20, 20, Some(1)));
    assert_eq!(&*t.candidate_revision().expect("kept").version, "1.1");
    assert_eq!(&*t.stable_revision().expect("kept").version, "1.0");
    bed.act(&id, Verb::Hold, Primitive::Pause).await;
    tokio::time::sleep(Duration::from_secs(22)).await;
    let t = bed.read(&id).await;
    assert_eq!((t.phase.clone(), t.weight_real, bed.routed("held")), (Phase::Paused, Some(20), 20), "two ticks later");
    assert_eq!(t.held_by.map(|m| m.name.to_string()), Some("andon".into()));
    proven("hold");
    bed.act(&id, Verb::Resume, Primitive::Unpause).await;
    bed.until(&id, "its next weight", 40, &Expect::WeightIs(40), None).await;
    proven("resume");
    bed.act(&id, Verb::Hold, Primitive::Pause).await;
    let plan = bed.act(&id, Verb::RollBack, Primitive::ForceFailure).await;
    assert_eq!(plan.steps.len(), 2, "the count, then the end of the hold");
    let t = bed.read(&id).await;
    assert!(t.aborted && !t.held && t.phase == Phase::Degraded, "{t:#?}");
    assert_eq!(bed.routed("held"), 0);
    proven("roll back (force its failure, under a hold)");
    bed.act(&id, Verb::RollBack, Primitive::Undo).await;
    let t = bed.read(&id).await;
    assert!(!t.is_moving() && t.phase == Phase::Healthy, "{t:#?}");
    // Flagger takes it for no change: two ticks later nothing has begun.
    tokio::time::sleep(Duration::from_secs(22)).await;
    let t = bed.read(&id).await;
    let f = t.detail.flagger.expect("told");
    assert_eq!((&*f.phase, &f.last_applied), ("Failed", &f.last_promoted), "it names the promoted one again");
    proven("roll back (undo after a failure)");
}

/// At the promotion gate: rolled back, retried, promoted; then undone, and that promoted fully.
async fn promoted(bed: &Bed) {
    let id = bed.id("promoted");
    bed.phase(&id, "Initialized").await;
    bed.image("promoted", "1.1");
    let t = bed.phase(&id, "WaitingPromotion").await;
    assert_eq!((t.weight_real, bed.routed("promoted")), (Some(50), 50), "its field says 0");
    assert!(t.gate.is_some() && t.phase == Phase::Paused);
    bed.act(&id, Verb::RollBack, Primitive::ForceFailure).await;
    assert_eq!(bed.routed("promoted"), 0);
    proven("roll back (force its failure, waiting for promotion)");
    bed.act(&id, Verb::Retry, Primitive::Retry).await;
    let t = bed.phase(&id, "WaitingPromotion").await;
    assert_eq!(&*t.candidate_revision().expect("kept").version, "1.1");
    proven("retry");
    bed.act(&id, Verb::Promote, Primitive::OpenGate).await;
    assert!(!bed.switch_is_open("gate", "promoted"), "closed again");
    let t = bed.phase(&id, "Succeeded").await;
    assert!(!t.is_moving(), "{t:#?}");
    assert!(bed.primary_image("promoted").ends_with(":1.1"));
    proven("promote (open the gate)");
    // The undo is a release of its own, and its gate stands: it is begun here, and ended by a full promotion.
    let plan = bed.plan(&id, Verb::RollBack).await;
    assert_eq!(plan.primitive, Primitive::Undo);
    let step = &plan.steps[0];
    bed.send(step).await;
    bed.until(&id, "the undo", 30, &step.seen_when, None).await;
    let t = bed.phase(&id, "WaitingPromotion").await;
    assert_eq!(&*t.candidate_revision().expect("kept").version, "1.0");
    assert!(!step.done_when.holds(Some(&t), None), "users are still on 1.1");
    bed.act(&id, Verb::PromoteFull, Primitive::SkipAnalysis).await;
    let t = bed.read(&id).await;
    assert!(step.done_when.holds(Some(&t), None), "{t:#?}");
    assert!(bed.primary_image("promoted").ends_with(":1.0"));
    assert_eq!(bed.object("canary", "promoted").pointer("/spec/skipAnalysis"), Some(&json!(false)));
    proven("roll back (undo after success)");
    proven("promote full (skip the analysis)");
}

/// At the rollout gate: taken back before it began; let in, and rolled back by its hook.
async fn gated(bed: &Bed) {
    let id = bed.id("gated");
    bed.phase(&id, "Initialized").await;
    bed.image("gated", "1.1");
    let t = bed.phase(&id, "Waiting").await;
    assert_eq!((t.weight_real, t.gate.map(|g| g.reason.to_string())), (Some(0), Some("confirm-rollout".into())));
    bed.act(&id, Verb::RollBack, Primitive::Undo).await;
    let d = bed.object("deployment", "gated");
    let image = d.pointer("/spec/template/spec/containers/0/image").and_then(Value::as_str).expect("one");
    assert!(image.ends_with(":1.0"), "{image}");
    proven("roll back (undo while it waits)");
    bed.image("gated", "1.2");
    let new = bed.hash("gated", "1.2");
    bed.until(&id, "1.2 at its gate", 60, &Expect::All(vec![Expect::GateIs(true), Expect::CandidateIs(new)]), None)
        .await;
    bed.act(&id, Verb::Promote, Primitive::OpenGate).await;
    assert!(!bed.switch_is_open("gate", "gated"), "closed again");
    proven("promote (open the rollout gate)");
    bed.phase(&id, "Progressing").await;
    bed.act(&id, Verb::RollBack, Primitive::RollbackGate).await;
    assert!(!bed.switch_is_open("rollback", "gated"), "closed again");
    let t = bed.read(&id).await;
    assert!(t.aborted, "{t:#?}");
    proven("roll back (its rollback hook)");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn canaries_are_held_promoted_rolled_back_retried_and_undone() {
    if super::lab::Lab::get().is_none() {
        return;
    }
    let bed = Bed::new("live-flagger").await;
    let ns = &bed.ns;
    bed.canary("held", &[20, 40, 60, 80], &json!([]));
    bed.canary("promoted", &[50], &json!([hook("confirm-promotion", ns, "gate/check")]));
    let both = json!([hook("confirm-rollout", ns, "gate/check"), hook("rollback", ns, "rollback/check")]);
    bed.canary("gated", &[50, 80], &both);
    tokio::join!(held(&bed), promoted(&bed), gated(&bed));
    // The controller is away: the wish is stored, nothing happens, and it is carried out when it returns.
    let id = bed.id("held");
    bed.image("held", "1.2");
    bed.until(&id, "its first weight", 90, &Expect::WeightIs(20), None).await;
    let pid = std::fs::read_to_string(state_dir().join("run/flagger.pid")).expect("flagger runs");
    let signal = |s: &str| assert!(Command::new("kill").args([s, pid.trim()]).status().expect("kill").success());
    let plan = bed.plan(&id, Verb::RollBack).await;
    signal("-STOP");
    bed.send(&plan.steps[0]).await;
    tokio::time::sleep(Duration::from_secs(13)).await;
    let t = bed.read(&id).await;
    let stuck = bed.plan(&id, Verb::RollBack).await;
    signal("-CONT");
    assert!(!plan.steps[0].seen_when.holds(Some(&t), None), "a stored wish is no effect: {t:#?}");
    assert_eq!(t.detail.flagger.as_ref().map(|f| f.failed_checks), Some(3), "the wish is there");
    assert_eq!(stuck.primitive, Primitive::ForceFailure, "and may be repeated");
    bed.until(&id, "the roll back", 60, &plan.steps[0].done_when, None).await;
    proven("roll back (accepted, and nothing happens until the controller is back)");
}
