//! What people's keys are worth: every shipped scenario has a good play, which tops, and a naive one, whose head names the
//! mistakes that cost it points. A good play tops nowhere else, acts on nothing before its first sign, and its decisive
//! moment is kept as it is drawn (`snapshots/drills/`; `ANDON_BLESS=1 cargo test --test it plays` takes them anew).
//!
//! What the head of a play says: `# mistakes: decision, evidence` are the lines of the score that lose points, all of them;
//! `# harm: promote on checkout` what was done that must not be. `# look` stands before the key that decides.
//! `ANDON_SHOW=f2.good` prints what a play shows before each of its lines.

use crate::drills::{names, opening, scenario};
use andon::backends::sim::scenario::Good;
use andon::config::chord;
use andon::drill::deeds::deeds;
use andon::drill::keys::{self, Pressed};
use andon::drill::play;
use andon::drill::run::Run;
use andon::drill::score::Scored;
use andon::testkit::picture::text;
use andon::ui::Look;
use ratatui::{buffer::Buffer, layout::Rect};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// The smallest terminal with a row to spare.
const SIZE: (u16, u16) = (80, 23);
/// How much of the budget was burnt is not a deed's matter alone: it follows from the others.
const FOLLOWS: &str = "budget";

fn here(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

fn play_of(name: &str, kind: &str) -> String {
    let path = here("scenarios/plays").join(format!("{name}.{kind}.keys"));
    std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}

fn read(text: &str) -> Vec<Pressed> {
    keys::read(text, |k| chord::key(k).map_err(|b| b.what)).unwrap_or_else(|e| panic!("{e:#?}\n{text}"))
}

/// `# mistakes: a, b` as its parts; nothing where no line says it.
fn said<'a>(text: &'a str, head: &str) -> Vec<&'a str> {
    let lines = text.lines().filter_map(|l| l.strip_prefix("# ")?.strip_prefix(head)?.strip_prefix(':'));
    lines.flat_map(|l| l.split(',')).map(str::trim).collect()
}

fn run(text: &str, of: &str) -> Run {
    play::play(scenario(of), 1, opening(), &read(text))
}

fn scored(text: &str, of: &str) -> Scored {
    play::scored(of, &run(text, of))
}

#[test]
fn a_good_play_tops_and_acts_on_nothing_before_its_first_sign() {
    for name in names() {
        let run = run(&play_of(name, "good"), name);
        let good = play::scored(name, &run);
        assert!(good.top, "{name}: {good:#?}");
        // What was asked for was done in time, and each of it had its effect.
        let acts = ["decision", "outcome", "wrong target"];
        assert!(!good.lines.iter().any(|l| acts.contains(&l.what) && l.is_less()), "{name}: {good:#?}");
        let all = deeds(&play::records(&run));
        let (first, s) = (all.first().expect("it did something"), scenario(name));
        let after = first.at.since(s.start) / 1_000;
        assert!(after >= s.score.signal.unwrap_or(0), "{name}: {} {after} s in", first.act);
    }
}

#[test]
fn a_naive_play_loses_by_the_mistakes_that_its_head_names_and_by_no_others() {
    for name in names() {
        let text = play_of(name, "naive");
        let got = scored(&text, name);
        assert!(!got.top, "{name}: {got:#?}");
        let lost = got.lines.iter().filter(|l| l.points < l.of && l.what != FOLLOWS).map(|l| l.what);
        let (lost, named): (BTreeSet<&str>, BTreeSet<&str>) =
            (lost.collect(), said(&text, "mistakes").into_iter().collect());
        let named = if named.contains("all") {
            got.lines.iter().map(|l| l.what).filter(|w| *w != FOLLOWS).collect()
        } else {
            named
        };
        assert_eq!(lost, named, "{name}: {got:#?}");
        let harm = said(&text, "harm");
        assert_eq!(got.harm.len(), harm.len(), "{name}: {got:#?}");
        for (done, says) in got.harm.iter().zip(harm) {
            assert!(done.starts_with(says), "{name}: {done}, and the head says {says}");
        }
    }
}

/// What is asked for and what decides: acts, on what, to which version, and what must not be done.
fn decisive(name: &str) -> BTreeSet<String> {
    let s = scenario(name);
    let good = s.good.iter().flat_map(|g| {
        let to = g.to.as_deref().unwrap_or_default();
        g.or.iter().chain([&g.act]).map(move |a| format!("{a} {} {to}", g.on))
    });
    good.collect()
}

#[test]
fn any_two_scenarios_differ_in_what_they_ask_for() {
    let all: Vec<(&str, BTreeSet<String>)> = names().map(|n| (n, decisive(n))).collect();
    for (i, (a, of_a)) in all.iter().enumerate() {
        assert!(!of_a.is_empty(), "{a}");
        for (b, of_b) in &all[i + 1..] {
            assert_ne!(of_a, of_b, "{a} and {b} ask for the same");
        }
    }
}

