use super::*;

fn book() -> Runbook {
    let step = |number, kind| RunStep { number, title: Arc::from("t"), body: Vec::new(), kind };
    let check = Check { query: Arc::from("q"), expect: Expectation { op: Op::Less, value: 0.01 }, source: None };
    Runbook {
        name: Arc::from("checkout-5xx"),
        service: Some(ServiceId::from("checkout")),
        steps: vec![step(1, StepKind::Manual), step(2, StepKind::Check(check))],
        ..Runbook::default()
    }
}

const AT: Utc = Utc(1_000);

#[test]
fn a_manual_step_is_ticked_once_and_never_run() {
    let (book, mut p) = (book(), Progress::default());
    assert_eq!(p.start(&book, 1), Err(NotNow::NotACheck));
    assert_eq!(p.tick(&book, 1, AT), Ok(()));
    assert_eq!(p.tick(&book, 1, AT), Err(NotNow::AlreadyDone));
    assert_eq!((p.counts(), p.current(&book)), ((1, 0), Some(2)));
    assert_eq!(p.tick(&book, 9, AT), Err(NotNow::NoSuchStep));
}

#[test]
fn a_check_passes_by_its_figure_only() {
    let (book, mut p) = (book(), Progress::default());
    assert_eq!(p.tick(&book, 2, AT), Err(NotNow::IsACheck));
    assert!(!p.answer(&book, 2, Ok(Some(0.0)), AT), "nobody asked");
    assert_eq!(p.start(&book, 2).map(|c| &*c.query), Ok("q"));
    assert_eq!(p.start(&book, 2), Err(NotNow::Running));
    assert!(p.answer(&book, 2, Ok(Some(0.2)), AT));
    let failed = |why: &str| StepState::Failed { at: AT, why: Arc::from(why) };
    assert_eq!(*p.state(2), failed("found 0.2, expected < 0.01"));
    assert!(p.start(&book, 2).is_ok(), "a failed check may be run again");
    assert!(p.answer(&book, 2, Ok(Some(0.001)), AT));
    let done = StepState::Done { at: AT, found: Some(0.001) };
    assert_eq!(*p.state(2), done);
}

#[test]
fn no_answer_is_never_a_pass() {
    let at_least_nothing = Expectation { op: Op::NotEqual, value: 0.0 };
    for found in [Ok(None), Ok(Some(f64::NAN)), Ok(Some(f64::INFINITY)), Err("401")] {
        assert!(matches!(judge(at_least_nothing, found, AT), StepState::Failed { .. }));
    }
}

#[test]
fn skipping_needs_a_reason_and_ends_a_running_check() {
    let (book, mut p) = (book(), Progress::default());
    assert_eq!(p.skip(&book, 2, " ", AT), Err(NotNow::NoReason));
    assert!(p.start(&book, 2).is_ok());
    assert_eq!(p.skip(&book, 2, " no metrics ", AT), Ok(()));
    assert!(!p.answer(&book, 2, Ok(Some(0.0)), AT));
    let skipped = StepState::Skipped { at: AT, reason: Arc::from("no metrics") };
    assert_eq!((p.state(2), p.counts()), (&skipped, (0, 1)));
    assert!(p.start(&book, 2).is_ok(), "and may be run after all");
}

#[test]
fn operators_compare_as_they_are_written() {
    for (op, below, same, above) in [
        (Op::Less, true, false, false),
        (Op::AtMost, true, true, false),
        (Op::More, false, false, true),
        (Op::AtLeast, false, true, true),
        (Op::Equal, false, true, false),
        (Op::NotEqual, true, false, true),
    ] {
        let e = Expectation { op, value: 1.0 };
        assert_eq!((e.holds(0.5), e.holds(1.0), e.holds(1.5)), (below, same, above));
    }
}

#[test]
fn the_listed_runbook_goes_before_the_one_that_names_the_service() {
    let mut other = book();
    other.name = Arc::from("general");
    other.service = None;
    let all = [Arc::new(book()), Arc::new(other)];
    let checkout = ServiceId::from("checkout");
    assert_eq!(find(&all, &checkout, &[]).unwrap().name, "checkout-5xx".into());
    let listed = ["gone".into(), "general".into()];
    assert_eq!(find(&all, &checkout, &listed).unwrap().name, "general".into());
    assert!(find(&all, &ServiceId::from("web"), &[]).is_none());
}
