//! The way back while the log is in trouble, in the core: what is known is asked for at once, what goes forward waits for
//! a log that works.

use andon::core::act::flight::State;
use andon::core::judge::verdict::Word;
use andon::core::msg::Msg;
use andon::testkit::drill::{Log, Run};

const MINUTE: i64 = 60_000;

fn worse() -> Run {
    let mut run = Run::new("f1", 1);
    run.choose("checkout");
    for _ in 0..40 {
        let id = run.target("checkout").id.clone();
        if run.model.judged.get(&id).is_some_and(|j| j.verdict.word == Word::Worse) {
            return run;
        }
        run.wait(5_000);
    }
    panic!("the canary never became WORSE");
}

fn name_due(run: &Run) -> Option<Vec<String>> {
    let name = run.model.dialog.as_ref()?.act()?.name.as_ref()?;
    Some(name.why.iter().map(|w| w.to_string()).collect())
}

fn state(run: &Run) -> &State {
    &run.model.acts.values().next_back().expect("an act").state
}

#[test]
fn where_the_trouble_is_known_the_name_is_asked_for_at_once_and_not_again() {
    for (log, msg) in [
        (Log::Hangs, Msg::LogHangs { why: "the disk has not answered for half a second".into() }),
        (Log::Fails, Msg::LogFailed { why: "no space left".into() }),
    ] {
        let mut run = worse();
        run.log = log;
        run.apply(msg);
        run.keys("a r");
        let why = name_due(&run).expect("with the dialog, not after Y");
        assert!(why.iter().any(|w| w.starts_with("the log does not take it: ")), "{why:?}");
        run.wait(1_000);
        run.keys("checkout");
        run.keys("enter");
        assert_eq!(run.sent.len(), 1, "{log:?}: no second name, no half second");
        run.wait(3 * MINUTE);
        assert_eq!(state(&run), &State::Settled, "{log:?}");
        // Its intent was given to the log all the same, and again when it left.
        let intents = run.records.iter().filter(|r| r.kind == andon::core::entry::Kind::Intent).count();
        assert_eq!(intents, 2, "{log:?}");
    }
}

#[test]
fn a_disk_that_hung_for_one_act_is_known_for_the_next_until_it_answers() {
    let mut run = worse();
    run.log = Log::Hangs;
    run.act("a h");
    run.wait(600);
    assert!(name_due(&run).is_some());
    run.keys("esc");
    assert!(run.model.log.hung.is_some());
    run.keys("a r");
    assert!(name_due(&run).is_some_and(|w| w.iter().any(|w| w.contains("does not answer"))));
    run.keys("esc");
    run.log = Log::Works;
    run.apply(Msg::LogWorks);
    assert_eq!(run.model.log.hung, None);
    run.keys("a r");
    assert_eq!(name_due(&run), None);
    run.wait(1_000);
    run.keys("Y");
    assert_eq!(run.sent.len(), 1);
}

#[test]
fn an_open_dialog_hears_of_it() {
    let mut run = worse();
    run.keys("a r");
    run.wait(1_000);
    run.apply(Msg::LogHangs { why: "no answer".into() });
    assert_eq!(name_due(&run), Some(vec!["the log does not take it: no answer".to_owned()]));
    // What was under the finger when it changed does not count for what is shown now.
    run.keys("Y");
    assert!(run.sent.is_empty());
}

#[test]
fn nothing_goes_forward_while_it_hangs_and_again_once_it_works() {
    let mut run = Run::new("calm", 1);
    run.choose("checkout");
    run.act("a a");
    run.wait(10 * MINUTE);
    run.act("a a");
    run.wait(1_000);
    assert!(run.model.is_armed());
    run.apply(Msg::LogHangs { why: "no answer".into() });
    run.act("a p");
    run.wait(1_000);
    assert!(run.sent.is_empty());
    let alarms = andon::core::alarm::alarms(&run.model);
    assert!(alarms.iter().any(|a| a.text.contains("the log is not written")), "{alarms:?}");
    run.keys("esc");
    run.apply(Msg::LogWorks);
    assert!(run.model.log.trouble().is_none());
}
