//! `--plain` through the core, without clock or terminal: typed words, the same guards, one line for each event.

use andon::core::act::flight::State;
use andon::core::effect::Effect;
use andon::core::entry::Kind;
use andon::core::intent::Intent;
use andon::core::judge::verdict::Word;
use andon::core::model::Model;
use andon::core::msg::Msg;
use andon::core::plain::grammar::{ACTS, FORMS};
use andon::core::update::update;
use andon::core::world::source::{SourceError, Trouble};
use andon::testkit::drill::{Log, Run};
use andon::testkit::stories;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use std::path::Path;

const MINUTE: i64 = 60_000;

fn is_worse(run: &Run) -> bool {
    let id = run.target("checkout").id.clone();
    run.model.judged.get(&id).is_some_and(|j| j.verdict.word == Word::Worse)
}

/// f1 by lines until checkout is WORSE.
fn worse() -> Run {
    let mut run = Run::plain("f1", 1);
    for _ in 0..60 {
        if is_worse(&run) {
            return run;
        }
        run.wait(5_000);
    }
    panic!("the canary never became WORSE");
}

/// What a line is answered with, until the next line.
fn answer(run: &mut Run, line: &str) -> Vec<String> {
    let before = run.said().len();
    run.line(line);
    run.said()[before..].iter().map(|l| l.to_string()).collect()
}

fn has(lines: &[String], part: &str) -> bool {
    lines.iter().any(|l| l.contains(part))
}

fn performs(run: &Run) -> Vec<String> {
    let step = |e: &Effect| match e {
        Effect::Perform { target, step, .. } => {
            Some(format!("{} {} {}", target.at(), step.request.path, step.request.shown))
        }
        _ => None,
    };
    run.effects.iter().filter_map(step).collect()
}

#[test]
fn f1_is_solved_by_typed_words_and_sends_what_keys_would() {
    let mut run = worse();
    let status = answer(&mut run, "status");
    assert!(status[1].starts_with("1 WORSE checkout@eu-1, canary 10%"), "{status:#?}");
    let dialog = answer(&mut run, "act roll-back 1");
    assert!(has(&dialog, "ROLL BACK checkout@eu-1 to v2.14.0"), "{dialog:#?}");
    for part in ["will happen: ", "not undone: ", "expected: ", "request 1 of 1: PATCH /", "settled when: "] {
        assert!(has(&dialog, part), "{part}: {dialog:#?}");
    }
    assert_eq!(dialog.last().map(String::as_str), Some("type: yes roll-back checkout@eu-1"));
    assert!(run.sent.is_empty());
    run.wait(1_000);
    run.line("yes roll-back checkout@eu-1");
    run.wait(3 * MINUTE);
    assert_eq!(run.model.acts.values().next_back().map(|a| a.state.clone()), Some(State::Settled));
    assert_eq!(run.kinds(), [Kind::Intent, Kind::Sent, Kind::Accepted, Kind::Seen, Kind::Settled]);

    let mut keys = Run::new("f1", 1);
    while !is_worse(&keys) {
        keys.wait(5_000);
    }
    keys.choose("checkout");
    keys.act("a r");
    keys.wait(MINUTE);
    assert_eq!(performs(&run), performs(&keys));
    assert_eq!(keys.said(), Vec::<&str>::new(), "a screen says nothing");
    // Solved: errors ended in time, the others were left alone.
    assert_eq!(run.sent.len(), 1);
}

#[test]
fn a_line_that_is_not_the_one_asked_for_never_confirms() {
    let wrong = [
        "y",
        "yes",
        "Y",
        "YES",
        "yes!",
        "yes roll-back",
        "yes roll-back payments@eu-1",
        "yes roll-back checkout",
        "yes hold checkout@eu-1",
        "Yes roll-back checkout@eu-1",
        "yes  roll-back checkout@eu-1",
        "yes roll-back checkout@eu-1 now",
        "roll-back checkout@eu-1",
        "type: yes roll-back checkout@eu-1",
        "checkout",
        "payments",
        "act roll-back checkout",
        "kubectl rollout undo deploy/checkout -n shop",
        "rm -rf /",
        "ok",
        "confirm",
        "1",
        "a r Y",
        "\u{1b}[A",
        "status",
        "quit",
    ];
    let start = worse();
    for line in wrong {
        let mut run = clone(&start);
        run.line("act roll-back checkout");
        run.wait(1_500);
        let said = answer(&mut run, line);
        assert!(run.model.dialog.is_none(), "{line:?} closes it");
        assert!(has(&said, "closed; nothing was started"), "{line:?}: {said:?}");
        run.wait(2_000);
        // The right words are too late now.
        run.line("yes roll-back checkout@eu-1");
        run.wait(2_000);
        assert_eq!(run.sent.len(), 0, "{line:?}");
        assert!(!run.kinds().contains(&Kind::Intent), "{line:?}");
    }
    // A line that is the right one and far too long is not the right one.
    let mut run = clone(&start);
    run.line("act roll-back checkout");
    run.wait(1_500);
    run.line(&format!("yes roll-back checkout@eu-1{}", " ".repeat(2_000)));
    assert!(run.sent.is_empty() && run.model.dialog.is_none());
}

