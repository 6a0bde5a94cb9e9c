//! The same canaries against the real program: every kind of source and of origin, servers that say back what they were
//! sent, and what a person types, pastes and copies. Then every byte it wrote, in files and to the terminal, is searched
//! for each canary, as it is and in the forms it could hide in.

use crate::home::Home;
use crate::pty::Pty;
use crate::screen::Grid;
use andon::testkit::fake_http::{Answer, FakeHttp, Seen};
use andon::testkit::fake_prometheus::healthy;
use serde_json::{Value, json};
use std::path::PathBuf;
use std::time::{Duration, Instant};

/// Read from a file, a variable, a command; a kubeconfig's token, its token file, its password, its key; what a plugin
/// prints, in a shape that is known and in none; written into the config where it must not be.
const FILE: &str = "cnryFile/aB3+dE5=8d1e44";
const ENV: &str = "cnryEnv/aB3+dE5=8d1e45";
const COMMAND: &str = "cnryCommand/aB3+dE5=8d1e46";
/// A password of a source of figures, a header, and both written where they must not be.
const PROM_PASSWORD: &str = "cnryPromPass/aB3+dE5=8d1e60";
const HEADER: &str = "cnryHeader/aB3+dE5=8d1e61";
const INLINE_PASSWORD: &str = "cnryInlinePassaB3dE58d1e62";
const INLINE_HEADER: &str = "cnryInlineHeaderaB3dE58d1e63";
const KUBE: &str = "cnryKube/aB3+dE5=8d1e47";
const KUBE_FILE: &str = "cnryKubeFile/aB3+dE5=8d1e48";
const PASSWORD: &str = "cnryPassword/aB3+dE5=8d1e49";
const KEY: &str = "Y25yeUtleWFCM2RFNThkMWU1MGNucnlLZXk";
const EXEC: &str = "k8s-aws-v1.cnryExecaB3dE5fG78d1e51";
const ODD: &str = "cnryOdd7aB3xE5fG78d1e52";
const INLINE: &str = "cnryInlineaB3dE58d1e53";
const USERINFO: &str = "cnryUserinfoaB3dE58d1e54";
const QUERY: &str = "cnryQueryaB3dE58d1e55";
/// Typed, pasted, said by a panic.
const NOTE: &str = "cnryNoteaB3dE58d1e56";
const PASTED: &str = "cnryPastedaB3dE58d1e57";
const PANIC: &str = "cnryPanicaB3dE58d1e58";
const REASON: &str = "cnryReasonaB3dE58d1e59";

fn base64(bytes: &[u8]) -> String {
    let abc = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = String::new();
    for c in bytes.chunks(3) {
        let n = c.iter().fold(0u32, |n, b| n << 8 | u32::from(*b)) << (8 * (3 - c.len()));
        (0..=c.len()).for_each(|i| out.push(char::from(abc[(n >> (18 - 6 * i) & 63) as usize])));
    }
    out
}

/// Raw, hex, for a URL, for JSON, and in base64 wherever it begins. Written a second time, not the program's own.
fn forms(canary: &str) -> Vec<String> {
    let hex: String = canary.bytes().map(|b| format!("{b:02x}")).collect();
    let percent: String =
        canary
            .chars()
            .map(|c| {
                if c.is_ascii_alphanumeric() || ".-_".contains(c) {
                    c.to_string()
                } else {
                    format!("%{:02X}", c as u32)
                }
            })
            .collect();
    let mut all =
        vec![canary.to_owned(), hex.to_uppercase(), hex, percent.to_lowercase(), percent, canary.replace('/', "\\/")];
    for shift in 0..3 {
        let coded = base64(&[&b"ab"[..shift], canary.as_bytes()].concat());
        all.push(coded[[0, 2, 3][shift]..coded.len() - 4].to_owned());
    }
    all.extend(all.clone().iter().map(|f| f.replace('+', "-").replace('/', "_")));
    all
}

fn found(bytes: &[u8], canary: &str) -> Option<String> {
    let text = String::from_utf8_lossy(bytes);
    // A terminal writes what changed: escape sequences between two letters hide nothing from an eye.
    forms(canary).into_iter().find(|f| text.contains(f.as_str()))
}

/// What the program wrote: everything under its state and cache, config apart.
fn written(home: &Home) -> Vec<PathBuf> {
    let made = [".local", ".cache", "state"].map(|d| home.path().join(d));
    home.files().into_iter().filter(|f| made.iter().any(|d| f.starts_with(d))).collect()
}

#[track_caller]
fn nowhere(home: &Home, canaries: &[&str]) {
    for file in written(home) {
        let bytes = std::fs::read(&file).expect("read");
        for canary in canaries {
            assert_eq!(found(&bytes, canary), None, "{canary} in {}", file.display());
        }
    }
}

