//! A verdict of several signals: who decides, what stands beside the word, and what is laid over the blocks.

use super::judged::{Also, Judged};
use super::policy::Policy;
use super::representative::{Routes, Share};
use super::verdict::{At, BLOCK_SECS, Cause, Word};
use crate::core::id::{Hash, ServiceId};
use crate::core::judge::tracks::{rows, tracks};
use crate::core::time::Utc;
use crate::core::world::detail::{Analysis, Flagger, Role, Workload};
use crate::core::world::figures::{Blocks, Counts, Signal, Split, VersionBlock};
use crate::core::world::target::{Phase, TargetState, Trouble};
use crate::testkit::canary::Canary;
use proptest::prelude::*;
use std::sync::Arc;

const START: i64 = 1_795_230_540;

fn target() -> TargetState {
    let mut t = Canary::new("checkout", "eu-1").since(0).state(Utc::from_secs(START), 1);
    t.gate = None;
    t
}

fn at(blocks: i64) -> At {
    let now = Utc::from_secs(START + (blocks + 1) * BLOCK_SECS);
    At { now, newest_sample: Some(now), scrape_secs: 15, skew_ms: 0 }
}

fn judged() -> Judged {
    Judged::begin(&target(), Policy::default(), true, &at(0)).unwrap()
}

fn counts(failed: f64, total: f64) -> Counts {
    Counts { total, failed }
}

/// Blocks `from..from + n`, by hash.
fn told(signal: Signal, from: i64, n: i64, candidate: Counts, stable: Counts) -> Blocks {
    let t = target();
    let rows = || vec![(t.candidate.clone().unwrap(), candidate), (t.stable.clone().unwrap(), stable)];
    let blocks = (from..from + n).map(|i| VersionBlock { start: START + i * BLOCK_SECS, by_hash: rows() }).collect();
    let service = ServiceId::new("checkout");
    Blocks { signal, ..Blocks::errors(service, blocks, Some(at(from + n).now), 15, "q".into()) }
}

fn fine(signal: Signal, n: i64) -> Blocks {
    told(signal, 0, n, counts(0.0, 900.0), counts(2.0, 17_100.0))
}

fn bad(signal: Signal, n: i64) -> Blocks {
    told(signal, 0, n, counts(90.0, 900.0), counts(2.0, 17_100.0))
}

#[test]
fn the_first_configured_decides_and_the_others_are_named_beside_it() {
    let mut j = judged();
    assert_eq!(j.said(), "NO TRAFFIC, candidate", "before the first figure nothing is known to be missing");
    j.feed(&fine(Signal::Errors, 40), &at(40));
    assert_eq!(j.said(), "SAME on errors; latency, correctness not measured");
    j.feed(&fine(Signal::Latency, 40), &at(40));
    assert_eq!(j.said(), "SAME on errors, latency; correctness not measured");
    assert_eq!(j.measured().words(), "on errors, latency; correctness not measured");
    let before = j.stands();
    j.feed(&bad(Signal::Latency, 40), &at(40));
    assert_eq!((j.signal, j.verdict.word), (Signal::Errors, Word::Same), "it informs");
    assert_eq!(j.said(), "SAME on errors; latency WORSE; correctness not measured");
    assert_ne!(j.stands(), before, "and that is news");
}

#[test]
fn the_order_of_a_config_goes_before_ours() {
    let mut j = judged();
    j.under(Policy { signals: vec![Signal::Latency], ..Policy::default() });
    j.feed(&bad(Signal::Errors, 8), &at(8));
    assert_eq!(j.signal, Signal::Errors, "until the one that decides is heard of");
    j.feed(&fine(Signal::Latency, 8), &at(8));
    assert_eq!(j.signal, Signal::Latency);
    assert!(matches!(j.verdict.word, Word::Same | Word::Unsure(_)));
    assert_eq!(j.also[&Signal::Errors].verdict.word, Word::Worse);
}

