//! Words meant for another window, typed into the console: nothing leaves, nothing is armed or disarmed, and an armed
//! console is not left. On every screen and in every field.
//!
//! A third of the lines at each place, all of them over all places. Everything everywhere, by hand:
//! `ANDON_TRIALS=2000 cargo test --test it finding::stray` (the number: random strings)

use andon::core::effect::Effect;
use andon::core::key::{Code, Key};
use andon::core::msg::Msg;
use andon::testkit::drill::Run;

/// Lines with a colon or a slash, where the palette and the filter would catch them, and lines as people type them.
const LINES: [&str; 44] = [
    "vim /etc/foo:quit",
    ":quit",
    ":q!",
    ":wq",
    ":x",
    ":qa!",
    ":suspend",
    ":stop",
    "quit",
    "q",
    "exit",
    "git commit -m \"fix: a\"",
    "git commit -m \"fix: roll-back\"",
    "git push origin HEAD:hold",
    "git push origin HEAD:roll-back",
    "git push origin HEAD:promote",
    "git push origin +main:arm",
    "scp bastion:ro\t",
    "scp bastion:/etc/ho\t",
    "docker run -v /a:/b registry/app:roll-back",
    "docker tag app:disarm app:arm",
    "Yes, all of it: roll-back",
    "Y",
    "Yes",
    "kubectl -n shop rollout undo deploy/checkout",
    "kubectl argo rollouts abort checkout -n shop",
    "ssh mira@bastion-2 'andon drill: arm'",
    "less /var/log/syslog",
    "/che",
    "/ worse",
    ":find hold",
    ":theme quit",
    ":reload",
    ":a r",
    ": roll-back",
    "::roll-back",
    ":ROLL-BACK",
    ":roll-back:",
    ":arm",
    ":disarm",
    ":acknowledge",
    "echo a:b:hold",
    "curl http://localhost:9090/quit",
    "checkout",
];

const WORDS: [&str; 40] = [
    "a", "able", "abort", "acre", "ahead", "arm", "armed", "array", "aye", "bazaar", "board", "Caesar", "dollar",
    "far", "guitar", "hold", "Iraq", "karate", "Libya", "maple", "nap", "opaque", "pay", "polka", "promote", "quail",
    "queue", "quay", "Qatar", "radar", "soap", "solar", "squaw", "tax", "taxi", "undo", "wax", "Yahoo", "yak", "zebra",
];

/// Every screen, and everything that lies over one.
const PLACES: [&str; 12] = ["v", "b", "r", "o", "i", "i enter", "b tab", "v enter", "v ?", "b /", "v :", "n"];

/// Strings of a small generator, the same every run: printable, with tabs, arrows and Esc among them.
fn random(n: usize) -> Vec<Vec<Key>> {
    let mut x = 0x9e37_79b9_7f4a_7c15_u64;
    let mut next = move || {
        x ^= x << 13;
        x ^= x >> 7;
        x ^= x << 17;
        x
    };
    (0..n)
        .map(|_| {
            let length = 1 + next() % 14;
            (0..length)
                .map(|_| match next() % 24 {
                    0 => Key::plain(Code::Tab),
                    1 => Key::plain(Code::Down),
                    2 => Key::plain(Code::Up),
                    3 => Key::plain(Code::Esc),
                    4 => Key::plain(Code::Backspace),
                    5 | 6 => Key::char(':'),
                    7 => Key::char('/'),
                    8 => Key::char('a'),
                    9 => Key::char('Y'),
                    _ => Key::char(char::from(b' ' + u8::try_from(next() % 95).unwrap_or(0))),
                })
                .collect()
        })
        .collect()
}

fn keys(text: &str) -> Vec<Key> {
    text.chars().map(|c| if c == '\t' { Key::plain(Code::Tab) } else { Key::char(c) }).collect()
}

/// A whole act sequence with its capital Y, or two `q` with no key between: that is no accident, and it is counted.
fn is_meant(string: &[Key]) -> bool {
    let is = |k: &Key, c: char| *k == Key::char(c);
    string.windows(3).any(|w| is(&w[0], 'a') && is(&w[2], 'Y'))
        || string.windows(2).any(|w| w.iter().all(|k| is(k, 'q')))
}

