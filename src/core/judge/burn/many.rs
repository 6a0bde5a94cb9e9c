//! The burns of one service: availability, latency, correctness, each against its own target; the worst one decides
//! what the service is said to do.

use super::{Burn, Word};
use crate::core::world::figures::Signal;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// At least one burn. Which one decides is settled when it is made.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Burns {
    signal: Signal,
    burn: Burn,
    also: BTreeMap<Signal, Burn>,
}

impl Burns {
    pub fn one(signal: Signal, burn: Burn) -> Burns {
        Burns { signal, burn, also: BTreeMap::new() }
    }

    /// `None` of nothing. The worst tier decides, then the worst word, then the order of signals.
    pub fn of(mut all: BTreeMap<Signal, Burn>) -> Option<Burns> {
        let badness = |b: &Burn| (b.tier, severity(b.word));
        let signal = *all.iter().reduce(|a, b| if badness(b.1) > badness(a.1) { b } else { a })?.0;
        let burn = all.remove(&signal)?;
        Some(Burns { signal, burn, also: all })
    }

    /// The worst one: what the service is said to do.
    pub fn deciding(&self) -> &Burn {
        &self.burn
    }

    pub fn deciding_mut(&mut self) -> &mut Burn {
        &mut self.burn
    }

    pub fn signal(&self) -> Signal {
        self.signal
    }

    pub fn get(&self, signal: Signal) -> Option<&Burn> {
        if signal == self.signal { Some(&self.burn) } else { self.also.get(&signal) }
    }

    /// All of them, the deciding one first.
    pub fn all(&self) -> impl Iterator<Item = (Signal, &Burn)> {
        std::iter::once((self.signal, &self.burn)).chain(self.also.iter().map(|(s, b)| (*s, b)))
    }

    /// Availability, latency, correctness: what a burn of that signal is called.
    pub fn name(signal: Signal) -> &'static str {
        match signal {
            Signal::Errors => "availability",
            Signal::Latency => "latency",
            Signal::Correctness => "correctness",
        }
    }
}

/// What a person has to know first. Nothing known comes before what gets better by itself.
fn severity(word: Word) -> u8 {
    match word {
        Word::Burning => 5,
        Word::Rising => 4,
        Word::NoData => 3,
        Word::Easing => 2,
        Word::NoTraffic => 1,
        Word::Calm => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::super::Tier;
    use super::*;

    fn burn(word: Word, tier: Tier) -> Burn {
        Burn { tier, ..Burn::recorded(word, Some(1.0), Some(1.0)) }
    }

    #[test]
    fn the_worst_tier_decides_then_the_worst_word_then_availability() {
        let decides = |all: &[(Signal, Word, Tier)]| {
            let all = all.iter().map(|(s, w, t)| (*s, burn(*w, *t))).collect();
            Burns::of(all).map(|b| b.signal())
        };
        use Signal::{Correctness, Errors, Latency};
        let calm = Tier::Nothing;
        assert_eq!(decides(&[]), None);
        assert_eq!(decides(&[(Errors, Word::Calm, calm), (Latency, Word::Calm, calm)]), Some(Errors));
        assert_eq!(decides(&[(Errors, Word::Rising, calm), (Latency, Word::Calm, Tier::Page)]), Some(Latency));
        assert_eq!(decides(&[(Errors, Word::Calm, calm), (Correctness, Word::NoData, calm)]), Some(Correctness));
        assert_eq!(decides(&[(Errors, Word::Calm, calm), (Latency, Word::Burning, calm)]), Some(Latency));
    }

    #[test]
    fn every_one_of_them_is_found_again_and_the_deciding_one_is_told_first() {
        let all =
            [(Signal::Errors, burn(Word::Calm, Tier::Nothing)), (Signal::Latency, burn(Word::Burning, Tier::Page))];
        let b = Burns::of(all.into_iter().collect()).unwrap();
        assert_eq!(b.all().map(|(s, _)| s).collect::<Vec<_>>(), [Signal::Latency, Signal::Errors]);
        assert_eq!(b.get(Signal::Errors).map(|b| b.word), Some(Word::Calm));
        assert_eq!(b.get(Signal::Correctness), None);
        let back: Burns = serde_json::from_str(&serde_json::to_string(&b).unwrap()).unwrap();
        assert_eq!(back, b);
    }
}