/// The same run again: played from its tape, since a world cannot be copied.
fn clone(of: &Run) -> Run {
    let mut run = worse();
    assert_eq!(run.tape.len(), of.tape.len());
    run.wait(0);
    run
}

#[test]
fn an_early_confirmation_says_again_and_an_empty_line_does_nothing() {
    let mut run = worse();
    run.line("act roll-back checkout");
    run.apply(Msg::Line("yes roll-back checkout@eu-1".into()));
    assert!(run.said().last().is_some_and(|l| l.starts_with("Again: ")), "{:?}", run.said().last());
    assert!(run.sent.is_empty() && run.model.dialog.is_some());
    run.wait(1_000);
    run.line("");
    run.line("   ");
    let said = answer(&mut run, "repeat");
    assert_eq!(said.last().map(String::as_str), Some("type: yes roll-back checkout@eu-1"));
    let said = answer(&mut run, "requests");
    assert!(has(&said, "request 1 of 1: PATCH"));
    // The quiet of 300 ms counts from any line.
    run.apply(Msg::Line("repeat".into()));
    run.wait(250);
    run.apply(Msg::Line("yes roll-back checkout@eu-1".into()));
    assert!(run.sent.is_empty());
    run.line("yes roll-back checkout@eu-1");
    run.wait(500);
    assert_eq!(run.sent.len(), 1);
}

#[test]
fn a_dialog_that_was_never_written_cannot_be_confirmed() {
    let mut run = worse();
    run.unseen = true;
    run.line("act roll-back checkout");
    run.wait(5_000);
    run.line("yes roll-back checkout@eu-1");
    assert!(run.sent.is_empty() && run.model.acts.is_empty());
}

#[test]
fn forward_acts_need_arming_gates_and_the_name_as_with_keys() {
    let mut run = Run::plain("f1", 1);
    // Past the soak of payments' step.
    run.wait(12 * MINUTE);
    let said = answer(&mut run, "act promote checkout");
    assert!(has(&said, "LOOK-ONLY: act arm arms this console first"), "{said:?}");
    let said = answer(&mut run, "act arm");
    assert_eq!(said.last().map(String::as_str), Some("type: yes arm drill"));
    run.wait(1_000);
    let said = answer(&mut run, "yes arm drill");
    assert!(has(&said, "armed for 10 minutes") && run.model.is_armed(), "{said:?}");
    // WORSE: refused whatever is typed.
    let said = answer(&mut run, "act promote checkout");
    assert!(has(&said, "REFUSED: ") && !has(&said, "type"), "{said:?}");
    run.wait(1_000);
    run.line("yes promote checkout@eu-1");
    assert!(run.sent.is_empty());
    // Tier 2 warns: the name.
    let said = answer(&mut run, "act promote payments");
    assert_eq!(said.last().map(String::as_str), Some("type the name: payments"), "{said:?}");
    run.wait(1_000);
    run.line("yes promote payments@eu-1");
    assert!(run.sent.is_empty() && run.model.dialog.is_none());
    run.line("act promote payments");
    run.wait(1_000);
    run.line("payments");
    run.wait(1_000);
    assert_eq!(run.sent.len(), 1);
    // Leaving while armed takes two, and a line between them takes the first back.
    let said = answer(&mut run, "quit");
    assert!(has(&said, "quit again within 3 s leaves"), "{said:?}");
    run.line("sources");
    run.line("quit");
    assert!(!run.effects.contains(&Effect::Quit(0)));
    run.line("quit");
    assert!(run.effects.contains(&Effect::Quit(0)));
}

