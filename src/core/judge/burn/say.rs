//! The burn in words that every screen shares: where the target is from, what makes its numbers doubtful, what is left.

use super::super::words;
use super::{Burn, Burns, Empty, Period, Priority, TOO_LITTLE, Word};
use crate::core::judge::freshness::Age;
use crate::core::world::figures::Signal;

impl Burn {
    /// What a person must know before believing the figure, the weightiest first: counts of a handful, too little
    /// traffic, a count nobody knows, halves that do not fit, no budget.
    pub fn doubts(&self) -> Vec<String> {
        let mut out = Vec::new();
        if self.no_budget {
            out.push("100 % target: no budget".to_owned());
        }
        if let Some(h) = &self.handful {
            out.push(format!("only {h}"));
        }
        if let Some(cost) = self.per_failure.filter(|c| *c > TOO_LITTLE) {
            let share = words::percent(cost);
            out.push(format!("too little traffic for this target: one failure costs {share} of the budget"));
        }
        if self.n_unknown {
            out.push("n unknown: a recorded ratio without counts".to_owned());
        }
        if self.inconsistent {
            out.push("inconsistent: more failures than requests".to_owned());
        }
        out
    }

    /// `SLO 99.9 from sloth checkout-availability over rolling 30d`
    pub fn against(&self) -> Option<String> {
        let aim = self.aim.as_ref()?.words();
        Some(match &self.rules {
            Some(rules) => format!("{aim} over {}", rules.period_words()),
            None => aim,
        })
    }

    /// `3 of 400 failed, .8x [.3, 2.2]`: the hour with its counts and what it surely lies in.
    pub fn hour(&self) -> Option<String> {
        let c = self.counts_1h?;
        let burn = self.over_window(super::H1).map(words::times)?;
        let counts = format!("{} of {} failed in 1h", words::count(c.failed), words::count(c.total));
        Some(match self.range_1h {
            Some(r) => format!("{counts}: {burn} [{}, {}]", words::times(r.lo), words::times(r.hi)),
            None => format!("{counts}: {burn}"),
        })
    }

    /// When the budget is empty, with the window it was reckoned by: `empty in 24h at 5m rate`.
    pub fn until_empty(&self) -> Option<String> {
        Some(match self.empty? {
            Empty::Already => "nothing is left".to_owned(),
            Empty::In { secs, window_secs } => {
                let at = words::window(window_secs);
                let plain = format!("empty in {} at {at} rate", words::span(secs));
                match self.rolling_secs {
                    // What leaves the window only matters where it changes what a person reads.
                    Some(r) if r >= f64::MAX => format!("{plain}, never if old errors leave as they came"),
                    Some(r) if words::span(r) != words::span(secs) => {
                        format!("{plain}, in {} as old errors leave", words::span(r))
                    }
                    Some(_) | None => plain,
                }
            }
            Empty::NotAtThisRate { window_secs } => {
                let calendar = self.rules.is_some_and(|r| r.period != Period::Rolling);
                let at = words::window(window_secs);
                if calendar { format!("lasts its period at {at} rate") } else { format!("never empty at {at} rate") }
            }
        })
    }

    /// `was 22x(5m) at 03:12:40`, once the judgement is withdrawn.
    pub fn was(&self) -> Option<String> {
        let at = self.sample.filter(|_| self.age == Age::Withdrawn)?;
        let one = |secs| self.over_window(secs).map_or_else(|| "--".to_owned(), words::times);
        Some(format!("was {}(1h) {}(5m) at {}", one(super::H1), one(super::M5), at.hms()))
    }

    /// `over 3x on 1h and 5m: page (P2), hold it or pull the cord`
    pub fn proposal(&self) -> Option<String> {
        if !self.propose_hold {
            return None;
        }
        let level = match self.priority()? {
            Priority::P1 => "P1",
            Priority::P2 => "P2",
        };
        Some(format!("over {} on 1h and 5m while a rollout is live: page ({level})", words::times(self.line())))
    }
}

impl Burns {
    /// The other signals beside the deciding one, in a few words each: `latency burning 4x(1h) 9x(5m)`.
    pub fn beside(&self) -> Vec<String> {
        self.all().skip(1).map(|(signal, b)| said(signal, b)).collect()
    }

    /// The signal that decides, where it is not the one everybody expects: `latency`.
    pub fn by(&self) -> Option<&'static str> {
        (self.signal() != Signal::Errors).then(|| Burns::name(self.signal()))
    }
}

fn said(signal: Signal, b: &Burn) -> String {
    let name = Burns::name(signal);
    let one = |secs| b.over_window(secs).map_or_else(|| "--".to_owned(), words::times);
    match (b.word, b.was()) {
        (Word::NoData, Some(was)) => format!("{name} {}, {was}", b.word.word()),
        (Word::NoData | Word::NoTraffic, _) => format!("{name} {}", b.word.word()),
        (Word::Calm | Word::Rising | Word::Burning | Word::Easing, _) => {
            format!("{name} {} {}(1h) {}(5m)", b.word.word(), one(super::H1), one(super::M5))
        }
    }
}
