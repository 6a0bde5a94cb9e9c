//! The wrong window: what people and terminals type into a console that has the keyboard by mistake. Nothing of it may
//! send a request, arm, disarm, or leave an armed console (limits.md section 5, terminal-and-safety 2.3 to 2.5).
//!
//! Every byte goes through the decoder of the real console and the real update, on a simulated clock. The suite takes a
//! sample; the whole of it by hand:
//! `ANDON_ATTACK=full cargo test --release --test it attack -- --nocapture`, with `ANDON_WORDS=FILE` for a dictionary.

mod text;

use andon::core::effect::Effect;
use andon::core::entry::Kind;
use andon::core::key::{Code, Key};
use andon::core::msg::Msg;
use andon::core::nav::{Overlay, Screen};
use andon::testkit::drill::Run;
use andon::tty::decode::{Decoder, Event};
use std::collections::BTreeMap;
use text::Dice;

/// Milliseconds between two keys: a program, a fast hand, a slow one, a thinking one.
const PACES: [i64; 4] = [20, 120, 350, 900];

/// Where the console stands when the typing begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Place {
    Verdict,
    Board,
    Runbook,
    Sources,
    Incident,
    Alerts,
    Timeline,
    /// The log browser.
    Log,
    Help,
    Why,
    Note,
    Palette,
    Filter,
    /// Under 40x10.
    Tiny,
    /// From 160x40 on: panes.
    Wide,
}

const PLACES: [Place; 15] = [
    Place::Verdict,
    Place::Board,
    Place::Runbook,
    Place::Sources,
    Place::Incident,
    Place::Alerts,
    Place::Timeline,
    Place::Log,
    Place::Help,
    Place::Why,
    Place::Note,
    Place::Palette,
    Place::Filter,
    Place::Tiny,
    Place::Wide,
];

#[derive(Debug, Default)]
struct Tally {
    strings: usize,
    keys: usize,
    taken_out: usize,
    /// Left a console that was not armed, as `q` should.
    left: usize,
    dialogs: usize,
    wrong: Vec<String>,
}

struct Victim {
    run: Run,
    armed: bool,
    place: Place,
    seen: usize,
}

impl Victim {
    fn new(scenario: &str, armed: bool, place: Place) -> Victim {
        let mut run = Run::new(scenario, 1);
        // In f1 the canary is WORSE by then; in calm the soak is over, so that a promote could go out.
        run.wait(if scenario == "f1" { 400_000 } else { 12 * 60_000 });
        let mut v = Victim { run, armed, place, seen: 0 };
        v.home();
        v
    }

    fn press(&mut self, key: Key) {
        self.run.think(1_000);
        self.run.apply(Msg::Key(key));
    }

    fn typed(&mut self, keys: &str) {
        keys.chars().for_each(|c| self.press(Key::char(c)));
    }

    /// To the place, armed or not, as an operator would go there.
    fn home(&mut self) {
        for _ in 0..8 {
            if self.run.model.nav.overlay.is_none()
                && self.run.model.dialog.is_none()
                && self.run.model.nav.pending.is_empty()
            {
                break;
            }
            self.press(Key::plain(Code::Esc));
        }
        let (width, height) = match self.place {
            Place::Tiny => (30, 8),
            Place::Wide => (200, 50),
            _ => (80, 23),
        };
        if (self.run.model.width, self.run.model.height) != (width, height) {
            self.run.apply(Msg::Resize { width, height });
        }
        // Keys at a terminal that is too small still mean what they say: escape what may stand in the way.
        self.press(Key::plain(Code::Esc));
        self.run.model.nav.filter = None;
        if self.armed != self.run.model.is_armed() {
            self.typed(if self.armed { "aaY" } else { "axY" });
        }
        assert_eq!(self.armed, self.run.model.is_armed(), "it can be armed and disarmed by hand");
        self.typed("bg");
        match self.place {
            Place::Board | Place::Tiny | Place::Wide => {}
            Place::Verdict => self.typed("v"),
            Place::Runbook => self.typed("r"),
            Place::Sources => self.typed("o"),
            Place::Incident => self.typed("i"),
            Place::Alerts => self.typed("f"),
            Place::Timeline => self.typed("t"),
            Place::Log => {
                self.typed("i");
                self.press(Key::plain(Code::Enter));
                self.press(Key::plain(Code::Esc));
            }
            Place::Help => self.typed("?"),
            Place::Why => {
                self.typed("v");
                self.press(Key::plain(Code::Enter));
            }
            Place::Note => self.typed("n"),
            Place::Palette => self.typed(":"),
            Place::Filter => self.typed("/"),
        }
        self.forget();
    }

    fn forget(&mut self) {
        self.run.tape.clear();
        self.run.effects.clear();
        self.run.records.clear();
        self.seen = 0;
    }

