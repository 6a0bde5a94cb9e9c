//! What the console says before a key is pressed in vain, and figures that must not be borrowed.

use andon::core::act::flight::State;
use andon::core::board;
use andon::core::judge::verdict::Word;
use andon::core::menu::{self, Ready};
use andon::core::world::source::{Link, Roles};
use andon::testkit::picture::text;
use andon::testkit::{Canary, stories, world};

#[test]
fn a_metrics_source_that_answers_late_still_judges_what_moves() {
    let mut w = world();
    w.service("checkout", 1, &[]);
    w.source("eu-1", "kubernetes", Link::Watching, Roles { rollouts: true, telemetry: false });
    w.canary(&Canary::new("checkout", "eu-1"));
    let word = |w: &andon::testkit::World| w.model.judged.values().next().map(|j| j.verdict.word);
    assert_eq!(word(&w), Some(Word::NotJudged));
    w.source("metrics", "prometheus", Link::Polling, Roles { rollouts: false, telemetry: true });
    assert_ne!(word(&w), Some(Word::NotJudged));
    w.figures("checkout", 300, (216.0, 46.6), (1948.0, 0.8));
    assert_eq!(word(&w), Some(Word::Worse));
}

#[test]
fn a_hold_does_not_borrow_the_time_a_roll_back_takes() {
    let mut w = stories::worse();
    w.keys("a h").planned().confirm();
    let act = w.model.acts.values().next().expect("an act");
    assert_eq!(act.expected_ms, None);
    assert_eq!(act.state, State::Sending);
    let mut w = stories::worse();
    w.keys("a r").planned().confirm();
    assert_eq!(w.model.acts.values().next().and_then(|a| a.expected_ms), Some(120_000));
}

#[test]
fn promote_says_that_it_needs_arming_before_it_is_pressed() {
    let ready = |w: &andon::testkit::World| {
        let t = board::selected_target(&w.model).expect("a target");
        menu::items(&w.model, t).last().map(|i| i.ready.clone())
    };
    let mut w = stories::judged(1_200, (900.0, 0.2), (2_700.0, 0.6));
    assert_eq!(ready(&w), Some(Ready::No("a a arms first".into())));
    w.keys("a a").flush().wait(1_100).keys("Y");
    assert_eq!(ready(&w), Some(Ready::Yes(String::new())));
}

#[test]
fn a_clock_does_not_tick_on_dead_figures() {
    let w = stories::gone_quiet(stories::judged(1_200, (900.0, 0.2), (2_700.0, 0.6)), 75_000);
    let first = text(&w.draw(80, 23));
    let mut later = w;
    later.wait(10_000);
    let since = |s: &str| s.lines().find(|l| l.contains("since")).map(str::to_owned);
    assert!(since(&first).is_some());
    assert_eq!(since(&first), since(&text(&later.draw(80, 23))));
}
