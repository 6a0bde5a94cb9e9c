//! The first drill, played through the core by operators who do different things.

use andon::backends::sim::Scenario;
use andon::core::act::flight::State;
use andon::core::act::plan::{Direction, Ticket, Verb};
use andon::core::effect::Effect;
use andon::core::entry::Kind;
use andon::core::id::SourceId;
use andon::core::intent::Intent;
use andon::core::judge::verdict::Word;
use andon::core::key::Key;
use andon::core::msg::Msg;
use andon::core::nav::Screen;
use andon::core::time::Utc;
use andon::core::world::source::{SourceError, Trouble};
use andon::testkit::drill::{Log, Run};

const MINUTE: i64 = 60_000;

fn last(run: &Run) -> &State {
    &run.model.acts.values().next_back().expect("an act").state
}

/// A drill's goal and its hints are sentences: none is cut, however narrow the screen, and long ones stay longer.
#[test]
fn goals_and_hints_are_read_to_their_end() {
    for name in Scenario::names() {
        let mut run = Run::new(name, 1);
        let said = |run: &Run| run.model.notice.clone().map(|(t, until)| (t.to_string(), until)).unwrap_or_default();
        let (goal, until) = said(&run);
        assert!(goal.starts_with("DRILL ") && until.0 >= run.model.now.person.0, "{name}: {goal}");
        for _ in 0..run.model.hints.len() {
            let chord = run.model.keymap.chord(Intent::DrillHint).cloned();
            match chord {
                Some(keys) => keys.into_iter().for_each(|k| run.key(k)),
                None => run.keys(": d r i l l - h i n t enter"),
            }
            let (hint, _) = said(&run);
            assert!(hint.starts_with("hint "), "{name}: {hint}");
            let shown = andon::ui::hints::notice(&run.model, 80);
            let words = |s: &str| s.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
            let drawn: Vec<String> = shown.iter().flat_map(|l| words(&l.plain())).collect();
            assert_eq!(drawn, words(&hint), "{name}");
            assert!(shown.iter().all(|l| l.width() <= 80), "{name}: {hint}");
        }
    }
}

/// f1 until the canary is WORSE, with the cursor on checkout.
fn worse(seed: u64) -> Run {
    let mut run = Run::new("f1", seed);
    run.choose("checkout");
    for _ in 0..40 {
        let id = run.target("checkout").id.clone();
        if run.model.judged.get(&id).is_some_and(|j| j.verdict.word == Word::Worse) {
            return run;
        }
        run.wait(5_000);
    }
    panic!("the canary never became WORSE");
}

#[test]
fn the_bad_canary_is_found_and_one_rollout_goes_blind() {
    let run = worse(1);
    let took = run.world.now().since(run.world.scenario().start);
    // The fault begins after 60 s; +20 points at 19 rps is surely over the limit within two minutes.
    assert!((60_000..180_000).contains(&took), "{took}");
    assert_eq!(run.model.rows[0].service.as_str(), "checkout");
}

#[test]
fn rolling_back_beats_doing_nothing_beats_promoting() {
    for seed in [1, 2] {
        let mut good = worse(seed);
        let start = good.world.scenario().start;
        good.act("a r");
        let until = |run: &mut Run| {
            let left = start.0 + 20 * MINUTE - run.world.now().0;
            run.wait(left);
        };
        until(&mut good);
        assert_eq!(last(&good), &State::Settled, "seed {seed}");

        let mut idle = Run::new("f1", seed);
        until(&mut idle);

        // An operator in a hurry: the console refuses (tier 1, UNSURE, before the soak), so he promotes past it.
        let mut hurried = Run::new("f1", seed);
        hurried.choose("checkout");
        hurried.act("a a");
        hurried.wait(500);
        hurried.keys("a p");
        let refused = hurried.model.dialog.as_ref().and_then(|d| d.act()).and_then(|d| d.refused.clone());
        assert!(refused.is_some_and(|r| r.contains("UNSURE")), "seed {seed}");
        hurried.act("Y");
        assert!(hurried.sent.is_empty());
        hurried.elsewhere("checkout", Verb::Promote);
        until(&mut hurried);

        let left = [good.budget("checkout"), idle.budget("checkout"), hurried.budget("checkout")];
        assert!(left[0] > left[1] + 0.005 && left[1] > left[2] + 0.005, "seed {seed}: {left:?}");
    }
}

