//! What a verdict is about, beside its word: `SAME on errors, latency; correctness not measured`. A word without that
//! would say more than was looked at.

use super::verdict::Word;
use crate::core::world::figures::Signal;

/// The signals by what they say.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Measured {
    /// Those that say the verdict's word, the deciding one first.
    pub agree: Vec<Signal>,
    /// Those that say another one.
    pub differ: Vec<(Signal, Word)>,
    /// Those nothing was ever heard of.
    pub missing: Vec<Signal>,
}

impl Measured {
    /// `on errors, latency; correctness not measured`: what follows the word. Empty when nothing at all is measured: then
    /// the word itself says so.
    pub fn words(&self) -> String {
        if self.agree.is_empty() {
            return String::new();
        }
        let rest = self.rest();
        let on = format!("on {}", list(&self.agree));
        if rest.is_empty() { on } else { format!("{on}; {rest}") }
    }

    /// The part after the semicolon: `latency UNSURE; correctness not measured`.
    pub fn rest(&self) -> String {
        let mut parts: Vec<String> = self.differ.iter().map(|(s, w)| format!("{} {}", s.word(), w.word())).collect();
        if !self.missing.is_empty() {
            parts.push(format!("{} not measured", list(&self.missing)));
        }
        parts.join("; ")
    }
}

fn list(signals: &[Signal]) -> String {
    signals.iter().map(|s| s.word()).collect::<Vec<_>>().join(", ")
}
