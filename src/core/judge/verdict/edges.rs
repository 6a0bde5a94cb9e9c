//! The edge cases of the maths page, section 11, one test each. What a block counts, resets and stale markers are the
//! source's matter and tested there and in `stats::counters`.

use super::tests::{START, after, c, judge};
use super::*;
use crate::core::judge::stats::avsd::Sums;
use crate::core::judge::stats::burn::{burn_interval, burn_rate};
use crate::core::judge::stats::one_look::newcombe_cc;
use crate::core::judge::stats::{Interval, Pair, call};

fn of(j: &Judge, n: i64) -> Verdict {
    j.verdict(&after(n))
}

fn fed(rows: &[(Option<Counts>, Option<Counts>)]) -> Judge {
    let mut j = judge();
    for (i, r) in rows.iter().enumerate() {
        j.feed(&[Block { start: START + i as i64 * BLOCK_SECS, candidate: r.0, stable: r.1 }]);
    }
    j
}

fn same(n: usize, candidate: Option<Counts>, stable: Option<Counts>) -> Judge {
    fed(&vec![(candidate, stable); n])
}

#[test]
fn nothing_of_nothing_is_no_traffic_and_no_rate() {
    let j = same(8, c(0.0, 0.0), c(0.0, 0.0));
    let v = of(&j, 8);
    assert_eq!((v.word, v.difference, v.projected), (Word::NoTraffic(Track::Candidate), None, None));
    assert_eq!(newcombe_cc(Pair::new(0.0, 0.0, 0.0, 0.0)), Interval::new(-1.0, 1.0));
}

#[test]
fn no_failure_of_many_is_a_measurement() {
    let v = of(&same(40, c(0.0, 900.0), c(0.0, 17_100.0)), 40);
    assert_eq!((v.word, v.candidate.failed, v.stable.failed), (Word::Same, 0.0, 0.0));
}

#[test]
fn all_of_all_on_both_tracks_is_no_difference() {
    let v = of(&same(8, c(300.0, 300.0), c(2_700.0, 2_700.0)), 8);
    assert!(!matches!(v.word, Word::Worse | Word::Higher), "the breaker looks at stable too: {:?}", v.word);
    assert_eq!(v.difference.unwrap().d, 0.0);
    assert!(v.difference.unwrap().range.hi <= 1.0);
}

#[test]
fn seven_candidate_requests_decide_nothing_unless_they_all_fail() {
    let unlucky = of(&fed(&[(c(1.0, 7.0), c(1.0, 133.0))]), 1);
    assert!(matches!(unlucky.word, Word::Unsure(_)), "{:?}", unlucky.word);
    assert_eq!(of(&fed(&[(c(7.0, 7.0), c(0.0, 133.0))]), 1).word, Word::Worse);
}

#[test]
fn fractions_of_requests_count_as_what_they_are() {
    let v = of(&same(8, c(0.5, 33.3), c(0.25, 633.3)), 8);
    assert!(
        (v.candidate.failed - 4.0).abs() < 1e-9 && (v.candidate.total - 8.0 * 33.3).abs() < 0.1,
        "{:?}",
        v.candidate
    );
}

#[test]
fn more_failures_than_requests_are_clamped_and_marked() {
    let v = of(&same(4, c(12.0, 9.0), c(0.0, 90.0)), 4);
    assert!(v.inconsistent);
    assert_eq!(v.candidate, Counts { total: 36.0, failed: 36.0 });
}

#[test]
fn a_billion_requests_lose_no_digits_that_matter() {
    let v = of(&fed(&[(c(1e7, 1e9), c(9.9e6, 1e9))]), 1);
    let d = v.difference.unwrap();
    assert!((d.d - 1e-4).abs() < 1e-9 && d.range.lo > 0.0 && d.range.hi < 2e-4, "{d:?}");
    assert_eq!(v.word, Word::Same, "surely higher, surely within the limit");
    assert!(v.higher_within());
}

#[test]
fn a_block_with_one_track_only_counts_for_nothing_but_itself() {
    let both = (c(1.0, 100.0), c(10.0, 1_900.0));
    let alone = fed(&[both, both, (c(30.0, 100.0), c(0.0, 0.0)), (c(0.0, 0.0), c(0.0, 1_900.0)), both]);
    let without = fed(&[both, both, both]);
    assert_eq!(alone.looks.whole, without.looks.whole);
    assert_eq!(of(&alone, 5).candidate.failed, 33.0, "the counts are shown whole");
}

