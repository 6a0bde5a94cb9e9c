//! andon on real servers, by a stopwatch at the terminal's end (limits.md section 5): from exec to a useful Board, from
//! a change on the server to its place on the screen, and from exec to the first true verdict over a link of 100 ms.
//!
//! Wants the lab: `eval "$(tests/lab/up --state DIR)"`, `tests/lab/seed`, `eval "$(tests/lab/metrics-up --state DIR)"`.
//! `cargo bench --bench server -- board` makes 300 Deployments of 3 pods in a namespace of its own and measures the
//! first two; beside it stand `kubectl` and, after `tests/lab/build plugin`, `kubectl argo rollouts get --watch`.
//! `cargo bench --bench server -- verdict checkout` measures the third on a Rollout of the lab that somebody started
//! long enough ago (half an hour is what the limit asks for).

mod harness;

use harness::{home, process, pty, screen};
use home::Home;
use pty::Pty;
use serde_json::json;
use std::io::{BufRead as _, BufReader, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::sleep;
use std::time::{Duration, Instant};

const NAMESPACE: &str = "board";
const DEPLOYMENTS: usize = 300;
const PODS_EACH: usize = 3;
const TRIES: usize = 20;
const CHANGES: usize = 40;
/// There and back.
const LINK: Duration = Duration::from_millis(100);

fn main() {
    let args: Vec<String> = std::env::args().skip(1).filter(|a| !a.starts_with("--")).collect();
    let Ok(kubeconfig) = std::env::var("KUBECONFIG") else {
        println!("server: no lab is up (KUBECONFIG); the head of benches/server.rs tells how");
        return;
    };
    match args.first().map(String::as_str) {
        Some("board") => board(&kubeconfig),
        Some("verdict") => verdict(&kubeconfig, args.get(1).map_or("checkout", |a| a)),
        _ => println!("server: board | verdict SERVICE"),
    }
}

fn kubectl(args: &[&str], input: &str) -> String {
    let mut child = Command::new("kubectl")
        .args(args)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("kubectl is on PATH");
    child.stdin.take().expect("piped").write_all(input.as_bytes()).expect("kubectl reads");
    let out = child.wait_with_output().expect("it ends");
    assert!(out.status.success(), "kubectl {}", args.join(" "));
    String::from_utf8_lossy(&out.stdout).into_owned()
}

fn said(what: &str, mut took: Vec<Duration>) {
    took.sort_unstable();
    let ms = |d: &Duration| d.as_secs_f64() * 1e3;
    let (middle, worst) = (took.len() / 2, took.len() * 95 / 100);
    println!("  {what:<58} median {:>7.1} ms   p95 {:>7.1} ms   n {}", ms(&took[middle]), ms(&took[worst]), took.len());
}

/// Until `good` holds on the screen, looked at every half millisecond.
fn until(pty: &Pty, what: &str, good: impl Fn(&screen::Grid) -> bool) {
    let end = Instant::now() + Duration::from_secs(60);
    while !pty.look(&good) {
        assert!(Instant::now() < end, "never {what}:\n{}", pty.screen().join("\n"));
        sleep(Duration::from_micros(500));
    }
}

/// Without telemetry, on one namespace.
fn home(kubeconfig: &str, namespace: &str, prom: Option<&str>, service: &str) -> Home {
    let home = Home::new("server");
    let metrics = prom.map_or(String::new(), |url| {
        format!("[source.metrics]\ntype = \"prometheus\"\nurl = \"{url}\"\n[source.metrics.queries]\nscrape = \"2s\"\n")
    });
    let sources = if prom.is_some() { r#""eu-1", "metrics""# } else { r#""eu-1""# };
    home.config(&format!(
        "[environment.lab]\nsources = [{sources}]\nproduction = true\n[source.eu-1]\ntype = \"kubernetes\"\n\
         context = \"lab-admin\"\nnamespaces = [\"{namespace}\"]\n{metrics}\
         [service.{service}]\ntier = 2\nslo = {{ objective = 99.9, window = \"30d\" }}\n"
    ));
    let text = std::fs::read_to_string(kubeconfig).expect("the lab's kubeconfig");
    home.file(".kube/config", &text);
    home
}

fn andon(home: &Home) -> Pty {
    home.andon_with(&[], &[], 80, 23)
}

fn fleet() {
    let deployment = |n: usize| {
        let name = format!("svc-{n:03}");
        let container = json!({"name": "main", "image": format!("registry.example.org/{name}:1.0")});
        json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": name, "namespace": NAMESPACE},
            "spec": {"replicas": PODS_EACH, "selector": {"matchLabels": {"app": name}},
                "template": {"metadata": {"labels": {"app": name}}, "spec": {"containers": [container]}}}})
    };
    let mut items = vec![json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE}})];
    items.extend((0..DEPLOYMENTS).map(deployment));
    // Belongs to an instance of the controller that does not run: its status is whatever this bench says.
    let pause = json!({"pause": {}});
    let steps = [json!({"setWeight": 10}), pause.clone(), json!({"setWeight": 20}), pause];
    items.push(json!({"apiVersion": "argoproj.io/v1alpha1", "kind": "Rollout",
        "metadata": {"name": "moves", "namespace": NAMESPACE,
            "labels": {"argo-rollouts.argoproj.io/controller-instance-id": "nobody"}},
        "spec": {"replicas": 2, "selector": {"matchLabels": {"app": "moves"}},
            "template": {"metadata": {"labels": {"app": "moves"}},
                "spec": {"containers": [{"name": "main", "image": "registry.example.org/moves:1.0"}]}},
            "strategy": {"canary": {"steps": steps}}}}));
    let list = json!({"apiVersion": "v1", "kind": "List", "items": items});
    kubectl(&["apply", "--server-side", "--force-conflicts", "-f", "-"], &list.to_string());
    let end = Instant::now() + Duration::from_secs(300);
    loop {
        let ready =
            kubectl(&["-n", NAMESPACE, "get", "pods", "-o", "name", "--field-selector=status.phase=Running"], "");
        let pods = ready.lines().count();
        if pods >= DEPLOYMENTS * PODS_EACH {
            println!("{DEPLOYMENTS} Deployments, {pods} pods");
            return;
        }
        assert!(Instant::now() < end, "{pods} pods run");
        sleep(Duration::from_secs(2));
    }
}