fn promote(run: &mut Run) {
    let before = run.sent.len();
    run.keys("a p");
    run.wait(1_000);
    let dialog = run.model.dialog.as_ref().and_then(|d| d.act()).expect("a dialog");
    assert_eq!(dialog.refused, None);
    match dialog.name.as_ref().map(|n| n.must.to_string()) {
        Some(name) => {
            run.keys(&name);
            run.keys("enter");
        }
        None => run.keys("Y"),
    }
    run.wait(500);
    assert_eq!(run.sent.len(), before + 1, "{:?}", run.model.dialog.as_ref().and_then(|d| d.act()).map(|d| &d.refused));
}

#[test]
fn three_keys_from_look_only_roll_back_and_the_log_says_all_of_it() {
    let mut run = worse(1);
    assert!(!run.model.is_armed());
    run.act("a r");
    run.wait(3 * MINUTE);
    assert_eq!(last(&run), &State::Settled);
    let kinds: Vec<Kind> = run.kinds();
    assert_eq!(kinds, [Kind::Intent, Kind::Sent, Kind::Accepted, Kind::Seen, Kind::Settled]);
    let intent = &run.records.iter().find(|r| r.kind == Kind::Intent).expect("intent").data;
    assert_eq!(intent["look_only"], true);
    assert_eq!(intent["seen"]["verdict"]["word"], "WORSE");
    assert!(intent["request"]["body_sha256"].as_str().is_some_and(|s| s.len() == 64));
    // The errors end with it.
    let t = run.target("checkout");
    assert_eq!(t.existing_of(t.candidate.as_ref().expect("candidate")), 0);
}

#[test]
fn a_y_that_comes_too_early_only_says_again() {
    let mut run = worse(1);
    run.keys("a r Y");
    assert!(run.sent.is_empty());
    assert!(run.model.dialog.as_ref().is_some_and(|d| d.again));
    // 300 ms without any key, and 700 ms since it was shown.
    run.wait(700);
    run.keys("Y");
    assert_eq!(run.sent.len(), 1);
}

#[test]
fn a_dialog_nobody_has_seen_takes_no_y() {
    let mut run = worse(1);
    run.unseen = true;
    run.keys("a r");
    run.wait(5_000);
    run.keys("Y");
    assert!(run.sent.is_empty());
}

#[test]
fn any_other_key_closes_the_dialog_and_starts_nothing() {
    for key in ["x", "esc", "r", "enter", "y", "q"] {
        let mut run = worse(1);
        run.keys("a r");
        run.wait(1_000);
        run.keys(key);
        assert!(run.model.dialog.is_none(), "{key}");
        run.wait(2_000);
        run.keys("Y");
        assert!(run.sent.is_empty(), "{key}");
    }
}

#[test]
fn forward_acts_need_arming_and_a_worse_verdict_refuses() {
    let mut run = worse(1);
    run.keys("a p");
    assert!(run.model.dialog.is_none(), "LOOK-ONLY opens no promote dialog");
    run.act("a a");
    assert!(run.model.is_armed());
    run.wait(500);
    run.keys("a p");
    run.wait(1_000);
    let refused = run.model.dialog.as_ref().and_then(|d| d.act()).and_then(|d| d.refused.clone()).expect("refused");
    assert!(refused.contains("WORSE"), "{refused}");
    run.keys("Y");
    assert!(run.sent.is_empty());
    // The arming ends by time.
    run.keys("esc");
    run.wait(10 * MINUTE + 1_000);
    assert!(!run.model.is_armed());
    assert_eq!(run.kinds(), [Kind::Armed, Kind::Disarmed]);
}

#[test]
fn read_only_refuses_the_way_back_too() {
    let mut run = worse(1);
    run.model.environment.read_only = true;
    for keys in ["a r", "a h", "a p", "a u", "a a"] {
        run.act(keys);
        run.wait(1_000);
    }
    assert!(run.sent.is_empty());
    assert!(!run.model.is_armed());
}

