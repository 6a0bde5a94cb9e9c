//! Ways in: TLS as the kubeconfig asks for it, credentials that rotate, proxies.

use crate::faults::door::{Door, PKI};
use crate::home::Home;
use andon::backends::kubernetes::{Kubernetes, Settings};
use andon::backends::{Backend, Cx, Lane, Query};
use andon::core::id::TargetId;
use andon::core::time::Utc;
use andon::core::world::source::Trouble;
use andon::testkit::fake_kube::{FakeKube, Fault};
use serde_json::{Value, json};
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

pub const CX: Cx = Cx { deadline: Duration::from_secs(60), lane: Lane::Act };

/// One context `c` with this cluster and this user, written as JSON, which is YAML.
pub fn backend(home: &Home, cluster: Value, user: Value) -> Arc<Kubernetes> {
    let text = json!({"current-context": "c", "clusters": [{"name": "c", "cluster": cluster}],
        "users": [{"name": "u", "user": user}],
        "contexts": [{"name": "c", "context": {"cluster": "c", "user": "u", "namespace": "shop"}}]});
    let file = home.file("kubeconfig", &text.to_string());
    let settings = Settings { kubeconfig: Some(file), namespaces: vec!["shop".into()], ..Settings::of("eu-1") };
    Arc::new(Kubernetes::new(settings, Arc::new(|| Utc(1_795_230_847_000))))
}

fn trusted(door: &Door) -> Value {
    json!({"server": door.url(), "certificate-authority": format!("{PKI}/good-ca.pem")})
}

fn target() -> TargetId {
    TargetId {
        source: "eu-1".into(),
        namespace: "shop".into(),
        kind: "Rollout".into(),
        name: "nobody".into(),
        uid: "u".into(),
    }
}

#[tokio::test]
async fn a_servers_certificate_is_checked_under_the_name_the_kubeconfig_gives() {
    let kube = FakeKube::start().await;
    let home = Home::new("tls");
    let door = Door::before(kube.port());
    let found = backend(&home, trusted(&door), json!({})).probe(&CX).await.expect("in");
    assert!(!found.insecure);
    let cluster = found.cluster.expect("known");
    assert_eq!((&*cluster.id, &*cluster.server), (&*format!("cluster-{}", kube.port()), &*door.url()));
    assert_eq!(cluster.authority.len(), 64);

    let named = Door::with(kube.port(), "named", false);
    let e = backend(&home, trusted(&named), json!({})).probe(&CX).await.expect_err("another name");
    assert!(e.trouble == Trouble::Unreachable && e.sentence.contains("certificate"), "{e:?}");
    let mut by_name = trusted(&named);
    by_name["tls-server-name"] = "inner.test".into();
    backend(&home, by_name, json!({})).probe(&CX).await.expect("under its own name");

    let wrong = Door::with(kube.port(), "wrong", false);
    let e = backend(&home, trusted(&wrong), json!({})).probe(&CX).await.expect_err("nobody trusts it");
    assert!(e.sentence.contains("UnknownIssuer"), "{e}");
    let unchecked = json!({"server": wrong.url(), "insecure-skip-tls-verify": true});
    assert!(backend(&home, unchecked, json!({})).probe(&CX).await.expect("in").insecure);
}

#[tokio::test]
async fn a_client_certificate_is_shown_from_files_and_from_a_plugin() {
    let kube = FakeKube::start().await;
    let home = Home::new("mtls");
    let door = Door::with(kube.port(), "server", true);
    assert!(backend(&home, trusted(&door), json!({})).probe(&CX).await.is_err(), "without one nobody comes in");
    for part in ["pem", "key"] {
        home.file(&format!("pki/me.{part}"), &std::fs::read_to_string(format!("{PKI}/me.{part}")).expect("there"));
    }
    // Relative to the kubeconfig.
    let files = json!({"client-certificate": "pki/me.pem", "client-key": "pki/me.key"});
    backend(&home, trusted(&door), files).probe(&CX).await.expect("with files");
    let pem = |part: &str| std::fs::read_to_string(format!("{PKI}/me.{part}")).expect("there");
    let credential = json!({"status": {"clientCertificateData": pem("pem"), "clientKeyData": pem("key")}});
    home.file("credential.json", &credential.to_string());
    let exec = json!({"exec": {"apiVersion": "client.authentication.k8s.io/v1", "command": "cat",
        "args": [format!("{}/credential.json", home.str())], "interactiveMode": "IfAvailable"}});
    backend(&home, trusted(&door), exec).probe(&CX).await.expect("with a plugin");
}

fn script(home: &Home, text: &str) -> Value {
    let file = home.file("login.sh", &format!("#!/bin/sh\n{text}\n"));
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o700)).expect("made");
    // With a separator it is relative to the kubeconfig.
    json!({"exec": {"apiVersion": "client.authentication.k8s.io/v1beta1", "command": "./login.sh"}})
}

