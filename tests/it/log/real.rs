//! The real program before the fake API server: killed at named points with an act under way; and with a disk whose sync
//! never returns.

use super::session::settings;
use crate::contract::kube::Kube;
use crate::home::Home;
use crate::plain_real::Piped;
use crate::together::{Case, case, thrice, together};
use andon::core::record::Record;
use andon::journal::thread::{Beside, Journal, Report, Settings};
use andon::journal::{chain, fallback, heads};
use rustix::process::Signal;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::channel;
use std::time::{Duration, Instant};

const LONG: Duration = Duration::from_secs(60);
/// A `yes` counts this long after its line.
const READ: Duration = Duration::from_millis(1_200);

/// A console in lines on a cluster of its own.
struct Stage {
    _runtime: tokio::runtime::Runtime,
    kube: Kube,
    home: Home,
    trigger: PathBuf,
}

impl Stage {
    fn new(name: &str) -> Stage {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let kube = runtime.block_on(Kube::new());
        let home = Home::new(name);
        let trigger = home.path().join("now");
        Stage { _runtime: runtime, kube, home, trigger }
    }

    fn console(&self, env: &[(&str, &str)]) -> Piped {
        let config = self.kube.server().kubeconfig.to_str().unwrap().to_owned();
        let env = [env, &[("KUBECONFIG", config.as_str())]].concat();
        Piped::start_with(&self.home, &["--context", "fake", "--plain"], &env)
    }

    fn now(&self) {
        std::fs::write(&self.trigger, "").unwrap();
    }

    fn state(&self) -> PathBuf {
        self.home.path().join(".local/state")
    }

    fn log(&self) -> PathBuf {
        self.state().join("andon/fake/log")
    }

    /// Until the cluster was read.
    fn awake(&self, p: &mut Piped) {
        p.wait_for("Type help for the words");
        loop {
            p.type_line("status");
            if p.wait_for_any(&["No service yet", "checkout@fake"]).contains("checkout@fake") {
                return;
            }
            std::thread::sleep(Duration::from_millis(200));
        }
    }

    fn dialog(&self, p: &mut Piped, service: &str) {
        let began = Instant::now();
        let asked = format!("type: yes roll-back {service}@fake");
        loop {
            p.type_line(&format!("act roll-back {service}"));
            // It opens nothing while it wakes.
            if p.wait_for_any(&[&asked, "has only just woken"]).contains(&asked) {
                break;
            }
            std::thread::sleep(Duration::from_millis(200));
        }
        println!("a dialog, planned and read: {} ms", began.elapsed().as_millis());
        std::thread::sleep(READ);
    }

    /// Intents in whole records of all logs, and in the fallback files.
    fn intents(&self) -> usize {
        let mut n = 0;
        for path in heads::logs(&self.log()).expect("read") {
            let bytes = std::fs::read(&path).expect("read");
            assert_eq!(chain::verify(&bytes[..], |_| {}).expect("read").first_bad, None);
            let lines = bytes.split_inclusive(|b| *b == b'\n').filter_map(|l| l.strip_suffix(b"\n"));
            n += lines.filter(|l| Record::read("f", l).kind == "intent").count();
        }
        n + self.in_fallback().matches("\"kind\":\"intent\"").count()
    }

    fn in_fallback(&self) -> String {
        let files = self.home.files().into_iter().filter(|p| {
            let name = p.file_name().unwrap().to_string_lossy();
            name.starts_with("fallback-") && name.ends_with(".jsonl")
        });
        files.map(|p| std::fs::read_to_string(p).unwrap()).collect()
    }

    /// The next session opens, and finds what is open.
    fn opens_again(&self, case: &str) -> usize {
        let settings = Settings { environment: "fake".into(), user: "next".into(), ..settings(&self.log(), "0") };
        let (tell, told) = channel();
        let report = Arc::new(move |r| {
            if let Report::Recovered(r) = r {
                let _ = tell.send(r);
            }
        });
        let now = andon::engine::clock::Clock::now(&andon::engine::clock::RealClock);
        let beside = Beside { fallback: Some(fallback::dir(&self.state())), ..Beside::default() };
        let j = Journal::open_with(&settings, now, report, beside).expect("it opens");
        let found = told.recv_timeout(LONG).expect("it looks");
        assert!(found.unread.is_empty() && found.running.is_empty(), "{case}: {found:?}");
        j.close(now, LONG).head.expect("on disk");
        found.unfinished.len()
    }
}

