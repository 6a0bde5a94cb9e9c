//! A hold on the running lab: where its servers are, how to ask them, how to stop one and bring it back.
//!
//! Knows nothing of andon itself. Talks to the API server only through `kubectl`, so that what a test asserts does
//! not go through the code under test.

use serde_json::Value;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Once;
use std::time::{Duration, Instant};

/// The namespace of everything the lab seeds, and of every Rollout a test makes.
pub const NAMESPACE: &str = "shop";

/// The people of `tests/lab/manifests/people.yaml`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum User {
    /// Everything, everywhere. Its writes are audited without bodies.
    Admin,
    /// Every act of the console in `shop`.
    Act,
    /// Reads `shop`, patches nothing.
    Look,
    /// Authenticated, no rights at all.
    Nobody,
}

impl User {
    fn file(self) -> &'static str {
        match self {
            User::Admin => "admin.yaml",
            User::Act => "act.yaml",
            User::Look => "look.yaml",
            User::Nobody => "nobody.yaml",
        }
    }
}

pub struct Lab {
    state: PathBuf,
    prom: String,
    load: String,
}

impl Lab {
    /// `None` (with one line on stderr) unless `ANDON_LIVE=1`.
    ///
    /// # Panics
    /// When `ANDON_LIVE=1` and a variable or a server is missing.
    pub fn get() -> Option<Lab> {
        if std::env::var("ANDON_LIVE").as_deref() != Ok("1") {
            static SAID: Once = Once::new();
            // Straight to stderr: the test harness would swallow a println.
            SAID.call_once(|| {
                let _ = writeln!(
                    std::io::stderr(),
                    "live tests skipped: ANDON_LIVE=1 is not set (see tests/lab/README.md)"
                );
            });
            return None;
        }
        let lab = Lab {
            state: PathBuf::from(need("ANDON_LAB_STATE", "tests/lab/up")),
            prom: need("ANDON_LAB_PROM", "tests/lab/metrics-up"),
            load: need("ANDON_LAB_LOAD", "tests/lab/metrics-up"),
        };
        need("KUBECONFIG", "tests/lab/up");
        assert_eq!(lab.kubectl(&["get", "--raw", "/readyz"]), "ok", "the API server is not ready");
        assert_eq!(lab.prom_value(r#"up{job="load"}"#), Some(1.0), "Prometheus does not see the load stand-in");
        Some(lab)
    }

    /// Where `up` keeps everything: `kube/`, `log/audit.jsonl`, `run/*.pid`, `pki/`.
    pub fn state(&self) -> &Path {
        &self.state
    }

    /// Base URL of Prometheus, no slash at the end.
    pub fn prom(&self) -> &str {
        &self.prom
    }

    /// The kubeconfig file of one of the lab's people.
    pub fn kubeconfig(&self, user: User) -> PathBuf {
        let path = self.state.join("kube").join(user.file());
        assert!(path.is_file(), "{} is missing", path.display());
        path
    }

    /// Runs `kubectl` as admin and gives back its standard output.
    ///
    /// # Panics
    /// When it fails, with what it said.
    pub fn kubectl(&self, args: &[&str]) -> String {
        self.kubectl_as(User::Admin, args, "").unwrap_or_else(|said| panic!("kubectl {}: {said}", args.join(" ")))
    }

    /// Runs `kubectl` as `user` with `input` on standard input. `Err` is what it wrote on standard error.
    pub fn kubectl_as(&self, user: User, args: &[&str], input: &str) -> Result<String, String> {
        run(Command::new("kubectl").env("KUBECONFIG", self.kubeconfig(user)).args(args), input)
    }

    /// `kubectl get rollout NAME -o json` in `shop`, as admin.
    pub fn rollout_json(&self, name: &str) -> Value {
        let text = self.kubectl(&["-n", NAMESPACE, "get", "rollout", name, "-o", "json"]);
        serde_json::from_str(&text).expect("kubectl writes JSON")
    }

    /// Gives the only container of Rollout `name` the image `…/name:tag`. By patch: `kubectl set image` knows no Rollouts.
    pub fn set_image(&self, name: &str, tag: &str) {
        let patch = serde_json::json!([{
            "op": "replace",
            "path": "/spec/template/spec/containers/0/image",
            "value": image(name, tag),
        }]);
        let patch = patch.to_string();
        self.kubectl(&["-n", NAMESPACE, "patch", "rollout", name, "--type=json", "-p", &patch]);
    }

    /// Changes the traffic: `load_set("checkout/failures/1.1/0.2")`. The head of `tests/lab/load` lists the settings.
    pub fn load_set(&self, path: &str) {
        let (code, body) =
            http("POST", &format!("{}/set/{path}", self.load), "").unwrap_or_else(|e| panic!("load stand-in: {e}"));
        assert_eq!(code, 200, "load stand-in refused {path}: {body}");
    }

    /// What the load stand-in counts and sends where.
    pub fn load_state(&self) -> Value {
        let (_, body) =
            http("GET", &format!("{}/state", self.load), "").unwrap_or_else(|e| panic!("load stand-in: {e}"));
        serde_json::from_str(&body).expect("/state is JSON")
    }

    /// An instant query; `data.result` of the answer.
    ///
    /// # Panics
    /// When Prometheus does not answer with success.
    pub fn prom_query(&self, query: &str) -> Value {
        let form = format!("query={}", percent(query));
        let (code, body) =
            http("POST", &format!("{}/api/v1/query", self.prom), &form).unwrap_or_else(|e| panic!("Prometheus: {e}"));
        assert_eq!(code, 200, "Prometheus on {query}: {body}");
        let mut answer: Value = serde_json::from_str(&body).expect("Prometheus writes JSON");
        answer["data"]["result"].take()
    }

    /// The value of a query with one answer; `None` when it has none or several.
    pub fn prom_value(&self, query: &str) -> Option<f64> {
        match self.prom_query(query).as_array()?.as_slice() {
            [one] => one["value"][1].as_str()?.parse().ok(),
            _ => None,
        }
    }

    /// Stops the Argo Rollouts controller. It is back when the guard is dropped.
    pub fn stop_argo(&self) -> Away<'_> {
        self.stop("argo")
    }

    /// Stops the API server: connections are refused. It is back, with whatever ended meanwhile, when the guard is dropped.
    pub fn stop_apiserver(&self) -> Away<'_> {
        self.stop("apiserver")
    }

