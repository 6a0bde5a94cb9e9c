//! Exec to the first painted frame, in a terminal, no source answered yet (limits.md section 5: median of 50 at most
//! 10 ms). The same terminal and `setsid` around a program that only prints say what of it is the harness's own.
//!
//! `cargo bench --bench start`

mod harness;

use harness::{home, process, pty, screen};
use home::Home;
use pty::Pty;
use std::time::{Duration, Instant};

const ROUNDS: usize = 50;

/// From spawn until the terminal holds `word`; the median, the fastest and the slowest of all rounds.
fn measure(word: &str, start: impl Fn() -> Pty) -> [Duration; 3] {
    let mut took: Vec<Duration> = (0..ROUNDS)
        .map(|_| {
            let began = Instant::now();
            let mut pty = start();
            pty.wait_for(word);
            began.elapsed()
        })
        .collect();
    took.sort();
    [took[ROUNDS / 2], took[0], took[ROUNDS - 1]]
}

fn main() {
    let home = Home::new("start");
    let empty = measure("DRILL", || Pty::spawn("printf", &["DRILL"], &[], 80, 23));
    let drill = measure("DRILL", || home.andon(&["drill", "calm"]));
    let list = {
        let home = Home::new("start-list");
        home.kubeconfig(&["prod-eu-1", "prod-us-1"]);
        measure("prod-us-1", || home.andon(&[]))
    };
    let ms = |d: Duration| format!("{:6.1} ms", d.as_secs_f64() * 1e3);
    println!("exec to the first frame, 80x23, {ROUNDS} rounds          median    fastest    slowest");
    for (what, [mid, low, high]) in [("printf, the harness alone", empty), ("drill", drill), ("first list", list)] {
        println!("  {what:44} {} {} {}", ms(mid), ms(low), ms(high));
    }
    println!("  limit: 10 ms, and never slower than btop in the same run");
}
