//! What the console costs the line and the machine (limits.md section 5): bytes of an idle minute, of a key, of the first
//! screen, of f1 from its start to settled; wake-ups and memory while calm. Takes about four minutes.
//!
//! `cargo bench --bench bytes`

mod harness;

use harness::{home, process, pty, screen};
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

/// `setsid` becomes the program itself, so its process is ours.
fn calm(name: &'static str, args: &'static [&'static str], limit: f64) -> String {
    let home = Home::new("bytes");
    let mut pty = home.andon(args);
    awake(&mut pty);
    // The first answers and the history have come.
    sleep(Duration::from_secs(20));
    let (bytes, turns) = (pty.bytes(), status(pty.pid(), "voluntary_ctxt_switches"));
    let began = Instant::now();
    sleep(MINUTE);
    let secs = began.elapsed().as_secs_f64();
    let (bytes, turns) = (pty.bytes() - bytes, status(pty.pid(), "voluntary_ctxt_switches") - turns);
    [
        row(&format!("{name}: an idle minute, figures moving as they come"), bytes as f64 / secs, "B/s", limit),
        row(&format!("{name}: wake-ups"), turns as f64 / secs, "/s", 5.0),
        row(&format!("{name}: resident"), process::resident(pty.pid()) as f64 / 1e3, "MB", 30.0),
    ]
    .join("\n  ")
}

/// One figure beside its limit.
fn row(what: &str, got: f64, unit: &str, limit: f64) -> String {
    format!("{what:58} {got:9.1} {unit:4} limit {limit:8.0}   {}", if got <= limit { "holds" } else { "BROKEN" })
}

/// Keys in a list, without the clock, so that nothing else moves. `times`: 1 at 80x23, 2.5 at 200x50.
fn keys(cols: u16, rows: u16, times: f64) -> String {
    let home = Home::new("keys");
    let mut pty = home.andon_with(&["--no-clock", "drill", "calm"], &[], cols, rows);
    awake(&mut pty);
    let first = pty.bytes();
    pty.keys("b +");
    sleep(Duration::from_secs(2));
    let cost = |pty: &mut Pty, key: &str| {
        let before = pty.bytes();
        pty.keys(key);
        sleep(Duration::from_millis(400));
        (pty.bytes() - before) as f64
    };
    let mut downs: Vec<f64> = (0..9).map(|_| cost(&mut pty, "j")).collect();
    downs.sort_by(f64::total_cmp);
    let half = cost(&mut pty, "C-u");
    let (verdict, board) = (cost(&mut pty, "v"), cost(&mut pty, "b"));
    let at = format!("{cols}x{rows}");
    [
        row(&format!("{at}: first screen"), first as f64, "B", 6_000.0 * times),
        row(&format!("{at}: a key in the list, median of nine"), downs[4], "B", 150.0 * times),
        row(&format!("{at}: a key in the list, most of nine"), downs[8], "B", 150.0 * times),
        row(&format!("{at}: half a page"), half, "B", 2_500.0 * times),
        row(&format!("{at}: to the Verdict screen"), verdict, "B", 6_000.0 * times),
        row(&format!("{at}: back to the Board"), board, "B", 6_000.0 * times),
    ]
    .join("\n  ")
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
    let (bytes, secs) = (pty.bytes() as f64, began.elapsed().as_secs_f64());
    [
        row(&format!("f1, WORSE after {worse} s, start to settled in {secs:.0} s"), bytes, "B", 150_000.0),
        row("f1, live, a second", (bytes - first as f64) / secs, "B/s", 300.0),
    ]
    .join("\n  ")
}

fn main() {
    println!("bytes on the PTY master, 256 colours; limits of limits.md section 5");
    // Figures of the calm drill change every 15 s; ages and clock alone are counted by `cargo test budgets`.
    let running = [
        spawn(|| calm("calm", &["drill", "calm"], 32.0)),
        spawn(|| calm("calm, no clock", &["--no-clock", "drill", "calm"], 32.0)),
        spawn(|| keys(80, 23, 1.0)),
        spawn(|| keys(200, 50, 2.5)),
        spawn(f1),
    ];
    for r in running {
        println!("  {}", r.join().unwrap_or_else(|_| "failed, see above".into()));
    }
}
