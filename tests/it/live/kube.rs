//! The Kubernetes backend against a real API server and the real Argo controller (`tests/lab/up`, `tests/lab/seed`).
//! Every act is planned, sent and settled as the console does it: on watched facts newer than the answer.

use super::backend::{CX, backend, kubectl, remove, state_dir};
use andon::backends::kubernetes::{Kubernetes, contexts};
use andon::backends::{Backend, Interest, Query, Sink};
use andon::core::act::plan::{Expect, Operation, Outcome, Plan, RefusedBy, Step, Ticket, Verb};
use andon::core::id::TargetId;
use andon::core::world::fact::Fact;
use andon::core::world::source::{Link, SourceState, Trouble};
use andon::core::world::target::TargetState;
use std::collections::BTreeMap;
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

#[derive(Default)]
struct Seen {
    targets: BTreeMap<String, TargetState>,
    source: Option<SourceState>,
    wholes: u32,
}

struct Lab {
    ns: String,
    k: Arc<Kubernetes>,
    seen: Arc<Mutex<Seen>>,
    task: tokio::task::JoinHandle<()>,
    _want: tokio::sync::watch::Sender<Interest>,
}

impl Lab {
    /// An own namespace with the cast of the lab in it, healthy and watched.
    async fn new(ns: &str) -> Lab {
        let cast = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/lab/manifests/rollouts.yaml");
        let cast =
            std::fs::read_to_string(cast).expect("manifests").replace("namespace: shop", &format!("namespace: {ns}"));
        kubectl(
            &["apply", "-f", "-"],
            &format!("apiVersion: v1\nkind: Namespace\nmetadata: {{name: {ns}}}\n---\n{cast}"),
        );
        kubectl(&["-n", ns, "wait", "--for=jsonpath={.status.phase}=Healthy", "--timeout=60s", "rollout", "--all"], "");
        let k = backend("admin", &[ns]);
        let seen = Arc::new(Mutex::new(Seen::default()));
        let (tx, rx) = tokio::sync::watch::channel(Interest::default());
        let into = seen.clone();
        let sink = Sink::new(move |f| {
            let mut s = into.lock().expect("lock");
            match f {
                Fact::Target(t) => {
                    s.targets.insert(t.id.name.to_string(), *t);
                }
                Fact::Gone(id) => {
                    s.targets.remove(&*id.name);
                }
                Fact::Source(state) => s.source = Some(*state),
                Fact::Whole(_) => s.wholes += 1,
                Fact::WayBack(_) | Fact::Evidence(_) | Fact::Logs(_) | Fact::Raw(_) => {}
                Fact::Alerts(_) | Fact::Changed(_) | Fact::Flags(_) | Fact::Artifacts(_) | Fact::OnCall { .. } => {
                    panic!("no alerts here")
                }
                Fact::Blocks(_) | Fact::Windows(_) | Fact::Telemetry(_) | Fact::Checked(_) => {
                    panic!("no figures here")
                }
            }
        });
        let watching = k.clone().observe(rx, sink);
        let task = tokio::spawn(async move {
            watching.await;
        });
        let lab = Lab { ns: ns.into(), k, seen, task, _want: tx };
        lab.until("the first full read", 20, |s| s.wholes > 0).await;
        lab
    }