#[test]
fn all_blocks_skipped_is_no_difference_and_no_good_word() {
    let mut rows = Vec::new();
    for i in 0..20 {
        rows.push(if i % 2 == 0 { (c(0.0, 100.0), c(0.0, 0.0)) } else { (c(0.0, 0.0), c(0.0, 900.0)) });
    }
    let v = of(&fed(&rows), 20);
    assert_eq!(v.difference, None);
    assert!(!matches!(v.word, Word::Same | Word::Better), "{:?}", v.word);
}

#[test]
fn a_candidate_with_most_of_the_traffic_is_judged_as_carefully() {
    let half = of(&same(60, c(9.0, 1_500.0), c(9.0, 1_500.0)), 60);
    let most = of(&same(60, c(17.1, 2_850.0), c(0.9, 150.0)), 60);
    for v in [half, most] {
        assert!(matches!(v.word, Word::Same | Word::Unsure(_)), "{:?}", v.word);
        let d = v.difference.unwrap();
        assert!(d.range.lo < 0.0 && d.range.hi > 0.0, "{d:?}");
    }
    assert_eq!(of(&same(8, c(300.0, 2_850.0), c(0.9, 150.0)), 8).word, Word::Worse);
}

/// Nothing but the blocks is known to a later reader, so a block is closed at its own edge whatever the weight does: one
/// in which the weight changed compares the two tracks as they were mixed in it. What that can do is bounded by the
/// drift within 15 s; a threefold rise of both tracks' failures in a block that goes from 5 to 50 % is far beyond it.
#[test]
fn a_weight_change_amid_a_block_moves_nothing_that_counts() {
    let quiet = (c(1.5, 150.0), c(28.5, 2_850.0));
    let later = (c(45.0, 1_500.0), c(45.0, 1_500.0));
    // First half at 5 % and 1 %, second at 50 % and 3 %.
    let mixed = (c(0.75 + 22.5, 75.0 + 750.0), c(14.25 + 22.5, 1_425.0 + 750.0));
    let mut rows = vec![quiet; 20];
    rows.push(mixed);
    rows.extend(vec![later; 20]);
    for n in 1..=rows.len() {
        let v = of(&fed(&rows[..n]), n as i64);
        assert!(!matches!(v.word, Word::Worse | Word::Higher), "look {n}: {:?} {:?}", v.word, v.difference);
    }
    // Pooled over the rollout the same counts would cry wolf: 2.6 % against 1.8 %.
    let v = of(&fed(&rows), 41);
    let pooled = v.candidate.failed / v.candidate.total - v.stable.failed / v.stable.total;
    assert!(pooled > 0.005 && v.difference.unwrap().d < 0.001, "{pooled} {:?}", v.difference);
}

#[test]
fn a_clock_that_goes_back_drops_the_block() {
    let mut j = same(4, c(0.0, 100.0), c(0.0, 900.0));
    let before = j.clone();
    for start in [START - BLOCK_SECS, START - 3_600, START + 1, START - 1] {
        let fed = j.feed(&[Block { start, candidate: c(90.0, 100.0), stable: c(0.0, 900.0) }]);
        assert_eq!((fed.new, fed.changed, fed.ignored), (0, 0, 1));
    }
    assert_eq!(j, before);
    // Our own clock went back behind the newest sample: nothing is newer than now, nothing is blind.
    let at = At { now: Utc::from_secs(START + 30), ..after(4) };
    assert_eq!(j.verdict(&at).age, super::super::Age::Fresh);
}

