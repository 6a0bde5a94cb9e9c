//! The verdict by example.

use super::*;
use crate::core::judge::freshness::Age;
use crate::core::judge::limit::Origin;

/// 2026-11-21T03:09:00Z, an edge.
pub(super) const START: i64 = 1_795_230_540;

pub(super) fn c(failed: f64, total: f64) -> Option<Counts> {
    Some(Counts { total, failed })
}

pub(super) fn judge() -> Judge {
    Judge::new(Terms::new(Utc::from_secs(START), Some(0.999)))
}

/// `n` blocks from block number `from` on, all alike.
fn run(from: i64, n: i64, candidate: Option<Counts>, stable: Option<Counts>) -> Vec<Block> {
    (from..from + n).map(|i| Block { start: START + i * BLOCK_SECS, candidate, stable }).collect()
}

/// The moment when block number `blocks - 1` has just settled.
pub(super) fn after(blocks: i64) -> At {
    let now = Utc::from_secs(START + (blocks + 1) * BLOCK_SECS);
    At { now, newest_sample: Some(now), scrape_secs: 15, skew_ms: 0 }
}

fn word(j: &Judge, blocks: i64) -> Word {
    j.verdict(&after(blocks)).word
}

#[test]
fn the_story_of_the_screens_reads_as_on_the_screens() {
    let mut j = judge();
    j.feed(&run(0, 19, c(47.0, 217.0), c(0.8, 1949.0)));
    let v = j.verdict(&after(19));
    assert_eq!((v.word, v.age), (Word::Worse, Age::Fresh));
    assert_eq!(v.since, Some(Utc::from_secs(START + 15)), "the first look was enough");
    assert_eq!((v.limit.short().as_str(), v.limit.origin().as_str()), ("0.26", "3x burn of 99.9"));
    assert!(matches!(v.limit.from, Origin::Burn { .. }));
    let d = v.difference.unwrap();
    assert!((d.d - 0.2162).abs() < 1e-3 && d.range.lo > 0.18 && d.range.hi < 0.26, "{d:?}");
    let p = v.projected.unwrap();
    assert!((p.burn - 216.6).abs() < 1.0 && p.range.lo < p.burn && p.burn < p.range.hi, "{p:?}");
    assert_eq!((v.progress.have, v.progress.expected, v.progress.missing), (19, 19, 0));
    assert_eq!((v.progress.reading(), v.recent, v.evidence.higher), (None, None, 1.0));
    assert_eq!(v.last_seen(after(19).now), None, "it is seen now");
}

#[test]
fn only_worse_latches_and_only_an_ack_or_time_ends_it() {
    let mut j = judge();
    j.feed(&run(0, 4, c(7.0, 7.0), c(0.0, 133.0)));
    j.feed(&run(4, 200, c(0.0, 900.0), c(2.0, 17_100.0)));
    let v = j.verdict(&after(204));
    assert_eq!(v.word, Word::Worse);
    let latch = v.latched.unwrap();
    assert!(latch.last_seen < v.look.unwrap());
    assert!(v.last_seen(after(204).now).unwrap().starts_with("last seen "));
    // The data goes; the word stays, and so do the figures.
    let gone = At { now: Utc::from_secs(START + 6000), ..after(204) };
    let v = j.verdict(&gone);
    assert_eq!((v.word, v.age), (Word::Worse, Age::Withdrawn));
    assert_eq!(v.last_seen(Utc(latch.last_seen.0 + 240_000)).unwrap(), "last seen 4m ago");
    assert!(v.difference.is_some());
    // 72 h later nobody remembers.
    let late = At { now: Utc(latch.last_seen.0 + 72 * 3_600_000 + 1), ..gone };
    assert_eq!(j.verdict(&late).word, Word::NoData);
    // Acknowledged, it is over at once, here and on every console that replays.
    j.ack(v.look.unwrap());
    assert_eq!(word(&j, 204), Word::Same);
    assert_eq!(j.verdict(&gone).word, Word::NoData);
    assert_eq!(j.verdict(&after(204)).latched, None);
}

