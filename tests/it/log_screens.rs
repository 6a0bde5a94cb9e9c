//! What people see of the log, by keys alone: the Incident screen, the strip, the browser, and finishing what an ended
//! session left half done.

use andon::core::act::dialog::{DialogKind, PlanState};
use andon::core::act::flight::State;
use andon::core::alarm;
use andon::core::effect::Effect;
use andon::core::entry::Kind;
use andon::core::msg::{LogPage, Msg, Recovered, Unfinished};
use andon::core::nav::{Overlay, Screen};
use andon::core::record::{Hlc, Record};
use andon::testkit::drill::Run;
use andon::testkit::states_log::{OTHER, OWN, browsing, incident, record};
use andon::testkit::stories::{self, worse};
use andon::testkit::world::World;
use serde_json::json;

fn text(w: &World) -> String {
    let buf = w.draw(w.model.width, w.model.height);
    let wide = usize::from(buf.area.width);
    buf.content
        .chunks(wide)
        .map(|r| r.iter().map(|c| c.symbol()).collect::<String>().trim_end().to_owned() + "\n")
        .collect()
}

fn has(w: &World, what: &str) {
    let text = text(w);
    assert!(text.contains(what), "no {what:?} in\n{text}");
}

#[test]
fn without_an_incident_the_screen_says_so_and_with_one_what_each_tick_rests_on() {
    let mut w = worse();
    w.keys("i");
    assert_eq!(w.model.nav.screen, Screen::Incident);
    has(&w, "NO INCIDENT");
    has(&w, "PEOPLE");
    let mut w = worse();
    incident(&mut w, false);
    has(&w, "LEAD: NOBODY");
    has(&w, "i-0412 5m of 5m!");
    w.keys("7");
    for what in [
        "i-0412  checkout login failures",
        "SEV2",
        "lead NOBODY",
        "x thresholds exceeded (rec 40)",
        "x metadata captured (ito 12)",
        "- rolled back or mitigated",
        "- stakeholders told (never)",
        "#14 tests for hotfix v2.13.9, ito, due today",
        "ito bastion-2 on board",
        "links hold",
    ] {
        has(&w, what);
    }
    let mut led = worse();
    incident(&mut led, true);
    led.keys("i");
    for what in [
        "LEAD: ito",
        "i-0412 mitigated in 2m54",
        "lead ito for 1m",
        "x rolled back or mitigated (ito 19)",
        "x stakeholders told 1m ago (ito 22)",
    ] {
        has(&led, what);
    }
    // A record that does not join is told, loudly.
    let mut odd = record(&w, OWN, 44, 500, "note", json!({"text": "x"}));
    odd.rest.insert("prev".into(), "something else".into());
    w.send(Msg::Records(vec![odd]));
    has(&w, "chain BROKEN at rec 44");
}

#[test]
fn the_chosen_record_stays_chosen_while_others_come() {
    let mut w = worse();
    incident(&mut w, true);
    w.resize(80, 40).keys("i j j");
    let chosen = w.model.nav.record.clone().expect("one is chosen");
    let late = record(&w, OTHER, 60, 10, "note", json!({"text": "newer than all"}));
    w.send(Msg::Records(vec![late.clone(), late]));
    assert_eq!(w.model.nav.record, Some(chosen));
    has(&w, "newer than all");
    let shown = text(&w);
    assert_eq!(shown.matches("newer than all").count(), 1, "{shown}");
    // At the top one follows the newest.
    w.keys("g");
    assert_eq!(w.model.nav.record, None);
}

#[test]
fn the_browser_opens_by_its_word_from_the_strip_and_from_the_pane_and_esc_goes_back() {
    let open = |w: &World| matches!(w.model.nav.overlay, Some(Overlay::Log(_)));
    let mut w = browsing("");
    assert!(open(&w));
    w.keys("esc");
    assert!(w.model.nav.overlay.is_none() && w.model.nav.screen == Screen::Incident);
    w.keys("b tab");
    has(&w, ">LOG");
    w.keys("enter");
    assert!(open(&w));
    w.keys("esc");
    has(&w, ">LOG");
    w.keys("j");
    assert!(!text(&w).contains(">LOG"), "moving gives the keys back");
    let mut w = worse();
    incident(&mut w, true);
    w.resize(200, 50).keys("tab tab enter");
    assert!(open(&w));
    // A letter that is not the browser's closes it and means what it means.
    w.keys("b");
    assert!(w.model.nav.overlay.is_none() && w.model.nav.screen == Screen::Board);
}

