//! A way back that rolls out already, met by the same keys again: in the console that began it, in another one, in the
//! next one. The version just left is the stable one then, and three keys out of habit must not bring it back.

use andon::core::act::dialog::{ActDialog, PlanState};
use andon::core::act::flight::State;
use andon::core::case::people::Present;
use andon::core::id::{Hash, TargetId};
use andon::core::msg::{LogPage, Msg};
use andon::core::record::{Hlc, Record};
use andon::core::world::target::TargetState;
use andon::testkit::drill::Run;
use serde_json::json;

const MIRA: &str = "20261121T031407Z-mira-bastion2-7f3a";

/// A steady service is on the Board among all.
fn choose(run: &mut Run) {
    run.model.nav.show_rest = true;
    run.choose("auth");
}

/// auth runs the bad version; an undo of it was sent and rolls out. With what it asks for: from, to.
fn undone() -> (Run, Hash, Hash) {
    let mut run = Run::new("f1", 1);
    choose(&mut run);
    let bad = run.target("auth").stable.clone().expect("it runs something");
    run.act("a r");
    for _ in 0..40 {
        if run.target("auth").is_moving() {
            break;
        }
        run.wait(250);
    }
    let t = run.target("auth");
    let to = t.candidate.clone().expect("it asks for something");
    assert!(t.is_moving() && t.stable == Some(bad.clone()) && to != bad, "{t:?}");
    (run, bad, to)
}

/// What a session wrote into the log, as another console reads it.
fn log(run: &Run) -> Vec<Record> {
    let one = |(n, e)| Record { user: "mira".into(), ..Record::of(e, MIRA, n, Hlc(e.at.0, n as u32), e.at) };
    (1..).zip(&run.records).map(one).collect()
}

fn open(run: &Run) -> &ActDialog {
    run.model.dialog.as_ref().and_then(|d| d.act()).expect("a dialog on one target")
}

fn target(run: &Run) -> TargetId {
    run.target("auth").id.clone()
}

fn drawn(run: &Run) -> String {
    use andon::ui::{Look, draw};
    let area = ratatui::layout::Rect::new(0, 0, 120, 40);
    let mut buf = ratatui::buffer::Buffer::empty(area);
    draw(&run.model, &Look::shipped(), area, &mut buf);
    buf.content().chunks(120).map(|r| r.iter().map(|c| c.symbol()).collect::<String>() + "\n").collect()
}

/// The keys of going back go where it goes already, say who began that, and `Y` sends nothing that names the bad version.
fn goes_on(run: &mut Run, bad: &Hash, to: &Hash) {
    choose(run);
    let sent = run.sent.len();
    run.keys("a r");
    let d = open(run);
    assert_eq!(d.operation.back_to.as_ref(), Some(to), "{d:?}");
    if let PlanState::Ready(p) = &d.plan {
        assert_eq!(p.to.as_ref(), Some(to));
        assert!(d.name.is_none(), "going on is no more than it was");
    }
    let says = format!("already going back to {}, begun by mira ", d.seen.version_of(to));
    assert!(drawn(run).contains(&says), "{says}:\n{}", drawn(run));
    assert!(d.going.as_ref().is_some_and(|g| g.ends_with(" ago")), "{:?}", d.going);
    run.wait(1_000);
    run.keys("Y");
    run.wait(500);
    assert_eq!(run.target("auth").candidate.as_ref(), Some(to), "{} sent", run.sent.len() - sent);
    assert!(run.model.acts.values().all(|a| a.plan.to.as_ref() != Some(bad)));
}

#[test]
fn the_console_that_began_it_goes_on() {
    let (mut run, bad, to) = undone();
    goes_on(&mut run, &bad, &to);
}

#[test]
fn another_console_is_told_by_the_log_who_is_at_it() {
    let (first, bad, to) = undone();
    let log = log(&first);
    let mut run = first.next_console();
    run.apply(Msg::People(vec![Present { session: MIRA.into(), user: "mira".into(), ..Present::default() }]));
    run.apply(Msg::Records(log));
    assert!(run.model.others.on(&target(&run)).next().is_some(), "it is under way there");
    goes_on(&mut run, &bad, &to);
}