#[test]
fn an_acknowledged_worse_that_goes_on_is_known_and_a_new_one_is_news() {
    let mut j = judge();
    let bad = (c(20.0, 150.0), c(2.0, 2850.0));
    j.feed(&run(0, 4, bad.0, bad.1));
    j.ack(j.verdict(&after(4)).look.unwrap());
    let v = j.verdict(&after(4));
    assert!(v.word == Word::Worse && v.latched.unwrap().acked);
    j.feed(&run(4, 2, bad.0, bad.1));
    assert!(j.verdict(&after(6)).latched.unwrap().acked);
    // Data goes: an acknowledged WORSE does not stay.
    let gone = At { now: Utc::from_secs(START + 6000), ..after(6) };
    assert_eq!(j.verdict(&gone).word, Word::NoData);
    j.feed(&run(6, 400, c(0.0, 150.0), c(2.0, 2850.0)));
    assert_eq!(word(&j, 406), Word::Same);
    j.feed(&run(406, 40, c(40.0, 150.0), c(2.0, 2850.0)));
    let again = j.verdict(&after(446)).latched.unwrap();
    assert!(!again.acked && again.first.secs() > START + 406 * BLOCK_SECS);
}

#[test]
fn a_late_regression_is_found_by_the_recent_instance() {
    let mut j = judge();
    j.feed(&run(0, 80, c(0.16, 150.0), c(3.0, 2850.0)));
    assert_eq!(word(&j, 80), Word::Same);
    j.feed(&run(80, 4, c(9.0, 150.0), c(3.0, 2850.0)));
    let v = j.verdict(&after(84));
    assert_eq!(v.word, Word::Worse);
    assert_eq!(v.latched.unwrap().cause, Cause::Recent);
    assert_eq!(v.recent.unwrap().since.secs(), START + 1200);
    // The word rests on these minutes: the whole rollout's difference lies under the limit and would contradict it.
    let (whole, lately) = (v.difference.unwrap(), v.lately().unwrap());
    assert!(whole.range.lo < v.limit.margin && lately.difference.range.lo > v.limit.margin, "{whole:?} {lately:?}");
    // What the whole rollout shows needs no such words.
    let mut early = judge();
    early.feed(&run(0, 40, c(30.0, 150.0), c(3.0, 2850.0)));
    assert_eq!((word(&early, 40), early.verdict(&after(40)).lately()), (Word::Worse, None));
}

#[test]
fn the_breaker_does_not_wait_for_statistics() {
    let mut j = judge();
    j.feed(&run(0, 1, c(7.0, 7.0), c(0.0, 133.0)));
    let v = j.verdict(&after(1));
    assert_eq!(v.word, Word::Worse);
    assert_eq!(v.latched.unwrap().cause.words(), "7 of 7 candidate requests failed in 60s");
    // Spread over more than a minute it is not the breaker's business.
    let mut slow = judge();
    for i in 0..5 {
        slow.feed(&run(i * 4, 1, c(1.0, 1.0), c(0.0, 133.0)));
        slow.feed(&run(i * 4 + 1, 3, c(0.0, 0.0), c(0.0, 133.0)));
    }
    assert_eq!(word(&slow, 20).word(), "UNSURE");
}