#[test]
fn from_an_outcome_to_its_intent_and_along_its_act() {
    let mut w = browsing("j j enter");
    w.resize(120, 60);
    let kind = |w: &World| match &w.model.nav.overlay {
        Some(Overlay::Log(b)) => {
            let r = b.chosen.as_ref().and_then(|k| w.model.chronicle.find(k)).expect("chosen");
            (r.kind.clone(), b.open.is_some())
        }
        other => panic!("{other:?}"),
    };
    assert_eq!(kind(&w), ("settled".into(), true));
    has(&w, "its act, from intent to end:");
    w.keys("enter");
    assert_eq!(kind(&w), ("intent".into(), true));
    has(&w, "seen.candidate");
    for next in ["sent", "accepted", "seen", "settled", "settled"] {
        w.keys(">");
        assert_eq!(kind(&w).0, next);
    }
    w.keys("<");
    assert_eq!(kind(&w).0, "seen");
    w.effects.clear();
    w.keys("y");
    let copied = w.effects.iter().find_map(|e| if let Effect::Copy(t) = e { Some(t.clone()) } else { None });
    let copied = copied.unwrap_or_default();
    assert!(copied.contains("found: degraded, aborted, weight 0%") && copied.contains("prev: "), "{copied}");
    w.keys("esc");
    assert_eq!(kind(&w), ("seen".into(), false));
}

#[test]
fn enter_and_copy_take_the_line_that_is_marked_though_it_is_one_that_only_the_browser_lists() {
    let mut w = browsing("");
    let figures = record(&w, OWN, 99, 0, "figures", json!({"service": "checkout", "weight": 10}));
    w.send(Msg::Records(vec![figures]));
    has(&w, "checkout@eu-1 figures");
    w.effects.clear();
    w.keys("y");
    let copied = w.effects.iter().find_map(|e| if let Effect::Copy(t) = e { Some(t.clone()) } else { None });
    assert!(copied.as_ref().is_some_and(|t| t.contains("weight: 10")), "{copied:?}");
    w.keys("enter");
    has(&w, "rec 99");
}

#[test]
fn a_note_stays_with_what_it_was_begun_on() {
    let mut w = worse();
    let about = |w: &World| {
        let note = w.effects.iter().rev().find_map(|e| match e {
            Effect::Append { entry, .. } if entry.kind == Kind::Note => Some(entry.clone()),
            _ => None,
        });
        note.and_then(|n| Some(n.target?.name.to_string()))
    };
    w.keys("b g n");
    let begun = w.model.nav.selected.clone().expect("chosen").to_string();
    w.keys("h a l f esc G n");
    assert_ne!(w.model.nav.selected.clone().expect("chosen").to_string(), begun);
    w.keys("ctrl-o");
    assert_eq!(about(&w), Some(begun));
}

#[test]
fn a_filter_counts_what_it_hides_and_goes_with_the_browser() {
    let mut w = browsing("/");
    w.type_text("ito roll");
    w.keys("enter");
    has(&w, "hidden");
    let shown = text(&w);
    assert!(!shown.contains("armed") && shown.contains("roll back"), "{shown}");
    w.keys("enter");
    has(&w, "RECORD");
    w.keys("esc esc");
    assert!(
        w.model.nav.filter.is_none() && matches!(w.model.nav.overlay, Some(Overlay::Log(_))),
        "the filter goes first"
    );
    w.keys("esc b");
    assert!(w.model.nav.filter.is_none());
}