    /// Freezes the API server: connections are taken and nothing is answered, until the guard is dropped.
    pub fn freeze_apiserver(&self) -> Away<'_> {
        self.signal("-STOP", "apiserver");
        Away { lab: self, how: How::Frozen("apiserver") }
    }

    /// Freezes what the API server keeps its objects in: it takes connections and requests, and cannot answer them.
    pub fn freeze_store(&self) -> Away<'_> {
        self.signal("-STOP", "etcd");
        Away { lab: self, how: How::Frozen("etcd") }
    }

    fn stop(&self, name: &str) -> Away<'_> {
        self.script("down", &[name]).unwrap_or_else(|said| panic!("down {name}: {said}"));
        Away { lab: self, how: How::Stopped }
    }

    fn signal(&self, signal: &str, name: &str) {
        let file = self.state.join("run").join(format!("{name}.pid"));
        let pid = std::fs::read_to_string(&file).unwrap_or_else(|e| panic!("{}: {e}", file.display()));
        run(Command::new("kill").args([signal, pid.trim()]), "")
            .unwrap_or_else(|said| panic!("kill {signal} {name}: {said}"));
    }

    /// Runs `tests/lab/<name> --state <this lab> args…`.
    fn script(&self, name: &str, args: &[&str]) -> Result<String, String> {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/lab").join(name);
        run(Command::new(path).arg("--state").arg(&self.state).args(args), "")
    }
}