#[test]
fn absence_has_its_own_words_and_never_a_good_one() {
    let j = judge();
    assert_eq!(word(&j, 2), Word::NoTraffic(Track::Candidate), "too young to be blind");
    assert_eq!(word(&j, 3), Word::NoData);
    let never = At { newest_sample: None, ..after(40) };
    let mut j = judge();
    j.feed(&run(0, 40, c(0.0, 900.0), c(2.0, 17_100.0)));
    assert_eq!(word(&j, 40), Word::Same);
    assert_eq!(j.verdict(&never).word, Word::NoData);
    let later = |s: i64| At { now: Utc(after(40).now.0 + s * 1000), ..after(40) };
    assert_eq!(j.verdict(&later(61)).age, Age::Old);
    assert_eq!(j.verdict(&later(61)).word, Word::Same);
    assert_eq!(j.verdict(&later(121)).word, Word::NoData);
    assert_eq!(j.verdict(&At { skew_ms: 40_000, ..after(40) }).age, Age::Old);
    // The candidate's series alone goes: the newest sample is stable's, and it does not help.
    j.feed(&run(40, 12, None, c(2.0, 17_100.0)));
    assert_eq!(word(&j, 52), Word::NoData);
    assert_eq!(j.verdict(&after(52)).progress.missing, 12);

    let mut j = judge();
    j.feed(&run(0, 4, None, c(0.0, 100.0)));
    assert_eq!(word(&j, 4), Word::NoTraffic(Track::Candidate));
    j.feed(&run(4, 4, c(0.0, 20.0), c(0.0, 100.0)));
    assert_eq!(word(&j, 8).word(), "UNSURE");
    j.feed(&run(8, 4, c(0.0, 0.0), c(0.0, 100.0)));
    let v = j.verdict(&after(12));
    assert_eq!((v.word, v.since), (Word::NoTraffic(Track::Candidate), Some(Utc::from_secs(START + 120))));
    assert_eq!(Verdict::not_judged().word, Word::NotJudged);

    let mut first = Judge::new(Terms { baseline: false, ..Terms::new(Utc::from_secs(START), Some(0.999)) });
    first.feed(&run(0, 8, c(1.0, 100.0), None));
    let v = first.verdict(&after(8));
    assert_eq!(v.word, Word::NoBaseline);
    assert!((v.projected.unwrap().burn - 10.0).abs() < 1e-6);
}

#[test]
fn a_slow_service_is_not_silent() {
    let mut j = judge();
    for i in 0..20 {
        j.feed(&run(i * 8, 1, c(0.0, 1.0), c(0.0, 1.0)));
        j.feed(&run(i * 8 + 1, 7, c(0.0, 0.0), c(0.0, 1.0)));
    }
    let v = j.verdict(&after(160));
    assert_eq!(v.word.word(), "UNSURE", "a request every two minutes");
    assert!(v.wait().unwrap().starts_with("cannot be decided at this traffic"));
}

#[test]
fn unsure_says_why_and_how_many_more() {
    let mut j = judge();
    j.feed(&run(0, 4, c(0.0, 50.0), c(1.0, 950.0)));
    let v = j.verdict(&after(4));
    let Word::Unsure(Unsure::TooFew { needed: Some(n) }) = v.word else { panic!("{:?}", v.word) };
    assert!(n > 500.0 && v.needed == Some(n));
    assert_eq!(v.seconds_to_go(), Some(n / (50.0 / 15.0)));
    assert!(v.word.detail().ends_with(" more") && v.wait().unwrap().contains("at 3.3 req/s"));

    let mut j = judge();
    j.feed(&run(0, 2, c(1.0, 60.0), c(1.0, 950.0)));
    let v = j.verdict(&after(2));
    assert_eq!(v.word, Word::Unsure(Unsure::LeaningWorse));
    assert!(v.needed.unwrap() > 0.0);

    // A difference of half the limit is undecided long after a healthy candidate would have passed.
    let mut j = Judge::new(Terms { limit: Some(0.005), ..Terms::new(Utc::from_secs(START), None) });
    j.feed(&run(0, 70, c(2.0, 150.0), c(31.0, 2850.0)));
    assert_eq!(word(&j, 70), Word::Unsure(Unsure::AtTheLimit));

    let mut j = judge();
    j.feed(&run(0, 6, c(0.0, 50.0), c(1.0, 950.0)));
    j.feed(&run(9, 3, c(0.0, 50.0), c(1.0, 950.0)));
    let v = j.verdict(&after(12));
    assert_eq!((v.word, v.progress.missing), (Word::Unsure(Unsure::Gaps), 3));
    assert_eq!(v.progress.reading().as_deref(), Some("reading 9 of 12 blocks"));
    assert_eq!(j.to_read(&after(12)), vec![(START + 90, START + 135)]);

    let mut j = judge();
    for i in 0..30 {
        let burst = if i % 4 == 0 { 12.0 } else { 0.0 };
        j.feed(&run(i * 2, 2, c(burst, 150.0), c(burst * 19.0 + 1.0, 2850.0)));
    }
    assert!(j.verdict(&after(60)).phi < 5.0, "shared bursts are no clumps of the difference");
    let mut j = judge();
    for i in 0..30 {
        let (mine, theirs) = if i % 2 == 0 { (2.0, 0.0) } else { (0.0, 38.0) };
        j.feed(&run(i * 2, 2, c(mine * 2.0, 150.0), c(theirs * 2.0, 2850.0)));
    }
    let v = j.verdict(&after(60));
    assert_eq!(v.word, Word::Unsure(Unsure::Bursty), "{}", v.phi);
    assert!(v.bursts().unwrap().starts_with("errors come in bursts (x"));
}

