//! What the cord must not take for its own, and what it must not forget: clusters that do not answer, holds of others,
//! clusters that moved, a dialog closed half way.

use super::{alarmed, held, lists, many, newer, tell, typed};
use andon::core::act::flight::State;
use andon::core::act::many::Group;
use andon::core::frozen;
use andon::core::id::{SourceId, TargetId};
use andon::core::world::source::{Cluster, Link, SourceError, Trouble};
use andon::core::world::target::{Manager, TargetState};
use andon::testkit::drill::Run;

/// Three rollouts held by the cord, the console armed.
fn pulled() -> Run {
    let mut run = Run::new("calm", 4);
    run.wait(12 * 60_000);
    run.act("a f");
    run.wait(3_000);
    assert_eq!(held(&run), ["checkout", "payments", "search"]);
    run.act("a a");
    run.wait(500);
    run
}

fn link(run: &mut Run, source: &SourceId, link: Link) {
    run.model.world.sources.get_mut(source).unwrap().link = link;
}

fn silent() -> Link {
    Link::Failed(SourceError::new(Trouble::Unreachable, "no route"))
}

fn why(run: &Run, service: &str) -> String {
    let l = many(run).lines.iter().find(|l| l.seen.id.name.contains(service)).unwrap();
    l.why.iter().map(ToString::to_string).collect()
}

#[test]
fn a_cluster_that_does_not_answer_ends_no_hold_and_its_targets_are_listed() {
    let mut run = pulled();
    let (gone, free): (TargetId, TargetState) = (run.target("search").id.clone(), run.target("payments").clone());
    let source = gone.source.clone();
    link(&mut run, &source, silent());
    // As after a restart: nothing is known of one, and old things of another.
    run.model.world.targets.remove(&gone);
    run.model.world.targets.get_mut(&free.id).unwrap().held = false;
    assert_eq!(frozen::over(&run.model), []);
    run.keys("a z");
    assert_eq!(many(&run).lines.len(), 3);
    assert!(many(&run).lines.iter().all(|l| l.group == Group::Cannot), "{:?}", lists(&run));
    for s in ["checkout", "payments", "search"] {
        assert_eq!(why(&run, s), "its source does not answer");
    }
    run.keys("esc");
    // It answers again: what is seen to be gone is over, but for what is still ours to watch.
    run.model.world.targets.remove(&gone);
    run.model.world.targets.get_mut(&free.id).unwrap().held = false;
    link(&mut run, &source, Link::Watching);
    let mut over = frozen::over(&run.model);
    over.sort();
    let mut both = vec![free.id.clone(), gone.clone()];
    both.sort();
    assert_eq!(over, both);
    for a in run.model.acts.values_mut().filter(|a| *a.target() == free.id) {
        a.state = State::Unknown("no answer".into());
    }
    assert_eq!(frozen::over(&run.model), [gone]);
}

#[test]
fn a_new_version_and_somebody_elses_hold_are_not_released() {
    let mut run = pulled();
    let other = newer(run.target("search"));
    let mut theirs = run.target("payments").clone();
    theirs.held_by = Some(Manager { name: "kubectl-edit".into(), at: None });
    run.keys("a z");
    assert_eq!(many(&run).going().count(), 3, "{:?}", lists(&run));
    run.keys("esc");
    run.keys("a");
    tell(&mut run, other);
    tell(&mut run, theirs);
    run.apply(andon::core::msg::Msg::Key(andon::core::key::Key::char('z')));
    let going: Vec<String> = many(&run).going().map(|l| l.seen.service.to_string()).collect();
    assert_eq!(going, ["checkout"], "{:?}", lists(&run));
    assert!(why(&run, "search").contains("stays held: the cord held v"), "{}", why(&run, "search"));
    assert_eq!(why(&run, "payments"), "stays held: by kubectl-edit, not by the cord");
}

#[test]
fn a_roll_back_ends_the_cords_hold_though_it_is_not_the_cords() {
    let mut run = pulled();
    run.choose("search");
    run.act("a r");
    run.wait(2_000);
    let left: Vec<String> = run.model.cord.holds().map(|h| h.target.name.to_string()).collect();
    assert_eq!((left.len(), left.iter().any(|n| n.contains("search"))), (2, false), "{left:?}");
}

#[test]
fn a_cluster_that_answers_elsewhere_asks_for_the_name_of_each_dialog() {
    let moved = |run: &mut Run| {
        let source = run.target("search").id.source.clone();
        for at in ["https://a", "https://b"] {
            let cluster = Cluster { id: "u1".into(), server: at.into(), authority: "ca".into() };
            run.model.pinned.answered(&source, &cluster);
        }
    };
    let asked = |run: &Run| -> usize {
        let name = many(run).name.as_ref().expect("a name is due");
        name.why.iter().filter(|w| w.contains("https://b")).count()
    };
    let mut run = Run::new("f1", 1);
    moved(&mut run);
    run.keys("a f");
    assert_eq!((asked(&run), many(&run).going().count()), (3, 3));
    let mut run = pulled();
    moved(&mut run);
    run.keys("a z");
    assert_eq!((asked(&run), many(&run).going().count()), (3, 3), "it asks, it does not refuse");
    typed(&mut run, "drill");
    run.wait(2_000);
    assert_eq!(held(&run), [""; 0]);
}

#[test]
fn closed_half_way_it_says_what_has_gone_out() {
    let mut run = Run::new("f1", 1);
    run.keys("a f");
    run.wait(1_000);
    run.blind = true;
    run.keys("Y");
    let now = run.model.now;
    let first = run.model.acts.values_mut().next().unwrap();
    (first.sent, first.state) = (Some(now), State::Accepted);
    run.keys("esc");
    let said = run.model.notice.as_ref().map(|n| n.0.to_string());
    assert_eq!(said.as_deref(), Some("1 has gone out, 2 will not go"));
    assert!(!alarmed(&run, "nothing was started"));
}

#[test]
fn a_roll_back_that_is_stuck_keeps_the_cord_off_nothing() {
    let mut run = Run::new("f1", 1);
    let t = run.target("search").clone();
    run.choose("search");
    run.act("a r");
    for (state, back) in [(State::Accepted, true), (State::Stuck("no pods".into()), false)] {
        for a in run.model.acts.values_mut() {
            a.state = state.clone();
        }
        assert_eq!(frozen::going_back(&run.model, &t).is_some(), back, "{state:?}");
    }
}
