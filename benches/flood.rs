//! Keys while facts flood in, in a real terminal: from the write on the PTY to the last byte of the key's frame, with a
//! terminal that reads, one that stalls for 5 s, and one of 9600 bit/s behind 300 ms; and the CPU of a fleet that goes
//! its way (limits.md section 5). Takes about two minutes.
//!
//! The console under test is this program started again in the terminal: the true engine, reader and drawing thread on a
//! world of its own, 1,000 services with 5,000 rollouts. The core knows no alerts yet: 10,000 query results stand in
//! for them, as facts the inbox and `update` must take all the same.
//!
//! `cargo bench --bench flood`

mod harness;

use andon::core::id::SourceId;
use andon::core::model::Model;
use andon::core::msg::{Msg, Reloaded};
use andon::core::time::{Person, Utc};
use andon::core::world::fact::Fact;
use andon::core::world::figures::Checked;
use andon::core::world::target::TargetState;
use andon::engine::clock::{RealClock, utc_now};
use andon::engine::inbox::{FromTerminal, Inbox};
use andon::engine::{Engine, Front};
use andon::testkit::{Canary, world};
use andon::tty::{Device, Frame, Guard, Input, Output, input};
use andon::ui::{self, Look};
use harness::{home, process, pty, screen};
use home::Home;
use pty::Pty;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use std::sync::Arc;
use std::thread::sleep;
use std::time::{Duration, Instant};

const SERVICES: usize = 1_000;

fn main() {
    let args: Vec<String> = std::env::args().collect();
    match args.iter().position(|a| a == "--console") {
        Some(at) => console(&args[at + 1], &args[at + 2]),
        None => measure(),
    }
}

// ---- the console under test ----

/// The engine's front on this terminal, without a guard's comfort.
struct Plain {
    output: Output,
    look: Look,
}

impl Front for Plain {
    fn draw(&mut self, model: &Model) {
        let area = Rect::new(0, 0, model.width, model.height);
        let mut buffer = Buffer::empty(area);
        let drawn = ui::draw(model, &self.look, area, &mut buffer);
        self.output.draw(Frame { buffer, cursor: drawn.cursor, tag: drawn.dialog.map(|d| d.0) });
    }
    fn digest(&self, _: &Model) -> String {
        String::new()
    }
    fn repaint(&mut self) {
        self.output.repaint();
    }
    fn suspend(&mut self) {}
    fn resume(&mut self) {}
    fn copy(&mut self, _: &str) -> Option<String> {
        None
    }
    fn theme(&mut self, _: &str) -> Result<(), String> {
        Ok(())
    }
    fn reload(&mut self) -> Option<Reloaded> {
        None
    }
    fn bell(&mut self) {}
    fn say(&mut self, _: &str) {}
    fn frame_ms(&self) -> i64 {
        100
    }
    fn ticks(&self) -> bool {
        true
    }
}

/// `what`: `flood` or `steady`; the count of dropped frames goes into `report`.
fn console(what: &str, report: &str) {
    let device = Device::open().expect("a terminal");
    let guard = Guard::enter(&device).expect("raw mode");
    let inbox = Inbox::default();
    let output = Output::start(&device, true, |_| {}).expect("a thread");
    let keys = inbox.clone();
    let reader = input::start(&device, false, move |i| match i {
        Input::Key { key, at } => keys.terminal(FromTerminal::Msg(Msg::Key(key), Person(at))),
        Input::End(e) => keys.terminal(FromTerminal::End(e.exit_code())),
        Input::Gone { .. } => keys.terminal(FromTerminal::End(129)),
        Input::Mouse { .. } | Input::Paste { .. } | Input::Resize { .. } | Input::Stop | Input::Continued => {}
    })
    .expect("a reader");
    let mut w = world();
    w.sources();
    for i in 0..SERVICES {
        let name = format!("service-{i:04}");
        w.service(&name, 2, &[120_000]);
        let canary = if i % 20 == 0 { Canary::new(&name, "eu-1") } else { Canary::steady(&name, "us-1") };
        w.canary(&canary);
    }
    w.keys("b +");
    let mut model = w.model;
    (model.width, model.height) = device.size();
    let targets: Vec<TargetState> = model.world.targets.values().cloned().collect();
    let (feed, flood) = (inbox.clone(), what == "flood");
    std::thread::spawn(move || if flood { feed_flood(&feed, &targets) } else { feed_steady(&feed, &targets) });
    let mut engine = Engine::new(model, Plain { output, look: Look::shipped() }, inbox, Arc::new(RealClock));
    engine.run();
    let (front, _) = engine.close();
    let text = format!("{} frames dropped, {} bytes", front.output.replaced(), front.output.bytes_written());
    let _ = std::fs::write(report, text);
    drop(reader);
    guard.restore();
}

fn put(inbox: &Inbox, t: &TargetState, word: usize) {
    let source: SourceId = t.id.source.clone();
    let t = TargetState { message: format!("word {word}").into(), read_at: utc_now(), ..t.clone() };
    inbox.fact(&source, Fact::Target(Box::new(t)));
}

