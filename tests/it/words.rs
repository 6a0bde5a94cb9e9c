//! What the console says before a key is pressed in vain, and figures that must not be borrowed.

use andon::core::act::flight::State;
use andon::core::board;
use andon::core::judge::verdict::Word;
use andon::core::key::Key;
use andon::core::menu::{self, Ready};
use andon::core::model::Place;
use andon::core::msg::Msg;
use andon::core::world::source::{Link, Roles};
use andon::testkit::picture::text;
use andon::testkit::{Canary, stories, world};

#[test]
fn a_metrics_source_that_answers_late_still_judges_what_moves() {
    let mut w = world();
    w.service("checkout", 1, &[]);
    w.source("eu-1", "kubernetes", Link::Watching, Roles { rollouts: true, telemetry: false, ..Roles::default() });
    w.canary(&Canary::new("checkout", "eu-1"));
    let word = |w: &andon::testkit::World| w.model.judged.values().next().map(|j| j.verdict.word);
    assert_eq!(word(&w), Some(Word::NotJudged));
    w.source("metrics", "prometheus", Link::Polling, Roles { rollouts: false, telemetry: true, ..Roles::default() });
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
    let mut w = stories::judged(1_200, (900.0, 0.2), (8_100.0, 1.8));
    assert_eq!(ready(&w), Some(Ready::No("a a arms first".into())));
    w.keys("a a").flush().wait(1_100).keys("Y");
    assert_eq!(ready(&w), Some(Ready::Yes("6 not configured".into())));
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

#[test]
fn what_began_after_the_figures_ended_has_a_clock_that_goes() {
    let mut w = stories::gone_quiet(stories::judged(1_200, (900.0, 0.2), (2_700.0, 0.6)), 75_000);
    w.keys("v a r").planned().confirm();
    w.wait(171).accepted().wait(219).target_with("checkout", |t| {
        t.aborted = true;
        t.weight_wanted = 0;
    });
    w.wait(20_000);
    let seen = text(&w.draw(80, 23));
    let since = seen.lines().find(|l| l.contains("since") && !l.contains("verdict")).unwrap_or(&seen);
    assert!(since.contains("(20s)"), "{seen}");
}

#[test]
fn what_opens_tells_its_keys_over_an_older_notice() {
    let last = |w: &andon::testkit::world::World| text(&w.draw(80, 23)).lines().rev().nth(1).map(str::to_owned);
    let mut w = stories::worse();
    w.keys("r space");
    assert!(last(&w).is_some_and(|l| l.contains("a check is run, not ticked")), "{:?}", last(&w));
    w.keys("-");
    assert!(last(&w).is_some_and(|l| l.starts_with("enter skip the step")), "{:?}", last(&w));
}

#[test]
fn a_key_while_waking_leaves_the_choice_to_the_answers() {
    let chosen = |w: &andon::testkit::world::World| w.model.nav.selected.clone().map(|s| s.to_string());
    let turns_bad = |w: &mut andon::testkit::world::World| {
        w.canary(&Canary::new("checkout", "eu-1"));
        w.figures("checkout", 300, (216.0, 46.6), (1948.0, 0.8));
        w.burn("checkout", 22.0, 2.1, 0.26);
        w.sources().answer_history();
    };
    let mut w = stories::fleet(Place::Prod);
    w.keys("b");
    assert_ne!(chosen(&w).as_deref(), Some("checkout"), "else this test shows nothing");
    turns_bad(&mut w);
    assert_eq!(chosen(&w).as_deref(), Some("checkout"));
    // What a hand chose meanwhile stays; so does what a menu is open on, and all after the time of waking.
    for (keys, wait) in [("b j", 400), ("b a", 400), ("b", 3_100)] {
        let mut w = stories::fleet(Place::Prod);
        w.keys("b").wait(400).keys(keys).wait(wait);
        let before = chosen(&w);
        turns_bad(&mut w);
        assert_eq!(chosen(&w), before, "{keys}");
    }
}

#[test]
fn a_number_from_a_check_is_told_in_four_digits() {
    use andon::core::judge::words::figure;
    let cases = [(0.209_239_794_671_229_52, "0.2092"), (0.000_012_345_6, "0.00001235"), (0.0, "0"), (-1.5, "-1.5")];
    for (x, told) in cases.into_iter().chain([(12_345.6, "12346"), (1.0, "1"), (99.99, "99.99")]) {
        assert_eq!(figure(x), told);
    }
}

/// tmux waits half a second for what follows an Esc, and sends both as one: Alt and the letter.
#[test]
fn an_esc_that_a_multiplexer_joined_to_the_next_letter_is_still_no() {
    let mut w = stories::worse();
    w.keys("r -");
    assert!(w.model.nav.overlay.is_some());
    w.send(Msg::Key(Key { alt: true, ..Key::char('v') }));
    assert!(w.model.nav.overlay.is_none(), "{:?}", w.model.nav.overlay);
}
