use super::*;
use crate::core::case::runbook::{RunStep, Runbook, StepKind};
use crate::core::record::Hlc;
use serde_json::{Value, json};

const DAY: i64 = 1_795_230_000_000;

fn book() -> Runbook {
    let step =
        |number| RunStep { number, title: format!("t{number}").into(), body: Vec::new(), kind: StepKind::Manual };
    Runbook { name: "b".into(), hash: "h".into(), steps: (1..=7).map(step).collect(), ..Runbook::default() }
}

fn said(session: &str, ms: i64, step: u32, data: Value) -> Record {
    let mut all = json!({"runbook": "b", "step": step, "title": format!("t{step}"), "hash": "h"});
    all.as_object_mut().unwrap().extend(data.as_object().unwrap().clone());
    Record {
        session: session.into(),
        seq: ms as u64,
        hlc: Hlc(DAY + ms, 0),
        utc: Utc(DAY + ms).rfc3339(),
        user: session.into(),
        kind: "runbook".into(),
        data: all,
        ..Record::default()
    }
}

fn fold(records: &[Record]) -> Runs {
    let mut runs = Runs::default();
    records.iter().for_each(|r| runs.take(r));
    runs
}

fn at(runs: &Runs, ms: i64) -> Progress {
    runs.progress(&book(), Utc(DAY + ms), |s| s == "gone")
}

fn done() -> Value {
    json!({"stands": "done", "state": "done"})
}

#[test]
fn two_consoles_see_each_other_s_ticks_in_whatever_order_they_come() {
    let mut all = vec![
        said("mira", 10, 1, done()),
        said("ito", 20, 2, json!({"stands": "failed", "why": "found 9"})),
        said("ito", 30, 2, json!({"stands": "done", "found": 0.5})),
        said("mira", 40, 3, json!({"stands": "skipped", "reason": "no metrics"})),
    ];
    let want = fold(&all);
    let p = at(&want, 50);
    assert_eq!((p.state(1).by(), p.state(2).by(), p.counts()), ("mira", "ito", (2, 1)));
    assert!(matches!(p.state(2), StepState::Done { found: Some(f), .. } if *f == 0.5));
    assert_eq!((p.current(&book()), p.begun), (Some(4), Some(Utc(DAY + 10))));
    all.reverse();
    assert_eq!(fold(&all), want);
    all.extend(all.clone());
    assert_eq!(fold(&all), want, "a record that comes again says nothing new");
    let text = serde_json::to_string(&want).unwrap();
    assert_eq!(serde_json::from_str::<Runs>(&text).unwrap(), want);
}

#[test]
fn a_run_ends_with_its_incident_and_after_twelve_silent_hours() {
    let hour = 3_600_000;
    let runs =
        fold(&[said("mira", 0, 1, done()), said("mira", 10 * hour, 2, done()), said("mira", 20 * hour, 3, done())]);
    assert_eq!(at(&runs, 21 * hour).counts(), (3, 0), "no silence was long enough");
    assert_eq!(at(&runs, 33 * hour).counts(), (0, 0));
    let mut runs = fold(&[said("mira", 0, 1, done()), said("mira", 13 * hour, 2, done())]);
    assert_eq!(at(&runs, 13 * hour).counts(), (1, 0), "what was before the silence is of another run");
    runs.take(&Record {
        kind: "incident-closed".into(),
        hlc: Hlc(DAY + 14 * hour, 0),
        utc: Utc(DAY + 14 * hour).rfc3339(),
        data: json!({"id": "i-1"}),
        ..Record::default()
    });
    assert_eq!(at(&runs, 15 * hour).counts(), (0, 0));
}

#[test]
fn a_wait_goes_on_over_a_restart_and_a_command_of_a_dead_console_is_no_success() {
    let until = Utc(DAY + 600_000).rfc3339();
    let runs = fold(&[
        said("gone", 0, 1, json!({"stands": "running", "until": until})),
        said("gone", 1, 2, json!({"stands": "running"})),
        said("ito", 2, 3, json!({"stands": "running"})),
    ]);
    let p = at(&runs, 599_000);
    assert!(matches!(p.state(1), StepState::Running { until: Some(u), .. } if *u == Utc(DAY + 600_000)));
    assert!(matches!(p.state(2), StepState::Failed { why, .. } if why.contains("not known")), "{:?}", p.state(2));
    assert!(matches!(p.state(3), StepState::Running { .. }));
    assert!(matches!(at(&runs, 600_000).state(1), StepState::Done { .. }));
}

#[test]
fn an_answer_passes_over_what_lies_between_or_begins_again_further_up() {
    let mut all = vec![said("a", 1, 1, done()), said("a", 2, 2, json!({"stands": "done", "words": "both", "goto": 5}))];
    let p = at(&fold(&all), 3);
    assert!(matches!(p.state(3), StepState::Skipped { reason, .. } if &**reason == "step 2 leads to step 5"));
    assert_eq!(p.current(&book()), Some(5));
    all.push(said("a", 4, 5, done()));
    all.push(said("b", 5, 6, json!({"stands": "done", "words": "not yet", "goto": 2})));
    let p = at(&fold(&all), 6);
    assert_eq!(
        (p.current(&book()), p.counts()),
        (Some(2), (1, 0)),
        "2 to 6 are open again, and nothing is passed over"
    );
    all.push(said("b", 7, 2, json!({"stands": "done", "words": "one", "goto": 3})));
    assert_eq!(at(&fold(&all), 8).current(&book()), Some(3));
}

#[test]
fn a_step_that_says_something_else_by_now_is_not_done() {
    let mut other = said("a", 1, 1, done());
    other.data["title"] = "t4".into();
    let mut gone = said("a", 2, 2, done());
    gone.data["title"] = "was here".into();
    gone.data["hash"] = "older".into();
    let p = at(&fold(&[other, gone]), 3);
    assert!(matches!(p.state(4), StepState::Done { .. }), "it moved, and its title is found");
    assert_eq!((p.state(1), p.state(2), p.stale), (&StepState::Open, &StepState::Open, true));
}

#[test]
fn sentences_of_earlier_versions_are_read() {
    let old = |ms, step, state: &str| said("a", ms, step, json!({"state": state}));
    let all = [
        old(1, 1, "done"),
        old(2, 2, "pass, found 0.25"),
        old(3, 3, "FAILED, x"),
        old(4, 4, "skipped: y"),
        old(5, 5, "?"),
    ];
    let p = at(&fold(&all), 6);
    assert!(matches!(p.state(2), StepState::Done { found: Some(f), .. } if *f == 0.25));
    assert!(matches!(p.state(3), StepState::Failed { why, .. } if &**why == "x"));
    assert!(matches!(p.state(4), StepState::Skipped { reason, .. } if &**reason == "y"));
    assert_eq!(*p.state(5), StepState::Open);
}

#[test]
fn the_last_word_of_each_smoke_check_is_told_failures_first() {
    let smoke = |ms, step, stands: &str| {
        said(
            "a",
            ms,
            step,
            json!({"stands": stands, "smoke": true, "service": "checkout", "why": "no", "candidate": "c"}),
        )
    };
    let runs = fold(&[smoke(1, 1, "done"), smoke(2, 2, "done"), smoke(3, 2, "failed"), smoke(4, 3, "running")]);
    let said: Vec<(u32, bool)> =
        runs.smokes(&ServiceId::from("checkout")).iter().map(|s| (s.value.step, s.value.pass)).collect();
    assert_eq!(said, [(2, false), (1, true)]);
    assert!(runs.smokes(&ServiceId::from("web")).is_empty());
}