    /// One string, one key after the other. False: the console was left.
    fn attacked(&mut self, text: &str, pace: i64, tally: &mut Tally) -> bool {
        let mut decoder = Decoder::new(true);
        let mut events = Vec::new();
        let mut now = 0;
        tally.strings += 1;
        for byte in text.bytes() {
            decoder.feed(&[byte], now, &mut events);
            if !self.take(&mut events, text, pace, tally) {
                return false;
            }
            tally.keys += 1;
            let next = now + pace;
            while let Some(at) = decoder.deadline().filter(|at| *at <= next) {
                self.run.think(at - now);
                now = at;
                decoder.timeout(now, &mut events);
                if !self.take(&mut events, text, pace, tally) {
                    return false;
                }
            }
            self.run.think(next - now);
            now = next;
        }
        true
    }

    fn take(&mut self, events: &mut Vec<Event>, text: &str, pace: i64, tally: &mut Tally) -> bool {
        for event in events.drain(..) {
            let armed = self.run.model.is_armed();
            let dialog = self.run.model.dialog.is_some();
            self.run.apply(match event {
                Event::Key(key) => Msg::Key(key),
                Event::Paste(text) => Msg::Paste(text),
                // Nobody asked for the mouse here.
                Event::Mouse(_) => continue,
            });
            tally.dialogs += usize::from(!dialog && self.run.model.dialog.is_some());
            let mut left = false;
            let mut wrong = Vec::new();
            for effect in &self.run.effects[self.seen..] {
                match effect {
                    Effect::Perform { .. } | Effect::SidePerform { .. } => wrong.push("a request"),
                    Effect::Quit(_) if armed => wrong.push("left while armed"),
                    Effect::Quit(_) => left = true,
                    Effect::Append { entry, .. } if entry.kind == Kind::Armed => wrong.push("armed"),
                    // A note is kept by its own key; of the case, nothing may be recorded by words.
                    Effect::Append { entry, .. }
                        if matches!(
                            entry.kind,
                            Kind::IncidentOpened
                                | Kind::IncidentChanged
                                | Kind::IncidentClosed
                                | Kind::Decision
                                | Kind::FollowUp
                                | Kind::Debt
                                | Kind::Ticked
                                | Kind::Checklist
                                | Kind::Emergency
                                | Kind::Told
                        ) || (entry.kind == Kind::Lead && entry.data["what"] != "lapsed") =>
                    {
                        wrong.push("a record of an incident");
                    }
                    Effect::Append { entry, .. }
                        if entry.kind == Kind::Disarmed && entry.data["why"] != "the time is up" =>
                    {
                        wrong.push("disarmed");
                    }
                    _ => {}
                }
            }
            self.seen = self.run.effects.len();
            let at =
                format!("{:?} {} ms {} on {:?}", text, pace, if armed { "armed" } else { "look-only" }, self.place);
            tally.wrong.extend(wrong.iter().map(|w| format!("{w}: {at}")));
            if left {
                tally.left += 1;
            }
            if left || !wrong.is_empty() {
                return false;
            }
        }
        true
    }
}

/// A whole act, typed as one would: no console can know that it was not meant. `c` only copies, so it may stand within.
/// Two `q` with no key between leave an armed console on purpose.
fn is_meant(text: &str) -> bool {
    let keys: Vec<char> = text.chars().collect();
    keys.windows(2).enumerate().any(|(at, pair)| {
        let confirmed = || keys[at + 2..].iter().find(|c| **c != 'c') == Some(&'Y');
        pair == ['q', 'q'] || (pair[0] == 'a' && pair[1].is_ascii_alphabetic() && confirmed())
    })
}

fn attack(tally: &mut Tally, strings: &[String], scenario: &str, places: &[Place]) {
    for (p, place) in places.iter().enumerate() {
        let mut victim = Victim::new(scenario, false, *place);
        for armed in [true, false] {
            victim.armed = armed;
            for (at, pace) in PACES.into_iter().enumerate() {
                victim.home();
                // In the sample each string goes to one place and pace; in the whole of it to every one.
                let mine = |n: &usize| full() || n % (places.len() * PACES.len()) == p * PACES.len() + at;
                for text in strings.iter().enumerate().filter(|(n, _)| mine(n)).map(|(_, t)| t) {
                    if is_meant(text) {
                        tally.taken_out += 1;
                        continue;
                    }
                    victim.attacked(text, pace, tally);
                    victim.home();
                }
            }
        }
    }
}

fn full() -> bool {
    std::env::var("ANDON_ATTACK").is_ok_and(|v| v == "full")
}

