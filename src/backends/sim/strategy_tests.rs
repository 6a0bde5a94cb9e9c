//! Strategies that are no canary by steps: blue/green, and Flagger's, whose controller decides by itself. Each act by the
//! plan that a person would be shown, and the quirks that make it another thing than Argo's canary.

use super::scenario::Scenario;
use super::world::World;
use super::world_tests::{act, go, id, planned, read, wait};
use crate::core::act::plan::{Operation, Outcome, Plan, Primitive, RefusedBy, Verb};
use crate::core::id::ServiceId;
use crate::core::world::target::{Phase, Strategy};

fn own(more: &str) -> World {
    let head = "title = \"t\"\ngoal = \"g\"\nlike = \"f1\"\ntake = [\"pricing\"]\n";
    World::new(Scenario::parse(&format!("{head}{more}")).unwrap_or_else(|e| panic!("{e}")), 1)
}

/// Cart's preview has just begun; its new version fails from a minute on, once anybody has it.
const BLUE_GREEN: &str = "fault = [{ kind = \"failures\", service = \"cart\", version = \"v6.2.0\", add = 10.0, at = 60 }]\n\
    [[service]]\nname = \"cart\"\nstrategy = \"blue-green\"\nrollout = { version = \"v6.2.0\", step = 0, past = [{ ago = 60, weight = 0 }] }\n";

/// Cart is looked at each 30 s and gets 20 % more each time, to 60 %; three bad looks take it back.
fn flagger(fault: &str) -> World {
    own(&format!(
        "{fault}\n[[service]]\nname = \"cart\"\nstrategy = \"flagger\"\n\
        flagger = {{ interval = 30, step = 20, most = 60, over = 1.0, threshold = 3 }}\n\
        rollout = {{ version = \"v6.2.0\", step = 0, past = [{{ ago = 60, weight = 20 }}] }}\n"
    ))
}

const BAD: &str = "fault = [{ kind = \"failures\", service = \"cart\", version = \"v6.2.0\", add = 10.0, at = 20 }]";

fn done(w: &mut World, plan: &Plan, secs: i64) {
    let step = plan.steps.iter().rev().find(|s| !s.closes).expect("a step");
    assert!(wait(w, "cart", &step.done_when, None, secs), "{}: {:#?}", step.title, read(w, "cart"));
}

fn hurt(w: &World) -> f64 {
    w.hurt_of(&ServiceId::new("cart")).expect("there")
}

/// Whether users get this version only.
fn all_have(w: &World, version: &str) -> bool {
    (w.share_of(&ServiceId::new("cart"), version) - 1.0).abs() < 1e-9
}

#[test]
fn blue_green_hurts_nobody_before_the_switch_and_everybody_after_it_and_the_way_back_is_warm() {
    let mut w = own(BLUE_GREEN);
    go(&mut w, 70);
    let s = read(&w, "cart");
    assert_eq!((&s.strategy, s.step, s.steps.len(), s.weight_real), (&Strategy::BlueGreen, None, 0, Some(0)));
    assert_eq!(s.gate.as_ref().map(|g| &*g.reason), Some("BlueGreenPause"));
    assert_eq!((s.track(), s.going().as_str()), ("preview", "preview ready"));
    let colours = s.detail.colours.clone().expect("both");
    assert_eq!((colours.active, colours.preview), (s.stable.clone(), s.candidate.clone()));
    assert_eq!(s.candidate_revision().map(|r| r.replicas.ready), Some(14), "as many pods as users need");
    assert!(hurt(&w) < 1e-9 && all_have(&w, "v6.1.1"));

    let (plan, _) = act(&mut w, Verb::Promote, "cart");
    assert!(!plan.steps[0].guards.iter().any(|g| g.contains("currentStepIndex")), "{:?}", plan.steps[0].guards);
    done(&mut w, &plan, 30);
    assert!(hurt(&w) > 5.0 && all_have(&w, "v6.2.0"), "everybody at once");

    // Its pods still stand: users are switched back, and no pod has to start.
    let (plan, _) = act(&mut w, Verb::RollBack, "cart");
    assert_eq!((plan.primitive, plan.steps.len()), (Primitive::SwitchBack, 2));
    assert_eq!(plan.operation.back_to, read(&w, "cart").candidate);
    let soon = w.now().secs() - w.scenario().start.secs() + 8;
    go(&mut w, soon);
    assert!(hurt(&w) < 1e-9 && all_have(&w, "v6.1.1"), "{:#?}", read(&w, "cart"));
    done(&mut w, &plan, 180);
}

#[test]
fn blue_green_is_aborted_held_and_begun_anew_without_anybody_noticing() {
    let mut w = own(BLUE_GREEN);
    go(&mut w, 70);
    let (held, _) = act(&mut w, Verb::Hold, "cart");
    done(&mut w, &held, 10);
    let op = Operation::new(Verb::Promote, id(&w, "cart"));
    assert!(w.plan(&op, &read(&w, "cart")).is_err(), "a promote would be lost under a hold");
    let (free, _) = act(&mut w, Verb::Resume, "cart");
    done(&mut w, &free, 10);
    let (back, _) = act(&mut w, Verb::RollBack, "cart");
    assert_eq!(back.primitive, Primitive::Abort);
    done(&mut w, &back, 180);
    assert_eq!(read(&w, "cart").going(), "aborted");
    let (retry, _) = act(&mut w, Verb::Retry, "cart");
    done(&mut w, &retry, 60);
    assert!(w.plan(&Operation::new(Verb::SkipStep, id(&w, "cart")), &read(&w, "cart")).is_err());
    assert!(w.hurt_until(w.now()) < 1e-9);
}

