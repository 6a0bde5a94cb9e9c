//! What the console's own judge makes of this world: the model of requests must carry the story, not a script.

use super::world_tests::{act, go, read, world};
use crate::core::act::plan::Verb;
use crate::core::judge::judged::Judged;
use crate::core::judge::policy::Policy;
use crate::core::judge::verdict::{At, Word};
use crate::core::world::World;
use crate::core::world::fact::Fact;
use crate::core::world::figures::{Blocks, Signal};
use std::collections::BTreeSet;

/// Watches one service for `secs`, back-fill first, and returns each word with the second it was first said at.
fn words(scenario: &str, seed: u64, name: &str, secs: i64, promote_at: Option<i64>) -> Vec<(String, i64)> {
    let mut w = world(scenario, seed);
    let start = w.scenario().start.secs();
    let id = read(&w, name).service;
    let facts = w.scenario().service(&id).expect("a service").service();
    let first = w.blocks(&id, start - 30, 1).expect("history");
    let mut at = At { now: w.now(), newest_sample: first.newest_sample, scrape_secs: 15, skew_ms: 0 };
    let known = World { services: [(id.clone(), facts)].into(), ..World::default() };
    let mut judged = Judged::begin(&read(&w, name), Policy::of(&known, &id), true, &at).expect("it moves");
    let mut said = Vec::new();
    let mut known = BTreeSet::new();
    let mut feed = |judged: &mut Judged, b: &Blocks, at: &mut At| {
        assert!(b.blocks.iter().all(|b| known.insert(b.start)), "no block twice");
        at.newest_sample = b.newest_sample;
        judged.feed(b, at);
    };
    loop {
        let chunks = judged.wanted(&at);
        if chunks.is_empty() {
            break;
        }
        for (from, count) in chunks {
            let b = w.blocks(&id, from, count).expect("history");
            assert_eq!(b.blocks.len(), count as usize, "every asked block is named");
            feed(&mut judged, &b, &mut at);
            judged.answered(from, at.now);
        }
    }
    for t in (0..=secs).step_by(5) {
        if promote_at == Some(t) {
            act(&mut w, Verb::Promote, name);
        }
        for (_, f) in go(&mut w, t) {
            at.now = w.now();
            if let Fact::Blocks(b) = f
                && (b.service == id && b.signal == Signal::Errors)
            {
                feed(&mut judged, &b, &mut at);
            }
        }
        at.now = w.now();
        judged.look(&at);
        let word = judged.verdict.word.word().to_owned();
        if said.last().is_none_or(|(l, _)| *l != word) {
            said.push((word, t));
        }
    }
    assert!(judged.wanted(&at).len() <= 1, "the polls told what is settled");
    said
}

#[test]
fn the_bad_canary_is_called_worse_soon_and_not_before_it_is() {
    for seed in 1..=4 {
        let said = words("f1", seed, "checkout", 240, None);
        let worse = said.iter().find(|(w, _)| w == Word::Worse.word()).unwrap_or_else(|| panic!("{seed}: {said:?}"));
        assert!((75..150).contains(&worse.1), "{seed}: {said:?}");
    }
}

#[test]
fn the_blind_service_is_no_data_and_the_quiet_one_unsure() {
    for seed in [1, 2] {
        let said = words("f1", seed, "search", 300, None);
        assert_eq!(said.last().map(|(w, _)| w.as_str()), Some(Word::NoData.word()), "{said:?}");
        let said = words("f1", seed, "payments", 300, None);
        assert_eq!(said.last().map(|(w, _)| w.as_str()), Some("UNSURE"), "{said:?}");
    }
}

#[test]
fn in_the_calm_nobody_is_called_worse() {
    for seed in [1, 2] {
        for name in ["checkout", "search", "payments"] {
            let said = words("calm", seed, name, 900, (name == "checkout").then_some(60));
            let bad = [Word::Worse, Word::Higher, Word::NoData];
            assert!(said.iter().all(|(w, _)| bad.iter().all(|b| b.word() != w)), "{seed} {name}: {said:?}");
        }
        let said = words("calm", seed, "checkout", 900, None);
        assert_eq!(said.last().map(|(w, _)| w.as_str()), Some(Word::Same.word()), "{said:?}");
    }
}