#[test]
fn a_log_that_hangs_or_fails_asks_for_the_name_and_lets_the_way_back_pass() {
    for log in [Log::Hangs, Log::Fails] {
        let mut run = worse(1);
        run.log = log;
        run.act("a r");
        run.wait(600);
        assert!(run.sent.is_empty(), "{log:?}");
        let name = run.model.dialog.as_ref().and_then(|d| d.act()).and_then(|d| d.name.clone()).expect("a name is due");
        assert_eq!(&*name.must, "checkout");
        run.wait(1_000);
        run.keys("checkout");
        run.keys("enter");
        assert_eq!(run.sent.len(), 1, "{log:?}");
        run.wait(3 * MINUTE);
        assert_eq!(last(&run), &State::Settled, "{log:?}");
    }
}

#[test]
fn a_forward_act_never_leaves_without_its_intent_on_disk() {
    for log in [Log::Hangs, Log::Fails] {
        let mut run = Run::new("calm", 1);
        run.choose("checkout");
        run.act("a a");
        run.wait(10 * MINUTE);
        run.act("a a");
        run.wait(1_000);
        run.log = log;
        run.keys("a p");
        run.wait(1_000);
        match run.model.dialog.as_ref().and_then(|d| d.act()).and_then(|d| d.name.as_ref()).map(|n| n.must.to_string())
        {
            Some(name) => {
                run.keys(&name);
                run.keys("enter");
            }
            None => run.keys("Y"),
        }
        run.wait(5_000);
        assert!(run.sent.is_empty(), "{log:?}");
    }
}

#[test]
fn a_target_that_cannot_be_read_back_asks_for_the_name_once() {
    let mut run = worse(1);
    run.keys("a r");
    run.wait(1_000);
    run.blind = true;
    run.log = Log::Hangs;
    run.keys("Y");
    run.wait(600);
    let why = run.model.dialog.as_ref().and_then(|d| d.act()).and_then(|d| d.name.clone()).expect("name").why;
    assert_eq!(why.len(), 2, "one name for both reasons: {why:?}");
    run.wait(1_000);
    run.keys("checkout");
    run.keys("enter");
    assert_eq!(run.sent.len(), 1);
    // The intent was written before the name was asked for: the record of the request tells of it.
    let sent = run.records.iter().find(|r| r.kind == Kind::Sent).expect("sent");
    assert_eq!(sent.data["named_because"].as_array().map(Vec::len), Some(2));
}

#[test]
fn hold_then_roll_back_releases_the_hold_with_it() {
    let mut run = worse(1);
    run.act("a h");
    run.wait(5_000);
    assert_eq!(last(&run), &State::Settled);
    assert!(run.target("checkout").held);
    run.act("a r");
    run.wait(3 * MINUTE);
    assert_eq!(last(&run), &State::Settled);
    let t = run.target("checkout");
    assert!(!t.held && t.aborted);
}

#[test]
fn undo_after_full_promotion_is_one_plan_of_two_steps() {
    let mut run = Run::new("calm", 1);
    run.choose("checkout");
    let old = run.target("checkout").stable.clone();
    for _ in 0..12 {
        run.act("a a");
        run.wait(11 * MINUTE - 5_000);
        if !run.target("checkout").is_moving() {
            break;
        }
        run.act("a a");
        run.wait(1_000);
        if run.target("checkout").gate.as_ref().is_some_and(|g| g.until.is_none()) {
            promote(&mut run);
        }
        run.wait(MINUTE);
    }
    assert!(!run.target("checkout").is_moving(), "fully promoted");
    let before = run.sent.len();
    run.act("a r");
    run.wait(5 * MINUTE);
    assert_eq!(last(&run), &State::Settled, "{:?}", run.model.acts.values().next_back().map(|a| &a.timeline));
    assert_eq!(run.sent.len(), before + 2);
    let t = run.target("checkout");
    assert_eq!(t.stable, old);
    assert_eq!(t.candidate, old);
    // Each step has its own intent, before its request.
    let intents = run.records.iter().filter(|r| r.kind == Kind::Intent && r.data["verb"] == "roll back").count();
    assert_eq!(intents, 2);
}

#[test]
fn a_new_plan_says_why_it_is_new_and_nothing_of_the_old_one() {
    let mut run = Run::new("calm", 1);
    run.choose("checkout");
    run.keys("a r");
    run.wait(1_000);
    for _ in 0..3 {
        run.elsewhere("checkout", Verb::Promote);
        run.wait(90_000);
    }
    assert!(!run.target("checkout").is_moving(), "fully promoted");
    let changed = &run.model.dialog.as_ref().expect("still open").changed;
    assert!(changed.iter().any(|c| c.contains("fully promoted meanwhile")), "{changed:?}");
    assert!(!changed.iter().any(|c| c.contains("step")), "said of the abort that cannot go out any more: {changed:?}");
}