/// 5,000 rollouts and 10,000 results at once, again every 5 s, and 1,000 changes a second between.
fn feed_flood(inbox: &Inbox, targets: &[TargetState]) {
    let source = SourceId::new("metrics");
    for round in 0.. {
        for n in 0..5 {
            for t in targets {
                let mut t = t.clone();
                t.id.name = format!("{}-{n}", t.id.name).into();
                t.id.uid = format!("{}-{n}", t.id.uid).into();
                put(inbox, &t, round);
            }
        }
        for n in 0..10_000 {
            let checked =
                Checked { query: format!("alert {n}").into(), value: Some(round as f64), sample: Some(Utc(0)) };
            inbox.fact(&source, Fact::Checked(checked));
        }
        for n in 0..500 {
            for t in targets.iter().skip(n * 10 % targets.len()).take(10) {
                put(inbox, t, n);
            }
            sleep(Duration::from_millis(10));
        }
    }
}

/// 220 facts a second, 20 of them news.
fn feed_steady(inbox: &Inbox, targets: &[TargetState]) {
    for second in 0.. {
        for (i, t) in targets.iter().enumerate().filter(|(i, _)| i % 5 == second % 5).take(220) {
            put(inbox, t, if i % 11 == 0 { second } else { 0 });
        }
        sleep(Duration::from_secs(1));
    }
}

// ---- the measuring side ----

fn start(home: &Home, what: &str, report: &str) -> Pty {
    let me = std::env::current_exe().expect("a path");
    let mut pty =
        Pty::spawn(me, &["--console", what, report], &[("HOME", home.path().to_str().expect("utf-8"))], 80, 23);
    pty.wait_for("service-0");
    pty
}

/// The row that names the chosen service.
fn chosen(pty: &Pty) -> String {
    pty.screen().last().cloned().unwrap_or_default()
}

/// From writing the key until its frame is there whole.
fn answered(pty: &mut Pty, key: &str) -> Duration {
    let before = chosen(pty);
    let began = Instant::now();
    pty.send(key);
    pty.wait_until("the next service", |g| g.lines().last().is_some_and(|l| *l != before));
    began.elapsed()
}

fn tell(what: &str, mut took: Vec<Duration>, limit: &str) {
    took.sort();
    let ms = |share: usize| took[(took.len() - 1) * share / 100].as_secs_f64() * 1e3;
    println!("  {what:52} p50 {:6.1} ms  p99 {:6.1} ms  most {:6.1} ms   limit {limit}", ms(50), ms(99), ms(100));
}

fn cpu_ticks(pid: u32) -> u64 {
    let text = std::fs::read_to_string(format!("/proc/{pid}/stat")).expect("it runs");
    let rest = text.rsplit_once(") ").map(|(_, r)| r.to_owned()).unwrap_or_default();
    rest.split_whitespace().skip(11).take(2).filter_map(|n| n.parse::<u64>().ok()).sum()
}

fn measure() {
    println!("keys in a flood, 80x23, from the write on the PTY to the last byte of the frame");
    let home = Home::new("flood");
    let report = home.path().join("report");
    let report = report.to_str().expect("utf-8").to_owned();
    let mut pty = start(&home, "flood", &report);
    let key = |n: usize| if n % 16 < 8 { "j" } else { "k" };
    sleep(Duration::from_secs(2));
    let took = (0..200).map(|n| {
        sleep(Duration::from_millis(60 + n as u64 * 7 % 40));
        answered(&mut pty, key(n))
    });
    tell("10,000 results, 5,000 rollouts, 1,000 changes/s", took.collect(), "p99 16 ms");
    let mut after = Vec::new();
    for n in 0..3 {
        pty.stall(true);
        sleep(Duration::from_secs(5));
        pty.stall(false);
        after.push(answered(&mut pty, key(n)));
    }
    tell("the same, after the terminal stalled for 5 s", after, "100 ms");
    pty.keys("q q");
    pty.wait_exit();
    println!("  {}", std::fs::read_to_string(&report).unwrap_or_default());

    let mut pty = start(&home, "steady", &report);
    sleep(Duration::from_secs(3));
    let (before, began) = (cpu_ticks(pty.pid()), Instant::now());
    sleep(Duration::from_secs(20));
    let used = (cpu_ticks(pty.pid()) - before) as f64 / began.elapsed().as_secs_f64();
    println!("  CPU, 1,000 services, 20 changed and 200 unchanged facts/s: {used:.2} % of a core   limit 1 %");
    pty.keys("q q");
    pty.wait_exit();

    // The true binary on a slow line: 150 ms there, 150 ms back, 960 bytes a second.
    let home = Home::new("slow");
    let mut pty = home.andon(&["--slow", "drill"]);
    pty.throttle(Some(960));
    pty.wait_until("the drill", |g| g.contains("DRILL") && g.contains("a acts on"));
    pty.keys("b");
    sleep(Duration::from_secs(5));
    let link = Duration::from_millis(300);
    let mut took = Vec::new();
    for n in 0..30 {
        sleep(Duration::from_millis(1_500));
        took.push(answered(&mut pty, if n % 4 < 2 { "j" } else { "k" }) + link);
    }
    let mean = |part: &[Duration]| part.iter().sum::<Duration>().as_secs_f64() * 1e3 / part.len() as f64;
    let growth = mean(&took[20..]) - mean(&took[..10]);
    tell("9600 bit/s and a 300 ms link, --slow, drill f1", took, "1.5 s");
    println!("  the last ten keys took {growth:+.0} ms more than the first ten   limit: no growth");
}
