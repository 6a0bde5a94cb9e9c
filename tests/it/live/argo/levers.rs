//! Why acts hang, each made on a live control plane; and its lever, pressed there. What the lab cannot make (a spec that
//! the controller refuses, a deadline that is over while nothing else is wrong) is proven on recorded objects.

use super::*;
use andon::core::act::flight::{Act, OnDisk, State};
use andon::core::act::stuck::{self, Reason, Stuck};
use andon::core::id::ActId;
use andon::core::intent::Intent;
use andon::core::time::{Person, Stamp, Utc, World};
use std::process::{Command, Stdio};

fn now() -> Stamp {
    let ms = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).expect("after 1970").as_millis();
    let ms = i64::try_from(ms).expect("before the end of time");
    Stamp { utc: Utc(ms), world: World(ms), person: Person(ms) }
}

/// An act that has left and was seen; nothing says yet that it is done.
fn under_way(plan: &Plan, seen: TargetState) -> Act {
    Act {
        ticket: Ticket(1),
        state: State::Seen,
        on_disk: OnDisk::Yes,
        sent: Some(now()),
        ..Act::confirmed(ActId(1), plan.clone(), Box::new(seen), now())
    }
}

impl Shop {
    /// Its first request goes out, and nothing is waited for.
    async fn begin(&self, name: &str, verb: Verb) -> Act {
        let plan = self.plan(&Operation::new(verb, self.id(name))).await;
        self.leave(&plan).await
    }

    async fn leave(&self, plan: &Plan) -> Act {
        let name = plan.operation.target.name.to_string();
        let act = under_way(plan, self.now(&name).expect("watched"));
        self.send(&name, &plan.steps[0]).await;
        act
    }

