//! An API server in a few hundred lines, for tests: list, watch, JSON Patch with the `/status` split, access reviews,
//! and everything that goes wrong on the way. Plain HTTP/1.1 on loopback. No controller: tests move the objects.

mod serve;

use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::net::TcpListener;
use tokio::sync::watch;

/// The credential in the fake's kubeconfig: it must never be shown.
pub const TOKEN: &str = "tok-5ecret-9c1f";

/// What goes wrong with a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// This answer instead: status, content type, body. 429 carries `Retry-After: 7`.
    Answer(u16, &'static str, String),
    /// A body without end, with this status.
    Bomb(u16),
    /// The request is read, and nothing comes back.
    Stall,
    /// Carried out and answered, this many milliseconds later.
    Late(u64),
    /// Closed after the request was read, before it is carried out.
    DropBefore,
    /// Carried out, then the answer is cut after so many bytes.
    CutAfter(usize),
}

/// One request as it came.
#[derive(Clone, Debug)]
pub struct Asked {
    pub method: String,
    pub path: String,
    pub content_type: String,
    /// The header, `Bearer ...`.
    pub authorization: String,
    /// `Impersonate-User`.
    pub impersonates: Option<String>,
    pub body: String,
}

/// (plural, namespace, name)
type Key = (String, String, String);

