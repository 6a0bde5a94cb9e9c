//! What the cord must not take for its own, and what it must not forget: clusters that do not answer, holds of others,
//! clusters that moved, a dialog closed half way.

use super::{alarmed, held, lists, many, newer, tell, typed};
use andon::core::act::flight::State;
use andon::core::act::many::Group;
use andon::core::act::plan::Verb;
use andon::core::alarm;
use andon::core::case::people::Present;
use andon::core::entry::Kind;
use andon::core::frozen;
use andon::core::id::{SourceId, TargetId};
use andon::core::msg::{Msg, Reloaded};
use andon::core::record::{Hlc, Record};
use andon::core::world::source::{Cluster, Link, SourceError, Trouble};
use andon::core::world::target::{Manager, TargetState};
use andon::testkit::drill::Run;
use serde_json::{Value, json};

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
    run.apply(Msg::Key(andon::core::key::Key::char('z')));
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
    let mut reloaded = run.clone();
    run.keys("esc");
    let said = |run: &Run| run.model.notice.as_ref().map(|n| n.0.to_string());
    assert_eq!(said(&run).as_deref(), Some("1 has gone out, 2 will not go"));
    assert!(!alarmed(&run, "nothing was started"));
    // Other keys close it as well.
    let keymap = Some(andon::config::keymap::default_keymap());
    let keys = Reloaded { keymap, theme: "night".into(), changes: vec!["1 key".into()], ..Reloaded::default() };
    reloaded.apply(Msg::Reloaded(Box::new(keys.clone())));
    assert_eq!(said(&reloaded).as_deref(), Some("1 key; the dialog is closed, 1 has gone out, 2 will not go"));
    let mut open = Run::new("f1", 1);
    open.keys("a f");
    open.apply(Msg::Reloaded(Box::new(keys)));
    assert_eq!(said(&open).as_deref(), Some("1 key; the dialog is closed, nothing was started"));
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

/// A record of another console about a target.
fn theirs(run: &Run, kind: &str, service: &str, n: u64, data: Value) -> Record {
    Record {
        session: "20261121T031407Z-ito-bastion2-11aa".into(),
        seq: n,
        hlc: Hlc(run.model.now.utc.0, n as u32),
        utc: run.model.now.utc.rfc3339(),
        user: "ito".into(),
        kind: kind.into(),
        target: serde_json::to_value(&run.target(service).id).ok(),
        ticket: Some(n),
        data,
        ..Record::default()
    }
}

#[test]
fn all_that_others_roll_back_leave_the_list_at_once_and_are_said() {
    let mut run = Run::new("f1", 1);
    // His console runs: what it begins is under way, and not left by somebody who has gone.
    let session = theirs(&run, "intent", "search", 0, json!({})).session;
    run.apply(Msg::People(vec![Present {
        session: session.as_str().into(),
        user: "ito".into(),
        ..Present::default()
    }]));
    run.keys("a f");
    assert_eq!(many(&run).going().count(), 3);
    let intent = |(s, n): (&&str, u64)| theirs(&run, "intent", s, n, json!({"verb": "roll back", "act": n}));
    let all: Vec<Record> = ["search", "payments"].iter().zip(1..).map(intent).collect();
    run.apply(Msg::Records(all));
    let going: Vec<String> = many(&run).going().map(|l| l.seen.service.to_string()).collect();
    assert_eq!(going, ["checkout"], "{:?}", lists(&run));
    for s in ["search", "payments"] {
        assert_eq!(why(&run, s), "ito rolls it back");
        assert!(lists(&run).contains(&(Group::GoingBack, s.to_owned())));
        let at = run.target(s).id.at();
        let changed = &run.model.dialog.as_ref().unwrap().changed;
        assert!(changed.iter().any(|c| **c == *format!("{at}: ito rolls it back")), "{changed:?}");
    }
    // What is shown has changed: the delay begins anew, and the rest goes out alone.
    run.keys("Y");
    assert_eq!(run.sent.len(), 0);
    run.wait(1_000);
    run.keys("Y");
    run.wait(3_000);
    assert_eq!((run.sent.len(), held(&run)), (1, vec!["checkout".to_owned()]));
}

/// The cord was pulled by a console that is gone; its hold of search has no answer on record.
fn unanswered(f: impl FnOnce(&mut Run)) -> Run {
    let mut run = Run::new("calm", 4);
    run.wait(12 * 60_000);
    f(&mut run);
    let t = run.target("search").clone();
    let moved = json!([{"target": t.id, "candidate": t.candidate}]);
    let of = |more: Value| {
        let mut data = json!({"cord": true, "verb": "hold", "candidate": t.candidate, "act": 1, "step": 1, "of": 1});
        data.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        data
    };
    let all = vec![
        Record {
            target: None,
            ..theirs(&run, "frozen", "search", 1, json!({"id": "x", "targets": moved, "moved": moved}))
        },
        theirs(&run, "intent", "search", 2, of(json!({}))),
        Record { ticket: Some(2), ..theirs(&run, "sent", "search", 3, of(json!({}))) },
    ];
    run.apply(Msg::Records(all));
    run
}

fn resolved(run: &Run) -> Vec<String> {
    let all = run.records.iter().filter(|r| r.kind == Kind::Resolved);
    all.map(|r| r.data["how"].as_str().unwrap_or_default().to_owned()).collect()
}

#[test]
fn a_hold_without_an_answer_of_a_console_that_is_gone_is_read_back_and_found_not_done() {
    let mut run = unanswered(|_| {});
    let id = run.target("search").id.clone();
    run.act("a a");
    run.wait(500);
    // It may still be on its way: not known, nothing is undone, and a thaw does not take it for over.
    assert!(frozen::is_unknown(&run.model, &id) && run.model.cord.has(&id));
    assert_eq!(frozen::over(&run.model), []);
    assert!(!alarmed(&run, "UNDONE"), "{:?}", alarm::alarms(&run.model));
    assert!(alarmed(&run, "left an act without an outcome"), "{:?}", alarm::alarms(&run.model));
    run.keys("a z");
    assert!(why(&run, "search").contains("not known yet"), "{}", why(&run, "search"));
    run.keys("esc");
    run.wait(60_000);
    assert_eq!(resolved(&run), ["read back after the session ended: it was not done"]);
    assert!(!run.model.cord.has(&id), "what was never held is not released");
    assert!(run.model.cord.is_pulled() && !alarmed(&run, "UNDONE"));
    let last = run.next_console();
    assert!(!last.model.cord.has(&id), "the record says so to everybody");
}

#[test]
fn a_hold_without_an_answer_that_was_carried_out_is_released_by_the_thaw() {
    let mut run = unanswered(|run| run.elsewhere("search", Verb::Hold));
    let id = run.target("search").id.clone();
    run.wait(2_000);
    assert_eq!(resolved(&run), ["read back after the session ended: it was done"]);
    assert!(run.model.cord.has(&id) && !frozen::is_unknown(&run.model, &id));
    run.act("a a");
    run.wait(500);
    run.keys("a z");
    let going: Vec<String> = many(&run).going().map(|l| l.seen.service.to_string()).collect();
    assert_eq!(going, ["search"], "{:?}", lists(&run));
    typed(&mut run, "drill");
    run.wait(2_000);
    assert!(held(&run).is_empty() && !run.model.cord.is_pulled(), "{:?}", run.model.notice);
}