#[test]
fn junk_is_no_data_and_what_cannot_be_is_marked() {
    let mut j = judge();
    let fed = j.feed(&[
        Block { start: START - 15, candidate: c(0.0, 9.0), stable: c(0.0, 9.0) },
        Block { start: START + 7, candidate: c(0.0, 9.0), stable: c(0.0, 9.0) },
        Block { start: START, candidate: c(f64::NAN, 9.0), stable: c(0.0, f64::INFINITY) },
        Block { start: START + 15, candidate: c(12.0, 9.0), stable: c(0.0, 90.0) },
    ]);
    assert_eq!(fed, Fed { new: 2, changed: 0, ignored: 2, replayed: false });
    let v = j.verdict(&after(2));
    assert!(v.inconsistent);
    assert_eq!(v.candidate, Counts { total: 9.0, failed: 9.0 });
    assert_eq!(v.progress.missing, 1);
}

#[test]
fn a_corrected_block_is_judged_again() {
    let mut j = judge();
    j.feed(&run(0, 4, c(7.0, 7.0), c(0.0, 133.0)));
    assert_eq!(word(&j, 4), Word::Worse);
    let fed = j.feed(&run(0, 4, c(0.0, 7.0), c(0.0, 133.0)));
    assert!(fed.replayed && fed.changed == 4);
    assert_eq!(word(&j, 4).word(), "UNSURE");
    assert_eq!(j.feed(&run(0, 4, c(0.0, 7.0), c(0.0, 133.0))), Fed::default());
}

#[test]
fn series_that_are_gone_are_no_data_and_never_no_traffic() {
    let start = Utc::from_secs(1_200_000);
    let mut judge = Judge::new(Terms::new(start, Some(0.999)));
    let mut blocks: Vec<Block> = (0..20)
        .map(|i| Block {
            start: start.secs() + i * BLOCK_SECS,
            candidate: Some(Counts { total: 300.0, failed: 0.0 }),
            stable: Some(Counts { total: 2_700.0, failed: 1.0 }),
        })
        .collect();
    let last = start.secs() + 20 * BLOCK_SECS;
    blocks.extend((20..40).map(|i| Block { start: start.secs() + i * BLOCK_SECS, candidate: None, stable: None }));
    judge.feed(&blocks);
    for after in (0..300).step_by(5) {
        let at = At {
            now: Utc::from_secs(last + after),
            newest_sample: Some(Utc::from_secs(last)),
            scrape_secs: 15,
            skew_ms: 0,
        };
        let word = judge.verdict(&at).word;
        assert!(!matches!(word, Word::NoTraffic(_)), "{after} s after: {word:?}");
        assert_eq!(word == Word::NoData, after > 120, "{after} s after: {word:?}");
    }
}
