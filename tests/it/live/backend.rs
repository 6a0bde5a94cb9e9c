//! What the tests that drive the Kubernetes backend itself have in common: the lab's directory, `kubectl` as admin with
//! input, the clock, a backend of one of the lab's people, and a namespace that goes away.

use andon::backends::kubernetes::{Kubernetes, Settings};
use andon::backends::{Cx, Lane};
use andon::core::time::Utc;
use std::io::Write;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

pub const CX: Cx = Cx { deadline: Duration::from_secs(5), lane: Lane::Act };

pub fn state_dir() -> PathBuf {
    std::env::var("ANDON_LAB_STATE").expect("run: eval \"$(tests/lab/up)\" first").into()
}

fn admin(args: &[&str]) -> Command {
    let mut c = Command::new("kubectl");
    c.args(args).env("KUBECONFIG", state_dir().join("kube/admin.yaml"));
    c
}

/// Standard output of `kubectl` as admin, with `input` on its standard input.
///
/// # Panics
/// When it fails, with what it said.
pub fn kubectl(args: &[&str], input: &str) -> String {
    let piped = admin(args).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn();
    let mut c = piped.expect("kubectl");
    c.stdin.take().expect("piped").write_all(input.as_bytes()).expect("written");
    let out = c.wait_with_output().expect("ran");
    assert!(out.status.success(), "kubectl {args:?}: {}", String::from_utf8_lossy(&out.stderr));
    String::from_utf8_lossy(&out.stdout).into_owned()
}

/// Begins to delete a namespace. Never panics: it runs while a failed test is taken down.
pub fn remove(ns: &str) {
    let _ = admin(&["delete", "namespace", ns, "--wait=false"]).stdout(Stdio::null()).status();
}

pub fn utc() -> Utc {
    let d = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).expect("after 1970");
    Utc(i64::try_from(d.as_millis()).expect("fits"))
}

/// As `user` of the lab, over these namespaces; none: over all.
pub fn backend(user: &str, ns: &[&str]) -> Arc<Kubernetes> {
    let settings = Settings {
        kubeconfig: Some(state_dir().join(format!("kube/{user}.yaml"))),
        namespaces: ns.iter().map(ToString::to_string).collect(),
        ..Settings::of("lab")
    };
    Arc::new(Kubernetes::new(settings, Arc::new(utc)))
}
