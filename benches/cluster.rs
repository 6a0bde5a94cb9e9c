//! Two clusters as the console watches them: memory, processor, requests and the worst message, at the sizes of limits.md
//! section 5 (20,000 pods with 1,000 rollouts; 900 pods with 300 Deployments). The API servers are this program started
//! again, on loopback, so that what they need is not counted; they make their objects up as they are asked.
//!
//! `cargo bench --bench cluster`; `cargo bench --bench cluster -- --small` for a look whether it works.

use andon::backends::kubernetes::{Kubernetes, Settings};
use andon::backends::{Backend, Interest, Sink};
use andon::core::world::fact::Fact;
use andon::engine::clock::utc_now;
use andon::testkit::world;
use std::fmt::Write as _;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, mpsc};
use std::time::{Duration, Instant};

/// Of one cluster.
#[derive(Clone, Copy)]
struct Size {
    pods: usize,
    rollouts: usize,
    deployments: usize,
}

fn main() {
    let args: Vec<String> = std::env::args().collect();
    let after = |flag: &str| args.iter().position(|a| a == flag).map(|at| &args[at + 1..]);
    let size = |n: &[String]| {
        let n: Vec<usize> = n.iter().map_while(|n| n.parse().ok()).collect();
        Size { pods: n[0], rollouts: n[1], deployments: n[2] }
    };
    if let Some(rest) = after("--serve") {
        serve(size(rest));
    } else if let Some(rest) = after("--measure") {
        measure(size(&rest[..3]), rest[3].parse().expect("seconds"));
    } else {
        // In two clusters: half of everything each.
        let (scale, secs) = if args.iter().any(|a| a == "--small") { (20, "3") } else { (1, "60") };
        for (pods, rollouts, deployments) in [(20_000, 1_000, 0), (900, 0, 300)] {
            println!(
                "two clusters with {} pods, {} rollouts, {} Deployments",
                pods / scale,
                rollouts / scale,
                deployments / scale
            );
            let each: Vec<String> = [pods, rollouts, deployments].map(|n| (n / scale / 2).to_string()).into();
            let me = std::env::current_exe().expect("a path");
            let done = Command::new(me).arg("--measure").args(each).arg(secs).status().expect("started");
            assert!(done.success());
        }
    }
}

// ---- measuring ----

struct Server(Child);

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended; nothing depends on it.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn start(size: Size) -> (Server, String) {
    let me = std::env::current_exe().expect("a path");
    let counts = [size.pods, size.rollouts, size.deployments].map(|n| n.to_string());
    let mut child =
        Command::new(me).arg("--serve").args(counts).stdout(Stdio::piped()).spawn().expect("a second program");
    let mut port = String::new();
    BufReader::new(child.stdout.take().expect("piped")).read_line(&mut port).expect("its port");
    (Server(child), port.trim().to_owned())
}

fn status(field: &str) -> f64 {
    let all = std::fs::read_to_string("/proc/self/status").expect("Linux");
    let line = all.lines().find(|l| l.starts_with(field)).expect("a field of every process");
    line.split_whitespace().nth(1).and_then(|kb| kb.parse::<f64>().ok()).unwrap_or(0.0) / 1024.0
}

/// Of all threads that run now.
fn cpu() -> Duration {
    let tasks = std::fs::read_dir("/proc/self/task").expect("Linux").flatten();
    let one = |t: std::fs::DirEntry| {
        std::fs::read_to_string(t.path().join("schedstat")).ok()?.split_whitespace().next()?.parse::<u64>().ok()
    };
    Duration::from_nanos(tasks.filter_map(one).sum())
}

