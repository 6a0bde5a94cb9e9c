//! The whole byte stream of the real program in a terminal, before servers that put payloads into every field.

use super::strict;
use crate::home::Home;
use crate::pty::Pty;
use andon::testkit::fake_http::{Answer, FakeHttp};
use andon::testkit::fake_kube::FakeKube;
use andon::testkit::hostile::{PAYLOADS, accents};
use serde_json::{Value, json};

fn rollout(n: usize) -> Value {
    json!({
        "metadata": {"name": format!("web{n}"), "namespace": "shop", "uid": format!("u{n}"), "generation": 2,
            "labels": {"app.kubernetes.io/managed-by": "Helm"}, "annotations": {"note": "text", "argocd.argoproj.io/tracking-id": "app:x"},
            "managedFields": [{"manager": "kubectl", "operation": "Update", "time": "2026-11-21T03:14:07Z"}]},
        "spec": {"replicas": 4, "selector": {"matchLabels": {"app": format!("web{n}")}},
            "template": {"metadata": {"labels": {"app": format!("web{n}")}}, "spec": {"containers": [
                {"name": "main", "image": "r/x:1.1", "env": [{"name": "P", "value": "v"}]}]}},
            "strategy": {"canary": {"steps": [{"setWeight": 20}, {"pause": {}}]}}},
        "status": {"observedGeneration": "2", "phase": "Paused", "message": "because", "currentPodHash": "aaa",
            "stableRS": "bbb", "currentStepIndex": 1, "controllerPause": true, "availableReplicas": 5, "replicas": 5,
            "conditions": [{"type": "InvalidSpec", "status": "False", "reason": "r", "message": "m"}],
            "pauseConditions": [{"reason": "CanaryPauseStep", "startTime": "2026-11-21T03:14:07Z"}]},
    })
}

fn set(n: usize, hash: &str, pods: u32, revision: &str) -> Value {
    json!({
        "metadata": {"name": format!("web{n}-{hash}"), "namespace": "shop", "uid": format!("u{n}-{hash}"),
            "creationTimestamp": "2026-11-21T03:00:00Z",
            "labels": {"app": format!("web{n}"), "rollouts-pod-template-hash": hash},
            "annotations": {"rollout.argoproj.io/revision": revision, "kubernetes.io/change-cause": "cause"},
            "ownerReferences": [{"uid": format!("u{n}"), "controller": true}]},
        "spec": {"replicas": pods, "template": {"metadata": {"labels": {"app": format!("web{n}"), "rollouts-pod-template-hash": hash}},
            "spec": {"containers": [{"name": "main", "image": "r/x:1.0"}]}}},
        "status": {"replicas": pods, "readyReplicas": pods, "availableReplicas": pods},
    })
}

/// Every string but those a client must be able to read to see the object at all (times, numbers, the namespace and the
/// words the states hang on).
fn laced(v: &Value, payload: &str) -> Value {
    match v {
        Value::String(s) => {
            let keep =
                s.starts_with("2026-") || s.parse::<u64>().is_ok() || matches!(s.as_str(), "shop" | "Paused" | "False");
            Value::String(if keep { s.clone() } else { super::laced(s, payload) })
        }
        Value::Array(a) => a.iter().map(|v| laced(v, payload)).collect(),
        Value::Object(o) => o.iter().map(|(k, v)| (k.clone(), laced(v, payload))).collect(),
        Value::Null | Value::Bool(_) | Value::Number(_) => v.clone(),
    }
}

fn everything(pty: &mut Pty) {
    for keys in
        ["b", "j j", "v", "Enter", "C-d", "Esc", "o", "j", "r", "?", "Esc", "a", "Esc", "b + j j j Enter", "Esc", "n"]
    {
        pty.keys(keys);
    }
    pty.send("\x1b[200~paste\x1b]52;c;aGk=\x07\u{9b}31m\u{202e}\x1b[201~");
    pty.keys("x Esc");
    pty.keys("v a h");
    pty.wait_for("HOLD");
    pty.keys("Esc");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_payload_of_any_server_is_on_the_stream() {
    let payloads: Vec<String> =
        PAYLOADS.chunks(12).map(|c| c.iter().map(|(_, p)| *p).collect::<String>()).chain([accents(10_000)]).collect();
    let kube = FakeKube::start().await;
    for (n, p) in payloads.iter().enumerate() {
        kube.put("rollouts", laced(&rollout(n), p));
        kube.put("replicasets", laced(&set(n, "aaa", 1, "2"), p));
        kube.put("replicasets", laced(&set(n, "bbb", 4, "1"), p));
    }
    let words = payloads.concat();
    let prom = FakeHttp::start(move |seen| {
        if seen.path.contains("buildinfo") {
            return Answer::json(json!({"status": "success", "data": {"version": words}}).to_string());
        }
        let error = json!({"status": "error", "errorType": words, "error": words}).to_string();
        Answer::new(400, "application/json", error).header("x-said", "x")
    })
    .await;
    let home = Home::new("gate-stream");
    let text = std::fs::read_to_string(&kube.kubeconfig).expect("kubeconfig");
    let context =
        format!("ctx{}", PAYLOADS.iter().map(|(_, p)| *p).filter(|p| !p.contains('\0')).take(20).collect::<String>());
    let quoted = String::from_utf8(andon::journal::record::ascii(&context).expect("JSON")).expect("ASCII");
    let text = text.replace("current-context: fake", &format!("current-context: {quoted}"));
    let text = text.replace("contexts:\n- name: fake", &format!("contexts:\n- name: {quoted}"));
    home.file(".kube/config", &text);
    let who = format!("mira{}", "\u{1b}]0;x\u{7}\u{202e}");
    for (cols, rows) in [(80, 23), (200, 50)] {
        let mut pty = home.andon_with(&["--context", &context, "--prom", &prom.url(), "--as", &who], &[], cols, rows);
        pty.wait_for("acts on");
        everything(&mut pty);
        pty.keys("q");
        assert_eq!(pty.wait_exit(), 0);
        let raw = pty.raw();
        assert_eq!(strict::fault(&raw), None);
        assert!(!String::from_utf8_lossy(&raw).contains("\u{8}\u{8}\u{8}\u{8}fine"));
        assert!(String::from_utf8_lossy(&raw).contains("(^)"), "the payloads were on screen, marked");
    }
    // The first list, and a context nobody can reach.
    let mut pty = home.andon(&[]);
    pty.wait_for("WHERE DO YOU WANT TO LOOK");
    pty.wait_for("(^)ctx");
    pty.keys("q");
    pty.wait_exit();
    assert_eq!(strict::fault(&pty.raw()), None);
}
