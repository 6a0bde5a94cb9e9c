//! andon beside two well-known terminal programs from Debian's packages, by the same meter in the same run: bytes on the
//! PTY master, exec to the first frame, key to the last byte of its frame, CPU while nobody does anything.
//!
//! `apt-get install htop btop`, then `cargo bench --bench peers` (about four minutes). A program that is missing is named.

mod harness;

use harness::{home, process, pty, screen};
use home::Home;
use pty::Pty;
use std::thread::sleep;
use std::time::{Duration, Instant};

const STARTS: usize = 20;
const KEYS: usize = 40;
const IDLE: Duration = Duration::from_secs(30);
/// Bytes further apart than this belong to two frames.
const GAP: Duration = Duration::from_millis(25);
/// btop wants 24 rows.
const SIZE: (u16, u16) = (80, 24);

struct Program {
    name: &'static str,
    bin: &'static str,
    args: &'static [&'static str],
    /// Stands on its first frame.
    first: &'static str,
    /// A key that moves a selection there and back, with what leads to a list.
    ready: &'static str,
    keys: [&'static str; 2],
}

const PROGRAMS: [Program; 4] = [
    Program {
        name: "andon drill calm",
        bin: "",
        args: &["drill", "calm"],
        first: "DRILL",
        ready: "b +",
        keys: ["j", "k"],
    },
    Program {
        name: "andon, no clock",
        bin: "",
        args: &["--no-clock", "drill", "calm"],
        first: "DRILL",
        ready: "b +",
        keys: ["j", "k"],
    },
    Program { name: "htop", bin: "htop", args: &[], first: "PID", ready: "", keys: ["Down", "Up"] },
    Program { name: "btop", bin: "btop", args: &["--utf-force"], first: "cpu", ready: "", keys: ["Down", "Up"] },
];

impl Program {
    fn start(&self, home: &Home) -> Pty {
        if self.bin.is_empty() {
            return home.andon_with(self.args, &[], SIZE.0, SIZE.1);
        }
        let path = home.path().display().to_string();
        Pty::spawn(self.bin, self.args, &[("HOME", &path)], SIZE.0, SIZE.1)
    }

    fn here(&self) -> bool {
        let path = std::env::var_os("PATH").unwrap_or_default();
        self.bin.is_empty() || std::env::split_paths(&path).any(|d| d.join(self.bin).exists())
    }
}

/// Nanoseconds all threads of a process were on a core.
fn cpu_ns(pid: u32) -> u64 {
    let tasks = std::fs::read_dir(format!("/proc/{pid}/task")).expect("it runs").flatten();
    tasks
        .filter_map(|t| {
            std::fs::read_to_string(t.path().join("schedstat")).ok()?.split_whitespace().next()?.parse::<u64>().ok()
        })
        .sum()
}

fn median<T: Ord + Copy>(mut all: Vec<T>) -> Option<T> {
    all.sort_unstable();
    all.get(all.len() / 2).copied()
}

/// From the write of a key to the last byte of the frame it caused; and that frame's bytes. `None`: nothing came.
fn key(pty: &mut Pty, key: &str) -> Option<(Duration, usize)> {
    let before = pty.bytes();
    let pressed = Instant::now();
    pty.keys(key);
    sleep(Duration::from_millis(180));
    let reads = pty.reads();
    let mut last: Option<(Instant, usize)> = None;
    for (at, all) in reads.into_iter().filter(|(at, _)| *at > pressed) {
        if last.is_some_and(|(l, _)| at - l > GAP) {
            break;
        }
        last = Some((at, all));
    }
    last.map(|(at, all)| (at - pressed, all - before))
}

fn main() {
    println!("80x24, TERM=xterm-256color, one program after the other");
    println!(
        "                    first frame  first screen   a key, median       key p95     idle bytes      idle CPU"
    );
    for p in &PROGRAMS {
        if !p.here() {
            println!("  {:<17} is not installed", p.name);
            continue;
        }
        let home = Home::new("peers");
        let starts = (0..STARTS).map(|_| {
            let began = Instant::now();
            let mut pty = p.start(&home);
            pty.wait_for(p.first);
            began.elapsed()
        });
        let first_frame = median(starts.collect()).unwrap_or_default();
        let mut pty = p.start(&home);
        pty.wait_for(p.first);
        sleep(Duration::from_millis(700));
        let first_screen = pty.bytes();
        sleep(Duration::from_secs(6));
        pty.keys(p.ready);
        sleep(Duration::from_secs(2));
        let pressed: Vec<_> = (0..KEYS).filter_map(|n| key(&mut pty, p.keys[n % 2])).collect();
        let mut took: Vec<Duration> = pressed.iter().map(|p| p.0).collect();
        took.sort_unstable();
        let worst = took.get(took.len() * 95 / 100).copied().unwrap_or_default();
        let (bytes, cpu, began) = (pty.bytes(), cpu_ns(pty.pid()), Instant::now());
        sleep(IDLE);
        let secs = began.elapsed().as_secs_f64();
        println!(
            "  {:<17} {:>8.1} ms {:>11} B {:>6.1} ms {:>5} B {:>10.1} ms {:>9.1} B/s {:>10.3} %",
            p.name,
            first_frame.as_secs_f64() * 1e3,
            first_screen,
            median(took.clone()).unwrap_or_default().as_secs_f64() * 1e3,
            median(pressed.iter().map(|p| p.1).collect()).unwrap_or(0),
            worst.as_secs_f64() * 1e3,
            (pty.bytes() - bytes) as f64 / secs,
            (cpu_ns(pty.pid()) - cpu) as f64 / secs / 1e7,
        );
    }
}
