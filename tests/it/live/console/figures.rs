//! Figures: the same for whoever comes late, and what they cost on the line.

use super::two_gates;
use crate::live::home::{Console, Home};
use crate::live::lab::{Lab, User};
use crate::live::rollout::Shape;
use std::time::{Duration, Instant};

/// The whole page fits.
const WIDE: u16 = 120;
const TALL: u16 = 60;

/// How long the rollout runs before the second console is started: a dozen blocks of 15 s. With `ANDON_LONG=1` it is ten
/// minutes.
fn late() -> Duration {
    Duration::from_secs(if std::env::var_os("ANDON_LONG").is_some() { 600 } else { 190 })
}

#[test]
fn a_console_that_comes_late_shows_the_figures_of_one_that_was_there() {
    let Some(lab) = Lab::get() else { return };
    let fresh = lab.fresh_rollout("early", Shape::Routed, &two_gates());
    fresh.load_set("failures/1.1/0.002");
    let first = Home::new(&lab, User::Act, &fresh.name, Some(lab.prom()));
    let mut early = first.open_at(WIDE, TALL);
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
    std::thread::sleep(late().saturating_sub(begun.elapsed()));

    let second = Home::new(&lab, User::Look, &fresh.name, Some(lab.prom()));
    let mut late = second.open_at(WIDE, TALL);
    late.choose(&fresh.name);
    for console in [&mut early, &mut late] {
        console.pty.keys("Enter");
        console.shows("difference", 20);
    }
    // Both read every 15 s, each at its own moment: equal means equal within one such turn.
    let start = Instant::now();
    loop {
        let both = [page(&early), page(&late)];
        // A dozen blocks: one that had begun at its own start would never have them.
        let blocks: u32 = both[1].lines().find_map(blocks).unwrap_or(0);
        if both[0] == both[1] && blocks >= 11 {
            eprintln!("the page of both, {} bytes:\n{}", both[0].len(), both[0]);
            break;
        }
        assert!(start.elapsed() < Duration::from_secs(40), "never the same:\n{}\n\n{}", both[0], both[1]);
        std::thread::sleep(Duration::from_millis(200));
    }
    late.quit();
    early.quit();
}

/// The page that Enter on a verdict shows, from whose figures they are to what was not measured: counts, difference,
/// range, limit, blocks, conditions, queries. What moves by itself, ages and the times of samples, stands flush right,
/// three cells or more after the words; it is left out. Empty where the page does not fit.
fn page(console: &Console) -> String {
    let lines = console.pty.screen();
    let Some(from) = lines.iter().position(|l| l.contains(", stable is ")) else { return String::new() };
    let Some(to) = lines.iter().position(|l| l.contains("not measured: ")) else { return String::new() };
    lines[from..=to].iter().map(|l| format!("{}\n", head(l))).collect()
}

/// A line without what stands flush right on it.
fn head(line: &str) -> &str {
    let line = line.trim_end();
    let indent = line.len() - line.trim_start().len();
    line[indent..].rfind("   ").map_or(line, |at| line[..indent + at].trim_end())
}

#[test]
fn a_line_loses_what_stands_flush_right_and_nothing_else() {
    assert_eq!(head("   source  metrics                      12s old  "), "   source  metrics");
    assert_eq!(head("     12 failed of 3,000"), "     12 failed of 3,000");
}

/// n of `blocks n of m (15 s each)`.
fn blocks(line: &str) -> Option<u32> {
    line.split_once("blocks ")?.1.split(' ').next()?.parse().ok()
}