fn report(what: &str, tally: &Tally) {
    println!(
        "{what}: {} strings, {} keys, {} taken out, {} dialogs opened and closed, {} left unarmed, {} wrong",
        tally.strings,
        tally.keys,
        tally.taken_out,
        tally.dialogs,
        tally.left,
        tally.wrong.len()
    );
    assert!(tally.strings > 0 && tally.wrong.is_empty(), "{what}: {:#?}", &tally.wrong[..tally.wrong.len().min(12)]);
}

/// Words with a space after each, in sentences of eight; and each with an Enter.
fn sentences(words: &[String]) -> Vec<String> {
    words.chunks(8).enumerate().map(|(n, w)| w.join(if n % 2 == 0 { " " } else { "\r" }) + "\r").collect()
}

fn count(all: usize) -> usize {
    if full() { all } else { all / 20 }
}

#[test]
fn words_typed_into_the_wrong_window_do_nothing() {
    let mut tally = Tally::default();
    let words = text::words(&mut Dice(1), count(20_000));
    for scenario in ["f1", "calm"] {
        attack(&mut tally, &sentences(&words), scenario, &PLACES);
    }
    report("words", &tally);
}

#[test]
fn shell_lines_typed_into_the_wrong_window_do_nothing() {
    let mut tally = Tally::default();
    for scenario in ["f1", "calm"] {
        attack(&mut tally, &text::shell_lines(&mut Dice(2), count(2_000)), scenario, &PLACES);
    }
    report("shell lines", &tally);
}

#[test]
fn noise_typed_into_the_wrong_window_does_nothing() {
    let mut tally = Tally::default();
    attack(&mut tally, &text::noise(&mut Dice(3), count(10_000)), "calm", &PLACES);
    report("noise", &tally);
}

#[test]
fn escape_debris_and_held_keys_do_nothing() {
    let mut tally = Tally::default();
    attack(&mut tally, &text::debris(&mut Dice(4), count(4_000)), "calm", &PLACES);
    report("debris and held keys", &tally);
}

#[test]
fn pasted_text_does_nothing() {
    let mut tally = Tally::default();
    let strings: Vec<String> = text::shell_lines(&mut Dice(5), count(2_000))
        .iter()
        .map(|l| format!("\x1b[200~{l}a r Y\r:quit\r\x1b[201~"))
        // A paste that never ends, and one whose end is cut.
        .chain((0..40).map(|n| format!("\x1b[200~aaY arY{}", "\x1b[20".get(..n % 5).unwrap_or(""))))
        .collect();
    for place in PLACES {
        let mut victim = Victim::new("calm", false, place);
        for armed in [true, false] {
            victim.armed = armed;
            victim.home();
            for (n, text) in strings.iter().enumerate().filter(|(n, _)| full() || n % PLACES.len() == place as usize) {
                victim.attacked(text, PACES[n % 2], &mut tally);
                victim.home();
            }
        }
    }
    report("pastes", &tally);
}

/// The attack itself is tried: what a person types on purpose must be found by it.
#[test]
fn the_attack_finds_what_is_meant() {
    let mut wrong = BTreeMap::new();
    for (text, armed) in [("arY", true), ("arY", false), ("aaY", false), ("axY", true), ("qq", true)] {
        assert!(is_meant(text));
        let mut tally = Tally::default();
        let mut victim = Victim::new("f1", armed, Place::Verdict);
        victim.attacked(text, 900, &mut tally);
        wrong.insert((text, armed), tally.wrong.len());
    }
    assert!(wrong.values().all(|n| *n == 1), "{wrong:?}");
    assert!(!is_meant("ab Y") && !is_meant("q q") && is_meant("xarcY"));
}

/// A first `q` is forgotten at any other key.
#[test]
fn any_key_cancels_the_first_q() {
    for between in ["j", "\x1b", "z", "b", "\x1b[A", " "] {
        let mut tally = Tally::default();
        let mut victim = Victim::new("f1", true, Place::Board);
        victim.attacked(&format!("q{between}q"), 400, &mut tally);
        assert_eq!(tally.wrong, Vec::<String>::new(), "q, {between:?}, q");
    }
}

#[expect(dead_code, reason = "named here so that a new overlay or screen makes this file be looked at")]
fn every_place_is_attacked(screen: Screen, overlay: Overlay) {
    match screen {
        Screen::Waking
        | Screen::Choose
        | Screen::Verdict
        | Screen::Board
        | Screen::Runbook
        | Screen::Sources
        | Screen::Evidence
        | Screen::Incident
        | Screen::Watch
        | Screen::Alerts
        | Screen::Timeline => {}
    }
    match overlay {
        Overlay::Explain { .. }
        | Overlay::Help { .. }
        | Overlay::Note(_)
        | Overlay::Palette(_)
        | Overlay::Log(_)
        | Overlay::Lines(_)
        | Overlay::Raw { .. }
        | Overlay::Pick(_)
        | Overlay::Answer { .. }
        | Overlay::SkipReason { .. }
        | Overlay::Who { .. } => {}
    }
}
