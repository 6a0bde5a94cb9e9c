//! What stands behind a target: asked while it is looked at, let go after; and what the Kubernetes backend makes of a
//! server's answers. A kubelet's log is only ever the fake server's here and in the lab.

use andon::backends::kubernetes::{Kubernetes, Settings, Timing};
use andon::backends::{Backend, Cx, Interest, Lane, Query, Sink};
use andon::core::act::mark::Mark;
use andon::core::effect::{Effect, Question};
use andon::core::id::TargetId;
use andon::core::nav::Screen;
use andon::core::time::Utc;
use andon::core::world::evidence::{Evidence, LogChunk, LogsOf, Raw, Track, Whose};
use andon::core::world::fact::Fact;
use andon::core::world::wayback::{CheckState, WayBack};
use andon::testkit::drill::Run;
use andon::testkit::fake_kube::FakeKube;
use serde_json::{Value, json};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

// ---- the console ----

fn asked(run: &Run, of: fn(&Question) -> bool) -> usize {
    run.effects.iter().filter(|e| matches!(e, Effect::Ask { question, .. } if of(question))).count()
}

fn interests(run: &Run) -> Vec<&Interest> {
    run.effects.iter().filter_map(|e| if let Effect::Interest(i) = e { Some(&**i) } else { None }).collect()
}

#[test]
fn evidence_is_asked_as_long_as_it_is_looked_at() {
    let of = |q: &Question| matches!(q, Question::Evidence(_));
    let mut run = Run::new("f1", 3);
    run.choose("checkout");
    assert_eq!(asked(&run, of), 0, "nobody looked");
    run.keys("e");
    assert_eq!((run.model.nav.screen, asked(&run, of)), (Screen::Evidence, 1));
    let e = run.model.looked.evidence.clone().expect("answered");
    assert_eq!(&*e.target.name, "checkout");
    let moving = run.target("checkout").candidate_revision().expect("it moves").replicas.existing as usize;
    assert_eq!(e.instances.iter().filter(|i| i.track == Track::Candidate).count(), moving);
    run.wait(60_000);
    let n = asked(&run, of);
    assert!((6..=8).contains(&n), "every ten seconds, {n} in a minute");
    run.keys("v");
    assert!(run.model.looked.evidence.is_none() && run.model.interest.evidence.is_none(), "let go");
    run.wait(30_000);
    assert_eq!(asked(&run, of), n);
    assert_eq!(interests(&run).last().and_then(|i| i.evidence.as_ref()), None);
}

#[test]
fn a_source_that_fails_leaves_the_last_reading_and_says_why() {
    let mut run = Run::new("f1", 3);
    run.choose("checkout");
    run.keys("e");
    let before = run.model.looked.evidence.clone().expect("answered");
    run.blind = true;
    run.wait(11_000);
    assert_eq!(run.model.looked.evidence.as_ref().expect("kept").at, before.at);
    assert!(run.model.looked.asked.failed.as_ref().is_some_and(|f| f.1.contains("no answer")));
    run.blind = false;
    run.wait(11_000);
    assert!(run.model.looked.asked.failed.is_none());
}

#[test]
fn log_lines_follow_stand_still_when_scrolled_and_end_with_the_look() {
    let mut run = Run::new("f1", 3);
    run.wait(70_000);
    run.choose("checkout");
    run.keys("L");
    let of = run.model.interest.logs.clone().expect("followed");
    assert_eq!(of.whose, Whose::Tracks);
    let (first, streams) = (run.model.looked.held(), run.model.looked.lines.len());
    assert!(first > 100 && streams >= 5, "{first} lines of {streams} streams");
    let bad = |run: &Run| {
        let new = run.model.looked.lines.iter().filter(|l| l.track == Track::Candidate);
        new.flat_map(|l| &l.lines).filter(|l| l.text.starts_with("ERROR")).count()
    };
    assert!(bad(&run) > 0, "the drill's failures are in its lines");
    run.wait(10_000);
    assert!(run.model.looked.held() > first, "it follows");
    run.keys("k k");
    let back = |run: &Run| match &run.model.nav.overlay {
        Some(andon::core::nav::Overlay::Lines(l)) => l.back,
        other => panic!("{other:?}"),
    };
    let at = back(&run);
    let held = run.model.looked.held();
    run.wait(10_000);
    assert_eq!(u64::from(back(&run) - at), (run.model.looked.held() - held) as u64, "what is read stands still");
    run.keys("G");
    assert_eq!(back(&run), 0);
    run.keys("s");
    assert!(run.model.interest.logs.as_ref().is_some_and(|l| l.since_deploy));
    run.keys("p");
    assert!(run.model.looked.lines.iter().all(|l| l.ended.is_some() && l.lines.is_empty()));
    run.keys("esc");
    assert!(run.model.interest.logs.is_none() && run.model.looked.lines.is_empty());
    assert!(run.model.nav.overlay.is_none());
}

