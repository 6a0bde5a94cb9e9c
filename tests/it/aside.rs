//! Alerts, Timeline and the side acts, played on the simulated desk: what each dialog asks for (limits.md section 1), what
//! goes out, what the log says, and that what nobody meant sends nothing.

use andon::backends::sim::Scenario;
use andon::core::act::plan::Outcome;
use andon::core::act::side::Left;
use andon::core::effect::Effect;
use andon::core::entry::Kind;
use andon::core::id::ServiceId;
use andon::core::key::{Code, Key};
use andon::core::msg::{Msg, Recovered, Unfinished};
use andon::core::nav::Screen;
use andon::core::time::Utc;
use andon::core::world::alert::{Alert, Origin, Tier};
use andon::core::world::beside::{Artifact, ChangeKind, Changed, Flag, Level, OnCall};
use andon::testkit::drill::{Log, Run};
use andon::testkit::picture::text;
use andon::ui::Look;
use ratatui::{buffer::Buffer, layout::Rect};

/// f1 with a desk of its own.
fn scenario() -> Scenario {
    Scenario::parse("like = \"f1\"\ntitle = \"desk\"\ngoal = \"try the desk\"\ndesk = \"desk\"\ngood = []\nfault = [{ kind = \"failures\", service = \"checkout\", version = \"v2.14.1\", add = 20.0, at = 60 }]\n")
        .expect("a scenario")
}

fn alert(id: &str, service: &str, tier: Tier, since: Utc) -> Alert {
    Alert {
        id: id.into(),
        name: "CheckoutErrors".into(),
        service: Some(ServiceId::new(service)),
        tier,
        origin: Origin::Rule,
        firing: true,
        since,
        ended: None,
        says: "21% of requests fail".into(),
        deploy: None,
        signature: "5xx".into(),
        acked: None,
        silenced: Vec::new(),
        labels: vec![("team".into(), "payments".into())],
    }
}

/// Seven minutes in: a canary that hurts, seven alerts folded into its deploy, one that is not related.
fn desk() -> Run {
    let mut run = Run::of(scenario(), 1);
    run.wait(120_000);
    let now = run.world.now();
    // Past the delay of flaps: notes and tickets are held back for a minute.
    let began = Utc(now.0 - 70_000);
    run.world.set_desk(|d| {
        for n in 0..7 {
            let (signature, tier) = match n {
                0..4 => ("5xx", Tier::Page),
                4..6 => ("latency", Tier::Ticket),
                _ => ("login", Tier::Page),
            };
            let deploy = Some("d-81f2".into());
            let signature = signature.into();
            d.alerts.all.push(Alert { deploy, signature, ..alert(&format!("a{n}"), "checkout", tier, began) });
        }
        let name = "IndexLag".into();
        d.alerts.all.push(Alert { name, signature: "lag".into(), ..alert("b", "search", Tier::Ticket, began) });
        d.changed.push(Changed {
            id: "d-81f2".into(),
            at: Utc(began.0 - 7_000),
            kind: ChangeKind::Deploy,
            service: Some(ServiceId::new("checkout")),
            what: "d-81f2 v2.14.1 canary 10%".into(),
            by: "ci/4471".into(),
            link: None,
            at_once: false,
        });
        d.changed.push(Changed {
            id: "c-1".into(),
            at: Utc(began.0 - 600_000),
            kind: ChangeKind::Config,
            service: None,
            what: "cdn ttl 300 -> 60".into(),
            by: "terraform run 77".into(),
            link: None,
            at_once: true,
        });
        d.flags.push(Flag {
            key: "new-token".into(),
            service: Some(ServiceId::new("checkout")),
            on: true,
            share: Some(0.2),
            changed: Some(began),
            by: Some("ana".into()),
            says: "tokens of the new parser".into(),
        });
        d.artifacts.push(Artifact {
            digest: Some("sha256:9c1d".into()),
            ..Artifact::untold(ServiceId::new("checkout"), "v2.14.1")
        });
        let level = |person: &str| Level { person: person.into(), after_secs: 300 };
        d.teams = vec![OnCall { team: "payments".into(), levels: vec![level("ito"), level("ana")] }];
    });
    run.wait(500);
    run.keys("b");
    run.choose("checkout");
    run.wait(2_000);
    run
}