/// Says back what proves who asked, each part of the tree in its own way.
async fn server_that_says_it_back() -> FakeHttp {
    let good = healthy(2);
    FakeHttp::start(move |seen: &Seen| {
        let got = ["authorization", "x-api-key"].map(|h| seen.header(h).unwrap_or("nothing")).join(" and ");
        let status = |code: u16| {
            json!({"kind": "Status", "apiVersion": "v1", "status": "Failure", "code": code,
                   "message": format!("not with {got}"), "reason": "Unauthorized"})
            .to_string()
        };
        let json = |code, body: String| Answer::new(code, "application/json", body);
        match seen.path.split('/').nth(1).unwrap_or_default() {
            "ok" => good(&Seen { path: seen.path.replacen("/ok", "", 1), ..seen.clone() }),
            "text" => Answer::status(401, &format!("not with {got}")),
            "json" => json(
                500,
                json!({"status": "error", "errorType": "internal", "error": format!("with {got}?")}).to_string(),
            ),
            "said" => json(
                200,
                json!({"status": "error", "errorType": "bad_data", "error": format!("with {got}?")}).to_string(),
            ),
            "html" => Answer::new(200, "text/html", format!("<p>Sign in instead of {got}")),
            "kube401" => json(401, status(401)),
            "kube500" => json(500, status(500)),
            "kubetext" => Answer::status(500, &format!("debug: {got}")),
            _ => Answer::new(403, "text/html", format!("<p>{got}")),
        }
    })
    .await
}

fn kubeconfig(home: &Home, url: &str) {
    let users = [
        ("k-token", "kube401", json!({"token": KUBE})),
        ("k-again", "kube500", json!({"token": KUBE})),
        ("k-file", "kubetext", json!({"tokenFile": home.file("in/kube.token", KUBE_FILE)})),
        ("k-basic", "kube500", json!({"username": "mira", "password": PASSWORD})),
        ("k-key", "kube500", json!({"client-certificate-data": "AAAA", "client-key-data": KEY})),
        ("k-exec", "kube500", plugin(EXEC)),
        ("k-odd", "kube401", plugin(ODD)),
        ("k-oddtext", "kubetext", plugin(ODD)),
    ];
    let list = |f: &dyn Fn(&str, &str, &Value) -> Value| users.iter().map(|(n, p, u)| f(n, p, u)).collect::<Vec<_>>();
    let all = json!({
        "apiVersion": "v1", "kind": "Config", "current-context": "k-token",
        "clusters": list(&|n, p, _| json!({"name": n, "cluster": {"server": format!("{url}/{p}")}})),
        "contexts": list(&|n, _, _| json!({"name": n, "context": {"cluster": n, "user": n, "namespace": "shop"}})),
        "users": list(&|n, _, u| json!({"name": n, "user": u})),
    });
    home.file(".kube/config", &all.to_string());
    let sources: String =
        users.iter().map(|(n, ..)| format!("[source.{n}]\ntype = \"kubernetes\"\ncontext = \"{n}\"\n")).collect();
    let prom = |name: &str, at: &str, token: &str| {
        format!("[source.{name}]\ntype = \"prometheus\"\nurl = \"{at}\"\ntoken = {token}\n")
    };
    let file = format!("{{ file = {:?} }}", home.file("in/prom.token", FILE));
    let env = "{ env = \"CNRY_TOKEN\" }";
    let command = format!("{{ command = [\"sh\", \"-c\", \"printf %s '{COMMAND}'\"] }}");
    let basic = |name: &str, more: &str| {
        format!("[source.{name}]\ntype = \"prometheus\"\nurl = \"{url}/text\"\nuser = \"mira\"\n{more}\n")
    };
    let password = format!("password = {{ file = {:?} }}", home.file("in/prom.password", PROM_PASSWORD));
    let header = format!("headers = {{ X-Api-Key = {{ file = {:?} }} }}", home.file("in/prom.header", HEADER));
    let sources = [
        sources,
        basic("p-basic", &password),
        format!("[source.p-header]\ntype = \"prometheus\"\nurl = \"{url}/json\"\n{header}\n"),
        basic("p-inline-password", &format!("password = \"{INLINE_PASSWORD}\"")),
        format!("[source.p-inline-header]\ntype = \"prometheus\"\nurl = \"{url}\"\nheaders = {{ X-Api-Key = \"{INLINE_HEADER}\" }}\n"),
        prom("p-ok", &format!("{url}/ok"), &file),
        prom("p-text", &format!("{url}/text"), &file),
        prom("p-json", &format!("{url}/json"), env),
        prom("p-said", &format!("{url}/said"), env),
        prom("p-html", &format!("{url}/html"), &command),
        prom("p-inline", &format!("{url}/text"), &format!("\"{INLINE}\"")),
        prom("p-user", &url.replace("http://", &format!("http://mira:{USERINFO}@")), env),
        prom("p-query", &format!("{url}/text?token={QUERY}"), env),
    ]
    .concat();
    let names: Vec<&str> = sources.split("[source.").skip(1).filter_map(|s| s.split(']').next()).collect();
    let environment = format!("[environment.prod]\nsources = {names:?}\n");
    home.config(&format!("{environment}{sources}"));
}

