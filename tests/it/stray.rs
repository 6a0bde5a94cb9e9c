//! Input that nobody meant, typed into a console on every screen: nothing is sent, armed, disarmed, or left while armed.
//!
//! Bytes go through the decoder on a simulated clock, keys into the core, and what the core asks for is carried out by
//! the simulated world. Words, shell lines and noise are typed by `attack.rs`; here are the ways of a keyboard itself.
//! `ANDON_LONG=1` holds keys down at a keyboard's full rate.

use andon::core::effect::Effect;
use andon::core::entry::Kind;
use andon::core::key::{Code, Key};
use andon::core::msg::Msg;
use andon::core::nav::{Overlay, Screen};
use andon::testkit::drill::Run;
use andon::testkit::stray;
use andon::tty::decode::{Decoder, Event};

const SCREENS: [(&str, Screen); 7] = [
    ("v", Screen::Verdict),
    ("b", Screen::Board),
    ("r", Screen::Runbook),
    ("o", Screen::Sources),
    ("i", Screen::Incident),
    ("f", Screen::Alerts),
    ("t", Screen::Timeline),
];
/// At a keyboard's full rate, not at a fifth of it.
fn is_long() -> bool {
    std::env::var_os("ANDON_LONG").is_some()
}

/// A console in the first drill, on a screen. Armed: for good, so that time alone never disarms it.
fn console(armed: bool) -> Run {
    let mut run = Run::new("f1", 1);
    run.wait(400_000);
    if armed {
        run.model.limits.arm = i64::MAX / 4;
        run.keys("esc esc b");
        run.act("a a");
        assert!(run.model.is_armed(), "it can be armed at all");
    }
    run
}

/// Back to this screen, whatever was opened.
fn home(run: &mut Run, keys: &str, screen: Screen) {
    for _ in 0..8 {
        if run.model.dialog.is_none() && run.model.nav.overlay.is_none() && run.model.nav.filter.is_none() {
            break;
        }
        // A note's draft is left by Esc; a field too.
        run.apply(Msg::Key(Key::plain(Code::Esc)));
        run.think(500);
    }
    run.think(5_000);
    run.apply(Msg::Key(Key::plain(Code::Esc)));
    run.think(1_000);
    run.apply(Msg::Key(Key::char(keys.chars().next().unwrap())));
    run.think(1_000);
    assert_eq!(run.model.nav.screen, screen);
}

/// One string, typed at this pace: each byte by itself, as a slow line brings them.
fn type_in(run: &mut Run, decoder: &mut Decoder, now: &mut i64, bytes: &[u8], pace: i64) -> Vec<Key> {
    let mut keys = Vec::new();
    let mut take = |run: &mut Run, events: Vec<Event>| {
        for event in events {
            match event {
                Event::Key(key) => {
                    keys.push(key);
                    run.apply(Msg::Key(key));
                }
                Event::Paste(text) => run.apply(Msg::Paste(text)),
                // Nobody asked for the mouse here.
                Event::Mouse(_) => {}
            }
        }
    };
    for byte in bytes {
        let next = *now + pace;
        let mut events = Vec::new();
        while let Some(at) = decoder.deadline().filter(|at| *at < next) {
            decoder.timeout(at, &mut events);
        }
        take(run, std::mem::take(&mut events));
        run.think(pace);
        *now = next;
        decoder.feed(&[*byte], *now, &mut events);
        take(run, events);
    }
    let mut events = Vec::new();
    while let Some(at) = decoder.deadline() {
        *now = at.max(*now);
        decoder.timeout(at, &mut events);
    }
    take(run, events);
    keys
}

/// Requests, arms, disarms and exits since `from`.
fn count(run: &Run, from: usize) -> [usize; 4] {
    let of = |f: &dyn Fn(&Effect) -> bool| run.effects[from..].iter().filter(|e| f(e)).count();
    let record = |e: &Effect, kind: Kind| matches!(e, Effect::Append { entry, .. } | Effect::AppendLate { entry, .. } if entry.kind == kind);
    [
        of(&|e| matches!(e, Effect::Perform { .. } | Effect::SidePerform { .. })),
        of(&|e| record(e, Kind::Armed)),
        of(&|e| record(e, Kind::Disarmed)),
        of(&|e| matches!(e, Effect::Quit(_))),
    ]
}

