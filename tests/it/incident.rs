//! An incident from the offer to its end, in the first drill; and what its dialogs with fields promise.

use andon::backends::sim::Scenario;
use andon::core::alarm;
use andon::core::case::casebook::Rests;
use andon::core::case::checklist::{Item, checklist};
use andon::core::case::incident::State;
use andon::core::case::people::{Here, Present};
use andon::core::casework;
use andon::core::effect::Effect;
use andon::core::entry::{Entry, Kind};
use andon::core::judge::verdict::Word;
use andon::core::key::{Code, Key};
use andon::core::msg::Msg;
use andon::core::record::{Hlc, Record};
use andon::core::time::Utc;
use andon::testkit::drill::Run;
use andon::testkit::stories;

/// f1 until the canary is WORSE and that was offered, with the cursor on checkout. Without its desk: nobody is told by the
/// console, as where no such source is configured.
pub(crate) fn worse() -> Run {
    let scenario = Scenario { desk: None, ..Scenario::embedded("f1").expect("it is shipped") };
    let mut run = Run::of(scenario, 1);
    run.model.editor = andon::ui::overlays::note::edit;
    run.choose("checkout");
    for _ in 0..40 {
        let id = run.target("checkout").id.clone();
        if run.model.judged.get(&id).is_some_and(|j| j.verdict.word == Word::Worse) {
            run.wait(1_500);
            return run;
        }
        run.wait(5_000);
    }
    panic!("the canary never became WORSE");
}

/// Opened with what the sheet offers.
pub(crate) fn opened() -> Run {
    let mut run = worse();
    run.act("a i");
    run
}

pub(crate) fn kinds(run: &Run, kind: Kind) -> Vec<&Entry> {
    run.records.iter().filter(|e| e.kind == kind).collect()
}

/// The record something rests on.
fn at<'r>(run: &'r Run, rests: &Rests) -> &'r Entry {
    assert_eq!(rests.session, "drill");
    &run.records[usize::try_from(rests.seq).unwrap() - 1]
}

fn ticks(run: &Run) -> Vec<(Item, Kind)> {
    let i = run.model.casebook.current().or_else(|| run.model.casebook.past().first().copied()).expect("an incident");
    let lines = checklist(&run.model.casebook, i);
    lines.into_iter().filter_map(|l| Some((l.item, at(run, &l.tick?.rests).kind))).collect()
}

pub(crate) fn open(run: &Run) -> bool {
    run.model.dialog.is_some()
}

pub(crate) fn notice(run: &Run) -> String {
    run.model.notice.as_ref().map(|n| n.0.to_string()).unwrap_or_default()
}