fn sides(run: &Run) -> usize {
    run.effects.iter().filter(|e| matches!(e, Effect::SidePerform { .. })).count()
}

/// The fact that shows a side act comes after its answer.
fn kinds(run: &mut Run) -> Vec<Kind> {
    run.wait(500);
    run.records.iter().filter(|r| r.data["subject"].is_string()).map(|r| r.kind).collect()
}

/// The end of a side act: what was sent is recorded in order, the intent first.
const DONE: fn(Kind) -> [Kind; 5] = |k| [Kind::Intent, Kind::Sent, Kind::Accepted, k, Kind::Settled];

fn drawn(run: &Run, wide: u16, tall: u16) -> String {
    let area = Rect::new(0, 0, wide, tall);
    let mut buf = Buffer::empty(area);
    andon::ui::draw(&run.model, &Look::shipped(), area, &mut buf);
    text(&buf)
}

fn letters(run: &mut Run, word: &str) {
    for c in word.chars() {
        run.key(Key::char(c));
    }
}

/// Types the chosen text row.
fn row(run: &mut Run, word: &str) {
    run.keys("enter");
    letters(run, word);
    run.keys("enter");
}

#[test]
fn alerts_fold_and_say_so_on_every_screen() {
    let mut run = desk();
    run.keys("v");
    let verdict = drawn(&run, 80, 23);
    assert!(
        verdict
            .split_whitespace()
            .collect::<Vec<_>>()
            .join(" ")
            .contains("7 alerts folded into this deploy (5xx 4, latency 2, login 1), 1 not related"),
        "{verdict}"
    );
    run.keys("f");
    assert_eq!(run.model.nav.screen, Screen::Alerts);
    let alerts = drawn(&run, 80, 23);
    for says in
        ["5 PAGES NOT ACKNOWLEDGED", "d-81f2", "5xx 4, latency 2, login 1", "search lag", "21% of requests fail"]
    {
        assert!(alerts.contains(says), "{says}: {alerts}");
    }
    let said =
        run.records.iter().filter(|r| r.kind == Kind::Alert).map(|r| r.data["words"].as_str().unwrap_or_default());
    assert!(
        said.clone().any(|w| w == "7 alerts folded into d-81f2 (5xx 4, latency 2, login 1)"),
        "{:?}",
        said.collect::<Vec<_>>()
    );
    // The first bad signal is the alert's own, not when somebody looked.
    let signal = run.model.casebook.signals.alert("checkout").expect("a signal");
    assert_eq!(signal.at, run.world.desk().alerts.all[0].since);
    if std::env::var_os("ANDON_SHOW").is_some() {
        println!("{verdict}\n{alerts}\n{}", drawn(&run, 200, 50));
    }
}

#[test]
fn the_timeline_names_its_suspects_and_no_act_starts_from_the_past() {
    let mut run = desk();
    run.keys("t");
    let now = drawn(&run, 120, 40);
    for says in [
        "7 ALERTS folded",
        "DEPLOY d-81f2",
        "100% AT ONCE",
        "SUSPECTS",
        "7 s before the first bad signal",
        "same service",
    ] {
        assert!(now.contains(says), "{says}: {now}");
    }
    run.keys("G enter");
    assert_eq!(run.model.nav.screen, Screen::Verdict);
    assert!(run.model.nav.as_of.is_some());
    let then = drawn(&run, 80, 23);
    assert!(then.contains("AS OF") && then.contains("NOT NOW"), "{then}");
    run.keys("a");
    assert!(run.model.nav.as_of.is_none(), "an act key returns to now");
    assert!(!run.model.nav.pending.is_empty(), "and opens its menu there");
    assert!(run.model.notice.as_ref().is_some_and(|n| n.0.contains("back to now")), "and says so");
    if std::env::var_os("ANDON_SHOW").is_some() {
        println!("{now}\n{then}\n{}", drawn(&run, 200, 50));
    }
}

