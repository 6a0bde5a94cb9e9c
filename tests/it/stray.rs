//! Input that nobody meant, typed into a console on every screen: nothing is sent, armed, disarmed, or left while armed.
//!
//! Bytes go through the decoder on a simulated clock, keys into the core, and what the core asks for is carried out by
//! the simulated world. The suite takes a sample; `ANDON_LONG=1` types all of it: 20,000 words, 2,000 shell lines and
//! 10,000 random strings, armed and look-only, each at every pace and on every screen in turn.

use andon::core::effect::Effect;
use andon::core::entry::Kind;
use andon::core::key::{Code, Key};
use andon::core::msg::Msg;
use andon::core::nav::{Overlay, Screen};
use andon::testkit::drill::Run;
use andon::testkit::stray;
use andon::tty::decode::{Decoder, Event};

const SCREENS: [(&str, Screen); 4] =
    [("v", Screen::Verdict), ("b", Screen::Board), ("r", Screen::Runbook), ("o", Screen::Sources)];
/// Milliseconds between two keys (limits of the issue).
const PACES: [i64; 4] = [20, 120, 350, 900];

/// One in so many is typed.
fn sample() -> usize {
    if std::env::var_os("ANDON_LONG").is_some() { 1 } else { 100 }
}

/// SplitMix64, after its published constants.
struct Dice(u64);

impl Dice {
    fn below(&mut self, n: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((z ^ (z >> 31)) % u64::try_from(n).unwrap()).unwrap()
    }

    fn of<T: Copy>(&mut self, all: &[T]) -> T {
        all[self.below(all.len())]
    }

    /// A word as dictionaries hold them: syllables of English letters, some capitals, some with an apostrophe.
    fn word(&mut self) -> Vec<u8> {
        const HEAD: [&str; 20] = [
            "a", "arch", "b", "bl", "c", "ch", "d", "e", "h", "k", "n", "p", "pr", "qu", "r", "s", "st", "u", "x", "Y",
        ];
        const VOWEL: [&str; 8] = ["a", "e", "i", "o", "u", "y", "ea", "ar"];
        const TAIL: [&str; 12] = ["", "n", "rt", "h", "k", "p", "x", "ck", "ng", "'s", "r", "qs"];
        let mut out = String::new();
        for _ in 0..=self.below(3) {
            out += self.of(&HEAD);
            out += self.of(&VOWEL);
            out += self.of(&TAIL);
        }
        if self.below(8) == 0 {
            out = out.to_uppercase();
        }
        out.into_bytes()
    }

    /// What a hand types into the wrong window: commands, paths, options, pipes, and Enter at the end.
    fn shell_line(&mut self) -> Vec<u8> {
        const COMMAND: [&str; 12] = [
            "kubectl get pods -A",
            "kubectl argo rollouts promote",
            "git push origin",
            "tail -f /var/log/app.log | grep",
            "ssh bastion-2",
            "for i in a b c; do echo",
            "cat <<'Y' >",
            "vim :wq",
            "apt-get install -y",
            "y",
            "YES | rm -r",
            "exit #",
        ];
        let mut out = format!("{} ", self.of(&COMMAND)).into_bytes();
        for _ in 0..self.below(3) {
            out.extend(self.word());
            out.push(self.of(b" /-=|;\t"));
        }
        out.push(self.of(b"\r\r\x03"));
        out
    }

