use super::*;

fn book() -> Runbook {
    let step = |number, kind| RunStep { number, title: Arc::from("t"), body: Vec::new(), kind };
    let expect = Expectation { op: Op::Less, value: 0.01 };
    let check = Check { asks: Asks::Query { text: "q".into(), expect, source: None }, smoke: false };
    Runbook {
        name: Arc::from("checkout-5xx"),
        steps: vec![
            step(1, StepKind::Manual),
            step(2, StepKind::Check(check)),
            step(3, StepKind::Command(Command::of(vec!["true".into()], false))),
        ],
        ..Runbook::default()
    }
}

#[test]
fn a_manual_step_is_ticked_once_and_never_run() {
    let (book, mut p) = (book(), Progress::default());
    assert_eq!(p.may_run(&book, 1), Err(NotNow::NotACheck));
    assert_eq!(p.may_tick(&book, 1), Ok(()));
    p.set(1, StepState::Done { at: Utc(0), found: None, words: "".into(), by: "".into() });
    assert_eq!(p.may_tick(&book, 1), Err(NotNow::AlreadyDone));
    assert_eq!((p.counts(), p.current(&book)), ((1, 0), Some(2)));
    assert_eq!(p.may_tick(&book, 9), Err(NotNow::NoSuchStep));
}

#[test]
fn nobody_s_word_stands_where_a_figure_or_a_program_answers() {
    let (book, mut p) = (book(), Progress::default());
    assert_eq!(p.may_tick(&book, 2), Err(NotNow::IsACheck));
    assert_eq!(p.may_tick(&book, 3), Err(NotNow::IsACommand));
    assert!(p.may_run(&book, 2).is_ok());
    p.set(2, StepState::Running { since: Utc(0), until: None, by: "".into() });
    assert_eq!(p.may_run(&book, 2), Err(NotNow::Running));
    assert_eq!(p.may_skip(&book, 2, " "), Err(NotNow::NoReason));
    assert_eq!(p.may_skip(&book, 2, "no metrics"), Ok(()));
    p.set(2, StepState::Failed { at: Utc(0), why: "".into(), by: "".into() });
    assert!(p.may_run(&book, 2).is_ok(), "a failed check may be run again");
}

#[test]
fn a_name_in_a_query_cannot_end_its_string() {
    let facts: BTreeMap<String, String> =
        [("service", r#"a"} or vector(0) or x{y="\"#), ("source", "eu-1")].map(|(k, v)| (k.into(), v.into())).into();
    assert_eq!(
        filled("e{service=$service,at=$source,x=$other,cost=\"5$\"}", &facts),
        r#"e{service="a\"} or vector(0) or x{y=\"\\",at="eu-1",x=$other,cost="5$"}"#
    );
}

#[test]
fn a_ladder_reads_as_it_is_written() {
    let rung = |who: &str, after_ms| Rung { who: who.into(), after_ms };
    let escalation = vec![rung("payments lead", Some(900_000)), rung("platform", Some(5_400_000)), rung("all", None)];
    assert_eq!(Runbook { escalation, ..book() }.escalation_words(), "payments lead after 15m, platform after 90m, all");
}