#[test]
fn acknowledging_is_one_request_and_one_name_on_each() {
    let mut run = desk();
    run.keys("f");
    run.act("a k");
    assert_eq!(sides(&run), 1, "{:?}", run.model.dialog);
    assert_eq!(kinds(&mut run), DONE(Kind::Acknowledged));
    let taken = run.world.desk().alerts.all.iter().filter(|a| a.acked.is_some()).count();
    assert_eq!(taken, 7);
    run.keys("a k");
    assert!(run.model.dialog.is_none(), "taken already: there is nothing to ask for");
}

#[test]
fn a_flag_goes_off_with_y_from_look_only_and_on_only_armed_with_its_name() {
    let mut run = desk();
    run.keys("a o");
    if std::env::var_os("ANDON_SHOW").is_some() {
        println!("{}", drawn(&run, 80, 23));
    }
    run.wait(1_000);
    run.keys("Y");
    assert_eq!((sides(&run), kinds(&mut run)), (1, DONE(Kind::Flagged).to_vec()), "{:?}", run.model.dialog);
    assert!(!run.world.desk().flags[0].on);
    let on = |run: &mut Run| {
        run.keys(":");
        run.wait(1_500);
        letters(run, "flag-on");
        run.wait(1_500);
        run.keys("enter");
        run.wait(1_500);
        if run.model.dialog.is_none() {
            run.keys("enter");
        }
        run.wait(1_500);
    };
    on(&mut run);
    assert!(run.model.dialog.is_none(), "LOOK-ONLY: {:?}", run.model.dialog);
    run.keys("esc esc");
    run.act("a a");
    assert!(run.model.is_armed());
    on(&mut run);
    assert!(run.model.dialog.is_some(), "{:?} {:?}", run.model.notice, run.model.nav.overlay);
    run.keys("Y");
    run.wait(1_000);
    assert_eq!(sides(&run), 1, "Y alone turns nothing on");
    run.keys("backspace");
    letters(&mut run, "new-token");
    run.wait(1_000);
    run.keys("enter");
    assert_eq!(sides(&run), 2);
    assert!(run.world.desk().flags[0].on);
}

#[test]
fn a_flag_goes_off_though_the_disk_hangs_after_its_name() {
    let mut run = desk();
    run.log = Log::Hangs;
    run.keys("a o");
    run.wait(1_000);
    run.keys("Y");
    assert_eq!(sides(&run), 0, "it waits half a second for its intent");
    run.wait(700);
    assert_eq!(sides(&run), 0);
    assert!(run.model.dialog.is_some(), "then the name is asked for");
    run.wait(1_000);
    letters(&mut run, "new-toke");
    run.keys("enter");
    assert_eq!(sides(&run), 0, "it does nothing until it matches");
    letters(&mut run, "n");
    run.keys("enter");
    assert_eq!(sides(&run), 1);
    assert!(!run.world.desk().flags[0].on);
    // What goes no way at all waits for the disk as long as it takes.
    let mut run = desk();
    run.log = Log::Hangs;
    run.keys("f");
    run.act("a k");
    run.wait(10_000);
    assert_eq!(sides(&run), 0);
}

#[test]
fn a_silence_asks_why_and_for_the_name_where_it_mutes_a_page() {
    let mut run = desk();
    run.keys("f a m");
    run.wait(1_500);
    run.keys("Y");
    assert_eq!(sides(&run), 0, "why is asked for");
    row(&mut run, "known, fix is out");
    run.wait(1_500);
    run.keys("Y");
    assert_eq!(sides(&run), 0, "it mutes pages: the name is due");
    if std::env::var_os("ANDON_SHOW").is_some() {
        println!("{}", drawn(&run, 80, 23));
    }
    // In the last row.
    run.keys("down down down down enter");
    letters(&mut run, "checkout");
    run.wait(1_000);
    run.keys("enter");
    assert_eq!(sides(&run), 1, "{:?}", run.model.dialog);
    assert_eq!(kinds(&mut run), DONE(Kind::Silenced));
    let silence = &run.world.desk().alerts.silences[0];
    assert_eq!(silence.until.since(silence.from) / 60_000, 59, "an hour, from when it was made");
    run.wait(500);
    let said = drawn(&run, 80, 23);
    assert!(said.contains("SILENCES") && said.contains("known, fix is out"), "{said}");
    // One that mutes no page needs Y alone.
    let mut run = desk();
    run.keys("f j a m");
    row(&mut run, "planned");
    run.wait(1_500);
    run.keys("Y");
    assert_eq!(sides(&run), 1, "{:?}", run.model.dialog);
    // And ends by itself.
    run.wait(3_700_000);
    assert!(run.world.desk().alerts.all.iter().all(|a| a.silenced.is_empty()));
}