#[test]
fn a_console_started_later_and_one_started_twice_say_the_same() {
    let rows: Vec<_> = (0..60).map(|i| (c(f64::from(i % 7), 150.0), c(f64::from(i % 5) * 9.0, 2_850.0))).collect();
    let early = fed(&rows);
    let late = {
        let mut j = judge();
        let blocks: Vec<Block> = early.blocks().copied().collect();
        for chunk in blocks.chunks(10).rev() {
            j.feed(chunk);
        }
        j
    };
    let restarted: Judge = serde_json::from_str(&serde_json::to_string(&early).unwrap()).unwrap();
    let at = after(60);
    assert_eq!(early.verdict(&at), late.verdict(&at));
    assert_eq!(
        serde_json::to_string(&early.verdict(&at)).unwrap(),
        serde_json::to_string(&restarted.verdict(&at)).unwrap()
    );
    // The recent sums began at a whole 300 s from the start, whoever looks.
    assert_eq!(early.verdict(&at).recent.unwrap().since.secs(), START + 600);
}

#[test]
fn another_revision_begins_with_nothing() {
    let j = same(40, c(20.0, 150.0), c(2.0, 2_850.0));
    assert_eq!(of(&j, 40).word, Word::Worse);
    let next = Judge::new(Terms::new(Utc::from_secs(START + 600), Some(0.999)));
    assert_eq!((next.looks.latch, next.looks.whole), (None, Sums::default()));
    assert!(!matches!(next.verdict(&after(41)).word, Word::Worse));
}

#[test]
fn what_is_no_number_is_no_data() {
    for bad in [c(f64::NAN, 9.0), c(0.0, f64::INFINITY), c(-1.0, 9.0), c(0.0, -9.0)] {
        let v = of(&fed(&[(bad, c(0.0, 90.0))]), 1);
        assert_eq!((v.candidate, v.difference), (Counts::default(), None), "{bad:?}");
    }
}

#[test]
fn a_target_of_100_percent_has_no_budget_and_is_not_divided_by() {
    let mut j = Judge::new(Terms::new(Utc::from_secs(START), Some(1.0)));
    j.feed(&[Block { start: START, candidate: c(1.0, 100.0), stable: c(1.0, 1_900.0) }]);
    let v = of(&j, 1);
    assert_eq!((v.projected, v.limit.margin), (None, crate::core::judge::limit::LEAST));
    assert_eq!(burn_rate(0.0, 1_000.0, 1.0), Some(0.0));
    assert_eq!(burn_rate(1.0, 1_000.0, 1.0), Some(f64::INFINITY));
    assert_eq!(burn_interval(1.0, 1_000.0, 1.0), None);
}

#[test]
fn with_no_margin_no_worse_is_better_or_nothing() {
    for (lo, hi) in [(-0.2, -0.1), (-0.1, 0.0), (-0.1, 0.1), (0.0, 0.1), (0.1, 0.2)] {
        let word = call(Interval::new(lo, hi), None, 0.0);
        assert_ne!(word, crate::core::judge::stats::Call::NoWorse, "{lo} {hi}");
        assert_eq!(word == crate::core::judge::stats::Call::Better, hi < 0.0);
    }
}

#[test]
fn a_warm_up_is_shown_and_not_judged_by() {
    let cold = Terms { warm_up_secs: 60, ..Terms::new(Utc::from_secs(START), Some(0.999)) };
    let mut j = Judge::new(cold);
    // The candidate's first request comes in the third block; four blocks from there are its warm-up.
    let rows = [vec![(c(0.0, 0.0), c(1.0, 2_850.0)); 2], vec![(c(20.0, 150.0), c(1.0, 2_850.0)); 4]].concat();
    for (i, r) in rows.iter().enumerate() {
        j.feed(&[Block { start: START + i as i64 * BLOCK_SECS, candidate: r.0, stable: r.1 }]);
    }
    let v = of(&j, 6);
    assert_eq!((v.difference, v.candidate.failed), (None, 80.0));
    assert!(matches!(v.word, Word::Unsure(_)), "{:?}", v.word);
    j.feed(&[Block { start: START + 6 * BLOCK_SECS, candidate: c(20.0, 150.0), stable: c(1.0, 2_850.0) }]);
    assert!(of(&j, 7).difference.is_some(), "it is over");
    // By default everything counts.
    assert_eq!(of(&fed(&rows), 6).word, Word::Worse);
    // The breaker does not wait for it.
    let mut j = Judge::new(cold);
    j.feed(&[Block { start: START, candidate: c(9.0, 9.0), stable: c(0.0, 133.0) }]);
    assert_eq!(of(&j, 1).word, Word::Worse);
}
