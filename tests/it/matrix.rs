//! TERM x LANG x COLORTERM x NO_COLOR, every cell with the real program: how many colours, which characters, what marks.
//!
//! The table of what each cell may write is written here a second time, not asked of the code.

use crate::console_pty::awake;
use crate::home::Home;
use crate::pty::Pty;
use crate::together::{case, together};
use rustix::process::Signal;
use std::collections::BTreeSet;
use std::sync::Mutex;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Colours {
    None,
    Sixteen,
    TwoFiftySix,
    True,
}

const TERMS: [&str; 6] = ["xterm-256color", "xterm", "screen-256color", "tmux-256color", "linux", "vt220"];

/// terminal-and-safety 8.3.
fn promised(term: &str, truecolor: bool, no_color: bool, sty: bool) -> Colours {
    if no_color || term == "vt220" {
        return Colours::None;
    }
    match term {
        "linux" => Colours::Sixteen,
        "screen-256color" => Colours::TwoFiftySix,
        _ if truecolor && !sty => Colours::True,
        "xterm" if truecolor => Colours::TwoFiftySix,
        "xterm" => Colours::Sixteen,
        _ => Colours::TwoFiftySix,
    }
}

/// What the bytes use: colours at most so many, and whether bold, reverse or underline.
fn used(raw: &[u8]) -> (Colours, BTreeSet<u16>) {
    let text = String::from_utf8_lossy(raw).into_owned();
    let (mut most, mut attributes) = (Colours::None, BTreeSet::new());
    for part in text.split("\x1b[").skip(1) {
        let end = part.find(|c: char| !(c.is_ascii_digit() || c == ';' || c == ':')).unwrap_or(part.len());
        if !part[end..].starts_with('m') {
            continue;
        }
        // `;1m` is a reset and bold; `;m` is a reset where something was meant (crossterm 0.29 under NO_COLOR).
        assert!(!part[..end].ends_with(';'), "an empty last number erases bold and reverse: {:?}", &part[..end]);
        let mut numbers = part[..end].split([';', ':']).map(|n| n.parse::<u16>().unwrap_or(0));
        while let Some(n) = numbers.next() {
            let colours = match n {
                30..=37 | 40..=47 | 90..=97 | 100..=107 => Colours::Sixteen,
                38 | 48 => match numbers.next() {
                    Some(5) => match numbers.next() {
                        Some(0..=15) => Colours::Sixteen,
                        _ => Colours::TwoFiftySix,
                    },
                    _ => {
                        numbers.by_ref().take(3).for_each(drop);
                        Colours::True
                    }
                },
                n => {
                    attributes.insert(n);
                    Colours::None
                }
            };
            most = most.max(colours);
        }
    }
    (most, attributes)
}

/// Rows that do not depend on when they are seen, with the digits made alike.
fn timeless(pty: &Pty) -> Vec<String> {
    let masked = |l: &String| l.chars().map(|c| if c.is_ascii_digit() { '0' } else { c }).collect::<String>();
    let all = pty.screen();
    let top = all[0].split("  ").take(2).collect::<Vec<_>>().join("  ");
    // Which service hurts most depends on the moment of waking.
    let acts = all[all.len() - 1].split("on ").next().unwrap_or_default().to_owned();
    [top, all[all.len() - 2].clone(), acts].iter().map(masked).collect()
}

#[test]
fn every_cell_keeps_to_what_its_terminal_can_do() {
    let (seen, words) = (Mutex::new(BTreeSet::new()), Mutex::new(BTreeSet::new()));
    let mut cases = Vec::new();
    for term in TERMS {
        for lang in ["C.UTF-8", "POSIX"] {
            for (colorterm, no_color, sty) in
                [("", "", ""), ("truecolor", "", ""), ("", "1", ""), ("truecolor", "1", ""), ("truecolor", "", "7.pts")]
            {
                // Inside GNU screen TERM says so.
                if !sty.is_empty() && !term.starts_with("screen") && term != "xterm-256color" {
                    continue;
                }
                let (seen, words) = (&seen, &words);
                cases.push(case(format!("{term} {lang} {colorterm:?} {no_color:?} {sty:?}"), move || {
                    let home = Home::new("cell");
                    let env = [
                        ("TERM", term),
                        ("LANG", lang),
                        ("COLORTERM", colorterm),
                        ("NO_COLOR", no_color),
                        ("STY", sty),
                    ];
                    let mut pty = home.andon_with(&["drill", "calm"], &env, 80, 23);
                    awake(&mut pty);
                    words.lock().unwrap().insert(timeless(&pty));
                    // Every screen, help, and a dialog.
                    pty.keys("v b r o ?");
                    pty.wait_for("HELP");
                    // On a busy machine keys are read together, and three in 10 ms open no act: each is waited for.
                    pty.keys("b");
                    pty.wait_until("the Board", |g| g.contains("SERVICE") && !g.contains("HELP"));
                    pty.keys("a");
                    pty.wait_for("ACT ON");
                    pty.keys("h");
                    pty.wait_for("HOLD");
                    pty.signal(Signal::TERM);
                    assert_eq!(pty.wait_exit(), 143);
                    assert_eq!(pty.modes_restored(), Ok(()));
                    assert_eq!(pty.asked(), None);
                    let raw = pty.raw();
                    let (most, attributes) = used(&raw);
                    let may = promised(term, !colorterm.is_empty(), !no_color.is_empty(), !sty.is_empty());
                    assert!(most <= may, "{most:?} used, {may:?} promised");
                    if may == Colours::None {
                        assert_eq!(most, Colours::None);
                    } else {
                        assert!(most >= Colours::Sixteen, "no colour at all where there are some");
                    }
                    assert!(
                        attributes.contains(&1) || attributes.contains(&7),
                        "neither bold nor reverse: {attributes:?}"
                    );
                    // mosh drops dim, screen shows italic as reverse, and nothing blinks.
                    assert!([2, 3, 5, 6].iter().all(|a| !attributes.contains(a)), "{attributes:?}");
                    if lang == "POSIX" {
                        assert!(raw.is_ascii(), "other than ASCII without UTF-8");
                    }
                    let text = String::from_utf8_lossy(&raw).into_owned();
                    if term == "linux" || !sty.is_empty() {
                        assert!(!text.contains("?2026h"), "synchronized updates where they are not known");
                    }
                    seen.lock().unwrap().insert(most);
                }));
            }
        }
    }
    let cells = cases.len();
    assert!(cells >= 48, "{cells}");
    together(cases);
    // Each level really occurs, or the table proves nothing; what a theme makes of them is the theme's matter.
    let seen = seen.into_inner().unwrap();
    println!("{cells} cells, colours used: {seen:?}");
    assert!(seen.contains(&Colours::None) && seen.len() >= 2, "{seen:?}");
    // The same words everywhere.
    let words = words.into_inner().unwrap();
    assert_eq!(words.len(), 1, "{words:#?}");
}