/// A server is away for as long as this lives.
#[must_use = "the server comes back as soon as this is dropped"]
pub struct Away<'a> {
    lab: &'a Lab,
    how: How,
}

enum How {
    Stopped,
    Frozen(&'static str),
}

impl Away<'_> {
    /// Brings the server back now and waits until it works.
    pub fn end(self) {}
}

impl Drop for Away<'_> {
    fn drop(&mut self) {
        match self.how {
            How::Frozen(name) => self.lab.signal("-CONT", name),
            How::Stopped => {
                if let Err(said) = self.lab.script("up", &["--no-flagger"]) {
                    // A second panic would abort and hide the first.
                    if std::thread::panicking() {
                        eprintln!("the lab does not come back: {said}");
                    } else {
                        panic!("the lab does not come back: {said}");
                    }
                }
            }
        }
    }
}

/// The image of a test's workload. Nothing pulls it; the tag is what `load` goes by.
pub fn image(name: &str, tag: &str) -> String {
    format!("registry.example.org/shop/{name}:{tag}")
}

/// Asks every 200 ms until `done`; gives the time it took.
///
/// # Panics
/// After `secs`, naming `what`.
pub fn wait_until(what: &str, secs: u64, mut done: impl FnMut() -> bool) -> Duration {
    let start = Instant::now();
    while !done() {
        assert!(start.elapsed() < Duration::from_secs(secs), "waited {secs} s in vain: {what}");
        std::thread::sleep(Duration::from_millis(200));
    }
    start.elapsed()
}

fn need(name: &str, script: &str) -> String {
    std::env::var(name).unwrap_or_else(|_| panic!("ANDON_LIVE=1 but {name} is not set: run eval \"$({script})\" first"))
}

fn run(command: &mut Command, input: &str) -> Result<String, String> {
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(|e| format!("cannot start {}: {e}", command.get_program().display()))?;
    // Dropped at the end of the statement, which closes the pipe. A program that does not read is no error here.
    let _ = child.stdin.take().map(|mut pipe| pipe.write_all(input.as_bytes()));
    let out = child.wait_with_output().map_err(|e| e.to_string())?;
    if out.status.success() {
        Ok(String::from_utf8_lossy(&out.stdout).into_owned())
    } else {
        Err(String::from_utf8_lossy(&out.stderr).into_owned())
    }
}

/// One HTTP request to a loopback server: status and body. HTTP/1.0, so that the body ends with the connection.
fn http(method: &str, url: &str, form: &str) -> Result<(u16, String), String> {
    let rest = url.strip_prefix("http://").ok_or("only http:// here")?;
    let (host, path) = rest.split_once('/').ok_or("no path in the URL")?;
    let mut stream = TcpStream::connect(host).map_err(|e| format!("{host}: {e}"))?;
    let limit = Some(Duration::from_secs(10));
    stream.set_read_timeout(limit).map_err(|e| e.to_string())?;
    write!(
        stream,
        "{method} /{path} HTTP/1.0\r\nHost: {host}\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: {}\r\n\r\n{form}",
        form.len()
    )
    .map_err(|e| format!("{host}: {e}"))?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).map_err(|e| format!("{host}: {e}"))?;
    let answer = String::from_utf8_lossy(&answer);
    let (head, body) = answer.split_once("\r\n\r\n").ok_or("not an HTTP answer")?;
    let code = head.split(' ').nth(1).and_then(|c| c.parse().ok());
    Ok((code.ok_or("no status in the answer")?, body.to_owned()))
}

/// Percent-encodes everything but letters and digits.
fn percent(text: &str) -> String {
    text.bytes()
        .map(|b| match b {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' => char::from(b).to_string(),
            _ => format!("%{b:02X}"),
        })
        .collect()
}

#[test]
fn percent_encoding_leaves_nothing_a_form_would_read() {
    assert_eq!(percent("up{a=\"b\"}+1 &"), "up%7Ba%3D%22b%22%7D%2B1%20%26");
}
