//! Every act on a Rollout against the real API server and the real Argo controller, through plan, send and what is
//! watched afterwards. Lines that begin with `ACT ` say which act was seen live.

mod levers;

use super::backend::{CX, backend, kubectl, remove};
use andon::backends::kubernetes::Kubernetes;
use andon::backends::{Backend, Interest, Query, Sink};
use andon::core::act::plan::{Expect, Operation, Outcome, Plan, Primitive, Step, Ticket, Verb};
use andon::core::id::{Hash, TargetId};
use andon::core::world::fact::Fact;
use andon::core::world::target::TargetState;
use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::TcpListener;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

/// Answers every request with the one value.
fn answers(value: Arc<AtomicI64>) -> String {
    let l = TcpListener::bind("127.0.0.1:0").expect("loopback");
    let at = format!("http://{}", l.local_addr().expect("bound"));
    std::thread::spawn(move || {
        for s in l.incoming() {
            let Ok(mut s) = s else { continue };
            let _ = s.set_read_timeout(Some(Duration::from_secs(1)));
            let _ = s.read(&mut [0; 4096]);
            let body = format!("{{\"value\": {}}}", value.load(Ordering::SeqCst));
            let head = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\nContent-Length: ";
            let _ = write!(s, "{head}{}\r\n\r\n{body}", body.len());
        }
    });
    at
}

