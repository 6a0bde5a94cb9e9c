//! The credential plugin of a kubeconfig, run once by us and never with the terminal: the library would run it three times
//! for each client and let it eat keys. What it prints is a secret from the first byte; its complaints are not.

use crate::backends::net::secret;
use http::HeaderValue;
use jiff::Timestamp;
use kube::config::{Cluster, ExecAuthCluster, ExecConfig};
use rustix::process::{Pid, Signal, kill_process_group};
use serde_json::{Value, json};
use std::io::Read;
use std::os::unix::process::CommandExt;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// Cloud logins take seconds; one that takes longer wants to ask something.
pub const LIMIT: Duration = Duration::from_secs(30);
const ANSWER_CAP: u64 = 256 * 1024;
/// What is read of its complaints.
const WORDS_CAP: u64 = 4 * 1024;

/// The program as the kubeconfig names it.
#[derive(Clone)]
pub struct Plugin {
    pub argv: Vec<String>,
    pub env: Vec<(String, String)>,
    hint: Option<String>,
    /// `KUBERNETES_EXEC_INFO` without the word about the terminal.
    info: Value,
}

/// What it gave. No Debug: it holds nothing else but secrets.
pub struct Given {
    pub token: Option<HeaderValue>,
    /// Certificate and key, PEM.
    pub certificate: Option<(String, String)>,
    pub until: Option<Timestamp>,
}

impl Plugin {
    /// `Err`: it names no program, or the cluster's CA that it wants to know cannot be read.
    pub fn of(exec: &ExecConfig, cluster: &Cluster) -> Result<Plugin, String> {
        let command = exec.command.clone().filter(|c| !c.is_empty()).ok_or("its credential plugin names no program")?;
        let mut spec = json!({});
        if exec.provide_cluster_info {
            let known = ExecAuthCluster::try_from(cluster).map_err(|e| super::client::chain(&e))?;
            spec["cluster"] = serde_json::to_value(known).map_err(|e| e.to_string())?;
        }
        let pair =
            |e: &std::collections::HashMap<String, String>| Some((e.get("name")?.clone(), e.get("value")?.clone()));
        Ok(Plugin {
            argv: std::iter::once(command).chain(exec.args.clone().unwrap_or_default()).collect(),
            env: exec.env.iter().flatten().filter_map(pair).collect(),
            hint: exec.install_hint.clone(),
            info: json!({"kind": "ExecCredential", "apiVersion": exec.api_version, "spec": spec}),
        })
    }

    /// Its arguments may name accounts; the program is enough to find it.
    pub fn program(&self) -> &str {
        self.argv.first().map_or("", String::as_str)
    }

    /// The variables it is run with. `interactive`: it has the terminal.
    pub fn variables(&self, interactive: bool) -> Vec<(String, String)> {
        let mut info = self.info.clone();
        info["spec"]["interactive"] = interactive.into();
        let mut all = self.env.clone();
        all.push(("KUBERNETES_EXEC_INFO".into(), info.to_string()));
        all
    }

    /// Runs it without a terminal; blocks for at most `limit`.
    ///
    /// # Errors
    /// A sentence with the plugin's own complaint, and never what it printed as an answer.
    pub fn run(&self, limit: Duration) -> Result<Given, String> {
        let name = self.program();
        let out = run(&self.argv, &self.variables(false), limit).map_err(|why| {
            let hint = self.hint.as_deref().map(|h| format!("; {}", first_line(h))).unwrap_or_default();
            format!("the credential plugin {name} {why}{hint}")
        })?;
        given(&out).map_err(|why| format!("the credential plugin {name} {why}"))
    }
}

fn first_line(text: &str) -> &str {
    text.lines().map(str::trim).find(|l| !l.is_empty()).unwrap_or("")
}

/// The last words of a complaint: what went wrong stands at the end.
fn complaint(text: &[u8]) -> String {
    let text = String::from_utf8_lossy(text);
    let lines: Vec<&str> = text.lines().map(str::trim).filter(|l| !l.is_empty()).collect();
    lines[lines.len().saturating_sub(3)..].join("; ")
}