#[test]
fn somebody_is_woken_with_y_and_an_artifact_revoked_only_armed_with_reason_and_name() {
    let mut run = desk();
    run.keys("a w");
    assert!(drawn(&run, 80, 23).contains("ito (payments 1 of 2)"), "{}", drawn(&run, 80, 23));
    assert!(drawn(&run, 80, 23).contains("runbook checkout-5xx names: "), "{}", drawn(&run, 80, 23));
    run.wait(1_500);
    run.keys("Y");
    assert_eq!((sides(&run), kinds(&mut run)), (1, DONE(Kind::Woken).to_vec()));
    assert_eq!(&*run.world.desk().calls[0].person, "ito");
    run.wait(6_000);
    run.keys("a w");
    assert!(drawn(&run, 80, 23).contains("ana (payments 2 of 2)"), "the next level is offered first");
    run.keys("esc a v");
    assert!(run.model.dialog.is_none(), "LOOK-ONLY");
    run.wait(1_000);
    run.act("a a");
    run.keys("a v");
    run.wait(1_500);
    run.keys("Y");
    assert_eq!(sides(&run), 1, "a reason is asked for");
    row(&mut run, "signed by nobody");
    run.wait(1_500);
    run.keys("Y");
    assert_eq!(sides(&run), 1, "and the name");
    let shown = drawn(&run, 80, 23);
    assert!(shown.contains("RUNS checkout@eu-1"), "{shown}");
    run.keys("down down enter");
    letters(&mut run, "checkout");
    run.wait(1_000);
    run.keys("enter");
    assert_eq!(sides(&run), 2, "{:?}", run.model.dialog);
    assert!(run.world.desk().artifacts[0].revoked.is_some());
}

#[test]
fn stakeholders_are_told_through_the_source_that_takes_it() {
    let mut run = desk();
    run.act("a i");
    run.wait(1_000);
    assert!(run.model.casebook.current().is_some(), "{:?}", run.model.dialog);
    run.wait(1_500);
    run.keys("a n");
    run.wait(1_500);
    run.keys("Y");
    assert_eq!(sides(&run), 1, "{}", drawn(&run, 80, 23));
    assert_eq!(run.world.desk().told.len(), 1);
    let i = run.model.casebook.current().expect("open");
    assert_eq!(i.told.len(), 1, "the checklist knows");
}

#[test]
fn a_lost_answer_is_resolved_by_reading_never_by_sending_again() {
    let mut run = desk();
    run.answers = Some(|_| Some(Outcome::Unknown { why: "cut".into() }));
    run.act("a o");
    run.wait(20_000);
    assert_eq!(sides(&run), 1);
    let kinds = kinds(&mut run);
    assert!(
        kinds.contains(&Kind::Unknown) && kinds.contains(&Kind::Resolved) && kinds.contains(&Kind::Flagged),
        "{kinds:?}"
    );
    assert!(run.model.sides.values().all(|s| s.is_over()));
}

#[test]
fn read_only_sends_none_of_them() {
    let mut run = desk();
    run.model.environment.read_only = true;
    for keys in ["a o", "a k", "a m", "a w", "a v", "a n"] {
        run.keys("f");
        run.act(keys);
        run.keys("esc");
    }
    assert_eq!(sides(&run), 0);
}

#[test]
fn what_nobody_meant_sends_nothing() {
    for keys in ["a o", "a k", "a m", "a w"] {
        // An early Y, and a burst of them.
        let mut run = desk();
        run.keys("f");
        run.keys(keys);
        for _ in 0..4 {
            run.think(3);
            run.apply(Msg::Key(Key::char('Y')));
        }
        assert_eq!(sides(&run), 0, "{keys}");
        // Words meant for another window close it.
        let mut run = desk();
        run.keys("f");
        run.keys(keys);
        letters(&mut run, "kubectl get pods");
        run.wait(2_000);
        assert_eq!(sides(&run), 0, "{keys}");
        // A paste.
        run.apply(Msg::Paste(format!("{keys}Y\n")));
        run.wait(2_000);
        assert_eq!(sides(&run), 0, "{keys}");
        // Any other key, then Y.
        let mut run = desk();
        run.keys("f");
        run.keys(keys);
        run.wait(1_000);
        run.key(Key::plain(Code::Left));
        run.wait(1_000);
        run.keys("Y");
        assert_eq!(sides(&run), 0, "{keys}");
    }
}