#[test]
fn an_incident_from_the_offer_to_its_end() {
    let mut run = worse();
    let offer = casework::offer(&run.model).expect("it is offered").clone();
    assert_eq!((&*offer.why, offer.service.as_str()), ("first WORSE", "checkout"));
    let told = alarm::alarms(&run.model);
    assert!(told.iter().any(|a| a.text.contains("a i opens an incident for checkout")), "{told:?}");
    assert!(run.model.casebook.incidents.is_empty() && kinds(&run, Kind::IncidentOpened).is_empty());

    run.act("a i");
    let i = run.model.casebook.current().expect("it is open").clone();
    assert!(i.title().starts_with("checkout errors, canary "), "{}", i.title());
    assert_eq!((i.severity(), i.state(), i.lead(), i.service()), (2, State::Open, Some("mira"), Some("checkout")));
    let signal = i.opened.as_ref().unwrap().value.first_bad_rests.clone().expect("it names its signal");
    assert_eq!((at(&run, &signal).kind, &at(&run, &signal).data["word"]), (Kind::Verdict, &"WORSE".into()));
    assert!(casework::offer(&run.model).is_none());
    assert!(i.began() < i.opened_at());
    let watch = casework::stopwatch(&run.model).expect("the clock runs");
    assert!(watch.id == i.id && watch.elapsed_ms > 0 && !watch.stopped);

    // Who leads already need not take it; given by name and taken back.
    run.keys("a l");
    assert!(!open(&run) && notice(&run) == "you lead it");
    run.keys("a g enter ito enter");
    run.act("");
    assert_eq!(run.model.casebook.current().unwrap().lead(), Some("ito"));
    run.act("a l");
    let led = run.model.casebook.current().unwrap().led.clone().unwrap();
    assert_eq!((led.value.lead.as_deref(), led.value.from.as_deref()), (Some("mira"), Some("ito")));

    assert_eq!(ticks(&run), [(Item::Thresholds, Kind::Verdict)]);
    run.act("a r");
    run.wait(300);
    assert_eq!(ticks(&run)[1], (Item::Metadata, Kind::Intent));
    for _ in 0..60 {
        run.wait(5_000);
        if !kinds(&run, Kind::Settled).is_empty() {
            break;
        }
    }
    assert_eq!(ticks(&run)[2], (Item::BackOrMitigated, Kind::Settled));
    assert!(casework::stopwatch(&run.model).unwrap().stopped);

    run.keys("a n");
    let sheet = run.model.dialog.as_ref().and_then(|d| d.sheet()).expect("the status").clone();
    assert!(sheet.value("actions").contains("settled after"), "{sheet:?}");
    assert!(sheet.below.iter().any(|(_, l)| l.contains("andon sends this nowhere")));
    run.keys("c");
    assert!(run.effects.iter().any(|e| matches!(e, Effect::Copy(t) if t.contains("conditions: i-"))));
    run.act("");
    assert_eq!(ticks(&run)[3], (Item::Told, Kind::Told));

    // One hole is left: it asks for a reason.
    run.act("a c");
    assert!(open(&run) && kinds(&run, Kind::IncidentClosed).is_empty());
    let wants = run.model.dialog.as_ref().and_then(|d| d.sheet()).and_then(|s| s.wants.clone());
    assert!(wants.is_some_and(|w| w.contains("holes in the checklist ask for a reason")));
    run.keys("enter written space elsewhere enter");
    run.act("");
    let closed = kinds(&run, Kind::IncidentClosed);
    assert_eq!(closed.len(), 1);
    assert_eq!(closed[0].data["holes"], serde_json::json!(["postmortem and owner"]));
    assert_eq!(
        (&closed[0].data["reason"], &closed[0].data["state"]),
        (&"written elsewhere".into(), &"resolved".into())
    );
    assert!(run.model.casebook.current().is_none() && run.model.casebook.past().len() == 1);

    // Everything in between belongs to it, and nothing before.
    let of = |e: &&Entry| e.incident.as_deref() == Some(&*i.id);
    let first = run.records.iter().position(|e| e.kind == Kind::IncidentOpened).unwrap();
    let last = run.records.iter().position(|e| e.kind == Kind::IncidentClosed).unwrap();
    assert!(run.records[first..=last].iter().all(|e| of(&e)) && !run.records[..first].iter().any(|e| of(&e)));
    // Not offered again for this rollout.
    run.wait(3_000);
    assert!(casework::offer(&run.model).is_none());
}

#[test]
fn an_offer_said_no_to_comes_back_only_when_it_gets_worse() {
    for no in ["a i esc", "esc esc esc"] {
        let mut run = worse();
        run.keys("v");
        assert!(casework::offer(&run.model).is_some());
        run.keys(no);
        run.keys("esc esc esc esc");
        assert!(casework::offer(&run.model).is_none(), "{no}");
        let level = run.model.desk.offers[0].level;
        run.wait(20_000);
        let offered = casework::offer(&run.model).map(|o| o.level);
        assert!(offered.is_none_or(|l| l > level), "{no}: only worse is news");
        assert!(kinds(&run, Kind::IncidentOpened).is_empty());
    }
}

#[test]
fn a_postmortem_with_an_owner_ticks_its_line_and_is_done_by_its_record() {
    let mut run = opened();
    // The hole is filled in ahead: its kind is chosen.
    run.keys("a d j enter why space it space broke enter j enter ito enter");
    run.act("");
    let made = kinds(&run, Kind::FollowUp);
    assert_eq!((&made[0].data["what"], &made[0].data["owner"]), (&"postmortem".into(), &"ito".into()));
    assert!(ticks(&run).contains(&(Item::Postmortem, Kind::FollowUp)));
    run.keys("a d k space");
    run.act("");
    let made = kinds(&run, Kind::FollowUp);
    assert_eq!((made.len(), &made[1].data["done"]), (2, &true.into()));
    assert_eq!(at(&run, &Rests::read(&made[1].data["of"]).unwrap()).data["text"], "why it broke");
    assert!(run.model.casebook.follow_ups.open().is_empty());
}

