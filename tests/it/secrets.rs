//! A canary secret in every place a token can come from, and every failure that could tell it: nothing that is
//! printed, drawn, taped or logged may hold it. The servers send back what they were sent, which is the worst there is.

mod files;

use andon::backends::kubernetes::{self, Kubernetes, Timing};
use andon::backends::net::{Access, Basic, Budget, HeaderFrom, TokenFrom};
use andon::backends::prometheus::{self, Prometheus};
use andon::backends::{Backend, Cx, Lane, Query};
use andon::core::id::SourceId;
use andon::core::msg::Msg;
use andon::core::time::Utc;
use andon::core::world::source::Trouble;
use andon::engine::effects::Ports;
use andon::engine::inbox::Inbox;
use andon::testkit::fake_http::{Answer, FakeHttp, Fault, Seen};
use andon::testkit::fake_kube::{self, FakeKube};
use andon::testkit::fake_prometheus::{healthy, now_secs};
use andon::testkit::world;
use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

const IN_FILE: &str = "canary-file-8d1e44";
const FROM_COMMAND: &str = "canary-command-0b7f19";
const PASSWORD: &str = "canary-password-5c2a60";
/// `oncall:` and the password in base64, by `base64`.
const PAIR: &str = "b25jYWxsOmNhbmFyeS1wYXNzd29yZC01YzJhNjA=";
const KEY: &str = "canary-api-key-91e7b3";
/// A test may not set a variable of its process: one that is there already stands for a secret.
const VARIABLE: &str = "PATH";

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Failure {
    None,
    Unauthorized,
    LoginPage,
    Stall,
}

struct Files(PathBuf);