#[test]
fn a_read_only_session_opens_nothing() {
    let mut run = Run::begin("f1", 1, |m| {
        m.settings.plain = true;
        m.environment.read_only = true;
    });
    for what in ACTS {
        // Records of incidents, debts and ticks stay (limits.md section 1).
        if matches!(what, Intent::OpenIncident | Intent::Debts | Intent::Checklists) {
            continue;
        }
        run.line(&format!(
            "act {} {}",
            what.name(),
            if matches!(what, Intent::Arm | Intent::Disarm | Intent::Freeze | Intent::Thaw) { "" } else { "1" }
        ));
        assert!(run.model.dialog.is_none() && run.model.nav.overlay.is_none(), "{what:?}");
    }
    assert!(run.sent.is_empty());
}

#[test]
fn a_name_that_fits_two_rollouts_or_none_opens_nothing() {
    let mut run = worse();
    for what in
        ["act roll-back nobody", "act roll-back checkuot", "act roll-back 99", "act roll-back 0", "act roll-back x@y"]
    {
        let said = answer(&mut run, what);
        assert!(has(&said, "nothing was done"), "{what}: {said:?}");
        assert!(run.model.dialog.is_none(), "{what}");
    }
    assert!(has(&answer(&mut run, "show checkuot"), "Did you mean checkout?"));
}

#[test]
fn a_number_means_the_row_it_was_said_with() {
    let mut run = Run::plain("f1", 1);
    run.line("status");
    let first = run.model.said.rows[0].target.clone();
    while !is_worse(&run) {
        run.wait(5_000);
    }
    assert_ne!(run.model.rows[0].target, first, "rows have moved");
    run.line("act roll-back 1");
    let d = run.model.dialog.as_ref().and_then(|d| d.act()).map(|d| d.operation.target.clone());
    assert_eq!(d, first);
}

#[test]
fn each_event_is_said_once() {
    let mut run = worse();
    run.line("act arm");
    run.wait(1_000);
    run.line("yes arm drill");
    run.line("act roll-back checkout");
    run.wait(1_000);
    run.line("yes roll-back checkout@eu-1");
    run.wait(3 * MINUTE);
    let error = || SourceError::new(Trouble::Timeout, "metrics did not answer");
    let metrics = run.world.sources()[1].clone();
    for _ in 0..3 {
        let failed = Msg::SourceFailed { source: metrics.clone(), error: error(), next_try: run.world.now() };
        run.apply(failed);
    }
    run.wait(2_000);
    run.apply(Msg::LogFailed { why: "disk full".into() });
    run.wait(12 * MINUTE);
    for part in [
        "source eu-1 connected",
        "source metrics FAILED, metrics did not answer",
        "verdict checkout@eu-1 WORSE",
        "rollout checkout@eu-1 aborted",
        "armed for 10 minutes",
        "disarmed LOOK-ONLY again, the time is up",
        "act checkout@eu-1 roll back, intent on disk",
        "act checkout@eu-1 roll back, sent abort",
        "act checkout@eu-1 roll back, accepted",
        "act checkout@eu-1 roll back, seen",
        "act checkout@eu-1 roll back, settled after",
        "alarm the log cannot be written: disk full",
    ] {
        let n = run.said().iter().filter(|l| l.contains(part)).count();
        assert_eq!(n, 1, "{part}: {:#?}", run.said());
    }
    // Each of them begins with a time and its kind.
    let settled = run.said().into_iter().find(|l| l.contains("settled after")).unwrap().to_owned();
    assert_eq!(&settled[8..13], "Z act", "{settled}");
    assert!(settled.contains("v2.14.0 runs on 20 of 20 pods"), "{settled}");
}

#[test]
fn what_goes_wrong_with_an_act_is_said() {
    let mut run = worse();
    run.log = Log::Hangs;
    run.line("act roll-back checkout");
    run.wait(1_000);
    let before = run.said().len();
    run.line("yes roll-back checkout@eu-1");
    run.wait(1_000);
    let said: Vec<String> = run.said()[before..].iter().map(|l| l.to_string()).collect();
    assert!(has(&said, "NOT AS IT SHOULD BE: the intent is not on disk yet"), "{said:#?}");
    assert_eq!(said.last().map(String::as_str), Some("type the name: checkout"));
    assert!(run.sent.is_empty());
    run.wait(1_000);
    run.line("checkout");
    run.wait(500);
    assert_eq!(run.sent.len(), 1);
    assert!(run.said().iter().any(|l| l.contains("1 records are not on disk yet")), "{:#?}", run.said());
}