#[test]
fn ways_back_are_looked_at_all_the_time_and_not_too_often() {
    let of = |q: &Question| matches!(q, Question::WayBack(_));
    let mut run = Run::new("f1", 3);
    let moving = run.model.world.targets.values().filter(|t| t.is_moving()).count();
    assert_eq!(moving, 3);
    run.wait(2_000);
    assert_eq!((asked(&run, of), run.model.world.ways_back.len()), (moving, moving), "at once when it moves");
    run.wait(300_000);
    let n = asked(&run, of);
    assert!((moving * 5..=moving * 7).contains(&n), "once a minute each: {n} in five minutes");
    let t = run.target("checkout");
    let r = andon::core::judge::readiness::of(&run.model.world, t, run.model.utc());
    assert_eq!(r.count(), (8, 8), "{:#?}", r.checks);
    // Its source goes quiet: what was found stays, then counts for nothing.
    run.blind = true;
    run.wait(240_000);
    let t = run.target("checkout");
    let r = andon::core::judge::readiness::of(&run.model.world, t, run.model.utc());
    assert_eq!(r.count(), (2, 8), "{:#?}", r.checks);
    assert!(r.checks.iter().any(|c| c.how.contains("too old to count")));
}

#[test]
fn the_object_is_read_once_for_a_look() {
    let of = |q: &Question| matches!(q, Question::Raw(_));
    let mut run = Run::new("f1", 3);
    run.choose("checkout");
    run.keys("u");
    assert!(run.model.looked.raw.as_ref().is_some_and(|r| r.text.contains("currentPodHash")));
    run.wait(30_000);
    assert_eq!(asked(&run, of), 1);
    run.keys("esc");
    assert!(run.model.looked.raw.is_none());
}

// ---- Kubernetes before its fake server ----

const CX: Cx = Cx { deadline: Duration::from_secs(60), lane: Lane::Refresh };

fn fixture(name: &str) -> Value {
    let path = format!("{}/src/backends/kubernetes/fixtures/{name}.json", env!("CARGO_MANIFEST_DIR"));
    serde_json::from_str(&std::fs::read_to_string(&path).expect(&path)).expect(&path)
}

fn backend(f: &FakeKube) -> Arc<Kubernetes> {
    let settings =
        Settings { kubeconfig: Some(f.kubeconfig.clone()), namespaces: vec!["shop".into()], ..Settings::of("eu-1") };
    let timing = Timing {
        watch_secs: 5,
        idle: Duration::from_secs(3),
        call: Duration::from_secs(2),
        backoff_first: Duration::from_millis(20),
        backoff_most: Duration::from_millis(100),
    };
    let now = Utc::read("2026-11-21T06:30:00Z").expect("a time");
    Arc::new(Kubernetes::with_timing(settings, Arc::new(move || now), timing))
}

/// The recorded canary with its sets, pods and events.
fn recorded(f: &FakeKube) -> TargetId {
    let r = fixture("live-argo-rollout-canary-paused-step1-weight20");
    let uid = r["metadata"]["uid"].as_str().expect("uid").to_owned();
    f.put("rollouts", r);
    for (plural, file) in [
        ("replicasets", "live-argo-replicasets-of-canary-rollout"),
        ("pods", "live-argo-pods-of-canary-rollout"),
        ("events", "live-argo-events-of-canary-rollout"),
    ] {
        for v in fixture(file)["items"].as_array().expect("a list") {
            f.put(plural, v.clone());
        }
    }
    TargetId {
        source: "eu-1".into(),
        namespace: "shop".into(),
        kind: "Rollout".into(),
        name: "checkout".into(),
        uid: uid.into(),
    }
}

async fn evidence(k: &Kubernetes, id: &TargetId) -> Evidence {
    match k.ask(&Query::Evidence(id.clone()), &CX).await.expect("answered").remove(0) {
        Fact::Evidence(e) => *e,
        other => panic!("{other:?}"),
    }
}