impl Drop for Files {
    fn drop(&mut self) {
        // The folder may be gone already; nothing depends on it.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

async fn prometheus_that(fails: Failure) -> FakeHttp {
    let good = healthy(2);
    FakeHttp::start(move |seen: &Seen| {
        let got = ["authorization", "x-api-key"].map(|h| seen.header(h).unwrap_or("nothing")).join(" ");
        match fails {
            Failure::None => good(seen),
            Failure::Unauthorized => Answer::status(401, &format!("not with {got}")),
            Failure::LoginPage => Answer::new(200, "text/html", format!("<p>Sign in instead of {got}")),
            Failure::Stall => Answer::json("").fault(Fault::Stall),
        }
    })
    .await
}

async fn kube_that(fails: Failure) -> FakeKube {
    let fake = FakeKube::start().await;
    let answer = |code, kind, body: &str| fake_kube::Fault::Answer(code, kind, body.to_owned());
    let fault = match fails {
        Failure::None => return fake,
        Failure::Unauthorized => answer(401, "application/json", r#"{"kind":"Status","message":"who","code":401}"#),
        Failure::LoginPage => answer(200, "text/html", "<p>Sign in"),
        Failure::Stall => fake_kube::Fault::Stall,
    };
    fake.fault("GET", "/", fault);
    fake
}

/// Everything six sources say, in every form it leaves a backend.
async fn all_that_is_said(fails: Failure, files: &Files) -> (String, BTreeSet<String>, Vec<Seen>) {
    let (server, fake) = (prometheus_that(fails).await, kube_that(fails).await);
    let token = files.0.join("token");
    std::fs::write(&token, format!("{IN_FILE}\n")).expect("temporary folder");
    let script = format!("printf {FROM_COMMAND}");
    let prints = |text: &str| TokenFrom::Command(vec!["sh".into(), "-c".into(), format!("printf {text}")]);
    let bearer = |token| Access { token: Some(token), ..Access::default() };
    let basic = Basic { user: "oncall".into(), password: prints(PASSWORD) };
    let key = ("X-Api-Key".to_owned(), HeaderFrom::Secret(prints(KEY)));
    let places = [
        ("from-file", bearer(TokenFrom::File(token))),
        ("from-variable", bearer(TokenFrom::Env(VARIABLE.into()))),
        ("from-command", bearer(TokenFrom::Command(vec!["sh".into(), "-c".into(), script]))),
        ("password", Access { basic: Some(basic), ..Access::default() }),
        ("header", Access { headers: vec![key], ..Access::default() }),
    ];
    // Short where nothing comes, and long enough for a busy machine where something does.
    let patience = Duration::from_millis(if fails == Failure::Stall { 400 } else { 4_000 });
    let mut said = String::new();
    let mut backends: Vec<(SourceId, Arc<dyn Backend>)> = Vec::new();
    for (name, access) in places {
        let id = SourceId::new(name);
        let settings = prometheus::Settings { access, ..prometheus::Settings::of(&id, &server.url()) };
        said.push_str(&format!("{settings:?}"));
        let clock = Arc::new(|| Utc(now_secs() * 1000));
        let made = Prometheus::new(settings, Budget::new(600), clock).expect("settings");
        backends.push((id, Arc::new(made.with_timeout(patience))));
    }
    let settings = kubernetes::Settings {
        kubeconfig: Some(fake.kubeconfig.clone()),
        namespaces: vec!["shop".into()],
        ..kubernetes::Settings::of("cluster")
    };
    let timing = Timing {
        watch_secs: 1,
        idle: patience,
        call: patience,
        backoff_first: Duration::from_millis(20),
        backoff_most: Duration::from_millis(100),
    };
    let cluster = Kubernetes::with_timing(settings, Arc::new(|| Utc(now_secs() * 1000)), timing);
    said.push_str(&format!("{cluster:?}"));
    backends.push(("cluster".into(), Arc::new(cluster)));

    let cx = Cx { deadline: patience, lane: Lane::Act };
    for (_, b) in &backends {
        said.push_str(&format!("{:?}", b.probe(&cx).await));
        match b.ask(&Query::Check("sum(up)".into()), &cx).await {
            Ok(facts) => said.push_str(&format!("{facts:?}")),
            Err(e) => said.push_str(&format!("{e:?} {e} {}", serde_json::to_string(&e).expect("json"))),
        }
    }

    // As the console runs them: facts and failures as messages, which are the lines of the tape.
    let inbox = Inbox::default();
    let mut ports =
        Ports::new(inbox.clone(), Arc::new(|| Utc(now_secs() * 1000)), Duration::from_secs(5)).expect("threads");
    let mut w = world();
    for (id, b) in backends {
        ports.add(id, b);
    }
    let (began, mut heard) = (Instant::now(), BTreeSet::new());
    while heard.len() < 6 && began.elapsed() < Duration::from_secs(60) {
        tokio::time::sleep(Duration::from_millis(10)).await;
        for msg in inbox.take(100) {
            match &msg {
                Msg::SourceFailed { source, error, .. } if fails != Failure::None => {
                    assert!(fails != Failure::Stall || error.trouble == Trouble::Timeout, "{source}: {error:?}");
                    heard.insert(source.to_string());
                }
                _ => {}
            }
            said.push_str(&format!("{msg:?} {}", serde_json::to_string(&msg).expect("a tape line")));
            w.send(msg);
            if fails == Failure::None {
                // After the message: it may be the last one for a while.
                let works = w.model.world.sources.iter().filter(|(_, s)| s.confirmed.is_some());
                heard.extend(works.map(|(id, _)| id.to_string()));
            }
        }
    }
    // Log records are among the effects, and a checkpoint of the tape holds the model.
    said.push_str(&format!("{:?} {}", w.effects, serde_json::to_string(&w.effects).expect("json")));
    said.push_str(&format!("{:?} {}", w.model, serde_json::to_string(&w.model).expect("json")));
    for keys in ["", "o", "?"] {
        let drawn = w.keys(keys).draw(200, 50);
        said.extend(drawn.content().iter().map(|c| c.symbol()));
    }
    (said, heard, server.seen())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_token_is_ever_told_whatever_fails() {
    rustls::crypto::ring::default_provider().install_default().ok();
    let variable = std::env::var(VARIABLE).expect("a variable that is always set");
    let secrets = [IN_FILE, FROM_COMMAND, &variable, fake_kube::TOKEN, PASSWORD, PAIR, KEY];
    let runs = [Failure::None, Failure::Unauthorized, Failure::LoginPage, Failure::Stall].map(|fails| async move {
        let files = Files(std::env::temp_dir().join(format!("andon-secrets-{}-{fails:?}", std::process::id())));
        std::fs::create_dir_all(&files.0).expect("temporary folder");
        (fails, all_that_is_said(fails, &files).await)
    });
    for (fails, (said, heard, seen)) in futures::future::join_all(runs).await {
        // Or this test would prove nothing: every source was used, and every token was sent.
        assert_eq!(heard.len(), 6, "{fails:?}: only {heard:?} came to its end");
        for secret in &secrets[..3] {
            let bearer = format!("Bearer {secret}");
            assert!(
                seen.iter().any(|s| s.header("authorization") == Some(&bearer)),
                "{fails:?}: {secret} was not sent"
            );
        }
        let pair = format!("Basic {PAIR}");
        assert!(seen.iter().any(|s| s.header("authorization") == Some(&pair)), "{fails:?}: the password was not sent");
        assert!(seen.iter().any(|s| s.header("x-api-key") == Some(KEY)), "{fails:?}: the header was not sent");
        for secret in secrets {
            let at = said.find(secret);
            let near = at.map(|i| said[..i].chars().rev().take(80).collect::<Vec<_>>().into_iter().rev().collect());
            assert_eq!(near, None::<String>, "{fails:?}: {secret} is told after these words");
        }
    }
}
