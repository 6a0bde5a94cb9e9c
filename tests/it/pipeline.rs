//! Rows "identical tracks" and "detection" of the limits through the whole pipeline, few rollouts and wide bounds: the
//! full size is `cargo bench --bench judge`. With ANDON_LONG=1 ten times as many.

use andon::core::judge::verdict::Word;
use andon::testkit::pipeline::{Run, many};
use andon::testkit::trials::{Outcome, Trial, median, part};

fn rollouts(few: u32) -> u32 {
    if std::env::var_os("ANDON_LONG").is_some() { few * 10 } else { few }
}

fn outcomes(trial: &Trial, n: u32) -> Vec<Outcome> {
    many(trial, n, 15).iter().map(Run::outcome).collect()
}

/// A budget and three standard errors of what a sample of this size can show.
fn at_most(budget: f64, n: u32) -> f64 {
    budget + 3.0 * (budget * (1.0 - budget) / f64::from(n)).sqrt()
}

#[test]
fn identical_tracks_are_hardly_ever_called_worse() {
    let n = rollouts(16);
    for (what, trial, budget) in [
        ("independent", Trial::usual(), 0.025),
        ("drift and ramp", Trial { ramp: true, ..Trial::usual() }, 0.025),
        ("clusters of 2", Trial { cluster: 2.0, ..Trial::usual() }, 0.08),
    ] {
        let all = outcomes(&trial, n);
        let alarms = part(&all, |o| o.worse_or_higher.is_some());
        assert!(alarms <= at_most(budget, n), "{what}: {alarms}");
    }
}

#[test]
fn a_bad_candidate_is_found_through_scrapes_and_queries() {
    let n = rollouts(16);
    let found = |trial: &Trial| median(&outcomes(trial, n), |o| o.worse_or_higher).expect("found in most rollouts");
    let soon = found(&Trial { d: 0.05, secs: 180, ..Trial::usual() });
    assert!(soon <= 75, "+5 pp: {soon} s");
    let later = found(&Trial { d: 0.01, secs: 600, ..Trial::usual() });
    assert!((60..=300).contains(&later), "+1 pp: {later} s");
}

#[test]
fn half_a_point_is_not_acquitted_and_other_rules_are_no_better() {
    let n = rollouts(16);
    let all = many(&Trial { d: 0.005, secs: 900, ..Trial::usual() }, n, 15);
    let same = all.iter().filter(|r| r.outcome().same.is_some()).count() as f64 / f64::from(n);
    assert!(same <= at_most(0.025, n), "false SAME: {same}");
    assert!(all.iter().all(|r| r.at(15).is_some_and(|w| w != Word::NoData)), "the first block is a look");
    // On tracks that are alike the usual rule alarms in nearly every rollout.
    let alike = many(&Trial { secs: 900, ..Trial::usual() }, n, 15);
    assert!(alike.iter().filter(|r| r.threshold(900).is_some()).count() > alike.len() / 2);
}
