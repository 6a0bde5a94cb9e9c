//! A Rollout of a test's own: unique name, own Services and Ingress, deleted at the end.

use super::lab::{Lab, NAMESPACE, User, image, wait_until};
use serde_json::{Value, json};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

/// How the canary's share is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// Ingress weights (nginx annotations; no proxy runs, the load stand-in follows the weights).
    Routed,
    /// Replica counts.
    Basic,
}

/// Four replicas of image tag 1.0, healthy when made. Deleted on drop, its traffic settings with it.
pub struct Fresh<'a> {
    lab: &'a Lab,
    /// The Rollout's name, which is also the service's.
    pub name: String,
}

impl Lab {
    /// Makes a canary Rollout named `<name>-<something unique>` with these steps and waits until it is healthy.
    pub fn fresh_rollout(&self, name: &str, shape: Shape, steps: &Value) -> Fresh<'_> {
        let name = unique(name);
        let fresh = Fresh { lab: self, name };
        let objects = json!({"apiVersion": "v1", "kind": "List", "items": fresh.objects(shape, steps)});
        self.kubectl_as(User::Admin, &["apply", "-f", "-"], &objects.to_string())
            .unwrap_or_else(|said| panic!("cannot make {}: {said}", fresh.name));
        fresh.wait("healthy at birth", 60, |r| r["status"]["phase"] == "Healthy");
        fresh
    }
}

impl Fresh<'_> {
    /// The Rollout as it is now.
    pub fn json(&self) -> Value {
        self.lab.rollout_json(&self.name)
    }

    /// Waits until the Rollout looks as asked.
    pub fn wait(&self, what: &str, secs: u64, mut like: impl FnMut(&Value) -> bool) -> Duration {
        wait_until(&format!("{}: {what}", self.name), secs, || like(&self.json()))
    }

    /// Starts a new version and waits until its first pause.
    pub fn start(&self, tag: &str) {
        self.lab.set_image(&self.name, tag);
        self.wait("paused at its first step", 60, |r| {
            r["status"]["pauseConditions"].is_array() && r["status"]["currentPodHash"] != r["status"]["stableRS"]
        });
    }

    /// Template hash of the version that serves by default.
    pub fn stable_hash(&self) -> String {
        text(&self.json()["status"]["stableRS"])
    }

    /// Template hash of the version the spec asks for.
    pub fn wanted_hash(&self) -> String {
        text(&self.json()["status"]["currentPodHash"])
    }

    /// Merge patch of the status, as admin: what an abort or a promotion by somebody else looks like.
    pub fn patch_status(&self, patch: &Value) {
        let patch = patch.to_string();
        self.lab.kubectl(&[
            "-n",
            NAMESPACE,
            "patch",
            "rollout",
            &self.name,
            "--subresource=status",
            "--type=merge",
            "-p",
            &patch,
        ]);
    }

    /// Merge patch of the main resource, as admin.
    pub fn patch(&self, patch: &Value) {
        let patch = patch.to_string();
        self.lab.kubectl(&["-n", NAMESPACE, "patch", "rollout", &self.name, "--type=merge", "-p", &patch]);
    }

    /// Changes this service's traffic: `load_set("failures/1.1/0.2")`.
    pub fn load_set(&self, setting: &str) {
        self.lab.load_set(&format!("{}/{setting}", self.name));
    }

    fn objects(&self, shape: Shape, steps: &Value) -> Vec<Value> {
        let name = &self.name;
        let meta = |n: &str| json!({"name": n, "namespace": NAMESPACE});
        let service = |n: &str| {
            json!({"apiVersion": "v1", "kind": "Service", "metadata": meta(n),
                   "spec": {"selector": {"app": name}, "ports": [{"port": 80, "targetPort": 8080}]}})
        };
        let (stable, canary) = (format!("{name}-stable"), format!("{name}-canary"));
        let mut objects = Vec::new();
        let mut strategy = json!({"steps": steps});
        match shape {
            Shape::Basic => {
                strategy["maxSurge"] = json!(1);
                strategy["maxUnavailable"] = json!(0);
            }
            Shape::Routed => {
                strategy["stableService"] = json!(stable);
                strategy["canaryService"] = json!(canary);
                strategy["trafficRouting"] = json!({"nginx": {"stableIngress": name}});
                objects.push(service(&stable));
                objects.push(service(&canary));
                let backend = json!({"service": {"name": stable, "port": {"number": 80}}});
                objects.push(json!({"apiVersion": "networking.k8s.io/v1", "kind": "Ingress", "metadata": meta(name),
                    "spec": {"ingressClassName": "nginx", "rules": [{"host": format!("{name}.example.org"),
                        "http": {"paths": [{"path": "/", "pathType": "Prefix", "backend": backend}]}}]}}));
            }
        }
        objects.push(json!({"apiVersion": "argoproj.io/v1alpha1", "kind": "Rollout", "metadata": meta(name),
            "spec": {"replicas": 4, "progressDeadlineSeconds": 60,
                "selector": {"matchLabels": {"app": name}},
                "template": {"metadata": {"labels": {"app": name}},
                    "spec": {"containers": [{"name": "main", "image": image(name, "1.0")}]}},
                "strategy": {"canary": strategy}}}));
        objects
    }
}

impl Drop for Fresh<'_> {
    fn drop(&mut self) {
        let (stable, canary) = (format!("service/{}-stable", self.name), format!("service/{}-canary", self.name));
        let (rollout, ingress) = (format!("rollout/{}", self.name), format!("ingress/{}", self.name));
        let mut args = vec!["-n", NAMESPACE, "delete", "--wait=false", "--ignore-not-found"];
        args.extend([&*rollout, &*ingress, &*stable, &*canary]);
        if let Err(said) = self.lab.kubectl_as(User::Admin, &args, "") {
            eprintln!("{} stays behind: {said}", self.name);
        }
        // Settings of a Rollout that is gone do no harm; a stand-in that is gone must not hide the test's own failure.
        if !std::thread::panicking() {
            self.load_set("reset");
        }
    }
}

fn text(value: &Value) -> String {
    value.as_str().expect("a template hash").to_owned()
}

/// Tests of one run and runs of one day must not meet each other's objects.
fn unique(name: &str) -> String {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let born =
        std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).expect("the clock is past 1970").as_secs()
            % 1_000_000;
    let n = NEXT.fetch_add(1, Ordering::Relaxed);
    format!("{name}-{born}-{}-{n}", std::process::id() % 10_000)
}
