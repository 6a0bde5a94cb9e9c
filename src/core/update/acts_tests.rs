//! A step that closes what an earlier one opened: nothing that keeps a forward act back keeps it back.

use crate::core::act::flight::{Act, State};
use crate::core::act::plan::{Expect, Outcome};
use crate::core::effect::Effect;
use crate::core::model::Model;
use crate::core::msg::Msg;
use crate::testkit::stories;
use crate::testkit::world::World;

/// A promote of two requests whose first one is accepted; `closes`: the second takes the first one back.
fn opened(closes: bool) -> World {
    let mut w = stories::armed();
    w.wait(500).keys("a p").planned_with(|p| {
        let mut second = p.steps[0].clone();
        p.steps[0].done_when = Expect::PromotingFullIs(true);
        p.steps[0].seen_when = Expect::PromotingFullIs(true);
        second.title = "close the gate".into();
        second.closes = closes;
        p.steps.push(second);
    });
    w.confirm().accepted();
    assert_eq!(forward(&w.model).state, State::Accepted);
    w
}

fn forward(model: &Model) -> &Act {
    model.acts.values().find(|a| a.plan.steps.len() == 2).expect("the promote")
}

/// The server shows the first step's effect, and the second one's intent is on disk.
fn gone_on(w: &mut World) -> &mut World {
    w.target_with("checkout", |t| t.promoting_full = true).durable()
}

fn closed(w: &World) -> bool {
    w.effects.iter().any(|e| matches!(e, Effect::Perform { step, .. } if &*step.title == "close the gate"))
}

fn told(w: &World) -> bool {
    w.effects.iter().any(|e| matches!(e, Effect::Append { entry, .. } if format!("{entry:?}").contains("NOT CLOSED")))
}

#[test]
fn an_arming_that_ran_out_keeps_back_what_goes_forward_and_not_what_closes() {
    for closes in [true, false] {
        let mut w = opened(closes);
        w.model.armed_until = None;
        gone_on(&mut w);
        assert_eq!(closed(&w), closes, "{:?}", forward(&w.model).timeline);
        assert_eq!(matches!(forward(&w.model).state, State::Dropped(_)), !closes);
    }
}

#[test]
fn a_way_back_overtakes_what_goes_forward_and_what_was_opened_is_closed_beside_it() {
    for closes in [true, false] {
        let mut w = opened(closes);
        w.wait(500).keys("a r").planned().confirm().accepted();
        assert_eq!(w.model.acts.len(), 2);
        assert_eq!(forward(&w.model).state == State::Overtaken, !closes, "{:?}", forward(&w.model).timeline);
        gone_on(&mut w);
        assert_eq!(closed(&w), closes, "{:?}", forward(&w.model).timeline);
        // Also while its request is on the way.
        if closes {
            w.wait(500).keys("a r").planned().confirm();
            w.answered(Outcome::Unknown { why: "cut".into() });
            assert_ne!(forward(&w.model).state, State::Overtaken);
        }
    }
}

#[test]
fn a_session_that_ends_says_what_it_leaves_open() {
    for closes in [true, false] {
        let mut w = opened(closes);
        w.send(Msg::Ending { code: 0 });
        assert_eq!(told(&w), closes);
    }
    // What is on its way to the disk still goes out.
    let mut w = opened(true);
    w.target_with("checkout", |t| t.promoting_full = true);
    assert_eq!(forward(&w.model).state, State::Logging);
    w.send(Msg::Ending { code: 0 });
    assert!(!told(&w) && !closed(&w));
    w.durable();
    assert!(closed(&w), "{:?}", forward(&w.model).timeline);
    // Nothing was opened: nothing is told.
    let mut w = stories::armed();
    w.wait(500).keys("a p").planned_with(|p| p.steps[0].closes = true).flush().wait(1_100).keys("Y");
    w.send(Msg::Ending { code: 0 });
    assert!(!told(&w));
}
