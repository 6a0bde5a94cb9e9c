//! What must hold for every operator, whatever he presses, whatever the world and the disk do meanwhile.
//!
//! Operators are random. A larger round by hand: `ANDON_TRIALS=2000 cargo test --test it properties -- --nocapture`

mod watch;

use andon::backends::sim::Scenario;
use andon::core::act::plan::{Operation, Verb};
use andon::core::effect::Effect;
use andon::core::id::ServiceId;
use andon::core::judge::verdict::Word;
use andon::core::key::{Code, Key};
use andon::core::msg::Msg;
use andon::core::time::Utc;
use andon::core::update::update;
use andon::testkit::drill::{Log, Run};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::sync::Mutex;
use std::time::Instant;
use watch::{Count, Watch};

/// What an operator, his world or his disk may do next.
#[derive(Clone, Debug)]
enum Do {
    Key(Key),
    /// A chord of the act menu, then nothing.
    Open(char),
    /// The same, a moment of reading, and `Y`.
    Act(char),
    /// As somebody who knows the way: armed, opened, read, confirmed as is asked.
    Promote,
    /// The name that is asked for, and Enter.
    Name,
    /// Down the list of several targets, a tick, and perhaps `Y`.
    Tick(u8, bool),
    /// Armed, the cord let go, and the name.
    Thaw,
    /// The palette, something typed into it, Enter once or twice, and perhaps `Y`.
    Typed(&'static str, bool),
    /// The filter, kept.
    Filter(&'static str),
    Wait(i64),
    Log(Log),
    Blind(bool),
    Unseen(bool),
    /// Somebody does it with another tool.
    Elsewhere(usize, Verb),
    Resize(u16, u16),
    Paste,
}

const MOVING: [&str; 3] = ["checkout", "payments", "search"];

fn any_key() -> impl Strategy<Value = Key> {
    prop_oneof![
        8 => prop::sample::select(vec!['j', 'k', 'g', 'G', 'v', 'b', 'o', 'r', '+', 'n', '?', 'a', 'Y', 'x', 'c', 'q', ':', '/', '<', '>', '!', 'y', ' '])
            .prop_map(Key::char),
        2 => prop::char::range(' ', '~').prop_map(Key::char),
        2 => prop::sample::select(vec![Code::Esc, Code::Enter, Code::Down, Code::Up, Code::Tab, Code::Backspace])
            .prop_map(Key::plain),
    ]
}

fn act() -> impl Strategy<Value = char> {
    prop::sample::select(vec!['r', 'r', 'h', 'p', 'u', 'a', 'a', 'x', 'k', 'f', 'f', 'z'])
}

fn anything() -> impl Strategy<Value = Do> {
    let verb = prop::sample::select(Verb::ALL.to_vec());
    prop_oneof![
        10 => any_key().prop_map(Do::Key),
        4 => act().prop_map(Do::Open),
        8 => act().prop_map(Do::Act),
        3 => Just(Do::Promote),
        3 => Just(Do::Name),
        3 => (0..4_u8, any::<bool>()).prop_map(|(n, y)| Do::Tick(n, y)),
        2 => Just(Do::Thaw),
        3 => (prop::sample::select(vec!["roll-back", "hold", "promote", "freeze", "thaw", "roll", "payments", "find search", "quit", "arm"]),
            any::<bool>()).prop_map(|(t, y)| Do::Typed(t, y)),
        2 => prop::sample::select(vec!["pay", "WORSE", "zzz", "eu", "fine"]).prop_map(Do::Filter),
        6 => prop_oneof![0..800_i64, 800..5_000_i64, 5_000..60_000_i64].prop_map(Do::Wait),
        2 => prop::sample::select(vec![Log::Works, Log::Works, Log::Fails, Log::Hangs]).prop_map(Do::Log),
        1 => prop::bool::weighted(0.3).prop_map(Do::Blind),
        1 => prop::bool::weighted(0.3).prop_map(Do::Unseen),
        2 => (0..MOVING.len(), verb).prop_map(|(s, v)| Do::Elsewhere(s, v)),
        1 => (30..200_u16, 5..50_u16).prop_map(|(w, h)| Do::Resize(w, h)),
        1 => Just(Do::Paste),
    ]
}

fn play(run: &mut Run, what: &Do) {
    match what {
        Do::Key(k) => run.key(*k),
        Do::Open(c) => run.keys(&format!("a {c}")),
        Do::Act(c) => {
            run.act(&format!("a {c}"));
        }
        Do::Promote => {
            run.keys("esc esc");
            run.act("a a");
            run.wait(1_000);
            run.keys("a p");
            run.wait(1_000);
            if must(run).is_some() { play(run, &Do::Name) } else { run.keys("Y") }
        }
        Do::Thaw => {
            run.keys("esc esc");
            run.act("a a");
            run.wait(1_000);
            run.keys("a z");
            play(run, &Do::Name);
        }
        Do::Tick(down, confirm) => {
            for _ in 0..*down {
                run.keys("down");
            }
            run.keys("space");
            if *confirm {
                run.wait(1_000);
                run.keys("Y");
            }
        }
        Do::Name => {
            if let Some(must) = must(run) {
                run.wait(700);
                // What stands there already was typed by somebody else.
                for _ in 0..40 {
                    run.apply(Msg::Key(Key::plain(Code::Backspace)));
                }
                run.keys(&must);
                run.keys("enter");
            }
        }
        Do::Typed(text, confirm) => {
            run.keys("esc esc :");
            for c in text.chars() {
                run.key(Key::char(c));
            }
            run.keys("enter enter");
            if *confirm {
                run.wait(1_000);
                run.keys("Y");
            }
        }
        Do::Filter(words) => run.keys(&format!("esc esc / {words} enter")),
        Do::Wait(ms) => run.wait(*ms),
        Do::Log(log) => run.log = *log,
        Do::Blind(on) => run.blind = *on,
        Do::Unseen(on) => run.unseen = *on,
        Do::Elsewhere(service, verb) => {
            let all = run.world.targets();
            let Some(target) = all.into_iter().find(|t| *t.name == *MOVING[*service]) else { return };
            let Some(fresh) = run.world.read(&target) else { return };
            let operation = Operation::new(*verb, target);
            // Not always possible; then nobody did it.
            for step in run.world.plan(&operation, &fresh).into_iter().flat_map(|p| p.steps) {
                run.world.send(&step);
            }
        }
        Do::Resize(width, height) => run.apply(Msg::Resize { width: *width, height: *height }),
        Do::Paste => run.apply(Msg::Paste("a r Y\ncheckout\n".into())),
    }
}

/// The name that is asked for.
fn must(run: &Run) -> Option<String> {
    let d = run.model.dialog.as_ref()?;
    let name = d.act().and_then(|a| a.name.as_ref()).or_else(|| d.many().and_then(|m| m.name.as_ref()));
    name.map(|n| n.must.to_string())
}

fn trials(few: u32) -> u32 {
    std::env::var("ANDON_TRIALS").ok().and_then(|n| n.parse().ok()).unwrap_or(few)
}

/// `cases` runs, shrunk on failure; without files beside the sources.
fn runner(cases: u32) -> TestRunner {
    TestRunner::new(Config { cases, failure_persistence: None, max_shrink_iters: 400, ..Config::default() })
}

/// The services that can hurt, and one that never moves: what more there is costs time and adds nothing.
const SERVICES: [&str; 5] = ["checkout", "search", "payments", "auth", "cart"];
/// Worlds that operators begin in. The operators differ, the worlds need not.
const WORLDS: u64 = 16;

thread_local! {
    static STARTS: RefCell<BTreeMap<u64, Run>> = const { RefCell::new(BTreeMap::new()) };
}

/// A console in one of the worlds, where the operator sits down.
fn start(seed: u64) -> Run {
    let seed = seed % WORLDS;
    let known = STARTS.with_borrow(|s| s.get(&seed).cloned());
    known.unwrap_or_else(|| {
        let run = begin(seed);
        STARTS.with_borrow_mut(|s| s.insert(seed, run.clone()));
        run
    })
}

fn begin(seed: u64) -> Run {
    // Where nothing is wrong and the soak is over, forward acts are possible.
    let calm = seed % 4 == 3;
    let mut scenario = Scenario::embedded(if calm { "calm" } else { "f1" }).unwrap();
    scenario.services.retain(|s| SERVICES.contains(&s.name.as_str()));
    // In every other world one of the services moves in two places.
    let gathered = (seed % 2 == 1).then_some(("payments", "checkout"));
    let mut run = Run::of_gathered(scenario, seed, gathered);
    run.leaps = true;
    if calm {
        run.choose("checkout");
        run.wait(12 * 60_000);
        run.act("a a");
        run.wait(500);
    }
    run.tape.clear();
    run.effects.clear();
    run
}

/// Everything that was received is fed to a model of its own, one message at a time, with the watch looking on.
fn watched(seed: u64, doing: &[Do]) -> Result<Count, String> {
    let mut run = start(seed);
    let mut model = run.model.clone();
    for what in doing {
        play(&mut run, what);
    }
    let mut watch = Watch::new(&model);
    let mut effects = run.effects.iter();
    for (at, msg) in &run.tape {
        let before = watch.before(&model);
        let out = update(&mut model, *at, msg.clone());
        watch.after(&before, *at, msg, &model, &out)?;
        if out.iter().any(|e| effects.next() != Some(e)) {
            return Err("played again, the effects differ".into());
        }
    }
    if effects.next().is_some() {
        return Err("played again, effects are missing".into());
    }
    Ok(watch.count)
}

/// One part of the cases on each processor, where there are many.
fn on_all(cases: u32, part: impl Fn(u32) -> Result<Count, String> + Sync) -> Result<Count, String> {
    let n = if cases < 200 { 1 } else { std::thread::available_parallelism().map_or(1, |n| n.get() as u32) };
    let total = Mutex::new(Ok(Count::default()));
    std::thread::scope(|scope| {
        for _ in 0..n {
            scope.spawn(|| {
                let one = part(cases.div_ceil(n));
                let mut total = total.lock().unwrap();
                match (&mut *total, one) {
                    (Ok(total), Ok(one)) => total.add(&one),
                    (Ok(_), Err(why)) => *total = Err(why),
                    (Err(_), _) => {}
                }
            });
        }
    });
    total.into_inner().unwrap()
}

#[test]
fn no_operator_gets_an_act_past_its_target_its_dialog_or_its_intent() {
    let cases = trials(16);
    let begun = Instant::now();
    let total = on_all(cases, |cases| {
        let total = RefCell::new(Count::default());
        let worlds = (0..1_000_u64, prop::collection::vec(anything(), 10..60));
        let done = runner(cases).run(&worlds, |(seed, doing)| match watched(seed, &doing) {
            Ok(count) => {
                total.borrow_mut().add(&count);
                Ok(())
            }
            Err(why) => Err(TestCaseError::fail(why)),
        });
        done.map_err(|e| e.to_string())?;
        Ok(total.into_inner())
    });
    let ms = begun.elapsed().as_secs_f64() * 1_000.0 / f64::from(cases);
    println!("{cases} operators, {ms:.1} ms each: {total:?}");
    let total = total.unwrap_or_else(|why| panic!("{why}"));
    assert!(total.opened > 0 && total.confirmed > 0 && total.backward > 0, "the operators do act: {total:?}");
    assert!(total.several > 0, "and on several targets at once: {total:?}");
}

#[test]
fn keys_faster_than_the_quiet_never_send_arm_or_acknowledge() {
    let words = prop_oneof![
        3 => any_key().prop_map(|k| vec![k]),
        1 => prop::sample::select(vec![
            "kubectl -n shop rollout undo deploy/checkout\r", "a r Y", "ahY", "aaY", "Yes, YES\r", "apY checkout\r",
            "payments\r", "rm -rf /\r", "git push --force\r", "Y", "akY", "\x1b",
        ])
        .prop_map(|text| text.chars().map(typed).collect()),
    ];
    let world = (0..1_000_u64, any::<bool>(), prop::collection::vec((words, 1..290_i64), 20..80));
    let cases = trials(12);
    let done = runner(cases).run(&world, |(seed, armed, typing)| {
        let mut run = start(seed * 4);
        run.wait(if seed % 2 == 0 { 0 } else { 120_000 });
        if armed {
            run.act("a a");
            run.wait(1_000);
        }
        let (was, from) = (run.model.is_armed(), run.effects.len());
        for (keys, gap) in typing {
            for key in keys {
                run.wait(gap);
                run.apply(Msg::Key(key));
            }
        }
        prop_assert_eq!(was, armed);
        prop_assert!(armed || !run.model.is_armed());
        prop_assert_eq!(run.sent.len(), 0);
        // Nothing was written that an act would have to wait for.
        let intent = run.effects[from..].iter().any(|e| matches!(e, Effect::Append { ticket: Some(_), .. }));
        prop_assert!(!intent);
        Ok(())
    });
    assert!(done.is_ok(), "{}", done.unwrap_err());
}

fn typed(c: char) -> Key {
    match c {
        '\r' => Key::plain(Code::Enter),
        '\x1b' => Key::plain(Code::Esc),
        c => Key::char(c),
    }
}

#[test]
fn the_order_in_which_sources_are_heard_does_not_matter() {
    let rounds = (0..1_000_u64, prop::collection::vec(any::<bool>(), 400));
    // Each plays minutes of a world; more of them say nothing new.
    let done = runner(trials(6).min(2_000)).run(&rounds, |(seed, first)| {
        let words = |metrics_first: &mut dyn FnMut() -> bool| {
            let mut run = Run::new("f1", seed);
            let start = run.world.now();
            for step in 1..=20 {
                let facts = run.world.advance_to(Utc(start.0 + step * 10_000));
                let metrics = run.world.sources()[1].clone();
                let (mut m, mut r): (Vec<_>, Vec<_>) = facts.into_iter().partition(|(s, _)| *s == metrics);
                // Each source in its own order, the two shuffled into each other.
                m.reverse();
                r.reverse();
                while let Some((source, fact)) =
                    if r.is_empty() || (!m.is_empty() && metrics_first()) { m.pop() } else { r.pop() }
                {
                    run.apply(Msg::Fact { source, fact: Box::new(fact) });
                }
                run.think(1_000);
            }
            run.wait(2_000);
            let judged = run.model.judged.iter();
            judged.map(|(t, j)| (t.clone(), j.verdict.word)).collect::<Vec<_>>()
        };
        let mut next = first.into_iter().cycle();
        let shuffled = words(&mut || next.next().unwrap_or_default());
        prop_assert!(shuffled.iter().any(|(_, w)| *w == Word::Worse), "{shuffled:?}");
        prop_assert_eq!(shuffled, words(&mut || true));
        Ok(())
    });
    assert!(done.is_ok(), "{}", done.unwrap_err());
}

#[test]
fn the_watch_itself_sees_what_is_wrong() {
    let mut run = Run::new("f1", 1);
    let model = run.model.clone();
    let mut watch = Watch::new(&model);
    run.choose("checkout");
    run.act("a r");
    let Some(perform) = run.effects.iter().find(|e| matches!(e, Effect::Perform { .. })).cloned() else {
        panic!("it was sent");
    };
    // The same effect without its history: no dialog, no intent.
    let before = watch.before(&run.model);
    let (at, msg) = run.tape.last().cloned().unwrap();
    assert!(watch.after(&before, at, &msg, &run.model, &[perform]).is_err());
    assert_eq!(run.model.nav.selected, Some(ServiceId::new("checkout")));
}
