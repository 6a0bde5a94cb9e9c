//! Roll forward: offered above roll back when the candidate is BETTER while stable burns. The fix must not be blocked by
//! the fire it puts out.

use super::burn::{Burn, Tier, Word as BurnWord};
use super::freshness::Age;
use super::verdict::{Verdict, Word};
use super::words;
use serde::{Deserialize, Serialize};

#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Forward {
    /// The 5 m burn of the service; `None`: only the word is known.
    pub burns: Option<f64>,
}

impl Forward {
    /// The verdict must stand on fresh or old data (BETTER does not outlive them), and the service must burn or rise.
    pub fn of(v: &Verdict, burn: Option<&Burn>) -> Option<Forward> {
        let burn = burn.filter(|b| b.age != Age::Withdrawn)?;
        let fire = matches!(burn.word, BurnWord::Burning | BurnWord::Rising) || burn.tier == Tier::Page;
        (fire && v.word == Word::Better && v.age != Age::Withdrawn)
            .then(|| Forward { burns: burn.over_window(super::burn::SHORT) })
    }

    /// `stable burns 12x and the candidate is better`
    pub fn words(&self) -> String {
        let x = self.burns.map(|b| format!(" {}", words::times(b))).unwrap_or_default();
        format!("stable burns{x} and the candidate is better")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_better_candidate_over_a_burning_stable_is_rolled_forward() {
        let mut v = Verdict::not_judged();
        v.age = Age::Fresh;
        let burn = |w| Burn::recorded(w, Some(12.0), Some(12.0));
        let offered = |v: &Verdict, b: Option<&Burn>| Forward::of(v, b).is_some();
        v.word = Word::Better;
        assert!(offered(&v, Some(&burn(BurnWord::Burning))));
        assert!(offered(&v, Some(&burn(BurnWord::Rising))));
        for calm in [BurnWord::Calm, BurnWord::Easing, BurnWord::NoData, BurnWord::NoTraffic] {
            assert!(!offered(&v, Some(&burn(calm))), "{calm:?}");
        }
        assert!(!offered(&v, None));
        let gone = Burn { age: Age::Withdrawn, ..burn(BurnWord::Burning) };
        assert!(!offered(&v, Some(&gone)));
        v.word = Word::Same;
        assert!(!offered(&v, Some(&burn(BurnWord::Burning))));
        let f = Forward { burns: Some(12.0) };
        assert_eq!(f.words(), "stable burns 12x and the candidate is better");
    }
}
