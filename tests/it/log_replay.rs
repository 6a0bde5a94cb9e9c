//! A log on the real screens again: what they showed then they show now, as far as the log tells, and nothing else.

use crate::home::Home;
use andon::core::act::flight::State;
use andon::core::effect::Effect;
use andon::core::intent::Intent;
use andon::core::judge::verdict::Word;
use andon::core::key::{Code, Key};
use andon::core::model::Model;
use andon::core::record::Record;
use andon::core::replayed::Play;
use andon::testkit::drill::Run;
use andon::testkit::picture::text;
use andon::testkit::played::{Played, log_of};
use andon::ui::{self, look::Look};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use serde_json::{Value, json};
use std::collections::BTreeSet;

fn screen(model: &Model) -> Vec<String> {
    let area = Rect::new(0, 0, 80, 23);
    let mut buf = Buffer::empty(area);
    ui::draw(model, &Look::shipped(), area, &mut buf);
    text(&buf).lines().map(str::to_owned).collect()
}

fn row(model: &Model, begins: &str) -> String {
    let all = screen(model);
    all.iter().find(|l| l.starts_with(begins)).unwrap_or_else(|| panic!("no {begins:?} in {all:#?}")).clone()
}

/// f1 on the Verdict screen with checkout chosen, up to the very moment at which the verdict became WORSE.
fn worse() -> Run {
    let mut run = Run::new("f1", 1);
    run.choose("checkout");
    run.keys("v");
    let id = run.target("checkout").id.clone();
    for _ in 0..2_000 {
        if run.model.judged.get(&id).is_some_and(|j| j.verdict.word == Word::Worse) {
            return run;
        }
        run.wait(100);
    }
    panic!("the canary never became WORSE");
}

fn is_worse(r: &Record) -> bool {
    r.kind == "verdict" && r.data["word"] == "WORSE"
}

#[test]
fn at_the_worse_moment_the_verdict_is_the_one_that_was_shown() {
    let run = worse();
    let mut played = Played::new(&log_of(&run));
    played.until(is_worse);
    let id = run.target("checkout").id.clone();
    let (live, now) = (&run.model.judged[&id].verdict, &played.model.judged[&id].verdict);
    assert_eq!(now.word, Word::Worse);
    assert_eq!((now.candidate, now.stable), (live.candidate, live.stable));
    assert_eq!(now.difference, live.difference);
    let cut = |l: String| l.split(", limit").next().unwrap_or_default().to_owned();
    assert_eq!(cut(row(&played.model, " verdict")), cut(row(&run.model, " verdict")));
    let figures = |l: String| l.split("  ").take(3).collect::<Vec<_>>().join("  ");
    assert_eq!(figures(row(&played.model, " errors")), figures(row(&run.model, " errors")));
    assert!(screen(&played.model)[0].contains("REPLAY drill"), "{:#?}", screen(&played.model));
    assert!(screen(&played.model)[0].contains("READ-ONLY"));
}

#[test]
fn played_again_nothing_is_offered_and_nobody_loses_the_lead() {
    let mut run = worse();
    run.wait(10_000);
    run.act("a i");
    for _ in 0..10 {
        run.wait(60_000);
        run.keys("j");
    }
    assert_eq!(andon::core::casework::lead(&run.model), Some(Some("mira")), "a key each minute");
    let mut played = Played::new(&log_of(&run));
    while played.step() {
        played.wait(1_000);
        let told = andon::core::alarm::alarms(&played.model);
        assert!(told.iter().all(|a| a.rank != andon::core::alarm::INCIDENT), "{told:?}");
        let notice = played.model.notice.as_ref().map(|n| n.0.to_string()).unwrap_or_default();
        assert!(!notice.contains("nobody leads"), "{notice}");
    }
    assert_eq!(andon::core::casework::lead(&played.model), Some(Some("mira")));
}

#[test]
fn at_the_end_it_is_rolled_back_and_the_strip_is_the_same() {
    let mut run = worse();
    run.act("a r");
    run.wait(180_000);
    assert_eq!(run.model.acts.values().next_back().map(|a| &a.state), Some(&State::Settled));
    let mut played = Played::new(&log_of(&run));
    played.until(|r| r.kind == "accepted");
    let begun = screen(&played.model);
    assert!(begun.iter().any(|l| l.starts_with("ROLLING BACK checkout@eu-1 to v2.14.0")), "{begun:#?}");
    assert!(begun.iter().any(|l| l.contains("accepted: stored as a wish")), "{begun:#?}");
    played.all();
    let act = played.model.acts.values().next_back().expect("an act");
    let live = run.model.acts.values().next_back().expect("an act");
    assert_eq!(act.state, State::Settled);
    let lines =
        |a: &andon::core::act::flight::Act| a.timeline.iter().map(|l| (l.at, l.text.clone())).collect::<Vec<_>>();
    assert_eq!(lines(act), lines(live));
    assert_eq!(row(&played.model, "ROLLED BACK"), row(&run.model, "ROLLED BACK"));
    assert!(row(&played.model, " reach").starts_with(" reach    0% of traffic"));
    let strip = |m: &Model| m.log.lines.iter().map(|l| (l.at, l.text.clone())).collect::<Vec<_>>();
    assert_eq!(strip(&played.model), strip(&run.model));
    assert_eq!(played.model.casebook.taken, run.records.len() as u64 + 2);
    assert!(screen(&played.model)[1].contains("END OF THE LOG"));
}