#[test]
fn what_is_typed_on_purpose_acts() {
    // Or it proves nothing: what is taken out does act.
    let mut run = console(false);
    home(&mut run, "b", Screen::Board);
    let from = run.effects.len();
    type_in(&mut run, &mut Decoder::new(false), &mut 1_000, b"arY", 900);
    run.think(1_000);
    assert_eq!(count(&run, from)[0], 1, "{:?}", run.model.dialog);
    assert_eq!(run.sent.len(), 1);
}

#[test]
fn a_held_key_sends_nothing_on_any_screen() {
    for armed in [false, true] {
        let mut run = console(armed);
        for (keys, screen) in SCREENS {
            for held in (b' '..=b'~').map(|b| Key::char(char::from(b))).chain([Key::plain(Code::Enter)]) {
                home(&mut run, keys, screen);
                let from = run.effects.len();
                // Five seconds, after a keyboard's first delay; at its repeat rate where all is typed.
                run.apply(Msg::Key(held));
                run.think(500);
                let every = if is_long() { 30 } else { 150 };
                for _ in 0..5_000 / every {
                    run.think(every);
                    run.apply(Msg::Key(held));
                }
                let [requests, arms, disarms, exits] = count(&run, from);
                // A held `q` is two `q` with no key between.
                let exits = if held == Key::char('q') { 0 } else { exits };
                let disarms = if held == Key::ctrl('z') { 0 } else { disarms };
                assert_eq!([requests, arms, disarms, exits], [0; 4], "{held:?} held on {screen:?}, armed {armed}");
                run.effects.clear();
            }
        }
    }
}

#[test]
fn a_paste_of_a_whole_act_is_ignored_with_a_notice() {
    for armed in [false, true] {
        for (keys, screen) in SCREENS {
            let mut run = console(armed);
            home(&mut run, keys, screen);
            let from = run.effects.len();
            run.apply(Msg::Paste("a r Y\na a Y\nq q".into()));
            assert!(run.model.notice.is_some(), "it is said on {screen:?}");
            run.think(2_000);
            assert_eq!(count(&run, from), [0; 4]);
            assert!(run.model.dialog.is_none() && !matches!(run.model.nav.overlay, Some(Overlay::Note(_))));
        }
    }
}

#[test]
fn three_keys_in_ten_milliseconds_open_no_act() {
    for pace in [0, 5] {
        let mut run = console(true);
        home(&mut run, "b", Screen::Board);
        for key in ["j", "a", "r"] {
            run.think(pace);
            run.apply(Msg::Key(Key::char(key.chars().next().unwrap())));
        }
        assert!(run.model.dialog.is_none(), "{pace} ms a key is not a hand");
        run.think(1_000);
        run.keys("a r");
        assert!(run.model.dialog.is_some(), "and a hand is one");
    }
}

#[test]
fn an_early_yes_a_burst_of_them_and_enter_confirm_nothing() {
    let mut run = console(false);
    home(&mut run, "b", Screen::Board);
    run.keys("a r");
    let from = run.effects.len();
    for _ in 0..3 {
        run.think(3);
        run.apply(Msg::Key(Key::char('Y')));
    }
    // Each of them starts the quiet time anew, so the next one after 200 ms is early too.
    run.think(200);
    run.apply(Msg::Key(Key::char('Y')));
    assert_eq!(count(&run, from)[0], 0);
    assert!(run.model.dialog.is_some(), "an early one says so and keeps the dialog");
    let mut run = console(false);
    home(&mut run, "b", Screen::Board);
    run.keys("a r");
    run.think(1_500);
    run.keys("enter");
    assert_eq!(run.sent.len(), 0, "Enter alone never confirms");
}

#[test]
fn the_corpus_of_the_fuzz_target_holds() {
    let dir = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus/decoder");
    let files: Vec<_> = std::fs::read_dir(dir).expect("the corpus is kept").map(|e| e.unwrap().path()).collect();
    assert!(files.len() > 10);
    for file in files {
        let bytes = std::fs::read(&file).unwrap();
        stray::decodes_alike(&bytes[..bytes.len().min(512)]);
    }
}
