//! The cord and its release, played through the core on the drill's world: what is held, what is left alone, what another
//! console and a restart know of it.

mod apart;
mod engine;

use andon::backends::sim::Scenario;
use andon::core::act::flight::State;
use andon::core::act::many::{Group, Many};
use andon::core::act::plan::Verb;
use andon::core::alarm;
use andon::core::effect::Effect;
use andon::core::entry::Kind;
use andon::core::frozen;
use andon::core::id::{Hash, TargetId};
use andon::core::msg::Msg;
use andon::core::world::fact::Fact;
use andon::core::world::target::{Revision, TargetState};
use andon::testkit::drill::{Log, Run};

/// f1 with this many rollouts moving instead of three.
pub fn moving(n: usize) -> Scenario {
    let mut s = Scenario::embedded("f1").unwrap();
    s.faults.clear();
    s.good.clear();
    let one = s.services.iter().find(|s| s.name.as_str() == "payments").unwrap().clone();
    s.services = (0..n)
        .map(|i| {
            let mut s = one.clone();
            s.name = format!("service-{i:02}").as_str().into();
            s
        })
        .collect();
    s
}

fn many(run: &Run) -> &Many {
    run.model.dialog.as_ref().and_then(|d| d.many()).expect("a dialog over several targets")
}

fn is_open(run: &Run) -> bool {
    run.model.dialog.as_ref().is_some_and(|d| d.many().is_some())
}

fn lists(run: &Run) -> Vec<(Group, String)> {
    let m = many(run);
    m.order().into_iter().map(|n| (m.lines[n].group, m.lines[n].seen.service.to_string())).collect()
}

fn count(run: &Run, kind: Kind) -> usize {
    run.records.iter().filter(|r| r.kind == kind).count()
}

fn held(run: &Run) -> Vec<String> {
    let all: Vec<TargetState> = run.world.targets().iter().filter_map(|t| run.world.read(t)).collect();
    let mut held: Vec<String> = all.iter().filter(|t| t.held).map(|t| t.service.to_string()).collect();
    held.sort();
    held
}

fn alarmed(run: &Run, what: &str) -> bool {
    alarm::alarms(&run.model).iter().any(|a| a.text.contains(what))
}

fn typed(run: &mut Run, name: &str) {
    run.wait(1_000);
    run.keys(name);
    run.wait(400);
    run.keys("enter");
}

#[test]
fn one_key_holds_everything_that_moves_from_look_only_and_each_settles_on_its_own() {
    let mut run = Run::new("f1", 1);
    run.keys("a f");
    assert_eq!(lists(&run).len(), 3);
    assert!(many(&run).name.is_none(), "{:?}", many(&run).name);
    run.wait(1_000);
    run.keys("Y");
    assert!(!is_open(&run));
    assert_eq!((run.sent.len(), count(&run, Kind::Intent), count(&run, Kind::Frozen)), (3, 3, 1));
    run.wait(3_000);
    assert_eq!(held(&run), ["checkout", "payments", "search"]);
    assert!(run.model.acts.values().all(|a| a.state == State::Settled && a.plan.operation.cord));
    assert_eq!(run.model.cord.holds().count(), 3);
    assert!(alarmed(&run, "FROZEN by mira"), "{:?}", alarm::alarms(&run.model));
    let said = run.effects.iter().any(|e| matches!(e, Effect::Append { entry, .. } if entry.kind == Kind::Frozen));
    assert!(said);
    // While it is pulled nothing goes forward.
    run.act("a a");
    run.wait(500);
    run.choose("search");
    run.keys("a u");
    let d = run.model.dialog.as_ref().and_then(|d| d.act()).expect("the dialog says why");
    assert!(d.refused.as_deref().is_some_and(|w| w.contains("verdict") || w.contains("frozen")), "{:?}", d.refused);
    assert!(d.gates.iter().any(|g| g.words.contains("frozen by mira") && g.state.blocks()), "{:?}", d.gates);
}

#[test]
fn the_cord_leaves_alone_what_goes_back_and_what_others_hold_and_never_releases_theirs() {
    let mut run = Run::new("calm", 2);
    run.elsewhere("checkout", Verb::RollBack);
    run.elsewhere("payments", Verb::Hold);
    run.wait(2_000);
    run.keys("a f");
    let all = lists(&run);
    assert_eq!(
        all,
        [
            (Group::Will, "search".to_owned()),
            (Group::GoingBack, "checkout".to_owned()),
            (Group::Held, "payments".to_owned())
        ]
    );
    run.wait(1_000);
    run.keys("Y");
    run.wait(2_000);
    assert_eq!(run.sent.len(), 1);
    assert_eq!(held(&run), ["payments", "search"]);
    run.act("a a");
    run.wait(500);
    run.keys("a z");
    assert_eq!(many(&run).lines.len(), 1);
    typed(&mut run, "drill");
    run.wait(2_000);
    assert_eq!(held(&run), ["payments"], "{:?}", run.model.notice);
    assert!(!run.model.cord.is_pulled() && run.model.cord.holds().next().is_none());
}