    /// Letters the keymap knows come often, whole and half sequences now and then, any byte sometimes.
    fn string(&mut self) -> Vec<u8> {
        const DEBRIS: [&[u8]; 16] = [
            b"\x1b",
            b"\x1b[",
            b"\x1bO",
            b"[A",
            b"[B",
            b"\x1b[A",
            b"\x1b[3~",
            b"\x1b[12;40R",
            b"\x1b]11;rgb:1/2/3\x07",
            b"]11;rgb:1/2/3\x07",
            b"\x1b[200~aY\r",
            b"\x1b[201~",
            b"\x1bP>|x",
            b"\x1b\\",
            b"\x1b[<0;1;1M",
            b"\xff\xc3",
        ];
        let mut out = Vec::new();
        for _ in 0..=self.below(12) {
            match self.below(10) {
                0..=4 => out.push(self.of(b"aaarhpukxYYYqvbonjkgG?:/<>.,+ \r\x7f")),
                5..=7 => out.push(u8::try_from(0x20 + self.below(0x5f)).unwrap()),
                8 => out.extend_from_slice(self.of(&DEBRIS)),
                _ => out.push(u8::try_from(self.below(256)).unwrap()),
            }
        }
        out
    }
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

/// A whole act: the leader, an act's letter, `Y`. Or two `q` with no key between. Such a string is somebody's will. So is
/// Ctrl-Z, which disarms by its nature and in one key.
fn is_meant(bytes: &[u8]) -> bool {
    if bytes.contains(&0x1a) {
        return true;
    }
    let mut keys: Vec<u8> = bytes.to_vec();
    // What the decoder drops is no key between: be generous and look at letters only, too.
    let letters: Vec<u8> = bytes.iter().copied().filter(u8::is_ascii_alphabetic).collect();
    keys.push(0);
    keys.extend(letters);
    keys.windows(3).any(|w| w[0] == b'a' && w[2] == b'Y') || keys.windows(2).any(|w| w == b"qq")
}

/// Requests, arms, disarms and exits since `from`.
fn count(run: &Run, from: usize) -> [usize; 4] {
    let of = |f: &dyn Fn(&Effect) -> bool| run.effects[from..].iter().filter(|e| f(e)).count();
    let record = |e: &Effect, kind: Kind| matches!(e, Effect::Append { entry, .. } | Effect::AppendLate { entry, .. } if entry.kind == kind);
    [
        of(&|e| matches!(e, Effect::Perform { .. })),
        of(&|e| record(e, Kind::Armed)),
        of(&|e| record(e, Kind::Disarmed)),
        of(&|e| matches!(e, Effect::Quit(_))),
    ]
}

/// What is typed: how many, and how one is made.
type Sort = (usize, fn(&mut Dice) -> Vec<u8>);
const KINDS: [Sort; 3] = [(20_000, Dice::word), (2_000, Dice::shell_line), (10_000, Dice::string)];

/// All of a kind at one pace, over the screens in turn. Returns how many were typed, how many taken out, and the keys.
fn attack(armed: bool, pace: i64, (all, make): Sort, seed: u64) -> [usize; 3] {
    let (mut run, mut dice) = (console(armed), Dice(seed));
    let (mut decoder, mut now, mut taken_out, mut typed) = (Decoder::new(false), 1_000, 0, 0);
    let n = all / sample();
    for turn in 0..n {
        let bytes = make(&mut dice);
        let (keys, screen) = SCREENS[turn % SCREENS.len()];
        if is_meant(&bytes) {
            taken_out += 1;
            continue;
        }
        home(&mut run, keys, screen);
        now += 20_000;
        let (from, sent) = (run.effects.len(), run.sent.len());
        typed += type_in(&mut run, &mut decoder, &mut now, &bytes, pace).len();
        let [requests, arms, disarms, exits] = count(&run, from);
        let exits = if armed { exits } else { 0 };
        assert_eq!(
            (run.sent.len() - sent, [requests, arms, disarms, exits]),
            (0, [0; 4]),
            "sent, [requests, arms, disarms, exits] by {:?} at {pace} ms on {screen:?}, armed {armed}",
            String::from_utf8_lossy(&bytes)
        );
        // An armed console stays so for the next string.
        assert_eq!(run.model.is_armed(), armed);
        run.effects.clear();
    }
    [n, taken_out, typed]
}

#[test]
fn words_lines_and_strings_on_every_screen_send_arm_disarm_and_leave_nothing() {
    let mut sum = [0; 3];
    std::thread::scope(|scope| {
        let mut all = Vec::new();
        for armed in [false, true] {
            for pace in PACES {
                all.push(scope.spawn(move || {
                    let seed = u64::try_from(pace).unwrap() << 1 | u64::from(armed);
                    KINDS.map(|kind| attack(armed, pace, kind, seed))
                }));
            }
        }
        for thread in all {
            for counted in thread.join().expect("no request, arm, disarm or exit") {
                (0..3).for_each(|i| sum[i] += counted[i]);
            }
        }
    });
    let [n, out, typed] = sum;
    println!("{n} strings, {out} of them taken out, {typed} keys");
    assert!(typed > 4 * n && out < n / 10, "hardly anything was typed");
}

#[test]
fn the_attack_can_succeed() {
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
                let every = if sample() == 1 { 30 } else { 150 };
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