#[test]
fn a_source_that_goes_quiet_is_called_old_once_and_fresh_again_once() {
    let mut w = stories::fleet(andon::core::model::Place::Prod);
    w.model.settings.plain = true;
    w.sources();
    w.answer_history();
    w.wait(4_000);
    w.silence("us-1");
    for _ in 0..20 {
        w.wait(10_000);
    }
    let us = andon::core::id::SourceId::from("us-1");
    let now = w.now();
    let mut s = w.model.world.sources[&us].clone();
    s.confirmed = Some(now);
    w.fact("us-1", andon::core::world::fact::Fact::Source(Box::new(s)));
    let said: Vec<&String> =
        w.effects.iter().filter_map(|e| if let Effect::Say(l) = e { Some(l) } else { None }).collect();
    let n = |part: &str| said.iter().filter(|l| l.contains(part)).count();
    assert_eq!((n("source us-1 OLD"), n("source us-1 fresh again")), (1, 1), "{said:#?}");
}

#[test]
fn runbook_note_log_and_speed_by_words() {
    let mut run = worse();
    run.line("at checkout");
    let said = answer(&mut run, "runbook");
    assert!(said[0].starts_with("runbook checkout-5xx: "), "{said:?}");
    let said = answer(&mut run, "step 1 run");
    assert!(has(&said, "runbook checkout-5xx step 1, passed, found 0.0"), "{said:?}");
    let said = answer(&mut run, "step 7 skip nobody waits");
    assert!(has(&said, "step 7, skipped, nobody waits"), "{said:?}");
    assert!(has(&answer(&mut run, "step 1 tick"), "a check is run, not ticked"));
    assert!(has(&answer(&mut run, "step 40 run"), "There is no step 40"));
    assert_eq!(answer(&mut run, "note it hurts at checkout"), ["Kept in the log."]);
    assert!(run.kinds().contains(&Kind::Note));
    assert!(has(&answer(&mut run, "log 2"), "note: it hurts at checkout"));
    run.line("speed 7");
    assert!(run.effects.contains(&Effect::Speed(7)));
    assert!(has(&answer(&mut run, "yes"), "Nothing is asked"));
    for line in ["show", "why", "sources", "act", "help", "status all", "show payments", "why 1"] {
        let said = answer(&mut run, line);
        assert!(said.len() > 1, "{line}: {said:?}");
        assert!(said.iter().all(|l| l.chars().count() <= 200 && !l.trim().is_empty()), "{line}: {said:#?}");
    }
}

#[test]
fn the_end_of_input_starts_nothing_new_and_its_code_tells_what_was_under_way() {
    let mut run = worse();
    run.apply(Msg::LinesEnded);
    assert!(run.effects.contains(&Effect::Quit(0)));
    let mut run = worse();
    run.line("act roll-back checkout");
    run.wait(1_000);
    run.line("yes roll-back checkout@eu-1");
    run.apply(Msg::LinesEnded);
    assert!(run.effects.contains(&Effect::Quit(7)));
    run.line("act hold checkout");
    assert!(run.model.dialog.is_none(), "nothing is opened any more");
}

#[test]
fn the_document_and_help_say_the_grammar() {
    let doc = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/plain.md")).unwrap();
    let mut run = Run::plain("calm", 1);
    let help = answer(&mut run, "help");
    for f in FORMS {
        assert!(doc.contains(&format!("| `{}` | {} |", f.form, f.does)), "docs/plain.md lacks {}", f.form);
        assert!(has(&help, &format!("{}: {}.", f.form, f.does)), "help lacks {}", f.form);
    }
    let rows = doc.lines().filter(|l| l.starts_with("| `")).count();
    assert_eq!(rows, FORMS.len(), "docs/plain.md has a form that is not in the table");
    for a in ACTS {
        assert!(a.is_act() && doc.contains(&format!("`{}`", a.name())), "{}", a.name());
    }
    assert_eq!(Intent::ALL.iter().filter(|i| i.is_act()).count(), ACTS.len(), "every act has its words");
}

