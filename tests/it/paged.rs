//! What somebody who was paged would trip over: each of these went wrong once.

use andon::core::act::flight::State;
use andon::core::act::plan::Verb;
use andon::core::alarm::alarms;
use andon::core::entry::Kind;
use andon::core::judge::verdict::Word;
use andon::core::key::{Code, Key};
use andon::core::msg::Msg;
use andon::core::world::fact::Fact;
use andon::testkit::drill::{Log, Run};

/// Search stands at a gate with a SAME verdict: the one to promote.
fn armed_on_search() -> Run {
    let mut run = Run::new("f1", 1);
    run.choose("search");
    run.act("a a");
    assert!(run.model.is_armed());
    run
}

fn refused(run: &Run) -> String {
    let d = run.model.dialog.as_ref().and_then(|d| d.act()).expect("the dialog is still open");
    d.refused.as_deref().unwrap_or_default().to_string()
}

fn last(run: &Run) -> &State {
    &run.model.acts.values().next_back().expect("an act").state
}

fn worse() -> Run {
    let mut run = Run::new("f1", 1);
    run.choose("checkout");
    while run.model.judged.get(&run.target("checkout").id).is_none_or(|j| j.verdict.word != Word::Worse) {
        run.wait(5_000);
    }
    run
}

#[test]
fn a_promote_left_open_until_the_arming_ends_does_not_go_out() {
    let mut run = armed_on_search();
    run.keys("a p");
    run.think(run.model.limits.arm);
    assert!(!run.model.is_armed());
    assert!(refused(&run).contains("LOOK-ONLY"), "{}", refused(&run));
    run.wait(1_000);
    run.keys("Y");
    assert!(run.sent.is_empty() && run.model.acts.is_empty());
}

#[test]
fn a_promote_whose_intent_is_late_is_judged_again_before_it_leaves() {
    let mut run = armed_on_search();
    run.log = Log::Hangs;
    run.act("a p");
    assert_eq!(last(&run), &State::Preparing, "it waits for the disk");
    let ticket = run.model.acts.values().next_back().expect("an act").ticket;
    // Ten minutes later the disk is back; the arming is not.
    run.think(run.model.limits.arm + 1);
    run.apply(Msg::Durable(ticket));
    assert!(matches!(last(&run), State::Dropped(_)), "{:?}", last(&run));
    assert!(run.sent.is_empty());
}

#[test]
fn a_promote_whose_figures_grow_old_after_y_does_not_leave() {
    let mut run = armed_on_search();
    run.model.limits.arm = 100 * 60_000;
    run.act("a a");
    run.log = Log::Hangs;
    run.act("a p");
    let act = run.model.acts.values().next_back().expect("an act");
    let (ticket, service) = (act.ticket, act.seen.service.clone());
    // The figures stand still for ten minutes.
    if let Some(s) = run.model.world.samples.get_mut(&service) {
        s.newest = s.newest.map(|t| andon::core::time::Utc(t.0 - 600_000));
    }
    run.apply(Msg::Durable(ticket));
    assert!(matches!(last(&run), State::Dropped(_)), "{:?}", last(&run));
    assert!(run.sent.is_empty());
}

#[test]
fn a_stuck_roll_back_is_told_once_and_not_with_every_fact() {
    let mut run = worse();
    run.act("a r");
    run.wait(1_000);
    let id = *run.model.acts.keys().next_back().expect("an act");
    // Its own history says a millisecond: it is late at once, while its pods still go one by one.
    run.model.acts.get_mut(&id).expect("the act").expected_ms = Some(1);
    run.wait(5_000);
    assert!(matches!(last(&run), State::Stuck(_)), "{:?}", last(&run));
    // It goes on talking, as a watched object does.
    for i in 0..5 {
        let mut t = run.target("checkout").clone();
        t.version = format!("later-{i}").into();
        run.apply(Msg::Fact { source: t.id.source.clone(), fact: Box::new(Fact::Target(Box::new(t))) });
        run.wait(250);
    }
    let seen = run.kinds().iter().filter(|k| **k == Kind::Seen).count();
    assert_eq!(seen, 1, "seen once");
    let whys: Vec<&str> =
        run.records.iter().filter(|r| r.kind == Kind::Stuck).filter_map(|r| r.data["why"].as_str()).collect();
    assert!(!whys.is_empty() && whys.windows(2).all(|w| w[0] != w[1]), "the same reason again: {whys:?}");
    run.wait(10 * 60_000);
    assert_eq!(last(&run), &State::Settled, "late is not never");
}