#[test]
fn every_request_has_its_intent_on_disk_first() {
    let mut run = worse(1);
    run.act("a h");
    run.wait(5_000);
    run.act("a r");
    run.wait(3 * MINUTE);
    let mut on_disk: Vec<Ticket> = Vec::new();
    for (i, e) in run.effects.iter().enumerate() {
        match e {
            Effect::Append { ticket: Some(t), .. } => on_disk.push(*t),
            Effect::Perform { ticket, .. } => assert!(on_disk.contains(ticket), "effect {i}"),
            _ => {}
        }
    }
    assert!(run.sent.len() >= 3);
}

#[test]
fn backward_overtakes_forward() {
    let mut run = Run::new("calm", 1);
    run.choose("checkout");
    run.wait(12 * MINUTE);
    run.act("a a");
    run.wait(500);
    promote(&mut run);
    run.act("a r");
    run.wait(500);
    let states: Vec<(Direction, &State)> = run.model.acts.values().map(|a| (a.direction(), &a.state)).collect();
    assert!(
        states.iter().any(|(d, s)| *d == Direction::Forward && matches!(s, State::Overtaken | State::Settled)),
        "{states:?}"
    );
    run.wait(4 * MINUTE);
    assert_eq!(last(&run), &State::Settled);
}

#[test]
fn words_and_paste_typed_into_an_armed_console_send_nothing() {
    let mut run = worse(1);
    run.act("a a");
    run.wait(500);
    let armed = run.sent.len();
    for text in [
        "kubectl rollout undo deployment/checkout",
        "please do not touch anything, Yes I am sure",
        "a lot of Yaks Yawn",
        "sudo rm -rf / # aaaaaaaa rrrrrr YYYY",
    ] {
        for c in text.chars() {
            // Faster than a hand, slower than a burst.
            run.wait(30);
            run.apply(andon::core::msg::Msg::Key(Key::char(c)));
            if matches!(run.model.nav.screen, Screen::Choose) {
                break;
            }
        }
        run.apply(andon::core::msg::Msg::Paste("a r Y\na r Y".into()));
        run.keys("esc esc esc");
    }
    assert_eq!(run.sent.len(), armed);
}

#[test]
fn a_run_replays_to_the_same_effects() {
    let mut run = worse(2);
    run.act("a h");
    run.wait(20_000);
    run.act("a r");
    run.wait(2 * MINUTE);
    run.keys("b v r o");
    // Nothing attached: a fresh model from the same start, fed the same messages.
    let start = Run::new("f1", 2);
    let (mut model, fresh, skipped) = (start.model, start.tape.len(), start.effects.len());
    let mut effects = Vec::new();
    for (at, msg) in &run.tape[fresh..] {
        // Through the wire form, as the tape keeps it.
        let wire = serde_json::to_string(msg).expect("json");
        let msg = serde_json::from_str(&wire).expect("json");
        effects.extend(andon::core::update::update(&mut model, *at, msg));
    }
    assert_eq!(
        serde_json::to_string(&effects).expect("json"),
        serde_json::to_string(&run.effects[skipped..]).expect("json")
    );
    let a = serde_json::to_string(&model).expect("json");
    let b = serde_json::to_string(&run.model).expect("json");
    assert!(a == b, "the models differ");
}

#[test]
fn until_a_service_is_chosen_by_hand_v_goes_to_what_hurts_most() {
    let mut run = Run::new("f1", 1);
    let first = run.model.nav.selected.clone();
    run.wait(3 * MINUTE);
    assert_eq!(run.model.nav.selected, first, "nothing moves by itself");
    run.keys("v");
    assert_eq!(run.model.nav.selected.as_ref().map(|s| s.as_str()), Some("checkout"));
    run.keys("b j v");
    assert_ne!(run.model.nav.selected.as_ref().map(|s| s.as_str()), Some("checkout"), "a choice by hand stays");
}