/// The flag as it is at its source, without the console being told: it moves past `set_desk`'s telling.
fn moves(run: &mut Run, change: fn(&mut Flag)) {
    // What is told comes with the next moment; what is asked comes at once.
    run.world.set_desk(|d| change(&mut d.flags[0]));
}

/// A key in the very moment: nothing that is told comes before it.
fn at_once(run: &mut Run, key: Code) {
    run.apply(Msg::Key(Key::plain(key)));
}

fn resolved(run: &Run) -> String {
    let last = run.records.iter().rev().find(|e| e.kind == Kind::Resolved);
    last.map(|e| e.data["why"].as_str().unwrap_or_default().to_owned()).unwrap_or_default()
}

/// A sheet that turns the flag on again, its name typed: only Enter is left.
fn flag_on() -> Run {
    let mut run = desk();
    run.world.set_desk(|d| d.flags[0].on = false);
    run.wait(1_000);
    run.keys("v");
    run.act("a a");
    run.wait(1_500);
    run.keys(":");
    run.wait(1_500);
    letters(&mut run, "flag-on");
    run.wait(1_500);
    run.keys("enter");
    run.wait(1_500);
    if run.model.dialog.is_none() {
        run.keys("enter");
        run.wait(1_500);
    }
    letters(&mut run, "new-token");
    run.wait(1_000);
    run
}

#[test]
fn a_flag_is_read_again_before_it_goes_on_and_whatever_changed_sends_nothing() {
    let mut run = flag_on();
    at_once(&mut run, Code::Enter);
    assert_eq!(sides(&run), 1, "{:?}", run.model.dialog);
    for (change, why) in [
        ((|f| f.share = Some(0.9)) as fn(&mut Flag), "its share was"),
        (|f| f.on = true, "is on already"),
        (|f| f.key = "another".into(), "is gone"),
        (|f| (f.changed, f.by) = (f.changed.map(|t| Utc(t.0 + 5_000)), Some("ito".into())), "ito changed it"),
    ] {
        let mut run = flag_on();
        moves(&mut run, change);
        at_once(&mut run, Code::Enter);
        run.wait(1_000);
        assert_eq!(sides(&run), 0, "{why}: {:?}", run.model.dialog);
        assert!(resolved(&run).contains(why), "{why}: {:?}", resolved(&run));
    }
    let mut run = flag_on();
    run.blind = true;
    at_once(&mut run, Code::Enter);
    run.wait(5_000);
    assert_eq!(sides(&run), 0, "what cannot be read does not go on");
    assert!(resolved(&run).contains("could not be read back"), "{:?}", resolved(&run));
}

#[test]
fn a_flag_goes_off_past_what_changed_and_past_a_source_that_does_not_answer() {
    let off = |run: &mut Run| {
        run.keys("a o");
        run.wait(1_000);
    };
    let mut run = desk();
    off(&mut run);
    moves(&mut run, |f| f.share = Some(0.9));
    at_once(&mut run, Code::Char('Y'));
    assert_eq!(sides(&run), 1, "{:?}", run.model.dialog);
    let told = run.model.sides.values().next_back().expect("one").timeline.clone();
    assert!(told.iter().any(|l| l.text.contains("goes out all the same")), "{told:?}");
    // Another flag, or none, is nothing that was confirmed.
    let mut run = desk();
    off(&mut run);
    moves(&mut run, |f| f.key = "another".into());
    at_once(&mut run, Code::Char('Y'));
    run.wait(1_000);
    assert_eq!(sides(&run), 0);
    assert!(resolved(&run).contains("new-token is gone"), "{:?}", resolved(&run));
    // It cannot be read: one name for that.
    let mut run = desk();
    off(&mut run);
    run.blind = true;
    at_once(&mut run, Code::Char('Y'));
    run.wait(1_000);
    assert_eq!(sides(&run), 0);
    assert!(run.model.dialog.is_some(), "the name is asked for");
    letters(&mut run, "new-token");
    run.wait(1_000);
    run.keys("enter");
    assert_eq!(sides(&run), 1, "{:?}", run.model.dialog);
    assert!(!run.world.desk().flags[0].on);
}