#[test]
fn nothing_is_asked_done_or_written_whatever_is_pressed() {
    let mut run = worse();
    run.act("a r");
    run.wait(100_000);
    let mut played = Played::new(&log_of(&run));
    let keys: Vec<Key> =
        ('!'..='~').map(Key::char).chain([Code::Enter, Code::Esc, Code::Tab].map(Key::plain)).collect();
    let mut n = 0;
    while played.step() {
        // Two keys of the leader's chord and a confirmation, and some of all the others, between every two records.
        for chord in ["ar", "ah", "ap", "aa", "ak", "n"] {
            chord.chars().for_each(|c| played.key(Key::char(c)));
            assert!(played.model.dialog.is_none(), "{chord}");
            played.wait(1_000);
            played.key(Key::char('Y'));
        }
        for _ in 0..12 {
            n += 1;
            played.key(keys[(n * 7) % keys.len()]);
            played.key(Key::plain(Code::Esc));
        }
    }
    let seen: BTreeSet<String> = played.effects.iter().map(|e| format!("{e:?}")).collect();
    for e in &played.effects {
        let looks = matches!(
            e,
            Effect::Play(_)
                | Effect::Speed(_)
                | Effect::Copy(_)
                | Effect::Repaint
                | Effect::Quit(_)
                | Effect::Bell
                | Effect::Reload
        );
        assert!(looks, "{seen:#?}");
    }
    assert!(played.model.armed_until.is_none() && played.model.draft.is_none());
}

#[test]
fn its_own_keys_pause_step_and_go_to_the_next_act() {
    let mut run = worse();
    run.act("a r");
    run.wait(100_000);
    let mut played = Played::new(&log_of(&run));
    played.step();
    let press = |played: &mut Played, c: char| {
        let before = played.effects.len();
        played.key(Key::char(c));
        played.effects[before..].to_vec()
    };
    assert_eq!(press(&mut played, ' '), [Effect::Play(Play::Pause)]);
    assert!(screen(&played.model)[1].contains("PAUSED"));
    assert_eq!(press(&mut played, ' '), [Effect::Play(Play::Go)]);
    assert_eq!(press(&mut played, 's'), [Effect::Play(Play::Pause), Effect::Play(Play::Step)]);
    assert_eq!(press(&mut played, '>'), [Effect::Play(Play::Pause), Effect::Play(Play::NextAct)]);
    assert_eq!(press(&mut played, '.'), [Effect::Speed(2)]);
    played.until(|r| r.kind == "intent");
    assert_eq!(press(&mut played, '>'), [], "no act follows");
    assert!(played.model.notice.as_ref().is_some_and(|n| n.0.contains("no act follows")));
    // Help tells these keys, and none that would act or write.
    let help: Vec<String> = andon::core::here::help(&played.model, 80).into_iter().map(|l| format!("{l:?}")).collect();
    let help = help.join("\n");
    for i in [Intent::ReplayPause, Intent::ReplayStep, Intent::ReplayAct, Intent::DrillFaster] {
        assert!(help.contains(i.help()), "{i:?}: {help}");
    }
    for i in [Intent::RollBack, Intent::Arm, Intent::Note, Intent::MatchNext] {
        assert!(!help.contains(i.help()), "{i:?}: {help}");
    }
    // Leaving is one key, also while the log's own act is under way.
    assert_eq!(press(&mut played, 'q'), [Effect::Quit(0)]);
    // In a console these keys keep what they mean there.
    assert!(
        Intent::ALL
            .iter()
            .filter(|i| i.name().starts_with("replay-"))
            .all(|i| !andon::core::here::works(&run.model, *i))
    );
}