    /// Waits until this is why it hangs.
    async fn hangs(&self, act: &Act, because: Reason) -> Stuck {
        let name = &act.target().name;
        let began = Instant::now();
        loop {
            let s = stuck::why(act, self.now(name).as_ref(), &[], now().utc);
            if s.reason == because {
                println!(
                    "{name}: {} hangs because {} / {:?} {:?}",
                    act.plan.operation.verb.word(),
                    s.words,
                    s.lever,
                    s.helps
                );
                return s;
            }
            let late = began.elapsed() > Duration::from_secs(60);
            assert!(!late, "{name}: not {}: {s:?}\n{:#?}", because.word(), self.now(name));
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// It hangs for this reason, its lever goes back, and that settles.
    async fn goes_back(&self, act: &Act, because: Reason) {
        let s = self.hangs(act, because).await;
        assert_eq!(s.lever.map(|l| l.intent), Some(Intent::RollBack), "{}", because.word());
        self.act(&act.target().name, Verb::RollBack, &format!("stuck ({}): roll back", because.word())).await;
        if self.now(&act.target().name).is_some_and(|t| t.aborted) {
            self.act(&act.target().name, Verb::RollBack, "roll back: undo after an abort").await;
        }
    }

    async fn has_a_pod(&self, name: &str) {
        self.some(name, "a pod of it", |t| {
            t.is_moving() && t.candidate_revision().is_some_and(|r| r.replicas.existing > 0)
        })
        .await;
    }

    fn pods(&self, name: &str) -> Vec<serde_json::Value> {
        let all = kubectl(&["-n", &self.ns, "get", "pods", "-l", &format!("app={name}"), "-o", "json"], "");
        let all: serde_json::Value = serde_json::from_str(&all).expect("json");
        all["items"].as_array().expect("list").clone()
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pods_that_do_not_come_are_named_and_the_lever_brings_the_old_version_back() {
    if absent() {
        return;
    }
    let shop = Shop::new("argo-levers").await;
    for (tag, pod, because) in [
        ("1.1", "image", Reason::ImagePull),
        ("1.2", "crash", Reason::CrashLoop),
        ("1.3", "never-ready", Reason::Probe),
    ] {
        shop.deploy("basic", tag, pod);
        shop.has_a_pod("basic").await;
        let act = shop.begin("basic", Verb::PromoteFull).await;
        shop.goes_back(&act, because).await;
    }
    shop.patch(
        "rollout",
        "basic",
        &["--type=merge"],
        r#"{"spec":{"template":{"spec":{"nodeSelector":{"kubernetes.io/hostname":"nowhere"}}}}}"#,
    );
    shop.has_a_pod("basic").await;
    let act = shop.begin("basic", Verb::PromoteFull).await;
    shop.goes_back(&act, Reason::Unschedulable).await;

    // Pods that the API server refuses.
    let all = kubectl(&["-n", &shop.ns, "get", "pods", "-o", "name"], "").lines().count();
    kubectl(&["-n", &shop.ns, "create", "quota", "full", &format!("--hard=pods={all}")], "");
    let used = || kubectl(&["-n", &shop.ns, "get", "quota", "full", "-o", "jsonpath={.status.used.pods}"], "");
    at_last("the quota is counted", 30, || used() == all.to_string()).await;
    shop.deploy("basic", "1.5", "ready");
    shop.some("basic", "the new version", |t| t.is_moving()).await;
    let act = shop.begin("basic", Verb::PromoteFull).await;
    shop.goes_back(&act, Reason::Quota).await;
    kubectl(&["-n", &shop.ns, "delete", "quota", "full"], "");

    let policy = serde_json::json!({"apiVersion": "v1", "kind": "List", "items": [
        {"apiVersion": "admissionregistration.k8s.io/v1", "kind": "ValidatingAdmissionPolicy",
            "metadata": {"name": "argo-levers"}, "spec": {"failurePolicy": "Fail",
            "matchConstraints": {"resourceRules": [{"apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE"],
                "resources": ["pods"]}]},
            "validations": [{"expression": "object.spec.containers.all(c, !c.image.endsWith(':1.6'))",
                "message": "1.6 is not signed"}]}},
        {"apiVersion": "admissionregistration.k8s.io/v1", "kind": "ValidatingAdmissionPolicyBinding",
            "metadata": {"name": "argo-levers"}, "spec": {"policyName": "argo-levers", "validationActions": ["Deny"],
            "matchResources": {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": shop.ns}}}}},
    ]});
    kubectl(&["apply", "-f", "-"], &policy.to_string());
    let allowed = || {
        let args = ["-n", &shop.ns, "run", "trial", "--image=x:1.6", "--dry-run=server"];
        Command::new("kubectl")
            .args(args)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status()
            .expect("kubectl")
            .success()
    };
    at_last("the policy denies", 60, || !allowed()).await;
    shop.deploy("basic", "1.6", "ready");
    shop.some("basic", "the new version", |t| t.is_moving()).await;
    let act = shop.begin("basic", Verb::PromoteFull).await;
    shop.goes_back(&act, Reason::Policy).await;
    kubectl(&["delete", "validatingadmissionpolicybinding,validatingadmissionpolicy", "argo-levers"], "");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_way_back_that_hangs_says_what_is_in_its_way_and_its_lever_frees_it() {
    if absent() {
        return;
    }
    let shop = Shop::new("argo-hangs").await;
    // Held by somebody after the plan was made: the abort is stored, and no pod follows.
    shop.at_gate("basic", "1.1").await;
    let plan = shop.plan(&Operation::new(Verb::RollBack, shop.id("basic"))).await;
    shop.patch("rollout", "basic", &["--type=merge"], r#"{"spec":{"paused":true}}"#);
    shop.until("basic", "held", &Expect::All(vec![Expect::HeldIs(true), Expect::Observed])).await;
    let act = shop.leave(&plan).await;
    shop.goes_back(&act, Reason::Held).await;

    // A full promotion that began after the plan was made drops the abort.
    shop.deploy("checkout", "1.1", "never-ready");
    shop.has_a_pod("checkout").await;
    let plan = shop.plan(&Operation::new(Verb::RollBack, shop.id("checkout"))).await;
    shop.begin("checkout", Verb::PromoteFull).await;
    shop.until("checkout", "the flag", &Expect::PromotingFullIs(true)).await;
    let act = shop.leave(&plan).await;
    // The controller drops the abort by a patch that looks at no version: a second one within that moment goes with it.
    shop.some("checkout", "its abort dropped", |t| !t.aborted && !t.detail.abort_pending).await;
    shop.goes_back(&act, Reason::PromotingFull).await;

    // A pod that does not go: asked for in the spec as well, it settles when the pod may go.
    shop.at_gate("basic", "1.2").await;
    let of_new =
        |p: &&serde_json::Value| p["spec"]["containers"][0]["image"].as_str().is_some_and(|i| i.ends_with(":1.2"));
    let pods = shop.pods("basic");
    let pod = pods.iter().find(of_new).expect("a pod of it")["metadata"]["name"].as_str().expect("named").to_owned();
    shop.patch("pod", &pod, &["--type=merge"], r#"{"metadata":{"finalizers":["lab.andon/keep"]}}"#);
    let act = shop.begin("basic", Verb::RollBack).await;
    let s = shop.hangs(&act, Reason::PodsLeft).await;
    assert_eq!(s.lever.map(|l| l.intent), Some(Intent::RollBack));
    let plan = shop.plan(&Operation::new(Verb::RollBack, shop.id("basic"))).await;
    let generation = shop.send("basic", &plan.steps[0]).await;
    shop.until_with("basic", "seen", &plan.steps[0].seen_when, generation).await;
    shop.patch("pod", &pod, &["--type=merge"], r#"{"metadata":{"finalizers":null}}"#);
    shop.until_with("basic", "done", &plan.steps[0].done_when, generation).await;
    println!("ACT stuck ({}): roll back live", Reason::PodsLeft.word());

    // Somebody's Git puts the version back: no key helps, and what does is said.
    shop.at_gate("basic", "1.3").await;
    shop.act("basic", Verb::PromoteFull, "promote full").await;
    let act = shop.begin("basic", Verb::RollBack).await;
    shop.until("basic", "the undo", &act.plan.steps[0].seen_when).await;
    let image = r#"[{"op":"replace","path":"/spec/template/spec/containers/0/image","value":"registry.example.org/shop/basic:1.3"}]"#;
    shop.patch("rollout", "basic", &["--type=json", "--field-manager=argocd-controller"], image);
    let s = shop.hangs(&act, Reason::RevertedByGit).await;
    assert!(s.lever.is_none() && s.helps.is_some_and(|h| h.contains("Git")), "{s:?}");
    println!("ACT stuck ({}): said live", Reason::RevertedByGit.word());

    // Restarted behind a budget that allows no eviction.
    let budget = serde_json::json!({"apiVersion": "policy/v1", "kind": "PodDisruptionBudget",
        "metadata": {"name": "none", "namespace": shop.ns},
        "spec": {"maxUnavailable": 0, "selector": {"matchLabels": {"app": "ads"}}}});
    kubectl(&["apply", "-f", "-"], &budget.to_string());
    let allowed = || kubectl(&["-n", &shop.ns, "get", "pdb", "none", "-o", "jsonpath={.status.currentHealthy}"], "");
    at_last("the budget is counted", 30, || allowed() == "2").await;
    let act = shop.begin("ads", Verb::Restart).await;
    let s = shop.hangs(&act, Reason::Disruption).await;
    assert!(s.lever.is_none(), "{s:?}");
    kubectl(&["-n", &shop.ns, "delete", "pdb", "none"], "");
    shop.until("ads", "restarted", &act.plan.steps[0].done_when).await;
    println!("ACT stuck ({}): goes on when the budget allows it live", Reason::Disruption.word());

    // Deleted under it.
    let act = shop.begin("ads", Verb::Restart).await;
    kubectl(&["-n", &shop.ns, "delete", "rollout", "ads"], "");
    at_last("it is no longer told", 30, || shop.now("ads").is_none()).await;
    assert!(shop.hangs(&act, Reason::Gone).await.lever.is_none());
    println!("ACT stuck ({}): said live", Reason::Gone.word());
}