/// What an ended session wrote of a side act, as the next console finds it.
fn left(run: &Run) -> Unfinished {
    let intent = run.records.iter().rev().find(|e| e.kind == Kind::Intent).expect("an intent");
    let side = Left::read(&intent.data).map(Box::new);
    let words = side.as_ref().map(|s| format!("{} by mira", s.words())).unwrap_or_default();
    Unfinished {
        session: "drill".into(),
        ticket: intent.data["ticket"].as_u64().expect("a ticket"),
        at: intent.at,
        words: words.into(),
        side,
        ..Unfinished::default()
    }
}

#[test]
fn a_side_act_that_an_ended_session_left_says_what_it_was_about_and_what_became_of_it() {
    for (keys, happened, how) in [
        ("a o", true, "it shows as asked"),
        ("a o", false, "it was not done"),
        ("a n", true, "nothing tells whether it arrived"),
    ] {
        let mut run = desk();
        if keys == "a n" {
            run.act("a i");
            run.wait(2_500);
        }
        let was = run.world.clone();
        // Its answer is lost with the console.
        run.answers = Some(|_| None);
        run.keys(keys);
        run.wait(1_500);
        run.keys("Y");
        assert_eq!(sides(&run), 1, "{keys}: {:?}", run.model.dialog);
        let unfinished = left(&run);
        if !happened {
            run.world = was;
        }
        let mut next = run.next_console();
        next.wait(60_000);
        next.apply(Msg::Recovered(Box::new(Recovered { unfinished: vec![unfinished], ..Recovered::default() })));
        next.wait(60_000);
        let all: Vec<_> = next.records.iter().filter(|e| e.kind == Kind::Resolved).collect();
        assert_eq!(all.len(), 1, "{keys}: {all:?}");
        let d = &all[0].data;
        assert!(d["how"].as_str().is_some_and(|h| h.contains(how)), "{keys}: {d}");
        assert_eq!(d["of"]["session"], "drill");
        let about = if keys == "a o" { ("flag off", "new-token") } else { ("tell", "stakeholders") };
        assert_eq!((d["verb"].as_str(), d["subject"].as_str()), (Some(about.0), Some(about.1)), "{d}");
        assert!(d["source"].is_string(), "{d}");
        assert!(next.model.loose.iter().all(|l| l.closed && l.found.is_some()));
    }
}

#[test]
fn on_alerts_the_chosen_row_is_about_the_chosen_service_and_where_it_is_not_the_menu_says_so() {
    // Search is chosen on the Board: its alert is chosen on Alerts, though another stands above it.
    let mut run = desk();
    run.choose("search");
    run.keys("f");
    let alerts = drawn(&run, 80, 23);
    assert!(alerts.contains(">?1    ticket search lag") && alerts.contains("a acts on SEARCH"), "{alerts}");
    run.keys("a");
    let menu = drawn(&run, 80, 23);
    assert!(menu.contains("ACT ON  search") && menu.contains(" also:") && !menu.contains(" on SEARCH:"), "{menu}");
    // Nothing fires for what is chosen: what is done beside it is about the row, and says of whom.
    let mut run = desk();
    run.choose("payments");
    run.keys("f a");
    let menu = drawn(&run, 80, 23);
    let line = menu.lines().find(|l| l.starts_with(" on CHECKOUT:")).unwrap_or_else(|| panic!("{menu}"));
    assert!(line.contains("m silence") && line.contains("w wake"), "{line}");
    let own = menu.lines().find(|l| l.starts_with(" also:")).unwrap_or_else(|| panic!("{menu}"));
    assert!(!own.contains("silence") && !own.contains("wake"), "{own}");
    assert!(menu.contains("ACT ON  payments"), "the target is what it was: {menu}");
}