#[test]
fn split_divides_alpha_and_the_worst_word_decides() {
    let policy = Policy { signals: vec![Signal::Errors, Signal::Latency], split: true, ..Policy::default() };
    let mut j = judged();
    assert!(j.under(policy.clone()) && !j.under(policy));
    j.feed(&fine(Signal::Errors, 60), &at(60));
    j.feed(&bad(Signal::Latency, 60), &at(60));
    assert_eq!((j.signal, j.verdict.word), (Signal::Latency, Word::Worse));
    assert_eq!(j.said(), "WORSE on latency; errors SAME; correctness not measured");
    let share = |j: &Judged| j.signals().map(|(_, _, judge)| judge.terms().alpha_share).collect::<Vec<_>>();
    assert_eq!(share(&j), [0.5, 0.5]);
    // Half of alpha makes a wider range.
    let mut alone = judged();
    alone.feed(&fine(Signal::Errors, 60), &at(60));
    let width = |v: &super::Verdict| v.difference.unwrap().range.half_width();
    assert!(width(&j.also[&Signal::Errors].verdict) > width(&alone.verdict));
    // A signal that does not decide is no part of it.
    j.feed(&bad(Signal::Correctness, 60), &at(60));
    assert_eq!((j.signal, j.also[&Signal::Correctness].judge.terms().alpha_share), (Signal::Latency, 1.0));
}

#[test]
fn latency_has_its_own_limit() {
    let mut j = judged();
    // 0.3 pp more slow requests.
    j.feed(&told(Signal::Latency, 0, 200, counts(11.7, 900.0), counts(171.0, 17_100.0)), &at(200));
    assert_eq!((j.signal, j.verdict.limit.margin), (Signal::Latency, 0.01));
    assert_eq!(j.verdict.limit.origin(), "default for latency");
    assert_eq!(j.verdict.word, Word::Same);
    j.under(Policy { limits: [(Signal::Latency, 0.001)].into(), ..Policy::default() });
    j.look(&at(200));
    assert_eq!((j.verdict.word, j.verdict.limit.margin), (Word::Worse, 0.001));
}

#[test]
fn a_target_found_later_judges_the_same_blocks_anew() {
    let mut j = judged();
    j.feed(&fine(Signal::Errors, 20), &at(20));
    assert_eq!((j.verdict.projected, j.verdict.limit.margin), (None, 0.005));
    j.under(Policy { slos: [(Signal::Errors, 0.999)].into(), ..Policy::default() });
    assert!(j.look(&at(20)));
    assert!(j.verdict.projected.is_some() && j.verdict.limit.margin < 0.005);
    assert_eq!(j.verdict.progress.have, 20);
}

#[test]
fn tracks_are_told_by_name_under_every_split() {
    let mut t = target();
    let names = |v: &[Hash]| v.iter().map(ToString::to_string).collect::<Vec<_>>();
    let of = |t: &TargetState, split| {
        let x = tracks(t, split);
        (names(&x.candidate), names(&x.stable))
    };
    let own = |s: &[&str]| s.iter().map(|s| (*s).to_owned()).collect::<Vec<_>>();
    let (c, s) = (t.candidate.clone().unwrap().to_string(), t.stable.clone().unwrap().to_string());
    assert_eq!(of(&t, Split::Hash), (own(&[&c]), own(&[&s])));
    assert_eq!(of(&t, Split::Version), (own(&["2.14.1", "v2.14.1"]), own(&["2.14.0", "v2.14.0"])));
    assert_eq!(of(&t, Split::Workload).0, [format!("checkout-{c}")]);
    assert_eq!(of(&t, Split::Role).1, own(&["stable", "primary", "active", "baseline"]));
    t.detail.flagger = Some(Flagger::default());
    t.detail.workload = Some(Workload { kind: "Deployment".into(), name: "shop".into() });
    assert_eq!(of(&t, Split::Workload), (own(&["shop"]), own(&["shop-primary"])));
    // The same tag on both: nobody can tell them apart, and so neither is anything.
    for r in &mut t.revisions {
        r.version = "latest".into();
    }
    let same = tracks(&t, Split::Version);
    assert_eq!((same.candidate.len(), same.stable.len(), same.same), (0, 0, Some(Arc::from("latest"))));
    t.stable = None;
    assert_eq!(tracks(&t, Split::Role).stable, []);
}