/// In a process group of its own: one that asks on the terminal is stopped by it, and does not take our keys.
fn run(argv: &[String], env: &[(String, String)], limit: Duration) -> Result<Vec<u8>, String> {
    let (program, args) = argv.split_first().ok_or("names no program")?;
    let mut child = Command::new(program)
        .args(args)
        .envs(env.iter().map(|(k, v)| (k, v)))
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .process_group(0)
        .spawn()
        .map_err(|e| format!("did not start: {}", e.kind()))?;
    let drain = |pipe: Option<Box<dyn Read + Send>>, cap: u64| {
        std::thread::spawn(move || {
            let mut text = Vec::new();
            // What was read until it broke is what it said.
            let _ = pipe.map(|p| p.take(cap).read_to_end(&mut text));
            text
        })
    };
    let out = drain(child.stdout.take().map(|p| Box::new(p) as _), ANSWER_CAP);
    let err = drain(child.stderr.take().map(|p| Box::new(p) as _), WORDS_CAP);
    let end = Instant::now() + limit;
    let status = loop {
        match child.try_wait() {
            Ok(Some(status)) => break status,
            Ok(None) if Instant::now() < end => std::thread::sleep(Duration::from_millis(5)),
            Ok(None) => {
                // Its children too: they hold the pipes.
                if let Some(group) = i32::try_from(child.id()).ok().and_then(Pid::from_raw) {
                    let _ = kill_process_group(group, Signal::KILL);
                }
                let _ = child.kill();
                let _ = child.wait();
                return Err(format!(
                    "gave nothing in {} s: it may want to ask something, :login lets it",
                    limit.as_secs()
                ));
            }
            Err(e) => return Err(format!("could not be waited for: {}", e.kind())),
        }
    };
    // A grandchild may hold the pipes open; what it says later is nothing of ours.
    let grace = Instant::now() + Duration::from_millis(500);
    while !(out.is_finished() && err.is_finished()) && Instant::now() < grace {
        std::thread::sleep(Duration::from_millis(1));
    }
    let said = if err.is_finished() { err.join().unwrap_or_default() } else { Vec::new() };
    if !status.success() {
        let words = complaint(&said);
        return Err(if words.is_empty() { format!("failed: {status}") } else { format!("failed: {status}: {words}") });
    }
    if !out.is_finished() {
        return Err("did not end its answer".into());
    }
    Ok(out.join().unwrap_or_default())
}

fn given(out: &[u8]) -> Result<Given, String> {
    let v: Value = serde_json::from_slice(out).map_err(|_| "gave no ExecCredential in JSON")?;
    let status = v.get("status").filter(|s| s.is_object()).ok_or("gave an ExecCredential without a status")?;
    let text = |name: &str| status.get(name).and_then(Value::as_str).map(str::trim).filter(|t| !t.is_empty());
    let token = match text("token") {
        Some(t) => Some(bearer(t).ok_or("gave a token that fits in no header")?),
        None => None,
    };
    let certificate = text("clientCertificateData").zip(text("clientKeyData")).map(|(c, k)| {
        secret::learn(k);
        (c.to_owned(), k.to_owned())
    });
    if token.is_none() && certificate.is_none() {
        return Err("gave neither a token nor a certificate with its key".into());
    }
    let until = match text("expirationTimestamp") {
        Some(t) => Some(t.parse().map_err(|_| "gave an expirationTimestamp that is no time")?),
        None => None,
    };
    Ok(Given { token, certificate, until })
}

/// `Bearer …`, found from now on wherever it must not be, and hidden in a request's Debug.
pub fn bearer(token: &str) -> Option<HeaderValue> {
    secret::learn(token);
    let mut value = HeaderValue::from_str(&format!("Bearer {token}")).ok()?;
    value.set_sensitive(true);
    Some(value)
}