#[test]
fn a_ticked_line_is_rolled_back_by_the_same_key() {
    let mut run = Run::new("f1", 3);
    run.keys("a f");
    run.wait(1_000);
    let first = many(&run).lines[many(&run).chosen].seen.service.to_string();
    run.keys("space");
    // Another plan: the delay starts again.
    run.keys("Y");
    assert!(is_open(&run) && run.sent.is_empty());
    run.wait(1_000);
    run.keys("Y");
    run.wait(3_000);
    let back: Vec<&str> = run
        .model
        .acts
        .values()
        .filter(|a| a.plan.operation.verb == Verb::RollBack)
        .map(|a| a.seen.service.as_str())
        .collect();
    assert_eq!(back, [first.as_str()]);
    assert_eq!((run.sent.len(), held(&run).len()), (3, 2));
    // Ticked and unticked again it is held.
    let mut run = Run::new("f1", 3);
    run.keys("a f space space");
    run.wait(1_000);
    run.keys("Y");
    run.wait(3_000);
    assert_eq!(held(&run).len(), 3);
}

#[test]
fn early_keys_words_and_bursts_pull_nothing() {
    let mut run = Run::new("f1", 1);
    run.keys("a f Y");
    assert!(is_open(&run) && run.model.dialog.as_ref().is_some_and(|d| d.again));
    run.wait(200);
    run.keys("esc");
    assert!(!is_open(&run));
    for words in ["a f x", "a f q", "a f a r Y", "a f Yes"] {
        run.keys(words);
        run.wait(2_000);
    }
    run.keys("esc esc");
    run.wait(1_000);
    assert_eq!((run.sent.len(), count(&run, Kind::Frozen), run.model.cord.is_pulled()), (0, 0, false));
}

#[test]
fn a_log_that_does_not_answer_asks_for_the_environment_once_and_the_list_is_known_all_the_same() {
    let mut run = Run::new("f1", 1);
    run.log = Log::Hangs;
    run.act("a f");
    assert!(run.sent.is_empty());
    run.wait(600);
    let m = many(&run);
    assert_eq!(m.name.as_ref().map(|n| (&*n.must, n.why.len())), Some(("drill", 3)));
    typed(&mut run, "drill");
    assert_eq!(run.sent.len(), 3);
    run.wait(2_000);
    assert_eq!(run.model.cord.holds().count(), 3, "its records are not on disk, and it must be able to release them");
    assert!(run.model.cord.is_pulled());
}

#[test]
fn a_re_read_that_fails_after_the_key_asks_one_name_and_the_others_are_not_held_up() {
    let mut run = Run::new("f1", 1);
    run.keys("a f");
    run.wait(1_000);
    run.blind = true;
    run.keys("Y");
    assert_eq!(run.sent.len(), 0, "none could be read back");
    assert_eq!(many(&run).name.as_ref().map(|n| n.why.len()), Some(3));
    assert!(!alarmed(&run, "waits: not everything"), "the dialog itself asks for it: {:?}", alarm::alarms(&run.model));
    run.keys("esc");
    assert!(run.sent.is_empty() && run.model.acts.values().all(|a| matches!(a.state, State::Dropped(_))));
    run.blind = false;
    run.wait(6_000);
    run.act("a f");
    assert_eq!(run.sent.len(), 3);
}

/// The target as it is, with another version asked for.
fn newer(t: &TargetState) -> TargetState {
    let mut t = t.clone();
    let hash = Hash::new("newhash000");
    let now = t.revisions.iter().filter_map(|r| r.created).max().map(|c| andon::core::time::Utc(c.0 + 1_000));
    let first = t.revisions[0].clone();
    t.revisions.insert(0, Revision { hash: hash.clone(), version: "v9.9.9".into(), created: now, ..first });
    t.candidate = Some(hash);
    t.generation += 1;
    t
}

fn tell(run: &mut Run, t: TargetState) {
    run.apply(Msg::Fact { source: t.id.source.clone(), fact: Box::new(Fact::Target(Box::new(t))) });
}

