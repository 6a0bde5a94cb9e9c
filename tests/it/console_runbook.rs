//! Runbooks in real consoles, by the keyboard: two that work through one see each other's ticks; an address is asked and a
//! program runs to its end, and output too long for a record lies beside the log under its hash.

use crate::console_pty::{arm, yes};
use crate::consoles::Bastion;
use crate::together::{case, together};
use andon::core::seal::sha256_hex;
use andon::testkit::fake_http::{Answer, FakeHttp};
use serde_json::Value;
use std::time::{Duration, Instant};

/// In place of the shipped one of this name, so that `r` opens it.
const FILE: &str = ".config/andon/runbooks/checkout-5xx.md";

const BY_HAND: &str = "---\nservice: checkout\n---\n# Carts are empty\n\n## 1. ask the shop\n\nIs it so?\n\n\
    ## 2. call the caterers\n\nThey have a key.\n\n## 3. write it down\n\nIn the book.\n";

fn asks(url: &str) -> String {
    format!(
        "---\nservice: checkout\n---\n# The cache is cold\n\n## 1. the cache answers\n\n```check\nget: {url}/health\n\
         expect: status 200\nexpect: contains \"warm\"\n```\n\n## 2. fill it\n\n```command\n\
         argv: [\"seq\", \"1\", \"20000\"]\ntimeout: 30s\n```\n\n## 3. look\n\nAt the page.\n"
    )
}

/// Records of one step, in the order of writing.
fn of_step(b: &Bastion, step: u64) -> Vec<Value> {
    let mut all: Vec<Value> =
        b.records().into_iter().filter(|r| r["kind"] == "runbook" && r["data"]["step"] == step).collect();
    all.sort_by_key(|r| (r["hlc"][0].as_i64(), r["hlc"][1].as_i64()));
    all
}

/// The step's last record, once it says that.
#[track_caller]
fn stands(b: &Bastion, step: u64, word: &str) -> Value {
    let end = Instant::now() + Duration::from_secs(60);
    loop {
        let all = of_step(b, step);
        if let Some(last) = all.last().filter(|r| r["data"]["stands"] == word) {
            return last.clone();
        }
        assert!(Instant::now() < end, "step {step} is never {word}: {all:#?}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn runbooks_by_the_keyboard() {
    together(vec![
        case("two consoles on one runbook see each other's ticks", || {
            let b = Bastion::new("ticks", &[("ANDON_TEST_FOLLOW", "300")]);
            b.home.file(FILE, BY_HAND);
            let mut mira = b.console("mira");
            let mut ito = b.console("ito");
            // That he is in is said for some seconds only, perhaps before he is awake himself: `consoles` waits for it.
            for pty in [&mut mira, &mut ito] {
                pty.keys("r");
                pty.wait_for("checkout-5xx  0 of 3");
                pty.wait_for("1 ask the shop");
            }
            mira.keys("Space");
            mira.wait_for("checkout-5xx  1 of 3");
            // On his screen without a key of his.
            ito.wait_for("checkout-5xx  1 of 3");
            ito.wait_for("by mira");
            ito.keys("j Space");
            ito.wait_for("checkout-5xx  2 of 3");
            mira.wait_for("checkout-5xx  2 of 3");
            mira.wait_for("by ito");
            // Done is done: whoever ticks it as well makes no second record. Her cursor went on to it by itself.
            mira.keys("Space");
            mira.wait_for("this step is done");
            let who = |step| {
                let all = of_step(&b, step);
                all.iter().map(|r| r["actor"]["claimed"].as_str().unwrap_or_default().to_owned()).collect::<Vec<_>>()
            };
            assert_eq!((who(1), who(2)), (vec!["mira".to_owned()], vec!["ito".to_owned()]));
            for mut pty in [mira, ito] {
                pty.keys("q");
                pty.wait_exit();
            }
            // A console that opens later reads it from the log.
            let mut kai = b.console("kai");
            kai.keys("r");
            kai.wait_until("both ticks", |g| g.contains("2 of 3") && g.contains("by mira") && g.contains("by ito"));
            kai.keys("q");
            kai.wait_exit();
        }),
        case("an address and a program, with more output than a record holds", || {
            let b = Bastion::new("asks", &[]);
            let server = b.runtime.block_on(FakeHttp::start(|_| Answer::new(200, "text/plain", "all warm here")));
            b.home.file(FILE, &asks(&server.url()));
            let mut pty = b.console("mira");
            pty.keys("r");
            pty.wait_for("checkout-5xx  0 of 3");
            pty.keys("x");
            pty.wait_for("checkout-5xx  1 of 3");
            let asked = stands(&b, 1, "done");
            assert!(server.seen().iter().all(|s| s.method == "GET" && s.path == "/health"), "{:?}", server.seen());
            assert!(!server.seen().is_empty());
            assert_eq!(asked["data"]["kind"], "check", "{asked:#}");

            // Look-only, a program does not even show its dialog.
            pty.keys("j x");
            pty.wait_for("arms this console first");
            assert!(of_step(&b, 2).is_empty());
            arm(&mut pty);
            pty.keys("x");
            pty.wait_until("every word of it", |g| g.contains("RUN A COMMAND") && g.contains("20000"));
            pty.wait_until("a key that counts", |g| g.contains("run it") && !g.contains("in a moment"));
            assert!(of_step(&b, 2).is_empty(), "something ran before it was confirmed");
            yes(&mut pty, |pty| pty.look(|g| !g.contains("RUN A COMMAND")));
            pty.wait_for("checkout-5xx  2 of 3");
            pty.wait_for("20000");

            let done = stands(&b, 2, "done");
            let all = of_step(&b, 2);
            let (began, data) = (&all[0]["data"], &done["data"]);
            assert_eq!((all.len(), &began["stands"]), (2, &Value::from("running")), "{all:#?}");
            assert_eq!(began["argv"], serde_json::json!(["seq", "1", "20000"]));
            assert_eq!((&data["of_ticket"], &data["exit"]), (&began["ticket"], &Value::from(0)));
            assert_eq!(data["command_sha256"], began["command_sha256"]);
            let text: String = (1..=20_000).map(|n| format!("{n}\n")).collect();
            let hash = sha256_hex(text.as_bytes());
            assert_eq!((&data["bytes"], data["output_sha256"].as_str()), (&text.len().into(), Some(&*hash)));
            // Too long for the record: it names the file, and the file is what the program wrote.
            assert!(text.len() > 32 * 1024);
            assert_eq!((data["output"]["side"].as_str(), &data["output"]["bytes"]), (Some(&*hash), &text.len().into()));
            let kept = std::fs::read_to_string(b.logs().join(format!("{hash}.side"))).expect("the side file");
            assert!(kept == text, "{} bytes of {}", kept.len(), text.len());
            pty.keys("q");
            std::thread::sleep(Duration::from_millis(200));
            pty.keys("q");
            pty.wait_exit();
        }),
    ]);
}