/// Asked again and again until it is so, for so many seconds.
async fn at_last(what: &str, secs: u64, so: impl Fn() -> bool) {
    let began = Instant::now();
    while !so() {
        assert!(began.elapsed() < Duration::from_secs(secs), "never: {what}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

struct Shop {
    ns: String,
    k: Arc<Kubernetes>,
    seen: Arc<Mutex<BTreeMap<String, TargetState>>>,
    task: tokio::task::JoinHandle<()>,
    /// What the analysis measures: 0 passes, 9 fails, else it decides nothing.
    value: Arc<AtomicI64>,
    _want: tokio::sync::watch::Sender<Interest>,
}

impl Drop for Shop {
    fn drop(&mut self) {
        self.task.abort();
        remove(&self.ns);
    }
}

impl Shop {
    /// An own namespace with both casts, healthy and watched.
    async fn new(ns: &str) -> Shop {
        let value = Arc::new(AtomicI64::new(0));
        let url = answers(value.clone());
        let mut all = format!("apiVersion: v1\nkind: Namespace\nmetadata: {{name: {ns}}}\n");
        for file in ["rollouts", "acts"] {
            let path = format!("{}/tests/lab/manifests/{file}.yaml", env!("CARGO_MANIFEST_DIR"));
            let text = std::fs::read_to_string(path).expect("manifests");
            all.push_str("---\n");
            all.push_str(&text.replace("namespace: shop", &format!("namespace: {ns}")).replace("HOOKS", &url));
        }
        kubectl(&["apply", "-f", "-"], &all);
        kubectl(&["-n", ns, "wait", "--for=jsonpath={.status.phase}=Healthy", "--timeout=90s", "rollout", "--all"], "");
        let k = backend("admin", &[ns]);
        let seen = Arc::new(Mutex::new(BTreeMap::new()));
        let (tx, rx) = tokio::sync::watch::channel(Interest::default());
        let into = seen.clone();
        let sink = Sink::new(move |f| match f {
            Fact::Target(t) if &*t.id.kind == "Rollout" => {
                into.lock().expect("lock").insert(t.id.name.to_string(), *t);
            }
            Fact::Gone(id) if &*id.kind == "Rollout" => {
                into.lock().expect("lock").remove(&*id.name);
            }
            _ => {}
        });
        let watching = k.clone().observe(rx, sink);
        let task = tokio::spawn(async move {
            watching.await;
        });
        let shop = Shop { ns: ns.into(), k, seen, task, value, _want: tx };
        for name in ["checkout", "basic", "search", "ads", "probe", "paint", "tryout"] {
            shop.until(name, "known", &Expect::Observed).await;
        }
        shop
    }

    fn now(&self, name: &str) -> Option<TargetState> {
        self.seen.lock().expect("lock").get(name).cloned()
    }

    async fn until(&self, name: &str, what: &str, e: &Expect) {
        self.until_with(name, what, e, None).await;
    }

    async fn until_with(&self, name: &str, what: &str, e: &Expect, generation: Option<i64>) {
        let began = Instant::now();
        while !self.now(name).is_some_and(|t| e.holds(Some(&t), generation)) {
            assert!(began.elapsed() < Duration::from_secs(90), "{name}, {what}: {e:?}\n{:#?}", self.now(name));
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    fn id(&self, name: &str) -> TargetId {
        self.now(name).expect("watched").id
    }

    fn patch(&self, kind: &str, name: &str, extra: &[&str], patch: &str) {
        let mut args = vec!["-n", &self.ns, "patch", kind, name];
        args.extend(extra);
        args.extend(["-p", patch]);
        kubectl(&args, "");
    }

    /// A new version; `pod`: what its pods do (`tests/lab/stages.yaml`).
    fn deploy(&self, name: &str, tag: &str, pod: &str) {
        let kind = if name == "ads" { "deployment" } else { "rollout" };
        let image = format!("registry.example.org/shop/{name}:{tag}");
        let p = serde_json::json!([
            {"op": "replace", "path": "/spec/template/spec/containers/0/image", "value": image},
            {"op": "add", "path": "/spec/template/metadata/annotations", "value": {"lab.andon/pod": pod}},
        ]);
        self.patch(kind, name, &["--type=json"], &p.to_string());
    }

    /// A set of its pods has a time at which it goes.
    async fn dated(&self, name: &str) {
        at_last(&format!("{name}: a set is to go"), 25, || {
            let sets = kubectl(&["-n", &self.ns, "get", "replicasets", "-l", &format!("app={name}"), "-o", "json"], "");
            let sets: serde_json::Value = serde_json::from_str(&sets).expect("json");
            let due = |s: &serde_json::Value| s["metadata"]["annotations"]["scale-down-deadline"].is_string();
            sets["items"].as_array().expect("list").iter().any(due)
        })
        .await;
    }

    async fn at_gate(&self, name: &str, tag: &str) {
        self.deploy(name, tag, "ready");
        self.until(name, "the gate", &Expect::GateIs(true)).await;
    }

    async fn at_step(&self, name: &str, tag: &str, step: u32) {
        self.deploy(name, tag, "ready");
        self.some(name, "its step", |t| t.step == Some(step)).await;
    }

    /// Read again and again until it is so.
    async fn some(&self, name: &str, what: &str, good: impl Fn(&TargetState) -> bool) {
        let began = Instant::now();
        loop {
            let t = self.read(name).await;
            if good(&t) {
                return;
            }
            assert!(began.elapsed() < Duration::from_secs(60), "{name}: never {what}: {t:#?}");
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }

    fn unready(&self, name: &str, tag: &str) {
        let pods = kubectl(&["-n", &self.ns, "get", "pods", "-l", &format!("app={name}"), "-o", "json"], "");
        let pods: serde_json::Value = serde_json::from_str(&pods).expect("json");
        let image = format!("registry.example.org/shop/{name}:{tag}");
        let pod = pods["items"].as_array().expect("list").iter().find(|p| p["spec"]["containers"][0]["image"] == image);
        let pod = pod.expect("a pod of it")["metadata"]["name"].as_str().expect("named").to_owned();
        let p = r#"{"status":{"conditions":[{"type":"Ready","status":"False","reason":"ContainersNotReady"},{"type":"ContainersReady","status":"False"}]}}"#;
        self.patch("pod", &pod, &["--subresource=status", "--type=strategic"], p);
    }

    async fn read(&self, name: &str) -> TargetState {
        let facts = self.k.ask(&Query::Read(self.id(name)), &CX).await.expect("read");
        match facts.into_iter().next() {
            Some(Fact::Target(t)) => *t,
            other => panic!("{other:?}"),
        }
    }

    async fn plan(&self, op: &Operation) -> Plan {
        let t = self.read(&op.target.name).await;
        self.k.plan(op, &t).unwrap_or_else(|e| panic!("{} {}: {e}\n{t:#?}", op.verb.word(), op.target.name))
    }

    async fn refused(&self, name: &str, verb: Verb) -> String {
        let t = self.read(name).await;
        self.k.plan(&Operation::new(verb, t.id.clone()), &t).expect_err("refused").to_string()
    }

    async fn send(&self, name: &str, s: &Step) -> Option<i64> {
        match self.k.send(s, Ticket(1), &CX).await {
            Outcome::Accepted { generation, .. } => generation,
            other => panic!("{name} {}: {other:?}\n{}", s.title, s.request.shown),
        }
    }

    /// Sends every step and waits for its effect, as the console does.
    async fn carry_out(&self, plan: &Plan) {
        let name = &plan.operation.target.name;
        let mut generation = None;
        for s in &plan.steps {
            if let Some(first) = &s.wait_first {
                self.until_with(name, "condition of the next step", first, generation).await;
            }
            generation = self.send(name, s).await;
            let began = Instant::now();
            self.until_with(name, "seen", &s.seen_when, generation).await;
            let seen = began.elapsed();
            self.until_with(name, "done", &s.done_when, generation).await;
            println!("  {name} {}: seen {seen:?}, done {:?}: {}", s.title, began.elapsed(), s.done_words);
        }
    }

    async fn act(&self, name: &str, verb: Verb, called: &str) -> Plan {
        let plan = self.plan(&Operation::new(verb, self.id(name))).await;
        println!("{name}: {} ({})", plan.sentence, plan.why);
        self.carry_out(&plan).await;
        println!("ACT {called} live");
        plan
    }

    fn version(&self, name: &str) -> String {
        let t = self.now(name).expect("watched");
        t.candidate_revision().map_or_else(String::new, |v| v.version.to_string())
    }
}

fn absent() -> bool {
    super::lab::Lab::get().is_none()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_canary_goes_forward_in_every_way() {
    if absent() {
        return;
    }
    let shop = Shop::new("argo-forward").await;
    shop.at_gate("checkout", "1.1").await;
    shop.act("checkout", Verb::Promote, "promote").await;
    shop.until("checkout", "next gate", &Expect::All(vec![Expect::GateIs(true), Expect::StepAtLeast(5)])).await;
    // A promote under a hold: the hold ends first.
    shop.at_gate("basic", "1.1").await;
    shop.act("basic", Verb::Hold, "hold").await;
    let p = shop.act("basic", Verb::Promote, "promote under a hold").await;
    assert_eq!(p.steps.len(), 2);
    shop.until("basic", "next gate", &Expect::All(vec![Expect::GateIs(true), Expect::StepAtLeast(3)])).await;
    shop.act("basic", Verb::Hold, "hold").await;
    shop.act("basic", Verb::Resume, "resume").await;
    assert!(shop.now("basic").is_some_and(|t| t.gate.is_some()), "resume does not promote");
    shop.act("basic", Verb::Hold, "hold").await;
    let p = shop.act("basic", Verb::PromoteFull, "promote full under a hold").await;
    assert_eq!(p.steps.len(), 2);
    shop.act("checkout", Verb::PromoteFull, "promote full").await;
    assert_eq!(shop.version("checkout"), "1.1");
    shop.act("checkout", Verb::Restart, "restart").await;
    // A step whose pods never get ready is passed.
    shop.deploy("basic", "1.2", "never-ready");
    let stuck = Expect::All(vec![Expect::Not(Box::new(Expect::StepAtLeast(1))), Expect::Observed]);
    shop.until("basic", "the first step", &stuck).await;
    shop.until("basic", "its pod", &Expect::Not(Box::new(Expect::StableIs(Hash::new("none"))))).await;
    tokio::time::sleep(Duration::from_secs(1)).await;
    shop.act("basic", Verb::SkipStep, "skip step").await;
    assert!(shop.refused("basic", Verb::SkipStep).await.contains("gate"));
    shop.act("basic", Verb::RollBack, "roll back: abort, replicas").await;
    let aborted = shop.read("basic").await;
    assert!(
        aborted.detail.writers.iter().any(|w| &*w.what == "status.abort" && &*w.by.name == "andon"),
        "{aborted:#?}"
    );
    shop.act("basic", Verb::Retry, "retry").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn analysis_is_accepted_asked_again_and_ended() {
    if absent() {
        return;
    }
    let shop = Shop::new("argo-analysis").await;
    // Running: ended, and its step passes.
    shop.deploy("probe", "1.1", "ready");
    let running = |t: &TargetState| t.detail.checks.iter().any(|c| !c.is_over());
    let began = Instant::now();
    while !shop.now("probe").is_some_and(|t| running(&t)) {
        assert!(began.elapsed() < Duration::from_secs(60), "{:#?}", shop.now("probe"));
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    tokio::time::sleep(Duration::from_secs(3)).await;
    let t = shop.read("probe").await;
    let check = &t.detail.checks[0];
    println!("{check:#?}");
    assert!(!check.metrics.is_empty() && !check.metrics[0].values.is_empty(), "{check:#?}");
    assert!(!format!("{check:?}").contains("never-shown"), "no query part of an address");
    let p = shop.act("probe", Verb::Terminate, "terminate analysis").await;
    assert!(p.cautions.iter().any(|c| c.contains("goes on")), "{:?}", p.cautions);
    shop.until("probe", "its step passed", &Expect::All(vec![Expect::StepAtLeast(2), Expect::GateIs(true)])).await;
    let t = shop.read("probe").await;
    assert!(t.detail.checks.iter().any(|c| c.terminated), "{:#?}", t.detail.checks);
    shop.act("probe", Verb::RollBack, "roll back: abort at a gate").await;
    shop.act("probe", Verb::RollBack, "roll back: undo after an abort").await;
    // Inconclusive: asked again, then accepted.
    shop.value.store(5, Ordering::SeqCst);
    shop.at_gate("probe", "1.2").await;
    let t = shop.read("probe").await;
    assert_eq!(t.gate.as_ref().map(|g| &*g.reason), Some("InconclusiveAnalysisRun"), "{t:#?}");
    shop.act("probe", Verb::Rerun, "re-run analysis").await;
    shop.until("probe", "inconclusive again", &Expect::GateIs(true)).await;
    shop.act("probe", Verb::Promote, "promote: an inconclusive analysis accepted").await;
    shop.until("probe", "the gate behind it", &Expect::All(vec![Expect::StepAtLeast(2), Expect::GateIs(true)])).await;
    // An experiment that decides nothing is begun again by the controller, over and over, behind a gate that stands.
    shop.at_gate("tryout", "1.1").await;
    let t = shop.read("tryout").await;
    assert_eq!(t.gate.as_ref().map(|g| &*g.reason), Some("InconclusiveExperiment"), "{t:#?}");
    // One of them may run at any moment.
    shop.some("tryout", "a moment without a running experiment", |t| {
        let op = Operation::new(Verb::Rerun, t.id.clone());
        shop.k.plan(&op, t).is_err_and(|why| why.to_string().contains("by itself"))
    })
    .await;
    shop.act("tryout", Verb::Promote, "promote: an inconclusive experiment accepted").await;
    shop.until("tryout", "the gate behind it", &Expect::All(vec![Expect::StepAtLeast(2), Expect::GateIs(true)])).await;
    // The next one gets its answers and lasts: the gate alone is in its way.
    let runs = |t: &TargetState| t.detail.checks.iter().any(|c| &*c.kind == "Experiment" && &*c.phase == "Running");
    shop.at_step("tryout", "1.2", 1).await;
    shop.some("tryout", "the gate of an experiment", |t| t.gate.is_some() && t.step == Some(1)).await;
    shop.value.store(0, Ordering::SeqCst);
    shop.some("tryout", "an experiment that lasts", |t| t.gate.is_some() && runs(t)).await;
    // What it measured before the answers came must not decide.
    tokio::time::sleep(Duration::from_secs(3)).await;
    shop.some("tryout", "an experiment that lasts", |t| t.gate.is_some() && runs(t)).await;
    shop.act("tryout", Verb::Rerun, "open the gate of an experiment").await;
    tokio::time::sleep(Duration::from_secs(3)).await;
    assert!(shop.read("tryout").await.gate.is_none(), "it stays open while the experiment runs");
    // An experiment is ended like an analysis.
    shop.some("tryout", "a running experiment", runs).await;
    shop.act("tryout", Verb::Terminate, "terminate experiment").await;
    shop.until("tryout", "its step passed", &Expect::StepAtLeast(2)).await;
    // One that fails aborts; a retry has another one.
    shop.value.store(9, Ordering::SeqCst);
    shop.deploy("tryout", "1.3", "ready");
    shop.until("tryout", "aborted by its experiment", &Expect::AbortedIs(true)).await;
    shop.value.store(0, Ordering::SeqCst);
    shop.act("tryout", Verb::Retry, "retry after a failed experiment").await;
    shop.some("tryout", "another experiment", |t| !t.aborted && runs(t)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_way_back() {
    if absent() {
        return;
    }
    let shop = Shop::new("argo-back").await;
    // Routed: abort while a full promotion runs; it waits for pods that never come.
    shop.deploy("checkout", "1.1", "never-ready");
    shop.until("checkout", "it moves", &Expect::Not(Box::new(Expect::StepAtLeast(6)))).await;
    tokio::time::sleep(Duration::from_secs(1)).await;
    let p = shop.plan(&Operation::new(Verb::PromoteFull, shop.id("checkout"))).await;
    shop.send("checkout", &p.steps[0]).await;
    shop.until("checkout", "the flag", &Expect::PromotingFullIs(true)).await;
    let p = shop.act("checkout", Verb::RollBack, "roll back: abort while promoted fully").await;
    assert_eq!((p.primitive, p.steps.len()), (Primitive::Abort, 1));
    shop.act("checkout", Verb::RollBack, "roll back: undo, routed").await;
    shop.at_gate("checkout", "1.2").await;
    shop.act("checkout", Verb::RollBack, "roll back: abort, routed").await;
    // Undo to stable under a manual pause: one request.
    shop.act("checkout", Verb::Retry, "retry").await;
    shop.until("checkout", "the gate", &Expect::GateIs(true)).await;
    shop.act("checkout", Verb::Hold, "hold").await;
    let p = shop.act("checkout", Verb::RollBack, "roll back: abort under a hold").await;
    assert_eq!(p.steps.len(), 2);
    shop.patch("rollout", "checkout", &["--type=merge"], r#"{"spec":{"paused":true}}"#);
    shop.until("checkout", "held", &Expect::All(vec![Expect::HeldIs(true), Expect::Observed])).await;
    let p = shop.act("checkout", Verb::RollBack, "roll back: undo under a hold").await;
    assert_eq!(p.steps.len(), 1);
    assert!(shop.now("checkout").is_some_and(|t| !t.held));
    // Promoted twice: back to a chosen version, past its gates.
    for tag in ["1.1", "1.2"] {
        shop.at_gate("basic", tag).await;
        shop.act("basic", Verb::PromoteFull, "promote full").await;
        shop.until("basic", "settled", &Expect::OnlyServing(shop.now("basic").and_then(|t| t.candidate).expect("one")))
            .await;
    }
    let p = shop.act("basic", Verb::RollBack, "roll back: undo, promoted").await;
    assert_eq!((p.steps.len(), shop.version("basic")), (2, "1.1".to_owned()), "{:?}", p.cautions);
    let first =
        shop.now("basic").expect("watched").revisions.iter().find(|v| &*v.version == "1.0").map(|v| v.hash.clone());
    let mut op = Operation::back_to(shop.id("basic"), first.expect("kept"));
    op.chosen = true;
    let p = shop.plan(&op).await;
    assert_eq!(p.steps.len(), 2);
    shop.carry_out(&p).await;
    assert_eq!(shop.version("basic"), "1.0");
    println!("ACT roll back: undo to a chosen version live");
    // The template lives in a Deployment.
    shop.at_gate("ads", "1.1").await;
    shop.act("ads", Verb::RollBack, "roll back: abort, template elsewhere").await;
    let p = shop.act("ads", Verb::RollBack, "roll back: undo, template elsewhere").await;
    assert!(p.steps[0].request.path.contains("/deployments/ads"), "{}", p.steps[0].request.path);
    shop.at_gate("ads", "1.2").await;
    shop.act("ads", Verb::Hold, "hold").await;
    shop.patch("rollout", "ads", &["--subresource=status", "--type=merge"], r#"{"status":{"abort":true}}"#);
    shop.until("ads", "aborted", &Expect::AbortedIs(true)).await;
    let p = shop.act("ads", Verb::RollBack, "roll back: undo under a hold, template elsewhere").await;
    assert_eq!(p.steps.len(), 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn blue_green_goes_back_before_and_after_users_are_switched() {
    if absent() {
        return;
    }
    let shop = Shop::new("argo-blue").await;
    shop.at_gate("search", "1.1").await;
    let d = shop.read("search").await.detail.colours.expect("blue/green");
    assert!(d.active.is_some() && d.active != d.preview && !d.auto);
    shop.act("search", Verb::Promote, "promote, blue/green").await;
    let candidate = shop.now("search").and_then(|t| t.candidate).expect("one");
    shop.until("search", "stable", &Expect::StableIs(candidate)).await;
    // The controller switches users in one round and dates the old pods in a later one. Until then it would not skip the
    // pause, so a plan made in between is an undo of two steps, and right.
    shop.dated("search").await;
    let p = shop.act("search", Verb::RollBack, "roll back: switch back").await;
    assert_eq!((p.primitive, p.steps.len()), (Primitive::SwitchBack, 1), "{}", p.why);
    shop.at_gate("search", "1.2").await;
    shop.act("search", Verb::RollBack, "roll back: abort, blue/green before the switch").await;
    shop.act("search", Verb::RollBack, "roll back: undo, blue/green").await;
    // Users are on the new colour, its analysis runs: an abort switches back while all of its pods are there.
    shop.deploy("paint", "1.1", "ready");
    let moving = |shop: &Shop| shop.now("paint").filter(|t| t.is_moving() && t.weight_real == Some(100));
    let began = Instant::now();
    while moving(&shop).is_none() {
        assert!(began.elapsed() < Duration::from_secs(60), "{:#?}", shop.now("paint"));
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let p = shop.act("paint", Verb::RollBack, "roll back: abort, blue/green after the switch").await;
    assert_eq!(p.primitive, Primitive::Abort);
    shop.act("paint", Verb::RollBack, "roll back: undo, blue/green").await;
    // With one that is not ready an abort would leave users there: the stable template is asked for again.
    shop.deploy("paint", "1.2", "ready");
    let began = Instant::now();
    while moving(&shop).is_none() {
        assert!(began.elapsed() < Duration::from_secs(60), "{:#?}", shop.now("paint"));
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    shop.unready("paint", "1.2");
    let fewer = |t: &TargetState| t.candidate_revision().is_some_and(|v| v.replicas.available < t.wanted);
    let began = Instant::now();
    while !shop.now("paint").is_some_and(|t| fewer(&t)) {
        assert!(began.elapsed() < Duration::from_secs(30), "{:#?}", shop.now("paint"));
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let p = shop.act("paint", Verb::RollBack, "roll back: undo, blue/green after the switch, a pod unready").await;
    assert_eq!(p.primitive, Primitive::Undo, "{}", p.why);
    assert_eq!(shop.version("paint"), "1.0");
}

/// The API says 200 to each and nothing happens: none may be called seen. The controller returns and carries them out.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_a_controller_every_act_is_accepted_and_none_is_seen() {
    let Some(lab) = super::lab::Lab::get() else { return };
    let shop = Shop::new("argo-away").await;
    shop.value.store(5, Ordering::SeqCst);
    shop.at_gate("checkout", "1.1").await;
    shop.at_gate("basic", "1.1").await;
    shop.act("basic", Verb::RollBack, "roll back: abort, replicas").await;
    shop.at_gate("search", "1.1").await;
    shop.at_gate("ads", "1.1").await;
    shop.at_gate("probe", "1.1").await;
    let rounds: [&[(&str, Verb)]; 2] = [
        &[
            ("checkout", Verb::Promote),
            ("basic", Verb::Retry),
            ("search", Verb::RollBack),
            ("ads", Verb::Hold),
            ("probe", Verb::Rerun),
            ("tryout", Verb::Restart),
        ],
        &[
            ("checkout", Verb::PromoteFull),
            ("basic", Verb::RollBack),
            ("search", Verb::RollBack),
            ("ads", Verb::Resume),
            ("probe", Verb::Promote),
        ],
    ];
    for round in rounds {
        let mut sent: Vec<(&str, Step, Option<i64>, Verb)> = Vec::new();
        let mut plans: Vec<(&str, Verb, Plan)> = Vec::new();
        for (name, verb) in round {
            plans.push((*name, *verb, shop.plan(&Operation::new(*verb, shop.id(name))).await));
        }
        let away = lab.stop_argo();
        for (name, verb, p) in plans {
            let generation = shop.send(name, &p.steps[0]).await;
            sent.push((name, p.steps[0].clone(), generation, verb));
        }
        tokio::time::sleep(Duration::from_secs(3)).await;
        for (name, s, generation, verb) in &sent {
            let t = shop.now(name).expect("watched");
            assert!(!s.seen_when.holds(Some(&t), *generation), "{} of {name} is called seen: {t:#?}", verb.word());
            assert!(!s.done_when.holds(Some(&t), *generation), "{} of {name} is called done: {t:#?}", verb.word());
            let refused = s.refused_when.as_ref().is_some_and(|e| e.holds(Some(&t), *generation));
            assert!(!refused, "{} of {name} is called refused: {t:#?}", verb.word());
            println!("ACT {} accepted and nothing seen live", verb.word());
        }
        away.end();
        for (name, s, generation, verb) in &sent {
            shop.until_with(name, verb.word(), &s.done_when, *generation).await;
            println!("  {name} {}: carried out when the controller came back", verb.word());
        }
        // What the next round begins from.
        shop.until("probe", "inconclusive again", &Expect::GateIs(true)).await;
        shop.until(
            "checkout",
            "its gate, or the end",
            &Expect::Any(vec![Expect::GateIs(true), Expect::StepAtLeast(6)]),
        )
        .await;
        if shop.now("basic").is_some_and(|t| t.is_moving() && !t.aborted) {
            shop.until("basic", "the gate", &Expect::GateIs(true)).await;
        }
    }
}