#[test]
fn what_is_told_of_each_track_is_found_under_every_split_and_at_rest() {
    let mut t = target();
    let (c, s) = (t.candidate.clone().unwrap(), t.stable.clone().unwrap());
    let found = |t: &TargetState, split, names: [&Hash; 2]| {
        let all = [(names[0].clone(), 1), (names[1].clone(), 2), (Hash::new("other"), 3)];
        let (candidate, stable) = rows(t, split, &all);
        (candidate.copied(), stable.copied())
    };
    assert_eq!(found(&t, Split::Hash, [&c, &s]), (Some(1), Some(2)));
    assert_eq!(found(&t, Split::Version, [&Hash::new("v2.14.1"), &Hash::new("2.14.0")]), (Some(1), Some(2)));
    assert_eq!(found(&t, Split::Role, [&Hash::new("canary"), &Hash::new("stable")]), (Some(1), Some(2)));
    // At rest the one version is stable, though a finished rollout still calls it the candidate too.
    t.candidate = Some(s.clone());
    assert_eq!(found(&t, Split::Hash, [&c, &s]), (None, Some(2)));
    assert_eq!(found(&t, Split::Version, [&Hash::new("v2.14.1"), &Hash::new("2.14.0")]), (None, Some(2)));
}

#[test]
fn an_experiments_pods_are_neither_track() {
    let mut t = target();
    let run = Analysis {
        kind: "Experiment".into(),
        name: "checkout-exp".into(),
        uid: "1".into(),
        role: Role::Experiment,
        phase: "Running".into(),
        message: "".into(),
        started: None,
        terminated: false,
        metrics: Vec::new(),
    };
    t.detail.checks.push(run);
    let mut j = Judged::begin(&t, Policy::default(), true, &at(0)).unwrap();
    let mut b = fine(Signal::Errors, 4);
    for row in &mut b.blocks {
        // By hash its pods have their own, whatever they are called.
        row.by_hash.push((Hash::new("exp-hash"), counts(500.0, 500.0)));
    }
    j.feed(&b, &at(4));
    assert_eq!(j.verdict.candidate, counts(0.0, 3_600.0));
    assert!(j.cautions().is_empty() && j.representative.experiment.is_none());
    // By role its baseline is not stable.
    assert!(!tracks(&t, Split::Role).stable.contains(&Hash::new("baseline")));
    // By version nothing tells them apart: that is said.
    let mut j = Judged::begin(&t, Policy::default(), true, &at(0)).unwrap();
    j.feed(&Blocks { split: Split::Version, ..fine(Signal::Errors, 40) }, &at(40));
    j.about(&t, &at(40));
    assert_eq!(j.representative.cautions(), ["experiment checkout-exp counts as one of the tracks"]);
}

#[test]
fn names_that_become_known_later_do_not_leave_old_counts_behind() {
    let mut t = target();
    let version = |t: &mut TargetState, v: &str| t.revisions[0].version = v.into();
    version(&mut t, "5f7b9");
    let mut j = Judged::begin(&t, Policy::default(), true, &at(0)).unwrap();
    let rows = vec![(Hash::new("2.14.1"), counts(9.0, 90.0)), (Hash::new("2.14.0"), counts(0.0, 900.0))];
    let blocks = vec![VersionBlock { start: START, by_hash: rows }];
    let b = Blocks { split: Split::Version, blocks, ..fine(Signal::Errors, 0) };
    j.feed(&b, &at(1));
    assert_eq!(j.verdict.candidate.total, 0.0, "nobody knows that name");
    version(&mut t, "v2.14.1");
    j.about(&t, &at(1));
    assert!(!j.wanted(&at(4)).is_empty(), "it is read anew");
    j.feed(&b, &at(1));
    assert_eq!(j.verdict.candidate.total, 90.0);
}

