//! Scenarios as they are scored: leaving it alone and pressing everything score badly, and rolling back at once tops where
//! that is right and nowhere else. What people's keys are worth is in `plays.rs`.

use andon::backends::sim::Scenario;
use andon::config::keymap::default_keymap;
use andon::config::runbook::shipped;
use andon::drill::operators::{self, Operator};
use andon::drill::play;
use andon::drill::run::Opening;
use andon::drill::score::Scored;

/// Nothing is wrong in it, and nothing is asked for.
const CALM: &str = "calm";

/// As `andon drill run` opens it.
pub(crate) fn opening() -> Opening {
    Opening { editor: andon::ui::overlays::note::edit, ..Opening::new(default_keymap(), shipped()) }
}

pub(crate) fn scenario(name: &str) -> Scenario {
    Scenario::embedded(name).expect("it is one")
}

fn operated(name: &str, who: Operator) -> Scored {
    play::scored(name, &operators::play(scenario(name), 1, opening(), who))
}

/// All that something is asked for in.
pub(crate) fn names() -> impl Iterator<Item = &'static str> {
    Scenario::names().into_iter().filter(|n| *n != CALM)
}

#[test]
fn leaving_it_alone_and_pressing_everything_score_badly() {
    for name in names() {
        for who in [Operator::Alone, Operator::Everything] {
            let s = operated(name, who);
            assert!(s.points <= 50 && !s.top, "{name} {who:?}: {s:#?}");
        }
    }
}

#[test]
fn rolling_back_at_once_tops_where_that_is_right_only() {
    for name in names() {
        let s = operated(name, Operator::AtOnce);
        // It tells nobody and leads nothing; what it does to the rollouts is what counts here.
        let right = s.harm.is_empty()
            && s.lines
                .iter()
                .all(|l| !matches!(l.what, "decision" | "outcome" | "wrong target") || l.points >= 0.9 * l.of);
        assert_eq!(right, scenario(name).score.at_once, "{name}: {s:#?}");
    }
}

#[test]
fn keys_that_are_drawn_never_top() {
    for name in ["f1"] {
        for seed in 1..=2 {
            let s = operated(name, Operator::Random(seed));
            assert!(!s.top, "{name} {seed}: {s:#?}");
        }
    }
}