/// What older versions wrote, and what a record leaves out: never drawn as fine, and never as nought.
#[test]
fn what_the_log_does_not_hold_is_not_recorded() {
    let target = json!({"source": "eu-1", "namespace": "shop", "kind": "Rollout", "name": "checkout", "uid": "u"});
    let line = |seq: u64, kind: &str, data: Value| {
        json!({"v": 1, "session": "s", "seq": seq, "hlc": [1_795_230_000_000_i64 + seq as i64, 0],
            "utc": format!("2026-11-21T03:00:0{seq}.000Z"), "kind": kind, "target": target, "data": data})
        .to_string()
    };
    let log = [
        line(1, "phase", json!({"words": "progressing", "phase": "progressing", "weight": null})),
        line(2, "intent", json!({"act": 1, "verb": "roll back", "from": "aaaa", "to": "bbbb"})),
        line(3, "settled", json!({"act": 1, "verb": "roll back", "took_ms": 5000})),
    ];
    let mut played = Played::new(&log.join("\n"));
    played.step();
    let drawn = screen(&played.model).join("\n");
    for said in ["no verdict was written", "not recorded", "share of traffic not known", "pods not known"] {
        assert!(drawn.to_lowercase().contains(said), "{said}: {drawn}");
    }
    for made_up in ["0%", "0 of", "fine", "YOU CAN", "no SLO", "aborted"] {
        assert!(!drawn.contains(made_up), "{made_up}: {drawn}");
    }
    played.all();
    let drawn = screen(&played.model).join("\n");
    assert!(drawn.contains("ROLLED BACK") && !drawn.contains("0%") && !drawn.contains(" on 0"), "{drawn}");
    played.key(Key::char('b'));
    let board = screen(&played.model).join("\n");
    assert!(!board.contains("0%") && board.contains("checkout"), "{board}");
    played.key(Key::char('o'));
    let sources = screen(&played.model).join("\n");
    assert!(sources.contains("nothing is written") && !sources.contains("shared on this host"), "{sources}");
    played.key(Key::char('v'));
    played.key(Key::plain(Code::Enter));
    let why = screen(&played.model).join("\n");
    assert!(why.contains("none is recorded of this change yet"), "{why}");
}

/// Every member of every record of a drill takes every type: nothing falls over, and the same log plays the same.
#[test]
fn damaged_records_are_played_as_far_as_they_go() {
    let mut run = worse();
    run.act("a r");
    run.wait(100_000);
    let log = log_of(&run);
    let wrong =
        [json!(null), json!(true), json!(-1), json!(1e300), json!("x"), json!([]), json!({}), json!([{"a": [1]}])];
    let mut n = 0;
    for round in 0..24 {
        let lines: Vec<String> = log
            .lines()
            .map(|l| {
                let mut v: Value = serde_json::from_str(l).expect("JSON");
                let of = if round % 3 == 0 { &mut v } else { &mut v["data"] };
                if let Some(m) = of.as_object_mut() {
                    let names: Vec<String> = m.keys().cloned().collect();
                    for name in names.iter().skip(round % 5).step_by(5) {
                        n += 1;
                        m.insert(name.clone(), wrong[n % wrong.len()].clone());
                    }
                }
                v.to_string()
            })
            .collect();
        let log = lines.join("\n");
        let play = || {
            let mut p = Played::new(&log);
            while p.step() {
                screen(&p.model);
            }
            p.wait(60_000);
            (screen(&p.model), serde_json::to_string(&p.model).expect("JSON"))
        };
        assert!(play() == play(), "round {round}");
    }
}

#[test]
fn the_real_program_plays_a_log_and_leaves_no_file() {
    let home = Home::new("replayed");
    let log = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/log/golden/f1.jsonl");
    let mut pty = home.andon(&["log", "replay", log, "--speed", "2"]);
    pty.wait_until("the log on the screen", |g| g.lines()[0].contains("REPLAY") && g.contains("nothing is asked"));
    pty.keys(">");
    pty.wait_until("the act", |g| g.contains("ROLLING BACK") && g.contains("PAUSED"));
    pty.keys("a");
    pty.wait_for("nothing is done or written here");
    for _ in 0..40 {
        if pty.look(|g| g.contains("END OF THE LOG")) {
            break;
        }
        pty.keys("s");
        std::thread::sleep(std::time::Duration::from_millis(100));
    }
    pty.wait_until("the end", |g| g.contains("END OF THE LOG") && g.contains("ROLLED BACK"));
    pty.keys("q");
    assert_eq!(pty.wait_exit(), 0);
    assert_eq!(pty.modes_restored(), Ok(()));
    assert!(
        home.files().iter().all(|f| !f.ends_with("jsonl") && f.extension().is_none_or(|e| e != "tape")),
        "{:?}",
        home.files()
    );
    for (args, code) in [
        (vec!["log", "replay", "/nowhere.jsonl"], 5),
        (vec!["log", "replay", log, "--incident", "INC-9"], 5),
        (vec!["log", "replay", log, "--until", "2020-01-01"], 5),
        (vec!["log", "replay", log, "--until", "never"], 2),
        (vec!["log", "replay", log, "--plain"], 2),
        (vec!["log", "replay", log, "--speed", "0"], 2),
    ] {
        assert_eq!(home.run(&args).0, code, "{args:?}");
    }
}