#[test]
fn severity_state_and_a_tick_by_hand_are_changed_in_one_sheet() {
    let mut run = opened();
    run.keys("a i j space j space j space j enter by space phone enter");
    run.act("");
    let i = run.model.casebook.current().unwrap();
    assert_eq!((i.severity(), i.state()), (3, State::Mitigated));
    let changed = kinds(&run, Kind::IncidentChanged);
    assert_eq!((changed.len(), changed[0].data.get("title")), (1, None));
    assert_eq!(kinds(&run, Kind::Ticked)[0].data["how"], "by phone");
    assert!(casework::stopwatch(&run.model).unwrap().stopped);
}

#[test]
fn a_decision_has_its_reason() {
    let mut run = opened();
    run.keys("d enter we space wait enter");
    run.act("");
    assert!(open(&run) && kinds(&run, Kind::Decision).is_empty(), "a reason is asked for");
    // The row it wants is the chosen one.
    run.keys("enter figures space are space too space few enter");
    run.act("");
    let d = kinds(&run, Kind::Decision);
    assert_eq!((&d[0].data["text"], &d[0].data["reason"]), (&"we wait".into(), &"figures are too few".into()));
    assert_eq!(run.model.casebook.current().unwrap().decisions.len(), 1);
}

#[test]
fn the_confirmation_of_a_sheet_is_that_of_every_dialog() {
    let mut run = worse();
    run.keys("a i");
    // Too early: it stays and says so.
    run.keys("Y");
    assert!(run.model.dialog.as_ref().is_some_and(|d| d.again) && kinds(&run, Kind::IncidentOpened).is_empty());
    // A resize starts the delay again.
    run.wait(2_000);
    run.apply(Msg::Resize { width: 120, height: 40 });
    run.key(Key::char('Y'));
    assert!(open(&run) && kinds(&run, Kind::IncidentOpened).is_empty());
    // Pasted text confirms nothing and is no row's, unless one is being typed.
    run.wait(2_000);
    run.apply(Msg::Paste("Y".into()));
    assert!(open(&run) && notice(&run).contains("pasted text is not taken here"));
    run.keys("enter");
    run.apply(Msg::Paste(" pasted\nY".into()));
    run.keys("enter");
    let title = run.model.dialog.as_ref().and_then(|d| d.sheet()).unwrap().value("title").to_owned();
    assert!(title.ends_with(" pasted Y"), "{title}");
    assert!(kinds(&run, Kind::IncidentOpened).is_empty());
    // What was typed restarts the delay.
    run.key(Key::char('Y'));
    assert!(open(&run) && kinds(&run, Kind::IncidentOpened).is_empty());
    // A key that is not its own closes it; the same keys bring it back as it was.
    run.keys("x");
    assert!(!open(&run) && kinds(&run, Kind::IncidentOpened).is_empty());
    run.wait(1_500);
    run.keys("a i");
    assert_eq!(run.model.dialog.as_ref().and_then(|d| d.sheet()).unwrap().value("title"), title);
    // Esc while a row is typed leaves that row alone.
    run.keys("enter zzz esc");
    assert_eq!(run.model.dialog.as_ref().and_then(|d| d.sheet()).unwrap().value("title"), title);
    run.act("");
    assert_eq!(kinds(&run, Kind::IncidentOpened)[0].data["title"], title.as_str());
}

