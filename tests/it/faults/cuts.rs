//! Abort, hold and promote with the connection cut at each byte of the request and of its answer (each byte under
//! `ANDON_LONG=1`, some of them else).

use super::console::{Console, LOOK, PATIENCE};
use super::door::{Break, Door, PKI};
use andon::backends::kubernetes::{Kubernetes, Settings};
use andon::core::id::TargetId;
use andon::core::time::Utc;
use andon::testkit::fake_kube::{FakeKube, TOKEN};
use serde_json::{Value, json};
use std::path::PathBuf;
use std::sync::Arc;

/// Roll back (an abort here), hold, promote.
pub const ACTS: [&str; 3] = ["a r", "a h", "a p"];

pub fn long() -> bool {
    std::env::var_os("ANDON_LONG").is_some()
}

/// A cluster with one paused rollout, behind a TLS door.
pub struct Scene {
    pub kube: FakeKube,
    pub door: Door,
    pub backend: Arc<Kubernetes>,
    pub id: TargetId,
    config: PathBuf,
}

impl Drop for Scene {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.config);
    }
}

fn fixture(name: &str) -> Value {
    let path = format!("{}/src/backends/kubernetes/fixtures/{name}.json", env!("CARGO_MANIFEST_DIR"));
    serde_json::from_str(&std::fs::read_to_string(&path).expect(&path)).expect(&path)
}

impl Scene {
    pub async fn new() -> Scene {
        let kube = FakeKube::start().await;
        let door = Door::before(kube.port());
        let config = std::env::temp_dir().join(format!("andon-door-{}-{}.json", std::process::id(), door.port));
        let text = json!({"current-context": "c",
            "clusters": [{"name": "c", "cluster": {"server": door.url(), "certificate-authority": format!("{PKI}/good-ca.pem")}}],
            "users": [{"name": "u", "user": {"token": TOKEN}}],
            "contexts": [{"name": "c", "context": {"cluster": "c", "user": "u", "namespace": "shop"}}]});
        std::fs::write(&config, text.to_string()).expect("a temporary directory");
        let settings =
            Settings { kubeconfig: Some(config.clone()), namespaces: vec!["shop".into()], ..Settings::of("eu-1") };
        let backend = Arc::new(Kubernetes::new(settings, Arc::new(|| Utc(1_795_230_847_000))));
        let uid = fixture("live-argo-rollout-canary-paused-step1-weight20")["metadata"]["uid"]
            .as_str()
            .expect("uid")
            .to_owned();
        let id = TargetId {
            source: "eu-1".into(),
            namespace: "shop".into(),
            kind: "Rollout".into(),
            name: "checkout".into(),
            uid: uid.into(),
        };
        Scene { kube, door, backend, id, config }
    }

    /// As it was recorded, whatever was done to it.
    fn reset(&self) {
        self.kube.put("rollouts", fixture("live-argo-rollout-canary-paused-step1-weight20"));
        for s in fixture("live-argo-replicasets-of-canary-rollout")["items"].as_array().expect("list") {
            self.kube.put("replicasets", s.clone());
        }
    }

    /// What a controller does at once: it has seen the wish, and goes on where a pause was taken away.
    fn control(&self) {
        self.kube.change("rollouts", "shop", "checkout", |r| {
            r["status"]["observedGeneration"] = r["metadata"]["generation"].to_string().into();
            if r["status"]["abort"] == json!(true) {
                r["status"]["abortedAt"] = json!("2026-11-21T06:25:00Z");
            } else if r["status"]["pauseConditions"].is_null() {
                r["status"]["currentStepIndex"] = json!(2);
                r["status"]["controllerPause"] = json!(false);
            }
        });
    }

    /// One act with one fault on its request; what the records say and what the server did.
    pub async fn play(&self, keys: &str, how: Option<Break>) -> Played {
        self.reset();
        let before = (self.kube.patched(), self.kube.writes());
        let lengths = std::cell::Cell::new((0, 0));
        let arm = || {
            self.door.forget_lengths();
            how.into_iter().for_each(|h| self.door.breaks(h));
        };
        let disarm = || {
            lengths.set(self.door.longest());
            self.door.heals();
            self.control();
        };
        let mut c = Console::open(&self.backend, &self.id, &arm, &disarm).await;
        // Else only a busy machine keeps an answer back.
        c.patience = if matches!(how, Some(Break::Silence)) { PATIENCE } else { LOOK };
        c.act(keys).await;
        Played {
            recorded: c.recorded(),
            done: self.kube.patched() - before.0,
            asked: self.kube.writes() - before.1,
            sends: c.sends,
            intents_first: c.intents_come_first(),
            lengths: lengths.get(),
            told: c.told(),
        }
    }
}

pub struct Played {
    recorded: Option<bool>,
    /// Patches carried out.
    pub done: usize,
    asked: usize,
    sends: usize,
    intents_first: bool,
    /// Bytes of its request and of its answer.
    lengths: (usize, usize),
    told: String,
}

impl Played {
    #[track_caller]
    pub fn is_true(&self, what: &str) {
        assert!(self.done <= 1 && self.asked <= 1, "{what}: done {} times, asked {} times", self.done, self.asked);
        assert_eq!(self.sends, 1, "{what}: {}", self.told);
        assert!(self.intents_first, "{what}: a request without its intent\n{}", self.told);
        assert_eq!(self.recorded, Some(self.done == 1), "{what}: done {} times, but\n{}", self.done, self.told);
    }
}

#[tokio::test]
async fn a_cut_at_any_byte_is_recorded_as_what_it_was() {
    let scene = Scene::new().await;
    for keys in ACTS {
        let whole = scene.play(keys, None).await;
        whole.is_true(keys);
        assert_eq!(whole.done, 1, "{keys}: {}", whole.told);
        let (request, answer) = whole.lengths;
        assert!(request > 200 && answer > 1_000, "{keys}: {request} and {answer} bytes");
        let step = |n: usize| if long() { 1 } else { n.div_ceil(5) };
        for n in (0..=request).step_by(step(request)).chain([request]) {
            let played = scene.play(keys, Some(Break::Request(n))).await;
            assert_eq!(played.done, 0, "{keys}: cut at byte {n} of the request");
            played.is_true(&format!("{keys}, request cut at {n} of {request}"));
        }
        for n in (0..=answer).step_by(step(answer)).chain([answer - 1]) {
            let played = scene.play(keys, Some(Break::Answer(n))).await;
            assert_eq!(played.done, 1, "{keys}: cut at byte {n} of the answer");
            played.is_true(&format!("{keys}, answer cut at {n} of {answer}"));
        }
    }
}