#[test]
fn the_next_console_finds_it_in_the_log_although_it_was_read_back_and_closed() {
    let (first, bad, to) = undone();
    let mut log = log(&first);
    let intent = log.iter().rev().find(|r| r.kind == "intent").expect("hers").clone();
    let data = json!({"how": "read back after the session ended", "found": "progressing",
        "session": MIRA, "of": {"session": MIRA, "ticket": intent.ticket}});
    let n = log.len() as u64 + 1;
    log.push(Record {
        session: "20261121T041407Z-ito-bastion2-11aa".into(),
        seq: 1,
        hlc: Hlc(intent.hlc.0 + 1, n as u32),
        user: "ito".into(),
        kind: "resolved".into(),
        ticket: None,
        data,
        ..intent
    });
    let mut run = first.next_console();
    run.apply(Msg::LogPage(Box::new(LogPage { records: log.clone(), start: true, ..LogPage::default() })));
    assert!(run.model.loose.is_empty() && run.model.others.acts.is_empty());
    goes_on(&mut run, &bad, &to);
    // It had come to its end, and the same versions came again: that is nobody's way back any more.
    let (first, bad, _) = undone();
    let mut log = self::log(&first);
    let last = log.last().expect("some").clone();
    log.push(Record { seq: last.seq + 1, hlc: Hlc(last.hlc.0 + 1, 0), kind: "settled".into(), ..intent_of(&log) });
    let mut run = first.next_console();
    run.apply(Msg::LogPage(Box::new(LogPage { records: log, start: true, ..LogPage::default() })));
    choose(&mut run);
    run.keys("a r");
    assert_eq!((open(&run).operation.back_to.as_ref(), &open(&run).going), (Some(&bad), &None));
}

fn intent_of(log: &[Record]) -> Record {
    log.iter().rev().find(|r| r.kind == "intent").expect("an intent").clone()
}

#[test]
fn a_dialog_that_stands_open_when_the_log_tells_of_it_opens_anew() {
    let (first, bad, to) = undone();
    let log = log(&first);
    let mut run = first.next_console();
    choose(&mut run);
    run.keys("a r");
    assert_eq!(open(&run).operation.back_to.as_ref(), Some(&bad), "nobody said that it is on its way");
    run.apply(Msg::People(vec![Present { session: MIRA.into(), user: "mira".into(), ..Present::default() }]));
    run.apply(Msg::Records(log));
    assert_eq!(open(&run).operation.back_to.as_ref(), Some(&to));
    let sent = run.sent.len();
    run.keys("Y");
    assert_eq!(run.sent.len(), sent, "its delay begins anew");
}

#[test]
fn going_there_takes_the_version_chosen_and_its_name_typed() {
    let (first, bad, _) = undone();
    let log = log(&first);
    let mut run = first.next_console();
    run.apply(Msg::People(vec![Present { session: MIRA.into(), user: "mira".into(), ..Present::default() }]));
    run.apply(Msg::Records(log));
    choose(&mut run);
    run.keys("a b");
    run.keys("enter");
    let d = open(&run);
    assert!(d.operation.chosen && d.operation.back_to == Some(bad.clone()) && d.going.is_none(), "{:?}", d.operation);
    let sent = run.sent.len();
    run.wait(1_000);
    run.keys("Y");
    run.wait(1_000);
    assert_eq!(run.sent.len(), sent);
    assert!(open(&run).name.is_some());
}

#[test]
fn an_own_one_whose_second_step_was_dropped_or_is_stuck_is_still_where_it_goes() {
    for state in [State::Stuck("its pods do not start".into()), State::Dropped("the log is full".into())] {
        let (mut run, bad, to) = undone();
        for a in run.model.acts.values_mut() {
            a.state = state.clone();
        }
        let t: TargetState = run.target("auth").clone();
        assert!(andon::core::frozen::going_back(&run.model, &t).is_some(), "the cord does not hold it half-way");
        goes_on(&mut run, &bad, &to);
    }
}