#[test]
fn rows_kept_one_by_one_are_the_rows_built_anew() {
    let mut run = Run::new("f1", 3);
    for i in 0..60 {
        run.wait(7_000);
        match i {
            20 => run.act("v a h"),
            30 => run.act("a r"),
            40 => run.keys("b j j v"),
            _ => {}
        }
        assert_eq!(run.model.rows, andon::core::board::rows(&run.model), "after {i}");
    }
}

#[test]
fn a_later_step_whose_intent_is_not_on_disk_waits_for_a_name_and_the_same_keys_open_it_again() {
    let mut run = worse(1);
    run.act("a h");
    run.wait(5_000);
    // Held: going back is abort, then the unpause.
    run.keys("a r");
    run.wait(1_000);
    run.keys("Y");
    // The first step is on its way; from now on the disk hangs.
    run.log = Log::Hangs;
    run.wait(5_000);
    assert_eq!(last(&run), &State::NeedsName);
    let first = run.sent.len();
    run.keys("esc");
    assert!(run.model.notice.as_ref().is_some_and(|(n, _)| n.contains("step 2 of 2 waits")), "{:?}", run.model.notice);
    run.keys("a r");
    run.wait(1_000);
    run.keys("checkout");
    run.wait(400);
    run.keys("enter");
    assert_eq!(run.sent.len(), first + 1);
    run.log = Log::Works;
    run.wait(3 * MINUTE);
    assert_eq!(last(&run), &State::Settled);
}

#[test]
fn ending_drops_what_is_forward_and_lets_the_way_back_out() {
    let mut run = worse(1);
    run.log = Log::Hangs;
    run.act("a r");
    run.apply(Msg::Ending { code: 129 });
    let ticket = run.model.acts.values().next_back().expect("act").ticket;
    assert!(run.sent.is_empty());
    run.apply(Msg::Durable(ticket));
    assert_eq!(run.sent.len(), 1);
}

#[test]
fn one_trouble_of_a_source_is_one_record_however_often_it_is_tried() {
    let mut run = Run::new("calm", 1);
    let source = SourceId::new("metrics");
    let before = run.records.iter().filter(|r| r.kind == Kind::Source).count();
    for i in 0..10 {
        let error = SourceError::new(Trouble::Unreachable, "metrics: connection refused");
        run.apply(Msg::SourceFailed { source: source.clone(), error, next_try: Utc(i) });
        run.wait(1_000);
    }
    let after = run.records.iter().filter(|r| r.kind == Kind::Source).count();
    assert!(after - before <= 2, "{}", after - before);
}

#[test]
fn a_target_that_could_not_be_read_is_the_reason_why_there_is_no_plan() {
    use andon::core::act::plan::CannotBecause;
    use andon::core::msg::Msg;
    use andon::core::world::source::{SourceError, Trouble};
    let mut w = andon::testkit::world::world();
    w.sources().canary(&andon::testkit::canary::Canary::new("checkout", "eu-1"));
    w.keys("a r");
    let dialog = w.model.dialog.as_ref().expect("open").id;
    let read = Err(SourceError::new(Trouble::Timeout, "no answer in 2 s"));
    let lacks = CannotBecause::Different("it was not read for an act: read it again".into());
    w.send(Msg::Planned { dialog, read, plan: Some(Box::new(Err(lacks))) });
    let plan = &w.model.dialog.as_ref().and_then(|d| d.act()).expect("an act").plan;
    assert!(format!("{plan:?}").contains("could not be read: no answer in 2 s"), "{plan:?}");
}

#[test]
fn the_seen_deadline_of_the_config_is_the_one_that_makes_an_act_stuck() {
    let mut run = worse(1);
    run.model.limits.seen = 7_000;
    run.act("a h");
    let act = run.model.acts.values().next_back().expect("act");
    assert!(act.plan.steps.iter().all(|s| s.seen_by == 7_000));
}

#[test]
fn an_incident_opened_while_going_back_is_filled_in_all_the_same() {
    let mut run = worse(1);
    run.act("a r");
    run.wait(2_000);
    run.keys("a i");
    let sheet = run.model.dialog.as_ref().and_then(|d| d.sheet()).expect("the sheet");
    assert!(sheet.said[0].contains("first bad signal"), "{:?}", sheet.said);
    assert_eq!(sheet.rows[0].value(), "checkout errors, canary v2.14.1");
    run.wait(1_200);
    run.keys("Y");
    assert!(run.model.casebook.current().is_some());
}