/// A whole f1 as it is heard.
#[test]
fn the_transcript_of_f1_is_as_it_was() {
    let mut run = Run::plain("f1", 1);
    let mut heard = String::new();
    let mut told = 0;
    let mut hear = |run: &Run, typed: Option<&str>| {
        let said = run.said();
        let (old, new) = said.split_at(told);
        told = old.len() + new.len();
        for l in new {
            heard.push_str(l);
            heard.push('\n');
        }
        if let Some(t) = typed {
            heard.push_str(&format!("> {t}\n"));
        }
    };
    while !is_worse(&run) {
        run.wait(1_000);
    }
    let script = [
        ("status", 1_000),
        ("show 1", 1_000),
        ("why 1", 1_000),
        ("act roll-back 1", 1_500),
        ("kubectl get pods", 1_000),
        ("act roll-back 1", 1_500),
        ("yes roll-back checkout@eu-1", 3 * MINUTE),
        ("runbook", 1_000),
        ("step 1 run", 1_000),
        ("note rolled back by ear", 1_000),
        ("status", 1_000),
        ("quit", 0),
    ];
    for (line, ms) in script {
        hear(&run, Some(line));
        run.line(line);
        run.wait(ms);
    }
    hear(&run, None);
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("snapshots/plain/f1.txt");
    if std::env::var_os("ANDON_BLESS").is_some() {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, &heard).unwrap();
    }
    let kept = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(kept == heard, "snapshots/plain/f1.txt is not what is said: run with ANDON_BLESS=1 and look at it");
}

#[test]
fn a_tape_of_lines_plays_the_same_again() {
    let mut run = worse();
    // From a checkpoint in the middle, as a segment of a tape begins with one.
    let text = serde_json::to_string(&run.model).unwrap();
    let mut model: Model = serde_json::from_str(&text).unwrap();
    model.rows = andon::core::board::rows(&model);
    let (tape, effects) = (run.tape.len(), run.effects.len());
    for line in ["status", "act roll-back 1", "nonsense", "act roll-back 1", "repeat"] {
        run.line(line);
        run.wait(1_000);
    }
    run.line("yes roll-back checkout@eu-1");
    run.wait(MINUTE);
    let mut again = Vec::new();
    for (at, msg) in &run.tape[tape..] {
        again.extend(update(&mut model, *at, msg.clone()));
    }
    assert_eq!(again, run.effects[effects..]);
    assert!(again.iter().any(|e| matches!(e, Effect::Perform { .. })));
}

fn any_line() -> impl Strategy<Value = String> {
    let words = || {
        prop::sample::select(vec![
            "act",
            "roll-back",
            "hold",
            "promote",
            "resume",
            "arm",
            "disarm",
            "acknowledge",
            "yes",
            "y",
            "Y",
            "checkout",
            "checkout@eu-1",
            "payments@eu-1",
            "drill",
            "1",
            "2",
            "status",
            "show",
            "note",
            "quit",
            "step",
            "run",
            "repeat",
            "requests",
            "\u{1b}[2J",
            "speed",
            "60",
            "kubectl",
        ])
    };
    prop_oneof![
        6 => prop::collection::vec(words(), 1..4).prop_map(|w| w.join(" ")),
        2 => ".{0,40}",
        1 => "[ -~]{0,1200}",
    ]
}

#[test]
fn random_lines_never_send_arm_or_say_a_control_character() {
    let lines = prop::collection::vec((any_line(), 0..290_i64), 20..60);
    let mut runner = TestRunner::new(Config { cases: 24, failure_persistence: None, ..Config::default() });
    let done = runner.run(&(0..1_000_u64, lines), |(seed, lines)| {
        let mut run = Run::plain("f1", seed);
        run.wait(if seed % 2 == 0 { 0 } else { 120_000 });
        for (line, gap) in lines {
            // Faster than a person reads a dialog: at most 290 ms between two lines, so the quiet never comes.
            run.wait(gap);
            run.apply(Msg::Line(line));
        }
        prop_assert!(run.sent.is_empty() && !run.model.is_armed());
        let intent = run.effects.iter().any(|e| matches!(e, Effect::Append { ticket: Some(_), .. }));
        prop_assert!(!intent);
        for l in run.said() {
            prop_assert!(!l.chars().any(char::is_control), "{l:?}");
            prop_assert!(l.chars().count() <= 200, "{l:?}");
        }
        Ok(())
    });
    assert!(done.is_ok(), "{}", done.unwrap_err());
}