#[test]
fn older_pages_are_asked_for_near_the_end_and_once() {
    let mut w = worse();
    w.effects.clear();
    w.send(Msg::LogOpened { session: OWN.into() });
    let asked = |w: &World| {
        let all =
            w.effects.iter().filter_map(|e| if let Effect::LogPage { before } = e { Some(*before) } else { None });
        all.collect::<Vec<_>>()
    };
    assert_eq!(asked(&w), [None]);
    let now = w.now().0;
    let old = |from: i64, n: i64| -> Vec<Record> {
        (0..n)
            .map(|i| record(&w, OTHER, (from + i) as u64, 90_000_000 - (from + i), "note", json!({"text": "old"})))
            .collect()
    };
    let (newest, before) = (old(1_000, 200), old(800, 200));
    let at = newest[0].hlc;
    assert_eq!(at, Hlc(now - 90_000_000 + 1_000, 0));
    w.send(Msg::LogPage(Box::new(LogPage { records: newest, ..LogPage::default() })));
    w.effects.clear();
    w.wait(2_000).keys(":").type_text("log");
    w.keys("enter");
    assert!(asked(&w).is_empty(), "two hundred are held: {:?}", asked(&w));
    w.keys("G k k");
    assert_eq!(asked(&w), [Some(at)], "once, until it comes");
    let chosen = format!("{:?}", w.model.nav.overlay);
    w.send(Msg::LogPage(Box::new(LogPage { before: Some(at), records: before, start: true, ..LogPage::default() })));
    assert_eq!(format!("{:?}", w.model.nav.overlay), chosen);
    w.effects.clear();
    w.keys("G");
    assert!(asked(&w).is_empty(), "the files hold nothing older");
    assert_eq!(w.model.chronicle.len(), 400);
    assert!(!text(&w).contains("older ones"));
}

/// A session that is cut between the steps of an undo, and what it left in its log.
fn cut_half_way() -> (Run, Unfinished) {
    let mut run = Run::new("calm", 1);
    run.choose("checkout");
    for _ in 0..12 {
        run.act("a a");
        run.wait(11 * 60_000 - 5_000);
        if !run.target("checkout").is_moving() {
            break;
        }
        run.act("a a");
        run.wait(1_000);
        if run.target("checkout").gate.as_ref().is_some_and(|g| g.until.is_none()) {
            run.keys("a p");
            run.wait(1_000);
            run.keys("Y");
            if run.model.dialog.as_ref().is_some_and(|d| d.act().is_some_and(|a| a.name.is_some())) {
                run.keys("checkout enter");
            }
            run.wait(60_000);
        }
    }
    assert!(!run.target("checkout").is_moving(), "fully promoted");
    // The undo goes out, and the console with it: what it would have sent next never leaves.
    run.act("a r");
    let act = run.model.acts.values().next_back().expect("an act").clone();
    assert_eq!(act.plan.steps.len(), 2);
    let left = Unfinished {
        session: "20261121T021407Z-ito-bastion2-11aa".into(),
        ticket: act.ticket.0,
        at: run.model.utc(),
        target: Some(act.target().clone()),
        words: "roll back checkout@eu-1, stopped after 1 of 2 by ito".into(),
        cut: Some((1, 2)),
        verb: "roll back".into(),
        to: act.plan.to.clone(),
        cord: None,
        side: None,
        by: "ito".into(),
    };
    assert_eq!(act.step, 0, "{:?}", act.state);
    (run, left)
}

#[test]
fn what_an_ended_session_left_half_done_is_finished_by_the_ordinary_act() {
    let (mut run, left) = cut_half_way();
    let to = left.to.clone();
    // Another console opens: it knows nothing but the log and the world.
    run.model.acts.clear();
    run.model.tickets.clear();
    run.model.dialog = None;
    run.records.clear();
    run.apply(Msg::Recovered(Box::new(Recovered { unfinished: vec![left.clone()], ..Recovered::default() })));
    run.wait(2_000);
    let said: Vec<String> = alarm::alarms(&run.model).into_iter().map(|a| a.text).collect();
    assert!(said.iter().any(|t| t.contains("stopped after 1 of 2: finish? press a r")), "{said:?}");
    assert!(!run.records.iter().any(|r| r.kind == Kind::Resolved), "it stands open as long as it can be finished");
    run.choose("payments");
    run.keys("!");
    assert_eq!(run.model.nav.selected.as_ref().map(|s| s.as_str()), Some("checkout"));
    run.keys("a r");
    run.wait(1_000);
    let dialog = run.model.dialog.clone().expect("the dialog");
    let DialogKind::Act(d) = &dialog.kind else { panic!("{:?}", dialog.kind) };
    let PlanState::Ready(plan) = &d.plan else { panic!("{:?}", d.plan) };
    // Not back to what was left, and not the first step again.
    assert_eq!((plan.steps.len(), &*plan.steps[0].title), (1, "promote full"));
    assert_eq!(plan.to, to);
    let area = ratatui::layout::Rect::new(0, 0, 80, 23);
    let mut buf = ratatui::buffer::Buffer::empty(area);
    andon::ui::draw(&run.model, &andon::ui::Look::shipped(), area, &mut buf);
    let drawn: String = buf.content.iter().map(|c| c.symbol()).collect();
    assert!(drawn.contains("FINISHES what ito began and left after 1 of 2 steps"), "{drawn}");
    run.keys("Y");
    run.wait(5 * 60_000);
    let act = run.model.acts.values().next_back().expect("an act");
    assert_eq!(act.state, State::Settled, "{:?}", act.timeline);
    assert_eq!(run.target("checkout").stable, to);
    let resolved: Vec<_> = run.records.iter().filter(|r| r.kind == Kind::Resolved).collect();
    assert_eq!(resolved.len(), 1, "{resolved:?}");
    assert_eq!(resolved[0].data["of"], json!({"session": left.session, "ticket": left.ticket}));
    assert!(resolved[0].data["how"].as_str().is_some_and(|h| h.starts_with("finished by act")));
    assert!(!alarm::alarms(&run.model).iter().any(|a| a.text.contains("stopped after")));
}

