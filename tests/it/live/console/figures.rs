//! Figures: the same for whoever comes late, and what they cost on the line.

use super::two_gates;
use crate::live::home::{Console, Home};
use crate::live::lab::{Lab, User};
use crate::live::rollout::Shape;
use std::time::{Duration, Instant};

/// How long the rollout runs before the second console looks. An incident's ten minutes would show nothing more: all
/// of the past is read in blocks of 15 s, and this is a dozen of them.
const LATE: Duration = Duration::from_secs(190);

#[test]
fn a_console_that_comes_late_shows_the_figures_of_one_that_was_there() {
    let Some(lab) = Lab::get() else { return };
    let fresh = lab.fresh_rollout("early", Shape::Routed, &two_gates());
    fresh.load_set("failures/1.1/0.002");
    let first = Home::new(&lab, User::Act, &fresh.name, Some(lab.prom()));
    let mut early = first.open();
    early.awake();
    eprintln!("bytes of the start until the first screen after waking: {}", early.pty.bytes());
    let before = early.pty.bytes();
    early.pty.keys("o");
    early.shows("LATENCY", 5);
    std::thread::sleep(Duration::from_millis(300));
    eprintln!("bytes of one key (another screen): {}", early.pty.bytes() - before);
    fresh.start("1.1");
    let begun = Instant::now();
    early.choose(&fresh.name);
    std::thread::sleep(Duration::from_secs(20));
    let before = early.pty.bytes();
    std::thread::sleep(Duration::from_secs(60));
    eprintln!("bytes of a minute without a key, a canary under judgement: {}", early.pty.bytes() - before);
    std::thread::sleep(LATE.saturating_sub(begun.elapsed()));

    let second = Home::new(&lab, User::Look, &fresh.name, Some(lab.prom()));
    let mut late = second.open();
    late.choose(&fresh.name);
    for console in [&mut early, &mut late] {
        console.pty.keys("Enter");
        console.shows("difference", 20);
    }
    // Both read every 15 s, each at its own moment: equal means equal within one such turn.
    let start = Instant::now();
    loop {
        let both = [figures(&early), figures(&late)];
        // A dozen blocks: one that had begun at its own start would never have them.
        let blocks: u32 = both[1].iter().find_map(|l| blocks(l)).unwrap_or(0);
        if both[0] == both[1] && blocks >= 11 {
            eprintln!("figures of both:\n{}", both[0].join("\n"));
            break;
        }
        assert!(
            start.elapsed() < Duration::from_secs(40),
            "never the same:\n{}\n\n{}",
            both[0].join("\n"),
            both[1].join("\n")
        );
        std::thread::sleep(Duration::from_millis(200));
    }
    late.quit();
    early.quit();
}

/// Counts, difference and range, blocks: what Enter on a verdict shows of the sum.
fn figures(console: &Console) -> Vec<String> {
    let lines = console.pty.screen();
    let wanted = |l: &&String| {
        l.contains(" failed of ") || l.contains("difference") || l.contains("surely within") || l.contains(" blocks ")
    };
    lines.iter().filter(wanted).map(|l| l.trim().to_owned()).collect()
}

/// n of `blocks n of m (15 s each)`.
fn blocks(line: &str) -> Option<u32> {
    line.split_once("blocks ")?.1.split(' ').next()?.parse().ok()
}
