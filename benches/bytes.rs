//! What the console costs the line and the machine (limits.md section 5): bytes of an idle minute, of a key, of the first
//! screen, of f1 from its start to settled; wake-ups and memory while calm. Takes about four minutes.
//!
//! `cargo bench --bench bytes`

#[path = "../tests/it/home.rs"]
#[expect(dead_code, reason = "the tests' harness; a bench uses a part of it")]
mod home;
#[path = "../tests/it/pty.rs"]
#[expect(dead_code, reason = "the tests' harness; a bench uses a part of it")]
mod pty;
#[path = "../tests/it/screen.rs"]
#[expect(dead_code, reason = "the tests' harness; a bench uses a part of it")]
mod screen;

use home::Home;
use pty::Pty;
use std::thread::{sleep, spawn};
use std::time::{Duration, Instant};

const MINUTE: Duration = Duration::from_secs(60);

fn awake(pty: &mut Pty) {
    pty.wait_until("the drill", |g| g.contains("DRILL") && g.contains("a acts on"));
}

/// Sum over all threads of one line of `status`.
fn status(pid: u32, what: &str) -> u64 {
    let mut sum = 0;
    for task in std::fs::read_dir(format!("/proc/{pid}/task")).expect("it runs").flatten() {
        let text = std::fs::read_to_string(task.path().join("status")).unwrap_or_default();
        let line = text.lines().find_map(|l| l.strip_prefix(what)?.strip_prefix(':'));
        sum += line.and_then(|l| l.split_whitespace().next()?.parse::<u64>().ok()).unwrap_or(0);
    }
    sum
}

fn resident_kb(pid: u32) -> u64 {
    let text = std::fs::read_to_string(format!("/proc/{pid}/status")).expect("it runs");
    let line = text.lines().find_map(|l| l.strip_prefix("VmRSS:"));
    line.and_then(|l| l.split_whitespace().next()?.parse().ok()).unwrap_or(0)
}

/// `setsid` becomes the program itself, so its process is ours.
fn calm(name: &'static str, args: &'static [&'static str]) -> String {
    let home = Home::new("bytes");
    let mut pty = home.andon(args);
    awake(&mut pty);
    let first = pty.bytes();
    // The first answers and the history have come.
    sleep(Duration::from_secs(20));
    let (bytes, turns) = (pty.bytes(), status(pty.pid(), "voluntary_ctxt_switches"));
    let began = Instant::now();
    sleep(MINUTE);
    let secs = began.elapsed().as_secs_f64();
    let (bytes, turns) = (pty.bytes() - bytes, status(pty.pid(), "voluntary_ctxt_switches") - turns);
    format!(
        "{name}: first screen {first} B; an idle minute {bytes} B = {:.1} B/s; {:.1} wake-ups/s; {} kB resident",
        bytes as f64 / secs,
        turns as f64 / secs,
        resident_kb(pty.pid()),
    )
}

/// Keys in a list, without the clock, so that nothing else moves.
fn keys() -> String {
    let home = Home::new("keys");
    let mut pty = home.andon(&["--no-clock", "drill", "calm"]);
    awake(&mut pty);
    pty.keys("b +");
    sleep(Duration::from_secs(2));
    let cost = |pty: &mut Pty, key: &str| {
        let before = pty.bytes();
        pty.keys(key);
        sleep(Duration::from_millis(400));
        pty.bytes() - before
    };
    let mut downs: Vec<usize> = (0..9).map(|_| cost(&mut pty, "j")).collect();
    downs.sort_unstable();
    let half = cost(&mut pty, "C-u");
    let (verdict, board) = (cost(&mut pty, "v"), cost(&mut pty, "b"));
    format!(
        "a key in the list: median {} B, most {} B; half a page {half} B; v {verdict} B; b {board} B",
        downs[downs.len() / 2],
        downs[downs.len() - 1],
    )
}

/// The whole drill at its own speed, with an operator who rolls back as soon as it is WORSE.
fn f1() -> String {
    let home = Home::new("f1");
    let began = Instant::now();
    let mut pty = home.andon(&["drill"]);
    awake(&mut pty);
    let first = pty.bytes();
    let until = |pty: &Pty, what: &str, good: &dyn Fn(&[String]) -> bool| {
        let end = Instant::now() + Duration::from_secs(400);
        while !good(&pty.screen()) {
            assert!(Instant::now() < end, "{what}:\n{}", pty.screen().join("\n"));
            sleep(Duration::from_millis(100));
        }
    };
    pty.keys("b");
    until(&pty, "WORSE", &|s| s.iter().any(|l| l.contains("checkout") && l.contains("WORSE")));
    let worse = began.elapsed().as_secs();
    pty.keys("v g");
    pty.wait_until("checkout", |g| g.lines()[3].starts_with("CHECKOUT"));
    pty.keys("a r");
    pty.wait_for("Y roll back");
    sleep(Duration::from_millis(1_000));
    pty.keys("Y");
    until(&pty, "settled", &|s| s.iter().any(|l| l.contains("settled after")));
    let (bytes, secs) = (pty.bytes(), began.elapsed().as_secs());
    format!("f1, WORSE after {worse} s, settled after {secs} s: {bytes} B, the first screen {first} B of it")
}

fn main() {
    println!("bytes at 80x23, 256 colours");
    let running = [
        spawn(|| calm("calm", &["drill", "calm"])),
        spawn(|| calm("calm, no clock", &["--no-clock", "drill", "calm"])),
        spawn(keys),
        spawn(f1),
    ];
    for r in running {
        println!("  {}", r.join().unwrap_or_else(|_| "failed, see above".into()));
    }
    println!(
        "  limits: first screen 6 kB; idle 32 B/s, 0 with --no-clock and nothing changing; a key 150 B; half a page 2.5 kB"
    );
    println!("          f1 150 kB; 5 wake-ups/s when calm; 30 MB resident with 900 pods");
}