#[test]
fn a_candidate_that_does_not_start_is_worse_without_a_request() {
    let trouble = |t: &mut TargetState, reason: &str, count, ready| {
        t.revisions[0].trouble = vec![Trouble { reason: reason.into(), count }];
        t.revisions[0].replicas.ready = ready;
    };
    let mut t = target();
    trouble(&mut t, "CrashLoopBackOff", 2, 0);
    let j = Judged::begin(&t, Policy::default(), false, &at(0)).unwrap();
    assert_eq!(j.verdict.word, Word::Worse, "even where nothing measures the service");
    assert_eq!(j.verdict.latched.unwrap().cause, Cause::CrashLoop { pods: 2, of: 2 });
    assert_eq!(j.said(), "WORSE, 2 of 2 candidate pods crash again and again");
    assert_eq!(j.verdict.last_seen(at(40).now), None, "it is so now");
    // It starts at last: the word stays until somebody acknowledged it.
    let mut j = Judged::begin(&t, Policy::default(), true, &at(0)).unwrap();
    trouble(&mut t, "", 0, 2);
    t.revisions[0].trouble.clear();
    j.about(&t, &at(8));
    j.feed(&fine(Signal::Errors, 8), &at(8));
    assert_eq!(j.verdict.word, Word::Worse);
    assert!(j.verdict.last_seen(at(20).now).is_some());
    j.ack(at(8).now);
    j.look(&at(8));
    assert!(matches!(j.verdict.word, Word::Same | Word::Unsure(_)), "{:?}", j.verdict.word);
    // One of two on a bad node, or an image that is still being tried, is no verdict.
    for (reason, count, ready) in [("CrashLoopBackOff", 1, 20), ("ErrImagePull", 2, 0), ("ContainerCreating", 2, 0)] {
        let mut t = target();
        t.revisions[0].replicas.existing = 40;
        trouble(&mut t, reason, count, ready);
        assert_ne!(Judged::begin(&t, Policy::default(), true, &at(0)).unwrap().verdict.word, Word::Worse, "{reason}");
    }
    trouble(&mut t, "ImagePullBackOff", 2, 0);
    assert_eq!(
        Judged::begin(&t, Policy::default(), true, &at(0)).unwrap().verdict.starting,
        Some(Cause::NeverReady { pods: 2, of: 2 })
    );
    // Nothing in sight but that none gets ready: the controller's deadline, or ten minutes of ours.
    trouble(&mut t, "ContainerCreating", 2, 0);
    let mut j = Judged::begin(&t, Policy::default(), true, &at(0)).unwrap();
    j.about(&t, &at(38));
    assert_eq!(j.starting, None);
    j.about(&t, &at(41));
    assert_eq!(j.starting, Some(Cause::NeverReady { pods: 2, of: 2 }));
    (t.phase, t.message) = (Phase::Degraded, "ProgressDeadlineExceeded: timed out".into());
    assert!(Judged::begin(&t, Policy::default(), true, &at(0)).unwrap().starting.is_some());
}

#[test]
fn a_split_that_is_not_the_configured_one_takes_the_good_word_back() {
    // 10 % configured; 0.3 % observed.
    let mut j = judged();
    j.feed(&told(Signal::Errors, 0, 400, counts(0.0, 54.0), counts(2.0, 17_946.0)), &at(400));
    let split = j.representative.split.unwrap();
    assert!(split.off && !split.by_replicas);
    assert_eq!(split.words(), "split 0.3%, configured 10%");
    assert_eq!((j.verdict.word, j.cautions()), (Word::Same, vec!["split 0.3%, configured 10%".to_owned()]));
    // As it should be.
    let mut j = judged();
    j.feed(&told(Signal::Errors, 0, 40, counts(0.0, 900.0), counts(2.0, 8_100.0)), &at(40));
    assert!(!j.representative.split.unwrap().off && j.cautions().is_empty());
    // The weight changes: only what came since then is held against it.
    let mut t = target();
    (t.weight_real, t.weight_wanted) = (Some(50), 50);
    j.about(&t, &at(40));
    j.look(&at(40));
    assert_eq!(j.representative.split, None, "too soon to tell");
    j.feed(&told(Signal::Errors, 40, 20, counts(0.0, 900.0), counts(2.0, 8_100.0)), &at(60));
    assert!(j.representative.split.unwrap().off);
    // Nothing routes by weight: the replicas say what it should be.
    t.strategy = crate::core::world::target::Strategy::Rolling;
    let share = super::representative::wanted(&t).unwrap();
    assert_eq!(share, (0.1, true), "2 of 20 pods");
    assert_eq!(Share::of(1.0, 999.0, share.0, share.1).unwrap().words(), "split 0.1%, replicas make 10%");
    assert_eq!(Share::of(1.0, 9.0, 0.5, false), None, "ten requests tell nothing");
    t.aborted = true;
    assert_eq!(super::representative::wanted(&t), None);
}

