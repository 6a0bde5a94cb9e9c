use super::*;
use crate::testkit::states_signals::pictured;
use crate::testkit::stories::{calm, judged, worse};
use crate::testkit::world::World;

fn page(w: &World, cell: Cell) -> Provenance {
    let service = w.model.nav.selected.clone().expect("a service is chosen");
    of(&w.model, &service, cell)
}

#[test]
fn a_rate_tells_its_counts_its_query_and_the_blocks_it_is_summed_over() {
    let w = worse();
    let p = page(&w, Cell::Rate(Signal::Errors, Track::Candidate));
    let (_, c) = &p.counts[0];
    let j = w.model.judged.values().find(|j| j.verdict.word == crate::core::judge::verdict::Word::Worse).unwrap();
    assert_eq!(*c, j.verdict.candidate);
    assert!(p.figure.starts_with("21."), "{p:?}");
    let a = &p.asked[0];
    assert!(a.query.as_deref().unwrap().contains("http_requests_total"));
    let Taken::Range { from, to, step_secs } = a.taken else { panic!("{a:?}") };
    // Its points at the ends of the blocks are the counts.
    assert_eq!((from.secs() - 15, step_secs), (j.judge.terms().first_edge(), 15));
    assert_eq!(Some(to), j.verdict.look);
    assert_eq!(a.source, "metrics");
    assert!(p.is_whole());
}

#[test]
fn what_no_telemetry_is_behind_names_its_source_and_when_it_was_read() {
    let w = worse();
    for cell in [Cell::Ready, Cell::Pods, Cell::Weight, Cell::Deployed, Cell::Takes] {
        let p = page(&w, cell);
        assert!(p.asked.iter().any(|a| matches!(a.taken, Taken::Read(Some(_))) && !a.source.is_empty()), "{p:?}");
    }
}

#[test]
fn the_limits_of_the_teams_own_analyses_stand_on_the_page_by_name() {
    use crate::core::world::detail::{Analysis, Metric, Role};
    let mut w = worse();
    let id = w.target_id("checkout");
    let metric = Metric {
        name: "success-rate".into(),
        condition: "result[0] >= 0.95".into(),
        failure_limit: Some(2),
        successful: 3,
        failed: 1,
        ..Metric::default()
    };
    let run = Analysis {
        kind: "AnalysisRun".into(),
        name: "checkout-7c6d-2-1".into(),
        uid: "u".into(),
        role: Role::Step,
        phase: "Running".into(),
        message: "".into(),
        started: None,
        terminated: false,
        metrics: vec![metric, Metric { name: "no-condition".into(), ..Metric::default() }],
    };
    w.model.world.targets.get_mut(&id).unwrap().detail.checks.push(run);
    let own: Vec<String> = page(&w, Cell::Verdict).steps.into_iter().filter(|s| s.contains("team's own")).collect();
    assert_eq!(
        own,
        [
            "the team's own limit, success-rate of checkout-7c6d-2-1: result[0] >= 0.95; more than 2 failures fail the run; \
          3 passed, 1 failed so far"
        ]
    );
}

#[test]
fn a_missing_figure_says_why_and_is_never_zero() {
    let w = judged(600, (0.0, 0.0), (2_700.0, 0.6));
    let p = page(&w, Cell::Rate(Signal::Errors, Track::Candidate));
    assert_eq!(p.figure, "no requests");
    assert!(p.missing.as_deref().unwrap().contains("not 0%"), "{p:?}");
    let p = page(&w, Cell::Rate(Signal::Latency, Track::Stable));
    assert_eq!(p.figure, "not measured");
    assert!(p.missing.is_some() && p.is_whole(), "{p:?}");
}

#[test]
fn every_figure_that_can_be_walked_to_is_explained_whole() {
    for w in [worse(), calm(), pictured(), judged(240, (20.0, 0.0), (240.0, 0.1))] {
        for row in &w.model.rows {
            for board in [false, true] {
                for cell in cells(&w.model, &row.service, board) {
                    let p = of(&w.model, &row.service, cell);
                    assert!(p.is_whole(), "{} {p:?}", row.service);
                    assert!(!p.name.is_empty());
                }
            }
        }
    }
}

#[test]
fn nothing_here_depends_on_when_the_console_was_opened_or_looks() {
    let mut w = worse();
    let cell = Cell::Rate(Signal::Errors, Track::Stable);
    let before = page(&w, cell);
    w.wait(3_000);
    assert_eq!(page(&w, cell), before);
}

#[test]
fn walking_goes_round_in_both_directions() {
    let w = worse();
    let first = beside(&w.model, None, 1, false).unwrap();
    let last = beside(&w.model, None, -1, false).unwrap();
    assert_eq!(beside(&w.model, Some(first), -1, false), Some(last));
    assert_eq!(beside(&w.model, Some(last), 1, false), Some(first));
    assert_eq!(first, Cell::Verdict);
}