#[test]
fn random_lines_at_any_pace_confirm_only_with_the_whole_words() {
    let lines = prop::collection::vec((any_line(), 0..3_000_i64), 10..40);
    let mut runner = TestRunner::new(Config { cases: 16, failure_persistence: None, ..Config::default() });
    let done = runner.run(&(0..1_000_u64, lines), |(seed, lines)| {
        let mut run = Run::plain("f1", seed);
        for (line, gap) in lines {
            run.wait(gap);
            let asked = run.model.said.dialog.as_ref().and_then(|d| d.lines.last().cloned()).unwrap_or_default();
            let (acts, armed) = (run.model.acts.len(), run.model.is_armed());
            run.apply(Msg::Line(line.clone()));
            if run.model.acts.len() > acts || (!armed && run.model.is_armed()) {
                let typed = line.trim();
                let whole = asked == format!("type: {typed}") || asked == format!("type the name: {typed}");
                prop_assert!(whole, "{:?} {:?}", asked, line);
            }
        }
        Ok(())
    });
    assert!(done.is_ok(), "{}", done.unwrap_err());
}

/// What a hostile label, message or name may hold.
const PAYLOADS: [&str; 6] = [
    "\u{1b}[31mred\u{7}",
    "\u{9b}2J\u{85}",
    "a\u{202e}b\u{2066}",
    "x\u{200b}\u{feff}y",
    "one\r\ntwo\tthree",
    "\u{1b}]0;title\u{1b}\\",
];

#[test]
fn no_text_from_outside_gets_past_the_gate() {
    for p in PAYLOADS {
        let mut w = stories::fleet(andon::core::model::Place::Prod);
        w.model.settings.plain = true;
        w.model.environment.goal = Some(p.into());
        w.model.environment.who = p.into();
        w.model.problems = vec![p.into()];
        w.service(p, 1, &[]);
        w.canary(&andon::testkit::canary::Canary::new("checkout", "eu-1"));
        w.figures("checkout", 300, (216.0, 46.6), (1948.0, 0.8));
        w.burn("checkout", 22.0, 2.1, 0.26);
        w.sources();
        w.answer_history();
        w.wait(4_000);
        w.target_with("checkout", |t| {
            t.message = p.into();
            t.invalid = Some(p.into());
            t.phase = andon::core::world::target::Phase::Other(p.into());
            for r in &mut t.revisions {
                r.version = p.into();
                r.trouble = vec![andon::core::world::target::Trouble { reason: p.into(), count: 2 }];
            }
            t.held = true;
            t.held_by = Some(andon::core::world::target::Manager { name: p.into(), at: None });
            t.gate = Some(andon::core::world::target::Gate { reason: p.into(), since: None, until: None });
        });
        w.source_with("eu-1", |s| {
            s.holds = p.into();
            s.kind = p.into();
        });
        w.fail("us-1", Trouble::Server, p);
        for line in [
            "status all",
            "show checkout",
            "why checkout",
            "sources",
            "runbook checkout",
            "log 50",
            "act",
            "act roll-back checkout",
            "repeat",
            p,
            "note x",
            &format!("note {p}"),
            &format!("show {p}"),
            "log 5",
        ] {
            w.wait(1_000);
            w.send(Msg::Line(line.to_owned()));
            if line.starts_with("act roll-back") {
                w.planned();
            }
        }
        let said: Vec<&String> =
            w.effects.iter().filter_map(|e| if let Effect::Say(l) = e { Some(l) } else { None }).collect();
        assert!(said.len() > 60, "{}", said.len());
        for l in said {
            let bad = |c: char| {
                c.is_control()
                    || matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
            };
            assert!(!l.chars().any(bad), "{l:?}");
        }
    }
}

#[test]
fn two_answers_of_one_millisecond_are_both_said() {
    let mut w = stories::calm();
    w.model.settings.plain = true;
    w.send(Msg::Line("status".into())).wait(1_000);
    let before = w.effects.len();
    w.send(Msg::Line("act disarm".into())).send(Msg::Line("act acknowledge".into()));
    let said: Vec<String> = w.effects[before..]
        .iter()
        .filter_map(|e| if let Effect::Say(l) = e { Some(l.clone()) } else { None })
        .collect();
    assert!(has(&said, "LOOK-ONLY already") && has(&said, "no WORSE verdict"), "{said:?}");
}