#[test]
fn other_routes_are_named_and_chance_is_not() {
    let mix = |rows: &[(&str, f64)]| rows.iter().map(|(r, n)| (Arc::from(*r), *n)).collect::<Vec<(Arc<str>, f64)>>();
    let stable = mix(&[("/pay", 3_100.0), ("/list", 5_000.0), ("/login", 1_900.0)]);
    let skewed = Routes::of(&mix(&[("/list", 480.0), ("/login", 10.0), ("/pay", 10.0)]), &stable).unwrap();
    assert!(skewed.off && skewed.apart > 0.4);
    assert_eq!(skewed.words(), "other routes: /list is 96.0% of the candidate's requests, 50.0% of stable's");
    let alike = Routes::of(&mix(&[("/pay", 33.0), ("/list", 48.0), ("/login", 19.0)]), &stable).unwrap();
    assert!(!alike.off, "{alike:?}");
    // Far apart, and still no more than chance does to sixty requests over many routes.
    let many: Vec<(Arc<str>, f64)> = (0..60).map(|i| (Arc::from(format!("/r{i}")), 10.0)).collect();
    let few: Vec<(Arc<str>, f64)> = (0..60).map(|i| (Arc::from(format!("/r{i}")), f64::from(i % 3))).collect();
    let noise = Routes::of(&few, &many).unwrap();
    assert!(noise.apart > 0.1 && !noise.off, "{noise:?}");
    assert_eq!(Routes::of(&mix(&[("/pay", 900.0)]), &mix(&[("/pay", 9_000.0)])), None, "one route is no mix");
    assert_eq!(Routes::of(&mix(&[("/pay", 3.0), ("/x", 2.0)]), &stable), None);
}

fn row() -> impl proptest::strategy::Strategy<Value = (u32, u32, u32, u32)> {
    (0u32..30, 1u32..300, 0u32..60, 1u32..3_000)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    /// Two consoles, one open from the start and fed block by block, one opened late and fed in chunks, newest first, the
    /// signals in another order: every figure the explain page prints is the same, byte by byte.
    #[test]
    fn two_consoles_say_the_same_of_every_signal(
        rows in prop::collection::vec((row(), row()), 1..40),
        chunk in 1usize..9,
        split in any::<bool>(),
        late in 0i64..30,
    ) {
        let policy = Policy { split, slos: [(Signal::Errors, 0.999)].into(), ..Policy::default() };
        let n = rows.len() as i64;
        let block = |signal, i: i64, r: (u32, u32, u32, u32)| {
            let f = |x: u32| f64::from(x);
            told(signal, i, 1, counts(f(r.0), f(r.1)), counts(f(r.2), f(r.3)))
        };
        let mut early = judged();
        early.under(policy.clone());
        for (i, r) in rows.iter().enumerate() {
            let i = i as i64;
            early.feed(&block(Signal::Errors, i, r.0), &at(i + 1));
            early.feed(&block(Signal::Latency, i, r.1), &at(i + 1));
        }
        let mut other = Judged::begin(&target(), Policy::default(), true, &at(late)).unwrap();
        let all: Vec<(i64, _)> = rows.iter().enumerate().map(|(i, r)| (i as i64, *r)).collect();
        for part in all.chunks(chunk).rev() {
            for (i, r) in part {
                other.feed(&block(Signal::Latency, *i, r.1), &at(n));
            }
            for (i, r) in part {
                other.feed(&block(Signal::Errors, *i, r.0), &at(n));
            }
        }
        other.under(policy);
        early.look(&at(n));
        other.look(&at(n));
        let page = |j: &Judged| {
            let all: Vec<_> = j.signals().map(|(s, v, _)| (s, v.clone(), v.limit.sum(), v.word.detail())).collect();
            serde_json::to_string(&(all, j.said(), j.measured().words())).unwrap()
        };
        prop_assert_eq!(page(&early), page(&other));
        let saved: Judged = serde_json::from_str(&serde_json::to_string(&other).unwrap()).unwrap();
        prop_assert_eq!(page(&saved), page(&other));
        let beside: Vec<&Also> = saved.also.values().collect();
        prop_assert_eq!(beside.len(), 1);
    }
}