#[test]
fn a_new_candidate_under_the_dialog_concerns_its_own_line_only_and_starts_the_delay_again() {
    let mut run = Run::new("f1", 1);
    run.keys("a f");
    run.wait(1_000);
    let before: Vec<TargetId> = many(&run).lines.iter().map(|l| l.operation.target.clone()).collect();
    let (id, t) = (run.model.dialog.as_ref().unwrap().id, newer(run.target("search")));
    run.blind = true;
    tell(&mut run, t);
    let m = many(&run);
    assert_ne!(run.model.dialog.as_ref().unwrap().id, id);
    assert_eq!(m.lines.iter().map(|l| l.operation.target.clone()).collect::<Vec<_>>(), before);
    assert!(run.model.dialog.as_ref().unwrap().changed.iter().any(|c| c.contains("a new candidate came")));
    let fresh: Vec<bool> = m.lines.iter().map(|l| l.seen.candidate == Some(Hash::new("newhash000"))).collect();
    assert_eq!(fresh.iter().filter(|f| **f).count(), 1);
    run.keys("Y");
    assert!(run.sent.is_empty(), "the delay starts again");
}

#[test]
fn what_starts_while_it_is_pulled_is_loose_once_on_record_and_the_cord_takes_it() {
    let mut run = Run::new("f1", 1);
    run.act("a f");
    run.wait(2_000);
    assert!(frozen::loose(&run.model).is_empty());
    let t = newer(run.target("auth"));
    tell(&mut run, t.clone());
    tell(&mut run, t);
    assert_eq!(frozen::loose(&run.model).len(), 1);
    assert_eq!(count(&run, Kind::Loose), 1);
    assert!(alarmed(&run, "LOOSE: auth@eu-1 v9.9.9 started while the cord is pulled; a f holds it"));
    // The world itself does not know of it: what is known from the facts is held, with a name.
    run.blind = true;
    run.keys("a f");
    let will: Vec<_> = lists(&run).into_iter().filter(|(g, _)| *g == Group::Will).collect();
    assert_eq!(will, [(Group::Will, "auth".to_owned())]);
}

#[test]
fn a_pause_that_somebody_undoes_is_announced_here_and_by_the_next_console() {
    let mut run = Run::new("f1", 1);
    run.act("a f");
    run.wait(3_000);
    run.elsewhere("search", Verb::Resume);
    run.wait(2_000);
    assert!(alarmed(&run, "UNDONE by"), "{:?}", alarm::alarms(&run.model));
    assert_eq!(count(&run, Kind::Undone), 1);
    let next = run.next_console();
    assert!(alarmed(&next, "UNDONE: the cord's hold of search@eu-1 is gone"), "{:?}", alarm::alarms(&next.model));
    assert!(alarmed(&next, "FROZEN by before") || alarmed(&next, "FROZEN by"), "{:?}", alarm::alarms(&next.model));
}

#[test]
fn the_console_is_killed_and_the_next_one_releases_exactly_what_was_frozen() {
    let mut run = Run::new("calm", 4);
    run.wait(12 * 60_000);
    run.elsewhere("payments", Verb::Hold);
    run.act("a f");
    run.wait(3_000);
    assert_eq!(held(&run), ["checkout", "payments", "search"]);
    let mut next = run.next_console();
    assert!(next.model.cord.is_pulled());
    next.keys("b");
    next.wait(120_000);
    next.act("a a");
    next.wait(500);
    next.keys("a z");
    let going: Vec<String> = many(&next).going().map(|l| l.seen.service.to_string()).collect();
    assert_eq!(going, ["checkout", "search"]);
    // Armed, and `Y` alone is not enough: the environment's name is.
    next.wait(1_000);
    next.keys("Y");
    assert!(next.sent.is_empty() && is_open(&next));
    next.keys("backspace");
    typed(&mut next, "drill");
    next.wait(2_000);
    assert_eq!(held(&next), ["payments"]);
    assert_eq!(count(&next, Kind::Thawed), 1);
    let last = next.next_console();
    assert!(!last.model.cord.is_pulled() && last.model.cord.holds().next().is_none());
}

#[test]
fn a_thaw_leaves_held_what_a_gate_blocks_and_says_why() {
    // checkout turns WORSE while it is held: verdict blocks.
    let mut run = Run::new("f1", 1);
    run.act("a f");
    run.wait(6 * 60_000);
    run.act("a a");
    run.wait(500);
    run.keys("a z");
    let m = many(&run);
    let stays: Vec<(String, String)> = m
        .lines
        .iter()
        .filter(|l| l.group == Group::Cannot)
        .map(|l| (l.seen.service.to_string(), l.why.iter().map(ToString::to_string).collect()))
        .collect();
    assert!(stays.iter().any(|(s, why)| s == "checkout" && why.contains("stays held: verdict: WORSE")), "{stays:?}");
    assert!(m.lines.iter().all(|l| !l.goes(m.whole) || l.group == Group::Will));
    let stay = stays.len();
    typed(&mut run, "drill");
    run.wait(2_000);
    assert_eq!((held(&run).len(), run.model.cord.holds().count()), (stay, stay));
    assert!(!run.model.cord.is_pulled(), "the environment is no longer frozen");
    let kept = run.records.iter().find(|r| r.kind == Kind::Thawed).map(|r| r.data["kept"].as_array().map(Vec::len));
    assert_eq!(kept, Some(Some(stay)));
    // And they can be released by the same keys later.
    run.keys("a z");
    assert_eq!(many(&run).lines.len(), stay);
}