fn measure(size: Size, secs: u64) {
    let began = Instant::now();
    let before = status("VmRSS");
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().expect("a runtime");
    let (tx, facts) = mpsc::channel::<(&'static str, Fact)>();
    let mut servers = Vec::new();
    let mut wants = Vec::new();
    let dir = std::env::temp_dir();
    let mut files = Vec::new();
    for name in ["eu-1", "us-1"] {
        let (server, port) = start(size);
        let file = dir.join(format!("andon-cluster-{}-{port}.yaml", std::process::id()));
        let text = format!(
            "apiVersion: v1\nkind: Config\ncurrent-context: c\nclusters:\n- name: c\n  cluster: {{server: 'http://127.0.0.1:{port}'}}\n\
             users:\n- name: u\n  user: {{token: t}}\ncontexts:\n- name: c\n  context: {{cluster: c, user: u}}\n"
        );
        std::fs::write(&file, text).expect("a temporary file");
        let settings = Settings { kubeconfig: Some(file.clone()), ..Settings::of(name) };
        let k = Arc::new(Kubernetes::new(settings, Arc::new(utc_now)));
        let (want, rx) = tokio::sync::watch::channel(Interest::default());
        let tx = tx.clone();
        let sink = Sink::new(move |f| drop(tx.send((name, f))));
        runtime.spawn(async move {
            let e = k.observe(rx, sink).await;
            panic!("{name} ended: {e}");
        });
        servers.push(server);
        wants.push(want);
        files.push(file);
    }
    let asked = Instant::now();
    let mut w = world();
    let (mut wholes, mut worst, mut all, mut calls) = (0, Duration::ZERO, 0_u32, [0_u32; 2]);
    let mut fold = |w: &mut andon::testkit::World, name: &'static str, f: Fact| {
        all += 1;
        if let Fact::Source(s) = &f {
            calls[usize::from(name == "us-1")] = s.calls_per_min;
        }
        let whole = matches!(f, Fact::Whole(_));
        let began = Instant::now();
        w.fact(name, f);
        worst = worst.max(began.elapsed());
        (whole, worst, all, calls[0] + calls[1])
    };
    while wholes < 2 {
        let (name, f) = facts.recv_timeout(Duration::from_secs(120)).expect("both clusters whole within two minutes");
        wholes += usize::from(fold(&mut w, name, f).0);
    }
    println!("  whole after         {:>8.2} s", asked.elapsed().as_secs_f64());
    println!("  processor until then{:>8.2} s", cpu().as_secs_f64());
    println!("  targets             {:>8}", w.model.world.targets.len());
    println!(
        "  resident            {:>8.1} MB (peak {:.1}; {before:.1} at the start)",
        status("VmRSS"),
        status("VmHWM")
    );
    let (from, used) = (Instant::now(), cpu());
    let mut last = (false, Duration::ZERO, 0, 0);
    while from.elapsed() < Duration::from_secs(secs) {
        if let Ok((name, f)) = facts.recv_timeout(Duration::from_millis(100)) {
            last = fold(&mut w, name, f);
        }
    }
    let share = (cpu() - used).as_secs_f64() / from.elapsed().as_secs_f64() * 100.0;
    println!("  then, for {secs} s with 10 pod events a second in each:");
    println!("  processor           {share:>8.2} %");
    println!("  resident            {:>8.1} MB", status("VmRSS"));
    println!("  requests a minute   {:>8} (both; the first minute holds the lists)", last.3);
    println!(
        "  worst message       {:>8.3} ms of {} (fold in the model, not a frame)",
        last.1.as_secs_f64() * 1e3,
        last.2
    );
    println!("  took                {:>8.1} s", began.elapsed().as_secs_f64());
    files.iter().for_each(|f| drop(std::fs::remove_file(f)));
    drop(servers);
    // The tasks panic when their servers end: this is the end of them all.
    std::process::exit(0);
}

// ---- the API server ----

fn serve(size: Size) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    println!("{}", listener.local_addr().expect("bound").port());
    std::io::stdout().flush().expect("a reader");
    for stream in listener.incoming().flatten() {
        // A client that goes away is no failure of the server.
        std::thread::spawn(move || drop(answer(stream, size)));
    }
}