#[test]
fn what_came_without_a_pause_is_asked_for_twice() {
    let mut run = worse();
    // One key after the other, 900 ms apart, as a slow line of words.
    for k in "bai".chars() {
        run.think(900);
        run.apply(Msg::Key(Key::char(k)));
    }
    run.think(900);
    run.apply(Msg::Key(Key::char('Y')));
    assert!(open(&run) && kinds(&run, Kind::IncidentOpened).is_empty());
    // A key that is held says it again by itself, after half a second and then without end.
    for ms in [500, 30, 30, 30, 400, 900] {
        run.think(ms);
        run.apply(Msg::Key(Key::char('Y')));
        assert!(open(&run) && kinds(&run, Kind::IncidentOpened).is_empty(), "{ms}");
    }
    run.think(1_000);
    run.apply(Msg::Key(Key::char('Y')));
    assert_eq!(kinds(&run, Kind::IncidentOpened).len(), 1);
    // A burst opens nothing.
    let mut run = worse();
    run.think(2_000);
    for _ in 0..3 {
        run.apply(Msg::Key(Key::char('d')));
    }
    assert!(kinds(&run, Kind::Decision).is_empty());
}

#[test]
fn a_lead_without_a_key_lapses_once_and_is_loud() {
    let mut run = opened();
    run.wait(200_000);
    assert!(kinds(&run, Kind::Lead).is_empty());
    run.wait(120_000);
    let lapsed = kinds(&run, Kind::Lead);
    assert_eq!((lapsed.len(), &lapsed[0].data["what"], &lapsed[0].data["from"]), (1, &"lapsed".into(), &"mira".into()));
    assert_eq!(casework::lead(&run.model), Some(None));
    run.wait(400_000);
    assert_eq!(kinds(&run, Kind::Lead).len(), 1);
    run.act("a l");
    assert_eq!(casework::lead(&run.model), Some(Some("mira")));
    // Leaving the console leaves the lead, after a second `q`.
    run.keys("q");
    assert!(notice(&run).contains("an incident is open"), "{}", notice(&run));
    run.keys("q");
    assert!(run.effects.iter().any(|e| matches!(e, Effect::Quit(0))));
    assert_eq!(kinds(&run, Kind::Lead).last().unwrap().data["what"], "left");
    assert_eq!(casework::lead(&run.model), Some(None));
}

#[test]
fn the_lapse_is_said_by_the_leads_own_console_else_by_the_first() {
    let mut run = opened();
    run.keys("a g enter ito enter");
    run.act("");
    let here = |session: &str, user: &str, key: Utc| Present {
        session: session.into(),
        user: user.into(),
        claimed: None,
        host: "bastion-2".into(),
        here: Here { last_key: Some(key), ..Here::default() },
        ..Present::default()
    };
    run.model.log.session = "m".into();
    let said = |run: &Run| kinds(run, Kind::Lead).iter().filter(|e| e.data["what"] == "lapsed").count();
    // Alive and typing: nothing lapses. Alive and silent: it is theirs to say.
    run.wait(250_000);
    run.apply(Msg::People(vec![here("z", "ito", run.model.utc())]));
    run.wait(200_000);
    assert_eq!(casework::lead(&run.model), Some(Some("ito")));
    run.wait(200_000);
    assert_eq!(said(&run), 0);
    // Gone: the first in order says it. Not us while "a" is here.
    run.apply(Msg::People(vec![here("a", "ana", run.model.utc())]));
    run.wait(5_000);
    assert_eq!(said(&run), 0);
    run.apply(Msg::People(vec![here("z", "ana", run.model.utc())]));
    run.wait(5_000);
    assert_eq!(said(&run), 1);
    assert_eq!(casework::lead(&run.model), Some(None));
}

#[test]
fn a_lead_whose_console_stands_still_lapses_by_the_first_of_the_others() {
    for (session, theirs) in [("m", 1), ("z", 0)] {
        let mut run = opened();
        run.keys("a g enter ito enter");
        run.act("");
        run.model.log.session = session.into();
        let key = run.model.utc();
        let here = |session: &str, user: &str| Present {
            session: session.into(),
            user: user.into(),
            here: Here { last_key: Some(key), ..Here::default() },
            ..Present::default()
        };
        run.apply(Msg::People(vec![here("a", "ito"), here("n", "ana")]));
        let said = |run: &Run| kinds(run, Kind::Lead).iter().filter(|e| e.data["what"] == "lapsed").count();
        run.wait(400_000);
        assert_eq!(said(&run), 0, "it is the lead's own to say, until it is clear that it does not");
        run.wait(80_000);
        assert_eq!(said(&run), theirs, "{session}");
    }
}