fn board(kubeconfig: &str) {
    fleet();
    let proxy = Proxy::start();
    let wanted = format!("{DEPLOYMENTS} more");
    proxy.step(1);
    let home = home(kubeconfig, NAMESPACE, None, "moves");
    let useful = |g: &screen::Grid| g.contains(&wanted) && g.contains("canary 10% 1/4");
    let took = (0..TRIES).map(|_| {
        let began = Instant::now();
        let pty = andon(&home);
        until(&pty, "a useful Board", useful);
        began.elapsed()
    });
    said("exec to a useful Board, andon", took.collect());
    let took = (0..TRIES).map(|_| {
        let began = Instant::now();
        kubectl(&["-n", NAMESPACE, "get", "deployments"], "");
        began.elapsed()
    });
    said("exec to the end, kubectl get deployments", took.collect());

    let pty = andon(&home);
    until(&pty, "a useful Board", useful);
    sleep(Duration::from_secs(6));
    changes("a change to the screen, andon", &proxy, &pty, &["canary 10% 1/4", "canary 20% 3/4"]);
    let there = Command::new("kubectl-argo-rollouts").arg("version").output().is_ok();
    if !there {
        println!("  kubectl argo rollouts is not built (tests/lab/build plugin)");
        return;
    }
    let args = ["get", "rollout", "moves", "-n", NAMESPACE, "--watch", "--no-color"];
    let pty = Pty::spawn("kubectl-argo-rollouts", &args, &[("KUBECONFIG", kubeconfig)], 100, 40);
    until(&pty, "the plugin's page", |g| g.contains("Step:"));
    sleep(Duration::from_secs(3));
    changes("a change to the screen, kubectl argo rollouts get --watch", &proxy, &pty, &["1/4", "3/4"]);
}

/// From the request that changes it to the screen that shows it, a moment of quiet before each.
fn changes(what: &str, proxy: &Proxy, pty: &Pty, shown: &[&str; 2]) {
    proxy.step(1);
    until(pty, shown[0], |g| g.contains(shown[0]));
    let took = (1..=CHANGES).map(|n| {
        sleep(Duration::from_millis(700 + 37 * (n as u64 % 10)));
        let next = n % 2;
        let began = Instant::now();
        proxy.step([1, 3][next]);
        until(pty, shown[next], |g| g.contains(shown[next]));
        began.elapsed()
    });
    said(what, took.collect());
}

/// `kubectl proxy`: plain HTTP to the API server, so that a request costs no program's start.
struct Proxy {
    child: Child,
    port: u16,
}

impl Proxy {
    fn start() -> Proxy {
        let mut child =
            Command::new("kubectl").args(["proxy", "--port=0"]).stdout(Stdio::piped()).spawn().expect("kubectl");
        let mut line = String::new();
        BufReader::new(child.stdout.take().expect("piped")).read_line(&mut line).expect("it says where");
        let port = line.trim().rsplit(':').next().and_then(|p| p.parse().ok()).expect("a port");
        Proxy { child, port }
    }