#[test]
fn flagger_goes_on_by_itself_while_its_checks_are_fine() {
    let mut w = flagger("");
    let s = read(&w, "cart");
    assert_eq!((&*s.id.kind, s.steps.len(), s.gate.is_none()), ("Canary", 0, true));
    assert_eq!(s.weight_real, Some(20));
    let mut seen = Vec::new();
    for secs in [35, 65, 95, 125] {
        go(&mut w, secs);
        let s = read(&w, "cart");
        seen.push((s.weight_real, s.is_moving()));
    }
    assert_eq!(seen, [(Some(40), true), (Some(60), true), (Some(100), false), (Some(100), false)]);
    assert!(all_have(&w, "v6.2.0"));
    let promote = w.plan(&Operation::new(Verb::Promote, id(&w, "cart")), &read(&w, "cart"));
    assert!(promote.is_err_and(|e| e.to_string().contains("by its own checks")));
}

#[test]
fn flagger_takes_a_failing_version_back_by_itself_and_a_hold_stops_that() {
    let mut alone = flagger(BAD);
    go(&mut alone, 110);
    assert!(!read(&alone, "cart").aborted, "three looks were bad, the fourth acts on it");
    go(&mut alone, 125);
    let s = read(&alone, "cart");
    assert!(s.aborted && s.phase == Phase::Degraded && hurt(&alone) < 1e-9, "{s:#?}");
    assert_eq!(s.aborted_by.as_ref().map(|m| &*m.name), Some("flagger"));
    assert_eq!(s.detail.flagger.as_ref().map(|f| (&*f.phase, f.failed_checks)), Some(("Failed", 3)));

    let mut held = flagger(BAD);
    go(&mut held, 40);
    let plan = planned(&held, Verb::Hold, "cart");
    assert!(plan.cautions.iter().any(|c| c.contains("its own roll back is off")), "{:?}", plan.cautions);
    act(&mut held, Verb::Hold, "cart");
    go(&mut held, 400);
    let s = read(&held, "cart");
    assert!(s.held && !s.aborted && hurt(&held) > 1.0, "the failing version keeps its users");
    assert!(held.hurt_until(held.now()) > 2.0 * alone.hurt_until(alone.now()));
    // A way back under a hold: the wish first, then the hold ends, or no tick would ever find it.
    let plan = planned(&held, Verb::RollBack, "cart");
    assert_eq!((plan.primitive, plan.steps.len()), (Primitive::ForceFailure, 2));
    act(&mut held, Verb::RollBack, "cart");
    done(&mut held, &plan, 200);
    assert!(hurt(&held) < 1e-9);
}

#[test]
fn flagger_without_figures_does_not_go_on() {
    let mut w = flagger("fault = [{ kind = \"silent\", service = \"cart\", at = 0 }]");
    go(&mut w, 95);
    assert_eq!(read(&w, "cart").weight_real, Some(20));
    go(&mut w, 130);
    assert!(read(&w, "cart").aborted, "no figures are no fine figures");
}

#[test]
fn flagger_is_failed_by_its_own_count_and_the_same_request_again_is_refused() {
    let mut w = flagger(BAD);
    go(&mut w, 25);
    let (plan, _) = act(&mut w, Verb::RollBack, "cart");
    assert!(plan.steps[0].request.path.contains("/canaries/cart/status"));
    let again = w.send(&plan.steps[0]);
    assert!(matches!(&again, Outcome::Refused(r) if r.kind == RefusedBy::Guard), "{again:?}");
    assert!(hurt(&w) > 1.0, "nothing happens before its tick");
    done(&mut w, &plan, 120);
    assert!(hurt(&w) < 1e-9);
}

#[test]
fn flagger_goes_back_after_a_promotion_and_looks_again_afterwards() {
    let mut w = flagger("");
    let (plan, _) = act(&mut w, Verb::PromoteFull, "cart");
    assert!(plan.steps[1].closes, "what was skipped is looked at again");
    done(&mut w, &plan, 120);
    let looks = |w: &World| w.state(&id(w, "cart")).and_then(|s| s.detail.flagger).is_some_and(|f| !f.skip_analysis);
    assert!(looks(&w) && all_have(&w, "v6.2.0"));
    let (plan, _) = act(&mut w, Verb::RollBack, "cart");
    assert_eq!((plan.primitive, plan.steps.len()), (Primitive::Undo, 3));
    assert!(plan.steps[1].request.path.starts_with("/apis/apps/v1/"));
    done(&mut w, &plan, 240);
    assert!(looks(&w) && all_have(&w, "v6.1.1"));
}

#[test]
fn a_strategy_that_does_not_fit_is_refused_in_a_sentence() {
    let parse = |text: &str| {
        Scenario::parse(&format!("title = \"t\"\ngoal = \"g\"\nlike = \"f1\"\n[[service]]\nname = \"cart\"\n{text}"))
            .expect_err("it does not fit")
    };
    for (text, says) in [
        ("strategy = \"flagger\"\n", "flagger goes with strategy"),
        ("strategy = \"blue-green\"\nrouted = false\n", "need a router"),
        (
            "strategy = \"blue-green\"\nrollout = { version = \"v9\", step = 1, past = [{ ago = 9, weight = 0 }] }\n",
            "has no steps",
        ),
        ("strategy = \"purple\"\n", "unknown variant"),
        ("queue = { name = \"q\", per_pod = 0.0, full = 1.0, says = \"{} wait\" }\n", "above 0"),
        ("cache = { hits = 50.0, warm = 60, asks = \"nobody\" }\n", "which is not there"),
        ("cache = { hits = 50.0, warm = 60, asks = \"cart\" }\n", "back to itself"),
    ] {
        let e = parse(text);
        assert!(e.contains(says), "{text}: {e}");
    }
}