fn plugin(token: &str) -> Value {
    let says =
        json!({"apiVersion": "client.authentication.k8s.io/v1", "kind": "ExecCredential", "status": {"token": token}});
    json!({"exec": {"apiVersion": "client.authentication.k8s.io/v1", "command": "sh", "interactiveMode": "Never",
                    "args": ["-c", format!("printf %s '{says}'")]}})
}

/// Sources the log says failed.
fn failed(home: &Home) -> Vec<String> {
    let logs = home.files().into_iter().filter(|f| f.extension().is_some_and(|e| e == "jsonl"));
    let text: String = logs.filter_map(|f| std::fs::read_to_string(f).ok()).collect();
    let records = text.lines().filter_map(|l| serde_json::from_str::<Value>(l).ok());
    let failed = records.filter(|r| r["kind"] == "source" && r["data"]["words"] == "failed");
    failed.filter_map(|r| Some(r["data"]["source"].as_str()?.to_owned())).collect()
}

fn type_a_note(pty: &mut Pty, typed: &str, pasted: &str, kept: &str) {
    pty.keys("n");
    pty.wait_for("ctrl-o");
    pty.send(typed);
    pty.send(format!("\x1b[200~{pasted}\x1b[201~"));
    pty.wait_for("token=<secret");
    pty.keys("C-o");
    pty.wait_for(kept);
}