/// All that `b` asks for is among what `a` asks for: whoever plays `a` well does all of it in `b` too, and only the time
/// they take for what `b` does not need tells them apart.
fn covers(a: &str, b: &str) -> bool {
    let (a, b) = (scenario(a).good, scenario(b).good);
    let done = |g: &Good| {
        let acts: Vec<_> = g.or.iter().chain([&g.act]).collect();
        a.iter().any(|x| (g.on.is_empty() || x.on == g.on) && acts.contains(&&x.act))
    };
    b.iter().all(done)
}

/// Pairs that topped once, by an act that happened to be right: played each time.
const ONCE: [(&str, &str); 3] = [("f7", "f1"), ("f1", "s1"), ("f7", "b5")];

#[test]
fn a_good_play_of_one_scenario_tops_in_no_other() {
    let long = std::env::var_os("ANDON_LONG").is_some();
    let all: Vec<&str> = names().collect();
    let mut pairs = Vec::new();
    for (i, a) in all.iter().enumerate() {
        // In each run of the suite the pairs that could go wrong, and some of the others.
        let some = |j: usize| i % 4 == 0 && j == (i + 1) % all.len();
        let each = all
            .iter()
            .enumerate()
            .filter(|(j, b)| i != *j && (long || some(*j) || covers(a, b) || ONCE.contains(&(*a, **b))));
        pairs.extend(each.map(|(_, b)| (*a, *b)));
    }
    let of = all.len() * (all.len() - 1);
    println!("{} of {of} pairs", pairs.len());
    assert!(!long || pairs.len() == of);
    let halves = pairs.chunks(pairs.len().div_ceil(2));
    let topped: Vec<String> = std::thread::scope(|s| {
        let each = halves.map(|pairs| {
            s.spawn(move || {
                let one = |(a, b): &(&str, &str)| {
                    let got = scored(&play_of(a, "good"), b);
                    got.top.then(|| format!("the good play of {a} tops in {b}: {got:#?}"))
                };
                pairs.iter().filter_map(one).collect::<Vec<_>>()
            })
        });
        let each: Vec<_> = each.collect();
        each.into_iter().flat_map(|t| t.join().expect("a run ends")).collect()
    });
    assert!(topped.is_empty(), "{topped:#?}");
}

fn drawn(run: &Run) -> String {
    let area = Rect::new(0, 0, SIZE.0, SIZE.1);
    let mut buf = Buffer::empty(area);
    andon::ui::draw(&run.model, &Look::shipped(), area, &mut buf);
    text(&buf)
}

/// As it stands before the key of this line, from 0.
fn before(text: &str, of: &str, line: usize) -> Run {
    let lines: Vec<&str> = text.lines().take(line).collect();
    play::until(scenario(of), 1, opening(), &read(text), read(&lines.join("\n")).len())
}

/// The head of a play in one piece.
fn story(text: &str) -> String {
    let lines = text.lines().map_while(|l| l.strip_prefix("# ")).take_while(|l| !l.starts_with("world "));
    lines.collect::<Vec<_>>().join("\n")
}

#[test]
fn the_decisive_moment_of_each_scenario_looks_as_it_did() {
    if let Some(wish) = std::env::var_os("ANDON_SHOW") {
        let wish = wish.into_string().expect("a name");
        let (name, kind) = wish.split_once('.').expect("as in f1.good");
        let text = play_of(name, kind);
        for (n, line) in text.lines().enumerate().filter(|(_, l)| !l.is_empty() && !l.starts_with('#')) {
            println!("{}---- then: {line}\n", drawn(&before(&text, name, n)));
        }
        println!("{:#?}", scored(&text, name));
        return;
    }
    let bless = std::env::var_os("ANDON_BLESS").is_some();
    let folder = here("snapshots/drills");
    let mut known = BTreeSet::new();
    let mut changed = Vec::new();
    for name in names() {
        let text = play_of(name, "good");
        let looks: Vec<usize> = text.lines().enumerate().filter(|(_, l)| *l == "# look").map(|(n, _)| n).collect();
        let [at] = looks[..] else { panic!("{name}: a good play is looked at once, not {} times", looks.len()) };
        let now = format!("{}\n\n{}", story(&text), drawn(&before(&text, name, at)));
        let file = folder.join(format!("{name}.txt"));
        if bless {
            std::fs::create_dir_all(&folder).expect("a folder");
            std::fs::write(&file, &now).expect("it can be written");
        }
        if std::fs::read_to_string(&file).unwrap_or_default() != now {
            changed.push(name);
        }
        known.insert(file);
    }
    assert_eq!(changed, Vec::<&str>::new(), "snapshots/drills: run with ANDON_BLESS=1 and look at them");
    let there = std::fs::read_dir(&folder).expect("snapshots").flatten().map(|f| f.path()).collect::<BTreeSet<_>>();
    assert_eq!(there, known, "a picture without a play, or a play without a picture");
}