/// A console four minutes into the drill, armed or not, at a place.
fn console(armed: bool, place: &str) -> Run {
    let mut run = Run::new("f1", 7);
    // The clock of the person runs for hours here; the arming must not end meanwhile.
    run.model.limits.arm = 1_000_000_000_000;
    run.wait(120_000);
    if armed {
        run.act("a a");
        run.think(1_000);
    }
    assert_eq!(run.model.is_armed(), armed);
    run.keys(place);
    run
}

struct Meter {
    requests: usize,
    arms: usize,
    disarms: usize,
    exits: usize,
}

/// Types everything, each string ended by Enter, `gap` milliseconds a key and `pause` before each string.
fn typed(run: &mut Run, strings: &[Vec<Key>], gap: i64, pause: i64) -> Meter {
    let armed = run.model.is_armed();
    let from = run.effects.len();
    let mut meter = Meter { requests: 0, arms: 0, disarms: 0, exits: 0 };
    for string in strings {
        run.think(pause + 1);
        for key in string.iter().chain(&[Key::plain(Code::Enter)]) {
            run.think(gap);
            run.apply(Msg::Key(*key));
            meter.arms += usize::from(!armed && run.model.is_armed());
            meter.disarms += usize::from(armed && !run.model.is_armed());
        }
    }
    for e in &run.effects[from..] {
        match e {
            Effect::Perform { .. } => meter.requests += 1,
            Effect::Quit(_) | Effect::Suspend => meter.exits += 1,
            _ => {}
        }
    }
    assert_eq!(meter.requests, run.sent.len());
    meter
}

fn corpus(random_strings: usize) -> (Vec<Vec<Key>>, usize) {
    let all = LINES.iter().chain(&WORDS).map(|t| keys(t)).chain(random(random_strings));
    let (meant, stray): (Vec<_>, Vec<_>) = all.partition(|s| is_meant(s));
    (stray, meant.len())
}

#[test]
fn words_for_another_window_do_nothing_here() {
    let trials = std::env::var("ANDON_TRIALS").ok().and_then(|n| n.parse().ok());
    let (all, every) = if trials.is_some() { (true, 1) } else { (false, 3) };
    let (strings, meant) = corpus(trials.unwrap_or(30));
    assert!(meant * 10 < strings.len(), "{meant} taken out");
    const SPEEDS: [i64; 4] = [20, 120, 350, 900];
    for armed in [true, false] {
        let mut run = console(armed, "b");
        for (i, place) in PLACES.iter().enumerate() {
            // Every place at one pace here and at another one there; all four over all places.
            let gap = SPEEDS[(i + usize::from(armed)) % SPEEDS.len()];
            run.keys("esc esc esc esc");
            run.keys(place);
            let here: Vec<Vec<Key>> =
                strings.iter().skip(if all { 0 } else { i % 3 }).step_by(every).cloned().collect();
            let m = typed(&mut run, &here, gap, 0);
            let what = format!("{place}, armed {armed}, {gap} ms a key");
            assert_eq!((m.requests, m.arms, m.disarms), (0, 0, 0), "{what}");
            assert!(!armed || m.exits == 0, "{what}: {} exits", m.exits);
        }
    }
}

#[test]
fn a_pause_before_each_line_changes_nothing() {
    // With a pause a whole line can be meant; a line that answers a dialog with Y is taken out.
    let (strings, _) = corpus(20);
    let strings: Vec<Vec<Key>> = strings.into_iter().filter(|s| s.first() != Some(&Key::char('Y'))).collect();
    for armed in [true, false] {
        let mut run = console(armed, "b");
        let m = typed(&mut run, &strings, 120, 2_000);
        assert_eq!((m.requests, m.arms, m.disarms), (0, 0, 0), "armed {armed}");
        assert!(!armed || m.exits == 0, "{} exits", m.exits);
    }
}

#[test]
fn the_meter_sees_what_is_meant() {
    let mut run = console(false, "v");
    let m = typed(&mut run, &[keys(":roll-back")], 120, 2_000);
    assert_eq!(m.requests, 0);
    run.think(1_000);
    run.apply(Msg::Key(Key::char('Y')));
    assert_eq!(run.sent.len(), 1, "a whole name after a quiet moment, and Y");
    let mut run = console(true, "v");
    assert!(typed(&mut run, &[keys("qq")], 120, 0).exits > 0);
}