#[tokio::test]
async fn a_plugin_runs_once_and_again_when_its_token_is_refused_or_ends() {
    let kube = FakeKube::start().await;
    let home = Home::new("plugin");
    home.file("token", "pl-one-5ecret");
    let user =
        script(&home, r#"cd "$(dirname "$0")"; echo run >> runs; echo "{\"status\":{\"token\":\"$(cat token)\"}}""#);
    kube.only_token("pl-one-5ecret");
    let k = backend(&home, json!({"server": kube.url()}), user);
    let runs = || std::fs::read_to_string(home.path().join("runs")).map_or(0, |t| t.lines().count());
    k.probe(&CX).await.expect("in");
    let id = target();
    k.ask(&Query::Read(id.clone()), &CX).await.expect("in");
    assert_eq!(runs(), 1, "once for everything");
    // Rotated: the first 401 makes it run once more, and nobody hears of it.
    home.file("token", "pl-two-5ecret");
    kube.only_token("pl-two-5ecret");
    k.ask(&Query::Read(id.clone()), &CX).await.expect("in again");
    assert_eq!(runs(), 2);
    // Ended for good: the source says so, without the token, and what the plugin says of itself.
    kube.only_token("nobody has this");
    let e = k.ask(&Query::Read(id.clone()), &CX).await.expect_err("refused");
    assert!(e.trouble == Trouble::Auth && !e.sentence.contains("5ecret"), "{e}");
    script(&home, "echo 'Error: session expired, run sso login' >&2; exit 1");
    let e = k.ask(&Query::Read(id), &CX).await.expect_err("refused");
    assert!(e.trouble == Trouble::Auth && e.sentence.contains("session expired, run sso login"), "{e}");
}

#[tokio::test]
async fn a_token_file_rotates_and_goes_before_an_inline_token() {
    let kube = FakeKube::start().await;
    let home = Home::new("token");
    home.file("tok", "file-one-5ecret\n");
    kube.only_token("file-one-5ecret");
    let k = backend(&home, json!({"server": kube.url()}), json!({"token": "inline-5ecret", "tokenFile": "tok"}));
    k.probe(&CX).await.expect("the file's");
    home.file("tok", "file-two-5ecret\n");
    kube.only_token("file-two-5ecret");
    k.ask(&Query::Read(target()), &CX).await.expect("read again");
    kube.only_token("inline-5ecret");
    std::fs::remove_file(home.path().join("tok")).expect("gone");
    let k = backend(&home, json!({"server": kube.url()}), json!({"token": "inline-5ecret", "tokenFile": "tok"}));
    k.probe(&CX).await.expect("the inline one, where there is no file");
}

/// Takes CONNECT and passes bytes on.
fn connect_proxy() -> (u16, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("bound").port();
    let count = Arc::new(AtomicUsize::new(0));
    let through = count.clone();
    std::thread::spawn(move || {
        for near in listener.incoming().flatten() {
            let through = through.clone();
            std::thread::spawn(move || pass(near, &through));
        }
    });
    (port, count)
}

fn pass(mut near: TcpStream, through: &AtomicUsize) -> std::io::Result<()> {
    let mut head = Vec::new();
    let mut one = [0];
    while !head.ends_with(b"\r\n\r\n") {
        if near.read(&mut one)? == 0 {
            return Ok(());
        }
        head.push(one[0]);
    }
    let head = String::from_utf8_lossy(&head).into_owned();
    let Some(to) = head.strip_prefix("CONNECT ").and_then(|h| h.split(' ').next()) else { return Ok(()) };
    let mut far = TcpStream::connect(to)?;
    near.write_all(b"HTTP/1.1 200 OK\r\n\r\n")?;
    through.fetch_add(1, Ordering::SeqCst);
    let (mut back, mut forth) = (far.try_clone()?, near.try_clone()?);
    std::thread::spawn(move || std::io::copy(&mut back, &mut forth));
    std::io::copy(&mut near, &mut far)?;
    Ok(())
}

#[tokio::test]
async fn the_clusters_proxy_is_gone_through() {
    let kube = FakeKube::start().await;
    let home = Home::new("proxy");
    let door = Door::before(kube.port());
    let (port, through) = connect_proxy();
    let mut cluster = trusted(&door);
    // Without a scheme, as some write it.
    cluster["proxy-url"] = format!("127.0.0.1:{port}").into();
    backend(&home, cluster.clone(), json!({})).probe(&CX).await.expect("through it");
    assert!(through.load(Ordering::SeqCst) > 0);
    cluster["proxy-url"] = "gopher://me:s3cret@127.0.0.1".into();
    let e = backend(&home, cluster, json!({})).probe(&CX).await.expect_err("no such proxy");
    assert!(e.sentence.contains("gopher://") && !e.sentence.contains("s3cret"), "{e}");
}

#[tokio::test]
async fn a_server_that_asks_to_wait_keeps_refreshing_away_and_no_act() {
    let kube = FakeKube::start().await;
    let home = Home::new("wait");
    let k = backend(&home, json!({"server": kube.url()}), json!({}));
    k.probe(&CX).await.expect("in");
    kube.fault(
        "GET",
        "/version",
        Fault::Answer(429, "text/plain", "Too many requests, please try again later.".into()),
    );
    let k = backend(&home, json!({"server": kube.url()}), json!({}));
    let e = k.probe(&CX).await.expect_err("wait");
    assert!(
        e.trouble == Trouble::Throttled && e.retry_after_ms.is_some_and(|ms| (5_000..=7_000).contains(&ms)),
        "{e:?}"
    );
    kube.heal();
    let before = kube.asked().len();
    let e = k.probe(&CX).await.expect_err("it waits");
    assert_eq!((e.trouble.clone(), kube.asked().len()), (Trouble::Throttled, before), "nothing was asked: {e}");
    assert!(e.retry_after_ms.is_some_and(|ms| ms > 1_000), "{e:?}");
    // The read before an act goes out all the same.
    k.ask(&Query::Read(target()), &CX).await.expect("answered");
    assert_eq!(kube.asked().len(), before + 1);
}