#[test]
fn a_hold_somebody_took_back_is_no_alarm_once_it_is_rolled_back() {
    let mut run = worse();
    run.act("a h");
    run.wait(30_000);
    assert_eq!(last(&run), &State::Settled);
    run.elsewhere("checkout", Verb::Resume);
    run.wait(5_000);
    let loud = |run: &Run| alarms(&run.model).iter().any(|a| a.text.contains("UNDONE"));
    assert!(loud(&run), "{:?}", alarms(&run.model));
    run.act("a r");
    run.wait(5_000);
    assert!(!loud(&run), "{:?}", alarms(&run.model));
}

#[test]
fn an_intent_that_reaches_the_disk_late_is_no_longer_said_to_be_missing() {
    let mut run = worse();
    run.log = Log::Hangs;
    run.act("a r");
    run.wait(1_000);
    run.keys("checkout enter");
    assert_eq!((run.sent.len(), run.model.log.late.len()), (1, 1));
    let ticket = run.sent[0];
    run.apply(Msg::Durable(ticket));
    assert!(run.model.log.late.is_empty());
    run.apply(Msg::Durable(ticket));
    assert!(run.model.log.late.is_empty());
}

#[test]
fn a_name_that_comes_in_one_burst_confirms_nothing() {
    let mut run = worse();
    run.log = Log::Hangs;
    run.act("a r");
    run.wait(2_000);
    for c in "checkout".chars() {
        run.apply(Msg::Key(Key::char(c)));
    }
    run.apply(Msg::Key(Key::plain(Code::Enter)));
    assert!(run.sent.is_empty());
    assert!(run.model.dialog.is_some());
    // The name stands; a hand's Enter takes it.
    run.keys("enter");
    assert_eq!(run.sent.len(), 1);
}

#[test]
fn a_note_the_log_cannot_take_is_offered_again() {
    let mut run = Run::new("f1", 1);
    run.model.editor = andon::ui::overlays::note::edit;
    run.apply(Msg::LogFailed { why: "no space left".into() });
    run.keys("n disk");
    run.apply(Msg::Key(Key::ctrl('o')));
    assert!(run.records.iter().all(|r| r.kind != Kind::Note));
    assert_eq!(run.model.draft.as_ref().map(|d| d.text()), Some("disk".to_string()));
    assert!(run.model.notice.as_ref().is_some_and(|n| n.0.contains("not kept")));
}

#[test]
fn a_second_roll_back_while_an_undo_rolls_out_goes_on_and_turning_round_asks_for_the_name() {
    let mut run = Run::new("calm", 1);
    run.choose("checkout");
    let (old, new) = (run.target("checkout").stable.clone(), run.target("checkout").candidate.clone());
    while run.target("checkout").is_moving() {
        if run.target("checkout").gate.as_ref().is_some_and(|g| g.until.is_none()) {
            run.elsewhere("checkout", Verb::Promote);
        }
        run.wait(60_000);
    }
    run.act("a r");
    // The habit: the same three keys again, while the old version is on its way.
    run.wait(5_000);
    let t = run.target("checkout");
    assert_eq!((&t.candidate, &t.stable), (&old, &new), "the undo rolls out");
    let sent = run.sent.len();
    run.keys("a r");
    let d = run.model.dialog.as_ref().and_then(|d| d.act()).expect("the dialog waits");
    assert!(d.name.is_none() && d.going.is_some(), "{:?}", d.name);
    assert_eq!((d.operation.back_to.clone(), d.plan().and_then(|p| p.to.clone())), (old.clone(), old));
    run.keys("esc");
    run.act("a b enter");
    let d = run.model.dialog.as_ref().and_then(|d| d.act()).expect("the dialog waits");
    assert_eq!(d.operation.back_to, new);
    let why = d.name.as_ref().expect("a name is due").why.join("; ");
    assert!(why.contains("is under way"), "{why}");
    assert_eq!(run.sent.len(), sent);
}