fn answer(mut out: TcpStream, size: Size) -> std::io::Result<()> {
    let mut lines = BufReader::new(out.try_clone()?);
    loop {
        let mut first = String::new();
        if lines.read_line(&mut first)? == 0 {
            return Ok(());
        }
        let mut length = 0;
        loop {
            let mut line = String::new();
            if lines.read_line(&mut line)? == 0 || line == "\r\n" {
                break;
            }
            if let Some(n) = line.to_ascii_lowercase().strip_prefix("content-length:") {
                length = n.trim().parse().unwrap_or(0);
            }
        }
        lines.read_exact(&mut vec![0; length])?;
        let target = first.split(' ').nth(1).unwrap_or("").to_owned();
        let (path, query) = target.split_once('?').unwrap_or((&target, ""));
        let of = |key: &str| query.split('&').find_map(|p| p.strip_prefix(key)?.strip_prefix('='));
        let plural = path.rsplit('/').next().unwrap_or("");
        if of("watch").is_some() {
            return follow(&mut out, plural, of("timeoutSeconds").and_then(|s| s.parse().ok()).unwrap_or(60), size);
        }
        let (code, body) = match path {
            "/version" => (200, r#"{"gitVersion":"v1.36.3"}"#.to_owned()),
            "/apis/argoproj.io/v1alpha1" => (200, r#"{"resources":[{"name":"rollouts","kind":"Rollout"}]}"#.to_owned()),
            _ => match count(plural, size) {
                Some(n) => {
                    let from = of("continue").and_then(|t| t.parse().ok()).unwrap_or(0_usize);
                    let most = of("limit").and_then(|t| t.parse().ok()).unwrap_or(n);
                    (200, page(plural, from, most, n, size))
                }
                None => (404, r#"{"kind":"Status","code":404,"message":"not found"}"#.to_owned()),
            },
        };
        write!(
            out,
            "HTTP/1.1 {code} X\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        )?;
    }
}

fn count(plural: &str, size: Size) -> Option<usize> {
    match plural {
        "pods" => Some(size.pods),
        "rollouts" => Some(size.rollouts),
        "deployments" => Some(size.deployments),
        "replicasets" => Some(size.rollouts + size.deployments),
        "statefulsets" | "daemonsets" | "controllerrevisions" | "horizontalpodautoscalers" | "leases" => Some(0),
        _ => None,
    }
}

fn page(plural: &str, from: usize, most: usize, n: usize, size: Size) -> String {
    let to = n.min(from + most);
    let more = if to < n { format!(r#","continue":"{to}","remainingItemCount":{}"#, n - to) } else { String::new() };
    let mut all = format!(r#"{{"kind":"List","metadata":{{"resourceVersion":"1000"{more}}},"items":["#);
    for i in from..to {
        all.push_str(if i > from { "," } else { "" });
        all.push_str(&object(plural, i, 1, size));
    }
    all.push_str("]}");
    all
}

/// Bookmarks, and of pods ten changes a second.
fn follow(out: &mut TcpStream, plural: &str, secs: u64, size: Size) -> std::io::Result<()> {
    write!(out, "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n")?;
    let mut line = |text: String| write!(out, "{:x}\r\n{text}\n\r\n", text.len() + 1);
    for beat in 1..secs * 10 {
        std::thread::sleep(Duration::from_millis(100));
        if plural == "pods" && size.pods > 0 {
            let i = usize::try_from(beat * 7919).unwrap_or(0) % size.pods;
            line(format!(r#"{{"type":"MODIFIED","object":{}}}"#, object(plural, i, beat, size)))?;
        }
        if beat % 100 == 0 {
            line(format!(r#"{{"type":"BOOKMARK","object":{{"metadata":{{"resourceVersion":"{}"}}}}}}"#, 1000 + beat))?;
        }
    }
    write!(out, "0\r\n\r\n")
}

/// What real objects are mostly made of, and nobody reads.
fn ballast() -> String {
    let mut all = String::from(r#""managedFields":[{"manager":"kubelet","fieldsV1":{"#);
    for i in 0..60 {
        let _ = write!(all, r#""k:{{\"name\":\"VARIABLE_{i}\"}}":{{".":{{}},"f:value":{{}}}},"#);
    }
    all + r#""f:x":{}}}]"#
}

fn object(plural: &str, i: usize, version: u64, size: Size) -> String {
    let owners = (size.rollouts + size.deployments).max(1);
    // Sets belong to the rollout or Deployment of their number, pods to the sets in turn.
    let of = i % owners;
    let rollout = of < size.rollouts;
    let hash = if rollout { "rollouts-pod-template-hash" } else { "pod-template-hash" };
    let app = format!("service-{of}");
    let space = format!("team-{}", of % 40);
    let labels = format!(r#""app":"{app}","team":"{space}","{hash}":"5f7b9d6c84""#);
    let meta = |name: &str, uid: &str, owner: &str| {
        format!(
            r#""metadata":{{"name":"{name}","namespace":"{space}","uid":"{uid}","generation":1,"resourceVersion":"{i}{version}","creationTimestamp":"2026-11-21T03:00:00Z","labels":{{{labels}}},"annotations":{{"deployment.kubernetes.io/revision":"1","rollout.argoproj.io/revision":"1"}},{}{owner}}}"#,
            ballast()
        )
    };
    let owner =
        |kind: &str, uid: &str| format!(r#","ownerReferences":[{{"kind":"{kind}","uid":"{uid}","controller":true}}]"#);
    let env: String =
        (0..15).map(|n| format!(r#"{{"name":"VARIABLE_{n}","value":"the value of number {n} of {app}"}},"#)).collect();
    let spec = format!(
        r#""containers":[{{"name":"{app}","image":"registry.example.org/shop/{app}:1.0","env":[{env}{{"name":"Z"}}]}}]"#
    );
    let template = format!(r#""template":{{"metadata":{{"labels":{{{labels}}}}},"spec":{{{spec}}}}}"#);
    match plural {
        "pods" => {
            let waits = version % 3 == 2;
            let state = if waits { r#"{"waiting":{"reason":"CrashLoopBackOff"}}"# } else { r#"{"running":{}}"# };
            format!(
                r#"{{{},"spec":{{{spec}}},"status":{{"phase":"Running","conditions":[{{"type":"Ready","status":"{}"}}],"containerStatuses":[{{"ready":{},"restartCount":0,"imageID":"registry.example.org/shop/{app}@sha256:{of:064x}","state":{state}}}]}}}}"#,
                meta(&format!("{app}-5f7b9d6c84-{i:05}"), &format!("p-{i}"), &owner("ReplicaSet", &format!("s-{of}"))),
                if waits { "False" } else { "True" },
                !waits
            )
        }
        "replicasets" => {
            let kind = if rollout { "Rollout" } else { "Deployment" };
            format!(
                r#"{{{},"spec":{{"replicas":20,{template}}},"status":{{"replicas":20,"readyReplicas":20,"availableReplicas":20}}}}"#,
                meta(&format!("{app}-5f7b9d6c84"), &format!("s-{of}"), &owner(kind, &format!("o-{of}")))
            )
        }
        "rollouts" => format!(
            r#"{{{},"spec":{{"replicas":20,{template},"strategy":{{"canary":{{"steps":[{{"setWeight":20}},{{"pause":{{}}}},{{"setWeight":60}},{{"pause":{{"duration":"10m"}}}}]}}}}}},"status":{{"observedGeneration":"1","phase":"Healthy","currentPodHash":"5f7b9d6c84","stableRS":"5f7b9d6c84","currentStepIndex":4,"replicas":20,"updatedReplicas":20,"availableReplicas":20,"conditions":[{{"type":"Progressing","status":"True","reason":"NewReplicaSetAvailable","message":"ReplicaSet has successfully progressed.","lastUpdateTime":"2026-11-21T03:00:00Z"}}]}}}}"#,
            meta(&app, &format!("o-{of}"), "")
        ),
        _ => {
            let of = i + size.rollouts;
            let app = format!("service-{of}");
            format!(
                r#"{{{},"spec":{{"replicas":3,"selector":{{"matchLabels":{{"app":"{app}"}}}},{template}}},"status":{{"observedGeneration":1,"replicas":3,"updatedReplicas":3,"readyReplicas":3,"availableReplicas":3}}}}"#,
                meta(&app, &format!("o-{of}"), "")
            )
        }
    }
}