    fn step(&self, index: u32) {
        let since = "2026-01-01T00:00:00Z";
        let body = json!({"status": {"phase": "Paused", "message": "CanaryPauseStep", "currentPodHash": "bbbbbbbbbb",
            "stableRS": "aaaaaaaaaa", "currentStepIndex": index, "observedGeneration": "1",
            "pauseConditions": [{"reason": "CanaryPauseStep", "startTime": since}]}})
        .to_string();
        let path = format!("/apis/argoproj.io/v1alpha1/namespaces/{NAMESPACE}/rollouts/moves/status");
        let mut to = TcpStream::connect(("127.0.0.1", self.port)).expect("the proxy listens");
        write!(
            to,
            "PATCH {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\
             Content-Type: application/merge-patch+json\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        )
        .expect("it takes the request");
        let mut answer = String::new();
        to.read_to_string(&mut answer).expect("it answers");
        assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn verdict(kubeconfig: &str, service: &str) {
    let prom = std::env::var("ANDON_LAB_PROM").expect("tests/lab/metrics-up");
    let server = kubectl(&["config", "view", "--minify", "-o", "jsonpath={.clusters[0].cluster.server}"], "");
    let port = |url: &str| url.trim().rsplit(':').next().and_then(|p| p.parse().ok()).expect("a port");
    let since = kubectl(
        &[
            "-n",
            "shop",
            "get",
            "replicasets",
            "-l",
            &format!("app={service}"),
            "-o",
            "jsonpath={.items[*].metadata.creationTimestamp}",
        ],
        "",
    );
    println!("{service}; its ReplicaSets were made at {since}");
    let words = ["WORSE", "HIGHER", "SAME", "BETTER"];
    let judged =
        |g: &screen::Grid| words.iter().any(|w| g.lines().iter().any(|l| l.contains(service) && l.contains(w)));
    for (what, link) in [("on loopback", Duration::ZERO), ("over a link of 100 ms", LINK)] {
        let (api, metrics) = (far(port(&server), link), far(port(&prom), link));
        let text = std::fs::read_to_string(kubeconfig).expect("the lab's kubeconfig");
        let moved = text.replace(server.trim(), &format!("https://127.0.0.1:{api}"));
        let home = home(kubeconfig, "shop", Some(&format!("http://127.0.0.1:{metrics}")), service);
        home.file(".kube/config", &moved);
        let mut shown = String::new();
        let took = (0..TRIES / 2).map(|_| {
            let began = Instant::now();
            let pty = andon(&home);
            until(&pty, "a verdict", judged);
            let took = began.elapsed();
            let line = |l: &String| l.contains(service) && words.iter().any(|w| l.contains(w));
            shown = pty.screen().into_iter().find(line).unwrap_or_default();
            took
        });
        let took = took.collect();
        said(&format!("exec to the first verdict, {what}"), took);
        println!("    {}", shown.trim());
    }
}

/// A port that leads to `port` with half of `link` on each way; a connection costs one way there and back first.
fn far(port: u16, link: Duration) -> u16 {
    let here = TcpListener::bind("127.0.0.1:0").expect("a port");
    let at = here.local_addr().expect("bound").port();
    std::thread::spawn(move || {
        for from in here.incoming().flatten() {
            let Ok(to) = TcpStream::connect(("127.0.0.1", port)) else { continue };
            for s in [&from, &to] {
                let _ = s.set_nodelay(true);
            }
            let both = (from.try_clone(), to.try_clone());
            let (Ok(from2), Ok(to2)) = both else { continue };
            carry(from, to, link / 2, link);
            carry(to2, from2, link / 2, Duration::ZERO);
        }
    });
    at
}

/// What is read is written `later`; the first of it `first` later still.
fn carry(mut from: TcpStream, mut to: TcpStream, later: Duration, first: Duration) {
    let (queue, due): (Sender<(Instant, Vec<u8>)>, Receiver<_>) = channel();
    let opened = Instant::now() + first;
    std::thread::spawn(move || {
        let mut bytes = vec![0; 64 * 1024];
        while let Ok(n @ 1..) = from.read(&mut bytes) {
            let at = Instant::now().max(opened) + later;
            if queue.send((at, bytes[..n].to_vec())).is_err() {
                return;
            }
        }
    });
    std::thread::spawn(move || {
        for (at, bytes) in due {
            sleep(at.saturating_duration_since(Instant::now()));
            if to.write_all(&bytes).is_err() {
                return;
            }
        }
        let _ = to.shutdown(Shutdown::Write);
    });
}