#[test]
fn look_only_thaws_nothing_and_read_only_freezes_nothing() {
    let mut run = Run::new("calm", 1);
    run.act("a f");
    run.wait(2_000);
    run.keys("a z");
    assert!(!is_open(&run));
    assert!(run.model.notice.as_ref().is_some_and(|n| n.0.contains("LOOK-ONLY")));
    let mut run = Run::begin("calm", 1, |m| m.environment.read_only = true);
    run.keys("a f");
    assert!(!is_open(&run));
    assert!(run.model.notice.as_ref().is_some_and(|n| n.0.contains("read-only")));
}

#[test]
fn a_service_that_moves_in_two_places_goes_back_in_one_dialog_and_one_can_be_dropped() {
    for drop in [false, true] {
        let mut run = Run::gathered("f1", 1, "payments", "checkout");
        run.choose("checkout");
        run.keys("a r");
        assert_eq!(many(&run).lines.len(), 2);
        assert_eq!(many(&run).going().count(), 2);
        let kept = many(&run).lines[usize::from(drop)].seen.id.clone();
        if drop {
            // The first is chosen.
            run.keys("space");
            assert_eq!(many(&run).going().count(), 1);
        }
        run.wait(1_000);
        run.keys("Y");
        assert!(!is_open(&run));
        let sent: Vec<TargetId> = run.model.acts.values().map(|a| a.target().clone()).collect();
        assert_eq!(sent.len(), if drop { 1 } else { 2 });
        assert!(sent.contains(&kept));
        assert!(!run.model.cord.is_pulled() && count(&run, Kind::Frozen) == 0);
        run.wait(5 * 60_000);
        let said = run.model.acts.values().all(|a| a.state == State::Settled);
        assert!(said, "{:?}", run.model.acts.values().map(|a| &a.state).collect::<Vec<_>>());
        // What is back is back; the next lever is a dialog of its own.
        run.keys("a r");
        assert!(!is_open(&run), "one is left, or each has its own");
    }
    // A name is due for one of them: the service's.
    let mut run = Run::gathered("f1", 1, "payments", "checkout");
    run.choose("checkout");
    run.blind = true;
    run.keys("a h");
    assert_eq!(many(&run).name.as_ref().map(|n| (&*n.must, n.why.len())), Some(("checkout", 2)));
    typed(&mut run, "checkout");
    assert_eq!(run.sent.len(), 2);
}

#[test]
fn fifty_rollouts_in_one_go() {
    let mut run = Run::of(moving(50), 1);
    run.keys("a f");
    assert_eq!(many(&run).going().count(), 50);
    run.wait(1_000);
    let before = run.effects.len();
    run.keys("Y");
    let turn: Vec<&Effect> = run.effects[before..].iter().collect();
    let first =
        turn.iter().position(|e| matches!(e, Effect::Append { entry, .. } if entry.kind == Kind::Frozen)).unwrap();
    let performed = turn.iter().position(|e| matches!(e, Effect::Perform { .. })).unwrap();
    let intents = turn[first..performed].iter().filter(|e| matches!(e, Effect::Append { ticket: Some(_), .. })).count();
    assert_eq!(intents, 50, "all intents come before the first request, in one turn");
    run.wait(3_000);
    assert_eq!((run.sent.len(), held(&run).len(), run.model.cord.holds().count()), (50, 50, 50));
    assert!(run.model.notice.as_ref().is_some_and(|n| n.0.contains("FREEZE 50 of 50 held")), "{:?}", run.model.notice);
}

#[test]
fn the_same_in_lines() {
    let mut run = Run::plain("f1", 1);
    run.line("freeze");
    run.wait(1_000);
    assert!(run.said().iter().any(|l| l.contains("FREEZE everything that moves")), "{:#?}", run.said());
    run.line("yes freeze prod");
    assert!(run.sent.is_empty(), "another environment's name closes it");
    run.wait(1_000);
    run.line("act freeze");
    run.wait(1_000);
    run.line("tick 1");
    run.wait(1_500);
    run.line("yes freeze drill");
    run.wait(3_000);
    assert_eq!((run.sent.len(), held(&run).len()), (3, 2));
    assert!(run.said().iter().any(|l| l.contains("cord FREEZE")), "{:#?}", run.said());
}
