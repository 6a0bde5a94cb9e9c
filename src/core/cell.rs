//! The figures of Verdict and Board, by name, so that each can be pointed at and explained. Knows nothing of how they are
//! drawn or where they come from.

use crate::core::judge::verdict::Track;
use crate::core::world::figures::Signal;
use serde::{Deserialize, Serialize};

/// A figure, by what it is a figure of. The same cell of another service is another figure.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Cell {
    /// The verdict's word, with what is said beside it.
    Verdict,
    /// Candidate minus stable, with its range.
    Difference(Signal),
    Limit(Signal),
    /// Candidate requests still needed.
    Needed(Signal),
    /// Blocks read and expected.
    Blocks(Signal),
    /// Bad requests of one side: the share and the count.
    Rate(Signal, Track),
    /// The age of the figures, or that they are old.
    Age,
    /// Since when it hurts, or holds.
    Since,
    /// Budget left, and its bar.
    Left,
    BurnWord,
    /// Burn over a window of so many seconds.
    Burn(u32),
    /// When the budget is empty.
    Empty,
    /// Budget spent by this patch.
    Spent,
    /// Services whose burn rose since this deploy.
    Ripple,
    /// Burn if everyone had the candidate.
    WouldBurn(Signal),
    /// Share of traffic.
    Weight,
    /// Instances of the candidate.
    Pods,
    /// When the change began.
    Deployed,
    /// The plan's own steps.
    Step,
    /// Checks of going back that are ok, of all configured.
    Ready,
    /// How long an act takes.
    Takes,
    /// Latency percentiles of both sides.
    Percentiles,
    Memory,
    /// The course of failures.
    Trend,
    /// An act that is under way or over.
    Act,
    /// Of another service: its own row explains it.
    Elsewhere,
    /// Of the fleet as a whole: how many rows there are.
    Fleet,
    /// No figure: the page of all pictures.
    Pictures,
}
