//! A real API server whose definitions, history and process go away and come back, watched all the while.

use super::backend::utc;
use super::lab::{Lab, User};
use andon::backends::kubernetes::{Kubernetes, Settings};
use andon::backends::{Backend, Interest, Sink};
use andon::core::world::fact::Fact;
use andon::core::world::source::{Link, SourceState};
use andon::core::world::target::TargetState;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{Duration, Instant};

#[derive(Default)]
struct Seen {
    /// By kind and name.
    targets: BTreeMap<(String, String), TargetState>,
    source: Option<SourceState>,
    wholes: u32,
    /// Links in their order, by their first word.
    links: Vec<String>,
}

struct Watched {
    seen: Arc<Mutex<Seen>>,
    task: tokio::task::JoinHandle<()>,
    _want: tokio::sync::watch::Sender<Interest>,
}

impl Drop for Watched {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Watched as the engine does it: again after every end.
fn watch(lab: &Lab, namespaces: &[&str], kinds: &[&str]) -> Watched {
    let settings = Settings {
        kubeconfig: Some(lab.kubeconfig(User::Admin)),
        namespaces: namespaces.iter().map(ToString::to_string).collect(),
        kinds: kinds.iter().map(ToString::to_string).collect(),
        ..Settings::of("lab")
    };
    let k = Arc::new(Kubernetes::new(settings, Arc::new(utc)));
    let seen = Arc::new(Mutex::new(Seen::default()));
    let (want, rx) = tokio::sync::watch::channel(Interest::default());
    let into = seen.clone();
    let task = tokio::spawn(async move {
        loop {
            let into = into.clone();
            let sink = Sink::new(move |f| {
                let mut s = into.lock().expect("lock");
                match f {
                    Fact::Target(t) => {
                        s.targets.insert((t.id.kind.to_string(), t.id.name.to_string()), *t);
                    }
                    Fact::Gone(id) => {
                        s.targets.remove(&(id.kind.to_string(), id.name.to_string()));
                    }
                    Fact::Whole(ids) => {
                        s.wholes += 1;
                        s.targets.retain(|_, t| ids.contains(&t.id));
                    }
                    Fact::Source(state) => {
                        let word = format!("{:?}", state.link).split([' ', '(']).next().unwrap_or("").to_owned();
                        if s.links.last() != Some(&word) {
                            s.links.push(word);
                        }
                        s.source = Some(*state);
                    }
                    _ => {}
                }
            });
            let e = k.clone().observe(rx.clone(), sink).await;
            println!("ended: {e}");
            tokio::time::sleep(Duration::from_millis(500)).await;
        }
    });
    Watched { seen, task, _want: want }
}

impl Watched {
    fn now(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().expect("lock")
    }

    async fn until(&self, what: &str, secs: u64, holds: impl Fn(&Seen) -> bool) -> Duration {
        let began = Instant::now();
        while !holds(&self.now()) {
            assert!(
                began.elapsed() < Duration::from_secs(secs),
                "no {what}: {:#?} {:?}",
                self.now().source,
                self.now().links
            );
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        println!("{what} after {:?}", began.elapsed());
        began.elapsed()
    }

    fn names(&self, kind: &str) -> Vec<String> {
        self.now().targets.keys().filter(|(k, _)| k == kind).map(|(_, n)| n.clone()).collect()
    }
}

fn is_watching(s: &Seen) -> bool {
    s.source.as_ref().is_some_and(|s| s.link == Link::Watching)
}

fn kinds(s: &Seen) -> Vec<String> {
    s.source.as_ref().map(|s| s.abilities.kinds.iter().map(ToString::to_string).collect()).unwrap_or_default()
}

fn apply(lab: &Lab, yaml: &str) {
    lab.kubectl_as(User::Admin, &["apply", "-f", "-"], yaml).unwrap_or_else(|said| panic!("apply: {said}"));
}

const DEFINITION: &str = "
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: databases.db.example.org}
spec:
  group: db.example.org
  scope: Namespaced
  names: {plural: databases, singular: database, kind: Database}
  versions:
  - name: v1
    served: true
    storage: true
    schema: {openAPIV3Schema: {type: object, x-kubernetes-preserve-unknown-fields: true}}
";
const DATABASE: &str = "
apiVersion: db.example.org/v1
kind: Database
metadata: {name: orders, namespace: shop}
status: {phase: Running}
";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_definition_is_installed_removed_and_installed_again_while_running() {
    let Some(lab) = Lab::get() else { return };
    let w = watch(&lab, &[], &["databases.db.example.org/v1"]);
    w.until("whole", 20, |s| s.wholes > 0 && is_watching(s)).await;
    assert!(!w.names("Rollout").is_empty() && w.names("Database").is_empty());
    println!("{}", w.now().source.as_ref().expect("told").holds);
    for round in 0..2 {
        apply(&lab, DEFINITION);
        lab.kubectl(&["wait", "--for=condition=Established", "crd/databases.db.example.org", "--timeout=30s"]);
        apply(&lab, DATABASE);
        w.until(&format!("the database, round {round}"), 90, |s| {
            s.targets.get(&("Database".into(), "orders".into())).is_some_and(|t| t.phase.word() == "healthy")
        })
        .await;
        w.until("its kind", 10, |s| kinds(s).iter().any(|k| k == "Database") && is_watching(s)).await;
        let rollouts = w.names("Rollout");
        lab.kubectl(&["delete", "crd", "databases.db.example.org", "--timeout=60s"]);
        w.until("its end", 30, |s| s.targets.keys().all(|(k, _)| k != "Database")).await;
        w.until("watching without it", 30, |s| is_watching(s) && !kinds(s).iter().any(|k| k == "Database")).await;
        assert_eq!(w.names("Rollout"), rollouts, "the rest is not touched");
    }
    assert!(!w.now().links.iter().any(|l| l == "Failed"), "{:?}", w.now().links);
}