async fn way_back(k: &Kubernetes, id: &TargetId) -> WayBack {
    match k.ask(&Query::WayBack(id.clone()), &CX).await.expect("answered").remove(0) {
        Fact::WayBack(w) => w,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn pods_and_events_are_told_by_version_and_what_may_not_be_read_names_its_right() {
    let f = FakeKube::start().await;
    let id = recorded(&f);
    let k = backend(&f);
    let e = evidence(&k, &id).await;
    let of = |t: Track| e.instances.iter().filter(|i| i.track == t).count();
    assert!(of(Track::Candidate) == 1 && of(Track::Stable) == 1 && of(Track::Old) == 0, "{:#?}", e.instances);
    assert!(e.events.len() > 5 && e.unread.is_empty(), "{:?} {:?}", e.events, e.unread);
    // One of them crashes now, and somebody's probe says so.
    let name = e.instances.iter().find(|i| i.track == Track::Stable).expect("one").name.clone();
    f.change("pods", "shop", &name, |p| {
        p["status"]["containerStatuses"][0] = json!({"name": "checkout", "ready": false, "restartCount": 4,
            "state": {"running": {}}, "lastState": {"terminated": {"exitCode": 137, "reason": "OOMKilled"}}});
    });
    let uid = f.get("pods", "shop", &name).expect("there")["metadata"]["uid"].clone();
    f.put("events", json!({"metadata": {"name": "probe", "namespace": "shop"}, "reason": "Unhealthy", "type": "Warning", "count": 7,
        "message": "Readiness probe failed: HTTP probe failed with statuscode: 500", "lastTimestamp": "2026-11-21T06:29:00Z",
        "involvedObject": {"kind": "Pod", "name": &*name, "uid": uid}}));
    let e = evidence(&k, &id).await;
    let bad = e.instances.iter().find(|i| i.name == name).expect("there");
    assert_eq!((bad.why.as_deref(), bad.last_end.as_deref()), (Some("Readiness probe"), Some("OOMKilled (137)")));
    assert_eq!((&*bad.probes[0].reason, bad.probes[0].count), ("Readiness", 7));
    assert_eq!((&*e.events[0].reason, e.events[0].count), ("Unhealthy", 7));
    assert!(e.probes[0].starts_with("Readiness failed 7x on 1 pod of stable"), "{:?}", e.probes);
    for right in ["list pods", "list events"] {
        f.deny(right);
    }
    let e = evidence(&k, &id).await;
    let want = ["pods: needs the right `list pods` in shop", "events: needs the right `list events` in shop"];
    assert_eq!(e.unread.iter().map(|u| &**u).collect::<Vec<_>>(), want);
    f.delete("rollouts", "shop", "checkout", true);
    let gone = k.ask(&Query::Evidence(id), &CX).await.expect_err("gone");
    assert!(gone.sentence.contains("not found"), "{gone}");
}

#[tokio::test]
async fn the_raw_object_holds_no_secret() {
    let f = FakeKube::start().await;
    let id = recorded(&f);
    f.change("rollouts", "shop", "checkout", |r| {
        r["metadata"]["managedFields"] = json!([{"manager": "kubectl-edit", "operation": "Update", "time": "2026-11-21T06:24:22Z",
            "fieldsV1": {"f:spec": {"f:paused": {}}}}]);
        r["spec"]["template"]["spec"]["containers"][0]["env"] = json!([{"name": "KEY", "value": "hunter2-hunter2"}]);
    });
    let k = backend(&f);
    let raw: Raw = match k.ask(&Query::Raw(id), &CX).await.expect("answered").remove(0) {
        Fact::Raw(r) => *r,
        other => panic!("{other:?}"),
    };
    assert!(!raw.text.contains("hunter2") && !raw.text.contains("managedFields"), "{}", raw.text);
    assert_eq!(&*raw.managers[0], "kubectl-edit, 2026-11-21T06:24:22Z: spec.paused");
}

struct Followed {
    want: tokio::sync::watch::Sender<Interest>,
    got: Arc<Mutex<Vec<LogChunk>>>,
    task: tokio::task::JoinHandle<andon::core::world::source::SourceError>,
}

impl Drop for Followed {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Followed {
    fn of(k: &Arc<Kubernetes>, logs: LogsOf) -> Followed {
        let got: Arc<Mutex<Vec<LogChunk>>> = Arc::default();
        let into = got.clone();
        let (want, rx) = tokio::sync::watch::channel(Interest { logs: Some(logs), ..Interest::default() });
        let sink = Sink::new(move |fact| {
            if let Fact::Logs(l) = fact {
                into.lock().expect("lock").push(*l);
            }
        });
        Followed { task: tokio::spawn(k.clone().observe(rx, sink)), want, got }
    }

    fn texts(&self, pod: &str) -> Vec<String> {
        let got = self.got.lock().expect("lock");
        got.iter().filter(|l| *l.instance == *pod).flat_map(|l| &l.lines).map(|l| l.text.to_string()).collect()
    }

    async fn until(&self, what: &str, holds: impl Fn(&Followed) -> bool) {
        let began = Instant::now();
        while !holds(self) {
            assert!(began.elapsed() < Duration::from_secs(60), "no {what}: {:#?}", self.got.lock().expect("lock"));
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }
}

#[tokio::test]
async fn lines_are_followed_once_each_and_end_when_nobody_looks() {
    let f = FakeKube::start().await;
    let target = recorded(&f);
    let k = backend(&f);
    let pods: Vec<String> = evidence(&k, &target).await.instances.iter().map(|i| i.name.to_string()).collect();
    let (new, old) = (&pods[0], &pods[1]);
    for pod in &pods {
        f.log(pod, "2026-11-21T06:24:30.000000001Z", "hello");
    }
    f.log(new, "2026-11-21T06:24:31.5Z", "token=ghp_abcdefghijklmnopqrstuvwxyz0123456789 refused");
    let of = LogsOf { target: target.clone(), whose: Whose::Tracks, previous: false, since_deploy: false };
    let w = Followed::of(&k, of.clone());
    w.until("first lines", |w| w.texts(new).len() == 2 && w.texts(old).len() == 1).await;
    assert!(!w.texts(new)[1].contains("ghp_"), "{:?}", w.texts(new));
    f.log(new, "2026-11-21T06:24:32.000000000Z", "more");
    w.until("a new line", |w| w.texts(new).len() == 3).await;
    {
        let got = w.got.lock().expect("lock");
        let last = got.iter().rev().find(|l| *l.instance == **new && !l.lines.is_empty()).expect("there");
        assert_eq!((last.first_seq, last.track, &*last.container), (2, Track::Candidate, "checkout"));
    }
    // Nobody looks: the streams end, and what is written then is not fetched.
    w.want.send_modify(|i| i.logs = None);
    let asked = || f.asked().iter().filter(|a| a.path.contains("/log?")).count();
    let n = asked();
    assert_eq!(n, pods.len());
    assert!(
        f.asked()
            .iter()
            .filter(|a| a.path.contains("/log?"))
            .all(|a| a.path.contains("follow=true&") || a.path.ends_with("follow=true"))
    );
    // One pod alone, from the change on.
    w.want.send_modify(|i| {
        i.logs = Some(LogsOf { whose: Whose::Instance(new.as_str().into()), since_deploy: true, ..of.clone() });
    });
    w.until("the same from its beginning", |w| w.texts(new).len() == 6).await;
    assert_eq!(asked(), n + 1);
    let last = f.asked().iter().rev().find(|a| a.path.contains("/log?")).expect("asked").path.clone();
    assert!(last.contains("sinceTime=2026-11-21T06%3A24%3A") && last.contains("tailLines=4000"), "{last}");
}

#[tokio::test]
async fn a_log_that_cannot_be_read_says_why() {
    let f = FakeKube::start().await;
    let target = recorded(&f);
    let k = backend(&f);
    let pod = evidence(&k, &target).await.instances[0].name.clone();
    let of = LogsOf { target, whose: Whose::Instance(pod.clone()), previous: false, since_deploy: false };
    let ended = |w: &Followed| w.got.lock().expect("lock").iter().rev().find_map(|l| l.ended.clone());
    let w = Followed::of(&k, of.clone());
    w.until("an end", |w| ended(w).is_some()).await;
    assert!(ended(&w).is_some_and(|e| e.contains("waiting to start")), "{:?}", ended(&w));
    f.deny("get pods/log");
    f.log_before(&pod, "2026-11-21T06:20:00Z", "panic");
    w.want.send_modify(|i| i.logs = Some(LogsOf { previous: true, ..of.clone() }));
    w.until("the right", |w| ended(w).is_some_and(|e| e.contains("`get pods/log` in shop"))).await;
    let once = k.ask(&Query::Logs(of), &CX).await.expect("answered");
    assert!(matches!(&once[0], Fact::Logs(l) if l.ended.as_deref().is_some_and(|e| e.contains("get pods/log"))));
}

#[tokio::test]
async fn the_way_back_is_read_from_what_the_old_version_needs() {
    let f = FakeKube::start().await;
    let id = recorded(&f);
    let k = backend(&f);
    let stable =
        f.get("rollouts", "shop", "checkout").expect("there")["status"]["stableRS"].as_str().expect("hash").to_owned();
    let set = format!("checkout-{stable}");
    // One stable pod is in the recording.
    f.change("rollouts", "shop", "checkout", |r| r["spec"]["replicas"] = json!(1));
    f.change("replicasets", "shop", &set, |s| {
        let spec = &mut s["spec"]["template"]["spec"];
        spec["imagePullSecrets"] = json!([{"name": "regcred"}]);
        spec["containers"][0]["envFrom"] = json!([{"configMapRef": {"name": "app"}}]);
        spec["containers"][0]["resources"] = json!({"requests": {"cpu": "500m"}});
    });
    f.put(
        "secrets",
        json!({"metadata": {"name": "regcred", "namespace": "shop", "creationTimestamp": "2026-11-01T00:00:00Z"}}),
    );
    f.put(
        "configmaps",
        json!({"metadata": {"name": "app", "namespace": "shop", "creationTimestamp": "2026-11-01T00:00:00Z"}}),
    );
    let state = |w: &WayBack, name: &str| {
        let c = w.checks.iter().find(|c| *c.name == *name).unwrap_or_else(|| panic!("no {name}: {:#?}", w.checks));
        (c.state, c.how.to_string())
    };
    let w = way_back(&k, &id).await;
    assert_eq!(w.to.as_ref().map(|h| h.as_str()), Some(&*stable));
    assert!(w.checks.iter().all(|c| c.state == CheckState::Ok), "{:#?}", w.checks);
    let n = f.asked().len();
    // Nobody's Secret is read, only its name and times.
    let secrets: Vec<_> = f.asked().into_iter().filter(|a| a.path.contains("/secrets/")).collect();
    assert_eq!(secrets.len(), 1);
    // A config newer than what the old pods run with.
    f.change("configmaps", "shop", "app", |c| {
        c["metadata"]["managedFields"] = json!([{"time": "2026-11-21T06:29:00Z"}]);
    });
    let w = way_back(&k, &id).await;
    assert!(f.asked().len() - n <= 12, "{} requests for one look", f.asked().len() - n);
    let (s, how) = state(&w, "config and secrets");
    assert!(s == CheckState::Warn && how.contains("ConfigMap app changed 1m ago"), "{how}");
    // Its pods are gone and one of them finds no node.
    let pods: Vec<String> = evidence(&k, &id)
        .await
        .instances
        .iter()
        .filter(|i| i.track == Track::Stable)
        .map(|i| i.name.to_string())
        .collect();
    for p in &pods {
        f.delete("pods", "shop", p, true);
    }
    let (s, how) = state(&way_back(&k, &id).await, "room");
    assert!(s == CheckState::Warn && how.contains("nodes have room for 0 of"), "{how}");
    f.delete("configmaps", "shop", "app", true);
    f.put(
        "poddisruptionbudgets",
        json!({"metadata": {"name": "pdb", "namespace": "shop"},
        "spec": {"selector": {}}, "status": {"disruptionsAllowed": 0}}),
    );
    let w = way_back(&k, &id).await;
    assert_eq!(state(&w, "config and secrets").0, CheckState::Blocked);
    assert_eq!(state(&w, "disruption budget").0, CheckState::Warn);
    // Rights that are missing are named.
    for right in ["get secrets", "list horizontalpodautoscalers", "list replicasets"] {
        f.deny(right);
    }
    let w = way_back(&k, &id).await;
    assert_eq!(
        state(&w, "old revision"),
        (CheckState::Unknown, "versions: needs the right `list replicasets` in shop".into())
    );
}

#[tokio::test]
async fn a_mark_is_an_event_and_a_refusal_names_the_right() {
    let f = FakeKube::start().await;
    let target = recorded(&f);
    let k = backend(&f);
    let at = Utc::read("2026-11-21T06:29:00.123Z").expect("a time");
    let mark = Mark {
        target,
        at,
        action: "abort".into(),
        who: "mira@bastion-2".into(),
        incident: Some("i-0412".into()),
        note: "login failures".into(),
    };
    k.mark(&mark, &CX).await.expect("taken");
    let posted = f.asked().into_iter().find(|a| a.method == "POST" && a.path.ends_with("/events")).expect("posted");
    assert!(posted.path.starts_with("/apis/events.k8s.io/v1/namespaces/shop/"), "{}", posted.path);
    let v: Value = serde_json::from_str(&posted.body).expect("JSON");
    assert_eq!(
        (&v["eventTime"], &v["note"]),
        (&"2026-11-21T06:29:00.123000Z".into(), &"abort by mira@bastion-2 (incident i-0412): login failures".into())
    );
    f.deny("create events");
    let e = k.mark(&mark, &CX).await.expect_err("refused");
    assert!(e.sentence.contains("`create events.events.k8s.io` in shop"), "{e}");
}