fn real(home: &Home) -> Vec<u8> {
    let env = [("CNRY_TOKEN", ENV), ("ANDON_LOG", "trace")];
    let mut pty = home.andon_with(&["--env", "prod"], &env, 200, 50);
    let expected = ["k-token", "k-again", "k-file", "k-basic", "k-key", "k-exec", "k-odd", "k-oddtext"];
    let expected = expected.iter().chain(&["p-text", "p-json", "p-said", "p-html", "p-basic", "p-header"]);
    let end = Instant::now() + Duration::from_secs(60);
    while !expected.clone().all(|e| failed(home).iter().any(|f| f == e)) {
        assert!(Instant::now() < end, "only these failed: {:?}\n{}", failed(home), pty.screen().join("\n"));
        std::thread::sleep(Duration::from_millis(100));
    }
    pty.keys("o");
    pty.wait_for("CALLS/MIN");
    // Every source's last error is drawn in full.
    for _ in 0..20 {
        pty.keys("j");
    }
    type_a_note(&mut pty, &format!("the password: {NOTE} was tried, "), &format!("token={PASTED}"), "kept in the log");
    pty.keys("v y");
    pty.keys("q");
    assert_eq!(pty.wait_exit(), 0);
    pty.raw()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_canary_is_in_any_file_nor_on_the_terminal() {
    let server = server_that_says_it_back().await;
    let home = Home::new("canary");
    kubeconfig(&home, &server.url());
    let (raw, home) = tokio::task::spawn_blocking(move || (real(&home), home)).await.expect("ran");
    let sent = server.seen();
    // Or this test would prove nothing: each of them was sent, and said back.
    for canary in [FILE, ENV, COMMAND, KUBE, KUBE_FILE, EXEC, ODD] {
        let bearer = format!("Bearer {canary}");
        assert!(sent.iter().any(|s| s.header("authorization") == Some(&bearer)), "{canary} was not sent");
    }
    assert!(sent.iter().any(|s| s.header("x-api-key") == Some(HEADER)), "the header was not sent");
    let prom = format!("Basic {}", base64(format!("mira:{PROM_PASSWORD}").as_bytes()));
    let basic = format!("Basic {}", base64(format!("mira:{PASSWORD}").as_bytes()));
    let basics: Vec<_> =
        sent.iter().filter_map(|s| s.header("authorization")).filter(|h| h.starts_with("Basic")).collect();
    for basic in [basic, prom] {
        assert!(basics.iter().any(|h| h.trim_end_matches('=') == basic), "{basics:?}");
    }

    let of_sources = [
        PROM_PASSWORD,
        HEADER,
        INLINE_PASSWORD,
        INLINE_HEADER,
        FILE,
        ENV,
        COMMAND,
        KUBE,
        KUBE_FILE,
        PASSWORD,
        KEY,
        EXEC,
        ODD,
        INLINE,
        USERINFO,
        QUERY,
    ];
    for canary in of_sources {
        assert_eq!(found(&raw, canary), None, "{canary} on the terminal");
    }
    nowhere(&home, &[&of_sources[..], &[NOTE, PASTED]].concat());
    let kinds: Vec<String> =
        written(&home).iter().map(|f| f.extension().unwrap_or_default().to_string_lossy().into_owned()).collect();
    for kind in ["jsonl", "tape", "log"] {
        assert!(kinds.iter().any(|k| k == kind), "no {kind} was written: {kinds:?}");
    }
    let log = std::fs::read_to_string(home.only("jsonl")).expect("a log");
    let note = log.lines().find(|l| l.contains("\"kind\":\"note\"")).expect("the note");
    assert!(note.contains("<secret, 20 bytes, sha256") && note.contains("\"redacted\":"), "{note}");
    // What commands print of it.
    let dir = home.only("jsonl").parent().expect("a directory").display().to_string();
    for args in [
        &["log", "tail", "-n", "999", "--dir", &dir][..],
        &["log", "verify", &dir],
        &["config", "show"],
        &["config", "check"],
    ] {
        let (_, said) = home.run(args);
        for canary in of_sources.iter().chain(&[NOTE, PASTED]) {
            assert_eq!(found(said.as_bytes(), canary), None, "{canary} in {args:?}: {said}");
        }
    }
    // And the search finds each of them in every form, where somebody put it.
    for canary in of_sources {
        for form in [
            canary.to_owned(),
            base64(format!("x{canary}y").as_bytes()),
            canary.replace('/', "%2F").replace('+', "%2B").replace('=', "%3D"),
            canary.bytes().map(|b| format!("{b:02x}")).collect(),
        ] {
            let planted = home.file(".local/state/andon/planted.txt", &format!("before {form} after"));
            let caught = std::panic::catch_unwind(|| nowhere(&home, &[canary])).is_err();
            assert!(caught, "{form} was not found");
            std::fs::remove_file(planted).expect("removed");
        }
    }
}

#[test]
fn a_drill_keeps_no_canary_that_was_typed_and_its_panic_tells_none() {
    let home = Home::new("canary-drill");
    let mut pty = home.andon_with(&["drill", "f1"], &[("ANDON_LOG", "trace")], 100, 30);
    crate::console_pty::awake(&mut pty);
    type_a_note(&mut pty, &format!("api_key={NOTE} "), &format!("token={PASTED}"), "note: api_key=<secret");
    // The service that has a runbook.
    let chosen = |g: &Grid| g.lines().into_iter().find(|l| l.starts_with('>'));
    pty.keys("b");
    pty.wait_until("a row that is chosen", |g| chosen(g).is_some());
    for _ in 0..20 {
        let row = pty.look(chosen).expect("one is chosen");
        if row.contains("checkout") {
            break;
        }
        pty.keys("j");
        pty.wait_until("the next row", |g| chosen(g).is_some_and(|l| l != row));
    }
    pty.keys("r");
    pty.wait_for("RUNBOOK");
    pty.keys("-");
    pty.wait_for("reason:");
    pty.send(format!("known, password={REASON}"));
    pty.wait_for(REASON);
    pty.keys("Enter");
    pty.keys("v y q");
    assert_eq!(pty.wait_exit(), 0);
    nowhere(&home, &[NOTE, PASTED, REASON]);
    assert!(written(&home).iter().any(|f| f.ends_with("copied.txt")), "nothing was copied: {:?}", written(&home));
    let log = std::fs::read_to_string(home.only("jsonl")).expect("a log");
    assert!(log.matches("\"redacted\":").count() >= 2, "{log}");

    let home = Home::new("canary-panic");
    let says = format!(" with token={PANIC}");
    let env = [("ANDON_TEST_FALL", "engine"), ("ANDON_TEST_SAYS", &*says)];
    let mut pty = home.andon_with(&["drill", "calm"], &env, 100, 30);
    crate::console_pty::awake(&mut pty);
    pty.keys("n");
    pty.wait_for("ctrl-o");
    pty.send("x");
    assert_eq!(pty.wait_exit(), 134);
    nowhere(&home, &[PANIC]);
    assert_eq!(found(&pty.raw(), PANIC), None);
    let report = home.files().into_iter().find(|f| f.to_string_lossy().contains("panic-")).expect("a report");
    assert!(std::fs::read_to_string(report).expect("read").contains("token=<secret, "));
}