/// Base64 as kubeconfigs write it.
pub fn base64(bytes: &[u8]) -> String {
    const SIGNS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for three in bytes.chunks(3) {
        let at = |i: usize| u32::from(three.get(i).copied().unwrap_or(0));
        let bits = at(0) << 16 | at(1) << 8 | at(2);
        for i in 0..4 {
            let sign = SIGNS[(bits >> (18 - 6 * i) & 63) as usize];
            out.push(if i > three.len() { '=' } else { char::from(sign) });
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sh(script: &str) -> Plugin {
        let exec: ExecConfig = serde_json::from_value(json!({
            "apiVersion": "client.authentication.k8s.io/v1", "command": "sh", "args": ["-c", script],
            "env": [{"name": "PLACE", "value": "here"}], "installHint": "\n  get it at example.org\nand more",
            "interactiveMode": "Always", "provideClusterInfo": true,
        }))
        .expect("an exec block");
        Plugin::of(&exec, &Cluster { server: Some("https://c".into()), ..Cluster::default() }).expect("a plugin")
    }

    #[test]
    fn a_plugin_knows_where_it_is_and_has_no_terminal() {
        let got = sh(r#"test -t 0 && exit 9; read x && exit 8
            case "$KUBERNETES_EXEC_INFO" in *'"interactive":false'*) ;; *) exit 7;; esac
            case "$KUBERNETES_EXEC_INFO" in *'"server":"https://c"'*) ;; *) exit 6;; esac
            echo "{\"status\":{\"token\":\"pl-$PLACE-5ecret\",\"expirationTimestamp\":\"2026-11-21T03:14:07Z\"}}""#)
        .run(LIMIT);
        let got = got.map_err(|e| panic!("{e}")).expect("given");
        let token = got.token.expect("a token");
        assert_eq!(token.as_bytes(), b"Bearer pl-here-5ecret");
        assert!(!format!("{token:?}").contains("5ecret"));
        assert_eq!(got.until.map(|u| u.as_second()), Some(1_795_230_847));
        assert!(secret::find("xx pl-here-5ecret").is_some(), "it is known from now on");
    }

    #[test]
    fn what_went_wrong_is_said_in_the_plugins_own_words_and_no_answer_is() {
        for (script, said) in [
            (
                "echo pl-0ther-5ecret; echo 'Error: the SSO session has expired' >&2; exit 255",
                "the SSO session has expired",
            ),
            ("exit 3", "failed: exit status: 3; get it at example.org"),
            ("echo pl-0ther-5ecret", "no ExecCredential in JSON"),
            ("echo '{\"status\":{}}'", "neither a token nor a certificate"),
            ("echo '{\"kind\":\"ExecCredential\"}'", "without a status"),
            ("echo '{\"status\":{\"token\":\"a\",\"expirationTimestamp\":\"soon\"}}'", "no time"),
        ] {
            let why = sh(script).run(LIMIT).err().expect("refused");
            assert!(why.starts_with("the credential plugin sh ") && why.contains(said), "{why}");
            assert!(!why.contains("5ecret"), "{why}");
        }
        let gone = Plugin { argv: vec!["/no/such/plugin".into()], ..sh("") }.run(LIMIT).err().expect("refused");
        assert!(gone.contains("did not start: entity not found; get it at example.org"), "{gone}");
    }

    #[test]
    fn one_that_waits_for_an_answer_is_ended_with_its_children() {
        let began = Instant::now();
        let why = sh("sleep 30 & sleep 30").run(Duration::from_millis(60)).err().expect("ended");
        assert!(why.contains(":login"), "{why}");
        assert!(began.elapsed() < Duration::from_secs(10));
    }

    #[test]
    fn base64_is_that_of_everybody() {
        for (plain, coded) in [("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob\u{ff}", "Zm9vYsO/")] {
            assert_eq!(base64(plain.as_bytes()), coded);
        }
    }
}
