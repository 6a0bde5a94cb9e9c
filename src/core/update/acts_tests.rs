//! A step that closes what an earlier one opened: nothing that keeps a forward act back keeps it back.

use crate::core::act::flight::{Act, State};
use crate::core::act::plan::{Expect, Outcome, Refused, RefusedBy};
use crate::core::effect::Effect;
use crate::core::entry::Kind;
use crate::core::model::{Model, Purpose};
use crate::core::msg::Msg;
use crate::core::world::fact::Fact;
use crate::testkit::stories;
use crate::testkit::world::World;

/// The dialog of a promote of two requests; `closes`: the second takes the first one back.
fn planned(closes: bool) -> World {
    let mut w = stories::armed();
    w.wait(500).keys("a p").planned_with(|p| {
        let mut second = p.steps[0].clone();
        p.steps[0].done_when = Expect::PromotingFullIs(true);
        p.steps[0].seen_when = Expect::PromotingFullIs(true);
        second.title = "close the gate".into();
        second.closes = closes;
        p.steps.push(second);
    });
    w
}

/// A promote of two requests whose first one is accepted; `closes`: the second takes the first one back.
fn opened(closes: bool) -> World {
    let mut w = planned(closes);
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

/// A way back of two requests whose second one waits for a pause; the first one has had its effect.
fn waiting() -> World {
    let mut w = stories::worse();
    w.keys("a r").planned_with(|p| {
        let mut second = p.steps[0].clone();
        p.steps[0].done_when = Expect::AbortedIs(true);
        second.title = "end it".into();
        second.wait_first = Some(Expect::HeldIs(true));
        second.settled_by = 90_000;
        p.steps.push(second);
    });
    w.confirm().accepted();
    w.wait(500).target_with("checkout", |t| t.aborted = true);
    assert_eq!(forward(&w.model).state, State::Waiting);
    w
}

#[test]
fn a_step_whose_condition_never_comes_is_stuck_by_its_deadline_and_still_goes_on_when_it_does() {
    let sent =
        |w: &World| w.effects.iter().any(|e| matches!(e, Effect::Perform { step, .. } if &*step.title == "end it"));
    let mut w = waiting();
    let due = forward(&w.model).stuck_at().expect("it is not waited for without end");
    assert!(crate::core::update::next_wake(&w.model).1.is_some_and(|t| t <= due));
    w.wait(due.0 - w.model.now.world.0 - 1);
    assert_eq!(forward(&w.model).state, State::Waiting);
    w.wait(1);
    let State::Stuck(why) = forward(&w.model).state.clone() else { panic!("{:?}", forward(&w.model).state) };
    assert!(why.contains("step 2 of 2, end it, is not sent"), "{why}");
    assert!(crate::core::alarm::alarms(&w.model).iter().any(|a| a.text.starts_with("STUCK: roll back")));
    // What its own end would look like says nothing of a request that has not left.
    w.target_with("checkout", |t| {
        t.revisions[0].replicas.existing = 0;
        t.revisions[0].replicas.ready = 0;
    });
    assert!(matches!(forward(&w.model).state, State::Stuck(_)) && !sent(&w), "{:?}", forward(&w.model).state);
    w.target_with("checkout", |t| t.held = true).durable();
    assert!(sent(&w), "{:?}", forward(&w.model).timeline);
}

#[test]
fn what_is_stuck_before_its_request_leaves_nothing_open_that_was_not() {
    let mut w = waiting();
    w.wait(3_600_000);
    let id = forward(&w.model).id;
    assert!(matches!(forward(&w.model).state, State::Stuck(_)));
    assert!(forward(&w.model).to_close().is_none());
    let steps = &mut w.model.acts.get_mut(&id).expect("it is there").plan.steps;
    steps[1].closes = true;
    steps[1].request = steps[0].request.clone();
    assert_eq!(forward(&w.model).to_close().map(|s| &*s.title), Some("end it"), "it has not left");
}

/// The server's answer to whatever was sent last.
fn refusal() -> Outcome {
    let why = "the server rejected our request".into();
    Outcome::Refused(Refused { kind: RefusedBy::Guard, status: Some(422), why, retry_after_ms: None })
}

fn log_refuses(w: &mut World) {
    let ticket = forward(&w.model).ticket;
    w.send(Msg::NotDurable { ticket, why: "no space left".into() });
}

#[test]
fn what_closes_goes_out_though_the_log_refuses_its_intent() {
    for closes in [true, false] {
        let mut w = opened(closes);
        w.target_with("checkout", |t| t.promoting_full = true);
        log_refuses(&mut w);
        assert_eq!(closed(&w), closes, "{:?}", forward(&w.model).timeline);
        let late = w.effects.iter().any(|e| matches!(e, Effect::AppendLate { .. }));
        assert_eq!(late, closes, "its intent follows it");
    }
    // Nor does it wait for a disk that hangs.
    for closes in [true, false] {
        let mut w = opened(closes);
        w.target_with("checkout", |t| t.promoting_full = true).wait(60_000);
        assert_eq!(closed(&w), closes, "{:?}", forward(&w.model).timeline);
    }
}

/// Opens, does something else, closes; the second request is on its way.
fn second_of_three(elsewhere: bool) -> World {
    let mut w = stories::armed();
    w.wait(500).keys("a p").planned_with(|p| {
        let (mut second, mut third) = (p.steps[0].clone(), p.steps[0].clone());
        if elsewhere {
            p.steps[0].request.path = "/apis/elsewhere/one".into();
        }
        p.steps[0].done_when = Expect::PromotingFullIs(true);
        second.title = "in between".into();
        third.title = "close the gate".into();
        third.closes = true;
        third.wait_first = Some(Expect::Gone);
        p.steps.extend([second, third]);
    });
    w.confirm().accepted().target_with("checkout", |t| t.promoting_full = true).durable();
    w
}

fn three(model: &Model) -> &Act {
    model.acts.values().find(|a| a.plan.steps.len() == 3).expect("the promote")
}

#[test]
fn a_step_that_is_refused_leaves_nothing_open() {
    let mut w = second_of_three(false);
    assert_eq!(three(&w.model).step, 1);
    w.answered(refusal());
    assert!(!closed(&w) && !three(&w.model).is_over(), "its intent first: {:?}", three(&w.model).timeline);
    w.durable();
    assert!(closed(&w), "{:?}", three(&w.model).timeline);
    w.accepted();
    assert!(matches!(three(&w.model).state, State::Refused(_)), "{:?}", three(&w.model).state);
    assert!(three(&w.model).ended.is_some());
    let kinds: Vec<_> = w
        .effects
        .iter()
        .filter_map(|e| if let Effect::Append { entry, .. } = e { Some(entry.kind) } else { None })
        .collect();
    assert_eq!(kinds.last(), Some(&Kind::Refused), "the log's last word on it: {kinds:?}");
    // Where it opened nothing there is nothing to close.
    let mut w = second_of_three(true);
    w.answered(refusal());
    assert!(matches!(three(&w.model).state, State::Refused(_)), "{:?}", three(&w.model).state);
}

#[test]
fn a_switch_that_may_have_opened_is_closed_when_nothing_shows() {
    let mut w = planned(true);
    w.confirm().answered(Outcome::Unknown { why: "cut".into() });
    read_back_until(&mut w, |a| a.step == 1);
    w.durable();
    assert!(closed(&w), "{:?}", forward(&w.model).timeline);
    w.answered(Outcome::Unknown { why: "cut".into() });
    read_back_until(&mut w, Act::is_over);
    assert!(matches!(forward(&w.model).state, State::NotDone(_)), "{:?}", forward(&w.model).state);
    assert!(w.model.notice.as_ref().is_some_and(|n| n.0.contains("NOT CLOSED")), "{:?}", w.model.notice);
}

/// Every read is answered with the target as it is.
fn read_back_until(w: &mut World, end: impl Fn(&Act) -> bool) {
    for _ in 0..30 {
        w.wait(5_000);
        let asked: Vec<_> =
            w.model.asks.iter().filter(|(_, p)| matches!(p, Purpose::Unknown(_))).map(|(id, _)| *id).collect();
        let mut t = w.model.world.targets[&w.target_id("checkout")].clone();
        t.read_at = w.now();
        for id in asked {
            w.send(Msg::Asked { id, answer: Ok(vec![Fact::Target(Box::new(t.clone()))]) });
        }
        if end(forward(&w.model)) {
            return;
        }
    }
    panic!("{:?}", forward(&w.model).timeline);
}

#[test]
fn what_was_said_before_the_request_left_settles_nothing() {
    let mut w = stories::armed();
    // It was so before: another's wish, of which the watch has not said yet that it is over.
    w.wait(500).target_with("checkout", |t| t.promoting_full = true).wait(500).keys("a p").planned_with(|p| {
        p.steps[0].done_when = Expect::PromotingFullIs(true);
        p.steps[0].title = "only one".into();
    });
    w.confirm();
    w.accepted();
    let act = |w: &World| w.model.acts.values().next_back().expect("an act").clone();
    assert_eq!(act(&w).state, State::Accepted, "{:?}", act(&w).timeline);
    w.wait(100);
    let asked = w.model.asks.iter().any(|(_, p)| matches!(p, Purpose::Unknown(_)));
    assert!(asked, "it is read anew");
    w.target_with("checkout", |t| t.message = "read anew".into());
    assert_eq!(act(&w).state, State::Settled, "{:?}", act(&w).timeline);
    assert_eq!(act(&w).next_read, None);
}

#[test]
fn a_clock_that_is_set_back_keeps_nothing_from_settling() {
    let mut w = stories::armed();
    w.wait(500).keys("a p").planned_with(|p| p.steps[0].done_when = Expect::PromotingFullIs(true));
    w.confirm().accepted();
    let mut t = w.model.world.targets[&w.target_id("checkout")].clone();
    (t.promoting_full, t.read_at.0) = (true, t.read_at.0 - 3_600_000);
    w.fact("eu-1", Fact::Target(Box::new(t.clone()))).wait(100);
    let asked = w.model.asks.iter().find(|(_, p)| matches!(p, Purpose::Unknown(_))).map(|(id, _)| *id);
    w.send(Msg::Asked { id: asked.expect("read anew"), answer: Ok(vec![Fact::Target(Box::new(t))]) });
    let act = w.model.acts.values().next_back().expect("an act");
    assert_eq!(act.state, State::Settled, "{:?}", act.timeline);
}