#[test]
fn who_opens_a_console_again_has_not_lost_the_lead_meanwhile() {
    let mut run = Run::new("calm", 1);
    let theirs = Record {
        session: "before".into(),
        seq: 4,
        hlc: Hlc(1, 0),
        utc: Utc(run.model.utc().0 - 9 * 60_000).rfc3339(),
        user: "mira".into(),
        kind: "incident-opened".into(),
        data: serde_json::json!({"id": "i-77", "title": "logins fail", "severity": 1, "lead": "mira"}),
        ..Record::default()
    };
    run.apply(Msg::Records(vec![theirs]));
    run.wait(200_000);
    assert_eq!(casework::lead(&run.model), Some(Some("mira")));
    run.wait(120_000);
    assert_eq!(casework::lead(&run.model), Some(None), "without a key it lapses as every lead");
}

#[test]
fn the_debt_that_the_dialog_promised_is_opened_when_it_settled() {
    let mut w = stories::rolled_back();
    let settled = w.effects.iter().find_map(|e| match e {
        Effect::Append { entry, .. } if entry.kind == Kind::Settled => Some(entry.clone()),
        _ => None,
    });
    let record = Record::of(&settled.expect("it settled"), "s", 9, Hlc(1, 0), w.now());
    for _ in 0..2 {
        w.send(Msg::Records(vec![record.clone()]));
    }
    let debts: Vec<&Entry> = w
        .effects
        .iter()
        .filter_map(|e| match e {
            Effect::Append { entry, .. } if entry.kind == Kind::Debt => Some(entry),
            _ => None,
        })
        .collect();
    assert_eq!(debts.len(), 1, "once");
    assert_eq!(debts[0].data["rests"]["seq"], 9);
    assert!(debts[0].data["text"].as_str().is_some_and(|t| t.starts_with("revert ")), "{:?}", debts[0].data);
}

#[test]
fn figures_are_kept_each_minute_and_each_block_while_it_matters() {
    let mut run = Run::new("f1", 1);
    run.wait(55_000);
    let calm = kinds(&run, Kind::Figures).len();
    let targets = run.model.judged.len();
    assert!(calm <= 2 * targets, "{calm} of {targets}");
    let mut run = opened();
    let before = kinds(&run, Kind::Figures).len();
    run.wait(60_000);
    let checkout: Vec<&Entry> =
        kinds(&run, Kind::Figures).into_iter().skip(before).filter(|e| e.data["service"] == "checkout").collect();
    assert!((3..=5).contains(&checkout.len()), "{}", checkout.len());
    let requests: Vec<f64> = checkout.iter().map(|e| e.data["candidate"][1].as_f64().unwrap()).collect();
    assert!(requests.windows(2).all(|w| w[0] < w[1]), "cumulative: {requests:?}");
    assert!(checkout[0].data["at_block"].as_str().and_then(Utc::read).is_some_and(|t| t.secs() % 15 == 0));
    // A burn is told where its word changes.
    let burns = kinds(&run, Kind::Burn);
    assert!(
        burns
            .windows(2)
            .all(|w| w[0].data["service"] != w[1].data["service"] || w[0].data["word"] != w[1].data["word"])
    );
}

#[test]
fn a_note_speaks_of_the_time_it_begins_with_and_its_draft_outlives_a_crash() {
    let mut run = opened();
    run.keys("n");
    run.keys("03:03 space it space began");
    run.wait(1_500);
    let kept = run.draft.clone().expect("on disk");
    assert_eq!(kept.text(), "03:03 it began");
    let writes = run.effects.iter().filter(|e| matches!(e, Effect::KeepDraft(_))).count();
    assert!(writes <= 4, "{writes} writes for 14 keys in two seconds");
    // The console dies; the next one is told, and offers it.
    let mut next = worse();
    next.apply(Msg::Draft(Box::new(kept)));
    assert!(notice(&next).contains("n brings it back"), "{}", notice(&next));
    next.keys("n");
    next.key(Key::ctrl('o'));
    let note = kinds(&next, Kind::Note)[0];
    let about = note.data["about"].as_str().unwrap();
    assert!(about.contains("T03:03:00"), "{about}");
    assert_eq!(next.draft, None, "what is kept is no draft any more");
    // Left and thrown away by hand.
    run.keys("esc");
    assert!(run.draft.is_some());
}