#[test]
fn what_comes_to_its_end_by_itself_or_by_another_is_closed_once() {
    let (mut run, left) = cut_half_way();
    run.model.acts.clear();
    run.model.tickets.clear();
    run.records.clear();
    let resolved = |run: &Run| run.records.iter().filter(|r| r.kind == Kind::Resolved).count();
    let mut other = run.model.clone();
    run.apply(Msg::Recovered(Box::new(Recovered { unfinished: vec![left.clone()], ..Recovered::default() })));
    run.wait(2_000);
    assert_eq!(resolved(&run), 0);
    run.wait(40 * 60_000);
    if !run.target("checkout").is_moving() {
        assert_eq!(resolved(&run), 1);
    }
    // Another console finished it and said so: nothing of ours is written.
    let at = andon::core::time::Stamp { ..other.now };
    let tell = |m: &mut andon::core::model::Model, msg| andon::core::update::update(m, at, msg);
    tell(&mut other, Msg::LogOpened { session: OWN.into() });
    tell(&mut other, Msg::Recovered(Box::new(Recovered { unfinished: vec![left.clone()], ..Recovered::default() })));
    let data =
        json!({"how": "finished", "session": left.session, "of": {"session": left.session, "ticket": left.ticket}});
    let text = json!({"session": OTHER, "seq": 3, "hlc": [1, 0], "kind": "resolved", "data": data}).to_string();
    let out = tell(&mut other, Msg::Records(vec![Record::read(OTHER, text.as_bytes())]));
    assert!(other.loose.iter().all(|l| !l.is_cut()), "{:?}", other.loose);
    assert!(!out.iter().any(|e| matches!(e, Effect::Append { .. })), "{out:?}");
}

#[test]
fn files_that_could_not_be_read_and_a_log_that_cannot_be_written_are_told() {
    let mut w = worse();
    let unread = vec![("a.jsonl".into(), "Permission denied".into()), ("b.jsonl".into(), "Input/output error".into())];
    w.send(Msg::Recovered(Box::new(Recovered { unread, ..Recovered::default() })));
    has(&w, "2 log files could not be read: a.jsonl");
    w.keys("!");
    assert_eq!(w.model.nav.screen, Screen::Incident);
    has(&w, "b.jsonl Input/output error");
    w.send(Msg::LogFailed { why: "No space left on device".into() });
    has(&w, "NOT WRITABLE");
    has(&w, "the log cannot be written");
}

#[test]
fn the_newest_records_are_a_small_part_of_a_checkpoint() {
    let mut w = stories::worse();
    let plain = serde_json::to_string(&w.model).unwrap().len();
    let big = "x".repeat(30_000);
    for seq in 1..=600 {
        let r = record(&w, OTHER, seq, 1_000_000 - seq as i64, "note", json!({"text": big}));
        w.send(Msg::Records(vec![r]));
    }
    let with = serde_json::to_string(&w.model).unwrap().len();
    assert!(with - plain < 4 << 20, "{} bytes more", with - plain);
}