    async fn until(&self, what: &str, secs: u64, holds: impl Fn(&Seen) -> bool) -> Duration {
        let began = Instant::now();
        loop {
            if holds(&self.seen.lock().expect("lock")) {
                return began.elapsed();
            }
            let s = self.seen.lock().expect("lock");
            assert!(began.elapsed() < Duration::from_secs(secs), "no {what}: {:#?} {:#?}", s.targets, s.source);
            drop(s);
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    async fn target(&self, name: &str, what: &str, e: &Expect) -> Duration {
        self.until(what, 90, |s| s.targets.get(name).is_some_and(|t| e.holds(Some(t), None))).await
    }

    fn id(&self, name: &str) -> TargetId {
        self.seen.lock().expect("lock").targets[name].id.clone()
    }

    fn image(&self, name: &str, tag: &str) {
        let p = format!(
            r#"[{{"op":"replace","path":"/spec/template/spec/containers/0/image","value":"registry.example.org/shop/{name}:{tag}"}}]"#
        );
        kubectl(&["-n", &self.ns, "patch", "rollout", name, "--type=json", "-p", &p], "");
    }

    async fn read(&self, name: &str) -> TargetState {
        let facts = self.k.ask(&Query::Read(self.id(name)), &CX).await.expect("read");
        match facts.into_iter().next() {
            Some(Fact::Target(t)) => *t,
            other => panic!("{other:?}"),
        }
    }

    async fn plan(&self, name: &str, verb: Verb) -> Plan {
        let op = Operation::new(verb, self.id(name));
        self.k.plan(&op, &self.read(name).await).expect("a plan")
    }

    async fn send(&self, step: &Step) -> Outcome {
        self.k.send(step, Ticket(1), &CX).await
    }

    /// Sends every step and waits for its effect, as the console does.
    async fn act(&self, name: &str, verb: Verb) -> Plan {
        let plan = self.plan(name, verb).await;
        println!("{name}: {} ({})", plan.sentence, plan.why);
        for s in &plan.steps {
            if let Some(first) = &s.wait_first {
                self.target(name, "condition of the next step", first).await;
            }
            let generation = match self.send(s).await {
                Outcome::Accepted { generation, .. } => generation,
                other => panic!("{name} {}: {other:?}\n{}", s.title, s.request.shown),
            };
            let began = Instant::now();
            for (word, e) in [("seen", &s.seen_when), ("done", &s.done_when)] {
                self.until(&format!("{} {word}", s.title), 90, |f| {
                    f.targets.get(name).is_some_and(|t| e.holds(Some(t), generation))
                })
                .await;
                println!(
                    "  {} {word} after {:?}: {}",
                    s.title,
                    began.elapsed(),
                    if word == "done" { &s.done_words } else { "" }
                );
            }
        }
        plan
    }
}

impl Drop for Lab {
    fn drop(&mut self) {
        self.task.abort();
        remove(&self.ns);
    }
}

fn at_gate() -> Expect {
    Expect::GateIs(true)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_canary_is_promoted_held_resumed_aborted_and_undone() {
    if super::lab::Lab::get().is_none() {
        return;
    }
    let lab = Lab::new("live-canary").await;
    lab.image("checkout", "1.1");
    lab.target("checkout", "first gate", &at_gate()).await;
    let t = lab.seen.lock().expect("lock").targets["checkout"].clone();
    assert_eq!((t.weight_wanted, t.weight_real, t.step), (20, Some(20), Some(1)));
    assert_eq!(&*t.candidate_revision().expect("kept").version, "1.1");
    // The same promote twice: the second finds its guards broken and skips nothing.
    let plan = lab.plan("checkout", Verb::Promote).await;
    assert!(matches!(lab.send(&plan.steps[0]).await, Outcome::Accepted { .. }));
    match lab.send(&plan.steps[0]).await {
        Outcome::Refused(r) => assert_eq!(r.kind, RefusedBy::Guard),
        other => panic!("{other:?}"),
    }
    lab.target("checkout", "second gate", &Expect::All(vec![Expect::StepAtLeast(3), at_gate()])).await;
    lab.act("checkout", Verb::Hold).await;
    assert_eq!(lab.read("checkout").await.held_by.map(|m| m.name.to_string()), Some("andon".into()));
    lab.act("checkout", Verb::Resume).await;
    lab.act("checkout", Verb::RollBack).await;
    assert_eq!(lab.read("checkout").await.aborted_by.map(|m| m.name.to_string()), Some("andon".into()));
    let plan = lab.act("checkout", Verb::RollBack).await;
    assert_eq!(plan.steps.len(), 1, "the stable template settles it");
    let t = lab.read("checkout").await;
    assert!(!t.is_moving() && !t.aborted, "{t:#?}");
    assert_eq!(&*t.stable_revision().expect("kept").version, "1.0");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_held_canary_rolls_back_and_a_promoted_one_is_undone_past_its_gates() {
    if super::lab::Lab::get().is_none() {
        return;
    }
    let lab = Lab::new("live-back").await;
    lab.image("basic", "1.1");
    lab.target("basic", "first gate", &at_gate()).await;
    lab.act("basic", Verb::Hold).await;
    let plan = lab.act("basic", Verb::RollBack).await;
    assert_eq!(plan.steps.len(), 2, "abort, then the end of the hold");
    lab.act("basic", Verb::RollBack).await;
    lab.image("checkout", "1.1");
    lab.target("checkout", "first gate", &at_gate()).await;
    kubectl(
        &[
            "-n",
            &lab.ns,
            "patch",
            "rollout",
            "checkout",
            "--subresource=status",
            "--type=merge",
            "-p",
            r#"{"status":{"promoteFull":true}}"#,
        ],
        "",
    );
    lab.target("checkout", "full promotion", &Expect::Not(Box::new(Expect::StableIs("6cb467bfc4".into())))).await;
    let plan = lab.act("checkout", Verb::RollBack).await;
    assert_eq!(plan.steps.len(), 2, "undo, then promote fully");
    let t = lab.read("checkout").await;
    assert_eq!(&*t.stable_revision().expect("kept").version, "1.0");
    assert!(!t.is_moving());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_blue_green_is_promoted_and_aborted() {
    if super::lab::Lab::get().is_none() {
        return;
    }
    let lab = Lab::new("live-blue").await;
    lab.image("search", "1.1");
    lab.target("search", "gate", &at_gate()).await;
    lab.act("search", Verb::RollBack).await;
    lab.act("search", Verb::RollBack).await;
    lab.image("search", "1.2");
    lab.target("search", "gate", &at_gate()).await;
    lab.act("search", Verb::Promote).await;
    lab.target("search", "cutover", &Expect::Not(Box::new(at_gate()))).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_may_not_is_told_what_is_missing() {
    if super::lab::Lab::get().is_none() {
        return;
    }
    let lab = Lab::new("live-rights").await;
    let all = contexts(Some(state_dir().join("kube/look.yaml"))).await.expect("kubeconfig");
    assert!(all.iter().any(|c| c.current), "{all:?}");
    let look = backend("look", &["shop"]);
    let can = look.probe(&CX).await.expect("answers");
    println!("{can:#?}");
    let denied = |verb: &str| can.rights.iter().any(|r| *r.verb == *verb && r.allowed == Some(false));
    assert!(denied("patch rollouts") && denied("patch rollouts/status"), "{can:?}");
    assert!(can.skew_ms.is_some_and(|s| s.abs() < 2000) && can.version.is_some() && can.roles.rollouts);
    lab.image("basic", "1.1");
    lab.target("basic", "first gate", &at_gate()).await;
    let plan = lab.plan("basic", Verb::RollBack).await;
    match look.send(&plan.steps[0], Ticket(1), &CX).await {
        Outcome::Refused(r) => {
            println!("{}", r.why);
            assert_eq!((r.kind, r.status), (RefusedBy::Forbidden, Some(403)));
            assert!(r.why.contains("rollouts/status"), "{}", r.why);
        }
        other => panic!("{other:?}"),
    }
    let nobody = backend("nobody", &[]);
    let (_tx, rx) = tokio::sync::watch::channel(Interest::default());
    let e = nobody.clone().observe(rx, Sink::new(|_| {})).await;
    println!("{e}");
    assert_eq!(e.trouble, Trouble::Forbidden);
    let l = lab.seen.lock().expect("lock").source.clone().expect("told");
    assert_eq!(l.link, Link::Watching);
    println!("{l:#?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_api_server_stops_dies_and_comes_back() {
    if super::lab::Lab::get().is_none() {
        return;
    }
    let lab = Lab::new("live-stop").await;
    lab.image("basic", "1.1");
    lab.target("basic", "first gate", &at_gate()).await;
    let pid = std::fs::read_to_string(state_dir().join("run/apiserver.pid")).expect("pid");
    let signal = |s: &str| {
        let done = Command::new("kill").args([s, pid.trim()]).status().expect("kill");
        assert!(done.success());
    };
    // Stopped between the request and the answer: unknown, and a read resolves it.
    let plan = lab.plan("basic", Verb::RollBack).await;
    signal("-STOP");
    let outcome = lab.send(&plan.steps[0]).await;
    signal("-CONT");
    println!("{outcome:?}");
    assert!(matches!(outcome, Outcome::Unknown { .. }), "{outcome:?}");
    // Whether a server that wakes carries out what lay in its socket is its own affair: it may see first that we have
    // gone. What must hold is that reading tells which, and that another try, if it is due, does it.
    let truth =
        || kubectl(&["-n", "live-stop", "get", "rollout", "basic", "-o", "jsonpath={.status.abort}"], "") == "true";
    tokio::time::sleep(Duration::from_secs(2)).await;
    let carried_out = truth();
    println!("carried out on waking: {carried_out}");
    let mut read = lab.read("basic").await;
    if read.aborted != carried_out {
        // Between the two looks.
        read = lab.read("basic").await;
        assert_eq!(read.aborted, truth(), "{read:#?}");
    }
    if !read.aborted {
        let again = lab.plan("basic", Verb::RollBack).await;
        let outcome = lab.send(&again.steps[0]).await;
        assert!(matches!(outcome, Outcome::Accepted { .. }), "{outcome:?}");
    }
    lab.target("basic", "the abort", &Expect::AbortedIs(true)).await;
    assert!(truth());
    signal("-KILL");
    let red = lab.until("failed", 30, |s| s.source.as_ref().is_some_and(|s| matches!(s.link, Link::Failed(_)))).await;
    println!("red after {red:?}: {:?}", lab.seen.lock().expect("lock").source.as_ref().map(|s| s.link.clone()));
    match lab.send(&plan.steps[0]).await {
        Outcome::Refused(r) => assert_eq!(r.kind, RefusedBy::NotSent, "{r:?}"),
        other => panic!("{other:?}"),
    }
    let wholes = lab.seen.lock().expect("lock").wholes;
    let up = Command::new(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/lab/up"))
        .args(["--state", state_dir().to_str().expect("path"), "--no-flagger"])
        .stdout(Stdio::null())
        .status()
        .expect("up");
    assert!(up.success());
    let back = lab
        .until("back", 60, |s| s.wholes > wholes && s.source.as_ref().is_some_and(|s| s.link == Link::Watching))
        .await;
    println!("watching again {back:?} after up");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_the_controller_an_accepted_abort_is_never_seen_and_is_carried_out_when_it_returns() {
    if super::lab::Lab::get().is_none() {
        return;
    }
    let lab = Lab::new("live-idle").await;
    lab.image("basic", "1.1");
    lab.target("basic", "first gate", &at_gate()).await;
    let pid = std::fs::read_to_string(state_dir().join("run/argo.pid")).expect("pid");
    let signal = |s: &str| assert!(Command::new("kill").args([s, pid.trim()]).status().expect("kill").success());
    let plan = lab.plan("basic", Verb::RollBack).await;
    signal("-STOP");
    let outcome = lab.send(&plan.steps[0]).await;
    tokio::time::sleep(Duration::from_secs(3)).await;
    let t = lab.read("basic").await;
    signal("-CONT");
    assert!(matches!(outcome, Outcome::Accepted { generation: None, .. }), "{outcome:?}");
    assert!(!plan.steps[0].seen_when.holds(Some(&t), None), "a stored wish is no effect: {t:#?}");
    lab.target("basic", "the abort", &plan.steps[0].done_when).await;
}