#[test]
fn two_that_were_opened_at_once_both_stay_until_the_later_is_closed_as_a_duplicate() {
    let mut run = opened();
    let mine = run.model.casebook.current().unwrap().id.clone();
    let theirs = Record {
        session: "another".into(),
        seq: 4,
        hlc: Hlc(1, 0),
        utc: run.model.utc().rfc3339(),
        user: "ito".into(),
        kind: "incident-opened".into(),
        data: serde_json::json!({"id": "i-77", "title": "logins fail", "severity": 1, "lead": "ito"}),
        ..Record::default()
    };
    run.apply(Msg::Records(vec![theirs]));
    assert_eq!(run.model.casebook.current().unwrap().id, "i-77");
    assert!(alarm::alarms(&run.model).iter().any(|a| a.text.contains("two incidents are open")));
    run.wait(1_500);
    run.act("a c");
    let closed = kinds(&run, Kind::IncidentClosed);
    assert_eq!((&closed[0].data["id"], &closed[0].data["duplicate_of"]), (&mine.as_str().into(), &"i-77".into()));
    assert_eq!(closed[0].incident.as_deref(), Some(&*mine), "it belongs to the one it closes");
    assert!(casework::duplicate(&run.model.casebook).is_none());
}

#[test]
fn a_log_that_cannot_be_written_keeps_the_sheet_and_says_why() {
    let mut run = worse();
    run.apply(Msg::LogFailed { why: "no space left".into() });
    run.wait(2_000);
    run.act("a i");
    let wants = run.model.dialog.as_ref().and_then(|d| d.sheet()).and_then(|s| s.wants.clone());
    assert!(wants.is_some_and(|w| w.contains("no space left")));
    run.key(Key::plain(Code::Esc));
    assert!(!open(&run) && kinds(&run, Kind::IncidentOpened).is_empty());
}

#[test]
fn read_only_keeps_incidents_and_debts_and_tells_nobody() {
    let mut run = Run::begin("f1", 1, |m| m.environment.read_only = true);
    run.wait(2_000);
    run.keys("a i enter logins enter");
    run.act("");
    assert!(run.model.casebook.current().is_some());
    run.keys("a n");
    assert!(!open(&run) && notice(&run) == "read-only");
    run.act("a c");
    assert!(open(&run));
}

#[test]
fn by_words_an_incident_is_opened_led_and_closed() {
    let mut run = Run::plain("f1", 1);
    run.wait(200_000);
    run.line("act open-incident");
    let said = |run: &Run| run.said().iter().map(|l| l.to_string()).collect::<Vec<_>>().join("\n");
    assert!(said(&run).contains("row 1, title: checkout errors"), "{}", said(&run));
    run.wait(1_500);
    run.line("set 1 logins fail");
    run.line("set 2 9");
    run.line("set 2 SEV1 worst");
    run.wait(1_500);
    run.line("yes open-incident checkout");
    let i = run.model.casebook.current().expect("it is open");
    assert_eq!((i.title(), i.severity()), ("logins fail", 1));
    let id = i.id.clone();
    assert!(said(&run).contains(&format!("incident {id} OPENED, SEV1: logins fail")), "{}", said(&run));
    run.line("decide hold because figures are few");
    run.wait(1_500);
    run.line(&format!("yes decide {id}"));
    assert_eq!(kinds(&run, Kind::Decision)[0].data["reason"], "figures are few");
    // Any other line closes a dialog and records nothing.
    run.line("act close-incident");
    run.line("status");
    assert!(!open(&run) && kinds(&run, Kind::IncidentClosed).is_empty());
    run.line("act close-incident");
    run.wait(1_500);
    run.line("set 2 a drill");
    run.wait(1_500);
    run.line(&format!("yes close-incident {id}"));
    assert_eq!(kinds(&run, Kind::IncidentClosed).len(), 1, "{}", said(&run));
}