#[derive(Default)]
struct World {
    version: u64,
    /// Watches from before this version get 410.
    oldest: u64,
    objects: BTreeMap<Key, Value>,
    history: Vec<(u64, Key, &'static str, Value)>,
    asked: Vec<Asked>,
    /// Patches carried out.
    patched: usize,
    /// (method, part of the path, fault, how often yet); the first that fits.
    faults: Vec<(String, String, Fault, usize)>,
    /// `patch rollouts/status`, `list pods`.
    denied: BTreeSet<String>,
    /// Watches that start at an unknown version answer with an HTTP status instead of an event.
    http_410: bool,
    /// All open watches end when this rises.
    generation: u64,
    bookmark_ms: u64,
    /// Log lines by pod, and whether they are of the container before.
    logs: BTreeMap<(String, bool), Vec<String>>,
    /// (group/version, plural, kind) of what is defined beside the server's own.
    defined: BTreeSet<(String, String, String)>,
    /// Uid of the namespace kube-system.
    uid: String,
    /// The only token that is taken; `None`: any.
    token: Option<String>,
}

/// What a fresh server has of its own accord, and what is defined by putting the first object there.
const KNOWN: [(&str, &str, &str, bool); 5] = [
    ("argoproj.io/v1alpha1", "rollouts", "Rollout", true),
    ("argoproj.io/v1alpha1", "analysisruns", "AnalysisRun", true),
    ("argoproj.io/v1alpha1", "experiments", "Experiment", true),
    ("flagger.app/v1beta1", "canaries", "Canary", false),
    ("keda.sh/v1alpha1", "scaledobjects", "ScaledObject", false),
];

/// The server; it stops when dropped.
pub struct FakeKube {
    world: Arc<Mutex<World>>,
    bell: watch::Sender<u64>,
    pub kubeconfig: PathBuf,
    port: u16,
    task: tokio::task::JoinHandle<()>,
}

impl Drop for FakeKube {
    fn drop(&mut self) {
        self.task.abort();
        // The file may be gone already; nothing depends on it.
        let _ = std::fs::remove_file(&self.kubeconfig);
    }
}

fn known(which: impl Fn(&(&str, &str, &str, bool)) -> bool) -> BTreeSet<(String, String, String)> {
    let owned = |k: &(&str, &str, &str, bool)| (k.0.to_owned(), k.1.to_owned(), k.2.to_owned());
    KNOWN.iter().filter(|k| which(k)).map(owned).collect()
}

impl FakeKube {
    /// Listens on a free port and writes a kubeconfig that leads there.
    ///
    /// # Panics
    /// Without a free port or a writable temporary directory.
    pub async fn start() -> FakeKube {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let port = listener.local_addr().expect("bound").port();
        let kubeconfig = std::env::temp_dir().join(format!("andon-fake-{}-{port}.yaml", std::process::id()));
        let text = format!(
            "apiVersion: v1\nkind: Config\ncurrent-context: fake\nclusters:\n- name: fake\n  cluster: {{server: 'http://127.0.0.1:{port}'}}\n\
             users:\n- name: me\n  user: {{token: {TOKEN}}}\ncontexts:\n- name: fake\n  context: {{cluster: fake, user: me, namespace: shop}}\n"
        );
        std::fs::write(&kubeconfig, text).expect("temporary directory");
        let world = Arc::new(Mutex::new(World {
            version: 100,
            bookmark_ms: 200,
            defined: known(|k| k.3),
            uid: format!("cluster-{port}"),
            ..World::default()
        }));
        let (bell, _) = watch::channel(0);
        let (w, b) = (world.clone(), bell.clone());
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (w, bell) = (w.clone(), b.clone());
                tokio::spawn(async move {
                    // A client that goes away is no failure of the server.
                    let _ = serve::serve(stream, w, bell).await;
                });
            }
        });
        FakeKube { world, bell, kubeconfig, port, task }
    }

    fn with<T>(&self, f: impl FnOnce(&mut World) -> T) -> T {
        let out = f(&mut self.world.lock().unwrap_or_else(PoisonError::into_inner));
        self.bell.send_modify(|n| *n += 1);
        out
    }

    /// Looks without waking the watches.
    fn look<T>(&self, f: impl FnOnce(&World) -> T) -> T {
        f(&self.world.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Stores an object and tells the watches. `plural`: `rollouts`, `replicasets`, `pods`.
    pub fn put(&self, plural: &str, object: Value) {
        self.with(|w| w.put(plural, object));
    }

    /// Changes a stored object in place; `false`: no such object.
    pub fn change(&self, plural: &str, ns: &str, name: &str, f: impl FnOnce(&mut Value)) -> bool {
        self.with(|w| {
            let key = (plural.to_owned(), ns.to_owned(), name.to_owned());
            let Some(mut v) = w.objects.get(&key).cloned() else { return false };
            f(&mut v);
            w.put(plural, v);
            true
        })
    }

    pub fn get(&self, plural: &str, ns: &str, name: &str) -> Option<Value> {
        self.look(|w| w.objects.get(&(plural.to_owned(), ns.to_owned(), name.to_owned())).cloned())
    }

    /// Deletes. `told`: the watches hear of it; else it is missed, as while a connection was down.
    pub fn delete(&self, plural: &str, ns: &str, name: &str, told: bool) {
        self.with(|w| {
            let key = (plural.to_owned(), ns.to_owned(), name.to_owned());
            if let Some(v) = w.objects.remove(&key) {
                w.version += 1;
                if told {
                    let version = w.version;
                    w.history.push((version, key, "DELETED", v));
                }
            }
        });
    }

    /// A resource is defined: `install("db.example.org/v1", "databases", "Database")`.
    pub fn install(&self, group: &str, plural: &str, kind: &str) {
        self.with(|w| w.defined.insert((group.to_owned(), plural.to_owned(), kind.to_owned())));
    }

    /// Its definition is removed: its objects are deleted first, then its watches end, and it is not served any more.
    pub fn uninstall(&self, plural: &str) {
        let names: Vec<Key> = self.look(|w| w.objects.keys().filter(|k| k.0 == plural).cloned().collect());
        names.iter().for_each(|(p, ns, name)| self.delete(p, ns, name, true));
        self.with(|w| {
            w.defined.retain(|d| d.1 != plural);
            w.generation += 1;
        });
    }

    /// Every open watch ends; `forget`: and what they knew is too old, so that only a new list helps.
    pub fn cut_watches(&self, forget: bool) {
        self.with(|w| {
            w.generation += 1;
            if forget {
                w.version += 1;
                w.oldest = w.version;
            }
        });
    }

    /// Requests with this method whose path contains `part` go wrong, until `heal`.
    pub fn fault(&self, method: &str, part: &str, fault: Fault) {
        self.fault_times(method, part, fault, usize::MAX);
    }

    /// The next `times` such requests go wrong.
    pub fn fault_times(&self, method: &str, part: &str, fault: Fault, times: usize) {
        self.with(|w| w.faults.insert(0, (method.to_owned(), part.to_owned(), fault, times)));
    }

    pub fn heal(&self) {
        self.with(|w| w.faults.clear());
    }

    /// `patch rollouts/status`: refused, and reviews say so.
    pub fn deny(&self, right: &str) {
        self.with(|w| w.denied.insert(right.to_owned()));
    }

    /// A pod writes a line; `stamp`: the kubelet's own.
    pub fn log(&self, pod: &str, stamp: &str, text: &str) {
        self.with(|w| w.logs.entry((pod.to_owned(), false)).or_default().push(format!("{stamp} {text}")));
    }

    /// The same of the container before the last restart.
    pub fn log_before(&self, pod: &str, stamp: &str, text: &str) {
        self.with(|w| w.logs.entry((pod.to_owned(), true)).or_default().push(format!("{stamp} {text}")));
    }

    pub fn http_410(&self, on: bool) {
        self.with(|w| w.http_410 = on);
    }

    /// Which cluster this is, by the uid of its namespace kube-system.
    pub fn is_cluster(&self, uid: &str) {
        self.with(|w| w.uid = uid.to_owned());
    }

    /// From now on only this token is taken.
    pub fn only_token(&self, token: &str) {
        self.with(|w| w.token = Some(token.to_owned()));
    }

    /// Where it listens: `http://127.0.0.1:1234`.
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    pub fn port(&self) -> u16 {
        self.port
    }

    pub fn bookmarks_every(&self, ms: u64) {
        self.with(|w| w.bookmark_ms = ms);
    }

    /// Every request so far.
    pub fn asked(&self) -> Vec<Asked> {
        self.look(|w| w.asked.clone())
    }

    /// Patches carried out.
    pub fn patched(&self) -> usize {
        self.look(|w| w.patched)
    }

    /// Requests that write to rollouts.
    pub fn writes(&self) -> usize {
        let writes = |a: &&Asked| a.method == "PATCH" && !a.path.contains("dryRun=All");
        self.look(|w| w.asked.iter().filter(writes).count())
    }
}

impl World {
    fn put(&mut self, plural: &str, mut object: Value) {
        self.defined.extend(known(|k| k.1 == plural));
        self.version += 1;
        object["metadata"]["resourceVersion"] = self.version.to_string().into();
        let text = |p: &str| object.pointer(p).and_then(Value::as_str).unwrap_or("").to_owned();
        let key = (plural.to_owned(), text("/metadata/namespace"), text("/metadata/name"));
        let kind = if self.objects.insert(key.clone(), object.clone()).is_some() { "MODIFIED" } else { "ADDED" };
        self.history.push((self.version, key, kind, object));
    }

    /// Whether there is such a resource. `group`: with its version; `None`: the core's.
    fn serves(&self, group: Option<&str>, plural: &str) -> bool {
        let own = |g: &str| !g.contains('.') || g.split('/').next().is_some_and(|g| g.ends_with(".k8s.io"));
        group.is_none_or(|g| own(g) || self.defined.iter().any(|d| d.0 == g && d.1 == plural))
    }

    fn denies(&self, verb: &str, resource: &str) -> bool {
        self.denied.contains(&format!("{verb} {resource}"))
    }
}