fn curl(url: &str, body: &str) -> String {
    let out = std::process::Command::new("curl").args(["-s", url, "-d", body]).output().expect("curl");
    String::from_utf8_lossy(&out.stdout).into_owned()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn history_is_compacted_and_the_server_is_away_and_nothing_is_lost() {
    let Some(lab) = Lab::get() else { return };
    let deployment = |name: &str| {
        lab.kubectl(&["-n", "shop", "create", "deployment", name, "--image=registry.example.org/shop/x:1.0"]);
    };
    lab.kubectl_as(User::Admin, &["-n", "shop", "delete", "deployment", "--ignore-not-found", "gone-a", "gone-b"], "")
        .unwrap_or_else(|said| panic!("{said}"));
    deployment("gone-a");
    let w = watch(&lab, &["shop"], &[]);
    w.until("whole", 20, |s| s.wholes > 0 && is_watching(s)).await;
    w.until("the deployment", 10, |s| s.targets.contains_key(&("Deployment".into(), "gone-a".into()))).await;
    let rollouts = w.names("Rollout");
    let wholes = w.now().wholes;
    {
        let away = lab.stop_apiserver();
        w.until("a red source", 130, |s| s.source.as_ref().is_some_and(|s| matches!(s.link, Link::Failed(_)))).await;
        assert_eq!(w.names("Rollout"), rollouts, "the old rows stay");
        // All that was known becomes too old to go on from.
        let ports = std::fs::read_to_string(lab.state().join("ports")).expect("ports");
        println!("ports: {}", ports.replace('\n', " "));
        if let Some(etcd) = ports.lines().find_map(|l| l.to_lowercase().strip_prefix("etcd=").map(str::to_owned)) {
            let status = curl(&format!("http://127.0.0.1:{etcd}/v3/maintenance/status"), "{}");
            let v: serde_json::Value = serde_json::from_str(&status).expect("etcd answers");
            let revision = v["header"]["revision"].as_str().expect("a revision").to_owned();
            let body = format!(r#"{{"revision":"{revision}","physical":true}}"#);
            println!("compacted: {}", curl(&format!("http://127.0.0.1:{etcd}/v3/kv/compaction"), &body));
        } else {
            panic!("no etcd port in {ports}");
        }
        away.end();
    }
    lab.kubectl(&["-n", "shop", "delete", "deployment", "gone-a"]);
    deployment("gone-b");
    w.until("whole again", 60, |s| s.wholes > wholes && is_watching(s)).await;
    w.until("what happened meanwhile", 30, |s| {
        let there = |n: &str| s.targets.contains_key(&("Deployment".into(), n.into()));
        there("gone-b") && !there("gone-a")
    })
    .await;
    assert_eq!(w.names("Rollout"), rollouts);
    lab.kubectl(&["-n", "shop", "delete", "deployment", "gone-b"]);
    println!("{:?}", w.now().links);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_namespace_with_deployments_only_is_a_whole_source() {
    let Some(lab) = Lab::get() else { return };
    apply(&lab, "{apiVersion: v1, kind: Namespace, metadata: {name: plain}}");
    lab.kubectl(&[
        "-n",
        "plain",
        "create",
        "deployment",
        "api",
        "--image=registry.example.org/shop/x:1.0",
        "--replicas=3",
    ]);
    let w = watch(&lab, &["plain"], &[]);
    w.until("whole", 20, |s| s.wholes > 0 && is_watching(s)).await;
    w.until("healthy", 60, |s| {
        s.targets.get(&("Deployment".into(), "api".into())).is_some_and(|t| t.phase.word() == "healthy")
    })
    .await;
    let holds = w.now().source.as_ref().map(|s| s.holds.to_string());
    assert_eq!(holds.as_deref(), Some("1 deployment, 0 moving"));
    lab.kubectl(&["delete", "namespace", "plain", "--wait=false"]);
}