/// Kills it at this point with a roll back under way.
fn killed(point: &'static str, ails: &'static str) -> Case<'static> {
    case(point, move || {
        let stage = Stage::new("killed");
        let at = format!("{point}@{}", stage.trigger.display());
        let fault = format!("{ails}:{}", stage.trigger.display());
        let mut env = vec![("ANDON_KILL_AT", at.as_str())];
        if !ails.is_empty() {
            env.push(("ANDON_DISK_FAULT", fault.as_str()));
        }
        let mut p = stage.console(&env);
        stage.awake(&mut p);
        stage.dialog(&mut p, "checkout");
        stage.now();
        p.type_line("yes roll-back checkout@fake");
        // Where it dies at the fallback file it may not come to ask.
        if !ails.is_empty() && !point.contains("fallback") {
            p.wait_for("type the name: checkout");
            std::thread::sleep(READ);
            p.type_line("checkout");
        }
        if ["before-closed", "after-closed", "before-live-end"].contains(&point) {
            p.wait_for("accepted");
            p.signal(Signal::TERM);
        }
        let code = p.exit();
        assert_eq!(code, 128 + 9, "{point}: it never came to it");
        let (asked, intents) = (stage.kube.server().writes(), stage.intents());
        assert!(intents >= asked, "{point}: {asked} requests, {intents} intents on disk");
        assert!(asked <= 1, "{point}: sent once at most");
        let open = stage.opens_again(point);
        println!("{point}: {asked} requests, {intents} intents on disk, {open} found open");
        assert!(open >= asked.min(1) || point.contains("closed"), "{point}: what has left and has no outcome is found");
        assert!(stage.in_fallback().is_empty(), "{point}: taken over");
    })
}

#[test]
fn killed_with_an_act_under_way_every_request_has_its_intent() {
    let mut all = vec![
        killed("between-write-and-sync", ""),
        killed("between-durable-and-send", ""),
        killed("after-send-before-answer", ""),
        killed("after-fallback", "hang:sync:1"),
    ];
    if std::env::var_os("ANDON_LONG").is_some() {
        all.extend([
            killed("before-write", ""),
            killed("before-write:2", ""),
            killed("between-write-and-sync:2", ""),
            killed("after-sync-before-report", ""),
            killed("between-answer-and-record", ""),
            killed("before-closed", ""),
            killed("after-closed", ""),
            killed("before-live-end", ""),
            killed("before-fallback", "hang:sync:1"),
            killed("between-durable-and-send", "hang:sync:1"),
            killed("after-send-before-answer", "io:sync:1"),
            killed("between-durable-and-send", "full:write:1"),
        ]);
    }
    together(all);
}

#[track_caller]
fn within(what: &str, took: Duration, bar_ms: u64) {
    println!("{what}: {} ms (bar {bar_ms})", took.as_millis());
    let bar = Duration::from_millis(if std::env::var_os("ANDON_LONG").is_some() { bar_ms * 5 } else { bar_ms * 20 });
    assert!(took <= bar, "{what} took {took:?}");
}

#[test]
fn a_sync_that_never_returns_asks_for_the_name_and_lets_the_way_back_out() {
    thrice(hung_sync);
}

fn hung_sync() {
    let stage = Stage::new("hung");
    let fault = format!("hang:sync:1:{}", stage.trigger.display());
    let mut p = stage.console(&[("ANDON_DISK_FAULT", &fault)]);
    stage.awake(&mut p);
    stage.dialog(&mut p, "checkout");
    stage.now();
    let began = Instant::now();
    p.type_line("yes roll-back checkout@fake");
    p.wait_for("type the name: checkout");
    within("hung sync: the name asked after the yes", began.elapsed(), 600);
    assert_eq!(stage.kube.server().writes(), 0);
    std::thread::sleep(READ);
    let began = Instant::now();
    p.type_line("checkout");
    while stage.kube.server().writes() == 0 {
        assert!(began.elapsed() < LONG, "it never left");
        std::thread::sleep(Duration::from_millis(1));
    }
    within("the roll back out after the name", began.elapsed(), 100);
    assert!(
        stage.in_fallback().contains("\"kind\":\"intent\""),
        "the request has its intent on disk: {}",
        stage.in_fallback()
    );
    // The next one: known already.
    let began = Instant::now();
    p.type_line("act roll-back search");
    // The dialog itself asks; a `yes` is not even offered.
    let asked = p.wait_for_any(&["type the name: search", "type: yes roll-back search"]);
    assert!(asked.contains("type the name: search"), "{asked}");
    println!("hung and known: the name asked with the dialog, {} ms", began.elapsed().as_millis());
    p.signal(Signal::TERM);
    let began = Instant::now();
    let code = p.exit();
    println!("gone with {code} after {} ms", began.elapsed().as_millis());
    let kept = stage.in_fallback();
    assert!(kept.contains("\"kind\":\"sent\""), "{kept}");
    assert!(began.elapsed() < Duration::from_secs(20));
    let open = stage.opens_again("hung");
    assert!(open <= 1, "{open}");
    assert!(is_whole(&stage.log()));
}

fn is_whole(log: &Path) -> bool {
    heads::logs(log).expect("read").iter().all(|p| {
        let bytes = std::fs::read(p).expect("read");
        chain::verify(&bytes[..], |_| {}).expect("read").first_bad.is_none()
    })
}
